/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "tests/owners/owners.h"

static const Seen nothing = {.error = ENOENT, .capability = NONE};

static bool is_root(const Who *who)
{
	return who->uid[3] == 0;
}

static bool in_group(const Who *who, uint32_t gid)
{
	bool found = who->gid[3] == gid;
	for (uint32_t i = 0; i < who->n_groups; i++)
		found = found || who->groups[i] == gid;
	return found;
}

void model_init(Model *model)
{
	memset(model, 0, sizeof *model);
	for (int i = 0; i < DIRS; i++)
		model->dirs[i] = (Seen){.mode = S_IFDIR | 0777, .capability = NONE};
	for (int i = 0; i < FILES; i++)
		model->files[i] = NONE;
}

Seen model_look(const Model *model, int file)
{
	if (file >= FILES)
		return model->dirs[file - FILES];
	return model->files[file] == NONE ? nothing : model->inodes[model->files[file]].seen;
}

static Seen *seen_of(Model *model, int file)
{
	return model->files[file] == NONE ? NULL : &model->inodes[model->files[file]].seen;
}

static uint32_t type_of(const Model *model, int file)
{
	return model->files[file] == NONE ? 0 : model_look(model, file).mode & S_IFMT;
}

static int take_inode(Model *model)
{
	for (int i = 0; i < FILES; i++)
		if (!model->inodes[i].used)
			return i;
	return NONE;
}

/* inode(7), "The set-group-ID bit" */
static int create(Model *model, const Who *who, int file, uint32_t mode)
{
	const Seen *dir = &model->dirs[file / NAMES];
	bool inherits = (dir->mode & S_ISGID) != 0;
	Seen seen = {.uid = who->uid[3],
		     .gid = inherits ? dir->gid : who->gid[3],
		     .mode = mode,
		     .capability = NONE};
	int inode;
	if (model->files[file] != NONE)
		return EEXIST;
	if (!S_ISLNK(mode))
		seen.mode &= ~who->mask;
	if (inherits && S_ISDIR(mode))
		seen.mode |= S_ISGID;
	else if (inherits && (mode & S_ISGID) && (mode & S_IXGRP) && !is_root(who) &&
		 !in_group(who, dir->gid))
		seen.mode &= ~(uint32_t)S_ISGID;
	inode = take_inode(model);
	model->inodes[inode] = (Inode){.used = true, .links = 1, .seen = seen};
	model->files[file] = inode;
	return 0;
}

static int make_device(Model *model, const Who *who, const Op *op)
{
	int error;
	if (model->files[op->a] != NONE)
		return EEXIST;
	if (!is_root(who))
		return EPERM;
	error = create(model, who, op->a, (op->how % 2 ? S_IFCHR : S_IFBLK) | (op->mode & 0777));
	seen_of(model, op->a)->rdev = (uint32_t)makedev(op->uid % 300 + 1, op->gid % 300);
	return error;
}

static int drop_name(Model *model, int file)
{
	Inode *inode = &model->inodes[model->files[file]];
	inode->links--;
	inode->used = inode->links > 0;
	model->files[file] = NONE;
	return 0;
}

static int unlink_name(Model *model, const Op *op)
{
	return model->files[op->a] == NONE ? ENOENT : drop_name(model, op->a);
}

static int link_name(Model *model, const Op *op)
{
	if (model->files[op->a] == NONE)
		return ENOENT;
	if (model->files[op->b] != NONE)
		return EEXIST;
	model->files[op->b] = model->files[op->a];
	model->inodes[model->files[op->a]].links++;
	return 0;
}

static int rename_name(Model *model, const Op *op)
{
	if (model->files[op->a] == NONE)
		return ENOENT;
	if (model->files[op->a] == model->files[op->b])
		return 0;
	if (model->files[op->b] != NONE)
		drop_name(model, op->b);
	model->files[op->b] = model->files[op->a];
	model->files[op->a] = NONE;
	return 0;
}

