# SPDX-License-Identifier: ISC
"""Vectors: declaring, packing, reading.  What there is, and why, is in
vectors_outer.py and vectors_inner.py; vectors.py writes and checks them.

A vector is text lines "name: value", an empty line, and a body:

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
    seen        generation and mac which this machine remembers (chapter 9)
    note        rollback or fork: what opening then says
    key         good, bad or newer: what R30 says of the (only) record
    parts       how the vault is put together; without it, the body is the
                vault.  Words NAME:N, one after the other: "body", the body's
                next N bytes; "zeros", N of these; else the last N bytes of the
                vector NAME.vec beside this one, which has no parts itself.

The parts keep the vectors small: an index has 4,112 bytes at least, and many
vectors differ in the header only.  That is why all of them are made with one
seed.  'vectors.py --body FILE' prints the vault.
"""

import hashlib
import os
import re

import vaultread
from vaultmake import PASSPHRASE, Record, Vault

SEED = "vector"
GROUP = 30          # numbers per rule
ZEROS = re.compile(b"\0{512,}")

vectors = {}        # name: the file
tails = {}          # index and records: the first vector that has them
counts = {}


def vec(rule, what, comment, expect="damaged", besides=None, also=(), raw=None,
        make=None, passphrase=PASSPHRASE, size=None, seen=None, note=None,
        key=None, **how):
    """Declare a vector.  'rule' is a number; 0 for none, "seen" for chapter 9,
    "record1" for chapter 8.  The file is 'raw', or make(SEED).file, or built
    from 'how': arguments of Vault and hooks of build(); 'size' fills it up with
    zeros.  It must break 'rule' and nothing else, but for 'also', rules that
    cannot stay whole, or 'besides', words that say what else is wrong with it
    and has to be."""
    name, number = names(rule, what)
    built = None
    if raw is None:
        built = make(SEED) if make is not None else build(SEED, **how)
        raw = built.file
    lines = {"expect": expect, "rule": "R%d" % number if number else None,
             "comment": comment, "passphrase": passphrase.decode(),
             "note": note, "key": key}
    if seen is not None:
        lines["seen"] = "%d %s" % (seen[0], seen[1].hex())
    result = read(raw, lines, size)
    lines["plaintext"] = result["plaintext"]
    if expect == "ok" and built is not None:
        lines["plaintext"] = plaintext_hash(built.vault.records)
    for wrong in differences(lines, result):
        raise SystemExit("%s: %s" % (name, wrong))
    if expect != "ok":
        prove(name, raw, lines, size, {number, *also}, besides)
    if name in vectors:
        raise SystemExit("%s: twice" % name)
    lines["parts"], body = pack(raw, size)
    if built is not None and lines["parts"] is None:
        tails.setdefault(built.trace["index-sealed"]
                         + built.trace["records"], name)
    text = "".join("%s: %s\n" % (k, v) for k, v in lines.items()
                   if v is not None)
    vectors[name] = text.encode() + b"\n" + body


def names(rule, what):
    if rule == "record1":
        return "record1-%s" % what, 30
    if rule == "seen":
        return "%03d-seen-%s" % (GROUP * 31 + count(rule), what), 0
    return "%03d-r%02d-%s" % (GROUP * rule + count(rule), rule, what), rule


def count(rule):
    counts[rule] = counts.get(rule, -1) + 1
    if counts[rule] >= GROUP:
        raise SystemExit("rule %s: no number left" % rule)
    return counts[rule]


def prove(name, raw, lines, size, without, besides):
    """The file is good if its rule did not exist; or, where something is said
    to be wrong besides, it is not."""
    if 17 in without and besides:
        return          # without R17 this would hash for hours
    try:
        result = read(raw, lines, size, without)
    except Exception:   # the reader relies on its rules
        result = {"expect": "another fault", "rule": "another rule"}
    if (result["expect"] == "ok") == bool(besides):
        raise SystemExit("%s: breaks %s" % (
            name, "nothing besides" if besides else result["rule"]))


def plaintext_hash(records):
    """What the writer put in, not what the reader found."""
    return hashlib.sha256(b"".join(
        r.name + b"\0" + r.payload for r in records)).hexdigest()


def build(seed, **how):
    own = {k: how.pop(k) for k in (
        "records", "generation", "ancestors", "memory", "passes", "kdf",
        "lanes", "version", "before", "after", "optional") if k in how}
    own.setdefault("records", [Record()])
    passphrase = how.pop("made_with", PASSPHRASE)
    return Vault(seed, passphrase=passphrase, **own).build(**how)


# The form of the file.


def pack(raw, size=None):
    """(the line "parts" or None, the body)."""
    words = []
    body = b""
    tail = max((t for t in tails if raw.endswith(t)), key=len, default=b"")
    front = raw[:len(raw) - len(tail)]
    at = 0
    for run in [m.span() for m in ZEROS.finditer(front)] + [(len(front),) * 2]:
        for word, n in ("body", run[0] - at), ("zeros", run[1] - run[0]):
            words += ["%s:%d" % (word, n)] * (n > 0)
        body += front[at:run[0]]
        at = run[1]
    if tail:
        words.append("%s:%d" % (tails[tail], len(tail)))
    if size is not None:
        words.append("zeros:%d" % (size - len(raw)))
    if words in ([], ["body:%d" % len(raw)]):
        return None, raw
    return " ".join(words), body


def unpack(folder, lines, body):
    """(the vault, its size when it ends in zeros that are left out)."""
    if "parts" not in lines:
        return body, None
    raw = b""
    zeros = 0
    for word in lines["parts"].split():
        name, n = word.split(":")
        n = int(n)
        if name == "zeros":
            zeros += n
            continue
        raw += bytes(zeros)
        zeros = 0
        if name == "body":
            raw += body[:n]
            body = body[n:]
        else:
            with open(os.path.join(folder, name + ".vec"), "rb") as f:
                raw += f.read()[-n:]
    return raw, len(raw) + zeros if zeros else None


def load(path):
    """(lines, vault, size or None) of a file."""
    with open(path, "rb") as f:
        head, _, body = f.read().partition(b"\n\n")
    lines = dict(line.split(": ", 1) for line in head.decode().split("\n"))
    return (lines, *unpack(os.path.dirname(path), lines, body))


# Reading them back.


def read(raw, lines, size=None, without=()):
    """The lines that vaultread.py would write into this vector's head."""
    found = {"expect": "ok", "rule": None, "plaintext": None, "note": None,
             "key": None}
    try:
        vault = vaultread.Vault(raw, lines["passphrase"].encode(), size,
                                without)
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
    if (lines["expect"] not in ("ok", "no-stanza")
            and found["rule"] != lines.get("rule")):
        yield "rule: %s, found %s" % (lines.get("rule"), found["rule"])


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


OTHER = 0x4242      # a record type that nobody knows


def other(**how):
    """A record of that type."""
    return Record(type=OTHER, info=b"", **how)
