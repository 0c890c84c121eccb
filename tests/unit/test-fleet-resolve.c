/* SPDX-License-Identifier: Apache-2.0 */
#include "fleet/resolve.h"

#include "tests/unit/fleet-test.h"

/* of nothing at all */
#define OTHER "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

/* A fleet with family "web" on a base, and service "Site" on that; the service's requirements stand
 * at fleet.yaml:7:10, the family's at families.d/web.yaml:3:6. */
static void begin(TestFleet *test, const char *family, const char *service)
{
	g_autofree char *web = g_strdup_printf("family: web\nfrom: oci:base:py\npip: %s\n", family);
	g_autofree char *fleet = g_strdup_printf("fleet: t\n"
						 "platform: linux/amd64\n"
						 "services:\n"
						 "  Site:\n"
						 "    family: web\n"
						 "    app: {module: m}\n"
						 "    pip: %s\n"
						 "groups: {g: {host: h, services: [Site]}}\n"
						 "hosts: {h: {}}\n"
						 "wheels: {find_links: [wheels]}\n",
						 service);
	g_autoptr(GError) error = NULL;
	g_autofree char *digest = test_fleet_base(test, NULL);

	test_fleet_write(test, "families.d/web.yaml", web);
	test_fleet_write(test, "fleet.yaml", fleet);
	smith_fd_make_dirs(test->fd, "wheels", &error);
	g_assert_no_error(error);
	test_fleet_load(test);
}

static void wheel(const TestFleet *test, const char *name, const char *version,
		  const char *metadata)
{
	g_autofree char *hex = test_fleet_wheel(
		test, &(TestWheel){.name = name, .version = version, .metadata = metadata});
}

static SmithLock *resolve(TestFleet *test)
{
	g_autoptr(GError) error = NULL;
	SmithLock *lock = test_fleet_resolve(test, NULL, &error);

	if (error != NULL) {
		g_autofree char *text = test_diag_text(test->diag);
		g_error("%s\n%s", error->message, text);
	}
	return lock;
}

/* Resolving fails with these findings, one a line. */
static void refuse(TestFleet *test, const char *expected)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(SmithLock) lock = test_fleet_resolve(test, NULL, &error);
	g_autofree char *text = test_diag_text(test->diag);

	g_assert_null(lock);
	g_assert_cmpstr(text, ==, expected);
	g_assert_error(error, SMITH_ERROR, SMITH_ERROR_FINDINGS);
}

static char *join(char **strings)
{
	return strings != NULL ? g_strjoinv(" ", strings) : g_strdup("");
}

static void check_set(const SmithLockSet *set, const char *from, const char *requirements,
		      const char *wheels)
{
	g_autofree char *asked = join(set->requirements);
	g_autofree char *files = join(set->wheels);

	g_assert_cmpstr(set->from, ==, from);
	g_assert_cmpstr(asked, ==, requirements);
	g_assert_cmpstr(files, ==, wheels);
}

static void check_by(const SmithLock *lock, const char *file, const char *expected)
{
	const SmithLockWheel *row = smith_lock_wheel(lock, file);
	g_autofree char *by = NULL;

	g_assert_nonnull(row);
	by = join(row->by);
	g_assert_cmpstr(by, ==, expected);
}

