# SPDX-License-Identifier: ISC
"""launchwalk.py PROGRAM FOLDER CLOUD RESULTS: a launch with a fault at each of its
calls, one at a time; then it is undone, or gone on with.

Every run has an account and a HOME of its own, in which somebody else's key pair
and security group have the names that the launch would like.  FOLDER has "pass"
and a vault to start from ("data", "state").  RESULTS gets a line for each run:
"ok" or what is wrong, a tab, and the run.  A table goes to standard output.

What holds after each run:
  - undone, or never begun: the account is as it was;
  - complete: one server that runs, one key pair, one group, one address, all of
    this launch, and no journal;
  - at any moment: what others have made is as it was, and nothing exists of a
    launch whose private key is not in the vault, but for a key pair that EC2 was
    just making;
  - in the end: the private key of every key pair of ours is in the vault.
"""

import concurrent.futures
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time

PROGRAM, FOLDER, CLOUD, RESULTS = sys.argv[1:5]
REGION = "eu-west-1"
KINDS = ("refused", "lost", "throttled", "killed before", "killed after")
AT_ONCE = 4
# Calls that change something: each way to end is tried with them.
CHANGING = ("CreateKeyPair", "ImportKeyPair", "CreateSecurityGroup",
            "AuthorizeSecurityGroupIngress", "RunInstances",
            "AllocateAddress", "AssociateAddress")


def ctl(*words):
    with socket.socket(socket.AF_UNIX) as sock:
        fd = os.open(CLOUD, os.O_RDONLY)
        sock.connect("/proc/self/fd/%d/control" % fd)
        os.close(fd)
        sock.sendall(b"".join(os.fsencode(w) + b"\0" for w in words))
        sock.shutdown(socket.SHUT_WR)
        data = b""
        while True:
            block = sock.recv(65536)
            if not block:
                break
            data += block
    if data[:1] != b"0":
        sys.exit("cloud: " + data[1:].decode())
    return data[1:].decode()


class Wrong(Exception):
    pass


