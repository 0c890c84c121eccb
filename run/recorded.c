/* SPDX-License-Identifier: Apache-2.0 */
#include "run/recorded.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "seccomp/profile-lint.h"

#define VALUES_MAX 24 /* that are told apart; with more of them the call is free */
#define ENOSYS_NUMBER 38
#define ALLOW "SCMP_ACT_ALLOW"

static const char *const phase_names[SMITH_PHASES] = {"start-up", "run", "stop", "health"};

/* One call, or with arguments one of its values. */
typedef struct {
	char *name;
	char *args; /* JSON, or NULL: whatever they are */
	guint phases;
	guint runs;
	char *object; /* or NULL */
	char *reason; /* that is not ours to make; or NULL */
} Row;

typedef struct {
	GPtrArray *rows;
	GHashTable *by_key;
} Rows;

static void row_free(gpointer data)
{
	Row *row = data;
	g_free(row->name);
	g_free(row->args);
	g_free(row->object);
	g_free(row->reason);
	g_free(row);
}

static Row *get_row(Rows *rows, const char *name, const char *args)
{
	g_autofree char *key = g_strconcat(name, " ", args != NULL ? args : "", NULL);
	Row *row = g_hash_table_lookup(rows->by_key, key);
	if (row != NULL)
		return row;
	row = g_new0(Row, 1);
	row->name = g_strdup(name);
	row->args = g_strdup(args);
	g_ptr_array_add(rows->rows, row);
	g_hash_table_insert(rows->by_key, g_steal_pointer(&key), row);
	return row;
}

/* What a recording cannot show. */
static const struct {
	const char *name;
	const char *reason;
} always[] = {
	{"brk", "memory of the C library"},
	{"clock_gettime", "clocks, where the vDSO has none"},
	{"clock_nanosleep", "waits of locks and retries"},
	{"clone", "threads and processes"},
	{"close", "the container runtime, before the program begins"},
	{"close_range", "the container runtime, before the program begins"},
	{"execve", "the container runtime starts the program"},
	{"exit", "ends of threads"},
	{"exit_group", "ends of processes"},
	{"fcntl", "the container runtime, before the program begins"},
	{"fstat", "files, of the C library"},
	{"futex", "locks of the C library"},
	{"getrandom", "seeds of hashes and allocators"},
	{"getpid", "abort() and raise()"},
	{"gettid", "abort() and raise()"},
	{"madvise", "memory of the C library"},
	{"mmap", "memory of the C library"},
	{"mprotect", "stacks of threads, guard pages"},
	{"mremap", "memory of the C library"},
	{"munmap", "memory of the C library"},
	{"newfstatat", "files, of the C library"},
	{"prctl", "the container runtime, before the program begins"},
	{"read", "files, of the C library"},
	{"restart_syscall", "goes on after a stop"},
	{"rseq", "threads of the C library"},
	{"rt_sigaction", "signal handlers"},
	{"rt_sigprocmask", "signal handlers, abort()"},
	{"rt_sigreturn", "ends of signal handlers"},
	{"sched_yield", "locks of the C library that are contended"},
	{"set_robust_list", "threads of the C library"},
	{"tgkill", "abort() and raise()"},
	{"write", "messages of the C library"},
	{"writev", "messages of the C library"},
};

/* The low half alone, where the kernel reads no more; namespaces are bits that a clone has not. */
static char *write_arg(const SmithRunCall *call)
{
	guint64 mask = 0;
	(void)smith_watch_argument(call->name, &mask);
	return g_strdup_printf("%d %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT, call->argument, mask,
			       call->value);
}

static guint count_values(const GPtrArray *calls, const char *name)
{
	guint n = 0;
	for (guint i = 0; i < calls->len; i++)
		n += strcmp(((const SmithRunCall *)calls->pdata[i])->name, name) == 0;
	return n;
}

/* Whatever its arguments. */
static bool has_plain(const SmithProfile *base, const char *name)
{
	for (guint i = 0; base != NULL && i < base->rules->len; i++) {
		const SmithProfileRule *rule = base->rules->pdata[i];
		if (strcmp(rule->name, name) == 0 && strcmp(rule->action, ALLOW) == 0 &&
		    rule->args->len == 0 && rule->caps == NULL && rule->not_caps == NULL)
			return true;
	}
	return false;
}

