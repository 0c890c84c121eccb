/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "lint/rule.h"

/*
 * The table of lint/rule.h by room, a file each; a row without an id ends one. A new rule is a row
 * with its page of help, in the order of ids, and a case file below tests/data/fleet/lint.
 *
 * A page is plain text of at most 90 columns: why it matters, an example, what to do.
 */
extern const SmithRule smith_rules_file[];
extern const SmithRule smith_rules_image[];
extern const SmithRule smith_rules_machine[];
extern const SmithRule smith_rules_need[];
extern const SmithRule smith_rules_pip[];
extern const SmithRule smith_rules_port[];
extern const SmithRule smith_rules_run[];
extern const SmithRule smith_rules_seccomp[];
extern const SmithRule smith_rules_startup[];
