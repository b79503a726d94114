# SPDX-License-Identifier: ISC
"""What a test can make, break and look at.  PLACE is ACCOUNT/REGION, an
instance is its id, its Name, or ACCOUNT/REGION/NAME; options are NAME=VALUE.
lib.sh tells all of them."""

import json
import os
import time

from . import images, sts
from .dump import dump
from .faults import Fault
from .keys import KeyPair, generate
from .machines import Group, Rule
from .sshd import Host

COMMANDS = {}


def command(name, count):
    """@command("name", words before the options)"""
    def add(function):
        COMMANDS[name] = (function, count)
        return function
    return add


class Options:
    def __init__(self, pairs, *known):
        self.pairs = pairs
        self.tags = {}
        for key, value in pairs:
            if key.startswith("tag:"):
                self.tags[key[4:]] = value
            elif key not in known:
                raise KeyError("no option '%s'" % key)

    def all(self, name):
        return [value for key, value in self.pairs if key == name]

    def get(self, name, default=None):
        return (self.all(name) or [default])[-1]

    def flag(self, name, default):
        return self.get(name, "yes" if default else "no") in ("yes", "1")


def find_place(world, text):
    account, _, region = text.partition("/")
    account = world.account(account)
    if not world.is_region(region, account):
        raise KeyError("no region '%s'" % region)
    return world.place(account, region)


def new_group(world, place, name, description="made by the test"):
    group = Group(place, world.id("sg"), name, description)
    place.groups[group.id] = group
    return group


def find_group(world, place, name):
    """By name; "open" is made on demand: 22 from everywhere."""
    for group in place.groups.values():
        if name in (group.name, group.id):
            return group
    if name != "open":
        raise KeyError("no group '%s'" % name)
    group = new_group(world, place, name)
    group.rules.append(Rule(world.id("sgr"), "tcp", 22, 22, "0.0.0.0/0"))
    group.rules.append(Rule(world.id("sgr"), "tcp", 22, 22, "::/0"))
    return group


def find_pair(place, name):
    if name not in place.key_pairs:
        raise KeyError("no key pair '%s'" % name)
    return place.key_pairs[name]


@command("set", 0)
def set_(world, faults, pairs):
    for key, value in pairs:
        old = world.settings[key]
        world.settings[key] = value if isinstance(old, str) else float(value)


@command("clock", 1)
def clock(world, faults, seconds, pairs):
    world.skew = float(seconds)


def key_text(key):
    text = "%s %s" % (key.id, key.secret)
    return text + " " + key.token if key.token else text


@command("account", 1)
def account(world, faults, name, pairs):
    """Prints: id, key id, secret of its user "tester"."""
    options = Options(pairs, "id", "partition", "opt-in")
    made = world.add_account(name, options.get("id"),
                             options.get("partition", "aws"))
    made.opted_in.update(options.all("opt-in"))
    one = world.add_user(made, "tester")
    return made.id + " " + key_text(world.add_key(made, one.arn, one.id))


@command("user", 2)
def user(world, faults, where, name, pairs):
    """Prints: key id, secret, and with mfa=yes the device's serial."""
    options = Options(pairs, "mfa")
    one = world.account(where)
    made = one.users.get(name) or world.add_user(one, name)
    text = key_text(world.add_key(one, made.arn, made.id))
    if options.flag("mfa", False):
        made.mfa_serial = one.arn("iam", "mfa/" + name)
        made.mfa_secret = world.number("mfa").digest()[:20]
        text += " " + made.mfa_serial
    return text


@command("mfa-code", 2)
def mfa_code(world, faults, where, name, pairs):
    return sts.codes(world, world.account(where).users[name])[0]


@command("role", 2)
def role(world, faults, where, name, pairs):
    """Prints the ARN."""
    options = Options(pairs, "trust", "external-id", "mfa", "max")
    made = world.add_role(world.account(where), name)
    made.trust = options.all("trust")
    made.external_id = options.get("external-id")
    made.mfa = options.flag("mfa", False)
    made.max_seconds = int(options.get("max", 3600))
    return made.arn


