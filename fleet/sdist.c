/* SPDX-License-Identifier: Apache-2.0 */
#include "fleet/sdist.h"

#include <string.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/fd.h"
#include "fleet/wheel-file.h"
#include "store/fetch.h"
#include "store/key.h"

static char *stored_path(SmithStore *store, const char *sha256)
{
	g_autofree char *path = smith_store_file_path(sha256);
	return g_build_filename(smith_store_get_path(store), "cache/files", path, NULL);
}

char *smith_sdist_path(const SmithFamilyContext *context, const SmithLockSdist *sdist,
		       GError **error)
{
	SmithStore *store = context->execution.store;
	SMITH_AUTO_PREFIX("source distribution", sdist->file, error);
	if (!smith_wheel_file_is_local(sdist->url)) {
		g_autofree char *hex = smith_fetch(store, sdist->url, sdist->sha256, error);
		return hex != NULL ? stored_path(store, hex) : NULL;
	}
	/* a copy: what was checked must be what is built */
	smith_autofd int fd = smith_wheel_file_open_local(context->fleet, sdist->url, error);
	g_autofree char *hex = fd >= 0 ? smith_fetch_add(store, fd, sdist->file, error) : NULL;
	if (hex == NULL)
		return NULL;
	if (sdist->sha256 != NULL && strcmp(sdist->sha256, hex) != 0)
		return smith_throw_null(error, SMITH_ERROR_VERIFY,
					"digest mismatch, expected 'sha256:%s', got 'sha256:%s'",
					sdist->sha256, hex);
	return stored_path(store, hex);
}

static const char *python_of(const SmithFamilyContext *context, const SmithLockSdist *sdist)
{
	return smith_lock_base_of(context->lock, context->fleet, sdist->family)->python;
}

static char *make_key(const SmithFamilyContext *context, const SmithLockSdist *sdist,
		      const GPtrArray *wheels, const SmithLockWheel *pip)
{
	SmithKey *key = smith_key_new("sdist");
	smith_key_string(key, "sha256", sdist->sha256);
	smith_key_string(key, "python", python_of(context, sdist));
	smith_key_string(key, "root", sdist->root);
	smith_key_string(key, "pip", pip != NULL ? pip->sha256 : NULL);
	smith_key_int(key, "epoch", context->execution.epoch);
	g_autoptr(GPtrArray) digests = g_ptr_array_new();
	for (guint i = 0; i < wheels->len; i++)
		g_ptr_array_add(digests, ((SmithLockWheel *)wheels->pdata[i])->sha256);
	g_ptr_array_add(digests, NULL);
	smith_key_strv(key, "wheels", (char **)digests->pdata);
	return smith_key_finish(key);
}

/* A record is "SHA256 FILE". */
static char *look_up(SmithStore *store, const char *key, char **file)
{
	g_autoptr(GBytes) record = smith_store_get_step(store, key);
	if (record == NULL)
		return NULL;
	g_autofree char *text = g_strndup(g_bytes_get_data(record, NULL), g_bytes_get_size(record));
	g_auto(GStrv) words = g_strsplit(g_strchomp(text), " ", 2);
	struct stat st;
	if (g_strv_length(words) != 2 || !smith_digest_is_hex(words[0]))
		return NULL;
	smith_autofd int fd = smith_fetch_open(store, words[0], NULL);
	if (fd < 0 || fstat(fd, &st) < 0 ||
	    !smith_fetch_check(fd, st.st_size, words[0], words[1], NULL))
		return NULL;
	*file = g_strdup(words[1]);
	return g_strdup(words[0]);
}

gboolean smith_sdist_wheel_paths(const SmithFamilyContext *context, const GPtrArray *wheels,
				 GPtrArray *paths, GPtrArray *files, GError **error)
{
	for (guint i = 0; i < wheels->len; i++) {
		const SmithLockWheel *wheel = wheels->pdata[i];
		char *path = smith_wheel_file_path(context->fleet, context->execution.store, wheel,
						   error);
		if (path == NULL)
			return FALSE;
		g_ptr_array_add(paths, path);
		g_ptr_array_add(files, wheel->file);
	}
	g_ptr_array_add(paths, NULL);
	g_ptr_array_add(files, NULL);
	return TRUE;
}

