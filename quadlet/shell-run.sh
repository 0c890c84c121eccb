#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The part of HOST/FLEET.sh that is the same for all fleets (quadlet/shell.c puts it there, from the first empty line
# on). Before it stand $fleet, $host and $groups; behind it plan(), which calls the functions below for each thing of
# the host in order of start, and main "$@".
#
# A container or pod of ours has the label io.ocismith.command: the digest of the words that made it.
# shellcheck disable=SC2034,SC2154  # $fleet, $host, $groups; $here, $socket

ours=io.ocismith.command
here=$(cd -- "$(dirname -- "$0")" && pwd)
socket=/run/podman/podman.sock
[ "$(id -u)" = 0 ] || socket=${XDG_RUNTIME_DIR:-/run/user/$(id -u)}/podman/podman.sock
mode='' chosen='' active=no names='' checks='' pods='' changed=0 kept=0

say() { printf '%s\n' "$fleet: $*" >&2; }

die() {
	say "$@"
	exit 1
}

# is_chosen GROUP...: one of them is to be done
is_chosen() {
	[ -n "$chosen" ] || return 0
	for word in "$@"; do
		case " $chosen " in *" $word "*) return 0 ;; esac
	done
	return 1
}

# maker KIND NAME: the digest of what made it; nothing when it is not there; "-" when it is not ours
maker() {
	podman "$1" exists "$2" || return 0
	case $1 in
	container) digests=$(podman container inspect --format "{{index .Config.Labels \"$ours\"}}" "$2") ;;
	*) digests=$(podman pod inspect --format "{{index .Labels \"$ours\"}}" "$2") ;;
	esac
	case $digests in
	'' | '<no value>') echo - ;;
	*) printf '%s\n' "$digests" ;;
	esac
}

# refuse_stranger KIND NAME DIGEST
refuse_stranger() {
	[ "$3" != - ] || die "a $1 '$2' is there that this script has not made"
}

# state NAME: "running healthy", "running", "exited"; "missing"
state() {
	podman container inspect --format \
		'{{.State.Status}}{{if .State.Health}}{{if .State.Health.Status}} {{.State.Health.Status}}{{end}}{{end}}' \
		"$1" 2>/dev/null || echo missing
}

# is_well NAME SECONDS: it becomes healthy in that time. It is asked here as well, for where no systemd is that asks.
is_well() {
	end=$(($(date +%s) + $2))
	while :; do
		case $(state "$1") in
		'running healthy') return 0 ;;
		missing) return 1 ;;
		esac
		[ "$(date +%s)" -lt "$end" ] || return 1
		podman healthcheck run "$1" >/dev/null 2>&1 || sleep 1
	done
}

remove_container() {
	podman container stop "$1" >/dev/null 2>&1 || :
	podman container rm --force --volumes "$1" >/dev/null
}

remove_pod() {
	podman pod stop "$1" >/dev/null 2>&1 || :
	podman pod rm --force "$1" >/dev/null
}

# driver: the version of NVIDIA's, 0 when there is none
driver() {
	version=$(sed -n 's/^NVRM version:.*  \([0-9][0-9]*\.[0-9.]*\).*/\1/p' /proc/driver/nvidia/version 2>/dev/null || :)
	if [ -z "$version" ]; then
		version=$(nvidia-smi --query-gpu=driver_version --format=csv,noheader 2>/dev/null | sed -n 1p)
	fi
	echo "${version:-0}"
}

# will_do DRIVER: that, or a newer one, is there
will_do() {
	[ "$(printf '%s\n' "$1" "$(driver)" | sort -V | sed -n 1p)" = "$1" ]
}

