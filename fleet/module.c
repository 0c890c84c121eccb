/* SPDX-License-Identifier: Apache-2.0 */
#include "fleet/module.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/fd.h"
#include "python/stdlib.h"

typedef struct {
	char *path;
	GPtrArray *names;  /* sorted; NULL: no directory that can be read */
	GHashTable *index; /* the same */
	bool python;	   /* has *.py */
	bool native;	   /* has *.so */
} Directory;

struct SmithModules {
	int dirfd;
	GDestroyNotify free_links;
	GHashTable *directories; /* path -> Directory */
	GHashTable *sources;	 /* path -> SmithModuleSource */
	GHashTable *spaces;	 /* directory -> SmithSpace */
};

struct SmithSpace {
	SmithModules *modules;
	const char *paths[2];
	guint n_paths;
	GHashTable *found;   /* name -> SmithModule */
	GHashTable *scripts; /* path -> SmithModule */
};

static void directory_free(gpointer data)
{
	Directory *directory = data;
	g_clear_pointer(&directory->index, g_hash_table_unref);
	g_clear_pointer(&directory->names, g_ptr_array_unref);
	g_free(directory->path);
	g_free(directory);
}

static void source_free(gpointer data)
{
	SmithModuleSource *source = data;
	smith_python_scan_free(source->scan);
	g_free(source->path);
	g_free(source->problem);
	g_free(source);
}

static void module_free(gpointer data)
{
	SmithModule *module = data;
	if (module->links != NULL)
		module->space->modules->free_links(module->links);
	g_free(module->name);
	g_free(module);
}

static void space_free(gpointer data)
{
	SmithSpace *space = data;
	g_hash_table_unref(space->found);
	g_hash_table_unref(space->scripts);
	g_free(space);
}

SmithModules *smith_modules_new(int dirfd, GDestroyNotify free_links)
{
	SmithModules *self = g_new0(SmithModules, 1);
	self->dirfd = dirfd;
	self->free_links = free_links;
	self->directories = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, directory_free);
	self->sources = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, source_free);
	self->spaces = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, space_free);
	return self;
}

void smith_modules_free(SmithModules *self)
{
	if (self == NULL)
		return;
	/* modules of spaces point at the rest */
	g_hash_table_unref(self->spaces);
	g_hash_table_unref(self->sources);
	g_hash_table_unref(self->directories);
	g_free(self);
}

static char *join(const char *directory, const char *name)
{
	return *directory != '\0' ? g_strconcat(directory, "/", name, NULL) : g_strdup(name);
}

/* --- directories and files */

static void list_directory(SmithModules *self, Directory *directory)
{
	smith_autofd int fd =
		smith_fd_open_beneath(self->dirfd, *directory->path != '\0' ? directory->path : ".",
				      O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0, NULL);
	directory->names = fd >= 0 ? smith_fd_list_dir(fd, NULL) : NULL;
	if (directory->names == NULL)
		return;
	directory->index = g_hash_table_new(g_str_hash, g_str_equal);
	for (guint i = 0; i < directory->names->len; i++) {
		const char *name = directory->names->pdata[i];
		g_hash_table_add(directory->index, directory->names->pdata[i]);
		directory->python |= g_str_has_suffix(name, ".py");
		directory->native |= g_str_has_suffix(name, ".so");
	}
}

static Directory *get_directory(SmithModules *self, const char *path)
{
	Directory *directory = g_hash_table_lookup(self->directories, path);
	if (directory != NULL)
		return directory;
	directory = g_new0(Directory, 1);
	directory->path = g_strdup(path);
	g_hash_table_insert(self->directories, directory->path, directory);
	list_directory(self, directory);
	return directory;
}

static bool has_name(const Directory *directory, const char *name)
{
	return directory->index != NULL && g_hash_table_contains(directory->index, name);
}

/* "NAME.so" or "NAME.TAG.so" */
static bool has_native(const Directory *directory, const char *name)
{
	if (!directory->native)
		return false;
	g_autofree char *prefix = g_strconcat(name, ".", NULL);
	guint low = 0, high = directory->names->len;
	while (low < high) {
		guint middle = low + (high - low) / 2;
		if (strcmp(directory->names->pdata[middle], prefix) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < directory->names->len; low++) {
		const char *file = directory->names->pdata[low];
		if (!g_str_has_prefix(file, prefix))
			return false;
		if (g_str_has_suffix(file, ".so"))
			return true;
	}
	return false;
}

/* What is no regular file has no text: a pipe would make us wait. */
static GBytes *read_text(SmithModules *self, const char *path, GError **error)
{
	smith_autofd int fd = smith_fd_open_beneath(
		self->dirfd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0, error);
	struct stat st;
	if (fd < 0)
		return NULL;
	if (fstat(fd, &st) != 0)
		return smith_throw_errno_null(error, "cannot stat '%s'", path);
	if (!S_ISREG(st.st_mode))
		return smith_throw_null(error, SMITH_ERROR_INVALID, "'%s' is no regular file",
					path);
	return smith_fd_read_all(fd, path, SMITH_PYTHON_SCAN_MAX, error);
}

static SmithModuleSource *get_source(SmithModules *self, const char *path)
{
	SmithModuleSource *source = g_hash_table_lookup(self->sources, path);
	if (source != NULL)
		return source;
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) text = read_text(self, path, &error);
	gsize length = 0;
	const char *data = text != NULL ? g_bytes_get_data(text, &length) : "";
	source = g_new0(SmithModuleSource, 1);
	source->path = g_strdup(path);
	source->scan = smith_python_scan(data, length);
	source->problem = g_strdup(error != NULL ? error->message : source->scan->bad_text);
	source->problem_line = error != NULL ? 1 : source->scan->bad_line;
	g_hash_table_insert(self->sources, source->path, source);
	return source;
}

