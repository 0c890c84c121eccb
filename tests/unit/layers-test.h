/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <libdeflate.h>
#include <string.h>
#include <unistd.h>

#include "base/entry.h"
#include "base/fd.h"
#include "layers/layer.h"
#include "layers/tar-write.h"

/*
 * What the tests of layers/ share: a scratch directory, other programs as judges, and a content
 * that can be spliced.
 */
typedef struct {
	char *path;
	int fd;
} TestDir;

static inline void test_dir_clear(TestDir *dir)
{
	g_assert_true(smith_fd_remove_tree(AT_FDCWD, dir->path, NULL));
	close(dir->fd);
	g_free(dir->path);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(TestDir, test_dir_clear)

static inline TestDir test_dir_new(void)
{
	GError *error = NULL;
	TestDir dir = {g_dir_make_tmp("smith-layers-XXXXXX", &error), -1};
	g_assert_no_error(error);
	dir.fd = smith_fd_open_dir(AT_FDCWD, dir.path, &error);
	g_assert_no_error(error);
	return dir;
}

/* FALSE, and the test skipped with the reason, when @program is not installed. */
static inline gboolean test_need(const char *program)
{
	g_autofree char *found = g_find_program_in_path(program);
	if (found == NULL) {
		g_autofree char *reason = g_strdup_printf("'%s' is not installed", program);
		g_test_skip(reason);
	}
	return found != NULL;
}

/* Runs a shell command in @dir; its stdout. The command must succeed. */
static inline char *test_run(const TestDir *dir, const char *command)
{
	const char *argv[] = {"/bin/sh", "-ec", command, NULL};
	g_autofree char *err = NULL;
	char *out = NULL;
	int status = -1;
	GError *error = NULL;
	g_spawn_sync(dir->path, (char **)argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, &out, &err,
		     &status, &error);
	g_assert_no_error(error);
	if (status != 0)
		g_test_message("%s: %s%s", command, out, err);
	g_assert_cmpint(status, ==, 0);
	return out;
}

static inline void test_write(const TestDir *dir, const char *name, const void *data, gsize length)
{
	GError *error = NULL;
	smith_fd_write_file(dir->fd, name, data, length, 0644, &error);
	g_assert_no_error(error);
}

/* Bytes that neither compress nor change from run to run. */
static inline guint8 *test_noise(gsize length, guint32 seed)
{
	guint8 *data = g_malloc(length);
	guint32 state = seed * 2654435761u + 1;
	for (gsize i = 0; i < length; i++) {
		state ^= state << 13;
		state ^= state >> 17;
		state ^= state << 5;
		data[i] = (guint8)(state >> 11);
	}
	return data;
}

/* Text-like bytes, which do compress. */
static inline guint8 *test_text(gsize length, guint32 seed)
{
	static const char *const words[] = {"import ", "return ", "self.", "def ", "\n    ", "(x)",
					    "None",    " = ",	  "for ",  "0x7f", "\"\"\"", "_ab"};
	GString *text = g_string_sized_new(length + 16);
	guint32 state = seed * 2654435761u + 1;
	while (text->len < length) {
		state = state * 1664525u + 1013904223u;
		g_string_append(text, words[(state >> 24) % G_N_ELEMENTS(words)]);
	}
	return (guint8 *)g_string_free(text, FALSE);
}

/* A content that is one deflate stream, as a wheel's member is. */
typedef struct {
	SmithContent content;
	GBytes *plain;
	GBytes *raw;
	gboolean lie; /* fails like a wrong RECORD hash, after all bytes were written */
} TestSpliced;

static inline SmithSource *test_spliced_open(SmithContent *content, GError **error)
{
	(void)error;
	return smith_source_new_bytes(((TestSpliced *)content)->plain);
}

static inline gboolean test_spliced_splice(SmithContent *content, SmithSink *raw, SmithSink *plain,
					   GError **error)
{
	TestSpliced *self = (TestSpliced *)content;
	gsize length;
	const guint8 *data = g_bytes_get_data(self->plain, &length);
	for (gsize at = 0; at < length; at += MIN(length - at, 50000u))
		smith_sink_write(plain, data + at, MIN(length - at, 50000u));
	data = g_bytes_get_data(self->raw, &length);
	for (gsize at = 0; at < length; at += MIN(length - at, 30000u))
		smith_sink_write(raw, data + at, MIN(length - at, 30000u));
	if (self->lie)
		g_set_error_literal(error, G_FILE_ERROR, G_FILE_ERROR_IO, "hash mismatch");
	return !self->lie;
}

static inline void test_spliced_free(SmithContent *content)
{
	TestSpliced *self = (TestSpliced *)content;
	g_bytes_unref(self->plain);
	g_bytes_unref(self->raw);
	g_free(self);
}

static inline SmithContent *test_spliced_new(const void *data, gsize length)
{
	static const SmithContentOps ops = {test_spliced_open, test_spliced_splice,
					    test_spliced_free};
	TestSpliced *self = g_new0(TestSpliced, 1);
	struct libdeflate_compressor *deflate = libdeflate_alloc_compressor(9);
	gsize bound = libdeflate_deflate_compress_bound(deflate, length);
	guint8 *raw = g_malloc(bound);
	gsize size = libdeflate_deflate_compress(deflate, data, length, raw, bound);
	libdeflate_free_compressor(deflate);
	self->plain = g_bytes_new(data, length);
	self->raw = g_bytes_new_take(raw, size);
	self->content.ops = &ops;
	self->content.refs = 1;
	self->content.size = length;
	self->content.deflated_size = size;
	self->content.crc32 = libdeflate_crc32(0, data, length);
	self->content.can_splice = true;
	return &self->content;
}

static inline SmithEntry *test_spliced_entry(const char *path, const void *data, gsize length)
{
	SmithEntry *entry = smith_entry_new(SMITH_ENTRY_FILE, path, 0644);
	entry->content = test_spliced_new(data, length);
	return entry;
}
