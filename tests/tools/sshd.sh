# SPDX-License-Identifier: ISC
# shellcheck shell=bash
# A real sshd on loopback for the scenarios, on top of tests/lib.sh.  Sourced.
#
# sshd_start [LINE...]      start it; more lines for sshd_config.  $PORT is where.
# pam_start [LINE...]       the same, asking for the password "open sesame" through
#                           PAM, after some words; false where that cannot be
# sshd_stop                 end it with all its sessions
# sshd_pid                  the listener's process
# $D                        its folder: host_ed25519, host_ecdsa, host_rsa, log,
#                           authorized; homes/ubuntu
# dropbear_start            a dropbear with the same host keys; $PORT
# key TYPE NAME...          make a key pair NAME, NAME.pub that may log in
# connect ARGUMENT...       the program under test, under that name
# kssh ARGUMENT...          ssh with the same host keys known, -i key, no config
#
# It runs as whoever runs the tests.  That user's name there is "ubuntu", with a
# home without start-up files and a plain sh, thanks to libnss-wrapper.

# Which needs whole stacks.
export ASAN_OPTIONS=detect_leaks=1:fast_unwind_on_malloc=0
export LSAN_OPTIONS=suppressions=$SRC/tests/tools/libssh2.lsan:print_suppressions=0

D=$TMP/sshd
mkdir -p "$D/homes/ubuntu"
chmod 755 "$TMP" "$D" "$D/homes" "$D/homes/ubuntu"
ln -s "$PEMKEEP" "$TMP/connect"
known=$TMP/known
wrapper=$(find /usr/lib /usr/lib64 -name 'libnss_wrapper.so*' 2>/dev/null |
    sort | head -n 1)
[ "$(id -u)" != 0 ] || mkdir -p /run/sshd

connect()
{
	"$TMP/connect" -o "UserKnownHostsFile=$known" -p "$PORT" "$@"
}

kssh()
{
	local key=$1
	shift
	ssh -F none -o "UserKnownHostsFile=$known" -o IdentitiesOnly=yes \
	    -o BatchMode=yes -i "$key" -p "$PORT" "$@"
}

key()
{
	local type=$1 name=$2
	shift 2
	ssh-keygen -q -t "$type" -N '' -C "$name" -f "$TMP/$name" "$@"
	cat "$TMP/$name.pub" >>"$D/authorized"
	chmod 600 "$D/authorized"
}

for type in ed25519 ecdsa rsa; do
	ssh-keygen -q -t $type -N '' -C '' -f "$D/host_$type"
done
printf 'ubuntu:x:%s:%s::%s:/bin/sh\nsshd:x:65534:65534::/:/bin/false\n' \
    "$(id -u)" "$(id -g)" "$D/homes/ubuntu" >"$D/passwd"
printf 'ubuntu:x:%s:\n' "$(id -g)" >"$D/group"
printf 'ubuntu:%s:19000:0:99999:7:::\n' \
    "$(openssl passwd -6 -salt saltsalt 'open sesame')" >"$D/shadow"
: >"$D/authorized"

# What the session processes see, too, so that whoami says "ubuntu".
wrapped=(LD_PRELOAD="$wrapper" NSS_WRAPPER_PASSWD="$D/passwd"
    NSS_WRAPPER_GROUP="$D/group" NSS_WRAPPER_SHADOW="$D/shadow")

free_port()
{
	"$PYTHON" -c 'import socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])'
}

know_host()
{
	local type
	: >"$known"
	chmod 600 "$known"
	for type; do
		printf '[127.0.0.1]:%s %s\n' "$PORT" \
		    "$(cut -d ' ' -f 1,2 "$D/host_$type.pub")" >>"$known"
	done
}

wait_for_port()
{
	local i
	for ((i = 0; i < 100; i++)); do
		(exec 3<>"/dev/tcp/127.0.0.1/$PORT") 2>/dev/null && return
		sleep 0.05
	done
	cat "$D/log"
	return 1
}

