/* SPDX-License-Identifier: Apache-2.0 */
#include "fleet/lock.h"

#include <string.h>

#include "base/bind.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/json.h"
#include "fleet/lock-apt.h"
#include "fleet/part.h"
#include "python/pylock.h"

#define LOCK_LIMIT (16 * 1024 * 1024)
#define NO_OFFSET (-1)

static const SmithBindField base_fields[] = {
	SMITH_BIND(SmithLockBase, from, "from", STRING, .required = true),
	SMITH_BIND(SmithLockBase, media_type, "mediaType", STRING, .required = true),
	SMITH_BIND(SmithLockBase, digest, "digest", STRING, .required = true),
	SMITH_BIND(SmithLockBase, size, "size", INT, .required = true),
	SMITH_BIND(SmithLockBase, python, "python", STRING),
	SMITH_BIND(SmithLockBase, python_version, "pythonVersion", STRING),
	SMITH_BIND(SmithLockBase, libc, "libc", STRING),
	SMITH_BIND(SmithLockBase, libc_version, "libcVersion", STRING),
	SMITH_BIND(SmithLockBase, init, "init", STRING),
	SMITH_BIND(SmithLockBase, passwd, "passwd", STRV),
	SMITH_BIND(SmithLockBase, group, "group", STRV),
	SMITH_BIND(SmithLockBase, apt, "apt", STRV),
	SMITH_BIND(SmithLockBase, indexes, "indexes", STRV),
	SMITH_BIND(SmithLockBase, debs, "debs", STRV),
	{0},
};
static const SmithBindTable base_table = {
	"base", sizeof(SmithLockBase), base_fields, NO_OFFSET, NO_OFFSET, false};

static const SmithBindField found_fields[] = {
	SMITH_BIND(SmithLockFound, python, "python", STRING),
	SMITH_BIND(SmithLockFound, python_version, "pythonVersion", STRING),
	SMITH_BIND(SmithLockFound, libc, "libc", STRING),
	SMITH_BIND(SmithLockFound, libc_version, "libcVersion", STRING),
	SMITH_BIND(SmithLockFound, init, "init", STRING),
	SMITH_BIND(SmithLockFound, passwd, "passwd", STRV),
	SMITH_BIND(SmithLockFound, group, "group", STRV),
	{0},
};
static const SmithBindTable found_table = {
	"found", sizeof(SmithLockFound), found_fields, NO_OFFSET, NO_OFFSET, false};

static const SmithBindField set_fields[] = {
	SMITH_BIND(SmithLockSet, name, "name", STRING, .required = true),
	SMITH_BIND(SmithLockSet, from, "from", STRING, .required = true),
	SMITH_BIND(SmithLockSet, apt, "apt", STRV),
	SMITH_BIND(SmithLockSet, indexes, "indexes", STRV),
	SMITH_BIND(SmithLockSet, debs, "debs", STRV),
	SMITH_BIND(SmithLockSet, found, "found", OBJECT, .table = &found_table),
	SMITH_BIND(SmithLockSet, requirements, "requirements", STRV),
	SMITH_BIND(SmithLockSet, override, "override", STRV),
	SMITH_BIND(SmithLockSet, wheels, "wheels", STRV),
	{0},
};
static const SmithBindTable set_table = {
	"set", sizeof(SmithLockSet), set_fields, NO_OFFSET, NO_OFFSET, false};

static const SmithBindField deb_fields[] = {
	SMITH_BIND(SmithDeb, file, "file", STRING, .required = true),
	SMITH_BIND(SmithDeb, name, "name", STRING, .required = true),
	SMITH_BIND(SmithDeb, version, "version", STRING, .required = true),
	SMITH_BIND(SmithDeb, architecture, "architecture", STRING, .required = true),
	SMITH_BIND(SmithDeb, url, "url", STRING, .required = true),
	SMITH_BIND(SmithDeb, size, "size", INT, .required = true),
	SMITH_BIND(SmithDeb, sha256, "sha256", STRING, .required = true),
	{0},
};
static const SmithBindTable deb_table = {"deb",	    sizeof(SmithDeb), deb_fields,
					 NO_OFFSET, NO_OFFSET,	      false};

