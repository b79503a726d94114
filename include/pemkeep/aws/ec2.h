/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_AWS_EC2_H
#define PEMKEEP_AWS_EC2_H

/*
 * Actions of EC2, and what a row of each is.  Texts are never NULL; what the
 * answer did not have is "", 0 or false.  Values that are not known yet (states,
 * types) are kept as they came.
 */

#include "pemkeep/aws/call.h"

struct console_keys;

struct ec2_tag {
	const char *key, *value;
};

/* A network interface: its own addresses beside those of the instance. */
struct ec2_interface {
	const char *id;
	const char *public_ip;
	/* "amazon" (the address changes with the next stop), or an account: it
	 * is an Elastic IP. */
	const char *public_ip_owner;
	struct aws_list ipv6; /* struct ec2_ipv6 */
};

struct ec2_ipv6 {
	const char *address;
};

/* DescribeInstances. */
struct ec2_instance {
	const char *id;
	const char *state;  /* pending running shutting-down terminated
				stopping stopped */
	const char *reason; /* of the state, in words */
	const char *image;  /* "ami-…" */
	const char *type;   /* "t3.micro" */
	const char *zone;   /* "eu-west-1a" */
	const char *key;    /* name of the key pair */
	const char *public_ip;
	const char *public_dns;
	const char *private_ip;
	const char *private_dns;
	const char *ipv6;
	const char *platform; /* "windows", or "" */
	const char *platform_details;
	const char *architecture;
	const char *vpc;
	const char *subnet;
	const char *lifecycle; /* "spot", or "" */
	int64_t launched;
	struct aws_list tags;       /* struct ec2_tag */
	struct aws_list interfaces; /* struct ec2_interface */
};

/* DescribeAddresses: Elastic IPs.  No pages. */
struct ec2_address {
	const char *public_ip;
	const char *allocation;
	const char *association;
	const char *instance;
	const char *interface;
	const char *private_ip;
	struct aws_list tags;
};

/*
 * DescribeImages: ask for old images with the filter "image-id", since one that
 * is gone fails the whole call by ImageId.N, and with IncludeDeprecated.
 */
struct ec2_image {
	const char *id;
	const char *name;
	const char *owner; /* account */
	const char *owner_alias;
	const char *location;
	const char *state;
	const char *description;
	const char *platform;
	const char *platform_details;
	const char *architecture;
	const char *root_device;
	const char *source; /* the image it was made from, where AWS says so */
	const char *source_region;
	int64_t created;
};

/* DescribeKeyPairs with IncludePublicKey.  No pages. */
struct ec2_key_pair {
	const char *name;
	const char *id;
	const char *type;        /* "rsa", "ed25519" */
	const char *fingerprint; /* one of AWS' three forms */
	const char *public_key;  /* "ssh-rsa AAAA… comment", or "" */
	int64_t created;
	struct aws_list tags;
};

/* DescribeRegions: those that are enabled. */
struct ec2_region {
	const char *name;
	const char *endpoint;
	const char *opt_in; /* "opt-in-not-required" "opted-in" … */
};

/* GetConsoleOutput: one row. */
struct ec2_console {
	const char *instance;
	int64_t time;
	struct aws_bytes output; /* data NULL: there is none yet */
};

/* StartInstances, StopInstances, TerminateInstances: one row an instance. */
struct ec2_state_change {
	const char *instance;
	const char *state, *previous;
};

extern const struct aws_action ec2_describe_instances;
extern const struct aws_action ec2_describe_addresses;
extern const struct aws_action ec2_describe_images;
extern const struct aws_action ec2_describe_key_pairs;
extern const struct aws_action ec2_describe_regions;
extern const struct aws_action ec2_get_console_output;
extern const struct aws_action ec2_start_instances;

/*
 * The host keys that the console of an instance shows: the live one first, then
 * the snapshot that AWS keeps.  0 also when it shows none (yet): *keys is empty
 * then.  Clear *keys with console_clear(), also after a failure.
 */
int ec2_host_keys(struct aws *aws, const char *profile, const char *region,
    const char *instance, struct console_keys *keys, struct err *e);

#endif
