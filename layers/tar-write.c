/* SPDX-License-Identifier: Apache-2.0 */
#include "layers/tar-write.h"

#include <string.h>

#include "base/error.h"

#define OCTAL_7 07777777ULL
#define OCTAL_11 077777777777ULL

typedef struct {
	char name[100];
	char mode[8];
	char uid[8];
	char gid[8];
	char size[12];
	char mtime[12];
	char chksum[8];
	char typeflag;
	char linkname[100];
	char magic[6];
	char version[2];
	char uname[32];
	char gname[32];
	char devmajor[8];
	char devminor[8];
	char prefix[155];
	char pad[12];
} UstarHeader;

G_STATIC_ASSERT(sizeof(UstarHeader) == SMITH_TAR_BLOCK);

static const char type_flags[] = {
	[SMITH_ENTRY_FILE] = '0',     [SMITH_ENTRY_DIR] = '5',	[SMITH_ENTRY_SYMLINK] = '2',
	[SMITH_ENTRY_HARDLINK] = '1', [SMITH_ENTRY_CHAR] = '3', [SMITH_ENTRY_BLOCK] = '4',
	[SMITH_ENTRY_FIFO] = '6',
};

static bool is_ascii(const char *text)
{
	for (; *text != '\0'; text++)
		if ((guint8)*text >= 0x80)
			return false;
	return true;
}

static bool path_is_normal(const char *path)
{
	if (strcmp(path, ".") == 0)
		return true;
	for (const char *start = path;;) {
		gsize length = strcspn(start, "/");
		if (length == 0 || (length == 1 && start[0] == '.') ||
		    (length == 2 && start[0] == '.' && start[1] == '.'))
			return false;
		if (start[length] == '\0')
			return true;
		start += length + 1;
	}
}

static void put_octal(char *field, gsize width, guint64 value)
{
	field[width - 1] = '\0';
	for (gsize i = width - 1; i-- > 0; value >>= 3)
		field[i] = (char)('0' + (value & 7));
}

/* What a reader without pax sees of a name that ustar cannot hold. */
static void put_fallback(char *field, gsize width, const char *text)
{
	for (gsize i = 0; i < width && text[i] != '\0'; i++)
		field[i] = (guint8)text[i] >= 0x80 ? '_' : text[i];
}

/* FALSE when the name does not fit into name and prefix. */
static bool put_name(UstarHeader *header, const char *name)
{
	gsize length = strlen(name);
	if (length <= sizeof header->name) {
		memcpy(header->name, name, length);
		return true;
	}
	/* the last slash that leaves a prefix of at most 155 and a non-empty rest */
	gsize cut = MIN(length - 1, sizeof header->prefix + 1);
	while (cut > 0 && name[cut - 1] != '/')
		cut--;
	if (cut < 2 || length - cut > sizeof header->name)
		return false;
	memcpy(header->prefix, name, cut - 1);
	memcpy(header->name, name + cut, length - cut);
	return true;
}

static void put_checksum(UstarHeader *header)
{
	const guint8 *bytes = (const guint8 *)header;
	guint sum = 0;
	memset(header->chksum, ' ', sizeof header->chksum);
	for (gsize i = 0; i < sizeof *header; i++)
		sum += bytes[i];
	put_octal(header->chksum, 7, sum);
}

/* "LENGTH KEY=VALUE\n", where LENGTH counts its own digits too. */
static void add_record(GByteArray *out, const char *key, const void *value, gsize length)
{
	gsize rest = strlen(key) + length + 3;
	gsize total = rest + 1;
	char digits[24];
	int width = g_snprintf(digits, sizeof digits, "%" G_GSIZE_FORMAT, total);
	while (rest + (gsize)width != total) {
		total = rest + (gsize)width;
		width = g_snprintf(digits, sizeof digits, "%" G_GSIZE_FORMAT, total);
	}
	g_byte_array_append(out, (const guint8 *)digits, (guint)width);
	g_byte_array_append(out, (const guint8 *)" ", 1);
	g_byte_array_append(out, (const guint8 *)key, (guint)strlen(key));
	g_byte_array_append(out, (const guint8 *)"=", 1);
	g_byte_array_append(out, value, (guint)length);
	g_byte_array_append(out, (const guint8 *)"\n", 1);
}

static void add_text(GByteArray *out, const char *key, const char *value)
{
	add_record(out, key, value, strlen(value));
}

static void add_number(GByteArray *out, const char *key, gint64 value)
{
	char text[24];
	g_snprintf(text, sizeof text, "%" G_GINT64_FORMAT, value);
	add_text(out, key, text);
}

