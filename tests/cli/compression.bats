#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Spliced, zstd and gzip layers: GNU tar, gzip, zstd, Python, skopeo and umoci read them, they hold the same, and it
# is what the fleet says. For podman and docker see tests/e2e.
# Debian packages: bats, python3, zstd, skopeo, umoci; make-base's and make-wheelhouse's for the real fleet.
# umoci 0.4.7 knows no zstd layers: it gets them after skopeo made them gzip.
# shellcheck disable=SC2030,SC2031  # a test changes its own variables

bats_require_minimum_version 1.5.0
load lib
load real

kinds=(splice zstd gzip)

setup_file() {
	local kind name
	make_pristine
	cd "$BATS_FILE_TMPDIR" || return
	# odd names, every scheme, stored members, a namespace of two wheels
	cp -r pristine tiny
	PYTHONDONTWRITEBYTECODE=1 python3 "$tools/own-wheels.py" tiny/wheels 1 1
	sed -i 's/pip: \[beta==2.0\]/pip: [beta==2.0, smith-schemes==1.0, smithns.alpha==2.0.post1, smithns.beta==2.0.post1]/' \
		tiny/fleet.yaml
	mkdir -p tiny/app/deep/er
	ln -s ../web.py tiny/app/deep/link
	printf '#!/bin/sh\n' >tiny/app/deep/er/run.sh
	chmod 755 tiny/app/deep/er/run.sh
	: >"tiny/app/deep/ünï cødé and a name that is longer than the hundred bytes that tar has for one $(printf '%060d' 0)"
	"$ocismith" -q -C tiny --store "$PWD/store" lock >/dev/null
	make_hello "$PWD/hello"
	for kind in "${kinds[@]}"; do
		for name in tiny hello; do
			"$ocismith" --progress none -C "$name" --store "$PWD/$name-$kind" --format json build \
				--compression "$kind" >"$name-$kind.json"
			tree "$name-$kind" "$(first "$name")" >"$name-$kind.tree"
		done
	done
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	made=$BATS_FILE_TMPDIR
}

# the image of a fleet that is looked at, and its service
first() { case $1 in tiny) echo localhost/web:test ;; hello) echo localhost/hello-web:demo ;; esac; }
service() { case $1 in tiny) echo Web ;; hello) echo HelloWeb ;; esac; }

# tree STORE IMAGE: its tree as Python reads it
tree() { python3 "$tools/image-tree.py" "$1/oci" "$2"; }

# layers STORE IMAGE: digest, diff ID and media type of each layer
layers() {
	"$ocismith" --store "$1" --format json images | python3 -c '
import json, sys
for image in json.load(sys.stdin):
    if image["name"] == sys.argv[1]:
        for layer in image["layers"]:
            print(layer["digest"][7:], layer["diffId"][7:], layer["mediaType"].split("+")[1])' "$2"
}

# compare DIR: the unpacked tree is the one in the file 'expected', contents included
compare() {
	local extra=()
	[ "$(id -u)" != 0 ] || [ "${2-}" != --owners ] || extra=(--owners)
	python3 "$BATS_TEST_DIRNAME/../e2e/compare-tree.py" "${extra[@]}" "$1" <expected || return
	python3 -c '
import json
for entry in json.load(open("expected")):
    if entry["type"] == "file":
        print(entry["sha256"] + "  " + entry["path"])' >sums
	(cd "$1" && sha256sum --check --quiet) <sums
}

@test "GNU tar, gzip and zstd read every layer, and its digest is the diff ID" {
	local kind name blob diff_id type count=0
	for kind in "${kinds[@]}"; do
		for name in tiny hello; do
			while read -r blob diff_id type; do
				blob=$made/$name-$kind/oci/blobs/sha256/$blob
				case $type in
				gzip)
					gzip -t <"$blob"
					tar -tzf "$blob" >names
					gzip -dc <"$blob" >data
					;;
				zstd)
					zstd -tq "$blob"
					tar --zstd -tf "$blob" >names
					zstd -dcq "$blob" >data
					;;
				esac
				[ "$(sha256sum <data)" = "$diff_id  -" ]
				# GNU tar calls nothing odd, and the end is where it belongs
				tar --warning=all -tvf data >/dev/null 2>said
				[ ! -s said ] || { cat said && false; }
				[ -s names ]
				count=$((count + 1))
			done < <(layers "$made/$name-$kind" "$(first $name)")
		done
	done
	[ $count -gt 90 ]
}

