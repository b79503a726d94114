#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Goal of this test: passphrases come from a descriptor, a file that nobody else can
# read, or the terminal, and from nowhere else; no secret is in an argument, in the
# environment or in any file in clear, nor in the process of a command; what has
# one is not dumpable and leaves no core; no shell is run.

. "$SRC/tests/cli/lib.sh"
ways alone started locked

KEY_PASS='a passphrase of the key'
for name in one two; do
	ssh-keygen -q -t ed25519 -N '' -f $name
done
for name in locked locked2; do
	ssh-keygen -q -t ed25519 -a 4 -N "$KEY_PASS" -f $name
done
new_vault
pk -q import one >/dev/null
keep start

# --passphrase-fd
unset PEMKEEP_PASSPHRASE_FILE
check 'descriptor' expect_status 0 with "$PASS" -- pk9 keys
check 'descriptor: --passphrase-fd=9' expect_status 0 \
    with "$PASS" -- pk keys --passphrase-fd=9
check 'descriptor: standard input' expect_status 0 \
    bash -c 'echo "$2" | "$1" keys --passphrase-fd 0' - "$PEMKEEP" "$PASS"
check 'descriptor: no line feed at the end' expect_status 0 \
    bash -c 'printf %s "$2" | "$1" keys --passphrase-fd 0' - "$PEMKEEP" "$PASS"
check 'descriptor: the vault first, then the key' expect_status 0 \
    with "$PASS" "$KEY_PASS" 'not read' -- pk9 import locked
check 'descriptor: one line for two keys of one passphrase' expect_status 0 \
    with "$PASS" "$KEY_PASS" -- pk9 import locked locked2
check 'descriptor: the other order is wrong' refused 3 'wrong passphrase' -- \
    with "$KEY_PASS" "$PASS" -- pk9 import locked
check 'descriptor: empty' refused 3 'descriptor 9' -- pk keys --passphrase-fd 9 \
    9</dev/null
check 'descriptor: an empty line' refused 3 'empty' -- with '' -- pk9 keys
check 'descriptor: not open' refused 2 '--passphrase-fd 9' -- pk9 keys
check 'descriptor: not for reading' refused 3 'descriptor 9' -- \
    bash -c 'exec "$1" keys --passphrase-fd 9 9>fd9' - "$PEMKEEP"
check 'descriptor: a folder' refused 3 'descriptor 9' -- \
    bash -c 'exec "$1" keys --passphrase-fd 9 9<.' - "$PEMKEEP"
for wrong in nine -1 '' 9x 99999999999 2147483648 1.5; do
	check "descriptor '$wrong'" refused 2 --passphrase-fd -- \
	    pk keys "--passphrase-fd=$wrong"
done
check 'descriptor: goes before the file' refused 3 'wrong passphrase' -- \
    with wrong -- env PEMKEEP_PASSPHRASE_FILE="$PASS_FILE" "$PEMKEEP" keys \
    --passphrase-fd 9
check 'descriptor: a wrong one is not followed by a question' refused 3 \
    'wrong passphrase' -- with wrong "$PASS" -- pk9 keys

# PEMKEEP_PASSPHRASE_FILE
file()
{
	PEMKEEP_PASSPHRASE_FILE=$1 "$PEMKEEP" "${@:2}"
}
check 'file' expect_status 0 file "$PASS_FILE" keys
printf '%s\nanother\n' "$PASS" >lines
chmod 600 lines
check 'file: the first line counts' expect_status 0 file lines keys
printf '%s' "$PASS" >unended
chmod 600 unended
check 'file: without a line feed' expect_status 0 file unended keys
ln -s "$PASS_FILE" link
check 'file: by a link' expect_status 0 file link keys
for mode in 440 404 640 604 602 610 644; do
	cp "$PASS_FILE" open
	chmod $mode open
	check "file: mode $mode" refused 7 "'open'" 'only you' \
	    "hint: chmod 400 'open'" -- file open keys
	check "file: mode $mode: left so" mode_is 0$mode open
	rm open
done
: >empty
chmod 400 empty
check 'file: empty' refused 3 "'empty'" -- file empty keys
check 'file: missing' refused 3 "'none'" 'No such file' -- file none keys
mkdir -m 700 folder
check 'file: a folder' refused 7 "'folder'" -- file folder keys
mkfifo -m 600 fifo
check 'file: a FIFO' refused 7 "'fifo'" -- timeout 5 env \
    PEMKEEP_PASSPHRASE_FILE=fifo "$PEMKEEP" keys
check 'file: an empty variable is none' refused 3 'no terminal' -- file '' keys
back start
check 'file: not for keys' refused 3 "'locked'" 'no terminal' -- \
    file "$PASS_FILE" import locked
