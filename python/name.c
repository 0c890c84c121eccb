/* SPDX-License-Identifier: Apache-2.0 */
#include "python/name.h"

#include <string.h>

#define MAX_NAME 255

static gboolean is_separator(char c)
{
	return c == '-' || c == '_' || c == '.';
}

char *smith_python_normalize_name(const char *name)
{
	GString *out = g_string_sized_new(strlen(name));

	for (const char *p = name; *p != '\0'; p++) {
		if (!is_separator(*p))
			g_string_append_c(out, g_ascii_tolower(*p));
		else if (p == name || !is_separator(p[-1]))
			g_string_append_c(out, '-');
	}
	return g_string_free(out, FALSE);
}

gboolean smith_python_name_is(const char *name, const char *normal)
{
	g_autofree char *form = smith_python_normalize_name(name);
	return strcmp(form, normal) == 0;
}

gboolean smith_python_name_is_valid(const char *name)
{
	gsize length = strlen(name);

	if (length == 0 || length > MAX_NAME)
		return FALSE;
	for (gsize i = 0; i < length; i++)
		if (!g_ascii_isalnum(name[i]) && !is_separator(name[i]))
			return FALSE;
	return g_ascii_isalnum(name[0]) && g_ascii_isalnum(name[length - 1]);
}
