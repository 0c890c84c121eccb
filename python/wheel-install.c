/* SPDX-License-Identifier: Apache-2.0 */
#include "python/wheel-install.h"

#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "python/pyc.h"
#include "python/scheme.h"
#include "python/script.h"

#define MAX_SCRIPT (16 * 1024 * 1024)
#define INSTALLER_TEXT "ocismith\n"

/* One file to be. Exactly one of member, bytes and pyc is its content. */
typedef struct {
	char *path;   /* below the root */
	char *origin; /* for errors: "file 'x'", "console script 'y'" */
	const SmithZipMember *member;
	const guint8 *sha256; /* of member, of the wheel's RECORD; NULL: not listed there */
	GBytes *bytes;
	SmithContent *pyc; /* borrowed of the target */
	guint32 mode;
} Item;

typedef struct {
	SmithWheel *wheel;
	const SmithInstallTarget *target;
	SmithScheme *scheme;
	GPtrArray *items;     /* (element-type Item*) */
	GPtrArray *rows;      /* (element-type SmithRecordRow*) of the new RECORD */
	GPtrArray *names;     /* (element-type char*) commands of entry points */
	GPtrArray *points;    /* (element-type SmithEntryPoint*) borrowed, parallel to names */
	GHashTable *commands; /* set of names of entry points, as they are in the wheel */
	GHashTable *compiled; /* set of paths of the target's .pyc files */
} Job;

static void item_free(gpointer data)
{
	Item *item = data;

	g_free(item->path);
	g_free(item->origin);
	g_clear_pointer(&item->bytes, g_bytes_unref);
	g_free(item);
}

static Item *add_item(Job *job, char *path, char *origin, guint32 mode)
{
	Item *item = g_new0(Item, 1);

	item->path = path;
	item->origin = origin;
	item->mode = mode;
	g_ptr_array_add(job->items, item);
	return item;
}

/* Of the file named NAME, setuptools also makes NAME.exe, NAME-script.py and NAME.pya. */
static bool is_wrapped(const Job *job, const char *path)
{
	static const char *const suffixes[] = {".exe", "-script.py", ".pya"};
	g_autofree char *base = g_path_get_basename(path), *lower = g_ascii_strdown(base, -1);

	for (guint i = 0; i < G_N_ELEMENTS(suffixes); i++)
		if (g_str_has_suffix(lower, suffixes[i])) {
			base[strlen(base) - strlen(suffixes[i])] = '\0';
			break;
		}
	return g_hash_table_contains(job->commands, base);
}

/* The new text of a "#!python" script, NULL with no error for any other file. */
static gboolean rewrite_script(Job *job, const SmithZipMember *member, const guint8 *sha256,
			       GBytes **text, GError **error)
{
	guint8 head[SMITH_SCRIPT_HEAD];
	g_autoptr(SmithContent) content = smith_zip_content(job->wheel->zip, member, sha256);
	g_autoptr(SmithSource) source = content->ops->open(content, error);
	g_autoptr(GBytes) old = NULL;
	gssize n;

	*text = NULL;
	if (source == NULL)
		return FALSE;
	n = smith_source_read_full(source, head, sizeof head, error);
	if (n < 0)
		return FALSE;
	if (!smith_script_is_template(head, (gsize)n))
		return TRUE;
	old = smith_zip_read(job->wheel->zip, member, MAX_SCRIPT, sha256, error);
	if (old == NULL)
		return FALSE;
	*text = smith_script_rewrite(old, job->target->interpreter);
	return TRUE;
}

static void add_row(Job *job, const SmithRecordRow *row, const char *path)
{
	g_ptr_array_add(job->rows, smith_record_row_new(path, row != NULL ? row->hash : "",
							row != NULL ? row->size_text : ""));
}

static void add_generated_row(Job *job, const char *path, GBytes *bytes)
{
	g_ptr_array_add(job->rows, smith_record_row_new_for(path, g_bytes_get_data(bytes, NULL),
							    g_bytes_get_size(bytes)));
}

static void add_pyc(Job *job, const Item *source, const char *record_path)
{
	SmithContent *pyc = job->target->pycs != NULL
				    ? g_hash_table_lookup(job->target->pycs, source->path)
				    : NULL;
	g_autofree char *record = NULL;
	Item *item;

	if (pyc == NULL)
		return;
	record = smith_pyc_path(record_path, job->target->python);
	item = add_item(job, smith_pyc_path(source->path, job->target->python),
			g_strdup_printf("bytecode of %s", source->origin), 0644);
	item->pyc = pyc;
	add_row(job, NULL, record);
}

