/* SPDX-License-Identifier: Apache-2.0 */
#include "quadlet/plan.h"

#include "tests/unit/fleet-test.h"
#include "tests/unit/plan-dump.h"

/* A fleet in flow style, in which names of families, groups and hosts are short. */
static void write_fleet(TestFleet *test, const char *text)
{
	test_fleet_write(test, "families.d/base.yaml",
			 "family: base\nfrom: debian:12\nenv: {ON: 'x', FROM: '${host.name}'}\n");
	test_fleet_write(test, "fleet.yaml", text);
}

static void load(TestFleet *test, const char *text)
{
	write_fleet(test, text);
	test_fleet_load(test);
}

static SmithHostPlan *plan_host(const TestFleet *test, const char *name, const char *group)
{
	const char *groups[] = {group, NULL};
	g_autoptr(SmithDiag) diag = smith_diag_new();
	g_autoptr(GError) error = NULL;
	g_autoptr(SmithPlanContext) context = smith_plan_context_new(test->fleet, test->store);
	SmithHostPlan *plan = smith_host_plan_new(context, smith_fleet_host(test->fleet, name),
						  groups, diag, &error);

	g_assert_no_error(error);
	g_assert_nonnull(plan);
	g_assert_cmpuint(diag->errors, ==, 0);
	return plan;
}

static SmithContainerPlan *container_of(const SmithHostPlan *plan, const char *slug)
{
	for (guint i = 0; i < plan->containers->len; i++) {
		SmithContainerPlan *container = plan->containers->pdata[i];
		if (strcmp(container->slug, slug) == 0)
			return container;
	}
	g_error("no container '%s'", slug);
}

static char *slugs(const GPtrArray *containers)
{
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < containers->len; i++)
		g_string_append_printf(text, "%s%s", i > 0 ? " " : "",
				       ((SmithContainerPlan *)containers->pdata[i])->slug);
	return g_string_free(text, FALSE);
}

/* Everything that a fleet can say: tests/data/quadlet/plan-HOST.txt, written anew with
 * UPDATE_GOLDEN=1. */
static void check_wide(const TestFleet *test, const char *host)
{
	g_autoptr(SmithHostPlan) plan = plan_host(test, host, NULL);
	g_autofree char *dump = plan_dump(plan);
	g_autofree char *file = g_strconcat("plan-", host, ".txt", NULL);
	g_autofree char *path =
		g_test_build_filename(G_TEST_DIST, "tests", "data", "quadlet", file, NULL);
	g_autofree char *expected = NULL;

	if (g_getenv("UPDATE_GOLDEN") != NULL)
		g_file_set_contents(path, dump, -1, NULL);
	g_assert_true(g_file_get_contents(path, &expected, NULL, NULL));
	g_auto(GStrv) got = g_strsplit(dump, "\n", -1), lines = g_strsplit(expected, "\n", -1);
	for (guint i = 0; got[i] != NULL && lines[i] != NULL; i++)
		g_assert_cmpstr(got[i], ==, lines[i]);
	g_assert_cmpuint(g_strv_length(got), ==, g_strv_length(lines));
}

static void test_wide(void)
{
	g_auto(TestFleet) test = test_fleet_new();
	g_autofree char *path =
		g_test_build_filename(G_TEST_DIST, "tests", "data", "quadlet", "wide.yaml", NULL);
	g_autofree char *text = NULL;

	g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
	load(&test, text);
	check_wide(&test, "big");
	check_wide(&test, "old");
}

static const char order_fleet[] =
	"fleet: t\nhosts: {h: {}}\n"
	"groups: {one: {host: h, services: [A, B]}, two: {host: h, services: [C, D]}}\n"
	"services:\n"
	"  A: {family: base, app: {module: a}, needs: [D]}\n"
	"  B: {family: base, app: {module: b}}\n"
	"  C: {family: base, app: {module: c}, needs: [A]}\n"
	"  D: {family: base, app: {module: d}, needs: [{service: B, until: healthy}]}\n";

