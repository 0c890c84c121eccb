/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/answers.h"

#include <fcntl.h>
#include <unistd.h>

/* Errors are the kernel's to tell, and so is what needs no record: it is asked again. */
static int open_recorded(const SmithCall *call, SmithOwner *owner)
{
	int fd = smith_call_open(call);
	if (fd < 0)
		return fd;
	if (smith_owner_load(&call->owners, fd, owner) == 0 && !smith_owner_is_plain(owner))
		return fd;
	close(fd);
	return -1;
}

int64_t smith_answer_stat(SmithCall *call)
{
	SmithOwner owner;
	struct stat st;
	int fd;
	call->resolver.hasty = true;
	fd = open_recorded(call, &owner);
	if (fd < 0)
		return SMITH_ANSWER_CONTINUE;
	close(fd);
	smith_owner_stat(&owner, &st);
	return smith_target_write(&call->target, smith_call_rest(call, 0), &st, sizeof st);
}

int64_t smith_answer_statx(SmithCall *call)
{
	unsigned flags = (unsigned)smith_call_rest(call, 0) & AT_STATX_SYNC_TYPE;
	SmithOwner owner;
	struct statx stx;
	int result;
	int fd;
	call->resolver.hasty = true;
	fd = open_recorded(call, &owner);
	if (fd < 0)
		return SMITH_ANSWER_CONTINUE;
	result = statx(fd, "", (int)(flags | AT_EMPTY_PATH), (unsigned)smith_call_rest(call, 1),
		       &stx);
	close(fd);
	if (result < 0)
		return SMITH_ANSWER_CONTINUE;
	stx.stx_uid = owner.record.uid;
	stx.stx_gid = owner.record.gid;
	stx.stx_mode = (uint16_t)owner.record.mode;
	if (S_ISCHR(owner.record.mode) || S_ISBLK(owner.record.mode)) {
		stx.stx_rdev_major = owner.record.major;
		stx.stx_rdev_minor = owner.record.minor;
	}
	return smith_target_write(&call->target, smith_call_rest(call, 2), &stx, sizeof stx);
}
