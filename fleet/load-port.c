/* SPDX-License-Identifier: Apache-2.0 */
#include "fleet/load-port.h"

#include <string.h>

#include "base/error.h"
#include "fleet/tables.h"

const char *smith_scope_lookup(const char *name, gpointer data)
{
	const SmithScope *scope = data;
	const SmithHost *host = scope->host;
	const char *value = NULL;
	if (strcmp(name, "PORT_OFFSET") == 0)
		return "0";
	if (host != NULL) {
		if (g_str_has_prefix(name, "machine."))
			return g_hash_table_lookup(host->machine, name + strlen("machine."));
		if (strcmp(name, "host.name") == 0)
			return host->name;
		if (strcmp(name, "host.address") == 0)
			return host->address;
		value = g_hash_table_lookup(host->variables, name);
	}
	if (value == NULL)
		value = g_hash_table_lookup(scope->fleet->variables, name);
	return value != NULL ? value : g_hash_table_lookup(scope->fleet->features, name);
}

void smith_load_port_free(gpointer data)
{
	SmithPort *port = data;
	g_free(port->name);
	smith_bind_free(&smith_port_table, port);
}

/* What a value evaluates to, or NULL; the trouble is told. */
static char *expand(const char *text, SmithPlace place, const char *what,
		    const SmithService *service, const SmithScope *scope, SmithDiag *diag)
{
	g_autoptr(GError) error = NULL;
	char *value = smith_expr_expand(text, smith_scope_lookup, (gpointer)scope, &error);
	if (value != NULL)
		return value;
	bool undefined = error->code == SMITH_ERROR_NOT_FOUND;
	smith_diag_add_about(diag, SMITH_SEVERITY_ERROR, place,
			     undefined ? "variable-undefined" : "expression-invalid", service->name,
			     undefined ? "variable '%s' in %s of service '%s' is not defined and "
					 "has no default"
				       : "%s in %s of service '%s'",
			     error->message, what, service->name);
	return NULL;
}

/* A number that is none stays 0. */
static void evaluate(SmithPort *port, const SmithService *service, const SmithScope *scope,
		     SmithDiag *diag)
{
	g_autofree char *what = g_strdup_printf("port '%s'", port->name);
	g_autofree char *subject = g_strdup_printf("%s:%s", service->name, port->name);
	g_autofree char *value = expand(port->text, port->place, what, service, scope, diag);
	g_autoptr(GError) error = NULL;
	gint64 number = 0;
	if (value == NULL)
		return;
	if (!smith_expr_number(value, &number, &error)) {
		smith_diag_add_about(diag, SMITH_SEVERITY_ERROR, port->place, "port-invalid",
				     subject, "port '%s' of service '%s': %s", port->name,
				     service->name, error->message);
		return;
	}
	if (number < 1 || number > 65535) {
		smith_diag_add_about(diag, SMITH_SEVERITY_ERROR, port->place, "port-out-of-range",
				     subject,
				     "port '%s' of service '%s' must be from 1 to 65535, got "
				     "%" G_GINT64_FORMAT,
				     port->name, service->name, number);
		return;
	}
	port->number = number;
}

static bool flag(const SmithNode *map, const char *key, bool fallback)
{
	const SmithNode *node = smith_node_get(map, key);
	return node != NULL && node->type == SMITH_NODE_BOOL ? node->boolean : fallback;
}

static SmithPort *read_port(const SmithNodeMember *member, const SmithService *service,
			    SmithDiag *diag)
{
	const SmithNode *value = member->value;
	SmithPort *port = NULL;
	if (value->type == SMITH_NODE_MAP) {
		port = smith_bind_read(&smith_port_table, value, diag);
	} else {
		port = g_new0(SmithPort, 1);
		if (value->type == SMITH_NODE_INT || value->type == SMITH_NODE_STRING)
			port->text = g_strdup(value->text);
		else
			smith_diag_add_about(diag, SMITH_SEVERITY_ERROR, value->place, "wrong-type",
					     service->name,
					     "port '%s' of service '%s' must be a number, an "
					     "expression or a map, got %s",
					     member->key, service->name,
					     smith_node_type_name(value->type));
	}
	port->name = g_strdup(member->key);
	port->place = value->place;
	port->offset = flag(value, "offset", service->image == NULL) && !port->fixed;
	return port;
}

static bool is_digits(const char *text)
{
	return *text != '\0' && text[strspn(text, "0123456789")] == '\0';
}

static void tell_quoted(const SmithPort *port, const SmithNode *value, const SmithService *service,
			SmithDiag *diag)
{
	const SmithNode *number =
		value->type == SMITH_NODE_MAP ? smith_node_get(value, "port") : value;
	if (number != NULL && number->type == SMITH_NODE_STRING && is_digits(number->text))
		smith_diag_add_about(diag, SMITH_SEVERITY_WARNING, number->place,
				     "port-quoted-integer", service->name,
				     "port '%s' of service '%s' is a number in quotes", port->name,
				     service->name);
}

