/* SPDX-License-Identifier: Apache-2.0 */
#include "layers/layer.h"

#include <sys/resource.h>
#include <sys/stat.h>

#include "base/digest.h"
#include "base/error.h"
#include "layers-test.h"

static const SmithCompression all[] = {SMITH_COMPRESSION_SPLICE, SMITH_COMPRESSION_ZSTD,
				       SMITH_COMPRESSION_GZIP, SMITH_COMPRESSION_NONE};

/* A tree with every kind of neighbourhood: empty, tiny, spliced, stored, large, links. */
static SmithEntryIter *sample(void)
{
	GPtrArray *entries = g_ptr_array_new();
	g_autofree guint8 *text = test_text(300000, 1);
	g_autofree guint8 *noise = test_noise(300000, 1);
	g_autofree guint8 *large = test_text(1500000, 2);
	g_ptr_array_add(entries, smith_entry_new(SMITH_ENTRY_DIR, "opt", 0755));
	g_ptr_array_add(entries, smith_entry_new_file("opt/a", 0644, text, 100));
	g_ptr_array_add(entries, smith_entry_new(SMITH_ENTRY_FILE, "opt/empty", 0644));
	g_ptr_array_add(entries, smith_entry_new_file("opt/large", 0644, large, 1500000));
	g_ptr_array_add(entries, smith_entry_new_symlink("opt/link", "a"));
	g_ptr_array_add(entries, smith_entry_new_file("opt/noise", 0755, noise, 300000));
	g_ptr_array_add(entries, test_spliced_entry("opt/s1", text, 20000));
	g_ptr_array_add(entries, test_spliced_entry("opt/s2", text, 512));
	g_ptr_array_add(entries, test_spliced_entry("opt/s3", text, 0));
	g_ptr_array_add(entries, test_spliced_entry("opt/s4", text + 7, 250001));
	SmithEntry *link = smith_entry_new(SMITH_ENTRY_HARDLINK, "opt/t", 0644);
	link->target = g_strdup("opt/a");
	g_ptr_array_add(entries, link);
	for (guint i = 0; i < 600; i++) {
		g_autofree char *path = g_strdup_printf("opt/z%03u", i);
		g_ptr_array_add(entries, i % 3 == 0
						 ? test_spliced_entry(path, text + i, 100 + i * 7)
						 : smith_entry_new_file(path, 0644, text + i, i));
	}
	return smith_entry_iter_new_array(entries);
}

static SmithLayer *write_sample(SmithCompression compression, bool split, const TestDir *dir)
{
	GError *error = NULL;
	g_autoptr(SmithEntryIter) iter = sample();
	SmithLayer *layer = smith_layer_write(iter, compression, split, dir->fd, &error);
	g_assert_no_error(error);
	g_assert_nonnull(layer);
	return layer;
}

static void check_blob(const TestDir *dir, const SmithLayer *layer)
{
	GError *error = NULL;
	g_autoptr(GBytes) blob =
		smith_fd_read_file(dir->fd, smith_digest_hex(layer->digest), 1 << 24, &error);
	g_assert_no_error(error);
	gsize size;
	const void *data = g_bytes_get_data(blob, &size);
	g_autofree char *digest = smith_digest_of(data, size);
	g_assert_cmpstr(digest, ==, layer->digest);
	g_assert_cmpuint(size, ==, layer->size);
	struct stat st;
	g_assert_cmpint(fstatat(dir->fd, smith_digest_hex(layer->digest), &st, 0), ==, 0);
	g_assert_cmpuint(st.st_mode & 07777, ==, 0444);
}

static void test_twins(void)
{
	static const char *const golden[] = {
		"sha256:850e59803a0fff2a40ba7957677d3746efe0e536b970e2c6da5f6112d6178c75", NULL,
		NULL, "sha256:aa15bc1ce00696969fea1be3699e9bb5e13c0e46389c18473d8fe3d9dc7614e3"};
	g_autofree char *diff_id = NULL;
	for (guint i = 0; i < G_N_ELEMENTS(all); i++) {
		g_auto(TestDir) one = test_dir_new();
		g_auto(TestDir) two = test_dir_new();
		g_autoptr(SmithLayer) serial = write_sample(all[i], false, &one);
		g_autoptr(SmithLayer) split = write_sample(all[i], true, &two);
		check_blob(&one, serial);
		check_blob(&two, split);
		g_assert_cmpstr(serial->digest, ==, split->digest);
		g_assert_cmpstr(serial->diff_id, ==, split->diff_id);
		g_assert_cmpuint(serial->unpacked_size, ==, split->unpacked_size);
		g_assert_cmpuint(serial->entries, ==, 611);
		g_assert_cmpstr(serial->media_type, ==, smith_compression_media_type(all[i]));
		if (diff_id == NULL)
			diff_id = g_strdup(serial->diff_id);
		g_assert_cmpstr(diff_id, ==, serial->diff_id);
		if (golden[i] != NULL)
			g_assert_cmpstr(golden[i], ==, serial->digest);
	}
}

