#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# examples/ai-fleet as a whole: checked, locked, built and made into units for both hosts, with a tiny base in place
# of the three upstream ones and tiny wheels in place of the real ones; and held against the blueprint's table.
# Debian packages: bats, jq, python3, python3-yaml, python3-zmq, iproute2, util-linux.

# shellcheck disable=SC2030,SC2031,SC2034  # a test changes its own variables, lib.bash reads them

bats_require_minimum_version 1.5.0
load lib

example=$(realpath "$BATS_TEST_DIRNAME/../../examples/ai-fleet")

setup_file() {
	local ai=$BATS_FILE_TMPDIR/ai
	cp -r "$example" "$ai"
	python3 "$tools/tiny-base.py" "$ai/base"
	PYTHONPATH=$tools PYTHONDONTWRITEBYTECODE=1 python3 "$tools/stub-wheels.py" "$ai/wheels" "$ai"/requirements/*.txt
	{
		echo 'mirrors:'
		sed -n 's/^from: \(docker.io.*\)/  "\1": "oci:base:tiny:1"/p' "$ai"/families.d/*.yaml
	} >>"$ai/fleet.yaml"
	"$ocismith" --progress none -C "$ai" --store "$BATS_FILE_TMPDIR/store" lock >&2
}

setup() {
	fleet=$BATS_FILE_TMPDIR/ai store=$BATS_FILE_TMPDIR/store
	unset OCISMITH_STORE SOURCE_DATE_EPOCH
	cd "$BATS_TEST_TMPDIR" || return
}

# agree FLEET CHECK [ARGUMENT...]: see ai-fleet.py
agree() {
	PYTHONDONTWRITEBYTECODE=1 run /usr/bin/python3 "$tools/ai-fleet.py" "$@"
	echo "$output"
	[ "$status" -eq 0 ]
}

@test "check finds no error, in the example as it is and in the one that is built" {
	for fleet in "$example" "$fleet"; do
		smith check
		[ "$status" -eq 0 ]
		[[ $stderr != *error:* ]]
	done
}

@test "check finds nothing in the examples that is not explained" {
	smith check --strict --format json
	echo "$stderr"
	[ "$status" -eq 0 ]
	# the stand-ins import nothing of what the real programs do
	jq -e 'all(.severity == "note" and .rule == "requirement-unused")' <<<"$output"
	# as they are, only their locks are missing; what is allowed has reasons
	for fleet in "$example" "$example/../hello"; do
		smith check --format json
		[ "$status" -eq 0 ]
		jq -e 'map(.rule) == ["no-lock"]' <<<"$output"
	done
	python3 - "$example/fleet.yaml" <<-'END'
		import sys, yaml
		fleet = yaml.safe_load(open(sys.argv[1]))
		assert fleet["allow"] and all(len(one["reason"]) > 10 for one in fleet["allow"])
		for name, service in fleet["services"].items():
		    assert all(service.get("loosen", {}).values()), name
		    # a class, or the service itself, says how its health is asked
		    health = service.get("health") or fleet["classes"][service["class"]]["health"]
		    assert set(health) & {"http", "tcp", "zmq", "grpc", "exec"}, name
	END
}

@test "where a host has no sound, programs are told" {
	smith units --output "$PWD/units"
	[ "$status" -eq 0 ]
	for name in real-time-audio-pipeline streaming-tts-agent; do
		grep -q '^AddDevice=/dev/snd$' "units/mainpc/$name.container"
		! grep -q AUDIO_BACKEND "units/mainpc/$name.container" || false
	done
	grep -q '^Environment=AUDIO_BACKEND=dummy$' units/pc2/real-time-audio-pipeline-pc2.container
	! grep -q AddDevice=/dev units/pc2/real-time-audio-pipeline-pc2.container || false
}

@test "the families of the project are those of the example" {
	[ "$(realpath "$example/../../families.d")" = "$example/families.d" ]
	families=("$example"/families.d/*.yaml)
	[ "${#families[@]}" -eq 10 ]
}

@test "every service has an image" {
	smith build
	[ "$status" -eq 0 ]
	smith --format json images
	[ "$status" -eq 0 ]
	agree "$fleet" images <(echo "$output")
	[ -z "$output" ]
}

@test "both hosts have a unit for every service that its feature does not turn off" {
	cp -r "$fleet" other
	for rtap in true false; do
		fleet=other
		sed -i "s/^  RTAP_ENABLED: \"[a-z]*\"/  RTAP_ENABLED: \"$rtap\"/" "$fleet/fleet.yaml"
		smith units --output "$PWD/$rtap"
		[ "$status" -eq 0 ]
		agree "$fleet" units "$rtap" "$rtap"
		[ -z "$output" ]
	done
	[ -n "$(diff -rq true false)" ]
}

@test "every unit has the standard variables" {
	local file name
	smith units --output "$PWD/units"
	[ "$status" -eq 0 ]
	for file in units/*/*.container; do
		for name in MACHINE_TYPE MAINPC_IP PC2_IP REDIS_URL NATS_SERVERS PROJECT_ROOT CONTAINER_MODE; do
			case $name-$file in REDIS_URL-*/redis.container | NATS_SERVERS-*/nats.container) continue ;; esac
			grep -q "^Environment=$name=." "$file" || grep -q "^$name=." "${file%/*}/machine.env" ||
				{ echo "$file has no $name" && false; }
		done
	done
	grep -q '^Environment=REDIS_URL=redis://127.0.0.1:6379/0$' units/mainpc/self-healing-supervisor.container
}

