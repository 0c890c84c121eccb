/* SPDX-License-Identifier: Apache-2.0 */
#include "lint/rules.h"

/* Rules: what is written in the fleet's files, before it means anything. */
const SmithRule smith_rules_file[] = {
	{"allow-expired", SMITH_SEVERITY_WARNING,
	 "the last day of an entry in 'allow' is past: its findings are back",
	 "An entry of the fleet's 'allow' list held until a day, and that day is past. The\n"
	 "findings that it took away are told again, until somebody has looked at them anew.\n"
	 "\n"
	 "    allow:\n"
	 "      - {rule: user-root, subject: Camera, reason: needs raw sockets, until: "
	 "2027-01-31}\n"
	 "\n"
	 "Mend what the rule is about, or move the day and say why.\n"},
	{"allow-invalid", SMITH_SEVERITY_ERROR,
	 "an entry in 'allow' names no rule, or one that cannot be allowed, or no day",
	 "An entry of 'allow' names a rule that does not exist, one that cannot be allowed, or a\n"
	 "day that is none. It takes nothing away, so that a slip does not hide findings.\n"
	 "\n"
	 "    allow:\n"
	 "      - {rule: user-rot, reason: raw sockets}       # user-root\n"
	 "\n"
	 "'ocismith check --rules' lists the rules. Those that cannot be allowed say that\n"
	 "nothing can be built or started: a name that nothing has, a value that cannot be "
	 "read.\n"},
	{"allow-unused", SMITH_SEVERITY_NOTE, "an entry in 'allow' matches no finding",
	 "An entry of 'allow' matches no finding: what it was for is mended, or its subject has\n"
	 "another name now. Such entries hide the next finding of their kind.\n"
	 "\n"
	 "    allow:\n"
	 "      - {rule: hardcoded-ip, subject: Registry, reason: one switch has no name}\n"
	 "\n"
	 "Remove the entry, or correct its subject. A subject stands for all that is below it:\n"
	 "'Registry' also for 'Registry.env.PEER'.\n"},
	{"bad-name", SMITH_SEVERITY_ERROR,
	 "a name cannot be part of what is made of it: an image, a unit, a host name",
	 "Names become parts of images, units, volumes and host names, where only some\n"
	 "characters are legal. Services and groups are written in lower case with '-' between\n"
	 "words, and must have from 1 to 63 letters and digits then; families are written as\n"
	 "they are.\n"
	 "\n"
	 "    families.d/Web.yaml:  family: Web       # family: web\n"
	 "    hosts: {../pc: {}}                      # hosts: {pc: {}}\n"
	 "\n"
	 "Choose a name of letters and digits, with '-', '_' or '.' between them.\n"
	 "\n"
	 "A variable cannot be called PORT_OFFSET: that is the 'port_offset' of the host.\n"},
	{"bad-value", SMITH_SEVERITY_ERROR, "a value is not one of those that its key takes",
	 "A key has a value that it does not take: a word that is none of its words, a size, a\n"
	 "duration, a version or a URL that is none, or two things that exclude each other.\n"
	 "\n"
	 "    restart: never          # always, on-failure or no\n"
	 "    limits: {memory: lots}  # 512M, 2GiB\n"
	 "\n"
	 "The finding says what was expected; docs/formats.md has all keys.\n"},
	{"duplicate-name", SMITH_SEVERITY_ERROR, "two families have one name",
	 "Two files of families.d define a family of one name, and only one of them can hold.\n"
	 "Which one would depend on the order in which they are read.\n"
	 "\n"
	 "    families.d/web.yaml:  family: web\n"
	 "    families.d/old.yaml:  family: web\n"
	 "\n"
	 "Give one of them another name, in 'family' and in the name of its file.\n"},
	{"env-name", SMITH_SEVERITY_ERROR, "a key of env is no name of an environment variable",
	 "A key of 'env' cannot be the name of an environment variable: it is empty, or holds\n"
	 "'=' or white space. Programs would see another variable, or none.\n"
	 "\n"
	 "    env: {\"LOG LEVEL\": info}        # LOG_LEVEL: info\n"
	 "\n"
	 "Use letters, digits and '_'.\n"},
	{"expression-invalid", SMITH_SEVERITY_ERROR, "an expression cannot be read or evaluated",
	 "An expression cannot be read: a '${' without its end, a sum that holds no number, a\n"
	 "condition that is none.\n"
	 "\n"
	 "    ports: {service: \"${PORT_OFFSET+7200\"}     # \"${PORT_OFFSET}+7200\"\n"
	 "    when: \"${RTAP_ENABLED} = true\"             # \"${RTAP_ENABLED} == 'true'\"\n"
	 "\n"
	 "'${NAME}' and '${NAME:-default}' are variables, '$$' is a dollar sign. In ports the\n"
	 "result is a sum of numbers, in 'required' and 'when' it is true, false, A == 'B' or A\n"
	 "!= 'B'.\n"},
	{"family-auto", SMITH_SEVERITY_ERROR,
	 "no family has what a service of 'family: auto' needs",
	 "A service says 'family: auto', and no family has what its program imports: the\n"
	 "smallest one that has all of it would have been taken.\n"
	 "\n"
	 "    Worker: {family: auto, app: {script: worker.py}}    # imports redis\n"
	 "\n"
	 "Add what is missing to the service's own 'pip' or to a family, or name the family that\n"
	 "you mean. Imports inside of try and of functions are not asked for.\n"},
	{"family-cycle", SMITH_SEVERITY_ERROR, "a family is derived from itself",
	 "A family is derived from itself, by its own 'from' or by way of others. Then it has no\n"
	 "base image, and there is nothing to begin with.\n"
	 "\n"
	 "    families.d/a.yaml:  from: b\n"
	 "    families.d/b.yaml:  from: a\n"
	 "\n"
	 "One of them must come from an image, or from a family that does.\n"},
	{"family-file", SMITH_SEVERITY_ERROR, "a family stands in a file of another name",
	 "A family stands in a file of another name. Who looks for it by its name does not find\n"
	 "it, and two files may define the same one.\n"
	 "\n"
	 "    families.d/web.yaml:  family: family-web\n"
	 "\n"
	 "Rename the file to families.d/NAME.yaml, or the family.\n"},
	{"missing-key", SMITH_SEVERITY_ERROR, "a key that must be there is left out",
	 "Something is left out that has no default: nobody can know what was meant.\n"
	 "\n"
	 "    services:\n"
	 "      Worker: {family: web}         # what does it run? app: {script: worker.py}\n"
	 "\n"
	 "Every service has a 'family' and an 'app', or an 'image'; every group has a 'host' and\n"
	 "'services'; a supervised group has a 'family' and a 'supervisor', too.\n"},
	{"no-lock", SMITH_SEVERITY_WARNING, "there is no lock, or one that cannot be read",
	 "There is no build-lock.json, or it is one that cannot be read. Images are built from\n"
	 "what the lock says, and from nothing else.\n"
	 "\n"
	 "    $ ocismith lock\n"
	 "\n"
	 "Run it once the fleet has no errors, and commit the file with the fleet.\n"},
	{"out-of-range", SMITH_SEVERITY_ERROR, "a number is outside of the range of its key",
	 "A number is smaller or larger than its key takes.\n"
	 "\n"
	 "    hosts: {mainpc: {port_offset: 70000}}      # from 0 to 60000\n"
	 "\n"
	 "The finding says the range.\n"},
	{"same-image", SMITH_SEVERITY_ERROR, "two images would have one name",
	 "Two images would have the same name, and the second would take the place of the first:\n"
	 "those of two services, of a service and a family, or of a service on a host ('web' on\n"
	 "host 'a') and a service called so ('web-a').\n"
	 "\n"
	 "    services: {WebAgent: {...}, web_agent: {...}}\n"
	 "\n"
	 "Rename one of them. Names of images are written in lower case, with '-' between "
	 "words.\n"},
	{"same-name", SMITH_SEVERITY_ERROR,
	 "two pods, containers or units of one host would have one name",
	 "On one host podman has one space of names for pods and containers, and systemd one for\n"
	 "what is made of all units. Two of this fleet's would be the same, and the second would\n"
	 "not start.\n"
	 "\n"
	 "    groups: {core: {host: a, services: [Core]}}     # a pod and a container 'core'\n"
	 "\n"
	 "Rename the group or the service. A pod also takes NAME-infra and NAME-pod.\n"},
	{"stale-lock", SMITH_SEVERITY_WARNING,
	 "the lock was made of other inputs than the fleet has now",
	 "The lock was made of other requirements, families or bases than the fleet has now. A\n"
	 "build would make something else than what is written, so it refuses with status 4.\n"
	 "\n"
	 "    build-lock.json: requirements of service 'Registry': redis==5.0.1 is new\n"
	 "\n"
	 "Run 'ocismith lock' and look at what it changes, as at code.\n"},
	{"unknown-class", SMITH_SEVERITY_ERROR,
	 "a service's class is not among the fleet's classes",
	 "A service's 'class' is not among the fleet's 'classes', so that none of its defaults\n"
	 "hold: not its health check, not the ports that it binds implicitly.\n"
	 "\n"
	 "    classes: {BaseAgent: {...}}\n"
	 "    services: {Worker: {class: BaseAgnt}}\n"
	 "\n"
	 "Correct the name, or add the class.\n"},
	{"unknown-family", SMITH_SEVERITY_ERROR, "a family that does not exist is named",
	 "A family is named that no file of families.d defines, and that is no image reference\n"
	 "either.\n"
	 "\n"
	 "    services: {Worker: {family: family-wbe}}\n"
	 "\n"
	 "Correct the name, or add families.d/NAME.yaml. An image that is called like this is\n"
	 "written with its registry: 'docker.io/library/python:3.11-slim'.\n"},
	{"unknown-host", SMITH_SEVERITY_ERROR, "a host that does not exist is named",
	 "A group or a service names a host that is not among 'hosts': its units would be for\n"
	 "nobody.\n"
	 "\n"
	 "    groups: {core: {host: mainpx, services: [Registry]}}\n"
	 "\n"
	 "Correct the name, or add the host.\n"},
	{"unknown-key", SMITH_SEVERITY_ERROR, "a key that means nothing, mostly a misspelt one",
	 "A key means nothing here. Most are misspelt, or stand one level too deep or too high;\n"
	 "the value is not used, which is the worst that can happen to it without a word.\n"
	 "\n"
	 "    services: {Web: {port: 8080}}       # ports: {service: 8080}\n"
	 "\n"
	 "The finding names the nearest key that there is; docs/formats.md has all of them.\n"},
	{"variable-undefined", SMITH_SEVERITY_ERROR,
	 "a variable has no value on this host, and no default",
	 "An expression uses a variable that has no value on this host and no default. Launchers\n"
	 "often put nothing, or 0, in its place; then all ports are those of another machine.\n"
	 "\n"
	 "    hosts: {mainpc: {variables: {HUB: \"http://192.0.2.10:9100\"}}, pc2: {}}\n"
	 "    env: {HUB: \"${HUB}\"}            # of a service that runs on both\n"
	 "\n"
	 "Define it for the host, in the fleet's 'variables', or write '${NAME:-default}'.\n"},
	{"wrong-type", SMITH_SEVERITY_ERROR, "a value is of another type than its key takes",
	 "A value is of another type than its key takes: a list where a map is expected, a text\n"
	 "for a number, a number for a text.\n"
	 "\n"
	 "    read_only: \"no\"         # a text: false\n"
	 "    ports: [8080]           # a map of names: {service: 8080}\n"
	 "\n"
	 "Texts that look like numbers or like true and false stand in quotes.\n"},
	{"yaml-duplicate-key", SMITH_SEVERITY_ERROR,
	 "a key occurs twice in one map; readers keep the last one without a word",
	 "A key occurs twice in one map. Readers of YAML keep the last one and forget the first,\n"
	 "with all that was in it: agents have vanished from configurations in this way.\n"
	 "\n"
	 "    groups:\n"
	 "      emotion: {services: [Mood, Tone]}\n"
	 "      emotion: {services: [Empathy]}\n"
	 "\n"
	 "Join them, or rename one.\n"},
	{"yaml-parse-error", SMITH_SEVERITY_ERROR, "a file cannot be read, or is no YAML",
	 "A file cannot be read: it is missing, too large, or no YAML. The place is where the\n"
	 "reader gave up; what is wrong often stands a line or two above.\n"
	 "\n"
	 "    services:\n"
	 "      Web: {family: web, app: {script: web.py}\n"
	 "      Worker: {family: web}\n"
	 "\n"
	 "Look for brackets and quotes that are not closed, and for tabs. Anchors work; tags and\n"
	 "merge keys ('<<') do not.\n"},
	{0},
};