static const SmithBindField wheel_fields[] = {
	SMITH_BIND(SmithLockWheel, file, "file", STRING, .required = true),
	SMITH_BIND(SmithLockWheel, name, "name", STRING, .required = true),
	SMITH_BIND(SmithLockWheel, version, "version", STRING, .required = true),
	SMITH_BIND(SmithLockWheel, url, "url", STRING, .required = true),
	SMITH_BIND(SmithLockWheel, size, "size", INT, .required = true),
	SMITH_BIND(SmithLockWheel, sha256, "sha256", STRING, .required = true),
	SMITH_BIND(SmithLockWheel, by, "by", STRV),
	{0},
};
static const SmithBindTable wheel_table = {
	"wheel", sizeof(SmithLockWheel), wheel_fields, NO_OFFSET, NO_OFFSET, false};

static const SmithBindField sdist_fields[] = {
	SMITH_BIND(SmithLockSdist, file, "file", STRING, .required = true),
	SMITH_BIND(SmithLockSdist, url, "url", STRING, .required = true),
	SMITH_BIND(SmithLockSdist, size, "size", INT, .required = true),
	SMITH_BIND(SmithLockSdist, sha256, "sha256", STRING, .required = true),
	SMITH_BIND(SmithLockSdist, family, "family", STRING, .required = true),
	SMITH_BIND(SmithLockSdist, root, "root", STRING, .required = true),
	SMITH_BIND(SmithLockSdist, pip, "pip", STRING),
	SMITH_BIND(SmithLockSdist, requires, "requires", STRV),
	SMITH_BIND(SmithLockSdist, wheels, "wheels", STRV),
	SMITH_BIND(SmithLockSdist, wheel, "wheel", STRING, .required = true),
	{0},
};
static const SmithBindTable sdist_table = {
	"sdist", sizeof(SmithLockSdist), sdist_fields, NO_OFFSET, NO_OFFSET, false};

static const SmithBindField part_fields[] = {
	SMITH_BIND(SmithLockPart, name, "name", STRING, .required = true),
	SMITH_BIND(SmithLockPart, sha256, "sha256", STRING, .required = true),
	{0},
};
static const SmithBindTable part_table = {
	"part", sizeof(SmithLockPart), part_fields, NO_OFFSET, NO_OFFSET, false};

static const SmithBindField lock_fields[] = {
	SMITH_BIND(SmithLock, version, "lock", INT, .required = true),
	SMITH_BIND(SmithLock, epoch, "epoch", INT, .required = true, .min = 0, .max = 253402300799),
	SMITH_BIND(SmithLock, platform, "platform", STRING, .required = true),
	SMITH_BIND(SmithLock, bases, "bases", LIST, .table = &base_table),
	SMITH_BIND(SmithLock, families, "families", LIST, .table = &set_table),
	SMITH_BIND(SmithLock, services, "services", LIST, .table = &set_table),
	SMITH_BIND(SmithLock, debs, "debs", LIST, .table = &deb_table),
	SMITH_BIND(SmithLock, wheels, "wheels", LIST, .table = &wheel_table),
	SMITH_BIND(SmithLock, sdists, "sdists", LIST, .table = &sdist_table),
	SMITH_BIND(SmithLock, parts, "parts", LIST, .table = &part_table),
	{0},
};
static const SmithBindTable lock_table = {"lock",    sizeof(SmithLock), lock_fields,
					  NO_OFFSET, NO_OFFSET,		false};

static void fill(GPtrArray **array)
{
	if (*array == NULL)
		*array = g_ptr_array_new();
}

static void complete(SmithLock *lock)
{
	fill(&lock->bases);
	fill(&lock->families);
	fill(&lock->services);
	fill(&lock->debs);
	fill(&lock->wheels);
	fill(&lock->sdists);
	fill(&lock->parts);
	lock->seen_by = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					      (GDestroyNotify)smith_lock_base_free);
}

