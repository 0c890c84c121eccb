#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Manifests of kube against Kubernetes' own schema (tests/tools/kube-judge.py), strictly, and, where a kubectl is
# installed (Debian has none of a kustomize that knows `patches`), what `kubectl apply -k` would send.
# Debian packages: bats, python3-kubernetes, python3-yaml.

bats_require_minimum_version 1.5.0

setup() {
	ROOT="$(cd "$BATS_TEST_DIRNAME/../.." && pwd)"
	golden="$ROOT/tests/data/quadlet/kube"
	judge="$ROOT/tests/tools/kube-judge.py"
	/usr/bin/python3 -c 'import kubernetes, yaml' 2>/dev/null || skip "no python3-kubernetes"
}

@test "the schema accepts every field of every object" {
	run -0 "$judge" "$golden"/core.yaml "$golden"/edge.yaml "$golden"/mood.yaml "$golden"/once.yaml \
		"$golden"/remote-4.6.yaml
	[ -z "$output" ]
}

@test "the judge notices what is wrong" {
	sed 's/readOnlyRootFilesystem/readOnlyRoot/; s/replicas: 1/replicas: "1"/; s/image: localhost.*/image: []/' \
		"$golden/core.yaml" >"$BATS_TEST_TMPDIR/bad.yaml"
	run -1 "$judge" "$BATS_TEST_TMPDIR/bad.yaml"
	[[ "$output" == *"has no field 'readOnlyRoot'"* ]]
	[[ "$output" == *"replicas: is '1', not int"* ]]
	[[ "$output" == *"image: is [], not str"* ]]
	sed 's/^      - name: web/      - none: web/' "$golden/core.yaml" >"$BATS_TEST_TMPDIR/bad.yaml"
	run -1 "$judge" "$BATS_TEST_TMPDIR/bad.yaml"
	[[ "$output" == *"must not be \`None\`"* ]]
}

@test "what is podman's alone is gone from what kubectl sends" {
	command -v kubectl >/dev/null || skip "no kubectl"
	kubectl kustomize "$golden" >"$BATS_TEST_TMPDIR/all.yaml" 2>"$BATS_TEST_TMPDIR/messages" ||
		skip "kubectl: $(head -n1 "$BATS_TEST_TMPDIR/messages")"
	run -0 "$judge" --server "$BATS_TEST_TMPDIR/all.yaml"
	grep -F 'nvidia.com/gpu: "1"' "$BATS_TEST_TMPDIR/all.yaml"
	grep -F 'host.containers.internal' "$BATS_TEST_TMPDIR/all.yaml"
	run -1 grep -E 'podman.io/device|:U$' "$BATS_TEST_TMPDIR/all.yaml"
	run -1 "$judge" --server "$golden/core.yaml"
	[[ "$output" == *"limit 'nvidia.com/gpu=0: 1'"* ]]
}
