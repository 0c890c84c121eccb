/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/probe.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "sandbox/child.h"
#include "sandbox/policy.h"
#include "sandbox/sandbox.h"
#include "sandbox/spawn.h"

#define OSTREE "libostree-1.so.1"
#define MAX_SETTING 64
#define CONTAINER                                                                                  \
	"in a container, start it with --security-opt seccomp=unconfined and, with docker, "       \
	"--security-opt apparmor=unconfined and --security-opt systempaths=unconfined, with "      \
	"podman, --security-opt unmask=ALL"

/* Where a machine says why it refuses user namespaces. */
static const struct {
	const char *file;
	const char *refusing;
	const char *advice;
} settings[] = {
	{"/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1",
	 "AppArmor keeps user namespaces from programs without a profile (Ubuntu 23.10 and later): "
	 "as root, put 'abi <abi/4.0>, include <tunables/global> profile ocismith "
	 "/usr/{,local/}bin/ocismith flags=(unconfined) { userns, }' into "
	 "/etc/apparmor.d/ocismith and load it with apparmor_parser -r, or sysctl "
	 "kernel.apparmor_restrict_unprivileged_userns=0"},
	{"/proc/sys/kernel/unprivileged_userns_clone", "0",
	 "as root: sysctl kernel.unprivileged_userns_clone=1"},
	{"/proc/sys/user/max_user_namespaces", "0",
	 "as root: sysctl user.max_user_namespaces=15000"},
};

static const struct {
	const char *name;
	const char *what;
	bool needed;
	const char *advice;
} probes[] = {
	{"user-namespaces", "a user namespace, and a right in it", true, NULL},
	{"namespaces", "mount, process, network and other namespaces", true, CONTAINER},
	{"mounts", "a read-only bind mount by open_tree and mount_setattr", true,
	 "Linux 5.12 or later is needed; " CONTAINER},
	{"proc", "a /proc of a new process namespace", true,
	 "a /proc that something lies upon is not given to others; " CONTAINER},
	{"seccomp", "a seccomp filter", true, CONTAINER},
	{"seccomp-notify", "a seccomp filter with a listener", true,
	 "Linux 5.0 or later is needed; " CONTAINER},
	{"overlay", "an overlay with userxattr, in the directory of the store", false,
	 "nothing need be done: roots are copied instead, which takes time and space; Linux 5.11 "
	 "and a store on ext4, xfs or btrfs have it"},
	{"landlock", "a landlock domain", false,
	 "nothing need be done: it is a second wall; Linux 5.13 has it, when 'landlock' is in "
	 "/sys/kernel/security/lsm"},
};

static SmithAbility *new_ability(const char *name, const char *what, bool needed)
{
	SmithAbility *ability = g_new0(SmithAbility, 1);

	ability->name = name;
	ability->what = what;
	ability->needed = needed;
	return ability;
}

static void settle(SmithAbility *ability, const GError *error, const char *advice)
{
	ability->there = error == NULL;
	ability->found = g_strdup(error != NULL ? error->message : "yes");
	ability->advice = error != NULL ? g_strdup(advice) : NULL;
}

static const char *advice_on_users(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(settings); i++) {
		g_autoptr(GBytes) bytes =
			smith_fd_read_file(AT_FDCWD, settings[i].file, MAX_SETTING, NULL);
		g_autofree char *text = NULL;

		if (bytes == NULL)
			continue;
		text = g_strndup(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
		if (strcmp(g_strstrip(text), settings[i].refusing) == 0)
			return settings[i].advice;
	}
	return CONTAINER;
}

static SmithAbility *try_child(gsize row, const char *directory)
{
	SmithAbility *ability = new_ability(probes[row].name, probes[row].what, probes[row].needed);
	g_autofree char *name = g_strdup(probes[row].name);
	g_autofree char *where = g_strdup(directory);
	char self[] = SMITH_PROBE_NAME;
	char *argv[] = {self, name, where, NULL};
	int status = smith_spawn_wait("/proc/self/exe", argv);

	smith_child_keep();
	ability->there = status == 0;
	ability->found = g_strdup(status == 0 ? "yes" : g_strerror(status < 0 ? errno : status));
	if (status != 0)
		ability->advice = g_strdup(probes[row].advice != NULL ? probes[row].advice
								      : advice_on_users());
	return ability;
}

