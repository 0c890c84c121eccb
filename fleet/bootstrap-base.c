/* SPDX-License-Identifier: Apache-2.0 */
#include "fleet/bootstrap-base.h"

#include <string.h>

#include "base/epoch.h"
#include "base/error.h"
#include "execute/bootstrap.h"
#include "execute/debian-index.h"
#include "fleet/base-image.h"
#include "fleet/lock-apt.h"
#include "layers/known.h"
#include "store/key.h"

/* "source URL SUITE COMPONENTS..." -> a line of sources.list(5) */
static char *sources_of(const SmithLockBase *base)
{
	for (char **line = base->apt; line != NULL && *line != NULL; line++)
		if (g_str_has_prefix(*line, "source ")) {
			g_auto(GStrv) parts = g_strsplit(*line + strlen("source "), " keyring=", 2);
			return g_strdup_printf("deb %s\n", parts[0]);
		}
	return g_strdup("");
}

/* No library's version is in what is spliced: the lock names the result. */
static SmithExecution execution_of(const SmithFamilyContext *context)
{
	SmithExecution execution = context->execution;
	execution.compression = SMITH_COMPRESSION_SPLICE;
	execution.epoch = context->lock->epoch;
	return execution;
}

static char *make_key(const SmithExecution *execution, const GPtrArray *debs, const char *sources)
{
	g_autoptr(GPtrArray) digests = g_ptr_array_new();
	for (guint i = 0; i < debs->len; i++)
		g_ptr_array_add(digests, ((SmithDeb *)debs->pdata[i])->sha256);
	g_ptr_array_add(digests, NULL);
	SmithKey *key = smith_key_new("bootstrap");
	smith_key_int(key, "bootstrap", SMITH_BOOTSTRAP_VERSION);
	smith_key_int(key, "epoch", execution->epoch);
	smith_key_strv(key, "debs", (char **)digests->pdata);
	smith_key_string(key, "sources", sources);
	return smith_key_finish(key);
}

static SmithLayer *make_layer(const SmithFamilyContext *context, const SmithLockBase *base,
			      GError **error)
{
	SmithExecution execution = execution_of(context);
	g_autoptr(GPtrArray) debs =
		smith_lock_debs_of(context->lock, base->from, base->debs, error);
	if (debs == NULL)
		return NULL;
	g_autofree char *sources = sources_of(base);
	g_autofree char *key = make_key(&execution, debs, sources);
	SmithLayer *known = smith_known_layer(execution.store, key);
	if (known != NULL)
		return known;
	g_autofree char *what = g_strdup_printf("base '%s'", base->from);
	SmithBootstrapSpec spec = {base->from, debs, sources};
	if (!smith_family_check_platform(context->lock, what, error) ||
	    !smith_debs_fetch(execution.store, debs, execution.workers, execution.events, error))
		return NULL;
	g_autoptr(SmithLayer) layer = smith_bootstrap(&execution, &spec, error);
	if (layer == NULL || !smith_known_layer_add(execution.store, key, layer, error))
		return NULL;
	return g_steal_pointer(&layer);
}

static char **new_strv(const char *text)
{
	char **strv = g_new0(char *, 2);
	strv[0] = g_strdup(text);
	return strv;
}

