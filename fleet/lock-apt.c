/* SPDX-License-Identifier: Apache-2.0 */
#include "fleet/lock-apt.h"

#include <fcntl.h>
#include <string.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/fd.h"

#define KEYRING_LIMIT (1024 * 1024)

static void add(GPtrArray *lines, const char *format, ...) G_GNUC_PRINTF(2, 3);
static void add(GPtrArray *lines, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	g_ptr_array_add(lines, g_strdup_vprintf(format, arguments));
	va_end(arguments);
}

static int compare_strings(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static char **steal_sorted(GPtrArray *lines)
{
	g_ptr_array_sort(lines, compare_strings);
	g_ptr_array_add(lines, NULL);
	return (char **)g_ptr_array_steal(lines, NULL);
}

GBytes *smith_lock_read_keyring(const SmithFleet *fleet, const char *keyring, GError **error)
{
	SMITH_AUTO_PREFIX("keyring", keyring, error);
	if (*keyring != '/')
		return smith_fd_read_file(fleet->fd, keyring, KEYRING_LIMIT, error);
	smith_autofd int fd = smith_fd_open_dir(AT_FDCWD, "/", error);
	return fd >= 0 ? smith_fd_read_file(fd, keyring + 1, KEYRING_LIMIT, error) : NULL;
}

/* " keyring=..." of a file that is read here, "" without; NULL on error. */
static char *keyring_text(const SmithFleet *fleet, const char *keyring, bool is_ours,
			  GError **error)
{
	if (keyring == NULL)
		return g_strdup("");
	if (!is_ours)
		return g_strdup_printf(" keyring=%s", keyring);
	g_autoptr(GBytes) bytes = smith_lock_read_keyring(fleet, keyring, error);
	if (bytes == NULL)
		return NULL;
	g_autofree char *digest =
		smith_digest_of(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
	return g_strdup_printf(" keyring=%s", digest);
}

static void add_packages(GPtrArray *lines, char **packages)
{
	for (; *packages != NULL; packages++)
		add(lines, "package %s", *packages);
}

char **smith_lock_apt_lines(const SmithFleet *fleet, const SmithApt *apt, GError **error)
{
	g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
	if (apt == NULL)
		return steal_sorted(lines);
	add_packages(lines, apt->packages);
	for (guint i = 0; i < apt->sources->len; i++) {
		const SmithAptSource *source = apt->sources->pdata[i];
		bool is_ours = source->keyring != NULL && *source->keyring != '/';
		g_autofree char *keyring = keyring_text(fleet, source->keyring, is_ours, error);
		if (keyring == NULL)
			return NULL;
		g_autofree char *components = g_strjoinv(" ", source->components);
		add(lines, "source %s %s %s%s", source->uri, source->suite, components, keyring);
	}
	GHashTableIter iter;
	gpointer name, value;
	g_hash_table_iter_init(&iter, apt->options);
	while (g_hash_table_iter_next(&iter, &name, &value))
		add(lines, "option %s=%s", (char *)name, (char *)value);
	return steal_sorted(lines);
}

char **smith_lock_bootstrap_lines(const SmithFleet *fleet, const SmithBootstrap *bootstrap,
				  GError **error)
{
	g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
	if (bootstrap == NULL)
		return steal_sorted(lines);
	add_packages(lines, bootstrap->packages);
	/* a keyring of the machine may be renewed without a word; one of the fleet may not */
	bool is_ours = bootstrap->keyring != NULL && *bootstrap->keyring != '/';
	g_autofree char *keyring =
		keyring_text(fleet, is_ours ? bootstrap->keyring : NULL, is_ours, error);
	if (keyring == NULL)
		return NULL;
	g_autofree char *components = g_strjoinv(" ", bootstrap->components);
	add(lines, "source %s %s %s%s", bootstrap->mirror, bootstrap->suite, components, keyring);
	return steal_sorted(lines);
}

static void compare(char **was, char **is, const char *what, const char *name, GPtrArray *changes)
{
	static char *none[] = {NULL};
	if (was == NULL)
		was = none;
	for (char **line = is; *line != NULL; line++)
		if (!g_strv_contains((const char *const *)was, *line))
			add(changes, "%s '%s': apt's '%s' was added", what, name, *line);
	for (char **line = was; *line != NULL; line++)
		if (!g_strv_contains((const char *const *)is, *line))
			add(changes, "%s '%s': apt's '%s' was removed", what, name, *line);
}

void smith_lock_apt_changes(const SmithLock *lock, const SmithFleet *fleet, GPtrArray *changes)
{
	for (guint i = 0; i < fleet->families->len; i++) {
		const SmithFamily *family = fleet->families->pdata[i];
		const SmithLockSet *set = smith_lock_family(lock, family->name);
		const SmithLockBase *base =
			family->bootstrap != NULL ? smith_lock_base(lock, family->from) : NULL;
		g_autoptr(GError) error = NULL;
		g_auto(GStrv) lines = smith_lock_apt_lines(fleet, family->apt, &error);
		g_auto(GStrv) from = NULL;
		if (lines != NULL)
			from = smith_lock_bootstrap_lines(fleet, family->bootstrap, &error);
		if (error != NULL) {
			add(changes, "family '%s': %s", family->name, error->message);
			continue;
		}
		if (set != NULL)
			compare(set->apt, lines, "family", family->name, changes);
		if (base != NULL)
			compare(base->apt, from, "base", family->from, changes);
	}
}

GPtrArray *smith_lock_debs_of(const SmithLock *lock, const char *owner, char **files,
			      GError **error)
{
	g_autoptr(GPtrArray) debs = g_ptr_array_new();
	for (; files != NULL && *files != NULL; files++) {
		SmithDeb *deb = smith_lock_deb(lock, *files);
		if (deb == NULL)
			return smith_throw_null(error, SMITH_ERROR_INVALID,
						"%s: '%s' uses '%s', which it does not describe",
						SMITH_LOCK_FILE, owner, *files);
		g_ptr_array_add(debs, deb);
	}
	return g_steal_pointer(&debs);
}

static void set_text(char **field, const char *value)
{
	if (value == NULL)
		return;
	g_free(*field);
	*field = g_strdup(value);
}

static void set_lines(char ***field, char **value)
{
	if (value == NULL)
		return;
	g_strfreev(*field);
	*field = g_strdupv(value);
}

SmithLockBase *smith_lock_base_with(const SmithLockBase *base, const SmithLockFound *found)
{
	SmithLockBase *copy = smith_lock_base_copy(base);
	if (found == NULL)
		return copy;
	set_text(&copy->python, found->python);
	set_text(&copy->python_version, found->python_version);
	set_text(&copy->libc, found->libc);
	set_text(&copy->libc_version, found->libc_version);
	set_text(&copy->init, found->init);
	set_lines(&copy->passwd, found->passwd);
	set_lines(&copy->group, found->group);
	return copy;
}

static char *if_new(const char *before, const char *now)
{
	return g_strcmp0(before, now) != 0 ? g_strdup(now) : NULL;
}

static char **if_new_lines(char **before, char **now)
{
	bool same = before != NULL && now != NULL &&
		    g_strv_equal((const char *const *)before, (const char *const *)now);
	return same ? NULL : g_strdupv(now);
}

SmithLockFound *smith_lock_found_new(const SmithLockBase *before, const SmithLockBase *now)
{
	SmithLockFound *found = g_new0(SmithLockFound, 1);
	found->python = if_new(before->python, now->python);
	found->python_version = if_new(before->python_version, now->python_version);
	found->libc = if_new(before->libc, now->libc);
	found->libc_version = if_new(before->libc_version, now->libc_version);
	found->init = if_new(before->init, now->init);
	found->passwd = if_new_lines(before->passwd, now->passwd);
	found->group = if_new_lines(before->group, now->group);
	if (found->python == NULL && found->python_version == NULL && found->libc == NULL &&
	    found->libc_version == NULL && found->init == NULL && found->passwd == NULL &&
	    found->group == NULL)
		g_clear_pointer(&found, g_free);
	return found;
}

SmithLockFound *smith_lock_found_copy(const SmithLockFound *found)
{
	if (found == NULL)
		return NULL;
	const SmithLockBase none = {0};
	const SmithLockBase all = {
		.python = found->python,
		.python_version = found->python_version,
		.libc = found->libc,
		.libc_version = found->libc_version,
		.init = found->init,
		.passwd = found->passwd,
		.group = found->group,
	};
	return smith_lock_found_new(&none, &all);
}
