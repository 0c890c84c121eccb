/* SPDX-License-Identifier: Apache-2.0 */
#include "layers/tar-read.h"

#include <locale.h>

#include "base/digest.h"
#include "base/error.h"
#include "layers-test.h"

/* Reads a whole archive; every entry as a line of text, contents included. */
static char *describe(GBytes *bytes, const SmithTarLimits *limits, GError **error)
{
	g_autoptr(SmithEntryIter) iter =
		smith_tar_read(smith_source_new_bytes(bytes), limits, "t.tar", error);
	GString *text = g_string_new(NULL);
	gboolean ok = iter != NULL;
	while (ok) {
		g_autoptr(SmithEntry) entry = NULL;
		ok = smith_entry_iter_next(iter, &entry, error);
		if (!ok || entry == NULL)
			break;
		g_string_append_printf(text, "%s %s %o %u:%u %" G_GINT64_FORMAT,
				       smith_entry_type_name(entry->type), entry->path, entry->mode,
				       entry->uid, entry->gid, entry->mtime);
		if (entry->target != NULL)
			g_string_append_printf(text, " -> %s", entry->target);
		if (entry->major != 0)
			g_string_append_printf(text, " %u,%u", entry->major, entry->minor);
		for (guint i = 0; entry->xattrs != NULL && i < entry->xattrs->len; i++) {
			SmithXattr *xattr = &g_array_index(entry->xattrs, SmithXattr, i);
			g_string_append_printf(text, " %s=%.*s", xattr->name,
					       (int)g_bytes_get_size(xattr->value),
					       (const char *)g_bytes_get_data(xattr->value, NULL));
		}
		if (entry->content != NULL) {
			g_autoptr(SmithSource) source =
				entry->content->ops->open(entry->content, error);
			g_autoptr(GBytes) content =
				source != NULL ? smith_source_read_all(source, 1 << 24, error)
					       : NULL;
			ok = content != NULL;
			if (!ok)
				break;
			gsize size;
			const char *data = g_bytes_get_data(content, &size);
			g_assert_cmpuint(size, ==, entry->content->size);
			g_autofree char *digest = smith_digest_of(data, size);
			if (size < 20)
				g_string_append_printf(text, " [%.*s]", (int)size, data);
			else
				g_string_append_printf(text, " %" G_GSIZE_FORMAT " %.14s", size,
						       digest);
		}
		g_string_append_c(text, '\n');
	}
	if (ok)
		return g_string_free(text, FALSE);
	g_string_free(text, TRUE);
	return NULL;
}

static GBytes *read_file(const TestDir *dir, const char *name)
{
	GError *error = NULL;
	GBytes *bytes = smith_fd_read_file(dir->fd, name, 1 << 26, &error);
	g_assert_no_error(error);
	return bytes;
}

/* A tar made by python's tarfile: `script` adds members to `t`, in the given format. */
static GBytes *python_tar(const char *mode, const char *script)
{
	g_auto(TestDir) dir = test_dir_new();
	g_autofree char *text = g_strdup_printf(
		"import tarfile, io\n"
		"t = tarfile.open('t', '%s', format=FORMAT, encoding='utf-8',"
		" errors='surrogateescape')\n"
		"def add(name, type=tarfile.REGTYPE, data=b'', link='', size=None, **more):\n"
		"    m = tarfile.TarInfo(name); m.type = type; m.linkname = link\n"
		"    m.size = len(data) if size is None else size\n"
		"    for k, v in more.items(): setattr(m, k, v)\n"
		"    t.addfile(m, io.BytesIO(data) if size is None and data else None)\n"
		"%s\nt.close()\n",
		mode, script);
	g_autofree char *format = g_strdup("tarfile.PAX_FORMAT");
	GString *full = g_string_new(text);
	g_string_replace(full, "FORMAT", strstr(script, "#gnu") ? "tarfile.GNU_FORMAT" : format, 1);
	g_autofree char *final = g_string_free(full, FALSE);
	test_write(&dir, "t.py", final, strlen(final));
	g_free(test_run(&dir, "python3 t.py"));
	return read_file(&dir, "t");
}

