/* SPDX-License-Identifier: Apache-2.0 */
#include "lint/startup.h"

#include <fcntl.h>
#include <string.h>

#include "base/fd.h"
#include "lint/lint-group.h"
#include "lint/lint-need.h"
#include "lint/lint-port.h"
#include "lint/lint-script.h"
#include "lint/rule.h"

#define ASCENT_MAX 16
#define PROBES_MAX 20

static void startup_free(gpointer data)
{
	smith_startup_free(data);
}

/* Letters and digits in lower case: what is left of a name however it is spelled. */
static char *fold(const char *name)
{
	GString *folded = g_string_new(NULL);
	for (const char *p = name; *p != '\0'; p++)
		if (g_ascii_isalnum(*p) || (*p & 0x80) != 0)
			g_string_append_c(folded, g_ascii_tolower(*p));
	return g_string_free(folded, FALSE);
}

static void lint_names(const SmithFleet *fleet, SmithDiag *diag)
{
	g_autoptr(GHashTable) names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	for (guint i = 0; i < fleet->services->len; i++) {
		const SmithService *service = fleet->services->pdata[i];
		char *folded = fold(service->name);
		const SmithService *other = g_hash_table_lookup(names, folded);
		if (other == NULL) {
			g_hash_table_insert(names, folded, (gpointer)service);
			continue;
		}
		g_free(folded);
		if (strcmp(other->name, service->name) == 0)
			smith_lint_report(diag, "agent-duplicate", service->place, service->name,
					  "agent '%s' is already defined at line %u", service->name,
					  other->place.line);
		else
			smith_lint_report(diag, "agent-near-duplicate", service->place,
					  service->name,
					  "'%s' and '%s' differ in their spelling only",
					  other->name, service->name);
	}
}

static void lint_range(const SmithService *service, const char *name, const SmithPortRange *range,
		       SmithDiag *diag)
{
	const SmithPort *port = smith_service_port(service, name);
	if (range->first == 0 || port == NULL ||
	    (port->number >= range->first && port->number <= range->last))
		return;
	g_autofree char *subject = g_strconcat(service->name, ".", name, NULL);
	smith_lint_report(diag, "port-outside-declared-range", port->place, subject,
			  "'%s' of '%s' is %d, not from %d to %d", name, service->name,
			  (int)port->number, (int)range->first, (int)range->last);
}

static void lint_ranges(const SmithStartup *startup, SmithDiag *diag)
{
	const GPtrArray *services = startup->fleet->services;
	for (guint i = 0; i < services->len; i++) {
		lint_range(services->pdata[i], SMITH_STARTUP_PORT, &startup->ports, diag);
		lint_range(services->pdata[i], SMITH_STARTUP_HEALTH, &startup->health_ports, diag);
	}
}

static void lint_startup(const SmithStartup *startup, const GPtrArray *others,
			 SmithSourceTree *tree, SmithDiag *diag)
{
	const SmithFleet *fleet = startup->fleet;
	lint_names(fleet, diag);
	smith_lint_ports_of_host(fleet, diag);
	lint_ranges(startup, diag);
	smith_lint_needs(fleet, others, &startup->place, diag);
	smith_lint_groups_of_host(fleet, startup->place, diag);
	smith_lint_scripts(fleet, tree, diag);
	if (tree != NULL)
		smith_lint_programs(fleet, tree, diag);
}

void smith_startup_lint(const GPtrArray *startups, SmithSourceTree *tree, SmithDiag *diag)
{
	g_autoptr(GPtrArray) fleets = g_ptr_array_new();
	for (guint i = 0; i < startups->len; i++)
		g_ptr_array_add(fleets, ((SmithStartup *)startups->pdata[i])->fleet);
	for (guint i = 0; i < startups->len; i++)
		lint_startup(startups->pdata[i], fleets, tree, diag);
}

static bool has_script(int dirfd, const SmithFleet *fleet)
{
	g_autoptr(SmithSourceTree) tree = smith_source_tree_new(dirfd);
	for (guint i = 0; i < MIN(fleet->services->len, PROBES_MAX); i++) {
		const SmithService *service = fleet->services->pdata[i];
		const char *script = service->app->script;
		if (script != NULL && smith_source_tree_has(tree, script))
			return true;
	}
	return false;
}

/* The descriptor of the directory, or -1. */
static int find_tree(const char *path, const SmithFleet *fleet)
{
	g_autofree char *full = g_canonicalize_filename(path, NULL);
	g_autofree char *directory = g_path_get_dirname(full);
	for (guint i = 0; i < ASCENT_MAX; i++) {
		smith_autofd int fd = smith_fd_open_dir(AT_FDCWD, directory, NULL);
		if (fd >= 0 && has_script(fd, fleet))
			return g_steal_fd(&fd);
		g_autofree char *parent = g_path_get_dirname(directory);
		if (strcmp(parent, directory) == 0)
			return -1;
		g_free(directory);
		directory = g_steal_pointer(&parent);
	}
	return -1;
}

gboolean smith_startup_check(const char *const *paths, SmithDiag *diag, GError **error)
{
	g_autoptr(GPtrArray) startups = g_ptr_array_new_with_free_func(startup_free);
	for (const char *const *path = paths; *path != NULL; path++)
		if (!smith_startup_read_file(*path, startups, diag, error))
			return FALSE;
	const SmithStartup *first = startups->len > 0 ? startups->pdata[0] : NULL;
	smith_autofd int fd = first != NULL ? find_tree(paths[0], first->fleet) : -1;
	g_autoptr(SmithSourceTree) tree = fd >= 0 ? smith_source_tree_new(fd) : NULL;
	smith_startup_lint(startups, tree, diag);
	smith_diag_sort(diag);
	return TRUE;
}
