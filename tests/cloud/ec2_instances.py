# SPDX-License-Identifier: ISC
"""EC2's actions about instances."""

import base64

from . import console, xml
from .ec2 import action, tag_set
from .errors import AwsError
from .machines import CODES
from .params import FILTERS, PAGES, Filters, page
from .service import stamp


def state(name):
    return {"code": CODES.get(name, 0), "name": name}


def network(instance):
    """Its one interface; gone with the instance."""
    place = instance.place
    association = None
    if instance.address:
        association = {"publicIp": instance.address,
                       "publicDnsName": instance.public_name,
                       "ipOwnerId": place.account.id if instance.elastic
                       else "amazon"}
    return [{
        "networkInterfaceId": instance.eni,
        "subnetId": place.subnets[instance.zone], "vpcId": place.vpc,
        "description": "", "ownerId": place.account.id, "status": "in-use",
        "macAddress": "0a:58:" + instance.eni[-8:-6] + ":" + ":".join(
            instance.eni[-6:][i:i + 2] for i in (0, 2, 4)),
        "privateIpAddress": instance.private,
        "privateDnsName": instance.private_name, "sourceDestCheck": True,
        "groupSet": [{"groupId": g.id, "groupName": g.name}
                     for g in instance.groups],
        "attachment": {"attachmentId": "eni-attach-" + instance.eni[4:],
                       "deviceIndex": 0, "status": "attached",
                       "attachTime": stamp(instance.launched),
                       "deleteOnTermination": True, "networkCardIndex": 0},
        "association": association,
        "privateIpAddressesSet": [{
            "privateIpAddress": instance.private,
            "privateDnsName": instance.private_name, "primary": True,
            "association": association}],
        "ipv6AddressesSet": [{"ipv6Address": instance.ipv6}]
        if instance.ipv6 else None,
        "interfaceType": "interface",
    }]


def instance_item(instance):
    place = instance.place
    image = instance.image
    fields = {
        "instanceId": instance.id, "imageId": image.id,
        "instanceState": state(instance.state),
        "privateDnsName": instance.private_name,
        "dnsName": instance.public_name, "reason": instance.reason,
        "keyName": instance.key_name, "amiLaunchIndex": instance.index,
        "productCodes": [], "instanceType": instance.type,
        "launchTime": stamp(instance.launched),
        "placement": {"availabilityZone": place.zones[instance.zone],
                      "groupName": "", "tenancy": "default"},
        "platform": image.platform, "monitoring": {"state": "disabled"},
    }
    if instance.state != "terminated":
        fields.update({
            "subnetId": place.subnets[instance.zone], "vpcId": place.vpc,
            "privateIpAddress": instance.private,
            "ipAddress": instance.address, "sourceDestCheck": True,
            "groupSet": [{"groupId": g.id, "groupName": g.name}
                         for g in instance.groups]})
    if instance.reason:
        code = "Client.UserInitiatedShutdown"
        fields["stateReason"] = {"code": code, "message": code + ": User "
                                 "initiated shutdown"}
    fields.update({
        "architecture": image.architecture, "rootDeviceType": "ebs",
        "rootDeviceName": image.root_device,
        "blockDeviceMapping": [] if instance.state == "terminated" else [{
            "deviceName": image.root_device,
            "ebs": {"volumeId": instance.volume, "status": "attached",
                    "attachTime": stamp(instance.launched),
                    "deleteOnTermination": True}}],
        "virtualizationType": "hvm",
        "clientToken": instance.token,
        "tagSet": tag_set(instance.tags), "hypervisor": "xen",
        "networkInterfaceSet": [] if instance.state == "terminated"
        else network(instance),
        "ebsOptimized": False, "enaSupport": True,
        "ipv6Address": instance.ipv6,
        "cpuOptions": {"coreCount": 1, "threadsPerCore": 2},
        "capacityReservationSpecification": {
            "capacityReservationPreference": "open"},
        "hibernationOptions": {"configured": False},
        "enclaveOptions": {"enabled": False},
        "metadataOptions": {
            "state": "applied", "httpTokens": "required"
            if instance.imds == "disabled" else instance.imds,
            "httpPutResponseHopLimit": 2, "httpEndpoint": "disabled"
            if instance.imds == "disabled" else "enabled",
            "httpProtocolIpv6": "disabled",
            "instanceMetadataTags": "disabled"},
        "platformDetails": image.details, "usageOperation": "RunInstances",
        "usageOperationUpdateTime": stamp(instance.launched),
        "maintenanceOptions": {"autoRecovery": "default"},
        "currentInstanceBootMode": "uefi",
    })
    return fields


def rendered(instance):
    """Rendering ten thousand takes a second: only what has changed."""
    if instance.xml is None:
        instance.xml = xml.Raw(xml.element("item", {
            "reservationId": instance.reservation,
            "ownerId": instance.place.account.id, "groupSet": [],
            "instancesSet": [instance_item(instance)]}))
    return instance.xml


