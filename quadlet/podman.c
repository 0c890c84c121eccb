/* SPDX-License-Identifier: Apache-2.0 */
#include "quadlet/podman.h"

#include <string.h>

#include "base/error.h"

static void port_free(gpointer data)
{
	SmithPodmanPort *port = data;
	g_free(port->address);
	g_free(port);
}

static void container_free(gpointer data)
{
	SmithPodmanContainer *container = data;
	g_free(container->name);
	g_free(container->image);
	g_free(container->image_id);
	g_free(container->state);
	g_free(container->health);
	g_free(container->unit);
	g_free(container->fleet);
	g_ptr_array_unref(container->ports);
	g_free(container);
}

static void image_free(gpointer data)
{
	SmithPodmanImage *image = data;
	g_free(image->id);
	g_strfreev(image->digests);
	g_strfreev(image->names);
	g_free(image);
}

static void network_free(gpointer data)
{
	SmithPodmanNetwork *network = data;
	g_free(network->name);
	g_free(network->interface);
	g_strfreev(network->subnets);
	g_free(network);
}

/* The list in @text; nothing at all, which some versions write for none, is an empty one. */
static SmithNode *read_list(const char *text, gsize length, const char *what, GError **error)
{
	bool is_empty = length == 0 || g_ascii_isspace(*text);
	for (gsize i = 0; is_empty && i < length; i++)
		is_empty = g_ascii_isspace(text[i]);
	if (is_empty)
		return smith_node_new(SMITH_NODE_SEQ);
	g_autoptr(SmithNode) list = smith_node_read_json(text, length, what, error);
	if (list != NULL && list->type == SMITH_NODE_NULL)
		return smith_node_new(SMITH_NODE_SEQ);
	if (list != NULL && list->type != SMITH_NODE_SEQ)
		return smith_throw_null(error, SMITH_ERROR_INVALID, "%s: got %s, expected a list",
					what, smith_node_type_name(list->type));
	for (guint i = 0; list != NULL && i < list->items->len; i++) {
		const SmithNode *item = list->items->pdata[i];
		if (item->type != SMITH_NODE_MAP)
			return smith_throw_null(error, SMITH_ERROR_INVALID,
						"%s: got %s in the list, expected a map", what,
						smith_node_type_name(item->type));
	}
	return g_steal_pointer(&list);
}

static const char *text_of(const SmithNode *map, const char *key)
{
	const char *text = smith_node_get_string(map, key);
	return text != NULL ? text : "";
}

/* The strings in a list; what is none is left out. */
static char **strings_of(const SmithNode *list)
{
	GPtrArray *strings = g_ptr_array_new();
	bool is_list = list != NULL && list->type == SMITH_NODE_SEQ;
	for (guint i = 0; is_list && i < list->items->len; i++) {
		const SmithNode *item = list->items->pdata[i];
		if (item->type == SMITH_NODE_STRING)
			g_ptr_array_add(strings, g_strdup(item->text));
	}
	g_ptr_array_add(strings, NULL);
	return (char **)g_ptr_array_free(strings, FALSE);
}

/* podman ps tells it in its status alone: "Up 3 minutes (healthy)". */
static char *health_of(const char *state, const char *status)
{
	static const char *const known[] = {"healthy", "unhealthy", "starting", "stopped", NULL};
	const char *open = strrchr(status, '(');
	if (strcmp(state, "running") != 0 || open == NULL || !g_str_has_suffix(open, ")"))
		return NULL;
	g_autofree char *word = g_strndup(open + 1, strlen(open) - 2);
	return g_strv_contains(known, word) ? g_steal_pointer(&word) : NULL;
}

static void read_ports(SmithPodmanContainer *container, const SmithNode *list)
{
	bool is_list = list != NULL && list->type == SMITH_NODE_SEQ;
	for (guint i = 0; is_list && i < list->items->len; i++) {
		const SmithNode *item = list->items->pdata[i];
		SmithPodmanPort *port = g_new0(SmithPodmanPort, 1);
		port->first = smith_node_get_int(item, "host_port", 0);
		port->count = CLAMP(smith_node_get_int(item, "range", 1), 1, 65536);
		port->address = g_strdup(text_of(item, "host_ip"));
		port->udp = strcmp(text_of(item, "protocol"), "udp") == 0;
		g_ptr_array_add(container->ports, port);
	}
}

