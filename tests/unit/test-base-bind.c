/* SPDX-License-Identifier: Apache-2.0 */
#include "base/bind.h"
#include "base/json.h"

#include <string.h>

typedef enum { FORMAT_ZSTD, FORMAT_GZIP } Format;

typedef struct {
	SmithNode *raw;
	char *source;
} Mount;

typedef struct {
	char *key;
	char *image;
	SmithPlace place;
	gint64 port;
	bool init;
	int format;
	char **args;
	GHashTable *env;
	Mount *root;
	GPtrArray *mounts;
	char **ports;
} Service;

typedef struct {
	char *name;
	gint64 version;
	bool strict;
	GPtrArray *services;
	char **layers;
} Fleet;

static const SmithBindField mount_fields[] = {
	SMITH_BIND(Mount, source, "source", STRING, .required = true),
	SMITH_BIND(Mount, raw, "raw", NODE),
	{0},
};
static const SmithBindTable mount_table = {
	.what = "mount",
	.size = sizeof(Mount),
	.fields = mount_fields,
	.allow_unknown = true,
};

static const char *const formats[] = {"zstd", "gzip", NULL};

static const SmithBindField service_fields[] = {
	SMITH_BIND(Service, image, "image", STRING, .required = true, .any_scalar = true),
	SMITH_BIND(Service, port, "port", INT, .min = 1, .max = 65535),
	SMITH_BIND(Service, init, "init", BOOL),
	SMITH_BIND(Service, format, "format", ENUM, .names = formats),
	SMITH_BIND(Service, args, "args", STRV, .one_or_list = true),
	SMITH_BIND(Service, env, "env", STRMAP),
	SMITH_BIND(Service, root, "root", OBJECT, .table = &mount_table),
	SMITH_BIND(Service, mounts, "mounts", LIST, .table = &mount_table, .one_or_list = true),
	SMITH_BIND(Service, ports, "ports", SET),
	{0},
};
static const SmithBindTable service_table = {
	.what = "service",
	.size = sizeof(Service),
	.fields = service_fields,
	.key_offset = G_STRUCT_OFFSET(Service, key),
	.place_offset = G_STRUCT_OFFSET(Service, place),
};

static const SmithBindField fleet_fields[] = {
	SMITH_BIND(Fleet, name, "fleet", STRING),
	SMITH_BIND(Fleet, version, "version", INT, .required = true),
	SMITH_BIND(Fleet, strict, "strict", BOOL, .required = true),
	SMITH_BIND(Fleet, services, "services", MAP, .table = &service_table),
	SMITH_BIND(Fleet, layers, "layers", STRV, .required = true),
	{0},
};
static const SmithBindTable fleet_table = {
	.what = "fleet",
	.size = sizeof(Fleet),
	.fields = fleet_fields,
	.key_offset = -1,
	.place_offset = -1,
};

static SmithNode *yaml(const char *text)
{
	GError *error = NULL;
	SmithNode *node = smith_node_read_yaml(text, strlen(text), "f.yaml", &error);
	g_assert_no_error(error);
	return node;
}

/* Reads @text with @table and compares all findings, sorted, one per line. */
static void assert_findings(const SmithBindTable *table, const char *text, const char *expected)
{
	g_autoptr(SmithNode) node = yaml(text);
	g_autoptr(SmithDiag) diag = smith_diag_new();
	gpointer object = smith_bind_read(table, node, diag);
	smith_diag_sort(diag);
	g_autoptr(GString) all = g_string_new(NULL);
	for (guint i = 0; i < diag->findings->len; i++) {
		g_autofree char *line = smith_finding_to_string(diag->findings->pdata[i]);
		g_string_append_printf(all, "%s\n", line);
	}
	g_assert_cmpstr(all->str, ==, expected);
	smith_bind_free(table, object);
}

static const char full[] = "fleet: ai\n"
			   "version: 2\n"
			   "strict: false\n"
			   "layers: []\n"
			   "services:\n"
			   "  web:\n"
			   "    image: 1.10\n"
			   "    port: 8080\n"
			   "    init: true\n"
			   "    format: gzip\n"
			   "    args: one\n"
			   "    env: {B: 1, A: yes, C: null}\n"
			   "    root: {source: /r, other: 1}\n"
			   "    mounts: {source: /m, raw: [1, {a: b}]}\n"
			   "    ports: {443/tcp: {}, 80/tcp: }\n"
			   "  api: {image: x, args: [a, b], mounts: [{source: a}, {source: b}]}\n";