class Run:
    """One account, one HOME."""

    def __init__(self, number, options):
        self.name = "w%d" % number
        self.home = os.path.join(FOLDER, self.name)
        self.options = options
        os.makedirs(self.home + "/.aws")
        os.makedirs(self.home + "/.config/pemkeep")
        os.mkdir(self.home + "/run", 0o700)
        for kind, place in (("data", ".local/share"),
                            ("state", ".local/state")):
            os.makedirs(os.path.join(self.home, place))
            shutil.copytree(os.path.join(FOLDER, kind), os.path.join(
                self.home, place, "pemkeep"))
        shutil.copy(os.path.join(FOLDER, "config"),
                    self.home + "/.config/pemkeep/config")
        self.account, key, secret = ctl("account", self.name).split()
        self.write(".aws/config", "[default]\nregion = %s\n" % REGION)
        self.write(".aws/credentials", "[default]\naws_access_key_id = %s\n"
                   "aws_secret_access_key = %s\n" % (key, secret))
        place = "%s/%s" % (self.name, REGION)
        ctl("keypair", place, "walk", "public=%s/other.pub" % FOLDER)
        ctl("group", place, "pemkeep-walk", "allow=tcp:22:10.0.0.0/8")
        self.before = self.dump()
        self.env = {"PATH": os.environ["PATH"], "HOME": self.home,
                    "XDG_RUNTIME_DIR": self.home + "/run",
                    "LC_ALL": "C.UTF-8",
                    "PEMKEEP_PASSPHRASE_FILE": FOLDER + "/pass",
                    "AWS_ENDPOINT_URL": os.environ["AWS_ENDPOINT_URL"],
                    "AWS_EC2_METADATA_DISABLED": "true"}
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS"):
            if name in os.environ:
                self.env[name] = os.environ[name]

    def write(self, name, text):
        with open(os.path.join(self.home, name), "w", encoding="utf-8") as f:
            f.write(text)

    def start(self, *words):
        with open(self.home + "/said", "ab") as said:
            said.write(("$ pemkeep %s\n" % " ".join(words)).encode())
            said.flush()
            return subprocess.Popen(
                [PROGRAM, *words], env=self.env, stdin=subprocess.DEVNULL,
                stdout=said, stderr=said)

    def launch(self):
        return self.start("launch", "walk", "--image", "debian-12", "--open",
                          "80", "--yes", *self.options)

    def finish(self, *words):
        status = self.start("launch", "walk", "--yes", *words).wait(timeout=90)
        if status != 0:
            raise Wrong("launch %s: exit %d" % (" ".join(words), status))

    def dump(self):
        text = ctl("dump", "account=" + self.name)
        return json.loads(text)[self.account].get(REGION, {})

    def vault(self):
        """The public keys that the vault has a private key for."""
        out = subprocess.run([PROGRAM, "keys", "--json"], env=self.env,
                             stdin=subprocess.DEVNULL, capture_output=True)
        if out.returncode != 0:
            raise Wrong("the vault cannot be read: " + out.stderr.decode())
        return {k["public_key"].split()[1]
                for k in json.loads(out.stdout)["keys"]}

    def journals(self):
        folder = self.home + "/.local/state/pemkeep/launches"
        names = os.listdir(folder) if os.path.isdir(folder) else []
        return [n for n in names if not n.endswith(".lock")]

    def ours(self):
        """What is there besides what was there before."""
        now = self.dump()
        for kind in ("key_pairs", "groups"):
            for name, thing in self.before[kind].items():
                if now[kind].get(name) != thing:
                    raise Wrong("what is somebody else's has changed")
        return {kind: {k: v for k, v in things.items()
                       if k not in self.before[kind]}
                for kind, things in now.items()}

    def check_keys(self, making):
        """'making': EC2 may have just made the key of a key pair."""
        ours, held = self.ours(), None
        if any(ours.values()):
            held = self.vault()
        for pair in ours["key_pairs"].values():
            if pair["public"].split()[1] not in held and not making:
                raise Wrong("a key pair whose private key nobody has")
        if (ours["groups"] or ours["instances"] or ours["addresses"]) and \
                not held:
            raise Wrong("there are things of a launch, and no key")

    def check_undone(self):
        if self.dump() != self.before:
            raise Wrong("not as before: " + json.dumps(self.ours()))
        if self.journals():
            raise Wrong("a journal is left")

    def check_complete(self):
        ours = self.ours()
        if [len(ours[k]) for k in ("instances", "key_pairs", "groups",
                                   "addresses")] != [1, 1, 1, 1]:
            raise Wrong("not one of each: " + json.dumps(ours))
        (server,), (address,) = (ours[k].values()
                                 for k in ("instances", "addresses"))
        if server["state"] != "running" or address["public"] != \
                server["address"]:
            raise Wrong("the server has not its address")
        tags = {t["tags"].get("pemkeep:launch") for k in ours
                for t in ours[k].values()}
        if len(tags) != 1 or None in tags:
            raise Wrong("not of one launch: %s" % tags)
        (group,) = ours["groups"].values()
        if sorted(r["from"] for r in group["rules"]) != [22, 80]:
            raise Wrong("not the rules that were wanted")
        if self.journals():
            raise Wrong("a journal is left")

    def end(self):
        subprocess.run([PROGRAM, "-q", "agent", "--stop"], env=self.env,
                       stdin=subprocess.DEVNULL, capture_output=True)

    def said(self):
        with open(self.home + "/said", encoding="utf-8") as file:
            return file.read()


def fault(run, action, nth, kind):
    where = ["account=" + run.name, "action=" + action, "skip=%d" % (nth - 1)]
    if kind == "refused":
        ctl("fault", "error", *where, "code=UnauthorizedOperation",
            "status=403")
    elif kind == "lost":
        ctl("fault", "lose", "when=after", *where)
    elif kind == "throttled":
        ctl("fault", "throttle", *where)
    else:
        ctl("fault", "hang", *where, "when=" + kind.split()[1])


