/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/fd.h"
#include "oci/http.h"

#define SERVER "tests/tools/http-server.py"
#define LIMIT (1024 * 1024)
#define BODY_SIZE 320000

typedef struct {
	GPid pid;
	int input; /* the server ends with it, whatever becomes of us */
	char *root;
	char *tls_root;
	char *body;
} Server;

static Server server;

static void start_server(void)
{
	static const char *argv[] = {"python3", SERVER, NULL};
	g_autoptr(GError) error = NULL;
	int output;
	char ports[32] = {0};

	g_spawn_async_with_pipes(NULL, (char **)argv, NULL,
				 G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL,
				 &server.pid, &server.input, &output, NULL, &error);
	g_assert_no_error(error);
	for (gsize i = 0; i < sizeof(ports) - 1 && read(output, ports + i, 1) == 1; i++)
		if (ports[i] == '\n')
			break;
	close(output);
	char *second;
	long port = strtol(ports, &second, 10);
	server.root = g_strdup_printf("http://127.0.0.1:%ld", port);
	server.tls_root = g_strdup_printf("https://127.0.0.1:%ld/", strtol(second, NULL, 10));
	GString *body = g_string_new(NULL);
	for (guint i = 0; i < 40000; i++)
		g_string_append_printf(body, "%07u\n", i);
	server.body = g_string_free(body, FALSE);
}

static void stop_server(void)
{
	close(server.input);
	waitpid(server.pid, NULL, 0);
	g_spawn_close_pid(server.pid);
	g_free(server.root);
	g_free(server.tls_root);
	g_free(server.body);
}

static SmithHttp *impatient(void)
{
	SmithHttp *http = smith_http_new();
	smith_http_set_pause(http, 10);
	return http;
}

static GBytes *get(const char *path, gsize limit, SmithHttpInfo *info, GError **error)
{
	g_autoptr(SmithHttp) http = impatient();
	g_autofree char *url = g_strconcat(server.root, path, NULL);
	return smith_http_get(http, url, limit, "text/x-test", info, error);
}

static GByteArray *download(const char *path, guint64 limit, GError **error)
{
	g_autoptr(SmithHttp) http = impatient();
	g_autofree char *url = g_strconcat(server.root, path, NULL);
	g_autoptr(GByteArray) bytes = g_byte_array_new();
	g_autoptr(SmithSink) sink = smith_sink_new_bytes(bytes);
	if (!smith_http_download(http, url, limit, sink, NULL, error))
		return NULL;
	return g_steal_pointer(&bytes);
}

static void check_get(const char *path, const char *expected)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) bytes = get(path, LIMIT, NULL, &error);
	g_assert_no_error(error);
	g_assert_cmpmem(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), expected,
			strlen(expected));
}

static void check_download(const char *path)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GByteArray) bytes = download(path, BODY_SIZE, &error);
	g_assert_no_error(error);
	g_assert_cmpmem(bytes->data, bytes->len, server.body, BODY_SIZE);
}

static void check_fails(const char *path, gsize limit, int code, const char *text)
{
	g_autofree char *get_path = g_strconcat(path, "?get", NULL);
	g_autofree char *download_path = g_strconcat(path, "?download", NULL);
	g_autoptr(GError) error = NULL;

	g_assert_null(get(get_path, limit, NULL, &error));
	g_assert_error(error, SMITH_ERROR, code);
	g_test_message("%s", error->message);
	g_assert_nonnull(strstr(error->message, server.root));
	g_assert_nonnull(strstr(error->message, text));
	g_clear_error(&error);
	g_assert_null(download(download_path, limit, &error));
	g_assert_error(error, SMITH_ERROR, code);
}

