/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What podman's generator knows in the sections of a quadlet, from which version on, and how it
 * reads it. A key that it does not know makes the whole unit vanish, so that none is written before
 * it was looked up here.
 *
 * The versions are those of pkg/systemd/quadlet/quadlet.go at each first release of a minor version
 * from 4.4 to 5.8 (tests/tools/quadlet-keys); nothing has been removed since.
 */
typedef enum {
	SMITH_KEY_LINE,	 /* the rest of the line; quotes at both ends are taken off */
	SMITH_KEY_LINES, /* the same, and there may be several */
	SMITH_KEY_WORDS, /* words, quoted and with C escapes */
	SMITH_KEY_PLAIN, /* words, quoted, in which a backslash is itself */
	SMITH_KEY_BOOL,	 /* "true" or "false": any other word would be false */
	SMITH_KEY_FLAG,	 /* the same, of an option without a value */
	SMITH_KEY_NUMBER,
	SMITH_KEY_DURATION, /* a number with "ns", "us", "ms", "s", "m" or "h" */
} SmithKeyForm;

typedef struct {
	const char *section;
	const char *name;
	int since; /* 404 for podman 4.4 */
	SmithKeyForm form;
	const char *option; /* of podman, to which the value is appended; NULL: there is none */
} SmithKey;

/* NULL when no version knows it. */
const SmithKey *smith_key_find(const char *section, const char *name);
/* The rows by section and name; NULL after the last. */
const SmithKey *smith_key_row(unsigned index);
