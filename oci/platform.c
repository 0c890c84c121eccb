/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <sys/utsname.h>

#include "base/error.h"
#include "oci/spec.h"

SmithPlatform *smith_platform_new(const char *os, const char *architecture, const char *variant)
{
	SmithPlatform *platform = g_new0(SmithPlatform, 1);

	platform->os = g_strdup(os);
	platform->architecture = g_strdup(architecture);
	platform->variant = g_strdup(variant);
	return platform;
}

static gboolean is_word(const char *text)
{
	for (const char *c = text; *c; c++)
		if (!g_ascii_islower(*c) && !g_ascii_isdigit(*c))
			return FALSE;
	return *text != '\0';
}

SmithPlatform *smith_platform_parse(const char *text, GError **error)
{
	g_auto(GStrv) parts = g_strsplit(text, "/", 4);
	guint count = g_strv_length(parts);
	gboolean legal = count >= 1 && count <= 3;

	for (guint i = 0; i < count && legal; i++)
		legal = is_word(parts[i]);
	if (!legal)
		return smith_throw_null(error, SMITH_ERROR_INVALID,
					"illegal platform '%s', expected OS/ARCHITECTURE[/VARIANT] "
					"such as linux/arm64",
					text);
	if (count == 1)
		return smith_platform_new("linux", parts[0], NULL);
	return smith_platform_new(parts[0], parts[1], parts[2]);
}

SmithPlatform *smith_platform_own(void)
{
	static const struct {
		const char *machine;
		const char *go;
	} names[] = {{"x86_64", "amd64"}, {"aarch64", "arm64"}, {"armv7l", "arm"}, {"i686", "386"}};
	struct utsname name;
	uname(&name);
	const char *go = name.machine;
	for (guint i = 0; i < G_N_ELEMENTS(names); i++)
		if (strcmp(names[i].machine, name.machine) == 0)
			go = names[i].go;
	return smith_platform_new("linux", go, NULL);
}

char *smith_platform_to_string(const SmithPlatform *platform)
{
	if (!platform || !platform->os || !platform->architecture)
		return g_strdup("unknown");
	if (!platform->variant || !*platform->variant)
		return g_strconcat(platform->os, "/", platform->architecture, NULL);
	return g_strconcat(platform->os, "/", platform->architecture, "/", platform->variant, NULL);
}

SmithPlatform *smith_platform_copy(const SmithPlatform *platform)
{
	if (!platform)
		return NULL;
	SmithPlatform *copy =
		smith_platform_new(platform->os, platform->architecture, platform->variant);
	copy->os_version = g_strdup(platform->os_version);
	copy->os_features = g_strdupv(platform->os_features);
	return copy;
}

void smith_platform_free(SmithPlatform *platform)
{
	if (platform)
		smith_bind_free(&smith_platform_table, platform);
}

/* "v7" -> 7, absent -> the architecture's default; -1: a variant without order */
static int variant_level(const char *architecture, const char *variant)
{
	if (!variant || !*variant) {
		if (g_str_equal(architecture, "arm64"))
			return 8;
		return g_str_equal(architecture, "arm") ? 7 : 1;
	}
	if (variant[0] == 'v' && g_ascii_isdigit(variant[1]) && !variant[2])
		return variant[1] - '0';
	return -1;
}

int smith_platform_match(const SmithPlatform *want, const SmithPlatform *have)
{
	if (!have || !have->os || !have->architecture || !g_str_equal(want->os, have->os) ||
	    !g_str_equal(want->architecture, have->architecture))
		return -1;
	if (g_strcmp0(want->variant, have->variant) == 0)
		return 100;
	int most = variant_level(want->architecture, want->variant);
	int level = variant_level(have->architecture, have->variant);
	return level >= 0 && level <= most ? level : -1;
}