# device DRIVER NAME: the option for it when it is there, a path, or a CDI name of a driver that is new enough
device() {
	will_do "$1" || return 0
	case $2 in
	/*) [ -e "${2%%:*}" ] || return 0 ;;
	*) grep -rqsF "${2%%=*}" /etc/cdi /run/cdi /var/run/cdi || return 0 ;;
	esac
	printf '%s\n' "--device=$2"
}

# --- what plan() says

# network GROUPS NAME OPTION...
network() {
	# shellcheck disable=SC2086
	is_chosen $1 || return 0
	[ "$mode" = up ] || return 0
	name=$2
	shift 2
	podman network exists "$name" || podman network create "$@" "$name" >/dev/null
}

# volume GROUPS NAME: kept by down
volume() {
	# shellcheck disable=SC2086
	is_chosen $1 || return 0
	[ "$mode" = up ] || return 0
	podman volume exists "$2" || podman volume create "$2" >/dev/null
}

# pod GROUP NAME DIGEST OPTION...
pod() {
	is_chosen "$1" || return 0
	name=$2 digest=$3
	shift 3
	pods="$name $pods"
	[ "$mode" = up ] || return 0
	made=$(maker pod "$name")
	refuse_stranger pod "$name" "$made"
	[ "$made" != "$digest" ] || return 0
	[ -z "$made" ] || remove_pod "$name"
	podman pod create --name "$name" --label "$ours=$digest" "$@" >/dev/null
}

# container GROUP NAME DIGEST IMAGE SECONDS|-: what follows, up to run, is of this one; it is healthy in that time, "-"
# when nobody asks
container() {
	active=no
	is_chosen "$1" || return 0
	name=$2 digest=$3 image=$4 seconds=$5
	names="$name $names"
	[ "$seconds" = - ] || checks="$checks $name:$seconds"
	[ "$mode" = up ] || return 0
	made=$(maker container "$name")
	refuse_stranger container "$name" "$made"
	used=$(podman container inspect --format '{{.Image}}' "$name" 2>/dev/null || :)
	wanted=$(podman image inspect --format '{{.Id}}' "$image" 2>/dev/null || :)
	if [ "$made" = "$digest" ] && [ "$used" = "$wanted" ]; then
		case $(state "$name") in running*)
			kept=$((kept + 1))
			return 0
			;;
		esac
	elif [ -n "$made" ]; then
		remove_container "$name"
		made=''
	fi
	active=yes
}

# needs NAME SECONDS required|wanted: another container of this host is healthy before
needs() {
	[ "$active" = yes ] || return 0
	is_well "$1" "$2" && return 0
	[ "$3" = wanted ] || die "'$name' needs '$1', which is not healthy after $2 seconds ($(state "$1"))"
	say "'$name' starts without '$1', which is not healthy after $2 seconds"
}

# reaches NAME required|wanted OPTION...: something elsewhere answers before; a container of podman's asks
reaches() {
	[ "$active" = yes ] || return 0
	other=$1 need=$2
	shift 2
	podman run --rm --pull=missing --log-driver=none "$@" && return 0
	[ "$need" = wanted ] || die "'$name' needs '$other', which does not answer"
	say "'$name' starts without '$other', which does not answer"
}

# gpu DRIVER: it cannot do without a driver that is as new
gpu() {
	[ "$active" = yes ] || return 0
	will_do "$1" || die "'$name' needs the NVIDIA driver $1, and there is $(driver)"
}

# run OPTION... IMAGE ARGUMENT...
run() {
	[ "$active" = yes ] || return 0
	[ -n "$made" ] || podman container create --name "$name" --label "$ours=$digest" "$@" >/dev/null ||
		die "cannot make '$name'"
	podman container start "$name" >/dev/null || die "cannot start '$name'"
	changed=$((changed + 1))
}

# --- commands

up() {
	for check in $checks; do
		is_well "${check%:*}" "${check##*:}" ||
			die "'${check%:*}' is not healthy after ${check##*:} seconds ($(state "${check%:*}")): podman logs ${check%:*}"
	done
	say "$changed started, $kept left as they were"
}

# What the fleet no longer has goes with all of it.
strays() {
	case $1 in
	container) set -- ps --all ;;
	*) set -- pod ps ;;
	esac
	podman "$@" --quiet --filter "label=$ours" --filter "label=io.ocismith.fleet=$fleet" \
		--filter "label=io.ocismith.host=$host"
}

down() {
	for name in $names; do
		case $(maker container "$name") in '' | -) ;; *) remove_container "$name" ;; esac
	done
	for name in $pods; do
		case $(maker pod "$name") in '' | -) ;; *) remove_pod "$name" ;; esac
	done
	[ -z "$chosen" ] || return 0
	for id in $(strays container); do remove_container "$id"; done
	for id in $(strays pod); do remove_pod "$id"; done
}

status() {
	bad=0 lines=''
	for name in $names; do
		now=$(state "$name")
		case $now:" $checks " in
		'running healthy':*) ;;
		*" $name:"*) bad=1 ;;
		running*) ;;
		*) bad=1 ;;
		esac
		lines=$(printf '%-32s %s\n%s' "$name" "$now" "$lines")
	done
	printf '%s\n' "$lines"
	return $bad
}

main() {
	case ${1-} in
	up | down | status) mode=$1 ;;
	*)
		printf '%s\n' "usage: $0 up|down|status [GROUP...]" "groups: $groups" >&2
		exit 2
		;;
	esac
	shift
	for group in "$@"; do
		case " $groups " in
		*" $group "*) ;;
		*) die "no group '$group' on host '$host', which has: $groups" ;;
		esac
	done
	chosen=$*
	command -v podman >/dev/null || die "there is no podman"
	plan
	"$mode"
}
