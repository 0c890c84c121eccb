/* SPDX-License-Identifier: Apache-2.0 */
#include "lint/rules.h"

/* Rules: what a machine lacks to be the host that the fleet says it is. They are told by 'units
 * --here' and 'doctor --host', not by 'check'. */
const SmithRule smith_rules_machine[] = {
	{"machine-cgroup", SMITH_SEVERITY_ERROR,
	 "a service has a limit for which podman gets no cgroup controller",
	 "Limits of memory, processors and processes are the kernel's cgroup controllers'. An\n"
	 "ordinary user has those that systemd delegates to it; without one the container does\n"
	 "not start, or its limit means nothing.\n"
	 "\n"
	 "    # /etc/systemd/system/user@.service.d/delegate.conf\n"
	 "    [Service]\n"
	 "    Delegate=cpu cpuset io memory pids\n"
	 "\n"
	 "Write that file as root, 'systemctl daemon-reload', and log in anew.\n"},
	{"machine-device", SMITH_SEVERITY_ERROR,
	 "a device of a service is not there, or not for this user",
	 "A device is a path, which must be there and open to the user who runs the units, or a\n"
	 "CDI name, which a file below /etc/cdi or /run/cdi must define. A container whose\n"
	 "device is missing does not start; one that can do without its GPU does.\n"
	 "\n"
	 "    hosts: {mainpc: {gpu: {device: nvidia.com/gpu=0}}}\n"
	 "\n"
	 "For NVIDIA's GPUs: 'nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml' as root.\n"
	 "For a path: load its driver, or make the user a member of its group.\n"},
	{"machine-driver", SMITH_SEVERITY_ERROR,
	 "the GPU's driver is older than a service's family needs, or not loaded",
	 "CUDA needs a driver that is at least as new as itself: with an older one the first call\n"
	 "of the library fails, long after the service has started.\n"
	 "\n"
	 "    gpu: {cuda: '12.1', min_driver: 530}     # of families.d/NAME.yaml\n"
	 "\n"
	 "Upgrade the driver, or derive the service's family from an older CUDA.\n"},
	{"machine-driver-unknown", SMITH_SEVERITY_WARNING,
	 "the version of the GPU's driver cannot be told",
	 "A service uses a GPU when there is one, and needs a driver of some version for it; no\n"
	 "driver of NVIDIA's is loaded here. It runs without the GPU.\n"
	 "\n"
	 "    cat /sys/module/nvidia/version\n"},
	{"machine-image", SMITH_SEVERITY_ERROR, "podman does not have an image that it cannot pull",
	 "Images of the registry 'localhost' come from nowhere but a file. A unit whose image\n"
	 "is not in podman's storage does not start.\n"
	 "\n"
	 "    ocismith build Web --output oci-archive:web.tar\n"
	 "    podman load -i web.tar\n"
	 "\n"
	 "As the user who runs the units: every user has a storage of its own.\n"},
	{"machine-linger", SMITH_SEVERITY_ERROR, "the user's units would end with its session",
	 "systemd starts a user's units when it logs in, and ends them when it logs out, unless\n"
	 "the user may linger.\n"
	 "\n"
	 "    loginctl enable-linger\n"},
	{"machine-network", SMITH_SEVERITY_ERROR,
	 "podman has a network in the way of a subnet of the fleet",
	 "Two networks cannot have the same addresses: podman refuses to make the second. And a\n"
	 "network that is there already keeps its subnet, whatever its unit says now.\n"
	 "\n"
	 "    podman network ls\n"
	 "    podman network rm NAME       # its unit makes it anew\n"
	 "\n"
	 "Or give the fleet's network another 'subnet'.\n"},
	{"machine-owner", SMITH_SEVERITY_ERROR,
	 "a unit or container of another owner has a name of the fleet's",
	 "systemd takes the first file that makes a unit of some name, and 'podman run --replace'\n"
	 "removes a container of the same name with all that is in it. Neither asks whose it is.\n"
	 "\n"
	 "Move the other file away, remove or rename the other container, or rename the service\n"
	 "of the fleet.\n"},
	{"machine-podman", SMITH_SEVERITY_ERROR, "podman is not there, or cannot be used",
	 "Units run podman, and this machine has none that works for this user.\n"
	 "\n"
	 "    apt-get install podman\n"
	 "    podman info\n"},
	{"machine-podman-old", SMITH_SEVERITY_ERROR,
	 "podman is older than the version that units are written for",
	 "Units have the keys that the host's podman is said to know. An older one drops a unit\n"
	 "of which it does not know a key, and says so in the journal alone.\n"
	 "\n"
	 "    hosts: {mainpc: {podman: '4.9'}}\n"
	 "\n"
	 "Say the version that is there, or upgrade podman.\n"},
	{"machine-port-refused", SMITH_SEVERITY_ERROR,
	 "a published port is one that only root may bind",
	 "Ports below net.ipv4.ip_unprivileged_port_start, 1024 at first, are for root.\n"
	 "\n"
	 "    sysctl net.ipv4.ip_unprivileged_port_start=80\n"
	 "\n"
	 "Or publish it elsewhere: 'port_offset' of the host, 'publish: false' of the port.\n"},
	{"machine-port-taken", SMITH_SEVERITY_ERROR,
	 "a port that the host publishes is bound by something else",
	 "Some other program of this machine has bound a port of the fleet's. The pod that\n"
	 "publishes it does not start, nor do its other services. What the fleet's own containers\n"
	 "have published is not told.\n"
	 "\n"
	 "    ss -lntp sport = :8080\n"
	 "\n"
	 "End that program, or give the service another port or the host a 'port_offset'.\n"},
	{"machine-quadlet", SMITH_SEVERITY_ERROR, "systemd has no generator for quadlet units",
	 "systemd reads .container and .pod files through a generator that is a part of podman\n"
	 "since 4.4. Without it the files lie there and nothing is said.\n"
	 "\n"
	 "Install podman's own package; for older ones say 'podman: \"4.3\"' at the host.\n"},
	{"machine-route", SMITH_SEVERITY_WARNING,
	 "a subnet of the fleet overlaps with a route of the machine",
	 "Containers of that network take the addresses for their own, and do not reach the\n"
	 "machines behind the route. Give the fleet's network another 'subnet'.\n"
	 "\n"
	 "    networks: {net: {subnet: 10.201.0.0/24}}\n"},
	{"machine-secret", SMITH_SEVERITY_ERROR, "podman does not have a secret of the fleet",
	 "The fleet names secrets; their values are podman's to keep. A container whose secret is\n"
	 "missing does not start.\n"
	 "\n"
	 "    podman secret create api-key api-key.txt\n"
	 "\n"
	 "As the user who runs the units.\n"},
	{"machine-socket", SMITH_SEVERITY_ERROR,
	 "podman's socket is not there for a service that wants it",
	 "A service mounts the socket of podman's service, in docker's place, and nothing listens\n"
	 "there.\n"
	 "\n"
	 "    systemctl --user enable --now podman.socket\n"},
	{"machine-subids", SMITH_SEVERITY_ERROR,
	 "the user has too few subordinate ids to be mapped into containers",
	 "The files of an image have several owners, and its services run as another than its\n"
	 "root, mostly 10001. In a container of an ordinary user one of these ids is the user's\n"
	 "own. All others have to be some ids of the machine: those that\n"
	 "/etc/subuid and /etc/subgid give the user, by newuidmap and newgidmap.\n"
	 "\n"
	 "    usermod --add-subuids 100000-165535 --add-subgids 100000-165535 USER\n"
	 "    podman system migrate        # as USER, when containers were there before\n"},
	{"machine-systemd", SMITH_SEVERITY_ERROR, "no systemd runs for the user",
	 "Units are started by the user's systemd, which runs while the user is logged in or\n"
	 "lingers. It is not there: in a container, under su or sudo, or without systemd at all.\n"
	 "\n"
	 "    loginctl enable-linger USER\n"},
	{"machine-volume", SMITH_SEVERITY_ERROR,
	 "a directory of the host that a service mounts is missing or closed to it",
	 "podman makes no directories of the host: a container whose directory is missing does "
	 "not\n"
	 "start. Inside, the user who runs the units is 10001, the services' user: what that user\n"
	 "may not read or write the service may not, either.\n"
	 "\n"
	 "    install -d -o ai -g ai /srv/models\n"},
	{0},
};
