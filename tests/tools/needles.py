# SPDX-License-Identifier: ISC
"""The secret parts of key files, each in a file of its own for memscan.

needles.py FOLDER KEYFILE...: from unencrypted PKCS#1, SEC1 and OpenSSH (Ed25519)
files, the numbers themselves and a piece of the armoured text.
"""

import base64
import os
import sys


def der(data):
    """The values in the outer SEQUENCE."""
    def header(at):
        n = data[at + 1]
        if n < 128:
            return at + 2, n
        k = n & 127
        return at + 2 + k, int.from_bytes(data[at + 2:at + 2 + k], "big")
    at, _ = header(0)
    out = []
    while at < len(data):
        body, n = header(at)
        out.append(data[body:body + n].lstrip(b"\0"))
        at = body + n
    return out


def strings(data):
    out = []
    while len(data) >= 4:
        n = int.from_bytes(data[:4], "big")
        if n > len(data) - 4:
            break
        out.append(data[4:4 + n])
        data = data[4 + n:]
    return out


def parts(lines):
    data = base64.b64decode("".join(lines[1:-1]))
    if "EC PRIVATE" in lines[0]:
        return {"number": der(data)[1]}
    if "RSA" in lines[0]:
        n, e, d, p, q, dp, dq, qi = der(data)[1:9]
        return {"d": d, "p": p, "q": q, "dp": dp, "dq": dq, "qi": qi}
    private = data[data.rindex(b"ssh-ed25519") + 11:]
    return {"seed": strings(private)[1][:32]}


folder = sys.argv[1]
for name in sys.argv[2:]:
    with open(name) as f:
        lines = f.read().split("\n")
    while lines and not lines[-1]:
        lines.pop()
    found = parts(lines)
    found["text"] = lines[len(lines) // 2 + 1][:40].encode()
    for part, value in found.items():
        # The middle: the ends of a number may be cut by how it is stored.
        middle = value if len(value) < 64 else value[16:48]
        path = os.path.join(folder, os.path.basename(name) + "." + part)
        with open(path, "wb") as f:
            f.write(middle)
