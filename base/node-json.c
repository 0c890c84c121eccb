/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"
#include "base/node.h"

#include <math.h>
#include <string.h>

/*
 * A reader of our own: JSON libraries read more than RFC 8259 (comments, the last of duplicate
 * keys), recurse as deep as the text says, and tell no columns; and json-glib's libraries alone
 * take longer to load than a build in which nothing has changed may.
 */
typedef struct {
	const char *file;
	const char *p;
	const char *end;
	const char *mark; /* line and column are of this byte */
	guint line;
	guint column;
	guint depth;
	guint values;
	GError **error;
} Scan;

/* From here on a map's keys are looked up by hash. */
#define MANY_KEYS 16

static SmithNode *scan_value(Scan *scan);

static void move_mark(Scan *scan, const char *p)
{
	for (; scan->mark < p; scan->mark++) {
		if (*scan->mark == '\n') {
			scan->line++;
			scan->column = 1;
		} else if (((guchar)*scan->mark & 0xc0) != 0x80) {
			scan->column++;
		}
	}
}

/* @place must not be before an earlier one */
static gboolean fail(Scan *scan, const char *place, SmithErrorCode code, const char *text)
{
	move_mark(scan, place);
	return smith_throw(scan->error, code, "%s:%u:%u: %s", scan->file, scan->line, scan->column,
			   text);
}

static gboolean unexpected(Scan *scan, const char *expected)
{
	g_autofree char *text = NULL;
	if (scan->p >= scan->end)
		text = g_strdup_printf("text ends, expected %s", expected);
	else if (g_ascii_isgraph(*scan->p))
		text = g_strdup_printf("got '%c', expected %s", *scan->p, expected);
	else
		text = g_strdup_printf("got U+%04X, expected %s", g_utf8_get_char(scan->p),
				       expected);
	return fail(scan, scan->p, SMITH_ERROR_INVALID, text);
}

static char peek(const Scan *scan)
{
	return scan->p < scan->end ? *scan->p : '\0';
}

static void skip_space(Scan *scan)
{
	while (scan->p < scan->end &&
	       (*scan->p == ' ' || *scan->p == '\n' || *scan->p == '\t' || *scan->p == '\r'))
		scan->p++;
}

static gsize skip_digits(Scan *scan)
{
	const char *start = scan->p;
	while (g_ascii_isdigit(peek(scan)))
		scan->p++;
	return scan->p - start;
}

static SmithPlace here(Scan *scan)
{
	move_mark(scan, scan->p);
	return (SmithPlace){scan->file, scan->line, scan->column};
}

static SmithNode *new_value(Scan *scan, SmithNodeType type)
{
	if (++scan->values > SMITH_NODE_MAX_NODES) {
		fail(scan, scan->p, SMITH_ERROR_LIMIT,
		     "document has too many values, at most " G_STRINGIFY(
			     SMITH_NODE_MAX_NODES) " are read");
		return NULL;
	}
	SmithNode *node = smith_node_new(type);
	node->place = here(scan);
	return node;
}

static gboolean scan_hex4(Scan *scan, gunichar *value)
{
	*value = 0;
	for (guint i = 0; i < 4; i++, scan->p++) {
		if (!g_ascii_isxdigit(peek(scan)))
			return unexpected(scan, "four hex digits");
		*value = *value * 16 + (gunichar)g_ascii_xdigit_value(*scan->p);
	}
	return TRUE;
}

/* behind "\u" */
static gboolean scan_unicode(Scan *scan, GString *out)
{
	const char *start = scan->p - 2;
	gunichar value, low;
	if (!scan_hex4(scan, &value))
		return FALSE;
	if (value == 0)
		return fail(scan, start, SMITH_ERROR_INVALID, "NUL character in a string");
	if (value >= 0xd800 && value <= 0xdbff) {
		if (scan->end - scan->p < 2 || scan->p[0] != '\\' || scan->p[1] != 'u')
			return fail(scan, start, SMITH_ERROR_INVALID, "lone surrogate in a string");
		scan->p += 2;
		if (!scan_hex4(scan, &low))
			return FALSE;
		if (low < 0xdc00 || low > 0xdfff)
			return fail(scan, start, SMITH_ERROR_INVALID, "lone surrogate in a string");
		value = 0x10000 + ((value - 0xd800) << 10) + (low - 0xdc00);
	} else if (value >= 0xdc00 && value <= 0xdfff) {
		return fail(scan, start, SMITH_ERROR_INVALID, "lone surrogate in a string");
	}
	g_string_append_unichar(out, value);
	return TRUE;
}

