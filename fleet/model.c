/* SPDX-License-Identifier: Apache-2.0 */
#include "fleet/model.h"

#include <string.h>

#include "seccomp/profile.h"

static gpointer find(const SmithFleet *fleet, int kind, const char *name)
{
	return name != NULL ? g_hash_table_lookup(fleet->index[kind], name) : NULL;
}

SmithFamily *smith_fleet_family(const SmithFleet *fleet, const char *name)
{
	return find(fleet, SMITH_KIND_FAMILY, name);
}

SmithService *smith_fleet_service(const SmithFleet *fleet, const char *name)
{
	return find(fleet, SMITH_KIND_SERVICE, name);
}

SmithGroup *smith_fleet_group(const SmithFleet *fleet, const char *name)
{
	return find(fleet, SMITH_KIND_GROUP, name);
}

SmithHost *smith_fleet_host(const SmithFleet *fleet, const char *name)
{
	return find(fleet, SMITH_KIND_HOST, name);
}

SmithNetwork *smith_fleet_network(const SmithFleet *fleet, const char *name)
{
	return find(fleet, SMITH_KIND_NETWORK, name);
}

SmithVolume *smith_fleet_volume(const SmithFleet *fleet, const char *name)
{
	return find(fleet, SMITH_KIND_VOLUME, name);
}

SmithSecret *smith_fleet_secret(const SmithFleet *fleet, const char *name)
{
	return find(fleet, SMITH_KIND_SECRET, name);
}

const SmithService *smith_service_on(const SmithService *service, const SmithHost *host)
{
	for (guint i = 0; host != NULL && i < service->variants->len; i++) {
		const SmithVariant *variant = service->variants->pdata[i];
		if (strcmp(variant->host, host->name) == 0)
			return variant->service;
	}
	return service;
}

/* What has more entries was written by nobody, and each may be a finding. */
#define PLACES_MAX 256

static const SmithNode *inner_of(const SmithNode *value, const char *member)
{
	guint length = MIN(smith_node_length(value), PLACES_MAX);
	for (guint i = 0; i < length; i++) {
		bool is_map = value->type == SMITH_NODE_MAP;
		const SmithNodeMember *entry = is_map ? value->members->pdata[i] : NULL;
		const SmithNode *node = is_map ? entry->value : value->items->pdata[i];
		if (g_strcmp0(is_map ? entry->key : node->text, member) == 0)
			return node;
	}
	return NULL;
}

SmithPlace smith_service_place(const SmithService *service, const char *key, const char *member)
{
	const SmithNode *value = smith_node_get(service->node, key);
	if (value == NULL)
		return service->place;
	const SmithNode *inner = member != NULL ? inner_of(value, member) : NULL;
	return inner != NULL ? inner->place : value->place;
}

SmithPort *smith_service_port(const SmithService *service, const char *name)
{
	for (guint i = 0; i < service->ports->len; i++) {
		SmithPort *port = service->ports->pdata[i];
		if (g_strcmp0(port->name, name) == 0)
			return port;
	}
	return NULL;
}

SmithGroup *smith_service_group(const SmithService *service, const SmithHost *host)
{
	for (guint i = 0; i < service->groups->len; i++) {
		SmithGroup *group = service->groups->pdata[i];
		if (g_strcmp0(group->host, host->name) == 0)
			return group;
	}
	return NULL;
}

const char *smith_app_entry(const SmithApp *app)
{
	return app->form == SMITH_APP_SCRIPT   ? app->script
	       : app->form == SMITH_APP_MODULE ? app->module
	       : app->form == SMITH_APP_ASGI   ? app->asgi
					       : NULL;
}

SmithService *smith_group_supervisor(const SmithFleet *fleet, const SmithGroup *group)
{
	for (guint i = 0; i < fleet->supervisors->len; i++) {
		SmithService *service = fleet->supervisors->pdata[i];
		if (service->supervises == group)
			return service;
	}
	return NULL;
}

SmithNetwork *smith_group_network(const SmithFleet *fleet, const SmithGroup *group)
{
	const SmithHost *host = smith_fleet_host(fleet, group->host);
	const char *name = group->network != NULL ? group->network
			   : host != NULL	  ? host->network
						  : NULL;
	return smith_fleet_network(fleet, name);
}

