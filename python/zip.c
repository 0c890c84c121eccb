/* SPDX-License-Identifier: Apache-2.0 */
#include "python/zip.h"

#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/fd.h"
#include "python/inflate.h"

#define END_SIZE 22
#define LOCATOR_SIZE 20
#define END64_SIZE 56
#define CENTRAL_SIZE 46
#define LOCAL_SIZE 30
#define MAX_COMMENT 65535
#define MAX_COMPONENT 255
#define MAX_RATIO 1032 /* no deflate stream inflates more than that */

#define FLAG_DESCRIPTOR 0x0008
#define FLAG_UTF8 0x0800
#define FLAGS_KNOWN (0x0006 | FLAG_DESCRIPTOR | FLAG_UTF8)
#define FLAGS_ENCRYPTED (0x0001 | 0x0040 | 0x2000)

struct SmithZip {
	gint refs;
	int fd;
	char *name;
	guint64 file_size;
	GArray *members;     /* (element-type SmithZipMember) */
	GStringChunk *names; /* owns the members' names */
	GHashTable *by_name; /* name -> index + 1 */
};

typedef struct {
	guint64 members;
	guint64 size;
	guint64 offset;
	guint64 end; /* where the records behind the directory begin */
} Directory;

static guint16 get16(const guint8 *p)
{
	return (guint16)(p[0] | p[1] << 8);
}

static guint32 get32(const guint8 *p)
{
	return (guint32)get16(p) | (guint32)get16(p + 2) << 16;
}

static guint64 get64(const guint8 *p)
{
	return (guint64)get32(p) | (guint64)get32(p + 4) << 32;
}

/* The end record is the one whose comment reaches exactly to the end of the file. Two such places
 * make two readers see two archives. */
static gboolean find_end(const guint8 *tail, gsize length, gsize *position, GError **error)
{
	gboolean found = FALSE;

	for (gsize i = 0; i + END_SIZE <= length; i++) {
		if (get32(tail + i) != 0x06054b50 || i + END_SIZE + get16(tail + i + 20) != length)
			continue;
		if (found)
			return smith_throw(error, SMITH_ERROR_INVALID,
					   "ambiguous zip: two end records");
		found = TRUE;
		*position = i;
	}
	if (!found)
		return smith_throw(error, SMITH_ERROR_INVALID,
				   "no zip end record: not a zip file, or cut off");
	return TRUE;
}

static gboolean agrees(guint64 narrow, guint64 limit, guint64 wide)
{
	return narrow == limit || narrow == wide;
}

static gboolean read_end64(const SmithZip *self, const guint8 *end, guint64 end_offset,
			   Directory *directory, GError **error)
{
	guint8 locator[LOCATOR_SIZE], record[END64_SIZE];
	guint64 offset;

	if (end_offset < LOCATOR_SIZE)
		return TRUE;
	if (!smith_pread_full(self->fd, locator, sizeof locator, end_offset - LOCATOR_SIZE,
			      self->name, error))
		return FALSE;
	if (get32(locator) != 0x07064b50)
		return TRUE;
	offset = get64(locator + 8);
	if (end_offset < LOCATOR_SIZE + END64_SIZE ||
	    offset != end_offset - LOCATOR_SIZE - END64_SIZE || get32(locator + 4) != 0 ||
	    get32(locator + 16) != 1)
		return smith_throw(error, SMITH_ERROR_INVALID, "broken zip64 end locator");
	if (!smith_pread_full(self->fd, record, sizeof record, offset, self->name, error))
		return FALSE;
	if (get32(record) != 0x06064b50 || get64(record + 4) != END64_SIZE - 12 ||
	    get32(record + 16) != 0 || get32(record + 20) != 0 ||
	    get64(record + 24) != get64(record + 32))
		return smith_throw(error, SMITH_ERROR_INVALID, "broken zip64 end record");
	directory->members = get64(record + 32);
	directory->size = get64(record + 40);
	directory->offset = get64(record + 48);
	directory->end = offset;
	if (!agrees(get16(end + 10), 0xffff, directory->members) ||
	    !agrees(get32(end + 12), 0xffffffff, directory->size) ||
	    !agrees(get32(end + 16), 0xffffffff, directory->offset))
		return smith_throw(error, SMITH_ERROR_INVALID,
				   "the two zip end records contradict each other");
	return TRUE;
}