static void test_order(void)
{
	g_auto(TestFleet) test = test_fleet_new();
	load(&test, order_fleet);
	g_autoptr(SmithHostPlan) plan = plan_host(&test, "h", NULL);
	g_autofree char *all = slugs(plan->containers);
	g_autofree char *members = slugs(((SmithPodPlan *)plan->pods->pdata[0])->members);

	g_assert_cmpstr(all, ==, "b d a c");
	g_assert_cmpstr(members, ==, "b a");
	const SmithContainerPlan *d = container_of(plan, "d");
	const SmithPlanNeed *need = d->needs->pdata[0];
	g_assert_cmpstr(need->slug, ==, "b");
	g_assert_true(need->healthy && need->required);
}

/* One group alone, and its target beside the host's. */
static void test_group(void)
{
	g_auto(TestFleet) test = test_fleet_new();
	load(&test, order_fleet);
	g_autoptr(SmithHostPlan) plan = plan_host(&test, "h", "two");
	g_autofree char *all = slugs(plan->containers);

	g_assert_cmpstr(all, ==, "c d");
	g_assert_cmpuint(plan->pods->len, ==, 1);
	g_assert_cmpuint(plan->targets->len, ==, 2);
	g_assert_cmpstr(((SmithPlanTarget *)plan->targets->pdata[0])->slug, ==, "two");
	g_assert_cmpstr(((SmithPlanTarget *)plan->targets->pdata[1])->slug, ==, "t");
}

/* A circle, of which the check tells, ends as well: each of it is there once. */
static void test_circle(void)
{
	g_auto(TestFleet) test = test_fleet_new();
	write_fleet(&test, "fleet: t\nhosts: {h: {}}\ngroups: {t: {host: h, services: [A, B]}}\n"
			   "services:\n"
			   "  A: {family: base, app: {module: a}, needs: [B]}\n"
			   "  B: {family: base, app: {module: b}, needs: [A]}\n");
	test.fleet = smith_fleet_load(test.path, test.diag, NULL);
	g_assert_nonnull(test.fleet);
	g_autoptr(SmithHostPlan) plan = plan_host(&test, "h", NULL);
	g_autofree char *all = slugs(plan->containers);

	g_assert_cmpstr(all, ==, "b a");
	g_assert_cmpstr(((SmithPlanTarget *)plan->targets->pdata[1])->slug, ==, "t-fleet");
}

/* The digest that the store has under the name, with the name beside it. */
static void test_digest(void)
{
	static const char text[] = "{}";
	g_auto(TestFleet) test = test_fleet_new();
	g_autoptr(GError) error = NULL;
	load(&test, order_fleet);
	g_autofree char *path = g_build_filename(test.path, "store", NULL);
	test.store = smith_store_open(path, &error);
	g_assert_no_error(error);
	SmithLayout *layout = smith_store_layout(test.store);
	g_autoptr(SmithDescriptor) written =
		smith_layout_write_blob(layout, text, strlen(text), SMITH_MEDIA_MANIFEST, &error);
	g_assert_no_error(error);
	g_autoptr(GPtrArray) refs = g_ptr_array_new();
	smith_descriptor_set_annotation(written, SMITH_ANNOTATION_REF_NAME, "localhost/t/a:latest");
	g_ptr_array_add(refs, written);
	g_assert_true(smith_layout_set_refs(layout, refs, &error));
	g_autoptr(SmithHostPlan) plan = plan_host(&test, "h", NULL);
	const SmithContainerPlan *a = container_of(plan, "a"), *b = container_of(plan, "b");
	g_autofree char *expected = g_strconcat("localhost/t/a@", written->digest, NULL);

	g_assert_cmpstr(a->image, ==, expected);
	g_assert_cmpstr(a->image_tag, ==, "localhost/t/a:latest");
	g_assert_cmpstr(b->image, ==, "localhost/t/b:latest");
	g_assert_null(b->image_tag);
	g_assert_false(a->pull || b->pull);
}

/* What all units of a host have is in one file; what the file cannot hold, or a unit has another
 * value for, is in the unit. */
