# SPDX-License-Identifier: ISC
"""The parameters of one call, filters, and pages.

An action names the parameters it knows, lists with N: 'Filter.N.Value.N'.
Another one is refused, as EC2 does.
"""

import base64
import re

from .errors import AwsError

FILTERS = "Filter.N.Name Filter.N.Value.N"
PAGES = "MaxResults NextToken"
TAGS = ("TagSpecification.N.ResourceType TagSpecification.N.Tag.N.Key "
        "TagSpecification.N.Tag.N.Value")


def unescape(text):
    """A form's text: '+' is a space, %XX a byte, and it is UTF-8."""
    text = text.replace("+", " ")
    if "%" not in text:
        return text
    first, *parts = text.split("%")
    out = [first.encode("utf-8", "surrogateescape")]
    for part in parts:
        if not re.match("[0-9A-Fa-f]{2}", part):
            raise AwsError("MalformedQueryString", "bad percent escape")
        out.append(bytes([int(part[:2], 16)]))
        out.append(part[2:].encode("utf-8", "surrogateescape"))
    try:
        return b"".join(out).decode("utf-8")
    except UnicodeDecodeError:
        raise AwsError("MalformedQueryString", "not UTF-8") from None


def parse_form(data):
    params = {}
    for pair in data.decode("utf-8", "surrogateescape").split("&"):
        if pair:
            name, _, value = pair.partition("=")
            name = unescape(name)
            if name in params:
                raise AwsError("MalformedQueryString",
                               "Duplicate parameter: " + name)
            params[name] = unescape(value)
    return params


class Params(dict):
    """Names as sent, values as text."""

    def check(self, known):
        known = set(known.split()) | {"Action", "Version", "DryRun"}
        for name in self:
            general = re.sub(r"\.[1-9][0-9]*(?=\.|$)", ".N", name)
            if general not in known:
                raise AwsError("UnknownParameter", "The parameter %s is not "
                               "recognized" % name)

    def need(self, name):
        if not self.get(name):
            raise AwsError("MissingParameter", "The request must contain the "
                           "parameter " + name)
        return self[name]

    def flag(self, name):
        value = self.get(name, "false")
        if value not in ("true", "false"):
            raise AwsError("InvalidParameterValue", "Value (%s) for parameter "
                           "%s is invalid. Expected: 'boolean'." %
                           (value, name))
        return value == "true"

    def number(self, name, low, high, default=None):
        value = self.get(name)
        if value is None:
            return default
        if not re.fullmatch("-?[0-9]{1,9}", value) or \
                not low <= int(value) <= high:
            raise AwsError("InvalidParameterValue", "Value ( %s ) for "
                           "parameter %s is invalid. Expecting a value "
                           "between %d and %d." % (value, name, low, high))
        return int(value)

    def list(self, prefix):
        """The texts of prefix.1, prefix.2 ..., in this order."""
        found = {}
        for name, value in self.items():
            match = re.fullmatch(re.escape(prefix) + r"\.([0-9]+)", name)
            if match:
                found[int(match[1])] = value
        return [found[n] for n in sorted(found)]

    def structs(self, prefix):
        """The Params below prefix.1, prefix.2 ..., in this order."""
        found = {}
        for name, value in self.items():
            match = re.fullmatch(re.escape(prefix) + r"\.([0-9]+)\.(.+)", name)
            if match:
                found.setdefault(int(match[1]), Params())[match[2]] = value
        return [found[n] for n in sorted(found)]

    def tags(self, kind):
        """The tags that a creating call gives to a resource of this kind."""
        tags = {}
        for spec in self.structs("TagSpecification"):
            if spec.get("ResourceType") == kind:
                for tag in spec.structs("Tag"):
                    tags[tag.get("Key", "")] = tag.get("Value", "")
        return tags


def wildcard(text):
    """EC2's filter values: * and ? are wild, a backslash makes them plain."""
    out = ""
    chars = iter(text)
    for c in chars:
        if c == "\\":
            out += re.escape(next(chars, "\\"))
        else:
            out += {"*": ".*", "?": "."}.get(c) or re.escape(c)
    return re.compile(out, re.DOTALL)


class Filters:
    """Filter.N of a call.  'known' is a table: name -> function of a thing,
    which gives a text, a list of texts, or None."""

    def __init__(self, params, known):
        self.tests = []
        values = 0
        for filter_ in params.structs("Filter"):
            name = filter_.need("Name")
            texts = filter_.list("Value")
            values += len(texts)
            if not texts:
                raise AwsError("InvalidParameterValue", "The filter '%s' has "
                               "no values" % name)
            self.tests.append((self.getter(name, known),
                               [wildcard(text) for text in texts]))
        if values > 200:
            raise AwsError("FilterLimitExceeded", "The maximum number of "
                           "filter values specified on a single call is 200")

    @staticmethod
    def getter(name, known):
        if name.startswith("tag:"):
            return lambda thing: thing.tags.get(name[4:])
        if name == "tag-key":
            return lambda thing: list(thing.tags)
        if name not in known:
            raise AwsError("InvalidParameterValue", "The filter '%s' is "
                           "invalid" % name)
        return known[name]

    def __call__(self, thing):
        for getter, patterns in self.tests:
            have = getter(thing)
            have = have if isinstance(have, list) else [have]
            if not any(pattern.fullmatch(text) for pattern in patterns
                       for text in have if text is not None):
                return False
        return True


def page(call, things, low=5, high=1000):
    """This call's part of the things, and the token of the next one."""
    size = call.params.number("MaxResults", low, high)
    token = call.params.get("NextToken")
    start = 0
    if call.paging == "loop":
        return things[:size or len(things)], "bG9vcA=="
    if token and call.paging != "endless":
        try:
            kind, _, text = base64.b64decode(token).decode().partition(":")
            start = int(text)
            if kind not in ("page", "empty"):
                raise ValueError(kind)
        except ValueError:
            raise AwsError("InvalidParameterValue", "Unable to parse "
                           "pagination token") from None
    if call.paging == "endless":
        start = int(base64.b64decode(token)[5:]) if token else 0
        return [], make_token("page", start + 1)
    if call.paging == "empty":
        return [], make_token("empty", start)
    cap = int(call.world.settings["page"])
    size = min(n for n in (size, cap or None, len(things) + 1) if n)
    end = start + size
    return things[start:end], \
        make_token("page", end) if end < len(things) else None


def make_token(kind, start):
    return base64.b64encode(b"%s:%d" % (kind.encode(), start)).decode()
