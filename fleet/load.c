/* SPDX-License-Identifier: Apache-2.0 */
#include "fleet/load.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/entry.h"
#include "base/error.h"
#include "base/fd.h"
#include "fleet/auto-family.h"
#include "fleet/load-apt.h"
#include "fleet/load-class.h"
#include "fleet/load-container.h"
#include "fleet/load-group.h"
#include "fleet/load-run.h"
#include "fleet/load-service.h"
#include "fleet/load-supervisor.h"
#include "fleet/quantity.h"
#include "fleet/step-limits.h"
#include "fleet/tables.h"

static void family_free(gpointer data)
{
	SmithFamily *family = data;
	smith_load_pip_free(family->pip);
	smith_load_apt_free(family->apt);
	smith_load_bootstrap_free(family->bootstrap);
	g_free(family->from);
	g_free(family->file);
	g_free(family->seccomp);
	smith_bind_free(&smith_family_table, family);
}

/* The parts of the model that no table owns, freed before smith_bind_free() takes the rest. */
void smith_fleet_free(SmithFleet *fleet)
{
	if (fleet == NULL)
		return;
	for (guint i = 0; fleet->services != NULL && i < fleet->services->len; i++)
		smith_load_service_clear(fleet->services->pdata[i]);
	smith_load_groups_clear(fleet);
	for (guint i = 0; i < SMITH_KINDS; i++)
		g_clear_pointer(&fleet->index[i], g_hash_table_unref);
	g_clear_pointer(&fleet->families, g_ptr_array_unref);
	g_free(fleet->directory);
	smith_fd_clear(&fleet->fd);
	smith_node_free(fleet->document);
	smith_bind_free(&smith_fleet_table, fleet);
}

static void set_default(char **field, const char *value)
{
	if (*field == NULL)
		*field = g_strdup(value);
}

static void fill_array(GPtrArray **array)
{
	if (*array == NULL)
		*array = g_ptr_array_new();
}

/* "/opt/venv/" is what people write; what is no path at all is for lint to tell. */
static void normalize_prefix(SmithFleet *fleet)
{
	char *path = smith_entry_path_normalize(fleet->prefix, NULL);
	if (path == NULL)
		return;
	g_free(fleet->prefix);
	fleet->prefix = path;
}

static void fill_fleet(SmithFleet *fleet, SmithDiag *diag)
{
	GPtrArray **const arrays[] = {&fleet->services, &fleet->groups,	 &fleet->hosts,
				      &fleet->networks, &fleet->volumes, &fleet->secrets,
				      &fleet->allow};
	GHashTable **const maps[] = {&fleet->mirrors, &fleet->variables, &fleet->features};
	for (guint i = 0; i < G_N_ELEMENTS(arrays); i++)
		fill_array(arrays[i]);
	for (guint i = 0; i < G_N_ELEMENTS(maps); i++)
		smith_load_fill_map(maps[i]);
	if (fleet->registry == NULL && fleet->name != NULL) {
		g_autofree char *slug = smith_slug(fleet->name);
		fleet->registry = g_strconcat("localhost/", slug, NULL);
	}
	set_default(&fleet->registry, "localhost");
	set_default(&fleet->tag, "latest");
	set_default(&fleet->prefix, "opt/venv");
	normalize_prefix(fleet);
	set_default(&fleet->compression, "splice");
	set_default(&fleet->bytecode, SMITH_BYTECODE_NONE);
	if (fleet->wheels == NULL)
		fleet->wheels = g_new0(SmithWheelSources, 1);
	smith_load_fill_strv(&fleet->wheels->find_links);
	smith_load_indexes(&fleet->wheels->indexes, diag);
}

static void fill_hosts(SmithFleet *fleet, SmithDiag *diag)
{
	for (guint i = 0; i < fleet->hosts->len; i++) {
		SmithHost *host = fleet->hosts->pdata[i];
		host->index = i;
		GHashTable **const maps[] = {&host->variables, &host->env, &host->devices,
					     &host->machine};
		for (guint j = 0; j < G_N_ELEMENTS(maps); j++)
			smith_load_fill_map(maps[j]);
		smith_load_dns(&host->dns, host->place, host->name, diag);
		if (host->gpu != NULL)
			smith_load_fill_strv(&host->gpu->arch);
	}
	for (guint i = 0; i < fleet->secrets->len; i++) {
		SmithSecret *secret = fleet->secrets->pdata[i];
		set_default(&secret->target, secret->name);
	}
}

