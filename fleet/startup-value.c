/* SPDX-License-Identifier: Apache-2.0 */
#include "fleet/startup-value.h"

#include <string.h>

#include "fleet/expr.h"

#define PORT_OFFSET "PORT_OFFSET"

typedef struct {
	const char *name; /* intern string */
	guint uses;
} Undefined;

typedef struct {
	SmithStartupScope *scope;
	GArray *undefined; /* (element-type Undefined) in the order of the document */
	GHashTable *index; /* name -> its index there */
} Walk;

static bool is_map(const SmithNode *node)
{
	return node != NULL && node->type == SMITH_NODE_MAP;
}

static bool has_variable(const SmithNode *node)
{
	return node->type == SMITH_NODE_STRING && !smith_expr_is_plain(node->text);
}

static const char *skip_blanks(const char *text)
{
	return text + strspn(text, " \t");
}

/* Behind a variable or a number at @text; @text itself when none is there. */
static const char *skip_term(const char *text, bool *is_variable)
{
	*is_variable = g_str_has_prefix(text, "${");
	if (!*is_variable)
		return text + strspn(text, "0123456789");
	const char *end = text + 2 + strcspn(text + 2, "{}");
	return *end == '}' ? end + 1 : text;
}

/* "${PORT_OFFSET}+7200", the other way round, and with a default. */
static bool is_sum(const char *text)
{
	bool left, right;
	const char *first = skip_blanks(text);
	const char *sign = skip_blanks(skip_term(first, &left));
	if (sign == first || (*sign != '+' && *sign != '-'))
		return false;
	const char *second = skip_blanks(sign + 1);
	const char *end = skip_term(second, &right);
	return end != second && *skip_blanks(end) == '\0' && left != right;
}

static void count_use(Walk *walk, const char *name)
{
	if (strcmp(name, PORT_OFFSET) == 0)
		walk->scope->has_offset = true;
	if (g_hash_table_contains(walk->scope->defined, name))
		return;
	gpointer at = g_hash_table_lookup(walk->index, name);
	if (at != NULL) {
		g_array_index(walk->undefined, Undefined, GPOINTER_TO_UINT(at) - 1).uses++;
		return;
	}
	const Undefined use = {g_intern_string(name), 1};
	g_array_append_val(walk->undefined, use);
	g_hash_table_insert(walk->index, (gpointer)use.name,
			    GUINT_TO_POINTER(walk->undefined->len));
}

static void walk_ports(Walk *walk, const SmithNode *node)
{
	for (guint i = 0; node->type == SMITH_NODE_SEQ && i < node->items->len; i++)
		walk_ports(walk, node->items->pdata[i]);
	for (guint i = 0; node->type == SMITH_NODE_MAP && i < node->members->len; i++)
		walk_ports(walk, ((SmithNodeMember *)node->members->pdata[i])->value);
	if (!has_variable(node) || !is_sum(node->text))
		return;
	g_auto(GStrv) names = smith_expr_names(node->text);
	for (char **name = names; *name != NULL; name++)
		if (!g_str_has_suffix(*name, "?"))
			count_use(walk, *name);
		else if (g_str_has_prefix(*name, PORT_OFFSET "?"))
			walk->scope->has_offset = true;
}

/* Does @text use @name without a default? Then it defines nothing. */
static bool uses(const char *text, const char *name)
{
	g_auto(GStrv) names = smith_expr_names(text);
	return g_strv_contains((const char *const *)names, name);
}

static void define(SmithStartupScope *scope, const SmithNode *map)
{
	for (guint i = 0; is_map(map) && i < map->members->len; i++) {
		const SmithNodeMember *member = map->members->pdata[i];
		const char *text = member->value->text;
		if (text != NULL && !uses(text, member->key))
			g_hash_table_insert(scope->defined, member->key, (gpointer)text);
	}
}

static void tell_variables(const SmithStartupScope *scope, const SmithNode *value,
			   const char *subject, SmithDiag *diag)
{
	g_auto(GStrv) names = smith_expr_names(value->text);
	for (char **name = names; *name != NULL; name++)
		if (!g_str_has_suffix(*name, "?") && !g_hash_table_contains(scope->defined, *name))
			smith_diag_add_about(diag, SMITH_SEVERITY_WARNING, value->place,
					     "variable-without-default", subject,
					     "variable '%s' in '%s' has no default and is defined "
					     "nowhere in the "
					     "file",
					     *name, subject);
}

