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
	SmithLayer *layer = smith_layer_write(
		iter, &(SmithLayerOptions){compression, split, dir->fd, NULL}, &error);
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
		"sha256:0529122097820390a6db9b329fe41dbadbc9abbca69cf75d066990e917395532", NULL,
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
		const SmithLayerOptions options = {compression, split != 0, dirfd, NULL};
		g_assert_null(smith_layer_write(iter, &options, &error));
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
		const SmithLayerOptions options = {all[i], true, dir.fd, NULL};
		g_autoptr(SmithLayer) layer = smith_layer_write(iter, &options, &error);
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

/* A tree of files of 3000 bytes, less the one that is @gone and with one more in the middle if
 * @more, of which one is @edited. */
static SmithLayer *write_files(const TestDir *dir, const char *like, int gone, bool more,
			       int edited)
{
	GError *error = NULL;
	GPtrArray *entries = g_ptr_array_new();
	g_autofree guint8 *text = test_text(400000, 3);
	for (int i = 0; i < 100; i++) {
		g_autofree char *path = g_strdup_printf("app/f%03d", i);
		const guint8 *from = text + (i == edited ? 7 : i * 3000);
		if (i != gone)
			g_ptr_array_add(entries, smith_entry_new_file(path, 0644, from, 3000));
		if (more && i == 50)
			g_ptr_array_add(entries,
					smith_entry_new_file("app/f050b", 0644, text + 9, 3000));
	}
	g_autoptr(SmithEntryIter) iter = smith_entry_iter_new_array(entries);
	const SmithLayerOptions options = {SMITH_COMPRESSION_SPLICE, false, dir->fd, like};
	SmithLayer *layer = smith_layer_write(iter, &options, &error);
	g_assert_no_error(error);
	return layer;
}

/* A blob with each member of that one deflated by another encoder; its digest. */
static char *deflate_otherwise(const TestDir *dir, const char *digest)
{
	GError *error = NULL;
	const char *name = smith_digest_hex(digest);
	g_autoptr(GBytes) blob = smith_fd_read_file(dir->fd, name, 1 << 24, &error);
	g_assert_no_error(error);
	gsize size, in, out;
	const guint8 *data = g_bytes_get_data(blob, &size);
	g_autoptr(GByteArray) other = g_byte_array_new();
	g_autofree guint8 *content = g_malloc(1 << 20), *member = g_malloc(1 << 20);
	struct libdeflate_decompressor *inflate = libdeflate_alloc_decompressor();
	struct libdeflate_compressor *deflate = libdeflate_alloc_compressor(1);
	for (; size > 0; data += in, size -= in) {
		g_assert_cmpint(libdeflate_gzip_decompress_ex(inflate, data, size, content, 1 << 20,
							      &in, &out),
				==, LIBDEFLATE_SUCCESS);
		gsize length = libdeflate_gzip_compress(deflate, content, out, member, 1 << 20);
		g_byte_array_append(other, member, (guint)length);
	}
	libdeflate_free_decompressor(inflate);
	libdeflate_free_compressor(deflate);
	char *made = smith_digest_of(other->data, other->len);
	test_write(dir, smith_digest_hex(made), other->data, other->len);
	return made;
}

/* What an earlier layer has makes no other bytes, and is taken from it. */
static void test_like(void)
{
	static const struct {
		int gone;
		bool more;
		int edited;
	} rows[] = {{-1, false, -1}, {-1, false, 30}, {40, false, -1}, {-1, true, -1},
		    {0, false, -1},  {99, false, 2},  {20, true, 70}};
	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_auto(TestDir) dir = test_dir_new(), fresh = test_dir_new();
		g_autoptr(SmithLayer) first = write_files(&dir, NULL, -1, false, -1);
		g_autoptr(SmithLayer) next = write_files(&dir, first->digest, rows[i].gone,
							 rows[i].more, rows[i].edited);
		g_autoptr(SmithLayer) alone =
			write_files(&fresh, NULL, rows[i].gone, rows[i].more, rows[i].edited);
		g_assert_cmpstr(next->digest, ==, alone->digest);
		g_assert_cmpstr(next->diff_id, ==, alone->diff_id);
		check_blob(&dir, next);
		/* taken, if not by who made it */
		g_autofree char *otherwise = deflate_otherwise(&dir, first->digest);
		g_autoptr(SmithLayer) other =
			write_files(&dir, otherwise, rows[i].gone, rows[i].more, rows[i].edited);
		g_assert_cmpstr(other->digest, !=, alone->digest);
		g_assert_cmpstr(other->diff_id, ==, alone->diff_id);
	}
	g_auto(TestDir) dir = test_dir_new();
	g_autoptr(SmithLayer) first = write_files(&dir, NULL, -1, false, -1);
	g_autoptr(SmithLayer) next = write_files(
		&dir, "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", -1,
		false, -1);
	g_assert_cmpstr(first->digest, ==, next->digest);
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
	g_test_add_func("/layers/layer/like", test_like);
	g_test_add_func("/layers/layer/names", test_names);
	return g_test_run();
}
