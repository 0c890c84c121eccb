#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# podman 5.4 loads spliced, zstd and gzip layers; from inside, each image has the tree that was meant, with contents,
# modes and owners, and its service answers. docker.bats is the same for docker.
# shellcheck disable=SC2154  # $out and its like are of lib.bash

setup_file() {
	load lib
	is_root || return 0
	need_hello
	need_rootfs podman
	local kind archives=$BATS_FILE_TMPDIR/archives
	mkdir "$archives"
	for kind in splice zstd gzip; do
		smith build HelloWeb --compression "$kind" --output "oci-archive:$archives/$kind.tar" >&2
	done
	# the last build's layers are gzip's; all three have the same tree
	python3 "$top/tests/tools/image-tree.py" "$layout" localhost/hello-web:demo >"$BATS_FILE_TMPDIR/meant"
	smith build HelloWeb >&2
	job compression -u u1 -b "$archives:/archives"
}

setup() {
	load lib
	need_root
}

works() {
	echo "# $1: $(<"$out/times-$1"), $(stat -c %s "$BATS_FILE_TMPDIR/archives/$1.tar") bytes" >&3
	has "load-$1" "status 0"
	has "health-$1" '{"status":"ok"}'
	python3 - "$BATS_FILE_TMPDIR/meant" "$out/tree-$1" <<-'PY'
		import json, re, sys
		meant, got = ({e['path']: e for e in json.load(open(path))} for path in sys.argv[1:])
		# what podman mounts or makes in every container
		own = re.compile(r'(etc/(hosts|hostname|resolv\.conf|mtab)|jobs|run/\.containerenv|(dev|proc|sys|run|tmp|var/tmp)(/.*)?)$')
		paths = {p for p in set(meant) | set(got) if not own.match(p)}
		bad = ['%s: %s' % (p, 'not there' if p in meant else 'not meant') for p in sorted(paths)
		       if p not in meant or p not in got]
		for path in sorted(paths & set(meant) & set(got)):
		    for key, value in got[path].items():
		        if meant[path].get(key) != value and path != 'etc':
		            bad.append('%s: %s: expected %r, got %r' % (path, key, meant[path].get(key), value))
		print('\n'.join(bad[:30]))
		assert not bad and len(paths) > 5000, len(paths)
	PY
}

@test "podman runs spliced layers" { works splice; }

@test "podman runs zstd layers" { works zstd; }

@test "podman runs gzip layers" { works gzip; }
