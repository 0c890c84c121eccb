/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <string.h>

#include "base/error.h"
#include "fleet/runtime.h"
#include "quadlet/quote.h"
#include "quadlet/shell.h"

#define SECOND G_GINT64_CONSTANT(1000000000)

/* --- words */

char *smith_shell_quote(const char *word)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				    "-_./:=,@%+";
	if (*word != '\0' && word[strspn(word, plain)] == '\0')
		return g_strdup(word);
	g_auto(GStrv) parts = g_strsplit(word, "'", -1);
	g_autofree char *joined = g_strjoinv("'\\''", parts);
	return g_strconcat("'", joined, "'", NULL);
}

void smith_shell_word(SmithShell *shell, const char *word)
{
	g_autofree char *quoted = smith_shell_quote(word);
	g_string_append_printf(shell->text, " \\\n\t\t%s", quoted);
}

void smith_shell_wordf(SmithShell *shell, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	g_autofree char *word = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	smith_shell_word(shell, word);
}

void smith_shell_value(SmithShell *shell, const char *before, const char *variable,
		       const char *after)
{
	g_autofree char *left = *before != '\0' ? smith_shell_quote(before) : g_strdup("");
	g_autofree char *right = *after != '\0' ? smith_shell_quote(after) : g_strdup("");
	g_string_append_printf(shell->text, " \\\n\t\t%s\"$%s\"%s", left, variable, right);
}

void smith_shell_call(SmithShell *shell, const char *function, const char *const *words)
{
	g_string_append_printf(shell->text, " \\\n\t\t$(%s", function);
	for (; *words != NULL; words++) {
		g_autofree char *quoted = smith_shell_quote(*words);
		g_string_append_printf(shell->text, " %s", quoted);
	}
	g_string_append_c(shell->text, ')');
}

/* --- what podman splits cannot have what it splits at */

static gboolean check_no(const char *what, const char *value, const char *splits, GError **error)
{
	if (value[strcspn(value, splits)] == '\0')
		return TRUE;
	return smith_throw(error, SMITH_ERROR_UNSUPPORTED, "podman takes a %s apart at '%c': '%s'",
			   what, value[strcspn(value, splits)], value);
}

/* --- the place */

gboolean smith_shell_networks(SmithShell *shell, const GPtrArray *networks, GError **error)
{
	for (guint i = 0; i < networks->len; i++) {
		const SmithPlanNetwork *network = networks->pdata[i];
		g_autoptr(GString) word = g_string_new(NULL);
		char separator = ':';
		g_string_append_printf(word, "--network=%s", network->slug);
		if (network->ip != NULL) {
			g_string_append_printf(word, ":ip=%s", network->ip);
			separator = ',';
		}
		for (char **alias = network->aliases; alias != NULL && *alias != NULL; alias++) {
			if (!check_no("name on a network", *alias, ":,", error))
				return FALSE;
			g_string_append_printf(word, "%calias=%s", separator, *alias);
			separator = ',';
		}
		smith_shell_word(shell, word->str);
	}
	return TRUE;
}

static void add_ports(SmithShell *shell, const GPtrArray *ports)
{
	for (guint i = 0; i < ports->len; i++) {
		const SmithPlanPort *port = ports->pdata[i];
		smith_shell_wordf(shell, "--publish=%s%" G_GINT64_FORMAT ":%" G_GINT64_FORMAT "%s",
				  port->local ? "127.0.0.1:" : "", port->host, port->container,
				  port->udp ? "/udp" : "");
	}
}

static void add_all(SmithShell *shell, const char *option, char **values)
{
	for (char **value = values; value != NULL && *value != NULL; value++)
		smith_shell_wordf(shell, "%s=%s", option, *value);
}

static void add_keep_id(SmithShell *shell, bool keep_id)
{
	if (keep_id)
		smith_shell_wordf(shell, "--userns=keep-id:uid=%d,gid=%d", SMITH_UID, SMITH_GID);
}

