/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "lint/rule.h"
#include "quadlet/machine-check.h"
#include "quadlet/marker.h"
#include "quadlet/quadlet.h"
#include "quadlet/state.h"

#define DEPTH 4		 /* of directories below containers/systemd */
#define FILES_LIMIT 4096 /* that are looked at */

typedef struct {
	const SmithMachine *machine;
	GHashTable *services; /* unit of systemd -> title of what it is for */
	char *line;	      /* the first of ours */
	guint left;
} Search;

/* What systemd calls the unit that quadlet makes of a file; NULL: of no unit's file. */
static char *service_of(const char *name)
{
	static const char *const suffixes[][2] = {
		{".container", ".service"},	  {".kube", ".service"},
		{".service", ".service"},	  {".pod", "-pod.service"},
		{".network", "-network.service"}, {".volume", "-volume.service"},
		{".target", ".target"},		  {".image", "-image.service"},
		{".build", "-build.service"}};
	for (guint i = 0; i < G_N_ELEMENTS(suffixes); i++) {
		gsize length = strlen(name), end = strlen(suffixes[i][0]);
		if (length > end && g_str_has_suffix(name, suffixes[i][0])) {
			g_autofree char *stem = g_strndup(name, length - end);
			return g_strconcat(stem, suffixes[i][1], NULL);
		}
	}
	return NULL;
}

static void look_at(Search *search, int dirfd, const char *name, const char *directory)
{
	const SmithHost *host = search->machine->plan->host;
	g_autofree char *service = service_of(name);
	const char *title = service != NULL ? g_hash_table_lookup(search->services, service) : NULL;
	if (title == NULL)
		return;
	g_autoptr(GBytes) bytes =
		smith_fd_read_foreign(dirfd, name, SMITH_QUADLET_UNIT_LIMIT, NULL);
	gsize length = strlen(search->line);
	if (bytes != NULL && g_bytes_get_size(bytes) >= length &&
	    memcmp(g_bytes_get_data(bytes, NULL), search->line, length) == 0)
		return;
	smith_lint_report(search->machine->diag, "machine-owner", host->place, title,
			  "'%s/%s' is there, is not of this fleet, and makes the unit '%s' as "
			  "well: move it away",
			  directory, name, service);
}

static void search_directory(Search *search, int dirfd, const char *directory, int depth)
{
	g_autoptr(GPtrArray) names = smith_fd_list_dir(dirfd, NULL);
	for (guint i = 0; names != NULL && i < names->len && search->left > 0; i++) {
		const char *name = names->pdata[i];
		struct stat st;
		search->left--;
		if (fstatat(dirfd, name, &st, 0) < 0)
			continue;
		if (!S_ISDIR(st.st_mode)) {
			look_at(search, dirfd, name, directory);
			continue;
		}
		if (depth == 0 || g_str_has_suffix(name, ".d"))
			continue;
		smith_autofd int fd = smith_fd_open_dir(dirfd, name, NULL);
		g_autofree char *path = g_strconcat(directory, "/", name, NULL);
		if (fd >= 0)
			search_directory(search, fd, path, depth - 1);
	}
}

static void search_path(Search *search, const char *path, int depth)
{
	g_autofree char *full = smith_machine_path(search->machine, path);
	smith_autofd int fd = smith_fd_open_dir(AT_FDCWD, full, NULL);
	if (fd >= 0)
		search_directory(search, fd, path, depth);
}

/* Where quadlet looks (podman-systemd.unit(5)), and where a plain unit would be taken first. */
static void search_all(Search *search)
{
	static const char *const system[] = {"/run/containers/systemd", "/etc/containers/systemd",
					     "/usr/share/containers/systemd"};
	const SmithMachine *machine = search->machine;
	if (machine->reach.system) {
		for (guint i = 0; i < G_N_ELEMENTS(system); i++)
			search_path(search, system[i], DEPTH);
		search_path(search, "/etc/systemd/system", 0);
		return;
	}
	g_autofree char *run = g_strconcat(machine->runtime, "/containers/systemd", NULL);
	g_autofree char *own =
		g_build_filename(g_get_user_config_dir(), "containers", "systemd", NULL);
	g_autofree char *plain = g_build_filename(g_get_user_config_dir(), "systemd", "user", NULL);
	search_path(search, run, DEPTH);
	search_path(search, own, DEPTH);
	search_path(search, "/etc/containers/systemd/users", DEPTH);
	search_path(search, plain, 0);
	search_path(search, "/etc/systemd/user", 0);
}

static void add_suffixed(GHashTable *services, const char *slug, const char *suffix)
{
	g_hash_table_insert(services, g_strconcat(slug, suffix, NULL), g_strdup(slug));
}

static GHashTable *planned_services(const SmithHostPlan *plan)
{
	GHashTable *services = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	for (guint i = 0; i < plan->containers->len; i++) {
		const SmithContainerPlan *container = plan->containers->pdata[i];
		g_hash_table_insert(services, smith_plan_container_unit(plan, container),
				    g_strdup(container->title));
	}
	for (guint i = 0; i < plan->pods->len; i++) {
		const SmithPodPlan *pod = plan->pods->pdata[i];
		g_hash_table_insert(services, smith_plan_pod_unit(pod), g_strdup(pod->slug));
	}
	for (guint i = 0; i < plan->networks->len; i++) {
		g_autofree char *slug =
			smith_slug(((SmithNetwork *)plan->networks->pdata[i])->name);
		add_suffixed(services, slug, "-network.service");
	}
	for (guint i = 0; i < plan->targets->len; i++)
		add_suffixed(services, ((SmithPlanTarget *)plan->targets->pdata[i])->slug,
			     ".target");
	for (guint i = 0; i < plan->volumes->len; i++)
		add_suffixed(services, plan->volumes->pdata[i], "-volume.service");
	return services;
}

/* `podman run --replace` takes away whatever has the name. */
static void check_containers(const SmithMachine *machine)
{
	for (guint i = 0; i < machine->plan->containers->len; i++) {
		const SmithContainerPlan *plan = machine->plan->containers->pdata[i];
		const SmithPodmanContainer *container = smith_machine_container(machine, plan);
		g_autofree char *unit = smith_plan_container_unit(machine->plan, plan);
		if (container != NULL && g_strcmp0(container->unit, unit) != 0)
			smith_lint_report(
				machine->diag, "machine-owner", plan->service->place, plan->title,
				"a container '%s' is there that is not run by '%s', which "
				"would replace it: 'podman rm -f %s' or 'podman rename'",
				container->name, unit, container->name);
	}
}

void smith_machine_check_owners(const SmithMachine *machine)
{
	g_autofree char *line = smith_quadlet_first_line(machine->plan->fleet);
	g_autofree char *comment = g_strconcat("# ", line, "\n", NULL);
	g_autoptr(GHashTable) services = planned_services(machine->plan);
	Search search = {machine, services, comment, FILES_LIMIT};
	search_all(&search);
	check_containers(machine);
}
