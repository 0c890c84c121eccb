/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/ops.h"

#include <string.h>

#include "base/error.h"

/* A good plan with one bind, that tests then break. */
static GByteArray *new_plan(const char *source, const char *target)
{
	static const char *const args[] = {"/bin/true", "x", NULL};
	static const char *const env[] = {"A=b", NULL};
	GByteArray *plan = smith_plan_new();
	SmithPlan head = *smith_plan_head(plan);
	SmithOp op = {.kind = SMITH_OP_BIND};

	head.root = smith_plan_add_string(plan, "/root");
	head.cwd = smith_plan_add_string(plan, "/");
	head.args = smith_plan_add_strings(plan, args, &head.n_args);
	head.env = smith_plan_add_strings(plan, env, &head.n_env);
	op.source = smith_plan_add_string(plan, source);
	op.target = smith_plan_add_string(plan, target);
	head.ops = smith_plan_add(plan, &op, sizeof op);
	head.n_ops = 1;
	*smith_plan_head(plan) = head;
	return plan;
}

static GByteArray *finished_plan(void)
{
	GByteArray *plan = new_plan("/etc", "/in/etc");
	g_autoptr(GError) error = NULL;

	smith_plan_finish(plan, &error);
	g_assert_no_error(error);
	return plan;
}

static void test_strings(void)
{
	g_autoptr(GByteArray) plan = finished_plan();
	const SmithPlan *head = smith_plan_head(plan);
	const uint32_t *args = (const uint32_t *)(const void *)(plan->data + head->args);

	g_assert_null(smith_plan_check(plan->data, plan->len));
	g_assert_cmpstr(smith_plan_string(head, head->root), ==, "/root");
	g_assert_null(smith_plan_string(head, head->work));
	g_assert_cmpuint(head->n_args, ==, 2);
	g_assert_cmpstr(smith_plan_string(head, args[1]), ==, "x");
	g_assert_cmpstr(smith_plan_string(head, smith_plan_ops(head)[0].target), ==, "/in/etc");
}

static void test_targets(void)
{
	static const char *const bad[] = {"",	      "/",	   "in",  "/in/",   "//in",
					  "/in//etc", "/in/../x",  "/..", "/in/..", "/.",
					  "/in/./x",  "/a/b/c/..", "in/x"};
	static const char *const good[] = {"/in", "/..x", "/.x", "/in/...", "/a/b/c/d"};

	for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autoptr(GByteArray) plan = new_plan("/etc", bad[i]);
		g_autoptr(GError) error = NULL;

		g_assert_false(smith_plan_finish(plan, &error));
		g_assert_error(error, SMITH_ERROR, SMITH_ERROR_INVALID);
	}
	for (gsize i = 0; i < G_N_ELEMENTS(good); i++) {
		g_autoptr(GByteArray) plan = new_plan("/etc", good[i]);
		g_autoptr(GError) error = NULL;

		smith_plan_finish(plan, &error);
		g_assert_no_error(error);
	}
}

static void expect_bad(GByteArray *plan)
{
	g_assert_nonnull(smith_plan_check(plan->data, plan->len));
	g_byte_array_unref(plan);
}

#define BREAK(statement)                                                                           \
	do {                                                                                       \
		GByteArray *broken = finished_plan();                                              \
		SmithPlan *head = smith_plan_head(broken);                                         \
		SmithOp *op = (SmithOp *)(void *)(broken->data + head->ops);                       \
		(void)op;                                                                          \
		statement;                                                                         \
		expect_bad(broken);                                                                \
	} while (0)

static void test_broken(void)
{
	BREAK(head->magic++);
	BREAK(head->size--);
	BREAK(head->flags = 1u << 31);
	BREAK(head->flags = SMITH_PLAN_MANY_USERS);
	BREAK(head->flags = SMITH_PLAN_WORK);
	BREAK(head->root = 0);
	BREAK(head->root = head->size);
	BREAK(head->cwd = UINT32_MAX);
	BREAK(head->cwd = 4);
	BREAK(head->args = head->size - 4);
	BREAK(head->args += 1);
	BREAK(head->n_args = 0);
	BREAK(head->n_args = 1000);
	BREAK(head->n_args = UINT32_MAX);
	BREAK(head->n_env = UINT32_MAX / 4 + 2);
	BREAK(head->n_ops = 2);
	BREAK(head->ops = UINT32_MAX & ~7u);
	BREAK(head->n_limits = 1; head->limits = head->size);
	BREAK(head->n_filter = 1; head->filter = 0);
	BREAK(op->kind = 0);
	BREAK(op->kind = 99);
	BREAK(op->flags = 1u << 30);
	BREAK(op->source = 0);
	BREAK(op->target = 0);
	BREAK(op->kind = SMITH_OP_PROC);
	BREAK(((uint32_t *)(void *)(broken->data + head->args))[1] = head->size);
	BREAK(broken->data[broken->len - 1] = 'x');
	BREAK(broken->len = sizeof(SmithPlan));
}

/* No byte that is changed makes the check read what is not there (the sanitizers see to that), and
 * what passes has its strings within. */
static void test_any_byte(void)
{
	g_autoptr(GByteArray) plan = finished_plan();

	for (guint i = 0; i < plan->len; i++) {
		for (guint bit = 0; bit < 8; bit++) {
			g_autofree guint8 *copy = g_memdup2(plan->data, plan->len);

			copy[i] ^= (guint8)(1u << bit);
			if (smith_plan_check(copy, plan->len) == NULL) {
				const SmithPlan *head = (const SmithPlan *)(void *)copy;

				g_assert_cmpuint(strlen(smith_plan_string(head, head->root)), <,
						 plan->len);
			}
		}
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/sandbox/ops/strings", test_strings);
	g_test_add_func("/sandbox/ops/targets", test_targets);
	g_test_add_func("/sandbox/ops/broken", test_broken);
	g_test_add_func("/sandbox/ops/any-byte", test_any_byte);
	return g_test_run();
}
