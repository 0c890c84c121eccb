/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/error.h"
#include "fleet/runtime.h"
#include "quadlet/format.h"
#include "quadlet/marker.h"

#define DIRECTORY "%E" /* of the user or the system */
#define BELOW "/containers/systemd"

SmithUnit *smith_format_unit(const SmithFormat *format, int podman, const char *what,
			     const char *name)
{
	g_autofree char *subject = g_strdup_printf("%s '%s'", what, name);
	g_autofree char *line = smith_quadlet_first_line(format->plan->fleet);
	bool is_service = strcmp(what, "service") == 0;
	SmithUnit *unit = smith_unit_new(podman, subject);
	smith_unit_comment(unit, NULL, line);
	smith_unit_setf(unit, "Unit", "Description", "%s%s%s of %s", is_service ? "" : what,
			is_service ? "" : " ", name, format->plan->fleet->name);
	return unit;
}

static void add_file(const SmithFormat *format, const char *directory, const char *name,
		     const char *suffix, char *text)
{
	SmithUnitFile *file = g_new0(SmithUnitFile, 1);
	file->path = g_strconcat(format->plan->host->name, "/", directory, name, suffix, NULL);
	file->text = text;
	g_ptr_array_add(format->files, file);
}

gboolean smith_format_add(const SmithFormat *format, const char *name, const char *suffix,
			  const SmithUnit *unit, GError **error)
{
	char *text = smith_unit_text(unit, error);
	if (text == NULL)
		return FALSE;
	add_file(format, "", name, suffix, text);
	return TRUE;
}

gboolean smith_format_add_plain(const SmithFormat *format, const char *name, const char *suffix,
				const SmithUnit *unit, GError **error)
{
	char *text = smith_unit_text(unit, error);
	if (text == NULL)
		return FALSE;
	add_file(format, SMITH_FORMAT_SYSTEMD "/", name, suffix, text);
	return TRUE;
}

void smith_format_add_text(const SmithFormat *format, const char *name, const char *text)
{
	add_file(format, "", name, "", g_strdup(text));
}

char *smith_format_size(gint64 bytes)
{
	static const char units[] = "bkmg";
	int unit = 0;
	while (unit < 3 && bytes % 1024 == 0) {
		bytes /= 1024;
		unit++;
	}
	return g_strdup_printf("%" G_GINT64_FORMAT "%c", bytes, units[unit]);
}

void smith_format_keep_id(SmithUnit *unit, const char *section)
{
	smith_unit_keyf(unit, section, "UserNS", "keep-id:uid=%d,gid=%d", SMITH_UID, SMITH_GID);
}

/* --- where it is */

static void add_network(const SmithFormat *format, SmithUnit *unit, const char *section,
			const SmithPlanNetwork *network)
{
	g_autoptr(GString) value = g_string_new(network->slug);
	g_autofree char *service = g_strconcat(network->slug, "-network.service", NULL);
	char separator = ':';
	bool is_plain = strcmp(section, "Pod") == 0 && format->podman < SMITH_FORMAT_POD;
	if (format->podman >= SMITH_FORMAT_NAMED && !is_plain) {
		g_string_append(value, ".network");
	} else {
		smith_unit_depend(unit, "Requires", service);
		smith_unit_depend(unit, "After", service);
	}
	if (network->ip != NULL) {
		g_string_append_printf(value, "%cip=%s", separator, network->ip);
		separator = ',';
	}
	for (char **alias = network->aliases; *alias != NULL; alias++) {
		g_string_append_printf(value, "%calias=%s", separator, *alias);
		separator = ',';
	}
	smith_unit_key(unit, section, "Network", value->str);
}

void smith_format_networks(const SmithFormat *format, SmithUnit *unit, const char *section,
			   const GPtrArray *networks)
{
	for (guint i = 0; i < networks->len; i++)
		add_network(format, unit, section, networks->pdata[i]);
}

void smith_format_place(const SmithFormat *format, SmithUnit *unit, const char *section,
			const GPtrArray *networks, const GPtrArray *ports, char *const *dns)
{
	smith_format_networks(format, unit, section, networks);
	for (; *dns != NULL; dns++)
		smith_unit_key(unit, section, "DNS", *dns);
	for (guint i = 0; i < ports->len; i++) {
		const SmithPlanPort *port = ports->pdata[i];
		smith_unit_keyf(unit, section, "PublishPort",
				"%s%" G_GINT64_FORMAT ":%" G_GINT64_FORMAT "%s",
				port->local ? "127.0.0.1:" : "", port->host, port->container,
				port->udp ? "/udp" : "");
	}
}

/* --- the host */

/* "%E/containers/systemd/HOST"; podman that reads no subdirectories has the files themselves there.
 * A specifier at the beginning stays one. */