static gboolean scan_escape(Scan *scan, GString *out)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	scan->p++;
	char c = peek(scan);
	if (c == 'u') {
		scan->p++;
		return scan_unicode(scan, out);
	}
	const char *known = c != '\0' ? strchr(from, c) : NULL;
	if (known == NULL)
		return unexpected(scan, "an escape, one of \"\\/bfnrtu");
	g_string_append_c(out, to[known - from]);
	scan->p++;
	return TRUE;
}

static void skip_run(Scan *scan)
{
	while (scan->p < scan->end && (guchar)*scan->p >= 0x20 && *scan->p != '"' &&
	       *scan->p != '\\')
		scan->p++;
}

/* The string's value; NULL on error. */
static char *scan_string(Scan *scan)
{
	const char *run = ++scan->p;
	skip_run(scan);
	if (peek(scan) == '"')
		return g_strndup(run, (gsize)(scan->p++ - run));
	g_autoptr(GString) out = g_string_new_len(run, scan->p - run);
	while (peek(scan) != '"') {
		if (peek(scan) != '\\') {
			unexpected(scan, "'\"' at the end of the string");
			return NULL;
		}
		if (!scan_escape(scan, out))
			return NULL;
		run = scan->p;
		skip_run(scan);
		g_string_append_len(out, run, scan->p - run);
	}
	scan->p++;
	return g_string_free(g_steal_pointer(&out), FALSE);
}

static gboolean scan_number(Scan *scan)
{
	if (peek(scan) == '-')
		scan->p++;
	if (peek(scan) == '0')
		scan->p++;
	else if (skip_digits(scan) == 0)
		return unexpected(scan, "a digit");
	if (peek(scan) == '.') {
		scan->p++;
		if (skip_digits(scan) == 0)
			return unexpected(scan, "a digit");
	}
	if (peek(scan) == 'e' || peek(scan) == 'E') {
		scan->p++;
		if (peek(scan) == '+' || peek(scan) == '-')
			scan->p++;
		if (skip_digits(scan) == 0)
			return unexpected(scan, "a digit");
	}
	return TRUE;
}

static SmithNode *number(Scan *scan)
{
	const char *start = scan->p;
	g_autoptr(SmithNode) node = new_value(scan, SMITH_NODE_INT);
	if (node == NULL || !scan_number(scan))
		return NULL;
	node->text = g_strndup(start, (gsize)(scan->p - start));
	if (strpbrk(node->text, ".eE") == NULL &&
	    g_ascii_string_to_signed(node->text, 10, G_MININT64, G_MAXINT64, &node->integer, NULL))
		return g_steal_pointer(&node);
	node->type = SMITH_NODE_DOUBLE;
	node->number = g_ascii_strtod(node->text, NULL);
	if (isfinite(node->number))
		return g_steal_pointer(&node);
	return smith_throw_null(scan->error, SMITH_ERROR_INVALID,
				"%s:%u:%u: number is out of range", scan->file, node->place.line,
				node->place.column);
}

static SmithNode *word(Scan *scan)
{
	static const char *const words[] = {"true", "false", "null"};
	for (guint i = 0; i < G_N_ELEMENTS(words); i++) {
		gsize length = strlen(words[i]);
		if ((gsize)(scan->end - scan->p) < length || memcmp(scan->p, words[i], length) != 0)
			continue;
		SmithNode *node = new_value(scan, i == 2 ? SMITH_NODE_NULL : SMITH_NODE_BOOL);
		if (node != NULL) {
			node->boolean = i == 0;
			node->text = g_strdup(words[i]);
			scan->p += length;
		}
		return node;
	}
	unexpected(scan, "a value");
	return NULL;
}

static SmithNode *string(Scan *scan)
{
	g_autoptr(SmithNode) node = new_value(scan, SMITH_NODE_STRING);
	if (node != NULL)
		node->text = scan_string(scan);
	return node != NULL && node->text != NULL ? g_steal_pointer(&node) : NULL;
}

