/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"
#include "base/node.h"

#include <errno.h>
#include <json-glib/json-glib.h>
#include <math.h>
#include <string.h>

/*
 * json-glib reads more than RFC 8259 (comments, assignments, the last of duplicate keys), recurses
 * as deep as the text says, and tells no columns. A scan of ours therefore goes first: it holds the
 * text to the grammar and the limits, and notes for every value and key, in document order, where
 * it stands. json-glib then makes the values, and the walk over its tree, in the same order, takes
 * the notes along. In a document where no string has an escape there is nothing to make: its
 * strings are what stands between the quotes, and json-glib is not asked (nor loaded).
 */
typedef struct {
	char kind; /* '{', '[', '"', '0', 't', 'f', 'n', or 'k' for a key */
	guint line;
	guint column;
	guint count;  /* members or items */
	guint offset; /* of the text */
	guint length;
} Note;

typedef struct {
	const char *file;
	const char *start;
	const char *p;
	const char *end;
	const char *mark; /* line and column are of this byte */
	guint line;
	guint column;
	guint depth;
	guint values;
	bool has_escapes;
	GArray *notes; /* (element-type Note) */
	GError **error;
} Scan;

static gboolean scan_value(Scan *scan);

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
	for (char c = peek(scan); c == ' ' || c == '\t' || c == '\r' || c == '\n'; c = peek(scan))
		scan->p++;
}

static gsize skip_digits(Scan *scan)
{
	const char *start = scan->p;
	while (g_ascii_isdigit(peek(scan)))
		scan->p++;
	return scan->p - start;
}

static gboolean add_note(Scan *scan, char kind)
{
	if (kind != 'k' && ++scan->values > SMITH_NODE_MAX_NODES)
		return fail(scan, scan->p, SMITH_ERROR_LIMIT,
			    "document has too many values, at most " G_STRINGIFY(
				    SMITH_NODE_MAX_NODES) " are read");
	move_mark(scan, scan->p);
	Note note = {.kind = kind,
		     .line = scan->line,
		     .column = scan->column,
		     .offset = (guint)(scan->p - scan->start)};
	g_array_append_val(scan->notes, note);
	return TRUE;
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
	if (out != NULL)
		g_string_append_unichar(out, value);
	return TRUE;
}

static gboolean scan_escape(Scan *scan, GString *out)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	scan->has_escapes = true;
	scan->p++;
	char c = peek(scan);
	if (c == 'u') {
		scan->p++;
		return scan_unicode(scan, out);
	}
	const char *known = c != '\0' ? strchr(from, c) : NULL;
	if (known == NULL)
		return unexpected(scan, "an escape, one of \"\\/bfnrtu");
	if (out != NULL)
		g_string_append_c(out, to[known - from]);
	scan->p++;
	return TRUE;
}

