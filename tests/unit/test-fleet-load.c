/* SPDX-License-Identifier: Apache-2.0 */
#include "fleet/load.h"

#include "tests/unit/fleet-test.h"

#define SECOND G_GINT64_CONSTANT(1000000000)

static const char families[] = "family: base\nfrom: debian:12\nenv: {A: 1}\n";

static const char whole[] =
	"fleet: Acme AI\n"
	"tag: 1.10\n"
	"prefix: /opt/venv/\n"
	"wheels: {find_links: wheels, index: https://pypi.example/simple}\n"
	"hosts:\n"
	"  mainpc: {podman: 5.10, port_offset: 100, machine: {THREADS: 16, GPU: sm_89}}\n"
	"  pc2: {machine: {THREADS: 4}}\n"
	"  pc3: {machine: {GPU: sm_89, THREADS: 16}}\n"
	"groups:\n"
	"  Core: {host: mainpc, services: [TTSService, Worker]}\n"
	"  edge: {host: pc2, services: [Worker]}\n"
	"  third: {host: pc3, services: [TTSService]}\n"
	"services:\n"
	"  TTSService:\n"
	"    family: web\n"
	"    app: {asgi: 'a:b', files: app}\n"
	"    pip: requirements.txt\n"
	"    env: {B: true, C: 1.50}\n"
	"    ports: {service: 8080, metrics: 9090}\n"
	"    health: {http: /health, port: metrics, interval: 1m30s, timeout: 500ms}\n"
	"    needs: worker\n"
	"  Worker:\n"
	"    family: base\n"
	"    app: {script: w.py, args: [-v]}\n"
	"    pip: [a==1, 'b[x]==2']\n"
	"    health: {exec: [x]}\n"
	"  Alone: {family: base, app: {module: m}}\n";

static void whole_fleet(TestFleet *test)
{
	test_fleet_write(test, "families.d/base.yaml", families);
	test_fleet_write(test, "families.d/web.yaml", "family: web\nfrom: base\n");
	test_fleet_write(test, "fleet.yaml", whole);
	test_fleet_load(test);
}

static void test_values(void)
{
	g_auto(TestFleet) test = test_fleet_new();
	const SmithFleet *fleet;
	const SmithService *tts, *worker;

	whole_fleet(&test);
	fleet = test.fleet;
	g_assert_cmpstr(fleet->registry, ==, "localhost/acme-ai");
	g_assert_cmpstr(fleet->tag, ==, "1.10");
	g_assert_cmpstr(fleet->prefix, ==, "opt/venv");
	g_assert_cmpstr(fleet->compression, ==, "splice");
	g_assert_null(fleet->platform);
	g_assert_cmpstr(fleet->wheels->find_links[0], ==, "wheels");
	g_assert_cmpstr(smith_fleet_host(fleet, "mainpc")->podman, ==, "5.10");
	tts = smith_fleet_service(fleet, "TTSService");
	g_assert_true(tts == smith_fleet_service(fleet, "tts-service"));
	g_assert_cmpint(tts->app->form, ==, SMITH_APP_ASGI);
	g_assert_cmpstr(tts->pip->file, ==, "requirements.txt");
	g_assert_cmpstr(g_hash_table_lookup(tts->env, "B"), ==, "true");
	g_assert_cmpstr(g_hash_table_lookup(tts->env, "C"), ==, "1.50");
	g_assert_cmpint(tts->health->kind, ==, SMITH_HEALTH_HTTP);
	g_assert_cmpint(tts->health->port_number, ==, 9090);
	g_assert_cmpint(tts->health->interval, ==, 90 * SECOND);
	g_assert_cmpint(tts->health->timeout, ==, SECOND / 2);
	g_assert_cmpint(tts->health->start_period, ==, 0);
	g_assert_cmpint(tts->health->retries, ==, 3);
	worker = smith_fleet_service(fleet, "Worker");
	g_assert_cmpstr(worker->pip->lines[1], ==, "b[x]==2");
	g_assert_cmpint(worker->health->interval, ==, 30 * SECOND);
	g_assert_cmpint(worker->health->timeout, ==, 5 * SECOND);
	g_assert_cmpstr(smith_fleet_group(fleet, "Core")->slug, ==, "core");
	g_assert_null(smith_fleet_service(fleet, "x"));
	g_assert_null(smith_fleet_group(fleet, "core"));
	g_assert_null(smith_fleet_host(fleet, NULL));
	g_assert_null(smith_fleet_family(fleet, "debian:12"));
}

static void test_relations(void)
{
	g_auto(TestFleet) test = test_fleet_new();
	const char *base = NULL;
	g_autoptr(GPtrArray) chain = NULL;
	g_autoptr(GPtrArray) none = NULL;
	g_autoptr(GPtrArray) hosts = NULL;

	whole_fleet(&test);
	chain = smith_fleet_chain(test.fleet, "web", &base);
	g_assert_cmpuint(chain->len, ==, 2);
	g_assert_cmpstr(((SmithFamily *)chain->pdata[0])->name, ==, "base");
	g_assert_cmpstr(((SmithFamily *)chain->pdata[1])->name, ==, "web");
	g_assert_cmpstr(base, ==, "debian:12");
	none = smith_fleet_chain(test.fleet, "nobody", &base);
	g_assert_cmpuint(none->len, ==, 0);
	g_assert_null(base);
	hosts = smith_fleet_hosts_of(test.fleet, smith_fleet_service(test.fleet, "Worker"));
	g_assert_cmpuint(hosts->len, ==, 2);
	g_assert_cmpstr(((SmithHost *)hosts->pdata[1])->name, ==, "pc2");
}

