/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_SRC_CLI_RESOLVE_H
#define PEMKEEP_SRC_CLI_RESOLVE_H

/* How 'resolve' shows a target.  Both return the exit status. */

struct cloud;
struct target;
struct vault_keys;

int resolve_show_table(
    const struct target *target, const struct vault_keys *keys);

/* Also one that is ambiguous: its candidates. */
int resolve_show_json(const struct target *target,
    const struct vault_keys *keys, const struct cloud *cloud);

#endif
