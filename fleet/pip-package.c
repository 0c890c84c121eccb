/* SPDX-License-Identifier: Apache-2.0 */
#include "fleet/pip-package.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/fd.h"
#include "execute/apt-closure.h"
#include "fleet/resolve-apt.h"
#include "layers/deb-read.h"
#include "store/fetch.h"

#define PACKAGE "python3-pip-whl"
#define MARK "#deb-sha256="
#define FILE_MARK "&file="
#define DIRECTORY "usr/share/python-wheels/"
#define LIMIT (64 * 1024 * 1024)

bool smith_pip_package_is(const char *url)
{
	return strstr(url, MARK) != NULL;
}

char *smith_pip_package_file(const char *url)
{
	const char *file = strstr(url, FILE_MARK);
	return g_strdup(file != NULL ? file + strlen(FILE_MARK) : "");
}

static bool is_wanted(const SmithEntry *entry, const char *file)
{
	if (entry->type != SMITH_ENTRY_FILE || entry->content == NULL ||
	    !g_str_has_prefix(entry->path, DIRECTORY))
		return false;
	const char *name = entry->path + strlen(DIRECTORY);
	return file != NULL ? strcmp(name, file) == 0
			    : g_str_has_prefix(name, "pip-") && g_str_has_suffix(name, ".whl") &&
				      strchr(name, '/') == NULL;
}

static char *keep(SmithStore *store, const SmithEntry *entry, GError **error)
{
	g_autoptr(SmithSource) source = entry->content->ops->open(entry->content, error);
	g_autoptr(GBytes) bytes =
		source != NULL ? smith_source_read_all(source, LIMIT, error) : NULL;
	if (bytes == NULL)
		return NULL;
	smith_autofd int fd = memfd_create("ocismith-pip", MFD_CLOEXEC);
	if (fd < 0)
		return smith_throw_errno_null(error, "cannot make a file in memory");
	gsize length = 0;
	const char *data = g_bytes_get_data(bytes, &length);
	return smith_fd_write_all(fd, data, length, error)
		       ? smith_fetch_add(store, fd, entry->path, error)
		       : NULL;
}

/* The wheel's digest; @file is one of it, or NULL for the only one that it must have. *@found is
 * its name. */
static char *unpack(SmithStore *store, const char *deb, const char *package, const char *file,
		    char **found, GError **error)
{
	smith_autofd int fd = smith_fetch_open(store, deb, error);
	g_autoptr(SmithEntryIter) entries = fd >= 0 ? smith_deb_read(fd, package, error) : NULL;
	if (entries == NULL)
		return NULL;
	for (;;) {
		SmithEntry *next = NULL;
		if (!smith_entry_iter_next(entries, &next, error))
			return NULL;
		g_autoptr(SmithEntry) entry = next;
		if (entry == NULL)
			return smith_throw_null(error, SMITH_ERROR_NOT_FOUND,
						"package '%s' has no wheel '%s'", package,
						file != NULL ? file : "pip-*.whl");
		if (!is_wanted(entry, file))
			continue;
		*found = g_strdup(entry->path + strlen(DIRECTORY));
		return keep(store, entry, error);
	}
}

static const SmithDeb *find_deb(const SmithAptClosure *closure, GError **error)
{
	for (guint i = 0; i < closure->debs->len; i++)
		if (strcmp(((SmithDeb *)closure->debs->pdata[i])->name, PACKAGE) == 0)
			return closure->debs->pdata[i];
	return smith_throw_null(error, SMITH_ERROR_NOT_FOUND, "no package '" PACKAGE "'");
}

char *smith_pip_package_find(const SmithFamilyContext *context, const char *name,
			     const SmithRoot *root, GError **error)
{
	static const char *const words[] = {PACKAGE, NULL};
	const SmithExecution *execution = &context->execution;
	g_autoptr(GPtrArray) archives = smith_resolve_apt_archives(context->fleet, name, error);
	g_autoptr(GHashTable) options = smith_family_apt_options(context->fleet, name);
	g_auto(SmithAptClosure) closure = {0};
	if (archives == NULL)
		return NULL;
	/* what the root has is not what the archive has */
	SmithAptRequest request = {.name = name,
				   .sources = archives,
				   .words = words,
				   .options = options,
				   .from_nothing = true};
	if (!smith_apt_closure(execution, root, &request, &closure, error))
		return NULL;
	const SmithDeb *deb = find_deb(&closure, error);
	g_autoptr(GPtrArray) debs = g_ptr_array_new();
	g_ptr_array_add(debs, (gpointer)deb);
	if (deb == NULL ||
	    !smith_debs_fetch(execution->store, debs, execution->workers, execution->events, error))
		return NULL;
	g_autofree char *file = NULL;
	g_autofree char *wheel =
		unpack(execution->store, deb->sha256, deb->file, NULL, &file, error);
	if (wheel == NULL)
		return NULL;
	return g_strconcat(deb->url, MARK, deb->sha256, FILE_MARK, file, NULL);
}

static char *fetch_member(SmithStore *store, const char *url, GError **error)
{
	const char *mark = strstr(url, MARK);
	const char *file = strstr(mark, FILE_MARK);
	g_autofree char *package = g_strndup(url, (gsize)(mark - url));
	g_autofree char *digest = g_strndup(mark + strlen(MARK), 64);
	g_autofree char *found = NULL;
	if (file == NULL || file != mark + strlen(MARK) + 64 || !smith_digest_is_hex(digest))
		return smith_throw_null(error, SMITH_ERROR_INVALID,
					"'%s' names no file of a package", url);
	g_autofree char *hex = smith_fetch(store, package, digest, error);
	if (hex == NULL)
		return NULL;
	return unpack(store, hex, package, file + strlen(FILE_MARK), &found, error);
}

char *smith_pip_package_fetch(SmithStore *store, const char *url, const char *sha256,
			      GError **error)
{
	if (!smith_pip_package_is(url))
		return smith_fetch(store, url, sha256, error);
	smith_autofd int known = sha256 != NULL ? smith_fetch_open(store, sha256, NULL) : -1;
	struct stat st;
	if (known >= 0 && fstat(known, &st) == 0 &&
	    smith_fetch_check(known, st.st_size, sha256, url, NULL))
		return g_strdup(sha256);
	g_autofree char *hex = fetch_member(store, url, error);
	if (hex == NULL)
		return NULL;
	if (sha256 != NULL && strcmp(hex, sha256) != 0)
		return smith_throw_null(error, SMITH_ERROR_VERIFY,
					"'%s': digest mismatch, expected 'sha256:%s', got "
					"'sha256:%s'",
					url, sha256, hex);
	return g_steal_pointer(&hex);
}
