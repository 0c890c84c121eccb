/* SPDX-License-Identifier: Apache-2.0 */
/*
 * execute-debs FLEET STORE MODE: makes the layers of .debs of the fleet's families, as its lock has
 * them and as `build` makes them, but with the sandbox in MODE: one, many or root. Prints family,
 * diff ID, digest and microseconds of each, a line. The base must not be made of packages.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fleet/base-image.h"
#include "fleet/family-root.h"
#include "fleet/load.h"

static void check(const GError *error)
{
	if (error == NULL)
		return;
	fprintf(stderr, "execute-debs: %s\n", error->message);
	exit(1);
}

static SmithSandboxMode parse_mode(const char *name)
{
	if (strcmp(name, "many") == 0)
		return SMITH_SANDBOX_MANY_UIDS;
	return strcmp(name, "root") == 0 ? SMITH_SANDBOX_ROOT : SMITH_SANDBOX_ONE_UID;
}

static void make(const SmithFamilyContext *context, const char *family)
{
	g_autoptr(GError) error = NULL;
	gint64 before = g_get_monotonic_time();
	g_autoptr(SmithLayer) layer = smith_family_apt_layer(context, family, &error);
	check(error);
	printf("%s %s %s %" G_GINT64_FORMAT "\n", family, layer->diff_id, layer->digest,
	       g_get_monotonic_time() - before);
}

int main(int argc, char **argv)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(SmithDiag) diag = smith_diag_new();
	if (argc != 4)
		return 2;
	g_autoptr(SmithFleet) fleet = smith_fleet_load(argv[1], diag, &error);
	check(error);
	g_autoptr(SmithLock) lock = smith_lock_load(fleet, &error);
	check(error);
	g_autoptr(SmithStore) store = smith_store_open(argv[2], &error);
	check(error);
	for (guint i = 0; i < lock->bases->len; i++) {
		smith_base_import(fleet, store, lock->bases->pdata[i], lock->platform, &error);
		check(error);
	}
	SmithCompression compression;
	smith_compression_from_name(fleet->compression, &compression, &error);
	check(error);
	SmithFamilyContext context = {
		.fleet = fleet,
		.lock = lock,
		.execution = {.store = store,
			      .mode = parse_mode(argv[3]),
			      .compression = compression,
			      .epoch = lock->epoch,
			      .workers = 1},
	};
	for (guint i = 0; i < lock->families->len; i++) {
		const SmithLockSet *set = lock->families->pdata[i];
		if (set->debs != NULL && *set->debs != NULL)
			make(&context, set->name);
	}
	return 0;
}
