/* SPDX-License-Identifier: Apache-2.0 */
#include "build/build.h"

#include <string.h>

#include "base/error.h"
#include "base/pool.h"
#include "build/image.h"
#include "build/step-execute.h"
#include "fleet/base-image.h"
#include "fleet/bootstrap-base.h"
#include "fleet/part.h"
#include "fleet/profile.h"
#include "fleet/sdist.h"

/* One image to make: a service on a host, or a family. */
typedef struct {
	const SmithService *service; /* NULL: a family */
	const char *family;
	const SmithHost *host; /* NULL: no machine profile */
	char *name;
	const SmithLockBase *base;
	GPtrArray *steps; /* (element-type SmithStep*, borrowed) */
	guint packages;	  /* so many of them are packages on the base */
	guint skeleton;	  /* so many make an empty venv */
} Job;

typedef struct {
	const SmithBuildOptions *options;
	SmithStepContext context;
	GPtrArray *jobs;      /* (element-type Job*) */
	GPtrArray *steps;     /* (element-type SmithStep*) each key once, in plan order */
	GHashTable *by_key;   /* key -> SmithStep*, borrowed */
	GHashTable *profiles; /* name of a seccomp profile -> its text */
	SmithJudging judging;
} Plan;

static void job_free(gpointer data)
{
	Job *job = data;
	g_free(job->name);
	g_clear_pointer(&job->steps, g_ptr_array_unref);
	g_free(job);
}

static void plan_clear(Plan *plan)
{
	smith_judging_clear(&plan->judging);
	g_clear_pointer(&plan->jobs, g_ptr_array_unref);
	g_clear_pointer(&plan->steps, g_ptr_array_unref);
	g_clear_pointer(&plan->by_key, g_hash_table_unref);
	g_clear_pointer(&plan->profiles, g_hash_table_unref);
	g_clear_pointer(&plan->context.inputs, smith_inputs_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Plan, plan_clear)

static void add_job(Plan *plan, const SmithService *service, const char *family,
		    const SmithHost *host)
{
	const SmithFleet *fleet = plan->options->fleet;
	g_autofree char *name = service != NULL ? smith_fleet_image_name(fleet, service, host)
						: smith_fleet_family_image_name(fleet, family);
	for (guint i = 0; i < plan->jobs->len; i++)
		if (strcmp(((Job *)plan->jobs->pdata[i])->name, name) == 0)
			return;
	Job *job = g_new0(Job, 1);
	job->service = service;
	job->family = family;
	job->host = host;
	job->name = g_steal_pointer(&name);
	job->steps = g_ptr_array_new();
	g_ptr_array_add(plan->jobs, job);
}

/* One image for each host that runs it; hosts with equal profiles share a name and so an image. */
static void add_service(Plan *plan, const SmithService *service, const SmithHost *only)
{
	g_autoptr(GPtrArray) hosts = smith_fleet_hosts_of(plan->options->fleet, service);
	if (hosts->len == 0)
		add_job(plan, service, service->family, NULL);
	for (guint i = 0; i < hosts->len; i++)
		if (only == NULL || only == hosts->pdata[i])
			add_job(plan, service, service->family, hosts->pdata[i]);
}

/* The members of a supervised group are in one image, and upstream images are not ours to make. */
static void add_group(Plan *plan, const SmithGroup *group)
{
	const SmithFleet *fleet = plan->options->fleet;
	const SmithHost *host = smith_fleet_host(fleet, group->host);
	const SmithService *supervisor = smith_group_supervisor(fleet, group);
	if (supervisor != NULL) {
		add_service(plan, supervisor, host);
		return;
	}
	for (char **name = group->services; *name != NULL; name++) {
		const SmithService *service = smith_fleet_service(fleet, *name);
		if (service->image == NULL)
			add_service(plan, service, host);
	}
}

static gboolean add_host(Plan *plan, const char *name, GError **error)
{
	const SmithFleet *fleet = plan->options->fleet;
	const SmithHost *host = smith_fleet_host(fleet, name);
	if (host == NULL)
		return smith_throw(error, SMITH_ERROR_USAGE, "no host '%s' in the fleet", name);
	for (guint i = 0; i < fleet->groups->len; i++) {
		const SmithGroup *group = fleet->groups->pdata[i];
		if (strcmp(group->host, host->name) == 0)
			add_group(plan, group);
	}
	return TRUE;
}

static gboolean throw_unknown_target(const SmithFleet *fleet, const char *target, GError **error)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new();
	const GPtrArray *lists[] = {fleet->built, fleet->groups, fleet->families};
	for (guint i = 0; i < G_N_ELEMENTS(lists); i++)
		for (guint j = 0; j < lists[i]->len; j++)
			g_ptr_array_add(names, *(char **)lists[i]->pdata[j]);
	g_ptr_array_add(names, NULL);
	const char *nearest = smith_nearest(target, (const char *const *)names->pdata);
	return smith_throw(error, SMITH_ERROR_USAGE,
			   "'%s' is no service, group, family or @host of the fleet%s%s%s", target,
			   nearest ? " (did you mean '" : "", nearest ? nearest : "",
			   nearest ? "'?)" : "");
}

