#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The profile of each family of examples/ai-fleet holds for what its images are for: its smoke program goes well under it
# in our own sandbox and on podman 5.4, and what no family is for is refused. What is to be had here is real (uvicorn,
# uvloop, libzmq, psutil, pydantic ...), torch and CUDA are stand-ins.
# shellcheck disable=SC2154  # $out and its like are of lib.bash

# those whose wheels are real
real=(anyio click fastapi h11 idna Jinja2 MarkupSafe Pillow protobuf psutil pydantic PyYAML pyzmq sniffio starlette
	typing-extensions uvicorn websockets)

fleet() { "$OCISMITH" --progress plain -C "$BATS_FILE_TMPDIR/ai" --store "$BATS_FILE_TMPDIR/store" "$@"; }

make_fleet() {
	local ai=$BATS_FILE_TMPDIR/ai tools=$top/tests/tools name file
	mkdir "$ai"
	cp -r "$top"/examples/ai-fleet/{families.d,requirements} "$ai/"
	shared make-base --debs "$cache/debs-base"
	ln -s "$cache/debs-base" "$ai/base"
	shared make-wheelhouse --set check "$cache/wheels"
	PYTHONPATH=$tools PYTHONDONTWRITEBYTECODE=1 python3 "$tools/stub-wheels.py" "$ai/wheels" \
		"$ai"/requirements/{base,family,legacy}*.txt
	# uvicorn's own, in the older version
	printf 'asgiref==0\nuvloop==0\nhttptools==0\n' >>"$ai/requirements/asgi.txt"
	for name in "${real[@]}" asgiref uvloop httptools; do
		file=$(find "$cache/wheels" -iname "${name//-/_}-*.whl")
		find "$ai/wheels" -iname "${name//-/_}-*.whl" -delete
		cp "$file" "$ai/wheels/"
		sed -i "s/^$name==.*/$name==$(basename "$file" | cut -d- -f2)/I" "$ai"/requirements/*.txt
	done
	{
		printf 'fleet: ai\nwheels: {find_links: [wheels]}\nmirrors:\n'
		sed -n 's|^from: \(docker.io.*\)|  "\1": "oci:base"|p' "$ai"/families.d/*.yaml
	} >"$ai/fleet.yaml"
}

setup_file() {
	load lib
	is_root || return 0
	need_rootfs podman
	make_fleet
	local made=$BATS_FILE_TMPDIR name profile
	fleet lock >&2
	# shellcheck disable=SC2046  # words are wanted
	fleet build $(sed -n 's/^family: //p' "$made"/ai/families.d/*.yaml) >&2
	fleet smoke --families --format json >"$made/smoke" 2>"$made/smoke-log" || echo "status $?" >>"$made/smoke-log"
	mkdir "$made/profiles" "$made/smoke-dir"
	cp "$top/run/smoke.py" "$made/smoke-dir/"
	printf 'import ctypes\nassert ctypes.CDLL(None, use_errno=True).ptrace(0, 0, 0, 0) == 0, "refused"\n' \
		>"$made/smoke-dir/beyond.py"
	jq -r '.[] | "\(.family) \(.profile)"' "$made/smoke" | while read -r name profile; do
		[ -e "$made/profiles/$profile.json" ] || fleet seccomp show "$profile" >"$made/profiles/$profile.json"
		echo "$name localhost/ai/$name:latest $profile baseline"
	done >"$made/families"
	job families -u u1 -b "$made/store/oci:/layout" -b "$made/profiles:/profiles" -b "$made/families:/families" \
		-b "$made/smoke-dir:/smoke"
}

setup() {
	load lib
	need_root
}

@test "in the sandbox every family does under its profile what it is for" {
	cat "$BATS_FILE_TMPDIR/smoke-log"
	jq -e 'length == 10 and all(.result == "healthy" and .exitStatus == 0)' "$BATS_FILE_TMPDIR/smoke"
	jq -e '[.[] | .profile] | unique == ["baseline", "gpu", "web"]' "$BATS_FILE_TMPDIR/smoke"
}

@test "on podman, too, and what it is not for is refused" {
	local name profile
	[ "$(wc -l <"$BATS_FILE_TMPDIR/families")" = 10 ]
	while read -r name _ profile _; do
		has "family-$name" "$profile: works"
		has "family-$name" refuses
		has "family-$name" "status 0"
	done <"$BATS_FILE_TMPDIR/families"
	cat "$out/family-family-web"
	grep -E '^used: .*uvicorn.*zmq|^used: .*zmq.*uvicorn' "$out/family-family-web"
}

@test "a program that wants more than its profile is refused, and is not without one" {
	cat "$out/beyond" "$out/unconfined"
	has beyond "AssertionError: refused"
	has beyond "status 1"
	has unconfined "beyond.py: works"
	has unconfined "status 0"
}
