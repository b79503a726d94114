#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Goal of this test: a host gets a name, is found by it, and loses it again; the
# file that holds the names stays the user's own; what would be used for a login,
# and why, can be seen without a passphrase, without an agent and without a
# single packet.

. "$SRC/tests/cli/lib.sh"

unset PEMKEEP_PASSPHRASE_FILE
hosts=$HOME/.config/pemkeep/hosts

# refused_file STATUS PART...: 'pk list' says so about this hosts file
refused_file()
{
	local parts=("${@:2}")
	check "hosts file: ${parts[0]}" refused "$1" "${parts[@]}" -- pk list
}

# Nothing is there.
check 'list: no file' expect_status 0 pk list
check 'list: nothing on stdout' equals "$(out)" ''
check 'list: says how to go on' contains "$(err)" 'pemkeep add'
check 'list: nothing was made' test ! -e "$HOME/.config"
check 'list --json: no file' expect_status 0 pk list --json
out >j
check 'list --json: an empty list' equals "$(json j "j")" \
    "{'instances': [], 'hosts': [], 'partial': False, 'errors': []}"
check 'forget: nobody' refused 4 "there is no host 'web'" pemkeep\ list -- \
    pk forget web

# add
umask 0
check 'add' expect_status 0 pk add web 203.0.113.10 --user ubuntu --port 2222
check 'add: nothing on stdout' equals "$(out)" ''
check 'add: says what was done' contains "$(err)" "'web' is 203.0.113.10"
check 'add: mode of the file' mode_is 0600 "$hosts"
check 'add: mode of its folder' mode_is 0700 "${hosts%/*}"
umask 022
check 'add: the file' equals "$(cat "$hosts")" '[web]
host = 203.0.113.10
user = ubuntu
port = 2222'
cp "$hosts" before
check 'add: the name is taken' refused 1 "there is a host 'web' ($hosts:1)" \
    "pemkeep forget 'web'" -- pk add web 203.0.113.11
for wrong in 'a*' 'a?' a/b '[a' 'a]' ' a' 'a ' '' $'a\nb' $'a\x1b[2J' \
    $'a\u202eb'; do
	check "add: name $(printf %q "$wrong")" refused 2 'is not a name' -- \
	    pk add "$wrong" 203.0.113.10
done
check 'add: name -a' refused 2 'is not a name' -- pk add -- -a 203.0.113.10
for wrong in '' 'a b' 'host:22' '[::1]' '10.0.0.256' '127.1' 1 'a;b' '$(id)' \
    $'a\nuser = root' '한글'; do
	check "add: host $(printf %q "$wrong")" refused 2 \
	    'is not an address or a DNS name' -- pk add new "$wrong"
done
check 'add: host -a' refused 2 'is not an address' -- pk add -- new -a
check 'add: port 0' refused 2 -- pk add new h --port 0
check 'add: port 65536' refused 2 65536 -- pk add new h --port 65536
check 'add: port x' refused 2 "'x'" -- pk add new h --port x
check 'add: user with a blank' refused 2 "'a b' is not a user" -- \
    pk add new h --user 'a b'
check 'add: user -x' refused 2 'is not a user' -- pk add new h --user=-x
check 'add: no user' refused 2 'is not a user' -- pk add new h --user=
check 'add: key with a line feed' refused 2 'is not the name of a key' -- \
    pk add new h --key $'a\nb'
check 'add: too few words' refused 2 -- pk add new
check 'nothing of that is in the file' cmp "$hosts" before

# The rest of the file stays.
cat >"$hosts" <<'END'
# All my hosts.

[web]
# the one in the corner
Host:203.0.113.10
user = ubuntu
port=2222

; about 서버
[서버]
address = server.example.com
key = my key
END
chmod 600 "$hosts"
check 'add to a file with comments' expect_status 0 pk add new 203.0.113.12
check 'forget' expect_status 0 pk forget web
check 'forget: says so' contains "$(err)" "'web' is forgotten"
check 'the rest is as it was' equals "$(cat "$hosts")" '# All my hosts.

; about 서버
[서버]
address = server.example.com
key = my key

[new]
host = 203.0.113.12'
check 'forget again' refused 4 "'web'" -- pk forget web
jamo=$(printf '\xe1\x84\x89\xe1\x85\xa5\xe1\x84\x87\xe1\x85\xa5')
check 'a name as macOS writes it is the same name' refused 1 "'서버'" -- \
    pk add "$jamo" 203.0.113.13

