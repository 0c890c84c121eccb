#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# More than seventy real packages, chosen for their owners, devices, capabilities, diversions, alternatives, triggers,
# users and setgid directories, as layers of `ocismith lock` and `build`: the same ones whoever installs them (a user of
# one uid, a user with subordinate ids, root), in three stores and at three times, complete, and without a trace of their
# day. As root, with the network. Debian packages: make-base's, uidmap, umoci.
# shellcheck disable=SC2154  # $top is of lib.bash
bats_require_minimum_version 1.5.0

# those that conflict with others are in another family
all=(apache2 at avahi-daemon bind9 ca-certificates cron cups-daemon curl dash dbus desktop-file-utils dictionaries-common
	dnsmasq emacsen-common exim4 fontconfig fonts-dejavu-core fping fuse3 gnupg install-info iputils-ping ispell less
	libcap2-bin libpam-systemd locales logrotate lsof man-db mariadb-common memcached mime-support mosquitto mtr-tiny
	nfs-common nginx ntpsec openssh-server php-cli pkexec plocate polkitd postgresql-common procps proftpd-core
	python3-requests python3-yaml redis-server rpcbind rsync rsyslog samba-common screen shared-mime-info sqlite3 squid
	ssl-cert sudo systemd systemd-sysv tcl tcpdump tmux traceroute tzdata udev unbound uuid-runtime vim-tiny wamerican
	wireshark-common xfonts-utils)
mail=(bsd-mailx cron mailutils postfix)

setup_file() {
	load lib
	is_root || return 0
	# by a number: an account is only needed for subordinate ids
	export work=$BATS_FILE_TMPDIR one=47110 many=smith-debs
	id "$many" >/dev/null 2>&1 || useradd --no-create-home --home-dir "$work" "$many"
	grep -q "^$many:" /etc/subuid || usermod --add-subuids 500000-565535 --add-subgids 500000-565535 "$many"
	chmod a+x "$BATS_RUN_TMPDIR" "$work"
	cp "$OCISMITH" "$work/ocismith"
	cp "${OCISMITH_BUILD:-$top/out}/tests/execute-debs" "$work/execute-debs"
	mkdir -p "$work/fleet/families.d" "$work/one"
	"$top/tests/tools/make-base" "$work/fleet/base" >"$work/base.log" 2>&1 || {
		cat "$work/base.log"
		return 1
	}
	echo 'fleet: debs' >"$work/fleet/fleet.yaml"
	family all "${all[@]}"
	family mail "${mail[@]}"
	chown -R "$one:$one" "$work/fleet" "$work/one"
	as one "$work/ocismith" --progress none -C "$work/fleet" --store "$work/one" lock
	as one "$work/ocismith" --progress none -C "$work/fleet" --store "$work/one" build all mail --format json >"$work/one.json"
}

teardown_file() {
	[ -z "${many-}" ] || userdel "$many"
}

setup() {
	load lib
	need_root
}

# family NAME PACKAGE...
family() { printf 'family: %s\nfrom: oci:base\napt: [%s]\n' "$1" "$(IFS=, && echo "${*:2}")" >"$work/fleet/families.d/$1.yaml"; }

# as one|many|root COMMAND...
as() {
	local user=()
	case $1 in
	one) user=(setpriv --reuid "$one" --regid "$one" --clear-groups) ;;
	many) user=(setpriv --reuid "$many" --regid "$many" --init-groups) ;;
	esac
	"${user[@]}" env -i PATH="$PATH" HOME=/ "${@:2}"
}

# made MODE: its layers, as lines of family, diff ID and digest, with the sandbox in that mode
made() {
	mkdir -p "$work/$1/cache"
	cp -r "$work/one/cache/files" "$work/$1/cache/"
	[ "$1" = root ] || chown -R "${!1}:" "$work/$1"
	as "$1" "$work/execute-debs" "$work/fleet" "$work/$1" "$1" >"$work/$1.made"
	sed "s/^/# $1: /" "$work/$1.made" >&3
	cut -d' ' -f1-3 "$work/$1.made" | sort
}

