/* SPDX-License-Identifier: Apache-2.0 */
#include "execute/debian-index.h"

#include <glib/gstdio.h>
#include <string.h>

#include "base/digest.h"
#include "base/epoch.h"
#include "base/error.h"
#include "execute/debian-packages.h"
#include "layers/unpack.h"
#include "oci/http.h"

#define RELEASE_LIMIT (16 * 1024 * 1024)
#define INDEX_LIMIT (512 * 1024 * 1024)

typedef struct {
	const SmithDebianArchive *archive;
	SmithHttp *http;
	SmithDebianPackages *packages;
} Index;

static void index_clear(Index *index)
{
	g_clear_pointer(&index->http, smith_http_free);
	g_clear_pointer(&index->packages, smith_debian_packages_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Index, index_clear)

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

/* "Thu, 08 Jan 2026 00:00:00 UTC", the date of RFC 5322 as archives write it. */
static GDateTime *read_date(const char *text)
{
	static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul",
					     "Aug", "Sep", "Oct", "Nov", "Dec", NULL};
	g_autoptr(GMatchInfo) match = NULL;
	g_autoptr(GRegex) regex = g_regex_new("^[A-Z][a-z]{2}, +(\\d{1,2}) ([A-Z][a-z]{2}) "
					      "(\\d{4}) (\\d{2}):(\\d{2}):(\\d{2}) UTC$",
					      0, 0, NULL);
	if (!g_regex_match(regex, text, 0, &match))
		return NULL;
	g_auto(GStrv) parts = g_match_info_fetch_all(match);
	int numbers[7] = {0}, month = 0;
	for (guint i = 1; i < G_N_ELEMENTS(numbers); i++)
		numbers[i] = (int)g_ascii_strtoull(parts[i], NULL, 10);
	while (months[month] != NULL && strcmp(months[month], parts[2]) != 0)
		month++;
	return g_date_time_new_utc(numbers[3], month + 1, numbers[1], numbers[4], numbers[5],
				   numbers[6]);
}

/* Somebody between us and the archive could show an old one for ever. */
static gboolean check_age(const SmithDebianArchive *archive, const char *release, GError **error)
{
	static const char key[] = "\nValid-Until:";
	const char *line = archive->is_snapshot ? NULL : strstr(release, key);
	if (line == NULL)
		return TRUE;
	line += strlen(key);
	g_autofree char *text = g_strstrip(g_strndup(line, strcspn(line, "\n")));
	g_autoptr(GDateTime) until = read_date(text);
	if (until == NULL)
		return smith_throw(error, SMITH_ERROR_VERIFY,
				   "its suite '%s' is valid until '%s', which is no date",
				   archive->suite, text);
	if (g_date_time_to_unix(until) < smith_epoch_today())
		return smith_throw(error, SMITH_ERROR_VERIFY,
				   "its suite '%s' expired at '%s', and is no snapshot",
				   archive->suite, text);
	return TRUE;
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
	smith_debian_packages_read(index->packages, copy);
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
	if (release == NULL || !check_age(archive, release, error))
		return FALSE;
	for (const char *const *component = archive->components; *component != NULL; component++)
		if (!read_component(index, release, *component, error))
			return FALSE;
	g_autofree char *digest =
		smith_digest_of(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
	*line = g_strdup_printf("%s %s", url, digest);
	return TRUE;
}

GPtrArray *smith_debian_closure(const SmithDebianArchive *archive, const char *const *words,
				char **line, GError **error)
{
	g_auto(Index) index = {.archive = archive};
	index.http = smith_http_new();
	index.packages = smith_debian_packages_new();
	g_autofree char *signed_file = NULL;
	if (!read_index(&index, &signed_file, error))
		return NULL;
	GPtrArray *debs =
		smith_debian_packages_choose(index.packages, archive->mirror, words, error);
	if (debs != NULL)
		*line = g_steal_pointer(&signed_file);
	return debs;
}
