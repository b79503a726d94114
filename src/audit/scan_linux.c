/* SPDX-License-Identifier: ISC */
/*
 * What the kernel does not do for the process that reads strangers' files any
 * more: sockets, programs, other processes, and changing anything on the disk.
 * It is a list of what is refused, and no list of what is needed, since libc may
 * need other things tomorrow.
 */

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "src/audit/scan_child.h"

#if defined(__x86_64__)
#define NATIVE AUDIT_ARCH_X86_64
#define FOREIGN 0x40000000u /* numbers of the x32 interface */
#elif defined(__aarch64__)
#define NATIVE AUDIT_ARCH_AARCH64
#define FOREIGN 0xffffffffu
#endif

/* LeakSanitizer looks at the process from a second one. */
#if defined(__SANITIZE_ADDRESS__)
#undef NATIVE
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#undef NATIVE
#endif
#endif

#ifdef NATIVE

#define LOAD(member) \
	BPF_STMT( \
	    BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, member))
#define REFUSE BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM)
#define ALLOW BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
/* The next statement is for this one only. */
#define IF(number) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1)
#define NO(name) IF(SYS_##name), REFUSE

/* The kernel may be newer than the headers; these have one number everywhere. */
#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif
#ifndef SYS_setxattrat
#define SYS_setxattrat 463
#endif
#ifndef SYS_removexattrat
#define SYS_removexattrat 466
#endif

static struct sock_filter filter[] = {
	LOAD(arch),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NATIVE, 1, 0),
	REFUSE,
	LOAD(nr),
	BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, FOREIGN, 0, 1),
	REFUSE,
	/* First, because there are so many of it; and for reading only. */
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat, 0, 4),
	LOAD(args[2]), /* the lower half; flags are no longer than that */
	BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K,
	    O_WRONLY | O_RDWR | O_CREAT | O_TRUNC, 0, 1),
	REFUSE,
	ALLOW,
	NO(socket),
	NO(socketpair),
	NO(connect),
	NO(bind),
	NO(sendto),
	NO(sendmsg),
	NO(sendmmsg),
	NO(ioctl), /* puts words into the mouth of whoever has the terminal */
	NO(execve),
	NO(execveat),
	NO(ptrace),
	NO(process_vm_readv),
	NO(process_vm_writev),
	NO(kill),
	NO(tkill),
	NO(tgkill),
	NO(rt_sigqueueinfo),
	NO(rt_tgsigqueueinfo),
#ifdef SYS_pidfd_send_signal
	NO(pidfd_send_signal),
#endif
#ifdef SYS_pidfd_getfd
	NO(pidfd_getfd),
#endif
	NO(keyctl),
	NO(add_key),
	NO(request_key),
	NO(unshare),
	NO(setns),
	NO(bpf),
	NO(perf_event_open),
	NO(unlinkat),
	NO(renameat2),
	NO(linkat),
	NO(symlinkat),
	NO(mkdirat),
	NO(mknodat),
	NO(fchmod),
	NO(fchmodat),
	NO(fchmodat2),
	NO(fchown),
	NO(fchownat),
	NO(truncate),
	NO(ftruncate),
	NO(utimensat),
	NO(setxattr),
	NO(lsetxattr),
	NO(fsetxattr),
	NO(setxattrat),
	NO(removexattr),
	NO(lremovexattr),
	NO(fremovexattr),
	NO(removexattrat),
#ifdef SYS_unlink /* the names of old */
	NO(unlink),
	NO(rmdir),
	NO(rename),
	NO(renameat),
	NO(link),
	NO(symlink),
	NO(mkdir),
	NO(mknod),
	NO(chmod),
	NO(chown),
	NO(lchown),
	NO(utime),
	NO(utimes),
	NO(futimesat),
	NO(creat),
	NO(open),
	NO(fork),
	NO(vfork),
#endif
#ifdef SYS_openat2 /* its flags lie in memory */
	NO(openat2),
#endif
#ifdef SYS_io_uring_setup /* does all of it by other ways */
	NO(io_uring_setup),
#endif
	ALLOW,
};

void
scan_confine(void)
{
	const struct sock_fprog program = {
		.len = sizeof(filter) / sizeof(filter[0]), .filter = filter
	};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)
		(void)prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

#else

void
scan_confine(void)
{
	(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

#endif
