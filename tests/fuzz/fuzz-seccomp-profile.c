/* SPDX-License-Identifier: Apache-2.0 */
#include "seccomp/profile-diff.h"
#include "seccomp/profile-lint.h"
#include "tests/fuzz/fuzz.h"

/* What was read is written flat, means the same when it is read again, and is written the same. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(SmithProfile) profile =
		smith_profile_parse(-1, "fuzz", (const char *)data, size, &error);
	g_autoptr(SmithDiag) diag = smith_diag_new();
	g_autoptr(SmithProfile) again = NULL;
	g_autoptr(GPtrArray) changes = NULL;
	g_autofree char *text = NULL;
	g_autofree char *retext = NULL;
	gsize length = 0;

	fuzz_check_error(profile != NULL, error);
	if (profile == NULL)
		return 0;
	smith_profile_lint(profile, diag);
	text = smith_profile_write(profile, &length);
	again = smith_profile_parse(-1, "again", text, length, &error);
	g_assert_no_error(error);
	retext = smith_profile_write(again, NULL);
	g_assert_cmpstr(retext, ==, text);
	changes = smith_profile_diff(profile, again);
	g_assert_cmpuint(changes->len, ==, 0);
	return 0;
}
