# SPDX-License-Identifier: ISC
"""A service is a table of actions and a protocol: how answers look."""

import json
import time

from . import xml
from .errors import AwsError


def stamp(seconds):
    """As EC2 writes times."""
    return time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(seconds))


class Call:
    """One request, as an action sees it."""

    def __init__(self, world, request_id):
        self.world = world
        self.request_id = request_id
        self.service = None
        self.action = ""
        self.params = {}
        self.key = None         # AccessKey
        self.key_id = ""
        self.region = ""
        self.paging = None      # a fault: loop, endless, empty
        self.faults = []        # what was done to it
        self.code = ""

    @property
    def account(self):
        return self.key.account

    @property
    def place(self):
        return self.world.place(self.account, self.region)


class Answer:
    """'body' is bytes, or a function that yields bytes without end."""

    def __init__(self, status, body, content_type, headers=()):
        self.status = status
        self.body = body
        self.content_type = content_type
        self.headers = list(headers)
        self.cut = None         # connection closed after so many bytes
        self.pace = 0           # seconds between bytes


class Service:
    def __init__(self, name, version, protocol, namespace):
        self.name = name
        self.version = version
        self.protocol = protocol    # ec2, query, json
        self.namespace = namespace
        self.actions = {}

    def action(self, name, *known):
        """@action("Name", "Parameter.N ...", ...)"""
        def add(function):
            self.actions[name] = (function, " ".join(known))
            return function
        return add

    def act(self, call):
        """The action's answer as elements."""
        if call.action not in self.actions:
            if self.protocol == "json":
                raise AwsError("UnknownOperationException", "")
            raise AwsError("InvalidAction", "The action %s is not valid for "
                           "this web service." % call.action)
        function, known = self.actions[call.action]
        if self.protocol != "json":
            call.params.check(known)
            if self.protocol == "ec2" and call.params.flag("DryRun"):
                raise AwsError("DryRunOperation", "Request would have "
                               "succeeded, but DryRun flag is set.")
        return function(call)

    def good(self, call, fields):
        if self.protocol == "json":
            return self.json(call, 200, fields)
        name = call.action
        if self.protocol == "ec2":
            fields = {"requestId": call.request_id, **fields}
        else:
            fields = {name + "Result": fields,
                      "ResponseMetadata": {"RequestId": call.request_id}}
        return self.xml(call, 200, name + "Response", self.namespace, fields)

    def bad(self, call, error):
        call.code = error.code
        about = {"Code": error.code, "Message": error.message}
        if self.protocol == "json":
            return self.json(call, error.status, {
                "__type": error.code, "message": error.message},
                [("x-amzn-ErrorType", error.code)])
        if self.protocol == "ec2":
            return self.xml(call, error.status, "Response", None,
                            {"Errors": {"Error": about},
                             "RequestID": call.request_id})
        kind = "Sender" if error.status < 500 else "Receiver"
        return self.xml(call, error.status, "ErrorResponse", self.namespace,
                        {"Error": {"Type": kind, **about},
                         "RequestId": call.request_id})

    @staticmethod
    def xml(call, status, root, namespace, fields):
        return Answer(status, xml.document(root, namespace, fields),
                      "text/xml;charset=UTF-8",
                      [("x-amzn-requestid", call.request_id)])

    @staticmethod
    def json(call, status, fields, headers=()):
        return Answer(status, json.dumps(fields).encode(),
                      "application/x-amz-json-1.1",
                      [("x-amzn-RequestId", call.request_id), *headers])
