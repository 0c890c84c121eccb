/* SPDX-License-Identifier: Apache-2.0 */
#include "fleet/auto-family.h"

#include <string.h>

#include "fleet/lock.h"
#include "fleet/reach.h"
#include "python/import-map.h"

/* What a family's chain requires: normal name -> specifiers. */
typedef struct {
	const SmithFamily *family;
	GHashTable *pins;
} Candidate;

static void candidate_free(gpointer data)
{
	Candidate *candidate = data;
	g_hash_table_unref(candidate->pins);
	g_free(candidate);
}

static GHashTable *new_pins(void)
{
	return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
}

/* Trouble with the requirements is told when they are locked. */
static void add_pins(const SmithFleet *fleet, const SmithPip *pip, GHashTable *pins)
{
	g_autoptr(SmithDiag) diag = smith_diag_new();
	g_autoptr(SmithRequirements) found = smith_lock_read_requirements(fleet, pip, diag);
	for (guint i = 0; i < found->lines->len; i++) {
		const SmithRequirementLine *line = found->lines->pdata[i];
		g_hash_table_replace(pins, g_strdup(line->req->key),
				     smith_specifier_to_string(line->req->specifiers));
	}
}

/* NULL for a family that is derived from itself. */
static Candidate *new_candidate(const SmithFleet *fleet, const SmithFamily *family)
{
	Candidate *candidate = g_new0(Candidate, 1);
	candidate->family = family;
	candidate->pins = new_pins();
	guint steps = 0;
	for (const SmithFamily *at = family; at != NULL; at = smith_fleet_family(fleet, at->from)) {
		if (steps++ > fleet->families->len) {
			candidate_free(candidate);
			return NULL;
		}
		add_pins(fleet, at->pip, candidate->pins);
	}
	return candidate;
}

static GPtrArray *new_candidates(const SmithFleet *fleet)
{
	GPtrArray *candidates = g_ptr_array_new_with_free_func(candidate_free);
	for (guint i = 0; i < fleet->families->len; i++) {
		Candidate *candidate = new_candidate(fleet, fleet->families->pdata[i]);
		if (candidate != NULL)
			g_ptr_array_add(candidates, candidate);
	}
	return candidates;
}

static bool agree(const Candidate *candidate, GHashTable *own)
{
	GHashTableIter iter;
	gpointer key, value;
	g_hash_table_iter_init(&iter, own);
	while (g_hash_table_iter_next(&iter, &key, &value)) {
		const char *other = g_hash_table_lookup(candidate->pins, key);
		if (other != NULL && strcmp(other, value) != 0)
			return false;
	}
	return true;
}

static bool has(const SmithReachName *import, const Candidate *candidate, GHashTable *own)
{
	g_auto(GStrv) names = smith_import_distributions(import->name);
	bool found = *names == NULL;
	for (char **name = names; *name != NULL && !found; name++)
		found = g_hash_table_contains(candidate->pins, *name) ||
			g_hash_table_contains(own, *name);
	return found;
}

/* The imports that neither the family nor the service brings (element-type SmithReachName*). */
static GPtrArray *lacking(const SmithReach *reach, const Candidate *candidate, GHashTable *own)
{
	GPtrArray *names = g_ptr_array_new();
	for (guint i = 0; reach != NULL && i < reach->imports->len; i++) {
		const SmithReachName *import = reach->imports->pdata[i];
		if (import->hard && !has(import, candidate, own))
			g_ptr_array_add(names, (gpointer)import);
	}
	return names;
}

static SmithReach *find_reach(SmithReachCache *cache, const SmithService *service)
{
	const SmithApp *app = service->app;
	const char *entry = smith_app_entry(app);
	/* a program that is not there is told by others */
	return entry != NULL ? smith_reach_find(cache, app->form, entry, 0, NULL) : NULL;
}

static void tell(const SmithService *service, const Candidate *nearest, const GPtrArray *names,
		 SmithDiag *diag)
{
	if (nearest == NULL) {
		smith_diag_add_about(diag, SMITH_SEVERITY_ERROR, service->family_place,
				     "family-auto", service->name,
				     "no family agrees with the requirements of service '%s'",
				     service->name);
		return;
	}
	const SmithReachName *first = names->pdata[0];
	g_autofree char *chain = smith_reach_chain(first->from, first->line);
	g_autofree char *more =
		names->len > 1 ? g_strdup_printf(" and %u more", names->len - 1) : g_strdup("");
	smith_diag_add_about(
		diag, SMITH_SEVERITY_ERROR, service->family_place, "family-auto", service->name,
		"no family has all that service '%s' imports: the nearest, '%s', lacks "
		"'%s' (%s)%s",
		service->name, nearest->family->name, first->name, chain, more);
}

static void set_family(SmithService *service, const char *name)
{
	g_free(service->family);
	service->family = g_strdup(name);
	for (guint i = 0; i < service->variants->len; i++) {
		const SmithVariant *variant = service->variants->pdata[i];
		g_free(variant->service->family);
		variant->service->family = g_strdup(name);
	}
}

/* Nearer: lacks less, then has less. */
static bool is_nearer(const Candidate *candidate, guint lacks, const Candidate *best,
		      guint best_lacks)
{
	if (best == NULL || lacks != best_lacks)
		return best == NULL || lacks < best_lacks;
	return g_hash_table_size(candidate->pins) < g_hash_table_size(best->pins);
}

static void choose(const SmithFleet *fleet, SmithService *service, SmithReachCache *cache,
		   const GPtrArray *candidates, SmithDiag *diag)
{
	g_autoptr(GHashTable) own = new_pins();
	g_autoptr(SmithReach) reach = find_reach(cache, service);
	g_autoptr(GPtrArray) lacks = NULL;
	const Candidate *best = NULL;
	add_pins(fleet, service->pip, own);
	for (guint i = 0; i < candidates->len; i++) {
		const Candidate *candidate = candidates->pdata[i];
		if (!agree(candidate, own))
			continue;
		g_autoptr(GPtrArray) names = lacking(reach, candidate, own);
		if (!is_nearer(candidate, names->len, best, lacks != NULL ? lacks->len : 0))
			continue;
		best = candidate;
		g_clear_pointer(&lacks, g_ptr_array_unref);
		lacks = g_steal_pointer(&names);
	}
	if (best != NULL && lacks->len == 0)
		set_family(service, best->family->name);
	else
		tell(service, best, lacks, diag);
}

void smith_auto_families(SmithFleet *fleet, SmithDiag *diag)
{
	g_autoptr(SmithReachCache) cache = NULL;
	g_autoptr(GPtrArray) candidates = NULL;
	for (guint i = 0; i < fleet->services->len; i++) {
		SmithService *service = fleet->services->pdata[i];
		if (!service->family_auto)
			continue;
		if (cache == NULL) {
			cache = smith_reach_cache_new(fleet->fd);
			candidates = new_candidates(fleet);
		}
		choose(fleet, service, cache, candidates, diag);
	}
}
