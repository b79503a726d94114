#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""The vectors of vault/FORMAT.md: declares them all, and writes them.

    vectors.py [FOLDER]          write them (to tests/vectors)
    vectors.py --check FILE...   read them with vaultread.py, answer in TAP

To add one: put a vec() at the END of its rule's block (numbers follow from the
order, and others may quote them), run this, and commit the new file with the
change.  One fault a file: hooks of vaultmake.py break one step and everything
after it is computed anew.  For each vector that must be refused, this program
checks that the file would be good if its rule did not exist; where that cannot
be shown, say why in alone=False's comment.

A file is text lines "name: value", an empty line, and the vault's bytes:

    expect      ok, not-a-vault, newer-version, damaged, cost, passphrase or
                no-stanza
    rule        the rule that is broken; where none is, the rule at whose
                border the file lies
    comment     one line
    passphrase  to open it with
    plaintext   SHA-256 over name | 00 | payload of every record that must be
                readable, in the index's order.  Without it nothing may be
                released.  With "expect: damaged" the vault opens, and the
                records that are not in the hash must be refused.
    extend      the file is this long: fill it up with zeros (a sparse file)
    seen        generation and mac which this machine remembers (chapter 9)
    note        rollback or fork: what opening then says
    key         good, bad or newer: what R30 says of the (only) record
"""

import hashlib
import os
import sys

import vaultread
from vaultmake import (PASSPHRASE, Rand, Record, Vault, const, cut, flip,
                       key_record, plus, splice, tlvs)
from vaultread import H, MAGIC, u16, u32

GROUP = 30          # numbers per rule
KEY1 = len(b"pemkeep/v1/record-key")    # where the vault-id is in ad1
DATA = len(b"pemkeep/v1/record")        # and in ad2
OTHER = 0x4242      # a record type that nobody knows

vectors = {}
counts = {}


def vec(rule, what, comment, expect="damaged", alone=True, also=(), raw=None,
        make=None, passphrase=PASSPHRASE, extend=None, seen=None, note=None,
        key=None, **how):
    """Declare a vector.  'rule' is a number; 0 for none, "seen" for chapter 9,
    "record1" for chapter 8.  The file is 'raw', or make(seed).file, or built
    from 'how': arguments of Vault and hooks of build().  'also' are rules that
    cannot stay whole when 'rule' is broken."""
    if rule == "record1":
        name = "record1-%s" % what
    elif rule == "seen":
        name = "%03d-seen-%s" % (GROUP * 31 + count(rule), what)
    else:
        name = "%03d-r%02d-%s" % (GROUP * rule + count(rule), rule, what)
    built = None
    if raw is None:
        built = make(name) if make is not None else build(name, **how)
        raw = built.file
    number = {"record1": 30, "seen": 0}.get(rule, rule)
    lines = {"expect": expect, "rule": "R%d" % number if number else None,
             "comment": comment, "passphrase": passphrase.decode(),
             "extend": extend, "note": note, "key": key}
    if seen is not None:
        lines["seen"] = "%d %s" % (seen[0], seen[1].hex())
    result = read(raw, lines)
    lines["plaintext"] = result["plaintext"]
    if expect == "ok" and built is not None:
        lines["plaintext"] = plaintext_hash(built.vault.records)
    for wrong in differences(lines, result):
        raise SystemExit("%s: %s" % (name, wrong))
    if expect != "ok" and alone:
        result = read(raw, lines, without={number, *also})
        if result["expect"] != "ok":
            raise SystemExit("%s: breaks %s too" % (name, result["rule"]))
    text = "".join("%s: %s\n" % (k, v) for k, v in lines.items()
                   if v is not None)
    if name in vectors:
        raise SystemExit("%s: twice" % name)
    vectors[name] = text.encode() + b"\n" + raw


def plaintext_hash(records):
    """What the writer put in, not what the reader found."""
    return hashlib.sha256(b"".join(
        r.name + b"\0" + r.payload for r in records)).hexdigest()


def count(rule):
    counts[rule] = counts.get(rule, -1) + 1
    if counts[rule] >= GROUP:
        raise SystemExit("rule %s: no number left" % rule)
    return counts[rule]


def build(seed, **how):
    own = {k: how.pop(k) for k in (
        "records", "generation", "ancestors", "memory", "passes", "kdf",
        "lanes", "version", "before", "after", "optional") if k in how}
    own.setdefault("records", [Record()])
    passphrase = how.pop("made_with", PASSPHRASE)
    return Vault(seed, passphrase=passphrase, **own).build(**how)


# Reading them back.


def parse(data):
    head, _, body = data.partition(b"\n\n")
    return dict(line.split(": ", 1)
                for line in head.decode().split("\n")), body


def read(body, lines, without=()):
    """The lines that vaultread.py would write into this vector's head."""
    found = {"expect": "ok", "rule": None, "plaintext": None, "note": None,
             "key": None}
    try:
        vault = vaultread.Vault(
            body, lines["passphrase"].encode(), without=without,
            size=int(lines["extend"]) if lines.get("extend") else None)
        payloads, error = vault.read_all()
        found["plaintext"] = vault.plaintext_hash(payloads)
        if lines.get("seen") is not None:
            generation, mac = lines["seen"].split()
            note = vault.compare(int(generation), bytes.fromhex(mac))
            found["note"] = note if note in ("rollback", "fork") else None
        if error is not None:
            raise error
        if lines.get("key") is not None:
            found["key"] = judge(vault.entries[0], payloads[0])
    except vaultread.VaultError as e:
        found["expect"] = e.cls
        found["rule"] = "R%d" % e.rule if e.rule else None
    return found


