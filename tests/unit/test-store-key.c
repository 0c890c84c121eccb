/* SPDX-License-Identifier: Apache-2.0 */
#include "store/key.h"

#include <string.h>

#include "base/digest.h"

static char *key_of(const char *field, const char *value)
{
	SmithKey *key = smith_key_new("test");
	smith_key_string(key, field, value);
	return smith_key_finish(key);
}

/* The key is the digest of the canonical JSON of its fields, whatever their order. */
static void test_canonical(void)
{
	static const char json[] =
		"{\"b\":[\"x\",\"y z\"],\"c\":-5,\"format\":1,\"kind\":\"wheel\","
		"\"n\":null,\"z\":\"\\\"\"}";
	char *list[] = {(char *)"x", (char *)"y z", NULL};
	SmithKey *key = smith_key_new("wheel");
	g_autofree char *expected = smith_digest_of(json, strlen(json));
	g_autofree char *found = NULL;

	smith_key_string(key, "z", "\"");
	smith_key_int(key, "c", -5);
	smith_key_strv(key, "b", list);
	smith_key_string(key, "n", NULL);
	found = smith_key_finish(key);
	g_assert_cmpint(SMITH_FORMAT_VERSION, ==, 1);
	g_assert_cmpstr(found, ==, expected);
}

static void test_distinct(void)
{
	g_autofree char *none = key_of("a", NULL);
	g_autofree char *null = key_of("a", "null");
	g_autofree char *empty = key_of("a", "");
	g_autofree char *other = key_of("b", "null");
	g_autofree char *again = key_of("a", "null");

	g_assert_cmpstr(none, !=, null);
	g_assert_cmpstr(none, !=, empty);
	g_assert_cmpstr(null, !=, other);
	g_assert_cmpstr(null, ==, again);
	g_assert_true(smith_digest_is_sha256(null));
}

static char *key_of_list(char **list)
{
	SmithKey *key = smith_key_new("test");
	smith_key_strv(key, "a", list);
	return smith_key_finish(key);
}

static void test_lists(void)
{
	char *one[] = {(char *)"a,b", NULL}, *two[] = {(char *)"a", (char *)"b", NULL};
	g_autofree char *first = key_of_list(one);
	g_autofree char *second = key_of_list(two);
	g_autofree char *none = key_of_list(NULL);

	g_assert_cmpstr(first, !=, second);
	g_assert_cmpstr(first, !=, none);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/store/key/canonical", test_canonical);
	g_test_add_func("/store/key/distinct", test_distinct);
	g_test_add_func("/store/key/lists", test_lists);
	return g_test_run();
}
