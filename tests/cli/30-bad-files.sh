#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Goal of this test: whatever is given to import that is no key which pemkeep
# keeps gets one clear line that names it, with the next step where there is one;
# it is left alone, and so is the vault.  Nothing that a file says, and no file's
# name, reaches the terminal raw.

. "$SRC/tests/cli/lib.sh"

KEY_PASS='a passphrase of the key'
badkey()
{
	"$PYTHON" "$SRC/tests/tools/badkeys.py" "$@"
}

# bad NAME STATUS WORDS FILE: FILE is refused and left alone, even with --move.
bad()
{
	local before
	before=$(stat -c '%a %i %s %F' "$4")
	check "$1" refused "$2" "'$4'" "$3" -- \
	    timeout 20 "$PEMKEEP" import --move "$4"
	check "$1: it is as it was" \
	    equals "$(stat -c '%a %i %s %F' "$4")" "$before"
}

new_vault
for name in one two locked; do
	ssh-keygen -q -t ed25519 -a 4 -C "$name" -f $name \
	    -N "$([ $name = locked ] && echo "$KEY_PASS")"
done
openssl genrsa -traditional -out rsa 2048 2>/dev/null
openssl ecparam -name prime256v1 -genkey -noout -out ec1
openssl ecparam -name prime256v1 -genkey -noout -out ec2
pk -q import one >/dev/null

# Not a key.
echo 'just a text' >text
printf '\x7fELF\x02\x01\x01\0\0\0\0' >binary
head -c 3000 /dev/urandom >noise
: >empty
printf ' \n\n\t\n' >blank
truncate -s 1G huge
{
	cat two
	head -c 40000 /dev/zero | tr '\0' '\n'
} >long
printf '\0\0\0\0' >zeros
{
	head -c 60 two
	printf '\0'
	tail -c +61 two
} >nul
echo '{"KeyMaterial": "-----BEGIN RSA PRIVATE KEY-----\nMII..."}' >answer.json
chmod 644 text binary noise empty blank huge long zeros nul answer.json
bad 'a text' 1 'no private key' text
bad 'a program' 1 'no private key' binary
bad 'random bytes' 1 "'noise': " noise
bad 'an empty file' 1 empty empty
bad 'a file of blanks' 1 empty blank
bad 'a file of 1 GiB' 1 'too large' huge
bad 'a key in a file of 40 KB' 1 'too large' long
bad 'zero bytes' 1 'no private key' zeros
bad 'a key with a zero byte in it' 1 'no private key' nul
bad "EC2's answer in JSON" 1 jq answer.json

# Other things than private keys.
ssh-keygen -q -s one -I me -n user two.pub
ssh-keygen -e -f two.pub >rfc4716
openssl rsa -in rsa -pubout -out rsa.public 2>/dev/null
openssl req -x509 -new -key rsa -subj /CN=x -out x509 2>/dev/null
openssl req -new -key rsa -subj /CN=x -out request 2>/dev/null
openssl rsa -in rsa -outform DER -out rsa.der 2>/dev/null
openssl pkcs12 -export -inkey rsa -in x509 -passout pass:x -out rsa.p12
echo "host $(cat one.pub)" >known_hosts
chmod 644 rsa.public x509 request rsa.der rsa.p12
bad 'a public key' 1 'public key' two.pub
check 'a public key: where the other half is' contains "$(err)" "without '.pub'"
bad 'a public key, RFC 4716' 1 'public key' rfc4716
bad 'a public key, PEM' 1 'public key' rsa.public
bad 'a certificate of ssh' 1 certificate two-cert.pub
bad 'a certificate, X.509' 1 certificate x509
bad 'a certificate request' 1 'certificate request' request
bad 'a key in DER' 1 'openssl pkey' rsa.der
bad 'PKCS#12' 1 'openssl pkcs12' rsa.p12
bad 'known_hosts' 1 'no private key' known_hosts

# Keys that are damaged.
for cut in 30 40 100 $(($(stat -c %s two) - 2)); do
	head -c "$cut" two >"two.cut$cut"
	chmod 644 "two.cut$cut"
	bad "cut off after $cut bytes" 1 'cut off' "two.cut$cut"
done
sed 3d two >line
sed '1s/$/AAAA/' two >first
sed '/END/d' rsa >noend
tr -d '\n' <rsa >oneline
sed 's/OPENSSH/RSA/' two >label
{
	sed '/END/d' rsa
	cat ec1
} >inside
cat ec1 ec2 >both
cat rsa ec1 >both2
chmod 644 line first noend oneline label inside both both2
bad 'a line is missing' 1 "'line': " line
bad 'the first line is odd' 1 'cut off' first
bad 'the last line is missing' 1 'cut off' noend
bad 'the line breaks are lost' 1 'line breaks are lost' oneline
bad 'another label' 1 "'label': " label
bad 'a key inside of another' 1 'cut off' inside
bad 'two keys in one file' 1 'more than one' both
check 'two keys in one file: what to do' contains "$(err)" 'file of its own'
bad 'two keys of different kinds' 1 'more than one' both2
for kind in public inner sk two tail; do
	badkey $kind one two >bad-$kind