if [ "$(id -u)" = 0 ] && cp "$PASS_FILE" theirs && chown 65534 theirs 2>/dev/null
then
	check "file: another one's" refused 7 "'theirs'" -- file theirs keys
else
	skip "file: another one's" 'needs root'
fi

# Neither.
check 'none' refused 3 'no terminal' 'hint: use --passphrase-fd' -- pk keys
check '--no-input' refused 3 'a passphrase is needed' -- pk keys --no-input
check 'not by the environment' refused 3 'a passphrase is needed' -- \
    env PEMKEEP_PASSPHRASE="$PASS" PASSPHRASE="$PASS" "$PEMKEEP" keys
check 'not by an option' refused 2 'unknown option' -- \
    pk keys --passphrase "$PASS"
check 'not by an option: nor is it repeated' lacks "$(err)" "$PASS"
check 'not from standard input' expect_status 3 \
    bash -c 'echo "$2" | "$1" keys' - "$PEMKEEP" "$PASS"

# A vault that is open needs none; what is wrong with the file is said all the same.
if [ "$WAY" = locked ]; then
	back start
	cp "$PASS_FILE" open
	chmod 640 open
	"$program" -q --passphrase-fd 9 unlock 9<"$PASS_FILE"
	check 'file: not needed' expect_status 0 \
	    env PEMKEEP_PASSPHRASE_FILE="$PASS_FILE" "$program" --no-input keys
	check 'file: not needed: no word' equals "$(said)" ''
	check 'file: not needed, others can read it' expect_status 0 \
	    env PEMKEEP_PASSPHRASE_FILE=open "$program" --no-input keys
	check 'file: not needed, others can read it: said, once' equals "$(said)" \
	    "pemkeep: warning: PEMKEEP_PASSPHRASE_FILE 'open' must be a file that only you can read
hint: chmod 400 'open'"
	check 'file: not needed, missing' expect_status 0 \
	    env PEMKEEP_PASSPHRASE_FILE=none "$program" --no-input keys
	check 'file: not needed, missing: said' contains "$(said)" warning "'none'" \
	    'No such file'
	check 'file: not needed, a FIFO' expect_status 0 timeout 5 \
	    env PEMKEEP_PASSPHRASE_FILE=fifo "$program" --no-input keys
	check 'file: not needed, a FIFO: said' contains "$(said)" warning "'fifo'"
	check 'file: not needed, a descriptor goes before' expect_status 0 with \
	    "$PASS" -- env PEMKEEP_PASSPHRASE_FILE=open "$program" keys \
	    --passphrase-fd 9
	check 'file: not needed, a descriptor goes before: no word' \
	    equals "$(said)" ''
	rm open
fi

# What a whole run reads, writes and starts.
hex()
{
	od -An -v -tx1 | tr -d ' \n' && echo
}
# Secrets: both passphrases; the key's 32 bytes; lines of base64 in its file, as it
# is, and as it would be without its passphrase.
secrets()
{
	printf '%s' "$PASS" | hex
	printf '%s' "$NEW" | hex
	printf '%s' "$KEY_PASS" | hex
	for file in locked one; do
		rm -f clear
		cp $file clear
		chmod 600 clear
		ssh-keygen -q -p -P "$KEY_PASS" -N '' -f clear >/dev/null 2>&1
		sed '1d;$d' clear | base64 -d | "$PYTHON" -c 'import sys
data = sys.stdin.buffer.read()
at = data.rindex(b"\0\0\0\x40") + 4
print(data[at:at + 32].hex())'
		for lines in $file clear; do
			# The first and the last line hold public facts, too.
			sed '1,4d;$d' $lines | while read -r line; do
				printf '%s' "$line" | hex
			done
		done
	done
	rm -f clear
}
NEW='another good one'
secrets >needles
check 'secrets: they are known' test "$(grep -cE '^[0-9a-f]{20,}$' needles)" -ge 8
mkdir evil
for tool in ssh-keygen sh bash askpass; do
	printf '#!/bin/sh\ntouch "%s/was-run"\n' "$TMP" >evil/$tool
	chmod 755 evil/$tool
