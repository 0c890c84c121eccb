/* SPDX-License-Identifier: Apache-2.0 */
#include "fleet/family-root.h"

#include <string.h>

#include "base/error.h"
#include "execute/deb-install.h"
#include "fleet/lock-apt.h"
#include "layers/known.h"
#include "store/key.h"

static bool has_debs(const SmithLock *lock, const char *family)
{
	const SmithLockSet *set = smith_lock_family(lock, family);
	return set != NULL && set->debs != NULL && *set->debs != NULL;
}

guint smith_family_apt_depth(const SmithFamilyContext *context, const char *family)
{
	const char *base = NULL;
	g_autoptr(GPtrArray) chain = smith_fleet_chain(context->fleet, family, &base);
	guint depth = 0;
	for (guint i = 0; i < chain->len; i++)
		depth += has_debs(context->lock, ((SmithFamily *)chain->pdata[i])->name) ? 1 : 0;
	return depth;
}

GHashTable *smith_family_apt_options(const SmithFleet *fleet, const char *family)
{
	const char *base = NULL;
	g_autoptr(GPtrArray) chain = smith_fleet_chain(fleet, family, &base);
	GHashTable *options = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	for (guint i = 0; i < chain->len; i++) {
		const SmithApt *apt = ((SmithFamily *)chain->pdata[i])->apt;
		GHashTableIter iter;
		gpointer name, value;
		if (apt == NULL)
			continue;
		g_hash_table_iter_init(&iter, apt->options);
		while (g_hash_table_iter_next(&iter, &name, &value))
			g_hash_table_replace(options, g_strdup(name), g_strdup(value));
	}
	return options;
}

static void add_options(SmithKey *key, GHashTable *options)
{
	g_autoptr(GString) text = g_string_new(NULL);
	g_autoptr(GList) names = g_list_sort(g_hash_table_get_keys(options), (GCompareFunc)strcmp);
	for (GList *at = names; at != NULL; at = at->next)
		g_string_append_printf(text, "%s=%s\n", (const char *)at->data,
				       (const char *)g_hash_table_lookup(options, at->data));
	smith_key_string(key, "options", text->str);
}

/* The key of the nearest layer of .debs below those of chain[@length], or NULL. */
static char *key_of(const SmithFamilyContext *context, const GPtrArray *chain, guint length)
{
	while (length > 0 &&
	       !has_debs(context->lock, ((SmithFamily *)chain->pdata[length - 1])->name))
		length--;
	if (length == 0)
		return NULL;
	const SmithFamily *family = chain->pdata[length - 1];
	const SmithFamily *first = chain->pdata[0];
	const SmithLockSet *set = smith_lock_family(context->lock, family->name);
	const SmithLockBase *base = smith_lock_base(context->lock, first->from);
	g_autofree char *below = key_of(context, chain, length - 1);
	g_autoptr(GPtrArray) debs =
		smith_lock_debs_of(context->lock, family->name, set->debs, NULL);
	g_autoptr(GPtrArray) digests = g_ptr_array_new();
	for (guint i = 0; debs != NULL && i < debs->len; i++)
		g_ptr_array_add(digests, ((SmithDeb *)debs->pdata[i])->sha256);
	g_ptr_array_add(digests, NULL);
	g_autoptr(GHashTable) options = smith_family_apt_options(context->fleet, family->name);
	SmithKey *key = smith_key_new("apt");
	smith_key_string(key, "compression", smith_compression_id(context->execution.compression));
	smith_key_int(key, "epoch", context->execution.epoch);
	smith_key_int(key, "install", SMITH_INSTALL_VERSION);
	smith_key_string(key, "base", base != NULL ? base->digest : NULL);
	smith_key_string(key, "below", below);
	smith_key_strv(key, "debs", (char **)digests->pdata);
	smith_key_strv(key, "packages", family->apt != NULL ? family->apt->packages : NULL);
	add_options(key, options);
	return smith_key_finish(key);
}

char *smith_family_apt_key(const SmithFamilyContext *context, const char *family)
{
	if (!has_debs(context->lock, family))
		return NULL;
	const char *base = NULL;
	g_autoptr(GPtrArray) chain = smith_fleet_chain(context->fleet, family, &base);
	return key_of(context, chain, chain->len);
}

