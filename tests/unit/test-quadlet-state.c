/* SPDX-License-Identifier: Apache-2.0 */
#include "quadlet/state.h"

#include "quadlet/journal.h"
#include "tests/unit/fleet-test.h"

#define HEX "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

/* A service 'Site' in pod 'g', beside 'Redis' in host mode. */
static const char fleet_text[] =
	"fleet: f\nregistry: localhost\ntag: t\n"
	"hosts: {h: {podman: '5.4'}}\n"
	"groups: {g: {host: h, services: [Site]}, i: {host: h, mode: host, services: [Redis]}}\n"
	"services:\n"
	"  Site: {family: base, app: {exec: [/x]}, ports: {a: 80}, health: {tcp: true}}\n"
	"  Redis: {image: 'docker.io/library/redis:7', ports: {b: 6379}}\n";

typedef struct {
	TestFleet test;
	SmithPlanContext *context;
	SmithHostPlan *plan;
} Fixture;

static void set_up(Fixture *fixture, gconstpointer data)
{
	g_autoptr(SmithDiag) diag = smith_diag_new();
	g_autoptr(GError) error = NULL;
	(void)data;
	fixture->test = test_fleet_new();
	test_fleet_write(&fixture->test, "families.d/base.yaml", "family: base\nfrom: debian:12\n");
	test_fleet_write(&fixture->test, "fleet.yaml", fleet_text);
	const SmithFleet *fleet = test_fleet_load(&fixture->test);
	fixture->context = smith_plan_context_new(fleet, NULL);
	fixture->plan = smith_host_plan_new(fixture->context, smith_fleet_host(fleet, "h"), NULL,
					    diag, &error);
	g_assert_no_error(error);
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
	(void)data;
	smith_host_plan_free(fixture->plan);
	smith_plan_context_free(fixture->context);
	test_fleet_clear(&fixture->test);
}

static SmithHostState *state_of(const Fixture *fixture, const char *units, const char *containers,
				const char *images)
{
	g_autoptr(GHashTable) properties = smith_systemd_read_units(units);
	g_autoptr(GPtrArray) list =
		smith_podman_read_containers(containers, strlen(containers), NULL);
	g_autoptr(GPtrArray) known = smith_podman_read_images(images, strlen(images), NULL);
	return smith_host_state_of(fixture->plan, properties, list, known);
}

static const SmithServiceState *service(const SmithHostState *state, const char *title)
{
	for (guint i = 0; i < state->services->len; i++) {
		const SmithServiceState *one = state->services->pdata[i];
		if (g_str_equal(one->title, title))
			return one;
	}
	g_error("no service '%s'", title);
}

static void test_nothing(Fixture *fixture, gconstpointer data)
{
	g_autoptr(SmithHostState) state = state_of(fixture, "", "", "");
	const SmithServiceState *site = service(state, "Site");
	(void)data;
	g_assert_cmpuint(state->services->len, ==, 2);
	g_assert_cmpuint(state->units->len, ==, 1);
	g_assert_cmpint(site->kind, ==, SMITH_STATE_FAILED);
	g_assert_cmpstr(smith_service_state_word(site), ==, "not installed");
	g_assert_cmpstr(site->unit, ==, "site.service");
	g_assert_cmpstr(site->group, ==, "g");
	g_assert_cmpstr(((SmithServiceState *)state->units->pdata[0])->unit, ==, "g-pod.service");
}

/* What a unit and a container are together. */
typedef struct {
	const char *active;
	const char *container; /* "state;status", NULL: none */
	SmithStateKind kind;
	const char *word;
} Row;

