/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "base/yaml.h"
#include "quadlet/formats.h"
#include "quadlet/kube.h"
#include "quadlet/marker.h"

/* What Kubernetes asks for beside a claim's name; podman's volumes have no size. */
#define CLAIM_SIZE "1Gi"

/* A file while it is being made: the objects of one group. */
typedef struct {
	const SmithHostPlan *plan;
	const SmithGroup *group;
	char *config_name;
	SmithNode *config;
	GPtrArray *objects;  /* (element-type SmithNode*) */
	GHashTable *claimed; /* volumes that a file of the host has already */
	SmithNode *patches;  /* of the kustomization */
	GString *refused;    /* comments of it */
} File;

static void kube_clear(SmithKube *kube)
{
	g_clear_pointer(&kube->volumes, smith_node_free);
	g_clear_pointer(&kube->volume_names, g_hash_table_unref);
	g_clear_pointer(&kube->patches, smith_node_free);
	g_clear_pointer(&kube->path, g_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(SmithKube, kube_clear)

static SmithKube kube_of(const SmithHostPlan *plan, const SmithPodPlan *pod, const char *slug,
			 const GPtrArray *members)
{
	return (SmithKube){
		.plan = plan,
		.pod = pod,
		.slug = slug,
		.members = members,
		.volumes = smith_node_new(SMITH_NODE_SEQ),
		.volume_names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
		.patches = smith_node_new(SMITH_NODE_SEQ),
		.path = g_strdup(""),
	};
}

/* Names of Services are the strictest: labels of DNS that begin with a letter. */
static gboolean check_name(const char *slug, GError **error)
{
	if (strlen(slug) <= 63 && g_ascii_isalpha(*slug))
		return TRUE;
	return smith_throw(error, SMITH_ERROR_UNSUPPORTED,
			   "the name '%s' must begin with a letter and have at most 63 characters "
			   "in Kubernetes",
			   slug);
}

static SmithNode *claim(const SmithKube *kube, const char *volume)
{
	SmithNode *object =
		smith_kube_begin("v1", "PersistentVolumeClaim", volume, smith_kube_labels(kube));
	SmithNode *modes = smith_node_new(SMITH_NODE_SEQ);
	SmithNode *requests = smith_kube_map("storage", smith_node_new_string(CLAIM_SIZE));
	smith_node_append(modes, smith_node_new_string("ReadWriteOnce"));
	SmithNode *spec = smith_kube_map("accessModes", modes);
	smith_node_set(spec, "resources", smith_kube_map("requests", requests));
	smith_node_set(object, "spec", spec);
	return object;
}

static void add_claims(File *file, const SmithKube *kube)
{
	for (guint i = 0; i < kube->members->len; i++) {
		const SmithContainerPlan *container = kube->members->pdata[i];
		for (guint j = 0; j < container->mounts->len; j++) {
			const SmithPlanMount *mount = container->mounts->pdata[j];
			if (mount->kind == SMITH_PLAN_VOLUME &&
			    g_hash_table_add(file->claimed, mount->source))
				g_ptr_array_add(file->objects, claim(kube, mount->source));
		}
	}
}

/* --- the kustomization */

static void add_patches(File *file, const SmithKube *kube, const SmithNode *object)
{
	if (smith_node_length(kube->patches) == 0)
		return;
	g_autofree char *text = smith_json_write(kube->patches, SMITH_JSON_COMPACT, NULL);
	SmithNode *target = smith_kube_map(
		"kind", smith_node_new_string(smith_node_get_string(object, "kind")));
	smith_kube_text(target, "name", kube->slug);
	SmithNode *patch = smith_kube_map("target", target);
	smith_kube_text(patch, "patch", text);
	smith_node_append(file->patches, patch);
}

/* Kubernetes gives a device of a node only through a plugin, under a name that we cannot know. */
static void note_devices(File *file, const SmithKube *kube)
{
	for (guint i = 0; i < kube->members->len; i++) {
		const SmithContainerPlan *container = kube->members->pdata[i];
		for (guint j = 0; j < container->devices->len; j++) {
			const SmithPlanDevice *device = container->devices->pdata[j];
			if (*device->name == '/')
				g_string_append_printf(
					file->refused,
					"# '%s' is without the device '%s': Kubernetes needs a "
					"plugin for it\n",
					container->slug, device->name);
		}
	}
}

/* --- a group */

static gboolean add_object(File *file, SmithKube *kube, GError **error)
{
	kube->config = file->config;
	kube->config_name = file->config_name;
	if (!check_name(kube->slug, error))
		return FALSE;
	SmithNode *object = smith_kube_object(kube, error);
	if (object == NULL)
		return FALSE;
	add_claims(file, kube);
	SmithNode *service = smith_kube_service(kube);
	if (service != NULL)
		g_ptr_array_add(file->objects, service);
	g_ptr_array_add(file->objects, object);
	add_patches(file, kube, object);
	note_devices(file, kube);
	return TRUE;
}

static gboolean add_pods(File *file, GError **error)
{
	for (guint i = 0; i < file->plan->pods->len; i++) {
		const SmithPodPlan *pod = file->plan->pods->pdata[i];
		g_auto(SmithKube) kube = kube_of(file->plan, pod, pod->slug, pod->members);
		if (pod->group == file->group && pod->members->len > 0 &&
		    !add_object(file, &kube, error))
			return FALSE;
	}
	return TRUE;
}

static gboolean add_containers(File *file, GError **error)
{
	for (guint i = 0; i < file->plan->containers->len; i++) {
		SmithContainerPlan *container = file->plan->containers->pdata[i];
		g_autoptr(GPtrArray) members = g_ptr_array_new();
		g_ptr_array_add(members, container);
		g_auto(SmithKube) kube = kube_of(file->plan, NULL, container->slug, members);
		if (container->group == file->group && container->pod == NULL &&
		    !add_object(file, &kube, error))
			return FALSE;
	}
	return TRUE;
}

static void fill_config(const SmithHostPlan *plan, SmithNode *config)
{
	for (char **entry = plan->environment; *entry != NULL; entry++) {
		g_autofree char *name = g_strndup(*entry, strcspn(*entry, "="));
		smith_kube_text(config, name, strchr(*entry, '=') + 1);
	}
}

static SmithNode *config_map(const SmithHostPlan *plan, const char *name, const SmithNode *data)
{
	const SmithKube of = {.plan = plan, .slug = name};
	SmithNode *object = smith_kube_begin("v1", "ConfigMap", name, smith_kube_labels(&of));
	smith_node_set(object, "data", smith_node_copy(data));
	return object;
}

/* podman takes the documents apart and writes each anew, as block text when it has several lines,
 * not always so that it can itself read it. */
static gboolean check_text(const char *text, bool in_list, GError **error)
{
	gunichar first = g_utf8_get_char(text);
	gsize breaks = strspn(text, "\n");
	bool is_blank = g_unichar_isspace(first) || first == 0x85;
	bool is_lost = text[breaks] == '\0' || first == '\t' || (in_list && is_blank);
	if (!is_lost || strchr(text, '\n') == NULL)
		return TRUE;
	g_autofree char *shown = g_strescape(text, NULL);
	return smith_throw(
		error, SMITH_ERROR_UNSUPPORTED,
		"'%s' cannot be said in a manifest: podman cannot read what it writes of "
		"several lines that begin with white space",
		shown);
}

static gboolean check_texts(const SmithNode *node, bool in_list, GError **error)
{
	if (node->type == SMITH_NODE_STRING)
		return check_text(node->text, in_list, error);
	for (guint i = 0; node->type == SMITH_NODE_SEQ && i < node->items->len; i++)
		if (!check_texts(node->items->pdata[i], true, error))
			return FALSE;
	for (guint i = 0; node->type == SMITH_NODE_MAP && i < node->members->len; i++) {
		const SmithNodeMember *member = node->members->pdata[i];
		if (!check_texts(member->value, false, error))
			return FALSE;
	}
	return TRUE;
}

static char *text_of(const GPtrArray *objects, const char *first, GError **error)
{
	g_autoptr(GString) text = g_string_new(first);
	for (guint i = 0; i < objects->len; i++) {
		if (!check_texts(objects->pdata[i], false, error))
			return NULL;
		g_autofree char *yaml = smith_yaml_write(objects->pdata[i], NULL);
		g_string_append_printf(text, "%s%s", i > 0 ? "---\n" : "", yaml);
	}
	return g_string_free(g_steal_pointer(&text), FALSE);
}

static void append_file(const SmithHostPlan *plan, const char *name, char *text, GPtrArray *files)
{
	SmithUnitFile *file = g_new0(SmithUnitFile, 1);
	file->path = g_strconcat(plan->host->name, "/", name, NULL);
	file->text = text;
	g_ptr_array_add(files, file);
}

static char *first_line(const SmithHostPlan *plan)
{
	g_autofree char *line = smith_quadlet_first_line(plan->fleet);
	return g_strconcat("# ", line, "\n", NULL);
}

static gboolean write_group(File *file, GPtrArray *files, GError **error)
{
	g_autofree char *name = g_strconcat(file->group->slug, ".yaml", NULL);
	g_autofree char *first = first_line(file->plan);
	fill_config(file->plan, file->config);
	if (!add_pods(file, error) || !add_containers(file, error))
		return FALSE;
	if (smith_node_length(file->config) > 0)
		g_ptr_array_insert(file->objects, 0,
				   config_map(file->plan, file->config_name, file->config));
	char *text = text_of(file->objects, first, error);
	if (text != NULL)
		append_file(file->plan, name, text, files);
	return text != NULL;
}

/* --- a host */

static char *kustomization(const SmithHostPlan *plan, SmithNode *resources, SmithNode *patches,
			   const char *comments)
{
	g_autofree char *first = first_line(plan);
	g_autoptr(SmithNode) object = smith_kube_map(
		"apiVersion", smith_node_new_string("kustomize.config.k8s.io/v1beta1"));
	smith_kube_text(object, "kind", "Kustomization");
	smith_node_set(object, "resources", smith_node_copy(resources));
	if (smith_node_length(patches) > 0)
		smith_node_set(object, "patches", smith_node_copy(patches));
	g_autofree char *yaml = smith_yaml_write(object, NULL);
	return g_strconcat(first, comments, yaml, NULL);
}

static gboolean add_group(const SmithHostPlan *plan, const SmithGroup *group, File *shared,
			  GPtrArray *files, GError **error)
{
	g_autofree char *config_name = g_strconcat(group->slug, "-machine", NULL);
	g_autoptr(SmithNode) config = smith_node_new(SMITH_NODE_MAP);
	g_autoptr(GPtrArray) objects =
		g_ptr_array_new_with_free_func((GDestroyNotify)smith_node_free);
	File file = *shared;
	file.plan = plan;
	file.group = group;
	file.config_name = config_name;
	file.config = config;
	file.objects = objects;
	return write_group(&file, files, error);
}

gboolean smith_format_kube(const SmithHostPlan *plan, GPtrArray *files, GError **error)
{
	SMITH_AUTO_PREFIX("host", plan->host->name, error);
	g_autoptr(GPtrArray) groups = smith_kube_groups(plan);
	g_autoptr(GHashTable) claimed = g_hash_table_new(g_str_hash, g_str_equal);
	g_autoptr(SmithNode) resources = smith_node_new(SMITH_NODE_SEQ);
	g_autoptr(SmithNode) patches = smith_node_new(SMITH_NODE_SEQ);
	g_autoptr(GString) refused = g_string_new(NULL);
	File shared = {.claimed = claimed, .patches = patches, .refused = refused};
	for (guint i = 0; i < groups->len; i++) {
		const SmithGroup *group = groups->pdata[i];
		g_autofree char *name = g_strconcat(group->slug, ".yaml", NULL);
		if (!add_group(plan, group, &shared, files, error))
			return FALSE;
		smith_node_append(resources, smith_node_new_string(name));
	}
	for (guint i = 0; i < plan->files->len; i++) {
		const SmithPlanFile *file = plan->files->pdata[i];
		/* the environment is in the ConfigMaps */
		if (strcmp(file->name, SMITH_PLAN_ENVIRONMENT) != 0)
			append_file(plan, file->name, g_strdup(file->text), files);
	}
	if (smith_node_length(resources) > 0)
		append_file(plan, "kustomization.yaml",
			    kustomization(plan, resources, patches, refused->str), files);
	return TRUE;
}

char *smith_format_kube_pod(const SmithHostPlan *plan, const SmithPodPlan *pod, GError **error)
{
	g_auto(SmithKube) kube = kube_of(plan, pod, pod->slug, pod->members);
	g_autofree char *config_name = g_strconcat(pod->slug, "-machine", NULL);
	g_autoptr(SmithNode) config = smith_node_new(SMITH_NODE_MAP);
	g_autoptr(GPtrArray) objects =
		g_ptr_array_new_with_free_func((GDestroyNotify)smith_node_free);
	kube.podman = true;
	kube.config = config;
	kube.config_name = config_name;
	fill_config(plan, config);
	SmithNode *object = smith_kube_object(&kube, error);
	if (object == NULL)
		return NULL;
	if (smith_node_length(config) > 0)
		g_ptr_array_add(objects, config_map(plan, config_name, config));
	g_ptr_array_add(objects, object);
	return text_of(objects, "", error);
}
