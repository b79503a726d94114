#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""A server that exchanges keys as it should, and then sends packets that only
somebody with these keys can make: badpackets.py CIPHER MAC HOSTKEY CMD...

For each of them CMD is run, with {port} replaced; HOSTKEY is where the public
half of the server's key is written first.  Each is sent whole, and in single
bytes.  Prints one line for each:
    NAME status=N seconds=N.N what it wrote, on one line
"""
import base64, ctypes, ctypes.util, hashlib, hmac, os, socket, struct
import subprocess, sys, threading, time

from nacl.bindings import (crypto_scalarmult, crypto_scalarmult_base,
                           crypto_sign, crypto_sign_keypair)

lib = ctypes.CDLL(ctypes.util.find_library("crypto"))
for name in ("EVP_CIPHER_CTX_new", "EVP_aes_128_ctr", "EVP_aes_256_ctr",
             "EVP_aes_128_gcm", "EVP_aes_256_gcm"):
    getattr(lib, name).restype = ctypes.c_void_p
P, I, C = ctypes.c_void_p, ctypes.c_int, ctypes.c_char_p
lib.EVP_CipherInit_ex.argtypes = [P, P, P, C, C, I]
lib.EVP_CipherUpdate.argtypes = [P, C, P, C, I]
lib.EVP_CipherFinal_ex.argtypes = [P, C, P]
lib.EVP_CIPHER_CTX_ctrl.argtypes = [P, I, I, C]
GET_TAG, KEY, BLOCK = 0x10, crypto_sign_keypair(), 16


def string(data):
    return struct.pack(">I", len(data)) + data


def mpint(data):
    data = data.lstrip(b"\0")
    return string(b"\0" + data if data and data[0] & 128 else data)


class Cipher:
    """What the server sends with."""

    def __init__(self, cipher, mac, derive):
        self.gcm = "gcm" in cipher
        self.etm = "etm" in mac and not self.gcm
        self.digest = hashlib.sha512 if "512" in mac else hashlib.sha256
        bits = cipher[3:6]
        self.kind = getattr(lib, "EVP_aes_%s_%s" % (
            bits, "gcm" if self.gcm else "ctr"))()
        self.iv, self.key = derive(b"B", 12 if self.gcm else 16), derive(
            b"D", int(bits) // 8)
        self.mac = derive(b"F", self.digest().digest_size)
        self.ctx, self.sequence = lib.EVP_CIPHER_CTX_new(), 3
        self.out = ctypes.create_string_buffer(1 << 17)
        self.n = ctypes.c_int()
        lib.EVP_CipherInit_ex(self.ctx, self.kind, None, self.key, self.iv, 1)

    def update(self, data, to=True):
        assert lib.EVP_CipherUpdate(self.ctx, self.out if to else None,
                                    ctypes.byref(self.n), data, len(data)) == 1
        return self.out.raw[:len(data)]

    def seal(self, length, inner):
        """'length' as it is claimed, 'inner' from the padding length on."""
        head, number = struct.pack(">I", length), struct.pack(">I", self.sequence)
        self.sequence += 1
        if self.gcm:
            lib.EVP_CipherInit_ex(self.ctx, None, None, None, self.iv, 1)
            self.iv = self.iv[:4] + struct.pack(
                ">Q", struct.unpack(">Q", self.iv[4:])[0] + 1)
            self.update(head, False)
            body = self.update(inner)
            lib.EVP_CipherFinal_ex(self.ctx, self.out, ctypes.byref(self.n))
            lib.EVP_CIPHER_CTX_ctrl(self.ctx, GET_TAG, 16, self.out)
            return head + body + self.out.raw[:16]
        if self.etm:
            sealed = head + self.update(inner)
            return sealed + hmac.new(self.mac, number + sealed,
                                     self.digest).digest()
        return self.update(head + inner) + hmac.new(
            self.mac, number + head + inner, self.digest).digest()

    def packet(self, payload):
        """A good one."""
        apart = 0 if self.gcm or self.etm else 4
        pad = BLOCK - (apart + 1 + len(payload)) % BLOCK
        pad += BLOCK if pad < 4 else 0
        return self.seal(1 + len(payload) + pad,
                         bytes([pad]) + payload + b"\0" * pad)


def plain(payload):
    pad = 8 - (len(payload) + 5) % 8
    pad += 8 if pad < 4 else 0
    return struct.pack(">IB", len(payload) + pad + 1, pad) + payload + b"\0" * pad


def read(sock, n):
    data = b""
    while len(data) < n:
        more = sock.recv(n - len(data))
        if not more:
            raise OSError("closed")
        data += more
    return data


def read_plain(sock):
    length, pad = struct.unpack(">IB", read(sock, 5))
    return read(sock, length - 1)[:length - 1 - pad]


def exchange(sock, cipher, mac):
    """Up to and with NEWKEYS; gives what it sends with from then on."""
    ours = b"SSH-2.0-bad"
    sock.sendall(ours + b"\r\n")
    theirs = b""
    while not theirs.endswith(b"\n"):
        theirs += read(sock, 1)
    lists = [b"curve25519-sha256", b"ssh-ed25519", *[cipher.encode()] * 2,
             *[mac.encode()] * 2, b"none", b"none", b"", b""]
    init = b"\x14" + os.urandom(16) + b"".join(map(string, lists)) + b"\0" * 5
    sock.sendall(plain(init))
    their_init, reply = read_plain(sock), read_plain(sock)
    secret = os.urandom(32)
    public, point = crypto_scalarmult_base(secret), reply[5:37]
    shared = mpint(crypto_scalarmult(secret, point))
    blob = string(b"ssh-ed25519") + string(KEY[0])
    hash_ = hashlib.sha256(b"".join(
        map(string, (theirs.rstrip(b"\r\n"), ours, their_init, init, blob,
                     point, public))) + shared).digest()
    signature = string(b"ssh-ed25519") + string(crypto_sign(hash_, KEY[1])[:64])
    sock.sendall(plain(b"\x1f" + string(blob) + string(public) +
                       string(signature)) + plain(b"\x15"))
    read_plain(sock)

    def derive(letter, size):
        key = hashlib.sha256(shared + hash_ + letter + hash_).digest()
        while len(key) < size:
            key += hashlib.sha256(shared + hash_ + key).digest()
        return key[:size]
    return Cipher(cipher, mac, derive)


BYE = b"\x01\0\0\0\x02" + string(b"all is well") + string(b"")
LONG = b"\x01\0\0\0\x02" + struct.pack(">I", 4000) + b"A" * 300
PACKETS = {"good": lambda c: c.packet(BYE)}
for n in (0, 1, 2, 4, 5, 8, 11, 12, 13, 15, 16, 17, 20, 31, 33, 44, 47):
    PACKETS["length-%d" % n] = lambda c, n=n: c.seal(
        n, (b"\4" + b"\2" * 99)[:n]) + b"\0" * 64
for n in (34991, 39984, 39996, 40000, 40001, 65536, 0x7fffffff, 0xfffffffb,
          0xfffffffc, 0xfffffff0, 0xffffffff):
    PACKETS["length-%d" % n] = lambda c, n=n: c.seal(
        n, b"\4" + b"\2" * 65536) + b"\0" * 64
for size in (12, 16, 28, 32, 252, 256):
    for pad in (size - 1, size, 255):
        PACKETS["padding-%d-of-%d" % (pad, size)] = lambda c, size=size, pad=pad: (
            c.seal(size, (bytes([pad & 255]) + LONG)[:size]) + b"\0" * 64)


def serve(sock, cipher, mac, make, slowly):
    sender = exchange(sock, cipher, mac)
    data = make(sender)
    if not slowly:
        sock.sendall(data)
    for byte in data[:400] if slowly else b"":
        sock.sendall(bytes([byte]))
        time.sleep(0.0005)
    while sock.recv(65536):
        pass


def main():
    cipher, mac, place, argv = *sys.argv[1:4], sys.argv[4:]
    with open(place, "w") as f:
        f.write("server ssh-ed25519 %s\n" % base64.b64encode(
            string(b"ssh-ed25519") + string(KEY[0])).decode())
    os.chmod(place, 0o600)
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(5)
    argv = [a.replace("{port}", str(listener.getsockname()[1])) for a in argv]
    for name, make in PACKETS.items():
        for slowly in (False, True):
            if slowly and name[:8] == "length-3":
                continue  # 400 bytes of it say nothing
            def one():
                sock, _ = listener.accept()
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                with sock:
                    try:
                        serve(sock, cipher, mac, make, slowly)
                    except OSError:
                        pass
            thread = threading.Thread(target=one)
            thread.start()
            began = time.monotonic()
            client = subprocess.Popen(argv, stdin=subprocess.DEVNULL,
                                      stdout=subprocess.PIPE,
                                      stderr=subprocess.STDOUT)
            said = client.stdout.read()
            client.wait()
            thread.join()
            print("%s%s status=%d seconds=%.1f %s" % (
                name, "-slowly" if slowly else "", client.returncode,
                time.monotonic() - began,
                said.decode("latin-1").replace("\n", "|")), flush=True)


if __name__ == "__main__":
    main()
