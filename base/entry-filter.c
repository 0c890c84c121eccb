/* SPDX-License-Identifier: Apache-2.0 */
#include "base/entry-filter.h"

#include <string.h>

#include "base/error.h"

typedef struct {
	SmithEntryIter base;
	SmithEntryIter *inner;
	gint64 epoch;
	bool only_later;
	guint32 uid;
	guint32 gid;
	SmithEntryKeep keep;
	gpointer user_data;
} Filter;

static void filter_free(SmithEntryIter *iter)
{
	smith_entry_iter_free(((Filter *)iter)->inner);
	g_free(iter);
}

static Filter *filter_new(const SmithEntryIterOps *ops, SmithEntryIter *inner)
{
	Filter *filter = g_new0(Filter, 1);
	filter->base.ops = ops;
	filter->inner = inner;
	return filter;
}

static gboolean clamp_next(SmithEntryIter *iter, SmithEntry **out, GError **error)
{
	const Filter *self = (const Filter *)iter;
	if (!smith_entry_iter_next(self->inner, out, error))
		return FALSE;
	if (*out != NULL && (!self->only_later || (*out)->mtime > self->epoch))
		(*out)->mtime = self->epoch;
	return TRUE;
}

SmithEntryIter *smith_entry_filter_clamp(SmithEntryIter *inner, gint64 epoch, bool only_later)
{
	static const SmithEntryIterOps ops = {clamp_next, filter_free};
	Filter *filter = filter_new(&ops, inner);
	filter->epoch = epoch;
	filter->only_later = only_later;
	return &filter->base;
}

static gboolean owner_next(SmithEntryIter *iter, SmithEntry **out, GError **error)
{
	const Filter *self = (const Filter *)iter;
	if (!smith_entry_iter_next(self->inner, out, error))
		return FALSE;
	if (*out != NULL) {
		(*out)->uid = self->uid;
		(*out)->gid = self->gid;
	}
	return TRUE;
}

SmithEntryIter *smith_entry_filter_owner(SmithEntryIter *inner, guint32 uid, guint32 gid)
{
	static const SmithEntryIterOps ops = {owner_next, filter_free};
	Filter *filter = filter_new(&ops, inner);
	filter->uid = uid;
	filter->gid = gid;
	return &filter->base;
}

static gboolean exclude_next(SmithEntryIter *iter, SmithEntry **out, GError **error)
{
	const Filter *self = (const Filter *)iter;
	for (;;) {
		if (!smith_entry_iter_next(self->inner, out, error))
			return FALSE;
		if (*out == NULL || self->keep(*out, self->user_data))
			return TRUE;
		g_clear_pointer(out, smith_entry_free);
	}
}

SmithEntryIter *smith_entry_filter_exclude(SmithEntryIter *inner, SmithEntryKeep keep,
					   gpointer user_data)
{
	static const SmithEntryIterOps ops = {exclude_next, filter_free};
	Filter *filter = filter_new(&ops, inner);
	filter->keep = keep;
	filter->user_data = user_data;
	return &filter->base;
}

/* What sort and parents share: all entries are read and arranged at the first call. */
typedef struct {
	SmithEntryIter base;
	SmithEntryIter *inner;
	SmithEntryIter *arranged; /* NULL before the first call */
	gint64 epoch;
	GPtrArray *(*arrange)(GPtrArray *entries, gint64 epoch, GError **error); /* takes entries */
} Collector;

static gboolean refuse_once(const GPtrArray *entries, GError **error)
{
	for (guint i = 0; i < entries->len; i++) {
		const SmithEntry *entry = entries->pdata[i];
		if (entry->content != NULL && entry->content->once)
			return smith_throw(error, SMITH_ERROR_UNSUPPORTED,
					   "'%s': the content of a stream cannot be put in order",
					   entry->path);
	}
	return TRUE;
}

static gboolean collector_next(SmithEntryIter *iter, SmithEntry **out, GError **error)
{
	Collector *self = (Collector *)iter;
	if (self->arranged == NULL) {
		g_autoptr(GPtrArray) entries = smith_entry_iter_collect(self->inner, error);
		if (entries == NULL || !refuse_once(entries, error))
			return FALSE;
		GPtrArray *arranged = self->arrange(g_steal_pointer(&entries), self->epoch, error);
		if (arranged == NULL)
			return FALSE;
		self->arranged = smith_entry_iter_new_array(arranged);
	}
	return smith_entry_iter_next(self->arranged, out, error);
}

static void collector_free(SmithEntryIter *iter)
{
	Collector *self = (Collector *)iter;
	smith_entry_iter_free(self->inner);
	smith_entry_iter_free(self->arranged);
	g_free(self);
}

static Collector *collector_new(SmithEntryIter *inner)
{
	static const SmithEntryIterOps ops = {collector_next, collector_free};
	Collector *self = g_new0(Collector, 1);
	self->base.ops = &ops;
	self->inner = inner;
	return self;
}

