#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Goal of this test: an audit finds every private key that lies about in a home
# folder, says of each what is wrong and nothing else, and --fix leaves none of what
# it can mend.

. "$SRC/tests/cli/lib.sh"

export PUTTYGEN_HOME=$TMP
command -v puttygen >/dev/null || PATH=$PATH:/usr/bin
KEYPASS='a passphrase of its own'
mkdir -m 700 ~/.ssh
mkdir ~/Downloads ~/Desktop ~/Documents ~/work
cases=0

# wanted PATH ID...: these findings, and no other, about the file
wanted()
{
	local path=$1 id
	shift
	cases=$((cases + 1))
	for id; do
		printf '%s\t%s\0' "$id" "$path" >>"$TMP/wanted"
	done
}

# plant MODE PATH [ID...]: the file (which is there) gets its mode
plant()
{
	chmod "$1" "$2" || fail "planting $2" ''
	shift
	wanted "$@"
}

# ed FILE [PASSPHRASE]
ed()
{
	ssh-keygen -q -t ed25519 -a 4 -N "${2-}" -C me -f "$1" && rm "$1.pub"
}

# What the audit said, against what was planted: 'exactly JSON WANTED'.
exactly()
{
	"$PYTHON" - "$@" <<'END'
import collections, json, sys
with open(sys.argv[1]) as f:
    j = json.load(f)
seen = collections.Counter(
    (x["id"], x.get("path") or x["subject"]) for x in j["findings"])
want = collections.Counter(
    tuple(w.decode("utf-8", "replace").split("\t", 1))
    for w in open(sys.argv[2], "rb").read().split(b"\0") if w)
for what, list_ in (("missing", want - seen), ("too much", seen - want)):
    for one in sorted(list_.elements()):
        print(what, ascii(one))
sys.exit(seen != want)
END
}

audit()
{
	pk audit --json "$@" >"$TMP/json" 2>"$TMP/.err"
	audit_status=$?
}

new_vault
# The vault's own keys: copies of them are planted.
ed "$TMP/held"
cp "$TMP/held" "$TMP/copy"
ssh-keygen -q -t rsa -b 2048 -m PEM -N '' -f "$TMP/rsa" && rm "$TMP/rsa.pub"
cp "$TMP/rsa" "$TMP/rsa-copy"
pk -q import --move "$TMP/held" "$TMP/rsa" || fail 'keys for the vault' ''

check 'a home without keys' expect_status 0 pk audit
check 'is told to be clean' contains "$(err)" 'Nothing was found' '0 private'
: >"$TMP/wanted"

# Formats.
ed ~/.ssh/id_ed25519
plant 600 ~/.ssh/id_ed25519 key-unprotected
ssh-keygen -q -t rsa -b 2048 -m PEM -N '' -f ~/.ssh/id_rsa
plant 600 ~/.ssh/id_rsa key-unprotected
wanted ~/.ssh/id_rsa.pub
ssh-keygen -q -t rsa -b 2048 -m PKCS8 -N '' -f ~/.ssh/pkcs8
rm ~/.ssh/pkcs8.pub
plant 400 ~/.ssh/pkcs8 key-unprotected
ssh-keygen -q -t ecdsa -b 384 -m PEM -N '' -f ~/.ssh/sec1
plant 400 ~/.ssh/sec1 key-unprotected
ssh-keygen -q -t rsa -b 2048 -N '' -f ~/.ssh/openssh_rsa
plant 600 ~/.ssh/openssh_rsa key-unprotected
puttygen -q -t ed25519 -O private -o ~/Downloads/three.ppk \
    --new-passphrase /dev/null
plant 600 ~/Downloads/three.ppk key-unprotected
puttygen -q -t ecdsa -b 256 -O private -o ~/Downloads/two.ppk \
    --new-passphrase /dev/null --ppk-param version=2
plant 600 ~/Downloads/two.ppk key-unprotected
openssl genpkey -algorithm ed25519 -out ~/Downloads/openssl.pem 2>/dev/null
plant 600 ~/Downloads/openssl.pem key-unprotected

# With a passphrase of their own.
ssh-keygen -q -t rsa -b 2048 -m PEM -N "$KEYPASS" -f ~/.ssh/enc_pkcs1
plant 600 ~/.ssh/enc_pkcs1 key-outside-vault
openssl genpkey -algorithm ed25519 -aes256 -pass "pass:$KEYPASS" \
    -out ~/.ssh/enc_pkcs8 2>/dev/null
