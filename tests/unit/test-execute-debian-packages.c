/* SPDX-License-Identifier: Apache-2.0 */
#include "execute/debian-packages.h"

#include <string.h>

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define APT "apt 1\n"

/*
 * An index in short: a package is a line "NAME VERSION", with "!" before it when it is required,
 * and lines of fields below it that begin with a letter for the field.
 */
static void add_line(GString *text, const char *line)
{
	static const struct {
		char letter;
		const char *field;
	} fields[] = {{'d', "Depends"}, {'r', "Pre-Depends"}, {'c', "Conflicts"},
		      {'b', "Breaks"},	{'p', "Provides"},    {'e', "Essential"}};
	if (g_str_has_prefix(line, "  ")) {
		for (guint i = 0; i < G_N_ELEMENTS(fields); i++)
			if (fields[i].letter == line[2])
				g_string_append_printf(text, "%s: %s\n", fields[i].field, line + 4);
		return;
	}
	bool required = *line == '!';
	g_auto(GStrv) words = g_strsplit(line + required, " ", 2);
	g_string_append_printf(text,
			       "\nPackage: %s\nVersion: %s\nArchitecture: all\nPriority: %s\n"
			       "Filename: pool/%s.deb\nSize: 1\nSHA256: " HEX
			       "\nDescription: x\n Depends: nothing\n",
			       words[0], words[1], required ? "required" : "optional", words[0]);
}

static void read_index(SmithDebianPackages *packages, const char *index)
{
	g_autoptr(GString) text = g_string_new(NULL);
	g_auto(GStrv) lines = g_strsplit(index, "\n", -1);
	for (char **line = lines; *line != NULL; line++)
		if (**line != '\0')
			add_line(text, *line);
	smith_debian_packages_read(packages, text->str);
}

/* What is chosen of @index for @words, or why nothing is. */
static void check(const char *index, const char *words, const char *expected)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(SmithDebianPackages) packages = smith_debian_packages_new();
	g_auto(GStrv) list = g_strsplit(words, " ", -1);
	g_auto(GStrv) files = g_strsplit(index, "---\n", -1);
	for (char **file = files; *file != NULL; file++)
		read_index(packages, *file);
	g_autoptr(GPtrArray) debs = smith_debian_packages_choose(packages, "http://h",
								 (const char *const *)list, &error);
	g_autoptr(GString) found = g_string_new(debs == NULL ? error->message : NULL);
	for (guint i = 0; debs != NULL && i < debs->len; i++) {
		const SmithDeb *deb = debs->pdata[i];
		g_autofree char *url = g_strdup_printf("http://h/pool/%s.deb", deb->name);
		g_assert_cmpstr(deb->url, ==, url);
		g_string_append_printf(found, "%s%s=%s", i > 0 ? " " : "", deb->name, deb->version);
	}
	g_assert_cmpstr(found->str, ==, expected);
}

static void test_closure(void)
{
	check(APT
	      "!base 1\n  d libc\nlibc 2\nessential 1\n  e yes\nextra 1\n  d more, libc\nmore 1\n"
	      "none 1\n",
	      "extra", "apt=1 base=1 essential=1 extra=1 libc=2 more=1");
	check(APT "a 1\n  r b\n  d c:any (>= 1), d [amd64]\nb 1\nc 1\nd 1\n", "a",
	      "a=1 apt=1 b=1 c=1 d=1");
	check(APT "a 1\n  d gone\n", "a", "package 'a' depends on 'gone', which the archive lacks");
	check(APT "nginx 1\n", "nginy",
	      "no package 'nginy' in the archive (did you mean 'nginx'?)");
	check(APT "a 1\n", "a=1",
	      "'a=1': packages of a base are names alone; 'apt' takes versions");
	check("a 1\n", "a", "no package 'apt' in the archive");
}

static void test_versions(void)
{
	check(APT "a 1\n  d b (>= 2), c (<< 2~)\nb 2\nc 1.9\n", "a", "a=1 apt=1 b=2 c=1.9");
	check(APT "a 1\n  d b (>= 2)\nb 2~rc1\n", "a",
	      "package 'a' depends on 'b (>= 2)', which the archive lacks");
	check(APT "a 1\n  d b (>= 2) | c\nb 1\nc 1\n", "a", "a=1 apt=1 c=1");
	check(APT "a 1\n  d b (= 1:2-1)\nb 1:2-1\n", "a", "a=1 apt=1 b=1:2-1");
	/* of two indexes the newer version counts, whichever comes first */
	check(APT "a 1\n  d b (>= 2)\nb 2\n---\nb 1.5\n", "a", "a=1 apt=1 b=2");
	check(APT "!b 1\n  d old\nold 1\n---\n!b 2\n  d new\nnew 1\n", "apt", "apt=1 b=2 new=1");
}

