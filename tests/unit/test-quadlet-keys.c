/* SPDX-License-Identifier: Apache-2.0 */
#include "quadlet/keys.h"

#include <glib.h>
#include <string.h>

/* First releases of which the answers are recorded (tests/tools/quadlet-keys). */
static const int versions[] = {404, 405, 406, 407, 408, 409, 500, 501,
			       502, 503, 504, 505, 506, 507, 508};
static const char *const sections[] = {"Container", "Pod", "Network", "Volume", "Kube"};

static int compare(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* As the recorded files have it. */
static void append_section(GString *text, const char *section, int version)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new();
	const SmithKey *row = NULL;

	for (unsigned i = 0; (row = smith_key_row(i)) != NULL; i++)
		if (strcmp(row->section, section) == 0 && row->since <= version)
			g_ptr_array_add(names, (gpointer)row->name);
	g_ptr_array_sort(names, compare);
	if (names->len > 0)
		g_string_append(text, section);
	for (guint i = 0; i < names->len; i++)
		g_string_append_printf(text, " %s", (const char *)names->pdata[i]);
	g_string_append(text, names->len > 0 ? "\n" : "");
}

static char *recorded(int version)
{
	g_autofree char *name = g_strdup_printf("keys-%d.%d.txt", version / 100, version % 100);
	g_autofree char *path =
		g_test_build_filename(G_TEST_DIST, "tests", "data", "quadlet", name, NULL);
	char *text = NULL;

	g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
	return text;
}

static void test_versions(void)
{
	for (gsize v = 0; v < G_N_ELEMENTS(versions); v++) {
		g_autofree char *text = recorded(versions[v]);
		g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

		for (gsize i = 0; i < G_N_ELEMENTS(sections); i++) {
			g_autoptr(GString) ours = g_string_new(NULL);
			g_autoptr(GString) theirs = g_string_new(NULL);
			g_autofree char *prefix = g_strconcat(sections[i], " ", NULL);

			append_section(ours, sections[i], versions[v]);
			for (char **line = lines; *line != NULL; line++)
				if (g_str_has_prefix(*line, prefix))
					g_string_append_printf(theirs, "%s\n", *line);
			g_assert_cmpstr(ours->str, ==, theirs->str);
		}
	}
}

static void test_find(void)
{
	g_assert_cmpint(smith_key_find("Container", "Memory")->since, ==, 505);
	g_assert_cmpstr(smith_key_find("Container", "Memory")->option, ==, "--memory=");
	g_assert_cmpint(smith_key_find("Pod", "UserNS")->since, ==, 503);
	g_assert_null(smith_key_find("Pod", "Memory"));
	g_assert_null(smith_key_find("Service", "Restart"));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/quadlet/keys/versions", test_versions);
	g_test_add_func("/quadlet/keys/find", test_find);
	return g_test_run();
}
