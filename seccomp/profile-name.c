/* SPDX-License-Identifier: Apache-2.0 */
#include "seccomp/profile-name.h"

#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "seccomp/profile.h"

/* File systems take 255 bytes; units, annotations and labels say it, too. */
#define MAX_FILE 128
#define DIGITS 16

static int compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

char **smith_profile_name_split(const char *name)
{
	const char separator[] = {SMITH_PROFILE_JOIN, '\0'};
	char **parts = g_strsplit(name, separator, -1);
	guint n = g_strv_length(parts);
	guint kept = 0;

	qsort(parts, n, sizeof *parts, compare);
	for (guint i = 0; i < n; i++) {
		if (kept > 0 && strcmp(parts[i], parts[kept - 1]) == 0)
			g_free(parts[i]);
		else
			parts[kept++] = parts[i];
	}
	parts[kept] = NULL;
	return parts;
}

char *smith_profile_name_join(const char *const *names)
{
	const char separator[] = {SMITH_PROFILE_JOIN, '\0'};
	g_autofree char *all = g_strjoinv(separator, (char **)names);
	g_auto(GStrv) parts = smith_profile_name_split(all);

	return g_strjoinv(separator, parts);
}

bool smith_profile_name_is_joined(const char *name)
{
	return strchr(name, SMITH_PROFILE_JOIN) != NULL;
}

char *smith_profile_name_file(const char *name)
{
	g_autofree char *digest = NULL;

	if (strlen(name) <= MAX_FILE)
		return g_strconcat(SMITH_PROFILE_DIRECTORY "/", name, ".json", NULL);
	digest = smith_digest_of(name, strlen(name));
	return g_strdup_printf(SMITH_PROFILE_DIRECTORY "/joined-%.*s.json", DIGITS,
			       smith_digest_hex(digest));
}
