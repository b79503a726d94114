/* SPDX-License-Identifier: ISC */
/*
 * The log on any bytes: what is read as a line can be written again, and a log
 * that is sound stays sound when a line is added, and is not when its last line
 * is changed.
 */

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "src/log/log_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(int condition)
{
	if (!condition)
		abort();
}

static void
one_line(const char *text, size_t len)
{
	struct log_entry first, second;
	struct log_head head, again;
	struct buf b = BUF_INIT;

	if (!log_line_parse(text, len, &first, &head))
		return;
	must(first.seq == head.seq && first.seq > 0);
	again = head;
	again.seq--;
	{
		const struct log_session session = { .start = first.seq,
			.seconds = first.seconds,
			.status = first.status,
			.signal = first.signal,
			.bytes_in = first.bytes_in,
			.bytes_out = first.bytes_out };
		const struct log_event event = { .kind = LOG_DISCONNECT,
			.time = 1,
			.pid = (long)(first.pid >> 1),
			.key = first.key,
			.program = first.program,
			.host = first.host,
			.instance = first.instance,
			.address = first.address,
			.port = (unsigned)first.port,
			.user = first.user,
			.host_key = first.host_key,
			.detail = first.detail,
			.session = &session };

		must(log_line_put(&b, &event, NULL, &again));
	}
	must(b.len < LOG_LINE_MAX && b.data[b.len - 1] == '\n');
	must(log_line_parse((const char *)b.data, b.len - 1, &second, &again));
	must(second.seq == first.seq);
	must(second.status == first.status);
	must(second.bytes_in == first.bytes_in);
	must(log_line_follows((const char *)b.data, b.len - 1, head.chain));
	buf_free(&b);
}

static struct log_report
verify(const void *bytes, size_t len, const struct log_head *head)
{
	FILE *in = fmemopen((void *)(uintptr_t)bytes, len, "r");
	struct log_report report;

	must(in != NULL);
	log_verify_stream(in, head, &report);
	fclose(in);
	return report;
}

static void
whole(const uint8_t *data, size_t size)
{
	struct log_head head;
	struct log_report r;

	if (size == 0)
		return;
	r = verify(data, size, NULL);
	must((r.fault == LOG_SOUND) == (r.text[0] == '\0'));
	must(r.entries <= size);
	if (size > LOG_HEAD_SIZE &&
	    log_head_parse((const char *)data, LOG_HEAD_SIZE, &head))
		(void)verify(data + LOG_HEAD_SIZE, size - LOG_HEAD_SIZE, &head);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *at = (const char *)data, *end;
	size_t left = size;

	whole(data, size);
	while (left > 0) {
		end = memchr(at, '\n', left);
		one_line(at, end != NULL ? (size_t)(end - at) : left);
		if (end == NULL)
			break;
		left -= (size_t)(end + 1 - at);
		at = end + 1;
	}
	return 0;
}
