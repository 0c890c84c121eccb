/* SPDX-License-Identifier: Apache-2.0 */
#include "store/inputs.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/digest.h"
#include "base/fd.h"

#define FILE_NAME "inputs"
#define FILE_LIMIT (32 * 1024 * 1024)
#define ENTRIES_MAX 100000
/* one line: five numbers and a digest */
#define NUMBER "%" G_GINT64_MODIFIER "x "
#define NUMBERS NUMBER NUMBER NUMBER NUMBER NUMBER
/* file systems know times by as little as this */
#define GRANULARITY (2 * G_GUINT64_CONSTANT(1000000000))

typedef struct {
	SmithIdentity identity;
	char digest[sizeof("sha256:") + 64];
	bool fresh; /* read by this process */
} Input;

struct SmithInputs {
	int fd;		   /* of the cache directory, borrowed */
	GHashTable *known; /* Input: itself */
	guint64 settled;   /* times before this are of files that had not just changed */
	bool changed;
};

static guint hash_input(gconstpointer data)
{
	const Input *input = data;
	return (guint)(input->identity.inode * 31 + input->identity.device);
}

/* One file has one place: what it was before is forgotten. */
static gboolean same_file(gconstpointer a, gconstpointer b)
{
	const SmithIdentity *x = &((const Input *)a)->identity, *y = &((const Input *)b)->identity;
	return x->device == y->device && x->inode == y->inode;
}

static gboolean parse_line(const char *line, Input *input)
{
	SmithIdentity *id = &input->identity;
	guint64 *numbers[] = {&id->device, &id->inode, &id->size, &id->mtime, &id->ctime};
	for (guint i = 0; i < G_N_ELEMENTS(numbers); i++) {
		char *end;
		*numbers[i] = g_ascii_strtoull(line, &end, 16);
		if (end == line || *end != ' ')
			return FALSE;
		line = end + 1;
	}
	g_snprintf(input->digest, sizeof(input->digest), "sha256:%s", line);
	return smith_digest_is_hex(line);
}

static void parse(SmithInputs *inputs, char *text)
{
	char *save = NULL;
	for (char *line = strtok_r(text, "\n", &save);
	     line != NULL && g_hash_table_size(inputs->known) < ENTRIES_MAX;
	     line = strtok_r(NULL, "\n", &save)) {
		Input *input = g_new0(Input, 1);
		if (parse_line(line, input))
			g_hash_table_add(inputs->known, input);
		else
			g_free(input);
	}
}

SmithInputs *smith_inputs_load(const SmithStore *store)
{
	SmithInputs *inputs = g_new0(SmithInputs, 1);
	struct stat st;
	inputs->fd = smith_store_cache_fd(store);
	inputs->known = g_hash_table_new_full(hash_input, same_file, g_free, NULL);
	/* before the text, which may be replaced by a later one in between */
	if (fstatat(inputs->fd, FILE_NAME, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return inputs;
	inputs->settled =
		(guint64)st.st_mtim.tv_sec * 1000000000 + (guint64)st.st_mtim.tv_nsec - GRANULARITY;
	g_autoptr(GBytes) bytes = smith_fd_read_file(inputs->fd, FILE_NAME, FILE_LIMIT, NULL);
	if (bytes == NULL)
		return inputs;
	g_autofree char *text = g_strndup(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
	parse(inputs, text);
	return inputs;
}

void smith_inputs_free(SmithInputs *inputs)
{
	if (inputs == NULL)
		return;
	g_hash_table_unref(inputs->known);
	g_free(inputs);
}

const char *smith_inputs_find(const SmithInputs *inputs, const SmithIdentity *identity)
{
	const Input wanted = {*identity, "", false};
	const Input *found =
		identity->inode != 0 ? g_hash_table_lookup(inputs->known, &wanted) : NULL;
	const SmithIdentity *was = found != NULL ? &found->identity : NULL;
	if (was == NULL || was->size != identity->size || was->mtime != identity->mtime ||
	    was->ctime != identity->ctime)
		return NULL;
	bool settled = was->mtime < inputs->settled && was->ctime < inputs->settled;
	return found->fresh || settled ? found->digest : NULL;
}

void smith_inputs_add(SmithInputs *inputs, const SmithIdentity *identity, const char *digest)
{
	if (identity->inode == 0)
		return;
	Input *input = g_new0(Input, 1);
	input->identity = *identity;
	input->fresh = true;
	g_strlcpy(input->digest, digest, sizeof(input->digest));
	g_hash_table_replace(inputs->known, input, input);
	inputs->changed = true;
}

static int compare(gconstpointer a, gconstpointer b)
{
	const SmithIdentity *x = &(*(Input *const *)a)->identity,
			    *y = &(*(Input *const *)b)->identity;
	if (x->device != y->device)
		return x->device < y->device ? -1 : 1;
	return (x->inode > y->inode) - (x->inode < y->inode);
}

gboolean smith_inputs_save(SmithInputs *inputs, GError **error)
{
	if (!inputs->changed)
		return TRUE;
	g_autoptr(GPtrArray) all = g_ptr_array_new();
	GHashTableIter iter;
	gpointer key;
	g_hash_table_iter_init(&iter, inputs->known);
	while (g_hash_table_iter_next(&iter, &key, NULL))
		g_ptr_array_add(all, key);
	g_autoptr(GString) text = g_string_new(NULL);
	g_ptr_array_sort(all, compare);
	for (guint i = 0; i < all->len; i++) {
		const Input *input = all->pdata[i];
		const SmithIdentity *id = &input->identity;
		g_string_append_printf(text, NUMBERS "%s\n", id->device, id->inode, id->size,
				       id->mtime, id->ctime, smith_digest_hex(input->digest));
	}
	inputs->changed = false;
	return smith_fd_write_file(inputs->fd, FILE_NAME, text->str, text->len, 0644, error);
}
