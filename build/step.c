/* SPDX-License-Identifier: Apache-2.0 */
#include "build/step.h"

#include <string.h>

#include "base/digest.h"
#include "base/entry-filter.h"
#include "base/error.h"
#include "base/json.h"
#include "build/app.h"
#include "build/step-private.h"
#include "fleet/lock-apt.h"
#include "fleet/part.h"
#include "fleet/runtime.h"
#include "fleet/step-limits.h"
#include "fleet/wheel-file.h"
#include "layers/known.h"
#include "probe/probe.h"
#include "python/venv.h"
#include "python/wheel-install.h"
#include "store/key.h"

/* Wheels above this are read and inflated on one core while another hashes and writes. */
#define SPLIT_ABOVE (4 * 1024 * 1024)

SmithStep *smith_step_new(const SmithStepContext *context, char *name,
			  SmithEntryIter *(*open)(SmithStep *, GError **))
{
	SmithStep *step = g_new0(SmithStep, 1);
	step->name = name;
	step->context = context;
	step->open = open;
	return step;
}

void smith_step_free(SmithStep *step)
{
	if (step == NULL)
		return;
	g_free(step->name);
	g_free(step->key);
	g_free(step->series);
	smith_layer_free(step->layer);
	g_clear_pointer(&step->entries, g_ptr_array_unref);
	g_clear_pointer(&step->below, g_ptr_array_unref);
	g_clear_pointer(&step->wheels, g_ptr_array_unref);
	g_clear_pointer(&step->pycs, g_hash_table_unref);
	g_free(step);
}

SmithKey *smith_step_key(const SmithStepContext *context, const char *kind)
{
	SmithKey *key = smith_key_new(kind);
	smith_key_string(key, "compression", smith_compression_id(context->compression));
	smith_key_int(key, "epoch", context->epoch);
	return key;
}

/* Entries made here: times, parents and order are what every layer has. */
static SmithEntryIter *open_entries(SmithStep *step, GError **error)
{
	(void)error;
	gint64 epoch = step->context->epoch;
	SmithEntryIter *iter = smith_entry_iter_new_array(g_steal_pointer(&step->entries));
	iter = smith_entry_filter_clamp(iter, epoch, false);
	iter = smith_entry_filter_parents(iter, epoch);
	return smith_entry_filter_sort(iter);
}

static GPtrArray *new_entries(void)
{
	return g_ptr_array_new_with_free_func((GDestroyNotify)smith_entry_free);
}

SmithFamilyContext smith_step_family_context(const SmithStepContext *context)
{
	return (SmithFamilyContext){
		.fleet = context->fleet,
		.lock = context->lock,
		.execution = {.store = context->store,
			      .events = context->events,
			      .mode = context->users,
			      .logs = context->fleet->name,
			      .compression = context->compression,
			      .epoch = context->epoch,
			      .workers = context->workers,
			      .limits = smith_fleet_step_limits(context->fleet)},
	};
}

static SmithLayer *make_apt(SmithStep *step, GError **error)
{
	SmithFamilyContext context = smith_step_family_context(step->context);
	return smith_family_apt_layer(&context, step->family, error);
}

SmithStep *smith_step_new_apt(const SmithStepContext *context, const char *family)
{
	SmithFamilyContext of_family = smith_step_family_context(context);
	SmithStep *step = smith_step_new(context, g_strdup_printf("apt %s", family), NULL);
	step->make = make_apt;
	step->family = family;
	step->phase = smith_family_apt_depth(&of_family, family) - 1;
	step->key = smith_family_apt_key(&of_family, family);
	g_autoptr(GPtrArray) debs = smith_lock_debs_of(
		context->lock, family, smith_lock_family(context->lock, family)->debs, NULL);
	for (guint i = 0; debs != NULL && i < debs->len; i++)
		step->weight += (guint64)((SmithDeb *)debs->pdata[i])->size;
	return step;
}

/* The lines with one of ours at the end, unless the name or the number is taken: then the image
 * already has such a user, which stays as it is. */
static char *with_line(char **lines, const char *name, const char *number, const char *line)
{
	GString *text = g_string_new(NULL);
	bool taken = false;
	for (; lines != NULL && *lines != NULL; lines++) {
		if (**lines == '\0')
			continue;
		g_auto(GStrv) fields = g_strsplit(*lines, ":", 4);
		guint count = g_strv_length(fields);
		taken = taken || strcmp(fields[0], name) == 0 ||
			(count > 2 && strcmp(fields[2], number) == 0);
		g_string_append_printf(text, "%s\n", *lines);
	}
	if (!taken)
		g_string_append_printf(text, "%s\n", line);
	return g_string_free(text, FALSE);
}

