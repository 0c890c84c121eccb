/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/answers.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/*
 * A file is made here instead of by the kernel when the kernel would give it other owners or bits
 * than root's would have: when the task has dropped root's ids, when its directory hands down a
 * group, when it is to be a device or a setuid program from birth, and when its inode may be one
 * that the table of links knows.
 */
enum { TMPFILE = O_TMPFILE & ~O_DIRECTORY, ALL_BITS = 07777 };

typedef struct {
	const SmithCall *call;
	int parent;
	char name[NAME_MAX + 1];
	bool slash;	    /* behind the name */
	SmithOwner owner;   /* of the parent */
	uint32_t mode;	    /* of the new file, with type; less umask once begin() said so */
	SmithRecord record; /* of the new file */
} Creation;

static bool inherits(const Creation *creation)
{
	return (creation->owner.record.mode & S_ISGID) != 0;
}

/* inode_init_owner() */
static void set_record(Creation *creation)
{
	const SmithIds *ids = creation->call->ids;
	SmithRecord *record = &creation->record;
	*record = (SmithRecord){.uid = ids->uid[SMITH_ID_FILE],
				.gid = ids->gid[SMITH_ID_FILE],
				.mode = creation->mode};
	if (!inherits(creation))
		return;
	record->gid = creation->owner.record.gid;
	if (S_ISDIR(record->mode))
		record->mode |= S_ISGID;
	else if ((record->mode & S_IXGRP) && record->uid != 0 &&
		 !smith_ids_in_group(ids, record->gid))
		record->mode &= ~(uint32_t)S_ISGID;
}

static bool kernel_would_do(const Creation *creation)
{
	const SmithRecord *record = &creation->record;
	bool real_inherits = (creation->owner.st.st_mode & S_ISGID) != 0;
	if (record->uid != 0 || record->gid != 0 || S_ISCHR(record->mode) || S_ISBLK(record->mode))
		return false;
	if (S_ISDIR(record->mode))
		return inherits(creation) == real_inherits && (record->mode & S_IRWXU) == S_IRWXU;
	if (S_ISREG(record->mode))
		return smith_owner_real_mode(record->mode) == (record->mode & ALL_BITS);
	return (record->mode & (S_ISUID | S_ISGID)) == 0 &&
	       smith_links_empty(creation->call->owners.links);
}

/* 1: to be made here, as ->record says; 0: the kernel's; or a negative errno. */
static int decide(Creation *creation)
{
	const SmithTarget *target = &creation->call->target;
	unsigned mask = 0;
	int result = smith_owner_load(&creation->call->owners, creation->parent, &creation->owner);
	if (result < 0)
		return result;
	set_record(creation);
	if (kernel_would_do(creation))
		return 0;
	if (!S_ISLNK(creation->mode) && smith_target_status(target, "Umask:", 8, &mask) < 0)
		return -ESRCH;
	creation->mode &= ~(mask & 0777);
	set_record(creation);
	return smith_target_alive(target) ? 1 : -ESRCH;
}

static int begin(const SmithCall *call, Creation *creation, uint32_t mode, bool follow)
{
	char path[PATH_MAX];
	int result = smith_call_read_path(call, path);
	creation->call = call;
	creation->mode = mode;
	if (result < 0)
		return result;
	creation->parent = smith_resolve_parent(&call->resolver, smith_call_dirfd(call), path,
						follow, creation->name, &creation->slash);
	if (creation->parent < 0)
		return creation->parent;
	if (!smith_target_alive(&call->target))
		result = -ESRCH;
	else if (strcmp(creation->name, ".") == 0 || strcmp(creation->name, "..") == 0)
		result = 0;
	else
		result = decide(creation);
	if (result <= 0)
		close(creation->parent);
	return result;
}

/* The mode that is asked of the kernel for the file itself. */
static mode_t real_mode(const Creation *creation, mode_t type)
{
	return smith_owner_real_mode(type | (creation->record.mode & ALL_BITS));
}

static int64_t store(const Creation *creation, int fd)
{
	SmithOwner owner;
	SmithLinkKey key;
	int result;
	if (smith_links_key(fd, &key))
		smith_links_forget(creation->call->owners.links, &key);
	result = smith_owner_load(&creation->call->owners, fd, &owner);
	if (result < 0)
		return result;
	return smith_owner_store(&creation->call->owners, fd, &owner, &creation->record);
}

