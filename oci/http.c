/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/http.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

/* its checks are GNU expressions, and its deprecations depend on the version at build time */
#define CURL_DISABLE_TYPECHECK
#define CURL_DISABLE_DEPRECATION
#include <curl/curl.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/library.h"

#define TRIES 3
#define FIRST_PAUSE_MS 500
#define MAX_REDIRECTS 10L
#define CONNECT_SECONDS 30L
#define SILENT_SECONDS 60L
#define MAX_HEADER 1024

typedef struct {
	CURLcode (*global_init)(long flags);
	CURL *(*easy_init)(void);
	void (*easy_cleanup)(CURL *handle);
	void (*easy_reset)(CURL *handle);
	CURLcode (*easy_setopt)(CURL *handle, CURLoption option, ...);
	CURLcode (*easy_getinfo)(CURL *handle, CURLINFO info, ...);
	CURLcode (*easy_perform)(CURL *handle);
	const char *(*easy_strerror)(CURLcode code);
	struct curl_slist *(*slist_append)(struct curl_slist *list, const char *text);
	void (*slist_free_all)(struct curl_slist *list);
} Curl;

struct SmithHttp {
	CURL *handle; /* NULL until the first http URL */
	guint pause_ms;
};

/* One body on its way: what is kept from one try to the next. */
typedef struct {
	const Curl *curl;
	CURL *handle;
	const char *url;
	SmithSink *sink;   /* download; or */
	GByteArray *bytes; /* get: begun anew with each try */
	guint64 limit;
	guint64 done;	 /* bytes passed on */
	guint64 to_skip; /* of this reply, when the server sent all again */
	guint64 range;	 /* where this reply begins, from Content-Range */
	char *etag;
	bool began; /* the first bytes of this reply have come */
	bool over_limit;
	bool changed;
	char error_text[CURL_ERROR_SIZE];
} Transfer;