SmithStep *smith_step_new_users(const SmithStepContext *context, const SmithLockBase *base)
{
	SmithStep *step = smith_step_new(context, g_strdup("users " SMITH_USER), open_entries);
	g_autofree char *uid = g_strdup_printf("%d", SMITH_UID);
	g_autofree char *gid = g_strdup_printf("%d", SMITH_GID);
	g_autofree char *user = g_strdup_printf(SMITH_USER ":x:%s:%s::%s:/usr/sbin/nologin", uid,
						gid, SMITH_APP_DIRECTORY);
	g_autofree char *team = g_strdup_printf(SMITH_USER ":x:%s:", gid);
	g_autofree char *passwd = with_line(base->passwd, SMITH_USER, uid, user);
	g_autofree char *group = with_line(base->group, SMITH_USER, gid, team);
	SmithKey *key = smith_step_key(context, "users");
	smith_key_string(key, "passwd", passwd);
	smith_key_string(key, "group", group);
	step->key = smith_key_finish(key);
	step->entries = new_entries();
	g_ptr_array_add(step->entries,
			smith_entry_new_file("etc/passwd", 0644, passwd, strlen(passwd)));
	g_ptr_array_add(step->entries,
			smith_entry_new_file("etc/group", 0644, group, strlen(group)));
	return step;
}

static SmithEntryIter *open_probe(SmithStep *step, GError **error)
{
	const SmithStepContext *context = step->context;
	g_autoptr(GBytes) bytes = smith_part_get_probe(context->lock, context->store, error);
	if (bytes == NULL)
		return NULL;
	step->entries = new_entries();
	g_ptr_array_add(step->entries,
			smith_entry_new_file(SMITH_PROBE_PATH, 0755, g_bytes_get_data(bytes, NULL),
					     g_bytes_get_size(bytes)));
	return open_entries(step, error);
}

SmithStep *smith_step_new_probe(const SmithStepContext *context)
{
	const SmithLockPart *part = smith_lock_part(context->lock, SMITH_PART_PROBE);
	SmithStep *step = smith_step_new(context, g_strdup("probe"), open_probe);
	SmithKey *key = smith_step_key(context, "probe");
	smith_key_string(key, "path", SMITH_PROBE_PATH);
	smith_key_string(key, "sha256", part->sha256);
	step->key = smith_key_finish(key);
	step->apart = true;
	return step;
}

/* "3.11.2" -> "3.11" */
char *smith_step_minor(const char *version)
{
	const char *dot = strchr(version, '.');
	const char *second = dot != NULL ? strchr(dot + 1, '.') : NULL;
	return second != NULL ? g_strndup(version, second - version) : g_strdup(version);
}

static SmithEntryIter *open_venv(SmithStep *step, GError **error)
{
	const SmithLockBase *base = step->base;
	g_autofree char *minor = smith_step_minor(base->python_version);
	g_autofree char *home = g_path_get_dirname(base->python);
	SmithVenvSpec spec = {
		.prefix = step->context->fleet->prefix,
		.python = minor,
		.full_version = base->python_version,
		.interpreter = base->python,
		.home = home,
		.epoch = step->context->epoch,
	};
	return smith_venv_entries(&spec, error);
}

SmithStep *smith_step_new_venv(const SmithStepContext *context, const SmithLockBase *base)
{
	SmithStep *step = smith_step_new(
		context, g_strdup_printf("venv /%s", context->fleet->prefix), open_venv);
	step->base = base;
	SmithKey *key = smith_step_key(context, "venv");
	smith_key_string(key, "prefix", context->fleet->prefix);
	smith_key_string(key, "python", base->python);
	smith_key_string(key, "version", base->python_version);
	step->key = smith_key_finish(key);
	return step;
}

/* Its errors do not say which wheel it is; those of smith_wheel_entries() do. */
static SmithWheel *open_wheel_file(const SmithStep *step, GError **error)
{
	SMITH_AUTO_PREFIX("wheel", step->wheel->file, error);
	return smith_wheel_file_open(step->context->fleet, step->context->store, step->wheel,
				     error);
}

static SmithEntryIter *open_wheel(SmithStep *step, GError **error)
{
	const SmithStepContext *context = step->context;
	g_autoptr(SmithWheel) wheel = open_wheel_file(step, error);
	if (wheel == NULL)
		return NULL;
	g_autofree char *minor = smith_step_minor(step->base->python_version);
	g_autofree char *interpreter = smith_runtime_python(context->fleet);
	SmithInstallTarget target = {
		.prefix = context->fleet->prefix,
		.python = minor,
		.interpreter = interpreter,
		.epoch = context->epoch,
		/* the lock was made of wheels that passed, and these are those bytes */
		.verified = true,
		.pycs = step->pycs,
	};
	return smith_wheel_entries(wheel, &target, error);
}

