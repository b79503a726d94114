# SPDX-License-Identifier: ISC
"""HTTP/1.1 as far as an AWS endpoint goes, with the means to do it wrong:
http.server cannot lose an answer, or stop in the middle of one."""

import socket
import struct
import threading
import time

from .faults import Hang, Lost

REASONS = {200: "OK", 301: "Moved Permanently", 302: "Found",
           307: "Temporary Redirect", 400: "Bad Request", 401: "Unauthorized",
           403: "Forbidden", 404: "Not Found", 412: "Precondition Failed",
           500: "Internal Server Error", 502: "Bad Gateway",
           503: "Service Unavailable", 504: "Gateway Timeout"}
LARGEST = 1 << 20
CHUNKED = 8192


class Request:
    def __init__(self, method, target, headers, body, peer, connection):
        self.method = method
        self.path, _, self.query = target.partition("?")
        self.headers = headers      # (lower-case name, value), as they came
        self.body = body
        self.peer = peer
        self.connection = connection

    def header(self, name):
        values = [v.strip() for key, v in self.headers if key == name]
        return ", ".join(values) if values else None


class Bad(Exception):
    """No HTTP that we understand."""


def read_request(file, sock, peer, connection):
    """The next one, or None at the end of the connection."""
    line = file.readline(65536)
    if not line:
        return None
    parts = line.decode("latin-1").split()
    if len(parts) != 3 or not parts[2].startswith("HTTP/1."):
        raise Bad(line)
    headers = []
    while True:
        line = file.readline(65536)
        if line in (b"\r\n", b"\n"):
            break
        name, colon, value = line.decode("latin-1").partition(":")
        if not colon or name != name.strip() or not name:
            raise Bad(line)
        headers.append((name.lower(), value.strip("\r\n")))
    request = Request(parts[0], parts[1], headers, b"", peer, connection)
    if (request.header("expect") or "").strip().lower() == "100-continue":
        sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
    request.body = read_body(file, request)
    return request


def read_body(file, request):
    if "chunked" in (request.header("transfer-encoding") or ""):
        body = b""
        while True:
            size = int(file.readline(100).split(b";")[0], 16)
            body += file.read(size)
            file.readline(100)
            if not size:
                return body
            if len(body) > LARGEST:
                raise Bad("large")
    size = (request.header("content-length") or "0").strip()
    if not size.isdigit() or int(size) > LARGEST:
        raise Bad("length")
    return file.read(int(size))


def head(answer, now, keep):
    lines = ["HTTP/1.1 %d %s" % (answer.status,
                                 REASONS.get(answer.status, "Status")),
             "Server: AmazonEC2",
             time.strftime("Date: %a, %d %b %Y %H:%M:%S GMT",
                           time.gmtime(now)),
             "Content-Type: " + answer.content_type]
    lines += ["%s: %s" % pair for pair in answer.headers]
    lines.append("Connection: " + ("keep-alive" if keep else "close"))
    return lines


def send(sock, answer, now, keep):
    """Long ones come in chunks, as EC2 does it.  False: the end."""
    lines = head(answer, now, keep)
    if callable(answer.body) or len(answer.body) > CHUNKED:
        lines.append("Transfer-Encoding: chunked")
        blocks = answer.body() if callable(answer.body) else [answer.body]
        body = (b"%x\r\n%s\r\n" % (len(b), b) for b in blocks if b)
        tail = b"0\r\n\r\n"
    else:
        lines.append("Content-Length: %d" % len(answer.body))
        body, tail = [answer.body], b""
    start = "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"
    if answer.cut is not None:
        whole = answer.body if isinstance(answer.body, bytes) else b""
        size = b"%x\r\n" % len(whole) if tail else b""
        sock.sendall(start + size + whole[:answer.cut])
        return False
    if answer.pace:
        sock.sendall(start)
        for block in body:
            for byte in block + tail:
                sock.sendall(bytes([byte]))
                time.sleep(answer.pace)
        return keep
    for block in body:
        sock.sendall(start + block)
        start = b""
    sock.sendall(start + tail)
    return keep


def reset(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                    struct.pack("ii", 1, 0))


class Server:
    """A thread for each connection; 'handle' makes Answers of Requests."""

    def __init__(self, address, port, handle, world, context=None):
        self.handle = handle
        self.world = world
        self.context = context
        self.connections = 0
        self.listener = socket.create_server((address, port), backlog=128)
        self.port = self.listener.getsockname()[1]
        self.url = "http%s://%s:%d" % ("s" if context else "", address,
                                       self.port)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                sock, peer = self.listener.accept()
            except OSError:
                time.sleep(0.05)
                continue
            self.connections += 1
            threading.Thread(target=self.serve, daemon=True, args=(
                sock, peer[0], self.connections)).start()

    def serve(self, sock, peer, connection):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            if self.context:
                sock = self.context.wrap_socket(sock, server_side=True)
            with sock, sock.makefile("rb") as file:
                while self.one(file, sock, peer, connection):
                    pass
        except (OSError, ValueError, Bad):
            sock.close()

    def one(self, file, sock, peer, connection):
        request = read_request(file, sock, peer, connection)
        if request is None:
            return False
        try:
            answer = self.handle(request)
        except Lost:
            reset(sock)
            return False
        except Hang:
            while sock.recv(65536):
                pass
            return False
        keep = (request.header("connection") or "").strip().lower() != "close"
        return send(sock, answer, self.world.now(), keep)