done
# What is not dumpable can be read by root only, or by its like in a namespace.
inside=()
[ "$(id -u)" = 0 ] || inside=(unshare -Ur)
way=()
[ "$WAY" != alone ] || way=(--no-agent)
# traced TRACE ARGUMENT...
traced()
{
	# LeakSanitizer cannot run under ptrace.
	PATH=$TMP/evil:$PATH SSH_ASKPASS=$TMP/evil/askpass DISPLAY=:9 \
	    SHELL=$TMP/evil/sh ASAN_OPTIONS=detect_leaks=0 \
	    "${inside[@]}" strace -f -v -yy -xx -s 1000000 -o "$1" -e \
	    trace=execve,clone,clone3,fork,vfork,prctl,prlimit64,setrlimit,mmap,read,pread64,readv,preadv,preadv2,recvfrom,recvmsg,recvmmsg,write,pwrite64,writev,pwritev,pwritev2,sendto,sendmsg,sendmmsg,sendfile,splice,tee,vmsplice,copy_file_range,process_vm_readv,process_vm_writev,ptrace \
	    "$program" "${way[@]}" --passphrase-fd 9 "${@:2}"
}
written()
{
	"$PYTHON" "$SRC/tests/tools/written.py" needles "$@"
}
keygen=$(command -v ssh-keygen)
here=$(pwd -P)
# What may be seen in TRACE: secrets between our processes only, through pipes,
# Unix sockets and ssh-keygen's file in memory; what else stands in $expected.
harmless()
{
	grep -vE -e '^started (command|agent|ask|read-key|make-key|answer)$' \
	    -e '^(read|write) (agent|ask|read-key|answer) (pipe|socket)$' \
	    -e '^(read|write) read-key memfd$' \
	    -e "^(read|write) $keygen (pipe|memfd)$" -e "^started $keygen$" "$1" |
	    grep -vxF "${expected-}"
	true
}
# run LINE ARGUMENT...: this line follows the vault's passphrase
run()
{
	local what="a run: ${*:2}"
	check "$what" expect_status 0 with "$PASS" "$1" -- traced trace "${@:2}"
	check "$what: the trace can be read" expect_status 0 written trace
	out >where
	check "$what: no secret elsewhere, no other program" \
	    equals "$(harmless where)" ''
	check "$what: the command has none" \
	    equals "$(grep -E '^(read|write|given|exposed) command' where)" ''
	check "$what: who asks has one" contains "$(cat where)" \
	    'read ask pipe' 'write ask socket'
}

if [ "$WAY" = locked ]; then
	: # as "started", but for the order
elif ! "${inside[@]}" strace -f -o /dev/null true 2>/dev/null; then
	skip 'what a run writes and starts' 'no strace here, or no rights for it'
