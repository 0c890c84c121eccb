/* SPDX-License-Identifier: Apache-2.0 */
#include "lint/checks.h"

#include <string.h>

#include "lint/hint.h"
#include "lint/rule.h"

#define APP "/app"
#define USER_PATTERN "^[A-Za-z0-9_][A-Za-z0-9_.-]{0,62}(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,62})?$"
#define SOCKET "docker.sock"

/* A path in the container that something is laid over. */
typedef struct {
	const char *path;
	const char *kind; /* "volume" */
} Target;

bool smith_lint_is_below(const char *path, const char *directory)
{
	gsize length = strlen(directory);
	while (length > 0 && directory[length - 1] == '/')
		length--;
	return strncmp(path, directory, length) == 0 &&
	       (path[length] == '/' || path[length] == '\0');
}

const SmithService *smith_lint_form(const SmithService *service, guint index)
{
	if (index == 0)
		return service;
	if (index > service->variants->len)
		return NULL;
	return ((SmithVariant *)service->variants->pdata[index - 1])->service;
}

/* What a line of a unit can say: options are behind a colon. */
static bool is_legal_path(const char *path)
{
	bool legal = *path == '/' && strpbrk(path, ":,\\") == NULL;
	for (const char *p = path; *p != '\0'; p++)
		legal = legal && !g_ascii_iscntrl(*p);
	return legal;
}

static void lint_path(const SmithService *service, const char *path, const char *rule,
		      const char *kind, GArray *targets, SmithDiag *diag)
{
	if (is_legal_path(path)) {
		g_array_append_val(targets, ((Target){path, kind}));
		return;
	}
	smith_lint_report(diag, rule, smith_service_place(service, kind, path), service->name,
			  "%s '%s' of service '%s' must be an absolute path without ':', ',' and "
			  "'\\'",
			  kind, path, service->name);
}

static void lint_mount(const SmithFleet *fleet, const SmithService *service,
		       const SmithMount *mount, GArray *targets, SmithDiag *diag)
{
	const SmithVolume *volume = smith_fleet_volume(fleet, mount->volume);
	if (volume == NULL && *mount->volume != '/') {
		g_autofree char *hint = smith_lint_hint(mount->volume, fleet->volumes, diag);
		smith_lint_report(diag, "unknown-volume", mount->place, service->name,
				  "no volume '%s' for service '%s'%s", mount->volume, service->name,
				  hint);
	}
	if (volume == NULL && g_str_has_suffix(mount->volume, SOCKET))
		smith_lint_report(diag, "docker-socket-mount", mount->place, service->name,
				  "'%s' of service '%s' is docker's: podman's socket is "
				  "'/run/user/UID/podman/podman.sock'",
				  mount->volume, service->name);
	if (mount->target == NULL && volume != NULL)
		smith_lint_report(diag, "mount-target", mount->place, service->name,
				  "volume '%s' of service '%s' has no target: neither of them "
				  "says one",
				  mount->volume, service->name);
	else if (mount->target == NULL && *mount->volume == '/')
		smith_lint_report(diag, "mount-target", mount->place, service->name,
				  "directory '%s' of service '%s' has no target", mount->volume,
				  service->name);
	else if (mount->target != NULL)
		lint_path(service, mount->target, "mount-target", "volume", targets, diag);
}

static int compare_targets(gconstpointer a, gconstpointer b)
{
	const Target *x = a, *y = b;
	int order = strcmp(x->path, y->path);
	return order != 0 ? order : strcmp(x->kind, y->kind);
}

