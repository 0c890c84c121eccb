/* SPDX-License-Identifier: Apache-2.0 */
#include "layers/members.h"

#include "base/digest.h"
#include "layers-test.h"
#include "layers/deflate.h"

#define PIECE 5000
#define N_PIECES 8

/* Of piece @i, which compresses and is like no other. */
static guint8 *piece(guint i)
{
	return test_text(PIECE, 100 + i);
}

static void add_member(SmithDeflater *deflater, guint i, GByteArray *blob)
{
	g_autofree guint8 *data = piece(i);
	smith_deflater_member(deflater, data, PIECE, blob);
}

/* A blob with the members of pieces 0 to N_PIECES - 1; where the second begins in @first. */
static GByteArray *make_blob(guint *first)
{
	g_autoptr(SmithDeflater) deflater = smith_deflater_new();
	GByteArray *blob = g_byte_array_new();
	for (guint i = 0; i < N_PIECES; i++) {
		add_member(deflater, i, blob);
		if (i == 0)
			*first = blob->len;
	}
	return blob;
}

/* A file of the name that its digest gives it; the digest. */
static char *write_blob(const TestDir *dir, const void *data, gsize length)
{
	char *digest = smith_digest_of(data, length);
	test_write(dir, smith_digest_hex(digest), data, length);
	return digest;
}

/* TRUE when the member of piece @i is there; it must be what the deflater makes of it then. */
static gboolean find(SmithMembers *members, guint i)
{
	g_autofree guint8 *data = piece(i);
	g_autoptr(GBytes) found = smith_members_find(members, data, PIECE);
	if (found == NULL)
		return FALSE;
	g_autoptr(SmithDeflater) deflater = smith_deflater_new();
	g_autoptr(GByteArray) made = g_byte_array_new();
	smith_deflater_member(deflater, data, PIECE, made);
	g_assert_cmpmem(g_bytes_get_data(found, NULL), g_bytes_get_size(found), made->data,
			made->len);
	return TRUE;
}

static void test_find(void)
{
	static const struct {
		guint piece;
		gboolean found;
	} rows[] = {
		{0, TRUE},		/* as it was */
		{50, FALSE}, {2, TRUE}, /* one has changed */
		{51, FALSE}, {3, TRUE}, /* one is new */
		{5, TRUE},		/* one is gone */
		{5, TRUE},		/* again, at once */
		{1, TRUE},		/* long behind us */
		{6, TRUE},   {7, TRUE}, {7, TRUE}, {52, FALSE},
	};
	guint first;
	g_auto(TestDir) dir = test_dir_new();
	g_autoptr(GByteArray) blob = make_blob(&first);
	g_autofree char *digest = write_blob(&dir, blob->data, blob->len);
	g_autoptr(SmithMembers) members = smith_members_open(dir.fd, digest);
	for (guint i = 0; i < G_N_ELEMENTS(rows); i++)
		g_assert_cmpint(find(members, rows[i].piece), ==, rows[i].found);
	g_autofree guint8 *data = piece(3);
	g_assert_null(smith_members_find(members, data, PIECE - 1));
	g_assert_null(smith_members_find(members, data, 0));
}

static void test_none(void)
{
	guint first;
	g_auto(TestDir) dir = test_dir_new();
	g_autoptr(GByteArray) blob = make_blob(&first);
	g_autofree char *digest = write_blob(&dir, blob->data, blob->len);
	g_assert_null(smith_members_find(NULL, blob->data, 1));
	blob->data[blob->len / 2] ^= 1;
	test_write(&dir, smith_digest_hex(digest), blob->data, blob->len);
	g_assert_null(smith_members_open(dir.fd, digest));
	blob->data[blob->len / 2] ^= 1;
	g_assert_cmpint(unlinkat(dir.fd, smith_digest_hex(digest), 0), ==, 0);
	g_assert_null(smith_members_open(dir.fd, digest));
	/* blobs of others */
	g_autofree char *of_empty = write_blob(&dir, "", 0);
	g_autoptr(SmithMembers) empty = smith_members_open(dir.fd, of_empty);
	g_assert_false(find(empty, 0));
	g_autofree char *of_text = write_blob(&dir, "no gzip", 7);
	g_autoptr(SmithMembers) text = smith_members_open(dir.fd, of_text);
	g_assert_false(find(text, 0));
	/* the second one ends early */
	g_autofree char *of_cut = write_blob(&dir, blob->data, first + 100);
	g_autoptr(SmithMembers) cut = smith_members_open(dir.fd, of_cut);
	g_assert_true(find(cut, 0));
	g_assert_false(find(cut, 1));
	g_assert_false(find(cut, 2));
	g_assert_true(find(cut, 0));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/layers/members/find", test_find);
	g_test_add_func("/layers/members/none", test_none);
	return g_test_run();
}
