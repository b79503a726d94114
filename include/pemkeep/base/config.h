/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_BASE_CONFIG_H
#define PEMKEEP_BASE_CONFIG_H

/*
 * pemkeep's own settings, from $XDG_CONFIG_HOME/pemkeep/config: an INI file
 * (ini.h) whose keys stand at the top, but for the section [launch].  Reading is strict, since a word that is
 * misspelt would be a setting that is not there: unknown keys and values are
 * errors with file and line.  Here is only what they say; what is not set is 0,
 * NULL or false, and whoever uses it knows the default.
 */

#include <stdbool.h>
#include <stddef.h>

struct err;

/* Names with commas between. */
struct config_list {
	char **items;
	size_t count;
};

/* What 'launch' takes when the command line does not say it. */
struct config_launch {
	char *image;             /* image = ubuntu-24.04 */
	char *type;              /* type = t3.micro */
	char *key;               /* key = work */
	char *subnet;            /* subnet = subnet-0123 */
	unsigned disk;           /* disk = 20: GiB; 0: not set */
	bool no_elastic_ip;      /* elastic-ip = no (or yes) */
	struct config_list open; /* open = 80, 443:0.0.0.0/0 */
	struct config_list tags; /* tags = env=dev, owner=me */
	unsigned wait;           /* wait = 10m: seconds; 0: not set */
};

struct config {
	struct config_list profiles; /* profiles = main, my dev */
	struct config_list regions;  /* regions = eu-west-1, us-east-1 */
	bool all_regions;            /* regions = all */
	bool private_address;        /* address = private (or public) */
	unsigned port;               /* port = 2222; 0: not set */
	bool cache_credentials;      /* cache-credentials = yes (or no) */
	bool require_mlock;          /* require-mlock = yes (or no) */
	/* passphrase-command = secret-tool lookup …: an argv, split as words.h
	 * does it; NULL: not set. */
	char **passphrase_command;
	unsigned lock_after; /* lock-after = 90s, 30m, 8h, 2d: seconds */
	char *my_address;    /* my-address = https://…; NULL: not set */
	struct config_launch launch; /* [launch] */
};

/*
 * Read the file; without one all is not set.  ERR_FORMAT ("path:line: …", or it
 * is a link or no file); ERR_UNTRUSTED when others may write to it, since it can
 * name a program; ERR_SYSTEM; ERR_NOMEM.  On failure nothing is set.
 */
int config_load(struct config *c, struct err *e);

/* The same from memory; 'path' is for the messages. */
int config_parse(const char *path, const void *text, size_t len,
    struct config *c, struct err *e);

void config_clear(struct config *c);

#endif
