# SPDX-License-Identifier: ISC
"""EC2's actions that give elastic addresses out and take them back."""

from .ec2 import action, tag_set
from .errors import AwsError
from .params import TAGS


def find(call):
    id_ = call.params.need("AllocationId")
    found = call.place.addresses.get(id_)
    if not found and any(id_ in place.addresses
                         for account in call.world.accounts.values()
                         for place in account.places.values()):
        raise AwsError("AuthFailure", "The address '%s' does not belong to "
                       "you." % id_)
    if not found:
        raise AwsError("InvalidAllocationID.NotFound", "The allocation ID "
                       "'%s' does not exist" % id_)
    return found


@action("AllocateAddress", TAGS, "Domain PublicIpv4Pool NetworkBorderGroup")
def allocate_address(call):
    address = call.world.machines.allocate(call.place)
    address.tags = call.params.tags("elastic-ip")
    return {"publicIp": address.public, "domain": "vpc",
            "allocationId": address.id, "publicIpv4Pool": "amazon",
            "networkBorderGroup": call.region,
            "tagSet": tag_set(address.tags)}


@action("AssociateAddress", "AllocationId InstanceId AllowReassociation "
        "NetworkInterfaceId PrivateIpAddress")
def associate_address(call):
    address = find(call)
    instance = call.place.instance(call.params.need("InstanceId"))
    if address.instance and address.instance is not instance and \
            call.params.get("AllowReassociation") == "false":
        raise AwsError("Resource.AlreadyAssociated", "resource %s is already "
                       "associated with associate-id %s" %
                       (address.id, address.association))
    call.world.machines.associate(address, instance)
    return {"return": True, "associationId": address.association}


@action("DisassociateAddress", "AssociationId PublicIp")
def disassociate_address(call):
    id_ = call.params.need("AssociationId")
    for address in call.place.addresses.values():
        if address.association == id_:
            call.world.machines.disassociate(address)
            return {"return": True}
    raise AwsError("InvalidAssociationID.NotFound", "The association ID '%s' "
                   "does not exist" % id_)


@action("ReleaseAddress", "AllocationId NetworkBorderGroup")
def release_address(call):
    """In a default VPC it is disassociated first."""
    address = find(call)
    if address.instance:
        if not int(call.world.settings["default_vpc"]):
            raise AwsError("InvalidIPAddress.InUse", "Address %s is in use." %
                           address.public)
        call.world.machines.disassociate(address)
    call.world.machines.release(address)
    return {"return": True}