static SmithPodmanContainer *read_container(const SmithNode *node)
{
	SmithPodmanContainer *container = g_new0(SmithPodmanContainer, 1);
	g_auto(GStrv) names = strings_of(smith_node_get(node, "Names"));
	const SmithNode *labels = smith_node_get(node, "Labels");
	const SmithNode *infra = smith_node_get(node, "IsInfra");
	container->name = g_strdup(names[0] != NULL ? names[0] : text_of(node, "Id"));
	container->image = g_strdup(text_of(node, "Image"));
	container->image_id = g_strdup(text_of(node, "ImageID"));
	container->state = g_strdup(text_of(node, "State"));
	container->health = health_of(container->state, text_of(node, "Status"));
	container->unit = g_strdup(smith_node_get_string(labels, "PODMAN_SYSTEMD_UNIT"));
	container->fleet = g_strdup(smith_node_get_string(labels, SMITH_PLAN_LABEL));
	container->is_infra = infra != NULL && infra->type == SMITH_NODE_BOOL && infra->boolean;
	container->ports = g_ptr_array_new_with_free_func(port_free);
	read_ports(container, smith_node_get(node, "Ports"));
	return container;
}

GPtrArray *smith_podman_read_containers(const char *text, gsize length, GError **error)
{
	g_autoptr(SmithNode) list = read_list(text, length, "podman ps", error);
	if (list == NULL)
		return NULL;
	GPtrArray *containers = g_ptr_array_new_with_free_func(container_free);
	for (guint i = 0; i < list->items->len; i++)
		g_ptr_array_add(containers, read_container(list->items->pdata[i]));
	return containers;
}

/* The manifest's own, and those by which it was pulled. */
static char **digests_of(const SmithNode *node)
{
	GPtrArray *digests = g_ptr_array_new();
	g_auto(GStrv) pulled = strings_of(smith_node_get(node, "RepoDigests"));
	g_ptr_array_add(digests, g_strdup(text_of(node, "Digest")));
	for (char **name = pulled; *name != NULL; name++) {
		const char *at = strchr(*name, '@');
		if (at != NULL)
			g_ptr_array_add(digests, g_strdup(at + 1));
	}
	g_ptr_array_add(digests, NULL);
	return (char **)g_ptr_array_free(digests, FALSE);
}

GPtrArray *smith_podman_read_images(const char *text, gsize length, GError **error)
{
	g_autoptr(SmithNode) list = read_list(text, length, "podman images", error);
	if (list == NULL)
		return NULL;
	GPtrArray *images = g_ptr_array_new_with_free_func(image_free);
	for (guint i = 0; i < list->items->len; i++) {
		const SmithNode *node = list->items->pdata[i];
		SmithPodmanImage *image = g_new0(SmithPodmanImage, 1);
		image->id = g_strdup(text_of(node, "Id"));
		image->digests = digests_of(node);
		image->names = strings_of(smith_node_get(node, "Names"));
		g_ptr_array_add(images, image);
	}
	return images;
}

static char **subnets_of(const SmithNode *list)
{
	GPtrArray *subnets = g_ptr_array_new();
	bool is_list = list != NULL && list->type == SMITH_NODE_SEQ;
	for (guint i = 0; is_list && i < list->items->len; i++) {
		const char *subnet = smith_node_get_string(list->items->pdata[i], "subnet");
		if (subnet != NULL)
			g_ptr_array_add(subnets, g_strdup(subnet));
	}
	g_ptr_array_add(subnets, NULL);
	return (char **)g_ptr_array_free(subnets, FALSE);
}

GPtrArray *smith_podman_read_networks(const char *text, gsize length, GError **error)
{
	g_autoptr(SmithNode) list = read_list(text, length, "podman network ls", error);
	if (list == NULL)
		return NULL;
	GPtrArray *networks = g_ptr_array_new_with_free_func(network_free);
	for (guint i = 0; i < list->items->len; i++) {
		const SmithNode *node = list->items->pdata[i];
		SmithPodmanNetwork *network = g_new0(SmithPodmanNetwork, 1);
		network->name = g_strdup(text_of(node, "name"));
		network->interface = g_strdup(text_of(node, "network_interface"));
		network->subnets = subnets_of(smith_node_get(node, "subnets"));
		g_ptr_array_add(networks, network);
	}
	return networks;
}

static gboolean ask(const SmithReach *reach, const char *const *argv, SmithAnswer *answer,
		    GError **error)
{
	return smith_reach_ask(reach, argv, answer, error) &&
	       (answer->status == 0 || smith_throw(error, SMITH_ERROR_FAILED, "'%s %s' failed: %s",
						   argv[0], argv[1], answer->said));
}

typedef GPtrArray *(*Reader)(const char *text, gsize length, GError **error);

