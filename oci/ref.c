/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/ref.h"

#include <string.h>

#include "base/digest.h"
#include "base/error.h"

#define MAX_NAME 255
#define MAX_TAG 128
#define MAX_LAYOUT_NAME 1024
#define HUB "docker.io"

static const char *const local_transports[] = {"oci", "oci-archive", "docker-archive"};
static const char *const foreign_transports[] = {"containers-storage:", "docker-daemon:", "dir:/"};

static gboolean is_lower_or_digit(char c)
{
	return g_ascii_islower(c) || g_ascii_isdigit(c);
}

/* domain-component: letters, digits and inner dashes */
static gboolean is_host_label(const char *label)
{
	gsize length = strlen(label);

	if (length == 0 || label[0] == '-' || label[length - 1] == '-')
		return FALSE;
	for (gsize i = 0; i < length; i++)
		if (!g_ascii_isalnum(label[i]) && label[i] != '-')
			return FALSE;
	return TRUE;
}

static gboolean is_host(const char *host)
{
	gsize length = strlen(host);

	if (length > 3 && host[0] == '[' && host[length - 1] == ']')
		return strspn(host + 1, "0123456789abcdefABCDEF:.") == length - 2;
	g_auto(GStrv) labels = g_strsplit(host, ".", -1);
	for (guint i = 0; labels[i]; i++)
		if (!is_host_label(labels[i]))
			return FALSE;
	return labels[0] != NULL;
}

static gboolean check_domain(const char *domain, GError **error)
{
	const char *bracket = strrchr(domain, ']');
	const char *colon = strrchr(bracket ? bracket : domain, ':');
	g_autofree char *host = g_strndup(domain, colon ? (gsize)(colon - domain) : strlen(domain));

	if (colon && (!colon[1] || strspn(colon + 1, "0123456789") != strlen(colon + 1)))
		return smith_throw(error, SMITH_ERROR_INVALID,
				   "illegal port '%s' of registry '%s', expected digits", colon + 1,
				   domain);
	if (!is_host(host))
		return smith_throw(error, SMITH_ERROR_INVALID, "illegal registry host '%s'", host);
	return TRUE;
}

/* path-component: [a-z0-9]+ joined by one of '.', '_', "__" or any number of '-' */
static gboolean is_path_component(const char *text)
{
	if (!is_lower_or_digit(*text))
		return FALSE;
	while (*text) {
		while (is_lower_or_digit(*text))
			text++;
		if (!*text)
			return TRUE;
		gsize run = strspn(text, *text == '-' ? "-" : *text == '_' ? "_" : ".");
		if (run == 0 || (*text == '.' && run > 1) || (*text == '_' && run > 2))
			return FALSE;
		text += run;
		if (!is_lower_or_digit(*text))
			return FALSE;
	}
	return TRUE;
}

static gboolean check_path(const char *path, GError **error)
{
	g_auto(GStrv) parts = g_strsplit(path, "/", -1);

	if (!parts[0])
		return smith_throw(error, SMITH_ERROR_INVALID, "no repository name");
	if (!parts[1] && smith_digest_is_hex(path))
		return smith_throw(error, SMITH_ERROR_INVALID,
				   "64 hex digits are an image ID and no repository name");
	for (guint i = 0; parts[i]; i++) {
		if (is_path_component(parts[i]))
			continue;
		for (const char *c = parts[i]; *c; c++)
			if (g_ascii_isupper(*c))
				return smith_throw(error, SMITH_ERROR_INVALID,
						   "repository name '%s' must be lower case", path);
		return smith_throw(error, SMITH_ERROR_INVALID,
				   "illegal component '%s' in repository name '%s'", parts[i],
				   path);
	}
	return TRUE;
}

static gboolean check_tag(const char *tag, GError **error)
{
	gsize length = strlen(tag);
	gboolean legal = length > 0 && tag[0] != '.' && tag[0] != '-';

	for (const char *c = tag; *c && legal; c++)
		legal = g_ascii_isalnum(*c) || strchr("_.-", *c);
	if (!legal)
		return smith_throw(error, SMITH_ERROR_INVALID,
				   "illegal tag '%s', expected letters, digits, '_', '.' and '-'",
				   tag);
	if (length > MAX_TAG)
		return smith_throw(error, SMITH_ERROR_INVALID,
				   "tag of %zu characters, expected at most %d", length, MAX_TAG);
	return TRUE;
}

