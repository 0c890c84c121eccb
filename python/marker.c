/* SPDX-License-Identifier: Apache-2.0 */
#include "python/marker.h"

#include <string.h>

#include "base/error.h"
#include "python/name.h"
#include "python/specifier.h"

typedef enum {
	VAR_NONE = -1, /* a string */
	VAR_EXTRA = 0,
	VAR_PYTHON_VERSION,
	VAR_PYTHON_FULL_VERSION,
	VAR_OS_NAME,
	VAR_SYS_PLATFORM,
	VAR_PLATFORM_MACHINE,
	VAR_PLATFORM_PYTHON_IMPLEMENTATION,
	VAR_PLATFORM_RELEASE,
	VAR_PLATFORM_SYSTEM,
	VAR_PLATFORM_VERSION,
	VAR_IMPLEMENTATION_NAME,
	VAR_IMPLEMENTATION_VERSION,
} Variable;

static const struct {
	const char *name;
	Variable variable;
} variables[] = {
	{"extra", VAR_EXTRA},
	{"python_version", VAR_PYTHON_VERSION},
	{"python_full_version", VAR_PYTHON_FULL_VERSION},
	{"os_name", VAR_OS_NAME},
	{"sys_platform", VAR_SYS_PLATFORM},
	{"platform_machine", VAR_PLATFORM_MACHINE},
	{"platform_python_implementation", VAR_PLATFORM_PYTHON_IMPLEMENTATION},
	{"platform_release", VAR_PLATFORM_RELEASE},
	{"platform_system", VAR_PLATFORM_SYSTEM},
	{"platform_version", VAR_PLATFORM_VERSION},
	{"implementation_name", VAR_IMPLEMENTATION_NAME},
	{"implementation_version", VAR_IMPLEMENTATION_VERSION},
	/* spellings of setuptools from before PEP 508 */
	{"os.name", VAR_OS_NAME},
	{"sys.platform", VAR_SYS_PLATFORM},
	{"platform.version", VAR_PLATFORM_VERSION},
	{"platform.machine", VAR_PLATFORM_MACHINE},
	{"platform.python_implementation", VAR_PLATFORM_PYTHON_IMPLEMENTATION},
	{"python_implementation", VAR_PLATFORM_PYTHON_IMPLEMENTATION},
};

static const char *const operators[] = {
	"===", "==", "~=", "!=", "<=", ">=", "<", ">", "in", "not in"};

typedef struct {
	Variable variable;
	char *text; /* of a string; NULL for a variable */
} Operand;

/* A comparison, or a list: (A and B) or C is {A, B, C} with {FALSE, TRUE} before B and C. */
typedef struct Node Node;
struct Node {
	GPtrArray *items; /* (element-type Node*) of a list; NULL for a comparison */
	bool or_before;	  /* joined to the item before by `or` */
	const char *op;
	Operand left, right;
};

struct SmithMarker {
	Node *root; /* a list */
};

typedef struct {
	const char *text;
	const char *at;
	guint depth;
	const char *const
		*groups; /* of a lock; NULL: `extras` and `dependency_groups` are unknown */
} Parser;

static void node_free(gpointer data)
{
	Node *node = data;
	if (node == NULL)
		return;
	if (node->items != NULL)
		g_ptr_array_unref(node->items);
	g_free(node->left.text);
	g_free(node->right.text);
	g_free(node);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Node, node_free)

static void skip_blanks(Parser *parser)
{
	parser->at += strspn(parser->at, " \t");
}

static gboolean throw_at(const Parser *parser, const char *expected, GError **error)
{
	g_autofree char *start = g_strndup(parser->text, 200);
	g_autofree char *shown = g_utf8_make_valid(start, -1);
	return smith_throw(error, SMITH_ERROR_INVALID, "expected %s at byte %u of marker '%s'",
			   expected, (guint)(parser->at - parser->text) + 1, shown);
}

static bool is_word(char c)
{
	return g_ascii_isalnum(c) || c == '_';
}

static bool read_word(Parser *parser, const char *word)
{
	gsize length = strlen(word);
	if (strncmp(parser->at, word, length) != 0 || is_word(parser->at[length]))
		return false;
	parser->at += length;
	return true;
}

static gboolean read_string(Parser *parser, Operand *operand, GError **error)
{
	const char *start = parser->at + 1;
	gsize length = strcspn(start, *parser->at == '"' ? "\"" : "'");
	if (start[length] == '\0')
		return throw_at(parser, "a closed string", error);
	for (gsize i = 0; i < length; i++)
		if (start[i] == '\\' || g_ascii_iscntrl(start[i]))
			return throw_at(parser, "a string without backslashes and control bytes",
					error);
	operand->variable = VAR_NONE;
	operand->text = g_strndup(start, length);
	parser->at = start + length + 1;
	return TRUE;
}