plant 600 ~/.ssh/enc_pkcs8 key-outside-vault
ed ~/.ssh/enc_openssh "$KEYPASS"
plant 600 ~/.ssh/enc_openssh key-outside-vault
printf '%s\n' "$KEYPASS" >"$TMP/ppkpass"
puttygen -q -t ed25519 -O private -o ~/Downloads/enc.ppk \
    --new-passphrase "$TMP/ppkpass"
plant 600 ~/Downloads/enc.ppk key-outside-vault

# Modes.
for mode in 644 640 604 444 666 755; do
	ed ~/Downloads/mode$mode.pem
	plant $mode ~/Downloads/mode$mode.pem key-readable
done
ed ~/Downloads/enc644 "$KEYPASS"
plant 644 ~/Downloads/enc644 key-readable

# Copies of what the vault has.
cp "$TMP/copy" ~/Documents/copy
plant 600 ~/Documents/copy key-copy
cp "$TMP/copy" ~/Documents/copy-loose
plant 644 ~/Documents/copy-loose key-readable
cp "$TMP/copy" ~/Documents/copy-locked
ssh-keygen -q -p -a 4 -N "$KEYPASS" -f ~/Documents/copy-locked >/dev/null
plant 600 ~/Documents/copy-locked key-copy
cp "$TMP/rsa-copy" ~/Documents/copy-pkcs8
ssh-keygen -q -p -m PKCS8 -N '' -f ~/Documents/copy-pkcs8 >/dev/null
plant 600 ~/Documents/copy-pkcs8 key-copy
sed 's/$/\r/' "$TMP/copy" >~/Documents/copy-windows
plant 600 ~/Documents/copy-windows key-copy
# It does not show its public half, but the file beside it does.
ssh-keygen -y -f "$TMP/rsa-copy" >~/Documents/copy-legacy.pub
openssl rsa -in "$TMP/rsa-copy" -aes128 -traditional \
    -passout "pass:$KEYPASS" -out ~/Documents/copy-legacy 2>/dev/null
plant 600 ~/Documents/copy-legacy key-copy

# What is wrong with the key itself.
openssl genrsa -traditional -out ~/Desktop/rsa1024.pem 1024 2>/dev/null
plant 600 ~/Desktop/rsa1024.pem key-weak key-unprotected
openssl genrsa -traditional -out ~/Desktop/rsa768.pem 768 2>/dev/null
plant 600 ~/Desktop/rsa768.pem key-weak
openssl dsaparam -genkey -noout 1024 2>/dev/null >~/Desktop/dsa.pem
plant 600 ~/Desktop/dsa.pem key-weak
cp ~/Desktop/dsa.pem ~/Desktop/dsa-loose.pem
plant 644 ~/Desktop/dsa-loose.pem key-weak key-readable
openssl ecparam -name secp256k1 -genkey -noout -out ~/Desktop/other-curve.pem
plant 600 ~/Desktop/other-curve.pem key-unprotected

# As Windows and browsers have left them.
ed "$TMP/wide"
{ printf '\377\376'; iconv -t UTF-16LE <"$TMP/wide"; } >~/Downloads/wide.pem
plant 600 ~/Downloads/wide.pem key-unprotected
ed "$TMP/marked"
{ printf '\357\273\277'; cat "$TMP/marked"; } >~/Downloads/marked.pem
plant 600 ~/Downloads/marked.pem key-unprotected
ed "$TMP/endless"
printf %s "$(cat "$TMP/endless")" >~/Downloads/endless.pem
plant 600 ~/Downloads/endless.pem key-unprotected
ed "$TMP/noted"
{ echo 'my server at home:'; cat "$TMP/noted"; } >~/Documents/notes.txt
plant 600 ~/Documents/notes.txt key-unprotected
ed "$TMP/first" && ed "$TMP/second"
cat "$TMP/first" "$TMP/second" >~/Documents/both
plant 600 ~/Documents/both key-unprotected
ed "$TMP/longer"
{ cat "$TMP/longer"; head -c 200000 /dev/zero | tr '\0' x; } >~/Documents/longer
plant 600 ~/Documents/longer key-unprotected

