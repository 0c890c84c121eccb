/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "base/event.h"
#include "sandbox/loopback.h"

/*
 * The sandbox: runs one command on a root file system of its own, as root to itself and as nobody
 * in particular to the machine, with no subordinate ids and no helper.
 *
 * The command sees the tree of `root` with what `binds` lay over it, its own /proc, a minimal /dev,
 * and no network unless asked for. With `work` it may write everywhere (an overlay; where the
 * kernel has none for us, a copy), and what it changed is read by sandbox/upper.h; without, the
 * root is read-only and only binds marked so and /tmp can be written. /tmp is empty and forgotten;
 * what is made for binds to lie upon is taken away at the end.
 *
 * With `record_owners`, owners, devices, setuid bits, capabilities and the ids of processes are
 * answered as root would be answered (sandbox/record.h), so that what was changed has the owners
 * that root would have left.
 *
 * When this returns, no process and no mount of the step is left; nor are there any after this
 * process has been killed. May be called from several threads.
 *
 * Errors: SMITH_ERROR_UNSUPPORTED when the machine refuses what is needed (the text names it, and
 * `ocismith doctor`); SMITH_ERROR_LIMIT when a limit of the step was reached; SMITH_ERROR_FAILED
 * with the last lines of output when the command failed.
 */
typedef enum {
	SMITH_SANDBOX_ONE_UID,	 /* the caller's own uid as 0, and the owner record */
	SMITH_SANDBOX_MANY_UIDS, /* 0..65535 by newuidmap and /etc/subuid */
	SMITH_SANDBOX_ROOT,	 /* no user namespace; for root */
} SmithSandboxMode;

/* A file or directory of the machine, seen in the sandbox at @target (absolute, made if missing,
 * never through a link of the root's). */
typedef struct {
	const char *source;
	const char *target;
	bool writable;
} SmithSandboxBind;

typedef struct {
	const char *const *argv;
	bool free; /* the last filter is not for it */
} SmithSandboxCommand;

/*
 * What makes of a step the run of a service, as a container engine runs its image: the caller's own
 * uid is another one than 0 inside, there are no capabilities, and /dev is read-only; the root is,
 * too, without `work`. A run is watched by sandbox/session.h. Its mode is ONE_UID.
 */
typedef struct {
	guint uid;
	guint gid;
	const char *hostname;	       /* NULL: "localhost" */
	const SmithLoopback *loopback; /* a network with others; NULL: its own */
	const char *const *tmpfs; /* absolute paths: empty directories in memory, beside /tmp */
	guint64 tmpfs_size;	  /* bytes of each; 0: half of the machine's memory */
	guint64 shm_size;	  /* the same, of /dev/shm */
	/* a filter that is loaded last, behind the policy's own: struct sock_filter[], or NULL; and
	 * the calls that it hands over are answered by the caller (smith_session_wait()) */
	GBytes *program;
	bool listen;
	const SmithSandboxCommand *commands; /* that can be run beside `argv` */
	guint n_commands;
} SmithSandboxRun;

/*
 * 0: the default. What is together is looked at many times a second (sandbox/watch.h); a step that
 * has too much is killed. A run has no limit of memory and disk, and as in a container its limit of
 * processes lets fork() fail: of root since Linux 6.14 only, and at least 301.
 */
typedef struct {
	guint seconds;	 /* 3600 */
	guint64 memory;	 /* bytes of all processes together and of files in memory; half of the
			    machine's */
	guint64 address; /* bytes of address space of each process; none */
	guint processes; /* and threads at once; 4096 */
	guint64 output;	 /* bytes of log; 64 MiB */
	guint64 file;	 /* bytes of any one file; none */
	guint64 disk;	 /* bytes of all that is written; 3/4 of what is free at the beginning */
} SmithSandboxLimits;

typedef struct {
	const char *name; /* "apt family-web", for errors and events */
	SmithSandboxMode mode;
	const char *root;	 /* a read-only directory */
	const char *work;	 /* an empty directory that the caller has made and removes
				    (smith_upper_remove()); NULL: nothing may change */
	const char *const *argv; /* argv[0] is looked up in PATH of @env, inside */
	const char *const *env;	 /* all of it: nothing is inherited */
	const char *cwd;	 /* NULL: "/" */
	const SmithSandboxBind *binds;
	guint n_binds;
	bool network; /* the machine's, with its resolv.conf; else none but loopback */
	bool record_owners;
	bool copy;     /* a copy of the root, as where the kernel has no overlay */
	GBytes *input; /* of stdin; NULL: none */
	int log_fd;    /* where stdout and stderr go, or -1: nowhere but errors' last lines */
	SmithSandboxLimits limits;
	const SmithSandboxRun *run; /* NULL: a step of a build */
} SmithSandboxStep;

typedef struct {
	int status; /* exit status of the command, 128 + signal when it was killed */
	char *tail; /* its last 8 KiB of output, valid UTF-8 */
	gint64 microseconds;
	guint64 answered; /* calls that the record answered */
	guint64 memory;	  /* bytes that the largest of its processes had at once */
} SmithSandboxResult;

/* FALSE when the command could not be run or did not end by itself. A status other than 0 is no
 * error here. *result is cleared by the caller. */
gboolean smith_sandbox_run(const SmithSandboxStep *step, SmithSandboxResult *result,
			   GError **error);
/* As above, and a status other than 0 is SMITH_ERROR_FAILED with the last lines. */
gboolean smith_sandbox_check(const SmithSandboxStep *step, SmithSandboxResult *result,
			     GError **error);
void smith_sandbox_result_clear(SmithSandboxResult *result);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(SmithSandboxResult, smith_sandbox_result_clear)
