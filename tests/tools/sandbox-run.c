/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sandbox-run [OPTION...] ROOT COMMAND [ARGUMENT...]: runs one step; its output goes to stdout.
 * Exit status: the command's, 125 when it could not be run or did not end by itself.
 *
 *   --work DIR           may write; DIR is empty
 *   --mode one|many|root
 *   --record             owners are recorded
 *   --copy               of the root, instead of an overlay
 *   --network
 *   --bind SRC:TARGET    read-only; --bind-rw SRC:TARGET
 *   --env NAME=VALUE     (PATH has a default)
 *   --cwd DIR
 *   --input TEXT
 *   --seconds N --memory N --address N --processes N --output N --file N --disk N
 *   --as UID             a run, by that user and group; --hostname NAME, --tmpfs DIR
 *   --times N            runs it N times, and tells the mean in microseconds
 *   --tree               then tells what changed, a line for each entry of the layer: type, mode,
 *                        owner, path, device, target, attributes, digest of the content
 */
#include <glib.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sandbox/sandbox.h"
#include "sandbox/upper.h"

static char *work, *mode, *cwd, *input, *hostname;
static char **tmpfs, **binds, **binds_rw, **env;
static gboolean tree, record, network, copy;
static gint64 as, memory, address, processes, output, file, disk, seconds;
static int times = 1;

static const GOptionEntry options[] = {
	{"work", 0, 0, G_OPTION_ARG_FILENAME, &work, NULL, NULL},
	{"mode", 0, 0, G_OPTION_ARG_STRING, &mode, NULL, NULL},
	{"record", 0, 0, G_OPTION_ARG_NONE, &record, NULL, NULL},
	{"copy", 0, 0, G_OPTION_ARG_NONE, &copy, NULL, NULL},
	{"network", 0, 0, G_OPTION_ARG_NONE, &network, NULL, NULL},
	{"bind", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &binds, NULL, NULL},
	{"bind-rw", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &binds_rw, NULL, NULL},
	{"env", 0, 0, G_OPTION_ARG_STRING_ARRAY, &env, NULL, NULL},
	{"cwd", 0, 0, G_OPTION_ARG_STRING, &cwd, NULL, NULL},
	{"input", 0, 0, G_OPTION_ARG_STRING, &input, NULL, NULL},
	{"seconds", 0, 0, G_OPTION_ARG_INT64, &seconds, NULL, NULL},
	{"memory", 0, 0, G_OPTION_ARG_INT64, &memory, NULL, NULL},
	{"address", 0, 0, G_OPTION_ARG_INT64, &address, NULL, NULL},
	{"disk", 0, 0, G_OPTION_ARG_INT64, &disk, NULL, NULL},
	{"processes", 0, 0, G_OPTION_ARG_INT64, &processes, NULL, NULL},
	{"output", 0, 0, G_OPTION_ARG_INT64, &output, NULL, NULL},
	{"file", 0, 0, G_OPTION_ARG_INT64, &file, NULL, NULL},
	{"as", 0, 0, G_OPTION_ARG_INT64, &as, NULL, NULL},
	{"hostname", 0, 0, G_OPTION_ARG_STRING, &hostname, NULL, NULL},
	{"tmpfs", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &tmpfs, NULL, NULL},
	{"tree", 0, 0, G_OPTION_ARG_NONE, &tree, NULL, NULL},
	{"times", 0, 0, G_OPTION_ARG_INT, &times, NULL, NULL},
	{NULL, 0, 0, 0, NULL, NULL, NULL},
};

static void add_binds(GArray *array, char **list, bool writable)
{
	for (; list != NULL && *list != NULL; list++) {
		char *colon = strrchr(*list, ':');
		SmithSandboxBind bind = {.source = *list, .writable = writable};

		g_assert_nonnull(colon);
		*colon = '\0';
		bind.target = colon + 1;
		g_array_append_val(array, bind);
	}
}

static char *digest_of(const SmithEntry *entry, GError **error)
{
	g_autoptr(GByteArray) bytes = g_byte_array_new();
	g_autoptr(SmithSink) sink = smith_sink_new_bytes(bytes);
	g_autoptr(SmithSource) source = NULL;

	if (entry->content != NULL) {
		source = entry->content->ops->open(entry->content, error);
		if (source == NULL || !smith_stream_copy(source, sink, error))
			return NULL;
	}
	return g_compute_checksum_for_data(G_CHECKSUM_SHA256, bytes->data, bytes->len);
}

