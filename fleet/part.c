/* SPDX-License-Identifier: Apache-2.0 */
#include "fleet/part.h"

#include <string.h>
#include <sys/stat.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/fd.h"
#include "probe/probe.h"
#include "store/fetch.h"

#define PART_LIMIT (16 * 1024 * 1024)

gboolean smith_part_add(SmithLock *lock, SmithStore *store, const char *name, GBytes *bytes,
			GError **error)
{
	g_autofree char *sha256 = smith_fetch_add_bytes(store, bytes, name, error);
	if (sha256 == NULL)
		return FALSE;
	smith_lock_set_part(lock, name, sha256);
	return TRUE;
}

/* NULL when the store has not got them whole: why is of no interest. */
static GBytes *read_stored(const SmithStore *store, const char *sha256)
{
	g_autofree char *path = smith_store_file_path(sha256);
	g_autoptr(GBytes) bytes =
		smith_fd_read_file(smith_store_files_fd(store), path, PART_LIMIT, NULL);
	if (bytes == NULL)
		return NULL;
	g_autofree char *digest =
		smith_digest_of(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
	return strcmp(smith_digest_hex(digest), sha256) == 0 ? g_steal_pointer(&bytes) : NULL;
}

static gpointer throw_other(const SmithLockPart *part, const char *digest, GError **error)
{
	return smith_throw_null(error, SMITH_ERROR_STALE,
				"'%s' of this ocismith is not that of '%s': expected 'sha256:%s', "
				"got '%s': run 'ocismith lock'",
				part->name, SMITH_LOCK_FILE, part->sha256,
				digest != NULL ? digest : "none");
}

GBytes *smith_part_get(const SmithLock *lock, SmithStore *store, const char *name, GBytes *own,
		       GError **error)
{
	const SmithLockPart *part = smith_lock_part(lock, name);
	if (part == NULL)
		return smith_throw_null(error, SMITH_ERROR_STALE,
					"'%s' is not in '%s': run 'ocismith lock'", name,
					SMITH_LOCK_FILE);
	g_autofree char *digest =
		own != NULL ? smith_digest_of(g_bytes_get_data(own, NULL), g_bytes_get_size(own))
			    : NULL;
	if (digest != NULL && strcmp(smith_digest_hex(digest), part->sha256) == 0) {
		/* for the next version, which may have others */
		g_autofree char *kept = smith_fetch_add_bytes(store, own, name, error);
		return kept != NULL ? g_bytes_ref(own) : NULL;
	}
	GBytes *bytes = read_stored(store, part->sha256);
	return bytes != NULL ? bytes : throw_other(part, digest, error);
}

/* "linux/arm64/v8" -> "arm64" */
static char *architecture_of(const char *platform)
{
	g_auto(GStrv) words = g_strsplit(platform, "/", 3);
	return g_strdup(g_strv_length(words) > 1 ? words[1] : "");
}

bool smith_part_has_probe(const char *platform)
{
	g_autofree char *architecture = architecture_of(platform);
	return smith_probe_sha256(architecture) != NULL;
}

gboolean smith_parts_fill(SmithLock *lock, SmithStore *store, GError **error)
{
	g_autofree char *architecture = architecture_of(lock->platform);
	if (smith_probe_sha256(architecture) == NULL)
		return TRUE;
	g_autoptr(GBytes) probe = smith_probe_get(architecture, error);
	return probe != NULL && smith_part_add(lock, store, SMITH_PART_PROBE, probe, error);
}

GBytes *smith_part_get_probe(const SmithLock *lock, SmithStore *store, GError **error)
{
	g_autofree char *architecture = architecture_of(lock->platform);
	/* without one of its own it may be in the store */
	g_autoptr(GBytes) own = smith_probe_get(architecture, NULL);
	return smith_part_get(lock, store, SMITH_PART_PROBE, own, error);
}
