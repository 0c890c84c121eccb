/* SPDX-License-Identifier: Apache-2.0 */
#include "fleet/resolve-apt.h"

#include <string.h>

#include "base/error.h"
#include "execute/apt-closure.h"
#include "fleet/base-image.h"
#include "fleet/lock-apt.h"

typedef struct {
	const SmithFamilyContext *context;
	SmithLock *lock;
	const SmithResolveOptions *options;
	const SmithFamily *family;
	SmithLockSet *set;	 /* in the lock */
	const SmithLockSet *old; /* in the previous one, or NULL */
} Apt;

static bool same(char **a, char **b)
{
	static char *none[] = {NULL};
	return g_strv_equal((const char *const *)(a != NULL ? a : none),
			    (const char *const *)(b != NULL ? b : none));
}

/* --update of everything, of the family, or of a package by its name. */
static bool is_updated(const Apt *apt, const char *name)
{
	const char *const *updates = apt->options->updates;
	for (; updates != NULL && *updates != NULL; updates++)
		if (**updates == '\0' || strcmp(*updates, apt->family->name) == 0 ||
		    (name != NULL && strcmp(*updates, name) == 0))
			return true;
	return false;
}

/* All below the family is what it was: the base, and the .debs of each parent. */
static bool is_same_below(const Apt *apt)
{
	const SmithFleet *fleet = apt->context->fleet;
	const SmithLock *previous = apt->options->previous;
	const SmithFamily *family = apt->family;
	if (strcmp(previous->platform, apt->lock->platform) != 0)
		return false;
	for (const SmithFamily *parent = smith_fleet_family(fleet, family->from); parent != NULL;
	     parent = smith_fleet_family(fleet, family->from)) {
		const SmithLockSet *was = smith_lock_family(previous, parent->name);
		const SmithLockSet *is = smith_lock_family(apt->lock, parent->name);
		if (was == NULL || !same(was->debs, is->debs))
			return false;
		family = parent;
	}
	const SmithLockBase *was = smith_lock_base(previous, family->from);
	const SmithLockBase *is = smith_lock_base(apt->lock, family->from);
	return was != NULL && is != NULL && strcmp(was->digest, is->digest) == 0;
}

static bool is_kept(const Apt *apt)
{
	if (apt->old == NULL || !same(apt->old->apt, apt->set->apt) || !is_same_below(apt) ||
	    is_updated(apt, NULL))
		return false;
	g_autoptr(GPtrArray) debs =
		smith_lock_debs_of(apt->options->previous, apt->family->name, apt->old->debs, NULL);
	for (guint i = 0; debs != NULL && i < debs->len; i++)
		if (is_updated(apt, ((SmithDeb *)debs->pdata[i])->name))
			return false;
	return debs != NULL;
}

/* An archive that gives one file two contents is not to be believed. */
static gboolean add_debs(Apt *apt, const GPtrArray *debs, GError **error)
{
	g_autoptr(GPtrArray) files = g_ptr_array_new();
	for (guint i = 0; i < debs->len; i++) {
		const SmithDeb *deb = debs->pdata[i];
		const SmithDeb *known = smith_lock_deb(apt->lock, deb->file);
		if (known != NULL && strcmp(known->sha256, deb->sha256) != 0)
			return smith_throw(error, SMITH_ERROR_CONFLICT,
					   "two packages are '%s': 'sha256:%s' of '%s' and "
					   "'sha256:%s' of '%s'",
					   deb->file, known->sha256, known->url, deb->sha256,
					   deb->url);
		if (known == NULL)
			g_ptr_array_add(apt->lock->debs, smith_deb_copy(deb));
		g_ptr_array_add(files, deb->file);
	}
	g_ptr_array_add(files, NULL);
	apt->set->debs = g_strdupv((char **)files->pdata);
	return TRUE;
}

static gboolean keep(Apt *apt, GError **error)
{
	g_autoptr(GPtrArray) debs = smith_lock_debs_of(apt->options->previous, apt->family->name,
						       apt->old->debs, error);
	if (debs == NULL || !add_debs(apt, debs, error))
		return FALSE;
	apt->set->indexes = g_strdupv(apt->old->indexes);
	apt->set->found = smith_lock_found_copy(apt->old->found);
	return TRUE;
}

static void archive_free(gpointer data)
{
	SmithAptArchive *archive = data;
	g_free(archive->uri);
	g_free(archive->suite);
	g_free(archive->components);
	g_free(archive->keyring_path);
	g_clear_pointer(&archive->keyring, g_bytes_unref);
	g_free(archive);
}

static gboolean add_archive(const SmithFleet *fleet, GPtrArray *archives,
			    const SmithAptSource *source, GError **error)
{
	SmithAptArchive *archive = g_new0(SmithAptArchive, 1);
	g_ptr_array_add(archives, archive);
	archive->uri = g_strdup(source->uri);
	archive->suite = g_strdup(source->suite);
	archive->components = g_strjoinv(" ", source->components);
	archive->is_snapshot = source->snapshot != NULL;
	if (source->keyring == NULL)
		return TRUE;
	if (*source->keyring == '/')
		archive->keyring_path = g_strdup(source->keyring);
	else
		archive->keyring = smith_lock_read_keyring(fleet, source->keyring, error);
	return *source->keyring == '/' || archive->keyring != NULL;
}

