/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fd.h"
#include "python/requirements-file.h"
#include "tests/fuzz/fuzz.h"

#include <fcntl.h>
#include <stdlib.h>

static char *directory;

static void remove_directory(void)
{
	smith_fd_remove_tree(AT_FDCWD, directory, NULL);
	g_free(directory);
}

static void check_lines(GPtrArray *lines)
{
	for (guint i = 0; i < lines->len; i++) {
		const SmithRequirementLine *line = lines->pdata[i];
		g_assert_nonnull(line->req);
		g_assert_nonnull(line->hashes);
		g_assert_cmpuint(line->place.line, >, 0);
	}
}

/* A file that may include itself: "r.txt". */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(GError) error = NULL;
	if (directory == NULL) {
		directory = g_dir_make_tmp("fuzz-requirements-XXXXXX", &error);
		g_assert_no_error(error);
		atexit(remove_directory);
	}
	smith_autofd int fd = smith_fd_open_dir(AT_FDCWD, directory, &error);
	smith_autofd int file = openat(fd, "r.txt", O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
	smith_fd_write_all(file, data, size, &error);
	g_assert_no_error(error);
	g_autoptr(SmithDiag) diag = smith_diag_new();
	g_autoptr(SmithRequirements) found = smith_requirements_read(fd, "r.txt", diag);
	check_lines(found->lines);
	check_lines(found->constraints);
	for (guint i = 0; i < diag->findings->len; i++) {
		const SmithFinding *finding = diag->findings->pdata[i];
		g_assert_true(*finding->text != '\0');
	}
	return 0;
}