/* @out gets the value; NULL when nobody asks. */
static gboolean scan_string(Scan *scan, GString *out)
{
	if (peek(scan) != '"')
		return unexpected(scan, "a string");
	scan->p++;
	while (TRUE) {
		const char *run = scan->p;
		while (scan->p < scan->end && (guchar)*scan->p >= 0x20 && *scan->p != '"' &&
		       *scan->p != '\\')
			scan->p++;
		if (out != NULL)
			g_string_append_len(out, run, scan->p - run);
		if (peek(scan) == '"')
			break;
		if (peek(scan) != '\\')
			return unexpected(scan, "'\"' at the end of the string");
		if (!scan_escape(scan, out))
			return FALSE;
	}
	scan->p++;
	return TRUE;
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

static gboolean scan_word(Scan *scan)
{
	static const char *const words[] = {"true", "false", "null"};
	for (guint i = 0; i < G_N_ELEMENTS(words); i++) {
		gsize length = strlen(words[i]);
		if ((gsize)(scan->end - scan->p) >= length &&
		    memcmp(scan->p, words[i], length) == 0) {
			scan->p += length;
			return TRUE;
		}
	}
	return unexpected(scan, "a value");
}

static gboolean scan_key(Scan *scan, GHashTable *keys)
{
	g_autoptr(GString) key = g_string_new(NULL);
	if (peek(scan) != '"')
		return unexpected(scan, "a key in double quotes");
	if (!add_note(scan, 'k'))
		return FALSE;
	guint index = scan->notes->len - 1;
	const char *start = scan->p;
	if (!scan_string(scan, key))
		return FALSE;
	g_array_index(scan->notes, Note, index).length = (guint)(scan->p - start);
	gpointer first;
	if (g_hash_table_lookup_extended(keys, key->str, NULL, &first)) {
		const Note *notes = (const Note *)(gconstpointer)scan->notes->data;
		const Note *old = notes + GPOINTER_TO_UINT(first), *new = notes + index;
		return smith_throw(scan->error, SMITH_ERROR_INVALID,
				   "%s:%u:%u: duplicate key '%s', first at line %u column %u",
				   scan->file, new->line, new->column, key->str, old->line,
				   old->column);
	}
	g_hash_table_insert(keys, g_strdup(key->str), GUINT_TO_POINTER(index));
	skip_space(scan);
	if (peek(scan) != ':')
		return unexpected(scan, "':'");
	scan->p++;
	return TRUE;
}

/* A list or, with @keys, a map; the number of its elements in @count. */
static gboolean scan_elements(Scan *scan, GHashTable *keys, guint *count)
{
	char close = keys != NULL ? '}' : ']';
	scan->p++;
	skip_space(scan);
	if (peek(scan) == close) {
		scan->p++;
		return TRUE;
	}
	while (TRUE) {
		skip_space(scan);
		if (keys != NULL && !scan_key(scan, keys))
			return FALSE;
		if (!scan_value(scan))
			return FALSE;
		(*count)++;
		if (peek(scan) == close)
			break;
		if (peek(scan) != ',')
			return unexpected(scan, keys != NULL ? "',' or '}'" : "',' or ']'");
		scan->p++;
	}
	scan->p++;
	return TRUE;
}

static gboolean scan_container(Scan *scan)
{
	guint index = scan->notes->len - 1, count = 0;
	g_autoptr(GHashTable) keys = NULL;
	if (*scan->p == '{')
		keys = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	if (scan->depth >= SMITH_NODE_MAX_DEPTH)
		return fail(scan, scan->p, SMITH_ERROR_LIMIT,
			    "document is nested deeper than " G_STRINGIFY(
				    SMITH_NODE_MAX_DEPTH) " levels");
	scan->depth++;
	if (!scan_elements(scan, keys, &count))
		return FALSE;
	scan->depth--;
	g_array_index(scan->notes, Note, index).count = count;
	return TRUE;
}

static gboolean scan_value(Scan *scan)
{
	skip_space(scan);
	char c = peek(scan);
	if (c == '-' || g_ascii_isdigit(c))
		c = '0';
	if (c == '\0' || strchr("{[\"0tfn", c) == NULL)
		return unexpected(scan, "a value");
	if (!add_note(scan, c))
		return FALSE;
	guint index = scan->notes->len - 1;
	const char *start = scan->p;
	if (c == '{' || c == '[') {
		if (!scan_container(scan))
			return FALSE;
	} else if (c == '"') {
		if (!scan_string(scan, NULL))
			return FALSE;
	} else if (!(c == '0' ? scan_number(scan) : scan_word(scan))) {
		return FALSE;
	}
	g_array_index(scan->notes, Note, index).length = (guint)(scan->p - start);
	skip_space(scan);
	return TRUE;
}

typedef struct {
	const char *file;
	const char *start;
	const Note *note; /* the next one */
	GError **error;
} Walk;

/* @json is NULL throughout a document without escapes. */
static SmithNode *walk_value(Walk *walk, JsonNode *json);

static char *plain_text(const Walk *walk, const Note *note)
{
	return g_strndup(walk->start + note->offset + 1, note->length - 2);
}

static gboolean disagree(const Walk *walk, const Note *note)
{
	return smith_throw(walk->error, SMITH_ERROR_FAILED,
			   "%s:%u:%u: json-glib reads this otherwise than RFC 8259 says",
			   walk->file, note->line, note->column);
}

static gboolean walk_number(const Walk *walk, const Note *note, SmithNode *node)
{
	node->text = g_strndup(walk->start + note->offset, note->length);
	node->type = SMITH_NODE_INT;
	if (strpbrk(node->text, ".eE") == NULL &&
	    g_ascii_string_to_signed(node->text, 10, G_MININT64, G_MAXINT64, &node->integer, NULL))
		return TRUE;
	node->type = SMITH_NODE_DOUBLE;
	node->number = g_ascii_strtod(node->text, NULL);
	if (isfinite(node->number))
		return TRUE;
	return smith_throw(walk->error, SMITH_ERROR_INVALID, "%s:%u:%u: number is out of range",
			   walk->file, note->line, note->column);
}

static gboolean walk_array(Walk *walk, const Note *note, JsonNode *json, SmithNode *node)
{
	JsonArray *array = NULL;
	if (json != NULL) {
		/* the counts keep the walk in step with the notes */
		if (!JSON_NODE_HOLDS_ARRAY(json) ||
		    json_array_get_length(json_node_get_array(json)) != note->count)
			return disagree(walk, note);
		array = json_node_get_array(json);
	}
	for (guint i = 0; i < note->count; i++) {
		SmithNode *item =
			walk_value(walk, array != NULL ? json_array_get_element(array, i) : NULL);
		if (item == NULL)
			return FALSE;
		smith_node_append(node, item);
	}
	return TRUE;
}

static gboolean walk_member(Walk *walk, const char *key, JsonNode *json, SmithNode *node)
{
	const Note *note = walk->note++;
	g_autofree char *plain = key == NULL ? plain_text(walk, note) : NULL;
	SmithNode *value = walk_value(walk, json);
	if (value == NULL)
		return FALSE;
	smith_node_add(node, key != NULL ? key : plain,
		       (SmithPlace){walk->file, note->line, note->column}, value);
	return TRUE;
}

static gboolean walk_object(Walk *walk, const Note *note, JsonNode *json, SmithNode *node)
{
	JsonObjectIter iter;
	const char *key = NULL;
	JsonNode *value = NULL;
	if (json != NULL) {
		if (!JSON_NODE_HOLDS_OBJECT(json) ||
		    json_object_get_size(json_node_get_object(json)) != note->count)
			return disagree(walk, note);
		json_object_iter_init_ordered(&iter, json_node_get_object(json));
	}
	for (guint i = 0; i < note->count; i++) {
		if (json != NULL && !json_object_iter_next_ordered(&iter, &key, &value))
			return disagree(walk, note);
		if (!walk_member(walk, key, value, node))
			return FALSE;
	}
	return TRUE;
}

static bool is_as_noted(const Note *note, JsonNode *json)
{
	if (note->kind == 'n')
		return JSON_NODE_HOLDS_NULL(json);
	GType type = json_node_get_value_type(json);
	if (note->kind == '0')
		return type == G_TYPE_INT64 || type == G_TYPE_DOUBLE;
	return type == (note->kind == '"' ? G_TYPE_STRING : G_TYPE_BOOLEAN);
}

static gboolean walk_scalar(const Walk *walk, const Note *note, JsonNode *json, SmithNode *node)
{
	if (json != NULL && !is_as_noted(note, json))
		return disagree(walk, note);
	if (note->kind == '0')
		return walk_number(walk, note, node);
	if (note->kind == '"') {
		node->type = SMITH_NODE_STRING;
		node->text = json != NULL ? json_node_dup_string(json) : plain_text(walk, note);
		return TRUE;
	}
	node->text = g_strndup(walk->start + note->offset, note->length);
	if (note->kind == 'n')
		return TRUE;
	node->type = SMITH_NODE_BOOL;
	node->boolean = note->kind == 't';
	return TRUE;
}

static SmithNode *walk_value(Walk *walk, JsonNode *json)
{
	const Note *note = walk->note++;
	bool is_map = note->kind == '{', is_list = note->kind == '[';
	g_autoptr(SmithNode) node = smith_node_new(is_map    ? SMITH_NODE_MAP
						   : is_list ? SMITH_NODE_SEQ
							     : SMITH_NODE_NULL);
	node->place = (SmithPlace){walk->file, note->line, note->column};
	gboolean ok = is_map	? walk_object(walk, note, json, node)
		      : is_list ? walk_array(walk, note, json, node)
				: walk_scalar(walk, note, json, node);
	return ok ? g_steal_pointer(&node) : NULL;
}

static gboolean scan_text(Scan *scan)
{
	if (!scan_value(scan))
		return FALSE;
	return scan->p == scan->end || unexpected(scan, "the end of the text");
}

SmithNode *smith_node_read_json(const char *text, gsize length, const char *file, GError **error)
{
	/* an empty GBytes has no address, and nothing may be added to that */
	if (length == 0)
		text = "";
	if (!smith_node_check_text(text, length, file, error))
		return NULL;
	g_autoptr(GArray) notes = g_array_new(FALSE, FALSE, sizeof(Note));
	const char *name = g_intern_string(file);
	Scan scan = {
		.file = name,
		.start = text,
		.p = text,
		.end = text + length,
		.mark = text,
		.line = 1,
		.column = 1,
		.notes = notes,
		.error = error,
	};
	if (!scan_text(&scan))
		return NULL;
	Walk walk = {.file = name,
		     .start = text,
		     .note = (const Note *)(gconstpointer)notes->data,
		     .error = error};
	if (!scan.has_escapes)
		return walk_value(&walk, NULL);
	g_autoptr(JsonParser) parser = json_parser_new();
	g_autoptr(GError) problem = NULL;
	if (!json_parser_load_from_data(parser, text, (gssize)length, &problem))
		return smith_throw_null(error, SMITH_ERROR_FAILED, "%s: %s", file,
					problem->message);
	return walk_value(&walk, json_parser_get_root(parser));
}
