/* SPDX-License-Identifier: ISC */
#ifndef INVENTORY_ASK_H
#define INVENTORY_ASK_H

/* What the files that ask AWS share. */

#include "pemkeep/aws/call.h"

struct inventory;
struct login;

/* A job for a login. */
struct aws_job ask_job(const struct login *l, const char *region,
    const struct aws_action *action,
    int (*row)(void *arg, const void *row, struct err *e), void *arg);

/* Run them; only what ends everything is an error. */
int ask_run(
    struct inventory *inv, struct aws_job *jobs, size_t count, struct err *e);

/* One round about images; *more when there was something to ask. */
int ask_images(struct inventory *inv, bool *more, struct err *e);

#endif
