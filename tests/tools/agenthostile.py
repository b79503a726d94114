# SPDX-License-Identifier: ISC
"""Clients of the agent that mean no good.

agenthostile.py RUNFOLDER PID VAULT SEEN: the agent must be unlocked and have an
RSA and an Ed25519 key.  Prints a line for each test: its name, a tab, and "ok" or
what was wrong.  After each test the agent must still serve everybody else.
"""

import array
import os
import socket
import struct
import sys
import time

import nacl.signing

RUN, PID, VAULT, SEEN = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]
SSH, CONTROL = RUN + "/ssh.sock", RUN + "/control.sock"
FAILURE, SUCCESS = 5, 6
MAX = 262144


def dial(path=SSH):
    s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    s.connect(path)
    s.settimeout(20)
    return s


def string(b):
    return struct.pack(">I", len(b)) + b


def frame(kind, body=b""):
    return struct.pack(">IB", len(body) + 1, kind) + body


def receive(s):
    """(type, body), or None when the agent hangs up."""
    def exactly(n):
        data = b""
        while len(data) < n:
            try:
                part = s.recv(n - len(data))
            except ConnectionError:
                return None
            if not part:
                return None
            data += part
        return data
    head = exactly(5)
    if head is None:
        return None
    n, kind = struct.unpack(">IB", head)
    body = exactly(n - 1) if n > 1 else b""
    return None if body is None else (kind, body)


def ask(s, kind, body=b""):
    s.sendall(frame(kind, body))
    return receive(s)


def identities(s=None):
    mine = s or dial()
    kind, body = ask(mine, 11)
    assert kind == 12, "list: %d" % kind
    count, at, out = struct.unpack(">I", body[:4])[0], 4, []
    for _ in range(count):
        n = struct.unpack(">I", body[at:at + 4])[0]
        out.append(body[at + 4:at + 4 + n])
        at += 4 + n
        at += 4 + struct.unpack(">I", body[at:at + 4])[0]
    if s is None:
        mine.close()
    return out


def strings(b):
    out = []
    while b:
        n = struct.unpack(">I", b[:4])[0]
        out.append(b[4:4 + n])
        b = b[4 + n:]
    return out


def key(kind):
    return next(k for k in identities() if strings(k)[0] == kind)


def descriptors():
    return len(os.listdir("/proc/%d/fd" % PID))


def memory():
    with open("/proc/%d/status" % PID) as f:
        return next(int(l.split()[1]) for l in f if l.startswith("VmRSS"))


def settled(count, limit=5):
    """Descriptors go back to what they were, soon."""
    end = time.time() + limit
    while descriptors() > count and time.time() < end:
        time.sleep(0.05)
    return descriptors()


def greet():
    s = dial(CONTROL)
    kind, body = ask(s, 1, struct.pack(">I", 1) + string(VAULT.encode()) +
                     string(SEEN.encode()))
    assert kind == 64 and body[-1] == 1, "hello: %r" % ((kind, body),)
    return s


tests = []


def test(f):
    tests.append(f)
    return f


@test
def lengths_of_messages():
    for path in SSH, CONTROL:
        for n in 0, MAX + 1, 2 ** 31, 2 ** 32 - 1:
            s = dial(path)
            s.sendall(struct.pack(">IB", n, 11))
            assert receive(s) is None, "%s: %d is taken" % (path, n)
        for n in 1, 5, MAX:
            s = dial(path)
            s.sendall(struct.pack(">IB", n, 200) + bytes(n - 1))
            got = receive(s)
            assert got and got[0] in (FAILURE, 65), "%d: %r" % (n, got)
            assert n == 1 or path == CONTROL or identities(s), "ended"


@test
def a_length_alone_takes_no_memory():
    before = memory()
    mine = []
    for _ in range(200):
        s = dial()
        s.sendall(struct.pack(">IB", MAX, 13) + b"x")
        mine.append(s)
    time.sleep(0.2)
    assert identities()
    assert memory() - before < 8192, "%d KiB more" % (memory() - before)


@test
def all_types_of_messages():
    for kind in range(256):
        if kind in (11, 22, 23):
            continue
        s = dial()
        got = ask(s, kind)
        assert got == (FAILURE, b""), "type %d: %r" % (kind, got)
        assert identities(s), "type %d: ended" % kind


