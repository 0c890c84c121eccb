/* SPDX-License-Identifier: Apache-2.0 */
#include "build/build.h"

#include "base/digest.h"
#include "fleet/part.h"
#include "seccomp/profile.h"
#include "tests/unit/fleet-test.h"

#define CONFIG                                                                                     \
	",\"config\":{\"Env\":[\"PATH=/usr/bin\",\"A=base\",\"B=base\"],\"ExposedPorts\":"         \
	"{\"80/tcp\":{},\"443/tcp\":{}},\"Labels\":{\"keep\":\"me\"},\"Cmd\":[\"bash\"],"          \
	"\"Healthcheck\":{\"Test\":[\"CMD\",\"old\"]}}"

static const char fleet_text[] =
	"fleet: t\n"
	"platform: linux/amd64\n"
	"wheels: {find_links: wheels}\n"
	"hosts:\n"
	"  one: {machine: {X: 1}}\n"
	"  two: {machine: {X: 2}}\n"
	"groups:\n"
	"  front: {host: one, services: [Site, Worker]}\n"
	"  back: {host: two, services: [Worker]}\n"
	"services:\n"
	"  Site:\n"
	"    family: web\n"
	"    app: {script: main.py, files: main.py}\n"
	"    pip: [b==1]\n"
	"    env: {A: service, C: \"x=y\"}\n"
	"    ports: {service: 80, metrics: 90}\n"
	"    health: {http: /health, port: service, interval: 10s, timeout: 2s}\n"
	"  Worker: {family: web, app: {exec: [/bin/sleep, '9']}}\n";

typedef struct {
	TestFleet fleet;
	SmithLock *lock;
	SmithBuildOptions options;
} TestBuild;

static void build_clear(TestBuild *test)
{
	g_clear_pointer(&test->lock, smith_lock_free);
	test_fleet_clear(&test->fleet);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(TestBuild, build_clear)

static void begin(TestBuild *test, const TestFile *files)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *digest = NULL, *a = NULL, *b = NULL;

	test->fleet = test_fleet_new();
	digest = test_fleet_base(&test->fleet, &(TestBase){.config = CONFIG, .files = files});
	a = test_fleet_wheel(&test->fleet, &(TestWheel){.name = "a", .version = "1"});
	b = test_fleet_wheel(&test->fleet, &(TestWheel){.name = "b", .version = "1"});
	test_fleet_write(&test->fleet, "families.d/core.yaml",
			 "family: core\nfrom: oci:base:py\nenv: {B: core, D: core}\n");
	test_fleet_write(&test->fleet, "families.d/web.yaml",
			 "family: web\nfrom: core\npip: [a==1]\nenv: {D: web}\n");
	test_fleet_write(&test->fleet, "main.py", "print(1)\n");
	test_fleet_write(&test->fleet, "fleet.yaml", fleet_text);
	test_fleet_load(&test->fleet);
	test->lock = test_fleet_resolve(&test->fleet, NULL, &error);
	g_assert_no_error(error);
	test->options = (SmithBuildOptions){
		.fleet = test->fleet.fleet,
		.lock = test->lock,
		.store = test->fleet.store,
		.epoch = SMITH_LOCK_EPOCH,
		.workers = 2,
	};
}

static SmithBuildResult *build(const TestBuild *test)
{
	g_autoptr(GError) error = NULL;
	SmithBuildResult *result = smith_build(&test->options, &error);

	g_assert_no_error(error);
	return result;
}

static void check_profile(GHashTable *labels, const char *name)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(SmithProfile) profile = smith_profile_load(-1, name, &error);
	g_autofree char *text = NULL;

	g_assert_no_error(error);
	text = smith_profile_write(profile, NULL);
	g_assert_cmpstr(g_hash_table_lookup(labels, SMITH_PROFILE_LABEL), ==, text);
}

static char *names_of(const SmithBuildResult *result)
{
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < result->images->len; i++) {
		const SmithBuiltImage *image = result->images->pdata[i];
		g_string_append_printf(text, "%s%s %s@%s", i > 0 ? "; " : "", image->name,
				       image->subject, image->host != NULL ? image->host : "");
	}
	return g_string_free(text, FALSE);
}

static void check_strv(char **list, const char *expected)
{
	g_autofree char *text = list != NULL ? g_strjoinv("|", list) : NULL;
	g_assert_cmpstr(text, ==, expected);
}

static void load(const TestBuild *test, const char *name, SmithManifest **manifest,
		 SmithImageConfig **config)
{
	const SmithLayout *layout = smith_store_layout(test->fleet.store);
	g_autoptr(GError) error = NULL;
	g_autoptr(SmithDescriptor) image = smith_layout_find(layout, name, NULL, &error);

	g_assert_no_error(error);
	g_assert_true(smith_layout_load_image(layout, image, manifest, config, &error));
	g_assert_no_error(error);
}

