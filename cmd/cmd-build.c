/* SPDX-License-Identifier: Apache-2.0 */
#include "base/epoch.h"
#include "build/build.h"
#include "cmd/commands.h"
#include "cmd/output.h"
#include "cmd/prepare.h"
#include "cmd/report.h"
#include "lint/lint.h"

static gboolean choose_compression(const SmithInvocation *inv, SmithCompression *compression,
				   GError **error)
{
	static const SmithCompression choices[] = {SMITH_COMPRESSION_SPLICE, SMITH_COMPRESSION_ZSTD,
						   SMITH_COMPRESSION_GZIP};
	int choice = smith_options_enum(inv->options, "compression", -1);

	if (choice < 0)
		return smith_compression_from_name(inv->prepared->fleet->compression, compression,
						   error);
	*compression = choices[choice];
	return TRUE;
}

static void print_json(const SmithBuildResult *result)
{
	g_autoptr(SmithNode) node = smith_node_new(SMITH_NODE_MAP);
	SmithNode *images = smith_node_new(SMITH_NODE_SEQ);

	for (guint i = 0; i < result->images->len; i++) {
		const SmithBuiltImage *image = result->images->pdata[i];
		SmithNode *row = smith_node_new(SMITH_NODE_MAP);
		smith_node_set(row, "name", smith_node_new_string(image->name));
		smith_node_set(row, "subject", smith_node_new_string(image->subject));
		if (image->host != NULL)
			smith_node_set(row, "host", smith_node_new_string(image->host));
		smith_node_set(row, "manifest", smith_node_new_string(image->manifest->digest));
		smith_node_set(row, "config", smith_node_new_string(image->config_digest));
		smith_node_set(row, "layers", smith_node_new_int(image->layers));
		smith_node_set(row, "bytes", smith_node_new_int((gint64)image->bytes));
		smith_node_append(images, row);
	}
	smith_node_set(node, "images", images);
	smith_node_set(node, "stepsMade", smith_node_new_int(result->steps_made));
	smith_node_set(node, "stepsKnown", smith_node_new_int(result->steps_known));
	smith_node_set(node, "bytesWritten", smith_node_new_int((gint64)result->bytes_written));
	smith_print_json(node);
}

static void print_text(const SmithInvocation *inv, const SmithBuildResult *result)
{
	static const char *const headings[] = {"IMAGE", "MANIFEST", ">LAYERS", ">SIZE", NULL};
	g_autoptr(SmithTable) table = smith_table_new(headings);
	g_autofree char *written = smith_output_size(result->bytes_written);

	for (guint i = 0; i < result->images->len; i++) {
		const SmithBuiltImage *image = result->images->pdata[i];
		g_autofree char *layers = g_strdup_printf("%u", image->layers);
		g_autofree char *size = smith_output_size(image->bytes);
		g_autofree char *digest = g_strndup(image->manifest->digest, 19);
		smith_table_add(table, image->name, digest, layers, size);
	}
	smith_table_print(table);
	if (inv->verbosity >= 0)
		smith_print("%u layers made, %u known, %s written\n", result->steps_made,
			    result->steps_known, written);
}

/* Warnings are for `check` and `lock` to tell. */
static gboolean judge_sources(gpointer data, GError **error)
{
	SmithPrepared *prepared = data;
	g_clear_pointer(&prepared->diag, smith_diag_free);
	prepared->diag = smith_diag_new();
	smith_lint_sources(prepared->fleet, prepared->lock, prepared->diag);
	return smith_prepare_allow(prepared, error) && smith_diag_check(prepared->diag, error);
}

gboolean smith_cmd_build(SmithInvocation *inv, GError **error)
{
	SmithPrepared *prepared = inv->prepared;
	const char *const *outputs = smith_options_list(inv->options, "output");
	SmithBuildOptions options = {
		.fleet = prepared->fleet,
		.lock = prepared->lock,
		.store = prepared->store,
		.events = inv->events,
		.workers = inv->jobs,
		.targets = (char **)inv->operands,
		.judge = judge_sources,
		.judge_data = prepared,
	};
	g_autoptr(SmithBuildResult) result = NULL;

	if (!choose_compression(inv, &options.compression, error) ||
	    !smith_prepare_users(inv, &options.users, error) ||
	    !smith_epoch_get(prepared->lock->epoch, &options.epoch, error))
		return FALSE;
	for (const char *const *output = outputs; *output != NULL; output++)
		if (!smith_build_check_output(*output, error))
			return FALSE;
	result = smith_build(&options, error);
	if (result == NULL) {
		if (prepared->diag->errors > 0)
			smith_report_findings(prepared->diag);
		return FALSE;
	}
	for (const char *const *output = outputs; *output != NULL; output++)
		if (!smith_build_output(result, prepared->store, *output, error))
			return FALSE;
	if (inv->format == SMITH_FORMAT_JSON)
		print_json(result);
	else
		print_text(inv, result);
	return TRUE;
}
