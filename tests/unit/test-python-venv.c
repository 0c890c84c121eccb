/* SPDX-License-Identifier: Apache-2.0 */
#include "python/venv.h"

#include <string.h>

#include "base/error.h"

static const SmithVenvSpec usual = {"opt/venv", "3.11",	    "3.11.2", "/usr/bin/python3.11",
				    "/usr/bin", 1700000000, 5,	      6};

static GPtrArray *make(const SmithVenvSpec *spec)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(SmithEntryIter) iter = smith_venv_entries(spec, &error);
	GPtrArray *entries;

	g_assert_no_error(error);
	entries = smith_entry_iter_collect(iter, &error);
	g_assert_no_error(error);
	return entries;
}

static char *text_of(const GPtrArray *entries, const char *path)
{
	for (guint i = 0; i < entries->len; i++) {
		const SmithEntry *entry = entries->pdata[i];
		g_autoptr(SmithSource) source = NULL;
		g_autoptr(GBytes) bytes = NULL;

		if (strcmp(entry->path, path) != 0)
			continue;
		source = entry->content->ops->open(entry->content, NULL);
		bytes = smith_source_read_all(source, 1 << 20, NULL);
		return g_strndup(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
	}
	g_assert_not_reached();
}

static void test_entries(void)
{
	static const struct {
		const char *path, *target;
		SmithEntryType type;
		guint mode;
	} expected[] = {
		{"opt", NULL, SMITH_ENTRY_DIR, 0755},
		{"opt/venv", NULL, SMITH_ENTRY_DIR, 0755},
		{"opt/venv/bin", NULL, SMITH_ENTRY_DIR, 0755},
		{"opt/venv/bin/activate", NULL, SMITH_ENTRY_FILE, 0644},
		{"opt/venv/bin/python", "python3", SMITH_ENTRY_SYMLINK, 0777},
		{"opt/venv/bin/python3", "/usr/bin/python3", SMITH_ENTRY_SYMLINK, 0777},
		{"opt/venv/bin/python3.11", "python3", SMITH_ENTRY_SYMLINK, 0777},
		{"opt/venv/include", NULL, SMITH_ENTRY_DIR, 0755},
		{"opt/venv/include/python3.11", NULL, SMITH_ENTRY_DIR, 0755},
		{"opt/venv/lib", NULL, SMITH_ENTRY_DIR, 0755},
		{"opt/venv/lib/python3.11", NULL, SMITH_ENTRY_DIR, 0755},
		{"opt/venv/lib/python3.11/site-packages", NULL, SMITH_ENTRY_DIR, 0755},
		{"opt/venv/lib64", "lib", SMITH_ENTRY_SYMLINK, 0777},
		{"opt/venv/pyvenv.cfg", NULL, SMITH_ENTRY_FILE, 0644},
	};
	g_autoptr(GPtrArray) entries = make(&usual);

	g_assert_cmpuint(entries->len, ==, G_N_ELEMENTS(expected));
	for (guint i = 0; i < entries->len; i++) {
		const SmithEntry *entry = entries->pdata[i];

		g_assert_cmpstr(entry->path, ==, expected[i].path);
		g_assert_cmpint(entry->type, ==, expected[i].type);
		g_assert_cmpstr(entry->target, ==, expected[i].target);
		g_assert_cmpuint(entry->mode, ==, expected[i].mode);
		g_assert_cmpint(entry->mtime, ==, 1700000000);
		g_assert_cmpuint(entry->uid, ==, i == 0 ? 0 : 5);
		g_assert_cmpuint(entry->gid, ==, i == 0 ? 0 : 6);
	}
}

static void test_config(void)
{
	SmithVenvSpec old = usual;
	g_autoptr(GPtrArray) entries = make(&usual), olds = NULL;
	g_autofree char *text = text_of(entries, "opt/venv/pyvenv.cfg"), *old_text = NULL;

	g_assert_cmpstr(text, ==,
			"home = /usr/bin\n"
			"include-system-site-packages = false\n"
			"version = 3.11.2\n"
			"executable = /usr/bin/python3.11\n"
			"command = /usr/bin/python3 -m venv --without-pip /opt/venv\n");
	old.python = "3.9";
	old.full_version = "3.9.2";
	olds = make(&old);
	old_text = text_of(olds, "opt/venv/pyvenv.cfg");
	g_assert_cmpstr(old_text, ==,
			"home = /usr/bin\n"
			"include-system-site-packages = false\n"
			"version = 3.9.2\n");
}

static void test_bad(void)
{
	static const SmithVenvSpec bad[] = {
		{"/opt", "3.11", "3.11.2", "/usr/bin/python3.11", "/usr/bin", 0, 0, 0},
		{"a/..", "3.11", "3.11.2", "/usr/bin/python3.11", "/usr/bin", 0, 0, 0},
		{"v\nx", "3.11", "3.11.2", "/usr/bin/python3.11", "/usr/bin", 0, 0, 0},
		{"v", "2.7", "2.7.18", "/usr/bin/python2.7", "/usr/bin", 0, 0, 0},
		{"v", "3.", "3.11.2", "/usr/bin/python3.11", "/usr/bin", 0, 0, 0},
		{"v", "3.1", "3.11.2", "/usr/bin/python3.11", "/usr/bin", 0, 0, 0},
		{"v", "3.11", "3.11.2\nx = y", "/usr/bin/python3.11", "/usr/bin", 0, 0, 0},
		{"v", "3.11", "3.11.2", "python3.11", "/usr/bin", 0, 0, 0},
		{"v", "3.11", "3.11.2", "/usr/bin/python3.11", "", 0, 0, 0},
	};

	for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autoptr(GError) error = NULL;

		g_assert_null(smith_venv_entries(&bad[i], &error));
		g_assert_nonnull(error);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/python/venv/entries", test_entries);
	g_test_add_func("/python/venv/config", test_config);
	g_test_add_func("/python/venv/bad", test_bad);
	return g_test_run();
}
