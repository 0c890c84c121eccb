/* SPDX-License-Identifier: Apache-2.0 */
#include "run/task.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"

#define STRING_MAX 4096
#define STACK_BYTES (32 * 1024)
#define STACK_FILES 16
#define MAPS_MAX (4 << 20)
#define PAGE 4096u

typedef struct {
	guint64 from;
	guint64 to;
	bool code;
	char *name; /* or NULL */
} Mapping;

static int open_entry(pid_t tid, const char *name)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/%s", tid, name);
	return open(path, O_RDONLY | O_CLOEXEC);
}

gssize smith_task_read(pid_t tid, guint64 from, void *buffer, gsize length)
{
	smith_autofd int memory = open_entry(tid, "mem");
	return memory >= 0 ? pread(memory, buffer, length, (off_t)from) : -1;
}

/* Page by page, for what follows may not be there. */
char *smith_task_read_string(pid_t tid, guint64 from)
{
	char text[STRING_MAX];
	gsize have = 0;
	while (have < sizeof text) {
		gsize want = MIN(sizeof text - have, PAGE - (from + have) % PAGE);
		gssize n = smith_task_read(tid, from + have, text + have, want);
		if (n <= 0)
			return NULL;
		if (memchr(text + have, '\0', (gsize)n) != NULL)
			return g_utf8_make_valid(text, -1);
		have += (gsize)n;
	}
	return NULL;
}

static void mapping_free(gpointer data)
{
	Mapping *mapping = data;
	g_free(mapping->name);
	g_free(mapping);
}

/* "FROM-TO PERMS OFFSET DEV INODE   PATH" */
static Mapping *parse_mapping(const char *line)
{
	Mapping *mapping = g_new0(Mapping, 1);
	char permissions[5] = "";
	int path = 0;
	if (sscanf(line, "%" G_GINT64_MODIFIER "x-%" G_GINT64_MODIFIER "x %4s %*s %*s %*s %n",
		   &mapping->from, &mapping->to, permissions, &path) < 3) {
		g_free(mapping);
		return NULL;
	}
	mapping->code = strchr(permissions, 'x') != NULL;
	if (path > 0 && line[path] == '/')
		mapping->name = g_path_get_basename(line + path);
	else if (path > 0 && line[path] != '\0')
		mapping->name = g_strdup(line + path);
	return mapping;
}

static GPtrArray *read_mappings(pid_t tid)
{
	GPtrArray *mappings = g_ptr_array_new_with_free_func(mapping_free);
	smith_autofd int fd = open_entry(tid, "maps");
	g_autoptr(GBytes) bytes = fd >= 0 ? smith_fd_read_all(fd, "maps", MAPS_MAX, NULL) : NULL;
	if (bytes == NULL)
		return mappings;
	g_autofree char *text = g_strndup(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	for (char **line = lines; *line != NULL; line++) {
		Mapping *mapping = parse_mapping(*line);
		if (mapping != NULL)
			g_ptr_array_add(mappings, mapping);
	}
	return mappings;
}

static const Mapping *find_code(const GPtrArray *mappings, guint64 address)
{
	for (guint i = 0; i < mappings->len; i++) {
		const Mapping *mapping = mappings->pdata[i];
		if (address >= mapping->from && address < mapping->to)
			return mapping->code ? mapping : NULL;
	}
	return NULL;
}

char *smith_task_object(pid_t tid, guint64 address)
{
	g_autoptr(GPtrArray) mappings = read_mappings(tid);
	const Mapping *mapping = find_code(mappings, address);
	return mapping != NULL ? g_strdup(mapping->name) : NULL;
}

/* Of a task that waits: "NUMBER ARG... SP PC" (proc(5), /proc/pid/syscall). */
static guint64 find_stack_pointer(pid_t tid)
{
	smith_autofd int fd = open_entry(tid, "syscall");
	char text[256];
	ssize_t n = fd >= 0 ? read(fd, text, sizeof text - 1) : -1;
	if (n <= 0)
		return 0;
	text[n] = '\0';
	g_auto(GStrv) words = g_strsplit(g_strchomp(text), " ", -1);
	guint count = g_strv_length(words);
	return count >= 3 ? g_ascii_strtoull(words[count - 2], NULL, 16) : 0;
}

/* What is before the address that a call comes back to is that call. */
static bool follows_call(pid_t tid, guint64 address)
{
	guint8 code[8];
	if (address < sizeof code ||
	    smith_task_read(tid, address - sizeof code, code, sizeof code) != sizeof code)
		return false;
#if defined(__aarch64__)
	guint32 last;
	memcpy(&last, code + 4, sizeof last);
	return (last & 0xfc000000u) == 0x94000000u || (last & 0xfffffc1fu) == 0xd63f0000u;
#else
	if (code[3] == 0xe8)
		return true;
	/* an indirect one has two to seven bytes: FF, and 2 in the middle of the next */
	for (guint i = 1; i <= 6; i++)
		if (code[i] == 0xff && (code[i + 1] & 0x38) == 0x10)
			return true;
	return false;
#endif
}

static void add_file(GPtrArray *files, const Mapping *mapping)
{
	if (mapping == NULL || mapping->name == NULL)
		return;
	if (files->len > 0 && strcmp(files->pdata[files->len - 1], mapping->name) == 0)
		return;
	g_ptr_array_add(files, g_strdup(mapping->name));
}

char **smith_task_stack(pid_t tid, guint64 instruction)
{
	g_autoptr(GPtrArray) mappings = read_mappings(tid);
	g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func(g_free);
	guint64 pointer = find_stack_pointer(tid);
	g_autofree guint64 *words = g_new0(guint64, STACK_BYTES / sizeof(guint64));
	gssize n = pointer != 0 ? smith_task_read(tid, pointer, words, STACK_BYTES) : 0;
	add_file(files, find_code(mappings, instruction));
	for (gsize i = 0; n > 0 && i < (gsize)n / sizeof *words && files->len < STACK_FILES; i++) {
		const Mapping *mapping = find_code(mappings, words[i]);
		if (mapping != NULL && mapping->name != NULL && follows_call(tid, words[i]))
			add_file(files, mapping);
	}
	g_ptr_array_add(files, NULL);
	g_ptr_array_set_free_func(files, NULL);
	return (char **)g_ptr_array_steal(files, NULL);
}
