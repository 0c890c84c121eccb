/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <libdeflate.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"
#include "python/record.h"

/*
 * Zip archives and wheels for tests, good ones and liars: every field of a member can be
 * overridden.
 *
 *   ZipBuilder zip = {0};
 *   zip_add (&zip, &(ZipSpec){.name = "a.py", .data = "x = 1\n", .deflate = true});
 *   g_autoptr (GBytes) bytes = zip_finish (&zip);
 */
typedef struct {
	const char *name;
	const char *data; /* NUL-terminated unless length is given */
	gsize length;
	bool deflate;
	guint32 mode; /* 0: a regular file 0644 */
	guint16 flags;
	guint16 method; /* overrides, with lie_method */
	bool lie_method;
	gsize name_length; /* of a name with NULs */
	gint64 lie_size;   /* added to the declared size */
	guint32 lie_crc;   /* xored to it */
	const char *local_name;
	bool zip64;
	bool descriptor;
	gint64 lie_offset; /* added to the local header's offset */
	GBytes *raw;	   /* the stored stream as it is, with .length the declared size */
} ZipSpec;

typedef struct {
	GByteArray *out;
	GByteArray *central;
	guint count;
	bool zip64;
	const char *comment;
} ZipBuilder;

static inline void put16(GByteArray *out, guint32 value)
{
	g_byte_array_append(out, (guint8[]){(guint8)value, (guint8)(value >> 8)}, 2);
}

static inline void put32(GByteArray *out, guint32 value)
{
	put16(out, value & 0xffff);
	put16(out, value >> 16);
}

static inline void put64(GByteArray *out, guint64 value)
{
	put32(out, (guint32)value);
	put32(out, (guint32)(value >> 32));
}

static inline void put_text(GByteArray *out, const char *text, gsize length)
{
	g_byte_array_append(out, (const guint8 *)text, (guint)length);
}

static inline GBytes *zip_deflate(const char *data, gsize length, int level)
{
	struct libdeflate_compressor *compressor = libdeflate_alloc_compressor(level);
	gsize bound = libdeflate_deflate_compress_bound(compressor, length);
	guint8 *buffer = g_malloc(bound);
	gsize n = libdeflate_deflate_compress(compressor, data, length, buffer, bound);

	libdeflate_free_compressor(compressor);
	g_assert_cmpuint(n, >, 0);
	return g_bytes_new_take(buffer, n);
}

/* What both headers of a member say. */
typedef struct {
	const char *name;
	gsize name_length;
	guint64 size;
	guint64 packed;
	guint32 crc;
	guint16 flags;
	guint16 method;
} ZipFields;

static inline void zip_put_local(GByteArray *out, const ZipSpec *spec, const ZipFields *fields)
{
	bool later = spec->descriptor;

	put32(out, 0x04034b50);
	put16(out, spec->zip64 ? 45 : 20);
	put16(out, fields->flags);
	put16(out, fields->method);
	put32(out, 0x00210000);
	put32(out, later ? 0 : fields->crc);
	put32(out, spec->zip64 ? 0xffffffff : later ? 0 : (guint32)fields->packed);
	put32(out, spec->zip64 ? 0xffffffff : later ? 0 : (guint32)fields->size);
	put16(out, (guint32)fields->name_length);
	put16(out, spec->zip64 ? 20 : 0);
	put_text(out, spec->local_name != NULL ? spec->local_name : fields->name,
		 fields->name_length);
	if (spec->zip64) {
		put16(out, 1);
		put16(out, 16);
		put64(out, fields->size);
		put64(out, fields->packed);
	}
}

static inline void zip_put_descriptor(GByteArray *out, const ZipFields *fields)
{
	put32(out, 0x08074b50);
	put32(out, fields->crc);
	put32(out, (guint32)fields->packed);
	put32(out, (guint32)fields->size);
}

