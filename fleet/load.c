/* SPDX-License-Identifier: Apache-2.0 */
#include "fleet/load.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/bind.h"
#include "base/entry.h"
#include "base/error.h"
#include "base/fd.h"

#define NO_OFFSET (-1)

static const SmithBindField family_fields[] = {
	SMITH_BIND(SmithFamily, name, "family", STRING, .required = true),
	SMITH_BIND(SmithFamily, from, "from", STRING, .required = true),
	SMITH_BIND(SmithFamily, pip_node, "pip", NODE),
	SMITH_BIND(SmithFamily, env, "env", STRMAP),
	{0},
};
static const SmithBindTable family_table = {"family",
					    sizeof(SmithFamily),
					    family_fields,
					    NO_OFFSET,
					    G_STRUCT_OFFSET(SmithFamily, place),
					    false};

static const SmithBindField app_fields[] = {
	SMITH_BIND(SmithApp, script, "script", STRING),
	SMITH_BIND(SmithApp, module, "module", STRING),
	SMITH_BIND(SmithApp, asgi, "asgi", STRING),
	SMITH_BIND(SmithApp, exec, "exec", STRV),
	SMITH_BIND(SmithApp, args, "args", STRV),
	SMITH_BIND(SmithApp, files, "files", STRV, .one_or_list = true),
	{0},
};
static const SmithBindTable app_table = {
	"app", sizeof(SmithApp), app_fields, NO_OFFSET, G_STRUCT_OFFSET(SmithApp, place), false};

static const SmithBindField health_fields[] = {
	SMITH_BIND(SmithHealth, http, "http", STRING),
	SMITH_BIND(SmithHealth, tcp, "tcp", BOOL),
	SMITH_BIND(SmithHealth, exec, "exec", STRV),
	SMITH_BIND(SmithHealth, port, "port", STRING),
	SMITH_BIND(SmithHealth, interval_text, "interval", STRING, .any_scalar = true),
	SMITH_BIND(SmithHealth, timeout_text, "timeout", STRING, .any_scalar = true),
	SMITH_BIND(SmithHealth, start_period_text, "start_period", STRING, .any_scalar = true),
	SMITH_BIND(SmithHealth, retries, "retries", INT, .min = 1, .max = 1000),
	{0},
};
static const SmithBindTable health_table = {"health",
					    sizeof(SmithHealth),
					    health_fields,
					    NO_OFFSET,
					    G_STRUCT_OFFSET(SmithHealth, place),
					    false};

static const SmithBindField service_fields[] = {
	SMITH_BIND(SmithService, family, "family", STRING, .required = true),
	SMITH_BIND(SmithService, app, "app", OBJECT, .table = &app_table, .required = true),
	SMITH_BIND(SmithService, pip_node, "pip", NODE),
	SMITH_BIND(SmithService, env, "env", STRMAP),
	SMITH_BIND(SmithService, ports_node, "ports", NODE),
	SMITH_BIND(SmithService, health, "health", OBJECT, .table = &health_table),
	SMITH_BIND(SmithService, needs, "needs", STRV, .one_or_list = true),
	SMITH_BIND(SmithService, tmpfs, "tmpfs", STRV, .one_or_list = true),
	{0},
};
static const SmithBindTable service_table = {"service",
					     sizeof(SmithService),
					     service_fields,
					     G_STRUCT_OFFSET(SmithService, name),
					     G_STRUCT_OFFSET(SmithService, place),
					     false};

static const SmithBindField group_fields[] = {
	SMITH_BIND(SmithGroup, host, "host", STRING, .required = true),
	SMITH_BIND(SmithGroup, services, "services", STRV, .required = true),
	{0},
};
static const SmithBindTable group_table = {"group",
					   sizeof(SmithGroup),
					   group_fields,
					   G_STRUCT_OFFSET(SmithGroup, name),
					   G_STRUCT_OFFSET(SmithGroup, place),
					   false};

