/* SPDX-License-Identifier: Apache-2.0 */
#include "python/specifier.h"

#include <string.h>

#include "base/error.h"

typedef enum {
	OP_COMPATIBLE,
	OP_EQUAL,
	OP_NOT_EQUAL,
	OP_LESS_EQUAL,
	OP_GREATER_EQUAL,
	OP_LESS,
	OP_GREATER,
	OP_ARBITRARY,
} Op;

/* "===" is tried last: what "==" can read is never read as "===". */
static const char *const op_texts[] = {"~=", "==", "!=", "<=", ">=", "<", ">", "==="};

typedef struct {
	Op op;
	bool wildcard;	       /* EQUAL, NOT_EQUAL: ends in ".*" */
	char *text;	       /* as written, operator first: "==1.0.*" */
	const char *spec;      /* the version as written, within text */
	SmithVersion *version; /* without ".*"; NULL with ARBITRARY when it is none */
} Specifier;

struct SmithSpecifierSet {
	GPtrArray *specifiers; /* (element-type Specifier*) sorted by text */
};

static void specifier_free(gpointer data)
{
	Specifier *specifier = data;
	g_free(specifier->text);
	smith_version_free(specifier->version);
	g_free(specifier);
}

static gsize skip_space(const char *text)
{
	return strspn(text, " \t\n\r\f\v");
}

/* The version after @op; 0 with *@ok FALSE when there is none ("===" may have an empty one). */
static gsize scan_operand(const char *text, Op op, bool *ok)
{
	gsize space = skip_space(text);
	const char *at = text + space;
	*ok = true;
	if (op == OP_ARBITRARY)
		return space + strcspn(at, " \t\n\r\f\v;)");
	guint parts = 0;
	gsize release = 0;
	bool equality = op == OP_EQUAL || op == OP_NOT_EQUAL;
	gsize length = smith_version_scan(at, equality, &parts, &release);
	*ok = length > 0 && (op != OP_COMPATIBLE || parts >= 2);
	if (!*ok)
		return 0;
	if (equality && strncmp(at + release, ".*", 2) == 0)
		return space + release + 2;
	return space + length;
}

static gsize scan_specifier(const char *text, Op *op)
{
	for (gsize i = 0; i < G_N_ELEMENTS(op_texts); i++) {
		gsize length = strlen(op_texts[i]);
		if (strncmp(text, op_texts[i], length) != 0)
			continue;
		bool ok = false;
		gsize operand = scan_operand(text + length, (Op)i, &ok);
		if (!ok)
			continue;
		*op = (Op)i;
		return length + operand;
	}
	return 0;
}

gsize smith_specifier_scan(const char *text)
{
	Op op;
	return scan_specifier(text, &op);
}

static Specifier *parse_specifier(const char *text)
{
	const char *start = text + skip_space(text);
	Op op = OP_EQUAL;
	gsize length = scan_specifier(start, &op);
	if (length == 0 || start[length + skip_space(start + length)] != '\0')
		return NULL;
	gsize op_length = strlen(op_texts[op]);
	gsize space = skip_space(start + op_length);
	if (length - op_length - space > SMITH_VERSION_MAX)
		return NULL;
	Specifier *specifier = g_new0(Specifier, 1);
	specifier->op = op;
	g_autofree char *version = g_strndup(start + op_length + space, length - op_length - space);
	specifier->text = g_strconcat(op_texts[op], version, NULL);
	specifier->spec = specifier->text + op_length;
	specifier->wildcard =
		(op == OP_EQUAL || op == OP_NOT_EQUAL) && g_str_has_suffix(version, ".*");
	if (specifier->wildcard)
		version[strlen(version) - 2] = '\0';
	specifier->version = smith_version_parse(version, NULL);
	g_assert(specifier->version != NULL || op == OP_ARBITRARY);
	return specifier;
}

/* Equal after normalisation; "~=" is told apart by the number of its components too. */
static bool specifier_equal(const Specifier *a, const Specifier *b)
{
	if (a->op != b->op || a->wildcard != b->wildcard)
		return false;
	if (a->wildcard || a->version == NULL || b->version == NULL)
		return strcmp(a->spec, b->spec) == 0;
	SmithVersionForm form =
		a->op == OP_COMPATIBLE ? SMITH_VERSION_FULL : SMITH_VERSION_STRIP_ZEROS;
	g_autofree char *text_a = smith_version_format(a->version, form);
	g_autofree char *text_b = smith_version_format(b->version, form);
	return strcmp(text_a, text_b) == 0;
}

static int compare_text(gconstpointer a, gconstpointer b)
{
	const Specifier *const *x = a, *const *y = b;
	return strcmp((*x)->text, (*y)->text);
}