static void test_read(void)
{
	GError *error = NULL;
	g_autoptr(SmithNode) node = yaml(full);
	Fleet *fleet = smith_bind_parse(&fleet_table, node, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(fleet->name, ==, "ai");
	g_assert_cmpint(fleet->version, ==, 2);
	g_assert_cmpuint(fleet->services->len, ==, 2);
	const Service *web = fleet->services->pdata[0], *api = fleet->services->pdata[1];
	g_assert_cmpstr(web->key, ==, "web");
	g_assert_cmpuint(web->place.line, ==, 7);
	g_assert_cmpstr(web->place.file, ==, "f.yaml");
	g_assert_cmpstr(web->image, ==, "1.10");
	g_assert_cmpint(web->port, ==, 8080);
	g_assert_true(web->init);
	g_assert_cmpint(web->format, ==, FORMAT_GZIP);
	g_assert_cmpstr(web->args[0], ==, "one");
	g_assert_null(web->args[1]);
	g_assert_cmpuint(g_hash_table_size(web->env), ==, 2);
	g_assert_cmpstr(g_hash_table_lookup(web->env, "A"), ==, "yes");
	g_assert_cmpstr(g_hash_table_lookup(web->env, "B"), ==, "1");
	g_assert_cmpstr(web->root->source, ==, "/r");
	g_assert_cmpuint(web->mounts->len, ==, 1);
	g_assert_cmpstr(web->ports[1], ==, "80/tcp");
	g_assert_cmpstr(api->key, ==, "api");
	g_assert_cmpint(api->format, ==, FORMAT_ZSTD);
	g_assert_cmpuint(api->mounts->len, ==, 2);
	g_assert_null(api->env);
	smith_bind_free(&fleet_table, fleet);
}

static void test_write(void)
{
	static const char expected[] =
		"{\"fleet\":\"ai\",\"version\":2,\"strict\":false,\"services\":{"
		"\"api\":{\"image\":\"x\",\"args\":[\"a\",\"b\"],"
		"\"mounts\":[{\"source\":\"a\"},{\"source\":\"b\"}]},"
		"\"web\":{\"image\":\"1.10\",\"port\":8080,\"init\":true,\"format\":\"gzip\","
		"\"args\":[\"one\"],\"env\":{\"A\":\"yes\",\"B\":\"1\"},\"root\":{\"source\":\"/"
		"r\"},"
		"\"mounts\":[{\"source\":\"/m\",\"raw\":[1,{\"a\":\"b\"}]}],"
		"\"ports\":{\"443/tcp\":{},\"80/tcp\":{}}}},\"layers\":[]}";
	GError *error = NULL;
	g_autoptr(SmithNode) node = yaml(full);
	Fleet *fleet = smith_bind_parse(&fleet_table, node, &error);
	g_assert_no_error(error);
	g_autoptr(SmithNode) written = smith_bind_write(&fleet_table, fleet);
	smith_bind_free(&fleet_table, fleet);
	g_autofree char *text = smith_json_write(written, SMITH_JSON_COMPACT, NULL);
	g_assert_cmpstr(text, ==, expected);

	/* what was written reads back to the same */
	g_autoptr(SmithNode) again = smith_node_read_json(text, strlen(text), "f.json", &error);
	g_assert_no_error(error);
	fleet = smith_bind_parse(&fleet_table, again, &error);
	g_assert_no_error(error);
	g_autoptr(SmithNode) rewritten = smith_bind_write(&fleet_table, fleet);
	smith_bind_free(&fleet_table, fleet);
	g_autofree char *retext = smith_json_write(rewritten, SMITH_JSON_COMPACT, NULL);
	g_assert_cmpstr(retext, ==, expected);
}

static void test_write_empty(void)
{
	Fleet fleet = {0};
	g_autoptr(SmithNode) written = smith_bind_write(&fleet_table, &fleet);
	g_autofree char *text = smith_json_write(written, SMITH_JSON_COMPACT, NULL);
	g_assert_cmpstr(text, ==, "{\"version\":0,\"strict\":false,\"layers\":[]}");
}

static void test_unknown_and_missing(void)
{
	assert_findings(&service_table, "imag: x\nports: {}\nzzzzzz: 1\n",
			"f.yaml:1:1: error: missing key 'image' in service [missing-key]\n"
			"f.yaml:1:1: error: unknown key 'imag' in service (did you mean 'image'?) "
			"[unknown-key]\n"
			"f.yaml:3:1: error: unknown key 'zzzzzz' in service [unknown-key]\n");
	assert_findings(
		&fleet_table,
		"version: 1\nstrict: true\nlayers: []\nservices:\n  api: {image: x, pots: {}}\n"
		"  worker:\n",
		"f.yaml:5:19: error: unknown key 'pots' in service 'api' (did you mean "
		"'ports'?) [unknown-key]\n"
		"f.yaml:6:3: error: missing key 'image' in service 'worker' [missing-key]\n");
	/* null is as good as absent */
	assert_findings(&service_table, "image: ~\n",
			"f.yaml:1:1: error: missing key 'image' in service [missing-key]\n");
}

static void test_wrong_types(void)
{
	static const struct {
		const char *text, *finding;
	} rows[] = {
		{"port: x", "'port' in service must be an integer, got a string"},
		{"init: yes", "'init' in service must be true or false, got a string"},
		{"format: []", "'format' in service must be a string, got a list"},
		{"args: {}", "'args' in service must be a string or a list of strings, got a map"},
		{"args: [1.10]", "'args' in service must be a string, got a fractional number "
				 "(write \"1.10\" in quotes)"},
		{"args: [[]]", "'args' in service must be a string, got a list"},
		{"env: []", "'env' in service must be a map of strings, got a list"},
		{"env: {A: []}", "'A' in service must be a string, got a list"},
		{"root: x", "mount must be a map, got a string"},
		{"mounts: x", "'mounts' in service must be a map or a list of maps, got a string"},
		{"mounts: [~]", "mount must be a map, got nothing"},
		{"ports: [80]", "'ports' in service must be a map, got a list"},
		{"ports: {80: 1}", "'80' in service must be an empty map, got an integer"},
		{"image: []", "'image' in service must be a string, got a list"},
	};
	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		bool has_image = g_str_has_prefix(rows[i].text, "image");
		g_autofree char *text =
			g_strdup_printf("%s\n%s", rows[i].text, has_image ? "" : "image: x\n");
		g_autoptr(SmithNode) node = yaml(text);
		g_autoptr(SmithDiag) diag = smith_diag_new();
		smith_bind_free(&service_table, smith_bind_read(&service_table, node, diag));
		g_assert_cmpuint(diag->errors, ==, 1);
		const SmithFinding *finding = diag->findings->pdata[0];
		g_assert_cmpstr(finding->rule, ==, "wrong-type");
		g_assert_cmpstr(finding->text, ==, rows[i].finding);
		g_assert_cmpuint(finding->place.line, ==, 1);
	}
}