SmithStep *smith_step_new_wheel(const SmithStepContext *context, const SmithLockBase *base,
				const SmithLockWheel *wheel)
{
	char *name = g_strdup_printf("wheel %s %s", wheel->name, wheel->version);
	SmithStep *step = smith_step_new(context, name, open_wheel);
	step->base = base;
	step->wheel = wheel;
	step->weight = (guint64)wheel->size;
	g_autofree char *minor = smith_step_minor(base->python_version);
	SmithKey *key = smith_step_key(context, "wheel");
	smith_key_string(key, "sha256", wheel->sha256);
	smith_key_string(key, "file", wheel->file);
	smith_key_string(key, "prefix", context->fleet->prefix);
	smith_key_string(key, "python", minor);
	smith_key_string(key, "bytecode", "none");
	step->key = smith_key_finish(key);
	return step;
}

static char *pin(const SmithStepContext *context, GPtrArray *entries, const SmithService *service,
		 GError **error)
{
	SMITH_AUTO_PREFIX("service", service->name, error);
	return smith_app_pin(entries, context->inputs, error);
}

SmithStep *smith_step_new_app(const SmithStepContext *context, const SmithService *service,
			      GError **error)
{
	g_autoptr(GPtrArray) entries = smith_app_entries(context->fleet, service, error);
	if (entries == NULL)
		return NULL;
	SmithKey *key = smith_step_key(context, "app");
	g_autofree char *digest = pin(context, entries, service, error);
	smith_key_string(key, "files", digest);
	g_autofree char *finished = smith_key_finish(key);
	if (digest == NULL)
		return NULL;
	SmithStep *step =
		smith_step_new(context, g_strdup_printf("app %s", service->name), open_entries);
	step->key = g_steal_pointer(&finished);
	key = smith_step_key(context, "app series");
	smith_key_string(key, "fleet", context->fleet->name);
	smith_key_string(key, "service", service->name);
	step->series = smith_key_finish(key);
	step->entries = g_steal_pointer(&entries);
	for (guint i = 0; i < step->entries->len; i++)
		step->weight += smith_entry_size(step->entries->pdata[i]);
	return step;
}

SmithStep *smith_step_new_machine(const SmithStepContext *context, const SmithHost *host)
{
	SmithStep *step = smith_step_new(context, g_strdup_printf("machine profile %s", host->name),
					 open_entries);
	g_autoptr(SmithNode) profile = smith_node_new(SMITH_NODE_MAP);
	GHashTableIter iter;
	gpointer name, value;
	g_hash_table_iter_init(&iter, host->machine);
	while (g_hash_table_iter_next(&iter, &name, &value))
		smith_node_set(profile, name, smith_node_new_string(value));
	gsize length = 0;
	g_autofree char *text =
		smith_json_write(profile, SMITH_JSON_PRETTY | SMITH_JSON_SORTED, &length);
	SmithKey *key = smith_step_key(context, "machine");
	smith_key_string(key, "profile", text);
	step->key = smith_key_finish(key);
	step->entries = new_entries();
	g_ptr_array_add(step->entries,
			smith_entry_new_file("etc/machine-profile.json", 0644, text, length));
	return step;
}

gboolean smith_step_look_up(SmithStep *step)
{
	step->layer = smith_known_layer(step->context->store, step->key);
	step->cached = step->layer != NULL;
	return step->cached;
}

static gboolean write_layer(SmithStep *step, SmithEntryIter *iter, GError **error)
{
	SMITH_AUTO_PREFIX(step->name, NULL, error);
	const SmithStepContext *context = step->context;
	bool split = context->workers > 1 && step->weight > SPLIT_ABOVE;
	g_autoptr(SmithLayer) last =
		step->series != NULL ? smith_known_layer(context->store, step->series) : NULL;
	const SmithLayerOptions options = {
		.compression = context->compression,
		.split = split,
		.blobs_dirfd = smith_layout_blobs_fd(smith_store_layout(context->store)),
		.like = last != NULL ? last->digest : NULL,
	};
	step->layer = smith_layer_write(iter, &options, error);
	return step->layer != NULL &&
	       smith_known_layer_add(context->store, step->key, step->layer, error) &&
	       (step->series == NULL ||
		smith_known_layer_add(context->store, step->series, step->layer, error));
}

gboolean smith_step_run(SmithStep *step, GError **error)
{
	if (step->make != NULL) {
		step->layer = step->make(step, error);
		return step->layer != NULL;
	}
	g_autoptr(SmithEntryIter) iter = step->open(step, error);
	return iter != NULL && write_layer(step, iter, error);
}
