/* SPDX-License-Identifier: Apache-2.0 */
#include "seccomp/profile-private.h"

#include <string.h>

#include "base/embed.h"

#define PROFILE(name_) SMITH_EMBED(smith_profile_##name_, "seccomp/profiles/" #name_ ".json")

PROFILE(audio);
PROFILE(baseline);
PROFILE(gpu);
PROFILE(supervisor);
PROFILE(web);

#define ROW(name_)                                                                                 \
	{                                                                                          \
#name_, smith_profile_##name_##_begin, smith_profile_##name_##_end                 \
	}

static const struct {
	const char *name;
	const char *begin;
	const char *end;
} rows[] = {ROW(audio), ROW(baseline), ROW(gpu), ROW(supervisor), ROW(web)};

const char *const *smith_profile_names(void)
{
	static const char *const names[] = {"audio", "baseline", "gpu", "supervisor", "web", NULL};

	return names;
}

const char *smith_profile_builtin(const char *name, gsize *length)
{
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		if (strcmp(rows[i].name, name) != 0)
			continue;
		*length = (gsize)(rows[i].end - rows[i].begin);
		return rows[i].begin;
	}
	return NULL;
}
