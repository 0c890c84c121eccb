/* SPDX-License-Identifier: Apache-2.0 */
#include "fleet/lock.h"

#include "tests/unit/fleet-test.h"

#define HEX "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static const char fleet_text[] = "fleet: t\n"
				 "services:\n"
				 "  Site:\n"
				 "    family: web\n"
				 "    app: {module: m}\n"
				 "    pip: [c==3]\n"
				 "groups: {g: {host: h, services: [Site]}}\n"
				 "hosts: {h: {}}\n";

/* What is written, byte by byte. */
static const char canonical[] = "{\n"
				"  \"lock\": 1,\n"
				"  \"epoch\": 315532800,\n"
				"  \"platform\": \"linux/amd64\",\n"
				"  \"bases\": [\n"
				"    {\n"
				"      \"from\": \"oci:base:py\",\n"
				"      \"mediaType\": \"" SMITH_MEDIA_MANIFEST "\",\n"
				"      \"digest\": \"sha256:" HEX "\",\n"
				"      \"size\": 400,\n"
				"      \"python\": \"/usr/bin/python3.11\",\n"
				"      \"pythonVersion\": \"3.11.2\",\n"
				"      \"libc\": \"glibc\",\n"
				"      \"libcVersion\": \"2.36\",\n"
				"      \"passwd\": [\n"
				"        \"root:x:0:0::/:/bin/sh\"\n"
				"      ]\n"
				"    }\n"
				"  ],\n"
				"  \"families\": [\n"
				"    {\n"
				"      \"name\": \"base\",\n"
				"      \"from\": \"oci:base:py\"\n"
				"    },\n"
				"    {\n"
				"      \"name\": \"web\",\n"
				"      \"from\": \"base\",\n"
				"      \"requirements\": [\n"
				"        \"a==1\",\n"
				"        \"b==2\"\n"
				"      ],\n"
				"      \"wheels\": [\n"
				"        \"a-1-py3-none-any.whl\",\n"
				"        \"b-2-py3-none-any.whl\"\n"
				"      ]\n"
				"    }\n"
				"  ],\n"
				"  \"services\": [\n"
				"    {\n"
				"      \"name\": \"Site\",\n"
				"      \"from\": \"web\",\n"
				"      \"requirements\": [\n"
				"        \"c==3\"\n"
				"      ],\n"
				"      \"wheels\": [\n"
				"        \"c-3-py3-none-any.whl\"\n"
				"      ]\n"
				"    }\n"
				"  ],\n"
				"  \"wheels\": [\n"
				"    {\n"
				"      \"file\": \"a-1-py3-none-any.whl\",\n"
				"      \"name\": \"a\",\n"
				"      \"version\": \"1\",\n"
				"      \"url\": \"wheels/a-1-py3-none-any.whl\",\n"
				"      \"size\": 0,\n"
				"      \"sha256\": \"" HEX "\",\n"
				"      \"by\": [\n"
				"        \"b\",\n"
				"        \"web\"\n"
				"      ]\n"
				"    },\n"
				"    {\n"
				"      \"file\": \"b-2-py3-none-any.whl\",\n"
				"      \"name\": \"b\",\n"
				"      \"version\": \"2\",\n"
				"      \"url\": \"https://x.example/b-2-py3-none-any.whl\",\n"
				"      \"size\": 7,\n"
				"      \"sha256\": \"" HEX "\"\n"
				"    },\n"
				"    {\n"
				"      \"file\": \"c-3-py3-none-any.whl\",\n"
				"      \"name\": \"c\",\n"
				"      \"version\": \"3\",\n"
				"      \"url\": \"wheels/c-3-py3-none-any.whl\",\n"
				"      \"size\": 1,\n"
				"      \"sha256\": \"" HEX "\"\n"
				"    }\n"
				"  ],\n"
				"  \"parts\": [\n"
				"    {\n"
				"      \"name\": \"oci-probe\",\n"
				"      \"sha256\": \"" HEX "\"\n"
				"    },\n"
				"    {\n"
				"      \"name\": \"seccomp/web\",\n"
				"      \"sha256\": \"" HEX "\"\n"
				"    }\n"
				"  ]\n"
				"}\n";

static void begin(TestFleet *test)
{
	test_fleet_write(test, "families.d/base.yaml", "family: base\nfrom: \"oci:base:py\"\n");
	test_fleet_write(test, "families.d/web.yaml",
			 "family: web\nfrom: base\npip: [b == 2, a==1]\n");
	test_fleet_write(test, "fleet.yaml", fleet_text);
	test_fleet_write(test, "build-lock.json", canonical);
	test_fleet_load(test);
}

