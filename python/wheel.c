/* SPDX-License-Identifier: Apache-2.0 */
#include "python/wheel.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/fd.h"
#include "python/metadata.h"
#include "python/name.h"

#define INFO_SUFFIX ".dist-info"
#define MAX_METADATA (16 * 1024 * 1024)
#define MAX_WHEEL (256 * 1024)
#define MAX_ENTRY_POINTS (256 * 1024)
#define MAX_TAGS 4096

bool smith_wheel_is_info(const SmithWheel *wheel, const char *member, const char *name)
{
	gsize length = strlen(wheel->info_dir);

	return strncmp(member, wheel->info_dir, length) == 0 && member[length] == '/' &&
	       strcmp(member + length + 1, name) == 0;
}

const SmithRecordRow *smith_wheel_row(const SmithWheel *wheel, const char *member)
{
	if (smith_wheel_is_info(wheel, member, "RECORD") ||
	    smith_wheel_is_info(wheel, member, "RECORD.jws") ||
	    smith_wheel_is_info(wheel, member, "RECORD.p7s"))
		return NULL;
	return g_hash_table_lookup(wheel->rows, member);
}

/* The one directory at the top that ends with ".dist-info". */
static gboolean find_info_dir(SmithWheel *self, GError **error)
{
	for (guint i = 0; i < smith_zip_length(self->zip); i++) {
		const SmithZipMember *member = smith_zip_member(self->zip, i);
		gsize length = strcspn(member->name, "/");
		g_autofree char *top = g_strndup(member->name, length);

		if (!g_str_has_suffix(top, INFO_SUFFIX) || (!member->is_dir && top[length] != '\0'))
			continue;
		if (self->info_dir == NULL)
			self->info_dir = g_steal_pointer(&top);
		else if (strcmp(self->info_dir, top) != 0)
			return smith_throw(error, SMITH_ERROR_INVALID,
					   "two *.dist-info directories, '%s' and '%s'",
					   self->info_dir, top);
	}
	if (self->info_dir == NULL)
		return smith_throw(error, SMITH_ERROR_INVALID, "no *.dist-info directory");
	return TRUE;
}

static gboolean is_same_version(const SmithVersion *version, const char *text)
{
	g_autoptr(SmithVersion) other = smith_version_parse(text, NULL);

	return other != NULL && smith_version_compare(version, other) == 0;
}

/* "NAME-VERSION.dist-info": old tools left dashes in both, so that every dash may be the one. */
static gboolean check_info_dir(const SmithWheel *self, GError **error)
{
	g_autofree char *stem =
		g_strndup(self->info_dir, strlen(self->info_dir) - strlen(INFO_SUFFIX));

	for (char *dash = strchr(stem, '-'); dash != NULL; dash = strchr(dash + 1, '-')) {
		g_autofree char *head = g_strndup(stem, (gsize)(dash - stem));
		g_autofree char *normal = smith_python_normalize_name(head);

		if (strcmp(normal, self->normal_name) == 0 &&
		    is_same_version(self->file->version, dash + 1))
			return TRUE;
	}
	return smith_throw(error, SMITH_ERROR_CONFLICT,
			   "directory '%s' does not match the file name, expected name '%s' and "
			   "version '%s'",
			   self->info_dir, self->normal_name, self->file->version_text);
}

/* A file of *.dist-info, checked against its RECORD row if @self has its RECORD by now. */
static GBytes *read_info(const SmithWheel *self, const char *name, gsize limit, gboolean optional,
			 GError **error)
{
	g_autofree char *path = g_strconcat(self->info_dir, "/", name, NULL);
	const SmithZipMember *member = smith_zip_find(self->zip, path);
	const SmithRecordRow *row = NULL;

	if (member == NULL && optional)
		return g_bytes_new_static("", 0);
	if (member == NULL)
		return smith_throw_null(error, SMITH_ERROR_INVALID, "no file '%s'", path);
	if (self->rows != NULL)
		row = smith_wheel_row(self, path);
	return smith_zip_read(self->zip, member, limit, row != NULL ? row->sha256 : NULL, error);
}

