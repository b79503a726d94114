# SPDX-License-Identifier: ISC
"""What goes wrong, on order.

A fault has a kind, a place (service, action, account, region, key: all that
are given must fit; action may hold wildcards), lets 'skip' calls pass and then
strikes 'times' (default 1; 0 is always).

Instead of acting, or with when=after once that is done:
  throttle         the service's throttling error
  error            code= message= status=
  status           status=500 (or 502, 503, 504): an error of the server
  notfound         the resource's *.NotFound (or code=)
  deny             the caller lacks this permission
  expired          the caller's keys have expired
  lose             the connection is closed without an answer
  hang             there is never an answer
  html             a proxy's page, status=
  redirect         to= (default: the thief), status=307
  body             file= type= status=
Besides, or of the answer:
  delay            seconds=
  truncate         at=N step=M: the body ends there, well formed as HTTP; M
                   further the next time
  cut              at=N step=M: the connection ends there
  replace          old= new=, every one of it
  slow             pace= seconds a byte
  huge             size= bytes (1 GiB) of good XML
  endless          XML without end
  bomb             gzip, size= bytes (1 GiB) of it
  doctype          a DOCTYPE before an answer that is good otherwise
  laughs           billion laughs
  entity           an external entity, to the thief
  attribute        one attribute of size= bytes (20 MiB)
  text             one text of size= bytes (32 MiB)
  pages-loop       the same page token again and again
  pages-endless    always one more (empty) page
  pages-empty      an empty page before the next one
"""

import time
from fnmatch import fnmatchcase

from . import hostile
from .errors import AwsError, Refused, denied, refusal
from .service import Answer

NOT_FOUND = {"Address": "InvalidAllocationID", "Group": "InvalidGroup",
             "Image": "InvalidAMIID", "KeyPair": "InvalidKeyPair",
             "Instance": "InvalidInstanceID", "Tags": "InvalidInstanceID"}
HTML = (b"<!DOCTYPE html>\n<html><head><title>Bad gateway</title></head>\n"
        b"<body><h1>Bad gateway</h1><br>\n<p>&nbsp;&copy; proxy</body>\n")


class Lost(Exception):
    """The connection ends without an answer."""


class Hang(Exception):
    """The connection stays, without an answer."""


class Fault:
    def __init__(self, kind, options):
        if kind not in INSTEAD and kind not in OF_ANSWER and \
                kind not in PAGING and kind != "delay":
            raise KeyError("no fault '%s'" % kind)
        self.kind = kind
        self.where = {name: options.pop(name) for name in
                      ("service", "action", "account", "region", "key")
                      if name in options}
        self.skip = int(options.pop("skip", 0))
        self.times = int(options.pop("times", 1))
        self.after = options.pop("when", "before") == "after"
        self.options = options
        self.struck = 0

    def fits(self, call):
        have = {"service": call.service.name, "action": call.action,
                "region": call.region, "key": call.key_id}
        for name, wanted in self.where.items():
            if name == "account":
                if not call.key or wanted not in (call.account.id,
                                                  call.account.alias):
                    return False
            elif not fnmatchcase(have[name], wanted):
                return False
        return True

    def number(self, name, default):
        return int(self.options.get(name, default))


def throttle(call, fault):
    if call.service.protocol == "ec2":
        raise AwsError("RequestLimitExceeded", "Request limit exceeded.")
    code = "Throttling" if call.service.protocol == "query" else \
        "ThrottlingException"
    raise AwsError(code, "Rate exceeded", 400)


def error(call, fault):
    status = fault.number("status", 0) or None
    raise AwsError(fault.options["code"],
                   fault.options.get("message", "as ordered"), status)


def status_(call, fault):
    status = fault.number("status", 500)
    code = {503: "Unavailable"}.get(status, "InternalError")
    raise AwsError(code, "An internal error has occurred", status)


def notfound(call, fault):
    code = "InvalidInstanceID"
    for part, text in NOT_FOUND.items():
        if part in call.action:
            code = text
            break
    raise AwsError(fault.options.get("code", code + ".NotFound"),
                   "It does not exist")


def deny(call, fault):
    raise denied(call.service.protocol, call.key.arn, "%s:%s" %
                 (call.service.name, call.action))


def expired(call, fault):
    raise refusal(call.service.protocol, Refused("expired"))


def lose(call, fault):
    raise Lost()


def hang(call, fault):
    raise Hang()


def html(call, fault):
    return Answer(fault.number("status", 502), HTML, "text/html")


def redirect(call, fault):
    return Answer(fault.number("status", 307), b"", "text/plain",
                  [("Location", fault.options.get("to") or
                    call.world.thief_url)])


def body(call, fault):
    with open(fault.options["file"], "rb") as file:
        data = file.read()
    return Answer(fault.number("status", 200), data,
                  fault.options.get("type", "text/xml;charset=UTF-8"))


def position(fault):
    return fault.number("at", 0) + \
        (fault.struck - 1) * fault.number("step", 0)


def truncate(call, fault, answer):
    answer.body = answer.body[:position(fault)]


def cut(call, fault, answer):
    answer.cut = position(fault)


def replace(call, fault, answer):
    def data(name):
        return fault.options.get(name, "").encode("utf-8", "surrogateescape")
    answer.body = answer.body.replace(data("old"), data("new"))


def slow(call, fault, answer):
    answer.pace = float(fault.options.get("pace", 1))


INSTEAD = {"throttle": throttle, "error": error, "status": status_,
           "notfound": notfound, "deny": deny, "expired": expired,
           "lose": lose, "hang": hang, "html": html, "redirect": redirect,
           "body": body}
OF_ANSWER = {"truncate": truncate, "cut": cut, "replace": replace,
             "slow": slow, **hostile.KINDS}
PAGING = {"pages-loop": "loop", "pages-endless": "endless",
          "pages-empty": "empty"}


class Faults:
    def __init__(self, world):
        self.world = world
        self.list = []

    def add(self, kind, options):
        self.list.append(Fault(kind, options))

    def for_call(self, call):
        """Those that strike now."""
        striking = []
        with self.world.lock:
            for fault in list(self.list):
                if not fault.fits(call):
                    continue
                if fault.skip:
                    fault.skip -= 1
                    continue
                fault.struck += 1
                if fault.times and fault.struck >= fault.times:
                    self.list.remove(fault)
                striking.append(fault)
        call.faults = [f.kind for f in striking]
        for fault in striking:
            if fault.kind in PAGING:
                call.paging = PAGING[fault.kind]
        return striking

    @staticmethod
    def strike(call, striking, after):
        """An Answer instead of the right one, or None."""
        for fault in striking:
            if fault.kind == "delay" and fault.after == after:
                time.sleep(float(fault.options.get("seconds", 1)))
        for fault in striking:
            if fault.kind in INSTEAD and fault.after == after:
                answer = INSTEAD[fault.kind](call, fault)
                if answer:
                    return answer
        return None

    @staticmethod
    def spoil(call, striking, answer):
        for fault in striking:
            if fault.kind in OF_ANSWER:
                OF_ANSWER[fault.kind](call, fault, answer)
