/* SPDX-License-Identifier: Apache-2.0 */
#include "seccomp/profile-lint.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <string.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/node.h"
#include "seccomp/filter.h"
#include "seccomp/profile-name.h"
#include "seccomp/simulate.h"

#define DENIED (SECCOMP_RET_ERRNO | ENOSYS)

typedef struct {
	char *path;
	int fd;
} Fleet;

static void fleet_set_up(Fleet *fleet, gconstpointer data G_GNUC_UNUSED)
{
	g_autoptr(GError) error = NULL;

	fleet->path = g_dir_make_tmp("ocismith-profile-XXXXXX", &error);
	g_assert_no_error(error);
	fleet->fd = smith_fd_open_dir(AT_FDCWD, fleet->path, &error);
	g_assert_no_error(error);
	smith_fd_make_dirs(fleet->fd, "seccomp", &error);
	g_assert_no_error(error);
}

static void fleet_tear_down(Fleet *fleet, gconstpointer data G_GNUC_UNUSED)
{
	smith_fd_remove_tree(AT_FDCWD, fleet->path, NULL);
	smith_fd_clear(&fleet->fd);
	g_free(fleet->path);
}

static void put(const Fleet *fleet, const char *name, const char *text)
{
	g_autofree char *file = g_strdup_printf("seccomp/%s.json", name);
	g_autoptr(GError) error = NULL;

	smith_fd_write_file(fleet->fd, file, text, strlen(text), 0644, &error);
	g_assert_no_error(error);
}

static SmithProfile *load(int dirfd, const char *name)
{
	g_autoptr(GError) error = NULL;
	SmithProfile *profile = smith_profile_load(dirfd, name, &error);

	g_assert_no_error(error);
	return profile;
}

static SmithProfile *parse(const char *text)
{
	g_autoptr(GError) error = NULL;
	SmithProfile *profile = smith_profile_parse(-1, "test", text, strlen(text), &error);

	g_assert_no_error(error);
	return profile;
}

static guint32 ask(const SmithProfile *profile, const char *arch, const char *call, guint64 first,
		   guint64 second)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) program = smith_profile_compile(profile, arch, &error);
	const guint64 arguments[SMITH_SIMULATE_ARGUMENTS] = {first, second};
	guint32 verdict = 0;

	g_assert_no_error(error);
	smith_simulate(program, smith_filter_audit_arch(arch),
		       smith_filter_number(arch, call, &error), arguments, &verdict, &error);
	g_assert_no_error(error);
	return verdict;
}

static void test_builtin(void)
{
	const char *const *names = smith_profile_names();

	for (guint i = 0; names[i] != NULL; i++) {
		g_autoptr(SmithProfile) profile = load(-1, names[i]);

		g_assert_cmpstr(profile->name, ==, names[i]);
		g_assert_cmpstr(profile->default_action, ==, "SCMP_ACT_ERRNO");
		g_assert_cmpint(profile->default_errno, ==, ENOSYS);
		for (guint j = 0; j < profile->rules->len; j++) {
			const SmithProfileRule *rule = profile->rules->pdata[j];

			g_assert_nonnull(rule->reason);
			g_assert_cmpint(smith_filter_number("amd64", rule->name, NULL), !=,
					SMITH_FILTER_UNKNOWN);
		}
		g_assert_cmphex(ask(profile, "amd64", "openat", 0, 0), ==, SECCOMP_RET_ALLOW);
		g_assert_cmphex(ask(profile, "arm64", "openat", 0, 0), ==, SECCOMP_RET_ALLOW);
		g_assert_cmphex(ask(profile, "arm64", "mount", 0, 0), ==, DENIED);
	}
}

/* What is written says the same, and is written the same again. */
static void test_round_trip(void)
{
	const char *const *names = smith_profile_names();

	for (guint i = 0; names[i] != NULL; i++) {
		g_autoptr(SmithProfile) profile = load(-1, names[i]);
		gsize length;
		g_autofree char *text = smith_profile_write(profile, &length);
		g_autoptr(SmithProfile) again = parse(text);
		g_autofree char *twice = smith_profile_write(again, NULL);

		g_assert_cmpuint(length, ==, strlen(text));
		g_assert_cmpstr(twice, ==, text);
		g_assert_cmpuint(again->rules->len, ==, profile->rules->len);
	}
}