static GBytes *own_tar(void)
{
	GError *error = NULL;
	g_auto(TestDir) dir = test_dir_new();
	GPtrArray *entries = g_ptr_array_new();
	g_autofree guint8 *noise = test_noise(300000, 1);
	g_autofree char *deep = g_strnfill(250, 'n');
	g_ptr_array_add(entries, smith_entry_new(SMITH_ENTRY_DIR, ".", 0755));
	SmithEntry *entry = smith_entry_new_file("a", 04755, "hello", 5);
	entry->uid = 4000000000u;
	entry->mtime = -7;
	smith_entry_add_xattr(entry, "user.x", "a b", 3);
	g_ptr_array_add(entries, entry);
	g_ptr_array_add(entries, smith_entry_new_file("b", 0644, noise, 300000));
	entry = smith_entry_new(SMITH_ENTRY_CHAR, "c", 0666);
	entry->major = 1;
	entry->minor = 3;
	g_ptr_array_add(entries, entry);
	entry = smith_entry_new(SMITH_ENTRY_HARDLINK, "d", 0644);
	entry->target = g_strdup("a");
	g_ptr_array_add(entries, entry);
	g_ptr_array_add(entries, smith_entry_new(SMITH_ENTRY_FIFO, "e", 0600));
	g_ptr_array_add(entries, smith_entry_new_symlink("f", "../../x"));
	g_ptr_array_add(entries, smith_entry_new_file(deep, 0644, "", 0));
	/* decomposed, composed, and no UTF-8 at all */
	g_ptr_array_add(entries, smith_entry_new_file("u\xcc\x88", 0644, "1", 1));
	g_ptr_array_add(entries, smith_entry_new_file("\xc3\xbc", 0644, "2", 1));
	g_ptr_array_add(entries, smith_entry_new_symlink("\xfc", "t\xff"));
	g_autoptr(SmithEntryIter) iter = smith_entry_iter_new_array(entries);
	const SmithLayerOptions options = {SMITH_COMPRESSION_NONE, false, dir.fd, NULL};
	g_autoptr(SmithLayer) layer = smith_layer_write(iter, &options, &error);
	g_assert_no_error(error);
	return read_file(&dir, smith_digest_hex(layer->digest));
}

static void test_round_trip(void)
{
	static const char *const locales[] = {"C", "C.UTF-8"};
	g_autoptr(GBytes) tar = own_tar();
	for (guint i = 0; i < G_N_ELEMENTS(locales); i++) {
		GError *error = NULL;
		setlocale(LC_ALL, locales[i]);
		g_autofree char *text = describe(tar, NULL, &error);
		g_assert_no_error(error);
		g_assert_cmpstr(
			text, ==,
			"directory . 755 0:0 0\n"
			"file a 4755 4000000000:0 -7 user.x=a b [hello]\n"
			"file b 644 0:0 0 300000 sha256:b5eb71b\n"
			"character device c 666 0:0 0 1,3\n"
			"hard link d 644 0:0 0 -> a\n"
			"fifo e 600 0:0 0\n"
			"symbolic link f 777 0:0 0 -> ../../x\n"
			"file nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn"
			"nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn"
			"nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn"
			"nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn 644 0:0 0\n"
			"file u\xcc\x88 644 0:0 0 [1]\n"
			"file \xc3\xbc 644 0:0 0 [2]\n"
			"symbolic link \xfc 777 0:0 0 -> t\xff\n");
	}
	setlocale(LC_ALL, "C");
}

static void test_normalised(void)
{
	if (!test_need("python3"))
		return;
	GError *error = NULL;
	g_autoptr(GBytes) tar = python_tar("w:gz", "add('./x//y/', tarfile.DIRTYPE, mode=0o755)\n"
						   "add('/abs/./z', data=b'z')\n"
						   "add('h', tarfile.LNKTYPE, link='./abs//z')\n"
						   "add('.', tarfile.DIRTYPE)\n");
	g_autofree char *text = describe(tar, NULL, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(text, ==,
			"directory x/y 755 0:0 0\nfile abs/z 644 0:0 0 [z]\n"
			"hard link h 644 0:0 0 -> abs/z\ndirectory . 644 0:0 0\n");
}

static void test_formats(void)
{
	if (!test_need("tar") || !test_need("zstd") || !test_need("gzip"))
		return;
	static const char *const commands[] = {
		"tar --format=gnu -cf t $F",
		"tar --format=pax -cf t $F",
		"tar --format=gnu -czf t $F",
		"tar --format=posix --zstd -cf t $F",
		"tar --format=gnu -cSf t $F",
		"tar --format=posix -cSf t $F",
		"tar --format=posix -cSf - $F | zstd -q > t",
	};
	for (guint i = 0; i < G_N_ELEMENTS(commands); i++) {
		g_auto(TestDir) dir = test_dir_new();
		GError *error = NULL;
		g_autofree char *command = g_strdup_printf(
			"mkdir d; echo hello > d/f; truncate -s 3000000 d/sparse; echo mid |"
			"dd of=d/sparse bs=1 seek=1234567 conv=notrunc 2>/dev/null; ln -s f d/link;"
			"echo x > d/%0150d; F='--owner=0 --group=0 --sort=name --mtime=@5 "
			"--mode=0755 d';%s",
			7, commands[i]);
		g_free(test_run(&dir, command));
		g_autoptr(GBytes) tar = read_file(&dir, "t");
		g_autofree char *text = describe(tar, NULL, &error);
		g_assert_no_error(error);
		g_autofree char *expected =
			g_strdup_printf("directory d 755 0:0 5\nfile d/%0150d 755 0:0 5 [x\n]\n"
					"file d/f 755 0:0 5 [hello\n]\n"
					"symbolic link d/link 755 0:0 5 -> f\n"
					"file d/sparse 755 0:0 5 3000000 sha256:8638aba\n",
					7);
		g_assert_cmpstr(text, ==, expected);
	}
}

static void refuse(const char *script, int code, const char *message)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) tar = python_tar("w", script);
	SmithTarLimits limits = {5, 100000, 1000, false};
	g_autofree char *text = describe(tar, &limits, &error);
	if (text != NULL)
		g_test_message("%s gave %s", script, text);
	g_assert_null(text);
	g_assert_error(error, SMITH_ERROR, code);
	if (strstr(error->message, message) == NULL)
		g_test_message("%s", error->message);
	g_assert_nonnull(strstr(error->message, message));
}