/* chown(2) */
static int change_owner(Seen *seen, const Who *who, uint32_t uid, uint32_t gid)
{
	bool mine = who->uid[3] == seen->uid;
	bool gives = uid != UINT32_MAX && !(mine && uid == seen->uid);
	bool regroups = gid != UINT32_MAX && !(mine && (gid == seen->gid || in_group(who, gid)));
	uint32_t mode = seen->mode;
	if (!S_ISDIR(mode)) {
		mode &= ~(uint32_t)S_ISUID;
		if (mode & S_IXGRP)
			mode &= ~(uint32_t)S_ISGID;
	}
	/* taking bits away is a chmod */
	if (!is_root(who) && (gives || regroups || (mode != seen->mode && !mine)))
		return EPERM;
	if (!S_ISDIR(mode))
		seen->capability = NONE;
	seen->mode = mode;
	if (uid != UINT32_MAX)
		seen->uid = uid;
	if (gid != UINT32_MAX)
		seen->gid = gid;
	return 0;
}

static int change_mode(Seen *seen, const Who *who, uint32_t mode)
{
	if (!is_root(who) && who->uid[3] != seen->uid)
		return EPERM;
	seen->mode = (seen->mode & S_IFMT) | mode;
	if (!is_root(who) && !in_group(who, seen->gid))
		seen->mode &= ~(uint32_t)S_ISGID;
	return 0;
}

static int change_file(Model *model, const Who *who, const Op *op)
{
	Seen *seen = seen_of(model, op->a);
	bool follows = op->kind == OP_CHOWN || op->kind == OP_CHMOD;
	if (seen == NULL || (S_ISLNK(seen->mode) && follows))
		return ENOENT; /* all links lead to nowhere */
	if (op->kind == OP_CHMOD)
		return change_mode(seen, who, op->mode);
	return change_owner(seen, who, op->uid, op->gid);
}

static int change_capability(Model *model, const Who *who, const Op *op)
{
	Seen *seen = seen_of(model, op->a);
	if (seen == NULL)
		return ENOENT;
	if (op->kind == OP_REMOVECAP && seen->capability == NONE)
		return who->uid[1] != 0 ? EPERM : ENODATA;
	if (who->uid[1] != 0)
		return EPERM;
	seen->capability = op->kind == OP_SETCAP ? (int)(op->mode & 1) : NONE;
	return 0;
}

static int set_effective(Who *who, uint32_t *ids, uint32_t id)
{
	if (who->uid[1] != 0 && id != ids[0] && id != ids[1] && id != ids[2])
		return EPERM;
	ids[1] = ids[3] = id;
	return 0;
}

static int drop(Who *who, const Op *op)
{
	if (who->uid[1] != 0)
		return EPERM;
	for (int i = 0; i < 4; i++) {
		who->gid[i] = op->gid;
		who->uid[i] = op->uid;
	}
	return 0;
}

static int come_back(Who *who)
{
	bool all = who->uid[1] == 0;
	if (!all && who->uid[0] != 0 && who->uid[2] != 0)
		return EPERM;
	who->uid[1] = who->uid[3] = 0;
	if (all)
		who->uid[0] = who->uid[2] = 0;
	return 0;
}

static int set_groups(Who *who, const Op *op)
{
	if (who->uid[1] != 0)
		return EPERM;
	who->n_groups = op->n_groups;
	memcpy(who->groups, op->groups, sizeof who->groups);
	return 0;
}

static int set_fsuid(Who *who, uint32_t uid)
{
	if (who->uid[1] == 0 || uid == who->uid[0] || uid == who->uid[1] || uid == who->uid[2] ||
	    uid == who->uid[3])
		who->uid[3] = uid;
	return 0;
}

static int apply_ids(Who *who, const Op *op)
{
	switch ((int)op->kind) {
	case OP_SETEUID:
		return set_effective(who, who->uid, op->uid);
	case OP_SETEGID:
		return set_effective(who, who->gid, op->gid);
	case OP_SETFSUID:
		return set_fsuid(who, op->uid);
	case OP_SETGROUPS:
		return set_groups(who, op);
	case OP_DROP:
		return drop(who, op);
	case OP_COMEBACK:
		return come_back(who);
	case OP_UMASK:
		who->mask = op->mode & 0077;
		return 0;
	default:
		return 0;
	}
}

