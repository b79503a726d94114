/* SPDX-License-Identifier: ISC */
/*
 * The child that refreshes the cache while the user works on.  It is this
 * program in another role, without a terminal, a session or a descriptor of the
 * parent, and it asks nobody anything: what needs a code is left alone.  One
 * lock file has a byte for each account and region, which the kernel frees
 * whatever becomes of the child.
 */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pemkeep/aws/call.h"
#include "pemkeep/base/buf.h"
#include "pemkeep/base/digest.h"
#include "pemkeep/base/err.h"
#include "pemkeep/base/path.h"

#include "src/inventory/inventory_internal.h"

#define ROLE "(refresh)"
#define UNDER_WAY 20   /* seconds that another child is left alone */
#define PAIRS_MAX 256  /* areas that one child takes */
#define TIME_LIMIT 120 /* seconds; then it ends by a signal */
#define FIXED_ARGS 5

/* Arguments: name, role, --profile, CA bundle, flags, then the areas. */
struct plan {
	const char *argv[FIXED_ARGS + 2 * PAIRS_MAX + 1];
	size_t count;
};

static bool
is_due(const struct inventory *inv, const struct area *a)
{
	int64_t now = inventory_now(inv);

	return a->used && !a->same && !a->tried &&
	    !inventory_is_fresh(inv, a) &&
	    (a->place.tried > now || now - a->place.tried >= UNDER_WAY);
}

static void
make_plan(const struct inventory *inv, struct plan *plan)
{
	const struct inventory_options *o = &inv->o;

	plan->argv[plan->count++] = "pemkeep";
	plan->argv[plan->count++] = ROLE;
	plan->argv[plan->count++] = o->profile != NULL ? o->profile : "";
	plan->argv[plan->count++] = o->ca_bundle != NULL ? o->ca_bundle : "";
	plan->argv[plan->count++] = o->cache_credentials ? "c" : "";
	for (size_t i = 0; i < inv->area_count; i++) {
		const struct area *a = &inv->areas[i];
		const char *profile = inv->logins[a->login].profile;

		if (!is_due(inv, a) ||
		    plan->count + 2 > FIXED_ARGS + 2 * PAIRS_MAX)
			continue;
		plan->argv[plan->count++] = profile != NULL ? profile : "";
		plan->argv[plan->count++] = a->region;
	}
	plan->argv[plan->count] = NULL;
}

/* Between fork() and exec(): nothing but system calls. */
_Noreturn static void
become_child(const struct plan *plan, const char *program)
{
	sigset_t none;
	int null;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (setsid() == -1)
		_exit(1);
	switch (fork()) { /* not a leader of its session: gets no terminal */
	case 0:
		break;
	default:
		_exit(0);
	}
	null = open("/dev/null", O_RDWR);
	for (int fd = 0; fd <= 2; fd++)
		if (dup2(null, fd) == -1)
			_exit(1);
	closefrom(3);
	execv(program, (char *const *)(uintptr_t)plan->argv);
	_exit(1);
}

void
inventory_refresh_behind(struct inventory *inv)
{
	struct plan plan = { .count = 0 };
	pid_t pid;

	if (!inv->ready || !inventory_can_ask(inv) || inv->o.cache != NULL ||
	    inv->cache == NULL || cache_trouble(inv->cache) != NULL)
		return;
	make_plan(inv, &plan);
	if (plan.count == FIXED_ARGS)
		return;
	if ((pid = fork()) == 0)
		become_child(&plan, "/proc/self/exe");
	while (pid != -1 && waitpid(pid, NULL, 0) == -1 && errno == EINTR)
		;
}

/* A byte of the lock file, held until this process ends. */
static bool
lock(int fd, const char *account, const char *region)
{
	struct flock l = {
		.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1
	};
	struct buf b = BUF_INIT;
	uint8_t d[DIGEST_MAX] = { 0 };

	buf_printf(&b, "%s/%s", account, region);
	if (!buf_ok(&b) || digest(DIGEST_SHA256, b.data, b.len, d) == 0) {
		buf_free(&b);
		return false;
	}
	buf_free(&b);
	for (int i = 0; i < 5; i++)
		l.l_start = l.l_start * 256 + d[i];
	return fcntl(fd, F_SETLK, &l) == 0;
}

static int
open_lock(void)
{
	struct buf path = BUF_INIT;
	int fd = -1;

	if (path_of(PATH_CACHE, "refresh.lock", &path, NULL) == 0)
		fd = open(buf_text(&path),
		    O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	buf_free(&path);
	return fd;
}

/*
 * What another child has done until it gave the lock back does not have to be
 * done again.
 */
static int
refresh(struct inventory *inv, int fd)
{
	bool any = false;
	int r;

	if ((r = inventory_prepare(inv, NULL)) != 0)
		return r;
	for (size_t i = 0; i < inv->area_count; i++) {
		struct area *a = &inv->areas[i];

		a->wanted = !a->same &&
		    lock(fd, inv->logins[a->login].account, a->region);
	}
	if ((r = inventory_locate(inv, NULL)) != 0)
		return r;
	for (size_t i = 0; i < inv->area_count; i++) {
		struct area *a = &inv->areas[i];

		a->wanted &= !inventory_is_fresh(inv, a);
		any |= a->wanted;
	}
	return any ? inventory_ask(inv, NULL) : 0;
}

static const char *
given(const char *text)
{
	return *text != '\0' ? text : NULL;
}

static int
role(int argc, char **argv)
{
	const struct aws_options options = { .profile = given(argv[2]),
		.ca_bundle = given(argv[3]),
		.cache_credentials = strcmp(argv[4], "c") == 0 };
	struct inventory_pair pairs[PAIRS_MAX];
	struct inventory_options o = { .profile = options.profile,
		.pairs = pairs };
	struct inventory *inv = NULL;
	int fd, r = ERR_NOMEM;

	for (int i = FIXED_ARGS; i + 1 < argc && o.pair_count < PAIRS_MAX;
	     i += 2)
		pairs[o.pair_count++] =
		    (struct inventory_pair){ given(argv[i]), argv[i + 1] };
	alarm(TIME_LIMIT);
	if ((fd = open_lock()) == -1)
		return 1;
	if ((o.aws = aws_new(&options)) != NULL &&
	    (inv = inventory_new(&o)) != NULL)
		r = refresh(inv, fd);
	inventory_free(inv);
	aws_free(o.aws);
	close(fd);
	return r != 0;
}

bool
inventory_role_main(int argc, char **argv, int *status)
{
	if (argc < FIXED_ARGS || strcmp(argv[1], ROLE) != 0)
		return false;
	*status = role(argc, argv);
	return true;
}
