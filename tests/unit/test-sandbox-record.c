/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/record.h"

#include <glib.h>
#include <string.h>
#include <sys/stat.h>

/* The judge is GVariant itself, which libostree writes its attribute with. */
static GBytes *variant_of(const SmithRecord *record)
{
	GVariantBuilder builder;
	g_autoptr(GVariant) variant = NULL;
	g_variant_builder_init(&builder, G_VARIANT_TYPE("a(ayay)"));
	for (unsigned i = 0; i < record->n_xattrs; i++) {
		const SmithRecordXattr *xattr = &record->xattrs[i];
		g_variant_builder_add(&builder, "(@ay@ay)", g_variant_new_bytestring(xattr->name),
				      g_variant_new_fixed_array(G_VARIANT_TYPE_BYTE, xattr->value,
								xattr->length, 1));
	}
	variant = g_variant_ref_sink(g_variant_new("(uuua(ayay))", GUINT32_TO_BE(record->uid),
						   GUINT32_TO_BE(record->gid),
						   GUINT32_TO_BE(record->mode), &builder));
	return g_variant_get_data_as_bytes(variant);
}

static void assert_equals_variant(const SmithRecord *record)
{
	unsigned char buffer[SMITH_RECORD_MAX];
	size_t length = smith_record_encode(record, buffer, sizeof buffer);
	g_autoptr(GBytes) expected = variant_of(record);
	SmithRecord back;
	g_assert_cmpmem(buffer, length, g_bytes_get_data(expected, NULL),
			g_bytes_get_size(expected));
	g_assert_true(smith_record_decode(buffer, length, &back));
	g_assert_cmpuint(back.uid, ==, record->uid);
	g_assert_cmpuint(back.gid, ==, record->gid);
	g_assert_cmpuint(back.mode, ==, record->mode);
	g_assert_cmpuint(back.n_xattrs, ==, record->n_xattrs);
	for (unsigned i = 0; i < back.n_xattrs; i++) {
		g_assert_cmpstr(back.xattrs[i].name, ==, record->xattrs[i].name);
		g_assert_cmpmem(back.xattrs[i].value, back.xattrs[i].length,
				record->xattrs[i].value, record->xattrs[i].length);
	}
}

/* lengths around those where offsets grow */
static void test_variant(void)
{
	static const size_t lengths[] = {0,   1,   20,	100, 215,  216,	 217,  218, 230,
					 231, 232, 233, 234, 235,  236,	 237,  238, 239,
					 240, 250, 255, 256, 1000, 4000, 12000};
	static unsigned char value[12000];
	memset(value, 'x', sizeof value);
	for (gsize i = 0; i < G_N_ELEMENTS(lengths); i++) {
		for (unsigned n = 0; n <= 3; n++) {
			SmithRecord record = {
				.uid = 0x01020304, .gid = 38, .mode = 0104755, .n_xattrs = n};
			size_t each = n == 0 ? 0 : lengths[i] / n;
			record.xattrs[0] = (SmithRecordXattr){"security.capability", value, each};
			record.xattrs[1] = (SmithRecordXattr){"user.a", value, each};
			record.xattrs[2] = (SmithRecordXattr){"user.b", value, each};
			assert_equals_variant(&record);
		}
	}
}

static void test_device(void)
{
	SmithRecord record = {.gid = 6, .mode = S_IFBLK | 0660, .major = 259, .minor = 70000};
	unsigned char rdev[] = {0, 0, 1, 3, 0, 1, 17, 112};
	SmithRecord with = record;
	unsigned char buffer[256];
	SmithRecord back;
	size_t length;
	g_autoptr(GBytes) expected = NULL;
	record.xattrs[record.n_xattrs++] =
		(SmithRecordXattr){"security.capability", (const unsigned char *)"c", 1};
	with.xattrs[0] = (SmithRecordXattr){SMITH_RECORD_RDEV, rdev, sizeof rdev};
	with.xattrs[1] = record.xattrs[0];
	with.n_xattrs = 2;
	expected = variant_of(&with);
	length = smith_record_encode(&record, buffer, sizeof buffer);
	g_assert_cmpmem(buffer, length, g_bytes_get_data(expected, NULL),
			g_bytes_get_size(expected));
	g_assert_true(smith_record_decode(buffer, length, &back));
	g_assert_cmpuint(back.major, ==, 259);
	g_assert_cmpuint(back.minor, ==, 70000);
	g_assert_cmpuint(back.n_xattrs, ==, 1);
}

static void test_bounds(void)
{
	static unsigned char value[SMITH_RECORD_MAX];
	unsigned char buffer[SMITH_RECORD_MAX + 1];
	SmithRecord record = {.n_xattrs = 1};
	record.xattrs[0] = (SmithRecordXattr){"user.a", value, sizeof value};
	g_assert_cmpuint(smith_record_encode(&record, buffer, sizeof buffer), ==, 0);
	record.xattrs[0].length = 10;
	g_assert_cmpuint(smith_record_encode(&record, buffer, 30), ==, 0);
	g_assert_cmpuint(smith_record_encode(&record, buffer, 31), ==, 31);
	/* the same name twice is no record */
	record.xattrs[1] = record.xattrs[0];
	record.n_xattrs = 2;
	g_assert_false(smith_record_decode(buffer, smith_record_encode(&record, buffer, 99),
					   &(SmithRecord){0}));
}

/* Whatever the bytes, what is decoded lies in them. */
static void test_hostile(void)
{
	static const unsigned char value[300];
	SmithRecord record = {.uid = 1, .mode = 0100644, .n_xattrs = 3};
	unsigned char buffer[SMITH_RECORD_MAX];
	g_autoptr(GRand) rand = g_rand_new_with_seed(4);
	size_t length;
	record.xattrs[0] = (SmithRecordXattr){"security.capability", value, 20};
	record.xattrs[1] = (SmithRecordXattr){"user.a", value, 3};
	record.xattrs[2] = (SmithRecordXattr){"user.b", value, 200};
	length = smith_record_encode(&record, buffer, sizeof buffer);
	for (guint i = 0; i < 200000; i++) {
		size_t cut = i % 3 == 0 ? (size_t)g_rand_int_range(rand, 0, (gint)length) : length;
		g_autofree unsigned char *copy = g_malloc(MAX(cut, 1));
		SmithRecord back;
		memcpy(copy, buffer, cut);
		for (guint j = i % 5; j > 0 && cut > 0; j--)
			copy[g_rand_int_range(rand, 0, (gint)cut)] =
				(unsigned char)g_rand_int(rand);
		if (!smith_record_decode(copy, cut, &back))
			continue;
		for (unsigned j = 0; j < back.n_xattrs; j++) {
			const unsigned char *end = back.xattrs[j].value + back.xattrs[j].length;
			g_assert_true((const unsigned char *)back.xattrs[j].name >= copy + 12 &&
				      end <= copy + cut);
			g_assert_true((const unsigned char *)back.xattrs[j].name +
					      strlen(back.xattrs[j].name) <
				      copy + cut);
		}
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/sandbox/record/variant", test_variant);
	g_test_add_func("/sandbox/record/device", test_device);
	g_test_add_func("/sandbox/record/bounds", test_bounds);
	g_test_add_func("/sandbox/record/hostile", test_hostile);
	return g_test_run();
}
