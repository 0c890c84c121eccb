/* SPDX-License-Identifier: Apache-2.0 */
#include "build/step.h"

#include "layers/tar-read.h"
#include "layers/tree.h"
#include "tests/unit/fleet-test.h"

typedef struct {
	TestFleet fleet;
	SmithLock *lock;
	SmithStepContext context;
} TestSteps;

static void steps_clear(TestSteps *test)
{
	g_clear_pointer(&test->context.inputs, smith_inputs_free);
	g_clear_pointer(&test->lock, smith_lock_free);
	test_fleet_clear(&test->fleet);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(TestSteps, steps_clear)

/* Family "web" with wheel a, and a service on host h. */
static void begin(TestSteps *test)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *digest = NULL, *hex = NULL;

	test->fleet = test_fleet_new();
	digest = test_fleet_base(&test->fleet, NULL);
	hex = test_fleet_wheel(&test->fleet, &(TestWheel){.name = "a", .version = "1"});
	test_fleet_write(&test->fleet, "families.d/web.yaml",
			 "family: web\nfrom: oci:base:py\npip: [a==1]\n");
	test_fleet_write(&test->fleet, "app/main.py", "print(1)\n");
	test_fleet_write(&test->fleet, "fleet.yaml",
			 "fleet: t\nplatform: linux/amd64\nwheels: {find_links: wheels}\n"
			 "services: {Site: {family: web, app: {script: app/main.py, files: app}}}\n"
			 "groups: {g: {host: h, services: [Site]}}\n"
			 "hosts: {h: {machine: {B: \"2\", A: \"\\\"1\"}}}\n");
	test_fleet_load(&test->fleet);
	test->lock = test_fleet_resolve(&test->fleet, NULL, &error);
	g_assert_no_error(error);
	test->context = (SmithStepContext){test->fleet.fleet,
					   test->lock,
					   test->fleet.store,
					   SMITH_COMPRESSION_SPLICE,
					   SMITH_LOCK_EPOCH,
					   2,
					   smith_inputs_load(test->fleet.store),
					   NULL,
					   SMITH_SANDBOX_ONE_UID};
}

static const SmithLockBase *base_of(const TestSteps *test)
{
	return test->lock->bases->pdata[0];
}

static gboolean want(const SmithEntry *entry)
{
	g_assert_cmpint(entry->mtime, ==, SMITH_LOCK_EPOCH);
	g_assert_cmpuint(entry->uid, ==, 0);
	return TRUE;
}

/* Runs the step and reads its layer. */
static SmithTree *run(SmithStep *step)
{
	const SmithLayout *layout = smith_store_layout(step->context->store);
	g_autoptr(SmithTree) tree = smith_tree_new();
	g_autoptr(SmithDescriptor) blob = NULL;
	g_autoptr(SmithEntryIter) iter = NULL;
	g_autoptr(GError) error = NULL;

	g_assert_false(smith_step_look_up(step));
	g_assert_true(smith_step_run(step, &error));
	g_assert_no_error(error);
	g_assert_false(step->cached);
	blob = smith_descriptor_new(step->layer->media_type, step->layer->digest,
				    (gint64)step->layer->size);
	iter = smith_tar_read(smith_layout_open_blob(layout, blob, &error), NULL, "layer", &error);
	g_assert_true(smith_tree_apply(tree, iter, want, &error));
	g_assert_no_error(error);
	return g_steal_pointer(&tree);
}

static void check_file(const SmithTree *tree, const char *path, const char *expected)
{
	g_autofree char *text = smith_tree_read(tree, path);
	g_assert_cmpstr(text, ==, expected);
}

static void check_first(const SmithTree *tree, const char *expected)
{
	g_autoptr(GPtrArray) list = smith_tree_list(tree);
	g_assert_cmpuint(list->len, >, 0);
	g_assert_cmpstr(((SmithEntry *)list->pdata[0])->path, ==, expected);
}

