/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/event.h"
#include "build/judge.h"
#include "build/step.h"

/*
 * `ocismith build`: fleet and lock to images in the store.
 *
 * Targets are names of services (SERVICE@HOST: for that host), families, groups or @HOST; none
 * means every service. Each distinct layer is made once, however many images want it, by as many
 * workers as asked for; results are taken in plan order, so that any number of workers yields the
 * same. When everything is known already, nothing is written.
 */
typedef struct {
	const SmithFleet *fleet;
	const SmithLock *lock;
	SmithStore *store;
	SmithEvents *events;
	SmithCompression compression;
	gint64 epoch;
	guint workers;
	char **targets;		/* NULL or empty: all services */
	SmithSandboxMode users; /* that steps execute with; the layers are the same */
	/* May the fleet's programs become images? Asked in a thread while layers are made; no image
	 * gets its name before the answer. Not asked when nothing changes. NULL: they may. */
	SmithJudge judge;
	gpointer judge_data;
} SmithBuildOptions;

typedef struct {
	char *name;		   /* reference in the store */
	char *subject;		   /* service or family */
	char *host;		   /* NULL unless the image is for that host alone */
	SmithDescriptor *manifest; /* with its ref.name annotation */
	char *config_digest;
	guint layers;  /* all, the base's included */
	guint64 bytes; /* of all layer blobs */
} SmithBuiltImage;

typedef struct {
	GPtrArray *images; /* (element-type SmithBuiltImage*) in plan order */
	guint steps_made;
	guint steps_known;
	guint64 bytes_written; /* of layer blobs */
} SmithBuildResult;

SmithBuildResult *smith_build(const SmithBuildOptions *options, GError **error);
void smith_build_result_free(SmithBuildResult *result);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SmithBuildResult, smith_build_result_free)

/* Is @output one that smith_build_output() can write? SMITH_ERROR_USAGE when it is malformed,
 * another error when what is there is in the way. */
gboolean smith_build_check_output(const char *output, GError **error);

/* Copies images of the store to "oci:DIR", "oci-archive:FILE" or "docker-archive:FILE"; one that
 * names a single image (":REF" behind the path) takes exactly one. */
gboolean smith_build_output(const SmithBuildResult *result, SmithStore *store, const char *output,
			    GError **error);
