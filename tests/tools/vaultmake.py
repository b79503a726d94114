# SPDX-License-Identifier: ISC
"""A writer of pemkeep vaults with control over every byte, for tests.

    record = Record(name=b"example")
    built = Vault("seed", records=[record]).build(mac=flip())
    built.file, built.trace["KEK"]

Nothing is random: every value is made of the seed and of its own name, so a
change in one place moves nothing elsewhere, and the same call gives the same
bytes for ever.

build() and Record take hooks, named after the steps below: a function that
gets the right value and returns the one to use.  All later steps are computed
from the changed value, so a hook breaks one thing and leaves a vault whose
sums, macs, digests and seals are right around it.  The hook 'file' comes last:
nothing is recomputed after it.

    record    key1 dek ad1 sealed1 key2 ad2 padded sealed2 record length digest
              entry
    vault     records count entries index-padded index-key index-ad
              index-sealed index-length index-hash
              cost commit wrap-ad wrap-key wrapped body stanzas
              length tlvs header header-length preamble sum mac-key mac file
"""

import hashlib

from vaultread import (ARGON2ID, ED25519_PKCS8, H, KDF, MAC, MAGIC, SEAL,
                       ed25519_public, u16, u32, u64)

PASSPHRASE = b"correct horse"


def PAD(m, b):
    m += b"\x80"
    return m + bytes(-len(m) % b)


def tlv(tag, value):
    return u16(tag) + u32(len(value)) + value


def tlvs(*fields):
    return b"".join(tlv(tag, value) for tag, value in fields)


def stanza(kind, body):
    return u16(kind) + u16(len(body)) + body


class Rand:
    """rand("name", n): n bytes that depend on the seed and on the name."""

    def __init__(self, seed):
        self.key = H(seed.encode())

    def __call__(self, name, n):
        out = b""
        while len(out) < n:
            out += hashlib.blake2b(u32(len(out)) + name.encode(),
                                   key=self.key).digest()
        return out[:n]


class Counted:
    """Randomness of the worked example: bytes counted up from 'first'."""

    def __init__(self, first):
        self.first = first

    def __call__(self, name, n):
        return bytes(range(self.first[name], self.first[name] + n))


# Hooks that are needed often.


def flip(at=0, bit=0):
    """Turn one bit of a byte string."""
    def hook(b):
        at_ = at % len(b)
        return b[:at_] + bytes([b[at_] ^ 1 << bit]) + b[at_ + 1:]
    return hook


def const(value):
    return lambda _: value


def plus(more):
    return lambda value: value + more


def cut(n):
    return lambda b: b[:-n]


def splice(at, new):
    """Overwrite bytes."""
    return lambda b: b[:at] + new + b[at + len(new):]


def record_ad(label, vault_id, rid, kind, revision):
    return label + vault_id + rid + u16(kind) + u64(revision)


def key_record(rand, tag, comment=None, original=None):
    """info and payload of a type 1 record with an Ed25519 test key."""
    der = ED25519_PKCS8 + rand("seed" + tag, 32)
    info = [(1, ed25519_public(der)), (2, u64(1700000000)), (3, u16(2))]
    if comment is not None:
        info.append((5, comment))
    payload = [(1, der)]
    if original is not None:
        payload.append((2, original))
    return tlvs(*info), tlvs(*payload)


class Record:
    """A record.  What is None is made up: an Ed25519 key, an id."""

    def __init__(self, name=b"example", payload=None, info=None, type=1,
                 revision=1, id=None, **hooks):
        self.name = name
        self.payload = payload
        self.info = info
        self.type = type
        self.revision = revision
        self.id = id
        self.hooks = hooks

    def settle(self, rand, i):
        """Make up what was left out."""
        tag = "" if i == 0 else " %d" % i
        info, payload = key_record(rand, tag)
        self.info = info if self.info is None else self.info
        self.payload = payload if self.payload is None else self.payload
        self.id = rand("id" + tag, 16) if self.id is None else self.id
        self.dek = rand("dek" + tag, 32)
        self.nonce1 = rand("nonce1" + tag, 24)
        self.nonce2 = rand("nonce2" + tag, 24)

    def build(self, vault_id, k_rec):
        """Chapter 7, then the entry of chapter 6."""
        def step(name, value):
            return self.hooks.get(name.replace("-", "_"),
                                  lambda v: v)(value)
        about = (vault_id, self.id, self.type, self.revision)
        dek = self.dek = step("dek", self.dek)
        sealed1 = step("sealed1", self.nonce1 + SEAL(
            step("key1", k_rec), self.nonce1,
            step("ad1", record_ad(b"pemkeep/v1/record-key", *about)), dek))
        padded = self.padded = step("padded", PAD(self.payload, 512))
        sealed2 = step("sealed2", self.nonce2 + SEAL(
            step("key2", dek), self.nonce2,
            step("ad2", record_ad(b"pemkeep/v1/record", *about)), padded))
        self.bytes = step("record", sealed1 + sealed2)
        self.length = step("length", len(self.bytes))
        self.digest = step("digest", H(self.bytes))
        self.entry = step("entry", b"".join((
            self.id, u64(self.revision), u16(self.type), u32(self.length),
            self.digest, u16(len(self.name)), self.name,
            u32(len(self.info)), self.info)))


