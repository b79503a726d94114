#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Key files that no tool makes: badkeys.py KIND FILE [OTHER] >NEW

public    OpenSSH: the public key of OTHER outside, FILE's key inside
inner     OpenSSH Ed25519: the public half inside is OTHER's
modulus   PKCS#1: one bit of n is another
exponent  PKCS#1: d is wrong
other-d   PKCS#1: d is another that works as well
composite PKCS#1: all numbers fit each other, but one "prime" is none
point     SEC1 (P-256): the public point is OTHER's
sk        OpenSSH: the public key of a security key, FILE's key inside
rounds    OpenSSH, encrypted: absurdly many bcrypt rounds
two       OpenSSH: says that there are two keys in it
tail      OpenSSH: one byte behind the end
comment   OpenSSH: the comment is the bytes given as OTHER, in hex"""

import base64
import math
import struct
import sys
import textwrap

MAGIC = b"openssh-key-v1\0"


def read(name):
    lines = open(name).read().split("\n")
    begin = [i for i, s in enumerate(lines) if s.startswith("-----BEGIN ")][-1]
    end = [i for i, s in enumerate(lines) if s.startswith("-----END ")][-1]
    return (lines[begin][11:-5], base64.b64decode("".join(lines[begin + 1:end])))


def write(label, data):
    text = "\n".join(textwrap.wrap(base64.b64encode(data).decode(), 70))
    print("-----BEGIN %s-----\n%s\n-----END %s-----" % (label, text, label))


def string(b):
    return struct.pack(">I", len(b)) + b


def take(data, at):
    (n,) = struct.unpack_from(">I", data, at)
    return data[at + 4:at + 4 + n], at + 4 + n


class OpenSSH:
    def __init__(self, name):
        self.label, data = read(name)
        assert data.startswith(MAGIC)
        self.cipher, at = take(data, len(MAGIC))
        self.kdf, at = take(data, at)
        self.options, at = take(data, at)
        self.count = data[at:at + 4]
        self.public, at = take(data, at + 4)
        self.list, at = take(data, at)
        self.tail = data[at:]

    def set_comment(self, comment):
        """Ed25519 only: what stands before the comment has a fixed length."""
        body = self.list[:8 + 4 + 11 + 4 + 32 + 4 + 64] + string(comment)
        body += bytes(range(1, 9))[:-len(body) % 8]
        self.list = body

    def write(self):
        write(self.label, MAGIC + string(self.cipher) + string(self.kdf) +
              string(self.options) + self.count + string(self.public) +
              string(self.list) + self.tail)


def integers(der):
    """Offsets and lengths of the integers in a PKCS#1 key."""
    def header(at):
        n, at = der[at + 1], at + 2
        if n > 0x80:
            n, at = int.from_bytes(der[at:at + n - 0x80], "big"), at + n - 0x80
        return at, n
    at, end = header(0)[0], len(der)
    found = []
    while at < end:
        start, n = header(at)
        found.append((start, n))
        at = start + n
    return found


def integer(n):
    body = n.to_bytes(n.bit_length() // 8 + 1, "big")
    return b"\x02" + length(len(body)) + body


def length(n):
    if n < 0x80:
        return bytes([n])
    body = n.to_bytes((n.bit_length() + 7) // 8, "big")
    return bytes([0x80 + len(body)]) + body


def other_d(name):
    label, der = read(name)
    parts = [int.from_bytes(der[at:at + n], "big") for at, n in integers(der)]
    p1, q1 = parts[4] - 1, parts[5] - 1
    parts[3] = parts[3] % (p1 * q1 // math.gcd(p1, q1))
    parts[3] += p1 * q1 // math.gcd(p1, q1)
    body = b"".join(map(integer, parts))
    write(label, b"\x30" + length(len(body)) + body)


def composite(name):
    label, der = read(name)
    parts = [int.from_bytes(der[at:at + n], "big") for at, n in integers(der)]
    e, p, q = parts[2], parts[4] + 2, parts[5]
    while (math.gcd(e, p - 1) > 1 or math.gcd(p, q) > 1 or
           pow(2, p - 1, p) == 1):
        p += 2
    d = pow(e, -1, (p - 1) * (q - 1) // math.gcd(p - 1, q - 1))
    parts = [0, p * q, e, d, p, q, d % (p - 1), d % (q - 1), pow(q, -1, p)]
    body = b"".join(map(integer, parts))
    write(label, b"\x30" + length(len(body)) + body)


def openssh(kind, name, other):
    key = OpenSSH(name)
    if kind == "public":
        key.public = OpenSSH(other).public
    elif kind == "inner":
        half = OpenSSH(other).public[-32:]
        key.list = key.list.replace(OpenSSH(name).public[-32:], half)
    elif kind == "sk":
        key.public = (string(b"sk-ssh-ed25519@openssh.com") +
                      string(bytes(32)) + string(b"ssh:"))
    elif kind == "rounds":
        key.options = key.options[:-4] + struct.pack(">I", 2**32 - 1)
    elif kind == "two":
        key.count = struct.pack(">I", 2)
    elif kind == "tail":
        key.tail = b"x"
    elif kind == "comment":
        key.set_comment(bytes.fromhex(other))
    key.write()


def main():
    kind, name = sys.argv[1:3]
    other = sys.argv[3] if len(sys.argv) > 3 else None
    if kind in ("modulus", "exponent"):
        label, der = read(name)
        start, n = integers(der)[1 if kind == "modulus" else 3]
        bad = bytearray(der)
        bad[start + n // 2] ^= 1
        write(label, bytes(bad))
    elif kind == "other-d":
        other_d(name)
    elif kind == "composite":
        composite(name)
    elif kind == "point":
        label, der = read(name)
        write(label, der[:-64] + read(other)[1][-64:])
    else:
        openssh(kind, name, other)


if __name__ == "__main__":
    main()