SmithLock *smith_lock_new(void)
{
	SmithLock *lock = g_new0(SmithLock, 1);
	lock->version = SMITH_LOCK_VERSION;
	complete(lock);
	return lock;
}

void smith_lock_free(SmithLock *lock)
{
	if (lock == NULL)
		return;
	g_clear_pointer(&lock->by_file, g_hash_table_unref);
	g_clear_pointer(&lock->seen_by, g_hash_table_unref);
	smith_bind_free(&lock_table, lock);
}

/* The first member of every row is its key. */
static gboolean check_unique(const GPtrArray *rows, const char *kind, GError **error)
{
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
	for (guint i = 0; i < rows->len; i++) {
		char *key = *(char **)rows->pdata[i];
		if (!g_hash_table_add(seen, key))
			return smith_throw(error, SMITH_ERROR_INVALID, "%s '%s' is there twice",
					   kind, key);
	}
	return TRUE;
}

/* A wheel that is listed twice would be two equal layers. */
static gboolean check_sets(const GPtrArray *sets, const char *kind, GError **error)
{
	for (guint i = 0; i < sets->len; i++) {
		const SmithLockSet *set = sets->pdata[i];
		g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
		for (char **file = set->wheels; file != NULL && *file != NULL; file++)
			if (!g_hash_table_add(seen, *file))
				return smith_throw(error, SMITH_ERROR_INVALID,
						   "%s '%s' lists wheel '%s' twice", kind,
						   set->name, *file);
	}
	return check_unique(sets, kind, error);
}

/* The file's name becomes one in the sandbox, and a part of a command line there. */
static gboolean check_debs(const SmithLock *lock, GError **error)
{
	for (guint i = 0; i < lock->debs->len; i++) {
		const SmithDeb *deb = lock->debs->pdata[i];
		if (!smith_digest_is_hex(deb->sha256))
			return smith_throw(error, SMITH_ERROR_INVALID,
					   "'%s' of package '%s' is no SHA-256: expected 64 "
					   "lower-case hex digits",
					   deb->sha256, deb->file);
		if (!g_regex_match_simple("^[a-z0-9][A-Za-z0-9.+%~_-]*\\.deb$", deb->file,
					  G_REGEX_DOLLAR_ENDONLY, 0) ||
		    deb->size < 0)
			return smith_throw(error, SMITH_ERROR_INVALID,
					   "package '%s' has no legal file name or size",
					   deb->file);
	}
	return check_unique(lock->debs, "package", error);
}

static gboolean check_sdists(const SmithLock *lock, GError **error)
{
	for (guint i = 0; i < lock->sdists->len; i++) {
		const SmithLockSdist *sdist = lock->sdists->pdata[i];
		if (!smith_digest_is_hex(sdist->sha256) || strchr(sdist->file, '/') != NULL ||
		    sdist->size < 0)
			return smith_throw(error, SMITH_ERROR_INVALID,
					   "source distribution '%s' has no legal file name, size "
					   "or SHA-256",
					   sdist->file);
	}
	return check_unique(lock->sdists, "source distribution", error);
}

static gboolean check_parts(const SmithLock *lock, GError **error)
{
	for (guint i = 0; i < lock->parts->len; i++) {
		const SmithLockPart *part = lock->parts->pdata[i];
		if (!smith_digest_is_hex(part->sha256))
			return smith_throw(error, SMITH_ERROR_INVALID,
					   "'%s' of part '%s' is no SHA-256: expected 64 "
					   "lower-case hex digits",
					   part->sha256, part->name);
	}
	return check_unique(lock->parts, "part", error);
}

