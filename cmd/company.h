/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "cmd/run-image.h"
#include "run/beside.h"

/*
 * What a service needs, running on one loopback network with it, for `smoke --with-needs`.
 *
 *   SmithCompany *company = smith_company_new (inv, target, error);
 *   if (smith_company_start (company))         in order, each when the one before is healthy
 *     ... the service itself, on smith_company_join (company, &target->options) ...
 *   smith_company_stop (company, told, data, error);     in reverse order
 *   smith_company_free (company);
 *
 * Freed without a stop, all of it is stopped.
 */
typedef struct SmithCompany SmithCompany;

/* All images are looked for before anything is started; SMITH_ERROR_NOT_FOUND says which is
 * missing. */
SmithCompany *smith_company_new(SmithInvocation *inv, const SmithRunTarget *target, GError **error);
void smith_company_free(SmithCompany *company);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SmithCompany, smith_company_free)

/* FALSE: the last one that was started is not well. */
bool smith_company_start(SmithCompany *company);
/* Puts a run on the network; @options borrows from @company. */
void smith_company_join(const SmithCompany *company, SmithRunOptions *options);
/* What became of each that was started goes to @told, in order. The error is that of the first that
 * could not be run. */
gboolean smith_company_stop(SmithCompany *company,
			    void (*told)(const SmithRunTarget *target, const SmithRunResult *result,
					 gpointer data),
			    gpointer data, GError **error);
