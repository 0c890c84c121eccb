/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/owner.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "sandbox/target.h"

enum { TYPE_AND_BITS = S_IFMT | 07777, FIND_UPPER_TRIES = 3 };

/* Only they can have user attributes (xattr(7)). */
static bool may_carry(const struct stat *st)
{
	return S_ISREG(st->st_mode) || S_ISDIR(st->st_mode);
}

/* A regular file may be a device's place; nothing else may be anything else. */
static bool type_fits(const struct stat *st, uint32_t mode)
{
	if ((st->st_mode & S_IFMT) == (mode & S_IFMT))
		return true;
	return S_ISREG(st->st_mode) && (S_ISCHR(mode) || S_ISBLK(mode));
}

static bool load_attribute(int fd, SmithOwner *owner)
{
	SmithFdPath path = smith_fd_path(fd);
	ssize_t n = getxattr(path.path, SMITH_RECORD_XATTR, owner->data, sizeof owner->data);
	return n > 0 && smith_record_decode(owner->data, (size_t)n, &owner->record) &&
	       type_fits(&owner->st, owner->record.mode);
}

static bool load_row(const SmithOwners *owners, int fd, SmithOwner *owner)
{
	SmithLinkKey key;
	const SmithLink *link;
	if (smith_links_empty(owners->links) || !smith_links_key(fd, &key))
		return false;
	link = smith_links_find(owners->links, &key);
	if (link == NULL || !type_fits(&owner->st, link->mode))
		return false;
	owner->record = (SmithRecord){.uid = link->uid,
				      .gid = link->gid,
				      .mode = link->mode,
				      .major = link->major,
				      .minor = link->minor};
	return true;
}

int smith_owner_load(const SmithOwners *owners, int fd, SmithOwner *owner)
{
	if (fstatat(fd, "", &owner->st, AT_EMPTY_PATH) < 0)
		return -errno;
	owner->recorded =
		(may_carry(&owner->st) && load_attribute(fd, owner)) || load_row(owners, fd, owner);
	if (!owner->recorded)
		owner->record = (SmithRecord){.mode = owner->st.st_mode & TYPE_AND_BITS,
					      .major = major(owner->st.st_rdev),
					      .minor = minor(owner->st.st_rdev)};
	return 0;
}

bool smith_owner_is_plain(const SmithOwner *owner)
{
	const SmithRecord *record = &owner->record;
	return record->uid == owner->st.st_uid && record->gid == owner->st.st_gid &&
	       record->mode == owner->st.st_mode;
}

void smith_owner_stat(const SmithOwner *owner, struct stat *st)
{
	const SmithRecord *record = &owner->record;
	*st = owner->st;
	st->st_uid = record->uid;
	st->st_gid = record->gid;
	st->st_mode = record->mode;
	if (S_ISCHR(record->mode) || S_ISBLK(record->mode))
		st->st_rdev = makedev(record->major, record->minor);
}

/* The same file below the upper directory. It may be renamed meanwhile. */
static void find_upper(const SmithOwners *owners, int fd, SmithLink *link)
{
	struct open_how how = {.flags = O_PATH | O_NOFOLLOW | O_CLOEXEC,
			       .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS |
					  RESOLVE_NO_MAGICLINKS};
	SmithFdPath own = smith_fd_path(fd);
	char path[4096];
	if (owners->upper < 0) {
		if (link->key.device == owners->device)
			link->upper = link->key;
		return;
	}
	for (unsigned i = 0; i < FIND_UPPER_TRIES; i++) {
		ssize_t n = readlink(own.path, path, sizeof path - 1);
		int upper;
		if (n <= 1 || path[0] != '/')
			return;
		path[n] = '\0';
		upper = (int)syscall(SYS_openat2, owners->upper, path + 1, &how, sizeof how);
		if (upper < 0)
			continue;
		if (!smith_links_key(upper, &link->upper))
			link->upper = (SmithLinkKey){0};
		close(upper);
		return;
	}
}

static int store_row(const SmithOwners *owners, int fd, const SmithRecord *record)
{
	SmithLink link = {.uid = record->uid,
			  .gid = record->gid,
			  .mode = record->mode,
			  .major = record->major,
			  .minor = record->minor};
	if (record->n_xattrs > 0)
		return -EOPNOTSUPP;
	if (!smith_links_key(fd, &link.key))
		return -errno;
	find_upper(owners, fd, &link);
	return smith_links_set(owners->links, &link) ? 0 : -ENOSPC;
}

static bool same_xattrs(const SmithRecord *a, const SmithRecord *b)
{
	if (a->n_xattrs != b->n_xattrs)
		return false;
	for (unsigned i = 0; i < a->n_xattrs; i++)
		if (strcmp(a->xattrs[i].name, b->xattrs[i].name) != 0 ||
		    a->xattrs[i].length != b->xattrs[i].length ||
		    memcmp(a->xattrs[i].value, b->xattrs[i].value, a->xattrs[i].length) != 0)
			return false;
	return true;
}

