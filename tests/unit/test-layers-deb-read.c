/* SPDX-License-Identifier: Apache-2.0 */
#include "layers/deb-read.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/stream.h"

#define BLOCK 512

static void add_ar(GByteArray *bytes, const char *name, const char *size, const void *data,
		   gsize length)
{
	g_autofree char *header = g_strdup_printf("%-16s%-12s%-6s%-6s%-8s%-10s`\n", name, "0", "0",
						  "0", "100644", size);
	g_assert_cmpuint(strlen(header), ==, 60);
	g_byte_array_append(bytes, (const guint8 *)header, 60);
	g_byte_array_append(bytes, data, (guint)length);
	if (length % 2 != 0)
		g_byte_array_append(bytes, (const guint8 *)"\n", 1);
}

/* One header of ustar with its sum, and the contents. */
static void add_tar(GByteArray *bytes, const char *name, char type, const char *target,
		    const char *data)
{
	guint8 block[BLOCK] = {0};
	unsigned sum = 0;
	gsize length = data != NULL ? strlen(data) : 0;
	g_snprintf((char *)block, 100, "%s", name);
	memcpy(block + 100, "0000644", 8);
	memcpy(block + 108, "0000000", 8);
	memcpy(block + 116, "0000000", 8);
	g_snprintf((char *)block + 124, 12, "%011o", (unsigned)length);
	memcpy(block + 136, "00000000000", 12);
	memset(block + 148, ' ', 8);
	block[156] = (guint8)type;
	g_snprintf((char *)block + 157, 100, "%s", target != NULL ? target : "");
	memcpy(block + 257, "ustar", 6);
	memcpy(block + 263, "00", 2);
	for (guint i = 0; i < BLOCK; i++)
		sum += block[i];
	g_snprintf((char *)block + 148, 8, "%06o", sum);
	g_byte_array_append(bytes, block, BLOCK);
	if (length == 0)
		return;
	guint8 contents[BLOCK] = {0};
	g_assert_cmpuint(length, <=, BLOCK);
	memcpy(contents, data, length);
	g_byte_array_append(bytes, contents, BLOCK);
}

static void end_tar(GByteArray *bytes)
{
	static const guint8 zeros[2 * BLOCK];
	g_byte_array_append(bytes, zeros, sizeof zeros);
}

/* "PATH[>TARGET] ..." of the package, or NULL with an error. */
static char *list(const GByteArray *bytes, GError **error)
{
	smith_autofd int fd = memfd_create("deb", MFD_CLOEXEC);
	g_assert_cmpint(write(fd, bytes->data, bytes->len), ==, (gssize)bytes->len);
	g_autoptr(SmithEntryIter) iter = smith_deb_read(fd, "x.deb", error);
	if (iter == NULL)
		return NULL;
	g_autoptr(GString) text = g_string_new(NULL);
	for (;;) {
		SmithEntry *next = NULL;
		if (!smith_entry_iter_next(iter, &next, error))
			return NULL;
		g_autoptr(SmithEntry) entry = next;
		if (entry == NULL)
			return g_strdup(text->str);
		g_string_append_printf(text, "%s%s", text->len > 0 ? " " : "", entry->path);
		if (entry->target != NULL)
			g_string_append_printf(text, ">%s", entry->target);
		g_autoptr(SmithSource) source =
			entry->content != NULL ? entry->content->ops->open(entry->content, error)
					       : NULL;
		g_autoptr(GBytes) data =
			source != NULL ? smith_source_read_all(source, BLOCK, error) : NULL;
		if (entry->content != NULL && data == NULL)
			return NULL;
	}
}

/* A package with one tar; @size is what the ar header says, NULL for the truth. */
static GByteArray *package(const GByteArray *tar, const char *size)
{
	GByteArray *bytes = g_byte_array_new();
	g_autofree char *real = g_strdup_printf("%u", tar->len);
	g_byte_array_append(bytes, (const guint8 *)"!<arch>\n", 8);
	add_ar(bytes, "debian-binary", "4", "2.0\n", 4);
	add_ar(bytes, "control.tar", "3", "odd", 3);
	add_ar(bytes, "data.tar", size != NULL ? size : real, tar->data, tar->len);
	return bytes;
}