static gboolean read_operand(Parser *parser, Operand *operand, GError **error)
{
	skip_blanks(parser);
	if (*parser->at == '"' || *parser->at == '\'')
		return read_string(parser, operand, error);
	for (gsize i = 0; i < G_N_ELEMENTS(variables); i++) {
		if (!read_word(parser, variables[i].name))
			continue;
		operand->variable = variables[i].variable;
		return TRUE;
	}
	return throw_at(parser, "a marker variable or a quoted string", error);
}

static gboolean read_operator(Parser *parser, const char **op, GError **error)
{
	skip_blanks(parser);
	for (gsize i = 0; i < 8; i++) {
		if (!g_str_has_prefix(parser->at, operators[i]))
			continue;
		parser->at += strlen(operators[i]);
		*op = operators[i];
		return TRUE;
	}
	bool negated = read_word(parser, "not");
	if (negated)
		skip_blanks(parser);
	if (!read_word(parser, "in"))
		return throw_at(parser, negated ? "'in'" : "a comparison operator", error);
	*op = negated ? "not in" : "in";
	return TRUE;
}

static void normalize_extra(Operand *operand)
{
	if (operand->text == NULL)
		return;
	char *name = smith_python_normalize_name(operand->text);
	g_free(operand->text);
	operand->text = name;
}

/* `"NAME" in extras` of a lock, which is true or false already: the same of an extra that nobody
 * asks for. Called where an operand may begin. */
static gboolean read_member(Parser *parser, Node *node, bool *found, GError **error)
{
	const char *start = parser->at;
	skip_blanks(parser);
	if (*parser->at != '"' && *parser->at != '\'')
		return TRUE;
	if (!read_string(parser, &node->left, error) || !read_operator(parser, &node->op, error))
		return FALSE;
	skip_blanks(parser);
	bool is_extra = read_word(parser, "extras");
	*found = is_extra || read_word(parser, "dependency_groups");
	if (!*found) {
		g_clear_pointer(&node->left.text, g_free);
		parser->at = start;
		return TRUE;
	}
	normalize_extra(&node->left);
	if (*node->left.text == '\0' || strstr(node->op, "in") == NULL)
		return throw_at(parser, "a name and 'in' before a set of them", error);
	bool member = !is_extra && g_strv_contains(parser->groups, node->left.text);
	node->op = (*node->op == 'i') != member ? "==" : "!=";
	node->right.variable = VAR_EXTRA;
	return TRUE;
}

static Node *parse_comparison(Parser *parser, GError **error)
{
	g_autoptr(Node) node = g_new0(Node, 1);
	bool found = false;
	if (parser->groups != NULL && !read_member(parser, node, &found, error))
		return NULL;
	if (found)
		return g_steal_pointer(&node);
	if (!read_operand(parser, &node->left, error) || !read_operator(parser, &node->op, error) ||
	    !read_operand(parser, &node->right, error))
		return NULL;
	if (node->left.variable == VAR_NONE && node->right.variable == VAR_NONE) {
		throw_at(parser, "a variable on one side of a comparison", error);
		return NULL;
	}
	if (node->left.variable == VAR_EXTRA)
		normalize_extra(&node->right);
	else if (node->right.variable == VAR_EXTRA)
		normalize_extra(&node->left);
	return g_steal_pointer(&node);
}

static Node *parse_list(Parser *parser, GError **error);

static Node *parse_atom(Parser *parser, GError **error)
{
	skip_blanks(parser);
	if (*parser->at != '(')
		return parse_comparison(parser, error);
	if (++parser->depth > SMITH_MARKER_MAX_DEPTH) {
		smith_throw(error, SMITH_ERROR_LIMIT,
			    "a marker has more than %d levels of parentheses",
			    SMITH_MARKER_MAX_DEPTH);
		return NULL;
	}
	parser->at++;
	g_autoptr(Node) node = parse_list(parser, error);
	if (node == NULL)
		return NULL;
	if (*parser->at != ')') {
		throw_at(parser, "')'", error);
		return NULL;
	}
	parser->at++;
	parser->depth--;
	return g_steal_pointer(&node);
}

/* Ends after the blanks behind the last atom. */
static Node *parse_list(Parser *parser, GError **error)
{
	g_autoptr(Node) list = g_new0(Node, 1);
	list->items = g_ptr_array_new_with_free_func(node_free);
	bool or_before = false;
	do {
		Node *item = parse_atom(parser, error);
		if (item == NULL)
			return NULL;
		item->or_before = or_before;
		g_ptr_array_add(list->items, item);
		skip_blanks(parser);
		or_before = read_word(parser, "or");
	} while (or_before || read_word(parser, "and"));
	return g_steal_pointer(&list);
}

