/* SPDX-License-Identifier: ISC */
/*
 * Whom each family of images lets in.  Names are such as their publishers use;
 * "0" stands for an owner that nobody knows, as of a copy.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "pemkeep/inventory/ami_users.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define MARKETPLACE "679593333241"
#define UUID "-3b73ef49-208f-47e1-8a6e-4ae768d8a333"

static const struct {
	const char *owner, *name;
	const char *user;
} images[] = {
	/* Amazon Linux 1, 2, 2022, 2023; ECS, EKS */
	{ "137112412989", "amzn-ami-hvm-2018.03.0.20230612.0-x86_64-gp2",
	    "ec2-user" },
	{ "137112412989", "amzn2-ami-hvm-2.0.20240131.0-x86_64-gp2",
	    "ec2-user" },
	{ "137112412989", "amzn2-ami-kernel-5.10-hvm-2.0.2024-arm64-gp2",
	    "ec2-user" },
	{ "137112412989", "al2022-ami-2022.0.20221207.4-kernel-5.15-x86_64",
	    "ec2-user" },
	{ "137112412989", "al2023-ami-2023.3.20240131.0-kernel-6.1-x86_64",
	    "ec2-user" },
	{ "137112412989", "al2023-ami-minimal-2023.3.20240131.0-kernel-6.1",
	    "ec2-user" },
	{ "137112412989", "a name of the future", "ec2-user" },
	{ "591542846629", "amzn2-ami-ecs-hvm-2.0.20240131-x86_64-ebs",
	    "ec2-user" },
	{ "591542846629", "al2023-ami-ecs-hvm-2023.0.20240131-kernel-6.1",
	    "ec2-user" },
	{ "602401143452", "amazon-eks-node-1.29-v20240213", "ec2-user" },
	{ "602401143452", "amazon-eks-arm64-node-1.29-v20240213", "ec2-user" },
	{ "0", "amazon-eks-node-1.29-v20240213", "ec2-user" },
	{ "0", "al2023-ami-2023.3.20240131.0-kernel-6.1-x86_64", "ec2-user" },

	/* Deep learning, by name */
	{ "898082745236", "Deep Learning AMI (Ubuntu 18.04) Version 60.4",
	    "ubuntu" },
	{ "898082745236",
	    "Deep Learning OSS Nvidia Driver AMI GPU PyTorch 2.2 (Ubuntu "
	    "20.04) 20240315",
	    "ubuntu" },
	{ "898082745236", "Deep Learning AMI (Amazon Linux 2) Version 61.3",
	    "ec2-user" },
	{ "898082745236",
	    "Deep Learning Base Neuron AMI (Amazon Linux 2023) 20240315",
	    "ec2-user" },
	{ "898082745236", "Deep Learning AMI (Plan 9)", NULL },

	/* Ubuntu and its clouds */
	{ "099720109477",
	    "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-20240207.1",
	    "ubuntu" },
	{ "099720109477",
	    "ubuntu/images/hvm-ssd-gp3/"
	    "ubuntu-noble-24.04-arm64-server-20240423",
	    "ubuntu" },
	{ "099720109477",
	    "ubuntu-pro-server/images/hvm-ssd/"
	    "ubuntu-focal-20.04-amd64-pro-server-20240131",
	    "ubuntu" },
	{ "099720109477",
	    "ubuntu-minimal/images/hvm-ssd/"
	    "ubuntu-jammy-22.04-amd64-minimal-20240209",
	    "ubuntu" },
	{ "099720109477", "ubuntu-eks/k8s_1.29/images/hvm-ssd/ubuntu-jammy",
	    "ubuntu" },
	{ "837727238323", "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64",
	    "ubuntu" },
	{ "513442679011", "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64",
	    "ubuntu" },
	{ MARKETPLACE,
	    "ubuntu/images/hvm-ssd/"
	    "ubuntu-bionic-18.04-amd64-server-20180912" UUID
	    "-ami-0a313d6098716f372.4",
	    "ubuntu" },

	/* Debian, and Kali, which calls itself that */
	{ "136693071363", "debian-10-amd64-20240204-1646", "admin" },
	{ "136693071363", "debian-12-arm64-20240201-1644", "admin" },
	{ "136693071363", "debian-13-amd64-20250814-2204", "admin" },
	{ "379101102735", "debian-stretch-hvm-x86_64-gp2-2022-07-01-66430",
	    "admin" },
	{ "379101102735", "debian-jessie-amd64-hvm-2017-01-15-1221-ebs",
	    "admin" },
	{ MARKETPLACE, "debian-12-amd64-20240201-1644" UUID, "admin" },
	{ MARKETPLACE, "kali-last-snapshot-amd64-2024.1.0" UUID, "kali" },
	{ MARKETPLACE, "debian-kali-last-snapshot-amd64-2021.2.0" UUID,
	    "kali" },
	{ MARKETPLACE, "Kali Linux 2018.3a" UUID, "ec2-user" },
	{ MARKETPLACE, "kali-last-snapshot-amd64-2019.3.0" UUID, "ec2-user" },

	/* RHEL: root up to 6.3 */
	{ "309956199498", "RHEL-9.3.0_HVM-20240117-x86_64-49-Hourly2-GP3",
	    "ec2-user" },
	{ "309956199498", "RHEL-8.9.0_HVM-20240213-arm64-3-Hourly2-GP3",
	    "ec2-user" },
	{ "309956199498", "RHEL-7.9_HVM-20240109-x86_64-0-Hourly2-GP3",
	    "ec2-user" },
	{ "309956199498", "RHEL-10.0.0_HVM-20250520-x86_64-0-Hourly2-GP3",
	    "ec2-user" },
	{ "309956199498", "RHEL-6.10_HVM-20191113-x86_64-0-Hourly2-GP2",
	    "ec2-user" },
	{ "309956199498", "RHEL-6.4_GA-x86_64-10-Hourly2", "ec2-user" },
	{ "309956199498", "RHEL-6.3_GA-x86_64-5-Hourly2", "root" },
	{ "309956199498", "RHEL-6.2-Starter-EBS-x86_64-4-Hourly2", "root" },
	{ "309956199498", "RHEL-6.1-Starter-x86_64-1-Hourly2", "root" },
	{ "309956199498", "RHEL-6.0-Starter-x86_64-1-Hourly2", "root" },
	{ "309956199498", "RHEL-5.11_HVM_GA-x86_64-7-Hourly2-GP2", "root" },
	{ MARKETPLACE, "RHEL-8.4.0_HVM-20210504-x86_64" UUID, "ec2-user" },

	/* CentOS: Stream 9 has another user */
	{ "125523088429", "CentOS Linux 6 x86_64 HVM EBS 1704_01", "centos" },
	{ "125523088429", "CentOS Linux 7 x86_64 - 2211", "centos" },
	{ "125523088429", "CentOS 8.4.2105 x86_64", "centos" },
	{ "125523088429", "CentOS Stream 8 x86_64 20240101", "centos" },
	{ "125523088429", "CentOS Stream 9 x86_64 20240101", "ec2-user" },
	{ "125523088429", "CentOS Stream 10 x86_64 20250101", "ec2-user" },
	{ MARKETPLACE,
	    "CentOS Linux 7 x86_64 HVM EBS ENA 1901_01" UUID
	    "-ami-05713873c6794f575.4",
	    "centos" },
	{ MARKETPLACE, "CentOS-7-2111-20220825_1.x86_64" UUID, "centos" },

	/* Fedora, and what grew from it */
	{ "125523088429", "Fedora-Cloud-Base-39-1.5.x86_64-hvm-us-east-1-gp3-0",
	    "fedora" },
	{ "125523088429", "Fedora-Cloud-Base-AmazonEC2.x86_64-41-1.4-hvm-gp3-0",
	    "fedora" },
	{ "125523088429", "Fedora-x86_64-20-20140407-sda", "fedora" },
	{ "125523088429", "Fedora-x86_64-18-20130521-sda", "ec2-user" },
	{ "125523088429", "fedora-coreos-39.20240128.3.0-x86_64", "core" },
	{ "531415883065", "rhcos-414.92.202402130420-0-x86_64", "core" },
	{ "595879546273", "CoreOS-stable-2512.3.0-hvm", "core" },
	{ "075585003325", "Flatcar-stable-3760.2.0-hvm", "core" },
	{ "306934455918", "Flatcar-stable-3760.2.0-hvm", "core" },
	{ "792107900819", "Rocky-8-EC2-Base-8.9-20231119.0.x86_64", "rocky" },
	{ "792107900819", "Rocky-9-EC2-Base-9.3-20231113.0.aarch64", "rocky" },
	{ MARKETPLACE, "Rocky-9-EC2-Base-9.3-20231113.0.x86_64" UUID, "rocky" },
	{ "764336703387", "AlmaLinux OS 9.3.20231113 x86_64", "ec2-user" },
	{ "764336703387", "AlmaLinux OS 10.0.20250529 x86_64", "ec2-user" },
	{ MARKETPLACE, "AlmaLinux OS 8.5.20211116 x86_64" UUID, "ec2-user" },
	{ "131827586825", "OL8.8-x86_64-HVM-2023-06-08", "ec2-user" },
	{ "131827586825", "OL9.2-x86_64-HVM-2023-06-08", "ec2-user" },

	/* SUSE */
	{ "013907871322", "suse-sles-15-sp5-v20240129-hvm-ssd-x86_64",
	    "ec2-user" },
	{ "013907871322", "suse-sle-micro-5-5-v20240129-hvm-ssd-x86_64",
	    "ec2-user" },
	{ MARKETPLACE, "openSUSE-Leap-15-5-v20230608-hvm-ssd-x86_64" UUID,
	    "ec2-user" },
	{ "013907871322", "openSUSE-Tumbleweed-v20240101-hvm-ssd-x86_64",
	    "ec2-user" },

	/* the others */
	{ "782442783595", "FreeBSD 14.0-RELEASE-amd64-20231110 UEFI",
	    "ec2-user" },
	{ "118940168514", "FreeBSD 12.0-RELEASE-amd64", "ec2-user" },
	{ "647457786197", "arch-linux-std-hvm-2024.02.01.x86_64-ebs", "arch" },
	{ "538276064493", "alpine-3.19.1-x86_64-uefi-cloudinit-r0", "alpine" },
	{ "538276064493", "alpine-3.19.1-aarch64-uefi-tiny-r0", "alpine" },
	{ "538276064493", "alpine-ami-3.12.3-x86_64-r0", "alpine" },
	{ MARKETPLACE, "kali-rolling-amd64-2024" UUID, "kali" },
	{ "979382823631",
	    "bitnami-wordpress-6.4.3-0-r02-linux-debian-11-x86_64-hvm-ebs",
	    "bitnami" },
	{ MARKETPLACE, "bitnami-lamp-8.2.16-r01-linux-debian-12" UUID,
	    "bitnami" },
	{ "427812963091", "nixos/24.05.1503.752c634c09ce-x86_64-linux",
	    "root" },
	{ "080433136561", "NixOS-22.05.342.a634c8f6c1f-x86_64-linux", "root" },
	{ "902460189751", "Gentoo_64-bit-HVM-EBS", "ec2-user" },
	{ "0", "Gentoo Linux amd64 2024", "gentoo" },
	{ MARKETPLACE, "turnkey-wordpress-17.1-bullseye-amd64" UUID, "root" },
	{ "0", "VyOS 1.3.3", "vyos" },
	{ "0", "OpenBSD-7.4-amd64", "ec2-user" },
	{ "0", "NetBSD-10.0-amd64", "ec2-user" },
	{ "0", "photon-5.0-dde71ec57-amd64", "root" },
	{ "0", "azurelinux-3.0-x86_64", "azureuser" },
	{ "0", "OpenMandriva Lx 5.0", "omv" },
	{ "100343932686", "amzn-ec2-macos-14.2.1-20240108-120018-arm64",
	    "ec2-user" },
	{ "801119661308", "Windows_Server-2022-English-Full-Base-2024.02.14",
	    "Administrator" },
	{ "0", "Windows_Server-2019-English-Core-Base-2024.02.14",
	    "Administrator" },

	/* nobody logs in there */
	{ "092701018921", "bottlerocket-aws-k8s-1.29-x86_64-v1.19.1-c325a08b",
	    NULL },
	{ "149721548608", "bottlerocket-aws-ecs-1-x86_64-v1.19.1-c325a08b",
	    NULL },

	/* somebody's own: what only looks alike is not taken for it */
	{ "111122223333", "my-ubuntu-golden", NULL },
	{ "111122223333", "web 2024-02-01", NULL },
	{ "111122223333", "backup of debian-12-amd64", NULL },
	{ "111122223333", "", NULL },
	{ "", "", NULL },
	{ "13", "x", NULL },
	{ "137112412989137112412989", "x", NULL },
};