static const SmithBindField host_fields[] = {
	SMITH_BIND(SmithHost, podman, "podman", STRING, .any_scalar = true),
	SMITH_BIND(SmithHost, address, "address", STRING),
	SMITH_BIND(SmithHost, port_offset, "port_offset", INT, .min = 0, .max = 60000),
	SMITH_BIND(SmithHost, machine, "machine", STRMAP),
	{0},
};
static const SmithBindTable host_table = {"host",
					  sizeof(SmithHost),
					  host_fields,
					  G_STRUCT_OFFSET(SmithHost, name),
					  G_STRUCT_OFFSET(SmithHost, place),
					  false};

static const SmithBindField sources_fields[] = {
	SMITH_BIND(SmithWheelSources, find_links, "find_links", STRV, .one_or_list = true),
	SMITH_BIND(SmithWheelSources, index, "index", STRING),
	{0},
};
static const SmithBindTable sources_table = {
	"wheels", sizeof(SmithWheelSources), sources_fields, NO_OFFSET, NO_OFFSET, false};

static const SmithBindField fleet_fields[] = {
	SMITH_BIND(SmithFleet, name, "fleet", STRING, .required = true),
	SMITH_BIND(SmithFleet, registry, "registry", STRING),
	SMITH_BIND(SmithFleet, tag, "tag", STRING, .any_scalar = true),
	SMITH_BIND(SmithFleet, platform, "platform", STRING),
	SMITH_BIND(SmithFleet, prefix, "prefix", STRING),
	SMITH_BIND(SmithFleet, compression, "compression", STRING),
	SMITH_BIND(SmithFleet, wheels, "wheels", OBJECT, .table = &sources_table),
	SMITH_BIND(SmithFleet, hosts, "hosts", MAP, .table = &host_table),
	SMITH_BIND(SmithFleet, groups, "groups", MAP, .table = &group_table),
	SMITH_BIND(SmithFleet, services, "services", MAP, .table = &service_table),
	{0},
};
static const SmithBindTable fleet_table = {
	"fleet", sizeof(SmithFleet), fleet_fields, NO_OFFSET, G_STRUCT_OFFSET(SmithFleet, place),
	false};

static void pip_free(SmithPip *pip)
{
	if (pip == NULL)
		return;
	g_free(pip->file);
	g_strfreev(pip->lines);
	g_free(pip);
}

static void port_free(gpointer data)
{
	SmithPort *port = data;
	g_free(port->name);
	g_free(port);
}

static void family_free(gpointer data)
{
	SmithFamily *family = data;
	pip_free(family->pip);
	g_free(family->file);
	smith_bind_free(&family_table, family);
}

/* The parts of the model that no table owns, freed before smith_bind_free() takes the rest. */
void smith_fleet_free(SmithFleet *fleet)
{
	if (fleet == NULL)
		return;
	for (guint i = 0; fleet->services != NULL && i < fleet->services->len; i++) {
		SmithService *service = fleet->services->pdata[i];
		pip_free(service->pip);
		g_free(service->slug);
		g_clear_pointer(&service->ports, g_ptr_array_unref);
	}
	for (guint i = 0; fleet->groups != NULL && i < fleet->groups->len; i++)
		g_free(((SmithGroup *)fleet->groups->pdata[i])->slug);
	g_clear_pointer(&fleet->families, g_ptr_array_unref);
	g_free(fleet->directory);
	smith_fd_clear(&fleet->fd);
	smith_bind_free(&fleet_table, fleet);
}

static void set_default(char **field, const char *value)
{
	if (*field == NULL)
		*field = g_strdup(value);
}

static void fill_strv(char ***list)
{
	if (*list == NULL)
		*list = g_new0(char *, 1);
}

static void fill_map(GHashTable **map)
{
	if (*map == NULL)
		*map = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
}

static void fill_array(GPtrArray **array)
{
	if (*array == NULL)
		*array = g_ptr_array_new();
}

