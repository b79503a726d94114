#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Goal of this test: passphrases come from a descriptor, a file that nobody else can
# read, or the terminal, and from nowhere else; no secret is in an argument, in the
# environment or in any file in clear; no shell is run, and there is no core.

. "$SRC/tests/cli/lib.sh"

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

# What a whole run writes and starts.
hex()
{
	od -An -v -tx1 | tr -d ' \n' && echo
}
# Secrets: both passphrases; the key's 32 bytes; lines of base64 in its file, as it
# is, and as it would be without its passphrase.
secrets()
{
	printf '%s' "$PASS" | hex
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
secrets >needles
check 'secrets: they are known' test "$(grep -cE '^[0-9a-f]{20,}$' needles)" -ge 8
mkdir evil
for program in ssh-keygen sh bash askpass; do
	printf '#!/bin/sh\ntouch "%s/was-run"\n' "$TMP" >evil/$program
	chmod 755 evil/$program
done
traced()
{
	# LeakSanitizer cannot run under ptrace.
	PATH=$TMP/evil:$PATH SSH_ASKPASS=$TMP/evil/askpass DISPLAY=:9 \
	    SHELL=$TMP/evil/sh ASAN_OPTIONS=detect_leaks=0 \
	    "${inside[@]}" strace -f -v -y -xx -s 1000000 -o trace -e \
	    trace=execve,write,pwrite64,writev,pwritev,pwritev2,sendto,sendmsg,sendmmsg,prctl,prlimit64,setrlimit,read,openat \
	    "$PEMKEEP" "$@" 2>strace.err
}
# What is not dumpable can be read by root only, or by its like in a namespace.
inside=()
[ "$(id -u)" = 0 ] || inside=(unshare -Ur)
if ! "${inside[@]}" strace -f -o /dev/null true 2>/dev/null; then
	skip 'what a run writes and starts' 'no strace here, or no rights for it'
else
	back start
	what=(--passphrase-fd 9 import locked)
	chain="started $PEMKEEP
started $(command -v ssh-keygen)
started $PEMKEEP"
	if grep -q __asan_init "$PEMKEEP"; then
		skip 'a run: import with ssh-keygen' \
		    "LeakSanitizer in ssh-keygen's child fails under ptrace"
		what=(--passphrase-fd 9 import two)
		chain="started $PEMKEEP"
	fi
	check 'a run: import' expect_status 0 \
	    with "$PASS" "$KEY_PASS" -- traced "${what[@]}"
	"$PYTHON" "$SRC/tests/tools/written.py" needles trace >where
	status=$?
	check 'a run: import: the trace can be read' equals $status 0
	check 'a run: import: no secret in a file, an argument, the environment' \
	    equals "$(grep -v -e '^started ' -e '^write pipe:\[[0-9]*\]$' \
	    -e '^write /memfd:key' -e '^write /proc/self/fd/' where)" ''
	[ "$chain" = "started $PEMKEEP" ] ||
	    check 'a run: import: the search finds what it should' \
	    matches "$(cat where)" 'write pipe:'
	check 'a run: import: only ssh-keygen is started, which asks pemkeep' \
	    equals "$(grep '^started ' where)" "$chain"
	check 'a run: import: nothing that PATH, SHELL or SSH_ASKPASS name' \
	    test ! -e was-run
	check 'a run: not dumpable, and no core, before a secret is read' \
	    equals "$(awk '/execve\(/ { n++ }
	    n != 1 { next }
	    /prctl\(PR_SET_DUMPABLE, (SUID_DUMP_DISABLE|0)/ { d = 1 }
	    /RLIMIT_CORE, \{rlim_cur=0, rlim_max=0\}/ { c = 1 }
	    /read\(9</ { print d + 0, c + 0; exit }' trace)" '1 1'
	for command in 'generate new' 'rename one uno' 'keys --json' \
	    'export uno --public' 'export uno -o out' check \
	    'remove -y uno' passwd; do
		# shellcheck disable=SC2086 # words
		check "a run: $command" expect_status 0 \
		    with "$PASS" 'another good one' -- \
		    traced --passphrase-fd 9 $command
		"$PYTHON" "$SRC/tests/tools/written.py" needles trace >where
		wanted="started $PEMKEEP"
		[ "$command" != 'export uno -o out' ] ||
		    wanted="write $(pwd -P)/out"$'\n'$wanted
		check "a run: $command: no secret, no other program" \
		    equals "$(cat where)" "$wanted"
	done
fi
check 'on the disk: no secret in clear' equals "$("$PYTHON" -c '
import os, sys
needles = [bytes.fromhex(n) for n in open("needles").read().split()]
for top in sys.argv[1:]:
    for folder, _, files in os.walk(top):
        for name in files:
            data = open(os.path.join(folder, name), "rb").read()
            if any(n in data for n in needles):
                print(name)' "$data" "$state" "$XDG_RUNTIME_DIR" 2>&1)" ''

# The process itself, while it waits for a passphrase.
mkfifo pipe
if find_someone; then
	someone -q init --kdf-memory 64
	mkfifo "$theirs/pipe"
	[ "$(id -u)" != 0 ] || chown 65534 "$theirs/pipe"
	cat >"$theirs/crash" <<-'END'
	ulimit -c unlimited 2>/dev/null
	exec "$PWD/pemkeep" keys --passphrase-fd 9 9<pipe
	END
	as_someone bash crash >crash.out 2>&1 &
	shell=$!
	exec 8>"$theirs/pipe"
	# It has begun when it is not dumpable: its files are root's then.
	for _ in {1..100}; do
		pid=$(tr -d ' ' <"/proc/$shell/task/$shell/children")
		[ "$(cat /proc/"$pid"/comm 2>/dev/null)" = pemkeep ] &&
		    [ "$(stat -c %u /proc/"$pid"/maps 2>/dev/null)" = 0 ] &&
		    break
		sleep 0.1
	done
	if [ "$(awk '{ print $1; exit }' /proc/self/uid_map)" != 0 ]
	then
		skip 'not dumpable' 'no root in this namespace'
	else
		check 'not dumpable: its files in /proc are not its own' \
		    equals "$(stat -c %u /proc/"$pid"/maps)" 0
	fi
	for file in mem environ maps auxv; do
		check "not dumpable: the same user cannot read its $file" \
		    expect_status 1 as_someone \
		    head -c 1 "/proc/$pid/$file"
	done
	kill -ABRT "$pid"
	exec 8>&-
	wait $shell
	check 'a crash' equals $? 134
	check 'a crash: no core' lacks "$(cat crash.out)" 'core dumped'
	check 'a crash: no core file' equals "$(find "$theirs" -name 'core*')" ''
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
