/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

#include "base/entry.h"

/*
 * What execute/compile.py leaves: files of results, one after the other.
 *
 * A result is the number of a source (4 bytes, little-endian), its kind (0: a .pyc, 1: why there is
 * none), a length (8 bytes), and that many bytes. The interpreter that wrote them came with the
 * image, so nothing here is believed: each number is there once and is one that was asked for,
 * nothing is behind the last result, all .pyc files have one magic number and are of the kind that
 * is never compared with its source (PEP 552), and files are regular.
 */
#define SMITH_PYC_MAX (G_GUINT64_CONSTANT(1) * 1024 * 1024 * 1024)

typedef struct {
	SmithContent *content; /* NULL: there is none */
	char *problem;	       /* then: a line of printable text */
} SmithPyc;

/* (element-type SmithPyc*, free func set), by the number of the source. Contents keep the files of
 * @dirfd open, which may be removed. */
GPtrArray *smith_pycs_read(int dirfd, guint count, GError **error);
