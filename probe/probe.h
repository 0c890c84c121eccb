/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

/*
 * oci-probe, the program that asks a service whether it is well, as data: this program carries it
 * for each architecture that it was built with, and adds it to every image as one layer.
 *
 * It is static and needs nothing of the image: no shell, no Python, no curl. docs/man/oci-probe.1
 * describes it:
 *
 *   oci-probe http 127.0.0.1:8080 /health      GET answers 200
 *   oci-probe tcp 127.0.0.1:6379               a connection is accepted
 *   oci-probe zmq 127.0.0.1:7200 REQUEST       a REP socket answers JSON with JSON
 *   oci-probe grpc 127.0.0.1:50051 SERVICE     grpc.health.v1 answers SERVING
 *   oci-probe wait SECONDS KIND ...            any of these again and again, until it is well
 *
 * with -t MILLISECONDS for the whole of it. Status 0: well; 1: not, with the reason on stderr; 2:
 * wrong usage.
 */
#define SMITH_PROBE_PATH "usr/libexec/oci-probe" /* below the root of an image */

/* @architecture as in OCI's platforms, "amd64". SMITH_ERROR_UNSUPPORTED when this program was built
 * without one for it. The bytes are static. */
GBytes *smith_probe_get(const char *architecture, GError **error);
/* Its SHA-256 as hex, NULL when there is none; known when this program was built. */
const char *smith_probe_sha256(const char *architecture);
