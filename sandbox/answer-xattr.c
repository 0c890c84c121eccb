/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/answers.h"

#include <errno.h>
#include <linux/capability.h>
#include <linux/limits.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

/*
 * security.capability is the record's, as root of a container on ext4 may set it; so is whatever a
 * record of a lower layer holds. The record itself and the overlay's marks are not to be seen.
 * POSIX access lists are refused as on a file system that has none, for they would not be in a
 * layer. Other names are the kernel's to answer: trusted.* and security.* are refused to root of a
 * namespace as to root of a container, and user.* is stored.
 */
#define CAPABILITY "security.capability"

typedef struct {
	char name[XATTR_NAME_MAX + 1];
	int fd;
	SmithOwner owner;
} Attribute;

static bool has_prefix(const char *name, const char *prefix)
{
	return strncmp(name, prefix, strlen(prefix)) == 0;
}

static bool is_hidden(const char *name)
{
	return strcmp(name, SMITH_RECORD_XATTR) == 0 || has_prefix(name, "user.overlay.") ||
	       has_prefix(name, SMITH_RECORD_PRIVATE);
}

static int read_name(const SmithCall *call, Attribute *attribute)
{
	int result = smith_target_read_string(&call->target, smith_call_rest(call, 0),
					      attribute->name, sizeof attribute->name);
	return result == 0 || result == -ENAMETOOLONG ? -ERANGE : result;
}

/* Reads the name, then finds the file and its owner; fd is the caller's to close. */
static int load(const SmithCall *call, Attribute *attribute)
{
	int result = read_name(call, attribute);
	if (result < 0)
		return result;
	attribute->fd = smith_call_open(call);
	if (attribute->fd < 0)
		return attribute->fd;
	result = smith_owner_load(&call->owners, attribute->fd, &attribute->owner);
	if (result < 0)
		close(attribute->fd);
	return result;
}

static int64_t give(const SmithCall *call, int to, const void *data, size_t length)
{
	uint64_t size = smith_call_rest(call, to + 1);
	int result;
	if (size == 0)
		return (int64_t)length;
	if (size < length)
		return -ERANGE;
	result = smith_target_write(&call->target, smith_call_rest(call, to), data, length);
	return result < 0 ? result : (int64_t)length;
}

int64_t smith_answer_getxattr(SmithCall *call)
{
	Attribute attribute;
	const SmithRecordXattr *found;
	int result = load(call, &attribute);
	if (result < 0)
		return result;
	close(attribute.fd);
	if (is_hidden(attribute.name))
		return -ENODATA;
	found = smith_owner_find_xattr(&attribute.owner.record, attribute.name);
	if (found == NULL)
		return SMITH_ANSWER_CONTINUE;
	return give(call, 1, found->value, found->length);
}

/* As cap_convert_nscap() takes them from root: those of another root keep its id. */
static bool take_capability(unsigned char *value, size_t *length)
{
	struct vfs_ns_cap_data data;
	uint32_t revision;
	if (*length != XATTR_CAPS_SZ_2 && *length != XATTR_CAPS_SZ_3)
		return false;
	memcpy(&data, value, *length);
	revision = le32toh(data.magic_etc) & VFS_CAP_REVISION_MASK;
	if (*length == XATTR_CAPS_SZ_2)
		return revision == VFS_CAP_REVISION_2;
	if (revision != VFS_CAP_REVISION_3)
		return false;
	if (data.rootid != 0)
		return true;
	data.magic_etc =
		htole32(VFS_CAP_REVISION_2 | (le32toh(data.magic_etc) & VFS_CAP_FLAGS_MASK));
	*length = XATTR_CAPS_SZ_2;
	memcpy(value, &data, *length);
	return true;
}