static void test_get(void)
{
	g_auto(SmithHttpInfo) info = {0};
	g_autoptr(GError) error = NULL;
	g_autofree char *plain = g_strconcat(server.root, "/plain", NULL);

	check_get("/plain", server.body);
	check_get("/empty", "");
	check_get("/accept", "text/x-test");
	check_get("/agent", "ocismith/" SMITH_VERSION);
	check_get("/gzip", server.body);
	g_autoptr(GBytes) bytes = get("/redirect", BODY_SIZE, &info, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(g_bytes_get_size(bytes), ==, BODY_SIZE);
	g_assert_cmpstr(info.url, ==, plain);
	g_assert_cmpstr(info.content_type, ==, "text/plain; charset=utf-8");
	check_download("/plain");
	check_download("/redirect");
	check_download("/gzip");
}

static void test_retries(void)
{
	check_get("/flaky?get", server.body);
	check_download("/flaky?download");
	check_get("/restart?get", server.body);
	check_download("/restart?download");
	check_download("/resume");
	check_download("/resume?weak");
}

static void test_failures(void)
{
	check_fails("/nowhere", LIMIT, SMITH_ERROR_NOT_FOUND, "404");
	check_fails("/gone", LIMIT, SMITH_ERROR_NOT_FOUND, "410");
	check_fails("/secret", LIMIT, SMITH_ERROR_FAILED, "401");
	check_fails("/broken", LIMIT, SMITH_ERROR_FAILED, "500");
	check_fails("/loop", LIMIT, SMITH_ERROR_FAILED, "redirect");
	check_fails("/to-file", LIMIT, SMITH_ERROR_UNSUPPORTED, "redirect");
	check_fails("/plain", BODY_SIZE - 1, SMITH_ERROR_LIMIT, "319999");
	g_autoptr(GError) error = NULL;
	g_assert_null(get("/bomb", LIMIT, NULL, &error));
	g_assert_error(error, SMITH_ERROR, SMITH_ERROR_LIMIT);
	g_clear_error(&error);
	g_assert_null(download("/wrong-range", LIMIT, &error));
	g_assert_error(error, SMITH_ERROR, SMITH_ERROR_FAILED);
	g_clear_error(&error);
	g_assert_null(download("/shrink", LIMIT, &error));
	g_assert_error(error, SMITH_ERROR, SMITH_ERROR_FAILED);
	g_clear_error(&error);
	/* what cannot become well is asked for once, the rest three times */
	g_autoptr(GBytes) tries = get("/tries", LIMIT, NULL, &error);
	g_autofree char *text = g_strndup(g_bytes_get_data(tries, NULL), g_bytes_get_size(tries));
	g_assert_nonnull(strstr(text, "('/secret?get', 1)"));
	g_assert_nonnull(strstr(text, "('/broken?download', 3)"));
}

/* Nobody listens on port 1. */
static void test_refused(void)
{
	g_autoptr(SmithHttp) http = impatient();
	g_autoptr(GError) error = NULL;

	g_assert_null(smith_http_get(http, "http://127.0.0.1:1/", LIMIT, NULL, NULL, &error));
	g_assert_error(error, SMITH_ERROR, SMITH_ERROR_FAILED);
	g_test_message("%s", error->message);
}

static void test_untrusted(void)
{
	g_autoptr(SmithHttp) http = impatient();
	g_autoptr(GError) error = NULL;

	g_assert_null(smith_http_get(http, server.tls_root, LIMIT, NULL, NULL, &error));
	g_assert_error(error, SMITH_ERROR, SMITH_ERROR_FAILED);
	g_test_message("%s", error->message);
	g_assert_nonnull(strstr(error->message, "certificate"));
}

static void test_bad_urls(void)
{
	static const struct {
		const char *url;
		int code;
	} rows[] = {
		{"", SMITH_ERROR_INVALID},
		{"plain", SMITH_ERROR_INVALID},
		{"/etc/passwd", SMITH_ERROR_INVALID},
		{"ftp://h/x", SMITH_ERROR_UNSUPPORTED},
		{"gopher://h/x", SMITH_ERROR_UNSUPPORTED},
		{"https://user:hunter2@h/x", SMITH_ERROR_UNSUPPORTED},
		{"https://hunter2@h/x", SMITH_ERROR_UNSUPPORTED},
		{"file://otherhost/etc/passwd", SMITH_ERROR_INVALID},
		{"file:///etc", SMITH_ERROR_INVALID},
		{"file:///etc/%00passwd", SMITH_ERROR_INVALID},
		{"file:///nowhere/to/be/found", SMITH_ERROR_NOT_FOUND},
	};
	g_autoptr(SmithHttp) http = smith_http_new();

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = NULL;
		g_test_message("%s", rows[i].url);
		g_assert_null(smith_http_get(http, rows[i].url, LIMIT, NULL, NULL, &error));
		g_assert_error(error, SMITH_ERROR, rows[i].code);
		g_assert_null(strstr(error->message, "hunter2"));
	}
}

static void test_file(void)
{
	g_autoptr(SmithHttp) http = smith_http_new();
	g_autoptr(GError) error = NULL;
	g_autofree char *dir = g_dir_make_tmp("ocismith-XXXXXX", NULL);
	g_autofree char *path = g_build_filename(dir, "a b#c", NULL);
	g_autofree char *url = g_filename_to_uri(path, NULL, NULL);
	g_autofree char *with_fragment = g_strconcat(url, "#sha256=00", NULL);
	g_autoptr(GByteArray) array = g_byte_array_new();
	g_autoptr(SmithSink) sink = smith_sink_new_bytes(array);

	g_assert_true(g_file_set_contents(path, "hello", -1, NULL));
	g_autoptr(GBytes) bytes = smith_http_get(http, with_fragment, 5, NULL, NULL, &error);
	g_assert_no_error(error);
	g_assert_cmpmem(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), "hello", 5);
	g_assert_true(smith_http_download(http, url, 5, sink, NULL, &error));
	g_assert_cmpmem(array->data, array->len, "hello", 5);
	g_assert_null(smith_http_get(http, url, 4, NULL, NULL, &error));
	g_assert_error(error, SMITH_ERROR, SMITH_ERROR_LIMIT);
	g_clear_error(&error);
	g_assert_false(smith_http_download(http, url, 4, sink, NULL, &error));
	g_assert_error(error, SMITH_ERROR, SMITH_ERROR_LIMIT);
	g_assert_true(smith_fd_remove_tree(-100, dir, NULL));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	/* a proxy of the environment would be asked for 127.0.0.1 */
	g_setenv("no_proxy", "*", TRUE);
	start_server();
	g_test_add_func("/oci/http/get", test_get);
	g_test_add_func("/oci/http/retries", test_retries);
	g_test_add_func("/oci/http/failures", test_failures);
	g_test_add_func("/oci/http/refused", test_refused);
	g_test_add_func("/oci/http/untrusted", test_untrusted);
	g_test_add_func("/oci/http/bad-urls", test_bad_urls);
	g_test_add_func("/oci/http/file", test_file);
	int status = g_test_run();
	stop_server();
	return status;
}
