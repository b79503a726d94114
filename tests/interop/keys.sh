#!/bin/sh
# SPDX-License-Identifier: ISC
# Key files made by ssh-keygen, openssl and puttygen: read, named as those
# programs and EC2 name them, written back, and used to sign.
# BUILD: the build folder.

set -u
export LC_ALL=C
umask 077
BUILD=${BUILD:-build/tests}
case $BUILD in /*) ;; *) BUILD=$PWD/$BUILD ;; esac
K=$BUILD/tests/tools/keytool
WORK=$(mktemp -d) || exit 1
trap 'rm -rf "$WORK"' EXIT
trap 'exit 130' HUP INT TERM
cd "$WORK" || exit 1
printf 'correct horse\n' > pass
printf 'wrong horse\n' > wrong
printf 'message\n' > data
failed=0

ok() { echo "ok - $1"; }
not_ok() { echo "not ok - $1"; failed=1; }
skip() { echo "ok - $1 # SKIP $2"; }

# check NAME COMMAND...: passes when the command does
check() {
	name=$1
	shift
	if "$@" > out 2> err; then
		ok "$name"
	else
		not_ok "$name"
		sed 's/^/# /' out err
	fi
}

# fails NAME STATUS TEXT COMMAND...: exit status and words of a failure
fails() {
	name=$1 want=$2 text=$3
	shift 3
	"$@" > out 2> err
	got=$?
	if [ $got -eq "$want" ] && [ ! -s out ] && grep -q "$text" err; then
		ok "$name"
	else
		not_ok "$name (exit $got)"
		sed 's/^/# /' err
	fi
}

fact() { sed -n "s/^$1=//p" facts; }

# same NAME WANT GOT: equal and not empty
same() {
	if [ -n "$2" ] && [ "$2" = "$3" ]; then
		ok "$1"
	else
		not_ok "$1: '$3', not '$2'"
	fi
}

created_rsa() {
	openssl pkcs8 -topk8 -nocrypt -in "$1" -outform DER |
	    openssl sha1 -c | sed 's/.*= *//'
}
imported_rsa() {
	ssh-keygen -e -f "$1" -m PEM |
	    openssl rsa -RSAPublicKey_in -outform DER 2> /dev/null |
	    openssl md5 -c | sed 's/.*= *//'
}
ed25519_sum() {
	cut -d ' ' -f 2 "$1" | openssl base64 -d -A |
	    openssl sha256 -binary | openssl base64 -A
}

# signs NAME FILE PASS ALGORITHM: ssh-keygen believes the signature
signs() {
	printf 'me %s\n' "$(cat pub)" > allowed
	if "$K" sign "$2" "$3" "$4" < data > sig 2> err &&
	    ssh-keygen -Y verify -f allowed -I me -n file -s sig < data \
	    > out 2>&1 &&
	    ! printf 'other\n' | ssh-keygen -Y verify -f allowed -I me \
	    -n file -s sig > /dev/null 2>&1; then
		ok "$1: signature $4"
	else
		not_ok "$1: signature $4"
		cat out err | sed 's/^/# /'
	fi
}

# all NAME FILE FORMAT PASS TYPE: everything about one readable file; 'pub'
# holds its public key as another program has it.
all() {
	if ! "$K" facts "$2" "$4" > facts 2> err; then
		not_ok "$1: read"
		sed 's/^/# /' err
		return
	fi
	ok "$1: read"
	same "$1: format" "$3" "$(fact format)"
	same "$1: fingerprint" "$(ssh-keygen -lf pub | cut -d ' ' -f 2)" \
	    "$(fact fingerprint)"
	same "$1: type and bits" "$5" "$(fact type)"
	"$K" rewrite "$2" "$4" > again 2> err
	same "$1: written file, read by ssh-keygen" \
	    "$(cut -d ' ' -f 1,2 pub)" \
	    "$(ssh-keygen -y -f again 2>&1 | cut -d ' ' -f 1,2)"
	same "$1: public line" "$(cut -d ' ' -f 1,2 pub)" \
	    "$("$K" public "$2" "$4" | cut -d ' ' -f 1,2)"
	"$K" pkcs8 "$2" "$4" > der
	openssl pkcs8 -topk8 -nocrypt -inform DER -in der -outform DER \
	    > der2 2> /dev/null
	check "$1: PKCS#8 as openssl writes it" cmp der der2
	case $5 in
	ssh-rsa*)
		same "$1: EC2, created" "$(created_rsa again)" \
		    "$(fact created)"
		same "$1: EC2, imported" "$(imported_rsa again)" \
		    "$(fact imported)"
		signs "$1" "$2" "$4" rsa-sha2-256
		signs "$1" "$2" "$4" rsa-sha2-512
		fails "$1: no SHA-1" 1 "does not fit" \
		    "$K" sign "$2" "$4" ssh-rsa
		;;
	ssh-ed25519*)
		same "$1: EC2" "$(ed25519_sum pub)" "$(fact imported)"
		same "$1: EC2, created" "$(ed25519_sum pub)" "$(fact created)"
		signs "$1" "$2" "$4" ssh-ed25519
		;;
	*)
		same "$1: EC2 takes none" "-" "$(fact imported)-"
		signs "$1" "$2" "$4" "${5%% *}"
		;;
	esac
}

