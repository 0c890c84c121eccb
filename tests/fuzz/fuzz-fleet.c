/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fleet/load.h"
#include "lint/lint.h"
#include "tests/fuzz/fuzz.h"

/* One directory for all inputs, in memory where there is a place for that: fleet.yaml is the input,
 * up to a line "---"; what is behind it is a family. */
static char *directory;

static void remove_directory(void)
{
	static const char *const names[] = {"fleet.yaml", "families.d/base.yaml", "families.d"};
	for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *path = g_build_filename(directory, names[i], NULL);
		g_remove(path);
	}
	g_rmdir(directory);
	g_free(directory);
}

static void make_directory(void)
{
	g_autofree char *shared = g_strdup("/dev/shm/smith-fuzz-XXXXXX");
	directory = g_mkdtemp(shared) != NULL ? g_steal_pointer(&shared)
					      : g_dir_make_tmp("smith-fuzz-XXXXXX", NULL);
	g_assert_nonnull(directory);
	g_autofree char *families = g_build_filename(directory, "families.d", NULL);
	g_assert_cmpint(g_mkdir(families, 0700), ==, 0);
	atexit(remove_directory);
}

static void write_file(const char *name, const char *data, size_t size)
{
	g_autofree char *path = g_build_filename(directory, name, NULL);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	g_assert_cmpint(fd, >=, 0);
	g_assert_cmpint(write(fd, data, size), ==, (gssize)size);
	close(fd);
}

/* What loading promises to those who use a fleet, whatever was wrong with it. */
static void check_fleet(const SmithFleet *fleet)
{
	for (guint i = 0; i < fleet->services->len; i++) {
		const SmithService *service = fleet->services->pdata[i];
		g_assert_nonnull(service->slug);
		g_assert_nonnull(service->app);
		g_assert_true(smith_fleet_service(fleet, service->name) != NULL);
		for (guint j = 0; j < service->ports->len; j++) {
			const SmithPort *port = service->ports->pdata[j];
			g_assert_true(port->number >= 0 && port->number <= 65535);
		}
		for (guint j = 0; j < service->groups->len; j++) {
			const SmithGroup *group = service->groups->pdata[j];
			g_assert_nonnull(
				smith_service_on(service, smith_fleet_host(fleet, group->host)));
		}
	}
	for (guint i = 0; i < fleet->groups->len; i++)
		g_assert_nonnull(((SmithGroup *)fleet->groups->pdata[i])->services);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (directory == NULL)
		make_directory();
	const char *text = (const char *)data;
	const char *mark = g_strstr_len(text, (gssize)size, "\n---\n");
	size_t length = mark != NULL ? (size_t)(mark - text) + 1 : size;
	write_file("fleet.yaml", text, length);
	write_file("families.d/base.yaml", text + length + (mark != NULL ? 4 : 0),
		   mark != NULL ? size - length - 4 : 0);
	g_autoptr(SmithDiag) diag = smith_diag_new();
	g_autoptr(GError) error = NULL;
	g_autoptr(SmithFleet) fleet = smith_fleet_load(directory, diag, &error);
	fuzz_check_error(fleet != NULL, error);
	if (fleet == NULL)
		return 0;
	check_fleet(fleet);
	smith_lint_fleet(fleet, diag);
	for (guint i = 0; i < diag->findings->len; i++) {
		g_autofree char *line = smith_finding_to_string(diag->findings->pdata[i]);
		g_assert_true(*line != '\0');
	}
	return 0;
}
