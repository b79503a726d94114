#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Goal of this test: the lint of the layers passes what is legal, and catches
# each kind of violation, in a tree made up for it.
. "$SRC/tests/lib.sh"

tree=$TMP/tree

# lint FILE INCLUDE...: a tree with only this file, seen by the lint.
lint()
{
	local file=$tree/$1
	shift
	rm -rf "$tree"
	mkdir -p "$tree/vault" "$tree/src" "$tree/include/pemkeep" "${file%/*}"
	printf '#include %s\n' '<stdio.h>' "$@" >"$file"
	"$SRC/tests/lint-layers.sh" "$tree" >"$TMP/lint"
}

legal()
{
	lint "$@" || { cat "$TMP/lint"; return 1; }
}

# caught WHY FILE INCLUDE: that line, and nothing else, is reported.
caught()
{
	local why=$1
	shift
	! lint "$@" || { echo 'not caught'; return 1; }
	equals "$(grep -cE '^(src|vault|include)' "$TMP/lint")" 1 &&
	    contains "$(cat "$TMP/lint")" "$1:2: " "$why"
}

check 'vault' legal vault/a.c '<sodium.h>' '"vault.h"'
check 'base' legal src/base/json.c '<jansson.h>' '"pemkeep/base/err.h"'
check 'own header' legal src/base/a.c '"src/base/a.h"' '"a.c"'
check 'keys' legal src/keys/a.c '<openssl/evp.h>' '"vault/secret.h"' \
    '"pemkeep/base/err.h"' '"pemkeep/keys/key.h"'
check 'agent' legal src/agent/a.c '"vault/vault.h"' '"vault/secret.h"' \
    '<event2/event.h>'
check 'ssh' legal src/ssh/a.c '<libssh2.h>' '<libssh2_sftp.h>'
check 'launch' legal src/launch/a.c '"pemkeep/agent/client.h"'
check 'cli' legal src/cli/a.c '"pemkeep/audit/a.h"' '"src/cli/a.h"'
check 'public header' legal include/pemkeep/keys/a.h '"pemkeep/base/err.h"'

for layer in base keys ssh aws launch cli; do
	check "$layer opens the vault" caught 'not for this layer' \
	    src/$layer/a.c '"vault/vault.h"'
done
check 'aws asks the agent' caught 'not for this layer' \
    src/aws/a.c '"pemkeep/agent/client.h"'
check 'launch in the agent' caught 'not for this layer' \
    src/launch/a.c '"pemkeep/agent/server.h"'
check 'upwards' caught 'not for this layer' \
    src/base/a.c '"pemkeep/keys/key.h"'
check 'upwards from a public header' caught 'not for this layer' \
    include/pemkeep/base/a.h '"pemkeep/keys/key.h"'
check 'another layer in private' caught 'not for this layer' \
    src/cli/a.c '"src/keys/der.h"'
check 'a way round' caught 'not for this layer' \
    src/cli/a.c '"../keys/der.h"'
check 'vault is not alone' caught 'only itself' \
    vault/a.c '"pemkeep/base/buf.h"'
check 'vault leaves its folder' caught 'only itself' \
    vault/a.c '"../src/base/a.h"'
check 'vault names its folder' caught 'only itself' vault/a.c '"vault/vault.h"'
check 'not beside it' caught 'not in this folder' src/cli/a.c '"out.h"'
check 'no quotes' caught 'wants quotes' src/cli/a.c '<pemkeep/base/buf.h>'
for library in sodium.h openssl/evp.h jansson.h curl/curl.h expat.h \
    sqlite3.h libssh2.h libssh2_sftp.h event2/event.h event.h; do
	check "cli and $library" caught 'not at home' src/cli/a.c "<$library>"
done
check 'in quotes' caught 'not at home' src/cli/a.c '"jansson.h"'
check 'vault and openssl' caught 'not at home' vault/a.c '<openssl/evp.h>'
check 'keys and sodium' caught 'not at home' src/keys/a.c '<sodium.h>'
check 'jansson beside json.c' caught 'not at home' \
    src/base/table.c '<jansson.h>'
check 'public header' caught 'in a public header' \
    include/pemkeep/keys/a.h '<openssl/evp.h>'
check "a header of the vault" caught 'in a public header' \
    vault/vault.h '<sodium.h>'
check 'with blanks' caught 'not at home' src/cli/a.c '  <sodium.h>'
lint src/more/a.c
check 'a folder without a rule' \
    contains "$(cat "$TMP/lint")" 'not ok 12' 'more'

done_testing
