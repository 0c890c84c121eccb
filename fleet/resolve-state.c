/* SPDX-License-Identifier: Apache-2.0 */
#include "fleet/resolve-state.h"

#include "base/pool.h"

void smith_resolve_tell(SmithResolve *resolve, SmithSet *set, SmithPlace place, const char *rule,
			const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	g_autofree char *text = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	set->sound = false;
	smith_diag_add(resolve->diag, SMITH_SEVERITY_ERROR, place, rule, "%s", text);
}

bool smith_resolve_hash_is_listed(const SmithRequirementLine *line, const char *sha256)
{
	g_autofree char *digest = g_strconcat("sha256:", sha256, NULL);
	return *line->hashes == NULL || g_strv_contains((const char *const *)line->hashes, digest);
}

SmithPick *smith_resolve_pick(SmithResolve *resolve, const SmithWheelCandidate *candidate)
{
	SmithPick *pick = g_hash_table_lookup(resolve->picks, candidate->file);
	if (pick != NULL)
		return pick;
	pick = g_new0(SmithPick, 1);
	pick->fleet = resolve->fleet;
	pick->store = resolve->store;
	pick->candidate = candidate;
	pick->lock = g_new0(SmithLockWheel, 1);
	pick->lock->file = g_strdup(candidate->file);
	pick->lock->name = g_strdup(candidate->name->key);
	pick->lock->url = g_strdup(candidate->url);
	pick->by = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_hash_table_insert(resolve->picks, g_strdup(candidate->file), pick);
	return pick;
}

SmithPipAsker smith_resolve_asker(const SmithResolve *resolve)
{
	return (SmithPipAsker){
		.family = &resolve->family,
		.finder = resolve->finder,
		.previous = resolve->options->previous,
		.updates = resolve->options->updates,
	};
}

static SmithPick *pick_for_build(gpointer data, const SmithWheelCandidate *candidate)
{
	return smith_resolve_pick(data, candidate);
}

SmithSdistBuilder smith_resolve_builder(SmithResolve *resolve, const SmithPipAsker *asker)
{
	return (SmithSdistBuilder){asker, pick_for_build, resolve, resolve->sdists, resolve->uses};
}

static gpointer read_pick(gpointer item, GError **error)
{
	(void)error;
	smith_pick_read(item);
	return item;
}

/* Picks that some set uses, each once, in the order of their first use. */
GPtrArray *smith_resolve_used(const SmithResolve *resolve)
{
	GPtrArray *used = g_ptr_array_new();
	g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);
	for (guint i = 0; i < resolve->sets->len; i++) {
		const SmithSet *set = resolve->sets->pdata[i];
		for (guint j = 0; j < set->picks->len; j++)
			if (g_hash_table_add(seen, set->picks->pdata[j]))
				g_ptr_array_add(used, set->picks->pdata[j]);
	}
	for (guint i = 0; i < resolve->uses->len; i++)
		if (g_hash_table_add(seen, resolve->uses->pdata[i]))
			g_ptr_array_add(used, resolve->uses->pdata[i]);
	return used;
}

gboolean smith_resolve_read(SmithResolve *resolve, GError **error)
{
	SmithEvents *events = resolve->options->events;
	g_autoptr(GPtrArray) used = smith_resolve_used(resolve);
	g_autoptr(SmithPool) pool = smith_pool_new(resolve->options->workers);
	for (guint i = 0; i < used->len; i++) {
		SmithPick *pick = used->pdata[i];
		if (pick->wheel == NULL && pick->error == NULL)
			smith_pool_submit(pool, read_pick, pick, 0, NULL);
	}
	while (smith_pool_pending(pool) > 0) {
		gpointer done = NULL;
		if (!smith_pool_take(pool, &done, error))
			return FALSE;
		const SmithPick *pick = done;
		if (pick->error == NULL)
			smith_events_done(events, pick->lock->file, pick->lock->sha256,
					  (guint64)pick->lock->size, false);
	}
	return TRUE;
}
