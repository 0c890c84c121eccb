/* SPDX-License-Identifier: Apache-2.0 */
#include "seccomp/simulate.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

#include "base/error.h"
#include "tests/unit/seccomp-rows.h"

/* Arguments for which profiles and podman's default have different answers, or might. */
static const guint64 patterns[][SMITH_SIMULATE_ARGUMENTS] = {
	{0},
	{1, 1, 0},
	{2, 1, 6},
	{10, 2, 17},
	{16, 3, 0},
	{16, 3, 9},
	{16, 3, 12},
	{17, 3, 0},
	{38, 5, 0},
	{40, 1, 0},
	{0x11},
	{0x3d0f00},
	{0x10000011},
	{0x7e020011},
	{8},
	{0x20000},
	{0x20008},
	{0xffffffff},
	{0xffffffffffffffff},
	{0, 0x5401},
	{0, 0x5412},
	{0, 0xc00c4634},
	{0, 0x11a4},
	{0, 0x21a4},
	{0, 0, 0x11a4},
	{0, 0, 0x61a4},
	{1, 2, 3, 4, 5, 6},
};

static const char *const architectures[] = {"amd64", "arm64"};

static void test_rows(gconstpointer name)
{
	g_autoptr(GPtrArray) rows = rows_of(name);
	g_autoptr(GBytes) amd64 = rows_compile(name, "amd64");
	g_autoptr(GBytes) arm64 = rows_compile(name, "arm64");

	for (guint i = 0; i < rows->len; i++) {
		const Row *row = rows->pdata[i];
		bool is_amd64 = strcmp(row->program, "amd64") == 0;
		g_autofree char *verdict = smith_simulate_verdict(rows_simulate(
			is_amd64 ? amd64 : arm64, row->arch, row->number, row->arguments));

		if (strcmp(verdict, row->verdict) != 0) {
			g_test_message("%s: on %s expected %s, got %s", row->where, row->program,
				       row->verdict, verdict);
			g_test_fail();
		}
	}
}

/* A rule that holds for each call of its name on @arch; NULL: there is no rule of it at all. */
static const SmithProfileRule *find_rule(const SmithProfile *profile, const char *name,
					 const char *arch, bool *plain)
{
	const SmithProfileRule *found = NULL;

	for (guint i = 0; i < profile->rules->len; i++) {
		const SmithProfileRule *rule = profile->rules->pdata[i];

		if (strcmp(rule->name, name) != 0 || rule->caps != NULL)
			continue;
		if (rule->arches != NULL &&
		    !g_strv_contains((const char *const *)rule->arches, arch))
			continue;
		found = rule;
		*plain = rule->args->len == 0;
		if (*plain)
			break;
	}
	return found;
}

/* Every call there is, not only those with a row: allowed when a rule says so without arguments,
 * ENOSYS when none speaks of it. */
static void test_all_calls(gconstpointer name)
{
	g_autoptr(SmithProfile) profile = smith_profile_load(-1, name, NULL);
	const char *const *names = smith_filter_names();

	for (gsize i = 0; i < G_N_ELEMENTS(architectures); i++) {
		const char *arch = architectures[i];
		g_autoptr(GBytes) program = rows_compile(name, arch);
		guint asked = 0;

		for (guint j = 0; names[j] != NULL; j++) {
			int number = smith_filter_number(arch, names[j], NULL);
			bool plain = true;
			const SmithProfileRule *rule = find_rule(profile, names[j], arch, &plain);
			guint32 expected =
				rule != NULL ? SECCOMP_RET_ALLOW : SECCOMP_RET_ERRNO | ENOSYS;

			if (number < 0 || !plain)
				continue;
			asked++;
			for (gsize k = 0; k < G_N_ELEMENTS(patterns); k++)
				g_assert_cmphex(rows_simulate(program,
							      smith_filter_audit_arch(arch), number,
							      patterns[k]),
						==, expected);
		}
		g_assert_cmpuint(asked, >, 280);
	}
}

/* What a profile allows beyond podman's own: "NAME\tREASON" of beyond-default.txt. */
static GHashTable *read_beyond(const char *profile)
{
	g_autofree char *path = g_test_build_filename(G_TEST_DIST, "tests", "data", "seccomp",
						      "beyond-default.txt", NULL);
	GHashTable *beyond = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;

	g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
	lines = g_strsplit(text, "\n", -1);
	for (char **line = lines; *line != NULL; line++) {
		g_auto(GStrv) fields = g_strsplit(*line, "\t", -1);

		if (**line == '#' || **line == '\0')
			continue;
		g_assert_cmpuint(g_strv_length(fields), ==, 3);
		g_assert_cmpuint(strlen(fields[2]), >, 10);
		if (strcmp(fields[0], profile) == 0 || strcmp(fields[0], "all") == 0)
			g_hash_table_add(beyond, g_strdup(fields[1]));
	}
	return beyond;
}

typedef struct {
	guint ours;
	guint theirs;
} Counts;

static bool allows(GBytes *program, const char *arch, const char *name, const guint64 *arguments)
{
	int number = smith_filter_number(arch, name, NULL);

	return number >= 0 && rows_simulate(program, smith_filter_audit_arch(arch), number,
					    arguments) == SECCOMP_RET_ALLOW;
}