SmithSite smith_service_site(const SmithService *service, const SmithGroup *group)
{
	SmithSite usual = group->mode == SMITH_GROUP_HOST ? SMITH_SITE_HOST : SMITH_SITE_GROUP;
	if (group->mode == SMITH_GROUP_SUPERVISED || service == NULL || service->in_pod)
		return usual;
	if (service->network == NULL)
		return group->mode == SMITH_GROUP_HOST ? SMITH_SITE_HOST : SMITH_SITE_OWN;
	return strcmp(service->network, "host") == 0   ? SMITH_SITE_HOST
	       : strcmp(service->network, "none") == 0 ? SMITH_SITE_NONE
						       : SMITH_SITE_OWN;
}

const SmithNetwork *smith_service_network(const SmithFleet *fleet, const SmithService *service,
					  const SmithGroup *group, guint index, const char **ip)
{
	SmithSite site = smith_service_site(service, group);
	*ip = NULL;
	if (site == SMITH_SITE_HOST || site == SMITH_SITE_NONE)
		return NULL;
	if (site == SMITH_SITE_OWN && service->network != NULL)
		return index == 0 ? smith_fleet_network(fleet, service->network) : NULL;
	if (index >= group->networks->len)
		return NULL;
	const SmithOnNetwork *on = group->networks->pdata[index];
	const SmithHost *host = smith_fleet_host(fleet, group->host);
	const char *name = on->name == NULL && host != NULL ? host->network : on->name;
	if (site == SMITH_SITE_GROUP)
		*ip = on->ip;
	return smith_fleet_network(fleet, name);
}

const char *smith_service_reason(const SmithService *service, const char *key)
{
	const char *reason = g_hash_table_lookup(service->loosen, key);
	return reason != NULL && reason[strspn(reason, " ")] != '\0' ? reason : NULL;
}

bool smith_service_is_root(const SmithService *service)
{
	const char *user = service->user;
	gsize length = user != NULL ? strcspn(user, ":") : 0;
	return length > 0 && (strspn(user, "0") == length ||
			      (length == strlen("root") && strncmp(user, "root", length) == 0));
}

const char *smith_service_seccomp(const SmithFleet *fleet, const SmithService *service)
{
	if (service->seccomp != NULL || service->image != NULL)
		return service->seccomp;
	return smith_family_seccomp(fleet, service->family);
}

const char *smith_family_seccomp(const SmithFleet *fleet, const char *name)
{
	const SmithFamily *family = smith_fleet_family(fleet, name);
	/* a chain that is a circle ends as well */
	for (guint i = 0; family != NULL && i < fleet->families->len; i++) {
		if (family->seccomp != NULL)
			return family->seccomp;
		family = smith_fleet_family(fleet, family->from);
	}
	return SMITH_PROFILE_DEFAULT;
}

gint64 smith_port_bound(const SmithPort *port, const SmithService *service, const SmithGroup *group,
			const SmithHost *host)
{
	bool is_host = smith_service_site(service, group) == SMITH_SITE_HOST;
	bool moves = is_host && port->offset && !port->fixed;
	return port->number + (moves ? host->port_offset : 0);
}

gint64 smith_port_published(const SmithPort *port, const SmithHost *host)
{
	return port->number + (port->offset ? host->port_offset : 0);
}

GPtrArray *smith_fleet_chain(const SmithFleet *fleet, const char *name, const char **base)
{
	GPtrArray *chain = g_ptr_array_new();
	*base = NULL;
	for (SmithFamily *family = smith_fleet_family(fleet, name); family != NULL;) {
		g_assert(chain->len <= fleet->families->len);
		g_ptr_array_insert(chain, 0, family);
		*base = family->from;
		family = smith_fleet_family(fleet, family->from);
	}
	return chain;
}

const char *smith_fleet_bytecode(const SmithFleet *fleet, const char *name)
{
	const char *base = NULL;
	g_autoptr(GPtrArray) chain = smith_fleet_chain(fleet, name, &base);
	for (guint i = chain->len; i-- > 0;) {
		const SmithFamily *family = chain->pdata[i];
		if (family->bytecode != NULL)
			return family->bytecode;
	}
	return fleet->bytecode;
}

const char *smith_fleet_smoke(const SmithFleet *fleet, const char *name)
{
	const char *base = NULL;
	g_autoptr(GPtrArray) chain = smith_fleet_chain(fleet, name, &base);
	for (guint i = chain->len; i-- > 0;) {
		const SmithFamily *family = chain->pdata[i];
		if (family->smoke != NULL)
			return family->smoke;
	}
	return NULL;
}

