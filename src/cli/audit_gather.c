/* SPDX-License-Identifier: ISC */

/*
 * The facts of an audit.  The passphrase first, since somebody waits for the
 * question; then the disk, then EC2.
 */

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pemkeep/base/buf.h"
#include "pemkeep/base/err.h"

#include "src/cli/audit.h"
#include "src/cli/cli.h"

static int
no_memory(struct err *e)
{
	return err_set(e, ERR_NOMEM, "out of memory");
}

/* Takes 'path'. */
static int
add_root(
    struct audit *a, char *path, bool shallow, bool optional, struct err *e)
{
	if (path == NULL)
		return no_memory(e);
	a->root_paths[a->root_count] = path;
	a->roots[a->root_count++] =
	    (struct scan_root){ path, shallow, optional };
	return 0;
}

/* A link is followed when it is written with a slash behind it. */
static int
add_operand(struct audit *a, const char *path, struct err *e)
{
	struct stat st;
	char *real;

	if (lstat(path, &st) == -1)
		return errno == ENOENT
		    ? err_set(e, ERR_NOT_FOUND, "'%s' does not exist", path)
		    : err_system(
			  e, ERR_SYSTEM, errno, "cannot reach '%s'", path);
	if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)) {
		err_set(e, ERR_USAGE, "'%s' is %s, and not a file or folder",
		    path, S_ISLNK(st.st_mode) ? "a link" : "a special file");
		if (S_ISLNK(st.st_mode))
			err_hint(e, "name what it points to");
		return ERR_USAGE;
	}
	real = realpath(path, NULL);
	if (real == NULL && errno != ENOMEM)
		return err_system(
		    e, ERR_SYSTEM, errno, "cannot reach '%s'", path);
	return add_root(a, real, false, false, e);
}

static int
find_home(char **homep, struct err *e)
{
	const char *home = getenv("HOME");
	const struct passwd *pw;

	if (home == NULL || home[0] != '/') {
		pw = getpwuid(geteuid());
		home = pw != NULL ? pw->pw_dir : NULL;
	}
	*homep = home != NULL ? realpath(home, NULL) : NULL;
	if (*homep != NULL)
		return 0;
	return errno == ENOMEM
	    ? no_memory(e)
	    : err_set(e, ERR_FAILED, "there is no home folder to look into");
}

static int
add_usual(struct audit *a, struct err *e)
{
	static const char *const places[] = { ".ssh", "Downloads", "Desktop",
		"Documents" };
	bool deep = option_on(a->cli, "deep");
	char *home, *path;
	int r;

	if ((r = find_home(&home, e)) != 0 ||
	    (r = add_root(a, home, !deep, false, e)) != 0 || deep)
		return r;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]) && r == 0;
	     i++) {
		if (asprintf(&path, "%s/%s", home, places[i]) == -1)
			path = NULL;
		r = add_root(a, path, false, true, e);
	}
	return r;
}

int
audit_places(struct audit *a, struct err *e)
{
	size_t room = AUDIT_PLACES + (size_t)a->cli->operand_count;
	int r = 0;

	a->roots = calloc(room, sizeof(*a->roots));
	a->root_paths = calloc(room, sizeof(*a->root_paths));
	if (a->roots == NULL || a->root_paths == NULL)
		return no_memory(e);
	if (a->cli->operand_count == 0)
		return add_usual(a, e);
	for (int i = 0; i < a->cli->operand_count && r == 0; i++)
		r = add_operand(a, a->cli->operands[i], e);
	return r;
}

/*
 * Whoever is at a terminal is asked for the passphrase; with the vault locked half
 * of the answer is missing.
 */
static int
list_vault(struct audit *a, struct err *e)
{
	struct stat st;
	int r;

	a->vault_there = lstat(client_path(a->client), &st) == 0;
	if (!a->vault_there) {
		a->vault_known = true;
		return 0;
	}
	r = client_keys_public(a->client, &a->vault, &a->vault_error);
	if (r == ERR_LOCKED || r == ERR_NOT_FOUND)
		r = client_list(a->client, &a->vault, &a->vault_error);
	a->vault_known = r == 0;
	if (r != ERR_INTERRUPTED && r != ERR_NOMEM)
		return 0;
	*e = a->vault_error;
	return r;
}

