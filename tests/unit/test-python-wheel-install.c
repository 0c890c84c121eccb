/* SPDX-License-Identifier: Apache-2.0 */
#include "python/wheel-install.h"

#include "base/error.h"
#include "tests/unit/wheel-builder.h"

#define SITE "opt/venv/lib/python3.11/site-packages"
#define INFO "demo-1.0.dist-info"
#define DATA "demo-1.0.data"

static const SmithInstallTarget usual = {
	"opt/venv", "3.11", "/opt/venv/bin/python3", 1700000000, 10001, 10002, false, NULL};

static GPtrArray *lay(WheelBuilder *builder, const SmithInstallTarget *target, GError **error)
{
	g_autoptr(GBytes) bytes = wheel_finish(builder);
	g_autoptr(SmithWheel) wheel = smith_wheel_open(AT_FDCWD, builder->path, error);
	g_autoptr(SmithEntryIter) iter = NULL;

	g_assert_nonnull(wheel);
	iter = smith_wheel_entries(wheel, target, error);
	g_clear_pointer(&wheel, smith_wheel_unref); /* entries keep what they need */
	return iter != NULL ? smith_entry_iter_collect(iter, error) : NULL;
}

static const SmithEntry *find(const GPtrArray *entries, const char *path)
{
	for (guint i = 0; i < entries->len; i++) {
		const SmithEntry *entry = entries->pdata[i];

		if (strcmp(entry->path, path) == 0)
			return entry;
	}
	return NULL;
}

