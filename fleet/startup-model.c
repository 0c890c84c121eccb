/* SPDX-License-Identifier: Apache-2.0 */
#include "fleet/startup-model.h"

#include <string.h>

#include "fleet/expr.h"
#include "fleet/load.h"
#include "fleet/startup.h"

static void tell(const SmithStartupModel *model, SmithSeverity severity, SmithPlace place,
		 const char *rule, const char *subject, const char *format, ...)
	G_GNUC_PRINTF(6, 7);

static void tell(const SmithStartupModel *model, SmithSeverity severity, SmithPlace place,
		 const char *rule, const char *subject, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	smith_diag_addv(model->diag, severity, place, rule, subject, format, args);
	va_end(args);
}

static const SmithNode *script_of(const SmithStartupAgent *agent)
{
	const SmithNode *script = smith_node_get(agent->node, "script_path");
	if (script == NULL)
		script = smith_node_get(agent->node, "path");
	bool is_text = script != NULL && script->type == SMITH_NODE_STRING && *script->text != '\0';
	return is_text ? script : NULL;
}

/* Lists of agents of the oldest shape keep it among the parameters. */
static const SmithNode *health_of(const SmithStartupAgent *agent)
{
	const SmithNode *health = smith_node_get(agent->node, SMITH_STARTUP_HEALTH);
	const SmithNode *params = smith_node_get(agent->node, "params");
	return health != NULL ? health : smith_node_get(params, SMITH_STARTUP_HEALTH);
}

static bool is_nothing(const SmithNode *node)
{
	return node == NULL || node->type == SMITH_NODE_NULL;
}

static bool is_digits(const char *text)
{
	return *text != '\0' && text[strspn(text, "0123456789")] == '\0';
}

static void check_port(const SmithStartupModel *model, const SmithStartupAgent *agent,
		       const char *key, const SmithNode *value)
{
	g_autofree char *subject = g_strconcat(agent->name, ".", key, NULL);
	gint64 number = 0;
	if (value->type == SMITH_NODE_STRING && is_digits(value->text))
		tell(model, SMITH_SEVERITY_WARNING, value->place, "port-quoted-integer", subject,
		     "'%s' of '%s' is a number in quotes", key, agent->name);
	if (!smith_startup_number(model->scope, value, &number))
		tell(model, SMITH_SEVERITY_ERROR, value->place, "port-invalid", subject,
		     "'%s' of '%s' must be a number or an expression of one, got %s%s%s%s", key,
		     agent->name, smith_node_type_name(value->type),
		     value->text != NULL ? " '" : "", value->text != NULL ? value->text : "",
		     value->text != NULL ? "'" : "");
	else if (number < 1 || number > 65535)
		tell(model, SMITH_SEVERITY_ERROR, value->place, "port-out-of-range", subject,
		     "'%s' of '%s' must be from 1 to 65535, got %" G_GINT64_FORMAT, key,
		     agent->name, number);
}

static void check_ports(const SmithStartupModel *model, const SmithStartupAgent *agent)
{
	const SmithNode *port = smith_node_get(agent->node, SMITH_STARTUP_PORT);
	const SmithNode *health = health_of(agent);
	if (is_nothing(port))
		tell(model, SMITH_SEVERITY_ERROR, agent->place, "agent-missing-field", agent->name,
		     "agent '%s' has no 'port'", agent->name);
	else
		check_port(model, agent, SMITH_STARTUP_PORT, port);
	if (is_nothing(health))
		tell(model, SMITH_SEVERITY_WARNING, agent->place, "health-port-missing",
		     agent->name, "agent '%s' has no 'health_check_port'", agent->name);
	else
		check_port(model, agent, SMITH_STARTUP_HEALTH, health);
}

/* YAML 1.1, which launchers in Python read, has more words for them. */
static bool is_boolean(const SmithNode *node, bool *truth)
{
	static const char *const trues[] = {"yes", "Yes", "YES", "on", "On", "ON", NULL};
	static const char *const falses[] = {"no", "No", "NO", "off", "Off", "OFF", NULL};
	bool is_plain = node->type == SMITH_NODE_STRING && !node->quoted;
	*truth = node->type == SMITH_NODE_BOOL ? node->boolean
					       : is_plain && g_strv_contains(trues, node->text);
	return node->type == SMITH_NODE_BOOL || *truth ||
	       (is_plain && g_strv_contains(falses, node->text));
}

static void check_required(const SmithStartupModel *model, const SmithStartupAgent *agent)
{
	const SmithNode *required = smith_node_get(agent->node, "required");
	bool truth;
	if (is_nothing(required))
		tell(model, SMITH_SEVERITY_NOTE, agent->place, "required-missing", agent->name,
		     "agent '%s' does not say whether it is 'required'", agent->name);
	else if (!is_boolean(required, &truth))
		tell(model, SMITH_SEVERITY_ERROR, required->place, "required-not-boolean",
		     agent->name,
		     "'required' of '%s' is %s '%s', not true or false: to a launcher that does "
		     "not "
		     "evaluate it, it is always true",
		     agent->name, smith_node_type_name(required->type),
		     required->text != NULL ? required->text : "");
}

