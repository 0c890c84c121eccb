/* SPDX-License-Identifier: Apache-2.0 */
/*
 * execute-layer STORE MODE BASE.tar BINDS SCRIPT: runs `/bin/sh -c SCRIPT` on the tree of BASE.tar
 * in the sandbox, MODE being one, many or root, with SOURCE:TARGET of BINDS (comma-separated,
 * read-only) to be seen, and makes a layer of what it changed, tidied as that of Debian packages.
 * Prints the layer's diff ID, the path of its blob (plain tar), and the microseconds of it all. A
 * store is for one BASE.tar.
 */
#include <gio/gio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "execute/execute.h"
#include "execute/tidy.h"

static void check(const GError *error)
{
	if (error == NULL)
		return;
	fprintf(stderr, "execute-layer: %s\n", error->message);
	exit(1);
}

static char *hash(const char *file)
{
	static guchar buffer[1 << 20];
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
	FILE *stream = fopen(file, "re");
	gsize n = 0;
	while (stream != NULL && (n = fread(buffer, 1, sizeof buffer, stream)) > 0)
		g_checksum_update(sum, buffer, (gssize)n);
	if (stream == NULL || ferror(stream) || fclose(stream) != 0) {
		fprintf(stderr, "execute-layer: cannot read '%s'\n", file);
		exit(1);
	}
	return g_strdup(g_checksum_get_string(sum));
}

/* The tree's digest stays beside the store's other files, so that only the first run reads it all.
 */
static char *copy(SmithStore *store, const char *file)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *note = g_build_filename(smith_store_get_path(store), "base", NULL);
	char *hex = NULL;
	if (g_file_get_contents(note, &hex, NULL, NULL))
		return hex;
	hex = hash(file);
	g_autofree char *path =
		g_build_filename(smith_store_get_path(store), "oci/blobs/sha256", hex, NULL);
	g_autoptr(GFile) from = g_file_new_for_path(file);
	g_autoptr(GFile) to = g_file_new_for_path(path);
	g_file_copy(from, to, G_FILE_COPY_OVERWRITE, NULL, NULL, NULL, &error);
	check(error);
	g_file_set_contents(note, hex, -1, &error);
	check(error);
	return hex;
}

static SmithRoot *import(SmithStore *store, const char *file)
{
	SmithRoot *root = smith_root_new();
	g_autofree char *hex = copy(store, file);
	g_autofree char *digest = g_strconcat("sha256:", hex, NULL);
	smith_root_add(root, digest, "application/vnd.oci.image.layer.v1.tar", digest);
	return root;
}

static GArray *parse_binds(char **list)
{
	GArray *binds = g_array_new(FALSE, TRUE, sizeof(SmithSandboxBind));
	for (; *list != NULL; list++) {
		char *colon = strrchr(*list, ':');
		SmithSandboxBind bind = {.source = *list};
		if (colon == NULL)
			continue;
		*colon = '\0';
		bind.target = colon + 1;
		g_array_append_val(binds, bind);
	}
	return binds;
}

int main(int argc, char **argv)
{
	static const char *const env[] = {
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		"HOME=/root",
		"LC_ALL=C.UTF-8",
		"DEBIAN_FRONTEND=noninteractive",
		"SOURCE_DATE_EPOCH=1700000000",
		"PYTHONHASHSEED=0",
		NULL};
	g_autoptr(GError) error = NULL;
	gint64 epoch = 1700000000;
	if (argc != 6)
		return 2;
	g_autoptr(SmithStore) store = smith_store_open(argv[1], &error);
	check(error);
	g_autoptr(SmithRoot) root = import(store, argv[3]);
	g_auto(GStrv) list = g_strsplit(argv[4], ",", -1);
	g_autoptr(GArray) binds = parse_binds(list);
	const char *const command[] = {"/bin/sh", "-c", argv[5], NULL};
	SmithExecution execution = {.store = store,
				    .mode = g_str_equal(argv[2], "root")   ? SMITH_SANDBOX_ROOT
					    : g_str_equal(argv[2], "many") ? SMITH_SANDBOX_MANY_UIDS
									   : SMITH_SANDBOX_ONE_UID,
				    .compression = SMITH_COMPRESSION_NONE,
				    .epoch = epoch,
				    .workers = 1,
				    .logs = "test"};
	SmithSandboxStep step = {.name = "step",
				 .argv = command,
				 .env = env,
				 .binds = (const SmithSandboxBind *)(const void *)binds->data,
				 .n_binds = binds->len,
				 .record_owners = true};
	gint64 before = g_get_monotonic_time();
	g_autoptr(SmithLayer) layer =
		smith_execute_layer(&execution, root, &step, smith_tidy, &epoch, &error);
	check(error);
	printf("%s %s/oci/blobs/sha256/%s %" G_GINT64_FORMAT "\n", layer->diff_id, argv[1],
	       strchr(layer->digest, ':') + 1, g_get_monotonic_time() - before);
	return 0;
}
