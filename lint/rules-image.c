/* SPDX-License-Identifier: Apache-2.0 */
#include "lint/rules.h"

/* Rules: what goes into images. */
const SmithRule smith_rules_image[] = {
	{"app-file-missing", SMITH_SEVERITY_ERROR, "a path of app.files does not exist", ""},
	{"app-path", SMITH_SEVERITY_ERROR, "a path of app leads out of the fleet", ""},
	{"asgi-form", SMITH_SEVERITY_ERROR, "an asgi program is not written 'module:attribute'",
	 ""},
	{"bad-reference", SMITH_SEVERITY_ERROR, "an image reference is not legal", ""},
	{"empty-command", SMITH_SEVERITY_ERROR, "a command names no program", ""},
	{"ignore-hides-app", SMITH_SEVERITY_ERROR, "an ignore file hides what a service copies",
	 ""},
	{"ignore-invalid", SMITH_SEVERITY_ERROR, "an ignore file has a pattern that cannot be read",
	 ""},
	{"ignore-root-only", SMITH_SEVERITY_WARNING,
	 "an ignore pattern that looks like git's matches at the root only", ""},
	{"image-mutable-tag", SMITH_SEVERITY_WARNING, "an image is named by a tag that moves", ""},
	{"image-not-pinned", SMITH_SEVERITY_WARNING,
	 "an upstream image is not pinned by its digest", ""},
	{"image-with-app", SMITH_SEVERITY_ERROR,
	 "a service of an upstream image says what goes into an image of ours", ""},
	{"secret-file-in-context", SMITH_SEVERITY_WARNING,
	 "a file whose name is one of credentials would be copied into an image", ""},
	{"secret-in-context", SMITH_SEVERITY_ERROR,
	 "a private key or an access token would be copied into an image", ""},
	{"secret-in-env", SMITH_SEVERITY_WARNING,
	 "an environment value is a secret, or looks like one", ""},
	{"supervised-families", SMITH_SEVERITY_WARNING,
	 "members of a supervised group have another family than the group", ""},
	{0},
};
