/* SPDX-License-Identifier: Apache-2.0 */
#include "fleet/wheel-finder.h"

#include <fcntl.h>
#include <string.h>

#include "base/error.h"
#include "base/fd.h"
#include "oci/http.h"
#include "python/index.h"

#define PAGE_LIMIT (64 * 1024 * 1024)
#define INDEX_ACCEPT                                                                               \
	"application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, "         \
	"text/html;q=0.01"

struct SmithWheelFinder {
	const SmithFleet *fleet;
	SmithHttp *http;
	GHashTable *by_key; /* normal name -> GPtrArray of SmithWheelCandidate* */
	GHashTable *asked;  /* normal names that the index was asked for */
};

static void candidate_free(gpointer data)
{
	SmithWheelCandidate *candidate = data;
	g_free(candidate->file);
	g_free(candidate->url);
	g_free(candidate->promised);
	g_free(candidate->requires_python);
	smith_wheel_name_free(candidate->name);
	g_free(candidate);
}

static GPtrArray *list_of(SmithWheelFinder *finder, const char *key)
{
	GPtrArray *list = g_hash_table_lookup(finder->by_key, key);
	if (list == NULL) {
		list = g_ptr_array_new_with_free_func(candidate_free);
		g_hash_table_insert(finder->by_key, g_strdup(key), list);
	}
	return list;
}

/* A name that is no wheel's is none of our business: directories hold other files, too. */
static SmithWheelCandidate *add_candidate(SmithWheelFinder *finder, const char *file, char *url)
{
	g_autofree char *owned = url;
	if (!g_str_has_suffix(file, ".whl"))
		return NULL;
	SmithWheelName *name = smith_wheel_name_parse(file, NULL);
	if (name == NULL)
		return NULL;
	SmithWheelCandidate *candidate = g_new0(SmithWheelCandidate, 1);
	candidate->file = g_strdup(file);
	candidate->url = g_steal_pointer(&owned);
	candidate->name = name;
	g_ptr_array_add(list_of(finder, name->key), candidate);
	return candidate;
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
	for (guint i = 0; i < names->len; i++)
		add_candidate(finder, names->pdata[i],
			      g_build_filename(path, names->pdata[i], NULL));
	return TRUE;
}

SmithWheelFinder *smith_wheel_finder_new(const SmithFleet *fleet, GError **error)
{
	g_autoptr(SmithWheelFinder) finder = g_new0(SmithWheelFinder, 1);
	finder->fleet = fleet;
	finder->by_key = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					       (GDestroyNotify)g_ptr_array_unref);
	finder->asked = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	for (char **path = fleet->wheels->find_links; *path != NULL; path++) {
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
	g_clear_pointer(&finder->by_key, g_hash_table_unref);
	g_clear_pointer(&finder->asked, g_hash_table_unref);
	g_free(finder);
}

/* PEP 503: the page of a project is at BASE/NAME/. No such page: no such project there. */
static gboolean ask_index(SmithWheelFinder *finder, const char *key, GError **error)
{
	const char *index = finder->fleet->wheels->index;
	if (index == NULL || !g_hash_table_add(finder->asked, g_strdup(key)))
		return TRUE;
	if (finder->http == NULL)
		finder->http = smith_http_new();
	g_autofree char *url =
		g_strconcat(index, g_str_has_suffix(index, "/") ? "" : "/", key,
			    g_str_has_prefix(index, "file:") ? "/index.html" : "/", NULL);
	SMITH_AUTO_PREFIX("index", url, error);
	g_auto(SmithHttpInfo) info = {NULL, NULL};
	g_autoptr(GError) local = NULL;
	g_autoptr(GBytes) page =
		smith_http_get(finder->http, url, PAGE_LIMIT, INDEX_ACCEPT, &info, &local);
	if (g_error_matches(local, SMITH_ERROR, SMITH_ERROR_NOT_FOUND))
		return TRUE;
	if (page == NULL) {
		g_propagate_error(error, g_steal_pointer(&local));
		return FALSE;
	}
	g_autoptr(GPtrArray) files =
		smith_index_page_parse(page, info.content_type ? info.content_type : "text/html",
				       info.url ? info.url : url, error);
	if (files == NULL)
		return FALSE;
	for (guint i = 0; i < files->len; i++) {
		const SmithIndexFile *file = files->pdata[i];
		SmithWheelCandidate *candidate =
			add_candidate(finder, file->file_name, g_strdup(file->url));
		if (candidate == NULL)
			continue;
		candidate->promised = g_strdup(file->sha256);
		candidate->requires_python = g_strdup(file->requires_python);
		candidate->yanked = file->yanked;
	}
	return TRUE;
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

GPtrArray *smith_wheel_finder_list(SmithWheelFinder *finder, const SmithRequirement *wanted,
				   const SmithTagSet *tags, char **found, GError **error)
{
	if (!ask_index(finder, wanted->key, error))
		return NULL;
	const GPtrArray *list = list_of(finder, wanted->key);
	g_autoptr(GArray) ranked = g_array_new(FALSE, FALSE, sizeof(Ranked));
	for (guint i = 0; i < list->len; i++) {
		SmithWheelCandidate *candidate = list->pdata[i];
		const SmithWheelName *name = candidate->name;
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