static gboolean add_place(SmithShell *shell, const SmithContainerPlan *container, GError **error)
{
	if (container->pod != NULL) {
		smith_shell_wordf(shell, "--pod=%s", container->pod->slug);
		return TRUE;
	}
	add_keep_id(shell, container->keep_id);
	if (container->host_network) {
		smith_shell_word(shell, "--network=host");
		return TRUE;
	}
	return smith_shell_networks(shell, container->networks, error);
}

static gboolean add_own_place(SmithShell *shell, const SmithContainerPlan *container,
			      GError **error)
{
	if (!add_place(shell, container, error))
		return FALSE;
	if (container->pod != NULL)
		return TRUE;
	if (!container->host_network)
		smith_shell_wordf(shell, "--hostname=%s", container->slug);
	add_ports(shell, container->ports);
	add_all(shell, "--dns", container->dns);
	if (container->shm > 0)
		smith_shell_wordf(shell, "--shm-size=%" G_GINT64_FORMAT "b", container->shm);
	return TRUE;
}

/* --- what it sees */

static gboolean add_mount(SmithShell *shell, const SmithPlanMount *mount, GError **error)
{
	g_autofree char *behind =
		g_strconcat(":", mount->target, mount->read_only || mount->own ? ":" : "",
			    mount->read_only ? "ro" : "", mount->read_only && mount->own ? "," : "",
			    mount->own ? "U" : "", NULL);
	if (!check_no("volume", mount->target, ":", error))
		return FALSE;
	if (mount->kind == SMITH_PLAN_SOCKET) {
		smith_shell_value(shell, "--volume=", "socket", behind);
		return TRUE;
	}
	if (!check_no("volume", mount->source, ":", error))
		return FALSE;
	smith_shell_wordf(shell, "--volume=%s%s", mount->source, behind);
	return TRUE;
}

static gboolean add_secret(SmithShell *shell, const SmithPlanSecret *secret, GError **error)
{
	if (!check_no("secret", secret->name, ",", error) ||
	    !check_no("secret", secret->target, ",", error))
		return FALSE;
	smith_shell_wordf(shell, "--secret=%s,type=%s,target=%s", secret->name,
			  secret->env ? "env" : "mount", secret->target);
	return TRUE;
}

static bool is_gpu(const SmithHostPlan *plan, const SmithPlanDevice *device)
{
	return plan->host->gpu != NULL && strcmp(device->name, plan->host->gpu->device) == 0;
}

/* One that it can do without is looked for at the start. */
static gboolean add_device(SmithShell *shell, const SmithHostPlan *plan,
			   const SmithContainerPlan *container, const SmithPlanDevice *device,
			   GError **error)
{
	bool is_checked = is_gpu(plan, device) && container->min_driver != NULL;
	if (!device->optional) {
		smith_shell_wordf(shell, "--device=%s", device->name);
		return TRUE;
	}
	smith_shell_call(
		shell, "device",
		(const char *[]){is_checked ? container->min_driver : "0", device->name, NULL});
	return check_no("device that may not be there", device->name, " \t\n*?[", error);
}

static gboolean add_sights(SmithShell *shell, const SmithHostPlan *plan,
			   const SmithContainerPlan *container, GError **error)
{
	if (plan->environment[0] != NULL)
		smith_shell_value(shell, "--env-file=", "here", "/" SMITH_PLAN_ENVIRONMENT);
	add_all(shell, "--env", container->environment);
	for (guint i = 0; i < container->mounts->len; i++)
		if (!add_mount(shell, container->mounts->pdata[i], error))
			return FALSE;
	for (char **path = container->tmpfs; path != NULL && *path != NULL; path++)
		if (!check_no("tmpfs", *path, ":", error))
			return FALSE;
	add_all(shell, "--tmpfs", container->tmpfs);
	for (guint i = 0; i < container->secrets->len; i++)
		if (!add_secret(shell, container->secrets->pdata[i], error))
			return FALSE;
	for (guint i = 0; i < container->devices->len; i++)
		if (!add_device(shell, plan, container, container->devices->pdata[i], error))
			return FALSE;
	if (container->keep_groups)
		smith_shell_word(shell, "--group-add=keep-groups");
	return TRUE;
}

