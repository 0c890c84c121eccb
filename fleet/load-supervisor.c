/* SPDX-License-Identifier: Apache-2.0 */
#include "fleet/load-supervisor.h"

#include <string.h>

#include "base/bind.h"
#include "base/json.h"
#include "fleet/load-port.h"
#include "fleet/load-service.h"
#include "fleet/runtime.h"
#include "fleet/tables.h"
#include "seccomp/profile-name.h"

/* Texts in the order in which they came, each once. */
typedef struct {
	GPtrArray *texts;
	GHashTable *seen;
} Union;

static Union new_union(void)
{
	return (Union){g_ptr_array_new(), g_hash_table_new(g_str_hash, g_str_equal)};
}

static void append_all(Union *all, char **more)
{
	for (; more != NULL && *more != NULL; more++) {
		if (g_hash_table_contains(all->seen, *more))
			continue;
		char *text = g_strdup(*more);
		g_hash_table_add(all->seen, text);
		g_ptr_array_add(all->texts, text);
	}
}

static char **finish(Union *all)
{
	g_hash_table_unref(all->seen);
	g_ptr_array_add(all->texts, NULL);
	return (char **)g_ptr_array_free(all->texts, FALSE);
}

/* What the member @name of @group is on its host; NULL when it is not there. */
static const SmithService *find_member(const SmithFleet *fleet, const SmithGroup *group,
				       const char *name)
{
	const SmithService *service = smith_fleet_service(fleet, name);
	const SmithService *member =
		service != NULL ? smith_service_on(service, smith_fleet_host(fleet, group->host))
				: NULL;
	return member != NULL && member->enabled ? member : NULL;
}

/* The supervisor's own and those of all members. */
static SmithPip *join_pips(const SmithFleet *fleet, const SmithGroup *group)
{
	SmithPip *pip = g_new0(SmithPip, 1);
	pip->place = group->pip != NULL ? group->pip->place : group->place;
	pip->others = g_ptr_array_new();
	pip->indexes = g_ptr_array_new();
	if (group->pip != NULL)
		g_ptr_array_add(pip->others, group->pip);
	for (char **name = group->services; *name != NULL; name++) {
		const SmithService *member = smith_fleet_service(fleet, *name);
		if (member != NULL && member->pip != NULL)
			g_ptr_array_add(pip->others, member->pip);
	}
	GPtrArray *override = g_ptr_array_new();
	for (guint i = 0; i < pip->others->len; i++)
		for (char **key = ((SmithPip *)pip->others->pdata[i])->override; *key != NULL;
		     key++)
			if (!g_ptr_array_find_with_equal_func(override, *key, g_str_equal, NULL))
				g_ptr_array_add(override, g_strdup(*key));
	g_ptr_array_add(override, NULL);
	pip->override = (char **)g_ptr_array_free(override, FALSE);
	return pip;
}

/* What the supervisor reads; the keys are those of the configurations that it comes from. */
static void describe(const SmithService *service, SmithNode *agents)
{
	SmithNode *agent = smith_node_new(SMITH_NODE_MAP);
	const SmithPort *port = smith_service_port(service, "service");
	const SmithPort *health = smith_service_port(service, "health");
	SmithNode *dependencies = smith_node_new(SMITH_NODE_SEQ);
	smith_node_set(agent, "name", smith_node_new_string(service->name));
	if (service->app->script != NULL)
		smith_node_set(agent, "script_path", smith_node_new_string(service->app->script));
	if (service->app->module != NULL)
		smith_node_set(agent, "module", smith_node_new_string(service->app->module));
	if (service->app->asgi != NULL)
		smith_node_set(agent, "asgi", smith_node_new_string(service->app->asgi));
	SmithNode *args = smith_node_new(SMITH_NODE_SEQ);
	for (char **arg = service->app->args; *arg != NULL; arg++)
		smith_node_append(args, smith_node_new_string(*arg));
	for (guint i = 0; i < service->ports->len; i++) {
		const SmithPort *told = service->ports->pdata[i];
		g_autofree char *number = g_strdup_printf("%" G_GINT64_FORMAT, told->number);
		if (told->argument == NULL)
			continue;
		smith_node_append(args, smith_node_new_string(told->argument));
		smith_node_append(args, smith_node_new_string(number));
	}
	smith_node_set(agent, "args", args);
	smith_node_set(agent, "host", smith_node_new_string("0.0.0.0"));
	if (port != NULL)
		smith_node_set(agent, "port", smith_node_new_int(port->number));
	if (health != NULL)
		smith_node_set(agent, "health_check_port", smith_node_new_int(health->number));
	smith_node_set(agent, "required", smith_node_new_bool(service->required));
	for (guint i = 0; i < service->needs->len; i++) {
		const SmithNeed *need = service->needs->pdata[i];
		smith_node_append(dependencies, smith_node_new_string(need->name));
	}
	smith_node_set(agent, "dependencies", dependencies);
	smith_node_append(agents, agent);
}

