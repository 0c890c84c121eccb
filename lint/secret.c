/* SPDX-License-Identifier: Apache-2.0 */
#include "lint/secret.h"

#include <string.h>

#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define DIGITS "0123456789"
#define PRIVATE_KEY "PRIVATE KEY-----"

/* @prefix, then at least @length characters of @characters. */
typedef struct {
	const char *prefix;
	const char *characters;
	gsize length;
	const char *what;
} Shape;

static const Shape shapes[] = {
	{"AKIA", UPPER DIGITS, 16, "an access key of AWS"},
	{"ASIA", UPPER DIGITS, 16, "an access key of AWS"},
	{"ghp_", UPPER LOWER DIGITS, 36, "a token of GitHub"},
	{"gho_", UPPER LOWER DIGITS, 36, "a token of GitHub"},
	{"ghs_", UPPER LOWER DIGITS, 36, "a token of GitHub"},
	{"github_pat_", UPPER LOWER DIGITS "_", 40, "a token of GitHub"},
	{"glpat-", UPPER LOWER DIGITS "_-", 20, "a token of GitLab"},
	{"xoxb-", UPPER LOWER DIGITS "-", 20, "a token of Slack"},
	{"xoxp-", UPPER LOWER DIGITS "-", 20, "a token of Slack"},
	{"npm_", UPPER LOWER DIGITS, 36, "a token of npm"},
	{"hf_", UPPER LOWER DIGITS, 30, "a token of Hugging Face"},
	{"sk-ant-", UPPER LOWER DIGITS "_-", 32, "a key of Anthropic"},
	{"sk-proj-", UPPER LOWER DIGITS "_-", 32, "a key of OpenAI"},
	{"sk-", UPPER LOWER DIGITS, 40, "a key of OpenAI"},
	{"AIza", UPPER LOWER DIGITS "_-", 35, "a key of Google"},
	{"pypi-AgEIcHlwaS5vcmc", UPPER LOWER DIGITS "_-", 32, "a token of PyPI"},
};

static const struct {
	const char *name;
	const char *what;
} files[] = {
	{".env", "values of an environment"},
	{".netrc", "passwords of hosts"},
	{".npmrc", "a token of npm"},
	{".pgpass", "passwords of databases"},
	{".pypirc", "a password of PyPI"},
	{"id_dsa", "an SSH key"},
	{"id_ecdsa", "an SSH key"},
	{"id_ed25519", "an SSH key"},
	{"id_rsa", "an SSH key"},
	{"credentials.json", "an account's key"},
};

static bool is_word(char c)
{
	return g_ascii_isalnum(c) || c == '_';
}

static gsize run_of(const char *at, const char *end, const char *characters)
{
	const char *p = at;
	while (p < end && *p != '\0' && strchr(characters, *p) != NULL)
		p++;
	return (gsize)(p - at);
}

/* Not all of a run: "aaaa" and "xxxx" stand for one in examples. */
static bool is_varied(const char *at, gsize length)
{
	guint kinds = 0;
	bool seen[256] = {false};
	for (gsize i = 0; i < length; i++) {
		kinds += !seen[(guchar)at[i]];
		seen[(guchar)at[i]] = true;
	}
	return kinds >= 8;
}

/* More characters than that are not looked at. */
#define RUN_MAX 256

static const Shape *shape_at(const char *at, const char *end)
{
	for (guint i = 0; i < G_N_ELEMENTS(shapes); i++) {
		const Shape *shape = &shapes[i];
		gsize left = (gsize)(end - at);
		if (left < 2 || at[0] != shape->prefix[0] || at[1] != shape->prefix[1])
			continue;
		gsize prefix = strlen(shape->prefix);
		if (left < prefix || memcmp(at, shape->prefix, prefix) != 0)
			continue;
		gsize run = run_of(at + prefix, at + MIN(left, RUN_MAX), shape->characters);
		if (run >= shape->length && is_varied(at + prefix, run))
			return shape;
	}
	return NULL;
}

/* What a byte may be, looked up for every byte of every file. */
enum { OTHER = 0, WORD = 1, BEGIN = 2 };