static void add_specifier(SmithSpecifierSet *set, Specifier *specifier)
{
	for (guint i = 0; i < set->specifiers->len; i++) {
		if (specifier_equal(g_ptr_array_index(set->specifiers, i), specifier)) {
			specifier_free(specifier);
			return;
		}
	}
	g_ptr_array_add(set->specifiers, specifier);
}

static SmithSpecifierSet *new_set(void)
{
	SmithSpecifierSet *set = g_new0(SmithSpecifierSet, 1);
	set->specifiers = g_ptr_array_new_with_free_func(specifier_free);
	return set;
}

SmithSpecifierSet *smith_specifier_parse(const char *text, GError **error)
{
	if (strnlen(text, SMITH_SPECIFIER_MAX + 1) > SMITH_SPECIFIER_MAX) {
		smith_throw(error, SMITH_ERROR_LIMIT, "version specifiers are longer than %d bytes",
			    SMITH_SPECIFIER_MAX);
		return NULL;
	}
	g_autoptr(SmithSpecifierSet) set = new_set();
	g_auto(GStrv) items = g_strsplit(text, ",", -1);
	for (gsize i = 0; items[i] != NULL; i++) {
		if (*g_strstrip(items[i]) == '\0')
			continue;
		Specifier *specifier = parse_specifier(items[i]);
		if (specifier == NULL) {
			g_autofree char *valid = g_utf8_make_valid(items[i], -1);
			smith_throw(error, SMITH_ERROR_INVALID,
				    "'%s' is not a version specifier as PEP 440 has it", valid);
			return NULL;
		}
		add_specifier(set, specifier);
	}
	g_ptr_array_sort(set->specifiers, compare_text);
	return g_steal_pointer(&set);
}

SmithSpecifierSet *smith_specifier_parse_one(const char *text)
{
	Specifier *specifier = parse_specifier(text);
	if (specifier == NULL)
		return NULL;
	SmithSpecifierSet *set = new_set();
	g_ptr_array_add(set->specifiers, specifier);
	return set;
}

void smith_specifier_free(SmithSpecifierSet *set)
{
	if (set == NULL)
		return;
	g_ptr_array_unref(set->specifiers);
	g_free(set);
}

static bool all_digits(const char *text)
{
	return *text != '\0' && text[strspn(text, "0123456789")] == '\0';
}

/* "2rc1" is two components, "2" and "rc1": returns the length of the first, 0 when it is one. */
static gsize split_prefix(const char *item)
{
	gsize digits = strspn(item, "0123456789");
	const char *rest = item + digits;
	gsize letters = g_str_has_prefix(rest, "rc") ? 2 : strspn(rest, "abc") > 0 ? 1 : 0;
	return digits > 0 && letters > 0 && all_digits(rest + letters) ? digits : 0;
}

/* The components that a prefix match compares, as packaging's _version_split cuts them. */
static GPtrArray *split_version(const char *text)
{
	GPtrArray *parts = g_ptr_array_new_with_free_func(g_free);
	g_auto(GStrv) items = g_strsplit(text, ".", -1);
	for (gsize i = 0; items[i] != NULL; i++) {
		gsize first = split_prefix(items[i]);
		if (first > 0)
			g_ptr_array_add(parts, g_strndup(items[i], first));
		g_ptr_array_add(parts, g_strdup(items[i] + first));
	}
	return parts;
}

static guint count_numeric(const GPtrArray *parts)
{
	guint count = 0;
	while (count < parts->len && all_digits(g_ptr_array_index(parts, count)))
		count++;
	return count;
}

/*
 * PEP 440 prefix matching, done on text as packaging does it: an epoch sticks to the first
 * component ("1!2"), which therefore counts as not numeric, and nothing is padded then.
 */
static bool match_prefix(const SmithVersion *version, const char *prefix)
{
	g_autofree char *public =
		smith_version_format(version, SMITH_VERSION_PUBLIC | SMITH_VERSION_STRIP_ZEROS);
	g_autoptr(SmithVersion) parsed = smith_version_parse(prefix, NULL);
	g_autofree char *wanted =
		parsed != NULL ? smith_version_to_string(parsed) : g_strdup(prefix);
	g_autoptr(GPtrArray) have = split_version(public);
	g_autoptr(GPtrArray) want = split_version(wanted);
	guint numeric = count_numeric(have);
	for (guint pad = count_numeric(want); numeric < pad; numeric++)
		g_ptr_array_insert(have, (int)numeric, g_strdup("0"));
	if (have->len < want->len)
		return false;
	for (guint i = 0; i < want->len; i++)
		if (strcmp(g_ptr_array_index(have, i), g_ptr_array_index(want, i)) != 0)
			return false;
	return true;
}

static bool is_suffix(const char *part)
{
	static const char *const prefixes[] = {"dev", "a", "b", "rc", "post", NULL};
	for (gsize i = 0; prefixes[i] != NULL; i++)
		if (g_str_has_prefix(part, prefixes[i]))
			return true;
	return false;
}

