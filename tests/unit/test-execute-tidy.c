/* SPDX-License-Identifier: Apache-2.0 */
#include "execute/tidy.h"

#include <string.h>

#include "base/error.h"
#include "execute/apt-run.h"
#include "execute/deb.h"

/* The page prints the table: pattern and reason of each rule. */
static void test_documented(void)
{
	g_autofree char *path = g_test_build_filename(G_TEST_DIST, "docs", "debs.md", NULL);
	g_autofree char *text = NULL;
	g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
	for (const SmithTidyRule *rule = smith_tidy_rules; rule->pattern != NULL; rule++) {
		g_autofree char *cell = g_strdup_printf("| `%s` | ", rule->pattern);
		const char *row = strstr(text, cell);
		if (row == NULL)
			g_error("docs/debs.md says nothing of '%s'", rule->pattern);
		const char *end = strchr(row, '\n');
		g_autofree char *line = g_strndup(row, (gsize)(end - row));
		if (strstr(line, rule->reason) == NULL)
			g_error("docs/debs.md has another reason for '%s'", rule->pattern);
	}
}

/* One path for each rule at least; without the rule another would hold, or none. */
static const struct {
	const char *path;
	int action;
} rows[] = {
	{"run", SMITH_TIDY_KEEP},
	{"run/lock", SMITH_TIDY_KEEP},
	{"run/lock/x", SMITH_TIDY_DROP},
	{"runit/x", SMITH_TIDY_KEEP},
	{"srv/run/x", SMITH_TIDY_KEEP},
	{"tmp/a/b", SMITH_TIDY_DROP},
	{"var/tmp/a", SMITH_TIDY_DROP},
	{"dev/null", SMITH_TIDY_DROP},
	{"proc/x", SMITH_TIDY_DROP},
	{"sys/x", SMITH_TIDY_DROP},
	{"var/lib/apt/lists/x_Packages", SMITH_TIDY_DROP_FILES},
	{"var/lib/apt/extended_states", SMITH_TIDY_KEEP},
	{"var/lib/apt/periodic/update-success-stamp", SMITH_TIDY_DROP_FILES},
	{"var/cache/apt/pkgcache.bin", SMITH_TIDY_DROP_FILES},
	{"var/cache/debconf/config.dat-old", SMITH_TIDY_DROP},
	{"var/cache/debconf/config.dat", SMITH_TIDY_KEEP},
	{"var/cache/ldconfig/aux-cache", SMITH_TIDY_DROP_FILES},
	{"etc/ld.so.cache", SMITH_TIDY_KEEP},
	{"var/cache/man/index.db", SMITH_TIDY_DROP_FILES},
	{"var/cache/fontconfig/x-le64.cache-8", SMITH_TIDY_DROP_FILES},
	{"usr/share/fonts/truetype/.uuid", SMITH_TIDY_DROP},
	{".uuid", SMITH_TIDY_DROP},
	{"var/lib/dpkg/status", SMITH_TIDY_KEEP},
	{"var/lib/dpkg/status-old", SMITH_TIDY_DROP},
	{"var/lib/dpkg/info/x-old", SMITH_TIDY_KEEP},
	{"var/lib/dpkg/lock", SMITH_TIDY_DROP},
	{"var/lib/dpkg/lock-frontend", SMITH_TIDY_DROP},
	{"var/lib/dpkg/triggers/Lock", SMITH_TIDY_DROP},
	{"var/lib/dpkg/triggers/File", SMITH_TIDY_KEEP},
	{"var/lib/ucf/hashfile.3", SMITH_TIDY_DROP},
	{"var/lib/ucf/hashfile", SMITH_TIDY_KEEP},
	{"var/lib/ucf/registry.0", SMITH_TIDY_DROP},
	{"var/backups/passwd.bak", SMITH_TIDY_DROP_FILES},
	{"etc/passwd-", SMITH_TIDY_DROP},
	{"etc/passwd", SMITH_TIDY_KEEP},
	{"etc/group-", SMITH_TIDY_DROP},
	{"etc/shadow-", SMITH_TIDY_DROP},
	{"etc/gshadow-", SMITH_TIDY_DROP},
	{"etc/subuid-", SMITH_TIDY_DROP},
	{"etc/subgid-", SMITH_TIDY_DROP},
	{"etc/.pwd.lock", SMITH_TIDY_DROP},
	{"etc/machine-id", SMITH_TIDY_EMPTY},
	{"var/lib/dbus/machine-id", SMITH_TIDY_EMPTY},
	{"var/lib/systemd/random-seed", SMITH_TIDY_DROP},
	{"var/lib/systemd/credential.secret", SMITH_TIDY_DROP},
	{"var/lib/urandom/random-seed", SMITH_TIDY_DROP},
	{"etc/ssh/ssh_host_ed25519_key", SMITH_TIDY_DROP},
	{"etc/ssh/ssh_host_ed25519_key.pub", SMITH_TIDY_DROP},
	{"etc/ssh/sshd_config", SMITH_TIDY_KEEP},
	{"etc/aliases.db", SMITH_TIDY_DROP},
	{"etc/aliases", SMITH_TIDY_KEEP},
	{"etc/bind/rndc.key", SMITH_TIDY_DROP},
	{"etc/ssl/private/ssl-cert-snakeoil.key", SMITH_TIDY_DROP},
	{"etc/ssl/certs/ssl-cert-snakeoil.pem", SMITH_TIDY_DROP},
	{"etc/ssl/certs/ca-certificates.crt", SMITH_TIDY_KEEP},
	{"var/log", SMITH_TIDY_KEEP},
	{"var/log/apt/history.log", SMITH_TIDY_DROP_FILES},
	{"var/log/dpkg.log", SMITH_TIDY_DROP},
	{"var/log/alternatives.log", SMITH_TIDY_DROP},
	{"var/log/bootstrap.log", SMITH_TIDY_DROP},
	{"var/log/fontconfig.log", SMITH_TIDY_DROP},
	{"var/log/nginx/access.log", SMITH_TIDY_EMPTY},
	{"usr/lib/python3/a.pyc", SMITH_TIDY_BYTECODE},
};