INSTANCE_FILTERS = {
    "instance-id": lambda i: i.id,
    "instance-state-name": lambda i: i.state,
    "instance-state-code": lambda i: str(CODES.get(i.state, 0)),
    "instance-type": lambda i: i.type,
    "ip-address": lambda i: i.address,
    "private-ip-address": lambda i: i.private,
    "network-interface.ipv6-addresses.ipv6-address": lambda i: i.ipv6,
    "ipv6-address": lambda i: i.ipv6,
    "dns-name": lambda i: i.public_name,
    "private-dns-name": lambda i: i.private_name,
    "key-name": lambda i: i.key_name,
    "image-id": lambda i: i.image.id,
    "vpc-id": lambda i: i.place.vpc,
    "subnet-id": lambda i: i.place.subnets[i.zone],
    "availability-zone": lambda i: i.place.zones[i.zone],
    "instance.group-id": lambda i: [g.id for g in i.groups],
    "instance.group-name": lambda i: [g.name for g in i.groups],
    "reservation-id": lambda i: i.reservation,
    "client-token": lambda i: i.token,
    "architecture": lambda i: i.image.architecture,
    "platform": lambda i: i.image.platform,
    "platform-details": lambda i: i.image.details,
    "tag-value": lambda i: list(i.tags.values()),
}


def chosen_instances(call):
    ids = call.params.list("InstanceId")
    missing = []
    for id_ in ids:
        call.place.check_id("InvalidInstanceID", "i", id_)
        if id_ not in call.place.instances:
            missing.append(id_)
    if missing:
        several = len(missing) > 1
        raise AwsError("InvalidInstanceID.NotFound", "The instance ID%s '%s' "
                       "do%s not exist" % ("s" * several, ", ".join(missing),
                                           "" if several else "es"))
    if ids and "MaxResults" in call.params:
        raise AwsError("InvalidParameterCombination", "The parameter "
                       "instancesSet cannot be used with the parameter "
                       "maxResults")
    if ids:
        things = [call.place.instances[i] for i in dict.fromkeys(ids)]
    else:
        things = list(call.place.instances.values())
    chosen = Filters(call.params, INSTANCE_FILTERS)
    return [i for i in things if chosen(i)] if chosen.tests else things


@action("DescribeInstances", FILTERS, PAGES, "InstanceId.N")
def describe_instances(call):
    found, token = page(call, chosen_instances(call))
    return {"reservationSet": [rendered(i) for i in found] or [],
            "nextToken": token}


@action("DescribeInstanceStatus", FILTERS, PAGES, "InstanceId.N",
        "IncludeAllInstances")
def describe_instance_status(call):
    every = call.params.flag("IncludeAllInstances")
    found, token = page(call, [i for i in chosen_instances(call)
                               if every or i.state == "running"])

    def status(instance):
        up = instance.state == "running"
        return {"status": "ok" if up else "not-applicable",
                "details": [{"name": "reachability", "status": "passed"}]
                if up else []}
    return {"instanceStatusSet": [{
        "instanceId": i.id,
        "availabilityZone": i.place.zones[i.zone],
        "instanceState": state(i.state), "systemStatus": status(i),
        "instanceStatus": status(i)} for i in found], "nextToken": token}


@action("GetConsoleOutput", "InstanceId", "Latest")
def get_console_output(call):
    instance = call.place.instance(call.params.need("InstanceId"))
    latest = call.params.flag("Latest")
    if latest and not instance.nitro:
        raise AwsError("UnsupportedOperation", "This instance type does not "
                       "support retrieving the latest console logs. You must "
                       "use the Nitro System to retrieve them.")
    fields = {"instanceId": instance.id,
              "timestamp": stamp(call.world.now())}
    data = console.output(call.world, instance, latest)
    if data is not None:
        fields["output"] = base64.b64encode(data).decode()
    return fields


def change(call, function):
    """One bad id in the list fails all."""
    ids = call.params.list("InstanceId")
    if not ids:
        call.params.need("InstanceId")
    instances = [call.place.instance(i) for i in ids]
    before = [i.state for i in instances]
    for instance in instances:
        function(instance)
    # At once, a phase of no length is over already: what AWS says is the
    # phase.
    return {"instancesSet": [{
        "instanceId": i.id,
        "currentState": state(phase(old, i.state)),
        "previousState": state(old)} for i, old in zip(instances, before)]}


def phase(old, new):
    through = {("stopped", "running"): "pending",
               ("running", "stopped"): "stopping"}
    if new == "terminated" and old != new:
        return "shutting-down"
    return through.get((old, new), new)


@action("StartInstances", "InstanceId.N", "AdditionalInfo")
def start_instances(call):
    return change(call, call.world.machines.start)


@action("StopInstances", "InstanceId.N", "Force", "Hibernate",
        "SkipOsShutdown")
def stop_instances(call):
    return change(call, call.world.machines.stop)


@action("RebootInstances", "InstanceId.N")
def reboot_instances(call):
    change(call, call.world.machines.reboot)
    return {"return": True}


@action("TerminateInstances", "InstanceId.N", "Force", "SkipOsShutdown")
def terminate_instances(call):
    return change(call, call.world.machines.terminate)
