/* SPDX-License-Identifier: Apache-2.0 */
#include "execute/apt-closure.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/fd.h"
#include "execute/apt-run.h"

#define ANSWER_LIMIT (64 * 1024 * 1024)
#define INDEX_LIMIT (16 * 1024 * 1024)

enum {
	STATUS_UPDATE = 90, /* of the script: `apt-get update` failed */
	STATUS_INSTALL = 91,
};

/* Both outputs of the second call are its answer: with the reasons when there is no way. */
static const char script[] = "cd " SMITH_APT_DIRECTORY "\n"
			     "apt() { apt-get -q -c apt.conf \"$@\"; }\n"
			     "apt update || exit 90\n"
			     "apt update --print-uris >indexes || exit 90\n"
			     "apt install --print-uris --no-remove \"$@\" >answer 2>&1 && exit 0\n"
			     "apt-cache -c apt.conf pkgnames >names\n"
			     "cat answer\n"
			     "exit 91\n";

void smith_apt_closure_clear(SmithAptClosure *closure)
{
	g_clear_pointer(&closure->debs, g_ptr_array_unref);
	g_clear_pointer(&closure->indexes, g_strfreev);
}

static void add_archive(GString *text, const SmithAptArchive *archive, const char *keyring)
{
	/* a suite that is a path has no components: sources.list(5) */
	bool is_path = g_str_has_suffix(archive->suite, "/");
	g_string_append_printf(text, "Types: deb\nURIs: %s\nSuites: %s\n", archive->uri,
			       archive->suite);
	if (!is_path)
		g_string_append_printf(text, "Components: %s\n", archive->components);
	if (keyring != NULL)
		g_string_append_printf(text, "Signed-By: %s\n", keyring);
	if (archive->is_snapshot)
		g_string_append(text, "Check-Valid-Until: no\n");
	g_string_append_c(text, '\n');
}

static gboolean write_archives(const SmithAptRequest *request, int dirfd, GError **error)
{
	g_autoptr(GString) text = g_string_new(NULL);
	for (guint i = 0; i < request->sources->len; i++) {
		const SmithAptArchive *archive = request->sources->pdata[i];
		g_autofree char *name = NULL, *path = NULL;
		if (archive->keyring != NULL) {
			gsize length = 0;
			const char *bytes = g_bytes_get_data(archive->keyring, &length);
			/* apt tells an armoured keyring by its name */
			name = g_strdup_printf("key-%u.%s", i,
					       length > 0 && *bytes == '-' ? "asc" : "gpg");
			path = g_strconcat(SMITH_APT_DIRECTORY "/", name, NULL);
			if (!smith_fd_write_file(dirfd, name, bytes, length, 0644, error))
				return FALSE;
		}
		add_archive(text, archive, path != NULL ? path : archive->keyring_path);
	}
	return smith_fd_write_file(dirfd, "sources/archives.sources", text->str, text->len, 0644,
				   error);
}

static gboolean write_preferences(const SmithAptRequest *request, int dirfd, GError **error)
{
	g_autoptr(GString) text = g_string_new(NULL);
	for (guint i = 0; request->keep != NULL && i < request->keep->len; i++) {
		const SmithDeb *deb = request->keep->pdata[i];
		g_string_append_printf(text, "Package: %s\nPin: version %s\nPin-Priority: 990\n\n",
				       deb->name, deb->version);
	}
	return smith_fd_write_file(dirfd, "preferences", text->str, text->len, 0644, error);
}

