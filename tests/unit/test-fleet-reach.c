/* SPDX-License-Identifier: Apache-2.0 */
#include "fleet/reach.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"

typedef struct {
	char *path;
	int fd;
	SmithReachCache *cache;
} Fixture;

static void set_up(Fixture *fixture, gconstpointer data)
{
	(void)data;
	fixture->path = g_dir_make_tmp("reach-XXXXXX", NULL);
	fixture->fd = smith_fd_open_dir(AT_FDCWD, fixture->path, NULL);
	g_assert_cmpint(fixture->fd, >=, 0);
	fixture->cache = smith_reach_cache_new(fixture->fd);
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
	(void)data;
	smith_reach_cache_free(fixture->cache);
	close(fixture->fd);
	g_assert_true(smith_fd_remove_tree(AT_FDCWD, fixture->path, NULL));
	g_free(fixture->path);
}

static void put(Fixture *fixture, const char *path, const char *text)
{
	g_autofree char *directory = g_path_get_dirname(path);
	g_assert_true(smith_fd_make_dirs(fixture->fd, directory, NULL));
	g_assert_true(smith_fd_write_file(fixture->fd, path, text, strlen(text), 0644, NULL));
}

static SmithReach *find(Fixture *fixture, SmithAppForm form, const char *entry)
{
	g_autoptr(GError) error = NULL;
	SmithReach *reach = smith_reach_find(fixture->cache, form, entry, 11, &error);
	g_assert_no_error(error);
	g_assert_nonnull(reach);
	return reach;
}

/* Soft ones with a '?'. */
static void assert_files(const SmithReach *reach, const char *expected)
{
	g_autoptr(GString) text = g_string_new(NULL);
	for (guint i = 0; i < reach->files->len; i++) {
		const SmithReachFile *file = reach->files->pdata[i];
		g_string_append_printf(text, "%s%s%s", i > 0 ? " " : "", file->source->path,
				       file->hard ? "" : "?");
	}
	g_assert_cmpstr(text->str, ==, expected);
}

static void assert_names(const GPtrArray *names, const char *expected)
{
	g_autoptr(GString) text = g_string_new(NULL);
	for (guint i = 0; i < names->len; i++) {
		const SmithReachName *name = names->pdata[i];
		g_string_append_printf(text, "%s%s%s", i > 0 ? " " : "", name->name,
				       name->hard ? "" : "?");
	}
	g_assert_cmpstr(text->str, ==, expected);
}

static void test_hard_and_soft(Fixture *fixture, gconstpointer data)
{
	(void)data;
	put(fixture, "agents/web.py",
	    "import helper\nfrom common.agent import Agent\ntry:\n    import slow\nexcept "
	    "ImportError:\n    pass\nif __name__ == '__main__':\n    import late\n");
	put(fixture, "agents/helper.py", "import os, yaml\n");
	put(fixture, "agents/slow.py", "import torch\nimport zmq\n");
	put(fixture, "helper.py", "import never\n");
	put(fixture, "common/__init__.py", "");
	put(fixture, "common/agent.py",
	    "import zmq\nfrom . import base\nfrom .gone import x\n"
	    "if __name__ == '__main__':\n    import never\n"
	    "if TYPE_CHECKING:\n    import never\n");
	put(fixture, "common/base.py", "def f():\n    import redis\n    import common.agent\n");
	put(fixture, "late.py", "");
	g_autoptr(SmithReach) reach = find(fixture, SMITH_APP_SCRIPT, "./agents/web.py");
	assert_files(reach, "agents/helper.py agents/slow.py? agents/web.py common/__init__.py "
			    "common/agent.py common/base.py late.py");
	assert_names(reach->imports, "redis? torch? yaml zmq");
	assert_names(reach->missing, "common.gone");
	const SmithReachName *zmq = reach->imports->pdata[3];
	g_autofree char *chain = smith_reach_chain(zmq->from, zmq->line);
	g_assert_cmpstr(chain, ==, "agents/web.py:2 -> common/agent.py:1");
	/* the same files for another program */
	g_autoptr(SmithReach) other = find(fixture, SMITH_APP_MODULE, "common.base");
	assert_files(other, "common/__init__.py common/agent.py? common/base.py");
	assert_names(other->imports, "redis? zmq?");
}

