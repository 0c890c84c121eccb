/* SPDX-License-Identifier: Apache-2.0 */
#include "execute/debian-version.h"

#include <string.h>

/* A part of a version, which ends before @end. */
typedef struct {
	const char *at;
	const char *end;
} Part;

typedef struct {
	Part epoch;
	Part upstream;
	Part revision;
} Version;

static Version split(const char *text)
{
	const char *end = text + strlen(text);
	const char *colon = strchr(text, ':');
	const char *start = colon != NULL ? colon + 1 : text;
	const char *dash = strrchr(start, '-');
	Version version = {
		.epoch = {text, colon != NULL ? colon : text},
		.upstream = {start, dash != NULL ? dash : end},
		.revision = {dash != NULL ? dash + 1 : end, end},
	};
	return version;
}

/* A tilde is before the end, letters are before all that is neither. */
static int weight(const Part *part)
{
	if (part->at == part->end || g_ascii_isdigit(*part->at))
		return 0;
	if (*part->at == '~')
		return -1;
	return g_ascii_isalpha(*part->at) ? *part->at : (guint8)*part->at + 256;
}

static int compare_digits(Part *a, Part *b)
{
	while (a->at < a->end && *a->at == '0')
		a->at++;
	while (b->at < b->end && *b->at == '0')
		b->at++;
	int first = 0;
	for (;; a->at++, b->at++) {
		bool x = a->at < a->end && g_ascii_isdigit(*a->at);
		bool y = b->at < b->end && g_ascii_isdigit(*b->at);
		if (!x || !y)
			return x != y ? (x ? 1 : -1) : first;
		if (first == 0)
			first = *a->at - *b->at;
	}
}

static int compare_parts(Part a, Part b)
{
	while (a.at < a.end || b.at < b.end) {
		while ((a.at < a.end && !g_ascii_isdigit(*a.at)) ||
		       (b.at < b.end && !g_ascii_isdigit(*b.at))) {
			int difference = weight(&a) - weight(&b);
			if (difference != 0)
				return difference;
			a.at++;
			b.at++;
		}
		int difference = compare_digits(&a, &b);
		if (difference != 0)
			return difference;
	}
	return 0;
}

int smith_debian_version_compare(const char *a, const char *b)
{
	Version x = split(a), y = split(b);
	int difference = compare_digits(&x.epoch, &y.epoch);
	if (difference == 0)
		difference = compare_parts(x.upstream, y.upstream);
	return difference != 0 ? difference : compare_parts(x.revision, y.revision);
}

bool smith_debian_version_is(const char *version, const char *relation, const char *wanted)
{
	int order = smith_debian_version_compare(version, wanted);
	if (strcmp(relation, "=") == 0)
		return order == 0;
	if (strcmp(relation, "<<") == 0)
		return order < 0;
	if (strcmp(relation, ">>") == 0)
		return order > 0;
	if (strcmp(relation, "<=") == 0 || strcmp(relation, "<") == 0)
		return order <= 0;
	return (strcmp(relation, ">=") == 0 || strcmp(relation, ">") == 0) && order >= 0;
}
