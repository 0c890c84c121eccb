/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/ids.h"

#include <errno.h>
#include <glib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static void assert_uids(const SmithIds *ids, uint32_t real, uint32_t effective, uint32_t saved,
			uint32_t file)
{
	g_assert_cmpuint(ids->uid[SMITH_ID_REAL], ==, real);
	g_assert_cmpuint(ids->uid[SMITH_ID_EFFECTIVE], ==, effective);
	g_assert_cmpuint(ids->uid[SMITH_ID_SAVED], ==, saved);
	g_assert_cmpuint(ids->uid[SMITH_ID_FILE], ==, file);
}

static void test_setuid_is_final(void)
{
	SmithIds ids = {0};
	g_assert_cmpint(smith_ids_setid(&ids, true, 7), ==, 0);
	g_assert_cmpint(smith_ids_setid(&ids, false, 5), ==, 0);
	assert_uids(&ids, 5, 5, 5, 5);
	g_assert_cmpint(smith_ids_setid(&ids, false, 0), ==, -EPERM);
	g_assert_cmpint(smith_ids_setid(&ids, true, 0), ==, -EPERM);
	g_assert_cmpint(smith_ids_setid(&ids, false, 5), ==, 0);
	g_assert_cmpint(smith_ids_setid(&ids, false, UINT32_MAX), ==, -EINVAL);
	assert_uids(&ids, 5, 5, 5, 5);
}

/* seteuid() and back, as apt and man-db do it */
static void test_effective_comes_back(void)
{
	SmithIds ids = {0};
	const uint32_t to[] = {UINT32_MAX, 6, UINT32_MAX};
	const uint32_t back[] = {UINT32_MAX, 0, UINT32_MAX};
	const uint32_t other[] = {UINT32_MAX, 8, UINT32_MAX};
	g_assert_cmpint(smith_ids_setres(&ids, false, to), ==, 0);
	assert_uids(&ids, 0, 6, 0, 6);
	g_assert_cmpint(smith_ids_setres(&ids, false, other), ==, -EPERM);
	g_assert_cmpint(smith_ids_setres(&ids, false, back), ==, 0);
	assert_uids(&ids, 0, 0, 0, 0);
}

static void test_setreuid(void)
{
	SmithIds ids = {0};
	g_assert_cmpint(smith_ids_setre(&ids, false, UINT32_MAX, 6), ==, 0);
	assert_uids(&ids, 0, 6, 6, 6);
	/* they change places */
	g_assert_cmpint(smith_ids_setre(&ids, false, 6, 0), ==, 0);
	assert_uids(&ids, 6, 0, 0, 0);
	g_assert_cmpint(smith_ids_setre(&ids, false, 6, 6), ==, 0);
	assert_uids(&ids, 6, 6, 6, 6);
	g_assert_cmpint(smith_ids_setre(&ids, false, UINT32_MAX, 0), ==, -EPERM);
}

static void test_file_ids(void)
{
	SmithIds ids = {0};
	g_assert_cmpuint(smith_ids_setfs(&ids, false, 9), ==, 0);
	assert_uids(&ids, 0, 0, 0, 9);
	g_assert_cmpuint(smith_ids_setfs(&ids, false, UINT32_MAX), ==, 9);
	g_assert_cmpint(smith_ids_setid(&ids, false, 9), ==, 0);
	g_assert_cmpuint(smith_ids_setfs(&ids, false, 0), ==, 9);
	assert_uids(&ids, 9, 9, 9, 9);
}

/* The kernel's own rules, where a root is to be had: the same calls, the same answers. */
static void test_like_kernel(void)
{
	g_autoptr(GRand) rand = g_rand_new_with_seed(7);
	const uint32_t values[] = {0, 1, 2, UINT32_MAX};
	if (geteuid() != 0) {
		g_test_skip("needs root");
		return;
	}
	for (int round = 0; round < 60; round++) {
		uint32_t plan[12][4];
		pid_t child;
		int status;
		for (int i = 0; i < 12; i++)
			for (int j = 0; j < 4; j++)
				plan[i][j] = (uint32_t)g_rand_int_range(rand, 0, 4);
		child = fork();
		if (child == 0) {
			SmithIds ids = {0};
			for (int i = 0; i < 12; i++) {
				uint32_t a = values[plan[i][1]];
				uint32_t b = values[plan[i][2]];
				uint32_t c = values[plan[i][3]];
				const uint32_t three[] = {a, b, c};
				uid_t real[3];
				bool ours = false;
				bool theirs = false;
				switch (plan[i][0]) {
				case 0:
					ours = smith_ids_setid(&ids, false, a) == 0;
					theirs = setuid(a) == 0;
					break;
				case 1:
					ours = smith_ids_setre(&ids, false, a, b) == 0;
					theirs = setreuid(a, b) == 0;
					break;
				default:
					ours = smith_ids_setres(&ids, false, three) == 0;
					theirs = setresuid(a, b, c) == 0;
					break;
				}
				if (ours != theirs || getresuid(&real[0], &real[1], &real[2]) < 0 ||
				    ids.uid[0] != real[0] || ids.uid[1] != real[1] ||
				    ids.uid[2] != real[2])
					_exit(1);
			}
			_exit(0);
		}
		g_assert_cmpint(waitpid(child, &status, 0), ==, child);
		g_assert_cmpint(status, ==, 0);
	}
}

static void test_table(void)
{
	SmithIdTable *table = smith_ids_new();
	SmithIds ids = {0};
	struct rlimit limit;
	int status;
	pid_t child = fork();
	if (child == 0) {
		bool right = smith_ids_of(table, getpid())->uid[0] == 0;
		ids.uid[0] = 33;
		right = right && smith_ids_set(table, getpid(), &ids) == 0;
		right = right && smith_ids_of(table, getpid())->uid[0] == 33;
		/* whatever else the limit is set to is root */
		getrlimit(RLIMIT_RTTIME, &limit);
		limit.rlim_cur = 12345;
		setrlimit(RLIMIT_RTTIME, &limit);
		right = right && smith_ids_of(table, getpid())->uid[0] == 0;
		for (uint32_t i = 1; i < 1023; i++) {
			ids.uid[0] = 33 + i;
			right = right && smith_ids_set(table, getpid(), &ids) == 0;
		}
		ids.uid[0] = 5000;
		right = right && smith_ids_set(table, getpid(), &ids) == -EAGAIN;
		ids.uid[0] = 34;
		right = right && smith_ids_set(table, getpid(), &ids) == 0;
		right = right && smith_ids_of(table, getpid())->uid[0] == 34;
		_exit(right ? 0 : 1);
	}
	g_assert_cmpint(waitpid(child, &status, 0), ==, child);
	g_assert_cmpint(status, ==, 0);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/sandbox/ids/setuid-is-final", test_setuid_is_final);
	g_test_add_func("/sandbox/ids/effective-comes-back", test_effective_comes_back);
	g_test_add_func("/sandbox/ids/setreuid", test_setreuid);
	g_test_add_func("/sandbox/ids/file-ids", test_file_ids);
	g_test_add_func("/sandbox/ids/like-kernel", test_like_kernel);
	g_test_add_func("/sandbox/ids/table", test_table);
	return g_test_run();
}
