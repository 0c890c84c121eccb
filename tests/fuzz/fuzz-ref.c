/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/ref.h"
#include "oci/spec.h"
#include "tests/fuzz/fuzz.h"

static void check_round_trip(const SmithRef *ref)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *text = smith_ref_to_string(ref);
	g_autoptr(SmithRef) again = smith_ref_parse(text, &error);
	g_assert_no_error(error);
	g_autofree char *retext = smith_ref_to_string(again);
	g_assert_cmpstr(retext, ==, text);
}

static void check_platform(const char *text)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(SmithPlatform) platform = smith_platform_parse(text, &error);
	fuzz_check_error(platform != NULL, error);
	if (platform != NULL)
		g_assert_cmpint(smith_platform_match(platform, platform), >=, 0);
}

/* References are told again as they were read, also with all that is implied. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *text = g_strndup((const char *)data, size);
	check_platform(text);
	g_autoptr(GError) error = NULL;
	gboolean is_layout_name = smith_ref_check_layout_name(text, &error);
	fuzz_check_error(is_layout_name, error);
	g_clear_error(&error);
	gboolean is_name = smith_ref_check_name(text, &error);
	fuzz_check_error(is_name, error);
	g_clear_error(&error);
	g_assert_true(!is_name || is_layout_name);

	g_autoptr(SmithRef) ref = smith_ref_parse(text, &error);
	fuzz_check_error(ref != NULL, error);
	if (ref == NULL)
		return 0;
	check_round_trip(ref);
	g_autoptr(SmithRef) qualified = smith_ref_qualified(ref);
	if (size < 200) /* what is implied may make a name longer than names may be */
		check_round_trip(qualified);
	g_autofree char *familiar = smith_ref_familiar(qualified);
	g_assert_true(*familiar != '\0');
	return 0;
}
