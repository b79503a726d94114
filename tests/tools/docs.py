#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""The program, its help and its documentation, compared.

    docs.py observe PEMKEEP SOURCE FOLDER       prints facts, as JSON
    docs.py compare FACTS PEMKEEP.1 [FILE...]   prints what differs; exit 1
    docs.py house SOURCE README.md              the same, about the source tree

Facts are what `pemkeep help` says, what the JSON of a small vault made in
FOLDER, and of the EC2 instances that the environment leads to, looks like, and which exit codes, findings and variables the source has.
PEMKEEP.1 is read as it is written (mdoc): an .It for each command, below it one
for each option, and one for each field of JSON.  In the other FILEs (mdoc or
Markdown) what stands as code and begins with 'pemkeep' or 'connect' must be a
command with options that it has.  A README names each folder of the house in its
table, and only folders, files and targets of make that there are."""

import glob
import json
import os
import re
import subprocess
import sys

# ---- what the program says


def run(facts, *args, ok=(0,)):
    env = {"HOME": facts["home"], "PATH": os.environ["PATH"],
           "LC_ALL": "C.UTF-8",
           "PEMKEEP_PASSPHRASE_FILE": facts["home"] + "/pass"}
    for name in os.environ:
        if name.startswith("AWS_") or name in ("ASAN_OPTIONS",
                                               "UBSAN_OPTIONS"):
            env[name] = os.environ[name]
    done = subprocess.run([facts["program"], *args], env=env,
                          stdin=subprocess.DEVNULL, capture_output=True)
    if done.returncode not in ok:
        sys.exit("pemkeep %s: exit %d: %s" % (
            " ".join(args), done.returncode, done.stderr.decode()))
    return done.stdout.decode()


def help_options(text, title):
    """Left column of the options below a title: '-q, --quiet'."""
    part = re.search(r"^%s:\n((?:  .*\n)*)" % title, text, re.M)
    return [re.split(r"\s{2,}", line.strip())[0]
            for line in part.group(1).splitlines()] if part else []


def observe_help(facts):
    text = run(facts, "help")
    part = re.search(r"^commands:\n((?:  .*\n)*)", text, re.M).group(1)
    facts["global"] = help_options(text, "options of all commands")
    everywhere = set(sum(map(names, facts["global"]), []))
    for line in part.splitlines():
        name = line.split()[0]
        one = run(facts, "help", name)
        if one != run(facts, name, "--help"):
            sys.exit("'help %s' and '%s --help' differ" % (name, name))
        usage = re.match(r"usage: (?:pemkeep )?%s( \[OPTION\.\.\.\])?(.*)\n" % name,
                         one)
        facts["commands"][name] = {
            "operands": usage.group(2).strip(),
            "options": [o for o in help_options(one, "options")
                        if not set(names(o)) <= everywhere],
        }
        if bool(usage.group(1)) != bool(facts["commands"][name]["options"]):
            sys.exit("usage of '%s' and its options differ" % name)


def kind(value):
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, dict):
        return "object"
    if isinstance(value, list) and all(isinstance(v, dict) for v in value):
        return "array of objects"
    return {str: "string", int: "number", type(None): "null"}.get(
        type(value), type(value).__name__)


def note_fields(into, value, path=""):
    """'keys', 'keys.name' … with the kinds of values that were met."""
    for name, field in value.items():
        into.setdefault(path + name, set()).add(kind(field))
        for one in field if isinstance(field, list) else [field]:
            if isinstance(one, dict):
                note_fields(into, one, path + name + ".")


def observe_json(facts, folder):
    def keygen(name, *args):
        subprocess.run(["ssh-keygen", "-q", "-N", "", "-f",
                        "%s/%s" % (folder, name), *args], check=True)

    keygen("server.pem", "-t", "rsa", "-b", "2048", "-m", "PEM", "-C", "")
    keygen("laptop", "-t", "ed25519", "-C", "me")
    with open(folder + "/server.pem", "rb") as f:
        windows = f.read().replace(b"\n", b"\r\n")
    with open(folder + "/windows.pem", "wb") as f:
        f.write(windows)
    vault = facts["home"] + "/.local/share/pemkeep/vault"
    quick = ("--kdf-memory", "64", "--kdf-passes", "3")
    outputs = {
        "init": run(facts, "init", "--json", *quick),
        "import": run(facts, "import", "--json", folder + "/server.pem",
                      folder + "/windows.pem", folder + "/laptop",
                      folder + "/laptop.pub", ok=(1,)),
        "generate": run(facts, "generate", "new", "--json"),
        "keys": run(facts, "keys", "--json"),
        "rename": run(facts, "rename", "new", "old", "--json"),
        "export": run(facts, "export", "old", "-o", folder + "/out", "--json"),
        "remove": run(facts, "remove", "old", "--yes", "--json"),
    }
    os.chmod(vault + ".bak", 0o600)  # for something to be found
    outputs["check"] = run(facts, "check", "--json", ok=(1,))
    outputs["agent --status"] = run(facts, "agent", "--status", "--json")
    run(facts, "add", "bare", "192.0.2.1")
    run(facts, "add", "host", "192.0.2.2", "-l", "me", "-p", "2222", "-k",
        "laptop")
    outputs["list"] = run(facts, "list", "--json")
    outputs["resolve"] = run(facts, "resolve", "host", "--json")
    instance = run(facts, "resolve", "myserver", "--json")
    several = run(facts, "resolve", "twice", "--json", ok=(5,))
    new = ("launch", "new", "--profile", "main", "--image", "debian-12",
           "--json")
    plan = run(facts, *new, "--plan", "--tag", "a=b", "--disk", "8")
    outputs["launch"] = run(facts, *new, "--yes")
    log = facts["home"] + "/.local/state/pemkeep/log"
    # A place that is not looked into, and a file to speak of.
    os.symlink("/", facts["home"] + "/Documents")
    outputs["audit"] = run(facts, "audit", "--json", ok=(1,))
    outputs["log"] = run(facts, "log", "--json")
    with open(log, "a") as f:
        f.write("{")
    torn = run(facts, "log", "--json")
    run(facts, "agent", "--stop")
    for command, text in [*outputs.items(), ("log", torn),
                          ("launch", plan),
                          ("resolve", instance), ("resolve", several)]:
        fields = facts["json"].get(command, {})
        fields = {k: set(v) for k, v in fields.items()}
        if text.lstrip().startswith("{"):
            note_fields(fields, json.loads(text))
        facts["json"][command] = {k: sorted(v) for k, v in fields.items()}


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def observe_source(facts, source):
    codes = dict(re.findall(r"(ERR_\w+) = -\d+,?\s*/\* exit (\d+)",
                            read(source + "/include/pemkeep/base/err.h")))
    given = {"0"}
    for path in glob.glob(source + "/src/*/*.c"):
        # What goes wrong in there is 255 of 'connect', whatever the code.
        if not re.search(r"/src/(base/err|ssh/\w+|cli/connect_\w+)\.c$", path):
            given |= {codes[name] for name in
                      re.findall(r"\bERR_\w+", read(path)) if name in codes}
    facts["exit"] = sorted(given, key=int)
    facts["exit of err.h"] = sorted(set(codes.values()) | {"0"}, key=int)
    facts["keys of -o"] = re.findall(
        r'\{ "([A-Z]\w+)", [A-Z_]+ \}',
        read(source + "/src/cli/connect_config.c"))
    facts["findings"] = sorted(
        "%s (%s)" % (name, severity) for severity, name in re.findall(
            r'report\(\w+, "(\w+)", "([a-z-]+)"',
            read(source + "/src/agent/keeper_check.c")))
    facts["findings of an audit"] = re.findall(
        r'"([a-z0-9-]+)"', re.search(r"ids\[\] = \{(.*?)\};", read(
            source + "/src/audit/findings.c"), re.S).group(1))
    # PEMKEEP_ASKPASS is between the program and itself.
    facts["environment"] = sorted(set(re.findall(
        r'"(HOME|XDG_(?:(?:CACHE|CONFIG|DATA|STATE)_HOME|RUNTIME_DIR)|'
        r'NO_COLOR|TERM|SSH_ASKPASS\w*|'
        r'(?:WAYLAND_)?DISPLAY|PEMKEEP_(?!ASKPASS)\w+)=?"', "".join(
            read(path) for path in glob.glob(source + "/src/*/*.c")))))


def observe(program, source, folder):
    facts = {"program": program, "home": folder + "/home", "commands": {},
             "json": {}}
    os.makedirs(facts["home"], mode=0o700, exist_ok=True)
    os.makedirs(folder + "/files", mode=0o700)
    with open(os.open(facts["home"] + "/pass", os.O_WRONLY | os.O_CREAT,
                      0o400), "w") as f:
        f.write("correct horse battery\n")
    observe_help(facts)
    observe_json(facts, folder + "/files")
    observe_source(facts, source)
    print(json.dumps(facts, indent=1, sort_keys=True))


# ---- what the manual says


class Item:
    """An .It: its head as it is printed, its text, the items below."""

    def __init__(self, head):
        self.head, self.text, self.items = head, [], []

    def named(self, words):
        return [i for i in self.items if words(i.head)]


def printed(words):
    """A line of macros as it is printed: 'Fl o , Fl -output Ar FILE'."""
    out, dash, close = [], False, []
    for word in words:
        if word in ("Ic", "Ar", "Va", "Ev", "Pa", "Cm", "Fl", "Ns"):
            dash = word == "Fl"
        elif word in ("Oo", "Op", "Pq"):
            dash = False
            out.append("\0(" if word == "Pq" else "\0[")
            if word != "Oo":
                close.append(")" if word == "Pq" else "]")
        elif word == "Oc":
            out.append("]\0")
        elif word in (",", "|"):
            out.append({",": ",\0", "|": "|"}[word])
        else:
            out.append(("-" if dash else "") + word.replace("\\&", "") + "\0")
    text = "".join(out + close).replace("\0", " ")
    text = re.sub(r" +(?=[\],)|]|\.\.\.)|(?<=[\[(|]) +", "", text)
    return re.sub(r" +", " ", text).strip()


def parse_manual(path):
    """Sections by name, each an Item whose lists are flattened."""
    sections, stack = {}, []
    for line in read(path).splitlines():
        words = line[1:].split() if line.startswith(".") else []
        macro = words[0] if words else ""
        if macro in ("Sh", "Ss"):
            stack = [Item(" ".join(words[1:]))]
            sections[stack[0].head] = stack[0]
        elif not stack or line.startswith('.\\"'):
            continue
        elif macro == "It":
            item = Item(printed(words[1:]))
            stack[-2].items.append(item)
            stack[-1] = item
        elif macro == "Bl":
            stack.append(Item(""))
        elif macro == "El":
            stack.pop()
        else:
            stack[-1].text.append(line)
    return sections


def operands(head):
    return re.sub(r"\[-[^]]*\] ?", "", head.partition(" ")[2]).strip()


def normal(usage):
    usage = re.sub(r" *([\[\]]) *", r"\1", usage)
    return re.sub(r" *\| *", "|", re.sub(r" *\.\.\.", "...", usage))


def names(option):
    """'-o, --output FILE' is known as -o and as --output."""
    return [word.rstrip(",") for word in option.split()
            if word.startswith("-")]


def differ(out, what, program, manual):
    for one in program:
        if one not in manual:
            out.append("%s: '%s' is not in the manual" % (what, one))
    for one in manual:
        if one not in program:
            out.append("%s: '%s' is only in the manual" % (what, one))
        if manual.count(one) > 1:
            out.append("%s: '%s' is twice in the manual" % (what, one))


def compare_head(out, name, head, options):
    """The options in brackets are those of the list, with the same values."""
    seen = re.findall(r"\[(-[^]]*)\]", head)
    for option in options:
        value = option.rpartition(" ")[2] if not option.rpartition(
            " ")[2].startswith("-") else ""
        wanted = [("%s %s" % (n, value)).strip() for n in names(option)]
        if not any(w in seen for w in wanted):
            out.append("%s: '%s' is not in its first line" % (name, option))
        seen = [s for s in seen if s not in wanted]
    for one in seen:
        out.append("%s: '%s' is only in its first line" % (name, one))


def flags_in(item):
    """Options that the text names, by .Fl."""
    found = []
    for line in item.text:
        found += ["-" + f for f in re.findall(r"\bFl (-?[a-z][a-z-]*)", line)]
    for below in item.items:
        found += flags_in(below)
    return found


def compare_commands(out, facts, manual):
    items = {i.head.split()[0]: i for i in manual["COMMANDS"].items}
    differ(out, "commands", list(facts["commands"]),
           [i.head.split()[0] for i in manual["COMMANDS"].items])
    differ(out, "all commands", facts["global"],
           [i.head for i in manual["OPTIONS"].items])
    everywhere = sum(map(names, facts["global"]), [])
    for name, command in facts["commands"].items():
        if name not in items:
            continue
        item = items[name]
        listed = [i.head for i in item.items if i.head.startswith("-")]
        differ(out, name, command["options"], listed)
        compare_head(out, name, item.head, command["options"])
        if normal(operands(item.head)) != normal(command["operands"]):
            out.append("%s: takes '%s', in the manual '%s'" % (
                name, command["operands"], operands(item.head)))
        own = everywhere + sum(map(names, command["options"]), [])
        for flag in flags_in(item):
            if flag not in own:
                out.append("%s: the text names '%s'" % (name, flag))


def manual_fields(item, path=""):
    fields = {}
    for below in item.items:
        name, _, what = below.head.partition(" ")
        fields[path + name] = what.strip("()")
        fields.update(manual_fields(below, path + name + "."))
    return fields


def compare_json(out, facts, manual):
    documented = {}
    for item in manual["JSON OUTPUT"].items:
        for command in item.head.split(", "):
            documented[command] = manual_fields(item)
    a_key = {k: v for k, v in documented.get("keys", {}).items()
             if k.startswith("keys.")}
    if any("fields of a key above" in line for item in
           manual["JSON OUTPUT"].items for i in item.items for line in i.text):
        for field, what in a_key.items():
            documented.setdefault("import", {})["imported." + field[5:]] = what
    for command in sorted(set(facts["json"]) | set(documented)):
        seen = facts["json"].get(command, {})
        told = documented.get(command, {})
        differ(out, "JSON of %s" % command, list(seen), list(told))
        for field, kinds in seen.items():
            what = told.get(field, "").split(" or ")
            if field in told and not set(kinds) <= set(what):
                out.append("JSON of %s: '%s' is %s, in the manual %s" % (
                    command, field, " or ".join(kinds), told[field]))


def compare_lists(out, facts, manual):
    exits = [i.head for i in manual["EXIT STATUS"].items]
    differ(out, "exit status", facts["exit"], exits)
    for one in exits:
        if one not in facts["exit of err.h"]:
            out.append("exit status: '%s' is not in err.h" % one)
    differ(out, "findings", facts["findings"],
           [i.head for i in manual["Findings"].items])
    differ(out, "findings of an audit", facts["findings of an audit"],
           [re.sub(r" \(.*", "", i.head) for i in
            manual["Findings of an audit"].items])
    differ(out, "environment", facts["environment"],
           sum((i.head.split(", ") for i in manual["ENVIRONMENT"].items), []))


# ---- examples


def code_of(path):
    """Lines of code in mdoc or Markdown, continued ones joined."""
    text, lines = read(path), []
    if path.endswith(".md"):
        for block in re.findall(r"^```.*?\n(.*?)^```", text, re.M | re.S):
            lines += block.replace("\\\n", " ").splitlines()
        text = re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)
        for block in re.findall(r"^\n((?:    .*\n|\t.*\n)+)", text, re.M):
            lines += block.replace("\\\n", " ").splitlines()
        return lines + re.findall(r"`([^`\n]+)`", text)
    for block in re.findall(r"^\.Bd -literal.*?\n(.*?)^\.Ed", text,
                            re.M | re.S):
        lines += block.replace("\\e\n", " ").splitlines()
    return lines + re.findall(r"^\.Ql ((?:pemkeep|connect) .*)", text, re.M)


def calls_of(program, line):
    return re.findall(r"(?:^|[|;(]|\$ |&& )\s*(?:[A-Z_]+=\S* )*"
                      r"%s((?: +[^|;)&]*)?)" % program, line)


def compare_connect(out, facts, name, call):
    """Options up to the host; letters may stand together, and before a value."""
    everywhere = sum(map(names, facts["global"]), [])
    takes = dict.fromkeys(everywhere, False)
    takes.update((o.split()[0], " " in o)
                 for o in facts["commands"]["connect"]["options"])
    words = call.split()
    while words and words[0].startswith("-") and words[0] not in ("-", "--"):
        word = words.pop(0)
        if word.startswith("--"):
            if word not in takes:
                out.append("%s: 'connect%s': there is no option '%s'" % (
                    name, call.rstrip(), word))
            elif takes[word]:
                words = words[1:]
            continue
        for i, letter in enumerate(word[1:], 2):
            if "-" + letter not in takes:
                out.append("%s: 'connect%s': there is no option '-%s'" % (
                    name, call.rstrip(), letter))
            elif takes["-" + letter]:
                value = word[i:] or (words.pop(0) if words else "")
                key = value.partition("=")[0]
                if letter == "o" and key not in facts["keys of -o"]:
                    out.append("%s: 'connect%s': -o has no '%s'" % (
                        name, call.rstrip(), key))
                break


def compare_code(out, facts, path):
    for line in code_of(path):
        line = line.split(" # ")[0]
        for call in calls_of("connect", line):
            compare_connect(out, facts, os.path.basename(path), call)
        for call in calls_of("pemkeep", line):
            if call.split()[:1] == ["connect"]:
                compare_connect(out, facts, os.path.basename(path),
                                call.partition("connect")[2])
                continue
            words = re.split(r"[ ]+", re.sub(r"'[^']*'|\d?[<>].*", "",
                                             call).strip())
            bare = [w for w in words if re.fullmatch(r"[a-z][a-z-]*", w)]
            flags = [w.partition("=")[0] for w in words
                     if re.match(r"-", w) and w != "--"]
            known = sum(map(names, facts["global"]), [])
            if bare and words[0] == bare[0]:
                if bare[0] not in facts["commands"]:
                    out.append("%s: there is no command '%s'" % (
                        os.path.basename(path), bare[0]))
                    continue
                known += sum(map(
                    names, facts["commands"][bare[0]]["options"]), [])
            for flag in flags:
                if flag not in known:
                    out.append("%s: 'pemkeep%s': there is no option '%s'" % (
                        os.path.basename(path), call.rstrip(), flag))


# ---- the README and the source tree


def rows_of(text):
    """The first column of the table of folders."""
    part = re.search(r"^\| folder .*\n\|.*\n((?:\|.*\n)+)", text, re.M)
    return re.findall(r"^\| `([^`]*)`", part.group(1) if part else "", re.M)


def house(source, path):
    text, out = read(path), []
    folders = [f[len(source) + 1:] + "/" for f in
               [source + "/vault", source + "/include/pemkeep",
                source + "/tests", source + "/man",
                *sorted(glob.glob(source + "/src/*"))] if os.path.isdir(f)]
    rows = rows_of(text)
    for folder in folders:
        if folder not in rows:
            out.append("the map: '%s' is missing" % folder)
    for row in rows:
        if row not in folders:
            out.append("the map: there is no '%s'" % row)
    makefile = read(source + "/Makefile")
    calls = re.findall(r"^ +(?:\$ )?make(?: ([a-z][a-z-]*))?", text, re.M)
    calls += re.findall(r"`make ([a-z][a-z-]*)", text)
    for target in filter(None, calls):
        if not re.search(r"^[a-z -]*\b%s\b[a-z -]*:" % re.escape(target), makefile,
                         re.M):
            out.append("there is no 'make %s'" % target)
    if calls[:2] != ["demo", "check"]:
        out.append("the first commands are not 'make demo' and 'make check'")
    here = r"(?:src|tests|man|vault|include)/[\w./-]*|[A-Z]\w+\.md|Makefile"
    for name in re.findall(r"\]\(([^)#:]+)\)", text) + re.findall(
            r"`(%s)`" % here, text):
        if name not in rows and not os.path.exists(
                os.path.join(source, name)):
            out.append("there is no '%s'" % name)
    pages = re.findall(r"\bman (?:\./man/)?([a-z-]+)(?:\.\d)?\b[`,]", text)
    for page in pages:
        if not glob.glob("%s/man/%s.[1-9]" % (source, page)):
            out.append("there is no manual '%s'" % page)
    print("\n".join(out), end="\n" if out else "")
    sys.exit(1 if out else 0)


def compare(facts_file, page, *others):
    facts, out = json.loads(read(facts_file)), []
    manual = parse_manual(page)
    compare_commands(out, facts, manual)
    compare_json(out, facts, manual)
    compare_lists(out, facts, manual)
    for path in (page, *others):
        compare_code(out, facts, path)
    print("\n".join(out), end="\n" if out else "")
    sys.exit(1 if out else 0)


if __name__ == "__main__":
    if sys.argv[1:2] == ["observe"] and len(sys.argv) == 5:
        observe(*sys.argv[2:])
    elif sys.argv[1:2] == ["compare"] and len(sys.argv) >= 4:
        compare(*sys.argv[2:])
    elif sys.argv[1:2] == ["house"] and len(sys.argv) == 4:
        house(*sys.argv[2:])
    else:
        sys.exit(__doc__)
