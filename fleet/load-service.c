/* SPDX-License-Identifier: Apache-2.0 */
#include "fleet/load-service.h"

#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "fleet/load-container.h"
#include "fleet/load-port.h"
#include "fleet/load-run.h"
#include "fleet/quantity.h"
#include "fleet/tables.h"
#include "python/name.h"

#define SECOND G_GINT64_CONSTANT(1000000000)
#define WAIT (60 * SECOND) /* for a service of another host */

void smith_load_fill_strv(char ***list)
{
	if (*list == NULL)
		*list = g_new0(char *, 1);
}

void smith_load_fill_map(GHashTable **map)
{
	if (*map == NULL)
		*map = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
}

SmithPlace smith_load_place(const SmithNode *map, const char *key, SmithPlace fallback)
{
	const SmithNode *node = smith_node_get(map, key);
	return node != NULL ? node->place : fallback;
}

void smith_load_pip_free(SmithPip *pip)
{
	if (pip == NULL)
		return;
	g_free(pip->file);
	g_strfreev(pip->lines);
	if (pip->others != NULL)
		g_ptr_array_unref(pip->others);
	smith_bind_free(&smith_pip_table, pip);
}

static void need_free(gpointer data)
{
	smith_bind_free(&smith_need_table, data);
}

static void mount_free(gpointer data)
{
	SmithMount *mount = data;
	g_free(mount->volume);
	g_free(mount->target);
	g_free(mount);
}

static void variant_free(gpointer data)
{
	SmithVariant *variant = data;
	g_free(variant->host);
	smith_load_service_clear(variant->service);
	g_free(variant->service->name);
	smith_bind_free(&smith_service_table, variant->service);
	smith_node_free(variant->node);
	g_free(variant);
}

