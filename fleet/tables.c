/* SPDX-License-Identifier: Apache-2.0 */
#include "fleet/tables.h"

#define NO_OFFSET (-1)
#define TABLE(name_, what_, struct_, key_offset_, place_offset_)                                   \
	const SmithBindTable name_##_table = {what_,	   sizeof(struct_), name_##_fields,        \
					      key_offset_, place_offset_,   false}
/* A map whose place is kept. */
#define PLACED(name_, what_, struct_)                                                              \
	TABLE(name_, what_, struct_, NO_OFFSET, G_STRUCT_OFFSET(struct_, place))
/* The same, as the value of a name. */
#define NAMED(name_, what_, struct_)                                                               \
	TABLE(name_, what_, struct_, G_STRUCT_OFFSET(struct_, name),                               \
	      G_STRUCT_OFFSET(struct_, place))

static const SmithBindField family_gpu_fields[] = {
	SMITH_BIND(SmithFamilyGpu, cuda, "cuda", STRING, .any_scalar = true),
	SMITH_BIND(SmithFamilyGpu, arch, "arch", STRV, .any_scalar = true, .one_or_list = true),
	SMITH_BIND(SmithFamilyGpu, min_driver, "min_driver", STRING, .any_scalar = true),
	{0},
};
static PLACED(family_gpu, "gpu", SmithFamilyGpu);

static const SmithBindField size_fields[] = {
	SMITH_BIND(SmithSize, max_text, "max", STRING, .any_scalar = true, .required = true),
	{0},
};
static PLACED(size, "size", SmithSize);

static const SmithBindField run_fields[] = {
	SMITH_BIND(SmithRunStep, name, "name", STRING, .required = true),
	SMITH_BIND(SmithRunStep, command, "command", STRV),
	SMITH_BIND(SmithRunStep, script, "script", STRING),
	SMITH_BIND(SmithRunStep, env, "env", STRMAP),
	SMITH_BIND(SmithRunStep, inputs, "inputs", STRV, .one_or_list = true),
	SMITH_BIND(SmithRunStep, outputs, "outputs", STRV, .one_or_list = true, .required = true),
	{0},
};
static PLACED(run, "run", SmithRunStep);

static const SmithBindField source_fields[] = {
	SMITH_BIND(SmithAptSource, uri, "uri", STRING),
	SMITH_BIND(SmithAptSource, suite, "suite", STRING, .required = true),
	SMITH_BIND(SmithAptSource, components, "components", STRV, .one_or_list = true),
	SMITH_BIND(SmithAptSource, keyring, "keyring", STRING),
	SMITH_BIND(SmithAptSource, snapshot, "snapshot", STRING, .any_scalar = true),
	{0},
};
static PLACED(source, "source", SmithAptSource);

static const SmithBindField smith_apt_fields[] = {
	SMITH_BIND(SmithApt, packages, "packages", STRV, .one_or_list = true),
	SMITH_BIND(SmithApt, sources, "sources", LIST, .table = &source_table, .one_or_list = true),
	SMITH_BIND(SmithApt, options, "options", STRMAP),
	{0},
};
PLACED(smith_apt, "apt", SmithApt);

static const SmithBindField smith_bootstrap_fields[] = {
	SMITH_BIND(SmithBootstrap, suite, "suite", STRING, .required = true),
	SMITH_BIND(SmithBootstrap, packages, "packages", STRV, .one_or_list = true),
	SMITH_BIND(SmithBootstrap, mirror, "mirror", STRING),
	SMITH_BIND(SmithBootstrap, components, "components", STRV, .one_or_list = true),
	SMITH_BIND(SmithBootstrap, keyring, "keyring", STRING),
	SMITH_BIND(SmithBootstrap, snapshot, "snapshot", STRING, .any_scalar = true),
	{0},
};
PLACED(smith_bootstrap, "debian", SmithBootstrap);