static void test_environment(void)
{
	g_auto(TestFleet) test = test_fleet_new();
	load(&test,
	     "fleet: t\n"
	     "hosts:\n  h:\n    env: {ZONE: there, LINES: \"a\\nb\", QUOTED: 'a \"b\"', MINE: x,"
	     " PEER: '${B.address}'}\n"
	     "groups: {one: {host: h, services: [A]}, two: {host: h, services: [B]}}\n"
	     "services:\n"
	     "  A: {family: base, app: {module: a}, env: {MINE: own}}\n"
	     "  B: {family: base, app: {module: b}, ports: {service: 80}}\n");
	g_autoptr(SmithHostPlan) plan = plan_host(&test, "h", NULL);
	g_autofree char *shared = g_strjoinv(" ", plan->environment);
	g_autofree char *a = g_strjoinv(" ", container_of(plan, "a")->environment);
	g_autofree char *b = g_strjoinv(" ", container_of(plan, "b")->environment);
	const SmithPlanFile *file = plan->files->pdata[0];

	g_assert_cmpstr(shared, ==,
			"CONTAINER_MODE=podman MACHINE_TYPE=h MINE=x PROJECT_ROOT=/app ZONE=there");
	g_assert_cmpstr(a, ==,
			"FROM=h LINES=a\nb MINE=own PEER=host.containers.internal QUOTED=a \"b\"");
	g_assert_cmpstr(b, ==, "FROM=h LINES=a\nb PEER=127.0.0.1 QUOTED=a \"b\"");
	g_assert_cmpstr(file->name, ==, SMITH_PLAN_ENVIRONMENT);
	g_assert_cmpstr(file->text, ==,
			"CONTAINER_MODE=podman\nMACHINE_TYPE=h\nMINE=x\nPROJECT_ROOT=/app\n"
			"ZONE=there\n");
}

static void check_mount(const char *volume, SmithPlanMountKind kind, const char *source)
{
	g_auto(TestFleet) test = test_fleet_new();
	g_autofree char *text = g_strdup_printf(
		"fleet: t\nhosts: {h: {}}\ngroups: {one: {host: h, services: [A]}}\n"
		"services:\n"
		"  A: {family: base, app: {module: a}, volumes: ['%s:/x.sock']}\n",
		volume);
	load(&test, text);
	g_autoptr(SmithHostPlan) plan = plan_host(&test, "h", NULL);
	const SmithPlanMount *mount = container_of(plan, "a")->mounts->pdata[0];
	g_assert_cmpint(mount->kind, ==, kind);
	g_assert_cmpstr(mount->source, ==, source);
	g_assert_cmpstr(mount->target, ==, "/x.sock");
	g_assert_cmpint(mount->read_only, ==, kind == SMITH_PLAN_SOCKET);
}

/* Docker's socket is podman's, which may be read and not replaced; and podman's is that of who runs
 * the units, whichever user the path names. */
static void test_socket(void)
{
	static const char *const sockets[] = {
		"/var/run/docker.sock",	       "/run/docker.sock",
		"/run/user/1000/docker.sock",  "/run/podman/podman.sock",
		"/var/run/podman/podman.sock", "/run/user/1000/podman/podman.sock"};
	static const char *const others[] = {"/run/user/1000/podman/other.sock",
					     "/run/user/x/podman/podman.sock",
					     "/srv/run/podman/podman.sock", "/run/podman"};
	for (gsize i = 0; i < G_N_ELEMENTS(sockets); i++)
		check_mount(sockets[i], SMITH_PLAN_SOCKET, i < 3 ? NULL : sockets[i]);
	for (gsize i = 0; i < G_N_ELEMENTS(others); i++)
		check_mount(others[i], SMITH_PLAN_DIRECTORY, others[i]);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/quadlet/plan/wide", test_wide);
	g_test_add_func("/quadlet/plan/order", test_order);
	g_test_add_func("/quadlet/plan/group", test_group);
	g_test_add_func("/quadlet/plan/circle", test_circle);
	g_test_add_func("/quadlet/plan/digest", test_digest);
	g_test_add_func("/quadlet/plan/environment", test_environment);
	g_test_add_func("/quadlet/plan/socket", test_socket);
	return g_test_run();
}