static gboolean add_member(Job *job, const SmithZipMember *member, GError **error)
{
	const SmithRecordRow *row = smith_wheel_row(job->wheel, member->name);
	const guint8 *sha256 = row != NULL ? row->sha256 : NULL;
	g_autofree char *record_path = NULL, *path = NULL;
	bool is_script = false;
	Item *item;

	if (!smith_scheme_map(job->scheme, member->name, &path, &record_path, &is_script, error))
		return FALSE;
	if (g_hash_table_contains(job->compiled, path))
		return TRUE;
	if (is_script && is_wrapped(job, member->name)) {
		/* pip leaves the row of the file that it does not install as it was */
		add_row(job, row, member->name);
		return TRUE;
	}
	item = add_item(job, g_steal_pointer(&path), g_strdup_printf("file '%s'", member->name),
			(member->mode & 0111) != 0 && S_ISREG(member->mode) ? 0755 : 0644);
	item->member = member;
	item->sha256 = job->target->verified ? NULL : sha256;
	if (is_script && !rewrite_script(job, member, sha256, &item->bytes, error))
		return FALSE;
	if (item->bytes != NULL)
		add_generated_row(job, record_path, item->bytes);
	else
		add_row(job, row, record_path);
	add_pyc(job, item, record_path);
	return TRUE;
}

static gboolean add_members(Job *job, GError **error)
{
	for (guint i = 0; i < smith_zip_length(job->wheel->zip); i++) {
		const SmithZipMember *member = smith_zip_member(job->wheel->zip, i);

		if (member->is_dir || smith_wheel_is_info(job->wheel, member->name, "RECORD") ||
		    smith_wheel_is_info(job->wheel, member->name, "INSTALLER"))
			continue;
		if (!add_member(job, member, error))
			return FALSE;
	}
	return TRUE;
}

static void add_wrapper(Job *job, const char *name, const SmithEntryPoint *point)
{
	gsize length = 0;
	char *text = smith_script_wrapper(point, job->target->interpreter, &length);
	g_autofree char *record_path = NULL;
	char *path = smith_scheme_command(job->scheme, name, &record_path);
	Item *item = add_item(job, path, g_strdup_printf("entry point '%s'", name), 0755);

	item->bytes = g_bytes_new_take(text, length);
	add_generated_row(job, record_path, item->bytes);
}

static void add_wrappers(Job *job)
{
	for (guint i = 0; i < job->names->len; i++)
		add_wrapper(job, job->names->pdata[i], job->points->pdata[i]);
	for (guint i = 0; i < job->wheel->gui->len; i++) {
		const SmithEntryPoint *point = job->wheel->gui->pdata[i];

		add_wrapper(job, point->name, point);
	}
}

/* INSTALLER, then RECORD, whose rows are complete with its own. */
static void add_info(Job *job)
{
	const char *info = job->wheel->info_dir;
	g_autofree char *installer = g_strconcat(info, "/INSTALLER", NULL);
	g_autofree char *record = g_strconcat(info, "/RECORD", NULL);
	gsize length = 0;
	char *text;
	Item *item;

	item = add_item(job, smith_scheme_library(job->scheme, installer),
			g_strdup("generated INSTALLER"), 0644);
	item->bytes = g_bytes_new_static(INSTALLER_TEXT, strlen(INSTALLER_TEXT));
	add_generated_row(job, installer, item->bytes);
	add_row(job, NULL, record);
	text = smith_record_write(job->rows, &length);
	item = add_item(job, smith_scheme_library(job->scheme, record),
			g_strdup("generated RECORD"), 0644);
	item->bytes = g_bytes_new_take(text, length);
}

static gint compare_items(gconstpointer a, gconstpointer b)
{
	return smith_entry_path_compare((*(Item *const *)a)->path, (*(Item *const *)b)->path);
}

/* In layer order a directory comes right before what is in it. */
static gboolean is_below(const char *path, const char *directory)
{
	gsize length = strlen(directory);

	return strncmp(path, directory, length) == 0 && path[length] == '/';
}

static gboolean check_items(Job *job, GError **error)
{
	g_ptr_array_sort(job->items, compare_items);
	for (guint i = 0; i < job->items->len; i++) {
		const Item *item = job->items->pdata[i];
		const char *own = smith_scheme_protected(job->scheme, item->path);

		if (own != NULL)
			return smith_throw(error, SMITH_ERROR_CONFLICT,
					   "%s would replace the venv's own '%s'", item->origin,
					   own);
		if (i + 1 < job->items->len) {
			const Item *next = job->items->pdata[i + 1];

			if (strcmp(item->path, next->path) == 0)
				return smith_throw(error, SMITH_ERROR_CONFLICT,
						   "%s and %s would both become '%s'", item->origin,
						   next->origin, item->path);
			if (is_below(next->path, item->path))
				return smith_throw(error, SMITH_ERROR_CONFLICT,
						   "%s would become '%s', and %s a file below it",
						   item->origin, item->path, next->origin);
		}
	}
	return TRUE;
}

