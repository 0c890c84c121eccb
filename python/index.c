/* SPDX-License-Identifier: Apache-2.0 */
#include "python/index.h"

#include <string.h>

#include "base/error.h"
#include "base/node.h"

void smith_index_file_free(SmithIndexFile *file)
{
	if (file == NULL)
		return;
	g_free(file->file_name);
	g_free(file->url);
	g_free(file->sha256);
	g_free(file->requires_python);
	g_free(file->yanked_reason);
	g_free(file->metadata_sha256);
	g_free(file);
}

static void index_file_free(gpointer data)
{
	smith_index_file_free(data);
}

/* Lower-case digits of a sha256, or NULL: an index may write what it likes. */
static char *read_sha256(const char *hex)
{
	if (hex == NULL || strspn(hex, "0123456789abcdefABCDEF") != 64 || hex[64] != '\0')
		return NULL;
	return g_ascii_strdown(hex, -1);
}

/* What follows @name and "=" in "name=value". */
static char *read_named_sha256(const char *text)
{
	return g_str_has_prefix(text, "sha256=") ? read_sha256(text + strlen("sha256=")) : NULL;
}

/* A name that stays in the directory it is put into. */
static bool name_is_safe(const char *name)
{
	if (*name == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
	    !g_utf8_validate(name, -1, NULL))
		return false;
	for (const char *p = name; *p != '\0'; p++)
		if (*p == '/' || g_ascii_iscntrl(*p))
			return false;
	return true;
}

static char *file_name_of(GUri *uri)
{
	const char *path = g_uri_get_path(uri);
	const char *slash = strrchr(path, '/');
	g_autofree char *name = g_uri_unescape_string(slash != NULL ? slash + 1 : path, "/");
	if (name == NULL || !name_is_safe(name))
		return NULL;
	return g_steal_pointer(&name);
}

/* The library reads more URLs than RFC 3986 (3.3) lets it write: what stands behind a host begins
 * with a slash, and without one there is no second. */
static bool can_be_written(GUri *uri)
{
	const char *path = g_uri_get_path(uri);
	if (g_uri_get_host(uri) == NULL)
		return !g_str_has_prefix(path, "//");
	return *path == '\0' || *path == '/';
}

/* A file with name and URL, its sha256 from the fragment; NULL when @href leads to none. */
static SmithIndexFile *resolve_file(GUri *base, const char *href)
{
	/* encoded: what the server wrote is what it is asked for */
	g_autoptr(GUri) uri = g_uri_parse_relative(
		base, href, G_URI_FLAGS_ENCODED | G_URI_FLAGS_PARSE_RELAXED, NULL);
	if (uri == NULL || !can_be_written(uri))
		return NULL;
	const char *scheme = g_uri_get_scheme(uri);
	if (strcmp(scheme, "https") != 0 && strcmp(scheme, "http") != 0 &&
	    strcmp(scheme, "file") != 0)
		return NULL;
	g_autofree char *name = file_name_of(uri);
	if (name == NULL)
		return NULL;
	SmithIndexFile *file = g_new0(SmithIndexFile, 1);
	file->file_name = g_steal_pointer(&name);
	file->size = -1;
	const char *fragment = g_uri_get_fragment(uri);
	g_auto(GStrv) parts = g_strsplit(fragment != NULL ? fragment : "", "&", 16);
	for (gsize i = 0; parts[i] != NULL && file->sha256 == NULL; i++)
		file->sha256 = read_named_sha256(parts[i]);
	file->url = g_uri_to_string_partial(uri, G_URI_HIDE_FRAGMENT);
	return file;
}

static gboolean add_file(GPtrArray *files, SmithIndexFile *file, GError **error)
{
	if (file == NULL)
		return TRUE;
	if (files->len >= SMITH_INDEX_MAX_LINKS) {
		smith_index_file_free(file);
		return smith_throw(error, SMITH_ERROR_LIMIT, "an index page has more than %d links",
				   SMITH_INDEX_MAX_LINKS);
	}
	g_ptr_array_add(files, file);
	return TRUE;
}

static gboolean check_api_version(const char *version, GError **error)
{
	if (version == NULL || g_str_has_prefix(version, "1."))
		return TRUE;
	g_autofree char *start = g_strndup(version, 40);
	g_autofree char *shown = g_utf8_make_valid(start, -1);
	return smith_throw(error, SMITH_ERROR_UNSUPPORTED,
			   "an index page has API version '%s', expected 1.N", shown);
}