@command("session", 2)
def session(world, faults, where, name, pairs):
    """Temporary keys of a role, prints: key id, secret, token."""
    options = Options(pairs, "seconds")
    return key_text(sts.session(
        world, world.account(where).roles[name], "test",
        float(options.get("seconds", 3600))))


@command("expire", 1)
def expire(world, faults, key_id, pairs):
    """A key id, or * for all temporary ones."""
    for key in world.keys.values():
        if key.id == key_id or key_id == "*" and key.token:
            key.expires = world.now() - 1


@command("delete-key", 1)
def delete_key(world, faults, key_id, pairs):
    del world.keys[key_id]


@command("deny", 1)
def deny(world, faults, pattern, pairs):
    """service:Action with wildcards; who=ACCOUNT|ARN|KEYID."""
    world.denied.append((Options(pairs, "who").get("who", ""), pattern))


@command("allow", 0)
def allow(world, faults, pairs):
    world.denied.clear()


@command("sso", 2)
def sso(world, faults, where, name, pairs):
    """The portal gives the role out for token=."""
    options = Options(pairs, "token")
    one = world.account(where)
    world.sso.setdefault(options.get("token"), {})[one.id, name] = \
        one.roles.get(name) or world.add_role(one, name)


@command("imds", 2)
def imds(world, faults, where, name, pairs):
    """The instance we "run on" has this role; region=."""
    one = world.account(where)
    world.imds_role = one.roles.get(name) or world.add_role(one, name)
    world.imds_region = Options(pairs, "region").get("region", "us-east-1")


@command("keypair", 2)
def keypair(world, faults, where, name, pairs):
    """public=FILE imported, private=FILE as if made by EC2, or type=rsa|ed25519
    made by EC2 now into out=FILE.  Prints the fingerprint."""
    options = Options(pairs, "public", "private", "type", "out")
    place = find_place(world, where)
    private = options.get("private")
    if options.get("out"):
        private = options.get("out")
        generate(private, options.get("type", "rsa"))
    path = options.get("public") or private + ".pub"
    with open(path, encoding="ascii") as file:
        line = file.read()
    pair = KeyPair(name, line, world.id("key"), world.now(), private)
    pair.tags = options.tags
    place.key_pairs[name] = pair
    return pair.fingerprint


@command("delete-keypair", 2)
def delete_keypair(world, faults, where, name, pairs):
    place = find_place(world, where)
    del place.key_pairs[find_pair(place, name).name]


@command("group", 2)
def group(world, faults, where, name, pairs):
    """allow=PROTOCOL:PORT:CIDR, any number; of an existing group these are
    the new rules.  Prints the id."""
    options = Options(pairs, "allow")
    place = find_place(world, where)
    made = [g for g in place.groups.values() if g.name == name]
    made = made[0] if made else new_group(world, place, name)
    made.rules = []
    for text in options.all("allow"):
        protocol, port, cidr = text.split(":", 2)
        low, _, high = ("-1", "", "") if port == "-1" else port.partition("-")
        made.rules.append(Rule(world.id("sgr"), protocol, int(low),
                               int(high or low), cidr))
    made.tags = options.tags
    for instance in place.instances.values():
        if made in instance.groups:
            world.machines.changed(instance)
    return made.id


INSTANCE = ("image type key group state public private ipv6 console user ssh "
            "greeting hostkeys zone launched protected imds").split()


