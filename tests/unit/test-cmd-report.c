/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/report.h"

#include <gio/gio.h>

#include "base/error.h"

static void check_status(GQuark domain, int code, int expected)
{
	g_autoptr(GError) error = g_error_new(domain, code, "text");

	g_assert_cmpint(smith_report_status(error), ==, expected);
}

static void test_status(void)
{
	g_assert_cmpint(smith_report_status(NULL), ==, 0);
	check_status(SMITH_ERROR, SMITH_ERROR_FAILED, 1);
	check_status(SMITH_ERROR, SMITH_ERROR_USAGE, 2);
	check_status(SMITH_ERROR, SMITH_ERROR_FINDINGS, 3);
	check_status(SMITH_ERROR, SMITH_ERROR_STALE, 4);
	check_status(SMITH_ERROR, SMITH_ERROR_VERIFY, 5);
	check_status(SMITH_ERROR, SMITH_ERROR_INVALID, 1);
	check_status(SMITH_ERROR, SMITH_ERROR_LIMIT, 1);
	check_status(SMITH_ERROR, SMITH_ERROR_NOT_FOUND, 1);
	check_status(SMITH_ERROR, SMITH_ERROR_CONFLICT, 1);
	check_status(SMITH_ERROR, SMITH_ERROR_UNSUPPORTED, 1);
	check_status(SMITH_ERROR, SMITH_ERROR_CANCELLED, 1);
	check_status(G_IO_ERROR, SMITH_ERROR_STALE, 1);
}

static void test_error_text(void)
{
	g_autoptr(GError) error = g_error_new(SMITH_ERROR, SMITH_ERROR_FAILED, "no \033 '%s'", "x");

	if (g_test_subprocess()) {
		smith_report_error(error);
		return;
	}
	g_test_trap_subprocess(NULL, 0, 0);
	g_test_trap_assert_passed();
	g_test_trap_assert_stderr("ocismith: error: no \\x1b 'x'\n");
}

static void test_findings_once(void)
{
	if (g_test_subprocess()) {
		g_autoptr(SmithDiag) diag = smith_diag_new();
		g_autoptr(GError) error = NULL;
		SmithPlace place = {"fleet.yaml", 2, 3};

		smith_diag_add(diag, SMITH_SEVERITY_ERROR, place, "unknown-key", "unknown key");
		g_assert_false(smith_diag_check(diag, &error));
		smith_report_findings(diag);
		smith_report_error(error);
		return;
	}
	g_test_trap_subprocess(NULL, 0, 0);
	g_test_trap_assert_passed();
	g_test_trap_assert_stderr("fleet.yaml:2:3: error: unknown key [unknown-key]\n");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/cmd/report/status", test_status);
	g_test_add_func("/cmd/report/error-text", test_error_text);
	g_test_add_func("/cmd/report/findings-once", test_findings_once);
	return g_test_run();
}