gboolean smith_family_check_platform(const SmithLock *lock, const char *what, GError **error)
{
	g_autoptr(SmithPlatform) own = smith_platform_own();
	g_autoptr(SmithPlatform) wanted = smith_platform_parse(lock->platform, error);
	if (wanted == NULL)
		return FALSE;
	if (strcmp(own->architecture, wanted->architecture) == 0)
		return TRUE;
	return smith_throw(error, SMITH_ERROR_UNSUPPORTED,
			   "%s runs programs of %s, which this machine (%s) cannot", what,
			   lock->platform, own->architecture);
}

static SmithLayer *make_layer(const SmithFamilyContext *context, const SmithFamily *family,
			      GError **error)
{
	const SmithExecution *execution = &context->execution;
	const SmithLockSet *set = smith_lock_family(context->lock, family->name);
	g_autofree char *what = g_strdup_printf("apt of family '%s'", family->name);
	if (!smith_family_check_platform(context->lock, what, error))
		return NULL;
	g_autoptr(GPtrArray) debs =
		smith_lock_debs_of(context->lock, family->name, set->debs, error);
	if (debs == NULL ||
	    !smith_debs_fetch(execution->store, debs, execution->workers, execution->events, error))
		return NULL;
	g_autoptr(SmithRoot) root = NULL;
	if (smith_fleet_family(context->fleet, family->from) != NULL) {
		root = smith_family_root(context, family->from, error);
	} else {
		const SmithLockBase *base = smith_lock_base(context->lock, family->from);
		root = smith_root_of_image(execution->store, base->digest, error);
	}
	if (root == NULL)
		return NULL;
	static const char *const none[] = {NULL};
	g_autoptr(GHashTable) options = smith_family_apt_options(context->fleet, family->name);
	SmithInstall install = {
		.name = family->name,
		.debs = debs,
		.words = family->apt != NULL ? (const char *const *)family->apt->packages : none,
		.options = options,
	};
	return smith_debs_install(execution, root, &install, error);
}

SmithLayer *smith_family_apt_layer(const SmithFamilyContext *context, const char *name,
				   GError **error)
{
	SMITH_AUTO_PREFIX("family", name, error);
	g_autofree char *key = smith_family_apt_key(context, name);
	SmithStore *store = context->execution.store;
	g_assert(key != NULL);
	SmithLayer *known = smith_known_layer(store, key);
	if (known != NULL)
		return known;
	g_autoptr(SmithLayer) layer =
		make_layer(context, smith_fleet_family(context->fleet, name), error);
	if (layer == NULL || !smith_known_layer_add(store, key, layer, error))
		return NULL;
	return g_steal_pointer(&layer);
}

GPtrArray *smith_family_apt_layers(const SmithFamilyContext *context, const char *family,
				   GError **error)
{
	const char *base = NULL;
	g_autoptr(GPtrArray) chain = smith_fleet_chain(context->fleet, family, &base);
	g_autoptr(GPtrArray) layers =
		g_ptr_array_new_with_free_func((GDestroyNotify)smith_layer_free);
	for (guint i = 0; i < chain->len; i++) {
		const SmithFamily *link = chain->pdata[i];
		if (!has_debs(context->lock, link->name))
			continue;
		SmithLayer *layer = smith_family_apt_layer(context, link->name, error);
		if (layer == NULL)
			return NULL;
		g_ptr_array_add(layers, layer);
	}
	return g_steal_pointer(&layers);
}

SmithRoot *smith_family_root(const SmithFamilyContext *context, const char *family, GError **error)
{
	const SmithLockBase *base =
		smith_lock_base(context->lock, smith_fleet_base(context->fleet, family));
	g_autoptr(GPtrArray) layers = smith_family_apt_layers(context, family, error);
	if (layers == NULL)
		return NULL;
	g_assert(base != NULL);
	g_autoptr(SmithRoot) root =
		smith_root_of_image(context->execution.store, base->digest, error);
	for (guint i = 0; root != NULL && i < layers->len; i++) {
		const SmithLayer *layer = layers->pdata[i];
		smith_root_add(root, layer->digest, layer->media_type, layer->diff_id);
	}
	return g_steal_pointer(&root);
}
