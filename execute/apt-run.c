/* SPDX-License-Identifier: Apache-2.0 */
#include "execute/apt-run.h"

#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/fd.h"

#define WORDS_MAX 1200
#define FAILURE_LINES 8

static bool has_file(const char *directory, const char *path)
{
	struct stat st;
	g_autofree char *full = g_build_filename(directory, path, NULL);
	return lstat(full, &st) == 0;
}

gboolean smith_apt_check_root(const SmithExecution *execution, const SmithRoot *root,
			      GError **error)
{
	g_autofree char *directory =
		smith_root_directory(root, execution->store, execution->mode, error);
	if (directory == NULL)
		return FALSE;
	const char *const programs[] = {"usr/bin/apt-get", "usr/bin/dpkg"};
	for (guint i = 0; i < G_N_ELEMENTS(programs); i++)
		if (!has_file(directory, programs[i]))
			return smith_throw(error, SMITH_ERROR_UNSUPPORTED,
					   "its base has no '/%s': 'apt' needs an image of Debian "
					   "or one derived from it",
					   programs[i]);
	return TRUE;
}

char **smith_apt_env(gint64 epoch)
{
	const char *const fixed[] = {
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		"HOME=/root",
		"LC_ALL=C.UTF-8",
		"TZ=UTC",
		"DEBIAN_FRONTEND=noninteractive",
		"DEBCONF_NONINTERACTIVE_SEEN=true",
		"DEBCONF_NOWARNINGS=yes",
		"PERL_HASH_SEED=0",
		"PERL_PERTURB_KEYS=0",
		"PYTHONHASHSEED=0",
		"SYSTEMD_OFFLINE=1",
		"SYSTEMCTL_SKIP_SYSV=1",
	};
	GPtrArray *env = g_ptr_array_new();
	for (guint i = 0; i < G_N_ELEMENTS(fixed); i++)
		g_ptr_array_add(env, g_strdup(fixed[i]));
	g_ptr_array_add(env, g_strdup_printf("SOURCE_DATE_EPOCH=%" G_GINT64_FORMAT, epoch));
	g_ptr_array_add(env, NULL);
	return (char **)g_ptr_array_free(env, FALSE);
}

void smith_apt_add_options(GString *text, GHashTable *options)
{
	g_string_append(text, "APT::Install-Recommends \"false\";\n"
			      "APT::Install-Suggests \"false\";\n");
	g_autoptr(GList) names =
		options != NULL ? g_list_sort(g_hash_table_get_keys(options), (GCompareFunc)strcmp)
				: NULL;
	for (GList *at = names; at != NULL; at = at->next)
		g_string_append_printf(text, "%s \"%s\";\n", (const char *)at->data,
				       (const char *)g_hash_table_lookup(options, at->data));
	/* apt's own user is nobody's in the sandbox, which is the jail that it wants */
	g_string_append(text, "APT::Sandbox::User \"root\";\n"
			      "APT::Get::AllowUnauthenticated \"false\";\n"
			      "APT::Get::Assume-Yes \"true\";\n"
			      "Dpkg::Use-Pty \"false\";\n");
}

/* Lines of apt and dpkg that say why. */
static bool is_telling(const char *line)
{
	static const char *const starts[] = {"E: ", "W: ", "Err:", "dpkg: error",
					     "dpkg-deb: error"};
	static const char *const parts[] = {" : Depends: ",
					    " : PreDepends: ",
					    " : Conflicts: ",
					    " : Breaks: ",
					    " Depends: ",
					    "but it is not",
					    "returned error exit status"};
	for (guint i = 0; i < G_N_ELEMENTS(starts); i++)
		if (g_str_has_prefix(line, starts[i]))
			return true;
	for (guint i = 0; i < G_N_ELEMENTS(parts); i++)
		if (strstr(line, parts[i]) != NULL)
			return true;
	return false;
}

static void add_words(GString *words, const char *line)
{
	g_autofree char *text = g_strstrip(g_strdup(line));
	if (*text == '\0' || strstr(words->str, text) != NULL ||
	    words->len + strlen(text) > WORDS_MAX)
		return;
	g_string_append_printf(words, "%s%s", words->len > 0 ? "; " : "", text);
}

char *smith_apt_words(const char *output)
{
	GString *words = g_string_new(NULL);
	g_auto(GStrv) lines = g_strsplit(output, "\n", -1);
	for (char **line = lines; *line != NULL; line++)
		if (is_telling(*line))
			add_words(words, *line);
	guint count = g_strv_length(lines);
	guint first = words->len > 0 ? count : count - MIN(count, 6);
	for (guint i = first; i < count; i++)
		add_words(words, lines[i]);
	if (words->len == 0)
		g_string_append(words, "it said nothing");
	return g_string_free(words, FALSE);
}

static bool is_progress(const char *line)
{
	return g_str_has_prefix(line, "Setting up ") || g_str_has_prefix(line, "Unpacking ") ||
	       g_str_has_prefix(line, "Processing triggers ");
}

char *smith_apt_failure(const char *output)
{
	g_auto(GStrv) lines = g_strsplit(output, "\n", -1);
	guint at = 0;
	while (lines[at] != NULL && !g_str_has_prefix(lines[at], "dpkg: error processing"))
		at++;
	if (lines[at] == NULL)
		return smith_apt_words(output);
	GString *words = g_string_new(NULL);
	guint first = at;
	while (first > 0 && at - first < FAILURE_LINES && !is_progress(lines[first - 1]))
		first--;
	for (guint i = first; i <= at + 1 && lines[i] != NULL; i++)
		add_words(words, lines[i]);
	return g_string_free(words, FALSE);
}