# Places.
ed ~/top.pem
plant 600 ~/top.pem key-unprotected
deep=~/Documents
for i in {1..40}; do deep=$deep/$i; done
mkdir -p "$deep"
ed "$deep/deep"
plant 600 "$deep/deep" key-unprotected
# As deep as it goes, with a file to be opened in each folder on the way.
deep=~/Documents/deepest
for i in {1..190}; do deep=$deep/d; done
mkdir -p "$deep"
(
	cd ~/Documents/deepest || exit
	for i in {1..190}; do
		: >file && cd d || exit
	done
)
ed "$TMP/deepest" && mv "$TMP/deepest" "$deep/key"
plant 600 "$deep/key" key-unprotected
mkdir ~/Documents/.hidden
ed ~/Documents/.hidden/.key
plant 600 ~/Documents/.hidden/.key key-unprotected

# Names.
names=($'esc\033]0;owned\007' $'two\nlines.pem' '한글 열쇠.pem' $'bad\377utf8'
    -rf "it's \"quoted\" \$(id)" $'r\u202elm.pem' '*' ' ')
for name in "${names[@]}"; do
	ed "$TMP/named"
	mv "$TMP/named" ~/Downloads/"$name"
	plant 600 ~/Downloads/"$name" key-unprotected
done

# One file with two names, and names that are none.
ed ~/Documents/a-first
chmod 600 ~/Documents/a-first
ln ~/Documents/a-first ~/Downloads/second
wanted ~/Documents/a-first key-unprotected
wanted ~/Downloads/second
ln -s ~/Documents/copy ~/Documents/link
wanted ~/Documents/link
ed ~/work/outside
chmod 600 ~/work/outside
ln -s ~/work/outside ~/Documents/link-out
wanted ~/Documents/link-out
ln -s ~/work ~/Documents/folder-out
wanted ~/Documents/folder-out
ln -s . ~/Documents/circle
wanted ~/Documents/circle
mkfifo ~/.ssh/fifo ~/Documents/id_fifo
wanted ~/.ssh/fifo
(cd ~/Documents && "$PYTHON" -c \
    'import socket; socket.socket(socket.AF_UNIX).bind("socket")')
wanted ~/Documents/socket
{ sed q "$TMP/copy"; } >~/Documents/huge
truncate -s 4G ~/Documents/huge
wanted ~/Documents/huge

# What looks like a key, and is none.
: >~/Documents/empty
wanted ~/Documents/empty
openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=x -days 2 \
    -keyout "$TMP/tls.key" -out ~/Documents/cert.pem 2>/dev/null
wanted ~/Documents/cert.pem
cat ~/Documents/cert.pem ~/Documents/cert.pem >~/Documents/bundle.pem
wanted ~/Documents/bundle.pem
cat ~/Documents/cert.pem "$TMP/tls.key" >~/Documents/server.pem
plant 600 ~/Documents/server.pem
cat "$TMP/tls.key" ~/Documents/cert.pem >~/Documents/server-loose.pem
plant 644 ~/Documents/server-loose.pem key-readable
openssl req -new -key "$TMP/tls.key" -subj /CN=x -out ~/Documents/request.csr
wanted ~/Documents/request.csr
ssh-keygen -y -f "$TMP/copy" >~/.ssh/authorized_keys
wanted ~/.ssh/authorized_keys
cp ~/.ssh/authorized_keys ~/Documents/public
ssh-keygen -q -s "$TMP/first" -I me ~/Documents/public 2>/dev/null
wanted ~/Documents/public
wanted ~/Documents/public-cert.pub
cat >~/Documents/howto.md <<'END'
A file that begins with
-----BEGIN RSA PRIVATE KEY-----
is a private key: never show it to anybody.
END
wanted ~/Documents/howto.md
head -n 4 "$TMP/rsa-copy" >~/Documents/cut-off
wanted ~/Documents/cut-off
printf -- '-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nxx\n%s' \
    $'-----END PGP PRIVATE KEY BLOCK-----\n' >~/Documents/pgp