def judge(entry, payload):
    try:
        vaultread.check_record1(entry.info, payload)
        return "good"
    except vaultread.VaultError as e:
        return "newer" if e.cls == "newer-version" else "bad"


def differences(lines, found):
    for name in ("expect", "plaintext", "note", "key"):
        if found[name] != lines.get(name):
            yield "%s: %s, found %s" % (name, lines.get(name), found[name])
    # These break no rule: it says only where the vector belongs.
    if lines["expect"] not in ("ok", "no-stanza") and found["rule"] != lines.get("rule"):
        yield "rule: %s, found %s" % (lines.get("rule"), found["rule"])


def check(paths):
    """TAP; returns how many failed."""
    failed = 0
    print("1..%d" % len(paths))
    for i, path in enumerate(paths, 1):
        with open(path, "rb") as f:
            lines, body = parse(f.read())
        wrong = list(differences(lines, read(body, lines)))
        failed += bool(wrong)
        print("%sok %d - %s" % ("not " if wrong else "", i,
                                os.path.basename(path)))
        for w in wrong:
            print("# " + w)
    return failed


# Hooks on the header's fields.


def drop(tag):
    return lambda fields: [f for f in fields if f[0] != tag]


def change(tag, fn):
    return lambda fields: [(t, fn(v) if t == tag else v) for t, v in fields]


def swap(i, j):
    def hook(fields):
        fields = list(fields)
        fields[i], fields[j] = fields[j], fields[i]
        return fields
    return hook


def other(**how):
    """Keyword arguments of one record, spelled shorter."""
    return Record(type=OTHER, info=b"", **how)


def ancestors(n):
    rand = Rand("ancestors")
    return [rand("mac %d" % i, 32) for i in range(n)]


# What must be read.


def declare_good():
    def ok(what, comment, **how):
        vec(0, what, comment, expect="ok", **how)

    ok("no-records", "a new vault", records=[])
    ok("one-key", "one Ed25519 key")
    ok("several", "five records, sizes and types mixed", records=[
        Record(name=b"web"), Record(name=b"db", revision=7),
        other(name=b"note", payload=b"x" * 1000),
        Record(name=b"jump host"), other(name=b"empty", payload=b"")])
    ok("name-255", "the longest name", records=[Record(name=b"n" * 255)])
    ok("name-hangul", "the same word precomposed and decomposed: two names",
       records=[Record(name="서울-열쇠".encode()),
                Record(name="\u1109\u1165\u110b\u116e\u11af".encode()),
                Record(name="서울".encode())])
    ok("name-borders", "characters next to the forbidden ones", records=[
        Record(name=c.encode()) for c in (
            " ", "~", "\u00a0", "\u2027", "\u202f", "\u2065", "\u206a",
            "\ud7ff", "\ue000", "\uffff", "\U0010ffff", "\\", ".profile",
            "-rf")])
    ok("type-unknown", "a record type nobody knows: read at this level",
       records=[Record(), Record(name=b"future", type=0xffff, info=b"?",
                                 payload=b"!")])
    ok("generation-largest", "generation 2^63 - 1, no ancestors",
       generation=(1 << 63) - 1)
    ok("payload-65535", "the largest record: 65,648 bytes",
       records=[Record(payload=key_record(
           Rand("large"), "", original=b"\xff" * (65535 - 60))[1],
           info=key_record(Rand("large"), "")[0])])
    ok("payload-borders", "payloads around the padding's steps", records=[
        other(name=b"%d" % n, payload=b"\x80" * n)
        for n in (0, 1, 511, 512, 513, 1023, 1024)])
    ok("payload-looks-padded", "a payload that ends as padding does",
       records=[other(payload=b"secret\x80\0\0")])
    ok("index-4095", "the entries leave one byte for padding", records=[
        other(payload=b"", name=b"i",
              entry=lambda e: e[:-4] + u32(4095 - 4 - len(e))
              + bytes(4095 - 4 - len(e)))])
    ok("index-4096", "the entries fill a block: a block of padding", records=[
        other(payload=b"", name=b"i",
              entry=lambda e: e[:-4] + u32(4096 - 4 - len(e))
              + bytes(4096 - 4 - len(e)))])
    ok("index-blocks", "an index of three blocks", records=[
        Record(name=b"key %d" % i) for i in range(60)])
    ok("passphrase-hangul", "the passphrase is bytes, taken as they are",
       passphrase="올바른 말".encode(), made_with="올바른 말".encode())
    ok("passphrase-1024", "a long passphrase", passphrase=b"p" * 1024,
       made_with=b"p" * 1024)


# Chapter 2.


def declare_tlv():
    vec(1, "duplicate", "generation twice, the same",
        tlvs=lambda f: f[:2] + f[1:])
    vec(1, "duplicate-last", "stanzas twice, the same",
        tlvs=lambda f: f + [f[5]])
    vec(1, "unordered", "ancestors before generation", tlvs=swap(1, 2))
    vec(1, "reversed", "all fields, the last one first",
        tlvs=lambda f: f[::-1])
    vec(1, "optional-first", "an optional field before the others",
        tlvs=lambda f: [(0x8000, b"")] + f)
    vec(1, "optional-duplicate", "an optional field twice",
        optional=[(0x8000, b"a"), (0x8000, b"a")])

    for n in (1, 5):
        vec(2, "trailing-%d" % n, "%d bytes after the last field" % n,
            header=plus(b"\xff" * n))
    vec(2, "cut-value", "the last field is longer than what is left",
        header=cut(1), alone=False)     # the stanza is cut, too
    vec(2, "length-huge", "a field of 2^32 - 1 bytes", alone=False,
        header=plus(u16(0x8000) + u32(0xffffffff)))
    vec(2, "tlv-length-only", "a field's head without its value",
        header=plus(u16(0x8001) + u32(1)))

    vec(3, "tag-0", "unknown tag 0", expect="newer-version",
        tlvs=lambda f: [(0, b"")] + f)
    vec(3, "tag-7", "unknown tag 7", expect="newer-version",
        tlvs=lambda f: f + [(7, b"restriction")])
    vec(3, "tag-7fff", "the last tag that must be known",
        expect="newer-version", tlvs=lambda f: f + [(0x7fff, b"")])

    vec(4, "optional", "unknown optional fields are passed over", expect="ok",
        optional=[(0x8000, b"first"), (0x9abc, b""), (0xffff, b"last")])