static int64_t store_named(const Creation *creation)
{
	int64_t result;
	int fd = openat(creation->parent, creation->name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	result = store(creation, fd);
	close(fd);
	return result;
}

static int64_t send_new(const Creation *creation, int fd, int flags)
{
	int64_t result = store(creation, fd);
	if (result == 0)
		result = smith_call_send_fd(creation->call, fd, (flags & O_CLOEXEC) != 0);
	close(fd);
	return result;
}

static int64_t open_new(const Creation *creation, int flags)
{
	mode_t old = umask(0);
	int fd = openat(creation->parent, creation->name, flags | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
			real_mode(creation, S_IFREG));
	int error = errno;
	umask(old);
	if (fd >= 0)
		return send_new(creation, fd, flags);
	/* it was there before, or another was faster */
	if (error == EEXIST && !(flags & O_EXCL))
		return SMITH_ANSWER_CONTINUE;
	return -error;
}

static int64_t open_unnamed(const SmithCall *call, int flags, uint32_t mode)
{
	Creation creation = {.call = call, .mode = mode};
	char path[PATH_MAX];
	int64_t result = smith_call_read_path(call, path);
	int fd;
	if (result < 0)
		return result;
	creation.parent =
		smith_resolver_open(&call->resolver, smith_call_dirfd(call), path, true, false);
	if (creation.parent < 0)
		return creation.parent;
	result = decide(&creation);
	if (result == 1) {
		mode_t old = umask(0);
		fd = openat(creation.parent, ".", flags | O_CLOEXEC, real_mode(&creation, S_IFREG));
		result = fd < 0 ? -errno : send_new(&creation, fd, flags);
		umask(old);
	} else if (result == 0) {
		result = SMITH_ANSWER_CONTINUE;
	}
	close(creation.parent);
	return result;
}

static int64_t open_file(const SmithCall *call, int flags, uint32_t mode)
{
	Creation creation;
	int64_t result;
	mode = S_IFREG | (mode & ALL_BITS);
	if ((flags & O_PATH) || !(flags & (O_CREAT | TMPFILE)))
		return SMITH_ANSWER_CONTINUE;
	if ((flags & O_TMPFILE) == O_TMPFILE)
		return open_unnamed(call, flags, mode);
	if ((flags & O_DIRECTORY) || !(flags & O_CREAT))
		return SMITH_ANSWER_CONTINUE;
	result = begin(call, &creation, mode, !(flags & (O_EXCL | O_NOFOLLOW)));
	if (result <= 0)
		return result == 0 ? SMITH_ANSWER_CONTINUE : result;
	result = creation.slash ? SMITH_ANSWER_CONTINUE : open_new(&creation, flags);
	close(creation.parent);
	return result;
}

int64_t smith_answer_open(SmithCall *call)
{
	return open_file(call, (int)smith_call_rest(call, 0), (uint32_t)smith_call_rest(call, 1));
}

int64_t smith_answer_creat(SmithCall *call)
{
	return open_file(call, O_CREAT | O_WRONLY | O_TRUNC, (uint32_t)smith_call_rest(call, 0));
}

static int64_t make_dir(const Creation *creation)
{
	mode_t real = real_mode(creation, S_IFDIR);
	mode_t old = umask(0);
	int result = mkdirat(creation->parent, creation->name, real & 01777);
	int error = errno;
	umask(old);
	if (result < 0)
		return -error;
	if ((real & S_ISGID) && fchmodat(creation->parent, creation->name, real, 0) < 0)
		return -errno;
	return store_named(creation);
}

int64_t smith_answer_mkdir(SmithCall *call)
{
	Creation creation;
	uint32_t mode = S_IFDIR | ((uint32_t)smith_call_rest(call, 0) & 01777);
	int64_t result = begin(call, &creation, mode, false);
	if (result <= 0)
		return result == 0 ? SMITH_ANSWER_CONTINUE : result;
	result = make_dir(&creation);
	close(creation.parent);
	return result;
}

/* The kernel's encoding of a device's number in 32 bits (new_decode_dev()). */
static void set_device(SmithRecord *record, uint32_t device)
{
	record->major = (device & 0xfff00) >> 8;
	record->minor = (device & 0xff) | ((device >> 12) & 0xfff00);
}

static int64_t make_node(const Creation *creation)
{
	mode_t type = creation->mode & S_IFMT;
	mode_t real = type == S_IFCHR || type == S_IFBLK ? S_IFREG : type;
	mode_t old = umask(0);
	int result = mknodat(creation->parent, creation->name, real | real_mode(creation, real), 0);
	int error = errno;
	umask(old);
	return result < 0 ? -error : store_named(creation);
}

static bool exists(const Creation *creation)
{
	struct stat st;
	return fstatat(creation->parent, creation->name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

/* 0:0 is a mark of the overlay, which lets nobody make it. */
static bool may_make_device(const Creation *creation, uint32_t device)
{
	return creation->call->ids->uid[SMITH_ID_FILE] == 0 &&
	       !(S_ISCHR(creation->mode) && device == 0);
}

int64_t smith_answer_mknod(SmithCall *call)
{
	Creation creation;
	uint32_t mode = (uint32_t)smith_call_rest(call, 0) & (S_IFMT | ALL_BITS);
	uint32_t device = (uint32_t)smith_call_rest(call, 1);
	bool is_device = S_ISCHR(mode) || S_ISBLK(mode);
	int64_t result;
	if ((mode & S_IFMT) == 0)
		mode |= S_IFREG;
	if (!S_ISREG(mode) && !S_ISFIFO(mode) && !S_ISSOCK(mode) && !is_device)
		return SMITH_ANSWER_CONTINUE;
	result = begin(call, &creation, mode, false);
	if (result <= 0)
		return result == 0 ? SMITH_ANSWER_CONTINUE : result;
	if (is_device)
		set_device(&creation.record, device);
	if (creation.slash)
		result = -ENOENT;
	else if (is_device && !may_make_device(&creation, device))
		result = exists(&creation) ? -EEXIST : -EPERM;
	else
		result = make_node(&creation);
	close(creation.parent);
	return result;
}

int64_t smith_answer_symlink(SmithCall *call)
{
	Creation creation;
	char text[PATH_MAX];
	int64_t result = smith_target_read_string(&call->target, smith_call_rest(call, 0), text,
						  sizeof text);
	if (result < 0)
		return result;
	result = begin(call, &creation, S_IFLNK | 0777, false);
	if (result <= 0)
		return result == 0 ? SMITH_ANSWER_CONTINUE : result;
	if (creation.slash)
		result = SMITH_ANSWER_CONTINUE;
	else
		result = symlinkat(text, creation.parent, creation.name) < 0
				 ? -errno
				 : store_named(&creation);
	close(creation.parent);
	return result;
}

int64_t smith_answer_chroot(SmithCall *call)
{
	*call->chrooted = true;
	return SMITH_ANSWER_CONTINUE;
}
