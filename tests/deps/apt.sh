# SPDX-License-Identifier: ISC
# shellcheck shell=bash
# apt-get for the scripts of this folder: as root, without questions, quiet
# unless it fails, and removing nothing.

as_root()
{
	if [ "$(id -u)" = 0 ]; then
		env "$@"
	elif command -v sudo >/dev/null; then
		sudo env "$@"
	else
		echo "deps: not root, and there is no sudo; as root run: $*" >&2
		return 1
	fi
}

apt()
{
	local log
	log=$(mktemp)
	as_root DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-remove \
	    -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 "$@" >"$log" 2>&1 && {
		rm -f "$log"
		return
	}
	sed 's/^/deps: /' "$log" >&2
	rm -f "$log"
	return 1
}

# The version of a package that apt would install; empty when it knows none.
candidate()
{
	LC_ALL=C apt-cache policy "$1" 2>/dev/null |
	    sed -n 's/^  Candidate: //p' | grep -vx '(none)' || true
}
