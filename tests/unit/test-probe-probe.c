/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/probe.h"

#include <string.h>

#include "base/digest.h"
#include "base/error.h"

#define LIMIT (1024 * 1024)

static void check_bytes(const char *architecture, guint8 machine)
{
	g_autoptr(GError) error = NULL;
	const char *sha256 = smith_probe_sha256(architecture);
	g_autoptr(GBytes) bytes = smith_probe_get(architecture, &error);
	if (sha256 == NULL) {
		g_assert_error(error, SMITH_ERROR, SMITH_ERROR_UNSUPPORTED);
		g_assert_null(bytes);
		g_test_skip("there is no compiler for it");
		return;
	}
	g_assert_no_error(error);
	gsize length = 0;
	const guint8 *data = g_bytes_get_data(bytes, &length);
	g_autofree char *digest = smith_digest_of(data, length);
	g_assert_cmpstr(smith_digest_hex(digest), ==, sha256);
	g_assert_cmpmem(data, 4, "\177ELF", 4);
	g_assert_cmpuint(data[18], ==, machine);
	g_assert_cmpuint(length, <, LIMIT);
}

/* e_machine of the ELF header */
static void test_amd64(void)
{
	check_bytes("amd64", 62);
}

static void test_arm64(void)
{
	check_bytes("arm64", 183);
}

static void test_other(void)
{
	g_autoptr(GError) error = NULL;
	g_assert_null(smith_probe_sha256("riscv64"));
	g_assert_null(smith_probe_get("riscv64", &error));
	g_assert_error(error, SMITH_ERROR, SMITH_ERROR_UNSUPPORTED);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/probe/probe/amd64", test_amd64);
	g_test_add_func("/probe/probe/arm64", test_arm64);
	g_test_add_func("/probe/probe/other", test_other);
	return g_test_run();
}
