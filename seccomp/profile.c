/* SPDX-License-Identifier: Apache-2.0 */
#include "seccomp/profile-private.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "seccomp/profile-name.h"

#define MAX_DEPTH 8
#define MAX_LOADS 64
#define MAX_NAME 64

/* One load with all of its includes. */
typedef struct {
	int dirfd;
	guint loads;
	guint depth;
	/* what is being loaded, the innermost last */
	struct {
		const char *name;
		bool of_fleet;
	} stack[MAX_DEPTH];
} Load;

static SmithProfile *load(Load *at, const char *name, bool builtin, GError **error);

SmithProfile *smith_profile_new(const char *name)
{
	SmithProfile *profile = g_new0(SmithProfile, 1);

	profile->name = g_strdup(name);
	profile->default_errno = -1;
	profile->rules = g_ptr_array_new_with_free_func((GDestroyNotify)smith_profile_rule_free);
	profile->dropped = g_ptr_array_new_with_free_func((GDestroyNotify)smith_profile_rule_free);
	return profile;
}

void smith_profile_rule_free(SmithProfileRule *rule)
{
	if (rule == NULL)
		return;
	g_free(rule->name);
	g_free(rule->action);
	g_ptr_array_unref(rule->args);
	g_free(rule->reason);
	g_free(rule->from);
	g_strfreev(rule->arches);
	g_strfreev(rule->not_arches);
	g_strfreev(rule->caps);
	g_strfreev(rule->not_caps);
	g_free(rule);
}

void smith_profile_free(SmithProfile *profile)
{
	if (profile == NULL)
		return;
	g_free(profile->name);
	g_free(profile->default_action);
	g_strfreev(profile->includes);
	g_ptr_array_unref(profile->rules);
	g_ptr_array_unref(profile->dropped);
	g_free(profile);
}

static int compare_numbers(guint64 a, guint64 b)
{
	return (a > b) - (a < b);
}

static int compare_args(const GPtrArray *a, const GPtrArray *b)
{
	for (guint i = 0; i < a->len && i < b->len; i++) {
		const SmithProfileArg *one = a->pdata[i];
		const SmithProfileArg *other = b->pdata[i];
		const int by[] = {
			compare_numbers(one->index, other->index),
			strcmp(one->op, other->op),
			compare_numbers(one->value, other->value),
			compare_numbers(one->value_two, other->value_two),
		};

		for (gsize j = 0; j < G_N_ELEMENTS(by); j++)
			if (by[j] != 0)
				return by[j];
	}
	return compare_numbers(a->len, b->len);
}

static int compare_names(char **a, char **b)
{
	if (a == NULL || b == NULL)
		return (a != NULL) - (b != NULL);
	for (; *a != NULL && *b != NULL; a++, b++) {
		int by = strcmp(*a, *b);

		if (by != 0)
			return by;
	}
	return (*a != NULL) - (*b != NULL);
}

int smith_profile_rule_compare(const SmithProfileRule *a, const SmithProfileRule *b)
{
	const int by[] = {
		compare_args(a->args, b->args),
		compare_names(a->arches, b->arches),
		compare_names(a->not_arches, b->not_arches),
		compare_names(a->caps, b->caps),
		compare_names(a->not_caps, b->not_caps),
	};

	for (gsize i = 0; i < G_N_ELEMENTS(by); i++)
		if (by[i] != 0)
			return by[i];
	return 0;
}

bool smith_profile_rule_is_plain(const SmithProfileRule *rule)
{
	return rule->args->len == 0 && rule->arches == NULL && rule->not_arches == NULL &&
	       rule->caps == NULL && rule->not_caps == NULL;
}

bool smith_profile_lets_through(const char *action)
{
	return strcmp(action, SMITH_PROFILE_ALLOW) == 0 || strcmp(action, "SCMP_ACT_LOG") == 0;
}

bool smith_profile_rule_applies(const SmithProfileRule *rule, const char *architecture)
{
	if (rule->arches != NULL &&
	    !g_strv_contains((const char *const *)rule->arches, architecture))
		return false;
	if (rule->not_arches != NULL &&
	    g_strv_contains((const char *const *)rule->not_arches, architecture))
		return false;
	return rule->caps == NULL;
}

static gint compare_rules(gconstpointer a, gconstpointer b)
{
	const SmithProfileRule *one = *(const SmithProfileRule *const *)a;
	const SmithProfileRule *other = *(const SmithProfileRule *const *)b;
	int by = strcmp(one->name, other->name);

	if (by == 0)
		by = smith_profile_rule_compare(one, other);
	return by != 0 ? by : strcmp(one->action, other->action);
}

