/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/entry.h"
#include "store/store.h"

/*
 * What the files of source trees were when they were last read: identity (device, inode, size,
 * times) to digest, so that a file that has not changed is not read again, as git's index does it.
 *
 *   SmithInputs *inputs = smith_inputs_load (store);
 *   digest = smith_inputs_find (inputs, &content->identity);
 *   ... smith_inputs_add (inputs, &content->identity, digest);
 *   smith_inputs_save (inputs, &error);
 *
 * What was said of a file that had changed less than two seconds before the list was written holds
 * in the process that read it alone: another change may have left its times as they were. Kept in
 * cache/inputs of the store; one that cannot be read counts as empty, and of two processes that
 * write, the last one's stays. Not for use by several threads at once.
 */
typedef struct SmithInputs SmithInputs;

SmithInputs *smith_inputs_load(const SmithStore *store);
void smith_inputs_free(SmithInputs *inputs);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SmithInputs, smith_inputs_free)

/* "sha256:HEX" (borrowed), or NULL when it is not known. */
const char *smith_inputs_find(const SmithInputs *inputs, const SmithIdentity *identity);
void smith_inputs_add(SmithInputs *inputs, const SmithIdentity *identity, const char *digest);

/* Writes nothing when nothing was added. */
gboolean smith_inputs_save(SmithInputs *inputs, GError **error);