static char *text_of(const GPtrArray *entries, const char *path)
{
	const SmithEntry *entry = find(entries, path);
	g_autoptr(GError) error = NULL;
	g_autoptr(SmithSource) source = NULL;
	g_autoptr(GBytes) bytes = NULL;

	g_assert_nonnull(entry);
	source = entry->content->ops->open(entry->content, &error);
	g_assert_no_error(error);
	bytes = smith_source_read_all(source, 1 << 20, &error);
	g_assert_no_error(error);
	return g_strndup(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
}

/* All that everything() becomes, in order. */
static const char *const paths[] = {
	"opt",
	"opt/venv",
	"opt/venv/bin",
	"opt/venv/bin/old",
	"opt/venv/bin/plain",
	"opt/venv/bin/tool",
	"opt/venv/bin/window",
	"opt/venv/include",
	"opt/venv/include/site",
	"opt/venv/include/site/python3.11",
	"opt/venv/include/site/python3.11/demo",
	"opt/venv/include/site/python3.11/demo/d.h",
	"opt/venv/lib",
	"opt/venv/lib/python3.11",
	SITE,
	SITE "/demo",
	SITE "/demo/__init__.py",
	SITE "/demo/run.sh",
	SITE "/" INFO,
	SITE "/" INFO "/INSTALLER",
	SITE "/" INFO "/METADATA",
	SITE "/" INFO "/RECORD",
	SITE "/" INFO "/WHEEL",
	SITE "/" INFO "/entry_points.txt",
	SITE "/linked.py",
	SITE "/plat.py",
	SITE "/pure.py",
	"opt/venv/share",
	"opt/venv/share/x",
};

/* A wheel with every kind of file. */
static void everything(WheelBuilder *builder)
{
	wheel_begin(builder);
	wheel_add(builder,
		  &(ZipSpec){.name = "demo/__init__.py", .data = "x = 1\n", .deflate = true});
	wheel_add(builder,
		  &(ZipSpec){.name = "demo/run.sh", .data = "#!/bin/sh\n", .mode = 0100750});
	wheel_add(builder, &(ZipSpec){.name = INFO "/entry_points.txt",
				      .data = "[console_scripts]\ntool = demo:Main.go\n"
					      "[gui_scripts]\nwindow = demo.gui:main\n"});
	wheel_add(builder, &(ZipSpec){.name = INFO "/INSTALLER", .data = "somebody\n"});
	wheel_add(builder, &(ZipSpec){.name = DATA "/purelib/pure.py", .data = ""});
	wheel_add(builder, &(ZipSpec){.name = DATA "/platlib/plat.py", .data = ""});
	wheel_add(builder, &(ZipSpec){.name = DATA "/headers/d.h", .data = ""});
	wheel_add(builder, &(ZipSpec){.name = DATA "/data/share/x", .data = "x"});
	wheel_add(builder, &(ZipSpec){.name = DATA "/data/lib64/python3.11/site-packages/linked.py",
				      .data = ""});
	wheel_add(builder, &(ZipSpec){.name = DATA "/scripts/old",
				      .deflate = true,
				      .data = "#!pythonw -x\nprint(1)\n",
				      .mode = 0100755});
	wheel_add(builder, &(ZipSpec){.name = DATA "/scripts/plain", .data = "#!/bin/sh\n"});
	wheel_add(builder, &(ZipSpec){.name = DATA "/scripts/tool", .data = "#!python\n"});
	wheel_add(builder,
		  &(ZipSpec){.name = DATA "/scripts/tool-script.py", .data = "#!python\n"});
}

static void test_layout(void)
{
	g_auto(WheelBuilder) builder = {0};
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) entries = NULL;

	everything(&builder);
	entries = lay(&builder, &usual, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(entries->len, ==, G_N_ELEMENTS(paths));
	for (guint i = 0; i < entries->len; i++) {
		const SmithEntry *entry = entries->pdata[i];

		g_assert_cmpstr(entry->path, ==, paths[i]);
		g_assert_cmpint(entry->mtime, ==, 1700000000);
		g_assert_cmpuint(entry->uid, ==, i == 0 ? 0 : 10001);
		g_assert_cmpuint(entry->gid, ==, i == 0 ? 0 : 10002);
		if (entry->type == SMITH_ENTRY_DIR)
			g_assert_cmpuint(entry->mode, ==, 0755);
	}
	g_assert_cmpuint(find(entries, SITE "/demo/run.sh")->mode, ==, 0755);
	g_assert_cmpuint(find(entries, SITE "/demo/__init__.py")->mode, ==, 0644);
	g_assert_cmpuint(find(entries, "opt/venv/bin/old")->mode, ==, 0755);
	g_assert_cmpuint(find(entries, "opt/venv/bin/plain")->mode, ==, 0644);
	g_assert_cmpuint(find(entries, "opt/venv/bin/tool")->mode, ==, 0755);
	g_assert_true(find(entries, SITE "/demo/__init__.py")->content->can_splice);
}

static void test_texts(void)
{
	g_auto(WheelBuilder) builder = {0};
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) entries = NULL;
	g_autofree char *old = NULL, *tool = NULL, *record = NULL, *installer = NULL;

	everything(&builder);
	entries = lay(&builder, &usual, &error);
	g_assert_no_error(error);
	old = text_of(entries, "opt/venv/bin/old");
	g_assert_cmpstr(old, ==, "#!/opt/venv/bin/python3\nprint(1)\n");
	tool = text_of(entries, "opt/venv/bin/tool");
	g_assert_cmpstr(tool, ==,
			"#!/opt/venv/bin/python3\n"
			"# -*- coding: utf-8 -*-\n"
			"import re\n"
			"import sys\n"
			"from demo import Main\n"
			"if __name__ == '__main__':\n"
			"    sys.argv[0] = re.sub(r'(-script\\.pyw|\\.exe)?$', '', sys.argv[0])\n"
			"    sys.exit(Main.go())\n");
	installer = text_of(entries, SITE "/" INFO "/INSTALLER");
	g_assert_cmpstr(installer, ==, "ocismith\n");
	record = text_of(entries, SITE "/" INFO "/RECORD");
	g_assert_true(g_str_has_prefix(record, "../../../bin/old,sha256="));
	g_assert_nonnull(strstr(record, "\r\n../../../bin/tool,sha256="));
	g_assert_nonnull(strstr(record, "\r\n../../../include/site/python3.11/demo/d.h,sha256="));
	g_assert_nonnull(strstr(record, "\r\n../../../lib64/python3.11/site-packages/linked.py,"));
	g_assert_nonnull(strstr(record, "\r\n" INFO "/RECORD,,\r\n"));
	g_assert_nonnull(strstr(record, "\r\n" DATA "/scripts/tool,sha256="));
}