encrypted() {
	fails "$1: needs a passphrase" 3 encrypted "$K" facts "$2"
	fails "$1: wrong passphrase" 3 "wrong passphrase" "$K" facts "$2" wrong
	all "$@"
}

P='correct horse'

# ---- ssh-keygen
for t in rsa:2048 rsa:4096 ed25519:256 ecdsa:256 ecdsa:384 ecdsa:521; do
	type=${t%:*} bits=${t#*:}
	ssh-keygen -q -t "$type" -b "$bits" -N '' -C 'a comment' -f plain
	mv plain.pub pub
	case $type in
	rsa) is="ssh-rsa bits=$bits" old=PKCS#1 ;;
	ed25519) is="ssh-ed25519 bits=256" old= ;;
	ecdsa) is="ecdsa-sha2-nistp$bits bits=$bits" old=SEC1 ;;
	esac
	all "ssh-keygen $t OpenSSH" plain "OpenSSH encrypted=0" - "$is"
	same "ssh-keygen $t OpenSSH: comment" "a comment" "$(fact comment)"
	cp plain key
	ssh-keygen -q -p -P '' -N "$P" -f key > out
	encrypted "ssh-keygen $t OpenSSH encrypted" key \
	    "OpenSSH encrypted=1" pass "$is"
	[ -n "$old" ] || { rm -f plain key; continue; }
	for m in PEM:$old PKCS8:PKCS#8; do
		cp plain key
		ssh-keygen -q -p -P '' -N '' -m "${m%:*}" -f key > out
		all "ssh-keygen $t ${m%:*}" key "${m#*:} encrypted=0" - "$is"
		ssh-keygen -q -p -P '' -N "$P" -m "${m%:*}" -f key > out
		encrypted "ssh-keygen $t ${m%:*} encrypted" key \
		    "${m#*:} encrypted=1" pass "$is"
	done
	rm -f plain key
done
for c in aes128-cbc 3des-cbc aes256-gcm@openssh.com \
    chacha20-poly1305@openssh.com; do
	ssh-keygen -q -t ed25519 -N "$P" -Z $c -f key
	mv key.pub pub
	encrypted "ssh-keygen $c" key "OpenSSH encrypted=1" pass \
	    "ssh-ed25519 bits=256"
	rm -f key
done

# ---- openssl
public() { # FILE PASS -> pub
	openssl pkey -in "$1" -passin "pass:$2" -out unlocked 2> /dev/null
	chmod 600 unlocked
	ssh-keygen -y -f unlocked > pub 2> /dev/null
}
rsa="ssh-rsa bits=2048"
p384="ecdsa-sha2-nistp384 bits=384"
openssl genrsa -traditional -out key 2048 2> /dev/null
public key ''
all "openssl genrsa -traditional" key "PKCS#1 encrypted=0" - "$rsa"
for c in des3 aes128 aes192 aes256; do
	openssl rsa -traditional -in key -$c -passout "pass:$P" -out enc \
	    2> /dev/null
	encrypted "openssl legacy $c RSA" enc "PKCS#1 encrypted=1" pass "$rsa"
done
openssl rsa -provider legacy -provider default -traditional -in key -des \
    -passout "pass:$P" -out enc 2> /dev/null
fails "openssl legacy DES" 1 "not supported" "$K" facts enc pass
openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out key \
    2> /dev/null
