#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""Chapter 11 of vault/FORMAT.md, "A worked example".

    example.py                  write the chapter to standard output
    example.py --check FILE     hold a FORMAT.md against both writer and reader,
                                in TAP
    example.py --vector FILE    the vault in FILE's chapter 11, as a vector

Lines "name = hex" are values, lines "where offset  hex  comment" are bytes of
the file, the index, the info, or the payload.  --check reads the chapter as
text, so an edit by hand is found out.
"""

import base64
import re
import sys

import vaultread
from vaultmake import Counted, Record, Vault
from vaultread import H

HEADING = "## 11. A worked example\n"
FIRST = {"seed": 0x00, "vault-id": 0x10, "salt": 0x20, "id": 0x30, "vk": 0x40,
         "dek": 0x60, "wrap-nonce": 0x80, "index-nonce": 0xa0, "nonce1": 0xc0,
         "nonce2": 0xe0}


def make():
    return Vault(None, records=[Record()], rand=Counted(FIRST)).build()


# Writing.


def dump(where, data, parts, base=0):
    """Lines for data, cut up as parts say: (length, comment)."""
    lines = []
    at = 0
    for length, comment in parts:
        for i in range(0, length, 16):
            piece = data[at + i:at + min(i + 16, length)].hex()
            groups = " ".join(piece[j:j + 8] for j in range(0, len(piece), 8))
            lines.append(("%s %4d  %-35s  %s" % (
                where, base + at + i, groups,
                comment if i == 0 else "")).rstrip())
        if length == 0:
            lines.append("%s %4d  %-35s  %s" % (where, base + at, "", comment))
        at += length
    if at != len(data):
        raise ValueError("%d bytes of %s are left" % (len(data) - at, where))
    return lines


def values(trace, *names):
    lines = []
    for name in names:
        text = trace[name].hex()
        pieces = [text[i:i + 64] for i in range(0, len(text), 64)]
        lines.append("%s = %s" % (name, pieces[0]))
        lines.extend(" " * (len(name) + 3) + p for p in pieces[1:])
    return lines


def fence(lines):
    return "\n".join(["```"] + lines + ["```"])


def file_lines(f):
    return dump("file", f[:342], [
        (8, "magic"), (4, "version"), (4, "header-length: 262"),
        (6, "tag 1, 16 bytes"), (16, "vault-id"),
        (6, "tag 2, 8 bytes"), (8, "generation: 1"),
        (6, "tag 3, 0 bytes: no ancestors"),
        (6, "tag 4, 8 bytes"), (8, "length: {:,}".format(len(f))),
        (6, "tag 5, 60 bytes"), (24, "nonce of the index"),
        (4, "its length: 4,112"), (32, "H(sealed index)"),
        (6, "tag 6, 134 bytes"), (4, "stanza type 1, 130 bytes"),
        (1, "kdf"), (1, "lanes"), (4, "passes: 1"), (4, "memory: 8 KiB"),
        (16, "salt"), (32, "commit"), (24, "nonce"), (48, "wrapped"),
        (32, "sum"), (32, "mac")])


def ends(data, base, what):
    return (dump("file", data[:16], [(16, "%s begins" % what)], base)
            + dump("file", data[-16:], [(16, "%s ends" % what)],
                   base + len(data) - 16))


def chapter():
    built = make()
    f = built.file
    vault = vaultread.Vault(f, built.vault.passphrase)
    e = vault.entries[0]
    payload = vault.read(e)
    t = vault.trace
    t["H(sealed index)"] = H(built.vault.index)
    t["digest"] = e.digest
    record = f[e.at:]
    return TEXT % {
        "file": fence(file_lines(f)),
        "keys": fence(values(t, "KEK", "COMMIT", "ad", "VK", "K-hdr", "K-idx",
                             "K-rec")),
        "sealed": fence(ends(built.vault.index, 342, "sealed index")
                        + values(t, "H(sealed index)", "ad of the index")),
        "index": fence(dump("index", t["index"], [
            (4, "count: 1"), (16, "id"), (8, "revision: 1"), (2, "type"),
            (4, "length: 624"), (32, "digest"), (2, "name-length: 7"),
            (7, "name: example"), (4, "info-length: %d" % len(e.info)),
            (len(e.info), "info")])),
        "info": fence(dump("info", e.info, [
            (6, "tag 1, 51 bytes: public-key"), (15, "\"ssh-ed25519\""),
            (36, "the point"), (6, "tag 2, 8 bytes: created"),
            (8, "1,700,000,000"), (6, "tag 3, 2 bytes: format"),
            (2, "PKCS#8")])),
        "record": fence(dump("file", record[:96], [
            (24, "nonce1"), (48, "SEAL(K-rec, \u2026, DEK)"),
            (24, "nonce2")], e.at) + ends(
                record[96:], e.at + 96, "sealed payload")
            + values(t, "digest", "ad1", "DEK", "ad2")),
        "payload": fence(dump("payload", payload, [
            (6, "tag 1, 48 bytes: key"), (16, "PKCS#8: Ed25519"),
            (32, "its seed")])),
        "base64": fence(base64.encodebytes(f).decode().split()),
    }


TEXT = HEADING + """
A vault with one record, an Ed25519 key named "example". The passphrase is
`correct horse`, the cost 8 KiB and 1 pass. What should be random counts up: the
key's seed is `00 01 \u2026 1f`, vault-id begins with `10`, salt with `20`, the
record's id with `30`, VK with `40`, DEK with `60`, the stanza's nonce with `80`,
the index's with `a0`, nonce1 with `c0`, nonce2 with `e0`. Numbers on the left
are offsets, in decimal. `tests/tools/example.py` writes this chapter, and
`tests/interop/format-example.sh` checks it.

