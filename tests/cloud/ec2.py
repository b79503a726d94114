# SPDX-License-Identifier: ISC
"""EC2: the table of its actions, and those about regions, images, key pairs
and addresses.  An action is a function of the Call that gives the answer's
elements or raises AwsError; a new one needs its line with @action."""

from .errors import AwsError
from .params import FILTERS, PAGES, Filters, page
from .service import Service, stamp
from .world import OPT_IN, partition_of

EC2 = Service("ec2", "2016-11-15", "ec2",
              "http://ec2.amazonaws.com/doc/2016-11-15/")
action = EC2.action


def tag_set(tags):
    return [{"key": k, "value": v} for k, v in tags.items()] or None


class Region:
    tags = {}

    def __init__(self, name, status):
        self.name = name
        self.status = status
        self.endpoint = "ec2.%s.amazonaws.com" % name


@action("DescribeRegions", FILTERS, "RegionName.N", "AllRegions")
def describe_regions(call):
    opted = call.account.opted_in
    regions = [(r, "opt-in-not-required") for r in call.world.regions
               if partition_of(r) == call.account.partition]
    if call.account.partition == "aws":
        regions += [(r, "opted-in" if r in opted else "not-opted-in")
                    for r in OPT_IN
                    if r in opted or call.params.flag("AllRegions")]
    wanted = call.params.list("RegionName")
    for name in wanted:
        if name not in [r for r, _ in regions]:
            raise AwsError("InvalidParameterValue", "Invalid region names: [%s"
                           "]" % name)
    chosen = Filters(call.params, {
        "region-name": lambda r: r.name, "endpoint": lambda r: r.endpoint,
        "opt-in-status": lambda r: r.status})
    found = [r for r in (Region(*r) for r in regions)
             if chosen(r) and (not wanted or r.name in wanted)]
    return {"regionInfo": [{"regionName": r.name,
                            "regionEndpoint": r.endpoint,
                            "optInStatus": r.status} for r in found]}


def image_item(image, account):
    # Linux has no <platform>; the parent of a custom image is said.
    return {
        "imageId": image.id, "imageLocation": "%s/%s" %
        (image.owner_alias or image.owner, image.name),
        "imageState": "available", "imageOwnerId": image.owner,
        "isPublic": image.public, "architecture": image.architecture,
        "imageType": "machine", "platform": image.platform,
        "sriovNetSupport": "simple", "name": image.name,
        "description": image.name, "rootDeviceType": "ebs",
        "rootDeviceName": image.root_device,
        "blockDeviceMapping": [{
            "deviceName": image.root_device,
            "ebs": {"deleteOnTermination": not image.keeps_disk,
                    "snapshotId": "snap-" + image.id[4:], "volumeSize": 8,
                    "volumeType": "gp3", "encrypted": False}}],
        "virtualizationType": "hvm", "hypervisor": "xen",
        "imageOwnerAlias": image.owner_alias, "enaSupport": True,
        "tagSet": tag_set(image.tags) if image.owner == account.id else None,
        "creationDate": image.created, "platformDetails": image.details,
        "usageOperation": "RunInstances",
        "deprecationTime": "2024-01-01T00:00:00.000Z" if image.deprecated
        else "2027-01-15T04:00:00.000Z",
        "sourceImageId": image.source,
        "sourceImageRegion": image.region if image.source else None,
    }


IMAGE_FILTERS = {
    "name": lambda i: i.name, "image-id": lambda i: i.id,
    "architecture": lambda i: i.architecture,
    "state": lambda i: "available", "owner-id": lambda i: i.owner,
    "owner-alias": lambda i: i.owner_alias,
    "virtualization-type": lambda i: "hvm", "image-type": lambda i: "machine",
    "root-device-type": lambda i: "ebs", "platform": lambda i: i.platform,
    "is-public": lambda i: str(i.public).lower(),
    "description": lambda i: i.name,
}


