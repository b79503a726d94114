#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Install what building (and, with the word 'check', testing) needs and this
# machine lacks: Debian's packages, in one apt-get run.  Says nothing when
# nothing is missing.  Usage: packages.sh PREFIX-OF-LIBSSH2 [demo | check]
set -euo pipefail
# shellcheck source=tests/deps/apt.sh
. "$(dirname "$0")/apt.sh"

# A pkg-config module, the least version, and Debian's package for it.
modules='
libsodium      1.0.18  libsodium-dev
libcrypto      3.0     libssl-dev
libcurl        7.86    libcurl4-openssl-dev
expat          2.4     libexpat1-dev
jansson        2.10    libjansson-dev
sqlite3        3.34    libsqlite3-dev
libevent_core  2.1     libevent-dev'
tools='gcc libc6-dev make pkg-config openssh-client openssl'
check_modules='
cmocka         1.1     libcmocka-dev'
demo_tools='openssh-server libnss-wrapper procps python3'
check_tools='openssh-server putty-tools dropbear-bin tmux
libnss-wrapper libpam-wrapper strace mandoc python3 python3-nacl procps util-linux
vim-tiny curl zsh fish rsync git ansible-core'
libssh2=1.11.1

prefix=$1
if [ "${2-}" = check ]; then
	modules+=$check_modules
	tools+=" $check_tools"
elif [ "${2-}" = demo ]; then
	tools+=" $demo_tools"
fi

missing_modules()
{
	local module version package
	while read -r module version package; do
		[ -z "$module" ] ||
		    pkg-config --exists "$module >= $version" 2>/dev/null ||
		    echo "$package"
	done <<<"$modules"
}

missing_tools()
{
	local have tool
	have=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n')
	for tool in $tools "$@"; do
		grep -qx "installed $tool" <<<"$have" || echo "$tool"
	done
}

# The system's libssh2 where that is new enough, else what libssh2.sh needs.
libssh2_tools()
{
	pkg-config --exists "libssh2 >= $libssh2" 2>/dev/null && return
	"$(dirname "$0")/libssh2.sh" "$prefix" --built && return
	if dpkg --compare-versions "$(candidate libssh2-1-dev)" ge "$libssh2"
	then
		echo libssh2-1-dev
	else
		echo cmake dpkg-dev
	fi
}

find_missing()
{
	# shellcheck disable=SC2046 # a list of words
	mapfile -t missing < <(missing_modules; missing_tools $(libssh2_tools))
}

if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
	modules+="
libssh2 $libssh2 libssh2-1-dev"
	mapfile -t missing < <(missing_modules)
	[ ${#missing[@]} = 0 ] && exit
	echo "deps: there is no apt-get here. Install with this system's" \
	    "package manager what Debian calls:" \
	    "$(tr -s '\n ' ' ' <<<"$tools")${missing[*]}" >&2
	exit 1
fi

find_missing
[ ${#missing[@]} = 0 ] && exit
# The package lists may be empty (a fresh container), or too old to be served.
[ -n "$(candidate libsodium-dev)" ] || apt update
find_missing
echo "deps: installing ${missing[*]}"
apt install --no-install-recommends "${missing[@]}" 2>/dev/null || {
	apt update
	apt install --no-install-recommends "${missing[@]}"
}
find_missing
[ ${#missing[@]} = 0 ] && exit
echo "deps: installed, but still missing or too old: ${missing[*]}" >&2
exit 1