/*
 * The tokenizer: it knows tags, attributes, comments and the two elements whose content is no
 * markup. It needs no tree, and every byte is looked at once: what is not closed ends the page.
 */
typedef struct {
	const char *at;
	const char *end;
} Scanner;

typedef struct {
	char name[16]; /* lower case; longer names are cut, and then none of ours */
	bool closing;
	GPtrArray *attributes; /* (element-type char*) name, value, name, value ... decoded */
} Tag;

#define MAX_ATTRIBUTES 64

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

static const char *find_text(const Scanner *scanner, const char *text)
{
	return memmem(scanner->at, (gsize)(scanner->end - scanner->at), text, strlen(text));
}

static void append_reference(GString *out, const char *start, gsize length)
{
	static const struct {
		const char *name, *text;
	} named[] = {{"amp", "&"}, {"lt", "<"}, {"gt", ">"}, {"quot", "\""}, {"apos", "'"}};
	g_autofree char *name = g_strndup(start, length);
	guint64 code = 0;
	if (name[0] == '#' && (name[1] == 'x' || name[1] == 'X'))
		code = g_ascii_strtoull(name + 2, NULL, 16);
	else if (name[0] == '#')
		code = g_ascii_strtoull(name + 1, NULL, 10);
	for (gsize i = 0; i < G_N_ELEMENTS(named); i++)
		if (strcmp(name, named[i].name) == 0)
			code = (guint64)named[i].text[0];
	if (code > 0 && code <= 0x10ffff && g_unichar_validate((gunichar)code))
		g_string_append_unichar(out, (gunichar)code);
	else
		g_string_append_printf(out, "&%s;", name);
}

/* Text with its character references replaced; bytes that are no UTF-8 become U+FFFD. */
static char *decode(const char *start, gsize length)
{
	g_autoptr(GString) out = g_string_sized_new(length);
	const char *end = start + length;
	while (start < end) {
		const char *semicolon =
			*start == '&' ? memchr(start, ';', MIN((gsize)(end - start), 12)) : NULL;
		if (semicolon != NULL) {
			append_reference(out, start + 1, (gsize)(semicolon - start) - 1);
			start = semicolon + 1;
		} else {
			if (*start != '\0')
				g_string_append_c(out, *start);
			start++;
		}
	}
	return g_utf8_make_valid(out->str, (gssize)out->len);
}

static void skip_space(Scanner *scanner)
{
	while (scanner->at < scanner->end && is_space(*scanner->at))
		scanner->at++;
}

static gsize take_until(Scanner *scanner, const char *stops)
{
	const char *start = scanner->at;
	while (scanner->at < scanner->end && !is_space(*scanner->at) &&
	       (*scanner->at == '\0' || strchr(stops, *scanner->at) == NULL))
		scanner->at++;
	return (gsize)(scanner->at - start);
}

static char *read_value(Scanner *scanner)
{
	skip_space(scanner);
	if (scanner->at == scanner->end)
		return g_strdup("");
	char quote = *scanner->at;
	if (quote != '"' && quote != '\'') {
		const char *start = scanner->at;
		gsize length = take_until(scanner, ">");
		return decode(start, length);
	}
	const char *start = ++scanner->at;
	const char *close = memchr(start, quote, (gsize)(scanner->end - start));
	if (close == NULL)
		close = scanner->end;
	scanner->at = close + (close < scanner->end);
	return decode(start, (gsize)(close - start));
}

static void read_attribute(Scanner *scanner, Tag *tag)
{
	const char *start = scanner->at;
	gsize length = take_until(scanner, "=>/");
	if (length == 0) {
		scanner->at++; /* a stray '/' or '=' */
		return;
	}
	g_autofree char *raw = decode(start, length);
	g_autofree char *value = NULL;
	skip_space(scanner);
	if (scanner->at < scanner->end && *scanner->at == '=') {
		scanner->at++;
		value = read_value(scanner);
	}
	if (tag->attributes->len >= 2 * MAX_ATTRIBUTES)
		return;
	g_ptr_array_add(tag->attributes, g_ascii_strdown(raw, -1));
	g_ptr_array_add(tag->attributes, value != NULL ? g_steal_pointer(&value) : g_strdup(""));
}

