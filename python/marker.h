/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/*
 * Environment markers of PEP 508: `python_version < "3.12" and extra == "s3"`, with the meaning
 * that PyPA's `packaging` 23.0 gives them: when the right side makes a version specifier with the
 * operator, versions are compared (pre-releases admitted), otherwise strings; `and` binds tighter
 * than `or`; every comparison is evaluated, so an impossible one is an error wherever it stands.
 *
 * Two deviations, both where packaging fails with an exception or worse: `extra` is compared as a
 * normalised name, never as a version; and backslashes in strings are refused.
 *
 * A marker never changes after parsing, so threads may share it.
 */
#define SMITH_MARKER_MAX 16384	  /* bytes of text that we read */
#define SMITH_MARKER_MAX_DEPTH 64 /* levels of parentheses */

typedef struct SmithMarker SmithMarker;

/* The target's variables; never the host's. Strings are owned. */
typedef struct {
	char *python_version;		      /* "3.11" */
	char *python_full_version;	      /* "3.11.2" */
	char *os_name;			      /* "posix" */
	char *sys_platform;		      /* "linux" */
	char *platform_machine;		      /* "x86_64" */
	char *platform_python_implementation; /* "CPython" */
	char *platform_release;		      /* "": a running kernel's, which a lock cannot know */
	char *platform_system;		      /* "Linux" */
	char *platform_version;		      /* "" as platform_release */
	char *implementation_name;	      /* "cpython" */
	char *implementation_version;	      /* "3.11.2" */
} SmithMarkerEnv;

/* CPython of @full_version ("3.11.2") on Linux on @machine ("x86_64", "aarch64"). */
void smith_marker_env_init(SmithMarkerEnv *env, const char *full_version, const char *machine);
void smith_marker_env_clear(SmithMarkerEnv *env);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(SmithMarkerEnv, smith_marker_env_clear)

/* The whole of @text must be a marker; SMITH_ERROR_INVALID tells the byte where it ceases to be. */
SmithMarker *smith_marker_parse(const char *text, GError **error);
/* A marker of pylock.toml, where `"NAME" in extras` and `in dependency_groups` may be asked: of no
 * extras, and of @groups, normalised. They become comparisons of `extra` that are as true. */
SmithMarker *smith_marker_parse_locked(const char *text, const char *const *groups, GError **error);
void smith_marker_free(SmithMarker *marker);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SmithMarker, smith_marker_free)

/*
 * *@result: whether the marker holds in @env with @extra asked for (any spelling; NULL: none).
 * Fails when a comparison has no meaning: a version operator and a value that is no version.
 */
gboolean smith_marker_evaluate(const SmithMarker *marker, const SmithMarkerEnv *env,
			       const char *extra, gboolean *result, GError **error);

/* TRUE if the variable `extra` occurs: the marker of an optional dependency. */
bool smith_marker_mentions_extra(const SmithMarker *marker);

/* One space between the words, strings in double quotes where they can be. */
char *smith_marker_to_string(const SmithMarker *marker);