static gboolean check_rows(const SmithWheel *self, GError **error)
{
	for (guint i = 0; i < self->record->len; i++) {
		const SmithRecordRow *row = self->record->pdata[i];
		const SmithZipMember *member = smith_zip_find(self->zip, row->path);

		if (member == NULL)
			return smith_throw(error, SMITH_ERROR_INVALID,
					   "RECORD lists '%s', which the wheel does not hold",
					   row->path);
		if (smith_wheel_row(self, row->path) == NULL)
			continue;
		if (!row->has_sha256)
			return smith_throw(error, SMITH_ERROR_INVALID,
					   "RECORD has no hash for '%s'", row->path);
		if (row->size >= 0 && (guint64)row->size != member->size)
			return smith_throw(error, SMITH_ERROR_VERIFY,
					   "RECORD says '%s' has %" G_GINT64_FORMAT
					   " bytes, but it has %" G_GUINT64_FORMAT,
					   row->path, row->size, member->size);
	}
	return TRUE;
}

static gboolean check_members(const SmithWheel *self, GError **error)
{
	for (guint i = 0; i < smith_zip_length(self->zip); i++) {
		const SmithZipMember *member = smith_zip_member(self->zip, i);

		if (member->is_dir || smith_wheel_is_info(self, member->name, "RECORD") ||
		    smith_wheel_is_info(self, member->name, "RECORD.jws") ||
		    smith_wheel_is_info(self, member->name, "RECORD.p7s"))
			continue;
		if (!g_hash_table_contains(self->rows, member->name))
			return smith_throw(error, SMITH_ERROR_INVALID,
					   "RECORD does not list the file '%s'", member->name);
	}
	return TRUE;
}

static gboolean read_record(SmithWheel *self, GError **error)
{
	g_autoptr(GBytes) bytes = read_info(self, "RECORD", SMITH_RECORD_MAX_BYTES, FALSE, error);
	gsize length = 0;
	const char *text;

	if (bytes == NULL)
		return FALSE;
	text = g_bytes_get_data(bytes, &length);
	self->record = smith_record_parse(length > 0 ? text : "", length, "RECORD", error);
	if (self->record == NULL)
		return FALSE;
	self->rows = g_hash_table_new(g_str_hash, g_str_equal);
	for (guint i = 0; i < self->record->len; i++) {
		SmithRecordRow *row = self->record->pdata[i];

		g_hash_table_insert(self->rows, row->path, row);
	}
	return check_rows(self, error) && check_members(self, error);
}

static SmithHeaders *read_headers(const SmithWheel *self, const char *name, gsize limit,
				  GError **error)
{
	g_autoptr(GBytes) bytes = read_info(self, name, limit, FALSE, error);
	gsize length = 0;
	const char *text;

	if (bytes == NULL)
		return NULL;
	text = g_bytes_get_data(bytes, &length);
	return smith_headers_parse(length > 0 ? text : "", length, name, error);
}

static gboolean read_metadata(SmithWheel *self, GError **error)
{
	g_autoptr(SmithHeaders) headers = read_headers(self, "METADATA", MAX_METADATA, error);
	g_autofree char *normal = NULL;
	const char *name, *version, *license;

	if (headers == NULL)
		return FALSE;
	name = smith_headers_require(headers, "Name", error);
	version = name != NULL ? smith_headers_require(headers, "Version", error) : NULL;
	if (version == NULL)
		return FALSE;
	normal = smith_python_normalize_name(name);
	if (strcmp(normal, self->normal_name) != 0)
		return smith_throw(error, SMITH_ERROR_CONFLICT,
				   "METADATA names the project '%s', the file name '%s'", name,
				   self->file->name);
	if (!is_same_version(self->file->version, version))
		return smith_throw(error, SMITH_ERROR_CONFLICT,
				   "METADATA gives version '%s', the file name '%s'", version,
				   self->file->version_text);
	license = smith_headers_get(headers, "License-Expression");
	if (license == NULL)
		license = smith_headers_get(headers, "License");
	self->name = g_strdup(name);
	self->version = g_strdup(version);
	self->requires_python = g_strdup(smith_headers_get(headers, "Requires-Python"));
	self->requires_dist = smith_headers_get_all(headers, "Requires-Dist");
	self->provides_extra = smith_headers_get_all(headers, "Provides-Extra");
	self->summary = g_strdup(smith_headers_get(headers, "Summary"));
	self->license = g_strdup(license);
	return TRUE;
}

