/* SPDX-License-Identifier: Apache-2.0 */
#include "quadlet/formats.h"
#include "quadlet/wait.h"

#include "tests/unit/fleet-test.h"

typedef struct {
	TestFleet fleet;
	SmithPlanContext *context;
	SmithHostPlan *plan;
	GPtrArray *files;
} Kube;

static void kube_clear(Kube *kube)
{
	g_clear_pointer(&kube->files, g_ptr_array_unref);
	g_clear_pointer(&kube->plan, smith_host_plan_free);
	g_clear_pointer(&kube->context, smith_plan_context_free);
	test_fleet_clear(&kube->fleet);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Kube, kube_clear)

static Kube kube_new(const char *text, const char *host)
{
	Kube kube = {.fleet = test_fleet_new()};
	g_autoptr(SmithDiag) diag = smith_diag_new();
	g_autoptr(GError) error = NULL;

	test_fleet_write(&kube.fleet, "families.d/base.yaml", "family: base\nfrom: debian:12\n");
	test_fleet_write(&kube.fleet, "fleet.yaml", text);
	test_fleet_load(&kube.fleet);
	kube.context = smith_plan_context_new(kube.fleet.fleet, NULL);
	kube.plan = smith_host_plan_new(kube.context, smith_fleet_host(kube.fleet.fleet, host),
					NULL, diag, &error);
	g_assert_no_error(error);
	kube.files = g_ptr_array_new_with_free_func((GDestroyNotify)smith_unit_file_free);
	return kube;
}

static Kube kube_deck(const char *host)
{
	g_autofree char *path =
		g_test_build_filename(G_TEST_DIST, "tests", "data", "quadlet", "kube.yaml", NULL);
	g_autofree char *text = NULL;

	g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
	return kube_new(text, host);
}

/* @text is tests/data/quadlet/kube/NAME, written anew with UPDATE_GOLDEN=1. */
static void check_golden(const char *name, const char *text)
{
	g_autofree char *path =
		g_test_build_filename(G_TEST_DIST, "tests", "data", "quadlet", "kube", name, NULL);
	g_autofree char *expected = NULL;

	if (g_getenv("UPDATE_GOLDEN") != NULL)
		g_file_set_contents(path, text, -1, NULL);
	g_assert_true(g_file_get_contents(path, &expected, NULL, NULL));
	g_auto(GStrv) got = g_strsplit(text, "\n", -1), lines = g_strsplit(expected, "\n", -1);
	for (guint i = 0; got[i] != NULL && lines[i] != NULL; i++)
		g_assert_cmpstr(got[i], ==, lines[i]);
	g_assert_cmpuint(g_strv_length(got), ==, g_strv_length(lines));
}

