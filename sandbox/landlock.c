/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox/child.h"

/* landlock(7); the headers may be older than the kernel */
#define WRITE_FILE (UINT64_C(1) << 1)
#define TRUNCATE (UINT64_C(1) << 14)
#define REMOVE_AND_MAKE UINT64_C(0x1ff0)
#define REFER (UINT64_C(1) << 13)
#define SCOPE_SOCKETS_AND_SIGNALS UINT64_C(3)

typedef struct {
	uint64_t files;
	uint64_t network;
	uint64_t scoped;
} Ruleset;

/* What a filter around us refuses is as absent as what the kernel has not: a second wall less. */
static bool is_absent(long result)
{
	return result != 0 && (errno == EPERM || errno == ENOSYS || errno == EOPNOTSUPP);
}

static bool allow(int ruleset, const char *path, uint64_t rights)
{
	struct landlock_path_beneath_attr rule = {.allowed_access = rights};
	struct stat info;
	int fd = open(path, O_PATH | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &info) != 0)
		smith_child_die(SMITH_CHILD_FAILED, errno, "cannot open '%s'", path);
	if (!S_ISDIR(info.st_mode))
		rule.allowed_access &= WRITE_FILE | TRUNCATE;
	rule.parent_fd = fd;
	long result = syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
	if (is_absent(result))
		return false;
	if (result != 0)
		smith_child_die(SMITH_CHILD_REFUSED, errno, "cannot allow '%s' by landlock", path);
	close(fd);
	return true;
}

static bool allow_writable(int ruleset, const SmithPlan *plan, uint64_t rights)
{
	for (uint32_t i = 0; i < plan->n_ops; i++) {
		const SmithOp *op = &smith_plan_ops(plan)[i];

		if ((op->kind != SMITH_OP_BIND || (op->flags & SMITH_OP_WRITABLE) != 0) &&
		    !allow(ruleset, smith_plan_string(plan, op->target), rights))
			return false;
	}
	return true;
}

void smith_landlock_restrict(const SmithPlan *plan)
{
	long version =
		syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	size_t size = version < 4 ? 8 : version < 6 ? 16 : sizeof(Ruleset);
	Ruleset rules = {0};
	int ruleset;

	/* the first version forbids every rename between directories */
	if (version >= 2 && (plan->flags & SMITH_PLAN_WORK) == 0)
		rules.files = WRITE_FILE | REMOVE_AND_MAKE | REFER | (version >= 3 ? TRUNCATE : 0);
	/* a run has no network to share, and its commands are to reach one another */
	if (version >= 6 && (plan->flags & SMITH_PLAN_RUN) == 0)
		rules.scoped = SCOPE_SOCKETS_AND_SIGNALS;
	if (rules.files == 0 && rules.scoped == 0)
		return;
	ruleset = (int)syscall(SYS_landlock_create_ruleset, &rules, size, 0);
	if (ruleset < 0)
		smith_child_die(SMITH_CHILD_REFUSED, errno, "cannot make landlock rules");
	bool allowed = rules.files == 0 || allow_writable(ruleset, plan, rules.files);
	long result = allowed ? syscall(SYS_landlock_restrict_self, ruleset, 0) : 0;
	if (result != 0 && !is_absent(result))
		smith_child_die(SMITH_CHILD_REFUSED, errno, "cannot restrict the step by landlock");
	close(ruleset);
}
