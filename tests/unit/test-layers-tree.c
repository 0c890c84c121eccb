/* SPDX-License-Identifier: Apache-2.0 */
#include "layers/tree.h"

#include "base/error.h"
#include "tests/unit/layers-test.h"

/* A layer written as text: entries separated by blanks. "a/" is a directory, "a=text" a file,
 * "a>t" a symbolic link, "a" an empty file. */
static SmithEntryIter *layer_of(const char *text)
{
	GPtrArray *entries = g_ptr_array_new_with_free_func((GDestroyNotify)smith_entry_free);
	g_auto(GStrv) words = g_strsplit(text, " ", -1);

	for (char **word = words; *word != NULL; word++) {
		char *data = strchr(*word, '=');
		char *target = strchr(*word, '>');
		gsize length = strlen(*word);

		if (length == 0)
			continue;
		if (data != NULL) {
			*data++ = '\0';
			g_ptr_array_add(entries,
					smith_entry_new_file(*word, 0644, data, strlen(data)));
		} else if (target != NULL) {
			*target++ = '\0';
			g_ptr_array_add(entries, smith_entry_new_symlink(*word, target));
		} else if ((*word)[length - 1] == '/') {
			(*word)[length - 1] = '\0';
			g_ptr_array_add(entries, smith_entry_new(SMITH_ENTRY_DIR, *word, 0755));
		} else {
			g_ptr_array_add(entries, smith_entry_new_file(*word, 0644, "", 0));
		}
	}
	return smith_entry_iter_new_array(entries);
}

static gboolean want_a(const SmithEntry *entry)
{
	return g_str_has_suffix(entry->path, "a");
}

static void apply(SmithTree *tree, const char *text, SmithTreeWant want)
{
	g_autoptr(SmithEntryIter) layer = layer_of(text);
	g_autoptr(GError) error = NULL;

	g_assert_true(smith_tree_apply(tree, layer, want, &error));
	g_assert_no_error(error);
}

static char *paths_of(const SmithTree *tree)
{
	g_autoptr(GPtrArray) list = smith_tree_list(tree);
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < list->len; i++) {
		const SmithEntry *entry = list->pdata[i];
		g_string_append_printf(text, "%s%s%s", i > 0 ? " " : "", entry->path,
				       entry->type == SMITH_ENTRY_DIR ? "/" : "");
	}
	return g_string_free(text, FALSE);
}

static void test_rows(void)
{
	static const struct {
		const char *layers[4];
		const char *expected;
	} rows[] = {
		{{"a/ a/x b", "a/ a/y c"}, "a/ a/x a/y b c"},
		/* a file is gone, and one that is like it is not */
		{{"a/ a/x a/xy", "a/ a/.wh.x"}, "a/ a/xy"},
		/* a directory is gone with all in it, but not what shares its beginning */
		{{"a/ a/b/ a/b/c ab b", ".wh.a"}, "ab b"},
		{{"a/ a/b", ".wh.a a/ a/c"}, "a/ a/c"},
		{{"a/ a/b", ".wh.a", "a/ a/d"}, "a/ a/d"},
		/* whiteouts are about the layers below, wherever they stand in theirs */
		{{"a", "a .wh.a"}, "a"},
		{{"", ".wh.a a"}, "a"},
		/* opaque: what was in it is gone, it stays */
		{{"a/ a/b/ a/b/c d", "a/ a/.wh..wh..opq a/e"}, "a/ a/e d"},
		{{"a/ a/b", "a/ a/.wh..wh..opq"}, "a/"},
		{{"./ a/ a/b c", "./ .wh..wh..opq d"}, "./ d"},
		/* other names of aufs mean nothing to us, and are no files */
		{{"a", ".wh..wh.plnk/ .wh..wh.aufs .wh."}, "a"},
		/* what is no directory takes the place of one */
		{{"a/ a/b/ a/b/c", "a"}, "a"},
		{{"a/ a/b", "a>/x"}, "a"},
		{{"a", "a/ a/b"}, "a/ a/b"},
		{{"a/ a/b", "a/"}, "a/ a/b"},
		/* order of layers: '/' before all */
		{{"a/ a.b a/c a-d"}, "a/ a/c a-d a.b"},
		{{"", "", ".wh.nothing"}, ""},
	};
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(SmithTree) tree = smith_tree_new();
		g_autofree char *paths = NULL;

		for (gsize j = 0; j < 4 && rows[i].layers[j] != NULL; j++)
			apply(tree, rows[i].layers[j], NULL);
		paths = paths_of(tree);
		if (strcmp(paths, rows[i].expected) != 0)
			g_error("row %zu: got '%s', expected '%s'", i, paths, rows[i].expected);
	}
}

static void check_text(const SmithTree *tree, const char *path, const char *expected)
{
	for (int i = 0; i < 2; i++) {
		g_autofree char *text = smith_tree_read(tree, path);
		g_assert_cmpstr(text, ==, expected);
	}
}

