/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"
#include "base/node.h"

#include <math.h>
#include <string.h>
#include <yaml.h>

/*
 * libyaml's events, one recursion per level (depth is bounded), into the tree.
 *
 * An alias is replaced by a copy of what its anchor holds. Ten anchors that each name the one
 * before ten times are 200 bytes of text and ten thousand million values, so that a copy is
 * measured and paid for, in values and in bytes, before it is made.
 */
#define TAG_PREFIX "tag:yaml.org,2002:"

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(yaml_event_t, yaml_event_delete)
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(yaml_parser_t, yaml_parser_delete)

typedef struct {
	yaml_parser_t *parser;
	const char *text;
	const char *file;
	GHashTable *anchors; /* name -> SmithNode* in the tree, NULL while it is being read */
	gsize nodes;
	gsize bytes;
	guint depth;
	SmithDiag *diag; /* duplicate keys are findings; NULL: errors */
	GPtrArray *lost; /* values of such keys: an anchor may point into them */
	GError **error;
} Reader;

typedef struct {
	gsize nodes;
	gsize bytes;
	guint depth;
} Measure;

static SmithNode *read_value(Reader *reader, const yaml_event_t *event);

static gboolean fail(Reader *reader, yaml_mark_t mark, SmithErrorCode code, const char *format, ...)
	G_GNUC_PRINTF(4, 5);

static gboolean fail(Reader *reader, yaml_mark_t mark, SmithErrorCode code, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	g_autofree char *text = g_strdup_vprintf(format, args);
	va_end(args);
	return smith_throw(reader->error, code, "%s:%zu:%zu: %s", reader->file, mark.line + 1,
			   mark.column + 1, text);
}

static SmithPlace place_of(const Reader *reader, yaml_mark_t mark)
{
	return (SmithPlace){reader->file, (guint)mark.line + 1, (guint)mark.column + 1};
}

/* the next event in place of the last one */
static gboolean next_event(Reader *reader, yaml_event_t *event)
{
	yaml_event_delete(event);
	if (yaml_parser_parse(reader->parser, event))
		return TRUE;
	const yaml_parser_t *parser = reader->parser;
	const char *problem = parser->problem != NULL ? parser->problem : "not YAML";
	if (parser->error == YAML_READER_ERROR) { /* these have no mark */
		const char *at = reader->text + parser->problem_offset;
		g_autofree char *place =
			smith_place_to_string(smith_node_locate(reader->text, at, reader->file));
		return smith_throw(reader->error, SMITH_ERROR_INVALID, "%s: %s, got U+%04X", place,
				   problem, (guint)parser->problem_value);
	}
	if (parser->context != NULL)
		return fail(reader, parser->problem_mark, SMITH_ERROR_INVALID, "%s %s", problem,
			    parser->context);
	return fail(reader, parser->problem_mark, SMITH_ERROR_INVALID, "%s", problem);
}

static gboolean account(Reader *reader, yaml_mark_t mark, gsize nodes, gsize bytes)
{
	reader->nodes += nodes;
	reader->bytes += bytes;
	if (reader->nodes > SMITH_NODE_MAX_NODES)
		return fail(reader, mark, SMITH_ERROR_LIMIT,
			    "document has too many values, at most %d are read",
			    SMITH_NODE_MAX_NODES);
	if (reader->bytes > SMITH_NODE_MAX_BYTES)
		return fail(reader, mark, SMITH_ERROR_LIMIT,
			    "aliases make the document too large, at most %d bytes are read",
			    SMITH_NODE_MAX_BYTES);
	return TRUE;
}

static gboolean check_depth(Reader *reader, yaml_mark_t mark, guint more)
{
	if (reader->depth + more <= SMITH_NODE_MAX_DEPTH)
		return TRUE;
	return fail(reader, mark, SMITH_ERROR_LIMIT, "document is nested deeper than %d levels",
		    SMITH_NODE_MAX_DEPTH);
}

static Measure measure(const SmithNode *node)
{
	Measure sum = {1, node->text != NULL ? strlen(node->text) : 0, 0};
	guint length = smith_node_length(node), deepest = 0;
	for (guint i = 0; i < length; i++) {
		const SmithNode *child;
		if (node->type == SMITH_NODE_MAP) {
			const SmithNodeMember *member = node->members->pdata[i];
			sum.bytes += strlen(member->key);
			child = member->value;
		} else {
			child = node->items->pdata[i];
		}
		Measure part = measure(child);
		sum.nodes += part.nodes;
		sum.bytes += part.bytes;
		deepest = MAX(deepest, part.depth);
	}
	if (node->type == SMITH_NODE_MAP || node->type == SMITH_NODE_SEQ)
		sum.depth = deepest + 1;
	return sum;
}

