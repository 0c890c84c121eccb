/* SPDX-License-Identifier: Apache-2.0 */
#include "lint/rules.h"

/* Rules: the shape of startup configurations, and entry scripts. */
const SmithRule smith_rules_startup[] = {
	{"agent-duplicate", SMITH_SEVERITY_ERROR, "an agent is defined more than once on one host",
	 "An agent is defined more than once on one host, in two groups or twice in a list.\n"
	 "Which one is started depends on who reads the file.\n"
	 "\n"
	 "    pc2_services:\n"
	 "      - {name: Memory, port: 7140}\n"
	 "      - {name: Memory, port: 7141}\n"
	 "\n"
	 "Keep the one that is meant.\n"},
	{"agent-missing-field", SMITH_SEVERITY_ERROR, "an agent lacks its script_path or its port",
	 "An agent has no script_path or no port: a launcher cannot start it, or nobody finds\n"
	 "it.\n"
	 "\n"
	 "    Worker: {port: 7300, required: true}\n"},
	{"agent-near-duplicate", SMITH_SEVERITY_WARNING, "two names differ in their spelling only",
	 "Two names differ in their case or punctuation only. Images, units and host names\n"
	 "know neither, and people take the one for the other.\n"
	 "\n"
	 "    GoalManager: {...}\n"
	 "    goal_manager: {...}\n"
	 "\n"
	 "Keep one spelling.\n"},
	{"agent-without-name", SMITH_SEVERITY_ERROR, "an agent of a list has no name",
	 "An agent of a list has no name, so that nothing can depend on it and no group can\n"
	 "list it.\n"
	 "\n"
	 "    pc2_services:\n"
	 "      - {script_path: a.py, port: 7100}\n"},
	{"agents-nested-in-group", SMITH_SEVERITY_ERROR,
	 "a group inside a group: its agents are lost",
	 "A group stands inside another one. Launchers look one level down, so that they take\n"
	 "the inner group for an agent, and its agents are never started. It is one step of\n"
	 "indentation.\n"
	 "\n"
	 "    agent_groups:\n"
	 "      foundation:\n"
	 "        Registry: {...}\n"
	 "        utility:                 # belongs one step to the left\n"
	 "          Worker: {...}\n"},
	{"dependencies-missing", SMITH_SEVERITY_NOTE, "an agent does not say its dependencies",
	 "An agent does not say its dependencies. Launchers take none; '[]' says that this is\n"
	 "meant.\n"
	 "\n"
	 "    Worker: {script_path: worker.py, port: 7300, dependencies: []}\n"},
	{"dependencies-null", SMITH_SEVERITY_WARNING, "the dependencies of an agent are null",
	 "The dependencies of an agent are null: a key without a value. Programs that go\n"
	 "through the list stop there.\n"
	 "\n"
	 "    dependencies:            # dependencies: []\n"},
	{"docker-groups-misnested", SMITH_SEVERITY_ERROR,
	 "docker_groups stands inside of agent_groups",
	 "docker_groups, or one of its members, stands inside of agent_groups: launchers see a\n"
	 "group of agents named 'agents' and 'description', and whoever looks for docker\n"
	 "groups sees none.\n"
	 "\n"
	 "    agent_groups:\n"
	 "      foundation: {...}\n"
	 "      docker_groups:             # belongs to the top level\n"
	 "        core: {description: ..., agents: [...]}\n"
	 "\n"
	 "Move it two steps to the left. The other rules take it as a docker group\n"
	 "nevertheless.\n"},
	{"group-member-not-agent", SMITH_SEVERITY_ERROR,
	 "a member of a group of agents is no agent",
	 "A member of a group of agents is no agent: it has neither a script_path nor a port.\n"
	 "\n"
	 "    agent_groups:\n"
	 "      foundation:\n"
	 "        Registry: {script_path: registry.py, port: 7200}\n"
	 "        notes: to be moved\n"
	 "\n"
	 "Move it elsewhere, or write the fields that are missing.\n"},
	{"list-element-not-agent", SMITH_SEVERITY_ERROR,
	 "an element of a list of agents is no agent",
	 "An element of a list of agents is a name or a list, where a map with name and\n"
	 "script_path is expected. Launchers skip it or stop.\n"
	 "\n"
	 "    core_agents: [registry.py]      # - {name: Registry, script_path: registry.py, "
	 "...}\n"},
	{"required-missing", SMITH_SEVERITY_NOTE, "an agent does not say whether it is required",
	 "An agent does not say whether it is required. Launchers differ in what they take\n"
	 "then.\n"
	 "\n"
	 "    Worker: {script_path: worker.py, port: 7300, required: true}\n"},
	{"required-not-boolean", SMITH_SEVERITY_ERROR, "'required' is neither true nor false",
	 "'required' is a text, perhaps an expression that nobody evaluates. A text that is\n"
	 "not empty is true to a program in Python, also 'false'.\n"
	 "\n"
	 "    required: \"${AUDIO:-false} == 'false'\"\n"
	 "\n"
	 "In a startup configuration write true or false. A fleet evaluates it, and for what\n"
	 "runs under conditions it has 'when'.\n"},
	{"script-case-mismatch", SMITH_SEVERITY_ERROR,
	 "a script is there under a name in other case",
	 "The entry script is there under a name in other case. On a file system that does not\n"
	 "mind it starts, in a container it does not.\n"
	 "\n"
	 "    script_path: agents/Registry.py         # agents/registry.py\n"},
	{"script-missing", SMITH_SEVERITY_ERROR, "an entry script does not exist",
	 "The entry script does not exist: the image is built without it and its container\n"
	 "stops at once. Paths are relative to the fleet's directory, or to the root of the\n"
	 "sources above a startup configuration.\n"
	 "\n"
	 "    app: {script: agents/registy.py, files: [agents]}\n"},
	{"script-path-not-root-relative", SMITH_SEVERITY_WARNING,
	 "an entry script is found below another directory only",
	 "The entry script is found below one of the directories of the sources only. A\n"
	 "launcher that changes to that directory finds it, all others do not.\n"
	 "\n"
	 "    script_path: agents/registry.py         # main_pc_code/agents/registry.py\n"},
	{"script-shared", SMITH_SEVERITY_NOTE, "several services run the same script",
	 "Several services run the same script with the same arguments. That is right when\n"
	 "they are told apart by their environment, and a copied line when they are not.\n"
	 "\n"
	 "    ChitchatAgent: {script_path: agents/nlu.py}     # that of NLUAgent\n"},
	{"script-syntax-error", SMITH_SEVERITY_ERROR, "a program does not parse",
	 "A program does not parse: it stops with a SyntaxError before its first line has run,\n"
	 "in the image as on the machine. What it imports is not known either.\n"
	 "\n"
	 "    if ready\n"
	 "        start()          # expected ':'\n"
	 "\n"
	 "'python3 -m py_compile FILE' says the same with the interpreter's own words.\n"},
	{"startup-unknown-shape", SMITH_SEVERITY_ERROR, "a startup configuration has no agents",
	 "The file has no agents: neither 'agent_groups' nor a list of maps with name and\n"
	 "script_path. What 'ocismith check FILE' reads are startup configurations; a fleet is\n"
	 "checked from its directory, without a file.\n"
	 "\n"
	 "    $ ocismith -C examples/ai-fleet check\n"},
	{"variable-without-default", SMITH_SEVERITY_WARNING,
	 "a variable that is defined nowhere has no default",
	 "A value uses a variable that the file defines nowhere and that has no default. Where\n"
	 "the environment lacks it the program gets an empty text, or the '${...}' as it\n"
	 "stands.\n"
	 "\n"
	 "    endpoint: ${MAINPC_HUB}         # ${MAINPC_HUB:-http://mainpc:9100}\n"},
	{0},
};
