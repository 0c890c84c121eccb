/* SPDX-License-Identifier: Apache-2.0 */
#include "fleet/resolve.h"

#include <string.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/pool.h"
#include "fleet/base-image.h"
#include "fleet/bootstrap-base.h"
#include "fleet/closure.h"
#include "fleet/collide.h"
#include "fleet/pick.h"
#include "fleet/pip-package.h"
#include "fleet/resolve-apt.h"
#include "fleet/resolve-sdist.h"
#include "fleet/sdist.h"

typedef struct {
	const SmithFleet *fleet;
	SmithStore *store;
	const SmithResolveOptions *options;
	SmithDiag *diag;
	SmithLock *lock;
	SmithFamilyContext family; /* of that lock */
	SmithWheelFinder *finder;
	GHashTable *reasons; /* why pip cannot be asked, as far as it is told */
	GHashTable *known;   /* references of bases that are in the lock */
	GHashTable *targets; /* SmithLockBase* -> SmithTarget* */
	GPtrArray *sets;     /* (element-type SmithSet*) parents before children */
	GHashTable *picks;   /* file name -> SmithPick* */
	GPtrArray *sdists;   /* (element-type SmithLockSdist*) */
	GPtrArray *uses;     /* (element-type SmithPick*, borrowed) that builds use */
} Resolve;

static void set_free(gpointer data)
{
	SmithSet *set = data;
	g_clear_pointer(&set->requirements, smith_requirements_free);
	g_clear_pointer(&set->picks, g_ptr_array_unref);
	g_free(set);
}

static void resolve_clear(Resolve *resolve)
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
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Resolve, resolve_clear)

/* For a fleet that names none. */
static char *own_platform(void)
{
	g_autoptr(SmithPlatform) platform = smith_platform_own();
	return smith_platform_to_string(platform);
}

static gboolean lock_base(Resolve *resolve, const SmithFamily *family, GError **error)
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
static gboolean set_target(Resolve *resolve, SmithSet *set, const char *family, GError **error)
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

static SmithSet *find_set(const Resolve *resolve, const char *family)
{
	for (guint i = 0; i < resolve->sets->len; i++) {
		SmithSet *set = resolve->sets->pdata[i];
		if (strcmp(set->kind, "family") == 0 && strcmp(set->name, family) == 0)
			return set;
	}
	return NULL;
}

static SmithSet *add_set(Resolve *resolve, const char *kind, const char *name, SmithPlace place,
			 const SmithPip *pip, const char *from)
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

static gboolean add_family(Resolve *resolve, const SmithFamily *family, GError **error)
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

static gboolean add_sets(Resolve *resolve, GError **error)
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

static void tell(Resolve *resolve, SmithSet *set, SmithPlace place, const char *rule,
		 const char *format, ...) G_GNUC_PRINTF(5, 6);
static void tell(Resolve *resolve, SmithSet *set, SmithPlace place, const char *rule,
		 const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	g_autofree char *text = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	set->sound = false;
	smith_diag_add(resolve->diag, SMITH_SEVERITY_ERROR, place, rule, "%s", text);
}

static bool hash_is_listed(const SmithRequirementLine *line, const char *sha256)
{
	g_autofree char *digest = g_strconcat("sha256:", sha256, NULL);
	return *line->hashes == NULL || g_strv_contains((const char *const *)line->hashes, digest);
}

static SmithPick *pick_of(Resolve *resolve, const SmithWheelCandidate *candidate)
{
	SmithPick *pick = g_hash_table_lookup(resolve->picks, candidate->file);
	if (pick != NULL)
		return pick;
	pick = g_new0(SmithPick, 1);
	pick->fleet = resolve->fleet;
	pick->store = resolve->store;
	pick->candidate = candidate;
	pick->lock = g_new0(SmithLockWheel, 1);
	pick->lock->file = g_strdup(candidate->file);
	pick->lock->name = g_strdup(candidate->name->key);
	pick->lock->url = g_strdup(candidate->url);
	pick->by = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_hash_table_insert(resolve->picks, g_strdup(candidate->file), pick);
	return pick;
}

