/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "fleet/model.h"

/*
 * Who binds which socket, and who sees it: for checks of addresses in values.
 */
typedef struct SmithSockets SmithSockets;

/* Ports are looked at when the first question comes. @fleet must outlive it. */
SmithSockets *smith_sockets_new(const SmithFleet *fleet);
void smith_sockets_free(SmithSockets *sockets);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SmithSockets, smith_sockets_free)

/* The service whose @port it is, when that is not to be had on the loopback address of @service in
 * one of its groups; else NULL. The nearest one: on the same host if there is one. */
const SmithService *smith_sockets_elsewhere(SmithSockets *sockets, const SmithService *service,
					    gint64 port, const SmithPort **theirs);

/* A socket in the file system that a value of @service names; all of them before the first
 * question. */
void smith_sockets_note_ipc(SmithSockets *sockets, const SmithService *service, const char *path);
/* Another service that names @path and does not share a volume there with @service; or NULL. */
const SmithService *smith_sockets_ipc(const SmithSockets *sockets, const SmithService *service,
				      const char *path);
