/* SPDX-License-Identifier: ISC */
#ifndef LOG_LOG_INTERNAL_H
#define LOG_LOG_INTERNAL_H

/* A line and the head, apart from files. */

#include <stdarg.h>
#include <stdio.h>

#include "pemkeep/base/buf.h"
#include "pemkeep/base/digest.h"
#include "pemkeep/base/err.h"
#include "pemkeep/log/log.h"

#define LOG_CHAIN 32 /* bytes */

/* The end of a log: what the next line is bound to. */
struct log_head {
	uint64_t seq; /* 0: nothing yet, and the chain is zeros */
	uint8_t chain[LOG_CHAIN];
};

/*
 * Append the line for an event, with its line feed, and move 'head' on to it.
 * 'repair' is what is said of "repaired", else NULL.  False when memory is short.
 */
struct log_repair {
	uint64_t bytes, lines;
	bool no_head;
};
bool log_line_put(struct buf *out, const struct log_event *event,
    const struct log_repair *repair, struct log_head *head);

/*
 * Take a line (without its line feed) apart; false when it is not one of ours.
 * Members that are not known are passed over.  'head' gets its number and its
 * chain value, neither of which has been verified.
 */
bool log_line_parse(const char *text, size_t len, struct log_entry *entry,
    struct log_head *head);

/* Does a line's chain value belong to its bytes and the line before? */
bool log_line_follows(
    const char *text, size_t len, const uint8_t before[LOG_CHAIN]);

/* FILE.head: "seq chain\n", always of the same length. */
#define LOG_HEAD_SIZE (20 + 1 + 2 * LOG_CHAIN + 1)
void log_head_put(struct buf *out, const struct log_head *head);
bool log_head_parse(const char *text, size_t len, struct log_head *head);

/*
 * Open FILE or FILE.head ('suffix'), regular and of this user.  With O_CREAT in
 * 'flags' it is made 0600.  The descriptor, or a negative code.
 */
int log_open(const char *path, const char *suffix, int flags, struct err *e);

/* flock() of this kind, for at most 1 s. */
int log_lock(int fd, int how, const char *path, struct err *e);

/*
 * The head of a log: 1, 0 when there is none, ERR_FORMAT when it cannot be
 * used.
 */
int log_head_read(int fd, struct log_head *head);

/* Verify lines from a stream; 'head' is NULL when there is none to be had. */
void log_verify_stream(
    FILE *in, const struct log_head *head, struct log_report *report);

#endif