/* With hashes given and several files that fit, the first whose bytes are among them. */
static SmithPick *choose(Resolve *resolve, const SmithRequirementLine *line, GPtrArray *candidates)
{
	for (guint i = 0; i < candidates->len; i++) {
		SmithPick *pick = pick_of(resolve, candidates->pdata[i]);
		if (*line->hashes == NULL || candidates->len == 1)
			return pick;
		if (pick->lock->sha256 == NULL && pick->error == NULL)
			smith_pick_read(pick);
		if (pick->error == NULL && hash_is_listed(line, pick->lock->sha256))
			return pick;
	}
	return pick_of(resolve, candidates->pdata[0]);
}

static bool has_source(Resolve *resolve, const GPtrArray *indexes, const SmithRequirement *wanted)
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

static gboolean pick_wheel(Resolve *resolve, SmithSet *set, const SmithRequirementLine *line,
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
		tell(resolve, set, line->place, "missing-wheel",
		     "no wheel of '%s' %s for Python %s on %s with %s %s, wanted by %s '%s': %s",
		     key, version, set->target->env.python_version, set->target->machine,
		     set->target->base->libc, set->target->base->libc_version, set->kind, set->name,
		     found);
		return TRUE;
	}
	SmithPick *pick = choose(resolve, line, candidates);
	g_hash_table_add(pick->by, g_strdup(set->name));
	g_ptr_array_add(set->picks, pick);
	return TRUE;
}

/* -c files: they ask for nothing, but what is asked for must satisfy them. */
static void check_constraints(Resolve *resolve, SmithSet *set, const SmithRequirementLine *line,
			      const SmithVersion *version)
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
			tell(resolve, set, line->place, "conflict",
			     "requirement '%s' breaks the constraint '%s' of %s:%u", line->text,
			     constraint->text, constraint->place.file, constraint->place.line);
	}
}

static gboolean pick_line(Resolve *resolve, SmithSet *set, const SmithRequirementLine *line,
			  GError **error)
{
	const SmithRequirement *requirement = line->req;
	gboolean wanted = FALSE;
	g_autoptr(GError) local = NULL;
	if (!smith_requirement_applies(requirement, &set->target->env, NULL, &wanted, &local)) {
		tell(resolve, set, line->place, "bad-marker", "%s", local->message);
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
		tell(resolve, set, line->place, "conflict",
		     "%s '%s' pins %s %s, but %s '%s' has %s", set->kind, set->name,
		     requirement->key, version, owner->kind, owner->name,
		     known->candidate->name->version_text);
	return TRUE;
}

static gboolean pick_lines(Resolve *resolve, SmithSet *set, GError **error)
{
	g_ptr_array_set_size(set->picks, 0);
	for (guint i = 0; i < set->requirements->lines->len; i++)
		if (!pick_line(resolve, set, set->requirements->lines->pdata[i], error))
			return FALSE;
	return TRUE;
}

/* A line whose marker cannot be read is for pick_line() to tell. */
static bool is_pinned(const SmithSet *set, const SmithRequirementLine *line)
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
static gboolean pick_pinned(Resolve *resolve, GError **error)
{
	for (guint i = 0; i < resolve->sets->len; i++) {
		SmithSet *set = resolve->sets->pdata[i];
		set->pinned = set->requirements->no_binary->len == 0;
		for (guint j = 0; j < set->requirements->lines->len; j++)
			set->pinned =
				set->pinned && is_pinned(set, set->requirements->lines->pdata[j]);
		set->asked = !set->pinned || (set->parent != NULL && set->parent->asked);
		if (!set->asked && !pick_lines(resolve, set, error))
			return FALSE;
	}
	return TRUE;
}

static gpointer read_pick(gpointer item, GError **error)
{
	(void)error;
	smith_pick_read(item);
	return item;
}

/* Picks that some set uses, each once, in the order of their first use. */
static GPtrArray *used_picks(const Resolve *resolve)
{
	GPtrArray *used = g_ptr_array_new();
	g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);
	for (guint i = 0; i < resolve->sets->len; i++) {
		const SmithSet *set = resolve->sets->pdata[i];
		for (guint j = 0; j < set->picks->len; j++)
			if (g_hash_table_add(seen, set->picks->pdata[j]))
				g_ptr_array_add(used, set->picks->pdata[j]);
	}
	for (guint i = 0; i < resolve->uses->len; i++)
		if (g_hash_table_add(seen, resolve->uses->pdata[i]))
			g_ptr_array_add(used, resolve->uses->pdata[i]);
	return used;
}