/* The lock with one text of it replaced by another. */
static void write_changed(const TestFleet *test, const char *from, const char *to)
{
	g_auto(GStrv) parts = g_strsplit(canonical, from, 2);
	g_autofree char *text = NULL;

	g_assert_cmpuint(g_strv_length(parts), ==, 2);
	text = g_strconcat(parts[0], to, parts[1], NULL);
	test_fleet_write(test, "build-lock.json", text);
}

static void test_round_trip(void)
{
	g_auto(TestFleet) test = test_fleet_new();
	g_autoptr(GError) error = NULL;
	g_autoptr(SmithLock) lock = NULL;
	g_autofree char *text = NULL;
	g_autofree char *after = NULL;
	gsize length = 0;
	gboolean changed = TRUE;

	begin(&test);
	lock = smith_lock_load(test.fleet, &error);
	g_assert_no_error(error);
	text = smith_lock_write(lock, &length);
	g_assert_cmpstr(text, ==, canonical);
	g_assert_cmpuint(length, ==, strlen(canonical));
	g_assert_true(smith_lock_save(lock, test.fleet, &changed, &error));
	g_assert_false(changed);
	test_fleet_write(&test, "build-lock.json", "else");
	g_assert_true(smith_lock_save(lock, test.fleet, &changed, &error));
	g_assert_true(changed);
	after = test_fleet_read(&test, "build-lock.json");
	g_assert_cmpstr(after, ==, canonical);
}

static void swap(gpointer *a, gpointer *b)
{
	gpointer t = *a;
	*a = *b;
	*b = t;
}

static void test_sort(void)
{
	g_auto(TestFleet) test = test_fleet_new();
	g_autoptr(GError) error = NULL;
	g_autoptr(SmithLock) lock = NULL;
	g_autofree char *text = NULL;
	gsize length = 0;
	SmithLockSet *web;

	begin(&test);
	lock = smith_lock_load(test.fleet, &error);
	g_assert_no_error(error);
	web = smith_lock_family(lock, "web");
	swap(&lock->wheels->pdata[0], &lock->wheels->pdata[2]);
	swap(&lock->parts->pdata[0], &lock->parts->pdata[1]);
	swap(&lock->families->pdata[0], &lock->families->pdata[1]);
	swap((gpointer *)&web->wheels[0], (gpointer *)&web->wheels[1]);
	swap((gpointer *)&web->requirements[0], (gpointer *)&web->requirements[1]);
	smith_lock_sort(lock);
	text = smith_lock_write(lock, &length);
	g_assert_cmpstr(text, ==, canonical);
}

static void test_look_up(void)
{
	g_auto(TestFleet) test = test_fleet_new();
	g_autoptr(GError) error = NULL;
	g_autoptr(SmithLock) lock = NULL;
	g_autoptr(GPtrArray) wheels = NULL;
	g_autoptr(GPtrArray) family = NULL;

	begin(&test);
	lock = smith_lock_load(test.fleet, &error);
	g_assert_no_error(error);
	g_assert_cmpint(smith_lock_base(lock, "oci:base:py")->size, ==, 400);
	g_assert_null(smith_lock_base(lock, "x"));
	g_assert_null(smith_lock_family(lock, "Site"));
	g_assert_null(smith_lock_service(lock, "web"));
	g_assert_null(smith_lock_wheel(lock, "d"));
	g_assert_cmpstr(smith_lock_part(lock, "seccomp/web")->sha256, ==, HEX);
	g_assert_null(smith_lock_part(lock, "web"));
	wheels = smith_lock_wheels_of(lock, test.fleet, "web", "Site", &error);
	g_assert_no_error(error);
	g_assert_cmpuint(wheels->len, ==, 3);
	g_assert_cmpstr(((SmithLockWheel *)wheels->pdata[2])->name, ==, "c");
	family = smith_lock_wheels_of(lock, test.fleet, "web", NULL, &error);
	g_assert_cmpuint(family->len, ==, 2);
	g_ptr_array_add(lock->bases, smith_lock_base_copy(smith_lock_base(lock, "oci:base:py")));
	g_assert_cmpstr(((SmithLockBase *)lock->bases->pdata[1])->digest, ==, "sha256:" HEX);
}