static void check_environment(const SmithStartupScope *scope, const SmithNode *map, SmithDiag *diag)
{
	for (guint i = 0; is_map(map) && i < map->members->len; i++) {
		const SmithNodeMember *member = map->members->pdata[i];
		g_autofree char *subject = g_strconcat("global environment.", member->key, NULL);
		if (has_variable(member->value))
			tell_variables(scope, member->value, subject, diag);
	}
}

void smith_startup_scope_init(SmithStartupScope *scope, const SmithNode *document, SmithPlace whole,
			      SmithDiag *diag)
{
	const SmithNode *global = smith_node_get(document, "global_settings");
	const SmithNode *environments[] = {
		smith_node_get(document, "environment"), smith_node_get(global, "environment"),
		smith_node_get(document, "features"), smith_node_get(global, "features")};
	g_autoptr(GArray) undefined = g_array_new(FALSE, FALSE, sizeof(Undefined));
	g_autoptr(GHashTable) index = g_hash_table_new(g_str_hash, g_str_equal);
	scope->defined = g_hash_table_new(g_str_hash, g_str_equal);
	scope->has_offset = false;
	for (guint i = 0; i < G_N_ELEMENTS(environments); i++)
		define(scope, environments[i]);
	walk_ports(&(Walk){scope, undefined, index}, document);
	for (guint i = 0; i < undefined->len; i++) {
		const Undefined *use = &g_array_index(undefined, Undefined, i);
		smith_diag_add_about(diag, SMITH_SEVERITY_ERROR, whole, "port-variable-undefined",
				     use->name,
				     "variable '%s' is used in %u port expressions without a "
				     "default and is defined nowhere in the file",
				     use->name, use->uses);
	}
	check_environment(scope, environments[0], diag);
	check_environment(scope, environments[1], diag);
}

void smith_startup_scope_clear(SmithStartupScope *scope)
{
	g_clear_pointer(&scope->defined, g_hash_table_unref);
}

typedef struct {
	const SmithStartupScope *scope;
	const char *const *names; /* of the text's variables: '?' behind those with a default */
} Lookup;

/* The launcher takes 0 for a variable that nobody sets. */
static const char *look_up(const char *name, gpointer data)
{
	const Lookup *lookup = data;
	const char *text = g_hash_table_lookup(lookup->scope->defined, name);
	if (text != NULL && smith_expr_is_plain(text))
		return text;
	return g_strv_contains(lookup->names, name) ? "0" : NULL;
}

char *smith_startup_expand(const SmithStartupScope *scope, const char *text)
{
	g_auto(GStrv) names = smith_expr_names(text);
	const Lookup lookup = {scope, (const char *const *)names};
	return smith_expr_expand(text, look_up, (gpointer)&lookup, NULL);
}

gboolean smith_startup_number(const SmithStartupScope *scope, const SmithNode *value,
			      gint64 *number)
{
	if (value->type == SMITH_NODE_INT) {
		*number = value->integer;
		return TRUE;
	}
	if (value->type != SMITH_NODE_STRING)
		return FALSE;
	g_autofree char *text = smith_startup_expand(scope, value->text);
	return text != NULL && smith_expr_number(text, number, NULL);
}

gint64 smith_startup_bound_port(const char *text)
{
	static const char *const prefixes[] = {"tcp://*:", "tcp://0.0.0.0:"};
	for (guint i = 0; i < G_N_ELEMENTS(prefixes); i++) {
		gsize length = strlen(prefixes[i]);
		guint64 number = 0;
		if (g_str_has_prefix(text, prefixes[i]) &&
		    g_ascii_string_to_unsigned(text + length, 10, 1, 65535, &number, NULL))
			return (gint64)number;
	}
	return 0;
}

bool smith_startup_is_external(const char *key)
{
	static const char *const names[] = {"redis", "nats",  "postgres", "postgresql", "mysql",
					    "mongo", "kafka", "rabbitmq", "mqtt",	"db"};
	for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
		gsize length = strlen(names[i]);
		if (g_str_has_prefix(key, names[i]) && !g_ascii_isalnum(key[length]))
			return true;
	}
	return false;
}

/* One text below an agent's settings, and where it stands. */
typedef struct {
	const SmithStartupScope *scope;
	GString *path; /* "Agent.config.redis.url" */
	bool external; /* below a key that names something else than the agent */
	SmithDiag *diag;
} Value;

static void tell(const Value *value, SmithPlace place, const char *rule, const char *format, ...)
	G_GNUC_PRINTF(4, 5);

static void tell(const Value *value, SmithPlace place, const char *rule, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	smith_diag_addv(value->diag, SMITH_SEVERITY_WARNING, place, rule, value->path->str, format,
			args);
	va_end(args);
}

