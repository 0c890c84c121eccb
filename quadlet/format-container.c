/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/error.h"
#include "quadlet/format.h"
#include "quadlet/quote.h"

#define SECTION "Container"
#define SECOND G_GINT64_CONSTANT(1000000000)
/* Podman waits for the program first, and then has a container to remove: where forty are stopped
 * at once on two processors, that took it a minute. */
#define REMOVE_SECONDS 110

typedef struct {
	const SmithFormat *format;
	const SmithContainerPlan *plan;
	SmithUnit *unit;
} Container;

static void key(const Container *container, const char *name, const char *value)
{
	smith_unit_key(container->unit, SECTION, name, value);
}

static void key_number(const Container *container, const char *name, gint64 value)
{
	if (value > 0)
		smith_unit_keyf(container->unit, SECTION, name, "%" G_GINT64_FORMAT, value);
}

static void key_size(const Container *container, const char *name, gint64 bytes)
{
	g_autofree char *size = smith_format_size(bytes);
	if (bytes > 0)
		key(container, name, size);
}

/* --- what runs */

static void add_image(const Container *container)
{
	const SmithContainerPlan *plan = container->plan;
	if (plan->image_tag != NULL)
		smith_unit_comment(container->unit, SECTION, plan->image_tag);
	if (container->format->podman >= SMITH_UNIT_QUADLET)
		key(container, "Image", plan->image);
	if (!plan->pull)
		key(container, "Pull", "never");
}

static void add_command(const Container *container)
{
	const SmithContainerPlan *plan = container->plan;
	const char *const *entrypoint = (const char *const *)plan->entrypoint;
	if (entrypoint != NULL && entrypoint[0] != NULL) {
		g_autofree char *json = smith_quote_json(entrypoint);
		key(container, "Entrypoint", entrypoint[1] != NULL ? json : entrypoint[0]);
	}
	if (plan->argv != NULL)
		smith_unit_exec(container->unit, (const char *const *)plan->argv);
}

static void add_to_pod(const Container *container)
{
	SmithUnit *unit = container->unit;
	const char *slug = container->plan->pod->slug;
	g_autofree char *service = g_strconcat(slug, "-pod.service", NULL);
	if (container->format->podman >= SMITH_FORMAT_POD) {
		smith_unit_keyf(unit, SECTION, "Pod", "%s.pod", slug);
		return;
	}
	smith_unit_depend(unit, "BindsTo", service);
	smith_unit_depend(unit, "After", service);
	smith_unit_key(unit, SECTION, "Pod", slug);
	/* it is in the pod's */
	smith_unit_option(unit, SECTION, "--cgroups=no-conmon");
}

static void add_place(const Container *container)
{
	const SmithContainerPlan *plan = container->plan;
	SmithUnit *unit = container->unit;
	if (plan->pod != NULL) {
		add_to_pod(container);
		return;
	}
	if (plan->host_network)
		key(container, "Network", "host");
	else
		key(container, "HostName", plan->slug);
	smith_format_place(container->format, unit, SECTION, plan->networks, plan->ports,
			   plan->dns);
	if (plan->keep_id)
		smith_format_keep_id(unit, SECTION);
	key_size(container, "ShmSize", plan->shm);
}

/* --- what it sees */

static void add_environment(const Container *container)
{
	const SmithFormat *format = container->format;
	for (guint i = 0; i < format->plan->files->len; i++) {
		const SmithPlanFile *file = format->plan->files->pdata[i];
		g_autofree char *path = g_strconcat(format->directory, "/", file->name, NULL);
		if (strcmp(file->name, SMITH_PLAN_ENVIRONMENT) != 0)
			continue;
		/* of a quadlet it is relative to the unit */
		if (format->podman >= SMITH_UNIT_QUADLET)
			key(container, "EnvironmentFile", file->name);
		else
			smith_unit_key_at(container->unit, SECTION, "EnvironmentFile",
					  format->specifier, path);
	}
	for (char **value = container->plan->environment; *value != NULL; value++)
		key(container, "Environment", *value);
}

/* Before podman 5.8 the generator makes a dependency of the path without quoting it. */
static bool needs_quotes(const char *path)
{
	return strpbrk(path, " \t\"'\\;") != NULL;
}

