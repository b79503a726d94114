/* SPDX-License-Identifier: ISC */
#ifndef FAULT_MACHINE_H
#define FAULT_MACHINE_H

/*
 * What syswalk must know of the processor: how to change the number, an
 * argument and the result of the system call that a stopped process is in.
 */

#include <sys/ptrace.h>
#include <sys/types.h>

#include <stdint.h>

/* Print to stderr and exit 2. */
__attribute__((noreturn, format(printf, 1, 2))) void machine_die(
    const char *fmt, ...);

/* ptrace(2), or die. */
void machine_trace(
    enum __ptrace_request request, pid_t pid, uintptr_t addr, uintptr_t data);

void machine_set_number(pid_t pid, long number); /* -1: no call */
void machine_set_arg(pid_t pid, unsigned i, uint64_t value);
void machine_set_result(pid_t pid, long result);

#endif