/* "SERVICE@HOST": its image for that host. */
static gboolean add_service_on(Plan *plan, const char *target, const char *at, GError **error)
{
	const SmithFleet *fleet = plan->options->fleet;
	g_autofree char *name = g_strndup(target, (gsize)(at - target));
	const SmithService *service = smith_fleet_service(fleet, name);
	const SmithHost *host = smith_fleet_host(fleet, at + 1);
	if (host == NULL)
		return smith_throw(error, SMITH_ERROR_USAGE, "no host '%s' in the fleet", at + 1);
	if (service == NULL || service->image != NULL)
		return throw_unknown_target(fleet, name, error);
	if (smith_service_group(service, host) == NULL)
		return smith_throw(error, SMITH_ERROR_USAGE, "no group of host '%s' has '%s'",
				   host->name, service->name);
	add_service(plan, service, host);
	return TRUE;
}

static gboolean add_target(Plan *plan, const char *target, GError **error)
{
	const SmithFleet *fleet = plan->options->fleet;
	const char *at = strchr(target, '@');
	if (at == target)
		return add_host(plan, target + 1, error);
	if (at != NULL)
		return add_service_on(plan, target, at, error);
	const SmithService *service = smith_fleet_service(fleet, target);
	const SmithGroup *group = smith_fleet_group(fleet, target);
	const SmithFamily *family = smith_fleet_family(fleet, target);
	if (service != NULL && service->image != NULL)
		return smith_throw(error, SMITH_ERROR_USAGE,
				   "'%s' is the upstream image '%s': there is nothing to build",
				   target, service->image);
	if (service != NULL)
		add_service(plan, service, NULL);
	else if (group != NULL)
		add_group(plan, group);
	else if (family != NULL)
		add_job(plan, NULL, family->name, NULL);
	else
		return throw_unknown_target(fleet, target, error);
	return TRUE;
}

static gboolean add_targets(Plan *plan, GError **error)
{
	const SmithFleet *fleet = plan->options->fleet;
	char **targets = plan->options->targets;
	if (targets == NULL || *targets == NULL) {
		if (fleet->built->len == 0)
			return smith_throw(error, SMITH_ERROR_INVALID,
					   "fleet '%s' has no service to build; name a family to "
					   "build that",
					   fleet->name);
		for (guint i = 0; i < fleet->built->len; i++)
			add_service(plan, fleet->built->pdata[i], NULL);
		return TRUE;
	}
	for (; *targets != NULL; targets++)
		if (!add_target(plan, *targets, error))
			return FALSE;
	return TRUE;
}

/* The first @count steps of @job: what a step may execute on. */
static GPtrArray *below(const Job *job, guint count)
{
	GPtrArray *steps = g_ptr_array_new();
	for (guint i = 0; i < count; i++)
		if (!((SmithStep *)job->steps->pdata[i])->apart)
			g_ptr_array_add(steps, job->steps->pdata[i]);
	return steps;
}

