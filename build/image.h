/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "build/step.h"

/*
 * From layers to an image: config and manifest (image-spec 1.1) on top of a base's.
 *
 * The base's layers keep their descriptors; its environment, labels and history are extended. The
 * order is OS, core, Python dependencies, application, configuration.
 */
typedef struct {
	const SmithStepContext *context;
	const SmithLockBase *base;
	const SmithService *service; /* NULL: the image of a family */
	const char *family;
	GPtrArray *steps;    /* (element-type SmithStep*) done, in the order of their layers */
	const char *profile; /* flat JSON for SMITH_PROFILE_LABEL; NULL: none */
} SmithImageSpec;

/* Writes config and manifest into the store unless they are there. The descriptor of the manifest;
 * *manifest gets what it says. */
SmithDescriptor *smith_image_write(const SmithImageSpec *spec, SmithManifest **manifest,
				   GError **error);