/* --- what it may */

static void add_rights(SmithShell *shell, const SmithContainerPlan *container)
{
	if (container->user != NULL)
		smith_shell_wordf(shell, "--user=%s%s%s", container->user,
				  container->user_group != NULL ? ":" : "",
				  container->user_group != NULL ? container->user_group : "");
	if (container->read_only)
		smith_shell_word(shell, "--read-only");
	smith_shell_word(shell, "--cap-drop=all");
	add_all(shell, "--cap-add", container->capabilities);
	if (!container->new_privileges)
		smith_shell_word(shell, "--security-opt=no-new-privileges");
	if (g_strcmp0(container->seccomp, "unconfined") == 0)
		smith_shell_word(shell, "--security-opt=seccomp=unconfined");
	else if (container->seccomp != NULL) {
		g_autofree char *path = g_strconcat("/", container->seccomp, NULL);
		smith_shell_value(shell, "--security-opt=seccomp=", "here", path);
	}
}

static void add_limits(SmithShell *shell, const SmithContainerPlan *container)
{
	if (container->memory > 0)
		smith_shell_wordf(shell, "--memory=%" G_GINT64_FORMAT "b", container->memory);
	if (container->cpus != NULL)
		smith_shell_wordf(shell, "--cpus=%s", container->cpus);
	if (container->pids > 0)
		smith_shell_wordf(shell, "--pids-limit=%" G_GINT64_FORMAT, container->pids);
}

/* --- its life */

static void add_time(SmithShell *shell, const char *option, gint64 nanoseconds)
{
	if (nanoseconds > 0 && nanoseconds % SECOND == 0)
		smith_shell_wordf(shell, "%s=%" G_GINT64_FORMAT "s", option, nanoseconds / SECOND);
	else if (nanoseconds > 0)
		smith_shell_wordf(shell, "%s=%" G_GINT64_FORMAT "ns", option, nanoseconds);
}

/* At first it is asked each second; podman 4.4 asks only as often as later. */
static void add_startup(SmithShell *shell, const SmithHostPlan *plan, const SmithPlanHealth *health)
{
	g_autofree char *command = smith_quote_health((const char *const *)health->startup);
	if (plan->podman < 405)
		return;
	smith_shell_wordf(shell, "--health-startup-cmd=%s", command);
	smith_shell_word(shell, "--health-startup-interval=1s");
	add_time(shell, "--health-startup-timeout", health->startup_timeout);
	smith_shell_wordf(shell, "--health-startup-retries=%" G_GINT64_FORMAT,
			  health->startup_tries);
}

static void add_health(SmithShell *shell, const SmithHostPlan *plan,
		       const SmithContainerPlan *container)
{
	const SmithPlanHealth *health = container->health;
	if (health == NULL)
		return;
	g_autofree char *command = smith_quote_health((const char *const *)health->argv);
	smith_shell_wordf(shell, "--health-cmd=%s", command);
	add_time(shell, "--health-interval", health->interval);
	add_time(shell, "--health-timeout", health->timeout);
	add_time(shell, "--health-start-period", health->start_period);
	if (health->retries > 0)
		smith_shell_wordf(shell, "--health-retries=%" G_GINT64_FORMAT, health->retries);
	add_startup(shell, plan, health);
	/* as `podman kube play` does: podman's own restart does not follow its own kill */
	if (container->restart != SMITH_RESTART_NO)
		smith_shell_word(shell, "--health-on-failure=restart");
}

