#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# libssh2 with the security patches of 2025 and 2026, or a clear failure.
#
# Before 1.11.1 it cannot log in with an RSA key on a current OpenSSH, and the
# bare 1.11.1 can be overrun by a server.  Where the system's own is too old,
# Debian 13's source package is fetched through apt (release signature and
# hashes checked, from the archive this machine is set up for), changed by the
# patch beside this script, which says why, and built static into a private
# prefix.  Usage: libssh2.sh PREFIX [--built]
#
# PREFIX/libssh2.version says what was built: the version, "unpatched" if it is,
# and which patch it was tried with.  --built: true when that needs no change.
set -euo pipefail
# shellcheck source=tests/deps/apt.sh
. "$(dirname "$0")/apt.sh"

prefix=$(mkdir -p "$1" && cd "$1" && pwd)
ours=$(cd "$(dirname "$0")" && pwd)/libssh2.patch
sum=$(sha256sum <"$ours" | cut -c 1-16)
stamp=$prefix/libssh2.version
work=$prefix/work
least=1.11.1
patched=1.11.1-1+deb13u2 # the first of Debian 13 that has all of these
fixed=(CVE-2025-15661 CVE-2026-7598 CVE-2026-55199 CVE-2026-55200
    CVE-2026-58050 CVE-2026-58051 CVE-2026-66032 CVE-2026-66033
    CVE-2026-66034 CVE-2026-66035)
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

die()
{
	echo "deps: libssh2: $*" >&2
	exit 1
}

at_least()
{
	dpkg --compare-versions "$1" ge "$2"
}

# The system's own.  Its version number says nothing about patches, the
# revision of its package does.
check_system()
{
	local version
	version=$(dpkg-query -W -f '${Version}' libssh2-1-dev 2>/dev/null) || {
		echo "deps: libssh2 is this system's; make sure that it has" \
		    "the fixes for ${fixed[*]}" >&2
		return
	}
	at_least "$version" "$patched" ||
	    die "the installed $version lacks security fixes that $patched" \
		"has; upgrade the package libssh2-1-dev"
}

# The archive that this machine's apt uses for Debian itself.
archive()
{
	# shellcheck disable=SC2016 # apt fills it in
	apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' \
	    'Origin: Debian' 'Label: Debian' 'Component: main' 2>/dev/null |
	    sed 1q
}

# apt with state, cache and sources of its own, and no way round signatures.
private_apt()
{
	apt-get -qq -o Dir::State="$work/state" -o Dir::Cache="$work/cache" \
	    -o Dir::Etc::SourceList="$work/sources.list" \
	    -o Dir::Etc::SourceParts=/dev/null \
	    -o Dir::Etc::Preferences=/dev/null \
	    -o Dir::Etc::PreferencesParts=/dev/null \
	    -o APT::Sandbox::User="$(id -un)" \
	    -o APT::Update::Error-Mode=any \
	    -o APT::Get::AllowUnauthenticated=false \
	    -o Acquire::AllowInsecureRepositories=false \
	    -o Acquire::AllowWeakRepositories=false "$@"
}

fetch()
{
	local uri
	uri=$(archive)
	[ -n "$uri" ] || {
		apt update
		uri=$(archive)
	}
	[ -n "$uri" ] || die "apt here knows no archive of Debian to build it" \
	    "from; install libssh2 >= $least with the fixes for ${fixed[*]}"
	mkdir -p "$work"/{state/lists/partial,cache/archives/partial,source}
	echo "deb-src [signed-by=$keyring] $uri trixie main" \
	    >"$work/sources.list"
	private_apt update 2>"$work/log" || {
		# An old keyring lacks the keys of Debian 13.
		apt update
		apt install debian-archive-keyring
		private_apt update || die "Debian 13's package index is not" \
		    "to be had, or its signature is not good"
	}
	cd "$work/source"
	private_apt source libssh2 >"$work/log" 2>&1 || {
		cat "$work/log" >&2
		die "the source package could not be had"
	}
}

# Every fix is there, and dpkg-source has applied it.
check_source()
{
	local cve
	at_least "$version" "$patched" || die "$version is older than $patched"
	for cve in "${fixed[@]}"; do
		grep -qx "$cve.patch" .pc/applied-patches ||
		    die "$version lacks the patch for $cve"
	done
}

# A later version of Debian's may have some of it, or other lines around it; it
# is still a good library then, if a slow one.
apply_ours()
{
	if patch -p1 -F0 -f --dry-run <"$ours" >"$work/log" 2>&1; then
		patch -p1 -F0 -f <"$ours" >"$work/log"
		return
	fi
	sed 's/^/deps: /' "$work/log" >&2
	echo "deps: libssh2: libssh2.patch does not fit $version, and is left" \
	    "out: large transfers will be slow" >&2
	applied=unpatched
}

# Is what is there of the least version, and has it been tried with this patch?
built()
{
	local version patch tried
	[ -f "$prefix/lib/libssh2.a" ] && [ -f "$stamp" ] || return
	read -r version patch tried <"$stamp" || return
	at_least "$version" "$patched" && [ "${tried:-$patch}" = "$sum" ]
}

build()
{
	cmake -S . -B build -DCMAKE_BUILD_TYPE=None -DCMAKE_C_FLAGS="-O2 -g \
	    -fstack-protector-strong -D_FORTIFY_SOURCE=2" \
	    -DCMAKE_POSITION_INDEPENDENT_CODE=ON -DBUILD_SHARED_LIBS=OFF \
	    -DBUILD_STATIC_LIBS=ON -DBUILD_EXAMPLES=OFF -DBUILD_TESTING=OFF \
	    -DCRYPTO_BACKEND=OpenSSL -DENABLE_ZLIB_COMPRESSION=OFF \
	    -DCMAKE_EXPORT_NO_PACKAGE_REGISTRY=ON \
	    -DCMAKE_INSTALL_PREFIX="$prefix" -DCMAKE_INSTALL_LIBDIR=lib &&
	    cmake --build build --parallel "$(nproc)" &&
	    cmake --install build
}

if [ "${2-}" = --built ]; then
	built
	exit
fi
if pkg-config --exists "libssh2 >= $least"; then
	check_system
	exit
fi
if built; then
	exit
fi

echo "deps: building libssh2 from Debian 13's patched source package"
rm -rf "$stamp" "$work"
mkdir -p "$work"
fetch
cd "$work"/source/libssh2-*/
version=$(dpkg-parsechangelog -S Version)
check_source
applied=
apply_ours
build >"$work/log" 2>&1 || {
	tail -n 40 "$work/log" >&2
	die "the build failed"
}
echo "$version${applied:+ $applied} $sum" >"$stamp"
rm -rf "$work"
echo "deps: libssh2 $version is in $1"
