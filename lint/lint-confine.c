/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/error.h"
#include "fleet/profile.h"
#include "lint/checks.h"
#include "lint/rule.h"

/* What of a service's confinement is not as it is by default, as `loosen` calls it. */
typedef struct {
	const char *key;
	char *detail; /* NULL: it is */
} Loosened;

#define LOOSENED 6

static void find_loosened(const SmithService *service, Loosened loosened[LOOSENED])
{
	bool is_ours = service->image == NULL;
	bool is_unconfined = g_strcmp0(service->seccomp, SMITH_PROFILE_UNCONFINED) == 0;
	g_autofree char *capabilities = g_strjoinv(", ", service->capabilities);
	loosened[0] = (Loosened){"capabilities",
				 *capabilities != '\0' ? g_steal_pointer(&capabilities) : NULL};
	loosened[1] =
		(Loosened){"new_privileges", service->new_privileges ? g_strdup("true") : NULL};
	loosened[2] = (Loosened){"pids", service->limits != NULL && service->limits->pids < 0
						 ? g_strdup("unlimited")
						 : NULL};
	loosened[3] =
		(Loosened){"read_only", is_ours && !service->read_only ? g_strdup("false") : NULL};
	loosened[4] = (Loosened){"seccomp", is_unconfined ? g_strdup(service->seccomp) : NULL};
	loosened[5] =
		(Loosened){"user", smith_service_is_root(service) ? g_strdup(service->user) : NULL};
}

static void lint_loosened(const SmithService *service, const Loosened *loosened, SmithDiag *diag)
{
	const char *reason = smith_service_reason(service, loosened->key);
	bool is_limit = strcmp(loosened->key, "pids") == 0;
	SmithPlace place =
		loosened->detail == NULL
			? smith_service_place(service, "loosen", loosened->key)
			: smith_service_place(service, is_limit ? "limits" : loosened->key,
					      is_limit ? loosened->key : NULL);
	if (loosened->detail != NULL && reason != NULL)
		smith_lint_report(diag, "confinement-loosened", place, service->name,
				  "service '%s' has %s: %s, for the reason: %s", service->name,
				  loosened->key, loosened->detail, reason);
	else if (loosened->detail != NULL && strcmp(loosened->key, "user") != 0)
		smith_lint_report(diag, "loosened-without-reason", place, service->name,
				  "service '%s' has %s: %s, and no reason for it in 'loosen'",
				  service->name, loosened->key, loosened->detail);
	else if (loosened->detail == NULL && reason != NULL)
		smith_lint_report(diag, "loosen-unused", place, service->name,
				  "service '%s' has a reason to loosen %s, which is as it is by "
				  "default",
				  service->name, loosened->key);
}

static void lint_service(const SmithService *service, SmithDiag *diag)
{
	Loosened loosened[LOOSENED];
	find_loosened(service, loosened);
	for (guint i = 0; i < LOOSENED; i++) {
		lint_loosened(service, &loosened[i], diag);
		g_free(loosened[i].detail);
	}
}

void smith_lint_confinement(const SmithFleet *fleet, SmithDiag *diag)
{
	for (guint i = 0; i < fleet->services->len; i++)
		lint_service(fleet->services->pdata[i], diag);
}
