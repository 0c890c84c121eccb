/* SPDX-License-Identifier: Apache-2.0 */
#include "fleet/base-image.h"

#include <fcntl.h>
#include <string.h>

#include "base/error.h"
#include "base/fd.h"
#include "layers/archive.h"
#include "layers/tree.h"
#include "oci/ref.h"
#include "store/key.h"

static bool is_apk_database(const char *path)
{
	return strcmp(path, "lib/apk/db/installed") == 0 ||
	       strcmp(path, "usr/lib/apk/db/installed") == 0;
}

static gboolean is_wanted(const SmithEntry *entry)
{
	const char *path = entry->path;
	return strcmp(path, "etc/passwd") == 0 || strcmp(path, "etc/group") == 0 ||
	       strcmp(path, "var/lib/dpkg/status") == 0 ||
	       g_str_has_prefix(path, "var/lib/dpkg/status.d/") || is_apk_database(path) ||
	       (g_str_has_suffix(path, "/patchlevel.h") &&
		(g_str_has_prefix(path, "usr/include/python3.") ||
		 g_str_has_prefix(path, "usr/local/include/python3.")));
}

static char **lines_of(const SmithTree *tree, const char *path)
{
	g_autofree char *text = smith_tree_read(tree, path);
	if (text == NULL)
		return g_new0(char *, 1);
	g_strchomp(text);
	return g_strsplit(text, "\n", -1);
}

/* The version of a package in dpkg's status (or a distroless status.d file) or apk's database. */
static char *version_in(char **lines, const char *package, bool apk)
{
	const char *name_key = apk ? "P:" : "Package: ";
	const char *version_key = apk ? "V:" : "Version: ";
	bool here = false;
	for (char **line = lines; *line != NULL; line++) {
		if (g_str_has_prefix(*line, name_key))
			here = strcmp(*line + strlen(name_key), package) == 0;
		else if (here && g_str_has_prefix(*line, version_key))
			return g_strdup(*line + strlen(version_key));
	}
	return NULL;
}

static char *package_version(const SmithTree *tree, const char *package)
{
	g_autoptr(GPtrArray) list = smith_tree_list(tree);
	for (guint i = 0; i < list->len; i++) {
		const char *path = ((SmithEntry *)list->pdata[i])->path;
		bool apk = is_apk_database(path);
		if (!apk && !g_str_has_prefix(path, "var/lib/dpkg/status"))
			continue;
		g_auto(GStrv) lines = lines_of(tree, path);
		char *version = version_in(lines, package, apk);
		if (version != NULL)
			return version;
	}
	return NULL;
}

/* "2.36-9+deb12u14" -> "2.36", with an epoch ("1:") dropped. */
static char *upstream_version(const char *version, guint parts)
{
	const char *colon = strchr(version, ':');
	const char *start = colon != NULL ? colon + 1 : version;
	const char *end = start;
	for (guint dots = 0; g_ascii_isdigit(*end) || *end == '.'; end++)
		if (*end == '.' && ++dots == parts)
			break;
	return g_strndup(start, end - start);
}

static void find_libc(const SmithTree *tree, SmithLockBase *base)
{
	g_autofree char *glibc = package_version(tree, "libc6");
	g_autofree char *musl = package_version(tree, "musl");
	if (glibc == NULL && musl == NULL)
		return;
	base->libc = g_strdup(glibc != NULL ? "glibc" : "musl");
	base->libc_version = upstream_version(glibc != NULL ? glibc : musl, 2);
}

/* "python3.11" -> 11; -1 for "python3", "python3-config" and the like. */
static int minor_of(const char *name)
{
	if (!g_str_has_prefix(name, "python3.") || !g_ascii_isdigit(name[8]))
		return -1;
	char *end = NULL;
	gint64 minor = g_ascii_strtoll(name + 8, &end, 10);
	return *end == '\0' && minor < 100 ? (int)minor : -1;
}

/* The newest interpreter of the first directory of the usual PATH that has one. */
static int find_interpreter(const SmithTree *tree, const char **directory)
{
	static const char *const places[] = {"usr/local/bin", "usr/bin"};
	g_autoptr(GPtrArray) list = smith_tree_list(tree);
	for (guint i = 0; i < G_N_ELEMENTS(places); i++) {
		int best = -1;
		for (guint j = 0; j < list->len; j++) {
			const char *path = ((SmithEntry *)list->pdata[j])->path;
			g_autofree char *parent = g_path_get_dirname(path);
			g_autofree char *name = g_path_get_basename(path);
			if (strcmp(parent, places[i]) == 0)
				best = MAX(best, minor_of(name));
		}
		*directory = places[i];
		if (best >= 0)
			return best;
	}
	return -1;
}

