/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "cmd/command.h"
#include "fleet/lock.h"
#include "sandbox/sandbox.h"
#include "store/store.h"

/*
 * What commands need, made ready before they run: the one place where SmithNeeds are acted on.
 *
 * The fleet is `fleet.yaml` in the current directory (-C DIR has changed to it) or its nearest
 * parent. The store is --store, else $OCISMITH_STORE, else ocismith in the user's data directory
 * ($XDG_DATA_HOME, ~/.local/share).
 */
struct SmithPrepared {
	char *store_path; /* always set */
	SmithDiag *diag;  /* with any need of a fleet; findings of loading and linting it */
	SmithFleet *fleet;
	SmithLock *lock; /* current: it matches the fleet */
	SmithStore *store;
};

/* Fills in inv->prepared, which main() frees with smith_prepared_free(), also after a failure. */
gboolean smith_prepare(SmithInvocation *inv, GError **error);
/* Finds, loads and lints the fleet, for `check`: its errors are no failure. FALSE without
 * prepared->diag when there is none, with it when fleet.yaml cannot be read. */
gboolean smith_prepare_fleet(SmithPrepared *prepared, GError **error);
/* Takes from prepared->diag what the fleet allows; of entries that match nothing only `check`
 * knows. */
gboolean smith_prepare_allow(const SmithPrepared *prepared, GError **error);
/* What --users says; SMITH_ERROR_UNSUPPORTED when root's ids are not ours to use. */
gboolean smith_prepare_users(const SmithInvocation *inv, SmithSandboxMode *users, GError **error);
void smith_prepared_free(SmithPrepared *prepared);
