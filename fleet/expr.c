/* SPDX-License-Identifier: Apache-2.0 */
#include "fleet/expr.h"

#include <string.h>

#include "base/error.h"

#define DEPTH_MAX 8
#define NUMBER_MAX G_GINT64_CONSTANT(0x7fffffff)

typedef struct {
	SmithExprLookup lookup;
	gpointer data;
	GString *out;
} Expansion;

/* "NAME}" or "NAME:-TEXT}" behind "${". */
typedef struct {
	char *name;
	char *fallback; /* or NULL */
	gsize length;	/* with the brace */
} Variable;

static void variable_clear(Variable *variable)
{
	g_free(variable->name);
	g_free(variable->fallback);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Variable, variable_clear)

static bool is_name(const char *text, gsize length)
{
	for (gsize i = 0; i < length; i++)
		if (!g_ascii_isalnum(text[i]) && strchr("_.-", text[i]) == NULL)
			return false;
	return length > 0;
}

/* The brace that ends what begins at @text; NULL when none does. */
static const char *find_end(const char *text)
{
	int depth = 0;
	for (const char *p = text; *p != '\0'; p++) {
		if (p[0] == '$' && p[1] == '{')
			depth++;
		else if (*p == '}' && depth-- == 0)
			return p;
	}
	return NULL;
}

static gboolean parse_variable(const char *text, Variable *variable, GError **error)
{
	const char *end = find_end(text);
	if (end == NULL)
		return smith_throw(error, SMITH_ERROR_INVALID, "'${' has no '}'");
	const char *mark = g_strstr_len(text, end - text, ":-");
	gsize length = (gsize)((mark != NULL ? mark : end) - text);
	if (!is_name(text, length))
		return smith_throw(error, SMITH_ERROR_INVALID, "'%.*s' is no name of a variable",
				   (int)MIN(length, 100), text);
	variable->name = g_strndup(text, length);
	if (mark != NULL)
		variable->fallback = g_strndup(mark + 2, (gsize)(end - mark) - 2);
	variable->length = (gsize)(end - text) + 1;
	return TRUE;
}

static gboolean expand(Expansion *expansion, const char *text, int depth, GError **error);

static gboolean expand_variable(Expansion *expansion, const Variable *variable, int depth,
				GError **error)
{
	const char *value = expansion->lookup(variable->name, expansion->data);
	/* as in a shell: ":-" also stands in for an empty value */
	if (variable->fallback != NULL && (value == NULL || *value == '\0'))
		return expand(expansion, variable->fallback, depth + 1, error);
	if (value == NULL)
		return smith_throw(error, SMITH_ERROR_NOT_FOUND, "%s", variable->name);
	g_string_append(expansion->out, value);
	return TRUE;
}

static gboolean expand(Expansion *expansion, const char *text, int depth, GError **error)
{
	if (depth > DEPTH_MAX)
		return smith_throw(error, SMITH_ERROR_LIMIT, "more than %d defaults in each other",
				   DEPTH_MAX);
	for (const char *p = text; *p != '\0';) {
		if (expansion->out->len > SMITH_EXPR_MAX)
			return smith_throw(error, SMITH_ERROR_LIMIT, "more than %d bytes",
					   SMITH_EXPR_MAX);
		if (p[0] == '$' && p[1] == '{') {
			g_auto(Variable) variable = {0};
			if (!parse_variable(p + 2, &variable, error) ||
			    !expand_variable(expansion, &variable, depth, error))
				return FALSE;
			p += 2 + variable.length;
			continue;
		}
		g_string_append_c(expansion->out, *p);
		p += p[0] == '$' && p[1] == '$' ? 2 : 1;
	}
	return TRUE;
}

char *smith_expr_expand(const char *text, SmithExprLookup lookup, gpointer data, GError **error)
{
	g_autoptr(GString) out = g_string_new(NULL);
	Expansion expansion = {lookup, data, out};
	if (!expand(&expansion, text, 0, error))
		return NULL;
	return g_string_free(g_steal_pointer(&out), FALSE);
}

bool smith_expr_is_plain(const char *text)
{
	return strstr(text, "${") == NULL;
}

