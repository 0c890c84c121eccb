/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "seccomp/profile.h"

/*
 * What may be wrong with a profile that can be read, as findings at the place of each rule. Only
 * what the profile itself says is looked at, not what it includes; rules are those of
 * `ocismith check --rules` whose names begin with "seccomp-".
 */
void smith_profile_lint(const SmithProfile *profile, SmithDiag *diag);

/* What a call is for that no service needs, and why a profile should not allow it; NULL: none of
 * these. Static. */
const char *smith_profile_danger(const char *syscall);

/* What the C library calls on arm64 and in younger versions where it called @syscall; NULL: the
 * same. Static. */
const char *smith_profile_twin(const char *syscall);
