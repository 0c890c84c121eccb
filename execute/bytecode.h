/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

#include "base/entry.h"
#include "execute/execute.h"

/*
 * Bytecode: the .pyc files of many sources at once, by the interpreter of an image, in one step of
 * the sandbox without network or owners.
 *
 *   SmithBytecode *bytecode = smith_bytecode_new (store, "3.11", error);
 *   unit = smith_bytecode_add_unit (bytecode, "wheel fastapi 0.92.0");
 *   smith_bytecode_add (bytecode, unit, "opt/venv/.../main.py", content, error) ... for each file
 *   smith_bytecode_compile (bytecode, &execution, root, "/usr/bin/python3.11", error);
 *   pycs = smith_bytecode_take (bytecode, unit);   path of a source -> SmithContent of its .pyc
 *
 * A .pyc is a function of the source, its path and the root's interpreter: each file is compiled by
 * a process that has compiled none before, or that is in the very state in which it began
 * (execute/compile.py), with a fixed hash seed; so the number of workers, and which files are
 * compiled together and in what order, do not matter. They are those that `python3 -m compileall
 * --invalidation-mode unchecked-hash` writes.
 *
 * A source that cannot be compiled has none, and a warning says so. Sources are copied; what they
 * become is kept in files of the store that have no name once this is compiled.
 */
typedef struct SmithBytecode SmithBytecode;

/* @python: its version, "3.11". */
SmithBytecode *smith_bytecode_new(const SmithStore *store, const char *python, GError **error);
void smith_bytecode_free(SmithBytecode *bytecode);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SmithBytecode, smith_bytecode_free)

/* @name is for warnings. */
guint smith_bytecode_add_unit(SmithBytecode *bytecode, const char *name);
/* @path is below the root. */
gboolean smith_bytecode_add(SmithBytecode *bytecode, guint unit, const char *path,
			    SmithContent *content, GError **error);
/* @interpreter: its path in the root. */
gboolean smith_bytecode_compile(SmithBytecode *bytecode, const SmithExecution *execution,
				const SmithRoot *root, const char *interpreter, GError **error);
/* Transfer full. */
GHashTable *smith_bytecode_take(SmithBytecode *bytecode, guint unit);

/* "sha256:HEX" of the program that compiles, for keys; transfer full. */
char *smith_bytecode_compiler(void);