static void add_life(SmithShell *shell, const SmithHostPlan *plan,
		     const SmithContainerPlan *container)
{
	static const char *const restarts[] = {"always", "on-failure", "no"};
	add_health(shell, plan, container);
	smith_shell_wordf(shell, "--restart=%s", restarts[container->restart]);
	smith_shell_wordf(shell, "--stop-timeout=%" G_GINT64_FORMAT, container->stop_seconds);
}

/* --- the whole */

static void add_label(SmithShell *shell, const char *key, const char *value)
{
	smith_shell_wordf(shell, "--label=%s=%s", key, value);
}

static void add_ours(SmithShell *shell, const SmithHostPlan *plan)
{
	add_label(shell, SMITH_PLAN_LABEL, plan->fleet->name);
	add_label(shell, "io.ocismith.host", plan->host->name);
}

static gboolean add_labels(SmithShell *shell, const SmithContainerPlan *container, GError **error)
{
	g_autoptr(GList) keys =
		g_list_sort(g_hash_table_get_keys(container->labels), (GCompareFunc)strcmp);
	for (GList *key = keys; key != NULL; key = key->next) {
		if (!check_no("label", key->data, "=", error))
			return FALSE;
		if (strcmp(key->data, SMITH_PLAN_LABEL) != 0)
			add_label(shell, key->data,
				  g_hash_table_lookup(container->labels, key->data));
	}
	return TRUE;
}

gboolean smith_shell_container(SmithShell *shell, const SmithHostPlan *plan,
			       const SmithContainerPlan *container, GError **error)
{
	SMITH_AUTO_PREFIX("service", container->title, error);
	add_ours(shell, plan);
	smith_shell_word(shell, container->pull ? "--pull=missing" : "--pull=never");
	if (!add_labels(shell, container, error) || !add_own_place(shell, container, error) ||
	    !add_sights(shell, plan, container, error))
		return FALSE;
	add_rights(shell, container);
	add_limits(shell, container);
	add_life(shell, plan, container);
	if (container->entrypoint != NULL) {
		g_autofree char *entrypoint =
			smith_quote_json((const char *const *)container->entrypoint);
		smith_shell_wordf(shell, "--entrypoint=%s", entrypoint);
	}
	smith_shell_word(shell, container->image);
	for (char **word = container->argv; word != NULL && *word != NULL; word++)
		smith_shell_word(shell, *word);
	return TRUE;
}

gboolean smith_shell_beside(SmithShell *shell, const SmithContainerPlan *container, GError **error)
{
	SMITH_AUTO_PREFIX("service", container->title, error);
	if (!add_place(shell, container, error))
		return FALSE;
	smith_shell_word(shell, "--read-only");
	smith_shell_word(shell, "--cap-drop=all");
	smith_shell_word(shell, "--security-opt=no-new-privileges");
	return TRUE;
}

gboolean smith_shell_pod(SmithShell *shell, const SmithHostPlan *plan, const SmithPodPlan *pod,
			 GError **error)
{
	add_ours(shell, plan);
	smith_shell_wordf(shell, "--hostname=%s", pod->hostname);
	add_keep_id(shell, pod->keep_id);
	if (!smith_shell_networks(shell, pod->networks, error))
		return FALSE;
	add_ports(shell, pod->ports);
	add_all(shell, "--dns", pod->dns);
	if (pod->shm > 0)
		smith_shell_wordf(shell, "--shm-size=%" G_GINT64_FORMAT "b", pod->shm);
	/* it outlives all of its members */
	smith_shell_word(shell, "--exit-policy=continue");
	return TRUE;
}

void smith_shell_network(SmithShell *shell, const SmithNetwork *network)
{
	if (network->subnet != NULL)
		smith_shell_wordf(shell, "--subnet=%s", network->subnet);
	if (network->gateway != NULL)
		smith_shell_wordf(shell, "--gateway=%s", network->gateway);
	if (network->internal)
		smith_shell_word(shell, "--internal");
}
