#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""How long age takes to open a file with a passphrase: agetime.py ROUNDS
COMMAND...

Each round runs COMMAND, too (without a terminal).  age asks at a terminal only,
so it gets one; its time is counted from the answer on.  Prints two medians in
milliseconds: age, COMMAND."""

import os
import pty
import statistics
import subprocess
import sys
import tempfile
import time

PASSPHRASE = b"correct horse battery"


def answer(command, prompts):
    """Run it at a terminal, answer each prompt; ms since the last answer."""
    pid, fd = pty.fork()
    if pid == 0:
        os.execvp(command[0], command)
    seen, began = b"", time.monotonic()
    while True:
        try:
            piece = os.read(fd, 4096)
        except OSError:  # the terminal's other end is closed
            break
        if not piece:
            break
        seen += piece
        if prompts and prompts[0] in seen:
            prompts, seen = prompts[1:], b""
            os.write(fd, PASSPHRASE + b"\n")
            began = time.monotonic()
    status = os.waitpid(pid, 0)[1]
    os.close(fd)
    if status != 0 or prompts:
        sys.exit("agetime: '%s' has failed" % " ".join(command))
    return (time.monotonic() - began) * 1000


def main():
    rounds, command = int(sys.argv[1]), sys.argv[2:]
    age, ours = [], []
    with tempfile.TemporaryDirectory() as folder:
        plain, sealed = folder + "/plain", folder + "/sealed"
        with open(plain, "wb") as f:
            f.write(os.urandom(1700))
        answer(["age", "-p", "-o", sealed, plain],
               [b"Enter passphrase", b"Confirm passphrase"])
        for _ in range(rounds):
            age.append(answer(["age", "-d", "-o", folder + "/out", sealed],
                              [b"Enter passphrase"]))
            began = time.monotonic()
            subprocess.run(command, check=True, stdin=subprocess.DEVNULL,
                           stdout=subprocess.DEVNULL)
            ours.append((time.monotonic() - began) * 1000)
    print("%.2f %.2f" % (statistics.median(age), statistics.median(ours)))


if __name__ == "__main__":
    main()