/* Behind "<": a tag and its attributes. */
static void read_tag(Scanner *scanner, Tag *tag)
{
	g_ptr_array_set_size(tag->attributes, 0);
	tag->closing = *scanner->at == '/';
	scanner->at += tag->closing;
	const char *start = scanner->at;
	gsize length = take_until(scanner, ">/");
	length = MIN(length, sizeof(tag->name) - 1);
	for (gsize i = 0; i < length; i++)
		tag->name[i] = g_ascii_tolower(start[i]);
	tag->name[length] = '\0';
	for (;;) {
		skip_space(scanner);
		if (scanner->at == scanner->end)
			return;
		if (*scanner->at == '>')
			break;
		read_attribute(scanner, tag);
	}
	scanner->at++;
}

static void skip_past(Scanner *scanner, const char *text)
{
	const char *found = find_text(scanner, text);
	scanner->at = found != NULL ? found + strlen(text) : scanner->end;
}

/* Script and style: everything up to their end tag is no markup. */
static void skip_raw_text(Scanner *scanner, const char *name)
{
	gsize length = strlen(name);
	while (scanner->at < scanner->end) {
		skip_past(scanner, "</");
		if ((gsize)(scanner->end - scanner->at) >= length &&
		    g_ascii_strncasecmp(scanner->at, name, length) == 0)
			return;
	}
}

/* The next start tag; FALSE at the page's end. */
static bool next_tag(Scanner *scanner, Tag *tag)
{
	for (;;) {
		skip_past(scanner, "<");
		if (scanner->at == scanner->end)
			return false;
		gsize rest = (gsize)(scanner->end - scanner->at);
		if (rest >= 3 && memcmp(scanner->at, "!--", 3) == 0) {
			skip_past(scanner, "-->");
			continue;
		}
		if (*scanner->at == '!' || *scanner->at == '?') {
			skip_past(scanner, ">");
			continue;
		}
		if (!g_ascii_isalpha(*scanner->at) && *scanner->at != '/')
			continue;
		read_tag(scanner, tag);
		if (tag->closing)
			continue;
		if (strcmp(tag->name, "script") == 0 || strcmp(tag->name, "style") == 0)
			skip_raw_text(scanner, tag->name);
		else
			return true;
	}
}

/* The first of that name counts, as in browsers. */
static const char *get_attribute(const Tag *tag, const char *name)
{
	for (guint i = 0; i + 1 < tag->attributes->len; i += 2)
		if (strcmp(g_ptr_array_index(tag->attributes, i), name) == 0)
			return g_ptr_array_index(tag->attributes, i + 1);
	return NULL;
}

static SmithIndexFile *read_anchor(const Tag *tag, GUri *base)
{
	const char *href = get_attribute(tag, "href");
	SmithIndexFile *file = href != NULL ? resolve_file(base, href) : NULL;
	if (file == NULL)
		return NULL;
	const char *requires_python = get_attribute(tag, "data-requires-python");
	if (requires_python != NULL && *requires_python != '\0')
		file->requires_python = g_strdup(requires_python);
	const char *yanked = get_attribute(tag, "data-yanked");
	file->yanked = yanked != NULL;
	if (yanked != NULL && *yanked != '\0')
		file->yanked_reason = g_strdup(yanked);
	const char *metadata = get_attribute(tag, "data-core-metadata");
	if (metadata == NULL)
		metadata = get_attribute(tag, "data-dist-info-metadata");
	file->has_metadata = metadata != NULL && strcmp(metadata, "false") != 0;
	if (file->has_metadata)
		file->metadata_sha256 = read_named_sha256(metadata);
	return file;
}

static gboolean parse_html(GBytes *page, GUri *page_uri, GPtrArray *files, GError **error)
{
	gsize length = 0;
	const char *data = g_bytes_get_data(page, &length);
	if (length == 0)
		return TRUE;
	Scanner scanner = {data, data + length};
	g_autoptr(GPtrArray) attributes = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GUri) base = g_uri_ref(page_uri);
	bool has_base = false;
	Tag tag = {.attributes = attributes};
	while (next_tag(&scanner, &tag)) {
		if (strcmp(tag.name, "a") == 0) {
			if (!add_file(files, read_anchor(&tag, base), error))
				return FALSE;
		} else if (strcmp(tag.name, "base") == 0 && !has_base) {
			const char *href = get_attribute(&tag, "href");
			GUri *uri = href != NULL ? g_uri_parse_relative(page_uri, href,
									G_URI_FLAGS_ENCODED, NULL)
						 : NULL;
			if (uri == NULL)
				continue;
			has_base = true;
			g_uri_unref(base);
			base = uri;
		} else if (strcmp(tag.name, "meta") == 0 &&
			   g_strcmp0(get_attribute(&tag, "name"), "pypi:repository-version") == 0 &&
			   !check_api_version(get_attribute(&tag, "content"), error)) {
			return FALSE;
		}
	}
	return TRUE;
}

