/* SPDX-License-Identifier: Apache-2.0 */
#include "python/pylock.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/fd.h"
#include "python/name.h"
#include "python/toml.h"
#include "python/wheel-name.h"

#define RULE "pylock"

typedef struct {
	SmithDiag *diag;
	SmithRequirements *result;
	SmithPylock *pylock;
	GPtrArray *groups; /* (element-type char*) the default ones, and a NULL */
} Reader;

/* What @package says of itself, checked. */
typedef struct {
	const SmithNode *node;
	const char *name;
	char *key;
	SmithVersion *version;
} Package;

static void package_clear(Package *package)
{
	g_clear_pointer(&package->key, g_free);
	g_clear_pointer(&package->version, smith_version_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Package, package_clear)

static void kept_free(gpointer data)
{
	SmithPylockPackage *kept = data;
	g_free(kept->key);
	smith_marker_free(kept->marker);
	smith_specifier_free(kept->requires_python);
	g_free(kept);
}

static void marker_free(gpointer data)
{
	smith_marker_free(data);
}

static void pylock_free(gpointer data)
{
	SmithPylock *pylock = data;
	g_free(pylock->file);
	smith_specifier_free(pylock->requires_python);
	g_ptr_array_unref(pylock->environments);
	g_ptr_array_unref(pylock->packages);
	g_free(pylock);
}

bool smith_pylock_is_name(const char *path)
{
	g_autofree char *name = g_path_get_basename(path);
	if (!g_str_has_prefix(name, "pylock.") || !g_str_has_suffix(name, ".toml"))
		return false;
	const char *dot = strchr(name + strlen("pylock."), '.');
	return strcmp(name, "pylock.toml") == 0 ||
	       (dot != NULL && dot > name + strlen("pylock.") && strcmp(dot, ".toml") == 0);
}

#define REPORT(reader_, place_, ...)                                                               \
	smith_diag_add((reader_)->diag, SMITH_SEVERITY_ERROR, (place_), RULE, __VA_ARGS__)

/* The value of @key when it is of @type; NULL, reported, when it is not. */
static const SmithNode *get(Reader *reader, const SmithNode *map, const char *key,
			    SmithNodeType type)
{
	const SmithNode *value = smith_node_get(map, key);
	if (value == NULL || value->type == type)
		return value;
	REPORT(reader, value->place, "'%s' must be %s, got %s", key, smith_node_type_name(type),
	       smith_node_type_name(value->type));
	return NULL;
}

static const char *get_string(Reader *reader, const SmithNode *map, const char *key)
{
	const SmithNode *value = get(reader, map, key, SMITH_NODE_STRING);
	return value != NULL ? value->text : NULL;
}

static SmithSpecifierSet *get_python(Reader *reader, const SmithNode *map)
{
	g_autoptr(GError) error = NULL;
	const char *text = get_string(reader, map, "requires-python");
	SmithSpecifierSet *set = text != NULL ? smith_specifier_parse(text, &error) : NULL;
	if (error != NULL)
		REPORT(reader, smith_node_get(map, "requires-python")->place, "requires-python: %s",
		       error->message);
	return set;
}

static SmithMarker *parse_marker(Reader *reader, const SmithNode *node)
{
	g_autoptr(GError) error = NULL;
	SmithMarker *marker = smith_marker_parse_locked(
		node->text, (const char *const *)reader->groups->pdata, &error);
	if (marker == NULL)
		REPORT(reader, node->place, "%s", error->message);
	return marker;
}

static void add_hashes(Reader *reader, const SmithNode *file, const char *name, GString *line)
{
	const SmithNode *hashes = get(reader, file, "hashes", SMITH_NODE_MAP);
	if (smith_node_length(hashes) == 0) {
		REPORT(reader, file->place, "a file of package '%s' has no hashes", name);
		return;
	}
	for (guint i = 0; i < hashes->members->len; i++) {
		const SmithNodeMember *hash = hashes->members->pdata[i];
		const char *hex = get_string(reader, hashes, hash->key);
		/* others than requirements files have are not needed, nor fit for a line of one */
		if (hex != NULL && g_ascii_strncasecmp(hash->key, "sha", 3) == 0 &&
		    g_str_is_ascii(hash->key) && strpbrk(hash->key, " \t\"'\\$#:\n") == NULL &&
		    hex[strspn(hex, "0123456789abcdefABCDEF")] == '\0')
			g_string_append_printf(line, " --hash=%s:%s", hash->key, hex);
	}
}

static char *file_name(Reader *reader, const SmithNode *file)
{
	const char *name = get_string(reader, file, "name");
	if (name != NULL)
		return g_strdup(name);
	const char *from = get_string(reader, file, "path");
	if (from == NULL)
		from = get_string(reader, file, "url");
	if (from == NULL)
		return NULL;
	g_autofree char *path = g_strndup(from, strcspn(from, "?#"));
	g_autofree char *base = g_path_get_basename(path);
	return g_uri_unescape_string(base, NULL);
}

static void check_wheel(Reader *reader, const SmithNode *file, const Package *package)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *name = file_name(reader, file);
	if (name == NULL) {
		REPORT(reader, file->place, "a wheel of package '%s' has neither url nor path",
		       package->name);
		return;
	}
	g_autoptr(SmithWheelName) wheel = smith_wheel_name_parse(name, &error);
	if (wheel == NULL)
		REPORT(reader, file->place, "wheel '%s': %s", name, error->message);
	else if (strcmp(wheel->key, package->key) != 0 ||
		 smith_version_compare(wheel->version, package->version) != 0)
		REPORT(reader, file->place, "wheel '%s' is not of package '%s' %s", name,
		       package->name, smith_node_get_string(package->node, "version"));
}

