/* SPDX-License-Identifier: ISC */
/*
 * Texts for people.  What AWS itself writes is added where it says more than the
 * code does; the long blob that it sends with a refusal is not.
 */

#include <string.h>

#include "pemkeep/base/buf.h"
#include "pemkeep/base/err.h"

#include "src/aws/errors.h"
#include "src/aws/retry.h"

#define SAID_MAX 240

/* In hints: %P is the permission, %R the region. */
#define POLICY "a policy of these keys has to allow %P"
#define LATER "wait a moment, then try again"
#define LOGIN "get new ones, with SSO by: aws sso login"
#define QUOTA "ask AWS for a higher quota, or remove what is not used"

static const struct meaning {
	const char *code; /* "*.X": any that ends so */
	enum err_code result;
	bool said; /* AWS' own words are added */
	const char *text, *hint;
} meanings[] = {
	{ "UnauthorizedOperation", ERR_REFUSED, true,
	    "these keys may not do this", POLICY },
	{ "AccessDenied", ERR_REFUSED, true, "these keys may not do this",
	    POLICY },
	{ "AccessDeniedException", ERR_REFUSED, true,
	    "these keys may not do this", POLICY },
	{ "AuthFailure", ERR_REFUSED, true, "AWS does not accept these keys",
	    "check the keys, and that %R is enabled for the account" },
	{ "OptInRequired", ERR_REFUSED, true,
	    "this account does not use EC2 there yet",
	    "enable %R for the account first" },
	{ "SignatureDoesNotMatch", ERR_REFUSED, false,
	    "the secret key does not belong to the key id",
	    "check aws_secret_access_key of this profile" },
	{ "InvalidSignatureException", ERR_REFUSED, false,
	    "the secret key does not belong to the key id",
	    "check aws_secret_access_key of this profile" },
	{ "IncompleteSignature", ERR_REFUSED, true,
	    "AWS does not understand the signature", "" },
	{ "InvalidClientTokenId", ERR_REFUSED, false,
	    "AWS does not know these keys",
	    "have they been deleted? keys of China and GovCloud hold "
	    "nowhere else" },
	{ "UnrecognizedClientException", ERR_REFUSED, false,
	    "AWS does not know these keys",
	    "have they been deleted? keys of China and GovCloud hold "
	    "nowhere else" },
	{ "MissingAuthenticationToken", ERR_REFUSED, false,
	    "the signature has not arrived",
	    "a proxy in between must leave the Authorization header alone" },
	{ "ExpiredToken", ERR_REFUSED, false, "the temporary keys have expired",
	    LOGIN },
	{ "ExpiredTokenException", ERR_REFUSED, false,
	    "the temporary keys have expired", LOGIN },
	{ "RequestExpired", ERR_REFUSED, false,
	    "the temporary keys, or the request, have expired", LOGIN },
	{ "Blocked", ERR_REFUSED, true, "AWS has blocked the account", "" },
	{ "PendingVerification", ERR_REFUSED, true,
	    "AWS has not verified the account yet", "" },
	{ "OperationNotPermitted", ERR_REFUSED, true, "it is protected", "" },
	{ "*.NotFound", ERR_NOT_FOUND, true, "there is no such thing", "" },
	{ "*.Unavailable", ERR_NOT_FOUND, true, "it is not there any more",
	    "" },
	{ "*.Malformed", ERR_USAGE, true, "it has not the form of an id", "" },
	{ "*.Duplicate", ERR_EXISTS, true, "it is there already", "" },
	{ "IncorrectInstanceState", ERR_FAILED, true,
	    "its state does not allow it now", LATER },
	{ "IncorrectState", ERR_FAILED, true, "its state does not allow it now",
	    LATER },
	{ "UnsupportedOperation", ERR_UNSUPPORTED, true,
	    "that cannot be done with it", "" },
	{ "Unsupported", ERR_UNSUPPORTED, true, "that cannot be had there",
	    "" },
	{ "InsufficientInstanceCapacity", ERR_FAILED, false,
	    "AWS has none to spare there now",
	    "another instance type or zone may do" },
	{ "InstanceLimitExceeded", ERR_REFUSED, true, "the quota is used up",
	    QUOTA },
	{ "VcpuLimitExceeded", ERR_REFUSED, true, "the quota is used up",
	    QUOTA },
	{ "AddressLimitExceeded", ERR_REFUSED, true, "the quota is used up",
	    QUOTA },
	{ "InvalidAction", ERR_UNSUPPORTED, true,
	    "the endpoint does not know this action", "" },
};