static bool is_word(const char *begin, gsize length, const char *text)
{
	static const char *const more = "_.-";
	char before = begin > text ? begin[-1] : ' ', after = begin[length];
	return !g_ascii_isalnum(before) && strchr(more, before) == NULL &&
	       !g_ascii_isalnum(after) && (after == '\0' || strchr(more, after) == NULL);
}

static bool names_localhost(const char *text)
{
	static const char *const names[] = {"localhost", "127.0.0.1"};
	for (guint i = 0; i < G_N_ELEMENTS(names); i++)
		for (const char *p = text; (p = strstr(p, names[i])) != NULL; p++)
			if (is_word(p, strlen(names[i]), text))
				return true;
	return false;
}

/* The bytes of a dotted quad at @text, else 0. */
static gsize address_length(const char *text)
{
	const char *p = text;
	for (int part = 0; part < 4; part++) {
		gsize digits = strspn(p, "0123456789");
		if (digits == 0 || digits > 3 || (part < 3 && p[digits] != '.'))
			return 0;
		p += digits + (part < 3);
	}
	return (gsize)(p - text);
}

/* One that is not "all of mine" or "myself". */
static bool has_address(const char *text)
{
	for (const char *p = text; (p = strpbrk(p, "0123456789")) != NULL;) {
		gsize length = address_length(p);
		if (length > 0 && is_word(p, length, text) && !g_str_has_prefix(p, "127.") &&
		    !g_str_has_prefix(p, "0.0.0.0"))
			return true;
		p += MAX(length, strspn(p, "0123456789"));
	}
	return false;
}

static void check_text(const Value *value, const SmithNode *node)
{
	const char *text = node->text, *path = value->path->str;
	if (strstr(text, "docker.sock") != NULL)
		tell(value, node->place, "docker-socket-mount",
		     "'%s' is docker's socket '%s': a rootless fleet has none, podman's is "
		     "'%%t/podman/podman.sock'",
		     path, text);
	if (names_localhost(text))
		tell(value, node->place, "localhost-reference",
		     "'%s' is '%s': in a container that is the container itself", path, text);
	else if (has_address(text))
		tell(value, node->place, "hardcoded-ip", "'%s' has a fixed address: '%s'", path,
		     text);
	if (value->scope->has_offset && smith_startup_bound_port(text) > 0)
		tell(value, node->place, "port-hardcoded-no-offset",
		     "'%s' binds '%s', which ${PORT_OFFSET} does not move as it does other ports",
		     path, text);
	if (!has_variable(node))
		return;
	if (!is_sum(text))
		tell_variables(value->scope, node, path, value->diag);
	else if (value->external && strstr(text, PORT_OFFSET) != NULL)
		tell(value, node->place, "offset-on-shared-service",
		     "'%s' is a port of another program, '%s' moves it with the agents' own", path,
		     text);
}

static void check_value(Value *value, const SmithNode *node);

static void check_children(Value *value, const SmithNode *node)
{
	gsize length = value->path->len;
	bool external = value->external;
	/* {host: ..., port: ...} is where something else listens */
	bool is_address = is_map(node) && smith_node_get(node, "host") != NULL;
	for (guint i = 0; node->type == SMITH_NODE_SEQ && i < node->items->len; i++) {
		g_string_append_printf(value->path, "[%u]", i);
		check_value(value, node->items->pdata[i]);
		g_string_truncate(value->path, length);
	}
	for (guint i = 0; is_map(node) && i < node->members->len; i++) {
		const SmithNodeMember *member = node->members->pdata[i];
		g_string_append_printf(value->path, ".%s", member->key);
		value->external = external || is_address || smith_startup_is_external(member->key);
		check_value(value, member->value);
		g_string_truncate(value->path, length);
	}
	value->external = external;
}

static void check_value(Value *value, const SmithNode *node)
{
	if (node->type == SMITH_NODE_STRING)
		check_text(value, node);
	else
		check_children(value, node);
}

void smith_startup_check_values(const SmithStartupScope *scope, const SmithStartupAgent *agent,
				SmithDiag *diag)
{
	static const char *const own[] = {
		"name",	    "script_path",  "path",    "port",	      "health_check_port",
		"required", "dependencies", "enabled", "description", NULL};
	g_autoptr(GString) path = g_string_new(NULL);
	Value value = {scope, path, false, diag};
	for (guint i = 0; i < agent->node->members->len; i++) {
		const SmithNodeMember *member = agent->node->members->pdata[i];
		if (g_strv_contains(own, member->key))
			continue;
		g_string_printf(path, "%s.%s", agent->name, member->key);
		check_value(&value, member->value);
	}
}
