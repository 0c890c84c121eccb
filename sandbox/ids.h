/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * The ids that a step's processes believe to have. The kernel's are root's for all of them; what
 * setuid(2) and its kin have made of them is the row of a table, and which row is kept in the
 * process's own soft RLIMIT_RTTIME, which is inherited by fork, vfork and exec as ids are and means
 * nothing to processes that are not scheduled in real time. Any other value is root.
 */
enum { SMITH_IDS_GROUPS = 64 };

typedef struct {
	uint32_t uid[4]; /* real, effective, saved, of file accesses */
	uint32_t gid[4];
	uint32_t n_groups;
	uint32_t groups[SMITH_IDS_GROUPS];
	uint64_t keeper; /* inode of the program that keeps its capabilities (PR_SET_KEEPCAPS) */
	bool capable;	 /* for the rules below: may do as root does, whatever its ids */
} SmithIds;

enum { SMITH_ID_REAL, SMITH_ID_EFFECTIVE, SMITH_ID_SAVED, SMITH_ID_FILE };

typedef struct SmithIdTable SmithIdTable;

/* NULL when there is no memory. */
SmithIdTable *smith_ids_new(void);
/* Borrowed. */
const SmithIds *smith_ids_of(const SmithIdTable *table, pid_t tid);
/* 0 or a negative errno: -EAGAIN when the table is full. */
int smith_ids_set(SmithIdTable *table, pid_t tid, const SmithIds *ids);
bool smith_ids_in_group(const SmithIds *ids, uint32_t gid);

/* The rules of the calls (credentials(7)), @which being uid or gid of @ids; (uint32_t)-1 leaves one
 * as it is. 0 or -EPERM. */
int smith_ids_setid(SmithIds *ids, bool group, uint32_t id);
int smith_ids_setre(SmithIds *ids, bool group, uint32_t real, uint32_t effective);
int smith_ids_setres(SmithIds *ids, bool group, const uint32_t wanted[3]);
/* The value before. */
uint32_t smith_ids_setfs(SmithIds *ids, bool group, uint32_t id);
