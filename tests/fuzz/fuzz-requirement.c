/* SPDX-License-Identifier: Apache-2.0 */
#include "python/requirement.h"
#include "tests/fuzz/fuzz.h"

static void check_version(const char *text)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(SmithVersion) version = smith_version_parse(text, &error);
	fuzz_check_error(version != NULL, error);
	if (version == NULL)
		return;
	g_autofree char *normal = smith_version_to_string(version);
	g_autoptr(SmithVersion) again = smith_version_parse(normal, &error);
	g_assert_no_error(error);
	g_assert_cmpint(smith_version_compare(version, again), ==, 0);
	g_autofree char *renormal = smith_version_to_string(again);
	g_assert_cmpstr(renormal, ==, normal);
}

static void check_specifier(const char *text)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(SmithSpecifierSet) set = smith_specifier_parse(text, &error);
	fuzz_check_error(set != NULL, error);
	if (set == NULL)
		return;
	g_autoptr(SmithVersion) version = smith_version_parse("1.2.3.post4+local.5", NULL);
	bool holds = smith_specifier_contains(set, version, true);
	g_autofree char *written = smith_specifier_to_string(set);
	g_autoptr(SmithSpecifierSet) again = smith_specifier_parse(written, &error);
	g_assert_no_error(error);
	g_assert_true(smith_specifier_contains(again, version, true) == holds);
	g_autofree char *rewritten = smith_specifier_to_string(again);
	g_assert_cmpstr(rewritten, ==, written);
}

static void check_marker(const char *text, const SmithMarkerEnv *env)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(SmithMarker) marker = smith_marker_parse(text, &error);
	fuzz_check_error(marker != NULL, error);
	if (marker == NULL)
		return;
	gboolean result = FALSE, again_result = FALSE;
	gboolean ok = smith_marker_evaluate(marker, env, "s3", &result, &error);
	fuzz_check_error(ok, error);
	g_clear_error(&error);
	g_autofree char *written = smith_marker_to_string(marker);
	g_autoptr(SmithMarker) again = smith_marker_parse(written, &error);
	g_assert_no_error(error);
	g_assert_true(smith_marker_evaluate(again, env, "s3", &again_result, NULL) == ok);
	g_assert_true(again_result == result);
	g_autofree char *rewritten = smith_marker_to_string(again);
	g_assert_cmpstr(rewritten, ==, written);
}

static void check_requirement(const char *text, const SmithMarkerEnv *env)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(SmithRequirement) requirement = smith_requirement_parse(text, &error);
	fuzz_check_error(requirement != NULL, error);
	if (requirement == NULL)
		return;
	gboolean applies;
	gboolean ok = smith_requirement_applies(requirement, env, NULL, &applies, &error);
	fuzz_check_error(ok, error);
	g_clear_error(&error);
	/* as packaging does, an extra "a_" is taken, and its normal form "a-" is not */
	for (guint i = 0; requirement->extras[i] != NULL; i++) {
		if (g_str_has_suffix(requirement->extras[i], "-"))
			return;
	}
	g_autofree char *written = smith_requirement_to_string(requirement);
	g_autoptr(SmithRequirement) again = smith_requirement_parse(written, &error);
	g_assert_no_error(error);
	g_autofree char *rewritten = smith_requirement_to_string(again);
	g_assert_cmpstr(rewritten, ==, written);
}

/* One text through the readers of PEP 440 and PEP 508: each writes what it reads to the same. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *text = g_strndup((const char *)data, size);
	g_auto(SmithMarkerEnv) env = {0};
	smith_marker_env_init(&env, "3.11.2", "x86_64");
	check_version(text);
	check_specifier(text);
	check_marker(text, &env);
	check_requirement(text, &env);
	return 0;
}
