/* SPDX-License-Identifier: Apache-2.0 */
#include "python/requirement.h"

#include <string.h>

#include "base/error.h"
#include "python/name.h"

typedef struct {
	const char *at;
	SmithRequirement *requirement;
} Parser;

static void skip_blanks(Parser *parser)
{
	parser->at += strspn(parser->at, " \t");
}

static gboolean throw_expected(const Parser *parser, const char *expected, GError **error)
{
	if (*parser->at == '\0')
		return smith_throw(error, SMITH_ERROR_INVALID, "expected %s at the end", expected);
	g_autofree char *start = g_strndup(parser->at, 60);
	g_autofree char *shown = g_utf8_make_valid(start, -1);
	return smith_throw(error, SMITH_ERROR_INVALID, "expected %s before '%s'", expected, shown);
}

/* A name or extra: it ends with the last letter, digit or underscore of its run. */
static char *read_identifier(Parser *parser)
{
	if (!g_ascii_isalnum(*parser->at))
		return NULL;
	const char *end = parser->at;
	while (g_ascii_isalnum(*end) || *end == '.' || *end == '_' || *end == '-')
		end++;
	while (end[-1] == '.' || end[-1] == '-')
		end--;
	char *name = g_strndup(parser->at, (gsize)(end - parser->at));
	parser->at = end;
	return name;
}

static gboolean read_name(Parser *parser, GError **error)
{
	g_autofree char *name = read_identifier(parser);
	if (name == NULL)
		return throw_expected(parser, "a project name", error);
	if (!smith_python_name_is_valid(name))
		return smith_throw(error, SMITH_ERROR_INVALID, "'%s' is not a legal project name",
				   name);
	parser->requirement->key = smith_python_normalize_name(name);
	parser->requirement->name = g_steal_pointer(&name);
	return TRUE;
}

static int compare_strings(gconstpointer a, gconstpointer b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* @names is sorted in place. */
static char **sort_unique(GPtrArray *names)
{
	g_ptr_array_sort(names, compare_strings);
	g_autoptr(GPtrArray) unique = g_ptr_array_new();
	for (guint i = 0; i < names->len; i++) {
		char *name = g_ptr_array_index(names, i);
		if (i > 0 && strcmp(name, g_ptr_array_index(names, i - 1)) == 0)
			continue;
		g_ptr_array_add(unique, g_strdup(name));
	}
	g_ptr_array_add(unique, NULL);
	return (char **)g_ptr_array_steal(unique, NULL);
}

static gboolean read_extras(Parser *parser, GError **error)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	if (*parser->at == '[') {
		parser->at++;
		skip_blanks(parser);
		bool more = *parser->at != ']';
		while (more) {
			g_autofree char *name = read_identifier(parser);
			if (name == NULL)
				return throw_expected(parser, "the name of an extra", error);
			g_ptr_array_add(names, smith_python_normalize_name(name));
			skip_blanks(parser);
			more = *parser->at == ',';
			parser->at += more;
			skip_blanks(parser);
		}
		if (*parser->at != ']')
			return throw_expected(parser, "',' or ']' after an extra", error);
		parser->at++;
	}
	parser->requirement->extras = sort_unique(names);
	return TRUE;
}

static gboolean read_specifiers(Parser *parser, GError **error)
{
	bool parenthesis = *parser->at == '(';
	parser->at += parenthesis;
	skip_blanks(parser);
	const char *start = parser->at;
	const char *end = start;
	for (gsize length; (length = smith_specifier_scan(parser->at)) > 0;) {
		parser->at += length;
		end = parser->at;
		skip_blanks(parser);
		if (*parser->at != ',')
			break;
		end = ++parser->at;
		skip_blanks(parser);
	}
	if (parenthesis && *parser->at != ')')
		return throw_expected(parser, "a version specifier or ')'", error);
	parser->at += parenthesis;
	skip_blanks(parser);
	g_autofree char *text = g_strndup(start, (gsize)(end - start));
	parser->requirement->specifiers = smith_specifier_parse(text, error);
	return parser->requirement->specifiers != NULL;
}