static void add_directory(const Container *container, const SmithPlanMount *mount,
			  const char *options)
{
	SmithUnit *unit = container->unit;
	if (!needs_quotes(mount->source)) {
		smith_unit_keyf(unit, SECTION, "Volume", "%s:%s%s", mount->source, mount->target,
				options);
		return;
	}
	smith_unit_option(unit, SECTION, "--volume=%s:%s%s", mount->source, mount->target, options);
	smith_unit_words(unit, "Unit", "RequiresMountsFor", (const char *[]){mount->source, NULL});
}

static void add_socket(const Container *container, const SmithPlanMount *mount, const char *options)
{
	g_autofree char *value = g_strconcat("/podman/podman.sock:", mount->target, options, NULL);
	smith_unit_depend(container->unit, "Wants", "podman.socket");
	smith_unit_depend(container->unit, "After", "podman.socket");
	smith_unit_key_at(container->unit, SECTION, "Volume", "%t", value);
}

static void add_mount(const Container *container, const SmithPlanMount *mount)
{
	static const char *const options[] = {"", ":ro", ":U", ":ro,U"};
	const char *option = options[(mount->read_only ? 1 : 0) + (mount->own ? 2 : 0)];
	if (strchr(mount->target, ':') != NULL ||
	    (mount->source != NULL && strchr(mount->source, ':') != NULL))
		smith_unit_refuse(container->unit, "the mount '%s' has a colon in its path",
				  mount->target);
	else if (mount->kind == SMITH_PLAN_DIRECTORY)
		add_directory(container, mount, option);
	else if (mount->kind == SMITH_PLAN_SOCKET)
		add_socket(container, mount, option);
	else
		smith_unit_keyf(container->unit, SECTION, "Volume", "%s%s:%s%s", mount->source,
				container->format->podman >= SMITH_FORMAT_NAMED ? ".volume" : "",
				mount->target, option);
}

static void add_storage(const Container *container)
{
	const SmithContainerPlan *plan = container->plan;
	for (guint i = 0; i < plan->mounts->len; i++)
		add_mount(container, plan->mounts->pdata[i]);
	for (char **path = plan->tmpfs; *path != NULL; path++)
		key(container, "Tmpfs", *path);
	for (guint i = 0; i < plan->secrets->len; i++) {
		const SmithPlanSecret *secret = plan->secrets->pdata[i];
		smith_unit_keyf(container->unit, SECTION, "Secret", "%s,type=%s,target=%s",
				secret->name, secret->env ? "env" : "mount", secret->target);
	}
	smith_format_devices(container->format, container->unit, plan);
	if (plan->keep_groups)
		key(container, "GroupAdd", "keep-groups");
}

/* --- what it may */

static void add_seccomp(const Container *container)
{
	const SmithFormat *format = container->format;
	const char *profile = container->plan->seccomp;
	if (profile == NULL)
		return;
	if (strcmp(profile, "unconfined") == 0) {
		key(container, "SeccompProfile", profile);
		return;
	}
	g_autofree char *path = g_strconcat(format->directory, "/", profile, NULL);
	smith_unit_key_at(container->unit, SECTION, "SeccompProfile", format->specifier, path);
}

static void add_loosened(const Container *container)
{
	const GPtrArray *list = container->plan->loosened;
	for (guint i = 0; i < list->len; i++) {
		const SmithPlanLoosened *loosened = list->pdata[i];
		bool has_reason = loosened->reason != NULL;
		g_autofree char *text = g_strdup_printf(
			"loosened: %s%s%s%s%s", loosened->what, loosened->detail != NULL ? " " : "",
			loosened->detail != NULL ? loosened->detail : "", has_reason ? ": " : "",
			has_reason ? loosened->reason : "");
		smith_unit_comment(container->unit, SECTION, text);
	}
}

static void add_rights(const Container *container)
{
	const SmithContainerPlan *plan = container->plan;
	add_loosened(container);
	if (plan->user != NULL)
		smith_unit_user(container->unit, plan->user, plan->user_group);
	if (plan->read_only) {
		key(container, "ReadOnly", "true");
		/* not all versions mean it */
		key(container, "ReadOnlyTmpfs", "true");
	}
	key(container, "DropCapability", "all");
	for (char **name = plan->capabilities; *name != NULL; name++)
		key(container, "AddCapability", *name);
	if (!plan->new_privileges)
		key(container, "NoNewPrivileges", "true");
	add_seccomp(container);
}

static void add_limits(const Container *container)
{
	const SmithContainerPlan *plan = container->plan;
	key_size(container, "Memory", plan->memory);
	if (plan->cpus != NULL)
		smith_unit_option(container->unit, SECTION, "--cpus=%s", plan->cpus);
	key_number(container, "PidsLimit", plan->pids);
	key_number(container, "StopTimeout", plan->stop_seconds);
}

