/* SPDX-License-Identifier: Apache-2.0 */
#include "fleet/wheel-finder.h"

#include <fcntl.h>
#include <string.h>

#include "base/error.h"
#include "base/fd.h"
#include "oci/http.h"
#include "python/index.h"
#include "python/name.h"

#define PAGE_LIMIT (64 * 1024 * 1024)
#define INDEX_ACCEPT                                                                               \
	"application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, "         \
	"text/html;q=0.01"

struct SmithWheelFinder {
	const SmithFleet *fleet;
	GMutex mutex; /* of all below */
	SmithHttp *http;
	GPtrArray *files;	    /* (element-type char*) of the directories, what is no wheel */
	GHashTable *local;	    /* normal name -> GPtrArray of SmithWheelCandidate* */
	GHashTable *asked;	    /* normal names whose `files` are in `local` */
	GHashTable *pages;	    /* URL of a page -> the same; NULL: there is none */
	GPtrArray *made;	    /* (element-type SmithWheelCandidate*) */
	SmithWheelIndex last_index; /* the fleet's `index` */
	GPtrArray *indexes;	    /* (element-type SmithWheelIndex*, borrowed) of the fleet */
};

static void candidate_free(gpointer data)
{
	SmithWheelCandidate *candidate = data;
	g_free(candidate->file);
	g_free(candidate->url);
	g_free(candidate->promised);
	g_free(candidate->requires_python);
	smith_wheel_name_free(candidate->name);
	smith_version_free(candidate->version);
	g_free(candidate);
}

static void list_free(gpointer data)
{
	if (data != NULL)
		g_ptr_array_unref(data);
}

static GPtrArray *list_new(void)
{
	return g_ptr_array_new_with_free_func(candidate_free);
}

/* The version in the name of a source distribution of @key. Old ones have '-' in the project's name
 * as well, so only who knows the project knows where it ends. */
static SmithVersion *sdist_version(const char *file, const char *key)
{
	static const char *const suffixes[] = {".tar.gz", ".zip"};
	for (guint i = 0; i < G_N_ELEMENTS(suffixes); i++) {
		if (!g_str_has_suffix(file, suffixes[i]))
			continue;
		gsize length = strlen(file) - strlen(suffixes[i]);
		for (const char *dash = memchr(file, '-', length); dash != NULL;
		     dash = memchr(dash + 1, '-', length - (gsize)(dash + 1 - file))) {
			g_autofree char *name = g_strndup(file, (gsize)(dash - file));
			g_autofree char *normal = smith_python_normalize_name(name);
			g_autofree char *text =
				g_strndup(dash + 1, length - (gsize)(dash + 1 - file));
			SmithVersion *version =
				strcmp(normal, key) == 0 ? smith_version_parse(text, NULL) : NULL;
			if (version != NULL)
				return version;
		}
	}
	return NULL;
}

/* A name that is no file's of the project is none of our business: directories hold other files,
 * too. */
static SmithWheelCandidate *add_candidate(GPtrArray *list, const char *key, const char *file,
					  const char *url)
{
	g_autoptr(SmithVersion) version = NULL;
	SmithWheelName *name = NULL;
	if (g_str_has_suffix(file, ".whl"))
		name = smith_wheel_name_parse(file, NULL);
	else
		version = sdist_version(file, key);
	if (name != NULL && strcmp(name->key, key) != 0)
		g_clear_pointer(&name, smith_wheel_name_free);
	if (name == NULL && version == NULL)
		return NULL;
	SmithWheelCandidate *candidate = g_new0(SmithWheelCandidate, 1);
	candidate->file = g_strdup(file);
	candidate->url = g_strdup(url);
	candidate->name = name;
	candidate->version = g_steal_pointer(&version);
	g_ptr_array_add(list, candidate);
	return candidate;
}

static GPtrArray *local_list(SmithWheelFinder *finder, const char *key)
{
	GPtrArray *list = g_hash_table_lookup(finder->local, key);
	if (list == NULL) {
		list = list_new();
		g_hash_table_insert(finder->local, g_strdup(key), list);
	}
	return list;
}

static gboolean list_directory(SmithWheelFinder *finder, const char *path, GError **error)
{
	g_autofree char *directory = g_canonicalize_filename(path, finder->fleet->directory);
	smith_autofd int fd = smith_fd_open_dir(AT_FDCWD, directory, error);
	if (fd < 0)
		return FALSE;
	g_autoptr(GPtrArray) names = smith_fd_list_dir(fd, error);
	if (names == NULL)
		return FALSE;
	for (guint i = 0; i < names->len; i++) {
		const char *file = names->pdata[i];
		g_autofree char *url = g_build_filename(path, file, NULL);
		g_autoptr(SmithWheelName) name =
			g_str_has_suffix(file, ".whl") ? smith_wheel_name_parse(file, NULL) : NULL;
		if (name != NULL)
			add_candidate(local_list(finder, name->key), name->key, file, url);
		else
			g_ptr_array_add(finder->files, g_steal_pointer(&url));
	}
	return TRUE;
}

