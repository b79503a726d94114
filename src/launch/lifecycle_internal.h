/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_SRC_LAUNCH_LIFECYCLE_INTERNAL_H
#define PEMKEEP_SRC_LAUNCH_LIFECYCLE_INTERNAL_H

/* What lifecycle.c (doing) and lifecycle_find.c (finding) share. */

#include "pemkeep/launch/lifecycle.h"

struct ec2_instance;

/* The address that it has now. */
void lifecycle_take_address(
    struct lifecycle_instance *i, const struct ec2_instance *row);

#endif
