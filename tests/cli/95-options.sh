#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Goal of this test: the command line is read strictly, the help is there for
# everything, --json is JSON with the fields that the manual lists, and output that
# cannot be written is an error, whatever else happened.

. "$SRC/tests/cli/lib.sh"

commands=(init import generate keys export rename remove passwd check help)
ssh-keygen -q -t ed25519 -N '' -C 'a comment' -f one
ssh-keygen -q -t ed25519 -N '' -f two
openssl genrsa -traditional -out rsa 2048 2>/dev/null
new_vault
pk -q import one >/dev/null
keep start

# What is not understood is refused, and named.
usage()
{
	check "$1" refused 2 "$2" -- pk "${@:3}"
}
usage 'nothing' 'a command is needed'
check 'nothing: says where help is' contains "$(err)" 'hint: pemkeep help'
usage 'an unknown command' "'frobnicate'" frobnicate
usage 'an abbreviated command' "'key'" key
usage 'a command in capitals' "'KEYS'" KEYS
usage 'an empty command' "''" ''
usage 'a command with control characters' "'^[[31m'" $'\e[31m'
for option in --frobnicate -z -1 --frobnicate=x $'--\e[31m' --=x --Json; do
	usage "$(printf %q "$option")" 'unknown option' keys "$option"
	usage "$(printf %q "$option"), first" 'unknown option' "$option" keys
done
check 'an unknown option: says where help is' contains "$(err)" 'hint: pemkeep help'
for option in --jso --j --quie --yess --pass=9 --passphrase=9 --hel --no; do
	usage "abbreviated: $option" "'$option'" keys "$option"
done
usage 'abbreviated: --mov' "'--mov'" import --mov two
usage 'another command'\''s option' "'--move'" keys --move
usage 'another command'\''s option, short' "'-o'" keys -o x
usage 'twice: --json' '--json is given twice' keys --json --json
usage 'twice: -q' '--quiet is given twice' keys -q -q
usage 'twice: -qq' '--quiet is given twice' keys -qq
usage 'twice: -q --quiet' '--quiet is given twice' keys -q --quiet
usage 'twice: before and behind' '--quiet is given twice' -q keys -q
usage 'twice: --name' '--name is given twice' import --name a --name b two
usage 'twice: --passphrase-fd' 'given twice' keys --passphrase-fd 9 \
    --passphrase-fd=9
usage 'a value is missing' '--name needs a value' import two --name
usage 'a value is missing: --passphrase-fd' 'needs a value' keys --passphrase-fd
usage 'a value is missing: -o' '--output needs a value' export one -o
usage 'a value too many' '--json takes no value' keys --json=yes
usage 'a value too many: -q' "'-qx'" keys -qx
usage 'an empty value' 'cannot be empty' import two --name=
for command in "${commands[@]}"; do
	usage "$command: an unknown option" 'unknown option' "$command" --frobnicate
	check "$command: says where its help is" contains "$(err)" \
	    "hint: pemkeep help $command"
done
for command in init keys passwd check; do
	usage "$command: an argument" "does not take 'more'" "$command" more
	usage "$command: -- --json is an argument" "does not take '--json'" \
	    "$command" -- --json
done
for command in import generate export rename remove 'rename a'; do
	# shellcheck disable=SC2086 # words
	usage "$command: too little" 'needs more' $command
	check "$command: too little: what" matches "$(err)" '(FILE|KEY)'
done
for command in 'export a b --public' 'generate a b' 'rename a b c' \
    'help keys check'; do
	# shellcheck disable=SC2086 # words
	usage "$command: too much" 'does not take' $command
done
usage 'help: of nothing that is' "'frobnicate'" help frobnicate
check 'after all that: the vault is as it was' \
    cmp "$vault" "$TMP/kept-start/data/vault"

# What is understood.
check 'options before the command' expect_status 0 pk -q --json keys
check 'options behind the arguments' expect_status 0 pk export one --public -q
check 'two letters in one' expect_status 0 pk generate -qy letters
check 'a value at once' expect_status 0 pk export one -oout1
check 'a value behind =' expect_status 0 pk export one --output=out2
check 'a value as a word' expect_status 0 pk export one --output out3
check 'a value that looks like an option' expect_status 0 \
    pk export one --output --json
