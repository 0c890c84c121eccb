/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/ids.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

/* Far above what a process that is scheduled in real time would be given: it must not die of it. */
#define FIRST_ROW (UINT64_C(1) << 44)
enum { ROWS = 1024 };

struct SmithIdTable {
	unsigned n_rows; /* the first is root */
	SmithIds rows[ROWS];
};

SmithIdTable *smith_ids_new(void)
{
	SmithIdTable *table;
	void *memory = mmap(NULL, sizeof(SmithIdTable), PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		return NULL;
	table = memory;
	table->n_rows = 1;
	return table;
}

const SmithIds *smith_ids_of(const SmithIdTable *table, pid_t tid)
{
	struct rlimit limit;
	if (table->n_rows == 1 || prlimit(tid, RLIMIT_RTTIME, NULL, &limit) < 0 ||
	    limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur < FIRST_ROW ||
	    limit.rlim_cur - FIRST_ROW >= table->n_rows)
		return &table->rows[0];
	return &table->rows[limit.rlim_cur - FIRST_ROW];
}

/* The row of @ids, or ROWS when there is none left. */
static unsigned intern(SmithIdTable *table, const SmithIds *ids)
{
	for (unsigned i = 0; i < table->n_rows; i++)
		if (memcmp(&table->rows[i], ids, sizeof *ids) == 0)
			return i;
	if (table->n_rows == ROWS)
		return ROWS;
	table->rows[table->n_rows] = *ids;
	return table->n_rows++;
}

int smith_ids_set(SmithIdTable *table, pid_t tid, const SmithIds *ids)
{
	struct rlimit limit;
	unsigned row = intern(table, ids);
	if (row == ROWS || prlimit(tid, RLIMIT_RTTIME, NULL, &limit) < 0)
		return -EAGAIN;
	limit.rlim_cur = FIRST_ROW + row;
	if (limit.rlim_cur > limit.rlim_max || prlimit(tid, RLIMIT_RTTIME, &limit, NULL) < 0)
		return -EAGAIN;
	return 0;
}

bool smith_ids_in_group(const SmithIds *ids, uint32_t gid)
{
	if (ids->gid[SMITH_ID_FILE] == gid)
		return true;
	for (uint32_t i = 0; i < ids->n_groups; i++)
		if (ids->groups[i] == gid)
			return true;
	return false;
}

static bool is_privileged(const SmithIds *ids)
{
	return ids->capable || ids->uid[SMITH_ID_EFFECTIVE] == 0;
}

static bool is_any(const uint32_t *id, unsigned count, uint32_t wanted)
{
	for (unsigned i = 0; i < count; i++)
		if (id[i] == wanted)
			return true;
	return wanted == UINT32_MAX;
}

int smith_ids_setid(SmithIds *ids, bool group, uint32_t id)
{
	uint32_t *mine = group ? ids->gid : ids->uid;
	if (id == UINT32_MAX)
		return -EINVAL;
	if (is_privileged(ids))
		mine[SMITH_ID_REAL] = mine[SMITH_ID_SAVED] = id;
	else if (id != mine[SMITH_ID_REAL] && id != mine[SMITH_ID_SAVED])
		return -EPERM;
	mine[SMITH_ID_EFFECTIVE] = mine[SMITH_ID_FILE] = id;
	return 0;
}

int smith_ids_setre(SmithIds *ids, bool group, uint32_t real, uint32_t effective)
{
	uint32_t *mine = group ? ids->gid : ids->uid;
	uint32_t old = mine[SMITH_ID_REAL];
	if (!is_privileged(ids) && (!is_any(mine, 2, real) || !is_any(mine, 3, effective)))
		return -EPERM;
	if (real != UINT32_MAX)
		mine[SMITH_ID_REAL] = real;
	if (effective != UINT32_MAX)
		mine[SMITH_ID_EFFECTIVE] = effective;
	if (real != UINT32_MAX || (effective != UINT32_MAX && effective != old))
		mine[SMITH_ID_SAVED] = mine[SMITH_ID_EFFECTIVE];
	mine[SMITH_ID_FILE] = mine[SMITH_ID_EFFECTIVE];
	return 0;
}

int smith_ids_setres(SmithIds *ids, bool group, const uint32_t wanted[3])
{
	uint32_t *mine = group ? ids->gid : ids->uid;
	if (!is_privileged(ids))
		for (unsigned i = 0; i < 3; i++)
			if (!is_any(mine, 3, wanted[i]))
				return -EPERM;
	for (unsigned i = 0; i < 3; i++)
		if (wanted[i] != UINT32_MAX)
			mine[i] = wanted[i];
	mine[SMITH_ID_FILE] = mine[SMITH_ID_EFFECTIVE];
	return 0;
}

uint32_t smith_ids_setfs(SmithIds *ids, bool group, uint32_t id)
{
	uint32_t *mine = group ? ids->gid : ids->uid;
	uint32_t old = mine[SMITH_ID_FILE];
	if (id != UINT32_MAX && (is_privileged(ids) || is_any(mine, 4, id)))
		mine[SMITH_ID_FILE] = id;
	return old;
}