wanted ~/Documents/pgp
head -c 20000 /dev/urandom >~/Documents/random
wanted ~/Documents/random
# The handle of a security key: the key itself is not in the file.
"$PYTHON" - >~/.ssh/id_ed25519_sk <<'END'
import base64, struct
s = lambda b: struct.pack(">I", len(b)) + b
pub = s(b"sk-ssh-ed25519@openssh.com") + s(b"A" * 32) + s(b"ssh:")
inner = b"\1\2\3\4" * 2 + pub + b"\1" + s(b"h" * 64) + s(b"") + s(b"me")
inner += bytes(range(1, 9 - len(inner) % 8))
raw = b"openssh-key-v1\0" + s(b"none") + s(b"none") + s(b"") + \
    struct.pack(">I", 1) + s(pub) + s(inner)
text = base64.b64encode(raw).decode()
print("-----BEGIN OPENSSH PRIVATE KEY-----")
for i in range(0, len(text), 70):
    print(text[i:i + 70])
print("-----END OPENSSH PRIVATE KEY-----")
END
plant 600 ~/.ssh/id_ed25519_sk
printf 'Host *\n' >~/.ssh/config
wanted ~/.ssh/config

check 'sixty cases and more' test $cases -ge 60
audit
check 'exactly what was planted' exactly "$TMP/json" "$TMP/wanted"
check 'findings are status 1' equals "$audit_status" 1
check 'nothing is missing' equals \
    "$(json "$TMP/json" 'j["partial"], j["errors"]')" $'False\n[]'
check 'the same once more' expect_status 1 pk audit
out >"$TMP/table"
check 'the table is safe' safe "$TMP/table"
# shellcheck disable=SC2088 # as it is printed
check 'and has names of all scripts' contains "$(cat "$TMP/table")" \
    '~/Downloads/한글 열쇠.pem' 'esc^[]0;owned^G'

# Every command is one that a shell takes as it was meant.
commands()
{
	json "$TMP/json" '[x["command"] for x in j["findings"] if x["command"]]'
}
words()
{
	commands | while IFS= read -r line; do
		bash -c "pemkeep() { printf '%s\0' \"\${@: -1}\"; }
		chmod() { pemkeep \"\$@\"; }; puttygen() { pemkeep \"\$2\"; }
		$line"
	done
}
words >"$TMP/words"
check 'commands name the files' "$PYTHON" - "$TMP/words" <<'END'
import os, sys
for word in open(sys.argv[1], "rb").read().split(b"\0"):
    if word.startswith(b"/") and not word.endswith(b".new") and \
            not os.path.lexists(word):
        sys.exit("no such file: %r" % word)
END

# How bad is it?
severity()
{
	json "$TMP/json" "[x['severity'] for x in j['findings']
	    if x.get('path') == '$1' and x['id'] == '$2']"
}
check 'readable: high' equals \
    "$(severity ~/Downloads/mode644.pem key-readable)" high
check 'readable, with a passphrase: medium' equals \
    "$(severity ~/Downloads/enc644 key-readable)" medium
check 'unprotected: medium' equals \
    "$(severity ~/.ssh/id_ed25519 key-unprotected)" medium
check 'with a passphrase: low' equals \
    "$(severity ~/.ssh/enc_openssh key-outside-vault)" low
check 'DSA: high' equals "$(severity ~/Desktop/dsa.pem key-weak)" high
check 'a copy says of what' equals "$(json "$TMP/json" \
    "[x['key'] for x in j['findings'] if x['subject'].endswith('/copy')]")" held
check 'what cannot be taken in gets its mode' equals "$(json "$TMP/json" \
    '[x["command"] for x in j["findings"] if x["id"] == "key-readable"
    and "dsa" in x["subject"]]')" "chmod 400 $HOME/Desktop/dsa-loose.pem"
check 'two names of one file' contains "$(json "$TMP/json" \
    "[x['text'] for x in j['findings'] if x['subject'].endswith('a-first')]")" \
    "'$HOME/Downloads/second'"

# From which severity on it is a failure.
check 'on critical only' expect_status 0 pk audit --fail-on critical
check 'on high' expect_status 1 pk audit --fail-on high
check 'never' expect_status 0 pk audit --fail-on none
check 'another word' refused 2 "'much' is not a severity" -- \
    pk audit --fail-on much
check 'no time' refused 2 "'often' is not a time" -- pk audit --max-age often
check 'both' refused 2 '--deep' -- pk audit --deep ~/.ssh

