/* SPDX-License-Identifier: Apache-2.0 */
#include "python/pylock.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <unistd.h>

#define HASH "0123456789abcdef0123456789abcdef0123456789abcdef01234567deadbeef"
#define HASH2 "fedcba98765432100123456789abcdef0123456789abcdef01234567deadbeef"
#define HEAD "lock-version = '1.0'\ncreated-by = 'x'\n"
#define WHEEL(name, hash) "{url = 'https://h/" name "?q#f', hashes = {sha256 = '" hash "'}}"

/* What a file of @text is in CPython 3.11: its lines, then the findings. */
static void check(const char *text, const char *expected)
{
	g_autofree char *dir = g_dir_make_tmp("pylock-XXXXXX", NULL);
	g_autofree char *path = g_build_filename(dir, "pylock.web.toml", NULL);
	g_assert_true(g_file_set_contents(path, text, -1, NULL));
	int fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	g_autoptr(SmithDiag) diag = smith_diag_new();
	g_autoptr(SmithRequirements) found = smith_requirements_read(fd, "pylock.web.toml", diag);
	g_auto(SmithMarkerEnv) env = {0};
	smith_marker_env_init(&env, "3.11.2", "x86_64");
	for (guint i = 0; found->pylocks != NULL && i < found->pylocks->len; i++)
		smith_pylock_check(found->pylocks->pdata[i], &env, diag);
	smith_diag_sort(diag);
	g_autoptr(GString) out = g_string_new(NULL);
	for (guint i = 0; i < found->lines->len; i++) {
		const SmithRequirementLine *line = found->lines->pdata[i];
		gboolean applies = FALSE;
		g_assert_true(smith_requirement_applies(line->req, &env, NULL, &applies, NULL));
		g_autofree char *requirement = smith_requirement_to_string(line->req);
		g_string_append_printf(out, "%s%s %u\n", applies ? "" : "not: ", requirement,
				       g_strv_length(line->hashes));
	}
	for (guint i = 0; i < diag->findings->len; i++) {
		g_autofree char *finding = smith_finding_to_string(diag->findings->pdata[i]);
		g_string_append_printf(out, "%s\n", finding);
	}
	g_assert_cmpstr(out->str, ==, expected);
	close(fd);
	g_unlink(path);
	g_rmdir(dir);
}

static void test_names(void)
{
	g_assert_true(smith_pylock_is_name("pylock.toml"));
	g_assert_true(smith_pylock_is_name("a/pylock.web.toml"));
	g_assert_false(smith_pylock_is_name("pylock..toml"));
	g_assert_false(smith_pylock_is_name("pylock.a.b.toml"));
	g_assert_false(smith_pylock_is_name("mypylock.toml"));
	g_assert_false(smith_pylock_is_name("pylock.toml/requirements.txt"));
}

static void test_packages(void)
{
	check(HEAD "packages = []\n", "");
	check(HEAD "[[packages]]\nname = 'A.b'\nversion = '1.0'\nwheels = [" WHEEL(
		      "a_b-1.0-py3-none-any.whl",
		      HASH) ", " WHEEL("a_b-1.0-py2-none-any.whl",
				       HASH2) "]\n"
					      "[packages.sdist]\npath = 'a_b-1.0.tar.gz'\nhashes = "
					      "{sha256 = '" HASH "'}\n",
	      "A.b==1.0 3\n");
	check(HEAD "[[packages]]\nname = 'a'\nversion = '1'\nmarker = 'sys_platform == \"win32\"'\n"
		   "wheels = [" WHEEL("a-1-py3-none-any.whl",
				      HASH) "]\n"
					    "[[packages]]\nname = 'a'\nversion = '2'\nmarker = "
					    "'sys_platform != \"win32\"'\n"
					    "wheels = [" WHEEL("a-2-py3-none-any.whl", HASH2) "]\n",
	      "not: a==1; sys_platform == \"win32\" 1\na==2; sys_platform != \"win32\" 1\n");
	check("default-groups = ['Main']\n" HEAD "[[packages]]\nname = 'a'\nversion = '1'\n"
	      "marker = '\"x\" in extras or (\"main\" in dependency_groups and \"y\" not in "
	      "extras)'\n"
	      "wheels = [" WHEEL("a-1-py3-none-any.whl",
				 HASH) "]\n"
				       "[[packages]]\nname = 'b'\nversion = '1'\nmarker = '\"dev\" "
				       "in dependency_groups'\n"
				       "wheels = [" WHEEL("b-1-py3-none-any.whl", HASH) "]\n",
	      "a==1; \"x\" == extra or (\"main\" != extra and \"y\" != extra) 1\n"
	      "not: b==1; \"dev\" == extra 1\n");
}