static void set_directory(SmithFormat *format)
{
	const char *place = format->plan->install_dir;
	bool is_flat = format->podman >= SMITH_UNIT_QUADLET &&
		       format->podman < SMITH_FORMAT_SUBDIRECTORIES;
	bool has_specifier = place == NULL || (*place == '%' && g_ascii_isalpha(place[1]));
	const char *path = place == NULL ? BELOW : place + (has_specifier ? 2 : 0);
	format->specifier =
		place == NULL ? g_strdup(DIRECTORY) : g_strndup(place, has_specifier ? 2 : 0);
	format->directory = is_flat && place == NULL
				    ? g_strdup(path)
				    : g_strconcat(path, "/", format->plan->host->name, NULL);
}

bool smith_format_is_kube(const SmithFormat *format, const SmithPodPlan *pod)
{
	return pod != NULL && g_hash_table_contains(format->kube, pod);
}

/* *@document is NULL when it has to be a plain pod. */
static gboolean kube_document(const SmithFormat *format, const SmithPodPlan *pod, char **document,
			      GError **error)
{
	GError *local = NULL;
	*document = NULL;
	if (format->podman < SMITH_UNIT_QUADLET || format->podman >= SMITH_FORMAT_POD)
		return TRUE;
	if (smith_format_can_kube(format, pod, &local))
		*document = smith_format_kube_pod(format->plan, pod, &local);
	if (*document != NULL)
		return TRUE;
	if (g_error_matches(local, SMITH_ERROR, SMITH_ERROR_UNSUPPORTED)) {
		g_error_free(local);
		return TRUE;
	}
	g_propagate_error(error, local);
	return FALSE;
}

static gboolean find_kube(const SmithFormat *format, GError **error)
{
	const GPtrArray *pods = format->plan->pods;
	for (guint i = 0; i < pods->len; i++) {
		char *document = NULL;
		if (!kube_document(format, pods->pdata[i], &document, error))
			return FALSE;
		if (document != NULL)
			g_hash_table_insert(format->kube, pods->pdata[i], document);
	}
	return TRUE;
}

static gboolean format_units(const SmithFormat *format, GError **error)
{
	const SmithHostPlan *plan = format->plan;
	for (guint i = 0; i < plan->pods->len; i++)
		if (!smith_format_pod(format, plan->pods->pdata[i], error))
			return FALSE;
	for (guint i = 0; i < plan->containers->len; i++)
		if (!smith_format_container(format, plan->containers->pdata[i], error))
			return FALSE;
	for (guint i = 0; i < plan->networks->len; i++)
		if (!smith_format_network(format, plan->networks->pdata[i], error))
			return FALSE;
	for (guint i = 0; i < plan->volumes->len; i++)
		if (!smith_format_volume(format, plan->volumes->pdata[i], error))
			return FALSE;
	const SmithPlanTarget *whole = plan->targets->pdata[plan->targets->len - 1];
	for (guint i = 0; i < plan->targets->len; i++)
		if (!smith_format_target(format, plan->targets->pdata[i], whole, error))
			return FALSE;
	return TRUE;
}

/* JSON has no comments: write.c knows those files by its list. */
static void add_files(const SmithFormat *format)
{
	g_autofree char *line = smith_quadlet_first_line(format->plan->fleet);
	for (guint i = 0; i < format->plan->files->len; i++) {
		const SmithPlanFile *file = format->plan->files->pdata[i];
		bool is_json = g_str_has_suffix(file->name, ".json");
		g_autofree char *text = g_strconcat(is_json ? "" : "# ", is_json ? "" : line,
						    is_json ? "" : "\n", file->text, NULL);
		smith_format_add_text(format, file->name, text);
	}
}

static void format_clear(SmithFormat *format)
{
	g_free(format->specifier);
	g_free(format->directory);
}

bool smith_plan_is_kube(const SmithHostPlan *plan, const SmithPodPlan *pod)
{
	SmithFormat format = {.plan = plan, .podman = plan->podman};
	g_autofree char *document = NULL;
	set_directory(&format);
	kube_document(&format, pod, &document, NULL);
	format_clear(&format);
	return document != NULL;
}

gboolean smith_format_quadlet(const SmithHostPlan *plan, GPtrArray *files, GError **error)
{
	SMITH_AUTO_PREFIX("host", plan->host->name, error);
	g_autoptr(GHashTable) kube = g_hash_table_new_full(NULL, NULL, NULL, g_free);
	SmithFormat format = {.plan = plan, .podman = plan->podman, .files = files, .kube = kube};
	if (plan->containers->len == 0)
		return TRUE;
	set_directory(&format);
	gboolean ok = find_kube(&format, error) && format_units(&format, error);
	if (ok)
		add_files(&format);
	format_clear(&format);
	return ok;
}