/* Takes @step; a step of the same key that the plan has already stands for it. */
static void add_step(Plan *plan, Job *job, SmithStep *step)
{
	SmithStep *known = g_hash_table_lookup(plan->by_key, step->key);
	if (known != NULL) {
		smith_step_free(step);
	} else {
		g_ptr_array_add(plan->steps, step);
		g_hash_table_insert(plan->by_key, step->key, step);
		known = step;
		(void)smith_step_look_up(step);
	}
	g_ptr_array_add(job->steps, known);
}

static gboolean need_python(const SmithLockBase *base, GError **error)
{
	if (base->python != NULL && base->python_version != NULL)
		return TRUE;
	return smith_throw(error, SMITH_ERROR_INVALID, "base '%s' has no Python interpreter",
			   base->from);
}

/* One layer for each family of the chain that has packages, the root's first. */
static void add_apt_steps(Plan *plan, Job *job)
{
	const char *base = NULL;
	g_autoptr(GPtrArray) chain = smith_fleet_chain(plan->options->fleet, job->family, &base);
	for (guint i = 0; i < chain->len; i++) {
		const SmithFamily *family = chain->pdata[i];
		const SmithLockSet *set = smith_lock_family(plan->options->lock, family->name);
		if (set != NULL && set->debs != NULL && *set->debs != NULL)
			add_step(plan, job, smith_step_new_apt(&plan->context, family->name));
	}
}

/* By the interpreter of the base alone where it has one, so that packages on it make no other
 * layers. */
static void set_bytecode(const Plan *plan, const Job *job, SmithStep *step)
{
	const SmithBuildOptions *options = plan->options;
	const char *bytecode = smith_fleet_bytecode(options->fleet, job->family);
	const SmithLockBase *alone =
		smith_lock_base(options->lock, smith_fleet_base(options->fleet, job->family));
	bool has_python = alone != NULL && g_strcmp0(alone->python, job->base->python) == 0;
	g_autoptr(GPtrArray) root = below(job, has_python ? 0 : job->packages);
	if (strcmp(bytecode, SMITH_BYTECODE_UNCHECKED) == 0)
		smith_step_set_bytecode(step, job->base, root);
}

/* Those of @wheels that @set lists. */
static void add_set(Plan *plan, Job *job, const SmithLockSet *set, const GPtrArray *wheels,
		    const char *installer)
{
	g_autoptr(GPtrArray) own = g_ptr_array_new();
	for (guint i = 0; set != NULL && set->wheels != NULL && i < wheels->len; i++) {
		SmithLockWheel *wheel = wheels->pdata[i];
		if (g_strv_contains((const char *const *)set->wheels, wheel->file))
			g_ptr_array_add(own, wheel);
	}
	if (own->len > 0 && strcmp(installer, SMITH_INSTALLER_PIP) == 0) {
		const char *bytecode = smith_fleet_bytecode(plan->options->fleet, job->family);
		g_autoptr(GPtrArray) root = below(job, job->skeleton);
		add_step(plan, job,
			 smith_step_new_pip(&plan->context, job->base, set->name, own, bytecode,
					    root));
		return;
	}
	for (guint i = 0; i < own->len; i++) {
		SmithStep *step = smith_step_new_wheel(&plan->context, job->base, own->pdata[i]);
		set_bytecode(plan, job, step);
		add_step(plan, job, step);
	}
}

static gboolean add_run_steps(Plan *plan, Job *job, const SmithFamily *family, GError **error)
{
	for (guint i = 0; i < family->run->len; i++) {
		g_autoptr(GPtrArray) root = below(job, job->steps->len);
		SmithStep *step = smith_step_new_run(&plan->context, job->base, family,
						     family->run->pdata[i], root, error);
		if (step == NULL)
			return FALSE;
		add_step(plan, job, step);
	}
	return TRUE;
}

