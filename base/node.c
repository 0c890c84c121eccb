/* SPDX-License-Identifier: Apache-2.0 */
#include "base/node.h"

#include <string.h>

static void item_free(gpointer data)
{
	smith_node_free(data);
}

static void member_free(gpointer data)
{
	SmithNodeMember *member = data;
	g_free(member->key);
	smith_node_free(member->value);
	g_free(member);
}

SmithNode *smith_node_new(SmithNodeType type)
{
	SmithNode *node = g_new0(SmithNode, 1);
	node->type = type;
	if (type == SMITH_NODE_SEQ)
		node->items = g_ptr_array_new_with_free_func(item_free);
	else if (type == SMITH_NODE_MAP)
		node->members = g_ptr_array_new_with_free_func(member_free);
	return node;
}

SmithNode *smith_node_new_string(const char *value)
{
	SmithNode *node = smith_node_new(SMITH_NODE_STRING);
	node->text = g_strdup(value);
	return node;
}

SmithNode *smith_node_new_int(gint64 value)
{
	SmithNode *node = smith_node_new(SMITH_NODE_INT);
	node->integer = value;
	node->text = g_strdup_printf("%" G_GINT64_FORMAT, value);
	return node;
}

SmithNode *smith_node_new_bool(bool value)
{
	SmithNode *node = smith_node_new(SMITH_NODE_BOOL);
	node->boolean = value;
	node->text = g_strdup(value ? "true" : "false");
	return node;
}

void smith_node_append(SmithNode *seq, SmithNode *item)
{
	g_assert(seq->type == SMITH_NODE_SEQ);
	g_ptr_array_add(seq->items, item);
}

static SmithNodeMember *find_member(const SmithNode *map, const char *key)
{
	if (map == NULL || map->type != SMITH_NODE_MAP)
		return NULL;
	for (guint i = 0; i < map->members->len; i++) {
		SmithNodeMember *member = map->members->pdata[i];
		if (strcmp(member->key, key) == 0)
			return member;
	}
	return NULL;
}

void smith_node_add(SmithNode *map, const char *key, SmithPlace place, SmithNode *value)
{
	g_assert(map->type == SMITH_NODE_MAP);
	SmithNodeMember *member = g_new0(SmithNodeMember, 1);
	member->key = g_strdup(key);
	member->place = place;
	member->value = value;
	g_ptr_array_add(map->members, member);
}

void smith_node_set(SmithNode *map, const char *key, SmithNode *value)
{
	SmithNodeMember *member = find_member(map, key);
	if (member == NULL) {
		smith_node_add(map, key, (SmithPlace){0}, value);
		return;
	}
	smith_node_free(member->value);
	member->value = value;
}

static void copy_children(SmithNode *copy, const SmithNode *node)
{
	if (node->type == SMITH_NODE_SEQ) {
		for (guint i = 0; i < node->items->len; i++)
			smith_node_append(copy, smith_node_copy(node->items->pdata[i]));
	} else if (node->type == SMITH_NODE_MAP) {
		for (guint i = 0; i < node->members->len; i++) {
			const SmithNodeMember *member = node->members->pdata[i];
			smith_node_add(copy, member->key, member->place,
				       smith_node_copy(member->value));
		}
	} else if (node->type == SMITH_NODE_BOOL) {
		copy->boolean = node->boolean;
	} else if (node->type == SMITH_NODE_INT) {
		copy->integer = node->integer;
	} else if (node->type == SMITH_NODE_DOUBLE) {
		copy->number = node->number;
	}
}

SmithNode *smith_node_copy(const SmithNode *node)
{
	if (node == NULL)
		return NULL;
	SmithNode *copy = smith_node_new(node->type);
	copy->quoted = node->quoted;
	copy->place = node->place;
	copy->text = g_strdup(node->text);
	copy_children(copy, node);
	return copy;
}

SmithNode *smith_node_get(const SmithNode *map, const char *key)
{
	const SmithNodeMember *member = find_member(map, key);
	return member != NULL ? member->value : NULL;
}

const char *smith_node_get_string(const SmithNode *map, const char *key)
{
	const SmithNode *value = smith_node_get(map, key);
	return value != NULL && value->type == SMITH_NODE_STRING ? value->text : NULL;
}

gint64 smith_node_get_int(const SmithNode *map, const char *key, gint64 fallback)
{
	const SmithNode *value = smith_node_get(map, key);
	return value != NULL && value->type == SMITH_NODE_INT ? value->integer : fallback;
}

guint smith_node_length(const SmithNode *node)
{
	if (node != NULL && node->type == SMITH_NODE_SEQ)
		return node->items->len;
	if (node != NULL && node->type == SMITH_NODE_MAP)
		return node->members->len;
	return 0;
}

const char *smith_node_type_name(SmithNodeType type)
{
	static const char *const names[] = {
		[SMITH_NODE_NULL] = "nothing",	  [SMITH_NODE_BOOL] = "a boolean",
		[SMITH_NODE_INT] = "an integer",  [SMITH_NODE_DOUBLE] = "a fractional number",
		[SMITH_NODE_STRING] = "a string", [SMITH_NODE_SEQ] = "a list",
		[SMITH_NODE_MAP] = "a map",
	};
	return names[type];
}

void smith_node_free(SmithNode *node)
{
	if (node == NULL)
		return;
	g_free(node->text);
	if (node->type == SMITH_NODE_SEQ)
		g_ptr_array_unref(node->items);
	else if (node->type == SMITH_NODE_MAP)
		g_ptr_array_unref(node->members);
	g_free(node);
}

SmithPlace smith_node_locate(const char *text, const char *at, const char *file)
{
	SmithPlace place = {g_intern_string(file), 1, 1};
	for (const char *p = text; p < at; p++) {
		if (*p == '\n') {
			place.line++;
			place.column = 1;
		} else if (((guchar)*p & 0xc0) != 0x80) {
			place.column++;
		}
	}
	return place;
}

gboolean smith_node_check_text(const char *text, gsize length, const char *file, GError **error)
{
	if (length > SMITH_NODE_MAX_BYTES)
		return smith_throw(error, SMITH_ERROR_LIMIT,
				   "%s: document of %" G_GSIZE_FORMAT
				   " bytes is too large, at most %d are read",
				   file, length, SMITH_NODE_MAX_BYTES);
	const char *end = NULL;
	if (g_utf8_validate_len(text, length, &end))
		return TRUE;
	g_autofree char *place = smith_place_to_string(smith_node_locate(text, end, file));
	if (*end == '\0')
		return smith_throw(error, SMITH_ERROR_INVALID, "%s: NUL byte in the text", place);
	return smith_throw(error, SMITH_ERROR_INVALID, "%s: text is not UTF-8, got byte 0x%02x",
			   place, (guchar)*end);
}
