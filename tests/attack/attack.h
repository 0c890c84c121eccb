/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

/* The attacks of attack.c; each is true, having told how (broke()), when it got through. */
bool broke(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* A variable that tells of the machine outside; it must be set. */
const char *host(const char *name);
bool same_file(const char *a, const char *b);

/* calls.c: system calls that a step has no use for */
bool attack_ptrace(void);
bool attack_namespaces(void);
bool attack_mounts(void);
bool attack_cgroup(void);
bool attack_mknod(void);
bool attack_handle(void);
bool attack_terminal(void);
bool attack_groups(void);
bool attack_capabilities(void);
bool attack_abstract_socket(void);
bool attack_network(void);
bool attack_kernel(void);
bool attack_other_architecture(void);
bool attack_signals(void);
bool attack_stub(void);

/* owner.c: where owners are recorded */
bool attack_deputy(void);
bool attack_devices_of_the_machine(void);
bool attack_own_descriptors(void);
bool attack_waiting(void);
bool attack_bad_memory(void);
bool attack_race(void);
bool attack_turning_descriptors(void);
bool attack_dying(void);
bool attack_interrupted(void);
bool attack_attributes(void);
bool attack_ids(void);
bool attack_none(void);
bool attack_undumpable(void);
bool attack_limits_of_the_first(void);