/* The chain's root first: each family's wheels, then its own steps. */
static gboolean add_installed(Plan *plan, Job *job, GError **error)
{
	const SmithBuildOptions *options = plan->options;
	const char *service = job->service != NULL ? job->service->name : NULL, *base = NULL;
	g_autoptr(GPtrArray) chain = smith_fleet_chain(options->fleet, job->family, &base);
	g_autoptr(GPtrArray) wheels =
		smith_lock_wheels_of(options->lock, options->fleet, job->family, service, error);
	if (wheels == NULL)
		return FALSE;
	for (guint i = 0; i < chain->len; i++) {
		const SmithFamily *family = chain->pdata[i];
		add_set(plan, job, smith_lock_family(options->lock, family->name), wheels,
			smith_fleet_installer(options->fleet, family->name, NULL));
		if (!add_run_steps(plan, job, family, error))
			return FALSE;
	}
	if (service != NULL)
		add_set(plan, job, smith_lock_service(options->lock, service), wheels,
			smith_fleet_installer(options->fleet, job->family, job->service));
	return TRUE;
}

static gboolean add_app(Plan *plan, Job *job, GError **error)
{
	if (job->service == NULL)
		return TRUE;
	SmithStep *app = smith_step_new_app(&plan->context, job->service, error);
	if (app == NULL)
		return FALSE;
	set_bytecode(plan, job, app);
	add_step(plan, job, app);
	return TRUE;
}

static gboolean add_job_steps(Plan *plan, Job *job, GError **error)
{
	const SmithBuildOptions *options = plan->options;
	const char *from = smith_fleet_base(options->fleet, job->family);
	job->base = smith_lock_base_of(options->lock, options->fleet, job->family);
	if (job->base == NULL)
		return smith_throw(error, SMITH_ERROR_STALE, "base '%s' is not in '%s'", from,
				   SMITH_LOCK_FILE);
	/* a family may be there for the packages alone */
	bool has_venv = job->service != NULL || job->base->python != NULL;
	if (has_venv && !need_python(job->base, error))
		return FALSE;
	add_apt_steps(plan, job);
	job->packages = job->steps->len;
	add_step(plan, job, smith_step_new_users(&plan->context, job->base));
	if (smith_lock_part(options->lock, SMITH_PART_PROBE) != NULL)
		add_step(plan, job, smith_step_new_probe(&plan->context));
	if (has_venv)
		add_step(plan, job, smith_step_new_venv(&plan->context, job->base));
	job->skeleton = job->steps->len;
	if (!add_installed(plan, job, error) || !add_app(plan, job, error))
		return FALSE;
	if (job->host != NULL)
		add_step(plan, job, smith_step_new_machine(&plan->context, job->host));
	return TRUE;
}

static gboolean import_bases(const Plan *plan, GError **error)
{
	const SmithBuildOptions *options = plan->options;
	g_autoptr(GHashTable) done = g_hash_table_new(NULL, NULL);
	SmithFamilyContext context = smith_step_family_context(&plan->context);
	for (guint i = 0; i < plan->jobs->len; i++) {
		const Job *job = plan->jobs->pdata[i];
		if (!g_hash_table_add(done, (gpointer)job->base))
			continue;
		if (job->base->debs != NULL
			    ? !smith_bootstrap_import(&context, job->base, error)
			    : !smith_base_import(options->fleet, options->store, job->base,
						 options->lock->platform, error))
			return FALSE;
	}
	return TRUE;
}

static gpointer run_step(gpointer item, GError **error)
{
	return smith_step_run(item, error) ? item : NULL;
}

/* What is to be made in @phase. */
static GPtrArray *steps_of(const Plan *plan, guint phase)
{
	GPtrArray *steps = g_ptr_array_new();
	for (guint i = 0; i < plan->steps->len; i++) {
		SmithStep *step = plan->steps->pdata[i];
		if (step->phase == phase && !step->cached)
			g_ptr_array_add(steps, step);
	}
	return steps;
}

