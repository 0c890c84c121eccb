/* SPDX-License-Identifier: Apache-2.0 */
#include "execute/debian-index.h"

#include <glib/gstdio.h>
#include <string.h>

#include "base/digest.h"
#include "base/error.h"
#include "layers/unpack.h"
#include "oci/http.h"

#define RELEASE_LIMIT (16 * 1024 * 1024)
#define INDEX_LIMIT (512 * 1024 * 1024)

enum {
	FIELD_NAME,
	FIELD_VERSION,
	FIELD_ARCHITECTURE,
	FIELD_ESSENTIAL,
	FIELD_PRIORITY,
	FIELD_DEPENDS,
	FIELD_PRE_DEPENDS,
	FIELD_PROVIDES,
	FIELD_FILE,
	FIELD_SIZE,
	FIELD_SHA256,
	FIELDS,
};

static const char *const field_names[FIELDS] = {"Package",  "Version", "Architecture", "Essential",
						"Priority", "Depends", "Pre-Depends",  "Provides",
						"Filename", "Size",    "SHA256"};

typedef struct {
	char *fields[FIELDS];
	bool chosen;
} Package;

typedef struct {
	const SmithDebianArchive *archive;
	SmithHttp *http;
	GPtrArray *packages;   /* (element-type Package*) */
	GHashTable *by_name;   /* name -> Package*; the first of a name */
	GHashTable *providers; /* name -> Package*; a required one, else the first */
	GPtrArray *chosen;     /* (element-type Package*, borrowed) in the order of their choice */
} Index;

static void package_free(gpointer data)
{
	Package *package = data;
	for (guint i = 0; i < FIELDS; i++)
		g_free(package->fields[i]);
	g_free(package);
}

static void index_clear(Index *index)
{
	g_clear_pointer(&index->http, smith_http_free);
	g_clear_pointer(&index->by_name, g_hash_table_unref);
	g_clear_pointer(&index->providers, g_hash_table_unref);
	g_clear_pointer(&index->chosen, g_ptr_array_unref);
	g_clear_pointer(&index->packages, g_ptr_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Index, index_clear)

/* The names in a relation: "a (>= 1) | b:any" is {"a", "b"}. */
static char **alternatives(const char *relation)
{
	char **names = g_strsplit(relation, "|", -1);
	for (char **name = names; *name != NULL; name++) {
		g_strstrip(*name);
		(*name)[strcspn(*name, " (:[")] = '\0';
	}
	return names;
}

static bool is_required(const Package *package)
{
	return g_strcmp0(package->fields[FIELD_PRIORITY], "required") == 0;
}

static void add_package(Index *index, Package *package)
{
	const char *name = package->fields[FIELD_NAME];
	g_ptr_array_add(index->packages, package);
	if (name == NULL || g_hash_table_contains(index->by_name, name))
		return;
	g_hash_table_insert(index->by_name, (gpointer)name, package);
	if (package->fields[FIELD_PROVIDES] == NULL)
		return;
	g_auto(GStrv) provided = g_strsplit(package->fields[FIELD_PROVIDES], ",", -1);
	for (char **relation = provided; *relation != NULL; relation++) {
		g_auto(GStrv) names = alternatives(*relation);
		bool is_better =
			names[0] != NULL && (is_required(package) ||
					     !g_hash_table_contains(index->providers, names[0]));
		if (is_better)
			g_hash_table_replace(index->providers, g_strdup(names[0]), package);
	}
}

/* deb822(5); no field that counts here goes on in a second line. */
static void parse_packages(Index *index, char *text)
{
	Package *package = NULL;
	char *line = text;
	while (line != NULL) {
		char *end = strchr(line, '\n');
		if (end != NULL)
			*end = '\0';
		const char *colon = strchr(line, ':');
		if (*line == '\0' && package != NULL)
			add_package(index, g_steal_pointer(&package));
		for (guint i = 0; i < FIELDS && colon != NULL; i++) {
			gsize length = strlen(field_names[i]);
			if ((gsize)(colon - line) != length ||
			    strncmp(line, field_names[i], length) != 0)
				continue;
			if (package == NULL)
				package = g_new0(Package, 1);
			if (package->fields[i] == NULL)
				package->fields[i] = g_strstrip(g_strdup(colon + 1));
		}
		line = end != NULL ? end + 1 : NULL;
	}
	if (package != NULL)
		add_package(index, package);
}

/* Debian's own words are on its standard error. */
static char *verify(const char *keyring, const char *path, GError **error)
{
	const char *argv[] = {"gpgv", "--quiet", "--keyring", keyring, "--output", "-", path, NULL};
	g_autofree char *text = NULL, *said = NULL;
	g_autoptr(GError) local = NULL;
	int status = 0;
	if (!g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &text, &said,
			  &status, &local)) {
		smith_throw(error, SMITH_ERROR_UNSUPPORTED,
			    "cannot run 'gpgv' (Debian package gpgv), which checks signatures: %s",
			    local->message);
		return NULL;
	}
	if (!g_spawn_check_wait_status(status, NULL)) {
		g_strdelimit(g_strstrip(said), "\n", ';');
		smith_throw(error, SMITH_ERROR_VERIFY,
			    "its signature does not hold against '%s': %s", keyring, said);
		return NULL;
	}
	return g_steal_pointer(&text);
}

