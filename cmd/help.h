/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "cmd/command.h"

/*
 * Help from the command table. All return new strings; @command NULL means the program itself.
 */

/* What --help prints: at most 80 columns. */
char *smith_help_text(const SmithCommand *command);

/*
 * The parts of a man page: .TH, NAME, SYNOPSIS, a line `.\" body`, OPTIONS (for the program also
 * COMMANDS). The hand-written body docs/man/PAGE.1.in takes the place of that line.
 */
char *smith_help_roff(const SmithCommand *command);
