/* SPDX-License-Identifier: ISC */

/*
 * syswalk: run a command and strike at its N-th system call.
 *
 * A fault test must reach every step of a save, not the ones its author
 * thought of; so the steps are counted by the kernel, with ptrace(2), and not
 * by names in a script.  Counting starts at the marker ioctl(-1, 'pemk', 1)
 * and ends at ioctl(-1, 'pemk', 2), or starts when a file is opened; process
 * start-up is not walked.  One process, one thread; x86_64 and aarch64.
 */

#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "machine.h"
#include "marker.h"

#define CALLS_MAX 512 /* system call numbers that are told apart */

enum mode {
	MODE_COUNT,
	MODE_KILL_BEFORE,
	MODE_KILL_AFTER,
	MODE_ERROR,
	MODE_LIE,
	MODE_SHORT
};

struct named {
	const char *name;
	long number;
};

static const struct named modes[] = {
	{ "count", MODE_COUNT },
	{ "kill-before", MODE_KILL_BEFORE },
	{ "kill-after", MODE_KILL_AFTER },
	{ "error", MODE_ERROR },
	{ "lie", MODE_LIE },
	{ "short", MODE_SHORT },
	{ NULL, 0 },
};

static const struct named errors[] = {
	{ "EACCES", EACCES },
	{ "EDQUOT", EDQUOT },
	{ "EINTR", EINTR },
	{ "EIO", EIO },
	{ "EMFILE", EMFILE },
	{ "ENOENT", ENOENT },
	{ "ENOMEM", ENOMEM },
	{ "ENOSPC", ENOSPC },
	{ "EPERM", EPERM },
	{ "EROFS", EROFS },
	{ NULL, 0 },
};

/* Only calls that have a name here can be listed after --only. */
static const struct named calls[] = {
#define CALL(name) { #name, SYS_##name },
#include "calls.h"
#undef CALL
	{ NULL, 0 },
};

struct walk {
	enum mode mode;
	long point; /* the call to strike at, from 1 */
	int error;  /* what ERROR and LIE return */
	bool all;   /* no --only */
	bool only[CALLS_MAX];
	const char *from_open; /* start when this path is opened */

	pid_t pid;
	bool started;
	bool ended;
	bool reached;
	bool striking; /* between entry and exit of the point */
	long count;
	long ordinal[CALLS_MAX];
	char where[64];    /* "openat.3" */
	uint64_t saved[6]; /* the point's arguments */
	size_t iov_saved;  /* writev: the length that was cut */
	int status;        /* of the command, as wait(2) has it */
};

static const char *
call_name(uint64_t number)
{
	static char text[32];
	const struct named *n;

	for (n = calls; n->name != NULL; n++)
		if ((uint64_t)n->number == number)
			return n->name;
	snprintf(text, sizeof(text), "call-%llu", (unsigned long long)number);
	return text;
}

static long
lookup(const struct named *table, const char *name, const char *what)
{
	for (; table->name != NULL; table++)
		if (strcmp(table->name, name) == 0)
			return table->number;
	machine_die("unknown %s: %s", what, name);
}

static void
peek(pid_t pid, uint64_t addr, void *data, size_t len)
{
	struct iovec to = { data, len };
	struct iovec from = { (void *)(uintptr_t)addr, len };

	memset(data, 0, len);
	if (process_vm_readv(pid, &to, 1, &from, 1, 0) == -1)
		machine_die("process_vm_readv: %s", strerror(errno));
}

static void
poke(pid_t pid, uint64_t addr, const void *data, size_t len)
{
	struct iovec from = { (void *)(uintptr_t)data, len };
	struct iovec to = { (void *)(uintptr_t)addr, len };

	if (process_vm_writev(pid, &from, 1, &to, 1, 0) != (ssize_t)len)
		machine_die("process_vm_writev: %s", strerror(errno));
}

/* Is it an open of the path whose opening starts the walk? */
static bool
opens(const struct walk *w, const struct __ptrace_syscall_info *i)
{
	char path[PATH_MAX];
	size_t len, k;
	uint64_t addr;

	if (i->entry.nr == SYS_openat)
		addr = i->entry.args[1];
#ifdef SYS_open
	else if (i->entry.nr == SYS_open)
		addr = i->entry.args[0];
#endif
	else
		return false;
	len = strlen(w->from_open) + 1;
	if (len > sizeof(path))
		return false;
	for (k = 0; k < len; k++) {
		peek(w->pid, addr + k, path + k, 1);
		if (path[k] != w->from_open[k])
			return false;
	}
	return true;
}

