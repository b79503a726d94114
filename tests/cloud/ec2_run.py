# SPDX-License-Identifier: ISC
"""EC2's RunInstances, and what one asks before it: types, VPCs, subnets."""

import base64
import json
import subprocess

from .ec2 import action
from .ec2_instances import instance_item, state
from .errors import AwsError
from .keys import fields, spki
from .params import FILTERS, PAGES, TAGS, Filters, page
from .service import stamp

# name: (architectures, vCPUs, MiB, hypervisor)
TYPES = {
    "t2.nano": (("i386", "x86_64"), 1, 512, "xen"),
    "t2.micro": (("i386", "x86_64"), 1, 1024, "xen"),
    "t2.small": (("i386", "x86_64"), 1, 2048, "xen"),
    "t2.medium": (("i386", "x86_64"), 2, 4096, "xen"),
    "t3.nano": (("x86_64",), 2, 512, "nitro"),
    "t3.micro": (("x86_64",), 2, 1024, "nitro"),
    "t3.small": (("x86_64",), 2, 2048, "nitro"),
    "t3.medium": (("x86_64",), 2, 4096, "nitro"),
    "t4g.nano": (("arm64",), 2, 512, "nitro"),
    "t4g.micro": (("arm64",), 2, 1024, "nitro"),
    "t4g.small": (("arm64",), 2, 2048, "nitro"),
    "m5.large": (("x86_64",), 2, 8192, "nitro"),
    "m6g.large": (("arm64",), 2, 8192, "nitro"),
    "c5.xlarge": (("x86_64",), 4, 8192, "nitro"),
}
NO_T2 = ("eu-north-1", "eu-west-3", "me-south-1", "ap-east-1")
RUN = (
    "ImageId InstanceType MinCount MaxCount KeyName ClientToken SubnetId "
    "SecurityGroupId.N SecurityGroup.N UserData EbsOptimized "
    "DisableApiTermination InstanceInitiatedShutdownBehavior PrivateIpAddress "
    "Monitoring.Enabled CreditSpecification.CpuCredits "
    "IamInstanceProfile.Name IamInstanceProfile.Arn "
    "Placement.AvailabilityZone Placement.Tenancy "
    "MetadataOptions.HttpTokens MetadataOptions.HttpEndpoint "
    "MetadataOptions.HttpPutResponseHopLimit MetadataOptions.HttpProtocolIpv6 "
    "BlockDeviceMapping.N.DeviceName NetworkInterface.N.DeviceIndex "
    "NetworkInterface.N.SubnetId NetworkInterface.N.AssociatePublicIpAddress "
    "NetworkInterface.N.Ipv6AddressCount "
    "NetworkInterface.N.SecurityGroupId.N " +
    " ".join("BlockDeviceMapping.N.Ebs." + name for name in (
        "VolumeSize VolumeType Iops Throughput DeleteOnTermination Encrypted "
        "SnapshotId KmsKeyId").split()))


def offered(region):
    return {name: about for name, about in TYPES.items()
            if region not in NO_T2 or not name.startswith("t2.")}


def free_tier(name, region):
    return name == ("t3.micro" if region in NO_T2 else "t2.micro")


class Type:
    tags = {}

    def __init__(self, name, about, region):
        self.name = name
        self.architectures, self.cpus, self.memory, self.hypervisor = about
        self.free = free_tier(name, region)


