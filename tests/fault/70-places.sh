#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Goal of this test: whatever else stands where the vault, its lock or its
# folder should be is refused and left alone; whatever the umask, what is made
# has the modes it must have; loose modes are refused, and repaired on request.

# shellcheck source=tests/fault/lib.sh
. "$(dirname "$0")/lib.sh"

at=$work/at
outside=$work/outside
is "a scene" "$vaultop" "$work/base" make

start() {
	chmod -R u+rwx "$at" 2>/dev/null
	fresh "$at"
	rm -rf "$outside"
	mkdir "$outside"
	cp -a "$work/base/v/vault" "$outside/target"
	snapshot=$(picture)
}

# Everything outside the vault's folder: names, modes, sizes, contents.
picture() {
	find "$outside" -printf '%P %y %m %n %s\n' | sort
	cat "$outside/target" 2>/dev/null | cksum
}

untouched() { # NAME
	if [ "$snapshot" = "$(picture)" ]; then
		ok "$1: nothing outside was touched"
	else
		not_ok "$1: nothing outside was touched"
		picture | sed 's/^/# /'
	fi
}

mode() { # FILE...
	stat -c %a "$@" 2>/dev/null | tr '\n' ' ' | sed 's/ $//'
}

# all NAME CODE: every operation is refused so
all() {
	for op in check put remove rename passwd; do
		refuses "$1: $op" "$2" timeout 10 "$vaultop" "$at" $op
	done
}

replace() { # with nothing
	rm -f "$at/v/vault"
}

# What stands at the vault's path.
start
replace
ln -s "$outside/target" "$at/v/vault"
snapshot=$(picture)
all "the vault is a symbolic link" EKIND
refuses "the vault is a symbolic link: create" EEXISTS "$vaultop" "$at" create
untouched "the vault is a symbolic link"
start
rm -f "$at/v/vault" "$at/v/vault.bak"
ln -s "$outside/new" "$at/v/vault"
all "the vault is a dangling link" EKIND
refuses "the vault is a dangling link: create" EEXISTS \
    "$vaultop" "$at" create
untouched "the vault is a dangling link"
start
replace
mkfifo "$at/v/vault"
all "the vault is a FIFO" EKIND
refuses "the vault is a FIFO: create" EEXISTS "$vaultop" "$at" create
start
replace
mkdir "$at/v/vault"
all "the vault is a folder" EKIND
refuses "the vault is a folder: create" EEXISTS "$vaultop" "$at" create
start
replace
if [ "$(id -u)" -eq 0 ] && mknod -m 400 "$at/v/vault" c 1 5 2>/dev/null; then
	all "the vault is a device" EKIND
else
	skip "the vault is a device" "needs root"
fi
start
replace
printf 'not a vault, but long enough to be one, or so one might think\n' \
    >"$at/v/vault"
chmod 400 "$at/v/vault"
all "the vault is another file" ENOTVAULT
same "the vault is another file: it is there" 62 \
    "$(wc -c <"$at/v/vault" | tr -d ' ')"
start
rm -f "$at/v/vault" "$at/v/vault.bak"
all "there is no vault" ENOVAULT
is "there is no vault: create" "$vaultop" "$at" create
start
rm -f "$at/v/vault"
refuses "only the .bak is left: create" EEXISTS "$vaultop" "$at" create
refuses "there is a vault: create" EEXISTS "$vaultop" "$at" create
start
rm -rf "$at/v"
all "there is no folder" ENOVAULT

# A second name, elsewhere: kept by rename, never written through.
start
rm "$outside/target"
ln "$at/v/vault" "$outside/target"
is "the vault has a second name: put" "$vaultop" "$at" put
same "the vault has a second name: what it names stays" \
    "$(cksum <"$work/base/v/vault")" "$(cksum <"$outside/target")"

# The folder.
start
mv "$at/v" "$outside/v"
ln -s "$outside/v" "$at/v"
is "the folder is a link to a good folder: followed" "$vaultop" "$at" put
is "the folder is a link: the vault is still a file there" \
    test -f "$outside/v/vault" -a ! -L "$outside/v/vault"
for bad in 755 750 770 707 1777; do
	start
	chmod $bad "$at/v"
	all "the folder has mode $bad" EMODE
	refuses "the folder has mode $bad: restore" EMODE \
	    "$vaultop" "$at" restore
	same "the folder has mode $bad: it is left so" $bad "$(mode "$at/v")"
done
start
rm -rf "$at/v"
: >"$at/v"
refuses "the folder is a file" EKIND "$vaultop" "$at" check

# The file's mode.
for bad in 600 644 440 404 777 4400; do
	start
	chmod $bad "$at/v/vault"
	all "the vault has mode $bad" EMODE
	same "the vault has mode $bad: it is left so" $bad \
	    "$(mode "$at/v/vault")"
done
start
chmod 755 "$at/v"
chmod 644 "$at/v/vault"
chmod 666 "$at/v/vault.bak"
chmod 604 "$at/v/vault.lock"
is "repair sets them right" "$vaultop" "$at" repair
same "repair: the modes" "700 400 400 600" \
    "$(mode "$at/v" "$at/v/vault" "$at/v/vault.bak" "$at/v/vault.lock")"
