/* SPDX-License-Identifier: Apache-2.0 */
#include "execute/debian-packages.h"

#include <stdbool.h>
#include <string.h>

#include "base/digest.h"
#include "base/error.h"
#include "execute/debian-version.h"

enum {
	FIELD_NAME,
	FIELD_VERSION,
	FIELD_ARCHITECTURE,
	FIELD_ESSENTIAL,
	FIELD_PRIORITY,
	FIELD_PRE_DEPENDS,
	FIELD_DEPENDS,
	FIELD_CONFLICTS,
	FIELD_BREAKS,
	FIELD_PROVIDES,
	FIELD_FILE,
	FIELD_SIZE,
	FIELD_SHA256,
	FIELDS,
};

static const char *const field_names[FIELDS] = {
	"Package",   "Version", "Architecture", "Essential", "Priority", "Pre-Depends", "Depends",
	"Conflicts", "Breaks",	"Provides",	"Filename",  "Size",	 "SHA256"};

typedef struct {
	char *fields[FIELDS];
	bool chosen;
} Package;

struct SmithDebianPackages {
	GPtrArray *all;	       /* (element-type Package*) in the indexes' order */
	GHashTable *by_name;   /* name -> Package*, the newest */
	GHashTable *providers; /* name -> GPtrArray of Package*: required ones first */
	GPtrArray *chosen;     /* (element-type Package*, borrowed) in the order of their choice */
};

/* "NAME (RELATION VERSION)"; NULL, NULL when any version will do. */
typedef struct {
	char *name;
	char *relation;
	char *version;
} Wish;

static void package_free(gpointer data)
{
	Package *package = data;
	for (guint i = 0; i < FIELDS; i++)
		g_free(package->fields[i]);
	g_free(package);
}

static void wish_free(gpointer data)
{
	Wish *wish = data;
	g_free(wish->name);
	g_free(wish->relation);
	g_free(wish->version);
	g_free(wish);
}

SmithDebianPackages *smith_debian_packages_new(void)
{
	SmithDebianPackages *packages = g_new0(SmithDebianPackages, 1);
	packages->all = g_ptr_array_new_with_free_func(package_free);
	packages->by_name = g_hash_table_new(g_str_hash, g_str_equal);
	packages->providers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
						    (GDestroyNotify)g_ptr_array_unref);
	packages->chosen = g_ptr_array_new();
	return packages;
}

void smith_debian_packages_free(SmithDebianPackages *packages)
{
	if (packages == NULL)
		return;
	g_hash_table_unref(packages->by_name);
	g_hash_table_unref(packages->providers);
	g_ptr_array_unref(packages->chosen);
	g_ptr_array_unref(packages->all);
	g_free(packages);
}

/* "python3:any (>= 3.11~)" */
static Wish *read_wish(const char *text)
{
	Wish *wish = g_new0(Wish, 1);
	gsize length = strcspn(text, " (:[\t");
	wish->name = g_strndup(text, length);
	const char *open = strchr(text + length, '(');
	const char *close = open != NULL ? strchr(open, ')') : NULL;
	if (close == NULL)
		return wish;
	const char *start = open + 1 + strspn(open + 1, " \t");
	gsize relation = strspn(start, "<=>");
	wish->relation = g_strndup(start, relation);
	wish->version = g_strndup(start + relation, (gsize)(close - start) - relation);
	g_strstrip(wish->version);
	return wish;
}

/* The alternatives of one relation (element-type Wish*). */
static GPtrArray *read_relation(const char *text)
{
	GPtrArray *wishes = g_ptr_array_new_with_free_func(wish_free);
	g_auto(GStrv) parts = g_strsplit(text, "|", -1);
	for (char **part = parts; *part != NULL; part++)
		if (*g_strstrip(*part) != '\0')
			g_ptr_array_add(wishes, read_wish(*part));
	return wishes;
}

static char **relations_of(const Package *package, guint field)
{
	const char *text = package->fields[field];
	char **relations = g_strsplit(text != NULL ? text : "", ",", -1);
	for (char **relation = relations; *relation != NULL; relation++)
		g_strstrip(*relation);
	return relations;
}

static bool is_required(const Package *package)
{
	return g_strcmp0(package->fields[FIELD_PRIORITY], "required") == 0;
}

