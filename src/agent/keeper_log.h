/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_SRC_AGENT_KEEPER_LOG_H
#define PEMKEEP_SRC_AGENT_KEEPER_LOG_H

/*
 * What the keeper writes into the event log.  A log that cannot be written is a
 * warning: the user's keys do not depend on it.
 */

#include "pemkeep/log/log.h"

struct keeper;
struct vault_entry;

/* Something that is about no key. */
void keeper_log(struct keeper *k, enum log_kind kind);
/* A request that is never granted; in words. */
void keeper_log_refused(struct keeper *k, const char *what);

/* Something about a key: by its entry, by its public half. */
void keeper_log_entry(
    struct keeper *k, enum log_kind kind, const struct vault_entry *entry);
void keeper_log_blob(struct keeper *k, enum log_kind kind, const uint8_t *blob,
    size_t len, const char *detail);

/* A password was decrypted. */
void keeper_log_password(
    struct keeper *k, const uint8_t *blob, size_t len, const char *instance);

/* Inside a transaction: log it when that is on the disk, or never. */
void keeper_log_later(
    struct keeper *k, enum log_kind kind, const struct vault_entry *entry);
void keeper_log_done(struct keeper *k, bool committed);

#endif
