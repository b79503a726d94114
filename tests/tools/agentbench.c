/* SPDX-License-Identifier: ISC */
/*
 * agentbench N SOCKET...: N signatures of each key that the first agent lists,
 * by each agent in turn, so that what else the machine does hits all of them
 * alike.  Prints, for each key, its comment and each agent's median in
 * microseconds.  With one socket it is simply N signatures.
 */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "pemkeep/base/buf.h"

#define AGENTS_MAX 4
#define ANSWER_MAX 262144
#define SHA2_256 2

static void
die(const char *what)
{
	perror(what);
	exit(1);
}

static int
open_agent(const char *path)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	if (strlen(path) >= sizeof(un.sun_path))
		die(path);
	strcpy(un.sun_path, path);
	if (fd == -1 ||
	    connect(fd, (const struct sockaddr *)&un, sizeof(un)) == -1)
		die(path);
	return fd;
}

static void
read_exactly(int fd, uint8_t *to, size_t len)
{
	while (len > 0) {
		ssize_t n = recv(fd, to, len, 0);

		if (n <= 0)
			die("recv");
		to += n;
		len -= (size_t)n;
	}
}

/* The answer's length, its type first. */
static size_t
call(int fd, const struct buf *request, uint8_t *answer)
{
	uint8_t head[4];
	struct wire w;
	size_t len;

	if (send(fd, request->data, request->len, 0) != (ssize_t)request->len)
		die("send");
	read_exactly(fd, head, sizeof(head));
	wire_init(&w, head, sizeof(head));
	len = wire_u32(&w);
	if (len == 0 || len > ANSWER_MAX)
		die("length");
	read_exactly(fd, answer, len);
	return len;
}

static uint64_t
now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static int
by_size(const void *a, const void *b)
{
	const uint64_t *left = a, *right = b;

	return *left < *right ? -1 : *left > *right;
}

static void
sign_request(struct buf *b, const uint8_t *blob, size_t len)
{
	static const uint8_t data[256] = { 1 }; /* as a login has it, about */

	buf_put_u32(b, (uint32_t)(1 + 4 + len + 4 + sizeof(data) + 4));
	buf_put_u8(b, 13);
	buf_put_string(b, blob, len);
	buf_put_string(b, data, sizeof(data));
	buf_put_u32(b, memmem(blob, len, "ssh-rsa", 7) != NULL ? SHA2_256 : 0);
}

static void
measure(const int *agents, size_t count, size_t n, const uint8_t *blob,
    size_t len, const uint8_t *name, size_t name_len)
{
	static uint8_t answer[ANSWER_MAX];
	struct buf request = BUF_INIT;
	uint64_t *times[AGENTS_MAX];

	sign_request(&request, blob, len);
	for (size_t a = 0; a < count; a++)
		if ((times[a] = calloc(n, sizeof(**times))) == NULL)
			die("memory");
	for (size_t i = 0; i < n; i++) {
		for (size_t a = 0; a < count; a++) {
			uint64_t begin = now_ns();

			(void)call(agents[a], &request, answer);
			times[a][i] = now_ns() - begin;
			if (answer[0] != 14) {
				fprintf(stderr, "agent %zu: no signature\n", a);
				exit(1);
			}
		}
	}
	printf("%.*s", (int)name_len, (const char *)name);
	for (size_t a = 0; a < count; a++) {
		qsort(times[a], n, sizeof(**times), by_size);
		printf(" %.1f", (double)times[a][n / 2] / 1000);
		free(times[a]);
	}
	printf("\n");
	buf_free(&request);
}

int
main(int argc, char **argv)
{
	static uint8_t list[ANSWER_MAX];
	static const uint8_t ask[5] = { 0, 0, 0, 1, 11 };
	struct buf request = BUF_INIT;
	int agents[AGENTS_MAX];
	size_t count = (size_t)(argc - 2), n, len;
	uint32_t keys;
	struct wire w;

	if (argc < 3 || count > AGENTS_MAX || (n = (size_t)atol(argv[1])) == 0)
		return 2;
	for (size_t i = 0; i < count; i++)
		agents[i] = open_agent(argv[2 + i]);
	buf_put(&request, ask, sizeof(ask));
	len = call(agents[0], &request, list);
	buf_free(&request);
	wire_init(&w, list, len);
	(void)wire_u8(&w);
	for (keys = wire_u32(&w); keys > 0; keys--) {
		size_t blob_len, comment_len;
		const uint8_t *blob = wire_string(&w, &blob_len);
		const uint8_t *comment = wire_string(&w, &comment_len);

		if (!wire_ok(&w))
			return 1;
		measure(agents, count, n, blob, blob_len, comment, comment_len);
	}
	return 0;
}
