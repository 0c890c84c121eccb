/* SPDX-License-Identifier: Apache-2.0 */
#include "layers/ignore.h"

#include <gio/gio.h>
#include <string.h>

#include "base/error.h"
#include "base/fd.h"

#define MAX_FILE (1024 * 1024)
#define MAX_LINE 4096
#define MAX_PATH 4096
#define BLANKS " \t\v\f\r\n"

typedef enum {
	TOKEN_TEXT,	 /* these bytes */
	TOKEN_CHARACTER, /* ? */
	TOKEN_CLASS,	 /* [...] */
	TOKEN_STAR,	 /* * */
	TOKEN_DEEP,	 /* ** in front of something: nothing, or all up to some slash */
	TOKEN_REST,	 /* ** at the end */
} TokenKind;

typedef struct {
	TokenKind kind;
	char *text;	 /* TEXT */
	GArray *ranges;	 /* CLASS: pairs of gunichar */
	bool complement; /* CLASS */
} Token;

struct SmithIgnore {
	GPtrArray *rules; /* (element-type SmithIgnoreRule*) */
	bool exceptions;
};

static void token_clear(gpointer data)
{
	Token *token = data;
	g_free(token->text);
	g_clear_pointer(&token->ranges, g_array_unref);
}

static void rule_free(gpointer data)
{
	SmithIgnoreRule *rule = data;
	g_free(rule->text);
	g_free(rule->pattern);
	g_clear_pointer(&rule->tokens, g_array_unref);
	g_free(rule);
}

/* filepath.Clean() of Go: resolves ".", ".." and repeated slashes by their text alone. */
static char *clean(const char *pattern)
{
	bool rooted = pattern[0] == '/';
	g_auto(GStrv) parts = g_strsplit(pattern, "/", -1);
	g_autoptr(GPtrArray) kept = g_ptr_array_new();
	for (guint i = 0; parts[i] != NULL; i++) {
		const char *last = kept->len > 0 ? kept->pdata[kept->len - 1] : NULL;
		if (parts[i][0] == '\0' || strcmp(parts[i], ".") == 0)
			continue;
		if (strcmp(parts[i], "..") != 0)
			g_ptr_array_add(kept, parts[i]);
		else if (last != NULL && strcmp(last, "..") != 0)
			g_ptr_array_set_size(kept, (int)kept->len - 1);
		else if (!rooted)
			g_ptr_array_add(kept, parts[i]);
	}
	g_ptr_array_add(kept, NULL);
	g_autofree char *joined = g_strjoinv("/", (char **)kept->pdata);
	if (rooted)
		return g_strconcat("/", joined, NULL);
	return g_strdup(joined[0] != '\0' ? joined : ".");
}

/* One character of a path or pattern: a code point, or a byte where there is no UTF-8. */
static gunichar next_character(const char **p, const char *end)
{
	gunichar c = g_utf8_get_char_validated(*p, end - *p);
	if (c == (gunichar)-1 || c == (gunichar)-2) {
		c = 0x110000 + (guint8) * *p;
		(*p)++;
	} else {
		*p = g_utf8_next_char(*p);
	}
	return c;
}

/* One end of a range. FALSE when there is none, as in "[]" or "[-a]" (Go's getEsc()). */
static bool class_character(const char **p, const char *end, gunichar *out)
{
	if (*p == end || **p == ']' || **p == '-')
		return false;
	if (**p == '\\' && ++*p == end)
		return false;
	*out = next_character(p, end);
	return true;
}

static bool parse_class(const char **p, const char *end, Token *token)
{
	token->kind = TOKEN_CLASS;
	token->ranges = g_array_new(FALSE, FALSE, sizeof(gunichar));
	if (*p < end && **p == '^') {
		token->complement = true;
		(*p)++;
	}
	for (bool first = true; first || *p == end || **p != ']'; first = false) {
		gunichar range[2];
		if (!class_character(p, end, &range[0]))
			return false;
		range[1] = range[0];
		if (*p < end && **p == '-') {
			(*p)++;
			if (!class_character(p, end, &range[1]))
				return false;
		}
		g_array_append_vals(token->ranges, range, 2);
	}
	(*p)++;
	return true;
}

static void flush_text(GArray *tokens, GString *text)
{
	if (text->len == 0)
		return;
	Token token = {.kind = TOKEN_TEXT, .text = g_strdup(text->str)};
	g_array_append_val(tokens, token);
	g_string_truncate(text, 0);
}

/* After the first star. */
static Token parse_star(const char **p, const char *end)
{
	if (*p == end || **p != '*')
		return (Token){.kind = TOKEN_STAR};
	(*p)++;
	if (*p < end && **p == '/')
		(*p)++;
	return (Token){.kind = *p == end ? TOKEN_REST : TOKEN_DEEP};
}