static void test_users(void)
{
	g_auto(TestSteps) test = {0};
	g_autoptr(SmithStep) step = NULL;
	g_autoptr(SmithTree) tree = NULL;

	begin(&test);
	step = smith_step_new_users(&test.context, base_of(&test));
	tree = run(step);
	check_first(tree, "etc");
	check_file(tree, "etc/passwd",
		   "root:x:0:0:root:/root:/bin/bash\n"
		   "appuser:x:10001:10001::/app:/usr/sbin/nologin\n");
	check_file(tree, "etc/group", "root:x:0:\nappuser:x:10001:\n");
}

/* A base that has the name or the number keeps its own. */
static void test_users_taken(void)
{
	char *passwd[] = {(char *)"appuser:x:500:500::/:/bin/sh", (char *)"", NULL};
	char *group[] = {(char *)"other:x:10001:", (char *)"odd", NULL};
	g_auto(TestSteps) test = {0};
	g_autoptr(SmithStep) step = NULL;
	g_autoptr(SmithTree) tree = NULL;
	SmithLockBase base = {.from = (char *)"x", .passwd = passwd, .group = group};

	begin(&test);
	step = smith_step_new_users(&test.context, &base);
	tree = run(step);
	check_file(tree, "etc/passwd", "appuser:x:500:500::/:/bin/sh\n");
	check_file(tree, "etc/group", "other:x:10001:\nodd\n");
}

static void test_venv(void)
{
	g_auto(TestSteps) test = {0};
	g_autoptr(SmithStep) step = NULL;
	g_autoptr(SmithTree) tree = NULL;
	g_autofree char *config = NULL;

	begin(&test);
	step = smith_step_new_venv(&test.context, base_of(&test));
	g_assert_cmpstr(step->name, ==, "venv /opt/venv");
	tree = run(step);
	config = smith_tree_read(tree, "opt/venv/pyvenv.cfg");
	g_assert_nonnull(strstr(config, "home = /usr/bin\n"));
	g_assert_nonnull(strstr(config, "3.11.2"));
	g_assert_nonnull(smith_tree_get(tree, "opt/venv/bin/python3"));
}

static void test_wheel(void)
{
	g_auto(TestSteps) test = {0};
	g_autoptr(SmithStep) step = NULL, again = NULL;
	g_autoptr(SmithTree) tree = NULL;

	begin(&test);
	step = smith_step_new_wheel(&test.context, base_of(&test), test.lock->wheels->pdata[0]);
	g_assert_cmpstr(step->name, ==, "wheel a 1");
	tree = run(step);
	check_file(tree, "opt/venv/lib/python3.11/site-packages/a/__init__.py", "x = 1\n");
	again = smith_step_new_wheel(&test.context, base_of(&test), test.lock->wheels->pdata[0]);
	g_assert_cmpstr(again->key, ==, step->key);
	g_assert_true(smith_step_look_up(again));
	g_assert_true(again->cached);
	g_assert_cmpstr(again->layer->digest, ==, step->layer->digest);
	g_assert_cmpstr(again->layer->diff_id, ==, step->layer->diff_id);
	g_assert_cmpuint(again->layer->entries, ==, step->layer->entries);
}