# list
pk -q add zoo 203.0.113.14 -l me -p 22
check 'list' expect_status 0 pk list
check 'list: all of them' contains "$(out)" NAME ADDRESS USER PORT KEY \
    server.example.com 'my key' 203.0.113.12 zoo
check 'list: sorted' equals "$(out | sed 1d | cut -d ' ' -f 1 | tr '\n' ' ')" \
    'new zoo 서버 '
check 'list: columns line up in spite of wide letters' equals \
    "$(out | "$PYTHON" -c 'import sys
cell = lambda c: 2 if "가" <= c <= "힣" else 1
for line in sys.stdin.read().split("\n")[1:]:
    for a in ("server.ex", "203."):
        if a in line:
            print(sum(map(cell, line[:line.index(a)])))' | sort -u | wc -l)" 1
check 'list PATTERN' expect_status 0 pk list 'z*' '서?'
check 'list PATTERN: those' equals \
    "$(out | sed 1d | cut -d ' ' -f 1 | tr '\n' ' ')" 'zoo 서버 '
check 'list: by address' expect_status 0 pk list '203.0.113.12'
check 'list: by address: that one' contains "$(out)" new
check 'list: jamo' expect_status 0 pk list "$jamo"
check 'list: no match' refused 4 "no host matches 'web'" -- pk list web
check 'list: no match, JSON' refused 4 "no host matches 'web'" -- \
    pk list --json web
check 'list --json' expect_status 0 pk list --json
out >j
check 'list --json: names' equals "$(json j '[i["name"] for i in j["hosts"]]')" \
    $'new\nzoo\n서버'
check 'list --json: fields' equals "$(json j 'j["hosts"][1]')" \
    "{'name': 'zoo', 'address': '203.0.113.14', 'user': 'me', 'port': 22, 'key': None, 'fingerprint': None}"
check 'list --json: complete' equals "$(json j '(j["partial"], j["errors"])')" \
    $'False\n[]'

# resolve
check 'resolve' expect_status 0 pk resolve 서버
check 'resolve: every field and its reason' equals \
    "$(out | sed 's/  */ /g')" "name 서버 $hosts:4
address server.example.com $hosts:5
port 22 default
user $(id -un) your name here
key my key $hosts:6
host key server.example.com the address"
check 'resolve user@NAME:port' expect_status 0 pk resolve root@zoo:2200
check 'resolve user@NAME:port: what was given counts' contains \
    "$(out | sed 's/  */ /g')" 'user root given with the name' \
    'port 2200 given with the name' "name zoo $hosts:11"
check 'resolve: an address' expect_status 0 pk resolve 203.0.113.99
check 'resolve: an address: as given' contains "$(out | sed 's/  */ /g')" \
    'address 203.0.113.99 as given' 'the vault is locked: pemkeep unlock'
check 'resolve: IPv6' expect_status 0 pk resolve 'u@[::1]:2222'
check 'resolve: IPv6: taken apart' contains "$(out | sed 's/  */ /g')" \
    'address ::1 ' 'port 2222 ' 'user u ' 'host key ::1 '
check 'resolve: a DNS name' expect_status 0 pk resolve www.example.com
check 'resolve --json' expect_status 0 pk resolve --json zoo
out >j
check 'resolve --json: fields' equals "$(json j '[
    j["target"]["addresses"][0]["value"], j["target"]["port"]["value"],
    j["target"]["user"]["source"], j["target"]["keys"], j["locked"]]')" \
    $'203.0.113.14\n22\n'"$hosts:13"$'\n[]\nTrue'
check 'resolve: a word is not asked of the DNS' refused 4 \
    "there is no host 'localhost'" "'$hosts'" -- pk resolve localhost
check 'resolve: what comes close' refused 4 "did you mean 'zoo'" -- \
    pk resolve zo0
check 'resolve: not a port' refused 2 "'99999' is not a port" -- \
    pk resolve zoo:99999
check 'resolve: not a user' refused 2 'is not a user name' -- \
    pk resolve $'a\nb@zoo'
for name in '$(touch ran)' '`touch ran`' ';touch ran' '|touch ran' \
    $'x\ntouch ran' '%h' 'a.b$(touch ran)' '*' '?'; do
	check "resolve: $(printf %q "$name") is nothing" \
	    refused 4 'there is no host' -- pk resolve "$name"
