/* SPDX-License-Identifier: Apache-2.0 */
#include "quadlet/unit.h"

#include "base/error.h"

static void check_text(const SmithUnit *unit, const char *expected)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *text = smith_unit_text(unit, &error);

	g_assert_no_error(error);
	g_assert_cmpstr(text, ==, expected);
}

static void check_error(const SmithUnit *unit, const char *expected)
{
	g_autoptr(GError) error = NULL;

	g_assert_null(smith_unit_text(unit, &error));
	g_assert_error(error, SMITH_ERROR, SMITH_ERROR_UNSUPPORTED);
	g_assert_cmpstr(error->message, ==, expected);
}

static void test_text(void)
{
	g_autoptr(SmithUnit) unit = smith_unit_new(504, "service 'A'");

	smith_unit_comment(unit, NULL, "100% ours\n[Service]\\");
	smith_unit_set(unit, "Unit", "Description", "costs $5, 10%");
	smith_unit_keyf(unit, "Container", "User", "%d", 10001);
	smith_unit_key(unit, "Container", "Image", "a$b");
	smith_unit_key(unit, "Container", "Environment", "C=d e%");
	smith_unit_depend(unit, "After", "b.service");
	smith_unit_depend(unit, "After", "b.service");
	smith_unit_run(unit, "ExecStartPre", (const char *[]){"/bin/x", "$a", "", NULL});
	check_text(unit, "# 100% ours?[Service]?\n"
			 "\n"
			 "[Unit]\n"
			 "Description=costs $5, 10%%\n"
			 "After=b.service\n"
			 "\n"
			 "[Container]\n"
			 "User=10001\n"
			 "Image=a$$b\n"
			 "Environment=\"C=d e%%\"\n"
			 "\n"
			 "[Service]\n"
			 "ExecStartPre=/bin/x $$a \"\"\n");
}

/* One value for two versions: a key, and what stands in for it. */
static void test_younger(void)
{
	static const struct {
		int podman;
		const char *section;
		const char *key;
		const char *value;
		const char *line;
	} rows[] = {
		{505, "Container", "Memory", "64m", "Memory=64m"},
		{504, "Container", "Memory", "64m", "PodmanArgs=--memory=64m"},
		{501, "Container", "GroupAdd", "keep-groups", "GroupAdd=keep-groups"},
		{500, "Container", "GroupAdd", "keep-groups", "PodmanArgs=--group-add=keep-groups"},
		{404, "Container", "HealthCmd", "[\"a\",\"b c\"]",
		 "PodmanArgs=\"--health-cmd=[\\\"a\\\",\\\"b c\\\"]\""},
		{404, "Container", "Tmpfs", "/a$b", "PodmanArgs=--tmpfs=/a$$b"},
		{408, "Container", "ReadOnlyTmpfs", "true", "ReadOnlyTmpfs=true"},
		{407, "Container", "ReadOnlyTmpfs", "true", "PodmanArgs=--read-only-tmpfs=true"},
		{503, "Pod", "UserNS", "keep-id", "UserNS=keep-id"},
		{502, "Pod", "UserNS", "keep-id", "PodmanArgs=--userns=keep-id"},
	};
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(SmithUnit) unit = smith_unit_new(rows[i].podman, "service 'A'");
		g_autofree char *text =
			g_strdup_printf("[%s]\n%s\n", rows[i].section, rows[i].line);

		smith_unit_key(unit, rows[i].section, rows[i].key, rows[i].value);
		check_text(unit, text);
	}
}

static void test_specifier(void)
{
	g_autoptr(SmithUnit) unit = smith_unit_new(500, "service 'A'");
	g_autoptr(SmithUnit) plain = smith_unit_new(403, "service 'A'");
	g_autofree char *command = NULL;

	smith_unit_key_at(unit, "Container", "SeccompProfile", "%E", "/a b/%c.json");
	smith_unit_key_at(unit, "Container", "EnvironmentFile", "%E", "/a b");
	smith_unit_key_at(plain, "Container", "SeccompProfile", "%E", "/a b/%c.json");
	check_text(unit, "[Container]\nSeccompProfile=%E/a b/%%c.json\n"
			 "EnvironmentFile=\"%E/a b\"\n");
	command = smith_unit_command(plain, "podman run", "image");
	g_assert_cmpstr(command, ==, "podman run \"--security-opt=seccomp=%E/a b/%%c.json\" image");
}

