/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

/*
 * Shared libraries that most runs have no use for are opened when they are first needed: each that
 * is linked costs every start its part, libostree 9 ms. Who needs one keeps a table of function
 * pointers, and fills it once, behind a GOnce.
 */
typedef struct {
	const char *name; /* of the function */
	void *to;	  /* the pointer to it that is set */
} SmithLibrarySymbol;

/*
 * Opens @soname for the life of the process and looks its functions up, @n of them. NULL: all are
 * there. Otherwise what is wrong, static, and the library is closed; pointers may be set then.
 */
const char *smith_library_load(const char *soname, const SmithLibrarySymbol *symbols, gsize n);