static gboolean check_values(const SmithLock *lock, GError **error)
{
	for (guint i = 0; i < lock->bases->len; i++) {
		const SmithLockBase *base = lock->bases->pdata[i];
		if (!smith_digest_check(base->digest, base->from, error))
			return FALSE;
		if (base->size < 0)
			return smith_throw(error, SMITH_ERROR_INVALID,
					   "base '%s' has no legal size", base->from);
	}
	for (guint i = 0; i < lock->wheels->len; i++) {
		const SmithLockWheel *wheel = lock->wheels->pdata[i];
		if (!smith_digest_is_hex(wheel->sha256))
			return smith_throw(error, SMITH_ERROR_INVALID,
					   "'%s' of wheel '%s' is no SHA-256: expected 64 "
					   "lower-case hex digits",
					   wheel->sha256, wheel->file);
		if (strchr(wheel->file, '/') != NULL || wheel->size < 0)
			return smith_throw(error, SMITH_ERROR_INVALID,
					   "wheel '%s' has no legal file name or size",
					   wheel->file);
	}
	return check_unique(lock->bases, "base", error) && check_debs(lock, error) &&
	       check_sdists(lock, error) && check_parts(lock, error) &&
	       check_unique(lock->wheels, "wheel", error) &&
	       check_sets(lock->families, "family", error) &&
	       check_sets(lock->services, "service", error);
}

/* A build asks for each wheel of each service: hundreds among thousands. */
static void index_wheels(SmithLock *lock)
{
	lock->by_file = g_hash_table_new(g_str_hash, g_str_equal);
	for (guint i = 0; i < lock->wheels->len; i++) {
		SmithLockWheel *wheel = lock->wheels->pdata[i];
		g_hash_table_insert(lock->by_file, wheel->file, wheel);
	}
}

SmithLock *smith_lock_load(const SmithFleet *fleet, GError **error)
{
	g_autoptr(GError) local = NULL;
	g_autoptr(GBytes) bytes =
		smith_fd_read_file(fleet->fd, SMITH_LOCK_FILE, LOCK_LIMIT, &local);
	if (g_error_matches(local, G_IO_ERROR, G_IO_ERROR_NOT_FOUND)) {
		smith_throw(error, SMITH_ERROR_STALE,
			    "no '%s' in '%s': run 'ocismith lock' to make it", SMITH_LOCK_FILE,
			    fleet->directory);
		return NULL;
	}
	if (bytes == NULL) {
		g_propagate_error(error, g_steal_pointer(&local));
		return NULL;
	}
	gsize length = 0;
	const char *text = g_bytes_get_data(bytes, &length);
	g_autoptr(SmithNode) node = smith_node_read_json(text, length, SMITH_LOCK_FILE, error);
	if (node == NULL)
		return NULL;
	gint64 version = smith_node_get_int(node, "lock", 0);
	if (version != SMITH_LOCK_VERSION) {
		smith_throw(error, SMITH_ERROR_STALE,
			    "'%s' has format %" G_GINT64_FORMAT
			    ", this version writes %d: run 'ocismith lock'",
			    SMITH_LOCK_FILE, version, SMITH_LOCK_VERSION);
		return NULL;
	}
	g_autoptr(SmithLock) lock = smith_bind_parse(&lock_table, node, error);
	if (lock == NULL)
		return NULL;
	SMITH_AUTO_PREFIX(SMITH_LOCK_FILE, NULL, error);
	complete(lock);
	if (!check_values(lock, error))
		return NULL;
	index_wheels(lock);
	return g_steal_pointer(&lock);
}

char *smith_lock_write(const SmithLock *lock, gsize *length)
{
	g_autoptr(SmithNode) node = smith_bind_write(&lock_table, lock);
	return smith_json_write(node, SMITH_JSON_PRETTY, length);
}

gboolean smith_lock_save(const SmithLock *lock, const SmithFleet *fleet, gboolean *changed,
			 GError **error)
{
	gsize length = 0;
	g_autofree char *text = smith_lock_write(lock, &length);
	g_autoptr(GBytes) old = smith_fd_read_file(fleet->fd, SMITH_LOCK_FILE, LOCK_LIMIT, NULL);
	gboolean same = old != NULL && g_bytes_get_size(old) == length &&
			memcmp(g_bytes_get_data(old, NULL), text, length) == 0;
	if (changed != NULL)
		*changed = !same;
	return same || smith_fd_write_file(fleet->fd, SMITH_LOCK_FILE, text, length, 0644, error);
}