/* The same wheel through other hands: another place, another order of the zip. */
static char *digest_of(gboolean reverse)
{
	g_auto(WheelBuilder) builder = {0};
	g_autoptr(GPtrArray) entries = NULL;
	g_autoptr(GString) all = g_string_new(NULL);
	static const char *const names[] = {"demo/a.py", "demo/b.py", "demo-x.py", "demo.py"};

	wheel_begin(&builder);
	for (guint i = 0; i < G_N_ELEMENTS(names); i++)
		wheel_add(&builder,
			  &(ZipSpec){.name = names[reverse ? G_N_ELEMENTS(names) - 1 - i : i],
				     .data = "x",
				     .deflate = true});
	entries = lay(&builder, &usual, NULL);
	for (guint i = 0; i < entries->len; i++) {
		const SmithEntry *entry = entries->pdata[i];
		g_autofree char *text = entry->type == SMITH_ENTRY_FILE
						? text_of(entries, entry->path)
						: g_strdup("");

		g_string_append_printf(all, "%s %o %s\n", entry->path, entry->mode, text);
	}
	return g_string_free(g_steal_pointer(&all), FALSE);
}

static void test_deterministic(void)
{
	g_autofree char *a = digest_of(FALSE), *b = digest_of(TRUE);

	g_assert_cmpstr(a, ==, b);
}

static void expect_conflict(const ZipSpec *first, const ZipSpec *second, SmithErrorCode code,
			    const char *text)
{
	g_auto(WheelBuilder) builder = {0};
	g_autoptr(GError) error = NULL;

	wheel_begin(&builder);
	wheel_add(&builder, first);
	if (second != NULL)
		wheel_add(&builder, second);
	g_assert_null(lay(&builder, &usual, &error));
	g_assert_error(error, SMITH_ERROR, (int)code);
	if (strstr(error->message, text) == NULL)
		g_error("got '%s', expected '%s'", error->message, text);
}

static void test_conflicts(void)
{
	static const char *const own[] = {
		"pyvenv.cfg",	"bin/python", "bin/python3", "bin/python3.11",
		"bin/activate", "lib64",      "bin"};
	static const char *const free_names[] = {"bin/python-argcomplete", "bin/pythonw",
						 "etc/lib64"};
	static const char points[] = "[console_scripts]\npython3 = demo:x\n";

	for (guint i = 0; i < G_N_ELEMENTS(own); i++) {
		g_autofree char *name = g_strconcat(DATA "/data/", own[i], NULL);

		expect_conflict(&(ZipSpec){.name = name, .data = "x"}, NULL, SMITH_ERROR_CONFLICT,
				"replace the venv's own");
	}
	for (guint i = 0; i < G_N_ELEMENTS(free_names); i++) {
		g_autofree char *name = g_strconcat(DATA "/data/", free_names[i], NULL);
		g_auto(WheelBuilder) builder = {0};
		g_autoptr(GPtrArray) entries = NULL;

		wheel_begin(&builder);
		wheel_add(&builder, &(ZipSpec){.name = name, .data = "x"});
		entries = lay(&builder, &usual, NULL);
		g_assert_nonnull(entries);
	}
	expect_conflict(&(ZipSpec){.name = INFO "/entry_points.txt", .data = points}, NULL,
			SMITH_ERROR_CONFLICT, "entry point 'python3' would replace");
	expect_conflict(&(ZipSpec){.name = "a.py", .data = "x"},
			&(ZipSpec){.name = DATA "/purelib/a.py", .data = "x"}, SMITH_ERROR_CONFLICT,
			"file 'a.py' and file '" DATA "/purelib/a.py' would both become");
	expect_conflict(&(ZipSpec){.name = "a", .data = "x"},
			&(ZipSpec){.name = DATA "/purelib/a/b", .data = "x"}, SMITH_ERROR_CONFLICT,
			"a file below it");
	expect_conflict(&(ZipSpec){.name = DATA "/data/bin/tool", .data = "x"},
			&(ZipSpec){.name = INFO "/entry_points.txt",
				   .data = "[console_scripts]\ntool = demo:x\n"},
			SMITH_ERROR_CONFLICT, "entry point 'tool'");
	expect_conflict(&(ZipSpec){.name = DATA "/stdlib/a.py", .data = "x"}, NULL,
			SMITH_ERROR_INVALID, "has the scheme 'stdlib'");
	expect_conflict(&(ZipSpec){.name = DATA "/a.py", .data = "x"}, NULL, SMITH_ERROR_INVALID,
			"is in no scheme");
}

