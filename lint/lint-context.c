/* SPDX-License-Identifier: Apache-2.0 */
#include "lint/checks.h"

#include <fcntl.h>
#include <fnmatch.h>
#include <string.h>
#include <sys/stat.h>

#include "base/entry.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/node.h"
#include "layers/dir.h"
#include "layers/ignore.h"
#include "lint/rule.h"
#include "lint/secret.h"

#define FILES_MAX 50000
#define FILE_BYTES (1024 * 1024)
#define TOTAL_BYTES (64 * 1024 * 1024)
#define IGNORE_BYTES (1024 * 1024)
#define PATTERNS_MAX 100

/* A line of an ignore file without a directory in it. */
typedef struct {
	char *text;
	char *pattern;
	guint line;
	bool told;
} Pattern;

typedef struct {
	const SmithFleet *fleet;
	SmithIgnore *ignore;
	const char *file; /* intern: the ignore file's name, or NULL */
	GPtrArray *patterns;
	GHashTable *seen; /* paths that were looked at */
	guint files;
	guint64 bytes;
	SmithDiag *diag;
} Context;

static void pattern_free(gpointer data)
{
	Pattern *pattern = data;
	g_free(pattern->text);
	g_free(pattern->pattern);
	g_free(pattern);
}

static void lint_secret(Context *context, const char *path, const SmithEntry *entry)
{
	const char *kind = smith_secret_file(path);
	SmithPlace place = {g_intern_string(path), 0, 0};
	if (kind != NULL)
		smith_lint_report(context->diag, "secret-file-in-context", place, path,
				  "by its name '%s' holds %s, and would be copied into an image",
				  path, kind);
	guint64 size = smith_entry_size(entry);
	if (size == 0 || size > FILE_BYTES || context->bytes + size > TOTAL_BYTES)
		return;
	context->bytes += size;
	g_autoptr(GBytes) bytes = smith_fd_read_file(context->fleet->fd, path, FILE_BYTES, NULL);
	if (bytes == NULL)
		return;
	gsize length = 0;
	const char *text = g_bytes_get_data(bytes, &length);
	SmithSecretHit hit;
	if (memchr(text, '\0', MIN(length, 1024)) != NULL || !smith_secret_find(text, length, &hit))
		return;
	smith_lint_report(context->diag, "secret-in-context",
			  smith_node_locate(text, text + hit.offset, place.file), path,
			  "'%s' holds what looks like %s, and would be copied into an image", path,
			  hit.what);
}

/* A name that a pattern would hide if it stood at the root. */
static void lint_nested(Context *context, const char *path)
{
	const char *slash = strrchr(path, '/');
	for (guint i = 0; slash != NULL && i < context->patterns->len; i++) {
		Pattern *pattern = context->patterns->pdata[i];
		if (pattern->told || fnmatch(pattern->pattern, slash + 1, 0) != 0)
			continue;
		pattern->told = true;
		smith_lint_report(context->diag, "ignore-root-only",
				  (SmithPlace){context->file, pattern->line, 1}, pattern->text,
				  "pattern '%s' holds at the root only, and '%s' would be copied: "
				  "write '**/%s'",
				  pattern->text, path, pattern->text);
	}
}

static void lint_entry(Context *context, const SmithEntry *entry)
{
	if (!g_hash_table_add(context->seen, g_strdup(entry->path)))
		return;
	context->files++;
	lint_nested(context, entry->path);
	if (entry->type == SMITH_ENTRY_FILE)
		lint_secret(context, entry->path, entry);
}

static void tell_hidden(const Context *context, const SmithIgnoreRule *rule,
			const SmithService *service, const char *path)
{
	smith_lint_report(context->diag, "ignore-hides-app",
			  (SmithPlace){rule->file, rule->line, 1}, service->name,
			  "'%s' hides app path '%s' of service '%s'", rule->text, path,
			  service->name);
}

/* Why @path cannot be copied, told; or true. */
static bool is_there(const Context *context, const SmithService *service, const char *path)
{
	smith_autofd int fd =
		smith_fd_open_beneath(context->fleet->fd, path, O_PATH | O_CLOEXEC, 0, NULL);
	if (fd < 0) {
		smith_lint_report(context->diag, "app-file-missing", service->app->place,
				  service->name, "app path '%s' of service '%s' does not exist",
				  path, service->name);
		return false;
	}
	struct stat st;
	bool is_dir = fstat(fd, &st) == 0 && S_ISDIR(st.st_mode);
	const SmithIgnoreRule *rule = smith_ignore_match(context->ignore, path, is_dir);
	if (rule == NULL || (is_dir && smith_ignore_has_exceptions(context->ignore)))
		return true;
	smith_lint_report(context->diag, "ignore-hides-app",
			  (SmithPlace){rule->file, rule->line, 1}, service->name,
			  "'%s' hides app path '%s' of service '%s'", rule->text, path,
			  service->name);
	return false;
}

