/* SPDX-License-Identifier: Apache-2.0 */
#include "lint/rules.h"

/* Rules: hosts, and what containers get of them. */
const SmithRule smith_rules_run[] = {
	{"address-duplicate", SMITH_SEVERITY_ERROR, "two groups of one network have one address",
	 "Two groups have the same fixed address in one network of one host. Podman starts the\n"
	 "first of them, and the other one fails.\n"
	 "\n"
	 "    core: {host: mainpc, ip: 172.20.0.10, ...}\n"
	 "    edge: {host: mainpc, ip: 172.20.0.10, ...}\n"
	 "\n"
	 "Choose another one. Groups find each other by name, too, without an 'ip'.\n"},
	{"confinement-loosened", SMITH_SEVERITY_NOTE, "a service may do more than the others",
	 "A service says why it may do what services may not by default. This is no fault: it is\n"
	 "here to be read again.\n"
	 "\n"
	 "    read_only: false\n"
	 "    loosen: {read_only: it writes its cache beside the program}\n"
	 "\n"
	 "When the reason is gone, take both away.\n"},
	{"device-missing", SMITH_SEVERITY_ERROR,
	 "a service asks for a device that its host does not have",
	 "A service asks for a device by a name that its host does not have. Its unit cannot be\n"
	 "written.\n"
	 "\n"
	 "    hosts: {mainpc: {devices: {audio: /dev/snd}}, pc2: {}}\n"
	 "    services: {STT: {devices: [audio]}}            # on pc2\n"
	 "\n"
	 "Add the device to the host, put it into 'optional_devices' when the program can do\n"
	 "without, or give the path itself.\n"},
	{"disk-space", SMITH_SEVERITY_WARNING, "what is locked needs more space than the store has",
	 "The wheels of the lock, as they are downloaded and as layers, take more than is free\n"
	 "where the store is. A build that fills the disk fails late, and takes others with it.\n"
	 "\n"
	 "    the wheels of the lock and their layers need 26000 MB, and the store has 9000 MB "
	 "free\n"
	 "\n"
	 "Free some, or put the store elsewhere: '--store DIR', $OCISMITH_STORE.\n"},
	{"docker-socket-mount", SMITH_SEVERITY_WARNING,
	 "the docker socket is mounted; a rootless fleet has podman's",
	 "A service gets docker's socket, or an address of it. A rootless fleet has no docker;\n"
	 "and who has the socket has all that its owner may do.\n"
	 "\n"
	 "    volumes: [\"/var/run/docker.sock:/var/run/docker.sock\"]\n"
	 "\n"
	 "Podman speaks the same protocol: 'systemctl --user enable --now podman.socket', then\n"
	 "mount /run/user/UID/podman/podman.sock. Units mount that of the user who runs them,\n"
	 "read-only, where a volume names either of the two.\n"},
	{"gpu-arch", SMITH_SEVERITY_WARNING,
	 "a family is not built for the architecture of the host's GPU",
	 "A family is built for other GPU architectures than the host's. Kernels for it are\n"
	 "missing: programs fail at the first of them, or compile for minutes at every start.\n"
	 "\n"
	 "    gpu: {arch: [\"8.6\", \"8.9\"]}             # of the family\n"
	 "    hosts: {new: {gpu: {arch: [\"12.0\"]}}}\n"
	 "\n"
	 "Add the architecture to the family (and to TORCH_CUDA_ARCH_LIST), with wheels that\n"
	 "have it.\n"},
	{"gpu-driver-too-old", SMITH_SEVERITY_ERROR,
	 "a family needs a younger driver than the host has",
	 "A family says which driver its CUDA needs at least, and the host's is older.\n"
	 "Everything that uses the GPU would fail there.\n"
	 "\n"
	 "    gpu: {cuda: \"12.1\", min_driver: \"535\"}  # of the family\n"
	 "    hosts: {pc2: {gpu: {driver: \"525.60\"}}}\n"
	 "\n"
	 "Update the driver, or correct what the fleet says of the host ('nvidia-smi' says it).\n"},
	{"gpu-missing", SMITH_SEVERITY_ERROR, "a service requires a GPU on a host without one",
	 "A service requires a GPU, and its host has none. Its unit cannot be written.\n"
	 "\n"
	 "    hosts: {pc2: {}}\n"
	 "    services: {Vision: {gpu: required}}     # in a group of pc2\n"
	 "\n"
	 "Add 'gpu' to the host, move the service, or say 'gpu: optional' when it can do\n"
	 "without.\n"},
	{"group-address", SMITH_SEVERITY_ERROR,
	 "the fixed address of a group is not one of its network",
	 "The fixed address of a group is none that it can have: not in the subnet of its\n"
	 "network, the gateway's, the first or the last one, or there is no subnet to choose\n"
	 "from.\n"
	 "\n"
	 "    networks: {lan: {subnet: 172.20.0.0/16}}\n"
	 "    groups: {core: {host: mainpc, ip: 172.21.0.10}}\n"
	 "\n"
	 "A host's 'network' is that of its groups. Groups of mode 'host' have the host's\n"
	 "address.\n"},
	{"hardcoded-ip", SMITH_SEVERITY_WARNING, "an address of a machine is written into a value",
	 "A value holds the address of a machine. When that moves, it must be found in every\n"
	 "service, and the fleet cannot say what needs what.\n"
	 "\n"
	 "    env: {PEER: \"tcp://192.168.1.27:7200\"}\n"
	 "\n"
	 "Write '${SERVICE.address}' and '${SERVICE.PORT}', '${host.address}', or the variable\n"
	 "that every unit has, such as MAINPC_IP.\n"},
	{"ipc-not-shared", SMITH_SEVERITY_WARNING,
	 "a socket in the file system is meant for another container, which does not see it",
	 "Two services name the same socket in the file system, and each has a file system of\n"
	 "its own: they never meet. Sharing a pod does not change that.\n"
	 "\n"
	 "    env: {ERROR_BUS: \"ipc:///tmp/agent_errors\"}      # in two services\n"
	 "\n"
	 "Use a port, mount one volume at that directory in both, or make them members of a\n"
	 "supervised group, which is one container.\n"},
	{"localhost-reference", SMITH_SEVERITY_WARNING,
	 "localhost is meant for a service that runs in another container",
	 "A value points to a port on localhost that is bound by a service in another container.\n"
	 "In a container localhost is the container itself, or its pod.\n"
	 "\n"
	 "    env: {REDIS_URL: \"redis://localhost:6379/0\"}     # redis is in another group\n"
	 "\n"
	 "Write where it is for this service: 'redis://${redis.address}:${redis.service}/0'.\n"
	 "Services of one pod, and of groups on the host's network, do meet on localhost.\n"},
	{"loosen-unused", SMITH_SEVERITY_WARNING,
	 "there is a reason for what a service does not do",
	 "'loosen' has a reason for something that the service does not say, so that it is\n"
	 "confined as all are.\n"
	 "\n"
	 "    read_only: true\n"
	 "    loosen: {read_only: it writes its cache beside the program}\n"
	 "\n"
	 "Take the reason away, or say what it is for.\n"},
	{"loosened-without-reason", SMITH_SEVERITY_WARNING,
	 "a service may do more than the others, and does not say why",
	 "A service may do what services may not by default, and nobody wrote down why. The next\n"
	 "one to read it cannot know whether it is still needed.\n"
	 "\n"
	 "    capabilities: [NET_ADMIN]\n"
	 "\n"
	 "Give the reason: 'loosen: {capabilities: it sets routes}'. The keys are capabilities,\n"
	 "new_privileges, pids, read_only, seccomp and user.\n"},
	{"mount-overlap", SMITH_SEVERITY_WARNING, "mounts of one service cover each other",
	 "One mount of a service is inside of another one, or covers the program. What the image\n"
	 "has there cannot be seen, and which mount wins is a matter of order.\n"
	 "\n"
	 "    volumes: [\"data:/app\"]                  # hides the program\n"
	 "    tmpfs: [/app/logs]                      # beside  writable: [/app/logs/old]\n"
	 "\n"
	 "Give each a directory of its own, below /app or elsewhere.\n"},
	{"mount-target", SMITH_SEVERITY_ERROR,
	 "a mount has no target, or one that is not absolute, or that another has",
	 "A mount does not say where it goes in the container, says a path that is not absolute,\n"
	 "or goes where another one is.\n"
	 "\n"
	 "    volumes: [logs]                   # logs: {target: /app/logs}, or "
	 "\"logs:/app/logs\"\n"
	 "    volumes: [\"data:srv/data\"]        # \"data:/srv/data\"\n"
	 "\n"
	 "A volume's own 'target' holds for services that do not say one.\n"},
	{"network-address", SMITH_SEVERITY_ERROR,
	 "the subnet or the gateway of a network is not legal",
	 "The subnet of a network is not legal, or its gateway is not in it. Podman would refuse\n"
	 "to make the network, and no group of it would start.\n"
	 "\n"
	 "    networks: {lan: {subnet: 172.20.0.5/16}}       # 172.20.0.0/16\n"
	 "\n"
	 "A subnet is its first address and the number of bits that do not change.\n"},
	{"network-overlap", SMITH_SEVERITY_WARNING, "the subnets of two networks overlap",
	 "The subnets of two networks overlap. On one host podman refuses to make the second; on\n"
	 "two hosts addresses mean different things, and routes between them cannot be written.\n"
	 "\n"
	 "    networks: {a: {subnet: 10.0.0.0/8}, b: {subnet: 10.20.0.0/16}}\n"
	 "\n"
	 "Give each its own. Allow the finding when they never meet.\n"},
	{"podman-too-old", SMITH_SEVERITY_ERROR, "the host's podman cannot map users",
	 "The host's podman is older than 4.3, the first that can make the invoking user another "
	 "one\n"
	 "in the container, as all images of a fleet have it. No unit could be written for it.\n"
	 "\n"
	 "    hosts: {pc2: {podman: \"4.1\"}}\n"
	 "\n"
	 "Update podman on the host. Newer keys than a host's podman knows are written in\n"
	 "another way.\n"},
	{"tmpfs-path", SMITH_SEVERITY_ERROR, "a tmpfs is no path that a unit can say",
	 "A tmpfs is no path that a unit can say: not absolute, or with a character that\n"
	 "separates options.\n"
	 "\n"
	 "    tmpfs: [run/web]                        # /run/web\n"
	 "\n"
	 "Size and mode cannot be given here.\n"},
	{"unknown-network", SMITH_SEVERITY_ERROR, "a network that does not exist is named",
	 "A host, a group or a service names a network that is not among the fleet's 'networks'.\n"
	 "\n"
	 "    networks: {ai_system: {}}\n"
	 "    hosts: {mainpc: {network: ai-system}}\n"
	 "\n"
	 "Correct the name, or add the network. Without one podman's own is used.\n"},
	{"unknown-seccomp", SMITH_SEVERITY_ERROR, "a seccomp profile that does not exist is named",
	 "A family or service names a seccomp profile that does not come with ocismith and is no\n"
	 "file of the fleet's.\n"
	 "\n"
	 "    seccomp: wbe                              # baseline, web, gpu, audio, supervisor\n"
	 "\n"
	 "Correct the name ('ocismith seccomp list' says all), or write seccomp/NAME.json.\n"},
	{"unknown-secret", SMITH_SEVERITY_ERROR, "a secret that does not exist is named",
	 "A service asks for a secret that is not among the fleet's 'secrets'.\n"
	 "\n"
	 "    secrets: {OPENAI_API_KEY: {as: env}}\n"
	 "    services: {LLM: {secrets: [OPENAI_KEY]}}\n"
	 "\n"
	 "Correct the name, or add the secret. Its value is podman's: 'podman secret create NAME\n"
	 "-'.\n"},
	{"unknown-volume", SMITH_SEVERITY_ERROR, "a volume that does not exist is named",
	 "A service mounts a volume that is not among the fleet's 'volumes'. Podman would make\n"
	 "an empty one of that name.\n"
	 "\n"
	 "    volumes: {models: {path: /srv/models, target: /app/models}}\n"
	 "    services: {LLM: {volumes: [model]}}\n"
	 "\n"
	 "Correct the name, or add the volume. A directory of the host begins with '/'.\n"},
	{"user-root", SMITH_SEVERITY_WARNING, "a service runs as root",
	 "A service runs as root in its container. A rootless podman makes that the user who\n"
	 "runs it, who then owns all that the program can break out to.\n"
	 "\n"
	 "    user: \"0\"\n"
	 "\n"
	 "Leave it out (10001, which can write to what 'writable' lists), or keep a capability\n"
	 "that is needed: 'capabilities: [NET_BIND_SERVICE]'.\n"},
	{"write-path", SMITH_SEVERITY_WARNING, "a program is told to write where it cannot",
	 "A program is told, by a variable or an argument, to write to a directory that it\n"
	 "cannot write to: the root file system is read-only, /app is root's, or the volume is\n"
	 "mounted read-only.\n"
	 "\n"
	 "    env: {LOG_DIR: /app/logs}\n"
	 "\n"
	 "Add it to 'writable' (kept), to 'tmpfs' (lost), or mount a volume there. /tmp and /run\n"
	 "can be written to always.\n"},
	{0},
};