static void test_whole(void)
{
	g_auto(TestFleet) test = test_fleet_new();
	g_autoptr(SmithLock) lock = NULL;
	const SmithLockWheel *row;
	g_autofree char *hex = NULL;

	begin(&test, "[b==2, A.x==1.0]", "[c==3]");
	wheel(&test, "A_x", "1.0", "Requires-Dist: B>=1\nRequires-Python: >=3.8");
	hex = test_fleet_wheel(&test, &(TestWheel){.name = "b", .version = "2"});
	wheel(&test, "c", "3", "Requires-Dist: a-x (<2)\nRequires-Dist: gone; os_name == 'nt'");
	wheel(&test, "b", "3", NULL);
	test_fleet_write(&test, "wheels/notes.txt", "none of our business");
	test_fleet_write(&test, "wheels/b-2.tar.gz", "nor this");
	lock = resolve(&test);
	g_assert_cmpint(lock->epoch, ==, SMITH_LOCK_EPOCH);
	g_assert_cmpstr(lock->platform, ==, "linux/amd64");
	g_assert_cmpuint(lock->bases->len, ==, 1);
	g_assert_cmpuint(lock->wheels->len, ==, 3);
	check_set(smith_lock_family(lock, "web"), "oci:base:py", "A.x==1.0 b==2",
		  "A_x-1.0-py3-none-any.whl b-2-py3-none-any.whl");
	check_set(smith_lock_service(lock, "Site"), "web", "c==3", "c-3-py3-none-any.whl");
	check_by(lock, "A_x-1.0-py3-none-any.whl", "c web");
	check_by(lock, "b-2-py3-none-any.whl", "a-x web");
	check_by(lock, "c-3-py3-none-any.whl", "Site");
	row = smith_lock_wheel(lock, "b-2-py3-none-any.whl");
	g_assert_cmpstr(row->name, ==, "b");
	g_assert_cmpstr(row->version, ==, "2");
	g_assert_cmpstr(row->url, ==, "wheels/b-2-py3-none-any.whl");
	g_assert_cmpstr(row->sha256, ==, hex);
}

/* The same text, whatever the order of things and the number of workers. */
static void test_deterministic(void)
{
	g_auto(TestFleet) test = test_fleet_new();
	g_autoptr(SmithDiag) diag = smith_diag_new();
	g_autoptr(SmithLock) first = NULL, second = NULL;
	g_autofree char *one = NULL, *other = NULL;
	g_autoptr(GError) error = NULL;
	SmithResolveOptions options = {.workers = 8, .epoch = SMITH_LOCK_EPOCH};
	gsize length;

	begin(&test, "[a==1, b==1, c==1, d==1]", "[]");
	wheel(&test, "d", "1", "Requires-Dist: a");
	wheel(&test, "c", "1", "Requires-Dist: a");
	wheel(&test, "b", "1", "Requires-Dist: a");
	wheel(&test, "a", "1", "Requires-Dist: b");
	first = resolve(&test);
	second = smith_resolve(test.fleet, test.store, &options, diag, &error);
	g_assert_no_error(error);
	one = smith_lock_write(first, &length);
	other = smith_lock_write(second, &length);
	g_assert_cmpstr(one, ==, other);
	check_by(first, "a-1-py3-none-any.whl", "b c d web");
}

static void test_missing(void)
{
	g_auto(TestFleet) test = test_fleet_new();

	begin(&test, "[a==1]", "[b==1]");
	wheel(&test, "a", "1", "Requires-Dist: x>=2\nRequires-Dist: x>=2\nRequires-Dist: y");
	wheel(&test, "b", "1", NULL);
	refuse(&test, "families.d/web.yaml:3:6: error: 'a 1' needs 'x>=2', which no requirement of "
		      "family 'web' pins [missing-wheel]\n"
		      "families.d/web.yaml:3:6: error: 'a 1' needs 'y', which no requirement of "
		      "family 'web' pins [missing-wheel]\n");
}

static void test_conflict(void)
{
	g_auto(TestFleet) test = test_fleet_new();

	begin(&test, "[a==1]", "[b==1]");
	wheel(&test, "a", "1", NULL);
	wheel(&test, "b", "1", "Requires-Dist: A>1");
	refuse(&test, "fleet.yaml:7:10: error: 'b 1' needs 'A>1', but service 'Site' has a 1 "
		      "[conflict]\n");
}

static void test_conflict_with_family(void)
{
	g_auto(TestFleet) test = test_fleet_new();

	begin(&test, "[a==1]", "[a==2, b==1, b==1.0, b==2]");
	wheel(&test, "a", "1", NULL);
	wheel(&test, "a", "2", NULL);
	wheel(&test, "b", "1", NULL);
	wheel(&test, "b", "2", NULL);
	refuse(&test, "fleet.yaml:7:10: error: service 'Site' pins a 2, but family 'web' has 1 "
		      "[conflict]\n"
		      "fleet.yaml:7:10: error: service 'Site' pins b 2, but service 'Site' has 1 "
		      "[conflict]\n");
}