check 'a value that looks like an option: it is the value' cmp ./--json one
cp two ./-rf
cp two ./-
check '--: then a file may begin with -' expect_status 0 \
    pk import --name dash -- -rf
check '--: twice is an argument' refused 4 "'--'" -- pk import -- --
check '-: is a file name' expect_status 0 pk import --name x -
check '-: was there already' contains "$(out)" "already in the vault as 'dash'"

# Help and version.
check '--version' expect_status 0 pk --version
check '--version: one line' matches "$(out)" '^pemkeep [0-9]+\.[0-9]+\.[0-9]+$'
check '--version: nothing else' equals "$(err)" ''
check '--help' expect_status 0 pk --help
out >help
check 'help' expect_status 0 pk help
check 'help: the same' cmp help "$TMP/.out"
check 'help: its letter' expect_status 0 pk -h
check 'help: names every command' contains "$(cat help)" "${commands[@]/#/$'\n'  }"
for command in "${commands[@]}"; do
	check "help $command" expect_status 0 pk help "$command"
	out >help
	check "help $command: how to use it" \
	    contains "$(head -n 1 help)" "usage: pemkeep $command"
	check "help $command: fits into 80 columns" \
	    equals "$(grep -E '^.{80}' help)" ''
	check "$command --help" expect_status 0 pk "$command" --help
	check "$command --help: the same" cmp help "$TMP/.out"
	check "$command --help: nothing on stderr" equals "$(err)" ''
done
rm -rf "$data" "$state"
check 'help needs no vault' expect_status 0 pk export --help
back start

# JSON, as the manual has it.
key_fields=(name type bits fingerprint ec2_created ec2_imported public_key
    created source format encrypted comment confirm)
fields()
{
	json json.out "sorted($1)"
}
sorted()
{
	printf '%s\n' "$@" | LC_ALL=C sort
}
check 'JSON: keys' expect_status 0 pk keys --json
out >json.out
check 'JSON: keys: the top level' equals "$(fields j)" keys
check 'JSON: keys: the fields' equals "$(fields "j['keys'][0]")" \
    "$(sorted "${key_fields[@]}")"
check 'JSON: keys: the values' equals "$(json json.out "[
    [k['name'], k['type'], k['bits'], k['source'], k['format'],
     k['encrypted'], k['comment'], k['ec2_created'] == k['ec2_imported']]
    for k in j['keys']]")" \
    "['one', 'ed25519', 256, 'one', 'OpenSSH', False, 'a comment', True]"
check 'JSON: keys: the time' matches \
    "$(json json.out "j['keys'][0]['created']")" \
    '^20[0-9][0-9]-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-6][0-9]Z$'
check 'JSON: keys: the public half' equals "$(json json.out \
    "j['keys'][0]['public_key']")" "$(cut -d ' ' -f 1,2 one.pub) one"
check 'JSON: generate' expect_status 0 pk generate --json new
out >json.out
check 'JSON: generate: the fields' equals "$(fields "j['keys'][0]")" \
    "$(sorted "${key_fields[@]}")"
check 'JSON: generate: no file' equals "$(json json.out \
    "[k['source'] for k in j['keys']] + [k['format'] for k in j['keys']]")" \
    $'None\nNone'
echo text >text
cp one copy
check 'JSON: import' expect_status 1 pk import --json rsa copy text
check 'JSON: import: the error stands on stderr, too' contains "$(said)" \
    "pemkeep: 'text': "
out >json.out
check 'JSON: import: the top level' equals "$(fields j)" $'errors\nimported'
check 'JSON: import: the fields' equals "$(fields "j['imported'][0]")" \
    "$(sorted "${key_fields[@]}" file action same mode_was mode_set moved \
    repairs)"
check 'JSON: import: what was done' equals "$(json json.out "[
    [k['file'], k['action'], k['same'], k['mode_was'], k['mode_set'],
     k['moved'], k['repairs']] for k in j['imported']]")" \
    "['rsa', 'imported', True, '0600', True, False, None]
['copy', 'present', True, '0400', True, False, None]"
check 'JSON: import: the errors' equals "$(json json.out "[
    [sorted(e), e['file'], len(e['error']) > 9] for e in j['errors']]")" \
    "[['error', 'file'], 'text', True]"
