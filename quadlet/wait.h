/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "quadlet/plan.h"

/* The words that wait, bounded, until what @container needs is there, as its own network sees it:
 * healthy as its health check says where that is wanted and can be asked over the network, else
 * accepting connections. To be run in an image that has oci-probe. NULL when there is nothing to
 * ask. Transfer full. */
char **smith_wait_words(const SmithHostPlan *plan, const SmithContainerPlan *container,
			const SmithPlanNeed *need);
