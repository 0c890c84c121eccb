/* SPDX-License-Identifier: Apache-2.0 */
#include "execute/deb-install.h"

#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/fd.h"
#include "execute/apt-run.h"
#include "execute/tidy.h"

#define OUTPUT_LIMIT (64 * 1024 * 1024)

/*
 * apt orders what dpkg is to unpack and to configure: with pre-dependencies and essential packages
 * among them no fixed order of ours would do. The archives are given as files, by their names'
 * order, so that it has nothing to choose.
 */
static const char script[] =
	"cd " SMITH_APT_DIRECTORY "\n"
	"policy=/usr/sbin/policy-rc.d\n"
	"[ -e $policy ] || [ -L $policy ] || made=$policy\n"
	"[ -z \"$made\" ] || { printf '#!/bin/sh\\nexit 101\\n' >$made && chmod 755 $made; } ||\n"
	"	exit 1\n"
	"dpkg-query -W -f '${Package}\\n' >before 2>/dev/null\n"
	"apt-get -q -c apt.conf install --no-remove --allow-downgrades \"$@\" >output 2>&1\n"
	"status=$?\n"
	"cat output\n"
	"[ -z \"$made\" ] || rm -f $made\n"
	"[ $status = 0 ] || { : >failed; exit $status; }\n"
	"while read -r name; do\n"
	"	grep -qxF \"$name\" before || echo \"$name\"\n"
	"done <automatic >new\n"
	"[ ! -s new ] || xargs apt-mark -q -c apt.conf auto <new >/dev/null\n";

/* "nginx:amd64=1.22" -> "nginx" */
static char *name_of(const char *word)
{
	return g_strndup(word, strcspn(word, ":=/"));
}

static gboolean write_automatic(const SmithInstall *install, int dirfd, GError **error)
{
	g_autoptr(GHashTable) named = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	for (const char *const *word = install->words; *word != NULL; word++)
		g_hash_table_add(named, name_of(*word));
	g_autoptr(GString) text = g_string_new(NULL);
	for (guint i = 0; i < install->debs->len; i++) {
		const SmithDeb *deb = install->debs->pdata[i];
		if (!g_hash_table_contains(named, deb->name))
			g_string_append_printf(text, "%s\n", deb->name);
	}
	return smith_fd_write_file(dirfd, "automatic", text->str, text->len, 0644, error);
}

static gboolean write_configuration(const SmithInstall *install, int dirfd, GError **error)
{
	g_autoptr(GString) text = g_string_new(NULL);
	smith_apt_add_options(text, install->options);
	g_string_append(text, "Dir::State::lists \"" SMITH_APT_DIRECTORY "/lists\";\n"
			      "Dir::Cache \"" SMITH_APT_DIRECTORY "/cache\";\n"
			      "Dir::Log \"" SMITH_APT_DIRECTORY "/log\";\n"
			      "Dir::Etc::sourcelist \"/dev/null\";\n"
			      "Dir::Etc::sourceparts \"/dev/null\";\n"
			      "Dir::Etc::preferences \"/dev/null\";\n"
			      "Dir::Etc::preferencesparts \"/dev/null\";\n"
			      "#clear DPkg::Pre-Install-Pkgs;\n"
			      "#clear DPkg::Pre-Invoke;\n"
			      "#clear DPkg::Post-Invoke;\n"
			      "Dpkg::Options:: \"--force-unsafe-io\";\n"
			      "Dpkg::Options:: \"--force-confdef\";\n"
			      "Dpkg::Options:: \"--force-confold\";\n"
			      "Dpkg::Options:: \"--log=" SMITH_APT_DIRECTORY "/log/dpkg.log\";\n");
	return smith_fd_write_file(dirfd, "apt.conf", text->str, text->len, 0644, error);
}

static gboolean prepare(const SmithExecution *execution, const SmithInstall *install, int dirfd,
			GError **error)
{
	static const char *const directories[] = {"lists/partial", "cache/archives/partial", "log",
						  "debs"};
	for (guint i = 0; i < G_N_ELEMENTS(directories); i++)
		if (!smith_fd_make_dirs(dirfd, directories[i], error))
			return FALSE;
	smith_autofd int debs = smith_fd_open_dir(dirfd, "debs", error);
	return debs >= 0 && smith_debs_link(execution->store, install->debs, debs, error) &&
	       smith_fd_write_file(dirfd, "script", script, strlen(script), 0755, error) &&
	       write_automatic(install, dirfd, error) && write_configuration(install, dirfd, error);
}

static GPtrArray *make_command(const SmithInstall *install)
{
	GPtrArray *argv = g_ptr_array_new_with_free_func(g_free);
	g_ptr_array_add(argv, g_strdup("/bin/sh"));
	g_ptr_array_add(argv, g_strdup(SMITH_APT_DIRECTORY "/script"));
	for (guint i = 0; i < install->debs->len; i++) {
		const SmithDeb *deb = install->debs->pdata[i];
		g_ptr_array_add(argv, g_strconcat(SMITH_APT_DIRECTORY "/debs/", deb->file, NULL));
	}
	g_ptr_array_add(argv, NULL);
	return argv;
}

/* What went wrong stands before the last lines. */
static gboolean throw_failure(int dirfd, GError *local, GError **error)
{
	g_autoptr(GBytes) mark = smith_fd_read_file(dirfd, "failed", 1, NULL);
	g_autoptr(GBytes) bytes =
		mark != NULL ? smith_fd_read_file(dirfd, "output", OUTPUT_LIMIT, NULL) : NULL;
	if (bytes == NULL || !g_error_matches(local, SMITH_ERROR, SMITH_ERROR_FAILED)) {
		g_propagate_error(error, local);
		return FALSE;
	}
	g_error_free(local);
	g_autofree char *text = g_strndup(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
	g_autofree char *words = smith_apt_failure(text);
	return smith_throw(error, SMITH_ERROR_FAILED, "apt-get install: %s", words);
}

SmithLayer *smith_debs_install(const SmithExecution *execution, const SmithRoot *root,
			       const SmithInstall *install, GError **error)
{
	g_auto(SmithScratch) scratch = SMITH_SCRATCH_INIT;
	if (!smith_apt_check_root(execution, root, error) ||
	    !smith_scratch_make(&scratch, execution->store, error) ||
	    !prepare(execution, install, scratch.fd, error))
		return NULL;
	g_autoptr(GPtrArray) argv = make_command(install);
	g_auto(GStrv) env = smith_apt_env(execution->epoch);
	g_autofree char *name = g_strconcat("apt ", install->name, NULL);
	g_autofree char *debs = g_build_filename(scratch.path, "debs", NULL);
	SmithSandboxBind binds[] = {
		{scratch.path, SMITH_APT_DIRECTORY, true},
		/* these are the store's own files */
		{debs, SMITH_APT_DIRECTORY "/debs", false},
	};
	SmithSandboxStep step = {
		.name = name,
		.argv = (const char *const *)argv->pdata,
		.env = (const char *const *)env,
		.binds = binds,
		.n_binds = G_N_ELEMENTS(binds),
		.record_owners = true,
	};
	gint64 epoch = execution->epoch;
	GError *local = NULL;
	SmithLayer *layer = smith_execute_layer(execution, root, &step, smith_tidy, &epoch, &local);
	if (layer == NULL)
		throw_failure(scratch.fd, local, error);
	return layer;
}
