# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034,SC2154  # the tests share these variables
# lib.bash: a tiny fleet for tests of the command line; `load lib` in a bats file.
#
#   make_pristine        in setup_file: the fleet $pristine (base/, wheels/, fleet.yaml, build-lock.json, ...) and
#                        $golden, the digests that it builds; takes half a second
#   use_fleet            in setup: $fleet, a copy of it; $store, a store that is not there yet; $plain, a
#                        directory to work in, which is also the current one
#   smith ARGS...        run ocismith in $fleet with $store: $status, $output (stdout), $stderr
#   relock               lock $fleet anew, which has to succeed
#   refused STATUS TEXT ARGS...  smith ARGS fails with STATUS and one line that has TEXT in it (a pattern of [[ ]]),
#                        and leaves nothing behind; afterwards the store is intact
#   findings TEXT ARGS...  the same for exit status 3, where each line is a finding and one has TEXT in it
#   intact               the store's blobs are what their names say, nothing is in it that does not belong there, and
#                        the pristine fleet builds in it what it should
#   digests FLEET STORE [ARGS...]  name and manifest digest of each image that a build makes
#   fleet_file NAME      writes stdin to that file of $fleet

tools=$(realpath "$BATS_TEST_DIRNAME/../tools")
ocismith=${OCISMITH:-$(realpath "$BATS_TEST_DIRNAME/../../out/ocismith")}
pristine=${BATS_FILE_TMPDIR-}/pristine

make_pristine() {
	mkdir -p "$pristine"/{wheels,app,families.d,requirements} "$BATS_FILE_TMPDIR/tmp"
	python3 "$tools/tiny-base.py" "$pristine/base"
	PYTHONPATH=$tools PYTHONDONTWRITEBYTECODE=1 python3 "$tools/tiny-wheels.py" "$pristine/wheels"
	cd "$pristine" || return
	cat >fleet.yaml <<-'END'
		fleet: tiny
		registry: localhost
		tag: test
		platform: linux/amd64
		wheels:
		  find_links: [wheels]
		hosts:
		  one: {podman: "5.4", machine: {THREADS: 2}}
		groups:
		  main: {host: one, services: [Web, Worker]}
		services:
		  Web:
		    family: family-web
		    app: {script: app/web.py, files: [app]}
		    pip: [beta==2.0]
		    ports: {service: 8080}
		  Worker:
		    family: base
		    app: {script: app/worker.py, files: [app/worker.py]}
		    pip: {requirements: requirements/worker.txt}
	END
	printf 'family: base\nfrom: "oci:base:tiny:1"\n' >families.d/base.yaml
	printf 'family: family-web\nfrom: base\npip: [alpha==1.0, gamma==0.3]\n' >families.d/family-web.yaml
	printf 'delta==1.0\n' >requirements/worker.txt
	printf 'print("web")\n' >app/web.py
	printf 'print("worker")\n' >app/worker.py
	"$ocismith" -q --store "$BATS_FILE_TMPDIR/store" lock >/dev/null
	digests "$pristine" "$BATS_FILE_TMPDIR/store" >"$BATS_FILE_TMPDIR/golden"
}

use_fleet() {
	golden=$(<"$BATS_FILE_TMPDIR/golden")
	plain=$BATS_TEST_TMPDIR/plain fleet=$BATS_TEST_TMPDIR/fleet store=$BATS_TEST_TMPDIR/store
	cp -r "$pristine" "$fleet"
	mkdir "$plain"
	cd "$plain" || return
	unset OCISMITH_STORE SOURCE_DATE_EPOCH
}

fleet_file() {
	mkdir -p "$(dirname "$fleet/$1")"
	cat >"$fleet/$1"
}

smith() {
	run --separate-stderr "$ocismith" --progress none -C "$fleet" --store "$store" "$@"
	echo "ocismith $* -> $status; stdout: $output; stderr: $stderr"
}

relock() {
	smith lock "$@"
	[ "$status" -eq 0 ]
}

digests() {
	local json
	json=$("$ocismith" --progress none -C "$1" --store "$2" --format json build "${@:3}") || return
	grep -E '^ *"(name|manifest)": ' <<<"$json"
}

# what is in the fleet and in the working directory, with times
snapshot() { find "$fleet" "$plain" -printf '%p %y %s %m %T@ %l\n' | sort; }

# check_blobs STORE: every blob has the digest that its name says, and nothing is there that has no place in a store
check_blobs() {
	local bad
	bad=$(cd "$1/oci/blobs/sha256" && find . -type f -exec sha256sum {} + | awk '"./" $1 != $2') || return
	[ -z "$bad" ] || {
		echo "damaged blobs in the store: $bad"
		return 1
	}
	bad=$(cd "$1" && find . -type f | grep -vE \
		'^\./(lock|oci/(oci-layout|index\.json|index\.lock|blobs/sha256/[0-9a-f]{64})|cache/inputs|cache/(steps|files)/([0-9a-f]{2}/)?[0-9a-f]{64}|cache/(roots|pips|logs)/.*|repo/.*)$') || return 0
	echo "strange files in the store: $bad"
	return 1
}

intact() {
	[ ! -e "$store/oci/oci-layout" ] || check_blobs "$store" || return
	local got
	got=$(unset SOURCE_DATE_EPOCH && digests "$pristine" "$store") || return
	check_blobs "$store" || return
	[ "$got" = "$golden" ] || {
		printf 'other digests:\n%s\ninstead of:\n%s\n' "$got" "$golden"
		return 1
	}
}

left_nothing() {
	local after
	after=$(snapshot)
	[ "$after" = "$1" ] || {
		echo "left behind:"
		diff <(echo "$1") <(echo "$after")
		return 1
	}
}

refused() {
	local expected=$1 text=$2 before
	before=$(snapshot)
	shift 2
	smith "$@"
	[ "$status" -eq "$expected" ] || return
	[ -z "$output" ] || return
	[ "$expected" -ne 2 ] || stderr=${stderr%$'\n'"ocismith: see 'ocismith "*}
	[[ $stderr == "ocismith: error: "* && $stderr != *$'\n'* ]] || return
	# shellcheck disable=SC2053  # a pattern
	[[ $stderr == *$text* ]] || return
	left_nothing "$before" && intact
}

findings() {
	local text=$1 before line found=
	before=$(snapshot)
	shift
	smith "$@"
	[ "$status" -eq 3 ] || return
	[ -z "$output" ] || return
	while IFS= read -r line; do
		[[ $line =~ ^[^\ ]+:\ (error|warning):\ .*\ \[[a-z-]+\]$ ]] || return
		# shellcheck disable=SC2053
		[[ $line != *$text* ]] || found=yes
	done <<<"$stderr"
	[ "$found" ] || return
	left_nothing "$before" && intact
}