static void test_hostile(void)
{
	if (!test_need("python3"))
		return;
	refuse("add('../x')", SMITH_ERROR_INVALID, "../x");
	refuse("add('a/../../x')", SMITH_ERROR_INVALID, "a/../../x");
	refuse("add('/..')", SMITH_ERROR_INVALID, "/..");
	refuse("add('h', tarfile.LNKTYPE, link='../../etc/shadow')", SMITH_ERROR_INVALID,
	       "entry 'h'");
	refuse("add('s', tarfile.SYMTYPE, link='')", SMITH_ERROR_INVALID, "without a target");
	refuse("add('s', tarfile.SYMTYPE, link='x' * 4096)", SMITH_ERROR_LIMIT, "4096 bytes");
	refuse("add('.', data=b'x')", SMITH_ERROR_INVALID, "the root is a file");
	refuse("add('n' * 256)", SMITH_ERROR_INVALID, "");
	refuse("add('n/' * 2100 + 'n')", SMITH_ERROR_INVALID, "");
	refuse("add('n' * 2000000)", SMITH_ERROR_INVALID, "");
	refuse("add('big', size=100001)", SMITH_ERROR_LIMIT, "larger than 100000");
	refuse("add('huge', size=2**62)", SMITH_ERROR_LIMIT, "larger than 100000");
	refuse("add('a', data=b'x' * 60000)\nadd('b', data=b'x' * 60000)", SMITH_ERROR_LIMIT,
	       "larger than 100000");
	refuse("for i in range(6): add('f%d' % i)", SMITH_ERROR_LIMIT, "more than 5 entries");
	refuse("add('x', pax_headers={'SCHILY.xattr.user.x': 'y' * 1000})", SMITH_ERROR_LIMIT,
	       "extended attributes");
	refuse("add('x', pax_headers={'uid': '4294967295'})", SMITH_ERROR_INVALID, "owner");
	refuse("add('x', uid=2**40) #gnu", SMITH_ERROR_INVALID, "owner");
	refuse("add('a', data=b'x' * 3000); t.fileobj.flush(); t.fileobj.truncate(2000)\n"
	       "import os; os._exit(0)",
	       SMITH_ERROR_INVALID, "damaged");
	/* a sparse file that is all hole: the bomb of GNU tar */
	refuse("add('x', pax_headers={'GNU.sparse.major': '1', 'GNU.sparse.minor': '0',"
	       " 'GNU.sparse.name': 'x', 'GNU.sparse.realsize': str(2**50)},"
	       " data=b'1\\n1125899906842624\\n0\\n'.ljust(512, b'\\0'))",
	       SMITH_ERROR_LIMIT, "larger than 100000");
}

static void test_nonsense(void)
{
	static const char *const texts[] = {
		"", "x", "PK\3\4", "!<arch>\n", "\x1f\x8b\x08", "\x28\xb5\x2f\xfd"};
	for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(GBytes) bytes = g_bytes_new(texts[i], strlen(texts[i]));
		g_assert_null(describe(bytes, NULL, &error));
		g_assert_error(error, SMITH_ERROR, SMITH_ERROR_INVALID);
	}
}

