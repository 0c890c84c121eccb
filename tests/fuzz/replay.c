/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <string.h>

/*
 * replay DIRECTORY...: runs the target that it is linked with over every file of the directories,
 * one TAP test per file, and over the beginnings of each, where parsers forget to look for the end.
 */
static int compare_names(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void add_files(GPtrArray *files, const char *directory)
{
	const char *name;
	g_autoptr(GError) error = NULL;
	g_autoptr(GDir) dir = g_dir_open(directory, 0, &error);
	g_assert_no_error(error);
	while ((name = g_dir_read_name(dir)) != NULL)
		g_ptr_array_add(files, g_build_filename(directory, name, NULL));
}

/* The bytes at the very end of an allocation, so that a sanitizer sees reads behind them. */
static void run(const char *data, gsize size)
{
	g_autofree uint8_t *copy = g_malloc(MAX(size, 1));
	memcpy(copy, data, size);
	LLVMFuzzerTestOneInput(copy, size);
}

static void replay(const char *file)
{
	enum { CUTS = 32 };
	g_autofree char *data = NULL;
	gsize size;
	g_autoptr(GError) error = NULL;
	g_file_get_contents(file, &data, &size, &error);
	g_assert_no_error(error);
	run(data, size);
	for (gsize i = 0; i < MIN(CUTS, size); i++)
		run(data, size * i / CUTS);
}

int main(int argc, char **argv)
{
	g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func(g_free);
	for (int i = 1; i < argc; i++)
		add_files(files, argv[i]);
	g_ptr_array_sort(files, compare_names);
	if (files->len == 0) {
		printf("1..0\nBail out! no files to replay\n");
		return 1;
	}
	printf("1..%u\n", files->len);
	for (guint i = 0; i < files->len; i++) {
		replay(files->pdata[i]);
		printf("ok %u - %s\n", i + 1, (const char *)files->pdata[i]);
		fflush(stdout);
	}
	return 0;
}