static void
families(void **state)
{
	enum ami_reason reason;

	(void)state;
	for (size_t i = 0; i < COUNT(images); i++) {
		const struct ami_user *u =
		    ami_users_find(&(struct ami_facts){ .name = images[i].name,
				       .owner = images[i].owner },
			&reason);
		const char *user = u != NULL ? u->user : NULL;

		if ((user == NULL) != (images[i].user == NULL) ||
		    (user != NULL && strcmp(user, images[i].user) != 0))
			fail_msg("%s '%s': %s", images[i].owner, images[i].name,
			    user != NULL ? user : "nobody");
	}
}

static void
reasons(void **state)
{
	static const struct {
		struct ami_facts facts;
		enum ami_reason reason;
		const char *user;
	} cases[] = {
		{ { "x", "137112412989", "windows", "" }, AMI_PLATFORM,
		    "Administrator" },
		{ { "ubuntu/images/x", "099720109477", "", "Windows BYOL" },
		    AMI_PLATFORM, "Administrator" },
		{ { "debian-12-amd64-1", "136693071363", "", "Linux/UNIX" },
		    AMI_OWNER_AND_NAME, "admin" },
		{ { "new thing", "136693071363", NULL, NULL }, AMI_OWNER,
		    "admin" },
		{ { "debian-12-amd64-1", "5", NULL, "Linux/UNIX" }, AMI_NAME,
		    "admin" },
		{ { "mine", "5", NULL, "Red Hat Enterprise Linux with HA" },
		    AMI_DETAILS, "ec2-user" },
		{ { "mine", "5", NULL, "SUSE Linux" }, AMI_DETAILS,
		    "ec2-user" },
		{ { "mine", "5", NULL, "Ubuntu Pro" }, AMI_DETAILS, "ubuntu" },
		/* The owner's name for it goes before the owner. */
		{ { "al2023-ami-ecs-x", "591542846629", "", "" },
		    AMI_OWNER_AND_NAME, "ec2-user" },
	};
	const struct ami_user *u;
	enum ami_reason reason;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		u = ami_users_find(&cases[i].facts, &reason);
		assert_non_null(u);
		assert_string_equal(u->user, cases[i].user);
		assert_int_equal(reason, cases[i].reason);
		assert_non_null(ami_users_reason(reason));
	}
	u = ami_users_find(
	    &(struct ami_facts){ .details = "Linux/UNIX" }, &reason);
	assert_null(u);
}

static void
notes(void **state)
{
	enum ami_reason reason;
	const struct ami_user *u;

	(void)state;
	u = ami_users_find(
	    &(struct ami_facts){ .name = "bottlerocket-aws-k8s-1.29" },
	    &reason);
	assert_non_null(u);
	assert_null(u->user);
	assert_non_null(strstr(u->note, "admin container"));
	u = ami_users_find(
	    &(struct ami_facts){ .platform = "windows" }, &reason);
	assert_non_null(strstr(u->note, "RDP"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(families),
		cmocka_unit_test(reasons),
		cmocka_unit_test(notes),
	};

	return cmocka_run_group_tests_name("ami_users", tests, NULL, NULL);
}
