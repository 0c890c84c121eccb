/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "fleet/lock.h"
#include "fleet/model.h"

/*
 * What can be said of a fleet without pulling or building anything. Findings are sorted; rules are
 * those of lint/rule.h.
 *
 *   smith_lint_fleet (fleet, diag);            every command that uses a fleet
 *   smith_lint_sources (fleet, lock, diag);    all but what only looks
 *   smith_allow_apply (...);                   lint/allow.h
 */
void smith_lint_fleet(const SmithFleet *fleet, SmithDiag *diag);

/* The rules that read the fleet's other files, each of them once: programs, what they import and
 * what is copied with them, requirements, ignore files, seccomp profiles. @lock may be NULL: what
 * only it knows is not judged then. The fleet may have errors. */
void smith_lint_sources(const SmithFleet *fleet, const SmithLock *lock, SmithDiag *diag);

/* What the lock's wheels take that the store at @path lacks, against what is free there. */
void smith_lint_disk(const SmithLock *lock, const char *path, SmithDiag *diag);
