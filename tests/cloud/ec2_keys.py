# SPDX-License-Identifier: ISC
"""EC2's actions that make and remove key pairs."""

import base64
import os
import subprocess
import tempfile

from .ec2 import action, tag_set
from .errors import AwsError
from .keys import KeyPair, generate
from .params import TAGS


def new_name(call):
    name = call.params.need("KeyName")
    if len(name) > 255 or not name.isascii() or name != name.strip():
        raise AwsError("InvalidParameterValue", "Invalid key name")
    if name in call.place.key_pairs:
        raise AwsError("InvalidKeyPair.Duplicate", "The keypair already "
                       "exists")
    return name


def keep(call, pair):
    pair.tags = call.params.tags("key-pair")
    call.place.key_pairs[pair.name] = pair
    return {"keyName": pair.name, "keyFingerprint": pair.fingerprint,
            "keyPairId": pair.id, "tagSet": tag_set(pair.tags)}


@action("CreateKeyPair", TAGS, "KeyName KeyType KeyFormat")
def create_key_pair(call):
    """The private key is in this answer, and nowhere else."""
    name = new_name(call)
    kind = call.params.get("KeyType", "rsa")
    form = call.params.get("KeyFormat", "pem")
    if kind not in ("rsa", "ed25519") or form not in ("pem", "ppk"):
        raise AwsError("InvalidParameterValue", "Invalid key type or format")
    with tempfile.TemporaryDirectory(dir=call.world.folder) as folder:
        path = os.path.join(folder, "key")
        generate(path, kind)
        with open(path + ".pub", encoding="ascii") as file:
            pair = KeyPair(name, file.read(), call.world.id("key"),
                           call.world.now(), path)
        if form == "ppk":
            subprocess.run(["puttygen", path, "-O", "private", "-o",
                            path + ".ppk"], check=True, capture_output=True)
            path += ".ppk"
        with open(path, encoding="ascii") as file:
            material = file.read()
    return {**keep(call, pair), "keyMaterial": material}


@action("ImportKeyPair", TAGS, "KeyName PublicKeyMaterial")
def import_key_pair(call):
    name = new_name(call)
    try:
        line = base64.b64decode(call.params.need("PublicKeyMaterial"),
                                validate=True).decode("ascii")
    except ValueError:
        raise AwsError("InvalidKey.Format", "Key is not in valid OpenSSH "
                       "public key format") from None
    return keep(call, KeyPair(name, line, call.world.id("key"),
                              call.world.now()))


@action("DeleteKeyPair", "KeyName KeyPairId")
def delete_key_pair(call):
    """One that is not there is gone already."""
    pairs = call.place.key_pairs
    name, id_ = call.params.get("KeyName"), call.params.get("KeyPairId")
    if not name and not id_:
        call.params.need("KeyName")
    found = [p for p in pairs.values() if name == p.name or id_ == p.id]
    if not found:
        return {"return": True}
    del pairs[found[0].name]
    return {"return": True, "keyPairId": found[0].id}