/* Every element's first member is its key. */
static int compare_first(gconstpointer a, gconstpointer b)
{
	const char *const *const *x = a, *const *const *y = b;
	return strcmp(**x, **y);
}

static int compare_strings(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void sort_strv(char **strv)
{
	if (strv != NULL)
		qsort(strv, g_strv_length(strv), sizeof(char *), compare_strings);
}

static void sort_sets(GPtrArray *sets)
{
	g_ptr_array_sort(sets, compare_first);
	for (guint i = 0; i < sets->len; i++) {
		SmithLockSet *set = sets->pdata[i];
		sort_strv(set->indexes);
		sort_strv(set->debs);
		sort_strv(set->requirements);
		sort_strv(set->override);
		sort_strv(set->wheels);
	}
}

void smith_lock_sort(SmithLock *lock)
{
	g_ptr_array_sort(lock->bases, compare_first);
	g_ptr_array_sort(lock->debs, compare_first);
	g_ptr_array_sort(lock->wheels, compare_first);
	g_ptr_array_sort(lock->sdists, compare_first);
	g_ptr_array_sort(lock->parts, compare_first);
	sort_sets(lock->families);
	sort_sets(lock->services);
	for (guint i = 0; i < lock->wheels->len; i++)
		sort_strv(((SmithLockWheel *)lock->wheels->pdata[i])->by);
}

static gpointer find(const GPtrArray *array, const char *key)
{
	for (guint i = 0; i < array->len; i++)
		if (g_strcmp0(*(char **)array->pdata[i], key) == 0)
			return array->pdata[i];
	return NULL;
}

SmithLockBase *smith_lock_base(const SmithLock *lock, const char *from)
{
	return find(lock->bases, from);
}

void smith_lock_forget_bases(SmithLock *lock, const char *from)
{
	for (guint i = lock->bases->len; i > 0; i--) {
		SmithLockBase *base = lock->bases->pdata[i - 1];
		if (from != NULL && strcmp(base->from, from) != 0)
			continue;
		g_ptr_array_remove_index(lock->bases, i - 1);
		smith_bind_free(&base_table, base);
	}
}

SmithLockBase *smith_lock_base_copy(const SmithLockBase *base)
{
	g_autoptr(SmithNode) node = smith_bind_write(&base_table, base);
	return smith_bind_parse(&base_table, node, NULL);
}

char *smith_lock_base_write(const SmithLockBase *base, gsize *length)
{
	g_autoptr(SmithNode) node = smith_bind_write(&base_table, base);
	return smith_json_write(node, 0, length);
}

SmithLockBase *smith_lock_base_read(const char *text, gsize length)
{
	g_autoptr(SmithNode) node = smith_node_read_json(text, length, "base", NULL);
	return node != NULL ? smith_bind_parse(&base_table, node, NULL) : NULL;
}

void smith_lock_base_free(SmithLockBase *base)
{
	smith_bind_free(&base_table, base);
}

SmithDeb *smith_lock_deb(const SmithLock *lock, const char *file)
{
	return find(lock->debs, file);
}

const SmithLockBase *smith_lock_base_of(const SmithLock *lock, const SmithFleet *fleet,
					const char *family)
{
	const SmithLockBase *known = g_hash_table_lookup(lock->seen_by, family);
	if (known != NULL)
		return known;
	const SmithFamily *own = smith_fleet_family(fleet, family);
	const SmithLockSet *set = smith_lock_family(lock, family);
	const SmithLockBase *below = smith_fleet_family(fleet, own->from) != NULL
					     ? smith_lock_base_of(lock, fleet, own->from)
					     : smith_lock_base(lock, own->from);
	if (below == NULL || set == NULL || set->found == NULL)
		return below;
	SmithLockBase *base = smith_lock_base_with(below, set->found);
	g_hash_table_insert(lock->seen_by, g_strdup(family), base);
	return base;
}

SmithLockSet *smith_lock_family(const SmithLock *lock, const char *name)
{
	return find(lock->families, name);
}

SmithLockSet *smith_lock_service(const SmithLock *lock, const char *name)
{
	return find(lock->services, name);
}

SmithLockWheel *smith_lock_wheel(const SmithLock *lock, const char *file)
{
	return lock->by_file != NULL ? g_hash_table_lookup(lock->by_file, file)
				     : find(lock->wheels, file);
}

SmithLockSdist *smith_lock_sdist_of(const SmithLock *lock, const char *url)
{
	return g_str_has_prefix(url, SMITH_LOCK_SDIST)
		       ? find(lock->sdists, url + strlen(SMITH_LOCK_SDIST))
		       : NULL;
}

SmithLockPart *smith_lock_part(const SmithLock *lock, const char *name)
{
	return find(lock->parts, name);
}

void smith_lock_set_part(SmithLock *lock, const char *name, const char *sha256)
{
	SmithLockPart *part = smith_lock_part(lock, name);
	if (part == NULL) {
		part = g_new0(SmithLockPart, 1);
		part->name = g_strdup(name);
		g_ptr_array_add(lock->parts, part);
	}
	g_free(part->sha256);
	part->sha256 = g_strdup(sha256);
}

SmithLockSdist *smith_lock_sdist_copy(const SmithLockSdist *sdist)
{
	g_autoptr(SmithNode) node = smith_bind_write(&sdist_table, sdist);
	return smith_bind_parse(&sdist_table, node, NULL);
}

void smith_lock_sdist_free(SmithLockSdist *sdist)
{
	if (sdist != NULL)
		smith_bind_free(&sdist_table, sdist);
}

static gboolean add_wheels(const SmithLock *lock, const SmithLockSet *set, GPtrArray *wheels,
			   GError **error)
{
	char **override = set != NULL ? set->override : NULL;
	for (guint i = wheels->len; override != NULL && i-- > 0;)
		if (g_strv_contains((const char *const *) override,
				    ((SmithLockWheel *)wheels->pdata[i])->name))
			g_ptr_array_remove_index(wheels, i);
	for (char **file = set != NULL ? set->wheels : NULL; file != NULL && *file != NULL;
	     file++) {
		SmithLockWheel *wheel = smith_lock_wheel(lock, *file);
		if (wheel == NULL)
			return smith_throw(error, SMITH_ERROR_INVALID,
					   "%s: '%s' uses wheel '%s', which it does not describe",
					   SMITH_LOCK_FILE, set->name, *file);
		g_ptr_array_add(wheels, wheel);
	}
	return TRUE;
}

GPtrArray *smith_lock_wheels_of(const SmithLock *lock, const SmithFleet *fleet, const char *family,
				const char *service, GError **error)
{
	g_autoptr(GPtrArray) wheels = g_ptr_array_new();
	const char *base = NULL;
	g_autoptr(GPtrArray) chain = smith_fleet_chain(fleet, family, &base);
	for (guint i = 0; i < chain->len; i++) {
		const SmithFamily *link = chain->pdata[i];
		if (!add_wheels(lock, smith_lock_family(lock, link->name), wheels, error))
			return NULL;
	}
	if (service != NULL && !add_wheels(lock, smith_lock_service(lock, service), wheels, error))
		return NULL;
	return g_steal_pointer(&wheels);
}

/* Where wheels come from is said once, for the whole fleet. */
static void warn_of_sources(const SmithRequirements *found, SmithPlace place, SmithDiag *diag)
{
	if (found->index_url != NULL || found->extra_index_urls->len > 0 ||
	    found->find_links->len > 0)
		smith_diag_add(diag, SMITH_SEVERITY_WARNING, place, "wheel-source",
			       "indexes and find-links of requirement files are not used: name "
			       "them under 'wheels' in fleet.yaml");
}

static SmithRequirements *read_one(const SmithFleet *fleet, const SmithPip *pip, SmithDiag *diag)
{
	static const char *const none[] = {NULL};
	if (pip == NULL)
		return smith_requirements_parse_lines(none, fleet->place, diag);
	if (pip->file == NULL)
		return smith_requirements_parse_lines(
			pip->lines != NULL ? (const char *const *)pip->lines : none, pip->place,
			diag);
	SmithRequirements *found = smith_requirements_read(fleet->fd, pip->file, diag);
	warn_of_sources(found, pip->place, diag);
	return found;
}

/* Moves what @into lacks. */
static void take_lines(GPtrArray *into, GPtrArray *from, GHashTable *known)
{
	while (from->len > 0) {
		SmithRequirementLine *line = g_ptr_array_steal_index(from, 0);
		if (g_hash_table_add(known, smith_requirement_to_string(line->req)))
			g_ptr_array_add(into, line);
		else
			smith_requirement_line_free(line);
	}
}

static void take_pylocks(SmithRequirements *into, SmithRequirements *from)
{
	if (into->pylocks == NULL)
		into->pylocks = g_steal_pointer(&from->pylocks);
	else if (from->pylocks != NULL)
		g_ptr_array_extend_and_steal(into->pylocks, g_steal_pointer(&from->pylocks));
}

SmithRequirements *smith_lock_read_requirements(const SmithFleet *fleet, const SmithPip *pip,
						SmithDiag *diag)
{
	SmithRequirements *found = read_one(fleet, pip, diag);
	if (pip == NULL || pip->others == NULL)
		return found;
	g_autoptr(GHashTable) known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autoptr(GHashTable) limits = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	for (guint i = 0; i < pip->others->len; i++) {
		g_autoptr(SmithRequirements) other = read_one(fleet, pip->others->pdata[i], diag);
		take_lines(found->lines, other->lines, known);
		take_lines(found->constraints, other->constraints, limits);
		take_pylocks(found, other);
	}
	return found;
}

static void add_texts(GPtrArray *texts, const char *before, const GPtrArray *lines)
{
	for (guint i = 0; i < lines->len; i++) {
		const SmithRequirementLine *line = lines->pdata[i];
		GString *text = g_string_new(before);
		g_autofree char *requirement = smith_requirement_to_string(line->req);
		g_string_append(text, requirement);
		for (char **hash = line->hashes; *hash != NULL; hash++)
			g_string_append_printf(text, " --hash=%s", *hash);
		g_ptr_array_add(texts, g_string_free(text, FALSE));
	}
}

static void add_python(GPtrArray *texts, const SmithPylock *pylock, const char *name,
		       const SmithSpecifierSet *python)
{
	if (python == NULL)
		return;
	g_autofree char *text = smith_specifier_to_string(python);
	g_ptr_array_add(texts, g_strdup_printf("%s%s%s: requires-python %s", pylock->file,
					       *name != '\0' ? " " : "", name, text));
}

/* What the lock files of others say of where they hold; their packages are lines. */
static void add_pylocks(GPtrArray *texts, const GPtrArray *pylocks)
{
	for (guint i = 0; pylocks != NULL && i < pylocks->len; i++) {
		const SmithPylock *pylock = pylocks->pdata[i];
		add_python(texts, pylock, "", pylock->requires_python);
		for (guint j = 0; j < pylock->environments->len; j++) {
			g_autofree char *marker =
				smith_marker_to_string(pylock->environments->pdata[j]);
			g_ptr_array_add(
				texts, g_strdup_printf("%s: environment %s", pylock->file, marker));
		}
		for (guint j = 0; j < pylock->packages->len; j++) {
			const SmithPylockPackage *package = pylock->packages->pdata[j];
			add_python(texts, pylock, package->key, package->requires_python);
		}
	}
}

char **smith_lock_requirements(const SmithFleet *fleet, const SmithPip *pip, SmithDiag *diag)
{
	g_autoptr(GPtrArray) texts = g_ptr_array_new();
	g_autoptr(SmithRequirements) found = smith_lock_read_requirements(fleet, pip, diag);
	add_texts(texts, "", found->lines);
	add_texts(texts, "-c ", found->constraints);
	add_pylocks(texts, found->pylocks);
	g_ptr_array_sort(texts, compare_strings);
	g_ptr_array_add(texts, NULL);
	return (char **)g_ptr_array_steal(texts, NULL);
}

static void note(GPtrArray *changes, const char *format, ...) G_GNUC_PRINTF(2, 3);
static void note(GPtrArray *changes, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	g_ptr_array_add(changes, g_strdup_vprintf(format, arguments));
	va_end(arguments);
}

/* @what: "requirement", "override" */
static void compare_lists(char **was, char **is, const char *what, const char *kind,
			  const char *name, GPtrArray *changes)
{
	static char *none[] = {NULL};
	was = was != NULL ? was : none;
	is = is != NULL ? is : none;
	for (char **line = is; *line != NULL; line++)
		if (!g_strv_contains((const char *const *)was, *line))
			note(changes, "%s '%s': %s '%s' was added", kind, name, what, *line);
	for (char **line = was; *line != NULL; line++)
		if (!g_strv_contains((const char *const *)is, *line))
			note(changes, "%s '%s': %s '%s' was removed", kind, name, what, *line);
}

static void compare_set(const SmithFleet *fleet, const SmithLockSet *set, const char *kind,
			const char *name, const char *from, const SmithPip *pip, GPtrArray *changes,
			SmithDiag *diag)
{
	if (set == NULL) {
		note(changes, "%s '%s' was added", kind, name);
		return;
	}
	if (strcmp(set->from, from) != 0)
		note(changes, "%s '%s' is now derived from '%s', the lock has '%s'", kind, name,
		     from, set->from);
	g_auto(GStrv) now = smith_lock_requirements(fleet, pip, diag);
	compare_lists(set->requirements, now, "requirement", kind, name, changes);
	compare_lists(set->override, pip != NULL ? pip->override : NULL, "override", kind, name,
		      changes);
}

static void compare_removed(const GPtrArray *sets, const GPtrArray *named, const char *kind,
			    GPtrArray *changes)
{
	for (guint i = 0; i < sets->len; i++) {
		const SmithLockSet *set = sets->pdata[i];
		if (find(named, set->name) == NULL)
			note(changes, "%s '%s' was removed", kind, set->name);
	}
}

GPtrArray *smith_lock_changes(const SmithLock *lock, const SmithFleet *fleet, SmithDiag *diag)
{
	GPtrArray *changes = g_ptr_array_new_with_free_func(g_free);
	if (fleet->platform != NULL && strcmp(fleet->platform, lock->platform) != 0)
		note(changes, "the platform is now '%s', the lock has '%s'", fleet->platform,
		     lock->platform);
	for (guint i = 0; i < fleet->families->len; i++) {
		const SmithFamily *family = fleet->families->pdata[i];
		compare_set(fleet, smith_lock_family(lock, family->name), "family", family->name,
			    family->from, family->pip, changes, diag);
		if (smith_fleet_family(fleet, family->from) == NULL &&
		    smith_lock_base(lock, family->from) == NULL)
			note(changes, "base '%s' is not in the lock", family->from);
	}
	for (guint i = 0; i < fleet->built->len; i++) {
		const SmithService *service = fleet->built->pdata[i];
		compare_set(fleet, smith_lock_service(lock, service->name), "service",
			    service->name, service->family, service->pip, changes, diag);
	}
	smith_lock_apt_changes(lock, fleet, changes);
	if (smith_lock_part(lock, SMITH_PART_PROBE) == NULL && smith_part_has_probe(lock->platform))
		note(changes, "'" SMITH_PART_PROBE "' is not in the lock");
	compare_removed(lock->families, fleet->families, "family", changes);
	compare_removed(lock->services, fleet->built, "service", changes);
	return changes;
}
