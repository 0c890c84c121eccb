/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

#include "base/entry.h"
#include "base/event.h"
#include "execute/root.h"
#include "layers/layer.h"
#include "sandbox/sandbox.h"
#include "store/store.h"

/*
 * Executed steps: a command runs on a root, and what it changed becomes a layer.
 *
 * Modules of this folder know layers, packages and wheels, but no fleet: fleet/ (to lock) and
 * build/ call them with plain values. Each is a function of its inputs; the caller has the key, and
 * looks in the store before it calls.
 */
typedef struct {
	SmithStore *store;
	SmithEvents *events;
	SmithSandboxMode mode;
	SmithCompression compression;
	gint64 epoch;
	guint workers;
	SmithSandboxLimits limits; /* of each step, where it says none itself */
	/* all that a step says is in the store's cache/logs as LOGS.STEP.log; NULL: no logs */
	const char *logs;
} SmithExecution;

/* Wraps what is taken from it, as those of base/entry-filter.h do. */
typedef SmithEntryIter *(*SmithExecutionFilter)(SmithEntryIter *entries, gpointer data);

/*
 * Runs @step on @root, whose `root`, `work`, `mode` and `log_fd` are filled in here, and writes the
 * layer of what it changed: sorted, times clamped to the epoch, through @filter (may be NULL) that
 * leaves out what is noise. An exit status other than 0 is an error with the last lines of output.
 */
SmithLayer *smith_execute_layer(const SmithExecution *execution, const SmithRoot *root,
				const SmithSandboxStep *step, SmithExecutionFilter filter,
				gpointer data, GError **error);

/* Runs @step on @root and forgets what it changed; its answers come through writable binds. */
gboolean smith_execute_answer(const SmithExecution *execution, const SmithRoot *root,
			      const SmithSandboxStep *step, SmithSandboxResult *result,
			      GError **error);