static gpointer load_once(gpointer data)
{
	static const char *const names[] = {"libcurl.so.4", "libcurl-gnutls.so.4"};
	Curl *curl = data;
	const SmithLibrarySymbol symbols[] = {
		{"curl_global_init", &curl->global_init},
		{"curl_easy_init", &curl->easy_init},
		{"curl_easy_cleanup", &curl->easy_cleanup},
		{"curl_easy_reset", &curl->easy_reset},
		{"curl_easy_setopt", &curl->easy_setopt},
		{"curl_easy_getinfo", &curl->easy_getinfo},
		{"curl_easy_perform", &curl->easy_perform},
		{"curl_easy_strerror", &curl->easy_strerror},
		{"curl_slist_append", &curl->slist_append},
		{"curl_slist_free_all", &curl->slist_free_all},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
		if (smith_library_load(names[i], symbols, G_N_ELEMENTS(symbols)) == NULL &&
		    curl->global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK)
			return curl;
	return NULL;
}

/* For the life of the process: libcurl's TLS libraries cannot be unloaded. */
static const Curl *load_curl(GError **error)
{
	static GOnce once = G_ONCE_INIT;
	static Curl curl;

	g_once(&once, load_once, &curl);
	if (!once.retval)
		return smith_throw_null(error, SMITH_ERROR_UNSUPPORTED,
					"cannot load libcurl.so.4, install package 'libcurl4'");
	return once.retval;
}

SmithHttp *smith_http_new(void)
{
	SmithHttp *http = g_new0(SmithHttp, 1);

	http->pause_ms = FIRST_PAUSE_MS;
	return http;
}

void smith_http_set_pause(SmithHttp *http, guint milliseconds)
{
	http->pause_ms = milliseconds;
}

void smith_http_free(SmithHttp *http)
{
	if (!http)
		return;
	/* a handle proves that the library is loaded */
	const Curl *curl = http->handle ? load_curl(NULL) : NULL;
	if (curl)
		curl->easy_cleanup(http->handle);
	g_free(http);
}

void smith_http_info_clear(SmithHttpInfo *info)
{
	g_clear_pointer(&info->url, g_free);
	g_clear_pointer(&info->content_type, g_free);
}

static gboolean pass_on(Transfer *transfer, const char *data, gsize length)
{
	if (length > transfer->limit - transfer->done) {
		transfer->over_limit = true;
		return FALSE;
	}
	transfer->done += length;
	if (transfer->sink)
		return smith_sink_write(transfer->sink, data, length);
	g_byte_array_append(transfer->bytes, (const guint8 *)data, (guint)length);
	return TRUE;
}

/* The reply to a request for the rest: the rest (206) or, from a simpler server, everything. */
static void begin_reply(Transfer *transfer)
{
	long status = 0;

	transfer->began = true;
	transfer->to_skip = 0;
	transfer->curl->easy_getinfo(transfer->handle, CURLINFO_RESPONSE_CODE, &status);
	if (status == 206)
		transfer->changed = transfer->range != transfer->done;
	else
		transfer->to_skip = transfer->done;
}

static size_t on_body(char *data, size_t one, size_t length, void *user_data)
{
	Transfer *transfer = user_data;

	if (one != 1)
		return 0;
	if (!transfer->began)
		begin_reply(transfer);
	if (transfer->changed)
		return 0;
	gsize skip = (gsize)MIN((guint64)length, transfer->to_skip);
	transfer->to_skip -= skip;
	return pass_on(transfer, data + skip, length - skip) ? length : 0;
}

static char *header_value(const char *line, const char *name)
{
	gsize length = strlen(name);

	if (g_ascii_strncasecmp(line, name, length) != 0 || line[length] != ':')
		return NULL;
	return g_strstrip(g_strdup(line + length + 1));
}

static size_t on_header(char *data, size_t one, size_t length, void *user_data)
{
	Transfer *transfer = user_data;

	if (one != 1 || length > MAX_HEADER)
		return length;
	g_autofree char *line = g_strndup(data, length);
	/* each redirect has its own headers: the last reply's count */
	if (g_str_has_prefix(line, "HTTP/"))
		transfer->range = 0;
	g_autofree char *range = header_value(line, "content-range");
	if (range && g_ascii_strncasecmp(range, "bytes ", 6) == 0)
		transfer->range = g_ascii_strtoull(range + 6, NULL, 10);
	char *etag = header_value(line, "etag");
	if (etag) {
		g_free(transfer->etag);
		transfer->etag = etag;
	}
	return length;
}

/* Options that are the same for each try of a transfer. */
static void set_options(const Transfer *transfer, const char *accept_encoding)
{
	const Curl *curl = transfer->curl;
	CURL *handle = transfer->handle;
	long protocols = CURLPROTO_HTTPS;

	if (g_ascii_strncasecmp(transfer->url, "http:", 5) == 0)
		protocols |= CURLPROTO_HTTP;
	curl->easy_reset(handle);
	curl->easy_setopt(handle, CURLOPT_URL, transfer->url);
	curl->easy_setopt(handle, CURLOPT_PROTOCOLS, protocols);
	curl->easy_setopt(handle, CURLOPT_REDIR_PROTOCOLS, protocols);
	curl->easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 1L);
	curl->easy_setopt(handle, CURLOPT_MAXREDIRS, MAX_REDIRECTS);
	curl->easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
	curl->easy_setopt(handle, CURLOPT_FAILONERROR, 1L);
	curl->easy_setopt(handle, CURLOPT_CONNECTTIMEOUT, CONNECT_SECONDS);
	curl->easy_setopt(handle, CURLOPT_LOW_SPEED_LIMIT, 1L);
	curl->easy_setopt(handle, CURLOPT_LOW_SPEED_TIME, SILENT_SECONDS);
	curl->easy_setopt(handle, CURLOPT_USERAGENT, "ocismith/" SMITH_VERSION);
	curl->easy_setopt(handle, CURLOPT_ERRORBUFFER, transfer->error_text);
	curl->easy_setopt(handle, CURLOPT_WRITEFUNCTION, on_body);
	curl->easy_setopt(handle, CURLOPT_WRITEDATA, transfer);
	curl->easy_setopt(handle, CURLOPT_HEADERFUNCTION, on_header);
	curl->easy_setopt(handle, CURLOPT_HEADERDATA, transfer);
	if (accept_encoding)
		curl->easy_setopt(handle, CURLOPT_ACCEPT_ENCODING, accept_encoding);
}

/* Asks for the rest when there is something already; @headers is what every try sends. */
static CURLcode try_once(Transfer *transfer, const char *accept)
{
	const Curl *curl = transfer->curl;
	struct curl_slist *headers = NULL;
	g_autofree char *range = NULL;

	if (transfer->bytes) {
		g_byte_array_set_size(transfer->bytes, 0);
		transfer->done = 0;
	}
	transfer->began = false;
	transfer->error_text[0] = '\0';
	if (accept) {
		g_autofree char *line = g_strdup_printf("Accept: %s", accept);
		headers = curl->slist_append(headers, line);
	}
	if (transfer->done > 0) {
		range = g_strdup_printf("%" G_GUINT64_FORMAT "-", transfer->done);
		/* a weak validator promises no equal bytes */
		if (transfer->etag && transfer->etag[0] == '"') {
			g_autofree char *line = g_strdup_printf("If-Range: %s", transfer->etag);
			headers = curl->slist_append(headers, line);
		}
	}
	curl->easy_setopt(transfer->handle, CURLOPT_RANGE, range);
	curl->easy_setopt(transfer->handle, CURLOPT_HTTPHEADER, headers);
	CURLcode code = curl->easy_perform(transfer->handle);
	curl->easy_setopt(transfer->handle, CURLOPT_HTTPHEADER, NULL);
	curl->slist_free_all(headers);
	return code;
}

