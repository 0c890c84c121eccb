/* SPDX-License-Identifier: Apache-2.0 */
#include "quadlet/state.h"

#include <string.h>

#include "base/error.h"
#include "quadlet/formats.h"

/* `podman kube play` runs the whole pod in one. */
static bool is_kube(const SmithHostPlan *plan, const SmithPodPlan *pod)
{
	return pod != NULL && smith_plan_is_kube(plan, pod);
}

char *smith_plan_pod_unit(const SmithPodPlan *pod)
{
	return g_strconcat(pod->slug, "-pod.service", NULL);
}

char *smith_plan_container_unit(const SmithHostPlan *plan, const SmithContainerPlan *container)
{
	return is_kube(plan, container->pod) ? smith_plan_pod_unit(container->pod)
					     : g_strconcat(container->slug, ".service", NULL);
}

char *smith_plan_container_name(const SmithHostPlan *plan, const SmithContainerPlan *container)
{
	return is_kube(plan, container->pod)
		       ? g_strconcat(container->pod->slug, "-", container->slug, NULL)
		       : g_strdup(container->slug);
}

static void service_free(gpointer data)
{
	SmithServiceState *state = data;
	g_free(state->title);
	g_free(state->group);
	g_free(state->unit);
	g_free(state->container);
	g_free(state->load);
	g_free(state->active);
	g_free(state->sub);
	g_free(state->result);
	g_free(state->container_state);
	g_free(state->health);
	g_free(state->image);
	g_free(state);
}

void smith_host_state_free(SmithHostState *state)
{
	if (state == NULL)
		return;
	g_ptr_array_unref(state->services);
	g_ptr_array_unref(state->units);
	g_free(state);
}

static char *property(GHashTable *unit, const char *name)
{
	const char *value = unit != NULL ? g_hash_table_lookup(unit, name) : NULL;
	return g_strdup(value != NULL ? value : "");
}

static gint64 number(GHashTable *unit, const char *name)
{
	gint64 value = 0;
	g_autofree char *text = property(unit, name);
	const char *digits = *text == '@' ? text + 1 : text; /* of a time stamp */
	if (!g_ascii_string_to_signed(digits, 10, 0, G_MAXINT64, &value, NULL))
		return 0;
	return value;
}

static bool is(const char *text, const char *word)
{
	return g_strcmp0(text, word) == 0;
}

static void set_unit(SmithServiceState *state, GHashTable *units)
{
	GHashTable *unit = g_hash_table_lookup(units, state->unit);
	state->load = property(unit, "LoadState");
	state->active = property(unit, "ActiveState");
	state->sub = property(unit, "SubState");
	state->result = property(unit, "Result");
	state->exit_status = number(unit, "ExecMainStatus");
	state->restarts = number(unit, "NRestarts");
	state->since = number(unit, is(state->active, "active") ? "ActiveEnterTimestamp"
								: "InactiveEnterTimestamp");
}

static const SmithPodmanContainer *find_container(const GPtrArray *containers, const char *name)
{
	for (guint i = 0; i < containers->len; i++) {
		const SmithPodmanContainer *container = containers->pdata[i];
		if (strcmp(container->name, name) == 0)
			return container;
	}
	return NULL;
}

static const SmithPodmanImage *find_image(const GPtrArray *images, const char *id)
{
	for (guint i = 0; i < images->len; i++) {
		const SmithPodmanImage *image = images->pdata[i];
		if (strcmp(image->id, id) == 0)
			return image;
	}
	return NULL;
}

/* A container is of the image that the plan names when podman has that image by this digest or
 * name: ids of images, which are their configs', say the same whatever the layers' compression. */
static SmithImageMatch match_image(const char *wanted, const SmithPodmanContainer *container,
				   const GPtrArray *images)
{
	const char *at = strchr(wanted, '@');
	const SmithPodmanImage *image =
		images != NULL ? find_image(images, container->image_id) : NULL;
	if (strcmp(container->image, wanted) == 0 && at != NULL)
		return SMITH_IMAGE_SAME;
	if (image == NULL)
		return SMITH_IMAGE_UNKNOWN;
	bool same = at != NULL ? g_strv_contains((const char *const *)image->digests, at + 1)
			       : g_strv_contains((const char *const *)image->names, wanted);
	return same ? SMITH_IMAGE_SAME : SMITH_IMAGE_OTHER;
}

static void set_container(SmithServiceState *state, const SmithPodmanContainer *container,
			  const GPtrArray *images)
{
	if (container == NULL)
		return;
	state->container_state = g_strdup(container->state);
	state->health = g_strdup(container->health);
	state->image = g_strdup(container->image_id);
	if (state->plan != NULL)
		state->image_match = match_image(state->plan->image, container, images);
}

static SmithStateKind kind_of_unit(const SmithServiceState *state)
{
	if (!is(state->load, "loaded") || is(state->active, "failed"))
		return SMITH_STATE_FAILED;
	if (is(state->active, "active") || is(state->active, "reloading"))
		return SMITH_STATE_WELL;
	if (is(state->active, "activating"))
		return SMITH_STATE_STARTING;
	return SMITH_STATE_STOPPED;
}

static SmithStateKind kind_of(const SmithServiceState *state)
{
	SmithStateKind kind = kind_of_unit(state);
	if (kind != SMITH_STATE_WELL || state->container == NULL)
		return kind;
	if (!is(state->container_state, "running") || is(state->health, "unhealthy"))
		return SMITH_STATE_FAILED;
	return is(state->health, "starting") ? SMITH_STATE_STARTING : SMITH_STATE_WELL;
}

