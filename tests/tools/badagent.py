# SPDX-License-Identifier: ISC
"""An agent that a command cannot work with.

badagent.py FOLDER CASE [KEY.pub]: listens on FOLDER/control.sock.  The greeting is
answered as it should be, unless the case is about it, and "unlocked" is said.
The key is the one that it lists.  badagent.py --list: the cases.
"""

import base64
import os
import socket
import struct
import sys
import time

HELLO, PASSPHRASE, LIST, SIGN = 1, 2, 8, 10
OK, ERROR, ASK, WARNING, KEY = 64, 65, 66, 67, 68


def string(b):
    return struct.pack(">I", len(b)) + b


def frame(kind, body=b""):
    return struct.pack(">IB", len(body) + 1, kind) + body


def number(n):
    return struct.pack(">I", n)


def error(code, *texts):
    return frame(ERROR, number(code) + b"".join(string(t) for t in texts))


def hello(version=1, unlocked=1, same=1, more=b""):
    return frame(OK, number(version) + number(os.getpid()) +
                 bytes((unlocked, same)) + more)


PRINT = b"SHA256:" + b"A" * 43
LINE = b"ssh-ed25519 " + base64.b64encode(
    string(b"ssh-ed25519") + string(bytes(32))) + b" mine"
if len(sys.argv) > 3:
    with open(sys.argv[3], "rb") as f:
        LINE = f.read().strip()


def key(name=b"mine"):
    texts = [name, b"ed25519", PRINT, b"", b"", LINE, b"", b""]
    return frame(KEY, number(256) + bytes(8) + b"\0" + string(b"OpenSSH") +
                 b"".join(string(t) for t in texts))


GONE, SILENT = object(), object()

# What is answered to the greeting, to other requests.
CASES = {
    "hangs up at once": (GONE, b""),
    "says nothing": (SILENT, b""),
    "a length of 0": (number(0) + b"x", b""),
    "a length of 4 GiB": (b"\xff" * 9, b""),
    "a length above the limit": (number(262145) + b"\x40", b""),
    "half an answer": (hello()[:7], b""),
    "the other protocol": (frame(5), b""),
    "an empty answer": (frame(OK), b""),
    "more than an answer": (hello(more=b"x"), b""),
    "another version": (hello(version=2), b""),
    "an error without a code": (error(0, b"text", b"hint"), b""),
    "an error with a code of its own": (error(99, b"text", b"hint"), b""),
    "an error without words": (frame(ERROR, number(1)), b""),
    "an error with a zero byte": (error(1, b"a\0b", b""), b""),
    "an error for the terminal": (error(4, b"\x1b[2J\x9b31m\r\n", b"\x1b]0;x\7"),
                                  b""),
    "asks to be greeted": (frame(ASK, b"\0" + string(b"passphrase: ")), b""),
    "asks and asks": (hello(unlocked=0),
                      frame(ASK, b"\0" + string(b"\x1b[2Jpassphrase: "))),
    "asks for nonsense": (hello(unlocked=0),
                          frame(ASK, b"\x09" + string(b"what? "))),
    "half a question": (hello(unlocked=0), frame(ASK, b"\0" + number(9))),
    "warns for the terminal": (frame(WARNING, string(b"\x1b[2Jwarned") +
                                     string(b"")) + hello(), frame(OK)),
    "half a warning": (frame(WARNING, number(7)), b""),
    "news that nobody asked for": (key() + hello(), b""),
    "hangs up later": (hello(), GONE),
    "a key that is none": (hello(), frame(KEY, b"x") + frame(OK)),
    "a key with a zero byte": (hello(), key(b"a\0b") + frame(OK)),
    "half a key": (hello(), key()[:40]),
    "an error instead of keys": (hello(), error(7, b"not now", b"later")),
    # As a server would see it: the signature is wrong.
    "a signature of nothing": (hello(), {LIST: key() + frame(OK),
                                         SIGN: frame(OK, string(b""))}),
    "half a signature": (hello(), {LIST: key() + frame(OK),
                                   SIGN: frame(OK, number(83))}),
    "hangs up when it is to sign": (hello(), {LIST: key() + frame(OK),
                                              SIGN: GONE}),
}


def serve(c, greeting, rest):
    while True:
        head = c.recv(5, socket.MSG_WAITALL)
        if len(head) < 5:
            return
        n, kind = struct.unpack(">IB", head)
        c.recv(n - 1, socket.MSG_WAITALL)
        if kind == PASSPHRASE:
            continue
        reply = greeting if kind == HELLO else rest
        if isinstance(reply, dict):
            reply = reply.get(kind, frame(OK))
        if reply is GONE:
            return
        if reply is SILENT:
            time.sleep(100)
            return
        c.sendall(reply)
        # Half an answer stays one.
        if kind == HELLO and greeting == hello()[:7] or \
                kind != HELLO and rest == key()[:40]:
            return


def main():
    if sys.argv[1] == "--list":
        print("\n".join(CASES))
        return
    greeting, rest = CASES[sys.argv[2]]
    s = socket.socket(socket.AF_UNIX)
    s.bind(sys.argv[1] + "/control.sock")
    s.listen(5)
    while True:
        c, _ = s.accept()
        try:
            serve(c, greeting, rest)
        except OSError:
            pass
        c.close()


main()
