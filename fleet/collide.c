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

static gboolean list_files(SmithPick *pick, const SmithSet *set, const SmithFleet *fleet,
			   GError **error)
{
	g_autofree char *interpreter = smith_runtime_python(fleet);
	g_autoptr(SmithVersion) version =
		smith_version_parse(set->target->base->python_version, error);
	if (version == NULL)
		return FALSE;
	SmithInstallTarget target = {.prefix = fleet->prefix,
				     .python = set->target->env.python_version,
				     .interpreter = interpreter};
	g_autoptr(SmithEntryIter) iter = smith_wheel_entries(pick->wheel, &target, error);
	if (iter == NULL)
		return FALSE;
	pick->files = g_ptr_array_new_with_free_func(installed_free);
	for (;;) {
		g_autoptr(SmithEntry) entry = NULL;
		if (!smith_entry_iter_next(iter, &entry, error))
			return FALSE;
		if (entry == NULL)
			return TRUE;
		if (entry->type == SMITH_ENTRY_DIR)
			continue;
		Installed *file = g_new0(Installed, 1);
		file->path = g_steal_pointer(&entry->path);
		file->type = entry->type;
		file->content = g_steal_pointer(&entry->content);
		file->pick = pick;
		g_ptr_array_add(pick->files, file);
	}
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
	g_autofree char *first = digest_of(a);
	g_autofree char *second = digest_of(b);
	return first != NULL && g_strcmp0(first, second) == 0;
}

gboolean smith_collide_check(const SmithSet *set, const SmithFleet *fleet, SmithDiag *diag)
{
	g_autoptr(GPtrArray) all = smith_set_all(set);
	g_autoptr(GHashTable) owners = g_hash_table_new(g_str_hash, g_str_equal);
	gboolean sound = TRUE;
	for (guint i = 0; i < all->len; i++) {
		SmithPick *pick = all->pdata[i];
		g_autoptr(GError) error = NULL;
		if (pick->files == NULL && !list_files(pick, set, fleet, &error)) {
			smith_diag_add(diag, SMITH_SEVERITY_ERROR, set->place, "bad-wheel",
				       "wheel '%s': %s", pick->lock->file, error->message);
			sound = FALSE;
			continue;
		}
		for (guint j = 0; j < pick->files->len; j++) {
			Installed *file = pick->files->pdata[j];
			const Installed *other = g_hash_table_lookup(owners, file->path);
			if (other == NULL) {
				g_hash_table_insert(owners, file->path, file);
			} else if (!same_file(file, other)) {
				smith_diag_add(diag, SMITH_SEVERITY_ERROR, set->place, "collision",
					       "wheels '%s' and '%s' of %s '%s' both install "
					       "'/%s', with different content",
					       other->pick->lock->file, pick->lock->file, set->kind,
					       set->name, file->path);
				sound = FALSE;
			}
		}
	}
	return sound;
}
