/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/step-plan.h"

#include <sys/resource.h>
#include <unistd.h>

#include "sandbox/loopback.h"
#include "sandbox/ops.h"
#include "sandbox/policy.h"
#include "sandbox/spawn.h"

#define DEFAULT_PROCESSES 4096
#define PROCESSES_BEYOND 64
#define OPEN_FILES 1024
#define MAX_OPEN_FILES 65536

static void add_ops(const SmithSandboxStep *step, GByteArray *plan)
{
	static const struct {
		SmithOpKind kind;
		const char *target;
	} own[] = {{SMITH_OP_PROC, "/proc"}, {SMITH_OP_DEV, "/dev"}, {SMITH_OP_TMP, "/tmp"}};
	g_autoptr(GArray) ops = g_array_new(FALSE, TRUE, sizeof(SmithOp));
	uint32_t offset;

	for (gsize i = 0; i < G_N_ELEMENTS(own); i++) {
		SmithOp op = {.kind = own[i].kind};

		op.target = smith_plan_add_string(plan, own[i].target);
		g_array_append_val(ops, op);
	}
	for (guint i = 0; step->run != NULL && step->run->tmpfs != NULL && step->run->tmpfs[i];
	     i++) {
		SmithOp op = {.kind = SMITH_OP_TMP};

		op.target = smith_plan_add_string(plan, step->run->tmpfs[i]);
		g_array_append_val(ops, op);
	}
	if (step->network) {
		SmithOp op = {.kind = SMITH_OP_BIND, .flags = SMITH_OP_FOLLOW};

		op.source = smith_plan_add_string(plan, "/etc/resolv.conf");
		op.target = smith_plan_add_string(plan, "/etc/resolv.conf");
		if (access("/etc/resolv.conf", R_OK) == 0)
			g_array_append_val(ops, op);
	}
	for (guint i = 0; i < step->n_binds; i++) {
		SmithOp op = {.kind = SMITH_OP_BIND};

		op.flags = step->binds[i].writable ? SMITH_OP_WRITABLE : 0;
		op.source = smith_plan_add_string(plan, step->binds[i].source);
		op.target = smith_plan_add_string(plan, step->binds[i].target);
		g_array_append_val(ops, op);
	}
	offset = smith_plan_add(plan, ops->data, (gsize)ops->len * sizeof(SmithOp));
	smith_plan_head(plan)->ops = offset;
	smith_plan_head(plan)->n_ops = ops->len;
}

static guint64 processes_of(const SmithSandboxLimits *given)
{
	return given->processes != 0 ? given->processes : DEFAULT_PROCESSES;
}

/* The kernel's own limit is the wall behind the one that is watched, which tells. */
static void add_limits(const SmithSandboxStep *step, GByteArray *plan)
{
	const SmithSandboxLimits *given = &step->limits;
	const guint64 none = (guint64)RLIM_INFINITY;
	const guint64 address = given->address != 0 ? given->address : none;
	const guint64 file = given->file != 0 ? given->file : none;
	const guint64 processes = processes_of(given) + (step->run == NULL ? PROCESSES_BEYOND : 0);
	const SmithPlanLimit limits[] = {
		{RLIMIT_AS, 0, address, address},
		{RLIMIT_FSIZE, 0, file, file},
		{RLIMIT_NPROC, 0, processes, processes},
		{RLIMIT_CORE, 0, 0, 0},
		/* programs that close all that could be open take as long as there could be */
		{RLIMIT_NOFILE, 0, OPEN_FILES, MAX_OPEN_FILES},
		{RLIMIT_STACK, 0, 8 << 20, none},
		{RLIMIT_CPU, 0, none, none},
		{RLIMIT_DATA, 0, none, none},
		/* the owner record keeps the ids of a process in it */
		{RLIMIT_RTTIME, 0, none, none},
	};
	uint32_t offset = smith_plan_add(plan, limits, sizeof limits);

	smith_plan_head(plan)->limits = offset;
	smith_plan_head(plan)->n_limits = G_N_ELEMENTS(limits);
}

static guint64 half_of_memory(void)
{
	return (guint64)sysconf(_SC_PHYS_PAGES) * (guint64)sysconf(_SC_PAGESIZE) / 2;
}

static void add_watch(const SmithSandboxLimits *given, GByteArray *plan)
{
	SmithPlan *head = smith_plan_head(plan);

	head->flags |= SMITH_PLAN_WATCH;
	head->watch_memory = given->memory != 0 ? given->memory : half_of_memory();
	head->watch_disk = given->disk;
	head->watch_processes = processes_of(given);
	/* one that writes faster than it is looked at finds no room */
	head->tmpfs_size = head->shm_size = head->watch_memory + head->watch_memory / 8;
}

