# SPDX-License-Identifier: ISC
"""The server's side of SSH, for servers that misbehave after the key exchange.

One choice of each algorithm: curve25519-sha256, ssh-ed25519, aes256-gcm.  What a
well-behaved server does is here; badserver.py does it wrong.
"""
import ctypes, hashlib, os, struct
from nacl.bindings import crypto_scalarmult, crypto_scalarmult_base
from nacl.signing import SigningKey

VERSION = b"SSH-2.0-OpenSSH_9.9\r\n"
HOST = SigningKey(b"the host key, for tests only".ljust(32))
(DISCONNECT, IGNORE, UNIMPLEMENTED, DEBUG, SERVICE_REQUEST, SERVICE_ACCEPT,
 EXT_INFO) = range(1, 8)
KEXINIT, NEWKEYS, ECDH_INIT, ECDH_REPLY = 20, 21, 30, 31
AUTH_REQUEST, AUTH_FAILURE, AUTH_SUCCESS, AUTH_BANNER = range(50, 54)
PK_OK = INFO_REQUEST = CHANGE_PASSWORD = 60
INFO_RESPONSE = 61
GLOBAL_REQUEST = 80
(OPEN, OPEN_CONFIRMATION, OPEN_FAILURE, WINDOW_ADJUST, DATA, EXTENDED_DATA, EOF,
 CLOSE, REQUEST, CHANNEL_SUCCESS, CHANNEL_FAILURE) = range(90, 101)


def u32(n):
    return struct.pack(">I", n)


def string(data):
    if isinstance(data, str):
        data = data.encode()
    return u32(len(data)) + data


def mpint(data):
    data = data.lstrip(b"\0")
    return string(b"\0" + data if data and data[0] & 0x80 else data)


def message(kind, *parts):
    return bytes([kind]) + b"".join(parts)


def take_string(data):
    n = struct.unpack(">I", data[:4])[0]
    return data[4:4 + n], data[4 + n:]


def host_blob(key=HOST):
    return string("ssh-ed25519") + string(bytes(key.verify_key))


def pad(payload, block, extra=0):
    """With its length and padding; 'extra' bytes of that are not encrypted."""
    n = block - (len(payload) + 5 - extra) % block
    if n < 4:
        n += block
    return u32(len(payload) + n + 1) + bytes([n]) + payload + b"\0" * n


class Gcm:
    """AES-256-GCM as SSH has it, one direction.  libcrypto by ctypes."""
    lib = None

    def __init__(self, key, iv, seal):
        if Gcm.lib is None:
            Gcm.lib = ctypes.CDLL("libcrypto.so.3")
            for name in "EVP_CIPHER_CTX_new", "EVP_aes_256_gcm":
                getattr(Gcm.lib, name).restype = ctypes.c_void_p
        self.seal = seal
        self.iv = iv
        self.ctx = ctypes.c_void_p(self.lib.EVP_CIPHER_CTX_new())
        cipher = ctypes.c_void_p(self.lib.EVP_aes_256_gcm())
        assert self.lib.EVP_CipherInit_ex(self.ctx, cipher, None, key, iv,
                                          int(seal)) == 1

    def begin(self):
        assert self.lib.EVP_CipherInit_ex(self.ctx, None, None, None, self.iv,
                                          int(self.seal)) == 1
        count = int.from_bytes(self.iv[4:], "big") + 1
        self.iv = self.iv[:4] + (count % 2**64).to_bytes(8, "big")

    def update(self, data, out=True):
        room = ctypes.create_string_buffer(len(data) + 32) if out else None
        n = ctypes.c_int()
        assert self.lib.EVP_CipherUpdate(self.ctx, room, ctypes.byref(n), data,
                                         len(data)) == 1
        return room.raw[:n.value] if out else b""

    def encrypt(self, head, data):
        self.begin()
        self.update(head, out=False)
        out = self.update(data) if data else b""
        end, n = ctypes.create_string_buffer(32), ctypes.c_int()
        assert self.lib.EVP_CipherFinal_ex(self.ctx, end, ctypes.byref(n)) == 1
        tag = ctypes.create_string_buffer(16)
        assert self.lib.EVP_CIPHER_CTX_ctrl(self.ctx, 0x10, 16, tag) == 1
        return head + out + tag.raw

    def decrypt(self, head, data, tag):
        self.begin()
        self.update(head, out=False)
        out = self.update(data)
        end, n = ctypes.create_string_buffer(32), ctypes.c_int()
        assert self.lib.EVP_CIPHER_CTX_ctrl(self.ctx, 0x11, 16, tag) == 1
        assert self.lib.EVP_CipherFinal_ex(self.ctx, end, ctypes.byref(n)) == 1
        return out


