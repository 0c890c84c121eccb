/* SPDX-License-Identifier: Apache-2.0 */
#include "fleet/reach.h"

#include <string.h>

#include "base/error.h"
#include "fleet/links.h"
#include "python/stdlib.h"

struct SmithReachCache {
	SmithModules *modules;
	SmithLinkNames imports;
	guint walk; /* the number of the last one */
};

/* One walk. Modules, sources and names are marked with its number instead of being put into tables:
 * most of the walks of a fleet go through the same files. */
typedef struct {
	SmithReachCache *cache;
	SmithReach *reach;
	GPtrArray *queue; /* (element-type SmithModule*) */
	const SmithModule *entry;
	guint hard; /* so many of the queue, from its start */
	guint minor;
} Walk;

SmithReachCache *smith_reach_cache_new(int dirfd)
{
	SmithReachCache *cache = g_new0(SmithReachCache, 1);
	cache->modules = smith_modules_new(dirfd, smith_links_free);
	smith_link_names_init(&cache->imports);
	return cache;
}

void smith_reach_cache_free(SmithReachCache *cache)
{
	if (cache == NULL)
		return;
	smith_modules_free(cache->modules);
	smith_link_names_clear(&cache->imports);
	g_free(cache);
}

void smith_reach_free(SmithReach *reach)
{
	if (reach == NULL)
		return;
	g_ptr_array_unref(reach->broken);
	g_ptr_array_unref(reach->files);
	g_ptr_array_unref(reach->imports);
	g_ptr_array_unref(reach->missing);
	g_free(reach);
}

static SmithReach *reach_new(void)
{
	SmithReach *reach = g_new0(SmithReach, 1);
	reach->files = g_ptr_array_new_with_free_func(g_free);
	reach->broken = g_ptr_array_new();
	reach->imports = g_ptr_array_new_with_free_func(g_free);
	reach->missing = g_ptr_array_new_with_free_func(g_free);
	return reach;
}

/* --- the walk */

static void visit(Walk *self, SmithModule *module, const SmithReachFile *from, guint line,
		  bool hard)
{
	if (module->walk == self->cache->walk)
		return;
	module->walk = self->cache->walk;
	g_ptr_array_add(self->queue, module);
	SmithModuleSource *source = module->source;
	if (source->walk == self->cache->walk)
		return; /* the same file by another name */
	SmithReachFile *file = g_new0(SmithReachFile, 1);
	file->source = source;
	file->from = from;
	file->line = line;
	file->hard = hard;
	source->walk = self->cache->walk;
	source->walk_data = file;
	g_ptr_array_add(self->reach->files, file);
}

static bool applies(const Walk *self, const SmithModule *module, const SmithLink *link)
{
	return !link->main_only || module == self->entry;
}

/* Follows the links of @module that are as @hard as that. */
static void follow(Walk *self, SmithModule *module, bool hard, bool all)
{
	const GArray *links = smith_module_links(module, &self->cache->imports);
	for (guint i = 0; i < links->len; i++) {
		const SmithLink *link = &g_array_index(links, SmithLink, i);
		if (link->module != NULL && (all || link->hard == hard) &&
		    applies(self, module, link))
			visit(self, link->module, module->source->walk_data, link->line, hard);
	}
}

static void take_name(Walk *self, const SmithModule *module, const SmithLink *link, bool hard)
{
	SmithLinkName *name = link->name;
	GPtrArray *list = link->missing ? self->reach->missing : self->reach->imports;
	SmithReachName *found = name->walk == self->cache->walk ? name->walk_data : NULL;
	if (found != NULL && (found->hard || !hard))
		return;
	if (found == NULL) {
		if (!link->missing && smith_stdlib_has(name->name, self->minor))
			return;
		found = g_new0(SmithReachName, 1);
		g_ptr_array_add(list, found);
		name->walk = self->cache->walk;
		name->walk_data = found;
	}
	*found = (SmithReachName){name->name, hard, module->source->walk_data, link->line};
}

static void take_names(Walk *self, SmithModule *module, bool hard)
{
	const GArray *links = smith_module_links(module, &self->cache->imports);
	for (guint i = 0; i < links->len; i++) {
		const SmithLink *link = &g_array_index(links, SmithLink, i);
		if (link->name != NULL && applies(self, module, link))
			take_name(self, module, link, hard && link->hard);
	}
}

/* First all that is hard, so that a file is soft only when no hard way leads to it. */
static void walk_links(Walk *self)
{
	GPtrArray *queue = self->queue;
	for (guint i = 0; i < queue->len; i++)
		follow(self, queue->pdata[i], true, false);
	self->hard = queue->len;
	for (guint i = 0; i < queue->len; i++)
		follow(self, queue->pdata[i], false, i >= self->hard);
	for (guint i = 0; i < queue->len; i++)
		take_names(self, queue->pdata[i], i < self->hard);
}

