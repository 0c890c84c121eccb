/* SPDX-License-Identifier: Apache-2.0 */
#include "layers/tar-write.h"

#include "base/digest.h"
#include "base/error.h"
#include "layers-test.h"

static void add(GByteArray *tar, SmithEntry *entry)
{
	GError *error = NULL;
	static const guint8 zeros[512];
	smith_tar_write_header(entry, tar, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(tar->len % 512, ==, 0);
	if (entry->content != NULL) {
		g_autoptr(SmithSource) source = entry->content->ops->open(entry->content, &error);
		g_assert_no_error(error);
		g_autoptr(GBytes) bytes = smith_source_read_all(source, 1 << 20, &error);
		g_assert_no_error(error);
		gsize size = 0;
		const guint8 *data = g_bytes_get_data(bytes, &size);
		g_byte_array_append(tar, data, (guint)size);
		g_byte_array_append(tar, zeros, (guint)smith_tar_padding(size));
	}
	smith_entry_free(entry);
}

static char *repeat(const char *piece, guint times)
{
	GString *text = g_string_new(NULL);
	for (guint i = 0; i < times; i++)
		g_string_append(text, piece);
	return g_string_free(text, FALSE);
}

static GByteArray *sample(void)
{
	GByteArray *tar = g_byte_array_new();
	g_autofree char *deep = repeat("directory/", 14);
	g_autofree char *deep_file = g_strconcat(deep, "file", NULL);
	g_autofree char *long_name = repeat("x", 200);
	g_autofree char *hundred = repeat("h", 100);
	g_autofree char *hundred_one = repeat("i", 101);
	g_autofree char *dir_hundred = repeat("j", 100);

	add(tar, smith_entry_new(SMITH_ENTRY_DIR, ".", 0755));
	SmithEntry *entry = smith_entry_new_file("a", 04755, "hello\n", 6);
	entry->uid = 10001;
	entry->gid = 5;
	entry->mtime = 1700000000;
	add(tar, entry);
	entry = smith_entry_new(SMITH_ENTRY_HARDLINK, "b", 0644);
	entry->target = g_strdup("a");
	add(tar, entry);
	entry = smith_entry_new(SMITH_ENTRY_CHAR, "c", 0666);
	entry->major = 1;
	entry->minor = 3;
	add(tar, entry);
	entry = smith_entry_new(SMITH_ENTRY_BLOCK, "d", 0660);
	entry->major = 8;
	entry->minor = 1048575;
	add(tar, entry);
	add(tar, smith_entry_new_file(deep_file, 0600, "deep", 4));
	add(tar, smith_entry_new(SMITH_ENTRY_FIFO, "fifo", 0600));
	add(tar, smith_entry_new(SMITH_ENTRY_FILE, hundred, 0644));
	entry = smith_entry_new(SMITH_ENTRY_FILE, "ids", 0644);
	entry->uid = 4000000000u;
	entry->gid = 2097152;
	entry->mtime = -5;
	add(tar, entry);
	add(tar, smith_entry_new(SMITH_ENTRY_FILE, hundred_one, 0644));
	add(tar, smith_entry_new(SMITH_ENTRY_DIR, dir_hundred, 0700));
	add(tar, smith_entry_new_symlink("link", "../a/b"));
	add(tar, smith_entry_new_symlink("link-long", long_name));
	add(tar, smith_entry_new_symlink("link-sz\xc3\xa9", "z\xc3\xa9"));
	add(tar, smith_entry_new_file("umlaut-\xc3\xbc", 0644, "u", 1));
	entry = smith_entry_new_file("xattr", 0644, "x", 1);
	smith_entry_add_xattr(entry, "user.b", "two\0\nzero", 9);
	smith_entry_add_xattr(entry, "user.a", "1", 1);
	smith_entry_add_xattr(entry, "user.empty", "", 0);
	add(tar, entry);
	add(tar, smith_entry_new_file(long_name, 0644, "long", 4));
	g_byte_array_set_size(tar, tar->len + SMITH_TAR_END);
	memset(tar->data + tar->len - SMITH_TAR_END, 0, SMITH_TAR_END);
	return tar;
}

static void test_golden(void)
{
	g_autoptr(GByteArray) tar = sample();
	g_autofree char *digest = smith_digest_of(tar->data, tar->len);
	g_assert_cmpstr(digest, ==,
			"sha256:adbe906767259c9a4458efd3b78668931f78141a20f0746bed5060518d757945");
}

static void test_python(void)
{
	if (!test_need("python3"))
		return;
	g_auto(TestDir) dir = test_dir_new();
	g_autoptr(GByteArray) tar = sample();
	test_write(&dir, "t.tar", tar->data, tar->len);
	static const char script[] =
		"import tarfile\n"
		"t = tarfile.open('t.tar')\n"
		"for m in t.getmembers():\n"
		"    x = sorted((k, v) for k, v in m.pax_headers.items() if 'xattr' in k)\n"
		"    b = t.extractfile(m).read() if m.isreg() else b''\n"
		"    n = m.name if len(m.name) < 30 else '%s*%d' % (m.name[:3], len(m.name))\n"
		"    l = m.linkname if len(m.linkname) < 30 else '*%d' % len(m.linkname)\n"
		"    print(m.type.decode(), oct(m.mode)[2:], m.uid, m.gid, m.mtime, ascii(n),\n"
		"          ascii(l), m.devmajor, m.devminor, b, m.uname + m.gname, ascii(x))\n";
	test_write(&dir, "t.py", script, sizeof script - 1);
	g_autofree char *output = test_run(&dir, "python3 t.py");
	g_assert_cmpstr(
		output, ==,
		"5 755 0 0 0 '.' '' 0 0 b''  []\n"
		"0 4755 10001 5 1700000000 'a' '' 0 0 b'hello\\n'  []\n"
		"1 644 0 0 0 'b' 'a' 0 0 b''  []\n"
		"3 666 0 0 0 'c' '' 1 3 b''  []\n"
		"4 660 0 0 0 'd' '' 8 1048575 b''  []\n"
		"0 600 0 0 0 'dir*144' '' 0 0 b'deep'  []\n"
		"6 600 0 0 0 'fifo' '' 0 0 b''  []\n"
		"0 644 0 0 0 'hhh*100' '' 0 0 b''  []\n"
		"0 644 4000000000 2097152 -5.0 'ids' '' 0 0 b''  []\n"
		"0 644 0 0 0 'iii*101' '' 0 0 b''  []\n"
		"5 700 0 0 0 'jjj*100' '' 0 0 b''  []\n"
		"2 777 0 0 0 'link' '../a/b' 0 0 b''  []\n"
		"2 777 0 0 0 'link-long' '*200' 0 0 b''  []\n"
		"2 777 0 0 0 'link-sz\\xe9' 'z\\xe9' 0 0 b''  []\n"
		"0 644 0 0 0 'umlaut-\\xfc' '' 0 0 b'u'  []\n"
		"0 644 0 0 0 'xattr' '' 0 0 b'x'  [('SCHILY.xattr.user.a', '1'), "
		"('SCHILY.xattr.user.b', 'two\\x00\\nzero'), ('SCHILY.xattr.user.empty', '')]\n"
		"0 644 0 0 0 'xxx*200' '' 0 0 b'long'  []\n");
}

static void test_gnu_tar(void)
{
	if (!test_need("tar"))
		return;
	g_auto(TestDir) dir = test_dir_new();
	g_autoptr(GByteArray) tar = sample();
	test_write(&dir, "t.tar", tar->data, tar->len);
	g_autofree char *output = test_run(
		&dir,
		"LC_ALL=C.UTF-8 tar --full-time --utc -tvf t.tar 2>&1 | grep -v 'sz\\|umlaut' |"
		" sed -E 's/(hhh|iii|jjj|xxx)[hijx]+/\\1*/; s/ +/ /g' | cut -c1-70");
	g_assert_cmpstr(output, ==,
			"drwxr-xr-x 0/0 0 1970-01-01 00:00:00 ./\n"
			"-rwsr-xr-x 10001/5 6 2023-11-14 22:13:20 a\n"
			"hrw-r--r-- 0/0 0 1970-01-01 00:00:00 b link to a\n"
			"crw-rw-rw- 0/0 1,3 1970-01-01 00:00:00 c\n"
			"brw-rw---- 0/0 8,1048575 1970-01-01 00:00:00 d\n"
			"-rw------- 0/0 4 1970-01-01 00:00:00 directory/directory/directory/dir\n"
			"prw------- 0/0 0 1970-01-01 00:00:00 fifo\n"
			"-rw-r--r-- 0/0 0 1970-01-01 00:00:00 hhh*\n"
			"-rw-r--r-- 4000000000/2097152 0 1969-12-31 23:59:55 ids\n"
			"-rw-r--r-- 0/0 0 1970-01-01 00:00:00 iii*\n"
			"drwx------ 0/0 0 1970-01-01 00:00:00 jjj*/\n"
			"lrwxrwxrwx 0/0 0 1970-01-01 00:00:00 link -> ../a/b\n"
			"lrwxrwxrwx 0/0 0 1970-01-01 00:00:00 link-long -> xxx*\n"
			"-rw-r--r-- 0/0 1 1970-01-01 00:00:00 xattr\n"
			"-rw-r--r-- 0/0 4 1970-01-01 00:00:00 xxx*\n");
}

static guint header_size(SmithEntry *entry)
{
	g_autoptr(GByteArray) tar = g_byte_array_new();
	GError *error = NULL;
	smith_tar_write_header(entry, tar, &error);
	g_assert_no_error(error);
	smith_entry_free(entry);
	return tar->len;
}

/* A pax header costs 1024 bytes and must be there only when it is needed. */
static void test_pax_only_when_needed(void)
{
	g_autofree char *deep = repeat("d/", 77); /* 154 bytes of prefix */
	g_autofree char *name = repeat("n", 99);
	g_autofree char *fits = g_strconcat(deep, "d/", name, "n", NULL);
	g_autofree char *short_prefix = g_strconcat(deep, "d", NULL);
	g_assert_cmpuint(header_size(smith_entry_new(SMITH_ENTRY_FILE, "a", 0644)), ==, 512);
	g_assert_cmpuint(header_size(smith_entry_new(SMITH_ENTRY_FILE, short_prefix, 0644)), ==,
			 512);
	g_assert_cmpuint(header_size(smith_entry_new(SMITH_ENTRY_FILE, fits, 0644)), ==, 512);
	g_assert_cmpuint(header_size(smith_entry_new(SMITH_ENTRY_DIR, fits, 0644)), ==, 1536);

	SmithEntry *entry = smith_entry_new(SMITH_ENTRY_FILE, "a", 0644);
	entry->uid = 2097151;
	entry->mtime = 077777777777;
	g_assert_cmpuint(header_size(entry), ==, 512);
	entry = smith_entry_new(SMITH_ENTRY_FILE, "a", 0644);
	entry->uid = 2097152;
	g_assert_cmpuint(header_size(entry), ==, 1536);
	entry = smith_entry_new(SMITH_ENTRY_FILE, "a", 0644);
	entry->mtime = 0100000000000;
	g_assert_cmpuint(header_size(entry), ==, 1536);

	entry = smith_entry_new_file("a", 0644, "x", 1);
	entry->content->size = 077777777777;
	g_assert_cmpuint(header_size(entry), ==, 512);
	entry = smith_entry_new_file("a", 0644, "x", 1);
	entry->content->size = 0100000000000;
	g_autoptr(GByteArray) tar = g_byte_array_new();
	g_assert_true(smith_tar_write_header(entry, tar, NULL));
	g_assert_cmpstr((char *)tar->data + 512, ==, "19 size=8589934592\n");
	smith_entry_free(entry);
}

static void test_record_lengths(void)
{
	/* the length of a record counts its own digits: 9 to 10, 99 to 100, 999 to 1000 */
	for (guint n = 101; n < 1100; n++) {
		g_autofree char *name = repeat("n", n);
		g_autoptr(SmithEntry) entry = smith_entry_new(SMITH_ENTRY_FILE, name, 0644);
		g_autoptr(GByteArray) tar = g_byte_array_new();
		g_assert_true(smith_tar_write_header(entry, tar, NULL));
		const char *record = (const char *)tar->data + 512;
		guint64 length = g_ascii_strtoull(record, NULL, 10);
		g_assert_cmpuint(strcspn(record, "\n") + 1, ==, length);
		g_assert_cmpuint(g_ascii_strtoull((char *)tar->data + 124, NULL, 8), ==, length);
	}
}

static void refuse(SmithEntry *entry, SmithErrorCode code, const char *text)
{
	g_autoptr(GByteArray) tar = g_byte_array_new();
	g_autoptr(GError) error = NULL;
	g_assert_false(smith_tar_write_header(entry, tar, &error));
	g_assert_error(error, SMITH_ERROR, (int)code);
	g_assert_nonnull(strstr(error->message, text));
	g_assert_cmpuint(tar->len, ==, 0);
	smith_entry_free(entry);
}

static SmithEntry *bare(SmithEntryType type, const char *path)
{
	SmithEntry *entry = g_new0(SmithEntry, 1);
	entry->type = type;
	entry->path = g_strdup(path);
	return entry;
}

static void test_bad(void)
{
	static const char *const paths[] = {"",	    "/a",   "a/",    "a//b",   "./a", "..",
					    "../a", "a/..", "a/./b", "a/../b", "/"};
	for (guint i = 0; i < G_N_ELEMENTS(paths); i++)
		refuse(bare(SMITH_ENTRY_FILE, paths[i]), SMITH_ERROR_INVALID, "illegal path");
	refuse(bare(SMITH_ENTRY_FILE, "."), SMITH_ERROR_INVALID, "expected a directory");
	refuse(bare(SMITH_ENTRY_SYMLINK, "l"), SMITH_ERROR_INVALID, "no target");
	SmithEntry *entry = bare(SMITH_ENTRY_HARDLINK, "l");
	entry->target = g_strdup("../../etc/passwd");
	refuse(entry, SMITH_ERROR_INVALID, "illegal target '../../etc/passwd'");
	entry = bare(SMITH_ENTRY_CHAR, "dev");
	entry->minor = 2097152;
	refuse(entry, SMITH_ERROR_INVALID, "0:2097152");
	entry = bare(SMITH_ENTRY_FILE, "x");
	smith_entry_add_xattr(entry, "user.a=b", "", 0);
	refuse(entry, SMITH_ERROR_INVALID, "user.a=b");
	entry = bare(SMITH_ENTRY_FILE, "x");
	g_autofree char *big = g_malloc0(SMITH_TAR_PAX_MAX);
	smith_entry_add_xattr(entry, "user.big", big, SMITH_TAR_PAX_MAX);
	refuse(entry, SMITH_ERROR_LIMIT, "pax header");
}

static void test_padding(void)
{
	g_assert_cmpuint(smith_tar_padding(0), ==, 0);
	g_assert_cmpuint(smith_tar_padding(1), ==, 511);
	g_assert_cmpuint(smith_tar_padding(512), ==, 0);
	g_assert_cmpuint(smith_tar_padding(0x100000001), ==, 511);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/layers/tar-write/golden", test_golden);
	g_test_add_func("/layers/tar-write/python", test_python);
	g_test_add_func("/layers/tar-write/gnu-tar", test_gnu_tar);
	g_test_add_func("/layers/tar-write/pax-only-when-needed", test_pax_only_when_needed);
	g_test_add_func("/layers/tar-write/record-lengths", test_record_lengths);
	g_test_add_func("/layers/tar-write/bad", test_bad);
	g_test_add_func("/layers/tar-write/padding", test_padding);
	return g_test_run();
}
