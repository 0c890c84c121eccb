/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "cmd/command.h"
#include "oci/layout.h"

/*
 * What the commands that look at one image share.
 *
 * IMAGE is a name in the store (its tag may be left out when it is "latest" or the only one), a
 * manifest digest or the beginning of its hex (at least 6 digits), or oci:DIR[:REF].
 */
typedef struct {
	SmithLayout *layout; /* owned when it is not the store's */
	bool own_layout;
	SmithDescriptor *descriptor;
	SmithManifest *manifest;
	SmithImageConfig *config;
} SmithImage;

SmithImage *smith_cmd_image_open(SmithInvocation *inv, const char *name, GError **error);
void smith_cmd_image_free(SmithImage *image);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SmithImage, smith_cmd_image_free)