/* The number's field, or a record when it is too large for it: the field then stays 0. */
static void put_number(GByteArray *pax, const char *key, char *field, gsize width, gint64 value)
{
	bool fits = value >= 0 && (guint64)value <= (width == 8 ? OCTAL_7 : OCTAL_11);
	put_octal(field, width, fits ? (guint64)value : 0);
	if (!fits)
		add_number(pax, key, value);
}

static void put_names(UstarHeader *header, GByteArray *pax, const SmithEntry *entry)
{
	bool is_dir = entry->type == SMITH_ENTRY_DIR;
	bool is_link = entry->type == SMITH_ENTRY_SYMLINK || entry->type == SMITH_ENTRY_HARDLINK;
	g_autofree char *slashed = is_dir ? g_strconcat(entry->path, "/", NULL) : NULL;
	const char *name = is_dir ? slashed : entry->path;
	const char *target = is_link ? entry->target : "";

	if (!g_utf8_validate(name, -1, NULL) || !g_utf8_validate(target, -1, NULL))
		add_text(pax, "hdrcharset", "BINARY");
	if (!is_ascii(name) || !put_name(header, name)) {
		put_fallback(header->name, sizeof header->name, name);
		add_text(pax, "path", name);
	}
	put_fallback(header->linkname, sizeof header->linkname, target);
	if (!is_ascii(target) || strlen(target) > sizeof header->linkname)
		add_text(pax, "linkpath", target);
}

static gboolean add_xattrs(GByteArray *pax, const SmithEntry *entry, GError **error)
{
	const char *previous = "";
	for (guint i = 0; entry->xattrs != NULL && i < entry->xattrs->len; i++) {
		const SmithXattr *xattr = &g_array_index(entry->xattrs, SmithXattr, i);
		if (strcmp(previous, xattr->name) >= 0 || strchr(xattr->name, '=') != NULL)
			return smith_throw(error, SMITH_ERROR_INVALID,
					   "'%s': extended attribute '%s' is out of order or has an"
					   " illegal name",
					   entry->path, xattr->name);
		gsize length = 0;
		const void *value = g_bytes_get_data(xattr->value, &length);
		if (length > SMITH_TAR_PAX_MAX || pax->len > SMITH_TAR_PAX_MAX)
			return smith_throw(error, SMITH_ERROR_LIMIT,
					   "'%s': extended attributes up to '%s' are larger than"
					   " the %d bytes that are portable",
					   entry->path, xattr->name, SMITH_TAR_PAX_MAX);
		g_autofree char *key = g_strconcat("SCHILY.xattr.", xattr->name, NULL);
		add_record(pax, key, length > 0 ? value : "", length);
		previous = xattr->name;
	}
	return TRUE;
}

static void init_header(UstarHeader *header, char flag)
{
	memset(header, 0, sizeof *header);
	memcpy(header->magic, "ustar", 6);
	memcpy(header->version, "00", 2);
	header->typeflag = flag;
}

static void append_pax(GByteArray *out, const GByteArray *records)
{
	static const guint8 zeros[SMITH_TAR_BLOCK];
	UstarHeader header;
	init_header(&header, 'x');
	put_name(&header, "././@PaxHeader");
	put_octal(header.mode, sizeof header.mode, 0644);
	put_octal(header.uid, sizeof header.uid, 0);
	put_octal(header.gid, sizeof header.gid, 0);
	put_octal(header.size, sizeof header.size, records->len);
	put_octal(header.mtime, sizeof header.mtime, 0);
	put_checksum(&header);
	g_byte_array_append(out, (const guint8 *)&header, sizeof header);
	g_byte_array_append(out, records->data, records->len);
	g_byte_array_append(out, zeros, (guint)smith_tar_padding(records->len));
}

static gboolean check_entry(const SmithEntry *entry, GError **error)
{
	bool is_link = entry->type == SMITH_ENTRY_SYMLINK || entry->type == SMITH_ENTRY_HARDLINK;
	if (!path_is_normal(entry->path))
		return smith_throw(error, SMITH_ERROR_INVALID,
				   "illegal path '%s' in a layer, expected a relative path without "
				   "'.', '..' and empty components",
				   entry->path);
	if (strcmp(entry->path, ".") == 0 && entry->type != SMITH_ENTRY_DIR)
		return smith_throw(error, SMITH_ERROR_INVALID,
				   "the root '.' of a layer is a %s, expected a directory",
				   smith_entry_type_name(entry->type));
	if (is_link && (entry->target == NULL || entry->target[0] == '\0'))
		return smith_throw(error, SMITH_ERROR_INVALID, "link '%s' has no target",
				   entry->path);
	if (entry->type == SMITH_ENTRY_HARDLINK && !path_is_normal(entry->target))
		return smith_throw(error, SMITH_ERROR_INVALID,
				   "hard link '%s' has an illegal target '%s'", entry->path,
				   entry->target);
	if (entry->major > OCTAL_7 || entry->minor > OCTAL_7)
		return smith_throw(error, SMITH_ERROR_INVALID,
				   "device '%s' has number %u:%u, at most %llu:%llu can be kept",
				   entry->path, entry->major, entry->minor, OCTAL_7, OCTAL_7);
	if (smith_entry_size(entry) > G_MAXINT64)
		return smith_throw(error, SMITH_ERROR_LIMIT,
				   "file '%s' has an impossible size of %" G_GUINT64_FORMAT
				   " bytes",
				   entry->path, smith_entry_size(entry));
	return TRUE;
}

