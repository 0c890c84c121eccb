/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "base/diag.h"

/*
 * Seccomp profiles: what a container may call. A profile is a file NAME.json in the form that
 * podman, docker and Kubernetes read (containers/common seccomp.json: defaultAction,
 * defaultErrnoRet, archMap, syscalls with names, action, args, errnoRet, comment), and may say
 * "include": ["baseline"] to begin with all that another one has. What goes out, to be installed,
 * put into a label or compiled, is flat, sorted and canonical.
 *
 * Of what includes say, all holds; where two of them contradict each other the profile itself must
 * say it. A rule of its own without arguments replaces all that was included of that call, one with
 * arguments the one of the same arguments. An include of a fleet's profile of its own name is the
 * one that comes with the program: seccomp/web.json may begin with "include": ["web"].
 *
 * A name may join several, "audio+gpu" (seccomp/profile-name.h).
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
	int errno_ret;	 /* with SCMP_ACT_ERRNO; else -1 */
	GPtrArray *args; /* (element-type SmithProfileArg*) all hold together */
	char *reason;	 /* of the file's comment, or NULL */
	char *from;	 /* the profile that says it */
	/* When it is there at all (the file's includes and excludes); NULL: always. */
	char **arches;	   /* only on one of these: "amd64" */
	char **not_arches; /* on none of these */
	char **caps;	   /* only with all of these capabilities: "CAP_SYS_ADMIN" */
	char **not_caps;   /* with none of these */
	SmithPlace place;  /* in that profile's file */
} SmithProfileRule;

typedef struct {
	char *name;
	char *default_action;
	int default_errno; /* with SCMP_ACT_ERRNO; else -1 */
	char **includes;   /* as the file names them */
	bool of_fleet;	   /* else it came with the program, or by smith_profile_parse() */
	SmithPlace place;
	bool wide_archs;    /* the file asks for further architectures, which are not kept */
	GPtrArray *rules;   /* (element-type SmithProfileRule*) by name, then arguments; flat */
	GPtrArray *dropped; /* its own rules that say nothing new; for lint */
} SmithProfile;

/* The profile NAME: seccomp/NAME.json beneath @dirfd (a fleet's directory; -1: none), else the one
 * of that name that comes with the program. SMITH_ERROR_NOT_FOUND with the names that there are,
 * SMITH_ERROR_INVALID with file:line. */
SmithProfile *smith_profile_load(int dirfd, const char *name, GError **error);
/* As smith_profile_load(), for a file of the fleet's: all that is wrong in it is told to @diag, and
 * the profile is NULL then; @error is for what has no place. */
SmithProfile *smith_profile_load_told(int dirfd, const char *name, SmithDiag *diag, GError **error);
/* A whole document, flat or not (includes by name as above). */
SmithProfile *smith_profile_parse(int dirfd, const char *name, const char *text, gsize length,
				  GError **error);
void smith_profile_free(SmithProfile *profile);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SmithProfile, smith_profile_free)

/* Whether the fleet at @dirfd has a file of its own for @name, or for one of those that it joins.
 */
bool smith_profile_is_of_fleet(int dirfd, const char *name);

/* Names of those that come with the program, NULL-terminated, static. */
const char *const *smith_profile_names(void);
/* These and the fleet's own, sorted; transfer full. */
char **smith_profile_list(int dirfd);

/* Flat JSON for podman: canonical, both architectures. Transfer full. */
char *smith_profile_write(const SmithProfile *profile, gsize *length);

/* An array of struct sock_filter (seccomp(2)) for @architecture, "amd64" or "arm64", with
 * capabilities taken as none held. */
GBytes *smith_profile_compile(const SmithProfile *profile, const char *architecture,
			      GError **error);
