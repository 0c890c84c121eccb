/* SPDX-License-Identifier: Apache-2.0 */
#include "layers/deflate.h"

#include "base/digest.h"
#include "layers-test.h"

/* Compresses, and lets libdeflate read it back; the member's size. */
static gsize round_trip(SmithDeflater *deflater, const guint8 *data, gsize length)
{
	g_autoptr(GByteArray) out = g_byte_array_new();
	g_byte_array_append(out, (const guint8 *)"before", 6);
	smith_deflater_member(deflater, data, length, out);

	g_autofree guint8 *back = g_malloc(length + 1);
	struct libdeflate_decompressor *inflate = libdeflate_alloc_decompressor();
	gsize in = 0, size = 0;
	enum libdeflate_result result = libdeflate_gzip_decompress_ex(
		inflate, out->data + 6, out->len - 6, back, length + 1, &in, &size);
	libdeflate_free_decompressor(inflate);
	g_assert_cmpint(result, ==, LIBDEFLATE_SUCCESS);
	g_assert_cmpuint(in, ==, out->len - 6);
	g_assert_cmpmem(back, size, data, length);
	return out->len - 6;
}

static void test_sizes(void)
{
	g_autoptr(SmithDeflater) deflater = smith_deflater_new();
	static const gsize sizes[] = {0,
				      1,
				      2,
				      3,
				      4,
				      5,
				      255,
				      256,
				      257,
				      511,
				      512,
				      1000,
				      1023,
				      4096,
				      32767,
				      32768,
				      32769,
				      65535,
				      65536,
				      65537,
				      100000,
				      262144,
				      SMITH_DEFLATER_MAX};
	for (guint i = 0; i < G_N_ELEMENTS(sizes); i++) {
		g_autofree guint8 *noise = test_noise(sizes[i] + 1, i);
		g_autofree guint8 *text = test_text(sizes[i] + 1, i);
		g_autofree guint8 *zeros = g_malloc0(sizes[i] + 1);
		/* incompressible bytes are stored: five bytes for each 65535 at most */
		gsize size = round_trip(deflater, noise, sizes[i]);
		g_assert_cmpuint(size, <=, sizes[i] + 30 + sizes[i] / 8192 * 5);
		round_trip(deflater, text, sizes[i]);
		size = round_trip(deflater, zeros, sizes[i]);
		g_assert_cmpuint(size, <=, 30 + sizes[i] / 200);
	}
}

static void test_mixed(void)
{
	g_autoptr(SmithDeflater) deflater = smith_deflater_new();
	for (guint seed = 0; seed < 300; seed++) {
		gsize length = 1 + (seed * 977) % 60000;
		g_autofree guint8 *data = test_text(length + 1, seed);
		g_autofree guint8 *noise = test_noise(length, seed + 1);
		for (gsize at = 0; at + 700 < length; at += 1 + noise[at] * 16)
			memmove(data + at, at % 3 == 0 ? noise : data, 1 + noise[at + 1] % 300);
		round_trip(deflater, data, length);
	}
}

/* Frequencies like Fibonacci numbers make codes that are deeper than deflate allows. */
static void test_deep_codes(void)
{
	g_autoptr(SmithDeflater) deflater = smith_deflater_new();
	g_autoptr(GByteArray) data = g_byte_array_new();
	guint a = 1, b = 1;
	for (guint8 symbol = 0; symbol < 22; symbol++) {
		for (guint i = 0; i < a; i++) {
			guint8 byte = symbol;
			g_byte_array_append(data, &byte, 1);
		}
		guint sum = a + b;
		a = b;
		b = sum;
	}
	/* shuffled, so that it is literals */
	g_autofree guint8 *noise = test_noise((gsize)data->len * 4, 7);
	for (guint i = data->len - 1; i > 0; i--) {
		guint32 r;
		memcpy(&r, noise + (gsize)i * 4, 4);
		guint8 *x = &data->data[i], *y = &data->data[r % i], t = *x;
		*x = *y;
		*y = t;
	}
	round_trip(deflater, data->data, data->len);
}