static char *version_from_header(const SmithTree *tree, const char *directory, int minor)
{
	bool local = g_str_has_prefix(directory, "usr/local");
	g_autofree char *path = g_strdup_printf("%s/include/python3.%d/patchlevel.h",
						local ? "usr/local" : "usr", minor);
	g_auto(GStrv) lines = lines_of(tree, path);
	for (char **line = lines; *line != NULL; line++) {
		const char *quote = strchr(*line, '"');
		if (quote != NULL && g_str_has_prefix(*line, "#define PY_VERSION"))
			return upstream_version(quote + 1, 3);
	}
	return NULL;
}

static char *version_from_env(const SmithImageConfig *config, int minor)
{
	g_autofree char *wanted = g_strdup_printf("PYTHON_VERSION=3.%d.", minor);
	char **env = config->config != NULL ? config->config->env : NULL;
	for (; env != NULL && *env != NULL; env++)
		if (g_str_has_prefix(*env, wanted))
			return upstream_version(*env + strlen("PYTHON_VERSION="), 3);
	return NULL;
}

static char *version_from_package(const SmithTree *tree, int minor)
{
	g_autofree char *name = g_strdup_printf("python3.%d", minor);
	g_autofree char *minimal = g_strconcat(name, "-minimal", NULL);
	g_autofree char *version = package_version(tree, minimal);
	if (version == NULL)
		version = package_version(tree, name);
	if (version == NULL)
		version = package_version(tree, "python3"); /* apk */
	return version != NULL ? upstream_version(version, 3) : NULL;
}

static void find_python(const SmithTree *tree, const SmithImageConfig *config, SmithLockBase *base)
{
	const char *directory = NULL;
	int minor = find_interpreter(tree, &directory);
	if (minor < 0)
		return;
	base->python = g_strdup_printf("/%s/python3.%d", directory, minor);
	base->python_version = version_from_header(tree, directory, minor);
	if (base->python_version == NULL)
		base->python_version = version_from_env(config, minor);
	if (base->python_version == NULL)
		base->python_version = version_from_package(tree, minor);
	g_autofree char *prefix = g_strdup_printf("3.%d.", minor);
	if (base->python_version == NULL || !g_str_has_prefix(base->python_version, prefix)) {
		g_free(base->python_version);
		base->python_version = g_strconcat(prefix, "0", NULL);
	}
}

static void find_init(const SmithTree *tree, SmithLockBase *base)
{
	static const char *const places[] = {"usr/local/bin/tini", "usr/bin/tini", "bin/tini",
					     "sbin/tini", "usr/sbin/tini"};
	for (guint i = 0; i < G_N_ELEMENTS(places) && base->init == NULL; i++)
		if (smith_tree_get(tree, places[i]) != NULL)
			base->init = g_strconcat("/", places[i], NULL);
}

/* An archive has one image, whatever it is for, and an index need not say. */
static gboolean check_platform(const SmithImageConfig *config, const char *platform, GError **error)
{
	g_autoptr(SmithPlatform) want = smith_platform_parse(platform, error);
	if (want == NULL)
		return FALSE;
	g_autoptr(SmithPlatform) have =
		smith_platform_new(config->os, config->architecture, config->variant);
	g_autofree char *text = smith_platform_to_string(have);
	if (smith_platform_match(want, have) < 0)
		return smith_throw(error, SMITH_ERROR_INVALID,
				   "it is an image for %s, the fleet's platform is %s", text,
				   platform);
	return TRUE;
}

static void look(SmithLockBase *base, const SmithTree *tree, const SmithImageConfig *config)
{
	find_python(tree, config, base);
	find_libc(tree, base);
	find_init(tree, base);
	base->passwd = lines_of(tree, "etc/passwd");
	base->group = lines_of(tree, "etc/group");
}

static char *make_key(const SmithManifest *manifest)
{
	g_autoptr(GPtrArray) layers = g_ptr_array_new();
	for (guint i = 0; i < manifest->layers->len; i++)
		g_ptr_array_add(layers, ((SmithDescriptor *)manifest->layers->pdata[i])->digest);
	g_ptr_array_add(layers, NULL);
	SmithKey *key = smith_key_new("look");
	smith_key_string(key, "config", manifest->config->digest);
	smith_key_strv(key, "layers", (char **)layers->pdata);
	return smith_key_finish(key);
}

static SmithLockBase *recall(const SmithStore *store, const char *key)
{
	g_autoptr(GBytes) bytes = smith_store_get_step(store, key);
	if (bytes == NULL)
		return NULL;
	gsize length = 0;
	const char *text = g_bytes_get_data(bytes, &length);
	return smith_lock_base_read(text, length);
}

