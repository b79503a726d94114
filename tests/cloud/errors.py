# SPDX-License-Identifier: ISC
"""What AWS says when it says no: codes, statuses, texts."""

STATUS = {
    "AccessDenied": 403,
    "AuthFailure": 401,
    "DryRunOperation": 412,
    "ExpiredToken": 403,
    "IncompleteSignature": 400,
    "InsufficientAddressCapacity": 500,
    "InsufficientInstanceCapacity": 500,
    "InternalError": 500,
    "InvalidClientTokenId": 403,
    "MissingAuthenticationToken": 403,
    "OptInRequired": 401,
    "RequestLimitExceeded": 503,
    "ServiceUnavailable": 503,
    "SignatureDoesNotMatch": 403,
    "Unavailable": 503,
    "UnauthorizedOperation": 403,
}


class AwsError(Exception):
    """An answer of the service, not a defect of ours."""

    def __init__(self, code, message, status=None):
        super().__init__("%s: %s" % (code, message))
        self.code = code
        self.message = message
        self.status = status or STATUS.get(code, 400)


class Refused(Exception):
    """The signature is not good; 'kind' says what about it."""

    def __init__(self, kind, detail=""):
        super().__init__(kind, detail)
        self.kind = kind
        self.detail = detail


MISMATCH = ("The request signature we calculated does not match the signature "
            "you provided. Check your AWS Secret Access Key and signing "
            "method. Consult the service documentation for details.")
INVALID = "The security token included in the request is invalid."
EXPIRED = "The security token included in the request is expired"

# EC2 tells little: all but a missing signature and time is one code.
EC2 = {
    "missing": ("MissingParameter", "The request must contain the parameter "
                "AWSAccessKeyId", 400),
    "skew": ("RequestExpired", "Request has expired.", 400),
    "expired": ("RequestExpired", "Request has expired.", 400),
    "opt-in": ("OptInRequired", "You are not subscribed to this service. "
               "Please go to http://aws.amazon.com to subscribe.", 401),
    "": ("AuthFailure", "AWS was not able to validate the provided access "
         "credentials", 401),
}
QUERY = {
    "missing": ("MissingAuthenticationToken",
                "Request is missing Authentication Token", 403),
    "malformed": ("IncompleteSignature", None, 400),
    "unknown": ("InvalidClientTokenId", INVALID, 403),
    "token": ("InvalidClientTokenId", INVALID, 403),
    "expired": ("ExpiredToken", EXPIRED, 403),
    "mismatch": ("SignatureDoesNotMatch", MISMATCH, 403),
    "opt-in": ("InvalidClientTokenId", INVALID, 403),
    "": ("SignatureDoesNotMatch", None, 403),
}
JSON = {
    "missing": ("MissingAuthenticationTokenException",
                "Missing Authentication Token", 400),
    "malformed": ("IncompleteSignatureException", None, 400),
    "unknown": ("UnrecognizedClientException", INVALID, 400),
    "token": ("UnrecognizedClientException", INVALID, 400),
    "expired": ("ExpiredTokenException", EXPIRED, 400),
    "mismatch": ("InvalidSignatureException", MISMATCH, 400),
    "opt-in": ("UnrecognizedClientException", INVALID, 400),
    "": ("InvalidSignatureException", None, 400),
}


def refusal(protocol, refused):
    """The AwsError with which this protocol answers a bad signature."""
    table = {"ec2": EC2, "query": QUERY, "json": JSON}[protocol]
    code, message, status = table.get(refused.kind, table[""])
    return AwsError(code, message or refused.detail, status)


def denied(protocol, arn, action):
    """A permission that the caller lacks."""
    text = ("%s is not authorized to perform: %s because no identity-based "
            "policy allows the %s action" % (arn, action, action))
    if protocol == "ec2":
        return AwsError("UnauthorizedOperation", "You are not authorized to "
                        "perform this operation. User: %s. Encoded "
                        "authorization failure message: 4GIOHlTkIaWHQD0Q0m6X"
                        "SnuMMCm-abCdEfGh" % text)
    code = "AccessDenied" if protocol == "query" else "AccessDeniedException"
    return AwsError(code, "User: " + text,
                    403 if protocol == "query" else 400)
