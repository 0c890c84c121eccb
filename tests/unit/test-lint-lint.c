/* SPDX-License-Identifier: Apache-2.0 */
#include "lint/lint.h"

#include "lint/allow.h"
#include "lint/rule.h"
#include "tests/unit/fleet-test.h"

/* 2026-11-21 */
#define NOW 1795219200

/* Rules that no fleet's files can break, and the tests that have their rows. */
static const char *const elsewhere[] = {
	/* test-lint-startup.c */
	"agent-duplicate", "agent-missing-field", "agent-without-name", "agents-nested-in-group",
	"dependencies-missing", "dependencies-null", "docker-groups-misnested",
	"group-member-not-agent", "health-port-missing", "list-element-not-agent",
	"port-hardcoded-no-offset", "port-outside-declared-range", "port-variable-undefined",
	"required-missing", "required-not-boolean", "startup-unknown-shape",
	"variable-without-default",
	/* test-fleet-resolve.c, which has wheels, and test-python-pylock.c */
	"bad-marker", "bad-wheel", "collision", "hash-mismatch", "missing-wheel", "not-pinned",
	"pylock", "wrong-python", "wheel-source",
	/* check.bats: of the command itself */
	"no-lock", "stale-lock", NULL};

static char *case_text(const char *id)
{
	g_autofree char *name = g_strconcat(id, ".case", NULL);
	g_autofree char *path =
		g_test_build_filename(G_TEST_DIST, "tests", "data", "fleet", "lint", name, NULL);
	char *text = NULL;
	return g_file_get_contents(path, &text, NULL, NULL) ? text : NULL;
}

/* What is found changes a case on purpose: look at the difference before it is committed. */
static void update_case(const char *file, const char *found)
{
	g_autofree char *text = NULL;
	g_assert_true(g_file_get_contents(file, &text, NULL, NULL));
	char *findings = strstr(text, "== findings\n");
	g_assert_nonnull(findings);
	*findings = '\0';
	g_autofree char *changed = g_strconcat(text, "== findings\n", found, NULL);
	g_assert_true(g_file_set_contents(file, changed, -1, NULL));
}

static void test_case(gconstpointer file)
{
	g_auto(TestFleet) test = test_fleet_new();
	test_fleet_write(&test, "families.d/base.yaml", "family: base\nfrom: debian:12\n");
	g_autofree char *expected = test_case_apply(&test, file);
	test_fleet_check(&test);
	g_autoptr(SmithLock) lock = smith_lock_load(test.fleet, NULL);
	smith_lint_sources(test.fleet, lock, test.diag);
	if (lock != NULL)
		smith_lint_disk(lock, test.path, test.diag);
	const SmithAllowOptions options = {.fleet = test.fleet, .now = NOW};
	g_autoptr(GPtrArray) allowed = smith_allow_apply(&options, test.diag, NULL);
	g_autofree char *text = test_diag_text(test.diag);
	g_autoptr(GRegex) changing = g_regex_new("[0-9]+ MB free", 0, 0, NULL);
	g_autofree char *found = g_regex_replace(changing, text, -1, 0, "N MB free", 0, NULL);
	if (g_getenv("OCISMITH_UPDATE_CASES") != NULL)
		update_case(file, found);
	else
		g_assert_cmpstr(found, ==, expected);
}

/* RULE.case yields the rule, and has something near to it that does not. */
static void test_every_rule(void)
{
	g_autoptr(GPtrArray) rules = smith_rules();
	for (guint i = 0; i < rules->len; i++) {
		const SmithRule *rule = rules->pdata[i];
		g_autofree char *text = case_text(rule->id);
		g_autofree char *tag = g_strdup_printf("[%s]\n", rule->id);
		/* of a machine, by tests/unit/test-quadlet-machine.c */
		if (g_strv_contains(elsewhere, rule->id) || g_str_has_prefix(rule->id, "machine-"))
			continue;
		if (text == NULL || strstr(text, tag) == NULL || strstr(text, "near miss") == NULL)
			g_test_message("no row test of rule '%s'", rule->id);
		if (text == NULL || strstr(text, tag) == NULL || strstr(text, "near miss") == NULL)
			g_test_fail();
	}
}

/* Every rule is explained, in lines that fit a terminal. */
static void test_help(void)
{
	g_autoptr(GPtrArray) rules = smith_rules();
	for (guint i = 0; i < rules->len; i++) {
		const SmithRule *rule = rules->pdata[i];
		g_auto(GStrv) lines = g_strsplit(rule->help, "\n", -1);
		guint count = g_strv_length(lines);
		g_test_message("%s", rule->id);
		g_assert_cmpstr(smith_rule_find(rule->id)->id, ==, rule->id);
		g_assert_true(*rule->what != '\0' && !g_str_has_suffix(rule->what, "."));
		g_assert_cmpuint(count, >=, 4);
		g_assert_cmpuint(count, <=, 20);
		for (char **line = lines; *line != NULL; line++)
			g_assert_cmpuint(strlen(*line), <=, 90);
		if (i > 0)
			g_assert_cmpstr(((SmithRule *)rules->pdata[i - 1])->id, <, rule->id);
	}
	g_assert_null(smith_rule_find("port"));
	g_assert_cmpstr(smith_rule_suggest("port-duplicat"), ==, "port-duplicate");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	test_add_cases("lint", test_case);
	g_test_add_func("/lint/every-rule-has-a-case", test_every_rule);
	g_test_add_func("/lint/every-rule-has-help", test_help);
	return g_test_run();
}
