/* SPDX-License-Identifier: Apache-2.0 */
#include "python/toml.h"

#include <string.h>

#include "base/error.h"
#include "python/toml-scan.h"

typedef enum {
	ENTRY_VALUE,	/* nothing can be added to it: also arrays and tables written as values */
	ENTRY_IMPLICIT, /* a table that only the header of one within it names */
	ENTRY_HEADER,	/* a table with a header of its own */
	ENTRY_DOTTED,	/* a table of dotted keys */
	ENTRY_LIST,	/* an array of tables; its table is that of the last element */
} EntryKind;

/* What a key of a table stands for, with what a map needs to be looked into fast. */
typedef struct Entry Entry;
struct Entry {
	EntryKind kind;
	guint section; /* DOTTED: whose keys made it */
	guint depth;
	SmithPlace place;
	SmithNode *node;     /* borrowed */
	SmithNode *map;	     /* borrowed: node, or the last element of a LIST */
	GHashTable *entries; /* key -> Entry* of map, or NULL: none yet */
};

typedef struct {
	SmithTomlScan scan;
	guint section; /* number of headers so far */
} Reader;

static gboolean read_value(Reader *reader, SmithNode **value, guint depth);

static void entry_free(gpointer data)
{
	Entry *entry = data;
	g_clear_pointer(&entry->entries, g_hash_table_unref);
	g_free(entry);
}

static gboolean throw_at(Reader *reader, SmithPlace place, const char *format, ...)
	G_GNUC_PRINTF(3, 4);
static gboolean throw_at(Reader *reader, SmithPlace place, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	g_autofree char *text = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	return smith_throw(reader->scan.error, SMITH_ERROR_INVALID, "%s:%u:%u: %s", place.file,
			   place.line, place.column, text);
}

/* NULL when there are too many. */
static SmithNode *new_node(Reader *reader, SmithNodeType type, SmithPlace place)
{
	if (++reader->scan.values > SMITH_NODE_MAX_NODES) {
		smith_toml_throw(&reader->scan, SMITH_ERROR_LIMIT,
				 "document has too many values, at most " G_STRINGIFY(
					 SMITH_NODE_MAX_NODES) " are read");
		return NULL;
	}
	SmithNode *node = smith_node_new(type);
	node->place = place;
	return node;
}

static gboolean check_depth(Reader *reader, guint depth)
{
	return depth <= SMITH_NODE_MAX_DEPTH ||
	       smith_toml_throw(&reader->scan, SMITH_ERROR_LIMIT,
				"document is nested deeper than " G_STRINGIFY(
					SMITH_NODE_MAX_DEPTH) " levels");
}

static Entry *find_entry(const Entry *table, const char *key)
{
	return table->entries != NULL ? g_hash_table_lookup(table->entries, key) : NULL;
}

/* Takes @node; @key is new in @table. */
static Entry *add_entry(Entry *table, const char *key, SmithPlace place, EntryKind kind,
			SmithNode *node)
{
	Entry *entry = g_new0(Entry, 1);
	entry->kind = kind;
	entry->depth = table->depth + 1;
	entry->place = place;
	entry->node = node;
	entry->map = node;
	smith_node_add(table->map, key, place, node);
	if (table->entries == NULL)
		table->entries = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, entry_free);
	g_hash_table_insert(table->entries, g_strdup(key), entry);
	return entry;
}

static Entry *add_table(Reader *reader, Entry *table, const char *key, SmithPlace place,
			EntryKind kind)
{
	if (!check_depth(reader, table->depth + 1))
		return NULL;
	SmithNode *node = new_node(reader, SMITH_NODE_MAP, place);
	return node != NULL ? add_entry(table, key, place, kind, node) : NULL;
}

/* One part of a key; transfer full. */
static char *read_part(Reader *reader, SmithPlace *place)
{
	SmithTomlScan *scan = &reader->scan;
	smith_toml_skip_blanks(scan);
	*place = smith_toml_place(scan);
	char c = smith_toml_peek(scan, 0);
	if (c == '"' || c == '\'')
		return smith_toml_string(scan, false);
	const char *start = scan->p;
	while (g_ascii_isalnum(c) || c == '_' || c == '-') {
		scan->p++;
		c = smith_toml_peek(scan, 0);
	}
	if (scan->p > start)
		return g_strndup(start, (gsize)(scan->p - start));
	smith_toml_unexpected(scan, "a key");
	return NULL;
}

/* Behind a part: TRUE in *@more when another one follows. */
static void skip_dot(Reader *reader, bool *more)
{
	smith_toml_skip_blanks(&reader->scan);
	*more = smith_toml_peek(&reader->scan, 0) == '.';
	if (*more)
		reader->scan.p++;
}

