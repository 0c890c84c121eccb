/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/error.h"
#include "fleet/address.h"
#include "fleet/runtime.h"
#include "quadlet/kube.h"

/* --- shorthands */

SmithNode *smith_kube_map(const char *key, SmithNode *value)
{
	SmithNode *node = smith_node_new(SMITH_NODE_MAP);
	smith_node_set(node, key, value);
	return node;
}

void smith_kube_text(SmithNode *map, const char *key, const char *text)
{
	if (text != NULL)
		smith_node_set(map, key, smith_node_new_string(text));
}

SmithNode *smith_kube_begin(const char *version, const char *kind, const char *name,
			    SmithNode *labels)
{
	SmithNode *node = smith_kube_map("apiVersion", smith_node_new_string(version));
	SmithNode *metadata = smith_kube_map("name", smith_node_new_string(name));
	smith_node_set(node, "kind", smith_node_new_string(kind));
	smith_node_set(metadata, "labels", labels);
	smith_node_set(node, "metadata", metadata);
	return node;
}

void smith_kube_patch(SmithKube *kube, const char *op, const char *where, const char *name,
		      SmithNode *value)
{
	g_autofree char *path = g_strconcat(kube->path, where, "/", name, NULL);
	SmithNode *patch = smith_kube_map("op", smith_node_new_string(op));
	smith_node_set(patch, "path", smith_node_new_string(path));
	if (value != NULL)
		smith_node_set(patch, "value", value);
	smith_node_append(kube->patches, patch);
}

/* What selects the pod, among all that a cluster has. */
SmithNode *smith_kube_labels(const SmithKube *kube)
{
	g_autofree char *fleet = smith_slug(kube->plan->fleet->name);
	g_autofree char *host = smith_slug(kube->plan->host->name);
	SmithNode *labels =
		smith_kube_map("app.kubernetes.io/instance", smith_node_new_string(host));
	smith_kube_text(labels, "app.kubernetes.io/name", kube->slug);
	smith_kube_text(labels, "app.kubernetes.io/part-of", fleet);
	return labels;
}

/* --- labels of services */

static bool is_label_text(const char *text, const char *inner, bool may_be_empty)
{
	gsize length = strlen(text);
	if (length == 0)
		return may_be_empty;
	if (length > 63 || !g_ascii_isalnum(text[0]) || !g_ascii_isalnum(text[length - 1]))
		return false;
	for (const char *c = text; *c != '\0'; c++)
		if (!g_ascii_isalnum(*c) && strchr(inner, *c) == NULL)
			return false;
	return true;
}

static bool is_label_key(const char *key)
{
	const char *slash = strchr(key, '/');
	g_autofree char *prefix = slash != NULL ? g_strndup(key, (gsize)(slash - key)) : NULL;
	return is_label_text(slash != NULL ? slash + 1 : key, "-_.", false) &&
	       (prefix == NULL || is_label_text(prefix, "-.", false));
}

static bool all_have(const SmithKube *kube, const char *key, const char *value)
{
	for (guint i = 0; i < kube->members->len; i++) {
		const SmithContainerPlan *container = kube->members->pdata[i];
		if (g_strcmp0(g_hash_table_lookup(container->labels, key), value) != 0)
			return false;
	}
	return true;
}

/* Podman gives a pod's labels to all of its containers, so that they must be those of all. What is
 * no label for Kubernetes is an annotation. */
static gboolean add_label(const SmithKube *kube, const SmithContainerPlan *container,
			  const char *key, SmithNode *labels, SmithNode *annotations,
			  GError **error)
{
	const char *value = g_hash_table_lookup(container->labels, key);
	if (!is_label_key(key) || !all_have(kube, key, value))
		return smith_throw(error, SMITH_ERROR_UNSUPPORTED,
				   "service '%s': kube has no label '%s' of one container",
				   container->title, key);
	smith_kube_text(is_label_text(value, "-_.", true) ? labels : annotations, key, value);
	return TRUE;
}

static gboolean add_labels(const SmithKube *kube, SmithNode *labels, SmithNode *annotations,
			   GError **error)
{
	for (guint i = 0; i < kube->members->len; i++) {
		const SmithContainerPlan *container = kube->members->pdata[i];
		g_autoptr(GList) keys =
			g_list_sort(g_hash_table_get_keys(container->labels), (GCompareFunc)strcmp);
		for (GList *key = keys; key != NULL; key = key->next)
			if (!add_label(kube, container, key->data, labels, annotations, error))
				return FALSE;
	}
	return TRUE;
}

/* --- annotations */