static gboolean xattrs_equal(const GArray *a, const GArray *b)
{
	guint length = a != NULL ? a->len : 0;
	if (length != (b != NULL ? b->len : 0))
		return FALSE;
	for (guint i = 0; i < length; i++) {
		const SmithXattr *x = &g_array_index(a, SmithXattr, i);
		const SmithXattr *y = &g_array_index(b, SmithXattr, i);
		if (strcmp(x->name, y->name) != 0 || !g_bytes_equal(x->value, y->value))
			return FALSE;
	}
	return TRUE;
}

static gboolean same_directory(const SmithEntry *a, const SmithEntry *b)
{
	return a->type == SMITH_ENTRY_DIR && b->type == SMITH_ENTRY_DIR && a->mode == b->mode &&
	       a->uid == b->uid && a->gid == b->gid && a->mtime == b->mtime &&
	       xattrs_equal(a->xattrs, b->xattrs);
}

static int compare_entries(gconstpointer a, gconstpointer b)
{
	const SmithEntry *x = *(const SmithEntry *const *)a;
	const SmithEntry *y = *(const SmithEntry *const *)b;
	return smith_entry_path_compare(x->path, y->path);
}

/* Leaves one of each group of equal directories in the sorted @entries. */
static gboolean merge_directories(GPtrArray *entries, GError **error)
{
	guint kept = 0;
	for (guint i = 0; i < entries->len; i++) {
		SmithEntry *entry = g_steal_pointer(&entries->pdata[i]);
		const SmithEntry *last = kept > 0 ? entries->pdata[kept - 1] : NULL;
		if (last == NULL || strcmp(last->path, entry->path) != 0) {
			entries->pdata[kept++] = entry;
			continue;
		}
		gboolean same = same_directory(last, entry);
		const char *type = smith_entry_type_name(entry->type);
		g_autoptr(SmithEntry) dropped = entry;
		if (!same)
			return smith_throw(
				error, SMITH_ERROR_CONFLICT, "'%s' exists twice, as %s and as %s%s",
				dropped->path, smith_entry_type_name(last->type), type,
				last->type == SMITH_ENTRY_DIR && dropped->type == SMITH_ENTRY_DIR
					? " of other attributes"
					: "");
	}
	g_ptr_array_set_size(entries, (int)kept);
	return TRUE;
}

#define UNKNOWN G_MAXUINT
#define WALKING (G_MAXUINT - 1)

/*
 * roots[i]: the position of the entry whose inode entry i names; itself unless a hard link. Chains
 * of links are walked once and every link on the way learns the answer, so that a long chain costs
 * no more than its length.
 */
static gboolean find_root(const GPtrArray *entries, GHashTable *positions, guint *roots,
			  guint start, GError **error)
{
	guint at = start;
	while (roots[at] == UNKNOWN) {
		const SmithEntry *entry = entries->pdata[at];
		roots[at] = WALKING;
		gpointer next = NULL;
		if (!g_hash_table_lookup_extended(positions, entry->target, NULL, &next))
			return smith_throw(error, SMITH_ERROR_INVALID,
					   "hard link '%s': its target '%s' does not exist",
					   entry->path, entry->target);
		at = GPOINTER_TO_UINT(next);
	}
	const SmithEntry *end = entries->pdata[at];
	if (roots[at] == WALKING)
		return smith_throw(error, SMITH_ERROR_INVALID,
				   "hard link '%s': leads back to itself", end->path);
	guint root = roots[at];
	end = entries->pdata[root];
	if (end->type == SMITH_ENTRY_DIR) {
		const SmithEntry *entry = entries->pdata[start];
		return smith_throw(error, SMITH_ERROR_INVALID,
				   "hard link '%s': its target '%s' is a directory", entry->path,
				   end->path);
	}
	for (guint i = start; roots[i] == WALKING;) {
		const SmithEntry *entry = entries->pdata[i];
		roots[i] = root;
		i = GPOINTER_TO_UINT(g_hash_table_lookup(positions, entry->target));
	}
	return TRUE;
}

static void exchange(GPtrArray *entries, guint first, guint root)
{
	SmithEntry *link = entries->pdata[first];
	SmithEntry *file = entries->pdata[root];
	char *path = link->path;
	link->path = file->path;
	file->path = path;
	entries->pdata[first] = file;
	entries->pdata[root] = link;
}

/* Of all names of an inode the first in the order holds it, and the others link to that one with
 * equal attributes: which name the source took for the file makes no difference. */
