/* SPDX-License-Identifier: Apache-2.0 */
#include "fleet/resolve-state.h"

/* With hashes given and several files that fit, the first whose bytes are among them. */
static SmithPick *choose(SmithResolve *resolve, const SmithRequirementLine *line,
			 GPtrArray *candidates)
{
	for (guint i = 0; i < candidates->len; i++) {
		SmithPick *pick = smith_resolve_pick(resolve, candidates->pdata[i]);
		if (*line->hashes == NULL || candidates->len == 1)
			return pick;
		if (pick->lock->sha256 == NULL && pick->error == NULL)
			smith_pick_read(pick);
		if (pick->error == NULL && smith_resolve_hash_is_listed(line, pick->lock->sha256))
			return pick;
	}
	return smith_resolve_pick(resolve, candidates->pdata[0]);
}

static bool has_source(SmithResolve *resolve, const GPtrArray *indexes,
		       const SmithRequirement *wanted)
{
	const GPtrArray *page =
		smith_wheel_finder_page(resolve->finder, indexes, wanted->key, NULL);
	for (guint i = 0; page != NULL && i < page->len; i++) {
		const SmithWheelCandidate *candidate = page->pdata[i];
		if (candidate->name == NULL &&
		    smith_specifier_contains(wanted->specifiers, candidate->version, true))
			return true;
	}
	return false;
}

static gboolean pick_wheel(SmithResolve *resolve, SmithSet *set, const SmithRequirementLine *line,
			   const char *version, GError **error)
{
	const char *key = line->req->key;
	g_autofree char *found = NULL;
	g_autoptr(GPtrArray) indexes = smith_resolve_indexes(resolve->finder, set);
	g_autoptr(GPtrArray) candidates = smith_wheel_finder_list(
		resolve->finder, indexes, line->req, set->target->tags, &found, error);
	if (candidates == NULL)
		return FALSE;
	if (candidates->len == 0 && resolve->options->execute &&
	    has_source(resolve, indexes, line->req)) {
		set->sources = true;
		return TRUE;
	}
	if (candidates->len == 0) {
		smith_resolve_tell(
			resolve, set, line->place, "missing-wheel",
			"no wheel of '%s' %s for Python %s on %s with %s %s, wanted by %s '%s': %s",
			key, version, set->target->env.python_version, set->target->machine,
			set->target->base->libc, set->target->base->libc_version, set->kind,
			set->name, found);
		return TRUE;
	}
	SmithPick *pick = choose(resolve, line, candidates);
	g_hash_table_add(pick->by, g_strdup(set->name));
	g_ptr_array_add(set->picks, pick);
	return TRUE;
}

/* -c files: they ask for nothing, but what is asked for must satisfy them. */
static void check_constraints(SmithResolve *resolve, SmithSet *set,
			      const SmithRequirementLine *line, const SmithVersion *version)
{
	const GPtrArray *constraints = set->requirements->constraints;
	for (guint i = 0; i < constraints->len; i++) {
		const SmithRequirementLine *constraint = constraints->pdata[i];
		gboolean applies = FALSE;
		if (strcmp(constraint->req->key, line->req->key) == 0 &&
		    smith_requirement_applies(constraint->req, &set->target->env, NULL, &applies,
					      NULL) &&
		    applies &&
		    !smith_specifier_contains(constraint->req->specifiers, version, true))
			smith_resolve_tell(resolve, set, line->place, "conflict",
					   "requirement '%s' breaks the constraint '%s' of %s:%u",
					   line->text, constraint->text, constraint->place.file,
					   constraint->place.line);
	}
}

static gboolean pick_line(SmithResolve *resolve, SmithSet *set, const SmithRequirementLine *line,
			  GError **error)
{
	const SmithRequirement *requirement = line->req;
	gboolean wanted = FALSE;
	g_autoptr(GError) local = NULL;
	if (!smith_requirement_applies(requirement, &set->target->env, NULL, &wanted, &local)) {
		smith_resolve_tell(resolve, set, line->place, "bad-marker", "%s", local->message);
		return TRUE;
	}
	if (!wanted)
		return TRUE;
	const char *version = smith_specifier_is_pinned(requirement->specifiers);
	g_autoptr(SmithVersion) pinned =
		version != NULL ? smith_version_parse(version, NULL) : NULL;
	if (pinned == NULL)
		return TRUE;
	check_constraints(resolve, set, line, pinned);
	const SmithSet *owner = NULL;
	const SmithPick *known = smith_set_find(set, requirement->key, &owner);
	if (known == NULL)
		return pick_wheel(resolve, set, line, version, error);
	g_hash_table_add(known->by, g_strdup(set->name));
	if (!smith_specifier_contains(requirement->specifiers, known->candidate->name->version,
				      true))
		smith_resolve_tell(resolve, set, line->place, "conflict",
				   "%s '%s' pins %s %s, but %s '%s' has %s", set->kind, set->name,
				   requirement->key, version, owner->kind, owner->name,
				   known->candidate->name->version_text);
	return TRUE;
}

gboolean smith_resolve_pick_lines(SmithResolve *resolve, SmithSet *set, GError **error)
{
	g_ptr_array_set_size(set->picks, 0);
	for (guint i = 0; i < set->requirements->lines->len; i++)
		if (!pick_line(resolve, set, set->requirements->lines->pdata[i], error))
			return FALSE;
	return TRUE;
}

/* A line whose marker cannot be read is for pick_line() to tell. */
bool smith_resolve_is_pinned(const SmithSet *set, const SmithRequirementLine *line)
{
	gboolean wanted = FALSE;
	if (!smith_requirement_applies(line->req, &set->target->env, NULL, &wanted, NULL) ||
	    !wanted)
		return true;
	const char *version = smith_specifier_is_pinned(line->req->specifiers);
	g_autoptr(SmithVersion) pinned =
		version != NULL ? smith_version_parse(version, NULL) : NULL;
	return pinned != NULL;
}

/* What is pinned needs no pip, so it is picked and read first, all of it at once. */
gboolean smith_resolve_pick_pinned(SmithResolve *resolve, GError **error)
{
	for (guint i = 0; i < resolve->sets->len; i++) {
		SmithSet *set = resolve->sets->pdata[i];
		set->pinned = set->requirements->no_binary->len == 0;
		for (guint j = 0; j < set->requirements->lines->len; j++)
			set->pinned =
				set->pinned &&
				smith_resolve_is_pinned(set, set->requirements->lines->pdata[j]);
		set->asked = !set->pinned || (set->parent != NULL && set->parent->asked);
		if (!set->asked && !smith_resolve_pick_lines(resolve, set, error))
			return FALSE;
	}
	return TRUE;
}