# Age: of the file, unless the vault has the key.
touch -d '400 days ago' ~/.ssh/id_ed25519 ~/Documents/copy
audit --max-age 1y
cp "$TMP/wanted" "$TMP/wanted-old"
printf 'key-old\t%s\0' ~/.ssh/id_ed25519 >>"$TMP/wanted-old"
check 'an old key' exactly "$TMP/json" "$TMP/wanted-old"

# Places that are named, and all of them.
audit ~/work
printf 'key-unprotected\t%s\0' ~/work/outside >"$TMP/wanted-work"
check 'a folder' exactly "$TMP/json" "$TMP/wanted-work"
audit ~/work/outside ~/work ~/work/../work
check 'a folder and what is in it' exactly "$TMP/json" "$TMP/wanted-work"
audit ~/Documents/folder-out/
check 'a link with a slash' exactly "$TMP/json" "$TMP/wanted-work"
check 'a link' refused 2 'is a link' -- pk audit ~/Documents/folder-out
check 'a FIFO' refused 2 'a special file' -- pk audit ~/.ssh/fifo
check 'what is not there' refused 4 'does not exist' -- pk audit ~/nothing
audit --deep
cat "$TMP/wanted" "$TMP/wanted-work" >"$TMP/wanted-deep"
check 'all of it' exactly "$TMP/json" "$TMP/wanted-deep"

# With the vault locked, nobody is asked, and what is not known is not said.
pk -q lock
locked()
{
	env -u PEMKEEP_PASSPHRASE_FILE "$PEMKEEP" audit --json --no-input \
	    >"$TMP/json" 2>"$TMP/.err"
}
locked
check 'locked: partial' equals \
    "$(json "$TMP/json" 'j["partial"], j["vault"]')" $'True\nunknown'
check 'locked: no copies, and no guesses' equals \
    "$(json "$TMP/json" 'sorted({x["id"] for x in j["findings"]})')" \
    $'key-readable\nkey-unprotected\nkey-weak'
check 'locked: the agent stays so' contains "$(pk agent --status --json)" \
    '"unlocked": false'

# What may be mended.
audit --fix --no-input
check 'nobody to ask: modes only' equals "$(json "$TMP/json" \
    '[x for x in j["findings"] if x["id"] == "key-readable"]')" ''
check 'the mode' mode_is 0400 ~/Downloads/mode644.pem ~/Downloads/enc644 \
    ~/Desktop/dsa-loose.pem ~/Documents/server-loose.pem
check 'no key was taken' test -f ~/.ssh/id_ed25519
check 'which ones would be' contains "$(cat "$TMP/.err")" \
    "To be taken in, and removed: '$HOME/.ssh/id_ed25519'"
audit --fix --yes --no-input
check 'what is left is what it cannot mend' exactly "$TMP/json" <(
	for f in ~/.ssh/enc_{pkcs1,pkcs8,openssh} ~/Downloads/enc{.ppk,644}; do
		printf 'key-outside-vault\t%s\0' "$f"
	done
	for f in ~/Desktop/{dsa,dsa-loose,rsa768}.pem rsa1024; do
		printf 'key-weak\t%s\0' "$f"
	done
	for f in ~/Documents/copy-{legacy,locked}; do
		printf 'key-copy\t%s\0' "$f"
	done
	for f in ~/Documents/{notes.txt,both,longer} ~/Desktop/other-curve.pem
	do
		printf 'key-unprotected\t%s\0' "$f"
	done
)
check 'the files are gone' test ! -e ~/.ssh/id_ed25519 -a \
    ! -e ~/Downloads/-rf -a ! -e ~/Downloads/second -a ! -e ~/Documents/a-first
check 'what is no key is still there' test -p ~/.ssh/fifo -a \
    -L ~/Documents/link-out -a -f ~/work/outside -a -f ~/Documents/cert.pem
pk keys --json >"$TMP/keys"
check 'the keys are in the vault' test \
    "$(json "$TMP/keys" 'len(j["keys"])')" -ge 30
check 'under names of their own' contains "$(json "$TMP/keys" \
    '[k["name"] for k in j["keys"]]')" '한글 열쇠' id_ed25519 'esc_]0;owned_'
check 'the vault is sound' expect_status 0 pk check
audit
check 'mended is mended' equals "$(json "$TMP/json" 'len([x
    for x in j["findings"] if x["id"] in ("key-readable", "key-copy")
    and "legacy" not in x["subject"] and "locked" not in x["subject"]])')" 0

