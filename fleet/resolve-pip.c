/* SPDX-License-Identifier: Apache-2.0 */
#include "fleet/resolve-pip.h"

#include <string.h>

#include "base/error.h"
#include "execute/pip-resolve.h"
#include "fleet/pip-package.h"
#include "fleet/resolve-page.h"
#include "fleet/wheel-file.h"
#include "python/name.h"
#include "store/fetch.h"

/* One set that pip is asked about, perhaps more than once. */
typedef struct {
	const SmithPipAsker *asker;
	const SmithSet *set;
	char *name; /* "family 'web'" */
	SmithRoot *root;
	char *pip;		 /* a wheel of pip, or NULL */
	GPtrArray *indexes;	 /* (element-type SmithWheelIndex*, borrowed) */
	GPtrArray *requirements; /* (element-type char*) */
	GPtrArray *fixed;	 /* (element-type char*) constraints that hold in any case */
	GPtrArray *options;	 /* (element-type char*) */
	GHashTable *owners;	 /* project -> who constrains it */
	GHashTable *kept;	 /* project -> version that the lock has, and should keep */
	GHashTable *freed;	 /* the same of those that could not be kept */
	SmithPipPages *pages;
} Question;

static void question_clear(Question *question)
{
	g_free(question->name);
	g_free(question->pip);
	g_clear_pointer(&question->root, smith_root_free);
	g_clear_pointer(&question->indexes, g_ptr_array_unref);
	g_clear_pointer(&question->requirements, g_ptr_array_unref);
	g_clear_pointer(&question->fixed, g_ptr_array_unref);
	g_clear_pointer(&question->options, g_ptr_array_unref);
	g_clear_pointer(&question->owners, g_hash_table_unref);
	g_clear_pointer(&question->kept, g_hash_table_unref);
	g_clear_pointer(&question->freed, g_hash_table_unref);
	g_clear_pointer(&question->pages, smith_pip_pages_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Question, question_clear)

static void add_pips(GPtrArray *pips, const SmithPip *pip)
{
	if (pip == NULL)
		return;
	g_ptr_array_add(pips, (gpointer)pip);
	for (guint i = 0; pip->others != NULL && i < pip->others->len; i++)
		add_pips(pips, pip->others->pdata[i]);
}

GPtrArray *smith_resolve_indexes(const SmithWheelFinder *finder, const SmithSet *set)
{
	g_autoptr(GPtrArray) pips = g_ptr_array_new();
	for (; set != NULL; set = set->parent)
		add_pips(pips, set->pip);
	return smith_wheel_finder_indexes(finder, pips);
}

static GHashTable *table_new(void)
{
	return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
}

static void add_options(Question *question)
{
	const SmithRequirements *found = question->set->requirements;
	if (found->pre)
		g_ptr_array_add(question->options, g_strdup("--pre"));
	if (found->prefer_binary)
		g_ptr_array_add(question->options, g_strdup("--prefer-binary"));
	for (guint i = 0; i < found->only_binary->len; i++)
		g_ptr_array_add(
			question->options,
			g_strconcat("--only-binary=", (char *)found->only_binary->pdata[i], NULL));
	for (guint i = 0; i < found->no_binary->len; i++)
		g_ptr_array_add(
			question->options,
			g_strconcat("--no-binary=", (char *)found->no_binary->pdata[i], NULL));
}

static char *pin(const char *name, const char *version)
{
	return g_strconcat(name, "==", version, NULL);
}

/* What is overridden somewhere below is hidden by smith_set_find(). */
static void add_parents(Question *question)
{
	const SmithSet *set = question->set;
	bool overrides = set->pip != NULL && *set->pip->override != NULL;
	for (const SmithSet *parent = set->parent; parent != NULL; parent = parent->parent) {
		for (guint i = 0; i < parent->picks->len; i++) {
			const SmithPick *pick = parent->picks->pdata[i];
			if (smith_set_find(set, pick->lock->name, NULL) != pick)
				continue;
			char *line = pin(pick->lock->name, pick->lock->version);
			g_ptr_array_add(question->fixed, line);
			/* another version of one must not break the rest */
			if (overrides)
				g_ptr_array_add(question->requirements, g_strdup(line));
			g_hash_table_replace(
				question->owners, g_strdup(pick->lock->name),
				g_strdup_printf("%s '%s' has", parent->kind, parent->name));
		}
	}
}

static bool is_updated(const SmithPipAsker *asker, const char *name)
{
	const char *const *update = asker->updates;
	for (; update != NULL && *update != NULL; update++)
		if (**update == '\0' || smith_python_name_is(*update, name))
			return true;
	return false;
}

/* Not when a requirement says that it must be another. */
static bool is_allowed(const SmithSet *set, const SmithLockWheel *wheel)
{
	g_autoptr(SmithVersion) version = smith_version_parse(wheel->version, NULL);
	for (guint i = 0; i < set->requirements->lines->len; i++) {
		const SmithRequirementLine *line = set->requirements->lines->pdata[i];
		gboolean applies = FALSE;
		if (strcmp(line->req->key, wheel->name) == 0 &&
		    smith_requirement_applies(line->req, &set->target->env, NULL, &applies, NULL) &&
		    applies && !smith_specifier_contains(line->req->specifiers, version, true))
			return false;
	}
	return version != NULL;
}

static char **locked_wheels(const SmithLock *previous, const SmithSet *set)
{
	if (strcmp(set->kind, SMITH_SET_SDIST) == 0) {
		g_autofree char *url = g_strconcat(SMITH_LOCK_SDIST, set->name, NULL);
		const SmithLockSdist *sdist = smith_lock_sdist_of(previous, url);
		return sdist != NULL ? sdist->wheels : NULL;
	}
	const SmithLockSet *row = strcmp(set->kind, "family") == 0
					  ? smith_lock_family(previous, set->name)
					  : smith_lock_service(previous, set->name);
	return row != NULL ? row->wheels : NULL;
}

static void keep_versions(Question *question)
{
	const SmithPipAsker *asker = question->asker;
	const SmithSet *set = question->set;
	if (asker->previous == NULL)
		return;
	for (char **file = locked_wheels(asker->previous, set); file != NULL && *file != NULL;
	     file++) {
		const SmithLockWheel *wheel = smith_lock_wheel(asker->previous, *file);
		if (wheel != NULL && !is_updated(asker, wheel->name) &&
		    smith_set_find(set->parent, wheel->name, NULL) == NULL &&
		    is_allowed(set, wheel))
			g_hash_table_insert(question->kept, g_strdup(wheel->name),
					    g_strdup(wheel->version));
	}
}

static void add_lines(GPtrArray *texts, const GPtrArray *lines)
{
	for (guint i = 0; i < lines->len; i++)
		g_ptr_array_add(texts, smith_requirement_to_string(
					       ((SmithRequirementLine *)lines->pdata[i])->req));
}

static const SmithWheelCandidate *find_package(const SmithPipAsker *asker, const char *family,
					       const SmithRoot *root, const SmithTarget *target,
					       GError **error)
{
	g_autoptr(GError) local = NULL;
	g_autofree char *url = smith_pip_package_find(asker->family, family, root, &local);
	if (url == NULL)
		return smith_throw_null(error, SMITH_ERROR_UNSUPPORTED,
					"base '%s' has no pip, there is no wheel of it among the "
					"fleet's wheels, and none in a Debian package: %s (add "
					"'apt: [python3-pip]' to the family, or put a wheel of pip "
					"into a directory of find_links)",
					target->base->from, local->message);
	g_autofree char *file = smith_pip_package_file(url);
	return smith_wheel_finder_add_made(asker->finder, file, url, NULL, error);
}

const SmithWheelCandidate *smith_resolve_find_pip(const SmithPipAsker *asker,
						  const GPtrArray *indexes, const char *family,
						  const SmithRoot *root, const SmithTarget *target,
						  GError **error)
{
	g_autoptr(SmithRequirement) wanted = smith_requirement_parse("pip>=22.2", NULL);
	g_autofree char *found = NULL;
	g_autoptr(GPtrArray) wheels = smith_wheel_finder_list(asker->finder, indexes, wanted,
							      target->tags, &found, error);
	if (wheels == NULL)
		return NULL;
	if (wheels->len == 0)
		return find_package(asker, family, root, target, error);
	return wheels->pdata[0];
}

static const char *family_of(const SmithSet *set)
{
	return strcmp(set->kind, "family") == 0 ? set->name : set->from;
}

static gboolean find_pip(Question *question, GError **error)
{
	const SmithPipAsker *asker = question->asker;
	SmithStore *store = asker->family->execution.store;
	const SmithWheelCandidate *wheel =
		smith_resolve_find_pip(asker, question->indexes, family_of(question->set),
				       question->root, question->set->target, error);
	if (wheel == NULL)
		return FALSE;
	if (smith_wheel_file_is_local(wheel->url)) {
		question->pip =
			g_canonicalize_filename(wheel->url, asker->family->fleet->directory);
		return TRUE;
	}
	g_autofree char *hex = smith_pip_package_fetch(store, wheel->url, wheel->promised, error);
	g_autofree char *path = hex != NULL ? smith_store_file_path(hex) : NULL;
	if (path != NULL)
		question->pip =
			g_build_filename(smith_store_get_path(store), "cache/files", path, NULL);
	return path != NULL;
}

static gboolean prepare(Question *question, GError **error)
{
	const SmithPipAsker *asker = question->asker;
	const SmithSet *set = question->set;
	question->name = g_strdup_printf("%s '%s'", set->kind, set->name);
	question->indexes = smith_resolve_indexes(asker->finder, set);
	question->requirements = g_ptr_array_new_with_free_func(g_free);
	question->fixed = g_ptr_array_new_with_free_func(g_free);
	question->options = g_ptr_array_new_with_free_func(g_free);
	question->owners = table_new();
	question->kept = table_new();
	question->freed = table_new();
	add_lines(question->requirements, set->requirements->lines);
	add_lines(question->fixed, set->requirements->constraints);
	add_parents(question);
	add_options(question);
	keep_versions(question);
	question->pages = smith_pip_pages_new(asker->finder, asker->family->fleet,
					      asker->family->execution.store, question->indexes,
					      set->requirements->lines);
	question->root = smith_family_root(asker->family, family_of(set), error);
	return question->root != NULL;
}

static int compare_strings(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static char **constraints_of(const Question *question)
{
	GPtrArray *lines = g_ptr_array_new();
	for (guint i = 0; i < question->fixed->len; i++)
		g_ptr_array_add(lines, g_strdup(question->fixed->pdata[i]));
	guint fixed = lines->len;
	GHashTableIter iter;
	gpointer name, version;
	g_hash_table_iter_init(&iter, question->kept);
	while (g_hash_table_iter_next(&iter, &name, &version))
		g_ptr_array_add(lines, pin(name, version));
	qsort(lines->pdata + fixed, lines->len - fixed, sizeof(gpointer), compare_strings);
	g_ptr_array_add(lines, NULL);
	return (char **)g_ptr_array_free(lines, FALSE);
}

static char **strings_of(const GPtrArray *strings)
{
	GPtrArray *copy = g_ptr_array_new();
	for (guint i = 0; i < strings->len; i++)
		g_ptr_array_add(copy, g_strdup(strings->pdata[i]));
	g_ptr_array_add(copy, NULL);
	return (char **)g_ptr_array_free(copy, FALSE);
}

static GPtrArray *ask_once(Question *question, SmithPipWords **words, GError **error)
{
	const SmithPipAsker *asker = question->asker;
	g_auto(GStrv) requirements = strings_of(question->requirements);
	g_auto(GStrv) constraints = constraints_of(question);
	g_auto(GStrv) options = strings_of(question->options);
	SmithPipSource source = smith_pip_pages_source(question->pages);
	SmithPipRequest request = {
		.name = question->name,
		.python = question->set->target->base->python,
		.pip = question->pip,
		.requirements = (const char *const *)requirements,
		.constraints = (const char *const *)constraints,
		.options = (const char *const *)options,
		.owners = question->owners,
		.source = &source,
	};
	return smith_pip_resolve(&asker->family->execution, question->root, &request, words, error);
}

/* Frees the versions that pip's reason is about, or all when it is about none that we keep. FALSE
 * when there is none to free. */
static bool free_versions(Question *question, const SmithPipWords *words)
{
	guint before = g_hash_table_size(question->kept);
	GHashTableIter iter;
	gpointer name, version;
	for (guint all = 0; all < 2 && g_hash_table_size(question->kept) == before; all++) {
		g_hash_table_iter_init(&iter, question->kept);
		while (g_hash_table_iter_next(&iter, &name, &version)) {
			if (all == 0 && !g_strv_contains((const char *const *)words->names, name))
				continue;
			g_hash_table_insert(question->freed, g_strdup(name), g_strdup(version));
			g_hash_table_iter_remove(&iter);
		}
	}
	return g_hash_table_size(question->kept) < before;
}

static GPtrArray *ask_until_answered(Question *question, char **reason, GError **error)
{
	for (;;) {
		g_autoptr(GError) local = NULL;
		g_autoptr(SmithPipWords) words = NULL;
		GPtrArray *choices = ask_once(question, &words, &local);
		if (choices != NULL)
			return choices;
		if (g_error_matches(local, SMITH_ERROR, SMITH_ERROR_NOT_FOUND) &&
		    question->pip == NULL) {
			if (!find_pip(question, error))
				return NULL;
			continue;
		}
		if (words == NULL || !g_error_matches(local, SMITH_ERROR, SMITH_ERROR_CONFLICT) ||
		    !free_versions(question, words)) {
			g_propagate_error(error, g_steal_pointer(&local));
			return NULL;
		}
		g_free(*reason);
		*reason = g_strdup(words->text);
	}
}

/* "'b' 1 -> 2, 'c' 1 -> 3": the versions that were freed and have moved. */
static char *tell_moved(const Question *question, const GPtrArray *choices, GString *options)
{
	GString *text = g_string_new(NULL);
	for (guint i = 0; i < choices->len; i++) {
		const SmithPipChoice *choice = choices->pdata[i];
		const char *was = g_hash_table_lookup(question->freed, choice->name);
		if (was == NULL || strcmp(was, choice->version) == 0)
			continue;
		g_string_append_printf(text, "%s'%s' %s -> %s", text->len > 0 ? ", " : "",
				       choice->name, was, choice->version);
		g_string_append_printf(options, " --update=%s", choice->name);
	}
	return g_string_free(text, FALSE);
}

static gboolean check_moved(const Question *question, const GPtrArray *choices, const char *reason,
			    GError **error)
{
	const char *const *update = question->asker->updates;
	g_autoptr(GString) options = g_string_new(NULL);
	g_autofree char *moved = tell_moved(question, choices, options);
	if (*moved == '\0')
		return TRUE;
	if (update == NULL || *update == NULL) {
		smith_events_note(question->asker->family->execution.events, "%s: %s, because %s",
				  question->name, moved, reason);
		return TRUE;
	}
	return smith_throw(error, SMITH_ERROR_CONFLICT,
			   "what is to be updated cannot move alone: %s must move, too%s%s (add "
			   "'%s')",
			   moved, reason != NULL ? ", because " : "", reason != NULL ? reason : "",
			   options->str + 1);
}

static GPtrArray *candidates_of(const Question *question, const GPtrArray *choices, GError **error)
{
	g_autoptr(GPtrArray) candidates = g_ptr_array_new();
	for (guint i = 0; i < choices->len; i++) {
		const SmithPipChoice *choice = choices->pdata[i];
		if (smith_set_find(question->set, choice->name, NULL) != NULL)
			continue;
		const SmithWheelCandidate *candidate =
			smith_pip_pages_candidate(question->pages, choice->file);
		if (candidate == NULL)
			return smith_throw_null(error, SMITH_ERROR_INVALID,
						"pip chose a file of '%s' that no index has",
						choice->name);
		g_ptr_array_add(candidates, (gpointer)candidate);
	}
	return g_steal_pointer(&candidates);
}

GPtrArray *smith_resolve_ask_pip(const SmithPipAsker *asker, const SmithSet *set, GError **error)
{
	g_auto(Question) question = {.asker = asker, .set = set};
	g_autofree char *reason = NULL;
	smith_events_start(asker->family->execution.events, set->name);
	if (!prepare(&question, error))
		return NULL;
	g_autoptr(GPtrArray) choices = ask_until_answered(&question, &reason, error);
	if (choices == NULL || !check_moved(&question, choices, reason, error))
		return NULL;
	return candidates_of(&question, choices, error);
}
