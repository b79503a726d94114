#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Goal of this test: a server that can do the key exchange, and may be the one that
# is known, misbehaves in it, in the login or in the session: connect ends as it
# should within its deadline, with one clear line, little memory and little work;
# nothing is learned about hosts, and none of the server's text reaches the
# terminal raw.

. "$SRC/tests/cli/lib.sh"
# shellcheck source=tests/tools/sshd.sh
. "$SRC/tests/tools/sshd.sh"
# shellcheck source=tests/tools/judge.sh
. "$SRC/tests/tools/judge.sh"

export PYTHONDONTWRITEBYTECODE=1
bad=$SRC/tests/tools/badsession.py
term=$SRC/tests/tools/onterminal.py
ssh-keygen -q -t ed25519 -N '' -f ed
known_line="bad $("$PYTHON" "$bad" --known)"
echo "$known_line" >"$known"
client=("$TMP/connect" -i ed -o "UserKnownHostsFile=$known" -o HostKeyAlias=bad
    -o StrictHostKeyChecking=yes -o ConnectTimeout=1 -p '{port}')
try()
{
	local mode=$1 wanted=$2
	shift 2
	"$PYTHON" "$bad" "$mode" "${client[@]}" "$@" ubuntu@127.0.0.1 true \
	    >result 2>result.err || {
		cat result.err
		return 1
	}
	ends "$wanted" 1 result
}

while read -r mode status; do
	[[ $mode == ask-* ]] || check "$mode" try "$mode" "$status"
done < <("$PYTHON" "$bad" --list)
check 'agent channels for ever, with -A' try session-opens-agents 255 \
    -o ForwardAgent="$TMP/none"
check 'agent channels for ever: says so' contains "$(cat said)" \
    'opens agent channels, and closes none'
for mode in session-nasty-version auth-nasty-methods auth-disconnect \
    kex-blob-nasty; do
	"$PYTHON" "$bad" "$mode" "${client[@]}" -v ubuntu@127.0.0.1 true \
	    >said 2>&1
	check "-v, $mode: nothing raw" safe said
	check "-v, $mode: something" contains "$(cat said)" 'connected to'
done
check 'nothing was learned' equals "$(cat "$known")" "$known_line"

says()
{
	"$PYTHON" "$bad" "$1" "${client[@]}" ubuntu@127.0.0.1 true >said 2>&1
	shift
	contains "$(cat said)" "$@"
}
check 'a bad signature: says so' says kex-signature \
    'does not prove that it has its host key'
check 'another host key later: says so' says session-new-keys-of-another \
    'another host key in the middle'
check 'a damaged packet: says so' says gcm-tag 'malformed packet'
check 'too many keys: says so' says auth-key-too-many \
    "it says 'Too many authentication failures'"
check 'no status: says so' says session-no-status 'how the command ended'
check 'a server that never answers: says so' says auth-key-silent \
    'the login at' 'takes too long' 'waited 1 seconds'
check 'the text of a disconnect: shown safely' says auth-disconnect \
    "it says '^[]0;owned^G^[[31mred"

# Questions.  What is typed is not seen unless the server says that it may be, and
# whose question it is stands beside it.
talk()
{
	local mode=$1
	shift
	env TERM=xterm "$PYTHON" "$bad" "$mode" "$PYTHON" "$term" "$@" \
	    >result 2>&1
	cat -v result
	[ "$(sed 's/ .*//;q' result)" = status=0 ]
}
on()
{
	talk "$@" -- "${client[@]}" ubuntu@127.0.0.1 true
}
who='\(ubuntu@127\.0\.0\.1\) '
check 'one question' on ask-one "expect=${who}Code: " 'send=answer 1\r' \
    'absent=answer' status=0 clean cooked
check 'a wrong answer' on ask-one "expect=${who}Code: " 'send=wrong\r' \
    "expect=${who}Code: " 'send=\x03' status=130 clean cooked
check 'several questions with a title' on ask-several \
    "expect=A title\r\nSome words\.\r\nMore words\.\r\n${who}Password: " \
    'send=answer 1\r' "expect=^\r\n${who}Colour: " 'send=answer 2\r' \
    "expect=^answer 2\r\n${who}Code: " 'send=answer 3\r' 'absent=answer' \
    status=0 clean cooked
check 'several rounds' on ask-rounds 'expect=Code: ' 'send=answer 1\r' \
    'expect=Code: ' 'send=answer 1\r' 'expect=Code: ' 'send=answer 1\r' \
    status=0 cooked
check 'no question at all' on ask-nothing 'expect=Nothing\r\nto be asked' \
    status=0 clean
