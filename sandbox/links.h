/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "sandbox/record.h"

/*
 * Owners of files that cannot carry a record: links, FIFOs, sockets, and all files of file systems
 * without user attributes. A table by device, inode and birth time, of bounded size; a file that is
 * gone leaves its row behind until its inode is made anew (smith_links_forget()).
 */
typedef struct SmithLinks SmithLinks;

typedef struct {
	uint64_t device;
	uint64_t inode;
	int64_t seconds; /* of birth */
	uint32_t nanoseconds;
} SmithLinkKey;

typedef struct {
	SmithLinkKey key;
	SmithLinkKey upper; /* the same file in the overlay's upper directory; inode 0: none */
	uint32_t uid;
	uint32_t gid;
	uint32_t mode;
	uint32_t major;
	uint32_t minor;
	bool used;
} SmithLink;

/* NULL when there is no memory. */
SmithLinks *smith_links_new(void);
bool smith_links_empty(const SmithLinks *links);
/* @fd may be one of O_PATH. */
bool smith_links_key(int fd, SmithLinkKey *key);
const SmithLink *smith_links_find(const SmithLinks *links, const SmithLinkKey *key);
/* False when the table is full. */
bool smith_links_set(SmithLinks *links, const SmithLink *link);
/* Of a file that has just been made: what is known of its inode was another's. */
void smith_links_forget(SmithLinks *links, const SmithLinkKey *key);
/* A line each, as smith_supervisor_write_links() says. */
bool smith_links_write(const SmithLinks *links, int fd);
