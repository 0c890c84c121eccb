/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers one question per line about versions, specifiers, markers, requirements and tags, for
 * the judges that compare ocismith with Python's `packaging`. Fields are separated by tabs; what
 * cannot be answered is "error".
 *
 *   version TEXT                    NORMAL-FORM and "prepost", "pre-", "-post" or "--"
 *   compare A B                     -1 | 0 | 1
 *   contains SET VERSION MODE       true | false; MODE: true, false, none (the set decides)
 *   specifier SET                   the set as text
 *   marker TEXT PYTHON MACHINE EXTRA   true | false
 *   marker-text TEXT                the marker as text
 *   requirement TEXT                key, extras, specifiers, url, marker joined by " | "
 *   tags PYTHON LIBC VERSION MACHINE   all tags, joined by spaces
 *   rank PYTHON LIBC VERSION MACHINE WHEEL   rank of a wheel's name
 *   wheel NAME                      key, version, build, tags joined by " | "
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "python/marker.h"
#include "python/requirement.h"
#include "python/specifier.h"
#include "python/tags.h"
#include "python/version.h"
#include "python/wheel-name.h"

static char *answer_version(char **field)
{
	g_autoptr(SmithVersion) version = smith_version_parse(field[1], NULL);
	if (version == NULL)
		return NULL;
	g_autofree char *text = smith_version_to_string(version);
	return g_strdup_printf("%s %s%s", text, smith_version_is_prerelease(version) ? "pre" : "-",
			       smith_version_is_postrelease(version) ? "post" : "-");
}

static char *answer_compare(char **field)
{
	g_autoptr(SmithVersion) a = smith_version_parse(field[1], NULL);
	g_autoptr(SmithVersion) b = smith_version_parse(field[2], NULL);
	if (a == NULL || b == NULL)
		return NULL;
	int order = smith_version_compare(a, b);
	return g_strdup_printf("%d", (order > 0) - (order < 0));
}

static char *answer_bool(gboolean value)
{
	return g_strdup(value ? "true" : "false");
}

static char *answer_contains(char **field)
{
	g_autoptr(SmithSpecifierSet) set = smith_specifier_parse(field[1], NULL);
	g_autoptr(SmithVersion) version = smith_version_parse(field[2], NULL);
	if (set == NULL || version == NULL)
		return NULL;
	bool allowed = strcmp(field[3], "none") == 0 ? smith_specifier_allows_prereleases(set)
						     : strcmp(field[3], "true") == 0;
	return answer_bool(smith_specifier_contains(set, version, allowed));
}

static char *answer_specifier(char **field)
{
	g_autoptr(SmithSpecifierSet) set = smith_specifier_parse(field[1], NULL);
	return set != NULL ? smith_specifier_to_string(set) : NULL;
}

static char *answer_marker(char **field)
{
	g_autoptr(SmithMarker) marker = smith_marker_parse(field[1], NULL);
	if (marker == NULL)
		return NULL;
	g_auto(SmithMarkerEnv) env = {0};
	smith_marker_env_init(&env, field[2], field[3]);
	gboolean result = FALSE;
	if (!smith_marker_evaluate(marker, &env, field[4], &result, NULL))
		return NULL;
	return answer_bool(result);
}

static char *answer_marker_text(char **field)
{
	g_autoptr(SmithMarker) marker = smith_marker_parse(field[1], NULL);
	return marker != NULL ? smith_marker_to_string(marker) : NULL;
}

static char *answer_requirement(char **field)
{
	g_autoptr(SmithRequirement) requirement = smith_requirement_parse(field[1], NULL);
	if (requirement == NULL)
		return NULL;
	g_autofree char *extras = g_strjoinv(",", requirement->extras);
	g_autofree char *specifiers = smith_specifier_to_string(requirement->specifiers);
	g_autofree char *marker =
		requirement->marker != NULL ? smith_marker_to_string(requirement->marker) : NULL;
	return g_strjoin(" | ", requirement->key, extras, specifiers,
			 requirement->url != NULL ? requirement->url : "",
			 marker != NULL ? marker : "", NULL);
}

static SmithTagSet *read_tags(char **field)
{
	SmithLibc libc = strcmp(field[2], "musl") == 0 ? SMITH_LIBC_MUSL : SMITH_LIBC_GLIBC;
	return smith_tags_for_cpython(field[1], libc, field[3], field[4], NULL);
}

static char *answer_tags(char **field)
{
	g_autoptr(SmithTagSet) tags = read_tags(field);
	if (tags == NULL)
		return NULL;
	GString *out = g_string_new(NULL);
	for (guint i = 0; i < smith_tags_count(tags); i++) {
		g_autofree char *tag = smith_tags_get(tags, i);
		g_string_append_printf(out, "%s%s", i == 0 ? "" : " ", tag);
	}
	return g_string_free(out, FALSE);
}

static char *answer_rank(char **field)
{
	g_autoptr(SmithTagSet) tags = read_tags(field);
	g_autoptr(SmithWheelName) wheel = smith_wheel_name_parse(field[5], NULL);
	if (tags == NULL || wheel == NULL)
		return NULL;
	return g_strdup_printf("%d",
			       smith_tags_rank(tags, wheel->python, wheel->abi, wheel->platform));
}

static char *answer_wheel(char **field)
{
	g_autoptr(SmithWheelName) wheel = smith_wheel_name_parse(field[1], NULL);
	if (wheel == NULL)
		return NULL;
	g_autofree char *version = smith_version_to_string(wheel->version);
	g_autofree char *build = wheel->build_number < 0
					 ? g_strdup("")
					 : g_strdup_printf("%" G_GINT64_FORMAT "%s",
							   wheel->build_number, wheel->build_tag);
	return g_strdup_printf("%s | %s | %s | %s-%s-%s", wheel->key, version, build, wheel->python,
			       wheel->abi, wheel->platform);
}

static const struct {
	const char *name;
	guint fields;
	char *(*answer)(char **field);
} questions[] = {
	{"version", 2, answer_version},
	{"compare", 3, answer_compare},
	{"contains", 4, answer_contains},
	{"specifier", 2, answer_specifier},
	{"marker", 5, answer_marker},
	{"marker-text", 2, answer_marker_text},
	{"requirement", 2, answer_requirement},
	{"tags", 5, answer_tags},
	{"rank", 6, answer_rank},
	{"wheel", 2, answer_wheel},
};

static char *answer_line(const char *line)
{
	g_auto(GStrv) field = g_strsplit(line, "\t", -1);
	guint count = g_strv_length(field);
	for (gsize i = 0; i < G_N_ELEMENTS(questions); i++)
		if (count == questions[i].fields && strcmp(field[0], questions[i].name) == 0)
			return questions[i].answer(field);
	return g_strdup("unknown question");
}

int main(void)
{
	char *line = NULL;
	size_t size = 0;
	ssize_t length;
	while ((length = getline(&line, &size, stdin)) >= 0) {
		if (length > 0 && line[length - 1] == '\n')
			line[length - 1] = '\0';
		g_autofree char *answer = answer_line(line);
		puts(answer != NULL ? answer : "error");
	}
	free(line);
	return 0;
}