static gboolean check_directory(const Directory *directory, GError **error)
{
	if (directory->members > SMITH_ZIP_MAX_MEMBERS)
		return smith_throw(error, SMITH_ERROR_LIMIT,
				   "%" G_GUINT64_FORMAT " members, expected at most %d",
				   directory->members, SMITH_ZIP_MAX_MEMBERS);
	if (directory->size > SMITH_ZIP_MAX_DIRECTORY)
		return smith_throw(error, SMITH_ERROR_LIMIT,
				   "zip directory of %" G_GUINT64_FORMAT
				   " bytes, expected at most %d",
				   directory->size, SMITH_ZIP_MAX_DIRECTORY);
	if (directory->offset > directory->end ||
	    directory->end - directory->offset != directory->size)
		return smith_throw(error, SMITH_ERROR_INVALID,
				   "zip directory does not end where its end record begins");
	if (directory->size < directory->members * CENTRAL_SIZE)
		return smith_throw(error, SMITH_ERROR_INVALID,
				   "zip directory too small for its %" G_GUINT64_FORMAT " members",
				   directory->members);
	return TRUE;
}

static gboolean read_end(SmithZip *self, Directory *directory, GError **error)
{
	gsize length = (gsize)MIN(self->file_size, END_SIZE + MAX_COMMENT), position = 0;
	g_autofree guint8 *tail = g_malloc(MAX(length, 1));
	guint64 start = self->file_size - length;
	const guint8 *end;

	/* nearly every wheel has no comment: one small read instead of a large one */
	if (length > END_SIZE) {
		guint8 last[END_SIZE];

		if (!smith_pread_full(self->fd, last, END_SIZE, self->file_size - END_SIZE,
				      self->name, error))
			return FALSE;
		if (get32(last) == 0x06054b50 && get16(last + 20) == 0) {
			length = END_SIZE;
			start = self->file_size - END_SIZE;
		}
	}
	if (!smith_pread_full(self->fd, tail, length, start, self->name, error) ||
	    !find_end(tail, length, &position, error))
		return FALSE;
	end = tail + position;
	if (get16(end + 4) != 0 || get16(end + 6) != 0 || get16(end + 8) != get16(end + 10))
		return smith_throw(error, SMITH_ERROR_UNSUPPORTED, "zip of several disks");
	directory->members = get16(end + 10);
	directory->size = get32(end + 12);
	directory->offset = get32(end + 16);
	directory->end = start + position;
	return read_end64(self, end, start + position, directory, error) &&
	       check_directory(directory, error);
}

static gboolean check_component(const char *path, const char *component, gsize length,
				GError **error)
{
	if (length == 0 || (length == 1 && component[0] == '.') ||
	    (length == 2 && component[0] == '.' && component[1] == '.'))
		return smith_throw(error, SMITH_ERROR_INVALID,
				   "unsafe member name '%s': empty, '.' or '..' component", path);
	if (length > MAX_COMPONENT)
		return smith_throw(error, SMITH_ERROR_INVALID,
				   "member name '%s' has a component of %" G_GSIZE_FORMAT
				   " bytes, expected at most %d",
				   path, length, MAX_COMPONENT);
	return TRUE;
}

