# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# namespace.sh: what enter and boot share; sourced.
#   namespace_setup ROOTFS   a work directory ($WORK) and a cgroup of our own, both removed at exit
#   namespace_run ARGS...    ARGS are unshare's network option, or none, then '--' and inside's arguments
# Only what runs in our own cgroup is ever killed.

namespace_setup() {
	local mounted cache=${OCISMITH_CACHE:-/var/tmp/ocismith-e2e}
	[ "$(id -u)" = 0 ] || { echo "needs root" >&2 && exit 1; }
	mounted=$(findmnt -n -o TARGET -t cgroup2 | head -n 1)
	[ -n "$mounted" ] || { echo "no cgroup2 file system is mounted" >&2 && exit 1; }
	LOWER=$(realpath "$1")
	WORK=$(mktemp -d "$cache/run.XXXXXX")
	CGROUP=$mounted/ocismith-e2e.$$
	WRITE='' USER_NAME=root BINDS='' NET=own NETNS='' NODE=e2e
	export LOWER WORK WRITE USER_NAME BINDS NET NETNS NODE CGROUP
	mkdir "$CGROUP"
	trap namespace_end EXIT
	chmod 755 "$WORK"
	mkdir -p "$WORK"/{root,upper,work} "$WORK"/plain/var/lib/{containers,docker,containerd}
	mkdir -m 1777 "$WORK/plain/var/tmp"
	cp -a "$LOWER/home" "$WORK/plain/home"
}

namespace_end() {
	echo 1 >"$CGROUP/cgroup.kill" || :
	for _ in $(seq 100); do
		grep -q 'populated 0' "$CGROUP/cgroup.events" && break
		sleep 0.05
	done
	find "$CGROUP" -depth -type d -exec rmdir {} \; 2>/dev/null || :
	rm -rf --one-file-system "$WORK"
}

namespace_run() {
	local options=() before=()
	[ -z "$NETNS" ] || before=(nsenter "--net=/run/netns/$NETNS")
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	# shellcheck disable=SC2016  # expanded by the inner shell
	bash -c 'echo $$ >"$CGROUP/cgroup.procs"; exec "$@"' _ \
		"${before[@]}" unshare --fork --kill-child --pid --mount --ipc --uts --cgroup "${options[@]}" --propagation private \
		-- bash "$(dirname "${BASH_SOURCE[0]}")/inside" "$@"
}
