/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "execute/execute.h"

/*
 * A wheel of a source distribution, built by real pip in the sandbox without network: `pip wheel
 * --no-build-isolation --no-deps --no-index` over build requirements that the caller has.
 *
 * So that the same bytes come out on any day and machine: the source is unpacked to /build/src with
 * the epoch as its time and the modes 0644 and 0755, umask 022, SOURCE_DATE_EPOCH,
 * PYTHONHASHSEED=0, a fixed locale and time zone. What the backend leaves of clock, order and umask
 * in the zip itself is made the same: members and RECORD are sorted (RECORD is the last member),
 * their time is 1980-01-01, their modes 0644 or 0755, and they are deflated anew. What it writes
 * into files is its own affair.
 *
 * Errors: SMITH_ERROR_NOT_FOUND when there is no pip; SMITH_ERROR_FAILED with the last lines of
 * output.
 */
typedef struct {
	const char *name;	   /* "foo-1.0.tar.gz": the file's name */
	const char *path;	   /* the source distribution, on this machine */
	const char *python;	   /* "/usr/bin/python3.11", in the root */
	const char *pip;	   /* path of a wheel of pip on this machine, or NULL */
	const char *const *wheels; /* build requirements on this machine, NULL-terminated */
	const char *const *files;  /* and their file names */
} SmithPipBuild;

/* What its [build-system] requires, or with @dynamic what its backend requires beside that: then
 * the first must be among the wheels. NULL-terminated, transfer full. */
char **smith_pip_build_requires(const SmithExecution *execution, const SmithRoot *root,
				const SmithPipBuild *build, gboolean dynamic, GError **error);

/* The wheel goes into the store's files; its SHA-256 (64 hex digits), and its file name in *@file
 * (transfer full). */
char *smith_pip_build_wheel(const SmithExecution *execution, const SmithRoot *root,
			    const SmithPipBuild *build, char **file, GError **error);
