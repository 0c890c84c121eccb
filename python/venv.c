/* SPDX-License-Identifier: Apache-2.0 */
#include "python/venv.h"

#include <string.h>

#include "base/error.h"

/* %s: the prefix, quoted for the shell */
static const char activate_text[] =
	"# Use with `. bin/activate` in sh or bash; `deactivate` undoes it.\n"
	"deactivate () {\n"
	"    if [ -n \"${_OLD_VIRTUAL_PATH:-}\" ]; then\n"
	"        PATH=\"$_OLD_VIRTUAL_PATH\"\n"
	"        export PATH\n"
	"        unset _OLD_VIRTUAL_PATH\n"
	"    fi\n"
	"    if [ -n \"${_OLD_VIRTUAL_PYTHONHOME:-}\" ]; then\n"
	"        PYTHONHOME=\"$_OLD_VIRTUAL_PYTHONHOME\"\n"
	"        export PYTHONHOME\n"
	"        unset _OLD_VIRTUAL_PYTHONHOME\n"
	"    fi\n"
	"    unset VIRTUAL_ENV\n"
	"    hash -r 2>/dev/null || :\n"
	"    [ \"${1:-}\" = nondestructive ] || unset -f deactivate\n"
	"}\n"
	"deactivate nondestructive\n"
	"VIRTUAL_ENV=%s\n"
	"export VIRTUAL_ENV\n"
	"_OLD_VIRTUAL_PATH=\"$PATH\"\n"
	"PATH=\"$VIRTUAL_ENV/bin:$PATH\"\n"
	"export PATH\n"
	"if [ -n \"${PYTHONHOME:-}\" ]; then\n"
	"    _OLD_VIRTUAL_PYTHONHOME=\"$PYTHONHOME\"\n"
	"    unset PYTHONHOME\n"
	"fi\n"
	"hash -r 2>/dev/null || :\n";

static gboolean check_text(const char *what, const char *text, gboolean absolute, GError **error)
{
	for (const char *p = text; *p != '\0'; p++)
		if ((guchar)*p < 0x20 || *p == 0x7f)
			return smith_throw(error, SMITH_ERROR_INVALID,
					   "venv %s holds a control character", what);
	if (text[0] == '\0' || (absolute && text[0] != '/'))
		return smith_throw(error, SMITH_ERROR_INVALID,
				   "venv %s is '%s', expected an absolute path", what, text);
	return TRUE;
}

static gboolean check_spec(const SmithVenvSpec *spec, GError **error)
{
	g_autofree char *normal = smith_entry_path_normalize(spec->prefix, error);
	gsize length = strlen(spec->python);

	if (normal == NULL || !check_text("prefix", spec->prefix, FALSE, error) ||
	    !check_text("interpreter", spec->interpreter, TRUE, error) ||
	    !check_text("home", spec->home, TRUE, error) ||
	    !check_text("version", spec->full_version, FALSE, error))
		return FALSE;
	if (strcmp(normal, spec->prefix) != 0 || strcmp(normal, ".") == 0)
		return smith_throw(error, SMITH_ERROR_INVALID,
				   "venv prefix '%s' is not normal, expected '%s'", spec->prefix,
				   normal);
	if (!g_str_has_prefix(spec->python, "3.") || length < 3 ||
	    spec->python[2 + strspn(spec->python + 2, "0123456789")] != '\0')
		return smith_throw(error, SMITH_ERROR_INVALID,
				   "venv's Python version is '%s', expected '3.MINOR'",
				   spec->python);
	if (strncmp(spec->full_version, spec->python, length) != 0 ||
	    g_ascii_isdigit(spec->full_version[length]))
		return smith_throw(error, SMITH_ERROR_CONFLICT,
				   "venv's Python is '%s', but its full version '%s'", spec->python,
				   spec->full_version);
	return TRUE;
}

