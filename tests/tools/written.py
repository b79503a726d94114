#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Where secrets go: written.py NEEDLES TRACE...

TRACE is what 'strace -f -v -yy -xx -s 1000000 -o TRACE' has seen.  NEEDLES is a
file with one secret a line, in hex.  Prints, sorted, each line once:

    read ROLE PLACE     a secret came into a process
    write ROLE PLACE    and went out of one
    given ROLE          it stood in an argument or in the environment
    exposed ROLE        a process of ours met one before it had made itself not
                        dumpable and had no core
    blind ROLE CALL     bytes may have gone where this cannot see them
    started ROLE        such a process was there

A role is "command", or what stands in argv[1] of our other processes ("agent",
"ask" ...), "answer" for what ssh-keygen runs, or another program's path.  A place
is "pipe", "socket" (a Unix one), "memfd", or the path of a file."""

import re
import sys

LINE = re.compile(r"^(\d+) +(.*)$")
RESUMED = re.compile(r"^<\.\.\. \w+ resumed>(.*)$")
CALL = re.compile(r"^(\w+)\((.*)$")
STRING = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')
# All but the brackets is in hex.
EXECUTED = re.compile(r'^"([^"]*)", \[([^\]]*)\], \[')
DESCRIPTOR = re.compile(r"^(-?\d+)(?:<((?:[^<>]|<[^<>]*>)*)>)?")
WRITES = {"write", "pwrite64", "writev", "pwritev", "pwritev2", "sendto",
          "sendmsg", "sendmmsg"}
READS = {"read", "pread64", "readv", "preadv", "preadv2", "recvfrom", "recvmsg",
         "recvmmsg"}
# What moves bytes that strace does not show.
BLIND = {"sendfile", "splice", "tee", "vmsplice", "copy_file_range",
         "process_vm_readv", "process_vm_writev", "ptrace", "io_uring_setup",
         "shmget", "mq_timedsend"}
STARTS = {"clone", "clone3", "fork", "vfork"}
MAPPED = ("/usr/", "/lib", "/etc/")  # libraries, and what they read
KEPT = 4096  # of a stream: longer than any needle


def calls(path):
    """(process, call, arguments and result), interrupted ones put together."""
    begun = {}
    for line in open(path, errors="replace"):
        match = LINE.match(line)
        if not match:
            continue
        pid, text = match.groups()
        resumed = RESUMED.match(text)
        if resumed and pid in begun:
            text = begun.pop(pid) + resumed.group(1)
        elif text.endswith("<unfinished ...>"):
            begun[pid] = text[:-len("<unfinished ...>")]
            if not begun[pid].startswith("execve("):
                continue
            text = begun.pop(pid)
        match = CALL.match(text)
        if match:
            yield pid, match.group(1), match.group(2)


def plain(text):
    return re.sub(r"\\x([0-9a-f]{2})",
                  lambda m: chr(int(m.group(1), 16)), text)


def strings(text):
    return [bytes.fromhex(s.replace("\\x", "")) for s in STRING.findall(text)]


def place(name):
    name = plain(name)
    if name.startswith("pipe:["):
        return "pipe"
    if re.match(r"UNIX(-STREAM)?:\[", name):
        return "socket"
    if name.startswith("/memfd:key") or name == "/proc/self/fd/3":
        return "memfd"
    return name


class Process:
    def __init__(self, parent=None):
        self.role = parent.role if parent else "?"
        self.ours = parent.ours if parent else False
        self.undumpable = parent.undumpable if parent else False
        self.coreless = parent.coreless if parent else False
        self.streams = {}

    def hardened(self):
        return self.undumpable and self.coreless or not self.ours

    def execute(self, rest, parent):
        path, arguments = EXECUTED.match(rest).groups()
        path = plain(path)
        arguments = [s.decode("latin-1") for s in strings(arguments)]
        self.ours = re.search("(^|/)(pemkeep|connect)$", path) is not None or \
            (path == "/proc/self/exe" and arguments[0] == "pemkeep")
        role = re.match(r"\(([a-z-]+)\)$", " ".join(arguments[1:2]))
        if not self.ours:
            self.role = path
        elif role:
            self.role = role.group(1)
        elif parent and parent.role.endswith("/ssh-keygen"):
            self.role = "answer"
        else:
            self.role = "command"
        self.undumpable = self.coreless = False
        self.streams = {}

    def stream(self, which, data, needles):
        """Is there one in what went this way, byte by byte or not?"""
        kept, hardened = self.streams.get(which, (b"", self.hardened()))
        kept += data
        found = any(n in kept for n in needles)
        self.streams[which] = (
            (b"", self.hardened()) if found else (kept[-KEPT:], hardened))
        return found, hardened


def family(path):
    """Whose child, or thread, each is."""
    parents, threads = {}, {}
    for pid, name, rest in calls(path):
        result = re.search(r"= (\d+)$", rest)
        if name in STARTS and result:
            (threads if "CLONE_THREAD" in rest else parents)[
                result.group(1)] = pid
    return parents, threads


def look(path, needles, seen):
    parents, threads = family(path)
    processes = {}
    count = 0

    def process(pid):
        while pid in threads:
            pid = threads[pid]
        if pid not in processes:
            parent = parents.get(pid)
            processes[pid] = Process(process(parent) if parent else None)
        return processes[pid]

    for pid, name, rest in calls(path):
        p = process(pid)
        count += name in WRITES
        if name == "execve":
            if not rest.rstrip().endswith("= 0") and "= -1" in rest:
                continue
            parent = parents.get(pid)
            p.execute(rest, process(parent) if parent else None)
            seen.add("started " + p.role)
            if any(n in b"\0".join(strings(rest)) for n in needles):
                seen.add("given " + p.role)
        elif name == "prctl" and \
                re.match(r"PR_SET_DUMPABLE, (SUID_DUMP_DISABLE|0)\b", rest):
            p.undumpable = True
        elif name in ("prlimit64", "setrlimit") and \
                "RLIMIT_CORE, {rlim_cur=0, rlim_max=0}" in rest:
            p.coreless = True
        elif name in BLIND:
            seen.add("blind %s %s" % (p.role, name))
        elif name == "mmap":
            mapped = re.search(r", \d+<([^>]*)>, [0-9a-fx]+\)", rest)
            if mapped and p.ours and not plain(mapped.group(1)).startswith(
                    MAPPED) and not plain(mapped.group(1)).endswith("/pemkeep"):
                seen.add("blind %s mmap %s" % (p.role, plain(mapped.group(1))))
        elif name in WRITES | READS:
            fd = DESCRIPTOR.match(rest)
            what = "write" if name in WRITES else "read"
            data = b"".join(strings(rest[fd.end():]))
            found, hardened = p.stream((what, fd.group(0)), data, needles)
            if found:
                seen.add("%s %s %s" % (what, p.role, place(fd.group(2) or "?")))
                if not hardened:
                    seen.add("exposed " + p.role)
    if not count:
        sys.exit("no call that writes is in the trace")


def main():
    needles = [bytes.fromhex(line) for line in open(sys.argv[1]).read().split()]
    seen = set()
    for path in sys.argv[2:]:
        look(path, needles, seen)
    for line in sorted(seen):
        print(line)


if __name__ == "__main__":
    main()