/* The member of @key that the map has already. @keys is made when the map has grown. */
static const SmithNodeMember *find(const SmithNode *map, GHashTable **keys, const char *key)
{
	GPtrArray *members = map->members;
	if (members->len < MANY_KEYS) {
		for (guint i = 0; i < members->len; i++) {
			const SmithNodeMember *member = members->pdata[i];
			if (strcmp(member->key, key) == 0)
				return member;
		}
		return NULL;
	}
	if (*keys == NULL)
		*keys = g_hash_table_new(g_str_hash, g_str_equal);
	for (guint i = g_hash_table_size(*keys); i < members->len; i++) {
		SmithNodeMember *member = members->pdata[i];
		g_hash_table_insert(*keys, member->key, member);
	}
	return g_hash_table_lookup(*keys, key);
}

static gboolean scan_member(Scan *scan, SmithNode *map, GHashTable **keys)
{
	if (peek(scan) != '"')
		return unexpected(scan, "a key in double quotes");
	SmithPlace place = here(scan);
	g_autofree char *key = scan_string(scan);
	if (key == NULL)
		return FALSE;
	const SmithNodeMember *old = find(map, keys, key);
	if (old != NULL)
		return smith_throw(scan->error, SMITH_ERROR_INVALID,
				   "%s:%u:%u: duplicate key '%s', first at line %u column %u",
				   scan->file, place.line, place.column, key, old->place.line,
				   old->place.column);
	skip_space(scan);
	if (peek(scan) != ':')
		return unexpected(scan, "':'");
	scan->p++;
	SmithNode *value = scan_value(scan);
	if (value == NULL)
		return FALSE;
	smith_node_add(map, key, place, value);
	return TRUE;
}

static gboolean scan_item(Scan *scan, SmithNode *list)
{
	SmithNode *item = scan_value(scan);
	if (item == NULL)
		return FALSE;
	smith_node_append(list, item);
	return TRUE;
}

static gboolean scan_elements(Scan *scan, SmithNode *node)
{
	bool is_map = node->type == SMITH_NODE_MAP;
	char close = is_map ? '}' : ']';
	g_autoptr(GHashTable) keys = NULL;
	scan->p++;
	skip_space(scan);
	if (peek(scan) == close) {
		scan->p++;
		return TRUE;
	}
	while (TRUE) {
		skip_space(scan);
		if (!(is_map ? scan_member(scan, node, &keys) : scan_item(scan, node)))
			return FALSE;
		if (peek(scan) == close)
			break;
		if (peek(scan) != ',')
			return unexpected(scan, is_map ? "',' or '}'" : "',' or ']'");
		scan->p++;
	}
	scan->p++;
	return TRUE;
}

static SmithNode *container(Scan *scan)
{
	g_autoptr(SmithNode) node =
		new_value(scan, *scan->p == '{' ? SMITH_NODE_MAP : SMITH_NODE_SEQ);
	if (node == NULL)
		return NULL;
	if (scan->depth >= SMITH_NODE_MAX_DEPTH) {
		fail(scan, scan->p, SMITH_ERROR_LIMIT,
		     "document is nested deeper than " G_STRINGIFY(SMITH_NODE_MAX_DEPTH) " levels");
		return NULL;
	}
	scan->depth++;
	if (!scan_elements(scan, node))
		return NULL;
	scan->depth--;
	return g_steal_pointer(&node);
}

static SmithNode *scan_value(Scan *scan)
{
	SmithNode *node = NULL;
	skip_space(scan);
	char c = peek(scan);
	if (c == '{' || c == '[')
		node = container(scan);
	else if (c == '"')
		node = string(scan);
	else if (c == '-' || g_ascii_isdigit(c))
		node = number(scan);
	else
		node = word(scan);
	skip_space(scan);
	return node;
}

SmithNode *smith_node_read_json(const char *text, gsize length, const char *file, GError **error)
{
	if (!smith_node_check_text(text, length, file, error))
		return NULL;
	Scan scan = {
		.file = g_intern_string(file),
		.p = text,
		.end = text + length,
		.mark = text,
		.line = 1,
		.column = 1,
		.error = error,
	};
	g_autoptr(SmithNode) node = scan_value(&scan);
	if (node != NULL && scan.p != scan.end) {
		unexpected(&scan, "the end of the text");
		return NULL;
	}
	return g_steal_pointer(&node);
}
