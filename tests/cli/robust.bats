#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Trouble from outside: disks that are full or read-only, kills at any moment, several builds at once, damaged
# stores, servers that lie, output that nobody takes. Afterwards the store is whole and builds the same.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154  # scripts for other shells; a test is a subshell; lib's variables

bats_require_minimum_version 1.5.0
load lib

setup_file() { make_pristine; }
setup() { use_fleet; }
teardown() {
	# a server ends with its standard input; a mount with its namespace
	[ -z "${server-}" ] || exec {server}>&-
	chmod -R u+w "$BATS_TEST_TMPDIR"
}

# can one have a user namespace with mounts in it?
need_namespace() {
	unshare -Urm true 2>/dev/null || skip 'no user namespaces here'
}

# --- no room

@test "a full disk" {
	need_namespace
	export ocismith fleet pristine golden
	for kilobytes in 60 200 1000 4000 6000; do
		run unshare -Urm bash -c '
			set -e
			mount -t tmpfs -o size=$1k tmpfs "$2"
			status=0
			"$ocismith" --progress none -C "$fleet" --store "$2/store" build 2>"$3" || status=$?
			[ "$status" = 1 ]
			find "$2" -name ".tmp*"
			cp -r "$2/store" "$4"
		' - "$kilobytes" "$plain" "$BATS_TEST_TMPDIR/stderr" "$store"
		stderr=$(<"$BATS_TEST_TMPDIR/stderr")
		echo "$kilobytes: $stderr"
		[ "$status" -eq 0 ]
		[ -z "$output" ]
		[[ $stderr == "ocismith: error: "*"No space left on device" && $stderr != *$'\n'* ]]
		intact
		rm -rf "$store"
	done
	run unshare -Urm bash -c '
		mount -t tmpfs -o size=3000k tmpfs "$1"
		"$ocismith" -q --progress none -C "$fleet" --store "$2" build Worker --output "$3:$1/x" 2>&1 >/dev/null
		echo "$?"
		find "$1" -name ".tmp*"
		[ ! -e "$1/x" ] || [ -d "$1/x" ]
	' - "$plain" "$store" oci-archive
	[ "$status" -eq 0 ]
	[[ $output == "ocismith: error: output 'oci-archive:"*"No space left on device"$'\n1' ]]
	intact
}

@test "files that may not grow" {
	for kilobytes in 1 30 2000 6000; do
		rm -rf "$store"
		# the limit's signal is ignored, as under a supervisor that does so
		run --separate-stderr bash -c 'trap "" XFSZ; ulimit -f "$0"; exec "$@"' "$kilobytes" \
			"$ocismith" --progress none -C "$fleet" --store "$store" build
		echo "$kilobytes: $status $stderr"
		[ "$status" -eq 1 ]
		[[ $stderr == "ocismith: error: "*"File too large" && $stderr != *$'\n'* ]]
		check_blobs "$store"
		intact
	done
	before=$(snapshot)
	run --separate-stderr bash -c 'trap "" XFSZ; ulimit -f 1; exec "$@"' - \
		"$ocismith" --progress none -C "$fleet" --store "$store" build Worker --output "oci-archive:$plain/x.tar"
	[ "$status" -eq 1 ]
	[[ $stderr == *"output 'oci-archive:$plain/x.tar': "*"File too large" ]]
	left_nothing "$before"
	echo 'delta==1.0 # again' >"$fleet/requirements/worker.txt"
	rm "$fleet/build-lock.json"
	before=$(snapshot)
	run --separate-stderr bash -c 'trap "" XFSZ; ulimit -f 1; exec "$@"' - \
		"$ocismith" --progress none -C "$fleet" --store "$store" lock
	[ "$status" -eq 1 ]
	[[ $stderr == *"build-lock.json"*"File too large" ]]
	left_nothing "$before"
}

@test "too few file descriptors and too little memory" {
	for number in 8 12 16 24; do
		rm -rf "$store"
		run --separate-stderr bash -c 'ulimit -n "$0"; exec "$@"' "$number" \
			"$ocismith" --progress none -j 8 -C "$fleet" --store "$store" build
		echo "$number: $status $stderr"
		[ "$status" -eq 0 ] || [[ $status -eq 1 && $stderr == "ocismith: error: "*"Too many open files" ]]
		intact
	done
}

