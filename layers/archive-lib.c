/* SPDX-License-Identifier: Apache-2.0 */
#include "layers/archive-lib.h"

#include <dlfcn.h>
#include <locale.h>

#include "base/error.h"

#define LIBRARY "libarchive.so.13"

/* NULL when all is well, else what went wrong. */
static const char *load(SmithArchiveLib *lib)
{
	void *handle = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
	if (handle == NULL)
		return g_intern_string(dlerror());
#define LOAD(name)                                                                                 \
	*(void **)&lib->name = dlsym(handle, #name);                                               \
	if (lib->name == NULL)                                                                     \
		return "it lacks " #name;
	SMITH_ARCHIVE_FUNCTIONS(LOAD)
#undef LOAD
	return NULL;
}

const SmithArchiveLib *smith_archive_lib(GError **error)
{
	static SmithArchiveLib lib;
	static const char *problem;
	static gsize loaded;
	if (g_once_init_enter(&loaded)) {
		problem = load(&lib);
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