static const SmithBindField smith_family_fields[] = {
	SMITH_BIND(SmithFamily, name, "family", STRING, .required = true),
	SMITH_BIND(SmithFamily, from_node, "from", NODE, .required = true),
	SMITH_BIND(SmithFamily, apt_node, "apt", NODE),
	SMITH_BIND(SmithFamily, pip_node, "pip", NODE),
	SMITH_BIND(SmithFamily, env, "env", STRMAP),
	SMITH_BIND(SmithFamily, gpu, "gpu", OBJECT, .table = &family_gpu_table),
	SMITH_BIND(SmithFamily, seccomp_names, "seccomp", STRV, .one_or_list = true),
	SMITH_BIND(SmithFamily, smoke, "smoke", STRING),
	SMITH_BIND(SmithFamily, size, "size", OBJECT, .table = &size_table),
	SMITH_BIND(SmithFamily, bytecode, "bytecode", STRING),
	SMITH_BIND(SmithFamily, installer, "installer", STRING),
	SMITH_BIND(SmithFamily, run, "run", LIST, .table = &run_table),
	{0},
};
PLACED(smith_family, "family", SmithFamily);

static const SmithBindField app_fields[] = {
	SMITH_BIND(SmithApp, script, "script", STRING),
	SMITH_BIND(SmithApp, module, "module", STRING),
	SMITH_BIND(SmithApp, asgi, "asgi", STRING),
	SMITH_BIND(SmithApp, exec, "exec", STRV),
	SMITH_BIND(SmithApp, args, "args", STRV),
	SMITH_BIND(SmithApp, files, "files", STRV, .one_or_list = true),
	{0},
};
static PLACED(app, "app", SmithApp);

static const SmithBindField health_fields[] = {
	SMITH_BIND(SmithHealth, http, "http", STRING),
	SMITH_BIND(SmithHealth, tcp, "tcp", BOOL),
	SMITH_BIND(SmithHealth, zmq_node, "zmq", NODE),
	SMITH_BIND(SmithHealth, grpc, "grpc", STRING),
	SMITH_BIND(SmithHealth, exec, "exec", STRV),
	SMITH_BIND(SmithHealth, port, "port", STRING),
	SMITH_BIND(SmithHealth, interval_text, "interval", STRING, .any_scalar = true),
	SMITH_BIND(SmithHealth, timeout_text, "timeout", STRING, .any_scalar = true),
	SMITH_BIND(SmithHealth, start_period_text, "start_period", STRING, .any_scalar = true),
	SMITH_BIND(SmithHealth, retries, "retries", INT, .min = 1, .max = 1000),
	{0},
};
static PLACED(health, "health", SmithHealth);

static const char *const protocol_names[] = {"tcp", "udp", NULL};

static const char *const publish_names[] = {"true", "false", "local", NULL};

static const SmithBindField smith_port_fields[] = {
	SMITH_BIND(SmithPort, text, "port", STRING, .any_scalar = true, .required = true),
	SMITH_BIND(SmithPort, protocol, "protocol", ENUM, .names = protocol_names),
	SMITH_BIND(SmithPort, argument, "argument", STRING),
	SMITH_BIND(SmithPort, env, "env", STRV, .one_or_list = true),
	SMITH_BIND(SmithPort, fixed, "fixed", BOOL),
	SMITH_BIND(SmithPort, publish, "publish", ENUM, .names = publish_names),
	SMITH_BIND(SmithPort, offset, "offset", BOOL),
	{0},
};
PLACED(smith_port, "port", SmithPort);

static const char *const until_names[] = {"started", "healthy", NULL};

static const SmithBindField smith_need_fields[] = {
	SMITH_BIND(SmithNeed, name, "service", STRING, .required = true),
	SMITH_BIND(SmithNeed, until, "until", ENUM, .names = until_names),
	SMITH_BIND(SmithNeed, timeout_text, "timeout", STRING, .any_scalar = true),
	{0},
};
PLACED(smith_need, "need", SmithNeed);