/* Each is refused, and the text says why. */
static void test_bad(void)
{
	static const struct {
		const char *from;
		const char *to;
		const char *says;
	} rows[] = {
		{"\"sha256\": \"e3b0", "\"sha256\": \"3b0", "is no SHA-256"},
		{"\"sha256\": \"e3b0", "\"sha256\": \"ee3b0", "is no SHA-256"},
		{"\"sha256\": \"e3b0", "\"sha256\": \"E3b0", "is no SHA-256"},
		{"\"sha256\": \"e3b0", "\"sha256\": \"g3b0", "is no SHA-256"},
		{"\"sha256\": \"e3b0", "\"sha256\": 3, \"x\": \"", "'sha256' in wheel must be"},
		{"sha256:e3b0", "sha256:e3b", "malformed digest"},
		{"sha256:e3b0", "md5", "malformed digest"},
		{"oci-probe\",\n      \"sha256\": \"e3b0", "oci-probe\",\n      \"sha256\": \"3b0",
		 "of part 'oci-probe' is no SHA-256"},
		{"oci-probe", "seccomp/web", "part 'seccomp/web' is there twice"},
		{"\"size\": 400", "\"size\": -1", "base 'oci:base:py' has no legal size"},
		{"\"size\": 7", "\"size\": -7", "no legal file name or size"},
		{"\"size\": 7,", "", "missing key 'size' in wheel"},
		{"\"file\": \"c-3", "\"file\": \"../c-3", "no legal file name or size"},
		{"\"epoch\"", "\"eopch\": 1, \"epoch\"", "unknown key 'eopch'"},
		{"\"epoch\": 3", "\"epoch\": -3", "must be from 0"},
		{"\"libc\"", "\"libd\"", "unknown key 'libd' in base"},
		{"\"platform\": \"linux/amd64\",", "", "missing key 'platform'"},
		{"\"name\": \"base\"", "\"name\": null", "missing key 'name' in set"},
		{"\"name\": \"base\"", "\"name\": \"web\"", "family 'web' is there twice"},
		{"\"file\": \"b-2", "\"file\": \"a-1",
		 "wheel 'a-1-py3-none-any.whl' is there twice"},
		{"\"b-2-py3-none-any.whl\"\n", "\"a-1-py3-none-any.whl\"\n",
		 "family 'web' lists wheel 'a-1-py3-none-any.whl' twice"},
		{"\"wheels\": [\n    {", "\"wheels\": [\n    3, {", "build-lock.json:"},
		{"\"lock\": 1", "\"lock\": 1, \"lock\": 1", "build-lock.json:2:"},
		{"}\n", "", "build-lock.json:"},
	};
	g_auto(TestFleet) test = test_fleet_new();

	begin(&test);
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = NULL;

		write_changed(&test, rows[i].from, rows[i].to);
		g_assert_null(smith_lock_load(test.fleet, &error));
		g_assert_error(error, SMITH_ERROR, SMITH_ERROR_INVALID);
		if (strstr(error->message, rows[i].says) == NULL)
			g_error("row %zu: '%s' not in '%s'", i, rows[i].says, error->message);
	}
}

static void check_stale_file(const TestFleet *test, const char *says)
{
	g_autoptr(GError) error = NULL;

	g_assert_null(smith_lock_load(test->fleet, &error));
	g_assert_error(error, SMITH_ERROR, SMITH_ERROR_STALE);
	g_assert_nonnull(strstr(error->message, says));
}

static void test_other_format(void)
{
	g_auto(TestFleet) test = test_fleet_new();

	begin(&test);
	write_changed(&test, "\"lock\": 1", "\"lock\": 2");
	check_stale_file(&test, "has format 2, this version writes 1");
	test_fleet_write(&test, "build-lock.json", "[]");
	check_stale_file(&test, "run 'ocismith lock'");
	g_assert_cmpint(unlinkat(test.fd, "build-lock.json", 0), ==, 0);
	check_stale_file(&test, "no 'build-lock.json'");
}

static void test_undescribed(void)
{
	g_auto(TestFleet) test = test_fleet_new();
	g_autoptr(GError) error = NULL;
	g_autoptr(SmithLock) lock = NULL;

	begin(&test);
	write_changed(&test, "        \"c-3-py3", "        \"d-3-py3");
	lock = smith_lock_load(test.fleet, &error);
	g_assert_no_error(error);
	g_assert_null(smith_lock_wheels_of(lock, test.fleet, "web", "Site", &error));
	g_assert_error(error, SMITH_ERROR, SMITH_ERROR_INVALID);
	g_assert_cmpstr(error->message, ==,
			"build-lock.json: 'Site' uses wheel 'd-3-py3-none-any.whl', which it does "
			"not describe");
}

