#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Goal of this test: in bash, zsh and fish the tabulator completes commands, options,
# names of instances and of keys, whatever is in a name; what is completed is one
# word that means that name. Nothing is asked, written, or sent for it.

. "$SRC/tests/cli/lib.sh"
# shellcheck source=tests/cloud/lib.sh
. "$SRC/tests/cloud/lib.sh"

cloud_start pending=0 || done_testing
cloud_account main eu-west-1
cloud_account other us-east-1
export AWS_PROFILE=main
new_vault
mkdir "$TMP/keys"
ssh-keygen -q -t ed25519 -N '' -f "$TMP/keys/webkey"
ssh-keygen -q -t ed25519 -N '' -f "$TMP/keys/with blank"
check 'keys' expect_status 0 pk -q import "$TMP/keys/webkey" "$TMP/keys/with blank"
names=(myserver 'two words' "it's" 'a"b' '한글-서버' 'ca$h' 'back`tick' 'semi;colon'
    'b\s' 'co:lon' 'x@y' '#hash' '~tilde' 'st*r' 'bang!x' '$(id)' 'am&p')
bad=($'esc\e[31mape' $'new\nline' $'del\x7f' $'tab\tbed')
for name in "${names[@]}" "${bad[@]}"; do
	cloud_instance main/eu-west-1 "$name"
done
cloud_instance other/us-east-1 elsewhere
check 'instances' expect_status 0 pk -q list --refresh
check 'another account' expect_status 0 pk -q --profile other list
pk -q add static 127.0.0.1
mkdir -m 700 "$HOME/.ssh"
printf 'Host configured\n' >"$HOME/.ssh/config"

# What cannot be.
refused 2 'one of bash, zsh and fish' -- pk completion
refused 2 'one of bash, zsh and fish' -- pk completion csh
refused 2 'one of bash, zsh and fish' -- pk completion bash zsh
refused 2 'one of bash, zsh and fish' -- pk completion --words csh -- x
breaks=$' \t\n"\'@><=;|&(:'
for line in '' x; do
	check "a line that is no command: '$line'" expect_status 0 \
	    pk completion --words bash -- "$breaks" "$line"
	check 'nothing' equals "$(out)" words
done

# words LINE: what bash would be given
words()
{
	pk completion --words bash -- "$breaks" "$1" | sed 1d | tr '\n' ' '
}
# offers LINE WORDS
offers()
{
	check "'$1'" equals "$(words "$1")" "$2"
}
offers 'pemkeep ex' 'export '
offers 'pemkeep nothing ' ''
offers 'pemkeep export --pu' '--public '
offers 'pemkeep export --public --pu' ''
offers 'pemkeep export -- --pu' ''
offers 'pemkeep --profile main res' 'resolve '
offers 'pemkeep resolve mys' 'myserver '
offers 'pemkeep resolve --refresh mys' 'myserver '
offers 'pemkeep resolve myserver ' ''
offers 'pemkeep list x mys' 'myserver '
offers 'pemkeep list --profile other else' 'elsewhere '
offers 'pemkeep list --profile=other else' 'elsewhere '
offers 'pemkeep list else' ''
offers 'pemkeep --profile o' 'other '
offers 'pemkeep --profile=o' 'other '
offers 'pemkeep remove w' 'webkey with\ blank '
offers 'pemkeep rename webkey w' ''
offers 'pemkeep help res' 'resolve '
offers 'pemkeep completion z' 'zsh '
offers 'pemkeep generate --type w' ''
offers 'pemkeep inventory --host mys' 'myserver '
offers 'connect mys' 'myserver '
offers 'pemkeep connect mys' 'myserver '
offers '/usr/bin/connect conf' 'configured '
offers 'connect stat' 'static '
offers 'connect -l root -p 22 mys' 'myserver '
offers 'connect -k w' 'webkey with\ blank '
offers 'connect --profile other else' 'elsewhere '
offers 'connect -o HostKeyA' 'HostKeyAlias= '
offers 'connect --st' '--start '
offers 'connect myserver mys' ''
offers 'connect root@mys' '@myserver '
offers "connect two" 'two\ words '
offers 'connect two\ wo' 'two\ words '
offers "connect 'two wo" 'two words '
offers 'connect "two wo' 'two words '
offers "connect 'it" ''
offers 'connect "ca' 'ca\$h '
offers 'connect co:l' 'lon '
offers 'connect x' 'x@y '
offers 'connect x@y' '@y '
offers 'connect x@mys' '@myserver '
offers 'connect $(id' ''
offers 'connect "$(id' ''
offers "connect '\$(id" '$(id) '
offers 'connect \$\(id' '\$\(id\) '
check 'no escape sequence' lacks "$(words 'connect es')" $'\e'
offers 'connect ne' ''
check 'files are the shell'"'"'s' equals \
    "$(pk completion --words bash -- "$breaks" 'pemkeep import x')" files
