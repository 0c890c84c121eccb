/* SPDX-License-Identifier: Apache-2.0 */
#include "fleet/resolve-page.h"

#include <string.h>

#include "base/error.h"
#include "fleet/wheel-file.h"
#include "store/fetch.h"

struct SmithPipPages {
	SmithWheelFinder *finder;
	const SmithFleet *fleet;
	SmithStore *store;
	const GPtrArray *indexes;
	GHashTable *hashes; /* normal name -> GPtrArray of "sha256:HEX", borrowed */
	bool only_wheels;
	GMutex mutex;	     /* of all below */
	GPtrArray *files;    /* (element-type SmithWheelCandidate*, borrowed) by number */
	GHashTable *numbers; /* SmithWheelCandidate* -> number + 1 */
	GHashTable *digests; /* number + 1 -> SHA-256 of a downloaded file */
};

static void note_hashes(SmithPipPages *pages, const GPtrArray *lines)
{
	for (guint i = 0; i < lines->len; i++) {
		const SmithRequirementLine *line = lines->pdata[i];
		if (*line->hashes == NULL)
			continue;
		GPtrArray *list = g_hash_table_lookup(pages->hashes, line->req->key);
		if (list == NULL) {
			list = g_ptr_array_new();
			g_hash_table_insert(pages->hashes, line->req->key, list);
		}
		for (char **hash = line->hashes; *hash != NULL; hash++)
			g_ptr_array_add(list, *hash);
	}
}

SmithPipPages *smith_pip_pages_new(SmithWheelFinder *finder, const SmithFleet *fleet,
				   SmithStore *store, const GPtrArray *indexes,
				   const GPtrArray *lines)
{
	SmithPipPages *pages = g_new0(SmithPipPages, 1);
	pages->finder = finder;
	pages->fleet = fleet;
	pages->store = store;
	pages->indexes = indexes;
	pages->hashes = g_hash_table_new_full(g_str_hash, g_str_equal, NULL,
					      (GDestroyNotify)g_ptr_array_unref);
	g_mutex_init(&pages->mutex);
	pages->files = g_ptr_array_new();
	pages->numbers = g_hash_table_new(NULL, NULL);
	pages->digests = g_hash_table_new_full(NULL, NULL, NULL, g_free);
	note_hashes(pages, lines);
	return pages;
}

void smith_pip_pages_free(SmithPipPages *pages)
{
	if (pages == NULL)
		return;
	g_hash_table_unref(pages->hashes);
	g_ptr_array_unref(pages->files);
	g_hash_table_unref(pages->numbers);
	g_hash_table_unref(pages->digests);
	g_mutex_clear(&pages->mutex);
	g_free(pages);
}

void smith_pip_pages_only_wheels(SmithPipPages *pages)
{
	pages->only_wheels = true;
}

static bool is_offered(const SmithPipPages *pages, const char *key,
		       const SmithWheelCandidate *candidate)
{
	const GPtrArray *hashes = g_hash_table_lookup(pages->hashes, key);
	if (pages->only_wheels && candidate->name == NULL)
		return false;
	if (hashes == NULL || candidate->promised == NULL)
		return true;
	g_autofree char *digest = g_strconcat("sha256:", candidate->promised, NULL);
	return g_ptr_array_find_with_equal_func((GPtrArray *)hashes, digest, g_str_equal, NULL);
}

static guint number_of(SmithPipPages *pages, const SmithWheelCandidate *candidate)
{
	gpointer known = g_hash_table_lookup(pages->numbers, candidate);
	if (known != NULL)
		return GPOINTER_TO_UINT(known) - 1;
	g_ptr_array_add(pages->files, (gpointer)candidate);
	g_hash_table_insert(pages->numbers, (gpointer)candidate,
			    GUINT_TO_POINTER(pages->files->len));
	return pages->files->len - 1;
}

static void add_link(GString *html, guint number, const SmithWheelCandidate *candidate)
{
	g_autofree char *file = g_markup_escape_text(candidate->file, -1);
	g_autofree char *path = g_uri_escape_string(candidate->file, NULL, FALSE);
	g_string_append_printf(html, "<a href=\"/files/%u/%s", number, path);
	if (candidate->promised != NULL)
		g_string_append_printf(html, "#sha256=%s", candidate->promised);
	g_string_append(html, "\"");
	if (candidate->requires_python != NULL) {
		g_autofree char *python = g_markup_escape_text(candidate->requires_python, -1);
		g_string_append_printf(html, " data-requires-python=\"%s\"", python);
	}
	if (candidate->yanked)
		g_string_append(html, " data-yanked=\"\"");
	g_string_append_printf(html, ">%s</a>\n", file);
}

static GBytes *write_page(gpointer data, const char *key, GError **error)
{
	SmithPipPages *pages = data;
	const GPtrArray *list = smith_wheel_finder_page(pages->finder, pages->indexes, key, error);
	if (list == NULL)
		return NULL;
	if (list->len == 0)
		return smith_throw_null(error, SMITH_ERROR_NOT_FOUND, "no project '%s'", key);
	GString *html = g_string_new("<!DOCTYPE html><html><body>\n");
	g_mutex_lock(&pages->mutex);
	for (guint i = 0; i < list->len; i++)
		if (is_offered(pages, key, list->pdata[i]))
			add_link(html, number_of(pages, list->pdata[i]), list->pdata[i]);
	g_mutex_unlock(&pages->mutex);
	g_string_append(html, "</body></html>\n");
	return g_string_free_to_bytes(html);
}

static int open_remote(SmithPipPages *pages, guint number, const SmithWheelCandidate *candidate,
		       GError **error)
{
	g_mutex_lock(&pages->mutex);
	const char *known = g_hash_table_lookup(pages->digests, GUINT_TO_POINTER(number + 1));
	g_autofree char *promised = g_strdup(known != NULL ? known : candidate->promised);
	g_mutex_unlock(&pages->mutex);
	SMITH_AUTO_PREFIX("file", candidate->file, error);
	g_autofree char *hex = smith_fetch(pages->store, candidate->url, promised, error);
	if (hex == NULL)
		return -1;
	int fd = smith_fetch_open(pages->store, hex, error);
	g_mutex_lock(&pages->mutex);
	if (known == NULL)
		g_hash_table_replace(pages->digests, GUINT_TO_POINTER(number + 1),
				     g_steal_pointer(&hex));
	g_mutex_unlock(&pages->mutex);
	return fd;
}

static int open_file(gpointer data, guint number, GError **error)
{
	SmithPipPages *pages = data;
	g_mutex_lock(&pages->mutex);
	const SmithWheelCandidate *candidate =
		number < pages->files->len ? pages->files->pdata[number] : NULL;
	g_mutex_unlock(&pages->mutex);
	if (candidate == NULL)
		return -1;
	if (smith_wheel_file_is_local(candidate->url))
		return smith_wheel_file_open_local(pages->fleet, candidate->url, error);
	return open_remote(pages, number, candidate, error);
}

SmithPipSource smith_pip_pages_source(SmithPipPages *pages)
{
	return (SmithPipSource){write_page, open_file, pages};
}

const SmithWheelCandidate *smith_pip_pages_candidate(SmithPipPages *pages, guint number)
{
	if (number >= pages->files->len)
		return NULL;
	SmithWheelCandidate *candidate = pages->files->pdata[number];
	const char *digest = g_hash_table_lookup(pages->digests, GUINT_TO_POINTER(number + 1));
	if (candidate->promised == NULL)
		candidate->promised = g_strdup(digest);
	return candidate;
}
