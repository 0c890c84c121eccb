/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/error.h"
#include "quadlet/kube.h"
#include "quadlet/wait.h"

#define SECOND G_GINT64_CONSTANT(1000000000)

static SmithNode *strings(char **list)
{
	SmithNode *node = smith_node_new(SMITH_NODE_SEQ);
	for (char **text = list; *text != NULL; text++)
		smith_node_append(node, smith_node_new_string(*text));
	return node;
}

/* Kubernetes expands $(NAME) and halves "$$" in commands. */
static bool is_expanded(const char *word)
{
	return strstr(word, "$(") != NULL || strstr(word, "$$") != NULL;
}

static SmithNode *doubled(const char *word)
{
	g_auto(GStrv) parts = g_strsplit(word, "$", -1);
	g_autofree char *text = g_strjoinv("$$", parts);
	return smith_node_new_string(text);
}

/* podman does so from 4.7 on; for one before it and for Kubernetes there is no word that is the
 * same. */
static gboolean add_words(const SmithKube *kube, const SmithContainerPlan *container,
			  SmithNode *node, const char *key, char **words, GError **error)
{
	bool expands = kube->plan->podman >= 407;
	g_autoptr(SmithNode) list = smith_node_new(SMITH_NODE_SEQ);
	for (char **word = words; word != NULL && *word != NULL; word++) {
		if (is_expanded(*word) && !expands && !kube->podman)
			return smith_throw(error, SMITH_ERROR_UNSUPPORTED,
					   "service '%s': the argument '%s' is expanded by "
					   "Kubernetes and not by podman before 4.7",
					   container->title, *word);
		smith_node_append(list, is_expanded(*word) && expands
						? doubled(*word)
						: smith_node_new_string(*word));
	}
	if (words != NULL)
		smith_node_set(node, key, g_steal_pointer(&list));
	return TRUE;
}

/* In commands of probes podman leaves it alone. */
static gboolean check_probe(const SmithKube *kube, const SmithContainerPlan *container,
			    GError **error)
{
	char **word = container->health != NULL && !kube->podman ? container->health->argv : NULL;
	for (; word != NULL && *word != NULL; word++)
		if (is_expanded(*word))
			return smith_throw(error, SMITH_ERROR_UNSUPPORTED,
					   "service '%s': the argument '%s' of its health check is "
					   "expanded by Kubernetes and not by podman",
					   container->title, *word);
	return TRUE;
}

/* --- probes */

/* Whole seconds, at least one. */
static gint64 seconds(gint64 nanoseconds, gint64 usual)
{
	return nanoseconds > 0 ? (nanoseconds + SECOND - 1) / SECOND : usual;
}

/* What podman does without a word is said: Kubernetes has other numbers. */
static SmithNode *probe(const SmithPlanHealth *health, gint64 interval, gint64 failures)
{
	SmithNode *exec = smith_kube_map("command", strings(health->argv));
	SmithNode *node = smith_kube_map("exec", exec);
	smith_node_set(node, "periodSeconds", smith_node_new_int(interval));
	smith_node_set(node, "timeoutSeconds", smith_node_new_int(seconds(health->timeout, 30)));
	smith_node_set(node, "failureThreshold", smith_node_new_int(failures));
	return node;
}

/* At first it is asked each second, so that what is well is soon known to be, for as long as the
 * start period and then as many failures may take as end a service. */
static void add_probes(const SmithContainerPlan *container, SmithNode *node)
{
	const SmithPlanHealth *health = container->health;
	if (health == NULL)
		return;
	gint64 retries = health->retries > 0 ? health->retries : 3;
	gint64 interval = seconds(health->interval, 30);
	gint64 start = seconds(health->start_period, 0) + retries * interval;
	smith_node_set(node, "startupProbe", probe(health, 1, start));
	smith_node_set(node, "livenessProbe", probe(health, interval, retries));
	smith_node_set(node, "readinessProbe", probe(health, interval, retries));
}

/* --- rights */

static gboolean add_id(const SmithContainerPlan *container, SmithNode *node, const char *key,
		       const char *text, GError **error)
{
	guint64 id = 0;
	if (text == NULL)
		return TRUE;
	if (!g_ascii_string_to_unsigned(text, 10, 0, G_MAXINT32, &id, NULL))
		return smith_throw(error, SMITH_ERROR_UNSUPPORTED,
				   "service '%s': user '%s' is not a number, which kube needs",
				   container->title, text);
	smith_node_set(node, key, smith_node_new_int((gint64)id));
	if (strcmp(key, "runAsUser") == 0 && id > 0)
		smith_node_set(node, "runAsNonRoot", smith_node_new_bool(true));
	return TRUE;
}

