/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_INVENTORY_AMI_USERS_H
#define PEMKEEP_INVENTORY_AMI_USERS_H

/*
 * From an image (AMI) to the user that one logs in as.  A table, no parser: who
 * publishes what under which name is a matter of custom, and changes.
 */

#include <stdbool.h>

/* What DescribeImages and DescribeInstances say; NULL or "": not known. */
struct ami_facts {
	const char *name;
	const char *owner;    /* account id */
	const char *platform; /* "windows", or not there */
	const char *details;  /* platformDetails: "Red Hat Enterprise Linux" */
};

struct ami_user {
	const char *family; /* "Ubuntu" */
	const char *user;   /* NULL: there is nobody to log in as */
	const char *note;   /* what is special about it, or NULL */
};

/* What decided. */
enum ami_reason {
	AMI_PLATFORM,       /* Windows */
	AMI_OWNER_AND_NAME, /* this account, this name */
	AMI_OWNER,          /* all that this account publishes */
	AMI_NAME,           /* a copy, as on the marketplace */
	AMI_DETAILS         /* platformDetails only */
};

/* NULL: nothing in the table fits. */
const struct ami_user *ami_users_find(
    const struct ami_facts *facts, enum ami_reason *reason);

/* The words for it: "the AMI's owner and name". */
const char *ami_users_reason(enum ami_reason reason);

#endif
