/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

#include "python/version.h"

/*
 * The file name of a wheel (PyPA binary distribution format, "File name convention"):
 * NAME-VERSION[-BUILD]-PYTHON-ABI-PLATFORM.whl
 */
typedef struct {
	char *name;	    /* as written: "ruamel.yaml_clib" */
	char *key;	    /* normal form: "ruamel-yaml-clib" */
	char *version_text; /* as written */
	SmithVersion *version;
	gint64 build_number; /* -1: none; of two wheels of a version the higher one wins */
	char *build_tag;     /* what follows the digits; NULL: no build */
	char *python;	     /* compressed tags: "py2.py3" */
	char *abi;
	char *platform;
} SmithWheelName;

/* @file_name has no directories. SMITH_ERROR_INVALID says what is wrong with it. */
SmithWheelName *smith_wheel_name_parse(const char *file_name, GError **error);
void smith_wheel_name_free(SmithWheelName *name);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SmithWheelName, smith_wheel_name_free)

/* Of two wheels of one project and version, by build number and then build tag. */
int smith_wheel_name_compare_build(const SmithWheelName *a, const SmithWheelName *b);
