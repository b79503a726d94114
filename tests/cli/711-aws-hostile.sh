#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Goal of this test: an endpoint that wants to do harm, or is not AWS at all, gets
# little memory, little time, no keys, and none of its rows taken: bodies without
# end, packed ones, XML that bites, pages without end, pages that are cut off at
# any byte, redirects, certificates that are not good, and no TLS at all.

. "$SRC/tests/cli/lib.sh"
# shellcheck source=tests/cloud/lib.sh
. "$SRC/tests/cloud/lib.sh"

call=$BUILD/tests/tools/awscall
grep -q sanitize "$BUILD/flags" && most=400000 || most=65536 # KiB
cloud_start pending=0 || done_testing
cloud_account main eu-west-1
export AWS_PROFILE=main AWS_MAX_ATTEMPTS=1
cloud_ctl bulk main/eu-west-1 3 web- ssh=no

# shellcheck disable=SC2317 # called by 'check'
# measured COMMAND...: its status; $TMP/kib is the most memory it had, and
# $TMP/ms how long it took.
measured()
{
	"$PYTHON" -ESsc 'import os, resource, subprocess, sys, time
folder, began = sys.argv[1], time.monotonic()
status = subprocess.call(sys.argv[2:])
with open(folder + "/ms", "w") as f:
    f.write("%d" % ((time.monotonic() - began) * 1000))
with open(folder + "/kib", "w") as f:
    f.write("%d" % resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(status)' "$TMP" "$@"
}

# bad NAME PART: such an answer is a failure of the network, and gives no row
bad()
{
	check "$1: exit 8" expect_status 8 measured "$call" DescribeInstances
	check "$1: said" contains "$(out)" "$2" ' rows=0 '
	check "$1: $(cat "$TMP/kib") KiB" test "$(cat "$TMP/kib")" -lt "$most"
	check "$1: $(cat "$TMP/ms") ms" test "$(cat "$TMP/ms")" -lt 5000
}

while IFS='|' read -r fault said; do
	# shellcheck disable=SC2086 # words
	cloud_ctl fault $fault
	bad "$fault" "$said"
done <<'END'
doctype|the answer is refused: it has a document type
laughs|the answer is refused: it has a document type
entity|the answer is refused: it has a document type
huge|larger than any should be
endless|larger than any should be
bomb|the answer is refused: not well-formed
attribute|the answer is refused: a tag in it is too long
text|larger than any should be
html status=200|the answer is refused
html|answers as no AWS service does (status 502, text/html)
html status=403|answers as no AWS service does (status 403, text/html)
redirect|sends us elsewhere (status 307), which is not followed
redirect status=301|sends us elsewhere (status 301), which is not followed
truncate at=0|the answer is refused
status status=500|AWS cannot do it now (InternalError)
END
cloud_ctl clear
check 'the thief got nothing' equals "$(cat "$CLOUD/thief" 2>/dev/null)" ''

# Pages without end: the same token again is the last, and so is page 1,000.
# PAGES FAULT
while read -r pages fault; do
	cloud_ctl fault "$fault" times=0
	check "$fault: exit 8" expect_status 8 measured "$call" -q \
	    DescribeInstances
	check "$fault: said" contains "$(out)" 'its pages have no end' \
	    " pages=$pages "
	check "$fault: memory" test "$(cat "$TMP/kib")" -lt "$most"
	cloud_ctl clear
done <<'END'
2 pages-loop
1000 pages-endless
END

# Cut off anywhere in the first 4,096 bytes, as HTTP ends it or as it breaks:
# never a row.  (Every byte of a page: tests/unit/aws_rows.c.)
for kind in truncate cut; do
	cloud_ctl fault $kind at=0 step=67 times=62
	for ((n = 0; n < 62; n++)); do
		"$call" DescribeInstances
	done >"$TMP/cuts"
	check "$kind: no rows" equals "$(grep -c 'exit=8 .* rows=0 ' \
	    "$TMP/cuts") $(grep -c instanceId "$TMP/cuts")" '62 0'
done
check 'then all is well' expect_status 0 "$call" DescribeInstances
check 'then there are rows' contains "$(out)" ' rows=3 '

# Values that are none.
cloud_ctl fault replace times=0 old='<name>running</name>' \
    new='<name>dancing</name><name/><code>-1</code>'
check 'an unknown state' expect_status 0 "$call" DescribeInstances
check 'an unknown state: kept' contains "$(out)" 'rows=3'
cloud_ctl clear
cloud_ctl tag web-1 Odd value=$'a\x1b[2Jb'
check 'a tag with a control character' expect_status 0 "$call" \
    DescribeInstances
check 'a tag with a control character: the others are there' \
    contains "$(out)" ' rows=3 ' 'value=a�[2Jb'

# Without TLS only to this machine, and never through a proxy.
AWS_ENDPOINT_URL=http://192.0.2.1/ check 'http elsewhere' \
    expect_status 1 measured "$call" DescribeInstances
check 'http elsewhere: said' contains "$(out)" \
    'http without TLS is for this machine only' 'sent=0'
check 'http elsewhere: not tried' test "$(cat "$TMP/ms")" -lt 2000
for name in 127.evil.example 127.0.0.1.evil.example localhost.example; do
	AWS_ENDPOINT_URL=http://$name/ check "http to $name" \
	    expect_status 1 "$call" DescribeInstances
done
http_proxy=$CLOUD_THIEF HTTP_PROXY=$CLOUD_THIEF ALL_PROXY=$CLOUD_THIEF \
    check 'a proxy is not for this machine' expect_status 0 "$call" \
    DescribeInstances
check 'the proxy got nothing' equals "$(cat "$CLOUD/thief" 2>/dev/null)" ''
AWS_ENDPOINT_URL=http://127.0.0.1:1 check 'nobody there' expect_status 8 \
    "$call" DescribeInstances
check 'nobody there: said' contains "$(out)" "'http://127.0.0.1:1/' does not" \
    'sent=0' 'hint: is this machine online'

# Certificates.
cloud_stop
while read -r kind status said; do
	cloud_start tls="$kind" || break
	cloud_account "$kind" eu-west-1
	AWS_PROFILE=$kind check "TLS, $kind: exit $status" expect_status "$status" "$call" \
	    GetCallerIdentity
	check "TLS, $kind" contains "$(out)" "$said"
	cloud_stop
done <<'END'
good 0 rows=1
expired 8 is not to be trusted
name 8 is not to be trusted
unknown 8 is not to be trusted
END
cloud_start tls=good || done_testing
cloud_account bundle eu-west-1
export AWS_PROFILE=bundle
AWS_CA_BUNDLE=/nowhere check 'no CA bundle' expect_status 8 "$call" \
    GetCallerIdentity
check 'no CA bundle: said' contains "$(out)" 'AWS_CA_BUNDLE'
unset AWS_CA_BUNDLE
check 'not the CA of this system' expect_status 8 "$call" GetCallerIdentity
printf '[profile own]\nregion = eu-west-1\nca_bundle = %s\n' \
    "$CLOUD/ca.pem" >>"$AWS_CONFIG_FILE"
cloud_keys own "$KEY_ID" "$SECRET"
check 'the CA of the profile' expect_status 0 "$call" -p own GetCallerIdentity

# A bundle is instead of the system's own CAs, not besides: here the cloud's is one
# of these, and the bundle has another.
# with_system_ca ARGUMENT...
with_system_ca()
{
	unshare -Urm sh -c 'mount --bind "$0" /etc/ssl/certs || exit 77
	    exec "$@"' "$TMP/certs" "$@"
}
mkdir certs
cp "$CLOUD/other.pem" certs/ca-certificates.crt
cp "$CLOUD/ca.pem" "certs/$(openssl x509 -hash -noout -in "$CLOUD/ca.pem").0"
if with_system_ca "$call" GetCallerIdentity >seen; then
	AWS_CA_BUNDLE=$CLOUD/other.pem check 'a bundle is the only one' \
	    expect_status 8 with_system_ca "$call" GetCallerIdentity
	check 'a bundle is the only one: said' contains "$(out)" \
	    'is not to be trusted'
else
	skip 'a bundle is the only one' \
	    "unshare -Urm is not permitted, or libcurl looks elsewhere: $(cat seen)"
fi
done_testing
