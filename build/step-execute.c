/* SPDX-License-Identifier: Apache-2.0 */
#include "build/step-execute.h"

#include <string.h>

#include "base/error.h"
#include "build/app.h"
#include "build/step-private.h"
#include "execute/bytecode.h"
#include "execute/keep.h"
#include "execute/pip-install.h"
#include "execute/scratch.h"
#include "fleet/step-limits.h"
#include "fleet/wheel-file.h"
#include "layers/dir.h"
#include "layers/ignore.h"
#include "layers/known.h"
#include "python/pyc.h"
#include "python/wheel-install.h"

#define INPUTS "inputs"

static SmithExecution execution_of(const SmithStepContext *context)
{
	return smith_step_family_context(context).execution;
}

static void set_below(SmithStep *step, const SmithLockBase *base, GPtrArray *below)
{
	step->base = base;
	step->below = g_ptr_array_ref(below);
	for (guint i = 0; i < below->len; i++)
		step->phase = MAX(step->phase, ((SmithStep *)below->pdata[i])->phase + 1);
}

static void add_root(SmithKey *key, const SmithLockBase *base, const GPtrArray *below)
{
	g_autoptr(GPtrArray) keys = g_ptr_array_new();
	for (guint i = 0; i < below->len; i++)
		g_ptr_array_add(keys, ((SmithStep *)below->pdata[i])->key);
	g_ptr_array_add(keys, NULL);
	smith_key_string(key, "base", base->digest);
	smith_key_strv(key, "below", (char **)keys->pdata);
}

/* @what is to execute on it. */
static SmithRoot *root_of(const SmithStepContext *context, const SmithLockBase *base,
			  const GPtrArray *below, const char *what, GError **error)
{
	if (!smith_family_check_platform(context->lock, what, error))
		return NULL;
	g_autoptr(SmithRoot) root = smith_root_of_image(context->store, base->digest, error);
	for (guint i = 0; root != NULL && i < below->len; i++) {
		const SmithLayer *layer = ((SmithStep *)below->pdata[i])->layer;
		smith_root_add(root, layer->digest, layer->media_type, layer->diff_id);
	}
	return g_steal_pointer(&root);
}

/* NAME=VALUE, those of @map over those of @always; sorted. */
static char **make_env(const char *const *always, GHashTable *map)
{
	g_autoptr(GHashTable) all = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	for (; *always != NULL; always++) {
		const char *equals = strchr(*always, '=');
		g_hash_table_replace(all, g_strndup(*always, (gsize)(equals - *always)),
				     g_strdup(equals + 1));
	}
	GHashTableIter iter;
	gpointer name, value;
	g_hash_table_iter_init(&iter, map);
	while (g_hash_table_iter_next(&iter, &name, &value))
		g_hash_table_replace(all, g_strdup(name), g_strdup(value));
	g_autoptr(GList) names = g_list_sort(g_hash_table_get_keys(all), (GCompareFunc)strcmp);
	GPtrArray *env = g_ptr_array_new();
	for (GList *at = names; at != NULL; at = at->next)
		g_ptr_array_add(
			env, g_strconcat(at->data, "=", g_hash_table_lookup(all, at->data), NULL));
	g_ptr_array_add(env, NULL);
	return (char **)g_ptr_array_free(env, FALSE);
}

