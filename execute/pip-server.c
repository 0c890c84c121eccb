/* SPDX-License-Identifier: Apache-2.0 */
#include "execute/pip-server.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "python/name.h"

#define REQUEST_LIMIT 16384

struct SmithPipServer {
	SmithPipSource source;
	int listener;
	int stop[2]; /* a pipe; closed at one end: all threads come home */
	GThread *thread;
	GThreadPool *pool;
	GMutex mutex;
	GError *error;
};

/* What is left of a request when its head was read. */
typedef struct {
	int fd;
	int stop;
	char buffer[REQUEST_LIMIT + 1];
	gsize length;
} Connection;

/* FALSE when the server stops first. */
static bool wait_for(int fd, short events, int stop)
{
	struct pollfd fds[2] = {{.fd = fd, .events = events}, {.fd = stop, .events = POLLIN}};
	for (;;) {
		int n = poll(fds, 2, -1);
		if (n < 0 && errno != EINTR)
			return false;
		if (n > 0)
			return fds[1].revents == 0;
	}
}

static bool send_all(const Connection *connection, const char *data, gsize length)
{
	while (length > 0) {
		ssize_t n = wait_for(connection->fd, POLLOUT, connection->stop)
				    ? send(connection->fd, data, length, MSG_NOSIGNAL)
				    : -1;
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n <= 0)
			return false;
		data += n;
		length -= (gsize)n;
	}
	return true;
}

static bool send_file(const Connection *connection, int fd, guint64 size)
{
	off_t offset = 0;
	while ((guint64)offset < size) {
		ssize_t n = -1;
		if (wait_for(connection->fd, POLLOUT, connection->stop))
			n = sendfile(connection->fd, fd, &offset, MIN(size, 1 << 20));
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n <= 0)
			return false;
	}
	return true;
}

static bool send_head(const Connection *connection, const char *status, const char *type,
		      guint64 length)
{
	g_autofree char *head = g_strdup_printf("HTTP/1.1 %s\r\nContent-Type: %s\r\n"
						"Content-Length: %" G_GUINT64_FORMAT "\r\n\r\n",
						status, type, length);
	return send_all(connection, head, strlen(head));
}

static bool refuse(const Connection *connection, const char *status)
{
	return send_head(connection, status, "text/plain", 0);
}

static void remember(SmithPipServer *server, GError *error)
{
	g_mutex_lock(&server->mutex);
	if (server->error == NULL)
		server->error = g_error_copy(error);
	g_mutex_unlock(&server->mutex);
}

static bool answer_page(SmithPipServer *server, const Connection *connection, const char *name,
			bool head)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *key = g_strndup(name, strcspn(name, "/"));
	g_autofree char *normal = smith_python_normalize_name(key);
	if (!smith_python_name_is_valid(key) || strcmp(key, normal) != 0 ||
	    (name[strlen(key)] != '\0' && strcmp(name + strlen(key), "/") != 0))
		return refuse(connection, "404 Not Found");
	g_autoptr(GBytes) page = server->source.page(server->source.data, key, &error);
	if (page == NULL) {
		if (g_error_matches(error, SMITH_ERROR, SMITH_ERROR_NOT_FOUND))
			return refuse(connection, "404 Not Found");
		remember(server, error);
		return refuse(connection, "404 Not Found");
	}
	gsize length = 0;
	const char *data = g_bytes_get_data(page, &length);
	return send_head(connection, "200 OK", "text/html; charset=utf-8", length) &&
	       (head || send_all(connection, data, length));
}

static bool answer_file(SmithPipServer *server, const Connection *connection, const char *path,
			bool head)
{
	g_autoptr(GError) error = NULL;
	char *end = NULL;
	guint64 number = g_ascii_strtoull(path, &end, 10);
	if (!g_ascii_isdigit(*path) || *end != '/' || number > G_MAXUINT)
		return refuse(connection, "404 Not Found");
	smith_autofd int fd = server->source.open(server->source.data, (guint)number, &error);
	struct stat st;
	if (fd < 0 || fstat(fd, &st) < 0) {
		if (error != NULL)
			remember(server, error);
		return refuse(connection, "404 Not Found");
	}
	return send_head(connection, "200 OK", "application/octet-stream", (guint64)st.st_size) &&
	       (head || send_file(connection, fd, (guint64)st.st_size));
}