def launch(world, place, name, options):
    image = world.images.find(place.region, options.get("image",
                                                        "ubuntu-24.04"))
    facts = {"tags": {**({} if name is None else {"Name": name}),
                      **options.tags},
             "type": options.get("type", "t4g.micro" if image.architecture ==
                                 "arm64" else "t3.micro"),
             "groups": [find_group(world, place, g)
                        for g in options.all("group") or ["open"]],
             "zone": int(options.get("zone", 0))}
    for name in ("private", "ipv6", "console", "user", "imds"):
        if options.get(name):
            facts[name] = options.get(name)
    if options.get("public") == "no":
        facts["wants_public"] = False
    elif options.get("public"):
        facts["public"] = options.get("public")
    if options.get("key"):
        pair = find_pair(place, options.get("key"))
        facts["key_name"] = pair.name
        facts["authorized"] = [pair.public]
    if options.get("hostkeys"):
        facts["host_keys"] = options.get("hostkeys").split(",")
    for name, option in (("has_ssh", "ssh"), ("greets", "greeting"),
                         ("protected", "protected")):
        if options.get(option):
            facts[name] = options.flag(option, True)
    made = world.machines.launch(place, image, True, **facts)
    if options.get("launched"):
        made.launched = float(options.get("launched"))
    go_to(world, made, options.get("state", "running"))
    return made


def go_to(world, instance, state):
    """Straight there; a phase lasts then until the test ends it."""
    if state == "running" and instance.state != "running":
        world.machines.running(instance)
    elif state == "stopped":
        world.machines.stopped(instance)
    elif state == "terminated":
        world.machines.terminated(instance)
    elif state != "running":
        world.machines.enter(instance, state)
    world.machines.changed(instance)


def address_text(instance):
    return "%s %s %s" % (instance.id, instance.address or "-",
                         instance.private or "-")


@command("instance", 2)
def instance(world, faults, where, name, pairs):
    """NAME may be - for none.  Prints: id, public or elastic address, private
    address."""
    options = Options(pairs, *INSTANCE)
    return address_text(launch(world, find_place(world, where),
                               None if name == "-" else name, options))


@command("bulk", 3)
def bulk(world, faults, where, count, prefix, pairs):
    """PREFIX1 ... PREFIXn, with the options of an instance."""
    options = Options(pairs, *INSTANCE)
    place = find_place(world, where)
    for number in range(1, int(count) + 1):
        launch(world, place, prefix + str(number), options)


@command("state", 2)
def state(world, faults, name, wanted, pairs):
    go_to(world, world.find_instance(name), wanted)


def act(verb):
    def function(world, faults, name, pairs):
        getattr(world.machines, verb)(world.find_instance(name))
    return function


for name_ in "start stop reboot terminate reimage".split():
    COMMANDS[name_] = (act(name_), 1)


@command("find", 1)
def find(world, faults, name, pairs):
    return address_text(world.find_instance(name))


@command("tag", 2)
def tag(world, faults, name, key, pairs):
    """value=; none takes the tag away."""
    one = world.find_instance(name)
    value = Options(pairs, "value").get("value")
    if value is None:
        one.tags.pop(key, None)
    else:
        one.tags[key] = value
    world.machines.changed(one)


@command("elastic", 1)
def elastic(world, faults, where, pairs):
    """instance= to associate it with, address= to have that one.  Prints the
    address."""
    options = Options(pairs, "instance", "address")
    made = world.machines.allocate(find_place(world, where),
                                   options.get("address"))
    made.tags = options.tags
    if options.get("instance"):
        world.machines.associate(made, world.find_instance(
            options.get("instance")))
    return made.public


@command("associate", 2)
def associate(world, faults, address, name, pairs):
    """The elastic address goes to this instance, wherever it was."""
    for account_ in world.accounts.values():
        for place in account_.places.values():
            for one in place.addresses.values():
                if one.public == address:
                    world.machines.associate(one, world.find_instance(name))
                    return
    raise KeyError("no elastic address '%s'" % address)


@command("move", 2)
def move(world, faults, name, address, pairs):
    """Gives a running instance this automatic address; whoever had it gets a
    new one."""
    one = world.find_instance(name)
    for account_ in world.accounts.values():
        for place in account_.places.values():
            for other in place.instances.values():
                if other.public == address and other is not one:
                    other.public = world.pools.take("public")
                    world.machines.changed(other)
    world.machines.release_public(one)
    one.public = world.pools.take("public", address)
    world.machines.changed(one)


