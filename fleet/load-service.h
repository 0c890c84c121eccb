/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "fleet/model.h"

/*
 * The parts of fleet/load.h that complete what the property tables have read: what they leave as
 * nodes becomes data, left-out values get their meaning, expressions are evaluated.
 */

/* @node is the service's; expressions see the variables of @host (NULL: of the fleet alone). */
void smith_load_complete_service(const SmithFleet *fleet, const SmithHost *host,
				 SmithService *service, const SmithNode *node, SmithDiag *diag);

/* `pip:`: a file name, a list of requirements, or a map of smith_pip_table. NULL for NULL. */
SmithPip *smith_load_pip(const SmithNode *node, SmithDiag *diag);
void smith_load_pip_free(SmithPip *pip);
/* What a list of `indexes:` leaves out; NULL becomes an empty one. */
void smith_load_indexes(GPtrArray **indexes, SmithDiag *diag);

/* service->volumes from its `volumes`; @node (or NULL) says where that stands. */
void smith_load_volumes(const SmithFleet *fleet, SmithService *service, const SmithNode *node,
			SmithDiag *diag);

/* Sets app->form and fills what is left out; how many forms @node says: one is right. */
int smith_load_app_form(SmithApp *app, const SmithNode *node);

/* Nanoseconds of @text, the value of @key in @node; @fallback when it is NULL or none. Zero is one
 * only where that is what is meant by leaving it out. */
gint64 smith_load_duration(const char *text, const char *key, gint64 fallback,
			   const SmithNode *node, SmithDiag *diag);

/* Frees what the table of services does not know of. */
void smith_load_service_clear(SmithService *service);

void smith_load_fill_strv(char ***list);
void smith_load_fill_map(GHashTable **map);
/* Does @map (or NULL) have the key, with a value that is not null? */
bool smith_load_is_said(const SmithNode *map, const char *key);
/* The place of @map's member @key, or @fallback. */
SmithPlace smith_load_place(const SmithNode *map, const char *key, SmithPlace fallback);
