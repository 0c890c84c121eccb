#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A hundred and more real packages, chosen for their awkward owners, devices, capabilities, diversions, alternatives,
# triggers and users, as a layer: the same one in two stores and as two users, complete, and without a trace of its day.
# As root, with the network. Debian packages: make-base's, umoci.
# shellcheck disable=SC2154  # $output is of bats
bats_require_minimum_version 1.5.0

packages=(cron man-db exim4 openssh-server dbus iputils-ping wireshark-common systemd systemd-sysv fontconfig
	postgresql-common nginx ssl-cert at sudo procps rsyslog logrotate dnsmasq bind9-dnsutils tcpdump mtr-tiny fuse3
	libcap2-bin screen tmux vim-tiny nano less git gdb python3-numpy python3-yaml python3-requests locales tzdata dash
	bash-completion apache2 php-cli redis-server memcached avahi-daemon cups-client samba-common xfonts-base fonts-dejavu
	shared-mime-info desktop-file-utils hicolor-icon-theme install-info texinfo udev pkexec rpcbind nfs-common polkitd
	lsb-release file mime-support dictionaries-common wamerican ispell ca-certificates)

setup_file() {
	load lib
	is_root || return 0
	export work=$BATS_FILE_TMPDIR other
	other=$({
		sed 's/^/ids:/' /etc/subuid 2>/dev/null || :
		getent passwd
	} | awk -F: '$1 == "ids" { has[$2] = 1; next } $3 >= 1000 && $3 < 60000 && !has[$1] { print $1; exit }')
	"$top/tests/tools/make-base" "$work/fleet/base" >"$work/base.log" 2>&1 || {
		cat "$work/base.log"
		return 1
	}
	mkdir -p "$work/fleet/families.d"
	echo 'fleet: debs' >"$work/fleet/fleet.yaml"
	printf 'family: all\nfrom: oci:base\napt: [%s]\n' "$(IFS=, && echo "${packages[*]}")" >"$work/fleet/families.d/all.yaml"
	smith_in one lock
	smith_in one build all --format json >"$work/one.json"
}

setup() {
	load lib
	need_root
}

smith_in() { "$OCISMITH" --progress none -C "$work/fleet" --store "$work/$1" "${@:2}"; }

manifest() { python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["images"][0]["manifest"])' "$1"; }

@test "another store, later, makes the same image" {
	mkdir -p "$work/two/cache"
	cp -al "$work/one/cache/files" "$work/two/cache/"
	smith_in two build all --format json >"$work/two.json"
	[ "$(manifest "$work/one.json")" = "$(manifest "$work/two.json")" ]
}

@test "a user without subordinate ids makes the same image" {
	[ -n "$other" ] || skip "no user without subordinate ids"
	mkdir -p "$work/user/cache"
	cp -r "$work/one/cache/files" "$work/user/cache/"
	chown -R "$other" "$work/user"
	chmod a+x "$BATS_RUN_TMPDIR" "$work"
	cp "$OCISMITH" "$work/ocismith"
	setpriv --reuid "$other" --regid "$(id -g "$other")" --init-groups env -i PATH="$PATH" HOME=/ "$work/ocismith" \
		--progress none -C "$work/fleet" --store "$work/user" build all --format json >"$work/user.json"
	[ "$(manifest "$work/one.json")" = "$(manifest "$work/user.json")" ]
}

@test "dpkg finds every file as its package has it" {
	umoci unpack --image "$work/one/oci:localhost/debs/all:latest" "$work/bundle"
	root=$work/bundle/rootfs
	run chroot "$root" dpkg -C
	[ "$status" -eq 0 ] && [ -z "$output" ]
	# what the image leaves out itself (documents), and configuration that packages' scripts write, are no damage
	chroot "$root" dpkg --verify >"$work/verified" || true
	run ! grep -vE ' /usr/share/(doc|man|info|locale|lintian|bug)|^[^ ]+ c |^missing +c ' "$work/verified"
	# shellcheck disable=SC2016  # dpkg's own
	chroot "$root" dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' >"$work/installed"
	run ! grep -v '^ii ' "$work/installed"
}

@test "owners, modes and capabilities are those of an installation by root" {
	root=$work/bundle/rootfs
	[ "$(chroot "$root" stat -c '%a %U:%G' /usr/bin/crontab)" = '2755 root:crontab' ]
	[ "$(chroot "$root" stat -c '%a %U:%G' /var/spool/cron/crontabs)" = '1730 root:crontab' ]
	[ "$(chroot "$root" stat -c '%a %U:%G' /usr/bin/at)" = '6755 daemon:daemon' ]
	[ "$(chroot "$root" stat -c '%a %U:%G' /usr/lib/dbus-1.0/dbus-daemon-launch-helper)" = '4754 root:messagebus' ]
	[ "$(chroot "$root" stat -c '%a %U:%G' /etc/redis/redis.conf)" = '640 redis:redis' ]
	[[ $(chroot "$root" getcap /usr/bin/ping) = *cap_net_raw=ep ]]
}

@test "nothing says when the image was made, and no secret is in it" {
	root=$work/bundle/rootfs
	# shellcheck disable=SC2016  # awk's own
	run ! awk -F: -v today="$(($(date +%s) / 86400))" '$3 >= today - 1 { found = 1 } END { exit !found }' "$root/etc/shadow"
	[ ! -s "$root/etc/machine-id" ]
	run ! compgen -G "$root/etc/ssh/ssh_host_*"
	[ ! -e "$root/etc/ssl/private/ssl-cert-snakeoil.key" ]
	[ -z "$(find "$root/var/log" "$root/var/cache/apt" "$root/var/lib/apt/lists" -type f -size +0)" ]
}
