/* SPDX-License-Identifier: Apache-2.0 */
#include "layers/dir.h"

#include <gio/gio.h>
#include <sys/stat.h>

#include "base/error.h"
#include "layers-test.h"

static char *describe(SmithEntryIter *iter)
{
	GError *error = NULL;
	GString *text = g_string_new(NULL);
	const char *last = NULL;
	g_autoptr(GPtrArray) entries = smith_entry_iter_collect(iter, &error);
	g_assert_no_error(error);
	for (guint i = 0; i < entries->len; i++) {
		SmithEntry *entry = entries->pdata[i];
		g_assert_true(last == NULL || smith_entry_path_compare(last, entry->path) < 0);
		last = entry->path;
		g_assert_cmpuint(entry->uid, ==, 0);
		g_string_append_printf(text, "%o %s", entry->mode, entry->path);
		if (entry->target != NULL)
			g_string_append_printf(text, " -> %s", entry->target);
		if (entry->content != NULL) {
			g_autoptr(SmithSource) source =
				entry->content->ops->open(entry->content, &error);
			g_assert_no_error(error);
			g_autoptr(GBytes) bytes = smith_source_read_all(source, 1000, &error);
			g_assert_no_error(error);
			g_string_append_printf(text, " [%.*s]", (int)g_bytes_get_size(bytes),
					       (const char *)g_bytes_get_data(bytes, NULL));
		}
		g_string_append_c(text, '\n');
	}
	return g_string_free(text, FALSE);
}

static char *read_dir(const TestDir *dir, const char *subpath, const char *dest, const char *rules,
		      GError **error)
{
	g_autoptr(SmithIgnore) ignore =
		smith_ignore_parse(rules, strlen(rules), ".dockerignore", NULL);
	int fd = dup(dir->fd);
	g_autoptr(SmithEntryIter) iter = smith_dir_read(fd, subpath, dest, ignore, error);
	close(fd); /* the contents have a descriptor of their own */
	return iter != NULL ? describe(iter) : NULL;
}

static TestDir sample(void)
{
	TestDir dir = test_dir_new();
	g_free(test_run(&dir, "umask 027; mkdir -p app/pkg/deep app.d; printf m > app/main.py;"
			      "printf b > app/pkg/b; printf a > app/pkg/a; chmod 0711 app/pkg/a;"
			      "printf c > app/pkg/deep/c.pyc; ln -s ../main.py app/pkg/link;"
			      "printf x > app.d/x; chmod 0600 app.d/x; printf z > z; chmod 0 z;"
			      "chmod 0400 z"));
	return dir;
}

static void test_plain(void)
{
	g_auto(TestDir) dir = sample();
	GError *error = NULL;
	g_autofree char *all = read_dir(&dir, ".", ".", "", &error);
	g_assert_no_error(error);
	g_assert_cmpstr(all, ==,
			"755 app\n644 app/main.py [m]\n755 app/pkg\n755 app/pkg/a [a]\n"
			"644 app/pkg/b [b]\n755 app/pkg/deep\n644 app/pkg/deep/c.pyc [c]\n"
			"777 app/pkg/link -> ../main.py\n755 app.d\n644 app.d/x [x]\n644 z [z]\n");
	g_autofree char *part = read_dir(&dir, "./app/pkg/", "/srv/x", "", &error);
	g_assert_no_error(error);
	g_assert_cmpstr(part, ==,
			"755 srv/x\n755 srv/x/a [a]\n644 srv/x/b [b]\n755 srv/x/deep\n"
			"644 srv/x/deep/c.pyc [c]\n777 srv/x/link -> ../main.py\n");
	g_autofree char *file = read_dir(&dir, "app/main.py", "srv/run.py", "", &error);
	g_assert_no_error(error);
	g_assert_cmpstr(file, ==, "644 srv/run.py [m]\n");
	g_autofree char *to_root = read_dir(&dir, "app/pkg/deep", ".", "", &error);
	g_assert_cmpstr(to_root, ==, "644 c.pyc [c]\n");
}

