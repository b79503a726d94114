/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_AWS_EC2_H
#define PEMKEEP_AWS_EC2_H

/*
 * Actions of EC2 that read, and what a row of each is; those that change something
 * are in ec2_change.h.  Texts are never NULL; what the
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

/* A security group that an instance is in. */
struct ec2_group_name {
	const char *id, *name;
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
	/* Of its metadata service: "required" (IMDSv2 only), "optional"; "" */
	const char *http_tokens;
	const char *http_endpoint;  /* "enabled", "disabled"; "" */
	struct aws_list groups;     /* struct ec2_group_name */
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

/* A disk that an image has its instances made with. */
struct ec2_disk {
	const char *device;         /* "/dev/xvda" */
	int64_t gibibytes;          /* 0: it is no EBS volume */
	bool delete_on_termination; /* else it stays, and costs money */
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
	struct aws_list disks; /* struct ec2_disk */
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

/* DescribeSecurityGroups. */
struct ec2_group {
	const char *id, *name, *description;
	const char *vpc;
	struct aws_list tags; /* struct ec2_tag */
};

/*
 * DescribeSecurityGroupRules (filter "group-id"): what comes in and goes out, one
 * row for each protocol, range of ports, and source.
 */
struct ec2_rule {
	const char *id; /* "sgr-…" */
	const char *group;
	bool egress;          /* goes out */
	const char *protocol; /* "tcp" "udp" "icmp" …; "-1": all, all ports */
	int64_t from, to;     /* ports; -1: all */
	const char *cidr;     /* "203.0.113.7/32", or "" */
	const char *cidr6;    /* "2001:db8::7/128", or "" */
	const char *prefix_list, *other_group; /* instead of an address */
	const char *description;
	struct aws_list tags; /* struct ec2_tag */
};

/* DescribeInstanceTypes. */
struct ec2_type {
	const char *name; /* "t3.micro" */
	bool free_tier;
	int64_t cpus, mebibytes;
	struct aws_list architectures; /* struct ec2_text: "x86_64", … */
};

/* An element that is nothing but a text. */
struct ec2_text {
	const char *text;
};

/* DescribeInstanceTypeOfferings. */
struct ec2_offering {
	const char *type;
	const char *location; /* a region or a zone, as was asked */
};

/* DescribeVpcs; the filter "is-default" finds the one that is used unasked. */
struct ec2_vpc {
	const char *id;
	bool is_default;
};

/* DescribeSubnets. */
struct ec2_subnet {
	const char *id, *vpc, *zone;
	bool default_for_zone;
	bool public_ip; /* instances get one without being asked for */
};

extern const struct aws_action ec2_describe_instances;
extern const struct aws_action ec2_describe_addresses;
extern const struct aws_action ec2_describe_images;
extern const struct aws_action ec2_describe_key_pairs;
extern const struct aws_action ec2_describe_regions;
extern const struct aws_action ec2_get_console_output;
extern const struct aws_action ec2_describe_security_groups;
extern const struct aws_action ec2_describe_security_group_rules;
extern const struct aws_action ec2_describe_instance_types;
extern const struct aws_action ec2_describe_instance_type_offerings;
extern const struct aws_action ec2_describe_vpcs;
extern const struct aws_action ec2_describe_subnets;

/*
 * Has it the form of an id, "i-0123abcd" with the prefix "i-"?  What AWS answers
 * may stand in a command that somebody is told to type.
 */
bool ec2_is_id(const char *id, const char *prefix);

/* The value of a tag in a list of struct ec2_tag, or "". */
const char *ec2_tag_value(const struct aws_list *tags, const char *key);

/* Is the public address an Elastic IP: is its owner an account? */
bool ec2_is_elastic(const struct ec2_instance *row);

/*
 * The host keys that the console of an instance shows: the live one first, then
 * the snapshot that AWS keeps.  0 also when it shows none (yet): *keys is empty
 * then.  Clear *keys with console_clear(), also after a failure.
 */
int ec2_host_keys(struct aws *aws, const char *profile, const char *region,
    const char *instance, struct console_keys *keys, struct err *e);

#endif
