/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/error.h"
#include "cmd/commands.h"
#include "cmd/look.h"
#include "cmd/output.h"
#include "quadlet/journal.h"

#define ENTRIES 100 /* of what has failed, that are looked at */
#define LINES 5	    /* of them that are told */

typedef struct {
	const char *group; /* NULL: of no group */
	guint n[SMITH_STATE_STRANGER + 1];
	guint other_images;
} Count;

typedef struct {
	const SmithInvocation *inv;
	const SmithLook *look;
	GPtrArray *wrong; /* (element-type SmithServiceState*, borrowed) the worst first */
	GArray *counts;	  /* of Count, by the groups' first services */
	Count total;
} Summary;

static Count *count_of(Summary *summary, const char *group)
{
	for (guint i = 0; i < summary->counts->len; i++) {
		Count *count = &g_array_index(summary->counts, Count, i);
		if (g_strcmp0(count->group, group) == 0)
			return count;
	}
	g_array_append_val(summary->counts, ((Count){.group = group}));
	return &g_array_index(summary->counts, Count, summary->counts->len - 1);
}

static bool is_counted(const Summary *summary, const SmithServiceState *state)
{
	return state->plan != NULL ? smith_look_is_chosen(summary->inv, state->plan)
				   : summary->inv->n_operands == 0;
}

static void add(Summary *summary, const SmithServiceState *state)
{
	if (!is_counted(summary, state))
		return;
	Count *count = state->plan != NULL ? count_of(summary, state->group) : NULL;
	if (count != NULL) {
		count->n[state->kind]++;
		summary->total.n[state->kind]++;
		count->other_images += state->image_match == SMITH_IMAGE_OTHER;
		summary->total.other_images += state->image_match == SMITH_IMAGE_OTHER;
	}
	if (state->kind != SMITH_STATE_WELL)
		g_ptr_array_add(summary->wrong, (gpointer)state);
}

static int rank(SmithStateKind kind)
{
	static const int ranks[] = {4, 2, 1, 0, 3};
	return ranks[kind];
}

static int compare_wrong(gconstpointer a, gconstpointer b)
{
	const SmithServiceState *const *x = a, *const *y = b;
	int by_kind = rank((*x)->kind) - rank((*y)->kind);
	return by_kind != 0 ? by_kind : strcmp((*x)->title, (*y)->title);
}

typedef struct {
	GPtrArray *of_program;
	GPtrArray *of_systemd;
} Lines;

/* Only the last ones are kept. */
static bool add_line(const SmithJournalEntry *entry, gpointer data)
{
	const Lines *lines = data;
	GPtrArray *list =
		entry->source == SMITH_JOURNAL_PROGRAM ? lines->of_program : lines->of_systemd;
	if (entry->source == SMITH_JOURNAL_PODMAN)
		return true;
	if (list->len == LINES)
		g_ptr_array_remove_index(list, 0);
	g_ptr_array_add(list, g_strdup(entry->text));
	return true;
}

/* What it wrote last, or else what systemd has to say; that there is no journal to be read is not
 * what is asked. */
static GPtrArray *last_lines(const Summary *summary, const SmithServiceState *state)
{
	g_autoptr(GPtrArray) of_program = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GPtrArray) of_systemd = g_ptr_array_new_with_free_func(g_free);
	Lines lines = {of_program, of_systemd};
	const char *units[] = {state->unit, NULL};
	const SmithJournalQuery query = {.units = units, .lines = ENTRIES};
	if (state->kind == SMITH_STATE_FAILED && strcmp(state->load, "loaded") == 0)
		smith_journal_read(&summary->look->reach, &query, add_line, &lines, NULL);
	return g_ptr_array_ref(of_program->len > 0 ? of_program : of_systemd);
}

static void print_wrong(const SmithServiceState *state, const GPtrArray *lines)
{
	g_autofree char *since = smith_look_time(state->since);
	smith_print("%s: %s", state->title, smith_service_state_word(state));
	if (state->kind == SMITH_STATE_FAILED && *state->result != '\0' &&
	    strcmp(state->result, "success") != 0)
		smith_print(", result '%s'", state->result);
	/* of what runs before and after the program there is no status */
	if (state->kind == SMITH_STATE_FAILED && state->exit_status != 0)
		smith_print(", exit status %" G_GINT64_FORMAT, state->exit_status);
	if (state->restarts > 0)
		smith_print(", %" G_GINT64_FORMAT " restarts", state->restarts);
	if (since != NULL)
		smith_print(", since %s", since);
	if (state->unit != NULL)
		smith_print(" (%s)", state->unit);
	smith_print("\n");
	for (guint i = 0; i < lines->len; i++) {
		g_auto(GStrv) parts = g_strsplit(g_strchomp(lines->pdata[i]), "\n", -1);
		for (char **part = parts; *part != NULL; part++) {
			g_autofree char *text = smith_output_escape(*part);
			smith_print("    %s\n", text);
		}
	}
}