static void test_kinds(Fixture *fixture, gconstpointer data)
{
	static const Row rows[] = {
		{"active", "running;Up 2 seconds (healthy)", SMITH_STATE_WELL, "healthy"},
		{"active", "running;Up 2 seconds", SMITH_STATE_WELL, "running"},
		{"active", "running;Up 2 seconds (starting)", SMITH_STATE_STARTING, "starting"},
		{"active", "running;Up 2 seconds (unhealthy)", SMITH_STATE_FAILED, "unhealthy"},
		{"active", "exited;Exited (0) now", SMITH_STATE_FAILED, "exited"},
		{"active", NULL, SMITH_STATE_FAILED, "no container"},
		{"activating", NULL, SMITH_STATE_STARTING, "starting"},
		{"failed", NULL, SMITH_STATE_FAILED, "failed"},
		{"failed", "running;Up 2 seconds (healthy)", SMITH_STATE_FAILED, "failed"},
		{"inactive", NULL, SMITH_STATE_STOPPED, "inactive"},
		{"deactivating", "running;Up 2 seconds", SMITH_STATE_STOPPED, "deactivating"},
	};
	(void)data;
	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *units = g_strdup_printf(
			"Id=site.service\nLoadState=loaded\nActiveState=%s\nNRestarts=3\n"
			"ActiveEnterTimestamp=@1700000000\n",
			rows[i].active);
		g_auto(GStrv) parts =
			g_strsplit(rows[i].container != NULL ? rows[i].container : "x;", ";", 2);
		g_autofree char *containers = g_strdup_printf(
			"[{\"Names\":[\"%s\"],\"State\":\"%s\",\"Status\":\"%s\"}]",
			rows[i].container != NULL ? "site" : "other", parts[0], parts[1]);
		g_autoptr(SmithHostState) state = state_of(fixture, units, containers, "");
		const SmithServiceState *site = service(state, "Site");
		g_assert_cmpstr(smith_service_state_word(site), ==, rows[i].word);
		g_assert_cmpint(site->kind, ==, rows[i].kind);
		g_assert_cmpint(site->restarts, ==, 3);
		if (g_str_equal(rows[i].active, "active"))
			g_assert_cmpint(site->since, ==, 1700000000);
	}
}

/* Only what says that it is of this fleet. */
static void test_strangers(Fixture *fixture, gconstpointer data)
{
	g_autoptr(SmithHostState) state = state_of(
		fixture, "",
		"[{\"Names\":[\"old\"],\"State\":\"running\","
		"\"Labels\":{\"io.ocismith.fleet\":\"f\"}},"
		"{\"Names\":[\"elder\"],\"Labels\":{\"io.ocismith.fleet\":\"f\"}},"
		"{\"Names\":[\"mine\"],\"Labels\":{\"io.ocismith.fleet\":\"g\"}},"
		"{\"Names\":[\"infra\"],\"IsInfra\":true,\"Labels\":{\"io.ocismith.fleet\":\"f\"}},"
		"{\"Names\":[\"site\"],\"Labels\":{\"io.ocismith.fleet\":\"f\"}}]",
		"");
	const SmithServiceState *elder = state->services->pdata[2],
				*old = state->services->pdata[3];
	(void)data;
	g_assert_cmpuint(state->services->len, ==, 4);
	g_assert_cmpstr(elder->title, ==, "elder");
	g_assert_cmpstr(old->title, ==, "old");
	g_assert_cmpint(old->kind, ==, SMITH_STATE_STRANGER);
	g_assert_cmpstr(smith_service_state_word(old), ==, "not planned");
}

typedef struct {
	const char *wanted;
	const char *image; /* as the container's maker named it */
	const char *images;
	SmithImageMatch match;
} ImageRow;

