/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/seccomp-rows.h"

/*
 * The kernel as the judge: the program of each profile is loaded in a child, which makes the calls.
 *
 * None of them is carried out. Before the profile's filter another one is loaded that answers
 * ALLOWED, which is no error of any kernel, to everything: of two filters the stricter answer
 * holds, so that it is seen where the profile allows, and of two errors that of the younger filter,
 * so that the profile's own error is seen where it refuses.
 */
#define ALLOWED 4000
#define LEAVE 77 /* status with which the child may go */

/* uretprobe and its like are of the kernel's own trampolines on amd64, arm64 has nothing there:
 * since 6.14 no filter is asked, and elsewhere they end the process. */
#define FIRST_UPROBE 335
#define LAST_UPROBE 337

#if defined(__x86_64__)
#define OWN "amd64"
#elif defined(__aarch64__)
#define OWN "arm64"
#endif

typedef struct {
	int number;
	guint64 arguments[SMITH_SIMULATE_ARGUMENTS];
} Call;

typedef struct {
	guint count;
	struct {
		int error; /* 0: it succeeded */
		int done;
	} answers[];
} Page;

static int load_filter(GBytes *program)
{
	gsize size;
	const void *code = g_bytes_get_data(program, &size);
	struct sock_fprog filter = {.len = (unsigned short)(size / sizeof(struct sock_filter)),
				    .filter = (struct sock_filter *)code};

	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) != 0 ? errno : 0;
}

/* Also: a child that is killed leaves nothing. */
static int prepare(void)
{
	const struct rlimit none = {0, 0};

	return setrlimit(RLIMIT_CORE, &none) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0
		       ? errno
		       : 0;
}

/* All is ALLOWED, except that the child can go and load one more filter, from @program. */
static GBytes *make_marking(void)
{
	const struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 0, 2),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, LEAVE, 4, 3),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_seccomp, 0, 2),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2])),
		BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, 0, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ALLOWED),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};

	return g_bytes_new(code, sizeof code);
}

static G_NORETURN void make_calls(GBytes *marking, GBytes *program, const Call *calls, Page *page)
{
	int error = prepare();

	if (error == 0)
		error = load_filter(marking);
	if (error == 0)
		error = load_filter(program);
	if (error != 0)
		__builtin_trap();
	for (guint i = 0; i < page->count; i++) {
		const guint64 *a = calls[i].arguments;
		long result = syscall(calls[i].number, a[0], a[1], a[2], a[3], a[4], a[5]);

		page->answers[i].error = result == -1 ? errno : 0;
		page->answers[i].done = 1;
	}
	syscall(SYS_exit_group, LEAVE);
	__builtin_trap(); /* what a sanitizer does before _exit() is refused as well, for ever */
}

/* How a child ended that made @calls under @program; what they were answered is in the page. */
static int run_child(GBytes *program, const Call *calls, Page *page)
{
	g_autoptr(GBytes) marking = make_marking();
	int status = 0;
	pid_t child = fork();

	g_assert_cmpint(child, >=, 0);
	if (child == 0)
		make_calls(marking, program, calls, page);
	g_assert_cmpint(TEMP_FAILURE_RETRY(waitpid(child, &status, 0)), ==, child);
	return status;
}

static Page *page_new(guint count)
{
	gsize size = sizeof(Page) + count * sizeof((Page){0}.answers[0]);
	Page *page = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	g_assert_true(page != MAP_FAILED);
	page->count = count;
	return page;
}

static void page_free(Page *page)
{
	munmap(page, sizeof(Page) + page->count * sizeof page->answers[0]);
}

/* As the simulator would say it. */
static guint32 to_verdict(int error)
{
	return error == ALLOWED ? SECCOMP_RET_ALLOW : SECCOMP_RET_ERRNO | (guint32)error;
}

static bool can_load(void)
{
	g_autoptr(GBytes) program = rows_compile(SMITH_PROFILE_DEFAULT, OWN);
	Page *page = page_new(0);
	int status = run_child(program, NULL, page);

	page_free(page);
	if (WIFEXITED(status) && WEXITSTATUS(status) == LEAVE)
		return true;
	g_test_skip("no seccomp filter can be loaded here");
	return false;
}

/* Calls that the program refuses or allows, all in one child. */
static void judge(GBytes *program, const GArray *calls, const char *what)
{
	Page *page = page_new(calls->len);
	int status = run_child(program, (const Call *)calls->data, page);
	guint wrong = 0;

	for (guint i = 0; i < calls->len && !WIFEXITED(status); i++)
		if (!page->answers[i].done)
			g_error("%s: signal %d at call %d", what, WTERMSIG(status),
				g_array_index(calls, Call, i).number);
	g_assert_true(WIFEXITED(status));
	g_assert_cmpint(WEXITSTATUS(status), ==, LEAVE);
	for (guint i = 0; i < calls->len; i++) {
		const Call *call = &g_array_index(calls, Call, i);
		guint32 expected = rows_simulate(program, smith_filter_audit_arch(OWN),
						 call->number, call->arguments);

		g_assert_cmpint(page->answers[i].done, ==, 1);
		if (to_verdict(page->answers[i].error) == expected)
			continue;
		g_test_message("%s: call %d (%#" G_GINT64_MODIFIER "x, %#" G_GINT64_MODIFIER
			       "x, %#" G_GINT64_MODIFIER
			       "x): the kernel says %d, the simulator %#x",
			       what, call->number, call->arguments[0], call->arguments[1],
			       call->arguments[2], page->answers[i].error, expected);
		wrong++;
	}
	page_free(page);
	g_assert_cmpuint(wrong, ==, 0);
}

