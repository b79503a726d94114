/* SPDX-License-Identifier: ISC */
/* What changes things in EC2, in tables. */

#include "pemkeep/aws/ec2_change.h"

#include "src/aws/tables.h"

static const struct aws_field new_key_fields[] = {
	TEXT(ec2_new_key, name, "keyName"),
	TEXT(ec2_new_key, id, "keyPairId"),
	TEXT(ec2_new_key, fingerprint, "keyFingerprint"),
	TEXT(ec2_new_key, material, "keyMaterial"),
};
static const struct aws_table new_key = TABLE(ec2_new_key, "", new_key_fields);

const struct aws_action ec2_create_key_pair = {
	.name = "CreateKeyPair",
	.service = "ec2",
	.version = EC2_VERSION,
	.once = true,
	.table = &new_key,
};

static const struct aws_field imported_key_fields[] = {
	TEXT(ec2_imported_key, name, "keyName"),
	TEXT(ec2_imported_key, id, "keyPairId"),
	TEXT(ec2_imported_key, fingerprint, "keyFingerprint"),
};
static const struct aws_table imported_key =
    TABLE(ec2_imported_key, "", imported_key_fields);

const struct aws_action ec2_import_key_pair = {
	.name = "ImportKeyPair",
	.service = "ec2",
	.version = EC2_VERSION,
	.once = true,
	.table = &imported_key,
};

const struct aws_action ec2_delete_key_pair = {
	.name = "DeleteKeyPair",
	.service = "ec2",
	.version = EC2_VERSION,
};

static const struct aws_field new_group_fields[] = {
	TEXT(ec2_new_group, id, "groupId"),
};
static const struct aws_table new_group =
    TABLE(ec2_new_group, "", new_group_fields);

const struct aws_action ec2_create_security_group = {
	.name = "CreateSecurityGroup",
	.service = "ec2",
	.version = EC2_VERSION,
	.once = true,
	.table = &new_group,
};

const struct aws_action ec2_delete_security_group = {
	.name = "DeleteSecurityGroup",
	.service = "ec2",
	.version = EC2_VERSION,
};

static const struct aws_field new_rule_fields[] = {
	TEXT(ec2_new_rule, id, "securityGroupRuleId"),
};
static const struct aws_table new_rule =
    TABLE(ec2_new_rule, "securityGroupRuleSet/item", new_rule_fields);

const struct aws_action ec2_authorize_ingress = {
	.name = "AuthorizeSecurityGroupIngress",
	.service = "ec2",
	.version = EC2_VERSION,
	.table = &new_rule,
};

const struct aws_action ec2_revoke_ingress = {
	.name = "RevokeSecurityGroupIngress",
	.service = "ec2",
	.version = EC2_VERSION,
};

static const struct aws_field new_instance_fields[] = {
	TEXT(ec2_new_instance, id, "instanceId"),
	TEXT(ec2_new_instance, state, "instanceState/name"),
	TEXT(ec2_new_instance, zone, "placement/availabilityZone"),
};
static const struct aws_table new_instance =
    TABLE(ec2_new_instance, "instancesSet/item", new_instance_fields);

const struct aws_action ec2_run_instances = {
	.name = "RunInstances",
	.service = "ec2",
	.version = EC2_VERSION,
	.table = &new_instance,
};

static const struct aws_field state_change_fields[] = {
	TEXT(ec2_state_change, instance, "instanceId"),
	TEXT(ec2_state_change, state, "currentState/name"),
	TEXT(ec2_state_change, previous, "previousState/name"),
};
static const struct aws_table state_change =
    TABLE(ec2_state_change, "instancesSet/item", state_change_fields);

const struct aws_action ec2_start_instances = {
	.name = "StartInstances",
	.service = "ec2",
	.version = EC2_VERSION,
	.table = &state_change,
};

const struct aws_action ec2_stop_instances = {
	.name = "StopInstances",
	.service = "ec2",
	.version = EC2_VERSION,
	.table = &state_change,
};

const struct aws_action ec2_reboot_instances = {
	.name = "RebootInstances",
	.service = "ec2",
	.version = EC2_VERSION,
};

const struct aws_action ec2_terminate_instances = {
	.name = "TerminateInstances",
	.service = "ec2",
	.version = EC2_VERSION,
	.table = &state_change,
};

static const struct aws_field new_address_fields[] = {
	TEXT(ec2_new_address, public_ip, "publicIp"),
	TEXT(ec2_new_address, allocation, "allocationId"),
};
static const struct aws_table new_address =
    TABLE(ec2_new_address, "", new_address_fields);

const struct aws_action ec2_allocate_address = {
	.name = "AllocateAddress",
	.service = "ec2",
	.version = EC2_VERSION,
	.once = true,
	.table = &new_address,
};

static const struct aws_field new_association_fields[] = {
	TEXT(ec2_new_association, id, "associationId"),
};
static const struct aws_table new_association =
    TABLE(ec2_new_association, "", new_association_fields);

const struct aws_action ec2_associate_address = {
	.name = "AssociateAddress",
	.service = "ec2",
	.version = EC2_VERSION,
	.table = &new_association,
};

const struct aws_action ec2_disassociate_address = {
	.name = "DisassociateAddress",
	.service = "ec2",
	.version = EC2_VERSION,
};

const struct aws_action ec2_release_address = {
	.name = "ReleaseAddress",
	.service = "ec2",
	.version = EC2_VERSION,
};

const struct aws_action ec2_create_tags = {
	.name = "CreateTags",
	.service = "ec2",
	.version = EC2_VERSION,
};

static const struct aws_field password_fields[] = {
	TEXT(ec2_password, instance, "instanceId"),
	TIME(ec2_password, time, "timestamp"),
	BYTES(ec2_password, data, "passwordData"),
};
static const struct aws_table password =
    TABLE(ec2_password, "", password_fields);

const struct aws_action ec2_get_password_data = {
	.name = "GetPasswordData",
	.service = "ec2",
	.version = EC2_VERSION,
	.table = &password,
};