static void add_service(SmithHostState *state, const SmithContainerPlan *plan, GHashTable *units,
			const GPtrArray *containers, const GPtrArray *images)
{
	SmithServiceState *service = g_new0(SmithServiceState, 1);
	service->plan = plan;
	service->title = g_strdup(plan->title);
	service->group = plan->group != NULL ? g_strdup(plan->group->name) : NULL;
	service->unit = smith_plan_container_unit(state->plan, plan);
	service->container = smith_plan_container_name(state->plan, plan);
	set_unit(service, units);
	set_container(service, find_container(containers, service->container), images);
	service->kind = kind_of(service);
	g_ptr_array_add(state->services, service);
}

static void add_pod(SmithHostState *state, const SmithPodPlan *pod, GHashTable *units)
{
	SmithServiceState *unit = g_new0(SmithServiceState, 1);
	unit->unit = smith_plan_pod_unit(pod);
	unit->title = g_strdup(unit->unit);
	unit->group = pod->group != NULL ? g_strdup(pod->group->name) : NULL;
	set_unit(unit, units);
	unit->kind = kind_of(unit);
	g_ptr_array_add(state->units, unit);
}

/* What has the fleet's label and is not planned. */
static void add_stranger(SmithHostState *state, const SmithPodmanContainer *container)
{
	SmithServiceState *service = g_new0(SmithServiceState, 1);
	service->title = g_strdup(container->name);
	service->container = g_strdup(container->name);
	service->unit = g_strdup(container->unit);
	service->load = g_strdup("");
	service->active = g_strdup("");
	service->sub = g_strdup("");
	service->result = g_strdup("");
	set_container(service, container, NULL);
	service->kind = SMITH_STATE_STRANGER;
	g_ptr_array_add(state->services, service);
}

static bool is_planned(const SmithHostState *state, const char *name)
{
	for (guint i = 0; i < state->services->len; i++) {
		const SmithServiceState *service = state->services->pdata[i];
		if (strcmp(service->container, name) == 0)
			return true;
	}
	return false;
}

static int compare_services(gconstpointer a, gconstpointer b)
{
	const SmithServiceState *const *x = a, *const *y = b;
	return strcmp((*x)->title, (*y)->title);
}

static void add_strangers(SmithHostState *state, const GPtrArray *containers)
{
	g_autoptr(GPtrArray) planned = g_steal_pointer(&state->services);
	state->services = g_ptr_array_new_with_free_func(service_free);
	const SmithHostState known = {state->plan, planned, NULL};
	for (guint i = 0; i < containers->len; i++) {
		const SmithPodmanContainer *container = containers->pdata[i];
		if (!container->is_infra && is(container->fleet, state->plan->fleet->name) &&
		    !is_planned(&known, container->name))
			add_stranger(state, container);
	}
	g_ptr_array_sort(state->services, compare_services);
	g_ptr_array_extend_and_steal(planned, g_steal_pointer(&state->services));
	state->services = g_steal_pointer(&planned);
}

SmithHostState *smith_host_state_of(const SmithHostPlan *plan, GHashTable *units,
				    const GPtrArray *containers, const GPtrArray *images)
{
	SmithHostState *state = g_new0(SmithHostState, 1);
	state->plan = plan;
	state->services = g_ptr_array_new_with_free_func(service_free);
	state->units = g_ptr_array_new_with_free_func(service_free);
	for (guint i = 0; i < plan->containers->len; i++)
		add_service(state, plan->containers->pdata[i], units, containers, images);
	for (guint i = 0; i < plan->pods->len; i++)
		add_pod(state, plan->pods->pdata[i], units);
	add_strangers(state, containers);
	return state;
}

/* Of all that is planned, once each. */
static char **units_of(const SmithHostPlan *plan)
{
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
	GPtrArray *units = g_ptr_array_new();
	for (guint i = 0; i < plan->containers->len + plan->pods->len; i++) {
		bool is_pod = i >= plan->containers->len;
		char *unit =
			is_pod ? smith_plan_pod_unit(plan->pods->pdata[i - plan->containers->len])
			       : smith_plan_container_unit(plan, plan->containers->pdata[i]);
		if (g_hash_table_add(seen, unit))
			g_ptr_array_add(units, unit);
		else
			g_free(unit);
	}
	g_ptr_array_add(units, NULL);
	return (char **)g_ptr_array_free(units, FALSE);
}

SmithHostState *smith_host_state_new(const SmithHostPlan *plan, const SmithReach *reach,
				     GError **error)
{
	g_auto(GStrv) names = units_of(plan);
	g_autoptr(GHashTable) units = smith_systemd_units(reach, (const char *const *)names, error);
	g_autoptr(GPtrArray) containers =
		units != NULL ? smith_podman_containers(reach, error) : NULL;
	if (containers == NULL)
		return NULL;
	g_autoptr(GPtrArray) images = NULL;
	if (containers->len > 0) {
		images = smith_podman_images(reach, error);
		if (images == NULL)
			return NULL;
	}
	return smith_host_state_of(plan, units, containers, images);
}

const char *smith_service_state_word(const SmithServiceState *state)
{
	if (state->kind == SMITH_STATE_STRANGER)
		return "not planned";
	if (!is(state->load, "loaded"))
		return *state->load == '\0' || is(state->load, "not-found") ? "not installed"
									    : state->load;
	if (!is(state->active, "active"))
		return is(state->active, "activating") ? "starting" : state->active;
	if (state->container == NULL)
		return "running";
	if (!is(state->container_state, "running"))
		return state->container_state != NULL ? state->container_state : "no container";
	return state->health != NULL ? state->health : "running";
}

const char *smith_state_kind_name(SmithStateKind kind)
{
	static const char *const names[] = {"well", "starting", "stopped", "failed", "stranger"};
	return names[kind];
}