/* What the family has may be asked for again, and is then no wheel of the service. */
static void test_same_as_family(void)
{
	g_auto(TestFleet) test = test_fleet_new();
	g_autoptr(SmithLock) lock = NULL;

	begin(&test, "[a==1]", "[a==1.0]");
	wheel(&test, "a", "1", NULL);
	lock = resolve(&test);
	check_set(smith_lock_service(lock, "Site"), "web", "a==1.0", "");
	check_by(lock, "a-1-py3-none-any.whl", "Site web");
}

#define EXTRA(name, extra)                                                                         \
	"Provides-Extra: " extra "\nRequires-Dist: " name "; extra == '" extra "'"

static void test_extras(void)
{
	g_auto(TestFleet) test = test_fleet_new();
	g_autoptr(SmithLock) lock = NULL;

	begin(&test, "['a[All]==1', b==1, c==1]", "[d==1]");
	wheel(&test, "a", "1", EXTRA("a[some]", "all") "\n" EXTRA("b[deep]", "some"));
	wheel(&test, "b", "1", EXTRA("c", "deep") "\n" EXTRA("nowhere", "other"));
	wheel(&test, "c", "1", NULL);
	wheel(&test, "d", "1", NULL);
	lock = resolve(&test);
	check_by(lock, "a-1-py3-none-any.whl", "web");
	check_by(lock, "b-1-py3-none-any.whl", "a web");
	check_by(lock, "c-1-py3-none-any.whl", "b web");
}

/* A service's extra of a family's wheel needs what the family need not have. */
static void test_extra_missing(void)
{
	g_auto(TestFleet) test = test_fleet_new();

	begin(&test, "[a==1]", "['a[x]==1']");
	wheel(&test, "a", "1", EXTRA("b", "x"));
	refuse(&test, "fleet.yaml:7:10: error: 'a 1' needs 'b; extra == \"x\"', which no "
		      "requirement of service 'Site' pins [missing-wheel]\n");
}

static void test_markers(void)
{
	g_auto(TestFleet) test = test_fleet_new();
	g_autoptr(SmithLock) lock = NULL;

	begin(&test,
	      "[\"a==1; python_version < '3.12'\", \"a==2; python_version >= '3.12'\", "
	      "\"b==1; platform_machine == 'aarch64'\"]",
	      "[]");
	wheel(&test, "a", "1", "Requires-Dist: b; sys_platform == 'win32'");
	lock = resolve(&test);
	g_assert_cmpuint(lock->wheels->len, ==, 1);
}

static void test_bad_marker(void)
{
	g_auto(TestFleet) test = test_fleet_new();

	begin(&test, "[a==1]", "[]");
	wheel(&test, "a", "1", "Requires-Dist: b; os_name >= '3' and python_version ~= 'x'");
	refuse(&test, "families.d/web.yaml:3:6: error: 'a 1': "
		      "cannot compare 'posix', which is no version, with '>=3' [bad-marker]\n");
}

static void test_wrong_platform(void)
{
	g_auto(TestFleet) test = test_fleet_new();
	g_autofree char *one = NULL, *two = NULL;

	begin(&test, "[a==1, nothing==1]", "[a==2]");
	one = test_fleet_wheel(
		&test, &(TestWheel){.name = "a", .version = "1", .tag = "cp311-cp311-win_amd64"});
	two = test_fleet_wheel(&test, &(TestWheel){.name = "a",
						   .version = "1",
						   .tag = "cp312-cp312-manylinux_2_17_x86_64"});
	refuse(&test,
	       "families.d/web.yaml:3:6: error: no wheel of 'a' 1 for Python 3.11 on x86_64 with "
	       "glibc 2.36, wanted by family 'web': found only 'a-1-cp311-cp311-win_amd64.whl', "
	       "'a-1-cp312-cp312-manylinux_2_17_x86_64.whl' [missing-wheel]\n"
	       "families.d/web.yaml:3:6: error: no wheel of 'nothing' 1 for Python 3.11 on x86_64 "
	       "with glibc 2.36, wanted by family 'web': there is no wheel of that project "
	       "[missing-wheel]\n"
	       "fleet.yaml:7:10: error: no wheel of 'a' 2 for Python 3.11 on x86_64 with glibc "
	       "2.36, wanted by service 'Site': found only 'a-1-cp311-cp311-win_amd64.whl', "
	       "'a-1-cp312-cp312-manylinux_2_17_x86_64.whl' [missing-wheel]\n");
}

