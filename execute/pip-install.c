/* SPDX-License-Identifier: Apache-2.0 */
#include "execute/pip-install.h"

#include <string.h>

#include "base/digest.h"
#include "base/embed.h"
#include "base/error.h"
#include "base/fd.h"
#include "execute/keep.h"
#include "execute/scratch.h"

SMITH_EMBED(smith_install, "execute/install.py");

#define INSIDE "/run/ocismith"

static gboolean write_inputs(const SmithScratch *scratch, const SmithPipInstall *install,
			     GError **error)
{
	g_autoptr(GString) text = g_string_new(NULL);
	for (guint i = 0; i < install->wheels->len; i++) {
		const SmithPipWheel *wheel = &g_array_index(install->wheels, SmithPipWheel, i);
		g_string_append_printf(text, "%s==%s --hash=sha256:%s\n", wheel->name,
				       wheel->version, wheel->sha256);
	}
	return smith_fd_make_dirs(scratch->fd, "wheels", error) &&
	       smith_fd_write_file(scratch->fd, "requirements.txt", text->str, text->len, 0444,
				   error) &&
	       smith_fd_write_file(scratch->fd, "install.py", smith_install_begin,
				   (gsize)(smith_install_end - smith_install_begin), 0444, error);
}

/* The directory, and each wheel under its name, which its place in the store does not tell. */
static GArray *make_binds(const SmithScratch *scratch, const SmithPipInstall *install,
			  GPtrArray *strings)
{
	GArray *binds = g_array_new(FALSE, TRUE, sizeof(SmithSandboxBind));
	const SmithSandboxBind own = {scratch->path, INSIDE, false};
	g_array_append_val(binds, own);
	for (guint i = 0; i < install->wheels->len; i++) {
		const SmithPipWheel *wheel = &g_array_index(install->wheels, SmithPipWheel, i);
		char *target = g_strconcat(INSIDE "/wheels/", wheel->file, NULL);
		g_ptr_array_add(strings, target);
		const SmithSandboxBind bind = {wheel->path, target, false};
		g_array_append_val(binds, bind);
	}
	return binds;
}

static gboolean make_places(const SmithScratch *scratch, const SmithPipInstall *install,
			    GError **error)
{
	smith_autofd int fd = smith_fd_open_dir(scratch->fd, "wheels", error);
	for (guint i = 0; fd >= 0 && i < install->wheels->len; i++) {
		const SmithPipWheel *wheel = &g_array_index(install->wheels, SmithPipWheel, i);
		if (!smith_fd_write_file(fd, wheel->file, "", 0, 0444, error))
			return FALSE;
	}
	return fd >= 0;
}

SmithLayer *smith_pip_install(const SmithExecution *execution, const SmithRoot *root,
			      const SmithPipInstall *install, GError **error)
{
	g_auto(SmithScratch) scratch = SMITH_SCRATCH_INIT;
	if (!smith_scratch_make(&scratch, execution->store, error) ||
	    !write_inputs(&scratch, install, error) || !make_places(&scratch, install, error))
		return NULL;
	g_autofree char *epoch =
		g_strdup_printf("SOURCE_DATE_EPOCH=%" G_GINT64_FORMAT, execution->epoch);
	g_autofree char *python = g_strdup_printf("/%s/bin/python3", install->prefix);
	g_autofree char *site = g_strdup_printf("/%s/lib/python%s/site-packages", install->prefix,
						install->version);
	const char *const env[] = {"PATH=/usr/local/bin:/usr/bin:/bin",
				   "HOME=/root",
				   "LC_ALL=C.UTF-8",
				   "PYTHONHASHSEED=0",
				   "PYTHONDONTWRITEBYTECODE=1",
				   "PIP_CONFIG_FILE=/dev/null",
				   epoch,
				   NULL};
	const char *const argv[] = {install->python,
				    "-I",
				    INSIDE "/install.py",
				    python,
				    INSIDE "/wheels",
				    INSIDE "/requirements.txt",
				    install->bytecode,
				    site,
				    NULL};
	g_autoptr(GPtrArray) strings = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GArray) binds = make_binds(&scratch, install, strings);
	const char *const kept[] = {install->prefix, NULL};
	SmithKeep keep = {kept, NULL, install->step};
	const SmithSandboxStep step = {
		.name = install->step,
		.argv = argv,
		.env = env,
		.binds = (const SmithSandboxBind *)(const void *)binds->data,
		.n_binds = binds->len,
	};
	return smith_execute_layer(execution, root, &step, smith_keep, &keep, error);
}

char *smith_pip_installer(void)
{
	return smith_digest_of(smith_install_begin,
			       (gsize)(smith_install_end - smith_install_begin));
}
