/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

/*
 * What a seccomp program answers to a call, without loading it: the kernel's own rules for classic
 * BPF over struct seccomp_data (Documentation/networking/filter.rst, seccomp(2)), for every
 * instruction that a filter of seccomp may have.
 *
 *   smith_simulate (program, "amd64", number, arguments, &verdict, error)
 *
 * A program that the kernel would not take (an unknown instruction, a jump or a load that leads
 * out, a way without an end) is SMITH_ERROR_INVALID when it comes to that.
 */
#define SMITH_SIMULATE_ARGUMENTS 6

/* @arch: AUDIT_ARCH_...; *@verdict: SECCOMP_RET_... with its data. */
gboolean smith_simulate(GBytes *program, guint32 arch, int number,
			const guint64 arguments[SMITH_SIMULATE_ARGUMENTS], guint32 *verdict,
			GError **error);
/* "ALLOW", "ERRNO(ENOSYS)", "KILL_PROCESS" ...; transfer full. */
char *smith_simulate_verdict(guint32 verdict);
