/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"

#include <errno.h>
#include <gio/gio.h>
#include <stdbool.h>

static void test_throw(void)
{
	GError *error = NULL;
	g_assert_false(smith_throw(&error, SMITH_ERROR_LIMIT, "got %d, expected %d", 2, 1));
	g_assert_error(error, SMITH_ERROR, SMITH_ERROR_LIMIT);
	g_assert_cmpstr(error->message, ==, "got 2, expected 1");
	g_clear_error(&error);

	g_assert_null(smith_throw_null(&error, SMITH_ERROR_STALE, "%s", "old"));
	g_assert_error(error, SMITH_ERROR, SMITH_ERROR_STALE);
	g_clear_error(&error);

	g_assert_cmpint(smith_throw_fd(&error, SMITH_ERROR_USAGE, "%s", "how"), ==, -1);
	g_assert_error(error, SMITH_ERROR, SMITH_ERROR_USAGE);
	g_clear_error(&error);

	g_assert_false(smith_throw(NULL, SMITH_ERROR_FAILED, "nobody listens"));
	g_assert_null(smith_throw_null(NULL, SMITH_ERROR_FAILED, "nobody listens"));
}

static void test_errno(void)
{
	GError *error = NULL;
	errno = ENOENT;
	g_assert_false(smith_throw_errno(&error, "cannot open '%s'", "a%sb"));
	g_assert_cmpint(errno, ==, ENOENT);
	g_assert_error(error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
	g_assert_cmpstr(error->message, ==, "cannot open 'a%sb': No such file or directory");
	g_clear_error(&error);

	errno = ENOSPC;
	g_assert_cmpint(smith_throw_errno_fd(&error, "cannot write"), ==, -1);
	g_assert_error(error, G_IO_ERROR, G_IO_ERROR_NO_SPACE);
	g_clear_error(&error);

	errno = EACCES;
	g_assert_null(smith_throw_errno_null(&error, "cannot read"));
	g_assert_error(error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED);
	g_clear_error(&error);

	errno = EIO;
	g_assert_false(smith_throw_errno(NULL, "nobody listens"));
	g_assert_cmpint(errno, ==, EIO);
}

static gboolean fail_within(const char *subject, bool fail, GError **error)
{
	SMITH_AUTO_PREFIX("reading", subject, error);
	return !fail || smith_throw(error, SMITH_ERROR_INVALID, "it is 100%% wrong");
}

static gboolean fail_outside(bool fail, GError **error)
{
	SMITH_AUTO_PREFIX("building", "x%n", error);
	return fail_within(NULL, fail, error);
}

static void test_prefix(void)
{
	GError *error = NULL;
	g_assert_true(fail_within("a", false, &error));
	g_assert_no_error(error);
	g_assert_false(fail_within("a", true, NULL));
	g_assert_false(fail_within("a", true, &error));
	g_assert_error(error, SMITH_ERROR, SMITH_ERROR_INVALID);
	g_assert_cmpstr(error->message, ==, "reading 'a': it is 100% wrong");
	g_clear_error(&error);
	g_assert_false(fail_outside(true, &error));
	g_assert_cmpstr(error->message, ==, "building 'x%n': reading: it is 100% wrong");
	g_clear_error(&error);
}

static void test_nearest(void)
{
	static const char *const keys[] = {"ports",   "health", "requirements", "pip",
					   "secrets", "env",	"volumes",	NULL};
	static const struct {
		const char *word, *nearest;
	} rows[] = {
		{"pots", "ports"},
		{"prots", "ports"},
		{"port", "ports"},
		{"Ports", "ports"},
		{"requiremnets", "requirements"},
		{"requiremnts_", "requirements"},
		{"pipp", "pip"},
		{"pi", "pip"},
		{"ppi", "pip"},
		{"ent", "env"},
		{"heallhy", "health"},
		{"apple", NULL},
		{"", NULL},
		{"x", NULL},
		{"stairs", NULL},
		{"volume", "volumes"},
	};
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
		g_assert_cmpstr(smith_nearest(rows[i].word, keys), ==, rows[i].nearest);

	static const char *const none[] = {NULL};
	g_assert_null(smith_nearest("ports", none));

	/* equally near: the first one */
	static const char *const two[] = {"cat", "bat", NULL};
	g_assert_cmpstr(smith_nearest("rat", two), ==, "cat");

	g_autofree char *huge = g_strnfill(1 << 20, 'a');
	const char *const long_keys[] = {huge, "aaaa", NULL};
	g_assert_null(smith_nearest(huge, long_keys));
	g_assert_cmpstr(smith_nearest("aaa", long_keys), ==, "aaaa");
	huge[64] = '\0';
	g_assert_cmpstr(smith_nearest(huge, long_keys), ==, huge);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/error/throw", test_throw);
	g_test_add_func("/error/errno", test_errno);
	g_test_add_func("/error/prefix", test_prefix);
	g_test_add_func("/error/nearest", test_nearest);
	return g_test_run();
}