/* What was compressed before must not show. */
static void test_no_memory(void)
{
	g_autoptr(SmithDeflater) used = smith_deflater_new();
	g_autofree guint8 *text = test_text(50000, 1);
	g_autoptr(GByteArray) first = g_byte_array_new();
	g_autoptr(GByteArray) again = g_byte_array_new();
	smith_deflater_member(used, text, 50000, first);
	for (guint i = 0; i < 20; i++) {
		g_autoptr(GByteArray) waste = g_byte_array_new();
		smith_deflater_member(used, text + i, 40000 - i * 7, waste);
	}
	smith_deflater_member(used, text, 50000, again);
	g_assert_cmpmem(first->data, first->len, again->data, again->len);
}

/* The positions run out after 4 GiB of input; this goes over that edge. */
static void test_wrap(void)
{
	g_autoptr(SmithDeflater) deflater = smith_deflater_new();
	g_autofree guint8 *zeros = g_malloc0(SMITH_DEFLATER_MAX);
	g_autofree guint8 *text = test_text(50000, 1);
	g_autoptr(GByteArray) out = g_byte_array_new();
	gsize size = round_trip(deflater, text, 50000);
	for (guint i = 0; i < 4100; i++) {
		g_byte_array_set_size(out, 0);
		smith_deflater_member(deflater, zeros, SMITH_DEFLATER_MAX, out);
		if (i > 4090)
			g_assert_cmpuint(round_trip(deflater, text, 50000), ==, size);
	}
}

static void test_header(void)
{
	g_autoptr(SmithDeflater) deflater = smith_deflater_new();
	g_autoptr(SmithEntry) entry = smith_entry_new_file(
		"opt/venv/lib/python3.11/site-packages/fastapi/middleware/cors.py", 0644, "x", 1);
	entry->mtime = 1700000000;
	g_autoptr(GByteArray) tar = g_byte_array_new();
	guint8 zeros[511] = {0};
	g_byte_array_append(tar, zeros, 300);
	g_assert_true(smith_tar_write_header(entry, tar, NULL));
	gsize size = round_trip(deflater, tar->data, tar->len);
	g_test_message("padding and header: %u bytes to %" G_GSIZE_FORMAT, tar->len, size);
	g_assert_cmpuint(size, <=, 150);
}

/* These bytes are in the digests of spliced layers: a change needs a new compression id. */
static void test_golden(void)
{
	g_autoptr(SmithDeflater) deflater = smith_deflater_new();
	g_autoptr(GByteArray) out = g_byte_array_new();
	g_autofree guint8 *text = test_text(200000, 3);
	g_autofree guint8 *noise = test_noise(100000, 3);
	smith_deflater_member(deflater, "", 0, out);
	smith_deflater_member(deflater, text, 700, out);
	smith_deflater_member(deflater, text, 200000, out);
	smith_deflater_member(deflater, noise, 100000, out);
	g_autofree char *digest = smith_digest_of(out->data, out->len);
	g_assert_cmpstr(digest, ==,
			"sha256:7ed09a0311e748c0db46e4dbac515e82e3ec7702409740ebce5a0e5f6ee6d3ac");
}

static void test_gzip(void)
{
	if (!test_need("gzip"))
		return;
	g_auto(TestDir) dir = test_dir_new();
	g_autoptr(SmithDeflater) deflater = smith_deflater_new();
	g_autoptr(GByteArray) out = g_byte_array_new();
	g_autofree guint8 *text = test_text(90000, 5);
	for (gsize at = 0; at < 90000; at += 9000)
		smith_deflater_member(deflater, text + at, 9000, out);
	test_write(&dir, "t.gz", out->data, out->len);
	test_write(&dir, "t", text, 90000);
	g_autofree char *output = test_run(&dir, "gzip -t t.gz; gzip -dc t.gz | cmp - t");
	g_assert_cmpstr(output, ==, "");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/layers/deflate/sizes", test_sizes);
	g_test_add_func("/layers/deflate/mixed", test_mixed);
	g_test_add_func("/layers/deflate/deep-codes", test_deep_codes);
	g_test_add_func("/layers/deflate/no-memory", test_no_memory);
	g_test_add_func("/layers/deflate/header", test_header);
	g_test_add_func("/layers/deflate/golden", test_golden);
	g_test_add_func("/layers/deflate/gzip", test_gzip);
	if (g_test_slow())
		g_test_add_func("/layers/deflate/wrap", test_wrap);
	return g_test_run();
}
