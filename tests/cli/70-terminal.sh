#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Goal of this test: at a terminal, questions are asked there and nowhere else,
# what is typed is not shown, and however a question ends (answer, Ctrl-C,
# Ctrl-Z, Ctrl-D, a signal), the terminal is as it was before and so is the vault.

. "$SRC/tests/cli/lib.sh"
ways alone started locked

unset PEMKEEP_PASSPHRASE_FILE
KEY_PASS='a passphrase of the key'
ASK='expect=Passphrase of the vault: '
FIRST='expect=New passphrase of the vault: '
AGAIN='expect=Once more: '
CTRL_C=$'send=\x03'
CTRL_D=$'send=\x04'
CTRL_Z=$'send=\x1a'
# at NAME STATUS STEP... -- ARGUMENT...: pemkeep at a terminal ends with STATUS, and
# the echo is on.  $TMP/.out and .err have its output, terminal.screen what was shown.
at()
{
	local name=$1 status=$2 steps=() seen
	shift 2
	while [ "$1" != -- ]; do
		steps+=("$1")
		shift
	done
	shift
	seen=$("$PYTHON" "$SRC/tests/tools/terminal.py" --out "$TMP/.out" \
	    --err "$TMP/.err" "${steps[@]}" -- "$PEMKEEP" "$@" 2>&1)
	check "$name" equals "$seen" "status $status, echo on"
	! grep -qF -e "$PASS" -e "$KEY_PASS" terminal.screen .out .err ||
	    fail "$name: what was typed is shown" "$(cat -v terminal.screen)"
}

said_nothing()
{
	equals "$(cat terminal.screen)" ''
}

# Type a line.
type()
{
	typed="send=$1"$'\n'
}
type "$PASS"
GOOD=$typed
type "$KEY_PASS"
KEY=$typed
type 'not the passphrase'
WRONG=$typed

ssh-keygen -q -t ed25519 -N '' -f one
ssh-keygen -q -t ed25519 -N '' -f two
for name in locked locked2; do
	ssh-keygen -q -t ed25519 -a 4 -N "$KEY_PASS" -f $name
done

# init
at 'init' 0 "$FIRST" echo=off "$GOOD" "$AGAIN" echo=off "$GOOD" -- \
    init --kdf-memory 64
check 'init: nothing on stdout' equals "$(out)" ''
check 'init: no question on stderr' lacks "$(err)" assphrase\ of
check 'init: what was typed opens it' expect_status 0 \
    with "$PASS" -- pk9 keys
keep empty
at 'init again' 1 -- init
check 'init again: nobody was asked' said_nothing
rm -rf "$data" "$state"
at 'init: two that differ' 3 "$FIRST" "$GOOD" "$AGAIN" "$WRONG" -- \
    init --kdf-memory 64
check 'init: two that differ: said' contains "$(err)" 'differ'
type 1234567
at 'init: too short' 3 "$FIRST" "$typed" -- init --kdf-memory 64
check 'init: too short: said' contains "$(err)" 'shorter' 'hint: '
check 'init: too short: asked once' lacks "$(cat terminal.screen)" 'Once more'
type ''
at 'init: nothing typed' 3 "$FIRST" "$typed" -- init --kdf-memory 64
type "$(printf '%1025s' x)"
at 'init: 1025 bytes' 3 "$FIRST" "$typed" -- init --kdf-memory 64
check 'init: 1025 bytes: said' contains "$(err)" 'too long'
for key in "$CTRL_C:130" "$CTRL_D:3" $'send=\x1c:131'; do
	at "init: ${key#*=}, first" "${key##*:}" "$FIRST" echo=off \
	    "${key%:*}" -- init --kdf-memory 64
	at "init: ${key#*=}, second" "${key##*:}" "$FIRST" "$GOOD" "$AGAIN" \
	    echo=off "${key%:*}" -- init --kdf-memory 64
done
check 'init: after all that, there is no vault' test ! -e "$vault"
long=$(printf '%1023s' x)y
type "$long"
at 'init: 1024 bytes' 0 "$FIRST" "$typed" "$AGAIN" "$typed" -- \
    init --kdf-memory 64
check 'init: 1024 bytes: all of them count' expect_status 0 \
    with "$long" -- pk9 keys
check 'init: 1024 bytes: all of them' expect_status 3 \
    with "${long%?}z" -- pk9 keys
rm -rf "$data" "$state"
type '한글로 된 암호'
at 'init: Hangul' 0 "$FIRST" "$typed" "$AGAIN" "$typed" -- \
    init --kdf-memory 64
check 'init: Hangul: the same from a descriptor' expect_status 0 \
    with '한글로 된 암호' -- pk9 keys
at 'init: Hangul: typed with a mistake' 0 "$ASK" 'send=한글?' $'send=\x7f' \
    'send=로 된 암호'$'\n' -- keys

