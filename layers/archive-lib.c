/* SPDX-License-Identifier: Apache-2.0 */
#include "layers/archive-lib.h"

#include <locale.h>

#include "base/error.h"
#include "base/library.h"

#define LIBRARY "libarchive.so.13"

const SmithArchiveLib *smith_archive_lib(GError **error)
{
	static SmithArchiveLib lib;
	static const char *problem;
#define SYMBOL(name) {#name, &lib.name},
	static const SmithLibrarySymbol symbols[] = {SMITH_ARCHIVE_FUNCTIONS(SYMBOL)};
#undef SYMBOL
	static gsize loaded;
	if (g_once_init_enter(&loaded)) {
		problem = smith_library_load(LIBRARY, symbols, G_N_ELEMENTS(symbols));
		g_once_init_leave(&loaded, 1);
	}
	if (problem == NULL)
		return &lib;
	smith_throw(error, SMITH_ERROR_UNSUPPORTED,
		    "cannot load '%s' (Debian package libarchive13), which reads tar archives: %s",
		    LIBRARY, problem);
	return NULL;
}

gpointer smith_archive_lib_enter(void)
{
	static gsize c_locale;
	if (g_once_init_enter(&c_locale))
		g_once_init_leave(&c_locale, (gsize)newlocale(LC_ALL_MASK, "C", (locale_t)0));
	return uselocale((locale_t)c_locale);
}

void smith_archive_lib_leave(gpointer token)
{
	uselocale((locale_t)token);
}
