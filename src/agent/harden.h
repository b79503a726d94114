/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_SRC_AGENT_HARDEN_H
#define PEMKEEP_SRC_AGENT_HARDEN_H

/* No core files of this process, and no tracing by others of the same user. */
void harden_process(void);

/*
 * Lock the stack, as far as it is going to be used: while it signs, libcrypto has
 * a key's number there.
 */
void harden_stack(void);

#endif