static const struct meaning throttled = { "", ERR_NETWORK, false,
	"AWS gets too many requests from this account", LATER };
static const struct meaning out_of_order = { "", ERR_NETWORK, true,
	"AWS cannot do it now", LATER };
static const struct meaning unknown = { "", ERR_FAILED, true, "", "" };

static bool
is_code(const struct meaning *m, const char *code)
{
	size_t len = strlen(code), end = strlen(m->code) - 1;

	if (m->code[0] != '*')
		return strcmp(m->code, code) == 0;
	return len > end && strcmp(code + len - end, m->code + 1) == 0;
}

static const struct meaning *
meaning_of(const char *code, unsigned status)
{
	for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++)
		if (is_code(&meanings[i], code))
			return &meanings[i];
	if (retry_kind_of(status, code) == RETRY_THROTTLED)
		return &throttled;
	return status >= 500 ? &out_of_order : &unknown;
}

bool
errors_is_skew(const char *code)
{
	static const char *const codes[] = { "RequestExpired", "AuthFailure",
		"SignatureDoesNotMatch", "InvalidSignatureException",
		"RequestTimeTooSkewed", "RequestInTheFuture" };

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (strcmp(codes[i], code) == 0)
			return true;
	return false;
}

bool
errors_is_expired(const char *code)
{
	return strcmp(code, "ExpiredToken") == 0 ||
	    strcmp(code, "ExpiredTokenException") == 0 ||
	    strcmp(code, "RequestExpired") == 0;
}

static void
put_hint(const struct errors_call *c, const char *hint, struct buf *out)
{
	for (; *hint != '\0'; hint++)
		if (hint[0] == '%' && hint[1] == 'P') {
			buf_printf(out, "%s:%s", c->service, c->action);
			hint++;
		} else if (hint[0] == '%' && hint[1] == 'R') {
			buf_put_text(out, c->region);
			hint++;
		} else {
			buf_put_u8(out, (uint8_t)*hint);
		}
}

/* What AWS says, up to the blob that only DecodeAuthorizationMessage reads. */
static void
put_said(const char *message, struct buf *out)
{
	const char *end = strstr(message, " Encoded authorization failure");
	size_t len = end == NULL ? strlen(message) : (size_t)(end - message);

	while (len > 0 && strchr(". \r\n", message[len - 1]) != NULL)
		len--;
	if (len > 0)
		buf_printf(out, ": %.*s%s",
		    (int)(len < SAID_MAX ? len : SAID_MAX), message,
		    len > SAID_MAX ? "…" : "");
}

static enum err_code
say_code(const struct errors_call *c, struct buf *text, struct buf *hint)
{
	const struct meaning *m = meaning_of(c->code, c->response->status);

	buf_printf(text, "%s%s%s%s", m->text, m->text[0] == '\0' ? "" : " (",
	    c->code, m->text[0] == '\0' ? "" : ")");
	if (m->said)
		put_said(c->message, text);
	put_hint(c, m->hint, hint);
	return m->result;
}

