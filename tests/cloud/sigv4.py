# SPDX-License-Identifier: ISC
"""Signature Version 4, the verifying side, written from AWS's description.

It is strict where AWS is: host, the date and every x-amz-* header that came
must be signed, the scope must be of that day, and a key that came with a
session token is good with this token only.
"""

import calendar
import hashlib
import hmac
import re
import time

from .errors import Refused

WINDOW = 300
AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256\s+Credential=([^,\s]+)\s*,\s*"
    r"SignedHeaders=([^,\s]+)\s*,\s*Signature=([0-9a-f]{64})")
PLAIN = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                  b"0123456789-._~")


def quote(data, keep=b""):
    return "".join(chr(c) if c in PLAIN or c in keep else "%%%02X" % c
                   for c in data)


def unquote(text):
    return re.sub(rb"%([0-9A-Fa-f]{2})", lambda m: bytes([int(m[1], 16)]),
                  text.encode("latin-1"))


def canonical_query(query):
    pairs = []
    for part in query.split("&") if query else []:
        name, _, value = part.partition("=")
        pairs.append((quote(unquote(name)), quote(unquote(value))))
    return "&".join("%s=%s" % pair for pair in sorted(pairs))


def canonical_headers(headers, signed):
    lines = []
    for name in signed:
        values = [re.sub(" +", " ", value.strip())
                  for key, value in headers if key == name]
        if not values:
            raise Refused("mismatch")
        lines.append("%s:%s\n" % (name, ",".join(values)))
    return "".join(lines)


def iso(seconds):
    return time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(seconds))


def signing_key(secret, scope):
    key = b"AWS4" + secret.encode()
    for part in scope:
        key = hmac.digest(key, part.encode(), "sha256")
    return key


def signature(request, signed, stamp, scope, secret):
    canonical = "\n".join([
        request.method,
        quote(request.path.encode("latin-1"), b"/") or "/",
        canonical_query(request.query),
        canonical_headers(request.headers, signed),
        ";".join(signed),
        hashlib.sha256(request.body).hexdigest()])
    text = "\n".join([
        "AWS4-HMAC-SHA256", stamp, "/".join(scope),
        hashlib.sha256(canonical.encode("latin-1")).hexdigest()])
    return hmac.digest(signing_key(secret, scope), text.encode(),
                       "sha256").hex()


def check_headers(request, signed):
    """Everything that must be signed is."""
    names = {name for name, _ in request.headers}
    for name in sorted(names | {"host"}):
        if (name == "host" or name.startswith("x-amz-")) and \
                name not in signed:
            raise Refused("unsigned", "'%s' must be a 'SignedHeader' in the "
                          "AWS Authorization." % name)
    if signed != sorted(set(signed)):
        raise Refused("mismatch")
    digest = request.header("x-amz-content-sha256")
    if digest and digest != hashlib.sha256(request.body).hexdigest():
        raise Refused("mismatch")


def check_time(stamp, now):
    try:
        when = calendar.timegm(time.strptime(stamp, "%Y%m%dT%H%M%SZ"))
    except ValueError:
        raise Refused("malformed", "Date must be in ISO-8601 'basic format'. "
                      "Got '%s'." % stamp) from None
    if when < now - WINDOW:
        raise Refused("skew", "Signature expired: %s is now earlier than %s "
                      "(%s - 5 min.)" % (stamp, iso(now - WINDOW), iso(now)))
    if when > now + WINDOW:
        raise Refused("skew", "Signature not yet current: %s is still later "
                      "than %s (%s + 5 min.)" %
                      (stamp, iso(now + WINDOW), iso(now)))


def check_token(request, key, now):
    token = request.header("x-amz-security-token")
    if (token or None) != key.token:
        raise Refused("token")
    if key.expires is not None and key.expires <= now:
        raise Refused("expired")


def claim(request):
    """What the request says it is signed for, not proven: (key id, scope),
    or None when it is not signed."""
    match = AUTHORIZATION.fullmatch(request.header("authorization") or "")
    parts = match[1].split("/") if match else []
    return (parts[0], parts[1:]) if len(parts) == 5 else None


def verify(request, keys, now):
    """The access key that signed the request; Refused when none did."""
    text = request.header("authorization")
    if not text:
        raise Refused("missing")
    match = AUTHORIZATION.fullmatch(text)
    claimed = claim(request)
    if not match or not claimed or claimed[1][3] != "aws4_request":
        raise Refused("malformed", "Authorization header requires "
                      "'Credential', 'SignedHeaders' and 'Signature'.")
    key_id, scope = claimed
    signed = match[2].split(";")
    check_headers(request, signed)
    stamp = request.header("x-amz-date") or ""
    if stamp[:8] != scope[0]:
        raise Refused("scope", "Date in Credential scope does not match "
                      "YYYYMMDD from ISO-8601 version of date from HTTP: "
                      "'%s' != '%s'." % (scope[0], stamp[:8]))
    key = keys.get(key_id)
    if not key:
        raise Refused("unknown")
    check_time(stamp, now)
    good = signature(request, signed, stamp, scope, key.secret)
    if not hmac.compare_digest(good, match[3]):
        raise Refused("mismatch")
    check_token(request, key, now)
    return key