/* "~=1.4.2" is ">=1.4.2,==1.4.*". The prefix is cut from the text as written, as packaging does. */
static bool match_compatible(const Specifier *specifier, const SmithVersion *version)
{
	if (smith_version_compare_public(version, specifier->version) < 0)
		return false;
	g_autoptr(GPtrArray) parts = split_version(specifier->spec);
	guint count = 0;
	while (count < parts->len && !is_suffix(g_ptr_array_index(parts, count)))
		count++;
	g_autoptr(GString) prefix = g_string_new(NULL);
	for (guint i = 0; i + 1 < count; i++)
		g_string_append_printf(prefix, "%s%s", i == 0 ? "" : ".",
				       (const char *)g_ptr_array_index(parts, i));
	return match_prefix(version, prefix->str);
}

static bool match_equal(const Specifier *specifier, const SmithVersion *version)
{
	if (specifier->wildcard) {
		g_autofree char *prefix =
			g_strndup(specifier->spec, strlen(specifier->spec) - strlen(".*"));
		return match_prefix(version, prefix);
	}
	if (smith_version_has_local(specifier->version))
		return smith_version_compare(version, specifier->version) == 0;
	return smith_version_compare_public(version, specifier->version) == 0;
}

static bool match_less(const SmithVersion *spec, const SmithVersion *version)
{
	if (smith_version_compare(version, spec) >= 0)
		return false;
	return smith_version_is_prerelease(spec) || !smith_version_is_prerelease(version) ||
	       smith_version_compare_base(version, spec) != 0;
}

static bool match_greater(const SmithVersion *spec, const SmithVersion *version)
{
	if (smith_version_compare(version, spec) <= 0)
		return false;
	bool post = smith_version_is_postrelease(version) && !smith_version_is_postrelease(spec);
	return !(post || smith_version_has_local(version)) ||
	       smith_version_compare_base(version, spec) != 0;
}

static bool match_arbitrary(const char *spec, const SmithVersion *version)
{
	g_autofree char *text = smith_version_to_string(version);
	return g_ascii_strcasecmp(text, spec) == 0;
}

static bool specifier_match(const Specifier *specifier, const SmithVersion *version)
{
	switch (specifier->op) {
	case OP_COMPATIBLE:
		return match_compatible(specifier, version);
	case OP_EQUAL:
		return match_equal(specifier, version);
	case OP_NOT_EQUAL:
		return !match_equal(specifier, version);
	case OP_LESS_EQUAL:
		return smith_version_compare_public(version, specifier->version) <= 0;
	case OP_GREATER_EQUAL:
		return smith_version_compare_public(version, specifier->version) >= 0;
	case OP_LESS:
		return match_less(specifier->version, version);
	case OP_GREATER:
		return match_greater(specifier->version, version);
	case OP_ARBITRARY:
		return match_arbitrary(specifier->spec, version);
	}
	g_assert_not_reached();
}

bool smith_specifier_contains(const SmithSpecifierSet *set, const SmithVersion *version,
			      bool prereleases_allowed)
{
	if (!prereleases_allowed && smith_version_is_prerelease(version))
		return false;
	for (guint i = 0; i < set->specifiers->len; i++)
		if (!specifier_match(g_ptr_array_index(set->specifiers, i), version))
			return false;
	return true;
}

bool smith_specifier_allows_prereleases(const SmithSpecifierSet *set)
{
	for (guint i = 0; i < set->specifiers->len; i++) {
		const Specifier *specifier = g_ptr_array_index(set->specifiers, i);
		if (specifier->op != OP_NOT_EQUAL && specifier->op != OP_LESS &&
		    specifier->op != OP_GREATER && specifier->version != NULL &&
		    smith_version_is_prerelease(specifier->version))
			return true;
	}
	return false;
}

const char *smith_specifier_is_pinned(const SmithSpecifierSet *set)
{
	for (guint i = 0; i < set->specifiers->len; i++) {
		const Specifier *specifier = g_ptr_array_index(set->specifiers, i);
		if (specifier->op == OP_ARBITRARY ||
		    (specifier->op == OP_EQUAL && !specifier->wildcard))
			return specifier->spec;
	}
	return NULL;
}

bool smith_specifier_is_empty(const SmithSpecifierSet *set)
{
	return set->specifiers->len == 0;
}

char *smith_specifier_to_string(const SmithSpecifierSet *set)
{
	GString *out = g_string_new(NULL);
	for (guint i = 0; i < set->specifiers->len; i++) {
		const Specifier *specifier = g_ptr_array_index(set->specifiers, i);
		g_string_append_printf(out, "%s%s", i == 0 ? "" : ",", specifier->text);
	}
	return g_string_free(out, FALSE);
}