static gboolean write_configuration(const SmithAptRequest *request, int dirfd, GError **error)
{
	g_autoptr(GString) text = g_string_new(NULL);
	smith_apt_add_options(text, request->options);
	g_string_append(text, "Dir::State::lists \"" SMITH_APT_DIRECTORY "/lists\";\n"
			      "Dir::Cache \"" SMITH_APT_DIRECTORY "/cache\";\n"
			      "Dir::Etc::preferences \"" SMITH_APT_DIRECTORY "/preferences\";\n"
			      "Acquire::AllowInsecureRepositories \"false\";\n"
			      "Acquire::AllowWeakRepositories \"false\";\n"
			      "Acquire::AllowDowngradeToInsecureRepositories \"false\";\n"
			      "Acquire::ForceHash \"SHA256\";\n"
			      "Acquire::Languages \"none\";\n"
			      "Acquire::Retries \"2\";\n"
			      "APT::Update::Error-Mode \"any\";\n"
			      "#clear Acquire::IndexTargets::deb::DEP-11;\n"
			      "#clear Acquire::IndexTargets::deb::Contents-deb;\n"
			      "#clear APT::Update::Pre-Invoke;\n"
			      "#clear APT::Update::Post-Invoke;\n"
			      "#clear APT::Update::Post-Invoke-Success;\n");
	if (request->sources->len > 0)
		g_string_append(text,
				"Dir::Etc::sourcelist \"/dev/null\";\n"
				"Dir::Etc::sourceparts \"" SMITH_APT_DIRECTORY "/sources\";\n");
	if (request->from_nothing)
		g_string_append(text, "Dir::State::status \"" SMITH_APT_DIRECTORY "/status\";\n");
	return smith_fd_write_file(dirfd, "apt.conf", text->str, text->len, 0644, error);
}

static gboolean prepare(const SmithAptRequest *request, int dirfd, GError **error)
{
	static const char *const directories[] = {"sources", "lists/partial",
						  "cache/archives/partial"};
	for (guint i = 0; i < G_N_ELEMENTS(directories); i++)
		if (!smith_fd_make_dirs(dirfd, directories[i], error))
			return FALSE;
	return smith_fd_write_file(dirfd, "status", "", 0, 0644, error) &&
	       smith_fd_write_file(dirfd, "script", script, strlen(script), 0755, error) &&
	       write_preferences(request, dirfd, error) && write_archives(request, dirfd, error) &&
	       write_configuration(request, dirfd, error);
}

static char *read_text(int dirfd, const char *name, gsize limit, GError **error)
{
	g_autoptr(GBytes) bytes = smith_fd_read_foreign(dirfd, name, limit, error);
	return bytes != NULL ? g_strndup(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes))
			     : NULL;
}

/* What @pattern's first group is in @text, or NULL. */
static char *find(const char *text, const char *pattern)
{
	g_autoptr(GRegex) regex = g_regex_new(pattern, G_REGEX_MULTILINE | G_REGEX_RAW, 0, NULL);
	g_autoptr(GMatchInfo) match = NULL;
	if (!g_regex_match(regex, text, 0, &match))
		return NULL;
	return g_match_info_fetch(match, 1);
}

static gboolean throw_unknown(int dirfd, const char *package, GError **error)
{
	g_autofree char *text = read_text(dirfd, "names", ANSWER_LIMIT, NULL);
	g_auto(GStrv) names = g_strsplit(text != NULL ? text : "", "\n", -1);
	const char *nearest = smith_nearest(package, (const char *const *)names);
	return smith_throw(error, SMITH_ERROR_NOT_FOUND, "no package '%s' in the archives%s%s%s",
			   package, nearest ? " (did you mean '" : "", nearest ? nearest : "",
			   nearest ? "'?)" : "");
}

static gboolean throw_answer(int dirfd, GError **error)
{
	g_autofree char *answer = read_text(dirfd, "answer", ANSWER_LIMIT, error);
	if (answer == NULL)
		return FALSE;
	g_autofree char *unknown = find(answer, "^E: Unable to locate package ([^ \n]+)");
	if (unknown != NULL)
		return throw_unknown(dirfd, unknown, error);
	g_autofree char *words = smith_apt_words(answer);
	bool is_version = strstr(answer, "was not found") != NULL ||
			  strstr(answer, "has no installation candidate") != NULL;
	return smith_throw(error, is_version ? SMITH_ERROR_NOT_FOUND : SMITH_ERROR_CONFLICT, "%s",
			   words);
}

