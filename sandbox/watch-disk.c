/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sandbox/watch.h"

#define BLOCK 512 /* of st_blocks */
#define MAX_FILES 16384
#define MAX_DEPTH 256

static DIR *open_list(int dirfd, const char *name)
{
	int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	DIR *list = fd >= 0 ? fdopendir(fd) : NULL;

	if (fd >= 0 && list == NULL)
		close(fd);
	return list;
}

/* Once for all of its names. */
static uint64_t size_of(const struct stat *info)
{
	uint64_t bytes = (uint64_t)info->st_blocks * BLOCK;

	return S_ISDIR(info->st_mode) || info->st_nlink < 2 ? bytes
							    : bytes / (uint64_t)info->st_nlink;
}

static uint64_t add(uint64_t a, uint64_t b)
{
	return a + b < a ? UINT64_MAX : a + b;
}

/* The step goes on while it is read: what is gone is passed over. What is deeper than any tree of
 * files that people make is there to hide something. */
static uint64_t count(int parent, const char *name, uint64_t device, uint64_t enough,
		      unsigned depth)
{
	DIR *list = depth < MAX_DEPTH ? open_list(parent, name) : NULL;
	const struct dirent *entry;
	uint64_t all = depth < MAX_DEPTH ? 0 : UINT64_MAX;

	while (list != NULL && all <= enough && (entry = readdir(list)) != NULL) {
		struct stat info;

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
		    fstatat(dirfd(list), entry->d_name, &info, AT_SYMLINK_NOFOLLOW) != 0 ||
		    info.st_dev != device)
			continue;
		all = add(all, size_of(&info));
		if (S_ISDIR(info.st_mode) && all <= enough)
			all = add(all, count(dirfd(list), entry->d_name, device, enough - all,
					     depth + 1));
	}
	if (list != NULL)
		(void)closedir(list);
	return all;
}

uint64_t smith_watch_tree(int fd, uint64_t enough)
{
	struct stat info;

	return fstat(fd, &info) == 0 ? count(fd, ".", info.st_dev, enough, 0) : 0;
}

typedef struct {
	uint64_t device;
	uint64_t inode;
	uint64_t bytes;
	bool in_memory;
} File;

typedef struct {
	File files[MAX_FILES];
	unsigned n;
} Files;

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text);

	return length >= strlen(end) && strcmp(text + length - strlen(end), end) == 0;
}

/* Of a file that has no name any more, or never had one. */
static void take_file(Files *files, int list, const char *name)
{
	File *file = &files->files[files->n];
	char target[4096];
	ssize_t length = readlinkat(list, name, target, sizeof target - 1);
	struct stat info;

	if (length <= 0)
		return;
	target[length] = '\0';
	if (!ends_with(target, " (deleted)") || fstatat(list, name, &info, 0) != 0 ||
	    !S_ISREG(info.st_mode) || info.st_nlink > 0)
		return;
	file->device = info.st_dev;
	file->inode = info.st_ino;
	file->bytes = (uint64_t)info.st_blocks * BLOCK;
	file->in_memory = strncmp(target, "/memfd:", strlen("/memfd:")) == 0;
	files->n++;
}

static void take_files(Files *files, int proc, const char *pid)
{
	char path[300];
	const struct dirent *entry;
	DIR *list;

	(void)snprintf(path, sizeof path, "%s/fd", pid);
	list = open_list(proc, path);
	while (list != NULL && files->n < MAX_FILES && (entry = readdir(list)) != NULL)
		if (isdigit((unsigned char)entry->d_name[0]))
			take_file(files, dirfd(list), entry->d_name);
	if (list != NULL)
		(void)closedir(list);
}

static int compare(const void *a, const void *b)
{
	const File *x = a;
	const File *y = b;

	if (x->device != y->device)
		return x->device < y->device ? -1 : 1;
	if (x->inode != y->inode)
		return x->inode < y->inode ? -1 : 1;
	return 0;
}

void smith_watch_files(int proc, uint64_t *memory, uint64_t *disk)
{
	static Files files;
	DIR *list = open_list(proc, ".");
	const struct dirent *entry;

	files.n = 0;
	*memory = *disk = 0;
	while (list != NULL && files.n < MAX_FILES && (entry = readdir(list)) != NULL)
		if (isdigit((unsigned char)entry->d_name[0]) && strcmp(entry->d_name, "1") != 0)
			take_files(&files, proc, entry->d_name);
	if (list != NULL)
		(void)closedir(list);
	/* many may have the same open */
	qsort(files.files, files.n, sizeof *files.files, compare);
	for (unsigned i = 0; i < files.n; i++)
		if (i == 0 || compare(&files.files[i - 1], &files.files[i]) != 0)
			*(files.files[i].in_memory ? memory : disk) += files.files[i].bytes;
}
