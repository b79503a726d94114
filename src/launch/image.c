/* SPDX-License-Identifier: ISC */
/*
 * Aliases of images.  The parameters behind them are kept by those who make the
 * images (Amazon, Canonical, Debian), and name the newest one of each region.
 */

#include <string.h>

#include "src/launch/launch_internal.h"

#define AMAZON "/aws/service/ami-amazon-linux-latest/"
#define UBUNTU "/aws/service/canonical/ubuntu/server/"
#define DEBIAN "/aws/service/debian/release/"
#define WINDOWS "/aws/service/ami-windows-latest/Windows_Server-"

/* From 24.04 on, Ubuntu's root volumes are gp3. */
static const struct {
	const char *alias, *parameter;
} images[] = {
	{ "amazon-linux-2023", AMAZON "al2023-ami-kernel-default-x86_64" },
	{ "amazon-linux-2023-arm64", AMAZON "al2023-ami-kernel-default-arm64" },
	{ "amazon-linux-2", AMAZON "amzn2-ami-hvm-x86_64-gp2" },
	{ "amazon-linux-2-arm64", AMAZON "amzn2-ami-hvm-arm64-gp2" },
	{ "ubuntu-24.04",
	    UBUNTU "24.04/stable/current/amd64/hvm/ebs-gp3/ami-id" },
	{ "ubuntu-24.04-arm64",
	    UBUNTU "24.04/stable/current/arm64/hvm/ebs-gp3/ami-id" },
	{ "ubuntu-22.04",
	    UBUNTU "22.04/stable/current/amd64/hvm/ebs-gp2/ami-id" },
	{ "ubuntu-22.04-arm64",
	    UBUNTU "22.04/stable/current/arm64/hvm/ebs-gp2/ami-id" },
	{ "ubuntu-20.04",
	    UBUNTU "20.04/stable/current/amd64/hvm/ebs-gp2/ami-id" },
	{ "ubuntu-20.04-arm64",
	    UBUNTU "20.04/stable/current/arm64/hvm/ebs-gp2/ami-id" },
	{ "debian-12", DEBIAN "12/latest/amd64" },
	{ "debian-12-arm64", DEBIAN "12/latest/arm64" },
	{ "windows-2022", WINDOWS "2022-English-Full-Base" },
};

#define IMAGES (sizeof(images) / sizeof(images[0]))

const char *
launch_alias(const char *text)
{
	for (size_t i = 0; i < IMAGES; i++)
		if (strcmp(images[i].alias, text) == 0)
			return images[i].parameter;
	return NULL;
}

void
launch_put_aliases(struct buf *b)
{
	const char *before = "";

	for (size_t i = 0; i < IMAGES; i++) {
		if (strstr(images[i].alias, "-arm64") != NULL)
			continue;
		buf_printf(b, "%s%s", before, images[i].alias);
		before = ", ";
	}
}