/* true, false, or {"sha256": "..."} (PEP 714, 658). */
static void read_metadata(const SmithNode *member, SmithIndexFile *file)
{
	if (member == NULL)
		return;
	file->has_metadata = member->type == SMITH_NODE_MAP ||
			     (member->type == SMITH_NODE_BOOL && member->boolean);
	file->metadata_sha256 = read_sha256(smith_node_get_string(member, "sha256"));
}

static SmithIndexFile *read_json_file(const SmithNode *node, GUri *base)
{
	const char *url = smith_node_get_string(node, "url");
	const char *name = smith_node_get_string(node, "filename");
	SmithIndexFile *file = url != NULL ? resolve_file(base, url) : NULL;
	if (file == NULL)
		return NULL;
	if (name == NULL || !name_is_safe(name)) {
		smith_index_file_free(file);
		return NULL;
	}
	/* a mirror may store files under other names */
	g_free(file->file_name);
	file->file_name = g_strdup(name);
	g_free(file->sha256);
	file->sha256 = read_sha256(smith_node_get_string(smith_node_get(node, "hashes"), "sha256"));
	file->size = MAX(smith_node_get_int(node, "size", -1), -1);
	file->requires_python = g_strdup(smith_node_get_string(node, "requires-python"));
	const SmithNode *yanked = smith_node_get(node, "yanked");
	file->yanked = yanked != NULL && (yanked->type == SMITH_NODE_STRING ||
					  (yanked->type == SMITH_NODE_BOOL && yanked->boolean));
	const char *reason = smith_node_get_string(node, "yanked");
	file->yanked_reason = reason != NULL && *reason != '\0' ? g_strdup(reason) : NULL;
	const SmithNode *metadata = smith_node_get(node, "core-metadata");
	read_metadata(metadata != NULL ? metadata : smith_node_get(node, "dist-info-metadata"),
		      file);
	return file;
}

static gboolean parse_json(GBytes *page, GUri *base, GPtrArray *files, GError **error)
{
	gsize length = 0;
	const char *data = g_bytes_get_data(page, &length);
	g_autoptr(SmithNode) root =
		smith_node_read_json(data != NULL ? data : "", length, "index page", error);
	if (root == NULL)
		return FALSE;
	const SmithNode *meta = smith_node_get(root, "meta");
	const char *version = smith_node_get_string(meta, "api-version");
	const SmithNode *list = smith_node_get(root, "files");
	if (version == NULL || list == NULL || list->type != SMITH_NODE_SEQ)
		return smith_throw(error, SMITH_ERROR_INVALID,
				   "an index page in JSON lacks 'meta.api-version' or a list "
				   "'files'");
	if (!check_api_version(version, error))
		return FALSE;
	for (guint i = 0; i < list->items->len; i++)
		if (!add_file(files, read_json_file(g_ptr_array_index(list->items, i), base),
			      error))
			return FALSE;
	return TRUE;
}

/* The media type without parameters, in lower case. */
static char *media_type(const char *content_type)
{
	if (content_type == NULL)
		return g_strdup("text/html");
	char *type = g_strndup(content_type, MIN(strcspn(content_type, ";"), 100));
	for (char *p = g_strstrip(type); *p != '\0'; p++)
		*p = g_ascii_tolower(*p);
	return type;
}

GPtrArray *smith_index_page_parse(GBytes *page, const char *content_type, const char *base_url,
				  GError **error)
{
	SMITH_AUTO_PREFIX("index page", base_url, error);
	g_autofree char *type = media_type(content_type);
	bool json = strcmp(type, "application/vnd.pypi.simple.v1+json") == 0;
	if (!json && strcmp(type, "text/html") != 0 &&
	    strcmp(type, "application/vnd.pypi.simple.v1+html") != 0) {
		g_autofree char *shown = g_utf8_make_valid(type, -1);
		smith_throw(error, SMITH_ERROR_UNSUPPORTED,
			    "content type '%s' is no page of an index, expected text/html or "
			    "application/vnd.pypi.simple.v1+json",
			    shown);
		return NULL;
	}
	g_autoptr(GUri) base =
		g_uri_parse(base_url, G_URI_FLAGS_ENCODED | G_URI_FLAGS_PARSE_RELAXED, error);
	if (base == NULL)
		return NULL;
	g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func(index_file_free);
	if (!(json ? parse_json(page, base, files, error) : parse_html(page, base, files, error)))
		return NULL;
	return g_steal_pointer(&files);
}
