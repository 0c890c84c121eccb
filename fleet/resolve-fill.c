/* SPDX-License-Identifier: Apache-2.0 */
#include "fleet/resolve-state.h"

#include <string.h>

#include "fleet/closure.h"

static char **steal_strings(GPtrArray *strings)
{
	g_ptr_array_add(strings, NULL);
	return (char **)g_ptr_array_free(strings, FALSE);
}

static char **keys_of(GHashTable *table)
{
	GPtrArray *keys = g_ptr_array_new();
	GHashTableIter iter;
	gpointer key;
	g_hash_table_iter_init(&iter, table);
	while (g_hash_table_iter_next(&iter, &key, NULL))
		g_ptr_array_add(keys, g_strdup(key));
	return steal_strings(keys);
}

void smith_resolve_fill(SmithResolve *resolve)
{
	SmithLock *lock = resolve->lock;
	/* what there is to say of requirements was said when they were read first */
	g_autoptr(SmithDiag) again = smith_diag_new();
	for (guint i = 0; i < resolve->sets->len; i++) {
		const SmithSet *set = resolve->sets->pdata[i];
		bool is_family = strcmp(set->kind, "family") == 0;
		SmithLockSet *row =
			is_family ? smith_lock_family(lock, set->name) : g_new0(SmithLockSet, 1);
		if (!is_family) {
			row->name = g_strdup(set->name);
			row->from = g_strdup(set->from);
			g_ptr_array_add(lock->services, row);
		}
		row->requirements = smith_lock_requirements(resolve->fleet, set->pip, again);
		row->override = set->pip != NULL ? g_strdupv(set->pip->override) : NULL;
		GPtrArray *files = g_ptr_array_new();
		for (guint j = 0; j < set->picks->len; j++)
			g_ptr_array_add(files,
					g_strdup(((SmithPick *)set->picks->pdata[j])->lock->file));
		row->wheels = steal_strings(files);
	}
	g_autoptr(GPtrArray) used = smith_resolve_used(resolve);
	while (resolve->sdists->len > 0)
		g_ptr_array_add(lock->sdists, g_ptr_array_steal_index(resolve->sdists, 0));
	bool asked = false;
	for (guint i = 0; i < resolve->sets->len; i++)
		asked = asked || ((SmithSet *)resolve->sets->pdata[i])->asked;
	if (asked)
		smith_closure_note(resolve->sets, used, lock->sdists, resolve->picks);
	for (guint i = 0; i < used->len; i++) {
		SmithPick *pick = used->pdata[i];
		pick->lock->by = keys_of(pick->by);
		g_ptr_array_add(lock->wheels, g_steal_pointer(&pick->lock));
	}
	smith_lock_sort(lock);
}