# The vault's passphrase.
back empty
with "$PASS" -- pk9 -q import one >"$TMP/.out"
remember
at 'keys' 0 "$ASK" echo=off "$GOOD" -- keys
check 'keys: only the list on stdout' matches "$(out)" \
    '^NAME[^'$'\n'']*'$'\n''one [^'$'\n'']*'$'\n''[^'$'\n'']*$'
check 'keys: nothing on stderr' equals "$(said)" ''
at 'wrong once' 0 "$ASK" "$WRONG" "$ASK" "$GOOD" -- keys
check 'wrong once: said' contains "$(said)" 'wrong passphrase, try again'
at 'wrong twice' 0 "$ASK" "$WRONG" "$ASK" "$WRONG" "$ASK" "$GOOD" -- keys
at 'wrong three times' 3 "$ASK" "$WRONG" "$ASK" "$WRONG" "$ASK" "$WRONG" -- keys
check 'wrong three times: said' contains "$(said)" "pemkeep: '$vault': wrong passphrase"
check 'wrong three times: asked three times' equals \
    "$(grep -o 'Passphrase of' terminal.screen | wc -l)" 3
at 'a mistake, taken back' 0 "$ASK" 'send=xyz' $'send=\x15' "$GOOD" -- keys
type "$(printf '%1025s' x)"
at '1025 bytes' 3 "$ASK" "$typed" -- keys
at 'Ctrl-D' 3 "$ASK" echo=off "$CTRL_D" -- keys
check 'Ctrl-D: said' contains "$(said)" 'no passphrase was given'
at 'Ctrl-C' 130 "$ASK" echo=off "$CTRL_C" -- keys
at 'Ctrl-C, half of it typed' 130 "$ASK" echo=off 'send=half' "$CTRL_C" -- keys
at 'Ctrl-Z, and on' 0 "$ASK" echo=off 'send=half' "$CTRL_Z" stopped fg \
    "$ASK" echo=off "$GOOD" -- keys
at 'Ctrl-Z twice, Ctrl-C' 130 "$ASK" echo=off "$CTRL_Z" stopped fg "$ASK" \
    echo=off "$CTRL_Z" stopped fg "$ASK" echo=off "$CTRL_C" -- keys
at 'SIGTERM' 143 "$ASK" echo=off kill=TERM -- keys
at 'SIGHUP' 129 "$ASK" echo=off kill=HUP -- keys
at 'SIGINT, not by a key' 130 "$ASK" echo=off kill=INT -- keys
at 'SIGQUIT, not by a key' 131 "$ASK" echo=off kill=QUIT -- keys
at 'SIGINT when it was stopped' 130 "$ASK" echo=off "$CTRL_Z" stopped kill=INT \
    fg -- keys
seen=$("$PYTHON" "$SRC/tests/tools/terminal.py" --out /dev/null --err /dev/null \
    "$ASK" echo=off kill=HUP pause "$GOOD" -- \
    bash -c 'trap "" HUP; exec "$@"' - "$PEMKEEP" keys)
check 'SIGHUP where it is ignored' equals "$seen" 'status 0, echo on'
at 'SIGCONT alone' 0 "$ASK" echo=off kill=CONT pause "$GOOD" -- keys
seen=$("$PYTHON" "$SRC/tests/tools/terminal.py" --background stopped fg "$ASK" \
    echo=off "$GOOD" -- "$PEMKEEP" -q keys)
check 'in the background: waits until it is called' \
    equals "$seen" 'status 0, echo on'
seen=$("$PYTHON" "$SRC/tests/tools/terminal.py" "$ASK" echo=off "$CTRL_C" -- \
    bash -c 'trap "" INT; exec "$@"' - "$PEMKEEP" keys)
check 'Ctrl-C where it is ignored' equals "$seen" 'status 130, echo on'
seen=$("$PYTHON" "$SRC/tests/tools/terminal.py" --out /dev/null --err /dev/null \
    "$ASK" "$GOOD" -- bash -c 'exec "$@" <&-' - "$PEMKEEP" keys)
check 'no standard input' equals "$seen" 'status 0, echo on'
at '--no-input' 3 -- keys --no-input
check '--no-input: said' contains "$(said)" 'a passphrase is needed' \
    --passphrase-fd
check '--no-input: nobody was asked' said_nothing

# At each other question.
FILE="expect=Passphrase of 'locked': "
at 'import: Ctrl-C, the vault' 130 "$ASK" echo=off "$CTRL_C" -- import locked
at 'import: Ctrl-C, the key' 130 "$ASK" "$GOOD" "$FILE" echo=off "$CTRL_C" -- \
    import two locked
at 'import: SIGTERM, the key' 143 "$ASK" "$GOOD" "$FILE" echo=off kill=TERM -- \
    import two locked