static void test_images(Fixture *fixture, gconstpointer data)
{
#define IMAGE "[{\"Id\":\"ab\",\"Digest\":\"sha256:" HEX "\",\"Names\":[\"localhost/site:t\"]}]"
	static const ImageRow rows[] = {
		{"localhost/site@sha256:" HEX, "localhost/site@sha256:" HEX, "", SMITH_IMAGE_SAME},
		{"localhost/site@sha256:" HEX, "localhost/site:t", IMAGE, SMITH_IMAGE_SAME},
		{"localhost/site@sha256:11", "localhost/site:t", IMAGE, SMITH_IMAGE_OTHER},
		{"localhost/site@sha256:11", "localhost/site:t", "", SMITH_IMAGE_UNKNOWN},
		{"localhost/site:t", "localhost/site:t", IMAGE, SMITH_IMAGE_SAME},
		/* the tag has gone to another image since */
		{"localhost/site:u", "localhost/site:u", IMAGE, SMITH_IMAGE_OTHER},
	};
	SmithContainerPlan *plan = NULL;
	(void)data;
	for (guint i = 0; i < fixture->plan->containers->len; i++)
		if (g_str_equal(((SmithContainerPlan *)fixture->plan->containers->pdata[i])->slug,
				"site"))
			plan = fixture->plan->containers->pdata[i];
	g_assert_nonnull(plan);
	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_free(plan->image);
		plan->image = g_strdup(rows[i].wanted);
		g_autofree char *containers = g_strdup_printf(
			"[{\"Names\":[\"site\"],\"Image\":\"%s\",\"ImageID\":\"ab\"}]",
			rows[i].image);
		g_autoptr(SmithHostState) state = state_of(fixture, "", containers, rows[i].images);
		g_assert_cmpint(service(state, "Site")->image_match, ==, rows[i].match);
	}
}

static void test_names_before_pods(Fixture *fixture, gconstpointer data)
{
	const SmithPodPlan *pod = fixture->plan->pods->pdata[0];
	const SmithContainerPlan *site = pod->members->pdata[0];
	(void)data;
	fixture->plan->podman = 409;
	g_autofree char *unit = smith_plan_container_unit(fixture->plan, site);
	g_autofree char *name = smith_plan_container_name(fixture->plan, site);
	g_autofree char *of_pod = smith_plan_pod_unit(pod);
	g_assert_cmpstr(unit, ==, "g-pod.service");
	g_assert_cmpstr(name, ==, "g-site");
	g_assert_cmpstr(of_pod, ==, "g-pod.service");
}

/* podman 4.9.3, with a pod of each kind: 'Core' and 'Side' are one .kube unit; labels that differ
 * are not kube's, so that 'Far' and 'Near' have units of their own in a plain pod. */
static const char mixed_text[] =
	"fleet: f\nregistry: localhost\ntag: t\n"
	"hosts: {h: {podman: '4.9'}}\n"
	"groups: {k: {host: h, services: [Core, Side]}, p: {host: h, services: [Far, Near]}}\n"
	"services:\n"
	"  Core: {family: base, app: {exec: [/x]}}\n"
	"  Side: {family: base, app: {exec: [/x]}}\n"
	"  Far: {family: base, app: {exec: [/x]}, labels: {a: b}}\n"
	"  Near: {family: base, app: {exec: [/x]}}\n";

static const char mixed_units[] =
	"Id=k-pod.service\nLoadState=loaded\nActiveState=active\nSubState=running\nNRestarts=2\n\n"
	"Id=p-pod.service\nLoadState=loaded\nActiveState=active\nSubState=running\nNRestarts=0\n\n"
	"Id=far.service\nLoadState=loaded\nActiveState=active\nSubState=running\nNRestarts=1\n\n"
	"Id=near.service\nLoadState=loaded\nActiveState=failed\nSubState=failed\nNRestarts=5\n";

static void test_mixed_pods(void)
{
	static const struct {
		const char *title, *unit, *container, *word;
		gint64 restarts;
	} rows[] = {{"Core", "k-pod.service", "k-core", "running", 2},
		    {"Side", "k-pod.service", "k-side", "exited", 2},
		    {"Far", "far.service", "far", "running", 1},
		    {"Near", "near.service", "near", "failed", 5}};
	g_auto(TestFleet) test = test_fleet_new();
	g_autoptr(SmithDiag) diag = smith_diag_new();
	g_autoptr(GError) error = NULL;
	g_autofree char *path = g_test_build_filename(G_TEST_DIST, "tests", "data", "quadlet",
						      "podman-4.9-ps.json", NULL);
	g_autofree char *answer = NULL;
	g_assert_true(g_file_get_contents(path, &answer, NULL, NULL));
	test_fleet_write(&test, "families.d/base.yaml", "family: base\nfrom: debian:12\n");
	test_fleet_write(&test, "fleet.yaml", mixed_text);
	const SmithFleet *fleet = test_fleet_load(&test);
	g_autoptr(SmithPlanContext) context = smith_plan_context_new(fleet, NULL);
	g_autoptr(SmithHostPlan) plan =
		smith_host_plan_new(context, smith_fleet_host(fleet, "h"), NULL, diag, &error);
	g_assert_no_error(error);
	const Fixture fixture = {.plan = plan};
	g_autoptr(SmithHostState) state = state_of(&fixture, mixed_units, answer, "");
	g_assert_cmpuint(state->services->len, ==, G_N_ELEMENTS(rows));
	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		const SmithServiceState *one = service(state, rows[i].title);
		g_assert_cmpstr(one->unit, ==, rows[i].unit);
		g_assert_cmpstr(one->container, ==, rows[i].container);
		g_assert_cmpstr(smith_service_state_word(one), ==, rows[i].word);
		g_assert_cmpint(one->restarts, ==, rows[i].restarts);
	}
}

