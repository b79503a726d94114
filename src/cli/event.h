/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_SRC_CLI_EVENT_H
#define PEMKEEP_SRC_CLI_EVENT_H

/* What a command has done in AWS, for the event log. */

struct log_event;

/* A log that cannot be written is warned about, and stops nothing. */
void event_log(const struct log_event *event);

#endif