at 'export: Ctrl-C' 130 "$ASK" echo=off "$CTRL_C" -- export one -o out
check 'export: Ctrl-C: no file' test ! -e out
at 'passwd: Ctrl-C, old' 130 "$ASK" echo=off "$CTRL_C" -- passwd
at 'passwd: Ctrl-C, new' 130 "$ASK" "$GOOD" "$FIRST" echo=off "$CTRL_C" -- passwd
at 'passwd: Ctrl-C, again' 130 "$ASK" "$GOOD" "$FIRST" "$KEY" "$AGAIN" \
    echo=off "$CTRL_C" -- passwd
at 'passwd: Ctrl-D, new' 3 "$ASK" "$GOOD" "$FIRST" echo=off "$CTRL_D" -- passwd
at 'passwd: two that differ' 3 "$ASK" "$GOOD" "$FIRST" "$KEY" "$AGAIN" \
    "$WRONG" -- passwd
QUESTION="expect=Remove 'one' for good? [y/N] "
at 'remove: Ctrl-C, the passphrase' 130 "$ASK" echo=off "$CTRL_C" -- remove one
at 'remove: Ctrl-C, the question' 130 "$ASK" "$GOOD" "$QUESTION" echo=on \
    "$CTRL_C" -- remove one
at 'remove: Ctrl-Z, the question' 1 "$ASK" "$GOOD" "$QUESTION" echo=on \
    "$CTRL_Z" stopped fg $'send=n\n' -- remove one
for answer in n '' N no yep yes! $'\x04'; do
	type "$answer"
	at "remove: $(printf %q "$answer")" 1 "$ASK" "$GOOD" "$QUESTION" \
	    echo=on "$typed" -- remove one
	check "remove: $(printf %q "$answer"): said" contains "$(said)" \
	    'not confirmed; nothing was changed'
done
at 'restore: Ctrl-C' 130 "expect=Passphrase of '$vault.bak': " echo=off \
    "$CTRL_C" -- check --restore "$vault.bak"
check 'after all that, the vault is as it was' unchanged
check 'after all that, nothing was left' equals "$(ls -A "$data")" \
    $'vault\nvault.bak\nvault.lock'
check 'after all that, it can be changed' expect_status 0 \
    with "$PASS" -- pk9 rename one uno
check 'after all that, back' expect_status 0 with "$PASS" -- pk9 rename uno one

# Key files' passphrases.
at 'import: wrong, then right' 0 "$ASK" "$GOOD" "$FILE" echo=off "$WRONG" \
    "$FILE" echo=off "$KEY" -- import locked
check 'import: wrong, then right: said' contains "$(said)" 'try again'
check 'import: wrong, then right: taken' contains "$(out)" "imported as 'locked'"
at 'import: wrong three times, and another' 3 "$ASK" "$GOOD" \
    "expect=Passphrase of 'locked2': " "$WRONG" \
    "expect=Passphrase of 'locked2': " "$WRONG" \
    "expect=Passphrase of 'locked2': " "$WRONG" -- import locked2 two
check 'import: wrong three times: names the file' contains "$(said)" \
    "pemkeep: 'locked2': wrong passphrase"
check 'import: wrong three times: the other is taken' contains "$(out)" \
    "imported as 'two'"
with "$PASS" -- pk9 -q remove -y locked
at 'import: two of one passphrase, asked once' 0 "$ASK" "$GOOD" "$FILE" "$KEY" \
    -- import locked locked2
check 'import: two of one passphrase: both taken' contains "$(out)" \
    "imported as 'locked'" "imported as 'locked2'"
with "$PASS" -- pk9 -q remove -y locked locked2
export PEMKEEP_PASSPHRASE_FILE=$PASS_FILE
at "import: the vault's from a file, the key's typed" 0 "$FILE" "$KEY" -- \
    import locked
unset PEMKEEP_PASSPHRASE_FILE
cp locked2 $'e\e[31mvil'
at 'import: a name is asked for safely' 0 "$ASK" "$GOOD" \
    "expect=Passphrase of 'e^[[31mvil': " "$KEY" -- \
    import --name evil $'e\e[31mvil'
check 'import: a name is shown safely' equals \
    "$(tr -d '\r' <terminal.screen >shown; safe shown && echo yes)" yes

# remove and passwd, done.
type y
at 'remove: y' 0 "$ASK" "$GOOD" "$QUESTION" "$typed" -- remove one
check 'remove: y: nothing on stdout' equals "$(out)" ''
check 'remove: y: it is gone' lacks "$(with "$PASS" -- pk9 keys)" one
at 'remove: one that is not there is not asked about' 4 "$ASK" "$GOOD" -- \
    remove one
type YES
at 'remove: YES' 0 "$ASK" "$GOOD" "expect=Remove 'two', 'evil' for good?" \
    "$typed" -- remove two evil
at 'passwd' 0 "$ASK" "$GOOD" "$FIRST" "$KEY" "$AGAIN" "$KEY" -- passwd
check 'passwd: the new one opens' expect_status 0 \
    with "$KEY_PASS" -- pk9 keys
done_testing
