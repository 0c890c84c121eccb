/* SPDX-License-Identifier: Apache-2.0 */
#include "lint/rules.h"

/* Rules: ports and health. */
const SmithRule smith_rules_port[] = {
	{"health-kind", SMITH_SEVERITY_WARNING,
	 "the health check speaks another protocol than its port answers", ""},
	{"health-path", SMITH_SEVERITY_ERROR, "the path of an http health check is none", ""},
	{"health-port-missing", SMITH_SEVERITY_WARNING,
	 "an agent does not say its health_check_port", ""},
	{"health-port-rule", SMITH_SEVERITY_WARNING,
	 "the health port is not the port plus 1000, as all others have it", ""},
	{"health-port-unbound", SMITH_SEVERITY_ERROR,
	 "the health check asks a port that the service does not have", ""},
	{"offset-on-shared-service", SMITH_SEVERITY_WARNING,
	 "PORT_OFFSET is added to the port of a service that is not the fleet's own", ""},
	{"port-duplicate", SMITH_SEVERITY_ERROR,
	 "two services bind one port in one network namespace, or publish one on one host", ""},
	{"port-duplicate-within-agent", SMITH_SEVERITY_WARNING,
	 "one service says one number for two ports", ""},
	{"port-equals-health-port", SMITH_SEVERITY_ERROR,
	 "the port and the health port are one number", ""},
	{"port-hardcoded-no-offset", SMITH_SEVERITY_WARNING,
	 "a literal port is bound where all others move with PORT_OFFSET", ""},
	{"port-invalid", SMITH_SEVERITY_ERROR, "a port is neither a number nor a sum of numbers",
	 ""},
	{"port-out-of-range", SMITH_SEVERITY_ERROR, "a port is not from 1 to 65535", ""},
	{"port-outside-declared-range", SMITH_SEVERITY_WARNING,
	 "a port is outside of the ranges that the file declares", ""},
	{"port-quoted-integer", SMITH_SEVERITY_WARNING, "a port is a number in quotes", ""},
	{"port-variable-undefined", SMITH_SEVERITY_ERROR,
	 "a port is made of a variable that is defined nowhere and has no default", ""},
	{0},
};
