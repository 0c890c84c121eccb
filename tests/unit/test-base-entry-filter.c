/* SPDX-License-Identifier: Apache-2.0 */
#include "base/entry-filter.h"

#include <string.h>

#include "base/error.h"

/*
 * Tests are texts: one entry per line, "TYPE PATH [mode=OCTAL] [own=UID:GID] [time=SECONDS]
 * [to=TARGET] [xattr=NAME=VALUE] [text=CONTENT]", without what is 0 or absent.
 */
static const char types[] = "-dlhcbp";

static void apply_word(SmithEntry *entry, const char *word)
{
	const char *value = strchr(word, '=');
	g_assert_nonnull(value);
	value++;
	if (g_str_has_prefix(word, "mode=")) {
		entry->mode = (guint32)g_ascii_strtoull(value, NULL, 8);
	} else if (g_str_has_prefix(word, "own=")) {
		char *end = NULL;
		entry->uid = (guint32)g_ascii_strtoull(value, &end, 10);
		entry->gid = (guint32)g_ascii_strtoull(end + 1, NULL, 10);
	} else if (g_str_has_prefix(word, "time=")) {
		entry->mtime = g_ascii_strtoll(value, NULL, 10);
	} else if (g_str_has_prefix(word, "to=")) {
		entry->target = g_strdup(value);
	} else if (g_str_has_prefix(word, "text=")) {
		g_autoptr(GBytes) bytes = g_bytes_new(value, strlen(value));
		entry->content = smith_content_new_bytes(bytes);
	} else {
		g_assert_true(g_str_has_prefix(word, "xattr="));
		g_auto(GStrv) pair = g_strsplit(value, "=", 2);
		smith_entry_add_xattr(entry, pair[0], pair[1], strlen(pair[1]));
	}
}

static SmithEntryIter *parse(const char *text)
{
	GPtrArray *entries = g_ptr_array_new();
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	for (guint i = 0; lines[i] != NULL && *lines[i] != '\0'; i++) {
		g_auto(GStrv) words = g_strsplit(lines[i], " ", -1);
		const char *type = strchr(types, *words[0]);
		g_assert_nonnull(type);
		SmithEntry *entry = smith_entry_new((SmithEntryType)(type - types), words[1], 0);
		for (guint w = 2; words[w] != NULL; w++)
			apply_word(entry, words[w]);
		g_ptr_array_add(entries, entry);
	}
	return smith_entry_iter_new_array(entries);
}

static void print_entry(GString *out, const SmithEntry *entry)
{
	g_string_append_printf(out, "%c %s", types[entry->type], entry->path);
	if (entry->mode != 0)
		g_string_append_printf(out, " mode=%o", entry->mode);
	if (entry->uid != 0 || entry->gid != 0)
		g_string_append_printf(out, " own=%u:%u", entry->uid, entry->gid);
	if (entry->mtime != 0)
		g_string_append_printf(out, " time=%" G_GINT64_FORMAT, entry->mtime);
	if (entry->target != NULL)
		g_string_append_printf(out, " to=%s", entry->target);
	for (guint i = 0; entry->xattrs != NULL && i < entry->xattrs->len; i++) {
		const SmithXattr *xattr = &g_array_index(entry->xattrs, SmithXattr, i);
		g_string_append_printf(out, " xattr=%s=%.*s", xattr->name,
				       (int)g_bytes_get_size(xattr->value),
				       (const char *)g_bytes_get_data(xattr->value, NULL));
	}
	if (entry->content != NULL) {
		g_autoptr(SmithSource) source = entry->content->ops->open(entry->content, NULL);
		g_autoptr(GBytes) bytes = smith_source_read_all(source, 1000, NULL);
		g_string_append_printf(out, " text=%.*s", (int)g_bytes_get_size(bytes),
				       (const char *)g_bytes_get_data(bytes, NULL));
	}
	g_string_append_c(out, '\n');
}

/* What comes out of @iter (taken): a text as above, or "error: MESSAGE" at the end of it. */
static char *print(SmithEntryIter *iter)
{
	GString *out = g_string_new(NULL);
	for (;;) {
		g_autoptr(GError) error = NULL;
		g_autoptr(SmithEntry) entry = NULL;
		if (!smith_entry_iter_next(iter, &entry, &error)) {
			g_assert_cmpint(error->domain, ==, SMITH_ERROR);
			g_string_append_printf(out, "error: %s\n", error->message);
			break;
		}
		if (entry == NULL)
			break;
		print_entry(out, entry);
	}
	smith_entry_iter_free(iter);
	return g_string_free(out, FALSE);
}