class Built:
    """What build() returns: the file, and every value on the way."""

    def __init__(self, vault, trace):
        self.vault = vault
        self.trace = trace
        self.file = trace["file"]


class Vault:
    """A vault to be built.  'before' and 'after' are stanzas around the
    passphrase stanza; 'optional' are header fields after tag 6."""

    def __init__(self, seed, records=(), generation=1, ancestors=(),
                 memory=8, passes=1, kdf=1, lanes=1, version=1,
                 passphrase=PASSPHRASE, before=(), after=(), optional=(),
                 rand=None):
        self.rand = rand or Rand(seed)
        self.records = list(records)
        self.generation = generation
        self.ancestors = list(ancestors)
        self.memory = memory
        self.passes = passes
        self.kdf = kdf
        self.lanes = lanes
        self.version = version
        self.passphrase = passphrase
        self.before = list(before)
        self.after = list(after)
        self.optional = list(optional)

    def build(self, **hooks):
        self.hooks = hooks
        self.used = set()
        self.trace = {}
        self.vault_id = self.step("vault-id", self.rand("vault-id", 16))
        vk = self.step("VK", self.rand("vk", 32))
        self.keys = [self.step(name, KDF(vk, i)) for i, name in
                     enumerate(("K-hdr", "K-idx", "K-rec"), 1)]
        self.build_records()
        self.build_index()
        self.build_stanzas(vk)
        self.build_file()
        unused = set(hooks) - self.used
        if unused:
            raise ValueError("no such step: %s" % unused)
        return Built(self, self.trace)

    def step(self, name, value):
        hook = name.replace("-", "_")
        if hook in self.hooks:
            self.used.add(hook)
            value = self.hooks[hook](value)
        self.trace[name] = value
        return value

    def build_records(self):
        for i, record in enumerate(self.records):
            record.settle(self.rand, i)
            record.build(self.vault_id, self.keys[2])

    def build_index(self):
        self.all_records = self.step(
            "records", b"".join(r.bytes for r in self.records))
        plain = self.step("entries", u32(
            self.step("count", len(self.records)))
            + b"".join(r.entry for r in self.records))
        padded = self.step("index-padded", PAD(plain, 4096))
        self.index_nonce = self.rand("index-nonce", 24)
        self.index = self.step("index-sealed", SEAL(
            self.step("index-key", self.keys[1]), self.index_nonce,
            self.step("index-ad", b"pemkeep/v1/index" + self.vault_id
                      + u64(self.generation)), padded))

    def build_stanzas(self, vk):
        salt = self.rand("salt", 16)
        both = ARGON2ID(self.passphrase, salt,
                        *self.step("cost", (self.memory, self.passes)))
        kek = self.step("KEK", both[:32])
        commit = self.step("commit", MAC(
            self.step("COMMIT", both[32:]),
            b"pemkeep/v1/commit" + self.vault_id))
        front = bytes([self.kdf, self.lanes]) + u32(self.passes) + u32(
            self.memory) + salt + commit
        nonce = self.rand("wrap-nonce", 24)
        wrapped = self.step("wrapped", SEAL(
            self.step("wrap-key", kek), nonce,
            self.step("wrap-ad",
                      b"pemkeep/v1/vault-key" + self.vault_id + front), vk))
        body = self.step("body", front + nonce + wrapped)
        self.stanzas = self.step("stanzas", b"".join(
            stanza(*s) for s in self.before + [(1, body)] + self.after))

    def build_header(self, length):
        index = (self.index_nonce
                 + u32(self.step("index-length", len(self.index)))
                 + self.step("index-hash", H(self.index)))
        fields = self.step("tlvs", [
            (1, self.vault_id), (2, u64(self.generation)),
            (3, b"".join(self.ancestors)), (4, u64(length)), (5, index),
            (6, self.stanzas)] + self.optional)
        return self.step("header", tlvs(*fields))

    def build_file(self):
        length = (16 + len(self.build_header(0)) + 64 + len(self.index)
                  + len(self.all_records))
        header = self.build_header(self.step("length", length))
        preamble = self.step("preamble", MAGIC + u32(self.version) + u32(
            self.step("header-length", len(header))))
        total = self.step("sum", H(preamble + header))
        mac = self.step("mac", MAC(self.step("mac-key", self.keys[0]),
                                   preamble + header + total))
        self.step("file", preamble + header + total + mac + self.index
                  + self.all_records)
