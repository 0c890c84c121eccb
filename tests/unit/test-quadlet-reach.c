/* SPDX-License-Identifier: Apache-2.0 */
#include "quadlet/reach.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "tests/unit/fleet-test.h"

static const SmithReach here = {.system = true};

static void test_ask(void)
{
	const char *argv[] = {"sh", "-c", "echo out; echo 'Error: it is so' >&2; exit 3", NULL};
	g_auto(SmithAnswer) answer = {0};
	g_autoptr(GError) error = NULL;
	g_assert_true(smith_reach_ask(&here, argv, &answer, &error));
	g_assert_no_error(error);
	g_assert_cmpstr(answer.text, ==, "out\n");
	g_assert_cmpuint(answer.length, ==, 4);
	g_assert_cmpstr(answer.said, ==, "it is so");
	g_assert_cmpint(answer.status, ==, 3);
}

static void test_signal(void)
{
	const char *argv[] = {"sh", "-c", "kill -9 $$", NULL};
	g_auto(SmithAnswer) answer = {0};
	g_assert_true(smith_reach_ask(&here, argv, &answer, NULL));
	g_assert_cmpint(answer.status, ==, 137);
}

static void test_missing(void)
{
	const char *argv[] = {"no-such-program-here", NULL};
	g_auto(SmithAnswer) answer = {0};
	g_autoptr(GError) error = NULL;
	g_assert_false(smith_reach_ask(&here, argv, &answer, &error));
	g_assert_error(error, SMITH_ERROR, SMITH_ERROR_NOT_FOUND);
	g_assert_cmpstr(error->message, ==,
			"'no-such-program-here' is not installed on this machine");
}

/* Behind a directory of PATH that may not be searched, as one of root's is after su. */
static void test_closed_directory(void)
{
	g_autofree char *directory = g_dir_make_tmp("reach-XXXXXX", NULL);
	g_autofree char *old = g_strdup(g_getenv("PATH"));
	g_autofree char *path = g_strconcat(directory, ":", old, NULL);
	g_assert_cmpint(chmod(directory, 0), ==, 0);
	g_setenv("PATH", path, TRUE);
	test_missing();
	test_ask();
	g_setenv("PATH", old, TRUE);
	g_assert_cmpint(rmdir(directory), ==, 0);
}

/* More on one stream than a pipe holds, and more than is taken. */
static void test_much(void)
{
	const char *noisy[] = {"sh", "-c", "head -c 300000 /dev/zero >&2; echo done", NULL};
	const char *endless[] = {"sh", "-c", "cat /dev/zero", NULL};
	g_auto(SmithAnswer) answer = {0}, other = {0};
	g_autoptr(GError) error = NULL;
	g_assert_true(smith_reach_ask(&here, noisy, &answer, &error));
	g_assert_cmpstr(answer.text, ==, "done\n");
	g_assert_false(smith_reach_ask(&here, endless, &other, &error));
	g_assert_error(error, SMITH_ERROR, SMITH_ERROR_LIMIT);
}

static void test_destinations(void)
{
	static const char *const bad[] = {"", "-oProxyCommand=x", "a b", "a\nb"};
	for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
		const SmithReach reach = {.ssh = bad[i]};
		const char *argv[] = {"true", NULL};
		g_auto(SmithAnswer) answer = {0};
		g_autoptr(GError) error = NULL;
		g_assert_false(smith_reach_ask(&reach, argv, &answer, &error));
		g_assert_error(error, SMITH_ERROR, SMITH_ERROR_USAGE);
	}
}

/* Words of all kinds arrive as they are behind a shell. */
static void test_remote_words(gconstpointer data)
{
	const SmithReach reach = {.ssh = "u@h", .system = GPOINTER_TO_INT(data)};
	static const char *const hostile[] = {
		"printf", "%s\\0",	"",	 "a b",	    "'",	  "''\"",     "$(touch x)",
		"`id`",	  "; exit 9 #", "\\",	 "\\'",	    "\n",	  "a\nb\n",   "*",
		"~",	  "!!",		"-n",	 "${HOME}", "\t\x01\x7f", "\xff\xfe", "&& false",
		"<x",	  "|y",		"é日本", NULL};
	g_auto(GStrv) argv = smith_reach_argv(&reach, hostile);
	g_assert_cmpuint(g_strv_length(argv), ==, 4);
	g_assert_cmpstr(argv[0], ==, "ssh");
	g_assert_cmpstr(argv[1], ==, "--");
	g_assert_cmpstr(argv[2], ==, "u@h");
	const char *shell[] = {"sh", "-c", argv[3], NULL};
	g_auto(SmithAnswer) answer = {0};
	g_assert_true(smith_reach_ask(&here, shell, &answer, NULL));
	g_assert_cmpint(answer.status, ==, 0);
	const char *at = answer.text;
	for (guint i = 2; hostile[i] != NULL; i++) {
		g_assert_cmpstr(at, ==, hostile[i]);
		at += strlen(at) + 1;
	}
	g_assert_true(at == answer.text + answer.length);
}

