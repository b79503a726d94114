/* SPDX-License-Identifier: ISC */

/*
 * The registers of a stopped process, one block for each processor; reading
 * them is the same everywhere (PTRACE_GET_SYSCALL_INFO).
 */

#include <sys/ptrace.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/user.h>

#include <elf.h>
#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "machine.h"

void
machine_die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fputs("syswalk: ", stderr);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	va_end(ap);
	exit(2);
}

void
machine_trace(
    enum __ptrace_request request, pid_t pid, uintptr_t addr, uintptr_t data)
{
	if (ptrace(request, pid, (void *)addr, (void *)data) == -1)
		machine_die("ptrace: %s", strerror(errno));
}

#if defined(__x86_64__)

static const size_t arg_offset[6] = {
	offsetof(struct user_regs_struct, rdi),
	offsetof(struct user_regs_struct, rsi),
	offsetof(struct user_regs_struct, rdx),
	offsetof(struct user_regs_struct, r10),
	offsetof(struct user_regs_struct, r8),
	offsetof(struct user_regs_struct, r9),
};

void
machine_set_number(pid_t pid, long number)
{
	machine_trace(PTRACE_POKEUSER, pid,
	    offsetof(struct user_regs_struct, orig_rax), (uintptr_t)number);
}

void
machine_set_result(pid_t pid, long result)
{
	machine_trace(PTRACE_POKEUSER, pid,
	    offsetof(struct user_regs_struct, rax), (uintptr_t)result);
}

void
machine_set_arg(pid_t pid, unsigned i, uint64_t value)
{
	machine_trace(PTRACE_POKEUSER, pid, arg_offset[i], value);
}

#elif defined(__aarch64__)

void
machine_set_arg(pid_t pid, unsigned i, uint64_t value)
{
	struct user_regs_struct regs;
	struct iovec iov = { &regs, sizeof(regs) };

	machine_trace(PTRACE_GETREGSET, pid, NT_PRSTATUS, (uintptr_t)&iov);
	regs.regs[i] = value;
	machine_trace(PTRACE_SETREGSET, pid, NT_PRSTATUS, (uintptr_t)&iov);
}

void
machine_set_number(pid_t pid, long number)
{
	int n = (int)number;
	struct iovec iov = { &n, sizeof(n) };

	machine_trace(
	    PTRACE_SETREGSET, pid, NT_ARM_SYSTEM_CALL, (uintptr_t)&iov);
}

void
machine_set_result(pid_t pid, long result)
{
	machine_set_arg(pid, 0, (uint64_t)result);
}

#else
#error "syswalk knows the registers of x86_64 and aarch64 only"
#endif
