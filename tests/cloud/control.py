# SPDX-License-Identifier: ISC
"""The way in for the test: a unix socket, out of reach for the endpoint's
callers.  A request is words, each ended by NUL; the answer is '0' (done) or
'1' (not done), then text.  The words are in commands.py."""

import os
import shlex
import socket
import threading
import traceback

from .commands import COMMANDS
from .errors import AwsError


def run(world, faults, words):
    """(done, text)"""
    try:
        if words == ["-"] or not words:
            raise KeyError("no command")
        if words[0] == "load":
            with open(words[1], encoding="utf-8",
                      errors="surrogateescape") as file:
                lines = [shlex.split(line, comments=True) for line in file]
            return True, "".join(one(world, faults, line)
                                 for line in lines if line)
        return True, one(world, faults, words)
    except (KeyError, ValueError, AwsError, IndexError, OSError) as error:
        text = error.args[0] if error.args else error
        return False, "%s: %s\n" % (words[0] if words else "", text)
    except Exception:
        return False, traceback.format_exc()


def one(world, faults, words):
    name, *words = words
    if name not in COMMANDS:
        raise KeyError("no such command")
    function, count = COMMANDS[name]
    if len(words) < count:
        raise ValueError("%d words wanted" % count)
    options = []
    for word in words[count:]:
        key, equals, value = word.partition("=")
        if not equals:
            raise ValueError("NAME=VALUE wanted, not '%s'" % word)
        options.append((key, value))
    with world.lock:
        text = function(world, faults, *words[:count], options)
    return text + "\n" if text else ""


def serve(world, faults, connection):
    with connection:
        data = b""
        while True:
            block = connection.recv(65536)
            if not block:
                break
            data += block
        words = [word.decode("utf-8", "surrogateescape")
                 for word in data.split(b"\0")[:-1]]
        done, text = run(world, faults, words)
        connection.sendall((b"0" if done else b"1") +
                           text.encode("utf-8", "surrogateescape"))


def start(world, faults, path):
    if os.path.exists(path):
        os.unlink(path)
    listener = socket.socket(socket.AF_UNIX)
    # A path may be longer than such an address.
    here = os.getcwd()
    os.chdir(os.path.dirname(path))
    listener.bind(os.path.basename(path))
    os.chdir(here)
    listener.listen(16)

    def accept():
        while True:
            connection = listener.accept()[0]
            threading.Thread(target=serve, daemon=True, args=(
                world, faults, connection)).start()
    threading.Thread(target=accept, daemon=True).start()
