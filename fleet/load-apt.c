/* SPDX-License-Identifier: Apache-2.0 */
#include "fleet/load-apt.h"

#include <string.h>

#include "fleet/load-service.h"
#include "fleet/tables.h"

/* deb-control(5) Package and Version; apt-get(8) takes NAME=VERSION and NAME/SUITE, and would take
 * away what ends in "-". */
#define PACKAGE                                                                                    \
	"^[a-z0-9][a-z0-9+.-]*[a-z0-9+.](:[a-z0-9-]+)?(=[A-Za-z0-9.+:~-]+|/[A-Za-z0-9./_-]+)?$"
#define SUITE "^[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9._-]+)*/?$"
#define URI "^(https?://[^/[:space:]'\"\\[\\]]+|file:)(/[^[:space:]'\"\\[\\]]*)?$"
#define SNAPSHOT "^[0-9]{8}(T[0-9]{6}Z)?$"
#define OPTION "^[A-Za-z][A-Za-z0-9-]*(::[A-Za-z0-9_.+*/-]+)+$"
/* of options: what would take signatures off, or run something */
#define FORBIDDEN                                                                                  \
	"insecure|unauthenticated|weak|verify|trusted|invoke|^dir::|^rpm|pkgs|sandbox|solver"

static bool matches(const char *pattern, const char *text)
{
	return text != NULL && g_regex_match_simple(pattern, text, G_REGEX_DOLLAR_ENDONLY, 0);
}

static void tell(SmithDiag *diag, SmithPlace place, const char *family, const char *format, ...)
	G_GNUC_PRINTF(4, 5);
static void tell(SmithDiag *diag, SmithPlace place, const char *family, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	smith_diag_addv(diag, SMITH_SEVERITY_ERROR, place, "bad-value", family, format, arguments);
	va_end(arguments);
}

static void check_packages(char **packages, SmithPlace place, const char *family, SmithDiag *diag)
{
	for (; *packages != NULL; packages++)
		if (!matches(PACKAGE, *packages))
			tell(diag, place, family,
			     "'%s' is no Debian package (like 'tini', 'nginx=1.22.1-9' or "
			     "'nginx/bookworm-backports')",
			     *packages);
}

/* What a source and a bootstrap have in common; what is no legal text is left as it is, for nothing
 * is made of a fleet with errors. */
static void check_archive(const char *uri, const char *suite, char **components,
			  const char *snapshot, SmithPlace place, const char *family,
			  SmithDiag *diag)
{
	if (!matches(URI, uri))
		tell(diag, place, family, "'%s' is no URL of an archive (http, https or file)",
		     uri);
	if (suite != NULL && !matches(SUITE, suite))
		tell(diag, place, family, "'%s' is no suite of an archive (like 'bookworm')",
		     suite);
	for (; *components != NULL; components++)
		if (!matches(SUITE, *components))
			tell(diag, place, family, "'%s' is no component of an archive",
			     *components);
	if (snapshot != NULL && !matches(SNAPSHOT, snapshot))
		tell(diag, place, family, "'%s' is no time of a snapshot (like '20250520T000000Z')",
		     snapshot);
}

static void fill_archive(char **uri, char ***components, const char *snapshot)
{
	if (*uri == NULL && snapshot != NULL)
		*uri = g_strdup_printf("%s/%s", SMITH_DEBIAN_SNAPSHOTS, snapshot);
	else if (*uri == NULL)
		*uri = g_strdup(SMITH_DEBIAN_MIRROR);
	if (*components == NULL || **components == NULL) {
		static const char *const main_only[] = {"main", NULL};
		g_strfreev(*components);
		*components = g_strdupv((char **)main_only);
	}
}

static void check_options(GHashTable *options, SmithPlace place, const char *family,
			  SmithDiag *diag)
{
	g_autoptr(GList) names = g_list_sort(g_hash_table_get_keys(options), (GCompareFunc)strcmp);
	for (GList *at = names; at != NULL; at = at->next) {
		const char *value = g_hash_table_lookup(options, at->data);
		if (!matches(OPTION, at->data) || strpbrk(value, "\"\n\\") != NULL)
			tell(diag, place, family, "'%s: %s' is no option of apt",
			     (const char *)at->data, value);
		else if (g_regex_match_simple(FORBIDDEN, at->data, G_REGEX_CASELESS, 0))
			tell(diag, place, family,
			     "option '%s' is not the fleet's to set: signatures are always "
			     "checked, and nothing else is run",
			     (const char *)at->data);
	}
}

/* A list of packages is the map's key `packages`. */
static SmithNode *as_map(const SmithNode *node)
{
	if (node->type != SMITH_NODE_SEQ && node->type != SMITH_NODE_STRING)
		return smith_node_copy(node);
	SmithNode *map = smith_node_new(SMITH_NODE_MAP);
	map->place = node->place;
	smith_node_add(map, "packages", node->place, smith_node_copy(node));
	return map;
}

SmithApt *smith_load_apt(const SmithNode *node, const char *family, SmithDiag *diag)
{
	if (node == NULL || node->type == SMITH_NODE_NULL)
		return NULL;
	g_autoptr(SmithNode) map = as_map(node);
	SmithApt *apt = smith_bind_read(&smith_apt_table, map, diag);
	smith_load_fill_strv(&apt->packages);
	smith_load_fill_map(&apt->options);
	if (apt->sources == NULL)
		apt->sources = g_ptr_array_new();
	check_packages(apt->packages, apt->place, family, diag);
	check_options(apt->options, apt->place, family, diag);
	for (guint i = 0; i < apt->sources->len; i++) {
		SmithAptSource *source = apt->sources->pdata[i];
		fill_archive(&source->uri, &source->components, source->snapshot);
		check_archive(source->uri, source->suite, source->components, source->snapshot,
			      source->place, family, diag);
	}
	return apt;
}

void smith_load_apt_free(SmithApt *apt)
{
	if (apt != NULL)
		smith_bind_free(&smith_apt_table, apt);
}

static SmithBootstrap *load_bootstrap(const SmithNode *node, const char *family, SmithDiag *diag)
{
	SmithBootstrap *bootstrap = smith_bind_read(&smith_bootstrap_table, node, diag);
	smith_load_fill_strv(&bootstrap->packages);
	fill_archive(&bootstrap->mirror, &bootstrap->components, bootstrap->snapshot);
	check_packages(bootstrap->packages, bootstrap->place, family, diag);
	check_archive(bootstrap->mirror, bootstrap->suite, bootstrap->components,
		      bootstrap->snapshot, bootstrap->place, family, diag);
	return bootstrap;
}

SmithBootstrap *smith_load_from(const SmithNode *node, const char *family, char **from,
				SmithDiag *diag)
{
	*from = NULL;
	if (node == NULL || node->type == SMITH_NODE_NULL)
		return NULL;
	if (node->type == SMITH_NODE_STRING) {
		*from = g_strdup(node->text);
		return NULL;
	}
	const SmithNode *debian = smith_node_get(node, "debian");
	if (debian == NULL || smith_node_length(node) != 1) {
		smith_diag_add(diag, SMITH_SEVERITY_ERROR, node->place, "wrong-type",
			       "from must be a string or a map with the key 'debian', got %s",
			       smith_node_type_name(node->type));
		return NULL;
	}
	*from = g_strconcat("debian/", family, NULL);
	return load_bootstrap(debian, family, diag);
}

void smith_load_bootstrap_free(SmithBootstrap *bootstrap)
{
	if (bootstrap != NULL)
		smith_bind_free(&smith_bootstrap_table, bootstrap);
}
