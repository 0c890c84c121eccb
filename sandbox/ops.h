/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The plan of a step: everything that the child does, as one block of memory that needs no
 * pointers. The parent writes it, smith_plan_check() proves that it is well formed, and only then
 * does the child apply it, in the order of its operations.
 *
 * Strings and tables are named by their offset in the block; 0 is none.
 */
#define SMITH_PLAN_MAGIC 0x31706d73u /* "smp1" */
#define SMITH_PLAN_MAX (8u << 20)
#define SMITH_PLAN_OPS 4096
#define SMITH_PLAN_STRINGS 16384
#define SMITH_PLAN_LIMITS 16
#define SMITH_PLAN_COMMANDS 16

/* SmithPlan.flags */
#define SMITH_PLAN_WORK (1u << 0)      /* there is a `work`: what is written goes there */
#define SMITH_PLAN_NETWORK (1u << 1)   /* the machine's */
#define SMITH_PLAN_LISTEN (1u << 2)    /* with a listener that init answers */
#define SMITH_PLAN_OWN_USERS (1u << 3) /* in a user namespace of its own */
#define SMITH_PLAN_MANY_USERS                                                                      \
	(1u << 4)			/* which the parent maps; else the child maps its own ids  \
					 */
#define SMITH_PLAN_NO_OVERLAY (1u << 5) /* a copy, as if the kernel had no overlay */
#define SMITH_PLAN_RUN (1u << 6)	/* a run, of which the parent has requests */
#define SMITH_PLAN_HAND_OUT (1u << 7)	/* the listener of `program` goes to the parent */
#define SMITH_PLAN_WATCH (1u << 8)	/* its limits of all together are watched */
#define SMITH_PLAN_ALL_FLAGS 0x1ffu

typedef enum {
	SMITH_OP_BIND = 1, /* source over target */
	SMITH_OP_PROC,
	SMITH_OP_DEV,
	SMITH_OP_TMP,
} SmithOpKind;

/* SmithOp.flags */
#define SMITH_OP_WRITABLE (1u << 0)
#define SMITH_OP_FOLLOW                                                                            \
	(1u << 1) /* the target may be a link, which is followed within the root                   \
		   */
#define SMITH_OP_ALL_FLAGS 0x3u

typedef struct {
	uint32_t kind;
	uint32_t flags;
	uint32_t source; /* BIND: a path of the machine */
	uint32_t target; /* absolute and normal: no "." or "..", no double or trailing slash */
} SmithOp;

typedef struct {
	uint32_t resource; /* RLIMIT_* */
	uint32_t padding;
	uint64_t soft;
	uint64_t hard; /* no more than the child's own hard limit is set */
} SmithPlanLimit;

typedef struct {
	uint32_t args; /* offsets of strings; uint32_t[] */
	uint32_t n_args;
	uint32_t free; /* 1: `program` does not hold for it */
} SmithPlanCommand;

typedef struct {
	uint32_t magic;
	uint32_t size;
	uint32_t flags;
	uint32_t uid; /* the caller's, which becomes inside_uid */
	uint32_t gid;
	uint32_t inside_uid;
	uint32_t inside_gid;
	uint32_t hostname;   /* 0: "localhost" */
	uint32_t network_of; /* process whose network namespace is joined; 0: none */
	uint32_t root;
	uint32_t work;
	uint32_t cwd;
	uint32_t ops; /* SmithOp[] */
	uint32_t n_ops;
	uint32_t args; /* offsets of strings; uint32_t[] */
	uint32_t n_args;
	uint32_t env;
	uint32_t n_env;
	uint32_t limits; /* SmithPlanLimit[] */
	uint32_t n_limits;
	uint32_t filter; /* struct sock_filter[] */
	uint32_t n_filter;
	uint32_t program; /* the same, loaded after it */
	uint32_t n_program;
	uint32_t commands; /* SmithPlanCommand[], run on request */
	uint32_t n_commands;
	uint64_t tmpfs_size; /* bytes of each; 0: the kernel's */
	uint64_t shm_size;
	uint64_t watch_memory; /* bytes; 0: any */
	uint64_t watch_disk;   /* bytes; 0: a part of what is free */
	uint64_t watch_processes;
	uint64_t capabilities; /* those that the step keeps, a bit each */
} SmithPlan;

/* NULL when @data is a plan, else what is wrong with it. Used in the child: no GLib. */
const char *smith_plan_check(const void *data, size_t size);
/* Not those of one user, which stand for all. */
bool smith_plan_owners_are_real(const SmithPlan *plan);
const char *smith_plan_string(const SmithPlan *plan, uint32_t offset);
const SmithOp *smith_plan_ops(const SmithPlan *plan);
const SmithPlanCommand *smith_plan_commands(const SmithPlan *plan);

/* Writing: @plan grows with each; offsets stay. The first makes one with an empty SmithPlan. */
GByteArray *smith_plan_new(void);
SmithPlan *smith_plan_head(GByteArray *plan); /* valid until it grows */
uint32_t smith_plan_add(GByteArray *plan, const void *data, gsize length);
uint32_t smith_plan_add_string(GByteArray *plan, const char *string);
/* NULL-terminated @strings; their number goes to *n. */
uint32_t smith_plan_add_strings(GByteArray *plan, const char *const *strings, uint32_t *n);
/* Sets its size; SMITH_ERROR_INVALID when it is no good plan. */
gboolean smith_plan_finish(GByteArray *plan, GError **error);
