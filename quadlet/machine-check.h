/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "quadlet/machine.h"
#include "quadlet/podman.h"

/* What the checks of machine.h share. */
typedef struct {
	const SmithHostPlan *plan;
	SmithDiag *diag;
	SmithReach reach; /* this machine */
	const char *root; /* "" for "/" */
	const char *user;
	char *runtime;	       /* the directory of sockets: /run/user/UID, or /run */
	SmithNode *info;       /* of podman; these are NULL when it cannot be asked */
	GPtrArray *containers; /* (element-type SmithPodmanContainer*) */
} SmithMachine;

/* @path below the root, transfer full. */
char *smith_machine_path(const SmithMachine *machine, const char *path);
/* At most 64 KiB of a file of the machine, or NULL. */
char *smith_machine_read(const SmithMachine *machine, const char *path);
bool smith_machine_exists(const SmithMachine *machine, const char *path);
/* The container of @plan that podman has, or NULL. */
const SmithPodmanContainer *smith_machine_container(const SmithMachine *machine,
						    const SmithContainerPlan *plan);

void smith_machine_check_user(const SmithMachine *machine);
void smith_machine_check_ports(const SmithMachine *machine);
void smith_machine_check_mounts(const SmithMachine *machine);
void smith_machine_check_devices(const SmithMachine *machine);
void smith_machine_check_networks(const SmithMachine *machine);
void smith_machine_check_storage(const SmithMachine *machine);
void smith_machine_check_owners(const SmithMachine *machine);