static gboolean throw_twice(Reader *reader, SmithPlace place, const char *key, const Entry *first)
{
	return throw_at(reader, place, "duplicate key '%s', first at line %u column %u", key,
			first->place.line, first->place.column);
}

/* The table @key of @table for a dotted key, which may add to what the same section made. */
static Entry *enter_dotted(Reader *reader, Entry *table, const char *key, SmithPlace place)
{
	Entry *entry = find_entry(table, key);
	if (entry == NULL)
		entry = add_table(reader, table, key, place, ENTRY_DOTTED);
	else if (entry->kind == ENTRY_IMPLICIT)
		entry->kind = ENTRY_DOTTED;
	else if (entry->kind != ENTRY_DOTTED || entry->section != reader->section) {
		throw_twice(reader, place, key, entry);
		return NULL;
	}
	if (entry != NULL)
		entry->section = reader->section;
	return entry;
}

/* `KEY.KEY = VALUE`. */
static gboolean read_pair(Reader *reader, Entry *table)
{
	bool more = true;
	while (more) {
		SmithPlace place;
		g_autofree char *key = read_part(reader, &place);
		if (key == NULL)
			return FALSE;
		skip_dot(reader, &more);
		if (more) {
			table = enter_dotted(reader, table, key, place);
			if (table == NULL)
				return FALSE;
			continue;
		}
		const Entry *first = find_entry(table, key);
		if (first != NULL)
			return throw_twice(reader, place, key, first);
		if (smith_toml_peek(&reader->scan, 0) != '=')
			return smith_toml_unexpected(&reader->scan, "'='");
		reader->scan.p++;
		smith_toml_skip_blanks(&reader->scan);
		SmithNode *value = NULL;
		if (!read_value(reader, &value, table->depth + 1))
			return FALSE;
		add_entry(table, key, place, ENTRY_VALUE, value);
	}
	return TRUE;
}

static gboolean read_pairs(Reader *reader, Entry *table)
{
	SmithTomlScan *scan = &reader->scan;
	smith_toml_skip_blanks(scan);
	for (bool more = smith_toml_peek(scan, 0) != '}'; more;) {
		if (!read_pair(reader, table))
			return FALSE;
		smith_toml_skip_blanks(scan);
		more = smith_toml_peek(scan, 0) == ',';
		if (more)
			scan->p++;
	}
	if (smith_toml_peek(scan, 0) != '}')
		return smith_toml_unexpected(scan, "',' or '}'");
	scan->p++;
	return TRUE;
}

static gboolean read_inline_table(Reader *reader, SmithNode *node, guint depth)
{
	Entry table = {.depth = depth, .node = node, .map = node};
	reader->scan.p++;
	gboolean sound = read_pairs(reader, &table);
	g_clear_pointer(&table.entries, g_hash_table_unref);
	return sound;
}

static gboolean read_array(Reader *reader, SmithNode *node, guint depth)
{
	SmithTomlScan *scan = &reader->scan;
	scan->p++;
	for (;;) {
		SmithNode *item = NULL;
		if (!smith_toml_skip_lines(scan))
			return FALSE;
		if (smith_toml_peek(scan, 0) == ']')
			break;
		if (!read_value(reader, &item, depth + 1))
			return FALSE;
		smith_node_append(node, item);
		if (!smith_toml_skip_lines(scan))
			return FALSE;
		if (smith_toml_peek(scan, 0) == ']')
			break;
		if (smith_toml_peek(scan, 0) != ',')
			return smith_toml_unexpected(scan, "',' or ']'");
		scan->p++;
	}
	scan->p++;
	return TRUE;
}

/* *@value is the caller's when this succeeds; @depth is its own. */
static gboolean read_value(Reader *reader, SmithNode **value, guint depth)
{
	SmithTomlScan *scan = &reader->scan;
	char c = smith_toml_peek(scan, 0);
	bool is_map = c == '{', is_list = c == '[';
	SmithNodeType type = is_map ? SMITH_NODE_MAP : is_list ? SMITH_NODE_SEQ : SMITH_NODE_NULL;
	g_autoptr(SmithNode) node = new_node(reader, type, smith_toml_place(scan));
	if (node == NULL || ((is_map || is_list) && !check_depth(reader, depth)))
		return FALSE;
	if (c == '"' || c == '\'') {
		node->type = SMITH_NODE_STRING;
		node->quoted = true;
		node->text = smith_toml_string(scan, true);
		if (node->text == NULL)
			return FALSE;
	} else if (is_map    ? !read_inline_table(reader, node, depth)
		   : is_list ? !read_array(reader, node, depth)
			     : !smith_toml_scalar(scan, node)) {
		return FALSE;
	}
	*value = g_steal_pointer(&node);
	return TRUE;
}