# pemkeep's own files.
rm -rf ~/Documents ~/Downloads ~/Desktop ~/.ssh ~/work ~/top.pem
check 'an empty home, but for the vault' expect_status 1 pk audit
mkdir -p ~/.config/pemkeep
new_vault
check 'nothing' expect_status 0 pk audit
chmod 644 "$vault"
printf 'port = 22\n' >~/.config/pemkeep/config
chmod 666 ~/.config/pemkeep/config
audit
check 'loose modes' exactly "$TMP/json" <(
	printf '%s\t%s\0' vault-mode "$vault" \
	    config-mode ~/.config/pemkeep/config)
check 'are severe' equals "$(json "$TMP/json" \
    '{x["severity"] for x in j["findings"]}')" "{'high'}"
audit --fix
check 'and are set right' equals "$audit_status" 0
check 'the vault is' mode_is 0400 "$vault"
check 'and the config' mode_is 0644 ~/.config/pemkeep/config
chmod 755 "$data"
audit
check 'a loose folder' exactly "$TMP/json" <(printf 'vault-mode\t%s\0' "$data")
audit --fix
check 'is mended' mode_is 0700 "$data"
check 'the log is whole' equals "$(json "$TMP/json" 'j["findings"]')" ''
sed -i '1s/"event":"/&x/' "$state/log"
audit
check 'a log that was changed' exactly "$TMP/json" \
    <(printf 'log-broken\t%s\0' "$state/log")
rm "$state/log" "$state/log.head"
mkdir -m 700 "$state/launches"
printf '{"version": 1, "name": "web\\u001b[1m", "region": "eu-west-1"}\n' \
    >"$state/launches/web-0123.json"
check 'a launch that was left' expect_status 1 pk audit
check 'how it goes on' contains "$(out)" launch-unfinished 'web^[[1m' \
    "pemkeep launch --resume \$'web\\x1b'\$'[1m'"
(
	exec 8>"$state/launches/web-0123.json.lock"
	flock 8
	pk -q audit >"$TMP/out"
)
check 'one that is under way' equals "$(cat "$TMP/out")" ''
rm -r "$state/launches"

# A place that is a link leads elsewhere, which is said.
mkdir ~/elsewhere
ed ~/elsewhere/key
ln -s elsewhere ~/Desktop
audit
check 'a place that is a link' exactly "$TMP/json" /dev/null
check 'is told' equals "$(json "$TMP/json" \
    '[(x["path"], x["error"]) for x in j["errors"]]')" \
    "('$HOME/Desktop', 'a link is not followed')"

# Without a vault there is nothing to take keys into.
rm -r "$data" ~/Desktop
mkdir ~/Desktop
ed ~/Desktop/key
chmod 644 ~/Desktop/key
pk -q agent --stop
check 'no vault' expect_status 1 pk audit --fix --yes
check 'says how to make one' contains "$(err)" 'there is no vault' \
    'pemkeep init'
check 'the mode is set' mode_is 0400 ~/Desktop/key
check 'and what is left is said' contains "$(out)" key-unprotected

# As somebody whom permissions bind.
if find_someone; then
	as_someone mkdir -p "$theirs/.ssh" "$theirs/Documents/closed"
	as_someone ssh-keygen -q -t ed25519 -N '' -f "$theirs/.ssh/mine"
	as_someone cp "$theirs/.ssh/mine" "$theirs/Documents/unreadable"
	as_someone cp "$theirs/.ssh/mine" "$theirs/Documents/closed/key"
	as_someone chmod 000 "$theirs/Documents/closed" \
	    "$theirs/Documents/unreadable"
	check 'closed places' expect_status 1 someone audit --json
	out >"$TMP/json"
	check 'are told' equals "$(json "$TMP/json" \
	    'sorted(x["path"].split("/")[-1] for x in j["errors"])')" \
	    $'closed\nunreadable'
	check 'make it partial' equals "$(json "$TMP/json" 'j["partial"]')" True
	check 'and hide nothing else' equals \
	    "$(json "$TMP/json" '[x["subject"] for x in j["findings"]]')" \
	    "$theirs/.ssh/mine"
	as_someone chmod 700 "$theirs/Documents/closed"
else
	skip 'closed places' 'needs root, or setpriv'
fi
done_testing