static gboolean read_all(Resolve *resolve, GError **error)
{
	SmithEvents *events = resolve->options->events;
	g_autoptr(GPtrArray) used = used_picks(resolve);
	g_autoptr(SmithPool) pool = smith_pool_new(resolve->options->workers);
	for (guint i = 0; i < used->len; i++) {
		SmithPick *pick = used->pdata[i];
		if (pick->wheel == NULL && pick->error == NULL)
			smith_pool_submit(pool, read_pick, pick, 0, NULL);
	}
	while (smith_pool_pending(pool) > 0) {
		gpointer done = NULL;
		if (!smith_pool_take(pool, &done, error))
			return FALSE;
		const SmithPick *pick = done;
		if (pick->error == NULL)
			smith_events_done(events, pick->lock->file, pick->lock->sha256,
					  (guint64)pick->lock->size, false);
	}
	return TRUE;
}

static void check_hashes(Resolve *resolve, SmithSet *set)
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
		    !hash_is_listed(line, sha256))
			tell(resolve, set, line->place, "hash-mismatch",
			     "%s '%s' has 'sha256:%s', which is not among the %u hashes of its "
			     "requirement",
			     pick->sdist != NULL ? "source distribution" : "wheel", file, sha256,
			     g_strv_length(line->hashes));
	}
}

static void check_picks(Resolve *resolve, SmithSet *set)
{
	for (guint i = 0; i < set->picks->len; i++) {
		const SmithPick *pick = set->picks->pdata[i];
		if (pick->error != NULL)
			tell(resolve, set, set->place, "bad-wheel", "%s (wanted by %s '%s')",
			     pick->error->message, set->kind, set->name);
	}
}

/* The reason is told once, for it is the same for all that have it. */
static void tell_not_pinned(Resolve *resolve, SmithSet *set, const char *reason)
{
	if (g_hash_table_add(resolve->reasons, g_strdup(reason)))
		tell(resolve, set, set->place, "not-pinned",
		     "pip cannot be asked for what is not pinned: %s", reason);
	for (guint i = 0; i < set->requirements->lines->len; i++) {
		const SmithRequirementLine *line = set->requirements->lines->pdata[i];
		if (is_pinned(set, line))
			continue;
		g_autofree char *text = smith_requirement_to_string(line->req);
		tell(resolve, set, line->place, "not-pinned",
		     "requirement '%s' must be pinned with '=='", text);
	}
}

static SmithPipAsker asker_of(const Resolve *resolve)
{
	return (SmithPipAsker){
		.family = &resolve->family,
		.finder = resolve->finder,
		.previous = resolve->options->previous,
		.updates = resolve->options->updates,
	};
}

static SmithPick *pick_for_build(gpointer data, const SmithWheelCandidate *candidate)
{
	return pick_of(data, candidate);
}