/* The table @key of @table on the way to the one that a header names. */
static Entry *enter_header(Reader *reader, Entry *table, const char *key, SmithPlace place)
{
	Entry *entry = find_entry(table, key);
	if (entry == NULL)
		return add_table(reader, table, key, place, ENTRY_IMPLICIT);
	if (entry->kind != ENTRY_VALUE)
		return entry;
	throw_twice(reader, place, key, entry);
	return NULL;
}

/* `[KEY]`. */
static Entry *begin_table(Reader *reader, Entry *table, const char *key, SmithPlace place)
{
	Entry *entry = find_entry(table, key);
	if (entry == NULL)
		return add_table(reader, table, key, place, ENTRY_HEADER);
	if (entry->kind != ENTRY_IMPLICIT) {
		throw_twice(reader, place, key, entry);
		return NULL;
	}
	entry->kind = ENTRY_HEADER;
	return entry;
}

/* `[[KEY]]`. */
static Entry *begin_element(Reader *reader, Entry *table, const char *key, SmithPlace place)
{
	Entry *entry = find_entry(table, key);
	if (entry != NULL && entry->kind != ENTRY_LIST) {
		throw_twice(reader, place, key, entry);
		return NULL;
	}
	if (!check_depth(reader, table->depth + 2))
		return NULL;
	if (entry == NULL) {
		SmithNode *list = new_node(reader, SMITH_NODE_SEQ, place);
		if (list == NULL)
			return NULL;
		entry = add_entry(table, key, place, ENTRY_LIST, list);
		entry->depth = table->depth + 2;
	}
	SmithNode *map = new_node(reader, SMITH_NODE_MAP, place);
	if (map == NULL)
		return NULL;
	smith_node_append(entry->node, map);
	entry->map = map;
	g_clear_pointer(&entry->entries, g_hash_table_unref);
	return entry;
}

/* A header's line up to its end; the table that it begins. */
static Entry *read_header(Reader *reader, Entry *root)
{
	SmithTomlScan *scan = &reader->scan;
	bool is_element = smith_toml_peek(scan, 1) == '[', more = true;
	Entry *table = root;
	scan->p += is_element ? 2 : 1;
	reader->section++;
	while (more && table != NULL) {
		SmithPlace place;
		g_autofree char *key = read_part(reader, &place);
		if (key == NULL)
			return NULL;
		skip_dot(reader, &more);
		table = more	     ? enter_header(reader, table, key, place)
			: is_element ? begin_element(reader, table, key, place)
				     : begin_table(reader, table, key, place);
	}
	if (table == NULL)
		return NULL;
	for (guint i = 0; i < (is_element ? 2 : 1); i++, scan->p++)
		if (smith_toml_peek(scan, 0) != ']') {
			smith_toml_unexpected(scan, is_element ? "']]'" : "']'");
			return NULL;
		}
	return table;
}

static gboolean read_document(Reader *reader, Entry *root)
{
	SmithTomlScan *scan = &reader->scan;
	Entry *table = root;
	for (;;) {
		if (!smith_toml_skip_lines(scan))
			return FALSE;
		if (scan->p == scan->end)
			return TRUE;
		if (*scan->p == '[') {
			table = read_header(reader, root);
			if (table == NULL)
				return FALSE;
		} else if (!read_pair(reader, table)) {
			return FALSE;
		}
		if (!smith_toml_end_line(scan))
			return FALSE;
	}
}

SmithNode *smith_toml_read(const char *text, gsize length, const char *file, GError **error)
{
	/* an empty GBytes has no address, and nothing may be added to that */
	if (length == 0)
		text = "";
	if (!smith_node_check_text(text, length, file, error))
		return NULL;
	Reader reader = {
		.scan = {.file = g_intern_string(file),
			 .p = text,
			 .end = text + length,
			 .mark = text,
			 .line = 1,
			 .column = 1,
			 .error = error},
	};
	g_autoptr(SmithNode) document = smith_node_new(SMITH_NODE_MAP);
	document->place = smith_toml_place(&reader.scan);
	Entry root = {.depth = 1, .node = document, .map = document};
	gboolean sound = read_document(&reader, &root);
	g_clear_pointer(&root.entries, g_hash_table_unref);
	return sound ? g_steal_pointer(&document) : NULL;
}
