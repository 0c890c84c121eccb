/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "execute/execute.h"

/*
 * A wheel of pip as a directory with bytecode, in the store: run from its wheel, pip compiles
 * itself each time, which takes longer than most of what it is asked. It is made in a step of its
 * own, in which nothing runs but the root's interpreter, once for each wheel and root.
 */

/* The directory of the wheel @pip (a path on this machine), for the interpreter @python of @root;
 * transfer full. */
char *smith_pip_unpack(const SmithExecution *execution, const SmithRoot *root, const char *python,
		       const char *pip, GError **error);
