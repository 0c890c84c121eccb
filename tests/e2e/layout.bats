#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# skopeo and umoci read the store's layout, and find in it what ocismith says is there. Needs no root.
# shellcheck disable=SC2154  # $layout and its like are of lib.bash

setup() {
	load lib
	need_hello
}

@test "skopeo inspects every image" {
	local name
	for name in "${images[@]}"; do
		skopeo inspect "oci:$layout:localhost/$name:demo" >"$BATS_TEST_TMPDIR/json"
		python3 - "$BATS_TEST_TMPDIR/json" <<-'PY'
			import json, sys
			image = json.load(open(sys.argv[1]))
			assert image['Os'] == 'linux' and image['Architecture'], image
			assert len(image['Layers']) == len(set(image['Layers'])) > 5, image['Layers']
			assert image['Created'], image
		PY
	done
}

@test "skopeo copies every image, and its digest stays" {
	local name copied
	for name in "${images[@]}"; do
		skopeo copy -q --preserve-digests "oci:$layout:localhost/$name:demo" "dir:$BATS_TEST_TMPDIR/$name"
		copied=$(sha256sum "$BATS_TEST_TMPDIR/$name/manifest.json" | cut -d' ' -f1)
		[ -e "$layout/blobs/sha256/$copied" ]
	done
}

@test "ocismith's oci: and oci-archive: outputs hold the image of the store" {
	local name digests
	for name in "${images[@]}"; do
		smith build "$name" --output "oci:$BATS_TEST_TMPDIR/out" --output "oci-archive:$BATS_TEST_TMPDIR/$name.tar"
		digests=$(
			skopeo inspect --format '{{.Digest}}' "oci:$layout:localhost/$name:demo"
			skopeo inspect --format '{{.Digest}}' "oci:$BATS_TEST_TMPDIR/out:localhost/$name:demo"
			skopeo inspect --format '{{.Digest}}' "oci-archive:$BATS_TEST_TMPDIR/$name.tar:localhost/$name:demo"
		)
		[ "$(sort -u <<<"$digests" | wc -l)" = 1 ] || { echo "$digests" && false; }
	done
}

@test "umoci unpacks the tree that ocismith lists" {
	local name flags=(--rootless) owners=()
	if [ "$(id -u)" = 0 ]; then flags=() owners=(--owners); fi
	for name in "${images[@]}"; do
		umoci unpack "${flags[@]}" --image "$layout:localhost/$name:demo" "$BATS_TEST_TMPDIR/$name" >&2
		smith ls --format json "localhost/$name:demo" |
			"$e2e/compare-tree.py" "${owners[@]}" "$BATS_TEST_TMPDIR/$name/rootfs"
	done
}

@test "umoci unpacks it rootless, too" {
	umoci unpack --rootless --image "$layout:localhost/hello-web:demo" "$BATS_TEST_TMPDIR/web" >&2
	smith ls --format json localhost/hello-web:demo | "$e2e/compare-tree.py" "$BATS_TEST_TMPDIR/web/rootfs"
}

@test "the comparison sees a changed mode, size, target and file" {
	local tree=$BATS_TEST_TMPDIR/web
	umoci unpack --rootless --image "$layout:localhost/hello-worker:demo" "$tree" >&2
	smith ls --format json localhost/hello-worker:demo >"$BATS_TEST_TMPDIR/ls.json"
	chmod 600 "$tree/rootfs/app/app/worker.py"
	echo more >>"$tree/rootfs/app/app/machine.py"
	ln -sfn elsewhere "$tree/rootfs/bin"
	touch "$tree/rootfs/new"
	run "$e2e/compare-tree.py" "$tree/rootfs" <"$BATS_TEST_TMPDIR/ls.json"
	echo "$output"
	[ "$status" = 1 ]
	[[ $output == *'app/app/worker.py: mode: expected 0644, got 0600'* ]]
	[[ $output == *'app/app/machine.py: size:'* ]]
	[[ $output == *'bin: target: expected usr/bin, got elsewhere'* ]]
	[[ $output == *'new: not listed'* ]]
}
