/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/*
 * Which wheels a CPython on Linux takes, best first: PEP 425 tags, PEP 600 (manylinux_2_N and its
 * older names) and PEP 656 (musllinux_1_N), in the order in which `packaging.tags.sys_tags()` would
 * give them there. The target is described, the host never asked.
 *
 *   g_autoptr (SmithTagSet) tags =
 *           smith_tags_for_cpython ("3.11", SMITH_LIBC_GLIBC, "2.36", "x86_64", error);
 *   int rank = smith_tags_rank (tags, "py2.py3", "none", "any");
 *
 * A set never changes, so threads may share it.
 */
typedef enum {
	SMITH_LIBC_GLIBC,
	SMITH_LIBC_MUSL,
} SmithLibc;

typedef struct SmithTagSet SmithTagSet;

/* @python_version begins with "3.N"; what follows the minor version does not matter, nor what
 * follows it in @libc_version ("2.36-9+deb12u8"). @machine is that of `uname -m`: "x86_64",
 * "aarch64", "armv7l" (hard float is taken for granted), "i686", "ppc64le", "s390x", "riscv64". */
SmithTagSet *smith_tags_for_cpython(const char *python_version, SmithLibc libc,
				    const char *libc_version, const char *machine, GError **error);
void smith_tags_free(SmithTagSet *set);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SmithTagSet, smith_tags_free)

/* The best rank among the combinations that a wheel's compressed tags stand for: 0 is best, -1 when
 * none fits. */
int smith_tags_rank(const SmithTagSet *set, const char *python, const char *abi,
		    const char *platform);

guint smith_tags_count(const SmithTagSet *set);
/* The tag of rank @rank, "cp311-cp311-manylinux_2_36_x86_64". */
char *smith_tags_get(const SmithTagSet *set, guint rank);
