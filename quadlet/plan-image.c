/* SPDX-License-Identifier: Apache-2.0 */
#include "quadlet/planner.h"

/* What build last wrote under each name. A store that cannot be read has no digests: then tags say
 * which image is meant. */
static GHashTable *read_digests(const SmithStore *store)
{
	GHashTable *digests = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	g_autoptr(SmithIndex) index =
		store != NULL ? smith_layout_read_index(smith_store_layout(store), NULL) : NULL;
	for (guint i = 0; index != NULL && i < index->manifests->len; i++) {
		const SmithDescriptor *descriptor = index->manifests->pdata[i];
		const char *name =
			smith_descriptor_get_annotation(descriptor, SMITH_ANNOTATION_REF_NAME);
		if (name != NULL)
			g_hash_table_replace(digests, g_strdup(name), g_strdup(descriptor->digest));
	}
	return digests;
}

static const char *find_digest(SmithPlanContext *context, const char *name)
{
	if (context->digests == NULL)
		context->digests = read_digests(context->store);
	return g_hash_table_lookup(context->digests, name);
}

void smith_plan_image(SmithPlanner *planner, SmithContainerPlan *container)
{
	const char *upstream = container->service->image;
	g_autofree char *name = upstream != NULL
					? g_strdup(upstream)
					: smith_fleet_image_name(planner->fleet, container->neutral,
								 planner->plan->host);
	const char *digest = upstream == NULL ? find_digest(planner->context, name) : NULL;
	container->pull = !g_str_has_prefix(name, "localhost/");
	if (digest == NULL) {
		container->image = g_steal_pointer(&name);
		return;
	}
	/* our names end in ":TAG", and tags have no slash */
	const char *colon = strrchr(name, ':');
	container->image = g_strdup_printf("%.*s@%s", (int)(colon - name), name, digest);
	container->image_tag = g_steal_pointer(&name);
}
