/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "lint/rule.h"
#include "lint/startup.h"
#include "tests/fuzz/fuzz.h"

static void startup_free(gpointer data)
{
	smith_startup_free(data);
}

/* Two machines in one input, with a line "---" between; every finding is one of a rule. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char mark[] = "\n---\n";
	const char *text = (const char *)data;
	const char *end = size > 0 ? memmem(text, size, mark, strlen(mark)) : NULL;
	gsize first = end != NULL ? (gsize)(end - text) : size;
	g_autoptr(GPtrArray) startups = g_ptr_array_new_with_free_func(startup_free);
	g_autoptr(SmithDiag) diag = smith_diag_new();
	g_autoptr(SmithSourceTree) tree = smith_source_tree_new_list("main/a.py\nother/b.py\n");
	smith_startup_read(text, first, "mainpc.yaml", startups, diag);
	if (end != NULL)
		smith_startup_read(end + strlen(mark), size - first - strlen(mark), "pc2.yaml",
				   startups, diag);
	smith_startup_lint(startups, tree, diag);
	smith_diag_sort(diag);
	for (guint i = 0; i < diag->findings->len; i++) {
		const SmithFinding *finding = diag->findings->pdata[i];
		g_assert_nonnull(smith_rule_find(finding->rule));
		g_assert_nonnull(finding->place.file);
	}
	return 0;
}