/* @name is NUL-terminated at @length, and may hold other NULs. */
static gboolean check_name(const char *name, gsize length, guint16 flags, GError **error)
{
	g_autofree char *printable = g_utf8_make_valid(name, (gssize)length);
	const char *start = name;
	guint depth = 0;
	bool ascii = true;

	if (length == 0)
		return smith_throw(error, SMITH_ERROR_INVALID, "member without a name");
	for (gsize i = 0; i < length; i++) {
		if ((guchar)name[i] < 0x20 || name[i] == 0x7f || name[i] == '\\')
			return smith_throw(error, SMITH_ERROR_INVALID,
					   "unsafe member name '%s': byte 0x%02x", printable,
					   (guchar)name[i]);
		ascii = ascii && (guchar)name[i] < 0x80;
	}
	if (!ascii && ((flags & FLAG_UTF8) == 0 || !g_utf8_validate(name, (gssize)length, NULL)))
		return smith_throw(error, SMITH_ERROR_INVALID,
				   "member name '%s' is not marked as, or not valid UTF-8",
				   printable);
	if (name[0] == '/')
		return smith_throw(error, SMITH_ERROR_INVALID, "unsafe member name '%s': absolute",
				   printable);
	if (name[length - 1] == '/')
		length--;
	for (const char *p = name; p <= name + length; p++) {
		if (p < name + length && *p != '/')
			continue;
		if (!check_component(printable, start, (gsize)(p - start), error))
			return FALSE;
		start = p + 1;
		if (++depth > SMITH_ZIP_MAX_DEPTH)
			return smith_throw(error, SMITH_ERROR_LIMIT,
					   "member name '%.80s...' has more than %d components",
					   printable, SMITH_ZIP_MAX_DEPTH);
	}
	return TRUE;
}

/* The zip64 extra field holds, in this order, those values whose narrow field is full. */
static gboolean read_extra64(const guint8 *extra, gsize length, guint64 *values[], guint count)
{
	while (length >= 4) {
		gsize size = get16(extra + 2);

		if (size > length - 4)
			return FALSE;
		if (get16(extra) == 0x0001) {
			const guint8 *p = extra + 4;

			for (guint i = 0; i < count; i++) {
				if (*values[i] != 0xffffffff)
					continue;
				if (size < 8)
					return FALSE;
				*values[i] = get64(p);
				p += 8;
				size -= 8;
			}
			return TRUE;
		}
		extra += 4 + size;
		length -= 4 + size;
	}
	for (guint i = 0; i < count; i++)
		if (*values[i] == 0xffffffff)
			return FALSE;
	return TRUE;
}

static gboolean check_kind(const SmithZipMember *member, GError **error)
{
	guint32 type = member->mode & S_IFMT;

	if (type == S_IFLNK)
		return smith_throw(error, SMITH_ERROR_UNSUPPORTED,
				   "member '%s' is a symbolic link, expected a file or directory",
				   member->name);
	if (type != 0 && type != (member->is_dir ? S_IFDIR : S_IFREG))
		return smith_throw(error, SMITH_ERROR_INVALID,
				   "member '%s' has file type 0%o, expected a %s", member->name,
				   type, member->is_dir ? "directory" : "regular file");
	if (member->is_dir && member->size != 0)
		return smith_throw(error, SMITH_ERROR_INVALID, "directory member '%s' has content",
				   member->name);
	return TRUE;
}

static gboolean check_coding(const SmithZipMember *member, GError **error)
{
	if ((member->flags & FLAGS_ENCRYPTED) != 0)
		return smith_throw(error, SMITH_ERROR_UNSUPPORTED, "member '%s' is encrypted",
				   member->name);
	if ((member->flags & ~FLAGS_KNOWN) != 0)
		return smith_throw(error, SMITH_ERROR_UNSUPPORTED,
				   "member '%s' has unknown flags 0x%04x", member->name,
				   member->flags);
	if (member->method != 0 && member->method != 8)
		return smith_throw(error, SMITH_ERROR_UNSUPPORTED,
				   "member '%s' uses compression method %u, expected 0 or 8",
				   member->name, member->method);
	if (member->method == 0 && member->size != member->stored_size)
		return smith_throw(error, SMITH_ERROR_INVALID,
				   "stored member '%s' has two sizes, %" G_GUINT64_FORMAT
				   " and %" G_GUINT64_FORMAT,
				   member->name, member->size, member->stored_size);
	if (member->method == 8 && (member->size / MAX_RATIO > member->stored_size))
		return smith_throw(error, SMITH_ERROR_INVALID,
				   "member '%s' declares %" G_GUINT64_FORMAT
				   " bytes, more than its %" G_GUINT64_FORMAT
				   " stored bytes can inflate to",
				   member->name, member->size, member->stored_size);
	return TRUE;
}

