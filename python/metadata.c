/* SPDX-License-Identifier: Apache-2.0 */
#include "python/metadata.h"

#include <string.h>

#include "base/error.h"

#define MAX_HEADERS 100000

typedef struct {
	char *key;
	GString *value;
} Header;

struct SmithHeaders {
	char *name;
	GArray *headers; /* (element-type Header) */
};

static void header_clear(gpointer data)
{
	Header *header = data;

	g_free(header->key);
	g_string_free(header->value, TRUE);
}

void smith_headers_free(SmithHeaders *headers)
{
	if (headers == NULL)
		return;
	g_free(headers->name);
	g_array_unref(headers->headers);
	g_free(headers);
}

static gboolean add_line(SmithHeaders *self, const char *line, gsize length, GError **error)
{
	const char *colon = memchr(line, ':', length);
	Header header;

	if (!g_utf8_validate(line, (gssize)length, NULL))
		return smith_throw(error, SMITH_ERROR_INVALID, "headers of '%s' are not UTF-8",
				   self->name);
	if (line[0] == ' ' || line[0] == '\t') {
		if (self->headers->len == 0)
			return smith_throw(error, SMITH_ERROR_INVALID,
					   "'%s' begins with a continuation line", self->name);
		header = g_array_index(self->headers, Header, self->headers->len - 1);
		g_string_append_c(header.value, '\n');
		g_string_append_len(header.value, line, (gssize)length);
		return TRUE;
	}
	if (colon == NULL || colon == line)
		return smith_throw(error, SMITH_ERROR_INVALID,
				   "line '%.*s' of '%s' is not a header, expected 'Key: value'",
				   (int)MIN(length, 80), line, self->name);
	if (self->headers->len >= MAX_HEADERS)
		return smith_throw(error, SMITH_ERROR_LIMIT, "more than %d headers in '%s'",
				   MAX_HEADERS, self->name);
	header.key = g_strndup(line, (gsize)(colon - line));
	header.value = g_string_new_len(colon + 1, (gssize)(length - (gsize)(colon + 1 - line)));
	g_array_append_val(self->headers, header);
	return TRUE;
}

SmithHeaders *smith_headers_parse(const char *text, gsize length, const char *name, GError **error)
{
	g_autoptr(SmithHeaders) self = g_new0(SmithHeaders, 1);
	const char *p = text, *end = text + length;

	self->name = g_strdup(name);
	self->headers = g_array_new(FALSE, FALSE, sizeof(Header));
	g_array_set_clear_func(self->headers, header_clear);
	while (p < end) {
		const char *newline = memchr(p, '\n', (gsize)(end - p));
		const char *stop = newline != NULL ? newline : end;
		gsize line = (gsize)(stop - p);

		if (line > 0 && p[line - 1] == '\r')
			line--;
		if (line == 0)
			break;
		if (!add_line(self, p, line, error))
			return NULL;
		p = newline != NULL ? newline + 1 : end;
	}
	for (guint i = 0; i < self->headers->len; i++)
		g_strstrip(g_array_index(self->headers, Header, i).value->str);
	return g_steal_pointer(&self);
}

static guint count(const SmithHeaders *self, const char *key, const char **first)
{
	guint n = 0;

	for (guint i = 0; i < self->headers->len; i++) {
		const Header *header = &g_array_index(self->headers, Header, i);

		if (g_ascii_strcasecmp(header->key, key) != 0)
			continue;
		if (n++ == 0)
			*first = header->value->str;
	}
	return n;
}

const char *smith_headers_get(const SmithHeaders *headers, const char *key)
{
	const char *first = NULL;

	count(headers, key, &first);
	return first;
}

const char *smith_headers_require(const SmithHeaders *headers, const char *key, GError **error)
{
	const char *first = NULL;
	guint n = count(headers, key, &first);

	if (n == 0 || first[0] == '\0')
		return smith_throw_null(error, SMITH_ERROR_INVALID, "'%s' has no %s", headers->name,
					key);
	if (n > 1)
		return smith_throw_null(error, SMITH_ERROR_INVALID,
					"'%s' has %u lines of %s, expected one", headers->name, n,
					key);
	return first;
}

char **smith_headers_get_all(const SmithHeaders *headers, const char *key)
{
	g_autoptr(GPtrArray) values = g_ptr_array_new();

	for (guint i = 0; i < headers->headers->len; i++) {
		const Header *header = &g_array_index(headers->headers, Header, i);

		if (g_ascii_strcasecmp(header->key, key) == 0)
			g_ptr_array_add(values, g_strdup(header->value->str));
	}
	g_ptr_array_add(values, NULL);
	return (char **)g_ptr_array_steal(values, NULL);
}