SmithWheelFinder *smith_wheel_finder_new(const SmithFleet *fleet, GError **error)
{
	static char *no_names[] = {NULL};
	g_autoptr(SmithWheelFinder) finder = g_new0(SmithWheelFinder, 1);
	const SmithWheelSources *sources = fleet->wheels;
	finder->fleet = fleet;
	g_mutex_init(&finder->mutex);
	finder->files = g_ptr_array_new_with_free_func(g_free);
	finder->local = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, list_free);
	finder->asked = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	finder->pages = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, list_free);
	finder->made = list_new();
	finder->indexes = g_ptr_array_new();
	for (guint i = 0; i < sources->indexes->len; i++)
		g_ptr_array_add(finder->indexes, sources->indexes->pdata[i]);
	finder->last_index = (SmithWheelIndex){sources->index, fleet->place, no_names};
	if (sources->index != NULL)
		g_ptr_array_add(finder->indexes, &finder->last_index);
	for (char **path = sources->find_links; *path != NULL; path++) {
		SMITH_AUTO_PREFIX("find_links", *path, error);
		if (!list_directory(finder, *path, error))
			return NULL;
	}
	return g_steal_pointer(&finder);
}

void smith_wheel_finder_free(SmithWheelFinder *finder)
{
	if (finder == NULL)
		return;
	smith_http_free(finder->http);
	g_clear_pointer(&finder->files, g_ptr_array_unref);
	g_clear_pointer(&finder->local, g_hash_table_unref);
	g_clear_pointer(&finder->asked, g_hash_table_unref);
	g_clear_pointer(&finder->pages, g_hash_table_unref);
	g_clear_pointer(&finder->made, g_ptr_array_unref);
	g_clear_pointer(&finder->indexes, g_ptr_array_unref);
	g_mutex_clear(&finder->mutex);
	g_free(finder);
}

GPtrArray *smith_wheel_finder_indexes(const SmithWheelFinder *finder, const GPtrArray *pips)
{
	GPtrArray *all = g_ptr_array_new();
	for (guint i = 0; i < pips->len; i++) {
		const SmithPip *pip = pips->pdata[i];
		for (guint j = 0; j < pip->indexes->len; j++)
			g_ptr_array_add(all, pip->indexes->pdata[j]);
	}
	for (guint i = 0; i < finder->indexes->len; i++)
		g_ptr_array_add(all, finder->indexes->pdata[i]);
	return all;
}

const SmithWheelCandidate *smith_wheel_finder_add_made(SmithWheelFinder *finder, const char *file,
						       const char *url, const char *sha256,
						       GError **error)
{
	g_autoptr(SmithWheelName) name = smith_wheel_name_parse(file, error);
	if (name == NULL)
		return NULL;
	SmithWheelCandidate *made = NULL;
	g_mutex_lock(&finder->mutex);
	for (guint i = 0; i < finder->made->len && made == NULL; i++)
		if (strcmp(((SmithWheelCandidate *)finder->made->pdata[i])->file, file) == 0)
			made = finder->made->pdata[i];
	if (made == NULL) {
		made = add_candidate(finder->made, name->key, file, url);
		made->promised = g_strdup(sha256);
	}
	g_mutex_unlock(&finder->mutex);
	return made;
}

/* What is no wheel is looked at when its project is asked for first. */
static const GPtrArray *local_files(SmithWheelFinder *finder, const char *key)
{
	GPtrArray *list = local_list(finder, key);
	if (!g_hash_table_add(finder->asked, g_strdup(key)))
		return list;
	for (guint i = 0; i < finder->files->len; i++) {
		const char *path = finder->files->pdata[i];
		const char *slash = strrchr(path, '/');
		add_candidate(list, key, slash != NULL ? slash + 1 : path, path);
	}
	return list;
}

static GPtrArray *parse_page(GBytes *page, const SmithHttpInfo *info, const char *url,
			     const char *key, GError **error)
{
	g_autoptr(GPtrArray) files =
		smith_index_page_parse(page, info->content_type ? info->content_type : "text/html",
				       info->url ? info->url : url, error);
	if (files == NULL)
		return NULL;
	GPtrArray *list = list_new();
	for (guint i = 0; i < files->len; i++) {
		const SmithIndexFile *file = files->pdata[i];
		SmithWheelCandidate *candidate =
			add_candidate(list, key, file->file_name, file->url);
		if (candidate == NULL)
			continue;
		candidate->promised = g_strdup(file->sha256);
		candidate->requires_python = g_strdup(file->requires_python);
		candidate->yanked = file->yanked;
	}
	return list;
}

/* PEP 503: the page of a project is at BASE/NAME/. No such page: no such project there, *@list is
 * NULL. */
