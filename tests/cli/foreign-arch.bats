#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Images for another architecture: nothing is executed to build one, so arm64 is as good as amd64.
# Debian packages: bats, python3, skopeo; make-base's and make-wheelhouse's for the real fleet;
# gcc-aarch64-linux-gnu and libc6-dev-arm64-cross when ocismith is built, for health checks of arm64's images.
# shellcheck disable=SC2030,SC2031  # a test changes its own variables

bats_require_minimum_version 1.5.0
load lib
load real

setup_file() {
	[ -s "$OCISMITH_BUILD/probe/oci-probe-arm64" ] || skip "this ocismith has no oci-probe for arm64"
	make_pristine
	make_hello "$BATS_FILE_TMPDIR/arm64" arm64
}

# the tiny fleet, for arm64 but for its wheels
setup() {
	use_fleet
	rm -rf "$fleet/base" "$fleet/build-lock.json"
	python3 "$tools/tiny-base.py" "$fleet/base" tiny:1 arm64
	sed -i 's|^platform: .*|platform: linux/arm64|' "$fleet/fleet.yaml"
}

# wheel NAME VERSION TAG: one more for the tiny fleet
wheel() {
	PYTHONPATH=$tools PYTHONDONTWRITEBYTECODE=1 python3 -c '
import sys, wheelfile
out, name, version, tag = sys.argv[1:]
with wheelfile.WheelWriter(out, name, version, tag, False) as wheel:
    wheel.add(name + ".cpython-311-aarch64-linux-gnu.so", b"\x7fELF\2\1\1" + bytes(9) + b"\3\0\xb7\0", 0o755)
    wheel.finish("Metadata-Version: 2.1\nName: %s\nVersion: %s\n" % (name, version))
' "$fleet/wheels" "$@"
}

# of_layers IMAGE: what made each layer, and its digest
of_layers() {
	python3 -c '
import json, sys
for image in json.load(sys.stdin):
    if image["name"] == sys.argv[1]:
        for layer in image["layers"]:
            print(layer["createdBy"], layer["digest"])' "$1"
}

@test "a wheel of another architecture is refused, and it is said whose it is" {
	smith lock
	[ "$status" -ne 0 ]
	[[ $stderr == *gamma* && $stderr == *x86_64* && $stderr == *aarch64* ]]
	[ ! -e "$fleet/build-lock.json" ]
}

@test "a wheel for this architecture is taken out of several" {
	wheel gamma 0.3 cp311-cp311-manylinux_2_17_aarch64
	wheel gamma 0.3 cp311-cp311-musllinux_1_1_aarch64
	wheel gamma 0.3 cp310-cp310-manylinux_2_17_aarch64
	relock
	grep -F gamma-0.3-cp311-cp311-manylinux_2_17_aarch64.whl "$fleet/build-lock.json"
	! grep -E 'x86_64|musllinux|cp310|amd64' "$fleet/build-lock.json" || false
	smith --format json build
	[ "$status" -eq 0 ]
	smith --format json images
	[ "$(grep -cE '"platform": "linux/arm64(/v8)?"' <<<"$output")" -eq 2 ]
	of_layers localhost/web:test <<<"$output" >arm64
	"$ocismith" -q -C "$pristine" --store "$store" build >/dev/null
	smith --format json images
	of_layers localhost/web:test <<<"$output" >amd64
	# what is no machine's is the same layer in both
	[ "$(grep -c . arm64)" -eq "$(grep -c . amd64)" ]
	diff <(grep -vE 'Debian|probe|gamma' arm64) <(grep -vE 'Debian|probe|gamma' amd64)
	! diff -q <(grep gamma arm64) <(grep gamma amd64) || false
}

@test "a base for another platform is refused" {
	wheel gamma 0.3 cp311-cp311-manylinux_2_17_aarch64
	rm -rf "$fleet/base"
	cp -r "$pristine/base" "$fleet/base"
	smith lock
	[ "$status" -ne 0 ]
	[[ $stderr == *amd64* && $stderr == *arm64* ]]
	[ ! -e "$fleet/build-lock.json" ]
}

@test "a lock for one platform is none for another" {
	cp "$pristine/build-lock.json" "$fleet"
	smith build
	[ "$status" -eq 4 ]
	[[ $stderr == *linux/amd64* && $stderr == *linux/arm64* ]]
}

@test "the real fleet: its images are for arm64, and skopeo agrees" {
	local name kind
	fleet=$BATS_FILE_TMPDIR/arm64
	for kind in splice zstd gzip; do
		smith build --compression $kind
		[ "$status" -eq 0 ]
		for name in hello-web hello-worker; do
			smith --format json inspect "localhost/$name:demo"
			[[ $output == *'"architecture": "arm64"'* ]]
			skopeo inspect --format '{{.Os}}/{{.Architecture}}' "oci:$store/oci:localhost/$name:demo" >platform
			[ "$(<platform)" = linux/arm64 ]
			skopeo inspect --config --raw "oci:$store/oci:localhost/$name:demo" | grep -F '"variant":"v8"'
			# without being told the architecture skopeo takes it, for there is only one
			skopeo copy -q --preserve-digests "oci:$store/oci:localhost/$name:demo" "dir:$PWD/$name-$kind"
		done
	done
}

@test "the real fleet: every program and library in its layers is aarch64's" {
	fleet=$BATS_FILE_TMPDIR/arm64
	smith build HelloWeb -o "docker-archive:$PWD/web.tar"
	[ "$status" -eq 0 ]
	python3 - web.tar <<-'PY'
		import json, sys, tarfile
		count, wheels = 0, 0
		with tarfile.open(sys.argv[1]) as archive:
		    manifest = json.load(archive.extractfile('manifest.json'))
		    for name in manifest[0]['Layers']:
		        with tarfile.open(fileobj=archive.extractfile(name)) as layer:
		            for member in layer:
		                if not member.isreg():
		                    continue
		                head = layer.extractfile(member).read(20)
		                if head[:4] == b'\x7fELF':
		                    count += 1
		                    wheels += member.name.startswith('opt/venv/')
		                    assert head[18:20] == b'\xb7\0', (name, member.name)
		assert count > 300 and wheels >= 4, (count, wheels)
	PY
}

@test "the real fleet: the same digests at every build" {
	fleet=$BATS_FILE_TMPDIR/arm64
	smith --format json build
	named <(echo "$output") >first
	rm -rf "$store"
	umask 077
	smith -j 1 --format json build
	named <(echo "$output") | diff first -
}
