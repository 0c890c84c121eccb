/* SPDX-License-Identifier: Apache-2.0 */
#include "quadlet/emit.h"

#include <stdarg.h>

#include "fleet/runtime.h"
#include "quadlet/marker.h"
#include "quadlet/quadlet.h"

SmithUnit *smith_emit_begin(const SmithEmit *emit, const char *what, const char *name)
{
	SmithUnit *unit = smith_unit_new();
	g_autofree char *line = smith_quadlet_first_line(emit->fleet);
	g_autofree char *description = g_strdup_printf(
		"%s%s%s of %s", what, *what != '\0' ? " " : "", name, emit->fleet->name);
	smith_unit_comment(unit, line);
	smith_unit_section(unit, "Unit");
	smith_unit_add_text(unit, "Description", description);
	return unit;
}

void smith_emit_file(SmithEmit *emit, const char *name, const char *suffix, const SmithUnit *unit)
{
	SmithUnitFile *file = g_new0(SmithUnitFile, 1);
	file->path = g_strconcat(emit->host->name, "/", name, suffix, NULL);
	file->text = smith_unit_text(unit);
	g_ptr_array_add(emit->files, file);
}

void smith_emit_podman_args(SmithUnit *unit, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	g_autofree char *word = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	smith_unit_add_words(unit, "PodmanArgs", (const char *[]){word, NULL});
}

void smith_emit_userns(const SmithEmit *emit, SmithUnit *unit)
{
	g_autofree char *map = g_strdup_printf("keep-id:uid=%d,gid=%d", SMITH_UID, SMITH_GID);
	/* of containers the key is older, but one answer is enough */
	if (emit->podman >= 503)
		smith_unit_add(unit, "UserNS", map);
	else
		smith_emit_podman_args(unit, "--userns=%s", map);
}

/* True for the first one of that name. */
static bool is_new(SmithEmit *emit, const char *name, const char *suffix)
{
	return g_hash_table_add(emit->resources, g_strconcat(name, suffix, NULL));
}

static void emit_network_file(SmithEmit *emit, const SmithNetwork *network, const char *slug)
{
	g_autoptr(SmithUnit) unit = smith_emit_begin(emit, "network", network->name);
	smith_unit_section(unit, "Network");
	smith_unit_add(unit, "NetworkName", slug);
	if (network->subnet != NULL)
		smith_unit_add(unit, "Subnet", network->subnet);
	if (network->gateway != NULL)
		smith_unit_add(unit, "Gateway", network->gateway);
	if (network->internal)
		smith_unit_add(unit, "Internal", "true");
	smith_emit_file(emit, slug, ".network", unit);
}

void smith_emit_network(SmithEmit *emit, SmithUnit *unit, const SmithGroup *group)
{
	const SmithNetwork *network = smith_group_network(emit->fleet, group);
	if (network == NULL)
		return;
	g_autofree char *slug = smith_slug(network->name);
	smith_unit_addf(unit, "Network", "%s.network%s%s", slug, group->ip != NULL ? ":ip=" : "",
			group->ip != NULL ? group->ip : "");
	if (is_new(emit, slug, ".network"))
		emit_network_file(emit, network, slug);
}

void smith_emit_volume(SmithEmit *emit, const char *name, const char *what, const char *of)
{
	if (!is_new(emit, name, ".volume"))
		return;
	g_autoptr(SmithUnit) unit = smith_emit_begin(emit, what, of);
	smith_unit_section(unit, "Volume");
	smith_unit_add(unit, "VolumeName", name);
	smith_emit_file(emit, name, ".volume", unit);
}

void smith_emit_ports(const SmithEmit *emit, SmithUnit *unit, const SmithService *service)
{
	for (guint i = 0; i < service->ports->len; i++) {
		const SmithPort *port = service->ports->pdata[i];
		if (port->publish != SMITH_PUBLISH_NONE && !port->implicit)
			smith_unit_addf(unit, "PublishPort",
					"%s%" G_GINT64_FORMAT ":%" G_GINT64_FORMAT "%s",
					port->publish == SMITH_PUBLISH_LOCAL ? "127.0.0.1:" : "",
					smith_port_published(port, emit->host), port->number,
					port->protocol == SMITH_PROTOCOL_UDP ? "/udp" : "");
	}
}

char *smith_emit_size(gint64 bytes)
{
	static const char units[] = "bkmg";
	int unit = 0;
	while (unit < 3 && bytes % 1024 == 0) {
		bytes /= 1024;
		unit++;
	}
	return g_strdup_printf("%" G_GINT64_FORMAT "%c", bytes, units[unit]);
}
