/* SPDX-License-Identifier: Apache-2.0 */
#include "fleet/resolve-state.h"

#include "fleet/base-image.h"
#include "fleet/bootstrap-base.h"
#include "fleet/resolve-apt.h"

static gboolean lock_base(SmithResolve *resolve, const SmithFamily *family, GError **error)
{
	const char *from = family->from;
	if (g_hash_table_contains(resolve->known, from))
		return TRUE;
	const SmithLock *previous = resolve->options->previous;
	const SmithLockBase *old =
		previous != NULL && strcmp(previous->platform, resolve->lock->platform) == 0
			? smith_lock_base(previous, from)
			: NULL;
	smith_events_start(resolve->options->events, from);
	SmithLockBase *base = family->bootstrap != NULL
				      ? smith_bootstrap_lock(&resolve->family, resolve->lock,
							     resolve->options, family, error)
				      : smith_base_lock(resolve->fleet, resolve->store, from,
							resolve->lock->platform, old, error);
	if (base == NULL)
		return FALSE;
	g_ptr_array_add(resolve->lock->bases, base);
	smith_events_done(resolve->options->events, from, base->digest, 0, false);
	g_hash_table_add(resolve->known, g_strdup(from));
	return TRUE;
}

/* A base need not have an interpreter when the packages of a family bring one. */
static gboolean set_target(SmithResolve *resolve, SmithSet *set, const char *family, GError **error)
{
	const SmithLockBase *base = smith_lock_base_of(resolve->lock, resolve->fleet, family);
	bool is_needed = strcmp(set->kind, "service") == 0 || set->requirements->lines->len > 0;
	if (!is_needed && (base->python == NULL || base->libc == NULL))
		return TRUE;
	SmithTarget *target = g_hash_table_lookup(resolve->targets, base);
	if (target == NULL) {
		target = smith_target_new(base, resolve->lock->platform, error);
		if (target == NULL)
			return FALSE;
		g_hash_table_insert(resolve->targets, (gpointer)base, target);
	}
	set->target = target;
	smith_set_check_pylocks(set, resolve->diag);
	return TRUE;
}

static SmithSet *find_set(const SmithResolve *resolve, const char *family)
{
	for (guint i = 0; i < resolve->sets->len; i++) {
		SmithSet *set = resolve->sets->pdata[i];
		if (strcmp(set->kind, "family") == 0 && strcmp(set->name, family) == 0)
			return set;
	}
	return NULL;
}

static SmithSet *add_set(SmithResolve *resolve, const char *kind, const char *name,
			 SmithPlace place, const SmithPip *pip, const char *from)
{
	SmithSet *set = g_new0(SmithSet, 1);
	set->kind = kind;
	set->name = name;
	set->place = pip != NULL ? pip->place : place;
	set->pip = pip;
	set->from = from;
	set->parent = find_set(resolve, from);
	guint before = resolve->diag->errors;
	set->requirements = smith_lock_read_requirements(resolve->fleet, pip, resolve->diag);
	set->picks = g_ptr_array_new();
	set->sound = resolve->diag->errors == before;
	g_ptr_array_add(resolve->sets, set);
	return set;
}

static gboolean add_family(SmithResolve *resolve, const SmithFamily *family, GError **error)
{
	if (find_set(resolve, family->name) != NULL)
		return TRUE;
	const SmithFamily *parent = smith_fleet_family(resolve->fleet, family->from);
	if (parent != NULL ? !add_family(resolve, parent, error)
			   : !lock_base(resolve, family, error))
		return FALSE;
	if (!smith_resolve_apt(&resolve->family, resolve->lock, resolve->options, family, error))
		return FALSE;
	SmithSet *set =
		add_set(resolve, "family", family->name, family->place, family->pip, family->from);
	return set_target(resolve, set, family->name, error);
}

gboolean smith_resolve_add_sets(SmithResolve *resolve, GError **error)
{
	const SmithFleet *fleet = resolve->fleet;
	for (guint i = 0; i < fleet->families->len; i++)
		if (!add_family(resolve, fleet->families->pdata[i], error))
			return FALSE;
	for (guint i = 0; i < fleet->built->len; i++) {
		const SmithService *service = fleet->built->pdata[i];
		SmithSet *set = add_set(resolve, "service", service->name, service->place,
					service->pip, service->family);
		if (!set_target(resolve, set, service->family, error))
			return FALSE;
	}
	return TRUE;
}
