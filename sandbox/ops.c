/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/ops.h"

#include <linux/filter.h>
#include <string.h>

#include "base/error.h"

#define ALIGNMENT 8

bool smith_plan_owners_are_real(const SmithPlan *plan)
{
	return (plan->flags & (SMITH_PLAN_OWN_USERS | SMITH_PLAN_MANY_USERS)) !=
	       SMITH_PLAN_OWN_USERS;
}

const char *smith_plan_string(const SmithPlan *plan, uint32_t offset)
{
	return offset != 0 ? (const char *)plan + offset : NULL;
}

const SmithOp *smith_plan_ops(const SmithPlan *plan)
{
	return (const SmithOp *)(const void *)((const char *)plan + plan->ops);
}

const SmithPlanCommand *smith_plan_commands(const SmithPlan *plan)
{
	return (const SmithPlanCommand *)(const void *)((const char *)plan + plan->commands);
}

static bool is_table(const SmithPlan *plan, uint32_t offset, uint32_t n, size_t each, uint32_t max)
{
	if (n == 0)
		return true;
	return n <= max && offset >= sizeof *plan && offset % ALIGNMENT == 0 &&
	       offset <= plan->size && n <= (plan->size - offset) / each;
}

/* The block ends with a NUL, so that a string that begins in it ends in it. */
static bool is_string(const SmithPlan *plan, uint32_t offset)
{
	return offset >= sizeof *plan && offset < plan->size;
}

static bool are_strings(const SmithPlan *plan, uint32_t offset, uint32_t n)
{
	const uint32_t *offsets = (const uint32_t *)(const void *)((const char *)plan + offset);

	if (!is_table(plan, offset, n, sizeof *offsets, SMITH_PLAN_STRINGS))
		return false;
	for (uint32_t i = 0; i < n; i++)
		if (!is_string(plan, offsets[i]))
			return false;
	return true;
}

static bool is_normal(const char *path)
{
	const char *part = path;

	if (*path != '/' || path[1] == '\0')
		return false;
	while (*part != '\0') {
		size_t length;

		part++;
		length = strcspn(part, "/");
		if (length == 0 || length > 255)
			return false;
		if (part[0] == '.' && (length == 1 || (length == 2 && part[1] == '.')))
			return false;
		part += length;
	}
	return true;
}

static const char *check_op(const SmithPlan *plan, const SmithOp *op)
{
	if (op->kind < SMITH_OP_BIND || op->kind > SMITH_OP_TMP)
		return "an operation is of no known kind";
	if ((op->flags & ~SMITH_OP_ALL_FLAGS) != 0)
		return "an operation has unknown flags";
	if (!is_string(plan, op->target) || !is_normal(smith_plan_string(plan, op->target)))
		return "a target is no absolute path in normal form";
	if (op->kind == SMITH_OP_BIND &&
	    (!is_string(plan, op->source) || *smith_plan_string(plan, op->source) == '\0'))
		return "a bind has no source";
	if (op->kind != SMITH_OP_BIND && (op->source != 0 || op->flags != 0))
		return "only a bind has a source and flags";
	return NULL;
}

static const char *check_commands(const SmithPlan *plan)
{
	const SmithPlanCommand *commands = smith_plan_commands(plan);

	if (!is_table(plan, plan->commands, plan->n_commands, sizeof *commands,
		      SMITH_PLAN_COMMANDS))
		return "its commands are out of bounds";
	for (uint32_t i = 0; i < plan->n_commands; i++)
		if (commands[i].n_args == 0 ||
		    !are_strings(plan, commands[i].args, commands[i].n_args))
			return "one of its commands is none";
	return NULL;
}