# Chapter 3.


def declare_frame():
    def no(what, comment, raw):
        vec(5, what, comment, raw=raw, expect="not-a-vault", alone=False)

    good = build("frame").file
    no("empty", "an empty file", b"")
    no("1-byte", "one byte", b"p")
    no("7-bytes", "the magic, cut", MAGIC[:7])
    no("other-file", "a PEM file",
       b"-----BEGIN OPENSSH PRIVATE KEY-----\n" + b"A" * 70 + b"\n")
    no("zeros", "a file of zeros", bytes(8192))
    vec(5, "crlf", "the line feed became CR LF", expect="not-a-vault",
        file=lambda f: f.replace(b"\n", b"\r\n"), alone=False)
    vec(5, "lf-to-cr", "the line feed became CR", expect="not-a-vault",
        preamble=splice(7, b"\r"))
    vec(5, "upper-case", "Pemkeep", expect="not-a-vault",
        preamble=splice(0, b"P"))

    vec(6, "version-2", "version 2, all else right", version=2,
        expect="newer-version")
    vec(6, "version-largest", "version 2^32 - 1", version=0xffffffff,
        expect="newer-version")
    vec(6, "version-first", "version 2, and nothing after it",
        expect="newer-version", raw=MAGIC + u32(2), alone=False)
    vec(6, "version-before-sum", "version 2 and a file of another form",
        expect="newer-version", alone=False,
        raw=MAGIC + u32(2) + b"\xff" * 4096)
    vec(6, "version-0", "version 0, all else right", version=0)
    vec(6, "version-big-endian", "version 1, the other way round",
        expect="newer-version", preamble=splice(8, b"\0\0\0\1"))

    def ends(n, comment):
        vec(7, "ends-at-%d" % n, comment, raw=good[:n], alone=False)
    ends(8, "ends after the magic")
    ends(12, "ends after the version")
    ends(15, "15 bytes: ends in the preamble")
    ends(16, "ends after the preamble")
    ends(100, "ends in the header")
    ends(278, "ends after the header")
    ends(309, "ends in the sum")
    ends(341, "ends in the mac")
    vec(7, "length-huge", "header-length 2^32 - 1", alone=False,
        header_length=const(0xffffffff))
    vec(7, "length-65537", "a header of 65,537 bytes, all else right",
        optional=[(0x8000, bytes(65537 - 262 - 6))])
    vec(7, "length-65536", "the longest header", expect="ok",
        optional=[(0x8000, bytes(65536 - 262 - 6))])
    vec(7, "length-past-end", "header-length is more than the file",
        header_length=const(60000), alone=False)

    vec(8, "sum", "a bit of the sum turned; the mac is over that",
        sum=flip(31, 7))
    vec(8, "salt", "a bit of the salt turned: not a wrong passphrase",
        file=flip(158), alone=False)
    vec(8, "generation", "a bit of the generation turned",
        file=flip(44, 3), alone=False)
    vec(8, "tag", "the last field's tag became unknown",
        file=flip(139, 4), alone=False)
    vec(8, "memory", "a bit of the memory turned: beyond the cap",
        file=flip(157, 6), alone=False)
    vec(8, "header-length-more", "header-length one too much, the sum is old",
        file=splice(12, u32(263)), alone=False)
    vec(8, "header-length-less", "header-length one too little",
        file=splice(12, u32(261)), alone=False)
    vec(8, "header-length-0", "header-length 0, the rest as it was",
        file=splice(12, u32(0)), alone=False)
    vec(8, "without-preamble", "the sum is over the header only",
        sum=lambda _: H(b""))

    # Records of zeros: 4,089 is the least number that goes over the limit.
    zeros = H(bytes(65648))
    short = Vault("too-long", records=[
        other(name=b"%d" % i, payload=b"", record=const(b""),
              length=const(65648), digest=const(zeros))
        for i in range(4089)]).build(length=plus(4089 * 65648)).file
    vec(9, "too-long", "longer than 268,435,456 bytes; index and length agree",
        raw=short, extend=len(short) + 4089 * 65648, alone=False)


# Chapter 4.


