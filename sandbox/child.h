/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "sandbox/ops.h"

/*
 * The other side of a step: what runs in the processes that smith_sandbox_run() starts.
 *
 *   ocismith -> outer -> init -> the command
 *
 * The parent executes a sealed copy of its own program with the name SMITH_CHILD_NAME and the
 * descriptors below; a constructor sees the name before main() and never returns. That process,
 * outer, has one thread and nothing of the parent's memory; it makes the namespaces and waits.
 * init is the first process of the new pid namespace: it builds the tree, starts the command,
 * reaps, and answers what the filter hands over. When either dies, the kernel kills the rest.
 *
 * What these processes have to say goes over the control socket, one SmithChildMessage a time. When
 * the parent closes its end, or dies, everything ends.
 *
 * No GLib here, and nothing that runs after the command has been started trusts what it reads from
 * the tree.
 */
#define SMITH_CHILD_NAME "ocismith-sandbox"
#define SMITH_CHILD_PLAN 3
#define SMITH_CHILD_CONTROL 4
#define SMITH_CHILD_REQUESTS 5 /* of a run only */
#define SMITH_CHILD_FIRST_FREE 6

/* How all of it is said: a call with this descriptor and these flags passes every filter that is
 * laid over the policy's (sandbox/policy.h). */
#define SMITH_CHILD_FLAGS (MSG_NOSIGNAL | MSG_CONFIRM)

typedef enum {
	SMITH_CHILD_FAILED = 1, /* number: an errno or 0; the text says what could not be done */
	SMITH_CHILD_REFUSED,	/* the same, because the machine does not allow it */
	SMITH_CHILD_LIMIT,	/* the text says what there was too much of */
	SMITH_CHILD_MAP,     /* number: the process that wants its ids mapped; waits for a byte */
	SMITH_CHILD_ENDED,   /* number: status of the command */
	SMITH_CHILD_COMMAND, /* of a run: command `index` has ended, number: its status */
	/* of a run: with the listener of command `number`'s filter, -1: of the step's own */
	SMITH_CHILD_LISTENER,
} SmithChildKind;

typedef struct {
	uint32_t kind;
	int32_t number;
	uint64_t answered;
	uint32_t index;
	uint32_t memory; /* ENDED: KiB of the largest process */
	char text[240];
} SmithChildMessage;

/* What the parent may want of a run, one a time over the socket SMITH_CHILD_REQUESTS. */
typedef enum {
	SMITH_REQUEST_SIGNAL = 1, /* `number` to the step itself */
	SMITH_REQUEST_COMMAND,	  /* starts command `index`; comes with where its output goes */
	SMITH_REQUEST_KILL,	  /* ends command `index` and its session */
} SmithRequestKind;

typedef struct {
	uint32_t kind;
	uint32_t index;
	int32_t number;
} SmithRequest;

#define SMITH_TREE_MADE 1024

/* What init has in hand of the tree. */
typedef struct {
	const SmithPlan *plan;
	int root;  /* the tree's root */
	int upper; /* the overlay's upper directory; -1: there is none */
	int work;  /* `work` itself; -1: none */
	uint32_t n_made;
	/* names made for mounts to be upon, relative to the root, in order */
	struct {
		const char *path;
		size_t length;
	} made[SMITH_TREE_MADE];
} SmithTree;

/* Another name: what follows are the name of a probe and a directory (probe-child.c); the process
 * ends with 0 or an errno as its status. */
#define SMITH_PROBE_NAME "ocismith-probe"
_Noreturn void smith_probe_child(const char *name, const char *directory);

/* And another: the network of several runs, with the addresses of a list "10.0.0.1,10.0.0.2". Says
 * a zero byte on its stdout, or what is wrong, and lives as long as its stdin is open. */
#define SMITH_LOOPBACK_NAME "ocismith-loopback"
_Noreturn void smith_loopback_child(const char *addresses);

/* A new network namespace has a loopback that is down. */
void smith_child_raise_loopback(void);

/* The constructor's other half, so that the linker keeps it. */
void smith_child_keep(void);

/* Tells the parent and ends the process; @error_number 0: none. */
_Noreturn void smith_child_die(SmithChildKind kind, int error_number, const char *format, ...)
	__attribute__((format(__printf__, 3, 4)));
void smith_child_tell(const SmithChildMessage *message);
/* The same with a descriptor; false when it could not be said. */
bool smith_child_tell_fd(const SmithChildMessage *message, int fd);
/* Messages with a descriptor over any socket; receive returns its length, *fd -1: none. */
bool smith_child_send_fd(int to, const void *data, size_t length, int fd, int flags);
ssize_t smith_child_receive_fd(int from, void *data, size_t length, int *fd);

/* From here on this process is a command of a run: its death is nobody else's, and what it has to
 * say goes to its stderr; status 127. */
void smith_child_be_command(void);

/* init.c: the first process of the namespace. */
_Noreturn void smith_init_run(const SmithPlan *plan);
/* step.c: becomes the command, or command @index when that is not negative; @listener_to is a
 * socket for the policy's listener, or -1. */
_Noreturn void smith_child_exec(const SmithPlan *plan, int index, int listener_to);
/* requests.c: one request of the parent's, to the run whose own process is @step; false when there
 * are no more. And whether the process that has ended was one of its commands, which is then told.
 */
bool smith_requests_serve(const SmithPlan *plan, pid_t step);
bool smith_requests_ended(pid_t pid, int status);

/* landlock.c: what lies outside of the step cannot be reached by abstract sockets and signals; and
 * where there is no `work`, only what is writable can be written, whatever its mounts are. Nothing
 * happens where the kernel cannot. */
void smith_landlock_restrict(const SmithPlan *plan);

/* mounts.c: builds the tree and makes it the root of this mount namespace. */
void smith_tree_build(SmithTree *tree, const SmithPlan *plan);
/* Takes away what was made for mounts to be upon, as if it had not been. */
void smith_tree_unmake(SmithTree *tree);
/* A descriptor for what can be mounted: a new file system with these "key=value" or "flag"; -1 with
 * errno. */
int smith_make_fs(const char *type, const char *const *options, unsigned attributes);
/* The same of these directories. */
int smith_make_overlay(int lower, int upper, int work);
/* copy.c: @from and what is below it to the empty directory @to, attributes included. */
void smith_copy_tree(int from, int to);
