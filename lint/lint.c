/* SPDX-License-Identifier: Apache-2.0 */
#include "lint/lint.h"

#include <string.h>

#include "base/entry.h"
#include "base/error.h"
#include "fleet/environment.h"
#include "layers/layer.h"
#include "lint/checks.h"
#include "lint/lint-group.h"
#include "lint/lint-host.h"
#include "lint/lint-need.h"
#include "lint/lint-port.h"
#include "lint/lint-script.h"
#include "lint/lint-service.h"
#include "lint/lint-taken.h"
#include "lint/rule.h"
#include "oci/ref.h"
#include "oci/spec.h"

#define NAME_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_."

/* To compare with more names costs more than the hint is worth, in a fleet full of findings. */
#define SUGGEST_MAX 1000

char *smith_lint_suggest(const char *word, const GPtrArray *named)
{
	if (named->len > SUGGEST_MAX)
		return g_strdup("");
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

static void lint_services(const SmithFleet *fleet, SmithDiag *diag)
{
	for (guint i = 0; i < fleet->services->len; i++)
		smith_lint_service(fleet->services->pdata[i], diag);
}

static void lint_platform(const SmithFleet *fleet, SmithDiag *diag)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(SmithPlatform) platform =
		fleet->platform != NULL ? smith_platform_parse(fleet->platform, &error) : NULL;
	if (error != NULL)
		smith_lint_report(diag, "bad-value", fleet->place, NULL, "%s", error->message);
	else if (platform != NULL && strcmp(platform->os, "linux") != 0)
		smith_lint_report(diag, "bad-value", fleet->place, NULL,
				  "platform '%s' is not one of Linux", fleet->platform);
}

static void lint_wheels(const SmithFleet *fleet, SmithDiag *diag)
{
	const char *index = fleet->wheels->index;
	if (index != NULL && !g_str_has_prefix(index, "https://") &&
	    !g_str_has_prefix(index, "http://") && !g_str_has_prefix(index, "file:///"))
		smith_lint_report(diag, "bad-value", fleet->place, NULL,
				  "index '%s' must be an https:, http: or file: URL", index);
}

static void lint_settings(const SmithFleet *fleet, SmithDiag *diag)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *name = g_strconcat(fleet->registry, "/x:", fleet->tag, NULL);
	if (!smith_ref_check_name(name, &error))
		smith_lint_report(diag, "bad-reference", fleet->place, NULL,
				  "registry '%s' and tag '%s' make no legal image name: %s",
				  fleet->registry, fleet->tag, error->message);
	g_clear_error(&error);
	SmithCompression compression;
	if (!smith_compression_from_name(fleet->compression, &compression, &error))
		smith_lint_report(diag, "bad-value", fleet->place, NULL, "%s", error->message);
	g_clear_error(&error);
	g_autofree char *prefix = smith_entry_path_normalize(fleet->prefix, &error);
	if (prefix == NULL || strcmp(prefix, ".") == 0 ||
	    prefix[strspn(prefix, NAME_CHARACTERS "/")] != '\0')
		smith_lint_report(diag, "bad-value", fleet->place, NULL,
				  "prefix '%s' is no path for a venv: letters, digits, '-', '_', "
				  "'.' and '/'",
				  fleet->prefix);
}

void smith_lint_fleet(const SmithFleet *fleet, SmithDiag *diag)
{
	lint_settings(fleet, diag);
	lint_platform(fleet, diag);
	lint_wheels(fleet, diag);
	smith_lint_families(fleet, diag);
	smith_lint_spellings(fleet, diag);
	lint_services(fleet, diag);
	smith_lint_probe(fleet, diag);
	smith_lint_images(fleet, diag);
	smith_lint_mounts(fleet, diag);
	smith_lint_confinement(fleet, diag);
	smith_lint_profile_names(fleet, diag);
	smith_lint_networks(fleet, diag);
	smith_lint_gpus(fleet, diag);
	smith_lint_values(fleet, diag);
	smith_lint_ports(fleet, diag);
	smith_lint_needs(fleet, NULL, NULL, diag);
	smith_lint_groups(fleet, diag);
	smith_lint_taken(fleet, diag);
	smith_environment_check(fleet, diag);
	smith_lint_hosts(fleet, diag);
	smith_diag_sort(diag);
}

void smith_lint_sources(const SmithFleet *fleet, const SmithLock *lock, SmithDiag *diag)
{
	g_autoptr(SmithSourceTree) tree = smith_source_tree_new(fleet->fd);
	smith_lint_scripts(fleet, tree, diag);
	smith_lint_context(fleet, diag);
	smith_lint_profiles(fleet, diag);
	g_autoptr(SmithPips) pips = smith_pips_new(fleet, diag);
	smith_lint_requirements(fleet, lock, pips, diag);
	smith_lint_imports(fleet, lock, pips, diag);
	smith_diag_sort(diag);
}
