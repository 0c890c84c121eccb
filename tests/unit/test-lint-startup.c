/* SPDX-License-Identifier: Apache-2.0 */
#include "lint/startup.h"

#include <fcntl.h>
#include <string.h>

#include "base/fd.h"
#include "base/node.h"
#include "lint/rule.h"

/*
 * Real configurations, and what is known to be wrong with them: tests/data/startup/README.md.
 */
static char *data_path(const char *name)
{
	return g_test_build_filename(G_TEST_DIST, "tests", "data", "startup", name, NULL);
}

static char *read_data(const char *name)
{
	g_autofree char *path = data_path(name);
	g_autoptr(GError) error = NULL;
	char *text = NULL;
	g_file_get_contents(path, &text, NULL, &error);
	g_assert_no_error(error);
	return text;
}

static SmithNode *read_json(const char *name)
{
	g_autofree char *text = read_data(name);
	g_autoptr(GError) error = NULL;
	SmithNode *node = smith_node_read_json(text, strlen(text), name, &error);
	g_assert_no_error(error);
	return node;
}

static void startup_free(gpointer data)
{
	smith_startup_free(data);
}

typedef struct {
	GPtrArray *startups;
	SmithDiag *diag;
} Checked;

static void checked_clear(Checked *checked)
{
	g_ptr_array_unref(checked->startups);
	smith_diag_free(checked->diag);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Checked, checked_clear)

static Checked checked_new(void)
{
	return (Checked){g_ptr_array_new_with_free_func(startup_free), smith_diag_new()};
}

/* "598f63af": both hosts, with the list of the sources of that time. */
static Checked check_version(const char *version)
{
	static const char *const hosts[] = {"mainpc", "pc2"};
	Checked checked = checked_new();
	g_autofree char *list = g_strdup_printf("trees/%s.python-paths.txt", version);
	g_autofree char *paths = read_data(list);
	g_autoptr(SmithSourceTree) tree = smith_source_tree_new_list(paths);
	for (guint i = 0; i < G_N_ELEMENTS(hosts); i++) {
		g_autofree char *name =
			g_strdup_printf("versions/%s/%s.startup_config.yaml", version, hosts[i]);
		g_autofree char *text = read_data(name);
		smith_startup_read(text, strlen(text), name, checked.startups, checked.diag);
	}
	g_assert_cmpuint(checked.startups->len, ==, 2);
	smith_startup_lint(checked.startups, tree, checked.diag);
	return checked;
}

/* What differs from the list of defects, and why. */
static const struct {
	const char *rule;
	const char *reason;
} differences[] = {
	{"script-syntax-error", "the sources are not here, only the list of their names"},
};

static bool is_difference(const char *rule)
{
	for (guint i = 0; i < G_N_ELEMENTS(differences); i++)
		if (strcmp(differences[i].rule, rule) == 0)
			return true;
	return false;
}