static void test_compare(void)
{
	g_autoptr(SmithProfile) profile =
		parse("{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"defaultErrno\": \"ENOSYS\","
		      "\"syscalls\": ["
		      "{\"names\": [\"kill\"], \"action\": \"SCMP_ACT_ALLOW\", \"args\": ["
		      "{\"index\": 1, \"value\": 15, \"op\": \"SCMP_CMP_EQ\"}]},"
		      "{\"names\": [\"getpgid\"], \"action\": \"SCMP_ACT_ALLOW\", \"args\": ["
		      "{\"index\": 0, \"value\": 18446744073709551615, \"op\": \"SCMP_CMP_EQ\"}]},"
		      "{\"name\": \"read\", \"action\": \"SCMP_ACT_ERRNO\"},"
		      "{\"names\": [\"dup\"], \"action\": \"SCMP_ACT_ALLOW\", \"args\": ["
		      "{\"index\": 0, \"value\": 3, \"op\": \"SCMP_CMP_GT\"},"
		      "{\"index\": 1, \"value\": 240, \"valueTwo\": 16, \"op\": "
		      "\"SCMP_CMP_MASKED_EQ\"}]},"
		      "{\"names\": [\"quotactl\"], \"action\": \"SCMP_ACT_ALLOW\", \"includes\": "
		      "{\"caps\": [\"CAP_SYS_ADMIN\"]}},"
		      "{\"names\": [\"acct\"], \"action\": \"SCMP_ACT_LOG\", \"includes\": "
		      "{\"arches\": [\"arm64\"]}, \"excludes\": {\"caps\": [\"CAP_SYS_PACCT\"]}}"
		      "]}");

	g_assert_cmphex(ask(profile, "amd64", "kill", 1, 15), ==, SECCOMP_RET_ALLOW);
	g_assert_cmphex(ask(profile, "amd64", "kill", 1, 9), ==, DENIED);
	g_assert_cmphex(ask(profile, "amd64", "getpgid", G_MAXUINT64, 0), ==, SECCOMP_RET_ALLOW);
	g_assert_cmphex(ask(profile, "amd64", "getpgid", G_MAXUINT32, 0), ==, DENIED);
	g_assert_cmphex(ask(profile, "arm64", "read", 0, 0), ==, SECCOMP_RET_ERRNO | EPERM);
	g_assert_cmphex(ask(profile, "arm64", "dup", 4, 0x1f), ==, SECCOMP_RET_ALLOW);
	g_assert_cmphex(ask(profile, "arm64", "dup", 3, 0x1f), ==, DENIED);
	g_assert_cmphex(ask(profile, "arm64", "dup", 4, 0x2f), ==, DENIED);
	g_assert_cmphex(ask(profile, "amd64", "quotactl", 0, 0), ==, DENIED);
	g_assert_cmphex(ask(profile, "amd64", "acct", 0, 0), ==, DENIED);
	g_assert_cmphex(ask(profile, "arm64", "acct", 0, 0), ==, SECCOMP_RET_LOG);
}

static void test_include(Fleet *fleet, gconstpointer data G_GNUC_UNUSED)
{
	g_autoptr(SmithProfile) web = NULL;

	put(fleet, "web",
	    "{\"include\": [\"web\"], \"syscalls\": ["
	    "{\"names\": [\"acct\"], \"action\": \"SCMP_ACT_ALLOW\", \"comment\": \"why\"},"
	    "{\"names\": [\"socket\"], \"action\": \"SCMP_ACT_ERRNO\", \"errno\": "
	    "\"EAFNOSUPPORT\"}]}");
	web = load(fleet->fd, "web");
	g_assert_true(web->of_fleet);
	g_assert_cmphex(ask(web, "amd64", "acct", 0, 0), ==, SECCOMP_RET_ALLOW);
	/* replaces all rules of sockets */
	g_assert_cmphex(ask(web, "amd64", "socket", 2, 1), ==, SECCOMP_RET_ERRNO | EAFNOSUPPORT);
	g_assert_cmphex(ask(web, "amd64", "read", 0, 0), ==, SECCOMP_RET_ALLOW);
	for (guint i = 0; i < web->rules->len; i++) {
		const SmithProfileRule *rule = web->rules->pdata[i];

		if (strcmp(rule->name, "acct") == 0)
			g_assert_cmpstr(rule->from, ==, "web");
		if (strcmp(rule->name, "read") == 0)
			g_assert_cmpstr(rule->from, ==, "baseline");
	}
}