# expected: the same of what `lock` and `build` have made
expected() {
	python3 - "$work/one/oci" "$work/one.json" <<-'END'
		import json, sys
		oci, out = sys.argv[1:]
		read = lambda digest: json.load(open(oci + '/blobs/' + digest.replace(':', '/')))
		for image in json.load(open(out))['images']:
		    manifest = read(image['manifest'])
		    config = read(manifest['config']['digest'])
		    print(image['subject'], config['rootfs']['diff_ids'][1], manifest['layers'][1]['digest'])
	END
}

# same MODE: else what differs
same() {
	local family digest is
	made "$1" >"$work/$1.layers"
	while read -r family _ digest; do
		is=$(awk -v family="$family" '$1 == family { print $3 }' "$work/$1.layers")
		[ "$is" = "$digest" ] || python3 "$BATS_TEST_DIRNAME/compare-layer.py" "$work/one/oci/blobs/${digest/://}" \
			"$work/$1/oci/blobs/${is/://}" || return
	done <"$work/one.layers"
	cmp "$work/one.layers" "$work/$1.layers"
}

@test "these are more than seventy packages" {
	[ "$(printf '%s\n' "${all[@]}" "${mail[@]}" | sort -u | wc -l)" -ge 70 ]
	expected | sort >"$work/one.layers"
	[ "$(wc -l <"$work/one.layers")" = 2 ]
}

@test "root has the same layers as a user without subordinate ids" {
	same root
}

@test "a user with subordinate ids has the same layers" {
	same many
}

@test "another store, later, makes the same image" {
	"$OCISMITH" --progress none -C "$work/fleet" --store "$work/root" build all mail --format json >"$work/root.json"
	cmp <(manifests "$work/one.json") <(manifests "$work/root.json")
	rm -rf "$work/root" "$work/many"
}

manifests() {
	python3 -c 'import json, sys; [print(i["name"], i["manifest"]) for i in json.load(open(sys.argv[1]))["images"]]' "$1"
}

@test "dpkg finds every file as its package has it" {
	root=$work/rootfs
	umoci raw unpack --image "$work/one/oci:localhost/debs/all:latest" "$root"
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
	root=$work/rootfs
	[ "$(chroot "$root" stat -c '%a %U:%G' /usr/bin/crontab)" = '2755 root:crontab' ]
	[ "$(chroot "$root" stat -c '%a %U:%G' /var/spool/cron/crontabs)" = '1730 root:crontab' ]
	[ "$(chroot "$root" stat -c '%a %U:%G' /usr/bin/at)" = '6755 daemon:daemon' ]
	[ "$(chroot "$root" stat -c '%a %U:%G' /usr/lib/dbus-1.0/dbus-daemon-launch-helper)" = '4754 root:messagebus' ]
	[ "$(chroot "$root" stat -c '%a %U:%G' /etc/redis/redis.conf)" = '640 redis:redis' ]
	[[ $(chroot "$root" getcap /usr/bin/ping) = *cap_net_raw=ep ]]
}

base_layer() {
	python3 - "$work/one/oci" "$work/one.json" <<-'END'
		import json, sys
		oci, out = sys.argv[1:]
		path = lambda digest: oci + '/blobs/' + digest.replace(':', '/')
		print(path(json.load(open(path(json.load(open(out))['images'][0]['manifest'])))['layers'][0]['digest']))
	END
}

@test "nothing says when the image was made, and no secret is in it" {
	root=$work/rootfs
	# those of the base have the day of its archive, the others that of the epoch
	# shellcheck disable=SC2016  # awk's own
	run ! awk -F: 'NR == FNR { base[$1]; next } !($1 in base) && $3 != 3652 { found = 1 } END { exit !found }' \
		<(tar -xzOf "$(base_layer)" etc/shadow) "$root/etc/shadow"
	grep -q '^sshd:[^:]*:3652:' "$root/etc/shadow"
	[ ! -s "$root/etc/machine-id" ]
	run ! compgen -G "$root/etc/ssh/ssh_host_*"
	[ ! -e "$root/etc/ssl/private/ssl-cert-snakeoil.key" ]
	[ -z "$(find "$root/var/log" "$root/var/cache/apt" "$root/var/lib/apt/lists" -type f -size +0)" ]
}
