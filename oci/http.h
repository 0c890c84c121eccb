/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

#include "base/stream.h"

/*
 * Reading http, https and file URLs. No credentials, no cookies; certificates are checked.
 *
 *   g_autoptr (SmithHttp) http = smith_http_new ();
 *   page = smith_http_get (http, url, limit, "text/html", &info, error);
 *
 * A SmithHttp keeps its connections open from one call to the next; one thread at a time. libcurl
 * is loaded when the first http URL is asked for (linking it would cost every start 6 ms), so file
 * URLs do without; where it cannot be loaded, SMITH_ERROR_UNSUPPORTED says which package to
 * install.
 *
 * Three tries, with 0.5 and 1 seconds between them, when the connection breaks, or the server
 * answers 429 or 5xx. Redirects are followed, but not from https to http. A connection has 30
 * seconds to be made and may be silent for 60. The proxy variables of curl(1) hold.
 *
 * Errors: SMITH_ERROR_NOT_FOUND (404, 410; a missing file), SMITH_ERROR_LIMIT (larger than the
 * limit), SMITH_ERROR_INVALID (no URL), SMITH_ERROR_UNSUPPORTED (another scheme; a user name or
 * password in the URL), SMITH_ERROR_FAILED (all else).
 */
typedef struct SmithHttp SmithHttp;

SmithHttp *smith_http_new(void);
void smith_http_free(SmithHttp *http);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SmithHttp, smith_http_free)

/* Before the second try; doubles before the third. */
void smith_http_set_pause(SmithHttp *http, guint milliseconds);

typedef struct {
	char *url;	    /* after redirects: what relative links of the page refer to */
	char *content_type; /* NULL when the server gave none, and for file URLs */
} SmithHttpInfo;

void smith_http_info_clear(SmithHttpInfo *info);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(SmithHttpInfo, smith_http_info_clear)

/* The body, at most @limit bytes (after content decoding). @accept is the Accept header, NULL for
 * any; @info may be NULL, otherwise it is zeroed or cleared by the caller and filled in. */
GBytes *smith_http_get(SmithHttp *http, const char *url, gsize limit, const char *accept,
		       SmithHttpInfo *info, GError **error);

/* The body into @sink, which is neither finished nor freed; no content decoding. After a broken
 * connection goes on where it was, so the bytes must be checked against a digest by the caller. */
gboolean smith_http_download(SmithHttp *http, const char *url, guint64 limit, SmithSink *sink,
			     SmithHttpInfo *info, GError **error);
