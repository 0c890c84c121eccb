/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cmd/findings.h"
#include "cmd/output.h"
#include "lint/allow.h"
#include "lint/rule.h"

#define SARIF_SCHEMA "https://json.schemastore.org/sarif-2.1.0.json"

/* A result refers to its rule by its place in the list. */
typedef struct {
	const SmithFindings *findings;
	SmithNode *rules;
	GHashTable *indexes; /* id -> index + 1 */
	SmithNode *results;
} Sarif;

/* Where the repository is checked out, files are named from its top. */
static char *name_file(const SmithFindings *findings, const char *file)
{
	const char *top = g_getenv("GITHUB_WORKSPACE");
	if (file == NULL)
		return g_strdup("");
	if (top == NULL || *top == '\0' || *file == '/')
		return g_strdup(file);
	g_autofree char *root = g_canonicalize_filename(top, NULL);
	g_autofree char *directory = g_canonicalize_filename(
		findings->directory != NULL ? findings->directory : ".", NULL);
	gsize length = strlen(root);
	if (!g_str_has_prefix(directory, root) || directory[length] != '/')
		return g_strdup(file);
	return g_build_filename(directory + length + 1, file, NULL);
}

static SmithNode *new_map(SmithNode *into, const char *key)
{
	SmithNode *map = smith_node_new(SMITH_NODE_MAP);
	smith_node_set(into, key, map);
	return map;
}

static SmithNode *new_list(SmithNode *into, const char *key)
{
	SmithNode *list = smith_node_new(SMITH_NODE_SEQ);
	smith_node_set(into, key, list);
	return list;
}

static SmithNode *new_item(SmithNode *list)
{
	SmithNode *map = smith_node_new(SMITH_NODE_MAP);
	smith_node_append(list, map);
	return map;
}

static void set_text(SmithNode *map, const char *key, const char *value)
{
	smith_node_set(map, key, smith_node_new_string(value));
}

static guint rule_index(Sarif *sarif, const char *id)
{
	static const char *const levels[] = {"note", "warning", "error"};
	guint known = GPOINTER_TO_UINT(g_hash_table_lookup(sarif->indexes, id));
	if (known > 0)
		return known - 1;
	const SmithRule *rule = smith_rule_find(id);
	SmithNode *map = new_item(sarif->rules);
	set_text(map, "id", id);
	if (rule != NULL) {
		set_text(new_map(map, "shortDescription"), "text", rule->what);
		set_text(new_map(map, "help"), "text", rule->help);
		set_text(new_map(map, "defaultConfiguration"), "level", levels[rule->severity]);
	}
	guint index = smith_node_length(sarif->rules) - 1;
	g_hash_table_insert(sarif->indexes, (gpointer)id, GUINT_TO_POINTER(index + 1));
	return index;
}

static void add_location(const Sarif *sarif, SmithNode *result, SmithPlace place)
{
	SmithNode *locations = new_list(result, "locations");
	SmithNode *physical = new_map(new_item(locations), "physicalLocation");
	SmithNode *artifact = new_map(physical, "artifactLocation");
	g_autofree char *name = name_file(sarif->findings, place.file);
	g_autofree char *uri = g_uri_escape_string(name, "/", FALSE);
	set_text(artifact, "uri", uri);
	set_text(artifact, "uriBaseId", "%SRCROOT%");
	if (place.line == 0)
		return;
	SmithNode *region = new_map(physical, "region");
	smith_node_set(region, "startLine", smith_node_new_int(place.line));
	if (place.column > 0)
		smith_node_set(region, "startColumn", smith_node_new_int(place.column));
}

static SmithNode *add_result(Sarif *sarif, const SmithFinding *finding)
{
	static const char *const levels[] = {"note", "warning", "error"};
	SmithNode *result = new_item(sarif->results);
	set_text(result, "ruleId", finding->rule);
	smith_node_set(result, "ruleIndex", smith_node_new_int(rule_index(sarif, finding->rule)));
	set_text(result, "level", levels[finding->severity]);
	set_text(new_map(result, "message"), "text", finding->text);
	if (finding->place.file != NULL)
		add_location(sarif, result, finding->place);
	return result;
}

static void add_allowed(Sarif *sarif, const SmithAllowed *allowed)
{
	SmithNode *result = add_result(sarif, allowed->finding);
	SmithNode *suppression = new_item(new_list(result, "suppressions"));
	set_text(suppression, "kind", "external");
	if (allowed->reason != NULL)
		set_text(suppression, "justification", allowed->reason);
}

void smith_findings_print_sarif(const SmithFindings *findings)
{
	g_autoptr(SmithNode) document = smith_node_new(SMITH_NODE_MAP);
	g_autoptr(GHashTable) indexes = g_hash_table_new(g_str_hash, g_str_equal);
	set_text(document, "$schema", SARIF_SCHEMA);
	set_text(document, "version", "2.1.0");
	SmithNode *run = new_item(new_list(document, "runs"));
	SmithNode *driver = new_map(new_map(run, "tool"), "driver");
	set_text(driver, "name", "ocismith");
	set_text(driver, "version", SMITH_VERSION);
	Sarif sarif = {findings, new_list(driver, "rules"), indexes, NULL};
	set_text(run, "columnKind", "unicodeCodePoints");
	sarif.results = new_list(run, "results");
	for (guint i = 0; i < findings->diag->findings->len; i++)
		add_result(&sarif, findings->diag->findings->pdata[i]);
	for (guint i = 0; findings->allowed != NULL && i < findings->allowed->len; i++)
		add_allowed(&sarif, findings->allowed->pdata[i]);
	smith_print_json(document);
}

/* actions/toolkit, packages/core/src/command.ts */
static char *escape(const char *text, const char *characters)
{
	GString *escaped = g_string_new(NULL);
	for (const char *p = text; *p != '\0'; p++) {
		if (strchr(characters, *p) != NULL)
			g_string_append_printf(escaped, "%%%02X", (guchar)*p);
		else
			g_string_append_c(escaped, *p);
	}
	return g_string_free(escaped, FALSE);
}

void smith_findings_print_github(const SmithFindings *findings)
{
	static const char *const commands[] = {"notice", "warning", "error"};
	for (guint i = 0; i < findings->diag->findings->len; i++) {
		const SmithFinding *finding = findings->diag->findings->pdata[i];
		g_autofree char *name = name_file(findings, finding->place.file);
		g_autofree char *file = escape(name, "%\r\n:,");
		g_autofree char *text = escape(finding->text, "%\r\n");
		g_autoptr(GString) line = g_string_new(NULL);
		g_string_append_printf(line, "::%s file=%s", commands[finding->severity], file);
		if (finding->place.line > 0)
			g_string_append_printf(line, ",line=%u", finding->place.line);
		if (finding->place.column > 0)
			g_string_append_printf(line, ",col=%u", finding->place.column);
		g_string_append_printf(line, ",title=%s::%s", finding->rule, text);
		smith_print("%s\n", line->str);
	}
}
