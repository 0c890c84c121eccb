/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <sys/stat.h>

#include "sandbox/ids.h"
#include "sandbox/links.h"
#include "sandbox/record.h"

/*
 * The owner of a file as a step sees it: its record if it has one, in its attribute or in the
 * table, else what stat(2) says, with owner 0:0.
 *
 * The changes are those that the kernel makes (chown(2), chmod(2), inode(7)), as functions of a
 * record; smith_owner_store() writes it down.
 */
typedef struct {
	SmithLinks *links;
	int upper;	 /* directory of the overlay, or -1 */
	uint64_t device; /* of the root, whose files count when there is no overlay */
} SmithOwners;

typedef struct {
	struct stat st; /* of the file as it is */
	SmithRecord record;
	bool recorded;
	unsigned char data[SMITH_RECORD_MAX]; /* what @record borrows from */
} SmithOwner;

/* 0 or a negative errno; @fd may be one of O_PATH, and the record's attributes live in @owner. */
int smith_owner_load(const SmithOwners *owners, int fd, SmithOwner *owner);
/* Whether stat(2) says it all. */
bool smith_owner_is_plain(const SmithOwner *owner);
/* The file as the step sees it. */
void smith_owner_stat(const SmithOwner *owner, struct stat *st);
/* Makes @record the file's, unless it is already; nothing else of the file changes. */
int smith_owner_store(const SmithOwners *owners, int fd, const SmithOwner *owner,
		      const SmithRecord *record);

/* What root's or another's call makes of the record: 0 or -EPERM. (uint32_t)-1 leaves an id. */
int smith_owner_chown(SmithRecord *record, const SmithIds *ids, uint32_t uid, uint32_t gid);
int smith_owner_chmod(SmithRecord *record, const SmithIds *ids, uint32_t mode);
/* The bits that the file itself may have: no setuid or setgid program that others of the machine
 * could run, and readable by us. */
uint32_t smith_owner_real_mode(uint32_t mode);

const SmithRecordXattr *smith_owner_find_xattr(const SmithRecord *record, const char *name);
void smith_owner_drop_xattr(SmithRecord *record, const char *name);
/* Borrows @xattr's strings; false when there are too many. */
bool smith_owner_put_xattr(SmithRecord *record, const SmithRecordXattr *xattr);