static void check_health(const SmithHealthcheck *check)
{
	check_strv(check->test, "CMD|/usr/libexec/oci-probe|-t|2000|http|127.0.0.1:80|/health");
	g_assert_cmpint(check->interval, ==, G_GINT64_CONSTANT(10000000000));
	g_assert_cmpint(check->timeout, ==, G_GINT64_CONSTANT(2000000000));
	g_assert_cmpint(check->retries, ==, 3);
}

static void test_service(void)
{
	g_auto(TestBuild) test = {0};
	g_autoptr(SmithBuildResult) result = NULL;
	g_autoptr(SmithManifest) manifest = NULL;
	g_autoptr(SmithImageConfig) config = NULL;
	const SmithContainerConfig *container;
	GHashTable *labels;

	begin(&test, NULL);
	result = build(&test);
	load(&test, "localhost/t/site:latest", &manifest, &config);
	container = config->config;
	labels = container->labels;
	g_assert_cmpstr(container->user, ==, "10001:10001");
	g_assert_cmpstr(container->working_dir, ==, "/app");
	check_strv(container->entrypoint, "/usr/bin/tini|--");
	check_strv(container->cmd, "/opt/venv/bin/python3|/app/main.py");
	check_strv(container->exposed_ports, "443/tcp|80/tcp|90/tcp");
	check_strv(container->env, "PATH=/opt/venv/bin:/usr/bin|A=service|B=core|"
				   "VIRTUAL_ENV=/opt/venv|PYTHONUNBUFFERED=1|"
				   "PYTHONDONTWRITEBYTECODE=1|PYTHONPATH=/app|D=web|C=x=y");
	check_health(container->healthcheck);
	g_assert_cmpstr(config->created, ==, "1980-01-01T00:00:00Z");
	g_assert_cmpstr(g_hash_table_lookup(labels, "keep"), ==, "me");
	check_profile(labels, "baseline");
	g_assert_cmpstr(g_hash_table_lookup(labels, "health_check_port"), ==, "80");
	g_assert_cmpstr(g_hash_table_lookup(labels, "org.opencontainers.image.title"), ==, "site");
	g_assert_cmpstr(g_hash_table_lookup(labels, "org.opencontainers.image.base.name"), ==,
			"oci:base:py");
	/* base, users, probe, venv, a, b, app, machine */
	g_assert_cmpuint(manifest->layers->len, ==, 8);
	g_assert_cmpuint(config->history->len, ==, 8);
	g_assert_cmpstr(((SmithHistory *)config->history->pdata[0])->created_by, ==,
			"base oci:base:py");
	g_assert_cmpstr(((SmithHistory *)config->history->pdata[4])->created_by, ==,
			"ocismith wheel a 1");
	g_assert_cmpstr(((SmithHistory *)config->history->pdata[6])->created_by, ==,
			"ocismith app Site");
	g_assert_cmpuint(((SmithBuiltImage *)result->images->pdata[0])->layers, ==, 8);
}

/* A family's image has what all of its services have, and nothing to run. */
static void test_family(void)
{
	char *targets[] = {(char *)"web", NULL};
	g_auto(TestBuild) test = {0};
	g_autoptr(SmithBuildResult) result = NULL;
	g_autoptr(SmithManifest) manifest = NULL, service = NULL;
	g_autoptr(SmithImageConfig) config = NULL;
	g_autofree char *names = NULL;

	begin(&test, NULL);
	result = build(&test);
	load(&test, "localhost/t/site:latest", &service, NULL);
	g_clear_pointer(&result, smith_build_result_free);
	test.options.targets = targets;
	result = build(&test);
	names = names_of(result);
	g_assert_cmpstr(names, ==, "localhost/t/web:latest web@");
	g_assert_cmpuint(result->steps_made, ==, 0);
	load(&test, "localhost/t/web:latest", &manifest, &config);
	g_assert_cmpuint(manifest->layers->len, ==, 5);
	for (guint i = 0; i < manifest->layers->len; i++) {
		const SmithDescriptor *ours = manifest->layers->pdata[i];
		const SmithDescriptor *theirs = service->layers->pdata[i];
		g_assert_cmpstr(ours->digest, ==, theirs->digest);
	}
	check_strv(config->config->cmd, "bash");
	g_assert_cmpstr(config->config->user, ==, "10001:10001");
}