static void check_image(const SmithFleet *fleet, const char *service, const char *host,
			const char *expected)
{
	g_autofree char *name = smith_fleet_image_name(fleet, smith_fleet_service(fleet, service),
						       smith_fleet_host(fleet, host));
	g_assert_cmpstr(name, ==, expected);
}

/* TTSService runs on two hosts of one profile, Worker on two that differ. */
static void test_image_names(void)
{
	g_auto(TestFleet) test = test_fleet_new();
	g_autofree char *family = NULL;

	whole_fleet(&test);
	check_image(test.fleet, "TTSService", "mainpc", "localhost/acme-ai/tts-service:1.10");
	check_image(test.fleet, "TTSService", "pc3", "localhost/acme-ai/tts-service:1.10");
	check_image(test.fleet, "Worker", "mainpc", "localhost/acme-ai/worker-mainpc:1.10");
	check_image(test.fleet, "Worker", "pc2", "localhost/acme-ai/worker-pc2:1.10");
	check_image(test.fleet, "Worker", NULL, "localhost/acme-ai/worker:1.10");
	check_image(test.fleet, "Alone", NULL, "localhost/acme-ai/alone:1.10");
	family = smith_fleet_family_image_name(test.fleet, "web");
	g_assert_cmpstr(family, ==, "localhost/acme-ai/web:1.10");
}

static void test_slug(void)
{
	static const struct {
		const char *name;
		const char *slug;
	} rows[] = {
		{"UnifiedWebAgent", "unified-web-agent"},
		{"TTSService", "tts-service"},
		{"STT2Text", "stt2-text"},
		{"a_b c.d", "a-b-c-d"},
		{"--a--b--", "a-b"},
		{"RTAP-PC2", "rtap-pc2"},
		{"hello", "hello"},
		{"", ""},
		{"_/.", ""},
		{"\xc3\xa4x", "x"},
	};
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *slug = smith_slug(rows[i].name);
		g_autofree char *again = smith_slug(slug);
		g_assert_cmpstr(slug, ==, rows[i].slug);
		g_assert_cmpstr(again, ==, slug);
	}
}

static void test_find(void)
{
	g_auto(TestFleet) test = test_fleet_new();
	g_autofree char *below = g_build_filename(test.path, "a", "b", NULL);
	g_autoptr(GError) error = NULL;
	g_autofree char *found = NULL;
	g_autofree char *none = NULL;

	test_fleet_write(&test, "a/b/x", "");
	none = smith_fleet_find(below, &error);
	g_assert_null(none);
	g_assert_error(error, SMITH_ERROR, SMITH_ERROR_NOT_FOUND);
	g_clear_error(&error);
	test_fleet_write(&test, "fleet.yaml", "fleet: x\n");
	found = smith_fleet_find(below, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(found, ==, test.path);
}

static void check_unreadable(TestFleet *test, GQuark domain, int code, const char *message)
{
	g_autoptr(GError) error = NULL;

	g_assert_null(smith_fleet_load(test->path, test->diag, &error));
	g_assert_error(error, domain, code);
	if (message != NULL)
		g_assert_cmpstr(error->message, ==, message);
}

static void test_unreadable(void)
{
	g_auto(TestFleet) test = test_fleet_new();
	g_autofree char *large = g_strnfill(SMITH_FLEET_FILE_LIMIT + 1, ' ');

	check_unreadable(&test, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, NULL);
	test_fleet_write(&test, "fleet.yaml", "fleet: [\n");
	check_unreadable(&test, SMITH_ERROR, SMITH_ERROR_INVALID, NULL);
	test_fleet_write(&test, "fleet.yaml", large);
	check_unreadable(&test, SMITH_ERROR, SMITH_ERROR_LIMIT, NULL);
	g_assert_cmpuint(test.diag->errors, ==, 0);
}

/* A family's file is opened below families.d and nowhere else. */
static void test_families_elsewhere(void)
{
	g_auto(TestFleet) test = test_fleet_new();
	g_autofree char *text = NULL;

	test_fleet_write(&test, "fleet.yaml", "fleet: x\n");
	g_assert_cmpint(symlinkat("/etc", test.fd, "families.d"), ==, 0);
	test_fleet_check(&test);
	text = test_diag_text(test.diag);
	g_assert_cmpuint(test.diag->errors, ==, 1);
	g_assert_nonnull(strstr(text, "families.d: error: "));
	g_assert_nonnull(strstr(text, "[yaml-parse-error]"));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/fleet/load/values", test_values);
	g_test_add_func("/fleet/load/relations", test_relations);
	g_test_add_func("/fleet/load/image-names", test_image_names);
	g_test_add_func("/fleet/load/slug", test_slug);
	g_test_add_func("/fleet/load/find", test_find);
	g_test_add_func("/fleet/load/unreadable", test_unreadable);
	g_test_add_func("/fleet/load/families-elsewhere", test_families_elsewhere);
	return g_test_run();
}