static void add_calls(Rows *rows, const GPtrArray *calls, const SmithProfile *base)
{
	for (guint i = 0; i < calls->len; i++) {
		const SmithRunCall *call = calls->pdata[i];
		bool narrow = call->argument >= 0 && count_values(calls, call->name) <= VALUES_MAX;
		g_autofree char *args = narrow ? write_arg(call) : NULL;
		/* a number without a name is no call that a profile could allow */
		if (g_ascii_isdigit(*call->name) || has_plain(base, call->name))
			continue;
		Row *row = get_row(rows, call->name, args);
		row->phases |= call->phases;
		row->runs++;
		if (row->object == NULL)
			row->object = g_strdup(call->object);
	}
}

/* "start-up, stop; libc.so.6; 3 recordings" */
static char *write_reason(const Row *row)
{
	g_autoptr(GString) text = g_string_new(NULL);
	if (row->phases == 0)
		return g_strdup(row->reason);
	for (guint i = 0; i < SMITH_PHASES; i++)
		if ((row->phases & 1u << i) != 0)
			g_string_append_printf(text, "%s%s", text->len > 0 ? ", " : "",
					       phase_names[i]);
	g_string_append_printf(text, "; %s; %u recording%s",
			       row->object != NULL ? row->object : "?", row->runs,
			       row->runs == 1 ? "" : "s");
	return g_string_free(g_steal_pointer(&text), FALSE);
}

/* FALSE: it is somebody else's text. */
static bool read_reason(const char *text, Row *row)
{
	g_auto(GStrv) parts = g_strsplit(text, "; ", -1);
	guint phases = 0;
	guint runs = 0;
	if (g_strv_length(parts) != 3 || sscanf(parts[2], "%u recording", &runs) != 1)
		return false;
	g_auto(GStrv) words = g_strsplit(parts[0], ", ", -1);
	for (char **word = words; *word != NULL; word++) {
		guint i = 0;
		while (i < SMITH_PHASES && strcmp(phase_names[i], *word) != 0)
			i++;
		if (i == SMITH_PHASES)
			return false;
		phases |= 1u << i;
	}
	row->phases |= phases;
	row->runs += runs;
	g_free(row->object);
	row->object = strcmp(parts[1], "?") != 0 ? g_strdup(parts[1]) : NULL;
	return true;
}

static char *read_arg(const SmithProfileRule *rule)
{
	const SmithProfileArg *arg = rule->args->len == 1 ? rule->args->pdata[0] : NULL;
	if (arg == NULL || strcmp(arg->op, "SCMP_CMP_MASKED_EQ") != 0)
		return NULL;
	return g_strdup_printf("%u %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT, arg->index,
			       arg->value, arg->value_two);
}

/* Rules of a kind that is never recorded would be lost: they are somebody's own, and refused. */
static gboolean add_old(Rows *rows, const SmithRecorded *record, GError **error)
{
	gsize length;
	const char *text = g_bytes_get_data(record->old, &length);
	g_autoptr(SmithProfile) profile =
		smith_profile_parse(record->dirfd, record->name, text, length, error);
	if (profile == NULL)
		return FALSE;
	for (guint i = 0; i < profile->rules->len; i++) {
		const SmithProfileRule *rule = profile->rules->pdata[i];
		if (g_strcmp0(rule->from, record->name) != 0)
			continue;
		g_autofree char *args = read_arg(rule);
		if (strcmp(rule->action, ALLOW) != 0 || (rule->args->len > 0 && args == NULL) ||
		    rule->caps != NULL || rule->not_caps != NULL || rule->arches != NULL ||
		    rule->not_arches != NULL)
			return smith_throw(
				error, SMITH_ERROR_UNSUPPORTED,
				"%s:%u: a rule of '%s' was written by hand and cannot be "
				"merged: keep it in a profile of its own and record with "
				"--base, or --replace it",
				rule->place.file, rule->place.line, rule->name);
		Row *row = get_row(rows, rule->name, args);
		if (rule->reason == NULL || !read_reason(rule->reason, row)) {
			g_free(row->reason);
			row->reason = g_strdup(rule->reason);
		}
	}
	return TRUE;
}

static bool has_name(const Rows *rows, const char *name)
{
	for (guint i = 0; i < rows->rows->len; i++)
		if (strcmp(((const Row *)rows->rows->pdata[i])->name, name) == 0)
			return true;
	return false;
}

static void add_reason(Rows *rows, const char *name, const char *args, const char *reason)
{
	Row *row = get_row(rows, name, args);
	if (row->reason == NULL)
		row->reason = g_strdup(reason);
}

static void add_twins(Rows *rows, const SmithProfile *base)
{
	guint recorded = rows->rows->len;
	for (guint i = 0; i < recorded; i++) {
		const Row *row = rows->rows->pdata[i];
		const char *twin = smith_profile_twin(row->name);
		if (twin == NULL || has_name(rows, twin) || has_plain(base, twin))
			continue;
		g_autofree char *reason = g_strdup_printf("on arm64 for %s", row->name);
		add_reason(rows, twin, NULL, reason);
	}
}

