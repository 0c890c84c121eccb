/* SPDX-License-Identifier: Apache-2.0 */
#include "python/tags.h"

#include <string.h>

#include "base/error.h"

/*
 * All tags of a CPython are a product, (python, abi) pairs by platforms, and then a short list for
 * the platform "any". Three small tables therefore stand for the thousand tags that packaging
 * lists, and a rank is arithmetic.
 */
typedef struct {
	char *python;
	const char *abi; /* intern string */
} Pair;

struct SmithTagSet {
	GArray *native;	      /* (element-type Pair) */
	GPtrArray *platforms; /* (element-type char*) */
	GArray *any;	      /* (element-type Pair) */
};

#define MAX_MINOR 999 /* of Python and of the libc: far beyond any, and keeps tables small */

static void pair_clear(gpointer data)
{
	g_free(((Pair *)data)->python);
}

static void add_pair(GArray *pairs, char *python, const char *abi)
{
	Pair pair = {python, g_intern_string(abi)};
	g_array_append_val(pairs, pair);
}

/* "MAJOR.MINOR", whatever follows. */
static bool read_version(const char *text, guint *major, guint *minor)
{
	char *end = NULL;
	if (!g_ascii_isdigit(*text))
		return false;
	guint64 first = g_ascii_strtoull(text, &end, 10);
	if (*end != '.' || !g_ascii_isdigit(end[1]))
		return false;
	guint64 second = g_ascii_strtoull(end + 1, NULL, 10);
	*major = (guint)MIN(first, G_MAXUINT);
	*minor = (guint)MIN(second, G_MAXUINT);
	return first <= MAX_MINOR && second <= MAX_MINOR;
}

/* py3N, py3, py3(N-1) ... py30 */
static void add_generic(GArray *pairs, guint minor)
{
	add_pair(pairs, g_strdup_printf("py3%u", minor), "none");
	add_pair(pairs, g_strdup("py3"), "none");
	for (guint i = minor; i-- > 0;)
		add_pair(pairs, g_strdup_printf("py3%u", i), "none");
}

static void add_pairs(SmithTagSet *set, guint minor)
{
	/* until 3.7 the ABI's name told that pymalloc is in use, as it always is */
	g_autofree char *abi = g_strdup_printf("cp3%u%s", minor, minor < 8 ? "m" : "");
	add_pair(set->native, g_strdup_printf("cp3%u", minor), abi);
	if (minor >= 2)
		add_pair(set->native, g_strdup_printf("cp3%u", minor), "abi3");
	add_pair(set->native, g_strdup_printf("cp3%u", minor), "none");
	for (guint i = minor; i-- > 2;)
		add_pair(set->native, g_strdup_printf("cp3%u", i), "abi3");
	add_generic(set->native, minor);
	add_pair(set->any, g_strdup_printf("cp3%u", minor), "none");
	add_generic(set->any, minor);
}

static void add_manylinux(GPtrArray *platforms, guint glibc_minor, const char *machine)
{
	static const struct {
		guint minor;
		const char *alias;
	} aliases[] = {{17, "manylinux2014"}, {12, "manylinux2010"}, {5, "manylinux1"}};
	bool old = strcmp(machine, "x86_64") == 0 || strcmp(machine, "i686") == 0;
	for (guint minor = glibc_minor; minor >= (old ? 5U : 17U); minor--) {
		g_ptr_array_add(platforms, g_strdup_printf("manylinux_2_%u_%s", minor, machine));
		for (gsize i = 0; i < G_N_ELEMENTS(aliases); i++)
			if (aliases[i].minor == minor)
				g_ptr_array_add(
					platforms,
					g_strdup_printf("%s_%s", aliases[i].alias, machine));
	}
}

static gboolean add_platforms(SmithTagSet *set, SmithLibc libc, const char *libc_version,
			      const char *machine, GError **error)
{
	static const char *const manylinux[] = {"x86_64",      "aarch64", "ppc64", "ppc64le",
						"s390x",       "armv7l",  "i686",  "riscv64",
						"loongarch64", NULL};
	guint major = 0, minor = 0;
	bool glibc = libc == SMITH_LIBC_GLIBC;
	if (!read_version(libc_version, &major, &minor) || major != (glibc ? 2U : 1U))
		return smith_throw(error, SMITH_ERROR_UNSUPPORTED,
				   "'%s' is not a version of %s, expected %s", libc_version,
				   glibc ? "glibc" : "musl", glibc ? "2.N" : "1.N");
	if (glibc && g_strv_contains(manylinux, machine))
		add_manylinux(set->platforms, minor, machine);
	for (guint i = minor + 1; !glibc && i-- > 0;)
		g_ptr_array_add(set->platforms, g_strdup_printf("musllinux_1_%u_%s", i, machine));
	g_ptr_array_add(set->platforms, g_strdup_printf("linux_%s", machine));
	return TRUE;
}

