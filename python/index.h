/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/*
 * A project's page of a package index: PEP 503 HTML or PEP 691 JSON (simple repository API), from a
 * server, a mirror or a plain directory listing.
 *
 *   files = smith_index_page_parse (page, content_type, url_after_redirects, error);
 *
 * The page is hostile: what is no usable link is left out, whatever it is; an error is only what
 * makes the page as a whole useless. Digests and sizes are the index's word, to be checked against
 * the file. The caller bounds the page's size.
 */
#define SMITH_INDEX_MAX_LINKS 200000

typedef struct {
	char *file_name;       /* the URL's last component, decoded; no '/', never empty */
	char *url;	       /* absolute, without fragment */
	char *sha256;	       /* 64 lower-case hex digits, or NULL */
	gint64 size;	       /* -1: not said */
	char *requires_python; /* a specifier set as text, or NULL */
	bool yanked;
	char *yanked_reason;   /* NULL: not yanked or no reason */
	bool has_metadata;     /* URL + ".metadata" is the file's METADATA (PEP 658, PEP 714) */
	char *metadata_sha256; /* or NULL */
} SmithIndexFile;

/*
 * (element-type SmithIndexFile*) in the page's order. @content_type: "text/html",
 * "application/vnd.pypi.simple.v1+html" or "...v1+json", parameters allowed; NULL means HTML.
 * @base_url: an absolute URL, that of the page after redirects. Fails for another content type or
 * major version of the API (SMITH_ERROR_UNSUPPORTED), for JSON that is not such a page
 * (SMITH_ERROR_INVALID), and for more than SMITH_INDEX_MAX_LINKS links (SMITH_ERROR_LIMIT).
 */
GPtrArray *smith_index_page_parse(GBytes *page, const char *content_type, const char *base_url,
				  GError **error);
void smith_index_file_free(SmithIndexFile *file);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SmithIndexFile, smith_index_file_free)
