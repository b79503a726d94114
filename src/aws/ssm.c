/* SPDX-License-Identifier: ISC */
/* SSM in tables. */

#include "pemkeep/aws/ssm.h"
#include "pemkeep/base/buf.h"
#include "pemkeep/base/json.h"

#include "src/aws/tables.h"

static const struct aws_field parameter_fields[] = {
	TEXT(ssm_parameter, name, "Name"),
	TEXT(ssm_parameter, value, "Value"),
};
static const struct aws_table parameter =
    TABLE(ssm_parameter, "Parameters", parameter_fields);

const struct aws_action ssm_get_parameters = {
	.name = "GetParameters",
	.service = "ssm",
	.version = "2014-11-06",
	.target = "AmazonSSM",
	.table = &parameter,
};

void
ssm_put_names(struct buf *params, const char *const *names, size_t count)
{
	struct json *top = json_new_object(), *list = json_new_array();

	for (size_t i = 0; i < count; i++)
		json_append_text(list, names[i]);
	json_set(top, "Names", list);
	if (!json_put(params, top))
		params->failed = true;
	json_free(top);
}
