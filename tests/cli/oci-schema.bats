#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What oci/ writes fits the image-spec's own JSON schemas, and skopeo reads it.
# Debian packages: bats, python3-jsonschema, golang-github-opencontainers-image-spec-dev, skopeo.

setup_file() {
	ROOT="$(cd "$BATS_TEST_DIRNAME/../.." && pwd)"
	case "${OCISMITH_BUILD:=build}" in
	/*) SAMPLE="$OCISMITH_BUILD/tests/test-oci-layout" ;;
	*) SAMPLE="$ROOT/$OCISMITH_BUILD/tests/test-oci-layout" ;;
	esac
	VALIDATE="$ROOT/tests/tools/validate-oci.py"
	export ROOT SAMPLE VALIDATE
}

setup() {
	/usr/bin/python3 -c 'import jsonschema' || skip "python3-jsonschema is not installed"
	[ -d /usr/share/gocode/src/github.com/opencontainers/image-spec/schema ] ||
		skip "golang-github-opencontainers-image-spec-dev is not installed"
	cd "$BATS_TEST_TMPDIR" || return
	"$SAMPLE" --write-sample layout
}

# Runs the validator; $1 is the exit status that it must have.
validate() {
	run /usr/bin/python3 "$VALIDATE" layout
	echo "$output"
	[ "$status" -eq "$1" ]
}

@test "layout, indexes, manifests, configs and descriptors fit their schemas" {
	validate 0
	[ "$output" = "7 blob, 2 config, 8 descriptor, 2 index, 1 layout, 2 manifest" ]
}

@test "skopeo reads the layout" {
	command -v skopeo || skip "skopeo is not installed"
	run skopeo inspect --config oci:layout:app:1
	[ "$status" -eq 0 ]
	[[ "$output" == *10001:10001* ]]
	run skopeo inspect --raw oci:layout:multi:1
	[ "$status" -eq 0 ]
	[[ "$output" == *arm64* ]]
}

@test "the judge notices a broken document" {
	sed -i 's/"schemaVersion":2/"schemaVersion":"2"/' layout/index.json
	validate 1
	[[ "$output" == *"breaks its schema at 'schemaVersion'"* ]]
}

@test "the judge notices a damaged blob" {
	config=$(grep -l Healthcheck layout/blobs/sha256/* | head -n 1)
	chmod u+w "$config"
	sed -i 's/10001/10002/' "$config"
	validate 1
	[[ "$output" == *"has another digest"* ]]
}