/* Whatever is changed: an error or entries, and nothing worse. */
static void test_bit_flips(void)
{
	g_autoptr(GBytes) tar = own_tar();
	gsize size;
	const guint8 *data = g_bytes_get_data(tar, &size);
	SmithTarLimits limits = {100, 10000000, 1000, false};
	for (guint i = 0; i < 3000; i++) {
		g_autofree guint8 *copy = g_memdup2(data, size);
		guint32 where = i < 2000 ? i * 2 % 4096 : (guint32)(size - 1 - i * 3 % 9000);
		copy[where] ^= (guint8)(1 << i % 8);
		g_autoptr(GBytes) bytes = g_bytes_new_static(copy, size);
		g_autoptr(GError) error = NULL;
		g_autofree char *text = describe(bytes, &limits, &error);
		g_assert_true((text == NULL) == (error != NULL));
	}
	for (gsize cut = 0; cut < size; cut += 1009) {
		g_autoptr(GBytes) bytes = g_bytes_new_static(data, cut);
		g_autoptr(GError) error = NULL;
		g_autofree char *text = describe(bytes, &limits, &error);
		g_assert_true((text == NULL) == (error != NULL));
	}
}

/* The bytes after the archive's end are read too: their digest counts. */
static void test_drained(void)
{
	g_autoptr(GBytes) tar = own_tar();
	gsize size;
	const void *data = g_bytes_get_data(tar, &size);
	g_autofree guint8 *longer = g_malloc0(size + 200000);
	memcpy(longer, data, size);
	g_autofree char *digest = smith_digest_of(longer, size + 200000);
	for (int broken = 0; broken < 2; broken++) {
		g_autoptr(GError) error = NULL;
		longer[size + 199999] = (guint8)broken;
		g_autoptr(GBytes) bytes = g_bytes_new(longer, size + 200000);
		SmithSource *source = smith_source_new_verify(smith_source_new_bytes(bytes),
							      size + 200000, digest, "blob");
		g_autoptr(SmithEntryIter) iter = smith_tar_read(source, NULL, "t", &error);
		g_assert_no_error(error);
		gboolean ok = TRUE;
		guint count = 0;
		for (;; count++) {
			g_autoptr(SmithEntry) entry = NULL;
			ok = smith_entry_iter_next(iter, &entry, &error);
			if (!ok || entry == NULL)
				break;
		}
		g_assert_cmpuint(count, ==, 11);
		g_assert_cmpint(ok, ==, !broken);
		if (broken) {
			g_assert_error(error, SMITH_ERROR, SMITH_ERROR_VERIFY);
			/* and again: the error stays */
			g_autoptr(SmithEntry) entry = NULL;
			g_assert_false(smith_entry_iter_next(iter, &entry, NULL));
		}
	}
}

static void test_once(void)
{
	g_autoptr(GBytes) tar = own_tar();
	GError *error = NULL;
	SmithEntryIter *iter = smith_tar_read(smith_source_new_bytes(tar), NULL, "t", &error);
	g_autoptr(SmithContent) content = NULL;
	for (guint i = 0; i < 3; i++) {
		g_autoptr(SmithEntry) entry = NULL;
		g_assert_true(smith_entry_iter_next(iter, &entry, &error));
		if (i == 2)
			content = smith_content_ref(entry->content);
	}
	g_autoptr(SmithSource) source = content->ops->open(content, &error);
	g_assert_no_error(error);
	g_assert_null(content->ops->open(content, NULL));
	char buffer[10];
	g_assert_cmpint(smith_source_read(source, buffer, 10, &error), ==, 10);
	g_autoptr(SmithEntry) next = NULL;
	g_assert_true(smith_entry_iter_next(iter, &next, &error));
	g_assert_cmpint(smith_source_read(source, buffer, 10, &error), ==, -1);
	g_assert_error(error, SMITH_ERROR, SMITH_ERROR_FAILED);
	g_clear_error(&error);
	smith_entry_iter_free(iter);
	g_assert_null(content->ops->open(content, &error));
	g_assert_error(error, SMITH_ERROR, SMITH_ERROR_FAILED);
	g_clear_error(&error);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/layers/tar-read/round-trip", test_round_trip);
	g_test_add_func("/layers/tar-read/normalised", test_normalised);
	g_test_add_func("/layers/tar-read/formats", test_formats);
	g_test_add_func("/layers/tar-read/hostile", test_hostile);
	g_test_add_func("/layers/tar-read/nonsense", test_nonsense);
	g_test_add_func("/layers/tar-read/bit-flips", test_bit_flips);
	g_test_add_func("/layers/tar-read/drained", test_drained);
	g_test_add_func("/layers/tar-read/once", test_once);
	return g_test_run();
}
