/* SPDX-License-Identifier: Apache-2.0 */
#include "fleet/profile.h"

#include <fcntl.h>
#include <string.h>

#include "base/error.h"
#include "base/fd.h"
#include "fleet/part.h"
#include "seccomp/profile-name.h"

const char *smith_fleet_profile(const SmithFleet *fleet, const SmithService *service,
				const char *family)
{
	if (service != NULL && service->seccomp != NULL)
		return service->seccomp;
	return smith_family_seccomp(fleet, family);
}

int smith_fleet_open_profiles(const SmithFleet *fleet, GError **error)
{
	return smith_fd_open_dir(AT_FDCWD, fleet->directory, error);
}

/* It comes with the program, or all do that it joins. */
static bool is_builtin(const char *name)
{
	g_auto(GStrv) parts = smith_profile_name_split(name);

	for (guint i = 0; parts[i] != NULL; i++)
		if (!g_strv_contains(smith_profile_names(), parts[i]))
			return false;
	return true;
}

static char *part_name(const char *name)
{
	return g_strconcat("seccomp/", name, NULL);
}

static gboolean lock_profile(SmithLock *lock, SmithStore *store, int dirfd, const char *name,
			     GError **error)
{
	g_autofree char *part = part_name(name);
	g_autoptr(SmithProfile) profile = NULL;
	g_autoptr(GBytes) bytes = NULL;
	gsize length = 0;
	char *text;

	if (!is_builtin(name) || smith_profile_is_of_fleet(dirfd, name) ||
	    smith_lock_part(lock, part) != NULL)
		return TRUE;
	profile = smith_profile_load(-1, name, error);
	if (profile == NULL)
		return FALSE;
	text = smith_profile_write(profile, &length);
	bytes = g_bytes_new_take(text, length);
	return smith_part_add(lock, store, part, bytes, error);
}

gboolean smith_fleet_lock_profiles(const SmithFleet *fleet, SmithLock *lock, SmithStore *store,
				   GError **error)
{
	smith_autofd int dirfd = smith_fleet_open_profiles(fleet, error);

	if (dirfd < 0)
		return FALSE;
	for (guint i = 0; i < fleet->families->len; i++) {
		const SmithFamily *family = fleet->families->pdata[i];

		if (!lock_profile(lock, store, dirfd,
				  smith_fleet_profile(fleet, NULL, family->name), error))
			return FALSE;
	}
	for (guint i = 0; i < fleet->built->len; i++) {
		const SmithService *service = fleet->built->pdata[i];

		if (!lock_profile(lock, store, dirfd,
				  smith_fleet_profile(fleet, service, service->family), error))
			return FALSE;
	}
	return TRUE;
}

/* NULL without an error when this program has none of that name. */
static GBytes *read_own(const char *name, GError **error)
{
	g_autoptr(SmithProfile) profile = NULL;
	gsize length = 0;
	char *text;

	if (!is_builtin(name))
		return NULL;
	profile = smith_profile_load(-1, name, error);
	if (profile == NULL)
		return NULL;
	text = smith_profile_write(profile, &length);
	return g_bytes_new_take(text, length);
}

char *smith_fleet_profile_text(const SmithFleet *fleet, const SmithLock *lock, SmithStore *store,
			       const char *name, GError **error)
{
	smith_autofd int dirfd = smith_fleet_open_profiles(fleet, error);
	g_autofree char *part = part_name(name);
	g_autoptr(SmithProfile) profile = NULL;
	g_autoptr(GBytes) bytes = NULL;
	g_autoptr(GBytes) own = NULL;

	if (dirfd < 0)
		return NULL;
	if (!is_builtin(name) || smith_profile_is_of_fleet(dirfd, name)) {
		profile = smith_profile_load(dirfd, name, error);
		return profile != NULL ? smith_profile_write(profile, NULL) : NULL;
	}
	/* what the store has needs no reading of JSON */
	bytes = smith_part_get(lock, store, part, NULL, NULL);
	if (bytes == NULL) {
		own = read_own(name, error);
		if (own == NULL)
			return NULL;
		bytes = smith_part_get(lock, store, part, own, error);
	}
	if (bytes == NULL)
		return NULL;
	return g_strndup(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
}
