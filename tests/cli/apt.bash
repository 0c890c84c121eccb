# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034,SC2154  # $mirror is the tests'; $tools, $ocismith, $output are of lib.bash
# apt.bash: a signed Debian archive of small packages on loopback; `load apt` after `load lib`.
#
#   need_debian                in setup_file: skips without the sandbox or a Debian base; $debian is its layout
#   make_deb NAME VERSION [SCRIPT [FIELD...]]  a package of /usr/share/NAME/version into $archive/pool; SCRIPT is its
#                              postinst, FIELDs are lines of its control file
#   publish [SUITE]            indexes and signs $archive by $keys, valid until $valid
#   serve                      serves $archive; $mirror is its URL
#   unserve                    ends that

need_debian() {
	export debian=$BATS_FILE_TMPDIR/base keys=$BATS_FILE_TMPDIR/keys archive=$BATS_FILE_TMPDIR/archive
	local said
	said=$(unshare -Ur true 2>&1) || skip "no user namespaces: $said"
	said=$("$tools/make-base" --debs --with adduser "$debian" 2>&1) || skip "no Debian base: ${said##*$'\n'}"
	mkdir -m 700 "$keys"
	make_key "$keys"
	mkdir -p "$archive/pool"
}

make_key() {
	gpg --homedir "$1" --batch --quiet --passphrase '' --quick-generate-key "test <t@example.org>" ed25519 sign never 2>&1
	gpg --homedir "$1" --batch --quiet --export >"$1/public.gpg"
	gpgconf --homedir "$1" --kill all
}

make_deb() {
	local root=$BATS_FILE_TMPDIR/deb-$1-$2
	rm -rf "$root"
	mkdir -p "$root/DEBIAN" "$root/usr/share/$1"
	echo "$2" >"$root/usr/share/$1/version"
	printf '%s\n' "Package: $1" "Version: $2" 'Architecture: all' 'Maintainer: t <t@example.org>' "${@:4}" \
		"Description: $1" >"$root/DEBIAN/control"
	if [ -n "${3-}" ]; then
		printf '#!/bin/sh\nset -e\n%s\n' "$3" >"$root/DEBIAN/postinst"
		chmod 755 "$root/DEBIAN/postinst"
	fi
	find "$root" -exec touch -d @315532800 {} +
	SOURCE_DATE_EPOCH=315532800 dpkg-deb --root-owner-group -Zgzip -b "$root" "$archive/pool/$1_$2_all.deb" >/dev/null
}

publish() {
	local dist=$archive/dists/${1:-stable} file
	mkdir -p "$dist/main/binary-amd64"
	(cd "$archive" && dpkg-scanpackages -m pool /dev/null) >"$dist/main/binary-amd64/Packages" 2>/dev/null
	{
		printf '%s\n' 'Origin: test' "Suite: ${1:-stable}" "Codename: ${1:-stable}" 'Architectures: amd64' \
			'Components: main' 'Date: Thu, 01 Jan 2026 00:00:00 UTC' ${valid:+"Valid-Until: $valid"} 'SHA256:'
		file=main/binary-amd64/Packages
		printf ' %s %s %s\n' "$(sha256sum <"$dist/$file" | cut -d' ' -f1)" "$(stat -c %s "$dist/$file")" $file
	} >"$dist/Release"
	gpg --homedir "$keys" --batch --quiet --yes --clearsign -o "$dist/InRelease" "$dist/Release" 2>&1
	gpgconf --homedir "$keys" --kill all
}

serve() {
	local port
	coproc SERVER {
		cd "$archive" && exec python3 -c '
import functools, http.server, sys, threading
class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet)
print(server.server_port, flush=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
sys.stdin.read()'
	}
	read -r port <&"${SERVER[0]}"
	mirror=http://127.0.0.1:$port
}

unserve() {
	[ -z "${SERVER_PID-}" ] || {
		eval "exec ${SERVER[1]}>&-"
		wait "$SERVER_PID" 2>/dev/null || true
	}
}