def declare_header():
    names = {1: "vault-id", 2: "generation", 3: "ancestors", 4: "length",
             5: "index", 6: "stanzas"}
    for tag, name in names.items():
        vec(10, "no-" + name, "tag %d is missing" % tag, tlvs=drop(tag),
            alone=False)
    vec(10, "empty", "header-length 0 and a right sum", tlvs=const([]),
        alone=False)
    for tag, n in ((1, 16), (2, 8), (4, 8), (5, 60)):
        vec(10, names[tag] + "-short", "%d bytes" % (n - 1), alone=False,
            tlvs=change(tag, cut(1)))
        vec(10, names[tag] + "-long", "%d bytes" % (n + 1), alone=False,
            tlvs=change(tag, plus(b"\0")))
        vec(10, names[tag] + "-empty", "no bytes", alone=False,
            tlvs=change(tag, const(b"")))

    vec(11, "0", "generation 0, and so more ancestors than can be",
        generation=0, also={12})
    vec(11, "2-63", "generation 2^63", generation=1 << 63)
    vec(11, "largest", "generation 2^64 - 1", generation=(1 << 64) - 1)

    vec(12, "17", "17 ancestors", generation=20, ancestors=ancestors(17))
    vec(12, "33-bytes", "an ancestor and a byte", generation=20,
        tlvs=change(3, const(bytes(33))))
    vec(12, "31-bytes", "an ancestor less a byte", generation=20,
        tlvs=change(3, const(bytes(31))))
    vec(12, "of-new", "a new vault with an ancestor", ancestors=ancestors(1))
    vec(12, "as-many", "three ancestors at generation 3", generation=3,
        ancestors=ancestors(3))
    vec(12, "many", "ancestors fill the header", generation=1 << 40,
        ancestors=ancestors(16) * 127)
    vec(12, "16", "16 ancestors at generation 17", expect="ok",
        generation=17, ancestors=ancestors(16))
    vec(12, "none", "no ancestors at generation 9", expect="ok", generation=9)

    vec(13, "more", "length says one byte more", length=plus(1))
    vec(13, "less", "length says one byte less", length=plus(-1))
    vec(13, "0", "length 0", length=const(0))
    vec(13, "largest", "length 2^64 - 1", length=const((1 << 64) - 1))
    vec(13, "plus-2-32", "length is right in its lower 32 bits",
        length=plus(1 << 32))
    vec(13, "appended", "a byte appended", file=plus(b"\0"), also={26})
    vec(13, "appended-512", "512 bytes appended", file=plus(bytes(512)),
        also={26})
    for n, where in ((1, "a byte"), (512, "a padding step"),
                     (624, "the record")):
        vec(13, "cut-%d" % n, "truncated: %s is gone" % where, alone=False,
            file=cut(n))
    vec(13, "cut-index", "truncated in the index", alone=False,
        file=lambda f: f[:342 + 4111])
    vec(13, "cut-no-index", "truncated after the mac", alone=False,
        file=lambda f: f[:342])

    def index(what, comment, n):
        vec(14, what, comment, index_length=n, alone=False)
    index("0", "an index of 0 bytes", const(0))
    index("16", "an index of 16 bytes: no block", const(16))
    index("4111", "an index of 4,111 bytes", const(4111))
    index("4113", "an index of 4,113 bytes", const(4113))
    index("4096", "an index without its tag", const(4096))
    index("past-end", "an index longer than the file", plus(4096))
    index("largest", "an index of 2^32 - 1 bytes", const(0xffffffff))
    index("cap", "the largest index, in a small file", const(67108880))
    vec(14, "beyond-cap", "an index of 67,112,976 bytes, inside the file",
        index_length=const(67112976), alone=False,
        length=lambda short: short - 4112 + 67112976,
        extend=16 + 262 + 64 + 67112976, records=[])
    vec(14, "odd", "an index padded to 4,196 bytes, all else right",
        index_padded=plus(bytes(100)), alone=False)
    vec(14, "half-block", "an index padded to 2,048 bytes",
        index_padded=cut(2048))


# Chapter 5.