/* what docker takes for a registry rather than a part of the path */
static gboolean looks_like_domain(const char *text, gsize length)
{
	if (length == strlen("localhost") && memcmp(text, "localhost", length) == 0)
		return TRUE;
	for (gsize i = 0; i < length; i++)
		if (text[i] == '.' || text[i] == ':' || g_ascii_isupper(text[i]))
			return TRUE;
	return FALSE;
}

static gboolean parse_name(SmithRef *ref, const char *text, GError **error)
{
	const char *at = strchr(text, '@');
	g_autofree char *name = g_strndup(text, at ? (gsize)(at - text) : strlen(text));

	if (at) {
		ref->digest = g_strdup(at + 1);
		if (!smith_digest_check(ref->digest, "reference", error))
			return FALSE;
	}
	char *slash = strrchr(name, '/');
	char *colon = strchr(slash ? slash : name, ':');
	if (colon) {
		ref->tag = g_strdup(colon + 1);
		*colon = '\0';
		if (!check_tag(ref->tag, error))
			return FALSE;
	}
	if (strlen(name) > MAX_NAME)
		return smith_throw(error, SMITH_ERROR_INVALID,
				   "repository name of %zu characters, expected at most %d",
				   strlen(name), MAX_NAME);
	const char *path = name;
	slash = strchr(name, '/');
	if (slash && looks_like_domain(name, (gsize)(slash - name))) {
		ref->domain = g_strndup(name, (gsize)(slash - name));
		path = slash + 1;
		if (!check_domain(ref->domain, error))
			return FALSE;
	}
	ref->path = g_strdup(path);
	return check_path(path, error);
}

static gboolean parse_local(SmithRef *ref, const char *rest, GError **error)
{
	const char *colon = strchr(rest, ':');

	ref->path = g_strndup(rest, colon ? (gsize)(colon - rest) : strlen(rest));
	if (!*ref->path)
		return smith_throw(error, SMITH_ERROR_INVALID, "no path after '%s:'",
				   ref->transport);
	if (!colon)
		return TRUE;
	ref->tag = g_strdup(colon + 1);
	if (!g_str_equal(ref->transport, "docker-archive"))
		return smith_ref_check_layout_name(ref->tag, error);
	g_autoptr(SmithRef) inner = g_new0(SmithRef, 1);
	if (!parse_name(inner, ref->tag, error))
		return FALSE;
	if (inner->digest)
		return smith_throw(error, SMITH_ERROR_INVALID,
				   "a docker archive has no digests, got '%s'", ref->tag);
	return TRUE;
}

static gboolean parse_into(SmithRef *ref, const char *text, GError **error)
{
	SMITH_AUTO_PREFIX("image reference", text, error);

	if (!*text)
		return smith_throw(error, SMITH_ERROR_INVALID, "it is empty");
	if (!g_utf8_validate(text, -1, NULL))
		return smith_throw(error, SMITH_ERROR_INVALID, "it is no UTF-8");
	for (gsize i = 0; i < G_N_ELEMENTS(local_transports); i++) {
		gsize length = strlen(local_transports[i]);
		if (strncmp(text, local_transports[i], length) == 0 && text[length] == ':') {
			ref->transport = g_strdup(local_transports[i]);
			return parse_local(ref, text + length + 1, error);
		}
	}
	for (gsize i = 0; i < G_N_ELEMENTS(foreign_transports); i++)
		if (g_str_has_prefix(text, foreign_transports[i]))
			return smith_throw(error, SMITH_ERROR_UNSUPPORTED,
					   "transport '%.*s' is not supported, expected oci, "
					   "oci-archive, docker-archive or docker",
					   (int)strcspn(text, ":"), text);
	if (g_str_has_prefix(text, "docker://")) {
		ref->transport = g_strdup("docker");
		text += strlen("docker://");
	}
	return parse_name(ref, text, error);
}

SmithRef *smith_ref_parse(const char *text, GError **error)
{
	g_autoptr(SmithRef) ref = g_new0(SmithRef, 1);

	if (!parse_into(ref, text, error))
		return NULL;
	return g_steal_pointer(&ref);
}

static char *name_to_string(const SmithRef *ref, const char *domain, const char *path)
{
	GString *out = g_string_new(NULL);

	if (domain)
		g_string_append_printf(out, "%s/", domain);
	g_string_append(out, path);
	if (ref->tag)
		g_string_append_printf(out, ":%s", ref->tag);
	if (ref->digest)
		g_string_append_printf(out, "@%s", ref->digest);
	return g_string_free(out, FALSE);
}

static char *with_transport(const SmithRef *ref, const char *name)
{
	if (!ref->transport)
		return g_strdup(name);
	return g_strconcat(ref->transport, smith_ref_is_local(ref) ? ":" : "://", name, NULL);
}