@test "the judge sees a cut and a changed layer" {
	local blob
	blob=$made/tiny-splice/oci/blobs/sha256/$(layers "$made/tiny-splice" localhost/web:test | sed -n '4s/ .*//p')
	head -c -20 "$blob" >short.gz
	! gzip -t short.gz 2>/dev/null || false
	cp -r "$made/tiny-splice" broken
	chmod u+w "broken/oci/blobs/sha256/${blob##*/}"
	printf x | dd of="broken/oci/blobs/sha256/${blob##*/}" bs=1 seek=300 conv=notrunc status=none
	! tree broken localhost/web:test 2>/dev/null || false
}

@test "Python's tarfile reads every gzip layer, also as a stream" {
	local kind blob
	for kind in splice gzip; do
		for blob in $(layers "$made/hello-$kind" localhost/hello-web:demo | cut -d' ' -f1); do
			# its own 'r|gz' stops after the first of several gzip members, and calls that an error
			python3 - "$made/hello-$kind/oci/blobs/sha256/$blob" <<-'PY'
				import gzip, sys, tarfile
				with gzip.open(sys.argv[1]) as data, tarfile.open(fileobj=data, mode='r|') as stream:
				    with tarfile.open(sys.argv[1], 'r:gz') as file:
				        assert [m.name for m in stream] == file.getnames() != []
			PY
		done
	done
}

@test "the three kinds hold the same: diff IDs, configs and trees" {
	local name kind
	for name in tiny hello; do
		for kind in zstd gzip; do
			cmp "$made/$name-splice.tree" "$made/$name-$kind.tree"
			diff <(grep '"config"' "$made/$name-splice.json") <(grep '"config"' "$made/$name-$kind.json")
			! diff -q <(grep '"manifest"' "$made/$name-splice.json") <(grep '"manifest"' "$made/$name-$kind.json") ||
				false
		done
		# the base's layer stays as it was
		[ "$(layers "$made/$name-zstd" "$(first $name)" | grep -c ' gzip$')" = 1 ]
		echo "# $name: $(for kind in "${kinds[@]}"; do
			echo -n "$kind $(cat "$made/$name-$kind"/oci/blobs/sha256/* | wc -c) bytes  "
		done)" >&3
	done
}

@test "the images hold what their fleets say, and nothing else" {
	local name base
	for name in tiny hello; do
		case $name in tiny) base=tiny:1 ;; hello) base=debian-python:12 ;; esac
		python3 "$tools/image-tree.py" "$made/$name/base" "$base" >base.tree
		python3 "$tools/expect-tree.py" "$made/$name" "$(service $name)" base.tree "$made/$name-splice.tree"
	done
}

@test "that judge sees a missing, a strange and a changed file" {
	python3 "$tools/image-tree.py" "$made/tiny/base" tiny:1 >base.tree
	python3 - "$made/tiny-splice.tree" <<-'PY'
		import json, sys
		tree = json.load(open(sys.argv[1]))
		paths = [e['path'] for e in tree]
		def entry(end):
		    return tree[[i for i, p in enumerate(paths) if p.endswith(end)][0]]
		entry('alpha/__init__.py')['mode'] = '0666'
		entry('app/web.py')['uid'] = 1000
		entry('usr/bin/tini')['mtime'] += 1
		entry('deep/link')['target'] = 'elsewhere'
		entry('bin/beta-run')['sha256'] = '0' * 64
		tree.remove(entry('alpha/empty.py'))
		tree.append(dict(entry('app/web.py'), path='usr/strange'))
		json.dump(tree, open('changed.tree', 'w'))
	PY
	run python3 "$tools/expect-tree.py" "$made/tiny" Web base.tree changed.tree
	echo "$output"
	[ "$status" -eq 1 ]
	for said in 'alpha/__init__.py: mode: ' 'app/web.py: uid: ' 'usr/bin/tini: mtime: ' 'deep/link: target: ' \
		'bin/beta-run: sha256: ' 'alpha/empty.py: missing' 'usr/strange: not expected'; do
		[[ $output == *"$said"* ]]
	done
}