/* Halve what a read or write asks for; *lenp is the argument that says it. */
static void
cut(struct walk *w, uint64_t number)
{
	unsigned arg = 2;
	uint64_t len;
	struct iovec iov;

	switch (number) {
	case SYS_read:
	case SYS_write:
	case SYS_pread64:
	case SYS_pwrite64:
		break;
	case SYS_sendfile:
		arg = 3;
		break;
	case SYS_copy_file_range:
		arg = 4;
		break;
	case SYS_readv:
	case SYS_writev:
		if (w->saved[2] > 1)
			break;
		peek(w->pid, w->saved[1], &iov, sizeof(iov));
		w->iov_saved = iov.iov_len;
		iov.iov_len = iov.iov_len > 1 ? iov.iov_len / 2 : iov.iov_len;
		poke(w->pid, w->saved[1], &iov, sizeof(iov));
		return;
	default:
		machine_die("%s cannot be cut short", call_name(number));
	}
	len = w->saved[arg];
	machine_set_arg(w->pid, arg, len > 1 ? len / 2 : len);
}

/* Callers count on a call to leave its arguments alone: put them back. */
static void
uncut(struct walk *w)
{
	struct iovec iov;
	unsigned i;

	if (w->iov_saved > 0) {
		peek(w->pid, w->saved[1], &iov, sizeof(iov));
		iov.iov_len = w->iov_saved;
		poke(w->pid, w->saved[1], &iov, sizeof(iov));
	}
	/* Argument 0 is where aarch64 has the result. */
	for (i = 1; i < 6; i++)
		machine_set_arg(w->pid, i, w->saved[i]);
}

static void
strike_entry(struct walk *w, const struct __ptrace_syscall_info *i)
{
	w->striking = true;
	memcpy(w->saved, i->entry.args, sizeof(w->saved));
	switch (w->mode) {
	case MODE_KILL_BEFORE:
		machine_set_number(w->pid, -1);
		w->reached = true;
		kill(w->pid, SIGKILL);
		break;
	case MODE_ERROR:
		/*
		 * A close that fails has closed all the same on Linux, so
		 * that one error comes after the fact.
		 */
		if (i->entry.nr != SYS_close)
			machine_set_number(w->pid, -1);
		break;
	case MODE_SHORT:
		cut(w, i->entry.nr);
		break;
	case MODE_COUNT:
	case MODE_KILL_AFTER:
	case MODE_LIE:
		break;
	}
}

static void
strike_exit(struct walk *w)
{
	w->striking = false;
	w->reached = true;
	switch (w->mode) {
	case MODE_KILL_AFTER:
		kill(w->pid, SIGKILL);
		break;
	case MODE_ERROR:
	case MODE_LIE:
		machine_set_result(w->pid, -(long)w->error);
		break;
	case MODE_SHORT:
		uncut(w);
		break;
	case MODE_COUNT:
	case MODE_KILL_BEFORE:
		break;
	}
}

/* Count a call; strike when it is the one. */
static void
count(struct walk *w, const struct __ptrace_syscall_info *i)
{
	uint64_t nr = i->entry.nr;

	if (nr >= CALLS_MAX || nr == SYS_exit_group || nr == SYS_exit)
		return;
	if (!w->all && !w->only[nr])
		return;
	w->count++;
	w->ordinal[nr]++;
	if (w->mode == MODE_COUNT)
		printf("%ld %s %ld\n", w->count, call_name(nr), w->ordinal[nr]);
	else if (w->count == w->point) {
		snprintf(w->where, sizeof(w->where), "%s.%ld", call_name(nr),
		    w->ordinal[nr]);
		strike_entry(w, i);
	}
}

static void
on_entry(struct walk *w, const struct __ptrace_syscall_info *i)
{
	bool marker;

	marker = i->entry.nr == SYS_ioctl && (int)i->entry.args[0] == -1 &&
	    i->entry.args[1] == MARKER;
	if (marker) {
		w->started |= i->entry.args[2] == MARKER_BEGIN;
		w->ended |= i->entry.args[2] == MARKER_END;
		return;
	}
	if (!w->started && w->from_open != NULL && opens(w, i))
		w->started = true;
	if (w->started && !w->ended && !w->reached)
		count(w, i);
}

