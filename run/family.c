/* SPDX-License-Identifier: Apache-2.0 */
#include "run/family.h"

#include <fcntl.h>
#include <string.h>

#include "base/embed.h"
#include "base/error.h"
#include "base/fd.h"
#include "fleet/runtime.h"

SMITH_EMBED(smith_smoke, "run/smoke.py");

#define INSIDE "/run/ocismith"
#define PROGRAM INSIDE "/smoke.py"
#define OWN INSIDE "/family" /* where the directory of its script is */

struct SmithFamilyRun {
	SmithService *service; /* as much of one as a run wants */
	SmithRunFile file;
	GPtrArray *argv;
	GPtrArray *binds;
};

static void add(GPtrArray *list, const char *text)
{
	g_ptr_array_add(list, g_strdup(text));
}

/* Of ocismith's own profiles those that it has anything of: what they are for has to work. */
static void add_profiles(GPtrArray *argv, const SmithProfile *profile)
{
	const char *const *names = smith_profile_names();
	for (; profile != NULL && *names != NULL; names++)
		for (guint i = 0; i < profile->rules->len; i++) {
			const SmithProfileRule *rule = profile->rules->pdata[i];
			if (strcmp(rule->from, *names) != 0)
				continue;
			add(argv, *names);
			break;
		}
}

static gboolean add_script(SmithFamilyRun *run, const SmithFleet *fleet, const SmithFamily *family,
			   GError **error)
{
	const char *script = smith_fleet_smoke(fleet, family->name);
	if (script == NULL)
		return TRUE;
	smith_autofd int fd = smith_fd_open_beneath(fleet->fd, script, O_RDONLY, 0, error);
	if (fd < 0)
		return FALSE;
	g_autofree char *directory = g_path_get_dirname(script);
	g_autofree char *name = g_path_get_basename(script);
	g_ptr_array_add(run->binds, g_strdup_printf("%s/%s:" OWN, fleet->directory, directory));
	add(run->argv, "--script");
	g_ptr_array_add(run->argv, g_strconcat(OWN "/", name, NULL));
	return TRUE;
}

static SmithService *make_service(const SmithFamily *family)
{
	SmithService *service = g_new0(SmithService, 1);
	service->name = g_strdup(family->name);
	service->slug = smith_slug(family->name);
	service->groups = g_ptr_array_new();
	service->read_only = true;
	return service;
}

SmithFamilyRun *smith_family_run_new(const SmithFleet *fleet, const SmithFamily *family,
				     const SmithRunImage *image, const SmithProfile *profile,
				     GError **error)
{
	g_autoptr(SmithFamilyRun) run = g_new0(SmithFamilyRun, 1);
	g_autofree char *python = smith_runtime_python(fleet);
	run->service = make_service(family);
	run->file = (SmithRunFile){.path = PROGRAM,
				   .data = smith_smoke_begin,
				   .length = (gsize)(smith_smoke_end - smith_smoke_begin)};
	run->argv = g_ptr_array_new_with_free_func(g_free);
	run->binds = g_ptr_array_new_with_free_func(g_free);
	for (guint i = 0; i < image->n_entry; i++)
		add(run->argv, image->argv[i]);
	add(run->argv, python);
	add(run->argv, PROGRAM);
	if (!add_script(run, fleet, family, error))
		return NULL;
	add_profiles(run->argv, profile);
	g_ptr_array_add(run->argv, NULL);
	return g_steal_pointer(&run);
}

void smith_family_run_fill(SmithFamilyRun *run, SmithRunOptions *options)
{
	for (const char *const *bind = options->binds; bind != NULL && *bind != NULL; bind++)
		add(run->binds, *bind);
	g_ptr_array_add(run->binds, NULL);
	options->binds = (const char *const *)run->binds->pdata;
	options->service = run->service;
	options->argv = (const char *const *)run->argv->pdata;
	options->once = true;
	options->file = &run->file;
}

void smith_family_run_free(SmithFamilyRun *run)
{
	if (run == NULL)
		return;
	g_free(run->service->name);
	g_free(run->service->slug);
	g_ptr_array_unref(run->service->groups);
	g_free(run->service);
	g_ptr_array_unref(run->argv);
	g_ptr_array_unref(run->binds);
	g_free(run);
}
