#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Goal of this test: the program, its help, its manual and the README say the
# same about commands, operands, options, JSON, exit codes and findings; and
# when they do not, this test finds out.
. "$SRC/tests/lib.sh"
# shellcheck source=tests/cloud/lib.sh
. "$SRC/tests/cloud/lib.sh"

docs=$SRC/tests/tools/docs.py
page=$SRC/man/pemkeep.1
facts=$TMP/facts
export PYTHONDONTWRITEBYTECODE=1

# For the JSON of instances, and of one profile that fails.
cloud_start || done_testing
cloud_account main eu-west-1
cloud_key main/eu-west-1 web >/dev/null
cloud_instance main/eu-west-1 myserver key=web
cloud_instance main/eu-west-1 twice
cloud_instance main/eu-west-1 twice
cloud_profile wrong 'region = eu-west-1'
cloud_keys wrong AKIA0000000000000000 wrong
mkdir -p "$TMP/home/.config/pemkeep"
printf '%s\n' 'profiles = main, wrong' "port = $CLOUD_PORT" \
    "my-address = $CLOUD_URL/checkip" >"$TMP/home/.config/pemkeep/config"

check 'the program tells what it can' \
    expect_status 0 "$PYTHON" "$docs" observe "$PEMKEEP" "$SRC" "$TMP"
out >"$facts"

compare()
{
	"$PYTHON" "$docs" compare "$facts" "$@"
}

check 'manuals and program agree' \
    compare "$page" "$SRC"/man/{connect.1,pemkeep-hosts.5,pemkeep-vault.5}
check 'README and program agree' compare "$page" "$SRC/README.md"
check 'README and source tree agree' \
    "$PYTHON" "$docs" house "$SRC" "$SRC/README.md"

if command -v mandoc >/dev/null; then
	for manual in "$SRC"/man/*.[1-9]; do
		check "mandoc: ${manual##*/}" \
		    mandoc -Tlint -W warning "$manual"
	done
else
	skip 'mandoc' 'mandoc is not installed'
fi

# finds WHAT SED-SCRIPT FINDINGS: in a manual changed so, these and no others.
finds()
{
	local changed=$TMP/page.1
	sed "$2" "$page" >"$changed"
	if cmp -s "$page" "$changed"; then
		fail "found: $1" 'the change has changed nothing'
	else
		check "found: $1" equals "$(compare "$changed" 2>&1)" "$3"
	fi
}

finds 'an option is missing' '/^\.It Fl -repair/d' \
    "check: '--repair' is not in the manual"
finds 'an option is invented' '/^\.It Fl -repair/i .It Fl -heal' \
    "check: '--heal' is only in the manual"
finds 'an option has lost its letter' \
    '0,/^\.It Fl o , Fl -output/s//.It Fl -output/' \
    "export: '-o, --output FILE' is not in the manual
export: '--output FILE' is only in the manual"
finds 'the first line lacks an option' 's/^\(\.It Ic import\) Oo Fl -move Oc/\1/' \
    "import: '--move' is not in its first line"
finds 'the first line has one more' 's/^\.It Ic import Oo/& Fl -copy Oc Oo/' \
    "import: '--copy' is only in its first line"
finds 'the text names an option that is not there' \
    's/^Give a key another name\./&\n.Fl -force/' \
    "rename: the text names '--force'"
finds 'a global option is missing' '/^\.It Fl -no-input/d' \
    "all commands: '--no-input' is not in the manual"
finds 'a global option is invented' '/^\.It Fl -no-input/i .It Fl -frob Ar P' \
    "all commands: '--frob P' is only in the manual"
finds 'a command is missing' '/^\.It Ic rename/,/^Give a key/d' \
    "commands: 'rename' is not in the manual"
finds 'a command is invented' '/^\.It Ic rename/i .It Ic imagine Ar NAME' \
    "commands: 'imagine' is only in the manual"
finds 'an operand is missing' 's/^\.It Ic rename Ar KEY NEW/.It Ic rename Ar KEY/' \
    "rename: takes 'KEY NEW', in the manual 'KEY'"
finds 'an operand may be repeated' 's/^\(\.It Ic remove Ar KEY\) \.\.\./\1/' \
    "remove: takes 'KEY...', in the manual 'KEY'"
finds 'a field of JSON has another name' \
    's/^\.It Va mode_was/.It Va old_mode/' \
    "JSON of import: 'imported.mode_was' is not in the manual
JSON of import: 'imported.old_mode' is only in the manual"
finds 'a field of JSON is missing' '/^\.It Va severity/d' \
    "JSON of audit: 'findings.severity' is not in the manual
