/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "execute/scratch.h"
#include "run/run.h"
#include "sandbox/sandbox.h"

/*
 * What a service sees when it runs: the environment, directories in memory, secrets and the names
 * of hosts, as parts of a step. Owns all that its step points to, but what is the options'.
 */
typedef struct {
	SmithScratch scratch;
	char *work; /* where the root may be written to; or NULL */
	char **env;
	char **tmpfs;
	GArray *binds; /* of SmithSandboxBind */
	GPtrArray *strings;
	SmithSandboxRun run;
	SmithSandboxStep step;
} SmithSetting;

SmithSetting *smith_setting_new(const SmithRunOptions *options, GError **error);
void smith_setting_free(SmithSetting *setting);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SmithSetting, smith_setting_free)