static SmithDescriptor *write_config(const SmithFamilyContext *context, const SmithLayer *layer,
				     const char *from, GError **error)
{
	g_autoptr(SmithPlatform) platform = smith_platform_parse(context->lock->platform, error);
	if (platform == NULL)
		return NULL;
	g_autoptr(SmithImageConfig) config = smith_image_config_new();
	g_free(config->created);
	g_free(config->os);
	g_free(config->architecture);
	config->created = smith_epoch_format(context->lock->epoch);
	config->os = g_strdup(platform->os);
	config->architecture = g_strdup(platform->architecture);
	config->variant = g_strdup(platform->variant);
	if (config->config == NULL)
		config->config = smith_container_config_new();
	config->config->env =
		new_strv("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
	config->config->cmd = new_strv("/bin/sh");
	if (config->rootfs == NULL)
		config->rootfs = g_new0(SmithRootfs, 1);
	if (config->rootfs->type == NULL)
		config->rootfs->type = g_strdup("layers");
	g_strfreev(config->rootfs->diff_ids);
	config->rootfs->diff_ids = new_strv(layer->diff_id);
	if (config->history == NULL)
		config->history = g_ptr_array_new();
	g_autofree char *by = g_strconcat("ocismith bootstrap ", from, NULL);
	g_ptr_array_add(config->history, smith_history_new(config->created, by));
	gsize length = 0;
	g_autofree char *text = smith_image_config_write(config, &length);
	return smith_layout_write_blob(smith_store_layout(context->execution.store), text, length,
				       SMITH_MEDIA_CONFIG, error);
}

static SmithDescriptor *make_image(const SmithFamilyContext *context, const SmithLockBase *base,
				   GError **error)
{
	g_autoptr(SmithLayer) layer = make_layer(context, base, error);
	g_autoptr(SmithManifest) manifest = smith_manifest_new();
	if (layer == NULL)
		return NULL;
	smith_descriptor_free(manifest->config);
	manifest->config = write_config(context, layer, base->from, error);
	if (manifest->config == NULL)
		return NULL;
	g_ptr_array_add(manifest->layers, smith_descriptor_new(layer->media_type, layer->digest,
							       (gint64)layer->size));
	gsize length = 0;
	g_autofree char *text = smith_manifest_write(manifest, &length);
	return smith_layout_write_blob(smith_store_layout(context->execution.store), text, length,
				       SMITH_MEDIA_MANIFEST, error);
}

gboolean smith_bootstrap_import(const SmithFamilyContext *context, const SmithLockBase *base,
				GError **error)
{
	if (smith_base_is_whole(context->execution.store, base))
		return TRUE;
	g_autoptr(SmithDescriptor) image = make_image(context, base, error);
	if (image == NULL)
		return FALSE;
	if (strcmp(image->digest, base->digest) != 0)
		return smith_throw(error, SMITH_ERROR_VERIFY,
				   "base '%s': what is made of its packages differs from the lock, "
				   "expected '%s', got '%s'",
				   base->from, base->digest, image->digest);
	return TRUE;
}

static gboolean add_debs(SmithLock *lock, SmithLockBase *base, const GPtrArray *debs)
{
	g_autoptr(GPtrArray) files = g_ptr_array_new();
	for (guint i = 0; i < debs->len; i++) {
		const SmithDeb *deb = debs->pdata[i];
		if (smith_lock_deb(lock, deb->file) == NULL)
			g_ptr_array_add(lock->debs, smith_deb_copy(deb));
		g_ptr_array_add(files, deb->file);
	}
	g_ptr_array_add(files, NULL);
	g_strfreev(base->debs);
	base->debs = g_strdupv((char **)files->pdata);
	return TRUE;
}

static bool is_updated(const SmithResolveOptions *options, const SmithFamily *family)
{
	const char *const *updates = options->updates;
	for (; updates != NULL && *updates != NULL; updates++)
		if (**updates == '\0' || strcmp(*updates, family->name) == 0 ||
		    strcmp(*updates, family->from) == 0)
			return true;
	return false;
}

static SmithLockBase *keep(const SmithFamilyContext *context, SmithLock *lock,
			   const SmithLock *previous, const SmithLockBase *old, GError **error)
{
	g_autoptr(GPtrArray) debs = smith_lock_debs_of(previous, old->from, old->debs, error);
	g_autoptr(SmithLockBase) base = debs != NULL ? smith_lock_base_copy(old) : NULL;
	if (base == NULL || !add_debs(lock, base, debs) ||
	    !smith_bootstrap_import(context, base, error))
		return NULL;
	return g_steal_pointer(&base);
}

static gboolean ask(const SmithFamilyContext *context, SmithLock *lock, const SmithFamily *family,
		    SmithLockBase *base, GError **error)
{
	const SmithBootstrap *wish = family->bootstrap;
	g_autoptr(SmithPlatform) platform = smith_platform_parse(lock->platform, error);
	g_autofree char *keyring =
		wish->keyring != NULL
			? g_canonicalize_filename(wish->keyring, context->fleet->directory)
			: g_strdup(SMITH_DEBIAN_KEYRING);
	if (platform == NULL)
		return FALSE;
	const char *architecture = strcmp(platform->architecture, "386") == 0 ? "i386"
				   : strcmp(platform->architecture, "arm") == 0
					   ? "armhf"
					   : platform->architecture;
	SmithDebianArchive archive = {
		wish->mirror, wish->suite, (const char *const *)wish->components,
		architecture, keyring,	   wish->snapshot != NULL};
	g_autofree char *index = NULL;
	g_autoptr(GPtrArray) debs =
		smith_debian_closure(&archive, (const char *const *)wish->packages, &index, error);
	if (debs == NULL)
		return FALSE;
	base->indexes = new_strv(index);
	return add_debs(lock, base, debs);
}

SmithLockBase *smith_bootstrap_lock(const SmithFamilyContext *context, SmithLock *lock,
				    const SmithResolveOptions *options, const SmithFamily *family,
				    GError **error)
{
	SMITH_AUTO_PREFIX("base", family->from, error);
	const SmithLock *previous = options->previous;
	const SmithLockBase *old =
		previous != NULL && strcmp(previous->platform, lock->platform) == 0
			? smith_lock_base(previous, family->from)
			: NULL;
	g_autoptr(SmithLockBase) base = g_new0(SmithLockBase, 1);
	base->from = g_strdup(family->from);
	base->apt = smith_lock_bootstrap_lines(context->fleet, family->bootstrap, error);
	if (base->apt == NULL)
		return NULL;
	if (old != NULL && old->apt != NULL && !is_updated(options, family) &&
	    previous->epoch == lock->epoch &&
	    g_strv_equal((const char *const *)old->apt, (const char *const *)base->apt))
		return keep(context, lock, previous, old, error);
	if (!ask(context, lock, family, base, error))
		return NULL;
	g_autoptr(SmithDescriptor) image = make_image(context, base, error);
	if (image == NULL)
		return NULL;
	base->media_type = g_strdup(image->media_type);
	base->digest = g_strdup(image->digest);
	base->size = image->size;
	g_autoptr(GPtrArray) none = g_ptr_array_new();
	g_autoptr(SmithLockBase) found =
		smith_base_look(context->execution.store, base, none, error);
	if (found == NULL)
		return NULL;
	found->apt = g_steal_pointer(&base->apt);
	found->indexes = g_steal_pointer(&base->indexes);
	found->debs = g_steal_pointer(&base->debs);
	return g_steal_pointer(&found);
}