static SmithEntry *make_entry(const Job *job, SmithEntryType type, const char *path, guint32 mode)
{
	SmithEntry *entry = smith_entry_new(type, path, mode);
	bool ours = strcmp(path, job->target->prefix) == 0 || is_below(path, job->target->prefix);

	entry->mtime = job->target->epoch;
	entry->uid = ours ? job->target->uid : 0;
	entry->gid = ours ? job->target->gid : 0;
	return entry;
}

/* Directories that the entry before @path does not have in common with it. */
static void add_parents(const Job *job, GPtrArray *entries, const char *before, const char *path)
{
	for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
		g_autofree char *parent = g_strndup(path, (gsize)(slash - path));

		if (!is_below(before, parent))
			g_ptr_array_add(entries, make_entry(job, SMITH_ENTRY_DIR, parent, 0755));
	}
}

static GPtrArray *make_entries(const Job *job)
{
	GPtrArray *entries = g_ptr_array_new_with_free_func((GDestroyNotify)smith_entry_free);
	const char *before = "";

	for (guint i = 0; i < job->items->len; i++) {
		const Item *item = job->items->pdata[i];
		SmithEntry *entry = make_entry(job, SMITH_ENTRY_FILE, item->path, item->mode);

		if (item->pyc != NULL)
			entry->content = smith_content_ref(item->pyc);
		else if (item->bytes != NULL)
			entry->content = smith_content_new_bytes(item->bytes);
		else
			entry->content =
				smith_zip_content(job->wheel->zip, item->member, item->sha256);
		add_parents(job, entries, before, item->path);
		g_ptr_array_add(entries, entry);
		before = item->path;
	}
	return entries;
}

static GHashTable *compiled_paths(const SmithInstallTarget *target)
{
	GHashTable *paths = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	GHashTableIter iter;
	gpointer source;

	if (target->pycs == NULL)
		return paths;
	g_hash_table_iter_init(&iter, target->pycs);
	while (g_hash_table_iter_next(&iter, &source, NULL))
		g_hash_table_add(paths, smith_pyc_path(source, target->python));
	return paths;
}

static void job_init(Job *job, SmithWheel *wheel, const SmithInstallTarget *target)
{
	job->wheel = wheel;
	job->target = target;
	job->items = g_ptr_array_new_with_free_func(item_free);
	job->rows = g_ptr_array_new_with_free_func((GDestroyNotify)smith_record_row_free);
	job->names = g_ptr_array_new_with_free_func(g_free);
	job->points = g_ptr_array_new();
	job->commands = g_hash_table_new(g_str_hash, g_str_equal);
	job->compiled = compiled_paths(target);
	for (guint i = 0; i < wheel->console->len; i++)
		g_hash_table_add(job->commands,
				 ((SmithEntryPoint *)wheel->console->pdata[i])->name);
	for (guint i = 0; i < wheel->gui->len; i++)
		g_hash_table_add(job->commands, ((SmithEntryPoint *)wheel->gui->pdata[i])->name);
	smith_script_commands(wheel->console, target->python, job->names, job->points);
}

static void job_clear(Job *job)
{
	g_ptr_array_unref(job->items);
	g_ptr_array_unref(job->rows);
	g_ptr_array_unref(job->names);
	g_ptr_array_unref(job->points);
	g_hash_table_unref(job->commands);
	g_hash_table_unref(job->compiled);
	smith_scheme_free(job->scheme);
}

/* It goes into programs: a line break in it would be code. */
static gboolean check_interpreter(const char *interpreter, GError **error)
{
	for (const char *p = interpreter; *p != '\0'; p++)
		if ((guchar)*p < 0x20 || *p == 0x7f || *p == '"')
			return smith_throw(error, SMITH_ERROR_INVALID,
					   "interpreter's path holds the byte 0x%02x", (guchar)*p);
	if (interpreter[0] != '/')
		return smith_throw(error, SMITH_ERROR_INVALID,
				   "interpreter is '%s', expected an absolute path", interpreter);
	return TRUE;
}

static gboolean run_job(Job *job, GError **error)
{
	if (!check_interpreter(job->target->interpreter, error))
		return FALSE;
	job->scheme = smith_scheme_new(job->target->prefix, job->target->python,
				       job->wheel->file->name, error);
	if (job->scheme == NULL || !add_members(job, error))
		return FALSE;
	add_wrappers(job);
	add_info(job);
	return check_items(job, error);
}

SmithEntryIter *smith_wheel_entries(SmithWheel *wheel, const SmithInstallTarget *target,
				    GError **error)
{
	SMITH_AUTO_PREFIX("wheel", wheel->file_name, error);
	SmithEntryIter *iter = NULL;
	Job job = {0};

	job_init(&job, wheel, target);
	if (run_job(&job, error))
		iter = smith_entry_iter_new_array(make_entries(&job));
	job_clear(&job);
	return iter;
}
