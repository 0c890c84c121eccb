/* SPDX-License-Identifier: Apache-2.0 */
#include "execute/keep.h"

#include <string.h>

#include "base/error.h"

#define WHITEOUT ".wh."
#define SHOWN 3

typedef struct {
	SmithEntryIter base;
	SmithEntryIter *inner;
	const SmithKeep *keep;
	bool *found; /* for each of the paths */
	guint dropped;
	GString *names; /* the first of them */
} Keep;

static bool is_in(const char *path, const char *directory)
{
	gsize length = strlen(directory);
	return strncmp(path, directory, length) == 0 &&
	       (path[length] == '\0' || path[length] == '/');
}

/* What @path is about: of a whiteout, the name that it takes away. */
static char *subject_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash != NULL ? slash + 1 : path;
	if (strcmp(name, WHITEOUT WHITEOUT ".opq") == 0)
		return g_strndup(path, slash != NULL ? (gsize)(slash - path) : 0);
	if (!g_str_has_prefix(name, WHITEOUT))
		return g_strdup(path);
	return g_strdup_printf("%.*s%s", (int)(name - path), path, name + strlen(WHITEOUT));
}

static bool is_kept(Keep *self, const SmithEntry *entry)
{
	g_autofree char *subject = subject_of(entry->path);
	bool taken_away = strcmp(subject, entry->path) != 0;
	bool kept = false;
	for (guint i = 0; self->keep->paths[i] != NULL; i++) {
		const char *path = self->keep->paths[i];
		if (is_in(subject, path)) {
			self->found[i] = self->found[i] || !taken_away;
			kept = true;
		} else if (entry->type == SMITH_ENTRY_DIR && is_in(path, entry->path)) {
			kept = true;
		}
	}
	return kept || strcmp(entry->path, ".") == 0;
}

static void drop(Keep *self, const SmithEntry *entry)
{
	if (entry->type == SMITH_ENTRY_DIR)
		return;
	if (self->dropped < SHOWN)
		g_string_append_printf(self->names, "%s'/%s'", self->dropped > 0 ? ", " : "",
				       entry->path);
	self->dropped++;
}

static gboolean finish(Keep *self, GError **error)
{
	const SmithKeep *keep = self->keep;
	for (guint i = 0; keep->paths[i] != NULL; i++)
		if (!self->found[i])
			return smith_throw(error, SMITH_ERROR_NOT_FOUND,
					   "%s left nothing new in its output '/%s'", keep->what,
					   keep->paths[i]);
	if (self->dropped > 0)
		smith_events_note(keep->events,
				  "%s changed %u file%s outside of its outputs, which %s not kept: "
				  "%s%s",
				  keep->what, self->dropped, self->dropped == 1 ? "" : "s",
				  self->dropped == 1 ? "is" : "are", self->names->str,
				  self->dropped > SHOWN ? ", ..." : "");
	return TRUE;
}

static gboolean keep_next(SmithEntryIter *iter, SmithEntry **out, GError **error)
{
	Keep *self = (Keep *)iter;
	for (;;) {
		g_autoptr(SmithEntry) entry = NULL;
		*out = NULL;
		if (!smith_entry_iter_next(self->inner, &entry, error))
			return FALSE;
		if (entry == NULL)
			return finish(self, error);
		if (is_kept(self, entry)) {
			*out = g_steal_pointer(&entry);
			return TRUE;
		}
		drop(self, entry);
	}
}

static void keep_free(SmithEntryIter *iter)
{
	Keep *self = (Keep *)iter;
	smith_entry_iter_free(self->inner);
	g_string_free(self->names, TRUE);
	g_free(self->found);
	g_free(self);
}

SmithEntryIter *smith_keep(SmithEntryIter *entries, gpointer data)
{
	static const SmithEntryIterOps ops = {keep_next, keep_free};
	const SmithKeep *keep = data;
	guint count = 0;
	while (keep->paths[count] != NULL)
		count++;
	Keep *self = g_new0(Keep, 1);
	self->base.ops = &ops;
	self->inner = entries;
	self->keep = keep;
	self->found = g_new0(bool, count + 1);
	self->names = g_string_new(NULL);
	return &self->base;
}