static const SmithBindField limits_fields[] = {
	SMITH_BIND(SmithLimits, memory_text, "memory", STRING, .any_scalar = true),
	SMITH_BIND(SmithLimits, cpus, "cpus", STRING, .any_scalar = true),
	SMITH_BIND(SmithLimits, pids_text, "pids", STRING, .any_scalar = true),
	SMITH_BIND(SmithLimits, shm_text, "shm", STRING, .any_scalar = true),
	{0},
};
static PLACED(limits, "limits", SmithLimits);

static const char *const gpu_names[] = {"none", "optional", "required", NULL};
static const char *const restart_names[] = {"always", "on-failure", "no", NULL};

static const SmithBindField smith_service_fields[] = {
	SMITH_BIND(SmithService, class, "class", STRING),
	SMITH_BIND(SmithService, family, "family", STRING),
	SMITH_BIND(SmithService, image, "image", STRING),
	SMITH_BIND(SmithService, app, "app", OBJECT, .table = &app_table),
	SMITH_BIND(SmithService, pip_node, "pip", NODE),
	SMITH_BIND(SmithService, installer, "installer", STRING),
	SMITH_BIND(SmithService, env, "env", STRMAP),
	SMITH_BIND(SmithService, provides, "provides", STRMAP),
	SMITH_BIND(SmithService, ports_node, "ports", NODE),
	SMITH_BIND(SmithService, implicit_node, "implicit_ports", NODE),
	SMITH_BIND(SmithService, health, "health", OBJECT, .table = &health_table),
	SMITH_BIND(SmithService, needs_node, "needs", NODE),
	SMITH_BIND(SmithService, required_node, "required", NODE),
	SMITH_BIND(SmithService, when_node, "when", NODE),
	SMITH_BIND(SmithService, tmpfs, "tmpfs", STRV, .one_or_list = true),
	SMITH_BIND(SmithService, writable, "writable", STRV, .one_or_list = true),
	SMITH_BIND(SmithService, volume_texts, "volumes", STRV, .one_or_list = true),
	SMITH_BIND(SmithService, devices, "devices", STRV, .one_or_list = true),
	SMITH_BIND(SmithService, optional_node, "optional_devices", NODE),
	SMITH_BIND(SmithService, gpu, "gpu", ENUM, .names = gpu_names),
	SMITH_BIND(SmithService, secrets, "secrets", STRV, .one_or_list = true),
	SMITH_BIND(SmithService, limits, "limits", OBJECT, .table = &limits_table),
	SMITH_BIND(SmithService, restart, "restart", ENUM, .names = restart_names),
	SMITH_BIND(SmithService, stop_text, "stop_timeout", STRING, .any_scalar = true),
	SMITH_BIND(SmithService, seccomp_names, "seccomp", STRV, .one_or_list = true),
	SMITH_BIND(SmithService, labels, "labels", STRMAP),
	SMITH_BIND(SmithService, user, "user", STRING, .any_scalar = true),
	SMITH_BIND(SmithService, read_only, "read_only", BOOL),
	SMITH_BIND(SmithService, capabilities, "capabilities", STRV, .one_or_list = true),
	SMITH_BIND(SmithService, new_privileges, "new_privileges", BOOL),
	SMITH_BIND(SmithService, loosen, "loosen", STRMAP),
	SMITH_BIND(SmithService, in_pod, "pod", BOOL),
	SMITH_BIND(SmithService, network, "network", STRING),
	SMITH_BIND(SmithService, hosts_node, "hosts", NODE),
	{0},
};
NAMED(smith_service, "service", SmithService);

static const SmithBindField smith_on_network_fields[] = {
	SMITH_BIND(SmithOnNetwork, name, "name", STRING, .required = true),
	SMITH_BIND(SmithOnNetwork, ip, "ip", STRING),
	{0},
};
PLACED(smith_on_network, "group network", SmithOnNetwork);

