/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/probe.h"

#include <string.h>

#include "base/error.h"

/* of parts.S */
extern const char smith_probe_amd64[], smith_probe_amd64_end[], smith_probe_amd64_sha256[];
extern const char smith_probe_arm64[], smith_probe_arm64_end[], smith_probe_arm64_sha256[];

typedef struct {
	const char *architecture;
	const char *start;
	const char *end;
	const char *sha256;
} Part;

static const Part parts[] = {
	{"amd64", smith_probe_amd64, smith_probe_amd64_end, smith_probe_amd64_sha256},
	{"arm64", smith_probe_arm64, smith_probe_arm64_end, smith_probe_arm64_sha256},
};

static const Part *find_part(const char *architecture)
{
	for (gsize i = 0; i < G_N_ELEMENTS(parts); i++)
		if (strcmp(parts[i].architecture, architecture) == 0 && *parts[i].sha256 != '\0')
			return &parts[i];
	return NULL;
}

GBytes *smith_probe_get(const char *architecture, GError **error)
{
	const Part *part = find_part(architecture);
	if (part == NULL)
		return smith_throw_null(error, SMITH_ERROR_UNSUPPORTED,
					"no oci-probe for '%s': this ocismith was built without a "
					"compiler for it",
					architecture);
	return g_bytes_new_static(part->start, (gsize)(part->end - part->start));
}

const char *smith_probe_sha256(const char *architecture)
{
	const Part *part = find_part(architecture);
	return part != NULL ? part->sha256 : NULL;
}