static void check_refused(int dirfd, const char *name, SmithErrorCode code, const char *message)
{
	g_autoptr(GError) error = NULL;

	g_assert_null(smith_profile_load(dirfd, name, &error));
	g_assert_error(error, SMITH_ERROR, (int)code);
	g_assert_cmpstr(error->message, ==, message);
}

static void test_refused(Fleet *fleet, gconstpointer data G_GNUC_UNUSED)
{
	check_refused(fleet->fd, "bse", SMITH_ERROR_NOT_FOUND,
		      "no seccomp profile is called 'bse'; there are audio, baseline, gpu, "
		      "supervisor, web");
	put(fleet, "one", "{\"include\": [\"two\"]}");
	put(fleet, "two", "{\"include\": [\"one\"]}");
	check_refused(fleet->fd, "one", SMITH_ERROR_INVALID,
		      "seccomp profile 'one' includes itself by way of 'two'");
	check_refused(fleet->fd, "ones", SMITH_ERROR_NOT_FOUND,
		      "no seccomp profile is called 'ones' (did you mean 'one'?)");
	check_refused(fleet->fd, "../one", SMITH_ERROR_INVALID,
		      "'../one' is no name of a seccomp profile");
	put(fleet, "three",
	    "{\"include\": [\"baseline\"],\n \"syscalls\": [\n  {\"names\": [\"read\"],\n"
	    "   \"action\": \"SCMP_ACT_ALOW\"}]}");
	check_refused(fleet->fd, "three", SMITH_ERROR_INVALID,
		      "seccomp/three.json:4:14: 'action' in rule must be one of 'SCMP_ACT_ALLOW', "
		      "'SCMP_ACT_ERRNO', 'SCMP_ACT_KILL', 'SCMP_ACT_KILL_PROCESS', "
		      "'SCMP_ACT_KILL_THREAD', 'SCMP_ACT_LOG', 'SCMP_ACT_TRAP', got "
		      "'SCMP_ACT_ALOW' (did you mean 'SCMP_ACT_ALLOW'?)");
	put(fleet, "four", "{\"include\": [\"five\", \"baseline\"]}");
	put(fleet, "five",
	    "{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"defaultErrnoRet\": 38, \"syscalls\": ["
	    "{\"names\": [\"read\"], \"action\": \"SCMP_ACT_KILL\"}]}");
	check_refused(fleet->fd, "four", SMITH_ERROR_CONFLICT,
		      "profiles 'five' and 'baseline' contradict each other about 'read'; a rule "
		      "of 'four' itself must say which holds");
}

static char *join(const char *a, const char *b)
{
	const char *const names[] = {a, b, NULL};

	return smith_profile_name_join(names);
}

static void test_name(void)
{
	g_autofree char *two = join("gpu", "audio");
	g_autofree char *four = join("web+gpu", "gpu+audio");
	g_autofree char *one = join("gpu", "gpu");
	g_autofree char *file = smith_profile_name_file("audio+gpu");
	g_autofree char *name = g_strnfill(64, 'a');
	g_autofree char *other = g_strnfill(64, 'b');
	g_autofree char *many = join(name, other);
	g_autofree char *many_file = smith_profile_name_file(many);
	g_autofree char *more = g_strconcat(many, "+c", NULL);
	g_autofree char *more_file = smith_profile_name_file(more);

	g_assert_cmpstr(two, ==, "audio+gpu");
	g_assert_cmpstr(four, ==, "audio+gpu+web");
	g_assert_cmpstr(one, ==, "gpu");
	g_assert_false(smith_profile_name_is_joined(one));
	g_assert_true(smith_profile_name_is_joined(two));
	g_assert_cmpstr(file, ==, "seccomp/audio+gpu.json");
	/* a file's name has an end */
	g_assert_true(g_str_has_prefix(many_file, "seccomp/joined-"));
	g_assert_cmpuint(strlen(many_file), ==, strlen("seccomp/joined-0123456789abcdef.json"));
	g_assert_cmpstr(more_file, !=, many_file);
}

