/* SPDX-License-Identifier: Apache-2.0 */
#include "fleet/expr.h"

#include <string.h>

#include "base/error.h"
#include "fleet/quantity.h"
#include "tests/fuzz/fuzz.h"

static const char *lookup(const char *name, gpointer data)
{
	const char *const *names = data;
	g_assert_true(*name != '\0' && strpbrk(name, "${}") == NULL);
	if (names != NULL) {
		g_autofree char *optional = g_strconcat(name, "?", NULL);
		g_assert_true(g_strv_contains(names, name) || g_strv_contains(names, optional));
	}
	return strcmp(name, "A") == 0 ? "7" : strcmp(name, "E") == 0 ? "" : NULL;
}

/* What an expansion asks for is what smith_expr_names() says, and a text without variables is only
 * rid of its doubled dollar signs. */
static char *check_expand(const char *text)
{
	g_auto(GStrv) names = smith_expr_names(text);
	g_autoptr(GError) error = NULL;
	char *expanded = smith_expr_expand(text, lookup, names, &error);
	fuzz_check_error(expanded != NULL, error);
	if (expanded != NULL) {
		g_autofree char *again = smith_expr_expand(text, lookup, NULL, NULL);
		g_assert_cmpstr(expanded, ==, again);
		g_assert_cmpuint(strlen(expanded), <=, SMITH_EXPR_MAX + strlen(text));
	}
	if (smith_expr_is_plain(text) && strchr(text, '$') == NULL)
		g_assert_true(expanded == NULL || strcmp(expanded, text) == 0);
	return expanded;
}

static void check_values(const char *text)
{
	g_autoptr(GError) error = NULL;
	gint64 number = 0;
	gboolean ok = smith_expr_number(text, &number, &error);
	fuzz_check_error(ok, error);
	g_assert_true(ABS(number) <= 0x7fffffff);
	g_clear_error(&error);
	bool truth = false;
	ok = smith_expr_condition(text, &truth, &error);
	fuzz_check_error(ok, error);
	gint64 duration = smith_quantity_duration(text), size = smith_quantity_size(text);
	g_assert_true(duration >= -1 && duration <= 86400 * G_GINT64_CONSTANT(1000000000));
	g_assert_true(size >= -1 && size <= G_GINT64_CONSTANT(1) << 50);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *text = g_strndup((const char *)data, size);
	g_autofree char *expanded = check_expand(text);
	check_values(text);
	if (expanded != NULL)
		check_values(expanded);
	return 0;
}