# --- no permission to write

@test "a read-only store serves what it knows and says what it cannot write" {
	intact
	printf 'print("new")\n' >"$fleet/app/worker.py"
	if [ "$(id -u)" -eq 0 ]; then
		run unshare -m bash -c '
			mount --bind "$2" "$2" && mount -o remount,ro,bind "$2"
			for fleet in "$3" "$4"; do
				"$1" --progress none -C "$fleet" --store "$2" --format json build 2>&1 | grep -E "^ *\"(name|manifest)\": |error"
			done' - "$ocismith" "$store" "$pristine" "$fleet"
	else
		chmod -R a-w "$store"
		run bash -c '
			for fleet in "$3" "$4"; do
				"$1" --progress none -C "$fleet" --store "$2" --format json build 2>&1 | grep -E "^ *\"(name|manifest)\": |error"
			done' - "$ocismith" "$store" "$pristine" "$fleet"
		chmod -R u+w "$store"
	fi
	echo "$output"
	[[ $output == "$golden"$'\n'"ocismith: error: "* ]]
	[[ ${output#"$golden"} == *"app Web"*@(Read-only file system|Permission denied) ]]
	intact
}

@test "a store that cannot be made" {
	[ "$(id -u)" -ne 0 ] || skip 'root may write everywhere'
	chmod a-w "$plain"
	store=$plain/store
	smith build
	[ "$status" -eq 1 ]
	[[ $stderr == "ocismith: error: store '$store': "*"Permission denied" && $stderr != *$'\n'* ]]
}

@test "a store where there is something else" {
	echo text >"$BATS_TEST_TMPDIR/file"
	store=$BATS_TEST_TMPDIR/file
	smith build
	[ "$status" -eq 1 ]
	[[ $stderr == "ocismith: error: store '$store': "*"Not a directory" ]]
	[ "$(<"$store")" = text ]
	store=$BATS_TEST_TMPDIR/file/below
	smith build
	[ "$status" -eq 1 ]
	[[ $stderr == "ocismith: error: store '$store': "*"Not a directory" ]]
}

# --- kills

@test "killed at any moment, a build leaves a store that the next one uses" {
	for round in $(seq 60); do
		[ $((round % 6)) -ne 0 ] || rm -rf "$store"
		"$ocismith" -q --progress none -C "$fleet" --store "$store" -j 4 build --output "oci:$plain/out" >/dev/null 2>&1 &
		# from the first millisecond to after the end
		sleep "$(printf '0.%03d' $((round * 2)))"
		kill -KILL $! 2>/dev/null || true
		wait $! 2>/dev/null || true
		[ ! -d "$store/oci/blobs/sha256" ] || check_blobs "$store"
		[ $((round % 10)) -ne 0 ] || intact
	done
	intact
	smith build --output "oci:$plain/out"
	[ "$status" -eq 0 ]
	[ -z "$(find "$plain/out" "$store" -name '.tmp*')" ]
	diff <(cd "$plain/out/blobs/sha256" && sha256sum -- * | awk '{ print $1 }') <(ls "$plain/out/blobs/sha256")
}

@test "killed at any moment, a lock is the old one or the new one" {
	cp "$fleet/build-lock.json" "$BATS_TEST_TMPDIR/new"
	sed 's/"delta"/"old"/' "$BATS_TEST_TMPDIR/new" >"$BATS_TEST_TMPDIR/old"
	for round in $(seq 30); do
		cp "$BATS_TEST_TMPDIR/old" "$fleet/build-lock.json"
		"$ocismith" -q --progress none -C "$fleet" --store "$store" lock >/dev/null 2>&1 &
		sleep "$(printf '0.%03d' $((round * 2)))"
		kill -KILL $! 2>/dev/null || true
		wait $! 2>/dev/null || true
		cmp "$fleet/build-lock.json" "$BATS_TEST_TMPDIR/old" || cmp "$fleet/build-lock.json" "$BATS_TEST_TMPDIR/new"
	done
	relock
	cmp "$fleet/build-lock.json" "$BATS_TEST_TMPDIR/new"
	[ -z "$(find "$fleet" -name '.tmp*')" ]
	intact
}

@test "what a killed writer of the index left is swept away" {
	intact
	echo rest >"$store/oci/.tmp-0123456789abcdef"
	rm "$store/oci/index.json"
	echo '{"schemaVersion":2,"manifests":[]}' >"$store/oci/index.json"
	[ "$(digests "$pristine" "$store")" = "$golden" ]
	[ ! -e "$store/oci/.tmp-0123456789abcdef" ]
}

@test "an interrupt ends a build at once" {
	for signal in INT TERM HUP; do
		rm -rf "$store"
		# not by sh's background, which would ignore SIGINT
		run python3 - "$signal" "$ocismith" --progress none -C "$fleet" --store "$store" lock --update <<-'END'
			import signal, subprocess, sys, time
			number = getattr(signal, 'SIG' + sys.argv[1])
			process = subprocess.Popen(sys.argv[2:], stderr=subprocess.PIPE, stdout=subprocess.PIPE)
			time.sleep(0.01)
			process.send_signal(number)
			out, err = process.communicate()
			assert process.returncode in (-number, 0), (process.returncode, err)
			assert not err, err
		END
		[ "$status" -eq 0 ]
		[ ! -d "$store/oci/blobs/sha256" ] || check_blobs "$store"
		intact
	done
}

# --- at once

@test "eight builds at once on one store" {
	for round in 1 2 3; do
		rm -rf "$store"
		for i in 1 2 3 4 5 6 7 8; do
			digests "$pristine" "$store" >"$plain/$i" 2>"$plain/$i.err" &
		done
		wait
		for i in 1 2 3 4 5 6 7 8; do
			cat "$plain/$i.err"
			[ "$(<"$plain/$i")" = "$golden" ]
			[ ! -s "$plain/$i.err" ]
		done
		check_blobs "$store"
		intact
	done
}

@test "builds of eight fleets at once: the index has all names" {
	for i in 1 2 3 4 5 6 7 8; do
		cp -r "$pristine" "$plain/$i"
		sed -i "s/^tag: test/tag: test$i/" "$plain/$i/fleet.yaml"
	done
	for i in 1 2 3 4 5 6 7 8; do
		"$ocismith" -q --progress none -C "$plain/$i" --store "$store" build --output "oci:$plain/out" >/dev/null &
	done
	wait
	smith images
	for i in 1 2 3 4 5 6 7 8; do
		[[ $output == *"localhost/web:test$i "* && $output == *"localhost/worker:test$i "* ]]
		grep -q "localhost/web:test$i\"" "$plain/out/index.json"
		grep -q "localhost/worker:test$i\"" "$plain/out/index.json"
	done
	[ -z "$(find "$plain/out" "$store" -name '.tmp*')" ]
	intact
}

@test "locks and builds at once" {
	for i in 1 2 3 4; do
		"$ocismith" -q --progress none -C "$fleet" --store "$store" lock >/dev/null 2>"$plain/lock$i" &
		digests "$fleet" "$store" >"$plain/$i" 2>"$plain/$i.err" &
	done
	wait
	for i in 1 2 3 4; do
		cat "$plain/lock$i" "$plain/$i.err"
		[ ! -s "$plain/lock$i" ]
		[ "$(<"$plain/$i")" = "$golden" ]
	done
	cmp "$fleet/build-lock.json" "$pristine/build-lock.json"
	intact
}

# --- damaged stores

# the blobs of the store, largest first
blobs() { find "$store/oci/blobs/sha256" -type f -printf '%s %p\n' | sort -rn | cut -d' ' -f2; }

@test "blobs of the store that are cut off, empty or gone are made again" {
	intact
	for blob in $(blobs); do
		head -c "$(($(stat -c %s "$blob") / 2))" "$blob" >"$blob.part"
		mv -f "$blob.part" "$blob"
		got=$(digests "$pristine" "$store")
		[ "$got" = "$golden" ]
		check_blobs "$store"
		rm "$blob"
		got=$(digests "$pristine" "$store")
		[ "$got" = "$golden" ]
		check_blobs "$store"
	done
	for blob in $(blobs); do
		rm "$blob"
		: >"$blob"
	done
	got=$(digests "$pristine" "$store")
	[ "$got" = "$golden" ]
	check_blobs "$store"
}

@test "a manifest or config of the store with a flipped bit is made again" {
	intact
	mapfile -t documents < <(blobs | xargs grep -lE '^\{.*"(rootfs|layers)"')
	[ "${#documents[@]}" -eq 6 ]
	for blob in "${documents[@]}"; do
		python3 - "$blob" <<-'END'
			import os, sys
			data = bytearray(open(sys.argv[1], 'rb').read())
			data[len(data) // 2] ^= 4
			os.unlink(sys.argv[1])
			open(sys.argv[1], 'wb').write(data)
		END
		got=$(digests "$pristine" "$store")
		[ "$got" = "$golden" ]
		check_blobs "$store"
	done
}

@test "a layer of the store with a flipped bit is found when it is read" {
	intact
	layer=$(blobs | head -n 1)
	python3 - "$layer" <<-'END'
		import os, sys
		data = bytearray(open(sys.argv[1], 'rb').read())
		data[len(data) // 2] ^= 4
		os.unlink(sys.argv[1])
		open(sys.argv[1], 'wb').write(data)
	END
	before=$(snapshot)
	for output in oci-archive docker-archive; do
		smith build Worker --output "$output:$plain/x.tar"
		[ "$status" -eq 5 ]
		[[ $stderr == "ocismith: error: output '"*"${layer##*/}"*"digest mismatch"* && $stderr != *$'\n'* ]]
		left_nothing "$before"
	done
	smith ls localhost/worker:test
	[ "$status" -eq 5 ]
	[[ $stderr == *"${layer##*/}"*"digest mismatch"* ]]
}

@test "records of steps that are rubbish are made again" {
	intact
	for text in '' '{' '{}' '[]' '{"digest": "sha256:../../../../etc/passwd"}' "$(head -c 70000 /dev/zero | tr '\0' x)"; do
		while read -r record; do
			rm -f "$record"
			echo "$text" >"$record"
		done < <(find "$store/cache/steps" -type f)
		intact
	done
	# a record of another layer is believed only as far as its blob goes
	rm -rf "$store/cache"
	intact
	rm -rf "$store"/cache/steps/*
	mkdir -p "$store/cache/steps"
	intact
}

@test "an index of the store that is rubbish is named, and not replaced" {
	intact
	for text in '' '[' '{}' '{"schemaVersion":2}' '{"schemaVersion":2,"manifests":[{}]}'; do
		echo "$text" >"$store/oci/index.json"
		smith build
		[ "$status" -eq 1 ]
		[[ $stderr == "ocismith: error: "*"index.json"* && $stderr != *$'\n'* ]]
		[ "$(<"$store/oci/index.json")" = "$text" ]
	done
	rm "$store/oci/index.json"
	intact
}

# --- output that nobody takes

@test "standard output that is closed or full" {
	intact
	for command in build lock images 'inspect localhost/web:test' 'ls localhost/web:test' 'history localhost/web:test' units check help version; do
		# shellcheck disable=SC2086
		run bash -c '"$0" -C "$1" --store "$2" --progress none ${*:3} 2>&1 >&-' "$ocismith" "$fleet" "$store" $command
		echo "$command: $status $output"
		[ "$status" -eq 1 ]
		[ "$output" = 'ocismith: error: cannot write to stdout: Bad file descriptor' ]
		[ -c /dev/full ] || continue
		# shellcheck disable=SC2086
		run bash -c '"$0" -C "$1" --store "$2" --progress none ${*:3} 2>&1 >/dev/full' "$ocismith" "$fleet" "$store" $command
		echo "$command: $status $output"
		[ "$status" -eq 1 ]
		[ "$output" = 'ocismith: error: cannot write to stdout: No space left on device' ]
	done
	# with all three closed, nothing gets the number of one of them
	bash -c '"$@" <&- >&- 2>&-' - "$ocismith" -C "$fleet" --store "$store" build || [ $? -eq 1 ]
	intact
}

@test "a reader that goes away" {
	intact
	run bash -c '"$0" -C "$1" --store "$2" ls -l localhost/web:test | true; echo "${PIPESTATUS[0]}"' "$ocismith" "$fleet" "$store"
	[[ $output == [01] ]]
}

# --- servers

# serve [HABIT]: an index of $fleet/wheels at $url, which has that bad habit; in place of find_links
serve() {
	if [ -n "${server-}" ]; then exec {server}>&-; fi
	rm -f "$BATS_TEST_TMPDIR/pipe" "$BATS_TEST_TMPDIR/url"
	mkfifo "$BATS_TEST_TMPDIR/pipe"
	python3 "$tools/bad-index.py" "$pristine/wheels" "$@" <"$BATS_TEST_TMPDIR/pipe" >"$BATS_TEST_TMPDIR/url" 3>&- &
	exec {server}>"$BATS_TEST_TMPDIR/pipe"
	until [ -s "$BATS_TEST_TMPDIR/url" ]; do sleep 0.02; done
	url=$(<"$BATS_TEST_TMPDIR/url")
	sed "s|find_links:.*|index: $url|" "$pristine/fleet.yaml" >"$fleet/fleet.yaml"
}

@test "an index over HTTP gives the same images" {
	rm -r "$fleet/wheels"
	serve
	relock
	got=$(digests "$fleet" "$store")
	[ "$got" = "$golden" ]
	# what was downloaded is not asked for again
	serve down
	sed -i "s|http://[^/]*|${url%/simple}|" "$fleet/build-lock.json"
	rm -rf "$store/oci" "$store/cache/steps"
	got=$(digests "$fleet" "$store")
	[ "$got" = "$golden" ]
	# unless it was damaged
	serve
	sed -i "s|http://[^/]*|${url%/simple}|" "$fleet/build-lock.json"
	for file in "$store"/cache/files/*/*; do
		head -c 100 "$file" >"$file.part"
		mv -f "$file.part" "$file"
	done
	rm -rf "$store/oci" "$store/cache/steps"
	got=$(digests "$fleet" "$store")
	[ "$got" = "$golden" ]
	check_blobs "$store"
}

@test "an index that lies, breaks off or is not there" {
	rm "$fleet/build-lock.json"
	serve no-pages
	findings "no wheel of 'alpha' 1.0*there is no wheel of that project" lock
	serve errors
	refused 1 "index '$url/alpha/'*500" lock
	serve rubbish
	refused 1 "index '$url/alpha/': " lock
	serve cut-pages
	refused 1 "index '$url/alpha/': " lock
	serve endless
	refused 1 "index '$url/alpha/': *more than 67108864 bytes" lock
	serve wrong-hash
	findings "wheel 'alpha-1.0-py3-none-any.whl': *digest mismatch, expected 'sha256:0*got 'sha256:" lock
	serve no-wheels
	findings "wheel 'alpha-1.0-py3-none-any.whl': *404" lock
	serve cut-wheels
	findings "wheel 'alpha-1.0-py3-none-any.whl': " lock
	serve flipped-wheels
	findings "wheel 'alpha-1.0-py3-none-any.whl': *digest mismatch" lock
	serve climbing-names
	findings "no wheel of 'alpha' 1.0" lock
	exec {server}>&-
	server=
	refused 1 "index '$url/alpha/': " lock
}

@test "a server that changes its wheels after they were locked" {
	serve
	relock
	rm -r "$store"
	for habit in flipped-wheels cut-wheels no-wheels errors; do
		serve $habit
		sed -i "s|http://[^/]*|${url%/simple}|" "$fleet/build-lock.json"
		smith build
		[[ $status -eq 5 || ($habit != flipped-wheels && $status -eq 1) ]]
		[[ $stderr == "ocismith: error: wheel "*"-py3-none-any.whl"* || $stderr == "ocismith: error: wheel gamma"* ]]
		[[ $stderr != *$'\n'* ]]
		intact
		rm -r "$store"
	done
}