static SmithMarker *parse(const char *text, const char *const *groups, GError **error)
{
	if (strnlen(text, SMITH_MARKER_MAX + 1) > SMITH_MARKER_MAX) {
		smith_throw(error, SMITH_ERROR_LIMIT, "a marker is longer than %d bytes",
			    SMITH_MARKER_MAX);
		return NULL;
	}
	if (!g_utf8_validate(text, -1, NULL)) {
		smith_throw(error, SMITH_ERROR_INVALID, "a marker is not valid UTF-8");
		return NULL;
	}
	Parser parser = {text, text, 0, groups};
	g_autoptr(Node) root = parse_list(&parser, error);
	if (root == NULL)
		return NULL;
	if (*parser.at != '\0') {
		throw_at(&parser, "'and', 'or' or the end", error);
		return NULL;
	}
	SmithMarker *marker = g_new0(SmithMarker, 1);
	marker->root = g_steal_pointer(&root);
	return marker;
}

SmithMarker *smith_marker_parse(const char *text, GError **error)
{
	return parse(text, NULL, error);
}

SmithMarker *smith_marker_parse_locked(const char *text, const char *const *groups, GError **error)
{
	return parse(text, groups, error);
}

void smith_marker_free(SmithMarker *marker)
{
	if (marker == NULL)
		return;
	node_free(marker->root);
	g_free(marker);
}

void smith_marker_env_init(SmithMarkerEnv *env, const char *full_version, const char *machine)
{
	const char *dot = strchr(full_version, '.');
	gsize minor = dot != NULL ? strspn(dot + 1, "0123456789") : 0;
	*env = (SmithMarkerEnv){
		.python_version = dot != NULL ? g_strndup(full_version,
							  (gsize)(dot - full_version) + 1 + minor)
					      : g_strdup(full_version),
		.python_full_version = g_strdup(full_version),
		.os_name = g_strdup("posix"),
		.sys_platform = g_strdup("linux"),
		.platform_machine = g_strdup(machine),
		.platform_python_implementation = g_strdup("CPython"),
		.platform_release = g_strdup(""),
		.platform_system = g_strdup("Linux"),
		.platform_version = g_strdup(""),
		.implementation_name = g_strdup("cpython"),
		.implementation_version = g_strdup(full_version),
	};
}

void smith_marker_env_clear(SmithMarkerEnv *env)
{
	g_free(env->python_version);
	g_free(env->python_full_version);
	g_free(env->os_name);
	g_free(env->sys_platform);
	g_free(env->platform_machine);
	g_free(env->platform_python_implementation);
	g_free(env->platform_release);
	g_free(env->platform_system);
	g_free(env->platform_version);
	g_free(env->implementation_name);
	g_free(env->implementation_version);
	*env = (SmithMarkerEnv){0};
}

typedef struct {
	const SmithMarkerEnv *env;
	const char *extra; /* normalised; "" for none */
} Context;

static const char *lookup(Variable variable, const Context *context)
{
	const SmithMarkerEnv *env = context->env;
	switch (variable) {
	case VAR_EXTRA:
		return context->extra;
	case VAR_PYTHON_VERSION:
		return env->python_version;
	case VAR_PYTHON_FULL_VERSION:
		return env->python_full_version;
	case VAR_OS_NAME:
		return env->os_name;
	case VAR_SYS_PLATFORM:
		return env->sys_platform;
	case VAR_PLATFORM_MACHINE:
		return env->platform_machine;
	case VAR_PLATFORM_PYTHON_IMPLEMENTATION:
		return env->platform_python_implementation;
	case VAR_PLATFORM_RELEASE:
		return env->platform_release;
	case VAR_PLATFORM_SYSTEM:
		return env->platform_system;
	case VAR_PLATFORM_VERSION:
		return env->platform_version;
	case VAR_IMPLEMENTATION_NAME:
		return env->implementation_name;
	case VAR_IMPLEMENTATION_VERSION:
		return env->implementation_version;
	case VAR_NONE:
		break;
	}
	g_assert_not_reached();
}

static const char *variable_name(Variable variable)
{
	gsize i = 0;
	while (variables[i].variable != variable)
		i++;
	return variables[i].name;
}

