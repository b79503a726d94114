/* SPDX-License-Identifier: ISC */
/*
 * Answers of AWS: as rows of an action that the first byte chooses, in pieces of
 * a size that the second one does, and as an error.  Rows are texts and lists
 * that can be read to their end, and there are none after a failure that a
 * caller would ask for.
 */

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "pemkeep/aws/ec2.h"
#include "pemkeep/aws/ec2_change.h"
#include "pemkeep/aws/ssm.h"
#include "pemkeep/aws/sts.h"
#include "pemkeep/base/buf.h"
#include "pemkeep/base/err.h"
#include "pemkeep/base/utf8.h"

#include "src/aws/errors.h"
#include "src/aws/rows.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct aws_action *const actions[] = { &ec2_describe_instances,
	&ec2_describe_addresses, &ec2_describe_images, &ec2_describe_key_pairs,
	&ec2_describe_regions, &ec2_get_console_output, &ec2_start_instances,
	&sts_get_caller_identity, &sts_assume_role,
	&ec2_describe_security_groups, &ec2_describe_security_group_rules,
	&ec2_describe_instance_types, &ec2_describe_instance_type_offerings,
	&ec2_describe_vpcs, &ec2_describe_subnets, &ec2_create_key_pair,
	&ec2_import_key_pair, &ec2_create_security_group,
	&ec2_authorize_ingress, &ec2_run_instances, &ec2_terminate_instances,
	&ec2_allocate_address, &ec2_associate_address, &ec2_get_password_data,
	&ssm_get_parameters };

static void
must(int condition)
{
	if (!condition)
		abort();
}

/* Reads all of it; the sum keeps that from being left out. */
static size_t
read_row(const struct aws_table *table, const char *row)
{
	size_t sum = 0;

	for (size_t i = 0; i < table->count; i++) {
		const struct aws_field *f = &table->fields[i];
		const struct aws_list *list = (const void *)(row + f->offset);
		const struct aws_bytes *bytes = (const void *)list;
		const char *text;

		if (f->kind == AWS_TEXT) {
			memcpy(&text, row + f->offset, sizeof(text));
			must(text != NULL && utf8_valid(text, strlen(text)));
			sum += strlen(text);
		} else if (f->kind == AWS_LIST) {
			must((list->items == NULL) == (list->count == 0));
			for (size_t n = 0; n < list->count; n++)
				sum += read_row(f->items,
				    (const char *)list->items +
					n * f->items->size);
		} else if (f->kind == AWS_BYTES) {
			must(bytes->data != NULL || bytes->len == 0);
			for (size_t n = 0; n < bytes->len; n++)
				sum += bytes->data[n];
		}
	}
	return sum;
}

static void
as_rows(const struct aws_action *action, const uint8_t *data, size_t size,
    size_t step)
{
	struct rows *rows = rows_new(action);
	struct err e = { ERR_OK, "", "" };
	const void *row = NULL;
	int status;

	must(rows != NULL);
	status = rows_begin(rows, &e);
	for (size_t at = 0; at < size && status == 0; at += step)
		status = rows_feed(rows, data + at,
		    size - at < step ? size - at : step, false, &e);
	if (status == 0)
		status = rows_feed(rows, "", 0, true, &e);
	must(status == 0 || status == ERR_NETWORK || status == ERR_FORMAT);
	must((status == 0) == (e.text[0] == '\0'));
	must(status == 0 || rows_feed(rows, "<a/>", 4, true, &e) == status);
	must(utf8_valid(rows_token(rows), strlen(rows_token(rows))));
	while (status == 0 && (row = rows_next(rows, row)) != NULL)
		must(read_row(action->table, row) < SIZE_MAX);
	rows_free(rows);
}

static void
as_error(const uint8_t *data, size_t size)
{
	const struct http_response response = { .status = 400 };
	char code[ERRORS_CODE_SIZE];
	struct buf message = BUF_INIT;

	errors_read(&response, data, size, code, &message);
	must(strlen(code) < sizeof(code));
	for (const char *c = code; *c != '\0'; c++)
		must(*c > ' ' && *c <= '~');
	buf_free(&message);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	as_error(data, size);
	if (size < 2)
		return 0;
	as_rows(actions[data[0] % (sizeof(actions) / sizeof(actions[0]))],
	    data + 2, size - 2, 1u + data[1]);
	return 0;
}