/* A scheme, and a host unless it is a file. */
static bool url_is_plausible(const char *url)
{
	g_autofree char *scheme = g_uri_parse_scheme(url);
	if (scheme == NULL)
		return false;
	const char *rest = url + strlen(scheme) + 1;
	if (strcmp(scheme, "file") == 0)
		return *rest != '\0';
	return g_str_has_prefix(rest, "//") && strcspn(rest + 2, "/?#") > 0;
}

static gboolean read_url(Parser *parser, GError **error)
{
	parser->at++;
	skip_blanks(parser);
	gsize length = strcspn(parser->at, " \t");
	if (length == 0)
		return throw_expected(parser, "a URL after '@'", error);
	SmithRequirement *requirement = parser->requirement;
	requirement->url = g_strndup(parser->at, length);
	requirement->specifiers = smith_specifier_parse("", NULL);
	if (!url_is_plausible(requirement->url))
		return smith_throw(error, SMITH_ERROR_INVALID, "'%s' is not a URL",
				   requirement->url);
	parser->at += length;
	skip_blanks(parser);
	return TRUE;
}

static gboolean read_requirement(Parser *parser, GError **error)
{
	skip_blanks(parser);
	if (!read_name(parser, error))
		return FALSE;
	skip_blanks(parser);
	if (!read_extras(parser, error))
		return FALSE;
	skip_blanks(parser);
	bool is_url = *parser->at == '@';
	if (!(is_url ? read_url(parser, error) : read_specifiers(parser, error)))
		return FALSE;
	if (*parser->at == '\0')
		return TRUE;
	if (*parser->at != ';')
		return throw_expected(
			parser, is_url ? "';' or the end" : "a version specifier, ';' or the end",
			error);
	parser->requirement->marker = smith_marker_parse(parser->at + 1, error);
	return parser->requirement->marker != NULL;
}

SmithRequirement *smith_requirement_parse(const char *text, GError **error)
{
	if (strnlen(text, SMITH_REQUIREMENT_MAX + 1) > SMITH_REQUIREMENT_MAX) {
		smith_throw(error, SMITH_ERROR_LIMIT, "a requirement is longer than %d bytes",
			    SMITH_REQUIREMENT_MAX);
		return NULL;
	}
	if (!g_utf8_validate(text, -1, NULL)) {
		smith_throw(error, SMITH_ERROR_INVALID, "a requirement is not valid UTF-8");
		return NULL;
	}
	g_autoptr(SmithRequirement) requirement = g_new0(SmithRequirement, 1);
	Parser parser = {text, requirement};
	g_autofree char *start = g_strndup(text, 200);
	g_autofree char *shown = g_utf8_make_valid(start, -1);
	SMITH_AUTO_PREFIX("requirement", shown, error);
	if (!read_requirement(&parser, error))
		return NULL;
	return g_steal_pointer(&requirement);
}

void smith_requirement_free(SmithRequirement *requirement)
{
	if (requirement == NULL)
		return;
	g_free(requirement->name);
	g_free(requirement->key);
	g_strfreev(requirement->extras);
	smith_specifier_free(requirement->specifiers);
	g_free(requirement->url);
	smith_marker_free(requirement->marker);
	g_free(requirement);
}

gboolean smith_requirement_applies(const SmithRequirement *requirement, const SmithMarkerEnv *env,
				   const char *extra, gboolean *result, GError **error)
{
	*result = TRUE;
	return requirement->marker == NULL ||
	       smith_marker_evaluate(requirement->marker, env, extra, result, error);
}

char *smith_requirement_to_string(const SmithRequirement *requirement)
{
	GString *out = g_string_new(requirement->name);
	if (requirement->extras[0] != NULL) {
		g_autofree char *extras = g_strjoinv(",", requirement->extras);
		g_string_append_printf(out, "[%s]", extras);
	}
	g_autofree char *specifiers = smith_specifier_to_string(requirement->specifiers);
	g_string_append(out, specifiers);
	if (requirement->url != NULL)
		g_string_append_printf(out, " @ %s", requirement->url);
	if (requirement->marker != NULL) {
		g_autofree char *marker = smith_marker_to_string(requirement->marker);
		g_string_append_printf(out, "%s; %s", requirement->url != NULL ? " " : "", marker);
	}
	return g_string_free(out, FALSE);
}
