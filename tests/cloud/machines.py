# SPDX-License-Identifier: ISC
"""Instances, their addresses and security groups, and how they live.

Everything here is called with the world's lock held.
"""

import time

from .addresses import inside, private_name, public_name
from .errors import AwsError

CODES = {"pending": 0, "running": 16, "shutting-down": 32, "terminated": 48,
         "stopping": 64, "stopped": 80}


class Rule:
    """One source of one permission; cidr, or group of this account."""

    def __init__(self, id_, protocol, low, high, cidr=None, group=None,
                 description=None):
        self.id = id_
        self.protocol = protocol
        self.low = low
        self.high = high
        self.cidr = cidr
        self.group = group
        self.description = description
        self.tags = {}

    def key(self):
        return (self.protocol, self.low, self.high, self.cidr, self.group)

    def covers(self, port):
        return self.protocol == "-1" or self.protocol in ("tcp", "6") and \
            self.low <= port <= self.high

    def allows(self, port, source):
        return self.covers(port) and self.cidr and inside(source, self.cidr)


class Group:
    def __init__(self, place, id_, name, description):
        self.place = place
        self.id = id_
        self.name = name
        self.description = description
        self.rules = []
        self.tags = {}

    def allows(self, port, source):
        return any(rule.allows(port, source) for rule in self.rules)


class Address:
    """An elastic one."""

    def __init__(self, place, id_, public):
        self.place = place
        self.id = id_
        self.public = public
        self.association = None
        self.instance = None
        self.tags = {}


class Instance:
    def __init__(self, place, id_, image):
        self.place = place
        self.id = id_
        self.image = image
        self.reservation = None
        self.type = "t3.micro"
        self.key_name = None
        self.authorized = []    # the public key lines it was launched with
        self.index = 0
        self.launched = 0.0
        self.zone = 0           # index into place.zones
        self.private = None
        self.public = None      # the automatic one
        self.wants_public = True
        self.elastic = None     # an Address
        self.ipv6 = None
        self.groups = []
        self.tags = {}
        self.state = "pending"
        self.reason = ""
        self.protected = False
        self.imds = "required"  # its httpTokens, or "disabled"
        self.has_ssh = bool(image.user)
        self.user = image.user
        self.greets = image.user not in (None, "root")
        self.host_keys = ["ecdsa", "ed25519"]
        self.console = image.console
        self.token = ""         # the ClientToken it was made with
        self.eni = None
        self.volume = None
        self.volume_size = 8
        self.association = None
        self.generation = 0     # of the state: late transitions look at it
        self.boots = 0          # since it was made
        self.boots_shown = []   # the boots its console still shows
        self.imaged = [1]       # the boots that made host keys
        self.up_since = None
        self.xml = None         # rendered, until it changes

    @property
    def nitro(self):
        return not self.type.startswith(("t2.", "m3.", "m4.", "c4."))

    @property
    def address(self):
        return self.elastic.public if self.elastic else self.public

    @property
    def public_name(self):
        return public_name(self.address, self.place.region)

    @property
    def private_name(self):
        return private_name(self.private, self.place.region)

    def addresses(self):
        return [a for a in (self.address, self.private, self.ipv6) if a]

    def lets_in(self, source, port=22):
        return any(group.allows(port, source) for group in self.groups)


