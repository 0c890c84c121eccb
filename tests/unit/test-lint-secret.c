/* SPDX-License-Identifier: Apache-2.0 */
#include "lint/secret.h"

#include <string.h>

#define MIXED "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8s9T0"

static void test_shapes(void)
{
	static const struct {
		const char *text;
		gssize offset; /* -1: none */
	} rows[] = {
		{"", -1},
		{"AKIAIOSFODNN7EXAMPLE", 0},
		{"key = 'AKIAIOSFODNN7EXAMPLE'", 7},
		{"XAKIAIOSFODNN7EXAMPLE", -1},
		{"AKIAIOSFODNN7", -1},
		{"AKIAAAAAAAAAAAAAAAAA", -1},
		{"ghp_" MIXED, 0},
		{"ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", -1},
		{"ghp_short, then glpat-a1B2c3D4e5F6g7H8i9J0", 16},
		{"glpat-a1B2c3D4e5F6g7H8i9J0 ghp_" MIXED, 0},
		{"desk-" MIXED MIXED, -1},
		{"task sk-" MIXED MIXED, 5},
		{"-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0B", 0},
		{"x\n-----BEGIN OPENSSH PRIVATE KEY-----\r\nb3BlbnNzaC1rZXktdjEAAAAA", 2},
		{"\"-----BEGIN RSA PRIVATE KEY-----\\nMIIEvQIBADANBgkqhkiG9w0B\"", 1},
		{"-----BEGIN PRIVATE KEY-----", -1},
		{"-----BEGIN PUBLIC KEY-----\nMIIEvQIBADANBgkqhkiG9w0B", -1},
		{"-----BEGIN CERTIFICATE-----\nMIIEvQIBADANBgkqhkiG9w0B", -1},
		{"-----BEGIN ", -1},
	};
	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		SmithSecretHit hit = {0};
		/* exactly its bytes: a read behind them is for the sanitizer to tell */
		gsize length = strlen(rows[i].text);
		g_autofree char *text = g_memdup2(rows[i].text, MAX(length, 1));
		g_test_message("%s", rows[i].text);
		g_assert_cmpint(smith_secret_find(text, length, &hit), ==, rows[i].offset >= 0);
		if (rows[i].offset >= 0)
			g_assert_cmpint((gssize)hit.offset, ==, rows[i].offset);
	}
}

static void test_files(void)
{
	static const char *const yes[] = {".env", "a/.netrc", "a/b/id_rsa", "x.key", "a.p12"};
	static const char *const no[] = {"env", ".environ", "id_rsa.pub", ".env/a", "key", "a.pem"};
	for (guint i = 0; i < G_N_ELEMENTS(yes); i++)
		g_assert_nonnull(smith_secret_file(yes[i]));
	for (guint i = 0; i < G_N_ELEMENTS(no); i++)
		g_assert_null(smith_secret_file(no[i]));
}

static void test_variables(void)
{
	static const struct {
		const char *name;
		const char *value;
		bool is_secret;
	} rows[] = {
		{"API_KEY", "s3cret", true},
		{"my-api_key", "s3cret", true},
		{"--token", "abc", true},
		{"DB_PASSWORD", "hunter2", true},
		{"PASSWORD", "x", false},
		{"SORT_KEY", "name", false},
		{"MONKEY", "abc", false},
		{"COMPASS", "north", false},
		{"API_KEY", "", false},
		{"API_KEY", "${KEY}", false},
		{"API_KEY", "/run/secrets/k", false},
		{"API_KEY", "<yours>", false},
		{"MAX_TOKEN", "4096", false},
		{"API_KEY", "None", false},
		{"API_KEY", "EMPTY", false},
	};
	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_test_message("%s=%s", rows[i].name, rows[i].value);
		g_assert_cmpint(smith_secret_variable(rows[i].name, rows[i].value), ==,
				rows[i].is_secret);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/lint/secret/shapes", test_shapes);
	g_test_add_func("/lint/secret/files", test_files);
	g_test_add_func("/lint/secret/variables", test_variables);
	return g_test_run();
}