check 'questions with escape sequences' on ask-nasty \
    "expect=${who}first \\^\\[\\]0;owned" 'send=answer 1\r' \
    "expect=${who}second \\^\\[\\]0;owned" 'send=answer 2\r' status=0 clean cooked
check 'a long question' on ask-long 'expect=end: ' 'send=answer 1\r' status=0 \
    clean
steps=()
for ((i = 0; i < 16; i++)); do
	steps+=('expect=Code: ' 'send=answer 1\r')
done
check 'questions for ever' on ask-for-ever "${steps[@]}" \
    'expect=asks too many questions' status=255 cooked
check 'no questions for ever' on ask-nothing-for-ever \
    'expect=asks too many questions' status=255
check 'too many questions at once' on ask-too-many \
    'expect=asks too many questions' status=255
check 'fewer questions than announced' on ask-count-cut status=255 clean
check '4,294,967,295 questions' on ask-count-huge status=255 clean
check 'a password' on ask-password "expect=ubuntu@127\.0\.0\.1's password: " \
    'send=answer 1\r' 'absent=answer' status=0 clean cooked
check 'a password that has expired' on ask-password-change \
    'expect=password: ' 'send=answer 1\r' 'expect=has expired' status=255 clean \
    cooked
check 'end of input at the question' on ask-one 'expect=Code: ' 'send=\x04' \
    status=255 'expect=no answer' clean cooked
check 'SIGTERM at the question' on ask-one 'expect=Code: ' kill=TERM status=143 \
    cooked
check 'SIGHUP at the question' on ask-one 'expect=Code: ' kill=HUP status=129 \
    cooked
check 'Ctrl-Z at the question, and on' talk ask-one 'expect=here> ' \
    "send=${client[*]} ubuntu@127.0.0.1 true\\r" 'expect=Code: ' 'send=\x1a' \
    'expect=Stopped.*here> ' cooked 'send=fg\r' 'expect=Code: ' \
    'send=answer 1\r' 'expect=here> ' 'send=echo st$?\r' 'expect=st0' \
    'send=exit\r' status=0 -- env PS1='here> ' ENV= sh -i
check 'an answer of 1,100 bytes' on ask-one 'expect=Code: ' \
    "send=$(printf 'x%.0s' {1..1100})\\r" status=255 'expect=too long' cooked

# Nobody at a terminal: SSH_ASKPASS, as with ssh.
cat >askpass <<'END'
#!/bin/sh
printf '%s\n' "$1" >>"$0.asked"
echo "answer 1"
END
chmod 755 askpass
cp askpass fails
echo 'exit 1' >>fails
asked()
{
	local mode=$1 wanted=$2
	shift 2
	rm -f askpass.asked
	env "$@" setsid "$PYTHON" "$bad" "$mode" "${client[@]}" \
	    ubuntu@127.0.0.1 true >result 2>&1
	cat -v result
	[ "$(sed 's/ .*//;q' result)" = "status=$wanted" ]
}
check 'SSH_ASKPASS: a password' asked ask-password 0 DISPLAY=:0 \
    SSH_ASKPASS="$TMP/askpass"
check 'SSH_ASKPASS: the question' equals "$(cat askpass.asked)" \
    "ubuntu@127.0.0.1's password: "
check 'SSH_ASKPASS: a question of the server' asked ask-one 0 DISPLAY=:0 \
    SSH_ASKPASS="$TMP/askpass"
check 'SSH_ASKPASS: whose question it is' equals "$(cat askpass.asked)" \
    '(ubuntu@127.0.0.1) Code: '
check 'SSH_ASKPASS: without a display' asked ask-one 255 SSH_ASKPASS="$TMP/askpass"
check 'SSH_ASKPASS: without a display: not run' test ! -e askpass.asked
check 'SSH_ASKPASS: forced' asked ask-one 0 SSH_ASKPASS="$TMP/askpass" \
    SSH_ASKPASS_REQUIRE=force
check 'SSH_ASKPASS: never' asked ask-one 255 SSH_ASKPASS="$TMP/askpass" \
    SSH_ASKPASS_REQUIRE=never DISPLAY=:0
check 'SSH_ASKPASS: it fails' asked ask-one 255 DISPLAY=:0 SSH_ASKPASS="$TMP/fails"
check 'SSH_ASKPASS: it is not there' asked ask-one 255 DISPLAY=:0 \
    SSH_ASKPASS="$TMP/none"
client+=(-o BatchMode=yes)
check 'SSH_ASKPASS: not with BatchMode' asked ask-one 255 DISPLAY=:0 \
    SSH_ASKPASS="$TMP/askpass"
check 'SSH_ASKPASS: not with BatchMode: not run' test ! -e askpass.asked
done_testing
