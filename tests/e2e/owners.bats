#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Packages chosen for their owners, devices, capabilities, diversions, alternatives, triggers, users and setgid directories
# give the same layer whoever installs them: a user of one uid, a user with subordinate ids, root.
# Debian packages: bats, python3, mmdebstrap, dpkg-dev, uidmap; root, and the network for the first run.

bats_require_minimum_version 1.5.0

# those that conflict are in different lists
first=(cron man-db exim4-daemon-light openssh-server dbus iputils-ping wireshark-common ca-certificates fontconfig python3
	postgresql-common nginx at sudo git rsync curl less vim-tiny tzdata locales logrotate rsyslog sqlite3 mailutils bind9
	unbound avahi-daemon cups-daemon polkitd)
second=(systemd systemd-sysv udev postfix apache2 redis-server mariadb-common mosquitto bsd-mailx ntpsec fuse3 screen tmux
	plocate uuid-runtime libcap2-bin traceroute mtr-tiny tcpdump fping squid memcached proftpd-core libpam-systemd gnupg
	ssl-cert tcl lsof xfonts-utils shared-mime-info emacsen-common dictionaries-common wamerican ca-certificates cron)

setup_file() {
	load lib
	is_root || return 0
	export tools=${OCISMITH_BUILD:-$top/out}/tests
	export cache
	export work=$cache/owners-work
	mkdir -p "$cache"
	rm -rf "$work"
	mkdir -m 755 "$work"
	# by numbers: an account is only needed for subordinate ids
	export one=47110
	export many=smith-owners
	id "$many" >/dev/null 2>&1 || useradd --no-create-home --home-dir "$work" "$many"
	grep -q "^$many:" /etc/subuid || usermod --add-subuids 500000-565535 --add-subgids 500000-565535 "$many"
	make_base
	make_debs first "${first[@]}"
	make_debs second "${second[@]}"
}

teardown_file() {
	[ -z "${work-}" ] || rm -rf "$work"
	[ -z "${many-}" ] || userdel "$many"
}

setup() {
	load lib
	need_root
	cp "$tools/execute-layer" "$work/execute-layer"
}

make_base() {
	[ -e "$cache/owners-base.tar" ] && return
	mmdebstrap --variant=apt --mode=root bookworm "$cache/owners-base.tmp.tar" >&2
	mv "$cache/owners-base.tmp.tar" "$cache/owners-base.tar"
}

# make_debs NAME PACKAGE...: an archive of them and of all that they need
make_debs() {
	local dir=$cache/owners-$1 root=$work/download
	shift
	if [ -e "$dir/list" ] && [ "$(<"$dir/words")" = "$*" ]; then
		return
	fi
	rm -rf "$dir" "$root"
	mkdir -p "$dir" "$root"/{root,work}
	tar -C "$root/root" --exclude='./dev/*' -xf "$cache/owners-base.tar"
	"$tools/sandbox-run" --mode root --network --env DEBIAN_FRONTEND=noninteractive --work "$root/work" "$root/root" \
		/bin/sh -c 'apt-get update && apt-get install --download-only -y --no-install-recommends "$@"' - "$@" >&2
	mv "$root"/work/upper/var/cache/apt/archives/*.deb "$dir"
	(cd "$dir" && dpkg-scanpackages . /dev/null >Packages 2>/dev/null)
	echo "$*" >"$dir/words"
	echo 'deb [trusted=yes] file:/debs ./' >"$dir/list"
	rm -rf "$root"
}

# layer MODE NAME: installs what is in the archive; $output is the diff ID, the layer's file and the time
layer() {
	local store=$work/store-$1 as=()
	mkdir "$store"
	case $1 in
	one) as=(setpriv --reuid "$one" --regid "$one" --clear-groups) && chown "$one:$one" "$store" ;;
	many) as=(setpriv --reuid "$many" --regid "$many" --init-groups) && chown "$many:" "$store" ;;
	esac
	run -0 "${as[@]}" env -i PATH="$PATH" HOME="$store" "$work/execute-layer" "$store" "$1" "$cache/owners-base.tar" \
		"$cache/owners-$2:/debs" "
			set -e
			printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
			chmod 755 /usr/sbin/policy-rc.d
			options='-o Dir::Etc::sourcelist=/debs/list -o Dir::Etc::sourceparts=/dev/null'
			options=\"\$options -o Dpkg::Options::=--force-unsafe-io\"
			apt-get \$options update
			apt-get \$options install -y --no-install-recommends $(<"$cache/owners-$2/words")
			rm /usr/sbin/policy-rc.d"
	echo "# $1: $output" >&3
}

# compare NAME: all three modes
compare() {
	local mode
	for mode in root one many; do
		layer "$mode" "$1"
		echo "$output" >"$work/$mode"
	done
	for mode in one many; do
		[ "$(cut -d' ' -f1 "$work/$mode")" = "$(cut -d' ' -f1 "$work/root")" ] ||
			python3 "$BATS_TEST_DIRNAME/compare-layer.py" "$(cut -d' ' -f2 "$work/root")" "$(cut -d' ' -f2 "$work/$mode")"
	done
	rm -rf "$work"/store-*
}

@test "the same layer in all modes: cron, exim, nginx, openssh, postgresql and others" {
	compare first
}

@test "the same layer in all modes: systemd, postfix, apache, squid and others" {
	compare second
}

@test "these are more than sixty packages" {
	[ "$(printf '%s\n' "${first[@]}" "${second[@]}" | sort -u | wc -l)" -ge 60 ]
}
