/* SPDX-License-Identifier: Apache-2.0 */
#include "build/image.h"

#include <string.h>

#include "base/epoch.h"
#include "base/error.h"
#include "fleet/expr.h"
#include "fleet/runtime.h"
#include "seccomp/profile.h"

/* overlayfs refuses more lower directories; podman's and docker's drivers stop near 128 */
#define LAYERS_MAX 127

/* KEY=VALUE into a list of them: replaces the one of that KEY, else at the end. */
static void set_env(GPtrArray *env, const char *key, const char *value)
{
	char *text = g_strconcat(key, "=", value, NULL);
	gsize length = strlen(key) + 1;
	for (guint i = 0; i < env->len; i++) {
		if (strncmp(env->pdata[i], text, length) != 0)
			continue;
		g_free(env->pdata[i]);
		env->pdata[i] = text;
		return;
	}
	g_ptr_array_add(env, text);
}

static void set_env_map(GPtrArray *env, GHashTable *map)
{
	g_autoptr(GList) keys = g_list_sort(g_hash_table_get_keys(map), (GCompareFunc)strcmp);
	for (GList *key = keys; key != NULL; key = key->next)
		set_env(env, key->data, g_hash_table_lookup(map, key->data));
}

/* Values with variables are said in units, where the host is known. */
static void set_plain_env(GPtrArray *env, GHashTable *map)
{
	g_autoptr(GHashTable) plain = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_free);
	GHashTableIter iter;
	gpointer key, value;
	g_hash_table_iter_init(&iter, map);
	while (g_hash_table_iter_next(&iter, &key, &value))
		if (smith_expr_is_plain(value))
			g_hash_table_insert(plain, key, smith_expr_expand(value, NULL, NULL, NULL));
	set_env_map(env, plain);
}

static void set_port_env(GPtrArray *env, const SmithService *service)
{
	for (guint i = 0; i < service->ports->len; i++) {
		const SmithPort *port = service->ports->pdata[i];
		g_autofree char *number = g_strdup_printf("%" G_GINT64_FORMAT, port->number);
		for (char **name = port->env; name != NULL && *name != NULL; name++)
			set_env(env, *name, number);
	}
}

static char *find_env(GPtrArray *env, const char *key)
{
	gsize length = strlen(key);
	for (guint i = 0; i < env->len; i++) {
		const char *text = env->pdata[i];
		if (strncmp(text, key, length) == 0 && text[length] == '=')
			return g_strdup(text + length + 1);
	}
	return NULL;
}

