/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_SRC_AWS_CREDENTIALS_H
#define PEMKEEP_SRC_AWS_CREDENTIALS_H

/* What call.c needs of the credentials besides the public header. */

#include "pemkeep/aws/credentials.h"

struct credentials;

/* Of struct aws; wipes.  NULL does nothing. */
void credentials_free(struct credentials *c);

#endif