static void test_forms(Fixture *fixture, gconstpointer data)
{
	(void)data;
	put(fixture, "pkg/__init__.py", "import first\n");
	put(fixture, "pkg/__main__.py", "from .app import app\n");
	put(fixture, "pkg/app.py",
	    "from ..resiliency import x\nfrom . import core\nimport core\n"
	    "if __name__ == '__main__':\n    import uvicorn\n");
	put(fixture, "pkg/core.py", "");
	g_autoptr(SmithReach) module = find(fixture, SMITH_APP_MODULE, "pkg");
	assert_files(module, "pkg/__init__.py pkg/__main__.py pkg/app.py pkg/core.py");
	assert_names(module->imports, "core first");
	assert_names(module->missing, "..resiliency");
	g_autoptr(SmithReach) asgi = find(fixture, SMITH_APP_ASGI, "pkg.app:app");
	assert_files(asgi, "pkg/__init__.py pkg/app.py pkg/core.py");
	g_autoptr(SmithReach) script = find(fixture, SMITH_APP_SCRIPT, "pkg/app.py");
	assert_files(script, "pkg/app.py pkg/core.py");
	assert_names(script->imports, "uvicorn");
	assert_names(script->missing, "..resiliency .core");
}

static void test_names_that_mislead(Fixture *fixture, gconstpointer data)
{
	(void)data;
	put(fixture, "web.py",
	    "import docker\nfrom docker.errors import E\nimport platform\n"
	    "import logging\nimport sys\nimport tools.build\nimport plain.gone\n"
	    "from plain import here, away\nimport google.protobuf.message\n"
	    "from google.cloud import storage\nimport distutils, tomllib, cgi\n");
	put(fixture, "docker/Dockerfile", "FROM scratch\n");
	put(fixture, "docker/scripts/x.py", "");
	put(fixture, "platform/readme", "");
	put(fixture, "platform/x.py", "");
	put(fixture, "logging.py", "");
	put(fixture, "sys.py", "");
	put(fixture, "tools/build.py", "");
	put(fixture, "lib/tools/__init__.py", "");
	put(fixture, "plain/here.py", "");
	g_autoptr(SmithReach) reach = find(fixture, SMITH_APP_SCRIPT, "web.py");
	assert_files(reach, "logging.py plain/here.py tools/build.py web.py");
	assert_names(reach->imports, "docker google.cloud.storage google.protobuf");
	assert_names(reach->missing, "plain.away plain.gone");
	g_autoptr(SmithReach) newer =
		smith_reach_find(fixture->cache, SMITH_APP_SCRIPT, "web.py", 13, NULL);
	assert_names(newer->imports, "cgi distutils docker google.cloud.storage google.protobuf");
}

static void test_regular_before_namespace(Fixture *fixture, gconstpointer data)
{
	(void)data;
	put(fixture, "app/main.py", "import pkg.inner\nfrom space import left, right\n");
	put(fixture, "app/pkg/inner.py", "import wrong\n");
	put(fixture, "pkg/__init__.py", "");
	put(fixture, "pkg/inner.py", "");
	put(fixture, "app/space/left.py", "");
	put(fixture, "space/right.py", "");
	g_autoptr(SmithReach) reach = find(fixture, SMITH_APP_SCRIPT, "app/main.py");
	assert_files(reach, "app/main.py app/space/left.py pkg/__init__.py pkg/inner.py "
			    "space/right.py");
	assert_names(reach->imports, "");
}

static void test_dynamic(Fixture *fixture, gconstpointer data)
{
	(void)data;
	put(fixture, "web.py",
	    "import uvicorn\nimport_module(f'plugins.{x}')\n"
	    "def f():\n    uvicorn.run('api.main:app')\n"
	    "    import_module('.other', package=p)\n    __import__('gone.x')\n"
	    "import native.fast, native.slow\n");
	put(fixture, "plugins/__init__.py", "");
	put(fixture, "plugins/a.py", "import numpy\n");
	put(fixture, "plugins/b/__init__.py", "");
	put(fixture, "plugins/b/c.py", "import never\n");
	put(fixture, "api/main.py", "");
	put(fixture, "native/__init__.py", "");
	put(fixture, "native/fast.cpython-311-x86_64-linux-gnu.so", "");
	g_autoptr(SmithReach) reach = find(fixture, SMITH_APP_SCRIPT, "web.py");
	assert_files(reach, "api/main.py? native/__init__.py plugins/__init__.py plugins/a.py "
			    "plugins/b/__init__.py web.py");
	assert_names(reach->imports, "gone? numpy uvicorn");
	assert_names(reach->missing, "native.slow");
}