static char **run_env(const SmithStepContext *context, const SmithRunStep *run)
{
	g_autofree char *path = g_strdup_printf(
		"PATH=/%s/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		context->fleet->prefix);
	g_autofree char *epoch =
		g_strdup_printf("SOURCE_DATE_EPOCH=%" G_GINT64_FORMAT, context->epoch);
	const char *const always[] = {path,
				      "HOME=/root",
				      "LANG=C.UTF-8",
				      "PYTHONHASHSEED=0",
				      "PYTHONDONTWRITEBYTECODE=1",
				      epoch,
				      NULL};
	return make_env(always, run->env);
}

static gboolean read_input(const SmithStepContext *context, const SmithIgnore *ignore,
			   const char *input, GHashTable *seen, GPtrArray *entries, GError **error)
{
	SMITH_AUTO_PREFIX("input", input, error);
	g_autofree char *path = smith_entry_path_normalize(input, error);
	g_autoptr(SmithEntryIter) iter =
		path != NULL ? smith_dir_read(context->fleet->fd, path, path, ignore, error) : NULL;
	if (iter == NULL)
		return FALSE;
	for (;;) {
		g_autoptr(SmithEntry) entry = NULL;
		if (!smith_entry_iter_next(iter, &entry, error))
			return FALSE;
		if (entry == NULL)
			return TRUE;
		/* given twice, or below another one */
		if (g_hash_table_add(seen, g_strdup(entry->path)))
			g_ptr_array_add(entries, g_steal_pointer(&entry));
	}
}

static GPtrArray *read_inputs(const SmithStepContext *context, const SmithRunStep *run,
			      GError **error)
{
	g_autoptr(SmithIgnore) ignore = smith_ignore_load(context->fleet->fd, error);
	g_autoptr(GPtrArray) entries =
		g_ptr_array_new_with_free_func((GDestroyNotify)smith_entry_free);
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	if (ignore == NULL)
		return NULL;
	for (char **input = run->inputs; *input != NULL; input++)
		if (!read_input(context, ignore, *input, seen, entries, error))
			return NULL;
	return g_steal_pointer(&entries);
}

static char **kept_paths(const SmithRunStep *run)
{
	GPtrArray *paths = g_ptr_array_new();
	for (char **path = run->outputs; *path != NULL; path++)
		g_ptr_array_add(paths, smith_entry_path_normalize(*path, NULL));
	g_ptr_array_add(paths, NULL);
	return (char **)g_ptr_array_free(paths, FALSE);
}

/* A layer that was made, or NULL, remembered under its key. */
static SmithLayer *remember(const SmithStep *step, SmithLayer *layer, GError **error)
{
	if (layer == NULL || smith_known_layer_add(step->context->store, step->key, layer, error))
		return layer;
	smith_layer_free(layer);
	return NULL;
}

static SmithLayer *run_step(SmithStep *step, GError **error)
{
	SMITH_AUTO_PREFIX(step->name, NULL, error);
	const SmithStepContext *context = step->context;
	const SmithRunStep *run = step->run;
	static const char *const shell[] = {"/bin/sh", "-e", NULL};
	SmithExecution execution = execution_of(context);
	g_auto(SmithScratch) scratch = SMITH_SCRATCH_INIT;
	g_auto(GStrv) env = run_env(context, run), kept = kept_paths(run);
	g_autoptr(SmithRoot) root = root_of(context, step->base, step->below, step->name, error);
	if (root == NULL || !smith_scratch_make(&scratch, context->store, error) ||
	    !smith_scratch_lay(&scratch, INPUTS, step->entries, context->epoch, error))
		return NULL;
	g_autofree char *inputs = g_build_filename(scratch.path, INPUTS, NULL);
	g_autoptr(GBytes) script =
		run->script != NULL ? g_bytes_new(run->script, strlen(run->script)) : NULL;
	const SmithSandboxBind bind = {inputs, "/run/" INPUTS, false};
	SmithKeep keep = {(const char *const *)kept, context->events, step->name};
	const SmithSandboxStep sandbox = {
		.name = step->name,
		.argv = script != NULL ? shell : (const char *const *)run->command,
		.env = (const char *const *)env,
		.binds = &bind,
		.n_binds = 1,
		.record_owners = true,
		.input = script,
	};
	return remember(step,
			smith_execute_layer(&execution, root, &sandbox, smith_keep, &keep, error),
			error);
}

SmithStep *smith_step_new_run(const SmithStepContext *context, const SmithLockBase *base,
			      const SmithFamily *family, const SmithRunStep *run, GPtrArray *below,
			      GError **error)
{
	g_autofree char *name = g_strdup_printf("run %s %s", family->name, run->name);
	SMITH_AUTO_PREFIX(name, NULL, error);
	g_autoptr(GPtrArray) entries = read_inputs(context, run, error);
	g_autofree char *inputs =
		entries != NULL ? smith_app_pin(entries, context->inputs, error) : NULL;
	if (inputs == NULL)
		return NULL;
	SmithStep *step = smith_step_new(context, g_strdup(name), NULL);
	g_auto(GStrv) env = run_env(context, run);
	set_below(step, base, below);
	step->make = run_step;
	step->run = run;
	step->entries = g_steal_pointer(&entries);
	SmithKey *key = smith_step_key(context, "run");
	smith_key_string(key, "step", run->name);
	smith_key_strv(key, "command", run->command);
	smith_key_string(key, "script", run->script);
	smith_key_strv(key, "env", env);
	smith_key_string(key, "inputs", inputs);
	smith_key_strv(key, "outputs", run->outputs);
	add_root(key, base, below);
	step->key = smith_key_finish(key);
	return step;
}

static SmithLayer *install_step(SmithStep *step, GError **error)
{
	SMITH_AUTO_PREFIX(step->name, NULL, error);
	const SmithStepContext *context = step->context;
	SmithExecution execution = execution_of(context);
	g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GArray) wheels = g_array_new(FALSE, TRUE, sizeof(SmithPipWheel));
	for (guint i = 0; i < step->wheels->len; i++) {
		const SmithLockWheel *wheel = step->wheels->pdata[i];
		char *path = smith_wheel_file_path(context->fleet, context->store, wheel, error);
		if (path == NULL)
			return NULL;
		g_ptr_array_add(paths, path);
		const SmithPipWheel row = {wheel->name, wheel->version, wheel->file, wheel->sha256,
					   path};
		g_array_append_val(wheels, row);
	}
	g_autofree char *minor = smith_step_minor(step->base->python_version);
	g_autoptr(SmithRoot) root = root_of(context, step->base, step->below, step->name, error);
	const SmithPipInstall install = {
		.step = step->name,
		.python = step->base->python,
		.version = minor,
		.prefix = context->fleet->prefix,
		.bytecode = step->bytecode,
		.wheels = wheels,
	};
	return root != NULL
		       ? remember(step, smith_pip_install(&execution, root, &install, error), error)
		       : NULL;
}