const char *smith_fleet_installer(const SmithFleet *fleet, const char *name,
				  const SmithService *service)
{
	const char *base = NULL;
	if (service != NULL && service->installer != NULL)
		return service->installer;
	g_autoptr(GPtrArray) chain = smith_fleet_chain(fleet, name, &base);
	for (guint i = chain->len; i-- > 0;) {
		const SmithFamily *family = chain->pdata[i];
		if (family->installer != NULL)
			return family->installer;
	}
	return SMITH_INSTALLER_WHEELS;
}

const SmithBootstrap *smith_fleet_bootstrap(const SmithFleet *fleet, const char *name)
{
	const char *base = NULL;
	g_autoptr(GPtrArray) chain = smith_fleet_chain(fleet, name, &base);
	return chain->len > 0 ? ((SmithFamily *)chain->pdata[0])->bootstrap : NULL;
}

const char *smith_fleet_base(const SmithFleet *fleet, const char *name)
{
	const char *base = NULL;
	g_ptr_array_unref(smith_fleet_chain(fleet, name, &base));
	return base;
}

static int compare_hosts(gconstpointer a, gconstpointer b)
{
	const SmithHost *const *x = a, *const *y = b;
	return ((*x)->index > (*y)->index) - ((*x)->index < (*y)->index);
}

/* By the service's groups: a large fleet has many hosts, a service few. */
GPtrArray *smith_fleet_hosts_of(const SmithFleet *fleet, const SmithService *service)
{
	g_autoptr(GPtrArray) all = g_ptr_array_new();
	GPtrArray *hosts = g_ptr_array_new();
	for (guint i = 0; i < service->groups->len; i++) {
		const SmithGroup *group = service->groups->pdata[i];
		SmithHost *host = smith_fleet_host(fleet, group->host);
		if (host != NULL)
			g_ptr_array_add(all, host);
	}
	g_ptr_array_sort(all, compare_hosts);
	for (guint i = 0; i < all->len; i++)
		if (i == 0 || all->pdata[i] != all->pdata[i - 1])
			g_ptr_array_add(hosts, all->pdata[i]);
	return hosts;
}

/* A word begins at an upper-case letter after a lower-case one or digit ("WebAgent"), and at the
 * last capital of a run before a lower-case letter ("TTSService"). */
static bool word_begins(const char *name, gsize i)
{
	if (i == 0 || !g_ascii_isupper(name[i]))
		return false;
	if (g_ascii_islower(name[i - 1]) || g_ascii_isdigit(name[i - 1]))
		return true;
	return g_ascii_isupper(name[i - 1]) && g_ascii_islower(name[i + 1]);
}

char *smith_slug(const char *name)
{
	GString *slug = g_string_new(NULL);
	for (gsize i = 0; name[i] != '\0'; i++) {
		bool legal = g_ascii_isalnum(name[i]);
		if ((!legal || word_begins(name, i)) && slug->len > 0 &&
		    slug->str[slug->len - 1] != '-')
			g_string_append_c(slug, '-');
		if (legal)
			g_string_append_c(slug, g_ascii_tolower(name[i]));
	}
	if (slug->len > 0 && slug->str[slug->len - 1] == '-')
		g_string_truncate(slug, slug->len - 1);
	return g_string_free(slug, FALSE);
}

static bool same_map(GHashTable *a, GHashTable *b)
{
	if (g_hash_table_size(a) != g_hash_table_size(b))
		return false;
	GHashTableIter iter;
	gpointer key, value;
	g_hash_table_iter_init(&iter, a);
	while (g_hash_table_iter_next(&iter, &key, &value))
		if (g_strcmp0(g_hash_table_lookup(b, key), value) != 0)
			return false;
	return true;
}

bool smith_fleet_image_is_own(const SmithFleet *fleet, const SmithService *service)
{
	g_autoptr(GPtrArray) hosts = smith_fleet_hosts_of(fleet, service);
	for (guint i = 1; i < hosts->len; i++) {
		const SmithHost *first = hosts->pdata[0], *other = hosts->pdata[i];
		if (!same_map(first->machine, other->machine))
			return true;
	}
	return false;
}

char *smith_fleet_image_name(const SmithFleet *fleet, const SmithService *service,
			     const SmithHost *host)
{
	g_autofree char *suffix = NULL;
	if (host != NULL && smith_fleet_image_is_own(fleet, service)) {
		g_autofree char *slug = smith_slug(host->name);
		suffix = g_strconcat("-", slug, NULL);
	}
	return g_strconcat(fleet->registry, "/", service->slug, suffix ? suffix : "", ":",
			   fleet->tag, NULL);
}

char *smith_fleet_family_image_name(const SmithFleet *fleet, const char *family)
{
	return g_strconcat(fleet->registry, "/", family, ":", fleet->tag, NULL);
}
