#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The same fleet gives the same lock, images, archives and units: as another user, in another directory, with
# another umask, time zone, locale, home, clock, directory order and number of jobs.
# Debian packages: bats, python3, zstd; make-base's and make-wheelhouse's for the real fleet.

# shellcheck disable=SC2030,SC2031  # a test changes its own variables

bats_require_minimum_version 1.5.0
load lib
load real

setup_file() {
	make_pristine
	# an application with what depends on a host: modes, links, names to be sorted
	cd "$pristine" || return
	mkdir -p app/pkg/deep/er app/Pkg app/'ünï' app/empty
	for name in a B c Z _ 1 10 9 'sp ace' i I ı İ é e.; do printf '%s\n' "$name" >"app/pkg/$name.py"; done
	cp app/pkg/*.py app/Pkg
	cp app/pkg/?.py app/'ünï'
	printf '#!/bin/sh\n' >app/pkg/deep/er/run.sh
	chmod 755 app/pkg/deep/er/run.sh
	ln -s deep/er/run.sh app/pkg/run
	cd "$BATS_FILE_TMPDIR" || return
	record pristine >tiny.golden
	make_hello "$PWD/hello"
	images hello >hello.golden
}

setup() {
	outside=''
	# otherhost.so comes before the sanitizers' library
	export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}verify_asan_link_order=0
	cd "$BATS_TEST_TMPDIR" || return
	unset OCISMITH_STORE SOURCE_DATE_EPOCH XDG_DATA_HOME
	cp -r "$pristine" fleet
}

teardown() { [ -z "$outside" ] || rm -rf "$outside"; }

# images FLEET [WRAPPER...]: the digests of all images of ./FLEET in each compression; WRAPPER runs ocismith
images() {
	local kind
	for kind in splice zstd gzip; do
		"${@:2}" "$ocismith" --progress none -C "$1" --store "$PWD/$1.store" ${jobs:+-j "$jobs"} --format json \
			build --compression $kind >"$1.json" || return
		named "$1.json" $kind || return
	done
}

# record FLEET [WRAPPER...]: all that comes out of ./FLEET, a line each; its store is FLEET.store, which has to be new
record() {
	local run=("${@:2}" "$ocismith" -q --progress none -C "$1" --store "$PWD/$1.store" ${jobs:+-j "$jobs"})
	local out=$PWD/$1.out
	rm -rf "$1.store" "$out" "$1/build-lock.json"
	"${run[@]}" lock >/dev/null || return
	images "$@" || return
	"${run[@]}" build -o "oci:$out/oci" >/dev/null || return
	"${run[@]}" build Web -o "oci-archive:$out/oci.tar" -o "docker-archive:$out/docker.tar" >/dev/null || return
	"${run[@]}" units --output "$out/units" >/dev/null || return
	rm -f "$out"/oci/index.lock
	(cd "$1" && sha256sum build-lock.json) || return
	(cd "$out" && find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum)
}

# same FLEET [WRAPPER...]: what comes out of FLEET is what the tiny fleet gives
same() {
	record "$@" >got || return
	diff "$BATS_FILE_TMPDIR/tiny.golden" got
}

# the same for the images of the real fleet
same_hello() {
	images "$@" >got || return
	diff "$BATS_FILE_TMPDIR/hello.golden" got
}

@test "the record covers lock, images, archives and units, and sees a changed byte, name and execute bit" {
	local line lines
	lines=$(<"$BATS_FILE_TMPDIR/tiny.golden")
	for line in 'splice localhost/web:test sha256:' 'zstd localhost/worker:test sha256:' \
		'gzip localhost/web:test sha256:' ' build-lock.json' ' ./oci.tar' ' ./docker.tar' ' ./oci/index.json' \
		.pod .container; do
		[[ $lines == *"$line"* ]] || { echo "no '$line'" && false; }
	done
	same fleet
	echo '#' >>fleet/app/pkg/a.py
	! same fleet || false
	cp "$pristine/app/pkg/a.py" fleet/app/pkg/a.py
	same fleet
	mv fleet/app/pkg/a.py fleet/app/pkg/aa.py
	! same fleet || false
	mv fleet/app/pkg/aa.py fleet/app/pkg/a.py
	chmod +x fleet/app/pkg/a.py
	! same fleet || false
}

@test "in another directory, given otherwise" {
	local other="an other 'dir' with ünicode, %s and \$x"
	mv fleet "$other"
	same "$other"
	# relative to a directory below the fleet's
	digests "$other/app/pkg" ../../../s >got
	digests "$pristine" "$PWD/s2" | diff - got
	[ -d s/oci ]
}

@test "with another umask" {
	local mask
	for mask in 0000 0027 0077; do
		# a checkout with that umask
		rm -rf fleet
		(umask $mask && mkdir fleet && cd "$pristine" && tar -cf - . | tar -xf - --no-same-permissions -C "$OLDPWD/fleet")
		# shellcheck disable=SC2016  # for the inner shell
		same fleet bash -c "umask $mask"' && exec "$0" "$@"'
	done
}

@test "in another time zone and locale" {
	local zone locale
	for zone in Pacific/Kiritimati America/Los_Angeles ''; do
		same fleet env TZ="$zone"
	done
	for locale in C C.UTF-8 tr_TR.UTF-8; do
		same fleet env LANG=$locale LC_ALL=$locale LANGUAGE="${locale%.*}"
	done
}

@test "in a real Turkish locale" {
	[ -e /usr/share/i18n/locales/tr_TR ] || skip "no sources of locales (Debian package locales)"
	mkdir locales
	localedef -i tr_TR -f UTF-8 locales/tr_TR.UTF-8
	[ "$(LOCPATH=$PWD/locales LC_ALL=tr_TR.UTF-8 locale yesstr)" = evet ]
	same fleet env LOCPATH="$PWD/locales" LC_ALL=tr_TR.UTF-8
}

@test "at another time" {
	local ahead
	for ahead in 400000000 -1500000000; do
		same fleet env OTHERHOST_CLOCK=$ahead "$(otherhost)"
	done
	find fleet -exec touch -h -d '2037-01-02 03:04:05.678' {} +
	same fleet
	find fleet -exec touch -h -d '1971-01-02' {} +
	same fleet
}

@test "with any number of jobs" {
	local jobs
	for jobs in 1 2 8; do same fleet; done
	jobs=''
	same fleet taskset -c "$(taskset -cp $$ | grep -oE '[0-9]+' | tail -n 1)"
}

# what puts otherhost.so before a program, in the words of env
otherhost() { echo "LD_PRELOAD=${OCISMITH_BUILD:-$BATS_TEST_DIRNAME/../../out}/tests/otherhost.so"; }

@test "with directories in another order" {
	local order
	for order in 1 2 -1; do
		rm -f log
		same fleet env OTHERHOST_ORDER=$order OTHERHOST_LOG="$PWD/log" "$(otherhost)"
		[ "$(grep -c readdir log)" -ge 6 ]
	done
	mkdir order
	touch order/{a,b,c,d,e}
	[ "$(env OTHERHOST_ORDER=-1 "$(otherhost)" ls -U order | paste -sd '')" = edcba ]
}

@test "from copies that were made in another order" {
	local path
	for _ in 1 2; do
		rm -rf fleet
		mkdir fleet
		(cd "$pristine" && find . -mindepth 1 -type d | sort) | while IFS= read -r path; do mkdir "fleet/$path"; done
		(cd "$pristine" && find . -mindepth 1 ! -type d -printf '%P\n' | sort -R) |
			while IFS= read -r path; do cp -d "$pristine/$path" "fleet/$path"; done
		same fleet
	done
}

@test "with another home, and without one" {
	mkdir home data x
	same fleet env HOME="$PWD/home" XDG_DATA_HOME="$PWD/data" XDG_CONFIG_HOME="$PWD/home/c" XDG_CACHE_HOME="$PWD/x" \
		TMPDIR="$PWD/home" USER=somebody LOGNAME=somebody
	same fleet env -i
	same fleet env -i PATH=/nowhere HOME=/nowhere/home USER=nobody
	run find home data x -mindepth 1
	echo "$output"
	[ -z "$output" ]
}

@test "from files with other owners, modes and attributes" {
	find fleet -type f ! -perm -100 -exec chmod 0640 {} +
	find fleet -type f -perm -100 -exec chmod 0750 {} +
	find fleet -type d -exec chmod 2770 {} +
	if [ "$(id -u)" = 0 ]; then chown -hR 54321:54322 fleet; fi
	setfattr -n user.note -v x fleet/app/pkg/a.py 2>/dev/null || :
	same fleet
}

@test "as another user" {
	[ "$(id -u)" = 0 ] || skip "needs root, to become somebody else"
	outside=$(mktemp -d)
	chmod 755 "$outside"
	cp "$ocismith" "$outside/ocismith"
	cp -r fleet "$outside/fleet"
	cp -r "$BATS_FILE_TMPDIR/hello" "$outside/hello"
	chown -hR 54321:54321 "$outside"
	cd "$outside"
	local ocismith=$outside/ocismith other=(setpriv --reuid 54321 --regid 54321 --clear-groups --bounding-set=-all
		--inh-caps=-all --no-new-privs env HOME=/nowhere USER=somebody)
	same fleet "${other[@]}"
	same_hello hello "${other[@]}"
	[ -z "$(find fleet.store hello.store ! -uid 54321)" ]
}

@test "from a store that knows other things already" {
	"$ocismith" -q -C "$BATS_FILE_TMPDIR/hello" --store "$PWD/fleet.store" build >/dev/null
	images fleet >got
	grep -E '^(splice|zstd|gzip) ' "$BATS_FILE_TMPDIR/tiny.golden" | diff - got
	# and once more, with nothing to do
	images fleet | diff - got
}

@test "from a store that knows the application as it was before" {
	local i
	# large enough for several members of a layer
	for i in {10..59}; do seq -f "x_${i}_%.0f = $i" 400 >"fleet/app/big$i.py"; done
	images fleet >first
	seq 1 300 >fleet/app/big33.py
	echo 'new = 1' >fleet/app/big21a.py
	rm fleet/app/big47.py
	images fleet >second
	rm -r fleet.store
	images fleet | diff second -
	! diff -q first second || false
}

@test "with an epoch of one's own" {
	export SOURCE_DATE_EPOCH=1700000000
	record fleet >first
	! diff -q first "$BATS_FILE_TMPDIR/tiny.golden" || false
	unset SOURCE_DATE_EPOCH
	images fleet >got
	grep -E '^(splice|zstd|gzip) ' first | diff - got
}

@test "the real fleet: any number of jobs, another order, directory, time and umask" {
	local jobs
	ln -s "$BATS_FILE_TMPDIR/hello" hello
	for jobs in 1 8; do
		rm -rf hello.store
		same_hello hello
	done
	rm -rf hello.store
	umask 0077
	same_hello hello env TZ=Asia/Tokyo OTHERHOST_ORDER=5 OTHERHOST_CLOCK=123456789 "$(otherhost)"
	cp hello/build-lock.json before
	rm hello/build-lock.json
	"$ocismith" -q -C hello --store "$PWD/hello.store" lock >/dev/null
	cmp hello/build-lock.json before
}

@test "no fact of the host is in a blob, an archive or a unit" {
	mkdir -p quuxfleet quuxhome
	cp -r "$pristine/." quuxfleet
	record quuxfleet env HOME="$PWD/quuxhome" USER=quuxuser LOGNAME=quuxuser "$(otherhost)" >/dev/null
	python3 - "$BATS_TEST_TMPDIR" "$(hostname)" <<-'PY'
		import gzip, pathlib, re, subprocess, sys, tarfile, io
		top, host = pathlib.Path(sys.argv[1]), sys.argv[2].encode()
		words = re.compile(b'quux|otherhost|%s|bats-run|/tmp/|/root|/home' % (
		    re.escape(host) if len(host) > 4 else b'bats-run'))
		# as the base has it
		allowed = re.compile(rb'root:x:0:0:root:/root:/bin/sh')
		layers = files = 0
		for path in [*top.glob('quuxfleet.store/**/*'), *top.glob('quuxfleet.out/**/*'),
		             top / 'quuxfleet/build-lock.json']:
		    if not path.is_file():
		        continue
		    files += 1
		    data = path.read_bytes()
		    if data[:2] == b'\x1f\x8b':
		        data = gzip.decompress(data)
		    elif data[:4] == b'\x28\xb5\x2f\xfd':
		        data = subprocess.run(['zstd', '-dcq'], input=data, stdout=subprocess.PIPE, check=True).stdout
		    found = words.search(allowed.sub(b'', data))
		    assert not found, (path, data[max(0, found.start() - 60):found.end() + 60])
		    if data[257:262] != b'ustar':
		        continue
		    layers += 1
		    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
		        for member in tar:
		            assert (member.uname, member.gname) == ('', ''), (path, member.name)
		            assert (member.uid, member.gid) in ((0, 0), (10001, 10001)), (path, member.name)
		            assert member.mtime in (0, 315532800, 1704067200), (path, member.name, member.mtime)
		            assert set(member.pax_headers) <= {'path', 'linkpath', 'size', 'mtime'}, member.pax_headers
		assert layers > 20 and files > 40, (layers, files)
	PY
}
