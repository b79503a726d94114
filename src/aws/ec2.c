/* SPDX-License-Identifier: ISC */
/*
 * What reads of EC2, in tables: API version 2016-11-15, the fields that somebody
 * uses.
 */

#include <string.h>

#include "pemkeep/aws/ec2.h"

#include "src/aws/tables.h"

#define VERSION EC2_VERSION

static const struct aws_field tag_fields[] = {
	TEXT(ec2_tag, key, "key"),
	TEXT(ec2_tag, value, "value"),
};
static const struct aws_table tag = ITEMS(ec2_tag, tag_fields);

static const struct aws_field ipv6_fields[] = {
	TEXT(ec2_ipv6, address, "ipv6Address"),
};
static const struct aws_table ipv6 = ITEMS(ec2_ipv6, ipv6_fields);

static const struct aws_field interface_fields[] = {
	TEXT(ec2_interface, id, "networkInterfaceId"),
	TEXT(ec2_interface, public_ip, "association/publicIp"),
	TEXT(ec2_interface, public_ip_owner, "association/ipOwnerId"),
	LIST(ec2_interface, ipv6, "ipv6AddressesSet/item", &ipv6),
};
static const struct aws_table interface =
    ITEMS(ec2_interface, interface_fields);

static const struct aws_field group_name_fields[] = {
	TEXT(ec2_group_name, id, "groupId"),
	TEXT(ec2_group_name, name, "groupName"),
};
static const struct aws_table group_name =
    ITEMS(ec2_group_name, group_name_fields);

static const struct aws_field instance_fields[] = {
	TEXT(ec2_instance, id, "instanceId"),
	TEXT(ec2_instance, image, "imageId"),
	TEXT(ec2_instance, state, "instanceState/name"),
	TEXT(ec2_instance, private_dns, "privateDnsName"),
	TEXT(ec2_instance, public_dns, "dnsName"),
	TEXT(ec2_instance, reason, "stateReason/message"),
	TEXT(ec2_instance, key, "keyName"),
	TEXT(ec2_instance, type, "instanceType"),
	TIME(ec2_instance, launched, "launchTime"),
	TEXT(ec2_instance, zone, "placement/availabilityZone"),
	TEXT(ec2_instance, platform, "platform"),
	TEXT(ec2_instance, platform_details, "platformDetails"),
	TEXT(ec2_instance, subnet, "subnetId"),
	TEXT(ec2_instance, vpc, "vpcId"),
	TEXT(ec2_instance, private_ip, "privateIpAddress"),
	TEXT(ec2_instance, public_ip, "ipAddress"),
	TEXT(ec2_instance, architecture, "architecture"),
	LIST(ec2_instance, tags, "tagSet/item", &tag),
	LIST(ec2_instance, interfaces, "networkInterfaceSet/item", &interface),
	TEXT(ec2_instance, lifecycle, "instanceLifecycle"),
	TEXT(ec2_instance, ipv6, "ipv6Address"),
	TEXT(ec2_instance, http_tokens, "metadataOptions/httpTokens"),
	TEXT(ec2_instance, http_endpoint, "metadataOptions/httpEndpoint"),
	LIST(ec2_instance, groups, "groupSet/item", &group_name),
};
static const struct aws_table instance = TABLE(
    ec2_instance, "reservationSet/item/instancesSet/item", instance_fields);
const struct aws_action ec2_describe_instances = {
	.name = "DescribeInstances",
	.service = "ec2",
	.version = VERSION,
	.page = 1000,
	.table = &instance,
};

static const struct aws_field address_fields[] = {
	TEXT(ec2_address, public_ip, "publicIp"),
	TEXT(ec2_address, allocation, "allocationId"),
	TEXT(ec2_address, association, "associationId"),
	TEXT(ec2_address, instance, "instanceId"),
	TEXT(ec2_address, interface, "networkInterfaceId"),
	TEXT(ec2_address, private_ip, "privateIpAddress"),
	LIST(ec2_address, tags, "tagSet/item", &tag),
};
static const struct aws_table address =
    TABLE(ec2_address, "addressesSet/item", address_fields);
const struct aws_action ec2_describe_addresses = {
	.name = "DescribeAddresses",
	.service = "ec2",
	.version = VERSION,
	.table = &address,
};