static void test_no_init(void)
{
	static const TestFile files[] = {
		{"usr/bin/python3.11", "ELF"},
		{"var/lib/dpkg/status", "Package: libc6\nVersion: 2.36\n"},
		{NULL, NULL},
	};
	g_auto(TestBuild) test = {0};
	g_autoptr(SmithBuildResult) result = NULL;
	g_autoptr(SmithImageConfig) config = NULL;

	begin(&test, files);
	result = build(&test);
	load(&test, "localhost/t/worker-one:latest", NULL, &config);
	g_assert_true(config->config->entrypoint == NULL || *config->config->entrypoint == NULL);
	check_strv(config->config->cmd, "/bin/sleep|9");
	g_assert_null(config->config->healthcheck);
}

static void check_targets(TestBuild *test, const char *target, const char *expected)
{
	char *targets[] = {(char *)target, NULL};
	g_autoptr(SmithBuildResult) result = NULL;
	g_autofree char *names = NULL;

	test->options.targets = target != NULL ? targets : NULL;
	result = build(test);
	names = names_of(result);
	g_assert_cmpstr(names, ==, expected);
}

static void test_targets(void)
{
	char *wrong[] = {(char *)"Sie", NULL}, *nobody[] = {(char *)"@three", NULL};
	g_auto(TestBuild) test = {0};
	g_autoptr(GError) error = NULL;

	begin(&test, NULL);
	check_targets(&test, NULL,
		      "localhost/t/site:latest Site@one; localhost/t/worker-one:latest Worker@one; "
		      "localhost/t/worker-two:latest Worker@two");
	check_targets(&test, "Worker",
		      "localhost/t/worker-one:latest Worker@one; "
		      "localhost/t/worker-two:latest Worker@two");
	check_targets(&test, "site", "localhost/t/site:latest Site@one");
	check_targets(&test, "back", "localhost/t/worker-two:latest Worker@two");
	check_targets(&test, "@one",
		      "localhost/t/site:latest Site@one; localhost/t/worker-one:latest Worker@one");
	test.options.targets = wrong;
	g_assert_null(smith_build(&test.options, &error));
	g_assert_error(error, SMITH_ERROR, SMITH_ERROR_USAGE);
	g_assert_nonnull(strstr(error->message, "(did you mean 'Site'?)"));
	g_clear_error(&error);
	test.options.targets = nobody;
	g_assert_null(smith_build(&test.options, &error));
	g_assert_error(error, SMITH_ERROR, SMITH_ERROR_USAGE);
}

/* Hosts of one profile share an image, which is then for none of them alone. */
static void test_shared_image(void)
{
	g_auto(TestBuild) test = {0};
	g_auto(GStrv) parts = g_strsplit(fleet_text, "{X: 2}", 2);
	g_autofree char *text = g_strjoinv("{X: 1}", parts);

	begin(&test, NULL);
	test_fleet_write(&test.fleet, "fleet.yaml", text);
	test.options.fleet = test_fleet_load(&test.fleet);
	check_targets(&test, NULL,
		      "localhost/t/site:latest Site@one; localhost/t/worker:latest Worker@");
}

/* Nothing that is known is done again: the second build writes no file. */
static void test_again(void)
{
	g_auto(TestBuild) test = {0};
	g_autoptr(SmithBuildResult) first = NULL, second = NULL;
	struct stat before, after;

	begin(&test, NULL);
	first = build(&test);
	/* users, probe, venv, a, b, two apps, two machines */
	g_assert_cmpuint(first->steps_made, ==, 9);
	g_assert_cmpuint(first->steps_known, ==, 0);
	g_assert_cmpuint(first->bytes_written, >, 0);
	g_assert_cmpint(fstatat(test.fleet.fd, "store/oci/index.json", &before, 0), ==, 0);
	second = build(&test);
	g_assert_cmpuint(second->steps_made, ==, 0);
	g_assert_cmpuint(second->steps_known, ==, 9);
	g_assert_cmpuint(second->bytes_written, ==, 0);
	g_assert_cmpint(fstatat(test.fleet.fd, "store/oci/index.json", &after, 0), ==, 0);
	g_assert_cmpuint(before.st_ino, ==, after.st_ino);
	for (guint i = 0; i < first->images->len; i++) {
		const SmithBuiltImage *one = first->images->pdata[i];
		const SmithBuiltImage *other = second->images->pdata[i];
		g_assert_cmpstr(one->manifest->digest, ==, other->manifest->digest);
		g_assert_cmpstr(one->config_digest, ==, other->config_digest);
	}
}

/* The lock was made by a program with another probe: that one is built in as long as it is known.
 */
