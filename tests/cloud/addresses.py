# SPDX-License-Identifier: ISC
"""Loopback addresses: a pool for each kind, and what an address is called."""

import ipaddress


class Pools:
    """public 127.16-63, elastic 127.64-95, private 127.128-191.  An address
    that was given up is given out again last, or first ("reuse")."""

    FIRST = {"public": "127.16.0.5", "elastic": "127.64.0.5",
             "private": "127.128.0.5"}

    def __init__(self, settings):
        self.settings = settings
        self.next = {kind: int(ipaddress.IPv4Address(text))
                     for kind, text in self.FIRST.items()}
        self.free = {kind: [] for kind in self.FIRST}
        self.used = set()

    def take(self, kind, wanted=None):
        if wanted:
            for free in self.free.values():
                if wanted in free:
                    free.remove(wanted)
            address = wanted
        elif int(self.settings["reuse"]) and self.free[kind]:
            address = self.free[kind].pop()
        else:
            address = None
            while not address or address in self.used:
                address = str(ipaddress.IPv4Address(self.next[kind]))
                self.next[kind] += 1
        self.used.add(address)
        return address

    def give_up(self, kind, address):
        self.used.discard(address)
        self.free[kind].append(address)


def public_name(address, region):
    if not address:
        return ""
    domain = "compute-1" if region == "us-east-1" else region + ".compute"
    return "ec2-%s.%s.amazonaws.com" % (address.replace(".", "-"), domain)


def private_name(address, region):
    if not address:
        return ""
    domain = "ec2" if region == "us-east-1" else region + ".compute"
    return "ip-%s.%s.internal" % (address.replace(".", "-"), domain)


def inside(address, cidr):
    try:
        return ipaddress.ip_address(address) in \
            ipaddress.ip_network(cidr, strict=False)
    except ValueError:
        return False
