/* SPDX-License-Identifier: Apache-2.0 */
#include "python/record.h"

#include <string.h>

#include "base/error.h"

#define FIELDS 3
#define PREFIX "sha256="
#define HASH_LENGTH 43 /* of 32 bytes in base64 without padding */

typedef struct {
	const char *p;
	const char *end;
	const char *name;
	guint line;
} Reader;

static const char *const secure[] = {"sha384", "sha512", NULL};

SmithRecordRow *smith_record_row_new(const char *path, const char *hash, const char *size_text)
{
	SmithRecordRow *row = g_new0(SmithRecordRow, 1);

	row->path = g_strdup(path);
	row->hash = g_strdup(hash);
	row->size_text = g_strdup(size_text);
	row->size = -1;
	return row;
}

void smith_record_row_free(SmithRecordRow *row)
{
	if (row == NULL)
		return;
	g_free(row->path);
	g_free(row->hash);
	g_free(row->size_text);
	g_free(row);
}

static char *encode_hash(const guint8 sha256[SMITH_SHA256_SIZE])
{
	g_autofree char *base64 = g_base64_encode(sha256, SMITH_SHA256_SIZE);

	g_strdelimit(base64, "+", '-');
	g_strdelimit(base64, "/", '_');
	base64[HASH_LENGTH] = '\0';
	return g_strconcat(PREFIX, base64, NULL);
}

SmithRecordRow *smith_record_row_new_for(const char *path, const void *data, gsize length)
{
	g_autoptr(SmithHasher) hasher = smith_hasher_new();
	g_autofree char *size = g_strdup_printf("%" G_GSIZE_FORMAT, length), *hash = NULL;
	guint8 sha256[SMITH_SHA256_SIZE];
	SmithRecordRow *row;

	smith_hasher_update(hasher, data, length);
	smith_hasher_finish_raw(hasher, sha256);
	hash = encode_hash(sha256);
	row = smith_record_row_new(path, hash, size);
	row->size = (gint64)length;
	row->has_sha256 = true;
	memcpy(row->sha256, sha256, sizeof sha256);
	return row;
}

/* The unused low bits of the last digit must be zero: one digest, one spelling. */
static gboolean decode_hash(SmithRecordRow *row)
{
	char text[HASH_LENGTH + 2];
	const char *value = row->hash + strlen(PREFIX);
	g_autofree guint8 *raw = NULL;
	g_autofree char *again = NULL;
	gsize length = 0;

	if (strlen(value) != HASH_LENGTH)
		return FALSE;
	g_strlcpy(text, value, sizeof text);
	g_strdelimit(text, "-", '+');
	g_strdelimit(text, "_", '/');
	text[HASH_LENGTH] = '=';
	text[HASH_LENGTH + 1] = '\0';
	raw = g_base64_decode(text, &length);
	if (length != SMITH_SHA256_SIZE)
		return FALSE;
	again = encode_hash(raw);
	if (strcmp(again, row->hash) != 0)
		return FALSE;
	memcpy(row->sha256, raw, SMITH_SHA256_SIZE);
	row->has_sha256 = true;
	return TRUE;
}

static gboolean check_hash(SmithRecordRow *row, const Reader *reader, GError **error)
{
	g_autofree char *algorithm = NULL;

	if (row->hash[0] == '\0')
		return TRUE;
	algorithm = g_strndup(row->hash, strcspn(row->hash, "="));
	if (g_strv_contains(secure, algorithm))
		return smith_throw(error, SMITH_ERROR_UNSUPPORTED,
				   "%s:%u: hash algorithm '%s' of '%s' is not supported, expected "
				   "sha256",
				   reader->name, reader->line, algorithm, row->path);
	if (!g_str_has_prefix(row->hash, PREFIX))
		return smith_throw(error, SMITH_ERROR_INVALID,
				   "%s:%u: hash algorithm '%s' of '%s' is not secure, expected "
				   "sha256",
				   reader->name, reader->line, algorithm, row->path);
	if (!decode_hash(row))
		return smith_throw(error, SMITH_ERROR_INVALID,
				   "%s:%u: hash '%s' of '%s' is not 32 bytes of urlsafe base64",
				   reader->name, reader->line, row->hash, row->path);
	return TRUE;
}

static gboolean check_size(SmithRecordRow *row, const Reader *reader, GError **error)
{
	gint64 size = 0;

	if (row->size_text[0] == '\0')
		return TRUE;
	for (const char *p = row->size_text; *p != '\0'; p++) {
		if (!g_ascii_isdigit(*p) || p - row->size_text > 17)
			return smith_throw(error, SMITH_ERROR_INVALID,
					   "%s:%u: size '%s' of '%s' is not a number of bytes",
					   reader->name, reader->line, row->size_text, row->path);
		size = size * 10 + (*p - '0');
	}
	row->size = size;
	return TRUE;
}

static gboolean at_end_of_line(const Reader *reader)
{
	return reader->p == reader->end || *reader->p == '\n' || *reader->p == '\r';
}

static void skip_end_of_line(Reader *reader)
{
	if (reader->p < reader->end && *reader->p == '\r')
		reader->p++;
	if (reader->p < reader->end && *reader->p == '\n')
		reader->p++;
	reader->line++;
}

