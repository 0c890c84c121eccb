/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "fleet/environment.h"
#include "quadlet/unit.h"

/*
 * What the writers of unit files share: one host of a fleet, and the files made for it.
 *
 * Networks and volumes get their files when the first unit refers to them, so that a host has those
 * that it uses. Keys that are younger than SmithEmit.podman are said in other words.
 */
typedef struct {
	const SmithFleet *fleet;
	const SmithHost *host;
	int podman; /* 504 for 5.4 */
	SmithEnvironment *environment;
	GHashTable *groups;	 /* name of a host -> its groups */
	GHashTable *supervisors; /* SmithGroup* -> SmithService* */
	GHashTable *resources;	 /* names of files of networks and volumes on this host */
	GPtrArray *files;	 /* (element-type SmithUnitFile*) */
	SmithDiag *diag;
} SmithEmit;

/* A unit with our first line and "[Unit]", owned by the caller. */
SmithUnit *smith_emit_begin(const SmithEmit *emit, const char *what, const char *name);
/* HOST/NAME SUFFIX, with the text of @unit. */
void smith_emit_file(SmithEmit *emit, const char *name, const char *suffix, const SmithUnit *unit);

/* The invoking user becomes 10001 inside, so that files of volumes are the user's own. */
void smith_emit_userns(const SmithEmit *emit, SmithUnit *unit);
/* Network= of @group, and the file of that network. */
void smith_emit_network(SmithEmit *emit, SmithUnit *unit, const SmithGroup *group);
/* PublishPort= for those ports of @service that are published. */
void smith_emit_ports(const SmithEmit *emit, SmithUnit *unit, const SmithService *service);
/* An option of podman that has no key. */
void smith_emit_podman_args(SmithUnit *unit, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* "512m" of 536870912. */
char *smith_emit_size(gint64 bytes);

/* The volume NAME.volume, and its file. */
void smith_emit_volume(SmithEmit *emit, const char *name, const char *what, const char *of);
