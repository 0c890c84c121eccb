/* SPDX-License-Identifier: Apache-2.0 */
#include "build/build.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "layers/archive.h"
#include "oci/ref.h"

/* What a layout has before it is whole, and keeps when whoever makes it is killed. */
static bool is_of_layout(const char *name)
{
	return strcmp(name, "blobs") == 0 || strcmp(name, "index.json") == 0 ||
	       g_str_has_prefix(name, SMITH_TMPFILE_PREFIX);
}

/* A directory of somebody else's files is not one to put blobs into. */
static gboolean check_directory(const char *path, GError **error)
{
	g_autoptr(GError) local = NULL;
	smith_autofd int fd = smith_fd_open_dir(AT_FDCWD, path, &local);
	if (g_error_matches(local, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
		return TRUE;
	if (fd < 0)
		return smith_throw(error, SMITH_ERROR_INVALID, "%s", local->message);
	g_autoptr(GPtrArray) names = smith_fd_list_dir(fd, error);
	if (names == NULL)
		return FALSE;
	if (faccessat(fd, "oci-layout", F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return TRUE;
	for (guint i = 0; i < names->len; i++)
		if (!is_of_layout(names->pdata[i]))
			return smith_throw(
				error, SMITH_ERROR_CONFLICT,
				"directory is not empty and no image layout, it has '%s'",
				(char *)names->pdata[i]);
	return TRUE;
}

/* An archive takes the place of a file, and of nothing else: not of a device. */
static gboolean check_file(const char *path, GError **error)
{
	struct stat st;
	g_autofree char *parent = g_path_get_dirname(path);
	smith_autofd int fd = smith_fd_open_dir(AT_FDCWD, parent, error);
	if (fd < 0)
		return FALSE;
	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode))
		return smith_throw(error, SMITH_ERROR_CONFLICT, "'%s' is there and no regular file",
				   path);
	return TRUE;
}

static gboolean check_place(const SmithRef *ref, const char *output, GError **error)
{
	SMITH_AUTO_PREFIX("output", output, error);
	return strcmp(ref->transport, "oci") == 0 ? check_directory(ref->path, error)
						  : check_file(ref->path, error);
}

gboolean smith_build_check_output(const char *output, GError **error)
{
	g_autoptr(SmithRef) ref = smith_ref_parse(output, NULL);
	if (ref == NULL || !smith_ref_is_local(ref))
		return smith_throw(error, SMITH_ERROR_USAGE,
				   "'%s' is no output: expected oci:DIR, oci-archive:FILE or "
				   "docker-archive:FILE",
				   output);
	if (ref->tag != NULL && !smith_ref_check_layout_name(ref->tag, error))
		return FALSE;
	return check_place(ref, output, error);
}

static gboolean copy_layout(const SmithBuildResult *result, SmithStore *store, const SmithRef *ref,
			    GError **error)
{
	g_autoptr(SmithLayout) to = smith_layout_open(AT_FDCWD, ref->path, TRUE, error);
	if (to == NULL)
		return FALSE;
	for (guint i = 0; i < result->images->len; i++) {
		const SmithBuiltImage *image = result->images->pdata[i];
		const char *name = ref->tag != NULL ? ref->tag : image->name;
		if (!smith_layout_copy_image(smith_store_layout(store), to, image->manifest, name,
					     FALSE, error))
			return FALSE;
	}
	return TRUE;
}

/* An archive gets its name when it is whole; an image per archive is what readers of it expect. */
static gboolean write_archive(const SmithBuildResult *result, SmithStore *store,
			      const SmithRef *ref, GError **error)
{
	if (result->images->len != 1)
		return smith_throw(error, SMITH_ERROR_USAGE,
				   "an archive holds one image, the targets make %u: name one "
				   "target, or use oci:DIR",
				   result->images->len);
	const SmithBuiltImage *image = result->images->pdata[0];
	const char *name = ref->tag != NULL ? ref->tag : image->name;
	g_autofree char *directory = g_path_get_dirname(ref->path);
	g_autofree char *file = g_path_get_basename(ref->path);
	smith_autofd int dirfd = smith_fd_open_dir(AT_FDCWD, directory, error);
	if (dirfd < 0)
		return FALSE;
	g_auto(SmithTmpfile) tmp = SMITH_TMPFILE_INIT;
	if (!smith_tmpfile_open(&tmp, dirfd, 0644, error))
		return FALSE;
	g_autoptr(SmithSink) sink = smith_sink_new_fd(tmp.fd, ref->path);
	SmithLayout *layout = smith_store_layout(store);
	gboolean written =
		strcmp(ref->transport, "oci-archive") == 0
			? smith_archive_export_oci(layout, image->manifest, name, sink, error)
			: smith_archive_export_docker(layout, image->manifest, name, sink, error);
	return written && smith_sink_finish(sink, error) &&
	       smith_tmpfile_link(&tmp, file, SMITH_TMPFILE_REPLACE, error);
}

gboolean smith_build_output(const SmithBuildResult *result, SmithStore *store, const char *output,
			    GError **error)
{
	SMITH_AUTO_PREFIX("output", output, error);
	g_autoptr(SmithRef) ref = smith_ref_parse(output, error);
	if (ref == NULL)
		return FALSE;
	if (ref->tag != NULL && result->images->len != 1)
		return smith_throw(error, SMITH_ERROR_USAGE,
				   "one name for %u images: leave it out, or name one target",
				   result->images->len);
	return strcmp(ref->transport, "oci") == 0 ? copy_layout(result, store, ref, error)
						  : write_archive(result, store, ref, error);
}