/* Wheels with members that climb out do not even open; see the zip tests for the ways. */
static void test_climbs_out(void)
{
	static const char *const bad[] = {"../evil", DATA "/data/../../evil", "/etc/evil"};

	for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_auto(WheelBuilder) builder = {0};
		g_autoptr(GBytes) bytes = NULL;
		g_autoptr(GError) error = NULL;

		wheel_begin(&builder);
		wheel_add(&builder, &(ZipSpec){.name = bad[i], .data = "x"});
		bytes = wheel_finish(&builder);
		g_assert_null(smith_wheel_open(AT_FDCWD, builder.path, &error));
		g_assert_error(error, SMITH_ERROR, SMITH_ERROR_INVALID);
		g_assert_nonnull(strstr(error->message, bad[i]));
	}
}

static void test_targets(void)
{
	static const struct {
		SmithInstallTarget target;
		const char *first;
	} good[] = {
		{{"v", "3.9", "/v/bin/python3", 0, 0, 0, false, NULL}, "#!/v/bin/python3\n#"},
		{{"v", "3.9", "/a b/python3", 0, 0, 0, false, NULL},
		 "#!/bin/sh\n'''exec' \"/a b/python3\" \"$0\" \"$@\"\n' '''\n#"},
		{{"v", "3.9",
		  "/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		  "a"
		  "/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/python",
		  0, 0, 0, false, NULL},
		 "#!/aaaa"},
		{{"v", "3.9",
		  "/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		  "a"
		  "/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/python3",
		  0, 0, 0, false, NULL},
		 "#!/bin/sh\n'''exec' /aaaa"},
	};
	static const SmithInstallTarget bad[] = {
		{"/opt/venv", "3.11", "/x", 0, 0, 0, false, NULL},
		{"..", "3.11", "/x", 0, 0, 0, false, NULL},
		{"a/../b", "3.11", "/x", 0, 0, 0, false, NULL},
		{".", "3.11", "/x", 0, 0, 0, false, NULL},
		{"v", "3.9", "x", 0, 0, 0, false, NULL},
		{"v", "3.9", "/x\ny", 0, 0, 0, false, NULL},
		{"v", "3", "/x", 0, 0, 0, false, NULL},
		{"v", "3.11/x", "/x", 0, 0, 0, false, NULL},
	};

	for (guint i = 0; i < G_N_ELEMENTS(good); i++) {
		g_auto(WheelBuilder) builder = {0};
		g_autoptr(GError) error = NULL;
		g_autoptr(GPtrArray) entries = NULL;
		g_autofree char *text = NULL;

		wheel_begin(&builder);
		wheel_add(&builder, &(ZipSpec){.name = INFO "/entry_points.txt",
					       .data = "[console_scripts]\ntool = demo:x\n"});
		entries = lay(&builder, &good[i].target, &error);
		g_assert_no_error(error);
		text = text_of(entries, "v/bin/tool");
		g_assert_true(g_str_has_prefix(text, good[i].first));
		g_assert_nonnull(find(entries, "v/lib/python3.9/site-packages"));
	}
	for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_auto(WheelBuilder) builder = {0};
		g_autoptr(GError) error = NULL;

		wheel_begin(&builder);
		g_assert_null(lay(&builder, &bad[i], &error));
		g_assert_error(error, SMITH_ERROR, SMITH_ERROR_INVALID);
	}
}

/* pip's own wheel gets the names of the interpreter that it is for. */
static void test_versioned_commands(void)
{
	g_auto(WheelBuilder) builder = {0};
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) entries = NULL;

	wheel_begin(&builder);
	wheel_add(&builder, &(ZipSpec){.name = INFO "/entry_points.txt",
				       .data = "[console_scripts]\npip = p:m\npip2 = p:m\n"
					       "pip3.7 = p:m\npipx = p:m\neasy_install = p:m\n"
					       "easy_install-2.7 = p:m\n"});
	entries = lay(&builder, &usual, &error);
	g_assert_no_error(error);
	g_assert_nonnull(find(entries, "opt/venv/bin/pip"));
	g_assert_nonnull(find(entries, "opt/venv/bin/pip3"));
	g_assert_nonnull(find(entries, "opt/venv/bin/pip3.11"));
	g_assert_nonnull(find(entries, "opt/venv/bin/pipx"));
	g_assert_nonnull(find(entries, "opt/venv/bin/easy_install-3.11"));
	g_assert_null(find(entries, "opt/venv/bin/pip2"));
	g_assert_null(find(entries, "opt/venv/bin/pip3.7"));
	g_assert_null(find(entries, "opt/venv/bin/easy_install-2.7"));
}

