/* SPDX-License-Identifier: Apache-2.0 */
#include "python/version.h"

#include <string.h>

#include "base/error.h"

/* A decimal number as its digits without leading zeros: calendar versions and hostile ones do not
 * fit into any integer type, and digits compare as well. Zero has length 0. */
typedef struct {
	const char *digits;
	gsize length;
} Number;

typedef struct {
	bool numeric;
	Number number;
	const char *text;
	gsize length;
} LocalPart;

typedef enum {
	PRE_ALPHA,
	PRE_BETA,
	PRE_RC,
} PreKind;

struct SmithVersion {
	char *text; /* lower case; the slices below point into it */
	Number epoch;
	GArray *release; /* (element-type Number) */
	bool has_pre, has_post, has_dev;
	PreKind pre_kind;
	Number pre, post, dev;
	GArray *local; /* (element-type LocalPart); NULL: none */
};

static bool is_separator(char c)
{
	return c == '-' || c == '_' || c == '.';
}

static Number read_number(const char **at)
{
	const char *start = *at;
	while (g_ascii_isdigit(**at))
		(*at)++;
	while (start < *at && *start == '0')
		start++;
	return (Number){start, (gsize)(*at - start)};
}

/* The first word of @words that @at begins with, ignoring case; longer ones stand first. */
static int match_word(const char *at, const char *const *words)
{
	for (int i = 0; words[i] != NULL; i++)
		if (g_ascii_strncasecmp(at, words[i], strlen(words[i])) == 0)
			return i;
	return -1;
}

/* [-_.]? WORD [-_.]? [0-9]*; returns the word's index, or -1 without moving. */
static int scan_labelled(const char **at, const char *const *words, Number *number)
{
	const char *p = *at;
	if (is_separator(*p))
		p++;
	int word = match_word(p, words);
	if (word < 0)
		return -1;
	p += strlen(words[word]);
	if (is_separator(*p))
		p++;
	*number = read_number(&p);
	*at = p;
	return word;
}

static void scan_pre(const char **at, SmithVersion *version)
{
	static const char *const words[] = {"alpha", "beta", "preview", "pre", "a",
					    "b",     "c",    "rc",	NULL};
	static const PreKind kinds[] = {PRE_ALPHA, PRE_BETA, PRE_RC, PRE_RC,
					PRE_ALPHA, PRE_BETA, PRE_RC, PRE_RC};
	Number number;
	int word = scan_labelled(at, words, &number);
	if (word < 0 || version == NULL)
		return;
	version->has_pre = true;
	version->pre_kind = kinds[word];
	version->pre = number;
}

static void scan_post(const char **at, SmithVersion *version)
{
	static const char *const words[] = {"post", "rev", "r", NULL};
	Number number;
	if ((*at)[0] == '-' && g_ascii_isdigit((*at)[1])) {
		(*at)++;
		number = read_number(at);
	} else if (scan_labelled(at, words, &number) < 0) {
		return;
	}
	if (version == NULL)
		return;
	version->has_post = true;
	version->post = number;
}

static void scan_dev(const char **at, SmithVersion *version)
{
	static const char *const words[] = {"dev", NULL};
	Number number;
	if (scan_labelled(at, words, &number) < 0 || version == NULL)
		return;
	version->has_dev = true;
	version->dev = number;
}

static LocalPart make_local_part(const char *start, gsize length)
{
	LocalPart part = {.numeric = true, .text = start, .length = length};
	for (gsize i = 0; i < length; i++)
		part.numeric = part.numeric && g_ascii_isdigit(start[i]);
	const char *p = start;
	if (part.numeric)
		part.number = read_number(&p);
	return part;
}

static void scan_local(const char **at, SmithVersion *version)
{
	if ((*at)[0] != '+' || !g_ascii_isalnum((*at)[1]))
		return;
	if (version != NULL)
		version->local = g_array_new(FALSE, FALSE, sizeof(LocalPart));
	const char *p = *at;
	do {
		const char *start = ++p;
		while (g_ascii_isalnum(*p))
			p++;
		LocalPart part = make_local_part(start, (gsize)(p - start));
		if (version != NULL)
			g_array_append_val(version->local, part);
	} while (is_separator(p[0]) && g_ascii_isalnum(p[1]));
	*at = p;
}