/* JSON is YAML, and every string in it is quoted as it must be. */
static char *make_config(const SmithFleet *fleet, const SmithGroup *group)
{
	g_autoptr(SmithNode) document = smith_node_new(SMITH_NODE_MAP);
	SmithNode *agents = smith_node_new(SMITH_NODE_SEQ);
	for (char **name = group->services; *name != NULL; name++) {
		const SmithService *member = find_member(fleet, group, *name);
		if (member != NULL)
			describe(member, agents);
	}
	smith_node_set(document, "agents", agents);
	return smith_json_write(document, SMITH_JSON_PRETTY, NULL);
}

static SmithApp *supervisor_app(const SmithFleet *fleet, const SmithGroup *group)
{
	const SmithApp *own = group->supervisor;
	SmithApp *app = g_new0(SmithApp, 1);
	GPtrArray *args = g_ptr_array_new();
	Union files = new_union();
	app->place = own->place;
	app->script = g_strdup(own->script);
	app->module = g_strdup(own->module);
	app->asgi = g_strdup(own->asgi);
	app->exec = g_strdupv(own->exec);
	app->form = own->form;
	for (char **arg = own->args; *arg != NULL; arg++)
		g_ptr_array_add(args, g_strdup(*arg));
	g_ptr_array_add(args, g_strdup("--config"));
	g_ptr_array_add(args, g_strdup_printf(SMITH_APP_DIRECTORY "/" SMITH_SUPERVISOR_CONFIG,
					      group->slug));
	g_ptr_array_add(args, NULL);
	append_all(&files, own->files);
	for (char **name = group->services; *name != NULL; name++) {
		const SmithService *service = smith_fleet_service(fleet, *name);
		if (service != NULL)
			append_all(&files, service->app->files);
	}
	app->args = (char **)g_ptr_array_free(args, FALSE);
	app->files = finish(&files);
	return app;
}

static void free_need(gpointer data)
{
	smith_bind_free(&smith_need_table, data);
}

/* A socket of a member is one of the container; its name says whose. */
static void take_ports(SmithService *service, const SmithService *member)
{
	for (guint i = 0; i < member->ports->len; i++) {
		const SmithPort *port = member->ports->pdata[i];
		SmithPort *copy = g_new0(SmithPort, 1);
		copy->name = g_strconcat(member->slug, "-", port->name, NULL);
		copy->place = port->place;
		copy->number = port->number;
		copy->protocol = port->protocol;
		copy->env = g_strdupv(port->env);
		copy->fixed = port->fixed;
		copy->publish = port->publish;
		copy->offset = port->offset;
		copy->implicit = port->implicit;
		g_ptr_array_add(service->ports, copy);
	}
}

static bool is_member(const SmithService *service, const SmithGroup *group)
{
	return g_ptr_array_find(service->groups, group, NULL);
}

/* What members need of each other is the supervisor's to order. */
static void take_needs(const SmithFleet *fleet, SmithService *service, const SmithGroup *group,
		       const SmithService *member)
{
	for (guint i = 0; i < member->needs->len; i++) {
		const SmithNeed *need = member->needs->pdata[i];
		const SmithService *needed = smith_fleet_service(fleet, need->name);
		if (needed != NULL && is_member(needed, group))
			continue;
		SmithNeed *copy = g_new0(SmithNeed, 1);
		copy->name = g_strdup(need->name);
		copy->place = need->place;
		copy->until = need->until;
		copy->timeout = need->timeout;
		g_ptr_array_add(service->needs, copy);
	}
}

