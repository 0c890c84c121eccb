/* SPDX-License-Identifier: Apache-2.0 */
#include "fleet/resolve.h"

#include <string.h>

#include "base/error.h"
#include "fleet/closure.h"
#include "fleet/collide.h"
#include "fleet/part.h"
#include "fleet/profile.h"
#include "fleet/resolve-state.h"
#include "fleet/step-limits.h"

static void set_free(gpointer data)
{
	SmithSet *set = data;
	g_clear_pointer(&set->requirements, smith_requirements_free);
	g_clear_pointer(&set->picks, g_ptr_array_unref);
	g_free(set);
}

static void resolve_clear(SmithResolve *resolve)
{
	g_clear_pointer(&resolve->lock, smith_lock_free);
	g_clear_pointer(&resolve->sets, g_ptr_array_unref);
	g_clear_pointer(&resolve->picks, g_hash_table_unref);
	g_clear_pointer(&resolve->sdists, g_ptr_array_unref);
	g_clear_pointer(&resolve->uses, g_ptr_array_unref);
	g_clear_pointer(&resolve->reasons, g_hash_table_unref);
	g_clear_pointer(&resolve->known, g_hash_table_unref);
	g_clear_pointer(&resolve->targets, g_hash_table_unref);
	g_clear_pointer(&resolve->finder, smith_wheel_finder_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(SmithResolve, resolve_clear)

/* For a fleet that names none. */
static char *own_platform(void)
{
	g_autoptr(SmithPlatform) platform = smith_platform_own();
	return smith_platform_to_string(platform);
}

static void check_hashes(SmithResolve *resolve, SmithSet *set)
{
	for (guint i = 0; i < set->requirements->lines->len; i++) {
		const SmithRequirementLine *line = set->requirements->lines->pdata[i];
		const SmithPick *pick = smith_set_find(set, line->req->key, NULL);
		gboolean applies = FALSE;
		/* the line may be for another platform, and a conflict is told already */
		if (!smith_requirement_applies(line->req, &set->target->env, NULL, &applies,
					       NULL) ||
		    !applies || pick == NULL || pick->error != NULL)
			continue;
		const char *file = pick->sdist != NULL ? pick->sdist->file : pick->lock->file;
		const char *sha256 = pick->sdist != NULL ? pick->sdist->sha256 : pick->lock->sha256;
		if (smith_specifier_contains(line->req->specifiers, pick->version, true) &&
		    !smith_resolve_hash_is_listed(line, sha256))
			smith_resolve_tell(
				resolve, set, line->place, "hash-mismatch",
				"%s '%s' has 'sha256:%s', which is not among the %u hashes of its "
				"requirement",
				pick->sdist != NULL ? "source distribution" : "wheel", file, sha256,
				g_strv_length(line->hashes));
	}
}

static void check_picks(SmithResolve *resolve, SmithSet *set)
{
	for (guint i = 0; i < set->picks->len; i++) {
		const SmithPick *pick = set->picks->pdata[i];
		if (pick->error != NULL)
			smith_resolve_tell(resolve, set, set->place, "bad-wheel",
					   "%s (wanted by %s '%s')", pick->error->message,
					   set->kind, set->name);
	}
}

/* The reason is told once, for it is the same for all that have it. */
static void tell_not_pinned(SmithResolve *resolve, SmithSet *set, const char *reason)
{
	if (g_hash_table_add(resolve->reasons, g_strdup(reason)))
		smith_resolve_tell(resolve, set, set->place, "not-pinned",
				   "pip cannot be asked for what is not pinned: %s", reason);
	for (guint i = 0; i < set->requirements->lines->len; i++) {
		const SmithRequirementLine *line = set->requirements->lines->pdata[i];
		if (smith_resolve_is_pinned(set, line))
			continue;
		g_autofree char *text = smith_requirement_to_string(line->req);
		smith_resolve_tell(resolve, set, line->place, "not-pinned",
				   "requirement '%s' must be pinned with '=='", text);
	}
}

static gboolean ask_pip(SmithResolve *resolve, SmithSet *set, GError **error)
{
	SmithPipAsker asker = smith_resolve_asker(resolve);
	SmithSdistBuilder builder = smith_resolve_builder(resolve, &asker);
	if (!resolve->options->execute)
		return smith_throw(error, SMITH_ERROR_UNSUPPORTED, "nothing is executed here");
	if (!smith_family_check_platform(resolve->lock, "pip", error))
		return FALSE;
	/* pip's answer is all of the set: what was picked before is not there already */
	g_ptr_array_set_size(set->picks, 0);
	g_autoptr(GPtrArray) candidates = smith_resolve_ask_pip(&asker, set, error);
	if (candidates == NULL)
		return FALSE;
	for (guint i = 0; i < candidates->len; i++) {
		const SmithWheelCandidate *candidate = candidates->pdata[i];
		SmithPick *pick = candidate->name != NULL
					  ? smith_resolve_pick(resolve, candidate)
					  : smith_resolve_build(&builder, set, candidate, error);
		if (pick == NULL)
			return FALSE;
		g_ptr_array_add(set->picks, pick);
	}
	return TRUE;
}

/* What pip says of a set is a finding, and that it cannot say anything is one when it had to. */
static gboolean pick_by_pip(SmithResolve *resolve, SmithSet *set, SmithDiag *instead,
			    GError **error)
{
	g_autoptr(GError) local = NULL;
	if (ask_pip(resolve, set, &local)) {
		set->asked = true;
		return TRUE;
	}
	if (g_error_matches(local, SMITH_ERROR, SMITH_ERROR_CONFLICT)) {
		smith_resolve_tell(resolve, set, set->place, "conflict",
				   "no set of versions for %s '%s': %s", set->kind, set->name,
				   local->message);
	} else if (!g_error_matches(local, SMITH_ERROR, SMITH_ERROR_UNSUPPORTED)) {
		g_propagate_prefixed_error(error, g_steal_pointer(&local), "%s '%s': ", set->kind,
					   set->name);
		return FALSE;
	} else if (instead != NULL) {
		smith_diag_take(resolve->diag, instead);
		set->sound = false;
	} else {
		tell_not_pinned(resolve, set, local->message);
	}
	return TRUE;
}

/* Everything that can be said of what was picked, but for the closure. */
static void check_files(SmithResolve *resolve, SmithSet *set)
{
	check_hashes(resolve, set);
	check_picks(resolve, set);
	set->sound = set->sound && (set->parent == NULL || set->parent->sound);
}

/* Nothing but pins is missing; of pins that contradict each other pip knows no more than we. */
static bool is_incomplete(const SmithDiag *findings)
{
	for (guint i = 0; i < findings->findings->len; i++)
		if (strcmp(((SmithFinding *)findings->findings->pdata[i])->rule, "missing-wheel") !=
		    0)
			return false;
	return true;
}

/* A set that is pinned and complete is what it says. */
static gboolean settle(SmithResolve *resolve, SmithSet *set, GError **error)
{
	bool moved = set->parent != NULL && set->parent->asked;
	set->asked = moved;
	if (set->parent != NULL && !set->parent->sound)
		set->sound = false;
	if (set->target == NULL)
		return TRUE;
	if (moved && set->pinned && set->sound &&
	    (!smith_resolve_pick_lines(resolve, set, error) || !smith_resolve_read(resolve, error)))
		return FALSE;
	if (set->pinned && !set->sources) {
		g_autoptr(SmithDiag) missing = smith_diag_new();
		check_files(resolve, set);
		set->proven = set->sound && smith_closure_check(set, missing);
		if (set->proven || !set->sound)
			return TRUE;
		if (set->requirements->require_hashes || !is_incomplete(missing) ||
		    !resolve->options->execute) {
			smith_diag_take(resolve->diag, missing);
			set->sound = false;
			return TRUE;
		}
		if (!pick_by_pip(resolve, set, missing, error))
			return FALSE;
	} else {
		if (set->sound && !smith_resolve_keep(resolve, set, error))
			return FALSE;
		if (!set->proven && (set->sound || !resolve->options->execute) &&
		    !pick_by_pip(resolve, set, NULL, error))
			return FALSE;
	}
	if (!smith_resolve_read(resolve, error))
		return FALSE;
	if (set->sound)
		check_files(resolve, set);
	return TRUE;
}

/* An override that replaces nothing is a mistake. */
static void check_overrides(SmithResolve *resolve, SmithSet *set)
{
	for (char **name = set->pip != NULL ? set->pip->override : NULL;
	     set->sound && name != NULL && *name != NULL; name++) {
		const SmithSet *owner = NULL;
		if (smith_set_find(set->parent, *name, NULL) == NULL)
			smith_resolve_tell(resolve, set, set->place, "override",
					   "%s '%s' overrides '%s', which no family that it is "
					   "derived from has",
					   set->kind, set->name, *name);
		else if (smith_set_find(set, *name, &owner) == NULL || owner != set)
			smith_resolve_tell(resolve, set, set->place, "override",
					   "%s '%s' overrides '%s', but does not require it",
					   set->kind, set->name, *name);
	}
}

/* A set is looked into only when it and its parents are sound so far: what follows from an error
 * that is told already helps nobody. */
static gboolean check_sets(SmithResolve *resolve, GError **error)
{
	for (guint i = 0; i < resolve->sets->len; i++) {
		SmithSet *set = resolve->sets->pdata[i];
		if (!settle(resolve, set, error))
			return FALSE;
		if (set->target == NULL)
			continue;
		check_overrides(resolve, set);
		if (set->sound && !set->proven && !smith_closure_check(set, resolve->diag))
			set->sound = false;
		if (set->sound && !smith_collide_check(set, resolve->fleet, resolve->diag))
			set->sound = false;
	}
	return TRUE;
}

SmithLock *smith_resolve(const SmithFleet *fleet, SmithStore *store,
			 const SmithResolveOptions *options, SmithDiag *diag, GError **error)
{
	g_auto(SmithResolve)
		resolve = {.fleet = fleet, .store = store, .options = options, .diag = diag};
	resolve.lock = smith_lock_new();
	resolve.lock->epoch = options->epoch;
	resolve.lock->platform =
		fleet->platform != NULL ? g_strdup(fleet->platform) : own_platform();
	resolve.reasons = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	resolve.known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	resolve.targets =
		g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify)smith_target_free);
	resolve.family.fleet = fleet;
	resolve.family.lock = resolve.lock;
	resolve.family.execution = (SmithExecution){.store = store,
						    .events = options->events,
						    .mode = options->users,
						    .logs = fleet->name,
						    .compression = options->compression,
						    .epoch = options->epoch,
						    .workers = options->workers,
						    .limits = smith_fleet_step_limits(fleet)};
	resolve.picks = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					      (GDestroyNotify)smith_pick_free);
	resolve.sets = g_ptr_array_new_with_free_func(set_free);
	resolve.sdists = g_ptr_array_new_with_free_func((GDestroyNotify)smith_lock_sdist_free);
	resolve.uses = g_ptr_array_new();
	resolve.finder = smith_wheel_finder_new(fleet, error);
	if (resolve.finder == NULL || !smith_resolve_add_sets(&resolve, error) ||
	    !smith_resolve_pick_pinned(&resolve, error) || !smith_resolve_read(&resolve, error) ||
	    !check_sets(&resolve, error))
		return NULL;
	smith_diag_sort(diag);
	if (!smith_diag_check(diag, error) || !smith_parts_fill(resolve.lock, store, error) ||
	    !smith_fleet_lock_profiles(fleet, resolve.lock, store, error))
		return NULL;
	smith_resolve_fill(&resolve);
	return g_steal_pointer(&resolve.lock);
}
