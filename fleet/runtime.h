/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "fleet/model.h"

/*
 * How a service runs inside its image: one answer for image configs and for units.
 */
#define SMITH_APP_PATH "app" /* below the root of an image */
#define SMITH_APP_DIRECTORY "/" SMITH_APP_PATH
#define SMITH_UID 10001
#define SMITH_GID 10001
#define SMITH_USER "appuser"

/* "/opt/venv/bin/python3" */
char *smith_runtime_python(const SmithFleet *fleet);

/* The command behind the init: NULL-terminated, transfer full. Numbers of ports are those that hold
 * in @group on @host, or without an offset when both are NULL. */
char **smith_runtime_command(const SmithFleet *fleet, const SmithService *service,
			     const SmithGroup *group, const SmithHost *host);

/* The health check as an argument vector that needs only the image's own interpreter, exit status 0
 * when healthy; NULL when the service has none. The port is that of smith_runtime_command(). */
char **smith_runtime_health(const SmithFleet *fleet, const SmithService *service,
			    const SmithGroup *group, const SmithHost *host);

/* The number of the port that its health check asks on, or 0; as above. */
gint64 smith_runtime_health_port(const SmithService *service, const SmithGroup *group,
				 const SmithHost *host);

/* The port that clients use: the one named "service", else the first; NULL when it has none. */
const SmithPort *smith_runtime_port(const SmithService *service);