/* --- modules */

SmithSpace *smith_modules_space(SmithModules *self, const char *directory)
{
	const char *key = directory != NULL ? directory : "";
	SmithSpace *space = g_hash_table_lookup(self->spaces, key);
	if (space != NULL)
		return space;
	space = g_new0(SmithSpace, 1);
	space->modules = self;
	if (*key != '\0')
		space->paths[space->n_paths++] = get_directory(self, key)->path;
	space->paths[space->n_paths++] = get_directory(self, "")->path;
	space->found = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, module_free);
	space->scripts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, module_free);
	g_hash_table_insert(self->spaces, (gpointer)space->paths[0], space);
	return space;
}

/* In one directory: true if what is there ends the search. */
static bool search_directory(SmithModule *module, const Directory *directory, const char *leaf)
{
	SmithModules *modules = module->space->modules;
	g_autofree char *file = g_strconcat(leaf, ".py", NULL);
	if (has_name(directory, leaf)) {
		g_autofree char *path = join(directory->path, leaf);
		const Directory *inner = get_directory(modules, path);
		if (has_name(inner, "__init__.py")) {
			g_autofree char *init = join(inner->path, "__init__.py");
			module->kind = SMITH_MODULE_PACKAGE;
			module->source = get_source(modules, init);
			module->paths[0] = inner->path;
			module->n_paths = 1;
			return true;
		}
		if (inner->index != NULL)
			module->paths[module->n_paths++] = inner->path;
	}
	if (has_native(directory, leaf)) {
		module->kind = SMITH_MODULE_NATIVE;
		return true;
	}
	if (has_name(directory, file)) {
		g_autofree char *path = join(directory->path, file);
		module->kind = SMITH_MODULE_FILE;
		module->source = get_source(modules, path);
		return true;
	}
	return false;
}

static void search(SmithModule *module, const char *const *paths, guint n_paths, const char *leaf)
{
	for (guint i = 0; i < n_paths; i++)
		if (search_directory(module, get_directory(module->space->modules, paths[i]), leaf))
			return;
	if (module->n_paths > 0)
		module->kind = SMITH_MODULE_NAMESPACE;
}

/* The number of components is bounded by the scan. */
SmithModule *smith_space_find(SmithSpace *space, const char *name)
{
	SmithModule *module = g_hash_table_lookup(space->found, name);
	if (module != NULL)
		return module;
	module = g_new0(SmithModule, 1);
	module->name = g_strdup(name);
	module->space = space;
	g_hash_table_insert(space->found, module->name, module);
	const char *dot = strrchr(name, '.');
	if (dot == NULL) {
		if (*name == '\0' || smith_stdlib_is_early(name))
			return module;
		search(module, space->paths, space->n_paths, name);
		if (module->kind == SMITH_MODULE_NAMESPACE && smith_stdlib_has(name, 0))
			module->kind = SMITH_MODULE_ABSENT;
		return module;
	}
	g_autofree char *outer = g_strndup(name, (gsize)(dot - name));
	const SmithModule *parent = smith_space_find(space, outer);
	if (parent->kind == SMITH_MODULE_PACKAGE || parent->kind == SMITH_MODULE_NAMESPACE)
		search(module, parent->paths, parent->n_paths, dot + 1);
	return module;
}

SmithModule *smith_space_script(SmithSpace *space, const char *path)
{
	SmithModule *module = g_hash_table_lookup(space->scripts, path);
	if (module != NULL)
		return module;
	g_autofree char *directory = g_path_get_dirname(path);
	g_autofree char *leaf = g_path_get_basename(path);
	const char *key = strcmp(directory, ".") == 0 ? "" : directory;
	if (!has_name(get_directory(space->modules, key), leaf))
		return NULL;
	module = g_new0(SmithModule, 1);
	module->kind = SMITH_MODULE_FILE;
	module->name = g_strdup("__main__");
	module->space = space;
	module->source = get_source(space->modules, path);
	g_hash_table_insert(space->scripts, g_strdup(path), module);
	return module;
}

static int compare_names(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

GPtrArray *smith_module_children(const SmithModule *module)
{
	SmithModules *modules = module->space->modules;
	g_autoptr(GPtrArray) all = g_ptr_array_new();
	for (guint i = 0; i < module->n_paths; i++) {
		const Directory *directory = get_directory(modules, module->paths[i]);
		for (guint j = 0; directory->names != NULL && j < directory->names->len; j++) {
			const char *name = directory->names->pdata[j];
			if (g_str_has_suffix(name, ".py") && strcmp(name, "__init__.py") != 0)
				g_ptr_array_add(all, g_strndup(name, strlen(name) - 3));
			else if (strchr(name, '.') == NULL)
				g_ptr_array_add(all, g_strdup(name));
		}
	}
	g_ptr_array_sort(all, compare_names);
	GPtrArray *children = g_ptr_array_new_with_free_func(g_free);
	for (guint i = 0; i < all->len; i++) {
		bool again = children->len > 0 &&
			     strcmp(children->pdata[children->len - 1], all->pdata[i]) == 0;
		if (again || strchr(all->pdata[i], '.') != NULL)
			g_free(all->pdata[i]);
		else
			g_ptr_array_add(children, all->pdata[i]);
	}
	return children;
}

bool smith_module_has_files(const SmithModule *module)
{
	for (guint i = 0; i < module->n_paths; i++)
		if (get_directory(module->space->modules, module->paths[i])->python)
			return true;
	return false;
}