/* Podman reads the ones of a Deployment and the ones of its pods, each for other things. */
static void add_seccomp(const SmithContainerPlan *container, SmithNode *annotations)
{
	g_autofree char *key = g_strconcat("container.seccomp.security.alpha.kubernetes.io/",
					   container->slug, NULL);
	g_autofree char *name =
		container->seccomp != NULL ? g_path_get_basename(container->seccomp) : NULL;
	g_autofree char *local = g_strconcat("localhost/", name, NULL);
	if (name != NULL)
		smith_kube_text(annotations, key, strcmp(name, "unconfined") == 0 ? name : local);
}

static bool keeps_id(const SmithKube *kube)
{
	const SmithContainerPlan *first = kube->members->pdata[0];
	return kube->pod != NULL ? kube->pod->keep_id : first->keep_id;
}

static void add_annotations(const SmithKube *kube, SmithNode *annotations)
{
	g_autofree char *map = g_strdup_printf("keep-id:uid=%d,gid=%d", SMITH_UID, SMITH_GID);
	if (keeps_id(kube))
		smith_kube_text(annotations, "io.podman.annotations.userns", map);
	for (guint i = 0; i < kube->members->len; i++) {
		const SmithContainerPlan *container = kube->members->pdata[i];
		g_autofree char *key = g_strconcat("image/", container->slug, NULL);
		add_seccomp(container, annotations);
		if (container->keep_groups)
			smith_kube_text(annotations, "run.oci.keep_original_groups", "1");
		smith_kube_text(annotations, key, container->image_tag);
	}
}

/* --- the pod */

static gboolean find_restart(const SmithKube *kube, SmithRestart *restart, GError **error)
{
	const SmithContainerPlan *first = kube->members->pdata[0];
	*restart = first->restart;
	for (guint i = 1; i < kube->members->len; i++) {
		const SmithContainerPlan *container = kube->members->pdata[i];
		if (container->restart != first->restart)
			return smith_throw(error, SMITH_ERROR_UNSUPPORTED,
					   "services '%s' and '%s' differ in 'restart', which is "
					   "one for all of a pod of kube",
					   first->title, container->title);
	}
	return TRUE;
}

static gint64 stop_seconds(const SmithKube *kube)
{
	gint64 most = kube->pod != NULL ? kube->pod->stop_seconds : 0;
	for (guint i = 0; i < kube->members->len; i++)
		most = MAX(most,
			   ((const SmithContainerPlan *)kube->members->pdata[i])->stop_seconds);
	return most;
}

static void add_network(SmithKube *kube, SmithNode *spec)
{
	const SmithContainerPlan *first = kube->members->pdata[0];
	char **dns = kube->pod != NULL ? kube->pod->dns : first->dns;
	bool is_host = kube->pod == NULL && first->host_network;
	SmithNode *servers = smith_node_new(SMITH_NODE_SEQ);
	for (char **server = dns; server != NULL && *server != NULL; server++)
		smith_node_append(servers, smith_node_new_string(*server));
	if (is_host)
		smith_node_set(spec, "hostNetwork", smith_node_new_bool(true));
	else
		smith_kube_text(spec, "hostname", kube->slug);
	if (smith_node_length(servers) == 0) {
		smith_node_free(servers);
		smith_kube_text(spec, "dnsPolicy", is_host ? "ClusterFirstWithHostNet" : NULL);
		return;
	}
	smith_kube_text(spec, "dnsPolicy", "None");
	smith_node_set(spec, "dnsConfig", smith_kube_map("nameservers", servers));
}

/* Volumes that Kubernetes makes are the group's, as podman's are the first user's. */
static void add_group(const SmithKube *kube, SmithNode *spec)
{
	for (guint i = 0; i < kube->members->len; i++) {
		const SmithContainerPlan *container = kube->members->pdata[i];
		guint64 id = 0;
		if (container->user_group == NULL ||
		    !g_ascii_string_to_unsigned(container->user_group, 10, 1, G_MAXINT32, &id,
						NULL))
			continue;
		smith_node_set(spec, "securityContext",
			       smith_kube_map("fsGroup", smith_node_new_int((gint64)id)));
		return;
	}
}

static gboolean add_containers(SmithKube *kube, const char *path, SmithNode *spec, GError **error)
{
	g_autoptr(SmithNode) containers = smith_node_new(SMITH_NODE_SEQ);
	SmithNode *waits = smith_kube_waits(kube, error);
	if (waits == NULL)
		return FALSE;
	if (smith_node_length(waits) > 0)
		smith_node_set(spec, "initContainers", waits);
	else
		smith_node_free(waits);
	for (guint i = 0; i < kube->members->len; i++) {
		g_free(kube->path);
		kube->path = g_strdup_printf("%s/containers/%u", path, i);
		SmithNode *node = smith_kube_container(kube, kube->members->pdata[i], error);
		if (node == NULL)
			return FALSE;
		smith_node_append(containers, node);
	}
	smith_node_set(spec, "containers", g_steal_pointer(&containers));
	return TRUE;
}

