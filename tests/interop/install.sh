#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Goal of this test: `make install` puts both programs, all manuals and the scripts
# for shells where it is told to, ready to be used by everybody, and `make uninstall`
# removes these and nothing else.
. "$SRC/tests/lib.sh"

# What is there is installed, without building anything.
into()
{
	env -i PATH="$PATH" HOME="$HOME" make -s -C "$SRC" -o all B="$BUILD" \
	    DESTDIR="$TMP/root" "$@"
}

# 'there FOLDER': its files, with what they are and their modes.
there()
{
	(cd "$TMP/root/$1" && find . ! -type d -printf '%P %y %m\n' | sort)
}

wanted()
{
	local page
	echo 'bin/connect l 777'
	echo 'bin/pemkeep f 755'
	for page in "$SRC"/man/*.[1-9]; do
		page=${page##*/}
		echo "share/man/man${page##*.}/$page f 644"
	done
	printf 'share/%s f 644\n' bash-completion/completions/{pemkeep,connect} \
	    zsh/site-functions/_pemkeep \
	    fish/vendor_completions.d/{pemkeep,connect}.fish
}

built=$(stat -c %y "$PEMKEEP")
umask 077 # the modes do not depend on it
check 'install' expect_status 0 into install
check 'both programs, all manuals, scripts for three shells' \
    equals "$(there usr/local)" "$(wanted | sort)"
check 'which are these' equals "$(cd "$SRC/man" && echo *)" \
    'connect.1 pemkeep-config.5 pemkeep-hosts.5 pemkeep-vault.5 pemkeep.1'
check 'everybody can reach them' equals \
    "$(find "$TMP/root/usr" -type d ! -perm -005)" ''
bin=$TMP/root/usr/local/bin
check 'connect is pemkeep' equals "$(readlink "$bin/connect")" pemkeep
for name in pemkeep connect; do
	check "$name runs" expect_status 0 "$bin/$name" --version
	check "$name runs: its version" equals "$(out)" "$(pk --version)"
done
share=$TMP/root/usr/local/share
check 'scripts: bash' cmp "$share/bash-completion/completions/pemkeep" \
    <(pk completion bash)
check 'scripts: zsh' cmp "$share/zsh/site-functions/_pemkeep" <(pk completion zsh)
check 'scripts: fish' cmp "$share/fish/vendor_completions.d/connect.fish" \
    <(pk completion fish)
check 'connect takes a host' expect_status 255 "$bin/connect" --no-such-option
check 'nothing of the build folder is needed' \
    lacks "$(ldd "$bin/pemkeep")" "$SRC" "$BUILD" 'not found'

check 'once more, over the first' expect_status 0 into install
check 'once more: the same' equals "$(there usr/local)" "$(wanted | sort)"
touch "$bin/other" "$TMP/root/usr/local/share/man/man1/other.1"
check 'uninstall' expect_status 0 into uninstall
check 'what is not ours stays' equals "$(there usr/local)" \
    $'bin/other f 600\nshare/man/man1/other.1 f 600'
check 'uninstall when nothing is there' expect_status 0 into uninstall
rm "$bin/other" "$TMP/root/usr/local/share/man/man1/other.1"
check 'into an empty folder' expect_status 0 into install
check 'and out of it' expect_status 0 into uninstall
check 'nothing is left, not even a folder' equals "$(cd "$TMP/root" && find .)" .

check 'PREFIX' expect_status 0 into install PREFIX=/opt/x
check 'PREFIX: there' equals "$(there opt/x)" "$(wanted | sort)"
check 'PREFIX: uninstall' expect_status 0 into uninstall PREFIX=/opt/x
check 'PREFIX: gone' test ! -e "$TMP/root/opt"
check 'BINDIR, MANDIR, DATADIR' expect_status 0 \
    into install BINDIR=/b MANDIR=/m DATADIR=/d
check 'BINDIR: there' equals "$(there b)" $'connect l 777\npemkeep f 755'
check 'MANDIR: there' equals "$(there m)" \
    "$(wanted | sed -n 's,share/man/,,p' | sort)"
check 'DATADIR: there' equals "$(there d)" \
    "$(wanted | sed -n '/\/man\//d;s,share/,,p' | sort)"
check 'nothing was built' equals "$(stat -c %y "$PEMKEEP")" "$built"
done_testing
