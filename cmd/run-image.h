/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "cmd/command.h"
#include "run/family.h"
#include "run/needs.h"
#include "run/run.h"

/*
 * What the commands share that run images in the sandbox: smoke, seccomp record, seccomp check.
 *
 * A service is named as in `build`: NAME or NAME@HOST; its image must have been built.
 */
typedef struct {
	const SmithService *service; /* as it is on its host; NULL: of a family */
	const SmithFamily *family;   /* or NULL */
	SmithFamilyRun *family_run;  /* or NULL */
	SmithRunImage *image;
	const SmithHost *host;	 /* or NULL */
	char *title;		 /* "NAME", "NAME@HOST" */
	char *profile;		 /* the name of the profile of its unit; NULL: it is unconfined */
	SmithRunOptions options; /* but how it is run */
} SmithRunTarget;

SmithRunTarget *smith_run_target_open(SmithInvocation *inv, const char *name, GError **error);
/* What another one needs, as it is on @host (or NULL); also an upstream image, which is imported if
 * the store does not have it; confined already. */
SmithRunTarget *smith_run_target_open_needed(SmithInvocation *inv, const SmithNeeded *needed,
					     GError **error);
/* The smoke program of a family in its own image, which must have been built; confined already. */
SmithRunTarget *smith_run_target_open_family(SmithInvocation *inv, const char *name,
					     GError **error);
void smith_run_target_free(SmithRunTarget *target);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SmithRunTarget, smith_run_target_free)

/* Loads the profile of its unit, to be run under. */
gboolean smith_run_target_confine(SmithRunTarget *target, GError **error);

/* Why it is not well, as a line; NULL when it is. Transfer full. */
char *smith_run_explain(const SmithRunTarget *target, const SmithRunResult *result);
/* All that helps to see why, to stderr: refused calls, what its check said, its last lines. */
void smith_run_tell(const SmithRunTarget *target, const SmithRunResult *result);
/* The refused calls alone: the first with its arguments and the files that it came through. */
void smith_run_tell_refused(const SmithRunTarget *target, const SmithRunResult *result);
/* "healthy", "unhealthy", "died" */
const char *smith_run_word(const SmithRunResult *result);
/* The first call that was refused, or NULL. */
const SmithRunCall *smith_run_refused(const SmithRunResult *result);

/* --timeout, --stop-timeout, --env, --secret, --bind */
#define SMITH_RUN_OPTIONS                                                                          \
	{.name = "timeout",                                                                        \
	 .kind = SMITH_OPTION_INT,                                                                 \
	 .argument = "SECONDS",                                                                    \
	 .min = 1,                                                                                 \
	 .max = 86400,                                                                             \
	 .help = "how long it may take to be healthy, instead of what its health check allows"},   \
		{.name = "stop-timeout",                                                           \
		 .kind = SMITH_OPTION_INT,                                                         \
		 .argument = "SECONDS",                                                            \
		 .min = 1,                                                                         \
		 .max = 3600,                                                                      \
		 .help = "how long it may take to stop before it is killed, instead of 10"},       \
		{.name = "env",                                                                    \
		 .kind = SMITH_OPTION_LIST,                                                        \
		 .argument = "NAME=VALUE",                                                         \
		 .help = "a variable more; may be given several times"},                           \
		{.name = "secret",                                                                 \
		 .kind = SMITH_OPTION_LIST,                                                        \
		 .argument = "NAME=FILE",                                                          \
		 .complete = SMITH_COMPLETE_FILE,                                                  \
		 .help = "what a secret holds, which is empty if it is not given"},                \
	{                                                                                          \
		.name = "bind", .kind = SMITH_OPTION_LIST, .argument = "FILE:PATH",                \
		.complete = SMITH_COMPLETE_FILE,                                                   \
		.help = "a file or directory of this machine, to be read at PATH"                  \
	}