GPtrArray *smith_resolve_apt_archives(const SmithFleet *fleet, const char *name, GError **error)
{
	g_autoptr(GPtrArray) archives = g_ptr_array_new_with_free_func(archive_free);
	const SmithFamily *family = smith_fleet_family(fleet, name);
	while (family != NULL && (family->apt == NULL || family->apt->sources->len == 0))
		family = smith_fleet_family(fleet, family->from);
	for (guint i = 0; family != NULL && i < family->apt->sources->len; i++)
		if (!add_archive(fleet, archives, family->apt->sources->pdata[i], error))
			return NULL;
	return g_steal_pointer(&archives);
}

/* Locked versions that are to stay. */
static GPtrArray *make_keep(const Apt *apt)
{
	GPtrArray *list = g_ptr_array_new();
	if (apt->old == NULL)
		return list;
	g_autoptr(GPtrArray) debs =
		smith_lock_debs_of(apt->options->previous, apt->family->name, apt->old->debs, NULL);
	for (guint i = 0; debs != NULL && i < debs->len; i++)
		if (!is_updated(apt, ((SmithDeb *)debs->pdata[i])->name))
			g_ptr_array_add(list, debs->pdata[i]);
	return list;
}

static SmithRoot *root_below(const Apt *apt, GError **error)
{
	const SmithFamily *family = apt->family;
	if (smith_fleet_family(apt->context->fleet, family->from) != NULL)
		return smith_family_root(apt->context, family->from, error);
	const SmithLockBase *base = smith_lock_base(apt->lock, family->from);
	return smith_root_of_image(apt->context->execution.store, base->digest, error);
}

static gboolean ask(Apt *apt, GError **error)
{
	const SmithFamily *family = apt->family;
	g_autofree char *what = g_strdup_printf("apt of family '%s'", family->name);
	g_autoptr(GPtrArray) archives = NULL;
	g_autoptr(SmithRoot) root = NULL;
	if (!smith_family_check_platform(apt->lock, what, error))
		return FALSE;
	archives = smith_resolve_apt_archives(apt->context->fleet, family->name, error);
	if (archives != NULL)
		root = root_below(apt, error);
	if (root == NULL)
		return FALSE;
	g_autoptr(GPtrArray) kept = make_keep(apt);
	g_autoptr(GHashTable) options = smith_family_apt_options(apt->context->fleet, family->name);
	SmithAptRequest request = {
		.name = family->name,
		.sources = archives,
		.words = (const char *const *)family->apt->packages,
		.options = options,
		.keep = kept,
	};
	g_auto(SmithAptClosure) closure = {0};
	if (!smith_apt_closure(&apt->context->execution, root, &request, &closure, error) ||
	    !add_debs(apt, closure.debs, error))
		return FALSE;
	apt->set->indexes = g_steal_pointer(&closure.indexes);
	return TRUE;
}

/* The layer says what an image of the family has. */
static gboolean look(Apt *apt, GError **error)
{
	const SmithFleet *fleet = apt->context->fleet;
	const SmithFamily *family = apt->family;
	const SmithLockBase *base =
		smith_lock_base(apt->lock, smith_fleet_base(fleet, family->name));
	const SmithLockBase *below = smith_lock_base_of(apt->lock, fleet, family->name);
	g_autoptr(GPtrArray) layers = smith_family_apt_layers(apt->context, family->name, error);
	if (layers == NULL)
		return FALSE;
	g_autoptr(SmithLockBase) now =
		smith_base_look(apt->context->execution.store, base, layers, error);
	if (now != NULL)
		apt->set->found = smith_lock_found_new(below, now);
	return now != NULL;
}

gboolean smith_resolve_apt(const SmithFamilyContext *context, SmithLock *lock,
			   const SmithResolveOptions *options, const SmithFamily *family,
			   GError **error)
{
	SmithLockSet *set = g_new0(SmithLockSet, 1);
	g_ptr_array_add(lock->families, set);
	set->name = g_strdup(family->name);
	set->from = g_strdup(family->from);
	if (family->apt == NULL || *family->apt->packages == NULL) {
		set->apt = smith_lock_apt_lines(context->fleet, family->apt, error);
		return set->apt != NULL;
	}
	Apt apt = {
		.context = context, .lock = lock, .options = options, .family = family, .set = set};
	apt.old = options->previous != NULL ? smith_lock_family(options->previous, family->name)
					    : NULL;
	g_autofree char *step = g_strconcat("apt ", family->name, NULL);
	smith_events_start(options->events, step);
	set->apt = smith_lock_apt_lines(context->fleet, family->apt, error);
	if (set->apt == NULL)
		return FALSE;
	bool kept = is_kept(&apt);
	if (kept ? !keep(&apt, error) : !ask(&apt, error))
		return FALSE;
	if (!kept && *set->debs != NULL && !look(&apt, error))
		return FALSE;
	smith_events_done(options->events, step, NULL, 0, kept);
	return TRUE;
}
