/* SPDX-License-Identifier: ISC */
/*
 * The parameters of the calls that make something.  They follow from the plan
 * alone: a call that is repeated with the same ClientToken must be the same.
 */

#include <stdio.h>
#include <string.h>

#include "pemkeep/base/digest.h"
#include "pemkeep/launch/allow.h"
#include "pemkeep/launch/remove.h"

#include "src/launch/launch_internal.h"

/* ASCII only, and no apostrophe: group and rule descriptions take no more. */
#define DESCRIPTION "made by pemkeep launch"

static void
put_tag(struct buf *params, unsigned n, unsigned *tag, const char *key,
    const char *value)
{
	++*tag;
	aws_param(params, key, "TagSpecification.%u.Tag.%u.Key", n, *tag);
	aws_param(params, value, "TagSpecification.%u.Tag.%u.Value", n, *tag);
}

/* TagSpecification.N for a resource that is made; 'named': with the Name tag. */
static void
put_tags(struct buf *params, const struct launch *l, unsigned n,
    const char *resource, bool named)
{
	unsigned tag = 0;

	aws_param(params, resource, "TagSpecification.%u.ResourceType", n);
	put_tag(params, n, &tag, REMOVE_TAG, l->uuid);
	if (named)
		put_tag(params, n, &tag, "Name", l->name);
	for (size_t i = 0; named && i < l->tag_count; i++)
		put_tag(params, n, &tag, l->tags[i].key, l->tags[i].value);
}

/* "TYPE BASE64" without the comment, which may be in any script. */
void
launch_put_import(struct buf *params, const struct launch *l)
{
	const char *blank = strchr(l->public_key, ' ');
	size_t len = strlen(l->public_key);
	struct buf material = BUF_INIT;

	if (blank != NULL)
		len = (size_t)(blank + 1 - l->public_key) +
		    strcspn(blank + 1, " \r\n");
	digest_put_base64(&material, (const uint8_t *)l->public_key, len, 1);
	aws_param(params, l->pair, "KeyName");
	aws_param(params, buf_text(&material), "PublicKeyMaterial");
	put_tags(params, l, 1, "key-pair", true);
	params->failed |= !buf_ok(&material);
	buf_free(&material);
}

void
launch_put_create_pair(struct buf *params, const struct launch *l)
{
	aws_param(params, l->pair, "KeyName");
	aws_param(params, l->key_type, "KeyType");
	aws_param(params, "pem", "KeyFormat");
	put_tags(params, l, 1, "key-pair", true);
}

void
launch_put_group(struct buf *params, const struct launch *l)
{
	aws_param(params, l->group, "GroupName");
	aws_param(params, DESCRIPTION, "GroupDescription");
	aws_param(params, l->vpc, "VpcId");
	put_tags(params, l, 1, "security-group", true);
}

void
launch_put_ingress(struct buf *params, const char *group,
    const struct launch_rule *rule, const char *description)
{
	bool six = strchr(rule->cidr, ':') != NULL;
	const char *ranges = six ? "Ipv6Ranges" : "IpRanges";
	char port[16];

	aws_param(params, group, "GroupId");
	aws_param(params, "tcp", "IpPermissions.1.IpProtocol");
	snprintf(port, sizeof(port), "%u", rule->from);
	aws_param(params, port, "IpPermissions.1.FromPort");
	snprintf(port, sizeof(port), "%u", rule->to);
	aws_param(params, port, "IpPermissions.1.ToPort");
	aws_param(params, rule->cidr, "IpPermissions.1.%s.1.%s", ranges,
	    six ? "CidrIpv6" : "CidrIp");
	aws_param(
	    params, description, "IpPermissions.1.%s.1.Description", ranges);
}

void
launch_put_rule(struct buf *params, const struct launch *l, size_t i)
{
	const struct launch_rule *rule = &l->rules[i];

	launch_put_ingress(params, l->group_id, rule, DESCRIPTION);
	put_tags(params, l, 1, "security-group-rule", false);
	if (rule->me)
		allow_put_tag(params, 2, true);
}

/* Some images have a root volume that outlives the instance, and costs money. */
static void
put_disk(struct buf *params, const struct launch *l)
{
	int64_t gibibytes = l->disk != 0 ? l->disk : l->stays;
	char size[24];

	if (gibibytes == 0)
		return;
	snprintf(size, sizeof(size), "%lld", (long long)gibibytes);
	aws_param(params, l->root_device, "BlockDeviceMapping.1.DeviceName");
	aws_param(
	    params, "true", "BlockDeviceMapping.1.Ebs.DeleteOnTermination");
	aws_param(params, size, "BlockDeviceMapping.1.Ebs.VolumeSize");
}

void
launch_put_run(struct buf *params, const struct launch *l, bool dry)
{
	aws_param(params, l->image, "ImageId");
	aws_param(params, l->type, "InstanceType");
	aws_param(params, "1", "MinCount");
	aws_param(params, "1", "MaxCount");
	aws_param(params, l->subnet, "SubnetId");
	aws_param(params, "required", "MetadataOptions.HttpTokens");
	put_disk(params, l);
	if (l->user_data[0] != '\0')
		aws_param(params, l->user_data, "UserData");
	put_tags(params, l, 1, "instance", true);
	put_tags(params, l, 2, "volume", true);
	if (dry)
		return;
	aws_param(params, l->pair, "KeyName");
	aws_param(params, l->group_id, "SecurityGroupId.1");
	aws_param(params, l->uuid, "ClientToken");
}

void
launch_put_allocate(struct buf *params, const struct launch *l)
{
	aws_param(params, "vpc", "Domain");
	put_tags(params, l, 1, "elastic-ip", true);
}
