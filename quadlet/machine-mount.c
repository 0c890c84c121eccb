/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lint/rule.h"
#include "quadlet/machine-check.h"

/* Where the fleet says that directory: a volume's entry is nearer than the service that uses it. */
static SmithPlace place_of(const SmithMachine *machine, const SmithContainerPlan *container,
			   const char *source)
{
	const GPtrArray *volumes = machine->plan->fleet->volumes;
	const GPtrArray *mounts = container->service->volumes;
	for (guint i = 0; i < volumes->len; i++) {
		const SmithVolume *volume = volumes->pdata[i];
		if (g_strcmp0(volume->path, source) == 0)
			return volume->place;
	}
	for (guint i = 0; i < mounts->len; i++) {
		const SmithMount *mount = mounts->pdata[i];
		if (strcmp(mount->volume, source) == 0)
			return mount->place;
	}
	return container->service->place;
}

/* May @uid do there what the service does? What access control lists add is not known. */
static bool is_allowed(const struct stat *st, gint64 uid, gint64 gid, bool write)
{
	mode_t wanted = (S_ISDIR(st->st_mode) ? S_IROTH | S_IXOTH : S_IROTH) |
			(write ? (mode_t)S_IWOTH : 0);
	int shift = st->st_uid == (uid_t)uid ? 6 : st->st_gid == (gid_t)gid ? 3 : 0;
	return uid == 0 || (st->st_mode >> shift & wanted) == wanted;
}

/* In containers of an ordinary user it is that user who is 10001; root's have uids as they are. */
static bool is_usable(const SmithMachine *machine, const SmithContainerPlan *container,
		      const SmithPlanMount *mount, const char *path, const struct stat *st)
{
	bool mapped = container->keep_id || (container->pod != NULL && container->pod->keep_id);
	gint64 uid = 0, gid = 0;
	if (mapped && !machine->reach.system && getuid() != 0)
		return access(path, R_OK | (S_ISDIR(st->st_mode) ? X_OK : 0) |
					    (mount->read_only ? 0 : W_OK)) == 0;
	if (!machine->reach.system || container->user == NULL ||
	    !g_ascii_string_to_signed(container->user, 10, 0, G_MAXUINT32, &uid, NULL))
		return true;
	if (container->user_group == NULL ||
	    !g_ascii_string_to_signed(container->user_group, 10, 0, G_MAXUINT32, &gid, NULL))
		gid = uid;
	return is_allowed(st, uid, gid, !mount->read_only);
}

static void check_directory(const SmithMachine *machine, const SmithContainerPlan *container,
			    const SmithPlanMount *mount)
{
	g_autofree char *path = smith_machine_path(machine, mount->source);
	SmithPlace place = place_of(machine, container, mount->source);
	struct stat st;
	if (stat(path, &st) < 0) {
		int cause = errno;
		smith_lint_report(machine->diag, "machine-volume", place, container->title,
				  cause == ENOENT
					  ? "directory '%s' of service '%s' is missing: make it, "
					    "for podman does not"
					  : "directory '%s' of service '%s' cannot be reached by "
					    "this user",
				  mount->source, container->title);
		return;
	}
	if (!is_usable(machine, container, mount, path, &st))
		smith_lint_report(machine->diag, "machine-volume", place, container->title,
				  "service '%s' cannot %s '%s', which has mode %04o and is of uid "
				  "%lu: %s",
				  container->title, mount->read_only ? "read" : "write to",
				  mount->source, (guint)(st.st_mode & 07777), (gulong)st.st_uid,
				  machine->reach.system
					  ? "give it to the container's user"
					  : "give it to the user who runs the units, who is the "
					    "container's user inside");
}

static void check_socket(const SmithMachine *machine, const SmithContainerPlan *container)
{
	g_autofree char *path = g_strconcat(machine->runtime, "/podman/podman.sock", NULL);
	if (!smith_machine_exists(machine, path))
		smith_lint_report(machine->diag, "machine-socket", container->service->place,
				  container->title,
				  "service '%s' wants podman's socket, and '%s' is missing: "
				  "'systemctl %senable --now podman.socket'",
				  container->title, path, machine->reach.system ? "" : "--user ");
}

void smith_machine_check_mounts(const SmithMachine *machine)
{
	const SmithHostPlan *plan = machine->plan;
	for (guint i = 0; i < plan->containers->len; i++) {
		const SmithContainerPlan *container = plan->containers->pdata[i];
		for (guint j = 0; j < container->mounts->len; j++) {
			const SmithPlanMount *mount = container->mounts->pdata[j];
			if (mount->kind == SMITH_PLAN_DIRECTORY)
				check_directory(machine, container, mount);
			else if (mount->kind == SMITH_PLAN_SOCKET)
				check_socket(machine, container);
		}
	}
}
