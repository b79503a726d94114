# SPDX-License-Identifier: ISC
"""The public images, one or two of every family that EC2 offers, and the SSM
parameters that name the newest of them.

An image says whom cloud-init lets in (user), whether root is greeted with that
name, how its console output looks (console.py), and which host keys it makes.
"""

import hashlib

from .errors import AwsError

# alias, owner, name, login user, root device, more
TABLE = """
amazon-linux-2023|137112412989|al2023-ami-2023.6.20250115.0-kernel-6.1-x86_64|ec2-user|/dev/xvda|
amazon-linux-2023-arm64|137112412989|al2023-ami-2023.6.20250115.0-kernel-6.1-arm64|ec2-user|/dev/xvda|
amazon-linux-2|137112412989|amzn2-ami-hvm-2.0.20250108.0-x86_64-gp2|ec2-user|/dev/xvda|console=ec2
amazon-linux-1|137112412989|amzn-ami-hvm-2018.03.0.20230807.0-x86_64-gp2|ec2-user|/dev/xvda|console=old deprecated
ecs-al2023|591542846629|al2023-ami-ecs-hvm-2023.0.20250110-kernel-6.1-x86_64|ec2-user|/dev/xvda|
deep-learning-ubuntu|898082745236|Deep Learning Base OSS Nvidia Driver GPU AMI (Ubuntu 22.04) 20250117|ubuntu|/dev/sda1|
deep-learning-al2023|898082745236|Deep Learning Base OSS Nvidia Driver GPU AMI (Amazon Linux 2023) 20250117|ec2-user|/dev/xvda|
ubuntu-24.04|099720109477|ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-20250115|ubuntu|/dev/sda1|
ubuntu-24.04-arm64|099720109477|ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-arm64-server-20250115|ubuntu|/dev/sda1|
ubuntu-22.04|099720109477|ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-20250112|ubuntu|/dev/sda1|
ubuntu-20.04|099720109477|ubuntu/images/hvm-ssd/ubuntu-focal-20.04-amd64-server-20250111|ubuntu|/dev/sda1|
ubuntu-18.04|099720109477|ubuntu/images/hvm-ssd/ubuntu-bionic-18.04-amd64-server-20230607|ubuntu|/dev/sda1|console=ec2 deprecated
ubuntu-14.04|099720109477|ubuntu/images/hvm-ssd/ubuntu-trusty-14.04-amd64-server-20191107|ubuntu|/dev/sda1|console=old deprecated
debian-12|136693071363|debian-12-amd64-20250115-1993|admin|/dev/xvda|
debian-12-arm64|136693071363|debian-12-arm64-20250115-1993|admin|/dev/xvda|
debian-13|136693071363|debian-13-amd64-20250814-2204|admin|/dev/xvda|
debian-9|379101102735|debian-stretch-hvm-x86_64-gp2-2022-07-01-66430|admin|xvda|console=ec2 deprecated
rhel-9|309956199498|RHEL-9.4.0_HVM-20240605-x86_64-82-Hourly2-GP3|ec2-user|/dev/sda1|console=none details=Red_Hat_Enterprise_Linux
rhel-6.3|309956199498|RHEL-6.3_GA-x86_64-10-Hourly2|root|/dev/sda1|console=none deprecated
centos-7|125523088429|CentOS Linux 7 x86_64 - 2211|centos|/dev/sda1|console=ec2
centos-stream-9|125523088429|CentOS Stream 9 x86_64 20250113|ec2-user|/dev/sda1|
fedora-41|125523088429|Fedora-Cloud-Base-AmazonEC2.x86_64-41-1.4|fedora|/dev/sda1|
fedora-coreos|125523088429|fedora-coreos-41.20250105.3.0-x86_64|core|/dev/xvda|console=none
rocky-9|792107900819|Rocky-9-EC2-Base-9.5-20241118.0.x86_64|rocky|/dev/sda1|console=empty
alma-9|764336703387|AlmaLinux OS 9.5.20241120 x86_64|ec2-user|/dev/sda1|
oracle-8|131827586825|OL8.10-x86_64-HVM-2024-06-05|ec2-user|/dev/sda1|
sles-15|013907871322|suse-sles-15-sp6-v20250117-hvm-ssd-x86_64|ec2-user|/dev/sda1|details=SUSE_Linux
opensuse-leap|679593333241|openSUSE-Leap-15-6-v20240704-hvm-ssd-x86_64-5535c495-72d4-4355-b169-54ffa874f849|ec2-user|/dev/sda1|
freebsd-14|782442783595|FreeBSD 14.2-RELEASE-amd64 base UFS|ec2-user|/dev/sda1|console=none
arch|647457786197|arch-linux-ec2-hvm-2025.01.15.x86_64-ebs|arch|/dev/sda1|
alpine|538276064493|alpine-3.21.2-x86_64-bios-tiny-r0|alpine|/dev/xvda|console=none
flatcar|075585003325|Flatcar-stable-4081.2.1-hvm|core|/dev/xvda|console=none
bottlerocket|092701018921|bottlerocket-aws-k8s-1.31-x86_64-v1.30.0-fb2f4d5b|-|/dev/xvda|console=none
kali|679593333241|kali-last-snapshot-amd64-2024.4.1-804fcc46-63fc-4eb6-85a1-50e66d6c7215|kali|/dev/xvda|
bitnami|979382823631|bitnami-lampstack-8.2.27-0-r01-linux-debian-12-x86_64-hvm-ebs|bitnami|/dev/xvda|
nixos|427812963091|nixos/24.11.712512.3f0a8ac25fb6-x86_64-linux|root|/dev/xvda|console=none
windows-2022|801119661308|Windows_Server-2022-English-Full-Base-2025.01.15|-|/dev/sda1|console=missing platform=windows details=Windows
macos|100343932686|amzn-ec2-macos-14.7.2-20250106-180040-arm64|ec2-user|/dev/sda1|console=none
"""
OWNER_ALIAS = {"amazon": ("137112412989", "591542846629", "898082745236",
                          "801119661308", "100343932686", "092701018921"),
               "aws-marketplace": ("679593333241",)}