static bool machine_is_valid(const char *machine)
{
	gsize length = strspn(machine, "abcdefghijklmnopqrstuvwxyz0123456789_");
	return length > 0 && length <= 32 && machine[length] == '\0';
}

SmithTagSet *smith_tags_for_cpython(const char *python_version, SmithLibc libc,
				    const char *libc_version, const char *machine, GError **error)
{
	guint major = 0, minor = 0;
	if (!read_version(python_version, &major, &minor) || major != 3) {
		smith_throw(error, SMITH_ERROR_UNSUPPORTED,
			    "'%s' is not a version of Python that we know, expected 3.N",
			    python_version);
		return NULL;
	}
	if (!machine_is_valid(machine)) {
		smith_throw(error, SMITH_ERROR_INVALID, "'%s' is not the name of a machine",
			    machine);
		return NULL;
	}
	g_autoptr(SmithTagSet) set = g_new0(SmithTagSet, 1);
	set->native = g_array_new(FALSE, FALSE, sizeof(Pair));
	set->any = g_array_new(FALSE, FALSE, sizeof(Pair));
	g_array_set_clear_func(set->native, pair_clear);
	g_array_set_clear_func(set->any, pair_clear);
	set->platforms = g_ptr_array_new_with_free_func(g_free);
	if (!add_platforms(set, libc, libc_version, machine, error))
		return NULL;
	add_pairs(set, minor);
	return g_steal_pointer(&set);
}

void smith_tags_free(SmithTagSet *set)
{
	if (set == NULL)
		return;
	g_array_unref(set->native);
	g_array_unref(set->any);
	g_ptr_array_unref(set->platforms);
	g_free(set);
}

/* TRUE if the dotted list @compressed holds @tag, ignoring case. */
static bool list_contains(const char *compressed, const char *tag)
{
	gsize length = strlen(tag);
	for (const char *at = compressed;; at++) {
		gsize item = strcspn(at, ".");
		if (item == length && g_ascii_strncasecmp(at, tag, length) == 0)
			return true;
		at += item;
		if (*at == '\0')
			return false;
	}
}

/* The first pair that the two lists admit, or -1. */
static int find_pair(const GArray *pairs, const char *python, const char *abi)
{
	for (guint i = 0; i < pairs->len; i++) {
		const Pair *pair = &g_array_index(pairs, Pair, i);
		if (list_contains(python, pair->python) && list_contains(abi, pair->abi))
			return (int)i;
	}
	return -1;
}

int smith_tags_rank(const SmithTagSet *set, const char *python, const char *abi,
		    const char *platform)
{
	int pair = find_pair(set->native, python, abi);
	for (guint i = 0; pair >= 0 && i < set->platforms->len; i++)
		if (list_contains(platform, g_ptr_array_index(set->platforms, i)))
			return pair * (int)set->platforms->len + (int)i;
	pair = list_contains(platform, "any") ? find_pair(set->any, python, abi) : -1;
	return pair < 0 ? -1 : (int)(set->native->len * set->platforms->len) + pair;
}

guint smith_tags_count(const SmithTagSet *set)
{
	return set->native->len * set->platforms->len + set->any->len;
}

char *smith_tags_get(const SmithTagSet *set, guint rank)
{
	g_return_val_if_fail(rank < smith_tags_count(set), NULL);
	guint native = set->native->len * set->platforms->len;
	bool any = rank >= native;
	guint index = any ? rank - native : rank / set->platforms->len;
	const Pair *pair = &g_array_index(any ? set->any : set->native, Pair, index);
	const char *platform =
		any ? "any" : g_ptr_array_index(set->platforms, rank % set->platforms->len);
	return g_strdup_printf("%s-%s-%s", pair->python, pair->abi, platform);
}