static void complete_services(SmithFleet *fleet, const SmithNode *document, SmithDiag *diag)
{
	const SmithNode *services = smith_node_get(document, "services");
	guint room = SMITH_NODE_MAX_NODES;
	for (guint i = 0; i < fleet->services->len; i++) {
		SmithService *service = fleet->services->pdata[i];
		/* the map is in the document's order, as the array is */
		const SmithNodeMember *member = services->members->pdata[i];
		service->node = member->value;
		const SmithGroup *group =
			service->groups->len > 0 ? service->groups->pdata[0] : NULL;
		const SmithHost *host = group != NULL ? smith_fleet_host(fleet, group->host) : NULL;
		smith_load_complete_service(fleet, host, service, member->value, diag);
		smith_load_add_variants(fleet, service, member->value, &room, diag);
	}
}

static void complete_fleet(SmithFleet *fleet, const SmithNode *document, SmithDiag *diag)
{
	smith_load_bytecode(&fleet->bytecode, fleet->place, NULL, diag);
	fill_fleet(fleet, diag);
	smith_load_step_limits(fleet, smith_node_get(document, "step_limits"), diag);
	fill_hosts(fleet, diag);
	smith_load_index(fleet);
	smith_load_groups(fleet, smith_node_get(document, "groups"), diag);
	complete_services(fleet, document, diag);
	smith_load_supervisors(fleet, diag);
}

static SmithNode *read_document(int dirfd, const char *file, SmithDiag *diag, GError **error)
{
	g_autoptr(GBytes) bytes = smith_fd_read_file(dirfd, file, SMITH_FLEET_FILE_LIMIT, error);
	if (bytes == NULL)
		return NULL;
	gsize length = 0;
	const char *text = g_bytes_get_data(bytes, &length);
	/* a key that is there twice is no reason to be silent about the rest */
	return smith_node_read_yaml_lax(text, length, file, diag, error);
}

/* The reader's text begins with the place. */
void smith_load_tell_unreadable(SmithDiag *diag, const char *file, const GError *error)
{
	SmithPlace place = {g_intern_string(file), 0, 0};
	const char *text = error->message;
	gsize length = strlen(file);
	if (g_str_has_prefix(text, file) && text[length] == ':') {
		char *end = NULL;
		guint line = (guint)g_ascii_strtoull(text + length + 1, &end, 10);
		guint column = *end == ':' ? (guint)g_ascii_strtoull(end + 1, &end, 10) : 0;
		if (column > 0 && g_str_has_prefix(end, ": ")) {
			place.line = line;
			place.column = column;
			text = end + 2;
		}
	}
	bool is_twice = g_str_has_prefix(text, "duplicate key");
	smith_diag_add(diag, SMITH_SEVERITY_ERROR, place,
		       is_twice ? "yaml-duplicate-key" : "yaml-parse-error", "%s", text);
}

static void fill_family(SmithFamily *family, SmithDiag *diag)
{
	if (family->gpu != NULL)
		smith_load_fill_strv(&family->gpu->arch);
	family->seccomp =
		smith_load_seccomp(family->seccomp_names, family->place, family->name, diag);
	if (family->size == NULL || family->size->max_text == NULL)
		return;
	family->size->max = smith_quantity_size(family->size->max_text);
	if (family->size->max <= 0)
		smith_diag_add_about(diag, SMITH_SEVERITY_ERROR, family->size->place, "bad-value",
				     family->name,
				     "'%s' is no size for family '%s' (like '512M' or '2GiB')",
				     family->size->max_text, family->name);
}

