#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Use a program at a terminal:

    terminal.py [--out FILE] [--err FILE] [--background] STEP... -- PROGRAM [ARG...]

The program is a job in the foreground (or background) of a terminal; --out and
--err send its standard output and error elsewhere.  Steps, one word each:

    expect=TEXT   until the terminal shows TEXT, behind what was expected before
    send=TEXT     type it
    echo=on|off   until the terminal's echo is so
    kill=TERM     send a signal to the program
    stopped       until it is stopped; the echo must be on then
    fg            go on with it, in the foreground
    pause         half a second

Then its end is waited for.  Prints "status N, echo on|off", with 128+n for
signal n as shells do, and writes all that was shown to terminal.screen in the current
folder.  A step that takes more than 20 seconds ends it: exit 1."""

import os
import pty
import select
import signal
import sys
import termios
import time

LIMIT = 20
SCREEN = "terminal.screen"


def echo(fd):
    on = termios.tcgetattr(fd)[3] & (termios.ECHO | termios.ICANON)
    return "on" if on == termios.ECHO | termios.ICANON else "off"


def start(options, argv):
    """In the session's leader: start the job, as a shell would."""
    pid = os.fork()
    if pid == 0:
        os.setpgid(0, 0)
        if not options["background"]:
            os.tcsetpgrp(0, os.getpid())
        for sig in (signal.SIGTTOU, signal.SIGINT, signal.SIGTSTP,
                    signal.SIGHUP, signal.SIGQUIT):
            signal.signal(sig, signal.SIG_DFL)
        for fd, name in ((1, options["out"]), (2, options["err"])):
            if name:
                file = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
                os.dup2(file, fd)
                os.close(file)
        os.execvp(argv[0], argv)
    return pid


def lead(options, argv, say, hear):
    """The session's leader.  Its end would set the terminal's modes anew, so it
    looks at them before."""
    for sig in (signal.SIGTTOU, signal.SIGINT, signal.SIGTSTP, signal.SIGHUP,
                signal.SIGQUIT):
        signal.signal(sig, signal.SIG_IGN)
    pid = start(options, argv)
    os.write(say, b"pid %d\n" % pid)
    while True:
        _, status = os.waitpid(pid, os.WUNTRACED)
        os.tcsetpgrp(0, os.getpgrp())
        if not os.WIFSTOPPED(status):
            break
        os.write(say, ("stopped %s\n" % echo(0)).encode())
        os.read(hear, 1)
        os.tcsetpgrp(0, pid)
        os.kill(-pid, signal.SIGCONT)
    code = os.waitstatus_to_exitcode(status)
    os.write(say, ("status %d, echo %s\n" %
                   (code if code >= 0 else 128 - code, echo(0))).encode())
    os.read(hear, 1)
    os._exit(0)


class Terminal:
    def __init__(self, options, argv):
        from_leader, say = os.pipe()
        hear, self.to_leader = os.pipe()
        self.leader, self.fd = pty.fork()
        if self.leader == 0:
            os.close(from_leader)
            os.close(self.to_leader)
            lead(options, argv, say, hear)
        os.close(say)
        os.close(hear)
        self.news = from_leader
        self.text = b""
        self.screen = b""
        self.at = 0
        self.pid = int(self.message("pid").split()[1])

    def look(self, deadline, why):
        """Read what there is to read, or give up."""
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError(why)
        for fd in select.select([self.fd, self.news], [], [],
                                min(left, 0.05))[0]:
            try:
                data = os.read(fd, 65536)
            except OSError:  # the terminal is gone
                data = b""
            if fd == self.fd:
                self.screen += data
            else:
                self.text += data

    def until(self, test, why):
        deadline = time.monotonic() + LIMIT
        while not test():
            self.look(deadline, why)

    def message(self, word):
        self.until(lambda: b"\n" in self.text, word)
        line, self.text = self.text.decode().split("\n", 1)
        self.text = self.text.encode()
        if not line.startswith(word):
            raise TimeoutError("%s, but: %s" % (word, line))
        return line

    def expect(self, text):
        wanted = os.fsencode(text)
        self.until(lambda: self.screen.find(wanted, self.at) >= 0,
                   "expect " + text)
        self.at = self.screen.find(wanted, self.at) + len(wanted)

    def step(self, step):
        word, _, value = step.partition("=")
        if word == "expect":
            self.expect(value)
        elif word == "send":
            os.write(self.fd, os.fsencode(value))
        elif word == "echo":
            self.until(lambda: echo(self.fd) == value, step)
        elif word == "kill":
            os.kill(self.pid, getattr(signal, "SIG" + value))
        elif word == "stopped":
            if self.message("stopped") != "stopped on":
                raise TimeoutError("the echo is off while it is stopped")
        elif word == "fg":
            os.write(self.to_leader, b"f")
        elif word == "pause":
            time.sleep(0.5)
        else:
            raise ValueError("no such step: " + step)

    def end(self):
        line = self.message("status")
        try:  # what was written last
            while select.select([self.fd], [], [], 0.05)[0]:
                self.screen += os.read(self.fd, 65536)
        except OSError:
            pass
        return line


def main():
    args = sys.argv[1:]
    options = {"out": None, "err": None, "background": False}
    while args[0].startswith("--") and args[0] != "--":
        name = args.pop(0)[2:]
        options[name] = True if name == "background" else args.pop(0)
    split = args.index("--")
    terminal = Terminal(options, args[split + 1:])
    status = 1
    try:
        for step in args[:split]:
            terminal.step(step)
        print(terminal.end())
        status = 0
    except TimeoutError as e:
        print("gave up: %s; the terminal shows %r" % (e, terminal.screen))
        try:
            os.kill(terminal.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    with open(SCREEN, "wb") as f:
        f.write(terminal.screen)
    os.kill(terminal.leader, signal.SIGKILL)
    sys.exit(status)


if __name__ == "__main__":
    main()