class Machines:
    """What happens to instances."""

    def __init__(self, world):
        self.world = world

    def changed(self, instance):
        instance.xml = None
        if self.world.hosts:
            self.world.hosts.update(instance)

    def enter(self, instance, state, seconds=None, then=None):
        instance.state = state
        instance.generation += 1
        generation = instance.generation
        self.changed(instance)

        def go_on():
            if instance.generation == generation:
                then(instance)
        if then:
            self.world.clockwork.later(float(seconds), go_on)

    def launch(self, place, image, at_once=False, **facts):
        """One instance, pending; running already when 'at_once'."""
        world = self.world
        instance = Instance(place, world.id("i"), image)
        instance.reservation = world.id("r")
        instance.eni = world.id("eni")
        instance.volume = world.id("vol")
        instance.launched = world.now()
        for name, value in facts.items():
            if not hasattr(instance, name):
                raise KeyError(name)
            setattr(instance, name, value)
        instance.private = world.pools.take("private", instance.private)
        place.instances[instance.id] = instance
        self.boot(instance, at_once)
        return instance

    def boot(self, instance, at_once=False):
        instance.boots_shown = []
        instance.reason = ""
        seconds = 0 if at_once else self.world.settings["pending"]
        self.enter(instance, "pending", seconds, self.running)

    def running(self, instance):
        if instance.wants_public and not instance.elastic:
            instance.public = self.world.pools.take("public", instance.public)
        instance.boots += 1
        instance.boots_shown.append(instance.boots)
        instance.up_since = time.monotonic()
        self.enter(instance, "running", self.world.settings["boot"],
                   self.changed)

    def start(self, instance):
        if instance.state in ("running", "pending"):
            return
        if instance.state != "stopped":
            self.wrong_state(instance, "started")
        instance.launched = self.world.now()
        self.boot(instance)

    def stop(self, instance):
        if instance.state in ("stopping", "stopped"):
            return
        if instance.state != "running":
            self.wrong_state(instance, "stopped")
        instance.reason = "User initiated (%s)" % time.strftime(
            "%Y-%m-%d %H:%M:%S GMT", time.gmtime(self.world.now()))
        self.enter(instance, "stopping", self.world.settings["stopping"],
                   self.stopped)

    def stopped(self, instance):
        self.release_public(instance)
        instance.up_since = None
        self.enter(instance, "stopped")

    def terminate(self, instance):
        if instance.state in ("shutting-down", "terminated"):
            return
        if instance.protected:
            raise AwsError("OperationNotPermitted", "The instance '%s' may not"
                           " be terminated. Modify its 'disableApiTermination'"
                           " instance attribute and try again." % instance.id)
        instance.reason = "User initiated"
        self.enter(instance, "shutting-down", self.world.settings["stopping"],
                   self.terminated)

    def terminated(self, instance):
        self.release_public(instance)
        if instance.elastic:
            self.disassociate(instance.elastic)
        self.world.pools.give_up("private", instance.private)
        instance.private = instance.ipv6 = None
        instance.groups = []
        instance.up_since = None
        self.enter(instance, "terminated", self.world.settings["forget"],
                   self.forget)

    @staticmethod
    def forget(instance):
        instance.place.instances.pop(instance.id, None)

    def reboot(self, instance):
        if instance.state != "running":
            self.wrong_state(instance, "rebooted")
        instance.boots += 1
        instance.boots_shown.append(instance.boots)
        if self.world.hosts:
            self.world.hosts.disconnect(instance)

    def reimage(self, instance):
        """As reboot, with new host keys, which the console shows."""
        instance.imaged.append(instance.boots + 1)
        self.reboot(instance)
        self.world.hosts.host(instance).new_keys(instance.boots)

    @staticmethod
    def wrong_state(instance, done):
        raise AwsError("IncorrectInstanceState", "The instance '%s' is not in "
                       "a state from which it can be %s." %
                       (instance.id, done))

    def release_public(self, instance):
        if instance.public:
            self.world.pools.give_up("public", instance.public)
            instance.public = None

    def allocate(self, place, wanted=None):
        if len(place.addresses) >= int(self.world.settings["addresses"]):
            raise AwsError("AddressLimitExceeded", "The maximum number of "
                           "addresses has been reached.")
        address = Address(place, self.world.id("eipalloc"),
                          self.world.pools.take("elastic", wanted))
        place.addresses[address.id] = address
        return address

    def associate(self, address, instance):
        """Moves it, wherever it was."""
        if instance.state not in ("running", "stopped"):
            raise AwsError("IncorrectInstanceState", "The pending-instance-"
                           "creation instance to which '%s' is attached is "
                           "not in a valid state for this operation" %
                           instance.eni)
        if address.instance:
            self.disassociate(address)
        if instance.elastic:
            self.disassociate(instance.elastic)
        self.release_public(instance)
        address.association = self.world.id("eipassoc")
        address.instance = instance
        instance.elastic = address
        self.changed(instance)

    def disassociate(self, address):
        """A running instance gets an automatic address again."""
        instance = address.instance
        address.association = address.instance = None
        instance.elastic = None
        if instance.wants_public and instance.state == "running":
            instance.public = self.world.pools.take("public")
        self.changed(instance)

    def release(self, address):
        self.world.pools.give_up("elastic", address.public)
        del address.place.addresses[address.id]
