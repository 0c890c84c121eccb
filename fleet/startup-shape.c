/* SPDX-License-Identifier: Apache-2.0 */
#include "fleet/startup-shape.h"

#include <string.h>

#define TELL(diag_, severity_, place_, rule_, ...)                                                 \
	smith_diag_add_about((diag_), SMITH_SEVERITY_##severity_, (place_), (rule_), __VA_ARGS__)

typedef struct {
	SmithStartupShape *shape;
	SmithDiag *diag;
} Finder;

static bool is_map(const SmithNode *node)
{
	return node != NULL && node->type == SMITH_NODE_MAP;
}

static bool is_empty(const SmithNode *node)
{
	return node->type == SMITH_NODE_NULL ||
	       ((is_map(node) || node->type == SMITH_NODE_SEQ) && smith_node_length(node) == 0);
}

static bool has(const SmithNode *map, const char *key)
{
	return smith_node_get(map, key) != NULL;
}

/* One key is enough: what an agent lacks is told of the agent. */
static bool is_agent(const SmithNode *node)
{
	return has(node, "script_path") || has(node, "port") || has(node, "health_check_port");
}

static bool is_listed_agent(const SmithNode *node)
{
	return is_agent(node) || (has(node, "name") && has(node, "path"));
}

static bool is_docker_group(const SmithNode *node)
{
	const SmithNode *agents = smith_node_get(node, "agents");
	return agents != NULL && agents->type != SMITH_NODE_MAP && !is_agent(node);
}

static void add_agent(const Finder *finder, const char *name, const char *section, SmithPlace place,
		      const SmithNode *node)
{
	const SmithStartupAgent agent = {name, section, place, node};
	g_array_append_val(finder->shape->agents, agent);
}

static void add_docker_group(const Finder *finder, const SmithNodeMember *member)
{
	const SmithNode *agents =
		is_map(member->value) ? smith_node_get(member->value, "agents") : member->value;
	SmithStartupGroup group = {member->key, member->place, NULL};
	if (agents != NULL && agents->type == SMITH_NODE_SEQ)
		group.agents = agents;
	g_array_append_val(finder->shape->groups, group);
}

static void find_docker_groups(const Finder *finder, const SmithNodeMember *groups)
{
	finder->shape->is_known = true;
	if (is_empty(groups->value)) {
		TELL(finder->diag, WARNING, groups->place, "group-empty", groups->key,
		     "'%s' has no groups", groups->key);
		return;
	}
	for (guint i = 0; is_map(groups->value) && i < groups->value->members->len; i++)
		add_docker_group(finder, groups->value->members->pdata[i]);
}

/* A group inside a group: launchers look one level down and take it for an agent. */
static bool holds_agents(const SmithNode *node)
{
	for (guint i = 0; is_map(node) && i < node->members->len; i++) {
		const SmithNodeMember *member = node->members->pdata[i];
		if (is_agent(member->value))
			return true;
	}
	return false;
}

static void find_member(const Finder *finder, const SmithNodeMember *group,
			const SmithNodeMember *member)
{
	if (is_agent(member->value) ||
	    (is_map(member->value) && has(member->value, "dependencies")))
		add_agent(finder, member->key, group->key, member->place, member->value);
	else if (holds_agents(member->value))
		TELL(finder->diag, ERROR, member->place, "agents-nested-in-group", member->key,
		     "'%s' inside agent group '%s' is a group itself: its agents are lost",
		     member->key, group->key);
	else if (strcmp(member->key, "group_config") != 0)
		TELL(finder->diag, ERROR, member->place, "group-member-not-agent", member->key,
		     "'%s' in agent group '%s' is no agent: it has no 'script_path' and no 'port'",
		     member->key, group->key);
}

static void find_agent_group(const Finder *finder, const SmithNodeMember *group)
{
	if (strcmp(group->key, "docker_groups") == 0 && is_map(group->value)) {
		TELL(finder->diag, ERROR, group->place, "docker-groups-misnested", group->key,
		     "'docker_groups' is nested inside 'agent_groups', not at the top level");
		find_docker_groups(finder, group);
		return;
	}
	if (is_docker_group(group->value)) {
		TELL(finder->diag, ERROR, group->place, "docker-groups-misnested", group->key,
		     "'%s' in 'agent_groups' is a docker group (it lists 'agents'), not a group "
		     "of agents",
		     group->key);
		add_docker_group(finder, group);
		return;
	}
	if (is_empty(group->value)) {
		TELL(finder->diag, WARNING, group->place, "group-empty", group->key,
		     "agent group '%s' has no agents", group->key);
		return;
	}
	if (!is_map(group->value) || is_agent(group->value)) {
		TELL(finder->diag, ERROR, group->place, "group-member-not-agent", group->key,
		     "'%s' in 'agent_groups' is no group of agents", group->key);
		return;
	}
	for (guint i = 0; i < group->value->members->len; i++)
		find_member(finder, group, group->value->members->pdata[i]);
}

static void find_agent_groups(const Finder *finder, const SmithNodeMember *groups)
{
	finder->shape->is_known = true;
	if (is_empty(groups->value))
		TELL(finder->diag, WARNING, groups->place, "group-empty", groups->key,
		     "'%s' has no groups", groups->key);
	for (guint i = 0; is_map(groups->value) && i < groups->value->members->len; i++)
		find_agent_group(finder, groups->value->members->pdata[i]);
}

static bool is_section_name(const char *key)
{
	return strcmp(key, "agents") == 0 || strcmp(key, "services") == 0 ||
	       g_str_has_suffix(key, "_agents") || g_str_has_suffix(key, "_services");
}

static bool is_section(const SmithNodeMember *member)
{
	const SmithNode *list = member->value;
	for (guint i = 0; list->type == SMITH_NODE_SEQ && i < list->items->len; i++)
		if (is_listed_agent(list->items->pdata[i]))
			return true;
	return is_section_name(member->key) &&
	       (list->type == SMITH_NODE_SEQ || list->type == SMITH_NODE_NULL);
}

static void find_element(const Finder *finder, const SmithNodeMember *section,
			 const SmithNode *element, guint index)
{
	const SmithNode *name = smith_node_get(element, "name");
	g_autofree char *subject = g_strdup_printf("%s[%u]", section->key, index);
	if (!is_map(element))
		TELL(finder->diag, ERROR, element->place, "list-element-not-agent", subject,
		     "element of '%s' is %s, not an agent", section->key,
		     smith_node_type_name(element->type));
	else if (name == NULL || name->text == NULL || *name->text == '\0')
		TELL(finder->diag, ERROR, element->place, "agent-without-name", subject,
		     "agent in '%s' has no name", section->key);
	else
		add_agent(finder, name->text, section->key, element->place, element);
}

static void find_section(const Finder *finder, const SmithNodeMember *section)
{
	finder->shape->is_known = true;
	if (is_empty(section->value)) {
		TELL(finder->diag, WARNING, section->place, "group-empty", section->key,
		     "'%s' has no agents", section->key);
		return;
	}
	for (guint i = 0; i < section->value->items->len; i++)
		find_element(finder, section, section->value->items->pdata[i], i);
}

static void find_member_of_document(const Finder *finder, const SmithNodeMember *member)
{
	if (strcmp(member->key, "agent_groups") == 0)
		find_agent_groups(finder, member);
	else if (strcmp(member->key, "docker_groups") == 0)
		find_docker_groups(finder, member);
	else if (is_section(member))
		find_section(finder, member);
	else if (strcmp(member->key, "include") == 0)
		finder->shape->is_known = true;
}

void smith_startup_find(const SmithNode *document, SmithStartupShape *shape, SmithDiag *diag)
{
	const Finder finder = {shape, diag};
	shape->agents = g_array_new(FALSE, FALSE, sizeof(SmithStartupAgent));
	shape->groups = g_array_new(FALSE, FALSE, sizeof(SmithStartupGroup));
	for (guint i = 0; is_map(document) && i < document->members->len; i++)
		find_member_of_document(&finder, document->members->pdata[i]);
}

void smith_startup_shape_clear(SmithStartupShape *shape)
{
	g_clear_pointer(&shape->agents, g_array_unref);
	g_clear_pointer(&shape->groups, g_array_unref);
}
