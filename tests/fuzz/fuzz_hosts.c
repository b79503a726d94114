/* SPDX-License-Identifier: ISC */
/*
 * The hosts file, as INI and as hosts; and the other text that the inventory
 * takes from outside, the answer of "ssh -G".  What is read has been checked,
 * and the sections lie in the text one after the other.
 */

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "pemkeep/base/err.h"
#include "pemkeep/base/ini.h"

#include "src/inventory/hosts_internal.h"
#include "src/inventory/ssh_config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(int condition)
{
	if (!condition)
		abort();
}

static void
as_ini(const uint8_t *data, size_t size)
{
	struct ini *ini;
	size_t last = 0;

	if (ini_parse("f", data, size, &ini, NULL) != 0) {
		must(ini == NULL);
		return;
	}
	for (size_t i = 0; i < ini_count(ini); i++) {
		const struct ini_section *s = ini_at(ini, i);

		must(s->start >= last && s->start < s->end && s->end <= size);
		last = s->end;
		must(ini_find(ini, s->name) == s && s->name[0] != '\0');
		for (size_t k = 0; k < s->count; k++) {
			must(s->entries[k].key[0] != '\0');
			must(strlen(s->entries[k].value) <= size);
			must(ini_get(s, s->entries[k].key) == &s->entries[k]);
		}
	}
	ini_free(ini);
}

static void
as_hosts(const uint8_t *data, size_t size)
{
	struct hosts hosts;
	struct err e = { ERR_OK, "", "" };
	int r = hosts_parse("f", data, size, &hosts, &e);

	must(r == 0 || r == ERR_FORMAT);
	must((r == 0) == (e.text[0] == '\0'));
	for (size_t i = 0; i < hosts.count && r == 0; i++) {
		const struct host *h = &hosts.list[i];

		must(hosts_is_name(h->name) && hosts_is_host(h->host));
		must(h->user == NULL || hosts_is_user(h->user));
		must(h->port <= 65535);
		must(hosts_find(&hosts, h->name) == h);
		must(hosts_check(h, NULL) == 0);
	}
	hosts_clear(&hosts);
}

static void
as_answer(const uint8_t *data, size_t size)
{
	struct ssh_config_host host;

	if (ssh_config_parse("n", (const char *)data, size, &host, NULL) == 0) {
		must(hosts_is_host(host.hostname) && hosts_is_user(host.user));
		must(host.port > 0 && host.port <= 65535);
	}
	ssh_config_clear(&host);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	as_ini(data, size);
	as_hosts(data, size);
	as_answer(data, size);
	return 0;
}
