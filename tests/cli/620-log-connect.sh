#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Goal of this test: each session stands in the log with where, as whom and with
# which keys it was opened, and how it ended: by itself, by a signal, by the
# network, by us; no log and no two sessions at once keep one from its work; and
# 'log' finds what somebody looks for, and shows it safely.

. "$SRC/tests/cli/lib.sh"
# shellcheck source=tests/cloud/lib.sh
. "$SRC/tests/cloud/lib.sh"
# shellcheck source=tests/tools/sshd.sh
. "$SRC/tests/tools/sshd.sh"

log=$state/log
key ed25519 ed
sshd_start || fail 'sshd' "$(cat "$D/log")"
host=ubuntu@127.0.0.1
print=$(ssh-keygen -lf ed.pub | cut -d ' ' -f 2)

# seen N FIELD...: of the Nth entry from the end, with '|' between
seen()
{
	pk log --json >j && json j "'|'.join(str(j['events'][-$1][k]) for k in
	    '${*:2}'.split())"
}
# events [OPTION...]: what 'log' with these options shows
events()
{
	pk log --json "$@" >j && json j "' '.join(i['event'] for i in j['events'])"
}
sessions()
{
	[ ! -e "$log" ] || grep -c '"event":"disconnect"' "$log"
}
# soon N: so many sessions are over, and that is written
soon()
{
	local i
	for ((i = 0; i < 200; i++)); do
		[ "$(sessions)" != "$1" ] || return 0
		sleep 0.05
	done
	echo "$(sessions) sessions have ended, not $1"
	return 1
}
# begun FILE: a session is in a command that has written something there
begun()
{
	local i
	for ((i = 0; i < 200; i++)); do
		[ ! -s "$1" ] || return 0
		sleep 0.05
	done
	echo "nothing in $1"
	return 1
}

# A static host.
host_print=$(ssh-keygen -lf "$D/host_ed25519.pub" | cut -d ' ' -f 2)
check 'a command' expect_status 7 connect -i ed $host \
    'cat; echo 123456789 >&2; exit 7' < <(head -c 100000 /dev/zero)
check 'a command: nothing else was said' equals "$(err)" 123456789
check 'it opened and ended' equals "$(events)" 'connect disconnect'
for n in 2 1; do
	check "entry $n: where, as whom, with which keys" equals \
	    "$(seen $n host instance address port user key host_key program)" \
	    "127.0.0.1|None|127.0.0.1|$PORT|ubuntu|$print|$host_print|connect"
done
check 'opened: nothing of an end' equals \
    "$(seen 2 start seconds status signal bytes_in bytes_out detail)" \
    'None|None|None|None|None|None|None'
check 'ended: by itself' equals "$(seen 1 status signal detail)" '7|None|None'
check 'ended: the bytes each way' equals "$(seen 1 bytes_in bytes_out)" \
    '100010|100000'
check 'ended: it began when it was opened' equals "$(seen 1 start pid)" \
    "$(seen 2 time pid)"
check 'ended: for how long' matches "$(seen 1 seconds)" '^[0-9][0-9]*$'
check 'the time is that of the clock' "$PYTHON" -c 'import calendar, sys, time
at = time.strptime(sys.argv[1], "%Y-%m-%dT%H:%M:%SZ")
assert abs(time.time() - calendar.timegm(at)) < 100' "$(seen 2 time)"
mode_is 0600 "$log" "$log.head"

# Other ends.
check 'exit 0' expect_status 0 connect -i ed $host true
check 'exit 0: is not "unknown"' equals "$(seen 1 event status signal)" \
    'disconnect|0|None'
check 'killed there' expect_status 137 connect -i ed $host 'kill -9 $$'
check 'killed there: the signal' equals "$(seen 1 event status signal detail)" \
    'disconnect|None|KILL|None'
check 'exit 137' expect_status 137 connect -i ed $host 'exit 137'
check 'exit 137: is no signal' equals "$(seen 1 event status signal)" \
    'disconnect|137|None'
connect -i ed $host yes 2>/dev/null | head -n 1 >/dev/null
check 'nobody reads the output' equals "$(seen 1 event status detail)" \
    'disconnect|None|nobody reads the output'
check 'input that is more than the command reads' expect_status 3 \
    connect -i ed $host 'exit 3' </dev/zero
check 'input that is more: it ended all the same' equals \
    "$(seen 1 event status)" 'disconnect|3'

