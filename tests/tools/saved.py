#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""Vaults saved by the C library, read by vaultread.py.

    saved.py VAULTSAVE VECTOR...

Each good vector is changed, loses a record, and gets another passphrase, by
tests/tools/vaultsave.c; so does a vault with everything that a newer version
may have put into it.  What comes out is compared with what went in.  Answers in
TAP.
"""

import os
import subprocess
import sys
import tempfile

import vaultread
import vectorfile
from vaultmake import PASSPHRASE, Record, Vault
from vaultread import u64
from vectors_outer import ancestors

EFULL = -22         # enum vault_result
ESTANZA = -23
NEW_PASSPHRASE = b"battery staple"
ADDED = bytes(i & 0xff for i in range(700))


class Read:
    """A vault, and what the comparison needs of it."""

    def __init__(self, data, passphrase):
        v = self.vault = vaultread.Vault(data, passphrase)
        self.nonces = [v.index_nonce, v.stanza[58:82]]  # and DEKs
        self.salt = v.stanza[10:26]
        self.vk = v.trace["VK"]
        self.records = {}
        self.order = []
        for e in v.entries:
            e.payload = v.read(e)
            e.dek = v.trace["DEK"]
            e.bytes = v.data[e.at:e.at + e.length]
            self.nonces += [e.bytes[:24], e.bytes[72:96], e.dek]
            self.records[e.id] = e
            self.order.append(e.id)


class Test:
    """One operation on one vault; the assertions are in check_*."""

    def __init__(self, tool, name, data, passphrase):
        self.tool = tool
        self.name = name
        self.data = data
        self.passphrase = passphrase
        self.old = Read(data, passphrase)

    def run(self, operation):
        """What the library wrote, or its code."""
        with tempfile.TemporaryDirectory() as folder:
            old, new = (os.path.join(folder, n) for n in ("old", "new"))
            with open(old, "wb") as f:
                f.write(self.data)
            done = subprocess.run(
                [self.tool, operation, old, self.passphrase, new],
                stdout=subprocess.PIPE, check=False)
            if done.returncode == 1:
                return int(done.stdout)
            assert done.returncode == 0, "vaultsave: %d" % done.returncode
            with open(new, "rb") as f:
                return f.read()

    def refusal(self, operation):
        """The code with which it must be refused, or None."""
        v = self.old.vault
        if operation == "passwd" and len(v.stanzas) > 1:
            return ESTANZA
        if operation == "passwd" and any(
                e.revision == (1 << 63) - 1 for e in v.entries):
            return EFULL
        header = len(v.header) + (32 if len(v.ancestors) < 16 else 0)
        if v.generation == (1 << 63) - 1 or header > 65536:
            return EFULL
        return None

    def check(self, operation):
        """Returns the new file, or None."""
        saved = self.run(operation)
        refusal = self.refusal(operation)
        if refusal is not None or isinstance(saved, int):
            assert saved == refusal, "result %r, not %r" % (saved, refusal)
            return None
        passphrase = (NEW_PASSPHRASE if operation == "passwd"
                      else self.passphrase)
        new = Read(saved, passphrase)
        self.check_header(new)
        getattr(self, "check_" + operation)(new, saved)
        return saved

    def check_header(self, new):
        a, b = self.old.vault, new.vault
        same("vault-id", a.vault_id, b.vault_id)
        same("generation", a.generation + 1, b.generation)
        same("ancestors", ([a.mac] + a.ancestors)[:16], b.ancestors)
        same("optional fields", a.optional, b.optional)
        same("distinct nonces", len(new.nonces), len(set(new.nonces)))
        differs("index nonce", a.index_nonce, b.index_nonce)
        differs("mac", a.mac, b.mac)

    def check_same_key(self, new, gone=(), added=0):
        """What does not change when the passphrase stays."""
        a, b = self.old.vault, new.vault
        same("stanzas", a.stanzas, b.stanzas)
        same("vault key", self.old.vk, new.vk)
        kept = [i for i in self.old.order if i not in gone]
        same("order", kept, new.order[:len(kept)])
        same("count", len(kept) + added, len(new.order))
        for i in kept:
            x, y = self.old.records[i], new.records[i]
            same("record bytes", x.bytes, y.bytes)
            same("digest", x.digest, y.digest)
            same("revision", x.revision, y.revision)
            same("type", x.type, y.type)
        return kept

    def check_change(self, new, _saved):
        kept = self.check_same_key(new, added=1)
        for n, i in enumerate(kept):
            x, y = self.old.records[i], new.records[i]
            same("name", b"renamed" if n == 0 else x.name, y.name)
            same("info", b"changed" if i == kept[-1] else x.info, y.info)
        y = new.records[new.order[-1]]
        same("new record", (b"added", b"facts", 0x4243, 1, ADDED),
             (y.name, y.info, y.type, y.revision, y.payload))
        for nonce in y.bytes[:24], y.bytes[72:96], y.dek:
            assert nonce not in self.old.nonces, "a nonce came back"

    def check_remove(self, new, _saved):
        kept = self.check_same_key(new, gone=self.old.order[:1])
        for i in kept:
            x, y = self.old.records[i], new.records[i]
            same("name", x.name, y.name)
            same("info", x.info, y.info)

    def check_passwd(self, new, saved):
        v = new.vault
        same("stanzas", [1], [t for t, _ in v.stanzas])
        same("cost", (16, 2), (v.memory, v.passes))
        differs("salt", self.old.salt, new.salt)
        differs("vault key", self.old.vk, new.vk)
        same("order", self.old.order, new.order)
        assert not set(self.old.nonces) & set(new.nonces), "a nonce came back"
        for i in new.order:
            x, y = self.old.records[i], new.records[i]
            same("entry", (x.name, x.info, x.type, x.revision + 1),
                 (y.name, y.info, y.type, y.revision))
            same("payload", x.payload, y.payload)
        try:
            vaultread.Vault(saved, self.passphrase)
        except vaultread.VaultError as e:
            same("old passphrase", "passphrase", e.cls)
        else:
            raise AssertionError("the old passphrase opens it")


def same(what, wanted, found):
    assert wanted == found, "%s: %r, not %r" % (what, found, wanted)


def differs(what, a, b):
    assert a != b, "%s: the same" % what


def check_created(tool):
    """Returns the file."""
    files = []
    for memory, passes in (65536, 3), (65536, 3), (8, 1):
        with tempfile.TemporaryDirectory() as folder:
            new = os.path.join(folder, "new")
            subprocess.run([tool, "create", str(memory), str(passes),
                            "올바른 말", new], check=True)
            with open(new, "rb") as f:
                files.append(f.read())
        v = Read(files[-1], "올바른 말".encode()).vault
        same("cost", (memory, passes), (v.memory, v.passes))
        same("header", (1, [], {}, [1]), (v.generation, v.ancestors,
             v.optional, [t for t, _ in v.stanzas]))
        same("entries", [], v.entries)
        same("length", 342 + 4112, len(files[-1]))
    a, b = (Read(f, "올바른 말".encode()) for f in files[:2])
    differs("vault-id", a.vault.vault_id, b.vault.vault_id)
    differs("salt", a.salt, b.salt)
    differs("vault key", a.vk, b.vk)
    assert not set(a.nonces) & set(b.nonces), "a nonce came back"


def from_the_future(stanzas, records=3, line=16):
    """A vault with everything that we do not know."""
    return Vault("future", generation=20, ancestors=ancestors(line), records=[
        Record(name=b"web"), Record(name=b"note", type=0xffff, info=b"",
                                    payload=b"n" * 2000, revision=7),
        Record(name="열쇠".encode())][:records],
        before=[(2, b"x" * 80), (0, b"")][:stanzas],
        after=[(0xffff, b"y"), (9, b"z" * 300), (9, b"z" * 300)][:stanzas],
        optional=[(0x8000, b"first"), (0x9abc, b""),
                  (0xffff, u64(1))]).build().file


def tests(tool, paths):
    """(name, function)."""
    yield "created", lambda: check_created(tool)
    vaults = [("unknown-fields", from_the_future(0), PASSPHRASE),
              ("unknown-fields-and-stanzas", from_the_future(3), PASSPHRASE)]
    for path in paths:
        lines, raw, _ = vectorfile.load(path)
        if lines["expect"] == "ok":
            vaults.append((os.path.basename(path)[:-4], raw,
                           lines["passphrase"].encode()))
    for name, data, passphrase in vaults:
        test = Test(tool, name, data, passphrase)
        yield name + ": change", lambda t=test: t.check("change")
        yield name + ": passwd", lambda t=test: t.check("passwd")
        if test.old.order:
            yield name + ": remove", lambda t=test: t.check("remove")
    yield "generation after generation", lambda: many(tool)


def many(tool):
    """Ancestors come, and the oldest one goes; no nonce or DEK returns."""
    data = from_the_future(3, records=0, line=8)
    seen = set(Read(data, PASSPHRASE).nonces)
    for i in range(17):
        test = Test(tool, "", data, PASSPHRASE)
        data = test.check("remove" if i % 2 else "change")
        new = Read(data, PASSPHRASE)
        fresh = set(new.nonces) - set(test.old.nonces)
        assert not fresh & seen, "a nonce came back"
        same("fresh nonces", 1 if i % 2 else 4, len(fresh))
        seen |= fresh


def main(args):
    failed = 0
    n = 0
    for n, (name, test) in enumerate(tests(args[0], args[1:]), 1):
        try:
            test()
            print("ok %d - %s" % (n, name))
        except (AssertionError, vaultread.VaultError) as e:
            failed += 1
            print("not ok %d - %s\n# %s" % (n, name, e))
    print("1..%d" % n)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