static void set_anchor(Reader *reader, const yaml_char_t *name, SmithNode *node)
{
	if (name != NULL)
		g_hash_table_insert(reader->anchors, g_strdup((const char *)name), node);
}

static SmithNode *read_alias(Reader *reader, const yaml_event_t *event)
{
	const char *name = (const char *)event->data.alias.anchor;
	gpointer found = NULL;
	if (!g_hash_table_lookup_extended(reader->anchors, name, NULL, &found)) {
		fail(reader, event->start_mark, SMITH_ERROR_INVALID,
		     "alias '*%s' has no anchor '&%s' before it", name, name);
		return NULL;
	}
	if (found == NULL) {
		fail(reader, event->start_mark, SMITH_ERROR_INVALID,
		     "alias '*%s' stands inside its own anchor", name);
		return NULL;
	}
	Measure size = measure(found);
	if (!check_depth(reader, event->start_mark, size.depth) ||
	    !account(reader, event->start_mark, size.nodes, size.bytes))
		return NULL;
	return smith_node_copy(found);
}

static bool is_one_of(const char *text, const char *const *words)
{
	return g_strv_contains(words, text);
}

/* [-+]? [0-9]+ | 0o [0-7]+ | 0x [0-9a-fA-F]+ : YAML 1.2 section 10.3.2 */
static bool is_integer(const char *text, guint *base)
{
	const char *digits = "0123456789";
	*base = 10;
	if (g_str_has_prefix(text, "0o")) {
		*base = 8;
		digits = "01234567";
		text += 2;
	} else if (g_str_has_prefix(text, "0x")) {
		*base = 16;
		digits = "0123456789abcdefABCDEF";
		text += 2;
	} else if (*text == '-' || *text == '+') {
		text++;
	}
	gsize length = strspn(text, digits);
	return length > 0 && text[length] == '\0';
}

/* [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )? */
static bool is_decimal(const char *text)
{
	text += *text == '-' || *text == '+';
	gsize whole = strspn(text, "0123456789"), fraction = 0;
	text += whole;
	if (*text == '.') {
		fraction = strspn(++text, "0123456789");
		text += fraction;
	}
	if (whole + fraction == 0)
		return false;
	if (*text != 'e' && *text != 'E')
		return *text == '\0';
	text++;
	text += *text == '-' || *text == '+';
	gsize exponent = strspn(text, "0123456789");
	return exponent > 0 && text[exponent] == '\0';
}

static bool resolve_special(const char *text, double *number)
{
	static const char *const infinities[] = {".inf", ".Inf", ".INF", NULL};
	static const char *const nans[] = {".nan", ".NaN", ".NAN", NULL};
	if (is_one_of(text, nans)) {
		*number = NAN;
		return true;
	}
	bool negative = *text == '-';
	if (!is_one_of(text + (*text == '-' || *text == '+'), infinities))
		return false;
	*number = negative ? -INFINITY : INFINITY;
	return true;
}

static bool resolve_integer(SmithNode *node, const char *text)
{
	guint base;
	gint64 value;
	if (!is_integer(text, &base))
		return false;
	const char *digits = base == 10 ? text + (*text == '+') : text + 2;
	/* beyond 64 bits: the nearest number, as JSON readers do; the text stays exact */
	if (g_ascii_string_to_signed(digits, base, G_MININT64, G_MAXINT64, &value, NULL)) {
		node->type = SMITH_NODE_INT;
		node->integer = value;
	} else {
		node->type = SMITH_NODE_DOUBLE;
		node->number = g_ascii_strtod(text, NULL);
	}
	return true;
}

/* The type of a plain scalar by the core schema; node->text is set. */
static void resolve_plain(SmithNode *node)
{
	static const char *const nulls[] = {"", "~", "null", "Null", "NULL", NULL};
	static const char *const trues[] = {"true", "True", "TRUE", NULL};
	static const char *const falses[] = {"false", "False", "FALSE", NULL};
	const char *text = node->text;
	double number;
	node->type = SMITH_NODE_STRING;
	if (is_one_of(text, nulls)) {
		node->type = SMITH_NODE_NULL;
	} else if (is_one_of(text, trues) || is_one_of(text, falses)) {
		node->type = SMITH_NODE_BOOL;
		node->boolean = *text == 't' || *text == 'T';
	} else if (resolve_special(text, &number)) {
		node->type = SMITH_NODE_DOUBLE;
		node->number = number;
	} else if (!resolve_integer(node, text) && is_decimal(text)) {
		node->type = SMITH_NODE_DOUBLE;
		node->number = g_ascii_strtod(text, NULL);
	}
}

