/* SPDX-License-Identifier: Apache-2.0 */
#include "lint/lint.h"

#include <string.h>

#include "base/entry.h"
#include "base/error.h"
#include "layers/layer.h"
#include "lint/lint-host.h"
#include "lint/lint-service.h"
#include "oci/ref.h"
#include "oci/spec.h"

#define NAME_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_."

char *smith_lint_suggest(const char *word, const GPtrArray *named)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new();
	for (guint i = 0; i < named->len; i++)
		g_ptr_array_add(names, *(char **)named->pdata[i]);
	g_ptr_array_add(names, NULL);
	const char *nearest = smith_nearest(word, (const char *const *)names->pdata);
	return nearest != NULL ? g_strdup_printf(" (did you mean '%s'?)", nearest) : g_strdup("");
}

bool smith_lint_name_is_legal(const char *name)
{
	return g_ascii_isalnum(*name) && name[strspn(name, NAME_CHARACTERS)] == '\0';
}

/* Does the chain of @family come back to it? One that runs into a circle of others ends, too. */
static bool is_circular(const SmithFleet *fleet, const SmithFamily *family)
{
	const SmithFamily *at = family;
	for (guint steps = 0; steps <= fleet->families->len; steps++) {
		at = smith_fleet_family(fleet, at->from);
		if (at == NULL)
			return false;
	}
	return true;
}

static void lint_from(const SmithFleet *fleet, const SmithFamily *family, SmithDiag *diag)
{
	if (is_circular(fleet, family)) {
		SMITH_LINT_ERROR(diag, family->from_place, "family-cycle",
				 "family '%s' is derived from itself, or from one that is",
				 family->name);
		return;
	}
	if (smith_fleet_family(fleet, family->from) != NULL)
		return;
	g_autoptr(GError) error = NULL;
	g_autoptr(SmithRef) ref = smith_ref_parse(family->from, &error);
	g_autofree char *hint = smith_lint_suggest(family->from, fleet->families);
	if (ref == NULL)
		SMITH_LINT_ERROR(diag, family->from_place, "bad-reference", "%s%s", error->message,
				 hint);
	else if (*hint != '\0' && strpbrk(family->from, ":/") == NULL)
		SMITH_LINT_ERROR(diag, family->from_place, "unknown-family", "no family '%s'%s",
				 family->from, hint);
}

/* Left-out keys are told by the loader. */
static void lint_family(const SmithFleet *fleet, const SmithFamily *family, SmithDiag *diag)
{
	g_autofree char *expected = g_strconcat("families.d/", family->name, ".yaml", NULL);
	g_autofree char *image = g_strconcat("x/", family->name, ":x", NULL);
	if (*family->name != '\0' && strcmp(expected, family->file) != 0)
		SMITH_LINT_ERROR(diag, family->place, "family-file",
				 "family '%s' must be in '%s', found in '%s'", family->name,
				 expected, family->file);
	if (*family->name != '\0' && !smith_ref_check_name(image, NULL))
		SMITH_LINT_ERROR(diag, family->place, "bad-name",
				 "family name '%s' must be lower-case letters and digits, with "
				 "'-', '_' or '.' between them: it is part of an image name",
				 family->name);
	if (*family->from != '\0')
		lint_from(fleet, family, diag);
	smith_lint_env(family->env, family->place, family->name, diag);
}

static void lint_duplicates(const SmithFleet *fleet, guint index, SmithDiag *diag)
{
	const SmithService *service = fleet->services->pdata[index];
	for (guint i = 0; i < index; i++) {
		const SmithService *other = fleet->services->pdata[i];
		if (strcmp(service->slug, other->slug) == 0)
			SMITH_LINT_ERROR(diag, service->place, "near-duplicate",
					 "services '%s' and '%s' have the same name '%s' in images "
					 "and units",
					 other->name, service->name, service->slug);
	}
}

/* Visits what @service needs; true when that leads to @goal. @seen: each is visited once. */
static bool leads_to(const SmithFleet *fleet, const SmithService *service, const SmithService *goal,
		     GHashTable *seen)
{
	g_autoptr(GPtrArray) open = g_ptr_array_new();
	g_ptr_array_add(open, (gpointer)service);
	while (open->len > 0) {
		const SmithService *at = g_ptr_array_steal_index_fast(open, open->len - 1);
		for (guint i = 0; i < at->needs->len; i++) {
			const SmithNeed *need = at->needs->pdata[i];
			SmithService *next = smith_fleet_service(fleet, need->name);
			if (next == goal)
				return true;
			if (next != NULL && g_hash_table_add(seen, next))
				g_ptr_array_add(open, next);
		}
	}
	return false;
}

static void lint_needs(const SmithFleet *fleet, const SmithService *service, SmithDiag *diag)
{
	g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);
	for (guint i = 0; i < service->needs->len; i++) {
		const SmithNeed *need = service->needs->pdata[i];
		if (smith_fleet_service(fleet, need->name) != NULL)
			continue;
		g_autofree char *hint = smith_lint_suggest(need->name, fleet->services);
		SMITH_LINT_ERROR(diag, need->place, "unknown-need",
				 "service '%s' needs '%s', which is no service%s", service->name,
				 need->name, hint);
	}
	if (leads_to(fleet, service, service, seen))
		SMITH_LINT_ERROR(diag, service->place, "need-cycle",
				 "service '%s' needs itself, by way of its 'needs'", service->name);
}

