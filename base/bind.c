/* SPDX-License-Identifier: Apache-2.0 */
#include "base/bind.h"

#include "base/error.h"

#include <string.h>

typedef struct {
	SmithDiag *diag;
	const char *where; /* "service 'api'" */
} Reader;

static gpointer read_object(const SmithBindTable *table, const char *key, const SmithNode *node,
			    SmithDiag *diag);

static bool is_absent(const SmithNode *node)
{
	return node == NULL || node->type == SMITH_NODE_NULL;
}

static bool is_scalar(const SmithNode *node)
{
	return node->type != SMITH_NODE_NULL && node->type != SMITH_NODE_SEQ &&
	       node->type != SMITH_NODE_MAP;
}

static void wrong_type(const Reader *reader, const SmithNode *node, const char *name,
		       const char *expected)
{
	smith_diag_add(reader->diag, SMITH_SEVERITY_ERROR, node->place, "wrong-type",
		       "'%s' in %s must be %s, got %s", name, reader->where, expected,
		       smith_node_type_name(node->type));
}

/* The text of a string, or of any scalar when the field takes them; else NULL, told. */
static const char *read_text(const Reader *reader, const SmithBindField *field,
			     const SmithNode *node, bool any_scalar)
{
	if (node->type == SMITH_NODE_STRING || (any_scalar && is_scalar(node)))
		return node->text;
	if (is_scalar(node))
		smith_diag_add(reader->diag, SMITH_SEVERITY_ERROR, node->place, "wrong-type",
			       "'%s' in %s must be a string, got %s (write \"%s\" in quotes)",
			       field->name, reader->where, smith_node_type_name(node->type),
			       node->text);
	else
		wrong_type(reader, node, field->name, "a string");
	return NULL;
}

static void read_int(const Reader *reader, const SmithBindField *field, const SmithNode *node,
		     gint64 *out)
{
	if (node->type != SMITH_NODE_INT) {
		wrong_type(reader, node, field->name, "an integer");
		return;
	}
	if (field->min != field->max &&
	    (node->integer < field->min || node->integer > field->max)) {
		smith_diag_add(reader->diag, SMITH_SEVERITY_ERROR, node->place, "out-of-range",
			       "'%s' in %s must be from %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT
			       ", got %" G_GINT64_FORMAT,
			       field->name, reader->where, field->min, field->max, node->integer);
		return;
	}
	*out = node->integer;
}

static void read_enum(const Reader *reader, const SmithBindField *field, const SmithNode *node,
		      int *out)
{
	/* a name may look like another type: "none", but also "true" or "1.0" */
	const char *text = read_text(reader, field, node, true);
	if (text == NULL)
		return;
	for (int i = 0; field->names[i] != NULL; i++) {
		if (strcmp(field->names[i], text) == 0) {
			*out = i;
			return;
		}
	}
	g_autofree char *all = g_strjoinv("', '", (char **)field->names);
	const char *nearest = smith_nearest(text, field->names);
	g_autofree char *hint =
		nearest != NULL ? g_strdup_printf(" (did you mean '%s'?)", nearest) : g_strdup("");
	smith_diag_add(reader->diag, SMITH_SEVERITY_ERROR, node->place, "bad-value",
		       "'%s' in %s must be one of '%s', got '%s'%s", field->name, reader->where,
		       all, text, hint);
}

static char **read_strv(const Reader *reader, const SmithBindField *field, const SmithNode *node)
{
	g_autoptr(GPtrArray) strings = g_ptr_array_new_with_free_func(g_free);
	if (node->type == SMITH_NODE_SEQ) {
		for (guint i = 0; i < node->items->len; i++) {
			const char *text =
				read_text(reader, field, node->items->pdata[i], field->any_scalar);
			if (text != NULL)
				g_ptr_array_add(strings, g_strdup(text));
		}
	} else if (field->one_or_list && is_scalar(node)) {
		const char *text = read_text(reader, field, node, field->any_scalar);
		if (text != NULL)
			g_ptr_array_add(strings, g_strdup(text));
	} else {
		wrong_type(reader, node, field->name,
			   field->one_or_list ? "a string or a list of strings"
					      : "a list of strings");
	}
	g_ptr_array_add(strings, NULL);
	return (char **)g_ptr_array_free(g_steal_pointer(&strings), FALSE);
}