@action("DescribeInstanceTypes", FILTERS, PAGES, "InstanceType.N")
def describe_instance_types(call):
    wanted = call.params.list("InstanceType")
    there = offered(call.region)
    for name in wanted:
        if name not in there:
            raise AwsError("InvalidInstanceType", "The following supplied "
                           "instance types do not exist: [%s]" % name)
    chosen = Filters(call.params, {
        "instance-type": lambda t: t.name,
        "free-tier-eligible": lambda t: str(t.free).lower(),
        "current-generation": lambda t: "true",
        "hypervisor": lambda t: t.hypervisor,
        "processor-info.supported-architecture":
            lambda t: list(t.architectures)})
    found = [Type(name, about, call.region) for name, about in there.items()
             if not wanted or name in wanted]
    found, token = page(call, [t for t in found if chosen(t)], 5, 100)
    return {"instanceTypeSet": [{
        "instanceType": t.name, "currentGeneration": True,
        "freeTierEligible": t.free, "bareMetal": False,
        "hypervisor": t.hypervisor,
        "processorInfo": {"supportedArchitectures": list(t.architectures)},
        "vCpuInfo": {"defaultVCpus": t.cpus},
        "memoryInfo": {"sizeInMiB": t.memory}} for t in found],
        "nextToken": token}


@action("DescribeInstanceTypeOfferings", FILTERS, PAGES, "LocationType")
def describe_instance_type_offerings(call):
    """The zone whose letter is c has no t2."""
    by_zone = call.params.get("LocationType") == "availability-zone"

    class Offering:
        tags = {}

        def __init__(self, name, location):
            self.name, self.location = name, location
    chosen = Filters(call.params, {"instance-type": lambda o: o.name,
                                   "location": lambda o: o.location})
    found = [Offering(name, location) for name in offered(call.region)
             for location in (call.place.zones if by_zone else [call.region])
             if not (location.endswith("c") and name.startswith("t2."))]
    found, token = page(call, [o for o in found if chosen(o)])
    return {"instanceTypeOfferingSet": [{
        "instanceType": o.name, "location": o.location,
        "locationType": "availability-zone" if by_zone else "region"}
        for o in found], "nextToken": token}


class Subnet:
    tags = {}

    def __init__(self, place, number):
        self.id = place.subnets[number]
        self.zone = place.zones[number]
        self.vpc = place.vpc


def has_default(call):
    return bool(int(call.world.settings["default_vpc"]))


@action("DescribeVpcs", FILTERS, PAGES, "VpcId.N")
def describe_vpcs(call):
    class Vpc:
        id, tags = call.place.vpc, {}
    default = has_default(call)
    chosen = Filters(call.params, {
        "vpc-id": lambda v: v.id, "state": lambda v: "available",
        "is-default": lambda v: str(default).lower(),
        "isDefault": lambda v: str(default).lower()})
    return {"vpcSet": [{
        "vpcId": v.id, "ownerId": call.account.id, "state": "available",
        "cidrBlock": "127.128.0.0/10", "instanceTenancy": "default",
        "isDefault": default} for v in [Vpc] if chosen(v)]}


@action("DescribeSubnets", FILTERS, PAGES, "SubnetId.N")
def describe_subnets(call):
    default = has_default(call)
    chosen = Filters(call.params, {
        "subnet-id": lambda s: s.id, "vpc-id": lambda s: s.vpc,
        "availability-zone": lambda s: s.zone,
        "default-for-az": lambda s: str(default).lower()})
    wanted = call.params.list("SubnetId")
    found = [Subnet(call.place, n) for n in range(len(call.place.subnets))]
    return {"subnetSet": [{
        "subnetId": s.id, "vpcId": s.vpc, "availabilityZone": s.zone,
        "state": "available", "cidrBlock": "127.128.0.0/20",
        "availableIpAddressCount": 4091, "defaultForAz": default,
        "mapPublicIpOnLaunch": default, "ownerId": call.account.id}
        for s in found if (not wanted or s.id in wanted) and chosen(s)]}


def run_groups(call, interface):
    """Instance-level ones, the interface's, or the default group."""
    place = call.place
    ids = call.params.list("SecurityGroupId")
    if interface and (ids or call.params.get("SubnetId")):
        raise AwsError("InvalidParameterCombination", "Network interfaces and "
                       "an instance-level subnet ID or security groups may "
                       "not be specified on the same request")
    ids = ids or (interface.list("SecurityGroupId") if interface else [])
    for id_ in ids:
        if id_ not in place.groups:
            raise AwsError("InvalidGroup.NotFound", "The security group '%s' "
                           "does not exist" % id_)
    return [place.groups[i] for i in ids] or \
        [g for g in place.groups.values() if g.name == "default"]


