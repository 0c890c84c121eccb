/* SPDX-License-Identifier: Apache-2.0 */
#include "base/digest.h"

#include <string.h>

#include "base/error.h"

#define EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define ABC "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

static void test_check(void)
{
	static const struct {
		const char *digest;
		gboolean valid;
	} rows[] = {
		{"sha256:" EMPTY, TRUE},
		{"sha512:" EMPTY EMPTY, TRUE},
		/* the examples of descriptor.md */
		{"multihash+base58:QmRZxt2b1FVZPNqd8hsiykDL3TdBDeTSPX9Kv46HmX4Gx8", TRUE},
		{"sha256+b64u:LCa0a2j_xo_5m0U8HTBBNBNCLXBkg7-g-YpeiGJm564", TRUE},
		{"a.b_c-d:x", TRUE},
		{NULL, FALSE},
		{"", FALSE},
		{":", FALSE},
		{"sha256", FALSE},
		{"sha256:", FALSE},
		{":" EMPTY, FALSE},
		{EMPTY, FALSE},
		{"sha256:" EMPTY "0", FALSE},
		{"sha512:" EMPTY, FALSE},
		{"sha256:E3B0C44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", FALSE},
		{"sha256:g3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", FALSE},
		{"sha256:../../../../../etc/passwd", FALSE},
		{"SHA256:" EMPTY, FALSE},
		{"sha256+:x", FALSE},
		{"+sha256:x", FALSE},
		{"sha++256:x", FALSE},
		{"sha 256:x", FALSE},
		{"foo:a/b", FALSE},
		{"foo:a:b", FALSE},
		{"foo:a\n", FALSE},
		{" sha256:" EMPTY, FALSE},
	};
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = NULL;
		g_assert_cmpint(smith_digest_check(rows[i].digest, "layer 3", &error), ==,
				rows[i].valid);
		if (rows[i].valid) {
			g_assert_no_error(error);
			continue;
		}
		g_assert_error(error, SMITH_ERROR, SMITH_ERROR_INVALID);
		g_assert_true(g_str_has_prefix(error->message, "layer 3"));
		g_assert_null(strchr(error->message, '\n'));
	}
}

static void test_long(void)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *huge = g_strnfill(1 << 20, '/');
	g_assert_false(smith_digest_check(huge, "blob", &error));
	g_assert_cmpuint(strlen(error->message), <, 400);
}

static void test_predicates(void)
{
	g_assert_true(smith_digest_is_sha256("sha256:" EMPTY));
	g_assert_false(smith_digest_is_sha256("sha512:" EMPTY EMPTY));
	g_assert_false(smith_digest_is_sha256("sha256:" EMPTY "a"));
	g_assert_false(smith_digest_is_sha256("sha256:abc"));
	g_assert_false(smith_digest_is_sha256(NULL));
	g_assert_true(smith_digest_is_hex(ABC));
	g_assert_false(smith_digest_is_hex(ABC "a"));
	g_assert_false(smith_digest_is_hex(""));
	g_assert_false(smith_digest_is_hex(NULL));
	g_assert_cmpstr(smith_digest_hex("sha256:" ABC), ==, ABC);
}

static void test_of(void)
{
	g_autofree char *empty = smith_digest_of(NULL, 0);
	g_assert_cmpstr(empty, ==, "sha256:" EMPTY);
	g_autofree char *abc = smith_digest_of("abc", 3);
	g_assert_cmpstr(abc, ==, "sha256:" ABC);
	static const guint8 raw[] = {0x00, 0x0f, 0xf0, 0xff, 0x9a};
	g_autofree char *hex = smith_digest_to_hex(raw, sizeof(raw));
	g_assert_cmpstr(hex, ==, "000ff0ff9a");
	g_autofree char *none = smith_digest_to_hex(raw, 0);
	g_assert_cmpstr(none, ==, "");
}

/* Against GLib's own SHA-256, in pieces of many sizes, with one hasher used again and again. */
static void test_hasher(void)
{
	g_autoptr(SmithHasher) hasher = smith_hasher_new();
	g_autofree guint8 *data = g_malloc(100000);
	for (gsize i = 0; i < 100000; i++)
		data[i] = (guint8)(i * 7 + i / 256);
	for (gsize length = 0; length < 100000; length = length * 3 + 1) {
		gsize piece = 1 + length / 7;
		for (gsize at = 0; at < length; at += piece)
			smith_hasher_update(hasher, data + at, MIN(piece, length - at));
		g_autofree char *expected =
			g_compute_checksum_for_data(G_CHECKSUM_SHA256, data, length);
		g_autofree char *got = smith_hasher_finish(hasher);
		g_assert_cmpstr(smith_digest_hex(got), ==, expected);

		guint8 raw[SMITH_SHA256_SIZE];
		smith_hasher_update(hasher, data, length);
		smith_hasher_finish_raw(hasher, raw);
		g_autofree char *hex = smith_digest_to_hex(raw, sizeof(raw));
		g_assert_cmpstr(hex, ==, expected);
	}
	smith_hasher_free(NULL);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/digest/check", test_check);
	g_test_add_func("/digest/long", test_long);
	g_test_add_func("/digest/predicates", test_predicates);
	g_test_add_func("/digest/of", test_of);
	g_test_add_func("/digest/hasher", test_hasher);
	return g_test_run();
}