static void lint_services(const SmithFleet *fleet, SmithDiag *diag)
{
	for (guint i = 0; i < fleet->services->len; i++) {
		const SmithService *service = fleet->services->pdata[i];
		if (service->family != NULL && smith_fleet_family(fleet, service->family) == NULL) {
			g_autofree char *hint =
				smith_lint_suggest(service->family, fleet->families);
			SMITH_LINT_ERROR(diag, service->family_place, "unknown-family",
					 "no family '%s' for service '%s'%s", service->family,
					 service->name, hint);
		}
		lint_needs(fleet, service, diag);
		lint_duplicates(fleet, i, diag);
		smith_lint_service(service, diag);
	}
}

/* One image of a name. */
static void claim_image(GHashTable *images, const char *name, const char *who, SmithPlace place,
			SmithDiag *diag)
{
	const char *other = g_hash_table_lookup(images, name);
	if (other == NULL)
		g_hash_table_insert(images, g_strdup(name), g_strdup(who));
	else if (strcmp(other, who) != 0)
		SMITH_LINT_ERROR(diag, place, "same-image", "the images of %s and %s are both '%s'",
				 other, who, name);
}

/* A family's image, a service's, and a service's on one host: "web" on "a" and "web-a" are one. */
static void lint_images(const SmithFleet *fleet, SmithDiag *diag)
{
	g_autoptr(GHashTable) images =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	for (guint i = 0; i < fleet->families->len; i++) {
		const SmithFamily *family = fleet->families->pdata[i];
		g_autofree char *who = g_strdup_printf("family '%s'", family->name);
		g_autofree char *name = smith_fleet_family_image_name(fleet, family->name);
		claim_image(images, name, who, family->place, diag);
	}
	for (guint i = 0; i < fleet->services->len; i++) {
		const SmithService *service = fleet->services->pdata[i];
		g_autoptr(GPtrArray) hosts = smith_fleet_hosts_of(fleet, service);
		for (guint j = 0; j < MAX(hosts->len, 1); j++) {
			const SmithHost *host = hosts->len > 0 ? hosts->pdata[j] : NULL;
			g_autofree char *name = smith_fleet_image_name(fleet, service, host);
			bool own = smith_fleet_image_is_own(fleet, service);
			g_autofree char *who = g_strdup_printf(
				"service '%s'%s%s%s", service->name, own ? " on host '" : "",
				own ? host->name : "", own ? "'" : "");
			claim_image(images, name, who, service->place, diag);
		}
	}
}

static void lint_platform(const SmithFleet *fleet, SmithDiag *diag)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(SmithPlatform) platform =
		fleet->platform != NULL ? smith_platform_parse(fleet->platform, &error) : NULL;
	if (error != NULL)
		SMITH_LINT_ERROR(diag, fleet->place, "bad-value", "%s", error->message);
	else if (platform != NULL && strcmp(platform->os, "linux") != 0)
		SMITH_LINT_ERROR(diag, fleet->place, "bad-value",
				 "platform '%s' is not one of Linux", fleet->platform);
}

static void lint_wheels(const SmithFleet *fleet, SmithDiag *diag)
{
	const char *index = fleet->wheels->index;
	if (index != NULL && !g_str_has_prefix(index, "https://") &&
	    !g_str_has_prefix(index, "http://") && !g_str_has_prefix(index, "file:///"))
		SMITH_LINT_ERROR(diag, fleet->place, "bad-value",
				 "index '%s' must be an https:, http: or file: URL", index);
}

static void lint_names(const SmithFleet *fleet, SmithDiag *diag)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *name = g_strconcat(fleet->registry, "/x:", fleet->tag, NULL);
	if (!smith_ref_check_name(name, &error))
		SMITH_LINT_ERROR(diag, fleet->place, "bad-reference",
				 "registry '%s' and tag '%s' make no legal image name: %s",
				 fleet->registry, fleet->tag, error->message);
	g_clear_error(&error);
	SmithCompression compression;
	if (!smith_compression_from_name(fleet->compression, &compression, &error))
		SMITH_LINT_ERROR(diag, fleet->place, "bad-value", "%s", error->message);
	g_clear_error(&error);
	g_autofree char *prefix = smith_entry_path_normalize(fleet->prefix, &error);
	if (prefix == NULL || strcmp(prefix, ".") == 0 ||
	    prefix[strspn(prefix, NAME_CHARACTERS "/")] != '\0')
		SMITH_LINT_ERROR(diag, fleet->place, "bad-value",
				 "prefix '%s' is no path for a venv: letters, digits, '-', '_', "
				 "'.' and '/'",
				 fleet->prefix);
}

void smith_lint_fleet(const SmithFleet *fleet, SmithDiag *diag)
{
	lint_names(fleet, diag);
	lint_platform(fleet, diag);
	lint_wheels(fleet, diag);
	for (guint i = 0; i < fleet->families->len; i++)
		lint_family(fleet, fleet->families->pdata[i], diag);
	lint_services(fleet, diag);
	smith_lint_hosts(fleet, diag);
	lint_images(fleet, diag);
	smith_diag_sort(diag);
}