static char *verify_release(const char *keyring, GBytes *bytes, GError **error)
{
	g_autofree char *path = NULL;
	if (!g_file_test(keyring, G_FILE_TEST_EXISTS))
		return smith_throw_null(error, SMITH_ERROR_UNSUPPORTED,
					"no keyring '%s' (Debian package debian-archive-keyring)",
					keyring);
	int fd = g_file_open_tmp("ocismith-XXXXXX", &path, error);
	if (fd < 0)
		return NULL;
	g_close(fd, NULL);
	char *text = NULL;
	if (g_file_set_contents(path, g_bytes_get_data(bytes, NULL),
				(gssize)g_bytes_get_size(bytes), error))
		text = verify(keyring, path, error);
	g_unlink(path);
	return text;
}

/* Digest and size of @path in the signed text, which has "HEX SIZE PATH" below "SHA256:". */
static char *promised(const char *release, const char *path, guint64 *size)
{
	g_auto(GStrv) lines = g_strsplit(release, "\n", -1);
	bool here = false;
	for (char **line = lines; *line != NULL; line++) {
		if (**line != ' ')
			here = strcmp(g_strchomp(*line), "SHA256:") == 0;
		g_auto(GStrv) words = g_regex_split_simple(" +", g_strstrip(*line), 0, 0);
		if (here && g_strv_length(words) == 3 && strcmp(words[2], path) == 0 &&
		    smith_digest_is_hex(words[0]) &&
		    g_ascii_string_to_unsigned(words[1], 10, 0, INDEX_LIMIT, size, NULL))
			return g_strconcat("sha256:", words[0], NULL);
	}
	return NULL;
}

static gboolean read_component(Index *index, const char *release, const char *component,
			       GError **error)
{
	static const char *const endings[] = {".gz", ""};
	const SmithDebianArchive *archive = index->archive;
	g_autofree char *digest = NULL, *path = NULL;
	guint64 size = 0;
	for (guint i = 0; i < G_N_ELEMENTS(endings) && digest == NULL; i++) {
		g_free(path);
		path = g_strdup_printf("%s/binary-%s/Packages%s", component, archive->architecture,
				       endings[i]);
		digest = promised(release, path, &size);
	}
	if (digest == NULL)
		return smith_throw(error, SMITH_ERROR_NOT_FOUND,
				   "its suite '%s' has no component '%s' for %s", archive->suite,
				   component, archive->architecture);
	g_autofree char *url =
		g_strdup_printf("%s/dists/%s/%s", archive->mirror, archive->suite, path);
	g_autoptr(GBytes) bytes =
		smith_http_get(index->http, url, (gsize)size + 1, NULL, NULL, error);
	if (bytes == NULL)
		return FALSE;
	g_autoptr(SmithSource) checked =
		smith_source_new_verify(smith_source_new_bytes(bytes), size, digest, url);
	g_autoptr(SmithSource) plain = smith_unpack_new(g_steal_pointer(&checked), url, error);
	g_autoptr(GBytes) text =
		plain != NULL ? smith_source_read_all(plain, INDEX_LIMIT, error) : NULL;
	if (text == NULL)
		return FALSE;
	g_autofree char *copy = g_strndup(g_bytes_get_data(text, NULL), g_bytes_get_size(text));
	parse_packages(index, copy);
	return TRUE;
}