static uint32_t plan_flags(const SmithSandboxStep *step)
{
	uint32_t flags = 0;

	if (step->work != NULL)
		flags |= SMITH_PLAN_WORK;
	if (step->copy)
		flags |= SMITH_PLAN_NO_OVERLAY;
	if (step->network || (step->run != NULL && step->run->loopback != NULL))
		flags |= SMITH_PLAN_NETWORK;
	if (step->mode != SMITH_SANDBOX_ROOT)
		flags |= SMITH_PLAN_OWN_USERS;
	if (step->mode == SMITH_SANDBOX_MANY_UIDS)
		flags |= SMITH_PLAN_MANY_USERS;
	if (step->record_owners)
		flags |= SMITH_PLAN_LISTEN;
	return flags;
}

static SmithPolicyOwners owners_of(const SmithPlan *plan)
{
	if ((plan->flags & SMITH_PLAN_LISTEN) == 0)
		return SMITH_POLICY_NO_OWNERS;
	return smith_plan_owners_are_real(plan) ? SMITH_POLICY_REAL_OWNERS
						: SMITH_POLICY_RECORDED_OWNERS;
}

static gboolean add_filter(GByteArray *plan, GError **error)
{
	g_autoptr(GBytes) filter = smith_policy_filter(owners_of(smith_plan_head(plan)), error);
	gsize size;
	const void *data;
	uint32_t offset;

	if (filter == NULL)
		return FALSE;
	data = g_bytes_get_data(filter, &size);
	offset = smith_plan_add(plan, data, size);
	smith_plan_head(plan)->filter = offset;
	smith_plan_head(plan)->n_filter = (uint32_t)(size / 8);
	return TRUE;
}

static gboolean add_program(const SmithSandboxRun *run, GByteArray *plan, GError **error)
{
	g_autoptr(GBytes) program = NULL;
	gsize size;
	const void *data;
	uint32_t offset;

	if (run->program == NULL)
		return TRUE;
	program = run->listen ? smith_policy_pass_messages(run->program, error)
			      : g_bytes_ref(run->program);
	if (program == NULL)
		return FALSE;
	data = g_bytes_get_data(program, &size);
	offset = smith_plan_add(plan, data, size);
	smith_plan_head(plan)->program = offset;
	smith_plan_head(plan)->n_program = (uint32_t)(size / 8);
	return TRUE;
}

static void add_commands(const SmithSandboxRun *run, GByteArray *plan)
{
	g_autoptr(GArray) commands = g_array_new(FALSE, TRUE, sizeof(SmithPlanCommand));
	uint32_t offset;

	for (guint i = 0; i < run->n_commands; i++) {
		SmithPlanCommand command = {.free = run->commands[i].free};

		command.args = smith_plan_add_strings(plan, run->commands[i].argv, &command.n_args);
		g_array_append_val(commands, command);
	}
	offset = smith_plan_add(plan, commands->data,
				(gsize)commands->len * sizeof(SmithPlanCommand));
	smith_plan_head(plan)->commands = offset;
	smith_plan_head(plan)->n_commands = commands->len;
}

static gboolean add_run(const SmithSandboxRun *run, GByteArray *plan, GError **error)
{
	uint32_t hostname = run->hostname != NULL ? smith_plan_add_string(plan, run->hostname) : 0;
	SmithPlan *head = smith_plan_head(plan);

	head->flags |= SMITH_PLAN_RUN;
	if (run->listen)
		head->flags |= SMITH_PLAN_HAND_OUT;
	head->hostname = hostname;
	if (run->loopback != NULL)
		head->network_of = (uint32_t)smith_loopback_process(run->loopback);
	head->inside_uid = run->uid;
	head->inside_gid = run->gid;
	head->tmpfs_size = run->tmpfs_size;
	head->shm_size = run->shm_size;
	head->capabilities = 0;
	add_commands(run, plan);
	return add_program(run, plan, error);
}

int smith_step_plan(const SmithSandboxStep *step, GError **error)
{
	g_autoptr(GByteArray) plan = smith_plan_new();
	SmithPlan head = *smith_plan_head(plan);

	head.flags = plan_flags(step);
	head.uid = geteuid();
	head.gid = getegid();
	head.capabilities = smith_policy_capabilities();
	head.root = smith_plan_add_string(plan, step->root);
	head.work = step->work != NULL ? smith_plan_add_string(plan, step->work) : 0;
	head.cwd = smith_plan_add_string(plan, step->cwd != NULL ? step->cwd : "/");
	head.args = smith_plan_add_strings(plan, step->argv, &head.n_args);
	head.env = smith_plan_add_strings(plan, step->env, &head.n_env);
	*smith_plan_head(plan) = head;
	add_ops(step, plan);
	add_limits(step, plan);
	if (step->run == NULL)
		add_watch(&step->limits, plan);
	if (step->run != NULL && !add_run(step->run, plan, error))
		return -1;
	if (!add_filter(plan, error) || !smith_plan_finish(plan, error))
		return -1;
	return smith_spawn_sealed(plan->data, plan->len, error);
}