# A session that is ended from here; the command stays until the test is over.
stays="while [ -e '$TMP/here' ]; do sleep 0.1; done"
for signal in TERM HUP INT; do
	was=$(sessions)
	rm -f "$TMP/here"
	env --default-signal=INT "$TMP/connect" -n \
	    -o "UserKnownHostsFile=$known" -p "$PORT" -i ed $host \
	    "echo x >'$TMP/here'; echo there; $stays" >/dev/null 2>said &
	client=$!
	check "SIG$signal here: there is a session" begun "$TMP/here"
	kill -$signal $client
	wait $client
	check "SIG$signal here: its end is logged" soon $((was + 1))
	check "SIG$signal here: so" matches \
	    "$(seen 1 event pid status signal detail)" \
	    "^disconnect\|$client\|None\|None\|ended by signal [0-9]+$"
	check "SIG$signal here: with what came before" matches \
	    "$(seen 1 bytes_in)" '^[06]$'
done
rm -f "$TMP/here"
connect -n -i ed $host "echo x >'$TMP/here'; $stays" >/dev/null 2>&1 &
client=$!
check 'SIGKILL here: there is a session' begun "$TMP/here"
program_pid=$(seen 1 pid)
kill -KILL "$program_pid"
wait $client 2>/dev/null
check 'SIGKILL here: that it was opened stays' equals "$(seen 1 event pid)" \
    "connect|$program_pid"
check 'SIGKILL here: the log is sound' expect_status 0 pk log --verify

# A session whose connection breaks.
was=$(sessions)
rm -f "$TMP/here"
connect -n -i ed $host "echo x >'$TMP/here'; $stays" >/dev/null 2>said &
client=$!
check 'the server is gone: there is a session' begun "$TMP/here"
sshd_stop
wait $client
check 'the server is gone: connect failed' equals $? 255
check 'the server is gone: that is logged' soon $((was + 1))
check 'the server is gone: as connect said it' contains "pemkeep: $(seen 1 detail)" \
    "$(head -n 1 said)"
check 'the server is gone: no status' equals "$(seen 1 event status signal)" \
    'disconnect|None|None'
sshd_start || fail 'sshd again' "$(cat "$D/log")"
was=$(wc -l <"$log")
ssh-keygen -q -t ed25519 -N '' -f stranger
check 'no login' expect_status 255 connect -i stranger $host true
check 'no login: no session' equals "$(wc -l <"$log")" "$was"

# In the background: the one that lives on writes.
was=$(sessions)
check '-f' expect_status 0 connect -f -i ed $host \
    "while [ ! -e '$TMP/go' ]; do sleep 0.1; done"
was_open()
{
	local i
	for ((i = 0; i < 200; i++)); do
		[ "$(seen 1 event)" != connect ] || return 0
		sleep 0.05
	done
	return 1
}
check '-f: it is open, which the one that lives on says' was_open
touch go
check '-f: its end is logged' soon $((was + 1))
check '-f: so' equals "$(seen 1 event status pid)" \
    "disconnect|0|$(seen 2 pid)"

# Many at once.
was=$(sessions)
for i in 1 2 3 4 5 6; do
	connect -n -i ed $host "exit $i" &
done
wait
check 'six at once: all are logged' equals "$(sessions)" $((was + 6))
check 'six at once: the log is sound' expect_status 0 pk log --verify
pk log --json >j
check 'six at once: each with its own' equals "$(json j 'sorted(
    i["status"] for i in [i for i in j["events"]
        if i["event"] == "disconnect"][-6:])')" $'1\n2\n3\n4\n5\n6'

# A session does not depend on the log.
mv "$log" aside
mkdir "$log"
check 'no log can be written: the session' expect_status 5 \
    connect -i ed $host 'echo works; exit 5'
check 'no log can be written: works' equals "$(out)" works
check 'no log can be written: is said once' equals \
    "$(grep -c 'this is not logged' "$TMP/.err")" 1
rmdir "$log"
mv aside "$log"
check 'a folder that cannot be written' expect_status 5 env \
    "XDG_STATE_HOME=/proc/nowhere" "$TMP/connect" -o "UserKnownHostsFile=$known" \
    -p "$PORT" -i ed $host 'exit 5'
check 'a folder that cannot be written: is said once' equals \
    "$(grep -c 'this is not logged' "$TMP/.err")" 1