static void test_judges(void)
{
	static const char *const programs[] = {"gzip", "zstd", "tar", "python3"};
	static const char *const plain[] = {"gzip -t $B; gzip -dc $B > t",
					    "zstd -qt $B; zstd -qdc $B > t",
					    "gzip -t $B; gzip -dc $B > t", "cp $B t"};
	for (guint i = 0; i < G_N_ELEMENTS(programs); i++)
		if (!test_need(programs[i]))
			return;
	for (guint i = 0; i < G_N_ELEMENTS(all); i++) {
		g_auto(TestDir) dir = test_dir_new();
		g_autoptr(SmithLayer) layer = write_sample(all[i], true, &dir);
		g_autofree char *command = g_strdup_printf(
			"B=%s; %s; echo sha256:$(sha256sum < t | cut -c1-64); wc -c < t;"
			"tar tf t | wc -l; tar xf t; cmp opt/a opt/t; readlink opt/link;"
			"python3 -c 'import tarfile; print(len(tarfile.open(\"t\").getmembers()))'",
			smith_digest_hex(layer->digest), plain[i]);
		g_autofree char *expected =
			g_strdup_printf("%s\n%" G_GUINT64_FORMAT "\n611\na\n611\n", layer->diff_id,
					layer->unpacked_size);
		g_autofree char *output = test_run(&dir, command);
		g_assert_cmpstr(output, ==, expected);
	}
}

static void refuse(GPtrArray *entries, SmithCompression compression, int dirfd, const char *text)
{
	for (int split = 0; split < 2; split++) {
		g_autoptr(GPtrArray) copy = g_ptr_array_new();
		for (guint i = 0; i < entries->len; i++) {
			SmithEntry *entry = g_memdup2(entries->pdata[i], sizeof(SmithEntry));
			entry->path = g_strdup(entry->path);
			entry->target = g_strdup(entry->target);
			if (entry->content != NULL)
				smith_content_ref(entry->content);
			g_ptr_array_add(copy, entry);
		}
		g_autoptr(SmithEntryIter) iter = smith_entry_iter_new_array(g_steal_pointer(&copy));
		g_autoptr(GError) error = NULL;
		g_assert_null(smith_layer_write(iter, compression, split != 0, dirfd, &error));
		g_assert_nonnull(error);
		if (strstr(error->message, text) == NULL)
			g_test_message("%s", error->message);
		g_assert_nonnull(strstr(error->message, text));
	}
	g_ptr_array_set_free_func(entries, (GDestroyNotify)smith_entry_free);
	g_ptr_array_unref(entries);
}

static GPtrArray *two(SmithEntry *a, SmithEntry *b)
{
	GPtrArray *entries = g_ptr_array_new();
	g_ptr_array_add(entries, a);
	if (b != NULL)
		g_ptr_array_add(entries, b);
	return entries;
}

static void test_bad(void)
{
	g_auto(TestDir) dir = test_dir_new();
	g_autofree guint8 *text = test_text(900000, 1);
	for (guint i = 0; i < G_N_ELEMENTS(all); i++) {
		refuse(two(smith_entry_new_file("b", 0644, "", 0),
			   smith_entry_new_file("a", 0644, "", 0)),
		       all[i], dir.fd, "'a' is out of order in a layer, it comes after 'b'");
		refuse(two(smith_entry_new_file("a.b", 0644, "", 0),
			   smith_entry_new_file("a/b", 0644, "", 0)),
		       all[i], dir.fd, "out of order");
		refuse(two(smith_entry_new_file("a", 0644, "", 0),
			   smith_entry_new(SMITH_ENTRY_DIR, "a", 0755)),
		       all[i], dir.fd, "'a' is twice");
		SmithEntry *link = smith_entry_new(SMITH_ENTRY_HARDLINK, "a", 0644);
		link->target = g_strdup("b");
		refuse(two(link, NULL), all[i], dir.fd, "before its target 'b'");

		SmithEntry *entry = smith_entry_new_file("short", 0644, "12345", 5);
		entry->content->size = 6;
		refuse(two(entry, NULL), all[i], dir.fd, "5 bytes, expected 6");
		entry = smith_entry_new_file("long", 0644, "12345", 5);
		entry->content->size = 4;
		refuse(two(entry, NULL), all[i], dir.fd, "5 bytes, expected 4");
	}
	SmithEntry *entry = test_spliced_entry("lie", text, 900000);
	((TestSpliced *)entry->content)->lie = TRUE;
	refuse(two(entry, NULL), SMITH_COMPRESSION_SPLICE, dir.fd,
	       "content of 'lie': hash mismatch");
	entry = test_spliced_entry("size", text, 900000);
	entry->content->size--;
	refuse(two(entry, NULL), SMITH_COMPRESSION_SPLICE, dir.fd, "900000 bytes, expected 899999");
	entry = test_spliced_entry("raw", text, 900000);
	entry->content->deflated_size++;
	refuse(two(entry, NULL), SMITH_COMPRESSION_SPLICE, dir.fd, "deflate stream has");

	g_autoptr(GPtrArray) left = smith_fd_list_dir(dir.fd, NULL);
	g_assert_cmpuint(left->len, ==, 0);
}

