/* SPDX-License-Identifier: Apache-2.0 */
#include <unistd.h>

#include "base/error.h"
#include "cmd/commands.h"
#include "cmd/machine.h"
#include "cmd/output.h"
#include "cmd/prepare.h"
#include "quadlet/quadlet.h"

static void print_json(const GPtrArray *files, bool with_text)
{
	g_autoptr(SmithNode) list = smith_node_new(SMITH_NODE_SEQ);

	for (guint i = 0; i < files->len; i++) {
		const SmithUnitFile *file = files->pdata[i];
		SmithNode *node = smith_node_new(SMITH_NODE_MAP);
		smith_node_set(node, "path", smith_node_new_string(file->path));
		if (with_text)
			smith_node_set(node, "text", smith_node_new_string(file->text));
		smith_node_append(list, node);
	}
	smith_print_json(list);
}

static void print_text(const GPtrArray *files, bool with_text)
{
	for (guint i = 0; i < files->len; i++) {
		const SmithUnitFile *file = files->pdata[i];
		if (with_text)
			smith_print("%s# %s\n%s", i > 0 ? "\n" : "", file->path, file->text);
		else
			smith_print("%s\n", file->path);
	}
}

/* Before the first build there is none, and images have names alone. */
static gboolean find_store(const SmithInvocation *inv, GError **error)
{
	SmithPrepared *prepared = inv->prepared;
	g_autofree char *layout = g_build_filename(prepared->store_path, "oci", "index.json", NULL);
	if (access(layout, R_OK) == 0)
		prepared->store = smith_store_open(prepared->store_path, error);
	return prepared->store != NULL || access(layout, R_OK) != 0;
}

/* It becomes part of paths in units: systemd knows no other ones. */
static gboolean check_install_dir(const char *directory, GError **error)
{
	if (directory == NULL || *directory == '/' || g_str_has_prefix(directory, "%E/") ||
	    g_str_has_prefix(directory, "%h/") || g_str_has_prefix(directory, "%t/"))
		return TRUE;
	return smith_throw(
		error, SMITH_ERROR_USAGE,
		"'--install-dir' got '%s', expected a path that begins with '/', '%%E/', "
		"'%%h/' or '%%t/'",
		directory);
}

static SmithUnitsFormat units_format(SmithFormat format)
{
	if (format == SMITH_FORMAT_SHELL)
		return SMITH_UNITS_SHELL;
	return format == SMITH_FORMAT_KUBE ? SMITH_UNITS_KUBE : SMITH_UNITS_QUADLET;
}

gboolean smith_cmd_units(SmithInvocation *inv, GError **error)
{
	const SmithFleet *fleet = inv->prepared->fleet;
	const char *output = smith_options_string(inv->options, "output");
	const char *install_dir = smith_options_string(inv->options, "install-dir");
	const char *const *hosts = smith_options_list(inv->options, "host");
	const char *const *groups = smith_options_list(inv->options, "group");
	const char *here[] = {NULL, NULL};

	if (smith_options_flag(inv->options, "here")) {
		const SmithHost *host = smith_machine_host(inv, hosts, error);

		if (host == NULL || !smith_machine_require(inv, host, groups, error))
			return FALSE;
		here[0] = host->name;
		hosts = here;
	}
	if (!check_install_dir(install_dir, error) || !find_store(inv, error))
		return FALSE;
	const SmithUnitsRequest request = {.fleet = fleet,
					   .store = inv->prepared->store,
					   .hosts = hosts,
					   .groups = groups,
					   .format = units_format(inv->format),
					   .install_dir = install_dir};
	g_autoptr(GPtrArray) files = smith_quadlet_units(&request, error);
	if (files == NULL || (output != NULL && !smith_quadlet_write(fleet, files, output, hosts,
								     *groups == NULL, error)))
		return FALSE;
	if (inv->format == SMITH_FORMAT_JSON)
		print_json(files, output == NULL);
	else
		print_text(files, output == NULL);
	return TRUE;
}
