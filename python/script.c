/* SPDX-License-Identifier: Apache-2.0 */
#include "python/script.h"

#include <string.h>

#define MAX_SHEBANG 127
#define TEMPLATE_MARK "#!python"

static void append_shebang(GString *out, const char *interpreter)
{
	gboolean spaced = strchr(interpreter, ' ') != NULL;

	if (!spaced && strlen(interpreter) + 3 <= MAX_SHEBANG) {
		g_string_append_printf(out, "#!%s\n", interpreter);
		return;
	}
	/* sh runs the second line; Python sees a string that spans both */
	g_string_append_printf(out, "#!/bin/sh\n'''exec' %s%s%s \"$0\" \"$@\"\n' '''\n",
			       spaced ? "\"" : "", interpreter, spaced ? "\"" : "");
}

char *smith_script_wrapper(const SmithEntryPoint *point, const char *interpreter, gsize *length)
{
	GString *out = g_string_new(NULL);

	append_shebang(out, interpreter);
	g_string_append_printf(
		out,
		"# -*- coding: utf-8 -*-\n"
		"import re\n"
		"import sys\n"
		"from %s import %.*s\n"
		"if __name__ == '__main__':\n"
		"    sys.argv[0] = re.sub(r'(-script\\.pyw|\\.exe)?$', '', sys.argv[0])\n"
		"    sys.exit(%s())\n",
		point->module, (int)strcspn(point->attribute, "."), point->attribute,
		point->attribute);
	*length = out->len;
	return g_string_free(out, FALSE);
}

/* "", "3" or "3.11" */
static gboolean is_pip_suffix(const char *suffix)
{
	gsize digits = strspn(suffix, "0123456789");

	if (suffix[0] == '\0')
		return TRUE;
	if (digits == 0)
		return FALSE;
	if (suffix[digits] == '\0')
		return TRUE;
	suffix += digits;
	return suffix[0] == '.' && suffix[1] != '\0' &&
	       suffix[1 + strspn(suffix + 1, "0123456789")] == '\0';
}

/* "" or "-3.11" */
static gboolean is_easy_install_suffix(const char *suffix)
{
	return suffix[0] == '\0' ||
	       (suffix[0] == '-' && strchr(suffix, '.') != NULL && is_pip_suffix(suffix + 1));
}

static const SmithEntryPoint *find(const GPtrArray *points, const char *name)
{
	for (guint i = 0; i < points->len; i++) {
		const SmithEntryPoint *point = points->pdata[i];

		if (strcmp(point->name, name) == 0)
			return point;
	}
	return NULL;
}

static void add(GPtrArray *names, GPtrArray *points, char *name, const SmithEntryPoint *point)
{
	g_ptr_array_add(names, name);
	g_ptr_array_add(points, (gpointer)point);
}

void smith_script_commands(const GPtrArray *console, const char *python, GPtrArray *names,
			   GPtrArray *points)
{
	const SmithEntryPoint *pip = find(console, "pip");
	const SmithEntryPoint *easy = find(console, "easy_install");

	if (pip != NULL) {
		add(names, points, g_strdup("pip"), pip);
		add(names, points, g_strdup_printf("pip%.*s", (int)strcspn(python, "."), python),
		    pip);
		add(names, points, g_strdup_printf("pip%s", python), pip);
	}
	if (easy != NULL) {
		add(names, points, g_strdup("easy_install"), easy);
		add(names, points, g_strdup_printf("easy_install-%s", python), easy);
	}
	for (guint i = 0; i < console->len; i++) {
		const SmithEntryPoint *point = console->pdata[i];

		if (pip != NULL && g_str_has_prefix(point->name, "pip") &&
		    is_pip_suffix(point->name + strlen("pip")))
			continue;
		if (easy != NULL && g_str_has_prefix(point->name, "easy_install") &&
		    is_easy_install_suffix(point->name + strlen("easy_install")))
			continue;
		add(names, points, g_strdup(point->name), point);
	}
}

gboolean smith_script_is_template(const void *head, gsize length)
{
	return length >= SMITH_SCRIPT_HEAD && memcmp(head, TEMPLATE_MARK, SMITH_SCRIPT_HEAD) == 0;
}

GBytes *smith_script_rewrite(GBytes *text, const char *interpreter)
{
	gsize length = 0;
	const char *data = g_bytes_get_data(text, &length);
	const char *newline = length > 0 ? memchr(data, '\n', length) : NULL;
	GString *out = g_string_new(NULL);

	g_string_append_printf(out, "#!%s\n", interpreter);
	if (newline != NULL)
		g_string_append_len(out, newline + 1,
				    (gssize)(length - (gsize)(newline + 1 - data)));
	return g_string_free_to_bytes(out);
}