static const struct aws_field disk_fields[] = {
	TEXT(ec2_disk, device, "deviceName"),
	FIELD(ec2_disk, gibibytes, "ebs/volumeSize", AWS_INT),
	FIELD(ec2_disk, delete_on_termination, "ebs/deleteOnTermination",
	    AWS_BOOL),
};
static const struct aws_table disk = ITEMS(ec2_disk, disk_fields);

static const struct aws_field image_fields[] = {
	TEXT(ec2_image, id, "imageId"),
	TEXT(ec2_image, location, "imageLocation"),
	TEXT(ec2_image, state, "imageState"),
	TEXT(ec2_image, owner, "imageOwnerId"),
	TEXT(ec2_image, owner_alias, "imageOwnerAlias"),
	TEXT(ec2_image, architecture, "architecture"),
	TEXT(ec2_image, platform, "platform"),
	TEXT(ec2_image, platform_details, "platformDetails"),
	TEXT(ec2_image, name, "name"),
	TEXT(ec2_image, description, "description"),
	TEXT(ec2_image, root_device, "rootDeviceName"),
	LIST(ec2_image, disks, "blockDeviceMapping/item", &disk),
	TIME(ec2_image, created, "creationDate"),
	TEXT(ec2_image, source, "sourceImageId"),
	TEXT(ec2_image, source_region, "sourceImageRegion"),
};
static const struct aws_table image =
    TABLE(ec2_image, "imagesSet/item", image_fields);
const struct aws_action ec2_describe_images = {
	.name = "DescribeImages",
	.service = "ec2",
	.version = VERSION,
	.table = &image,
};

static const struct aws_field key_pair_fields[] = {
	TEXT(ec2_key_pair, id, "keyPairId"),
	TEXT(ec2_key_pair, name, "keyName"),
	TEXT(ec2_key_pair, type, "keyType"),
	TEXT(ec2_key_pair, fingerprint, "keyFingerprint"),
	TEXT(ec2_key_pair, public_key, "publicKey"),
	TIME(ec2_key_pair, created, "createTime"),
	LIST(ec2_key_pair, tags, "tagSet/item", &tag),
};
static const struct aws_table key_pair =
    TABLE(ec2_key_pair, "keySet/item", key_pair_fields);
const struct aws_action ec2_describe_key_pairs = {
	.name = "DescribeKeyPairs",
	.service = "ec2",
	.version = VERSION,
	.table = &key_pair,
};

static const struct aws_field region_fields[] = {
	TEXT(ec2_region, name, "regionName"),
	TEXT(ec2_region, endpoint, "regionEndpoint"),
	TEXT(ec2_region, opt_in, "optInStatus"),
};
static const struct aws_table region =
    TABLE(ec2_region, "regionInfo/item", region_fields);
const struct aws_action ec2_describe_regions = {
	.name = "DescribeRegions",
	.service = "ec2",
	.version = VERSION,
	.table = &region,
};

static const struct aws_field console_fields[] = {
	TEXT(ec2_console, instance, "instanceId"),
	TIME(ec2_console, time, "timestamp"),
	BYTES(ec2_console, output, "output"),
};
static const struct aws_table console = TABLE(ec2_console, "", console_fields);
const struct aws_action ec2_get_console_output = {
	.name = "GetConsoleOutput",
	.service = "ec2",
	.version = VERSION,
	.table = &console,
};

static const struct aws_field group_fields[] = {
	TEXT(ec2_group, id, "groupId"),
	TEXT(ec2_group, name, "groupName"),
	TEXT(ec2_group, description, "groupDescription"),
	TEXT(ec2_group, vpc, "vpcId"),
	LIST(ec2_group, tags, "tagSet/item", &tag),
};
static const struct aws_table group =
    TABLE(ec2_group, "securityGroupInfo/item", group_fields);
const struct aws_action ec2_describe_security_groups = {
	.name = "DescribeSecurityGroups",
	.service = "ec2",
	.version = VERSION,
	.page = 1000,
	.table = &group,
};

static const struct aws_field rule_fields[] = {
	TEXT(ec2_rule, id, "securityGroupRuleId"),
	TEXT(ec2_rule, group, "groupId"),
	FIELD(ec2_rule, egress, "isEgress", AWS_BOOL),
	TEXT(ec2_rule, protocol, "ipProtocol"),
	FIELD(ec2_rule, from, "fromPort", AWS_INT),
	FIELD(ec2_rule, to, "toPort", AWS_INT),
	TEXT(ec2_rule, cidr, "cidrIpv4"),
	TEXT(ec2_rule, cidr6, "cidrIpv6"),
	TEXT(ec2_rule, prefix_list, "prefixListId"),
	TEXT(ec2_rule, other_group, "referencedGroupInfo/groupId"),
	TEXT(ec2_rule, description, "description"),
	LIST(ec2_rule, tags, "tagSet/item", &tag),
};
static const struct aws_table rule =
    TABLE(ec2_rule, "securityGroupRuleSet/item", rule_fields);