static void assert_filter(SmithEntryIter *iter, const char *expected)
{
	g_autofree char *got = print(iter);
	g_assert_cmpstr(got, ==, expected);
}

static void test_clamp(void)
{
	const char *in = "- a time=5\n- b time=11\nd c time=10\nl d time=-3 to=x\n";
	assert_filter(smith_entry_filter_clamp(parse(in), 10, true),
		      "- a time=5\n- b time=10\nd c time=10\nl d time=-3 to=x\n");
	assert_filter(smith_entry_filter_clamp(parse(in), 10, false),
		      "- a time=10\n- b time=10\nd c time=10\nl d time=10 to=x\n");
	assert_filter(smith_entry_filter_clamp(parse(""), 10, false), "");
}

static void test_owner(void)
{
	assert_filter(smith_entry_filter_owner(parse("- a own=1:2\nd b\nh c to=a\n"), 10001, 7),
		      "- a own=10001:7\nd b own=10001:7\nh c own=10001:7 to=a\n");
	assert_filter(smith_entry_filter_owner(parse("- a own=1:2\n"), 0, 0), "- a\n");
}

static gboolean keep_unless_prefix(const SmithEntry *entry, gpointer user_data)
{
	return !g_str_has_prefix(entry->path, user_data);
}

static void test_exclude(void)
{
	const char *in = "d a\n- a/x\nd b\n- b/x\n- ab\n";
	assert_filter(smith_entry_filter_exclude(parse(in), keep_unless_prefix, (char *)"a"),
		      "d b\n- b/x\n");
	assert_filter(smith_entry_filter_exclude(parse(in), keep_unless_prefix, (char *)"b/"),
		      "d a\n- a/x\nd b\n- ab\n");
	assert_filter(smith_entry_filter_exclude(parse(in), keep_unless_prefix, (char *)""), "");
}

static void test_parents(void)
{
	/* every parent once, before the first that needs it, unless it is in the stream */
	assert_filter(smith_entry_filter_parents(parse("- opt/venv/bin/x mode=755 own=5:5 time=3\n"
						       "- opt/venv/lib\n"
						       "d opt mode=700 own=1:1 time=1\n"
						       "d .\n"
						       "- top\n"
						       "h z/l to=top\n"),
						 77),
		      "d opt/venv mode=755 time=77\n"
		      "d opt/venv/bin mode=755 time=77\n"
		      "- opt/venv/bin/x mode=755 own=5:5 time=3\n"
		      "- opt/venv/lib\n"
		      "d opt mode=700 own=1:1 time=1\n"
		      "d .\n"
		      "- top\n"
		      "d z mode=755 time=77\n"
		      "h z/l to=top\n");
	assert_filter(smith_entry_filter_parents(parse(""), 77), "");
	assert_filter(smith_entry_filter_parents(parse("- lib/x/y/z\nl lib to=usr/lib\n"), 0),
		      "error: 'lib/x/y/z' lies in 'lib', which is a symbolic link\n");
	assert_filter(smith_entry_filter_parents(parse("- a\n- a/b\n"), 0),
		      "error: 'a/b' lies in 'a', which is a file\n");
}

static void test_sort(void)
{
	assert_filter(smith_entry_filter_sort(parse("- b\n- a-b\nd a\n- a/z\n- a.b/c\n"
						    "- !\nd .\nd a/b\n- a/b/c\nd a.b\n- a/b-\n")),
		      "d .\n- !\nd a\nd a/b\n- a/b/c\n- a/b-\n- a/z\n- a-b\nd a.b\n"
		      "- a.b/c\n- b\n");
	assert_filter(smith_entry_filter_sort(parse("")), "");
}

