/* SPDX-License-Identifier: ISC */
#ifndef INVENTORY_HOSTS_INTERNAL_H
#define INVENTORY_HOSTS_INTERNAL_H

/* What names are made of, and the hosts file as a text. */

#include "pemkeep/inventory/hosts.h"

struct buf;

/* Of DNS names, and of names that are handed to ssh. */
#define NAME_CHARS \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"

bool hosts_is_name(const char *name);
bool hosts_is_port(const char *text, unsigned *port);
bool hosts_is_fingerprint(const char *text); /* "SHA256:…" */

/* A name with Hangul composed, to be freed; NULL without memory. */
char *hosts_composed(const char *name);

/* Could this be a new section?  ERR_USAGE. */
int hosts_check(const struct host *host, struct err *e);

/* The file that is meant, in 'out': 'path', or the usual one. */
int hosts_path(const char *path, struct buf *out, struct err *e);

/* As hosts_read(), with the text of the file. */
int hosts_parse(const char *path, const void *text, size_t len,
    struct hosts *hosts, struct err *e);

#endif
