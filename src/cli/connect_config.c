/* SPDX-License-Identifier: ISC */

/*
 * -o Key=Value: the few keys of ssh_config(5) that pemkeep has.  The first value
 * of a key counts, as in ssh; an unknown key is an error.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "pemkeep/base/err.h"

#include "src/cli/connect.h"

enum config {
	ALIVE_COUNT,
	ALIVE_INTERVAL,
	BATCH,
	CIPHERS,
	FORWARD_AGENT,
	HOST_KEY_ALIAS,
	IDENTITIES_ONLY,
	KEX,
	KNOWN_HOSTS,
	LOG_LEVEL,
	MAC,
	PORT,
	SECONDS,
	SEND_ENV,
	SET_ENV,
	STRICT,
	USER
};

static const struct {
	const char *name;
	enum config id;
} keys[] = {
	{ "BatchMode", BATCH },
	{ "Ciphers", CIPHERS },
	{ "ConnectTimeout", SECONDS },
	{ "ForwardAgent", FORWARD_AGENT },
	{ "HostKeyAlias", HOST_KEY_ALIAS },
	{ "IdentitiesOnly", IDENTITIES_ONLY },
	{ "KexAlgorithms", KEX },
	{ "LogLevel", LOG_LEVEL },
	{ "MACs", MAC },
	{ "Port", PORT },
	{ "SendEnv", SEND_ENV },
	{ "ServerAliveCountMax", ALIVE_COUNT },
	{ "ServerAliveInterval", ALIVE_INTERVAL },
	{ "SetEnv", SET_ENV },
	{ "StrictHostKeyChecking", STRICT },
	{ "User", USER },
	{ "UserKnownHostsFile", KNOWN_HOSTS },
};

const char *
connect_config_key(size_t i)
{
	return i < sizeof(keys) / sizeof(keys[0]) ? keys[i].name : NULL;
}

static int
wrong(const char *key, const char *value, struct err *e)
{
	return err_set(
	    e, ERR_USAGE, "option -o %s: wrong value '%s'", key, value);
}

static int
set_number(const char *key, const char *value, unsigned long least,
    unsigned long most, unsigned *to, struct err *e)
{
	char *end;
	unsigned long n;

	errno = 0;
	n = strtoul(value, &end, 10);
	if (*value < '0' || *value > '9' || *end != '\0' || errno != 0 ||
	    n < least || n > most)
		return wrong(key, value, e);
	*to = (unsigned)n;
	return 0;
}

static int
set_bool(const char *key, const char *value, bool *to, struct err *e)
{
	if (strcasecmp(value, "yes") == 0 || strcasecmp(value, "true") == 0)
		*to = true;
	else if (strcasecmp(value, "no") == 0 ||
	    strcasecmp(value, "false") == 0)
		*to = false;
	else
		return wrong(key, value, e);
	return 0;
}

static int
set_strict(struct connect_options *o, const char *key, const char *value,
    struct err *e)
{
	static const struct {
		const char *name;
		enum connect_strict strict;
	} names[] = {
		{ "ask", STRICT_ASK },
		{ "yes", STRICT_YES },
		{ "accept-new", STRICT_NEW },
		{ "no", STRICT_NO },
		{ "off", STRICT_NO },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcasecmp(value, names[i].name) == 0) {
			o->strict = names[i].strict;
			return 0;
		}
	return wrong(key, value, e);
}

static int
set_algorithms(enum ssh_algorithm_kind kind, const char *key, const char *value,
    const char **to, struct err *e)
{
	if (!ssh_algorithms_known(kind, value)) {
		wrong(key, value, e);
		err_hint(e,
		    "only what pemkeep offers by itself may be chosen, "
		    "see connect(1)");
		return ERR_USAGE;
	}
	*to = value;
	return 0;
}

static int
set_level(struct connect_options *o, const char *key, const char *value,
    struct err *e)
{
	if (strcasecmp(value, "QUIET") == 0 ||
	    strcasecmp(value, "FATAL") == 0 || strcasecmp(value, "ERROR") == 0)
		o->quiet = true;
	else if (strcasecmp(value, "VERBOSE") == 0 ||
	    strncasecmp(value, "DEBUG", 5) == 0)
		o->verbose = true;
	else if (strcasecmp(value, "INFO") != 0)
		return wrong(key, value, e);
	return 0;
}

static int
set_agent(struct connect_options *o, const char *key, const char *value,
    struct err *e)
{
	bool on;

	if (*value == '/') {
		o->agent = value;
		return 0;
	}
	if (set_bool(key, value, &on, e) != 0)
		return ERR_USAGE;
	if (on && o->agent == NULL)
		o->agent = "";
	return 0;
}

static int
add(const char **list, size_t *count, const char *key, const char *value,
    struct err *e)
{
	if (*count == CONNECT_LIST_MAX)
		return err_set(
		    e, ERR_USAGE, "option -o %s is given too often", key);
	list[(*count)++] = value;
	return 0;
}

static int
set_env(struct connect_options *o, const char *key, const char *value,
    struct err *e)
{
	const char *equals = strchr(value, '=');

	if (equals == NULL || equals == value ||
	    strcspn(value, " \t\"'") < (size_t)(equals - value))
		return wrong(key, value, e);
	return add(o->set_env, &o->set_env_count, key, value, e);
}

static int
set(struct connect_options *o, enum config id, const char *key,
    const char *value, struct err *e)
{
	unsigned port;
	bool ignored;
	int r;

	switch (id) {
	case ALIVE_COUNT:
		return set_number(key, value, 1, 1000, &o->alive_count, e);
	case ALIVE_INTERVAL:
		return set_number(key, value, 0, 86400, &o->alive_interval, e);
	case BATCH:
		return set_bool(key, value, &o->batch, e);
	case CIPHERS:
		return set_algorithms(SSH_CIPHERS, key, value, &o->ciphers, e);
	case FORWARD_AGENT:
		return set_agent(o, key, value, e);
	case HOST_KEY_ALIAS:
		o->alias = value;
		return 0;
	case IDENTITIES_ONLY: /* there is nothing else here */
		return set_bool(key, value, &ignored, e);
	case KEX:
		return set_algorithms(SSH_KEX, key, value, &o->kex, e);
	case KNOWN_HOSTS:
		o->known_hosts = value;
		return 0;
	case LOG_LEVEL:
		return set_level(o, key, value, e);
	case MAC:
		return set_algorithms(SSH_MACS, key, value, &o->macs, e);
	case PORT:
		r = set_number(key, value, 1, 65535, &port, e);
		if (r == 0 && o->port == 0)
			o->port = port;
		return r;
	case SECONDS:
		return set_number(key, value, 1, 86400, &o->seconds, e);
	case SEND_ENV:
		return add(o->send_env, &o->send_env_count, key, value, e);
	case SET_ENV:
		return set_env(o, key, value, e);
	case STRICT:
		return set_strict(o, key, value, e);
	case USER:
		if (o->login == NULL)
			o->login = value;
		return 0;
	}
	return ERR_USAGE;
}

int
connect_config_set(struct connect_options *o, const char *text, struct err *e)
{
	size_t n = strcspn(text, "= \t");
	const char *value = text + n;

	value += strspn(value, " \t");
	value += *value == '=';
	value += strspn(value, " \t");
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		unsigned long bit = 1ul << keys[i].id;

		if (strlen(keys[i].name) != n ||
		    strncasecmp(keys[i].name, text, n) != 0)
			continue;
		if (*value == '\0')
			return err_set(e, ERR_USAGE,
			    "option -o %s needs a value", keys[i].name);
		if (o->seen & bit && keys[i].id != SEND_ENV &&
		    keys[i].id != SET_ENV)
			return 0;
		o->seen |= bit;
		return set(o, keys[i].id, keys[i].name, value, e);
	}
	err_set(e, ERR_USAGE, "option -o: '%.*s' is not supported",
	    (int)(n > 100 ? 100 : n), text);
	err_hint(e, "those that are stand in connect(1)");
	return ERR_USAGE;
}
