/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_SRC_AGENT_ROLE_H
#define PEMKEEP_SRC_AGENT_ROLE_H

/* The roles, as they stand in argv[1] and in the process list. */

#define ROLE_KEEPER "(agent)"
#define ROLE_ASK "(ask)"

#define ROLE_FD 3 /* the keeper's end of its socketpair */

#endif