check 'what wants a value is open' contains \
    "$(pk completion --words bash -- "$breaks" 'connect -o Po')" open 'Port='
check 'every command' equals "$(words 'pemkeep ' | tr ' ' '\n' | sed '/^$/d')" \
    "$(pk help | sed -n '/^commands:/,/^$/s/^  \([a-z-]*\) .*/\1/p' | sort)"
for command in $(words 'pemkeep '); do
	[ "$command" != connect ] || continue
	check "$command: every option of its help, once" equals \
	    "$(words "pemkeep $command -" | tr ' ' '\n' | sed '/^$/d')" \
	    "$(pk help "$command" |
		sed -n 's/^  \(-., \)\?\(--[a-z-]*\).*/\2/p' | sort -u)"
done
check 'connect: every option of its help' equals \
    "$(words 'connect -' | tr ' ' '\n' | sed '/^$/d')" \
    "$(pk help connect | sed -n 's/^ *\(--\?[A-Za-z0-9-]*\).*/\1/p' |
	sed '$a --version' | LC_ALL=C sort -u)"

# No trace.
if strace -f -o "$TMP/probe" true 2>/dev/null; then
	export ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0
	touch "$TMP/stamp"
	for line in 'connect mys' 'pemkeep remove w' 'pemkeep ex'; do
		strace -f -qq -o "$TMP/trace" "$PEMKEEP" completion --words bash \
		    -- "$breaks" "$line" >"$TMP/.out"
		check "'$line': nothing is written or made" equals "$(grep -E \
		    'O_(WRONLY|RDWR|CREAT|TRUNC)|^[0-9]+ (mkdir|unlink|rename|flock|truncate|ftruncate|chmod|fchmod|link|symlink)' \
		    "$TMP/trace" | grep -v -e /dev/null -e /dev/tty)" ''
		check "'$line': nobody is called" equals \
		    "$(grep -E 'AF_INET|execve|fork|clone' "$TMP/trace" |
			grep -cv 'execve.*pemkeep')" 0
	done
	check 'something came' contains "$(out)" export
else
	skip 'no trace' 'strace does not work here'
fi
pk -q lock
before=$(cloud_count True)
check 'a locked vault' equals \
    "$(env -u PEMKEEP_PASSPHRASE_FILE "$PEMKEEP" completion --words bash -- \
	"$breaks" 'pemkeep remove w' 2>&1)" words
pk -q agent --stop
check 'no agent' equals "$(words 'pemkeep remove w')" ''
check 'none was started' expect_status 4 pk agent --status
pk -q unlock
mv "$HOME/.cache" "$TMP/cache"
check 'nothing is known' equals "$(words 'connect mys')" ''
check 'nothing was made' test ! -e "$HOME/.cache"
(umask 077; mkdir -p "$HOME/.cache/pemkeep")
head -c 9000 "$TMP/cache/pemkeep/inventory.db" >"$HOME/.cache/pemkeep/inventory.db"
was=$(sha256sum "$HOME/.cache/pemkeep/inventory.db")
check 'a damaged cache' equals "$(words 'connect mys' 2>&1)" ''
check 'it was not mended' equals "$(sha256sum "$HOME/.cache/pemkeep/inventory.db")" \
    "$was"
rm -rf "$HOME/.cache"
mv "$TMP/cache" "$HOME/.cache"
check 'AWS was not asked' equals "$(cloud_count True)" "$before"

# The shells. Each has functions of these names that show the words they get.
mkdir "$TMP/bin"
ln -s "$PEMKEEP" "$TMP/bin/pemkeep"
show='connect() { printf "<%s>" "$@"; echo "[end]"; }'
term()
{
	TERM=xterm PATH="$TMP/bin:$PATH" LC_ALL=C.UTF-8 "$PYTHON" \
	    "$SRC/tests/tools/onterminal.py" "$@"
}
# What is typed, and the words that come of it; '.' stands for a tabulator.
typed=('mys.' 'myserver'
    'two.' 'two words'
    'it.' "it's"
    'a\"b.' 'a"b'
    '한.' '한글-서버'
    'ca.' 'ca$h'
    'back.' 'back`tick'
    'semi.' 'semi;colon'
    'b\\s.' 'b\s'
    'co:.' 'co:lon'
    'x.' 'x@y'
    'x@y.' 'x@y'
    '\#h.' '#hash'
    'sta.' 'static'
    'bang.' 'bang!x'
    'am.' 'am&p'
    '\$\(i.' '$(id)'
    'root@mys.' 'root@myserver'
    '-k webk.' '-k><webkey'
    '-k with.' '-k><with blank'
    '"two w.' 'two words'
    "'two w." 'two words')