static void add_package(SmithDebianPackages *packages, Package *package)
{
	const char *name = package->fields[FIELD_NAME];
	const char *version = package->fields[FIELD_VERSION];
	if (name == NULL || version == NULL) {
		package_free(package);
		return;
	}
	g_ptr_array_add(packages->all, package);
	const Package *known = g_hash_table_lookup(packages->by_name, name);
	if (known == NULL ||
	    smith_debian_version_compare(version, known->fields[FIELD_VERSION]) > 0)
		g_hash_table_replace(packages->by_name, (gpointer)name, package);
}

static bool is_newest(const SmithDebianPackages *packages, const Package *package)
{
	return g_hash_table_lookup(packages->by_name, package->fields[FIELD_NAME]) == package;
}

static void add_provider(SmithDebianPackages *packages, const char *name, Package *package)
{
	GPtrArray *list = g_hash_table_lookup(packages->providers, name);
	if (list == NULL) {
		list = g_ptr_array_new();
		g_hash_table_insert(packages->providers, g_strdup(name), list);
	}
	guint at = list->len;
	if (is_required(package))
		for (at = 0; at < list->len && is_required(list->pdata[at]);)
			at++;
	g_ptr_array_insert(list, (gint)at, package);
}

/* When all of them are known, for an older package provides nothing. */
static void find_providers(SmithDebianPackages *packages)
{
	for (guint i = 0; i < packages->all->len; i++) {
		Package *package = packages->all->pdata[i];
		if (package->fields[FIELD_PROVIDES] == NULL || !is_newest(packages, package))
			continue;
		g_auto(GStrv) relations = relations_of(package, FIELD_PROVIDES);
		for (char **relation = relations; *relation != NULL; relation++) {
			g_autofree char *name = g_strndup(*relation, strcspn(*relation, " (:[\t"));
			add_provider(packages, name, package);
		}
	}
}

/* No field that counts here goes on in a second line. */
void smith_debian_packages_read(SmithDebianPackages *packages, char *text)
{
	Package *package = NULL;
	char *line = text;
	while (line != NULL) {
		char *end = strchr(line, '\n');
		if (end != NULL)
			*end = '\0';
		const char *colon = strchr(line, ':');
		if (*line == '\0' && package != NULL)
			add_package(packages, g_steal_pointer(&package));
		for (guint i = 0; i < FIELDS && colon != NULL; i++) {
			gsize length = strlen(field_names[i]);
			if ((gsize)(colon - line) != length ||
			    strncmp(line, field_names[i], length) != 0)
				continue;
			if (package == NULL)
				package = g_new0(Package, 1);
			if (package->fields[i] == NULL)
				package->fields[i] = g_strstrip(g_strdup(colon + 1));
		}
		line = end != NULL ? end + 1 : NULL;
	}
	if (package != NULL)
		add_package(packages, package);
}

/* What is provided without a version satisfies no relation that has one (Debian policy 7.5). */
static bool provides(const Package *package, const Wish *wish)
{
	g_auto(GStrv) relations = relations_of(package, FIELD_PROVIDES);
	for (char **relation = relations; *relation != NULL; relation++) {
		Wish *provided = read_wish(*relation);
		bool matches = strcmp(provided->name, wish->name) == 0 &&
			       (wish->relation == NULL ||
				(provided->version != NULL &&
				 smith_debian_version_is(provided->version, wish->relation,
							 wish->version)));
		wish_free(provided);
		if (matches)
			return true;
	}
	return false;
}

static bool satisfies(const Package *package, const Wish *wish)
{
	if (strcmp(package->fields[FIELD_NAME], wish->name) != 0)
		return provides(package, wish);
	return wish->relation == NULL || smith_debian_version_is(package->fields[FIELD_VERSION],
								 wish->relation, wish->version);
}

/* @package says that it cannot be there with @other; that it provides what it conflicts with is
 * how it says that there must be one only (policy 7.6.2). */