static gboolean ask_pip(Resolve *resolve, SmithSet *set, GError **error)
{
	SmithPipAsker asker = asker_of(resolve);
	SmithSdistBuilder builder = {&asker, pick_for_build, resolve, resolve->sdists,
				     resolve->uses};
	if (!resolve->options->execute)
		return smith_throw(error, SMITH_ERROR_UNSUPPORTED, "nothing is executed here");
	if (!smith_family_check_platform(resolve->lock, "pip", error))
		return FALSE;
	g_autoptr(GPtrArray) candidates = smith_resolve_ask_pip(&asker, set, error);
	if (candidates == NULL)
		return FALSE;
	g_ptr_array_set_size(set->picks, 0);
	for (guint i = 0; i < candidates->len; i++) {
		const SmithWheelCandidate *candidate = candidates->pdata[i];
		SmithPick *pick = candidate->name != NULL
					  ? pick_of(resolve, candidate)
					  : smith_resolve_build(&builder, set, candidate, error);
		if (pick == NULL)
			return FALSE;
		g_ptr_array_add(set->picks, pick);
	}
	return TRUE;
}

/* What pip says of a set is a finding, and that it cannot say anything is one when it had to. */
static gboolean pick_by_pip(Resolve *resolve, SmithSet *set, SmithDiag *instead, GError **error)
{
	g_autoptr(GError) local = NULL;
	if (ask_pip(resolve, set, &local)) {
		set->asked = true;
		return TRUE;
	}
	if (g_error_matches(local, SMITH_ERROR, SMITH_ERROR_CONFLICT)) {
		tell(resolve, set, set->place, "conflict", "no set of versions for %s '%s': %s",
		     set->kind, set->name, local->message);
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
static void check_files(Resolve *resolve, SmithSet *set)
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
	Resolve *resolve;
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
		return pip != NULL ? pick_of(locked->resolve, pip) : NULL;
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
			return pick_of(locked->resolve, list->pdata[i]);
	return NULL;
}

/* The wheels that the lock has for the set; FALSE when one is not to be had any more. */
static bool pick_locked(Resolve *resolve, SmithSet *set, const SmithLockSet *row)
{
	const SmithLock *previous = resolve->options->previous;
	SmithPipAsker asker = asker_of(resolve);
	SmithSdistBuilder builder = {&asker, pick_for_build, resolve, resolve->sdists,
				     resolve->uses};
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
static gboolean keep_locked(Resolve *resolve, SmithSet *set, GError **error)
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
	if (!read_all(resolve, error))
		return FALSE;
	for (guint i = 0; i < set->picks->len; i++)
		if (((SmithPick *)set->picks->pdata[i])->error != NULL)
			return TRUE;
	set->proven = smith_closure_check(set, missing);
	set->asked = true;
	return TRUE;
}

/* A set that is pinned and complete is what it says. */
static gboolean settle(Resolve *resolve, SmithSet *set, GError **error)
{
	bool moved = set->parent != NULL && set->parent->asked;
	set->asked = moved;
	if (set->parent != NULL && !set->parent->sound)
		set->sound = false;
	if (set->target == NULL)
		return TRUE;
	if (moved && set->pinned && set->sound &&
	    (!pick_lines(resolve, set, error) || !read_all(resolve, error)))
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
		if (set->sound && !keep_locked(resolve, set, error))
			return FALSE;
		if (!set->proven && (set->sound || !resolve->options->execute) &&
		    !pick_by_pip(resolve, set, NULL, error))
			return FALSE;
	}
	if (!read_all(resolve, error))
		return FALSE;
	if (set->sound)
		check_files(resolve, set);
	return TRUE;
}

/* An override that replaces nothing is a mistake. */
static void check_overrides(Resolve *resolve, SmithSet *set)
{
	for (char **name = set->pip != NULL ? set->pip->override : NULL;
	     set->sound && name != NULL && *name != NULL; name++) {
		const SmithSet *owner = NULL;
		if (smith_set_find(set->parent, *name, NULL) == NULL)
			tell(resolve, set, set->place, "override",
			     "%s '%s' overrides '%s', which no family that it is derived from has",
			     set->kind, set->name, *name);
		else if (smith_set_find(set, *name, &owner) == NULL || owner != set)
			tell(resolve, set, set->place, "override",
			     "%s '%s' overrides '%s', but does not require it", set->kind,
			     set->name, *name);
	}
}

