#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Run one test program: supervise.py SECONDS PROGRAM [ARGUMENT...]

Ends it after SECONDS (exit 124), and ends every process that it leaves behind:
Linux hands those to us (a "subreaper"), even daemons that cannot be traced.
Exit status: the program's, 128+n when signal n ended it, 127 when it cannot
be started."""

import ctypes
import os
import signal
import subprocess
import sys
import time

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36


def children():
    try:
        with open("/proc/self/task/%d/children" % os.getpid()) as f:
            return [int(pid) for pid in f.read().split()]
    except OSError:
        return []


def name_of(pid):
    try:
        with open("/proc/%d/comm" % pid) as f:
            return f.read().strip()
    except OSError:
        return "?"


def end_leftovers():
    """Those that end by themselves get a second, the others are killed."""
    began = time.monotonic()
    while time.monotonic() < began + 10:
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return
        if time.monotonic() > began + 1:
            for pid in children():
                print("# left behind, killed: %s" % name_of(pid), flush=True)
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
        time.sleep(0.02)


def main():
    limit, command = float(sys.argv[1]), sys.argv[2:]
    if sys.platform == "linux":
        prctl = ctypes.CDLL(None).prctl
        prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL,
                                 start_new_session=True)
    except OSError as e:
        print("# cannot start %s: %s" % (command[0], e.strerror), flush=True)
        return 127
    status = 143
    try:
        status = child.wait(timeout=limit)
    except subprocess.TimeoutExpired:
        status = 124
    finally:
        if child.returncode is None:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()
        end_leftovers()
    return status if status >= 0 else 128 - status


if __name__ == "__main__":
    sys.exit(main())
