/* SPDX-License-Identifier: Apache-2.0 */
#include "execute/pycs.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"

#define RESULT_HEAD 13
#define PYC_HEAD 16
#define PROBLEM_MAX 4096

enum {
	KIND_PYC,
	KIND_PROBLEM,
};

/* One of the files, kept open by the contents in it. */
typedef struct {
	gint refs; /* atomic */
	int fd;
	char *name;
} ResultFile;

typedef struct {
	SmithContent content;
	ResultFile *file;
	guint64 offset;
} PycContent;

typedef struct {
	GPtrArray *results;
	guint8 magic[4];
	bool has_magic;
} Reader;

static void file_unref(ResultFile *file)
{
	if (!g_atomic_int_dec_and_test(&file->refs))
		return;
	smith_fd_clear(&file->fd);
	g_free(file->name);
	g_free(file);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ResultFile, file_unref)

static SmithSource *content_open(SmithContent *content, GError **error)
{
	(void)error;
	PycContent *self = (PycContent *)content;
	return smith_source_new_range(self->file->fd, self->offset, content->size,
				      self->file->name);
}

static void content_free(SmithContent *content)
{
	file_unref(((PycContent *)content)->file);
	g_free(content);
}

static const SmithContentOps content_ops = {content_open, NULL, content_free};

static void pyc_free(gpointer data)
{
	SmithPyc *pyc = data;
	g_clear_pointer(&pyc->content, smith_content_unref);
	g_free(pyc->problem);
	g_free(pyc);
}

static gboolean read_at(const ResultFile *file, void *buffer, gsize length, guint64 offset,
			GError **error)
{
	g_autoptr(SmithSource) source =
		smith_source_new_range(file->fd, offset, length, file->name);
	return smith_source_read_full(source, buffer, length, error) >= 0;
}

static guint64 little_endian(const guint8 *bytes, guint count)
{
	guint64 value = 0;
	while (count-- > 0)
		value = value << 8 | bytes[count];
	return value;
}

static gboolean add_pyc(Reader *reader, SmithPyc *pyc, ResultFile *file, guint64 offset,
			guint64 length, GError **error)
{
	guint8 head[PYC_HEAD];
	if (length < PYC_HEAD || length > SMITH_PYC_MAX)
		return smith_throw(error, SMITH_ERROR_INVALID,
				   "a .pyc has %" G_GUINT64_FORMAT " bytes, expected %d at least",
				   length, PYC_HEAD);
	if (!read_at(file, head, sizeof head, offset, error))
		return FALSE;
	if (!reader->has_magic)
		memcpy(reader->magic, head, sizeof reader->magic);
	reader->has_magic = true;
	if (head[2] != '\r' || head[3] != '\n' ||
	    memcmp(head, reader->magic, sizeof reader->magic) != 0)
		return smith_throw(error, SMITH_ERROR_INVALID,
				   "a .pyc has another magic number than the first one");
	if (little_endian(head + 4, 4) != 1)
		return smith_throw(error, SMITH_ERROR_INVALID,
				   "a .pyc has the flags %" G_GUINT64_FORMAT
				   ", expected 1 (unchecked hash)",
				   little_endian(head + 4, 4));
	PycContent *content = g_new0(PycContent, 1);
	content->content.ops = &content_ops;
	content->content.refs = 1;
	content->content.size = length;
	content->file = file;
	content->offset = offset;
	g_atomic_int_inc(&file->refs);
	pyc->content = &content->content;
	return TRUE;
}

static gboolean add_problem(SmithPyc *pyc, const ResultFile *file, guint64 offset, guint64 length,
			    GError **error)
{
	char text[PROBLEM_MAX + 1] = "";
	if (length == 0 || length > PROBLEM_MAX)
		return smith_throw(error, SMITH_ERROR_INVALID,
				   "a message has %" G_GUINT64_FORMAT " bytes, expected 1 to %d",
				   length, PROBLEM_MAX);
	if (!read_at(file, text, (gsize)length, offset, error))
		return FALSE;
	for (gsize i = 0; i < length; i++)
		if ((guchar)text[i] < 0x20 || text[i] == 0x7f)
			text[i] = ' ';
	pyc->problem = g_utf8_make_valid(text, (gssize)length);
	return TRUE;
}

static gboolean read_result(Reader *reader, ResultFile *file, guint64 *at, guint64 size,
			    GError **error)
{
	guint8 head[RESULT_HEAD];
	if (size - *at < sizeof head)
		return smith_throw(error, SMITH_ERROR_INVALID, "it ends within a result");
	if (!read_at(file, head, sizeof head, *at, error))
		return FALSE;
	*at += sizeof head;
	guint64 number = little_endian(head, 4), length = little_endian(head + 5, 8);
	if (length > size - *at)
		return smith_throw(error, SMITH_ERROR_INVALID, "it ends within a result");
	SmithPyc *pyc = number < reader->results->len ? reader->results->pdata[number] : NULL;
	if (pyc == NULL || pyc->content != NULL || pyc->problem != NULL)
		return smith_throw(error, SMITH_ERROR_INVALID, "source %" G_GUINT64_FORMAT " %s",
				   number, pyc == NULL ? "was not asked for" : "is there twice");
	guint64 offset = *at;
	*at += length;
	if (head[4] == KIND_PYC)
		return add_pyc(reader, pyc, file, offset, length, error);
	if (head[4] == KIND_PROBLEM)
		return add_problem(pyc, file, offset, length, error);
	return smith_throw(error, SMITH_ERROR_INVALID, "a result is of kind %u", head[4]);
}

static gboolean read_file(Reader *reader, int dirfd, const char *name, GError **error)
{
	SMITH_AUTO_PREFIX("result of the compiler", name, error);
	struct stat st;
	g_autoptr(ResultFile) file = g_new0(ResultFile, 1);
	file->refs = 1;
	file->name = g_strdup(name);
	/* nonblocking: a fifo of that name must not hang us */
	file->fd = smith_fd_open_beneath(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0, error);
	if (file->fd < 0)
		return FALSE;
	if (fstat(file->fd, &st) < 0)
		return smith_throw_errno(error, "cannot stat");
	if (!S_ISREG(st.st_mode))
		return smith_throw(error, SMITH_ERROR_INVALID, "it is no regular file");
	for (guint64 at = 0; at < (guint64)st.st_size;)
		if (!read_result(reader, file, &at, (guint64)st.st_size, error))
			return FALSE;
	return TRUE;
}

GPtrArray *smith_pycs_read(int dirfd, guint count, GError **error)
{
	g_autoptr(GPtrArray) results = g_ptr_array_new_with_free_func(pyc_free);
	g_autoptr(GPtrArray) names = smith_fd_list_dir(dirfd, error);
	if (names == NULL)
		return NULL;
	for (guint i = 0; i < count; i++)
		g_ptr_array_add(results, g_new0(SmithPyc, 1));
	Reader reader = {.results = results};
	for (guint i = 0; i < names->len; i++)
		if (!read_file(&reader, dirfd, names->pdata[i], error))
			return NULL;
	for (guint i = 0; i < count; i++) {
		const SmithPyc *pyc = results->pdata[i];
		if (pyc->content == NULL && pyc->problem == NULL)
			return smith_throw_null(error, SMITH_ERROR_INVALID,
						"the compiler left no result of source %u", i);
	}
	return g_steal_pointer(&results);
}
