/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/links.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* Open addressing by device and inode; a forgotten row keeps its key, so that searches go on past
 * it. */
enum { ROWS = 1 << 16, ROWS_USED = ROWS / 4 * 3 };

struct SmithLinks {
	unsigned n_taken;
	unsigned n_used;
	SmithLink rows[ROWS];
};

/* Pages are taken when they are first written to. */
SmithLinks *smith_links_new(void)
{
	void *memory = mmap(NULL, sizeof(SmithLinks), PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	return memory == MAP_FAILED ? NULL : memory;
}

bool smith_links_empty(const SmithLinks *links)
{
	return links->n_used == 0;
}

bool smith_links_key(int fd, SmithLinkKey *key)
{
	struct statx stx;
	if (statx(fd, "", AT_EMPTY_PATH, STATX_INO | STATX_BTIME, &stx) < 0)
		return false;
	*key = (SmithLinkKey){.device = makedev(stx.stx_dev_major, stx.stx_dev_minor),
			      .inode = stx.stx_ino};
	if (stx.stx_mask & STATX_BTIME) {
		key->seconds = stx.stx_btime.tv_sec;
		key->nanoseconds = stx.stx_btime.tv_nsec;
	}
	return true;
}

static unsigned row_of(const SmithLinkKey *key)
{
	uint64_t hash = (key->inode + key->device * 31) * 0x9e3779b97f4a7c15U;
	return (unsigned)(hash >> 48) % ROWS;
}

static bool same_inode(const SmithLinkKey *a, const SmithLinkKey *b)
{
	return a->inode == b->inode && a->device == b->device;
}

/* The row of the inode, or the free one where it would be. */
static unsigned find_row(const SmithLinks *links, const SmithLinkKey *key)
{
	unsigned at = row_of(key);
	while (links->rows[at].key.inode != 0 && !same_inode(&links->rows[at].key, key))
		at = (at + 1) % ROWS;
	return at;
}

const SmithLink *smith_links_find(const SmithLinks *links, const SmithLinkKey *key)
{
	const SmithLink *link = &links->rows[find_row(links, key)];
	bool same = link->used && link->key.seconds == key->seconds &&
		    link->key.nanoseconds == key->nanoseconds;
	return same ? link : NULL;
}

bool smith_links_set(SmithLinks *links, const SmithLink *link)
{
	SmithLink *row = &links->rows[find_row(links, &link->key)];
	if (row->key.inode == 0) {
		if (links->n_taken == ROWS_USED)
			return false;
		links->n_taken++;
	}
	if (!row->used)
		links->n_used++;
	*row = *link;
	row->used = true;
	return true;
}

void smith_links_forget(SmithLinks *links, const SmithLinkKey *key)
{
	SmithLink *row = &links->rows[find_row(links, key)];
	if (!row->used)
		return;
	row->used = false;
	links->n_used--;
}

bool smith_links_write(const SmithLinks *links, int fd)
{
	char line[160];
	for (unsigned i = 0; i < ROWS; i++) {
		const SmithLink *link = &links->rows[i];
		int length;
		if (!link->used || link->upper.inode == 0)
			continue;
		length = snprintf(line, sizeof line, "%llu %lld %u %u %u %o %u %u\n",
				  (unsigned long long)link->upper.inode,
				  (long long)link->upper.seconds, link->upper.nanoseconds,
				  link->uid, link->gid, link->mode, link->major, link->minor);
		for (int done = 0; done < length;) {
			ssize_t n = write(fd, line + done, (size_t)(length - done));
			if (n <= 0)
				return false;
			done += (int)n;
		}
	}
	return true;
}