static bool same_action(const SmithProfileRule *a, const SmithProfileRule *b)
{
	return strcmp(a->action, b->action) == 0 && a->errno_ret == b->errno_ret;
}

static SmithProfileRule *find_same(const GPtrArray *rules, const SmithProfileRule *rule)
{
	for (guint i = 0; i < rules->len; i++) {
		SmithProfileRule *old = rules->pdata[i];

		if (strcmp(old->name, rule->name) == 0 &&
		    smith_profile_rule_compare(old, rule) == 0)
			return old;
	}
	return NULL;
}

/* What there is to be done about a contradiction. */
static char *say_it(const SmithProfile *profile)
{
	if (smith_profile_name_is_joined(profile->name))
		return g_strdup("a profile of the fleet that includes both must say which holds");
	return g_strdup_printf("a rule of '%s' itself must say which holds", profile->name);
}

static gboolean throw_other(const SmithProfileRule *old, const SmithProfileRule *rule,
			    const SmithProfile *profile, GError **error)
{
	g_autofree char *what = say_it(profile);

	return smith_throw(error, SMITH_ERROR_CONFLICT,
			   "profiles '%s' and '%s' contradict each other about '%s'; %s", old->from,
			   rule->from, rule->name, what);
}

/* Of two includes: both hold. */
static gboolean add_included(SmithProfile *profile, const SmithProfile *from,
			     const SmithProfile *own, GError **error)
{
	for (guint i = 0; i < from->rules->len; i++) {
		const SmithProfileRule *rule = from->rules->pdata[i];
		const SmithProfileRule *old = find_same(profile->rules, rule);

		if (old == NULL) {
			g_ptr_array_add(profile->rules, smith_profile_rule_copy(rule));
			continue;
		}
		if (!same_action(old, rule) && find_same(own->rules, rule) == NULL)
			return throw_other(old, rule, profile, error);
	}
	if (profile->default_action != NULL &&
	    (strcmp(profile->default_action, from->default_action) != 0 ||
	     profile->default_errno != from->default_errno) &&
	    own->default_action == NULL)
		return smith_throw(error, SMITH_ERROR_CONFLICT,
				   "profile '%s' has another default action than '%s', which is "
				   "included beside it",
				   from->name, own->includes[0]);
	if (profile->default_action == NULL) {
		profile->default_action = g_strdup(from->default_action);
		profile->default_errno = from->default_errno;
	}
	profile->wide_archs |= from->wide_archs;
	return TRUE;
}

/* A profile's own rules, over those that were included. */
static void add_own(SmithProfile *profile, const SmithProfile *own)
{
	guint included = profile->rules->len;
	g_autoptr(GHashTable) replaced = g_hash_table_new(g_str_hash, g_str_equal);

	for (guint i = 0; i < own->rules->len; i++) {
		const SmithProfileRule *rule = own->rules->pdata[i];

		if (smith_profile_rule_is_plain(rule))
			g_hash_table_add(replaced, rule->name);
	}
	for (guint i = included; i-- > 0;) {
		const SmithProfileRule *old = profile->rules->pdata[i];

		if (g_hash_table_contains(replaced, old->name) ||
		    find_same(own->rules, old) != NULL)
			g_ptr_array_remove_index(profile->rules, i);
	}
	for (guint i = 0; i < own->rules->len; i++)
		g_ptr_array_add(profile->rules, smith_profile_rule_copy(own->rules->pdata[i]));
}

/* Sorted; without what is said twice, or is allowed some of when all of it is. */
static void tidy(SmithProfile *profile)
{
	const SmithProfileRule *plain = NULL;
	const SmithProfileRule *before = NULL;
	g_autoptr(GPtrArray) all = g_steal_pointer(&profile->rules);

	profile->rules = g_ptr_array_new_with_free_func((GDestroyNotify)smith_profile_rule_free);
	g_ptr_array_sort(all, compare_rules);
	for (guint i = 0; i < all->len; i++) {
		const SmithProfileRule *rule = all->pdata[i];
		bool twice = before != NULL && strcmp(before->name, rule->name) == 0 &&
			     smith_profile_rule_compare(before, rule) == 0 &&
			     same_action(before, rule);
		bool covered = plain != NULL && strcmp(plain->name, rule->name) == 0 &&
			       same_action(plain, rule);

		if (twice || covered) {
			if (strcmp(rule->from, profile->name) == 0)
				g_ptr_array_add(profile->dropped, smith_profile_rule_copy(rule));
			continue;
		}
		if (smith_profile_rule_is_plain(rule))
			plain = rule;
		before = rule;
		g_ptr_array_add(profile->rules, smith_profile_rule_copy(rule));
	}
}

