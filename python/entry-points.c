/* SPDX-License-Identifier: Apache-2.0 */
#include "python/entry-points.h"

#include <string.h>

#include "base/error.h"

#define MAX_NAME 200
#define MAX_VALUE 1000

void smith_entry_point_free(SmithEntryPoint *point)
{
	if (point == NULL)
		return;
	g_free(point->name);
	g_free(point->module);
	g_free(point->attribute);
	g_free(point);
}

static gboolean is_script_name(const char *name)
{
	gsize length = strlen(name);

	for (const char *p = name; *p != '\0'; p++)
		if (!g_ascii_isalnum(*p) && strchr("_-.+", *p) == NULL)
			return FALSE;
	return length > 0 && length <= MAX_NAME && name[0] != '.';
}

/* "a.b.c": identifiers joined by dots. They are written into a program, so nothing else may pass.
 */
static gboolean is_dotted(const char *text)
{
	gboolean inside = FALSE;

	if (g_ascii_isdigit(text[0]))
		return FALSE;
	for (const char *p = text; *p != '\0'; p++) {
		if (*p == '.') {
			if (!inside || g_ascii_isdigit(p[1]))
				return FALSE;
			inside = FALSE;
		} else if (g_ascii_isalnum(*p) || *p == '_') {
			inside = TRUE;
		} else {
			return FALSE;
		}
	}
	return inside;
}

static SmithEntryPoint *parse_value(const char *key, const char *value, const char *name,
				    GError **error)
{
	g_autoptr(SmithEntryPoint) point = g_new0(SmithEntryPoint, 1);
	g_autofree char *object = g_strndup(value, strcspn(value, "["));
	char *colon;

	g_strstrip(object);
	colon = strchr(object, ':');
	if (colon == NULL)
		return smith_throw_null(error, SMITH_ERROR_INVALID,
					"script '%s' in '%s' has no callable: got '%s', expected "
					"'module:function'",
					key, name, value);
	point->name = g_strdup(key);
	point->module = g_strstrip(g_strndup(object, (gsize)(colon - object)));
	point->attribute = g_strstrip(g_strdup(colon + 1));
	if (strlen(value) > MAX_VALUE || !is_dotted(point->module) || !is_dotted(point->attribute))
		return smith_throw_null(error, SMITH_ERROR_INVALID,
					"script '%s' in '%s' has the value '%.*s', expected "
					"'module:function'",
					key, name, MAX_VALUE, value);
	return g_steal_pointer(&point);
}

/* The last of equal names wins. */
static GPtrArray *drop_overridden(GPtrArray *points)
{
	GPtrArray *kept = g_ptr_array_new_with_free_func((GDestroyNotify)smith_entry_point_free);
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);

	for (guint i = points->len; i-- > 0;) {
		SmithEntryPoint *point = points->pdata[i];

		if (!g_hash_table_add(seen, point->name))
			continue;
		points->pdata[i] = NULL;
		g_ptr_array_insert(kept, 0, point);
	}
	return kept;
}

static gboolean parse_line(char *line, GPtrArray *points, const char *name, GError **error)
{
	char *equals = strchr(line, '=');
	SmithEntryPoint *point;

	if (equals == NULL)
		return smith_throw(error, SMITH_ERROR_INVALID, "line '%.80s' of '%s' has no '='",
				   line, name);
	if (points == NULL)
		return TRUE;
	*equals = '\0';
	g_strstrip(line);
	if (!is_script_name(line))
		return smith_throw(error, SMITH_ERROR_UNSUPPORTED,
				   "script name '%.80s' in '%s' can not be a command's name", line,
				   name);
	point = parse_value(line, g_strstrip(equals + 1), name, error);
	if (point == NULL)
		return FALSE;
	g_ptr_array_add(points, point);
	return TRUE;
}

static gboolean parse_lines(char **lines, const char *name, GPtrArray *console, GPtrArray *gui,
			    GError **error)
{
	gboolean any = FALSE;
	GPtrArray *points = NULL;

	for (char **p = lines; *p != NULL; p++) {
		char *line = g_strstrip(*p);

		if (line[0] == '\0' || line[0] == '#')
			continue;
		if (line[0] == '[' && g_str_has_suffix(line, "]")) {
			any = TRUE;
			points = NULL;
			if (strcmp(line, "[console_scripts]") == 0)
				points = console;
			else if (strcmp(line, "[gui_scripts]") == 0)
				points = gui;
			continue;
		}
		if (any && !parse_line(line, points, name, error))
			return FALSE;
	}
	return TRUE;
}

gboolean smith_entry_points_parse(const char *text, gsize length, const char *name,
				  GPtrArray **console, GPtrArray **gui, GError **error)
{
	g_autoptr(GPtrArray) consoles =
		g_ptr_array_new_with_free_func((GDestroyNotify)smith_entry_point_free);
	g_autoptr(GPtrArray) guis =
		g_ptr_array_new_with_free_func((GDestroyNotify)smith_entry_point_free);
	g_autofree char *copy = NULL;
	g_auto(GStrv) lines = NULL;

	if (!g_utf8_validate(text, (gssize)length, NULL))
		return smith_throw(error, SMITH_ERROR_INVALID, "'%s' is not UTF-8", name);
	copy = g_strndup(text, length);
	g_strdelimit(copy, "\r", '\n');
	lines = g_strsplit(copy, "\n", -1);
	if (!parse_lines(lines, name, consoles, guis, error))
		return FALSE;
	*console = drop_overridden(consoles);
	*gui = drop_overridden(guis);
	return TRUE;
}
