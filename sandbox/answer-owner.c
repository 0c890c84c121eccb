/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/answers.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static bool is_id_of_root(uint32_t id)
{
	return id == 0 || id == UINT32_MAX;
}

static int64_t chown_file(const SmithCall *call, int fd, uint32_t uid, uint32_t gid)
{
	SmithOwner owner;
	SmithRecord record;
	int result = smith_owner_load(&call->owners, fd, &owner);
	if (result < 0)
		return result;
	record = owner.record;
	result = smith_owner_chown(&record, call->ids, uid, gid);
	if (result < 0)
		return result;
	if (!owner.recorded && is_id_of_root(uid) && is_id_of_root(gid) &&
	    record.mode == owner.record.mode)
		return SMITH_ANSWER_CONTINUE;
	/* to whom it belongs already: the overlay copies it up, and its ctime changes */
	if (fchownat(fd, "", 0, 0, AT_EMPTY_PATH) < 0)
		return -errno;
	return smith_owner_store(&call->owners, fd, &owner, &record);
}

int64_t smith_answer_chown(SmithCall *call)
{
	int64_t answer;
	int fd;
	if (call->row->flags >= 0 && (call->target.data->args[call->row->flags] &
				      ~(uint64_t)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) != 0)
		return -EINVAL;
	fd = smith_call_open(call);
	if (fd < 0)
		return fd;
	answer = chown_file(call, fd, (uint32_t)smith_call_rest(call, 0),
			    (uint32_t)smith_call_rest(call, 1));
	close(fd);
	return answer;
}

static int64_t chmod_file(const SmithCall *call, int fd, uint32_t mode)
{
	SmithFdPath path = smith_fd_path(fd);
	SmithOwner owner;
	SmithRecord record;
	uint32_t type;
	uint32_t real;
	int result = smith_owner_load(&call->owners, fd, &owner);
	if (result < 0)
		return result;
	type = owner.st.st_mode & S_IFMT;
	if (type == S_IFLNK)
		return -EOPNOTSUPP;
	record = owner.record;
	result = smith_owner_chmod(&record, call->ids, mode);
	if (result < 0)
		return result;
	real = smith_owner_real_mode(type | (record.mode & 07777));
	if (!owner.recorded && real == (mode & 07777))
		return SMITH_ANSWER_CONTINUE;
	if (fchmodat(AT_FDCWD, path.path, real, 0) < 0)
		return -errno;
	return smith_owner_store(&call->owners, fd, &owner, &record);
}

int64_t smith_answer_chmod(SmithCall *call)
{
	int64_t answer;
	int fd;
	if (call->row->flags >= 0 && (call->target.data->args[call->row->flags] &
				      ~(uint64_t)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) != 0)
		return -EINVAL;
	fd = smith_call_open(call);
	if (fd < 0)
		return fd;
	answer = chmod_file(call, fd, (uint32_t)smith_call_rest(call, 0));
	close(fd);
	return answer;
}