/* FALSE when the pattern is malformed. */
static bool compile(SmithIgnoreRule *rule)
{
	const char *p = rule->pattern, *end = p + strlen(p);
	g_autoptr(GString) text = g_string_new(NULL);
	rule->tokens = g_array_new(FALSE, FALSE, sizeof(Token));
	g_array_set_clear_func(rule->tokens, token_clear);
	while (p < end) {
		char c = *p++;
		Token token = {.kind = TOKEN_CHARACTER};
		if (c == '\\') {
			if (p == end)
				return false;
			g_string_append_c(text, *p++);
			continue;
		}
		if (c != '*' && c != '?' && c != '[') {
			g_string_append_c(text, c);
			continue;
		}
		flush_text(rule->tokens, text);
		if (c == '*')
			token = parse_star(&p, end);
		bool good = c != '[' || parse_class(&p, end, &token);
		g_array_append_val(rule->tokens, token);
		if (!good)
			return false;
	}
	flush_text(rule->tokens, text);
	/* patternmatcher's shortcut, which lets "**x" match "dir/yx": only without other wildcards
	 */
	rule->by_suffix = rule->tokens->len == 2 && strchr(rule->pattern, '\\') == NULL &&
			  g_array_index(rule->tokens, Token, 0).kind == TOKEN_DEEP &&
			  g_array_index(rule->tokens, Token, 1).kind == TOKEN_TEXT &&
			  rule->pattern[2] != '/';
	return true;
}

static bool class_matches(const Token *token, gunichar c)
{
	const gunichar *ranges = (const gunichar *)(void *)token->ranges->data;
	for (guint i = 0; i < token->ranges->len; i += 2)
		if (ranges[i] <= c && c <= ranges[i + 1])
			return !token->complement;
	return token->complement;
}

/* All places where a match can stand, ascending and without repetition; a token maps one such set
 * to the next. No pattern can make this slower than tokens times length. */
typedef struct {
	guint16 at[MAX_PATH + 1];
	guint n;
} Places;

static void step_one(Places *places, const Token *token, const char *path, gsize length)
{
	gsize text_length = token->kind == TOKEN_TEXT ? strlen(token->text) : 0;
	guint kept = 0;
	for (guint i = 0; i < places->n; i++) {
		const char *p = path + places->at[i], *end = path + length;
		if (token->kind == TOKEN_TEXT) {
			if ((gsize)(end - p) < text_length ||
			    memcmp(p, token->text, text_length) != 0)
				continue;
			p += text_length;
		} else {
			if (p == end || (token->kind == TOKEN_CHARACTER && *p == '/'))
				continue;
			gunichar c = next_character(&p, end);
			if (token->kind == TOKEN_CLASS && !class_matches(token, c))
				continue;
		}
		places->at[kept++] = (guint16)(p - path);
	}
	places->n = kept;
}

/* "*" reaches every place up to the next slash; "**" its own place and those behind a slash. */
static void step_wild(const Places *from, Places *to, TokenKind kind, const char *path,
		      gsize length)
{
	bool reached = false;
	guint i = 0;
	to->n = 0;
	for (gsize at = from->n > 0 ? from->at[0] : length + 1; at <= length; at++) {
		bool here = i < from->n && from->at[i] == at;
		if (here)
			i++;
		reached = reached || here;
		bool inside = at < length && ((guint8)path[at] & 0xc0) == 0x80;
		bool behind_slash = at > from->at[0] && path[at - 1] == '/';
		if (here || (kind == TOKEN_STAR && reached && !inside) ||
		    (kind == TOKEN_DEEP && behind_slash))
			to->at[to->n++] = (guint16)at;
		if (at < length && path[at] == '/')
			reached = false;
	}
}

static bool tokens_match(const SmithIgnoreRule *rule, const char *path, gsize length)
{
	Places one, two;
	Places *now = &one, *next = &two;
	now->n = 1;
	now->at[0] = 0;
	for (guint i = 0; i < rule->tokens->len && now->n > 0; i++) {
		const Token *token = &g_array_index(rule->tokens, Token, i);
		if (token->kind == TOKEN_REST)
			return true;
		if (token->kind == TOKEN_STAR || token->kind == TOKEN_DEEP) {
			step_wild(now, next, token->kind, path, length);
			Places *swap = now;
			now = next;
			next = swap;
		} else {
			step_one(now, token, path, length);
		}
	}
	return now->n > 0 && now->at[now->n - 1] == length;
}

static bool matches(const SmithIgnoreRule *rule, const char *path, gsize length)
{
	if (!rule->by_suffix)
		return tokens_match(rule, path, length);
	const char *suffix = rule->pattern + 2;
	gsize suffix_length = strlen(suffix);
	return length >= suffix_length &&
	       memcmp(path + length - suffix_length, suffix, suffix_length) == 0;
}

