/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_SRC_AWS_TABLES_H
#define PEMKEEP_SRC_AWS_TABLES_H

/* Short forms for the tables of the actions (call.h). */

#include <stddef.h>

#include "pemkeep/aws/call.h"

#define EC2_VERSION "2016-11-15"

#define FIELD(row, member, path, kind) \
	{ \
		path, kind, offsetof(struct row, member), NULL \
	}
#define TEXT(row, member, path) FIELD(row, member, path, AWS_TEXT)
#define TIME(row, member, path) FIELD(row, member, path, AWS_TIME)
#define BYTES(row, member, path) FIELD(row, member, path, AWS_BYTES)
#define LIST(row, member, path, table) \
	{ \
		path, AWS_LIST, offsetof(struct row, member), table \
	}
#define TABLE(row, path, fields) \
	{ \
		path, sizeof(struct row), fields, \
		    sizeof(fields) / sizeof((fields)[0]) \
	}
#define ITEMS(row, fields) TABLE(row, "", fields)

#endif