static bool rejects(const Package *package, const Package *other)
{
	if (package == other)
		return false;
	for (guint field = FIELD_CONFLICTS; field <= FIELD_BREAKS; field++) {
		g_auto(GStrv) relations = relations_of(package, field);
		for (char **relation = relations; *relation != NULL; relation++) {
			g_autoptr(GPtrArray) wishes = read_relation(*relation);
			for (guint i = 0; i < wishes->len; i++)
				if (satisfies(other, wishes->pdata[i]))
					return true;
		}
	}
	return false;
}

static const Package *enemy_of(const SmithDebianPackages *packages, const Package *package)
{
	for (guint i = 0; i < packages->chosen->len; i++) {
		const Package *other = packages->chosen->pdata[i];
		if (rejects(package, other) || rejects(other, package))
			return other;
	}
	return NULL;
}

static gboolean choose(SmithDebianPackages *packages, Package *package, GError **error)
{
	if (package->chosen)
		return TRUE;
	const Package *enemy = enemy_of(packages, package);
	if (enemy != NULL)
		return smith_throw(error, SMITH_ERROR_CONFLICT,
				   "package '%s' %s and '%s' %s cannot be installed together",
				   enemy->fields[FIELD_NAME], enemy->fields[FIELD_VERSION],
				   package->fields[FIELD_NAME], package->fields[FIELD_VERSION]);
	package->chosen = true;
	g_ptr_array_add(packages->chosen, package);
	return TRUE;
}

/* What could be taken for @wish, the package of that name first (element-type Package*). */
static GPtrArray *candidates_of(const SmithDebianPackages *packages, const Wish *wish)
{
	GPtrArray *list = g_ptr_array_new();
	Package *named = g_hash_table_lookup(packages->by_name, wish->name);
	if (named != NULL && satisfies(named, wish))
		g_ptr_array_add(list, named);
	const GPtrArray *providers = g_hash_table_lookup(packages->providers, wish->name);
	for (guint i = 0; providers != NULL && i < providers->len; i++)
		if (providers->pdata[i] != named && provides(providers->pdata[i], wish))
			g_ptr_array_add(list, providers->pdata[i]);
	return list;
}

static GPtrArray *all_candidates(const SmithDebianPackages *packages, const char *relation)
{
	g_autoptr(GPtrArray) wishes = read_relation(relation);
	GPtrArray *all = g_ptr_array_new();
	for (guint i = 0; i < wishes->len; i++)
		g_ptr_array_extend_and_steal(all, candidates_of(packages, wishes->pdata[i]));
	return all;
}

static gboolean choose_relation(SmithDebianPackages *packages, const Package *wants,
				const char *relation, GError **error)
{
	g_autoptr(GPtrArray) all = all_candidates(packages, relation);
	for (guint i = 0; i < all->len; i++)
		if (((Package *)all->pdata[i])->chosen)
			return TRUE;
	if (all->len == 0)
		return smith_throw(error, SMITH_ERROR_NOT_FOUND,
				   "package '%s' depends on '%s', which the archive lacks",
				   wants->fields[FIELD_NAME], relation);
	for (guint i = 0; i < all->len; i++)
		if (enemy_of(packages, all->pdata[i]) == NULL)
			return choose(packages, all->pdata[i], error);
	SMITH_AUTO_PREFIX("package", wants->fields[FIELD_NAME], error);
	return choose(packages, all->pdata[0], error);
}

/* What is chosen in the loop is looked at by it. */
static gboolean choose_all(SmithDebianPackages *packages, GError **error)
{
	for (guint i = 0; i < packages->chosen->len; i++) {
		const Package *package = packages->chosen->pdata[i];
		for (guint field = FIELD_PRE_DEPENDS; field <= FIELD_DEPENDS; field++) {
			g_auto(GStrv) relations = relations_of(package, field);
			for (char **relation = relations; *relation != NULL; relation++)
				if (**relation != '\0' &&
				    !choose_relation(packages, package, *relation, error))
					return FALSE;
		}
	}
	return TRUE;
}

static Package *find_word(const SmithDebianPackages *packages, const char *name)
{
	const Wish wish = {(char *)name, NULL, NULL};
	g_autoptr(GPtrArray) list = candidates_of(packages, &wish);
	return list->len > 0 ? list->pdata[0] : NULL;
}