static SmithAbility *try_step(SmithSandboxMode mode, const char *name, const char *what,
			      bool needed, const char *advice)
{
	static const char *const argv[] = {"true", NULL};
	static const char *const env[] = {"PATH=/usr/bin:/bin:/run/current-system/sw/bin", NULL};
	SmithAbility *ability = new_ability(name, what, needed);
	const SmithSandboxStep step = {.name = "doctor",
				       .mode = mode,
				       .root = "/",
				       .argv = argv,
				       .env = env,
				       .record_owners = true,
				       .log_fd = -1,
				       .limits = {.seconds = 60}};
	g_auto(SmithSandboxResult) result = {0};
	g_autoptr(GError) error = NULL;

	(void)smith_sandbox_check(&step, &result, &error);
	settle(ability, error, advice);
	return ability;
}

static SmithAbility *try_libraries(void)
{
	SmithAbility *ability =
		new_ability("libraries", "libseccomp, and libostree for unpacked layers", true);
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) filter = smith_policy_filter(SMITH_POLICY_RECORDED_OWNERS, &error);

	if (filter != NULL && dlopen(OSTREE, RTLD_LAZY | RTLD_LOCAL) == NULL)
		(void)smith_throw(&error, SMITH_ERROR_UNSUPPORTED, "cannot load %s", OSTREE);
	settle(ability, error, "on Debian: apt-get install libseccomp2 libostree-1-1");
	return ability;
}

/* A directory for the overlay's probe; NULL when none can be made. */
static char *make_trial(const char *directory)
{
	static const char *const names[] = {"lower/dir", "upper", "work"};
	g_autofree char *path = g_build_filename(directory, "ocismith-doctor-XXXXXX", NULL);
	smith_autofd int dir = -1;

	if (g_mkdtemp_full(path, 0700) == NULL)
		return NULL;
	dir = smith_fd_open_dir(AT_FDCWD, path, NULL);
	for (gsize i = 0; dir >= 0 && i < G_N_ELEMENTS(names); i++)
		(void)smith_fd_make_dirs(dir, names[i], NULL);
	if (dir >= 0)
		(void)smith_fd_write_file(dir, "lower/file", "", 0, 0644, NULL);
	return g_steal_pointer(&path);
}

/* One cause is told once. */
static void blame_users(const GPtrArray *abilities)
{
	const SmithAbility *users = abilities->pdata[0];

	for (guint i = 1; !users->there && i < abilities->len; i++) {
		SmithAbility *ability = abilities->pdata[i];

		if (ability->there || strstr(ability->name, "seccomp") != NULL ||
		    strcmp(ability->name, "libraries") == 0)
			continue;
		g_free(ability->advice);
		ability->advice = g_strdup("it needs user namespaces");
	}
}

GPtrArray *smith_probe(const char *directory)
{
	GPtrArray *abilities = g_ptr_array_new_with_free_func((GDestroyNotify)smith_ability_free);
	g_autofree char *trial = make_trial(directory);
	bool enough;

	for (gsize i = 0; i < G_N_ELEMENTS(probes); i++)
		g_ptr_array_add(abilities, try_child(i, trial != NULL ? trial : directory));
	if (trial != NULL)
		(void)smith_fd_remove_tree(AT_FDCWD, trial, NULL);
	g_ptr_array_add(abilities, try_libraries());
	enough = smith_probe_is_enough(abilities);
	g_ptr_array_add(abilities, try_step(SMITH_SANDBOX_ONE_UID, "step",
					    "a whole step, with the owner record", true,
					    enough ? CONTAINER : "see what is missing above"));
	g_ptr_array_add(
		abilities,
		try_step(SMITH_SANDBOX_MANY_UIDS, "many-users",
			 "a step with 65536 users by newuidmap", false,
			 "nothing need be done: one user is enough; the package 'uidmap' and a "
			 "range of 65535 ids in /etc/subuid and /etc/subgid give it"));
	blame_users(abilities);
	return abilities;
}

bool smith_probe_is_enough(const GPtrArray *abilities)
{
	for (guint i = 0; i < abilities->len; i++) {
		const SmithAbility *ability = abilities->pdata[i];

		if (ability->needed && !ability->there)
			return false;
	}
	return true;
}

void smith_ability_free(SmithAbility *ability)
{
	g_free(ability->found);
	g_free(ability->advice);
	g_free(ability);
}