@command("host-keys", 1)
def host_keys(world, faults, name, pairs):
    """What its sshd shows; new=yes makes other ones, which the console does
    not know."""
    one = world.find_instance(name)
    host = world.hosts.host(one)
    if Options(pairs, "new").flag("new", False):
        host.new_keys(host.generation + 1000)
    return "\n".join(host.public_keys())


@command("stranger", 1)
def stranger(world, faults, address, pairs):
    """Somebody else's server is there from now on; key=FILE.pub is let in as
    user=.  Prints its folder: 'log' in it tells who has tried what."""
    options = Options(pairs, "key", "user")
    lines = []
    if options.get("key"):
        with open(options.get("key"), encoding="ascii") as file:
            lines.append(file.read().strip())
    host = Host(os.path.join(world.folder, "hosts", "stranger-" + address),
                "stranger", options.get("user", "ubuntu"), lines,
                world.hosts.wrapper, 0, ["ed25519"])
    host.prepare()
    world.hosts.hosts["stranger-" + address] = host
    world.hosts.stranger(address, host)
    return host.folder


@command("image", 2)
def image(world, faults, region, name, pairs):
    """owner=ACCOUNT (by default somebody's) user= public=no shared=ACCOUNT
    source=IMAGE created= deprecated=yes keeps-disk=yes.  Prints the id."""
    options = Options(pairs, "owner", "user", "public", "shared", "source",
                      "created", "deprecated", "console", "platform", "device",
                      "keeps-disk")
    owner = options.get("owner", "444455556666")
    if owner in [a.alias for a in world.accounts.values()]:
        owner = world.account(owner).id
    source = options.get("source")
    made = images.Image(
        region, owner, name, options.get("user", "ubuntu"),
        options.get("device", "/dev/sda1"),
        public=options.flag("public", True),
        console=options.get("console", "cloud-init"),
        platform=options.get("platform"),
        created=options.get("created", "2025-06-01T00:00:00.000Z"),
        deprecated=options.flag("deprecated", False),
        keeps_disk=options.flag("keeps-disk", False),
        source=source and world.images.find(region, source).id)
    made.shared = {world.account(a).id for a in options.all("shared")}
    made.tags = options.tags
    return world.images.add(made).id


@command("image-id", 2)
def image_id(world, faults, region, name, pairs):
    return world.images.find(region, name).id


@command("deregister", 2)
def deregister(world, faults, region, name, pairs):
    world.images.find(region, name).gone = True


@command("fault", 1)
def fault(world, faults, kind, pairs):
    faults.list.append(Fault(kind, dict(pairs)))


@command("faults", 0)
def list_faults(world, faults, pairs):
    """Those that are still to come."""
    return "\n".join("%s %s struck=%d" % (f.kind, json.dumps(f.where),
                                          f.struck) for f in faults.list)


@command("clear", 0)
def clear(world, faults, pairs):
    faults.list.clear()


@command("dump", 0)
def dump_(world, faults, pairs):
    """All resources as JSON; account= for one."""
    options = Options(pairs, "account", "terminated")
    return json.dumps(dump(world, options.get("account"),
                           options.flag("terminated", False)),
                      indent=1, sort_keys=True)


@command("wait", 2)
def wait(world, faults, name, wanted, pairs):
    """Until the instance is in this state; 10 seconds at most."""
    until = time.monotonic() + 10
    while world.find_instance(name).state != wanted:
        left = until - time.monotonic()
        if left <= 0:
            raise ValueError("it is " + world.find_instance(name).state)
        # The lock is a re-entrant one, held once: a condition lets it go.
        world.clockwork.changed.wait(min(left, 0.02))


__all__ = ["COMMANDS"]
