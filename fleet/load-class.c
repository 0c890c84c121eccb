/* SPDX-License-Identifier: Apache-2.0 */
#include "fleet/load-class.h"

#include <string.h>

#include "fleet/expr.h"
#include "fleet/load-service.h"
#include "fleet/tables.h"

static bool is_merged(const char *key)
{
	static const char *const keys[] = {"env",   "labels",	      "loosen",
					   "ports", "implicit_ports", NULL};
	return g_strv_contains(keys, key);
}

static guint count_nodes(const SmithNode *node)
{
	guint count = 1;
	for (guint i = 0; node->type == SMITH_NODE_SEQ && i < node->items->len; i++)
		count += count_nodes(node->items->pdata[i]);
	for (guint i = 0; node->type == SMITH_NODE_MAP && i < node->members->len; i++)
		count += count_nodes(((SmithNodeMember *)node->members->pdata[i])->value);
	return count;
}

/* A document is bounded, but not what comes of a large class that many services have. FALSE, and
 * nothing left, when there is no more room. */
static bool spend(guint *room, const SmithNode *node)
{
	guint count = count_nodes(node);
	bool is_enough = count <= *room;
	*room = is_enough ? *room - count : 0;
	return is_enough;
}

/* Members of @from that @into lacks; those of maps like `env` one by one. */
static void lay_under(SmithNode *into, const SmithNode *from)
{
	g_autoptr(GHashTable) own = g_hash_table_new(g_str_hash, g_str_equal);
	for (guint i = 0; i < into->members->len; i++) {
		const SmithNodeMember *member = into->members->pdata[i];
		g_hash_table_insert(own, member->key, member->value);
	}
	for (guint i = 0; i < from->members->len; i++) {
		const SmithNodeMember *member = from->members->pdata[i];
		SmithNode *value = g_hash_table_lookup(own, member->key);
		if (value == NULL)
			smith_node_add(into, member->key, member->place,
				       smith_node_copy(member->value));
		else if (is_merged(member->key) && value->type == SMITH_NODE_MAP &&
			 member->value->type == SMITH_NODE_MAP)
			lay_under(value, member->value);
	}
}

/* Checked once, where it stands, also when nobody uses it. */
static void check_class(const SmithNodeMember *class, SmithDiag *diag)
{
	const SmithNode *node = class->value;
	if (node->type == SMITH_NODE_NULL)
		return;
	SmithService *service = smith_bind_read(&smith_service_table, node, diag);
	smith_bind_free(&smith_service_table, service);
	static const char *const no[] = {"class", "hosts"};
	for (guint i = 0; i < G_N_ELEMENTS(no); i++)
		if (smith_node_get(node, no[i]) != NULL)
			smith_diag_add_about(diag, SMITH_SEVERITY_ERROR,
					     smith_node_get(node, no[i])->place, "unknown-key",
					     class->key, "'%s' cannot be said in class '%s'", no[i],
					     class->key);
}

typedef struct {
	GHashTable *classes; /* name -> SmithNode, borrowed */
	guint room;	     /* values that may yet be copied */
	SmithDiag *diag;
} Classes;

static void apply_class(Classes *classes, const SmithNodeMember *service)
{
	const SmithNode *node = smith_node_get(service->value, "class");
	if (node == NULL || node->type != SMITH_NODE_STRING)
		return;
	const SmithNode *class = g_hash_table_lookup(classes->classes, node->text);
	if (class == NULL)
		smith_diag_add_about(classes->diag, SMITH_SEVERITY_ERROR, node->place,
				     "unknown-class", service->key,
				     "no class '%s' for service '%s'", node->text, service->key);
	else if (class->type == SMITH_NODE_MAP && spend(&classes->room, class))
		lay_under(service->value, class);
	else if (class->type == SMITH_NODE_MAP)
		smith_diag_add_about(classes->diag, SMITH_SEVERITY_ERROR, node->place, "bad-value",
				     service->key,
				     "class '%s' of service '%s' makes the fleet too large: more "
				     "than %d values come from classes",
				     node->text, service->key, SMITH_NODE_MAX_NODES);
}

static const SmithNode *map_or_null(const SmithNode *document, const char *key)
{
	const SmithNode *node = smith_node_get(document, key);
	return node != NULL && node->type == SMITH_NODE_MAP ? node : NULL;
}

void smith_load_apply_classes(SmithNode *document, SmithDiag *diag)
{
	const SmithNode *any = smith_node_get(document, "classes");
	const SmithNode *named = map_or_null(document, "classes");
	const SmithNode *services = map_or_null(document, "services");
	g_autoptr(GHashTable) index = g_hash_table_new(g_str_hash, g_str_equal);
	Classes classes = {index, SMITH_NODE_MAX_NODES, diag};
	if (named == NULL && any != NULL && any->type != SMITH_NODE_NULL)
		smith_diag_add(diag, SMITH_SEVERITY_ERROR, any->place, "wrong-type",
			       "'classes' in fleet must be a map, got %s",
			       smith_node_type_name(any->type));
	for (guint i = 0; i < smith_node_length(named); i++) {
		const SmithNodeMember *class = named->members->pdata[i];
		check_class(class, diag);
		g_hash_table_insert(index, class->key, class->value);
	}
	for (guint i = 0; i < smith_node_length(services); i++)
		apply_class(&classes, services->members->pdata[i]);
}