def declare_unlock():
    vec(15, "none", "no stanza", tlvs=change(6, const(b"")), alone=False)
    vec(15, "65", "65 stanzas", after=[(9, b"")] * 64)
    vec(15, "16000", "as many stanzas as a header can hold",
        after=[(9, b"")] * 16000)
    vec(15, "two", "two passphrase stanzas, the same",
        stanzas=lambda s: s + s)
    vec(15, "two-apart", "two passphrase stanzas, the first is right",
        after=[(3, b"x"), (1, bytes([1, 1]) + u32(1) + u32(8) + bytes(120))])
    for n in (1, 3):
        vec(15, "trailing-%d" % n, "%d bytes after the last stanza" % n,
            stanzas=plus(b"\0" * n))
    vec(15, "past-end", "a stanza longer than what is left",
        stanzas=plus(u16(9) + u16(1)))
    vec(15, "past-end-far", "a stanza of 65,535 bytes", alone=False,
        stanzas=lambda s: u16(9) + u16(0xffff) + s)
    vec(15, "no-passphrase", "other stanzas only", expect="no-stanza",
        alone=False, stanzas=const(u16(2) + u16(4) + b"x255"
                                   + u16(4) + u16(0)))
    vec(15, "no-passphrase-64", "64 other stanzas", expect="no-stanza",
        alone=False, stanzas=const((u16(9) + u16(0)) * 64))
    vec(15, "unknown-around", "unknown stanzas before and after",
        expect="ok", before=[(2, b"x" * 80), (0, b"")],
        after=[(0xffff, b"y"), (9, b"z" * 300), (9, b"z" * 300)])
    vec(15, "64", "64 stanzas, the passphrase stanza last", expect="ok",
        before=[(9, b"")] * 63)

    vec(16, "129-bytes", "a body of 129 bytes", body=cut(1), alone=False)
    vec(16, "131-bytes", "a body of 131 bytes", body=plus(b"\0"))
    vec(16, "empty", "a body of 0 bytes", body=const(b""), alone=False)
    vec(16, "long", "a body of 10,000 bytes: ciphertext for many keys",
        body=plus(bytes(9870)))
    vec(16, "kdf-0", "kdf 0", kdf=0)
    vec(16, "kdf-2", "kdf 2", kdf=2)
    vec(16, "lanes-0", "no lane", lanes=0)
    vec(16, "lanes-2", "two lanes", lanes=2)

    def cost(what, comment, memory=8, passes=1, **how):
        vec(17, what, comment, expect="cost", memory=memory, passes=passes,
            cost=const((8, 1)), alone=False, **how)
    cost("memory-4g", "4 GiB", memory=4 << 20)
    cost("memory-above", "1 GiB and 1 KiB", memory=1048577)
    cost("memory-largest", "2^32 - 1 KiB", memory=0xffffffff)
    cost("memory-wraps", "2^31 KiB: 0 bytes in 32 bits", memory=1 << 31)
    cost("memory-below", "7 KiB", memory=7)
    cost("memory-0", "0 KiB", memory=0)
    cost("passes-largest", "2^32 - 1 passes", passes=0xffffffff)
    cost("passes-above", "11 passes", passes=11)
    cost("passes-0", "no pass", passes=0)
    cost("both", "4 GiB and 2^32 - 1 passes", memory=4 << 20,
         passes=0xffffffff)
    vec(17, "passes-11", "11 passes, really made", expect="cost", passes=11)
    vec(17, "passes-10", "10 passes", expect="ok", passes=10)
    vec(17, "memory-9", "9 KiB: no multiple of the hash's 4 KiB", expect="ok",
        memory=9)

    def wrong(what, comment, **how):
        vec(18, what, comment, expect="passphrase", **how)
    wrong("passphrase", "another passphrase", alone=False,
          passphrase=b"correct house")
    wrong("passphrase-longer", "a space too many", alone=False,
          passphrase=PASSPHRASE + b" ")
    wrong("commit", "a wrong commit; the vault key is wrapped with it",
          commit=flip())
    wrong("commit-last-bit", "the commit's last bit", commit=flip(31, 7))
    wrong("salt", "another salt, sum and mac right", alone=False,
          body=flip(10))
    wrong("vault-id", "the id of another vault, sum and mac right",
          alone=False, tlvs=change(1, flip()))
    wrong("two-keys", "commit of another hash, but wrapped opens: only one "
          "passphrase can have a commit", COMMIT=flip())

    def bad_wrap(what, comment, **how):
        vec(19, what, comment, alone=False, **how)
    bad_wrap("wrapped", "a right commit and a bit of wrapped turned",
             wrapped=flip())
    bad_wrap("tag", "the last bit of wrapped", wrapped=flip(47, 7))
    bad_wrap("nonce", "another nonce", body=flip(58))
    bad_wrap("key", "wrapped with another key", wrap_key=flip())
    bad_wrap("label", "wrapped under another label",
             wrap_ad=splice(0, b"pemkeep/v2"))
    bad_wrap("vault-id", "wrapped for another vault",
             wrap_ad=flip(len(b"pemkeep/v1/vault-key")))
    bad_wrap("ad-short", "the associated data leave out commit",
             wrap_ad=cut(32))
    bad_wrap("passes", "passes in the associated data differ",
             wrap_ad=flip(len(b"pemkeep/v1/vault-key") + 16 + 2))

    vec(20, "mac", "a wrong mac, the sum is right", mac=flip())
    vec(20, "mac-last-bit", "the mac's last bit", mac=flip(31, 7))
    vec(20, "key", "a mac with another key", mac_key=flip())
    vec(20, "zero", "a mac of zeros", mac=const(bytes(32)))
    vec(20, "no-sum", "the mac leaves out the sum",
        make=lambda name: stale(name, lambda t: vaultread.MAC(
            t["K-hdr"], t["preamble"] + t["header"])))
    vec(20, "unkeyed", "a hash in place of the mac",
        make=lambda name: stale(name, lambda t: H(
            t["preamble"] + t["header"] + t["sum"])))
    vec(20, "forged", "a field added by somebody without the key: "
        "the sum is new, the mac is old", make=forged)
    vec(20, "vault-key", "wrapped is another vault key, rightly sealed",
        alone=False, make=other_key)


def stale(name, fn):
    """A vault whose mac is something else made from the right values."""
    right = build(name).trace
    return build(name, mac=const(fn(right)))


def forged(name):
    """The index follows the header here, as its length does."""
    old = build(name, length=plus(6)).trace["mac"]
    return build(name, optional=[(0x8000, b"")], mac=const(old))


def other_key(name):
    return build(name, wrapped=const(
        build(name, VK=flip()).trace["wrapped"]))


# Chapter 6.


