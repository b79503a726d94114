# SPDX-License-Identifier: ISC
"""Everything that costs money or gives access, as plain data: two dumps are
equal when an undo has left nothing behind."""


def rule(one):
    return {"protocol": one.protocol, "from": one.low, "to": one.high,
            "cidr": one.cidr, "group": one.group,
            "description": one.description}


def place(one, terminated):
    return {
        "instances": {i.id: {
            "state": i.state, "image": i.image.id, "type": i.type,
            "key": i.key_name, "address": i.address, "private": i.private,
            "ipv6": i.ipv6, "tags": i.tags, "user": i.user,
            "groups": [g.id for g in i.groups],
            "volume": i.volume_size, "protected": i.protected,
            "token": i.token}
            for i in one.instances.values()
            if terminated or i.state not in ("terminated", "shutting-down")},
        "key_pairs": {p.name: {"fingerprint": p.fingerprint, "type": p.type,
                               "public": p.public, "tags": p.tags}
                      for p in one.key_pairs.values()},
        "groups": {g.id: {"name": g.name, "description": g.description,
                          "tags": g.tags,
                          "rules": [rule(r) for r in g.rules]}
                   for g in one.groups.values()
                   if g.name != "default" or g.rules or g.tags},
        "addresses": {a.id: {"public": a.public, "tags": a.tags,
                             "instance": a.instance.id if a.instance
                             else None}
                      for a in one.addresses.values()},
    }


def dump(world, account=None, terminated=False):
    """By account id, then region; regions without anything are left out."""
    out = {}
    for one in world.accounts.values():
        if account in (None, one.id, one.alias):
            places = {p.region: place(p, terminated)
                      for p in one.places.values()}
            out[one.id] = {region: about for region, about in places.items()
                           if any(about.values())}
    return out
