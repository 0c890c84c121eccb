/* SPDX-License-Identifier: Apache-2.0 */
#include "fleet/schema.h"

#include <string.h>

#include "fleet/tables.h"

/* Names of JSON's types that a value may have. */
enum {
	TYPE_STRING = 1 << 0,
	TYPE_NUMBER = 1 << 1,
	TYPE_BOOLEAN = 1 << 2,
	TYPE_INTEGER = 1 << 3,
	TYPE_ARRAY = 1 << 4,
	TYPE_OBJECT = 1 << 5,
	TYPE_NULL = 1 << 6,
	TYPE_SCALAR = TYPE_STRING | TYPE_NUMBER | TYPE_BOOLEAN,
};

static void set(SmithNode *map, const char *key, SmithNode *value)
{
	smith_node_add(map, key, (SmithPlace){0}, value);
}

static void set_string(SmithNode *map, const char *key, const char *value)
{
	set(map, key, smith_node_new_string(value));
}

static void set_types(SmithNode *schema, unsigned types)
{
	static const char *const names[] = {"string", "number", "boolean", "integer",
					    "array",  "object", "null"};
	SmithNode *list = smith_node_new(SMITH_NODE_SEQ);
	for (guint i = 0; i < G_N_ELEMENTS(names); i++)
		if (types & (1u << i))
			smith_node_append(list, smith_node_new_string(names[i]));
	if (smith_node_length(list) > 1) {
		set(schema, "type", list);
		return;
	}
	set(schema, "type", smith_node_copy(list->items->pdata[0]));
	smith_node_free(list);
}

static SmithNode *new_types(unsigned types)
{
	SmithNode *schema = smith_node_new(SMITH_NODE_MAP);
	set_types(schema, types);
	return schema;
}

static SmithNode *new_ref(const char *name)
{
	g_autofree char *path = g_strconcat("#/$defs/", name, NULL);
	SmithNode *schema = smith_node_new(SMITH_NODE_MAP);
	set_string(schema, "$ref", path);
	return schema;
}

/* What a key that is left out may also be. */
static SmithNode *or_null(SmithNode *schema)
{
	SmithNode *either = smith_node_new(SMITH_NODE_MAP);
	SmithNode *list = smith_node_new(SMITH_NODE_SEQ);
	smith_node_append(list, schema);
	smith_node_append(list, new_types(TYPE_NULL));
	set(either, "anyOf", list);
	return either;
}

static SmithNode *table_schema(const SmithBindTable *table, const char *const *without);

static SmithNode *enum_schema(const SmithBindField *field, bool optional)
{
	SmithNode *schema = smith_node_new(SMITH_NODE_MAP);
	SmithNode *names = smith_node_new(SMITH_NODE_SEQ);
	for (const char *const *name = field->names; *name != NULL; name++) {
		smith_node_append(names, smith_node_new_string(*name));
		/* names are compared by their text, in quotes or not */
		if (strcmp(*name, "true") == 0 || strcmp(*name, "false") == 0)
			smith_node_append(names, smith_node_new_bool(**name == 't'));
	}
	if (optional)
		smith_node_append(names, smith_node_new(SMITH_NODE_NULL));
	set(schema, "enum", names);
	return schema;
}

/* A name with nothing behind it is a map without keys, where that is enough. */
static SmithNode *map_schema(const SmithBindTable *table)
{
	bool is_service = table == &smith_service_table;
	bool is_enough = !is_service;
	for (const SmithBindField *field = table->fields; field->name != NULL; field++)
		is_enough = is_enough && !field->required;
	SmithNode *value = is_service ? new_ref("service") : table_schema(table, NULL);
	return is_enough ? or_null(value) : value;
}

static SmithNode *int_schema(const SmithBindField *field, unsigned null)
{
	SmithNode *schema = new_types(TYPE_INTEGER | null);
	if (field->min != field->max) {
		set(schema, "minimum", smith_node_new_int(field->min));
		set(schema, "maximum", smith_node_new_int(field->max));
	}
	return schema;
}

static SmithNode *list_schema(SmithNode *items, unsigned types)
{
	SmithNode *schema = new_types(TYPE_ARRAY | types);
	set(schema, "items", items);
	return schema;
}

static SmithNode *type_schema(const SmithBindField *field)
{
	unsigned null = field->required ? 0 : TYPE_NULL;
	unsigned text = field->any_scalar ? TYPE_SCALAR : TYPE_STRING;
	SmithNode *schema = NULL;
	switch (field->type) {
	case SMITH_BIND_STRING:
		return new_types(text | null);
	case SMITH_BIND_BOOL:
		return new_types(TYPE_BOOLEAN | null);
	case SMITH_BIND_INT:
		return int_schema(field, null);
	case SMITH_BIND_ENUM:
		return enum_schema(field, !field->required);
	case SMITH_BIND_STRV:
		return list_schema(new_types(text), null | (field->one_or_list ? text : 0));
	case SMITH_BIND_STRMAP:
		schema = new_types(TYPE_OBJECT | null);
		set(schema, "additionalProperties", new_types(TYPE_SCALAR | TYPE_NULL));
		return schema;
	case SMITH_BIND_OBJECT:
		schema = table_schema(field->table, NULL);
		return field->required ? schema : or_null(schema);
	case SMITH_BIND_LIST:
		return list_schema(table_schema(field->table, NULL), null);
	case SMITH_BIND_MAP:
		schema = new_types(TYPE_OBJECT | null);
		set(schema, "additionalProperties", map_schema(field->table));
		return schema;
	case SMITH_BIND_NODE:
	case SMITH_BIND_SET:
		break;
	}
	/* a table of the fleet has got a member whose shape nobody has written down */
	g_assert_not_reached();
}

