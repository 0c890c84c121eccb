# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154  # $tools, $ocismith, $status and $stderr are of lib.bash and bats
# pip.bash: a fleet of the family f and the service S, for which real pip resolves; `load pip` after `load lib`.
#
#   need_pip                   in setup_file: $base, a Debian base; $shared, a store that has its root; $no_sandbox, why
#                              the machine cannot have it
#   use_pip                    in setup: a new $fleet, $store, $limits (step_limits); skips without the sandbox
#   drop_pip                   in teardown_file
#   packages SPEC...           pip-packages.py into the fleet's wheels
#   family PIP [LINES]         the family's pip, and more lines of it
#   service PIP [LINES]        the service's pip, and more lines of `wheels:`
#   locked NAME                what the lock has of a family or service: "NAME==VERSION ..."
#   locks FAMILY SERVICE ARGS...  lock ARGS succeeds, and that is what it has of f and S
#   findings_of TEXT           lock finds errors, with TEXT
#   left_none                  nothing of a step is left: no process, no mount, no file

need_pip() {
	export base=$BATS_FILE_TMPDIR/base shared=$BATS_FILE_TMPDIR/store no_sandbox=
	"$tools/make-base" --debs "$base" >&2
	# the tests say so themselves then; the store has the base's root from here on
	fleet=$BATS_FILE_TMPDIR/fleet
	make_pip_fleet
	packages a==1
	service '[a]'
	"$ocismith" -q -C "$fleet" --store "$shared" lock >/dev/null 2>"$BATS_FILE_TMPDIR/error" || {
		cat "$BATS_FILE_TMPDIR/error"
		grep -F 'ocismith doctor' "$BATS_FILE_TMPDIR/error" || return
		no_sandbox=$(<"$BATS_FILE_TMPDIR/error")
	}
}

use_pip() {
	[ -z "$no_sandbox" ] || skip "$no_sandbox"
	fleet=$BATS_TEST_TMPDIR/fleet plain=$BATS_TEST_TMPDIR/plain store=$shared limits='{}'
	make_pip_fleet
	mkdir "$plain"
	cd "$plain" || return
	unset OCISMITH_STORE SOURCE_DATE_EPOCH
}

drop_pip() { chmod -R u+rwX "$BATS_FILE_TMPDIR"; }

make_pip_fleet() {
	mkdir -p "$fleet"/{wheels,families.d,app}
	cp /usr/share/python-wheels/pip-*.whl "$fleet/wheels"
	echo 'print()' >"$fleet/app/x.py"
	family '[]'
}

packages() { PYTHONPATH=$tools PYTHONDONTWRITEBYTECODE=1 python3 "$tools/pip-packages.py" "$fleet/wheels" "$@"; }

family() {
	printf 'family: f\nfrom: "oci:%s:debian-python:12"\npip: %s\n%s\n' "$base" "$1" "${2-}" >"$fleet/families.d/f.yaml"
}

service() {
	printf 'fleet: t\nstep_limits: %s\nwheels:\n  find_links: [wheels]\n%s\nservices:\n  S: {family: f, app: {script: app/x.py, files: [app]}, pip: %s}\n' \
		"${limits-{\}}" "${2-}" "$1" >"$fleet/fleet.yaml"
}

locked() {
	python3 - "$fleet/build-lock.json" "$1" <<-'END'
		import json, sys
		lock = json.load(open(sys.argv[1]))
		wheels = {w["file"]: w for w in lock["wheels"]}
		for kind in ("families", "services"):
		    for row in lock[kind]:
		        if row["name"] == sys.argv[2]:
		            print(*("%(name)s==%(version)s" % wheels[f] for f in row.get("wheels", [])))
	END
}

locks() {
	smith lock "${@:3}"
	[ "$status" -eq 0 ] || return
	[ "$(locked f)" = "$1" ] || { locked f; return 1; }
	[ "$(locked S)" = "$2" ] || { locked S; return 1; }
}

findings_of() {
	smith lock
	[ "$status" -eq 3 ] && [[ $stderr == *"$1"* ]]
}

left_none() {
	# by the one directory's name: a file system below it may be mounted elsewhere
	run ! grep -lF "${BATS_RUN_TMPDIR##*/}" /proc/[0-9]*/mountinfo || return
	[ -z "$(ls -A "$store/cache/work")" ] || return
	run ! compgen -G "$store/cache/.tmp-*"
}
