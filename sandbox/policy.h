/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "seccomp/filter.h"

/*
 * What a step may not do, whoever it is in its namespaces: what no build needs and what kernels had
 * holes in. Refused are new namespaces and mounts, kernel modules, bpf, kexec, keys, io_uring,
 * userfaultfd, perf, file handles, clocks, quotas, tracing and memory of processes that are no
 * children, input into terminals, sockets but of the local, internet and netlink families, and all
 * entries of other architectures.
 *
 * What is handed over to the supervisor (sandbox/supervisor.h) is added.
 */
typedef enum {
	SMITH_POLICY_NO_OWNERS, /* nothing */
	SMITH_POLICY_RECORDED_OWNERS,
	SMITH_POLICY_REAL_OWNERS, /* they are the kernel's; only access lists are refused */
} SmithPolicyOwners;

GBytes *smith_policy_filter(SmithPolicyOwners owners, GError **error);

/* The capabilities of a step, a bit each: those that root has in a build of podman's or docker's.
 */
uint64_t smith_policy_capabilities(void);

/* @program with a beginning that lets what a child has to say pass (sandbox/child.h), before there
 * is anybody who could answer for it. */
GBytes *smith_policy_pass_messages(GBytes *program, GError **error);
