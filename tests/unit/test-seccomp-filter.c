/* SPDX-License-Identifier: Apache-2.0 */
#include "seccomp/filter.h"

#include <errno.h>
#include <sys/syscall.h>

#include "base/error.h"
#include "tests/unit/filter-test.h"

static SmithFilter *new_filter(void)
{
	g_autoptr(GError) error = NULL;
	SmithFilter *filter = smith_filter_new(SMITH_FILTER_ALLOW, 0, &error);

	g_assert_no_error(error);
	return filter;
}

static void add(SmithFilter *filter, SmithFilterAction action, int error_number,
		const char *syscall, const SmithFilterMatch *matches, guint n)
{
	g_autoptr(GError) error = NULL;

	smith_filter_add(filter, action, error_number, syscall, matches, n, &error);
	g_assert_no_error(error);
}

static GBytes *export(const SmithFilter *filter)
{
	g_autoptr(GError) error = NULL;
	GBytes *program = smith_filter_export(filter, &error);

	g_assert_no_error(error);
	return program;
}

static void test_actions(void)
{
	g_autoptr(SmithFilter) filter = new_filter();
	g_autoptr(GBytes) program = NULL;

	add(filter, SMITH_FILTER_ERRNO, EPERM, "mount", NULL, 0);
	add(filter, SMITH_FILTER_ERRNO, 0, "fchown", NULL, 0);
	add(filter, SMITH_FILTER_NOTIFY, 0, "fchownat", NULL, 0);
	add(filter, SMITH_FILTER_KILL, 0, "bpf", NULL, 0);
	add(filter, SMITH_FILTER_ALLOW, 0, "read", NULL, 0);
	program = export(filter);
	g_assert_cmphex(filter_ask(program, SYS_mount, 0, 0), ==, SECCOMP_RET_ERRNO | EPERM);
	g_assert_cmphex(filter_ask(program, SYS_fchown, 0, 0), ==, SECCOMP_RET_ERRNO);
	g_assert_cmphex(filter_ask(program, SYS_fchownat, 0, 0), ==, SECCOMP_RET_USER_NOTIF);
	g_assert_cmphex(filter_ask(program, SYS_bpf, 0, 0), ==, SECCOMP_RET_KILL_PROCESS);
	g_assert_cmphex(filter_ask(program, SYS_read, 0, 0), ==, SECCOMP_RET_ALLOW);
	g_assert_cmphex(filter_ask(program, SYS_write, 0, 0), ==, SECCOMP_RET_ALLOW);
	g_assert_cmphex(filter_ask(program, 1000000, 0, 0), ==, SECCOMP_RET_ALLOW);
}

static void test_matches(void)
{
	const SmithFilterMatch flag = {0, 0x10000000, 0x10000000};
	const SmithFilterMatch both[] = {{0, 0xffffffff, 7}, {1, 0xff00, 0x0100}};
	g_autoptr(SmithFilter) filter = new_filter();
	g_autoptr(GBytes) program = NULL;

	add(filter, SMITH_FILTER_ERRNO, EPERM, "unshare", &flag, 1);
	add(filter, SMITH_FILTER_ERRNO, EACCES, "ioctl", both, 2);
	program = export(filter);
	g_assert_cmphex(filter_ask(program, SYS_unshare, 0x10000000, 0), ==,
			SECCOMP_RET_ERRNO | EPERM);
	g_assert_cmphex(filter_ask(program, SYS_unshare, 0x30000011, 0), ==,
			SECCOMP_RET_ERRNO | EPERM);
	g_assert_cmphex(filter_ask(program, SYS_unshare, 0x20000000, 0), ==, SECCOMP_RET_ALLOW);
	g_assert_cmphex(filter_ask(program, SYS_ioctl, 7, 0x01ff), ==, SECCOMP_RET_ERRNO | EACCES);
	/* the upper half of an argument is outside of the mask */
	g_assert_cmphex(filter_ask(program, SYS_ioctl, G_GUINT64_CONSTANT(0x900000007), 0x0100), ==,
			SECCOMP_RET_ERRNO | EACCES);
	g_assert_cmphex(filter_ask(program, SYS_ioctl, 8, 0x0100), ==, SECCOMP_RET_ALLOW);
	g_assert_cmphex(filter_ask(program, SYS_ioctl, 7, 0x0200), ==, SECCOMP_RET_ALLOW);
}

static void test_other_entries(void)
{
	g_autoptr(SmithFilter) filter = new_filter();
	g_autoptr(GBytes) program = NULL;
	struct seccomp_data data = {.nr = SYS_read, .arch = FILTER_OTHER_ARCH};

	add(filter, SMITH_FILTER_ERRNO, EPERM, "mount", NULL, 0);
	program = export(filter);
	g_assert_cmphex(filter_evaluate(program, &data), ==, SECCOMP_RET_KILL_PROCESS);
#ifdef __x86_64__
	/* x32 */
	g_assert_cmphex(filter_ask(program, 0x40000000 | SYS_read, 0, 0), ==,
			SECCOMP_RET_KILL_PROCESS);
	g_assert_cmphex(filter_ask(program, 0x40000000 | SYS_mount, 0, 0), ==,
			SECCOMP_RET_KILL_PROCESS);
#endif
}

static void test_names(void)
{
	g_autoptr(SmithFilter) filter = new_filter();
	g_autoptr(GBytes) program = NULL;
	g_autoptr(GError) error = NULL;

	/* younger than libseccomp 2.5.4, and of no architecture that is left */
	add(filter, SMITH_FILTER_ERRNO, EPERM, "fchmodat2", NULL, 0);
	add(filter, SMITH_FILTER_ERRNO, EPERM, "setxattrat", NULL, 0);
	add(filter, SMITH_FILTER_ERRNO, EPERM, "stime", NULL, 0);
	/* twice is no error */
	add(filter, SMITH_FILTER_ERRNO, EPERM, "fchmodat2", NULL, 0);
	program = export(filter);
	g_assert_cmphex(filter_ask(program, 452, 0, 0), ==, SECCOMP_RET_ERRNO | EPERM);
	g_assert_cmphex(filter_ask(program, 463, 0, 0), ==, SECCOMP_RET_ERRNO | EPERM);
	g_assert_false(
		smith_filter_add(filter, SMITH_FILTER_ERRNO, EPERM, "mountt", NULL, 0, &error));
	g_assert_error(error, SMITH_ERROR, SMITH_ERROR_INVALID);
	g_assert_cmpstr(error->message, ==, "'mountt' is no system call");
}

static void test_otherwise(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(SmithFilter) filter = smith_filter_new(SMITH_FILTER_ERRNO, ENOSYS, &error);
	g_autoptr(GBytes) program = NULL;

	g_assert_no_error(error);
	add(filter, SMITH_FILTER_ALLOW, 0, "read", NULL, 0);
	program = export(filter);
	g_assert_cmphex(filter_ask(program, SYS_read, 0, 0), ==, SECCOMP_RET_ALLOW);
	g_assert_cmphex(filter_ask(program, SYS_write, 0, 0), ==, SECCOMP_RET_ERRNO | ENOSYS);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/seccomp/filter/actions", test_actions);
	g_test_add_func("/seccomp/filter/matches", test_matches);
	g_test_add_func("/seccomp/filter/other-entries", test_other_entries);
	g_test_add_func("/seccomp/filter/names", test_names);
	g_test_add_func("/seccomp/filter/otherwise", test_otherwise);
	return g_test_run();
}