typedef struct {
	GPtrArray *list;
	GHashTable *seen;
} Names;

static void add_name(Names *names, const Variable *variable)
{
	char *name = g_strconcat(variable->name, variable->fallback != NULL ? "?" : "", NULL);
	if (g_hash_table_contains(names->seen, name)) {
		g_free(name);
		return;
	}
	g_hash_table_add(names->seen, name);
	g_ptr_array_add(names->list, name);
}

/* What is behind a fault is not looked at: looking for the end of each of many "${" would take the
 * square of their number. */
static void collect_names(const char *text, int depth, Names *names)
{
	for (const char *p = text; depth <= DEPTH_MAX && (p = strchr(p, '$')) != NULL;) {
		g_auto(Variable) variable = {0};
		if (p[1] != '{') {
			p += p[1] == '$' ? 2 : 1;
			continue;
		}
		if (!parse_variable(p + 2, &variable, NULL))
			return;
		add_name(names, &variable);
		if (variable.fallback != NULL)
			collect_names(variable.fallback, depth + 1, names);
		p += 2 + variable.length;
	}
}

char **smith_expr_names(const char *text)
{
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
	Names names = {g_ptr_array_new(), seen};
	collect_names(text, 0, &names);
	g_ptr_array_add(names.list, NULL);
	return (char **)g_ptr_array_free(names.list, FALSE);
}

static const char *skip_blanks(const char *p)
{
	return p + strspn(p, " \t");
}

gboolean smith_expr_number(const char *expanded, gint64 *number, GError **error)
{
	gint64 total = 0;
	int sign = 1;
	const char *p = skip_blanks(expanded);
	for (;;) {
		char *end = NULL;
		if (!g_ascii_isdigit(*p))
			break;
		gint64 term = g_ascii_strtoll(p, &end, 10);
		if (term > NUMBER_MAX)
			break;
		total += sign * term;
		if (ABS(total) > NUMBER_MAX)
			break;
		p = skip_blanks(end);
		if (*p == '\0') {
			*number = total;
			return TRUE;
		}
		if (*p != '+' && *p != '-')
			break;
		sign = *p == '+' ? 1 : -1;
		p = skip_blanks(p + 1);
	}
	return smith_throw(error, SMITH_ERROR_INVALID,
			   "'%.100s' is no number and no sum of numbers", expanded);
}

/* Without blanks and quotes around. */
static char *operand(const char *begin, gsize length)
{
	char *text = g_strstrip(g_strndup(begin, length));
	gsize end = strlen(text);
	if (end >= 2 && (*text == '\'' || *text == '"') && text[end - 1] == *text) {
		memmove(text, text + 1, end - 2);
		text[end - 2] = '\0';
	}
	return text;
}

/* The first "==" or "!=", behind the left operand when that is quoted. */
static const char *find_operator(const char *text)
{
	const char *begin = skip_blanks(text);
	const char *quote = *begin == '\'' || *begin == '"' ? strchr(begin + 1, *begin) : NULL;
	const char *behind = quote != NULL ? skip_blanks(quote + 1) : text;
	if (behind[0] == '\0' || behind[1] != '=' || strchr("=!", behind[0]) == NULL)
		behind = text;
	const char *equal = strstr(behind, "=="), *unequal = strstr(behind, "!=");
	return equal != NULL && (unequal == NULL || equal < unequal) ? equal : unequal;
}

gboolean smith_expr_condition(const char *expanded, bool *truth, GError **error)
{
	const char *mark = find_operator(expanded);
	if (mark != NULL) {
		g_autofree char *left = operand(expanded, (gsize)(mark - expanded));
		g_autofree char *right = operand(mark + 2, strlen(mark + 2));
		*truth = (strcmp(left, right) == 0) == (*mark == '=');
		return TRUE;
	}
	g_autofree char *word = operand(expanded, strlen(expanded));
	bool is_true = strcmp(word, "true") == 0;
	if (is_true || strcmp(word, "false") == 0) {
		*truth = is_true;
		return TRUE;
	}
	return smith_throw(error, SMITH_ERROR_INVALID,
			   "'%.100s' is not 'true', 'false', or a comparison with '==' or '!='",
			   expanded);
}