@action("DescribeImages", FILTERS, PAGES, "ImageId.N", "Owner.N",
        "ExecutableBy.N", "IncludeDeprecated", "IncludeDisabled")
def describe_images(call):
    images = call.world.images.region(call.region).values()
    wanted = call.params.list("ImageId")
    for image_id in wanted:
        call.world.images.get(call.region, call.account, image_id)
    owners = [call.account.id if o == "self" else o
              for o in call.params.list("Owner")]
    old = call.params.flag("IncludeDeprecated")
    chosen = Filters(call.params, IMAGE_FILTERS)
    found = [i for i in images if i.seen_by(call.account) and
             (not wanted or i.id in wanted) and
             (not owners or i.owner in owners or i.owner_alias in owners) and
             (old or not i.deprecated or i.owner == call.account.id) and
             chosen(i)]
    found, token = page(call, found, 1)
    return {"imagesSet": [image_item(i, call.account) for i in found],
            "nextToken": token}


@action("DescribeKeyPairs", FILTERS, "KeyName.N", "KeyPairId.N",
        "IncludePublicKey")
def describe_key_pairs(call):
    pairs = call.place.key_pairs
    names = call.params.list("KeyName")
    ids = call.params.list("KeyPairId")
    for name in names:
        if name not in pairs:
            raise AwsError("InvalidKeyPair.NotFound", "The key pair '%s' does "
                           "not exist" % name)
    for id_ in ids:
        if id_ not in [p.id for p in pairs.values()]:
            raise AwsError("InvalidKeyPair.NotFound", "The key pair ID '%s' "
                           "does not exist" % id_)
    chosen = Filters(call.params, {
        "key-name": lambda p: p.name, "key-pair-id": lambda p: p.id,
        "fingerprint": lambda p: p.fingerprint})
    show = call.params.flag("IncludePublicKey")
    return {"keySet": [{
        "keyPairId": p.id, "keyFingerprint": p.fingerprint,
        "keyName": p.name, "keyType": p.type,
        "publicKey": p.public if show else None,
        "createTime": stamp(p.created), "tagSet": tag_set(p.tags) or [],
    } for p in pairs.values()
        if (not names and not ids or p.name in names or p.id in ids) and
        chosen(p)]}


@action("DescribeAddresses", FILTERS, "PublicIp.N", "AllocationId.N")
def describe_addresses(call):
    addresses = call.place.addresses
    ids = call.params.list("AllocationId")
    ips = call.params.list("PublicIp")
    for id_ in ids:
        if id_ not in addresses:
            raise AwsError("InvalidAllocationID.NotFound", "The allocation ID "
                           "'%s' does not exist" % id_)
    for ip in ips:
        if ip not in [a.public for a in addresses.values()]:
            raise AwsError("InvalidAddress.NotFound", "Address '%s' not "
                           "found." % ip)

    def of_instance(name):
        return lambda a: getattr(a.instance, name) if a.instance else None
    chosen = Filters(call.params, {
        "public-ip": lambda a: a.public, "allocation-id": lambda a: a.id,
        "association-id": lambda a: a.association,
        "domain": lambda a: "vpc", "instance-id": of_instance("id"),
        "network-interface-id": of_instance("eni"),
        "private-ip-address": of_instance("private")})
    return {"addressesSet": [{
        "publicIp": a.public, "allocationId": a.id, "domain": "vpc",
        "instanceId": of_instance("id")(a), "associationId": a.association,
        "networkInterfaceId": of_instance("eni")(a),
        "networkInterfaceOwnerId": call.account.id if a.instance else None,
        "privateIpAddress": of_instance("private")(a),
        "tagSet": tag_set(a.tags), "publicIpv4Pool": "amazon",
        "networkBorderGroup": call.region,
    } for a in addresses.values()
        if (not ids and not ips or a.id in ids or a.public in ips) and
        chosen(a)]}
