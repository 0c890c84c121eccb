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

/*
 * A table of functions that the program cannot do without, as if the library were linked:
 *
 *   #define FUNCTIONS(X) X(ZSTD_isError) ...
 *   SMITH_LIBRARY (zstd, "libzstd.so.1", FUNCTIONS)
 *   zstd()->ZSTD_isError (...)
 *
 * The first call must not be where descriptors may have run out: what cannot be loaded ends the
 * process.
 */
#define SMITH_LIBRARY_MEMBER(name) __typeof__(&(name)) name;
#define SMITH_LIBRARY_SYMBOL(name) {#name, &table.name},
#define SMITH_LIBRARY(get, soname, functions)                                                      \
	typedef struct {                                                                           \
		functions(SMITH_LIBRARY_MEMBER)                                                    \
	} get##_table;                                                                             \
	static gpointer get##_load(G_GNUC_UNUSED gpointer data)                                    \
	{                                                                                          \
		static get##_table table;                                                          \
		static const SmithLibrarySymbol symbols[] = {functions(SMITH_LIBRARY_SYMBOL)};     \
		const char *problem = smith_library_load(soname, symbols, G_N_ELEMENTS(symbols));  \
		g_assert(problem == NULL);                                                         \
		return &table;                                                                     \
	}                                                                                          \
	static const get##_table *get(void)                                                        \
	{                                                                                          \
		static GOnce once = G_ONCE_INIT;                                                   \
		return g_once(&once, get##_load, NULL);                                            \
	}