static gboolean read_quoted(Reader *reader, GString *field, GError **error)
{
	for (reader->p++;; reader->p++) {
		if (at_end_of_line(reader))
			return smith_throw(error, SMITH_ERROR_INVALID,
					   "%s:%u: quoted field does not end in its line",
					   reader->name, reader->line);
		if (*reader->p != '"') {
			g_string_append_c(field, *reader->p);
			continue;
		}
		reader->p++;
		if (reader->p < reader->end && *reader->p == '"')
			g_string_append_c(field, '"');
		else
			break;
	}
	if (!at_end_of_line(reader) && *reader->p != ',')
		return smith_throw(error, SMITH_ERROR_INVALID,
				   "%s:%u: text after a quoted field, expected ','", reader->name,
				   reader->line);
	return TRUE;
}

static gboolean read_field(Reader *reader, GString *field, GError **error)
{
	g_string_truncate(field, 0);
	if (!at_end_of_line(reader) && *reader->p == '"')
		return read_quoted(reader, field, error);
	while (!at_end_of_line(reader) && *reader->p != ',')
		g_string_append_c(field, *reader->p++);
	return TRUE;
}

static SmithRecordRow *read_row(Reader *reader, GString *fields[FIELDS], GError **error)
{
	g_autoptr(SmithRecordRow) row = NULL;
	guint count = 0;

	for (;;) {
		if (!read_field(reader, fields[count], error))
			return NULL;
		count++;
		if (at_end_of_line(reader) || count == FIELDS)
			break;
		reader->p++;
	}
	if (count != FIELDS || !at_end_of_line(reader))
		return smith_throw_null(error, SMITH_ERROR_INVALID,
					"%s:%u: %s fields, expected path, hash and size",
					reader->name, reader->line,
					count < FIELDS ? "too few" : "too many");
	if (fields[0]->len == 0)
		return smith_throw_null(error, SMITH_ERROR_INVALID, "%s:%u: empty path",
					reader->name, reader->line);
	row = smith_record_row_new(fields[0]->str, fields[1]->str, fields[2]->str);
	if (!check_hash(row, reader, error) || !check_size(row, reader, error))
		return NULL;
	return g_steal_pointer(&row);
}

static GPtrArray *read_rows(Reader *reader, GString *fields[FIELDS], GError **error)
{
	g_autoptr(GPtrArray) rows =
		g_ptr_array_new_with_free_func((GDestroyNotify)smith_record_row_free);
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);

	for (; reader->p < reader->end; skip_end_of_line(reader)) {
		SmithRecordRow *row;

		if (at_end_of_line(reader))
			continue;
		row = read_row(reader, fields, error);
		if (row == NULL)
			return NULL;
		g_ptr_array_add(rows, row);
		if (!g_hash_table_add(seen, row->path))
			return smith_throw_null(error, SMITH_ERROR_INVALID,
						"%s:%u: second row of '%s'", reader->name,
						reader->line, row->path);
	}
	return g_steal_pointer(&rows);
}

GPtrArray *smith_record_parse(const char *text, gsize length, const char *name, GError **error)
{
	Reader reader = {text, text + length, name, 1};
	GString *fields[FIELDS];
	GPtrArray *rows;

	if (length > SMITH_RECORD_MAX_BYTES)
		return smith_throw_null(error, SMITH_ERROR_LIMIT,
					"'%s' has %" G_GSIZE_FORMAT " bytes, expected at most %d",
					name, length, SMITH_RECORD_MAX_BYTES);
	if (!g_utf8_validate(text, (gssize)length, NULL))
		return smith_throw_null(error, SMITH_ERROR_INVALID, "'%s' is not UTF-8", name);
	for (guint i = 0; i < FIELDS; i++)
		fields[i] = g_string_new(NULL);
	rows = read_rows(&reader, fields, error);
	for (guint i = 0; i < FIELDS; i++)
		g_string_free(fields[i], TRUE);
	return rows;
}

static gint compare_rows(gconstpointer a, gconstpointer b)
{
	const SmithRecordRow *x = *(SmithRecordRow *const *)a, *y = *(SmithRecordRow *const *)b;
	int order = strcmp(x->path, y->path);

	if (order == 0)
		order = strcmp(x->hash, y->hash);
	return order != 0 ? order : strcmp(x->size_text, y->size_text);
}

static void write_field(GString *out, const char *field)
{
	if (strpbrk(field, ",\"\r\n") == NULL) {
		g_string_append(out, field);
		return;
	}
	g_string_append_c(out, '"');
	for (const char *p = field; *p != '\0'; p++) {
		if (*p == '"')
			g_string_append_c(out, '"');
		g_string_append_c(out, *p);
	}
	g_string_append_c(out, '"');
}

char *smith_record_write(const GPtrArray *rows, gsize *length)
{
	g_autoptr(GPtrArray) sorted = g_ptr_array_sized_new(rows->len);
	GString *out = g_string_sized_new(rows->len * 80);

	for (guint i = 0; i < rows->len; i++)
		g_ptr_array_add(sorted, rows->pdata[i]);
	g_ptr_array_sort(sorted, compare_rows);
	for (guint i = 0; i < sorted->len; i++) {
		const SmithRecordRow *row = sorted->pdata[i];

		write_field(out, row->path);
		g_string_append_c(out, ',');
		write_field(out, row->hash);
		g_string_append_c(out, ',');
		write_field(out, row->size_text);
		g_string_append(out, "\r\n");
	}
	*length = out->len;
	return g_string_free(out, FALSE);
}
