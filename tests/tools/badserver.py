#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""A server that misbehaves before any login: badserver.py MODE CMD...

Listens on loopback (or $BAD_ADDRESS), runs CMD with {port} replaced by the port,
and prints
    status=N seconds=N.N rss=KIB cpu=N.N
and then what CMD wrote.  --list prints all modes but 'flip=N' and 'cut=N': those
stand between CMD and the real server at $REAL_PORT, and of what that one sends,
byte N gets a bit flipped, or is the last one before the connection is reset.
badsession.py has what comes after the key exchange.
"""
import os, random, socket, struct, subprocess, sys, threading, time

VERSION = b"SSH-2.0-OpenSSH_9.9\r\n"


def packet(payload):
    pad = 8 - (len(payload) + 5) % 8
    if pad < 4:
        pad += 8
    return (struct.pack(">IB", len(payload) + pad + 1, pad) + payload +
            b"\0" * pad)


def string(data):
    return struct.pack(">I", len(data)) + data


def forever(sock, data):
    while True:
        sock.sendall(data)


def wait(sock):
    while sock.recv(65536):
        pass


def after(data):
    def serve(sock):
        sock.sendall(data)
        wait(sock)
    return serve


def flood(data, first=VERSION):
    def serve(sock):
        sock.sendall(first)
        forever(sock, data)
    return serve


def slow(sock):
    while True:
        sock.sendall(b"x")
        time.sleep(1)


def slow_version(sock):
    for i in range(1000):
        sock.sendall(VERSION[i % 4:i % 4 + 1])
        time.sleep(0.3)


def kexinit(names, count=10):
    lists = b"".join(string(names) for _ in range(count))
    return packet(b"\x14" + b"\0" * 16 + lists + b"\0" * 5)


def refuse(sock):
    sock.sendall(VERSION)
    sock.sendall(packet(b"\x01" + struct.pack(">I", 2) +
                        string(b"go away \x1b]0;owned\x07\x1b[31m\xff") +
                        string(b"")))
    wait(sock)


def through(sock, change):
    """change(offset, data) -> data, or None to reset"""
    real = socket.create_connection(("127.0.0.1", int(os.environ["REAL_PORT"])))

    def up():
        try:
            while True:
                data = sock.recv(65536)
                if not data:
                    break
                real.sendall(data)
        except OSError:
            pass
        try:
            real.shutdown(socket.SHUT_WR)
        except OSError:
            pass
    threading.Thread(target=up, daemon=True).start()
    offset = 0
    while True:
        data = real.recv(65536)
        if not data:
            return
        out = change(offset, data)
        offset += len(data)
        if out is None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                            struct.pack("ii", 1, 0))
            sock.shutdown(socket.SHUT_RD)  # wakes the other thread
            return
        sock.sendall(out)


def flip(n):
    def change(offset, data):
        if offset <= n < offset + len(data):
            data = bytearray(data)
            data[n - offset] ^= 1 << random.Random(n).randrange(8)
        return bytes(data)
    return lambda sock: through(sock, change)


def cut(n):
    def change(offset, data):
        return None if offset + len(data) > n else data
    return lambda sock: through(sock, change)


IGNORE = packet(b"\x02" + string(b"x" * 1000))
MODES = {
    "silent": wait,
    "lines": flood(b"hello there\r\n", b""),
    "stream": flood(b"x" * 4096, b""),
    "nul": flood(b"\0" * 4096, b""),
    "slow": slow,
    "slow-version": slow_version,
    "http": after(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
    "ssh1": after(b"SSH-1.5-old\x1b[31m\r\n"),
    "escapes": after(b"\x1b]0;owned\x07\x1b[2J\xe2\x80\xaeabc\r\n" * 3),
    "long-version": after(b"SSH-2.0-" + b"x" * 900 + b"\r\n"),
    "close": lambda sock: None,
    "close-greeting": lambda sock: sock.sendall(b"Exceeded MaxStartups\r\n"),
    "close-version": lambda sock: sock.sendall(VERSION),
    "version-only": after(VERSION),
    "refuse": refuse,
    "length-huge": after(VERSION + b"\xff" * 64),
    "length-40000": after(VERSION + struct.pack(">IB", 40000, 4) + b"\x14" * 99),
    "length-0": after(VERSION + b"\0" * 64),
    "length-1": after(VERSION + b"\0\0\0\1\0" * 20),
    "padding": after(VERSION + struct.pack(">IB", 12, 200) + b"\x14" * 64),
    "short-kexinit": after(VERSION + packet(b"\x14" + b"\0" * 16)),
    "kexinit-bad-length": after(
        VERSION + packet(b"\x14" + b"\0" * 16 + b"\xff\xff\xff\xff" + b"x" * 40)),
    "kexinit-10000": after(VERSION + packet(
        b"\x14" + b"\0" * 16 + string(b"a," * 10000 + b"a") +
        string(b"ssh-ed25519") + string(b"aes256-gcm@openssh.com") * 2 +
        string(b"") * 6 + b"\0" * 5)),
    "kexinit-many": after(VERSION + kexinit(b",".join(
        b"name%05d" % i for i in range(300)))),
    "kexinit-none": after(VERSION + kexinit(b"rot13@example.org")),
    "kexinit-old": after(VERSION + packet(
        b"\x14" + b"\0" * 16 + string(b"diffie-hellman-group1-sha1") +
        string(b"ssh-dss,ssh-rsa") + string(b"3des-cbc") * 2 +
        string(b"hmac-md5") * 2 + string(b"none") * 2 + string(b"") * 2 +
        b"\0" * 5)),
    "ignore": flood(IGNORE),
    "debug": flood(packet(b"\x04\x01" + string(b"\x1b[31m" * 100) + string(b""))),
    "unimplemented": flood(packet(b"\x03\0\0\0\0")),
    "unknown": flood(packet(b"\xc0" + b"x" * 500)),
    "ext-info": flood(packet(b"\x07\xff\xff\xff\xff" + string(b"a") * 4)),
    "garbage": flood(random.Random(1).randbytes(65536)),
}


def find(mode):
    name, _, value = mode.partition("=")
    if name == "flip":
        return flip(int(value))
    if name == "cut":
        return cut(int(value))
    return MODES[mode]


def run(serve, argv):
    address = os.environ.get("BAD_ADDRESS", "127.0.0.1")
    listener = socket.socket(
        socket.AF_INET6 if ":" in address else socket.AF_INET)
    listener.bind((address, 0))
    listener.listen(5)
    port = str(listener.getsockname()[1])

    def loop():
        while True:
            sock, _ = listener.accept()

            def one(sock=sock):
                with sock:
                    try:
                        serve(sock)
                    except (OSError, EOFError):
                        pass
            threading.Thread(target=one, daemon=True).start()
    threading.Thread(target=loop, daemon=True).start()
    # Its peak memory would begin with that of this process.
    measure = os.environ["BUILD"] + "/tests/tools/measure"
    done = subprocess.run([measure] + [a.replace("{port}", port) for a in argv],
                          stdin=subprocess.DEVNULL, capture_output=True,
                          timeout=60)
    sys.stdout.buffer.write(done.stdout)
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    if sys.argv[1:] == ["--list"]:
        print("\n".join(MODES))
    else:
        run(find(sys.argv[1]), sys.argv[2:])
