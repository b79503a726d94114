#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""A server that misbehaves in or after the key exchange: badsession.py MODE CMD...

As badserver.py.  Its host key is a constant: --known prints it for known_hosts.
--list prints each mode with the status that CMD is to end with.
"""
import os, sys, time

from badserver import run
from sshkex import *

NASTY = (b"\x1b]0;owned\x07\x1b[31mred\x1b[6n\x9b2J\xc2\x9b2J\xe2\x80\xaebidi\xff\r"
         b"over\x08\x7f\x0e\x1b]52;c;AAAA\x1b\\\x1bP+q\x1b\\\xf3\xa0\x81\x81")
OTHER = SigningKey(b"another host key".ljust(32))
MODES = {}


def mode(name, status=255, version=VERSION):
    def register(serve):
        def whole(sock):
            serve(Server(sock, version))
        MODES[name] = whole, status
        return serve
    return register


# Ways to exchange keys.

def exchange(name, **changes):
    @mode("kex-" + name)
    def serve(s):
        s.kex(**changes)
        s.wait()


def signed(change):
    return lambda data: change(HOST.sign(data).signature)


ED = string("ssh-ed25519")
exchange("signature", signature=signed(
    lambda x: ED + string(x[:9] + bytes([x[9] ^ 1]) + x[10:])))
exchange("signature-short", signature=signed(lambda x: ED + string(x[:63])))
exchange("signature-long", signature=signed(lambda x: ED + string(x + b"\0")))
exchange("signature-rest", signature=signed(lambda x: ED + string(x) + b"rest"))
exchange("signature-empty", signature=b"")
exchange("signature-nothing", signature=signed(lambda x: ED + string(b"")))
exchange("signature-name",
         signature=signed(lambda x: string("ssh-rsa") + string(x)))
exchange("signature-zero", signature=ED + string(b"\0" * 64))
exchange("signer", key=OTHER, blob=host_blob(HOST))
exchange("point-zero", point=b"\0" * 32)
exchange("point-one", point=b"\1" + b"\0" * 31)
exchange("point-short", point=b"\x09" * 31)
exchange("point-long", point=b"\x09" * 33)
exchange("point-empty", point=b"")
exchange("blob-empty", blob=b"")
exchange("blob-cut", blob=host_blob()[:-1])
exchange("blob-more", blob=host_blob() + b"\0")
exchange("blob-length", blob=ED + u32(0xfffffff0) + b"x" * 32)
exchange("blob-type", blob=string("ssh-rsa") + string(bytes(HOST.verify_key)))
exchange("blob-nasty", blob=string(NASTY) + string(bytes(HOST.verify_key)))
exchange("blob-large", blob=host_blob() + b"x" * 30000)


@mode("kex-reply-empty")
def _(s):
    s.send(s.kexinit())
    s.recv(ECDH_INIT)
    s.send(message(ECDH_REPLY))
    s.wait()


@mode("kex-reply-never")
def _(s):
    s.send(s.kexinit())
    s.wait()


@mode("kex-reply-first")
def _(s):
    s.send(s.kexinit(), message(ECDH_REPLY, string(host_blob()),
                                string(b"\x09" * 32), string(b"x" * 83)))
    s.wait()


@mode("kex-newkeys-never")
def _(s):
    s.exchange()
    s.wait()


@mode("kex-newkeys-first")
def _(s):
    s.send(s.kexinit(), message(NEWKEYS))
    s.wait()


@mode("kex-close")
def _(s):
    s.exchange()


@mode("kex-kexinit-twice")
def _(s):
    s.send(s.kexinit())
    s.recv(ECDH_INIT)
    s.send(s.kexinit(), s.kexinit())
    s.wait()


@mode("kex-ignore-when-strict")
def _(s):
    ours = s.kexinit()
    s.send(ours, message(IGNORE, string("x")))
    s.wait()


# Packets as they must not be, in place of the answer to the first request.

def frame(name, make):
    @mode("gcm-" + name)
    def serve(s):
        s.kex()
        s.recv(SERVICE_REQUEST)
        s.sock.sendall(make(s))
        s.wait()


def sealed(n, first=4):
    data = bytes([first]) + b"\x06" * n
    return lambda s: s.sealer.encrypt(u32(n), data[:n])


for length in 0, 1, 3, 4, 8, 12, 15, 17, 31, 34999, 35008, 40000, 262144:
    frame("length-%d" % length, sealed(length))
frame("length-huge", lambda s: u32(0xffffffff) + os.urandom(64))
frame("length-huge-and-more", lambda s: u32(0xfffffff0) + os.urandom(200000))
frame("padding-all", sealed(16, 15))
frame("padding-more", sealed(16, 16))
frame("padding-most", sealed(32, 255))
frame("tag", lambda s: s.packet(b"\x06" + ED)[:-1] + b"x")
frame("data", lambda s: bytes(
    b ^ (i == 20) for i, b in enumerate(s.packet(b"\x06" + string("x" * 40)))))
frame("clear", lambda s: pad(message(SERVICE_ACCEPT, string("ssh-userauth")), 8))


@mode("gcm-twice")
def _(s):
    s.kex()
    s.recv(SERVICE_REQUEST)
    data = s.packet(message(IGNORE, string("x")))
    s.sock.sendall(data * 2)
    s.wait()


# More of one thing than anybody needs, before the login and while it goes on.

FLOODS = {
    "ignore": message(IGNORE, string(b"x" * 1000)),
    "debug": message(DEBUG, b"\1", string(NASTY * 10), string("")),
    "unimplemented": message(UNIMPLEMENTED, u32(0)),
    "ext-info": message(EXT_INFO, u32(0xffffffff), string("a") * 4),
    "unknown": message(192, b"x" * 500),
    "empty": b"",
    "global": message(GLOBAL_REQUEST, string("x@example.org"), b"\1"),
    "banner": message(AUTH_BANNER, string(NASTY * 10), string("")),
    "failure": message(AUTH_FAILURE, string("password"), b"\0"),
    "partial": message(AUTH_FAILURE, string("publickey"), b"\1"),
    "pk-ok": message(PK_OK, ED, string(host_blob())),
    "open": message(OPEN, string("x11"), u32(1), u32(9), u32(9)),
    "data": message(DATA, u32(0), string("x")),
}


def flood(name, payload):
    def forever(s):
        s.sock.settimeout(20)
        while True:
            s.send(*[payload] * 500)

    @mode("flood-" + name)
    def early(s):
        s.kex()
        forever(s)

    @mode("flood-auth-" + name)
    def late(s):
        s.kex()
        s.accept()
        s.asked()
        forever(s)


for word, flooding in FLOODS.items():
    flood(word, flooding)


@mode("flood-kex")
def _(s):
    s.kex()
    while True:
        s.kex()


# Answers in the login.

def login(name, *payloads, then=None, status=255, accept="ssh-userauth"):
    @mode("auth-" + name, status)
    def serve(s):
        s.kex()
        s.accept(accept)
        s.asked()
        s.send(*payloads)
        if then:
            then(s)
        else:
            s.wait()


def failure(methods):
    return message(AUTH_FAILURE, string(methods), b"\0")


def asked(*payloads):
    """… to the key."""
    def serve(s):
        method, rest = s.asked()
        assert method == "publickey"
        s.send(*payloads)
        s.wait()
    return serve


def bye(text):
    return message(DISCONNECT, u32(2), string(text), string(""))


def trickle(s):
    for _ in range(1000):
        s.send(message(IGNORE, string("x")))
        time.sleep(0.2)


login("silent")
login("trickle", then=trickle)
login("close", then=lambda s: None)
login("other-service", accept="ssh-connection")
login("nasty-service", accept=NASTY)
login("disconnect", bye(NASTY))
login("disconnect-long", bye(NASTY * 300))
login("disconnect-cut", message(DISCONNECT, u32(2), u32(0xffffffff), b"x"))
login("disconnect-empty", message(DISCONNECT))
login("no-method", failure(""))
login("nasty-methods", failure(NASTY))
login("many-methods", failure("a," * 16000 + "a"))
login("failure-cut", message(AUTH_FAILURE, u32(0xffffffff), b"publickey"))
login("failure-empty", message(AUTH_FAILURE))
login("banner", message(AUTH_BANNER, string(NASTY), string("")), failure("x"))
login("banner-long", message(AUTH_BANNER, string(NASTY * 400), string("")),
      failure("x"))
login("banner-cut", message(AUTH_BANNER, u32(0xffffffff), b"x"), failure("x"))
login("banner-empty", message(AUTH_BANNER), failure("x"))
login("key-silent", failure("publickey"), then=asked())
login("key-refused", failure("publickey"), then=asked(failure("publickey")))
login("key-too-many", failure("publickey"),
      then=asked(bye("Too many authentication failures")))
login("key-close", failure("publickey"), then=lambda s: s.asked())


def key_ok(s):
    method, rest = s.asked()
    name, blob = take_string(rest[1:])
    s.send(message(PK_OK, string(name), blob))
    return s.asked()


@mode("auth-sign-silent")
def _(s):
    s.kex()
    s.accept()
    s.asked()
    s.refuse()
    key_ok(s)
    s.wait()


@mode("auth-sign-refused")
def _(s):
    s.kex()
    s.accept()
    s.asked()
    s.refuse()
    key_ok(s)
    s.refuse()
    s.refuse()
    s.wait()


@mode("auth-partial-for-ever")
def _(s):
    s.kex()
    s.accept()
    s.asked()
    while True:
        s.refuse(partial=True)
        s.asked()


@mode("auth-sign-then-ask-again")
def _(s):
    s.kex()
    s.accept()
    s.asked()
    s.refuse()
    while True:
        key_ok(s)
        s.refuse(partial=True)
        s.asked()
        s.refuse()


# Questions.  Whoever runs these has a terminal.

def questions(name, *prompts, title=b"", text=b"", count=None, rounds=1):
    """Each prompt is (text, echo).  Lets in whoever answers 'answer N'."""
    @mode("ask-" + name, 0 if count is None and rounds < 9 else 255)
    def serve(s):
        s.kex()
        s.accept()
        s.asked()
        s.refuse("keyboard-interactive")
        right = u32(len(prompts)) + b"".join(
            string("answer %d" % (i + 1)) for i in range(len(prompts)))
        done = 0
        while done < rounds:
            if not done:
                assert s.asked()[0] == "keyboard-interactive"
            s.send(message(INFO_REQUEST, string(title), string(text),
                           string(""), u32(len(prompts) if count is None
                                           else count),
                           *(string(p) + bytes([e]) for p, e in prompts)))
            done += 1
            if s.recv(INFO_RESPONSE)[1:] != right:
                s.refuse("keyboard-interactive")
                done = 0
        s.send(message(AUTH_SUCCESS))
        channel = s.opened()
        s.granted(channel)
        s.ended(channel)


questions("one", (b"Code: ", 0))
questions("several", (b"Password: ", 0), (b"Colour: ", 1), (b"Code: ", 0),
          title=b"A title", text=b"Some words.\nMore words.")
questions("rounds", (b"Code: ", 0), rounds=3)
questions("nothing", title=b"Nothing", text=b"to be asked")
questions("nasty", (b"first " + NASTY, 0), (b"second " + NASTY, 1),
          title=NASTY, text=NASTY + b"\n" + NASTY)
questions("long", (b"long " + NASTY * 300 + b"end: ", 0))
questions("for-ever", (b"Code: ", 0), rounds=10**6)
questions("nothing-for-ever", rounds=10**6)
questions("too-many", *[(b"x", 0)] * 17, count=17)
questions("count-cut", (b"x", 0), count=1000)
questions("count-huge", (b"x", 0), count=0xffffffff)


@mode("ask-password", 0)
def _(s):
    s.kex()
    s.accept()
    s.asked()
    s.refuse("password")
    method, rest = s.asked()
    if method != "password" or rest != b"\0" + string("answer 1"):
        s.refuse("password")
        s.wait()
    s.send(message(AUTH_SUCCESS))
    channel = s.opened()
    s.granted(channel)
    s.ended(channel)


@mode("ask-password-change")
def _(s):
    s.kex()
    s.accept()
    s.asked()
    s.refuse("password")
    s.asked()
    s.send(message(CHANGE_PASSWORD, string(NASTY), string("")))
    s.wait()


# Sessions.

def session(name, status=255, **limits):
    def register(serve):
        @mode("session-" + name, status)
        def whole(s):
            serve(s, s.started(**limits))
        return serve
    return register


@session("fine", 0)
def _(s, channel):
    s.send(message(DATA, channel, string("out\n")))
    s.ended(channel)


@mode("session-nasty-version", 0, b"SSH-2.0-" + NASTY + b"\r\n")
def _(s):
    channel = s.started()
    s.ended(channel)


@session("status", 7)
def _(s, channel):
    s.ended(channel, 7)


@session("no-window", 0, window=0, packet=0)
def _(s, channel):
    s.ended(channel)


@session("no-status")
def _(s, channel):
    s.send(message(EOF, channel), message(CLOSE, channel))
    s.wait()


@session("status-cut", 0)
def _(s, channel):
    s.send(message(REQUEST, channel, string("exit-status"), b"\0"),
           message(CLOSE, channel))
    s.wait()


@session("status-of-another")
def _(s, channel):
    s.send(message(REQUEST, u32(77), string("exit-status"), b"\0", u32(0)),
           message(CLOSE, channel))
    s.wait()


def signalled(name, signal, status):
    @session("signal-" + name, status)
    def _(s, channel):
        s.send(message(REQUEST, channel, string("exit-signal"), b"\0",
                       string(signal), b"\0", string(NASTY), string("")),
               message(CLOSE, channel))
        s.wait()


signalled("term", "TERM", 143)
signalled("nasty", NASTY, 255)
signalled("long", "A" * 30000, 255)


@session("disconnect")
def _(s, channel):
    s.send(bye(NASTY))
    s.wait()


@session("close")
def _(s, channel):
    pass


@session("debug", 0)
def _(s, channel):
    s.send(message(DEBUG, b"\1", string(NASTY), string("")))
    s.ended(channel)


@session("data-of-another", 0)
def _(s, channel):
    s.send(message(DATA, u32(77), string("x" * 100)),
           message(EXTENDED_DATA, channel, u32(99), string("x" * 100)))
    s.ended(channel)


@session("data-cut", 0)
def _(s, channel):
    s.send(message(DATA, channel, u32(0xffffffff), b"x" * 100),
           message(DATA, channel), message(EXTENDED_DATA, channel, u32(1)))
    s.ended(channel)


@session("too-much-data", 0)
def _(s, channel):
    for _ in range(200):  # nobody has raised the window
        s.send(message(DATA, channel, string(b"x" * 30000)))
    s.ended(channel)


@session("flood", 255)
def _(s, channel):
    while True:
        s.send(*[message(UNIMPLEMENTED, u32(0))] * 500)


@session("requests", 0)
def _(s, channel):
    for _ in range(5000):
        s.send(message(REQUEST, channel, string(NASTY), b"\1"),
               message(GLOBAL_REQUEST, string(NASTY), b"\1"))
        s.recv(CHANNEL_FAILURE, CHANNEL_SUCCESS)
    s.ended(channel)


@session("opens-channels", 0)
def _(s, channel):
    confirmed = 0
    for kind in "x11", "auth-agent@openssh.com", "forwarded-tcpip", "session", \
            "direct-tcpip", NASTY:
        for i in range(50):
            s.send(message(OPEN, string(kind), u32(100 + i), u32(1 << 20),
                           u32(32768), string(NASTY), u32(22), string(NASTY),
                           u32(22)))
    s.send(message(REQUEST, channel, string("?"), b"\1"))
    while True:
        kind = s.recv(OPEN_CONFIRMATION, CHANNEL_FAILURE)[0]
        if kind == CHANNEL_FAILURE:
            break
        confirmed += 1
    s.ended(channel, confirmed)


@session("opens-agents", 0)
def _(s, channel):
    for i in range(0, 3000, 100):  # and none is ever closed
        s.send(*[message(OPEN, string("auth-agent@openssh.com"), u32(100 + j),
                         u32(1 << 20), u32(32768)) for j in range(100)])
        for j in range(100):
            s.recv(OPEN_CONFIRMATION, OPEN_FAILURE)
    s.ended(channel)


@session("new-keys", 0)
def _(s, channel):
    s.kex()
    s.send(message(DATA, channel, string("out\n")))
    s.ended(channel)


@session("new-keys-of-another")
def _(s, channel):
    s.kex(key=OTHER)
    s.ended(channel)


@session("new-keys-unsigned")
def _(s, channel):
    s.kex(signature=ED + string(b"\0" * 64))
    s.ended(channel)


@session("other-host-keys", 0)
def _(s, channel):
    s.send(message(GLOBAL_REQUEST, string("hostkeys-00@openssh.com"), b"\0",
                   string(host_blob(OTHER)), string(host_blob())))
    s.ended(channel)


@mode("open-refused")
def _(s):
    s.kex()
    s.login()
    _, rest = take_string(s.recv(OPEN)[1:])
    s.send(message(OPEN_FAILURE, rest[:4], u32(1), string(NASTY), string("")))
    s.wait()


@mode("open-silent")
def _(s):
    s.kex()
    s.login()
    s.wait()


@mode("open-of-another")
def _(s):
    s.kex()
    s.login()
    s.recv(OPEN)
    s.send(message(OPEN_CONFIRMATION, u32(99), u32(0), u32(9), u32(9)))
    s.wait()


@mode("open-cut")
def _(s):
    s.kex()
    s.login()
    s.recv(OPEN)
    s.send(message(OPEN_CONFIRMATION))
    s.wait()


@mode("request-refused")
def _(s):
    s.kex()
    s.login()
    channel = s.opened()
    s.recv(REQUEST)
    while True:
        s.send(message(CHANNEL_FAILURE, channel))
        s.recv(REQUEST)


@mode("request-silent")
def _(s):
    s.kex()
    s.login()
    s.opened()
    s.wait()


@mode("request-close")
def _(s):
    s.kex()
    s.login()
    channel = s.opened()
    s.recv(REQUEST)
    s.send(message(CLOSE, channel))
    s.wait()


def main():
    if sys.argv[1:] == ["--list"]:
        for name, (_, status) in MODES.items():
            print(name, status)
    elif sys.argv[1:] == ["--known"]:
        import base64
        print("ssh-ed25519", base64.b64encode(host_blob()).decode())
    else:
        run(MODES[sys.argv[1]][0], sys.argv[2:])


main()
