# SPDX-License-Identifier: ISC
"""Run a command at a terminal of its own and talk to it.

attty.py [WAIT SAY]... -- COMMAND...

WAIT is a text to wait for, SAY what to type then: a line feed is added, "^C" is
Ctrl-C, "" a line feed alone.  Prints what the terminal showed, and at the end
"[exit N]" or "[signal N]", and "[echo]" if the terminal echoes (it should).
"""

import os
import pty
import select
import signal
import sys
import termios
import time

LIMIT = 60


def main():
    split = sys.argv.index("--")
    talk, command = sys.argv[1:split], sys.argv[split + 1:]
    pid, fd = pty.fork()
    if pid == 0:
        # Who runs this in the background has it ignored.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        try:
            os.execvp(command[0], command)
        finally:
            os._exit(127)
    seen, at, end, status = b"", 0, time.time() + LIMIT, None
    while time.time() < end:
        if select.select([fd], [], [], 0.05)[0]:
            try:
                part = os.read(fd, 4096)
            except OSError:
                part = b""
            if not part and status is not None:
                break
            seen += part
        elif status is not None:
            break
        if talk and talk[0].encode() in seen[at:]:
            at = seen.index(talk[0].encode(), at) + len(talk[0].encode())
            say = talk[1]
            os.write(fd, b"\x03" if say == "^C" else say.encode() + b"\n")
            talk = talk[2:]
        if status is None:
            done, got = os.waitpid(pid, os.WNOHANG)
            if done:
                status = got
                echo = termios.tcgetattr(fd)[3] & termios.ECHO
    sys.stdout.write(seen.decode("utf-8", "replace").replace("\r", ""))
    if status is None:
        os.kill(pid, 9)
        print("[no end]")
        return 1
    if os.WIFSIGNALED(status):
        print("\n[signal %d]" % os.WTERMSIG(status))
    else:
        print("\n[exit %d]" % os.WEXITSTATUS(status))
    if echo:
        print("[echo]")
    return 0


sys.exit(main())
