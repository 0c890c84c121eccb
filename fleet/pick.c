/* SPDX-License-Identifier: Apache-2.0 */
#include "fleet/pick.h"

#include <fcntl.h>
#include <string.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/fd.h"
#include "fleet/pip-package.h"
#include "fleet/wheel-file.h"
#include "oci/spec.h"
#include "python/pylock.h"
#include "store/fetch.h"

/* Go's names of architectures and those of uname(2), which wheels and markers use. */
static const struct {
	const char *go;
	const char *machine;
} machines[] = {
	{"amd64", "x86_64"},	{"arm64", "aarch64"}, {"arm", "armv7l"},      {"386", "i686"},
	{"ppc64le", "ppc64le"}, {"s390x", "s390x"},   {"riscv64", "riscv64"},
};

static const char *machine_of(const char *architecture)
{
	for (guint i = 0; i < G_N_ELEMENTS(machines); i++)
		if (strcmp(machines[i].go, architecture) == 0)
			return machines[i].machine;
	return architecture;
}

SmithTarget *smith_target_new(const SmithLockBase *base, const char *platform, GError **error)
{
	SMITH_AUTO_PREFIX("base", base->from, error);
	g_autoptr(SmithPlatform) parsed = smith_platform_parse(platform, error);
	if (parsed == NULL)
		return NULL;
	if (base->python == NULL || base->libc == NULL) {
		smith_throw(error, SMITH_ERROR_INVALID, "there is no %s in its layers",
			    base->python == NULL ? "Python interpreter"
						 : "package database that names its C library");
		return NULL;
	}
	const char *machine = machine_of(parsed->architecture);
	SmithLibc libc = strcmp(base->libc, "musl") == 0 ? SMITH_LIBC_MUSL : SMITH_LIBC_GLIBC;
	SmithTagSet *tags = smith_tags_for_cpython(base->python_version, libc, base->libc_version,
						   machine, error);
	if (tags == NULL)
		return NULL;
	SmithTarget *target = g_new0(SmithTarget, 1);
	target->base = base;
	target->tags = tags;
	target->machine = g_strdup(machine);
	smith_marker_env_init(&target->env, base->python_version, machine);
	return target;
}

void smith_target_free(SmithTarget *target)
{
	if (target == NULL)
		return;
	smith_tags_free(target->tags);
	smith_marker_env_clear(&target->env);
	g_free(target->machine);
	g_free(target);
}

static int open_candidate(const SmithPick *pick, GError **error)
{
	const char *url = pick->candidate->url;
	if (!smith_wheel_file_is_local(url)) {
		g_autofree char *hex =
			smith_pip_package_fetch(pick->store, url, pick->candidate->promised, error);
		if (hex == NULL)
			return -1;
		g_autofree char *path = smith_store_file_path(hex);
		return smith_fd_open_beneath(smith_store_files_fd(pick->store), path, O_RDONLY, 0,
					     error);
	}
	return smith_wheel_file_open_local(pick->fleet, url, error);
}

static gboolean hash_file(int fd, SmithPick *pick, GError **error)
{
	struct stat st;
	if (fstat(fd, &st) < 0)
		return smith_throw_errno(error, "cannot stat '%s'", pick->candidate->url);
	g_autofree guint8 *buffer = g_malloc(256 * 1024);
	g_autoptr(SmithHasher) hasher = smith_hasher_new();
	g_autoptr(SmithSource) source =
		smith_source_new_range(fd, 0, (guint64)st.st_size, pick->candidate->file);
	for (;;) {
		gssize got = smith_source_read(source, buffer, 256 * 1024, error);
		if (got < 0)
			return FALSE;
		if (got == 0)
			break;
		smith_hasher_update(hasher, buffer, (gsize)got);
	}
	g_autofree char *digest = smith_hasher_finish(hasher);
	const char *promised = pick->candidate->promised;
	if (promised != NULL && strcmp(promised, smith_digest_hex(digest)) != 0)
		return smith_throw(error, SMITH_ERROR_VERIFY,
				   "digest mismatch, expected 'sha256:%s', got '%s'", promised,
				   digest);
	pick->lock->size = st.st_size;
	pick->lock->sha256 = g_strdup(smith_digest_hex(digest));
	return TRUE;
}

