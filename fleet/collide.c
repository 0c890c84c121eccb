/* SPDX-License-Identifier: Apache-2.0 */
#include "fleet/collide.h"

#include <string.h>

#include "base/digest.h"
#include "fleet/runtime.h"
#include "python/wheel-install.h"

#define FILE_LIMIT (64 * 1024 * 1024)

typedef struct {
	char *path;
	SmithEntryType type;
	SmithContent *content; /* or NULL */
	const SmithPick *pick;
} Installed;

static void installed_free(gpointer data)
{
	Installed *file = data;
	g_free(file->path);
	if (file->content != NULL)
		smith_content_unref(file->content);
	g_free(file);
}

/* Directories are there to be compared with files of their name. */
static GPtrArray *list_files(const SmithPick *pick, const SmithSet *set, const SmithFleet *fleet,
			     GError **error)
{
	g_autofree char *interpreter = smith_runtime_python(fleet);
	SmithInstallTarget target = {.prefix = fleet->prefix,
				     .python = set->target->env.python_version,
				     .interpreter = interpreter};
	g_autoptr(SmithEntryIter) iter = smith_wheel_entries(pick->wheel, &target, error);
	if (iter == NULL)
		return NULL;
	g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func(installed_free);
	for (;;) {
		g_autoptr(SmithEntry) entry = NULL;
		if (!smith_entry_iter_next(iter, &entry, error))
			return NULL;
		if (entry == NULL)
			return g_steal_pointer(&files);
		Installed *file = g_new0(Installed, 1);
		file->path = g_steal_pointer(&entry->path);
		file->type = entry->type;
		file->content = g_steal_pointer(&entry->content);
		file->pick = pick;
		g_ptr_array_add(files, file);
	}
}

/* Sets share picks, but not always the interpreter that the paths depend on. */
static const GPtrArray *files_of(SmithPick *pick, const SmithSet *set, const SmithFleet *fleet,
				 GError **error)
{
	const char *python = set->target->env.python_version;
	if (pick->files == NULL)
		pick->files = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
						    (GDestroyNotify)g_ptr_array_unref);
	GPtrArray *files = g_hash_table_lookup(pick->files, python);
	if (files == NULL) {
		files = list_files(pick, set, fleet, error);
		if (files != NULL)
			g_hash_table_insert(pick->files, g_strdup(python), files);
	}
	return files;
}

static char *digest_of(const Installed *file)
{
	if (file->content == NULL)
		return smith_digest_of("", 0);
	g_autoptr(SmithSource) source = file->content->ops->open(file->content, NULL);
	g_autoptr(GBytes) bytes =
		source != NULL ? smith_source_read_all(source, FILE_LIMIT, NULL) : NULL;
	return bytes != NULL
		       ? smith_digest_of(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes))
		       : NULL;
}

static bool same_file(const Installed *a, const Installed *b)
{
	guint64 size_a = a->content != NULL ? a->content->size : 0;
	guint64 size_b = b->content != NULL ? b->content->size : 0;
	if (a->type != b->type || size_a != size_b)
		return false;
	if (a->type == SMITH_ENTRY_DIR)
		return true;
	g_autofree char *first = digest_of(a);
	g_autofree char *second = digest_of(b);
	return first != NULL && g_strcmp0(first, second) == 0;
}

static gboolean add_files(const GPtrArray *files, GHashTable *owners, const SmithSet *set,
			  SmithDiag *diag)
{
	gboolean sound = TRUE;
	for (guint i = 0; i < files->len; i++) {
		Installed *file = files->pdata[i];
		const Installed *other = g_hash_table_lookup(owners, file->path);
		if (other == NULL) {
			g_hash_table_insert(owners, file->path, file);
		} else if (!same_file(file, other)) {
			bool mixed = file->type != other->type;
			smith_diag_add(diag, SMITH_SEVERITY_ERROR, set->place, "collision",
				       "wheels '%s' and '%s' of %s '%s' both install '/%s', %s",
				       other->pick->lock->file, file->pick->lock->file, set->kind,
				       set->name, file->path,
				       mixed ? "one as a file and one as a directory"
					     : "with different content");
			sound = FALSE;
		}
	}
	return sound;
}

gboolean smith_collide_check(const SmithSet *set, const SmithFleet *fleet, SmithDiag *diag)
{
	g_autoptr(GPtrArray) all = smith_set_all(set);
	g_autoptr(GHashTable) owners = g_hash_table_new(g_str_hash, g_str_equal);
	gboolean sound = TRUE;
	for (guint i = 0; i < all->len; i++) {
		g_autoptr(GError) error = NULL;
		const GPtrArray *files = files_of(all->pdata[i], set, fleet, &error);
		if (files == NULL)
			smith_diag_add(diag, SMITH_SEVERITY_ERROR, set->place, "bad-wheel", "%s",
				       error->message);
		if (files == NULL || !add_files(files, owners, set, diag))
			sound = FALSE;
	}
	return sound;
}