LATEST = "/aws/service/ami-amazon-linux-latest/"
UBUNTU = "/aws/service/canonical/ubuntu/server/"
DEBIAN = "/aws/service/debian/release/"
PARAMETERS = {
    LATEST + "al2023-ami-kernel-default-x86_64": "amazon-linux-2023",
    LATEST + "al2023-ami-kernel-6.1-x86_64": "amazon-linux-2023",
    LATEST + "al2023-ami-kernel-default-arm64": "amazon-linux-2023-arm64",
    LATEST + "al2023-ami-kernel-6.1-arm64": "amazon-linux-2023-arm64",
    LATEST + "amzn2-ami-hvm-x86_64-gp2": "amazon-linux-2",
    UBUNTU + "24.04/stable/current/amd64/hvm/ebs-gp3/ami-id": "ubuntu-24.04",
    UBUNTU + "24.04/stable/current/arm64/hvm/ebs-gp3/ami-id":
        "ubuntu-24.04-arm64",
    UBUNTU + "22.04/stable/current/amd64/hvm/ebs-gp2/ami-id": "ubuntu-22.04",
    UBUNTU + "20.04/stable/current/amd64/hvm/ebs-gp2/ami-id": "ubuntu-20.04",
    DEBIAN + "12/latest/amd64": "debian-12",
    DEBIAN + "bookworm/latest/amd64": "debian-12",
    DEBIAN + "12/latest/arm64": "debian-12-arm64",
    DEBIAN + "13/latest/amd64": "debian-13",
    "/aws/service/ami-windows-latest/Windows_Server-2022-English-Full-Base":
        "windows-2022",
}


class Image:
    def __init__(self, region, owner, name, user, root_device, **more):
        self.region = region
        self.id = "ami-0" + hashlib.sha256(
            ("%s %s %s" % (region, owner, name)).encode()).hexdigest()[:16]
        self.owner = owner
        self.name = name
        self.user = user if user != "-" else None
        self.root_device = root_device
        self.public = more.get("public", True)
        self.shared = set()
        self.alias = more.get("alias", "")
        self.console = more.get("console", "cloud-init")
        self.platform = more.get("platform")
        self.details = more.get("details", "Linux/UNIX").replace("_", " ")
        self.deprecated = bool(more.get("deprecated"))
        self.source = more.get("source")
        self.keeps_disk = bool(more.get("keeps_disk"))
        self.architecture = "arm64" if "arm64" in name or "aarch64" in name \
            else "x86_64"
        self.created = more.get("created", "2025-01-15T04:00:00.000Z")
        self.gone = False
        self.tags = {}

    @property
    def owner_alias(self):
        for alias, owners in OWNER_ALIAS.items():
            if self.owner in owners:
                return alias
        return None

    def seen_by(self, account):
        return not self.gone and (self.public or self.owner == account.id or
                                  account.id in self.shared)


class Catalogue:
    """Every region has the same images under ids of its own."""

    def __init__(self, world):
        self.world = world
        self.regions = {}

    def region(self, region):
        """The region's images by id."""
        if region not in self.regions:
            self.regions[region] = {}
            for line in TABLE.strip().split("\n"):
                alias, owner, name, user, device, more = line.split("|")
                options = dict((word.partition("=")[::2])
                               for word in more.split())
                options["deprecated"] = "deprecated" in options
                self.add(Image(region, owner, name, user, device, alias=alias,
                               **options))
        return self.regions[region]

    def add(self, image):
        self.region(image.region)[image.id] = image
        return image

    def find(self, region, name):
        """By id or alias, for the one who sets the scene."""
        for image in self.region(region).values():
            if name in (image.id, image.alias, image.name):
                return image
        raise KeyError("no image '%s' in %s" % (name, region))

    def get(self, region, account, image_id):
        """By id, for a caller."""
        image = self.region(region).get(image_id)
        if not image or not image.seen_by(account):
            if not image_id.startswith("ami-"):
                raise AwsError("InvalidAMIID.Malformed",
                               'Invalid id: "%s"' % image_id)
            raise AwsError("InvalidAMIID.NotFound", "The image id '[%s]' does "
                           "not exist" % image_id)
        return image

    def parameter(self, region, name):
        """The value of a public SSM parameter, or None."""
        alias = PARAMETERS.get(name)
        return self.find(region, alias).id if alias else None
