/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/error.h"
#include "quadlet/format.h"

#define SECTION "Container"
#define VARIABLE "OCISMITH_DEVICES"

/* The driver's version: of the module, or where that is another system's (WSL), as its own tool
 * says; and whether it is at least another one. */
#define DRIVER_SCRIPT                                                                              \
	"v=$(sed -n 's/^NVRM version:.*  \\([0-9][0-9]*\\.[0-9.]*\\).*/\\1/p' "                    \
	"/proc/driver/nvidia/version 2>/dev/null); "                                               \
	"[ -n \"$v\" ] || v=$(nvidia-smi --query-gpu=driver_version --format=csv,noheader "        \
	"2>/dev/null | sed -n 1p); "                                                               \
	"will_do() { [ \"$(printf '%s\\n' \"$1\" \"${v:-0}\" | sort -V | sed -n 1p)\" = \"$1\" "   \
	"]; }; "

/* The arguments are the service, the version, and what to do. */
#define REQUIRED_SCRIPT                                                                            \
	DRIVER_SCRIPT                                                                              \
	"will_do \"$1\" || { echo \"$0 needs the NVIDIA driver $1, and there is ${v:-none}\" "     \
	">&2; exit 1; }"

/* The arguments are a file, the driver's version or 0, and pairs of "gpu" or "any" with a device.
 * What is a path must be there, what is a CDI name must have a specification. */
#define OPTIONAL_SCRIPT                                                                            \
	"f=${XDG_RUNTIME_DIR:-/run}/$0 min=$1 list=; shift; " DRIVER_SCRIPT                        \
	"while [ $# -gt 1 ]; do d=$2; "                                                            \
	"if [ \"$1\" = any ] || will_do \"$min\"; then "                                           \
	"case $d in /*) [ -e \"${d%%:*}\" ] ;; "                                                   \
	"*) grep -qsF \"${d%%=*}\" /etc/cdi/* /run/cdi/* /var/run/cdi/* ;; esac && "               \
	"list=\"$list --device=$d\"; fi; shift 2; done; "                                          \
	"echo \"" VARIABLE "=$list\" >\"$f\""

static bool is_gpu(const SmithFormat *format, const SmithPlanDevice *device)
{
	const SmithHostGpu *gpu = format->plan->host->gpu;
	return gpu != NULL && strcmp(device->name, gpu->device) == 0;
}

gboolean smith_format_gpu(const SmithFormat *format, SmithUnit *unit,
			  const SmithContainerPlan *container, GError **error)
{
	if (container->min_driver == NULL || !container->gpu_required)
		return TRUE;
	g_autofree char *name = g_strconcat(container->slug, "-gpu", NULL);
	g_autofree char *file = g_strconcat(name, ".service", NULL);
	g_autoptr(SmithUnit) check =
		smith_format_unit(format, format->podman, "driver for", container->title);
	/* in a unit of its own it fails at once and is not tried again */
	smith_unit_depend(unit, "Requires", file);
	smith_unit_depend(unit, "After", file);
	smith_unit_setf(check, "Unit", "PartOf", "%s.target", container->group->slug);
	smith_unit_set(check, "Service", "Type", "oneshot");
	smith_unit_run(check, "ExecStart",
		       (const char *[]){"/bin/sh", "-c", REQUIRED_SCRIPT, container->title,
					container->min_driver, NULL});
	return smith_format_add_plain(format, name, ".service", check, error);
}

/* The list is split at blanks. */
static bool is_plain(const char *device)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				    "=:,./_-@+";
	return device[strspn(device, plain)] == '\0';
}

void smith_format_devices(const SmithFormat *format, SmithUnit *unit,
			  const SmithContainerPlan *container)
{
	g_autoptr(GPtrArray) words = g_ptr_array_new();
	g_autofree char *file = g_strconcat(container->slug, ".devices", NULL);
	g_autofree char *path = g_strconcat("-%t/", file, NULL);
	const char *const first[] = {"/bin/sh", "-c", OPTIONAL_SCRIPT, file,
				     container->min_driver != NULL ? container->min_driver : "0"};
	for (guint i = 0; i < G_N_ELEMENTS(first); i++)
		g_ptr_array_add(words, (gpointer)first[i]);
	for (guint i = 0; i < container->devices->len; i++) {
		const SmithPlanDevice *device = container->devices->pdata[i];
		if (!device->optional) {
			smith_unit_key(unit, SECTION, "AddDevice", device->name);
			continue;
		}
		if (!is_plain(device->name))
			smith_unit_refuse(unit,
					  "the optional device '%s' has other characters than "
					  "devices have",
					  device->name);
		g_ptr_array_add(words, (gpointer)(is_gpu(format, device) ? "gpu" : "any"));
		g_ptr_array_add(words, device->name);
	}
	if (words->len == G_N_ELEMENTS(first))
		return;
	g_ptr_array_add(words, NULL);
	smith_unit_run(unit, "ExecStartPre", (const char *const *)words->pdata);
	smith_unit_verbatim(unit, "Service", "EnvironmentFile", path);
	smith_unit_option_verbatim(unit, SECTION, "$" VARIABLE);
}
