/* SPDX-License-Identifier: Apache-2.0 */
#include "base/library.h"

#include <dlfcn.h>
#include <string.h>

const char *smith_library_load(const char *soname, const SmithLibrarySymbol *symbols, gsize n)
{
	void *handle = dlopen(soname, RTLD_LAZY | RTLD_LOCAL);
	if (handle == NULL)
		return g_intern_string(dlerror());
	for (gsize i = 0; i < n; i++) {
		void *symbol = dlsym(handle, symbols[i].name);
		if (symbol == NULL) {
			g_autofree char *problem = g_strdup_printf("it lacks %s", symbols[i].name);
			dlclose(handle);
			return g_intern_string(problem);
		}
		/* ISO C has no cast from object to function pointers */
		memcpy(symbols[i].to, &symbol, sizeof symbol);
	}
	return NULL;
}
