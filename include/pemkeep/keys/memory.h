/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_KEYS_MEMORY_H
#define PEMKEEP_KEYS_MEMORY_H

/*
 * libcrypto in guarded memory: a struct key is libcrypto's own object, and what
 * libcrypto derives from a key (tables, blinding) lies on its heap.  A process
 * that keeps keys for longer than a moment puts that heap into a struct secret:
 * locked, between guard pages, left out of core files; and wipes whatever is
 * freed.
 */

#include <stdbool.h>

/*
 * To be called before libcrypto is used for anything; for one thread.  False when
 * it is too late or memory is short; everything works as before then.
 */
bool keymemory_guard(void);

/*
 * Does libcrypto use guarded memory that is locked, and was there always enough
 * of it?
 */
bool keymemory_guarded(void);

#endif
