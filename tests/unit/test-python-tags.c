/* SPDX-License-Identifier: Apache-2.0 */
#include "python/tags.h"

#include "base/error.h"

static SmithTagSet *debian12(void)
{
	return smith_tags_for_cpython("3.11.2", SMITH_LIBC_GLIBC, "2.36-9+deb12u8", "x86_64", NULL);
}

/* The numbers are those of packaging.tags.sys_tags() on Debian 12. */
static void test_list(void)
{
	g_autoptr(SmithTagSet) tags = debian12();
	g_assert_cmpuint(smith_tags_count(tags), ==, 914);
	static const struct {
		guint rank;
		const char *tag;
	} rows[] = {
		{0, "cp311-cp311-manylinux_2_36_x86_64"},
		{19, "cp311-cp311-manylinux_2_17_x86_64"},
		{20, "cp311-cp311-manylinux2014_x86_64"},
		{35, "cp311-cp311-linux_x86_64"},
		{36, "cp311-abi3-manylinux_2_36_x86_64"},
		{900, "cp311-none-any"},
		{913, "py30-none-any"},
	};
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *tag = smith_tags_get(tags, rows[i].rank);
		g_assert_cmpstr(tag, ==, rows[i].tag);
	}
}

static void test_rank(void)
{
	g_autoptr(SmithTagSet) tags = debian12();
	static const struct {
		const char *python, *abi, *platform;
		int rank;
	} rows[] = {
		{"cp311", "cp311", "manylinux_2_17_x86_64.manylinux2014_x86_64", 19},
		{"cp310.cp311", "cp311.cp310", "linux_x86_64", 35},
		{"CP311", "cp311", "Manylinux_2_36_x86_64", 0},
		{"py2.py3", "none", "any", 902},
		{"cp36", "abi3", "manylinux1_x86_64", 286},
		{"cp312", "abi3", "manylinux1_x86_64", -1},
		{"cp311", "cp311", "manylinux_2_37_x86_64", -1},
		{"cp311", "cp311", "manylinux_2_17_aarch64", -1},
		{"cp311", "cp311", "musllinux_1_1_x86_64", -1},
		{"cp311", "cp311", "any", -1},
		{"py3", "none", "win_amd64", -1},
		{"", "", "", -1},
		{"...", ".", "..", -1},
	};
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
		g_assert_cmpint(
			smith_tags_rank(tags, rows[i].python, rows[i].abi, rows[i].platform), ==,
			rows[i].rank);
	for (guint i = 0; i < smith_tags_count(tags); i++) {
		g_autofree char *tag = smith_tags_get(tags, i);
		g_auto(GStrv) parts = g_strsplit(tag, "-", 3);
		g_assert_cmpint(smith_tags_rank(tags, parts[0], parts[1], parts[2]), ==, (int)i);
	}
}

static void test_musl(void)
{
	g_autoptr(SmithTagSet) tags =
		smith_tags_for_cpython("3.12", SMITH_LIBC_MUSL, "1.2.5", "aarch64", NULL);
	g_assert_cmpint(smith_tags_rank(tags, "cp312", "cp312", "musllinux_1_2_aarch64"), ==, 0);
	g_assert_cmpint(smith_tags_rank(tags, "cp312", "cp312", "manylinux_2_17_aarch64"), ==, -1);
}

static void test_invalid(void)
{
	static const struct {
		const char *python;
		SmithLibc libc;
		const char *version, *machine;
	} rows[] = {
		{"2.7", SMITH_LIBC_GLIBC, "2.36", "x86_64"},
		{"3", SMITH_LIBC_GLIBC, "2.36", "x86_64"},
		{"3.99999999999", SMITH_LIBC_GLIBC, "2.36", "x86_64"},
		{"", SMITH_LIBC_GLIBC, "2.36", "x86_64"},
		{"3.11", SMITH_LIBC_GLIBC, "1.2", "x86_64"},
		{"3.11", SMITH_LIBC_MUSL, "2.36", "x86_64"},
		{"3.11", SMITH_LIBC_GLIBC, "2.x", "x86_64"},
		{"3.11", SMITH_LIBC_GLIBC, "2.4000000000", "x86_64"},
		{"3.11", SMITH_LIBC_GLIBC, "2.36", ""},
		{"3.11", SMITH_LIBC_GLIBC, "2.36", "x86-64"},
	};
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = NULL;
		g_assert_null(smith_tags_for_cpython(rows[i].python, rows[i].libc, rows[i].version,
						     rows[i].machine, &error));
		g_assert_nonnull(error);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/python/tags/list", test_list);
	g_test_add_func("/python/tags/rank", test_rank);
	g_test_add_func("/python/tags/musl", test_musl);
	g_test_add_func("/python/tags/invalid", test_invalid);
	return g_test_run();
}