static void test_rules(void)
{
	g_autoptr(GHashTable) found = g_hash_table_new(NULL, NULL);
	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		const SmithTidyRule *rule = smith_tidy_find(rows[i].path);
		int action = rule != NULL ? (int)rule->action : SMITH_TIDY_KEEP;
		if (action != rows[i].action)
			g_error("'%s': %d", rows[i].path, action);
		g_hash_table_add(found, (gpointer)rule);
	}
	for (const SmithTidyRule *rule = smith_tidy_rules; rule->pattern != NULL; rule++)
		if (!g_hash_table_contains(found, rule))
			g_error("no path here is for '%s'", rule->pattern);
}

static void test_filter(void)
{
	static const char timed[] = "\xa7\x0d\x0d\x0a\0\0\0\0\x11\x22\x33\x44\5\0\0\0code";
	static const char hashed[] = "\xa7\x0d\x0d\x0a\3\0\0\0\x11\x22\x33\x44\5\0\0\0code";
	gint64 epoch = 0x04030201;
	g_autoptr(GError) error = NULL;
	GPtrArray *entries = g_ptr_array_new_with_free_func((GDestroyNotify)smith_entry_free);
	g_ptr_array_add(entries, smith_entry_new_file("a/b.pyc", 0644, timed, sizeof timed - 1));
	g_ptr_array_add(entries, smith_entry_new_file("a/c.pyc", 0644, hashed, sizeof hashed - 1));
	g_ptr_array_add(entries, smith_entry_new_symlink("etc/ssl/certs/1234abcd.0",
							 "ssl-cert-snakeoil.pem"));
	g_ptr_array_add(entries, smith_entry_new_file("etc/machine-id", 0444, "x\n", 2));
	g_ptr_array_add(entries, smith_entry_new(SMITH_ENTRY_DIR, "var/cache/man", 02755));
	g_ptr_array_add(entries, smith_entry_new(SMITH_ENTRY_DIR, "var/cache/man/de", 02755));
	g_ptr_array_add(entries, smith_entry_new_file("var/cache/man/index.db", 0644, "x", 1));
	g_autoptr(SmithEntryIter) iter = smith_tidy(smith_entry_iter_new_array(entries), &epoch);
	g_autoptr(GPtrArray) left = smith_entry_iter_collect(iter, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(left->len, ==, 5);
	const char *const names[] = {"a/b.pyc", "a/c.pyc", "etc/machine-id", "var/cache/man",
				     "var/cache/man/de"};
	for (guint i = 0; i < left->len; i++)
		g_assert_cmpstr(((SmithEntry *)left->pdata[i])->path, ==, names[i]);
	const SmithEntry *bytecode = left->pdata[0];
	g_autoptr(SmithSource) source = bytecode->content->ops->open(bytecode->content, &error);
	g_autoptr(GBytes) bytes = smith_source_read_all(source, 100, &error);
	g_assert_cmpmem(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes),
			"\xa7\x0d\x0d\x0a\0\0\0\0\1\2\3\4\5\0\0\0code", sizeof timed - 1);
	const SmithEntry *checked = left->pdata[1];
	g_autoptr(SmithSource) other = checked->content->ops->open(checked->content, &error);
	g_autoptr(GBytes) same = smith_source_read_all(other, 100, &error);
	g_assert_cmpmem(g_bytes_get_data(same, NULL), g_bytes_get_size(same), hashed,
			sizeof hashed - 1);
	g_assert_cmpuint(smith_entry_size(left->pdata[2]), ==, 0);
}