static void test_provides(void)
{
	check(APT "a 1\n  d mta\nexim 1\n  p mta\npostfix 1\n  p mta\n", "a", "a=1 apt=1 exim=1");
	check(APT "a 1\n  d mta\nexim 1\n  p mta\npostfix 1\n  p mta\n", "a postfix",
	      "a=1 apt=1 postfix=1");
	check(APT "a 1\n  d awk\nmawk 1\n  p awk\n!gawk 1\n  p awk\n", "a", "a=1 apt=1 gawk=1");
	/* without a version it satisfies none; with one the right one */
	check(APT "a 1\n  d v (>= 2)\nx 1\n  p v\ny 1\n  p v (= 1)\nz 1\n  p w, v (= 2)\n", "a",
	      "a=1 apt=1 z=1");
	check(APT "a 1\n  d v (>= 2)\nx 9\n  p v\n", "a",
	      "package 'a' depends on 'v (>= 2)', which the archive lacks");
	/* a package of the name comes before who provides it, but for its version */
	check(APT "a 1\n  d v\nx 1\n  p v\nv 1\n", "a", "a=1 apt=1 v=1");
	check(APT "a 1\n  d v (>= 2)\nx 1\n  p v (= 2)\nv 1\n", "a", "a=1 apt=1 x=1");
	/* what an older package provides is gone with it */
	check(APT "a 1\n  d v\nx 1\n  p v\n---\nx 2\n", "a",
	      "package 'a' depends on 'v', which the archive lacks");
}

static void test_conflicts(void)
{
	check(APT "a 1\nb 1\n  c a\n", "a b",
	      "package 'a' 1 and 'b' 1 cannot be installed together");
	check(APT "a 1\n  b b (<< 2)\nb 1\n", "a b",
	      "package 'a' 1 and 'b' 1 cannot be installed together");
	check(APT "a 1\n  b b (<< 2)\nb 2\n", "a b", "a=1 apt=1 b=2");
	/* the second alternative gets on with what is there, whoever it is that says so */
	check(APT "a 1\n  d x | y\nb 1\n  c x\nx 1\ny 1\n", "a b", "a=1 apt=1 b=1 y=1");
	check(APT "a 1\n  d x | y\nb 1\nx 1\n  c b\ny 1\n", "a b", "a=1 apt=1 b=1 y=1");
	check(APT "a 1\n  d x\nb 1\n  c x\nx 1\n", "a b",
	      "package 'a': package 'b' 1 and 'x' 1 cannot be installed together");
	/* one mail server: what provides it conflicts with all others, not with itself */
	check(APT "a 1\n  d mta\nexim 1\n  p mta\n  c mta\n", "a", "a=1 apt=1 exim=1");
	check(APT "exim 1\n  p mta\n  c mta\npostfix 1\n  p mta\n  c mta\n", "exim postfix",
	      "package 'exim' 1 and 'postfix' 1 cannot be installed together");
	/* a version that is not provided is broken by none */
	check(APT "a 1\n  b v (<< 2)\nx 1\n  p v\n", "a x", "a=1 apt=1 x=1");
}

/* What no archive has, read to its end. */
static void test_damaged(void)
{
	static const char *const texts[] = {
		"",
		"\n\n",
		":",
		"Package",
		"Package: a",
		"Package: a\nVersion: 1\nDepends: (, |,,(>=), b (>= \n",
		"Package: apt\nVersion: 1\nDepends: |||, ((((\nProvides: (= 1), , x (=\n"};
	const char *const words[] = {"x", NULL};
	for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(SmithDebianPackages) packages = smith_debian_packages_new();
		g_autofree char *text = g_strdup(texts[i]);
		smith_debian_packages_read(packages, text);
		g_autoptr(GPtrArray) debs =
			smith_debian_packages_choose(packages, "m", words, &error);
		g_assert_null(debs);
		g_assert_nonnull(error);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/execute/debian-packages/closure", test_closure);
	g_test_add_func("/execute/debian-packages/versions", test_versions);
	g_test_add_func("/execute/debian-packages/provides", test_provides);
	g_test_add_func("/execute/debian-packages/conflicts", test_conflicts);
	g_test_add_func("/execute/debian-packages/damaged", test_damaged);
	return g_test_run();
}