static void check_bad(const GByteArray *bytes, const char *part)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *text = list(bytes, &error);
	g_assert_null(text);
	g_assert_error(error, SMITH_ERROR, SMITH_ERROR_INVALID);
	if (strstr(error->message, part) == NULL)
		g_error("'%s' does not speak of '%s'", error->message, part);
}

static void test_merged(void)
{
	g_autoptr(GByteArray) tar = g_byte_array_new();
	g_autoptr(GError) error = NULL;
	add_tar(tar, "./", '5', NULL, NULL);
	add_tar(tar, "./bin/", '5', NULL, NULL);
	add_tar(tar, "./bin/x", '0', NULL, "data");
	add_tar(tar, "./sbin/y", '1', "./bin/x", NULL);
	add_tar(tar, "./lib64/l", '2', "../lib/z", NULL);
	add_tar(tar, "./binary", '0', NULL, NULL);
	add_tar(tar, "./usr/bin/z", '0', NULL, NULL);
	end_tar(tar);
	g_autoptr(GByteArray) bytes = package(tar, NULL);
	g_autofree char *text = list(bytes, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(text, ==,
			". usr/bin usr/bin/x usr/sbin/y>usr/bin/x usr/lib64/l>../lib/z binary "
			"usr/bin/z");
}

static void test_paths(void)
{
	static const struct {
		const char *name;
		char type;
		const char *target;
	} bad[] = {
		{"../x", '0', NULL},
		{"./a/../../x", '0', NULL},
		{"./bin/../../x", '0', NULL},
		{"./x", '1', "../y"},
	};
	for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autoptr(GByteArray) tar = g_byte_array_new();
		add_tar(tar, bad[i].name, bad[i].type, bad[i].target, NULL);
		end_tar(tar);
		g_autoptr(GByteArray) bytes = package(tar, NULL);
		check_bad(bytes, "");
	}
}

static void test_members(void)
{
	g_autoptr(GByteArray) tar = g_byte_array_new();
	add_tar(tar, "./x", '0', NULL, "data");
	end_tar(tar);
	static const char *const sizes[] = {"-1", "9999999999", "0x10", "", "1 2"};
	for (guint i = 0; i < G_N_ELEMENTS(sizes); i++) {
		g_autoptr(GByteArray) bytes = package(tar, sizes[i]);
		check_bad(bytes, "header");
	}
	g_autoptr(GByteArray) none = g_byte_array_new();
	g_byte_array_append(none, (const guint8 *)"!<arch>\n", 8);
	check_bad(none, "data.tar");
	for (guint i = 0; i < 20; i++)
		add_ar(none, "other", "0", "", 0);
	add_ar(none, "data.tar", "0", "", 0);
	check_bad(none, "data.tar");
	none->data[0] = '?';
	check_bad(none, "no Debian package");
	g_byte_array_set_size(none, 3);
	check_bad(none, "ends early");
}

/* Cut anywhere, it is an error or the whole of what it says; no cut is an entry more. */
static void test_cut(void)
{
	g_autoptr(GByteArray) tar = g_byte_array_new();
	add_tar(tar, "./x", '0', NULL, "data");
	end_tar(tar);
	g_autoptr(GByteArray) bytes = package(tar, NULL);
	for (guint length = 0; length < bytes->len; length++) {
		g_autoptr(GByteArray) part = g_byte_array_new();
		g_autoptr(GError) error = NULL;
		g_byte_array_append(part, bytes->data, length);
		g_autofree char *text = list(part, &error);
		g_assert_null(text);
		g_assert_error(error, SMITH_ERROR, SMITH_ERROR_INVALID);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/deb-read/merged", test_merged);
	g_test_add_func("/deb-read/paths", test_paths);
	g_test_add_func("/deb-read/members", test_members);
	g_test_add_func("/deb-read/cut", test_cut);
	return g_test_run();
}