static char **lines_of(const SmithNode *seq, SmithDiag *diag)
{
	g_autoptr(GPtrArray) lines = g_ptr_array_new();
	for (guint i = 0; i < seq->items->len; i++) {
		const SmithNode *item = seq->items->pdata[i];
		if (item->type == SMITH_NODE_STRING)
			g_ptr_array_add(lines, g_strdup(item->text));
		else
			smith_diag_add(diag, SMITH_SEVERITY_ERROR, item->place, "wrong-type",
				       "a requirement must be a string, got %s",
				       smith_node_type_name(item->type));
	}
	g_ptr_array_add(lines, NULL);
	return (char **)g_ptr_array_steal(lines, NULL);
}

/* `pip:` is a file name, a list of requirements, or a map with the key `requirements`. */
static SmithPip *read_pip(const SmithNode *node, SmithDiag *diag)
{
	if (node == NULL)
		return NULL;
	const SmithNode *value = node;
	if (node->type == SMITH_NODE_MAP) {
		for (guint i = 0; i < node->members->len; i++) {
			const SmithNodeMember *member = node->members->pdata[i];
			if (strcmp(member->key, "requirements") != 0)
				smith_diag_add(diag, SMITH_SEVERITY_ERROR, member->place,
					       "unknown-key",
					       "unknown key '%s' in pip (known: 'requirements')",
					       member->key);
		}
		value = smith_node_get(node, "requirements");
	}
	SmithPip *pip = g_new0(SmithPip, 1);
	pip->place = value != NULL ? value->place : node->place;
	if (value != NULL && value->type == SMITH_NODE_STRING)
		pip->file = g_strdup(value->text);
	else if (value != NULL && value->type == SMITH_NODE_SEQ)
		pip->lines = lines_of(value, diag);
	else
		smith_diag_add(diag, SMITH_SEVERITY_ERROR, pip->place, "wrong-type",
			       "pip must be a file name or a list of requirements, got %s",
			       smith_node_type_name(value ? value->type : node->type));
	return pip;
}

#define DURATION_MAX (86400 * G_GINT64_CONSTANT(1000000000))

/* "1m30s", "500ms", "30" (seconds) to nanoseconds; -1 when it is none of these, or over a day. */
static gint64 parse_duration(const char *text)
{
	static const struct {
		const char *unit;
		gint64 nanoseconds;
	} units[] = {{"ns", 1},		{"us", 1000},	    {"ms", 1000000},
		     {"s", 1000000000}, {"m", 60000000000}, {"h", 3600000000000}};
	gint64 total = 0;
	if (*text == '\0')
		return -1;
	for (const char *p = text; *p != '\0';) {
		char *end = NULL;
		if (!g_ascii_isdigit(*p))
			return -1;
		gint64 number = g_ascii_strtoll(p, &end, 10);
		gsize length = strspn(end, "nsumh");
		if (length == 0 && *end == '\0' && p == text)
			return number <= DURATION_MAX / 1000000000 ? number * 1000000000 : -1;
		gint64 scale = 0;
		for (guint i = 0; i < G_N_ELEMENTS(units); i++)
			if (strlen(units[i].unit) == length &&
			    strncmp(units[i].unit, end, length) == 0)
				scale = units[i].nanoseconds;
		if (scale == 0 || number > (DURATION_MAX - total) / scale)
			return -1;
		total += number * scale;
		p = end + length;
	}
	return total;
}

/* Zero is a duration only where there may be none: where that is what is meant by leaving it out.
 */
static gint64 read_duration(const char *text, const char *key, gint64 fallback,
			    const SmithNode *node, SmithDiag *diag)
{
	if (text == NULL)
		return fallback;
	gint64 value = parse_duration(text);
	if (value > 0 || (value == 0 && fallback == 0))
		return value;
	smith_diag_add(
		diag, SMITH_SEVERITY_ERROR, smith_node_get(node, key)->place, "bad-value",
		"'%s' is no duration for '%s' (like '30s', '1m30s' or '500ms', at most a day)",
		text, key);
	return fallback;
}

/* How many of @keys are said in @map: also one whose value is wrong, for that is told already. */
static int count_keys(const SmithNode *map, const char *const *keys)
{
	int count = 0;
	for (; *keys != NULL; keys++) {
		const SmithNode *value = smith_node_get(map, *keys);
		count += value != NULL && value->type != SMITH_NODE_NULL &&
			 (value->type != SMITH_NODE_BOOL || value->boolean);
	}
	return count;
}