/* Whatever one of them allows, all of them together allow. */
static void test_joined(Fleet *fleet, gconstpointer data G_GNUC_UNUSED)
{
	g_autoptr(SmithProfile) profile = load(-1, "gpu+audio+gpu");
	g_autoptr(SmithProfile) single = load(-1, "gpu+gpu");
	g_autoptr(SmithProfile) mixed = NULL;

	g_assert_cmpstr(profile->name, ==, "audio+gpu");
	g_assert_cmpstr(profile->default_action, ==, "SCMP_ACT_ERRNO");
	g_assert_cmpint(profile->default_errno, ==, ENOSYS);
	g_assert_false(profile->of_fleet);
	g_assert_cmphex(ask(profile, "amd64", "mbind", 0, 0), ==, SECCOMP_RET_ALLOW);
	g_assert_cmphex(ask(profile, "arm64", "semget", 0, 0), ==, SECCOMP_RET_ALLOW);
	g_assert_cmphex(ask(profile, "amd64", "ioctl", 0, 0xc00c4634), ==, SECCOMP_RET_ALLOW);
	g_assert_cmphex(ask(profile, "amd64", "ioctl", 0, 0x5412), ==, DENIED);
	g_assert_cmphex(ask(profile, "amd64", "splice", 0, 0), ==, DENIED);
	g_assert_cmpstr(single->name, ==, "gpu");
	put(fleet, "own",
	    "{\"include\": [\"baseline\"], \"syscalls\": [{\"names\": [\"acct\"], "
	    "\"action\": \"SCMP_ACT_ALLOW\"}]}");
	mixed = load(fleet->fd, "own+web");
	g_assert_true(mixed->of_fleet);
	g_assert_cmphex(ask(mixed, "amd64", "acct", 0, 0), ==, SECCOMP_RET_ALLOW);
	g_assert_cmphex(ask(mixed, "amd64", "splice", 0, 0), ==, SECCOMP_RET_ALLOW);
}

static void test_joined_refused(Fleet *fleet, gconstpointer data G_GNUC_UNUSED)
{
	put(fleet, "own",
	    "{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"defaultErrnoRet\": 38, \"syscalls\": ["
	    "{\"names\": [\"splice\"], \"action\": \"SCMP_ACT_KILL\"}]}");
	put(fleet, "soft", "{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"defaultErrnoRet\": 1}");
	check_refused(fleet->fd, "own+web", SMITH_ERROR_CONFLICT,
		      "profiles 'own' and 'web' contradict each other about 'splice'; a profile "
		      "of the fleet that includes both must say which holds");
	check_refused(fleet->fd, "soft+web", SMITH_ERROR_CONFLICT,
		      "profile 'web' has another default action than 'soft', which is "
		      "included beside it");
	check_refused(fleet->fd, "web+wbe", SMITH_ERROR_NOT_FOUND,
		      "no seccomp profile is called 'wbe' (did you mean 'web'?)");
	check_refused(fleet->fd, "web+", SMITH_ERROR_INVALID, "'' is no name of a seccomp profile");
	check_refused(fleet->fd, "+", SMITH_ERROR_INVALID, "'' is no name of a seccomp profile");
	check_refused(fleet->fd, "web+../own", SMITH_ERROR_INVALID,
		      "'../own' is no name of a seccomp profile");
}

static void test_twin(void)
{
	g_assert_cmpstr(smith_profile_twin("open"), ==, "openat");
	g_assert_cmpstr(smith_profile_twin("signalfd"), ==, "signalfd4");
	g_assert_null(smith_profile_twin("openat"));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/seccomp/profile/builtin", test_builtin);
	g_test_add_func("/seccomp/profile/round-trip", test_round_trip);
	g_test_add_func("/seccomp/profile/compare", test_compare);
	g_test_add_func("/seccomp/profile/twin", test_twin);
	g_test_add_func("/seccomp/profile/name", test_name);
	g_test_add("/seccomp/profile/joined", Fleet, NULL, fleet_set_up, test_joined,
		   fleet_tear_down);
	g_test_add("/seccomp/profile/joined-refused", Fleet, NULL, fleet_set_up,
		   test_joined_refused, fleet_tear_down);
	g_test_add("/seccomp/profile/include", Fleet, NULL, fleet_set_up, test_include,
		   fleet_tear_down);
	g_test_add("/seccomp/profile/refused", Fleet, NULL, fleet_set_up, test_refused,
		   fleet_tear_down);
	return g_test_run();
}
