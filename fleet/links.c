/* SPDX-License-Identifier: Apache-2.0 */
#include "fleet/links.h"

#include <string.h>

#include "python/import-map.h"
#include "python/stdlib.h"

typedef struct {
	SmithModule *module;
	SmithLinkNames *names;
	const SmithPythonImport *import;
	GArray *links;
} Linker;

static void name_free(gpointer data)
{
	SmithLinkName *name = data;
	g_free(name->name);
	g_free(name);
}

void smith_link_names_init(SmithLinkNames *names)
{
	names->names = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, name_free);
}

void smith_link_names_clear(SmithLinkNames *names)
{
	g_clear_pointer(&names->names, g_hash_table_unref);
}

void smith_links_free(gpointer links)
{
	g_array_unref(links);
}

static SmithLinkName *intern(SmithLinkNames *names, const char *text)
{
	SmithLinkName *name = g_hash_table_lookup(names->names, text);
	if (name != NULL)
		return name;
	name = g_new0(SmithLinkName, 1);
	name->name = g_strdup(text);
	g_hash_table_insert(names->names, name->name, name);
	return name;
}

static void add_link(Linker *self, SmithModule *module, SmithLinkName *name, bool missing)
{
	SmithLink link = {
		.module = module,
		.name = name,
		.line = self->import->line,
		.missing = missing,
		.hard = !self->import->guarded,
		.main_only = self->import->main_only,
	};
	g_array_append_val(self->links, link);
}

static void add_missing(Linker *self, const char *name)
{
	add_link(self, NULL, intern(self->names, name), true);
}

/* What each of the versions has is nobody's to bring. */
static void add_external(Linker *self, const char *module)
{
	g_autofree char *top = g_strndup(module, strcspn(module, "."));
	if ((smith_stdlib_has(top, 8) && smith_stdlib_has(top, 13)) || strcmp(top, "__main__") == 0)
		return;
	g_autofree char *key = smith_import_key(module);
	add_link(self, NULL, intern(self->names, key), false);
}

/* The module and the packages that it is in: all of them are executed. Returns that of @name, or
 * the innermost that is there. */
static SmithModule *add_modules(Linker *self, const char *name)
{
	SmithModule *module = NULL;
	for (const char *dot = strchr(name, '.');; dot = strchr(dot + 1, '.')) {
		g_autofree char *part =
			dot != NULL ? g_strndup(name, (gsize)(dot - name)) : g_strdup(name);
		SmithModule *next = smith_space_find(self->module->space, part);
		if (next->kind == SMITH_MODULE_ABSENT)
			break;
		module = next;
		if (module->source != NULL)
			add_link(self, module, NULL, false);
		if (dot == NULL)
			break;
	}
	return module;
}

/* What a directory without __init__.py has to be for imports of its name to mean it. */
static bool is_ours(const SmithModule *module)
{
	return module != NULL &&
	       (module->kind != SMITH_MODULE_NAMESPACE || smith_module_has_files(module));
}

/* "a.b" seen from @self, its dots included; NULL when they lead out of all packages. */
static char *absolute_name(const Linker *self)
{
	const SmithPythonImport *import = self->import;
	if (import->level == 0)
		return g_strdup(import->module);
	g_autofree char *package = g_strdup(self->module->name);
	guint up = import->level - (self->module->kind == SMITH_MODULE_PACKAGE ? 1 : 0);
	for (; up > 0; up--) {
		char *dot = strrchr(package, '.');
		if (dot == NULL)
			return NULL;
		*dot = '\0';
	}
	return *import->module != '\0' ? g_strconcat(package, ".", import->module, NULL)
				       : g_steal_pointer(&package);
}

static char *name_as_written(const SmithPythonImport *import)
{
	GString *name = g_string_new(NULL);
	for (guint i = 0; i < MIN(import->level, SMITH_PYTHON_MAX_PARTS); i++)
		g_string_append_c(name, '.');
	g_string_append(name, import->module);
	if (*import->module == '\0' && import->names != NULL && import->names[0] != NULL)
		g_string_append(name, import->names[0]);
	return g_string_free(name, FALSE);
}

/* Names of a from-import that are modules. A package may have others as attributes; a namespace
 * has none. */
static void link_names(Linker *self, const SmithModule *module, const char *name)
{
	bool namespace = module->kind == SMITH_MODULE_NAMESPACE;
	bool any = false, ours = is_ours(module);
	for (guint i = 0; self->import->names[i] != NULL; i++) {
		g_autofree char *inner = g_strconcat(name, ".", self->import->names[i], NULL);
		SmithModule *found = smith_space_find(self->module->space, inner);
		any |= found->kind != SMITH_MODULE_ABSENT;
		if (found->source != NULL)
			add_link(self, found, NULL, false);
		else if (namespace && found->kind == SMITH_MODULE_ABSENT && (ours || any) &&
			 strcmp(self->import->names[i], "*") != 0)
			add_missing(self, inner);
	}
	if (namespace && !any && !ours)
		add_external(self, name);
}

static void link_children(Linker *self, const SmithModule *module, const char *name)
{
	g_autoptr(GPtrArray) children = smith_module_children(module);
	for (guint i = 0; i < children->len; i++) {
		g_autofree char *inner = g_strconcat(name, ".", children->pdata[i], NULL);
		SmithModule *found = smith_space_find(self->module->space, inner);
		if (found->source != NULL)
			add_link(self, found, NULL, false);
	}
}

static void link_outside(Linker *self, const char *name)
{
	bool shared = self->import->names != NULL && smith_import_is_shared(name);
	for (guint i = 0; shared && self->import->names[i] != NULL; i++) {
		g_autofree char *inner = g_strconcat(name, ".", self->import->names[i], NULL);
		add_external(self, inner);
	}
	if (!shared)
		add_external(self, name);
}

/* @name is not there; @nearest is the innermost of its packages that is, or NULL. */
static void link_absent(Linker *self, const char *name, const SmithModule *nearest)
{
	if (self->import->level > 0 || is_ours(nearest)) {
		if (nearest == NULL || nearest->kind != SMITH_MODULE_NATIVE)
			add_missing(self, name);
	} else {
		link_outside(self, name);
	}
}

static void link_import(Linker *self)
{
	const SmithPythonImport *import = self->import;
	g_autofree char *name = absolute_name(self);
	if (import->dynamic && import->level > 0 && name == NULL)
		return; /* relative to what another argument says */
	if (name == NULL) {
		g_autofree char *written = name_as_written(import);
		add_missing(self, written);
		return;
	}
	SmithModule *module = add_modules(self, name);
	if (module == NULL || strcmp(module->name, name) != 0)
		link_absent(self, name, module);
	else if (import->whole_package)
		link_children(self, module, name);
	else if (import->names != NULL && module->n_paths > 0)
		link_names(self, module, name);
	else if (!is_ours(module))
		link_outside(self, name);
}

const GArray *smith_module_links(SmithModule *module, SmithLinkNames *names)
{
	if (module->links != NULL)
		return module->links;
	Linker self = {
		.module = module,
		.names = names,
		.links = g_array_new(FALSE, FALSE, sizeof(SmithLink)),
	};
	const GPtrArray *imports = module->source->scan->imports;
	for (guint i = 0; i < imports->len; i++) {
		self.import = imports->pdata[i];
		if (!self.import->type_checking)
			link_import(&self);
	}
	module->links = self.links;
	return module->links;
}