/* The child is at the entry or exit of a call. */
static void
on_call(struct walk *w)
{
	struct __ptrace_syscall_info i;

	memset(&i, 0, sizeof(i));
	machine_trace(
	    PTRACE_GET_SYSCALL_INFO, w->pid, sizeof(i), (uintptr_t)&i);
	if (i.op == PTRACE_SYSCALL_INFO_ENTRY)
		on_entry(w, &i);
	else if (i.op == PTRACE_SYSCALL_INFO_EXIT && w->striking)
		strike_exit(w);
}

static void
wait_child(struct walk *w)
{
	while (waitpid(w->pid, &w->status, 0) == -1)
		if (errno != EINTR)
			machine_die("waitpid: %s", strerror(errno));
}

static void
start(struct walk *w, char **argv)
{
	fflush(stdout);
	w->pid = fork();
	if (w->pid == -1)
		machine_die("fork: %s", strerror(errno));
	if (w->pid == 0) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) == -1)
			machine_die("ptrace: %s", strerror(errno));
		raise(SIGSTOP);
		execvp(argv[0], argv);
		machine_die("%s: %s", argv[0], strerror(errno));
	}
	wait_child(w);
	if (!WIFSTOPPED(w->status))
		exit(2);
	machine_trace(PTRACE_SETOPTIONS, w->pid, 0,
	    PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL);
}

static void
run(struct walk *w)
{
	enum __ptrace_request how;
	int sig = 0;

	for (;;) {
		/* Once struck, the rest runs at full speed. */
		how = w->reached || w->ended ? PTRACE_DETACH : PTRACE_SYSCALL;
		if (ptrace(how, w->pid, NULL, (void *)(uintptr_t)sig) == -1 &&
		    errno != ESRCH)
			machine_die("ptrace: %s", strerror(errno));
		wait_child(w);
		if (!WIFSTOPPED(w->status))
			break;
		sig = WSTOPSIG(w->status);
		if (sig == (SIGTRAP | 0x80))
			on_call(w);
		if ((sig & 0x7f) == SIGTRAP)
			sig = 0;
	}
}

static int
report(const struct walk *w)
{
	bool ok = w->mode == MODE_COUNT ? w->started : w->reached;

	printf("%s%s%s %s %d\n", ok ? "reached" : "not-reached",
	    w->where[0] != '\0' ? " " : "", w->where,
	    WIFSIGNALED(w->status) ? "signal" : "exit",
	    WIFSIGNALED(w->status) ? WTERMSIG(w->status)
				   : WEXITSTATUS(w->status));
	return ok ? 0 : 1;
}

static void
only(struct walk *w, char *list)
{
	char *name, *rest = NULL;
	const struct named *n;

	w->all = false;
	for (name = strtok_r(list, ",", &rest); name != NULL;
	     name = strtok_r(NULL, ",", &rest))
		/* A list serves both machines; what one lacks is left out. */
		for (n = calls; n->name != NULL; n++)
			if (strcmp(n->name, name) == 0)
				w->only[n->number] = true;
}

__attribute__((noreturn)) static void
usage(void)
{
	fputs("usage: syswalk [--only CALL,...] [--from-open PATH] MODE "
	      "COMMAND [ARG...]\n"
	      "  count              list the calls: number, name, ordinal\n"
	      "  kill-before N      kill -9 instead of call N\n"
	      "  kill-after N       kill -9 after call N\n"
	      "  error N ERRNO      call N does nothing and fails\n"
	      "  lie N ERRNO        call N is done, but says it failed\n"
	      "  short N            call N reads or writes half\n"
	      "The last line printed is 'reached|not-reached CALL.ORDINAL "
	      "exit|signal STATUS'.\n"
	      "exit: 0 reached, 1 not reached, 2 could not run\n",
	    stderr);
	exit(2);
}

int
main(int argc, char **argv)
{
	struct walk w = { .all = true };
	int at = 1;

	while (at + 1 < argc && strncmp(argv[at], "--", 2) == 0) {
		if (strcmp(argv[at], "--only") == 0)
			only(&w, argv[at + 1]);
		else if (strcmp(argv[at], "--from-open") == 0)
			w.from_open = argv[at + 1];
		else
			usage();
		at += 2;
	}
	if (at >= argc)
		usage();
	w.mode = (enum mode)lookup(modes, argv[at++], "mode");
	if (w.mode != MODE_COUNT && at < argc)
		w.point = atol(argv[at++]);
	if ((w.mode == MODE_ERROR || w.mode == MODE_LIE) && at < argc)
		w.error = (int)lookup(errors, argv[at++], "error");
	if (at >= argc || (w.mode != MODE_COUNT && w.point < 1))
		usage();
	start(&w, argv + at);
	run(&w);
	return report(&w);
}