class Server:
    """After __init__ the versions are known; then kex(), login(), session()."""

    def __init__(self, sock, version=VERSION):
        self.sock = sock
        self.sealer = self.opener = None
        self.session = None
        self.ours = version.rstrip(b"\r\n")
        sock.sendall(version)
        self.theirs = b""
        while not self.theirs.endswith(b"\n"):
            self.theirs += self.exactly(1)
        self.theirs = self.theirs.rstrip(b"\r\n")

    def exactly(self, n):
        data = b""
        while len(data) < n:
            more = self.sock.recv(n - len(data))
            if not more:
                raise EOFError()
            data += more
        return data

    def packet(self, payload):
        if self.sealer is None:
            return pad(payload, 8)
        whole = pad(payload, 16, 4)
        return self.sealer.encrypt(whole[:4], whole[4:])

    def send(self, *payloads):
        self.sock.sendall(b"".join(map(self.packet, payloads)))

    def recv(self, *kinds):
        """The next message, or the next one of these kinds."""
        while True:
            head = self.exactly(4)
            n = struct.unpack(">I", head)[0]
            if self.opener is None:
                data = self.exactly(n)
            else:
                data = self.exactly(n + 16)
                data = self.opener.decrypt(head, data[:n], data[n:])
            payload = data[1:n - data[0]]
            if not kinds or payload[0] in kinds:
                return payload

    def kexinit(self, strict=True):
        names = ["curve25519-sha256" +
                 (",kex-strict-s-v00@openssh.com" if strict else ""),
                 "ssh-ed25519"] + ["aes256-gcm@openssh.com"] * 2 + \
            ["hmac-sha2-256"] * 2 + ["none"] * 2 + ["", ""]
        return message(KEXINIT, os.urandom(16), *map(string, names), b"\0" * 5)

    def exchange(self, key=HOST, point=None, blob=None, signature=None,
                 begun=False):
        """KEXINIT to REPLY; what is given is sent instead of what is right."""
        ours = self.kexinit()
        self.send(ours)
        theirs = begun or self.recv(KEXINIT)
        their_point, _ = take_string(self.recv(ECDH_INIT)[1:])
        secret = os.urandom(32)
        our_point = crypto_scalarmult_base(secret)
        shared = crypto_scalarmult(secret, their_point)
        point = our_point if point is None else point
        blob = host_blob(key) if blob is None else blob
        self.shared = mpint(shared)
        self.hash = hashlib.sha256(
            string(self.theirs) + string(self.ours) + string(theirs) +
            string(ours) + string(blob) + string(their_point) + string(point) +
            self.shared).digest()
        if signature is None:
            signature = string("ssh-ed25519") + string(
                key.sign(self.hash).signature)
        elif callable(signature):
            signature = signature(self.hash)
        self.send(message(ECDH_REPLY, string(blob), string(point),
                          string(signature)))

    def newkeys(self):
        self.send(message(NEWKEYS))
        self.session = self.session or self.hash

        def derive(letter, n):
            return hashlib.sha256(self.shared + self.hash + letter +
                                  self.session).digest()[:n]
        self.sealer = Gcm(derive(b"D", 32), derive(b"B", 12), True)
        self.recv(NEWKEYS)
        self.opener = Gcm(derive(b"C", 32), derive(b"A", 12), False)

    def kex(self, **changes):
        self.exchange(**changes)
        self.newkeys()

    def accept(self, name="ssh-userauth"):
        self.recv(SERVICE_REQUEST)
        self.send(message(SERVICE_ACCEPT, string(name)))

    def asked(self):
        """(method, the rest) of the next login request."""
        request = self.recv(AUTH_REQUEST)[1:]
        for _ in range(2):
            _, request = take_string(request)
        method, rest = take_string(request)
        return method.decode(), rest

    def refuse(self, methods="publickey", partial=False):
        self.send(message(AUTH_FAILURE, string(methods), bytes([partial])))

    def login(self):
        """Let in whoever comes."""
        self.accept()
        self.asked()
        self.send(message(AUTH_SUCCESS))

    def opened(self, window=1 << 20, packet=32768):
        """Confirm a session channel; returns the client's number for it."""
        request = self.recv(OPEN)[1:]
        _, rest = take_string(request)
        self.send(message(OPEN_CONFIRMATION, rest[:4], u32(0), u32(window),
                          u32(packet)))
        return rest[:4]

    def granted(self, channel):
        """Grant requests up to the one that starts something."""
        while True:
            name, rest = take_string(self.recv(REQUEST)[5:])
            if rest[0]:
                self.send(message(CHANNEL_SUCCESS, channel))
            if name in (b"exec", b"shell", b"subsystem"):
                return

    def started(self, **limits):
        self.kex()
        self.login()
        channel = self.opened(**limits)
        self.granted(channel)
        return channel

    def ended(self, channel, status=0):
        self.send(message(REQUEST, channel, string("exit-status"), b"\0",
                          u32(status)),
                  message(EOF, channel), message(CLOSE, channel))
        self.wait()

    def wait(self):
        while True:
            self.recv()