# An instance.
cloud_start pending=0.2 || done_testing
cloud_account main eu-west-1
cloud_key main/eu-west-1 web >/dev/null
cloud_instance main/eu-west-1 '웹 서버' key=web
export AWS_PROFILE=main
new_vault
check 'the key is taken in' expect_status 0 pk -q import "$TMP/web" "$TMP/ed"
web=$(ssh-keygen -lf web.pub | cut -d ' ' -f 2)
check 'an instance' expect_status 0 "$TMP/connect" '웹 서버' whoami
check 'an instance: the vault, too, writes into it' equals "$(events)" \
    'init import import sign connect disconnect'
for n in 2 1; do
	check "an instance, entry $n" equals \
	    "$(seen $n host instance address port user key)" \
	    "웹 서버|$ID|$PUBLIC|$CLOUD_PORT|ubuntu|$web"
done
check 'an instance: the host key is the one that was proven' contains \
    "$(cut -d ' ' -f 2,3 "$state/known_hosts" | ssh-keygen -lf -)" \
    "$(seen 1 host_key)"
check 'by its id: the name is the same' expect_status 0 "$TMP/connect" "$ID" true
check 'by its id: the name is the same: it is' equals "$(seen 1 host instance)" \
    "웹 서버|$ID"
pk -q add static 127.0.0.1 --user ubuntu --port "$PORT" --key ed
check 'a host of the hosts file' expect_status 4 "$TMP/connect" \
    -o "UserKnownHostsFile=$known" static 'exit 4'
check 'a host of the hosts file: its name' equals "$(seen 1 host address status)" \
    'static|127.0.0.1|4'

# For people.
check 'log' expect_status 0 pk log
check 'log: opened' matches "$(out)" \
    " connect +ubuntu@웹 서버 +${web//+/[+]} +connect\[[0-9]+\] +$ID, $PUBLIC, port $CLOUD_PORT, host key SHA256:"
check 'log: ended' matches "$(out)" \
    ' disconnect +ubuntu@static .* exit 4, [0-9]+ s, 0 bytes in, 0 bytes out$'
check 'log: columns line up, whatever the script' "$PYTHON" -c 'import sys, unicodedata
wide = lambda s: sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in s)
lines = open(sys.argv[1], encoding="utf-8").read().splitlines()
at = {wide(line[:line.index("SHA256:")]) for line in lines if " connect " in line
    or "disconnect" in line}
assert at == {lines[0].index("KEY")}, at' "$TMP/.out"

# What somebody looks for.
both='connect disconnect'
check '--host: a name' equals "$(events --host static)" "$both"
check '--host: an instance' equals "$(events --host "$ID")" "$both $both"
check '--host: its address' equals "$(events --host "$PUBLIC")" "$both $both"
check '--host: its name' equals "$(events --host '웹 서버')" "$both $both"
check '--host: its name, decomposed as macOS has it' equals "$(events --host \
    "$("$PYTHON" -c 'import unicodedata
print(unicodedata.normalize("NFD", "웹 서버"))')")" "$both $both"
check '--host: a pattern' equals "$(events --host '웹*')" "$both $both"
check '--host: nothing fits' equals "$(events --host stat)" ''
check '--key: a name' equals "$(events --key web)" \
    "import sign $both sign $both"
check '--key: a fingerprint' equals "$(events --key "$web")" \
    "import sign $both sign $both"
check '--key: of a host' equals "$(events --key "$host_print")" "$both"
check 'both' equals "$(events --host static --key web)" ''
check 'both fit' equals "$(events --host static --key ed)" "$both"
check '--since: the last hour' equals "$(events --since 1h --host static)" "$both"
check '--since: a time to come' equals "$(events --since 2199-01-01)" ''
check '--since: a day' equals "$(events --since 2026-01-01 --host static)" "$both"
check '--since: another zone' equals \
    "$(events --since 2026-01-01T00:00:00+09:00 --host static)" "$both"
check '--since: the second itself counts' equals \
    "$(events --since "$(seen 2 time)" --host static)" "$both"
check '--since: nothing older' equals "$("$PYTHON" - "$log" <<'END'
import sys, json
lines = [json.loads(line) for line in open(sys.argv[1])]
print(sum(i["time"] >= lines[-1]["time"] for i in lines))
END
)" "$(events --since "$(seen 1 time)" | wc -w)"
check 'nothing fits' expect_status 0 pk log --host nobody
check 'nothing fits: nothing is printed' equals "$(out)" ''
check 'nothing fits: says so' contains "$(err)" 'No entry fits'
check 'with --verify' expect_status 0 pk log --verify --host static
check 'with --verify: both' equals "$(out | wc -l) $(err)" \
    "3 The log is sound: $(wc -l <"$log") entries in '$log'."
