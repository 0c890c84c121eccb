/* SPDX-License-Identifier: Apache-2.0 */
#include "lint/checks.h"

#include <string.h>

#include "lint/rule.h"

/* Shorter names differ in one letter by nature. */
#define NEAR_LENGTH 6
/* A slug is at most 63 bytes where it is legal. */
#define NEAR_MAX 64
/* Of a polynomial over the bytes; any odd number far from the small ones will do. */
#define FACTOR G_GUINT64_CONSTANT(0x9e3779b97f4a7c15)

/*
 * Names in which one letter is replaced, added or left out have a common text with one letter
 * left out. All of those are looked up by their hash, which follows from that of the letters before
 * and those behind: so names are compared with few others, and the work is linear.
 */
typedef struct {
	const SmithFleet *fleet;
	GHashTable *shorter; /* hash -> SmithService*, the first one */
	SmithDiag *diag;
} Names;

/* Fewer than two changes, and not only another number: "worker1" and "worker2" are no slip. */
static bool is_near(const char *a, const char *b)
{
	gsize length_a = strlen(a), length_b = strlen(b), same = 0, tail = 0;
	while (a[same] != '\0' && a[same] == b[same])
		same++;
	while (tail < length_a - same && tail < length_b - same &&
	       a[length_a - 1 - tail] == b[length_b - 1 - tail])
		tail++;
	gsize rest_a = length_a - same - tail, rest_b = length_b - same - tail;
	if (rest_a > 1 || rest_b > 1 || rest_a + rest_b == 0)
		return false;
	bool has_digit = (rest_a == 1 && g_ascii_isdigit(a[same])) ||
			 (rest_b == 1 && g_ascii_isdigit(b[same]));
	return !has_digit;
}

/* Returns true when a slip is told: once for a name is enough. */
static bool try_hash(Names *names, guint64 hash, const SmithService *service)
{
	gint64 key = (gint64)hash;
	const SmithService *other = g_hash_table_lookup(names->shorter, &key);
	if (other == NULL) {
		gint64 *own = g_new(gint64, 1);
		*own = key;
		g_hash_table_insert(names->shorter, own, (gpointer)service);
		return false;
	}
	if (other == service || !is_near(service->slug, other->slug))
		return false;
	smith_lint_report(names->diag, "agent-near-duplicate", service->place, service->name,
			  "the names of services '%s' and '%s' differ in one letter", other->name,
			  service->name);
	return true;
}

static void look_near(Names *names, const SmithService *service)
{
	const char *slug = service->slug;
	gsize length = strlen(slug);
	if (length < NEAR_LENGTH || length >= NEAR_MAX)
		return;
	guint64 before[NEAR_MAX + 1] = {0}, power[NEAR_MAX + 1] = {1};
	for (gsize i = 0; i < length; i++) {
		before[i + 1] = before[i] * FACTOR + (guchar)slug[i];
		power[i + 1] = power[i] * FACTOR;
	}
	bool told = try_hash(names, before[length], service);
	for (gsize i = 0; i < length && !told; i++) {
		guint64 behind = before[length] - before[i + 1] * power[length - i - 1];
		told = try_hash(names, before[i] * power[length - i - 1] + behind, service);
	}
}

/* "a-b" and "ab" are one word to a reader. */
static char *fold(const char *slug)
{
	char *folded = g_strdup(slug), *to = folded;
	for (const char *p = slug; *p != '\0'; p++)
		if (*p != '-')
			*to++ = *p;
	*to = '\0';
	return folded;
}

void smith_lint_spellings(const SmithFleet *fleet, SmithDiag *diag)
{
	g_autoptr(GHashTable) shorter =
		g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
	g_autoptr(GHashTable) folded = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	Names names = {fleet, shorter, diag};
	for (guint i = 0; i < fleet->services->len; i++) {
		const SmithService *service = fleet->services->pdata[i];
		char *key = fold(service->slug);
		const SmithService *other = g_hash_table_lookup(folded, key);
		if (other == NULL) {
			g_hash_table_insert(folded, key, (gpointer)service);
			look_near(&names, service);
			continue;
		}
		g_free(key);
		smith_lint_report(diag, "agent-near-duplicate", service->place, service->name,
				  "the names of services '%s' and '%s' differ in case and "
				  "punctuation only",
				  other->name, service->name);
	}
}
