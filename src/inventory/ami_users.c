/* SPDX-License-Identifier: ISC */
/*
 * The first row that fits counts, so that within a family the exceptions stand
 * first.  Patterns are of AMI names, with '|' between; owners are accounts with
 * blanks between.  A name alone is believed from anybody: copies on the
 * marketplace have another owner, and a wrong user opens nothing.
 */

#include <stddef.h>
#include <string.h>

#include "pemkeep/base/glob.h"
#include "pemkeep/inventory/ami_users.h"

#define MARKETPLACE "679593333241"

static const struct row {
	struct ami_user is;
	const char *owners;
	const char *names;
	bool any_name; /* all that the owners publish */
} rows[] = {
	{ { "Windows", "Administrator",
	      "RDP; OpenSSH's server only when somebody has installed it" },
	    "801119661308", "Windows_Server-*|Windows-Server-*", true },
	{ { "macOS", "ec2-user", NULL }, "100343932686", "amzn-ec2-macos-*",
	    true },
	{ { "Bottlerocket", NULL,
	      "nobody can log in to its host; ec2-user in the admin container, "
	      "when that is enabled" },
	    "092701018921 149721548608", "bottlerocket-aws-*", false },

	/* On Amazon's images of several systems the name says which. */
	{ { "Deep Learning AMI on Ubuntu", "ubuntu", NULL }, "898082745236",
	    "Deep Learning*Ubuntu*", false },
	{ { "Deep Learning AMI on Amazon Linux", "ec2-user", NULL },
	    "898082745236", "Deep Learning*Amazon Linux*", false },
	{ { "EKS on Ubuntu", "ubuntu", NULL }, "099720109477", "ubuntu-eks/*",
	    false },
	{ { "Amazon Linux for ECS", "ec2-user", NULL }, "591542846629",
	    "amzn-ami-*-amazon-ecs-*|amzn2-ami-ecs-*|al2023-ami-ecs-*", true },
	{ { "Amazon Linux for EKS", "ec2-user", NULL }, "602401143452",
	    "amazon-eks-*", true },
	{ { "Amazon Linux 1", "ec2-user", NULL }, "137112412989", "amzn-ami-*",
	    false },
	{ { "Amazon Linux 2", "ec2-user", NULL }, "137112412989", "amzn2-ami-*",
	    false },
	{ { "Amazon Linux 2022/2023", "ec2-user", NULL }, "137112412989",
	    "al2022-ami-*|al2023-ami-*", false },
	{ { "Amazon Linux", "ec2-user", NULL }, "137112412989", "", true },

	{ { "Ubuntu", "ubuntu", NULL },
	    "099720109477 837727238323 513442679011",
	    "ubuntu/images/*|ubuntu/images-*|ubuntu-pro-server/*|"
	    "ubuntu-minimal/*",
	    true },

	/* Kali calls itself Debian's in some names. */
	{ { "Kali before 2020", "ec2-user", NULL }, MARKETPLACE,
	    "Kali Linux 201*|*kali-*-2018.*|*kali-*-2019.*", false },
	{ { "Kali", "kali", NULL }, MARKETPLACE,
	    "kali-last-snapshot-*|debian-kali-last-snapshot-*|"
	    "kali-rolling-*|Kali Linux *",
	    false },
	{ { "Debian 10 and later", "admin", NULL }, "136693071363",
	    "debian-1[0-9]-*", true },
	{ { "Debian 9 and earlier", "admin", NULL }, "379101102735",
	    "debian-stretch-*|debian-jessie-*|debian-wheezy-*", true },

	/* 6.10 is later than 6.3. */
	{ { "RHEL", "ec2-user", NULL }, "309956199498", "RHEL-6.1[0-9]*",
	    false },
	{ { "RHEL before 6.4", "root", NULL }, "309956199498",
	    "RHEL-6.[0-3]*|RHEL-5*", false },
	{ { "RHEL", "ec2-user", NULL }, "309956199498", "RHEL-*|RHEL_*", true },

	{ { "CentOS Stream 9 and later", "ec2-user", NULL }, "125523088429",
	    "CentOS Stream 9*|CentOS Stream [1-9][0-9]*|CentOS-Stream-9*|"
	    "CentOS-Stream-[1-9][0-9]*|centos-stream-9*|"
	    "centos-stream-[1-9][0-9]*",
	    false },
	{ { "CentOS", "centos", NULL }, "125523088429",
	    "CentOS Linux [678]*|CentOS [678]*|CentOS Stream 8*|CentOS-[678]*|"
	    "CentOS-Stream-8*|CentOS Atomic*",
	    false },
	{ { "Fedora CoreOS", "core", NULL }, "125523088429", "fedora-coreos-*",
	    false },
	{ { "Fedora before 19", "ec2-user", NULL }, "125523088429",
	    "Fedora-*-1[0-8]-*|Fedora-[89]-*", false },
	{ { "Fedora Cloud", "fedora", NULL }, "125523088429",
	    "Fedora-Cloud-Base-*|Fedora-Cloud-*|Fedora-*", false },
	{ { "RHEL CoreOS", "core", NULL }, "531415883065", "rhcos-*", true },
	{ { "CoreOS Container Linux", "core", NULL }, "595879546273",
	    "CoreOS-stable-*|CoreOS-beta-*|CoreOS-alpha-*", true },
	{ { "Flatcar", "core", NULL }, "075585003325 306934455918", "Flatcar-*",
	    true },

	{ { "Rocky Linux", "rocky", NULL }, "792107900819",
	    "Rocky-*|Rocky Linux *", true },
	{ { "AlmaLinux", "ec2-user", NULL }, "764336703387",
	    "AlmaLinux OS *|AlmaLinux *", true },
	{ { "Oracle Linux", "ec2-user", NULL }, "131827586825",
	    "OL[6-9].*-HVM-*|OL[6-9].*|OL1[0-9].*", true },
	{ { "openSUSE", "ec2-user", NULL }, "013907871322 " MARKETPLACE,
	    "openSUSE-Leap-*|openSUSE-Tumbleweed*|openSUSE-*", false },
	{ { "SLES", "ec2-user", NULL }, "013907871322",
	    "suse-sles-*|suse-sle-*", true },

	{ { "FreeBSD", "ec2-user", "root by su(1)" },
	    "782442783595 118940168514", "FreeBSD *", true },
	{ { "OpenBSD", "ec2-user", NULL }, "", "OpenBSD*|openbsd-*", false },
	{ { "NetBSD", "ec2-user", NULL }, "", "NetBSD*", false },
	{ { "Arch", "arch", NULL }, "647457786197", "arch-linux-*", true },
	{ { "Alpine", "alpine", "doas, no sudo" }, "538276064493",
	    "alpine-[0-9]*|alpine-ami-*", true },
	{ { "NixOS", "root", NULL }, "427812963091 080433136561",
	    "nixos/*|NixOS-*", true },
	{ { "Gentoo", "ec2-user", NULL }, "902460189751", "", true },
	{ { "Gentoo", "gentoo", NULL }, "", "Gentoo*|gentoo-*", false },
	{ { "VyOS", "vyos", NULL }, "", "VyOS*|vyos-*", false },
	{ { "Photon OS", "root", NULL }, "", "photon-*|Photon *", false },
	{ { "Azure Linux", "azureuser", NULL }, "", "azurelinux-*", false },
	{ { "OpenMandriva", "omv", NULL }, "", "OpenMandriva*", false },

	{ { "Bitnami", "bitnami", NULL }, "979382823631", "bitnami-*", true },
	{ { "TurnKey", "root", NULL }, "", "turnkey-*", false },
};