static void test_host(void)
{
	g_auto(Kube) kube = kube_deck("big");
	g_autoptr(GError) error = NULL;

	smith_format_kube(kube.plan, kube.files, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(kube.files->len, ==, 6);
	for (guint i = 0; i < kube.files->len; i++) {
		const SmithUnitFile *file = kube.files->pdata[i];
		g_assert_true(g_str_has_prefix(file->path, "big/"));
		if (strstr(file->path, "/seccomp/") != NULL)
			continue;
		g_assert_true(g_str_has_prefix(file->text, "# written by ocismith from the fleet "
							   "deck;"));
		check_golden(file->path + strlen("big/"), file->text);
	}
}

static void test_pod(void)
{
	g_auto(Kube) kube = kube_deck("old");
	g_autoptr(GError) error = NULL;
	kube.plan->podman = 406;
	g_autofree char *text = smith_format_kube_pod(kube.plan, kube.plan->pods->pdata[0], &error);

	g_assert_no_error(error);
	check_golden("remote-4.6.yaml", text);
}

#define FLEET                                                                                      \
	"fleet: t\nhosts: {h: {podman: '5.4'}}\n"                                                  \
	"groups: {g: {host: h, services: [A, B]}}\nservices:\n"
#define A "  A: {family: base, app: {module: a}"
#define B "  B: {family: base, app: {module: b}}\n"

static const struct {
	const char *services, *message;
} refused[] = {
	{A ", restart: 'no'}\n" B, "host 'h': services 'A' and 'B' differ in 'restart', which is "
				   "one for all of a pod of kube"},
	{A ", labels: {x: y}}\n" B,
	 "host 'h': service 'A': kube has no label 'x' of one container"},
	{A ", user: 'www'}\n" B,
	 "host 'h': service 'A': user 'www' is not a number, which kube needs"},
	{A ", health: {exec: [a, '$(b)']}}\n" B,
	 "host 'h': service 'A': the argument '$(b)' of its health check is expanded by Kubernetes "
	 "and not by podman"},
	{A ", env: {X: \"\\tx\\ny\"}}\n" B,
	 "host 'h': '\\tx\\ny' cannot be said in a manifest: "
	 "podman cannot read what it writes of several lines that begin with white space"},
	{A ", env: {X: \"\\n\\n\"}}\n" B,
	 "host 'h': '\\n\\n' cannot be said in a manifest: podman cannot read what it writes of "
	 "several lines that begin with white space"},
	{A ", env: {X: \"\\tx\", Y: \"x\\n\", Z: \"\\n\\tx\"}}\n" B, NULL},
	{"  A: {image: 'localhost/a:1', app: {exec: [a, \" b\\n\"]}}\n" B,
	 "host 'h': ' b\\n' cannot be said in a manifest: podman cannot read what it writes of "
	 "several lines that begin with white space"},
};

/* Kubernetes and podman from 4.7 on expand arguments. */
static void test_expanded(void)
{
	static const struct {
		const char *podman, *kube, *pod;
	} rows[] = {{"5.4", "$$(b)", "$$(b)"}, {"4.7", "$$(b)", "$$(b)"}, {"4.6", NULL, "$(b)"}};
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *text =
			g_strdup_printf("fleet: t\nhosts: {h: {podman: '%s'}}\n"
					"groups: {g: {host: h, services: [A]}}\nservices:\n"
					"  A: {image: 'localhost/a:1', app: {exec: [a, '$(b)']}}\n",
					rows[i].podman);
		g_auto(Kube) kube = kube_new(text, "h");
		g_autoptr(GError) error = NULL;
		g_autofree char *pod =
			smith_format_kube_pod(kube.plan, kube.plan->pods->pdata[0], &error);
		g_assert_no_error(error);
		g_assert_nonnull(strstr(pod, rows[i].pod));
		g_assert_cmpint(strstr(pod, "$$") != NULL, ==, rows[i].kube != NULL);
		if (smith_format_kube(kube.plan, kube.files, &error)) {
			const SmithUnitFile *file = kube.files->pdata[0];
			g_assert_nonnull(strstr(file->text, rows[i].kube));
			continue;
		}
		g_assert_null(rows[i].kube);
		g_assert_cmpstr(error->message, ==,
				"host 'h': service 'A': the argument '$(b)' is expanded by "
				"Kubernetes and not by podman before 4.7");
	}
}

static void test_refused(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(refused); i++) {
		g_autofree char *text = g_strconcat(FLEET, refused[i].services, NULL);
		g_auto(Kube) kube = kube_new(text, "h");
		g_autoptr(GError) error = NULL;
		gboolean ok = smith_format_kube(kube.plan, kube.files, &error);
		g_assert_cmpint(ok, ==, refused[i].message == NULL);
		if (!ok) {
			g_assert_error(error, SMITH_ERROR, SMITH_ERROR_UNSUPPORTED);
			g_assert_cmpstr(error->message, ==, refused[i].message);
		}
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/quadlet/kube/host", test_host);
	g_test_add_func("/quadlet/kube/pod", test_pod);
	g_test_add_func("/quadlet/kube/refused", test_refused);
	g_test_add_func("/quadlet/kube/expanded", test_expanded);
	return g_test_run();
}