static void test_journal(void)
{
	static const char line[] = "{\"MESSAGE\":\"hello\\nworld\",\"_SYSTEMD_USER_UNIT\":"
				   "\"a.service\",\"_SYSTEMD_UNIT\":\"user@1.service\","
				   "\"CONTAINER_NAME\":\"a\",\"__REALTIME_TIMESTAMP\":\"17\"}";
	static const char about[] = "{\"MESSAGE\":[104,105,0,255,300,-1],\"USER_UNIT\":"
				    "\"b.service\",\"_SYSTEMD_USER_UNIT\":\"init.scope\"}";
	static const char *const bad[] = {"", "x", "[]", "{\"MESSAGE\":"};
	g_auto(SmithJournalEntry) entry = {0}, system = {0}, other = {0}, none = {0}, event = {0};
	g_assert_true(smith_journal_parse(line, sizeof line - 1, false, &entry, NULL));
	g_assert_cmpstr(entry.unit, ==, "a.service");
	g_assert_cmpstr(entry.container, ==, "a");
	g_assert_cmpstr(entry.text, ==, "hello\nworld");
	g_assert_cmpint(entry.time, ==, 17);
	g_assert_true(smith_journal_parse(line, sizeof line - 1, true, &system, NULL));
	g_assert_cmpstr(system.unit, ==, "user@1.service");
	g_assert_true(smith_journal_parse(about, sizeof about - 1, false, &other, NULL));
	g_assert_cmpstr(other.unit, ==, "b.service");
	g_assert_cmpint(entry.source, ==, SMITH_JOURNAL_PROGRAM);
	g_assert_cmpint(other.source, ==, SMITH_JOURNAL_SYSTEMD);
	g_assert_cmpstr(other.text, ==, "hi\xef\xbf\xbd");
	g_assert_true(smith_journal_parse("{\"PODMAN_EVENT\":\"die\"}", 22, false, &event, NULL));
	g_assert_cmpint(event.source, ==, SMITH_JOURNAL_PODMAN);
	g_assert_true(smith_journal_parse("{\"MESSAGE\":null}", 16, false, &none, NULL));
	g_assert_null(none.unit);
	g_assert_cmpstr(none.text, ==, "(too large to be shown)");
	for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_auto(SmithJournalEntry) unread = {0};
		g_autoptr(GError) error = NULL;
		g_assert_false(smith_journal_parse(bad[i], strlen(bad[i]), false, &unread, &error));
		g_assert_error(error, SMITH_ERROR, SMITH_ERROR_INVALID);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add("/quadlet/state/nothing", Fixture, NULL, set_up, test_nothing, tear_down);
	g_test_add("/quadlet/state/kinds", Fixture, NULL, set_up, test_kinds, tear_down);
	g_test_add("/quadlet/state/strangers", Fixture, NULL, set_up, test_strangers, tear_down);
	g_test_add("/quadlet/state/images", Fixture, NULL, set_up, test_images, tear_down);
	g_test_add("/quadlet/state/before-pods", Fixture, NULL, set_up, test_names_before_pods,
		   tear_down);
	g_test_add_func("/quadlet/state/mixed-pods", test_mixed_pods);
	g_test_add_func("/quadlet/state/journal", test_journal);
	return g_test_run();
}