static GPtrArray *ask_list(const SmithReach *reach, const char *const *argv, Reader reader,
			   GError **error)
{
	g_auto(SmithAnswer) answer = {0};
	if (!ask(reach, argv, &answer, error))
		return NULL;
	return reader(answer.text, answer.length, error);
}

GPtrArray *smith_podman_containers(const SmithReach *reach, GError **error)
{
	static const char *const argv[] = {"podman", "ps", "--all", "--format", "json", NULL};
	return ask_list(reach, argv, smith_podman_read_containers, error);
}

GPtrArray *smith_podman_images(const SmithReach *reach, GError **error)
{
	static const char *const argv[] = {"podman", "images", "--format", "json", NULL};
	return ask_list(reach, argv, smith_podman_read_images, error);
}

GPtrArray *smith_podman_networks(const SmithReach *reach, GError **error)
{
	static const char *const argv[] = {"podman", "network", "ls", "--format", "json", NULL};
	return ask_list(reach, argv, smith_podman_read_networks, error);
}

char **smith_podman_secrets(const SmithReach *reach, GError **error)
{
	static const char *const argv[] = {"podman", "secret", "ls", "--format", "{{.Name}}", NULL};
	g_auto(SmithAnswer) answer = {0};
	return ask(reach, argv, &answer, error) ? g_strsplit(answer.text, "\n", -1) : NULL;
}

SmithNode *smith_podman_info(const SmithReach *reach, GError **error)
{
	static const char *const argv[] = {"podman", "info", "--format", "json", NULL};
	g_auto(SmithAnswer) answer = {0};
	if (!ask(reach, argv, &answer, error))
		return NULL;
	return smith_node_read_json(answer.text, answer.length, "podman info", error);
}

/* A block of NAME=VALUE lines for each unit, an empty line between them. */
GHashTable *smith_systemd_read_units(const char *text)
{
	GHashTable *units = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
						  (GDestroyNotify)g_hash_table_unref);
	g_auto(GStrv) blocks = g_strsplit(text, "\n\n", -1);
	for (char **block = blocks; *block != NULL; block++) {
		GHashTable *unit = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
		g_auto(GStrv) lines = g_strsplit(*block, "\n", -1);
		for (char **line = lines; *line != NULL; line++) {
			const char *equal = strchr(*line, '=');
			if (equal != NULL)
				g_hash_table_replace(unit, g_strndup(*line, (gsize)(equal - *line)),
						     g_utf8_make_valid(equal + 1, -1));
		}
		const char *id = g_hash_table_lookup(unit, "Id");
		if (id != NULL)
			g_hash_table_replace(units, g_strdup(id), g_hash_table_ref(unit));
		g_hash_table_unref(unit);
	}
	return units;
}

/* What is asked of each. */
#define PROPERTIES                                                                                 \
	"Id,LoadState,ActiveState,SubState,Result,NRestarts,ActiveEnterTimestamp,"                 \
	"InactiveEnterTimestamp,ExecMainStatus"

static gboolean check_systemd(const SmithReach *reach, const SmithAnswer *answer, GError **error)
{
	if (answer->status == 0)
		return TRUE;
	if (strstr(answer->said, "bus") != NULL && !reach->system)
		return smith_throw(error, SMITH_ERROR_FAILED,
				   "the user's systemd is not there: log in anew, or keep it "
				   "running with 'loginctl enable-linger': %s",
				   answer->said);
	return smith_throw(error, SMITH_ERROR_FAILED, "'systemctl show' failed: %s", answer->said);
}

GHashTable *smith_systemd_units(const SmithReach *reach, const char *const *units, GError **error)
{
	if (*units == NULL)
		return smith_systemd_read_units("");
	g_autoptr(GPtrArray) argv = g_ptr_array_new();
	g_ptr_array_add(argv, (gpointer) "systemctl");
	if (!reach->system)
		g_ptr_array_add(argv, (gpointer) "--user");
	g_ptr_array_add(argv, (gpointer) "show");
	g_ptr_array_add(argv, (gpointer) "--timestamp=unix");
	g_ptr_array_add(argv, (gpointer) "--property=" PROPERTIES);
	g_ptr_array_add(argv, (gpointer) "--");
	for (; *units != NULL; units++)
		g_ptr_array_add(argv, (gpointer)*units);
	g_ptr_array_add(argv, NULL);
	g_auto(SmithAnswer) answer = {0};
	if (!smith_reach_ask(reach, (const char *const *)argv->pdata, &answer, error) ||
	    !check_systemd(reach, &answer, error))
		return NULL;
	return smith_systemd_read_units(answer.text);
}