static gboolean throw_status(const SmithSandboxResult *result, int dirfd, GError **error)
{
	if (result->status == STATUS_INSTALL)
		return throw_answer(dirfd, error);
	g_autofree char *words = smith_apt_words(result->tail);
	bool is_trust = g_regex_match_simple(
		"NO_PUBKEY|not signed|GPG error|BADSIG|[Ss]ignature|EXPKEYSIG|Hash Sum|"
		"unexpected size|not valid (yet|anymore)|no longer valid|expired",
		result->tail, G_REGEX_RAW, 0);
	return smith_throw(error, is_trust ? SMITH_ERROR_VERIFY : SMITH_ERROR_FAILED,
			   "apt-get update: %s", words);
}

/* "'URL' FILE SIZE SHA256:HEX"; FALSE with no error for another line. */
static gboolean parse_line(const char *line, GPtrArray *debs, GError **error)
{
	g_auto(GStrv) words = g_strsplit(line, " ", 5);
	guint64 size = 0;
	if (*line != '\'' || g_strv_length(words) < 4)
		return TRUE;
	const char *digest = words[3];
	if (!g_str_has_prefix(digest, "SHA256:") ||
	    !smith_digest_is_hex(digest + strlen("SHA256:")) ||
	    !g_ascii_string_to_unsigned(words[2], 10, 0, G_MAXINT64, &size, NULL))
		return smith_throw(error, SMITH_ERROR_VERIFY,
				   "the archive has no SHA-256 and size of '%s'", words[1]);
	g_autoptr(SmithDeb) deb = g_new0(SmithDeb, 1);
	gsize length = strlen(words[0]);
	deb->url = g_strndup(words[0] + 1, length > 1 ? length - 2 : 0);
	deb->file = g_strdup(words[1]);
	deb->size = (gint64)size;
	deb->sha256 = g_strdup(digest + strlen("SHA256:"));
	if (!smith_deb_parse_file(deb, error))
		return FALSE;
	g_ptr_array_add(debs, g_steal_pointer(&deb));
	return TRUE;
}

static int compare_files(gconstpointer a, gconstpointer b)
{
	const SmithDeb *const *x = a, *const *y = b;
	return strcmp((*x)->file, (*y)->file);
}

static GPtrArray *parse_answer(int dirfd, GError **error)
{
	g_autofree char *answer = read_text(dirfd, "answer", ANSWER_LIMIT, error);
	if (answer == NULL)
		return NULL;
	g_auto(GStrv) lines = g_strsplit(answer, "\n", -1);
	g_autoptr(GPtrArray) debs = g_ptr_array_new_with_free_func((GDestroyNotify)smith_deb_free);
	for (char **line = lines; *line != NULL; line++)
		if (!parse_line(*line, debs, error))
			return NULL;
	g_ptr_array_sort(debs, compare_files);
	return g_steal_pointer(&debs);
}

