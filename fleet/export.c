/* SPDX-License-Identifier: Apache-2.0 */
#include "fleet/export.h"

#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "fleet/wheel-file.h"
#include "python/pylock.h"

static int compare_wheels(gconstpointer a, gconstpointer b)
{
	const SmithLockWheel *const *x = a, *const *y = b;
	int order = strcmp((*x)->name, (*y)->name);
	return order != 0 ? order : strcmp((*x)->file, (*y)->file);
}

static gboolean add_set(const SmithFleet *fleet, const SmithLock *lock, const char *family,
			const char *service, GPtrArray *all, GError **error)
{
	g_autoptr(GPtrArray) wheels = smith_lock_wheels_of(lock, fleet, family, service, error);
	for (guint i = 0; wheels != NULL && i < wheels->len; i++)
		if (!g_ptr_array_find(all, wheels->pdata[i], NULL))
			g_ptr_array_add(all, wheels->pdata[i]);
	return wheels != NULL;
}

static gboolean add_all(const SmithFleet *fleet, const SmithLock *lock, GPtrArray *all,
			GError **error)
{
	for (guint i = 0; i < fleet->families->len; i++)
		if (!add_set(fleet, lock, ((SmithFamily *)fleet->families->pdata[i])->name, NULL,
			     all, error))
			return FALSE;
	for (guint i = 0; i < fleet->built->len; i++) {
		const SmithService *service = fleet->built->pdata[i];
		if (!add_set(fleet, lock, service->family, service->name, all, error))
			return FALSE;
	}
	return TRUE;
}

static GPtrArray *wheels_of(const SmithFleet *fleet, const SmithLock *lock, const char *of,
			    GError **error)
{
	g_autoptr(GPtrArray) all = g_ptr_array_new();
	const SmithService *service = of != NULL ? smith_fleet_service(fleet, of) : NULL;
	const SmithFamily *family = of != NULL ? smith_fleet_family(fleet, of) : NULL;
	gboolean sound = TRUE;
	if (service != NULL && service->image == NULL)
		sound = add_set(fleet, lock, service->family, service->name, all, error);
	else if (family != NULL)
		sound = add_set(fleet, lock, family->name, NULL, all, error);
	else if (of == NULL)
		sound = add_all(fleet, lock, all, error);
	else
		sound = smith_throw(error, SMITH_ERROR_USAGE,
				    "'%s' is no service that is built, and no family", of);
	if (!sound)
		return NULL;
	g_ptr_array_sort(all, compare_wheels);
	for (guint i = 1; i < all->len; i++) {
		const SmithLockWheel *a = all->pdata[i - 1], *b = all->pdata[i];
		if (strcmp(a->name, b->name) == 0)
			return smith_throw_null(error, SMITH_ERROR_CONFLICT,
						"the fleet has '%s' and '%s': say with --of whose "
						"are to be exported",
						a->file, b->file);
	}
	return g_steal_pointer(&all);
}

static void write_requirement(GString *text, const SmithLockWheel *wheel,
			      const SmithLockSdist *sdist)
{
	g_string_append_printf(text, "%s==%s \\\n    --hash=sha256:%s\n", wheel->name,
			       wheel->version, sdist != NULL ? sdist->sha256 : wheel->sha256);
}

/* @path as it is seen from @directory, both absolute and canonical. */
static char *relative_path(const char *path, const char *directory)
{
	g_auto(GStrv) to = g_strsplit(path, "/", -1);
	g_auto(GStrv) from = g_strsplit(strcmp(directory, "/") == 0 ? "" : directory, "/", -1);
	guint same = 0;
	while (to[same] != NULL && from[same] != NULL && strcmp(to[same], from[same]) == 0)
		same++;
	g_autoptr(GString) text = g_string_new(NULL);
	for (guint i = same; from[i] != NULL; i++)
		g_string_append(text, "../");
	g_autofree char *rest = g_strjoinv("/", to + same);
	g_string_append(text, rest);
	return g_strdup(text->str);
}

/* A JSON string is a basic string of TOML, for what JSON escapes TOML escapes alike. */
static void write_file(GString *text, const SmithFleet *fleet, const char *directory,
		       const char *file, const char *url, gint64 size, const char *sha256)
{
	g_string_append(text, "{ name = ");
	smith_json_append_string(text, file);
	if (smith_wheel_file_is_local(url)) {
		g_autofree char *path = g_canonicalize_filename(url, fleet->directory);
		g_autofree char *relative = relative_path(path, directory);
		g_string_append(text, ", path = ");
		smith_json_append_string(text, relative);
	} else {
		g_string_append(text, ", url = ");
		smith_json_append_string(text, url);
	}
	g_string_append_printf(text,
			       ", size = %" G_GINT64_FORMAT ", hashes = { sha256 = \"%s\" } }",
			       size, sha256);
}

static void write_package(GString *text, const SmithFleet *fleet, const char *directory,
			  const SmithLockWheel *wheel, const SmithLockSdist *sdist)
{
	g_string_append(text, "\n[[packages]]\nname = ");
	smith_json_append_string(text, wheel->name);
	g_string_append(text, "\nversion = ");
	smith_json_append_string(text, wheel->version);
	if (sdist != NULL) {
		g_string_append(text, "\nsdist = ");
		write_file(text, fleet, directory, sdist->file, sdist->url, sdist->size,
			   sdist->sha256);
		g_string_append(text, "\n");
		return;
	}
	g_string_append(text, "\nwheels = [\n    ");
	write_file(text, fleet, directory, wheel->file, wheel->url, wheel->size, wheel->sha256);
	g_string_append(text, ",\n]\n");
}

char *smith_export(const SmithFleet *fleet, const SmithLock *lock, const char *of, const char *path,
		   GError **error)
{
	g_autoptr(GPtrArray) wheels = wheels_of(fleet, lock, of, error);
	if (wheels == NULL)
		return NULL;
	g_autofree char *absolute = g_canonicalize_filename(path, NULL);
	g_autofree char *directory = g_path_get_dirname(absolute);
	bool toml = smith_pylock_is_name(path);
	g_autoptr(GString) text =
		g_string_new(toml ? "lock-version = \"1.0\"\ncreated-by = \"ocismith\"\n"
				  : "# by ocismith lock --export\n");
	for (guint i = 0; i < wheels->len; i++) {
		const SmithLockWheel *wheel = wheels->pdata[i];
		const SmithLockSdist *sdist = smith_lock_sdist_of(lock, wheel->url);
		if (toml)
			write_package(text, fleet, directory, wheel, sdist);
		else
			write_requirement(text, wheel, sdist);
	}
	if (toml && wheels->len == 0)
		g_string_append(text, "packages = []\n");
	return g_strdup(text->str);
}
