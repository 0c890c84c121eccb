/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/*
 * Seccomp profiles: what a container may call. A profile is a file NAME.json in the form that
 * podman, docker and Kubernetes read (containers/common seccomp.json: defaultAction,
 * defaultErrnoRet, archMap, syscalls with names, action, args, errnoRet, comment), and may say
 * "include": ["baseline"] to begin with all that another one has. What goes out, to be installed,
 * put into a label or compiled, is flat, sorted and canonical.
 *
 *   SmithProfile *profile = smith_profile_load (dirfd, "web", error);
 *   text = smith_profile_write (profile);                   for podman
 *   program = smith_profile_compile (profile, "amd64", error);   for seccomp(2)
 */
#define SMITH_PROFILE_DEFAULT "baseline"
#define SMITH_PROFILE_LABEL "io.containers.seccomp.profile"
#define SMITH_PROFILE_DIRECTORY "seccomp" /* of a fleet */

typedef struct {
	guint index; /* of the argument */
	char *op;    /* SCMP_CMP_EQ, SCMP_CMP_MASKED_EQ ... */
	guint64 value;
	guint64 value_two;
} SmithProfileArg;

typedef struct {
	char *name;	 /* of one call */
	char *action;	 /* SCMP_ACT_ALLOW ... */
	int errno_ret;	 /* -1: the profile's */
	GPtrArray *args; /* (element-type SmithProfileArg*) all hold together */
	char *reason;	 /* of the file's comment, or NULL */
	char *from;	 /* the profile that says it */
} SmithProfileRule;

typedef struct {
	char *name;
	char *default_action;
	int default_errno;
	char **includes;
	GPtrArray *rules; /* (element-type SmithProfileRule*) by name, then arguments; flat */
} SmithProfile;

/* The profile NAME: seccomp/NAME.json beneath @dirfd (a fleet's directory; -1: none), else the one
 * of that name that comes with the program. SMITH_ERROR_NOT_FOUND with the names that there are,
 * SMITH_ERROR_INVALID with file:line. */
SmithProfile *smith_profile_load(int dirfd, const char *name, GError **error);
/* A whole document, flat or not (includes by name as above). */
SmithProfile *smith_profile_parse(int dirfd, const char *name, const char *text, gsize length,
				  GError **error);
void smith_profile_free(SmithProfile *profile);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SmithProfile, smith_profile_free)

/* Names of those that come with the program, NULL-terminated, static. */
const char *const *smith_profile_names(void);

/* Flat JSON for podman: canonical, both architectures. Transfer full. */
char *smith_profile_write(const SmithProfile *profile, gsize *length);

/* An array of struct sock_filter (seccomp(2)) for @architecture, "amd64" or "arm64", with
 * capabilities taken as none held. */
GBytes *smith_profile_compile(const SmithProfile *profile, const char *architecture,
			      GError **error);