static void load_family(SmithFleet *fleet, const char *name, SmithDiag *diag)
{
	g_autofree char *file = g_strconcat("families.d/", name, NULL);
	g_autoptr(GError) error = NULL;
	g_autoptr(SmithNode) document = read_document(fleet->fd, file, diag, &error);
	if (document == NULL) {
		smith_load_tell_unreadable(diag, file, error);
		return;
	}
	SmithFamily *family = smith_bind_read(&smith_family_table, document, diag);
	family->file = g_steal_pointer(&file);
	family->from_place = smith_load_place(document, "from", family->place);
	set_default(&family->name, "");
	family->bootstrap = smith_load_from(family->from_node, family->name, &family->from, diag);
	family->apt = smith_load_apt(family->apt_node, family->name, diag);
	family->pip = smith_load_pip(family->pip_node, diag);
	smith_load_fill_map(&family->env);
	fill_family(family, diag);
	smith_load_bytecode(&family->bytecode, family->place, family->name, diag);
	smith_load_installer(&family->installer, family->place, family->name, diag);
	smith_load_run(family, diag);
	set_default(&family->from, "");
	const SmithFamily *other = smith_fleet_family(fleet, family->name);
	if (other == NULL)
		g_hash_table_insert(fleet->index[SMITH_KIND_FAMILY], family->name, family);
	if (other != NULL && *family->name != '\0')
		smith_diag_add(diag, SMITH_SEVERITY_ERROR, family->place, "duplicate-name",
			       "family '%s' is already defined in '%s'", family->name, other->file);
	g_ptr_array_add(fleet->families, family);
}

static void load_families(SmithFleet *fleet, SmithDiag *diag)
{
	g_autoptr(GError) error = NULL;
	smith_autofd int fd =
		smith_fd_open_beneath(fleet->fd, "families.d", O_RDONLY | O_DIRECTORY, 0, &error);
	if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
		return;
	g_autoptr(GPtrArray) names = fd >= 0 ? smith_fd_list_dir(fd, &error) : NULL;
	if (names == NULL) {
		smith_load_tell_unreadable(diag, "families.d", error);
		return;
	}
	for (guint i = 0; i < names->len; i++)
		if (g_str_has_suffix(names->pdata[i], ".yaml"))
			load_family(fleet, names->pdata[i], diag);
}

SmithFleet *smith_fleet_from_document(SmithNode *document, SmithDiag *diag)
{
	smith_load_apply_classes(document, diag);
	SmithFleet *fleet = smith_bind_read(&smith_fleet_table, document, diag);
	fleet->document = document;
	fleet->fd = -1;
	fleet->families = g_ptr_array_new_with_free_func(family_free);
	complete_fleet(fleet, document, diag);
	return fleet;
}

SmithFleet *smith_fleet_load(const char *directory, SmithDiag *diag, GError **error)
{
	smith_autofd int fd = smith_fd_open_dir(AT_FDCWD, directory, error);
	if (fd < 0)
		return NULL;
	SmithNode *document = read_document(fd, SMITH_FLEET_FILE, diag, error);
	if (document == NULL)
		return NULL;
	SmithFleet *fleet = smith_fleet_from_document(document, diag);
	fleet->directory = g_canonicalize_filename(directory, NULL);
	fleet->fd = g_steal_fd(&fd);
	load_families(fleet, diag);
	smith_auto_families(fleet, diag);
	smith_load_supervisor_seccomp(fleet);
	return fleet;
}

char *smith_fleet_find(const char *start, GError **error)
{
	g_autofree char *first = g_canonicalize_filename(start, NULL);
	g_autofree char *directory = g_strdup(first);
	for (;;) {
		g_autofree char *file = g_build_filename(directory, SMITH_FLEET_FILE, NULL);
		if (g_file_test(file, G_FILE_TEST_EXISTS))
			return g_steal_pointer(&directory);
		g_autofree char *parent = g_path_get_dirname(directory);
		if (strcmp(parent, directory) == 0)
			break;
		g_free(directory);
		directory = g_steal_pointer(&parent);
	}
	smith_throw(error, SMITH_ERROR_NOT_FOUND,
		    "no 'fleet.yaml' in '%s' or any directory above it", first);
	return NULL;
}
