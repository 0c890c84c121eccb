/* SPDX-License-Identifier: Apache-2.0 */
#include "execute/pip-server.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"

typedef struct {
	char *directory;
	SmithPipServer *server;
} Test;

static GBytes *page(gpointer data, const char *key, GError **error)
{
	(void)data;
	if (strcmp(key, "broken") == 0)
		return smith_throw_null(error, SMITH_ERROR_FAILED, "the index is gone");
	if (strcmp(key, "a-b") != 0)
		return smith_throw_null(error, SMITH_ERROR_NOT_FOUND, "no such project");
	return g_bytes_new_static("page", 4);
}

static int open_file(gpointer data, guint number, GError **error)
{
	g_autofree char *path = g_build_filename(data, "file", NULL);

	if (number != 7)
		return smith_throw_fd(error, SMITH_ERROR_FAILED, "no file %u", number);
	return open(path, O_RDONLY | O_CLOEXEC);
}

static void begin(Test *test)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *path = NULL;

	test->directory = g_dir_make_tmp("smith-server-XXXXXX", NULL);
	path = g_build_filename(test->directory, "file", NULL);
	g_assert_true(g_file_set_contents(path, "content", -1, NULL));
	test->server = smith_pip_server_new(
		test->directory, &(SmithPipSource){page, open_file, test->directory}, &error);
	g_assert_no_error(error);
}

static void end(Test *test, const char *expected)
{
	g_autoptr(GError) error = NULL;

	g_assert_true(smith_pip_server_stop(test->server, &error) == (expected == NULL));
	g_assert_cmpstr(error != NULL ? error->message : NULL, ==, expected);
	g_assert_true(smith_fd_remove_tree(AT_FDCWD, test->directory, NULL));
	g_free(test->directory);
}

/* All that is answered to @request until the server, or we, have nothing more to say. */
static char *ask(const Test *test, const char *request, gsize length)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	g_autoptr(GString) answer = g_string_new(NULL);
	smith_autofd int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char buffer[4096];
	ssize_t n;

	g_snprintf(address.sun_path, sizeof(address.sun_path), "%s/" SMITH_PIP_SOCKET,
		   test->directory);
	g_assert_cmpint(connect(fd, (struct sockaddr *)&address, sizeof(address)), ==, 0);
	/* what is refused may be closed before it was sent as a whole */
	n = send(fd, request, length, MSG_NOSIGNAL);
	g_assert_cmpint(n, !=, 0);
	shutdown(fd, SHUT_WR);
	while ((n = recv(fd, buffer, sizeof(buffer), 0)) > 0)
		g_string_append_len(answer, buffer, n);
	return g_string_free(g_steal_pointer(&answer), FALSE);
}

static void expect(const Test *test, const char *request, const char *expected)
{
	g_autofree char *answer = ask(test, request, strlen(request));

	g_assert_cmpstr(answer, ==, expected);
}

#define END " HTTP/1.1\r\nHost: x\r\n\r\n"
#define REFUSED(status)                                                                            \
	"HTTP/1.1 " status "\r\nContent-Type: text/plain\r\nContent-Length: 0\r\n\r\n"
#define PAGE                                                                                       \
	"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: 4\r\n\r\n"
#define DATA                                                                                       \
	"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: 7\r\n\r\n"

static void test_answers(void)
{
	Test test;

	begin(&test);
	expect(&test, "GET /simple/a-b/" END "GET /files/7/x.whl" END "HEAD /simple/a-b/" END,
	       PAGE "page" DATA "content" PAGE);
	expect(&test, "GET /simple/other/" END, REFUSED("404 Not Found"));
	end(&test, NULL);
}

static void test_refused(void)
{
	static const char *const none[] = {
		"/simple/A_B/", "/simple/a-b/../x",	"/simple/", "/simple/../file", "/files/7",
		"/files/-7/x",	"/files/99999999999/x", "/",	    "/etc/passwd",
	};
	g_autofree char *large = g_strnfill(100000, 'a');
	g_autofree char *answer = NULL;
	Test test;

	begin(&test);
	for (guint i = 0; i < G_N_ELEMENTS(none); i++) {
		g_autofree char *request = g_strconcat("GET ", none[i], END, NULL);
		expect(&test, request, REFUSED("404 Not Found"));
	}
	expect(&test, "POST /simple/a-b/" END "GET /simple/a-b/" END,
	       REFUSED("405 Method Not Allowed"));
	expect(&test, "GET\r\n\r\n", "");
	expect(&test, "no end", "");
	answer = ask(&test, large, strlen(large));
	g_assert_cmpstr(answer, ==, "");
	g_free(answer);
	answer = ask(&test, "GET \0/simple/a-b/" END, 40);
	g_assert_cmpstr(answer, ==, "");
	end(&test, NULL);
}

/* What an index could not do is not lost on the way through pip; the first counts. */
static void test_error(void)
{
	Test test;

	begin(&test);
	expect(&test, "GET /simple/broken/" END, REFUSED("404 Not Found"));
	expect(&test, "GET /files/8/x" END, REFUSED("404 Not Found"));
	end(&test, "the index is gone");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/execute/pip-server/answers", test_answers);
	g_test_add_func("/execute/pip-server/refused", test_refused);
	g_test_add_func("/execute/pip-server/error", test_error);
	return g_test_run();
}