static void test_bad_values(void)
{
	assert_findings(&service_table, "image: x\nport: 0\nformat: gizp\n",
			"f.yaml:2:7: error: 'port' in service must be from 1 to 65535, got 0 "
			"[out-of-range]\n"
			"f.yaml:3:9: error: 'format' in service must be one of 'zstd', 'gzip', got "
			"'gizp' (did you mean 'gzip'?) [bad-value]\n");
	assert_findings(&service_table, "image: x\nport: 65535\n", "");
	assert_findings(&service_table, "- 1\n",
			"f.yaml:1:1: error: service must be a map, got a list [wrong-type]\n");
	assert_findings(&service_table, "",
			"f.yaml:1:1: error: service must be a map, got nothing [wrong-type]\n");
}

static void test_parse_error(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(SmithNode) node = yaml("imag: x\nport: 0\n");
	g_assert_null(smith_bind_parse(&service_table, node, &error));
	g_assert_error(error, SMITH_ERROR, SMITH_ERROR_INVALID);
	g_assert_cmpstr(error->message, ==,
			"f.yaml:1:1: missing key 'image' in service (and 2 more)");
	g_clear_error(&error);
	g_assert_null(smith_bind_parse(&service_table, NULL, &error));
	g_assert_cmpstr(error->message, ==, "(unnamed): service must be a map, got nothing");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/base/bind/read", test_read);
	g_test_add_func("/base/bind/write", test_write);
	g_test_add_func("/base/bind/write-empty", test_write_empty);
	g_test_add_func("/base/bind/unknown-and-missing", test_unknown_and_missing);
	g_test_add_func("/base/bind/wrong-types", test_wrong_types);
	g_test_add_func("/base/bind/bad-values", test_bad_values);
	g_test_add_func("/base/bind/parse-error", test_parse_error);
	return g_test_run();
}