static SmithNode *capabilities(char **added)
{
	SmithNode *drop = smith_node_new(SMITH_NODE_SEQ);
	smith_node_append(drop, smith_node_new_string("ALL"));
	SmithNode *node = smith_kube_map("drop", drop);
	if (added != NULL && *added != NULL)
		smith_node_set(node, "add", strings(added));
	return node;
}

/* Below the directory of profiles, which podman takes for one level only. */
static SmithNode *seccomp_profile(const char *seccomp)
{
	g_autofree char *name = seccomp != NULL ? g_path_get_basename(seccomp) : NULL;
	const char *type = seccomp == NULL			? "RuntimeDefault"
			   : strcmp(seccomp, "unconfined") == 0 ? "Unconfined"
								: "Localhost";
	SmithNode *node = smith_kube_map("type", smith_node_new_string(type));
	if (strcmp(type, "Localhost") == 0)
		smith_kube_text(node, "localhostProfile", name);
	return node;
}

static gboolean add_rights(const SmithContainerPlan *container, SmithNode *node, GError **error)
{
	g_autoptr(SmithNode) rights = smith_node_new(SMITH_NODE_MAP);
	if (!add_id(container, rights, "runAsUser", container->user, error) ||
	    !add_id(container, rights, "runAsGroup", container->user_group, error))
		return FALSE;
	smith_node_set(rights, "readOnlyRootFilesystem", smith_node_new_bool(container->read_only));
	smith_node_set(rights, "allowPrivilegeEscalation",
		       smith_node_new_bool(container->new_privileges));
	smith_node_set(rights, "capabilities", capabilities(container->capabilities));
	smith_node_set(rights, "seccompProfile", seccomp_profile(container->seccomp));
	smith_node_set(node, "securityContext", g_steal_pointer(&rights));
	return TRUE;
}

/* --- resources */

static char *quantity(gint64 bytes)
{
	static const char *const units[] = {"", "Ki", "Mi", "Gi"};
	int unit = 0;
	while (unit < 3 && bytes % 1024 == 0) {
		bytes /= 1024;
		unit++;
	}
	return g_strdup_printf("%" G_GINT64_FORMAT "%s", bytes, units[unit]);
}

/* In a pointer of RFC 6901. */
static char *pointer(const char *key)
{
	g_auto(GStrv) tildes = g_strsplit(key, "~", -1);
	g_autofree char *text = g_strjoinv("~0", tildes);
	g_auto(GStrv) slashes = g_strsplit(text, "/", -1);
	return g_strjoinv("~1", slashes);
}

/* The CDI name is a resource of podman's, of Kubernetes its kind, "nvidia.com/gpu"; a device of the
 * host is only podman's. */
static void add_device(SmithKube *kube, const SmithPlanDevice *device, SmithNode *limits)
{
	bool is_path = *device->name == '/';
	g_autofree char *key = g_strconcat(is_path ? "podman.io/device=" : "", device->name, NULL);
	g_autofree char *kind = g_strndup(key, strcspn(key, "="));
	g_autofree char *kind_pointer = pointer(kind), *key_pointer = pointer(key);
	smith_kube_text(limits, key, "1");
	smith_kube_patch(kube, "remove", "/resources/limits", key_pointer, NULL);
	if (!is_path)
		smith_kube_patch(kube, "add", "/resources/limits", kind_pointer,
				 smith_node_new_string("1"));
}

static gboolean add_devices(SmithKube *kube, const SmithContainerPlan *container, SmithNode *limits,
			    GError **error)
{
	for (guint i = 0; i < container->devices->len; i++) {
		const SmithPlanDevice *device = container->devices->pdata[i];
		if (kube->plan->podman >= 504)
			add_device(kube, device, limits);
		else if (*device->name != '/')
			return smith_throw(error, SMITH_ERROR_UNSUPPORTED,
					   "service '%s': podman before 5.4 has no device '%s' in "
					   "manifests of kube",
					   container->title, device->name);
	}
	return TRUE;
}

