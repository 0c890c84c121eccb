/* SPDX-License-Identifier: Apache-2.0 */
#include "lint/checks.h"

#include <string.h>

#include "lint/rule.h"
#include "oci/ref.h"

/* One image of a name. */
static void claim_image(GHashTable *images, const char *name, const char *who, SmithPlace place,
			SmithDiag *diag)
{
	const char *other = g_hash_table_lookup(images, name);
	if (other == NULL)
		g_hash_table_insert(images, g_strdup(name), g_strdup(who));
	else if (strcmp(other, who) != 0)
		smith_lint_report(diag, "same-image", place, NULL,
				  "the images of %s and %s are both '%s'", other, who, name);
}

/* A family's image, a service's, and a service's on one host: "web" on "a" and "web-a" are one. */
static void lint_image_names(const SmithFleet *fleet, SmithDiag *diag)
{
	g_autoptr(GHashTable) images =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	for (guint i = 0; i < fleet->families->len; i++) {
		const SmithFamily *family = fleet->families->pdata[i];
		g_autofree char *who = g_strdup_printf("family '%s'", family->name);
		g_autofree char *name = smith_fleet_family_image_name(fleet, family->name);
		claim_image(images, name, who, family->place, diag);
	}
	for (guint i = 0; i < fleet->built->len; i++) {
		const SmithService *service = fleet->built->pdata[i];
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

/* An image of others is run as it is: no lock holds its digest. */
static void lint_upstream(const SmithService *service, SmithDiag *diag)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(SmithRef) ref = smith_ref_parse(service->image, &error);
	if (ref == NULL) {
		smith_lint_report(diag, "bad-reference", service->image_place, service->name, "%s",
				  error->message);
		return;
	}
	if (smith_ref_is_local(ref) || ref->digest != NULL)
		return;
	smith_lint_report(diag, "image-not-pinned", service->image_place, service->name,
			  "image '%s' of service '%s' is not pinned: write '@sha256:...' behind it",
			  service->image, service->name);
	if (ref->tag == NULL || strcmp(ref->tag, "latest") == 0)
		smith_lint_report(diag, "image-mutable-tag", service->image_place, service->name,
				  "image '%s' of service '%s' is whatever is the latest when it is "
				  "pulled",
				  service->image, service->name);
}

static void lint_with_app(const SmithService *service, SmithDiag *diag)
{
	const SmithApp *app = service->app;
	const char *key = service->pip != NULL	? "pip"
			  : *app->files != NULL ? "app.files"
			  : app->script != NULL ? "app.script"
			  : app->module != NULL ? "app.module"
			  : app->asgi != NULL	? "app.asgi"
						: NULL;
	if (key != NULL)
		smith_lint_report(
			diag, "image-with-app", service->image_place, service->name,
			"'%s' of service '%s' is for images of ours: '%s' is run as it is", key,
			service->name, service->image);
}

/* All that share one image get the family of the group. */
static void lint_supervised(const SmithFleet *fleet, const SmithGroup *group, SmithDiag *diag)
{
	for (char **name = group->services; *name != NULL; name++) {
		const SmithService *service = smith_fleet_service(fleet, *name);
		if (service == NULL || service->family == NULL || service->family_auto ||
		    g_strcmp0(service->family, group->family) == 0)
			continue;
		smith_lint_report(diag, "supervised-families", service->family_place, service->name,
				  "service '%s' has family '%s', but runs in the image of group "
				  "'%s', whose family is '%s'",
				  service->name, service->family, group->name, group->family);
	}
}

void smith_lint_images(const SmithFleet *fleet, SmithDiag *diag)
{
	lint_image_names(fleet, diag);
	for (guint i = 0; i < fleet->services->len; i++) {
		const SmithService *service = fleet->services->pdata[i];
		if (service->image == NULL)
			continue;
		lint_upstream(service, diag);
		lint_with_app(service, diag);
	}
	for (guint i = 0; i < fleet->groups->len; i++) {
		const SmithGroup *group = fleet->groups->pdata[i];
		if (group->mode == SMITH_GROUP_SUPERVISED && group->family != NULL)
			lint_supervised(fleet, group, diag);
	}
}