sshd_start()
{
	PORT=$(free_port)
	{
		printf '%s\n' "$@"
		# Since 9.8 it stops talking to whoever fails to log in.
		! grep -qai PerSourcePenalties /usr/sbin/sshd ||
		    echo 'PerSourcePenalties no'
		cat <<END
Port $PORT
ListenAddress 127.0.0.1
HostKey $D/host_ed25519
HostKey $D/host_ecdsa
HostKey $D/host_rsa
AuthorizedKeysFile $D/authorized
PidFile $D/pid
StrictModes no
UsePAM no
PermitRootLogin yes
PasswordAuthentication no
KbdInteractiveAuthentication no
PrintMotd no
PrintLastLog no
AcceptEnv LANG LC_* FOO_*
SetEnv LD_PRELOAD=$wrapper NSS_WRAPPER_PASSWD=$D/passwd NSS_WRAPPER_GROUP=$D/group
MaxStartups 200:30:300
LogLevel VERBOSE
END
	} >"$D/config"
	: >"$D/log"
	env "${wrapped[@]}" /usr/sbin/sshd -f "$D/config" -E "$D/log" || {
		cat "$D/log"
		return 1
	}
	wait_for_port || return
	know_host ed25519 ecdsa rsa
}

# PAM without being root, and without the system's configuration.
pam_start()
{
	local modules
	modules=$(find /usr/lib /usr/lib64 -name pam_matrix.so 2>/dev/null |
	    sort | head -n 1)
	[ -n "$modules" ] || return
	modules=${modules%/*}
	mkdir -p "$D/pam"
	echo 'ubuntu:open sesame:sshd' >"$D/passdb"
	printf "%s required $modules/pam_matrix.so passdb=$D/passdb\n" \
	    auth account session password >"$D/pam/sshd"
	sed -i "1i auth [default=ignore] $modules/pam_chatty.so info" \
	    "$D/pam/sshd"
	wrapped[0]="LD_PRELOAD=$wrapper libpam_wrapper.so"
	wrapped+=(PAM_WRAPPER=1 PAM_WRAPPER_SERVICE_DIR="$D/pam")
	sshd_start 'UsePAM yes' 'KbdInteractiveAuthentication yes' "$@"
}

sshd_pid()
{
	cat "$D/pid" 2>/dev/null
}

# The listener first, then what it has started.
sshd_stop()
{
	local pid children
	pid=$(sshd_pid) || return 0
	children=$(pgrep -P "$pid")
	# shellcheck disable=SC2086 # words
	kill $pid $children 2>/dev/null
	rm -f "$D/pid"
}
at_exit sshd_stop

dropbear_start()
{
	local type
	PORT=$(free_port)
	for type in ed25519 ecdsa rsa; do
		[ -f "$D/dropbear_$type" ] || dropbearkey -t $type \
		    -f "$D/dropbear_$type" >"$D/dropbear_$type.out" 2>&1
		sed -n 's/^\(ssh-[a-z0-9]*\|ecdsa-[a-z0-9-]*\) /&/p' \
		    "$D/dropbear_$type.out" >"$D/host_drop$type.pub"
	done
	mkdir -p "$D/homes/ubuntu/.ssh"
	cp "$D/authorized" "$D/homes/ubuntu/.ssh/authorized_keys"
	chmod 700 "$D/homes/ubuntu/.ssh"
	env "${wrapped[@]}" dropbear -R -E -F -p "127.0.0.1:$PORT" \
	    -r "$D/dropbear_ed25519" -r "$D/dropbear_ecdsa" \
	    -r "$D/dropbear_rsa" -P "$D/dropbear.pid" >"$D/log" 2>&1 &
	at_exit kill $! 2>/dev/null
	wait_for_port && know_host droped25519 dropecdsa droprsa
}