/* An archive without InRelease has a Release with a signature beside it. */
static gboolean add_index(GPtrArray *indexes, int lists, const char *url, const char *file,
			  GError **error)
{
	g_autofree char *plain_url = g_strndup(url, strlen(url) - strlen("InRelease"));
	g_autofree char *plain_file = g_strndup(file, strlen(file) - strlen("InRelease"));
	const char *const kinds[] = {"InRelease", "Release"};
	for (guint i = 0; i < G_N_ELEMENTS(kinds); i++) {
		g_autofree char *name = g_strconcat(plain_file, kinds[i], NULL);
		g_autoptr(GError) local = NULL;
		g_autoptr(GBytes) bytes = smith_fd_read_foreign(lists, name, INDEX_LIMIT, &local);
		if (bytes == NULL && !g_error_matches(local, G_IO_ERROR, G_IO_ERROR_NOT_FOUND)) {
			g_propagate_error(error, g_steal_pointer(&local));
			return FALSE;
		}
		if (bytes == NULL)
			continue;
		g_autofree char *digest =
			smith_digest_of(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
		g_ptr_array_add(indexes, g_strdup_printf("%s%s %s", plain_url, kinds[i], digest));
		return TRUE;
	}
	return smith_throw(error, SMITH_ERROR_VERIFY, "apt-get update left no '%s'", file);
}

static int compare_strings(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static char **read_indexes(int dirfd, GError **error)
{
	g_autofree char *text = read_text(dirfd, "indexes", ANSWER_LIMIT, error);
	smith_autofd int lists =
		smith_fd_open_beneath(dirfd, "lists", O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0,
				      text != NULL ? error : NULL);
	if (text == NULL || lists < 0)
		return NULL;
	g_autoptr(GPtrArray) indexes = g_ptr_array_new_with_free_func(g_free);
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	for (char **line = lines; *line != NULL; line++) {
		g_auto(GStrv) words = g_strsplit(*line, " ", 3);
		if (**line != '\'' || g_strv_length(words) < 2 ||
		    !g_str_has_suffix(words[0], "/InRelease'") ||
		    !g_str_has_suffix(words[1], "_InRelease"))
			continue;
		g_autofree char *url = g_strndup(words[0] + 1, strlen(words[0]) - 2);
		if (!add_index(indexes, lists, url, words[1], error))
			return NULL;
	}
	g_ptr_array_sort(indexes, compare_strings);
	g_ptr_array_add(indexes, NULL);
	return (char **)g_ptr_array_steal(indexes, NULL);
}

static gboolean run(const SmithExecution *execution, const SmithRoot *root,
		    const SmithAptRequest *request, const SmithScratch *scratch, GError **error)
{
	g_auto(SmithSandboxResult) result = {0};
	g_autoptr(GPtrArray) argv = g_ptr_array_new();
	const char *const command[] = {"/bin/sh", SMITH_APT_DIRECTORY "/script"};
	for (guint i = 0; i < G_N_ELEMENTS(command); i++)
		g_ptr_array_add(argv, (gpointer)command[i]);
	for (const char *const *word = request->words; *word != NULL; word++)
		g_ptr_array_add(argv, (gpointer)*word);
	g_ptr_array_add(argv, NULL);
	SmithSandboxBind bind = {scratch->path, SMITH_APT_DIRECTORY, true};
	g_autofree char *name = g_strconcat("apt closure ", request->name, NULL);
	g_auto(GStrv) env = smith_apt_env(execution->epoch);
	SmithSandboxStep step = {
		.name = name,
		.argv = (const char *const *)argv->pdata,
		.env = (const char *const *)env,
		.binds = &bind,
		.n_binds = 1,
		.network = true,
	};
	if (!smith_execute_answer(execution, root, &step, &result, error))
		return FALSE;
	return result.status == 0 || throw_status(&result, scratch->fd, error);
}

gboolean smith_apt_closure(const SmithExecution *execution, const SmithRoot *root,
			   const SmithAptRequest *request, SmithAptClosure *closure, GError **error)
{
	SMITH_AUTO_PREFIX("apt of family", request->name, error);
	g_auto(SmithScratch) scratch = SMITH_SCRATCH_INIT;
	if (!smith_apt_check_root(execution, root, error) ||
	    !smith_scratch_make(&scratch, execution->store, error) ||
	    !prepare(request, scratch.fd, error) || !run(execution, root, request, &scratch, error))
		return FALSE;
	g_autoptr(GPtrArray) debs = parse_answer(scratch.fd, error);
	char **indexes = debs != NULL ? read_indexes(scratch.fd, error) : NULL;
	if (indexes == NULL)
		return FALSE;
	closure->debs = g_steal_pointer(&debs);
	closure->indexes = indexes;
	return TRUE;
}
