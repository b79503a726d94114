#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Goal of this test: whatever a server does before the login, connect ends within
# its deadline, with status 255, one clear line, little memory and little work,
# and nothing of the server's text reaches the terminal raw.

. "$SRC/tests/cli/lib.sh"
# shellcheck source=tests/tools/sshd.sh
. "$SRC/tests/tools/sshd.sh"
# shellcheck source=tests/tools/judge.sh
. "$SRC/tests/tools/judge.sh"

key ed25519 ed
bad=$SRC/tests/tools/badserver.py
client=("$TMP/connect" -i ed -o "UserKnownHostsFile=$known"
    -o StrictHostKeyChecking=accept-new -o ConnectTimeout=2 -p '{port}'
    ubuntu@127.0.0.1 true)
# judged MODE: it ends as it must.
judged()
{
	"$PYTHON" "$bad" "$1" "${client[@]}" >result || return
	ends 255 2 result
}

for mode in $("$PYTHON" "$bad" --list); do
	check "$mode" judged "$mode"
done
check 'nothing was taken as known' test ! -e "$known"

says()
{
	judged "$1" >/dev/null
	shift
	contains "$(cat said)" "$@"
}
check 'silent: says how long it waited' says silent \
    'sends no SSH version' 'hint: waited 2 seconds'
check 'http: says what came' says http 'sends no SSH' || :
check 'ssh1: says what came' says ssh1 'version 2' 'SSH-1.5-old^[[31m'
check 'close-greeting: says what came' says close-greeting \
    'Exceeded MaxStartups'
check 'refuse: says what came, made safe' says refuse \
    "go away ^[]0;owned^G^[[31m\\xFF"
check 'kexinit-old: no old algorithm' says kexinit-old 'algorithms'

check 'nobody listens' refused 255 'refused' -- \
    "$TMP/connect" -i ed -p 1 ubuntu@127.0.0.1 true
check 'no such address' refused 255 "'nohost.invalid'" -- \
    "$TMP/connect" -i ed ubuntu@nohost.invalid true

done_testing
