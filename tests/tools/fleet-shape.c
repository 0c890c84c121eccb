/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fleet-shape: for each line of stdin, a directory with a fleet, a line: "accept", or "refuse" and
 * the first finding about the shape of its files. Names that nothing has are no question of shape.
 */
#include <stdio.h>
#include <string.h>

#include "fleet/load.h"

static bool is_of_shape(const SmithFinding *finding)
{
	static const char *const rules[] = {
		"bad-value",	      "expression-invalid", "missing-key", "out-of-range",
		"port-out-of-range",  "port-invalid",	    "unknown-key", "wrong-type",
		"yaml-duplicate-key", "yaml-parse-error",   NULL,
	};
	return g_strv_contains(rules, finding->rule);
}

static void judge(const char *directory)
{
	g_autoptr(SmithDiag) diag = smith_diag_new();
	g_autoptr(GError) error = NULL;
	g_autoptr(SmithFleet) fleet = smith_fleet_load(directory, diag, &error);
	if (fleet == NULL) {
		printf("refuse %s\n", error->message);
		return;
	}
	for (guint i = 0; i < diag->findings->len; i++) {
		const SmithFinding *finding = diag->findings->pdata[i];
		g_autofree char *text = smith_finding_to_string(finding);
		if (!is_of_shape(finding))
			continue;
		printf("refuse %s\n", g_strdelimit(text, "\n", ' '));
		return;
	}
	printf("accept\n");
}

int main(void)
{
	char line[4096];
	while (fgets(line, sizeof(line), stdin) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		judge(line);
	}
	return 0;
}
