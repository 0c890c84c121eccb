/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>
#include <linux/seccomp.h>
#include <sys/types.h>

/* A call with its arguments, as a line for people: "socket(AF_PACKET, SOCK_RAW, 0)",
 * "openat(AT_FDCWD, "/etc/shadow", 0x0)". @name is the call's; the task waits in it. */
char *smith_decode_call(pid_t tid, const char *name, const struct seccomp_data *data);

/* The name of a family of sockets ("AF_INET"), or its number. */
char *smith_decode_family(guint64 family);
