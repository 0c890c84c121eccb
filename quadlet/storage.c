/* SPDX-License-Identifier: Apache-2.0 */
#include "quadlet/storage.h"

#include <string.h>

#include "base/error.h"

static gboolean add_mount(SmithEmit *emit, SmithUnit *unit, const SmithService *service,
			  const SmithMount *mount, GError **error)
{
	const SmithVolume *volume = smith_fleet_volume(emit->fleet, mount->volume);
	const char *path = volume != NULL ? volume->path : mount->volume;
	const char *options = mount->read_only ? ":ro" : "";
	if (volume == NULL && *mount->volume != '/')
		return smith_throw(error, SMITH_ERROR_NOT_FOUND, "no volume '%s' for service '%s'",
				   mount->volume, service->name);
	if (mount->target == NULL)
		return smith_throw(error, SMITH_ERROR_NOT_FOUND,
				   "neither volume '%s' nor service '%s' says a target",
				   mount->volume, service->name);
	if (path != NULL) {
		smith_unit_addf(unit, "Volume", "%s:%s%s", path, mount->target, options);
		return TRUE;
	}
	g_autofree char *slug = smith_slug(volume->name);
	smith_unit_addf(unit, "Volume", "%s.volume:%s%s", slug, mount->target, options);
	smith_emit_volume(emit, slug, "volume", volume->name);
	return TRUE;
}

/* U: the directory is the service's also when the image has one of root's there. */
static void add_writable(SmithEmit *emit, SmithUnit *unit, const SmithService *service)
{
	for (char **path = service->writable; *path != NULL; path++) {
		g_autofree char *slug = smith_slug(*path);
		g_autofree char *name = g_strconcat(service->slug, "-", slug, NULL);
		g_autofree char *what = g_strconcat(*path, " of ", service->name, NULL);
		smith_unit_addf(unit, "Volume", "%s.volume:%s:U", name, *path);
		smith_emit_volume(emit, name, "volume", what);
	}
}

static gboolean add_secret(const SmithEmit *emit, SmithUnit *unit, const SmithService *service,
			   const char *name, GError **error)
{
	const SmithSecret *secret = smith_fleet_secret(emit->fleet, name);
	if (secret == NULL)
		return smith_throw(error, SMITH_ERROR_NOT_FOUND, "no secret '%s' for service '%s'",
				   name, service->name);
	g_autofree char *word =
		g_strdup_printf("%s,type=%s,target=%s", secret->name,
				secret->as == SMITH_SECRET_ENV ? "env" : "mount", secret->target);
	smith_unit_add_words(unit, "Secret", (const char *[]){word, NULL});
	return TRUE;
}

gboolean smith_storage_emit(SmithEmit *emit, SmithUnit *unit, const SmithService *service,
			    GError **error)
{
	for (guint i = 0; i < service->volumes->len; i++)
		if (!add_mount(emit, unit, service, service->volumes->pdata[i], error))
			return FALSE;
	add_writable(emit, unit, service);
	for (char **path = service->tmpfs; *path != NULL; path++)
		smith_unit_add(unit, "Tmpfs", *path);
	for (char **name = service->secrets; *name != NULL; name++)
		if (!add_secret(emit, unit, service, *name, error))
			return FALSE;
	return TRUE;
}

static void add_device(SmithUnit *unit, const char *device)
{
	smith_unit_add_words(unit, "AddDevice", (const char *[]){device, NULL});
}

/* NULL when the host has none of that name. */
static const char *find_device(const SmithEmit *emit, const char *name)
{
	const char *device = g_hash_table_lookup(emit->host->devices, name);
	return device != NULL || *name != '/' ? device : name;
}

static gboolean add_gpu(const SmithEmit *emit, SmithUnit *unit, const SmithService *service,
			GError **error)
{
	const SmithHostGpu *gpu = emit->host->gpu;
	if (service->gpu == SMITH_GPU_REQUIRED && gpu == NULL)
		return smith_throw(error, SMITH_ERROR_UNSUPPORTED,
				   "service '%s' requires a GPU, and the host has none",
				   service->name);
	if (service->gpu != SMITH_GPU_NONE && gpu != NULL)
		add_device(unit, gpu->device);
	return TRUE;
}

/* A path that nobody promised: '-' leaves it out where it is not there. */
static void add_optional(const SmithEmit *emit, SmithUnit *unit, const char *name)
{
	const char *device = find_device(emit, name);
	g_autofree char *optional = device == name ? g_strconcat("-", name, NULL) : NULL;
	if (device != NULL)
		add_device(unit, optional != NULL ? optional : device);
}

/* The user's groups stay, such as audio's, to which the device belongs. */
static void add_groups(const SmithEmit *emit, SmithUnit *unit)
{
	if (emit->podman >= 501)
		smith_unit_add(unit, "GroupAdd", "keep-groups");
	else
		smith_emit_podman_args(unit, "--group-add=keep-groups");
}

gboolean smith_device_emit(const SmithEmit *emit, SmithUnit *unit, const SmithService *service,
			   GError **error)
{
	bool has_file = false;
	for (char **name = service->devices; *name != NULL; name++) {
		const char *device = find_device(emit, *name);
		bool is_optional =
			g_strv_contains((const char *const *)service->optional_devices, *name);
		if (device == NULL && !is_optional)
			return smith_throw(error, SMITH_ERROR_UNSUPPORTED,
					   "service '%s' needs device '%s', and the host has none "
					   "of that name",
					   service->name, *name);
		if (is_optional)
			continue;
		add_device(unit, device);
		has_file = has_file || *device == '/';
	}
	for (char **name = service->optional_devices; *name != NULL; name++) {
		const char *device = find_device(emit, *name);
		add_optional(emit, unit, *name);
		has_file = has_file || (device != NULL && *device == '/');
	}
	if (has_file)
		add_groups(emit, unit);
	return add_gpu(emit, unit, service, error);
}