done
check 'nothing was run' test ! -e ran
if strace -o /dev/null true 2>/dev/null; then
	strace -f -e trace=connect,sendto,sendmsg,execve -o trace \
	    "$PEMKEEP" resolve www.example.com >/dev/null 2>&1
	check 'resolve: no packet, no other program' equals \
	    "$(grep -c -e AF_INET -e 'execve(' trace)" 1
else
	skip 'resolve: no packet' 'strace does not work here'
fi
check 'no agent was started' test ! -e "$XDG_RUNTIME_DIR/pemkeep"

# With keys.
export PEMKEEP_PASSPHRASE_FILE=$PASS_FILE
new_vault
ssh-keygen -q -t ed25519 -N '' -C '' -f one.pem
ssh-keygen -q -t ed25519 -N '' -C '' -f zoo.pem
pk -q import one.pem zoo.pem >/dev/null
print=$(ssh-keygen -lf one.pem.pub | cut -d ' ' -f 2)
check 'add: a key that is not there' refused 4 "there is no key 'two'" -- \
    pk add x 203.0.113.15 --key two
check 'add: a key' expect_status 0 pk add x 203.0.113.15 --key one
check 'add: a key: its fingerprint, too' contains "$(tail -n 2 "$hosts")" \
    'key = one' "fingerprint = $print"
pk -q rename one uno
check 'a key that was renamed is found' expect_status 0 pk resolve x
check 'a key that was renamed is found: as such' contains \
    "$(out | sed 's/  */ /g')" "key uno $hosts:"
check 'a key with the name of the host' expect_status 0 pk resolve zoo
check 'a key with the name of the host: first' contains \
    "$(out | sed 's/  */ /g')" "key zoo it has the host's name" \
    'key uno one of a few keys in the vault'
check "a key that is gone: where that stands" refused 4 "$hosts:6: " \
    "no key 'my key'" -- pk resolve 서버
pk -q lock
check 'locked: nobody is asked' expect_status 0 \
    env -u PEMKEEP_PASSPHRASE_FILE "$PEMKEEP" resolve x
check 'locked: what is written down is shown' contains \
    "$(out | sed 's/  */ /g')" "key one $hosts:"
check 'locked: it is still locked' contains "$(pk agent --status)" locked

# Who has nothing of AWS pays for none of its libraries, and has no cache.
strace -f -qq -e trace=openat -o trace "$PEMKEEP" resolve 203.0.113.1 \
    >/dev/null 2>strace.err
if [ -s trace ]; then
	check 'without AWS: no library of it is opened' lacks "$(cat trace)" \
	    libsqlite3 libexpat libcurl
else
	skip 'without AWS: libraries' \
	    "strace does not work here: $(head -n 1 strace.err)"
fi
check 'without AWS: no cache is made' test ! -e "$HOME/.cache/pemkeep"

# Files that cannot be right.
cp "$hosts" good
echo '[zoo]' >>"$hosts"
refused_file 1 "$hosts:20: section 'zoo' is there twice"
printf '[a]\nhost = b\nhots = c\n' >"$hosts"
refused_file 1 "$hosts:3: unknown key 'hots'" 'hint: host, user, port, key'
check 'add to such a file' refused 1 "$hosts:3" -- pk add x 203.0.113.1
check 'forget in such a file' refused 1 "$hosts:3" -- pk forget a
check 'resolve with such a file' refused 1 "$hosts:3" -- \
    pk resolve 203.0.113.1
printf '[a]\nuser = c\n' >"$hosts"
refused_file 1 "$hosts:1: 'a' has no host"
printf '[a]\nhost = \033[2J\n' >"$hosts"
refused_file 1 "$hosts:2: there are characters that no text has"
printf '[a\xe2\x80\xae]\nhost = b\n' >"$hosts"
refused_file 1 "$hosts:1: " 'is not a name'
cp good "$hosts"
chmod 620 "$hosts"
refused_file 7 "others may write to '$hosts'" "chmod 600"
chmod 600 "$hosts"
mv "$hosts" elsewhere
ln -s "$PWD/elsewhere" "$hosts"
refused_file 1 "'$hosts' is a symbolic link"
check 'add through a link' refused 1 'a symbolic link' -- \
    pk add new2 203.0.113.1
check 'the file behind it is as it was' cmp elsewhere good
done_testing