static gboolean resolve_tag(Reader *reader, const yaml_event_t *event, const char *tag,
			    SmithNode *node)
{
	static const struct {
		const char *tag;
		SmithNodeType type;
	} core[] = {
		{"null", SMITH_NODE_NULL},
		{"bool", SMITH_NODE_BOOL},
		{"int", SMITH_NODE_INT},
		{"float", SMITH_NODE_DOUBLE},
	};
	if (strcmp(tag, "!") == 0 || strcmp(tag, TAG_PREFIX "str") == 0)
		return TRUE;
	for (guint i = 0; i < G_N_ELEMENTS(core); i++) {
		if (!g_str_has_prefix(tag, TAG_PREFIX) ||
		    strcmp(tag + strlen(TAG_PREFIX), core[i].tag) != 0)
			continue;
		resolve_plain(node);
		if (core[i].type == SMITH_NODE_DOUBLE && node->type == SMITH_NODE_INT) {
			node->type = SMITH_NODE_DOUBLE;
			node->number = (double)node->integer;
		}
		if (node->type == core[i].type)
			return TRUE;
		return fail(reader, event->start_mark, SMITH_ERROR_INVALID,
			    "'%s' does not fit its tag '!!%s'", node->text, core[i].tag);
	}
	return fail(reader, event->start_mark, SMITH_ERROR_UNSUPPORTED,
		    "tag '%s' is not known, only the core tags (!!str, !!int, ...) are", tag);
}

static gboolean check_scalar(Reader *reader, const yaml_event_t *event, gsize nodes)
{
	const char *value = (const char *)event->data.scalar.value;
	if (strlen(value) != event->data.scalar.length)
		return fail(reader, event->start_mark, SMITH_ERROR_INVALID,
			    "NUL character in a string");
	return account(reader, event->start_mark, nodes, event->data.scalar.length);
}

static SmithNode *read_scalar(Reader *reader, const yaml_event_t *event)
{
	if (!check_scalar(reader, event, 1))
		return NULL;
	g_autoptr(SmithNode) node = smith_node_new(SMITH_NODE_STRING);
	node->place = place_of(reader, event->start_mark);
	node->text = g_strndup((const char *)event->data.scalar.value, event->data.scalar.length);
	node->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
	if (event->data.scalar.tag != NULL) {
		if (!resolve_tag(reader, event, (const char *)event->data.scalar.tag, node))
			return NULL;
	} else if (!node->quoted) {
		resolve_plain(node);
	}
	set_anchor(reader, event->data.scalar.anchor, node);
	return g_steal_pointer(&node);
}

/* A node for a list or a map whose start is @event, one level down. */
static SmithNode *enter(Reader *reader, const yaml_event_t *event, SmithNodeType type,
			const yaml_char_t *tag, const yaml_char_t *anchor)
{
	const char *expected = type == SMITH_NODE_MAP ? TAG_PREFIX "map" : TAG_PREFIX "seq";
	if (!check_depth(reader, event->start_mark, 1) || !account(reader, event->start_mark, 1, 0))
		return NULL;
	if (tag != NULL && strcmp((const char *)tag, expected) != 0) {
		fail(reader, event->start_mark, SMITH_ERROR_UNSUPPORTED, "tag '%s' cannot be on %s",
		     (const char *)tag, smith_node_type_name(type));
		return NULL;
	}
	set_anchor(reader, anchor, NULL);
	SmithNode *node = smith_node_new(type);
	node->place = place_of(reader, event->start_mark);
	reader->depth++;
	return node;
}

static SmithNode *read_seq(Reader *reader, const yaml_event_t *start)
{
	const yaml_char_t *anchor = start->data.sequence_start.anchor;
	g_autoptr(SmithNode) seq =
		enter(reader, start, SMITH_NODE_SEQ, start->data.sequence_start.tag, anchor);
	if (seq == NULL)
		return NULL;
	g_auto(yaml_event_t) event = {0};
	while (TRUE) {
		if (!next_event(reader, &event))
			return NULL;
		if (event.type == YAML_SEQUENCE_END_EVENT)
			break;
		SmithNode *item = read_value(reader, &event);
		if (item == NULL)
			return NULL;
		smith_node_append(seq, item);
	}
	reader->depth--;
	set_anchor(reader, anchor, seq);
	return g_steal_pointer(&seq);
}

