/* SPDX-License-Identifier: Apache-2.0 */
#include "lint/rules.h"

/* Rules: dependencies and groups. */
const SmithRule smith_rules_need[] = {
	{"agent-in-no-group", SMITH_SEVERITY_WARNING,
	 "a service is in no group, so that nothing starts it", ""},
	{"agent-in-several-groups", SMITH_SEVERITY_ERROR,
	 "a service is in more than one group of a host", ""},
	{"dependency-cross-host", SMITH_SEVERITY_WARNING,
	 "what is needed runs on another host only: it is an address, no order", ""},
	{"dependency-cycle", SMITH_SEVERITY_ERROR,
	 "services need each other in a circle: none can be the first", ""},
	{"dependency-disabled", SMITH_SEVERITY_WARNING,
	 "what is needed is switched off by its 'when'", ""},
	{"dependency-duplicate", SMITH_SEVERITY_WARNING, "a dependency is listed twice", ""},
	{"dependency-self", SMITH_SEVERITY_ERROR, "a service needs itself", ""},
	{"dependency-undefined", SMITH_SEVERITY_ERROR, "what is needed does not exist", ""},
	{"group-cycle", SMITH_SEVERITY_WARNING, "groups need each other both ways", ""},
	{"group-duplicate-entry", SMITH_SEVERITY_WARNING, "a group lists a service twice", ""},
	{"group-empty", SMITH_SEVERITY_WARNING, "a group has no services", ""},
	{"group-unknown-agent", SMITH_SEVERITY_ERROR, "a group lists what is no service", ""},
	{"required-depends-on-optional", SMITH_SEVERITY_WARNING,
	 "a required service needs one that is not required", ""},
	{"service-unreachable", SMITH_SEVERITY_ERROR,
	 "a value names a service that cannot be reached from there", ""},
	{0},
};
