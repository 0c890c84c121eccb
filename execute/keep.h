/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/entry.h"
#include "base/event.h"

/*
 * Of what a step changed, what lies in the paths that it is to leave behind: those, what is below
 * them, and the directories above them. The rest is dropped, and a note says so; a path of which
 * nothing is there is SMITH_ERROR_NOT_FOUND at the end.
 */
typedef struct {
	const char *const *paths; /* below the root: "opt/venv" */
	SmithEvents *events;	  /* of the note; NULL: none */
	const char *what;	  /* "step 'model' of family 'x'" */
} SmithKeep;

/* A SmithExecutionFilter (execute/execute.h); @data is a SmithKeep*, which must outlive it. */
SmithEntryIter *smith_keep(SmithEntryIter *entries, gpointer data);