check 'JSON: check' expect_status 0 pk check --json
out >json.out
check 'JSON: check: nothing found' equals "$(cat json.out | tr -d ' \n')" \
    '{"findings":[]}'
cp "$vault" "$vault.replaced"
check 'JSON: check, with a finding' expect_status 0 pk check --json
out >json.out
check 'JSON: check: the fields' equals "$(fields "j['findings'][0]")" \
    $'hint\nid\nseverity\ntext'
rm -f "$vault.replaced"
check 'JSON: an error prints none' refused 3 wrong -- \
    with wrong -- pk9 keys --json
back start
pk -q remove -y one
check 'JSON: no keys' expect_status 0 pk keys --json
check 'JSON: no keys: an empty list' equals "$(out | tr -d ' \n')" '{"keys":[]}'
back start

# --quiet
for command in 'generate quiet' 'rename quiet still' 'export still -o still' \
    'remove -y still' check 'check --repair' \
    "check --restore $vault.bak" keys; do
	# shellcheck disable=SC2086 # words
	check "--quiet $command" expect_status 0 pk --quiet $command
	check "--quiet $command: says nothing" equals "$(said)" ''
done
back start
check '--quiet: errors are said' refused 4 "'none'" -- pk -q export none --public

# Output that cannot be written.
full()
{
	"$PEMKEEP" "$@" >/dev/full
}
closed()
{
	"$PEMKEEP" "$@" >&-
}
for command in keys 'keys --json' 'export one --public' --help --version \
    'help keys' 'keys --help'; do
	# shellcheck disable=SC2086 # words
	check "a full disk: $command" refused 1 'cannot write the output' \
	    'No space left' -- full $command
	# shellcheck disable=SC2086 # words
	check "no standard output: $command" refused 1 \
	    'cannot write the output' -- closed $command
done
chmod 600 rsa two
check 'a full disk: import' expect_status 1 full import --move rsa
check 'a full disk: import: said' contains "$(said)" 'cannot write the output'
check 'a full disk: import: the key is in the vault' expect_status 0 \
    pk export rsa --public
check 'a full disk: import: the file is moved' test ! -e rsa
check 'a full disk: generate' expect_status 1 full generate new
check 'a full disk: generate: the key is in the vault' expect_status 0 \
    pk export new --public
check 'a full disk: check' expect_status 0 full check
check 'no standard output: import' expect_status 1 closed import two
check 'no standard output: import: the key is in the vault' expect_status 0 \
    pk export two --public
check 'no standard output: rename needs none' expect_status 0 \
    closed rename two due
check 'no standard error' expect_status 4 \
    bash -c '"$1" export none --public 2>&-' - "$PEMKEEP"
for number in 1 2 3; do
	ssh-keygen -q -t ed25519 -N '' -f none$number
	(exec <&- >&- 2>&-; exec "$PEMKEEP" import --move none$number)
	check 'nothing open: ends with exit 1' equals $? 1
done
check 'nothing open: nothing was printed into the vault' expect_status 0 pk check
check 'nothing open: it did what was asked' contains "$(pk keys)" \
    none1 none2 none3
check 'nothing open: the lock has a number only' matches \
    "$(cat "$vault.lock")" '^[0-9]*$'
check 'nothing open: the memory is whole' matches "$(cat "$seen")" \
    '^pemkeep-seen 1'$'\n''[0-9a-f]+ [0-9]+ [0-9a-f]+$'
# Nothing but /dev/null may be opened as standard input, output or error.
if ! strace -o /dev/null true 2>/dev/null; then
	skip 'nothing open: not used for files' 'strace cannot trace here'
else
	# LeakSanitizer cannot run under ptrace.
	ASAN_OPTIONS=detect_leaks=0 strace -o trace -e trace=execve,openat \
	    bash -c 'exec <&- >&- 2>&-; exec "$@"' - "$PEMKEEP" keys
	check 'nothing open: not used for files' equals "$(awk '
	/execve\(".*pemkeep"/ { n = bad = 0 }
	/"\/dev\/null", .* = [012]$/ { n++; next }
	n == 3 && / = [012]$/ { bad++ }
	END { print n, bad + 0 }' trace)" '3 0'
fi
check 'a reader that leaves' matches \
    "$(pk keys 2>pipe.err | true; echo "${PIPESTATUS[0]}")" '^(0|1|141)$'
done_testing