static gboolean print_entry(const SmithEntry *entry, GError **error)
{
	printf("%s %04o %u:%u %s", smith_entry_type_name(entry->type), entry->mode, entry->uid,
	       entry->gid, entry->path);
	if (entry->type == SMITH_ENTRY_CHAR || entry->type == SMITH_ENTRY_BLOCK)
		printf(" %u,%u", entry->major, entry->minor);
	if (entry->target != NULL)
		printf(" -> %s", entry->target);
	for (guint i = 0; entry->xattrs != NULL && i < entry->xattrs->len; i++) {
		const SmithXattr *xattr = &g_array_index(entry->xattrs, SmithXattr, i);
		g_autofree char *sum =
			g_compute_checksum_for_bytes(G_CHECKSUM_SHA256, xattr->value);
		printf(" %s=%.16s", xattr->name, sum);
	}
	if (entry->type == SMITH_ENTRY_FILE) {
		g_autofree char *sum = digest_of(entry, error);
		if (sum == NULL)
			return FALSE;
		printf(" %.16s", sum);
	}
	putchar('\n');
	return TRUE;
}

static int print_tree(const SmithSandboxStep *step)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(SmithEntryIter) iter = smith_upper_read(step, &error);
	SmithEntry *next = NULL;

	while (iter != NULL && smith_entry_iter_next(iter, &next, &error)) {
		g_autoptr(SmithEntry) entry = next;
		if (entry == NULL)
			return 0;
		if (!print_entry(entry, &error))
			break;
	}
	fprintf(stderr, "sandbox-run: %s\n", error->message);
	return 125;
}

static int run(SmithSandboxStep *step)
{
	gint64 sum = 0;
	int status = 0;

	for (int i = 0; i < times; i++) {
		g_auto(SmithSandboxResult) result = {0};
		g_autoptr(GError) error = NULL;

		if (!smith_sandbox_run(step, &result, &error)) {
			fprintf(stderr, "sandbox-run: %s\n", error->message);
			return 125;
		}
		sum += result.microseconds;
		status = result.status;
	}
	if (times > 1)
		printf("%" G_GINT64_FORMAT "\n", sum / times);
	return status;
}

int main(int argc, char **argv)
{
	static const char *const default_env[] = {
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", NULL};
	g_autoptr(GOptionContext) context = g_option_context_new(NULL);
	g_autoptr(GArray) list = g_array_new(FALSE, TRUE, sizeof(SmithSandboxBind));
	g_autoptr(GError) error = NULL;
	SmithSandboxStep step = {.name = "sandbox-run", .log_fd = STDOUT_FILENO};

	g_option_context_add_main_entries(context, options, NULL);
	g_option_context_set_strict_posix(context, TRUE);
	if (!g_option_context_parse(context, &argc, &argv, &error) || argc < 3) {
		fprintf(stderr, "sandbox-run: %s\n", error != NULL ? error->message : "usage");
		return 125;
	}
	const SmithSandboxRun as_service = {.uid = (guint)as,
					    .gid = (guint)as,
					    .hostname = hostname,
					    .tmpfs = (const char *const *)tmpfs};
	step.run = as != 0 ? &as_service : NULL;
	add_binds(list, binds, false);
	add_binds(list, binds_rw, true);
	step.root = argv[1];
	step.argv = (const char *const *)argv + 2;
	step.env = env != NULL ? (const char *const *)env : default_env;
	step.work = work;
	step.cwd = cwd;
	step.mode = g_strcmp0(mode, "root") == 0   ? SMITH_SANDBOX_ROOT
		    : g_strcmp0(mode, "many") == 0 ? SMITH_SANDBOX_MANY_UIDS
						   : SMITH_SANDBOX_ONE_UID;
	step.record_owners = record;
	step.copy = copy;
	step.network = network;
	step.binds = (const SmithSandboxBind *)(void *)list->data;
	step.n_binds = list->len;
	step.input = input != NULL ? g_bytes_new(input, strlen(input)) : NULL;
	step.limits = (SmithSandboxLimits){.seconds = (guint)seconds,
					   .memory = (guint64)memory,
					   .address = (guint64)address,
					   .disk = (guint64)disk,
					   .processes = (guint)processes,
					   .output = (guint64)output,
					   .file = (guint64)file};
	int status = run(&step);
	return status == 0 && tree ? print_tree(&step) : status;
}
