/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "quadlet/marker.h"
#include "quadlet/quadlet.h"
#include "quadlet/stage.h"

char *smith_quadlet_first_line(const SmithFleet *fleet)
{
	return g_strconcat(SMITH_QUADLET_MARKER, fleet->name, "; changes here are lost", NULL);
}

/* NULL for what is no regular file, or too large to be ours. */
static char *read_text(int dirfd, const char *path)
{
	struct stat st;
	if (fstatat(dirfd, path, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode))
		return NULL;
	g_autoptr(GBytes) bytes = smith_fd_read_file(dirfd, path, SMITH_QUADLET_UNIT_LIMIT, NULL);
	return bytes != NULL ? g_strndup(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes))
			     : NULL;
}

/* --- one host's directory */

typedef struct {
	const char *host;
	const char *first_line; /* "# ..." of this fleet, with its line break */
	GPtrArray *files;	/* (element-type SmithUnitFile*, borrowed) of this host, sorted */
	bool complete;
	GHashTable *listed; /* names that the list of this fleet has */
	bool others;	    /* the list is another fleet's */
	guint dropped;
} Directory;

static Directory directory_new(const char *host, const char *first_line, bool complete)
{
	return (Directory){.host = host,
			   .first_line = first_line,
			   .files = g_ptr_array_new(),
			   .complete = complete,
			   .listed = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL)};
}

static void directory_free(gpointer data)
{
	Directory *directory = data;
	g_ptr_array_unref(directory->files);
	g_hash_table_unref(directory->listed);
	g_free(directory);
}

static const char *name_of(const Directory *directory, const SmithUnitFile *file)
{
	return file->path + strlen(directory->host) + 1;
}

static int compare_name(gconstpointer key, gconstpointer element)
{
	const SmithUnitFile *const *file = element;
	return strcmp(key, strchr((*file)->path, '/') + 1);
}

static bool is_wanted(const Directory *directory, const char *name)
{
	return directory->files->len > 0 &&
	       bsearch(name, directory->files->pdata, directory->files->len, sizeof(gpointer),
		       compare_name) != NULL;
}

static void read_list(Directory *directory, int dirfd)
{
	g_autofree char *path = g_strconcat(directory->host, "/" SMITH_QUADLET_LIST, NULL);
	g_autofree char *text = read_text(dirfd, path);
	g_hash_table_remove_all(directory->listed);
	directory->others = text != NULL && !g_str_has_prefix(text, directory->first_line);
	if (text == NULL || directory->others)
		return;
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	for (char **line = lines + 1; *line != NULL; line++)
		if (**line != '\0')
			g_hash_table_add(directory->listed, g_strdup(*line));
}

/* --- before anything is written */

