/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "cmd/command.h"

/* The run function of each command: smith_cmd_NAME() in cmd/cmd-NAME.c. */
#define SMITH_COMMAND(name_) gboolean smith_cmd_##name_(SmithInvocation *inv, GError **error)

SMITH_COMMAND(init);
SMITH_COMMAND(lock);
SMITH_COMMAND(build);
SMITH_COMMAND(smoke);
SMITH_COMMAND(seccomp_record);
SMITH_COMMAND(seccomp_check);
SMITH_COMMAND(units);
SMITH_COMMAND(ps);
SMITH_COMMAND(logs);
SMITH_COMMAND(status);
SMITH_COMMAND(images);
SMITH_COMMAND(inspect);
SMITH_COMMAND(ls);
SMITH_COMMAND(history);
SMITH_COMMAND(gc);
SMITH_COMMAND(check);
SMITH_COMMAND(schema);
SMITH_COMMAND(doctor);
SMITH_COMMAND(version);
SMITH_COMMAND(completion);
SMITH_COMMAND(help);

/* cmd/cmd-seccomp.c */
SMITH_COMMAND(seccomp_list);
SMITH_COMMAND(seccomp_show);
SMITH_COMMAND(seccomp_explain);
SMITH_COMMAND(seccomp_diff);
SMITH_COMMAND(seccomp_lint);
SMITH_COMMAND(seccomp_simulate);
