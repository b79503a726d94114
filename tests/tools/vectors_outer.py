# SPDX-License-Identifier: ISC
"""Vectors of FORMAT.md chapters 2 to 5: what can be judged without the vault
key.  And those that must be read."""

import vaultread
from vaultmake import (PASSPHRASE, Rand, Record, const, cut, flip, key_record,
                       plus, splice)
from vaultread import H, MAGIC, u16, u32
from vectorfile import OTHER, build, change, drop, other, swap, vec


def ancestors(n):
    rand = Rand("ancestors")
    return [rand("mac %d" % i, 32) for i in range(n)]


LONGEST = 268435456


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
            "...", "..a", ". ", "-rf")])
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
        Record(name=b"key %d" % i, type=OTHER, info=b"i" * 3000)
        for i in range(3)])
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
        header=cut(1), besides="the stanza is cut")
    vec(2, "length-huge", "a field of 2^32 - 1 bytes",
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
        vec(5, what, comment, raw=raw, expect="not-a-vault",
            besides="nothing of it is a vault")

    good = build("frame").file
    no("empty", "an empty file", b"")
    no("1-byte", "one byte", b"p")
    no("7-bytes", "the magic, cut", MAGIC[:7])
    no("other-file", "a PEM file",
       b"-----BEGIN OPENSSH PRIVATE KEY-----\n" + b"A" * 70 + b"\n")
    no("zeros", "a file of zeros", bytes(8192))
    vec(5, "crlf", "the line feed became CR LF", expect="not-a-vault",
        file=lambda f: f.replace(b"\n", b"\r\n"),
        besides="all behind the first line feed has moved")
    vec(5, "lf-to-cr", "the line feed became CR", expect="not-a-vault",
        preamble=splice(7, b"\r"))
    vec(5, "upper-case", "Pemkeep", expect="not-a-vault",
        preamble=splice(0, b"P"))

    vec(6, "version-2", "version 2, all else right", version=2,
        expect="newer-version")
    vec(6, "version-largest", "version 2^32 - 1", version=0xffffffff,
        expect="newer-version")
    vec(6, "version-first", "version 2, and nothing after it",
        expect="newer-version", raw=MAGIC + u32(2),
        besides="it ends there")
    vec(6, "version-before-sum", "version 2 and a file of another form",
        expect="newer-version", raw=MAGIC + u32(2) + b"\xff" * 600,
        besides="what follows is no version 1")
    vec(6, "version-0", "version 0, all else right", version=0)
    vec(6, "version-big-endian", "version 1, the other way round",
        expect="newer-version", preamble=splice(8, b"\0\0\0\1"))
    vec(6, "version-too-long", "version 2, and longer than version 1 may be",
        expect="newer-version", version=2, size=LONGEST + 1,
        besides="R9: it comes later")

    def ends(n, comment):
        vec(7, "ends-at-%d" % n, comment, raw=good[:n],
            besides="what is not there cannot be right")
    ends(8, "ends after the magic")
    ends(12, "ends after the version")
    ends(15, "15 bytes: ends in the preamble")
    ends(16, "ends after the preamble")
    ends(100, "ends in the header")
    ends(278, "ends after the header")
    ends(309, "ends in the sum")
    ends(341, "ends in the mac")
    vec(7, "length-huge", "header-length 2^32 - 1",
        header_length=const(0xffffffff),
        besides="there is no sum at that place")
    vec(7, "length-65537", "a header of 65,537 bytes, all else right",
        optional=[(0x8000, bytes(65537 - 262 - 6))])
    vec(7, "length-65536", "the longest header", expect="ok",
        optional=[(0x8000, bytes(65536 - 262 - 6))])
    vec(7, "length-past-end", "header-length is more than the file",
        header_length=const(60000), besides="there is no sum at that place")

    vec(8, "sum", "a bit of the sum turned; the mac is over that",
        sum=flip(31, 7))
    vec(8, "salt", "a bit of the salt turned: not a wrong passphrase",
        file=flip(158), besides="the commit does not fit the salt")
    vec(8, "generation", "a bit of the generation turned",
        file=flip(44, 3), besides="R20: the mac is old, too")
    vec(8, "tag", "the last field's tag became unknown",
        file=flip(139, 4), besides="R3: the tag is unknown")
    vec(8, "memory", "a bit of the memory turned: beyond the cap",
        file=flip(157, 6), besides="R17")
    vec(8, "header-length-more", "header-length one too much, the sum is old",
        file=splice(12, u32(263)), besides="R2: a byte is left over")
    vec(8, "header-length-less", "header-length one too little",
        file=splice(12, u32(261)), besides="R2: a byte is missing")
    vec(8, "header-length-0", "header-length 0, the rest as it was",
        file=splice(12, u32(0)), besides="R10: no field is there")
    vec(8, "without-preamble", "the sum is over the header only",
        sum=lambda _: H(b""))

    vec(9, "too-long", "longer than 268,435,456 bytes", size=LONGEST + 1,
        length=const(LONGEST + 1),
        besides="R26: it takes 4,089 records to fill such a file")
    vec(9, "too-long-appended", "a good vault, and zeros behind it",
        size=LONGEST + 1, besides="R13")


# Chapter 4.


def declare_header():
    names = {1: "vault-id", 2: "generation", 3: "ancestors", 4: "length",
             5: "index", 6: "stanzas"}
    for tag, name in names.items():
        vec(10, "no-" + name, "tag %d is missing" % tag, tlvs=drop(tag),
            besides=None if tag == 3 else "nothing good can stand for it")
    vec(10, "empty", "header-length 0 and a right sum", tlvs=const([]),
        besides="nothing good can stand for the fields")
    for tag, n in ((1, 16), (2, 8), (4, 8), (5, 60)):
        # As numbers, 2 and 4 stay the same, and of 5 the rest is not read.
        another = "another value"
        vec(10, names[tag] + "-short", "%d bytes" % (n - 1),
            tlvs=change(tag, cut(1)),
            besides=another if tag in (1, 5) else None)
        vec(10, names[tag] + "-long", "%d bytes" % (n + 1),
            tlvs=change(tag, plus(b"\0")),
            besides=another if tag == 1 else None)
        vec(10, names[tag] + "-empty", "no bytes",
            tlvs=change(tag, const(b"")), besides=another)

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
        ancestors=[bytes(32)] * 16 * 127)
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
        vec(13, "cut-%d" % n, "truncated: %s is gone" % where, file=cut(n),
            besides="R26: so does the index")
    vec(13, "cut-index", "truncated in the index",
        file=lambda f: f[:342 + 4111], besides="R14: so does the index")
    vec(13, "cut-no-index", "truncated after the mac",
        file=lambda f: f[:342], besides="R14: so does the index")
    vec(13, "appended-to-the-cap", "zeros behind it, up to the longest file",
        size=LONGEST, also={26})

    def index(what, comment, n):
        vec(14, what, comment, index_length=n,
            besides="R21: another piece of the file")
    index("0", "an index of 0 bytes", const(0))
    index("16", "an index of 16 bytes: no block", const(16))
    index("4111", "an index of 4,111 bytes", const(4111))
    index("4113", "an index of 4,113 bytes", const(4113))
    index("4096", "an index without its tag", const(4096))
    index("past-end", "an index longer than the file", plus(4096))
    index("largest", "an index of 2^32 - 1 bytes", const(0xffffffff))
    index("cap", "the largest index, in a small file", const(67108880))
    vec(14, "beyond-cap", "an index of 67,112,976 bytes, inside the file",
        index_length=const(67112976), records=[],
        length=lambda short: short - 4112 + 67112976,
        size=16 + 262 + 64 + 67112976, besides="R21: it is zeros")
    vec(14, "odd", "an index padded to 4,196 bytes, all else right",
        index_padded=plus(bytes(100)))
    vec(14, "half-block", "an index padded to 2,048 bytes",
        index_padded=cut(2048))