/* FALSE when there are none that can be taken. */
static bool add_files(Reader *reader, const Package *package, GString *line)
{
	const SmithNode *wheels = get(reader, package->node, "wheels", SMITH_NODE_SEQ);
	const SmithNode *sdist = get(reader, package->node, "sdist", SMITH_NODE_MAP);
	for (guint i = 0; i < smith_node_length(wheels); i++) {
		const SmithNode *wheel = wheels->items->pdata[i];
		if (wheel->type != SMITH_NODE_MAP) {
			REPORT(reader, wheel->place, "a wheel must be a map, got %s",
			       smith_node_type_name(wheel->type));
			continue;
		}
		check_wheel(reader, wheel, package);
		add_hashes(reader, wheel, package->name, line);
	}
	if (sdist != NULL)
		add_hashes(reader, sdist, package->name, line);
	if (sdist == NULL && smith_node_length(wheels) == 0)
		REPORT(reader, package->node->place,
		       "package '%s' has neither wheels nor a source distribution", package->name);
	return sdist != NULL || smith_node_length(wheels) > 0;
}

/* Those need no version. */
static bool is_refused(Reader *reader, const SmithNode *node, const char *name)
{
	static const char *const refused[] = {"vcs", "directory", "archive"};
	for (gsize i = 0; i < G_N_ELEMENTS(refused); i++)
		if (smith_node_get(node, refused[i]) != NULL) {
			REPORT(reader, node->place,
			       "package '%s' is from '%s', only wheels and source distributions "
			       "are taken",
			       name, refused[i]);
			return true;
		}
	return false;
}

static bool name_package(Reader *reader, Package *package)
{
	g_autoptr(GError) error = NULL;
	SmithPlace place = package->node->place;
	package->name = get_string(reader, package->node, "name");
	const char *version = get_string(reader, package->node, "version");
	if (package->name == NULL || !smith_python_name_is_valid(package->name)) {
		REPORT(reader, place, "a package has no valid name, got '%s'",
		       package->name != NULL ? package->name : "");
		return false;
	}
	package->key = smith_python_normalize_name(package->name);
	if (is_refused(reader, package->node, package->name))
		return false;
	package->version = version != NULL ? smith_version_parse(version, &error) : NULL;
	if (package->version == NULL)
		REPORT(reader, place, "package '%s': %s", package->name,
		       error != NULL ? error->message : "there is no version");
	return package->version != NULL;
}

