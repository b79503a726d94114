/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_LOG_LOG_H
#define PEMKEEP_LOG_LOG_H

/*
 * The event log: one JSON object a line, each bound to the one before.
 *
 *	{"seq":7,"time":"2026-11-21T01:02:45Z","event":"sign","pid":4711,
 *	 "key":"SHA256:…","program":"ssh","chain":"<64 hex digits>"}
 *
 * (in one line).  The chain value is SHA-256 over the chain value of the line
 * before (32 bytes; zeros for the first) and this line's bytes in front of
 * ',"chain"'.  The file FILE.head beside it holds number and chain value of the
 * last line, so that missing lines at the end are noticed.
 *
 * There is no secret in this: whoever can write both files can make up another
 * log.  It shows accidents, and what was done to the log alone.  Keys stand in
 * it as fingerprints; their names are the vault's secret.  What has no meaning for
 * an event is not in its line.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;

enum log_kind {
	LOG_INIT,
	LOG_UNLOCK,
	LOG_LOCK,
	LOG_WRONG_PASSPHRASE,
	LOG_IMPORT,
	LOG_GENERATE,
	LOG_EXPORT,
	LOG_RENAME,
	LOG_REMOVE,
	LOG_SET,
	LOG_PASSWD,
	LOG_RESTORE,
	LOG_SIGN,
	LOG_REFUSED,    /* a signature not confirmed, a request never granted */
	LOG_CONNECT,    /* a session was opened … */
	LOG_DISCONNECT, /* … and is over: the one with 'session' */
	LOG_LAUNCH, /* an instance: made (or undone, as 'detail' says) … */
	LOG_START,
	LOG_STOP,
	LOG_REBOOT,
	LOG_TERMINATE,
	LOG_ALLOW,    /* 'address', 'port': let into the instance's group … */
	LOG_REVOKE,   /* … and taken out */
	LOG_PASSWORD, /* of Windows: asked for, and decrypted */
	LOG_AUDIT_FIX, /* what "audit --fix" has mended, in 'detail' */
	LOG_REPAIRED,  /* written by log_append() itself */
	LOG_KINDS
};

/* "init", "wrong-passphrase" … */
const char *log_kind_name(enum log_kind kind);

/* How a session went. */
struct log_session {
	uint64_t start;     /* Unix time */
	uint64_t seconds;   /* that it lasted */
	int status;         /* of the command; -1: not known */
	const char *signal; /* that killed the command: "KILL"; or NULL */
	uint64_t bytes_in;  /* from the server: standard output, error */
	uint64_t bytes_out; /* to it: standard input */
};

/*
 * A text may be NULL and have any bytes; that many of it count, and a character
 * that would be cut does not.
 */
struct log_event {
	enum log_kind kind;
	uint64_t time;        /* Unix time; 0: now */
	const char *key;      /* fingerprint; 60 */
	long pid;             /* of the one who asked; 0: not known */
	const char *program;  /* its name; 64 */
	const char *host;     /* as the user calls it; LOG_HOST_MAX */
	const char *instance; /* id; 24 */
	const char *address;  /* or a network, "203.0.113.7/32"; 56 */
	unsigned port;        /* 0: none */
	const char *user;     /* on the host; 64 */
	const char *host_key; /* fingerprint; 60 */
	const char *detail;   /* more words; 120 */
	const struct log_session *session; /* or NULL */
	bool lazy;                         /* need not be on the disk yet */
};

#define LOG_LINE_MAX 4096u /* bytes, with its line feed */
#define LOG_HOST_MAX 128u

/*
 * Add a line (and before it, when the file does not end as it should, the event
 * "repaired"): under a lock, appended in one write, and flushed to the disk
 * unless it is lazy.  File and head are made 0600, their folder 0700; neither a link
 * nor a foreign file is written to.  Waits 1 s for the lock.  ERR_SYSTEM,
 * ERR_FORMAT, ERR_UNTRUSTED, ERR_FAILED (lock), ERR_NOMEM.
 */
int log_append(const char *path, const struct log_event *event, struct err *e);

/* A line, as it is read: texts as they were, "" or 0 where there is none. */
struct log_entry {
	unsigned long line; /* in the file, from 1 */
	uint64_t seq;
	char time[21];
	char event[32];
	char key[192];
	uint64_t pid;
	char program[256];
	char host[3 * LOG_HOST_MAX + 1];
	char instance[80];
	char address[192];
	uint64_t port;
	char user[256];
	char host_key[192];
	char detail[512];
	char start
	    [21]; /* of the session that is over; "": it is no such entry */
	uint64_t seconds, bytes_in, bytes_out;
	int status; /* -1: not known */
	char signal[64];
	uint64_t bytes; /* "repaired": how many were dropped */
	uint64_t lines; /* "repaired": how many lines were missing */
};

/*
 * Call 'fn' for each line that can be read; stops when it does not return 0,
 * and returns that.  Nothing is verified.  No file: no lines.
 */
int log_read(const char *path,
    int (*fn)(void *arg, const struct log_entry *entry), void *arg,
    struct err *e);

enum log_fault {
	LOG_SOUND,
	LOG_CHANGED,   /* a line's bytes do not belong to its chain value */
	LOG_DELETED,   /* lines are missing before this one */
	LOG_REORDERED, /* a line stands where another one should be */
	LOG_TRUNCATED, /* lines are missing at the end */
	LOG_TORN,      /* the last line is not complete: a crash */
	LOG_HEAD_BAD   /* FILE.head is missing, damaged, or of another log */
};

/* "sound", "changed" … */
const char *log_fault_name(enum log_fault fault);

struct log_report {
	enum log_fault fault;
	unsigned long line; /* the first bad one, or 0 */
	uint64_t entries;   /* good ones before it */
	char text[256];     /* what is wrong, in words */
};

/* Check the whole log.  0 when that could be done, whatever the report says. */
int log_verify(const char *path, struct log_report *report, struct err *e);

#endif