static gboolean compare_strings(const char *left, const char *op, const char *right,
				gboolean *result, GError **error)
{
	int order = strcmp(left, right);
	bool less = *op == '<', more = *op == '>', not = *op == '!';
	if (strcmp(op, "in") == 0)
		*result = strstr(right, left) != NULL;
	else if (strcmp(op, "not in") == 0)
		*result = strstr(right, left) == NULL;
	else if (strcmp(op, "~=") == 0 || strcmp(op, "===") == 0)
		return smith_throw(error, SMITH_ERROR_INVALID,
				   "'%s' compares versions, but '%s' is none", op, right);
	else if (less || more)
		*result = (less ? order < 0 : order > 0) || (op[1] == '=' && order == 0);
	else
		*result = not ? order != 0 : order == 0;
	return TRUE;
}

static gboolean compare_values(const char *left, const char *op, const char *right,
			       gboolean *result, GError **error)
{
	g_autofree char *text = g_strconcat(op, right, NULL);
	g_autoptr(SmithSpecifierSet) spec =
		g_ascii_isalpha(*op) ? NULL : smith_specifier_parse_one(text);
	if (spec == NULL)
		return compare_strings(left, op, right, result, error);
	g_autoptr(SmithVersion) version = smith_version_parse(left, NULL);
	if (version == NULL)
		return smith_throw(error, SMITH_ERROR_INVALID,
				   "cannot compare '%s', which is no version, with '%s'", left,
				   text);
	*result = smith_specifier_contains(spec, version, true);
	return TRUE;
}

static gboolean evaluate_comparison(const Node *node, const Context *context, gboolean *result,
				    GError **error)
{
	const char *left = node->left.text;
	const char *right = node->right.text;
	bool is_extra = false;
	if (node->left.variable != VAR_NONE) {
		left = lookup(node->left.variable, context);
		is_extra = node->left.variable == VAR_EXTRA;
		/* of two variables packaging takes the right one's name for a string */
		if (right == NULL)
			right = variable_name(node->right.variable);
	} else {
		right = lookup(node->right.variable, context);
		is_extra = node->right.variable == VAR_EXTRA;
	}
	if (is_extra)
		return compare_strings(left, node->op, right, result, error);
	return compare_values(left, node->op, right, result, error);
}

/* Depth is bounded by the parser. */
static gboolean evaluate(const Node *node, const Context *context, gboolean *result, GError **error)
{
	if (node->items == NULL)
		return evaluate_comparison(node, context, result, error);
	gboolean any = FALSE, all = TRUE;
	for (guint i = 0; i < node->items->len; i++) {
		const Node *item = g_ptr_array_index(node->items, i);
		gboolean value = FALSE;
		if (!evaluate(item, context, &value, error))
			return FALSE;
		if (item->or_before) {
			any = any || all;
			all = TRUE;
		}
		all = all && value;
	}
	*result = any || all;
	return TRUE;
}

gboolean smith_marker_evaluate(const SmithMarker *marker, const SmithMarkerEnv *env,
			       const char *extra, gboolean *result, GError **error)
{
	g_autofree char *name = smith_python_normalize_name(extra != NULL ? extra : "");
	Context context = {env, name};
	return evaluate(marker->root, &context, result, error);
}

static bool mentions_extra(const Node *node)
{
	if (node->items == NULL)
		return node->left.variable == VAR_EXTRA || node->right.variable == VAR_EXTRA;
	for (guint i = 0; i < node->items->len; i++)
		if (mentions_extra(g_ptr_array_index(node->items, i)))
			return true;
	return false;
}

bool smith_marker_mentions_extra(const SmithMarker *marker)
{
	return mentions_extra(marker->root);
}

static void append_operand(GString *out, const Operand *operand)
{
	if (operand->variable != VAR_NONE) {
		g_string_append(out, variable_name(operand->variable));
		return;
	}
	char quote = strchr(operand->text, '"') != NULL ? '\'' : '"';
	g_string_append_printf(out, "%c%s%c", quote, operand->text, quote);
}

static void append_node(GString *out, const Node *node, bool outer)
{
	if (node->items == NULL) {
		append_operand(out, &node->left);
		g_string_append_printf(out, " %s ", node->op);
		append_operand(out, &node->right);
		return;
	}
	bool single = node->items->len == 1;
	bool bare = outer || single;
	if (!bare)
		g_string_append_c(out, '(');
	for (guint i = 0; i < node->items->len; i++) {
		const Node *item = g_ptr_array_index(node->items, i);
		if (i > 0)
			g_string_append(out, item->or_before ? " or " : " and ");
		append_node(out, item, single);
	}
	if (!bare)
		g_string_append_c(out, ')');
}

char *smith_marker_to_string(const SmithMarker *marker)
{
	GString *out = g_string_new(NULL);
	append_node(out, marker->root, true);
	return g_string_free(out, FALSE);
}