static void name_base(SmithLockBase *base, const SmithDescriptor *image, const char *from)
{
	g_free(base->from);
	g_free(base->media_type);
	g_free(base->digest);
	base->from = g_strdup(from);
	base->media_type = g_strdup(image->media_type);
	base->digest = g_strdup(image->digest);
	base->size = image->size;
}

/* What is in layers that have been looked into before does not change: inflating them takes longer
 * than all else that a lock does. */
static SmithLockBase *look_inside(SmithStore *store, const SmithManifest *manifest,
				  const SmithImageConfig *config, const SmithDescriptor *image,
				  const char *from, GError **error)
{
	g_autofree char *key = make_key(manifest);
	SmithLockBase *base = recall(store, key);
	if (base != NULL) {
		name_base(base, image, from);
		return base;
	}
	g_autoptr(SmithTree) tree = smith_tree_new();
	if (!smith_tree_apply_image(tree, smith_store_layout(store), manifest, is_wanted, error))
		return NULL;
	base = g_new0(SmithLockBase, 1);
	name_base(base, image, from);
	look(base, tree, config);
	gsize length = 0;
	g_autofree char *text = smith_lock_base_write(base, &length);
	/* what cannot be recorded is looked at again */
	smith_store_put_step(store, key, text, length, NULL);
	return base;
}

static SmithLockBase *look_at(SmithStore *store, const SmithDescriptor *image, const char *from,
			      const char *platform, GError **error)
{
	g_autoptr(SmithManifest) manifest = NULL;
	g_autoptr(SmithImageConfig) config = NULL;
	if (!smith_layout_load_image(smith_store_layout(store), image, &manifest, &config, error) ||
	    !check_platform(config, platform, error))
		return NULL;
	return look_inside(store, manifest, config, image, from, error);
}

SmithLockBase *smith_base_look(SmithStore *store, const SmithLockBase *below,
			       const GPtrArray *layers, GError **error)
{
	g_autoptr(SmithManifest) manifest = NULL;
	g_autoptr(SmithImageConfig) config = NULL;
	g_autoptr(SmithDescriptor) image =
		smith_descriptor_new(below->media_type, below->digest, below->size);
	if (!smith_layout_load_image(smith_store_layout(store), image, &manifest, &config, error))
		return NULL;
	for (guint i = 0; i < layers->len; i++) {
		const SmithLayer *layer = layers->pdata[i];
		g_ptr_array_add(manifest->layers,
				smith_descriptor_new(layer->media_type, layer->digest,
						     (gint64)layer->size));
	}
	return look_inside(store, manifest, config, image, below->from, error);
}

static SmithDescriptor *import_layout(const SmithFleet *fleet, const SmithRef *ref,
				      const SmithLayout *to, const SmithPlatform *platform,
				      GError **error)
{
	g_autoptr(SmithLayout) from = smith_layout_open(fleet->fd, ref->path, FALSE, error);
	if (from == NULL)
		return NULL;
	g_autoptr(SmithDescriptor) image = smith_layout_find(from, ref->tag, platform, error);
	if (image == NULL || !smith_layout_copy_image(from, to, image, NULL, TRUE, error))
		return NULL;
	return g_steal_pointer(&image);
}

static SmithDescriptor *import_archive(const SmithFleet *fleet, const SmithRef *ref,
				       SmithLayout *to, GError **error)
{
	g_autofree char *path = g_canonicalize_filename(ref->path, fleet->directory);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		smith_throw_errno(error, "cannot open '%s'", path);
		return NULL;
	}
	return smith_archive_import(smith_source_new_fd(fd, TRUE, path), to, ref->tag, path, error);
}

/* Where @from is taken from: the mirror of it, or of the longest name that it begins with. */
static const char *find_mirror(const SmithFleet *fleet, const char *from)
{
	const char *found = g_hash_table_lookup(fleet->mirrors, from);
	gsize best = 0;
	GHashTableIter iter;
	gpointer key, value;
	g_hash_table_iter_init(&iter, fleet->mirrors);
	while (found == NULL && g_hash_table_iter_next(&iter, &key, &value)) {
		gsize length = strlen(key);
		if (length > best && g_str_has_prefix(from, key) &&
		    strchr(":@", from[length]) != NULL)
			best = length;
	}
	if (best > 0) {
		g_autofree char *name = g_strndup(from, best);
		found = g_hash_table_lookup(fleet->mirrors, name);
	}
	return found != NULL ? found : from;
}

