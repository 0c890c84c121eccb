/* SPDX-License-Identifier: Apache-2.0 */
#include "execute/tidy.h"

#include <fnmatch.h>
#include <string.h>

#include "base/error.h"

#define BYTECODE_MAX (64 * 1024 * 1024)
#define SNAKEOIL "ssl-cert-snakeoil.pem"

const SmithTidyRule smith_tidy_rules[] = {
	{"run/lock", SMITH_TIDY_KEEP, "Packages expect it."},
	{"run/**", SMITH_TIDY_DROP, "It is made anew at every start."},
	{"tmp/**", SMITH_TIDY_DROP, "What scripts forgot."},
	{"var/tmp/**", SMITH_TIDY_DROP, "What scripts forgot."},
	{"dev/**", SMITH_TIDY_DROP, "The engine's own is mounted over it."},
	{"proc/**", SMITH_TIDY_DROP, "The kernel's is mounted over it."},
	{"sys/**", SMITH_TIDY_DROP, "The kernel's is mounted over it."},
	{"var/lib/apt/lists/**", SMITH_TIDY_DROP_FILES, "Indexes of archives age, and are large."},
	{"var/lib/apt/periodic/**", SMITH_TIDY_DROP_FILES, "When apt ran last."},
	{"var/cache/apt/**", SMITH_TIDY_DROP_FILES, "Packages and caches that apt makes again."},
	{"var/cache/debconf/*-old", SMITH_TIDY_DROP, "The state before the last change."},
	{"var/cache/ldconfig/**", SMITH_TIDY_DROP_FILES,
	 "Inode numbers and times of libraries; /etc/ld.so.cache has neither, and stays."},
	{"var/cache/man/**", SMITH_TIDY_DROP_FILES, "An index of manual pages by their times."},
	{"var/cache/fontconfig/**", SMITH_TIDY_DROP_FILES,
	 "Fonts by the times of their directories, which a layer changes."},
	{"**/.uuid", SMITH_TIDY_DROP, "Random names that fontconfig gives to directories."},
	{"var/lib/dpkg/*-old", SMITH_TIDY_DROP, "The state before the last change."},
	{"var/lib/dpkg/lock", SMITH_TIDY_DROP, "A lock, made when it is taken."},
	{"var/lib/dpkg/lock-frontend", SMITH_TIDY_DROP, "A lock, made when it is taken."},
	{"var/lib/dpkg/triggers/Lock", SMITH_TIDY_DROP, "A lock, made when it is taken."},
	{"var/lib/ucf/hashfile.[0-9]", SMITH_TIDY_DROP, "The state before the last change."},
	{"var/lib/ucf/registry.[0-9]", SMITH_TIDY_DROP, "The state before the last change."},
	{"var/backups/**", SMITH_TIDY_DROP_FILES, "The state before the last change."},
	{"etc/passwd-", SMITH_TIDY_DROP, "The state before the last change."},
	{"etc/group-", SMITH_TIDY_DROP, "The state before the last change."},
	{"etc/shadow-", SMITH_TIDY_DROP, "The state before the last change."},
	{"etc/gshadow-", SMITH_TIDY_DROP, "The state before the last change."},
	{"etc/subuid-", SMITH_TIDY_DROP, "The state before the last change."},
	{"etc/subgid-", SMITH_TIDY_DROP, "The state before the last change."},
	{"etc/.pwd.lock", SMITH_TIDY_DROP, "A lock, made when it is taken."},
	{"etc/machine-id", SMITH_TIDY_EMPTY, "Random; empty, it is made at the first start."},
	{"var/lib/dbus/machine-id", SMITH_TIDY_EMPTY, "Random; a link to /etc/machine-id stays."},
	{"var/lib/systemd/random-seed", SMITH_TIDY_DROP, "Random, and a secret."},
	{"var/lib/systemd/credential.secret", SMITH_TIDY_DROP, "Random, and a secret."},
	{"var/lib/urandom/random-seed", SMITH_TIDY_DROP, "Random, and a secret."},
	{"etc/ssh/ssh_host_*_key", SMITH_TIDY_DROP,
	 "A secret that all containers would share: 'ssh-keygen -A' makes them."},
	{"etc/ssh/ssh_host_*_key.pub", SMITH_TIDY_DROP, "Belongs to a key that is not there."},
	{"etc/aliases.db", SMITH_TIDY_DROP,
	 "A database with a random identity: 'newaliases' makes it of /etc/aliases."},
	{"etc/bind/rndc.key", SMITH_TIDY_DROP,
	 "A secret that all containers would share: 'rndc-confgen -a' makes it."},
	{"etc/ssl/private/ssl-cert-snakeoil.key", SMITH_TIDY_DROP,
	 "A secret that all containers would share: 'make-ssl-cert generate-default-snakeoil' "
	 "makes it."},
	{"etc/ssl/certs/" SNAKEOIL, SMITH_TIDY_DROP, "Belongs to a key that is not there."},
	{"var/log/apt/**", SMITH_TIDY_DROP_FILES, "When, and in which order."},
	{"var/log/dpkg.log", SMITH_TIDY_DROP, "When, and in which order."},
	{"var/log/alternatives.log", SMITH_TIDY_DROP, "When, and in which order."},
	{"var/log/bootstrap.log", SMITH_TIDY_DROP, "When, and in which order."},
	{"var/log/fontconfig.log", SMITH_TIDY_DROP, "When, and in which order."},
	{"var/log/**", SMITH_TIDY_EMPTY,
	 "Programs want their logs to be there, with their owners."},
	{"**/*.pyc", SMITH_TIDY_BYTECODE,
	 "Python takes the file when the time in it is its source's, which the layer changes."},
	{NULL, SMITH_TIDY_KEEP, NULL},
};

