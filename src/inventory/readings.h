/* SPDX-License-Identifier: ISC */
#ifndef INVENTORY_READINGS_H
#define INVENTORY_READINGS_H

/* Ways to read [user@]NAME[:port], where a name may have all of these signs. */

#include <stdbool.h>
#include <stddef.h>

#include "pemkeep/base/buf.h"

#define READINGS 4

/* One way to read the argument. */
struct reading {
	struct buf user, name, port;
	bool has_user, has_port;
};

struct readings {
	struct reading list[READINGS];
	size_t count;
};

/* The argument as a whole comes first.  To be cleared. */
void readings_read(const char *text, struct readings *all);
void readings_clear(struct readings *all);

#endif
