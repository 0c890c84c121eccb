/* SPDX-License-Identifier: Apache-2.0 */
#include "fleet/startup.h"

#include <fcntl.h>
#include <string.h>

#include "base/error.h"
#include "base/fd.h"
#include "fleet/load.h"
#include "fleet/startup-model.h"

void smith_startup_free(SmithStartup *startup)
{
	smith_fleet_free(startup->fleet);
	g_free(startup);
}

static bool is_machine(const char *name)
{
	static const char *const words[] = {"",	 ".", "..", "config", "configs", "startup_config",
					    NULL};
	return !g_strv_contains(words, name);
}

/* "mainpc.startup_config.yaml" is mainpc, "main_pc_code/config/startup_config.yaml" main_pc_code.
 */
static char *machine_of(const char *file)
{
	g_auto(GStrv) parts = g_strsplit(file, "/", -1);
	guint count = g_strv_length(parts);
	char *base = count > 0 ? parts[count - 1] : NULL;
	if (base != NULL)
		base[strcspn(base, ".")] = '\0';
	for (guint i = count; i > 0; i--)
		if (is_machine(parts[i - 1]))
			return g_strdup(parts[i - 1]);
	return g_strdup("host");
}

static SmithPortRange read_range(const SmithNode *network, const char *key)
{
	const SmithNode *range = smith_node_get(network, key);
	return (SmithPortRange){smith_node_get_int(range, "start", 0),
				smith_node_get_int(range, "end", 0)};
}

/* "pc2_network", whatever the machine is called. */
static void read_ranges(const SmithNode *document, SmithStartup *startup)
{
	for (guint i = 0; i < document->members->len; i++) {
		const SmithNodeMember *member = document->members->pdata[i];
		if (strcmp(member->key, "network") != 0 &&
		    !g_str_has_suffix(member->key, "_network"))
			continue;
		startup->ports = read_range(member->value, "agent_ports");
		startup->health_ports = read_range(member->value, "health_check_ports");
	}
}

static void add_machine(const SmithNode *document, SmithStartupModel *model, const char *machine,
			const SmithNode *sections, GPtrArray *startups)
{
	SmithStartup *startup = g_new0(SmithStartup, 1);
	startup->place = model->whole;
	read_ranges(document, startup);
	startup->fleet = smith_startup_model(model, machine, sections);
	g_ptr_array_add(startups, startup);
}

static void add_machines(const SmithNode *document, SmithStartupModel *model, const char *file,
			 GPtrArray *startups)
{
	const SmithNode *profiles = smith_node_get(document, "machine_profiles");
	guint added = 0;
	for (guint i = 0;
	     profiles != NULL && profiles->type == SMITH_NODE_MAP && i < profiles->members->len;
	     i++) {
		const SmithNodeMember *member = profiles->members->pdata[i];
		const SmithNode *sections = smith_node_get(member->value, "enabled_groups");
		if (sections == NULL || sections->type != SMITH_NODE_SEQ)
			continue;
		add_machine(document, model, member->key, sections, startups);
		added++;
	}
	if (added > 0)
		return;
	g_autofree char *machine = machine_of(file);
	add_machine(document, model, machine, NULL, startups);
}

void smith_startup_read(const char *text, gsize length, const char *file, GPtrArray *startups,
			SmithDiag *diag)
{
	const SmithPlace whole = {g_intern_string(file), 0, 0};
	g_autoptr(GError) error = NULL;
	g_autoptr(SmithNode) document = smith_node_read_yaml_lax(text, length, file, diag, &error);
	if (document == NULL) {
		smith_load_tell_unreadable(diag, file, error);
		return;
	}
	g_auto(SmithStartupShape) shape = {0};
	smith_startup_find(document, &shape, diag);
	if (!shape.is_known) {
		smith_diag_add(diag, SMITH_SEVERITY_ERROR, whole, "startup-unknown-shape",
			       "no agents here: neither 'agent_groups' nor a list of agents with "
			       "'name' and 'script_path'");
		return;
	}
	g_auto(SmithStartupScope) scope = {0};
	smith_startup_scope_init(&scope, document, whole, diag);
	SmithStartupModel model = {document, &shape, &scope, whole, diag};
	smith_startup_check_agents(&model);
	add_machines(document, &model, file, startups);
}

gboolean smith_startup_read_file(const char *path, GPtrArray *startups, SmithDiag *diag,
				 GError **error)
{
	g_autoptr(GBytes) bytes = smith_fd_read_file(AT_FDCWD, path, SMITH_STARTUP_LIMIT, error);
	if (bytes == NULL)
		return FALSE;
	gsize length = 0;
	const char *text = g_bytes_get_data(bytes, &length);
	smith_startup_read(text, length, path, startups, diag);
	return TRUE;
}
