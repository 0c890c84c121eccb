/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/image.h"

#include "cmd/prepare.h"
#include "tests/unit/fleet-test.h"

/* An image in the store; equal @mark, equal image. */
static char *add(TestFleet *test, const char *name, const char *mark)
{
	g_autofree char *config = g_strdup_printf(",\"author\":\"%s\"", mark);

	return test_fleet_base(test,
			       &(TestBase){.layout = "store/oci", .ref = name, .config = config});
}

static SmithImage *open_image(TestFleet *test, const char *name, GError **error)
{
	SmithPrepared prepared = {.store = test_fleet_store(test)};
	SmithInvocation inv = {.prepared = &prepared};

	return smith_cmd_image_open(&inv, name, error);
}

static void check(TestFleet *test, const char *name, const char *digest)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(SmithImage) image = open_image(test, name, &error);

	g_assert_no_error(error);
	g_assert_cmpstr(image->descriptor->digest, ==, digest);
	g_assert_cmpuint(image->manifest->layers->len, ==, 1);
	g_assert_cmpstr(image->config->architecture, ==, "amd64");
}

static void refuse(TestFleet *test, const char *name, int code, const char *says)
{
	g_autoptr(GError) error = NULL;

	g_assert_null(open_image(test, name, &error));
	g_assert_error(error, SMITH_ERROR, code);
	if (strstr(error->message, says) == NULL)
		g_error("'%s' not in '%s'", says, error->message);
}

static void test_names(void)
{
	g_auto(TestFleet) test = test_fleet_new();
	g_autofree char *demo = add(&test, "localhost/web:demo", "1");
	g_autofree char *latest = add(&test, "localhost/worker:latest", "2");
	g_autofree char *old = add(&test, "localhost/worker:old", "3");
	g_autofree char *port = add(&test, "localhost:5000/x:1", "4");
	g_autofree char *one = add(&test, "two:a", "5");
	g_autofree char *two = add(&test, "two:b", "6");
	g_autofree char *same = add(&test, "same:a", "7");
	g_autofree char *too = add(&test, "same:b", "7");
	g_autofree char *bare = add(&test, "bare", "8");
	g_autofree char *with = add(&test, "bare:latest", "9");

	check(&test, "localhost/web:demo", demo);
	check(&test, "localhost/web", demo);
	check(&test, "localhost/worker", latest);
	check(&test, "localhost/worker:old", old);
	check(&test, "localhost:5000/x", port);
	check(&test, "same", same);
	check(&test, "bare", bare);
	check(&test, "bare:latest", with);
	refuse(&test, "two", SMITH_ERROR_CONFLICT, "'two' stands for more than one image");
	refuse(&test, "localhost", SMITH_ERROR_NOT_FOUND, "no image 'localhost' in '");
	refuse(&test, "localhost/web:dema", SMITH_ERROR_NOT_FOUND,
	       "(did you mean 'localhost/web:demo'?)");
	refuse(&test, "", SMITH_ERROR_NOT_FOUND, "no image ''");
}

static void test_digests(void)
{
	g_auto(TestFleet) test = test_fleet_new();
	g_autofree char *digest = add(&test, "a:1", "1");
	g_autofree char *other = add(&test, "b:1", "2");
	g_autofree char *beginning = g_strndup(smith_digest_hex(digest), 6);
	g_autofree char *prefixed = g_strndup(digest, strlen("sha256:") + 12);
	g_autofree char *few = g_strndup(smith_digest_hex(digest), 5);

	check(&test, digest, digest);
	check(&test, smith_digest_hex(digest), digest);
	check(&test, beginning, digest);
	check(&test, prefixed, digest);
	refuse(&test, few, SMITH_ERROR_NOT_FOUND, "no image '");
	refuse(&test, "sha256:", SMITH_ERROR_NOT_FOUND, "no image '");
}

static void test_layouts(void)
{
	g_auto(TestFleet) test = test_fleet_new();
	g_autofree char *digest = test_fleet_base(&test, NULL);
	g_autofree char *whole = g_strdup_printf("oci:%s/base", test.path);
	g_autofree char *named = g_strdup_printf("oci:%s/base:py", test.path);
	g_autofree char *wrong = g_strdup_printf("oci:%s/base:other", test.path);
	g_autofree char *nothing = g_strdup_printf("oci:%s/nothing", test.path);
	g_autoptr(GError) error = NULL;

	check(&test, whole, digest);
	check(&test, named, digest);
	refuse(&test, wrong, SMITH_ERROR_NOT_FOUND, "no image 'other'");
	g_assert_null(open_image(&test, nothing, &error));
	g_assert_nonnull(error);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/cmd/image/names", test_names);
	g_test_add_func("/cmd/image/digests", test_digests);
	g_test_add_func("/cmd/image/layouts", test_layouts);
	return g_test_run();
}