Preamble, header, sum and mac (chapters 3 to 5):

%(file)s

The keys (chapter 5). `commit` and `wrapped` above are made with them:

%(keys)s

The index (chapter 6) is 4,112 bytes from 342 on:

%(sealed)s

Opened, and without its padding:

%(index)s

Its `info` is a TLV list (chapter 8):

%(info)s

The record (chapter 7) is the last 624 bytes; `digest` is H of all of them:

%(record)s

The payload, opened and without its padding:

%(payload)s

The whole file, in base64:

%(base64)s
"""


# Checking.


def cut_out(path):
    with open(path, encoding="utf-8") as f:
        text = f.read()
    text = text[text.index(HEADING):]
    end = text.find("\n## ", 1)
    return text if end < 0 else text[:end + 1]


def file_in(text):
    block = re.search(r"\n```\n([A-Za-z0-9+/=\n]+)```\n", text).group(1)
    return base64.b64decode(block)


def check(path):
    text = cut_out(path)
    data = file_in(text)
    built = make()
    vault = vaultread.Vault(data, b"correct horse")
    e = vault.entries[0]
    payload = vault.read(e)
    places = {"file": data, "index": vault.trace["index"], "info": e.info,
              "payload": payload}
    known = dict(vault.trace)
    known["H(sealed index)"] = H(built.vault.index)
    known["digest"] = H(built.vault.records[0].bytes)
    failed = 0
    n = 0

    def say(ok, what):
        nonlocal failed, n
        n += 1
        failed += not ok
        print("%sok %d - %s" % ("" if ok else "not ", n, what))

    say(data == built.file, "the file is what vaultmake.py makes")
    vaultread.check_record1(e.info, payload)
    say((vault.generation, e.name, payload[22:]) == (
        1, b"example", bytes(range(32))), "vaultread.py opens it")
    for name in ("KEK", "COMMIT", "VK", "K-hdr", "K-idx", "K-rec"):
        say(known[name] == built.trace[name], name + ": reader and writer")
    said = {}
    for name, value in re.findall(r"^(\w[^=\n]*?) = ([0-9a-f]+(?:\n +[0-9a-f]+"
                                  r")*)$", text, re.M):
        said[name] = bytes.fromhex(value.replace(" ", "").replace("\n", ""))
    for name in ("KEK", "COMMIT", "ad", "VK", "K-hdr", "K-idx", "K-rec",
                 "H(sealed index)", "ad of the index", "digest", "ad1", "DEK",
                 "ad2"):
        say(said.get(name) == known[name], name)
    shown = {where: set() for where in places}
    wrong = []
    for where, at, groups in re.findall(
            r"^(file|index|info|payload) +(\d+)  ((?:[0-9a-f]{2,8} ?)+)",
            text, re.M):
        piece = bytes.fromhex(groups.replace(" ", ""))
        if places[where][int(at):int(at) + len(piece)] != piece:
            wrong.append("%s %s" % (where, at))
        shown[where].update(range(int(at), int(at) + len(piece)))
    say(not wrong, "bytes in the dumps " + ", ".join(wrong))
    full = {w: set(range(len(places[w]))) for w in places}
    full["file"] = set(range(342))
    say(all(full[w] <= shown[w] for w in full), "nothing is left out")
    say(text == chapter(), "the text is what example.py writes")
    print("1..%d" % n)
    return failed


def vector(path):
    data = file_in(cut_out(path))
    vault = vaultread.Vault(data, b"correct horse")
    head = "expect: ok\npassphrase: correct horse\nplaintext: %s\n\n" % (
        vault.plaintext_hash(vault.read_all()[0]))
    sys.stdout.buffer.write(head.encode() + data)


def main(args):
    if args[:1] == ["--check"] and len(args) == 2:
        return 1 if check(args[1]) else 0
    if args[:1] == ["--vector"] and len(args) == 2:
        vector(args[1])
    elif not args:
        sys.stdout.buffer.write(chapter().encode())
    else:
        sys.stderr.write("usage: example.py [--check|--vector FILE]\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
