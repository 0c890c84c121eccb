/* SPDX-License-Identifier: Apache-2.0 */
#include "python/index.h"

#include <string.h>

#include "base/error.h"

#define HASH "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define HTML "text/html; charset=UTF-8"
#define JSON "application/vnd.pypi.simple.v1+json"

static GPtrArray *parse(const char *page, const char *type, const char *base, GError **error)
{
	g_autoptr(GBytes) bytes = g_bytes_new(page, strlen(page));
	return smith_index_page_parse(bytes, type, base, error);
}

static GPtrArray *parse_html(const char *page)
{
	g_autoptr(GError) error = NULL;
	GPtrArray *files = parse(page, HTML, "https://pypi.org/simple/demo/", &error);
	g_assert_no_error(error);
	return files;
}

static const SmithIndexFile *file_at(const GPtrArray *files, guint i)
{
	g_assert_cmpuint(i, <, files->len);
	return g_ptr_array_index(files, i);
}

static void test_html(void)
{
	g_autoptr(GPtrArray) files = parse_html(
		"<!DOCTYPE html><html><head><meta name=\"pypi:repository-version\" content=\"1.1\">"
		"<title>Links > for demo</title></head><body><h1>Links</h1>\n"
		"<!-- <a href=\"hidden-1.0.tar.gz\">x</a> -->"
		"<script>document.write('<a href=\"script-1.0.tar.gz\">')</script>"
		"<a href=\"https://files.example/p/demo-1.0-py3-none-any.whl#sha256=" HASH "\" "
		"data-requires-python=\"&gt;=3.8,&#60;4\" data-core-metadata=\"sha256=" HASH "\" "
		">demo-1.0-py3-none-any.whl</a><br/>\n"
		"<A HREF='../../f/demo-1.0%2Bcpu.tar.gz' data-yanked='bad &amp; broken' x=y/>\n"
		"<a data-yanked "
		"href=demo-0.9.zip#md5=900150983cd24fb0d6963f7d28e17f72>zip</a></body>");
	g_assert_cmpuint(files->len, ==, 3);
	const SmithIndexFile *wheel = file_at(files, 0);
	g_assert_cmpstr(wheel->file_name, ==, "demo-1.0-py3-none-any.whl");
	g_assert_cmpstr(wheel->url, ==, "https://files.example/p/demo-1.0-py3-none-any.whl");
	g_assert_cmpstr(wheel->sha256, ==, HASH);
	g_assert_cmpint(wheel->size, ==, -1);
	g_assert_cmpstr(wheel->requires_python, ==, ">=3.8,<4");
	g_assert_true(wheel->has_metadata);
	g_assert_cmpstr(wheel->metadata_sha256, ==, HASH);
	g_assert_false(wheel->yanked);
	const SmithIndexFile *sdist = file_at(files, 1);
	g_assert_cmpstr(sdist->file_name, ==, "demo-1.0+cpu.tar.gz");
	g_assert_cmpstr(sdist->url, ==, "https://pypi.org/f/demo-1.0%2Bcpu.tar.gz");
	g_assert_true(sdist->yanked);
	g_assert_cmpstr(sdist->yanked_reason, ==, "bad & broken");
	const SmithIndexFile *zip = file_at(files, 2);
	g_assert_cmpstr(zip->url, ==, "https://pypi.org/simple/demo/demo-0.9.zip");
	g_assert_null(zip->sha256);
	g_assert_true(zip->yanked);
	g_assert_null(zip->yanked_reason);
}

static void test_base(void)
{
	g_autoptr(GPtrArray) files =
		parse_html("<base href=\"/pkgs/\"><base href=\"/no/\"><a href=\"a-1.zip\">");
	g_assert_cmpstr(file_at(files, 0)->url, ==, "https://pypi.org/pkgs/a-1.zip");
	g_autoptr(GPtrArray) local =
		parse("<a href=\"a-1.zip\">", NULL, "file:///srv/wheels/", NULL);
	g_assert_cmpstr(file_at(local, 0)->url, ==, "file:///srv/wheels/a-1.zip");
}

/* Links that lead to no file are left out. */
static void test_no_files(void)
{
	g_autoptr(GPtrArray) files = parse_html(
		"<a href=\"../\">up</a><a href=\"?C=N;O=D\">Name</a><a name=x><a href=\"\">"
		"<a href=\"javascript:alert(1)\"><a href=\"ftp://h/a.whl\"><a href=\"..%2f..%2fx\">"
		"<a href=\"%00x\"><a href=\"a%0ab.whl\"><a href=\"http://[bad/x.whl\"><a "
		"href=\"..\">"
		"<a href=\"%ff%fe.whl\"><a href=\"data:text/html,x.whl\">"
		"<a href=\"https://host;path/a.whl\"><a href=\"https:/.//a.whl\">");
	g_assert_cmpuint(files->len, ==, 0);
}

