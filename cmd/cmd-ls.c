/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/epoch.h"
#include "base/error.h"
#include "cmd/commands.h"
#include "cmd/image.h"
#include "cmd/output.h"
#include "layers/tree.h"

static char type_letter(const SmithEntry *entry)
{
	static const char letters[] = "-dlhcbp";

	return letters[entry->type];
}

/* "drwxr-xr-x", with s and t as ls(1) shows them */
static char *mode_text(const SmithEntry *entry)
{
	char text[] = "?rwxrwxrwx";
	static const struct {
		guint32 bit;
		int place;
		char on, off;
	} special[] = {{04000, 3, 's', 'S'}, {02000, 6, 's', 'S'}, {01000, 9, 't', 'T'}};

	text[0] = type_letter(entry);
	for (int i = 0; i < 9; i++)
		if (!(entry->mode & (0400u >> i)))
			text[i + 1] = '-';
	for (guint i = 0; i < G_N_ELEMENTS(special); i++)
		if (entry->mode & special[i].bit)
			text[special[i].place] =
				text[special[i].place] == 'x' ? special[i].on : special[i].off;
	return g_strdup(text);
}

static void add_json(SmithNode *list, const SmithEntry *entry)
{
	SmithNode *node = smith_node_new(SMITH_NODE_MAP);
	g_autofree char *mode = g_strdup_printf("%04o", entry->mode);

	smith_node_set(node, "path", smith_node_new_string(entry->path));
	smith_node_set(node, "type", smith_node_new_string(smith_entry_type_name(entry->type)));
	smith_node_set(node, "mode", smith_node_new_string(mode));
	smith_node_set(node, "uid", smith_node_new_int(entry->uid));
	smith_node_set(node, "gid", smith_node_new_int(entry->gid));
	smith_node_set(node, "size", smith_node_new_int((gint64)smith_entry_size(entry)));
	smith_node_set(node, "mtime", smith_node_new_int(entry->mtime));
	if (entry->target != NULL)
		smith_node_set(node, "target", smith_node_new_string(entry->target));
	smith_node_append(list, node);
}

static void add_long(SmithTable *table, const SmithEntry *entry)
{
	g_autofree char *mode = mode_text(entry);
	g_autofree char *owner = g_strdup_printf("%u:%u", entry->uid, entry->gid);
	g_autofree char *size = g_strdup_printf("%" G_GUINT64_FORMAT, smith_entry_size(entry));
	g_autofree char *time = smith_epoch_format(entry->mtime);
	g_autofree char *path =
		g_strconcat(entry->path, entry->target != NULL ? " -> " : "", entry->target, NULL);

	smith_table_add(table, mode, owner, size, time, path);
}

static bool is_listed(const SmithEntry *entry, const char *below)
{
	gsize length = below != NULL ? strlen(below) : 0;

	if (below == NULL || strcmp(below, ".") == 0)
		return true;
	return strncmp(entry->path, below, length) == 0 &&
	       (entry->path[length] == '\0' || entry->path[length] == '/');
}

static gboolean print_tree(const SmithInvocation *inv, const SmithTree *tree, const char *below,
			   GError **error)
{
	static const char *const headings[] = {"MODE", "OWNER", ">SIZE", "TIME", "PATH", NULL};
	g_autoptr(GPtrArray) list = smith_tree_list(tree);
	g_autoptr(SmithTable) table = smith_table_new(headings);
	g_autoptr(SmithNode) node = smith_node_new(SMITH_NODE_SEQ);
	bool is_long = smith_options_flag(inv->options, "long");
	bool found = false;

	for (guint i = 0; i < list->len; i++) {
		const SmithEntry *entry = list->pdata[i];
		g_autofree char *safe = NULL;
		if (!is_listed(entry, below))
			continue;
		found = true;
		safe = smith_output_escape(entry->path);
		if (inv->format == SMITH_FORMAT_JSON)
			add_json(node, entry);
		else if (is_long)
			add_long(table, entry);
		else
			smith_print("%s\n", safe);
	}
	if (!found)
		return smith_throw(error, SMITH_ERROR_NOT_FOUND, "no '%s' in the image",
				   below != NULL ? below : ".");
	if (inv->format == SMITH_FORMAT_JSON)
		smith_print_json(node);
	else if (is_long)
		smith_table_print(table);
	return TRUE;
}

gboolean smith_cmd_ls(SmithInvocation *inv, GError **error)
{
	g_autoptr(SmithImage) image = smith_cmd_image_open(inv, inv->operands[0], error);
	g_autoptr(SmithTree) tree = smith_tree_new();
	g_autofree char *below = NULL;

	if (image == NULL)
		return FALSE;
	if (inv->n_operands > 1) {
		below = smith_entry_path_normalize(inv->operands[1], error);
		if (below == NULL)
			return FALSE;
	}
	return smith_tree_apply_image(tree, image->layout, image->manifest, NULL, error) &&
	       print_tree(inv, tree, below, error);
}
