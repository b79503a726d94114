#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Run a program on a terminal of its own and talk to it: onterminal.py STEP... -- CMD...

Steps, in order:
  size=COLSxROWS   the window's size; before the first other step, or a change
  send=TEXT        what a user types; \\r, \\x03 and the like as in Python
  expect=REGEX     wait for it in what comes after the last match
  absent=REGEX     it has not come since the last match
  sleep=SECONDS
  kill=SIGNAL      to the program; kill=TERM:PIDFILE to another one;
                   kill=TERM:children to those that the program has started
  clean            nothing has come that a terminal would obey, but for line ends
  cooked, raw      the terminal's modes are as at the start / echo nothing
  eof              close the terminal, as when a window is closed
  status=N         wait for its end; exit status, or 128 + signal

Prints what came and exits 1 at the first step that is not met.
"""
import codecs, fcntl, os, pty, re, select, signal, struct, sys, termios, time

PATIENCE = 20.0


class Program:
    def __init__(self, argv, size):
        self.modes = None
        self.seen = b""
        self.all = b""
        self.status = None
        gate_r, gate_w = os.pipe()
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.close(gate_w)
            os.read(gate_r, 1)
            os.close(gate_r)
            os.execvp(argv[0], argv)
        os.close(gate_r)
        self.resize(size)
        self.modes = termios.tcgetattr(self.fd)
        os.close(gate_w)

    def resize(self, size):
        cols, rows = (int(n) for n in size.split("x"))
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ,
                    struct.pack("HHHH", rows, cols, 0, 0))

    def read(self, seconds):
        ready, _, _ = select.select([self.fd], [], [], seconds)
        if not ready:
            return False
        try:
            data = os.read(self.fd, 65536)
        except OSError:
            data = b""
        self.seen += data
        self.all += data
        return bool(data)

    def expect(self, pattern):
        end = time.monotonic() + PATIENCE
        regex = re.compile(pattern.encode(), re.S)
        while True:
            match = regex.search(self.seen)
            if match:
                self.seen = self.seen[match.end():]
                return True
            left = end - time.monotonic()
            if left <= 0 or not self.read(left) and self.gone():
                return bool(regex.search(self.seen))

    def gone(self):
        if self.status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.status = status
        return self.status is not None

    def wait(self):
        end = time.monotonic() + PATIENCE
        while not self.gone() and time.monotonic() < end:
            if self.fd >= 0:
                self.read(0.05)
            else:
                time.sleep(0.05)
        if self.status is None:
            return "still running"
        if os.WIFSIGNALED(self.status):
            return str(128 + os.WTERMSIG(self.status))
        return str(os.WEXITSTATUS(self.status))

    def cooked(self, wanted):
        # The program may still be about to do it.
        end = time.monotonic() + 5
        while time.monotonic() < end:
            now = termios.tcgetattr(self.fd)
            if wanted and now == self.modes:
                return True
            if not wanted and not now[3] & (termios.ECHO | termios.ICANON):
                return True
            self.read(0.05)
        return False


def run(program, step):
    name, _, value = step.partition("=")
    if name == "size":
        program.resize(value)
    elif name == "send":
        text = codecs.decode(value, "unicode_escape")
        os.write(program.fd, text.encode("latin-1"))
    elif name == "expect":
        return program.expect(value)
    elif name == "absent":
        while program.read(0.3):
            pass
        return not re.search(value.encode(), program.seen, re.S)
    elif name == "sleep":
        end = time.monotonic() + float(value)
        while time.monotonic() < end:
            program.read(0.05)
    elif name == "kill":
        number, _, path = value.partition(":")
        pids = str(program.pid)
        if path == "children":
            path = "/proc/%s/task/%s/children" % (pids, pids)
        if path:
            with open(path) as f:
                pids = f.read()
        for pid in pids.split():
            os.kill(int(pid), getattr(signal, "SIG" + number))
        return pids != ""
    elif name == "cooked" or name == "raw":
        return program.cooked(name == "cooked")
    elif name == "clean":
        text = program.all.decode("utf-8", "surrogateescape")
        found = re.search("[\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e"
                          "\u2066-\u2069\udc80-\udcff\U000e0000-\U000e007f]"
                          "|\r(?!\n)", text)
        if found:
            print("raw %r" % found.group())
        return not found
    elif name == "eof":
        os.close(program.fd)
        program.fd = -1
    elif name == "status":
        got = program.wait()
        if got != value:
            print("exit status %s" % got)
        return got == value
    else:
        sys.exit("no such step: " + step)
    return True


def main():
    at = sys.argv.index("--")
    steps, argv = sys.argv[1:at], sys.argv[at + 1:]
    size = "80x24"
    if steps and steps[0].startswith("size="):
        size = steps.pop(0)[5:]
    program = Program(argv, size)
    for step in steps:
        if not run(program, step):
            print("not met: %s\nafter: %r" % (step, program.all[-3000:]))
            if not program.gone():
                os.kill(program.pid, signal.SIGKILL)
            sys.exit(1)
    if not program.gone():
        os.kill(program.pid, signal.SIGKILL)


main()