static SmithProfile *load_include(Load *at, const SmithProfile *own, const char *name,
				  GError **error)
{
	/* its own name means the one that comes with the program, where a fleet's is over it */
	bool builtin = own->of_fleet && strcmp(name, own->name) == 0;

	for (guint i = 0; i < at->depth; i++)
		if (strcmp(at->stack[i].name, name) == 0 && !(builtin && at->stack[i].of_fleet))
			return smith_throw_null(error, SMITH_ERROR_INVALID,
						"seccomp profile '%s' includes itself by way of "
						"'%s'",
						name, own->name);
	return load(at, name, builtin, error);
}

/* @own with what it includes. */
static SmithProfile *flatten(Load *at, const SmithProfile *own, GError **error)
{
	g_autoptr(SmithProfile) profile = smith_profile_new(own->name);

	if (at->depth == MAX_DEPTH)
		return smith_throw_null(error, SMITH_ERROR_LIMIT,
					"includes of seccomp profiles are nested deeper than %d",
					MAX_DEPTH);
	at->stack[at->depth].name = own->name;
	at->stack[at->depth].of_fleet = own->of_fleet;
	at->depth++;
	for (guint i = 0; own->includes[i] != NULL; i++) {
		g_autoptr(SmithProfile) included = load_include(at, own, own->includes[i], error);

		if (included == NULL || !add_included(profile, included, own, error))
			return NULL;
	}
	at->depth--;
	if (own->default_action != NULL) {
		g_free(profile->default_action);
		profile->default_action = g_strdup(own->default_action);
		profile->default_errno = own->default_errno;
	}
	if (profile->default_action == NULL)
		return smith_throw_null(error, SMITH_ERROR_INVALID,
					"seccomp profile '%s' has no 'defaultAction'", own->name);
	add_own(profile, own);
	if (profile->rules->len > SMITH_PROFILE_MAX_RULES)
		return smith_throw_null(error, SMITH_ERROR_LIMIT,
					"seccomp profile '%s' has more than %d rules", own->name,
					SMITH_PROFILE_MAX_RULES);
	tidy(profile);
	profile->includes = g_strdupv(own->includes);
	profile->of_fleet = own->of_fleet;
	profile->place = own->place;
	profile->wide_archs |= own->wide_archs;
	return g_steal_pointer(&profile);
}

static gboolean check_name(const char *name, GError **error)
{
	gsize length = strlen(name);

	if (length == 0 || length > MAX_NAME || name[0] == '.' || name[0] == '-' ||
	    strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") !=
		    length)
		return smith_throw(error, SMITH_ERROR_INVALID,
				   "'%s' is no name of a seccomp profile", name);
	return TRUE;
}