static gboolean add_resources(SmithKube *kube, const SmithContainerPlan *container, SmithNode *node,
			      GError **error)
{
	g_autoptr(SmithNode) limits = smith_node_new(SMITH_NODE_MAP);
	g_autofree char *memory = quantity(container->memory);
	if (container->memory > 0)
		smith_kube_text(limits, "memory", memory);
	smith_kube_text(limits, "cpu", container->cpus);
	if (!add_devices(kube, container, limits, error))
		return FALSE;
	if (smith_node_length(limits) > 0)
		smith_node_set(node, "resources",
			       smith_kube_map("limits", g_steal_pointer(&limits)));
	return TRUE;
}

/* --- a container */

static void add_image(const SmithContainerPlan *container, SmithNode *node)
{
	smith_node_set(node, "image", smith_node_new_string(container->image));
	smith_node_set(node, "imagePullPolicy",
		       smith_node_new_string(container->pull ? "IfNotPresent" : "Never"));
}

SmithNode *smith_kube_container(SmithKube *kube, const SmithContainerPlan *container,
				GError **error)
{
	g_autoptr(SmithNode) node = smith_kube_map("name", smith_node_new_string(container->slug));
	add_image(container, node);
	if (!add_words(kube, container, node, "command", container->entrypoint, error) ||
	    !add_words(kube, container, node, "args", container->argv, error) ||
	    !check_probe(kube, container, error))
		return NULL;
	smith_kube_environment(kube, container, node);
	SmithNode *ports = smith_kube_ports(kube, container);
	if (ports != NULL)
		smith_node_set(node, "ports", ports);
	if (!smith_kube_mounts(kube, container, node, error) ||
	    !add_resources(kube, container, node, error) || !add_rights(container, node, error))
		return NULL;
	add_probes(container, node);
	return g_steal_pointer(&node);
}

/* --- waits */

/* Whose image has oci-probe: @container's, if it is ours, or another one's. */
static const SmithContainerPlan *probe_image(const SmithHostPlan *plan,
					     const SmithContainerPlan *container)
{
	if (container->service->image == NULL)
		return container;
	for (guint i = 0; i < plan->containers->len; i++) {
		const SmithContainerPlan *other = plan->containers->pdata[i];
		if (other->service->image == NULL)
			return other;
	}
	return NULL;
}

static gboolean append_wait(const SmithKube *kube, const SmithContainerPlan *container,
			    char **words, SmithNode *waits, GError **error)
{
	const SmithContainerPlan *image = probe_image(kube->plan, container);
	g_autofree char *name = g_strdup_printf("wait-%u", smith_node_length(waits) + 1);
	if (image == NULL)
		return smith_throw(error, SMITH_ERROR_UNSUPPORTED,
				   "service '%s' waits for '%s', and no image of ours is there "
				   "that could",
				   container->title, words[4]);
	g_autoptr(SmithNode) node = smith_kube_map("name", smith_node_new_string(name));
	add_image(image, node);
	smith_node_set(node, "command", strings(words));
	const SmithContainerPlan calm = {.user = image->user,
					 .user_group = image->user_group,
					 .read_only = true,
					 .title = image->title};
	if (!add_rights(&calm, node, error))
		return FALSE;
	smith_node_append(waits, g_steal_pointer(&node));
	return TRUE;
}

static gboolean append_waits(const SmithKube *kube, const SmithContainerPlan *container,
			     GHashTable *seen, SmithNode *waits, GError **error)
{
	for (guint i = 0; i < container->needs->len; i++) {
		const SmithPlanNeed *need = container->needs->pdata[i];
		g_auto(GStrv) words = smith_wait_words(kube->plan, container, need);
		if (words == NULL || !smith_kube_may_wait(kube->plan, container, need))
			continue;
		/* what two members wait for is waited for once */
		if (g_hash_table_add(seen, g_strjoinv(" ", words)) &&
		    !append_wait(kube, container, words, waits, error))
			return FALSE;
	}
	return TRUE;
}

SmithNode *smith_kube_waits(SmithKube *kube, GError **error)
{
	g_autoptr(SmithNode) waits = smith_node_new(SMITH_NODE_SEQ);
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	for (guint i = 0; i < kube->members->len; i++)
		if (!append_waits(kube, kube->members->pdata[i], seen, waits, error))
			return NULL;
	return g_steal_pointer(&waits);
}
