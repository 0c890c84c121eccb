/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

/*
 * A package index for one run of pip: HTTP on a socket in a directory, which a step sees through a
 * bind and reaches no network with. What it serves is decided here and not by pip: which project
 * comes from which index, and which files of it there are.
 *
 *   server = smith_pip_server_new (directory, &source, error);    answers at DIRECTORY/socket
 *   ... the step runs ...
 *   smith_pip_server_stop (server, error);   the first error of a callback, if there was one
 *
 * GET and HEAD of /simple/NAME/ (PEP 503) and /files/NUMBER/NAME; all else is refused. Who asks may
 * be hostile: requests are small and bounded, and so is the number of connections.
 */
typedef struct {
	/* The HTML page of a project by its normal name; SMITH_ERROR_NOT_FOUND: no such project. In
	 * any thread. */
	GBytes *(*page)(gpointer data, const char *key, GError **error);
	/* The file of that number on some page, open for reading. In any thread. */
	int (*open)(gpointer data, guint number, GError **error);
	gpointer data;
} SmithPipSource;

#define SMITH_PIP_SOCKET "socket"
#define SMITH_PIP_CONNECTIONS 32

typedef struct SmithPipServer SmithPipServer;

/* @source is copied, its data must outlive the server. */
SmithPipServer *smith_pip_server_new(const char *directory, const SmithPipSource *source,
				     GError **error);
/* Ends and frees it; FALSE with the first error that a callback gave, one that says NOT_FOUND of a
 * project aside. */
gboolean smith_pip_server_stop(SmithPipServer *server, GError **error);
