/* SPDX-License-Identifier: Apache-2.0 */
#include "fleet/resolve-state.h"

#include <string.h>

#include "fleet/closure.h"
#include "fleet/pip-package.h"

/* Every line is met by what is picked. */
static bool is_met(const SmithSet *set)
{
	for (guint i = 0; i < set->requirements->lines->len; i++) {
		const SmithRequirementLine *line = set->requirements->lines->pdata[i];
		const SmithPick *pick = smith_set_find(set, line->req->key, NULL);
		gboolean applies = FALSE;
		if (smith_requirement_applies(line->req, &set->target->env, NULL, &applies, NULL) &&
		    applies &&
		    (pick == NULL ||
		     !smith_specifier_contains(line->req->specifiers,
					       pick->candidate->name->version, true)))
			return false;
	}
	return true;
}

typedef struct {
	SmithResolve *resolve;
	const GPtrArray *indexes;
	const SmithTarget *target;
} Locked;

/* NULL when it is not to be had any more. */
static SmithPick *find_locked(gpointer data, const SmithLockWheel *wheel)
{
	const Locked *locked = data;
	if (wheel == NULL)
		return NULL;
	if (smith_pip_package_is(wheel->url)) {
		const SmithWheelCandidate *pip = smith_wheel_finder_add_made(
			locked->resolve->finder, wheel->file, wheel->url, wheel->sha256, NULL);
		return pip != NULL ? smith_resolve_pick(locked->resolve, pip) : NULL;
	}
	g_autofree char *text = g_strconcat(wheel->name, "==", wheel->version, NULL);
	g_autoptr(SmithRequirement) pin = smith_requirement_parse(text, NULL);
	g_autofree char *found = NULL;
	g_autoptr(GPtrArray) list =
		pin != NULL ? smith_wheel_finder_list(locked->resolve->finder, locked->indexes, pin,
						      locked->target->tags, &found, NULL)
			    : NULL;
	for (guint i = 0; list != NULL && i < list->len; i++)
		if (strcmp(((SmithWheelCandidate *)list->pdata[i])->file, wheel->file) == 0)
			return smith_resolve_pick(locked->resolve, list->pdata[i]);
	return NULL;
}

/* The wheels that the lock has for the set; FALSE when one is not to be had any more. */
static bool pick_locked(SmithResolve *resolve, SmithSet *set, const SmithLockSet *row)
{
	const SmithLock *previous = resolve->options->previous;
	SmithPipAsker asker = smith_resolve_asker(resolve);
	SmithSdistBuilder builder = smith_resolve_builder(resolve, &asker);
	g_autoptr(GPtrArray) indexes = smith_resolve_indexes(resolve->finder, set);
	Locked locked = {resolve, indexes, set->target};
	for (char **file = row->wheels; file != NULL && *file != NULL; file++) {
		const SmithLockWheel *wheel = smith_lock_wheel(previous, *file);
		if (wheel == NULL)
			return false;
		if (smith_set_find(set, wheel->name, NULL) != NULL)
			continue;
		SmithPick *pick =
			g_str_has_prefix(wheel->url, SMITH_LOCK_SDIST)
				? smith_resolve_keep_built(&builder, wheel, find_locked, &locked)
				: find_locked(&locked, wheel);
		if (pick == NULL)
			return false;
		g_ptr_array_add(set->picks, pick);
	}
	return true;
}

/* What the lock has of a set, or what its parents have, when that is all it asks for; so that pip
 * need not be asked again. */
gboolean smith_resolve_keep(SmithResolve *resolve, SmithSet *set, GError **error)
{
	const SmithLock *previous = resolve->options->previous;
	const char *const *update = resolve->options->updates;
	const SmithLockSet *row = NULL;
	g_ptr_array_set_size(set->picks, 0);
	if (previous != NULL && (update == NULL || *update == NULL))
		row = strcmp(set->kind, "family") == 0 ? smith_lock_family(previous, set->name)
						       : smith_lock_service(previous, set->name);
	if (row != NULL) {
		g_autoptr(SmithDiag) again = smith_diag_new();
		g_auto(GStrv) now = smith_lock_requirements(resolve->fleet, set->pip, again);
		if (row->requirements == NULL ||
		    !g_strv_equal((const char *const *)now,
				  (const char *const *)row->requirements) ||
		    strcmp(row->from, set->from) != 0 || !pick_locked(resolve, set, row))
			g_ptr_array_set_size(set->picks, 0);
	}
	g_autoptr(SmithDiag) missing = smith_diag_new();
	if (!is_met(set))
		return TRUE;
	if (!smith_resolve_read(resolve, error))
		return FALSE;
	for (guint i = 0; i < set->picks->len; i++)
		if (((SmithPick *)set->picks->pdata[i])->error != NULL)
			return TRUE;
	set->proven = smith_closure_check(set, missing);
	set->asked = true;
	return TRUE;
}