done
badkey modulus rsa >bad-modulus
badkey exponent rsa >bad-exponent
badkey composite rsa >bad-composite
badkey point ec1 ec2 >bad-point
badkey rounds locked >bad-rounds
chmod 644 bad-*
for kind in public inner point composite; do
	bad "two halves: $kind" 1 'do not belong together' bad-$kind
done
bad 'two halves: modulus' 1 'do not fit' bad-modulus
bad 'two halves: exponent' 1 'do not fit' bad-exponent
bad 'says that it holds two keys' 1 'one key' bad-two
bad 'a byte too many' 1 damaged bad-tail

# Keys that pemkeep does not keep.
bad 'a security key' 1 FIDO bad-sk
check 'absurdly many bcrypt rounds: at once' refused 1 "'bad-rounds'" rounds -- \
    with "$PASS" "$KEY_PASS" -- timeout 5 "$PEMKEEP" --passphrase-fd 9 \
    import bad-rounds
if openssl genpkey -genparam -algorithm DSA -pkeyopt dsa_paramgen_bits:1024 \
    -pkeyopt dsa_paramgen_q_bits:160 -out dsaparam 2>/dev/null &&
    openssl genpkey -paramfile dsaparam -out dsa8 2>/dev/null; then
	openssl dsa -in dsa8 -traditional -out dsa 2>/dev/null ||
	    openssl dsa -in dsa8 -out dsa 2>/dev/null
	chmod 644 dsa8 dsa
	bad 'DSA in PKCS#8' 1 DSA dsa8
	bad 'DSA' 1 DSA dsa
else
	skip DSA 'this openssl makes no such key'
fi
if ssh-keygen -q -t dsa -N '' -f dsa-openssh 2>/dev/null; then
	bad 'DSA of ssh' 1 DSA dsa-openssh
else
	skip 'DSA of ssh' 'this ssh-keygen makes no such key'
fi
openssl genpkey -algorithm X25519 -out x25519
openssl genpkey -algorithm ED448 -out ed448
openssl ecparam -name secp256k1 -genkey -noout -out koblitz
chmod 644 x25519 ed448 koblitz
bad 'X25519' 1 "'x25519': " x25519
bad 'Ed448' 1 "'ed448': " ed448
bad 'ECDSA on another curve' 1 curve koblitz
if openssl genrsa -out small 768 2>/dev/null; then
	chmod 644 small
	bad 'RSA of 768 bits' 1 768 small
else
	skip 'RSA of 768 bits' 'this openssl makes no such key'