public key ''
all "openssl genpkey RSA" key "PKCS#8 encrypted=0" - "$rsa"
for v in "-v2 aes-256-cbc" "-v2 aes-128-cbc -v2prf hmacWithSHA1" \
    "-v2 des3" "-v2 aes192 -v2prf hmacWithSHA512" "-scrypt" \
    "-scrypt -scrypt_N 1024 -scrypt_r 16 -scrypt_p 2" \
    "-v1 PBE-SHA1-3DES" "-v2 aes256 -iter 100000"; do
	# shellcheck disable=SC2086
	openssl pkcs8 -topk8 $v -in key -passout "pass:$P" -out enc
	encrypted "openssl pkcs8 $v" enc "PKCS#8 encrypted=1" pass "$rsa"
done
openssl pkcs8 -provider legacy -provider default -topk8 -v1 PBE-MD5-DES \
    -in key -passout "pass:$P" -out enc
fails "openssl pkcs8 PBE-MD5-DES" 1 "does not know" "$K" facts enc pass
openssl pkcs8 -topk8 -v2 aes256 -iter 10000001 -in key \
    -passout "pass:$P" -out enc
fails "openssl pkcs8 -iter 10000001" 1 "costs more" "$K" facts enc pass
openssl ecparam -name secp384r1 -genkey -out key
public key ''
all "openssl ecparam -genkey" key "SEC1 encrypted=0" - "$p384"
same "openssl ecparam -genkey: parameters are no news" "-" "$(fact repairs)-"
openssl ec -in key -aes128 -passout "pass:$P" -out enc 2> /dev/null
encrypted "openssl ec -aes128" enc "SEC1 encrypted=1" pass "$p384"
openssl ec -in key -conv_form compressed -out enc 2> /dev/null
all "openssl ec -conv_form compressed" enc "SEC1 encrypted=0" - "$p384"
openssl ec -in key -no_public -out enc 2> /dev/null
all "openssl ec -no_public" enc "SEC1 encrypted=0" - "$p384"
openssl ec -in key -param_enc explicit -out enc 2> /dev/null
fails "openssl ec -param_enc explicit" 1 "parameters" "$K" facts enc
openssl ecparam -name secp256k1 -genkey -noout -out enc
fails "openssl secp256k1" 1 "curve" "$K" facts enc
for a in X25519 ED448 RSA-PSS DSA; do
	case $a in
	DSA)
		openssl dsaparam -out param 1024 2> /dev/null
		openssl gendsa -out enc param 2> /dev/null ;;
	*)	openssl genpkey -algorithm $a -out enc 2> /dev/null ;;
	esac
	fails "openssl $a" 1 "key" "$K" facts enc
done
openssl genpkey -algorithm ED25519 -out key
"$K" rewrite key > again
ssh-keygen -y -f again > pub
openssl pkey -in key -pubout -outform DER | tail -c 32 > raw
same "openssl ED25519: public half" "$(openssl base64 -A -in raw)" \
    "$(cut -d ' ' -f 2 pub | openssl base64 -d -A | tail -c 32 |
    openssl base64 -A)"
all "openssl ED25519" key "PKCS#8 encrypted=0" - "ssh-ed25519 bits=256"
openssl pkey -in key -outform DER -out der
fails "openssl DER" 1 "binary" "$K" facts der

# ---- puttygen
if command -v puttygen > /dev/null; then
	for v in 2 3; do
		for t in rsa:2048 ed25519:255 ecdsa:256 ecdsa:384 ecdsa:521; do
			type=${t%:*} bits=${t#*:}
			case $type in
			rsa) is="ssh-rsa bits=$bits" ;;
			ed25519) is="ssh-ed25519 bits=256" ;;
			ecdsa) is="ecdsa-sha2-nistp$bits bits=$bits" ;;
			esac
			puttygen -q -t "$type" -b "$bits" -O private -o key \
			    -C 'a comment' --new-passphrase /dev/null \
			    --ppk-param version=$v
			puttygen key -O public-openssh -o pub
			all "puttygen $t version $v" key \
			    "PPK $v encrypted=0" - "$is"
			same "puttygen $t version $v: comment" "a comment" \
			    "$(fact comment)"
			rm -f key
		done
		puttygen -q -t ed25519 -O private -o key -C '' \
		    --new-passphrase pass --ppk-param version=$v
		fails "puttygen version $v encrypted" 1 "encrypted PPK" \
		    "$K" facts key pass
	done
	puttygen -q -t dsa -b 1024 -O private -o key \
	    --new-passphrase /dev/null 2> /dev/null
	fails "puttygen dsa" 1 "DSA" "$K" facts key
	# A seed that ends in zero bytes, which PuTTY leaves out.
	{
		printf '\060\056\002\001\000\060\005\006\003\053\145\160'
		printf '\004\042\004\040'
		head -c 29 /dev/urandom
		printf '\000\000\000'
	} > der
	openssl pkey -inform DER -in der -out pem
	"$K" rewrite pem > again
	for v in 2 3; do
		puttygen again -O private -o short --ppk-param version=$v
		ssh-keygen -y -f again > pub
		all "puttygen short seed version $v" short \
		    "PPK $v encrypted=0" - "ssh-ed25519 bits=256"
		same "puttygen short seed version $v: the key" \
		    "$(openssl base64 -A -in der)" \
		    "$("$K" pkcs8 short | openssl base64 -A)"
	done
