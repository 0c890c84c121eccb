/* SPDX-License-Identifier: Apache-2.0 */
#include "store/ostree-lib.h"

#include <dlfcn.h>

#include "base/error.h"

#define LIBRARY "libostree-1.so.1"

/* NULL when all is well, else what went wrong. */
static const char *load(SmithOstreeLib *lib)
{
	void *handle = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
	if (handle == NULL)
		return g_intern_string(dlerror());
#define LOAD(name)                                                                                 \
	*(void **)&lib->name = dlsym(handle, #name);                                               \
	if (lib->name == NULL)                                                                     \
		return "it lacks " #name;
	SMITH_OSTREE_FUNCTIONS(LOAD)
#undef LOAD
	return NULL;
}

const SmithOstreeLib *smith_ostree_lib(GError **error)
{
	static SmithOstreeLib lib;
	static const char *problem;
	static gsize loaded;
	if (g_once_init_enter(&loaded)) {
		problem = load(&lib);
		g_once_init_leave(&loaded, 1);
	}
	if (problem == NULL)
		return &lib;
	smith_throw(error, SMITH_ERROR_UNSUPPORTED,
		    "cannot load '%s' (Debian package libostree-1-1), which unpacks layers: %s",
		    LIBRARY, problem);
	return NULL;
}
