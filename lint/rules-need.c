/* SPDX-License-Identifier: Apache-2.0 */
#include "lint/rules.h"

/* Rules: dependencies and groups. */
const SmithRule smith_rules_need[] = {
	{"agent-in-no-group", SMITH_SEVERITY_WARNING,
	 "a service is in no group, so that nothing starts it",
	 "Units are made of groups. A service that no group lists gets an image and never\n"
	 "runs, and what needs it waits for ever. In a startup configuration with docker\n"
	 "groups this is an error: its launcher starts all agents, the containers only those\n"
	 "of the groups.\n"
	 "\n"
	 "    groups:\n"
	 "      core: {host: mainpc, services: [Registry]}     # and Worker?\n"
	 "\n"
	 "Add the service to the group that it belongs to, or take it out of the fleet. A\n"
	 "fleet without any groups makes images only, and is told nothing.\n"},
	{"agent-in-several-groups", SMITH_SEVERITY_ERROR,
	 "a service is in more than one group of a host",
	 "On one host a service runs once: its container and its unit have its name, and its\n"
	 "ports can be bound once. The same service on two hosts is fine.\n"
	 "\n"
	 "    groups:\n"
	 "      observability: {host: mainpc, services: [Metrics]}\n"
	 "      core:          {host: mainpc, services: [Registry, Metrics]}\n"
	 "\n"
	 "Keep it in one group. A group that is named because its members belong together, and\n"
	 "not because they share a pod, can leave out what another one has.\n"},
	{"dependency-cross-host", SMITH_SEVERITY_WARNING,
	 "what is needed runs on another host only: it is an address, no order",
	 "What is needed runs on another host only. Nothing on this host can wait for it: the\n"
	 "need says that there is an address to talk to, and no unit is ordered by it.\n"
	 "\n"
	 "    services:\n"
	 "      Relay: {needs: [Speech]}         # Relay on pc2, Speech on mainpc\n"
	 "\n"
	 "The program must bear that the other side is not there yet. When it does, write that\n"
	 "down:\n"
	 "\n"
	 "    allow:\n"
	 "      - {rule: dependency-cross-host, subject: Relay, reason: it connects again by "
	 "itself}\n"},
	{"dependency-cycle", SMITH_SEVERITY_ERROR,
	 "services need each other in a circle: none can be the first",
	 "Each of these services waits for another one of them, so that none can be the first.\n"
	 "systemd breaks such a circle by leaving out one of the units, and not always the\n"
	 "same.\n"
	 "\n"
	 "    Interrupts: {needs: [Speech]}\n"
	 "    Speech:     {needs: [Voice]}\n"
	 "    Voice:      {needs: [Interrupts]}\n"
	 "\n"
	 "One of the needs is not one for the start: a program that connects when it has\n"
	 "something to say can begin without its peer. Take that need away. The finding shows\n"
	 "a shortest circle, and says how many services are caught in it and others.\n"},
	{"dependency-disabled", SMITH_SEVERITY_WARNING,
	 "what is needed is switched off by its 'when'",
	 "A service that runs needs one that its 'when' leaves out: there is no unit for that,\n"
	 "the need is dropped, and the program meets nobody at the address.\n"
	 "\n"
	 "    features: {AUDIO: \"false\"}\n"
	 "    Capture:  {when: {AUDIO: \"true\"}}\n"
	 "    Detector: {needs: [Capture]}\n"
	 "\n"
	 "Give both the same 'when', or take the need away.\n"},
	{"dependency-duplicate", SMITH_SEVERITY_WARNING, "a dependency is listed twice",
	 "A dependency is listed twice. Nothing breaks; most often one of the two was to be\n"
	 "another name.\n"
	 "\n"
	 "    needs: [Registry, Twin, Registry]\n"
	 "\n"
	 "Look which one was meant, and remove the other.\n"},
	{"dependency-self", SMITH_SEVERITY_ERROR, "a service needs itself",
	 "A service that waits for itself never starts. Most often this is a copied entry.\n"
	 "\n"
	 "    Twin: {needs: [Registry, Twin]}\n"
	 "\n"
	 "Remove the name from its own list.\n"},
	{"dependency-undefined", SMITH_SEVERITY_ERROR, "what is needed does not exist",
	 "What is needed is not among the services: renamed, retired, or mistyped. Launchers\n"
	 "differ in what they do then; some never start the service, some start it at once.\n"
	 "\n"
	 "    CodeGenerator: {needs: [ModelManager]}      # now ModelCoordinator\n"
	 "\n"
	 "Names are those of the fleet, or their slugs; in a startup configuration they are\n"
	 "exact. Give both machines' files to one 'ocismith check' when a dependency may be on\n"
	 "the other.\n"},
	{"group-cycle", SMITH_SEVERITY_WARNING, "groups need each other both ways",
	 "Services of these groups need each other both ways. That is no error, for units are\n"
	 "ordered by services. But such groups cannot be started or stopped one after the\n"
	 "other.\n"
	 "\n"
	 "    core:   {services: [Registry, Reports]}     # Reports needs Camera\n"
	 "    vision: {services: [Camera]}                # Camera needs Registry\n"
	 "\n"
	 "Move a service to the group that it talks to, or leave it.\n"},
	{"group-duplicate-entry", SMITH_SEVERITY_WARNING, "a group lists a service twice",
	 "A group lists a service twice. It runs once; the second entry was perhaps to be\n"
	 "another.\n"
	 "\n"
	 "    core: {host: mainpc, services: [Registry, Twin, Registry]}\n"
	 "\n"
	 "Look which one was meant, and remove the other.\n"},
	{"group-empty", SMITH_SEVERITY_WARNING, "a group has no services",
	 "A group or a section without entries. Its pod would hold nothing; in a startup\n"
	 "configuration agents have often been lost here, by an indentation that is one step\n"
	 "off.\n"
	 "\n"
	 "    agent_groups:\n"
	 "      emotion_system:\n"
	 "      EmotionEngine: {...}       # a step too far to the left\n"
	 "\n"
	 "Fill it or remove it.\n"},
	{"group-unknown-agent", SMITH_SEVERITY_ERROR, "a group lists what is no service",
	 "A group lists a name that is no service: its container would start without it.\n"
	 "\n"
	 "    vision: {host: mainpc, services: [FaceRecognition]}     # FaceRecognitionAgent\n"
	 "\n"
	 "Groups list services by the names that they have in 'services'.\n"},
	{"provided-unreachable", SMITH_SEVERITY_NOTE,
	 "a group cannot reach a service that provides variables to all units",
	 "A service 'provides' variables to all units that can reach it. Those of this group\n"
	 "cannot, and so do not have them; a program that looks for one will miss it.\n"
	 "\n"
	 "    redis: {ports: {service: {port: 6379, publish: false}}, provides: {REDIS_URL: ...}}\n"
	 "    edge:  {host: mainpc, mode: host, services: [Camera]}   # not on redis's network\n"
	 "\n"
	 "Publish the port, give the other host an address, or allow the finding where nobody\n"
	 "needs the variables.\n"},
	{"required-depends-on-optional", SMITH_SEVERITY_WARNING,
	 "a required service needs one that is not required",
	 "A required service needs one with 'required: false'. When that one fails the\n"
	 "required one starts nevertheless, for a need of what is optional is no requirement.\n"
	 "\n"
	 "    Reports: {needs: [Metrics]}          # required, as all that do not say otherwise\n"
	 "    Metrics: {required: false}\n"
	 "\n"
	 "Either the program can do without it, then the need may go; or it cannot, then what\n"
	 "it needs is required, too.\n"},
	{"service-unreachable", SMITH_SEVERITY_ERROR,
	 "a value names a service that cannot be reached from there",
	 "A value asks for the address or the port of a service, ${Registry.address}, and from\n"
	 "where it is used there is no way: the other one is in no group, publishes no port on\n"
	 "another host, or its host has no 'address'.\n"
	 "\n"
	 "    hosts:\n"
	 "      mainpc: {address: 192.0.2.10}\n"
	 "\n"
	 "Publish the port, give the host an address, or write the value by hand.\n"},
	{0},
};