static void check_dependencies(const SmithStartupModel *model, const SmithStartupAgent *agent)
{
	const SmithNode *list = smith_node_get(agent->node, "dependencies");
	if (list == NULL)
		tell(model, SMITH_SEVERITY_NOTE, agent->place, "dependencies-missing", agent->name,
		     "agent '%s' has no 'dependencies', not even '[]'", agent->name);
	else if (list->type == SMITH_NODE_NULL)
		tell(model, SMITH_SEVERITY_WARNING, agent->place, "dependencies-null", agent->name,
		     "'dependencies' of '%s' is null, not a list", agent->name);
	else if (list->type != SMITH_NODE_SEQ)
		tell(model, SMITH_SEVERITY_ERROR, list->place, "wrong-type", agent->name,
		     "'dependencies' of '%s' must be a list, got %s", agent->name,
		     smith_node_type_name(list->type));
}

void smith_startup_check_agents(const SmithStartupModel *model)
{
	const GArray *agents = model->shape->agents;
	for (guint i = 0; i < agents->len; i++) {
		const SmithStartupAgent *agent = &g_array_index(agents, SmithStartupAgent, i);
		if (script_of(agent) == NULL)
			tell(model, SMITH_SEVERITY_ERROR, agent->place, "agent-missing-field",
			     agent->name, "agent '%s' has no 'script_path'", agent->name);
		check_ports(model, agent);
		check_required(model, agent);
		check_dependencies(model, agent);
		smith_startup_check_values(model->scope, agent, model->diag);
	}
}

static SmithNode *new_map(SmithPlace place)
{
	SmithNode *map = smith_node_new(SMITH_NODE_MAP);
	map->place = place;
	return map;
}

static SmithNode *string_at(const char *text, SmithPlace place)
{
	SmithNode *node = smith_node_new_string(text);
	node->place = place;
	return node;
}

static void add_port(SmithNode *ports, const char *name, gint64 number, bool offset,
		     SmithPlace place)
{
	SmithNode *port = new_map(place);
	SmithNode *value = smith_node_new_int(number);
	value->place = place;
	smith_node_add(port, "port", place, value);
	smith_node_add(port, "offset", place, smith_node_new_bool(offset));
	smith_node_add(ports, name, place, port);
}

/* What is no port has been told. */
static bool add_evaluated(const SmithStartupModel *model, SmithNode *ports, const char *name,
			  const SmithNode *value)
{
	gint64 number = 0;
	if (is_nothing(value) || !smith_startup_number(model->scope, value, &number) ||
	    number < 1 || number > 65535)
		return false;
	add_port(ports, name, number,
		 value->type == SMITH_NODE_STRING && !smith_expr_is_plain(value->text),
		 value->place);
	return true;
}

/* Sockets among an agent's own settings: "zmq_port: 5713", and addresses that it binds. */
static void add_settings(const SmithStartupModel *model, SmithNode *ports, const SmithNode *config)
{
	for (guint i = 0;
	     config != NULL && config->type == SMITH_NODE_MAP && i < config->members->len; i++) {
		const SmithNodeMember *member = config->members->pdata[i];
		const SmithNode *value = member->value;
		g_autofree char *name = g_strconcat("config.", member->key, NULL);
		gint64 bound = value->type == SMITH_NODE_STRING
				       ? smith_startup_bound_port(value->text)
				       : 0;
		if (bound > 0)
			add_port(ports, name, bound, false, value->place);
		else if (g_str_has_suffix(member->key, "_port") &&
			 !smith_startup_is_external(member->key))
			add_evaluated(model, ports, name, value);
	}
}

static void add_health(const SmithStartupModel *model, const SmithStartupAgent *agent,
		       SmithNode *service, SmithNode *ports)
{
	const SmithNode *health = health_of(agent);
	if (!add_evaluated(model, ports, SMITH_STARTUP_HEALTH, health))
		return;
	SmithNode *map = new_map(health->place);
	smith_node_add(map, "zmq", health->place, smith_node_new_bool(true));
	smith_node_add(map, "port", health->place, string_at(SMITH_STARTUP_HEALTH, health->place));
	smith_node_add(service, "health", health->place, map);
}

static SmithNode *needs_of(const SmithStartupAgent *agent)
{
	const SmithNode *list = smith_node_get(agent->node, "dependencies");
	SmithNode *needs = smith_node_new(SMITH_NODE_SEQ);
	needs->place = agent->place;
	for (guint i = 0; list != NULL && list->type == SMITH_NODE_SEQ && i < list->items->len;
	     i++) {
		const SmithNode *item = list->items->pdata[i];
		if (item->text != NULL)
			smith_node_append(needs, string_at(item->text, agent->place));
	}
	return needs;
}