const struct aws_action ec2_describe_security_group_rules = {
	.name = "DescribeSecurityGroupRules",
	.service = "ec2",
	.version = VERSION,
	.page = 1000,
	.table = &rule,
};

static const struct aws_field text_fields[] = {
	TEXT(ec2_text, text, ""),
};
static const struct aws_table text = ITEMS(ec2_text, text_fields);

static const struct aws_field type_fields[] = {
	TEXT(ec2_type, name, "instanceType"),
	FIELD(ec2_type, free_tier, "freeTierEligible", AWS_BOOL),
	FIELD(ec2_type, cpus, "vCpuInfo/defaultVCpus", AWS_INT),
	FIELD(ec2_type, mebibytes, "memoryInfo/sizeInMiB", AWS_INT),
	LIST(ec2_type, architectures,
	    "processorInfo/supportedArchitectures/item", &text),
};
static const struct aws_table type =
    TABLE(ec2_type, "instanceTypeSet/item", type_fields);
const struct aws_action ec2_describe_instance_types = {
	.name = "DescribeInstanceTypes",
	.service = "ec2",
	.version = VERSION,
	.page = 100,
	.table = &type,
};

static const struct aws_field offering_fields[] = {
	TEXT(ec2_offering, type, "instanceType"),
	TEXT(ec2_offering, location, "location"),
};
static const struct aws_table offering =
    TABLE(ec2_offering, "instanceTypeOfferingSet/item", offering_fields);
const struct aws_action ec2_describe_instance_type_offerings = {
	.name = "DescribeInstanceTypeOfferings",
	.service = "ec2",
	.version = VERSION,
	.page = 1000,
	.table = &offering,
};

static const struct aws_field vpc_fields[] = {
	TEXT(ec2_vpc, id, "vpcId"),
	FIELD(ec2_vpc, is_default, "isDefault", AWS_BOOL),
};
static const struct aws_table vpc = TABLE(ec2_vpc, "vpcSet/item", vpc_fields);
const struct aws_action ec2_describe_vpcs = {
	.name = "DescribeVpcs",
	.service = "ec2",
	.version = VERSION,
	.page = 1000,
	.table = &vpc,
};

static const struct aws_field subnet_fields[] = {
	TEXT(ec2_subnet, id, "subnetId"),
	TEXT(ec2_subnet, vpc, "vpcId"),
	TEXT(ec2_subnet, zone, "availabilityZone"),
	FIELD(ec2_subnet, default_for_zone, "defaultForAz", AWS_BOOL),
	FIELD(ec2_subnet, public_ip, "mapPublicIpOnLaunch", AWS_BOOL),
};
static const struct aws_table subnet =
    TABLE(ec2_subnet, "subnetSet/item", subnet_fields);
const struct aws_action ec2_describe_subnets = {
	.name = "DescribeSubnets",
	.service = "ec2",
	.version = VERSION,
	.page = 1000,
	.table = &subnet,
};

bool
ec2_is_id(const char *id, const char *prefix)
{
	size_t len = strlen(prefix), rest;

	if (strncmp(id, prefix, len) != 0)
		return false;
	rest = strspn(id + len, "0123456789abcdef");
	return rest >= 1 && rest <= 32 && id[len + rest] == '\0';
}

const char *
ec2_tag_value(const struct aws_list *tags, const char *key)
{
	const struct ec2_tag *t = tags->items;

	for (size_t i = 0; i < tags->count; i++)
		if (strcmp(t[i].key, key) == 0)
			return t[i].value;
	return "";
}

bool
ec2_is_elastic(const struct ec2_instance *row)
{
	const struct ec2_interface *list = row->interfaces.items;

	for (size_t i = 0; i < row->interfaces.count; i++)
		if (row->public_ip[0] != '\0' &&
		    strcmp(list[i].public_ip, row->public_ip) == 0)
			return aws_is_account(list[i].public_ip_owner);
	return false;
}