static int compare_lines(gconstpointer a, gconstpointer b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static char *join_sorted(GPtrArray *lines)
{
	g_ptr_array_sort(lines, compare_lines);
	g_ptr_array_add(lines, NULL);
	return g_strjoinv("\n", (char **)lines->pdata);
}

static char *line_of(gint64 line, const char *severity, const char *rule, const char *subject)
{
	return g_strdup_printf("%04d %s %s %s", (int)line, severity, rule, subject);
}

static char *expected_lines(const SmithNode *config)
{
	const SmithNode *defects = smith_node_get(config, "defects");
	g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
	for (guint i = 0; i < defects->items->len; i++) {
		const SmithNode *defect = defects->items->pdata[i];
		const char *rule = smith_node_get_string(defect, "rule");
		if (!is_difference(rule))
			g_ptr_array_add(lines,
					line_of(smith_node_get_int(defect, "line", 0),
						smith_node_get_string(defect, "severity"), rule,
						smith_node_get_string(defect, "subject")));
	}
	g_assert_cmpuint(lines->len, >, 0);
	return join_sorted(lines);
}

static char *found_lines(const SmithDiag *diag, const char *file)
{
	static const char *const severities[] = {"note", "warning", "error"};
	g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
	for (guint i = 0; i < diag->findings->len; i++) {
		const SmithFinding *finding = diag->findings->pdata[i];
		g_assert_nonnull(smith_rule_find(finding->rule));
		if (strcmp(finding->place.file, file) == 0)
			g_ptr_array_add(lines,
					line_of(finding->place.line, severities[finding->severity],
						finding->rule, finding->subject));
	}
	return join_sorted(lines);
}

static void test_defects(gconstpointer version)
{
	g_autoptr(SmithNode) expected = read_json("expected-defects.json");
	const SmithNode *configs = smith_node_get(expected, "configs");
	g_auto(Checked) checked = check_version(version);
	guint files = 0;
	for (guint i = 0; i < configs->members->len; i++) {
		const SmithNodeMember *member = configs->members->pdata[i];
		if (!g_str_has_prefix(member->key, version))
			continue;
		const char *file = smith_node_get_string(member->value, "file");
		g_autofree char *want = expected_lines(member->value);
		g_autofree char *got = found_lines(checked.diag, file);
		g_assert_cmpstr(got, ==, want);
		files++;
	}
	g_assert_cmpuint(files, ==, 2);
}

static void check_service(const SmithFleet *fleet, guint index, const SmithNode *expected)
{
	const SmithService *service = fleet->services->pdata[index];
	const SmithNode *required = smith_node_get(expected, "required");
	const SmithNode *needs = smith_node_get(expected, "deps");
	const SmithPort *port = smith_service_port(service, SMITH_STARTUP_PORT);
	g_assert_cmpstr(service->name, ==, smith_node_get_string(expected, "name"));
	g_assert_cmpstr(service->app->script, ==, smith_node_get_string(expected, "script"));
	g_assert_cmpstr(g_hash_table_lookup(service->labels, SMITH_STARTUP_SECTION), ==,
			smith_node_get_string(expected, "group"));
	g_assert_cmpint(port->number, ==, smith_node_get_int(expected, "port", 0));
	g_assert_cmpint(service->health->port_number, ==,
			smith_node_get_int(expected, "health", 0));
	/* "${RTAP_ENABLED:-false} == 'false'" holds when nobody sets it */
	g_assert_true(service->required ==
		      (required->type != SMITH_NODE_BOOL || required->boolean));
	g_assert_cmpuint(service->needs->len, ==, needs->items->len);
	for (guint i = 0; i < service->needs->len; i++) {
		const SmithNeed *need = service->needs->pdata[i];
		const SmithNode *name = needs->items->pdata[i];
		g_assert_cmpstr(need->name, ==, name->text);
		g_assert_cmpuint(need->place.line, ==, service->place.line);
	}
}

static void check_groups(const SmithFleet *fleet, const SmithNode *expected)
{
	g_assert_cmpuint(fleet->groups->len, ==, expected->members->len);
	for (guint i = 0; i < fleet->groups->len; i++) {
		const SmithGroup *group = fleet->groups->pdata[i];
		const SmithNodeMember *member = expected->members->pdata[i];
		g_assert_cmpstr(group->name, ==, member->key);
		g_assert_cmpuint(g_strv_length(group->services), ==, member->value->items->len);
		for (guint j = 0; group->services[j] != NULL; j++) {
			const SmithNode *name = member->value->items->pdata[j];
			g_assert_cmpstr(group->services[j], ==, name->text);
		}
	}
}

/* Agents of each level need some of the level before, as needs on the same host say. */
static void check_levels(const SmithFleet *fleet, const SmithNode *levels)
{
	g_autoptr(GHashTable) level_of = g_hash_table_new(NULL, NULL);
	if (levels->type != SMITH_NODE_MAP)
		return;
	for (guint i = 0; i < levels->members->len; i++) {
		const SmithNodeMember *member = levels->members->pdata[i];
		for (guint j = 0; j < member->value->items->len; j++) {
			const SmithNode *name = member->value->items->pdata[j];
			SmithService *service = smith_fleet_service(fleet, name->text);
			g_assert_nonnull(service);
			g_hash_table_insert(level_of, service, GUINT_TO_POINTER(i));
		}
	}
	g_assert_cmpuint(g_hash_table_size(level_of), ==, fleet->services->len);
	for (guint i = 0; i < fleet->services->len; i++) {
		const SmithService *service = fleet->services->pdata[i];
		guint level = 0;
		for (guint j = 0; j < service->needs->len; j++) {
			const SmithNeed *need = service->needs->pdata[j];
			gconstpointer needed = smith_fleet_service(fleet, need->name);
			gpointer at = g_hash_table_lookup(level_of, needed);
			level = needed != NULL ? MAX(level, GPOINTER_TO_UINT(at) + 1) : level;
		}
		g_assert_cmpuint(level, ==,
				 GPOINTER_TO_UINT(g_hash_table_lookup(level_of, service)));
	}
}

static void test_model(gconstpointer version)
{
	g_autoptr(SmithNode) expected = read_json("expected-model.json");
	g_auto(Checked) checked = check_version(version);
	for (guint i = 0; i < checked.startups->len; i++) {
		const SmithStartup *startup = checked.startups->pdata[i];
		const SmithFleet *fleet = startup->fleet;
		g_autofree char *key = g_strconcat(version, "/", fleet->name, NULL);
		const SmithNode *model = smith_node_get(expected, key);
		const SmithNode *services = smith_node_get(model, "services");
		g_assert_cmpuint(fleet->services->len, ==, services->items->len);
		for (guint j = 0; j < services->items->len; j++)
			check_service(fleet, j, services->items->pdata[j]);
		check_groups(fleet, smith_node_get(model, "docker_groups"));
		check_levels(fleet, smith_node_get(model, "startup_levels"));
	}
}

/* Sections "== FILE" are the machines of one system, "== tree" the sources, "== findings" what is
 * to be told. */
static void test_case(gconstpointer path)
{
	g_auto(Checked) checked = checked_new();
	g_autofree char *text = NULL, *expected = NULL;
	g_autoptr(SmithSourceTree) tree = NULL;
	g_autoptr(GString) found = g_string_new(NULL);
	g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
	g_auto(GStrv) sections = g_regex_split_simple("^== ", text, G_REGEX_MULTILINE, 0);
	for (guint i = 1; sections[i] != NULL; i++) {
		char *body = strchr(sections[i], '\n');
		*body++ = '\0';
		if (strcmp(sections[i], "findings") == 0)
			expected = g_strdup(body);
		else if (strcmp(sections[i], "tree") == 0)
			tree = smith_source_tree_new_list(body);
		else
			smith_startup_read(body, strlen(body), sections[i], checked.startups,
					   checked.diag);
	}
	smith_startup_lint(checked.startups, tree, checked.diag);
	smith_diag_sort(checked.diag);
	for (guint i = 0; i < checked.diag->findings->len; i++) {
		const SmithFinding *finding = checked.diag->findings->pdata[i];
		g_autofree char *line = smith_finding_to_string(finding);
		const SmithRule *rule = smith_rule_find(finding->rule);
		g_assert_nonnull(rule);
		/* what a startup configuration says of groups was meant for all agents */
		if (strcmp(finding->rule, "agent-in-no-group") != 0)
			g_assert_cmpint(finding->severity, ==, rule->severity);
		g_string_append_printf(found, "%s\n", line);
	}
	g_assert_cmpstr(found->str, ==, expected);
}

static void write_file(int fd, const char *path, const char *text)
{
	g_autofree char *parent = g_path_get_dirname(path);
	g_autoptr(GError) error = NULL;
	smith_fd_make_dirs(fd, parent, &error);
	g_assert_no_error(error);
	smith_fd_write_file(fd, path, text, strlen(text), 0644, &error);
	g_assert_no_error(error);
}

/* The sources are the directory above the file in which one of its scripts is. */
static void test_files(void)
{
	static const char text[] = "pc_services:\n"
				   "- {name: A, script_path: main/a.py, port: 1, required: true,\n"
				   "   health_check_port: 1001, dependencies: []}\n"
				   "- {name: B, script_path: main/b.py, port: 2, required: true,\n"
				   "   health_check_port: 1002, dependencies: []}\n";
	g_autofree char *root = g_dir_make_tmp("smith-startup-XXXXXX", NULL);
	g_autofree char *path = g_build_filename(root, "pc", "config", "startup_config.yaml", NULL);
	g_autofree char *missing = g_build_filename(root, "none.yaml", NULL);
	const char *const paths[] = {path, NULL}, *const none[] = {missing, NULL};
	smith_autofd int fd = smith_fd_open_dir(AT_FDCWD, root, NULL);
	g_autoptr(SmithDiag) diag = smith_diag_new();
	g_autoptr(GError) error = NULL;

	write_file(fd, "pc/config/startup_config.yaml", text);
	g_assert_true(smith_startup_check(paths, diag, &error));
	g_assert_cmpuint(diag->findings->len, ==, 0);

	write_file(fd, "main/a.py", "");
	g_assert_true(smith_startup_check(paths, diag, &error));
	g_assert_cmpuint(diag->findings->len, ==, 1);
	const SmithFinding *finding = diag->findings->pdata[0];
	g_assert_cmpstr(finding->rule, ==, "script-missing");
	g_assert_cmpstr(finding->subject, ==, "B");
	g_assert_cmpstr(finding->place.file, ==, path);

	write_file(fd, "main/a.py", "import os\n  x = 1\n");
	write_file(fd, "main/b.py", "import os\nx = 1\n");
	g_ptr_array_set_size(diag->findings, 0);
	g_assert_true(smith_startup_check(paths, diag, &error));
	g_assert_cmpuint(diag->findings->len, ==, 1);
	finding = diag->findings->pdata[0];
	g_assert_cmpstr(finding->rule, ==, "script-syntax-error");
	g_assert_cmpstr(finding->subject, ==, "A");
	g_assert_cmpuint(finding->place.line, ==, 2);
	g_assert_cmpstr(finding->text, ==,
			"script 'main/a.py' of service 'A', line 2: unexpected indent");

	g_assert_false(smith_startup_check(none, diag, &error));
	g_assert_error(error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
	g_assert_true(smith_fd_remove_tree(AT_FDCWD, root, NULL));
}

static void test_machines(void)
{
	static const struct {
		const char *file;
		const char *machine;
	} rows[] = {
		{"mainpc.startup_config.yaml", "mainpc"},
		{"pc2_code/config/startup_config.yaml", "pc2_code"},
		{"/config/startup_config.yaml", "host"},
		{"config/startup_config.yaml", "host"},
		{"../config.yaml", "host"},
		{"fleet.yaml", "fleet"},
		{".yaml", "host"},
	};
	static const char text[] = "include: []";
	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_auto(Checked) checked = checked_new();
		smith_startup_read(text, strlen(text), rows[i].file, checked.startups,
				   checked.diag);
		const SmithStartup *startup = checked.startups->pdata[0];
		const SmithHost *host = startup->fleet->hosts->pdata[0];
		g_assert_cmpstr(host->name, ==, rows[i].machine);
		g_assert_cmpstr(startup->fleet->name, ==, rows[i].machine);
	}
}

/* The rows of the list of differences are there because they must be. */
static void test_differences(void)
{
	g_autofree char *text = read_data("expected-defects.json");
	for (guint i = 0; i < G_N_ELEMENTS(differences); i++) {
		g_assert_nonnull(strstr(text, differences[i].rule));
		g_assert_cmpstr(differences[i].reason, !=, "");
	}
}

static void add_cases(void)
{
	g_autofree char *directory = data_path("cases");
	g_autoptr(GError) error = NULL;
	GDir *dir = g_dir_open(directory, 0, &error);
	g_assert_no_error(error);
	for (const char *name; (name = g_dir_read_name(dir)) != NULL;) {
		g_autofree char *test = g_strconcat("/lint/startup/case/", name, NULL);
		g_test_add_data_func_full(test, g_build_filename(directory, name, NULL), test_case,
					  g_free);
	}
	g_dir_close(dir);
}

int main(int argc, char **argv)
{
	static const char *const versions[] = {"598f63af", "ac76164c", "ff2d9701"};
	g_test_init(&argc, &argv, NULL);
	for (guint i = 0; i < G_N_ELEMENTS(versions); i++) {
		g_autofree char *defects = g_strconcat("/lint/startup/defects/", versions[i], NULL);
		g_autofree char *model = g_strconcat("/lint/startup/model/", versions[i], NULL);
		g_test_add_data_func(defects, versions[i], test_defects);
		g_test_add_data_func(model, versions[i], test_model);
	}
	g_test_add_func("/lint/startup/files", test_files);
	g_test_add_func("/lint/startup/machines", test_machines);
	g_test_add_func("/lint/startup/differences", test_differences);
	add_cases();
	return g_test_run();
}
