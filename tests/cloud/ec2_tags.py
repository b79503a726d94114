# SPDX-License-Identifier: ISC
"""EC2's actions about tags of anything."""

from .ec2 import action
from .errors import AwsError
from .params import FILTERS, PAGES, Filters, page

KINDS = {"i": "instance", "sg": "security-group", "eipalloc": "elastic-ip",
         "key": "key-pair", "ami": "image", "sgr": "security-group-rule"}
CODES = {"i": "InvalidInstanceID", "sg": "InvalidGroup",
         "eipalloc": "InvalidAllocationID", "key": "InvalidKeyPair",
         "ami": "InvalidAMIID", "sgr": "InvalidSecurityGroupRuleId"}


def things(call):
    """Everything the caller may tag, by id."""
    place = call.place
    out = {**place.instances, **place.groups, **place.addresses}
    out.update((p.id, p) for p in place.key_pairs.values())
    out.update((r.id, r) for g in place.groups.values() for r in g.rules)
    out.update((i.id, i) for i in
               call.world.images.region(call.region).values()
               if i.owner == call.account.id)
    return out


def chosen(call):
    ids = call.params.list("ResourceId")
    if not ids:
        call.params.need("ResourceId")
    there = things(call)
    for id_ in ids:
        if id_ not in there:
            code = CODES.get(id_.partition("-")[0])
            raise AwsError(code + ".NotFound" if code else "InvalidID",
                           "The ID '%s' is not valid" % id_)
    return [there[id_] for id_ in ids]


def changed(call, thing):
    if thing.__class__.__name__ == "Instance":
        call.world.machines.changed(thing)


@action("CreateTags", "ResourceId.N Tag.N.Key Tag.N.Value")
def create_tags(call):
    tags = {t.get("Key", ""): t.get("Value", "")
            for t in call.params.structs("Tag")}
    for key, value in tags.items():
        if key.startswith("aws:"):
            raise AwsError("InvalidParameterValue", "Tag keys starting with "
                           "'aws:' are reserved for internal use")
        if not key or len(key) > 128 or len(value) > 256:
            raise AwsError("InvalidParameterValue", "Tag is too long")
    found = chosen(call)
    for thing in found:
        if len({**thing.tags, **tags}) > 50:
            raise AwsError("TagLimitExceeded", "The maximum number of Tags "
                           "for a resource has been reached.")
    for thing in found:
        thing.tags.update(tags)
        changed(call, thing)
    return {"return": True}


@action("DeleteTags", "ResourceId.N Tag.N.Key Tag.N.Value")
def delete_tags(call):
    """With a value only where it is that one; without any tag, all."""
    tags = call.params.structs("Tag")
    for thing in chosen(call):
        for tag in tags or [{"Key": key} for key in list(thing.tags)]:
            key = tag.get("Key")
            if "Value" not in tag or thing.tags.get(key) == tag["Value"]:
                thing.tags.pop(key, None)
        changed(call, thing)
    return {"return": True}


class Tag:
    tags = {}

    def __init__(self, id_, key, value):
        self.id, self.key, self.value = id_, key, value
        self.kind = KINDS[id_.partition("-")[0]]


@action("DescribeTags", FILTERS, PAGES)
def describe_tags(call):
    fits = Filters(call.params, {
        "resource-id": lambda t: t.id, "resource-type": lambda t: t.kind,
        "key": lambda t: t.key, "value": lambda t: t.value})
    found = [Tag(id_, key, value) for id_, thing in things(call).items()
             for key, value in thing.tags.items()]
    found, token = page(call, [t for t in found if fits(t)])
    return {"tagSet": [{"resourceId": t.id, "resourceType": t.kind,
                        "key": t.key, "value": t.value} for t in found],
            "nextToken": token}