static bool is_required(const SmithStartupModel *model, const SmithStartupAgent *agent)
{
	const SmithNode *required = smith_node_get(agent->node, "required");
	bool truth = true;
	if (is_nothing(required) || is_boolean(required, &truth))
		return truth;
	g_autofree char *text =
		required->text != NULL ? smith_startup_expand(model->scope, required->text) : NULL;
	truth = true;
	if (text != NULL)
		smith_expr_condition(text, &truth, NULL);
	return truth;
}

static SmithNode *make_service(const SmithStartupModel *model, const SmithStartupAgent *agent)
{
	SmithNode *service = new_map(agent->place), *app = new_map(agent->place);
	SmithNode *ports = new_map(agent->place), *labels = new_map(agent->place);
	const SmithNode *script = script_of(agent);
	const SmithNode *enabled = smith_node_get(agent->node, "enabled");
	bool is_enabled = true;
	if (script != NULL)
		smith_node_add(app, "script", script->place,
			       string_at(script->text, script->place));
	smith_node_add(service, "app", script != NULL ? script->place : agent->place, app);
	add_evaluated(model, ports, SMITH_STARTUP_PORT,
		      smith_node_get(agent->node, SMITH_STARTUP_PORT));
	add_health(model, agent, service, ports);
	add_settings(model, ports, smith_node_get(agent->node, "config"));
	smith_node_add(service, "ports", agent->place, ports);
	smith_node_add(service, "needs", agent->place, needs_of(agent));
	smith_node_add(service, "required", agent->place,
		       smith_node_new_bool(is_required(model, agent)));
	if (enabled != NULL && is_boolean(enabled, &is_enabled))
		smith_node_add(service, "when", enabled->place, smith_node_new_bool(is_enabled));
	smith_node_add(labels, SMITH_STARTUP_SECTION, agent->place,
		       smith_node_new_string(agent->section));
	smith_node_add(service, "labels", agent->place, labels);
	return service;
}

static GHashTable *names_in(const SmithNode *list)
{
	GHashTable *names = g_hash_table_new(g_str_hash, g_str_equal);
	for (guint i = 0; i < list->items->len; i++) {
		const SmithNode *item = list->items->pdata[i];
		if (item->text != NULL)
			g_hash_table_add(names, item->text);
	}
	return names;
}

static SmithNode *make_services(const SmithStartupModel *model, const SmithNode *sections)
{
	SmithNode *services = new_map(model->whole);
	g_autoptr(GHashTable) wanted = sections != NULL ? names_in(sections) : NULL;
	const GArray *agents = model->shape->agents;
	for (guint i = 0; i < agents->len; i++) {
		const SmithStartupAgent *agent = &g_array_index(agents, SmithStartupAgent, i);
		if (wanted == NULL || g_hash_table_contains(wanted, agent->section))
			smith_node_add(services, agent->name, agent->place,
				       make_service(model, agent));
	}
	return services;
}

static SmithNode *make_groups(const SmithStartupModel *model, const char *machine)
{
	SmithNode *groups = new_map(model->whole);
	const GArray *found = model->shape->groups;
	for (guint i = 0; i < found->len; i++) {
		const SmithStartupGroup *group = &g_array_index(found, SmithStartupGroup, i);
		SmithNode *map = new_map(group->place), *names = smith_node_new(SMITH_NODE_SEQ);
		for (guint j = 0; group->agents != NULL && j < group->agents->items->len; j++) {
			const SmithNode *item = group->agents->items->pdata[j];
			const SmithNode *name = smith_node_get(item, "name");
			const char *text = name != NULL ? name->text : item->text;
			if (text != NULL)
				smith_node_append(names, string_at(text, item->place));
		}
		names->place = group->place;
		smith_node_add(map, "host", group->place, string_at(machine, group->place));
		smith_node_add(map, "services", group->place, names);
		smith_node_add(groups, group->name, group->place, map);
	}
	return groups;
}

/* Launchers know agents by their exact names alone. */
static void forget_slugs(SmithFleet *fleet)
{
	GHashTable *index = fleet->index[SMITH_KIND_SERVICE];
	for (guint i = 0; i < fleet->services->len; i++) {
		const char *slug = ((SmithService *)fleet->services->pdata[i])->slug;
		const SmithService *found = g_hash_table_lookup(index, slug);
		if (found != NULL && strcmp(found->name, slug) != 0)
			g_hash_table_remove(index, slug);
	}
}

SmithFleet *smith_startup_model(const SmithStartupModel *model, const char *machine,
				const SmithNode *sections)
{
	SmithNode *document = new_map(model->whole);
	SmithNode *hosts = new_map(model->whole);
	/* it says what these files never have: families, images; their own has been told */
	g_autoptr(SmithDiag) unheard = smith_diag_new();
	smith_node_add(document, "fleet", model->whole, string_at(machine, model->whole));
	smith_node_add(document, "services", model->whole, make_services(model, sections));
	smith_node_add(document, "groups", model->whole, make_groups(model, machine));
	smith_node_add(hosts, machine, model->whole, new_map(model->whole));
	smith_node_add(document, "hosts", model->whole, hosts);
	SmithFleet *fleet = smith_fleet_from_document(document, unheard);
	forget_slugs(fleet);
	return fleet;
}
