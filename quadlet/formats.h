/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "quadlet/plan.h"
#include "quadlet/quadlet.h"

/*
 * The writers: a host's plan to its files, appended to @files (element-type SmithUnitFile*) as
 * "HOST/NAME". Each file begins with smith_quadlet_first_line() as a comment of its own kind
 * (quadlet/marker.h), so that `units` knows its own again.
 *
 * What a format or the host's podman cannot say is said in other words that mean the same, or is
 * SMITH_ERROR_UNSUPPORTED with the service, the setting and the version; it is never left out.
 */

/* .container, .pod, .network, .volume, .target for podman 5.0 and later; from 4.4 a pod is a .kube
 * unit with its YAML; before, plain services around `podman run`. */
gboolean smith_format_quadlet(const SmithHostPlan *plan, GPtrArray *files, GError **error);
/* Whether that writes @pod as a .kube unit: what kube has no words for is a plain pod also then. */
bool smith_plan_is_kube(const SmithHostPlan *plan, const SmithPodPlan *pod);

/* HOST/GROUP.yaml for `podman kube play`, and HOST/kustomization.yaml, which makes it Kubernetes'
 * with `kubectl apply -k`. docs/kube.md has what kube has no word for. */
gboolean smith_format_kube(const SmithHostPlan *plan, GPtrArray *files, GError **error);
/* One pod, with its ConfigMap, as documents of YAML without our first line, for a .kube unit of
 * podman 4.4 and later, whose keys say the networks and the user namespace; transfer full. */
char *smith_format_kube_pod(const SmithHostPlan *plan, const SmithPodPlan *pod, GError **error);

/* HOST/FLEET.sh with the commands up, down, status: idempotent, POSIX sh. */
gboolean smith_format_shell(const SmithHostPlan *plan, GPtrArray *files, GError **error);