/* platformDetails says little: "Linux/UNIX" is everything else. */
static const struct {
	const char *pattern;
	struct ami_user is;
} details[] = {
	{ "Red Hat Enterprise Linux*", { "RHEL", "ec2-user", NULL } },
	{ "SUSE Linux*", { "SLES", "ec2-user", NULL } },
	{ "Ubuntu Pro*", { "Ubuntu", "ubuntu", NULL } },
};

/* Is the account one of these? */
static bool
owned(const char *owners, const char *owner)
{
	size_t len = strlen(owner), n;

	for (; len > 0 && *owners != '\0'; owners += n + (owners[n] == ' ')) {
		n = strcspn(owners, " ");
		if (n == len && memcmp(owners, owner, n) == 0)
			return true;
	}
	return false;
}

/* "[0-9]", at its '['. */
static bool
in_range(const char *range, char c)
{
	if (range[2] == '-')
		return c >= range[1] && c <= range[3];
	return memchr(range + 1, c, strcspn(range, "]") - 1) != NULL;
}

/*
 * As glob_match(), with classes, which only this table needs.  Recursion ends:
 * the table has few stars.
 */
static bool
fits(const char *pattern, size_t len, const char *text)
{
	for (size_t i = 0; i < len; text++) {
		if (pattern[i] == '*') {
			for (;; text++) {
				if (fits(pattern + i + 1, len - i - 1, text))
					return true;
				if (*text == '\0')
					return false;
			}
		}
		if (*text == '\0')
			return false;
		if (pattern[i] == '[') {
			if (!in_range(pattern + i, *text))
				return false;
			i += strcspn(pattern + i, "]") + 1;
		} else if (pattern[i++] != *text) {
			return false;
		}
	}
	return *text == '\0';
}

static bool
named(const char *names, const char *name)
{
	size_t n;

	for (; *names != '\0'; names += n + (names[n] == '|')) {
		n = strcspn(names, "|");
		if (fits(names, n, name))
			return true;
	}
	return false;
}

static const struct ami_user *
by_details(const char *text, enum ami_reason *reason)
{
	for (size_t i = 0; i < sizeof(details) / sizeof(details[0]); i++)
		if (glob_match(details[i].pattern, text)) {
			*reason = AMI_DETAILS;
			return &details[i].is;
		}
	return NULL;
}

static const char *
known(const char *text)
{
	return text != NULL ? text : "";
}

const struct ami_user *
ami_users_find(const struct ami_facts *facts, enum ami_reason *reason)
{
	const char *owner = known(facts->owner), *name = known(facts->name);
	const struct row *by_owner = NULL, *by_name = NULL;

	*reason = AMI_PLATFORM;
	if (strcmp(known(facts->platform), "windows") == 0 ||
	    strncmp(known(facts->details), "Windows", 7) == 0)
		return &rows[0].is;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bool mine = owned(rows[i].owners, owner);
		bool like = named(rows[i].names, name);

		if (mine && like) {
			*reason = AMI_OWNER_AND_NAME;
			return &rows[i].is;
		}
		if (mine && rows[i].any_name && by_owner == NULL)
			by_owner = &rows[i];
		if (like && by_name == NULL)
			by_name = &rows[i];
	}
	if (by_owner != NULL) {
		*reason = AMI_OWNER;
		return &by_owner->is;
	}
	if (by_name != NULL) {
		*reason = AMI_NAME;
		return &by_name->is;
	}
	return by_details(known(facts->details), reason);
}

const char *
ami_users_reason(enum ami_reason reason)
{
	switch (reason) {
	case AMI_PLATFORM:
		return "the platform";
	case AMI_OWNER_AND_NAME:
		return "the AMI's owner and name";
	case AMI_OWNER:
		return "the AMI's owner";
	case AMI_NAME:
		return "the AMI's name";
	case AMI_DETAILS:
		break;
	}
	return "the AMI's platform details";
}