def run_image(call):
    id_ = call.params.need("ImageId")
    if id_.startswith("resolve:ssm:"):
        id_ = call.world.images.parameter(call.region, id_[12:]) or ""
    return call.world.images.get(call.region, call.account, id_)


def run_type(call, image):
    name = call.params.get("InstanceType", "m1.small")
    about = offered(call.region).get(name)
    if not about:
        raise AwsError("InvalidParameterValue", "Invalid value '%s' for "
                       "InstanceType." % name)
    if image.architecture not in about[0]:
        raise AwsError("InvalidParameterValue", "The architecture '%s' of the "
                       "specified instance type does not match the "
                       "architecture '%s' of the specified AMI. Specify an "
                       "instance type and an AMI that have matching "
                       "architectures, and try again." %
                       (",".join(about[0]), image.architecture))
    return name


def run_zone(call, interface, kind):
    place = call.place
    subnet = call.params.get("SubnetId") or \
        (interface.get("SubnetId") if interface else None)
    zone = call.params.get("Placement.AvailabilityZone")
    number = 0
    if subnet:
        if subnet not in place.subnets:
            raise AwsError("InvalidSubnetID.NotFound", "The subnet ID '%s' "
                           "does not exist" % subnet)
        number = place.subnets.index(subnet)
    elif not has_default(call):
        raise AwsError("VPCIdNotSpecified", "No default VPC for this user")
    elif zone:
        if zone not in place.zones:
            raise AwsError("InvalidParameterValue", "Invalid availability "
                           "zone: [%s]" % zone)
        number = place.zones.index(zone)
    if kind.startswith("t2.") and place.zones[number].endswith("c"):
        raise AwsError("Unsupported", "Your requested instance type (%s) is "
                       "not supported in your requested Availability Zone "
                       "(%s)." % (kind, place.zones[number]))
    return number


def run_key(call, image):
    name = call.params.get("KeyName")
    if not name:
        return None
    pair = call.place.key_pairs.get(name)
    if not pair:
        raise AwsError("InvalidKeyPair.NotFound", "The key pair '%s' does not "
                       "exist" % name)
    if image.platform and pair.type != "rsa":
        raise AwsError("InvalidParameterCombination", "ED25519 key pairs are "
                       "not supported with Windows AMIs.")
    return pair


def run_disk(call, image):
    """Only the image's own root device is the root volume."""
    for one in call.params.structs("BlockDeviceMapping"):
        if one.get("DeviceName") == image.root_device:
            size = one.number("Ebs.VolumeSize", 1, 16384, 8)
            if size < 8:
                raise AwsError("InvalidBlockDeviceMapping", "Volume of size "
                               "%dGB is smaller than snapshot, expect size >= "
                               "8GB" % size)
            return size
    return 8


def run_metadata(params):
    """Images of today want the token; who launches may say otherwise."""
    tokens = params.get("MetadataOptions.HttpTokens", "required")
    endpoint = params.get("MetadataOptions.HttpEndpoint", "enabled")
    for value, values in ((tokens, ("required", "optional")),
                          (endpoint, ("enabled", "disabled"))):
        if value not in values:
            raise AwsError("InvalidParameterValue", "Value (%s) for parameter "
                           "MetadataOptions is invalid." % value)
    return "disabled" if endpoint == "disabled" else tokens


