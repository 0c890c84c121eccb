/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/answers.h"

#include <errno.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { GROUPS_MAX_OF_LINUX = 65536 };

static bool is_group_call(const SmithCall *call)
{
	switch (call->row->number) {
	case SYS_getgid:
	case SYS_getegid:
	case SYS_getresgid:
	case SYS_setgid:
	case SYS_setregid:
	case SYS_setresgid:
	case SYS_setfsgid:
		return true;
	default:
		return false;
	}
}

static uint32_t argument(const SmithCall *call, int index)
{
	return (uint32_t)smith_call_rest(call, index);
}

int64_t smith_answer_getid(SmithCall *call)
{
	switch (call->row->number) {
	case SYS_getuid:
		return call->ids->uid[SMITH_ID_REAL];
	case SYS_geteuid:
		return call->ids->uid[SMITH_ID_EFFECTIVE];
	case SYS_getgid:
		return call->ids->gid[SMITH_ID_REAL];
	default:
		return call->ids->gid[SMITH_ID_EFFECTIVE];
	}
}

int64_t smith_answer_getresid(SmithCall *call)
{
	const uint32_t *ids = is_group_call(call) ? call->ids->gid : call->ids->uid;
	for (int i = 0; i < 3; i++) {
		int result = smith_target_write(&call->target, smith_call_rest(call, i), &ids[i],
						sizeof ids[i]);
		if (result < 0)
			return result;
	}
	return 0;
}

int64_t smith_answer_getgroups(SmithCall *call)
{
	int size = (int)argument(call, 0);
	uint32_t count = call->ids->n_groups;
	int result;
	if (size == 0)
		return count;
	if (size < 0 || (uint32_t)size < count)
		return -EINVAL;
	result = smith_target_write(&call->target, smith_call_rest(call, 1), call->ids->groups,
				    count * sizeof call->ids->groups[0]);
	return result < 0 ? result : (int64_t)count;
}

/* Capabilities are the kernel's to keep, and it keeps them all, for to it nobody stops being root.
 * What counts is whether a program has asked to keep them; the next one that it executes does not.
 */
static uint64_t program_of(const SmithCall *call)
{
	struct stat st;
	int fd = smith_target_open(&call->target, "exe");
	bool known = fd >= 0 && fstat(fd, &st) == 0;
	if (fd >= 0)
		close(fd);
	return known ? st.st_ino : 0;
}

static SmithIds load_ids(const SmithCall *call)
{
	SmithIds ids = *call->ids;
	ids.capable = ids.keeper != 0 && ids.keeper == program_of(call);
	return ids;
}

static int64_t become(const SmithCall *call, SmithIds *ids)
{
	ids->capable = false;
	if (!smith_target_alive(&call->target))
		return -ESRCH;
	return smith_ids_set(call->id_table, call->target.tid, ids);
}

/* PR_SET_KEEPCAPS is the only one that is handed over. */
int64_t smith_answer_prctl(SmithCall *call)
{
	SmithIds ids = *call->ids;
	ids.keeper = smith_call_rest(call, 1) == 1 ? program_of(call) : 0;
	if (ids.keeper != call->ids->keeper)
		(void)become(call, &ids);
	return SMITH_ANSWER_CONTINUE;
}

int64_t smith_answer_setid(SmithCall *call)
{
	SmithIds ids = load_ids(call);
	int result = smith_ids_setid(&ids, is_group_call(call), argument(call, 0));
	return result < 0 ? result : become(call, &ids);
}

int64_t smith_answer_setreid(SmithCall *call)
{
	SmithIds ids = load_ids(call);
	int result =
		smith_ids_setre(&ids, is_group_call(call), argument(call, 0), argument(call, 1));
	return result < 0 ? result : become(call, &ids);
}

int64_t smith_answer_setresid(SmithCall *call)
{
	SmithIds ids = load_ids(call);
	const uint32_t wanted[3] = {argument(call, 0), argument(call, 1), argument(call, 2)};
	int result = smith_ids_setres(&ids, is_group_call(call), wanted);
	return result < 0 ? result : become(call, &ids);
}

int64_t smith_answer_setfsid(SmithCall *call)
{
	SmithIds ids = load_ids(call);
	uint32_t old = smith_ids_setfs(&ids, is_group_call(call), argument(call, 0));
	int64_t result = become(call, &ids);
	return result < 0 ? result : (int64_t)old;
}

int64_t smith_answer_setgroups(SmithCall *call)
{
	SmithIds ids = load_ids(call);
	uint32_t count = argument(call, 0);
	if (ids.uid[SMITH_ID_EFFECTIVE] != 0 && !ids.capable)
		return -EPERM;
	if (count > GROUPS_MAX_OF_LINUX)
		return -EINVAL;
	if (count > SMITH_IDS_GROUPS)
		return -ENOMEM;
	for (uint32_t i = 0; i < SMITH_IDS_GROUPS; i++)
		ids.groups[i] = 0;
	if (smith_target_read(&call->target, smith_call_rest(call, 1), ids.groups,
			      count * sizeof ids.groups[0]) < 0)
		return -EFAULT;
	ids.n_groups = count;
	return become(call, &ids);
}
