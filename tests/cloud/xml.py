# SPDX-License-Identifier: ISC
"""Python values to XML: a dict is elements, a list is items, None is nothing.

Text may hold lone surrogates ("surrogateescape"): they become the bytes they
stand for, so that a tag can be invalid UTF-8.
"""

# What XML cannot hold is written as a reference all the same, as services do
# that were never told; CR would be lost otherwise.
ESCAPES = {n: "&#x%X;" % n for n in range(32) if n not in (9, 10)}
ESCAPES.update({ord("&"): "&amp;", ord("<"): "&lt;", ord(">"): "&gt;",
                ord('"'): "&quot;"})


class Raw(str):
    """Finished XML."""


def escape(text):
    return text.translate(ESCAPES)


def element(name, value):
    if value is None:
        return ""
    if isinstance(value, Raw):
        return value
    if isinstance(value, bool):
        return "<%s>%s</%s>" % (name, str(value).lower(), name)
    if isinstance(value, dict):
        inner = content(value)
    elif isinstance(value, (list, tuple)):
        inner = "".join(element("item", v) for v in value)
    else:
        inner = escape(str(value))
    if not inner:
        return "<%s/>" % name
    return "<%s>%s</%s>" % (name, inner, name)


def content(fields):
    return "".join([element(name, value) for name, value in fields.items()])


def document(root, namespace, fields):
    text = '<?xml version="1.0" encoding="UTF-8"?>\n<%s%s>%s</%s>' % (
        root, ' xmlns="%s"' % namespace if namespace else "",
        content(fields), root)
    return text.encode("utf-8", "surrogateescape")
