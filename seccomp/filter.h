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
	SMITH_FILTER_KILL_THREAD,
	SMITH_FILTER_TRAP, /* SIGSYS */
	SMITH_FILTER_LOG,  /* allows, and the kernel's log says so */
} SmithFilterAction;

/* (argument & mask) == value; all of a rule hold together. */
typedef struct {
	guint argument;
	guint64 mask;
	guint64 value;
} SmithFilterMatch;

/* As libseccomp compares: the 64 bits of (argument & mask) OP value. */
typedef enum {
	SMITH_FILTER_EQ,
	SMITH_FILTER_NE,
	SMITH_FILTER_LT,
	SMITH_FILTER_LE,
	SMITH_FILTER_GE,
	SMITH_FILTER_GT,
	SMITH_FILTER_MASKED_EQ,
} SmithFilterOp;

typedef struct {
	guint argument;
	SmithFilterOp op;
	guint64 mask; /* with MASKED_EQ */
	guint64 value;
} SmithFilterCompare;

SmithFilter *smith_filter_new(SmithFilterAction otherwise, int error_number, GError **error);
/* For another machine: "amd64" or "arm64"; only its own entry is let in. SMITH_ERROR_UNSUPPORTED
 * for others. */
SmithFilter *smith_filter_new_for(const char *architecture, SmithFilterAction otherwise,
				  int error_number, GError **error);
gboolean smith_filter_add(SmithFilter *filter, SmithFilterAction action, int error_number,
			  const char *syscall, const SmithFilterMatch *matches, guint n_matches,
			  GError **error);
/* As smith_filter_add(), with other comparisons. An argument may occur once. */
gboolean smith_filter_add_compare(SmithFilter *filter, SmithFilterAction action, int error_number,
				  const char *syscall, const SmithFilterCompare *compares,
				  guint n_compares, GError **error);
GBytes *smith_filter_export(const SmithFilter *filter, GError **error);
void smith_filter_free(SmithFilter *filter);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SmithFilter, smith_filter_free)

/* The number of a call, on "amd64" or "arm64": SMITH_FILTER_ABSENT when the architecture lacks it,
 * SMITH_FILTER_UNKNOWN when nobody has heard of it or there is no library (see @error, which may
 * be NULL). */
#define SMITH_FILTER_ABSENT (-2)
#define SMITH_FILTER_UNKNOWN (-1)
int smith_filter_number(const char *architecture, const char *syscall, GError **error);
/* Transfer full; NULL when there is no such number. */
char *smith_filter_name(const char *architecture, int number);
/* Names of all calls of either architecture, sorted, NULL-terminated, static; empty without the
 * library. */
const char *const *smith_filter_names(void);
/* AUDIT_ARCH_...; 0 for another architecture than the two. */
guint32 smith_filter_audit_arch(const char *architecture);
