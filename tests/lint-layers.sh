#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# A folder is a layer: who may include whom, and where each library is at home.
# Prints TAP, one test for each layer.  Usage: lint-layers.sh [ROOT]
set -u
cd "${1:-${SRC:-.}}" || exit

# layer   what of ours it may include besides itself ('base': all of
#         pemkeep/base/) ; libraries, 'FILE:LIBRARY' where only FILE may
rules='
vault     ; sodium
base      ; json.c:jansson digest.c:openssl
keys      base vault/secret.h ; openssl
log       base ;
agent     base keys log vault ; event2
ssh       base ; libssh2 event2
aws       base vault/secret.h ; curl.h:curl expat.h:expat
inventory base aws ; sqlite.h:sqlite3
launch    base aws inventory ssh agent/client.h vault/secret.h ;
audit     base keys log aws inventory agent/client.h vault/secret.h ;
cli       base keys log agent ssh aws inventory launch audit vault/secret.h ;'

# The includes of layer $1 that break rule $2, each with the reason.
violations()
{
	local folders=("src/$1" "include/pemkeep/$1")
	[ "$1" = vault ] && folders=(vault)
	find "${folders[@]}" -name '*.[ch]' 2>/dev/null | sort |
	    xargs -r awk -v layer="$1" -v rule="$2" '
	function bad(why) { print FILENAME ":" FNR ": " name ": " why }
	BEGIN {
		split(rule, half, ";")
		for (n = split(half[1], word, " "); n > 0; n--)
			may[(word[n] ~ /^vault/ ? "" : "pemkeep/") word[n]]
		for (n = split(half[2], word, " "); n > 0; n--)
			home[word[n]]
		may["pemkeep/" layer]; may["src/" layer]
	}
	!match($0, /^[ \t]*#[ \t]*include[ \t]*[<"]/) { next }
	{
		quoted = substr($0, RLENGTH, 1) == "\""
		name = substr($0, RLENGTH + 1); sub(/[>"].*/, "", name)
		folder = name; sub(/\/?[^\/]*$/, "", folder)
		library = name; sub(/[_\/.].*/, "", library)
		dir = file = FILENAME; sub(/[^\/]*$/, "", dir); sub(/.*\//, "", file)
	}
	library ~ /^(sodium|openssl|jansson|curl|expat|sqlite3|libssh2|ev(ent2?|util|dns|http)?)$/ {
		if (FILENAME ~ /^include|^vault\/.*\.h$/)
			bad("a library in a public header")
		else if (!(library in home) && !((file ":" library) in home))
			bad("this library is not at home here")
		next
	}
	!quoted && library ~ /^(pemkeep|vault|src)$/ { bad("wants quotes") }
	!quoted { next }
	layer == "vault" && folder { bad("vault includes only itself") }
	layer == "vault" { next }
	!folder { if ((getline line <(dir name)) < 0) bad("not in this folder")
		close(dir name); next }
	!(name in may) && !(folder in may) { bad("not for this layer") }'
}

n=0
status=0
report()
{
	n=$((n + 1))
	[ -z "$2" ] && echo "ok $n - $1" && return
	printf 'not ok %d - %s\n%s\n' "$n" "$1" "$2"
	status=1
}

while read -r layer rule; do
	[ -z "$layer" ] || report "$layer" "$(violations "$layer" "$rule")"
done <<<"$rules"
report 'every folder has a rule' "$(find src include/pemkeep -mindepth 1 \
    -maxdepth 1 -type d -printf '%f\n' | sort -u |
    grep -vxF "$(cut -d ' ' -f 1 <<<"${rules#?}")")"
echo "1..$n"
exit $status