static char **read_set(const Reader *reader, const SmithBindField *field, const SmithNode *node)
{
	g_autoptr(GPtrArray) keys = g_ptr_array_new_with_free_func(g_free);
	if (node->type != SMITH_NODE_MAP)
		wrong_type(reader, node, field->name, "a map");
	for (guint i = 0; node->type == SMITH_NODE_MAP && i < node->members->len; i++) {
		const SmithNodeMember *member = node->members->pdata[i];
		if (member->value->type != SMITH_NODE_MAP && !is_absent(member->value))
			wrong_type(reader, member->value, member->key, "an empty map");
		else
			g_ptr_array_add(keys, g_strdup(member->key));
	}
	g_ptr_array_add(keys, NULL);
	return (char **)g_ptr_array_free(g_steal_pointer(&keys), FALSE);
}

static GHashTable *read_strmap(const Reader *reader, const SmithBindField *field,
			       const SmithNode *node)
{
	GHashTable *map = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	if (node->type != SMITH_NODE_MAP)
		wrong_type(reader, node, field->name, "a map of strings");
	for (guint i = 0; node->type == SMITH_NODE_MAP && i < node->members->len; i++) {
		const SmithNodeMember *member = node->members->pdata[i];
		if (is_scalar(member->value))
			g_hash_table_insert(map, g_strdup(member->key),
					    g_strdup(member->value->text));
		else if (!is_absent(member->value))
			wrong_type(reader, member->value, member->key, "a string");
	}
	return map;
}

static GPtrArray *read_list(const Reader *reader, const SmithBindField *field,
			    const SmithNode *node)
{
	GPtrArray *list = g_ptr_array_new();
	if (node->type == SMITH_NODE_SEQ) {
		for (guint i = 0; i < node->items->len; i++)
			g_ptr_array_add(list, read_object(field->table, NULL, node->items->pdata[i],
							  reader->diag));
	} else if (field->one_or_list && node->type == SMITH_NODE_MAP) {
		g_ptr_array_add(list, read_object(field->table, NULL, node, reader->diag));
	} else {
		wrong_type(reader, node, field->name,
			   field->one_or_list ? "a map or a list of maps" : "a list of maps");
	}
	return list;
}

static GPtrArray *read_map(const Reader *reader, const SmithBindField *field, const SmithNode *node)
{
	g_assert(field->table->key_offset >= 0);
	GPtrArray *list = g_ptr_array_new();
	if (node->type != SMITH_NODE_MAP)
		wrong_type(reader, node, field->name, "a map");
	for (guint i = 0; node->type == SMITH_NODE_MAP && i < node->members->len; i++) {
		const SmithNodeMember *member = node->members->pdata[i];
		/* "worker:" with nothing behind it is a map without keys, and stands where its key
		 * does */
		g_autoptr(SmithNode) empty = smith_node_new(SMITH_NODE_MAP);
		empty->place = member->place;
		const SmithNode *value = is_absent(member->value) ? empty : member->value;
		gpointer object = read_object(field->table, member->key, value, reader->diag);
		G_STRUCT_MEMBER(char *, object, field->table->key_offset) = g_strdup(member->key);
		g_ptr_array_add(list, object);
	}
	return list;
}