def repeated(call):
    """What this ClientToken has made already, or None."""
    token = call.params.get("ClientToken")
    if not token:
        return None
    if len(token) > 64 or not token.isascii():
        raise AwsError("InvalidParameterValue", "Invalid ClientToken")
    about = json.dumps(call.params, sort_keys=True)
    old, made = call.place.tokens.get(token, (about, []))
    if not made:
        call.place.tokens[token] = (about, [])
        return None
    if old != about:
        raise AwsError("IdempotentParameterMismatch", "The token '%s' was "
                       "already used with other parameters" % token)
    return made


def check_limit(call, kind, count):
    used = sum(TYPES.get(i.type, TYPES["t3.micro"])[1]
               for i in call.place.instances.values()
               if i.state in ("pending", "running"))
    limit = int(call.world.settings["vcpus"])
    if used + TYPES[kind][1] * count > limit:
        raise AwsError("VcpuLimitExceeded", "You have requested more vCPU "
                       "capacity than your current vCPU limit of %d allows "
                       "for the instance bucket that the specified instance "
                       "type belongs to." % limit)


@action("RunInstances", TAGS, RUN)
def run_instances(call):
    made = repeated(call)
    if made is None:
        made = launch(call)
        token = call.params.get("ClientToken")
        if token:
            call.place.tokens[token][1].extend(made)
    # The answer knows no public address, however quick the start is.
    items = []
    for instance in made:
        item = instance_item(instance)
        item.update(instanceState=state("pending"), dnsName="",
                    ipAddress=None)
        for interface in item["networkInterfaceSet"]:
            interface["association"] = None
            interface["privateIpAddressesSet"][0]["association"] = None
        items.append(item)
    return {"reservationId": made[0].reservation,
            "ownerId": call.account.id, "groupSet": [],
            "instancesSet": items}


def launch(call):
    params = call.params
    image = run_image(call)
    kind = run_type(call, image)
    interfaces = params.structs("NetworkInterface")
    interface = interfaces[0] if interfaces else None
    groups = run_groups(call, interface)
    zone = run_zone(call, interface, kind)
    pair = run_key(call, image)
    low = params.number("MinCount", 1, 1000)
    high = params.number("MaxCount", 1, 1000)
    if low is None or high is None:
        params.need("MinCount")
        params.need("MaxCount")
    if params.get("UserData"):
        base64.b64decode(params["UserData"])
    disk = run_disk(call, image)
    check_limit(call, kind, low)
    public = interface.get("AssociatePublicIpAddress") if interface else None
    made = []
    for number in range(high):
        made.append(call.world.machines.launch(
            call.place, image, type=kind, groups=groups, zone=zone,
            index=number, tags=params.tags("instance"),
            key_name=pair.name if pair else None,
            authorized=[pair.public] if pair else [], volume_size=disk,
            wants_public=public != "false",
            protected=params.flag("DisableApiTermination"),
            imds=run_metadata(params),
            token=params.get("ClientToken", "")))
        made[-1].reservation = made[0].reservation
    return made


@action("GetPasswordData", "InstanceId")
def get_password_data(call):
    """Encrypted for the key that the instance was launched with."""
    instance = call.place.instance(call.params.need("InstanceId"))
    answer = {"instanceId": instance.id,
              "timestamp": stamp(call.world.now()), "passwordData": ""}
    if instance.image.platform and instance.up_since is not None and \
            instance.authorized:
        parts = fields(base64.b64decode(instance.authorized[0].split()[1]))
        pem = "-----BEGIN PUBLIC KEY-----\n%s-----END PUBLIC KEY-----\n" % \
            base64.encodebytes(spki(parts[2], parts[1])).decode()
        path = call.world.folder + "/password.pem"
        with open(path, "w", encoding="ascii") as file:
            file.write(pem)
        secret = subprocess.run(
            ["openssl", "pkeyutl", "-encrypt", "-pubin", "-inkey", path],
            input=b"Passw0rd;for," + instance.id.encode(), check=True,
            capture_output=True).stdout
        text = base64.b64encode(secret).decode()
        answer["passwordData"] = "\r\n%s\r\n" % text
    return answer
