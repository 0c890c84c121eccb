/* SPDX-License-Identifier: Apache-2.0 */
#include "lint/rules.h"

/* Rules: ports and health. */
const SmithRule smith_rules_port[] = {
	{"health-kind", SMITH_SEVERITY_WARNING,
	 "the health check speaks another protocol than its port answers",
	 "The health check speaks a protocol that its port does not answer: an HTTP request to\n"
	 "a ZeroMQ socket waits until it times out, and the container is unhealthy for ever.\n"
	 "\n"
	 "    ports:  {service: 7200, health: 8200}       # a REP socket\n"
	 "    health: {http: /health, port: health}\n"
	 "\n"
	 "Agents of a base class often answer JSON over ZeroMQ at the health port, and HTTP at\n"
	 "the next one. Say what is there: 'health: {zmq: true, port: health}'.\n"},
	{"health-path", SMITH_SEVERITY_ERROR, "the path of an http health check is none",
	 "An HTTP health check asks for a path, which begins with '/' and holds no white\n"
	 "space.\n"
	 "\n"
	 "    health: {http: health}         # http: /health\n"},
	{"health-port-missing", SMITH_SEVERITY_WARNING,
	 "an agent does not say its health_check_port",
	 "An agent of a startup configuration says no health_check_port, so that nobody knows\n"
	 "where to ask. Many launchers then take the port and 1, the base class of the agents\n"
	 "another.\n"
	 "\n"
	 "    Worker: {script_path: worker.py, port: 7300}\n"
	 "\n"
	 "Write the number that the program really binds.\n"},
	{"health-port-rule", SMITH_SEVERITY_WARNING,
	 "the health port is not the port plus 1000, as all others have it",
	 "Most services of this fleet have their health port at the port and 1000. Those that\n"
	 "have not are forgotten by everything that computes one from the other: dashboards,\n"
	 "scripts, firewalls. In a startup configuration the rule holds without being counted.\n"
	 "\n"
	 "    ports: {service: 9100, health: 9110}\n"
	 "\n"
	 "Move the health port, or allow the finding with the reason.\n"},
	{"health-port-unbound", SMITH_SEVERITY_ERROR,
	 "the health check asks a port that the service does not have",
	 "The health check asks a port that the service does not have, so that it never\n"
	 "succeeds.\n"
	 "\n"
	 "    ports:  {service: 7200, rest: 8200}\n"
	 "    health: {http: /health, port: health}        # rest\n"
	 "\n"
	 "'port' is one of the names in 'ports' or 'implicit_ports'; it can be left out when\n"
	 "there is one port only.\n"},
	{"health-upstream", SMITH_SEVERITY_ERROR,
	 "an upstream image has a health check that only images of ours can run",
	 "A check by http, tcp, zmq or grpc is made by oci-probe, which is added to the images\n"
	 "that ocismith builds, and which an upstream image does not have.\n"
	 "\n"
	 "    redis: {image: docker.io/library/redis:7, health: {tcp: true, port: service}}\n"
	 "\n"
	 "Say a command that is in the image: 'health: {exec: [redis-cli, ping]}'. It succeeds\n"
	 "with exit status 0.\n"},
	{"offset-on-shared-service", SMITH_SEVERITY_WARNING,
	 "PORT_OFFSET is added to the port of a service that is not the fleet's own",
	 "The offset moves the fleet's own sockets, so that two fleets fit on one host. A\n"
	 "redis or a broker that is shared, or an image of others that is told of nothing,\n"
	 "stays where it is: with an offset the programs ask an empty port.\n"
	 "\n"
	 "    redis: {host: redis, port: \"${PORT_OFFSET}+6379\"}\n"
	 "\n"
	 "Write the number alone; for an upstream image leave out 'offset: true'.\n"},
	{"port-duplicate", SMITH_SEVERITY_ERROR,
	 "two services bind one port in one network namespace, or publish one on one host",
	 "In one network namespace a port can be bound once: the second program fails with\n"
	 "\"address already in use\", and is started again and again. All services of a pod\n"
	 "share one namespace, as do all that are on the host's own network, and a supervised\n"
	 "container; what pods publish is on the host's addresses.\n"
	 "\n"
	 "    Unified:  {ports: {service: 7201, health: 8201}}\n"
	 "    Registry: {ports: {service: 7200, health: 8200}, implicit_ports: {http: health+1}}\n"
	 "\n"
	 "Here 8201 is bound twice, and one of them nobody wrote down. Move one of the ports,\n"
	 "or put the services into different pods.\n"},
	{"port-duplicate-within-agent", SMITH_SEVERITY_WARNING,
	 "one service says one number for two ports",
	 "One service says one number for two of its ports. Often both are bound, by the base\n"
	 "class and by the server inside, and the second fails. When it is one socket under\n"
	 "two names, one of them is enough.\n"
	 "\n"
	 "    MemoryHub: {port: 5713, config: {zmq_port: 5713}}\n"},
	{"port-equals-health-port", SMITH_SEVERITY_ERROR,
	 "the port and the health port are one number",
	 "Port and health port of a service are one number: two sockets that cannot both be\n"
	 "bound.\n"
	 "\n"
	 "    ports: {service: 8080, health: 8080}\n"
	 "\n"
	 "When the service answers its health check on its own port, leave out the second\n"
	 "port: 'health: {http: /health, port: service}'.\n"},
	{"port-hardcoded-no-offset", SMITH_SEVERITY_WARNING,
	 "a literal port is bound where all others move with PORT_OFFSET",
	 "Other ports of this file move with PORT_OFFSET, this literal address does not: with\n"
	 "an offset the socket stays where it is, and two fleets on one host bind it both.\n"
	 "\n"
	 "    pub_address: \"tcp://*:5560\"\n"
	 "\n"
	 "Make the number an expression too, or let the program take it from its port.\n"},
	{"port-invalid", SMITH_SEVERITY_ERROR, "a port is neither a number nor a sum of numbers",
	 "A port is a number, or a sum of numbers and variables.\n"
	 "\n"
	 "    port: ${PORT_OFFSET}+7200       # good\n"
	 "    port: ${PORT_OFFSET}7200        # \"07200\": not what is meant\n"
	 "    implicit_ports: {http: health+1}\n"},
	{"port-out-of-range", SMITH_SEVERITY_ERROR, "a port is not from 1 to 65535",
	 "Ports are from 1 to 65535, also after the host's offset has been added.\n"
	 "\n"
	 "    hosts: {mainpc: {port_offset: 6000}}\n"
	 "    ports: {service: 60000}                  # 66000\n"
	 "\n"
	 "Move the port, or take a smaller offset.\n"},
	{"port-outside-declared-range", SMITH_SEVERITY_WARNING,
	 "a port is outside of the ranges that the file declares",
	 "The file declares the ranges of ports of its agents, and this one is outside of\n"
	 "them: firewalls and monitors that were made from the ranges do not know of it.\n"
	 "\n"
	 "    pc2_network:\n"
	 "      agent_ports: {start: 7100, end: 7199}\n"
	 "\n"
	 "Move the port, or widen the range.\n"},
	{"port-quoted-integer", SMITH_SEVERITY_WARNING, "a port is a number in quotes",
	 "A port in quotes is a string. Some programs take it, others compare it with a number\n"
	 "and find no two alike.\n"
	 "\n"
	 "    port: \"7200\"        # port: 7200\n"},
	{"port-variable-undefined", SMITH_SEVERITY_ERROR,
	 "a port is made of a variable that is defined nowhere and has no default",
	 "A port is made of a variable that has no default and that the file defines nowhere.\n"
	 "One launcher takes 0 for it, another stops, a shell makes a sum of nothing.\n"
	 "\n"
	 "    port: ${PORT_OFFSET}+7200\n"
	 "\n"
	 "Define it in the file's environment, or write ${PORT_OFFSET:-0}. In a fleet it is\n"
	 "the host's: 'port_offset'.\n"},
	{"probe-missing", SMITH_SEVERITY_ERROR,
	 "a health check needs oci-probe, which this ocismith has not for the platform",
	 "A check by http, tcp, zmq or grpc is made by oci-probe, a program of ocismith's own "
	 "that\n"
	 "is added to every image. This ocismith was built without one for the architecture of\n"
	 "the fleet's platform.\n"
	 "\n"
	 "    platform: linux/arm64\n"
	 "    services: {Web: {health: {http: /health, port: service}}}\n"
	 "\n"
	 "Build ocismith where a compiler for it is installed (Debian packages\n"
	 "gcc-aarch64-linux-gnu and libc6-dev-arm64-cross, or gcc-x86-64-linux-gnu and\n"
	 "libc6-dev-amd64-cross), or say a command of the image: 'health: {exec: [...]}'.\n"},
	{0},
};