static void test_best_tag(void)
{
	g_auto(TestFleet) test = test_fleet_new();
	g_autoptr(SmithLock) lock = NULL;
	g_autofree char *one = NULL, *two = NULL, *three = NULL, *four = NULL;

	begin(&test, "[a==1, torch==2.1.0]", "[torch==2.1.0]");
	one = test_fleet_wheel(&test, &(TestWheel){.name = "a", .version = "1"});
	two = test_fleet_wheel(&test, &(TestWheel){.name = "a",
						   .version = "1",
						   .tag = "cp311-cp311-manylinux_2_17_x86_64"});
	three = test_fleet_wheel(&test, &(TestWheel){.name = "torch", .version = "2.1.0+cpu"});
	four = test_fleet_wheel(&test, &(TestWheel){.name = "torch",
						    .version = "2.1.0",
						    .tag = "cp311-cp311-manylinux_2_17_x86_64"});
	lock = resolve(&test);
	check_set(smith_lock_family(lock, "web"), "oci:base:py", "a==1 torch==2.1.0",
		  "a-1-cp311-cp311-manylinux_2_17_x86_64.whl torch-2.1.0+cpu-py3-none-any.whl");
	check_by(lock, "torch-2.1.0+cpu-py3-none-any.whl", "Site web");
}

static void test_not_pinned(void)
{
	g_auto(TestFleet) test = test_fleet_new();

	begin(&test, "[a]", "[a>=1, a==1.*]");
	wheel(&test, "a", "1", NULL);
	refuse(&test, "families.d/web.yaml:3:6: error: pip cannot be asked for what is not pinned: "
		      "nothing is executed here [not-pinned]\n"
		      "families.d/web.yaml:3:6: error: requirement 'a' must be pinned with '==' "
		      "[not-pinned]\n"
		      "fleet.yaml:7:10: error: requirement 'a==1.*' must be pinned with '==' "
		      "[not-pinned]\n"
		      "fleet.yaml:7:10: error: requirement 'a>=1' must be pinned with '==' "
		      "[not-pinned]\n");
}

static void test_hashes(void)
{
	g_auto(TestFleet) test = test_fleet_new();
	g_autofree char *hex = NULL;
	g_autofree char *expected = NULL;

	begin(&test, "[]", "requirements.txt");
	hex = test_fleet_wheel(&test, &(TestWheel){.name = "a", .version = "1"});
	test_fleet_write(&test, "requirements.txt", "# pinned\na==1 --hash=sha256:" OTHER "\n");
	expected = g_strdup_printf(
		"requirements.txt:2:1: error: wheel 'a-1-py3-none-any.whl' has "
		"'sha256:%s', which is not among the 1 hashes of its requirement [hash-mismatch]\n",
		hex);
	refuse(&test, expected);
}

/* Of two files that fit, the one whose hash is listed; a line for another platform does not count.
 */
