/* SPDX-License-Identifier: Apache-2.0 */
#include "python/scheme.h"

#include <string.h>

#include "base/entry.h"
#include "base/error.h"

#define DATA_SUFFIX ".data"

struct SmithScheme {
	char *prefix;
	char *library; /* below the prefix, as are the next two: "lib/python3.11/site-packages" */
	char *headers; /* "include/site/python3.11/NAME" */
};

static gboolean check_target(const char *prefix, const char *python, GError **error)
{
	g_autofree char *normal = smith_entry_path_normalize(prefix, error);
	gsize major = strspn(python, "0123456789");
	gsize minor = python[major] == '.' ? strspn(python + major + 1, "0123456789") : 0;

	if (normal == NULL)
		return FALSE;
	if (strcmp(normal, prefix) != 0 || strcmp(prefix, ".") == 0)
		return smith_throw(error, SMITH_ERROR_INVALID,
				   "venv prefix '%s' is not normal, expected '%s'", prefix, normal);
	if (major == 0 || minor == 0 || python[major + 1 + minor] != '\0')
		return smith_throw(error, SMITH_ERROR_INVALID,
				   "venv's Python version is '%s', expected MAJOR.MINOR", python);
	return TRUE;
}

SmithScheme *smith_scheme_new(const char *prefix, const char *python, const char *name,
			      GError **error)
{
	g_autofree char *dashed = g_strdelimit(g_strdup(name), "_", '-');
	SmithScheme *self;

	if (!check_target(prefix, python, error))
		return NULL;
	self = g_new0(SmithScheme, 1);
	self->prefix = g_strdup(prefix);
	self->library = g_strdup_printf("lib/python%s/site-packages", python);
	self->headers = g_strdup_printf("include/site/python%s/%s", python, dashed);
	return self;
}

void smith_scheme_free(SmithScheme *scheme)
{
	if (scheme == NULL)
		return;
	g_free(scheme->prefix);
	g_free(scheme->library);
	g_free(scheme->headers);
	g_free(scheme);
}

/* The way from directory @from to @to, both relative to one place: os.path.relpath(). */
static char *relative_path(const char *from, const char *to)
{
	GString *out = g_string_new(NULL);
	gsize common = 0;

	for (gsize i = 0; from[i] == to[i] && from[i] != '\0'; i++)
		if (from[i] == '/')
			common = i + 1;
	if (g_str_has_prefix(to, from) && to[strlen(from)] == '/')
		return g_string_free(g_string_append(out, to + strlen(from) + 1), FALSE);
	g_string_append(out, "../");
	for (const char *p = from + common; *p != '\0'; p++)
		if (*p == '/')
			g_string_append(out, "../");
	return g_string_free(g_string_append(out, to + common), FALSE);
}

/* @inner is below the prefix. */
static void set_paths(const SmithScheme *self, const char *inner, char **path, char **record_path)
{
	*record_path = relative_path(self->library, inner);
	if (g_str_has_prefix(inner, "lib64/"))
		*path = g_strconcat(self->prefix, "/lib/", inner + strlen("lib64/"), NULL);
	else
		*path = g_strconcat(self->prefix, "/", inner, NULL);
}

static const char *scheme_directory(const SmithScheme *self, const char *key)
{
	if (strcmp(key, "purelib") == 0 || strcmp(key, "platlib") == 0)
		return self->library;
	if (strcmp(key, "scripts") == 0)
		return "bin";
	if (strcmp(key, "headers") == 0)
		return self->headers;
	return strcmp(key, "data") == 0 ? "" : NULL;
}

gboolean smith_scheme_map(const SmithScheme *self, const char *member, char **path,
			  char **record_path, bool *is_script, GError **error)
{
	g_auto(GStrv) parts = g_strsplit(member, "/", 3);
	g_autofree char *inner = NULL;
	const char *directory;

	*is_script = false;
	if (!g_str_has_suffix(parts[0], DATA_SUFFIX)) {
		inner = g_strconcat(self->library, "/", member, NULL);
		set_paths(self, inner, path, record_path);
		return TRUE;
	}
	if (g_strv_length(parts) != 3)
		return smith_throw(error, SMITH_ERROR_INVALID,
				   "file '%s' is in no scheme, expected NAME.data/SCHEME/PATH",
				   member);
	directory = scheme_directory(self, parts[1]);
	if (directory == NULL)
		return smith_throw(error, SMITH_ERROR_INVALID,
				   "file '%s' has the scheme '%s', expected purelib, platlib, "
				   "scripts, headers or data",
				   member, parts[1]);
	*is_script = strcmp(parts[1], "scripts") == 0;
	inner = directory[0] == '\0' ? g_strdup(parts[2])
				     : g_strconcat(directory, "/", parts[2], NULL);
	set_paths(self, inner, path, record_path);
	return TRUE;
}

char *smith_scheme_library(const SmithScheme *self, const char *relative)
{
	return g_strconcat(self->prefix, "/", self->library, "/", relative, NULL);
}

char *smith_scheme_command(const SmithScheme *self, const char *name, char **record_path)
{
	g_autofree char *inner = g_strconcat("bin/", name, NULL);
	char *path = NULL;

	set_paths(self, inner, &path, record_path);
	return path;
}

const char *smith_scheme_protected(const SmithScheme *self, const char *path)
{
	static const char *const own[] = {"pyvenv.cfg",
					  "lib64",
					  "bin/activate",
					  "bin/activate.csh",
					  "bin/activate.fish",
					  "bin/Activate.ps1",
					  "bin",
					  "lib",
					  "include",
					  NULL};
	const char *inner = path + strlen(self->prefix) + 1;
	gsize python = strlen("bin/python");

	if (g_strv_contains(own, inner))
		return inner;
	if (g_str_has_prefix(inner, "bin/python") &&
	    inner[python + strspn(inner + python, "0123456789.")] == '\0')
		return inner;
	return NULL;
}
