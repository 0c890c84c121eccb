/* SPDX-License-Identifier: Apache-2.0 */
#include "execute/pip-build.h"

#include <fcntl.h>
#include <string.h>

#include "base/embed.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/node.h"
#include "execute/pip-resolve.h"
#include "execute/pip-unpack.h"
#include "execute/scratch.h"
#include "store/fetch.h"

SMITH_EMBED(smith_build, "execute/build.py");

#define INSIDE "/ocismith"
#define PIP "/ocismith.pip"
#define STATUS_NO_PIP 97 /* of build.py */
#define ANSWER_LIMIT (1024 * 1024)

static void add_bind(GArray *binds, GPtrArray *targets, const char *source, char *target,
		     bool writable)
{
	SmithSandboxBind bind = {source, target, writable};
	g_ptr_array_add(targets, target);
	g_array_append_val(binds, bind);
}

static gboolean run(const SmithExecution *execution, const SmithRoot *root,
		    const SmithPipBuild *build, const char *mode, const SmithScratch *scratch,
		    GError **error)
{
	g_autoptr(GArray) binds = g_array_new(FALSE, FALSE, sizeof(SmithSandboxBind));
	g_autoptr(GPtrArray) targets = g_ptr_array_new_with_free_func(g_free);
	g_autofree char *sdist = g_strconcat("/ocismith.sdist/", build->name, NULL);
	const char *const argv[] = {build->python, "-c",   smith_build_begin,
				    mode,	   INSIDE, build->pip != NULL ? PIP : "",
				    sdist,	   NULL};
	g_auto(GStrv) env = smith_pip_environment(execution->epoch);
	g_autofree char *name = g_strdup_printf("%s %s", mode, build->name);
	g_auto(SmithSandboxResult) result = {0};
	g_autofree char *pip = NULL;
	if (build->pip != NULL) {
		pip = smith_pip_unpack(execution, root, build->python, build->pip, error);
		if (pip == NULL)
			return FALSE;
		add_bind(binds, targets, pip, g_strdup(PIP), false);
	}
	add_bind(binds, targets, scratch->path, g_strdup(INSIDE), true);
	add_bind(binds, targets, build->path, g_strdup(sdist), false);
	for (guint i = 0; build->wheels != NULL && build->wheels[i] != NULL; i++)
		add_bind(binds, targets, build->wheels[i],
			 g_strconcat("/ocismith.wheels/", build->files[i], NULL), false);
	SmithSandboxStep step = {
		.name = name,
		.argv = argv,
		.env = (const char *const *)env,
		.binds = (const SmithSandboxBind *)binds->data,
		.n_binds = binds->len,
		.log_fd = -1,
	};
	if (!smith_execute_answer(execution, root, &step, &result, error))
		return FALSE;
	if (result.status == STATUS_NO_PIP)
		return smith_throw(error, SMITH_ERROR_NOT_FOUND, "the base has no pip");
	if (result.status != 0)
		return smith_throw(error, SMITH_ERROR_FAILED, "exit status %d, last output:\n%s",
				   result.status, g_strchomp(result.tail));
	return TRUE;
}

/* Strings; written by what ran inside, so as hostile as that. */
static char **read_answer(int fd, GError **error)
{
	g_autoptr(GBytes) bytes = smith_fd_read_foreign(fd, "answer.json", ANSWER_LIMIT, error);
	if (bytes == NULL)
		return NULL;
	gsize length = 0;
	const char *text = g_bytes_get_data(bytes, &length);
	g_autoptr(SmithNode) list = smith_node_read_json(text, length, "answer.json", error);
	if (list == NULL)
		return NULL;
	g_autoptr(GPtrArray) strings = g_ptr_array_new_with_free_func(g_free);
	for (guint i = 0; list->type == SMITH_NODE_SEQ && i < list->items->len; i++) {
		const SmithNode *item = list->items->pdata[i];
		if (item->type != SMITH_NODE_STRING)
			return smith_throw_null(error, SMITH_ERROR_INVALID,
						"a build requirement must be a string, got %s",
						smith_node_type_name(item->type));
		g_ptr_array_add(strings, g_strdup(item->text));
	}
	g_ptr_array_add(strings, NULL);
	return (char **)g_ptr_array_steal(strings, NULL);
}

char **smith_pip_build_requires(const SmithExecution *execution, const SmithRoot *root,
				const SmithPipBuild *build, gboolean dynamic, GError **error)
{
	SMITH_AUTO_PREFIX("source distribution", build->name, error);
	g_auto(SmithScratch) scratch = SMITH_SCRATCH_INIT;
	if (!smith_scratch_make(&scratch, execution->store, error) ||
	    !run(execution, root, build, dynamic ? "dynamic" : "static", &scratch, error))
		return NULL;
	return read_answer(scratch.fd, error);
}

char *smith_pip_build_wheel(const SmithExecution *execution, const SmithRoot *root,
			    const SmithPipBuild *build, char **file, GError **error)
{
	SMITH_AUTO_PREFIX("source distribution", build->name, error);
	g_auto(SmithScratch) scratch = SMITH_SCRATCH_INIT;
	if (!smith_scratch_make(&scratch, execution->store, error) ||
	    !run(execution, root, build, "wheel", &scratch, error))
		return NULL;
	g_auto(GStrv) names = read_answer(scratch.fd, error);
	if (names == NULL)
		return NULL;
	if (g_strv_length(names) != 1 || strchr(names[0], '/') != NULL)
		return smith_throw_null(error, SMITH_ERROR_INVALID,
					"one wheel must come out, got %u", g_strv_length(names));
	smith_autofd int fd = smith_fd_open_beneath(scratch.fd, "wheel",
						    O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0, error);
	if (fd < 0)
		return NULL;
	*file = g_strdup(names[0]);
	return smith_fetch_add(execution->store, fd, names[0], error);
}
