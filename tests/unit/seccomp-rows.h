/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>
#include <linux/audit.h>
#include <string.h>

#include "seccomp/filter.h"
#include "seccomp/profile.h"
#include "seccomp/simulate.h"

/* The rows of tests/data/seccomp: what profiles answer to which calls. */
#define ROW_X32 0x40000000

typedef struct {
	char *where; /* "gpu.tsv:7" */
	guint32 arch;
	const char *program; /* the architecture whose program is asked */
	int number;
	guint64 arguments[SMITH_SIMULATE_ARGUMENTS];
	char *verdict;
} Row;

static inline void row_free(gpointer data)
{
	Row *row = data;

	g_free(row->where);
	g_free(row->verdict);
	g_free(row);
}

static inline void row_read_arguments(Row *row, const char *text)
{
	g_auto(GStrv) words = g_strsplit(text, ",", -1);

	g_assert_cmpuint(g_strv_length(words), <=, SMITH_SIMULATE_ARGUMENTS);
	for (guint i = 0; words[i] != NULL; i++) {
		char *end = NULL;

		row->arguments[i] = g_ascii_strtoull(words[i], &end, 0);
		g_assert_true(end != words[i] && *end == '\0');
	}
}

static inline int row_number(const char *arch, const char *call)
{
	char *end = NULL;
	gint64 number = g_ascii_strtoll(call, &end, 0);

	if (end != call && *end == '\0')
		return (int)number;
	number = smith_filter_number(arch, call, NULL);
	if (number < 0)
		g_error("'%s' is no call of %s", call, arch);
	return (int)number;
}

static inline void row_add(GPtrArray *rows, const char *where, char **fields, const char *arch)
{
	static const struct {
		const char *name;
		const char *program;
		guint32 arch;
	} ways[] = {
		{"amd64", "amd64", AUDIT_ARCH_X86_64}, {"arm64", "arm64", AUDIT_ARCH_AARCH64},
		{"x32", "amd64", AUDIT_ARCH_X86_64},   {"i386", "amd64", AUDIT_ARCH_I386},
		{"arm", "arm64", AUDIT_ARCH_ARM},
	};
	Row *row = g_new0(Row, 1);

	for (gsize i = 0; i < G_N_ELEMENTS(ways); i++)
		if (strcmp(ways[i].name, arch) == 0) {
			row->program = ways[i].program;
			row->arch = ways[i].arch;
		}
	if (row->program == NULL)
		g_error("%s: '%s' is no architecture", where, arch);
	row->where = g_strdup(where);
	row->number = row_number(row->program, fields[1]);
	if (strcmp(arch, "x32") == 0)
		row->number |= ROW_X32;
	row_read_arguments(row, fields[2]);
	row->verdict = g_strdup(fields[3]);
	g_ptr_array_add(rows, row);
}

/* Adds those of NAME.tsv. */
static inline void rows_read(GPtrArray *rows, const char *name)
{
	g_autofree char *file = g_strconcat(name, ".tsv", NULL);
	g_autofree char *path =
		g_test_build_filename(G_TEST_DIST, "tests", "data", "seccomp", file, NULL);
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;

	g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
	lines = g_strsplit(text, "\n", -1);
	for (guint i = 0; lines[i] != NULL; i++) {
		g_auto(GStrv) fields = g_strsplit(lines[i], "\t", -1);
		g_autofree char *where = g_strdup_printf("%s:%u", file, i + 1);

		if (lines[i][0] == '#' || lines[i][0] == '\0')
			continue;
		if (g_strv_length(fields) != 5 || *fields[4] == '\0')
			g_error("%s: expected five columns, the last one with a reason", where);
		if (strcmp(fields[0], "both") != 0) {
			row_add(rows, where, fields, fields[0]);
			continue;
		}
		row_add(rows, where, fields, "amd64");
		row_add(rows, where, fields, "arm64");
	}
}

/* All that are about profile NAME. */
static inline GPtrArray *rows_of(const char *name)
{
	GPtrArray *rows = g_ptr_array_new_with_free_func(row_free);

	rows_read(rows, "common");
	rows_read(rows, name);
	return rows;
}

static inline GBytes *rows_compile(const char *name, const char *arch)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(SmithProfile) profile = smith_profile_load(-1, name, &error);
	GBytes *program = NULL;

	g_assert_no_error(error);
	program = smith_profile_compile(profile, arch, &error);
	g_assert_no_error(error);
	return program;
}

static inline guint32 rows_simulate(GBytes *program, guint32 arch, int number,
				    const guint64 arguments[SMITH_SIMULATE_ARGUMENTS])
{
	g_autoptr(GError) error = NULL;
	guint32 verdict = 0;

	smith_simulate(program, arch, number, arguments, &verdict, &error);
	g_assert_no_error(error);
	return verdict;
}