static void add_always(Rows *rows)
{
	for (guint i = 0; i < G_N_ELEMENTS(always); i++)
		if (!has_name(rows, always[i].name))
			add_reason(rows, always[i].name, NULL, always[i].reason);
}

/* A call that is free needs no rules with arguments. */
static bool is_covered(const Rows *rows, const Row *row)
{
	g_autofree char *key = g_strconcat(row->name, " ", NULL);
	return row->args != NULL && g_hash_table_contains(rows->by_key, key);
}

static SmithNode *write_args(const char *args)
{
	SmithNode *list = smith_node_new(SMITH_NODE_SEQ);
	SmithNode *arg = smith_node_new(SMITH_NODE_MAP);
	guint index = 0;
	guint64 mask = 0;
	guint64 value = 0;
	(void)sscanf(args, "%u %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT, &index, &mask, &value);
	smith_node_set(arg, "index", smith_node_new_int(index));
	smith_node_set(arg, "value", smith_node_new_int((gint64)mask));
	smith_node_set(arg, "valueTwo", smith_node_new_int((gint64)value));
	smith_node_set(arg, "op", smith_node_new_string("SCMP_CMP_MASKED_EQ"));
	smith_node_append(list, arg);
	return list;
}

static SmithNode *write_row(const Row *row)
{
	SmithNode *node = smith_node_new(SMITH_NODE_MAP);
	SmithNode *names = smith_node_new(SMITH_NODE_SEQ);
	g_autofree char *reason = write_reason(row);
	smith_node_append(names, smith_node_new_string(row->name));
	smith_node_set(node, "names", names);
	smith_node_set(node, "action", smith_node_new_string(ALLOW));
	if (row->args != NULL)
		smith_node_set(node, "args", write_args(row->args));
	if (reason != NULL)
		smith_node_set(node, "comment", smith_node_new_string(reason));
	return node;
}

static int compare_rows(gconstpointer a, gconstpointer b)
{
	const Row *one = *(const Row *const *)a;
	const Row *other = *(const Row *const *)b;
	int order = strcmp(one->name, other->name);
	return order != 0 ? order : g_strcmp0(one->args, other->args);
}

static SmithNode *write_rows(Rows *rows, guint *n_calls)
{
	SmithNode *list = smith_node_new(SMITH_NODE_SEQ);
	const char *last = "";
	g_ptr_array_sort(rows->rows, compare_rows);
	*n_calls = 0;
	for (guint i = 0; i < rows->rows->len; i++) {
		const Row *row = rows->rows->pdata[i];
		if (is_covered(rows, row))
			continue;
		*n_calls += strcmp(last, row->name) != 0;
		last = row->name;
		smith_node_append(list, write_row(row));
	}
	return list;
}

static SmithNode *write_document(const SmithRecorded *record, Rows *rows, guint *n_calls)
{
	SmithNode *node = smith_node_new(SMITH_NODE_MAP);
	g_autofree char *comment =
		g_strdup_printf("what service %s has called; 'ocismith seccomp record' adds to it",
				record->service);
	smith_node_set(node, "comment", smith_node_new_string(comment));
	if (record->base != NULL) {
		SmithNode *includes = smith_node_new(SMITH_NODE_SEQ);
		smith_node_append(includes, smith_node_new_string(record->base));
		smith_node_set(node, "include", includes);
	}
	smith_node_set(node, "defaultAction", smith_node_new_string("SCMP_ACT_ERRNO"));
	smith_node_set(node, "defaultErrnoRet", smith_node_new_int(ENOSYS_NUMBER));
	smith_node_set(node, "syscalls", write_rows(rows, n_calls));
	return node;
}

char *smith_recorded_write(const SmithRecorded *record, guint *n_calls, gsize *length,
			   GError **error)
{
	g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(row_free);
	g_autoptr(GHashTable) by_key = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	Rows rows = {list, by_key};
	g_autoptr(SmithProfile) base =
		record->base != NULL ? smith_profile_load(record->dirfd, record->base, error)
				     : NULL;
	if ((record->base != NULL && base == NULL) ||
	    (record->old != NULL && !add_old(&rows, record, error)))
		return NULL;
	add_calls(&rows, record->calls, base);
	add_twins(&rows, base);
	if (record->base == NULL)
		add_always(&rows);
	g_autoptr(SmithNode) document = write_document(record, &rows, n_calls);
	return smith_json_write(document, SMITH_JSON_PRETTY, length);
}
