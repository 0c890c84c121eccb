/* SPDX-License-Identifier: Apache-2.0 */
#include "quadlet/podman.h"

#include "base/error.h"

static const char two_containers[] =
	"[{\"Names\": [\"web\", \"x\"], \"Image\": \"localhost/web:1\", \"ImageID\": \"ab\","
	" \"State\": \"running\", \"Status\": \"Up 3 minutes (unhealthy)\", \"IsInfra\": false,"
	" \"Labels\": {\"PODMAN_SYSTEMD_UNIT\": \"web.service\", \"io.ocismith.fleet\": \"f\"},"
	" \"Ports\": [{\"host_ip\": \"127.0.0.1\", \"host_port\": 80, \"range\": 3,"
	" \"protocol\": \"udp\"}]},"
	" {\"Id\": \"77\", \"Names\": [], \"State\": \"exited\", \"Labels\": null,"
	" \"Status\": \"Exited (0) 3 days ago\", \"IsInfra\": true, \"Ports\": null}]";

static void test_containers(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) list =
		smith_podman_read_containers(two_containers, sizeof two_containers - 1, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(list->len, ==, 2);
	const SmithPodmanContainer *web = list->pdata[0], *other = list->pdata[1];
	g_assert_cmpstr(web->name, ==, "web");
	g_assert_cmpstr(web->image, ==, "localhost/web:1");
	g_assert_cmpstr(web->health, ==, "unhealthy");
	g_assert_cmpstr(web->unit, ==, "web.service");
	g_assert_cmpstr(web->fleet, ==, "f");
	g_assert_cmpuint(web->ports->len, ==, 1);
	const SmithPodmanPort *port = web->ports->pdata[0];
	g_assert_cmpint(port->first, ==, 80);
	g_assert_cmpint(port->count, ==, 3);
	g_assert_true(port->udp);
	g_assert_cmpstr(other->name, ==, "77");
	g_assert_null(other->health);
	g_assert_null(other->unit);
	g_assert_true(other->is_infra);
}

typedef struct {
	const char *status;
	const char *health;
} HealthRow;

static void test_health(void)
{
	static const HealthRow rows[] = {
		{"Up 2 seconds", NULL},
		{"Up 2 seconds (healthy)", "healthy"},
		{"Up 2 seconds (starting)", "starting"},
		{"Up About a minute (Paused)", NULL},
		{"(", NULL},
		{")", NULL},
		{"()", NULL},
		{"", NULL},
	};
	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *text = g_strdup_printf(
			"[{\"State\": \"running\", \"Status\": \"%s\"}]", rows[i].status);
		g_autoptr(GPtrArray) list = smith_podman_read_containers(text, strlen(text), NULL);
		const SmithPodmanContainer *one = list->pdata[0];
		g_assert_cmpstr(one->health, ==, rows[i].health);
	}
}

/* What is none, and what is no list of maps. */
static void test_odd_answers(void)
{
	static const char *const empty[] = {"", "\n", "null", "[]"};
	static const char *const bad[] = {"{}", "[1]", "[[]]", "x", "[", "[{\"a\":1,\"a\":2}]"};
	static const char odd[] =
		"[{\"Names\": 3, \"Ports\": [1, {\"range\": -5}], \"Labels\": []}]";
	for (guint i = 0; i < G_N_ELEMENTS(empty); i++) {
		g_autoptr(GPtrArray) list =
			smith_podman_read_images(empty[i], strlen(empty[i]), NULL);
		g_assert_nonnull(list);
		g_assert_cmpuint(list->len, ==, 0);
	}
	for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autoptr(GError) error = NULL;
		g_assert_null(smith_podman_read_networks(bad[i], strlen(bad[i]), &error));
		g_assert_error(error, SMITH_ERROR, SMITH_ERROR_INVALID);
	}
	g_autoptr(GPtrArray) list = smith_podman_read_containers(odd, sizeof odd - 1, NULL);
	const SmithPodmanContainer *one = list->pdata[0];
	g_assert_cmpstr(one->name, ==, "");
	g_assert_cmpint(((SmithPodmanPort *)one->ports->pdata[1])->count, ==, 1);
}

static void test_images_and_networks(void)
{
	static const char images[] =
		"[{\"Id\": \"ab\", \"Digest\": \"sha256:1\", \"Names\": [\"localhost/x:1\"],"
		" \"RepoDigests\": [\"localhost/x@sha256:2\", \"nothing\"]}]";
	static const char networks[] =
		"[{\"name\": \"n\", \"network_interface\": \"podman1\","
		" \"subnets\": [{\"subnet\": \"10.0.0.0/24\"}, {\"gateway\": \"x\"}, 4]}]";
	g_autoptr(GPtrArray) list = smith_podman_read_images(images, sizeof images - 1, NULL);
	const SmithPodmanImage *image = list->pdata[0];
	g_assert_cmpstr(image->digests[0], ==, "sha256:1");
	g_assert_cmpstr(image->digests[1], ==, "sha256:2");
	g_assert_null(image->digests[2]);
	g_assert_cmpstr(image->names[0], ==, "localhost/x:1");
	g_autoptr(GPtrArray) more = smith_podman_read_networks(networks, sizeof networks - 1, NULL);
	const SmithPodmanNetwork *network = more->pdata[0];
	g_assert_cmpstr(network->name, ==, "n");
	g_assert_cmpstr(network->subnets[0], ==, "10.0.0.0/24");
	g_assert_null(network->subnets[1]);
}

static void test_units(void)
{
	g_autoptr(GHashTable) units = smith_systemd_read_units(
		"Id=a.service\nActiveState=active\nResult=a=b\n\nActiveState=x\n\n"
		"NRestarts=3\nId=b.service\nno value\n");
	g_assert_cmpuint(g_hash_table_size(units), ==, 2);
	GHashTable *a = g_hash_table_lookup(units, "a.service");
	GHashTable *b = g_hash_table_lookup(units, "b.service");
	g_assert_cmpstr(g_hash_table_lookup(a, "Result"), ==, "a=b");
	g_assert_cmpstr(g_hash_table_lookup(b, "NRestarts"), ==, "3");
	g_assert_cmpuint(g_hash_table_size(b), ==, 2);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/quadlet/podman/containers", test_containers);
	g_test_add_func("/quadlet/podman/health", test_health);
	g_test_add_func("/quadlet/podman/odd-answers", test_odd_answers);
	g_test_add_func("/quadlet/podman/images-and-networks", test_images_and_networks);
	g_test_add_func("/quadlet/podman/units", test_units);
	return g_test_run();
}
