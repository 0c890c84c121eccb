/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

/*
 * A seccomp filter as data: rules in, a classic BPF program out (seccomp(2), seccomp_unotify(2)).
 * Nothing is loaded here; libseccomp writes the program.
 *
 *   SmithFilter *filter = smith_filter_new (SMITH_FILTER_ALLOW, 0, error);
 *   smith_filter_add (filter, SMITH_FILTER_ERRNO, EPERM, "mount", NULL, 0, error) ...
 *   program = smith_filter_export (filter, error);   an array of struct sock_filter
 *
 * Entries of another architecture than the machine's own (i386 and x32 on x86-64) kill the process:
 * their numbers mean other calls. A name that the library does not know, because the kernel is
 * younger, is looked up in a table of our own; one that this architecture lacks (`chown` on arm64)
 * is no error and adds nothing.
 */
typedef struct SmithFilter SmithFilter;

typedef enum {
	SMITH_FILTER_ALLOW,
	SMITH_FILTER_ERRNO, /* answers with an error, or with success when it is 0 */
	SMITH_FILTER_NOTIFY,
	SMITH_FILTER_KILL, /* of the process */
} SmithFilterAction;

/* (argument & mask) == value; all of a rule hold together. */
typedef struct {
	guint argument;
	guint64 mask;
	guint64 value;
} SmithFilterMatch;

SmithFilter *smith_filter_new(SmithFilterAction otherwise, int error_number, GError **error);
gboolean smith_filter_add(SmithFilter *filter, SmithFilterAction action, int error_number,
			  const char *syscall, const SmithFilterMatch *matches, guint n_matches,
			  GError **error);
GBytes *smith_filter_export(const SmithFilter *filter, GError **error);
void smith_filter_free(SmithFilter *filter);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SmithFilter, smith_filter_free)
