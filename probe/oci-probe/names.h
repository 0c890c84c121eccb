/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* The first address of @name in the text of a file like /etc/hosts, of at most @size bytes with its
 * end; false: it is not there. */
bool names_find(const char *text, size_t length, const char *name, char *address, size_t size);
/* The same in /etc/hosts, where an engine writes the names of the machine and of the pod. */
bool names_look_up(const char *name, char *address, size_t size);
