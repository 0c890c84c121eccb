/* SPDX-License-Identifier: Apache-2.0 */
#include "lint/checks.h"

#include <fcntl.h>
#include <string.h>

#include "base/fd.h"
#include "lint/hint.h"
#include "lint/lint-service.h"
#include "lint/rule.h"
#include "oci/ref.h"

/* What is known of a family's chain: not followed yet, being followed, ends, is a circle. */
enum {
	CHAIN_UNKNOWN,
	CHAIN_OPEN,
	CHAIN_ENDS,
	CHAIN_CIRCULAR,
};

/* Does the chain of @family come back to it, or run into a circle of others? Each family is
 * followed once, for all of them: @known. */
static bool is_circular(const SmithFleet *fleet, const SmithFamily *family, GHashTable *known)
{
	g_autoptr(GPtrArray) way = g_ptr_array_new();
	const SmithFamily *at = family;
	int state = CHAIN_UNKNOWN;
	while (at != NULL && state == CHAIN_UNKNOWN) {
		state = GPOINTER_TO_INT(g_hash_table_lookup(known, at));
		if (state != CHAIN_UNKNOWN)
			break;
		g_hash_table_insert(known, (gpointer)at, GINT_TO_POINTER(CHAIN_OPEN));
		g_ptr_array_add(way, (gpointer)at);
		at = smith_fleet_family(fleet, at->from);
	}
	int found = state == CHAIN_OPEN || state == CHAIN_CIRCULAR ? CHAIN_CIRCULAR : CHAIN_ENDS;
	for (guint i = 0; i < way->len; i++)
		g_hash_table_insert(known, way->pdata[i], GINT_TO_POINTER(found));
	return found == CHAIN_CIRCULAR;
}

static void lint_reference(const SmithFleet *fleet, const SmithFamily *family, SmithDiag *diag)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(SmithRef) ref = smith_ref_parse(family->from, &error);
	g_autofree char *hint = smith_lint_hint(family->from, fleet->families, diag);
	if (ref == NULL)
		smith_lint_report(diag, "bad-reference", family->from_place, family->name, "%s%s",
				  error->message, hint);
	else if (*hint != '\0' && strpbrk(family->from, ":/") == NULL)
		smith_lint_report(diag, "unknown-family", family->from_place, family->name,
				  "no family '%s'%s", family->from, hint);
	else if (!smith_ref_is_local(ref) && ref->digest == NULL &&
		 (ref->tag == NULL || strcmp(ref->tag, "latest") == 0))
		smith_lint_report(
			diag, "image-mutable-tag", family->from_place, family->name,
			"base '%s' of family '%s' is whatever is the latest when the lock "
			"is made",
			family->from, family->name);
}

static void lint_from(const SmithFleet *fleet, const SmithFamily *family, GHashTable *known,
		      SmithDiag *diag)
{
	if (is_circular(fleet, family, known))
		smith_lint_report(diag, "family-cycle", family->from_place, family->name,
				  "family '%s' is derived from itself, or from one that is",
				  family->name);
	else if (family->bootstrap == NULL && smith_fleet_family(fleet, family->from) == NULL)
		lint_reference(fleet, family, diag);
}

/* Left-out keys are told by the loader. */
static void lint_smoke(const SmithFleet *fleet, const SmithFamily *family, SmithDiag *diag)
{
	if (family->smoke == NULL)
		return;
	smith_autofd int fd =
		smith_fd_open_beneath(fleet->fd, family->smoke, O_PATH | O_CLOEXEC, 0, NULL);
	if (fd < 0)
		smith_lint_report(diag, "smoke-missing", family->place, family->name,
				  "smoke program '%s' of family '%s' does not exist", family->smoke,
				  family->name);
}

static void lint_builder(const SmithFleet *fleet, const SmithPip *pip, const char *subject,
			 SmithDiag *diag)
{
	if (pip == NULL || pip->builder == NULL || smith_fleet_family(fleet, pip->builder) != NULL)
		return;
	g_autofree char *hint = smith_lint_hint(pip->builder, fleet->families, diag);
	smith_lint_report(diag, "unknown-family", pip->place, subject,
			  "no family '%s' to build for '%s'%s", pip->builder, subject, hint);
}

static void lint_family(const SmithFleet *fleet, const SmithFamily *family, GHashTable *known,
			SmithDiag *diag)
{
	g_autofree char *expected = g_strconcat("families.d/", family->name, ".yaml", NULL);
	g_autofree char *image = g_strconcat("x/", family->name, ":x", NULL);
	if (*family->name != '\0' && strcmp(expected, family->file) != 0)
		smith_lint_report(diag, "family-file", family->place, family->name,
				  "family '%s' must be in '%s', found in '%s'", family->name,
				  expected, family->file);
	if (*family->name != '\0' && !smith_ref_check_name(image, NULL))
		smith_lint_report(diag, "bad-name", family->place, family->name,
				  "family name '%s' must be lower-case letters and digits, with "
				  "'-', '_' or '.' between them: it is part of an image name",
				  family->name);
	if (*family->from != '\0')
		lint_from(fleet, family, known, diag);
	smith_lint_env(family->env, family->place, family->name, diag);
	lint_smoke(fleet, family, diag);
	lint_builder(fleet, family->pip, family->name, diag);
}

void smith_lint_families(const SmithFleet *fleet, SmithDiag *diag)
{
	g_autoptr(GHashTable) known = g_hash_table_new(NULL, NULL);
	for (guint i = 0; i < fleet->families->len; i++)
		lint_family(fleet, fleet->families->pdata[i], known, diag);
	for (guint i = 0; i < fleet->services->len; i++) {
		const SmithService *service = fleet->services->pdata[i];
		lint_builder(fleet, service->pip, service->name, diag);
		if (service->family == NULL || service->family_auto ||
		    smith_fleet_family(fleet, service->family) != NULL)
			continue;
		g_autofree char *hint = smith_lint_hint(service->family, fleet->families, diag);
		smith_lint_report(diag, "unknown-family", service->family_place, service->name,
				  "no family '%s' for service '%s'%s", service->family,
				  service->name, hint);
	}
}

const SmithFamilyGpu *smith_lint_family_gpu(const SmithFleet *fleet, const char *name)
{
	const SmithFamily *family = smith_fleet_family(fleet, name);
	for (guint i = 0; family != NULL && i < fleet->families->len; i++) {
		if (family->gpu != NULL)
			return family->gpu;
		family = smith_fleet_family(fleet, family->from);
	}
	return NULL;
}