JSON of check: 'findings.severity' is not in the manual"
finds 'a field of JSON has another type' \
    's/^\(\.It Va moved\) Pq boolean/\1 Pq string/' \
    "JSON of import: 'imported.moved' is boolean, in the manual string"
finds 'a field of JSON may be null' \
    's/^\(\.It Va repairs Pq string\) or null/\1/' \
    "JSON of import: 'imported.repairs' is null or string, in the manual string"
finds 'JSON that is not there' '/^\.It Ic check$/i .It Ic export\n.Bl -tag\n.It Va key Pq string\n.El' \
    "JSON of export: 'key' is only in the manual"
finds 'an exit code is missing' '/^\.It 7$/d' \
    "exit status: '7' is not in the manual"
finds 'an exit code that nothing gives' 's/^\.It 130$/.It 9\nTired.\n&/' \
    "exit status: '9' is only in the manual
exit status: '9' is not in err.h"
finds 'a finding is missing' '/^\.It Cm kdf-cheap/d' \
    "findings: 'kdf-cheap (warning)' is not in the manual"
finds 'a finding of an audit is missing' '/^\.It Cm key-weak/d' \
    "findings of an audit: 'key-weak' is not in the manual"
finds 'a variable has another name' 's/^\.It Ev XDG_STATE_HOME/.It Ev STATE/' \
    "environment: 'XDG_STATE_HOME' is not in the manual
environment: 'STATE' is only in the manual"
finds 'an example with an unknown option' 's/^\$ pemkeep init/& --fast/' \
    "page.1: 'pemkeep init --fast': there is no option '--fast'"
finds 'an example with an unknown command' 's/^\$ pemkeep init/$ pemkeep begin/' \
    "page.1: there is no command 'begin'"

# The README is searched for code only.
readme()
{
	cat >"$TMP/README.md"
	compare "$page" "$TMP/README.md" 2>&1
}
check 'a README that is right' equals "$(readme <<'END'
pemkeep connects nobody. Try `pemkeep keys --json` or `pemkeep`.
```
$ pemkeep import ~/Downloads/*.pem --move   # --all of them
$ ssh -i x --frob || pass show x | pemkeep keys --passphrase-fd 0 >list
```
END
)" ''
check 'a README that connects' equals "$(readme <<'END'
Log in with `connect myserver` or `pemkeep connect -q -p 22 me@host ls -x`:

    $ connect -tt -lme -o Port=22 -i x.pem server 'ls -z'
    $ tar c . | connect server tar x --all
END
)" ''
check 'found: an option of connect' equals \
    "$(readme <<<'`connect -tL 80:x:80 server` and `connect --jump a b`')" \
    "README.md: 'connect -tL 80:x:80 server': there is no option '-L'
README.md: 'connect --jump a b': there is no option '--jump'"
check 'found: a key of -o' \
    equals "$(readme <<<'`connect -o ProxyJump=a server`')" \
    "README.md: 'connect -o ProxyJump=a server': -o has no 'ProxyJump'"
check 'found: a command in the README' \
    equals "$(readme <<<'Then `pemkeep begin myserver`.')" \
    "README.md: there is no command 'begin'"
check 'found: an option in the README' \
    equals "$(printf '```\n$ pemkeep import x --copy\n```\n' | readme)" \
    "README.md: 'pemkeep import x --copy': there is no option '--copy'"
check 'found: an indented block in the README' \
    equals "$(printf 'So:\n\n    pemkeep imagine x\n' | readme)" \
    "README.md: there is no command 'imagine'"

# astray WHAT SED-SCRIPT FINDING: the README changed so, beside the source tree.
astray()
{
	sed "$2" "$SRC/README.md" >"$TMP/README.md"
	check "found: $1" equals \
	    "$("$PYTHON" "$docs" house "$SRC" "$TMP/README.md")" "$3"
}
astray 'a folder is missing' '/^| `src\/log\/`/d' \
    "the map: 'src/log/' is missing"
astray 'a folder that is not there' 's/^| `src\/log\/`/| `src\/imagine\/`/' \
    "the map: 'src/log/' is missing
the map: there is no 'src/imagine/'"
astray 'a target of make' 's/^    make bench/    make race/' \
    "there is no 'make race'"
astray 'another first command' '0,/^    make demo/s//    make check/' \
    "the first commands are not 'make demo' and 'make check'"
astray 'a file that is not there' 's,`vault/vault\.h`,`vault/valut.h`,' \
    "there is no 'vault/valut.h'"
astray 'a manual that is not there' 's/`man connect`/`man connekt`/' \
    "there is no manual 'connekt'"
done_testing
