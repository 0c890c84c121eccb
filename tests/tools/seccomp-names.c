/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seccomp-names: each system call that the program knows, "ARCH NAME NUMBER" for amd64 and arm64.
 */
#include <glib.h>

#include "seccomp/filter.h"

int main(void)
{
	static const char *const architectures[] = {"amd64", "arm64"};
	const char *const *names = smith_filter_names();

	for (gsize i = 0; i < G_N_ELEMENTS(architectures); i++)
		for (guint j = 0; names[j] != NULL; j++) {
			int number = smith_filter_number(architectures[i], names[j], NULL);

			if (number >= 0)
				g_print("%s %s %d\n", architectures[i], names[j], number);
		}
	return 0;
}