BLOB = string(b"ssh-ed25519") + string(bytes(32))
FULL = {
    13: lambda: string(key(b"ssh-ed25519")) + string(b"data") +
    struct.pack(">I", 0),
    17: lambda: string(b"ssh-ed25519") + string(bytes(32)) +
    string(bytes(64)) + string(b"comment"),
    18: lambda: string(key(b"ssh-ed25519")),
    19: lambda: b"x",
    20: lambda: string(b"/usr/lib/x.so") + string(b"1234"),
    21: lambda: string(b"/usr/lib/x.so") + string(b"1234"),
    22: lambda: string(b"password"),
    23: lambda: string(b"password"),
    25: lambda: string(b"ssh-ed25519") + string(bytes(32)) +
    string(bytes(64)) + string(b"comment") + b"\x01\0\0\0\x05\xff" +
    string(b"unknown@example.com"),
    26: lambda: string(b"/usr/lib/x.so") + string(b"1234") + b"\x02",
    27: lambda: string(b"session-bind@openssh.com") + string(BLOB) +
    string(bytes(32)) + string(string(b"ssh-ed25519") + string(bytes(64))) +
    b"\x01",
}


@test
def truncated_messages():
    for kind, make in FULL.items():
        body = make()
        s = dial()
        for n in range(len(body)):
            got = ask(s, kind, body[:n])
            assert got == (FAILURE, b""), "%d cut to %d: %r" % (kind, n, got)
        got = ask(s, kind, body + b"x")
        assert got == (FAILURE, b""), "%d and more: %r" % (kind, got)
    assert len(identities()) >= 2


@test
def lying_lengths_of_strings():
    for kind in FULL:
        for n in 5, 255, MAX, 2 ** 31, 2 ** 32 - 1:
            s = dial()
            got = ask(s, kind, struct.pack(">I", n) + b"abcd")
            assert got == (FAILURE, b""), "%d: %d: %r" % (kind, n, got)


@test
def what_would_change_keys_is_refused():
    before = identities()
    for kind in 17, 18, 19, 20, 21, 25, 26:
        got = ask(dial(), kind, FULL[kind]() if kind != 19 else b"")
        assert got == (FAILURE, b""), "%d: %r" % (kind, got)
    assert identities() == before


@test
def control_requests_to_the_ssh_socket_do_nothing():
    before = identities()
    hello = struct.pack(">I", 1) + string(VAULT.encode()) + string(SEEN.encode())
    s = dial()
    for kind, body in ((1, hello), (4, b""), (5, b""), (6, b""), (7, b""),
                       (8, b""), (9, string(b"rsa")), (10, b""),
                       (12, string(b"new") + string(b"ed25519") + bytes(4)),
                       (14, b""), (16, string(b"rsa")),
                       (17, string(b"rsa") + string(b"other")),
                       (18, struct.pack(">I", 1) + string(b"rsa")),
                       (19, bytes(8)), (20, b""), (21, b""),
                       (24, string(b"x"))):
        got = ask(s, kind, body)
        assert got == (FAILURE, b""), "%d: %r" % (kind, got)
    assert identities() == before


@test
def algorithms_of_signatures():
    wanted = {0: b"rsa-sha2-256", 2: b"rsa-sha2-256", 4: b"rsa-sha2-512",
              6: b"rsa-sha2-256"}
    blob = key(b"ssh-rsa")
    s = dial()
    for flags, name in wanted.items():
        kind, body = ask(s, 13, string(blob) + string(b"data") +
                         struct.pack(">I", flags))
        assert kind == 14, "flags %d: %d" % (flags, kind)
        assert strings(strings(body)[0])[0] == name, "flags %d" % flags
    for flags in 1, 8, 0x80000000, 0xffffffff:
        got = ask(s, 13, string(blob) + string(b"data") +
                  struct.pack(">I", flags))
        assert got == (FAILURE, b""), "flags %d: %r" % (flags, got)


@test
def keys_that_are_not_there():
    for blob in BLOB, b"", b"x", string(b"ssh-rsa"), \
            string(b"ssh-ed25519-cert-v01@openssh.com"), bytes(100000):
        got = ask(dial(), 13, string(blob) + string(b"data") + bytes(4))
        assert got == (FAILURE, b""), "%r: %r" % (blob[:20], got)


@test
def extensions():
    s = dial()
    kind, body = ask(s, 27, string(b"query"))
    assert kind == 29, "query: %d" % kind
    assert strings(body)[0] == b"query" and \
        b"session-bind@openssh.com" in strings(body), "query: %r" % body
    for name in b"", b"quer", b"unknown@example.com", b"session-bind":
        got = ask(s, 27, string(name))
        assert got == (FAILURE, b""), "%r: %r" % (name, got)
    got = ask(s, 27, FULL[27]())
    assert got == (FAILURE, b""), "a binding with a wrong signature: %r" % (got,)