static const guint8 *byte_kinds(void)
{
	static guint8 kinds[256];
	static gsize made;
	if (g_once_init_enter(&made)) {
		for (guint c = 0; c < 256; c++)
			kinds[c] = is_word((char)c) ? WORD : OTHER;
		for (guint i = 0; i < G_N_ELEMENTS(shapes); i++)
			kinds[(guchar)*shapes[i].prefix] |= BEGIN;
		g_once_init_leave(&made, 1);
	}
	return kinds;
}

/* The first word that has one of the shapes. */
static const char *find_shape(const char *text, gsize length, const Shape **shape)
{
	const guint8 *kinds = byte_kinds();
	guint before = OTHER;
	for (const char *at = text; at < text + length; at++) {
		guint kind = kinds[(guchar)*at];
		if (kind & BEGIN && !(before & WORD)) {
			*shape = shape_at(at, text + length);
			if (*shape != NULL)
				return at;
		}
		before = kind;
	}
	return NULL;
}

/* "-----BEGIN ... PRIVATE KEY-----" on one line, with something like a key behind it. */
static const char *find_private_key(const char *text, gsize length)
{
	const char *end = text + length;
	for (const char *at = text; at < end; at++) {
		at = memmem(at, (gsize)(end - at), "-----BEGIN ", 11);
		if (at == NULL)
			return NULL;
		gsize kind = run_of(at + 11, end, UPPER DIGITS " ");
		const char *behind = at + 11 + kind;
		if (kind >= 11 && (gsize)(end - behind) > 5 &&
		    memcmp(behind - 11, PRIVATE_KEY, strlen(PRIVATE_KEY)) == 0) {
			const char *key = behind + 5;
			while (key < end && (*key == '\r' || *key == '\n' || *key == '\\' ||
					     *key == 'n' || *key == ' '))
				key++;
			if (run_of(key, end, UPPER LOWER DIGITS "+/=-:") >= 16)
				return at;
		}
		at = behind - 1;
	}
	return NULL;
}

bool smith_secret_find(const char *text, gsize length, SmithSecretHit *hit)
{
	const char *first = find_private_key(text, length);
	hit->what = "a private key";
	const Shape *shape;
	const char *found =
		find_shape(text, first != NULL ? (gsize)(first - text) : length, &shape);
	if (found != NULL) {
		first = found;
		hit->what = shape->what;
	}
	hit->offset = first != NULL ? (gsize)(first - text) : 0;
	return first != NULL;
}

const char *smith_secret_file(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash != NULL ? slash + 1 : path;
	for (guint i = 0; i < G_N_ELEMENTS(files); i++)
		if (strcmp(files[i].name, name) == 0)
			return files[i].what;
	if (g_str_has_suffix(name, ".p12") || g_str_has_suffix(name, ".pfx") ||
	    g_str_has_suffix(name, ".key") || g_str_has_suffix(name, ".key_secret"))
		return "a private key";
	return NULL;
}

static bool ends_in(const char *name, const char *word)
{
	gsize length = strlen(name), tail = strlen(word);
	if (length < tail || g_ascii_strcasecmp(name + length - tail, word) != 0)
		return false;
	return length == tail || !g_ascii_isalnum(name[length - tail - 1]);
}

bool smith_secret_variable(const char *name, const char *value)
{
	static const char *const words[] = {
		"TOKEN",       "PASSWORD",    "PASSWD",	    "PASS",	     "SECRET",
		"API_KEY",     "APIKEY",      "ACCESS_KEY", "AUTH_KEY",	     "SECRET_KEY",
		"PRIVATE_KEY", "CREDENTIALS", "PAT",	    "ENCRYPTION_KEY"};
	static const char *const nothing[] = {"none",  "null",	"true", "false",  "dummy",
					      "empty", "unset", "test", "no-key", NULL};
	bool is_named = false;
	for (guint i = 0; i < G_N_ELEMENTS(words) && !is_named; i++)
		is_named = ends_in(name, words[i]);
	if (!is_named || *value == '\0' || *value == '/' || *value == '<' ||
	    strstr(value, "${") != NULL)
		return false;
	if (value[strspn(value, DIGITS "xX*.-")] == '\0')
		return false;
	g_autofree char *lower = g_ascii_strdown(value, -1);
	return !g_strv_contains(nothing, lower);
}