/* What podman calls its host in all containers is there the host's address. */
static void patch_host(SmithKube *kube, const char *path)
{
	const SmithHost *host = kube->plan->host;
	SmithNode *names = smith_node_new(SMITH_NODE_SEQ);
	SmithNode *aliases = smith_node_new(SMITH_NODE_SEQ);
	smith_node_append(names, smith_node_new_string(SMITH_ADDRESS_HOST));
	SmithNode *alias = smith_kube_map("hostnames", names);
	smith_kube_text(alias, "ip", host->address);
	smith_node_append(aliases, alias);
	g_free(kube->path);
	kube->path = g_strdup(path);
	if (host->address != NULL && g_hostname_is_ip_address(host->address))
		smith_kube_patch(kube, "add", "", "hostAliases", aliases);
	else
		smith_node_free(aliases);
}

static SmithNode *pod_spec(SmithKube *kube, SmithRestart restart, const char *path, GError **error)
{
	static const char *const policies[] = {"Always", "OnFailure", "Never"};
	const SmithContainerPlan *first = kube->members->pdata[0];
	g_autoptr(SmithNode) spec = smith_node_new(SMITH_NODE_MAP);
	add_network(kube, spec);
	smith_kube_text(spec, "restartPolicy", policies[restart]);
	smith_node_set(spec, "terminationGracePeriodSeconds",
		       smith_node_new_int(stop_seconds(kube)));
	smith_node_set(spec, "automountServiceAccountToken", smith_node_new_bool(false));
	smith_node_set(spec, "enableServiceLinks", smith_node_new_bool(false));
	add_group(kube, spec);
	if (!add_containers(kube, path, spec, error))
		return NULL;
	if (smith_node_length(kube->volumes) > 0)
		smith_node_set(spec, "volumes", smith_node_copy(kube->volumes));
	if (kube->pod != NULL || !first->host_network)
		patch_host(kube, path);
	return g_steal_pointer(&spec);
}

/* A Deployment is restarted always; what is not is a Pod. */
static SmithNode *deployment(const SmithKube *kube, SmithNode *labels, SmithNode *annotations,
			     SmithNode *spec)
{
	SmithNode *object =
		smith_kube_begin("apps/v1", "Deployment", kube->slug, smith_kube_labels(kube));
	SmithNode *template = smith_node_new(SMITH_NODE_MAP);
	SmithNode *metadata = smith_kube_map("labels", labels);
	SmithNode *whole = smith_kube_map("replicas", smith_node_new_int(1));
	if (smith_node_length(annotations) > 0) {
		smith_node_set(smith_node_get(object, "metadata"), "annotations",
			       smith_node_copy(annotations));
		smith_node_set(metadata, "annotations", smith_node_copy(annotations));
	}
	smith_node_set(template, "metadata", metadata);
	smith_node_set(template, "spec", spec);
	smith_node_set(whole, "strategy",
		       smith_kube_map("type", smith_node_new_string("Recreate")));
	smith_node_set(whole, "selector", smith_kube_map("matchLabels", smith_kube_labels(kube)));
	smith_node_set(whole, "template", template);
	smith_node_set(object, "spec", whole);
	return object;
}

static SmithNode *bare_pod(const SmithKube *kube, SmithNode *labels, SmithNode *annotations,
			   SmithNode *spec)
{
	SmithNode *object = smith_kube_begin("v1", "Pod", kube->slug, labels);
	if (smith_node_length(annotations) > 0)
		smith_node_set(smith_node_get(object, "metadata"), "annotations",
			       smith_node_copy(annotations));
	smith_node_set(object, "spec", spec);
	return object;
}

SmithNode *smith_kube_object(SmithKube *kube, GError **error)
{
	g_autoptr(SmithNode) labels = smith_kube_labels(kube);
	g_autoptr(SmithNode) annotations = smith_node_new(SMITH_NODE_MAP);
	SmithRestart restart;
	if (!find_restart(kube, &restart, error) || !add_labels(kube, labels, annotations, error))
		return NULL;
	add_annotations(kube, annotations);
	bool is_deployment = restart == SMITH_RESTART_ALWAYS && !kube->podman;
	SmithNode *spec =
		pod_spec(kube, restart, is_deployment ? "/spec/template/spec" : "/spec", error);
	if (spec == NULL)
		return NULL;
	return is_deployment ? deployment(kube, g_steal_pointer(&labels), annotations, spec)
			     : bare_pod(kube, g_steal_pointer(&labels), annotations, spec);
}
