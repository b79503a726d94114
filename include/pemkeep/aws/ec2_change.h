/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_AWS_EC2_CHANGE_H
#define PEMKEEP_AWS_EC2_CHANGE_H

/*
 * Actions of EC2 that change something.
 *
 * Those that are 'once' (call.h) make another one when they are sent again: when
 * the answer is lost (error, and aws_job.sent), look for what was made, by the tag
 * that went with the call, and do not call again blindly.  RunInstances has
 * ClientToken for that, and is safe to repeat with it.
 *
 * With DryRun=true nothing is changed: DryRunOperation (aws_job.code, status 412)
 * is the answer "you may", UnauthorizedOperation "you may not".
 */

#include "pemkeep/aws/call.h"

/* CreateKeyPair: the private key comes once, and never again. */
struct ec2_new_key {
	const char *name, *id, *fingerprint;
	const char *material; /* PEM; secret */
};

/* ImportKeyPair. */
struct ec2_imported_key {
	const char *name, *id, *fingerprint;
};

/* CreateSecurityGroup. */
struct ec2_new_group {
	const char *id;
};

/* AuthorizeSecurityGroupIngress: a row for each rule that was made. */
struct ec2_new_rule {
	const char *id;
};

/* RunInstances: one row an instance.  It has no public address yet. */
struct ec2_new_instance {
	const char *id, *state, *zone;
};

/* StartInstances, StopInstances, TerminateInstances: one row an instance. */
struct ec2_state_change {
	const char *instance;
	const char *state, *previous;
};

/* AllocateAddress. */
struct ec2_new_address {
	const char *public_ip, *allocation;
};

/* AssociateAddress. */
struct ec2_new_association {
	const char *id;
};

/* GetPasswordData. */
struct ec2_password {
	const char *instance;
	int64_t time;
	/* Encrypted with the public key of the launch (RSA, PKCS#1 v1.5); NULL
	 * data: there is none yet. */
	struct aws_bytes data;
};

extern const struct aws_action ec2_create_key_pair; /* once */
extern const struct aws_action ec2_import_key_pair; /* once */
extern const struct aws_action ec2_delete_key_pair;
extern const struct aws_action ec2_create_security_group; /* once */
extern const struct aws_action ec2_delete_security_group;
extern const struct aws_action ec2_authorize_ingress;
extern const struct aws_action ec2_revoke_ingress;
extern const struct aws_action ec2_run_instances; /* give a ClientToken */
extern const struct aws_action ec2_start_instances;
extern const struct aws_action ec2_stop_instances;
extern const struct aws_action ec2_reboot_instances; /* no rows */
extern const struct aws_action ec2_terminate_instances;
extern const struct aws_action ec2_allocate_address; /* once */
extern const struct aws_action ec2_associate_address;
extern const struct aws_action ec2_disassociate_address;
extern const struct aws_action ec2_release_address;
extern const struct aws_action ec2_create_tags;
extern const struct aws_action ec2_get_password_data; /* changes nothing */

#endif