static const char *check_head(const SmithPlan *plan, size_t size)
{
	if (plan->magic != SMITH_PLAN_MAGIC || plan->size != size)
		return "it is no plan, or cut short";
	if (((const char *)plan)[size - 1] != '\0')
		return "its last string has no end";
	if ((plan->flags & ~SMITH_PLAN_ALL_FLAGS) != 0)
		return "it has unknown flags";
	if ((plan->flags & SMITH_PLAN_MANY_USERS) != 0 && (plan->flags & SMITH_PLAN_OWN_USERS) == 0)
		return "a map of users needs a namespace of users";
	if ((plan->flags & SMITH_PLAN_RUN) != 0 &&
	    (plan->flags & (SMITH_PLAN_OWN_USERS | SMITH_PLAN_MANY_USERS)) != SMITH_PLAN_OWN_USERS)
		return "a run is of one user in a namespace of its own";
	if ((plan->inside_uid != 0 || plan->inside_gid != 0) && (plan->flags & SMITH_PLAN_RUN) == 0)
		return "only a run has ids of its own";
	if (plan->hostname != 0 && !is_string(plan, plan->hostname))
		return "its hostname is out of bounds";
	if (!is_string(plan, plan->root) || *smith_plan_string(plan, plan->root) == '\0')
		return "it has no root";
	if ((plan->flags & SMITH_PLAN_WORK) != 0 &&
	    (!is_string(plan, plan->work) || *smith_plan_string(plan, plan->work) == '\0'))
		return "it has no work directory";
	if (!is_string(plan, plan->cwd) || *smith_plan_string(plan, plan->cwd) != '/')
		return "its current directory is not absolute";
	return NULL;
}

const char *smith_plan_check(const void *data, size_t size)
{
	const SmithPlan *plan = data;
	const char *wrong;

	if (size <= sizeof *plan || size > SMITH_PLAN_MAX)
		return "its size cannot be";
	wrong = check_head(plan, size);
	if (wrong != NULL)
		return wrong;
	if (plan->n_args == 0 || !are_strings(plan, plan->args, plan->n_args))
		return "it has no command";
	if (!are_strings(plan, plan->env, plan->n_env))
		return "its environment is out of bounds";
	if (!is_table(plan, plan->limits, plan->n_limits, sizeof(SmithPlanLimit),
		      SMITH_PLAN_LIMITS))
		return "its limits are out of bounds";
	if (!is_table(plan, plan->filter, plan->n_filter, sizeof(struct sock_filter), BPF_MAXINSNS))
		return "its filter is out of bounds";
	if (!is_table(plan, plan->program, plan->n_program, sizeof(struct sock_filter),
		      BPF_MAXINSNS) ||
	    (plan->n_program == 0 && (plan->flags & SMITH_PLAN_HAND_OUT) != 0))
		return "its second filter is out of bounds";
	wrong = check_commands(plan);
	if (wrong != NULL)
		return wrong;
	if (!is_table(plan, plan->ops, plan->n_ops, sizeof(SmithOp), SMITH_PLAN_OPS))
		return "its operations are out of bounds";
	for (uint32_t i = 0; i < plan->n_ops; i++) {
		wrong = check_op(plan, &smith_plan_ops(plan)[i]);
		if (wrong != NULL)
			return wrong;
	}
	return NULL;
}

GByteArray *smith_plan_new(void)
{
	const SmithPlan head = {.magic = SMITH_PLAN_MAGIC};

	return g_byte_array_append(g_byte_array_new(), (const guint8 *)&head, sizeof head);
}

SmithPlan *smith_plan_head(GByteArray *plan)
{
	return (SmithPlan *)(void *)plan->data;
}

uint32_t smith_plan_add(GByteArray *plan, const void *data, gsize length)
{
	static const guint8 zeros[ALIGNMENT] = {0};
	uint32_t offset;

	g_byte_array_append(plan, zeros, (guint)(-plan->len % ALIGNMENT));
	offset = plan->len;
	/* more than a plan can be is refused at its end */
	g_byte_array_append(plan, data, (guint)MIN(length, SMITH_PLAN_MAX));
	return offset;
}

uint32_t smith_plan_add_string(GByteArray *plan, const char *string)
{
	return smith_plan_add(plan, string, strlen(string) + 1);
}

uint32_t smith_plan_add_strings(GByteArray *plan, const char *const *strings, uint32_t *n)
{
	g_autoptr(GArray) offsets = g_array_new(FALSE, FALSE, sizeof(uint32_t));

	for (; strings != NULL && *strings != NULL; strings++) {
		uint32_t offset = smith_plan_add_string(plan, *strings);

		g_array_append_val(offsets, offset);
	}
	*n = offsets->len;
	return smith_plan_add(plan, offsets->data, (gsize)offsets->len * sizeof(uint32_t));
}

gboolean smith_plan_finish(GByteArray *plan, GError **error)
{
	const char *wrong;

	g_byte_array_append(plan, (const guint8 *)"", 1);
	smith_plan_head(plan)->size = plan->len;
	wrong = smith_plan_check(plan->data, plan->len);
	if (wrong != NULL)
		return smith_throw(error, SMITH_ERROR_INVALID, "this step cannot be run: %s",
				   wrong);
	return TRUE;
}
