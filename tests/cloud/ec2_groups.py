# SPDX-License-Identifier: ISC
"""EC2's actions about security groups and their rules."""

import ipaddress
import re

from .ec2 import action, tag_set
from .errors import AwsError
from .machines import Group, Rule
from .params import FILTERS, PAGES, TAGS, Filters, page

RANGE = "IpPermissions.N."
PERMISSIONS = " ".join(RANGE + name for name in (
    "IpProtocol FromPort ToPort IpRanges.N.CidrIp IpRanges.N.Description "
    "Ipv6Ranges.N.CidrIpv6 Ipv6Ranges.N.Description Groups.N.GroupId "
    "Groups.N.UserId").split()) + " IpProtocol FromPort ToPort CidrIp"
TEXT = re.compile(r"[a-zA-Z0-9 ._\-:/()#,@\[\]+=&;{}!$*]{0,255}")


def check_text(text, what):
    if not TEXT.fullmatch(text):
        raise AwsError("InvalidParameterValue", "Value (%s) for parameter %s "
                       "is invalid. Character sets beyond ASCII are not "
                       "supported." % (text, what))


def find(call, name="GroupId"):
    """The one that GroupId, or GroupName, means."""
    id_, text = call.params.get("GroupId"), call.params.get("GroupName")
    if not id_ and not text:
        call.params.need("GroupId")
    for group in call.place.groups.values():
        if group.id == id_ or not id_ and group.name == text:
            return group
    if id_:
        call.place.check_id("InvalidGroupId", "sg", id_)
    raise AwsError("InvalidGroup.NotFound", "The security group '%s' does not "
                   "exist" % (id_ or text))


@action("CreateSecurityGroup", TAGS, "GroupName GroupDescription VpcId")
def create_security_group(call):
    name = call.params.need("GroupName")
    about = call.params.need("GroupDescription")
    check_text(name, "GroupName")
    check_text(about, "GroupDescription")
    if name.startswith("sg-"):
        raise AwsError("InvalidParameterValue", "Value (%s) for parameter "
                       "GroupName is invalid. Cannot begin with sg-" % name)
    vpc = call.params.get("VpcId")
    if not vpc and not int(call.world.settings["default_vpc"]):
        raise AwsError("VPCIdNotSpecified", "No default VPC for this user")
    if vpc and vpc != call.place.vpc:
        raise AwsError("InvalidVpcID.NotFound", "The vpc ID '%s' does not "
                       "exist" % vpc)
    for group in call.place.groups.values():
        if group.name.lower() == name.lower():
            raise AwsError("InvalidGroup.Duplicate", "The security group '%s' "
                           "already exists for VPC '%s'" %
                           (name, call.place.vpc))
    group = Group(call.place, call.world.id("sg"), name, about)
    group.tags = call.params.tags("security-group")
    call.place.groups[group.id] = group
    return {"return": True, "groupId": group.id,
            "tagSet": tag_set(group.tags)}


@action("DeleteSecurityGroup", "GroupId GroupName")
def delete_security_group(call):
    group = find(call)
    if group.name == "default":
        raise AwsError("CannotDelete", "the specified group: \"%s\" name: "
                       "\"default\" cannot be deleted by a user" % group.id)
    if any(group in i.groups for i in call.place.instances.values()) or \
            any(rule.group == group.id for g in call.place.groups.values()
                if g is not group for rule in g.rules):
        raise AwsError("DependencyViolation", "resource %s has a dependent "
                       "object" % group.id)
    del call.place.groups[group.id]
    return {"return": True, "groupId": group.id}


def canonical(cidr, version):
    """Host bits zeroed, as the service does it."""
    try:
        return str(ipaddress.ip_network(cidr, strict=False)
                   if ipaddress.ip_network(cidr, strict=False).version ==
                   version else None)
    except ValueError:
        raise AwsError("InvalidParameterValue", "CIDR block %s is malformed" %
                       cidr) from None


def rules(call):
    """The rules that the call's permissions are, not kept yet."""
    out = []
    permissions = call.params.structs("IpPermissions")
    if call.params.get("IpProtocol"):
        permissions.append(call.params)
    for one in permissions:
        protocol = one.need("IpProtocol").lower()
        protocol = {"6": "tcp", "17": "udp", "1": "icmp"}.get(protocol,
                                                              protocol)
        low = high = -1
        if protocol in ("tcp", "udp"):
            low = one.number("FromPort", 0, 65535)
            high = one.number("ToPort", 0, 65535)
            if low is None or high is None or low > high:
                raise AwsError("InvalidParameterValue", "Invalid TCP range")
        sources = [(canonical(r.need("CidrIp"), 4), None, r)
                   for r in one.structs("IpRanges")]
        sources += [(canonical(r.need("CidrIpv6"), 6), None, r)
                    for r in one.structs("Ipv6Ranges")]
        sources += [(None, r.need("GroupId"), r)
                    for r in one.structs("Groups")]
        if one.get("CidrIp"):
            sources.append((canonical(one["CidrIp"], 4), None, {}))
        for cidr, group, about in sources:
            text = about.get("Description")
            check_text(text or "", "Description")
            out.append(Rule(call.world.id("sgr"), protocol, low, high, cidr,
                            group, text))
    if not out:
        raise AwsError("MissingParameter", "Either 'ipPermissions' or "
                       "'securityGroupRuleIds' should be provided.")
    return out