/* Whatever the profile allows the default allows too, or it is listed. */
static Counts compare(GBytes *ours, GBytes *theirs, const char *arch, GHashTable *beyond)
{
	const char *const *names = smith_filter_names();
	Counts counts = {0, 0};

	for (guint i = 0; names[i] != NULL; i++) {
		bool by_us = false;
		bool by_them = false;

		for (gsize j = 0; j < G_N_ELEMENTS(patterns); j++) {
			bool own = allows(ours, arch, names[i], patterns[j]);
			bool other = allows(theirs, arch, names[i], patterns[j]);

			by_us |= own;
			by_them |= other;
			if (!own || other || g_hash_table_contains(beyond, names[i]))
				continue;
			g_test_message("'%s' is allowed on %s (arguments %zu) and not by podman's "
				       "default",
				       names[i], arch, j);
			g_test_fail();
		}
		counts.ours += by_us;
		counts.theirs += by_them;
	}
	return counts;
}

static SmithProfile *load_default(void)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *text = NULL;
	SmithProfile *profile;

	if (!g_file_get_contents("/usr/share/containers/seccomp.json", &text, NULL, NULL))
		return NULL;
	profile = smith_profile_parse(-1, "podman", text, strlen(text), &error);
	g_assert_no_error(error);
	return profile;
}

static void test_default(gconstpointer name)
{
	g_autoptr(SmithProfile) theirs = load_default();
	g_autoptr(GHashTable) beyond = read_beyond(name);
	g_autoptr(SmithProfile) own = smith_profile_load(-1, name, NULL);
	GHashTableIter iter;
	gpointer call;

	if (theirs == NULL) {
		g_test_skip("podman's default profile is not on this machine "
			    "(golang-github-containers-common)");
		return;
	}
	for (gsize i = 0; i < G_N_ELEMENTS(architectures); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(GBytes) our = rows_compile(name, architectures[i]);
		g_autoptr(GBytes) their = smith_profile_compile(theirs, architectures[i], &error);
		Counts counts;

		g_assert_no_error(error);
		counts = compare(our, their, architectures[i], beyond);
		g_test_message("%s: %u calls of '%s', %u of podman's default", architectures[i],
			       counts.ours, (const char *)name, counts.theirs);
		g_assert_cmpuint(counts.ours + 40, <, counts.theirs);
	}
	/* younger defaults may allow what is listed for older ones; but a list of what is not even
	 * asked for helps nobody */
	g_hash_table_iter_init(&iter, beyond);
	while (g_hash_table_iter_next(&iter, &call, NULL)) {
		bool plain;

		g_assert_nonnull(find_rule(own, call, "amd64", &plain));
	}
}

/* Programs that the kernel would not take are refused when it comes to that. */
static void test_hostile(void)
{
	static const struct sock_filter programs[][2] = {
		{BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 64), BPF_STMT(BPF_RET | BPF_K, 0)},
		{BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 2), BPF_STMT(BPF_RET | BPF_K, 0)},
		{BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0xfffffffc), BPF_STMT(BPF_RET | BPF_K, 0)},
		{BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 0), BPF_STMT(BPF_RET | BPF_K, 0)},
		{BPF_STMT(BPF_LD | BPF_MEM, BPF_MEMWORDS), BPF_STMT(BPF_RET | BPF_K, 0)},
		{BPF_STMT(BPF_ST, 0xffffffff), BPF_STMT(BPF_RET | BPF_K, 0)},
		{BPF_STMT(BPF_ALU | BPF_DIV | BPF_K, 0), BPF_STMT(BPF_RET | BPF_K, 0)},
		{BPF_STMT(BPF_JMP | BPF_JA, 0xffffffff), BPF_STMT(BPF_RET | BPF_K, 0)},
		{BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 255, 0), BPF_STMT(BPF_RET | BPF_K, 0)},
		{BPF_STMT(BPF_LD | BPF_IMM, 1), BPF_STMT(BPF_LD | BPF_IMM, 1)},
		{BPF_STMT(0xffff, 0), BPF_STMT(BPF_RET | BPF_K, 0)},
	};
	const guint64 arguments[SMITH_SIMULATE_ARGUMENTS] = {0};

	for (gsize i = 0; i < G_N_ELEMENTS(programs); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(GBytes) program = g_bytes_new_static(programs[i], sizeof programs[i]);
		guint32 verdict = 0;

		g_assert_false(
			smith_simulate(program, AUDIT_ARCH_X86_64, 0, arguments, &verdict, &error));
		g_assert_error(error, SMITH_ERROR, SMITH_ERROR_INVALID);
	}
}

int main(int argc, char **argv)
{
	const char *const *names = smith_profile_names();

	g_test_init(&argc, &argv, NULL);
	for (guint i = 0; names[i] != NULL; i++) {
		g_autofree char *rows = g_strconcat("/seccomp/simulate/rows/", names[i], NULL);
		g_autofree char *calls = g_strconcat("/seccomp/simulate/calls/", names[i], NULL);
		g_autofree char *beyond = g_strconcat("/seccomp/simulate/default/", names[i], NULL);

		g_test_add_data_func(rows, names[i], test_rows);
		g_test_add_data_func(calls, names[i], test_all_calls);
		g_test_add_data_func(beyond, names[i], test_default);
	}
	g_test_add_func("/seccomp/simulate/hostile", test_hostile);
	return g_test_run();
}