static void read_health(SmithService *service, const SmithNode *node, SmithDiag *diag)
{
	static const char *const keys[] = {"http", "tcp", "exec", NULL};
	SmithHealth *health = service->health;
	if (health == NULL)
		return;
	int kinds = count_keys(node, keys);
	if (node->type == SMITH_NODE_MAP && kinds != 1)
		smith_diag_add(diag, SMITH_SEVERITY_ERROR, health->place, "bad-value",
			       "health of service '%s' needs exactly one of 'http', 'tcp' and "
			       "'exec', got %d",
			       service->name, kinds);
	health->kind = health->exec  ? SMITH_HEALTH_EXEC
		       : health->tcp ? SMITH_HEALTH_TCP
				     : SMITH_HEALTH_HTTP;
	health->interval = read_duration(health->interval_text, "interval",
					 30 * G_GINT64_CONSTANT(1000000000), node, diag);
	health->timeout = read_duration(health->timeout_text, "timeout",
					5 * G_GINT64_CONSTANT(1000000000), node, diag);
	health->start_period =
		read_duration(health->start_period_text, "start_period", 0, node, diag);
	if (health->retries == 0)
		health->retries = 3;
}

static void read_ports(SmithService *service, SmithDiag *diag)
{
	service->ports = g_ptr_array_new_with_free_func(port_free);
	const SmithNode *node = service->ports_node;
	if (node == NULL)
		return;
	if (node->type != SMITH_NODE_MAP) {
		smith_diag_add(diag, SMITH_SEVERITY_ERROR, node->place, "wrong-type",
			       "ports must be a map of names to numbers, got %s",
			       smith_node_type_name(node->type));
		return;
	}
	for (guint i = 0; i < node->members->len; i++) {
		const SmithNodeMember *member = node->members->pdata[i];
		if (member->value->type != SMITH_NODE_INT || member->value->integer < 1 ||
		    member->value->integer > 65535) {
			smith_diag_add(diag, SMITH_SEVERITY_ERROR, member->value->place,
				       "bad-value",
				       "port '%s' of service '%s' must be a number from 1 to 65535",
				       member->key, service->name);
			continue;
		}
		SmithPort *port = g_new0(SmithPort, 1);
		port->name = g_strdup(member->key);
		port->number = member->value->integer;
		port->place = member->value->place;
		g_ptr_array_add(service->ports, port);
	}
}

static void read_app(SmithService *service, const SmithNode *node, SmithDiag *diag)
{
	static const char *const keys[] = {"script", "module", "asgi", "exec", NULL};
	if (service->app == NULL)
		service->app = g_new0(SmithApp, 1);
	SmithApp *app = service->app;
	int forms = count_keys(node, keys);
	if (node != NULL && node->type == SMITH_NODE_MAP && forms != 1)
		smith_diag_add(
			diag, SMITH_SEVERITY_ERROR, app->place, "bad-value",
			"app of service '%s' needs exactly one of 'script', 'module', 'asgi' "
			"and 'exec', got %d",
			service->name, forms);
	app->form = app->script	  ? SMITH_APP_SCRIPT
		    : app->module ? SMITH_APP_MODULE
		    : app->asgi	  ? SMITH_APP_ASGI
		    : app->exec	  ? SMITH_APP_EXEC
				  : SMITH_APP_NONE;
	fill_strv(&app->args);
	fill_strv(&app->files);
}