static void read_field(const Reader *reader, const SmithBindField *field, const SmithNode *node,
		       gpointer out)
{
	switch (field->type) {
	case SMITH_BIND_STRING:
		*(char **)out = g_strdup(read_text(reader, field, node, field->any_scalar));
		break;
	case SMITH_BIND_BOOL:
		if (node->type == SMITH_NODE_BOOL)
			*(bool *)out = node->boolean;
		else
			wrong_type(reader, node, field->name, "true or false");
		break;
	case SMITH_BIND_INT:
		read_int(reader, field, node, out);
		break;
	case SMITH_BIND_ENUM:
		read_enum(reader, field, node, out);
		break;
	case SMITH_BIND_STRV:
		*(char ***)out = read_strv(reader, field, node);
		break;
	case SMITH_BIND_STRMAP:
		*(GHashTable **)out = read_strmap(reader, field, node);
		break;
	case SMITH_BIND_OBJECT:
		*(gpointer *)out = read_object(field->table, NULL, node, reader->diag);
		break;
	case SMITH_BIND_LIST:
		*(GPtrArray **)out = read_list(reader, field, node);
		break;
	case SMITH_BIND_MAP:
		*(GPtrArray **)out = read_map(reader, field, node);
		break;
	case SMITH_BIND_NODE:
		*(SmithNode **)out = smith_node_copy(node);
		break;
	case SMITH_BIND_SET:
		*(char ***)out = read_set(reader, field, node);
		break;
	}
}

static void unknown_key(const Reader *reader, const SmithBindTable *table,
			const SmithNodeMember *member)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new();
	for (const SmithBindField *field = table->fields; field->name != NULL; field++)
		g_ptr_array_add(names, (gpointer)field->name);
	g_ptr_array_add(names, NULL);
	const char *nearest = smith_nearest(member->key, (const char *const *)names->pdata);
	if (nearest != NULL)
		smith_diag_add(reader->diag, SMITH_SEVERITY_ERROR, member->place, "unknown-key",
			       "unknown key '%s' in %s (did you mean '%s'?)", member->key,
			       reader->where, nearest);
	else
		smith_diag_add(reader->diag, SMITH_SEVERITY_ERROR, member->place, "unknown-key",
			       "unknown key '%s' in %s", member->key, reader->where);
}

static void read_members(const Reader *reader, const SmithBindTable *table, const SmithNode *node,
			 gpointer object)
{
	for (guint i = 0; i < node->members->len; i++) {
		const SmithNodeMember *member = node->members->pdata[i];
		const SmithBindField *field = table->fields;
		while (field->name != NULL && strcmp(field->name, member->key) != 0)
			field++;
		if (field->name == NULL && !table->allow_unknown)
			unknown_key(reader, table, member);
		else if (field->name != NULL && !is_absent(member->value))
			read_field(reader, field, member->value,
				   G_STRUCT_MEMBER_P(object, field->offset));
	}
	for (const SmithBindField *field = table->fields; field->name != NULL; field++) {
		if (field->required && is_absent(smith_node_get(node, field->name)))
			smith_diag_add(reader->diag, SMITH_SEVERITY_ERROR, node->place,
				       "missing-key", "missing key '%s' in %s", field->name,
				       reader->where);
	}
}

static gpointer read_object(const SmithBindTable *table, const char *key, const SmithNode *node,
			    SmithDiag *diag)
{
	gpointer object = g_malloc0(table->size);
	g_autofree char *where =
		key != NULL ? g_strdup_printf("%s '%s'", table->what, key) : g_strdup(table->what);
	Reader reader = {diag, where};
	if (node != NULL && table->place_offset > 0)
		G_STRUCT_MEMBER(SmithPlace, object, table->place_offset) = node->place;
	if (node != NULL && node->type == SMITH_NODE_MAP)
		read_members(&reader, table, node, object);
	else
		smith_diag_add(diag, SMITH_SEVERITY_ERROR,
			       node != NULL ? node->place : (SmithPlace){0}, "wrong-type",
			       "%s must be a map, got %s", where,
			       smith_node_type_name(node != NULL ? node->type : SMITH_NODE_NULL));
	return object;
}

gpointer smith_bind_read(const SmithBindTable *table, const SmithNode *node, SmithDiag *diag)
{
	return read_object(table, NULL, node, diag);
}

