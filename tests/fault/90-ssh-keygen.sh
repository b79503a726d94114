#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Goal of this test: the same walk over the tool that people use today,
# 'ssh-keygen -p' (a new passphrase for a key file), for comparison: kill -9
# before and after each system call from the opening of the key to the end, and
# ENOSPC and EIO at each file system call.  It asserts only that the walk was
# walked; what became of the key is printed.

# shellcheck source=tests/fault/lib.sh
. "$(dirname "$0")/lib.sh"

calls=open,openat,read,readv,pread64,write,writev,pwrite64,fsync,fdatasync
calls=$calls,close,fstat,newfstatat,stat,lstat,statx,fchmod,fchmodat,chmod
calls=$calls,link,linkat,rename,renameat,renameat2,unlink,unlinkat,lseek
calls=$calls,ftruncate,access,faccessat

if ! command -v ssh-keygen >/dev/null; then
	skip "ssh-keygen -p" "there is no ssh-keygen"
	finish
fi
key=$work/key
is "a key" ssh-keygen -q -t ed25519 -a 1 -N old-passphrase -C '' -f "$key"
mv "$key" "$work/was"

renew="ssh-keygen -q -p -a 1 -P old-passphrase -N new-passphrase -f $key"

# point WALK...: one fault; what is left?
point() {
	rm -f "$key"*
	cp -p "$work/was" "$key"
	"$syswalk" --from-open "$key" "$@" $renew 2>/dev/null |
		tail -n 1 >"$work/walk"
	read -r reached where _ <"$work/walk"
	if [ "$reached" != reached ]; then
		left=not-reached
	elif [ ! -e "$key" ]; then
		left=missing
	elif [ ! -s "$key" ]; then
		left=empty
	elif ssh-keygen -y -P old-passphrase -f "$key" >/dev/null 2>&1; then
		left=old
	elif ssh-keygen -y -P new-passphrase -f "$key" >/dev/null 2>&1; then
		left=new
	else
		left=unreadable
	fi
	echo "$fault $where $left" >>"$work/log"
}

: >"$work/log"
fault=warm-up
cp -p "$work/was" "$key"
"$syswalk" --from-open "$key" count $renew | grep '^[0-9]' >"$work/all"
cp -p "$work/was" "$key"
"$syswalk" --only "$calls" --from-open "$key" count $renew |
	grep '^[0-9]' >"$work/files"
while read -r n _; do
	fault="kill"
	point kill-before "$n"
	point kill-after "$n"
done <"$work/all"
while read -r n _; do
	for fault in ENOSPC EIO; do
		point --only "$calls" error "$n" $fault
	done
done <"$work/files"

echo "# ssh-keygen -p: $(ssh -V 2>&1)"
echo "# fault   points    old    new  empty missing unreadable"
for fault in kill ENOSPC EIO; do
	grep "^$fault " "$work/log" >"$work/fault"
	printf '# %-7s %6d %6d %6d %6d %7d %10d\n' $fault \
	    "$(wc -l <"$work/fault")" \
	    "$(grep -c ' old$' "$work/fault")" \
	    "$(grep -c ' new$' "$work/fault")" \
	    "$(grep -c ' empty$' "$work/fault")" \
	    "$(grep -c ' missing$' "$work/fault")" \
	    "$(grep -c ' unreadable$' "$work/fault")"
done
grep -e ' empty$' -e ' missing$' -e ' unreadable$' "$work/log" |
	sed 's/^/# key lost: /'
same "every point was reached" 0 "$(grep -c not-reached "$work/log")"
if [ "$(wc -l <"$work/all")" -ge 10 ] && grep -q ' old$' "$work/log" &&
    grep -q ' new$' "$work/log"; then
	ok "the walk has gone over the change"
else
	not_ok "the walk has gone over the change"
fi
finish