/* "health+1": a name of @service's ports and what is added to it. */
static void read_implicit(SmithService *service, const SmithNodeMember *member, SmithDiag *diag)
{
	const SmithNode *value = member->value;
	const char *text = value->type == SMITH_NODE_STRING ? value->text : "";
	gsize length = strcspn(text, "+- ");
	g_autofree char *name = g_strndup(text, length);
	const SmithPort *of = smith_service_port(service, name);
	g_autofree char *sum = g_strdup_printf("%" G_GINT64_FORMAT "%s",
					       of != NULL ? of->number : 0, text + length);
	gint64 number = 0;
	if (of == NULL || !smith_expr_number(sum, &number, NULL)) {
		smith_diag_add_about(
			diag, SMITH_SEVERITY_ERROR, value->place, "port-invalid", service->name,
			"implicit port '%s' of service '%s' must be 'PORT+N' with one of "
			"its ports, got '%s'",
			member->key, service->name, text);
		return;
	}
	if (of->number == 0)
		return;
	if (number < 1 || number > 65535) {
		smith_diag_add_about(diag, SMITH_SEVERITY_ERROR, value->place, "port-out-of-range",
				     service->name,
				     "implicit port '%s' of service '%s' must be from 1 to 65535, "
				     "got %" G_GINT64_FORMAT,
				     member->key, service->name, number);
		return;
	}
	SmithPort *port = g_new0(SmithPort, 1);
	port->name = g_strdup(member->key);
	port->place = value->place;
	port->number = number;
	port->offset = of->offset;
	port->fixed = of->fixed;
	port->implicit = true;
	port->publish = SMITH_PUBLISH_NONE;
	g_ptr_array_add(service->ports, port);
}

static bool is_map(const SmithNode *node, const char *key, const SmithService *service,
		   SmithDiag *diag)
{
	if (node == NULL || node->type == SMITH_NODE_NULL)
		return false;
	if (node->type == SMITH_NODE_MAP)
		return true;
	smith_diag_add_about(diag, SMITH_SEVERITY_ERROR, node->place, "wrong-type", service->name,
			     "'%s' of service '%s' must be a map of names to numbers, got %s", key,
			     service->name, smith_node_type_name(node->type));
	return false;
}

void smith_load_ports(SmithService *service, const SmithScope *scope, SmithDiag *diag)
{
	const SmithNode *node = service->ports_node, *implicit = service->implicit_node;
	service->ports = g_ptr_array_new_with_free_func(smith_load_port_free);
	for (guint i = 0; is_map(node, "ports", service, diag) && i < node->members->len; i++) {
		const SmithNodeMember *member = node->members->pdata[i];
		SmithPort *port = read_port(member, service, diag);
		g_ptr_array_add(service->ports, port);
		tell_quoted(port, member->value, service, diag);
		if (port->text != NULL)
			evaluate(port, service, scope, diag);
	}
	if (!is_map(implicit, "implicit_ports", service, diag))
		return;
	for (guint i = 0; i < implicit->members->len; i++)
		read_implicit(service, implicit->members->pdata[i], diag);
}

static bool truth_of(const char *text, SmithPlace place, const char *key,
		     const SmithService *service, const SmithScope *scope, bool fallback,
		     SmithDiag *diag)
{
	g_autofree char *what = g_strdup_printf("'%s'", key);
	g_autofree char *value = expand(text, place, what, service, scope, diag);
	g_autoptr(GError) error = NULL;
	bool truth = fallback;
	if (value != NULL && !smith_expr_condition(value, &truth, &error))
		smith_diag_add_about(diag, SMITH_SEVERITY_ERROR, place, "expression-invalid",
				     service->name, "'%s' of service '%s': %s", key, service->name,
				     error->message);
	return truth;
}

/* Every name must have the value that the map says. */
static bool all_hold(const SmithNode *map, const SmithService *service, const SmithScope *scope,
		     SmithDiag *diag)
{
	bool all = true;
	for (guint i = 0; i < map->members->len; i++) {
		const SmithNodeMember *member = map->members->pdata[i];
		const char *value = smith_scope_lookup(member->key, (gpointer)scope);
		SmithNodeType type = member->value->type;
		if (type == SMITH_NODE_NULL || type == SMITH_NODE_SEQ || type == SMITH_NODE_MAP)
			smith_diag_add_about(
				diag, SMITH_SEVERITY_ERROR, member->value->place, "wrong-type",
				service->name,
				"'%s' in 'when' of service '%s' must be a value, got %s",
				member->key, service->name, smith_node_type_name(type));
		if (value == NULL)
			smith_diag_add_about(
				diag, SMITH_SEVERITY_ERROR, member->place, "variable-undefined",
				service->name,
				"'%s' in 'when' of service '%s' is no feature of the fleet",
				member->key, service->name);
		all = all && value != NULL && g_strcmp0(value, member->value->text) == 0;
	}
	return all;
}

bool smith_load_condition(const SmithNode *node, const char *key, const SmithService *service,
			  const SmithScope *scope, bool fallback, SmithDiag *diag)
{
	if (node == NULL || node->type == SMITH_NODE_NULL)
		return fallback;
	if (node->type == SMITH_NODE_BOOL)
		return node->boolean;
	if (node->type == SMITH_NODE_STRING)
		return truth_of(node->text, node->place, key, service, scope, fallback, diag);
	bool is_when = strcmp(key, "when") == 0;
	if (node->type == SMITH_NODE_MAP && is_when)
		return all_hold(node, service, scope, diag);
	smith_diag_add_about(diag, SMITH_SEVERITY_ERROR, node->place, "wrong-type", service->name,
			     "'%s' of service '%s' must be true, false, an expression%s, got %s",
			     key, service->name, is_when ? " or a map" : "",
			     smith_node_type_name(node->type));
	return fallback;
}
