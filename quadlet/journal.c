/* SPDX-License-Identifier: Apache-2.0 */
#include "quadlet/journal.h"

#include <string.h>

#include "base/error.h"

#define FIELDS "MESSAGE,_SYSTEMD_USER_UNIT,USER_UNIT,_SYSTEMD_UNIT,UNIT,CONTAINER_NAME,PODMAN_EVENT"

void smith_journal_entry_clear(SmithJournalEntry *entry)
{
	g_clear_pointer(&entry->unit, g_free);
	g_clear_pointer(&entry->container, g_free);
	g_clear_pointer(&entry->text, g_free);
}

/* What is not text comes as a list of its bytes; what is too large as null. */
static char *text_of(const SmithNode *node)
{
	if (node == NULL || node->type == SMITH_NODE_NULL)
		return g_strdup("(too large to be shown)");
	if (node->type != SMITH_NODE_SEQ)
		return g_strdup(node->text != NULL ? node->text : "");
	g_autoptr(GString) bytes = g_string_new(NULL);
	for (guint i = 0; i < node->items->len; i++) {
		const SmithNode *item = node->items->pdata[i];
		if (item->type == SMITH_NODE_INT && item->integer > 0 && item->integer < 256)
			g_string_append_c(bytes, (char)item->integer);
	}
	return g_utf8_make_valid(bytes->str, (gssize)bytes->len);
}

/* `podman run --detach` prints the id of the container. */
static bool is_id(const char *text)
{
	return strlen(text) == 64 && strspn(text, "0123456789abcdef") == 64;
}

gboolean smith_journal_parse(const char *line, gsize length, bool system, SmithJournalEntry *entry,
			     GError **error)
{
	g_autoptr(SmithNode) node = smith_node_read_json(line, length, "journalctl", error);
	if (node == NULL)
		return FALSE;
	if (node->type != SMITH_NODE_MAP)
		return smith_throw(error, SMITH_ERROR_INVALID, "journalctl: got %s, expected a map",
				   smith_node_type_name(node->type));
	/* of a message about a unit its own is the manager's */
	const char *about = smith_node_get_string(node, system ? "UNIT" : "USER_UNIT");
	const char *unit =
		smith_node_get_string(node, system ? "_SYSTEMD_UNIT" : "_SYSTEMD_USER_UNIT");
	const char *stamp = smith_node_get_string(node, "__REALTIME_TIMESTAMP");
	entry->unit = g_strdup(about != NULL ? about : unit);
	entry->container = g_strdup(smith_node_get_string(node, "CONTAINER_NAME"));
	entry->text = text_of(smith_node_get(node, "MESSAGE"));
	entry->source = SMITH_JOURNAL_PROGRAM;
	if (about != NULL)
		entry->source = SMITH_JOURNAL_SYSTEMD;
	else if (smith_node_get(node, "PODMAN_EVENT") != NULL || is_id(entry->text))
		entry->source = SMITH_JOURNAL_PODMAN;
	entry->time = 0;
	if (stamp != NULL &&
	    !g_ascii_string_to_signed(stamp, 10, 0, G_MAXINT64, &entry->time, NULL))
		entry->time = 0;
	return TRUE;
}

static char **journal_argv(const SmithReach *reach, const SmithJournalQuery *query)
{
	GPtrArray *argv = g_ptr_array_new();
	g_ptr_array_add(argv, g_strdup("journalctl"));
	g_ptr_array_add(argv, g_strdup(reach->system ? "--system" : "--user"));
	g_ptr_array_add(argv, g_strdup("--no-pager"));
	g_ptr_array_add(argv, g_strdup("--quiet"));
	g_ptr_array_add(argv, g_strdup("--all"));
	g_ptr_array_add(argv, g_strdup("--output=json"));
	g_ptr_array_add(argv, g_strdup("--output-fields=" FIELDS));
	for (const char *const *unit = query->units; *unit != NULL; unit++)
		g_ptr_array_add(argv, g_strconcat("--unit=", *unit, NULL));
	if (query->lines > 0)
		g_ptr_array_add(argv, g_strdup_printf("--lines=%" G_GINT64_FORMAT, query->lines));
	else if (query->follow)
		g_ptr_array_add(argv, g_strdup("--lines=all"));
	if (query->since != NULL)
		g_ptr_array_add(argv, g_strconcat("--since=", query->since, NULL));
	if (query->follow)
		g_ptr_array_add(argv, g_strdup("--follow"));
	g_ptr_array_add(argv, NULL);
	return (char **)g_ptr_array_free(argv, FALSE);
}

typedef struct {
	const SmithReach *reach;
	SmithJournalTake take;
	gpointer data;
	bool enough;
} Reading;

static gboolean take_line(Reading *reading, const char *line, gsize length, GError **error)
{
	g_auto(SmithJournalEntry) entry = {0};
	if (length == 0)
		return TRUE;
	if (!smith_journal_parse(line, length, reading->reach->system, &entry, error))
		return FALSE;
	reading->enough = !reading->take(&entry, reading->data);
	return TRUE;
}

/* Takes the lines that are whole off @text. */
static gboolean take_lines(Reading *reading, GString *text, GError **error)
{
	gsize done = 0;
	const char *end;
	while (!reading->enough &&
	       (end = memchr(text->str + done, '\n', text->len - done)) != NULL) {
		gsize length = (gsize)(end - text->str) - done;
		if (!take_line(reading, text->str + done, length, error))
			return FALSE;
		done += length + 1;
	}
	g_string_erase(text, 0, (gssize)done);
	return text->len <= SMITH_JOURNAL_LINE_LIMIT ||
	       smith_throw(error, SMITH_ERROR_LIMIT,
			   "an entry of the journal is larger than %d "
			   "bytes",
			   SMITH_JOURNAL_LINE_LIMIT);
}

static gboolean read_stream(Reading *reading, GInputStream *stream, GError **error)
{
	g_autoptr(GString) text = g_string_new(NULL);
	char buffer[16384];
	gssize n = 0;
	while (!reading->enough &&
	       (n = g_input_stream_read(stream, buffer, sizeof buffer, NULL, error)) > 0) {
		g_string_append_len(text, buffer, n);
		if (!take_lines(reading, text, error))
			return FALSE;
	}
	return n >= 0;
}

gboolean smith_journal_read(const SmithReach *reach, const SmithJournalQuery *query,
			    SmithJournalTake take, gpointer data, GError **error)
{
	Reading reading = {reach, take, data, false};
	GSubprocess *child = NULL;
	if (*query->units == NULL)
		return TRUE;
	g_auto(GStrv) argv = journal_argv(reach, query);
	const char *const *words = (const char *const *)argv;
	GInputStream *stream = smith_reach_follow(reach, words, &child, error);
	if (stream == NULL)
		return FALSE;
	gboolean ok = read_stream(&reading, stream, error);
	if (ok && !reading.enough)
		return smith_reach_finish(reach, words, child, error);
	g_subprocess_force_exit(child);
	smith_reach_finish(reach, words, child, NULL);
	return ok;
}
