/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "fleet/model.h"
#include "run/image.h"
#include "run/watch.h"
#include "sandbox/loopback.h"
#include "store/store.h"

/*
 * The run of one service's image in the sandbox, as its unit would have podman run it: its user, no
 * capabilities, no new privileges, a root that cannot be written, fresh directories in memory for
 * what it may write, no network but its own loopback, its secrets, its seccomp profile; and without
 * what needs podman or root: ids beside its own, limits of memory, devices, the needs of other
 * services.
 *
 *   run it, until its health command says that it is healthy (one that has none: until it has
 *   lived for a second, or has ended with 0)
 *   run the caller's command beside it, if there is one, until it has ended
 *   stop it by its signal, if it has not ended; after ten seconds by SIGKILL
 *
 * An image that is not healthy is no error of smith_run_service(): the result says it.
 */
typedef enum {
	SMITH_RUN_PROFILE, /* its calls are refused as the program says */
	SMITH_RUN_ASK,	   /* the same, and the result has those that were refused */
	SMITH_RUN_RECORD,  /* all goes on, and the result has all of them */
} SmithRunHow;

/* A file that is not the image's. */
typedef struct {
	const char *path; /* absolute, inside */
	const char *data;
	gsize length;
} SmithRunFile;

typedef struct {
	const SmithFleet *fleet;
	const SmithService *service; /* as it is on its host */
	SmithStore *store;
	const SmithRunImage *image;
	SmithRunHow how;
	GBytes *program; /* struct sock_filter[]; NULL with RECORD, and where it is unconfined */
	const char *const *env;	    /* "NAME=VALUE", over the image's */
	const char *const *secrets; /* "NAME=FILE"; others are empty */
	const char *const *binds;   /* "HOST:INSIDE", read-only */
	const char *const *argv;    /* instead of the image's command; or NULL */
	bool once;		    /* it ends by itself, and all is well when that is with 0 */
	/* a network with other runs; or NULL. @names are hosts' that are on it */
	const SmithLoopback *loopback;
	const char *const *names;
	/* called once it is healthy; it then goes on until *released is not 0 (atomic). NULL: it is
	 * stopped at once */
	void (*healthy)(gpointer data);
	gpointer healthy_data;
	gint *released;
	const SmithRunFile *file;   /* or NULL */
	const char *const *command; /* run beside it once it is healthy; or NULL */
	gint64 timeout;	     /* microseconds until healthy, and of the command; 0: the image's */
	gint64 stop_timeout; /* microseconds that it may take to stop; 0: ten seconds */
	int log_fd;	     /* of its output, or -1 */
} SmithRunOptions;

typedef enum {
	SMITH_RUN_HEALTHY,
	SMITH_RUN_UNHEALTHY, /* it ran, until the time was over */
	SMITH_RUN_DIED,	     /* before it was healthy, or while the command ran */
} SmithRunEnd;

typedef struct {
	SmithRunEnd end;
	gint64 healthy_after; /* microseconds */
	gint64 duration;
	int status;	    /* exit status, 128 + signal */
	bool killed;	    /* it did not heed its stop signal */
	guint64 memory;	    /* bytes of its largest process */
	int command_status; /* 0 without one */
	char *tail;	    /* its last 8 KiB of output */
	char *health_tail;  /* of the last check that failed, or NULL */
	char *command_tail; /* or NULL */
	GPtrArray *calls;   /* (element-type SmithRunCall*), empty with PROFILE */
} SmithRunResult;

gboolean smith_run_service(const SmithRunOptions *options, SmithRunResult *result, GError **error);
void smith_run_result_clear(SmithRunResult *result);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(SmithRunResult, smith_run_result_clear)