static gboolean read_index(Index *index, char **line, GError **error)
{
	const SmithDebianArchive *archive = index->archive;
	g_autofree char *url =
		g_strdup_printf("%s/dists/%s/InRelease", archive->mirror, archive->suite);
	SMITH_AUTO_PREFIX("archive", archive->mirror, error);
	g_autoptr(GBytes) bytes =
		smith_http_get(index->http, url, RELEASE_LIMIT, NULL, NULL, error);
	g_autofree char *release =
		bytes != NULL ? verify_release(archive->keyring, bytes, error) : NULL;
	if (release == NULL)
		return FALSE;
	for (const char *const *component = archive->components; *component != NULL; component++)
		if (!read_component(index, release, *component, error))
			return FALSE;
	g_autofree char *digest =
		smith_digest_of(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
	*line = g_strdup_printf("%s %s", url, digest);
	return TRUE;
}

static Package *find(const Index *index, const char *name)
{
	Package *package = g_hash_table_lookup(index->by_name, name);
	return package != NULL ? package : g_hash_table_lookup(index->providers, name);
}

static void choose(Index *index, Package *package)
{
	if (package->chosen)
		return;
	package->chosen = true;
	g_ptr_array_add(index->chosen, package);
}

static gboolean choose_relation(Index *index, const Package *wants, const char *relation,
				GError **error)
{
	g_auto(GStrv) names = alternatives(relation);
	Package *first = NULL;
	for (char **name = names; *name != NULL; name++) {
		Package *package = find(index, *name);
		if (package != NULL && package->chosen)
			return TRUE;
		first = first != NULL ? first : package;
	}
	if (first == NULL)
		return smith_throw(error, SMITH_ERROR_NOT_FOUND,
				   "package '%s' depends on '%s', which the archive lacks",
				   wants->fields[FIELD_NAME], relation);
	choose(index, first);
	return TRUE;
}

static gboolean choose_all(Index *index, GError **error)
{
	for (guint i = 0; i < index->chosen->len; i++) {
		const Package *package = index->chosen->pdata[i];
		for (guint field = FIELD_DEPENDS; field <= FIELD_PRE_DEPENDS; field++) {
			const char *text = package->fields[field];
			g_auto(GStrv) relations = g_strsplit(text != NULL ? text : "", ",", -1);
			for (char **relation = relations; *relation != NULL; relation++)
				if (!choose_relation(index, package, g_strstrip(*relation), error))
					return FALSE;
		}
	}
	return TRUE;
}

static gboolean choose_word(Index *index, const char *word, GError **error)
{
	g_autofree char *name = g_strndup(word, strcspn(word, ":=/"));
	Package *package = find(index, name);
	if (package != NULL && strlen(name) == strlen(word)) {
		choose(index, package);
		return TRUE;
	}
	if (package != NULL)
		return smith_throw(error, SMITH_ERROR_UNSUPPORTED,
				   "'%s': packages of a base are names alone; 'apt' takes versions",
				   word);
	g_autoptr(GPtrArray) names = g_ptr_array_new();
	for (guint i = 0; i < index->packages->len; i++)
		if (((Package *)index->packages->pdata[i])->fields[FIELD_NAME] != NULL)
			g_ptr_array_add(names,
					((Package *)index->packages->pdata[i])->fields[FIELD_NAME]);
	g_ptr_array_add(names, NULL);
	const char *nearest = smith_nearest(name, (const char *const *)names->pdata);
	return smith_throw(error, SMITH_ERROR_NOT_FOUND, "no package '%s' in the archive%s%s%s",
			   name, nearest ? " (did you mean '" : "", nearest ? nearest : "",
			   nearest ? "'?)" : "");
}

static SmithDeb *make_deb(const Index *index, const Package *package, GError **error)
{
	char *const *fields = package->fields;
	guint64 size = 0;
	for (guint i = FIELD_NAME; i < FIELDS; i++)
		if (fields[i] == NULL && (i <= FIELD_ARCHITECTURE || i >= FIELD_FILE))
			return smith_throw_null(error, SMITH_ERROR_INVALID,
						"package '%s' has no '%s'", fields[FIELD_NAME],
						field_names[i]);
	if (!g_ascii_string_to_unsigned(fields[FIELD_SIZE], 10, 0, G_MAXINT64, &size, NULL) ||
	    !smith_digest_is_hex(fields[FIELD_SHA256]))
		return smith_throw_null(error, SMITH_ERROR_INVALID,
					"package '%s' has no legal size or SHA-256",
					fields[FIELD_NAME]);
	g_autofree char *version = g_uri_escape_string(fields[FIELD_VERSION], "+~", FALSE);
	g_auto(GStrv) parts = g_strsplit(version, "%3A", -1);
	g_autofree char *lower = g_strjoinv("%3a", parts);
	g_autoptr(SmithDeb) deb = g_new0(SmithDeb, 1);
	deb->file = g_strdup_printf("%s_%s_%s.deb", fields[FIELD_NAME], lower,
				    fields[FIELD_ARCHITECTURE]);
	deb->url = g_strdup_printf("%s/%s", index->archive->mirror, fields[FIELD_FILE]);
	deb->size = (gint64)size;
	deb->sha256 = g_strdup(fields[FIELD_SHA256]);
	return smith_deb_parse_file(deb, error) ? g_steal_pointer(&deb) : NULL;
}

static int compare_files(gconstpointer a, gconstpointer b)
{
	const SmithDeb *const *x = a, *const *y = b;
	return strcmp((*x)->file, (*y)->file);
}

static gboolean choose_base(Index *index, const char *const *words, GError **error)
{
	for (guint i = 0; i < index->packages->len; i++) {
		Package *package = index->packages->pdata[i];
		if (g_strcmp0(package->fields[FIELD_ESSENTIAL], "yes") == 0 || is_required(package))
			choose(index, package);
	}
	if (!choose_word(index, "apt", error))
		return FALSE;
	for (; *words != NULL; words++)
		if (!choose_word(index, *words, error))
			return FALSE;
	return choose_all(index, error);
}

GPtrArray *smith_debian_closure(const SmithDebianArchive *archive, const char *const *words,
				char **line, GError **error)
{
	g_auto(Index) index = {.archive = archive};
	index.http = smith_http_new();
	index.packages = g_ptr_array_new_with_free_func(package_free);
	index.by_name = g_hash_table_new(g_str_hash, g_str_equal);
	index.providers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	index.chosen = g_ptr_array_new();
	g_autofree char *signed_file = NULL;
	if (!read_index(&index, &signed_file, error) || !choose_base(&index, words, error))
		return NULL;
	g_autoptr(GPtrArray) debs = g_ptr_array_new_with_free_func((GDestroyNotify)smith_deb_free);
	for (guint i = 0; i < index.chosen->len; i++) {
		SmithDeb *deb = make_deb(&index, index.chosen->pdata[i], error);
		if (deb == NULL)
			return NULL;
		g_ptr_array_add(debs, deb);
	}
	g_ptr_array_sort(debs, compare_files);
	*line = g_steal_pointer(&signed_file);
	return g_steal_pointer(&debs);
}
