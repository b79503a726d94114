# SPDX-License-Identifier: ISC
"""From a request to an answer: which service, who signs, what goes wrong, the
action, and the log of calls.

The log is one JSON object a line, in the folder's file "calls": n, time,
connection, service, action, account, region, key, params, faults, status,
code (of an error; "" for none), and 'done', whether the action was carried out
(it may have been while the answer was lost).
"""

import json
import threading

from . import (ec2_addresses, ec2_groups, ec2_instances, ec2_keys, ec2_run,
               ec2_tags, side, sigv4)
from .ec2 import EC2
from .errors import AwsError, Refused, denied, refusal
from .params import Params, parse_form
from .service import Call
from .ssm import SSM
from .sts import STS
from .world import OPT_IN, partition_of

# Whose actions stand in further modules: importing them fills the table.
MORE = (ec2_addresses, ec2_groups, ec2_instances, ec2_keys, ec2_run, ec2_tags)
SERVICES = {service.name: service for service in (EC2, STS, SSM)}


class Gateway:
    def __init__(self, world, faults):
        self.world = world
        self.faults = faults
        self.lock = threading.Lock()
        self.count = 0
        self.log = open(world.folder + "/calls", "w", encoding="utf-8",
                        errors="surrogateescape")

    def handle(self, request):
        """The Answer; may raise faults.Lost or faults.Hang instead."""
        with self.lock:
            self.count += 1
            number = self.count
        call = Call(self.world, "%08x-0000-4000-8000-%012x" % (number,
                                                               number))
        record = {"n": number, "time": round(self.world.now(), 3),
                  "connection": request.connection, "done": False}
        status = 0
        try:
            answer = self.answer(request, call, record)
            status = answer.status
            return answer
        finally:
            self.write(call, record, status)

    def write(self, call, record, status):
        record.update({
            "service": call.service.name if call.service else "",
            "action": call.action, "region": call.region,
            "account": call.key.account.id if call.key else "",
            "key": call.key_id, "params": call.params,
            "faults": call.faults, "status": status, "code": call.code})
        with self.lock:
            self.log.write(json.dumps(record) + "\n")
            self.log.flush()

    def answer(self, request, call, record):
        act = side.find(request, call)
        if act is None:
            try:
                self.read(request, call)
            except AwsError as error:
                return call.service.bad(call, error)
        striking = self.faults.for_call(call) if act else []
        try:
            if act is None:
                self.prove(request, call)
                striking = self.faults.for_call(call)
            instead = self.faults.strike(call, striking, False)
            if instead:
                return instead
            with self.world.lock:
                answer = act(request, call) if act else \
                    call.service.good(call, call.service.act(call))
            record["done"] = True
            answer = self.faults.strike(call, striking, True) or answer
        except AwsError as error:
            answer = call.service.bad(call, error)
        self.faults.spoil(call, striking, answer)
        return answer

    def read(self, request, call):
        """Service, action and parameters; nothing is proven yet."""
        claimed = sigv4.claim(request)
        if claimed:
            call.key_id = claimed[0]
            call.region = claimed[1][1]
        target = request.header("x-amz-target")
        if target:
            prefix, _, call.action = target.partition(".")
            call.service = SSM
            if prefix != SSM.version:
                raise AwsError("UnknownOperationException", "")
            try:
                call.params = json.loads(request.body or b"{}")
                if not isinstance(call.params, dict):
                    raise ValueError("no object")
            except ValueError:
                raise AwsError("SerializationException", "") from None
            return
        call.service = SERVICES.get(claimed[1][2]) if claimed else None
        call.service = call.service or EC2
        text = request.query.encode("latin-1")
        if request.method == "POST":
            kind = request.header("content-type") or ""
            if not kind.startswith("application/x-www-form-urlencoded"):
                raise AwsError("MissingAction", "The request is no form")
            text = request.body
        call.params = Params(parse_form(text))
        call.action = call.params.get("Action", "")
        if not claimed:
            for service in (EC2, STS):
                if call.params.get("Version") == service.version:
                    call.service = service
        if not call.action:
            raise AwsError("MissingAction", "The request must contain the "
                           "parameter Action")
        if call.params.get("Version") != call.service.version:
            raise AwsError("NoSuchVersion", "The requested version (%s) of "
                           "service %s does not exist" %
                           (call.params.get("Version"), call.service.name))

    def prove(self, request, call):
        """The caller's key is good for this service and region."""
        protocol = call.service.protocol
        try:
            with self.world.lock:
                key = sigv4.verify(request, self.world.keys,
                                   self.world.now())
                scope = sigv4.claim(request)[1]
                self.check_scope(call, key, scope)
        except Refused as refused:
            raise refusal(protocol, refused) from None
        call.key = key
        action = "%s:%s" % (call.service.name, call.action)
        # Nobody can be denied to ask who he is.
        if self.world.is_denied(key, action) and \
                call.action != "GetCallerIdentity":
            raise denied(protocol, key.arn, action)

    def check_scope(self, call, key, scope):
        if scope[2] != call.service.name:
            raise Refused("scope", "Credential should be scoped to correct "
                          "service: '%s'." % call.service.name)
        if scope[1] in OPT_IN and scope[1] not in key.account.opted_in:
            raise Refused("opt-in")
        if partition_of(scope[1]) != key.account.partition:
            raise Refused("unknown")
        if not self.world.is_region(scope[1], key.account):
            raise Refused("scope", "Credential should be scoped to a valid "
                          "region.")
