/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "python/entry-points.h"
#include "python/record.h"
#include "python/wheel-name.h"
#include "python/zip.h"

/*
 * SmithWheel: an opened wheel (packaging specifications: binary distribution format), checked.
 *
 *   g_autoptr (SmithWheel) wheel = smith_wheel_open (dirfd, "wheels/x-1-py3-none-any.whl", error);
 *   smith_wheel_verify (wheel, error)   reads every file once: for `lock`
 *
 * Opening reads the zip directory and the *.dist-info files only, and holds that: the file name is
 * a wheel's; there is one *.dist-info, and it, METADATA and the file name agree on name and
 * version; Wheel-Version is 1.x; the Tag lines are those of the file name; RECORD has a row with a
 * sha256 for every file but itself and its signatures, no row without a file, and the zip's sizes.
 *
 * A SmithWheel is immutable and reference counted (atomically); it keeps its file open.
 */
typedef struct {
	gint refs;
	char *file_name;
	char *name;	       /* as METADATA writes it */
	char *version;	       /* as METADATA writes it */
	char *normal_name;     /* PEP 503 */
	char *build;	       /* build tag of the file name, "" when there is none */
	char *requires_python; /* NULL: not said */
	char **requires_dist;
	char **provides_extra;
	char **tags;   /* expanded, sorted: "py2-none-any", "py3-none-any" */
	char *summary; /* NULL: not said */
	char *license; /* License-Expression, else License; NULL: not said */
	bool root_is_purelib;
	char *info_dir;	      /* "x-1.dist-info" */
	GPtrArray *console;   /* (element-type SmithEntryPoint*) */
	GPtrArray *gui;	      /* (element-type SmithEntryPoint*) */
	GPtrArray *record;    /* (element-type SmithRecordRow*) in the wheel's order */
	GHashTable *rows;     /* path -> SmithRecordRow*, of record */
	SmithWheelName *file; /* the parsed file name */
	SmithZip *zip;
	guint64 size;	  /* of the wheel file */
	guint64 unpacked; /* sum of its members' sizes */
} SmithWheel;

/* Opens @path below @dirfd (or AT_FDCWD). */
SmithWheel *smith_wheel_open(int dirfd, const char *path, GError **error);
/* The same for an open file that is called @file_name; takes @fd, also on failure. Its errors do
 * not name the wheel: the caller knows where it has it from. */
SmithWheel *smith_wheel_open_fd(int fd, const char *file_name, GError **error);
SmithWheel *smith_wheel_ref(SmithWheel *wheel);
void smith_wheel_unref(SmithWheel *wheel);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SmithWheel, smith_wheel_unref)

/* Reads every member and checks it against the zip directory and RECORD. */
gboolean smith_wheel_verify(SmithWheel *wheel, GError **error);

/* The row of a member, NULL for RECORD and its signatures. */
const SmithRecordRow *smith_wheel_row(const SmithWheel *wheel, const char *member);

/* TRUE for INFO_DIR/NAME. */
bool smith_wheel_is_info(const SmithWheel *wheel, const char *member, const char *name);