static void test_ignored(void)
{
	g_auto(TestDir) dir = sample();
	GError *error = NULL;
	g_autofree char *some = read_dir(&dir, ".", ".", "**/*.pyc\napp.d\nz", &error);
	g_assert_cmpstr(some, ==,
			"755 app\n644 app/main.py [m]\n755 app/pkg\n755 app/pkg/a [a]\n"
			"644 app/pkg/b [b]\n755 app/pkg/deep\n777 app/pkg/link -> ../main.py\n");
	/* brought back below a hidden directory: its parents come along, other directories do not
	 */
	g_autofree char *back = read_dir(&dir, ".", ".", "*\n!app/pkg/deep/*.pyc", &error);
	g_assert_cmpstr(back, ==,
			"755 app\n755 app/pkg\n755 app/pkg/deep\n"
			"644 app/pkg/deep/c.pyc [c]\n");
	/* patterns are about the context, not the part of it that is asked for */
	g_autofree char *part = read_dir(&dir, "app/pkg", "p", "app/pkg/a\nb\n", &error);
	g_assert_cmpstr(part, ==,
			"755 p\n644 p/b [b]\n755 p/deep\n644 p/deep/c.pyc [c]\n"
			"777 p/link -> ../main.py\n");
	g_assert_null(read_dir(&dir, "app/main.py", "m", "x\n*/main.*\n", &error));
	g_assert_error(error, SMITH_ERROR, SMITH_ERROR_NOT_FOUND);
	g_assert_cmpstr(error->message, ==,
			"'app/main.py' is hidden by .dockerignore:2: pattern '*/main.*'");
	g_clear_error(&error);
	g_assert_null(read_dir(&dir, "app/pkg", "m", "app\n", &error));
	g_assert_error(error, SMITH_ERROR, SMITH_ERROR_NOT_FOUND);
	g_clear_error(&error);
}

static void refuse(const char *setup, const char *subpath, const char *message)
{
	g_auto(TestDir) dir = test_dir_new();
	g_autoptr(GError) error = NULL;
	g_free(test_run(&dir, setup));
	g_assert_null(read_dir(&dir, subpath, "x", "", &error));
	g_assert_nonnull(error);
	if (strstr(error->message, message) == NULL)
		g_test_message("%s", error->message);
	g_assert_nonnull(strstr(error->message, message));
}

static void test_bad(void)
{
	refuse("mkdir a; ln -s ../../etc a/l", "a", "'a/l' leads out of its tree, to '../../etc'");
	refuse("ln -s /etc/passwd l", ".", "'l' leads out of its tree, to '/etc/passwd'");
	refuse("mkdir a; ln -s x/../../../y a/l", "a", "leads out");
	refuse("mkdir a; mkfifo a/f", ".", "'a/f' is a fifo");
	refuse("true", "missing", "'missing'");
	refuse("true", "../x", "'../x'");
	refuse("true", "", "");
	refuse("ln -s /etc e", "e/passwd", "");
	refuse("mkdir -p $(printf 'd/%.0s' $(seq 300))", ".", "256 levels");
}

static void test_socket(void)
{
	if (test_need("python3"))
		refuse("python3 -c \"import socket; socket.socket(socket.AF_UNIX).bind('s')\"", ".",
		       "'s' is a socket");
}

/* Links that stay are fine, however they are written. */
static void test_links(void)
{
	g_auto(TestDir) dir = test_dir_new();
	GError *error = NULL;
	g_free(test_run(&dir, "mkdir -p a/b; ln -s ../../c a/b/l; ln -s ./././x a/m;"
			      "ln -s b/../../a/./b/ a/n; ln -s . o"));
	g_autofree char *text = read_dir(&dir, ".", ".", "", &error);
	g_assert_no_error(error);
	g_assert_cmpstr(text, ==,
			"755 a\n755 a/b\n777 a/b/l -> ../../c\n777 a/m -> ./././x\n"
			"777 a/n -> b/../../a/./b/\n777 o -> .\n");
}

/* A file that changes, or becomes a link, between being listed and being read. */
static void test_changed(void)
{
	static const char *const changes[] = {"printf longer > f", ": > f",
					      "rm f; ln -s /etc/hostname f", "rm f"};
	for (guint i = 0; i < G_N_ELEMENTS(changes); i++) {
		g_auto(TestDir) dir = test_dir_new();
		g_autoptr(GError) error = NULL;
		g_free(test_run(&dir, "printf abc > f"));
		g_autoptr(SmithEntryIter) iter = smith_dir_read(dir.fd, ".", ".", NULL, &error);
		g_assert_no_error(error);
		g_autoptr(SmithEntry) entry = NULL;
		g_assert_true(smith_entry_iter_next(iter, &entry, &error));
		g_free(test_run(&dir, changes[i]));
		g_autoptr(SmithSource) source = entry->content->ops->open(entry->content, &error);
		g_autoptr(GBytes) bytes =
			source != NULL ? smith_source_read_all(source, 100, &error) : NULL;
		g_assert_null(bytes);
		g_assert_nonnull(error);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/layers/dir/plain", test_plain);
	g_test_add_func("/layers/dir/ignored", test_ignored);
	g_test_add_func("/layers/dir/bad", test_bad);
	g_test_add_func("/layers/dir/socket", test_socket);
	g_test_add_func("/layers/dir/links", test_links);
	g_test_add_func("/layers/dir/changed", test_changed);
	return g_test_run();
}