static int64_t set(const SmithCall *call, const Attribute *attribute)
{
	unsigned char value[SMITH_RECORD_MAX];
	size_t length = smith_call_rest(call, 2);
	uint64_t flags = smith_call_rest(call, 3);
	bool exists = smith_owner_find_xattr(&attribute->owner.record, attribute->name) != NULL;
	bool capability = strcmp(attribute->name, CAPABILITY) == 0;
	SmithRecord record = attribute->owner.record;
	SmithRecordXattr xattr = {attribute->name, value, 0};
	if (!capability && !exists)
		return SMITH_ANSWER_CONTINUE;
	if (length > sizeof value)
		return length > XATTR_SIZE_MAX ? -E2BIG : -ENOSPC;
	if (flags & ~(uint64_t)(XATTR_CREATE | XATTR_REPLACE))
		return -EINVAL;
	if (smith_target_read(&call->target, smith_call_rest(call, 1), value, length) < 0)
		return -EFAULT;
	if (capability && !take_capability(value, &length))
		return -EINVAL;
	if (capability && call->ids->uid[SMITH_ID_EFFECTIVE] != 0)
		return -EPERM;
	if (flags & (exists ? XATTR_CREATE : XATTR_REPLACE))
		return exists ? -EEXIST : -ENODATA;
	xattr.length = length;
	if (!smith_owner_put_xattr(&record, &xattr))
		return -ENOSPC;
	return smith_owner_store(&call->owners, attribute->fd, &attribute->owner, &record);
}

static bool is_acl(const char *name)
{
	return has_prefix(name, "system.posix_acl_");
}

/* A mode that they had changed would be another than in a step of one user. */
static int64_t refuse_acl(const SmithCall *call)
{
	Attribute attribute;
	return read_name(call, &attribute) > 0 && is_acl(attribute.name) ? -EOPNOTSUPP
									 : SMITH_ANSWER_CONTINUE;
}

int64_t smith_answer_setxattr(SmithCall *call)
{
	Attribute attribute;
	int64_t result;
	if (call->real)
		return refuse_acl(call);
	result = load(call, &attribute);
	if (result < 0)
		return result;
	if (is_hidden(attribute.name))
		result = -EPERM;
	else if (is_acl(attribute.name))
		result = -EOPNOTSUPP;
	else
		result = set(call, &attribute);
	close(attribute.fd);
	return result;
}

int64_t smith_answer_removexattr(SmithCall *call)
{
	Attribute attribute;
	int64_t result = load(call, &attribute);
	if (result < 0)
		return result;
	if (is_hidden(attribute.name)) {
		result = -ENODATA;
	} else if (strcmp(attribute.name, CAPABILITY) == 0 &&
		   call->ids->uid[SMITH_ID_EFFECTIVE] != 0) {
		result = -EPERM;
	} else if (smith_owner_find_xattr(&attribute.owner.record, attribute.name) == NULL) {
		result = SMITH_ANSWER_CONTINUE;
	} else {
		SmithRecord record = attribute.owner.record;
		smith_owner_drop_xattr(&record, attribute.name);
		result = smith_owner_store(&call->owners, attribute.fd, &attribute.owner, &record);
	}
	close(attribute.fd);
	return result;
}

/* Leaves out what is hidden; the new length. */
static size_t filter_names(char *names, size_t length)
{
	size_t kept = 0;
	for (size_t at = 0; at < length;) {
		size_t one = strlen(names + at) + 1;
		if (!is_hidden(names + at)) {
			memmove(names + kept, names + at, one);
			kept += one;
		}
		at += one;
	}
	return kept;
}

static int64_t list(const SmithCall *call, int fd)
{
	SmithFdPath path = smith_fd_path(fd);
	char names[XATTR_LIST_MAX + SMITH_RECORD_MAX + 1];
	SmithOwner owner;
	size_t length;
	ssize_t n = listxattr(path.path, names, XATTR_LIST_MAX);
	if (n < 0)
		return -errno;
	names[n] = '\0';
	length = filter_names(names, (size_t)n);
	n = smith_owner_load(&call->owners, fd, &owner);
	if (n < 0)
		return n;
	for (unsigned i = 0; i < owner.record.n_xattrs; i++) {
		size_t one = strlen(owner.record.xattrs[i].name) + 1;
		if (is_hidden(owner.record.xattrs[i].name))
			continue;
		memcpy(names + length, owner.record.xattrs[i].name, one);
		length += one;
	}
	return give(call, 0, names, length);
}

int64_t smith_answer_listxattr(SmithCall *call)
{
	int64_t result;
	int fd = smith_call_open(call);
	if (fd < 0)
		return fd;
	result = list(call, fd);
	close(fd);
	return result;
}