static void test_contents(void)
{
	g_autoptr(SmithTree) tree = smith_tree_new();

	apply(tree, "d/ d/a=one d/b=two e>d/a", want_a);
	check_text(tree, "d/a", "one");
	check_text(tree, "d/b", NULL);
	check_text(tree, "d", NULL);
	check_text(tree, "e", NULL);
	check_text(tree, "none", NULL);
	g_assert_cmpuint(smith_entry_size(smith_tree_get(tree, "d/b")), ==, 3);
	apply(tree, "d/ d/a=three", want_a);
	check_text(tree, "d/a", "three");
	apply(tree, "d/ d/a=four", NULL);
	check_text(tree, "d/a", NULL);
	g_assert_null(smith_tree_get(tree, "none"));
}

/* A source of @left zeros. */
typedef struct {
	SmithSource source;
	gsize left;
} Zeros;

static gssize zeros_read(SmithSource *source, void *buffer, gsize length, GError **error)
{
	Zeros *zeros = (Zeros *)source;
	gsize count = MIN(length, zeros->left);

	(void)error;
	memset(buffer, 0, count);
	zeros->left -= count;
	return (gssize)count;
}

static void zeros_free(SmithSource *source)
{
	g_free(source);
}

static SmithSource *zeros_open(SmithContent *content, GError **error)
{
	static const SmithSourceOps ops = {zeros_read, zeros_free};
	Zeros *zeros = g_new0(Zeros, 1);

	(void)error;
	zeros->source.ops = &ops;
	zeros->left = content->size;
	return &zeros->source;
}

static void zeros_content_free(SmithContent *content)
{
	g_free(content);
}

static SmithEntryIter *zeros_layer(const char *path, guint64 size)
{
	static const SmithContentOps ops = {zeros_open, NULL, zeros_content_free};
	GPtrArray *entries = g_ptr_array_new_with_free_func((GDestroyNotify)smith_entry_free);
	SmithEntry *entry = smith_entry_new(SMITH_ENTRY_FILE, path, 0644);

	entry->content = g_new0(SmithContent, 1);
	entry->content->ops = &ops;
	entry->content->refs = 1;
	entry->content->size = size;
	g_ptr_array_add(entries, entry);
	return smith_entry_iter_new_array(entries);
}

/* One large file, and many of which each would do, are refused before they fill the memory. */
static void test_limits(void)
{
	g_autoptr(SmithTree) tree = smith_tree_new();
	g_autoptr(GError) error = NULL;
	g_autoptr(SmithEntryIter) large = zeros_layer("a", SMITH_TREE_MAX_FILE + 1);
	guint kept = 0;

	g_assert_false(smith_tree_apply(tree, large, want_a, &error));
	g_assert_error(error, SMITH_ERROR, SMITH_ERROR_LIMIT);
	g_assert_true(g_str_has_prefix(error->message, "content of 'a': "));
	g_clear_error(&error);
	while (error == NULL) {
		g_autoptr(SmithEntryIter) layer = zeros_layer("a", SMITH_TREE_MAX_FILE);
		kept += smith_tree_apply(tree, layer, want_a, &error);
	}
	g_assert_error(error, SMITH_ERROR, SMITH_ERROR_LIMIT);
	g_assert_cmpuint(kept, ==, SMITH_TREE_MAX_KEPT / SMITH_TREE_MAX_FILE);
}

/* Layers of nothing but whiteouts of a deep tree: linear, not the product of both. */
static void test_many_whiteouts(void)
{
	g_autoptr(SmithTree) tree = smith_tree_new();
	GString *files = g_string_new(NULL), *whiteouts = g_string_new(NULL);
	g_autofree char *paths = NULL;

	for (guint i = 0; i < 20000; i++) {
		g_string_append_printf(files, "f%05u ", i);
		g_string_append_printf(whiteouts, ".wh.f%05u ", i);
	}
	apply(tree, files->str, NULL);
	apply(tree, whiteouts->str, NULL);
	paths = paths_of(tree);
	g_assert_cmpstr(paths, ==, "");
	g_string_free(files, TRUE);
	g_string_free(whiteouts, TRUE);
}

/* An iterator that fails in its middle leaves the tree as it was. */
static gboolean broken_next(SmithEntryIter *iter, SmithEntry **out, GError **error)
{
	static guint count;

	(void)iter;
	if (count++ % 2 == 1)
		return smith_throw(error, SMITH_ERROR_INVALID, "broken");
	*out = smith_entry_new_file(".wh.a", 0644, "", 0);
	return TRUE;
}

static void broken_free(SmithEntryIter *iter)
{
	g_free(iter);
}

static void test_broken_layer(void)
{
	static const SmithEntryIterOps ops = {broken_next, broken_free};
	g_autoptr(SmithTree) tree = smith_tree_new();
	SmithEntryIter *iter = g_new0(SmithEntryIter, 1);
	g_autoptr(SmithEntryIter) owned = iter;
	g_autoptr(GError) error = NULL;

	iter->ops = &ops;
	apply(tree, "a=1", want_a);
	g_assert_false(smith_tree_apply(tree, owned, want_a, &error));
	g_assert_error(error, SMITH_ERROR, SMITH_ERROR_INVALID);
	check_text(tree, "a", "1");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/layers/tree/rows", test_rows);
	g_test_add_func("/layers/tree/contents", test_contents);
	g_test_add_func("/layers/tree/limits", test_limits);
	g_test_add_func("/layers/tree/many-whiteouts", test_many_whiteouts);
	g_test_add_func("/layers/tree/broken-layer", test_broken_layer);
	return g_test_run();
}