static gboolean is_worth_a_retry(CURLcode code, long status)
{
	static const CURLcode codes[] = {
		CURLE_COULDNT_CONNECT, CURLE_RECV_ERROR,   CURLE_SEND_ERROR,
		CURLE_GOT_NOTHING,     CURLE_PARTIAL_FILE, CURLE_OPERATION_TIMEDOUT,
		CURLE_HTTP2_STREAM,    CURLE_HTTP2,	   CURLE_COULDNT_RESOLVE_HOST,
	};

	if (code == CURLE_HTTP_RETURNED_ERROR)
		return status == 429 || (status >= 500 && status != 501);
	for (gsize i = 0; i < G_N_ELEMENTS(codes); i++)
		if (code == codes[i])
			return TRUE;
	return FALSE;
}

static gboolean throw_transfer(const Transfer *transfer, CURLcode code, long status, GError **error)
{
	if (transfer->sink && transfer->sink->error)
		return smith_throw(error, SMITH_ERROR_FAILED, "%s", transfer->sink->error->message);
	if (transfer->over_limit)
		return smith_throw(error, SMITH_ERROR_LIMIT,
				   "more than %" G_GUINT64_FORMAT " bytes", transfer->limit);
	if (transfer->changed)
		return smith_throw(error, SMITH_ERROR_FAILED,
				   "server resumed at another byte than asked for");
	if (code == CURLE_HTTP_RETURNED_ERROR)
		return smith_throw(error,
				   status == 404 || status == 410 ? SMITH_ERROR_NOT_FOUND
								  : SMITH_ERROR_FAILED,
				   "server answered %ld", status);
	if (code == CURLE_UNSUPPORTED_PROTOCOL)
		return smith_throw(error, SMITH_ERROR_UNSUPPORTED,
				   "server redirects to a scheme that is not followed, expected %s",
				   g_ascii_strncasecmp(transfer->url, "https:", 6) == 0
					   ? "https"
					   : "https or http");
	return smith_throw(error, SMITH_ERROR_FAILED, "%s",
			   transfer->error_text[0] ? transfer->error_text
						   : transfer->curl->easy_strerror(code));
}

static void fill_info(const Transfer *transfer, SmithHttpInfo *info)
{
	char *url = NULL;
	char *type = NULL;

	if (!info)
		return;
	smith_http_info_clear(info);
	transfer->curl->easy_getinfo(transfer->handle, CURLINFO_EFFECTIVE_URL, &url);
	transfer->curl->easy_getinfo(transfer->handle, CURLINFO_CONTENT_TYPE, &type);
	info->url = g_strdup(url ? url : transfer->url);
	info->content_type = g_strdup(type);
}

static gboolean run(SmithHttp *http, Transfer *transfer, const char *accept, SmithHttpInfo *info,
		    GError **error)
{
	transfer->curl = load_curl(error);
	if (!transfer->curl)
		return FALSE;
	if (!http->handle)
		http->handle = transfer->curl->easy_init();
	if (!http->handle)
		return smith_throw(error, SMITH_ERROR_FAILED, "libcurl makes no handle");
	transfer->handle = http->handle;
	/* get wants small pages quickly, download the very bytes that a digest was made of */
	set_options(transfer, transfer->bytes ? "" : NULL);
	CURLcode code = CURLE_OK;
	long status = 0;
	gulong pause = http->pause_ms * 1000UL;
	for (guint i = 0; i < TRIES; i++) {
		if (i > 0) {
			g_usleep(pause);
			pause *= 2;
		}
		code = try_once(transfer, accept);
		transfer->curl->easy_getinfo(transfer->handle, CURLINFO_RESPONSE_CODE, &status);
		if (!is_worth_a_retry(code, status))
			break;
	}
	if (code != CURLE_OK)
		return throw_transfer(transfer, code, status, error);
	if (transfer->to_skip > 0)
		return smith_throw(error, SMITH_ERROR_FAILED,
				   "server sent fewer bytes than before it broke off");
	fill_info(transfer, info);
	return TRUE;
}

