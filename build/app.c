/* SPDX-License-Identifier: Apache-2.0 */
#include "build/app.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/json.h"
#include "fleet/runtime.h"
#include "layers/dir.h"
#include "layers/ignore.h"

#define BUFFER_SIZE (128 * 1024)

/* A content that is only as good as its digest: what was hashed must be what is written. */
typedef struct {
	SmithContent content;
	SmithContent *inner;
	char *digest;
	char *path;
} Pinned;

static SmithSource *pinned_open(SmithContent *content, GError **error)
{
	Pinned *pinned = (Pinned *)content;
	SmithSource *source = pinned->inner->ops->open(pinned->inner, error);
	if (source == NULL)
		return NULL;
	return smith_source_new_verify(source, content->size, pinned->digest, pinned->path);
}

static void pinned_free(SmithContent *content)
{
	Pinned *pinned = (Pinned *)content;
	smith_content_unref(pinned->inner);
	g_free(pinned->digest);
	g_free(pinned->path);
	g_free(pinned);
}

static const SmithContentOps pinned_ops = {pinned_open, NULL, pinned_free};

static char *hash_content(SmithContent *content, guint8 *buffer, GError **error)
{
	g_autoptr(SmithHasher) hasher = smith_hasher_new();
	g_autoptr(SmithSource) source = content->ops->open(content, error);
	if (source == NULL)
		return NULL;
	for (;;) {
		gssize got = smith_source_read(source, buffer, BUFFER_SIZE, error);
		if (got < 0)
			return NULL;
		if (got == 0)
			return smith_hasher_finish(hasher);
		smith_hasher_update(hasher, buffer, (gsize)got);
	}
}

static char *find_digest(SmithContent *content, SmithInputs *inputs, guint8 *buffer, GError **error)
{
	const char *known = smith_inputs_find(inputs, &content->identity);
	if (known != NULL)
		return g_strdup(known);
	char *digest = hash_content(content, buffer, error);
	if (digest != NULL)
		smith_inputs_add(inputs, &content->identity, digest);
	return digest;
}

static gboolean pin_entry(SmithEntry *entry, SmithInputs *inputs, SmithNode *row, guint8 *buffer,
			  GError **error)
{
	if (entry->content == NULL)
		return TRUE;
	g_autofree char *digest = find_digest(entry->content, inputs, buffer, error);
	if (digest == NULL)
		return FALSE;
	smith_node_append(row, smith_node_new_string(digest));
	Pinned *pinned = g_new0(Pinned, 1);
	pinned->content.ops = &pinned_ops;
	pinned->content.refs = 1;
	pinned->content.size = entry->content->size;
	pinned->inner = entry->content;
	pinned->digest = g_steal_pointer(&digest);
	pinned->path = g_strdup(entry->path);
	entry->content = &pinned->content;
	return TRUE;
}

/* Names may be any bytes; JSON text may not, so that one that is no text is a list of its digest.
 */
static SmithNode *name_node(const char *name)
{
	if (g_utf8_validate(name, -1, NULL))
		return smith_node_new_string(name);
	g_autofree char *digest = smith_digest_of(name, strlen(name));
	SmithNode *list = smith_node_new(SMITH_NODE_SEQ);
	smith_node_append(list, smith_node_new_string(digest));
	return list;
}

char *smith_app_pin(GPtrArray *entries, SmithInputs *inputs, GError **error)
{
	g_autoptr(SmithNode) list = smith_node_new(SMITH_NODE_SEQ);
	g_autofree guint8 *buffer = g_malloc(BUFFER_SIZE);
	for (guint i = 0; i < entries->len; i++) {
		SmithEntry *entry = entries->pdata[i];
		SmithNode *row = smith_node_new(SMITH_NODE_SEQ);
		smith_node_append(list, row);
		smith_node_append(row, name_node(entry->path));
		smith_node_append(row, smith_node_new_string(smith_entry_type_name(entry->type)));
		smith_node_append(row, smith_node_new_int(entry->mode));
		if (entry->uid != 0)
			smith_node_append(row, smith_node_new_int(entry->uid));
		if (entry->target != NULL)
			smith_node_append(row, name_node(entry->target));
		if (!pin_entry(entry, inputs, row, buffer, error))
			return NULL;
	}
	gsize length = 0;
	g_autofree char *text = smith_json_write(list, SMITH_JSON_COMPACT, &length);
	return smith_digest_of(text, length);
}