/* Before quadlets all of it is one command. */
static void test_plain(void)
{
	g_autoptr(SmithUnit) unit = smith_unit_new(403, "service 'A'");
	g_autofree char *command = NULL;

	smith_unit_key(unit, "Container", "NoNewPrivileges", "true");
	smith_unit_key(unit, "Container", "Environment", "A=b c");
	smith_unit_user(unit, "10001", "7");
	smith_unit_option(unit, "Container", "--cpus=%s", "1.5");
	smith_unit_exec(unit, (const char *[]){"x", "$y", NULL});
	g_assert_false(smith_unit_notify_healthy(unit));
	smith_unit_comment(unit, "Container", "of a section that is not there");
	command = smith_unit_command(unit, "podman run", "i$");
	g_assert_cmpstr(command, ==,
			"podman run --security-opt=no-new-privileges \"--env=A=b c\" "
			"--user=10001:7 --cpus=1.5 i$$ x $$y");
	check_text(unit, "# of a section that is not there\n");
}

/* What the generator would lose, or systemd take for the end of the command. */
static void test_exec(void)
{
	g_autoptr(SmithUnit) unit = smith_unit_new(504, "service 'A'");

	smith_unit_exec(unit, (const char *[]){"redis-server", "--save", "", ";", NULL});
	check_text(unit, "[Service]\n"
			 "Environment=OCISMITH_WORD_1=\n"
			 "Environment=\"OCISMITH_WORD_2=;\"\n"
			 "\n"
			 "[Container]\n"
			 "Exec=redis-server --save ${OCISMITH_WORD_1} ${OCISMITH_WORD_2}\n");
}

static void test_user(void)
{
	g_autoptr(SmithUnit) unit = smith_unit_new(407, "service 'A'");
	g_autoptr(SmithUnit) newer = smith_unit_new(408, "service 'A'");

	smith_unit_user(unit, "redis", NULL);
	smith_unit_user(newer, "redis", "tape");
	check_text(unit, "[Container]\nPodmanArgs=--user=redis\n");
	check_text(newer, "[Container]\nUser=redis\nGroup=tape\n");
}

static void test_healthy(void)
{
	g_autoptr(SmithUnit) key = smith_unit_new(500, "service 'A'");
	g_autoptr(SmithUnit) option = smith_unit_new(409, "service 'A'");
	g_autoptr(SmithUnit) nothing = smith_unit_new(406, "service 'A'");

	g_assert_true(smith_unit_notify_healthy(key));
	g_assert_true(smith_unit_notify_healthy(option));
	g_assert_false(smith_unit_notify_healthy(nothing));
	check_text(key, "[Container]\nNotify=healthy\n");
	check_text(option, "[Container]\nPodmanArgs=--sdnotify=healthy\n");
	check_text(nothing, "");
}

/* The first error stays, whose it is and what is wrong with it. */
static void test_refused(void)
{
	static const struct {
		int podman;
		const char *section;
		const char *key;
		const char *value;
		const char *error;
	} rows[] = {
		{504, "Container", "ReadOnly", "maybe",
		 "service 'A': 'ReadOnly' got 'maybe', which podman would not understand"},
		{504, "Container", "HealthInterval", "abc",
		 "service 'A': 'HealthInterval' got 'abc', which podman would not understand"},
		{504, "Container", "PidsLimit", "-1",
		 "service 'A': 'PidsLimit' got '-1', which podman would not understand"},
		{405, "Network", "DNS", "192.0.2.1",
		 "service 'A': 'PodmanArgs' of [Network] needs podman 4.6, and the host has 4.5"},
		{406, "Network", "NetworkName", "x",
		 "service 'A': 'NetworkName' of [Network] needs podman 4.7, and the host has 4.6"},
		{504, "Container", "Volume", "a\nb",
		 "service 'A': Volume: 'a\\nb' cannot be said in a unit: this key takes nothing "
		 "empty, no control characters, no white space or quotes at its ends and no "
		 "backslash at its end"},
	};
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(SmithUnit) unit = smith_unit_new(rows[i].podman, "service 'A'");

		smith_unit_key(unit, rows[i].section, rows[i].key, rows[i].value);
		smith_unit_key(unit, "Container", "Volume", "\n");
		check_error(unit, rows[i].error);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/quadlet/unit/text", test_text);
	g_test_add_func("/quadlet/unit/younger", test_younger);
	g_test_add_func("/quadlet/unit/specifier", test_specifier);
	g_test_add_func("/quadlet/unit/plain", test_plain);
	g_test_add_func("/quadlet/unit/exec", test_exec);
	g_test_add_func("/quadlet/unit/user", test_user);
	g_test_add_func("/quadlet/unit/healthy", test_healthy);
	g_test_add_func("/quadlet/unit/refused", test_refused);
	return g_test_run();
}