static inline void zip_put_central(GByteArray *out, const ZipSpec *spec, const ZipFields *fields,
				   guint64 offset)
{
	put32(out, 0x02014b50);
	put16(out, 3 << 8 | 20);
	put16(out, spec->zip64 ? 45 : 20);
	put16(out, fields->flags);
	put16(out, fields->method);
	put32(out, 0x00210000);
	put32(out, fields->crc);
	put32(out, spec->zip64 ? 0xffffffff : (guint32)fields->packed);
	put32(out, spec->zip64 ? 0xffffffff : (guint32)fields->size);
	put16(out, (guint32)fields->name_length);
	put16(out, spec->zip64 ? 28 : 0);
	put16(out, 0);
	put16(out, 0);
	put16(out, 0);
	put32(out, (spec->mode != 0 ? spec->mode : 0100644) << 16);
	put32(out, spec->zip64 ? 0xffffffff : (guint32)offset);
	put_text(out, fields->name, fields->name_length);
	if (spec->zip64) {
		put16(out, 1);
		put16(out, 24);
		put64(out, fields->size);
		put64(out, fields->packed);
		put64(out, offset);
	}
}

static inline void zip_add(ZipBuilder *zip, const ZipSpec *spec)
{
	gsize length = spec->raw != NULL || spec->length > 0 || spec->data == NULL
			       ? spec->length
			       : strlen(spec->data);
	ZipFields fields = {spec->name, strlen(spec->name), 0, 0, 0, 0, 0};
	g_autoptr(GBytes) stored = NULL;
	gint64 offset;

	if (zip->out == NULL) {
		zip->out = g_byte_array_new();
		zip->central = g_byte_array_new();
	}
	offset = (gint64)zip->out->len + spec->lie_offset;
	if (spec->raw != NULL)
		stored = g_bytes_ref(spec->raw);
	else if (spec->deflate)
		stored = zip_deflate(spec->data, length, 6);
	else
		stored = g_bytes_new(spec->data, length);
	if (spec->name_length > 0)
		fields.name_length = spec->name_length;
	fields.packed = g_bytes_get_size(stored);
	fields.crc =
		libdeflate_crc32(0, spec->data, spec->data != NULL ? length : 0) ^ spec->lie_crc;
	fields.flags = spec->flags | (spec->descriptor ? 8 : 0);
	fields.method = spec->deflate || spec->raw != NULL ? 8 : 0;
	if (spec->lie_method)
		fields.method = spec->method;
	fields.size =
		fields.method == 0 ? fields.packed : (guint64)((gint64)length + spec->lie_size);
	zip_put_local(zip->out, spec, &fields);
	put_text(zip->out, g_bytes_get_data(stored, NULL), fields.packed);
	if (spec->descriptor)
		zip_put_descriptor(zip->out, &fields);
	zip_put_central(zip->central, spec, &fields, (guint64)offset);
	zip->count++;
}

static inline GBytes *zip_finish(ZipBuilder *zip)
{
	guint64 offset, size;
	gsize comment = zip->comment != NULL ? strlen(zip->comment) : 0;

	if (zip->out == NULL) {
		zip->out = g_byte_array_new();
		zip->central = g_byte_array_new();
	}
	offset = zip->out->len;
	size = zip->central->len;
	g_byte_array_append(zip->out, zip->central->data, zip->central->len);
	g_byte_array_unref(zip->central);
	if (zip->zip64) {
		guint64 record = zip->out->len;

		put32(zip->out, 0x06064b50);
		put64(zip->out, 44);
		put16(zip->out, 3 << 8 | 45);
		put16(zip->out, 45);
		put32(zip->out, 0);
		put32(zip->out, 0);
		put64(zip->out, zip->count);
		put64(zip->out, zip->count);
		put64(zip->out, size);
		put64(zip->out, offset);
		put32(zip->out, 0x07064b50);
		put32(zip->out, 0);
		put64(zip->out, record);
		put32(zip->out, 1);
	}
	put32(zip->out, 0x06054b50);
	put16(zip->out, 0);
	put16(zip->out, 0);
	put16(zip->out, zip->zip64 ? 0xffff : zip->count);
	put16(zip->out, zip->zip64 ? 0xffff : zip->count);
	put32(zip->out, zip->zip64 ? 0xffffffff : (guint32)size);
	put32(zip->out, zip->zip64 ? 0xffffffff : (guint32)offset);
	put16(zip->out, (guint32)comment);
	put_text(zip->out, zip->comment, comment);
	return g_byte_array_free_to_bytes(g_steal_pointer(&zip->out));
}

/* A descriptor of a file that holds @bytes. */
static inline int zip_to_fd(GBytes *bytes)
{
	int fd = memfd_create("zip", MFD_CLOEXEC);

	g_assert_cmpint(fd, >=, 0);
	g_assert_true(smith_fd_write_all(fd, g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes),
					 NULL));
	return fd;
}

