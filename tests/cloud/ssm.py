# SPDX-License-Identifier: ISC
"""SSM: the public parameters that name the newest images (JSON 1.1)."""

from .errors import AwsError
from .images import PARAMETERS
from .service import Service

SSM = Service("ssm", "AmazonSSM", "json", None)
action = SSM.action
CREATED = 1736913600.0


def parameter(call, name):
    value = call.world.images.parameter(call.region, name)
    return value and {
        "Name": name, "Type": "String", "Value": value, "Version": 1,
        "LastModifiedDate": CREATED, "DataType": "aws:ec2:image",
        "ARN": "arn:aws:ssm:%s::parameter%s" % (call.region, name)}


@action("GetParameter")
def get_parameter(call):
    name = call.params.get("Name")
    if not isinstance(name, str):
        raise AwsError("ValidationException", "Name is required")
    found = parameter(call, name)
    if not found:
        raise AwsError("ParameterNotFound", "")
    return {"Parameter": found}


@action("GetParameters")
def get_parameters(call):
    names = call.params.get("Names")
    if not isinstance(names, list) or not 1 <= len(names) <= 10:
        raise AwsError("ValidationException", "1 validation error detected: "
                       "Value at 'names' failed to satisfy constraint: Member "
                       "must have length less than or equal to 10")
    found = [parameter(call, name) for name in names]
    return {"Parameters": [p for p in found if p],
            "InvalidParameters": [n for n, p in zip(names, found) if not p]}


@action("GetParametersByPath")
def get_parameters_by_path(call):
    path = str(call.params.get("Path", "")).rstrip("/") + "/"
    deep = call.params.get("Recursive") is True
    names = [n for n in sorted(PARAMETERS) if n.startswith(path) and
             (deep or "/" not in n[len(path):])]
    size = min(int(call.params.get("MaxResults", 10)), 10)
    start = int(call.params.get("NextToken") or 0)
    answer = {"Parameters": [parameter(call, n)
                             for n in names[start:start + size]]}
    if start + size < len(names):
        answer["NextToken"] = str(start + size)
    return answer