# Chapter 5.


def declare_unlock():
    vec(15, "none", "no stanza", tlvs=change(6, const(b"")),
        besides="nothing to unlock it with")
    vec(15, "65", "65 stanzas", after=[(9, b"")] * 64)
    vec(15, "16000", "as many stanzas as a header can hold",
        after=[(0, b"")] * 16000)
    vec(15, "two", "two passphrase stanzas, the same",
        stanzas=lambda s: s + s)
    vec(15, "two-apart", "two passphrase stanzas, the first is right",
        after=[(3, b"x"), (1, bytes([1, 1]) + u32(1) + u32(8) + bytes(120))])
    for n in (1, 3):
        vec(15, "trailing-%d" % n, "%d bytes after the last stanza" % n,
            stanzas=plus(b"\0" * n))
    vec(15, "past-end", "a stanza longer than what is left",
        stanzas=plus(u16(9) + u16(1)))
    vec(15, "past-end-far", "a stanza of 65,535 bytes",
        stanzas=lambda s: u16(9) + u16(0xffff) + s,
        besides="the passphrase stanza is in it")
    locked = "no rule is broken, but we have no key"
    vec(15, "no-passphrase", "other stanzas only", expect="no-stanza",
        stanzas=const(u16(2) + u16(4) + b"x255" + u16(4) + u16(0)),
        besides=locked)
    vec(15, "no-passphrase-64", "64 other stanzas", expect="no-stanza",
        stanzas=const((u16(9) + u16(0)) * 64), besides=locked)
    vec(15, "unknown-around", "unknown stanzas before and after",
        expect="ok", before=[(2, b"x" * 80), (0, b"")],
        after=[(0xffff, b"y"), (9, b"z" * 300), (9, b"z" * 300)])
    vec(15, "64", "64 stanzas, the passphrase stanza last", expect="ok",
        before=[(9, b"")] * 63)

    vec(16, "129-bytes", "a body of 129 bytes", body=cut(1),
        besides="wrapped is cut")
    vec(16, "131-bytes", "a body of 131 bytes", body=plus(b"\0"))
    vec(16, "empty", "a body of 0 bytes", body=const(b""),
        besides="nothing to unlock it with")
    vec(16, "long", "a body of 10,000 bytes: ciphertext for many keys",
        body=plus(bytes(9870)))
    vec(16, "kdf-0", "kdf 0", kdf=0)
    vec(16, "kdf-2", "kdf 2", kdf=2)
    vec(16, "lanes-0", "no lane", lanes=0)
    vec(16, "lanes-2", "two lanes", lanes=2)

    def cost(what, comment, memory=8, passes=1, **how):
        vec(17, what, comment, expect="cost", memory=memory, passes=passes,
            cost=const((8, 1)), besides="really hashed at 8 KiB and 1 pass",
            **how)
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
    wrong("passphrase", "another passphrase", passphrase=b"correct house",
          besides="wrapped does not open")
    wrong("passphrase-longer", "a space too many",
          passphrase=PASSPHRASE + b" ", besides="wrapped does not open")
    wrong("commit", "a wrong commit; the vault key is wrapped with it",
          commit=flip())
    wrong("commit-last-bit", "the commit's last bit", commit=flip(31, 7))
    wrong("salt", "another salt, sum and mac right", body=flip(10),
          besides="wrapped does not open")
    wrong("vault-id", "the id of another vault, sum and mac right",
          tlvs=change(1, flip()), besides="wrapped does not open")
    wrong("two-keys", "commit of another hash, but wrapped opens: only one "
          "passphrase can have a commit", COMMIT=flip())

    def bad_wrap(what, comment, **how):
        vec(19, what, comment, besides="without VK nothing can go on", **how)
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
        make=lambda seed: stale(seed, lambda t: vaultread.MAC(
            t["K-hdr"], t["preamble"] + t["header"])))
    vec(20, "unkeyed", "a hash in place of the mac",
        make=lambda seed: stale(seed, lambda t: H(
            t["preamble"] + t["header"] + t["sum"])))
    vec(20, "forged", "a field added by somebody without the key: "
        "the sum is new, the mac is old", make=forged)
    vec(20, "vault-key", "wrapped is another vault key, rightly sealed",
        besides="without the right VK nothing fits", make=other_key)


def stale(seed, fn):
    """A vault whose mac is something else made from the right values."""
    right = build(seed).trace
    return build(seed, mac=const(fn(right)))


def forged(seed):
    """The index follows the header here, as its length does."""
    old = build(seed, length=plus(6)).trace["mac"]
    return build(seed, optional=[(0x8000, b"")], mac=const(old))


def other_key(seed):
    return build(seed, wrapped=const(
        build(seed, VK=flip()).trace["wrapped"]))


def declare():
    declare_good()
    declare_tlv()
    declare_frame()
    declare_header()
    declare_unlock()