static SmithPlace place_of(const SmithNode *map, const char *key, SmithPlace fallback)
{
	const SmithNode *node = smith_node_get(map, key);
	return node != NULL ? node->place : fallback;
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

static void complete_fleet(SmithFleet *fleet, const SmithNode *document, SmithDiag *diag)
{
	if (fleet->registry == NULL && fleet->name != NULL) {
		g_autofree char *slug = smith_slug(fleet->name);
		fleet->registry = g_strconcat("localhost/", slug, NULL);
	}
	set_default(&fleet->registry, "localhost");
	set_default(&fleet->tag, "latest");
	set_default(&fleet->prefix, "opt/venv");
	normalize_prefix(fleet);
	set_default(&fleet->compression, "splice");
	if (fleet->wheels == NULL)
		fleet->wheels = g_new0(SmithWheelSources, 1);
	fill_strv(&fleet->wheels->find_links);
	fill_array(&fleet->services);
	fill_array(&fleet->groups);
	fill_array(&fleet->hosts);
	const SmithNode *services = smith_node_get(document, "services");
	for (guint i = 0; i < fleet->services->len; i++) {
		SmithService *service = fleet->services->pdata[i];
		const SmithNode *node = smith_node_get(services, service->name);
		service->family_place = place_of(node, "family", service->place);
		service->slug = smith_slug(service->name);
		service->pip = read_pip(service->pip_node, diag);
		fill_map(&service->env);
		fill_strv(&service->needs);
		fill_strv(&service->tmpfs);
		read_app(service, smith_node_get(node, "app"), diag);
		read_health(service, smith_node_get(node, "health"), diag);
		read_ports(service, diag);
	}
	const SmithNode *groups = smith_node_get(document, "groups");
	for (guint i = 0; i < fleet->groups->len; i++) {
		SmithGroup *group = fleet->groups->pdata[i];
		group->host_place =
			place_of(smith_node_get(groups, group->name), "host", group->place);
		group->slug = smith_slug(group->name);
		fill_strv(&group->services);
	}
	for (guint i = 0; i < fleet->hosts->len; i++)
		fill_map(&((SmithHost *)fleet->hosts->pdata[i])->machine);
}

static SmithNode *read_document(int dirfd, const char *file, GError **error)
{
	g_autoptr(GBytes) bytes = smith_fd_read_file(dirfd, file, SMITH_FLEET_FILE_LIMIT, error);
	if (bytes == NULL)
		return NULL;
	gsize length = 0;
	const char *text = g_bytes_get_data(bytes, &length);
	return smith_node_read_yaml(text, length, file, error);
}

/* A document that is no YAML is one finding; the reader's text begins with its place. */
static void add_unreadable(SmithDiag *diag, const char *file, const GError *error)
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
	smith_diag_add(diag, SMITH_SEVERITY_ERROR, place, "unreadable", "%s", text);
}

static void load_family(SmithFleet *fleet, const char *name, SmithDiag *diag)
{
	g_autofree char *file = g_strconcat("families.d/", name, NULL);
	g_autoptr(GError) error = NULL;
	g_autoptr(SmithNode) document = read_document(fleet->fd, file, &error);
	if (document == NULL) {
		add_unreadable(diag, file, error);
		return;
	}
	SmithFamily *family = smith_bind_read(&family_table, document, diag);
	family->file = g_steal_pointer(&file);
	family->from_place = place_of(document, "from", family->place);
	family->pip = read_pip(family->pip_node, diag);
	fill_map(&family->env);
	set_default(&family->name, "");
	set_default(&family->from, "");
	const SmithFamily *other = smith_fleet_family(fleet, family->name);
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
		add_unreadable(diag, "families.d", error);
		return;
	}
	for (guint i = 0; i < names->len; i++)
		if (g_str_has_suffix(names->pdata[i], ".yaml"))
			load_family(fleet, names->pdata[i], diag);
}

SmithFleet *smith_fleet_load(const char *directory, SmithDiag *diag, GError **error)
{
	smith_autofd int fd = smith_fd_open_dir(AT_FDCWD, directory, error);
	if (fd < 0)
		return NULL;
	g_autoptr(SmithNode) document = read_document(fd, SMITH_FLEET_FILE, error);
	if (document == NULL)
		return NULL;
	SmithFleet *fleet = smith_bind_read(&fleet_table, document, diag);
	fleet->directory = g_canonicalize_filename(directory, NULL);
	fleet->fd = g_steal_fd(&fd);
	fleet->families = g_ptr_array_new_with_free_func(family_free);
	complete_fleet(fleet, document, diag);
	load_families(fleet, diag);
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