static void test_json(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) files = parse(
		"{\"meta\": {\"api-version\": \"1.1\"}, \"name\": \"demo\", \"files\": ["
		"{\"filename\": \"demo-1.0-py3-none-any.whl\", \"url\": \"../demo.whl\", \"size\": "
		"12,"
		" \"hashes\": {\"sha256\": \"" HASH "\"}, \"requires-python\": \">=3.8\","
		" \"yanked\": false, \"core-metadata\": {\"sha256\": \"" HASH "\"}},"
		"{\"filename\": \"demo-0.9.zip\", \"url\": \"https://f.example/demo-0.9.zip\","
		" \"hashes\": {}, \"yanked\": \"broken\", \"requires-python\": null},"
		"{\"filename\": \"demo-0.8.zip\", \"url\": \"demo-0.8.zip\", \"hashes\": "
		"{\"sha256\": 5},"
		" \"yanked\": true, \"dist-info-metadata\": true, \"size\": -7},"
		"{\"filename\": \"../evil.whl\", \"url\": \"evil.whl\"}, {\"filename\": \"x\"}, "
		"5]}",
		JSON, "https://pypi.org/simple/demo/", &error);
	g_assert_no_error(error);
	g_assert_cmpuint(files->len, ==, 3);
	const SmithIndexFile *wheel = file_at(files, 0);
	g_assert_cmpstr(wheel->file_name, ==, "demo-1.0-py3-none-any.whl");
	g_assert_cmpstr(wheel->url, ==, "https://pypi.org/simple/demo.whl");
	g_assert_cmpstr(wheel->sha256, ==, HASH);
	g_assert_cmpint(wheel->size, ==, 12);
	g_assert_cmpstr(wheel->requires_python, ==, ">=3.8");
	g_assert_cmpstr(wheel->metadata_sha256, ==, HASH);
	g_assert_false(wheel->yanked);
	g_assert_true(file_at(files, 1)->yanked);
	g_assert_cmpstr(file_at(files, 1)->yanked_reason, ==, "broken");
	g_assert_true(file_at(files, 2)->yanked);
	g_assert_true(file_at(files, 2)->has_metadata);
	g_assert_null(file_at(files, 2)->sha256);
	g_assert_cmpint(file_at(files, 2)->size, ==, -1);
}

static void test_refused(void)
{
	static const struct {
		const char *page, *type;
		int code;
	} rows[] = {
		{"", "text/plain", SMITH_ERROR_UNSUPPORTED},
		{"{}", "application/vnd.pypi.simple.v2+json", SMITH_ERROR_UNSUPPORTED},
		{"<meta name='pypi:repository-version' content='2.0'>", HTML,
		 SMITH_ERROR_UNSUPPORTED},
		{"{\"meta\": {\"api-version\": \"2.0\"}, \"files\": []}", JSON,
		 SMITH_ERROR_UNSUPPORTED},
		{"{\"files\": []}", JSON, SMITH_ERROR_INVALID},
		{"{\"meta\": {\"api-version\": \"1.0\"}}", JSON, SMITH_ERROR_INVALID},
		{"{\"meta\": ", JSON, SMITH_ERROR_INVALID},
		{"[]", JSON, SMITH_ERROR_INVALID},
		{"", JSON, SMITH_ERROR_INVALID},
	};
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = NULL;
		g_test_message("%s", rows[i].page);
		g_assert_null(parse(rows[i].page, rows[i].type, "https://h/", &error));
		g_assert_error(error, SMITH_ERROR, rows[i].code);
	}
	g_autoptr(GError) error = NULL;
	g_assert_null(parse("", HTML, "no url", &error));
	g_assert_nonnull(error);
}

static void test_limit(void)
{
	g_autoptr(GString) page = g_string_new(NULL);
	for (guint i = 0; i <= SMITH_INDEX_MAX_LINKS; i++)
		g_string_append(page, "<a href=x>");
	g_autoptr(GError) error = NULL;
	g_assert_null(parse(page->str, HTML, "https://h/", &error));
	g_assert_error(error, SMITH_ERROR, SMITH_ERROR_LIMIT);
}

/* What is not closed ends the page, in time that grows with its length only. */
static void test_unclosed(void)
{
	static const char *const pieces[] = {"<a href=\"x", "<!--",	 "<script>",  "<a ",
					     "<",	    "</",	 "<a href='", "&#x",
					     "<a =/=",	    "<script></"};
	for (gsize i = 0; i < G_N_ELEMENTS(pieces); i++) {
		g_autoptr(GString) page = g_string_new(NULL);
		while (page->len < 200000)
			g_string_append(page, pieces[i]);
		g_autoptr(GPtrArray) files = parse_html(page->str);
		g_assert_nonnull(files);
	}
}

static void test_garbage(void)
{
	static const char *const pieces[] = {
		"<",   ">",	"a",	       " ",	   "href",    "=",	  "\"",	     "'",
		"/",   "x.whl", "&",	       ";",	   "#",	      "amp",	  "sha256=", "<!--",
		"-->", "<a ",	"<base ",      "<meta ",   "<script", "</script", "\xff",    "%2f",
		"?",   "!",	"data-yanked", "https://", ":",	      "[",	  "\n"};
	g_autoptr(GRand) rng = g_rand_new_with_seed(20);
	for (guint i = 0; i < 20000; i++) {
		g_autoptr(GString) page = g_string_new(NULL);
		for (gint n = g_rand_int_range(rng, 0, 40); n > 0; n--)
			g_string_append(page,
					pieces[g_rand_int_range(rng, 0, G_N_ELEMENTS(pieces))]);
		g_autoptr(GError) error = NULL;
		g_autoptr(GPtrArray) files = parse(page->str, HTML, "https://h/s/", &error);
		g_assert_true((files == NULL) == (error != NULL));
		for (guint k = 0; files != NULL && k < files->len; k++) {
			const SmithIndexFile *file = file_at(files, k);
			g_assert_null(strchr(file->file_name, '/'));
			g_assert_true(g_utf8_validate(file->file_name, -1, NULL));
		}
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/python/index/html", test_html);
	g_test_add_func("/python/index/base", test_base);
	g_test_add_func("/python/index/no-files", test_no_files);
	g_test_add_func("/python/index/json", test_json);
	g_test_add_func("/python/index/refused", test_refused);
	g_test_add_func("/python/index/limit", test_limit);
	g_test_add_func("/python/index/unclosed", test_unclosed);
	g_test_add_func("/python/index/garbage", test_garbage);
	return g_test_run();
}