static void test_broken(Fixture *fixture, gconstpointer data)
{
	(void)data;
	put(fixture, "web.py", "import a\nimport b\nimport c\nimport d\nimport e\n");
	put(fixture, "a.py", "x = (\nimport zmq\n");
	g_assert_cmpint(symlinkat("/etc/passwd", fixture->fd, "b.py"), ==, 0);
	g_assert_cmpint(mkfifoat(fixture->fd, "c.py", 0600), ==, 0);
	g_assert_cmpint(symlinkat("real.py", fixture->fd, "d.py"), ==, 0);
	put(fixture, "real.py", "import redis\n");
	g_assert_cmpint(symlinkat("/usr/lib", fixture->fd, "e"), ==, 0);
	g_autoptr(SmithReach) reach = find(fixture, SMITH_APP_SCRIPT, "web.py");
	assert_names(reach->imports, "e redis zmq");
	g_assert_cmpuint(reach->broken->len, ==, 3);
	const SmithReachFile *a = reach->broken->pdata[0];
	g_assert_cmpstr(a->source->path, ==, "a.py");
	g_assert_cmpstr(a->source->problem, ==, "'(' was never closed");
	g_assert_cmpuint(a->source->problem_line, ==, 1);
}

static void test_no_entry(Fixture *fixture, gconstpointer data)
{
	(void)data;
	put(fixture, "pkg/__init__.py", "");
	static const struct {
		SmithAppForm form;
		const char *entry;
		SmithErrorCode code;
	} rows[] = {
		{SMITH_APP_SCRIPT, "gone.py", SMITH_ERROR_NOT_FOUND},
		{SMITH_APP_SCRIPT, "../gone.py", SMITH_ERROR_NOT_FOUND},
		{SMITH_APP_SCRIPT, "", SMITH_ERROR_NOT_FOUND},
		{SMITH_APP_MODULE, "pkg", SMITH_ERROR_NOT_FOUND},
		{SMITH_APP_MODULE, "pkg..x", SMITH_ERROR_NOT_FOUND},
		{SMITH_APP_MODULE, "", SMITH_ERROR_NOT_FOUND},
		{SMITH_APP_ASGI, ":app", SMITH_ERROR_NOT_FOUND},
		{SMITH_APP_EXEC, "true", SMITH_ERROR_UNSUPPORTED},
	};
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = NULL;
		g_assert_null(
			smith_reach_find(fixture->cache, rows[i].form, rows[i].entry, 11, &error));
		g_assert_error(error, SMITH_ERROR, (int)rows[i].code);
	}
}

static void test_cycles(Fixture *fixture, gconstpointer data)
{
	(void)data;
	put(fixture, "a.py", "import b\n");
	put(fixture, "b.py", "import c\nimport a\n");
	put(fixture, "c.py", "import b\nimport c\n");
	g_autoptr(SmithReach) reach = find(fixture, SMITH_APP_SCRIPT, "a.py");
	assert_files(reach, "a.py b.py c.py");
}

#define ADD(name, function) g_test_add(name, Fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("/fleet/reach/hard-and-soft", test_hard_and_soft);
	ADD("/fleet/reach/forms", test_forms);
	ADD("/fleet/reach/names-that-mislead", test_names_that_mislead);
	ADD("/fleet/reach/regular-before-namespace", test_regular_before_namespace);
	ADD("/fleet/reach/dynamic", test_dynamic);
	ADD("/fleet/reach/broken", test_broken);
	ADD("/fleet/reach/no-entry", test_no_entry);
	ADD("/fleet/reach/cycles", test_cycles);
	return g_test_run();
}
