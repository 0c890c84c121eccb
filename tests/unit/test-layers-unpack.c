/* SPDX-License-Identifier: Apache-2.0 */
#include "layers/unpack.h"

#include "base/error.h"
#include "layers-test.h"
#include "layers/compress.h"

#define SIZE 3000000

static GBytes *packed(SmithCompression compression, GBytes *plain)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GByteArray) out = g_byte_array_new();
	g_autoptr(SmithSink) sink = smith_compress_new(compression, smith_sink_new_bytes(out));
	smith_sink_write(sink, g_bytes_get_data(plain, NULL), g_bytes_get_size(plain));
	smith_sink_finish(sink, &error);
	g_assert_no_error(error);
	return g_byte_array_free_to_bytes(g_steal_pointer(&out));
}

static GBytes *unpack(GBytes *bytes, GError **error)
{
	g_autoptr(SmithSource) source =
		smith_unpack_new(smith_source_new_bytes(bytes), "blob", error);
	return source != NULL ? smith_source_read_all(source, 2 * SIZE, error) : NULL;
}

/* gzip here is one member for each MiB. */
static void test_kinds(void)
{
	static const SmithCompression kinds[] = {SMITH_COMPRESSION_GZIP, SMITH_COMPRESSION_ZSTD,
						 SMITH_COMPRESSION_NONE};
	g_autoptr(GBytes) plain = g_bytes_new_take(test_text(SIZE, 1), SIZE);
	for (guint i = 0; i < G_N_ELEMENTS(kinds); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(GBytes) bytes = packed(kinds[i], plain);
		g_autoptr(GBytes) got = unpack(bytes, &error);
		g_assert_no_error(error);
		g_assert_true(g_bytes_equal(plain, got));
	}
}

static void test_damaged(void)
{
	g_autoptr(GBytes) plain = g_bytes_new_take(test_text(SIZE, 2), SIZE);
	g_autoptr(GBytes) bytes = packed(SMITH_COMPRESSION_GZIP, plain);
	gsize length = g_bytes_get_size(bytes);
	g_autofree guint8 *damaged = g_memdup2(g_bytes_get_data(bytes, NULL), length);
	damaged[length / 2] ^= 0x40;
	g_autoptr(GBytes) changed = g_bytes_new(damaged, length);
	g_autoptr(GBytes) cut = g_bytes_new_from_bytes(bytes, 0, length - 100);
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) other = unpack(changed, NULL);
	g_assert_false(other != NULL && g_bytes_equal(other, plain));
	g_assert_null(unpack(cut, &error));
	g_assert_error(error, SMITH_ERROR, SMITH_ERROR_INVALID);
}

/* What the inner source finds out at its end is told. */
static void test_inner(void)
{
	static const char digest[] =
		"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) plain = g_bytes_new_take(test_text(SIZE, 3), SIZE);
	g_autoptr(GBytes) bytes = packed(SMITH_COMPRESSION_ZSTD, plain);
	SmithSource *inner =
		smith_source_new_verify(smith_source_new_bytes(bytes), G_MAXUINT64, digest, "blob");
	g_autoptr(SmithSource) source = smith_unpack_new(inner, "blob", &error);
	g_assert_no_error(error);
	g_assert_false(smith_source_drain(source, &error));
	g_assert_error(error, SMITH_ERROR, SMITH_ERROR_VERIFY);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/layers/unpack/kinds", test_kinds);
	g_test_add_func("/layers/unpack/damaged", test_damaged);
	g_test_add_func("/layers/unpack/inner", test_inner);
	return g_test_run();
}
