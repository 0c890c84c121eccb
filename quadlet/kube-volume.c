/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/error.h"
#include "quadlet/kube.h"

/* A name of at most 63 characters that no other source of the pod has. */
static char *volume_name(const char *kind, const char *of)
{
	g_autofree char *slug = smith_slug(of);
	char *name = g_strconcat(kind, "-", slug, NULL);
	if (strlen(name) <= 63 && *slug != '\0')
		return name;
	g_autofree char *digest = g_compute_checksum_for_string(G_CHECKSUM_SHA256, of, -1);
	g_free(name);
	return g_strdup_printf("%s-%.12s", kind, digest);
}

/* @source is one of the kinds of volumes, a map with its one key. */
static void add_volume(SmithKube *kube, const char *name, SmithNode *source)
{
	if (!g_hash_table_add(kube->volume_names, g_strdup(name))) {
		smith_node_free(source);
		return;
	}
	SmithNode *volume = smith_kube_map("name", smith_node_new_string(name));
	SmithNodeMember *member = source->members->pdata[0];
	smith_node_set(volume, member->key, smith_node_copy(member->value));
	smith_node_free(source);
	smith_node_append(kube->volumes, volume);
}

static SmithNode *mount_of(const char *name, const char *path, bool read_only)
{
	SmithNode *mount = smith_kube_map("name", smith_node_new_string(name));
	smith_node_set(mount, "mountPath", smith_node_new_string(path));
	if (read_only)
		smith_node_set(mount, "readOnly", smith_node_new_bool(true));
	return mount;
}

/* --- tmpfs */

static void add_memory(SmithKube *kube, const SmithContainerPlan *container, SmithNode *mounts,
		       const char *path, gint64 bytes)
{
	g_autofree char *of = g_strconcat(container->slug, path, NULL);
	g_autofree char *name = volume_name("tmp", of);
	g_autofree char *size = g_strdup_printf("%" G_GINT64_FORMAT, bytes);
	SmithNode *source = smith_kube_map("medium", smith_node_new_string("Memory"));
	if (bytes > 0)
		smith_node_set(source, "sizeLimit", smith_node_new_string(size));
	add_volume(kube, name, smith_kube_map("emptyDir", source));
	smith_node_append(mounts, mount_of(name, path, false));
}

/* Podman has these in every container whose root is read-only, Kubernetes has not. */
static void add_tmpfs(SmithKube *kube, const SmithContainerPlan *container, SmithNode *mounts)
{
	static const char *const usual[] = {"/run", "/tmp", "/var/tmp", NULL};
	gint64 shm = kube->pod != NULL ? kube->pod->shm : container->shm;
	const char *const *said = (const char *const *)container->tmpfs;
	for (const char *const *path = said; path != NULL && *path != NULL; path++)
		add_memory(kube, container, mounts, *path, 0);
	for (const char *const *path = usual; *path != NULL; path++)
		if (container->read_only && !kube->podman &&
		    (said == NULL || !g_strv_contains(said, *path)))
			add_memory(kube, container, mounts, *path, 0);
	if (shm > 0)
		add_memory(kube, container, mounts, "/dev/shm", shm);
}

/* --- volumes, directories, sockets */

static SmithNode *host_path(const char *path, const char *type)
{
	SmithNode *source = smith_kube_map("path", smith_node_new_string(path));
	if (type != NULL)
		smith_node_set(source, "type", smith_node_new_string(type));
	return smith_kube_map("hostPath", source);
}

/* Both split a path at ':', and Kubernetes refuses it. */
static gboolean check_path(const SmithContainerPlan *container, const char *path, GError **error)
{
	if (*path == '/' && strchr(path, ':') == NULL)
		return TRUE;
	return smith_throw(error, SMITH_ERROR_UNSUPPORTED,
			   "service '%s': the path '%s' cannot be said in a manifest of kube",
			   container->title, path);
}

/* Only podman knows the option that gives a volume to the container's user. */
static void append_mount(SmithKube *kube, const SmithPlanMount *mount, const char *name,
			 SmithNode *mounts)
{
	g_autofree char *owned = g_strconcat(mount->target, ":U", NULL);
	g_autofree char *where = g_strdup_printf("/volumeMounts/%u", smith_node_length(mounts));
	smith_node_append(mounts,
			  mount_of(name, mount->own ? owned : mount->target, mount->read_only));
	if (mount->own)
		smith_kube_patch(kube, "replace", where, "mountPath",
				 smith_node_new_string(mount->target));
}

static gboolean add_mount(SmithKube *kube, const SmithContainerPlan *container,
			  const SmithPlanMount *mount, SmithNode *mounts, GError **error)
{
	const char *source = mount->source != NULL ? mount->source : "/run/podman/podman.sock";
	bool is_volume = mount->kind == SMITH_PLAN_VOLUME;
	g_autofree char *name = volume_name(is_volume ? "volume" : "host", source);
	if (!check_path(container, mount->target, error) ||
	    (!is_volume && !check_path(container, source, error)))
		return FALSE;
	if (is_volume)
		add_volume(
			kube, name,
			smith_kube_map("persistentVolumeClaim",
				       smith_kube_map("claimName", smith_node_new_string(source))));
	else
		add_volume(kube, name,
			   host_path(source, mount->kind == SMITH_PLAN_SOCKET ? "Socket" : NULL));
	append_mount(kube, mount, name, mounts);
	return TRUE;
}

static void add_secret(SmithKube *kube, const SmithPlanSecret *secret, SmithNode *mounts)
{
	g_autofree char *slug = smith_slug(secret->name);
	g_autofree char *name = volume_name("secret", slug);
	g_autofree char *path = g_strconcat("/run/secrets/", secret->target, NULL);
	SmithNode *source = smith_kube_map("secretName", smith_node_new_string(slug));
	add_volume(kube, name, smith_kube_map("secret", source));
	SmithNode *mount = mount_of(name, path, true);
	smith_node_set(mount, "subPath", smith_node_new_string(secret->target));
	smith_node_append(mounts, mount);
}

/* Before podman 5.4 a device is a file that is mounted; then it is a resource. */
static void add_devices(SmithKube *kube, const SmithContainerPlan *container, SmithNode *mounts)
{
	for (guint i = 0; i < container->devices->len; i++) {
		const SmithPlanDevice *device = container->devices->pdata[i];
		g_autofree char *name = volume_name("device", device->name);
		if (kube->plan->podman >= 504 || *device->name != '/')
			continue;
		add_volume(kube, name, host_path(device->name, "CharDevice"));
		smith_node_append(mounts, mount_of(name, device->name, false));
	}
}

gboolean smith_kube_mounts(SmithKube *kube, const SmithContainerPlan *container, SmithNode *node,
			   GError **error)
{
	g_autoptr(SmithNode) mounts = smith_node_new(SMITH_NODE_SEQ);
	for (guint i = 0; i < container->mounts->len; i++)
		if (!add_mount(kube, container, container->mounts->pdata[i], mounts, error))
			return FALSE;
	add_tmpfs(kube, container, mounts);
	for (guint i = 0; i < container->secrets->len; i++) {
		const SmithPlanSecret *secret = container->secrets->pdata[i];
		if (!secret->env)
			add_secret(kube, secret, mounts);
	}
	add_devices(kube, container, mounts);
	if (smith_node_length(mounts) > 0)
		smith_node_set(node, "volumeMounts", g_steal_pointer(&mounts));
	return TRUE;
}