@test "ocismith ls says the same as Python" {
	local name kind
	for name in tiny hello; do
		for kind in "${kinds[@]}"; do
			"$ocismith" --store "$made/$name-$kind" --format json ls "$(first $name)" >listed
			python3 - listed "$made/$name-$kind.tree" <<-'PY'
				import json, sys
				ours, theirs = ({e['path']: e for e in json.load(open(path))} for path in sys.argv[1:])
				assert set(ours) == set(theirs), set(ours) ^ set(theirs)
				for path, entry in ours.items():
				    for key in ('mode', 'uid', 'gid', 'mtime'):
				        assert entry[key] == theirs[path][key], (path, key, entry, theirs[path])
				    if entry['type'] != 'hard link':
				        assert entry['type'] == theirs[path]['type'], path
				        assert entry.get('target') == theirs[path].get('target'), path
				        assert entry['size'] == theirs[path].get('size', 0), path
			PY
		done
	done
}

@test "skopeo copies every kind to a directory and to a layout, and the digests stay" {
	local name kind image digest
	for name in tiny hello; do
		image=$(first $name)
		for kind in "${kinds[@]}"; do
			digest=$(skopeo inspect --format '{{.Digest}}' "oci:$made/$name-$kind/oci:$image")
			skopeo copy -q --preserve-digests "oci:$made/$name-$kind/oci:$image" "dir:$name-$kind.dir"
			[ "sha256:$(sha256sum <"$name-$kind.dir/manifest.json" | cut -d' ' -f1)" = "$digest" ]
			skopeo copy -q --preserve-digests "oci:$made/$name-$kind/oci:$image" "oci:$name-$kind.oci:$image"
			mkdir "$name-$kind.store"
			mv "$name-$kind.oci" "$name-$kind.store/oci"
			tree "$name-$kind.store" "$image" | cmp - "$made/$name-$kind.tree"
			rm -rf "$name-$kind".*
		done
	done
}

@test "skopeo unpacks and checks every layer on the way to a docker archive" {
	local kind
	# zstd is no compression that docker's own format knows
	for kind in splice gzip; do
		skopeo copy -q "oci:$made/tiny-$kind/oci:localhost/web:test" "docker-archive:$kind.tar:localhost/web:test"
		tar -tf $kind.tar | grep -x manifest.json
	done
}

@test "umoci unpacks every kind to the tree that was meant" {
	local name kind source
	for name in tiny-splice tiny-zstd tiny-gzip hello-splice; do
		kind=${name#*-}
		source=$made/$name/oci:$(first ${name%-*})
		if [ "$kind" = zstd ]; then
			skopeo copy -q --dest-compress-format gzip "oci:$source" oci:again:x
			source=again:x
		fi
		cp "$made/$name.tree" expected
		umoci unpack --rootless --image "$source" out >/dev/null
		compare out/rootfs
		rm -rf out again
	done
}

@test "umoci unpacks the owners, too" {
	[ "$(id -u)" = 0 ] || skip "needs root, to give files away"
	umoci unpack --image "$made/hello-splice/oci:localhost/hello-web:demo" out >/dev/null
	cp "$made/hello-splice.tree" expected
	compare out/rootfs --owners
}

@test "whiteouts in a base that umoci made hide what they should" {
	local store=$BATS_TEST_TMPDIR/store
	cp -r "$made/pristine" fleet
	cd fleet || return
	umoci unpack --rootless --image base:tiny:1 ../bundle
	mkdir -p ../bundle/rootfs/usr/share/{gone,kept,again}
	touch ../bundle/rootfs/usr/share/{gone,kept,again}/file ../bundle/rootfs/usr/share/kept/other
	umoci repack --refresh-bundle --image base:two ../bundle
	rm -r ../bundle/rootfs/usr/share/gone ../bundle/rootfs/usr/share/kept/other ../bundle/rootfs/usr/bin/tini
	umoci repack --refresh-bundle --image base:three ../bundle
	mkdir ../new
	touch ../new/newer
	umoci insert --rootless --opaque --image base:three --tag four "$BATS_TEST_TMPDIR/new" /usr/share/again
	sed -i 's/"oci:base:tiny:1"/"oci:base:four"/' families.d/base.yaml
	"$ocismith" -q --store "$store" lock >/dev/null
	! grep -q /usr/bin/tini build-lock.json || false
	"$ocismith" -q --store "$store" build Web >/dev/null
	cd ..
	"$ocismith" --store "$store" ls localhost/web:test >listed
	grep -E 'usr/share/' listed | sort >got
	printf '%s\n' usr/share/again usr/share/again/newer usr/share/kept usr/share/kept/file |
		diff - <(sed 's|^/||' got)
	! grep -E 'tini|\.wh\.' listed || false
	tree "$store" localhost/web:test >expected
	umoci unpack --rootless --image "$store/oci:localhost/web:test" out >/dev/null
	compare out/rootfs
}