static int
get_vault(struct audit *a, struct err *e)
{
	int r = session_start(a->cli, &a->client, e);

	return r == 0 ? list_vault(a, e) : r;
}

static void
on_progress(void *arg, uint64_t files, uint64_t folders)
{
	(void)arg;
	out_progress("%llu files in %llu folders", (unsigned long long)files,
	    (unsigned long long)folders);
}

static int
get_files(struct audit *a, struct err *e)
{
	bool watched = out_can_progress() && !option_on(a->cli, "quiet");
	int r;

	r = scan_run(a->roots, a->root_count, watched ? on_progress : NULL,
	    NULL, &a->scan, &a->scan_error);
	out_progress_end();
	if (r != ERR_NOMEM && r != ERR_NOT_FOUND)
		return 0;
	*e = a->scan_error;
	return r;
}

static int
get_cloud(struct audit *a, struct err *e)
{
	int r;

	r = cloud_open(&a->cloud, a->cli, &a->cloud_error);
	a->cloud_open = r == 0;
	if (r == ERR_UNTRUSTED) /* that is a finding, and there are others */
		return 0;
	if (r != 0) {
		*e = a->cloud_error;
		return r;
	}
	cloud_begin(&a->cloud);
	r = inventory_survey(a->cloud.inventory, &a->survey, e);
	cloud_end(&a->cloud);
	return r;
}

static int
judge(struct audit *a, struct err *e)
{
	const struct audit_facts facts = { .scan = &a->scan,
		.files_only = a->cli->operand_count > 0,
		.vault_there = a->vault_there,
		.vault_known = a->vault_known,
		.vault = &a->vault,
		.vault_path = a->vault_there ? client_path(a->client) : NULL,
		.survey = &a->survey,
		.cloud_whole = a->cloud_open && !cloud_partial(&a->cloud),
		.now = a->now,
		.max_age = a->max_age };

	return audit_judge(&facts, &a->found, e);
}

int
audit_gather(struct audit *a, struct err *e)
{
	int r;

	if ((r = get_vault(a, e)) != 0 || (r = get_files(a, e)) != 0 ||
	    (r = get_cloud(a, e)) != 0)
		return r;
	return judge(a, e);
}

int
audit_again(struct audit *a, struct err *e)
{
	int r;

	a->before = a->found;
	memset(&a->found, 0, sizeof(a->found));
	scan_clear(&a->scan);
	keeper_keys_clear(&a->vault);
	if ((r = list_vault(a, e)) != 0 || (r = get_files(a, e)) != 0)
		return r;
	return judge(a, e);
}

void
audit_forget(struct audit *a)
{
	findings_clear(&a->found);
	survey_clear(&a->survey);
	scan_clear(&a->scan);
	keeper_keys_clear(&a->vault);
	client_free(a->client);
	a->client = NULL;
	cloud_close(&a->cloud);
	a->cloud_open = false;
	memset(&a->vault_error, 0, sizeof(a->vault_error));
	memset(&a->cloud_error, 0, sizeof(a->cloud_error));
	memset(&a->scan_error, 0, sizeof(a->scan_error));
}

void
audit_clear(struct audit *a)
{
	audit_forget(a);
	findings_clear(&a->before);
	for (size_t i = 0; i < a->root_count; i++)
		free(a->root_paths[i]);
	free(a->root_paths);
	free(a->roots);
}

bool
audit_partial(const struct audit *a)
{
	return !a->vault_known || !a->scan.whole || a->scan.trouble_total > 0 ||
	    !a->cloud_open || cloud_partial(&a->cloud);
}

int64_t
audit_fetched(const struct audit *a, bool *live)
{
	int64_t oldest = 0;

	*live = true;
	for (size_t i = 0; i < a->survey.place_count; i++)
		for (int k = 0; k < SURVEY_KINDS; k++) {
			int64_t since = a->survey.places[i].since[k];

			*live = *live && a->survey.places[i].live[k];
			if (since != 0 && (oldest == 0 || since < oldest))
				oldest = since;
		}
	return oldest;
}