/* As a line of a requirements file, which knows what is to be said of hashes. */
static void add_line(Reader *reader, const Package *package, const SmithPylockPackage *kept,
		     const char *text)
{
	const char *const lines[] = {text, NULL};
	g_autoptr(SmithRequirements) found =
		smith_requirements_parse_lines(lines, package->node->place, reader->diag);
	if (found->lines->len != 1)
		return;
	SmithRequirementLine *line = g_ptr_array_steal_index(found->lines, 0);
	const SmithNode *marker = smith_node_get(package->node, "marker");
	if (kept->marker != NULL)
		line->req->marker = parse_marker(reader, marker);
	g_ptr_array_add(reader->result->lines, line);
}

static void read_package(Reader *reader, const SmithNode *node)
{
	g_auto(Package) package = {.node = node};
	if (node->type != SMITH_NODE_MAP) {
		REPORT(reader, node->place, "a package must be a map, got %s",
		       smith_node_type_name(node->type));
		return;
	}
	const SmithNode *marker = get(reader, node, "marker", SMITH_NODE_STRING);
	SmithPylockPackage *kept = g_new0(SmithPylockPackage, 1);
	g_ptr_array_add(reader->pylock->packages, kept);
	kept->place = node->place;
	kept->requires_python = get_python(reader, node);
	kept->marker = marker != NULL ? parse_marker(reader, marker) : NULL;
	g_autoptr(GString) line = g_string_new(NULL);
	if (!name_package(reader, &package))
		return;
	kept->key = g_strdup(package.key);
	g_autofree char *version = smith_version_to_string(package.version);
	g_string_printf(line, "%s==%s", package.name, version);
	if ((marker == NULL || kept->marker != NULL) && add_files(reader, &package, line))
		add_line(reader, &package, kept, line->str);
}

static bool check_version(Reader *reader, const SmithNode *document)
{
	const char *version = get_string(reader, document, "lock-version");
	const SmithNode *node = smith_node_get(document, "lock-version");
	SmithPlace place = node != NULL ? node->place : document->place;
	if (version != NULL && strcmp(version, "1.0") == 0)
		return true;
	bool is_known = version != NULL && g_str_has_prefix(version, "1.");
	smith_diag_add(reader->diag, is_known ? SMITH_SEVERITY_WARNING : SMITH_SEVERITY_ERROR,
		       place, RULE, "lock-version is '%s', expected '1.0'",
		       version != NULL ? version : "");
	return is_known;
}

static void read_groups(Reader *reader, const SmithNode *document)
{
	const SmithNode *groups = get(reader, document, "default-groups", SMITH_NODE_SEQ);
	for (guint i = 0; i < smith_node_length(groups); i++) {
		const SmithNode *group = groups->items->pdata[i];
		if (group->type == SMITH_NODE_STRING)
			g_ptr_array_add(reader->groups, smith_python_normalize_name(group->text));
		else
			REPORT(reader, group->place, "a group must be a string, got %s",
			       smith_node_type_name(group->type));
	}
	g_ptr_array_add(reader->groups, NULL);
}

static void read_document(Reader *reader, const SmithNode *document)
{
	if (!check_version(reader, document))
		return;
	read_groups(reader, document);
	const SmithNode *python = smith_node_get(document, "requires-python");
	const SmithNode *where = get(reader, document, "environments", SMITH_NODE_SEQ);
	const SmithNode *packages = get(reader, document, "packages", SMITH_NODE_SEQ);
	reader->pylock->requires_python = get_python(reader, document);
	if (python != NULL)
		reader->pylock->place = python->place;
	for (guint i = 0; i < smith_node_length(where); i++) {
		const SmithNode *item = where->items->pdata[i];
		SmithMarker *marker =
			item->type == SMITH_NODE_STRING ? parse_marker(reader, item) : NULL;
		if (item->type != SMITH_NODE_STRING)
			REPORT(reader, item->place, "an environment must be a string, got %s",
			       smith_node_type_name(item->type));
		if (marker != NULL)
			g_ptr_array_add(reader->pylock->environments, marker);
	}
	if (smith_node_get(document, "packages") == NULL)
		REPORT(reader, document->place, "there is no 'packages'");
	for (guint i = 0; i < smith_node_length(packages); i++)
		read_package(reader, packages->items->pdata[i]);
}