static void test_sort_duplicates(void)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
		{"d a mode=755\n- b\nd a mode=755\nd a mode=755\n", "d a mode=755\n- b\n"},
		{"d a xattr=u.x=1\nd a xattr=u.x=1\n", "d a xattr=u.x=1\n"},
		{"d a mode=755\nd a mode=700\n",
		 "error: 'a' exists twice, as directory and as directory of other attributes\n"},
		{"d a time=1\nd a\n",
		 "error: 'a' exists twice, as directory and as directory of other attributes\n"},
		{"d a own=1:0\nd a own=0:1\n",
		 "error: 'a' exists twice, as directory and as directory of other attributes\n"},
		{"d a xattr=u.x=1\nd a xattr=u.x=2\n",
		 "error: 'a' exists twice, as directory and as directory of other attributes\n"},
		{"d a xattr=u.x=1\nd a\n",
		 "error: 'a' exists twice, as directory and as directory of other attributes\n"},
		{"- a text=1\n- b\n- a text=1\n", "error: 'a' exists twice, as file and as file\n"},
		{"d a\n- a\n", "error: 'a' exists twice, as directory and as file\n"},
		{"l a to=x\nd a\n", "error: 'a' exists twice, as symbolic link and as directory\n"},
	};
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
		assert_filter(smith_entry_filter_sort(parse(rows[i].in)), rows[i].out);
}

static void test_sort_links(void)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
		/* the target is first: stays; the link gets its attributes */
		{"- a mode=644 own=1:2 time=3 xattr=u.x=1 text=A\nh b to=a\n",
		 "- a mode=644 own=1:2 time=3 xattr=u.x=1 text=A\nh b mode=644 own=1:2 time=3 "
		 "to=a\n"},
		/* the target is last: exchanged */
		{"- z mode=600 own=1:2 text=Z\nh a mode=777 to=z\n",
		 "- a mode=600 own=1:2 text=Z\nh z mode=600 own=1:2 to=a\n"},
		/* in the middle */
		{"- m text=M\nh z to=m\nh a to=m\nh b to=m\n",
		 "- a text=M\nh b to=a\nh m to=a\nh z to=a\n"},
		/* chains, both ways */
		{"- a text=A\nh b to=a\nh c to=b\nh d to=c\n",
		 "- a text=A\nh b to=a\nh c to=a\nh d to=a\n"},
		{"- d text=D\nh c to=d\nh b to=c\nh a to=b\n",
		 "- a text=D\nh b to=a\nh c to=a\nh d to=a\n"},
		/* two inodes that cross */
		{"- c text=1\n- d text=2\nh a to=d\nh b to=c\n",
		 "- a text=2\n- b text=1\nh c to=b\nh d to=a\n"},
		/* links to symbolic links and devices */
		{"l y mode=777 to=x\nh a to=y\np z\nh b to=z\n",
		 "l a mode=777 to=x\np b\nh y mode=777 to=a\nh z to=b\n"},
		{"h a to=b\n", "error: hard link 'a': its target 'b' does not exist\n"},
		{"h a to=a\n", "error: hard link 'a': leads back to itself\n"},
		{"- x\nh a to=b\nh b to=c\nh c to=b\n",
		 "error: hard link 'b': leads back to itself\n"},
		{"d d\nh a to=b\nh b to=d\n",
		 "error: hard link 'a': its target 'd' is a directory\n"},
	};
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
		assert_filter(smith_entry_filter_sort(parse(rows[i].in)), rows[i].out);
}

/* A chain of links as long as a hostile archive may have it takes no quadratic time. */
static void test_sort_long_chain(void)
{
	const guint count = 200000;
	GPtrArray *entries = g_ptr_array_new();
	for (guint i = 0; i < count; i++) {
		g_autofree char *path = g_strdup_printf("f%07u", i);
		SmithEntry *entry = smith_entry_new(
			i + 1 < count ? SMITH_ENTRY_HARDLINK : SMITH_ENTRY_FILE, path, 0644);
		if (i + 1 < count)
			entry->target = g_strdup_printf("f%07u", i + 1);
		g_ptr_array_add(entries, entry);
	}
	g_autoptr(SmithEntryIter) iter =
		smith_entry_filter_sort(smith_entry_iter_new_array(entries));
	g_autoptr(SmithEntry) first = NULL;
	g_assert_true(smith_entry_iter_next(iter, &first, NULL));
	g_assert_cmpint(first->type, ==, SMITH_ENTRY_FILE);
	g_assert_cmpstr(first->path, ==, "f0000000");
	for (guint i = 1; i < count; i++) {
		g_autoptr(SmithEntry) entry = NULL;
		g_assert_true(smith_entry_iter_next(iter, &entry, NULL));
		g_assert_cmpint(entry->type, ==, SMITH_ENTRY_HARDLINK);
		g_assert_cmpstr(entry->target, ==, "f0000000");
	}
}