/* The path itself, or one of the directories that it is in. */
static bool matches_with_parents(const SmithIgnoreRule *rule, const char *path, gsize length)
{
	if (matches(rule, path, length))
		return true;
	for (gsize i = 1; i < length; i++)
		if (path[i] == '/' && matches(rule, path, i))
			return true;
	return false;
}

const SmithIgnoreRule *smith_ignore_match(const SmithIgnore *ignore, const char *path, bool is_dir)
{
	/* Docker's rules make no difference: a trailing slash of a pattern is dropped */
	(void)is_dir;
	const SmithIgnoreRule *hidden_by = NULL;
	gsize length = strlen(path);
	if (ignore == NULL || strcmp(path, ".") == 0 || length > MAX_PATH)
		return NULL;
	for (guint i = 0; i < ignore->rules->len; i++) {
		const SmithIgnoreRule *rule = ignore->rules->pdata[i];
		if (rule->negated == (hidden_by != NULL) &&
		    matches_with_parents(rule, path, length))
			hidden_by = rule->negated ? NULL : rule;
	}
	return hidden_by;
}

bool smith_ignore_has_exceptions(const SmithIgnore *ignore)
{
	return ignore != NULL && ignore->exceptions;
}

static char *trimmed(const char *text, gsize length)
{
	while (length > 0 && strchr(BLANKS, text[length - 1]) != NULL)
		length--;
	while (length > 0 && strchr(BLANKS, *text) != NULL) {
		text++;
		length--;
	}
	return g_strndup(text, length);
}

static gboolean add_line(SmithIgnore *ignore, const char *start, gsize length, const char *file,
			 guint line, GError **error)
{
	if (length > MAX_LINE)
		return smith_throw(error, SMITH_ERROR_LIMIT,
				   "%s:%u: line of %" G_GSIZE_FORMAT " bytes, at most %d are read",
				   file, line, length, MAX_LINE);
	if (memchr(start, '\0', length) != NULL)
		return smith_throw(error, SMITH_ERROR_INVALID, "%s:%u: a NUL in a pattern", file,
				   line);
	g_autofree char *text = trimmed(start, length);
	if (start[0] == '#' || text[0] == '\0')
		return TRUE;

	SmithIgnoreRule *rule = g_new0(SmithIgnoreRule, 1);
	g_ptr_array_add(ignore->rules, rule);
	rule->file = file;
	rule->line = line;
	rule->negated = text[0] == '!';
	g_autofree char *bare = trimmed(text + rule->negated, strlen(text + rule->negated));
	rule->text = g_steal_pointer(&text);
	if (bare[0] == '\0')
		return smith_throw(error, SMITH_ERROR_INVALID,
				   "%s:%u: illegal pattern '!', expected a path after it", file,
				   line);
	g_autofree char *cleaned = clean(bare);
	rule->pattern = g_strdup(cleaned[0] == '/' && cleaned[1] != '\0' ? cleaned + 1 : cleaned);
	ignore->exceptions = ignore->exceptions || rule->negated;
	if (!compile(rule))
		return smith_throw(error, SMITH_ERROR_INVALID, "%s:%u: malformed pattern '%s'",
				   file, line, rule->text);
	return TRUE;
}

SmithIgnore *smith_ignore_parse(const char *text, gsize length, const char *file, GError **error)
{
	g_autoptr(SmithIgnore) ignore = g_new0(SmithIgnore, 1);
	const char *end = text + length;
	ignore->rules = g_ptr_array_new_with_free_func(rule_free);
	file = g_intern_string(file);
	if (length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		text += 3;
	for (guint line = 1; text < end; line++) {
		const char *stop = memchr(text, '\n', (gsize)(end - text));
		if (stop == NULL)
			stop = end;
		if (!add_line(ignore, text, (gsize)(stop - text), file, line, error))
			return NULL;
		text = stop + 1;
	}
	return g_steal_pointer(&ignore);
}

SmithIgnore *smith_ignore_load(int context_dirfd, GError **error)
{
	static const char *const files[] = {".containerignore", ".dockerignore"};
	for (guint i = 0; i < G_N_ELEMENTS(files); i++) {
		g_autoptr(GError) missing = NULL;
		g_autoptr(GBytes) bytes =
			smith_fd_read_file(context_dirfd, files[i], MAX_FILE, &missing);
		if (bytes != NULL) {
			gsize length = 0;
			const char *text = g_bytes_get_data(bytes, &length);
			return smith_ignore_parse(text != NULL ? text : "", length, files[i],
						  error);
		}
		if (!g_error_matches(missing, G_IO_ERROR, G_IO_ERROR_NOT_FOUND)) {
			g_propagate_error(error, g_steal_pointer(&missing));
			return NULL;
		}
	}
	return smith_ignore_parse("", 0, files[1], error);
}

void smith_ignore_free(SmithIgnore *ignore)
{
	if (ignore == NULL)
		return;
	g_ptr_array_unref(ignore->rules);
	g_free(ignore);
}