/* A set is looked into only when it and its parents are sound so far: what follows from an error
 * that is told already helps nobody. */
static gboolean check_sets(Resolve *resolve, GError **error)
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

static char **steal_strings(GPtrArray *strings)
{
	g_ptr_array_add(strings, NULL);
	return (char **)g_ptr_array_free(strings, FALSE);
}

static char **keys_of(GHashTable *table)
{
	GPtrArray *keys = g_ptr_array_new();
	GHashTableIter iter;
	gpointer key;
	g_hash_table_iter_init(&iter, table);
	while (g_hash_table_iter_next(&iter, &key, NULL))
		g_ptr_array_add(keys, g_strdup(key));
	return steal_strings(keys);
}

static void fill_lock(Resolve *resolve)
{
	SmithLock *lock = resolve->lock;
	/* what there is to say of requirements was said when they were read first */
	g_autoptr(SmithDiag) again = smith_diag_new();
	for (guint i = 0; i < resolve->sets->len; i++) {
		const SmithSet *set = resolve->sets->pdata[i];
		bool is_family = strcmp(set->kind, "family") == 0;
		SmithLockSet *row =
			is_family ? smith_lock_family(lock, set->name) : g_new0(SmithLockSet, 1);
		if (!is_family) {
			row->name = g_strdup(set->name);
			row->from = g_strdup(set->from);
			g_ptr_array_add(lock->services, row);
		}
		row->requirements = smith_lock_requirements(resolve->fleet, set->pip, again);
		row->override = set->pip != NULL ? g_strdupv(set->pip->override) : NULL;
		GPtrArray *files = g_ptr_array_new();
		for (guint j = 0; j < set->picks->len; j++)
			g_ptr_array_add(files,
					g_strdup(((SmithPick *)set->picks->pdata[j])->lock->file));
		row->wheels = steal_strings(files);
	}
	g_autoptr(GPtrArray) used = used_picks(resolve);
	while (resolve->sdists->len > 0)
		g_ptr_array_add(lock->sdists, g_ptr_array_steal_index(resolve->sdists, 0));
	bool asked = false;
	for (guint i = 0; i < resolve->sets->len; i++)
		asked = asked || ((SmithSet *)resolve->sets->pdata[i])->asked;
	if (asked)
		smith_closure_note(resolve->sets, used, lock->sdists, resolve->picks);
	for (guint i = 0; i < used->len; i++) {
		SmithPick *pick = used->pdata[i];
		pick->lock->by = keys_of(pick->by);
		g_ptr_array_add(lock->wheels, g_steal_pointer(&pick->lock));
	}
	smith_lock_sort(lock);
}

SmithLock *smith_resolve(const SmithFleet *fleet, SmithStore *store,
			 const SmithResolveOptions *options, SmithDiag *diag, GError **error)
{
	g_auto(Resolve)
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
						    .compression = options->compression,
						    .epoch = options->epoch,
						    .workers = options->workers};
	resolve.picks = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					      (GDestroyNotify)smith_pick_free);
	resolve.sets = g_ptr_array_new_with_free_func(set_free);
	resolve.sdists = g_ptr_array_new_with_free_func((GDestroyNotify)smith_lock_sdist_free);
	resolve.uses = g_ptr_array_new();
	resolve.finder = smith_wheel_finder_new(fleet, error);
	if (resolve.finder == NULL || !add_sets(&resolve, error) || !pick_pinned(&resolve, error) ||
	    !read_all(&resolve, error) || !check_sets(&resolve, error))
		return NULL;
	smith_diag_sort(diag);
	if (!smith_diag_check(diag, error))
		return NULL;
	fill_lock(&resolve);
	return g_steal_pointer(&resolve.lock);
}