/* A call that ends the child: SIGSYS, and nothing else. */
static void judge_killed(GBytes *program, const Call *call)
{
	Page *page = page_new(1);
	int status = run_child(program, call, page);

	g_assert_true(WIFSIGNALED(status));
	g_assert_cmpint(WTERMSIG(status), ==, SIGSYS);
	g_assert_cmpint(page->answers[0].done, ==, 0);
	page_free(page);
}

static void test_rows(gconstpointer name)
{
	g_autoptr(GPtrArray) rows = rows_of(name);
	g_autoptr(GBytes) program = rows_compile(name, OWN);
	g_autoptr(GArray) calls = g_array_new(FALSE, FALSE, sizeof(Call));
	guint killed = 0;

	if (!can_load())
		return;
	for (guint i = 0; i < rows->len; i++) {
		const Row *row = rows->pdata[i];
		Call call = {.number = row->number};

		memcpy(call.arguments, row->arguments, sizeof call.arguments);
		if (row->arch != smith_filter_audit_arch(OWN))
			continue;
		if (strcmp(row->verdict, "KILL_PROCESS") != 0) {
			g_array_append_val(calls, call);
			continue;
		}
		judge_killed(program, &call);
		killed++;
	}
	judge(program, calls, name);
	g_assert_cmpuint(calls->len, >, 120);
	g_test_message("%u rows, and %u that kill", calls->len, killed);
}

/* Every number, with arguments of which some are those of rows and some mean nothing. */
static void test_numbers(gconstpointer name)
{
	static const guint64 patterns[][SMITH_SIMULATE_ARGUMENTS] = {
		{0},
		{1, 1, 1, 1, 1, 1},
		{0x10000011, 0x5412, 0x21a4},
		{0xffffffff, 0xc00c4634, 0x11a4},
		{16, 0x11a4, 9, 0, 0, 0},
		{16, 0x5401, 0},
		{0xffffffffffffffff, 0xffffffffffffffff, 0xffffffffffffffff},
		{0x8000000000000000, 0x7fffffff00005401, 0x100000000},
	};
	g_autoptr(GBytes) program = rows_compile(name, OWN);
	g_autoptr(GArray) calls = g_array_new(FALSE, FALSE, sizeof(Call));

	if (!can_load())
		return;
	for (int number = -1; number < 700; number++) {
		if (number >= FIRST_UPROBE && number <= LAST_UPROBE)
			continue;
		for (gsize i = 0; i < G_N_ELEMENTS(patterns); i++) {
			Call call = {.number = number};

			memcpy(call.arguments, patterns[i], sizeof call.arguments);
			/* it would load a filter, which is what the marking one lets through */
			if (number != SYS_seccomp || i == 0)
				g_array_append_val(calls, call);
		}
	}
	judge(program, calls, name);
}

#if defined(__x86_64__)
/* getpid of i386, whose number is mkdir's. */
static G_NORETURN void call_i386(GBytes *program, Page *page)
{
	long result = 20;

	if (prepare() != 0 || (program != NULL && load_filter(program) != 0))
		_exit(1);
	__asm__ volatile("int $0x80" : "+a"(result) : : "memory", "r8", "r9", "r10", "r11");
	page->answers[0].done = 1;
	syscall(SYS_exit_group, LEAVE);
	__builtin_trap();
}

static int run_i386(GBytes *program)
{
	Page *page = page_new(1);
	int status = 0;
	pid_t child = fork();

	g_assert_cmpint(child, >=, 0);
	if (child == 0)
		call_i386(program, page);
	g_assert_cmpint(TEMP_FAILURE_RETRY(waitpid(child, &status, 0)), ==, child);
	page_free(page);
	return status;
}

static void test_i386(gconstpointer name)
{
	g_autoptr(GBytes) program = rows_compile(name, OWN);
	int status = run_i386(NULL);

	if (!can_load())
		return;
	if (!WIFEXITED(status) || WEXITSTATUS(status) != LEAVE) {
		g_test_skip("this kernel runs no calls of i386");
		return;
	}
	status = run_i386(program);
	g_assert_true(WIFSIGNALED(status));
	g_assert_cmpint(WTERMSIG(status), ==, SIGSYS);
}
#endif

/* That it is noticed when the kernel and the simulator differ: a program with one answer changed.
 */
static void test_judge(void)
{
	const Call call = {.number = SYS_getpid};
	g_autoptr(GBytes) program = rows_compile(SMITH_PROFILE_DEFAULT, OWN);
	const struct sock_filter refusing[] = {
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EXDEV)};
	Page *page;

	if (!can_load())
		return;
	page = page_new(1);
	run_child(program, &call, page);
	g_assert_cmpint(page->answers[0].error, ==, ALLOWED);
	page->answers[0].done = 0;
	g_bytes_unref(program);
	program = g_bytes_new(refusing, sizeof refusing);
	/* it cannot even go */
	run_child(program, &call, page);
	g_assert_cmpint(page->answers[0].error, ==, EXDEV);
	page_free(page);
}

int main(int argc, char **argv)
{
	const char *const *names = smith_profile_names();

	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/seccomp/kernel/judge", test_judge);
	for (guint i = 0; names[i] != NULL; i++) {
		g_autofree char *rows = g_strconcat("/seccomp/kernel/rows/", names[i], NULL);
		g_autofree char *numbers = g_strconcat("/seccomp/kernel/numbers/", names[i], NULL);

		g_test_add_data_func(rows, names[i], test_rows);
		g_test_add_data_func(numbers, names[i], test_numbers);
#if defined(__x86_64__)
		g_autofree char *i386 = g_strconcat("/seccomp/kernel/i386/", names[i], NULL);

		g_test_add_data_func(i386, names[i], test_i386);
#endif
	}
	return g_test_run();
}
