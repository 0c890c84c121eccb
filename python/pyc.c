/* SPDX-License-Identifier: Apache-2.0 */
#include "python/pyc.h"

#include <glib.h>
#include <string.h>

#define SUFFIX ".py"
#define CACHE "__pycache__"

bool smith_pyc_is_source(const char *path)
{
	const char *name = strrchr(path, '/');
	name = name != NULL ? name + 1 : path;
	return g_str_has_suffix(name, SUFFIX) && strlen(name) > strlen(SUFFIX) &&
	       !g_str_has_prefix(path, CACHE "/") && strstr(path, "/" CACHE "/") == NULL;
}

char *smith_pyc_tag(const char *python)
{
	GString *tag = g_string_new("cpython-");
	for (const char *p = python; *p != '\0'; p++)
		if (*p != '.')
			g_string_append_c(tag, *p);
	return g_string_free(tag, FALSE);
}

char *smith_pyc_path(const char *source, const char *python)
{
	const char *slash = strrchr(source, '/');
	const char *name = slash != NULL ? slash + 1 : source;
	g_autofree char *tag = smith_pyc_tag(python);
	return g_strdup_printf("%.*s" CACHE "/%.*s.%s.pyc", (int)(name - source), source,
			       (int)(strlen(name) - strlen(SUFFIX)), name, tag);
}
