/* SPDX-License-Identifier: Apache-2.0 */
#include "fleet/auto-family.h"

#include "tests/unit/fleet-test.h"

/* Families base < web, base < torch < vision, and a torch of another version. */
static void begin(TestFleet *test)
{
	test_fleet_write(test, "families.d/base.yaml", "family: base\nfrom: debian:12\n");
	test_fleet_write(test, "families.d/web.yaml",
			 "family: web\nfrom: base\npip: [fastapi==1, PyYAML==6]\n");
	test_fleet_write(test, "families.d/torch.yaml",
			 "family: torch\nfrom: base\npip: [torch==2, numpy==1]\n");
	test_fleet_write(test, "families.d/vision.yaml",
			 "family: vision\nfrom: torch\npip: [opencv-python-headless==4]\n");
	test_fleet_write(test, "families.d/torch1.yaml",
			 "family: torch1\nfrom: base\npip: [torch==1]\n");
}

static const SmithService *load(TestFleet *test, const char *app, const char *pip)
{
	g_autofree char *text =
		g_strdup_printf("fleet: t\nservices: {Site: {family: auto, app: %s, pip: %s}}\n"
				"groups: {g: {host: h, services: [Site]}}\nhosts: {h: {}}\n",
				app, pip);
	g_autoptr(GError) error = NULL;

	test_fleet_write(test, "fleet.yaml", text);
	g_clear_pointer(&test->fleet, smith_fleet_free);
	g_clear_pointer(&test->diag, smith_diag_free);
	test->diag = smith_diag_new();
	test->fleet = smith_fleet_load(test->path, test->diag, &error);
	g_assert_no_error(error);
	return smith_fleet_service(test->fleet, "Site");
}

static void test_choice(void)
{
	static const struct {
		const char *source;
		const char *pip;
		const char *family;
	} rows[] = {
		{"print(1)\n", "[]", "base"},
		{"import os, json\n", "[]", "base"},
		{"import yaml\n", "[]", "web"},
		/* the service's own requirements count */
		{"import yaml\n", "[pyyaml==6]", "base"},
		{"import yaml\n", "[pyyaml==5]", "base"},
		{"import fastapi\nimport yaml\n", "[pyyaml==5]", NULL},
		/* the smaller of two */
		{"import torch\n", "[]", "torch1"},
		{"import torch, numpy\n", "[]", "torch"},
		{"import cv2\n", "[]", "vision"},
		{"import torch\n", "[torch==2]", "base"},
		/* what the program can do without */
		{"try:\n    import torch\nexcept ImportError:\n    torch = None\n", "[]", "base"},
		{"def f():\n    import torch\n", "[]", "base"},
		/* by way of the fleet's own files */
		{"import helper\n", "[]", "web"},
		{"import nowhere\n", "[]", NULL},
		{"import torch, fastapi\n", "[]", NULL},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_auto(TestFleet) test = test_fleet_new();
		const SmithService *service;

		begin(&test);
		test_fleet_write(&test, "helper.py", "import fastapi\n");
		test_fleet_write(&test, "main.py", rows[i].source);
		service =
			load(&test, "{script: main.py, files: [main.py, helper.py]}", rows[i].pip);
		if (rows[i].family != NULL)
			g_assert_cmpuint(test.diag->errors, ==, 0);
		else
			g_assert_cmpuint(test.diag->errors, ==, 1);
		g_assert_cmpstr(service->family, ==,
				rows[i].family != NULL ? rows[i].family : "auto");
		g_assert_true(service->family_auto);
	}
}

static void test_message(void)
{
	g_auto(TestFleet) test = test_fleet_new();
	g_autofree char *text = NULL;

	begin(&test);
	test_fleet_write(&test, "main.py", "import helper\n");
	test_fleet_write(&test, "helper.py", "import torch\nimport fastapi\nimport nats\n");
	load(&test, "{script: main.py, files: [main.py, helper.py]}", "[]");
	text = test_diag_text(test.diag);
	g_assert_cmpstr(text, ==,
			"fleet.yaml:2:27: error: no family has all that service 'Site' imports: "
			"the nearest, 'torch1', lacks 'fastapi' (main.py:1 -> helper.py:2) and 1 "
			"more [family-auto]\n");
}

/* A command is not looked into, and families that are derived from themselves are told by others.
 */
static void test_odd(void)
{
	g_auto(TestFleet) test = test_fleet_new();

	begin(&test);
	test_fleet_write(&test, "families.d/base.yaml", "family: base\nfrom: web\n");
	g_assert_cmpstr(load(&test, "{exec: [/bin/true]}", "[]")->family, ==, "auto");
	g_assert_cmpuint(test.diag->errors, ==, 1);
	test_fleet_write(&test, "families.d/base.yaml", "family: base\nfrom: debian:12\n");
	g_assert_cmpstr(load(&test, "{exec: [/bin/true]}", "[]")->family, ==, "base");
	g_assert_cmpstr(load(&test, "{script: gone.py}", "[]")->family, ==, "base");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/fleet/auto-family/choice", test_choice);
	g_test_add_func("/fleet/auto-family/message", test_message);
	g_test_add_func("/fleet/auto-family/odd", test_odd);
	return g_test_run();
}
