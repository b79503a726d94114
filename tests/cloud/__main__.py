# SPDX-License-Identifier: ISC
"""python3 -m cloud FOLDER [CERTIFICATE KEY]

Runs until SIGTERM.  Leaves in FOLDER: 'ready' (shell assignments: what listens
where; written last), 'control' (the socket), 'calls' (the log), 'thief' (what
came to an address that nobody should be sent to), 'hosts/'.
"""

import os
import signal
import sys
import threading

from . import control
from .faults import Faults
from .gateway import Gateway
from .httpd import Server
from .listeners import Hosts
from .machines import Machines
from .service import Answer
from .world import World


def tls_context(certificate, key):
    import ssl
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


def start_thief(world):
    """Where redirects and external entities lead: it keeps what it gets."""
    path = world.folder + "/thief"
    open(path, "wb").close()

    def handle(request):
        with open(path, "a", encoding="latin-1") as file:
            file.write("%s %s?%s\n" % (request.method, request.path,
                                       request.query))
            file.writelines("%s:%s\n" % pair for pair in request.headers)
            file.write(request.body.decode("latin-1") + "\n")
        return Answer(200, b"<stolen/>", "text/xml")
    return Server("127.0.0.3", 0, handle, world)


def main():
    folder = os.path.abspath(sys.argv[1])
    os.makedirs(folder, exist_ok=True)
    world = World(folder)
    world.machines = Machines(world)
    world.hosts = Hosts(world)
    faults = Faults(world)
    gateway = Gateway(world, faults)
    context = tls_context(*sys.argv[2:4]) if len(sys.argv) > 3 else None
    server = Server("127.0.0.1", 0, gateway.handle, world, context)
    thief = start_thief(world)
    world.thief_url = thief.url
    control.start(world, faults, folder + "/control")
    with open(folder + "/ready.new", "w", encoding="ascii") as file:
        file.write("CLOUD_URL=%s\nCLOUD_PORT=%d\nCLOUD_THIEF=%s\n" %
                   (server.url, world.hosts.port, thief.url))
    os.rename(folder + "/ready.new", folder + "/ready")
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: ended.set())
    ended.wait()
    with world.lock:
        world.hosts.stop()
    os._exit(0)


main()
