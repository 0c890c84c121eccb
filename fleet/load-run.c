/* SPDX-License-Identifier: Apache-2.0 */
#include "fleet/load-run.h"

#include <string.h>

#include "base/entry.h"
#include "fleet/load-service.h"

#define NAME_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"

static void check_word(char **value, const char *key, const char *const *words, SmithPlace place,
		       const char *about, SmithDiag *diag)
{
	if (*value == NULL || g_strv_contains(words, *value))
		return;
	smith_diag_add_about(diag, SMITH_SEVERITY_ERROR, place, "bad-value", about,
			     "%s '%s' is neither '%s' nor '%s'", key, *value, words[0], words[1]);
	g_clear_pointer(value, g_free);
}

void smith_load_bytecode(char **value, SmithPlace place, const char *about, SmithDiag *diag)
{
	static const char *const words[] = {SMITH_BYTECODE_NONE, SMITH_BYTECODE_UNCHECKED, NULL};
	check_word(value, "bytecode", words, place, about, diag);
}

void smith_load_installer(char **value, SmithPlace place, const char *about, SmithDiag *diag)
{
	static const char *const words[] = {SMITH_INSTALLER_WHEELS, SMITH_INSTALLER_PIP, NULL};
	check_word(value, "installer", words, place, about, diag);
}

static void tell(const SmithRunStep *step, SmithDiag *diag, const char *format, ...)
	G_GNUC_PRINTF(3, 4);
static void tell(const SmithRunStep *step, SmithDiag *diag, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	smith_diag_addv(diag, SMITH_SEVERITY_ERROR, step->place, "bad-value", step->name, format,
			arguments);
	va_end(arguments);
}

/* What the sandbox lays over the image cannot be kept of it. */
static bool is_kept(const char *path)
{
	static const char *const not_kept[] = {"proc", "sys", "dev", "run", "tmp"};
	for (guint i = 0; i < G_N_ELEMENTS(not_kept); i++) {
		gsize length = strlen(not_kept[i]);
		if (strncmp(path, not_kept[i], length) == 0 &&
		    (path[length] == '\0' || path[length] == '/'))
			return false;
	}
	return true;
}

static void check_paths(const SmithRunStep *step, SmithDiag *diag)
{
	for (char **path = step->outputs; *path != NULL; path++) {
		g_autofree char *normal = smith_entry_path_normalize(*path, NULL);
		if (**path != '/' || normal == NULL || strcmp(normal, ".") == 0 || !is_kept(normal))
			tell(step, diag,
			     "output '%s' of step '%s' is no path of the image: absolute, "
			     "without '..', not '/' nor in /proc, /sys, /dev, /run or /tmp",
			     *path, step->name);
	}
	for (char **path = step->inputs; *path != NULL; path++) {
		g_autofree char *normal = smith_entry_path_normalize(*path, NULL);
		if (**path == '/' || normal == NULL)
			tell(step, diag,
			     "input '%s' of step '%s' is no path of the source tree: relative, "
			     "without '..'",
			     *path, step->name);
	}
}

static void check_env(const SmithRunStep *step, SmithDiag *diag)
{
	g_autoptr(GList) names =
		g_list_sort(g_hash_table_get_keys(step->env), (GCompareFunc)strcmp);
	for (GList *at = names; at != NULL; at = at->next) {
		const char *name = at->data;
		if (*name == '\0' || strchr(name, '=') != NULL)
			tell(step, diag, "'%s' of step '%s' is no name of a variable", name,
			     step->name);
	}
}

static void check_step(SmithRunStep *step, SmithDiag *diag)
{
	smith_load_fill_strv(&step->inputs);
	smith_load_fill_strv(&step->outputs);
	smith_load_fill_map(&step->env);
	bool has_command = step->command != NULL;
	if (step->name == NULL)
		step->name = g_strdup("");
	else if (*step->name == '\0' || step->name[strspn(step->name, NAME_CHARACTERS)] != '\0')
		tell(step, diag, "'%s' is no name of a step: letters, digits, '-', '_' and '.'",
		     step->name);
	if (has_command == (step->script != NULL))
		tell(step, diag, "step '%s' has %s: one of 'command' and 'script' is needed",
		     step->name, has_command ? "both" : "neither");
	if (has_command && *step->command == NULL)
		tell(step, diag, "the command of step '%s' is empty", step->name);
	if (*step->outputs == NULL)
		tell(step, diag, "step '%s' has no outputs: nothing of it would be kept",
		     step->name);
	check_paths(step, diag);
	check_env(step, diag);
}

void smith_load_run(SmithFamily *family, SmithDiag *diag)
{
	g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);
	if (family->run == NULL)
		family->run = g_ptr_array_new();
	for (guint i = 0; i < family->run->len; i++) {
		SmithRunStep *step = family->run->pdata[i];
		check_step(step, diag);
		if (!g_hash_table_add(names, step->name))
			smith_diag_add_about(diag, SMITH_SEVERITY_ERROR, step->place,
					     "duplicate-name", family->name,
					     "step '%s' is there twice", step->name);
	}
}
