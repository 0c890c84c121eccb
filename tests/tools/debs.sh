# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# debs.sh: Debian 12 packages into a cache, as any user, for any architecture. Sourced, not run.
#
#   debs_setup ARCH            an apt of our own for ARCH: own configuration, lists and package state,
#                              the system's mirror and proxy; lists older than a day are fetched again
#   debs_fetch LIST PKG...     download PKG... with everything they depend on (as for an empty
#                              system); LIST receives the paths of the .debs, sorted
#   debs_need TOOL=PACKAGE...  stop with one line to run when a tool is missing
#
# Signatures are checked by apt with Debian's archive keyring. Nothing of this touches the system's own
# apt state. The cache is ${OCISMITH_CACHE:-${XDG_CACHE_HOME:-~/.cache}/ocismith-tests}.

DEBS_SUITE=bookworm
DEBS_CACHE=${OCISMITH_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/ocismith-tests}
export LC_ALL=C.UTF-8

debs_say() { printf '%s: %s\n' "$(basename "$0")" "$*" >&2; }

debs_die() {
	debs_say "$@"
	exit 1
}

debs_need() {
	local pair missing=()
	for pair in "$@"; do
		command -v "${pair%%=*}" >/dev/null || missing+=("${pair#*=}")
	done
	[ ${#missing[@]} -eq 0 ] && return
	debs_die "missing tools; run: apt-get install -y --no-install-recommends ${missing[*]}"
}

# the mirror this system uses for a suite, else Debian's own
debs_mirror() { # SUITE DEFAULT
	local uri
	uri=$(apt-get indextargets --format "\$(CODENAME) \$(REPO_URI)" 'Created-By: Packages' 2>/dev/null |
		awk -v suite="$1" '$1 == suite { print $2; exit }')
	printf '%s' "${uri:-$2}"
}

debs_setup() { # ARCH
	local arch=$1 keyring=/usr/share/keyrings/debian-archive-keyring.gpg
	[ -e "$keyring" ] || debs_die "no '$keyring'; run: apt-get install -y debian-archive-keyring"
	DEBS_APT=$DEBS_CACHE/apt-$arch
	mkdir -p "$DEBS_APT"/{etc/none,etc/preferences.d,lists/partial} "$DEBS_CACHE/debs/partial"
	exec {DEBS_LOCK}>"$DEBS_CACHE/lock"
	flock "$DEBS_LOCK"
	: >"$DEBS_APT/status"
	local main security
	main=$(debs_mirror $DEBS_SUITE http://deb.debian.org/debian/)
	security=$(debs_mirror $DEBS_SUITE-security http://deb.debian.org/debian-security/)
	cat >"$DEBS_APT/etc/sources.list" <<-LIST
		deb [signed-by=$keyring] ${main} $DEBS_SUITE main
		deb [signed-by=$keyring] ${main} $DEBS_SUITE-updates main
		deb [signed-by=$keyring] ${security} $DEBS_SUITE-security main
	LIST
	{
		# the machine's proxies and retries, none of its hooks
		apt-config dump --no-empty | grep -iE '^Acquire::(http|https|ftp|Retries)' || :
		cat <<-CONF
			APT::Architecture "$arch";
			APT::Architectures { "$arch"; };
			APT::Install-Recommends "false";
			APT::Sandbox::User "$(id -un)";
			Dir::Etc "$DEBS_APT/etc";
			Dir::Etc::Parts "$DEBS_APT/etc/none";
			Dir::Etc::Main "/dev/null";
			Dir::Etc::SourceParts "$DEBS_APT/etc/none";
			Dir::State "$DEBS_APT";
			Dir::State::Lists "$DEBS_APT/lists";
			Dir::State::Status "$DEBS_APT/status";
			Dir::Cache "$DEBS_APT";
			Dir::Cache::Archives "$DEBS_CACHE/debs";
			Debug::NoLocking "true";
			Acquire::Languages "none";
		CONF
	} >"$DEBS_APT/apt.conf"
	[ -n "$(find "$DEBS_APT/updated" -mmin -1440 2>/dev/null)" ] && return
	if debs_apt update -q >"$DEBS_APT/update.log" 2>&1 && ! grep -q '^[EW]:' "$DEBS_APT/update.log"; then
		touch "$DEBS_APT/updated"
	elif [ -e "$DEBS_APT/updated" ]; then
		debs_say "cannot refresh the package lists, going on with the old ones"
	else
		debs_die "cannot fetch the package lists: $(grep -m1 '^[EW]:' "$DEBS_APT/update.log")"
	fi
}

debs_apt() { APT_CONFIG=$DEBS_APT/apt.conf apt-get "$@"; }

debs_fetch() { # LIST PKG...
	local list=$1 log=$DEBS_APT/fetch.log name
	shift
	debs_apt -q -y --simulate install "$@" >"$DEBS_APT/plan" 2>"$log" ||
		debs_die "cannot resolve the packages: $(grep -m1 '^E:' "$log")"
	debs_apt -q -y --download-only install "$@" >"$log" 2>&1 ||
		debs_die "cannot download: $(grep -m1 '^E:' "$log")"
	sed -nE 's/^Inst ([^ ]+) \(([^ ]+) .*\[([^]]+)\]\).*/\1_\2_\3.deb/p' "$DEBS_APT/plan" |
		sed 's/:/%3a/g' | sort | while read -r name; do
		[ -e "$DEBS_CACHE/debs/$name" ] || debs_die "apt did not deliver '$name'"
		printf '%s\n' "$DEBS_CACHE/debs/$name"
	done >"$list"
}

# when the newest of the package lists was made, in seconds since the epoch
debs_released() {
	sed -n 's/^Date: //p' "$DEBS_APT"/lists/*_InRelease |
		while read -r day; do date -d "$day" +%s; done | sort -n | tail -1
}