static void check_override(const SmithNode *map, const SmithService *service, SmithDiag *diag)
{
	static const char *const no[] = {"class",     "family", "app",	"pip",
					 "installer", "image",	"hosts"};
	for (guint i = 0; i < G_N_ELEMENTS(no); i++) {
		const SmithNode *node = smith_node_get(map, no[i]);
		if (node != NULL)
			smith_diag_add_about(
				diag, SMITH_SEVERITY_ERROR, node->place, "unknown-key",
				service->name,
				"'%s' of service '%s' is the same on all hosts: it goes "
				"into the image",
				no[i], service->name);
	}
}

typedef struct {
	const SmithFleet *fleet;
	SmithService *service;
	const SmithNode *node;
	guint *room;
	SmithDiag *diag;
} Variants;

static void add_variant(const Variants *to, const SmithNode *override, const SmithHost *host)
{
	const SmithNode *node = to->node;
	SmithService *service = to->service;
	if (!spend(to->room, node)) {
		smith_diag_add_about(to->diag, SMITH_SEVERITY_ERROR, service->place, "bad-value",
				     service->name,
				     "service '%s' on host '%s' makes the fleet too large: more "
				     "than %d values in what services are on their hosts",
				     service->name, host->name, SMITH_NODE_MAX_NODES);
		return;
	}
	g_autoptr(SmithNode) merged =
		override != NULL ? smith_node_copy(override) : smith_node_new(SMITH_NODE_MAP);
	merged->place = service->place;
	if (node->type == SMITH_NODE_MAP)
		lay_under(merged, node);
	SmithVariant *variant = g_new0(SmithVariant, 1);
	variant->host = g_strdup(host->name);
	variant->service = smith_bind_read(&smith_service_table, merged, to->diag);
	variant->service->name = g_strdup(service->name);
	variant->service->node = merged;
	smith_load_complete_service(to->fleet, host, variant->service, merged, to->diag);
	variant->node = g_steal_pointer(&merged);
	g_ptr_array_add(service->variants, variant);
}

/* Does an expression of the service use one of the host's own variables? */
static bool uses_variable(const SmithNode *node, const SmithHost *host)
{
	if (node == NULL)
		return false;
	bool found = false;
	if (node->type == SMITH_NODE_STRING && !smith_expr_is_plain(node->text)) {
		g_auto(GStrv) names = smith_expr_names(node->text);
		for (char **name = names; *name != NULL; name++) {
			if (g_str_has_suffix(*name, "?"))
				(*name)[strlen(*name) - 1] = '\0';
			found = found || strchr(*name, '.') != NULL ||
				g_hash_table_contains(host->variables, *name);
		}
	}
	for (guint i = 0; node->type == SMITH_NODE_SEQ && i < node->items->len; i++)
		found = found || uses_variable(node->items->pdata[i], host);
	for (guint i = 0; node->type == SMITH_NODE_MAP && i < node->members->len; i++) {
		const SmithNodeMember *member = node->members->pdata[i];
		found = found || g_hash_table_contains(host->variables, member->key) ||
			uses_variable(member->value, host);
	}
	return found;
}

static bool depends_on(const SmithService *service, const SmithHost *host)
{
	return uses_variable(service->ports_node, host) ||
	       uses_variable(service->required_node, host) ||
	       uses_variable(service->when_node, host);
}

static void add_override(const Variants *to, const SmithNodeMember *member)
{
	const SmithHost *host = smith_fleet_host(to->fleet, member->key);
	const char *name = to->service->name;
	if (host == NULL) {
		smith_diag_add_about(to->diag, SMITH_SEVERITY_ERROR, member->place, "unknown-host",
				     name, "no host '%s' for service '%s'", member->key, name);
	} else if (member->value->type != SMITH_NODE_MAP) {
		smith_diag_add_about(to->diag, SMITH_SEVERITY_ERROR, member->value->place,
				     "wrong-type", name,
				     "'%s' in hosts of service '%s' must be a map, got %s",
				     member->key, name, smith_node_type_name(member->value->type));
	} else {
		check_override(member->value, to->service, to->diag);
		add_variant(to, member->value, host);
	}
}

void smith_load_add_variants(const SmithFleet *fleet, SmithService *service, const SmithNode *node,
			     guint *room, SmithDiag *diag)
{
	const Variants to = {fleet, service, node, room, diag};
	const SmithNode *overrides = service->hosts_node;
	if (overrides != NULL && overrides->type != SMITH_NODE_MAP) {
		smith_diag_add_about(diag, SMITH_SEVERITY_ERROR, overrides->place, "wrong-type",
				     service->name,
				     "'hosts' of service '%s' must be a map of hosts, got %s",
				     service->name, smith_node_type_name(overrides->type));
		overrides = NULL;
	}
	for (guint i = 0; i < smith_node_length(overrides); i++)
		add_override(&to, overrides->members->pdata[i]);
	for (guint i = 1; i<service->groups->len && * room> 0; i++) {
		const SmithGroup *group = service->groups->pdata[i];
		const SmithHost *host = smith_fleet_host(fleet, group->host);
		if (host != NULL && smith_service_on(service, host) == service &&
		    depends_on(service, host))
			add_variant(&to, NULL, host);
	}
}
