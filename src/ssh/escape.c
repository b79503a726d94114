/* SPDX-License-Identifier: ISC */

/* As in ssh(1): after an action one is still at the beginning of the line. */

#include "pemkeep/base/buf.h"
#include "src/ssh/escape.h"

#define CONTROL_Z 26

const char ssh_escape_help[] =
    "~?\r\n"
    "Supported escape sequences:\r\n"
    " ~.   - terminate the connection\r\n"
    " ~^Z  - suspend pemkeep\r\n"
    " ~?   - this message\r\n"
    " ~~   - send the escape character\r\n"
    "(only recognized at the beginning of a line)\r\n";

static enum ssh_escape_action
action_of(uint8_t c)
{
	switch (c) {
	case '.':
		return ESCAPE_HANG_UP;
	case '?':
		return ESCAPE_HELP;
	case CONTROL_Z:
		return ESCAPE_SUSPEND;
	default:
		return ESCAPE_NONE;
	}
}

size_t
ssh_escape_feed(struct ssh_escape *s, const uint8_t *bytes, size_t len,
    struct buf *out, enum ssh_escape_action *action)
{
	*action = ESCAPE_NONE;
	for (size_t i = 0; i < len; i++) {
		uint8_t c = bytes[i];

		if (s->tilde) {
			s->tilde = false;
			*action = action_of(c);
			if (*action != ESCAPE_NONE)
				return i + 1;
			if (c != '~')
				buf_put_u8(out, '~');
		} else if (s->enabled && !s->in_line && c == '~') {
			s->tilde = true;
			continue;
		}
		s->in_line = c != '\r' && c != '\n';
		buf_put_u8(out, c);
	}
	return len;
}