/* Sorted, what covers a path comes before it, and after what covers both. */
static void lint_targets(const SmithService *service, GArray *targets, SmithDiag *diag)
{
	g_autoptr(GPtrArray) open = g_ptr_array_new();
	g_array_sort(targets, compare_targets);
	for (guint i = 0; i < targets->len; i++) {
		const Target *target = &g_array_index(targets, Target, i), *outer = NULL;
		SmithPlace place = smith_service_place(
			service, strcmp(target->kind, "volume") == 0 ? "volumes" : target->kind,
			target->path);
		for (; open->len > 0 && outer == NULL;) {
			const Target *last = open->pdata[open->len - 1];
			if (smith_lint_is_below(target->path, last->path))
				outer = last;
			else
				g_ptr_array_remove_index(open, open->len - 1);
		}
		if (outer != NULL && strcmp(outer->path, target->path) == 0)
			smith_lint_report(diag, "mount-target", place, service->name,
					  "%s and %s of service '%s' both are at '%s'", outer->kind,
					  target->kind, service->name, target->path);
		else if (outer != NULL && strcmp(outer->kind, "tmpfs") == 0)
			smith_lint_report(diag, "mount-overlap", place, service->name,
					  "%s '%s' of service '%s' is below tmpfs '%s'",
					  target->kind, target->path, service->name, outer->path);
		else if (outer != NULL)
			smith_lint_report(diag, "mount-overlap", place, service->name,
					  "%s '%s' of service '%s' is inside of %s '%s'",
					  target->kind, target->path, service->name, outer->kind,
					  outer->path);
		if (outer == NULL && service->image == NULL &&
		    (strcmp(target->path, "/") == 0 || smith_lint_is_below(APP, target->path)))
			smith_lint_report(diag, "mount-overlap", place, service->name,
					  "%s '%s' of service '%s' hides the program in '" APP "'",
					  target->kind, target->path, service->name);
		g_ptr_array_add(open, (gpointer)target);
	}
}

static void lint_secrets(const SmithFleet *fleet, const SmithService *service, SmithDiag *diag)
{
	for (char **name = service->secrets; *name != NULL; name++) {
		if (smith_fleet_secret(fleet, *name) != NULL)
			continue;
		g_autofree char *hint = smith_lint_hint(*name, fleet->secrets, diag);
		smith_lint_report(diag, "unknown-secret",
				  smith_service_place(service, "secrets", *name), service->name,
				  "no secret '%s' for service '%s'%s", *name, service->name, hint);
	}
}

static void lint_user(const SmithService *service, SmithDiag *diag)
{
	const char *user = service->user;
	if (user == NULL)
		return;
	SmithPlace place = smith_service_place(service, "user", NULL);
	if (!g_regex_match_simple(USER_PATTERN, user, G_REGEX_DOLLAR_ENDONLY, 0)) {
		smith_lint_report(diag, "bad-value", place, service->name,
				  "user '%s' of service '%s' must be 'UID[:GID]'", user,
				  service->name);
		return;
	}
	if (smith_service_is_root(service) && smith_service_reason(service, "user") == NULL)
		smith_lint_report(diag, "user-root", place, service->name,
				  "service '%s' runs as root in its container", service->name);
}

static void lint_form(const SmithFleet *fleet, const SmithService *service, SmithDiag *diag)
{
	g_autoptr(GArray) targets = g_array_new(FALSE, FALSE, sizeof(Target));
	for (guint i = 0; i < service->volumes->len; i++)
		lint_mount(fleet, service, service->volumes->pdata[i], targets, diag);
	for (char **path = service->writable; *path != NULL; path++)
		lint_path(service, *path, "mount-target", "writable", targets, diag);
	for (char **path = service->tmpfs; *path != NULL; path++)
		lint_path(service, *path, "tmpfs-path", "tmpfs", targets, diag);
	if (targets->len > 0)
		lint_targets(service, targets, diag);
	lint_secrets(fleet, service, diag);
	lint_user(service, diag);
}

void smith_lint_mounts(const SmithFleet *fleet, SmithDiag *diag)
{
	for (guint i = 0; i < fleet->services->len; i++) {
		const SmithService *service = fleet->services->pdata[i], *form = service;
		for (guint j = 0; form != NULL; form = smith_lint_form(service, ++j))
			lint_form(fleet, form, diag);
	}
}
