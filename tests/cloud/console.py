# SPDX-License-Identifier: ISC
"""The console output of an instance, with the host keys that its sshd shows.

instance.console says how it looks:
  cloud-init  today's, tag "cloud-init"      ec2      the same up to 21.1
  old         bare "ec2: ", MD5              noise    other lines in between
  cut         no END, the rest is lost       prints   fingerprints only
  long        the block lies beyond 64 KiB   empty    blocks without keys
  none        no block                       missing  no output at all
  decoy       a stranger's block comes before
cloud-init prints the block on the first boot only, and a stopped instance that
is started again has a new console: then there is no block any more.
"""

import base64
import hashlib
import time

KEEP = 65536
BAR = "#" * 61
BEGIN = "-----BEGIN SSH HOST KEY %s-----"
END = "-----END SSH HOST KEY %s-----"
KERNEL = """\
[    0.000000] Linux version 6.1.0-13-cloud-amd64 (gcc-12) #1 SMP\r
[    0.000000] Command line: BOOT_IMAGE=/boot/vmlinuz root=PARTUUID=1 ro\
 console=tty0 console=ttyS0,115200\r
[    1.204911] systemd[1]: Detected virtualization amazon.\r
\x1b[0;1;39m         Starting \x1b[0mcloud-init.service\x1b[0m...\r
[\x1b[0;32m  OK  \x1b[0m] Started \x1b[0;1;39mOpenSSH server\x1b[0m.\r
"""
# The user's own key is in a table like this one: not a host key.
TABLE = """\
ci-info: +++++Authorized keys from /home/%s/.ssh/authorized_keys for user %s\
+++++\r
ci-info: | ssh-ed25519 | %s |    -    |   -   |\r
"""
DECOY = ("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIP/////////////////////////////"
         "///////////// root@decoy")


def sha256(line):
    blob = base64.b64decode(line.split()[1])
    return "SHA256:" + base64.b64encode(
        hashlib.sha256(blob).digest()).decode().rstrip("=")


def md5(line):
    blob = base64.b64decode(line.split()[1])
    return hashlib.md5(blob).hexdigest()


def kind(line):
    name = line.split()[0]
    return {"ssh-ed25519": "ED25519", "ssh-rsa": "RSA"}.get(name, "ECDSA")


def bits(line):
    return {"ED25519": 256, "RSA": 2048, "ECDSA": 256}[kind(line)]


def print_of(line, old, host):
    if old:
        digest = md5(line)
        text = ":".join(digest[i:i + 2] for i in range(0, 32, 2)) + " "
    else:
        text = sha256(line)
    return "%d %s root@%s (%s)" % (bits(line), text, host, kind(line))


def block(lines, style, host, when):
    """The block for these public keys, as bytes."""
    tag = "cloud-init" if style not in ("ec2", "old") else "ec2"
    lead = tag + ": "
    if style != "old":
        lead = "<14>%s %s" % (time.strftime("%b %e %H:%M:%S",
                                            time.gmtime(when)), lead)
    old = style == "old"
    prints = [] if style == "empty" else [print_of(line, old, host)
                                          for line in lines]
    out = [lead + text for text in
           [BAR, BEGIN % "FINGERPRINTS", *prints, END % "FINGERPRINTS", BAR]]
    if style != "prints":
        keys = [] if style == "empty" else [
            "%s root@%s" % (" ".join(line.split()[:2]), host)
            for line in lines]
        out += [BEGIN % "KEYS", *keys, END % "KEYS"]
    if style == "noise":
        out.insert(2, "[\x1b[0;32m  OK  \x1b[0m] Reached target "
                   "\x1b[0;1;39mcloud-init.target\x1b[0m.")
        out.insert(-2, "[   14.310271] audit: type=1400 apparmor=\"STATUS\"")
        out[-1] = "\x1b[0m\x1b[K" + out[-1]
    text = "".join(line + "\r\n" for line in out)
    if style == "cut":
        # getty has reset the terminal
        text = text[:text.rindex(" root@")] + "\x1b[H\x1b[J"
    return text.encode()


def boot_text(world, instance, number):
    host = "ip-" + (instance.private or "").replace(".", "-")
    style = instance.console
    out = KERNEL.encode()
    # Bytes that are no UTF-8 come from firmware.
    out += b"\xff\xfe\x80 SeaBIOS (version 1.14)\r\n"
    if number not in instance.imaged or style == "none":
        return out + b"\r\n%s login: " % host.encode()
    lines = world.hosts.host(instance).public_keys(number)
    out += ("cloud-init[512]: The key fingerprint is:\r\ncloud-init[512]: %s "
            "root@%s\r\n" % (sha256(lines[0]), host)).encode()
    if instance.authorized and instance.user:
        out += (TABLE % (instance.user, instance.user,
                         md5(instance.authorized[0]))).encode()
    when = instance.launched + 12
    if style == "decoy":
        out += block([DECOY], "cloud-init", "decoy", when)
    out += block(lines, style, host, when)
    if style == "long":
        out += b"[   60.000000] audit: backlog limit exceeded\r\n" * 1500
    return out + b"\r\n%s login: " % host.encode()


def output(world, instance, latest):
    """Bytes, or None when there is nothing yet."""
    if instance.console == "missing" or instance.up_since is None:
        return None
    name = "console" if latest else "snapshot"
    if time.monotonic() < instance.up_since + float(world.settings[name]):
        return KERNEL.encode() if latest else None
    text = b"".join(boot_text(world, instance, number)
                    for number in instance.boots_shown)
    return text[-KEEP:]
