# SPDX-License-Identifier: ISC
"""Vectors of FORMAT.md chapters 6 to 9: what is behind the vault key, and what
a machine remembers."""

import vaultread
from vaultmake import (Rand, Record, Vault, const, cut, flip, key_record, plus,
                       splice, tlvs)
from vaultread import H, u16, u32
from vectorfile import SEED, build, change, drop, other, vec
from vectors_outer import ancestors

KEY1 = len(b"pemkeep/v1/record-key")    # where the vault-id is in ad1
DATA = len(b"pemkeep/v1/record")        # and in ad2


# Chapter 6.


def declare_index():
    vec(21, "hash", "a wrong hash; sum and mac are right", index_hash=flip())
    vec(21, "hash-last-bit", "its last bit", index_hash=flip(31, 7))
    vec(21, "hash-of-plain", "the hash of what is sealed",
        make=lambda seed: build(seed, index_hash=const(
            H(build(seed).trace["index-padded"]))))
    vec(21, "first-byte", "a bit of the sealed index turned",
        file=flip(342), besides="R22: nor does it open")
    vec(21, "last-byte", "a bit of its tag turned", file=flip(342 + 4111),
        besides="R22: nor does it open")
    vec(21, "spliced", "the index of another save",
        besides="R22: it is sealed for that",
        make=lambda seed: build(seed, generation=2, file=splice(
            342, build(seed, generation=1).trace["index-sealed"])))

    label = len(b"pemkeep/v1/index")

    def closed(what, comment, **how):
        vec(22, what, comment, besides="it cannot be read", **how)
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
    vec(22, "trailing-entry", "an entry more than count",
        records=[Record(name=b"a")],
        entries=lambda p: p + p[4:20] + p[20:].replace(b"a", b"b", 1))

    vec(23, "count-65537", "count 65,537 (the entries are not there)",
        count=const(65537), besides="R22: it ends too soon")
    vec(23, "count-largest", "count 2^32 - 1", count=const(0xffffffff),
        besides="R22: it ends too soon")
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
    name("second", "a start byte where a continuation must be",
         b"\xe2\xe2\x82\xac")
    name("dot", "one dot", b".")
    name("dot-dot", "two dots", b"..")


def declare_entries():
    vec(25, "info-16385", "info of 16,385 bytes",
        records=[other(payload=b"", name=b"n", entry=lambda e: e[:-4]
                       + u32(16385) + bytes(16385))])
    vec(25, "revision-0", "revision 0", records=[Record(revision=0)])
    vec(25, "info-16384", "the largest info", expect="ok",
        records=[Record(info=key_record(Rand("info"), "", comment=b"c" * (
            16384 - len(key_record(Rand("info"), "", comment=b"")[0])))[0],
            payload=key_record(Rand("info"), "")[1])])
    vec(25, "revision-largest", "revision 2^63 - 1", expect="ok",
        records=[Record(revision=(1 << 63) - 1)])
    vec(25, "revision-2-63", "revision 2^63",
        records=[Record(revision=1 << 63)])
    vec(25, "revision-2-64", "revision 2^64 - 1",
        records=[Record(revision=(1 << 64) - 1)])

    def sizes(what, comment, besides=None, payload=b"", **hooks):
        vec(26, what, comment, besides=besides, records=[other(
            name=b"n", payload=payload, **hooks)])
    sizes("unaligned", "a record of 625 bytes, all else right",
          payload=b"x", padded=plus(b"\0"))
    sizes("623", "a record of 623 bytes, all else right", padded=cut(1))
    sizes("112", "a record without a payload", "R28: no padding",
          padded=const(b""))
    sizes("66160", "a record of 66,160 bytes", "R28: it is zeros",
          record=const(bytes(66160)))
    sizes("0", "a record of 0 bytes", "R28: it is not there",
          record=const(b""))
    sizes("huge", "2^32 - 400 bytes",
          length=const((1 << 32) - 400))
    sizes("more", "length a step more than the record", length=plus(512))
    sizes("less", "length a step less than the record", payload=bytes(600),
          besides="R27: a part of it", length=plus(-512))
    vec(26, "rest", "512 bytes after the last record, length is right",
        make=lambda seed: rest(seed, [Record()], 512))
    vec(26, "rest-no-records", "a record's length, and no record",
        make=lambda seed: rest(seed, [], 624))
    vec(26, "rest-1", "a byte after the last record, length is right",
        make=lambda seed: rest(seed, [Record()], 1))
    vec(26, "gone", "the last of two records is not there",
        besides="R27: nor has it that digest", records=[
            Record(name=b"a"), Record(name=b"b", record=const(b""),
                                      length=const(624))])


def rest(seed, records, n):
    return Vault(seed, records=records).build(records=plus(bytes(n)))


# Chapter 7.  The second record is whole, and must be readable.


def declare_records():
    def broken(rule, what, comment, besides="it cannot be read", **hooks):
        vec(rule, what, comment, besides=besides, records=[
            Record(**hooks), Record(name=b"whole")])

    broken(27, "digest", "a wrong digest", None, digest=flip())
    broken(27, "digest-last-bit", "its last bit", None, digest=flip(31, 7))
    closed = "R28: nor does it open"
    for at, what in ((0, "first nonce"), (30, "sealed key"),
                     (75, "second nonce"), (100, "payload"), (-1, "tag")):
        vec(27, "bit-%s" % what.replace(" ", "-"),
            "a bit of the %s turned" % what, besides=closed,
            make=lambda seed, at=at: later(seed, flip(at % 624)))
    vec(27, "zeros", "the record is zeros", besides=closed,
        make=lambda seed: later(seed, splice(0, bytes(624))))
    vec(27, "older", "the same record, one revision older", besides=closed,
        make=lambda seed: Vault(seed, records=two(revision=2)).build(
            records=splice(0, Vault(seed, records=two()).build().vault
                           .records[0].bytes)))
    vec(27, "swapped", "two records in each other's place", besides=closed,
        make=lambda seed: later(seed, lambda r: r[624:] + r[:624]))
    vec(27, "copied", "the second record twice", besides=closed,
        make=lambda seed: later(seed, lambda r: r[624:] * 2))

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
        besides="they cannot be read", make=other_slot)
    vec(28, "other-vault", "a record of another vault, digest adjusted",
        besides="it cannot be read", make=other_vault)


def two(**first):
    return [Record(**first), Record(name=b"whole")]


def later(seed, fn):
    """Records changed after the index was made; length stays."""
    return Vault(seed, records=two()).build(records=fn)


def other_slot(seed):
    a, b = Vault(seed, records=two()).build().vault.records
    return Vault(seed, records=[
        Record(record=const(b.bytes)),
        Record(name=b"whole", record=const(a.bytes))]).build()


def other_vault(seed):
    stolen = Vault(seed + "'", records=two()).build().vault.records[0]
    return Vault(seed, records=two(id=stolen.id, record=const(
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
    mac = build(SEED, generation=20, ancestors=line).trace["mac"]
    vec("seen", "current", "the same", expect="ok", seen=(20, mac),
        raw=build(SEED, generation=20, ancestors=line).file)
    seen("newer-jump", "13 saves newer, the last of ours is its parent", 20,
         (7, line[0]))


def declare():
    declare_index()
    declare_names()
    declare_entries()
    declare_records()
    declare_record1()
    declare_seen()
