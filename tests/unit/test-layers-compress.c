/* SPDX-License-Identifier: Apache-2.0 */
#include "layers/compress.h"

#include <zstd.h>

#include "base/digest.h"
#include "base/error.h"
#include "layers-test.h"

/* Compressed by writes of @piece bytes. */
static GByteArray *compress(SmithCompression compression, const guint8 *data, gsize length,
			    gsize piece)
{
	GByteArray *out = g_byte_array_new();
	GError *error = NULL;
	g_autoptr(SmithSink) sink = smith_compress_new(compression, smith_sink_new_bytes(out));
	for (gsize at = 0; at < length; at += MIN(length - at, piece))
		smith_sink_write(sink, data + at, MIN(length - at, piece));
	smith_sink_finish(sink, &error);
	g_assert_no_error(error);
	return out;
}

static void test_pieces(void)
{
	static const SmithCompression all[] = {SMITH_COMPRESSION_ZSTD, SMITH_COMPRESSION_GZIP,
					       SMITH_COMPRESSION_NONE};
	static const gsize sizes[] = {0,      1,       131071,	131072, 131073,
				      262144, 1048576, 1048577, 3000000};
	g_autofree guint8 *text = test_text(3000000, 1);
	for (guint i = 0; i < G_N_ELEMENTS(all); i++) {
		for (guint k = 0; k < G_N_ELEMENTS(sizes); k++) {
			g_autoptr(GByteArray) whole = compress(all[i], text, sizes[k], G_MAXSIZE);
			g_autoptr(GByteArray) small = compress(all[i], text, sizes[k], 7777);
			g_autoptr(GByteArray) exact = compress(all[i], text, sizes[k], 131072);
			g_assert_cmpmem(whole->data, whole->len, small->data, small->len);
			g_assert_cmpmem(whole->data, whole->len, exact->data, exact->len);
		}
	}
}

static void test_starts(void)
{
	g_autofree guint8 *text = test_text(1000, 1);
	g_autoptr(GByteArray) zstd = compress(SMITH_COMPRESSION_ZSTD, text, 1000, 1000);
	g_autoptr(GByteArray) gzip = compress(SMITH_COMPRESSION_GZIP, text, 1000, 1000);
	g_assert_cmpmem(zstd->data, 4, "\x28\xb5\x2f\xfd", 4);
	g_assert_cmpmem(gzip->data, 10, "\x1f\x8b\x08\0\0\0\0\0\0\xff", 10);
}

/* Holds for the versions named in the id only; others have other bytes, and another id. */
static void test_golden(void)
{
	static const struct {
		SmithCompression compression;
		const char *id, *digest;
	} rows[] = {
		{SMITH_COMPRESSION_ZSTD, "zstd-3-1.5.4",
		 "sha256:9e70665b4462d83f6e66f8ffb3520135081680fa8fbde6c7e5242589db626995"},
		{SMITH_COMPRESSION_GZIP, "gzip-libdeflate-6-1M-1.14",
		 "sha256:f6f57e41dc43683214c1febff9a8d065bb7ba0c79ec5e764c918fef741466b4b"},
	};
	g_autofree guint8 *text = test_text(3000000, 1);
	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		if (strcmp(smith_compression_id(rows[i].compression), rows[i].id) != 0) {
			g_test_skip("another version of the compressor");
			continue;
		}
		g_autoptr(GByteArray) out = compress(rows[i].compression, text, 3000000, G_MAXSIZE);
		g_autofree char *digest = smith_digest_of(out->data, out->len);
		g_assert_cmpstr(digest, ==, rows[i].digest);
	}
}

static void test_judges(void)
{
	if (!test_need("zstd") || !test_need("gzip"))
		return;
	g_auto(TestDir) dir = test_dir_new();
	g_autofree guint8 *text = test_text(3000000, 1);
	g_autoptr(GByteArray) zstd = compress(SMITH_COMPRESSION_ZSTD, text, 3000000, 1000);
	g_autoptr(GByteArray) gzip = compress(SMITH_COMPRESSION_GZIP, text, 3000000, 1000);
	test_write(&dir, "plain", text, 3000000);
	test_write(&dir, "a.zst", zstd->data, zstd->len);
	test_write(&dir, "a.gz", gzip->data, gzip->len);
	g_free(test_run(&dir, "zstd -qt a.zst; zstd -qdc a.zst | cmp - plain;"
			      "gzip -t a.gz; gzip -dc a.gz | cmp - plain"));
}

typedef struct {
	SmithSink sink;
	gsize left;
} SmallSink;

static gboolean small_write(SmithSink *sink, const void *data, gsize length, GError **error)
{
	(void)data;
	SmallSink *self = (SmallSink *)sink;
	if (length > self->left)
		return smith_throw(error, SMITH_ERROR_FAILED, "full");
	self->left -= length;
	return TRUE;
}

static void small_free(SmithSink *sink)
{
	g_free(sink);
}

/* An error of the inner sink comes out, whenever it happens. */
static void test_full(void)
{
	static const SmithSinkOps ops = {small_write, NULL, small_free};
	g_autofree guint8 *noise = test_noise(3000000, 1);
	for (SmithCompression c = SMITH_COMPRESSION_ZSTD; c <= SMITH_COMPRESSION_NONE; c++) {
		for (gsize room = 0; room < 3000000; room += 499999) {
			SmallSink *inner = g_new0(SmallSink, 1);
			inner->sink.ops = &ops;
			inner->left = room;
			g_autoptr(SmithSink) sink = smith_compress_new(c, &inner->sink);
			g_autoptr(GError) error = NULL;
			for (gsize at = 0; at < 3000000; at += 100000)
				smith_sink_write(sink, noise + at, 100000);
			g_assert_false(smith_sink_finish(sink, &error));
			g_assert_error(error, SMITH_ERROR, SMITH_ERROR_FAILED);
		}
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/layers/compress/pieces", test_pieces);
	g_test_add_func("/layers/compress/starts", test_starts);
	g_test_add_func("/layers/compress/golden", test_golden);
	g_test_add_func("/layers/compress/judges", test_judges);
	g_test_add_func("/layers/compress/full", test_full);
	return g_test_run();
}
