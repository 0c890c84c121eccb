/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/*
 * The supervisor answers the calls that the filter of a step hands over (seccomp_unotify(2)), as
 * the kernel would answer them to root, and writes owner records (sandbox/record.h).
 *
 * It runs in the first process of the step's pid namespace, inside its mount namespace and with
 * the namespace's capabilities; single-threaded, no GLib. That process polls the listener and calls
 * answer() when it can be read:
 *
 *   smith_supervisor_init (&supervisor, listener, upper_fd);
 *   ... poll ... smith_supervisor_answer (&supervisor);
 *   smith_supervisor_write_links (&supervisor, fd);
 *
 * The ids of a process are remembered in a resource limit that nothing else uses (the soft
 * RLIMIT_RTTIME is the index of a set of ids, infinity is root), because the kernel hands limits on
 * by fork, vfork and exec exactly as it does ids.
 *
 * A call whose answer is the kernel's own goes on in the kernel. No answer decides about security:
 * what a step must not do is refused by the filter, by the namespaces and by its capabilities.
 */
typedef struct SmithSupervisor SmithSupervisor;

/* @upper_fd: the overlay's upper directory, or -1 when the root is a plain tree. With @real owners
 * only access lists are refused, which no mode may have. NULL when the kernel's notifications are
 * of an unknown size. There is one in a process. */
SmithSupervisor *smith_supervisor_init(int listener, int upper_fd, bool real);
/* One notification; false when the listener has no more tasks. Does not return when the kernel
 * tells it none (smith_child_die()). */
bool smith_supervisor_answer(SmithSupervisor *supervisor);
uint64_t smith_supervisor_answered(const SmithSupervisor *supervisor);

/* Records of what cannot carry an attribute, a line each: "INODE SECONDS NANOSECONDS UID GID MODE
 * MAJOR MINOR\n", decimal but for MODE (octal); inode and birth time are those of the file in the
 * upper directory. */
bool smith_supervisor_write_links(const SmithSupervisor *supervisor, int fd);