static void test_refused(void)
{
	check(HEAD "[[packages]]\nname = 'a'\nvcs = {type = 'git'}\n"
		   "[[packages]]\nname = 'b'\ndirectory = {path = '.'}\n"
		   "[[packages]]\nname = 'c'\nversion = '1'\narchive = {url = 'u'}\n"
		   "[[packages]]\nname = 'd'\nversion = '1'\n"
		   "[[packages]]\nname = 'e; f'\nversion = '1'\n",
	      "pylock.web.toml:3:3: error: package 'a' is from 'vcs', only wheels and source "
	      "distributions are taken [pylock]\n"
	      "pylock.web.toml:6:3: error: package 'b' is from 'directory', only wheels and source "
	      "distributions are taken [pylock]\n"
	      "pylock.web.toml:9:3: error: package 'c' is from 'archive', only wheels and source "
	      "distributions are taken [pylock]\n"
	      "pylock.web.toml:13:3: error: package 'd' has neither wheels nor a source "
	      "distribution [pylock]\n"
	      "pylock.web.toml:16:3: error: a package has no valid name, got 'e; f' [pylock]\n");
	check(HEAD "[[packages]]\nname = 'a'\nversion = '1'\nwheels = [" WHEEL(
		      "b-1-py3-none-any.whl", HASH) ", {url = 'https://h/a-1-py3-none-any.whl'}]\n",
	      "a==1 1\n"
	      "pylock.web.toml:6:11: error: wheel 'b-1-py3-none-any.whl' is not of package 'a' 1 "
	      "[pylock]\n"
	      "pylock.web.toml:6:145: error: a file of package 'a' has no hashes [pylock]\n");
	check("lock-version = '2.0'\npackages = []\n",
	      "pylock.web.toml:1:16: error: lock-version is '2.0', expected '1.0' [pylock]\n");
	check("x",
	      "pylock.web.toml: error: pylock.web.toml:1:2: text ends, expected '=' [pylock]\n");
}

static void test_environment(void)
{
	check(HEAD "requires-python = '>=3.12'\nenvironments = ['platform_machine == \"arm64\"']\n"
		   "packages = []\n",
	      "pylock.web.toml:3:19: error: 'pylock.web.toml' is for Python >=3.12, the base has "
	      "3.11.2 [pylock]\n"
	      "pylock.web.toml:3:19: error: none of the environments of 'pylock.web.toml' is that "
	      "of Python 3.11 on x86_64 [pylock]\n");
	check(HEAD "requires-python = '>=3.8'\nenvironments = ['os_name == \"nt\"', "
		   "'os_name == \"posix\"']\npackages = []\n",
	      "");
	check(HEAD "[[packages]]\nname = 'a'\nversion = '1'\nrequires-python = '<3.10'\n"
		   "wheels = [" WHEEL("a-1-py3-none-any.whl",
				      HASH) "]\n"
					    "[[packages]]\nname = 'A'\nversion = '1'\n"
					    "wheels = [" WHEEL("a-1-py3-none-any.whl", HASH) "]\n",
	      "a==1 1\nA==1 1\n"
	      "pylock.web.toml:3:3: error: package 'a' is not for Python 3.11.2 [pylock]\n"
	      "pylock.web.toml:8:3: error: package 'a' is there twice for Python 3.11 on x86_64 "
	      "[pylock]\n");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/python/pylock/names", test_names);
	g_test_add_func("/python/pylock/packages", test_packages);
	g_test_add_func("/python/pylock/refused", test_refused);
	g_test_add_func("/python/pylock/environment", test_environment);
	return g_test_run();
}