static char *make_config(const SmithVenvSpec *spec)
{
	GString *out = g_string_new(NULL);

	g_string_append_printf(out,
			       "home = %s\n"
			       "include-system-site-packages = false\n"
			       "version = %s\n",
			       spec->home, spec->full_version);
	if (g_ascii_strtoull(spec->python + 2, NULL, 10) >= 11)
		g_string_append_printf(out,
				       "executable = %s\n"
				       "command = %s/python3 -m venv --without-pip /%s\n",
				       spec->interpreter, spec->home, spec->prefix);
	return g_string_free(out, FALSE);
}

static char *make_activate(const SmithVenvSpec *spec)
{
	g_autofree char *path = g_strconcat("/", spec->prefix, NULL);
	g_autofree char *quoted = g_shell_quote(path);

	return g_strdup_printf(activate_text, quoted);
}

static void add(GPtrArray *entries, const SmithVenvSpec *spec, SmithEntry *entry)
{
	entry->mtime = spec->epoch;
	entry->uid = spec->uid;
	entry->gid = spec->gid;
	g_ptr_array_add(entries, entry);
}

/* Takes @inner, a path below the prefix; "" is the prefix itself. */
static char *inside(const SmithVenvSpec *spec, char *inner)
{
	char *path = g_strconcat(spec->prefix, inner[0] != '\0' ? "/" : "", inner, NULL);

	g_free(inner);
	return path;
}

static void add_dir(GPtrArray *entries, const SmithVenvSpec *spec, char *inner)
{
	g_autofree char *path = inside(spec, inner);

	add(entries, spec, smith_entry_new(SMITH_ENTRY_DIR, path, 0755));
}

static void add_link(GPtrArray *entries, const SmithVenvSpec *spec, char *inner, const char *target)
{
	g_autofree char *path = inside(spec, inner);

	add(entries, spec, smith_entry_new_symlink(path, target));
}

/* Takes @text. */
static void add_text(GPtrArray *entries, const SmithVenvSpec *spec, const char *inner, char *text)
{
	g_autofree char *path = inside(spec, g_strdup(inner));

	add(entries, spec, smith_entry_new_file(path, 0644, text, strlen(text)));
	g_free(text);
}

static void add_parents(GPtrArray *entries, const SmithVenvSpec *spec)
{
	for (const char *slash = strchr(spec->prefix, '/'); slash; slash = strchr(slash + 1, '/')) {
		g_autofree char *path = g_strndup(spec->prefix, (gsize)(slash - spec->prefix));
		SmithEntry *entry = smith_entry_new(SMITH_ENTRY_DIR, path, 0755);

		entry->mtime = spec->epoch;
		g_ptr_array_add(entries, entry);
	}
}

static gint compare_entries(gconstpointer a, gconstpointer b)
{
	return smith_entry_path_compare((*(SmithEntry *const *)a)->path,
					(*(SmithEntry *const *)b)->path);
}

SmithEntryIter *smith_venv_entries(const SmithVenvSpec *spec, GError **error)
{
	GPtrArray *entries;
	g_autofree char *base = NULL;

	if (!check_spec(spec, error))
		return NULL;
	base = g_strconcat(spec->home, "/python3", NULL);
	entries = g_ptr_array_new_with_free_func((GDestroyNotify)smith_entry_free);
	add_parents(entries, spec);
	add_dir(entries, spec, g_strdup(""));
	add_dir(entries, spec, g_strdup("bin"));
	add_text(entries, spec, "bin/activate", make_activate(spec));
	add_link(entries, spec, g_strdup("bin/python"), "python3");
	add_link(entries, spec, g_strdup("bin/python3"), base);
	add_link(entries, spec, g_strconcat("bin/python", spec->python, NULL), "python3");
	add_dir(entries, spec, g_strdup("include"));
	add_dir(entries, spec, g_strconcat("include/python", spec->python, NULL));
	add_dir(entries, spec, g_strdup("lib"));
	add_dir(entries, spec, g_strconcat("lib/python", spec->python, NULL));
	add_dir(entries, spec, g_strconcat("lib/python", spec->python, "/site-packages", NULL));
	add_link(entries, spec, g_strdup("lib64"), "lib");
	add_text(entries, spec, "pyvenv.cfg", make_config(spec));
	g_ptr_array_sort(entries, compare_entries);
	return smith_entry_iter_new_array(entries);
}
