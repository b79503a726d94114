# SPDX-License-Identifier: ISC
"""Key pairs: what is in an OpenSSH public key, and EC2's fingerprints, really
computed (moto's are wrong)."""

import base64
import hashlib
import struct
import subprocess

from .errors import AwsError

SPKI_RSA = bytes.fromhex("300d06092a864886f70d0101010500")


def fields(blob):
    out = []
    while blob:
        if len(blob) < 4:
            raise ValueError("short")
        size = struct.unpack(">I", blob[:4])[0]
        if len(blob) < 4 + size:
            raise ValueError("short")
        out.append(blob[4:4 + size])
        blob = blob[4 + size:]
    return out


def der(tag, data):
    size = len(data)
    if size < 128:
        head = bytes([size])
    else:
        digits = size.to_bytes((size.bit_length() + 7) // 8, "big")
        head = bytes([0x80 | len(digits)]) + digits
    return bytes([tag]) + head + data


def spki(n, e):
    """The DER SubjectPublicKeyInfo of an RSA key; n and e as mpints."""
    rsa = der(0x30, der(2, n) + der(2, e))
    return der(0x30, SPKI_RSA + der(3, b"\0" + rsa))


def colons(digest):
    return digest.hex(":")


class KeyPair:
    """From the public key's OpenSSH line; 'private' (a file's name) when EC2
    made the pair, whose fingerprint is another one then."""

    def __init__(self, name, line, id_, created, private=None):
        self.name = name
        self.id = id_
        self.created = created
        self.tags = {}
        try:
            kind, text = line.split()[:2]
            blob = base64.b64decode(text, validate=True)
            parts = fields(blob)
            if parts[0].decode() != kind:
                raise ValueError("types differ")
        except (ValueError, IndexError):
            raise AwsError("InvalidKey.Format", "Key is not in valid OpenSSH "
                           "public key format") from None
        self.type = {"ssh-rsa": "rsa", "ssh-ed25519": "ed25519"}.get(kind)
        if not self.type:
            raise AwsError("InvalidKey.Format", "Key type is not supported")
        self.public = "%s %s %s" % (kind, text, name)
        if self.type == "ed25519":
            self.fingerprint = base64.b64encode(
                hashlib.sha256(blob).digest()).decode()
        elif private:
            done = subprocess.run(
                ["openssl", "pkcs8", "-topk8", "-nocrypt", "-outform", "DER",
                 "-in", private], check=True, capture_output=True)
            self.fingerprint = colons(hashlib.sha1(done.stdout).digest())
        else:
            self.fingerprint = colons(
                hashlib.md5(spki(parts[2], parts[1])).digest())


def generate(path, kind):
    """A new pair as EC2 makes it: PKCS#1 for RSA.  path and path.pub."""
    more = ["-t", "rsa", "-b", "2048", "-m", "PEM"] if kind == "rsa" else \
        ["-t", "ed25519"]
    subprocess.run(["ssh-keygen", "-q", "-N", "", "-C", "", "-f", path] + more,
                   check=True, stdin=subprocess.DEVNULL)