static void take_env(SmithService *service, const SmithService *member)
{
	GHashTableIter iter;
	gpointer key, value;
	g_hash_table_iter_init(&iter, member->env);
	while (g_hash_table_iter_next(&iter, &key, &value))
		if (!g_hash_table_contains(service->env, key))
			g_hash_table_insert(service->env, g_strdup(key), g_strdup(value));
}

static gint64 add_bounded(gint64 a, gint64 b)
{
	return a > G_MAXINT64 - b ? G_MAXINT64 : a + b;
}

static void take_confinement(SmithService *service, const SmithService *member)
{
	GHashTableIter iter;
	gpointer key, value;
	service->stop = MAX(service->stop, member->stop);
	service->new_privileges = service->new_privileges || member->new_privileges;
	g_hash_table_iter_init(&iter, member->loosen);
	while (g_hash_table_iter_next(&iter, &key, &value))
		if (!g_hash_table_contains(service->loosen, key))
			g_hash_table_insert(service->loosen, g_strdup(key), g_strdup(value));
	g_hash_table_iter_init(&iter, member->without);
	while (g_hash_table_iter_next(&iter, &key, &value))
		if (!g_hash_table_contains(service->without, key))
			g_hash_table_insert(service->without, g_strdup(key),
					    g_hash_table_ref(value));
}

/* Each member finds all that its own container would let it call. */
static char *join_seccomp(const SmithFleet *fleet, const SmithService *service)
{
	const SmithGroup *group = service->supervises;
	g_autoptr(GPtrArray) names = g_ptr_array_new();
	g_ptr_array_add(names, (gpointer)smith_service_seccomp(fleet, service));
	for (char **name = group->services; *name != NULL; name++) {
		const SmithService *member = find_member(fleet, group, *name);
		const char *profile = member != NULL ? smith_service_seccomp(fleet, member) : NULL;
		if (profile != NULL)
			g_ptr_array_add(names, (gpointer)profile);
	}
	g_ptr_array_add(names, NULL);
	if (g_strv_contains((const char *const *)names->pdata, SMITH_SECCOMP_UNCONFINED))
		return g_strdup(SMITH_SECCOMP_UNCONFINED);
	return smith_profile_name_join((const char *const *)names->pdata);
}

void smith_load_supervisor_seccomp(SmithFleet *fleet)
{
	for (guint i = 0; i < fleet->supervisors->len; i++) {
		SmithService *service = fleet->supervisors->pdata[i];
		service->seccomp = join_seccomp(fleet, service);
	}
}

/* What all members say is added up; where one says nothing there is no limit. */
typedef struct {
	SmithLimits sum;
	double cpus;
	guint with_memory;
	guint with_cpus;
	guint with_pids;
	bool unlimited;
	guint members;
} LimitSum;

static void sum_limits(LimitSum *sum, const SmithService *member)
{
	const SmithLimits *limits = member->limits;
	sum->members++;
	if (limits == NULL)
		return;
	sum->sum.memory = add_bounded(sum->sum.memory, limits->memory);
	sum->sum.pids = add_bounded(sum->sum.pids, MAX(limits->pids, 0));
	sum->unlimited = sum->unlimited || limits->pids < 0;
	sum->sum.shm = add_bounded(sum->sum.shm, limits->shm);
	sum->cpus += limits->cpus != NULL ? g_ascii_strtod(limits->cpus, NULL) : 0;
	sum->with_memory += limits->memory > 0;
	sum->with_pids += limits->pids > 0;
	sum->with_cpus += limits->cpus != NULL;
}

static SmithLimits *finish_limits(const LimitSum *sum, SmithPlace place)
{
	char text[G_ASCII_DTOSTR_BUF_SIZE];
	SmithLimits *limits = g_new0(SmithLimits, 1);
	limits->place = place;
	limits->memory = sum->with_memory == sum->members ? sum->sum.memory : 0;
	limits->pids = sum->unlimited ? -1 : sum->with_pids == sum->members ? sum->sum.pids : 0;
	limits->shm = sum->sum.shm;
	if (sum->with_cpus == sum->members && sum->members > 0)
		limits->cpus = g_strdup(g_ascii_formatd(text, sizeof text, "%.6g", sum->cpus));
	return limits;
}