static void test_app(void)
{
	g_auto(TestSteps) test = {0};
	g_autoptr(SmithStep) step = NULL, changed = NULL, none = NULL;
	g_autoptr(SmithTree) tree = NULL;
	g_autoptr(GError) error = NULL;
	const SmithService *service;

	begin(&test);
	service = smith_fleet_service(test.fleet.fleet, "Site");
	step = smith_step_new_app(&test.context, service, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(step->weight, ==, strlen("print(1)\n"));
	tree = run(step);
	check_first(tree, "app");
	check_file(tree, "app/app/main.py", "print(1)\n");
	changed = smith_step_new_app(&test.context, service, &error);
	test_fleet_write(&test.fleet, "app/main.py", "print(2)\n");
	g_assert_cmpstr(changed->key, ==, step->key);
	g_assert_false(smith_step_run(changed, &error));
	g_assert_error(error, SMITH_ERROR, SMITH_ERROR_VERIFY);
	g_assert_true(g_str_has_prefix(error->message, "app Site: content of 'app/app/main.py': "));
	g_clear_error(&error);
	g_assert_cmpint(unlinkat(test.fleet.fd, "app/main.py", 0), ==, 0);
	none = smith_step_new_app(&test.context, service, &error);
	g_assert_null(none);
	g_assert_cmpstr(error->message, ==,
			"service 'Site': script 'app/main.py' is not among the paths of app.files");
}

static void test_machine(void)
{
	g_auto(TestSteps) test = {0};
	g_autoptr(SmithStep) step = NULL;
	g_autoptr(SmithTree) tree = NULL;

	begin(&test);
	step = smith_step_new_machine(&test.context, smith_fleet_host(test.fleet.fleet, "h"));
	tree = run(step);
	check_file(tree, "etc/machine-profile.json", "{\n  \"A\": \"\\\"1\",\n  \"B\": \"2\"\n}\n");
}

/* The key of the wheel's step after something has changed. */
static char *wheel_key(const TestSteps *test, const SmithStepContext *context)
{
	g_autoptr(SmithStep) step =
		smith_step_new_wheel(context, base_of(test), test->lock->wheels->pdata[0]);
	return g_strdup(step->key);
}

static void test_keys(void)
{
	g_auto(TestSteps) test = {0};
	g_autoptr(GHashTable) keys = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	SmithStepContext context;
	SmithLockBase *base;
	SmithLockWheel *wheel;
	SmithFleet *fleet;

	begin(&test);
	context = test.context;
	base = test.lock->bases->pdata[0];
	wheel = test.lock->wheels->pdata[0];
	fleet = test.fleet.fleet;
	g_assert_true(g_hash_table_add(keys, wheel_key(&test, &context)));
	context.workers = 1;
	g_free(base->digest);
	base->digest = g_strdup("other");
	g_free(base->python_version);
	base->python_version = g_strdup("3.11.9");
	g_assert_false(g_hash_table_add(keys, wheel_key(&test, &context)));
	context.compression = SMITH_COMPRESSION_ZSTD;
	g_assert_true(g_hash_table_add(keys, wheel_key(&test, &context)));
	context.epoch++;
	g_assert_true(g_hash_table_add(keys, wheel_key(&test, &context)));
	g_free(base->python_version);
	base->python_version = g_strdup("3.12.9");
	g_assert_true(g_hash_table_add(keys, wheel_key(&test, &context)));
	g_free(fleet->prefix);
	fleet->prefix = g_strdup("srv");
	g_assert_true(g_hash_table_add(keys, wheel_key(&test, &context)));
	wheel->sha256[0] = wheel->sha256[0] == '0' ? '1' : '0';
	g_assert_true(g_hash_table_add(keys, wheel_key(&test, &context)));
}

/* A record that says what cannot be is none. */
static void test_bad_records(void)
{
#define GOOD_DIGEST "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define LAYER SMITH_MEDIA_LAYER_GZIP
	/* the first of them, with the blob's own digest for %s, is a good one but for its size */
	static const char *const rows[] = {
		LAYER " %s 1 " GOOD_DIGEST " 1 1\n",
		"",
		" ",
		"{}",
		LAYER " %s",
		LAYER " %s -1 " GOOD_DIGEST " 1 1\n",
		LAYER " %s 1 " GOOD_DIGEST " 1 x\n",
		LAYER " %s 1 " GOOD_DIGEST " 1 1 1\n",
		LAYER " ../x 1 " GOOD_DIGEST " 1 1\n",
	};
	g_auto(TestSteps) test = {0};
	g_autoptr(SmithStep) step = NULL;
	g_autoptr(SmithTree) tree = NULL;
	g_autofree char *good = NULL;
	g_autoptr(GBytes) record = NULL;

	begin(&test);
	step = smith_step_new_users(&test.context, base_of(&test));
	tree = run(step);
	record = smith_store_get_step(test.fleet.store, step->key);
	good = g_strndup(g_bytes_get_data(record, NULL), g_bytes_get_size(record));
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(SmithStep) again = smith_step_new_users(&test.context, base_of(&test));
		g_auto(GStrv) parts = g_strsplit(rows[i], "%s", -1);
		g_autofree char *text = g_strjoinv(step->layer->digest, parts);

		g_assert_true(smith_store_put_step(test.fleet.store, step->key, text, strlen(text),
						   NULL));
		g_assert_false(smith_step_look_up(again));
	}
	for (int i = 0; i < 2; i++) {
		static const char *const members[] = {" sha256:", "application"};
		g_autoptr(SmithStep) again = smith_step_new_users(&test.context, base_of(&test));
		g_auto(GStrv) parts = g_strsplit(good, members[i], 2);
		g_autofree char *to = g_strconcat(members[i], "x", NULL);
		g_autofree char *text = g_strjoinv(to, parts);

		g_assert_cmpuint(g_strv_length(parts), ==, 2);
		g_assert_true(smith_store_put_step(test.fleet.store, step->key, text, strlen(text),
						   NULL));
		g_assert_false(smith_step_look_up(again));
	}
}

