/* SPDX-License-Identifier: Apache-2.0 */
#include "lint/lint-taken.h"

#include <string.h>

#include "lint/rule.h"

/* Who has a name: "service 'Web'", "directory '/data' of service 'Web'". */
typedef struct {
	const char *what;
	const char *name;
	const char *of; /* a service, or NULL */
} Owner;

/* One host. */
typedef struct {
	const SmithFleet *fleet;
	const SmithHost *host;
	GHashTable *podman; /* name -> Owner* */
	GHashTable *units;
	SmithDiag *diag;
} Names;

static void names_free(gpointer data)
{
	Names *names = data;
	g_hash_table_unref(names->podman);
	g_hash_table_unref(names->units);
	g_free(names);
}

static char *describe(const Owner *owner)
{
	return owner->of == NULL ? g_strdup_printf("%s '%s'", owner->what, owner->name)
				 : g_strdup_printf("%s '%s' of service '%s'", owner->what,
						   owner->name, owner->of);
}

static bool is_same(const Owner *a, const Owner *b)
{
	return strcmp(a->what, b->what) == 0 && strcmp(a->name, b->name) == 0 && a->of == b->of;
}

/* False when another has it, which is told. */
static bool claim(const Names *names, GHashTable *space, const char *name, Owner owner,
		  SmithPlace place)
{
	const Owner *other = g_hash_table_lookup(space, name);
	if (other == NULL) {
		g_hash_table_insert(space, g_strdup(name), g_memdup2(&owner, sizeof owner));
		return true;
	}
	if (is_same(other, &owner))
		return true;
	g_autofree char *first = describe(other);
	g_autofree char *second = describe(&owner);
	smith_lint_report(names->diag, "same-name", place, owner.name,
			  "%s and %s would both be '%s' on host '%s'", first, second, name,
			  names->host->name);
	return false;
}

static void claim_unit(const Names *names, const char *slug, const char *suffix, Owner owner,
		       SmithPlace place)
{
	g_autofree char *unit = g_strconcat(slug, suffix, NULL);
	claim(names, names->units, unit, owner, place);
}

/* A clash is told once. */
static void claim_container(const Names *names, const char *slug, Owner owner, SmithPlace place)
{
	if (claim(names, names->podman, slug, owner, place))
		claim(names, names->units, slug, owner, place);
}

static void claim_pod(const Names *names, const SmithGroup *group)
{
	const Owner pod = {"the pod of group", group->name, NULL};
	g_autofree char *infra = g_strconcat(group->slug, "-infra", NULL);
	claim(names, names->podman, group->slug, (Owner){"group", group->name, NULL}, group->place);
	claim(names, names->podman, infra, pod, group->place);
	claim_unit(names, group->slug, "-pod", pod, group->place);
}

static void claim_volumes(const Names *names, const SmithService *service)
{
	for (guint i = 0; i < service->volumes->len; i++) {
		const SmithMount *mount = service->volumes->pdata[i];
		const SmithVolume *volume = smith_fleet_volume(names->fleet, mount->volume);
		if (volume == NULL || volume->path != NULL)
			continue;
		g_autofree char *slug = smith_slug(volume->name);
		claim_unit(names, slug, "-volume", (Owner){"volume", volume->name, NULL},
			   volume->place);
	}
}

static void claim_directories(const Names *names, const SmithService *service)
{
	for (char **path = service->writable; *path != NULL; path++) {
		g_autofree char *directory = smith_slug(*path);
		g_autofree char *name = g_strconcat(service->slug, "-", directory, NULL);
		claim_unit(names, name, "-volume", (Owner){"directory", *path, service->name},
			   service->place);
	}
}

static void claim_network(const Names *names, const SmithGroup *group)
{
	const SmithNetwork *network = smith_group_network(names->fleet, group);
	if (network == NULL || group->mode == SMITH_GROUP_HOST)
		return;
	g_autofree char *slug = smith_slug(network->name);
	claim_unit(names, slug, "-network", (Owner){"network", network->name, NULL},
		   network->place);
}

static void claim_group(const Names *names, const SmithGroup *group)
{
	bool is_supervised = group->mode == SMITH_GROUP_SUPERVISED;
	if (group->mode == SMITH_GROUP_POD)
		claim_pod(names, group);
	if (is_supervised)
		claim_container(names, group->slug, (Owner){"group", group->name, NULL},
				group->place);
	claim_network(names, group);
	for (char **name = group->services; *name != NULL; name++) {
		const SmithService *neutral = smith_fleet_service(names->fleet, *name);
		const SmithService *service =
			neutral != NULL ? smith_service_on(neutral, names->host) : NULL;
		if (service == NULL || !service->enabled)
			continue;
		claim_volumes(names, service);
		/* a service in two groups of a host, which is another finding, is its first one's
		 */
		if (is_supervised || smith_service_group(neutral, names->host) != group)
			continue;
		claim_container(names, service->slug, (Owner){"service", service->name, NULL},
				group->place);
		claim_directories(names, service);
	}
}

static Names *names_of(GHashTable *hosts, const SmithFleet *fleet, const SmithHost *host,
		       SmithDiag *diag)
{
	Names *names = g_hash_table_lookup(hosts, host);
	if (names != NULL)
		return names;
	names = g_new0(Names, 1);
	names->fleet = fleet;
	names->host = host;
	names->podman = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	names->units = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	names->diag = diag;
	g_hash_table_insert(hosts, (gpointer)host, names);
	return names;
}

void smith_lint_taken(const SmithFleet *fleet, SmithDiag *diag)
{
	g_autoptr(GHashTable) hosts = g_hash_table_new_full(NULL, NULL, NULL, names_free);
	for (guint i = 0; i < fleet->groups->len; i++) {
		const SmithGroup *group = fleet->groups->pdata[i];
		const SmithHost *host = smith_fleet_host(fleet, group->host);
		if (host != NULL)
			claim_group(names_of(hosts, fleet, host, diag), group);
	}
	/* the directories of members are the container's, and each is once there */
	for (guint i = 0; i < fleet->supervisors->len; i++) {
		const SmithService *service = fleet->supervisors->pdata[i];
		const SmithHost *host = smith_fleet_host(fleet, service->supervises->host);
		if (host != NULL)
			claim_directories(names_of(hosts, fleet, host, diag), service);
	}
}