static bool same_record(const SmithRecord *a, const SmithRecord *b)
{
	return a->uid == b->uid && a->gid == b->gid && a->mode == b->mode && a->major == b->major &&
	       a->minor == b->minor && same_xattrs(a, b);
}

int smith_owner_store(const SmithOwners *owners, int fd, const SmithOwner *owner,
		      const SmithRecord *record)
{
	unsigned char data[SMITH_RECORD_MAX];
	SmithFdPath path = smith_fd_path(fd);
	size_t length;
	if (same_record(&owner->record, record))
		return 0;
	if (!may_carry(&owner->st))
		return store_row(owners, fd, record);
	length = smith_record_encode(record, data, sizeof data);
	if (length == 0)
		return -ENOSPC;
	if (setxattr(path.path, SMITH_RECORD_XATTR, data, length, 0) == 0)
		return 0;
	return errno == EOPNOTSUPP ? store_row(owners, fd, record) : -errno;
}

static bool is_root(const SmithIds *ids)
{
	return ids->uid[SMITH_ID_FILE] == 0;
}

static bool owns(const SmithRecord *record, const SmithIds *ids)
{
	return is_root(ids) || ids->uid[SMITH_ID_FILE] == record->uid;
}

static bool may_chown(const SmithRecord *record, const SmithIds *ids, uint32_t uid, uint32_t gid)
{
	bool mine = ids->uid[SMITH_ID_FILE] == record->uid;
	if (is_root(ids))
		return true;
	if (uid != UINT32_MAX && !(mine && uid == record->uid))
		return false;
	return gid == UINT32_MAX || (mine && (gid == record->gid || smith_ids_in_group(ids, gid)));
}

static bool keeps_setgid(const SmithRecord *record, const SmithIds *ids)
{
	return !(record->mode & S_IXGRP) && (is_root(ids) || smith_ids_in_group(ids, record->gid));
}

int smith_owner_chown(SmithRecord *record, const SmithIds *ids, uint32_t uid, uint32_t gid)
{
	uint32_t mode = record->mode;
	if (!S_ISDIR(mode)) {
		mode &= ~(uint32_t)S_ISUID;
		if (!keeps_setgid(record, ids))
			mode &= ~(uint32_t)S_ISGID;
	}
	/* to take bits away is to change the mode */
	if (!may_chown(record, ids, uid, gid) || (mode != record->mode && !owns(record, ids)))
		return -EPERM;
	if (!S_ISDIR(mode))
		smith_owner_drop_xattr(record, "security.capability");
	record->mode = mode;
	if (uid != UINT32_MAX)
		record->uid = uid;
	if (gid != UINT32_MAX)
		record->gid = gid;
	return 0;
}

int smith_owner_chmod(SmithRecord *record, const SmithIds *ids, uint32_t mode)
{
	if (!owns(record, ids))
		return -EPERM;
	record->mode = (record->mode & S_IFMT) | (mode & 07777);
	if (!is_root(ids) && !smith_ids_in_group(ids, record->gid))
		record->mode &= ~(uint32_t)S_ISGID;
	return 0;
}

uint32_t smith_owner_real_mode(uint32_t mode)
{
	if (S_ISDIR(mode))
		return (mode & 07777) | S_IRWXU;
	return (mode & 01777) | S_IRUSR;
}

const SmithRecordXattr *smith_owner_find_xattr(const SmithRecord *record, const char *name)
{
	for (unsigned i = 0; i < record->n_xattrs; i++)
		if (strcmp(record->xattrs[i].name, name) == 0)
			return &record->xattrs[i];
	return NULL;
}

void smith_owner_drop_xattr(SmithRecord *record, const char *name)
{
	for (unsigned i = 0; i < record->n_xattrs; i++) {
		if (strcmp(record->xattrs[i].name, name) != 0)
			continue;
		record->n_xattrs--;
		memmove(&record->xattrs[i], &record->xattrs[i + 1],
			(record->n_xattrs - i) * sizeof record->xattrs[0]);
		return;
	}
}

bool smith_owner_put_xattr(SmithRecord *record, const SmithRecordXattr *xattr)
{
	unsigned at = 0;
	smith_owner_drop_xattr(record, xattr->name);
	if (record->n_xattrs == SMITH_RECORD_XATTRS)
		return false;
	while (at < record->n_xattrs && strcmp(record->xattrs[at].name, xattr->name) < 0)
		at++;
	memmove(&record->xattrs[at + 1], &record->xattrs[at],
		(record->n_xattrs - at) * sizeof record->xattrs[0]);
	record->xattrs[at] = *xattr;
	record->n_xattrs++;
	return true;
}
