/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>
#include <linux/seccomp.h>

/*
 * A seccomp program (an array of struct sock_filter, as smith_profile_compile() makes it) that asks
 * before it refuses.
 *
 *   asking = smith_bpf_ask (program);            what it would refuse with an errno goes to a
 * listener, number = smith_bpf_errno (program, &data);   which finds the errno by the program
 * itself
 */
GBytes *smith_bpf_ask(GBytes *program);

/* 0: it does not refuse this call with an errno. */
int smith_bpf_errno(GBytes *program, const struct seccomp_data *data);