static char *build(const SmithFamilyContext *context, const SmithLockSdist *sdist,
		   const GPtrArray *wheels, const SmithLockWheel *pip, char **file, GError **error)
{
	g_autofree char *path = smith_sdist_path(context, sdist, error);
	g_autoptr(SmithRoot) root =
		path != NULL ? smith_family_root(context, sdist->family, error) : NULL;
	if (root == NULL)
		return NULL;
	if (sdist->root != NULL && strcmp(sdist->root, root->chain_id) != 0)
		return smith_throw_null(error, SMITH_ERROR_STALE,
					"source distribution '%s' was built on '%s', family '%s' "
					"is '%s' now",
					sdist->file, sdist->root, sdist->family, root->chain_id);
	g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GPtrArray) files = g_ptr_array_new();
	if (!smith_sdist_wheel_paths(context, wheels, paths, files, error))
		return NULL;
	g_autofree char *pip_path = NULL;
	if (pip != NULL) {
		pip_path =
			smith_wheel_file_path(context->fleet, context->execution.store, pip, error);
		if (pip_path == NULL)
			return NULL;
	}
	SmithPipBuild request = {
		.name = sdist->file,
		.path = path,
		.python = python_of(context, sdist),
		.pip = pip_path,
		.wheels = (const char *const *)paths->pdata,
		.files = (const char *const *)files->pdata,
	};
	return smith_pip_build_wheel(&context->execution, root, &request, file, error);
}

char *smith_sdist_build(const SmithFamilyContext *context, const SmithLockSdist *sdist,
			const GPtrArray *wheels, const SmithLockWheel *pip, char **file,
			GError **error)
{
	SmithStore *store = context->execution.store;
	g_autofree char *key = make_key(context, sdist, wheels, pip);
	g_autofree char *known = look_up(store, key, file);
	if (known != NULL)
		return g_steal_pointer(&known);
	g_autofree char *step = g_strconcat("sdist ", sdist->file, NULL);
	smith_events_start(context->execution.events, step);
	g_autofree char *made = build(context, sdist, wheels, pip, file, error);
	if (made == NULL)
		return NULL;
	g_autofree char *record = g_strdup_printf("%s %s\n", made, *file);
	if (!smith_store_put_step(store, key, record, strlen(record), error))
		return NULL;
	smith_events_done(context->execution.events, step, made, 0, false);
	return g_steal_pointer(&made);
}

static gboolean find_wheels(const SmithLock *lock, const SmithLockSdist *sdist, GPtrArray *wheels,
			    GError **error)
{
	for (char **file = sdist->wheels; file != NULL && *file != NULL; file++) {
		SmithLockWheel *wheel = smith_lock_wheel(lock, *file);
		if (wheel == NULL)
			return smith_throw(error, SMITH_ERROR_INVALID,
					   "%s: '%s' is built with wheel '%s', which it does not "
					   "describe",
					   SMITH_LOCK_FILE, sdist->file, *file);
		g_ptr_array_add(wheels, wheel);
	}
	return TRUE;
}

gboolean smith_sdist_provide(const SmithFamilyContext *context, const SmithLockWheel *wheel,
			     GError **error)
{
	SmithStore *store = context->execution.store;
	if (!g_str_has_prefix(wheel->url, SMITH_LOCK_SDIST))
		return TRUE;
	smith_autofd int fd = smith_fetch_open(store, wheel->sha256, NULL);
	if (fd >= 0 && smith_fetch_check(fd, wheel->size, wheel->sha256, wheel->file, NULL))
		return TRUE;
	const SmithLockSdist *sdist = smith_lock_sdist_of(context->lock, wheel->url);
	g_autoptr(GPtrArray) wheels = g_ptr_array_new();
	if (sdist == NULL)
		return smith_throw(error, SMITH_ERROR_INVALID,
				   "%s: wheel '%s' is built of '%s', which it does not describe",
				   SMITH_LOCK_FILE, wheel->file, wheel->url);
	if (!find_wheels(context->lock, sdist, wheels, error))
		return FALSE;
	const SmithLockWheel *pip =
		sdist->pip != NULL ? smith_lock_wheel(context->lock, sdist->pip) : NULL;
	g_autofree char *file = NULL;
	g_autofree char *made = smith_sdist_build(context, sdist, wheels, pip, &file, error);
	if (made == NULL)
		return FALSE;
	if (strcmp(made, wheel->sha256) == 0 && strcmp(file, wheel->file) == 0)
		return TRUE;
	g_autofree char *path = stored_path(store, made);
	return smith_throw(error, SMITH_ERROR_VERIFY,
			   "wheel '%s' built of '%s' is 'sha256:%s', the lock has 'sha256:%s': its "
			   "build is not reproducible (what came out is '%s', for diffoscope)",
			   file, sdist->file, made, wheel->sha256, path);
}