static char **make_env(const SmithImageSpec *spec, char **base_env)
{
	const SmithFleet *fleet = spec->context->fleet;
	g_autoptr(GPtrArray) env = g_ptr_array_new();
	for (; base_env != NULL && *base_env != NULL; base_env++)
		g_ptr_array_add(env, g_strdup(*base_env));
	g_autofree char *old = find_env(env, "PATH");
	g_autofree char *venv = g_strconcat("/", fleet->prefix, NULL);
	g_autofree char *path = g_strconcat(
		venv, "/bin:",
		old != NULL ? old : "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		NULL);
	set_env(env, "PATH", path);
	set_env(env, "VIRTUAL_ENV", venv);
	set_env(env, "PYTHONUNBUFFERED", "1");
	set_env(env, "PYTHONDONTWRITEBYTECODE", "1");
	if (spec->service != NULL)
		set_env(env, "PYTHONPATH", SMITH_APP_DIRECTORY);
	const char *from = NULL;
	g_autoptr(GPtrArray) chain = smith_fleet_chain(fleet, spec->family, &from);
	for (guint i = 0; i < chain->len; i++)
		set_plain_env(env, ((SmithFamily *)chain->pdata[i])->env);
	if (spec->service != NULL) {
		set_port_env(env, spec->service);
		set_plain_env(env, spec->service->env);
	}
	g_ptr_array_add(env, NULL);
	return (char **)g_ptr_array_steal(env, NULL);
}

static void set_label(SmithContainerConfig *config, const char *key, const char *value)
{
	g_hash_table_replace(config->labels, g_strdup(key), g_strdup(value));
}

static void set_labels(const SmithImageSpec *spec, SmithContainerConfig *config,
		       const char *created)
{
	static const char prefix[] = "org.opencontainers.image.";
	const struct {
		const char *key;
		const char *value;
	} labels[] = {
		{"created", created},
		{"title", spec->service != NULL ? spec->service->slug : spec->family},
		{"base.name", spec->base->from},
		{"base.digest", spec->base->digest},
	};
	if (config->labels == NULL)
		config->labels = smith_spec_strmap_new();
	for (guint i = 0; i < G_N_ELEMENTS(labels); i++) {
		g_autofree char *key = g_strconcat(prefix, labels[i].key, NULL);
		set_label(config, key, labels[i].value);
	}
	const SmithHealth *health = spec->service != NULL ? spec->service->health : NULL;
	if (health != NULL && health->port_number != 0) {
		g_autofree char *port = g_strdup_printf("%" G_GINT64_FORMAT, health->port_number);
		set_label(config, "health_check_port", port);
	}
	/* the base's is not ours */
	if (spec->profile != NULL)
		set_label(config, SMITH_PROFILE_LABEL, spec->profile);
	else
		g_hash_table_remove(config->labels, SMITH_PROFILE_LABEL);
	if (spec->service == NULL)
		return;
	GHashTableIter iter;
	gpointer key, value;
	g_hash_table_iter_init(&iter, spec->service->labels);
	while (g_hash_table_iter_next(&iter, &key, &value))
		set_label(config, key, value);
}

/* The base's is about the base's program. */
static void clear_healthcheck(SmithContainerConfig *config)
{
	if (config->healthcheck == NULL)
		return;
	g_strfreev(config->healthcheck->test);
	g_free(config->healthcheck);
	config->healthcheck = NULL;
}

static SmithHealthcheck *make_healthcheck(const SmithService *service)
{
	g_auto(GStrv) command = smith_runtime_health(service, NULL, NULL);
	if (command == NULL)
		return NULL;
	guint length = g_strv_length(command);
	SmithHealthcheck *check = g_new0(SmithHealthcheck, 1);
	check->test = g_new0(char *, length + 2);
	check->test[0] = g_strdup("CMD");
	for (guint i = 0; i < length; i++)
		check->test[i + 1] = g_strdup(command[i]);
	check->interval = service->health->interval;
	check->timeout = service->health->timeout;
	check->start_period = service->health->start_period;
	check->retries = service->health->retries;
	return check;
}

/* The base's and the service's: keys of a JSON object, so each once. */
static char **make_ports(const SmithService *service, char **old)
{
	g_autoptr(GPtrArray) ports = g_ptr_array_new();
	for (char **port = old; port != NULL && *port != NULL; port++)
		g_ptr_array_add(ports, g_strdup(*port));
	for (guint i = 0; i < service->ports->len; i++) {
		const SmithPort *port = service->ports->pdata[i];
		g_autofree char *text =
			g_strdup_printf("%" G_GINT64_FORMAT "/%s", port->number,
					port->protocol == SMITH_PROTOCOL_UDP ? "udp" : "tcp");
		if (old == NULL || !g_strv_contains((const char *const *)old, text))
			g_ptr_array_add(ports, g_steal_pointer(&text));
	}
	g_ptr_array_add(ports, NULL);
	return (char **)g_ptr_array_steal(ports, NULL);
}

static void set_service(const SmithImageSpec *spec, SmithContainerConfig *config)
{
	const SmithFleet *fleet = spec->context->fleet;
	const SmithService *service = spec->service;
	g_strfreev(config->entrypoint);
	config->entrypoint = g_new0(char *, 3);
	if (spec->base->init != NULL) {
		config->entrypoint[0] = g_strdup(spec->base->init);
		config->entrypoint[1] = g_strdup("--");
	}
	g_strfreev(config->cmd);
	config->cmd = smith_runtime_command(fleet, service, NULL, NULL);
	g_free(config->working_dir);
	config->working_dir = g_strdup(SMITH_APP_DIRECTORY);
	char **ports = make_ports(service, config->exposed_ports);
	g_strfreev(config->exposed_ports);
	config->exposed_ports = ports;
	clear_healthcheck(config);
	config->healthcheck = make_healthcheck(service);
}

static void set_config(const SmithImageSpec *spec, SmithImageConfig *config, const char *created)
{
	if (config->config == NULL)
		config->config = smith_container_config_new();
	SmithContainerConfig *container = config->config;
	g_free(config->created);
	config->created = g_strdup(created);
	g_free(container->user);
	container->user = g_strdup_printf("%d:%d", SMITH_UID, SMITH_GID);
	char **env = make_env(spec, container->env);
	g_strfreev(container->env);
	container->env = env;
	set_labels(spec, container, created);
	if (spec->service != NULL)
		set_service(spec, container);
}

/* A history has a row for each layer or is not there at all; a base without one gets one. */
static void complete_history(SmithImageConfig *config, const SmithLockBase *base, guint layers)
{
	if (config->history == NULL)
		config->history = g_ptr_array_new();
	if (config->history->len > 0)
		return;
	g_autofree char *what = g_strconcat("base ", base->from, NULL);
	for (guint i = 0; i < layers; i++)
		g_ptr_array_add(config->history, smith_history_new(NULL, what));
}

static void add_layers(const SmithImageSpec *spec, SmithManifest *manifest,
		       SmithImageConfig *config, const char *created)
{
	guint below = manifest->layers->len;
	complete_history(config, spec->base, below);
	config->rootfs->diff_ids =
		g_renew(char *, config->rootfs->diff_ids, below + spec->steps->len + 1);
	for (guint i = 0; i < spec->steps->len; i++) {
		const SmithStep *step = spec->steps->pdata[i];
		const SmithLayer *layer = step->layer;
		g_ptr_array_add(manifest->layers,
				smith_descriptor_new(layer->media_type, layer->digest,
						     (gint64)layer->size));
		config->rootfs->diff_ids[below + i] = g_strdup(layer->diff_id);
		g_autofree char *by = g_strconcat("ocismith ", step->name, NULL);
		g_ptr_array_add(config->history, smith_history_new(created, by));
	}
	config->rootfs->diff_ids[below + spec->steps->len] = NULL;
}

/* Our manifests are OCI; what Docker calls its layers has the same bytes under another name. */
static void rename_docker_layers(SmithManifest *manifest)
{
	for (guint i = 0; i < manifest->layers->len; i++) {
		SmithDescriptor *layer = manifest->layers->pdata[i];
		const char *type = NULL;
		if (strcmp(layer->media_type, SMITH_MEDIA_DOCKER_LAYER_GZIP) == 0)
			type = SMITH_MEDIA_LAYER_GZIP;
		else if (strcmp(layer->media_type, SMITH_MEDIA_DOCKER_LAYER) == 0)
			type = SMITH_MEDIA_LAYER;
		if (type != NULL) {
			g_free(layer->media_type);
			layer->media_type = g_strdup(type);
		}
	}
}

/* Config and manifest of the base become ours; what a manifest says of itself alone goes. */
static gboolean load_base(const SmithImageSpec *spec, SmithManifest **manifest,
			  SmithImageConfig **config, GError **error)
{
	const SmithLockBase *base = spec->base;
	const SmithLayout *layout = smith_store_layout(spec->context->store);
	g_autoptr(SmithDescriptor) image =
		smith_descriptor_new(base->media_type, base->digest, base->size);
	if (!smith_layout_load_image(layout, image, manifest, config, error))
		return FALSE;
	g_clear_pointer(&(*manifest)->annotations, g_hash_table_unref);
	g_clear_pointer(&(*manifest)->subject, smith_descriptor_free);
	g_clear_pointer(&(*manifest)->artifact_type, g_free);
	g_free((*manifest)->media_type);
	(*manifest)->media_type = g_strdup(SMITH_MEDIA_MANIFEST);
	rename_docker_layers(*manifest);
	guint layers = (*manifest)->layers->len + spec->steps->len;
	if (layers > LAYERS_MAX)
		return smith_throw(error, SMITH_ERROR_LIMIT,
				   "%u layers: container engines mount at most %d", layers,
				   LAYERS_MAX);
	return TRUE;
}

SmithDescriptor *smith_image_write(const SmithImageSpec *spec, SmithManifest **manifest_out,
				   GError **error)
{
	g_autoptr(SmithManifest) manifest = NULL;
	g_autoptr(SmithImageConfig) config = NULL;
	if (!load_base(spec, &manifest, &config, error))
		return NULL;
	g_autofree char *created = smith_epoch_format(spec->context->epoch);
	set_config(spec, config, created);
	add_layers(spec, manifest, config, created);
	SmithLayout *layout = smith_store_layout(spec->context->store);
	gsize length = 0;
	g_autofree char *config_text = smith_image_config_write(config, &length);
	smith_descriptor_free(manifest->config);
	manifest->config =
		smith_layout_write_blob(layout, config_text, length, SMITH_MEDIA_CONFIG, error);
	if (manifest->config == NULL)
		return NULL;
	g_autofree char *manifest_text = smith_manifest_write(manifest, &length);
	SmithDescriptor *image =
		smith_layout_write_blob(layout, manifest_text, length, SMITH_MEDIA_MANIFEST, error);
	if (image == NULL)
		return NULL;
	image->platform = smith_platform_new(config->os, config->architecture, config->variant);
	*manifest_out = g_steal_pointer(&manifest);
	return image;
}