void smith_load_service_clear(SmithService *service)
{
	smith_load_pip_free(service->pip);
	smith_load_container_clear(service);
	g_free(service->slug);
	g_free(service->generated);
	g_clear_pointer(&service->variants, g_ptr_array_unref);
	g_clear_pointer(&service->ports, g_ptr_array_unref);
	g_clear_pointer(&service->needs, g_ptr_array_unref);
	g_clear_pointer(&service->volumes, g_ptr_array_unref);
	g_clear_pointer(&service->groups, g_ptr_array_unref);
	if (service->health != NULL)
		g_free(service->health->zmq);
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

static bool is_url(const char *url)
{
	return g_str_has_prefix(url, "https://") || g_str_has_prefix(url, "http://") ||
	       g_str_has_prefix(url, "file:///");
}

/* One that can match nothing would leave its projects to whoever takes their names. */
static void check_names(const SmithWheelIndex *index, SmithDiag *diag)
{
	if (index->names != NULL && *index->names == NULL)
		smith_diag_add(diag, SMITH_SEVERITY_ERROR, index->place, "bad-value",
			       "'names' of an index has none: it would claim nothing");
	for (char **name = index->names; name != NULL && *name != NULL; name++)
		if (**name == '\0' ||
		    (*name)[strspn(*name, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "-_.*?")] != '\0')
			smith_diag_add(diag, SMITH_SEVERITY_ERROR, index->place, "bad-value",
				       "'%s' in 'names' of an index is no name of projects (like "
				       "'acme-*')",
				       *name);
}

void smith_load_indexes(GPtrArray **indexes, SmithDiag *diag)
{
	if (*indexes == NULL)
		*indexes = g_ptr_array_new();
	for (guint i = 0; i < (*indexes)->len; i++) {
		SmithWheelIndex *index = (*indexes)->pdata[i];
		check_names(index, diag);
		smith_load_fill_strv(&index->names);
		if (index->url != NULL && !is_url(index->url))
			smith_diag_add(diag, SMITH_SEVERITY_ERROR, index->place, "bad-value",
				       "index '%s' must be an https:, http: or file: URL",
				       index->url);
	}
}

static SmithPip *read_pip(const SmithNode *node, SmithDiag *diag)
{
	if (node->type == SMITH_NODE_MAP)
		return smith_bind_read(&smith_pip_table, node, diag);
	SmithPip *pip = g_new0(SmithPip, 1);
	pip->node = smith_node_copy(node);
	return pip;
}

SmithPip *smith_load_pip(const SmithNode *node, SmithDiag *diag)
{
	if (node == NULL)
		return NULL;
	SmithPip *pip = read_pip(node, diag);
	const SmithNode *value = pip->node;
	pip->place = value != NULL ? value->place : node->place;
	smith_load_fill_strv(&pip->override);
	smith_load_indexes(&pip->indexes, diag);
	for (char **name = pip->override; *name != NULL; name++) {
		char *key = smith_python_normalize_name(*name);
		g_free(*name);
		*name = key;
	}
	if (value != NULL && value->type == SMITH_NODE_STRING)
		pip->file = g_strdup(value->text);
	else if (value != NULL && value->type == SMITH_NODE_SEQ)
		pip->lines = lines_of(value, diag);
	else if (value != NULL)
		smith_diag_add(diag, SMITH_SEVERITY_ERROR, pip->place, "wrong-type",
			       "pip must be a file name or a list of requirements, got %s",
			       smith_node_type_name(value->type));
	return pip;
}

gint64 smith_load_duration(const char *text, const char *key, gint64 fallback,
			   const SmithNode *node, SmithDiag *diag)
{
	if (text == NULL)
		return fallback;
	gint64 value = smith_quantity_duration(text);
	if (value > 0 || (value == 0 && fallback == 0))
		return value;
	smith_diag_add(
		diag, SMITH_SEVERITY_ERROR, smith_node_get(node, key)->place, "bad-value",
		"'%s' is no duration for '%s' (like '30s', '1m30s' or '500ms', at most a day)",
		text, key);
	return fallback;
}

/* Null equals a key that is left out. */
bool smith_load_is_said(const SmithNode *map, const char *key)
{
	const SmithNode *value = smith_node_get(map, key);
	return value != NULL && value->type != SMITH_NODE_NULL;
}

/* How many of @keys are said in @map: also one whose value is wrong, for that is told already. */
static int count_keys(const SmithNode *map, const char *const *keys)
{
	int count = 0;
	for (; *keys != NULL; keys++) {
		const SmithNode *value = smith_node_get(map, *keys);
		count += smith_load_is_said(map, *keys) &&
			 (value->type != SMITH_NODE_BOOL || value->boolean);
	}
	return count;
}

/* `true` stands for the request that the agents' own base class knows. */
static void read_zmq(SmithHealth *health, const SmithService *service, SmithDiag *diag)
{
	const SmithNode *node = health->zmq_node;
	if (node->type == SMITH_NODE_BOOL) {
		health->zmq = g_strdup("{\"action\":\"health_check\"}");
	} else if (node->type == SMITH_NODE_MAP || node->type == SMITH_NODE_STRING) {
		health->zmq = smith_json_write(node, SMITH_JSON_COMPACT, NULL);
	} else {
		smith_diag_add_about(diag, SMITH_SEVERITY_ERROR, node->place, "wrong-type",
				     service->name,
				     "'zmq' in health of service '%s' must be true, a map or a "
				     "string, got %s",
				     service->name, smith_node_type_name(node->type));
	}
}

static void choose_port(const SmithService *service)
{
	SmithHealth *health = service->health;
	const SmithPort *port = NULL;
	if (health->port != NULL)
		port = smith_service_port(service, health->port);
	else if (service->ports->len == 1)
		port = service->ports->pdata[0];
	if (port != NULL && health->kind != SMITH_HEALTH_EXEC)
		health->port_number = port->number;
}

static void read_health(SmithService *service, const SmithNode *node, SmithDiag *diag)
{
	static const char *const keys[] = {"http", "tcp", "zmq", "grpc", "exec", NULL};
	SmithHealth *health = service->health;
	if (health == NULL)
		return;
	int kinds = count_keys(node, keys);
	if (node->type == SMITH_NODE_MAP && kinds != 1)
		smith_diag_add_about(diag, SMITH_SEVERITY_ERROR, health->place, "bad-value",
				     service->name,
				     "health of service '%s' needs exactly one of 'http', 'tcp', "
				     "'zmq', 'grpc' and 'exec', got %d",
				     service->name, kinds);
	bool is_zmq = health->zmq_node != NULL &&
		      (health->zmq_node->type != SMITH_NODE_BOOL || health->zmq_node->boolean);
	health->kind = health->exec   ? SMITH_HEALTH_EXEC
		       : health->tcp  ? SMITH_HEALTH_TCP
		       : is_zmq	      ? SMITH_HEALTH_ZMQ
		       : health->grpc ? SMITH_HEALTH_GRPC
				      : SMITH_HEALTH_HTTP;
	if (is_zmq)
		read_zmq(health, service, diag);
	health->interval =
		smith_load_duration(health->interval_text, "interval", 30 * SECOND, node, diag);
	health->timeout =
		smith_load_duration(health->timeout_text, "timeout", 5 * SECOND, node, diag);
	health->start_period =
		smith_load_duration(health->start_period_text, "start_period", 0, node, diag);
	if (health->retries == 0)
		health->retries = 3;
	choose_port(service);
}

int smith_load_app_form(SmithApp *app, const SmithNode *node)
{
	static const char *const keys[] = {"script", "module", "asgi", "exec", NULL};
	app->form = app->script	  ? SMITH_APP_SCRIPT
		    : app->module ? SMITH_APP_MODULE
		    : app->asgi	  ? SMITH_APP_ASGI
		    : app->exec	  ? SMITH_APP_EXEC
				  : SMITH_APP_NONE;
	smith_load_fill_strv(&app->args);
	smith_load_fill_strv(&app->files);
	return count_keys(node, keys);
}

static void read_app(SmithService *service, const SmithNode *node, SmithDiag *diag)
{
	bool is_said = service->app != NULL;
	if (!is_said)
		service->app = g_new0(SmithApp, 1);
	int forms = smith_load_app_form(service->app, node);
	if (!is_said && service->image == NULL)
		smith_diag_add_about(diag, SMITH_SEVERITY_ERROR, service->place, "missing-key",
				     service->name, "missing key 'app' in service '%s'",
				     service->name);
	else if (is_said && node->type == SMITH_NODE_MAP && forms != 1)
		smith_diag_add_about(
			diag, SMITH_SEVERITY_ERROR, service->app->place, "bad-value", service->name,
			"app of service '%s' needs exactly one of 'script', 'module', 'asgi' "
			"and 'exec', got %d",
			service->name, forms);
}

static SmithNeed *read_need(const SmithNode *node, const SmithService *service, SmithDiag *diag)
{
	if (node->type == SMITH_NODE_MAP) {
		SmithNeed *read = smith_bind_read(&smith_need_table, node, diag);
		read->timeout =
			smith_load_duration(read->timeout_text, "timeout", WAIT, node, diag);
		return read;
	}
	if (node->type != SMITH_NODE_STRING) {
		smith_diag_add_about(
			diag, SMITH_SEVERITY_ERROR, node->place, "wrong-type", service->name,
			"'needs' of service '%s' must be names of services, or maps of "
			"'service' and 'until', got %s",
			service->name, smith_node_type_name(node->type));
		return NULL;
	}
	SmithNeed *need = g_new0(SmithNeed, 1);
	need->name = g_strdup(node->text);
	need->place = node->place;
	need->timeout = WAIT;
	return need;
}

static void read_needs(SmithService *service, SmithDiag *diag)
{
	const SmithNode *node = service->needs_node;
	service->needs = g_ptr_array_new_with_free_func(need_free);
	if (node == NULL)
		return;
	for (guint i = 0; i < (node->type == SMITH_NODE_SEQ ? node->items->len : 1); i++) {
		SmithNeed *need = read_need(
			node->type == SMITH_NODE_SEQ ? node->items->pdata[i] : node, service, diag);
		if (need != NULL && need->name != NULL)
			g_ptr_array_add(service->needs, need);
		else if (need != NULL)
			need_free(need);
	}
}

/* "VOLUME[:TARGET][:ro|:rw]" */
static SmithMount *parse_mount(const char *text)
{
	g_auto(GStrv) parts = g_strsplit(text, ":", 4);
	guint count = g_strv_length(parts);
	SmithMount *mount = g_new0(SmithMount, 1);
	mount->volume = g_strdup(count > 0 ? parts[0] : "");
	if (count > 1 &&
	    (strcmp(parts[count - 1], "ro") == 0 || strcmp(parts[count - 1], "rw") == 0)) {
		mount->read_only = parts[count - 1][1] == 'o';
		count--;
	}
	if (count == 2)
		mount->target = g_strdup(parts[1]);
	if (count >= 1 && count <= 2 && *mount->volume != '\0')
		return mount;
	mount_free(mount);
	return NULL;
}

void smith_load_volumes(const SmithFleet *fleet, SmithService *service, const SmithNode *node,
			SmithDiag *diag)
{
	SmithPlace place = smith_load_place(node, "volumes", service->place);
	service->volumes = g_ptr_array_new_with_free_func(mount_free);
	for (char **text = service->volume_texts; *text != NULL; text++) {
		SmithMount *mount = parse_mount(*text);
		if (mount == NULL) {
			smith_diag_add_about(diag, SMITH_SEVERITY_ERROR, place, "bad-value",
					     service->name,
					     "volume '%s' of service '%s' must be "
					     "'VOLUME[:TARGET][:ro]'",
					     *text, service->name);
			continue;
		}
		const SmithVolume *volume = smith_fleet_volume(fleet, mount->volume);
		mount->place = place;
		if (volume != NULL && mount->target == NULL)
			mount->target = g_strdup(volume->target);
		mount->read_only = mount->read_only || (volume != NULL && volume->read_only);
		g_ptr_array_add(service->volumes, mount);
	}
}

static gint64 read_size(const char *text, const char *key, const SmithService *service,
			const SmithNode *node, SmithDiag *diag)
{
	gint64 size = text != NULL ? smith_quantity_size(text) : 0;
	if (size > 0 || text == NULL)
		return size;
	smith_diag_add_about(diag, SMITH_SEVERITY_ERROR,
			     smith_load_place(node, key, service->place), "bad-value",
			     service->name,
			     "'%s' is no size for '%s' of service '%s' (like '512M' or '2GiB')",
			     text, key, service->name);
	return 0;
}

static void read_limits(SmithService *service, const SmithNode *node, SmithDiag *diag)
{
	SmithLimits *limits = service->limits;
	if (limits == NULL)
		return;
	limits->memory = read_size(limits->memory_text, "memory", service, node, diag);
	limits->shm = read_size(limits->shm_text, "shm", service, node, diag);
	smith_load_pids(service, node, diag);
	if (limits->cpus != NULL && !g_regex_match_simple("^([0-9]{1,4}(\\.[0-9]{1,3})?)$",
							  limits->cpus, G_REGEX_DOLLAR_ENDONLY, 0))
		smith_diag_add_about(
			diag, SMITH_SEVERITY_ERROR, limits->place, "bad-value", service->name,
			"'%s' is no number of processors for service '%s' (like '1.5')",
			limits->cpus, service->name);
}

static void read_family(SmithService *service, SmithDiag *diag)
{
	service->family_auto = g_strcmp0(service->family, "auto") == 0;
	if (service->family != NULL && service->image != NULL)
		smith_diag_add_about(diag, SMITH_SEVERITY_ERROR, service->image_place, "bad-value",
				     service->name,
				     "service '%s' has both 'family' and 'image': an image of ours "
				     "and an upstream one",
				     service->name);
	else if (service->family == NULL && service->image == NULL)
		smith_diag_add_about(
			diag, SMITH_SEVERITY_ERROR, service->place, "missing-key", service->name,
			"missing key 'family' (or 'image') in service '%s'", service->name);
}

void smith_load_complete_service(const SmithFleet *fleet, const SmithHost *host,
				 SmithService *service, const SmithNode *node, SmithDiag *diag)
{
	const SmithScope scope = {fleet, host};
	const SmithNode *limits = smith_node_get(node, "limits");
	char ***const lists[] = {&service->tmpfs,   &service->writable, &service->volume_texts,
				 &service->devices, &service->secrets,	&service->capabilities};
	GHashTable **const maps[] = {&service->env, &service->provides, &service->labels};
	for (guint i = 0; i < G_N_ELEMENTS(lists); i++)
		smith_load_fill_strv(lists[i]);
	for (guint i = 0; i < G_N_ELEMENTS(maps); i++)
		smith_load_fill_map(maps[i]);
	if (service->slug == NULL)
		service->slug = smith_slug(service->name);
	service->family_place = smith_load_place(node, "family", service->place);
	service->image_place = smith_load_place(node, "image", service->place);
	service->pip = smith_load_pip(service->pip_node, diag);
	smith_load_installer(&service->installer, service->place, service->name, diag);
	if (!smith_load_is_said(node, "read_only"))
		service->read_only = service->image == NULL;
	read_family(service, diag);
	read_app(service, smith_node_get(node, "app"), diag);
	smith_load_ports(service, &scope, diag);
	read_health(service, smith_node_get(node, "health"), diag);
	read_needs(service, diag);
	smith_load_volumes(fleet, service, node, diag);
	read_limits(service, limits, diag);
	smith_load_container(service, node, diag);
	service->required = smith_load_condition(service->required_node, "required", service,
						 &scope, true, diag);
	service->variants = g_ptr_array_new_with_free_func(variant_free);
	service->enabled =
		smith_load_condition(service->when_node, "when", service, &scope, true, diag);
}