def declare_index():
    vec(21, "hash", "a wrong hash; sum and mac are right", index_hash=flip())
    vec(21, "hash-last-bit", "its last bit", index_hash=flip(31, 7))
    vec(21, "hash-of-plain", "the hash of what is sealed",
        make=lambda name: build(name, index_hash=const(
            H(build(name).trace["index-padded"]))))
    vec(21, "first-byte", "a bit of the sealed index turned",
        file=flip(342), alone=False)
    vec(21, "last-byte", "a bit of its tag turned", file=flip(342 + 4111),
        alone=False)
    vec(21, "spliced", "the index of another save", alone=False,
        make=lambda name: build(name, generation=2, file=splice(
            342, build(name, generation=1).trace["index-sealed"])))

    label = len(b"pemkeep/v1/index")

    def closed(what, comment, **how):
        vec(22, what, comment, alone=False, **how)
    closed("generation", "sealed for another generation",
           index_ad=flip(label + 16, 1))
    closed("vault-id", "sealed for another vault", index_ad=flip(label))
    closed("label", "sealed under another label",
           index_ad=splice(0, b"pemkeep/v2"))
    closed("no-generation", "the generation is left out", index_ad=cut(8))
    closed("key", "sealed with another key", index_key=flip())
    closed("nonce", "another nonce in the header",
           tlvs=change(5, flip(0)))
    closed("tag", "a wrong tag, but the hash is right",
           index_sealed=flip(-1))
    closed("padding-none", "no padding mark",
           index_padded=lambda p: p.rstrip(b"\0")[:-1].ljust(4096, b"\0"))
    closed("padding-mark", "81 as padding mark",
           index_padded=lambda p: (p.rstrip(b"\0")[:-1] + b"\x81").ljust(
               4096, b"\0"))
    closed("padding-dirty", "a byte after the padding mark",
           index_padded=lambda p: p[:-1] + b"\1")
    closed("padding-block", "a block too much: no mark in the last one",
           index_padded=plus(bytes(4096)))
    closed("zeros", "a block of zeros", records=[],
           index_padded=const(bytes(4096)))
    closed("no-count", "the index has 3 bytes", records=[],
           entries=cut(1))
    closed("count-more", "count 2, one entry", count=const(2))
    closed("entry-cut", "the last entry is a byte short", entries=cut(1))
    closed("name-past-end", "a name of 65,535 bytes", records=[
        Record(entry=splice(62, u16(0xffff)))])
    closed("info-past-end", "info of 2^32 - 1 bytes", records=[
        other(payload=b"", name=b"n", entry=lambda e: e[:-4]
              + u32(0xffffffff))])
    vec(22, "trailing-1", "a byte after the entries", entries=plus(b"\0"))
    vec(22, "trailing-entry", "an entry more than count", alone=False,
        records=[Record(name=b"a")],
        entries=lambda p: p + p[4:20] + p[20:].replace(b"a", b"b", 1))

    vec(23, "count-65537", "count 65,537 (the entries are not there)",
        count=const(65537), alone=False)
    vec(23, "count-largest", "count 2^32 - 1", count=const(0xffffffff),
        alone=False)
    same = Rand("same")("id", 16)
    vec(23, "id-twice", "two records with one id", records=[
        Record(name=b"a", id=same), Record(name=b"b", id=same)])
    vec(23, "id-twice-apart", "the first and the last of three", records=[
        Record(name=b"a", id=same), Record(name=b"b"),
        Record(name=b"c", id=same)])
    vec(23, "name-twice", "two records with one name", records=[
        Record(name=b"web"), Record(name=b"web")])
    vec(23, "name-twice-apart", "the first and the last of four", records=[
        Record(name=n) for n in (b"web", b"db", b"we", b"web")])
    vec(23, "record-twice", "the same entry and record twice",
        records=[Record(id=same), Record(id=same)])


def declare_names():
    def name(what, comment, bad):
        vec(24, what, comment, records=[Record(name=bad)])
    name("empty", "no bytes", b"")
    name("256", "256 bytes", b"n" * 256)
    name("256-hangul", "86 characters, 258 bytes", "열".encode() * 86)
    name("nul", "U+0000", b"web\0.pem")
    name("line-feed", "U+000A", b"web\nfake")
    name("escape", "U+001B", b"\x1b[2J")
    name("1f", "U+001F", b"a\x1fb")
    name("7f", "U+007F", b"a\x7f")
    name("80", "U+0080", "a\u0080".encode())
    name("9b", "U+009B: CSI in one character", "\u009b2J".encode())
    name("9f", "U+009F", "\u009fa".encode())
    name("2028", "U+2028", "a\u2028b".encode())
    name("2029", "U+2029", "a\u2029b".encode())
    name("202a", "U+202A", "a\u202ab".encode())
    name("202e", "U+202E: writes backwards", "web\u202egpj".encode())
    name("2066", "U+2066", "\u2066a".encode())
    name("2069", "U+2069", "a\u2069".encode())
    name("slash", "a slash", b"../web")
    name("continuation", "80 alone", b"a\x80b")
    name("truncated", "a sequence that is cut by the end", b"a\xe2\x82")
    name("overlong-2", "C0 AF: a slash in two bytes", b"..\xc0\xafweb")
    name("overlong-3", "E0 80 AF: a slash in three", b"..\xe0\x80\xafweb")
    name("overlong-4", "F0 82 82 AC", b"\xf0\x82\x82\xac")
    name("surrogate", "U+D800", b"\xed\xa0\x80")
    name("surrogates", "U+1F600 as two surrogates",
         b"\xed\xa0\xbd\xed\xb8\x80")
    name("beyond", "U+110000", b"\xf4\x90\x80\x80")
    name("f8", "five bytes", b"\xf8\x88\x80\x80\x80")
    name("latin-1", "not UTF-8", b"caf\xe9")
    name("second", "a start byte where a continuation must be",
         b"\xe2\xe2\x82\xac")