/*
 * A wheel in a temporary directory: add files, then finish. RECORD rows are made on the way, and
 * may be overridden through the array `rows` or left out with `no_row`.
 */
typedef struct {
	ZipBuilder zip;
	GPtrArray *rows;
	const char *name;     /* "demo" */
	const char *version;  /* "1.0" */
	const char *tag;      /* "py3-none-any" */
	const char *metadata; /* more lines */
	const char *wheel;    /* instead of the usual WHEEL */
	char *directory;
	char *path;
} WheelBuilder;

static inline void wheel_add(WheelBuilder *wheel, const ZipSpec *spec)
{
	gsize length = spec->length > 0 || spec->data == NULL ? spec->length : strlen(spec->data);

	zip_add(&wheel->zip, spec);
	g_ptr_array_add(
		wheel->rows,
		smith_record_row_new_for(spec->name, spec->data != NULL ? spec->data : "", length));
}

static inline void wheel_begin(WheelBuilder *wheel)
{
	g_autofree char *info = NULL, *text = NULL, *name = NULL;

	wheel->name = wheel->name != NULL ? wheel->name : "demo";
	wheel->version = wheel->version != NULL ? wheel->version : "1.0";
	wheel->tag = wheel->tag != NULL ? wheel->tag : "py3-none-any";
	wheel->rows = g_ptr_array_new_with_free_func((GDestroyNotify)smith_record_row_free);
	wheel->directory = g_dir_make_tmp("smith-wheel-XXXXXX", NULL);
	g_assert_nonnull(wheel->directory);
	name = g_strdup_printf("%s-%s-%s.whl", wheel->name, wheel->version, wheel->tag);
	wheel->path = g_build_filename(wheel->directory, name, NULL);

	info = g_strdup_printf("%s-%s.dist-info/METADATA", wheel->name, wheel->version);
	text = g_strdup_printf(
		"Metadata-Version: 2.1\nName: %s\nVersion: %s\n%s\nbody: no header\n", wheel->name,
		wheel->version, wheel->metadata != NULL ? wheel->metadata : "");
	wheel_add(wheel, &(ZipSpec){.name = info, .data = text, .deflate = true});
	g_free(info);
	g_free(text);
	info = g_strdup_printf("%s-%s.dist-info/WHEEL", wheel->name, wheel->version);
	text = wheel->wheel != NULL
		       ? g_strdup(wheel->wheel)
		       : g_strdup_printf("Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: "
					 "true\nTag: %s\n",
					 wheel->tag);
	wheel_add(wheel, &(ZipSpec){.name = info, .data = text, .deflate = true});
}

static inline void wheel_write(WheelBuilder *wheel, GBytes *bytes)
{
	g_assert_true(g_file_set_contents(wheel->path, g_bytes_get_data(bytes, NULL),
					  (gssize)g_bytes_get_size(bytes), NULL));
}

static inline GBytes *wheel_finish(WheelBuilder *wheel)
{
	g_autofree char *name =
		g_strdup_printf("%s-%s.dist-info/RECORD", wheel->name, wheel->version);
	g_autofree char *text = NULL;
	gsize length = 0;
	GBytes *bytes;

	g_ptr_array_add(wheel->rows, smith_record_row_new(name, "", ""));
	text = smith_record_write(wheel->rows, &length);
	zip_add(&wheel->zip, &(ZipSpec){.name = name, .data = text, .deflate = true});
	bytes = zip_finish(&wheel->zip);
	wheel_write(wheel, bytes);
	return bytes;
}

/* The row of @path, to be made a liar. */
static inline SmithRecordRow *wheel_row(WheelBuilder *wheel, const char *path)
{
	for (guint i = 0; i < wheel->rows->len; i++) {
		SmithRecordRow *row = wheel->rows->pdata[i];

		if (strcmp(row->path, path) == 0)
			return row;
	}
	g_assert_not_reached();
}

static inline void wheel_clear(WheelBuilder *wheel)
{
	if (wheel->path != NULL)
		g_unlink(wheel->path);
	if (wheel->directory != NULL)
		g_rmdir(wheel->directory);
	g_free(wheel->path);
	g_free(wheel->directory);
	g_clear_pointer(&wheel->rows, g_ptr_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(WheelBuilder, wheel_clear)