static const char *const mode_names[] = {"pod", "host", "supervised", NULL};

static const SmithBindField group_fields[] = {
	SMITH_BIND(SmithGroup, host, "host", STRING, .required = true),
	SMITH_BIND(SmithGroup, mode, "mode", ENUM, .names = mode_names),
	SMITH_BIND(SmithGroup, network, "network", STRING),
	SMITH_BIND(SmithGroup, ip, "ip", STRING),
	SMITH_BIND(SmithGroup, networks_node, "networks", NODE),
	SMITH_BIND(SmithGroup, dns, "dns", STRV, .one_or_list = true),
	SMITH_BIND(SmithGroup, hostname, "hostname", STRING),
	SMITH_BIND(SmithGroup, services, "services", STRV, .required = true),
	SMITH_BIND(SmithGroup, family, "family", STRING),
	SMITH_BIND(SmithGroup, pip_node, "pip", NODE),
	SMITH_BIND(SmithGroup, supervisor, "supervisor", OBJECT, .table = &app_table),
	{0},
};
static NAMED(group, "group", SmithGroup);

static const SmithBindField host_gpu_fields[] = {
	SMITH_BIND(SmithHostGpu, device, "device", STRING, .required = true),
	SMITH_BIND(SmithHostGpu, arch, "arch", STRV, .any_scalar = true, .one_or_list = true),
	SMITH_BIND(SmithHostGpu, driver, "driver", STRING, .any_scalar = true),
	{0},
};
static PLACED(host_gpu, "gpu", SmithHostGpu);

static const SmithBindField host_fields[] = {
	SMITH_BIND(SmithHost, podman, "podman", STRING, .any_scalar = true),
	SMITH_BIND(SmithHost, address, "address", STRING),
	SMITH_BIND(SmithHost, network, "network", STRING),
	SMITH_BIND(SmithHost, dns, "dns", STRV, .one_or_list = true),
	SMITH_BIND(SmithHost, port_offset, "port_offset", INT, .min = 0, .max = 60000),
	SMITH_BIND(SmithHost, variables, "variables", STRMAP),
	SMITH_BIND(SmithHost, env, "env", STRMAP),
	SMITH_BIND(SmithHost, gpu, "gpu", OBJECT, .table = &host_gpu_table),
	SMITH_BIND(SmithHost, devices, "devices", STRMAP),
	SMITH_BIND(SmithHost, machine, "machine", STRMAP),
	{0},
};
static NAMED(host, "host", SmithHost);

static const SmithBindField network_fields[] = {
	SMITH_BIND(SmithNetwork, subnet, "subnet", STRING),
	SMITH_BIND(SmithNetwork, gateway, "gateway", STRING),
	SMITH_BIND(SmithNetwork, internal, "internal", BOOL),
	{0},
};
static NAMED(network, "network", SmithNetwork);

static const SmithBindField volume_fields[] = {
	SMITH_BIND(SmithVolume, path, "path", STRING),
	SMITH_BIND(SmithVolume, target, "target", STRING),
	SMITH_BIND(SmithVolume, read_only, "read_only", BOOL),
	{0},
};
static NAMED(volume, "volume", SmithVolume);

static const char *const secret_names[] = {"env", "file", NULL};

static const SmithBindField secret_fields[] = {
	SMITH_BIND(SmithSecret, as, "as", ENUM, .names = secret_names),
	SMITH_BIND(SmithSecret, target, "target", STRING),
	{0},
};
static NAMED(secret, "secret", SmithSecret);

static const SmithBindField allow_fields[] = {
	SMITH_BIND(SmithAllow, rule, "rule", STRING, .required = true),
	SMITH_BIND(SmithAllow, subject, "subject", STRING, .any_scalar = true),
	SMITH_BIND(SmithAllow, reason, "reason", STRING, .required = true),
	SMITH_BIND(SmithAllow, until, "until", STRING, .any_scalar = true),
	{0},
};
static PLACED(allow, "allow", SmithAllow);

