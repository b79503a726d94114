#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Where secrets go: written.py NEEDLES TRACE

TRACE is what 'strace -f -v -y -xx -s 1000000 -o TRACE' has seen.  NEEDLES is a
file with one secret a line, in hex.  Prints where one of them was written, sent or
given to a program, one line each, sorted: "write PATH" or "execve"; and last the
programs that were started, as "started PATH"."""

import re
import sys

CALL = re.compile(r"^\d+ +(\w+)\((.*)$")
STRING = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')
WRITES = {"write", "pwrite64", "writev", "pwritev", "pwritev2", "sendto",
          "sendmsg", "sendmmsg", "vmsplice"}


def strings(text):
    return [bytes.fromhex(s.replace("\\x", "")) for s in STRING.findall(text)]


def main():
    needles = [bytes.fromhex(line) for line in open(sys.argv[1]).read().split()]
    found, started, calls = set(), [], 0
    for line in open(sys.argv[2], errors="replace"):
        call = CALL.match(line)
        if not call:
            continue
        name, rest = call.groups()
        said = strings(rest)
        calls += name in WRITES
        if name == "execve" and (" = 0" in rest or "unfinished" in rest):
            started.append(said[0].decode())
        if name not in WRITES and name != "execve":
            continue
        joined = b"".join(said)
        if any(n in joined for n in needles):
            fd = re.match(r"\d+<((?:\\x[0-9a-f]{2}|[^>])*)>", rest)
            where = fd.group(1) if fd else "?"
            where = re.sub(r"\\x([0-9a-f]{2})",
                           lambda m: chr(int(m.group(1), 16)), where)
            found.add("execve" if name == "execve" else "write " + where)
    if not calls:
        sys.exit("no call that writes is in the trace")
    for line in sorted(found):
        print(line)
    for path in started:
        print("started " + path)


if __name__ == "__main__":
    main()
