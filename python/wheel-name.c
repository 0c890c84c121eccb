/* SPDX-License-Identifier: Apache-2.0 */
#include "python/wheel-name.h"

#include <string.h>

#include "base/error.h"
#include "python/name.h"

#define MAX_BUILD_DIGITS 18 /* fits a gint64 */

/* "2local" -> 2, "local" */
static gboolean parse_build(SmithWheelName *name, const char *text, GError **error)
{
	gsize digits = strspn(text, "0123456789");
	if (digits == 0 || digits > MAX_BUILD_DIGITS)
		return smith_throw(
			error, SMITH_ERROR_INVALID,
			"build tag '%s' does not begin with a number of at most %d digits", text,
			MAX_BUILD_DIGITS);
	name->build_number = g_ascii_strtoll(text, NULL, 10);
	name->build_tag = g_strdup(text + digits);
	return TRUE;
}

static gboolean check_tag(const char *what, const char *tag, GError **error)
{
	if (*tag == '\0' || *tag == '.' || g_str_has_suffix(tag, ".") || strstr(tag, "..") != NULL)
		return smith_throw(error, SMITH_ERROR_INVALID, "its %s tag '%s' has an empty part",
				   what, tag);
	return TRUE;
}

static gboolean fill(SmithWheelName *name, char **parts, guint count, GError **error)
{
	name->name = g_strdup(parts[0]);
	name->version_text = g_strdup(parts[1]);
	name->python = g_strdup(parts[count - 3]);
	name->abi = g_strdup(parts[count - 2]);
	name->platform = g_strdup(parts[count - 1]);
	if (!smith_python_name_is_valid(name->name))
		return smith_throw(error, SMITH_ERROR_INVALID, "'%s' is not a legal project name",
				   name->name);
	name->key = smith_python_normalize_name(name->name);
	name->version = smith_version_parse(name->version_text, error);
	if (name->version == NULL || (count == 6 && !parse_build(name, parts[2], error)))
		return FALSE;
	return check_tag("python", name->python, error) && check_tag("abi", name->abi, error) &&
	       check_tag("platform", name->platform, error);
}

static gboolean check_characters(const char *file_name, GError **error)
{
	if (strnlen(file_name, 256) > 255)
		return smith_throw(error, SMITH_ERROR_LIMIT, "it is longer than 255 bytes");
	for (const char *p = file_name; *p != '\0'; p++)
		if (!g_ascii_isalnum(*p) && strchr("-_.+!", *p) == NULL)
			return smith_throw(error, SMITH_ERROR_INVALID,
					   "it holds a byte (0x%02x) that no wheel's name has",
					   (guint)(guchar)*p);
	return TRUE;
}

SmithWheelName *smith_wheel_name_parse(const char *file_name, GError **error)
{
	g_autofree char *shown = g_strndup(file_name, 255);
	g_autofree char *valid = g_utf8_make_valid(shown, -1);
	SMITH_AUTO_PREFIX("wheel name", valid, error);
	if (!check_characters(file_name, error))
		return NULL;
	if (!g_str_has_suffix(file_name, ".whl")) {
		smith_throw(error, SMITH_ERROR_INVALID, "it does not end in '.whl'");
		return NULL;
	}
	g_autofree char *stem = g_strndup(file_name, strlen(file_name) - strlen(".whl"));
	g_auto(GStrv) parts = g_strsplit(stem, "-", -1);
	guint count = g_strv_length(parts);
	if (count != 5 && count != 6) {
		smith_throw(error, SMITH_ERROR_INVALID,
			    "it has %u parts between dashes, expected 5 or 6", count);
		return NULL;
	}
	g_autoptr(SmithWheelName) name = g_new0(SmithWheelName, 1);
	name->build_number = -1;
	if (!fill(name, parts, count, error))
		return NULL;
	return g_steal_pointer(&name);
}

void smith_wheel_name_free(SmithWheelName *name)
{
	if (name == NULL)
		return;
	g_free(name->name);
	g_free(name->key);
	g_free(name->version_text);
	smith_version_free(name->version);
	g_free(name->build_tag);
	g_free(name->python);
	g_free(name->abi);
	g_free(name->platform);
	g_free(name);
}

int smith_wheel_name_compare_build(const SmithWheelName *a, const SmithWheelName *b)
{
	if (a->build_number != b->build_number)
		return a->build_number < b->build_number ? -1 : 1;
	return g_strcmp0(a->build_tag, b->build_tag);
}