/* Where members differ the first one's word holds. */
static void take_members(const SmithFleet *fleet, SmithService *service, const SmithGroup *group,
			 SmithDiag *diag)
{
	Union texts[7];
	LimitSum limits = {0};
	char ***const lists[] = {&service->tmpfs,	 &service->writable,
				 &service->volume_texts, &service->secrets,
				 &service->devices,	 &service->optional_devices,
				 &service->capabilities};
	for (guint i = 0; i < G_N_ELEMENTS(texts); i++)
		texts[i] = new_union();
	for (char **name = group->services; *name != NULL; name++) {
		const SmithService *member = find_member(fleet, group, *name);
		if (member == NULL)
			continue;
		if (!member->in_pod)
			smith_diag_add_about(diag, SMITH_SEVERITY_ERROR, member->place, "bad-value",
					     member->name,
					     "service '%s' cannot be beside its group '%s', which "
					     "is one container",
					     member->name, group->name);
		char **const own[] = {member->tmpfs,	    member->writable,
				      member->volume_texts, member->secrets,
				      member->devices,	    member->optional_devices,
				      member->capabilities};
		for (guint i = 0; i < G_N_ELEMENTS(texts); i++)
			append_all(&texts[i], own[i]);
		take_ports(service, member);
		take_needs(fleet, service, group, member);
		take_env(service, member);
		take_confinement(service, member);
		service->gpu = MAX(service->gpu, member->gpu);
		sum_limits(&limits, member);
	}
	for (guint i = 0; i < G_N_ELEMENTS(texts); i++)
		*lists[i] = finish(&texts[i]);
	service->limits = finish_limits(&limits, group->place);
}

static void take_times(SmithHealth *health, const SmithHealth *member)
{
	health->interval = MAX(health->interval, member->interval);
	health->timeout = MAX(health->timeout, member->timeout);
	health->start_period = MAX(health->start_period, member->start_period);
	health->retries = MAX(health->retries, member->retries);
}

/* The container is healthy when all members are that must be there: they are asked at once, and
 * each as it is asked in a container of its own. */
static void take_health(const SmithFleet *fleet, SmithService *service, const SmithGroup *group)
{
	const SmithHost *host = smith_fleet_host(fleet, group->host);
	GPtrArray *checks = g_ptr_array_new();
	SmithHealth *health = g_new0(SmithHealth, 1);
	health->kind = SMITH_HEALTH_EXEC;
	health->place = group->place;
	for (char **name = group->services; *name != NULL; name++) {
		const SmithService *member = find_member(fleet, group, *name);
		if (member == NULL || member->health == NULL || !member->required)
			continue;
		if (checks->len > 0)
			g_ptr_array_add(checks, g_strdup("and"));
		smith_runtime_add_check(checks, member, group, host);
		take_times(health, member->health);
	}
	if (checks->len == 0) {
		g_ptr_array_unref(checks);
		g_free(health);
		return;
	}
	GPtrArray *argv = g_ptr_array_new();
	g_ptr_array_add(argv, g_strdup(SMITH_PROBE_COMMAND));
	smith_runtime_add_timeout(argv, health);
	g_ptr_array_extend_and_steal(argv, checks);
	g_ptr_array_add(argv, NULL);
	health->exec = (char **)g_ptr_array_free(argv, FALSE);
	service->health = health;
}

SmithService *smith_load_supervisor(const SmithFleet *fleet, SmithGroup *group, SmithDiag *diag)
{
	SmithService *service = g_new0(SmithService, 1);
	service->name = g_strdup(group->name);
	service->slug = g_strdup(group->slug);
	service->place = group->place;
	service->family = g_strdup(group->family);
	service->family_place = group->place;
	service->app = supervisor_app(fleet, group);
	service->pip = join_pips(fleet, group);
	smith_load_fill_map(&service->env);
	smith_load_fill_map(&service->provides);
	smith_load_fill_map(&service->labels);
	smith_load_fill_map(&service->loosen);
	service->without = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
						 (GDestroyNotify)g_hash_table_unref);
	service->ports = g_ptr_array_new_with_free_func(smith_load_port_free);
	service->needs = g_ptr_array_new_with_free_func(free_need);
	service->variants = g_ptr_array_new();
	service->groups = g_ptr_array_new();
	take_members(fleet, service, group, diag);
	take_health(fleet, service, group);
	smith_load_volumes(fleet, service, NULL, diag);
	g_ptr_array_add(service->groups, group);
	service->required = service->enabled = service->read_only = service->in_pod = true;
	service->supervises = group;
	service->generated = make_config(fleet, group);
	return service;
}