def has_struck(run):
    return '"account": "%s"' % run.name not in ctl("faults")


def kill_at(run, process):
    """When the call has come, and before it is answered."""
    for _ in range(3000):
        if has_struck(run):
            break
        if process.poll() is not None:
            return
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()


def one(number, options, action, nth, kind, ending):
    """What has become of it, in a word; Wrong."""
    run = Run(number, options)
    try:
        fault(run, action, nth, kind)
        process = run.launch()
        if kind.startswith("killed"):
            kill_at(run, process)
        else:
            process.wait(timeout=90)
        run.check_keys(making=action == "CreateKeyPair")
        if process.returncode == 0:
            run.check_complete()
            word = "done"
            # How often it asks whether the server runs is a matter of time.
            if not has_struck(run):
                word = "not come"
                if action != "DescribeInstances" or nth < 4:
                    raise Wrong("the call has not come")
        elif not run.journals() and any(run.ours().values()):
            run.check_complete()
            word = "done"
        elif not run.journals():
            run.check_undone()
            word = "nothing"
        else:
            run.finish("--" + ending)
            if ending == "undo":
                run.check_undone()
            else:
                run.check_complete()
            word = {"undo": "undone", "resume": "resumed"}[ending]
        run.check_keys(making=False)
        return word
    except (Wrong, subprocess.TimeoutExpired) as wrong:
        raise Wrong("%s\n%s" % (wrong, run.said())) from None
    finally:
        run.end()


def calls_of(options, number):
    """The calls of a launch, as (action, which time)."""
    run = Run(number, options)
    if run.launch().wait(timeout=90) != 0:
        sys.exit("a launch without a fault fails:\n" + run.said())
    run.check_keys(making=False)
    run.check_complete()
    run.end()
    seen, calls = {}, []
    with open(CLOUD + "/calls", encoding="utf-8") as file:
        for line in file:
            call = json.loads(line)
            if call["account"] == run.account:
                seen[call["action"]] = seen.get(call["action"], 0) + 1
                calls.append((call["action"], seen[call["action"]]))
    return calls


def plan():
    """The runs: (options, action, which time, kind, ending)."""
    runs = []
    calls = calls_of((), 0)
    for action, nth in calls:
        for kind in KINDS:
            endings = ["undo", "resume"]
            if action not in CHANGING:
                endings = [endings[len(runs) % 2]]
            if kind in ("lost", "throttled"):
                endings = endings[:1]
            runs += [((), action, nth, kind, e) for e in endings]
    runs += [(("--key-from-aws",), "CreateKeyPair", 1, kind, ending)
             for kind in KINDS for ending in ("undo", "resume")]
    return calls, runs


def main():
    calls, runs = plan()
    table = {}
    with open(RESULTS, "w", encoding="utf-8") as results, \
            concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        jobs = [pool.submit(one, n + 1, *run) for n, run in enumerate(runs)]
        for job, run in zip(jobs, runs):
            options, action, nth, kind, ending = run
            try:
                word = wrong = job.result()
                wrong = "ok"
            except Exception as problem:
                word, wrong = "WRONG", str(problem)
            table.setdefault((action, nth), {}).setdefault(kind,
                                                           []).append(word)
            results.write("%s\t%s %d %s, %s%s\n" % (
                wrong.replace("\n", "\\n").replace("\t", " "), action, nth,
                kind, ending, "".join(" " + o for o in options)))
    form = "%-34s" + " %-16s" * len(KINDS)
    print((form % ("call", *KINDS)).rstrip())
    for (action, nth), row in table.items():
        words = ["/".join(dict.fromkeys(row.get(k, ["-"]))) for k in KINDS]
        name = action if nth == 1 else "%s (%d)" % (action, nth)
        print((form % (name, *words)).rstrip())


main()
