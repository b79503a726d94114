# SPDX-License-Identifier: ISC
"""What is asked over plain HTTP without a signature: the instance metadata
service, the SSO portal, and "what is my address"."""

import json

from . import sts
from .service import Answer, Service

IMDS = Service("imds", "", "json", None)
SSO = Service("sso", "", "json", None)
CHECKIP = Service("checkip", "", "json", None)
TOKEN = "AQAEAcloudTokenOfThisInstance=="
LIST = "/latest/meta-data/iam/security-credentials/"


def text(body, status=200, headers=()):
    return Answer(status, body.encode(), "text/plain", headers)


def find(request, call):
    """The function that answers this request, or None; names the call."""
    path = request.path
    if path == "/checkip":
        call.service, call.action = CHECKIP, "CheckIp"
        return checkip
    if path == "/federation/credentials":
        call.service, call.action = SSO, "GetRoleCredentials"
        call.params = dict(part.partition("=")[::2]
                           for part in request.query.split("&"))
        return role_credentials
    if path.startswith("/latest/"):
        call.service = IMDS
        call.params = {"path": path}
        call.action = "Token" if path == "/latest/api/token" else "Get"
        return token if call.action == "Token" else metadata
    return None


def checkip(request, call):
    return text((call.world.settings["checkip"] or request.peer) + "\n")


def token(request, call):
    mode = call.world.settings["imds"]
    if mode in ("v1", "off") or request.method != "PUT":
        return text("", 404 if mode != "denied" else 403)
    if mode == "denied":
        return text("", 403)
    seconds = request.header("x-aws-ec2-metadata-token-ttl-seconds") or ""
    if not seconds.isdigit() or not 1 <= int(seconds) <= 21600 or \
            request.header("x-forwarded-for"):
        return text("", 400)
    return text(TOKEN, 200, [("X-Aws-Ec2-Metadata-Token-Ttl-Seconds",
                              seconds)])


def metadata(request, call):
    world = call.world
    mode = world.settings["imds"]
    if mode == "off":
        return text("", 404)
    if mode != "v1" and request.header("x-aws-ec2-metadata-token") != TOKEN:
        return text("", 401)
    if request.path == "/latest/meta-data/placement/region":
        return text(world.imds_region)
    if request.path == "/latest/meta-data/placement/availability-zone":
        return text(world.imds_region + "a")
    role = world.imds_role
    if not role or not request.path.startswith(LIST):
        return text("", 404)
    if request.path == LIST:
        return text(role.name)
    if request.path != LIST + role.name:
        return text("", 404)
    key = sts.session(world, role, "i-0123456789abcdef0", 21600)
    about = sts.credentials(key)
    return Answer(200, json.dumps({
        "Code": "Success", "LastUpdated": about["Expiration"],
        "Type": "AWS-HMAC", "AccessKeyId": key.id,
        "SecretAccessKey": key.secret, "Token": key.token,
        "Expiration": about["Expiration"]}).encode(), "text/plain")


def role_credentials(request, call):
    roles = call.world.sso.get(request.header("x-amz-sso_bearer_token"))
    if roles is None:
        return refusal(401, "UnauthorizedException",
                       "Session token not found or invalid")
    role = roles.get((call.params.get("account_id"),
                      call.params.get("role_name")))
    if not role:
        return refusal(403, "ForbiddenException", "No access")
    key = sts.session(call.world, role, "sso-user", 3600)
    return Answer(200, json.dumps({"roleCredentials": {
        "accessKeyId": key.id, "secretAccessKey": key.secret,
        "sessionToken": key.token,
        "expiration": int(key.expires * 1000)}}).encode(),
        "application/json")


def refusal(status, code, message):
    return Answer(status, json.dumps({"message": message, "__type":
                                      "com.amazonaws.switchboard.portal#" +
                                      code}).encode(), "application/json",
                  [("x-amzn-ErrorType", code)])