/* The order in which a source has its entries makes no difference. */
static void test_shuffled(void)
{
	static const char *const in[] = {"- opt/a/x text=1", "h opt/b to=opt/a/x",
					 "d opt mode=711",   "h opt/a/l to=opt/b",
					 "- z time=99",	     "l opt-1 to=z"};
	g_autofree char *first = NULL;
	for (guint round = 0; round < 50; round++) {
		const char *lines[G_N_ELEMENTS(in) + 1] = {NULL};
		for (guint i = 0; i < G_N_ELEMENTS(in); i++) {
			guint j = (guint)g_test_rand_int_range(0, (gint32)i + 1);
			lines[i] = lines[j];
			lines[j] = in[i];
		}
		g_autofree char *text = g_strjoinv("\n", (char **)lines);
		SmithEntryIter *iter = smith_entry_filter_owner(parse(text), 1, 1);
		iter = smith_entry_filter_clamp(iter, 50, true);
		iter = smith_entry_filter_parents(iter, 50);
		iter = smith_entry_filter_sort(iter);
		g_autofree char *out = print(iter);
		if (first == NULL)
			first = g_steal_pointer(&out);
		else
			g_assert_cmpstr(out, ==, first);
	}
	g_assert_cmpstr(first, ==,
			"d opt mode=711 own=1:1\n"
			"d opt/a mode=755 time=50\n"
			"- opt/a/l own=1:1 text=1\n"
			"h opt/a/x own=1:1 to=opt/a/l\n"
			"h opt/b own=1:1 to=opt/a/l\n"
			"l opt-1 own=1:1 to=z\n"
			"- z own=1:1 time=50\n");
}

typedef struct {
	SmithEntryIter base;
	guint left;
} Failing;

static gboolean failing_next(SmithEntryIter *iter, SmithEntry **out, GError **error)
{
	Failing *self = (Failing *)iter;
	if (self->left-- == 0)
		return smith_throw(error, SMITH_ERROR_FAILED, "broken");
	*out = smith_entry_new(SMITH_ENTRY_FILE, "a", 0);
	return TRUE;
}

static void failing_free(SmithEntryIter *iter)
{
	g_free(iter);
}

static SmithEntryIter *failing_new(void)
{
	static const SmithEntryIterOps ops = {failing_next, failing_free};
	Failing *self = g_new0(Failing, 1);
	self->base.ops = &ops;
	self->left = 1;
	return &self->base;
}

static void test_errors_pass(void)
{
	assert_filter(smith_entry_filter_owner(failing_new(), 0, 0), "- a\nerror: broken\n");
	assert_filter(smith_entry_filter_clamp(failing_new(), 0, true), "- a\nerror: broken\n");
	assert_filter(smith_entry_filter_exclude(failing_new(), keep_unless_prefix, (char *)"b"),
		      "- a\nerror: broken\n");
	assert_filter(smith_entry_filter_sort(failing_new()), "error: broken\n");
	assert_filter(smith_entry_filter_parents(failing_new(), 0), "error: broken\n");
}

static void test_once(void)
{
	SmithEntry *entry = smith_entry_new_file("a", 0644, "x", 1);
	entry->content->once = true;
	GPtrArray *entries = g_ptr_array_new();
	g_ptr_array_add(entries, entry);
	assert_filter(smith_entry_filter_sort(smith_entry_iter_new_array(entries)),
		      "error: 'a': the content of a stream cannot be put in order\n");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/entry-filter/clamp", test_clamp);
	g_test_add_func("/entry-filter/owner", test_owner);
	g_test_add_func("/entry-filter/exclude", test_exclude);
	g_test_add_func("/entry-filter/parents", test_parents);
	g_test_add_func("/entry-filter/sort", test_sort);
	g_test_add_func("/entry-filter/sort-duplicates", test_sort_duplicates);
	g_test_add_func("/entry-filter/sort-links", test_sort_links);
	g_test_add_func("/entry-filter/sort-long-chain", test_sort_long_chain);
	g_test_add_func("/entry-filter/shuffled", test_shuffled);
	g_test_add_func("/entry-filter/errors-pass", test_errors_pass);
	g_test_add_func("/entry-filter/once", test_once);
	return g_test_run();
}