static void test_file_names(void)
{
	static const char *const bad[] = {
		"tini.deb",	      "tini_0.19_amd64",   "../tini_1_all.deb",
		"tini_1%2f2_all.deb", "tini_1%00_all.deb", "-tini_1_all.deb",
		"Tini_1_all.deb",     "tini_1_all.deb\n",  "tini_1 2_all.deb"};
	for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autoptr(SmithDeb) deb = g_new0(SmithDeb, 1);
		g_autoptr(GError) error = NULL;
		deb->file = g_strdup(bad[i]);
		if (smith_deb_parse_file(deb, &error))
			g_error("'%s' is taken for a package", bad[i]);
		g_assert_error(error, SMITH_ERROR, SMITH_ERROR_INVALID);
	}
	g_autoptr(SmithDeb) deb = g_new0(SmithDeb, 1);
	deb->file = g_strdup("libstdc++6_1%3a12.2.0-14+deb12u1~x_amd64.deb");
	g_assert_true(smith_deb_parse_file(deb, NULL));
	g_assert_cmpstr(deb->name, ==, "libstdc++6");
	g_assert_cmpstr(deb->version, ==, "1:12.2.0-14+deb12u1~x");
	g_assert_cmpstr(deb->architecture, ==, "amd64");
}

static void test_words(void)
{
	g_autofree char *words =
		smith_apt_failure("Setting up a (1) ...\n"
				  "Setting up b (1) ...\n"
				  "cannot find c\n"
				  "dpkg: error processing package b (--configure):\n"
				  " post-installation script: exit status 3\n"
				  "Processing triggers for x (1) ...\n"
				  "E: Sub-process /usr/bin/dpkg returned (1)\n");
	g_assert_cmpstr(words, ==,
			"cannot find c; dpkg: error processing package b (--configure):; "
			"post-installation script: exit status 3");
	g_autofree char *errors = smith_apt_words("Reading\nE: one\nx\nW: two\nE: one\n");
	g_assert_cmpstr(errors, ==, "E: one; W: two");
	g_autofree char *last = smith_apt_words("one\ntwo\n");
	g_assert_cmpstr(last, ==, "one; two");
	g_autofree char *none = smith_apt_words("");
	g_assert_cmpstr(none, ==, "it said nothing");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/execute/tidy/documented", test_documented);
	g_test_add_func("/execute/tidy/rules", test_rules);
	g_test_add_func("/execute/tidy/filter", test_filter);
	g_test_add_func("/execute/deb/file-names", test_file_names);
	g_test_add_func("/execute/apt/words", test_words);
	return g_test_run();
}