/* An answer that is none of AWS'. */
static enum err_code
say_status(const struct errors_call *c, struct buf *text, struct buf *hint)
{
	unsigned status = c->response->status;

	if (status >= 300 && status < 400) {
		buf_printf(text,
		    "'%s' sends us elsewhere (status %u), which is not "
		    "followed",
		    c->endpoint, status);
	} else if (status == 407) {
		buf_put_text(text, "the proxy wants a password (status 407)");
		buf_put_text(
		    hint, "HTTPS_PROXY=http://USER:PASSWORD@HOST:PORT");
		return ERR_NETWORK;
	} else {
		buf_printf(text,
		    "'%s' answers as no AWS service does (status "
		    "%u%s%s)",
		    c->endpoint, status,
		    c->response->type[0] == '\0' ? "" : ", ",
		    c->response->type);
	}
	buf_put_text(hint,
	    "is there a proxy in between, or is the endpoint "
	    "(AWS_ENDPOINT_URL) wrong?");
	return ERR_NETWORK;
}

static enum err_code
say_failure(const struct errors_call *c, struct buf *text, struct buf *hint)
{
	const char *problem = c->response->problem;

	switch (c->response->failure) {
	case HTTP_NO_HOST:
		buf_printf(text, "the host of '%s' is not known", c->endpoint);
		buf_printf(hint, "is '%s' a region, and this machine online?",
		    c->region);
		return ERR_NETWORK;
	case HTTP_TLS:
		buf_printf(text, "'%s' is not to be trusted: %s", c->endpoint,
		    problem);
		buf_put_text(hint,
		    "a proxy with certificates of its own needs "
		    "AWS_CA_BUNDLE or ca_bundle");
		return ERR_NETWORK;
	case HTTP_INTERRUPTED:
		buf_put_text(text, "interrupted");
		return ERR_INTERRUPTED;
	case HTTP_BAD_REQUEST:
		buf_printf(text, "'%s': %s", c->endpoint, problem);
		return ERR_FAILED;
	case HTTP_DONE:
	case HTTP_SINK:
	case HTTP_TOO_LARGE:
		buf_printf(text, "'%s': %s", c->endpoint, problem);
		buf_put_text(hint,
		    "is there a proxy in between, or is the "
		    "endpoint (AWS_ENDPOINT_URL) wrong?");
		return ERR_NETWORK;
	case HTTP_NO_ANSWER:
	case HTTP_TIMEOUT:
		break;
	}
	buf_printf(text, "'%s' does not answer: %s", c->endpoint, problem);
	buf_put_text(hint,
	    "is this machine online, or has it to go through a "
	    "proxy (HTTPS_PROXY)?");
	return ERR_NETWORK;
}

void
errors_put_skew(int64_t skew, struct buf *text)
{
	int64_t by = skew < 0 ? -skew : skew;
	const char *way = skew < 0 ? "ahead" : "behind";

	if (by < 7200)
		buf_printf(text, "this machine's clock is %lld min %s",
		    (long long)(by + 30) / 60, way);
	else
		buf_printf(text, "this machine's clock is %lld h %s",
		    (long long)(by + 1800) / 3600, way);
}

int
errors_say(const struct errors_call *c, struct err *e)
{
	struct buf text = BUF_INIT, hint = BUF_INIT;
	enum err_code code;

	buf_printf(&text, "%s in %s", c->action, c->region);
	if (c->profile != NULL)
		buf_printf(&text, ", profile '%s'", c->profile);
	buf_put_text(&text, ": ");
	if (c->code[0] != '\0')
		code = say_code(c, &text, &hint);
	else if (c->response->failure == HTTP_DONE &&
	    c->response->problem[0] == '\0')
		code = say_status(c, &text, &hint);
	else
		code = say_failure(c, &text, &hint);
	if (c->attempts > 1)
		buf_printf(&text, " (%u attempts)", c->attempts);
	if (c->skew != 0) {
		buf_put_text(&text, "; ");
		errors_put_skew(c->skew, &text);
		buf_clear(&hint);
		buf_put_text(&hint, "set the clock: timedatectl set-ntp true");
	}
	err_set(e, code, "%s", buf_text(&text));
	err_hint(e, "%s", buf_text(&hint));
	buf_free(&text);
	buf_free(&hint);
	return code;
}
