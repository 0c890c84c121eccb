/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/error.h"
#include "fleet/load.h"
#include "fleet/profile.h"
#include "lint/checks.h"
#include "lint/rule.h"
#include "seccomp/profile-diff.h"
#include "seccomp/profile-lint.h"
#include "seccomp/profile-name.h"

#define LOST_MAX 3 /* names that a finding says */

/* --- names: what each command looks at */

static bool is_unconfined(const char *name)
{
	return strcmp(name, SMITH_PROFILE_UNCONFINED) == 0;
}

static void lint_name(const char *name, char **known, SmithPlace place, const char *kind,
		      const char *subject, SmithDiag *diag)
{
	const char *const *names = (const char *const *)known;
	g_auto(GStrv) parts = smith_profile_name_split(name != NULL ? name : "");
	for (char **part = parts; name != NULL && *part != NULL; part++) {
		const char *nearest = smith_nearest(*part, names);
		if (is_unconfined(name) || g_strv_contains(names, *part))
			continue;
		smith_lint_report(diag, "unknown-seccomp", place, subject,
				  "no seccomp profile '%s' for %s '%s'%s%s%s", *part, kind, subject,
				  nearest != NULL ? " (did you mean '" : "",
				  nearest != NULL ? nearest : "", nearest != NULL ? "'?)" : "");
	}
}

void smith_lint_profile_names(const SmithFleet *fleet, SmithDiag *diag)
{
	g_auto(GStrv) known = smith_profile_list(fleet->fd);
	for (guint i = 0; i < fleet->families->len; i++) {
		const SmithFamily *family = fleet->families->pdata[i];
		lint_name(family->seccomp, known, family->place, "family", family->name, diag);
	}
	for (guint i = 0; i < fleet->services->len; i++) {
		const SmithService *service = fleet->services->pdata[i];
		lint_name(service->seccomp, known, smith_service_place(service, "seccomp", NULL),
			  "service", service->name, diag);
	}
}

/* --- what they say: `check` and `lock` */

typedef struct {
	const SmithFleet *fleet;
	SmithDiag *diag;
	GHashTable *read; /* name -> SmithProfile*, NULL: it cannot be read, which has been told */
} Profiles;

static void profile_free(gpointer data)
{
	smith_profile_free(data);
}

/* What is wrong with another file is told there. */
static void tell_unreadable(const Profiles *all, const char *name, const GError *error)
{
	g_autofree char *file = smith_profile_name_file(name);
	g_autoptr(SmithDiag) placed = smith_diag_new();
	const char *text = error->message;
	if (g_str_has_prefix(text, SMITH_PROFILE_DIRECTORY "/") && !g_str_has_prefix(text, file))
		return;
	smith_load_tell_unreadable(placed, file, error);
	const SmithFinding *finding = placed->findings->pdata[0];
	smith_lint_report(all->diag, "seccomp-profile", finding->place, name, "%s", finding->text);
}

/* A file of the fleet's, and all that is wrong in it. */
static SmithProfile *read_own(const Profiles *all, const char *name)
{
	g_autoptr(GError) error = NULL;
	SmithProfile *profile = smith_profile_load_told(all->fleet->fd, name, all->diag, &error);
	if (profile != NULL)
		smith_profile_lint(profile, all->diag);
	else if (error != NULL)
		tell_unreadable(all, name, error);
	return profile;
}

static void read_all_own(const Profiles *all, char **names)
{
	for (char **name = names; *name != NULL; name++)
		if (smith_profile_is_of_fleet(all->fleet->fd, *name))
			g_hash_table_insert(all->read, g_strdup(*name), read_own(all, *name));
}

/* What @subject names; NULL when it cannot be read, which is told of @subject when nothing else
 * is wrong. */
static const SmithProfile *find(const Profiles *all, const char *name, SmithPlace place,
				const char *subject)
{
	g_autoptr(GError) error = NULL;
	gpointer known = NULL;
	SmithProfile *profile;
	if (g_hash_table_lookup_extended(all->read, name, NULL, &known))
		return known;
	profile = smith_profile_load(all->fleet->fd, name, &error);
	if (profile == NULL && g_error_matches(error, SMITH_ERROR, SMITH_ERROR_CONFLICT))
		smith_lint_report(all->diag, "seccomp-profile", place, subject,
				  "profiles '%s' of '%s' cannot be together: %s", name, subject,
				  error->message);
	g_hash_table_insert(all->read, g_strdup(name), profile);
	return profile;
}

static void tell_lost(const Profiles *all, const SmithService *service, const char *family,
		      char **lost)
{
	guint count = g_strv_length(lost);
	g_autofree char *both =
		smith_profile_name_join((const char *const[]){service->seccomp, family, NULL});
	g_auto(GStrv) parts = smith_profile_name_split(both);
	g_autofree char *list = g_strjoinv(", ", parts);
	for (guint i = LOST_MAX; i < count; i++)
		g_clear_pointer(&lost[i], g_free);
	g_autofree char *names = g_strjoinv(", ", lost);
	smith_lint_report(all->diag, "seccomp-narrower", service->place, service->name,
			  "profile '%s' of service '%s' refuses %u call%s that '%s' of its family "
			  "allows (%s%s); both together are 'seccomp: [%s]'",
			  service->seccomp, service->name, count, count == 1 ? "" : "s", family,
			  names, count > LOST_MAX ? ", ..." : "", list);
}

/* A file of the fleet's own is narrow on purpose, as recorded ones are. */
static void lint_narrower(const Profiles *all, const SmithService *service)
{
	const char *family = smith_fleet_profile(all->fleet, NULL, service->family);
	if (service->seccomp == NULL || service->image != NULL || is_unconfined(service->seccomp) ||
	    is_unconfined(family) || smith_profile_is_of_fleet(all->fleet->fd, service->seccomp))
		return;
	const SmithProfile *own = find(all, service->seccomp, service->place, service->name);
	const SmithProfile *before = find(all, family, service->place, service->name);
	if (own == NULL || before == NULL)
		return;
	g_auto(GStrv) lost = smith_profile_lost(before, own);
	if (*lost != NULL)
		tell_lost(all, service, family, lost);
}

static void lint_joined(const Profiles *all, const SmithService *service)
{
	const char *name = smith_fleet_profile(all->fleet, service, service->family);
	if (smith_profile_name_is_joined(name))
		find(all, name, service->place, service->name);
}

void smith_lint_profiles(const SmithFleet *fleet, SmithDiag *diag)
{
	g_auto(GStrv) names = smith_profile_list(fleet->fd);
	g_autoptr(GHashTable) read =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, profile_free);
	const Profiles all = {fleet, diag, read};
	read_all_own(&all, names);
	for (guint i = 0; i < fleet->services->len; i++) {
		lint_narrower(&all, fleet->services->pdata[i]);
		lint_joined(&all, fleet->services->pdata[i]);
	}
	for (guint i = 0; i < fleet->supervisors->len; i++)
		lint_joined(&all, fleet->supervisors->pdata[i]);
}