static gboolean choose_word(SmithDebianPackages *packages, const char *word, GError **error)
{
	g_autofree char *name = g_strndup(word, strcspn(word, ":=/"));
	Package *package = find_word(packages, name);
	if (package != NULL && strlen(name) == strlen(word))
		return choose(packages, package, error);
	if (package != NULL)
		return smith_throw(error, SMITH_ERROR_UNSUPPORTED,
				   "'%s': packages of a base are names alone; 'apt' takes versions",
				   word);
	g_autoptr(GPtrArray) names = g_ptr_array_new();
	for (guint i = 0; i < packages->all->len; i++)
		g_ptr_array_add(names, ((Package *)packages->all->pdata[i])->fields[FIELD_NAME]);
	g_ptr_array_add(names, NULL);
	const char *nearest = smith_nearest(name, (const char *const *)names->pdata);
	return smith_throw(error, SMITH_ERROR_NOT_FOUND, "no package '%s' in the archive%s%s%s",
			   name, nearest ? " (did you mean '" : "", nearest ? nearest : "",
			   nearest ? "'?)" : "");
}

static SmithDeb *make_deb(const char *mirror, const Package *package, GError **error)
{
	char *const *fields = package->fields;
	guint64 size = 0;
	for (guint i = FIELD_NAME; i < FIELDS; i++)
		if (fields[i] == NULL && (i <= FIELD_ARCHITECTURE || i >= FIELD_FILE))
			return smith_throw_null(error, SMITH_ERROR_INVALID,
						"package '%s' has no '%s'", fields[FIELD_NAME],
						field_names[i]);
	if (!g_ascii_string_to_unsigned(fields[FIELD_SIZE], 10, 0, G_MAXINT64, &size, NULL) ||
	    !smith_digest_is_hex(fields[FIELD_SHA256]))
		return smith_throw_null(error, SMITH_ERROR_INVALID,
					"package '%s' has no legal size or SHA-256",
					fields[FIELD_NAME]);
	g_autofree char *version = g_uri_escape_string(fields[FIELD_VERSION], "+~", FALSE);
	g_auto(GStrv) parts = g_strsplit(version, "%3A", -1);
	g_autofree char *lower = g_strjoinv("%3a", parts);
	g_autoptr(SmithDeb) deb = g_new0(SmithDeb, 1);
	deb->file = g_strdup_printf("%s_%s_%s.deb", fields[FIELD_NAME], lower,
				    fields[FIELD_ARCHITECTURE]);
	deb->url = g_strdup_printf("%s/%s", mirror, fields[FIELD_FILE]);
	deb->size = (gint64)size;
	deb->sha256 = g_strdup(fields[FIELD_SHA256]);
	return smith_deb_parse_file(deb, error) ? g_steal_pointer(&deb) : NULL;
}

static int compare_files(gconstpointer a, gconstpointer b)
{
	const SmithDeb *const *x = a, *const *y = b;
	return strcmp((*x)->file, (*y)->file);
}

static gboolean choose_base(SmithDebianPackages *packages, const char *const *words, GError **error)
{
	for (guint i = 0; i < packages->all->len; i++) {
		Package *package = packages->all->pdata[i];
		bool is_base = g_strcmp0(package->fields[FIELD_ESSENTIAL], "yes") == 0 ||
			       is_required(package);
		if (is_base && is_newest(packages, package) && !choose(packages, package, error))
			return FALSE;
	}
	if (!choose_word(packages, "apt", error))
		return FALSE;
	for (; *words != NULL; words++)
		if (!choose_word(packages, *words, error))
			return FALSE;
	return choose_all(packages, error);
}

GPtrArray *smith_debian_packages_choose(SmithDebianPackages *packages, const char *mirror,
					const char *const *words, GError **error)
{
	find_providers(packages);
	if (!choose_base(packages, words, error))
		return NULL;
	g_autoptr(GPtrArray) debs = g_ptr_array_new_with_free_func((GDestroyNotify)smith_deb_free);
	for (guint i = 0; i < packages->chosen->len; i++) {
		SmithDeb *deb = make_deb(mirror, packages->chosen->pdata[i], error);
		if (deb == NULL)
			return NULL;
		g_ptr_array_add(debs, deb);
	}
	g_ptr_array_sort(debs, compare_files);
	return g_steal_pointer(&debs);
}
