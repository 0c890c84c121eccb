/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Says what python/scan.h reads in the Python sources whose paths stand on stdin, one on each line,
 * for python-judge.py; all as one line for each:
 *
 *   file PATH
 *   import LINE LEVEL MODULE     `import MODULE`, or a dynamic one ("dynamic", "package")
 *   from LINE LEVEL MODULE NAME,...
 *   bad LINE TEXT
 *
 * With --time it is silent, and says in the end how many bytes it has read in how many
 * milliseconds.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "python/scan.h"
#include "python/stdlib.h"

static void print_import(const SmithPythonImport *import)
{
	if (import->names != NULL) {
		g_autofree char *names = g_strjoinv(",", import->names);
		printf("from %u %u %s %s\n", import->line, import->level, import->module, names);
		return;
	}
	printf("%s %u %u %s\n",
	       import->whole_package ? "package"
	       : import->dynamic     ? "dynamic"
				     : "import",
	       import->line, import->level, import->module);
}

static void print_scan(const char *path, const SmithPythonScan *scan)
{
	printf("file %s\n", path);
	for (guint i = 0; i < scan->imports->len; i++)
		print_import(scan->imports->pdata[i]);
	if (scan->bad_line != 0)
		printf("bad %u %s\n", scan->bad_line, scan->bad_text);
}

static int print_stdlib(guint minor)
{
	gsize count;
	const char *const *names = smith_stdlib_names(&count);
	for (gsize i = 0; i < count; i++)
		if (smith_stdlib_has(names[i], minor))
			puts(names[i]);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc > 2 && strcmp(argv[1], "--stdlib") == 0)
		return print_stdlib((guint)strtoul(argv[2], NULL, 10));
	bool silent = argc > 1 && strcmp(argv[1], "--time") == 0;
	char *line = NULL;
	size_t size = 0, bytes = 0;
	gint64 spent = 0;
	while (getline(&line, &size, stdin) >= 0) {
		line[strcspn(line, "\n")] = '\0';
		g_autofree char *text = NULL;
		gsize length;
		if (!g_file_get_contents(line, &text, &length, NULL))
			continue;
		gint64 start = g_get_monotonic_time();
		g_autoptr(SmithPythonScan) scan = smith_python_scan(text, length);
		spent += g_get_monotonic_time() - start;
		bytes += length;
		if (!silent)
			print_scan(line, scan);
	}
	if (silent)
		printf("%zu bytes, %.1f ms\n", bytes, (double)spent / 1000);
	free(line);
	return 0;
}
