# SPDX-License-Identifier: ISC
"""One host: its keys, its users, and a real `sshd -i` for each connection.

Users come from libnss-wrapper: they all are whoever runs this, whose name
there is the login user of the instance's image.  Nothing is made before
somebody connects or looks at the console.
"""

import os
import subprocess
import threading

CONFIG = """\
AuthorizedKeysFile {folder}/authorized/%u
StrictModes no
UsePAM no
PermitRootLogin yes
PasswordAuthentication no
KbdInteractiveAuthentication no
PrintMotd no
PrintLastLog no
AcceptEnv LANG LC_* FOO_*
LogLevel DEBUG1
PidFile none
Subsystem sftp internal-sftp
SetEnv LD_PRELOAD={wrapper} NSS_WRAPPER_PASSWD={folder}/passwd \
NSS_WRAPPER_GROUP={folder}/group CLOUD_INSTANCE={name}
"""
# As cloud-init's disable_root_opts has it, but for the time it sleeps.
GREETING = ('no-port-forwarding,no-agent-forwarding,no-X11-forwarding,command='
            '"echo \'Please login as the user \\"{user}\\" rather than the '
            'user \\"root\\".\';echo;sleep {seconds};exit 142" {key}\n')


def find_wrapper():
    for folder in ("/usr/lib", "/usr/lib64", "/usr/local/lib"):
        for root, _, names in os.walk(folder):
            for name in sorted(names):
                if name.startswith("libnss_wrapper.so"):
                    return os.path.join(root, name)
    return None


class Host:
    """What one sshd shows and whom it lets in; a folder."""

    def __init__(self, folder, name, user, authorized, wrapper, greeting,
                 key_types):
        self.folder = folder
        self.name = name
        self.user = user
        self.authorized = authorized
        self.wrapper = wrapper
        self.greeting = greeting
        self.lock = threading.Lock()
        self.key_types = key_types
        self.keys = {}          # generation of keys -> public lines
        self.generation = 1     # the boot that made what sshd shows
        self.running = set()    # Popen objects
        self.ready = False

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def key_files(self, generation):
        return [self.path("keys-%d" % generation, "ssh_host_%s_key" % kind)
                for kind in self.key_types]

    def public_keys(self, generation=None):
        with self.lock:
            return self.make_keys(generation or self.generation)

    def make_keys(self, generation):
        if generation not in self.keys:
            os.makedirs(self.path("keys-%d" % generation), exist_ok=True)
            lines = []
            for kind, path in zip(self.key_types,
                                  self.key_files(generation)):
                more = ["-b", "2048"] if kind == "rsa" else []
                subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", "", "-C",
                                "root@" + self.name, "-f", path] + more,
                               check=True, stdin=subprocess.DEVNULL)
                with open(path + ".pub", encoding="ascii") as file:
                    lines.append(file.read().strip())
            self.keys[generation] = lines
        return self.keys[generation]

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)

    def prepare(self):
        with self.lock:
            self.make_keys(self.generation)
            if self.ready:
                return
            uid, gid = os.getuid(), os.getgid()
            user = self.user or "root"
            for name in ("authorized", "home"):
                os.makedirs(self.path(name), exist_ok=True)
            self.write("passwd", "".join(
                "%s:x:%d:%d::%s:/bin/sh\n" % (name, uid, gid,
                                              self.path("home"))
                for name in dict.fromkeys((user, "root"))) +
                "sshd:x:65534:65534::/:/bin/false\n")
            self.write("group", "%s:x:%d:\n" % (user, gid))
            self.allow()
            self.write("config", CONFIG.format(
                folder=self.folder, wrapper=self.wrapper, name=self.name) +
                "".join("HostKey %s\n" % path
                        for path in self.key_files(self.generation)))
            self.ready = True

    def allow(self):
        """authorized_keys, by user."""
        if self.user:
            self.write("authorized/" + self.user,
                       "".join(k + "\n" for k in self.authorized))
        if self.user and self.user != "root" and self.greeting is not None:
            self.write("authorized/root", "".join(GREETING.format(
                user=self.user, seconds=self.greeting, key=key)
                for key in self.authorized))

    def new_keys(self, generation):
        with self.lock:
            self.generation = generation
            self.ready = False

    def serve(self, connection):
        """Runs in a thread of its own until the session is over."""
        self.prepare()
        env = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"),
               "LD_PRELOAD": self.wrapper,
               "NSS_WRAPPER_PASSWD": self.path("passwd"),
               "NSS_WRAPPER_GROUP": self.path("group")}
        with open(self.path("stderr"), "ab") as errors, connection:
            process = subprocess.Popen(
                ["/usr/sbin/sshd", "-i", "-f", self.path("config"), "-E",
                 self.path("log")], stdin=connection, stdout=connection,
                stderr=errors, env=env, start_new_session=True)
        with self.lock:
            self.running.add(process)
        process.wait()
        with self.lock:
            self.running.discard(process)

    def disconnect(self):
        with self.lock:
            for process in self.running:
                try:
                    os.killpg(process.pid, 15)
                except ProcessLookupError:
                    pass