def declare_entries():
    vec(25, "info-16385", "info of 16,385 bytes",
        records=[other(payload=b"", name=b"n", entry=lambda e: e[:-4]
                       + u32(16385) + bytes(16385))])
    vec(25, "revision-0", "revision 0", records=[Record(revision=0)])
    vec(25, "info-16384", "the largest info", expect="ok",
        records=[Record(info=key_record(Rand("info"), "", comment=b"c" * (
            16384 - len(key_record(Rand("info"), "", comment=b"")[0])))[0],
            payload=key_record(Rand("info"), "")[1])])
    vec(25, "revision-largest", "revision 2^64 - 1", expect="ok",
        records=[Record(revision=(1 << 64) - 1)])

    def sizes(what, comment, alone=True, payload=b"", **hooks):
        vec(26, what, comment, alone=alone, records=[other(
            name=b"n", payload=payload, **hooks)])
    sizes("unaligned", "a record of 625 bytes, all else right",
          payload=b"x", padded=plus(b"\0"))
    sizes("623", "a record of 623 bytes, all else right", padded=cut(1))
    sizes("112", "a record without a payload", alone=False,
          padded=const(b""))
    sizes("66160", "a record of 66,160 bytes, all else right",
          payload=bytes(65536))
    sizes("0", "a record of 0 bytes", alone=False, record=const(b""))
    sizes("huge", "2^32 - 400 bytes", alone=False,
          length=const((1 << 32) - 400))
    sizes("more", "length a step more than the record", length=plus(512))
    sizes("less", "length a step less than the record", payload=bytes(600),
          alone=False, length=plus(-512))
    vec(26, "rest", "512 bytes after the last record, length is right",
        make=lambda name: rest(name, [Record()], 512))
    vec(26, "rest-no-records", "a record's length, and no record",
        make=lambda name: rest(name, [], 624))
    vec(26, "rest-1", "a byte after the last record, length is right",
        make=lambda name: rest(name, [Record()], 1))
    vec(26, "gone", "the last of two records is not there", alone=False,
        records=[Record(name=b"a"), Record(name=b"b", record=const(b""),
                                           length=const(624))])


def rest(name, records, n):
    return Vault(name, records=records).build(records=plus(bytes(n)))


# Chapter 7.  The second record is whole, and must be readable.


def declare_records():
    def broken(rule, what, comment, alone=False, **hooks):
        vec(rule, what, comment, alone=alone, records=[
            Record(**hooks), Record(name=b"whole")])

    broken(27, "digest", "a wrong digest", alone=True, digest=flip())
    broken(27, "digest-last-bit", "its last bit", alone=True,
           digest=flip(31, 7))
    for at, what in ((0, "first nonce"), (30, "sealed key"),
                     (75, "second nonce"), (100, "payload"), (-1, "tag")):
        vec(27, "bit-%s" % what.replace(" ", "-"),
            "a bit of the %s turned" % what, alone=False,
            make=lambda name, at=at: later(name, flip(at % 624)))
    vec(27, "zeros", "the record is zeros", alone=False,
        make=lambda name: later(name, splice(0, bytes(624))))
    vec(27, "older", "the same record, one revision older", alone=False,
        make=lambda name: Vault(name, records=two(revision=2)).build(
            records=splice(0, Vault(name, records=two()).build().vault
                           .records[0].bytes)))
    vec(27, "swapped", "two records in each other's place", alone=False,
        make=lambda name: later(name, lambda r: r[624:] + r[:624]))
    vec(27, "copied", "the second record twice", alone=False,
        make=lambda name: later(name, lambda r: r[624:] * 2))

    for ad, at, seal in (("ad1", KEY1, "key"), ("ad2", DATA, "payload")):
        for what, off in (("vault", 0), ("id", 16), ("type", 32),
                          ("revision", 34)):
            broken(28, "%s-%s" % (seal, what),
                   "%s sealed for another %s" % (seal, what),
                   **{ad: flip(at + off)})
    broken(28, "label-key", "key sealed under the payload's label",
           ad1=lambda ad: b"pemkeep/v1/record" + ad[KEY1:])
    broken(28, "label-payload", "payload sealed under the key's label",
           ad2=lambda ad: b"pemkeep/v1/record-key" + ad[DATA:])
    broken(28, "record-key", "DEK sealed with another key", key1=flip())
    broken(28, "dek", "payload sealed with another DEK", key2=flip())
    broken(28, "first-nonce", "the first nonce, digest adjusted",
           sealed1=flip(0))
    broken(28, "second-nonce", "the second nonce, digest adjusted",
           sealed2=flip(0))
    broken(28, "first-tag", "tag of the DEK, digest adjusted",
           sealed1=flip(-1))
    broken(28, "second-tag", "tag of the payload, digest adjusted",
           sealed2=flip(-1))
    broken(28, "padding-none", "no padding mark",
           padded=lambda p: p.rstrip(b"\0")[:-1].ljust(512, b"\0"))
    broken(28, "padding-mark", "01 as padding mark",
           padded=lambda p: (p.rstrip(b"\0")[:-1] + b"\1").ljust(512, b"\0"))
    broken(28, "padding-dirty", "a byte after the padding mark",
           padded=lambda p: p[:-1] + b"\1")
    broken(28, "padding-step", "a step too much: no mark in the last one",
           padded=plus(bytes(512)))
    broken(28, "padding-zeros", "nothing but zeros",
           padded=const(bytes(512)))
    vec(28, "other-slot", "two records swapped, digests adjusted",
        alone=False, make=other_slot)
    vec(28, "other-vault", "a record of another vault, digest adjusted",
        alone=False, make=other_vault)


def two(**first):
    return [Record(**first), Record(name=b"whole")]


def later(name, fn):
    """Records changed after the index was made; length stays."""
    return Vault(name, records=two()).build(records=fn)


def other_slot(name):
    a, b = Vault(name, records=two()).build().vault.records
    return Vault(name, records=[
        Record(record=const(b.bytes)),
        Record(name=b"whole", record=const(a.bytes))]).build()


def other_vault(name):
    stolen = Vault(name + "'", records=two()).build().vault.records[0]
    return Vault(name, records=two(id=stolen.id, record=const(
        stolen.bytes))).build()


# Chapter 8.