SmithStep *smith_step_new_pip(const SmithStepContext *context, const SmithLockBase *base,
			      const char *name, GPtrArray *wheels, const char *bytecode,
			      GPtrArray *below)
{
	SmithStep *step = smith_step_new(context, g_strdup_printf("pip %s", name), NULL);
	set_below(step, base, below);
	step->make = install_step;
	step->bytecode = bytecode;
	step->wheels = g_ptr_array_ref(wheels);
	g_autofree char *installer = smith_pip_installer();
	g_autoptr(GPtrArray) digests = g_ptr_array_new();
	for (guint i = 0; i < wheels->len; i++) {
		const SmithLockWheel *wheel = wheels->pdata[i];
		g_ptr_array_add(digests, wheel->file);
		g_ptr_array_add(digests, wheel->sha256);
		step->weight += (guint64)wheel->size;
	}
	g_ptr_array_add(digests, NULL);
	SmithKey *key = smith_step_key(context, "pip");
	smith_key_strv(key, "wheels", (char **)digests->pdata);
	smith_key_string(key, "prefix", context->fleet->prefix);
	smith_key_string(key, "python", base->python);
	smith_key_string(key, "bytecode", bytecode);
	smith_key_string(key, "installer", installer);
	add_root(key, base, below);
	step->key = smith_key_finish(key);
	return step;
}

void smith_step_set_bytecode(SmithStep *step, const SmithLockBase *base, GPtrArray *below)
{
	g_autofree char *without = g_steal_pointer(&step->key);
	g_autofree char *compiler = smith_bytecode_compiler();
	set_below(step, base, below);
	step->bytecode = SMITH_BYTECODE_UNCHECKED;
	SmithKey *key = smith_step_key(step->context, "bytecode");
	smith_key_string(key, "of", without);
	smith_key_string(key, "python", base->python);
	smith_key_string(key, "compiler", compiler);
	add_root(key, base, below);
	step->key = smith_key_finish(key);
}

/* The sources of a wheel that an import finds, or of an application. */
static gboolean add_sources(SmithBytecode *bytecode, guint unit, const SmithStep *step,
			    const GPtrArray *entries, GError **error)
{
	g_autofree char *minor = smith_step_minor(step->base->python_version);
	g_autofree char *site = step->wheel == NULL
					? g_strdup("")
					: g_strdup_printf("%s/lib/python%s/site-packages/",
							  step->context->fleet->prefix, minor);
	for (guint i = 0; i < entries->len; i++) {
		const SmithEntry *entry = entries->pdata[i];
		if (entry->type == SMITH_ENTRY_FILE && g_str_has_prefix(entry->path, site) &&
		    smith_pyc_is_source(entry->path) &&
		    !smith_bytecode_add(bytecode, unit, entry->path, entry->content, error))
			return FALSE;
	}
	return TRUE;
}