/* The fleet's file, NULL without an error when it has none. */
static GBytes *read_of_fleet(int dirfd, const char *file, GError **error)
{
	g_autoptr(GError) local = NULL;
	GBytes *bytes = smith_fd_read_foreign(dirfd, file, SMITH_PROFILE_MAX_BYTES, &local);

	if (bytes == NULL && !g_error_matches(local, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
		g_propagate_error(error, g_steal_pointer(&local));
	return bytes;
}

static gboolean throw_unknown(int dirfd, const char *name, GError **error)
{
	g_auto(GStrv) names = smith_profile_list(dirfd);
	g_autofree char *known = g_strjoinv(", ", names);
	const char *nearest = smith_nearest(name, (const char *const *)names);

	if (nearest != NULL)
		return smith_throw(error, SMITH_ERROR_NOT_FOUND,
				   "no seccomp profile is called '%s' (did you mean '%s'?)", name,
				   nearest);
	return smith_throw(error, SMITH_ERROR_NOT_FOUND,
			   "no seccomp profile is called '%s'; there are %s", name, known);
}

/* As of a file that includes them and says nothing itself. */
static SmithProfile *load_joined(Load *at, const char *name, GError **error)
{
	g_auto(GStrv) parts = smith_profile_name_split(name);
	g_autofree char *joined = smith_profile_name_join((const char *const *)parts);
	g_autoptr(SmithProfile) own = NULL;

	if (parts[0] != NULL && parts[1] == NULL)
		return load(at, parts[0], false, error);
	own = smith_profile_new(joined);
	own->place.file = g_intern_string(joined);
	own->includes = g_steal_pointer(&parts);
	return flatten(at, own, error);
}

bool smith_profile_is_of_fleet(int dirfd, const char *name)
{
	g_auto(GStrv) parts = smith_profile_name_split(name);

	for (guint i = 0; dirfd >= 0 && parts[i] != NULL; i++) {
		g_autofree char *file = smith_profile_name_file(parts[i]);

		if (faccessat(dirfd, file, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
			return true;
	}
	return false;
}

static SmithProfile *load(Load *at, const char *name, bool builtin, GError **error)
{
	g_autofree char *file = g_strdup_printf(SMITH_PROFILE_DIRECTORY "/%s.json", name);
	g_autoptr(GBytes) bytes = NULL;
	g_autoptr(GError) local = NULL;
	g_autoptr(SmithProfile) own = NULL;
	const char *text;
	gsize length;

	if (smith_profile_name_is_joined(name))
		return load_joined(at, name, error);
	if (!check_name(name, error))
		return NULL;
	if (++at->loads > MAX_LOADS)
		return smith_throw_null(error, SMITH_ERROR_LIMIT,
					"more than %d seccomp profiles are included", MAX_LOADS);
	if (at->dirfd >= 0 && !builtin)
		bytes = read_of_fleet(at->dirfd, file, &local);
	if (local != NULL) {
		g_propagate_error(error, g_steal_pointer(&local));
		return NULL;
	}
	if (bytes != NULL) {
		text = g_bytes_get_data(bytes, &length);
	} else {
		text = smith_profile_builtin(name, &length);
		if (text == NULL) {
			throw_unknown(at->dirfd, name, error);
			return NULL;
		}
	}
	own = smith_profile_read(name, file, text, length, error);
	if (own == NULL)
		return NULL;
	own->of_fleet = bytes != NULL;
	return flatten(at, own, error);
}

SmithProfile *smith_profile_load(int dirfd, const char *name, GError **error)
{
	Load at = {.dirfd = dirfd};
	SmithProfile *profile = load(&at, name, false, error);

	if (profile != NULL && smith_profile_name_is_joined(profile->name))
		profile->of_fleet = smith_profile_is_of_fleet(dirfd, profile->name);
	return profile;
}

SmithProfile *smith_profile_load_told(int dirfd, const char *name, SmithDiag *diag, GError **error)
{
	g_autofree char *file = smith_profile_name_file(name);
	guint errors = diag->errors;
	g_autoptr(SmithProfile) own = NULL;
	g_autoptr(GBytes) bytes = NULL;
	const char *text;
	gsize length;

	if (!check_name(name, error))
		return NULL;
	bytes = smith_fd_read_foreign(dirfd, file, SMITH_PROFILE_MAX_BYTES, error);
	if (bytes == NULL)
		return NULL;
	text = g_bytes_get_data(bytes, &length);
	own = smith_profile_read_into(name, file, text, length, diag, error);
	if (own == NULL || diag->errors > errors)
		return NULL;
	return smith_profile_load(dirfd, name, error);
}

SmithProfile *smith_profile_parse(int dirfd, const char *name, const char *text, gsize length,
				  GError **error)
{
	Load at = {.dirfd = dirfd};
	g_autoptr(SmithProfile) own = smith_profile_read(name, name, text, length, error);

	return own != NULL ? flatten(&at, own, error) : NULL;
}

/* Adds the names of the fleet's files; one that cannot be listed has none. */
static void add_of_fleet(int dirfd, GPtrArray *names)
{
	smith_autofd int fd = smith_fd_open_beneath(dirfd, SMITH_PROFILE_DIRECTORY,
						    O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0, NULL);
	g_autoptr(GPtrArray) files = fd >= 0 ? smith_fd_list_dir(fd, NULL) : NULL;

	for (guint i = 0; files != NULL && i < files->len; i++) {
		g_autofree char *name = g_strdup(files->pdata[i]);

		if (!g_str_has_suffix(name, ".json"))
			continue;
		name[strlen(name) - strlen(".json")] = '\0';
		if (check_name(name, NULL) && !g_strv_contains(smith_profile_names(), name))
			g_ptr_array_add(names, g_steal_pointer(&name));
	}
}

static gint compare_strings(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

char **smith_profile_list(int dirfd)
{
	const char *const *builtin = smith_profile_names();
	GPtrArray *names = g_ptr_array_new();

	for (guint i = 0; builtin[i] != NULL; i++)
		g_ptr_array_add(names, g_strdup(builtin[i]));
	if (dirfd >= 0)
		add_of_fleet(dirfd, names);
	g_ptr_array_sort(names, compare_strings);
	g_ptr_array_add(names, NULL);
	return (char **)g_ptr_array_free(names, FALSE);
}
