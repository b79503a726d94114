#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Goal of this test: whatever file a real tool made, its key goes in and comes
# out byte for byte, still under its own passphrase; and what pemkeep says about
# it (fingerprints, EC2's forms, the public half) is what ssh-keygen and openssl
# say.

. "$SRC/tests/cli/lib.sh"

KEY_PASS='a passphrase of the key'
quiet()
{
	"$@" >/dev/null 2>&1
}

# What other tools say about the key in FILE, whose passphrase is $2: lines in
# $1.facts, in the same order as 'facts' below.
expect()
{
	local public pem=$1.plain der=$1.der
	cp "$1" "$pem"
	chmod 600 "$pem"
	case $(head -n 1 "$1") in
	PuTTY*)
		quiet puttygen "$1" -O private-openssh-new -o "$pem.new" &&
		    mv "$pem.new" "$pem"
		;;
	*'BEGIN PRIVATE KEY'* | *'ENCRYPTED PRIVATE KEY'*)
		# ssh-keygen 9.2 reads no Ed25519 in PKCS#8; keytool has its own
		# test against it.
		if openssl pkey -in "$1" -passin "pass:$2" -noout -text \
		    2>/dev/null | grep -q ED25519; then
			"$BUILD/tests/tools/keytool" rewrite "$1" \
			    <(printf '%s\n' "$2") >"$pem"
		fi
		;;
	esac
	quiet ssh-keygen -p -P "$2" -N '' -m PEM -f "$pem" ||
	    quiet openssl pkey -in "$1" -passin "pass:$2" -out "$pem"
	public=$(ssh-keygen -y -P '' -f "$pem" | cut -d ' ' -f 1,2)
	{
		ssh-keygen -lf <(echo "$public") | awk '{ print $2; print $1 }'
		case $public in
		ssh-rsa*)
			echo rsa
			openssl pkcs8 -topk8 -nocrypt -in "$pem" -outform DER \
			    -out "$der"
			openssl sha1 -c <"$der" | sed 's/.*= *//'
			openssl rsa -in "$pem" -pubout -outform DER \
			    2>/dev/null | openssl md5 -c | sed 's/.*= *//'
			;;
		ssh-ed25519*)
			echo ed25519
			cut -d ' ' -f 2 <<<"$public" | openssl base64 -d -A |
			    openssl sha256 -binary | openssl base64 -A |
			    tee "$der"
			printf '\n%s\n' "$(cat "$der")"
			;;
		*)
			printf 'ecdsa\nNone\nNone\n'
			;;
		esac
		echo "$public"
	} >"$1.facts"
	rm -f "$pem" "$der"
}

facts()
{
	json keys.json "[v for k in j['keys'] if k['name'] == '$1' for v in
	    [k['fingerprint'], k['bits'], k['type'], k['ec2_created'],
	     k['ec2_imported'], ' '.join(k['public_key'].split(' ')[:2]),
	     k['format'], k['encrypted']]]"
}

