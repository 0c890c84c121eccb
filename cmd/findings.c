/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/findings.h"

#include <string.h>

#include "cmd/output.h"

#define FILE_LIMIT (4 * 1024 * 1024)
#define LINE_MAX_SHOWN 160 /* characters of a line of a file */

static const char *const severity_names[] = {"note", "warning", "error"};
static const char *const severity_colors[] = {"\033[1;36m", "\033[1;35m", "\033[1;31m"};

/* The lines of the file that was asked for last: findings are sorted by file. */
typedef struct {
	const SmithFindings *findings;
	const char *file; /* intern */
	char **lines;	  /* or NULL: it cannot be read */
	guint count;
} Source;

static void load_source(Source *source, const char *file)
{
	if (file == source->file)
		return;
	const char *directory = source->findings->directory;
	g_autofree char *path =
		directory != NULL ? g_build_filename(directory, file, NULL) : g_strdup(file);
	g_autofree char *text = NULL;
	gsize length = 0;
	g_clear_pointer(&source->lines, g_strfreev);
	source->file = file;
	source->count = 0;
	if (!g_file_test(path, G_FILE_TEST_IS_REGULAR) ||
	    !g_file_get_contents(path, &text, &length, NULL) || length > FILE_LIMIT)
		return;
	source->lines = g_strsplit(text, "\n", -1);
	source->count = g_strv_length(source->lines);
}

/* Fit for a terminal, a tab as one space so that columns stay what they are. */
static char *show(const char *text)
{
	g_autofree char *copy = g_strdup(text);
	for (char *p = copy; *p != '\0'; p++)
		if (*p == '\t' || *p == '\r')
			*p = ' ';
	g_autofree char *shown = smith_output_escape(copy);
	return g_strdup(g_strchomp(shown));
}

static void print_context(Source *source, SmithPlace place, bool color)
{
	if (place.file == NULL || place.line == 0)
		return;
	load_source(source, place.file);
	if (place.line > source->count || source->lines == NULL)
		return;
	g_autofree char *whole = g_utf8_make_valid(source->lines[place.line - 1], -1);
	bool is_long = g_utf8_strlen(whole, -1) > LINE_MAX_SHOWN;
	g_autofree char *line =
		is_long ? g_utf8_substring(whole, 0, LINE_MAX_SHOWN) : g_strdup(whole);
	g_autofree char *shown = show(line);
	smith_print("  %5u | %s%s\n", place.line, shown, is_long ? "..." : "");
	if (place.column == 0 || place.column > (guint)g_utf8_strlen(line, -1))
		return;
	g_autofree char *before = g_utf8_substring(line, 0, place.column - 1);
	g_autofree char *escaped = smith_output_escape(before);
	smith_print("        | %*s%s^%s\n", (int)g_utf8_strlen(escaped, -1), "",
		    color ? "\033[1;32m" : "", color ? "\033[0m" : "");
}

static void print_colored(const SmithFinding *finding)
{
	g_autofree char *place = smith_place_to_string(finding->place);
	g_autofree char *where = smith_output_escape(place);
	g_autofree char *text = smith_output_escape(finding->text);
	smith_print("\033[1m%s:\033[0m %s%s:\033[0m %s \033[2m[%s]\033[0m\n", where,
		    severity_colors[finding->severity], severity_names[finding->severity], text,
		    finding->rule);
}

static void print_text(const SmithFindings *findings)
{
	const GPtrArray *all = findings->diag->findings;
	Source source = {.findings = findings};
	for (guint i = 0; i < all->len; i++) {
		const SmithFinding *finding = all->pdata[i];
		g_autofree char *line = smith_finding_to_string(finding);
		g_autofree char *safe = smith_output_escape(line);
		if (findings->color)
			print_colored(finding);
		else
			smith_print("%s\n", safe);
		if (findings->context)
			print_context(&source, finding->place, findings->color);
	}
	g_strfreev(source.lines);
}

static void set_text(SmithNode *map, const char *key, const char *value)
{
	smith_node_set(map, key, smith_node_new_string(value));
}

static void print_json(const SmithFindings *findings)
{
	g_autoptr(SmithNode) list = smith_node_new(SMITH_NODE_SEQ);
	const GPtrArray *all = findings->diag->findings;
	for (guint i = 0; i < all->len; i++) {
		const SmithFinding *finding = all->pdata[i];
		SmithNode *node = smith_node_new(SMITH_NODE_MAP);
		set_text(node, "severity", severity_names[finding->severity]);
		set_text(node, "file", finding->place.file != NULL ? finding->place.file : "");
		smith_node_set(node, "line", smith_node_new_int(finding->place.line));
		smith_node_set(node, "column", smith_node_new_int(finding->place.column));
		set_text(node, "rule", finding->rule);
		if (finding->subject != NULL)
			set_text(node, "subject", finding->subject);
		set_text(node, "text", finding->text);
		smith_node_append(list, node);
	}
	smith_print_json(list);
}

void smith_findings_print(const SmithFindings *findings, SmithFormat format)
{
	switch (format) {
	case SMITH_FORMAT_JSON:
		print_json(findings);
		break;
	case SMITH_FORMAT_SARIF:
		smith_findings_print_sarif(findings);
		break;
	case SMITH_FORMAT_GITHUB:
		smith_findings_print_github(findings);
		break;
	case SMITH_FORMAT_QUADLET:
	case SMITH_FORMAT_KUBE:
	case SMITH_FORMAT_SHELL:
	case SMITH_FORMAT_TEXT:
		print_text(findings);
		break;
	}
}