static guint count_all(const Count *count)
{
	guint all = 0;
	for (guint i = 0; i < G_N_ELEMENTS(count->n); i++)
		all += count->n[i];
	return all;
}

static void add_count(SmithTable *table, const char *name, const Count *count)
{
	g_autofree char *all = g_strdup_printf("%u", count_all(count));
	g_autofree char *well = g_strdup_printf("%u", count->n[SMITH_STATE_WELL]);
	g_autofree char *starting = g_strdup_printf("%u", count->n[SMITH_STATE_STARTING]);
	g_autofree char *stopped = g_strdup_printf("%u", count->n[SMITH_STATE_STOPPED]);
	g_autofree char *failed = g_strdup_printf("%u", count->n[SMITH_STATE_FAILED]);
	g_autofree char *other = g_strdup_printf("%u", count->other_images);
	smith_table_add(table, name, all, well, starting, stopped, failed, other);
}

static void print_text(const Summary *summary)
{
	static const char *const headings[] = {"GROUP",	   ">SERVICES", ">WELL",	">STARTING",
					       ">STOPPED", ">FAILED",	">OTHER IMAGE", NULL};
	g_autoptr(SmithTable) table = smith_table_new(headings);
	for (guint i = 0; i < summary->wrong->len; i++) {
		g_autoptr(GPtrArray) lines = last_lines(summary, summary->wrong->pdata[i]);
		print_wrong(summary->wrong->pdata[i], lines);
	}
	if (summary->wrong->len > 0)
		smith_print("\n");
	for (guint i = 0; i < summary->counts->len; i++) {
		const Count *count = &g_array_index(summary->counts, Count, i);
		add_count(table, count->group, count);
	}
	g_autofree char *name = g_strconcat("host ", summary->look->host->name, NULL);
	add_count(table, name, &summary->total);
	smith_table_print(table);
}

static SmithNode *count_node(const char *name, const Count *count)
{
	SmithNode *node = smith_node_new(SMITH_NODE_MAP);
	smith_node_set(node, "name", smith_node_new_string(name != NULL ? name : ""));
	smith_node_set(node, "services", smith_node_new_int(count_all(count)));
	for (SmithStateKind kind = SMITH_STATE_WELL; kind < SMITH_STATE_STRANGER; kind++)
		smith_node_set(node, smith_state_kind_name(kind),
			       smith_node_new_int(count->n[kind]));
	smith_node_set(node, "otherImage", smith_node_new_int(count->other_images));
	return node;
}

static void print_json(const Summary *summary)
{
	g_autoptr(SmithNode) node = smith_node_new(SMITH_NODE_MAP);
	SmithNode *wrong = smith_node_new(SMITH_NODE_SEQ);
	SmithNode *groups = smith_node_new(SMITH_NODE_SEQ);
	for (guint i = 0; i < summary->wrong->len; i++) {
		g_autoptr(GPtrArray) lines = last_lines(summary, summary->wrong->pdata[i]);
		SmithNode *item = smith_look_node(summary->wrong->pdata[i]);
		SmithNode *log = smith_node_new(SMITH_NODE_SEQ);
		for (guint j = 0; j < lines->len; j++)
			smith_node_append(log, smith_node_new_string(lines->pdata[j]));
		smith_node_set(item, "log", log);
		smith_node_append(wrong, item);
	}
	for (guint i = 0; i < summary->counts->len; i++) {
		const Count *count = &g_array_index(summary->counts, Count, i);
		smith_node_append(groups, count_node(count->group, count));
	}
	smith_node_set(node, "well", smith_node_new_bool(summary->wrong->len == 0));
	smith_node_set(node, "wrong", wrong);
	smith_node_set(node, "groups", groups);
	smith_node_set(node, "host", count_node(summary->look->host->name, &summary->total));
	smith_print_json(node);
}

static void summarize(Summary *summary, const SmithHostState *state)
{
	for (guint i = 0; i < state->services->len; i++)
		add(summary, state->services->pdata[i]);
	for (guint i = 0; i < state->units->len; i++)
		add(summary, state->units->pdata[i]);
	g_ptr_array_sort(summary->wrong, compare_wrong);
}

gboolean smith_cmd_status(SmithInvocation *inv, GError **error)
{
	g_auto(SmithLook) look = {0};
	if (!smith_look_open(inv, &look, error))
		return FALSE;
	g_autoptr(SmithHostState) state = smith_host_state_new(look.plan, &look.reach, error);
	if (state == NULL)
		return FALSE;
	g_autoptr(GPtrArray) wrong = g_ptr_array_new();
	g_autoptr(GArray) counts = g_array_new(FALSE, TRUE, sizeof(Count));
	Summary summary = {.inv = inv, .look = &look, .wrong = wrong, .counts = counts};
	summarize(&summary, state);
	if (inv->format == SMITH_FORMAT_JSON)
		print_json(&summary);
	else
		print_text(&summary);
	return wrong->len == 0 || smith_throw(error, SMITH_ERROR_FAILED,
					      "not all is well on host '%s'", look.host->name);
}
