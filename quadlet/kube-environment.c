/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "quadlet/kube.h"

static void append_value(SmithNode *list, const char *name, const char *value)
{
	SmithNode *item = smith_kube_map("name", smith_node_new_string(name));
	smith_node_set(item, "value", smith_node_new_string(value));
	smith_node_append(list, item);
}

static void append_from(SmithNode *list, const char *name, const char *source, const char *of,
			const char *key)
{
	SmithNode *item = smith_kube_map("name", smith_node_new_string(name));
	SmithNode *ref = smith_kube_map("name", smith_node_new_string(of));
	smith_node_set(ref, "key", smith_node_new_string(key));
	smith_node_set(item, "valueFrom", smith_kube_map(source, ref));
	smith_node_append(list, item);
}

/* Kubernetes expands $(NAME) and halves "$$" in values, podman does neither; both leave alone what
 * comes from a ConfigMap. */
static bool is_expanded(const char *value)
{
	return strstr(value, "$(") != NULL || strstr(value, "$$") != NULL;
}

static bool has_name(char **entries, const char *name)
{
	gsize length = strlen(name);
	for (char **entry = entries; *entry != NULL; entry++)
		if (strncmp(*entry, name, length) == 0 && (*entry)[length] == '=')
			return true;
	return false;
}

/* Where both name a variable Kubernetes takes that of "env", podman that of "envFrom": a container
 * with a value of its own is given the shared ones each by its name. */
static bool has_own(const SmithHostPlan *plan, const SmithContainerPlan *container)
{
	for (char **entry = plan->environment; *entry != NULL; entry++) {
		g_autofree char *name = g_strndup(*entry, strcspn(*entry, "="));
		if (has_name(container->environment, name))
			return true;
	}
	return false;
}

static void add_shared(const SmithKube *kube, const SmithContainerPlan *container, SmithNode *list,
		       SmithNode *node)
{
	const SmithHostPlan *plan = kube->plan;
	if (plan->environment[0] == NULL)
		return;
	if (!has_own(plan, container)) {
		SmithNode *from = smith_node_new(SMITH_NODE_SEQ);
		SmithNode *ref = smith_kube_map("name", smith_node_new_string(kube->config_name));
		smith_node_append(from, smith_kube_map("configMapRef", ref));
		smith_node_set(node, "envFrom", from);
		return;
	}
	for (char **entry = plan->environment; *entry != NULL; entry++) {
		g_autofree char *name = g_strndup(*entry, strcspn(*entry, "="));
		if (!has_name(container->environment, name))
			append_from(list, name, "configMapKeyRef", kube->config_name, name);
	}
}

static void add_own(SmithKube *kube, const SmithContainerPlan *container, SmithNode *list)
{
	for (char **entry = container->environment; *entry != NULL; entry++) {
		const char *value = strchr(*entry, '=') + 1;
		g_autofree char *name = g_strndup(*entry, (gsize)(value - *entry - 1));
		g_autofree char *key = g_strconcat(container->slug, ".", name, NULL);
		if (!is_expanded(value)) {
			append_value(list, name, value);
			continue;
		}
		smith_node_set(kube->config, key, smith_node_new_string(value));
		append_from(list, name, "configMapKeyRef", kube->config_name, key);
	}
}

void smith_kube_environment(SmithKube *kube, const SmithContainerPlan *container, SmithNode *node)
{
	SmithNode *list = smith_node_new(SMITH_NODE_SEQ);
	add_shared(kube, container, list, node);
	add_own(kube, container, list);
	for (guint i = 0; i < container->secrets->len; i++) {
		const SmithPlanSecret *secret = container->secrets->pdata[i];
		g_autofree char *name = smith_slug(secret->name);
		if (secret->env)
			append_from(list, secret->target, "secretKeyRef", name, secret->target);
	}
	if (smith_node_length(list) > 0)
		smith_node_set(node, "env", list);
	else
		smith_node_free(list);
}
