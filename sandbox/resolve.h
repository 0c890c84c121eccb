/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "sandbox/target.h"

/*
 * Paths of a step's task, resolved as the kernel would for that task: from its root and working
 * directory, its own /proc/self, and through the magic links of /proc. Nothing is opened but by
 * O_PATH, so neither a FIFO nor a device can make us wait or act.
 *
 * @chrooted says that some task of the step has called chroot(); before that, all share our root.
 * With @hasty, a file that is only there for the task (by a link to /proc/self/fd/5) may be missed:
 * for calls that are looked up all the time and which the kernel answers then.
 *
 * Results are descriptors or a negative errno.
 */
typedef struct {
	const SmithTarget *target;
	bool chrooted;
	bool hasty;
} SmithResolver;

/* @dirfd: of the task, or AT_FDCWD. An empty path is the descriptor itself when @empty says so. */
int smith_resolver_open(const SmithResolver *resolver, int dirfd, const char *path, bool follow,
			bool empty);
/* The directory that holds the last component, and that in @name (NAME_MAX + 1 bytes): "." and ".."
 * too. A link as last component is followed when @follow says so, even if what it names does not
 * exist. Trailing slashes are dropped; *slash tells of them. */
int smith_resolve_parent(const SmithResolver *resolver, int dirfd, const char *path, bool follow,
			 char *name, bool *slash);
