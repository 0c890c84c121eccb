/* SPDX-License-Identifier: Apache-2.0 */
#include "layers/deb-read.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "layers/tar-read.h"

#define MAGIC "!<arch>\n"
#define MAGIC_LENGTH 8
#define HEADER 60
#define SIZE_AT 48
#define SIZE_LENGTH 10
#define END_AT 58
#define MEMBERS_MAX 16

typedef struct {
	SmithEntryIter iter;
	SmithEntryIter *inner;
} Deb;

/* "lib/x" -> "usr/lib/x" */
static char *merge(const char *path)
{
	static const char *const merged[] = {"bin/",   "sbin/",	 "lib/",
					     "lib32/", "lib64/", "libx32/"};
	for (guint i = 0; i < G_N_ELEMENTS(merged); i++)
		if (g_str_has_prefix(path, merged[i]))
			return g_strconcat("usr/", path, NULL);
	return NULL;
}

static bool is_merged_root(const SmithEntry *entry)
{
	static const char *const roots[] = {"bin", "sbin", "lib", "lib32", "lib64", "libx32", NULL};
	return entry->type == SMITH_ENTRY_DIR && g_strv_contains(roots, entry->path);
}

static void rename_entry(SmithEntry *entry)
{
	char *path =
		is_merged_root(entry) ? g_strconcat("usr/", entry->path, NULL) : merge(entry->path);
	char *target = entry->type == SMITH_ENTRY_HARDLINK ? merge(entry->target) : NULL;
	if (path != NULL) {
		g_free(entry->path);
		entry->path = path;
	}
	if (target != NULL) {
		g_free(entry->target);
		entry->target = target;
	}
}

static gboolean deb_next(SmithEntryIter *iter, SmithEntry **out, GError **error)
{
	if (!smith_entry_iter_next(((Deb *)iter)->inner, out, error))
		return FALSE;
	if (*out != NULL)
		rename_entry(*out);
	return TRUE;
}

static void deb_free(SmithEntryIter *iter)
{
	smith_entry_iter_free(((Deb *)iter)->inner);
	g_free(iter);
}

static gboolean read_at(int fd, guint64 offset, char *buffer, gsize length, GError **error)
{
	if (pread(fd, buffer, length, (off_t)offset) == (gssize)length)
		return TRUE;
	return smith_throw(error, SMITH_ERROR_INVALID, "it ends early");
}

/* The place of the member whose name begins with "data.tar". */
static gboolean find_data(int fd, guint64 end, guint64 *at, guint64 *size, GError **error)
{
	char magic[MAGIC_LENGTH];
	guint64 offset = MAGIC_LENGTH;
	if (!read_at(fd, 0, magic, sizeof magic, error))
		return FALSE;
	if (memcmp(magic, MAGIC, MAGIC_LENGTH) != 0)
		return smith_throw(error, SMITH_ERROR_INVALID, "it is no Debian package");
	for (guint i = 0; i < MEMBERS_MAX && offset < end; i++) {
		char header[HEADER];
		if (!read_at(fd, offset, header, sizeof header, error))
			return FALSE;
		g_autofree char *text = g_strstrip(g_strndup(header + SIZE_AT, SIZE_LENGTH));
		if (memcmp(header + END_AT, "`\n", 2) != 0 ||
		    !g_ascii_string_to_unsigned(text, 10, 0, end - offset, size, NULL))
			return smith_throw(error, SMITH_ERROR_INVALID, "a member has no header");
		*at = offset + HEADER;
		if (memcmp(header, "data.tar", strlen("data.tar")) == 0)
			return TRUE;
		offset = *at + *size + (*size & 1);
	}
	return smith_throw(error, SMITH_ERROR_INVALID, "it has no member 'data.tar'");
}

SmithEntryIter *smith_deb_read(int fd, const char *name, GError **error)
{
	static const SmithEntryIterOps ops = {deb_next, deb_free};
	const SmithTarLimits limits = {.xz = true};
	struct stat st;
	guint64 at = 0, size = 0;
	SMITH_AUTO_PREFIX("package", name, error);
	if (fstat(fd, &st) < 0)
		return smith_throw_errno_null(error, "cannot stat it");
	if (!find_data(fd, (guint64)st.st_size, &at, &size, error))
		return NULL;
	SmithEntryIter *inner =
		smith_tar_read(smith_source_new_range(fd, at, size, name), &limits, name, error);
	if (inner == NULL)
		return NULL;
	Deb *deb = g_new0(Deb, 1);
	deb->iter.ops = &ops;
	deb->inner = inner;
	return &deb->iter;
}
