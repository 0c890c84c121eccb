/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lays the entries of wheels and of a venv out as plain directories, for judges that compare them
 * with what pip makes.
 *
 *   wheel-tree wheel PREFIX PYTHON INTERPRETER OUTPUT WHEEL...   each into OUTPUT/<file name>/
 *   wheel-tree venv PREFIX PYTHON FULL-VERSION INTERPRETER OUTPUT
 *
 * PREFIX is absolute. The trees hold what is below PREFIX. Entries out of order, and directories
 * that do not come before what is in them, are errors.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "python/venv.h"
#include "python/wheel-install.h"

static gboolean write_file(int dirfd, const char *path, const SmithEntry *entry, GError **error)
{
	smith_autofd int fd = openat(dirfd, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	g_autoptr(SmithSource) source = NULL;
	g_autoptr(SmithSink) sink = NULL;

	if (fd < 0)
		return smith_throw_errno(error, "cannot create '%s'", path);
	if (fchmod(fd, entry->mode) < 0)
		return smith_throw_errno(error, "cannot set the mode of '%s'", path);
	if (entry->content == NULL)
		return TRUE;
	source = entry->content->ops->open(entry->content, error);
	if (source == NULL)
		return FALSE;
	sink = smith_sink_new_fd(fd, path);
	return smith_stream_copy(source, sink, error) && smith_sink_finish(sink, error);
}

static gboolean write_entry(int dirfd, const char *path, const SmithEntry *entry, GError **error)
{
	if (entry->type == SMITH_ENTRY_FILE)
		return write_file(dirfd, path, entry, error);
	if (entry->type == SMITH_ENTRY_SYMLINK) {
		if (symlinkat(entry->target, dirfd, path) < 0)
			return smith_throw_errno(error, "cannot link '%s'", path);
		return TRUE;
	}
	if (entry->type != SMITH_ENTRY_DIR)
		return smith_throw(error, SMITH_ERROR_FAILED, "'%s' is a %s", entry->path,
				   smith_entry_type_name(entry->type));
	if (mkdirat(dirfd, path, 0700) < 0 || fchmodat(dirfd, path, entry->mode, 0) < 0)
		return smith_throw_errno(error, "cannot make '%s'", path);
	return TRUE;
}

static gboolean write_tree(SmithEntryIter *iter, const char *prefix, const char *output,
			   GError **error)
{
	g_autofree char *before = g_strdup("");
	smith_autofd int dirfd = -1;
	SmithEntry *next = NULL;

	if (mkdir(output, 0755) < 0)
		return smith_throw_errno(error, "cannot make '%s'", output);
	dirfd = smith_fd_open_dir(AT_FDCWD, output, error);
	if (dirfd < 0)
		return FALSE;
	while (smith_entry_iter_next(iter, &next, error)) {
		g_autoptr(SmithEntry) entry = next;
		gsize length = strlen(prefix);

		if (entry == NULL)
			return TRUE;
		if (before[0] != '\0' && smith_entry_path_compare(before, entry->path) >= 0)
			return smith_throw(error, SMITH_ERROR_FAILED, "'%s' after '%s'",
					   entry->path, before);
		g_free(before);
		before = g_strdup(entry->path);
		if (strncmp(entry->path, prefix, length) == 0 && entry->path[length] == '/' &&
		    !write_entry(dirfd, entry->path + length + 1, entry, error))
			return FALSE;
	}
	return FALSE;
}

static gboolean lay_wheels(char **args, int count, GError **error)
{
	SmithInstallTarget target = {args[0] + 1, args[1], args[2], 0, 0, 0, false, NULL};

	for (int i = 4; i < count; i++) {
		g_autoptr(SmithWheel) wheel = smith_wheel_open(AT_FDCWD, args[i], error);
		g_autoptr(SmithEntryIter) iter = NULL;
		g_autofree char *output = NULL;

		if (wheel == NULL)
			return FALSE;
		iter = smith_wheel_entries(wheel, &target, error);
		if (iter == NULL)
			return FALSE;
		output = g_build_filename(args[3], wheel->file_name, NULL);
		if (!write_tree(iter, target.prefix, output, error))
			return FALSE;
	}
	return TRUE;
}

static gboolean lay_venv(char **args, GError **error)
{
	g_autofree char *home = g_path_get_dirname(args[3]);
	SmithVenvSpec spec = {args[0] + 1, args[1], args[2], args[3], home, 0, 0, 0};
	g_autoptr(SmithEntryIter) iter = smith_venv_entries(&spec, error);

	return iter != NULL && write_tree(iter, spec.prefix, args[4], error);
}

int main(int argc, char **argv)
{
	g_autoptr(GError) error = NULL;
	gboolean ok = FALSE;

	umask(022);
	if (argc >= 7 && strcmp(argv[1], "wheel") == 0)
		ok = lay_wheels(argv + 2, argc - 2, &error);
	else if (argc == 7 && strcmp(argv[1], "venv") == 0)
		ok = lay_venv(argv + 2, &error);
	else
		smith_throw(&error, SMITH_ERROR_USAGE, "usage: wheel-tree wheel|venv PREFIX ...");
	if (!ok)
		fprintf(stderr, "wheel-tree: %s\n", error->message);
	return ok ? 0 : 1;
}