def declare_record1():
    rand = Rand("record 1")
    info, payload = key_record(rand, "")
    i, p = [list(vaultread.read_tlvs(
        vaultread.Rules(), x, range(1, 8)).items()) for x in (info, payload)]
    other_info = key_record(rand, " 2")[0]

    def key(what, verdict, comment, info=i, payload=p):
        vec("record1", what, comment, expect="ok", key=verdict, records=[
            Record(info=info if isinstance(info, bytes) else tlvs(*info),
                   payload=payload if isinstance(payload, bytes)
                   else tlvs(*payload))])

    full = i + [(4, "서버.pem".encode()), (5, b"user@host"), (7, u32(1))]
    key("plain", "good", "the required fields")
    key("full", "good", "all fields that fit this key", info=full,
        payload=p + [(2, b"-----BEGIN PRIVATE KEY-----\n")])
    key("optional", "good", "unknown optional fields",
        info=i + [(0x8000, b"?")], payload=p + [(0xffff, b"!")])
    key("encrypted-origin", "good", "format 4 + 0x100",
        info=i[:2] + [(3, u16(0x104))])
    key("other-public", "bad", "the public key of another key",
        info=other_info)
    key("public-bit", "bad", "a bit of the public key turned",
        info=change(1, flip(-1))(i))
    key("public-longer", "bad", "a byte after the public key",
        info=change(1, plus(b"\0"))(i))
    key("public-short", "bad", "the public key is cut",
        info=change(1, cut(1))(i))
    key("public-empty", "bad", "an empty public key",
        info=change(1, const(b""))(i))
    key("public-other-kind", "bad", "it says ssh-rsa", info=change(
        1, lambda v: vaultread.string(b"ssh-rsa") + v[15:])(i))
    for tag, name in ((1, "public-key"), (2, "created"), (3, "format")):
        key("no-" + name, "bad", "%s is missing" % name, info=drop(tag)(i))
    key("no-key", "bad", "key is missing", payload=b"")
    key("only-original", "bad", "original without key", payload=[(2, p[0][1])])
    key("created-short", "bad", "created of 4 bytes",
        info=change(2, cut(4))(i))
    key("created-long", "bad", "created of 9 bytes",
        info=change(2, plus(b"\0"))(i))
    key("format-1-byte", "bad", "format of 1 byte", info=change(3, cut(1))(i))
    key("source-not-utf8", "bad", "source is not UTF-8",
        info=i + [(4, b"\xff.pem")])
    key("sha1-19", "bad", "ec2-sha1 of 19 bytes", info=i + [(6, bytes(19))])
    key("flags-2-bytes", "bad", "flags of 2 bytes", info=i + [(7, u16(0))])
    key("info-unordered", "bad", "R1 in info", info=[i[1], i[0], i[2]])
    key("info-duplicate", "bad", "R1 in info", info=i + [i[2]])
    key("info-trailing", "bad", "R2 in info", info=info + b"\0")
    key("info-past-end", "bad", "R2 in info",
        info=info + u16(5) + u32(0xffffffff))
    key("info-empty", "bad", "no info", info=b"")
    key("info-newer", "newer", "R3 in info", info=i + [(8, b"")])
    key("payload-duplicate", "bad", "R1 in payload", payload=p + p)
    key("payload-trailing", "bad", "R2 in payload", payload=payload + b"\0")
    key("payload-newer", "newer", "R3 in payload", payload=p + [(3, b"")])
    key("key-empty", "bad", "an empty key", payload=[(1, b"")])
    key("key-cut", "bad", "the key is cut", payload=change(1, cut(1))(p))
    key("key-longer", "bad", "a byte after the key",
        payload=change(1, plus(b"\0"))(p))
    key("key-not-der", "bad", "not DER", payload=change(1, flip())(p))
    key("key-pem", "bad", "PEM where DER must be",
        payload=[(1, b"-----BEGIN PRIVATE KEY-----\n")])


# Chapter 9.


def declare_seen():
    line = ancestors(16)

    def seen(what, comment, generation, remembered, note=None, n=16):
        vec("seen", what, comment, expect="ok", generation=generation,
            ancestors=line[:n], seen=remembered, note=note)
    seen("newer-1", "one save newer", 20, (19, line[0]))
    seen("newer-16", "16 saves newer", 20, (4, line[15]))
    seen("newer-17", "17 saves newer: no proof", 20,
         (3, Rand("x")("mac", 32)), "fork")
    seen("newer-no-descent", "one newer, not of ours", 20,
         (19, line[0][:31] + b"\0"), "fork")
    seen("newer-no-ancestors", "newer, and no ancestors", 20, (19, line[0]),
         "fork", n=0)
    seen("fork", "the same generation, another mac", 20, (20, line[0]),
         "fork")
    seen("rollback-1", "one save older", 20, (21, line[0]), "rollback")
    seen("rollback-far", "far older", 1, ((1 << 63) - 1, line[0]),
         "rollback", n=0)
    mac = build("current", generation=20, ancestors=line).trace["mac"]
    vec("seen", "current", "the same", expect="ok", seen=(20, mac),
        raw=build("current", generation=20, ancestors=line).file)


def declare():
    declare_good()
    declare_tlv()
    declare_frame()
    declare_header()
    declare_unlock()
    declare_index()
    declare_names()
    declare_entries()
    declare_records()
    declare_record1()
    declare_seen()


def main(args):
    if args[:1] == ["--check"]:
        return 1 if check(args[1:]) else 0
    here = os.path.dirname(os.path.abspath(__file__))
    folder = args[0] if args else os.path.join(here, "..", "vectors")
    declare()
    for name, data in vectors.items():
        with open(os.path.join(folder, name + ".vec"), "wb") as f:
            f.write(data)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