def binding(forwarded):
    """As ssh sends it: a host key, and what it has signed."""
    host, session = nacl.signing.SigningKey.generate(), os.urandom(32)
    return string(b"session-bind@openssh.com") + \
        string(string(b"ssh-ed25519") + string(bytes(host.verify_key))) + \
        string(session) + string(string(b"ssh-ed25519") + string(
            host.sign(session).signature)) + bytes((forwarded,))


@test
def a_forwarded_connection_can_list_and_sign_and_nothing_else():
    for later in (), (binding(0),), (binding(0), binding(0), binding(1)):
        s = dial()
        assert ask(s, 27, binding(1)) == (SUCCESS, b""), "bound"
        for more in later:      # it stays forwarded, whatever is said then
            assert ask(s, 27, more) == (SUCCESS, b""), "bound again"
        for kind in 22, 23:
            got = ask(s, kind, string(b"password"))
            assert got == (FAILURE, b""), "%d: %r" % (kind, got)
        assert identities(s), "list"
        assert ask(s, 13, FULL[13]())[0] == 14, "sign"
    s = dial()
    assert ask(s, 22, string(b"password")) == (SUCCESS, b""), "lock"
    other = dial()
    assert ask(other, 27, binding(1))[0] == FAILURE, "bound while locked"
    assert ask(s, 23, string(b"password")) == (SUCCESS, b""), "unlock"
    assert ask(s, 27, binding(0)) == (SUCCESS, b""), "for a login"
    assert ask(s, 22, string(b"password")) == (SUCCESS, b""), "lock, bound"
    assert ask(s, 23, string(b"password")) == (SUCCESS, b""), "unlock, bound"


@test
def a_forwarded_connection_cannot_guess_the_password():
    s, far = dial(), dial()
    assert ask(far, 27, binding(1)) == (SUCCESS, b""), "bound"
    assert ask(s, 22, string(b"password")) == (SUCCESS, b""), "lock"
    assert ask(far, 23, string(b"password")) == (FAILURE, b""), "unlocked"
    assert identities(far) == [], "a list"
    assert ask(s, 23, string(b"password")) == (SUCCESS, b""), "unlock"


@test
def bindings_that_are_none():
    good = binding(0)
    for i in range(28, len(good) - 1, 3):
        s = dial()
        bad = good[:i] + bytes((good[i] ^ 1,)) + good[i + 1:]
        got = ask(s, 27, bad)
        assert got == (FAILURE, b""), "bit %d: %r" % (i * 8, got)
        # So it is not bound.
        assert ask(s, 22, string(b"password")) == (SUCCESS, b""), "lock"
        assert ask(s, 23, string(b"password")) == (SUCCESS, b""), "unlock"
    # That it is forwarded is believed without a proof: it may less then.
    s = dial()
    got = ask(s, 27, FULL[27]())
    assert got == (FAILURE, b""), "a wrong signature: %r" % (got,)
    assert ask(s, 22, string(b"password")) == (FAILURE, b""), "lock"


@test
def a_megabyte():
    before = memory()
    for path in SSH, CONTROL:
        for kind in 2, 13, 22:
            s = dial(path)
            body = bytes(1 << 20)
            try:
                s.sendall(frame(kind, body))
                assert receive(s) is None, "%s: %d is taken" % (path, kind)
            except ConnectionError:
                pass
    assert memory() - before < 1024, "%d KiB more" % (memory() - before)