/* A blob that is gone, or a wheel that is not the locked one. */
static void test_lost(void)
{
	g_auto(TestSteps) test = {0};
	g_autoptr(SmithStep) step = NULL, again = NULL, other = NULL;
	g_autoptr(SmithTree) tree = NULL, same = NULL;
	g_autoptr(GError) error = NULL;
	g_autofree char *blob = NULL;
	SmithLockWheel *wheel;

	begin(&test);
	wheel = test.lock->wheels->pdata[0];
	step = smith_step_new_wheel(&test.context, base_of(&test), wheel);
	tree = run(step);
	blob = g_strconcat("store/oci/blobs/sha256/", smith_digest_hex(step->layer->digest), NULL);
	g_assert_cmpint(unlinkat(test.fleet.fd, blob, 0), ==, 0);
	again = smith_step_new_wheel(&test.context, base_of(&test), wheel);
	same = run(again);
	g_assert_cmpstr(again->layer->digest, ==, step->layer->digest);
	wheel->sha256[0] = wheel->sha256[0] == '0' ? '1' : '0';
	other = smith_step_new_wheel(&test.context, base_of(&test), wheel);
	g_assert_false(smith_step_look_up(other));
	g_assert_false(smith_step_run(other, &error));
	g_assert_error(error, SMITH_ERROR, SMITH_ERROR_VERIFY);
	g_assert_true(g_str_has_prefix(error->message, "wheel 'a-1-py3-none-any.whl': "));
	g_assert_null(strstr(error->message, "wheel a 1"));
	g_clear_error(&error);
	wheel->size++;
	g_assert_false(smith_step_run(other, &error));
	g_assert_error(error, SMITH_ERROR, SMITH_ERROR_VERIFY);
	g_assert_nonnull(strstr(error->message, "size differs from the lock, expected "));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/build/step/users", test_users);
	g_test_add_func("/build/step/users-taken", test_users_taken);
	g_test_add_func("/build/step/venv", test_venv);
	g_test_add_func("/build/step/wheel", test_wheel);
	g_test_add_func("/build/step/app", test_app);
	g_test_add_func("/build/step/machine", test_machine);
	g_test_add_func("/build/step/keys", test_keys);
	g_test_add_func("/build/step/bad-records", test_bad_records);
	g_test_add_func("/build/step/lost", test_lost);
	return g_test_run();
}
