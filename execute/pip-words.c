/* SPDX-License-Identifier: Apache-2.0 */
#include "execute/pip-words.h"

#include <stdbool.h>
#include <string.h>

#include "python/name.h"

#define ASKED "The user requested "
#define CONSTRAINT "(constraint) "
#define DEPENDS " depends on "
#define NOTHING "No matching distribution found for "
#define UNSATISFIED "Could not find a version that satisfies the requirement "
#define ERROR "ERROR: "
/* more than that is no chain that anyone follows */
#define MAX_CAUSES 6

/* Versions of one project that want the same. */
typedef struct {
	char *project;
	char *version;
	char *wants;
	guint more;
} Cause;

static void cause_free(gpointer data)
{
	Cause *cause = data;
	g_free(cause->project);
	g_free(cause->version);
	g_free(cause->wants);
	g_free(cause);
}

/* The project that a requirement or "NAME VERSION" begins with, in normal form. */
static char *name_in(const char *text)
{
	g_autofree char *name =
		g_strndup(text, strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
					     "0123456789-_."));
	return smith_python_normalize_name(name);
}

static void add_name(GPtrArray *names, const char *text)
{
	char *name = name_in(text);
	if (*name != '\0' && !g_ptr_array_find_with_equal_func(names, name, g_str_equal, NULL))
		g_ptr_array_add(names, name);
	else
		g_free(name);
}

static void add_cause(GPtrArray *causes, char *project, char *version, char *wants)
{
	for (guint i = 0; i < causes->len; i++) {
		Cause *cause = causes->pdata[i];
		if (strcmp(cause->project, project) != 0 || strcmp(cause->wants, wants) != 0)
			continue;
		cause->more += g_strcmp0(cause->version, version) != 0;
		g_free(project);
		g_free(version);
		g_free(wants);
		return;
	}
	Cause *cause = g_new0(Cause, 1);
	*cause = (Cause){project, version, wants, 0};
	g_ptr_array_add(causes, cause);
}

/* "NAME VERSION depends on REQUIREMENT", "The user requested [(constraint) ]REQUIREMENT". */
static void read_cause(const char *line, GHashTable *constraints, GPtrArray *causes,
		       GPtrArray *names)
{
	const char *depends = strstr(line, DEPENDS);
	if (depends != NULL) {
		const char *space = memchr(line, ' ', (gsize)(depends - line));
		const char *end = space != NULL ? space : depends;
		add_name(names, line);
		add_name(names, depends + strlen(DEPENDS));
		add_cause(causes, g_strndup(line, (gsize)(end - line)),
			  space != NULL ? g_strndup(space + 1, (gsize)(depends - space - 1))
					: g_strdup(""),
			  g_strdup(depends + strlen(" ")));
	} else if (g_str_has_prefix(line, ASKED CONSTRAINT)) {
		const char *wanted = line + strlen(ASKED CONSTRAINT);
		g_autofree char *name = name_in(wanted);
		const char *owner =
			constraints != NULL ? g_hash_table_lookup(constraints, name) : NULL;
		add_name(names, wanted);
		add_cause(causes, g_strdup(owner != NULL ? owner : "a constraint is"), NULL,
			  g_strdup(wanted));
	} else if (g_str_has_prefix(line, ASKED)) {
		add_name(names, line + strlen(ASKED));
		add_cause(causes, g_strdup("asked for is"), NULL, g_strdup(line + strlen(ASKED)));
	}
}

static char *join_causes(const GPtrArray *causes)
{
	GString *text = g_string_new(NULL);
	for (guint i = 0; i < causes->len && i < MAX_CAUSES; i++) {
		const Cause *cause = causes->pdata[i];
		g_string_append_printf(text, "%s%s", i > 0 ? "; " : "", cause->project);
		if (cause->version != NULL)
			g_string_append_printf(text, " %s", cause->version);
		if (cause->more > 0)
			g_string_append_printf(text, " (and %u more version%s)", cause->more,
					       cause->more > 1 ? "s" : "");
		g_string_append_printf(text, " %s", cause->wants);
	}
	if (causes->len > MAX_CAUSES)
		g_string_append_printf(text, "; and %u more", causes->len - MAX_CAUSES);
	return g_string_free(text, FALSE);
}

static char *read_conflict(char **lines, GHashTable *constraints, GPtrArray *names)
{
	g_autoptr(GPtrArray) causes = g_ptr_array_new_with_free_func(cause_free);
	bool inside = false;
	for (; *lines != NULL; lines++) {
		if (g_str_has_prefix(*lines, "The conflict is caused by:"))
			inside = true;
		else if (inside && g_str_has_prefix(*lines, "    "))
			read_cause(g_strstrip(*lines), constraints, causes, names);
		else
			inside = false;
	}
	return causes->len > 0 ? join_causes(causes) : NULL;
}

/* "no file of x>=3 (from b) fits (from versions: 1, 2)" */
static char *read_missing(char **lines, GPtrArray *names)
{
	const char *text = NULL;
	for (; *lines != NULL; lines++) {
		if (g_str_has_prefix(*lines, ERROR UNSATISFIED))
			text = *lines + strlen(ERROR UNSATISFIED);
		else if (g_str_has_prefix(*lines, ERROR NOTHING) && text == NULL)
			text = *lines + strlen(ERROR NOTHING);
	}
	if (text == NULL)
		return NULL;
	add_name(names, text);
	const char *from = strstr(text, "(from ");
	if (from != NULL && !g_str_has_prefix(from, "(from versions:") &&
	    !g_str_has_prefix(from, "(from -r "))
		add_name(names, from + strlen("(from "));
	return g_strconcat("no version satisfies ", text, NULL);
}

static char *last_error(char **lines)
{
	const char *text = NULL;
	for (; *lines != NULL; lines++)
		if (g_str_has_prefix(*lines, ERROR))
			text = *lines + strlen(ERROR);
	return g_strdup(text);
}

SmithPipWords *smith_pip_words(const char *output, GHashTable *constraints)
{
	SmithPipWords *words = g_new0(SmithPipWords, 1);
	g_autofree char *valid = g_utf8_make_valid(output, -1);
	g_auto(GStrv) lines = g_strsplit(valid, "\n", -1);
	GPtrArray *names = g_ptr_array_new();
	words->text = read_conflict(lines, constraints, names);
	words->conflict = words->text != NULL;
	if (words->text == NULL)
		words->text = read_missing(lines, names);
	if (words->text == NULL)
		words->text = last_error(lines);
	g_ptr_array_add(names, NULL);
	words->names = (char **)g_ptr_array_free(names, FALSE);
	return words;
}

void smith_pip_words_free(SmithPipWords *words)
{
	if (words == NULL)
		return;
	g_free(words->text);
	g_strfreev(words->names);
	g_free(words);
}