# steps SHELL: each line typed, and what has to come of it
steps()
{
	local i line
	for ((i = 0; i < ${#typed[@]}; i += 2)); do
		line=${typed[i]//\\/\\\\}
		printf '%s\0' "send=connect ${line/%./\\t}" 'send=\r' \
		    "expect=$("$PYTHON" -c 'import re, sys
print(re.escape("<" + sys.argv[1] + ">[end]"))' "${typed[i + 1]}")"
	done
}
in_shell()
{
	local shell=$1 s
	shift
	mapfile -d '' -t s < <(steps)
	check "$shell: names" term 'expect=ready' "${s[@]}" -- "$@"
}
mkdir "$TMP/rc"
printf '%s\n' 'PS1="$ "' 'set +H' "bind 'set bell-style none'" \
    "bind 'set enable-bracketed-paste off'" 'source <(pemkeep completion bash)' \
    "$show" 'echo ready' >"$TMP/rc/bash"
in_shell bash bash --noprofile --rcfile "$TMP/rc/bash" -i
check 'bash: a command, an option' term expect=ready \
    'send=pemkeep comp\tba\t | head -n 1\r' 'expect=# pemkeep completion bash' \
    'send=pemkeep resolve --ref\t--js\tmys\t | grep -c source\r' 'expect=\n[1-9]' -- \
    bash --noprofile --rcfile "$TMP/rc/bash" -i
check 'bash: files' term expect=ready "send=cd $TMP; echo pemkeep import ke\\t/webk\\t\\r" "send=pemkeep import ke\\twebk\\t\\r" 'expect=already' -- \
    bash --noprofile --rcfile "$TMP/rc/bash" -i
if command -v zsh >/dev/null; then
	printf '%s\n' 'PS1="%# "' 'unsetopt zle_bracketed_paste 2>/dev/null' \
	    'unset zle_bracketed_paste' 'autoload -Uz compinit' \
	    'compinit -u -D' 'setopt no_bang_hist interactive_comments' \
	    'source <(pemkeep completion zsh)' "$show" 'echo ready' \
	    >"$TMP/rc/.zshrc"
	ZDOTDIR=$TMP/rc in_shell zsh zsh -d -i
	ZDOTDIR=$TMP/rc check 'zsh: a command, an option' term expect=ready \
	    'send=pemkeep comp\tba\t | head -n 1\r' \
	    'expect=# pemkeep completion bash' -- zsh -d -i
	mkdir "$TMP/site"
	pk completion zsh >"$TMP/site/_pemkeep"
	grep -v 'source <' "$TMP/rc/.zshrc" >"$TMP/site/.zshrc"
	sed -i "1i fpath=('$TMP/site' \$fpath)" "$TMP/site/.zshrc"
	ZDOTDIR=$TMP/site check 'zsh: where make install puts it' term expect=ready \
	    'send=connect mys\t' 'send=\r' 'expect=<myserver>\[end\]' -- \
	    zsh -d -i
else
	skip zsh 'zsh is not installed'
fi
if command -v fish >/dev/null; then
	printf '%s\n' 'function fish_prompt; echo "> "; end' \
	    'set -g fish_greeting' 'set -g fish_autosuggestion_enabled 0' \
	    'pemkeep completion fish | source' \
	    'function connect; printf "<%s>" $argv; echo "[end]"; end' \
	    'echo ready' >"$TMP/rc/fish"
	in_shell fish fish --no-config -i -C "source $TMP/rc/fish"
	check 'fish: a command' term expect=ready \
	    'send=pemkeep comp\tba\t' 'send= | head -n 1\r' \
	    'expect=# pemkeep completion bash' -- \
	    fish --no-config -i -C "source $TMP/rc/fish"
	check 'fish: with what it means' contains "$(PATH="$TMP/bin:$PATH" \
	    fish --no-config -c "source $TMP/rc/fish
	    complete -C 'pemkeep resol'")" $'resolve\twhat connect would use'
else
	skip fish 'fish is not installed'
fi
done_testing