/* [epoch!]N(.N)*: FALSE when there is no digit. */
static bool scan_release(const char **at, SmithVersion *version, guint *parts)
{
	const char *p = *at;
	if (*p == 'v' || *p == 'V')
		p++;
	if (!g_ascii_isdigit(*p))
		return false;
	Number number = read_number(&p);
	if (p[0] == '!' && g_ascii_isdigit(p[1])) {
		if (version != NULL)
			version->epoch = number;
		p++;
		number = read_number(&p);
	}
	*parts = 1;
	if (version != NULL)
		g_array_append_val(version->release, number);
	while (p[0] == '.' && g_ascii_isdigit(p[1])) {
		p++;
		number = read_number(&p);
		(*parts)++;
		if (version != NULL)
			g_array_append_val(version->release, number);
	}
	*at = p;
	return true;
}

gsize smith_version_scan(const char *text, bool local, guint *release_parts, gsize *release_length)
{
	const char *at = text;
	guint parts = 0;
	if (!scan_release(&at, NULL, &parts))
		return 0;
	if (release_parts != NULL)
		*release_parts = parts;
	if (release_length != NULL)
		*release_length = (gsize)(at - text);
	scan_pre(&at, NULL);
	scan_post(&at, NULL);
	scan_dev(&at, NULL);
	if (local)
		scan_local(&at, NULL);
	return (gsize)(at - text);
}

/* The text goes into messages: bounded, and valid whatever it holds. */
static gboolean throw_invalid(const char *text, GError **error)
{
	g_autofree char *shown = g_strndup(text, SMITH_VERSION_MAX);
	g_autofree char *valid = g_utf8_make_valid(shown, -1);
	return smith_throw(error, SMITH_ERROR_INVALID, "'%s' is not a version as PEP 440 has it",
			   valid);
}

SmithVersion *smith_version_parse(const char *text, GError **error)
{
	if (strnlen(text, SMITH_VERSION_MAX + 1) > SMITH_VERSION_MAX) {
		smith_throw(error, SMITH_ERROR_LIMIT, "a version is longer than %d bytes",
			    SMITH_VERSION_MAX);
		return NULL;
	}
	g_autoptr(SmithVersion) version = g_new0(SmithVersion, 1);
	version->text = g_strstrip(g_ascii_strdown(text, -1));
	version->release = g_array_new(FALSE, FALSE, sizeof(Number));
	const char *at = version->text;
	guint parts = 0;
	if (!scan_release(&at, version, &parts)) {
		throw_invalid(text, error);
		return NULL;
	}
	scan_pre(&at, version);
	scan_post(&at, version);
	scan_dev(&at, version);
	scan_local(&at, version);
	if (*at != '\0') {
		throw_invalid(text, error);
		return NULL;
	}
	return g_steal_pointer(&version);
}

SmithVersion *smith_version_copy(const SmithVersion *version)
{
	return smith_version_parse(version->text, NULL);
}

void smith_version_free(SmithVersion *version)
{
	if (version == NULL)
		return;
	g_free(version->text);
	g_array_unref(version->release);
	if (version->local != NULL)
		g_array_unref(version->local);
	g_free(version);
}

static int compare_number(Number a, Number b)
{
	if (a.length != b.length)
		return a.length < b.length ? -1 : 1;
	return a.length == 0 ? 0 : memcmp(a.digits, b.digits, a.length);
}

static int compare_release(const GArray *a, const GArray *b)
{
	static const Number zero = {NULL, 0};
	for (guint i = 0; i < MAX(a->len, b->len); i++) {
		int order = compare_number(i < a->len ? g_array_index(a, Number, i) : zero,
					   i < b->len ? g_array_index(b, Number, i) : zero);
		if (order != 0)
			return order;
	}
	return 0;
}

/* Where a version stands among those of one release by its pre-release part: a version that is
 * nothing but a .devN comes before aN, one without any pre-release part after rcN. */
static int pre_class(const SmithVersion *version)
{
	if (version->has_pre)
		return (int)version->pre_kind;
	return !version->has_post && version->has_dev ? -1 : PRE_RC + 1;
}

