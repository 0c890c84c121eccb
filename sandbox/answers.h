/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdint.h>

#include "sandbox/owner.h"
#include "sandbox/resolve.h"
#include "sandbox/target.h"

/*
 * The supervisor's rooms: each answers a family of calls. What a call's arguments are is in its
 * row, so that open, openat and creat are one answer.
 */
typedef struct SmithCall SmithCall;

typedef struct {
	int number;
	int64_t (*answer)(SmithCall *call);
	int dirfd; /* the argument that is a descriptor; -1: none, relative to the cwd */
	int path;  /* that is a path; -1: the file is the descriptor itself */
	int rest;  /* the first of what else there is */
	int flags; /* that is AT_ flags; -1: none */
	bool nofollow;
} SmithCallRow;

struct SmithCall {
	const SmithCallRow *row;
	SmithTarget target;
	SmithResolver resolver;
	SmithOwners owners;
	SmithIdTable *id_table;
	const SmithIds *ids;
	bool *chrooted;
	bool real; /* owners are the kernel's */
};

/* An answer is a value from 0 on, a negative errno, or one of these. */
#define SMITH_ANSWER_CONTINUE INT64_MIN	  /* the kernel's own */
#define SMITH_ANSWER_SENT (INT64_MIN + 1) /* with a descriptor, smith_call_send_fd() */

/* Argument @index of those that row->rest begins. */
uint64_t smith_call_rest(const SmithCall *call, int index);
/* The task's descriptor, or AT_FDCWD. */
int smith_call_dirfd(const SmithCall *call);
/* PATH_MAX bytes; its length or a negative errno. */
int smith_call_read_path(const SmithCall *call, char *path);
/* What the call is about, by O_PATH; or a negative errno. */
int smith_call_open(const SmithCall *call);
/* Gives the task @fd as the result of its call. */
int64_t smith_call_send_fd(const SmithCall *call, int fd, bool cloexec);

int64_t smith_answer_stat(SmithCall *call);
int64_t smith_answer_statx(SmithCall *call);
int64_t smith_answer_chown(SmithCall *call);
int64_t smith_answer_chmod(SmithCall *call);
int64_t smith_answer_open(SmithCall *call);
int64_t smith_answer_creat(SmithCall *call);
int64_t smith_answer_mkdir(SmithCall *call);
int64_t smith_answer_mknod(SmithCall *call);
int64_t smith_answer_symlink(SmithCall *call);
int64_t smith_answer_chroot(SmithCall *call);
int64_t smith_answer_setxattr(SmithCall *call);
int64_t smith_answer_getxattr(SmithCall *call);
int64_t smith_answer_listxattr(SmithCall *call);
int64_t smith_answer_removexattr(SmithCall *call);
int64_t smith_answer_getid(SmithCall *call);
int64_t smith_answer_getresid(SmithCall *call);
int64_t smith_answer_getgroups(SmithCall *call);
int64_t smith_answer_setid(SmithCall *call);
int64_t smith_answer_setreid(SmithCall *call);
int64_t smith_answer_setresid(SmithCall *call);
int64_t smith_answer_setfsid(SmithCall *call);
int64_t smith_answer_setgroups(SmithCall *call);
int64_t smith_answer_prctl(SmithCall *call);