# All files of a folder, each with another key, at once: 'NAME.FORMAT' is imported
# under that name.  $2: their passphrase, or empty.
both_ways()
{
	local folder=$1 file name
	new_vault
	mkdir "out-$folder"
	for file in "$folder"/*; do
		name=${file#"$folder"/}
		expect "$file" "$2"
		{
			sed 's/^[^@]*@//; s/_/ /; s/,.*//' <<<"$name"
			[ -n "$2" ] && echo True || echo False
		} >>"$file.facts"
		mv "$file.facts" "$TMP/facts-$name"
	done
	chmod 600 "$folder"/*
	check "$folder: import" expect_status 0 \
	    with "$PASS" "$2" -- pk9 import "$folder"
	check "$folder: all of them" equals "$(out | grep -c ': imported as ')" \
	    "$(find "$folder" -type f | wc -l)"
	check "$folder: keys" expect_status 0 pk keys --json
	out >keys.json
	for file in "$folder"/*; do
		name=${file#"$folder"/}
		check "$name: what it is" equals "$(facts "$name")" \
		    "$(cat "facts-$name")"
		check "$name: export" expect_status 0 \
		    pk export "$name" -o "out-$folder/$name"
		check "$name: byte for byte" cmp "$file" "out-$folder/$name"
		check "$name: mode" mode_is 0400 "out-$folder/$name" "$file"
		[ "$folder" = ssh-keygen ] || continue
		check "$name: export --public" expect_status 0 \
		    pk export "$name" --public
		check "$name: public half, and the name as its comment" equals \
		    "$(out)" "$(sed -n 6p "facts-$name") $name"
	done
	check "$folder: check" expect_status 0 pk check
}

# The names say what 'keys --json' must say: TYPE@FORMAT, ',' and anything else.
mkdir ssh-keygen pem pkcs8 locked locked-pem putty
for type in rsa:2048 rsa:4096 ed25519:256 ecdsa:256 ecdsa:384 ecdsa:521; do
	name=${type%:*}${type#*:}
	pem=$name@SEC1
	[ "${type%:*}" != rsa ] || pem=$name@PKCS#1
	ssh-keygen -q -t "${type%:*}" -b "${type#*:}" -N '' -C "$name" -f key
	if [ "${type%:*}" != ed25519 ]; then
		cp key "pem/$pem"
		cp key "pkcs8/$name@PKCS#8"
		cp key "locked-pem/$pem"
		ssh-keygen -q -p -N '' -m PEM -f "pem/$pem"
		ssh-keygen -q -p -N '' -m PKCS8 -f "pkcs8/$name@PKCS#8"
		ssh-keygen -q -p -N "$KEY_PASS" -m PEM -f "locked-pem/$pem"
	fi >/dev/null
	cp key "ssh-keygen/$name@OpenSSH"
	cp key "locked/$name@OpenSSH"
	ssh-keygen -q -p -N "$KEY_PASS" -a 4 -f locked/"$name"@OpenSSH \
	    >/dev/null
	rm key key.pub
done
ssh-keygen -q -t ecdsa -N '' -f 'locked-pem/ecdsa@PKCS#8,ssh-keygen'
ssh-keygen -q -p -N "$KEY_PASS" -m PKCS8 -f 'locked-pem/ecdsa@PKCS#8,ssh-keygen' \
    >/dev/null
for cipher in aes256-gcm@openssh.com chacha20-poly1305@openssh.com aes128-cbc; do
	ssh-keygen -q -t ed25519 -a 4 -Z "$cipher" -N "$KEY_PASS" \
	    -f "locked/${cipher%%@*}@OpenSSH"
done
rm -f locked*/*.pub

# openssl's: each with another key.
mkdir openssl openssl-locked
openssl genrsa -traditional -out 'openssl/rsa@PKCS#1' 2048 2>/dev/null
openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:3072 \
    -out 'openssl/rsa@PKCS#8' 2>/dev/null
openssl genpkey -algorithm ED25519 -out 'openssl/ed@PKCS#8'
openssl ecparam -name prime256v1 -genkey -noout -out 'openssl/p256@SEC1'
openssl ecparam -name secp384r1 -genkey -out 'openssl/p384@SEC1,params'
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-521 \
    -out 'openssl/p521@PKCS#8'
openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 \
    -out plain 2>/dev/null
pass=(-passout "pass:$KEY_PASS")
openssl pkcs8 -topk8 -in plain -v2 aes-256-cbc -v2prf hmacWithSHA512 \
    -iter 20000 "${pass[@]}" -out 'openssl-locked/rsa@PKCS#8,pbkdf2'
openssl genpkey -algorithm ED25519 -out plain
openssl pkcs8 -topk8 -in plain -scrypt "${pass[@]}" \
    -out 'openssl-locked/ed@PKCS#8,scrypt'
openssl ecparam -name prime256v1 -genkey -noout -out plain
openssl pkcs8 -topk8 -in plain -v2 des3 "${pass[@]}" \
    -out 'openssl-locked/p256@PKCS#8,des3'
openssl genrsa -out plain 2048 2>/dev/null
openssl rsa -traditional -in plain -aes128 "${pass[@]}" \
    -out 'openssl-locked/rsa@PKCS#1,aes' 2>/dev/null
