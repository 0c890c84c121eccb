/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/bind.h"
#include "fleet/model.h"

/*
 * The property tables (base/bind.h) of the fleet's files: the one list of their keys, which the
 * loader reads by and the JSON schema is made of.
 *
 * Members of type NODE have shapes that no table says; fleet/load-*.c read them.
 */
extern const SmithBindTable smith_fleet_table;
extern const SmithBindTable smith_family_table;
extern const SmithBindTable smith_service_table;
/* The map form of a port. */
extern const SmithBindTable smith_port_table;
/* The map form of a need. */
extern const SmithBindTable smith_need_table;
/* The map form of one of a group's `networks`. */
extern const SmithBindTable smith_on_network_table;
/* The map form of a `pip:`; what is no map is its `requirements`. */
extern const SmithBindTable smith_pip_table;
/* Of a family: the map form of `apt`, the value of `from: {debian: ...}`. */
extern const SmithBindTable smith_apt_table;
extern const SmithBindTable smith_bootstrap_table;