/* Changes one file of the fleet, and expects these lines of changes. */
static void check_changes(const char *path, const char *text, const char *expected)
{
	g_auto(TestFleet) test = test_fleet_new();
	g_autoptr(GError) error = NULL;
	g_autoptr(SmithLock) lock = NULL;
	g_autoptr(GPtrArray) changes = NULL;
	g_autofree char *found = NULL;

	begin(&test);
	if (path != NULL)
		test_fleet_write(&test, path, text);
	test_fleet_load(&test);
	lock = smith_lock_load(test.fleet, &error);
	g_assert_no_error(error);
	changes = smith_lock_changes(lock, test.fleet, test.diag);
	g_ptr_array_add(changes, NULL);
	found = g_strjoinv("\n", (char **)changes->pdata);
	g_assert_cmpstr(found, ==, expected);
}

static void test_changes(void)
{
	static const char web[] = "families.d/web.yaml";

	check_changes(NULL, NULL, "");
	/* the same requirements, written otherwise */
	check_changes(web, "family: web\nfrom: base\npip: ['a == 1', b==2]\n", "");
	check_changes(web, "family: web\nfrom: base\npip: [a==1, b==2.1]\n",
		      "family 'web': requirement 'b==2.1' was added\n"
		      "family 'web': requirement 'b==2' was removed");
	check_changes(web, "family: web\nfrom: base\npip: [a==1, 'b==2 --hash=sha256:" HEX "']\n",
		      "family 'web': requirement 'b==2 --hash=sha256:" HEX "' was added\n"
		      "family 'web': requirement 'b==2' was removed");
	check_changes(web, "family: web\nfrom: base\n",
		      "family 'web': requirement 'a==1' was removed\n"
		      "family 'web': requirement 'b==2' was removed");
	check_changes(web, "family: web\nfrom: debian:12\npip: [a==1, b==2]\n",
		      "family 'web' is now derived from 'debian:12', the lock has 'base'\n"
		      "base 'debian:12' is not in the lock");
	check_changes("families.d/new.yaml", "family: new\nfrom: base\n", "family 'new' was added");
}

static void test_changes_of_services(void)
{
	static const char rest[] = "groups: {g: {host: h, services: [Site]}}\nhosts: {h: {}}\n";
	g_autofree char *other =
		g_strconcat("fleet: t\nplatform: linux/arm64\nservices:\n"
			    "  Site: {family: base, app: {module: m}, pip: [c==3]}\n",
			    rest, NULL);
	g_autofree char *more =
		g_strconcat("fleet: t\nservices:\n"
			    "  Site: {family: web, app: {module: m}, pip: req.txt}\n"
			    "  New: {family: web, app: {module: m}}\n",
			    rest, NULL);

	check_changes("fleet.yaml", other,
		      "the platform is now 'linux/arm64', the lock has 'linux/amd64'\n"
		      "service 'Site' is now derived from 'base', the lock has 'web'");
	check_changes("fleet.yaml", more,
		      "service 'Site': requirement 'c==3' was removed\n"
		      "service 'New' was added");
	check_changes("fleet.yaml", "fleet: t\n", "service 'Site' was removed");
}

/* A constraint binds what is asked for: another one may make the lock a wrong one. */
static void test_constraints(void)
{
	g_auto(TestFleet) test = test_fleet_new();
	g_auto(GStrv) texts = NULL;
	SmithPip pip = {.file = (char *)"r.txt"};

	begin(&test);
	test_fleet_write(&test, "r.txt", "-c c.txt\nb==2\na==1\n");
	test_fleet_write(&test, "c.txt", "a<2\n");
	texts = smith_lock_requirements(test.fleet, &pip, test.diag);
	g_assert_cmpuint(test.diag->errors, ==, 0);
	g_assert_cmpstr(texts[0], ==, "-c a<2");
	g_assert_cmpstr(texts[1], ==, "a==1");
	g_assert_cmpstr(texts[2], ==, "b==2");
	g_assert_null(texts[3]);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/fleet/lock/round-trip", test_round_trip);
	g_test_add_func("/fleet/lock/sort", test_sort);
	g_test_add_func("/fleet/lock/look-up", test_look_up);
	g_test_add_func("/fleet/lock/bad", test_bad);
	g_test_add_func("/fleet/lock/other-format", test_other_format);
	g_test_add_func("/fleet/lock/undescribed", test_undescribed);
	g_test_add_func("/fleet/lock/changes", test_changes);
	g_test_add_func("/fleet/lock/changes-of-services", test_changes_of_services);
	g_test_add_func("/fleet/lock/constraints", test_constraints);
	return g_test_run();
}
