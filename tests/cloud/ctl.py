# SPDX-License-Identifier: ISC
"""ctl.py FOLDER WORD...: one command to the cloud that runs in FOLDER."""

import os
import socket
import sys


def main():
    os.chdir(sys.argv[1])
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect("control")
        sock.sendall(b"".join(os.fsencode(w) + b"\0" for w in sys.argv[2:]))
        sock.shutdown(socket.SHUT_WR)
        data = b""
        while True:
            block = sock.recv(65536)
            if not block:
                break
            data += block
    good = data[:1] == b"0"
    out = sys.stdout if good else sys.stderr
    out.buffer.write(data[1:])
    out.flush()
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
