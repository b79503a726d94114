#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""A second reader of the pemkeep vault, written from vault/FORMAT.md alone.

    vaultread.py FILE PASSPHRASE          "ok SHA256", or the class of the fault
    vaultread.py --json FILE PASSPHRASE   everything in it, secrets too

It is the measure that the C library is held against, so it follows the page in
its order and has no code in common with the library.  For tests only: it takes
the passphrase as an argument and leaves secrets in memory.

The classes are ok, not-a-vault, newer-version, damaged, cost, passphrase and
no-stanza.  The rule goes to standard error; the exit status is 0 for ok, else
1.  SHA256 is over name | 00 | payload of every record, in the index's order.
"""

import hashlib
import hmac
import json
import struct
import sys

from nacl import bindings as sodium
from nacl.exceptions import CryptoError

MAGIC = b"pemkeep\n"
HEADER_MAX = 65536
FILE_MAX = 268435456
INDEX_MAX = 67108880
RECORDS_MAX = 65536
CRITICAL = 0x8000  # tags below it must be known


class VaultError(Exception):
    """Why a vault was refused: the class, the number of the rule, the words."""

    def __init__(self, cls, rule, text):
        super().__init__(text)
        self.cls = cls
        self.rule = rule


class Rules:
    """need() raises when a rule is broken.  The rules in 'without' are let
    pass: with that vectors.py proves that a vector breaks one rule only."""

    def __init__(self, without=()):
        self.without = frozenset(without)

    def need(self, rule, ok, text, cls="damaged"):
        if not ok and rule not in self.without:
            raise VaultError(cls, rule, text)


# Chapter 2: conventions.


def u16(n):
    return struct.pack("<H", n)


def u32(n):
    return struct.pack("<I", n)


def u64(n):
    return struct.pack("<Q", n)


def number(b):
    return int.from_bytes(b, "little")


def H(m):
    return hashlib.blake2b(m, digest_size=32).digest()


def MAC(k, m):
    return hashlib.blake2b(m, digest_size=32, key=k).digest()


def KDF(k, i):
    return hashlib.blake2b(
        b"", digest_size=32, key=k, salt=u64(i) + bytes(8),
        person=b"vaultk01" + bytes(8)).digest()


def SEAL(k, n, ad, m):
    return sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(m, ad, n, k)


def OPEN(k, n, ad, c):
    """The message, or None."""
    try:
        return sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(c, ad, n, k)
    except CryptoError:
        return None


def ARGON2ID(p, s, m, t):
    return sodium.crypto_pwhash_alg(
        64, p, s, t, m * 1024, sodium.crypto_pwhash_ALG_ARGON2ID13)


def UNPAD(padded, b):
    """The message, or None.  The mark must be in the last b bytes."""
    end = len(padded.rstrip(b"\0"))
    if end == 0 or padded[end - 1] != 0x80 or len(padded) - end >= b:
        return None
    return padded[:end - 1]


def read_tlvs(rules, data, known):
    """A TLV list as {tag: value}: R1 to R4."""
    fields = {}
    at = 0
    last = -1
    while at < len(data):
        if len(data) - at < 6:
            rules.need(2, False, "bytes after the last field")
            break
        tag, length = struct.unpack_from("<HI", data, at)
        at += 6
        rules.need(2, length <= len(data) - at,
                   "field %d runs over the end" % tag)
        rules.need(1, tag > last, "tag %d after tag %d" % (tag, last))
        rules.need(3, tag >= CRITICAL or tag in known,
                   "unknown tag %d" % tag, "newer-version")
        fields.setdefault(tag, data[at:at + length])
        at += length
        last = tag
    return fields


# Chapters 3 to 7.


class Entry:
    """A line of the index (chapter 6)."""

    def __init__(self, **fields):
        self.__dict__.update(fields)


class Vault:
    """Opens a vault, with all checks of chapters 3 to 6.

    'size' is the file's length when it ends in zeros that 'data' leaves out.
    'trace' holds the values on the way, by their names in FORMAT.md; of
    records, those of the last one that was read.
    """

    def __init__(self, data, passphrase, size=None, without=()):
        self.rules = Rules(without)
        self.need = self.rules.need
        self.trace = {}
        self.data = data
        self.size = len(data) if size is None else size
        self.read_frame()
        self.read_header()
        self.read_stanzas()
        self.unlock(passphrase)
        self.read_index()

    def keep(self, name, value):
        self.trace[name] = value
        return value

    # Chapter 3: the file.

    def read_frame(self):
        d = self.data
        self.need(5, d[:8] == MAGIC, "no vault", "not-a-vault")
        if len(d) >= 12:
            version = number(d[8:12])
            self.need(6, version <= 1, "version %d" % version, "newer-version")
            self.need(6, version == 1, "version 0")
        self.need(9, self.size <= FILE_MAX, "longer than any vault")
        self.need(7, self.size >= 16, "ends in the preamble")
        self.data = d = d + bytes(self.size - len(d))
        length = number(d[12:16])
        self.need(7, length <= HEADER_MAX, "header-length %d" % length)
        self.index_at = 16 + length + 64
        self.need(7, len(d) >= self.index_at, "ends before the index")
        self.preamble = d[:16]
        self.header = d[16:16 + length]
        self.sum = d[16 + length:48 + length]
        self.mac = d[48 + length:80 + length]
        self.need(8, hmac.compare_digest(
            self.sum, H(self.preamble + self.header)), "wrong sum")

    # Chapter 4: the header.

    def read_header(self):
        f = read_tlvs(self.rules, self.header, range(1, 7))
        for tag, size in ((1, 16), (2, 8), (3, None), (4, 8), (5, 60),
                          (6, None)):
            self.need(10, tag in f, "header field %d is missing" % tag)
            self.need(10, size in (None, len(f.get(tag, b""))),
                      "header field %d has %d bytes" % (tag,
                                                        len(f.get(tag, b""))))
        self.vault_id = self.keep("vault-id", f.get(1, b""))
        self.generation = number(f.get(2, b""))
        self.need(11, 1 <= self.generation < 1 << 63,
                  "generation %d" % self.generation)
        self.read_ancestors(f.get(3, b""))
        length = number(f.get(4, b""))
        self.need(13, length == len(self.data),
                  "length %d, but the file has %d" % (length, len(self.data)))
        self.read_index_field(f.get(5, b"").ljust(60, b"\0"))
        self.stanza_list = f.get(6, b"")
        self.optional = {t: v for t, v in f.items() if t >= CRITICAL}

    def read_ancestors(self, value):
        self.need(12, len(value) % 32 == 0, "part of an ancestor")
        self.ancestors = [value[i:i + 32] for i in range(0, len(value), 32)]
        self.need(12, len(self.ancestors) <= 16, "more than 16 ancestors")
        self.need(12, len(self.ancestors) < self.generation,
                  "%d ancestors at generation %d"
                  % (len(self.ancestors), self.generation))

    def read_index_field(self, value):
        self.index_nonce = value[:24]
        self.index_length = number(value[24:28])
        self.index_hash = value[28:60]
        n = self.index_length
        self.need(14, 4112 <= n <= INDEX_MAX, "index of %d bytes" % n)
        self.need(14, (n - 16) % 4096 == 0, "index of %d bytes" % n)
        self.need(14, n <= len(self.data) - self.index_at,
                  "the index runs over the end of the file")

    # Chapter 5: unlocking.

    def read_stanzas(self):
        v = self.stanza_list
        self.stanzas = []
        at = 0
        while at < len(v):
            if len(v) - at < 4:
                self.need(15, False, "bytes after the last stanza")
                break
            kind, length = struct.unpack_from("<HH", v, at)
            at += 4
            self.need(15, length <= len(v) - at, "a stanza runs over the end")
            self.stanzas.append((kind, v[at:at + length]))
            at += length
        count = len(self.stanzas)
        self.need(15, 1 <= count <= 64, "%d stanzas" % count)
        mine = [body for kind, body in self.stanzas if kind == 1]
        self.need(15, len(mine) <= 1, "%d passphrase stanzas" % len(mine))
        self.need(0, mine, "no passphrase stanza", "no-stanza")
        self.check_stanza(mine[0])

    def check_stanza(self, body):
        self.need(16, len(body) == 130, "stanza of %d bytes" % len(body))
        kdf, lanes, self.passes, self.memory = struct.unpack_from("<BBII", body)
        self.need(16, kdf == 1, "kdf %d" % kdf)
        self.need(16, lanes == 1, "%d lanes" % lanes)
        self.need(17, 1 <= self.passes <= 10, "%d passes" % self.passes, "cost")
        self.need(17, 8 <= self.memory <= 1048576, "%d KiB" % self.memory,
                  "cost")
        self.stanza = body

    def unlock(self, passphrase):
        b = self.stanza
        salt, commit, nonce, wrapped = b[10:26], b[26:58], b[58:82], b[82:130]
        both = ARGON2ID(passphrase, salt, self.memory, self.passes)
        kek = self.keep("KEK", both[:32])
        key = self.keep("COMMIT", both[32:])
        right = MAC(key, b"pemkeep/v1/commit" + self.vault_id)
        self.need(18, hmac.compare_digest(commit, right), "wrong passphrase",
                  "passphrase")
        ad = self.keep("ad", b"pemkeep/v1/vault-key" + self.vault_id + b[:58])
        vk = OPEN(kek, nonce, ad, wrapped)
        if vk is None:
            raise VaultError("damaged", 19, "the vault key does not open")
        self.keep("VK", vk)
        self.keep("K-hdr", KDF(vk, 1))
        self.keep("K-idx", KDF(vk, 2))
        self.keep("K-rec", KDF(vk, 3))
        mac = MAC(self.trace["K-hdr"], self.preamble + self.header + self.sum)
        self.need(20, hmac.compare_digest(mac, self.mac), "wrong mac")

    # Chapter 6: the index.

    def read_index(self):
        self.records_at = self.index_at + self.index_length
        sealed = self.data[self.index_at:self.records_at]
        self.need(21, H(sealed) == self.index_hash, "another index")
        ad = self.keep("ad of the index", b"pemkeep/v1/index" + self.vault_id
                       + u64(self.generation))
        padded = OPEN(self.trace["K-idx"], self.index_nonce, ad, sealed)
        if padded is None:
            raise VaultError("damaged", 22, "the index does not open")
        plain = UNPAD(padded, 4096)
        if plain is None:
            raise VaultError("damaged", 22, "padding of the index")
        self.read_entries(self.keep("index", plain))
        self.check_entries()

    def read_entries(self, plain):
        at = 0

        def take(n, rule=22):
            nonlocal at
            if n > len(plain) - at:
                raise VaultError("damaged", rule, "the index ends too soon")
            at += n
            return plain[at - n:at]

        count = number(take(4))
        self.need(23, count <= RECORDS_MAX, "%d records" % count)
        self.entries = []
        for _ in range(count):
            e = Entry(id=take(16), revision=number(take(8)),
                      type=number(take(2)), length=number(take(4)),
                      digest=take(32))
            e.name = take(number(take(2)))
            e.info = take(number(take(4)))
            self.entries.append(e)
        self.need(22, at == len(plain), "bytes after the last entry")

    def check_entries(self):
        e = self.entries
        self.need(23, len({x.id for x in e}) == len(e), "an id twice")
        self.need(23, len({x.name for x in e}) == len(e), "a name twice")
        at = self.records_at
        for x in e:
            self.need(24, name_ok(x.name), "name %r" % x.name)
            self.need(25, len(x.info) <= 16384, "%d bytes of info"
                      % len(x.info))
            self.need(25, 1 <= x.revision < 1 << 63,
                      "revision %d" % x.revision)
            self.need(26, 624 <= x.length <= 65648
                      and (x.length - 112) % 512 == 0,
                      "record of %d bytes" % x.length)
            x.at = at
            at += x.length
        self.need(26, at == len(self.data), "records end at %d of %d"
                  % (at, len(self.data)))

    # Chapter 7: records.

    def read(self, e):
        """The payload of one record."""
        r = self.data[e.at:e.at + e.length]
        self.need(27, H(r) == e.digest, "another record")
        about = self.vault_id + e.id + u16(e.type) + u64(e.revision)
        ad1 = self.keep("ad1", b"pemkeep/v1/record-key" + about)
        ad2 = self.keep("ad2", b"pemkeep/v1/record" + about)
        dek = OPEN(self.trace["K-rec"], r[:24], ad1, r[24:72])
        if dek is None:
            raise VaultError("damaged", 28, "the record's key does not open")
        self.keep("DEK", dek)
        padded = OPEN(dek, r[72:96], ad2, r[96:])
        if padded is None:
            raise VaultError("damaged", 28, "the record does not open")
        payload = UNPAD(padded, 512)
        if payload is None:
            raise VaultError("damaged", 28, "padding of the record")
        return payload

    def read_all(self):
        """([payload or None, in order], the first error or None)."""
        payloads = []
        error = None
        for e in self.entries:
            try:
                payloads.append(self.read(e))
            except VaultError as fault:
                payloads.append(None)
                error = error or fault
        return payloads, error

    def plaintext_hash(self, payloads):
        h = hashlib.sha256()
        for e, payload in zip(self.entries, payloads):
            if payload is not None:
                h.update(e.name + b"\0" + payload)
        return h.hexdigest()

    # Chapter 9: what a machine remembers.

    def compare(self, generation, mac):
        """current, newer, rollback or fork, seen from (generation, mac)."""
        if generation == self.generation and mac == self.mac:
            return "current"
        if generation < self.generation and mac in self.ancestors:
            return "newer"
        return "rollback" if generation > self.generation else "fork"


def name_ok(name):
    """R24."""
    if not 1 <= len(name) <= 255 or name in (b".", b".."):
        return False
    try:
        text = name.decode("utf-8")  # strict: RFC 3629
    except UnicodeDecodeError:
        return False
    for c in map(ord, text):
        if (c <= 0x1f or 0x7f <= c <= 0x9f or 0x2028 <= c <= 0x202e
                or 0x2066 <= c <= 0x2069 or c == 0x2f):
            return False
    return True


# Chapter 8: record type 1.  Ed25519 only; other keys are taken as they come.

ED25519_PKCS8 = bytes.fromhex("302e020100300506032b657004220420")


def string(b):
    """RFC 4251: big-endian length, bytes."""
    return struct.pack(">I", len(b)) + b


def ed25519_public(key):
    """The public key in wire form of a PKCS#8 DER, or None if it is no
    Ed25519 key."""
    if len(key) != 48 or key[:16] != ED25519_PKCS8:
        return None
    public, _ = sodium.crypto_sign_seed_keypair(key[16:])
    return string(b"ssh-ed25519") + string(public)


def check_record1(info, payload):
    """R30: returns (info, payload) as {tag: value}, or raises VaultError."""
    rules = Rules()
    i = read_tlvs(rules, info, range(1, 8))
    p = read_tlvs(rules, payload, range(1, 3))
    for tag, size in ((2, 8), (3, 2), (6, 20), (7, 4)):
        rules.need(30, tag not in i or len(i[tag]) == size,
                   "info field %d has %d bytes" % (tag, len(i.get(tag, b""))))
    for tag in (1, 2, 3):
        rules.need(30, tag in i, "info field %d is missing" % tag)
    rules.need(30, 1 in p, "no key")
    try:
        i.get(4, b"").decode("utf-8")
    except UnicodeDecodeError:
        rules.need(30, False, "source is not UTF-8")
    if i[1].startswith(string(b"ssh-ed25519")) or ed25519_public(p[1]):
        rules.need(30, ed25519_public(p[1]) == i[1], "another public key")
    return i, p


# The command.


def open_file(path, passphrase):
    with open(path, "rb") as f:
        data = f.read(FILE_MAX + 1)
    return Vault(data, passphrase)


def dump(vault, payloads):
    hexed = {t: v.hex() for t, v in vault.trace.items()}
    records = []
    for e, payload in zip(vault.entries, payloads):
        records.append({
            "id": e.id.hex(), "revision": e.revision, "type": e.type,
            "length": e.length, "digest": e.digest.hex(),
            "name": e.name.decode(), "info": e.info.hex(),
            "payload": None if payload is None else payload.hex()})
    return json.dumps({
        "vault-id": vault.vault_id.hex(), "generation": vault.generation,
        "ancestors": [a.hex() for a in vault.ancestors],
        "length": len(vault.data), "sum": vault.sum.hex(),
        "mac": vault.mac.hex(), "passes": vault.passes,
        "memory": vault.memory,
        "stanzas": [{"type": t, "body": b.hex()} for t, b in vault.stanzas],
        "optional": {str(t): v.hex() for t, v in vault.optional.items()},
        "values": hexed, "records": records}, indent=2, ensure_ascii=False)


def main(args):
    as_json = args[:1] == ["--json"]
    args = args[1:] if as_json else args
    if len(args) != 2:
        sys.stderr.write("usage: vaultread.py [--json] FILE PASSPHRASE\n")
        return 2
    try:
        vault = open_file(args[0], args[1].encode("utf-8", "surrogateescape"))
        payloads, error = vault.read_all()
        if error is not None and not as_json:
            raise error
        print(dump(vault, payloads) if as_json
              else "ok " + vault.plaintext_hash(payloads))
        return 0 if error is None else 1
    except VaultError as e:
        print(e.cls)
        sys.stderr.write("vaultread: R%d: %s\n" % (e.rule, e))
    except OSError as e:
        sys.stderr.write("vaultread: %s\n" % e)
        return 2
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
