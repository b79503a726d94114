/* SPDX-License-Identifier: ISC */

/*
 * Modes that this system does not have are left out; the server keeps its own.
 * So are those that mean nothing without a line of wire (parity) or to anybody
 * (upper case terminals): libssh2 has room for 256 bytes of name and modes.
 */

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "pemkeep/base/buf.h"
#include "src/ssh/terminal.h"

enum { MODE_END = 0, MODE_ISPEED = 128, MODE_OSPEED = 129 };

/* RFC 4254, chapter 8: opcode and place. */
static const struct {
	uint8_t opcode;
	uint8_t at;
} characters[] = {
	{ 1, VINTR },
	{ 2, VQUIT },
	{ 3, VERASE },
	{ 4, VKILL },
	{ 5, VEOF },
	{ 6, VEOL },
#ifdef VEOL2
	{ 7, VEOL2 },
#endif
	{ 8, VSTART },
	{ 9, VSTOP },
	{ 10, VSUSP },
#ifdef VDSUSP
	{ 11, VDSUSP },
#endif
#ifdef VREPRINT
	{ 12, VREPRINT },
#endif
#ifdef VWERASE
	{ 13, VWERASE },
#endif
#ifdef VLNEXT
	{ 14, VLNEXT },
#endif
#ifdef VDISCARD
	{ 18, VDISCARD },
#endif
};

enum { INPUT, OUTPUT, CONTROL, LOCAL };

static const struct {
	uint8_t opcode;
	uint8_t where;
	tcflag_t flag;
} flags[] = {
	{ 30, INPUT, IGNPAR },
	{ 33, INPUT, ISTRIP },
	{ 34, INPUT, INLCR },
	{ 35, INPUT, IGNCR },
	{ 36, INPUT, ICRNL },
	{ 38, INPUT, IXON },
	{ 39, INPUT, IXANY },
	{ 40, INPUT, IXOFF },
#ifdef IMAXBEL
	{ 41, INPUT, IMAXBEL },
#endif
#ifdef IUTF8
	{ 42, INPUT, IUTF8 },
#endif
	{ 50, LOCAL, ISIG },
	{ 51, LOCAL, ICANON },
	{ 53, LOCAL, ECHO },
	{ 54, LOCAL, ECHOE },
	{ 55, LOCAL, ECHOK },
	{ 56, LOCAL, ECHONL },
	{ 57, LOCAL, NOFLSH },
	{ 58, LOCAL, TOSTOP },
	{ 59, LOCAL, IEXTEN },
#ifdef ECHOCTL
	{ 60, LOCAL, ECHOCTL },
#endif
#ifdef ECHOKE
	{ 61, LOCAL, ECHOKE },
#endif
	{ 70, OUTPUT, OPOST },
	{ 72, OUTPUT, ONLCR },
#ifdef OCRNL
	{ 73, OUTPUT, OCRNL },
#endif
#ifdef ONOCR
	{ 74, OUTPUT, ONOCR },
#endif
#ifdef ONLRET
	{ 75, OUTPUT, ONLRET },
#endif
	{ 91, CONTROL, CS8 },
};

static const struct {
	speed_t code;
	uint32_t bauds;
} speeds[] = {
	{ B50, 50 },
	{ B75, 75 },
	{ B110, 110 },
	{ B134, 134 },
	{ B150, 150 },
	{ B200, 200 },
	{ B300, 300 },
	{ B600, 600 },
	{ B1200, 1200 },
	{ B1800, 1800 },
	{ B2400, 2400 },
	{ B4800, 4800 },
	{ B9600, 9600 },
	{ B19200, 19200 },
	{ B38400, 38400 },
	{ B57600, 57600 },
	{ B115200, 115200 },
	{ B230400, 230400 },
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

void
ssh_terminal_init(struct ssh_terminal *t, int fd)
{
	memset(t, 0, sizeof(*t));
	t->fd = fd;
	t->is_tty = tcgetattr(fd, &t->saved) == 0;
}

static void
set(int fd, const struct termios *modes)
{
	while (tcsetattr(fd, TCSADRAIN, modes) == -1 && errno == EINTR)
		continue;
}

void
ssh_terminal_raw(struct ssh_terminal *t)
{
	struct termios m = t->saved;

	if (!t->is_tty)
		return;
	m.c_iflag |= IGNPAR;
	m.c_iflag &=
	    ~(tcflag_t)(ISTRIP | INLCR | IGNCR | ICRNL | IXON | IXANY | IXOFF);
#ifdef IUCLC
	m.c_iflag &= ~(tcflag_t)IUCLC;
#endif
	m.c_lflag &=
	    ~(tcflag_t)(ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHONL | IEXTEN);
	m.c_oflag &= ~(tcflag_t)OPOST;
	m.c_cc[VMIN] = 1;
	m.c_cc[VTIME] = 0;
	set(t->fd, &m);
	t->raw = true;
}

void
ssh_terminal_restore(struct ssh_terminal *t)
{
	if (t->raw)
		set(t->fd, &t->saved);
	t->raw = false;
}

void
ssh_terminal_window(const struct ssh_terminal *t, struct ssh_window *w)
{
	struct winsize size;

	memset(w, 0, sizeof(*w));
	if (ioctl(t->fd, TIOCGWINSZ, &size) == -1)
		return;
	w->columns = size.ws_col;
	w->rows = size.ws_row;
	w->width = size.ws_xpixel;
	w->height = size.ws_ypixel;
}

/* As long as there is room for it and the end. */
static void
put(struct buf *b, size_t most, uint8_t opcode, uint32_t value)
{
	if (b->len + 5 + 1 > most)
		return;
	buf_put_u8(b, opcode);
	buf_put_u32(b, value);
}

static void
put_speed(struct buf *b, size_t most, uint8_t opcode, speed_t code)
{
	for (size_t i = 0; i < COUNT(speeds); i++)
		if (speeds[i].code == code)
			put(b, most, opcode, speeds[i].bauds);
}

void
ssh_terminal_modes(const struct ssh_terminal *t, size_t most, struct buf *b)
{
	const struct termios *m = &t->saved;
	const tcflag_t words[] = {
		[INPUT] = m->c_iflag,
		[OUTPUT] = m->c_oflag,
		[CONTROL] = m->c_cflag,
		[LOCAL] = m->c_lflag,
	};

	if (t->is_tty) {
		/* 255 is "none", whatever this system says for it. */
		for (size_t i = 0; i < COUNT(characters); i++) {
			cc_t c = m->c_cc[characters[i].at];

			put(b, most, characters[i].opcode,
			    c == _POSIX_VDISABLE ? 255 : c);
		}
		for (size_t i = 0; i < COUNT(flags); i++)
			put(b, most, flags[i].opcode,
			    (words[flags[i].where] & flags[i].flag) ==
				flags[i].flag);
		put_speed(b, most, MODE_OSPEED, cfgetospeed(m));
		put_speed(b, most, MODE_ISPEED, cfgetispeed(m));
	}
	buf_put_u8(b, MODE_END);
}
