/* SPDX-License-Identifier: Apache-2.0 */
#include "lint/checks.h"

#include <string.h>

#include "base/entry.h"
#include "fleet/reach.h"
#include "layers/ignore.h"
#include "lint/rule.h"
#include "python/import-map.h"

typedef struct {
	const SmithFleet *fleet;
	SmithPips *pips;
	SmithReachCache *cache;
	SmithIgnore *ignore; /* or NULL */
	GHashTable *wanted;  /* of the lock: names of wheels that other wheels require; or NULL */
	SmithDiag *diag;
} Imports;

/* One program, and the image that it is in: its own, or that of its supervised group. */
typedef struct {
	const Imports *all;
	const SmithService *service;
	const SmithService *image;
	const char *family;
	const SmithReach *reach;
	GHashTable *files; /* normal paths of app.files */
} Program;

static SmithPlace place_of(const SmithReachName *name)
{
	return (SmithPlace){g_intern_string(name->from->source->path), name->line, 0};
}

static void lint_broken(const Program *program)
{
	for (guint i = 0; i < program->reach->broken->len; i++) {
		const SmithReachFile *file = program->reach->broken->pdata[i];
		SmithPlace place = {g_intern_string(file->source->path), file->source->problem_line,
				    0};
		smith_lint_report(program->all->diag,
				  file->hard ? "script-syntax-error" : "module-broken", place,
				  file->source->path, "%s", file->source->problem);
	}
}

static void lint_missing(const Program *program)
{
	for (guint i = 0; i < program->reach->missing->len; i++) {
		const SmithReachName *name = program->reach->missing->pdata[i];
		if (!name->hard)
			continue;
		smith_lint_report(program->all->diag, "module-missing", place_of(name),
				  program->service->name, "module '%s' is not in the fleet",
				  name->name);
	}
}

/* Whether @path is one of the listed ones or below. */
static bool is_listed(GHashTable *files, const char *path)
{
	g_autofree char *at = g_strdup(path);
	for (char *slash = NULL;; *slash = '\0') {
		if (g_hash_table_contains(files, at))
			return true;
		slash = strrchr(at, '/');
		if (slash == NULL)
			return g_hash_table_contains(files, ".");
	}
}

/* What the program imports before its first line must be in its image. */
static void lint_copied(const Program *program)
{
	const GPtrArray *files = program->reach->files;
	for (guint i = 0; i < files->len; i++) {
		const SmithReachFile *file = files->pdata[i];
		const char *path = file->source->path;
		if (!file->hard || file->from == NULL)
			continue;
		const SmithIgnoreRule *rule = smith_ignore_match(program->all->ignore, path, false);
		SmithPlace place = {g_intern_string(file->from->source->path), file->line, 0};
		if (!is_listed(program->files, path))
			smith_lint_report(program->all->diag, "module-not-copied",
					  program->service->app->place, program->service->name,
					  "'%s', which %s:%u imports, is in no path of app.files "
					  "of service '%s'",
					  path, place.file, place.line, program->service->name);
		else if (rule != NULL)
			smith_lint_report(
				program->all->diag, "ignore-hides-app",
				(SmithPlace){rule->file, rule->line, 0}, program->service->name,
				"'%s' hides '%s', which %s:%u of service '%s' imports", rule->text,
				path, place.file, place.line, program->service->name);
	}
}

static bool is_required(const Program *program, const SmithReachName *import)
{
	SmithPips *pips = program->all->pips;
	g_auto(GStrv) names = smith_import_distributions(import->name);
	bool found = *names == NULL;
	for (char **name = names; *name != NULL && !found; name++)
		found = smith_pips_has(pips, program->image->pip, *name) ||
			smith_pips_family_has(pips, program->family, *name);
	return found;
}

static void lint_required(const Program *program)
{
	const GPtrArray *imports = program->reach->imports;
	for (guint i = 0; i < imports->len; i++) {
		const SmithReachName *import = imports->pdata[i];
		if (!import->hard || is_required(program, import))
			continue;
		g_autofree char *chain = smith_reach_chain(import->from, import->line);
		smith_lint_report(program->all->diag, "import-not-required", place_of(import),
				  program->service->name,
				  "service '%s' imports '%s' (%s), which neither its requirements "
				  "nor family '%s' has",
				  program->service->name, import->name, chain, program->family);
	}
}

static void lint_gpu(const Program *program)
{
	const GPtrArray *imports = program->reach->imports;
	const SmithReachName *hard = NULL, *any = NULL;
	for (guint i = 0; i < imports->len; i++) {
		const SmithReachName *import = imports->pdata[i];
		if (!smith_import_is_gpu(import->name))
			continue;
		any = import;
		if (import->hard && hard == NULL)
			hard = import;
	}
	bool is_gpu = smith_lint_family_gpu(program->all->fleet, program->family) != NULL;
	const SmithService *service = program->service;
	if (is_gpu && any == NULL)
		smith_lint_report(
			program->all->diag, "gpu-family-without-import", service->family_place,
			service->name,
			"family '%s' of service '%s' is one of GPUs, and nothing that the "
			"program imports needs one",
			program->family, service->name);
	else if (!is_gpu && hard != NULL)
		smith_lint_report(
			program->all->diag, "gpu-import-without-family", service->family_place,
			service->name,
			"service '%s' imports '%s' (%s:%u), and its family '%s' is none of "
			"GPUs",
			service->name, hard->name, hard->from->source->path, hard->line,
			program->family);
}

