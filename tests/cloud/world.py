# SPDX-License-Identifier: ISC
"""All that exists: accounts with their keys, and per region what they own.

One lock (World.lock) guards everything; whoever looks or changes holds it.
Ids come from a counter, so that two runs of one test see the same ids.
"""

import hashlib
import heapq
import threading
import time
from fnmatch import fnmatchcase

from . import images
from .addresses import Pools
from .errors import AwsError
from .machines import Group

REGIONS = ("ap-northeast-1 ap-northeast-2 ap-northeast-3 ap-south-1 "
           "ap-southeast-1 ap-southeast-2 ca-central-1 eu-central-1 "
           "eu-north-1 eu-west-1 eu-west-2 eu-west-3 sa-east-1 us-east-1 "
           "us-east-2 us-west-1 us-west-2 cn-north-1 cn-northwest-1 "
           "us-gov-east-1 us-gov-west-1").split()
OPT_IN = "af-south-1 ap-east-1 eu-south-1 me-south-1".split()


def partition_of(region):
    if region.startswith("cn-"):
        return "aws-cn"
    return "aws-us-gov" if region.startswith("us-gov-") else "aws"


SETTINGS = {
    "pending": 0.2,     # seconds from pending to running
    "stopping": 0.2,    # seconds from stopping to stopped
    "boot": 0.0,        # seconds from running until sshd listens
    "console": 0.0,     # ... until Latest=true shows the host keys
    "snapshot": 0.0,    # ... until the plain console output does
    "greeting": 0.2,    # how long the root greeting sleeps (really: 10)
    "closed": "refuse",  # or drop: what a closed port does
    "reuse": 0,         # 1: the last address given up is the next given out
    "page": 0,          # at most so many things on a page, whatever is asked
    "imds": "v2",       # v1, off (404), denied (403), hang
    "checkip": "",      # what is my address; empty: the caller's
    "addresses": 5,     # elastic addresses an account may have in a region
    "vcpus": 100000,    # a region's limit of running vCPUs
    "default_vpc": 1,   # 0: there is none
    "forget": 3600,     # seconds a terminated instance stays visible
}


class AccessKey:
    def __init__(self, id_, secret, account, arn, user_id):
        self.id = id_
        self.secret = secret
        self.account = account
        self.arn = arn
        self.user_id = user_id
        self.token = None
        self.expires = None
        self.role = None        # of a key that AssumeRole gave out
        self.mfa = False


class User:
    def __init__(self, account, name, user_id):
        self.account = account
        self.name = name
        self.id = user_id
        self.arn = account.arn("iam", "user/" + name)
        self.mfa_serial = None
        self.mfa_secret = b""
        self.mfa_used = set()


class Role:
    def __init__(self, account, name, user_id):
        self.account = account
        self.name = name
        self.id = user_id
        self.arn = account.arn("iam", "role/" + name)
        self.trust = []         # account ids and ARNs
        self.external_id = None
        self.mfa = False
        self.max_seconds = 3600


class Account:
    def __init__(self, id_, alias, partition="aws"):
        self.id = id_
        self.alias = alias
        self.partition = partition
        self.users = {}
        self.roles = {}
        self.places = {}
        self.opted_in = set()

    def arn(self, service, rest):
        return "arn:%s:%s::%s:%s" % (self.partition, service, self.id, rest)


class Place:
    """One region of one account."""

    def __init__(self, world, account, region):
        self.account = account
        self.region = region
        self.instances = {}
        self.key_pairs = {}     # by name
        self.groups = {}
        self.addresses = {}     # by allocation id
        self.tokens = {}        # ClientToken -> what it made
        self.vpc = world.id("vpc")
        self.zones = [region + letter for letter in "abc"]
        self.subnets = [world.id("subnet") for _ in self.zones]
        default = Group(self, world.id("sg"), "default",
                        "default VPC security group")
        self.groups[default.id] = default

    def instance(self, instance_id):
        found = self.instances.get(instance_id)
        if found is None:
            self.check_id("InvalidInstanceID", "i", instance_id)
            raise AwsError("InvalidInstanceID.NotFound", "The instance ID "
                           "'%s' does not exist" % instance_id)
        return found

    @staticmethod
    def check_id(code, prefix, text):
        digits = text[len(prefix) + 1:]
        if not text.startswith(prefix + "-") or len(digits) not in (8, 17) \
                or digits.strip("0123456789abcdef"):
            raise AwsError(code + ".Malformed", 'Invalid id: "%s"' % text)