# the service, what of it, and why it is not what the table says; fleet.yaml has the reasons beside the lines, too
deviations() {
	cat <<-'END'
		RealTimeAudioPipeline	machine	its other name, which the table has as well, is the one of pc2
		AdvancedCommandHandler	health	6710 is NLUAgent's HTTP
		Responder	health	6637 is FeedbackHandler's HTTP
		MoodTrackerAgent	health	its HTTP would be on 6705, HumanAwarenessAgent's health
		AsyncProcessor	health	8101 is TieredResponder's HTTP, and its own would be CacheManager's health
		StreamingTranslationProxy	health	one ASGI server, which has /health: nobody binds 6596
		ObservabilityDashboardAPI	health	one ASGI server, which has /health: nobody binds 9007
		CentralErrorBus	health	a publisher without HTTP: nobody binds 8150
		SpeechRelayService	health	its metrics are its health: nobody binds 8130
	END
}

@test "machines, families and ports are those of the blueprint's table, or listed with the reason" {
	agree "$example" table "$BATS_TEST_DIRNAME/../data/fleet/seed-table.tsv" <(deviations)
	[ -z "$output" ]
}

@test "the fleet has all that the configurations have" {
	agree "$example" count
	[ "$output" = "69 programs, 72 times, 65 of the base class; 2 upstream images
both hosts: MemoryFusionHub UnifiedObservabilityCenter SelfHealingSupervisor
modes: host pod supervised" ]
}

@test "each stand-in binds the ports that the fleet says" {
	agree "$example" stubs
	[ -z "$output" ]
}

@test "the programs of a pod start together and answer" {
	unshare -rn true || skip "no network namespace for this user"
	run unshare -rn /usr/bin/python3 -B "$tools/ai-fleet.py" "$example" run core-hubs language-stack speech-gpu \
		async-pipeline vision-dream-gpu error-bus self-healing
	echo "$output"
	[ "$status" -eq 0 ]
	[ -z "$output" ]
}

# free N: that many ports that nobody has
free() {
	python3 -c 'import socket, sys
held = [socket.create_server(("", 0)) for _ in range(int(sys.argv[1]))]
print(*(s.getsockname()[1] for s in held))' "$1"
}

# get PORT: what a stand-in answers there, as soon as it does
get() {
	python3 -c 'import http.client, sys, time
for _ in range(100):
    try:
        c = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=5)
        c.request("GET", "/health")
        print(c.getresponse().read().decode())
        break
    except OSError:
        time.sleep(0.05)' "$1"
}

# ended PID: waits a second for it
ended() {
	for _ in {1..20}; do
		kill -0 "$1" 2>/dev/null || return 0
		sleep 0.05
	done
	return 1
}

@test "a stand-in answers, writes its log and ends at once" {
	read -r first second < <(free 2)
	mkdir logs
	PYTHONPATH=$example PROJECT_ROOT=$PWD PYTHONDONTWRITEBYTECODE=1 python3 -m stub.agent --name Some \
		--port "$first" "http:--port" "tcp:$second" >out 2>&1 3>&- &
	agent=$!
	[ "$(get "$first")" = '{"status": "ok", "name": "Some", "machine": ""}' ]
	(: </dev/tcp/127.0.0.1/"$second")
	kill "$agent"
	ended "$agent"
	wait "$agent"
	[ "$(<logs/Some.log)" = "listens on $first, $second
stops" ]
	PYTHONPATH=$example run python3 -B -m stub.agent --name Some http:--port
	[ "$status" -eq 1 ]
	[ "$output" = "Some: --port is missing" ]
}

@test "the supervisor starts in order, starts again, and ends all" {
	read -r a b c d < <(free 4)
	printf 'from stub.agent import run\n\nrun("Program", "tcp:--port", "http:--health-port")\n' >program.py
	cat >group.yaml <<-END
		agents:
		- {name: Second, script_path: program.py, args: [--port, "$a", --health-port, "$b"], dependencies: [First]}
		- {name: First, module: program, args: [--port, "$c", --health-port, "$d"], required: true, dependencies: []}
	END
	PYTHONPATH=$example:$PWD PROJECT_ROOT=$PWD python3 -B "$example/stub/supervisor.py" --config group.yaml >out 2>&1 3>&- &
	supervisor=$!
	[ -n "$(get "$b")" ]
	[ -n "$(get "$d")" ]
	mapfile -t lines < <(sed -n 's/^supervisor: \(.*\) is \(.*\)/\1 \2/p' out)
	[[ ${lines[0]} == "First "* && ${lines[1]} == "Second "* ]]
	kill -KILL "${lines[1]#* }"
	ended "${lines[1]#* }"
	[ -n "$(get "$b")" ]
	kill "$supervisor"
	ended "$supervisor"
	wait "$supervisor"
	[ "$(grep -c ' ended with 0$' out)" -eq 2 ]
	grep -q 'Second ended with -9' out
}