static SmithNode *field_schema(const SmithBindTable *table, const SmithBindField *field)
{
	const char *shape = smith_schema_shape_of(table->what, field->name);
	const char *text = smith_schema_describe(table->what, field->name);
	SmithNode *schema = NULL;
	if (shape == NULL)
		schema = type_schema(field);
	else
		schema = field->required ? new_ref(shape) : or_null(new_ref(shape));
	if (text != NULL)
		set_string(schema, "description", text);
	return schema;
}

static SmithNode *table_schema(const SmithBindTable *table, const char *const *without)
{
	SmithNode *schema = new_types(TYPE_OBJECT);
	SmithNode *properties = smith_node_new(SMITH_NODE_MAP);
	g_autoptr(SmithNode) required = smith_node_new(SMITH_NODE_SEQ);
	for (const SmithBindField *field = table->fields; field->name != NULL; field++) {
		if (without != NULL && g_strv_contains(without, field->name))
			continue;
		set(properties, field->name, field_schema(table, field));
		if (field->required)
			smith_node_append(required, smith_node_new_string(field->name));
	}
	set(schema, "properties", properties);
	if (smith_node_length(required) > 0)
		set(schema, "required", g_steal_pointer(&required));
	set(schema, "additionalProperties", smith_node_new_bool(false));
	g_autoptr(SmithNode) rules = without == NULL ? smith_schema_rules_of(table->what) : NULL;
	for (guint i = 0; i < smith_node_length(rules); i++) {
		const SmithNodeMember *member = rules->members->pdata[i];
		set(schema, member->key, smith_node_copy(member->value));
	}
	return schema;
}

static SmithNode *document_schema(const char *title, const char *about, const SmithBindTable *table)
{
	SmithNode *schema = smith_node_new(SMITH_NODE_MAP);
	g_autoptr(SmithNode) object = table_schema(table, NULL);
	set_string(schema, "$schema", "https://json-schema.org/draft/2020-12/schema");
	set_string(schema, "title", title);
	set_string(schema, "description", about);
	for (guint i = 0; i < object->members->len; i++) {
		const SmithNodeMember *member = object->members->pdata[i];
		set(schema, member->key, smith_node_copy(member->value));
	}
	return schema;
}

static const SmithBindTable *field_table(const SmithBindTable *table, const char *key)
{
	const SmithBindField *field = table->fields;
	while (strcmp(field->name, key) != 0)
		field++;
	return field->table;
}

/* Shapes of families alone. */
static const char *const of_families[] = {
	"from", "apt", "stepName", "command", "inputPath", "inputs", "outputPath", "outputs", NULL};

static SmithNode *fleet_shapes(void)
{
	g_autoptr(SmithNode) shapes = smith_schema_shapes();
	SmithNode *defs = smith_node_new(SMITH_NODE_MAP);
	for (guint i = 0; i < shapes->members->len; i++) {
		const SmithNodeMember *shape = shapes->members->pdata[i];
		if (!g_strv_contains(of_families, shape->key))
			set(defs, shape->key, smith_node_copy(shape->value));
	}
	return defs;
}

SmithNode *smith_schema_fleet(void)
{
	static const char *const not_in_class[] = {"class", "hosts", NULL};
	static const char *const not_on_host[] = {"class",     "family", "app",	  "pip",
						  "installer", "image",	 "hosts", NULL};
	static const char *const parts[] = {"app", "health", "limits"};
	SmithNode *schema = document_schema("fleet.yaml",
					    "A fleet of ocismith: its services, and "
					    "the hosts that run them.",
					    &smith_fleet_table);
	SmithNode *defs = fleet_shapes();
	set(defs, "port", table_schema(&smith_port_table, NULL));
	set(defs, "need", table_schema(&smith_need_table, NULL));
	set(defs, "groupNetwork", table_schema(&smith_on_network_table, NULL));
	for (guint i = 0; i < G_N_ELEMENTS(parts); i++)
		set(defs, parts[i],
		    table_schema(field_table(&smith_service_table, parts[i]), NULL));
	set(defs, "service", table_schema(&smith_service_table, NULL));
	set(defs, "class", table_schema(&smith_service_table, not_in_class));
	set(defs, "onHost", table_schema(&smith_service_table, not_on_host));
	set(schema, "$defs", defs);
	return schema;
}

SmithNode *smith_schema_family(void)
{
	static const char *const used[] = {"said",     "pip",	    "indexUrl", "indexNames",
					   "bytecode", "installer", "bytes"};
	SmithNode *schema =
		document_schema("families.d/NAME.yaml",
				"A family of ocismith: a base image and the distributions on it.",
				&smith_family_table);
	g_autoptr(SmithNode) shapes = smith_schema_shapes();
	SmithNode *defs = smith_node_new(SMITH_NODE_MAP);
	for (guint i = 0; i < G_N_ELEMENTS(used); i++)
		set(defs, used[i], smith_node_copy(smith_node_get(shapes, used[i])));
	for (guint i = 0; of_families[i] != NULL; i++)
		set(defs, of_families[i], smith_node_copy(smith_node_get(shapes, of_families[i])));
	set(defs, "debian", table_schema(&smith_bootstrap_table, NULL));
	set(defs, "debs", table_schema(&smith_apt_table, NULL));
	set(schema, "$defs", defs);
	return schema;
}