static gboolean run_phase(Plan *plan, guint phase, SmithBuildResult *result, GError **error)
{
	SmithEvents *events = plan->options->events;
	g_autoptr(GPtrArray) steps = steps_of(plan, phase);
	g_autoptr(SmithPool) pool = smith_pool_new(plan->options->workers);
	for (guint i = 0; i < steps->len; i++) {
		SmithStep *step = steps->pdata[i];
		smith_events_start(events, step->name);
		smith_pool_submit(pool, run_step, step, step->weight, NULL);
	}
	if (!smith_steps_compile(&plan->context, steps, error))
		return FALSE;
	while (smith_pool_pending(pool) > 0) {
		gpointer done = NULL;
		if (!smith_pool_take(pool, &done, error))
			return FALSE;
		const SmithStep *step = done;
		result->steps_made++;
		result->bytes_written += step->layer->size;
		smith_events_done(plan->options->events, step->name, step->layer->digest,
				  step->layer->size, false);
	}
	return TRUE;
}

/* Wheels of source distributions that the store does not have are built before anything reads
 * them. */
static gboolean provide_wheels(const Plan *plan, GError **error)
{
	SmithFamilyContext context = smith_step_family_context(&plan->context);
	for (guint i = 0; i < plan->steps->len; i++) {
		const SmithStep *step = plan->steps->pdata[i];
		if (step->cached)
			continue;
		if (step->wheel != NULL && !smith_sdist_provide(&context, step->wheel, error))
			return FALSE;
		for (guint j = 0; step->wheels != NULL && j < step->wheels->len; j++)
			if (!smith_sdist_provide(&context, step->wheels->pdata[j], error))
				return FALSE;
	}
	return TRUE;
}

static gboolean run_steps(Plan *plan, SmithBuildResult *result, GError **error)
{
	guint last = 0;
	for (guint i = 0; i < plan->steps->len; i++) {
		SmithStep *step = plan->steps->pdata[i];
		last = MAX(last, step->phase);
		if (!step->cached) {
			smith_judging_begin(&plan->judging);
			continue;
		}
		result->steps_known++;
		smith_events_done(plan->options->events, step->name, step->layer->digest, 0, true);
	}
	if (!provide_wheels(plan, error))
		return FALSE;
	for (guint phase = 0; phase <= last; phase++)
		if (!run_phase(plan, phase, result, error))
			return FALSE;
	return TRUE;
}

static void image_free(gpointer data)
{
	SmithBuiltImage *image = data;
	g_free(image->name);
	g_free(image->subject);
	g_free(image->host);
	g_free(image->config_digest);
	smith_descriptor_free(image->manifest);
	g_free(image);
}

/* Hosts of one profile share an image. */
static bool is_for_one_host(const Plan *plan, const Job *job)
{
	const SmithFleet *fleet = plan->options->fleet;
	if (job->host == NULL)
		return false;
	g_autoptr(GPtrArray) hosts = smith_fleet_hosts_of(fleet, job->service);
	return hosts->len == 1 || smith_fleet_image_is_own(fleet, job->service);
}

/* The text of the job's seccomp profile, read once for all images that have it; NULL with *ok when
 * it is to have none. */
static const char *find_profile(Plan *plan, const Job *job, gboolean *ok, GError **error)
{
	const SmithBuildOptions *options = plan->options;
	const char *name = smith_fleet_profile(options->fleet, job->service, job->family);
	char *text = g_hash_table_lookup(plan->profiles, name);
	*ok = TRUE;
	if (text != NULL || strcmp(name, SMITH_PROFILE_UNCONFINED) == 0)
		return text;
	text = smith_fleet_profile_text(options->fleet, options->lock, options->store, name, error);
	*ok = text != NULL;
	if (text != NULL)
		g_hash_table_insert(plan->profiles, g_strdup(name), text);
	return text;
}

static SmithBuiltImage *write_image(Plan *plan, const Job *job, GError **error)
{
	SMITH_AUTO_PREFIX("image", job->name, error);
	gboolean ok;
	const char *profile = find_profile(plan, job, &ok, error);
	if (!ok)
		return NULL;
	SmithImageSpec spec = {&plan->context, job->base,  job->service,
			       job->family,    job->steps, profile};
	g_autoptr(SmithManifest) says = NULL;
	g_autoptr(SmithDescriptor) manifest = smith_image_write(&spec, &says, error);
	if (manifest == NULL)
		return NULL;
	smith_descriptor_set_annotation(manifest, SMITH_ANNOTATION_REF_NAME, job->name);
	SmithBuiltImage *image = g_new0(SmithBuiltImage, 1);
	image->name = g_strdup(job->name);
	image->subject = g_strdup(job->service != NULL ? job->service->name : job->family);
	image->host = is_for_one_host(plan, job) ? g_strdup(job->host->name) : NULL;
	image->config_digest = g_strdup(says->config->digest);
	image->manifest = g_steal_pointer(&manifest);
	image->layers = says->layers->len;
	for (guint i = 0; i < says->layers->len; i++)
		image->bytes += (guint64)((SmithDescriptor *)says->layers->pdata[i])->size;
	return image;
}