/* @absent: how one that lacks the number compares with one that has it. */
static int compare_optional(bool has_a, Number a, bool has_b, Number b, int absent)
{
	if (has_a && has_b)
		return compare_number(a, b);
	return has_a == has_b ? 0 : has_a ? -absent : absent;
}

static int compare_local_part(const LocalPart *a, const LocalPart *b)
{
	if (a->numeric != b->numeric)
		return a->numeric ? 1 : -1;
	if (a->numeric)
		return compare_number(a->number, b->number);
	int order = memcmp(a->text, b->text, MIN(a->length, b->length));
	return order != 0 ? order : (a->length > b->length) - (a->length < b->length);
}

static int compare_local(const GArray *a, const GArray *b)
{
	if (a == NULL || b == NULL)
		return (a != NULL) - (b != NULL);
	for (guint i = 0; i < MIN(a->len, b->len); i++) {
		int order = compare_local_part(&g_array_index(a, LocalPart, i),
					       &g_array_index(b, LocalPart, i));
		if (order != 0)
			return order;
	}
	return (a->len > b->len) - (a->len < b->len);
}

int smith_version_compare_base(const SmithVersion *a, const SmithVersion *b)
{
	int order = compare_number(a->epoch, b->epoch);
	return order != 0 ? order : compare_release(a->release, b->release);
}

int smith_version_compare_public(const SmithVersion *a, const SmithVersion *b)
{
	int order = smith_version_compare_base(a, b);
	if (order == 0)
		order = pre_class(a) - pre_class(b);
	if (order == 0 && a->has_pre)
		order = compare_number(a->pre, b->pre);
	if (order == 0)
		order = compare_optional(a->has_post, a->post, b->has_post, b->post, -1);
	if (order == 0)
		order = compare_optional(a->has_dev, a->dev, b->has_dev, b->dev, 1);
	return order;
}

int smith_version_compare(const SmithVersion *a, const SmithVersion *b)
{
	int order = smith_version_compare_public(a, b);
	return order != 0 ? order : compare_local(a->local, b->local);
}

bool smith_version_is_prerelease(const SmithVersion *version)
{
	return version->has_pre || version->has_dev;
}

bool smith_version_is_postrelease(const SmithVersion *version)
{
	return version->has_post;
}

bool smith_version_has_local(const SmithVersion *version)
{
	return version->local != NULL;
}

static void append_number(GString *out, const char *before, Number number)
{
	g_string_append(out, before);
	if (number.length == 0)
		g_string_append_c(out, '0');
	else
		g_string_append_len(out, number.digits, (gssize)number.length);
}

static void append_local(GString *out, const GArray *local)
{
	for (guint i = 0; i < local->len; i++) {
		const LocalPart *part = &g_array_index(local, LocalPart, i);
		const char *before = i == 0 ? "+" : ".";
		if (part->numeric) {
			append_number(out, before, part->number);
			continue;
		}
		g_string_append(out, before);
		g_string_append_len(out, part->text, (gssize)part->length);
	}
}

char *smith_version_format(const SmithVersion *version, SmithVersionForm form)
{
	static const char *const pre_names[] = {"a", "b", "rc"};
	GString *out = g_string_new(NULL);
	if (version->epoch.length > 0) {
		append_number(out, "", version->epoch);
		g_string_append_c(out, '!');
	}
	guint parts = version->release->len;
	if (form & SMITH_VERSION_STRIP_ZEROS)
		while (parts > 1 && g_array_index(version->release, Number, parts - 1).length == 0)
			parts--;
	for (guint i = 0; i < parts; i++)
		append_number(out, i == 0 ? "" : ".", g_array_index(version->release, Number, i));
	if (version->has_pre)
		append_number(out, pre_names[version->pre_kind], version->pre);
	if (version->has_post)
		append_number(out, ".post", version->post);
	if (version->has_dev)
		append_number(out, ".dev", version->dev);
	if (version->local != NULL && !(form & SMITH_VERSION_PUBLIC))
		append_local(out, version->local);
	return g_string_free(out, FALSE);
}

char *smith_version_to_string(const SmithVersion *version)
{
	return smith_version_format(version, SMITH_VERSION_FULL);
}