static void test_hashes_choose(void)
{
	g_auto(TestFleet) test = test_fleet_new();
	g_autoptr(SmithLock) lock = NULL;
	g_autofree char *hex = NULL, *better = NULL, *lines = NULL;

	begin(&test, "[]", "requirements.txt");
	hex = test_fleet_wheel(&test, &(TestWheel){.name = "a", .version = "1"});
	better = test_fleet_wheel(&test, &(TestWheel){.name = "a",
						      .version = "1",
						      .tag = "cp311-cp311-manylinux_2_17_x86_64"});
	lines = g_strdup_printf("a==1 --hash=sha256:" OTHER " --hash=sha256:%s\n"
				"a==1 ; sys_platform == 'win32' --hash=sha256:" OTHER "\n",
				hex);
	test_fleet_write(&test, "requirements.txt", lines);
	lock = resolve(&test);
	g_assert_cmpuint(lock->wheels->len, ==, 1);
	g_assert_cmpstr(((SmithLockWheel *)lock->wheels->pdata[0])->sha256, ==, hex);
}

static void test_constraints(void)
{
	g_auto(TestFleet) test = test_fleet_new();

	begin(&test, "[]", "requirements.txt");
	wheel(&test, "a", "1", NULL);
	test_fleet_write(&test, "requirements.txt", "-c c.txt\na==1\n");
	test_fleet_write(&test, "c.txt", "a>=2; sys_platform == 'win32'\nb<1\n\nA<1\n");
	refuse(&test, "requirements.txt:2:1: error: requirement 'a==1' breaks the constraint 'A<1' "
		      "of c.txt:4 [conflict]\n");
}

static void test_requires_python(void)
{
	g_auto(TestFleet) test = test_fleet_new();

	begin(&test, "[a==1]", "[b==1]");
	wheel(&test, "a", "1", "Requires-Python: >=3.12");
	wheel(&test, "b", "1", NULL);
	refuse(&test, "families.d/web.yaml:3:6: error: 'a 1' needs Python '>=3.12', base "
		      "'oci:base:py' has 3.11.2 [wrong-python]\n");
}

static void test_bad_wheel(void)
{
	g_auto(TestFleet) test = test_fleet_new();
	g_autofree char *hex = NULL;
	g_autofree char *text = NULL;
	g_autoptr(GError) error = NULL;
	g_autoptr(SmithLock) lock = NULL;

	begin(&test, "[a==1, b==1]", "[]");
	hex = test_fleet_wheel(&test, &(TestWheel){.name = "a", .version = "1", .damaged = true});
	test_fleet_write(&test, "wheels/b-1-py3-none-any.whl", "no zip at all, but long enough");
	lock = test_fleet_resolve(&test, NULL, &error);
	g_assert_null(lock);
	text = test_diag_text(test.diag);
	g_assert_cmpuint(test.diag->errors, ==, 2);
	g_assert_true(g_regex_match_simple(
		"^families.d/web.yaml:3:6: error: wheel 'a-1-py3-none-any.whl': (?!wheel).* "
		"\\(wanted by family 'web'\\) \\[bad-wheel\\]\n"
		"families.d/web.yaml:3:6: error: wheel 'b-1-py3-none-any.whl': (?!wheel).* "
		"\\(wanted by family 'web'\\) \\[bad-wheel\\]\n$",
		text, 0, 0));
}

static void test_collision(void)
{
	g_auto(TestFleet) test = test_fleet_new();
	g_autofree char *a = NULL, *b = NULL;

	begin(&test, "[a==1]", "[b==1]");
	a = test_fleet_wheel(&test, &(TestWheel){.name = "a",
						 .version = "1",
						 .file = "shared/__init__.py",
						 .data = "",
						 .file2 = "shared/x.py",
						 .data2 = "1"});
	b = test_fleet_wheel(&test, &(TestWheel){.name = "b",
						 .version = "1",
						 .file = "shared/__init__.py",
						 .data = "",
						 .file2 = "shared/x.py",
						 .data2 = "2"});
	refuse(&test,
	       "fleet.yaml:7:10: error: wheels 'b-1-py3-none-any.whl' and 'a-1-py3-none-any.whl' "
	       "of "
	       "service 'Site' both install '/opt/venv/lib/python3.11/site-packages/shared/x.py', "
	       "with different content [collision]\n");
}

