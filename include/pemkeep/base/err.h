/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_BASE_ERR_H
#define PEMKEEP_BASE_ERR_H

/*
 * Errors of every layer below the command line.  Functions return 0 or a
 * negative enum err_code, and describe the failure in a 'struct err' that the
 * caller gives (NULL where nobody wants the words).  Nothing here prints.
 *
 * Texts may hold bytes from file names and other foreign sources: they are
 * escaped where they are printed (cli), not here.
 */

enum err_code {
	ERR_OK = 0,
	ERR_FAILED = -1,       /* exit 1: anything without a code of its own */
	ERR_USAGE = -2,        /* exit 2 */
	ERR_LOCKED = -3,       /* exit 3: wrong passphrase, or none to be had */
	ERR_NOT_FOUND = -4,    /* exit 4: no such key, no vault */
	ERR_AMBIGUOUS = -5,    /* exit 5 */
	ERR_REFUSED = -6,      /* exit 6: refused by AWS */
	ERR_UNTRUSTED = -7,    /* exit 7: vault damaged or not trustworthy */
	ERR_NETWORK = -8,      /* exit 8 */
	ERR_NOMEM = -9,        /* exit 1 */
	ERR_SYSTEM = -10,      /* exit 1: a system call failed */
	ERR_EXISTS = -11,      /* exit 1: the name or file is taken */
	ERR_FORMAT = -12,      /* exit 1: it is not what it should be */
	ERR_UNSUPPORTED = -13, /* exit 1: understood, but not supported */
	ERR_MISMATCH = -14,    /* exit 1: two halves do not belong together */
	ERR_NEED_PASSPHRASE = -15, /* exit 3: the key file is encrypted */
	ERR_INTERRUPTED = -16      /* exit 130 */
};

struct err {
	enum err_code code;
	char text[512]; /* lower case, no full stop, subject in '' */
	char hint[256]; /* the next step, or empty */
};

/*
 * Describe a failure: sets code and text, empties the hint, and returns
 * 'code', so that "return err_set(e, …)" is the usual form.  'e' may be NULL.
 * What does not fit is cut at the end.
 */
__attribute__((format(printf, 3, 4))) int err_set(
    struct err *e, enum err_code code, const char *fmt, ...);

/* Add the next step to a failure that has been described. */
__attribute__((format(printf, 2, 3))) void err_hint(
    struct err *e, const char *fmt, ...);

/* As err_set(), with ": " and the text of errno value 'os_error' at the end. */
__attribute__((format(printf, 4, 5))) int err_system(
    struct err *e, enum err_code code, int os_error, const char *fmt, ...);

/* The exit status of a code, 0 to 255; the manual explains each. */
int err_exit_status(enum err_code code);

#endif