static gboolean ask_index(SmithWheelFinder *finder, const char *index, const char *key,
			  const GPtrArray **list, GError **error)
{
	g_autofree char *url =
		g_strconcat(index, g_str_has_suffix(index, "/") ? "" : "/", key,
			    g_str_has_prefix(index, "file:") ? "/index.html" : "/", NULL);
	gpointer known = NULL;
	if (g_hash_table_lookup_extended(finder->pages, url, NULL, &known)) {
		*list = known;
		return TRUE;
	}
	if (finder->http == NULL)
		finder->http = smith_http_new();
	SMITH_AUTO_PREFIX("index", url, error);
	g_auto(SmithHttpInfo) info = {NULL, NULL};
	g_autoptr(GError) local = NULL;
	g_autoptr(GBytes) page =
		smith_http_get(finder->http, url, PAGE_LIMIT, INDEX_ACCEPT, &info, &local);
	GPtrArray *found = NULL;
	if (page != NULL)
		found = parse_page(page, &info, url, key, error);
	else if (!g_error_matches(local, SMITH_ERROR, SMITH_ERROR_NOT_FOUND))
		g_propagate_error(error, g_steal_pointer(&local));
	if (found == NULL && local == NULL)
		return FALSE;
	g_hash_table_insert(finder->pages, g_strdup(url), found);
	*list = found;
	return TRUE;
}

static bool claims(const SmithWheelIndex *index, const char *key)
{
	for (char **name = index->names; *name != NULL; name++) {
		g_autofree char *normal = smith_python_normalize_name(*name);
		if (g_pattern_match_simple(normal, key))
			return true;
	}
	return false;
}

static const GPtrArray *find_files(SmithWheelFinder *finder, const GPtrArray *indexes,
				   const char *key, GError **error)
{
	const GPtrArray *list = local_files(finder, key);
	bool claimed = false;
	if (list->len > 0)
		return list;
	for (guint i = 0; i < indexes->len; i++)
		claimed = claimed || claims(indexes->pdata[i], key);
	for (guint i = 0; i < indexes->len; i++) {
		const SmithWheelIndex *index = indexes->pdata[i];
		const GPtrArray *found = NULL;
		if (claimed ? !claims(index, key) : *index->names != NULL)
			continue;
		if (!ask_index(finder, index->url, key, &found, error))
			return NULL;
		if (found != NULL)
			return found;
	}
	return list;
}

const GPtrArray *smith_wheel_finder_page(SmithWheelFinder *finder, const GPtrArray *indexes,
					 const char *key, GError **error)
{
	g_mutex_lock(&finder->mutex);
	const GPtrArray *list =
		find_files(finder, indexes != NULL ? indexes : finder->indexes, key, error);
	g_mutex_unlock(&finder->mutex);
	return list;
}

typedef struct {
	SmithWheelCandidate *candidate;
	int rank;
	guint order;
} Ranked;

static int compare_ranked(gconstpointer a, gconstpointer b)
{
	const Ranked *x = a, *y = b;
	int version =
		smith_version_compare(y->candidate->name->version, x->candidate->name->version);
	if (version != 0)
		return version;
	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	int build = smith_wheel_name_compare_build(y->candidate->name, x->candidate->name);
	if (build != 0)
		return build;
	return x->order < y->order ? -1 : 1;
}

static char *tell_found(const GPtrArray *list)
{
	if (list->len == 0)
		return g_strdup("there is no wheel of that project");
	GString *text = g_string_new("found only ");
	for (guint i = 0; i < list->len && i < 6; i++) {
		const SmithWheelCandidate *candidate = list->pdata[i];
		g_string_append_printf(text, "%s'%s'", i > 0 ? ", " : "", candidate->file);
	}
	if (list->len > 6)
		g_string_append_printf(text, " and %u more", list->len - 6);
	return g_string_free(text, FALSE);
}

GPtrArray *smith_wheel_finder_list(SmithWheelFinder *finder, const GPtrArray *indexes,
				   const SmithRequirement *wanted, const SmithTagSet *tags,
				   char **found, GError **error)
{
	const GPtrArray *list = smith_wheel_finder_page(finder, indexes, wanted->key, error);
	if (list == NULL)
		return NULL;
	g_autoptr(GArray) ranked = g_array_new(FALSE, FALSE, sizeof(Ranked));
	for (guint i = 0; i < list->len; i++) {
		SmithWheelCandidate *candidate = list->pdata[i];
		const SmithWheelName *name = candidate->name;
		if (name == NULL)
			continue;
		Ranked row = {candidate,
			      smith_tags_rank(tags, name->python, name->abi, name->platform), i};
		if (row.rank >= 0 &&
		    smith_specifier_contains(wanted->specifiers, name->version, true))
			g_array_append_val(ranked, row);
	}
	g_array_sort(ranked, compare_ranked);
	GPtrArray *result = g_ptr_array_new();
	for (guint i = 0; i < ranked->len; i++)
		g_ptr_array_add(result, g_array_index(ranked, Ranked, i).candidate);
	*found = result->len == 0 ? tell_found(list) : NULL;
	return result;
}