else
	skip "puttygen" "puttygen is not installed"
fi

# ---- what editors and shells do to a file
ssh-keygen -q -t rsa -b 2048 -m PEM -N '' -f plain
ssh-keygen -q -t ed25519 -N '' -f plain2
for f in plain plain2; do
	want=$("$K" facts $f | sed -n 's/^fingerprint=//p')
	sed 's/$/\r/' $f > crlf
	tr '\n' '\r' < $f > cr
	sed 's/$/  /; s/^/	/' $f > blanks
	{ echo; cat $f; echo; } > lines
	{ printf '\357\273\277'; cat crlf; } > bom
	{ printf '\377\376'; iconv -t UTF-16LE crlf; } > le
	{ printf '\376\377'; iconv -t UTF-16BE crlf; } > be
	iconv -t UTF-16LE $f > bare
	{ echo 'Bag Attributes'; cat $f; } > text
	for v in "crlf:CRLF line ends" "cr:CRLF line ends" \
	    "blanks:stray blanks" "lines:stray blanks" \
	    "bom:CRLF line ends, byte order mark" \
	    "le:CRLF line ends, byte order mark, UTF-16" \
	    "be:CRLF line ends, byte order mark, UTF-16" \
	    "bare:UTF-16" "text:other text around the key"; do
		"$K" facts "${v%%:*}" > facts 2> err
		same "$f with ${v%%:*}" "$want" "$(fact fingerprint)"
		same "$f with ${v%%:*}: said" "${v#*:}" "$(fact repairs)"
	done
	cat plain plain2 > two
	fails "$f: two keys" 1 "more than one" "$K" facts two
	fails "$f: public" 1 "a public key" "$K" facts $f.pub
done
ssh-keygen -q -s plain -I id -n root plain2.pub
fails "SSH certificate" 1 "a certificate" "$K" facts plain2-cert.pub
openssl req -x509 -new -key plain -subj /CN=x -out cert 2> /dev/null
fails "X.509 certificate" 1 "a certificate" "$K" facts cert
ssh-keygen -e -f plain.pub > rfc4716
fails "RFC 4716" 1 "a public key" "$K" facts rfc4716
printf '{"KeyMaterial": "%s"}' "$(sed 's/$/\\n/' plain | tr -d '\n')" > json
fails "JSON" 1 "lines of its own" "$K" facts json
sed 's/$/\\n/' plain | tr -d '\n' > escaped
fails "escaped line ends" 1 "line breaks are lost" "$K" facts escaped
openssl pkcs12 -export -nocerts -inkey plain -passout pass: -out p12 \
    2> /dev/null
fails "PKCS#12" 1 "PKCS#12" "$K" facts p12

# ---- our own keys
for t in "ssh-rsa 2048" "ssh-rsa 3072" "ssh-ed25519 256" \
    "ecdsa-sha2-nistp256 256" "ecdsa-sha2-nistp384 384" \
    "ecdsa-sha2-nistp521 521"; do
	# shellcheck disable=SC2086
	"$K" generate $t > own
	ssh-keygen -y -f own > pub 2> /dev/null
	case $t in ssh-rsa*) form=PKCS#1 ;; *) form=OpenSSH ;; esac
	all "generated $t" own "$form encrypted=0" - \
	    "${t% *} bits=${t#* }"
done
fails "generate 1024 bits" 1 "cannot be made" "$K" generate ssh-rsa 1024
exit $failed