/* A file system that refuses to take more: here the limit of a file's size. */
static void test_full(void)
{
	g_auto(TestDir) dir = test_dir_new();
	g_autofree guint8 *noise = test_noise(9000000, 1);
	struct rlimit old, tiny;
	getrlimit(RLIMIT_FSIZE, &old);
	tiny = old;
	tiny.rlim_cur = 300000;
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &tiny);
	for (guint i = 0; i < G_N_ELEMENTS(all); i++)
		refuse(two(test_spliced_entry("a", noise, 9000000),
			   smith_entry_new_file("b", 0644, noise, 9000000)),
		       all[i], dir.fd, "too large");
	setrlimit(RLIMIT_FSIZE, &old);
	g_autoptr(GPtrArray) left = smith_fd_list_dir(dir.fd, NULL);
	g_assert_cmpuint(left->len, ==, 0);
}

static void test_empty(void)
{
	g_auto(TestDir) dir = test_dir_new();
	for (guint i = 0; i < G_N_ELEMENTS(all); i++) {
		GError *error = NULL;
		g_autoptr(SmithEntryIter) iter = smith_entry_iter_new_array(g_ptr_array_new());
		g_autoptr(SmithLayer) layer = smith_layer_write(iter, all[i], true, dir.fd, &error);
		g_assert_no_error(error);
		/* two zero blocks, as `head -c 1024 /dev/zero` makes them */
		g_assert_cmpstr(
			layer->diff_id, ==,
			"sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef");
		g_assert_cmpuint(layer->unpacked_size, ==, 1024);
		g_assert_cmpuint(layer->entries, ==, 0);
	}
}

/* Two writers of one layer do not disturb each other. */
static void test_again(void)
{
	g_auto(TestDir) dir = test_dir_new();
	g_autoptr(SmithLayer) first = write_sample(SMITH_COMPRESSION_SPLICE, false, &dir);
	g_autoptr(SmithLayer) second = write_sample(SMITH_COMPRESSION_SPLICE, true, &dir);
	g_autoptr(GPtrArray) names = smith_fd_list_dir(dir.fd, NULL);
	g_assert_cmpuint(names->len, ==, 1);
	g_assert_cmpstr(first->digest, ==, second->digest);
}

static void test_names(void)
{
	SmithCompression found;
	for (guint i = 0; i < G_N_ELEMENTS(all); i++) {
		g_assert_true(
			smith_compression_from_name(smith_compression_name(all[i]), &found, NULL));
		g_assert_cmpint(found, ==, all[i]);
		g_assert_true(g_str_has_prefix(smith_compression_id(all[i]),
					       smith_compression_name(all[i])));
	}
	g_autoptr(GError) error = NULL;
	g_assert_false(smith_compression_from_name("ztsd", &found, &error));
	g_assert_error(error, SMITH_ERROR, SMITH_ERROR_INVALID);
	g_assert_nonnull(strstr(error->message, "did you mean 'zstd'?"));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/layers/layer/twins", test_twins);
	g_test_add_func("/layers/layer/judges", test_judges);
	g_test_add_func("/layers/layer/bad", test_bad);
	g_test_add_func("/layers/layer/full", test_full);
	g_test_add_func("/layers/layer/empty", test_empty);
	g_test_add_func("/layers/layer/again", test_again);
	g_test_add_func("/layers/layer/names", test_names);
	return g_test_run();
}