/* A lie of RECORD comes out when the content is read, unless the wheel is known to be verified. */
static void test_lie_while_streaming(void)
{
	for (guint verified = 0; verified < 2; verified++) {
		g_auto(WheelBuilder) builder = {0};
		SmithInstallTarget target = usual;
		g_autoptr(GError) error = NULL;
		g_autoptr(GPtrArray) entries = NULL;
		g_autoptr(SmithSource) source = NULL;
		g_autoptr(GByteArray) array = g_byte_array_new();
		g_autoptr(SmithSink) plain = smith_sink_new_bytes(array);
		SmithContent *content;
		SmithRecordRow *row;

		target.verified = verified == 1;
		wheel_begin(&builder);
		wheel_add(&builder,
			  &(ZipSpec){.name = "demo.py", .data = "x = 1\n", .deflate = true});
		row = wheel_row(&builder, "demo.py");
		row->hash[10] = row->hash[10] == 'A' ? 'B' : 'A';
		entries = lay(&builder, &target, &error);
		g_assert_no_error(error);
		content = find(entries, SITE "/demo.py")->content;
		source = content->ops->open(content, &error);
		g_assert_no_error(error);
		g_assert_true(smith_source_drain(source, &error) == (verified == 1));
		g_clear_error(&error);
		g_assert_true(content->ops->splice(content, NULL, plain, &error) ==
			      (verified == 1));
	}
}

/* Beside its source, with a row that promises nothing; what the wheel has there is not believed. */
static void test_bytecode(void)
{
	static const char path[] = SITE "/demo/__pycache__/__init__.cpython-311.pyc";
	g_auto(WheelBuilder) builder = {0};
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) entries = NULL;
	g_autoptr(GBytes) pyc = g_bytes_new_static("compiled", 8);
	g_autoptr(SmithContent) content = smith_content_new_bytes(pyc);
	g_autoptr(GHashTable) pycs = g_hash_table_new(g_str_hash, g_str_equal);
	g_autofree char *text = NULL, *record = NULL;
	SmithInstallTarget target = usual;

	g_hash_table_insert(pycs, (gpointer)SITE "/demo/__init__.py", content);
	target.pycs = pycs;
	wheel_begin(&builder);
	wheel_add(&builder, &(ZipSpec){.name = "demo/__init__.py", .data = "x = 1\n"});
	wheel_add(&builder, &(ZipSpec){.name = "demo/other.py", .data = "x = 1\n"});
	wheel_add(&builder,
		  &(ZipSpec){.name = "demo/__pycache__/__init__.cpython-311.pyc", .data = "stale"});
	entries = lay(&builder, &target, &error);
	g_assert_no_error(error);
	text = text_of(entries, path);
	g_assert_cmpstr(text, ==, "compiled");
	g_assert_cmpuint(find(entries, path)->mode, ==, 0644);
	g_assert_cmpuint(find(entries, path)->uid, ==, 10001);
	g_assert_null(find(entries, SITE "/demo/__pycache__/other.cpython-311.pyc"));
	record = text_of(entries, SITE "/" INFO "/RECORD");
	g_assert_nonnull(strstr(record, "\r\ndemo/__pycache__/__init__.cpython-311.pyc,,\r\n"));
	g_assert_null(strstr(record, "__init__.cpython-311.pyc,sha256"));
	g_assert_null(strstr(record, "other.cpython"));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/python/wheel-install/layout", test_layout);
	g_test_add_func("/python/wheel-install/texts", test_texts);
	g_test_add_func("/python/wheel-install/deterministic", test_deterministic);
	g_test_add_func("/python/wheel-install/conflicts", test_conflicts);
	g_test_add_func("/python/wheel-install/climbs-out", test_climbs_out);
	g_test_add_func("/python/wheel-install/targets", test_targets);
	g_test_add_func("/python/wheel-install/versioned-commands", test_versioned_commands);
	g_test_add_func("/python/wheel-install/lie-while-streaming", test_lie_while_streaming);
	g_test_add_func("/python/wheel-install/bytecode", test_bytecode);
	return g_test_run();
}