static gboolean add_step(SmithBytecode *bytecode, SmithStep *step, GError **error)
{
	SMITH_AUTO_PREFIX(step->name, NULL, error);
	guint unit = smith_bytecode_add_unit(bytecode, step->name);
	if (step->wheel == NULL)
		return add_sources(bytecode, unit, step, step->entries, error);
	g_autoptr(SmithEntryIter) iter = step->open(step, error);
	g_autoptr(GPtrArray) entries = iter != NULL ? smith_entry_iter_collect(iter, error) : NULL;
	return entries != NULL && add_sources(bytecode, unit, step, entries, error);
}

/* .pyc files beside their sources; one that is there already, of whatever interpreter, goes. */
static void add_to_app(SmithStep *step)
{
	g_autofree char *minor = smith_step_minor(step->base->python_version);
	GHashTableIter iter;
	gpointer source, pyc;
	g_autoptr(GHashTable) paths = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_hash_table_iter_init(&iter, step->pycs);
	while (g_hash_table_iter_next(&iter, &source, NULL))
		g_hash_table_add(paths, smith_pyc_path(source, minor));
	for (guint i = step->entries->len; i > 0; i--)
		if (g_hash_table_contains(paths, ((SmithEntry *)step->entries->pdata[i - 1])->path))
			g_ptr_array_remove_index(step->entries, i - 1);
	g_hash_table_iter_init(&iter, step->pycs);
	while (g_hash_table_iter_next(&iter, &source, &pyc)) {
		g_autofree char *path = smith_pyc_path(source, minor);
		SmithEntry *entry = smith_entry_new(SMITH_ENTRY_FILE, path, 0644);
		entry->content = smith_content_ref(pyc);
		g_ptr_array_add(step->entries, entry);
	}
}

static gboolean compile(const SmithStepContext *context, GPtrArray *steps, GError **error)
{
	const SmithStep *first = steps->pdata[0];
	SmithExecution execution = execution_of(context);
	g_autofree char *minor = smith_step_minor(first->base->python_version);
	g_autoptr(SmithRoot) root = root_of(context, first->base, first->below, "bytecode", error);
	if (root == NULL)
		return FALSE;
	g_autoptr(SmithBytecode) bytecode = smith_bytecode_new(context->store, minor, error);
	if (bytecode == NULL)
		return FALSE;
	for (guint i = 0; i < steps->len; i++)
		if (!add_step(bytecode, steps->pdata[i], error))
			return FALSE;
	if (!smith_bytecode_compile(bytecode, &execution, root, first->base->python, error))
		return FALSE;
	for (guint i = 0; i < steps->len; i++) {
		SmithStep *step = steps->pdata[i];
		step->pycs = smith_bytecode_take(bytecode, i);
		if (step->wheel == NULL)
			add_to_app(step);
	}
	return TRUE;
}

static bool share_root(const SmithStep *a, const SmithStep *b)
{
	if (strcmp(a->base->digest, b->base->digest) != 0 ||
	    strcmp(a->base->python, b->base->python) != 0 || a->below->len != b->below->len)
		return false;
	for (guint i = 0; i < a->below->len; i++)
		if (a->below->pdata[i] != b->below->pdata[i])
			return false;
	return true;
}

gboolean smith_steps_compile(const SmithStepContext *context, GPtrArray *steps, GError **error)
{
	g_autoptr(GPtrArray) left = g_ptr_array_new();
	for (guint i = 0; i < steps->len; i++) {
		SmithStep *step = steps->pdata[i];
		if (step->bytecode != NULL && step->make == NULL)
			g_ptr_array_add(left, step);
	}
	while (left->len > 0) {
		g_autoptr(GPtrArray) group = g_ptr_array_new();
		const SmithStep *first = left->pdata[0];
		for (guint i = 0; i < left->len;) {
			if (share_root(first, left->pdata[i]))
				g_ptr_array_add(group, g_ptr_array_remove_index(left, i));
			else
				i++;
		}
		if (!compile(context, group, error))
			return FALSE;
	}
	return TRUE;
}