static void add_labels(const Container *container)
{
	GHashTable *labels = container->plan->labels;
	g_autoptr(GList) keys = g_list_sort(g_hash_table_get_keys(labels), (GCompareFunc)strcmp);
	for (GList *name = keys; name != NULL; name = name->next)
		smith_unit_keyf(container->unit, SECTION, "Label", "%s=%s",
				(const char *)name->data,
				(const char *)g_hash_table_lookup(labels, name->data));
}

/* --- its life */

static void key_duration(const Container *container, const char *name, gint64 nanoseconds)
{
	bool is_whole = nanoseconds % SECOND == 0;
	if (nanoseconds > 0)
		smith_unit_keyf(container->unit, SECTION, name, "%" G_GINT64_FORMAT "%s",
				is_whole ? nanoseconds / SECOND : nanoseconds,
				is_whole ? "s" : "ns");
}

/* The first check is made at once, and the next one after the interval: until it is healthy it is
 * asked each second. As often as fits into the time that a start may take, then it has failed. */
static void add_startup(const Container *container)
{
	const SmithPlanHealth *health = container->plan->health;
	g_autofree char *command = smith_quote_health((const char *const *)health->startup);
	key(container, "HealthStartupCmd", command);
	key(container, "HealthStartupInterval", "1s");
	key_duration(container, "HealthStartupTimeout", health->startup_timeout);
	key_number(container, "HealthStartupRetries", health->startup_tries);
	key_number(container, "HealthStartupSuccess", 1);
}

static void add_health(const Container *container)
{
	const SmithPlanHealth *health = container->plan->health;
	if (health == NULL)
		return;
	g_autofree char *command = smith_quote_health((const char *const *)health->argv);
	key(container, "HealthCmd", command);
	key_duration(container, "HealthInterval", health->interval);
	key_duration(container, "HealthTimeout", health->timeout);
	key_duration(container, "HealthStartPeriod", health->start_period);
	key_number(container, "HealthRetries", health->retries);
	key(container, "HealthOnFailure", "kill");
	add_startup(container);
	smith_unit_notify_healthy(container->unit);
}

static void add_service(const Container *container)
{
	static const char *const restarts[] = {"always", "on-failure", "no"};
	const SmithContainerPlan *plan = container->plan;
	SmithUnit *unit = container->unit;
	smith_unit_set(unit, "Service", "Restart", restarts[plan->restart]);
	/* without a stop in between, which would stop all that require it; systemd before 254 goes
	 * on without this */
	smith_unit_set(unit, "Service", "RestartMode", "direct");
	smith_unit_set(unit, "Service", "RestartSec", "2");
	/* what a program without a handler of SIGTERM ends with, behind tini: to be stopped is no
	 * failure, as without a container */
	smith_unit_set(unit, "Service", "SuccessExitStatus", "143");
	smith_unit_setf(unit, "Service", "TimeoutStopSec", "%" G_GINT64_FORMAT,
			plan->stop_seconds + REMOVE_SECONDS);
	smith_format_start(unit, plan->start_seconds);
	if (container->format->podman < SMITH_UNIT_QUADLET)
		smith_format_run(unit, plan);
}

gboolean smith_format_container(const SmithFormat *format, const SmithContainerPlan *plan,
				GError **error)
{
	bool is_plain = format->podman < SMITH_UNIT_QUADLET;
	/* the pod's unit runs it */
	if (smith_format_is_kube(format, plan->pod))
		return TRUE;
	g_autoptr(SmithUnit) unit =
		smith_format_unit(format, format->podman, "service", plan->title);
	const Container container = {format, plan, unit};
	smith_format_part_of(unit, plan->group);
	if (!smith_format_needs(format, unit, plan, error) ||
	    !smith_format_gpu(format, unit, plan, error))
		return FALSE;
	key(&container, "ContainerName", plan->slug);
	add_image(&container);
	add_place(&container);
	add_command(&container);
	add_rights(&container);
	add_environment(&container);
	add_storage(&container);
	add_limits(&container);
	add_labels(&container);
	add_health(&container);
	add_service(&container);
	smith_format_install(unit, plan->group);
	return is_plain ? smith_format_add_plain(format, plan->slug, ".service", unit, error)
			: smith_format_add(format, plan->slug, ".container", unit, error);
}
