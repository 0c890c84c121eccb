/* SPDX-License-Identifier: Apache-2.0 */
#include "fleet/resolve-sdist.h"

#include <string.h>

#include "base/error.h"
#include "base/fd.h"
#include "fleet/sdist.h"
#include "fleet/wheel-file.h"
#include "store/fetch.h"

/* One build that is being prepared. */
typedef struct {
	const SmithSdistBuilder *builder;
	const SmithFamilyContext *family;
	SmithSet set; /* of its build requirements */
	SmithLockSdist *row;
	char *path; /* of the source */
	SmithRoot *root;
	GPtrArray *wheels; /* (element-type SmithLockWheel*, borrowed) */
	SmithPick *pip;	   /* or NULL */
	SmithTarget *target;
} Build;

static void build_clear(Build *build)
{
	g_clear_pointer(&build->row, smith_lock_sdist_free);
	g_free(build->path);
	g_clear_pointer(&build->root, smith_root_free);
	g_clear_pointer(&build->wheels, g_ptr_array_unref);
	g_clear_pointer(&build->target, smith_target_free);
	g_clear_pointer(&build->set.requirements, smith_requirements_free);
	g_clear_pointer(&build->set.picks, g_ptr_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Build, build_clear)

static const char *builder_in(const SmithPip *pip)
{
	const char *name = pip != NULL ? pip->builder : NULL;
	for (guint i = 0; pip != NULL && pip->others != NULL && i < pip->others->len; i++)
		name = name != NULL ? name : builder_in(pip->others->pdata[i]);
	return name;
}

static const char *builder_of(const SmithSet *set)
{
	const char *own = strcmp(set->kind, "family") == 0 ? set->name : set->from;
	for (; set != NULL; set = set->parent)
		if (builder_in(set->pip) != NULL)
			return builder_in(set->pip);
	return own;
}

static gboolean choose_family(Build *build, const SmithSet *set, GError **error)
{
	const char *name = builder_of(set);
	const SmithFleet *fleet = build->family->fleet;
	if (smith_fleet_family(fleet, name) == NULL)
		return smith_throw(error, SMITH_ERROR_CONFLICT,
				   "'%s' is to be built by family '%s', which there is not",
				   build->row->file, name);
	const SmithLockBase *base = smith_lock_base_of(build->family->lock, fleet, name);
	build->target = smith_target_new(base, build->family->lock->platform, error);
	if (build->target == NULL)
		return FALSE;
	if (strcmp(build->target->env.python_version, set->target->env.python_version) != 0)
		return smith_throw(
			error, SMITH_ERROR_CONFLICT,
			"'%s' is to be built by family '%s', which has Python %s, for %s",
			build->row->file, name, build->target->env.python_version,
			set->target->env.python_version);
	build->row->family = g_strdup(name);
	build->root = smith_family_root(build->family, name, error);
	if (build->root == NULL)
		return FALSE;
	build->row->root = g_strdup(build->root->chain_id);
	return TRUE;
}

static gboolean fetch(Build *build, GError **error)
{
	struct stat st;
	build->path = smith_sdist_path(build->family, build->row, error);
	if (build->path == NULL)
		return FALSE;
	g_free(build->row->sha256);
	build->row->sha256 = g_path_get_basename(build->path);
	smith_autofd int fd =
		smith_fetch_open(build->family->execution.store, build->row->sha256, error);
	if (fd < 0)
		return FALSE;
	if (fstat(fd, &st) < 0)
		return smith_throw_errno(error, "cannot stat '%s'", build->row->file);
	build->row->size = st.st_size;
	return TRUE;
}

static SmithPick *pick(const Build *build, const SmithWheelCandidate *candidate, GError **error)
{
	SmithPick *found = build->builder->pick(build->builder->data, candidate);
	if (found->wheel == NULL && found->error == NULL)
		smith_pick_read(found);
	if (found->error != NULL) {
		g_propagate_error(error, g_error_copy(found->error));
		return NULL;
	}
	return found;
}

static gboolean find_pip(Build *build, GError **error)
{
	g_autoptr(GPtrArray) indexes =
		smith_resolve_indexes(build->builder->asker->finder, &build->set);
	const SmithWheelCandidate *wheel =
		smith_resolve_find_pip(build->builder->asker, indexes, build->row->family,
				       build->root, build->target, error);
	build->pip = wheel != NULL ? pick(build, wheel, error) : NULL;
	return build->pip != NULL;
}

/* The wheels for what `requires` says now. */
static gboolean resolve_requires(Build *build, GError **error)
{
	g_autoptr(SmithDiag) diag = smith_diag_new();
	SmithSet *set = &build->set;
	g_clear_pointer(&set->requirements, smith_requirements_free);
	set->requirements = smith_requirements_parse_lines(
		(const char *const *)build->row->requires, set->place, diag);
	if (!smith_diag_throw(diag, SMITH_ERROR_CONFLICT, error))
		return FALSE;
	g_ptr_array_set_size(build->wheels, 0);
	if (*build->row->requires == NULL)
		return TRUE;
	g_autoptr(GPtrArray) candidates = smith_resolve_ask_pip(build->builder->asker, set, error);
	for (guint i = 0; candidates != NULL && i < candidates->len; i++) {
		SmithPick *wheel = pick(build, candidates->pdata[i], error);
		if (wheel == NULL)
			return FALSE;
		g_ptr_array_add(build->wheels, wheel->lock);
		g_ptr_array_add(build->builder->uses, wheel);
		g_hash_table_add(wheel->by, g_strdup(build->row->file));
	}
	return candidates != NULL;
}

/* What the source says, or what its backend says, once more when there turns out to be no pip. */
static char **ask_requires(Build *build, gboolean dynamic, GError **error)
{
	const SmithFamilyContext *family = build->family;
	for (;;) {
		g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
		g_autoptr(GPtrArray) files = g_ptr_array_new();
		g_autofree char *pip = NULL;
		g_autoptr(GError) local = NULL;
		if (!smith_sdist_wheel_paths(family, build->wheels, paths, files, error))
			return NULL;
		if (build->pip != NULL) {
			pip = smith_wheel_file_path(family->fleet, family->execution.store,
						    build->pip->lock, error);
			if (pip == NULL)
				return NULL;
		}
		SmithPipBuild request = {
			.name = build->row->file,
			.path = build->path,
			.python = build->target->base->python,
			.pip = pip,
			.wheels = (const char *const *)paths->pdata,
			.files = (const char *const *)files->pdata,
		};
		char **found = smith_pip_build_requires(&family->execution, build->root, &request,
							dynamic, &local);
		if (found != NULL)
			return found;
		if (build->pip != NULL ||
		    !g_error_matches(local, SMITH_ERROR, SMITH_ERROR_NOT_FOUND)) {
			g_propagate_error(error, g_steal_pointer(&local));
			return NULL;
		}
		if (!find_pip(build, error))
			return NULL;
	}
}

static gboolean find_requires(Build *build, GError **error)
{
	build->row->requires = ask_requires(build, FALSE, error);
	if (build->row->requires == NULL || !resolve_requires(build, error))
		return FALSE;
	g_auto(GStrv) more = ask_requires(build, TRUE, error);
	if (more == NULL)
		return FALSE;
	guint said = g_strv_length(build->row->requires);
	g_autoptr(GPtrArray) all = g_ptr_array_new();
	for (guint i = 0; i < said; i++)
		g_ptr_array_add(all, build->row->requires[i]);
	for (char **line = more; *line != NULL; line++)
		if (!g_ptr_array_find_with_equal_func(all, *line, g_str_equal, NULL))
			g_ptr_array_add(all, g_strdup(*line));
	bool grown = all->len > said;
	g_ptr_array_add(all, NULL);
	g_free(build->row->requires);
	build->row->requires = (char **)g_ptr_array_steal(all, NULL);
	return !grown || resolve_requires(build, error);
}

static int compare_files(gconstpointer a, gconstpointer b)
{
	const SmithLockWheel *const *x = a, *const *y = b;
	return strcmp((*x)->file, (*y)->file);
}

/* By the order of the lock, which a later build sees. */
static void fill_row(Build *build)
{
	g_ptr_array_sort(build->wheels, compare_files);
	GPtrArray *files = g_ptr_array_new();
	for (guint i = 0; i < build->wheels->len; i++)
		g_ptr_array_add(files, g_strdup(((SmithLockWheel *)build->wheels->pdata[i])->file));
	g_ptr_array_add(files, NULL);
	build->row->wheels = (char **)g_ptr_array_free(files, FALSE);
	if (build->pip != NULL) {
		build->row->pip = g_strdup(build->pip->lock->file);
		g_ptr_array_add(build->builder->uses, build->pip);
		g_hash_table_add(build->pip->by, g_strdup(build->row->file));
	}
}

static SmithPick *finish(Build *build, const char *sha256, const char *file, GError **error)
{
	g_autofree char *url = g_strconcat(SMITH_LOCK_SDIST, build->row->file, NULL);
	const SmithWheelCandidate *made = smith_wheel_finder_add_made(build->builder->asker->finder,
								      file, url, sha256, error);
	SmithPick *result = made != NULL ? pick(build, made, error) : NULL;
	if (result == NULL)
		return NULL;
	g_free(build->row->wheel);
	build->row->wheel = g_strdup(file);
	result->sdist = build->row;
	g_ptr_array_add(build->builder->sdists, g_steal_pointer(&build->row));
	return result;
}

/* One that another set has built already. */
static SmithPick *find_built(const SmithSdistBuilder *builder, const SmithSet *set,
			     const SmithWheelCandidate *source, GError **error)
{
	for (guint i = 0; i < builder->sdists->len; i++) {
		const SmithLockSdist *row = builder->sdists->pdata[i];
		if (strcmp(row->file, source->file) != 0)
			continue;
		if (strcmp(row->family, builder_of(set)) != 0)
			return smith_throw_null(error, SMITH_ERROR_CONFLICT,
						"'%s' would be built by family '%s' and by '%s': "
						"name one as builder",
						row->file, row->family, builder_of(set));
		g_autofree char *url = g_strconcat(SMITH_LOCK_SDIST, row->file, NULL);
		const SmithWheelCandidate *made = smith_wheel_finder_add_made(
			builder->asker->finder, row->wheel, url, NULL, error);
		return made != NULL ? builder->pick(builder->data, made) : NULL;
	}
	return NULL;
}

SmithPick *smith_resolve_build(const SmithSdistBuilder *builder, const SmithSet *set,
			       const SmithWheelCandidate *source, GError **error)
{
	g_autoptr(GError) local = NULL;
	SmithPick *known = find_built(builder, set, source, &local);
	if (known != NULL)
		return known;
	if (local != NULL) {
		g_propagate_error(error, g_steal_pointer(&local));
		return NULL;
	}
	g_auto(Build) build = {.builder = builder, .family = builder->asker->family};
	g_autofree char *file = NULL;
	build.row = g_new0(SmithLockSdist, 1);
	build.row->file = g_strdup(source->file);
	build.row->url = g_strdup(source->url);
	build.row->sha256 = g_strdup(source->promised);
	build.wheels = g_ptr_array_new();
	if (!choose_family(&build, set, error) || !fetch(&build, error))
		return NULL;
	build.set = (SmithSet){.kind = SMITH_SET_SDIST,
			       .name = source->file,
			       .place = set->place,
			       .pip = set->pip,
			       .from = build.row->family,
			       .target = build.target,
			       .picks = g_ptr_array_new()};
	if (!find_requires(&build, error))
		return NULL;
	fill_row(&build);
	g_autofree char *sha256 =
		smith_sdist_build(build.family, build.row, build.wheels,
				  build.pip != NULL ? build.pip->lock : NULL, &file, error);
	return sha256 != NULL ? finish(&build, sha256, file, error) : NULL;
}

SmithPick *smith_resolve_keep_built(const SmithSdistBuilder *builder, const SmithLockWheel *wheel,
				    SmithPick *(*find)(gpointer data, const SmithLockWheel *wheel),
				    gpointer data)
{
	const SmithLock *previous = builder->asker->previous;
	const SmithLockSdist *row = smith_lock_sdist_of(previous, wheel->url);
	g_auto(Build) build = {.builder = builder, .family = builder->asker->family};
	if (row == NULL || smith_fleet_family(build.family->fleet, row->family) == NULL)
		return NULL;
	build.root = smith_family_root(build.family, row->family, NULL);
	if (build.root == NULL || strcmp(build.root->chain_id, row->root) != 0)
		return NULL;
	build.row = smith_lock_sdist_copy(row);
	for (guint i = 0; i < builder->sdists->len; i++)
		if (strcmp(((SmithLockSdist *)builder->sdists->pdata[i])->file, row->file) == 0)
			g_clear_pointer(&build.row, smith_lock_sdist_free);
	g_autoptr(GPtrArray) picks = g_ptr_array_new();
	for (char **file = row->wheels; file != NULL && *file != NULL; file++)
		g_ptr_array_add(picks, find(data, smith_lock_wheel(previous, *file)));
	if (row->pip != NULL)
		g_ptr_array_add(picks, find(data, smith_lock_wheel(previous, row->pip)));
	if (g_ptr_array_find(picks, NULL, NULL))
		return NULL;
	SmithFamilyContext then = *build.family;
	then.lock = previous;
	if (!smith_sdist_provide(&then, wheel, NULL))
		return NULL;
	const SmithWheelCandidate *made = smith_wheel_finder_add_made(
		builder->asker->finder, wheel->file, wheel->url, wheel->sha256, NULL);
	if (made == NULL)
		return NULL;
	SmithPick *result = builder->pick(builder->data, made);
	if (build.row == NULL)
		return result;
	for (guint i = 0; i < picks->len; i++) {
		SmithPick *used = picks->pdata[i];
		g_hash_table_add(used->by, g_strdup(row->file));
		g_ptr_array_add(builder->uses, used);
	}
	result->sdist = build.row;
	g_ptr_array_add(builder->sdists, g_steal_pointer(&build.row));
	return result;
}