static void lint_path(Context *context, const SmithService *service, const char *listed)
{
	g_autofree char *path = smith_entry_path_normalize(listed, NULL);
	if (path == NULL || *listed == '/' || !is_there(context, service, path) ||
	    g_hash_table_contains(context->seen, path))
		return;
	bool is_visible = false;
	g_autoptr(SmithEntryIter) iter =
		smith_dir_read(context->fleet->fd, path, path, context->ignore, NULL);
	while (iter != NULL && context->files < FILES_MAX) {
		g_autoptr(SmithEntry) entry = NULL;
		if (!smith_entry_iter_next(iter, &entry, NULL) || entry == NULL)
			break;
		is_visible = is_visible || entry->type != SMITH_ENTRY_DIR;
		lint_entry(context, entry);
	}
	const SmithIgnoreRule *rule = smith_ignore_match(context->ignore, path, true);
	if (rule != NULL && !is_visible)
		tell_hidden(context, rule, service, path);
	g_hash_table_add(context->seen, g_steal_pointer(&path));
}

/* What people copy from .gitignore, and mean everywhere. */
static bool is_known(const char *pattern)
{
	static const char *const known[] = {
		"__pycache__",	      "*.pyc",	    ".pytest_cache", ".mypy_cache",
		"node_modules",	      "*.egg-info", ".DS_Store",     "*.pyo",
		"*.py[cod]",	      "*.swp",	    "*.log",	     ".ruff_cache",
		".ipynb_checkpoints",
	};
	for (guint i = 0; i < G_N_ELEMENTS(known); i++)
		if (strcmp(known[i], pattern) == 0)
			return true;
	return false;
}

static void add_pattern(Context *context, const char *line, guint number)
{
	g_autofree char *text = g_strstrip(g_strdup(line));
	g_autofree char *pattern = g_strdup(text);
	gsize length = strlen(pattern);
	if (length > 1 && pattern[length - 1] == '/')
		pattern[length - 1] = '\0';
	if (*pattern == '\0' || *line == '#' || *pattern == '!')
		return;
	if (strchr(pattern, '/') != NULL || strstr(pattern, "**") != NULL ||
	    strcmp(pattern, ".") == 0 || context->patterns->len >= PATTERNS_MAX)
		return;
	Pattern *row = g_new0(Pattern, 1);
	row->line = number;
	row->told = false;
	row->text = g_steal_pointer(&text);
	row->pattern = g_steal_pointer(&pattern);
	g_ptr_array_add(context->patterns, row);
}

static void read_patterns(Context *context)
{
	static const char *const files[] = {".containerignore", ".dockerignore"};
	for (guint i = 0; i < G_N_ELEMENTS(files) && context->file == NULL; i++) {
		g_autoptr(GBytes) bytes =
			smith_fd_read_file(context->fleet->fd, files[i], IGNORE_BYTES, NULL);
		if (bytes == NULL)
			continue;
		context->file = g_intern_static_string(files[i]);
		g_autofree char *text =
			g_strndup(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
		g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
		for (guint j = 0; lines[j] != NULL; j++)
			add_pattern(context, lines[j], j + 1);
	}
}

static void lint_known(Context *context)
{
	for (guint i = 0; i < context->patterns->len; i++) {
		Pattern *pattern = context->patterns->pdata[i];
		if (pattern->told || !is_known(pattern->pattern))
			continue;
		smith_lint_report(context->diag, "ignore-root-only",
				  (SmithPlace){context->file, pattern->line, 1}, pattern->text,
				  "pattern '%s' holds at the root only: write '**/%s'",
				  pattern->text, pattern->text);
	}
}

void smith_lint_context(const SmithFleet *fleet, SmithDiag *diag)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(SmithIgnore) ignore = smith_ignore_load(fleet->fd, &error);
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autoptr(GPtrArray) patterns = g_ptr_array_new_with_free_func(pattern_free);
	Context context = {
		.fleet = fleet, .ignore = ignore, .patterns = patterns, .seen = seen, .diag = diag};
	if (ignore == NULL)
		smith_lint_report(diag, "ignore-invalid", fleet->place, NULL, "%s", error->message);
	read_patterns(&context);
	for (guint i = 0; i < fleet->built->len; i++) {
		const SmithService *service = fleet->built->pdata[i];
		for (char **file = service->app->files; *file != NULL; file++)
			lint_path(&context, service, *file);
	}
	lint_known(&context);
}