fi
if command -v puttygen >/dev/null; then
	echo "$KEY_PASS" >key-pass
	for version in 2 3; do
		puttygen -q -t ed25519 -C x --new-passphrase key-pass \
		    --random-device /dev/urandom -O private \
		    --ppk-param version=$version -o locked$version.ppk
		chmod 644 locked$version.ppk
		bad "an encrypted PPK file, version $version" 1 \
		    'hint: convert it: puttygen' locked$version.ppk
	done
	: >key-pass
	puttygen -q -t ed25519 -C x --new-passphrase key-pass \
	    --random-device /dev/urandom -O private -o plain.ppk
	sed 's/^Comment: x/Comment: y/' plain.ppk >changed.ppk
	head -n 4 plain.ppk >cut.ppk
	sed '1s/-[23]:/-4:/' plain.ppk >new.ppk
	chmod 644 ./*.ppk
	bad 'PPK: changed' 1 Private-MAC changed.ppk
	bad 'PPK: cut off' 1 'cut off' cut.ppk
	bad 'PPK: a newer version' 1 'another version' new.ppk
else
	skip 'PPK files' 'puttygen is not installed'
fi

# Encrypted keys.
openssl pkcs8 -topk8 -in ec1 -passout "pass:$KEY_PASS" -out locked8
openssl ec -in ec1 -aes128 -passout "pass:$KEY_PASS" -out lockedpem 2>/dev/null
for file in locked locked8 lockedpem; do
	check "$file: wrong passphrase" refused 3 "'$file'" 'wrong passphrase' \
	    -- with "$PASS" 'another one' -- pk9 import --move $file
	check "$file: no passphrase" refused 3 "'$file'" 'hint: use --pass' \
	    -- pk import --move $file
	check "$file: an empty passphrase" refused 3 "'$file'" \
	    -- with "$PASS" '' -- pk9 import --move $file
	check "$file: it is as it was" mode_is 0600 $file
done

# Not a regular file.
mkfifo fifo
"$PYTHON" -c 'import socket; socket.socket(socket.AF_UNIX).bind("socket")'
ln -s two symlink
ln -s nowhere dangling
ln -s . loop
bad 'a FIFO' 1 'a FIFO' fifo
bad 'a socket' 1 'a socket' socket
bad 'a device' 1 'a device' /dev/null
bad 'an endless device' 1 'a device' /dev/zero
bad 'a symbolic link' 1 'symbolic link' symlink
check 'a symbolic link: what to give instead' contains "$(err)" "hint: " "'two'"
check 'a symbolic link: what it names is as it was' mode_is 0600 two
bad 'a dangling link' 1 'cannot be found' dangling
bad 'a link to a folder' 1 'symbolic link' loop
check 'a file that is not there' refused 4 "'none'" 'not exist' -- pk import none
check 'a file in a folder that is not there' refused 4 "'no/ne'" -- \
    pk import no/ne
check 'a file in a file' refused 1 "'text/none'" 'Not a directory' -- \
    pk import text/none
check 'a name that is too long' refused 1 'too long' -- \
    pk import "$(printf 'x%.0s' {1..300})"
check 'an empty name' refused 2 empty -- pk import ''
mkdir -p nothing/below
cp text nothing/below
check 'a folder without a key' refused 4 "'nothing'" 'no private key' -- \
    pk import nothing

# Permissions.
if find_someone; then
	someone -q init --kdf-memory 64
	mkdir "$theirs/closed" "$theirs/open" "$theirs/open/closed"
	for file in secret closed/key open/key open/closed/key; do
		ssh-keygen -q -t ed25519 -N '' -f "$theirs/$file"
	done
	chmod 000 "$theirs/secret" "$theirs/closed"
	[ "$(id -u)" != 0 ] || chown -R 65534:65534 "$theirs"
	chmod 000 "$theirs/open/closed"
	before=$(sum "$theirs/.local/share/pemkeep/vault")
	check 'an unreadable file' refused 1 "'secret'" 'Permission denied' -- \
	    someone import secret
	check 'an unreadable file: its mode' mode_is 0000 "$theirs/secret"
	check 'an unreadable folder' refused 1 "'closed'" 'Permission denied' \
	    -- someone import closed
	check 'a file in an unreadable folder' refused 1 "'closed/key'" \
	    'Permission denied' -- someone import closed/key
	check 'unreadable: the vault is as it was' equals "$before" \
	    "$(sum "$theirs/.local/share/pemkeep/vault")"
	check 'an unreadable folder in a folder' expect_status 1 \
	    someone import open
	check 'an unreadable folder in a folder: said' contains "$(said)" \
	    "cannot read the folder 'open/closed'"
	check 'an unreadable folder in a folder: the rest is taken' \
	    contains "$(out)" "open/key: imported as 'key'"
	chmod 700 "$theirs/open/closed" "$theirs/closed"
else
	skip 'permissions' 'root, and cannot be another'
fi

# Several at once: the good ones are taken.
openssl genrsa -out good 2048 2>/dev/null
check 'a good one among bad ones of one kind' expect_status 1 \
    pk import text good empty
check 'a good one among bad ones: taken' contains "$(out)" \
    "good: imported as 'good'"
check 'a good one among bad ones: each is named' contains "$(said)" \
    "pemkeep: 'text': " "pemkeep: 'empty': it is empty"
check 'a good one among bad ones: it is in the vault' expect_status 0 \
    pk export good --public
openssl genrsa -out better 2048 2>/dev/null
check 'a missing one, and a good one' expect_status 4 pk import none better
check 'a missing one, and a good one: taken' contains "$(out)" \
    "imported as 'better'"
check 'bad ones of two kinds' expect_status 1 \
    with "$PASS" wrong -- pk9 import none locked text

# Names.
mkdir other
cp two good.pem
bad 'a name that is taken' 1 "'good' is taken" good.pem
check 'a name that is taken: what to do' contains "$(err)" 'hint: ' '--name'
mkdir -p a b
ssh-keygen -q -t ed25519 -N '' -f a/twin.pem
ssh-keygen -q -t ed25519 -N '' -f b/twin.pem
check 'two files of one name' expect_status 1 pk import a/twin.pem b/twin.pem
check 'two files of one name: the first' contains "$(out)" \
    "a/twin.pem: imported as 'twin'"
check 'two files of one name: the second' contains "$(said)" \
    "'b/twin.pem': the name 'twin' is taken"
for wrong in '' . .. a/b /etc/passwd -rf ' x' 'x ' $'x\ny' $'x\ty' $'x\e[31m' \
    $'x\x7f' $'x\xc2\x9b' $'x\xe2\x80\xae' $'x\xff' "$(printf 'x%.0s' {1..256})"
do
	check "--name $(printf %q "${wrong:0:20}")" refused 2 "hint: " -- \
	    pk import --name="$wrong" two
done
for wrong in '' .. -rf $'x\e[31m'; do
	check "rename to $(printf %q "$wrong")" refused 2 "hint: " -- \
	    pk rename -- one "$wrong"
	check "generate $(printf %q "$wrong")" refused 2 "hint: " -- \
	    pk generate -- "$wrong"
done
check '--name for several files' refused 2 --name -- pk import --name x two ec1
long=$(printf 'x%.0s' {1..255})
check 'a name of 255 bytes' expect_status 0 pk rename good "$long"
check 'a name of 255 bytes, back' expect_status 0 pk rename "$long" good

# Names of files, and comments in them, that want to be obeyed.
keep names
odd=($'new\nline.pem' $'es\e[31mcape.pem' $'\e]0;title\a.pem' $'tab\t.pem'
    $'back\b.pem' $'car\r.pem' $'del\x7f.pem' $'c1\xc2\x9b31m.pem'
    $'bidi\xe2\x80\xae.pem' $'bad\xff\xfe.pem'
    $'half\xed\x95.pem' $'sep\xe2\x80\xa8.pem' -rf.pem)
for name in "${odd[@]}"; do
	shown=$(printf %q "$name")
	rm -rf odd
	mkdir -p "odd/deep$name"
	cp two "odd/$name"
	cp two "odd/deep$name/$name"
	check "$shown: no name for a key" refused 2 "'odd/" "hint: " --name -- \
	    pk import --move "odd/$name"
	check "$shown: left alone" equals "$(stat -c %a "odd/$name")" 600
	pk import --json "odd/deep$name" >errors.json 2>talk.txt
	check "$shown: in a folder, JSON" equals \
	    "$(json errors.json "len(j['errors'])")" 1
	check "$shown: with --name" expect_status 0 \
	    pk import --name safe "odd/$name"
	cat .out .err >>talk.txt
	check "$shown: export over it" expect_status 1 \
	    pk export safe -o "odd/$name"
	cat .out .err >>talk.txt
	check "$shown: export" expect_status 0 pk export safe -o "odd/x$name"
	cat .out .err >>talk.txt
	check "$shown: JSON" expect_status 0 pk keys --json
	out >keys.json
	check "$shown: JSON that can be read" equals "$(json keys.json \
	    "[k['name'] for k in j['keys'] if k['name'] == 'safe']")" safe
	check "$shown: all is printed safely" \
	    safe errors.json keys.json talk.txt
	back names
done
# What can be a name, and yet is not what it seems.
for name in $'zero\xe2\x80\x8b' $'tag\xf3\xa0\x81\x81' '\x41^A'; do
	check "$(printf %q "$name")" expect_status 0 pk generate "$name"
	for command in keys 'keys --json' 'remove -y'; do
		set --
		[ "$command" != 'remove -y' ] || set -- "$name"
		# shellcheck disable=SC2086 # words
		pk $command "$@" >"$TMP/.out" 2>"$TMP/.err"
		check "$(printf %q "$name"): $command, printed safely" \
		    safe "$TMP/.out" "$TMP/.err"
	done
done
badkey comment two "$(printf '\e[31m\x07\xff\xc2\x9b\xe2\x80\xaex\ny' |
    od -An -v -tx1 | tr -d ' \n')" >comment
chmod 600 comment
check 'a comment with control characters' expect_status 0 pk import comment
check 'a comment: printed safely' safe "$TMP/.out" "$TMP/.err"
for command in keys 'keys --json' check 'export comment --public'; do
	# shellcheck disable=SC2086 # words
	check "a comment: $command" expect_status 0 pk $command
	check "a comment: $command, printed safely" safe "$TMP/.out" "$TMP/.err"
done
pk keys --json >keys.json
check 'a comment: JSON that can be read' matches "$(json keys.json \
    "[k['comment'] for k in j['keys'] if k['name'] == 'comment'][0]")" '31m'
# shellcheck disable=SC2016 # it is the text that is meant
printf '%s\n' '-----BEGIN '$'\e[31m'' PRIVATE KEY-----' AAAA \
    '-----END '$'\e[31m'' PRIVATE KEY-----' >escapes
chmod 600 escapes
bad 'a label with control characters' 1 '^[' escapes
done_testing