for wrong in '' 0 -1h 1y yesterday 2026-13-01 2026-02-30T00:00:00Z 2026-01-01T \
    '2026-01-01 00:00' 99999999999999999999h; do
	check "--since '$wrong'" refused 2 -- pk log "--since=$wrong"
done
check '--since: says what is good' contains "$(err)" '2026-11-21'
check '--host: empty' refused 2 -- pk log --host=
check '--key: empty' refused 2 -- pk log --key=
check '--key: a name that no key has' refused 4 "'nobody'" -- pk log --key nobody
pk -q lock
check '--key: a name, with the vault locked' refused 3 locked unlock -- \
    pk log --key web
check '--key: a fingerprint, with the vault locked' equals \
    "$(events --key "$web" --host static)" ''
pk -q agent --stop
check '--key: a name, without an agent' refused 3 locked unlock -- \
    pk log --key web
check '--key: no agent was started for that' expect_status 4 pk agent --status

# Whatever a name is.
cloud_instance main/eu-west-1 $'a\u202e\u9b2J' key=web
check 'an odd name' expect_status 0 "$TMP/connect" "$ID" true
check 'an odd name: is kept as it is' equals "$(seen 1 host)" \
    $'a\u202e\u9b2J'
check 'an odd name: log' expect_status 0 pk log
check 'an odd name: nothing that a terminal obeys' safe "$TMP/.out" "$log"
check 'an odd name: is found' equals "$(events --host $'a\u202e*')" "$both"
long=$(printf '한%.0s' {1..80})
cloud_instance main/eu-west-1 "$long" key=web
check 'a long name' expect_status 0 "$TMP/connect" "$long" true
check 'a long name: its beginning, in whole characters' equals "$(seen 1 host)" \
    "${long:0:42}"
check 'a long name: is found' equals "$(events --host "$long")" "$both"
check 'a long name: but no shorter one' equals "$(events --host "${long:0:41}")" ''

# What else is done to instances, and to what an audit finds.
check 'launch' expect_status 0 pk -qy launch fresh --image ubuntu-24.04
check 'launch: is logged' matches "$(seen 1 event host instance address detail)" \
    '^launch\|fresh\|i-[0-9a-f]{17}\|127\.[0-9.]+\|main/eu-west-1$'
cloud_ctl fault status status=500 code=InternalError action=AllocateAddress times=0
check 'a launch that fails' expect_status 1 pk -qy launch half --image ubuntu-24.04
check 'a launch that fails: is logged with the reason' matches \
    "$(seen 1 event host instance address detail)" \
    '^launch\|half\|i-[0-9a-f]{17}\|None\|main/eu-west-1: AllocateAddress'
cloud_ctl clear
check 'undone' expect_status 0 pk -qy launch --undo half
check 'undone: is logged' matches "$(seen 1 event host detail)" \
    '^launch\|half\|main/eu-west-1: undone$'
check 'allow' expect_status 0 pk -qy allow fresh --port 8080 --cidr 192.0.2.7/32
check 'allow: is logged' equals "$(seen 1 event host address port)" \
    'allow|fresh|192.0.2.7/32|8080'
check 'revoke' expect_status 0 pk -qy allow fresh --port 8080 \
    --cidr 192.0.2.7/32 --revoke
check 'revoke: is logged' equals "$(seen 1 event host address port)" \
    'revoke|fresh|192.0.2.7/32|8080'
check '--host: the address that was let in' equals \
    "$(events --host 192.0.2.7)" 'allow revoke'
check 'terminate' expect_status 0 pk -qy terminate fresh
check '--host: all that was done with an instance' equals \
    "$(events --host fresh)" 'launch allow revoke terminate'
mkdir found
ssh-keygen -q -t ed25519 -N '' -f found/loose
chmod 644 found/loose
pk -q audit --offline --fix --no-input "$TMP/found" >/dev/null 2>&1
mode_is 0400 found/loose
check 'audit --fix: is logged' equals "$(seen 1 event detail)" \
    "audit-fix|mode was 0644, is 0400: $TMP/found/loose"
check 'the log is sound' expect_status 0 pk log --verify
done_testing