/* @script in the place of ssh. */
static void check_ssh(const char *script, int code, const char *text)
{
	g_autofree char *directory = g_dir_make_tmp("reach-XXXXXX", NULL);
	g_autofree char *ssh = g_build_filename(directory, "ssh", NULL);
	g_autofree char *path = g_strconcat(directory, ":", g_getenv("PATH"), NULL);
	g_autofree char *before = g_strdup(g_getenv("PATH"));
	g_assert_true(g_file_set_contents(ssh, script, -1, NULL));
	g_assert_cmpint(chmod(ssh, 0755), ==, 0);
	g_setenv("PATH", path, TRUE);
	const SmithReach reach = {.ssh = "there"};
	const char *argv[] = {"podman", "ps", NULL};
	g_auto(SmithAnswer) answer = {0};
	g_autoptr(GError) error = NULL;
	g_assert_false(smith_reach_ask(&reach, argv, &answer, &error));
	g_assert_error(error, SMITH_ERROR, code);
	g_assert_cmpstr(error->message, ==, text);
	g_setenv("PATH", before, TRUE);
	remove(ssh);
	remove(directory);
}

static void test_ssh_fails(void)
{
	check_ssh("#!/bin/sh\necho 'Connection refused' >&2\nexit 255\n", SMITH_ERROR_FAILED,
		  "ssh to 'there' failed: Connection refused");
	check_ssh("#!/bin/sh\nexit 127\n", SMITH_ERROR_NOT_FOUND,
		  "'podman' is not installed on 'there'");
}

static void check_host(const char *hosts, const char *ssh, const char *name, const char *expected)
{
	g_auto(TestFleet) test = test_fleet_new();
	g_autoptr(GError) error = NULL;
	g_autofree char *text = g_strdup_printf("fleet: f\nhosts: %s\nservices: {}\n", hosts);
	test_fleet_write(&test, "fleet.yaml", text);
	const SmithFleet *fleet = test_fleet_check(&test);
	const SmithReach reach = {.ssh = ssh};
	const SmithHost *host = smith_reach_host(&reach, fleet, name, &error);
	g_assert_cmpstr(host != NULL ? host->name : NULL, ==, expected);
	if (expected == NULL)
		g_assert_error(error, SMITH_ERROR, SMITH_ERROR_USAGE);
}

static void test_host(void)
{
	g_autofree char *mine = g_strdup_printf("{other: {}, %s: {}}", g_get_host_name());
	check_host("{a: {}}", NULL, NULL, "a");
	check_host("{a: {}, b: {}}", NULL, NULL, NULL);
	check_host("{a: {}, b: {}}", NULL, "b", "b");
	check_host("{a: {}, b: {}}", NULL, "c", NULL);
	check_host("{a: {}, b: {address: 127.0.0.1}}", NULL, NULL, "b");
	check_host("{a: {}, b: {address: '127.0.0.1'}}", "root@a.example.org", NULL, "a");
	check_host("{a: {}, b: {address: 192.0.2.7}}", "u@192.0.2.7", NULL, "b");
	check_host("{a: {}, b: {}}", "u@ab", NULL, NULL);
	check_host(mine, NULL, NULL, g_get_host_name());
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/quadlet/reach/ask", test_ask);
	g_test_add_func("/quadlet/reach/signal", test_signal);
	g_test_add_func("/quadlet/reach/missing", test_missing);
	g_test_add_func("/quadlet/reach/closed-directory", test_closed_directory);
	g_test_add_func("/quadlet/reach/much", test_much);
	g_test_add_func("/quadlet/reach/destinations", test_destinations);
	g_test_add_data_func("/quadlet/reach/words", GINT_TO_POINTER(0), test_remote_words);
	g_test_add_data_func("/quadlet/reach/words-system", GINT_TO_POINTER(1), test_remote_words);
	g_test_add_func("/quadlet/reach/ssh-fails", test_ssh_fails);
	g_test_add_func("/quadlet/reach/host", test_host);
	return g_test_run();
}
