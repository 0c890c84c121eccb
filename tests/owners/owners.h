/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

/*
 * Random file operations by several processes of changing ids, and a model that knows what the
 * kernel would have made of each. Inside the sandbox it tries the owner record; as the machine's
 * root it tries the model.
 *
 * main.c has the processes (workers), chooses an operation and one of them, asks the model for the
 * answer, the worker for the kernel's, and compares: the errno, and what is then seen of the names.
 */
enum { DIRS = 3, NAMES = 6, FILES = DIRS * NAMES, GROUPS = 3, NONE = -1 };

typedef enum {
	OP_LOOK, /* at the name, its file's attributes */
	OP_CREATE,
	OP_OPEN, /* O_CREAT, whether it is there or not */
	OP_TMPFILE,
	OP_MKDIR,
	OP_DEVICE,
	OP_FIFO,
	OP_SOCKET,
	OP_SYMLINK,
	OP_LINK,
	OP_RENAME,
	OP_UNLINK,
	OP_CHOWN,
	OP_LCHOWN,
	OP_FCHOWN,
	OP_CHMOD,
	OP_CHMOD_DIR,
	OP_CHOWN_DIR,
	OP_SETCAP,
	OP_REMOVECAP,
	OP_SETEUID,
	OP_SETEGID,
	OP_SETFSUID,
	OP_SETGROUPS,
	OP_DROP,
	OP_COMEBACK, /* setuid(0) */
	OP_UMASK,
	OP_FORK,
	OP_EXEC,
	OP_THREAD, /* the next is done in another thread */
	OP_COUNT
} OpKind;

typedef struct {
	OpKind kind;
	int a; /* file, or directory */
	int b;
	uint32_t mode;
	uint32_t uid; /* UINT32_MAX: leave it */
	uint32_t gid;
	uint32_t groups[GROUPS];
	uint32_t n_groups;
	uint32_t how; /* which of several calls that do the same */
} Op;

typedef struct {
	int error; /* ENOENT: nothing there */
	uint32_t mode;
	uint32_t uid;
	uint32_t gid;
	uint32_t rdev;
	int capability; /* the first byte of its value; NONE */
} Seen;

typedef struct {
	uint32_t uid[3]; /* real, effective, saved */
	uint32_t gid[3];
	uint32_t n_groups;
	uint32_t groups[GROUPS];
} SeenIds;

typedef struct {
	int error;
	Seen a;
	Seen b;
	SeenIds ids;
} Reply;

/* model.c */
typedef struct {
	bool used;
	unsigned links;
	Seen seen;
} Inode;

typedef struct {
	uint32_t uid[4]; /* and of file accesses */
	uint32_t gid[4];
	uint32_t n_groups;
	uint32_t groups[GROUPS];
	uint32_t mask;
} Who;

typedef struct {
	Seen dirs[DIRS];
	int files[FILES]; /* inode or NONE */
	Inode inodes[FILES];
	bool has_tmpfile;
} Model;

void model_init(Model *model);
/* Whether the operation is one that the model knows the answer to. */
bool model_allows(const Model *model, const Who *who, const Op *op);
/* The errno; changes the model. */
int model_apply(Model *model, Who *who, const Op *op);
/* A file, or from FILES on a directory. */
Seen model_look(const Model *model, int file);
void model_ids(const Who *who, SeenIds *ids);

/* worker.c: answers operations until its input ends; never returns. */
_Noreturn void worker_run(const char *program, int in, int out);

/* paths.c: the exit status. */
int paths_main(const char *directory);