static gboolean check_key(Reader *reader, const yaml_event_t *event, GHashTable *seen)
{
	if (event->type != YAML_SCALAR_EVENT)
		return fail(reader, event->start_mark, SMITH_ERROR_UNSUPPORTED,
			    "map key is %s, expected a scalar",
			    event->type == YAML_ALIAS_EVENT ? "an alias" : "a list or a map");
	const char *key = (const char *)event->data.scalar.value;
	bool plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	if (!check_scalar(reader, event, 0))
		return FALSE;
	if (event->data.scalar.anchor != NULL || event->data.scalar.tag != NULL)
		return fail(reader, event->start_mark, SMITH_ERROR_UNSUPPORTED,
			    "map key '%s' has an anchor or a tag", key);
	if (plain && *key == '\0')
		return fail(reader, event->start_mark, SMITH_ERROR_INVALID, "map key is missing");
	if (plain && strcmp(key, "<<") == 0)
		return fail(reader, event->start_mark, SMITH_ERROR_UNSUPPORTED,
			    "merge key '<<' is not supported, write the keys out");
	const SmithNodeMember *first = g_hash_table_lookup(seen, key);
	if (first != NULL && reader->diag != NULL)
		smith_diag_add_about(reader->diag, SMITH_SEVERITY_ERROR,
				     place_of(reader, event->start_mark), "yaml-duplicate-key", key,
				     "duplicate key '%s', first at line %u: programs that read it "
				     "see the last one only",
				     key, first->place.line);
	else if (first != NULL)
		return fail(reader, event->start_mark, SMITH_ERROR_INVALID,
			    "duplicate key '%s', first at line %u column %u", key,
			    first->place.line, first->place.column);
	return TRUE;
}

static void add_member(Reader *reader, SmithNode *map, GHashTable *seen, const yaml_event_t *key,
		       SmithNode *value)
{
	const char *name = (const char *)key->data.scalar.value;
	SmithPlace place = place_of(reader, key->start_mark);
	SmithNodeMember *member = g_hash_table_lookup(seen, name);
	if (member != NULL) {
		g_ptr_array_add(reader->lost, member->value);
		member->value = value;
		member->place = place;
		return;
	}
	smith_node_add(map, name, place, value);
	member = map->members->pdata[map->members->len - 1];
	g_hash_table_insert(seen, member->key, member);
}

static SmithNode *read_map(Reader *reader, const yaml_event_t *start)
{
	const yaml_char_t *anchor = start->data.mapping_start.anchor;
	g_autoptr(SmithNode) map =
		enter(reader, start, SMITH_NODE_MAP, start->data.mapping_start.tag, anchor);
	if (map == NULL)
		return NULL;
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
	g_auto(yaml_event_t) key = {0};
	g_auto(yaml_event_t) event = {0};
	while (TRUE) {
		if (!next_event(reader, &key))
			return NULL;
		if (key.type == YAML_MAPPING_END_EVENT)
			break;
		if (!check_key(reader, &key, seen) || !next_event(reader, &event))
			return NULL;
		SmithNode *value = read_value(reader, &event);
		if (value == NULL)
			return NULL;
		add_member(reader, map, seen, &key, value);
	}
	reader->depth--;
	set_anchor(reader, anchor, map);
	return g_steal_pointer(&map);
}

static SmithNode *read_value(Reader *reader, const yaml_event_t *event)
{
	if (event->type == YAML_ALIAS_EVENT)
		return read_alias(reader, event);
	if (event->type == YAML_SEQUENCE_START_EVENT)
		return read_seq(reader, event);
	if (event->type == YAML_MAPPING_START_EVENT)
		return read_map(reader, event);
	return read_scalar(reader, event);
}

static SmithNode *read_stream(Reader *reader)
{
	g_auto(yaml_event_t) event = {0};
	if (!next_event(reader, &event) || !next_event(reader, &event))
		return NULL;
	if (event.type == YAML_STREAM_END_EVENT) {
		SmithNode *empty = smith_node_new(SMITH_NODE_NULL);
		empty->place = (SmithPlace){reader->file, 1, 1};
		return empty;
	}
	if (!next_event(reader, &event))
		return NULL;
	g_autoptr(SmithNode) root = read_value(reader, &event);
	if (root == NULL || !next_event(reader, &event) || !next_event(reader, &event))
		return NULL;
	if (event.type != YAML_STREAM_END_EVENT) {
		fail(reader, event.start_mark, SMITH_ERROR_UNSUPPORTED,
		     "second document begins, only one is allowed");
		return NULL;
	}
	return g_steal_pointer(&root);
}

static void lost_free(gpointer data)
{
	smith_node_free(data);
}

SmithNode *smith_node_read_yaml_lax(const char *text, gsize length, const char *file,
				    SmithDiag *diag, GError **error)
{
	if (!smith_node_check_text(text, length, file, error))
		return NULL;
	g_auto(yaml_parser_t) parser = {0};
	if (!yaml_parser_initialize(&parser))
		g_error("out of memory");
	/* else a byte order mark would let UTF-16 in */
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, length);
	g_autoptr(GHashTable) anchors =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autoptr(GPtrArray) lost = g_ptr_array_new_with_free_func(lost_free);
	Reader reader = {
		.parser = &parser,
		.text = text,
		.file = g_intern_string(file),
		.anchors = anchors,
		.diag = diag,
		.lost = lost,
		.error = error,
	};
	return read_stream(&reader);
}

SmithNode *smith_node_read_yaml(const char *text, gsize length, const char *file, GError **error)
{
	return smith_node_read_yaml_lax(text, length, file, NULL, error);
}