int model_apply(Model *model, Who *who, const Op *op)
{
	uint32_t bits = op->mode & 07777;
	switch ((int)op->kind) {
	case OP_CREATE:
	case OP_TMPFILE:
		return create(model, who, op->a, S_IFREG | bits);
	case OP_OPEN:
		return model->files[op->a] != NONE ? 0 : create(model, who, op->a, S_IFREG | bits);
	case OP_MKDIR:
		return create(model, who, op->a, S_IFDIR | (bits & 01777));
	case OP_DEVICE:
		return make_device(model, who, op);
	case OP_FIFO:
		return create(model, who, op->a, S_IFIFO | (bits & 0777));
	case OP_SOCKET:
		return create(model, who, op->a, S_IFSOCK | (bits & 0777));
	case OP_SYMLINK:
		return create(model, who, op->a, S_IFLNK | 0777);
	case OP_LINK:
		return link_name(model, op);
	case OP_RENAME:
		return rename_name(model, op);
	case OP_UNLINK:
		return unlink_name(model, op);
	case OP_CHOWN:
	case OP_LCHOWN:
	case OP_FCHOWN:
	case OP_CHMOD:
		return change_file(model, who, op);
	case OP_CHMOD_DIR:
		return change_mode(&model->dirs[op->a], who, 0777 | (op->mode & S_ISGID));
	case OP_CHOWN_DIR:
		return change_owner(&model->dirs[op->a], who, op->uid, op->gid);
	case OP_SETCAP:
	case OP_REMOVECAP:
		return change_capability(model, who, op);
	default:
		return apply_ids(who, op);
	}
}

static bool same_ids(const uint32_t *ids)
{
	return ids[0] == ids[1] && ids[1] == ids[2] && ids[2] == ids[3];
}

/* Left out is what depends on permissions, of which the record keeps none, and on the machine's
 * settings of protected links. */
bool model_allows(const Model *model, const Who *who, const Op *op)
{
	bool root = is_root(who) && who->uid[1] == 0;
	uint32_t type = op->a < FILES ? type_of(model, op->a) : 0;
	uint32_t other = op->b < FILES ? type_of(model, op->b) : 0;
	switch ((int)op->kind) {
	case OP_TMPFILE:
		return root && model->has_tmpfile;
	case OP_OPEN:
		return type == 0 || (root && type == S_IFREG);
	case OP_LINK:
		return root && type != S_IFDIR;
	case OP_RENAME:
		if (type == S_IFDIR)
			return root && (other == 0 || other == S_IFDIR);
		return other != S_IFDIR;
	case OP_FCHOWN:
		return root && type != S_IFIFO && type != S_IFSOCK && type != S_IFCHR &&
		       type != S_IFBLK && type != S_IFLNK;
	case OP_SETCAP:
	case OP_REMOVECAP:
		return type == 0 || type == S_IFREG;
	/* what setfsuid() has taken of the capabilities, only setfsuid() gives back */
	case OP_SETEUID:
	case OP_COMEBACK:
		return who->uid[1] == who->uid[3];
	case OP_SETFSUID:
		return who->uid[1] == who->uid[3] || op->uid == who->uid[1];
	case OP_DROP:
		return who->uid[1] == 0 && who->uid[3] == 0;
	case OP_EXEC:
		return same_ids(who->uid) && same_ids(who->gid);
	default:
		return true;
	}
}

void model_ids(const Who *who, SeenIds *ids)
{
	memcpy(ids->uid, who->uid, sizeof ids->uid);
	memcpy(ids->gid, who->gid, sizeof ids->gid);
	memcpy(ids->groups, who->groups, sizeof ids->groups);
	ids->n_groups = who->n_groups;
}