gboolean smith_tar_write_header(const SmithEntry *entry, GByteArray *out, GError **error)
{
	if (!check_entry(entry, error))
		return FALSE;

	g_autoptr(GByteArray) pax = g_byte_array_new();
	UstarHeader header;
	init_header(&header, type_flags[entry->type]);
	put_names(&header, pax, entry);
	put_octal(header.mode, sizeof header.mode, entry->mode & 07777);
	put_number(pax, "size", header.size, sizeof header.size, (gint64)smith_entry_size(entry));
	put_number(pax, "uid", header.uid, sizeof header.uid, entry->uid);
	put_number(pax, "gid", header.gid, sizeof header.gid, entry->gid);
	put_number(pax, "mtime", header.mtime, sizeof header.mtime, entry->mtime);
	if (entry->type == SMITH_ENTRY_CHAR || entry->type == SMITH_ENTRY_BLOCK) {
		put_octal(header.devmajor, sizeof header.devmajor, entry->major);
		put_octal(header.devminor, sizeof header.devminor, entry->minor);
	}
	if (!add_xattrs(pax, entry, error))
		return FALSE;
	if (pax->len > SMITH_TAR_PAX_MAX)
		return smith_throw(error, SMITH_ERROR_LIMIT,
				   "'%s' needs a pax header of %u bytes, at most %d are portable",
				   entry->path, pax->len, SMITH_TAR_PAX_MAX);
	put_checksum(&header);

	if (pax->len > 0)
		append_pax(out, pax);
	g_byte_array_append(out, (const guint8 *)&header, sizeof header);
	return TRUE;
}

gsize smith_tar_padding(guint64 size)
{
	return (gsize)(-size & (SMITH_TAR_BLOCK - 1));
}

static gboolean throw_size(const SmithEntry *entry, GError **error)
{
	return smith_throw(error, SMITH_ERROR_VERIFY,
			   "does not have the %" G_GUINT64_FORMAT " bytes that were expected",
			   smith_entry_size(entry));
}

static gboolean write_content(const SmithEntry *entry, SmithSink *sink, GError **error)
{
	guint8 buffer[16384];
	guint64 left = smith_entry_size(entry);
	SMITH_AUTO_PREFIX("content of", entry->path, error);
	if (entry->type != SMITH_ENTRY_FILE || entry->content == NULL)
		return TRUE;
	g_autoptr(SmithSource) source = entry->content->ops->open(entry->content, error);
	if (source == NULL)
		return FALSE;
	for (;;) {
		gssize count = smith_source_read(source, buffer, sizeof buffer, error);
		if (count < 0)
			return FALSE;
		if (count == 0)
			break;
		if ((guint64)count > left)
			return throw_size(entry, error);
		left -= (guint64)count;
		smith_sink_write(sink, buffer, (gsize)count);
	}
	memset(buffer, 0, SMITH_TAR_BLOCK);
	smith_sink_write(sink, buffer, smith_tar_padding(smith_entry_size(entry)));
	return left == 0 || throw_size(entry, error);
}

gboolean smith_tar_write_all(SmithEntryIter *iter, SmithSink *sink, GError **error)
{
	static const guint8 end[SMITH_TAR_END];
	g_autoptr(GByteArray) header = g_byte_array_new();
	for (;;) {
		g_autoptr(SmithEntry) entry = NULL;
		if (!smith_entry_iter_next(iter, &entry, error))
			return FALSE;
		if (entry == NULL)
			break;
		g_byte_array_set_size(header, 0);
		if (!smith_tar_write_header(entry, header, error))
			return FALSE;
		smith_sink_write(sink, header->data, header->len);
		if (!write_content(entry, sink, error))
			return FALSE;
	}
	smith_sink_write(sink, end, sizeof end);
	if (sink->error == NULL)
		return TRUE;
	if (error != NULL)
		*error = g_error_copy(sink->error);
	return FALSE;
}