else
	export PEMKEEP_PASSPHRASE_FILE=$PASS_FILE
	stop_agent
	back start
	unset PEMKEEP_PASSPHRASE_FILE
	agent=
	if [ "$WAY" = started ]; then
		# The agent is traced from its start to its end.
		with "$PASS" -- traced agent.trace keys >agent.out 2>&1 &
		agent=$!
		for _ in {1..100}; do
			"$program" agent --status >/dev/null && break
			sleep 0.1
		done
		check 'a run: the agent is there' expect_status 0 \
		    "$program" agent --status
	fi
	mkdir box
	cp one box/uno
	children=('import locked' 'import --move box' 'generate new')
	# What starts in an environment of our making cannot be told to do without.
	! grep -q __asan_init "$program" || {
		skip 'a run: import and generate' \
		    'LeakSanitizer fails under ptrace'
		children=()
	}
	for command in "${children[@]}" 'rename one uno' 'keys --json' \
	    'export uno --public' 'export uno -o out' check lock unlock \
	    'remove -y uno' passwd; do
		second=$NEW
		[ "$command" != 'import locked' ] || second=$KEY_PASS
		expected=
		# The agent's part is in its own trace.
		[ "$WAY" = started ] || case $command in
		*locked) expected=$(printf '%s\n' \
		    "read "{agent,read-key}" $here/locked") ;;
		*box) expected=$(printf '%s\n' \
		    "read "{agent,read-key}" $here/box/uno") ;;
		*out) expected="write agent $here/out" ;;
		esac
		case $WAY,$command in
		alone,*lock) continue ;;
		*,lock)
			"$program" -q lock
			continue
			;;
		esac
		# shellcheck disable=SC2086 # words
		run "$second" $command
		[ "$WAY,$command" != 'alone,import locked' ] ||
		    check 'a run: import: what is looked for is found' \
		    contains "$(cat where)" 'read agent socket' \
		    'write agent pipe' 'read read-key pipe' \
		    'write read-key memfd' 'read answer pipe' \
		    'write answer pipe' "started $keygen"
	done
	check 'a run: nothing that PATH, SHELL or SSH_ASKPASS name' \
	    test ! -e was-run
	[ ${#children[@]} = 0 ] ||
	    check 'a run: the key was moved' test ! -e box/uno
	if [ "$WAY" = started ]; then
		stop_agent
		wait $agent
		expected=$(printf '%s\n' \
		    "read "{agent,read-key}" $here/"{locked,box/uno} \
		    "write agent $here/out")
		check 'a run: the agent: the trace can be read' \
		    expect_status 0 written agent.trace
		out >where
		check 'a run: the agent: no secret elsewhere, no other program' \
		    equals "$(harmless where)" ''
		check 'a run: the agent: it had them, and was not exposed' \
		    contains "$(cat where)" 'read agent socket' \
		    "write agent $here/out"
		[ ${#children[@]} = 0 ] ||
		    check 'a run: the agent: so had what it starts' \
		    contains "$(cat where)" 'started make-key' \
		    "read read-key $here/box/uno" 'read answer pipe'
	fi
fi
check 'on the disk: no secret in clear' equals "$("$PYTHON" -c '
import os, sys
needles = [bytes.fromhex(n) for n in open("needles").read().split()]
for top in sys.argv[1:]:
    for folder, _, files in os.walk(top):
        for name in files:
            path = os.path.join(folder, name)
            if os.path.isfile(path) and \
               any(n in open(path, "rb").read() for n in needles):
                print(name)' "$data" "$state" "$XDG_RUNTIME_DIR" 2>&1)" ''


# The processes themselves, while a passphrase is waited for.
crash()
{
	mkfifo "$theirs/pipe"
	[ "$(id -u)" != 0 ] || chown 65534 "$theirs/pipe"
	cat >"$theirs/crash" <<-'END'
	ulimit -c unlimited 2>/dev/null
	exec "$PWD/pemkeep" "$@" keys --passphrase-fd 9 9<pipe
	END
	as_someone bash crash "${way[@]}" >crash.out 2>&1 &
	shell=$!
	exec 8>"$theirs/pipe"
	asker=
	for _ in {1..100}; do
		command=$(pgrep -P $shell -x pemkeep || echo $shell)
		asker=$(pgrep -P "$command" -f '^pemkeep \(ask\)') &&
		    keeper=$(pgrep -P "$command" -f '^pemkeep \(agent\)') &&
		    [ "$(stat -c %u /proc/"$asker"/maps 2>/dev/null)" = 0 ] &&
		    break
		sleep 0.1
	done
}
# closed NAME PID: it has made itself so
closed()
{
	if [ "$(awk '{ print $1; exit }' /proc/self/uid_map)" != 0 ]
	then
		skip "$1: not dumpable" 'no root in this namespace'
	else
		check "$1: its files in /proc are not its own" \
		    equals "$(stat -c %u /proc/"$2"/maps)" 0
	fi
	for file in mem environ maps auxv; do
		check "$1: the same user cannot read its $file" \
		    expect_status 1 as_someone head -c 1 "/proc/$2/$file"
	done
	check "$1: no core" contains "$(cat "/proc/$2/limits")" \
	    'Max core file size        0                    0 '
}
# ended NAME PID WANTED: as by a crash
ended()
{
	kill -ABRT "$2"
	(echo "$PASS" >&8) 2>/dev/null # nobody may be there to read it
	exec 8>&-
	wait $shell
	check "$1 crashes: the command says so" equals $? 1
	check "$1 crashes: what it says" matches "$(cat crash.out)" "$3"
	check "$1 crashes: no core" lacks "$(cat crash.out)" 'core dumped'
	check "$1 crashes: no core file" \
	    equals "$(find "$theirs" -name 'core*')" ''
	rm "$theirs/pipe"
}
if [ "$WAY" = locked ]; then
	:
elif find_someone; then
	someone -q init --kdf-memory 64
	someone -q agent --stop
	as_someone bash -c 'ulimit -c unlimited; kill -ABRT $$' >control.out 2>&1
	if [ -z "$(find "$theirs" -name 'core*')" ]; then
		skip 'a crash leaves a core elsewhere' 'no core files here'
	else
		ok 'a crash leaves a core elsewhere'
		find "$theirs" -name 'core*' -delete
	fi
	crash
	closed 'who asks' "$asker"
	ended 'who asks' "$asker" 'asking for the passphrase failed'
	crash
	closed 'the keeper' "$keeper"
	ended 'the keeper' "$keeper" '^pemkeep: the agent is gone'
	if [ "$WAY" = started ]; then
		someone -q unlock
		keeper=$(someone agent --status --json |
		    sed -n 's/.*"pid": \([0-9]*\).*/\1/p')
		closed 'the agent' "$keeper"
		kill -ABRT "$keeper"
		check 'the agent crashes: the next command starts one' \
		    expect_status 0 someone keys
		check 'the agent crashes: no core file' \
		    equals "$(find "$theirs" / -maxdepth 1 -name 'core*')" ''
	fi
else
	skip 'not dumpable' 'root, and cannot be another'
fi

# How pemkeep answers ssh-keygen is nothing that a variable can switch on.
export PEMKEEP_PASSPHRASE_FILE=$PASS_FILE
new_vault
check 'PEMKEEP_ASKPASS: the command is done' expect_status 0 \
    bash -c 'echo needle-from-stdin | PEMKEEP_ASKPASS=1 "$PEMKEEP" keys'
check 'PEMKEEP_ASKPASS: the input is not copied' equals \
    "$(out | grep -c needle-from-stdin)" 0
done_testing