/* A descriptor for a file URL, -1 with no error for one that curl has to fetch. */
static int open_url(const char *url, GError **error)
{
	g_autoptr(GUri) uri = g_uri_parse(url, G_URI_FLAGS_ENCODED, NULL);

	if (!uri)
		return smith_throw_fd(error, SMITH_ERROR_INVALID, "it is no URL");
	const char *scheme = g_uri_get_scheme(uri);
	if (g_uri_get_userinfo(uri))
		return smith_throw_fd(error, SMITH_ERROR_UNSUPPORTED,
				      "a user name or password in a URL is not supported");
	if (g_str_equal(scheme, "http") || g_str_equal(scheme, "https"))
		return -1;
	if (!g_str_equal(scheme, "file"))
		return smith_throw_fd(error, SMITH_ERROR_UNSUPPORTED,
				      "scheme '%s', expected https, http or file", scheme);
	const char *host = g_uri_get_host(uri);
	g_autofree char *path = g_uri_unescape_string(g_uri_get_path(uri), NULL);
	if ((host && *host && !g_str_equal(host, "localhost")) || !path || path[0] != '/')
		return smith_throw_fd(error, SMITH_ERROR_INVALID,
				      "it is no local file, expected file:///PATH");
	/* nonblocking: opening a fifo must not wait for a writer */
	smith_autofd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 && errno == ENOENT)
		return smith_throw_fd(error, SMITH_ERROR_NOT_FOUND, "no such file");
	if (fd < 0)
		return smith_throw_errno_fd(error, "cannot open it");
	struct stat st;
	if (fstat(fd, &st) < 0)
		return smith_throw_errno_fd(error, "cannot stat it");
	if (!S_ISREG(st.st_mode))
		return smith_throw_fd(error, SMITH_ERROR_INVALID, "it is no regular file");
	return g_steal_fd(&fd);
}

/* The URL for an error text: without what may be a password. */
static char *printable(const char *url)
{
	const char *authority = strstr(url, "://");
	const char *at =
		authority ? memchr(authority, '@', strcspn(authority + 3, "/?#") + 3) : NULL;

	if (!at)
		return g_strdup(url);
	return g_strdup_printf("%.*s://...%s", (int)(authority - url), url, at);
}

static void fill_file_info(const char *url, SmithHttpInfo *info)
{
	if (!info)
		return;
	smith_http_info_clear(info);
	info->url = g_strdup(url);
}

static gboolean copy_file(int fd, SmithSink *sink, guint64 limit, GError **error)
{
	g_autoptr(SmithSource) source = smith_source_new_fd(fd, TRUE, "file");
	g_autofree guint8 *buffer = g_malloc(64 * 1024);
	guint64 done = 0;
	gssize got;

	while ((got = smith_source_read(source, buffer, 64 * 1024, error)) > 0) {
		done += (guint64)got;
		if (done > limit)
			return smith_throw(error, SMITH_ERROR_LIMIT,
					   "more than %" G_GUINT64_FORMAT " bytes", limit);
		if (!smith_sink_write(sink, buffer, (gsize)got))
			return smith_throw(error, SMITH_ERROR_FAILED, "%s", sink->error->message);
	}
	return got == 0;
}

GBytes *smith_http_get(SmithHttp *http, const char *url, gsize limit, const char *accept,
		       SmithHttpInfo *info, GError **error)
{
	g_autofree char *shown = printable(url);
	SMITH_AUTO_PREFIX("cannot read", shown, error);
	g_autoptr(GError) failure = NULL;
	int fd = open_url(url, &failure);

	if (failure) {
		g_propagate_error(error, g_steal_pointer(&failure));
		return NULL;
	}
	if (fd >= 0) {
		g_autoptr(SmithSource) source = smith_source_new_fd(fd, TRUE, "file");
		fill_file_info(url, info);
		return smith_source_read_all(source, limit, error);
	}
	g_autoptr(GByteArray) bytes = g_byte_array_new();
	Transfer transfer = {.url = url, .bytes = bytes, .limit = MIN(limit, G_MAXINT32)};
	gboolean ok = run(http, &transfer, accept, info, error);
	g_free(transfer.etag);
	return ok ? g_byte_array_free_to_bytes(g_steal_pointer(&bytes)) : NULL;
}

gboolean smith_http_download(SmithHttp *http, const char *url, guint64 limit, SmithSink *sink,
			     SmithHttpInfo *info, GError **error)
{
	g_autofree char *shown = printable(url);
	SMITH_AUTO_PREFIX("cannot fetch", shown, error);
	g_autoptr(GError) failure = NULL;
	int fd = open_url(url, &failure);

	if (failure) {
		g_propagate_error(error, g_steal_pointer(&failure));
		return FALSE;
	}
	if (fd >= 0) {
		fill_file_info(url, info);
		return copy_file(fd, sink, limit, error);
	}
	Transfer transfer = {.url = url, .sink = sink, .limit = limit};
	gboolean ok = run(http, &transfer, NULL, info, error);
	g_free(transfer.etag);
	return ok;
}
