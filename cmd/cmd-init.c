/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/fd.h"
#include "cmd/commands.h"
#include "cmd/init-files.h"
#include "cmd/output.h"
#include "fleet/model.h"
#include "oci/ref.h"

/* The way from one directory to a path, both absolute and canonical. */
static char *relative_to(const char *directory, const char *path)
{
	g_auto(GStrv) here = g_strsplit(directory + 1, "/", -1);
	g_auto(GStrv) there = g_strsplit(path + 1, "/", -1);
	guint common = 0;
	while (here[common] != NULL && there[common] != NULL &&
	       strcmp(here[common], there[common]) == 0)
		common++;
	GString *way = g_string_new(NULL);
	for (guint i = common; here[i] != NULL && *here[i] != '\0'; i++)
		g_string_append(way, "../");
	g_autofree char *rest = g_strjoinv("/", there + common);
	g_string_append(way, rest);
	if (way->len == 0)
		g_string_append_c(way, '.');
	return g_string_free(way, FALSE);
}

/* A path on the command line is relative to where the user is, one in a family to the fleet. */
static char *base_of(const char *given, const char *directory, GError **error)
{
	g_autoptr(SmithRef) ref = smith_ref_parse(given, error);
	if (ref == NULL)
		return NULL;
	if (!smith_ref_is_local(ref) || g_path_is_absolute(ref->path))
		return g_strdup(given);
	g_autofree char *path = g_canonicalize_filename(ref->path, NULL);
	g_free(ref->path);
	ref->path = relative_to(directory, path);
	return smith_ref_to_string(ref);
}

static char *name_of(const char *given, const char *directory, GError **error)
{
	g_autofree char *base = g_path_get_basename(directory);
	const char *name = given != NULL ? given : base;
	g_autofree char *slug = smith_slug(name);
	if (*slug != '\0' && g_utf8_validate(name, -1, NULL))
		return g_strdup(given != NULL ? given : slug);
	if (given == NULL)
		return g_strdup("fleet");
	smith_throw(error, SMITH_ERROR_USAGE,
		    "'%s' is no name of a fleet: it has no letter or digit", given);
	return NULL;
}

static gboolean check_free(int fd, const char *directory, GError **error)
{
	struct stat info;
	for (const SmithInitFile *file = smith_init_files; file->path != NULL; file++) {
		if (fstatat(fd, file->path, &info, AT_SYMLINK_NOFOLLOW) == 0)
			return smith_throw(error, SMITH_ERROR_INVALID,
					   "'%s/%s' exists, and nothing is overwritten", directory,
					   file->path);
		if (errno != ENOENT)
			return smith_throw_errno(error, "cannot look at '%s/%s'", directory,
						 file->path);
	}
	return TRUE;
}

static gboolean write_file(int fd, const char *path, const char *text, GError **error)
{
	g_auto(SmithTmpfile) tmp = SMITH_TMPFILE_INIT;
	g_autofree char *parent = g_path_get_dirname(path);
	g_autofree char *name = g_path_get_basename(path);
	if (!smith_fd_make_dirs(fd, parent, error))
		return FALSE;
	smith_autofd int parent_fd = smith_fd_open_dir(fd, parent, error);
	return parent_fd >= 0 && smith_tmpfile_open(&tmp, parent_fd, 0644, error) &&
	       smith_fd_write_all(tmp.fd, text, strlen(text), error) &&
	       smith_tmpfile_link(&tmp, name, SMITH_TMPFILE_NEW, error);
}

static void print_result(const SmithInvocation *inv, const char *directory)
{
	g_autoptr(SmithNode) node = smith_node_new(SMITH_NODE_MAP);
	SmithNode *files = smith_node_new(SMITH_NODE_SEQ);
	for (const SmithInitFile *file = smith_init_files; file->path != NULL; file++)
		smith_node_append(files, smith_node_new_string(file->path));
	smith_node_set(node, "directory", smith_node_new_string(directory));
	smith_node_set(node, "files", files);
	if (inv->format == SMITH_FORMAT_JSON) {
		smith_print_json(node);
		return;
	}
	for (const SmithInitFile *file = smith_init_files; file->path != NULL; file++) {
		g_autofree char *path = g_build_filename(directory, file->path, NULL);
		g_autofree char *safe = smith_output_escape(path);
		smith_print("%s\n", safe);
	}
}

gboolean smith_cmd_init(SmithInvocation *inv, GError **error)
{
	const char *operand = inv->n_operands > 0 ? inv->operands[0] : ".";
	const char *given = smith_options_string(inv->options, "from");
	g_autofree char *directory = g_canonicalize_filename(operand, NULL);
	g_autofree char *name =
		name_of(smith_options_string(inv->options, "name"), directory, error);
	g_autofree char *from = NULL;

	if (name == NULL)
		return FALSE;
	from = given != NULL ? base_of(given, directory, error) : NULL;
	if ((given != NULL && from == NULL) || !smith_fd_make_dirs(AT_FDCWD, directory, error))
		return FALSE;
	smith_autofd int fd = smith_fd_open_dir(AT_FDCWD, directory, error);
	if (fd < 0 || !check_free(fd, operand, error))
		return FALSE;
	for (const SmithInitFile *file = smith_init_files; file->path != NULL; file++) {
		g_autofree char *text = smith_init_text(file, name, from);
		if (!write_file(fd, file->path, text, error))
			return FALSE;
	}
	print_result(inv, operand);
	return TRUE;
}
