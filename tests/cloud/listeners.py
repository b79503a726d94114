# SPDX-License-Identifier: ISC
"""A listener on every address of every running instance.

All use one unprivileged port, which stands for port 22: the instance's
security groups are asked about 22.  An address where nobody may enter, and one
that was given up, refuses; or, with "closed=drop", is silent as EC2 is.
"""

import os
import random
import resource
import selectors
import socket
import struct
import threading
import time

from .addresses import inside
from .sshd import Host, find_wrapper


def reserve_port():
    """A port that is free on all addresses, held by a socket that does not
    listen: others get another one, and we may still listen on single
    addresses."""
    for _ in range(1000):
        holder = socket.socket()
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            holder.bind(("0.0.0.0", random.randrange(20000, 32000)))
            return holder
        except OSError:
            holder.close()
    raise OSError("no free port")


def make_listener(address, port, backlog):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((address, port))
        listener.listen(backlog)
    except OSError:
        listener.close()
        raise
    return listener


def reset(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                          struct.pack("ii", 1, 0))
    connection.close()


class Hosts:
    """Called with the world's lock held, but for run()."""

    def __init__(self, world):
        self.world = world
        self.wrapper = find_wrapper()
        self.hosts = {}         # by instance id, or a stranger's address
        self.listening = {}     # address -> (socket, Host, lets_in or None)
        self.of_instance = {}   # instance id -> its addresses
        self.silent = {}        # address -> sockets that keep it silent
        self.kept = []          # connections that are never answered
        self.selector = selectors.DefaultSelector()
        self.holder = reserve_port()
        self.port = self.holder.getsockname()[1]
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        if os.getuid() == 0:
            os.makedirs("/run/sshd", exist_ok=True)
        threading.Thread(target=self.run, daemon=True).start()

    def host(self, instance):
        if instance.id not in self.hosts:
            self.hosts[instance.id] = Host(
                os.path.join(self.world.folder, "hosts", instance.id),
                instance.id, instance.user, instance.authorized, self.wrapper,
                self.world.settings["greeting"] if instance.greets else None,
                instance.host_keys)
        return self.hosts[instance.id]

    def update(self, instance):
        """Its state, addresses or groups have changed."""
        up = instance.state == "running" and time.monotonic() >= \
            instance.up_since + float(self.world.settings["boot"])
        wanted = set()
        if up and instance.has_ssh:
            wanted = set(instance.addresses())
        before = self.of_instance.get(instance.id, set())
        for address in before - wanted:
            self.close(address)
        self.of_instance[instance.id] = wanted
        for address in wanted:
            if any(self.reachable(rule) for group in instance.groups
                   for rule in group.rules):
                self.listen(address, self.host(instance), instance.lets_in)
            else:
                self.close(address)
        if instance.state not in ("running", "pending"):
            self.disconnect(instance)

    @staticmethod
    def reachable(rule):
        """May anybody on loopback enter by it?"""
        return rule.covers(22) and rule.cidr and (
            inside(rule.cidr.partition("/")[0], "127.0.0.0/8") or
            inside("127.0.0.1", rule.cidr) or inside("::1", rule.cidr))

    def stranger(self, address, host):
        """Somebody else's host has this address now."""
        self.listen(address, host, None)

    def disconnect(self, instance):
        if instance.id in self.hosts:
            self.hosts[instance.id].disconnect()

    def listen(self, address, host, lets_in):
        have = self.listening.get(address)
        if have and have[1] is host:
            return
        if have:
            self.forget(address)
        for held in self.silent.pop(address, ()):
            held.close()
        listener = make_listener(address, self.port, 128)
        listener.setblocking(False)
        self.listening[address] = (listener, host, lets_in)
        self.selector.register(listener, selectors.EVENT_READ, address)

    def forget(self, address):
        listener = self.listening.pop(address)[0]
        self.selector.unregister(listener)
        listener.close()

    def close(self, address):
        """Nobody answers there any more."""
        if address in self.listening:
            self.forget(address)
        if self.world.settings["closed"] == "drop" and \
                address not in self.silent:
            # With the queue full, the kernel drops what comes.
            listener = make_listener(address, self.port, 0)
            filler = socket.create_connection((address, self.port))
            self.silent[address] = (listener, filler)

    def run(self):
        while True:
            for key, _ in self.selector.select(1.0):
                try:
                    connection, peer = key.fileobj.accept()
                except OSError:
                    continue
                with self.world.lock:
                    self.connected(connection, peer[0], key.data)

    def connected(self, connection, peer, address):
        connection.setblocking(True)
        found = self.listening.get(address)
        if not found or found[2] and not found[2](peer):
            if found and self.world.settings["closed"] == "drop":
                self.kept.append(connection)
            else:
                reset(connection)
            return
        threading.Thread(target=found[1].serve, args=(connection,),
                         daemon=True).start()

    def stop(self):
        for host in self.hosts.values():
            host.disconnect()
