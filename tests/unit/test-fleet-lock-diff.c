/* SPDX-License-Identifier: Apache-2.0 */
#include "fleet/lock-diff.h"

static void add_wheel(SmithLock *lock, const char *name, const char *version, const char *sha256)
{
	SmithLockWheel *wheel = g_new0(SmithLockWheel, 1);
	wheel->file = g_strdup_printf("%s-%s-py3-none-any.whl", name, version);
	wheel->name = g_strdup(name);
	wheel->version = g_strdup(version);
	wheel->url = g_strconcat("wheels/", wheel->file, NULL);
	wheel->sha256 = g_strdup(sha256);
	g_ptr_array_add(lock->wheels, wheel);
}

static void add_base(SmithLock *lock, const char *from, const char *digest)
{
	SmithLockBase *base = g_new0(SmithLockBase, 1);
	base->from = g_strdup(from);
	base->digest = g_strdup(digest);
	g_ptr_array_add(lock->bases, base);
}

static void assert_diff(const SmithLock *old, const SmithLock *now, const char *expected)
{
	g_autoptr(GPtrArray) lines = smith_lock_diff(old, now);
	g_ptr_array_add(lines, NULL);
	g_autofree char *text = g_strjoinv("\n", (char **)lines->pdata);
	g_assert_cmpstr(text, ==, expected);
}

static void test_diff(void)
{
	g_autoptr(SmithLock) old = smith_lock_new();
	g_autoptr(SmithLock) now = smith_lock_new();
	add_base(old, "oci:b", "sha256:1");
	add_base(now, "oci:b", "sha256:2");
	add_wheel(old, "same", "1", "aa");
	add_wheel(now, "same", "1", "aa");
	add_wheel(old, "moved", "1", "aa");
	add_wheel(now, "moved", "2", "bb");
	add_wheel(old, "other", "1", "aa");
	add_wheel(now, "other", "1", "bb");
	add_wheel(old, "gone", "1", "aa");
	add_wheel(now, "come", "1", "aa");
	add_wheel(old, "two", "1", "aa");
	add_wheel(now, "two", "1", "aa");
	add_wheel(now, "two", "2", "bb");
	smith_lock_set_part(old, "oci-probe", "aa");
	smith_lock_set_part(now, "oci-probe", "cc");
	smith_lock_set_part(now, "oci-probe", "bb");
	smith_lock_set_part(now, "seccomp/web", "cc");
	assert_diff(old, now,
		    "base 'oci:b' sha256:1 -> sha256:2\n"
		    "come 1 added\n"
		    "gone 1 removed\n"
		    "moved 1 -> 2\n"
		    "other 1 has another file\n"
		    "part oci-probe sha256:aa -> sha256:bb\n"
		    "part seccomp/web sha256:cc added\n"
		    "two 1 -> 1, 2");
	assert_diff(now, now, "");
}

static void test_first(void)
{
	g_autoptr(SmithLock) now = smith_lock_new();
	add_wheel(now, "b", "1", "aa");
	add_wheel(now, "a", "2", "aa");
	assert_diff(NULL, now, "a 2 added\nb 1 added");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/fleet/lock-diff/diff", test_diff);
	g_test_add_func("/fleet/lock-diff/first", test_first);
	return g_test_run();
}
