/* SPDX-License-Identifier: Apache-2.0 */
#include "lint/lint-host.h"

#include <string.h>

#include "lint/hint.h"
#include "lint/lint-service.h"
#include "lint/rule.h"

/* Units of a pod are what quadlet of this version has learned. */
/* keep-id with the numbers that it is inside */
#define PODMAN_MAJOR 4
#define PODMAN_MINOR 3

static bool is_version(const char *text)
{
	return g_regex_match_simple("^[0-9]{1,2}(\\.[0-9]{1,2}){0,2}$", text,
				    G_REGEX_DOLLAR_ENDONLY, 0);
}

static bool is_older(const char *version)
{
	char *end = NULL;
	guint64 major = g_ascii_strtoull(version, &end, 10);
	guint64 minor = *end == '.' ? g_ascii_strtoull(end + 1, NULL, 10) : 0;
	return major < PODMAN_MAJOR || (major == PODMAN_MAJOR && minor < PODMAN_MINOR);
}

static void lint_podman(const SmithHost *host, SmithDiag *diag)
{
	if (host->podman == NULL)
		return;
	if (!is_version(host->podman))
		smith_lint_report(diag, "bad-value", host->place, host->name,
				  "podman '%s' of host '%s' is no version", host->podman,
				  host->name);
	else if (is_older(host->podman))
		smith_lint_report(diag, "podman-too-old", host->place, host->name,
				  "podman %s of host '%s' cannot map its user to another one: "
				  "%d.%d is the first that can",
				  host->podman, host->name, PODMAN_MAJOR, PODMAN_MINOR);
}

/* It would never be looked at. */
static void lint_offset(GHashTable *variables, const SmithNode *map, SmithPlace place,
			const char *what, const char *who, SmithDiag *diag)
{
	static const char name[] = "PORT_OFFSET";
	if (!g_hash_table_contains(variables, name))
		return;
	const SmithNode *value = smith_node_get(map, name);
	smith_lint_report(diag, "bad-name", value != NULL ? value->place : place, who,
			  "'%s' cannot be %s '%s': it stands for the host's 'port_offset'", name,
			  what, who);
}

static void lint_variables(const SmithFleet *fleet, SmithDiag *diag)
{
	lint_offset(fleet->variables, smith_node_get(fleet->document, "variables"), fleet->place,
		    "one of", "variables", diag);
	lint_offset(fleet->features, smith_node_get(fleet->document, "features"), fleet->place,
		    "one of", "features", diag);
	for (guint i = 0; i < fleet->hosts->len; i++) {
		const SmithHost *host = fleet->hosts->pdata[i];
		lint_offset(host->variables, NULL, host->place, "a variable of host", host->name,
			    diag);
	}
}

static void lint_host(const SmithHost *host, SmithDiag *diag)
{
	if (!smith_lint_name_is_legal(host->name))
		smith_lint_report(diag, "bad-name", host->place, host->name,
				  "host name '%s' must be letters, digits, '-', '_' and '.', and "
				  "begin with a letter or digit",
				  host->name);
	lint_podman(host, diag);
	smith_lint_env(host->env, host->place, host->name, diag);
}

static void lint_group(const SmithFleet *fleet, const SmithGroup *group, SmithDiag *diag)
{
	gsize length = strlen(group->slug);
	if (length == 0 || length > SMITH_LINT_NAME_MAX)
		smith_lint_report(diag, "bad-name", group->place, group->name,
				  "group name '%s' must have from 1 to %d letters and digits",
				  group->name, SMITH_LINT_NAME_MAX);
	if (group->host == NULL || smith_fleet_host(fleet, group->host) != NULL)
		return;
	g_autofree char *hint = smith_lint_hint(group->host, fleet->hosts, diag);
	smith_lint_report(diag, "unknown-host", group->host_place, group->name,
			  "no host '%s' for group '%s'%s", group->host, group->name, hint);
}

void smith_lint_hosts(const SmithFleet *fleet, SmithDiag *diag)
{
	for (guint i = 0; i < fleet->groups->len; i++)
		lint_group(fleet, fleet->groups->pdata[i], diag);
	for (guint i = 0; i < fleet->hosts->len; i++)
		lint_host(fleet->hosts->pdata[i], diag);
	lint_variables(fleet, diag);
}
