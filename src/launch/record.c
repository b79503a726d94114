/* SPDX-License-Identifier: ISC */
/* The members of a launch in tables: for freeing, and for the journal. */

#include <stdlib.h>
#include <string.h>

#include "pemkeep/base/err.h"

#include "src/launch/launch_internal.h"

#define MEMBER(name) \
	{ \
#name, offsetof(struct launch, name) \
	}

const struct launch_member launch_texts[] = { MEMBER(uuid), MEMBER(name),
	MEMBER(profile), MEMBER(region), MEMBER(account), MEMBER(asked),
	MEMBER(image), MEMBER(image_name), MEMBER(architecture),
	MEMBER(platform), MEMBER(root_device), MEMBER(type), MEMBER(vpc),
	MEMBER(subnet), MEMBER(zone), MEMBER(key), MEMBER(key_type),
	MEMBER(public_key), MEMBER(pair), MEMBER(group), MEMBER(user_data),
	MEMBER(pair_id), MEMBER(group_id), MEMBER(instance), MEMBER(allocation),
	MEMBER(address), { NULL, 0 } };

const struct launch_member launch_numbers[] = { MEMBER(disk), MEMBER(stays),
	MEMBER(cpus), MEMBER(mebibytes), MEMBER(key_from), MEMBER(step),
	MEMBER(since), { NULL, 0 } };

const struct launch_member launch_flags[] = { MEMBER(free_tier),
	MEMBER(pair_is_there), MEMBER(elastic), MEMBER(public_subnet),
	MEMBER(begun), MEMBER(undoing), { NULL, 0 } };

int
launch_set(char **text, const char *value, struct err *e)
{
	char *copy = strdup(value);

	if (copy == NULL)
		return err_set(e, ERR_NOMEM, "out of memory");
	free(*text);
	*text = copy;
	return 0;
}

void
launch_clear(struct launch *l)
{
	for (const struct launch_member *m = launch_texts; m->name != NULL; m++)
		free(*(char **)(void *)((char *)l + m->offset));
	for (size_t i = 0; i < l->tag_count; i++) {
		free(l->tags[i].key);
		free(l->tags[i].value);
	}
	memset(l, 0, sizeof(*l));
}

const char *
launch_profile(const struct launch *l)
{
	return l->profile[0] != '\0' ? l->profile : NULL;
}

bool
launch_is_windows(const struct launch *l)
{
	return strcmp(l->platform, "windows") == 0;
}