@test
def many_idle_and_slow_clients():
    idle = [dial() for _ in range(1024)]
    slow = [dial() for _ in range(100)]
    body = FULL[13]()
    whole = frame(13, body)
    took = []
    for i in range(60):
        for s in slow:
            s.sendall(whole[i:i + 1])
        begin = time.time()
        assert identities()
        took.append(time.time() - begin)
    took.sort()
    assert took[len(took) // 2] < 0.05, "%.0f ms" % (took[len(took) // 2] * 1e3)
    for s in slow:
        s.sendall(whole[60:])
    for s in slow + idle[:10]:
        if s in slow:
            got = receive(s)
            assert got and got[0] == 14, "slow: %r" % (got,)
        else:
            assert identities(s), "idle"


@test
def one_that_does_not_read():
    s = dial()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    s.settimeout(1)
    before = memory()
    try:
        for _ in range(100000):
            s.sendall(frame(11))
    except socket.timeout:
        pass
    assert memory() - before < 4096, "%d KiB more" % (memory() - before)
    assert identities()


@test
def many_requests_at_once():
    s = dial()
    s.sendall(frame(11) * 50 + frame(13, FULL[13]()) * 50 + frame(200) * 50)
    kinds = [receive(s)[0] for _ in range(150)]
    assert kinds == [12] * 50 + [14] * 50 + [FAILURE] * 50, "out of order"


@test
def descriptors_that_nobody_asked_for():
    before = descriptors()
    with open("/dev/null") as null:
        for path in SSH, CONTROL:
            for count in 1, 2, 16:
                s = dial(path)
                s.sendmsg([frame(200)], [(
                    socket.SOL_SOCKET, socket.SCM_RIGHTS,
                    array.array("i", [null.fileno()] * count))])
                receive(s)
                s.close()
    assert settled(before) <= before, "they stay: %d" % descriptors()


@test
def half_a_message_and_gone():
    before = descriptors()
    for path in SSH, CONTROL:
        for n in range(1, 30):
            s = dial(path)
            s.sendall(frame(2, bytes(200))[:n])
            s.close()
    assert settled(before) <= before


@test
def guesses_at_the_ssh_lock():
    s = dial()
    assert ask(s, 22, string(b"right")) == (SUCCESS, b"")
    assert ask(s, 22, string(b"right")) == (FAILURE, b""), "locked twice"
    assert identities(dial()) == [], "a list"
    assert ask(s, 13, string(BLOB) + string(b"x") + bytes(4))[0] == FAILURE
    assert ask(s, 27, string(b"query"))[0] == FAILURE, "query"
    took = []
    for i in range(6):
        begin = time.time()
        # Each from another connection: that must not help.
        assert ask(dial(), 23, string(b"wrong%d" % i)) == (FAILURE, b"")
        took.append(time.time() - begin)
    assert took[5] > 1.2 > took[1], "%r" % took
    assert ask(s, 23, string(b"right")) == (SUCCESS, b""), "the right one"
    assert identities(), "no keys"


CONTROL_FULL = {
    1: struct.pack(">I", 1) + string(b"/x") + string(b"/y"),
    3: b"\0\0\0\0\0",
    9: string(b"rsa"),
    10: string(BLOB) + string(b"ssh-ed25519") + string(b"data"),
    11: bytes(8),
    12: string(b"../new") + string(b"rsa") + struct.pack(">I", 2048),
    13: string(b"n") + string(b"s") + string(b"p") + b"\0",
    14: struct.pack(">I", 1),
    15: bytes(4),
    16: string(b"rsa"),
    17: string(b"rsa") + string(b"a/b"),
    18: struct.pack(">I", 2) + string(b"rsa") + string(b"none"),
    19: bytes(8),
    22: string(b"/nowhere"),
    23: string(b"none") + b"\1",
    24: string(b"p"),
    26: bytes(4),
    27: string(BLOB) + string(bytes(256)) + string(b"i-0123"),
}


@test
def control_without_a_greeting():
    for kind in list(range(3, 6)) + list(range(7, 28)):
        got = ask(dial(CONTROL), kind, CONTROL_FULL.get(kind, b""))
        assert got and got[0] == 65, "%d: %r" % (kind, got)
    assert receive_after_passphrase(dial(CONTROL)) is None, "a passphrase"


def receive_after_passphrase(s):
    s.sendall(frame(2, b"\0" + string(b"secret") + bytes(4)))
    return receive(s)


@test
def control_for_another_vault():
    s = dial(CONTROL)
    kind, body = ask(s, 1, struct.pack(">I", 1) + string(b"/x") + string(b"/y"))
    assert kind == 64 and body[-1] == 0, "%r" % ((kind, body),)
    for kind in 3, 8, 9, 10, 12, 16, 18, 20, 21, 23:
        got = ask(s, kind, CONTROL_FULL.get(kind, b""))
        assert got and got[0] == 65, "%d: %r" % (kind, got)


@test
def control_truncated():
    before = identities()
    for kind, body in CONTROL_FULL.items():
        s = greet()
        for n in range(len(body)):
            got = ask(s, kind, body[:n])
            assert got and got[0] == 65, "%d cut to %d: %r" % (kind, n, got)
        got = ask(s, kind, body + b"x")
        assert got and got[0] == 65, "%d and more: %r" % (kind, got)
    assert identities() == before


@test
def control_unknown_types():
    s = greet()
    for kind in [0] + list(range(28, 256)):
        got = ask(s, kind)
        assert got and got[0] == 65, "%d: %r" % (kind, got)


@test
def control_nonsense_passphrases():
    for body in b"", b"\0", b"\x09" + string(b"x") + bytes(4), \
            b"\0" + string(b"x") + struct.pack(">I", 2 ** 32 - 1), \
            b"\0" + string(b"x") + struct.pack(">I", 1) + string(b"NOEQUALS"), \
            b"\0" + string(b"") + bytes(4), \
            b"\0" + struct.pack(">I", 2 ** 32 - 1) + b"x":
        s = greet()
        s.sendall(frame(2, body))
        assert receive(s) is None, "%r is taken" % body
    s = greet()
    s.sendall(struct.pack(">IB", 20000, 2))
    assert receive(s) is None, "a long one"


@test
def control_lying_counts():
    for n in 0, 65537, 2 ** 31, 2 ** 32 - 1:
        got = ask(greet(), 18, struct.pack(">I", n) + string(b"rsa"))
        assert got and got[0] == 65, "%d: %r" % (n, got)


def pass_on(s, kind, body, fd):
    s.sendmsg([frame(kind, body)], [(socket.SOL_SOCKET, socket.SCM_RIGHTS,
                                     array.array("i", [fd]))])
    return receive(s)


@test
def control_descriptors_that_are_no_files():
    before = descriptors()
    ends = os.pipe()
    a, b = socket.socketpair()
    with open("/dev/zero", "r+b", 0) as zero:
        for fd in ends[0], ends[1], a.fileno(), zero.fileno():
            for kind in 13, 16, 24, 27:
                got = pass_on(greet(), kind, CONTROL_FULL[kind], fd)
                assert got and got[0] == 65, "%d: %r" % (kind, got)
    for fd in ends:
        os.close(fd)
    a.close()
    b.close()
    assert settled(before) <= before


@test
def a_password_goes_into_an_empty_pipe_only():
    body = string(key(b"ssh-rsa")) + string(bytes(256)) + string(b"i-0123")
    before = descriptors()
    read, write = os.pipe()
    os.set_blocking(write, False)
    full, length = bytes(65536), 0
    try:
        while True:
            length += os.write(write, full)
    except BlockingIOError:
        pass
    got = pass_on(greet(), 27, body, write)
    assert got and got[0] == 65 and b"nonsense" in got[1], "full: %r" % (got,)
    while length:
        length -= len(os.read(read, 65536))
    with open(VAULT, "rb") as f:
        got = pass_on(greet(), 27, body, f.fileno())
    assert got and got[0] == 65 and b"nonsense" in got[1], "file: %r" % (got,)
    # No ciphertext of this key: nothing is written.
    for data in b"", bytes(255), bytes(256), bytes(257), bytes(100000):
        got = pass_on(greet(), 27, string(key(b"ssh-rsa")) + string(data) +
                      string(b"i-0123"), write)
        assert got and got[0] == 65, "%d: %r" % (len(data), got)
    os.set_blocking(read, False)
    try:
        assert not os.read(read, 1), "something was written"
    except BlockingIOError:
        pass
    os.close(read)
    os.close(write)
    assert settled(before) <= before


@test
def the_agent_loads_no_key_to_sign_with():
    with open(VAULT, "rb") as f:
        got = pass_on(greet(), 24, string(b"p"), f.fileno())
    assert got and got[0] == 65, "%r" % (got,)


@test
def gone_in_the_middle_of_an_import():
    before = descriptors()
    with open(VAULT, "rb") as f:
        for _ in range(20):
            s = greet()
            s.sendmsg([frame(13, CONTROL_FULL[13])], [(
                socket.SOL_SOCKET, socket.SCM_RIGHTS,
                array.array("i", [f.fileno()]))])
            s.close()
    assert settled(before) <= before, "%d" % descriptors()


@test
def what_needs_the_passphrase_again_asks():
    s = greet()
    for kind, body in ((18, struct.pack(">I", 1) + string(b"rsa")),
                       (19, bytes(8)), (23, string(b"rsa") + b"\0")):
        got = ask(s, kind, body)
        assert got and got[0] == 66, "%d: %r" % (kind, got)
    with open(RUN + "/out", "wb") as f:
        got = pass_on(s, 16, string(b"rsa"), f.fileno())
        assert got and got[0] == 66, "export: %r" % (got,)
        assert os.fstat(f.fileno()).st_size == 0, "written"
    os.unlink(RUN + "/out")


def main():
    began = descriptors()
    for f in tests:
        name = f.__name__.replace("_", " ")
        try:
            f()
            assert identities(), "nobody else is served"
            result = "ok"
        except Exception as e:  # a test that breaks has failed
            result = "%s: %s" % (type(e).__name__, e)
        print("%s\t%s" % (name, result.replace("\n", " ")), flush=True)
    left = settled(began + 2)
    print("no descriptor is left open\t%s" %
          ("ok" if left <= began + 2 else "%d, were %d" % (left, began)))


main()