openssl genrsa -out plain 2048 2>/dev/null
openssl rsa -traditional -in plain -des3 "${pass[@]}" \
    -out 'openssl-locked/rsa@PKCS#1,des3' 2>/dev/null
openssl ecparam -name secp521r1 -genkey -noout -out plain
openssl ec -in plain -aes256 "${pass[@]}" \
    -out 'openssl-locked/p521@SEC1,aes' 2>/dev/null
rm plain

if command -v puttygen >/dev/null; then
	: >empty
	for version in 2 3; do
		for type in rsa:2048 ed25519:255 ecdsa:256 ecdsa:384 ecdsa:521
		do
			puttygen -q -t "${type%:*}" -b "${type#*:}" \
			    -C "imported-${type%:*}" --new-passphrase empty \
			    --random-device /dev/urandom -O private \
			    --ppk-param version=$version \
			    -o "putty/${type/:/}@PPK_$version"
		done
	done
fi

both_ways ssh-keygen ''
both_ways pem ''
both_ways pkcs8 ''
both_ways openssl ''
both_ways openssl-locked "$KEY_PASS"
both_ways locked-pem "$KEY_PASS"
both_ways locked "$KEY_PASS"
check 'an exported file still has its passphrase' \
    expect_status 0 ssh-keygen -y -P "$KEY_PASS" -f out-locked/ed25519256@OpenSSH
check 'an exported file opens with no other passphrase' \
    expect_status 255 ssh-keygen -y -P '' -f out-locked/ed25519256@OpenSSH
if [ -n "$(ls putty)" ]; then
	both_ways putty ''
else
	skip 'PPK files' 'puttygen is not installed'
fi

# What editors, shells and browsers make of a file: read, said, and given back.
new_vault
mkdir odd
for variant in crlf bom utf16le utf16be utf16 blanks around text cr; do
	ssh-keygen -q -t ed25519 -N '' -C "$variant" -f $variant
	case $variant in
	crlf) sed 's/$/\r/' ;;
	cr) tr '\n' '\r' ;;
	bom) printf '\xef\xbb\xbf' && cat ;;
	utf16le) printf '\xff\xfe' && sed 's/$/\r/' | iconv -t UTF-16LE ;;
	utf16be) printf '\xfe\xff' && iconv -t UTF-16BE ;;
	utf16) iconv -t UTF-16LE ;;
	blanks) sed 's/$/  /' ;;
	around) printf '\n\n' && cat && printf '\n\n' ;;
	text) echo 'Bag Attributes: none' && cat && echo 'the end' ;;
	esac <$variant >odd/$variant
	chmod 600 odd/$variant
	check "$variant: import" expect_status 0 pk import odd/$variant
	case $variant in
	crlf | cr) words='CR' ;;
	bom) words='byte order mark' ;;
	utf16*) words='UTF-16' ;;
	blanks | around) words='blanks' ;;
	text) words='text' ;;
	esac
	check "$variant: said" matches "$(out)" "read in spite of: .*$words"
	check "$variant: its fingerprint" contains "$(out)" \
	    "$(ssh-keygen -lf $variant.pub | cut -d ' ' -f 2)"
	check "$variant: export" expect_status 0 \
	    pk export $variant -o out-$variant
	check "$variant: byte for byte" cmp odd/$variant out-$variant
done
check 'JSON says it, too' expect_status 0 pk import --json odd/crlf
out >imported.json
check 'JSON says it, too: what was repaired' \
    matches "$(json imported.json "j['imported'][0]['repairs']")" CR

# A key that is there, in another format: it is the same key.
ssh-keygen -q -t rsa -b 2048 -N '' -f same
pk import same >/dev/null
cp same same-pem
ssh-keygen -q -p -N '' -m PEM -f same-pem >/dev/null
check 'the same key in another format' expect_status 0 pk import same-pem
check 'the same key in another format: said' contains "$(out)" \
    "same-pem: already in the vault as 'same'"
check 'the same key: the first file is what comes out' \
    expect_status 0 pk export same -o out-same
check 'the same key: byte for byte the first file' cmp same out-same
done_testing
