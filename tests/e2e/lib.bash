# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034,SC2154  # the tests share these variables
# lib.bash: what the end-to-end tests share; `load lib` in a bats file.
#
#   is_root, need_root   true for root; skip a test unless root, which mmdebstrap and the mounts of the
#                        namespaces need (bats cannot skip in setup_file)
#   need_hello           $hello: the demo as examples/demo.sh builds it, made once for a binary;
#                        $layout: the OCI layout of its store
#   need_rootfs KIND     $rootfs: make-rootfs KIND
#   shared TOOL ARGS...  tests/tools/TOOL, which makes a directory of $cache that other files use at the same time
#   smith ARGS...        ocismith on the demo's fleet and store
#   job NAME OPTS...     run jobs/NAME in $rootfs by enter OPTS; its results go to $out, output to $out/log

e2e=$BATS_TEST_DIRNAME
top=$(realpath "$e2e/../..")
cache=${OCISMITH_CACHE:-/var/tmp/ocismith-e2e}
[ "$(id -u)" = 0 ] || cache=${OCISMITH_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/ocismith-e2e}
out=$BATS_FILE_TMPDIR/out
images=(hello-web hello-worker)
: "${OCISMITH:=$top/out/ocismith}"
export OCISMITH

is_root() { [ "$(id -u)" = 0 ]; }

need_root() { is_root || skip "needs root"; }

need_hello() {
	local key lock
	key=$({
		cat "$OCISMITH" "$top/examples/demo.sh"
		cat "$top"/tests/tools/{make-base,make-wheelhouse,base-layer.py,deb2wheel.py}
		find "$top/examples/hello" -type f | sort | xargs cat
	} | sha256sum | cut -c1-12)
	hello=$cache/hello-$(id -u)-$key layout=$hello/store/oci
	[ ! -e "$hello/.complete" ] || return 0
	mkdir -p "$cache"
	exec {lock}>"$cache/hello.lock"
	flock "$lock"
	if [ ! -e "$hello/.complete" ]; then
		rm -rf "$cache/hello-$(id -u)-"*
		DEMO_BASE=debs "$top/examples/demo.sh" "$hello" >"$BATS_FILE_TMPDIR/demo.log" 2>&1 || {
			cat "$BATS_FILE_TMPDIR/demo.log"
			return 1
		}
		touch "$hello/.complete"
	fi
	exec {lock}>&-
}

# mmdebstrap's hooks fail when their descriptors have two digits: no more are open than must be
shared() { flock --close "$cache/shared.lock" "$top/tests/tools/$1" "${@:2}" >&2 3>&- 4>&-; }

# a mirror may fail once in some hundred packages
need_rootfs() { rootfs=$({ "$e2e/make-rootfs" "$1" || "$e2e/make-rootfs" "$1"; } 3>&- 4>&-); }

smith() { "$OCISMITH" -C "$hello" --store "$hello/store" "$@"; }

# archives DIR [COMPRESSION]: DIR/NAME.tar, an oci-archive of every image
archives() {
	local name
	mkdir -p "$1"
	for name in "${images[@]}"; do
		smith build "$name" --output "oci-archive:$1/$name.tar" >&2
	done
}

job() {
	local name=$1
	shift
	mkdir -p "$out"
	chmod 1777 "$out"
	"$e2e/enter" -b "$e2e/jobs:/jobs" -b "$out:/out" "$@" "$rootfs" bash "/jobs/$name" >"$out/log" 2>&1 ||
		echo "status $?" >>"$out/log"
}

# has FILE TEXT: a line of a job's result is TEXT; shows the job's log when not
has() {
	grep -qxF -- "$2" "$out/$1" && return
	printf 'no line "%s" in %s:\n' "$2" "$1"
	cat "$out/$1"
	echo "--- log"
	tail -n 40 "$out/log"
	return 1
}

# copy_libraries DIR NAME...: those that a root file system of the tests lacks, linked to or loaded later
copy_libraries() {
	local directory=$1 name
	shift
	for name; do
		cp -L "$(ldconfig -p | awk -v name="lib$name.so." 'index($1, name) == 1 { print $NF; exit }')" "$directory/" ||
			return
	done
}