class Clockwork:
    """Functions that are to be called later, with the lock held."""

    def __init__(self, lock):
        self.lock = lock
        self.jobs = []
        self.count = 0
        self.changed = threading.Condition(lock)
        threading.Thread(target=self.run, daemon=True).start()

    def later(self, seconds, function):
        if seconds <= 0:
            function()
            return
        self.count += 1
        heapq.heappush(self.jobs, (time.monotonic() + seconds, self.count,
                                   function))
        self.changed.notify()

    def run(self):
        with self.lock:
            while True:
                if not self.jobs:
                    self.changed.wait()
                    continue
                left = self.jobs[0][0] - time.monotonic()
                if left > 0:
                    self.changed.wait(left)
                else:
                    heapq.heappop(self.jobs)[2]()


class World:
    def __init__(self, folder):
        self.folder = folder
        self.lock = threading.RLock()
        self.clockwork = Clockwork(self.lock)
        self.settings = dict(SETTINGS)
        self.skew = 0.0
        self.counter = 0
        self.accounts = {}      # by id
        self.keys = {}          # access keys by id
        self.denied = []        # (account or "", "service:Action" pattern)
        self.sso = {}           # bearer token -> {(account, role): Role}
        self.imds_role = None
        self.pools = Pools(self.settings)
        self.hosts = None       # the sshds; set by the one who starts them
        self.regions = list(REGIONS)
        self.images = images.Catalogue(self)

    def now(self):
        """The cloud's clock."""
        return time.time() + self.skew

    def number(self, what):
        self.counter += 1
        return hashlib.sha256(b"%s %d" % (what.encode(), self.counter))

    def id(self, prefix):
        return "%s-%s" % (prefix, "0" + self.number(prefix).hexdigest()[:16])

    def account(self, name):
        """By id or alias."""
        for account in self.accounts.values():
            if name in (account.id, account.alias):
                return account
        raise KeyError("no account '%s'" % name)

    def add_account(self, alias, id_=None, partition="aws"):
        if not id_:
            id_ = "%012d" % (111122220000 + len(self.accounts) + 1)
        if id_ in self.accounts or \
                alias in [a.alias for a in self.accounts.values()]:
            raise KeyError("there is an account '%s'" % alias)
        account = Account(id_, alias, partition)
        self.accounts[id_] = account
        return account

    def place(self, account, region):
        if region not in account.places:
            account.places[region] = Place(self, account, region)
        return account.places[region]

    def letters(self, prefix, count):
        text = self.number(prefix).hexdigest().upper()
        return prefix + text.translate(str.maketrans("01", "XY"))[:count]

    def add_user(self, account, name):
        user = User(account, name, self.letters("AIDA", 17))
        account.users[name] = user
        return user

    def add_role(self, account, name):
        role = Role(account, name, self.letters("AROA", 17))
        account.roles[name] = role
        return role

    def add_key(self, account, arn, user_id, prefix="AKIA"):
        """With a secret whose / and + need care."""
        secret = hashlib.sha256(self.number("secret").digest()).hexdigest()
        secret = secret[:18] + "/" + secret[19:30] + "+" + secret[31:40]
        key = AccessKey(self.letters(prefix, 16), secret, account, arn,
                        user_id)
        self.keys[key.id] = key
        return key

    def add_session(self, account, arn, user_id, seconds):
        """A temporary key: its token is long and full of + / and =."""
        key = self.add_key(account, arn, user_id, "ASIA")
        tail = "".join(self.number("token").hexdigest() for _ in range(4))
        key.token = "IQoJb3JpZ2luX2VjE+/" + tail + "//+=="
        key.expires = self.now() + seconds
        return key

    def is_region(self, region, account=None):
        return region in self.regions or \
            (account is not None and region in account.opted_in)

    def is_denied(self, key, action):
        """Is this 'service:Action' taken away from the caller?"""
        for who, pattern in self.denied:
            if who in ("", key.account.id, key.account.alias, key.arn,
                       key.id) and fnmatchcase(action, pattern):
                return True
        return False

    def find_instance(self, name):
        """By id, or Name tag, or ACCOUNT/REGION/NAME."""
        found = []
        for account in self.accounts.values():
            for place in account.places.values():
                for instance in place.instances.values():
                    tag = instance.tags.get("Name")
                    if name in (instance.id, tag) or name in (
                            "%s/%s/%s" % (who, place.region, tag)
                            for who in (account.id, account.alias)):
                        found.append(instance)
        if len(found) != 1:
            raise KeyError("%d instances are called '%s'" % (len(found), name))
        return found[0]