static void test_file_for_directory(void)
{
	g_auto(TestFleet) test = test_fleet_new();
	g_autofree char *a = NULL, *b = NULL;

	begin(&test, "[a==1, b==1]", "[]");
	a = test_fleet_wheel(&test, &(TestWheel){.name = "a", .version = "1", .file = "x"});
	b = test_fleet_wheel(&test, &(TestWheel){.name = "b", .version = "1", .file = "x/y.py"});
	refuse(&test,
	       "families.d/web.yaml:3:6: error: wheels 'a-1-py3-none-any.whl' and "
	       "'b-1-py3-none-any.whl' of family 'web' both install "
	       "'/opt/venv/lib/python3.11/site-packages/x', one as a file and one as a directory "
	       "[collision]\n");
}

static void test_same_content(void)
{
	g_auto(TestFleet) test = test_fleet_new();
	g_autoptr(SmithLock) lock = NULL;
	g_autofree char *a = NULL, *b = NULL;

	begin(&test, "[a==1, b==1]", "[]");
	a = test_fleet_wheel(&test, &(TestWheel){.name = "a", .version = "1", .file = "n/x.py"});
	b = test_fleet_wheel(&test, &(TestWheel){.name = "b", .version = "1", .file = "n/x.py"});
	lock = resolve(&test);
	g_assert_cmpuint(lock->wheels->len, ==, 2);
}

/* Two bases of unlike Pythons share the wheels, but not the paths that these are installed to. */
static void test_two_pythons(void)
{
	static const TestFile files[] = {
		{"etc/", NULL},
		{"etc/passwd", "root:x:0:0::/:/bin/sh\n"},
		{"usr/local/bin/python3.12", "ELF"},
		{"var/lib/dpkg/status.d/libc6", "Package: libc6\nVersion: 2.41-1\n"},
		{NULL, NULL},
	};
	g_auto(TestFleet) test = test_fleet_new();
	g_autofree char *digest = NULL, *a = NULL, *b = NULL;

	begin(&test, "[a==1]", "[]");
	digest = test_fleet_base(&test, &(TestBase){.ref = "new", .files = files});
	test_fleet_write(&test, "families.d/zfuture.yaml",
			 "family: zfuture\nfrom: oci:base:new\npip: [a==1, b==1]\n");
	a = test_fleet_wheel(&test, &(TestWheel){.name = "a", .version = "1", .file = "x.py"});
	b = test_fleet_wheel(&test,
			     &(TestWheel){.name = "b", .version = "1", .file = "x.py", .data = ""});
	test_fleet_load(&test);
	refuse(&test, "families.d/zfuture.yaml:3:6: error: wheels 'a-1-py3-none-any.whl' and "
		      "'b-1-py3-none-any.whl' of family 'zfuture' both install "
		      "'/opt/venv/lib/python3.12/site-packages/x.py', with different content "
		      "[collision]\n");
}

static void test_bad_requirements(void)
{
	g_auto(TestFleet) test = test_fleet_new();
	g_autofree char *text = NULL;
	g_autoptr(GError) error = NULL;
	g_autoptr(SmithLock) lock = NULL;

	begin(&test, "missing.txt", "[a==1, '-e .', 'b = 2']");
	wheel(&test, "a", "1", NULL);
	lock = test_fleet_resolve(&test, NULL, &error);
	g_assert_null(lock);
	g_assert_cmpuint(test.diag->errors, ==, 3);
	text = test_diag_text(test.diag);
	g_assert_nonnull(strstr(text, "missing.txt"));
	g_assert_nonnull(strstr(text, "fleet.yaml:7:10: error: "));
}

/* A PEP 503 index as a directory: the page promises a hash, and its URLs are relative. */
static void index_fleet(TestFleet *test, const char *hex)
{
	g_autofree char *page = g_strdup_printf(
		"<!DOCTYPE html><html><body>"
		"<a href=\"../../files/a-1-py3-none-any.whl#sha256=%s\">a-1-py3-none-any.whl</a>"
		"<a href=\"a-1.tar.gz\">a-1.tar.gz</a></body></html>",
		hex);
	g_autofree char *fleet = g_strdup_printf("fleet: t\n"
						 "platform: linux/amd64\n"
						 "wheels: {index: \"file://%s/simple\"}\n"
						 "services:\n"
						 "  Site: {family: web, app: {module: m}}\n"
						 "groups: {g: {host: h, services: [Site]}}\n"
						 "hosts: {h: {}}\n",
						 test->path);
	test_fleet_write(test, "simple/a/index.html", page);
	test_fleet_write(test, "fleet.yaml", fleet);
	test_fleet_load(test);
}