static bool matches(const char *pattern, const char *path)
{
	gsize length = strlen(pattern);
	if (g_str_has_suffix(pattern, "/**"))
		return strncmp(path, pattern, length - 2) == 0 && path[length - 2] != '\0';
	if (g_str_has_prefix(pattern, "**/")) {
		const char *slash = strrchr(path, '/');
		return fnmatch(pattern + 3, slash != NULL ? slash + 1 : path, 0) == 0;
	}
	return fnmatch(pattern, path, FNM_PATHNAME) == 0;
}

const SmithTidyRule *smith_tidy_find(const char *path)
{
	for (const SmithTidyRule *rule = smith_tidy_rules; rule->pattern != NULL; rule++)
		if (matches(rule->pattern, path))
			return rule;
	return NULL;
}

typedef struct {
	SmithEntryIter iter;
	SmithEntryIter *inner;
	gint64 epoch;
} Tidy;

/* PEP 552: magic, flags, then the source's time when no flag is set. */
static gboolean settle_bytecode(SmithEntry *entry, gint64 epoch, GError **error)
{
	if (entry->type != SMITH_ENTRY_FILE || smith_entry_size(entry) < 16)
		return TRUE;
	SMITH_AUTO_PREFIX("bytecode", entry->path, error);
	g_autoptr(SmithSource) source = entry->content->ops->open(entry->content, error);
	g_autoptr(GBytes) bytes =
		source != NULL ? smith_source_read_all(source, BYTECODE_MAX, error) : NULL;
	if (bytes == NULL)
		return FALSE;
	gsize length = 0;
	guint8 *data = g_bytes_unref_to_data(g_steal_pointer(&bytes), &length);
	bool has_time = (data[4] | data[5] | data[6] | data[7]) == 0;
	for (guint i = 0; has_time && i < 4; i++)
		data[8 + i] = (guint8)((guint64)epoch >> (8 * i));
	g_autoptr(GBytes) settled = g_bytes_new_take(data, length);
	smith_content_unref(entry->content);
	entry->content = smith_content_new_bytes(settled);
	return TRUE;
}

static bool is_dropped(const SmithEntry *entry, const SmithTidyRule *rule)
{
	/* its hash names it as well */
	if (entry->type == SMITH_ENTRY_SYMLINK && strcmp(entry->target, SNAKEOIL) == 0)
		return true;
	return rule != NULL &&
	       (rule->action == SMITH_TIDY_DROP ||
		(rule->action == SMITH_TIDY_DROP_FILES && entry->type != SMITH_ENTRY_DIR));
}

static void make_empty(SmithEntry *entry)
{
	if (entry->type == SMITH_ENTRY_FILE)
		g_clear_pointer(&entry->content, smith_content_unref);
}

static gboolean tidy_next(SmithEntryIter *iter, SmithEntry **out, GError **error)
{
	Tidy *tidy = (Tidy *)iter;
	for (;;) {
		g_autoptr(SmithEntry) entry = NULL;
		if (!smith_entry_iter_next(tidy->inner, &entry, error))
			return FALSE;
		const SmithTidyRule *rule = entry != NULL ? smith_tidy_find(entry->path) : NULL;
		if (entry != NULL && is_dropped(entry, rule))
			continue;
		if (rule != NULL && rule->action == SMITH_TIDY_EMPTY)
			make_empty(entry);
		if (rule != NULL && rule->action == SMITH_TIDY_BYTECODE &&
		    !settle_bytecode(entry, tidy->epoch, error))
			return FALSE;
		*out = g_steal_pointer(&entry);
		return TRUE;
	}
}

static void tidy_free(SmithEntryIter *iter)
{
	smith_entry_iter_free(((Tidy *)iter)->inner);
	g_free(iter);
}

static const SmithEntryIterOps tidy_ops = {tidy_next, tidy_free};

SmithEntryIter *smith_tidy(SmithEntryIter *entries, gpointer data)
{
	Tidy *tidy = g_new0(Tidy, 1);
	tidy->iter.ops = &tidy_ops;
	tidy->inner = entries;
	tidy->epoch = *(const gint64 *)data;
	return &tidy->iter;
}