SmithDescriptor *smith_base_fetch(const SmithFleet *fleet, SmithStore *store, const char *named,
				  const char *platform, GError **error)
{
	const char *from = find_mirror(fleet, named);
	g_autoptr(SmithRef) ref = smith_ref_parse(from, error);
	if (ref == NULL)
		return NULL;
	g_autoptr(SmithPlatform) wanted = smith_platform_parse(platform, error);
	if (wanted == NULL)
		return NULL;
	SmithLayout *layout = smith_store_layout(store);
	if (g_strcmp0(ref->transport, "oci") == 0)
		return import_layout(fleet, ref, layout, wanted, error);
	if (smith_ref_is_local(ref))
		return import_archive(fleet, ref, layout, error);
	g_autoptr(GError) local = NULL;
	SmithDescriptor *image = smith_layout_find(layout, from, wanted, &local);
	if (image == NULL && !g_error_matches(local, SMITH_ERROR, SMITH_ERROR_NOT_FOUND))
		g_propagate_error(error, g_steal_pointer(&local));
	else if (image == NULL)
		smith_throw(error, SMITH_ERROR_NOT_FOUND,
			    "the store has no image '%s' for %s; copy it there with 'skopeo copy "
			    "docker://%s oci:%s:%s', or name a local oci: layout or archive",
			    from, platform, from, smith_layout_get_path(layout), from);
	return image;
}

static SmithDescriptor *descriptor_of(const SmithLockBase *base)
{
	return smith_descriptor_new(base->media_type, base->digest, base->size);
}

/* Every blob is there; their bytes were verified when they came in. */
static bool is_whole(const SmithLayout *layout, const SmithDescriptor *image)
{
	g_autoptr(SmithManifest) manifest = NULL;
	if (!smith_layout_load_image(layout, image, &manifest, NULL, NULL))
		return false;
	for (guint i = 0; i < manifest->layers->len; i++) {
		const SmithDescriptor *layer = manifest->layers->pdata[i];
		if (!smith_layout_has_blob(layout, layer->digest, layer->size))
			return false;
	}
	return true;
}

/* A record that names it: an image that has no name in the store is kept while it is in use. */
static void note_use(const SmithStore *store, const SmithDescriptor *image)
{
	SmithKey *key = smith_key_new("base");
	smith_key_string(key, "manifest", image->digest);
	g_autofree char *name = smith_key_finish(key);
	/* what cannot be recorded is imported again */
	(void)smith_store_put_step(store, name, image->digest, strlen(image->digest), NULL);
}

static bool has_image(const SmithStore *store, const SmithDescriptor *image)
{
	bool there = is_whole(smith_store_layout(store), image);
	if (there)
		note_use(store, image);
	return there;
}

bool smith_base_is_whole(const SmithStore *store, const SmithLockBase *base)
{
	g_autoptr(SmithDescriptor) image = descriptor_of(base);
	return has_image(store, image);
}

gboolean smith_base_import(const SmithFleet *fleet, SmithStore *store, const SmithLockBase *base,
			   const char *platform, GError **error)
{
	SMITH_AUTO_PREFIX("base", base->from, error);
	g_autoptr(SmithDescriptor) locked = descriptor_of(base);
	if (has_image(store, locked))
		return TRUE;
	g_autoptr(SmithDescriptor) image =
		smith_base_fetch(fleet, store, base->from, platform, error);
	if (image == NULL)
		return FALSE;
	if (strcmp(image->digest, base->digest) != 0 || image->size != base->size)
		return smith_throw(
			error, SMITH_ERROR_VERIFY,
			"manifest differs from the lock, expected '%s' of %" G_GINT64_FORMAT
			" bytes, got '%s' of %" G_GINT64_FORMAT,
			base->digest, base->size, image->digest, image->size);
	note_use(store, image);
	return TRUE;
}

SmithLockBase *smith_base_lock(const SmithFleet *fleet, SmithStore *store, const char *from,
			       const char *platform, const SmithLockBase *keep, GError **error)
{
	SMITH_AUTO_PREFIX("base", from, error);
	g_autoptr(SmithDescriptor) kept = keep != NULL ? descriptor_of(keep) : NULL;
	if (kept != NULL && has_image(store, kept))
		return smith_lock_base_copy(keep);
	g_autoptr(SmithDescriptor) image = smith_base_fetch(fleet, store, from, platform, error);
	if (image == NULL)
		return NULL;
	if (kept != NULL && strcmp(kept->digest, image->digest) != 0) {
		smith_throw(error, SMITH_ERROR_VERIFY,
			    "it is '%s' now, and the store has no '%s', which the lock has; "
			    "'ocismith lock --update' takes the new one",
			    image->digest, kept->digest);
		return NULL;
	}
	note_use(store, image);
	return look_at(store, image, from, platform, error);
}
