/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_SRC_AGENT_HARDEN_H
#define PEMKEEP_SRC_AGENT_HARDEN_H

/* No core files of this process, and no tracing by others of the same user. */
void harden_process(void);

#endif
