/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_SRC_SSH_MEMORY_H
#define PEMKEEP_SRC_SSH_MEMORY_H

/*
 * Memory for the SSH library: wiped when it is freed, since passwords and
 * session keys pass through it; counted, since the library keeps every packet
 * that it does not know in a queue for ever; and remembered, since libssh2
 * 1.11.1 forgets some of it, numbers of the key exchange among them.
 */

#include <stdbool.h>
#include <stddef.h>

#define SSH_MEMORY_BASE 0x100000u    /* bytes; a login takes a tenth of that */
#define SSH_MEMORY_CHANNEL 0x600000u /* bytes; for each channel */

struct ssh_memory {
	size_t used; /* with what each piece costs besides its length */
	size_t most;
	bool full; /* there was not enough of it */
	struct ssh_piece *first;
};

void *ssh_memory_get(struct ssh_memory *m, size_t len);
void *ssh_memory_resize(struct ssh_memory *m, void *p, size_t len);
void ssh_memory_free(struct ssh_memory *m, void *p);
/* How long it is. */
size_t ssh_memory_size(const void *p);

/* Free all that is left. */
void ssh_memory_clear(struct ssh_memory *m);

#endif