char *smith_ref_to_string(const SmithRef *ref)
{
	g_autofree char *name = name_to_string(ref, ref->domain, ref->path);

	return with_transport(ref, name);
}

SmithRef *smith_ref_copy(const SmithRef *ref)
{
	SmithRef *copy = g_new0(SmithRef, 1);

	copy->transport = g_strdup(ref->transport);
	copy->domain = g_strdup(ref->domain);
	copy->path = g_strdup(ref->path);
	copy->tag = g_strdup(ref->tag);
	copy->digest = g_strdup(ref->digest);
	return copy;
}

void smith_ref_free(SmithRef *ref)
{
	if (!ref)
		return;
	g_free(ref->transport);
	g_free(ref->domain);
	g_free(ref->path);
	g_free(ref->tag);
	g_free(ref->digest);
	g_free(ref);
}

gboolean smith_ref_is_local(const SmithRef *ref)
{
	return ref->transport && !g_str_equal(ref->transport, "docker");
}

SmithRef *smith_ref_qualified(const SmithRef *ref)
{
	SmithRef *full = smith_ref_copy(ref);

	if (smith_ref_is_local(ref))
		return full;
	/* Docker's historical name of its own registry */
	if (!full->domain || g_str_equal(full->domain, "index." HUB)) {
		g_free(full->domain);
		full->domain = g_strdup(HUB);
	}
	if (g_str_equal(full->domain, HUB) && !strchr(full->path, '/')) {
		g_free(full->path);
		full->path = g_strconcat("library/", ref->path, NULL);
	}
	if (!full->tag && !full->digest)
		full->tag = g_strdup("latest");
	return full;
}

char *smith_ref_familiar(const SmithRef *ref)
{
	const char *domain = ref->domain;
	const char *path = ref->path;

	if (smith_ref_is_local(ref))
		return smith_ref_to_string(ref);
	if (domain && (g_str_equal(domain, HUB) || g_str_equal(domain, "index." HUB)))
		domain = NULL;
	if (!domain && g_str_has_prefix(path, "library/") &&
	    !strchr(path + strlen("library/"), '/'))
		path += strlen("library/");
	g_autofree char *name = name_to_string(ref, domain, path);
	g_autofree char *text = with_transport(ref, name);
	/* "docker.io/library/oci:latest" is no "oci:latest", which names a directory */
	g_autoptr(SmithRef) back = smith_ref_parse(text, NULL);
	if (!back || g_strcmp0(back->transport, ref->transport) != 0 ||
	    g_strcmp0(back->domain, domain) != 0)
		return smith_ref_to_string(ref);
	return g_steal_pointer(&text);
}

gboolean smith_ref_check_name(const char *name, GError **error)
{
	SMITH_AUTO_PREFIX("image name", name, error);
	g_autoptr(SmithRef) ref = g_new0(SmithRef, 1);

	if (!parse_name(ref, name, error))
		return FALSE;
	if (ref->digest)
		return smith_throw(error, SMITH_ERROR_INVALID,
				   "a digest cannot be chosen, expected [DOMAIN/]PATH[:TAG]");
	g_autoptr(SmithRef) read = smith_ref_parse(name, error);
	if (!read)
		return FALSE;
	if (read->transport)
		return smith_throw(error, SMITH_ERROR_INVALID,
				   "it would be read as a reference of kind '%s'", read->transport);
	return smith_ref_check_layout_name(name, error);
}

gboolean smith_ref_check_layout_name(const char *name, GError **error)
{
	gsize length = strlen(name);
	gboolean alnum_before = FALSE;
	gboolean legal = length > 0;

	for (const char *c = name; *c && legal; c++) {
		gboolean alnum = g_ascii_isalnum(*c);
		gboolean second_dash = *c == '-' && c[1] != '\0' && c - name >= 2 && c[-1] == '-' &&
				       g_ascii_isalnum(c[-2]);
		legal = alnum || second_dash || (alnum_before && strchr("-._:@+/", *c));
		alnum_before = alnum;
	}
	if (!legal || !alnum_before)
		return smith_throw(error, SMITH_ERROR_INVALID,
				   "illegal name '%s' in an image layout, expected letters and "
				   "digits joined by single '-', '.', '_', ':', '@', '+' or '/'",
				   name);
	if (length > MAX_LAYOUT_NAME)
		return smith_throw(error, SMITH_ERROR_INVALID,
				   "name of %zu characters, expected at most %d", length,
				   MAX_LAYOUT_NAME);
	return TRUE;
}