/* A path that the user lists must not vanish without a word. */
static gboolean check_listed(const SmithFleet *fleet, const SmithIgnore *ignore, const char *path,
			     GError **error)
{
	struct stat st;
	if (fstatat(fleet->fd, path, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return smith_throw_errno(error, "cannot find");
	const SmithIgnoreRule *rule = smith_ignore_match(ignore, path, S_ISDIR(st.st_mode));
	if (rule == NULL || (S_ISDIR(st.st_mode) && smith_ignore_has_exceptions(ignore)))
		return TRUE;
	return smith_throw(error, SMITH_ERROR_INVALID, "it is hidden by %s:%u: '%s'", rule->file,
			   rule->line, rule->text);
}

static gboolean add_path(const SmithFleet *fleet, const SmithIgnore *ignore, const char *listed,
			 GHashTable *seen, GPtrArray *entries, GError **error)
{
	SMITH_AUTO_PREFIX("app path", listed, error);
	g_autofree char *path = smith_entry_path_normalize(listed, error);
	if (path == NULL || !check_listed(fleet, ignore, path, error))
		return FALSE;
	g_autofree char *dest = strcmp(path, ".") == 0
					? g_strdup(SMITH_APP_PATH)
					: g_build_filename(SMITH_APP_PATH, path, NULL);
	g_autoptr(SmithEntryIter) iter = smith_dir_read(fleet->fd, path, dest, ignore, error);
	if (iter == NULL)
		return FALSE;
	for (;;) {
		g_autoptr(SmithEntry) entry = NULL;
		if (!smith_entry_iter_next(iter, &entry, error))
			return FALSE;
		if (entry == NULL)
			return TRUE;
		/* listed twice, or below another listed path */
		if (g_hash_table_add(seen, g_strdup(entry->path)))
			g_ptr_array_add(entries, g_steal_pointer(&entry));
	}
}

static gboolean check_program(const SmithService *service, const SmithIgnore *ignore,
			      GHashTable *seen, GError **error)
{
	if (service->app->form != SMITH_APP_SCRIPT)
		return TRUE;
	g_autofree char *script = smith_entry_path_normalize(service->app->script, error);
	if (script == NULL)
		return FALSE;
	g_autofree char *path = g_build_filename(SMITH_APP_PATH, script, NULL);
	if (g_hash_table_contains(seen, path))
		return TRUE;
	const SmithIgnoreRule *rule = smith_ignore_match(ignore, script, false);
	if (rule != NULL)
		return smith_throw(error, SMITH_ERROR_INVALID,
				   "script '%s' is hidden by %s:%u: '%s'", script, rule->file,
				   rule->line, rule->text);
	return smith_throw(error, SMITH_ERROR_INVALID,
			   "script '%s' is not among the paths of app.files", script);
}

/* Podman gives a new volume the owner of the directory that it covers. */
static gboolean add_directory(const char *path, GHashTable *seen, GPtrArray *entries,
			      GError **error)
{
	SMITH_AUTO_PREFIX("directory", path, error);
	g_autofree char *normal = smith_entry_path_normalize(path, error);
	if (normal == NULL)
		return FALSE;
	SmithEntry *entry = NULL;
	for (guint i = 0; g_hash_table_contains(seen, normal) && i < entries->len; i++)
		if (strcmp(((SmithEntry *)entries->pdata[i])->path, normal) == 0)
			entry = entries->pdata[i];
	if (entry == NULL) {
		entry = smith_entry_new(SMITH_ENTRY_DIR, normal, 0755);
		g_ptr_array_add(entries, entry);
		g_hash_table_add(seen, g_strdup(normal));
	}
	entry->uid = SMITH_UID;
	entry->gid = SMITH_GID;
	return TRUE;
}

/* A path of the host has its own owner, and may be a file or a socket, which covers no directory.
 */
static bool is_of_host(const SmithFleet *fleet, const SmithMount *mount)
{
	const SmithVolume *volume = smith_fleet_volume(fleet, mount->volume);
	return volume != NULL ? volume->path != NULL : *mount->volume == '/';
}

static gboolean add_directories(const SmithFleet *fleet, const SmithService *service,
				GHashTable *seen, GPtrArray *entries, GError **error)
{
	for (char **path = service->writable; *path != NULL; path++)
		if (!add_directory(*path, seen, entries, error))
			return FALSE;
	for (guint i = 0; i < service->volumes->len; i++) {
		const SmithMount *mount = service->volumes->pdata[i];
		if (mount->target != NULL && !is_of_host(fleet, mount) &&
		    !add_directory(mount->target, seen, entries, error))
			return FALSE;
	}
	return TRUE;
}

static void add_generated(const SmithService *service, GPtrArray *entries)
{
	if (service->generated == NULL)
		return;
	g_autofree char *path =
		g_strdup_printf(SMITH_APP_PATH "/" SMITH_SUPERVISOR_CONFIG, service->slug);
	g_ptr_array_add(entries, smith_entry_new_file(path, 0644, service->generated,
						      strlen(service->generated)));
}

GPtrArray *smith_app_entries(const SmithFleet *fleet, const SmithService *service, GError **error)
{
	SMITH_AUTO_PREFIX("service", service->name, error);
	g_autoptr(SmithIgnore) ignore = smith_ignore_load(fleet->fd, error);
	if (ignore == NULL)
		return NULL;
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autoptr(GPtrArray) entries =
		g_ptr_array_new_with_free_func((GDestroyNotify)smith_entry_free);
	/* the working directory is there also for a service without files */
	g_ptr_array_add(entries, smith_entry_new(SMITH_ENTRY_DIR, SMITH_APP_PATH, 0755));
	g_hash_table_add(seen, g_strdup(SMITH_APP_PATH));
	for (char **listed = service->app->files; *listed != NULL; listed++)
		if (!add_path(fleet, ignore, *listed, seen, entries, error))
			return NULL;
	if (!check_program(service, ignore, seen, error) ||
	    !add_directories(fleet, service, seen, entries, error))
		return NULL;
	add_generated(service, entries);
	return g_steal_pointer(&entries);
}