static gboolean add_member(SmithZip *self, SmithZipMember *member, const guint8 *name, gsize length,
			   GError **error)
{
	const char *text =
		g_string_chunk_insert_len(self->names, (const char *)name, (gssize)length);

	if (!check_name(text, length, member->flags, error))
		return FALSE;
	member->is_dir = text[length - 1] == '/';
	if (member->is_dir)
		text = g_string_chunk_insert_len(self->names, text, (gssize)length - 1);
	member->name = text;
	if (!check_coding(member, error) || !check_kind(member, error))
		return FALSE;
	g_array_append_val(self->members, *member);
	if (!g_hash_table_insert(self->by_name, (char *)text, GUINT_TO_POINTER(self->members->len)))
		return smith_throw(error, SMITH_ERROR_INVALID, "member '%s' occurs twice", text);
	return TRUE;
}

/* One header of the directory at @p; its length, or 0 on error. */
static gsize read_central(SmithZip *self, const guint8 *p, gsize left, GError **error)
{
	SmithZipMember member = {0};
	gsize name, extra, length;

	if (left < CENTRAL_SIZE || get32(p) != 0x02014b50)
		return (gsize)smith_throw(error, SMITH_ERROR_INVALID, "broken zip directory");
	name = get16(p + 28);
	extra = get16(p + 30);
	length = CENTRAL_SIZE + name + extra + get16(p + 32);
	if (length > left)
		return (gsize)smith_throw(error, SMITH_ERROR_INVALID, "broken zip directory");
	if (name > SMITH_ZIP_MAX_NAME)
		return (gsize)smith_throw(error, SMITH_ERROR_LIMIT,
					  "member name of %" G_GSIZE_FORMAT
					  " bytes, expected at most %d",
					  name, SMITH_ZIP_MAX_NAME);
	member.flags = get16(p + 8);
	member.method = get16(p + 10);
	member.crc32 = get32(p + 16);
	member.stored_size = get32(p + 20);
	member.size = get32(p + 24);
	member.mode = get32(p + 38) >> 16;
	member.offset = get32(p + 42);
	if (!read_extra64(p + CENTRAL_SIZE + name, extra,
			  (guint64 *[]){&member.size, &member.stored_size, &member.offset}, 3))
		return (gsize)smith_throw(error, SMITH_ERROR_INVALID,
					  "broken extra field in the zip directory");
	if (!add_member(self, &member, p + CENTRAL_SIZE, name, error))
		return 0;
	return length;
}

static gboolean read_directory(SmithZip *self, const Directory *directory, GError **error)
{
	g_autofree guint8 *data = g_malloc(MAX(directory->size, 1));
	gsize position = 0, size = (gsize)directory->size;

	if (!smith_pread_full(self->fd, data, size, directory->offset, self->name, error))
		return FALSE;
	for (guint64 i = 0; i < directory->members; i++) {
		gsize length = read_central(self, data + position, size - position, error);

		if (length == 0)
			return FALSE;
		position += length;
	}
	if (position != size)
		return smith_throw(error, SMITH_ERROR_INVALID,
				   "zip directory holds more than its %" G_GUINT64_FORMAT
				   " members",
				   directory->members);
	return TRUE;
}

static gint by_offset(gconstpointer a, gconstpointer b)
{
	const SmithZipMember *const *x = a, *const *y = b;

	return (*x)->offset < (*y)->offset ? -1 : (*x)->offset > (*y)->offset;
}