gpointer smith_bind_parse(const SmithBindTable *table, const SmithNode *node, GError **error)
{
	g_autoptr(SmithDiag) diag = smith_diag_new();
	gpointer object = smith_bind_read(table, node, diag);
	smith_diag_sort(diag);
	if (smith_diag_throw(diag, SMITH_ERROR_INVALID, error))
		return object;
	smith_bind_free(table, object);
	return NULL;
}

static int compare_strings(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static SmithNode *write_strv(char **strings)
{
	SmithNode *seq = smith_node_new(SMITH_NODE_SEQ);
	for (guint i = 0; strings != NULL && strings[i] != NULL; i++)
		smith_node_append(seq, smith_node_new_string(strings[i]));
	return seq;
}

static SmithNode *write_set(char **keys)
{
	SmithNode *map = smith_node_new(SMITH_NODE_MAP);
	g_autoptr(GPtrArray) sorted = g_ptr_array_new();
	for (guint i = 0; keys != NULL && keys[i] != NULL; i++)
		g_ptr_array_add(sorted, keys[i]);
	g_ptr_array_sort(sorted, compare_strings);
	for (guint i = 0; i < sorted->len; i++) {
		if (i == 0 || strcmp(sorted->pdata[i], sorted->pdata[i - 1]) != 0)
			smith_node_add(map, sorted->pdata[i], (SmithPlace){0},
				       smith_node_new(SMITH_NODE_MAP));
	}
	return map;
}

static SmithNode *write_strmap(GHashTable *strings)
{
	SmithNode *map = smith_node_new(SMITH_NODE_MAP);
	g_autoptr(GPtrArray) keys = g_ptr_array_new();
	GHashTableIter iter;
	gpointer key;
	if (strings == NULL)
		return map;
	g_hash_table_iter_init(&iter, strings);
	while (g_hash_table_iter_next(&iter, &key, NULL))
		g_ptr_array_add(keys, key);
	g_ptr_array_sort(keys, compare_strings);
	for (guint i = 0; i < keys->len; i++)
		smith_node_add(map, keys->pdata[i], (SmithPlace){0},
			       smith_node_new_string(g_hash_table_lookup(strings, keys->pdata[i])));
	return map;
}

static SmithNode *write_list(const SmithBindTable *table, GPtrArray *list)
{
	SmithNode *seq = smith_node_new(SMITH_NODE_SEQ);
	for (guint i = 0; list != NULL && i < list->len; i++)
		smith_node_append(seq, smith_bind_write(table, list->pdata[i]));
	return seq;
}

static int compare_keys(gconstpointer a, gconstpointer b, gpointer offset)
{
	return strcmp(G_STRUCT_MEMBER(char *, *(gpointer *)a, GPOINTER_TO_SIZE(offset)),
		      G_STRUCT_MEMBER(char *, *(gpointer *)b, GPOINTER_TO_SIZE(offset)));
}

static SmithNode *write_map(const SmithBindTable *table, GPtrArray *list)
{
	SmithNode *map = smith_node_new(SMITH_NODE_MAP);
	g_autoptr(GPtrArray) sorted = g_ptr_array_new();
	for (guint i = 0; list != NULL && i < list->len; i++)
		g_ptr_array_add(sorted, list->pdata[i]);
	g_ptr_array_sort_with_data(sorted, compare_keys, GSIZE_TO_POINTER(table->key_offset));
	for (guint i = 0; i < sorted->len; i++)
		smith_node_add(map, G_STRUCT_MEMBER(char *, sorted->pdata[i], table->key_offset),
			       (SmithPlace){0}, smith_bind_write(table, sorted->pdata[i]));
	return map;
}

static SmithNode *write_scalar(const SmithBindField *field, gconstpointer member)
{
	if (field->type == SMITH_BIND_BOOL)
		return *(const bool *)member || field->required
			       ? smith_node_new_bool(*(const bool *)member)
			       : NULL;
	if (field->type == SMITH_BIND_INT)
		return *(const gint64 *)member != 0 || field->required
			       ? smith_node_new_int(*(const gint64 *)member)
			       : NULL;
	if (field->type == SMITH_BIND_ENUM)
		return *(const int *)member != 0 || field->required
			       ? smith_node_new_string(field->names[*(const int *)member])
			       : NULL;
	const char *text = *(char *const *)member;
	return text != NULL ? smith_node_new_string(text) : NULL;
}

/* NULL: unset */
static SmithNode *write_field(const SmithBindField *field, gconstpointer member)
{
	SmithNode *node = NULL;
	switch (field->type) {
	case SMITH_BIND_STRING:
	case SMITH_BIND_BOOL:
	case SMITH_BIND_INT:
	case SMITH_BIND_ENUM:
		return write_scalar(field, member);
	case SMITH_BIND_OBJECT:
		return *(gpointer *)member != NULL
			       ? smith_bind_write(field->table, *(gpointer *)member)
			       : NULL;
	case SMITH_BIND_NODE:
		return smith_node_copy(*(SmithNode *const *)member);
	case SMITH_BIND_STRV:
		node = write_strv(*(char **const *)member);
		break;
	case SMITH_BIND_SET:
		node = write_set(*(char **const *)member);
		break;
	case SMITH_BIND_STRMAP:
		node = write_strmap(*(GHashTable *const *)member);
		break;
	case SMITH_BIND_LIST:
		node = write_list(field->table, *(GPtrArray *const *)member);
		break;
	case SMITH_BIND_MAP:
		node = write_map(field->table, *(GPtrArray *const *)member);
		break;
	}
	if (smith_node_length(node) == 0 && !field->required)
		g_clear_pointer(&node, smith_node_free);
	return node;
}

SmithNode *smith_bind_write(const SmithBindTable *table, gconstpointer object)
{
	SmithNode *map = smith_node_new(SMITH_NODE_MAP);
	for (const SmithBindField *field = table->fields; field->name != NULL; field++) {
		SmithNode *value = write_field(field, (const char *)object + field->offset);
		if (value != NULL)
			smith_node_add(map, field->name, (SmithPlace){0}, value);
	}
	return map;
}

static void free_list(const SmithBindField *field, GPtrArray *list)
{
	for (guint i = 0; list != NULL && i < list->len; i++) {
		if (field->type == SMITH_BIND_MAP)
			g_free(G_STRUCT_MEMBER(char *, list->pdata[i], field->table->key_offset));
		smith_bind_free(field->table, list->pdata[i]);
	}
	if (list != NULL)
		g_ptr_array_unref(list);
}

static void free_field(const SmithBindField *field, gpointer member)
{
	switch (field->type) {
	case SMITH_BIND_BOOL:
	case SMITH_BIND_INT:
	case SMITH_BIND_ENUM:
		break;
	case SMITH_BIND_STRING:
		g_free(*(char **)member);
		break;
	case SMITH_BIND_STRV:
	case SMITH_BIND_SET:
		g_strfreev(*(char ***)member);
		break;
	case SMITH_BIND_STRMAP:
		if (*(GHashTable **)member != NULL)
			g_hash_table_unref(*(GHashTable **)member);
		break;
	case SMITH_BIND_OBJECT:
		smith_bind_free(field->table, *(gpointer *)member);
		break;
	case SMITH_BIND_LIST:
	case SMITH_BIND_MAP:
		free_list(field, *(GPtrArray **)member);
		break;
	case SMITH_BIND_NODE:
		smith_node_free(*(SmithNode **)member);
		break;
	}
}

void smith_bind_free(const SmithBindTable *table, gpointer object)
{
	if (object == NULL)
		return;
	for (const SmithBindField *field = table->fields; field->name != NULL; field++)
		free_field(field, G_STRUCT_MEMBER_P(object, field->offset));
	g_free(object);
}