static const SmithBindField index_fields[] = {
	SMITH_BIND(SmithWheelIndex, url, "url", STRING, .required = true),
	SMITH_BIND(SmithWheelIndex, names, "names", STRV, .one_or_list = true),
	{0},
};
static PLACED(index, "index", SmithWheelIndex);

static const SmithBindField smith_pip_fields[] = {
	SMITH_BIND(SmithPip, node, "requirements", NODE, .required = true),
	SMITH_BIND(SmithPip, override, "override", STRV, .one_or_list = true),
	SMITH_BIND(SmithPip, indexes, "indexes", LIST, .table = &index_table),
	SMITH_BIND(SmithPip, builder, "builder", STRING),
	{0},
};
PLACED(smith_pip, "pip", SmithPip);

static const SmithBindField sources_fields[] = {
	SMITH_BIND(SmithWheelSources, find_links, "find_links", STRV, .one_or_list = true),
	SMITH_BIND(SmithWheelSources, index, "index", STRING),
	SMITH_BIND(SmithWheelSources, indexes, "indexes", LIST, .table = &index_table),
	{0},
};
static TABLE(sources, "wheels", SmithWheelSources, NO_OFFSET, NO_OFFSET);

static const SmithBindField step_limits_fields[] = {
	SMITH_BIND(SmithStepLimits, time_text, "time", STRING, .any_scalar = true),
	SMITH_BIND(SmithStepLimits, memory_text, "memory", STRING, .any_scalar = true),
	SMITH_BIND(SmithStepLimits, processes, "processes", INT, .min = 1, .max = 4000000),
	SMITH_BIND(SmithStepLimits, disk_text, "disk", STRING, .any_scalar = true),
	SMITH_BIND(SmithStepLimits, output_text, "output", STRING, .any_scalar = true),
	{0},
};
static PLACED(step_limits, "step_limits", SmithStepLimits);

static const SmithBindField smith_fleet_fields[] = {
	SMITH_BIND(SmithFleet, name, "fleet", STRING, .required = true),
	SMITH_BIND(SmithFleet, registry, "registry", STRING),
	SMITH_BIND(SmithFleet, tag, "tag", STRING, .any_scalar = true),
	SMITH_BIND(SmithFleet, platform, "platform", STRING),
	SMITH_BIND(SmithFleet, prefix, "prefix", STRING),
	SMITH_BIND(SmithFleet, compression, "compression", STRING),
	SMITH_BIND(SmithFleet, bytecode, "bytecode", STRING),
	SMITH_BIND(SmithFleet, wheels, "wheels", OBJECT, .table = &sources_table),
	SMITH_BIND(SmithFleet, step_limits, "step_limits", OBJECT, .table = &step_limits_table),
	SMITH_BIND(SmithFleet, mirrors, "mirrors", STRMAP),
	SMITH_BIND(SmithFleet, variables, "variables", STRMAP),
	SMITH_BIND(SmithFleet, features, "features", STRMAP),
	SMITH_BIND(SmithFleet, networks, "networks", MAP, .table = &network_table),
	SMITH_BIND(SmithFleet, volumes, "volumes", MAP, .table = &volume_table),
	SMITH_BIND(SmithFleet, secrets, "secrets", MAP, .table = &secret_table),
	SMITH_BIND(SmithFleet, hosts, "hosts", MAP, .table = &host_table),
	SMITH_BIND(SmithFleet, groups, "groups", MAP, .table = &group_table),
	SMITH_BIND(SmithFleet, classes_node, "classes", NODE),
	SMITH_BIND(SmithFleet, services, "services", MAP, .table = &smith_service_table),
	SMITH_BIND(SmithFleet, allow, "allow", LIST, .table = &allow_table),
	{0},
};
PLACED(smith_fleet, "fleet", SmithFleet);