static void test_index(void)
{
	g_auto(TestFleet) test = test_fleet_new();
	g_autoptr(SmithLock) lock = NULL;
	g_autofree char *hex = NULL, *url = NULL;
	const SmithLockWheel *row;

	begin(&test, "[a==1]", "[]");
	hex = test_fleet_wheel(&test,
			       &(TestWheel){.name = "a", .version = "1", .directory = "files"});
	index_fleet(&test, hex);
	lock = resolve(&test);
	row = lock->wheels->pdata[0];
	url = g_strdup_printf("file://%s/files/a-1-py3-none-any.whl", test.path);
	g_assert_cmpstr(row->url, ==, url);
	g_assert_cmpstr(row->sha256, ==, hex);
}

static void test_index_lies(void)
{
	g_auto(TestFleet) test = test_fleet_new();
	g_autofree char *hex = NULL, *expected = NULL;

	begin(&test, "[a==1, none==1]", "[]");
	hex = test_fleet_wheel(&test,
			       &(TestWheel){.name = "a", .version = "1", .directory = "files"});
	index_fleet(&test, OTHER);
	expected = g_strdup_printf(
		"families.d/web.yaml:3:6: error: wheel 'a-1-py3-none-any.whl': "
		"'file://%s/files/a-1-py3-none-any.whl': digest mismatch, expected 'sha256:" OTHER
		"', got 'sha256:%s' (wanted by family 'web') [bad-wheel]\n"
		"families.d/web.yaml:3:6: error: no wheel of 'none' 1 for Python 3.11 on x86_64 "
		"with glibc 2.36, wanted by family 'web': there is no wheel of that project "
		"[missing-wheel]\n",
		test.path, hex);
	refuse(&test, expected);
}

static void test_find_links_missing(void)
{
	g_auto(TestFleet) test = test_fleet_new();
	g_autoptr(GError) error = NULL;

	begin(&test, "[]", "[]");
	g_assert_cmpint(unlinkat(test.fd, "wheels", AT_REMOVEDIR), ==, 0);
	g_assert_null(test_fleet_resolve(&test, NULL, &error));
	g_assert_error(error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
	g_assert_true(g_str_has_prefix(error->message, "find_links 'wheels': "));
}

#define ADD(name, func) g_test_add_func("/fleet/resolve/" name, func)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("whole", test_whole);
	ADD("deterministic", test_deterministic);
	ADD("missing", test_missing);
	ADD("conflict", test_conflict);
	ADD("conflict-with-family", test_conflict_with_family);
	ADD("same-as-family", test_same_as_family);
	ADD("extras", test_extras);
	ADD("extra-missing", test_extra_missing);
	ADD("markers", test_markers);
	ADD("bad-marker", test_bad_marker);
	ADD("wrong-platform", test_wrong_platform);
	ADD("best-tag", test_best_tag);
	ADD("not-pinned", test_not_pinned);
	ADD("hashes", test_hashes);
	ADD("hashes-choose", test_hashes_choose);
	ADD("constraints", test_constraints);
	ADD("requires-python", test_requires_python);
	ADD("bad-wheel", test_bad_wheel);
	ADD("collision", test_collision);
	ADD("file-for-directory", test_file_for_directory);
	ADD("same-content", test_same_content);
	ADD("two-pythons", test_two_pythons);
	ADD("bad-requirements", test_bad_requirements);
	ADD("index", test_index);
	ADD("index-lies", test_index_lies);
	ADD("find-links-missing", test_find_links_missing);
	return g_test_run();
}