static gint compare_strings(gconstpointer a, gconstpointer b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Sorted, each once. Takes the array of strings. */
static char **to_set(GPtrArray *strings)
{
	GPtrArray *set = g_ptr_array_new();

	g_ptr_array_sort(strings, compare_strings);
	for (guint i = 0; i < strings->len; i++) {
		char *text = strings->pdata[i];

		if (set->len > 0 && strcmp(set->pdata[set->len - 1], text) == 0)
			g_free(text);
		else
			g_ptr_array_add(set, text);
	}
	g_ptr_array_add(set, NULL);
	g_ptr_array_free(strings, TRUE);
	return (char **)g_ptr_array_free(set, FALSE);
}

/* The product of the dot-joined parts of PYTHON-ABI-PLATFORM. */
static char **expand_tags(const SmithWheelName *file, GError **error)
{
	g_auto(GStrv) pythons = g_strsplit(file->python, ".", -1);
	g_auto(GStrv) abis = g_strsplit(file->abi, ".", -1);
	g_auto(GStrv) platforms = g_strsplit(file->platform, ".", -1);
	GPtrArray *tags;

	if ((guint64)g_strv_length(pythons) * g_strv_length(abis) * g_strv_length(platforms) >
	    MAX_TAGS)
		return smith_throw_null(error, SMITH_ERROR_LIMIT,
					"file name stands for more than %d tags", MAX_TAGS);
	tags = g_ptr_array_new();
	for (char **p = pythons; *p != NULL; p++)
		for (char **a = abis; *a != NULL; a++)
			for (char **f = platforms; *f != NULL; f++)
				g_ptr_array_add(tags, g_strconcat(*p, "-", *a, "-", *f, NULL));
	return to_set(tags);
}

/* Old tools write compressed sets into Tag lines too. */
static char **read_tags(const SmithHeaders *headers, GError **error)
{
	g_auto(GStrv) lines = smith_headers_get_all(headers, "Tag");
	g_autoptr(GPtrArray) tags = g_ptr_array_new_with_free_func(g_free);

	for (char **line = lines; *line != NULL; line++) {
		g_auto(GStrv) parts = g_strsplit(*line, "-", -1);
		g_auto(GStrv) expanded = NULL;
		SmithWheelName part = {0};

		if (g_strv_length(parts) != 3)
			return smith_throw_null(error, SMITH_ERROR_INVALID,
						"WHEEL has the tag '%s', expected "
						"'PYTHON-ABI-PLATFORM'",
						*line);
		part.python = parts[0];
		part.abi = parts[1];
		part.platform = parts[2];
		expanded = expand_tags(&part, error);
		if (expanded == NULL)
			return NULL;
		for (char **tag = expanded; *tag != NULL; tag++)
			g_ptr_array_add(tags, g_strdup(*tag));
		if (tags->len > MAX_TAGS)
			return smith_throw_null(error, SMITH_ERROR_LIMIT,
						"WHEEL has more than %d tags", MAX_TAGS);
	}
	g_ptr_array_set_free_func(tags, NULL);
	return to_set(g_steal_pointer(&tags));
}

static gboolean check_tags(const SmithWheel *self, const SmithHeaders *headers, GError **error)
{
	g_auto(GStrv) tags = read_tags(headers, error);
	g_autofree char *got = NULL, *want = NULL;

	if (tags == NULL)
		return FALSE;
	if (g_strv_equal((const char *const *)tags, (const char *const *)self->tags))
		return TRUE;
	got = g_strjoinv(" ", tags);
	want = g_strjoinv(" ", self->tags);
	return smith_throw(error, SMITH_ERROR_CONFLICT,
			   "WHEEL has the tags '%.400s', the file name '%.400s'", got, want);
}

static gboolean read_wheel(SmithWheel *self, GError **error)
{
	g_autoptr(SmithHeaders) headers = read_headers(self, "WHEEL", MAX_WHEEL, error);
	const char *version, *purelib;

	if (headers == NULL)
		return FALSE;
	version = smith_headers_require(headers, "Wheel-Version", error);
	if (version == NULL)
		return FALSE;
	if (!g_str_has_prefix(version, "1.") || !g_ascii_isdigit(version[2]))
		return smith_throw(error, SMITH_ERROR_UNSUPPORTED,
				   "Wheel-Version is '%s', expected 1.x", version);
	purelib = smith_headers_get(headers, "Root-Is-Purelib");
	self->root_is_purelib = purelib != NULL && g_ascii_strcasecmp(purelib, "true") == 0;
	return check_tags(self, headers, error);
}

static gboolean read_entry_points(SmithWheel *self, GError **error)
{
	g_autoptr(GBytes) bytes =
		read_info(self, "entry_points.txt", MAX_ENTRY_POINTS, TRUE, error);
	gsize length = 0;
	const char *text;

	if (bytes == NULL)
		return FALSE;
	text = g_bytes_get_data(bytes, &length);
	return smith_entry_points_parse(length > 0 ? text : "", length, "entry_points.txt",
					&self->console, &self->gui, error);
}

/* Takes @fd. */
static gboolean load(SmithWheel *self, int fd, GError **error)
{
	smith_autofd int owned = fd;
	g_autofree char *build = NULL;
	struct stat st;

	self->file = smith_wheel_name_parse(self->file_name, error);
	if (self->file == NULL)
		return FALSE;
	self->normal_name = g_strdup(self->file->key);
	if (self->file->build_number >= 0)
		build = g_strdup_printf("%" G_GINT64_FORMAT "%s", self->file->build_number,
					self->file->build_tag != NULL ? self->file->build_tag : "");
	self->build = g_strdup(build != NULL ? build : "");
	self->tags = expand_tags(self->file, error);
	if (self->tags == NULL)
		return FALSE;
	if (fstat(owned, &st) < 0)
		return smith_throw_errno(error, "cannot stat");
	self->size = (guint64)st.st_size;
	self->zip = smith_zip_new(g_steal_fd(&owned), self->file_name, 0, error);
	if (self->zip == NULL)
		return FALSE;
	for (guint i = 0; i < smith_zip_length(self->zip); i++)
		self->unpacked += smith_zip_member(self->zip, i)->size;
	return find_info_dir(self, error) && check_info_dir(self, error) &&
	       read_record(self, error) && read_metadata(self, error) && read_wheel(self, error) &&
	       read_entry_points(self, error);
}

SmithWheel *smith_wheel_open_fd(int fd, const char *file_name, GError **error)
{
	g_autoptr(SmithWheel) self = g_new0(SmithWheel, 1);

	self->refs = 1;
	self->file_name = g_strdup(file_name);
	return load(self, fd, error) ? g_steal_pointer(&self) : NULL;
}

SmithWheel *smith_wheel_open(int dirfd, const char *path, GError **error)
{
	SMITH_AUTO_PREFIX("wheel", path, error);
	g_autofree char *file_name = g_path_get_basename(path);
	int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (fd < 0) {
		smith_throw_errno(error, "cannot open");
		return NULL;
	}
	return smith_wheel_open_fd(fd, file_name, error);
}

SmithWheel *smith_wheel_ref(SmithWheel *wheel)
{
	g_atomic_int_inc(&wheel->refs);
	return wheel;
}

void smith_wheel_unref(SmithWheel *wheel)
{
	if (wheel == NULL || !g_atomic_int_dec_and_test(&wheel->refs))
		return;
	g_free(wheel->file_name);
	g_free(wheel->name);
	g_free(wheel->version);
	g_free(wheel->normal_name);
	g_free(wheel->build);
	g_free(wheel->requires_python);
	g_strfreev(wheel->requires_dist);
	g_strfreev(wheel->provides_extra);
	g_strfreev(wheel->tags);
	g_free(wheel->summary);
	g_free(wheel->license);
	g_free(wheel->info_dir);
	g_clear_pointer(&wheel->console, g_ptr_array_unref);
	g_clear_pointer(&wheel->gui, g_ptr_array_unref);
	g_clear_pointer(&wheel->rows, g_hash_table_unref);
	g_clear_pointer(&wheel->record, g_ptr_array_unref);
	smith_wheel_name_free(wheel->file);
	smith_zip_unref(wheel->zip);
	g_free(wheel);
}

gboolean smith_wheel_verify(SmithWheel *wheel, GError **error)
{
	SMITH_AUTO_PREFIX("wheel", wheel->file_name, error);

	for (guint i = 0; i < smith_zip_length(wheel->zip); i++) {
		const SmithZipMember *member = smith_zip_member(wheel->zip, i);
		const SmithRecordRow *row = smith_wheel_row(wheel, member->name);
		g_autoptr(SmithContent) content = NULL;
		g_autoptr(SmithSource) source = NULL;

		if (member->is_dir)
			continue;
		content = smith_zip_content(wheel->zip, member, row != NULL ? row->sha256 : NULL);
		source = content->ops->open(content, error);
		if (source == NULL || !smith_source_drain(source, error))
			return FALSE;
	}
	return TRUE;
}