is "repair: then all is well" "$vaultop" "$at" put
is "repair of what is right does nothing" test -z "$("$vaultop" "$at" repair)"
start
replace
ln -s "$outside/target" "$at/v/vault"
chmod 644 "$outside/target"
snapshot=$(picture)
refuses "repair does not follow a link" EKIND "$vaultop" "$at" repair
untouched "repair of a link"

# The owner.
if [ "$(id -u)" -eq 0 ]; then
	start
	chown 65534 "$at/v/vault"
	all "the vault belongs to another" EOWNER
	refuses "the vault belongs to another: repair" EOWNER \
	    "$vaultop" "$at" repair
	start
	chown 65534 "$at/v"
	all "the folder belongs to another" EOWNER
	start
	chown 65534 "$at/v/vault.lock"
	refuses "the lock belongs to another" EOWNER "$vaultop" "$at" put
else
	skip "a foreign owner" "needs root"
fi

# The lock.
start
rm -f "$at/v/vault.lock"
ln -s "$outside/lock" "$at/v/vault.lock"
refuses "the lock is a dangling link" EKIND "$vaultop" "$at" put
is "the lock is a dangling link: reading goes" "$vaultop" "$at" list
untouched "the lock is a dangling link"
start
rm -f "$at/v/vault.lock"
ln -s "$outside/target" "$at/v/vault.lock"
refuses "the lock is a link" EKIND "$vaultop" "$at" put
untouched "the lock is a link"
start
rm -f "$at/v/vault.lock"
mkfifo "$at/v/vault.lock"
refuses "the lock is a FIFO" EKIND timeout 10 "$vaultop" "$at" put
start
rm -f "$at/v/vault.lock"
mkdir "$at/v/vault.lock"
refuses "the lock is a folder" EKIND "$vaultop" "$at" put
start
rm -f "$at/v/vault.lock"
ln "$outside/target" "$at/v/vault.lock"
snapshot=$(picture)
"$vaultop" "$at" put 2>/dev/null
same "the lock is a second name of a file outside: it is not emptied" \
    "$(cksum <"$work/base/v/vault")" "$(cksum <"$outside/target")"
start
chmod 666 "$at/v/vault.lock"
is "the lock has mode 666: put" "$vaultop" "$at" put
same "the lock has mode 666: set right" 600 "$(mode "$at/v/vault.lock")"

# Copies: what a save replaces is replaced, not followed.
start
rm -f "$at/v/vault.bak"
ln -s "$outside/target" "$at/v/vault.bak"
is "the .bak is a link: put" "$vaultop" "$at" put
same "the .bak is a link: now it is a file" "regular file" \
    "$(stat -c %F "$at/v/vault.bak")"
untouched "the .bak is a link"
start
rm -f "$at/v/vault.bak"
mkdir "$at/v/vault.bak"
before=$(cksum <"$at/v/vault")
"$vaultop" "$at" put 2>"$work/err"
if [ "$before" = "$(cksum <"$at/v/vault")" ] && grep -q / "$work/err"; then
	ok "the .bak is a folder: refused, with a path"
else
	not_ok "the .bak is a folder: $(cat "$work/err")"
fi
start
ln -s "$outside/target" "$at/v/vault.tmp-00000000"
is "an old temporary name is a link: put" "$vaultop" "$at" put
untouched "an old temporary name is a link"
same "an old temporary name is a link: gone" "" \
    "$(find "$at/v" -name '*tmp*')"
start
ln -s "$outside/target" "$at/s/seen.tmp"
is "the memory's temporary name is a link: put" "$vaultop" "$at" put
untouched "the memory's temporary name is a link"

# The umask, at every way to make a file.
for mask in 000 022 027 077 177 777; do
	chmod -R u+rwx "$at" 2>/dev/null
	rm -rf "$at"
	mkdir -p "$at/v" "$at/s"
	chmod 700 "$at" "$at/v" "$at/s"
	(umask $mask && "$vaultop" "$at" create) 2>"$work/err"
	same "umask $mask: create: vault, lock, seen" "400 600 600" \
	    "$(mode "$at/v/vault" "$at/v/vault.lock" "$at/s/seen")"
	(umask $mask && "$vaultop" "$at" put needle-alpha &&
		"$vaultop" "$at" put needle-bravo &&
		"$vaultop" "$at" put) 2>>"$work/err"
	same "umask $mask: put: vault, .bak" "400 400" \
	    "$(mode "$at/v/vault" "$at/v/vault.bak")"
	(umask $mask && "$vaultop" "$at" remove) 2>>"$work/err"
	same "umask $mask: remove: vault, .bak" "400 400" \
	    "$(mode "$at/v/vault" "$at/v/vault.bak")"
	# after a removal the .bak is the vault, and there is nothing to replace
	(umask $mask && "$vaultop" "$at" info) >/dev/null 2>>"$work/err"
	(umask $mask && "$vaultop" "$at" restore "$at/v/vault.bak") \
	    2>>"$work/err"
	same "umask $mask: restore: vault, .bak, .replaced" "400 400 400" \
	    "$(mode "$at/v/vault" "$at/v/vault.bak" "$at/v/vault.replaced")"
	(umask $mask && "$vaultop" "$at" passwd) 2>>"$work/err"
	same "umask $mask: passwd: all that is there" \
	    "vault 400 vault.lock 600 seen 600" \
	    "$(stat -c '%n %a' "$at/v/"* "$at/s/"* | sed 's|.*/||' |
		one_line)"
	sed 's/^/# /' "$work/err"
done
finish
