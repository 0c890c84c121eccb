/* SPDX-License-Identifier: Apache-2.0 */
#include "store/ostree-lib.h"

#include "base/error.h"
#include "base/library.h"

#define LIBRARY "libostree-1.so.1"

const SmithOstreeLib *smith_ostree_lib(GError **error)
{
	static SmithOstreeLib lib;
	static const char *problem;
#define SYMBOL(name) {#name, &lib.name},
	static const SmithLibrarySymbol symbols[] = {SMITH_OSTREE_FUNCTIONS(SYMBOL)};
#undef SYMBOL
	static gsize loaded;
	if (g_once_init_enter(&loaded)) {
		problem = smith_library_load(LIBRARY, symbols, G_N_ELEMENTS(symbols));
		g_once_init_leave(&loaded, 1);
	}
	if (problem == NULL)
		return &lib;
	smith_throw(error, SMITH_ERROR_UNSUPPORTED,
		    "cannot load '%s' (Debian package libostree-1-1), which unpacks layers: %s",
		    LIBRARY, problem);
	return NULL;
}
