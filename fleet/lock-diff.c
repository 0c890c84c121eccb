/* SPDX-License-Identifier: Apache-2.0 */
#include "fleet/lock-diff.h"

#include <string.h>

/* What there is of a thing by its name: versions or digests, and what tells two of them apart. */
typedef struct {
	GPtrArray *was;	  /* (element-type char*) */
	GPtrArray *is;	  /* (element-type char*) */
	GString *was_key; /* of all, in their order */
	GString *is_key;
} Row;

static void row_free(gpointer data)
{
	Row *row = data;
	g_ptr_array_unref(row->was);
	g_ptr_array_unref(row->is);
	g_string_free(row->was_key, TRUE);
	g_string_free(row->is_key, TRUE);
	g_free(row);
}

static void note(GHashTable *rows, bool now, char *name, const char *version, const char *key)
{
	Row *row = g_hash_table_lookup(rows, name);
	if (row == NULL) {
		row = g_new0(Row, 1);
		row->was = g_ptr_array_new_with_free_func(g_free);
		row->is = g_ptr_array_new_with_free_func(g_free);
		row->was_key = g_string_new(NULL);
		row->is_key = g_string_new(NULL);
		g_hash_table_insert(rows, g_strdup(name), row);
	}
	g_free(name);
	g_ptr_array_add(now ? row->is : row->was, g_strdup(version));
	g_string_append_printf(now ? row->is_key : row->was_key, "%s\n", key);
}

static void note_lock(GHashTable *rows, const SmithLock *lock, bool now)
{
	if (lock == NULL)
		return;
	for (guint i = 0; i < lock->bases->len; i++) {
		const SmithLockBase *base = lock->bases->pdata[i];
		note(rows, now, g_strdup_printf("base '%s'", base->from), base->digest,
		     base->digest);
	}
	for (guint i = 0; i < lock->debs->len; i++) {
		const SmithDeb *deb = lock->debs->pdata[i];
		note(rows, now, g_strconcat("package ", deb->name, NULL), deb->version,
		     deb->sha256);
	}
	for (guint i = 0; i < lock->wheels->len; i++) {
		const SmithLockWheel *wheel = lock->wheels->pdata[i];
		note(rows, now, g_strdup(wheel->name), wheel->version, wheel->sha256);
	}
	for (guint i = 0; i < lock->parts->len; i++) {
		const SmithLockPart *part = lock->parts->pdata[i];
		g_autofree char *digest = g_strconcat("sha256:", part->sha256, NULL);
		note(rows, now, g_strconcat("part ", part->name, NULL), digest, digest);
	}
}

static char *join(GPtrArray *strings)
{
	g_autoptr(GString) text = g_string_new(NULL);
	for (guint i = 0; i < strings->len; i++)
		g_string_append_printf(text, "%s%s", i > 0 ? ", " : "", (char *)strings->pdata[i]);
	return g_strdup(text->str);
}

static char *describe(const char *name, const Row *row)
{
	g_autofree char *was = join(row->was);
	g_autofree char *is = join(row->is);
	if (row->was->len == 0)
		return g_strdup_printf("%s %s added", name, is);
	if (row->is->len == 0)
		return g_strdup_printf("%s %s removed", name, was);
	if (strcmp(was, is) == 0)
		return g_strdup_printf("%s %s has another file", name, is);
	return g_strdup_printf("%s %s -> %s", name, was, is);
}

static int compare_strings(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

GPtrArray *smith_lock_diff(const SmithLock *old, const SmithLock *now)
{
	g_autoptr(GHashTable) rows =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, row_free);
	GPtrArray *lines = g_ptr_array_new_with_free_func(g_free);
	GHashTableIter iter;
	gpointer name, value;
	note_lock(rows, old, false);
	note_lock(rows, now, true);
	g_hash_table_iter_init(&iter, rows);
	while (g_hash_table_iter_next(&iter, &name, &value)) {
		const Row *row = value;
		if (strcmp(row->was_key->str, row->is_key->str) != 0)
			g_ptr_array_add(lines, describe(name, row));
	}
	g_ptr_array_sort(lines, compare_strings);
	return lines;
}