static int compare_files(gconstpointer a, gconstpointer b)
{
	const SmithReachFile *x = *(SmithReachFile *const *)a, *y = *(SmithReachFile *const *)b;
	return strcmp(x->source->path, y->source->path);
}

static int compare_names(gconstpointer a, gconstpointer b)
{
	const SmithReachName *x = *(SmithReachName *const *)a, *y = *(SmithReachName *const *)b;
	return strcmp(x->name, y->name);
}

static void finish(SmithReach *reach)
{
	g_ptr_array_sort(reach->files, compare_files);
	g_ptr_array_sort(reach->imports, compare_names);
	g_ptr_array_sort(reach->missing, compare_names);
	for (guint i = 0; i < reach->files->len; i++) {
		SmithReachFile *file = reach->files->pdata[i];
		if (file->source->problem != NULL)
			g_ptr_array_add(reach->broken, file);
	}
}

/* --- entries */

static SmithModule *find_script(SmithReachCache *cache, const char *entry, SmithSpace **space)
{
	while (g_str_has_prefix(entry, "./"))
		entry += 2;
	g_autofree char *directory = g_path_get_dirname(entry);
	*space = smith_modules_space(cache->modules, strcmp(directory, ".") == 0 ? "" : directory);
	return smith_space_script(*space, entry);
}

/* A name of the configuration has not been bounded by the scan. */
static bool is_sane_name(const char *name)
{
	guint parts = 1;
	for (const char *c = name; *c != '\0'; c++) {
		parts += *c == '.';
		if (*c == '/' || (*c == '.' && (c == name || c[1] == '.' || c[1] == '\0')))
			return false;
	}
	return *name != '\0' && parts <= SMITH_PYTHON_MAX_PARTS;
}

static SmithModule *find_module(SmithReachCache *cache, const char *name, bool run)
{
	if (!is_sane_name(name))
		return NULL;
	SmithSpace *space = smith_modules_space(cache->modules, NULL);
	SmithModule *module = smith_space_find(space, name);
	if (run &&
	    (module->kind == SMITH_MODULE_PACKAGE || module->kind == SMITH_MODULE_NAMESPACE)) {
		g_autofree char *inner = g_strconcat(name, ".__main__", NULL);
		module = smith_space_find(space, inner);
	}
	return module->source != NULL ? module : NULL;
}

/* Before a module, the packages that it is in are executed. */
static void visit_packages(Walk *self, SmithModule *module)
{
	const char *name = module->name;
	for (const char *dot = strchr(name, '.'); dot != NULL; dot = strchr(dot + 1, '.')) {
		g_autofree char *outer = g_strndup(name, (gsize)(dot - name));
		SmithModule *package = smith_space_find(module->space, outer);
		if (package->source != NULL)
			visit(self, package, NULL, 0, true);
	}
}

static SmithModule *find_entry(SmithReachCache *cache, SmithAppForm form, const char *entry,
			       GError **error)
{
	SmithModule *module = NULL;
	SmithSpace *space;
	if (form == SMITH_APP_SCRIPT) {
		module = find_script(cache, entry, &space);
	} else if (form == SMITH_APP_MODULE || form == SMITH_APP_ASGI) {
		g_autofree char *name = g_strndup(
			entry, form == SMITH_APP_ASGI ? strcspn(entry, ":") : strlen(entry));
		module = find_module(cache, name, form == SMITH_APP_MODULE);
	} else {
		return smith_throw_null(error, SMITH_ERROR_UNSUPPORTED,
					"a command says nothing about the modules that it imports");
	}
	if (module == NULL)
		return smith_throw_null(error, SMITH_ERROR_NOT_FOUND,
					"there is no Python source '%s'", entry);
	return module;
}

SmithReach *smith_reach_find(SmithReachCache *cache, SmithAppForm form, const char *entry,
			     guint minor, GError **error)
{
	SmithModule *module = find_entry(cache, form, entry, error);
	if (module == NULL)
		return NULL;
	cache->walk++;
	g_autoptr(GPtrArray) queue = g_ptr_array_new();
	Walk self = {.cache = cache, .reach = reach_new(), .queue = queue, .minor = minor};
	self.entry = form != SMITH_APP_ASGI ? module : NULL;
	if (form != SMITH_APP_SCRIPT)
		visit_packages(&self, module);
	visit(&self, module, NULL, 0, true);
	walk_links(&self);
	finish(self.reach);
	return self.reach;
}

char *smith_reach_chain(const SmithReachFile *from, guint line)
{
	GString *chain = g_string_new(NULL);
	for (; from != NULL; line = from->line, from = from->from) {
		g_autofree char *step = g_strdup_printf("%s:%u%s", from->source->path, line,
							chain->len > 0 ? " -> " : "");
		g_string_prepend(chain, step);
	}
	return g_string_free(chain, FALSE);
}
