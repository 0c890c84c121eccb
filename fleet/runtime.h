/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "fleet/model.h"
#include "probe/probe.h"

/*
 * How a service runs inside its image: one answer for image configs and for units.
 */
#define SMITH_APP_PATH "app" /* below the root of an image */
#define SMITH_APP_DIRECTORY "/" SMITH_APP_PATH
#define SMITH_UID 10001
#define SMITH_GID 10001
#define SMITH_USER "appuser"
#define SMITH_PROBE_COMMAND "/" SMITH_PROBE_PATH

/* "/opt/venv/bin/python3" */
char *smith_runtime_python(const SmithFleet *fleet);

/* The command behind the init: NULL-terminated, transfer full. Numbers of ports are those that hold
 * in @group on @host, or without an offset when both are NULL. */
char **smith_runtime_command(const SmithFleet *fleet, const SmithService *service,
			     const SmithGroup *group, const SmithHost *host);

/* The health check as an argument vector for a container: oci-probe and its words, or the service's
 * own command; exit status 0 when healthy. NULL when the service has none. The port is that of
 * smith_runtime_command(). */
char **smith_runtime_health(const SmithService *service, const SmithGroup *group,
			    const SmithHost *host);

/* One health check of several that oci-probe makes at once: its words behind "-t MILLISECONDS",
 * appended to @argv (element-type char*). */
void smith_runtime_add_check(GPtrArray *argv, const SmithService *service, const SmithGroup *group,
			     const SmithHost *host);
/* "-t" and as long as a check may take, in milliseconds. */
void smith_runtime_add_timeout(GPtrArray *argv, const SmithHealth *health);

/* The number of the port that its health check asks on, or 0; as above. */
gint64 smith_runtime_health_port(const SmithService *service, const SmithGroup *group,
				 const SmithHost *host);

/* The port that clients use: the one named "service", else the first; NULL when it has none. */
const SmithPort *smith_runtime_port(const SmithService *service);