/* Of what the service itself requires, and no wheel needs. */
static void lint_unused(const Program *program)
{
	const Imports *all = program->all;
	const SmithRequirements *own = smith_pips_get(all->pips, program->service->pip);
	if (all->wanted == NULL || own == NULL || own->lines->len == 0)
		return;
	g_autoptr(GHashTable) used = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	for (guint i = 0; i < program->reach->imports->len; i++) {
		const SmithReachName *import = program->reach->imports->pdata[i];
		g_auto(GStrv) names = smith_import_distributions(import->name);
		for (char **name = names; *name != NULL; name++)
			g_hash_table_add(used, g_strdup(*name));
	}
	for (guint i = 0; i < own->lines->len; i++) {
		const SmithRequirementLine *line = own->lines->pdata[i];
		const char *key = line->req->key;
		if (g_hash_table_contains(used, key) || g_hash_table_contains(all->wanted, key) ||
		    (program->service->app->form == SMITH_APP_ASGI && strcmp(key, "uvicorn") == 0))
			continue;
		smith_lint_report(all->diag, "requirement-unused", line->place, key,
				  "nothing that service '%s' imports is of '%s'",
				  program->service->name, line->req->name);
	}
}

/* The service that stands for the supervised group of @service, or itself. */
static const SmithService *image_of(const SmithService *service, GHashTable *supervisors)
{
	for (guint i = 0; i < service->groups->len; i++) {
		const SmithService *found =
			g_hash_table_lookup(supervisors, service->groups->pdata[i]);
		if (found != NULL)
			return found;
	}
	return service;
}

static GHashTable *listed_files(const SmithService *service)
{
	GHashTable *files = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	for (char **file = service->app->files; *file != NULL; file++) {
		char *path = smith_entry_path_normalize(*file, NULL);
		if (path != NULL)
			g_hash_table_add(files, path);
	}
	return files;
}

static void lint_program(const Imports *all, const SmithService *service, const SmithService *image)
{
	const SmithApp *app = service->app;
	const char *entry = smith_app_entry(app);
	/* an entry that is not there is told by others, or is a module of a distribution */
	g_autoptr(SmithReach) reach =
		entry != NULL ? smith_reach_find(all->cache, app->form, entry, 0, NULL) : NULL;
	if (reach == NULL || service->image != NULL)
		return;
	g_autoptr(GHashTable) files = listed_files(image);
	const char *family = image->family != NULL ? image->family : "";
	const Program program = {all, service, image, family, reach, files};
	lint_broken(&program);
	lint_missing(&program);
	lint_copied(&program);
	if (smith_fleet_family(all->fleet, family) == NULL)
		return;
	lint_required(&program);
	lint_gpu(&program);
	lint_unused(&program);
}

/* Names of wheels that other wheels ask for. */
static GHashTable *find_wanted(const SmithLock *lock)
{
	if (lock == NULL)
		return NULL;
	GHashTable *wanted = g_hash_table_new(g_str_hash, g_str_equal);
	g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);
	for (guint i = 0; i < lock->wheels->len; i++)
		g_hash_table_add(names, ((SmithLockWheel *)lock->wheels->pdata[i])->name);
	for (guint i = 0; i < lock->wheels->len; i++) {
		const SmithLockWheel *wheel = lock->wheels->pdata[i];
		for (char **by = wheel->by; by != NULL && *by != NULL; by++)
			if (g_hash_table_contains(names, *by))
				g_hash_table_add(wanted, wheel->name);
	}
	return wanted;
}

void smith_lint_imports(const SmithFleet *fleet, const SmithLock *lock, SmithPips *pips,
			SmithDiag *diag)
{
	g_autoptr(SmithReachCache) cache = smith_reach_cache_new(fleet->fd);
	g_autoptr(SmithIgnore) ignore = smith_ignore_load(fleet->fd, NULL);
	g_autoptr(GHashTable) wanted = find_wanted(lock);
	g_autoptr(GHashTable) supervisors = g_hash_table_new(NULL, NULL);
	const Imports all = {fleet, pips, cache, ignore, wanted, diag};
	for (guint i = 0; i < fleet->supervisors->len; i++) {
		SmithService *service = fleet->supervisors->pdata[i];
		g_hash_table_insert(supervisors, service->supervises, service);
	}
	for (guint i = 0; i < fleet->services->len; i++) {
		const SmithService *service = fleet->services->pdata[i];
		lint_program(&all, service, image_of(service, supervisors));
	}
}
