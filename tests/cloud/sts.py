# SPDX-License-Identifier: ISC
"""STS: who am I, and temporary keys that really work."""

import hmac
import re
import time

from .errors import AwsError, denied
from .service import Service

STS = Service("sts", "2011-06-15", "query",
              "https://sts.amazonaws.com/doc/2011-06-15/")
action = STS.action


def totp(secret, now):
    """RFC 6238, as every authenticator does it."""
    digest = hmac.digest(secret, int(now // 30).to_bytes(8, "big"), "sha1")
    at = digest[-1] & 15
    number = int.from_bytes(digest[at:at + 4], "big") & 0x7fffffff
    return "%06d" % (number % 1000000)


def codes(world, user):
    """The codes that are good now: three windows, none used before."""
    now = world.now()
    return [code for code in (totp(user.mfa_secret, now + 30 * n)
                              for n in (0, 1, -1))
            if code not in user.mfa_used]


def invalid(text):
    return AwsError("ValidationError", text)


def check_mfa(call):
    """True when the caller has shown a good code; a code works once."""
    serial = call.params.get("SerialNumber")
    code = call.params.get("TokenCode")
    if not serial and not code:
        return False
    users = [u for u in call.account.users.values()
             if u.mfa_serial == serial and u.arn == call.key.arn]
    if not users or not code or code not in codes(call.world, users[0]):
        raise AwsError("AccessDenied", "MultiFactorAuthentication failed with "
                       "invalid MFA one time pass code. ")
    users[0].mfa_used.add(code)
    return True


def credentials(key):
    return {"AccessKeyId": key.id, "SecretAccessKey": key.secret,
            "SessionToken": key.token,
            "Expiration": time.strftime("%Y-%m-%dT%H:%M:%SZ",
                                        time.gmtime(key.expires))}


@action("GetCallerIdentity")
def get_caller_identity(call):
    return {"Arn": call.key.arn, "UserId": call.key.user_id,
            "Account": call.account.id}


def trusted(role, key):
    return any(who in (key.account.id, key.arn, "*",
                       key.role.arn if key.role else None,
                       key.account.arn("iam", "root"))
               for who in role.trust)


@action("AssumeRole", "RoleArn RoleSessionName ExternalId SerialNumber "
        "TokenCode DurationSeconds Policy")
def assume_role(call):
    params = call.params
    arn = params.need("RoleArn")
    name = params.need("RoleSessionName")
    if not re.fullmatch(r"[\w+=,.@-]{2,64}", name, re.ASCII):
        raise invalid("1 validation error detected: Value '%s' at "
                      "'roleSessionName' failed to satisfy constraint: Member "
                      "must satisfy regular expression pattern: "
                      "[\\w+=,.@-]*" % name)
    role = find_role(call.world, arn)
    seconds = duration(call, role)
    refused = denied("query", call.key.arn, "sts:AssumeRole")
    refused.message = "User: %s is not authorized to perform: " \
        "sts:AssumeRole on resource: %s" % (call.key.arn, arn)
    if not role or not trusted(role, call.key) or \
            role.external_id not in (None, params.get("ExternalId")):
        raise refused
    if not check_mfa(call) and role.mfa and not call.key.mfa:
        raise refused
    return {
        "Credentials": credentials(session(call.world, role, name, seconds)),
        "AssumedRoleUser": {
            "AssumedRoleId": "%s:%s" % (role.id, name),
            "Arn": role.account.arn("sts", "assumed-role/%s/%s" %
                                    (role.name, name))}}


def find_role(world, arn):
    for account in world.accounts.values():
        for role in account.roles.values():
            if role.arn == arn:
                return role
    return None


def duration(call, role):
    seconds = call.params.number("DurationSeconds", 900, 43200, 3600)
    if call.key.role and seconds > 3600:
        raise invalid("The requested DurationSeconds exceeds the 1 hour "
                      "session limit for roles assumed by role chaining")
    if role and seconds > role.max_seconds:
        raise invalid("The requested DurationSeconds exceeds the "
                      "MaxSessionDuration set for this role.")
    return seconds


def session(world, role, name, seconds):
    key = world.add_session(
        role.account, role.account.arn("sts", "assumed-role/%s/%s" %
                                       (role.name, name)),
        "%s:%s" % (role.id, name), seconds)
    key.role = role
    return key


@action("GetSessionToken", "DurationSeconds SerialNumber TokenCode")
def get_session_token(call):
    if call.key.token:
        raise AwsError("AccessDenied", "Cannot call GetSessionToken with "
                       "session credentials")
    seconds = call.params.number("DurationSeconds", 900, 129600, 43200)
    mfa = check_mfa(call)
    key = call.world.add_session(call.account, call.key.arn,
                                 call.key.user_id, seconds)
    key.mfa = mfa
    return {"Credentials": credentials(key)}