static bool is_in_the_way(const Directory *directory, int dirfd, const SmithUnitFile *file)
{
	struct stat st;
	if (fstatat(dirfd, file->path, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return false;
	if (!S_ISREG(st.st_mode))
		return true;
	g_autofree char *text = read_text(dirfd, file->path);
	bool is_marked = text != NULL && g_str_has_prefix(text, "# " SMITH_QUADLET_MARKER);
	return !is_marked && !g_hash_table_contains(directory->listed, name_of(directory, file));
}

static gboolean check_directory(Directory *directory, int dirfd, GError **error)
{
	if (!smith_stage_recover(dirfd, directory->host, error))
		return FALSE;
	read_list(directory, dirfd);
	for (guint i = 0; i < directory->files->len; i++) {
		const SmithUnitFile *file = directory->files->pdata[i];
		if (is_in_the_way(directory, dirfd, file))
			return smith_throw(error, SMITH_ERROR_CONFLICT,
					   "'%s' is there and was not written by ocismith",
					   file->path);
	}
	return TRUE;
}

/* --- the new directory */

/* Deeper ones are ours when the list says so, others as well when they begin like ours. */
static bool is_ours(const Directory *directory, int dirfd, const char *path)
{
	if (strchr(path, '/') != NULL || g_hash_table_contains(directory->listed, path))
		return g_hash_table_contains(directory->listed, path);
	g_autofree char *text = read_text(dirfd, path);
	return text != NULL && g_str_has_prefix(text, directory->first_line);
}

static bool drop(int dirfd, const char *path, gpointer data)
{
	Directory *directory = data;
	bool is_list = strcmp(path, SMITH_QUADLET_LIST) == 0 && !directory->others;
	if (is_list || is_wanted(directory, path))
		return true;
	if (!directory->complete || !is_ours(directory, dirfd, path))
		return false;
	directory->dropped++;
	return true;
}

static int compare_text(gconstpointer a, gconstpointer b)
{
	return strcmp(a, b);
}

/* Of what is not complete the others of the list are ours still. */
static gboolean write_list(const Directory *directory, int stagefd, GError **error)
{
	g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);
	GHashTableIter iter;
	gpointer name;
	g_hash_table_iter_init(&iter, directory->listed);
	while (!directory->complete && g_hash_table_iter_next(&iter, &name, NULL))
		g_hash_table_add(names, name);
	for (guint i = 0; i < directory->files->len; i++)
		g_hash_table_add(names, (gpointer)name_of(directory, directory->files->pdata[i]));
	g_autoptr(GList) sorted = g_list_sort(g_hash_table_get_keys(names), compare_text);
	g_autoptr(GString) text = g_string_new(directory->first_line);
	for (GList *item = sorted; item != NULL; item = item->next)
		g_string_append_printf(text, "%s\n", (const char *)item->data);
	return directory->others || sorted == NULL ||
	       smith_fd_write_file(stagefd, SMITH_QUADLET_LIST, text->str, text->len, 0644, error);
}

static gboolean write_file(const Directory *directory, int stagefd, const SmithUnitFile *file,
			   GError **error)
{
	const char *name = name_of(directory, file);
	g_autofree char *parent = g_path_get_dirname(name);
	return smith_fd_make_dirs(stagefd, parent, error) &&
	       smith_fd_write_file(stagefd, name, file->text, strlen(file->text), 0644, error);
}

static gboolean stage_directory(Directory *directory, int dirfd, GError **error)
{
	smith_autofd int stagefd = smith_stage_begin(dirfd, directory->host, error);
	if (stagefd < 0 ||
	    !smith_stage_carry(dirfd, directory->host, stagefd, drop, directory, error))
		return FALSE;
	for (guint i = 0; i < directory->files->len; i++)
		if (!write_file(directory, stagefd, directory->files->pdata[i], error))
			return FALSE;
	return write_list(directory, stagefd, error);
}

/* --- all of them */

static Directory *find_directory(GPtrArray *directories, const char *host, gsize length)
{
	for (guint i = 0; i < directories->len; i++) {
		Directory *directory = directories->pdata[i];
		if (strlen(directory->host) == length &&
		    strncmp(directory->host, host, length) == 0)
			return directory;
	}
	return NULL;
}

/* Those that get files; and when all are to be complete, those that have some. */
static GPtrArray *list_directories(GPtrArray *files, int dirfd, const char *const *hosts,
				   bool complete, const char *first_line, GPtrArray *names)
{
	GPtrArray *directories = g_ptr_array_new_with_free_func(directory_free);
	for (guint i = 0; i < files->len; i++) {
		const SmithUnitFile *file = files->pdata[i];
		gsize length = strcspn(file->path, "/");
		Directory *directory = find_directory(directories, file->path, length);
		if (directory == NULL) {
			char *host = g_strndup(file->path, length);
			g_ptr_array_add(names, host);
			directory = g_new(Directory, 1);
			*directory = directory_new(host, first_line, complete);
			g_ptr_array_add(directories, directory);
		}
		g_ptr_array_add(directory->files, (gpointer)file);
	}
	guint n = complete ? names->len : 0;
	for (guint i = 0; i < n; i++) {
		const char *name = names->pdata[i];
		struct stat st;
		bool is_chosen = hosts == NULL || *hosts == NULL || g_strv_contains(hosts, name);
		if (*name == '.' || smith_stage_is_name(name) || !is_chosen ||
		    find_directory(directories, name, strlen(name)) != NULL ||
		    fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISDIR(st.st_mode))
			continue;
		Directory *directory = g_new(Directory, 1);
		*directory = directory_new(name, first_line, complete);
		g_ptr_array_add(directories, directory);
	}
	return directories;
}

static gboolean write_directories(GPtrArray *directories, int dirfd, GError **error)
{
	for (guint i = 0; i < directories->len; i++)
		if (!check_directory(directories->pdata[i], dirfd, error))
			return FALSE;
	for (guint i = 0; i < directories->len; i++)
		if (!stage_directory(directories->pdata[i], dirfd, error))
			return FALSE;
	for (guint i = 0; i < directories->len; i++) {
		const Directory *directory = directories->pdata[i];
		if ((directory->files->len > 0 || directory->dropped > 0) &&
		    !smith_stage_swap(dirfd, directory->host, error))
			return FALSE;
	}
	return TRUE;
}

/* What a run left that was killed; also of hosts that are not written now. */
static gboolean sweep(const SmithFleet *fleet, int dirfd, GError **error)
{
	for (guint i = 0; i < fleet->hosts->len; i++) {
		const SmithHost *host = fleet->hosts->pdata[i];
		if (!smith_stage_recover(dirfd, host->name, error))
			return FALSE;
		smith_stage_abort(dirfd, host->name);
	}
	return TRUE;
}

gboolean smith_quadlet_write(const SmithFleet *fleet, GPtrArray *files, const char *directory,
			     const char *const *hosts, gboolean complete, GError **error)
{
	SMITH_AUTO_PREFIX("units in", directory, error);
	g_autofree char *line = smith_quadlet_first_line(fleet);
	g_autofree char *first_line = g_strconcat("# ", line, "\n", NULL);
	if (!smith_fd_make_dirs(AT_FDCWD, directory, error))
		return FALSE;
	smith_autofd int dirfd = smith_fd_open_dir(AT_FDCWD, directory, error);
	if (dirfd < 0)
		return FALSE;
	if (flock(dirfd, LOCK_EX) < 0)
		return smith_throw_errno(error, "cannot lock it");
	if (!sweep(fleet, dirfd, error))
		return FALSE;
	g_autoptr(GPtrArray) names = smith_fd_list_dir(dirfd, error);
	if (names == NULL)
		return FALSE;
	g_autoptr(GPtrArray) directories =
		list_directories(files, dirfd, hosts, complete, first_line, names);
	gboolean ok = write_directories(directories, dirfd, error);
	for (guint i = 0; i < directories->len; i++)
		smith_stage_abort(dirfd, ((const Directory *)directories->pdata[i])->host);
	return ok;
}