/* Finds where each member must end at the latest. Together with the check in smith_zip_locate()
 * no byte belongs to two members, so that no small file inflates to a huge tree. */
static gboolean set_limits(SmithZip *self, const Directory *directory, GError **error)
{
	g_autoptr(GPtrArray) order = g_ptr_array_sized_new(self->members->len);
	guint64 limit = directory->offset;

	for (guint i = 0; i < self->members->len; i++)
		g_ptr_array_add(order, &g_array_index(self->members, SmithZipMember, i));
	g_ptr_array_sort(order, by_offset);
	for (guint i = order->len; i-- > 0;) {
		SmithZipMember *member = order->pdata[i];

		member->limit = limit;
		if (member->offset > limit || limit - member->offset < LOCAL_SIZE ||
		    member->stored_size > limit - member->offset - LOCAL_SIZE)
			return smith_throw(error, SMITH_ERROR_INVALID,
					   "member '%s' overlaps what follows it", member->name);
		limit = member->offset;
	}
	if (limit != 0)
		return smith_throw(error, SMITH_ERROR_INVALID,
				   "%" G_GUINT64_FORMAT
				   " bytes stand before the first member, expected none",
				   limit);
	return TRUE;
}

static gboolean check_total(const SmithZip *self, guint64 max_total, GError **error)
{
	guint64 left = max_total;

	for (guint i = 0; i < self->members->len; i++) {
		const SmithZipMember *member = smith_zip_member(self, i);

		if (member->size > left)
			return smith_throw(error, SMITH_ERROR_LIMIT,
					   "members inflate to more than %" G_GUINT64_FORMAT
					   " bytes",
					   max_total);
		left -= member->size;
	}
	return TRUE;
}

/* "a" as a file and "a/b": one of them can not be unpacked. */
static gboolean check_parents(const SmithZip *self, GError **error)
{
	for (guint i = 0; i < self->members->len; i++) {
		const char *name = smith_zip_member(self, i)->name;

		for (const char *slash = strchr(name, '/'); slash; slash = strchr(slash + 1, '/')) {
			g_autofree char *parent = g_strndup(name, (gsize)(slash - name));

			if (smith_zip_find(self, parent) != NULL)
				return smith_throw(error, SMITH_ERROR_INVALID,
						   "member '%s' lies below the file '%s'", name,
						   parent);
		}
	}
	return TRUE;
}

static gboolean load(SmithZip *self, guint64 max_total, GError **error)
{
	SMITH_AUTO_PREFIX("zip", self->name, error);
	Directory directory = {0};
	struct stat st;

	if (fstat(self->fd, &st) < 0)
		return smith_throw_errno(error, "cannot stat");
	if (!S_ISREG(st.st_mode))
		return smith_throw(error, SMITH_ERROR_INVALID, "not a regular file");
	self->file_size = (guint64)st.st_size;
	return read_end(self, &directory, error) && read_directory(self, &directory, error) &&
	       set_limits(self, &directory, error) && check_total(self, max_total, error) &&
	       check_parents(self, error);
}

SmithZip *smith_zip_new(int fd, const char *name, guint64 max_total, GError **error)
{
	g_autoptr(SmithZip) self = g_new0(SmithZip, 1);

	self->refs = 1;
	self->fd = fd;
	self->name = g_strdup(name);
	self->members = g_array_new(FALSE, FALSE, sizeof(SmithZipMember));
	self->names = g_string_chunk_new(4096);
	self->by_name = g_hash_table_new(g_str_hash, g_str_equal);
	if (!load(self, max_total > 0 ? max_total : SMITH_ZIP_MAX_TOTAL, error))
		return NULL;
	return g_steal_pointer(&self);
}

SmithZip *smith_zip_ref(SmithZip *zip)
{
	g_atomic_int_inc(&zip->refs);
	return zip;
}

