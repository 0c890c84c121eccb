/* SPDX-License-Identifier: Apache-2.0 */
#include "execute/debian-packages.h"
#include "tests/fuzz/fuzz.h"

/* Whatever an index says, packages are chosen or it is said why not. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *const words[] = {"a", NULL};
	g_autoptr(GError) error = NULL;
	g_autoptr(SmithDebianPackages) packages = smith_debian_packages_new();
	g_autofree char *text = g_strndup((const char *)data, size);
	smith_debian_packages_read(packages, text);
	g_autoptr(GPtrArray) debs = smith_debian_packages_choose(packages, "m", words, &error);
	fuzz_check_error(debs != NULL, error);
	return 0;
}
