/* SPDX-License-Identifier: Apache-2.0 */
#include "base/epoch.h"
#include "base/error.h"
#include "cmd/commands.h"
#include "cmd/output.h"
#include "cmd/prepare.h"
#include "execute/root.h"
#include "store/gc.h"

#define DAY (24 * 60 * 60)
#define DEFAULT_DAYS 30

static const char *const kinds[SMITH_GC_KINDS] = {
	[SMITH_GC_BLOBS] = "blobs",	    [SMITH_GC_RECORDS] = "records of steps",
	[SMITH_GC_DOWNLOADS] = "downloads", [SMITH_GC_LAYERS] = "unpacked layers",
	[SMITH_GC_ROOTS] = "roots",	    [SMITH_GC_PIPS] = "pips",
	[SMITH_GC_LOGS] = "logs of steps",  [SMITH_GC_REMAINS] = "remains",
};

static void print_json(const SmithGcCount *counts)
{
	g_autoptr(SmithNode) list = smith_node_new(SMITH_NODE_SEQ);
	for (guint i = 0; i < SMITH_GC_KINDS; i++) {
		SmithNode *item = smith_node_new(SMITH_NODE_MAP);
		smith_node_set(item, "what", smith_node_new_string(kinds[i]));
		smith_node_set(item, "kept", smith_node_new_int((gint64)counts[i].kept));
		smith_node_set(item, "removed", smith_node_new_int((gint64)counts[i].removed));
		smith_node_set(item, "bytes", smith_node_new_int((gint64)counts[i].bytes));
		smith_node_append(list, item);
	}
	smith_print_json(list);
}

static void print_text(const SmithGcCount *counts)
{
	static const char *const headings[] = {"WHAT", ">KEPT", ">REMOVED", ">SIZE", NULL};
	g_autoptr(SmithTable) table = smith_table_new(headings);
	guint64 total = 0;
	for (guint i = 0; i < SMITH_GC_KINDS; i++) {
		g_autofree char *kept = g_strdup_printf("%" G_GUINT64_FORMAT, counts[i].kept);
		g_autofree char *removed = g_strdup_printf("%" G_GUINT64_FORMAT, counts[i].removed);
		g_autofree char *size = smith_output_size(counts[i].bytes);
		smith_table_add(table, kinds[i], kept, removed, size);
		total += counts[i].bytes;
	}
	g_autofree char *size = smith_output_size(total);
	smith_table_add(table, "all", "", "", size);
	smith_table_print(table);
}

/* A build that runs needs what it has found. */
static gboolean lock_store(SmithInvocation *inv, GError **error)
{
	g_autoptr(GError) failure = NULL;
	SmithStore *store = inv->prepared->store;
	if (smith_store_lock(store, FALSE, &failure))
		return TRUE;
	if (failure == NULL) {
		smith_events_note(inv->events, "waiting for others who use store '%s'",
				  smith_store_get_path(store));
		return smith_store_lock(store, TRUE, error);
	}
	g_propagate_error(error, g_steal_pointer(&failure));
	return FALSE;
}

static gboolean remove_images(SmithInvocation *inv, GError **error)
{
	const SmithLayout *layout = smith_store_layout(inv->prepared->store);
	const char *const *names = smith_options_list(inv->options, "image");
	for (; names != NULL && *names != NULL; names++)
		if (!smith_layout_remove_ref(layout, *names, error))
			return FALSE;
	return TRUE;
}

gboolean smith_cmd_gc(SmithInvocation *inv, GError **error)
{
	SmithGcCount counts[SMITH_GC_KINDS];
	SmithGcOptions options = {
		.before = G_MAXINT64,
		.dry = smith_options_flag(inv->options, "dry-run"),
		.settle = smith_root_settle,
	};
	gint64 days = smith_options_int(inv->options, "older-than", DEFAULT_DAYS);
	if (days > 0)
		options.before = smith_epoch_today() - days * DAY;
	if (options.dry && smith_options_count(inv->options, "image") > 0)
		return smith_throw(error, SMITH_ERROR_USAGE,
				   "--dry-run removes no image: it cannot be used with --image");
	if (!lock_store(inv, error) || !remove_images(inv, error) ||
	    !smith_gc(inv->prepared->store, &options, counts, error))
		return FALSE;
	if (inv->format == SMITH_FORMAT_JSON)
		print_json(counts);
	else
		print_text(counts);
	return TRUE;
}
