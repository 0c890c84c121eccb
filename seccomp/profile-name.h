/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/*
 * Names of seccomp profiles. Several of them joined by "+" are a name too, "audio+gpu": of a
 * profile that includes them all and says nothing itself, which nobody has to write.
 *
 *   name = smith_profile_name_join ((const char *const []) {"gpu", "audio", NULL});   "audio+gpu"
 *   smith_profile_load (dirfd, name, error);
 */
#define SMITH_PROFILE_JOIN '+'

/* Sorted, each once, so that the same profiles have one name; those that are joined already are
 * taken apart. Transfer full. */
char *smith_profile_name_join(const char *const *names);
/* Those that @name joins, or itself alone; sorted, each once. Transfer full. */
char **smith_profile_name_split(const char *name);
bool smith_profile_name_is_joined(const char *name);
/* The path of its file, "seccomp/audio+gpu.json"; of very many that are joined a digest instead.
 * Transfer full. */
char *smith_profile_name_file(const char *name);
