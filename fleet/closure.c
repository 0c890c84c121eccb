/* SPDX-License-Identifier: Apache-2.0 */
#include "fleet/closure.h"

#include <string.h>

/* Extras that are asked for: distribution -> set of extras; grows until nothing is added. */
typedef struct {
	const SmithSet *set;
	SmithDiag *diag;
	GHashTable *extras; /* key -> GHashTable of names */
	GHashTable *told;   /* findings that were reported */
	GPtrArray *all;
	bool grown;
	bool sound;
} Closure;

static void tell(Closure *closure, const char *rule, const char *format, ...) G_GNUC_PRINTF(3, 4);
static void tell(Closure *closure, const char *rule, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	char *text = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	closure->sound = false;
	if (!g_hash_table_contains(closure->told, text))
		smith_diag_add(closure->diag, SMITH_SEVERITY_ERROR, closure->set->place, rule, "%s",
			       text);
	g_hash_table_add(closure->told, text);
}

static void want_extras(Closure *closure, const char *key, char **extras)
{
	GHashTable *set = g_hash_table_lookup(closure->extras, key);
	if (set == NULL) {
		set = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
		g_hash_table_insert(closure->extras, g_strdup(key), set);
	}
	for (; extras != NULL && *extras != NULL; extras++)
		if (g_hash_table_add(set, g_strdup(*extras)))
			closure->grown = true;
}

static void check_requirement(Closure *closure, const SmithPick *by, const SmithRequirement *need)
{
	g_autofree char *text = smith_requirement_to_string(need);
	SmithPick *met = smith_set_find(closure->set, need->key, NULL);
	if (met == NULL) {
		tell(closure, "missing-wheel",
		     "'%s %s' needs '%s', which no requirement of %s '%s' pins", by->lock->name,
		     by->lock->version, text, closure->set->kind, closure->set->name);
		return;
	}
	if (!smith_specifier_contains(need->specifiers, met->version, true))
		tell(closure, "conflict", "'%s %s' needs '%s', but %s '%s' has %s %s",
		     by->lock->name, by->lock->version, text, closure->set->kind,
		     closure->set->name, met->lock->name, met->lock->version);
	if (met != by) /* "x[all]" of x itself */
		g_hash_table_add(met->by, g_strdup(by->lock->name));
	want_extras(closure, need->key, need->extras);
}

/* TRUE if the requirement applies by itself or for one of the extras that are wanted. */
static bool applies(Closure *closure, const SmithPick *by, const SmithRequirement *need)
{
	g_autoptr(GError) error = NULL;
	const SmithMarkerEnv *env = &closure->set->target->env;
	gboolean result = FALSE;
	if (!smith_requirement_applies(need, env, NULL, &result, &error)) {
		tell(closure, "bad-marker", "'%s %s': %s", by->lock->name, by->lock->version,
		     error->message);
		return false;
	}
	GHashTable *extras = g_hash_table_lookup(closure->extras, by->lock->name);
	if (result || extras == NULL || need->marker == NULL ||
	    !smith_marker_mentions_extra(need->marker))
		return result;
	GHashTableIter iter;
	gpointer extra;
	g_hash_table_iter_init(&iter, extras);
	while (!result && g_hash_table_iter_next(&iter, &extra, NULL))
		if (!smith_requirement_applies(need, env, extra, &result, NULL))
			return false;
	return result;
}

static void check_python(Closure *closure, const SmithPick *pick)
{
	const char *text = pick->wheel->requires_python;
	const char *version = closure->set->target->base->python_version;
	if (text == NULL)
		return;
	g_autoptr(SmithSpecifierSet) wanted = smith_specifier_parse(text, NULL);
	g_autoptr(SmithVersion) python = smith_version_parse(version, NULL);
	if (wanted != NULL && python != NULL && !smith_specifier_contains(wanted, python, true))
		tell(closure, "wrong-python", "'%s %s' needs Python '%s', base '%s' has %s",
		     pick->lock->name, pick->lock->version, text, closure->set->target->base->from,
		     version);
}

static void check_pass(Closure *closure)
{
	for (guint i = 0; i < closure->all->len; i++) {
		const SmithPick *pick = closure->all->pdata[i];
		for (guint j = 0; j < pick->requires->len; j++)
			if (applies(closure, pick, pick->requires->pdata[j]))
				check_requirement(closure, pick, pick->requires->pdata[j]);
	}
}

static void take_lines(Closure *closure)
{
	for (const SmithSet *set = closure->set; set != NULL; set = set->parent) {
		for (guint i = 0; i < set->requirements->lines->len; i++) {
			const SmithRequirementLine *line = set->requirements->lines->pdata[i];
			gboolean result = FALSE;
			if (smith_requirement_applies(line->req, &set->target->env, NULL, &result,
						      NULL) &&
			    result)
				want_extras(closure, line->req->key, line->req->extras);
		}
	}
}

gboolean smith_closure_check(const SmithSet *set, SmithDiag *diag)
{
	Closure closure = {.set = set, .diag = diag, .sound = true};
	closure.extras = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					       (GDestroyNotify)g_hash_table_unref);
	closure.told = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	closure.all = smith_set_all(set);
	take_lines(&closure);
	do {
		closure.grown = false;
		check_pass(&closure);
	} while (closure.grown);
	for (guint i = 0; i < closure.all->len; i++)
		check_python(&closure, closure.all->pdata[i]);
	g_hash_table_unref(closure.extras);
	g_hash_table_unref(closure.told);
	g_ptr_array_unref(closure.all);
	return closure.sound;
}

static void note_build(const SmithLockSdist *sdist, const char *file, GHashTable *picks)
{
	const SmithPick *pick = file != NULL ? g_hash_table_lookup(picks, file) : NULL;
	if (pick != NULL)
		g_hash_table_add(pick->by, g_strdup(sdist->file));
}

static void note_lines(const SmithSet *set)
{
	for (guint i = 0; i < set->requirements->lines->len; i++) {
		const SmithRequirementLine *line = set->requirements->lines->pdata[i];
		SmithPick *pick = smith_set_find(set, line->req->key, NULL);
		gboolean result = FALSE;
		if (pick != NULL &&
		    smith_requirement_applies(line->req, &set->target->env, NULL, &result, NULL) &&
		    result)
			g_hash_table_add(pick->by, g_strdup(set->name));
	}
}

void smith_closure_note(const GPtrArray *sets, const GPtrArray *used, const GPtrArray *sdists,
			GHashTable *picks)
{
	g_autoptr(SmithDiag) again = smith_diag_new();
	for (guint i = 0; i < used->len; i++)
		g_hash_table_remove_all(((SmithPick *)used->pdata[i])->by);
	for (guint i = 0; i < sets->len; i++) {
		const SmithSet *set = sets->pdata[i];
		if (set->target == NULL)
			continue;
		note_lines(set);
		smith_closure_check(set, again);
	}
	for (guint i = 0; i < sdists->len; i++) {
		const SmithLockSdist *sdist = sdists->pdata[i];
		note_build(sdist, sdist->pip, picks);
		for (char **file = sdist->wheels; file != NULL && *file != NULL; file++)
			note_build(sdist, *file, picks);
	}
}