def rule_item(group, rule):
    six = rule.cidr and ":" in rule.cidr
    return {"securityGroupRuleId": rule.id, "groupId": group.id,
            "groupOwnerId": group.place.account.id, "isEgress": False,
            "ipProtocol": rule.protocol, "fromPort": rule.low,
            "toPort": rule.high, "cidrIpv4": None if six else rule.cidr,
            "cidrIpv6": rule.cidr if six else None,
            "referencedGroupInfo": {"groupId": rule.group}
            if rule.group else None, "description": rule.description,
            "tagSet": tag_set(rule.tags)}


def tell(call, group):
    for instance in call.place.instances.values():
        if group in instance.groups:
            call.world.machines.changed(instance)


@action("AuthorizeSecurityGroupIngress", TAGS, PERMISSIONS,
        "GroupId GroupName")
def authorize(call):
    """One duplicate fails the whole call."""
    group = find(call)
    new = rules(call)
    for rule in new:
        if rule.key() in [old.key() for old in group.rules]:
            raise AwsError("InvalidPermission.Duplicate", 'the specified rule '
                           '"peer: %s, %s, from port: %d, to port: %d, ALLOW" '
                           'already exists' %
                           (rule.cidr or rule.group, rule.protocol.upper(),
                            rule.low, rule.high))
        rule.tags = call.params.tags("security-group-rule")
    group.rules += new
    tell(call, group)
    return {"return": True,
            "securityGroupRuleSet": [rule_item(group, r) for r in new]}


@action("RevokeSecurityGroupIngress", PERMISSIONS,
        "GroupId GroupName SecurityGroupRuleId.N")
def revoke(call):
    """In the default VPC a rule that is not there is no error."""
    group = find(call)
    ids = call.params.list("SecurityGroupRuleId")
    for id_ in ids:
        if id_ not in [r.id for r in group.rules]:
            raise AwsError("InvalidSecurityGroupRuleId.NotFound", "The "
                           "security group rule ID '%s' does not exist" % id_)
    keys = [] if ids else [r.key() for r in rules(call)]
    unknown = [k for k in keys if k not in [r.key() for r in group.rules]]
    if unknown and not int(call.world.settings["default_vpc"]):
        raise AwsError("InvalidPermission.NotFound", "The specified rule does "
                       "not exist in this security group.")
    group.rules = [r for r in group.rules
                   if r.id not in ids and r.key() not in keys]
    tell(call, group)
    return {"return": True, "unknownIpPermissionSet": [
        {"ipProtocol": k[0], "fromPort": k[1], "toPort": k[2],
         "ipRanges": [{"cidrIp": k[3]}]} for k in unknown] or None}


def permission_items(group):
    """Rules of one protocol and range are one permission."""
    out = {}
    for rule in group.rules:
        everything = rule.protocol == "-1"
        one = out.setdefault((rule.protocol, rule.low, rule.high), {
            "ipProtocol": rule.protocol,
            "fromPort": None if everything else rule.low,
            "toPort": None if everything else rule.high,
            "groups": [], "ipRanges": [], "ipv6Ranges": [],
            "prefixListIds": []})
        if rule.group:
            one["groups"].append({"userId": group.place.account.id,
                                  "groupId": rule.group})
        elif ":" in rule.cidr:
            one["ipv6Ranges"].append({"cidrIpv6": rule.cidr,
                                      "description": rule.description})
        else:
            one["ipRanges"].append({"cidrIp": rule.cidr,
                                    "description": rule.description})
    return list(out.values())


@action("DescribeSecurityGroups", FILTERS, PAGES, "GroupId.N GroupName.N")
def describe_security_groups(call):
    ids = call.params.list("GroupId")
    names = call.params.list("GroupName")
    groups = call.place.groups
    for text in ids + names:
        if text not in groups and text not in [g.name
                                               for g in groups.values()]:
            raise AwsError("InvalidGroup.NotFound", "The security group '%s' "
                           "does not exist" % text)
    chosen = Filters(call.params, {
        "group-id": lambda g: g.id, "group-name": lambda g: g.name,
        "vpc-id": lambda g: g.place.vpc,
        "description": lambda g: g.description})
    found = [g for g in groups.values()
             if (not ids and not names or g.id in ids or g.name in names) and
             chosen(g)]
    found, token = page(call, found)
    return {"securityGroupInfo": [{
        "ownerId": call.account.id, "groupId": g.id, "groupName": g.name,
        "groupDescription": g.description, "vpcId": call.place.vpc,
        "ipPermissions": permission_items(g),
        "ipPermissionsEgress": [{
            "ipProtocol": "-1", "groups": [], "ipv6Ranges": [],
            "ipRanges": [{"cidrIp": "0.0.0.0/0"}], "prefixListIds": []}],
        "tagSet": tag_set(g.tags)} for g in found], "nextToken": token}


@action("DescribeSecurityGroupRules", FILTERS, PAGES, "SecurityGroupRuleId.N")
def describe_security_group_rules(call):
    ids = call.params.list("SecurityGroupRuleId")

    class One:
        def __init__(self, group, rule):
            self.group, self.rule, self.tags = group, rule, rule.tags
    chosen = Filters(call.params, {
        "group-id": lambda o: o.group.id,
        "security-group-rule-id": lambda o: o.rule.id})
    found = [One(g, r) for g in call.place.groups.values() for r in g.rules
             if not ids or r.id in ids]
    found, token = page(call, [one for one in found if chosen(one)])
    return {"securityGroupRuleSet": [rule_item(one.group, one.rule)
                                     for one in found], "nextToken": token}