static void link_to_first(GPtrArray *entries, const guint *roots)
{
	g_autofree guint *firsts = g_new(guint, entries->len);
	for (guint i = 0; i < entries->len; i++)
		firsts[i] = UNKNOWN;
	for (guint i = 0; i < entries->len; i++) {
		if (firsts[roots[i]] == UNKNOWN)
			firsts[roots[i]] = i;
	}
	for (guint i = 0; i < entries->len; i++) {
		if (roots[i] == i && firsts[i] != i)
			exchange(entries, firsts[i], i);
	}
	for (guint i = 0; i < entries->len; i++) {
		const SmithEntry *file = entries->pdata[firsts[roots[i]]];
		SmithEntry *link = entries->pdata[i];
		if (link == file)
			continue;
		g_free(link->target);
		link->target = g_strdup(file->path);
		link->mode = file->mode;
		link->uid = file->uid;
		link->gid = file->gid;
		link->mtime = file->mtime;
		g_clear_pointer(&link->xattrs, g_array_unref);
	}
}

static gboolean arrange_links(GPtrArray *entries, GError **error)
{
	gboolean any = FALSE;
	for (guint i = 0; i < entries->len && !any; i++)
		any = ((const SmithEntry *)entries->pdata[i])->type == SMITH_ENTRY_HARDLINK;
	if (!any)
		return TRUE;

	g_autoptr(GHashTable) positions = g_hash_table_new(g_str_hash, g_str_equal);
	g_autofree guint *roots = g_new(guint, entries->len);
	for (guint i = 0; i < entries->len; i++) {
		const SmithEntry *entry = entries->pdata[i];
		g_hash_table_insert(positions, entry->path, GUINT_TO_POINTER(i));
		roots[i] = entry->type == SMITH_ENTRY_HARDLINK ? UNKNOWN : i;
	}
	for (guint i = 0; i < entries->len; i++) {
		if (roots[i] == UNKNOWN && !find_root(entries, positions, roots, i, error))
			return FALSE;
	}
	link_to_first(entries, roots);
	return TRUE;
}

static GPtrArray *sort_arrange(GPtrArray *taken, G_GNUC_UNUSED gint64 epoch, GError **error)
{
	g_autoptr(GPtrArray) entries = taken;
	g_ptr_array_sort(entries, compare_entries);
	if (!merge_directories(entries, error) || !arrange_links(entries, error))
		return NULL;
	return g_steal_pointer(&entries);
}

SmithEntryIter *smith_entry_filter_sort(SmithEntryIter *inner)
{
	Collector *self = collector_new(inner);
	self->arrange = sort_arrange;
	return &self->base;
}

typedef struct {
	GHashTable *types; /* path -> SmithEntryType, borrows the entries' paths */
	GPtrArray *out;
	gint64 epoch;
} Parents;

/* Adds the missing parents of @path, the outermost first. */
static gboolean add_parents(Parents *parents, const char *path, GError **error)
{
	g_autofree char *parent = g_strdup(path);
	g_autoptr(GPtrArray) missing =
		g_ptr_array_new_with_free_func((GDestroyNotify)smith_entry_free);
	for (char *slash = strrchr(parent, '/'); slash != NULL; slash = strrchr(parent, '/')) {
		*slash = '\0';
		gpointer type = NULL;
		if (g_hash_table_lookup_extended(parents->types, parent, NULL, &type)) {
			if (GPOINTER_TO_INT(type) == SMITH_ENTRY_DIR)
				break;
			return smith_throw(error, SMITH_ERROR_CONFLICT,
					   "'%s' lies in '%s', which is a %s", path, parent,
					   smith_entry_type_name(GPOINTER_TO_INT(type)));
		}
		SmithEntry *entry = smith_entry_new(SMITH_ENTRY_DIR, parent, 0755);
		entry->mtime = parents->epoch;
		g_ptr_array_add(missing, entry);
		g_hash_table_insert(parents->types, entry->path, GINT_TO_POINTER(SMITH_ENTRY_DIR));
	}
	while (missing->len > 0)
		g_ptr_array_add(parents->out, g_ptr_array_steal_index(missing, missing->len - 1));
	return TRUE;
}

static GPtrArray *parents_arrange(GPtrArray *taken, gint64 epoch, GError **error)
{
	g_autoptr(GPtrArray) entries = taken;
	g_autoptr(GPtrArray) out = g_ptr_array_new_with_free_func((GDestroyNotify)smith_entry_free);
	g_autoptr(GHashTable) types = g_hash_table_new(g_str_hash, g_str_equal);
	for (guint i = 0; i < entries->len; i++) {
		const SmithEntry *entry = entries->pdata[i];
		g_hash_table_insert(types, entry->path, GINT_TO_POINTER(entry->type));
	}
	Parents parents = {types, out, epoch};
	for (guint i = 0; i < entries->len; i++) {
		const SmithEntry *entry = entries->pdata[i];
		if (!add_parents(&parents, entry->path, error))
			return NULL;
		g_ptr_array_add(out, g_steal_pointer(&entries->pdata[i]));
	}
	return g_steal_pointer(&out);
}

SmithEntryIter *smith_entry_filter_parents(SmithEntryIter *inner, gint64 epoch)
{
	Collector *self = collector_new(inner);
	self->arrange = parents_arrange;
	self->epoch = epoch;
	return &self->base;
}