/* The nearest limit of the image's families holds. */
static gboolean check_size(const Plan *plan, const Job *job, const SmithBuiltImage *image,
			   GError **error)
{
	const char *base = NULL;
	g_autoptr(GPtrArray) chain = smith_fleet_chain(plan->options->fleet, job->family, &base);
	for (guint i = chain->len; i-- > 0;) {
		const SmithFamily *family = chain->pdata[i];
		if (family->size == NULL || family->size->max == 0)
			continue;
		if (image->bytes <= (guint64)family->size->max)
			return TRUE;
		return smith_throw(error, SMITH_ERROR_FINDINGS,
				   "image '%s' has %" G_GUINT64_FORMAT " bytes of layers, family "
				   "'%s' allows at most %" G_GINT64_FORMAT " (%s)",
				   image->name, image->bytes, family->name, family->size->max,
				   family->size->max_text);
	}
	return TRUE;
}

static gboolean write_images(Plan *plan, SmithBuildResult *result, GError **error)
{
	g_autoptr(GPtrArray) refs = g_ptr_array_new();
	for (guint i = 0; i < plan->jobs->len; i++) {
		SmithBuiltImage *image = write_image(plan, plan->jobs->pdata[i], error);
		if (image == NULL)
			return FALSE;
		g_ptr_array_add(result->images, image);
		g_ptr_array_add(refs, image->manifest);
		if (!check_size(plan, plan->jobs->pdata[i], image, error))
			return FALSE;
	}
	const SmithLayout *layout = smith_store_layout(plan->options->store);
	gboolean has;
	if (!smith_layout_has_refs(layout, refs, &has, error))
		return FALSE;
	/* a build that was judged badly made layers, which are known to the next one */
	return has || (smith_judging_end(&plan->judging, error) &&
		       smith_layout_set_refs(layout, refs, error));
}

SmithBuildResult *smith_build(const SmithBuildOptions *options, GError **error)
{
	g_auto(Plan) plan = {.options = options,
			     .judging = {options->judge, options->judge_data, NULL, NULL}};
	plan.context = (SmithStepContext){
		options->fleet, options->lock,	  options->store, options->compression,
		options->epoch, options->workers, NULL,		  options->events,
		options->users};
	plan.context.inputs = smith_inputs_load(options->store);
	plan.jobs = g_ptr_array_new_with_free_func(job_free);
	plan.steps = g_ptr_array_new_with_free_func((GDestroyNotify)smith_step_free);
	plan.by_key = g_hash_table_new(g_str_hash, g_str_equal);
	plan.profiles = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	if (!add_targets(&plan, error))
		return NULL;
	for (guint i = 0; i < plan.jobs->len; i++)
		if (!add_job_steps(&plan, plan.jobs->pdata[i], error))
			return NULL;
	g_autoptr(SmithBuildResult) result = g_new0(SmithBuildResult, 1);
	result->images = g_ptr_array_new_with_free_func(image_free);
	if (!import_bases(&plan, error) || !run_steps(&plan, result, error) ||
	    !write_images(&plan, result, error))
		return NULL;
	/* when all was known nothing is written, not even what was read to find that out */
	if (result->steps_made > 0 && !smith_inputs_save(plan.context.inputs, error))
		return NULL;
	return g_steal_pointer(&result);
}

void smith_build_result_free(SmithBuildResult *result)
{
	if (result == NULL)
		return;
	g_clear_pointer(&result->images, g_ptr_array_unref);
	g_free(result);
}
