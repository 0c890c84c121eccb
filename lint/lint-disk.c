/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/statvfs.h>

#include "lint/lint.h"
#include "lint/rule.h"

/* A wheel is kept as it was downloaded, and as a layer of about its size. */
#define COPIES 2
/* No wheel is larger, and no sum of so many is beyond 64 bits. */
#define SIZE_LIMIT (G_GUINT64_CONSTANT(1) << 50)

/* Of the nearest directory that exists: the store itself may be made later. */
static bool find_free(const char *path, guint64 *free_bytes)
{
	g_autofree char *at = g_canonicalize_filename(path, NULL);
	struct statvfs fs;
	while (statvfs(at, &fs) != 0) {
		g_autofree char *parent = g_path_get_dirname(at);
		if (g_str_equal(parent, at))
			return false;
		g_free(at);
		at = g_steal_pointer(&parent);
	}
	*free_bytes = (guint64)fs.f_bavail * fs.f_frsize;
	return true;
}

void smith_lint_disk(const SmithLock *lock, const char *path, SmithDiag *diag)
{
	guint64 need = 0, free_bytes = 0;
	for (guint i = 0; i < lock->wheels->len; i++) {
		gint64 size = ((const SmithLockWheel *)lock->wheels->pdata[i])->size;
		need += size > 0 ? MIN((guint64)size, SIZE_LIMIT) * COPIES : 0;
	}
	if (need == 0 || !find_free(path, &free_bytes) || need <= free_bytes)
		return;
	smith_lint_report(diag, "disk-space",
			  (SmithPlace){g_intern_static_string(SMITH_LOCK_FILE), 0, 0}, NULL,
			  "the wheels of the lock and their layers need %" G_GUINT64_FORMAT
			  " MB, and the store has %" G_GUINT64_FORMAT " MB free",
			  need / 1000000, free_bytes / 1000000);
}