/* FALSE: the connection is of no more use. */
static bool answer(SmithPipServer *server, const Connection *connection, const char *request)
{
	g_auto(GStrv) words = g_strsplit(request, " ", 4);
	if (g_strv_length(words) != 3 || !g_str_has_prefix(words[2], "HTTP/1."))
		return false;
	bool head = strcmp(words[0], "HEAD") == 0;
	if (!head && strcmp(words[0], "GET") != 0) {
		refuse(connection, "405 Method Not Allowed"); /* its body would be next */
		return false;
	}
	if (g_str_has_prefix(words[1], "/simple/"))
		return answer_page(server, connection, words[1] + strlen("/simple/"), head);
	if (g_str_has_prefix(words[1], "/files/"))
		return answer_file(server, connection, words[1] + strlen("/files/"), head);
	return refuse(connection, "404 Not Found");
}

/* The first line of the next request's head, the rest of which says nothing that matters. */
static char *read_request(Connection *connection)
{
	for (;;) {
		connection->buffer[connection->length] = '\0';
		char *end = strstr(connection->buffer, "\r\n\r\n");
		if (end != NULL) {
			char *line =
				g_strndup(connection->buffer, strcspn(connection->buffer, "\r\n"));
			gsize used = (gsize)(end + 4 - connection->buffer);
			connection->length -= used;
			memmove(connection->buffer, connection->buffer + used, connection->length);
			return line;
		}
		if (connection->length == REQUEST_LIMIT ||
		    memchr(connection->buffer, '\0', connection->length) != NULL ||
		    !wait_for(connection->fd, POLLIN, connection->stop))
			return NULL;
		ssize_t n = recv(connection->fd, connection->buffer + connection->length,
				 REQUEST_LIMIT - connection->length, 0);
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n <= 0)
			return NULL;
		connection->length += (gsize)n;
	}
}

static void serve(gpointer data, gpointer user_data)
{
	SmithPipServer *server = user_data;
	smith_autofd int fd = GPOINTER_TO_INT(data) - 1;
	g_autofree Connection *connection = g_new0(Connection, 1);
	connection->fd = fd;
	connection->stop = server->stop[0];
	/* sendfile(2) knows no MSG_NOSIGNAL */
	sigset_t pipe;
	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &pipe, NULL);
	for (;;) {
		g_autofree char *request = read_request(connection);
		if (request == NULL || !answer(server, connection, request))
			return;
	}
}

static gpointer accept_all(gpointer data)
{
	SmithPipServer *server = data;
	while (wait_for(server->listener, POLLIN, server->stop[0])) {
		int fd = accept4(server->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd >= 0) /* NULL is no item for a pool */
			g_thread_pool_push(server->pool, GINT_TO_POINTER(fd + 1), NULL);
	}
	return NULL;
}

/* By way of /proc, for a socket's path must be shorter than others may be. */
static gboolean listen_at(SmithPipServer *server, const char *directory, GError **error)
{
	smith_autofd int fd = smith_fd_open_dir(AT_FDCWD, directory, error);
	if (fd < 0)
		return FALSE;
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	g_snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/" SMITH_PIP_SOCKET,
		   fd);
	server->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (server->listener < 0 ||
	    bind(server->listener, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(server->listener, SMITH_PIP_CONNECTIONS) < 0)
		return smith_throw_errno(error, "cannot listen in '%s'", directory);
	return TRUE;
}

static void server_free(SmithPipServer *server)
{
	if (server->pool != NULL)
		g_thread_pool_free(server->pool, FALSE, TRUE);
	smith_fd_clear(&server->listener);
	smith_fd_clear(&server->stop[0]);
	smith_fd_clear(&server->stop[1]);
	g_mutex_clear(&server->mutex);
	g_clear_error(&server->error);
	g_free(server);
}

SmithPipServer *smith_pip_server_new(const char *directory, const SmithPipSource *source,
				     GError **error)
{
	SmithPipServer *server = g_new0(SmithPipServer, 1);
	server->source = *source;
	server->listener = server->stop[0] = server->stop[1] = -1;
	g_mutex_init(&server->mutex);
	if (pipe2(server->stop, O_CLOEXEC) < 0)
		smith_throw_errno(error, "cannot make a pipe");
	else if (listen_at(server, directory, error))
		server->pool =
			g_thread_pool_new(serve, server, SMITH_PIP_CONNECTIONS, FALSE, error);
	if (server->pool == NULL) {
		server_free(server);
		return NULL;
	}
	server->thread = g_thread_new("pip index", accept_all, server);
	return server;
}

gboolean smith_pip_server_stop(SmithPipServer *server, GError **error)
{
	smith_fd_clear(&server->stop[1]);
	g_thread_join(server->thread);
	g_thread_pool_free(g_steal_pointer(&server->pool), FALSE, TRUE);
	gboolean sound = server->error == NULL;
	if (!sound)
		g_propagate_error(error, g_steal_pointer(&server->error));
	server_free(server);
	return sound;
}