void smith_zip_unref(SmithZip *zip)
{
	if (zip == NULL || !g_atomic_int_dec_and_test(&zip->refs))
		return;
	smith_fd_clear(&zip->fd);
	g_array_unref(zip->members);
	g_hash_table_unref(zip->by_name);
	g_string_chunk_free(zip->names);
	g_free(zip->name);
	g_free(zip);
}

guint smith_zip_length(const SmithZip *zip)
{
	return zip->members->len;
}

const SmithZipMember *smith_zip_member(const SmithZip *zip, guint index)
{
	return &g_array_index(zip->members, SmithZipMember, index);
}

const SmithZipMember *smith_zip_find(const SmithZip *zip, const char *name)
{
	guint index = GPOINTER_TO_UINT(g_hash_table_lookup(zip->by_name, name));

	if (index == 0 || smith_zip_member(zip, index - 1)->is_dir)
		return NULL;
	return smith_zip_member(zip, index - 1);
}

const char *smith_zip_name(const SmithZip *zip)
{
	return zip->name;
}

int smith_zip_fd(const SmithZip *zip)
{
	return zip->fd;
}

/* A writer that did not know CRC and sizes in time has put zeros, and a descriptor behind. */
static gboolean same_sizes(const SmithZipMember *member, const guint8 *local, const guint8 *extra,
			   gsize extra_length)
{
	guint64 stored = get32(local + 18), size = get32(local + 22);
	guint32 crc = get32(local + 14);

	if ((member->flags & FLAG_DESCRIPTOR) != 0 && crc == 0)
		return TRUE;
	if (!read_extra64(extra, extra_length, (guint64 *[]){&size, &stored}, 2))
		return FALSE;
	return crc == member->crc32 && stored == member->stored_size && size == member->size;
}

gboolean smith_zip_locate(const SmithZip *zip, const SmithZipMember *member, guint64 *offset,
			  GError **error)
{
	guint8 buffer[512];
	g_autofree guint8 *large = NULL;
	guint8 *local = buffer;
	gsize name_length = strlen(member->name) + (member->is_dir ? 1 : 0);
	gsize length = LOCAL_SIZE + name_length, extra;

	/* one read for the header and its usual extra fields; the limit keeps it in the file */
	if (length > sizeof buffer)
		local = large = g_malloc(length);
	else
		length = (gsize)MIN(sizeof buffer, member->limit - member->offset);
	if (length < LOCAL_SIZE + name_length)
		return smith_throw(error, SMITH_ERROR_INVALID,
				   "member '%s' overlaps what follows it", member->name);
	if (!smith_pread_full(zip->fd, local, length, member->offset, member->name, error))
		return FALSE;
	extra = get16(local + 28);
	if (get32(local) != 0x04034b50 || get16(local + 6) != member->flags ||
	    get16(local + 8) != member->method || get16(local + 26) != name_length ||
	    strncmp((const char *)local + LOCAL_SIZE, member->name, strlen(member->name)) != 0)
		return smith_throw(error, SMITH_ERROR_INVALID,
				   "local header of '%s' differs from the zip directory",
				   member->name);
	*offset = member->offset + LOCAL_SIZE + name_length + extra;
	if (*offset > member->limit || member->stored_size > member->limit - *offset)
		return smith_throw(error, SMITH_ERROR_INVALID,
				   "member '%s' overlaps what follows it", member->name);
	if (length < LOCAL_SIZE + name_length + extra) {
		g_free(large);
		length = LOCAL_SIZE + name_length + extra;
		local = large = g_malloc(length);
		if (!smith_pread_full(zip->fd, local, length, member->offset, member->name, error))
			return FALSE;
	}
	if (!same_sizes(member, local, local + LOCAL_SIZE + name_length, extra))
		return smith_throw(error, SMITH_ERROR_INVALID,
				   "local sizes of '%s' differ from the zip directory",
				   member->name);
	return TRUE;
}