static gboolean parse_requires(SmithPick *pick, GError **error)
{
	pick->version = smith_version_parse(pick->wheel->version, error);
	pick->requires = g_ptr_array_new_with_free_func((GDestroyNotify)smith_requirement_free);
	if (pick->version == NULL)
		return FALSE;
	for (char **text = pick->wheel->requires_dist; text != NULL && *text != NULL; text++) {
		SmithRequirement *requirement = smith_requirement_parse(*text, error);
		if (requirement == NULL)
			return FALSE;
		g_ptr_array_add(pick->requires, requirement);
	}
	return TRUE;
}

/* Up to here errors do not say which wheel it is; those of smith_wheel_verify() do. */
static SmithWheel *open_pick(SmithPick *pick, GError **error)
{
	const SmithWheelCandidate *candidate = pick->candidate;
	SMITH_AUTO_PREFIX("wheel", candidate->file, error);
	smith_autofd int fd = open_candidate(pick, error);
	if (fd < 0 || !hash_file(fd, pick, error))
		return NULL;
	g_autoptr(SmithWheel) wheel = smith_wheel_open_fd(g_steal_fd(&fd), candidate->file, error);
	if (wheel == NULL)
		return NULL;
	pick->lock->version = smith_version_to_string(candidate->name->version);
	pick->wheel = smith_wheel_ref(wheel);
	return parse_requires(pick, error) ? g_steal_pointer(&wheel) : NULL;
}

void smith_pick_read(SmithPick *pick)
{
	g_autoptr(SmithWheel) wheel = open_pick(pick, &pick->error);
	if (wheel == NULL || !smith_wheel_verify(wheel, &pick->error))
		g_clear_pointer(&pick->wheel, smith_wheel_unref);
}

void smith_pick_free(SmithPick *pick)
{
	if (pick == NULL)
		return;
	if (pick->lock != NULL) {
		g_free(pick->lock->file);
		g_free(pick->lock->name);
		g_free(pick->lock->version);
		g_free(pick->lock->url);
		g_free(pick->lock->sha256);
		g_free(pick->lock);
	}
	g_clear_pointer(&pick->wheel, smith_wheel_unref);
	smith_version_free(pick->version);
	g_clear_pointer(&pick->requires, g_ptr_array_unref);
	g_clear_pointer(&pick->by, g_hash_table_unref);
	g_clear_pointer(&pick->files, g_hash_table_unref);
	g_clear_error(&pick->error);
	g_free(pick);
}

static bool overrides(const SmithSet *set, const char *key)
{
	return set->pip != NULL && g_strv_contains((const char *const *)set->pip->override, key);
}

SmithPick *smith_set_find(const SmithSet *set, const char *key, const SmithSet **owner)
{
	for (; set != NULL; set = set->parent) {
		for (guint i = 0; i < set->picks->len; i++) {
			SmithPick *pick = set->picks->pdata[i];
			if (strcmp(pick->lock->name, key) != 0)
				continue;
			if (owner != NULL)
				*owner = set;
			return pick;
		}
		if (overrides(set, key))
			return NULL;
	}
	return NULL;
}

GPtrArray *smith_set_all(const SmithSet *set)
{
	GPtrArray *all = g_ptr_array_new();
	bool hides = false;
	for (const SmithSet *from = set; from != NULL; from = from->parent) {
		for (guint i = 0; i < from->picks->len; i++) {
			SmithPick *pick = from->picks->pdata[i];
			if (!hides || smith_set_find(set, pick->lock->name, NULL) == pick)
				g_ptr_array_add(all, pick);
		}
		hides = hides || (from->pip != NULL && *from->pip->override != NULL);
	}
	return all;
}

void smith_set_check_pylocks(SmithSet *set, SmithDiag *diag)
{
	guint before = diag->errors;
	const GPtrArray *pylocks = set->requirements->pylocks;
	for (guint i = 0; pylocks != NULL && i < pylocks->len; i++)
		smith_pylock_check(pylocks->pdata[i], &set->target->env, diag);
	set->sound = set->sound && diag->errors == before;
}