static SmithNode *read_file(int dirfd, const char *path, GError **error)
{
	struct stat info;
	smith_autofd int fd = smith_fd_open_beneath(dirfd, path, O_RDONLY | O_NONBLOCK, 0, error);
	if (fd < 0)
		return NULL;
	if (fstat(fd, &info) == 0 && !S_ISREG(info.st_mode))
		return smith_throw_null(error, SMITH_ERROR_INVALID, "'%s' is not a regular file",
					path);
	g_autoptr(GBytes) bytes = smith_fd_read_all(fd, path, SMITH_NODE_MAX_BYTES, error);
	if (bytes == NULL)
		return NULL;
	gsize length = 0;
	const char *text = g_bytes_get_data(bytes, &length);
	return smith_toml_read(text, length, path, error);
}

SmithRequirements *smith_pylock_read(int dirfd, const char *path, SmithDiag *diag)
{
	static const char *const none[] = {NULL};
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) groups = g_ptr_array_new_with_free_func(g_free);
	SmithPlace place = {g_intern_string(path), 0, 0};
	Reader reader = {.diag = diag, .groups = groups};
	reader.result = smith_requirements_parse_lines(none, place, diag);
	reader.result->require_hashes = true;
	reader.result->pylocks = g_ptr_array_new_with_free_func(pylock_free);
	g_ptr_array_add(reader.result->files, g_strdup(path));
	g_autoptr(SmithNode) document = read_file(dirfd, path, &error);
	if (document == NULL) {
		smith_diag_add(diag, SMITH_SEVERITY_ERROR, place, RULE, "%s", error->message);
		return reader.result;
	}
	reader.pylock = g_new0(SmithPylock, 1);
	reader.pylock->file = g_strdup(path);
	reader.pylock->place = place;
	reader.pylock->environments = g_ptr_array_new_with_free_func(marker_free);
	reader.pylock->packages = g_ptr_array_new_with_free_func(kept_free);
	g_ptr_array_add(reader.result->pylocks, reader.pylock);
	read_document(&reader, document);
	return reader.result;
}

static bool is_for(const SmithSpecifierSet *python, const SmithMarkerEnv *env)
{
	g_autoptr(SmithVersion) version = smith_version_parse(env->python_full_version, NULL);
	return python == NULL || version == NULL || smith_specifier_contains(python, version, true);
}

static bool has_environment(const SmithPylock *pylock, const SmithMarkerEnv *env)
{
	for (guint i = 0; i < pylock->environments->len; i++) {
		gboolean holds = FALSE;
		if (smith_marker_evaluate(pylock->environments->pdata[i], env, NULL, &holds,
					  NULL) &&
		    holds)
			return true;
	}
	return pylock->environments->len == 0;
}

void smith_pylock_check(const SmithPylock *pylock, const SmithMarkerEnv *env, SmithDiag *diag)
{
	if (!is_for(pylock->requires_python, env)) {
		g_autofree char *python = smith_specifier_to_string(pylock->requires_python);
		smith_diag_add(diag, SMITH_SEVERITY_ERROR, pylock->place, RULE,
			       "'%s' is for Python %s, the base has %s", pylock->file, python,
			       env->python_full_version);
	}
	if (!has_environment(pylock, env))
		smith_diag_add(diag, SMITH_SEVERITY_ERROR, pylock->place, RULE,
			       "none of the environments of '%s' is that of Python %s on %s",
			       pylock->file, env->python_version, env->platform_machine);
	g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);
	for (guint i = 0; i < pylock->packages->len; i++) {
		const SmithPylockPackage *package = pylock->packages->pdata[i];
		gboolean kept = package->key != NULL;
		/* what cannot be evaluated is told where its line is */
		if (kept && package->marker != NULL &&
		    !smith_marker_evaluate(package->marker, env, NULL, &kept, NULL))
			continue;
		if (!kept)
			continue;
		if (!is_for(package->requires_python, env))
			smith_diag_add(diag, SMITH_SEVERITY_ERROR, package->place, RULE,
				       "package '%s' is not for Python %s", package->key,
				       env->python_full_version);
		if (!g_hash_table_add(names, package->key))
			smith_diag_add(diag, SMITH_SEVERITY_ERROR, package->place, RULE,
				       "package '%s' is there twice for Python %s on %s",
				       package->key, env->python_version, env->platform_machine);
	}
}