static void test_other_probe(void)
{
	g_auto(TestBuild) test = {0};
	g_autoptr(SmithBuildResult) ours = NULL, theirs = NULL;
	g_autoptr(SmithManifest) first = NULL, second = NULL;
	g_autoptr(GBytes) other = g_bytes_new_static("ELF", 3);
	g_autofree char *digest = smith_digest_of("else", 4);
	g_autoptr(GError) error = NULL;

	begin(&test, NULL);
	ours = build(&test);
	load(&test, "localhost/t/site:latest", &first, NULL);
	g_assert_true(smith_part_add(test.lock, test.fleet.store, SMITH_PART_PROBE, other, &error));
	theirs = build(&test);
	g_assert_cmpuint(theirs->steps_made, ==, 1);
	load(&test, "localhost/t/site:latest", &second, NULL);
	for (guint i = 0; i < first->layers->len; i++) {
		const SmithDescriptor *one = first->layers->pdata[i];
		const SmithDescriptor *two = second->layers->pdata[i];
		g_assert_true((strcmp(one->digest, two->digest) == 0) == (i != 2));
	}
	smith_lock_set_part(test.lock, SMITH_PART_PROBE, smith_digest_hex(digest));
	g_assert_null(smith_build(&test.options, &error));
	g_assert_error(error, SMITH_ERROR, SMITH_ERROR_STALE);
	g_assert_nonnull(strstr(error->message, digest));
	g_assert_nonnull(strstr(error->message, "run 'ocismith lock'"));
}

/* Another directory and another number of workers: the same digests. */
static void test_reproducible(void)
{
	g_autofree char *first = NULL;

	for (guint workers = 1; workers <= 8; workers += 7) {
		g_auto(TestBuild) test = {0};
		g_autoptr(SmithBuildResult) result = NULL;
		const SmithBuiltImage *image;

		begin(&test, NULL);
		test.options.workers = workers;
		result = build(&test);
		image = result->images->pdata[0];
		if (first == NULL)
			first = g_strdup(image->manifest->digest);
		g_assert_cmpstr(image->manifest->digest, ==, first);
	}
}

static void check_fails(const TestBuild *test, int code, const char *says)
{
	g_autoptr(GError) error = NULL;

	g_assert_null(smith_build(&test->options, &error));
	g_assert_error(error, SMITH_ERROR, code);
	if (strstr(error->message, says) == NULL)
		g_error("'%s' not in '%s'", says, error->message);
}

static void test_bad_locks(void)
{
	g_auto(TestBuild) test = {0};
	SmithLockBase *base;
	SmithLockSet *set;

	begin(&test, NULL);
	set = smith_lock_family(test.lock, "web");
	set->wheels[0][0] = 'z';
	check_fails(&test, SMITH_ERROR_INVALID, "uses wheel 'z-1-py3-none-any.whl'");
	set->wheels[0][0] = 'a';
	base = test.lock->bases->pdata[0];
	base->from[0] = 'O';
	check_fails(&test, SMITH_ERROR_STALE, "base 'oci:base:py' is not in 'build-lock.json'");
	base->from[0] = 'o';
	g_clear_pointer(&base->python, g_free);
	check_fails(&test, SMITH_ERROR_INVALID, "base 'oci:base:py' has no Python interpreter");
}

/* A build that fails leaves no name and no record behind, and the next one does what is left. */
static void test_failure(void)
{
	g_auto(TestBuild) test = {0};
	g_autoptr(SmithBuildResult) result = NULL;
	g_autoptr(SmithIndex) index = NULL;

	begin(&test, NULL);
	g_assert_cmpint(renameat(test.fleet.fd, "wheels/b-1-py3-none-any.whl", test.fleet.fd, "b"),
			==, 0);
	test_fleet_write(&test.fleet, "wheels/b-1-py3-none-any.whl", "not it");
	check_fails(&test, SMITH_ERROR_VERIFY, "wheel 'b-1-py3-none-any.whl': size differs");
	index = smith_layout_read_index(smith_store_layout(test.fleet.store), NULL);
	for (guint i = 0; i < index->manifests->len; i++)
		g_assert_null(smith_descriptor_get_annotation(index->manifests->pdata[i],
							      SMITH_ANNOTATION_REF_NAME));
	g_assert_cmpint(renameat(test.fleet.fd, "b", test.fleet.fd, "wheels/b-1-py3-none-any.whl"),
			==, 0);
	result = build(&test);
	g_assert_cmpuint(result->images->len, ==, 3);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/build/image/service", test_service);
	g_test_add_func("/build/image/family", test_family);
	g_test_add_func("/build/image/no-init", test_no_init);
	g_test_add_func("/build/image/targets", test_targets);
	g_test_add_func("/build/image/shared-image", test_shared_image);
	g_test_add_func("/build/image/again", test_again);
	g_test_add_func("/build/image/other-probe", test_other_probe);
	g_test_add_func("/build/image/reproducible", test_reproducible);
	g_test_add_func("/build/image/bad-locks", test_bad_locks);
	g_test_add_func("/build/image/failure", test_failure);
	return g_test_run();
}
