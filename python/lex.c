/* SPDX-License-Identifier: Apache-2.0 */
#include "python/lex.h"

#include <string.h>

#include "python/lex-string.h"

void smith_lexer_fail(SmithLexer *lexer, guint line, const char *format, ...)
{
	if (lexer->bad_line != 0 || lexer->lenient)
		return;
	va_list args;
	va_start(args, format);
	lexer->bad_text = g_strdup_vprintf(format, args);
	va_end(args);
	lexer->bad_line = MAX(line, 1);
}

bool smith_lex_token_is(const SmithLexToken *token, const char *name)
{
	return token->kind == SMITH_LEX_NAME && *token->start == *name &&
	       strncmp(token->start, name, token->length) == 0 && name[token->length] == '\0';
}

/* --- the text as a whole */

/* As CPython does before it reads: "\r\n" and "\r" are line ends, the last line has one. A NUL
 * would end the text for us; it is a blank, after it has been reported. */
static void copy_text(SmithLexer *lexer, const char *text, gsize length)
{
	char *out = g_malloc(length + 2);
	lexer->text = out;
	if (memchr(text, '\r', length) == NULL) {
		memcpy(out, text, length);
		out += length;
	} else {
		for (gsize i = 0; i < length; i++) {
			if (text[i] == '\r' && i + 1 < length && text[i + 1] == '\n')
				continue;
			*out++ = text[i] == '\r' ? '\n' : text[i];
		}
	}
	if (out == lexer->text || out[-1] != '\n')
		*out++ = '\n';
	*out = '\0';
	lexer->at = lexer->text;
	lexer->end = out;
}

static guint line_of(const SmithLexer *lexer, const char *at)
{
	guint line = 1;
	for (const char *c = lexer->text; c < at; c++)
		line += *c == '\n';
	return line;
}

static void blank_nuls(SmithLexer *lexer)
{
	char *nul = memchr(lexer->text, '\0', (gsize)(lexer->end - lexer->text));
	if (nul == NULL)
		return;
	smith_lexer_fail(lexer, line_of(lexer, nul), "source code cannot contain null bytes");
	for (; nul != NULL; nul = memchr(nul, '\0', (gsize)(lexer->end - nul)))
		*nul = ' ';
}

/* PEP 263: the name of the encoding in a comment on @line, or NULL. */
static char *declared_encoding(const char *line, const char *end)
{
	line += strspn(line, " \t\f");
	if (*line != '#')
		return NULL;
	static const char word[] = "coding";
	for (const char *c = line; c + sizeof word < end; c++) {
		if (memcmp(c, word, sizeof word - 1) != 0 || (c[6] != ':' && c[6] != '='))
			continue;
		const char *name = c + sizeof word;
		name += strspn(name, " \t");
		gsize length = 0;
		while (g_ascii_isalnum(name[length]) ||
		       (name[length] != '\0' && strchr("-_.", name[length]) != NULL))
			length++;
		if (length == 0)
			continue;
		char *encoding = g_ascii_strdown(name, (gssize)length);
		g_strdelimit(encoding, "_", '-');
		return encoding;
	}
	return NULL;
}

static char *find_encoding(const SmithLexer *lexer)
{
	const char *end = strchr(lexer->text, '\n');
	char *encoding = declared_encoding(lexer->at, end);
	if (encoding != NULL || end + 1 >= lexer->end)
		return encoding;
	/* the second line counts if the first is blank */
	const char *first = lexer->at + strspn(lexer->at, " \t\f");
	if (*first != '#' && *first != '\n')
		return NULL;
	return declared_encoding(end + 1, strchr(end + 1, '\n'));
}

/* What a byte below 128 means is the same in these. In others a quote may be half a character. */
static bool encoding_extends_ascii(const char *name)
{
	static const char *const prefixes[] = {"ascii",	  "us-ascii", "latin",	     "iso-8859",
					       "iso8859", "cp125",    "windows-125", "koi8"};
	for (gsize i = 0; i < G_N_ELEMENTS(prefixes); i++)
		if (g_str_has_prefix(name, prefixes[i]))
			return true;
	return false;
}

static void settle_encoding(SmithLexer *lexer)
{
	bool mark = g_str_has_prefix(lexer->at, "\xef\xbb\xbf");
	lexer->at += mark ? 3 : 0;
	g_autofree char *encoding = find_encoding(lexer);
	if (encoding != NULL && !mark && !g_str_has_prefix(encoding, "utf-8") &&
	    strcmp(encoding, "utf8") != 0) {
		lexer->lenient = !encoding_extends_ascii(encoding);
		return;
	}
	lexer->unicode = g_utf8_validate(lexer->at, lexer->end - lexer->at, NULL);
	lexer->broken = !lexer->unicode;
}

void smith_lexer_init(SmithLexer *lexer, const char *text, gsize length)
{
	*lexer = (SmithLexer){.line = 1, .fresh = true};
	copy_text(lexer, text, length);
	blank_nuls(lexer);
	settle_encoding(lexer);
	lexer->line_start = lexer->at;
}

void smith_lexer_clear(SmithLexer *lexer)
{
	g_free(lexer->text);
	g_free(lexer->bad_text);
	*lexer = (SmithLexer){0};
}

/* --- lines */

static void pass_newline(SmithLexer *lexer)
{
	lexer->at++;
	lexer->line++;
	lexer->line_start = lexer->at;
	lexer->line_content = NULL;
}

static void skip_comment(SmithLexer *lexer)
{
	lexer->at = memchr(lexer->at, '\n', (gsize)(lexer->end - lexer->at));
}

static bool is_join(const SmithLexer *lexer)
{
	return lexer->at[0] == '\\' && lexer->at[1] == '\n';
}

static void join_lines(SmithLexer *lexer)
{
	lexer->at++;
	pass_newline(lexer);
	if (lexer->at == lexer->end)
		smith_lexer_fail(lexer, lexer->line, "unexpected EOF while parsing");
}

/* Measures the indentation at @at. As in CPython, a joined line counts with what stands before its
 * first backslash. */
static void measure(SmithLexer *lexer)
{
	guint column = 0, alt = 0, joined = 0;
	for (;;) {
		if (is_join(lexer)) {
			joined = joined != 0 ? joined : column;
			join_lines(lexer);
			continue;
		}
		if (*lexer->at == ' ') {
			column++;
			alt++;
		} else if (*lexer->at == '\t') {
			column = (column / 8 + 1) * 8;
			alt++;
		} else if (*lexer->at == '\f') {
			column = alt = 0;
		} else {
			break;
		}
		lexer->at++;
	}
	lexer->column = joined != 0 ? joined : column;
	lexer->alt_column = joined != 0 ? joined : alt;
}

/* To the first token of the next logical line. */
static void begin_line(SmithLexer *lexer)
{
	for (;;) {
		measure(lexer);
		if (*lexer->at == '#')
			skip_comment(lexer);
		if (*lexer->at != '\n')
			break;
		pass_newline(lexer);
	}
	lexer->fresh = false;
}

/* --- characters that are nowhere allowed */

/* Categories of which no character is part of an identifier, less the few exceptions of
 * Other_ID_Start and Other_ID_Continue. Characters that are new in some version of Unicode are left
 * alone: the versions of Python differ about them. */
static bool is_never_legal(gunichar c)
{
	if (c == 0x00B7 || c == 0x0387 || c == 0x2118 || c == 0x212E)
		return false;
	switch ((int)g_unichar_type(c)) {
	case G_UNICODE_CONTROL:
	case G_UNICODE_FORMAT:
	case G_UNICODE_PRIVATE_USE:
	case G_UNICODE_DASH_PUNCTUATION:
	case G_UNICODE_OPEN_PUNCTUATION:
	case G_UNICODE_CLOSE_PUNCTUATION:
	case G_UNICODE_INITIAL_PUNCTUATION:
	case G_UNICODE_FINAL_PUNCTUATION:
	case G_UNICODE_OTHER_PUNCTUATION:
	case G_UNICODE_CURRENCY_SYMBOL:
	case G_UNICODE_MATH_SYMBOL:
	case G_UNICODE_OTHER_SYMBOL:
	case G_UNICODE_SPACE_SEPARATOR:
	case G_UNICODE_LINE_SEPARATOR:
	case G_UNICODE_PARAGRAPH_SEPARATOR:
		return true;
	default:
		return false;
	}
}

static bool is_name_byte(char c)
{
	return g_ascii_isalnum(c) || c == '_' || (guchar)c >= 0x80;
}

/* CPython does not look into comments when it imports a file, and does when it runs one. */
static void check_encoding(SmithLexer *lexer, const SmithLexToken *token)
{
	const char *bad;
	if (lexer->broken && !g_utf8_validate(token->start, (gssize)token->length, &bad))
		smith_lexer_fail(lexer, token->line,
				 "byte 0x%02x is not UTF-8, and no encoding is declared",
				 (guchar)*bad);
}

static void check_characters(SmithLexer *lexer, const char *from, const char *to)
{
	for (const char *c = from; c < to; c = g_utf8_next_char(c)) {
		gunichar wide = g_utf8_get_char(c);
		if (wide < 0x80 || !is_never_legal(wide))
			continue;
		if (g_unichar_isprint(wide) && wide != 0x00A0)
			smith_lexer_fail(lexer, lexer->line, "invalid character '%.*s' (U+%04X)",
					 (int)(g_utf8_next_char(c) - c), c, wide);
		else
			smith_lexer_fail(lexer, lexer->line,
					 "invalid non-printable character U+%04X", wide);
		return;
	}
}

/* --- tokens */

/* Keywords that only a statement has: inside brackets none of them can stand. */
static bool is_statement_keyword(const char *start, gsize length)
{
	static const char *const keywords[] = {
		"assert", "break",   "class",  "continue", "def",      "del",
		"except", "finally", "global", "import",   "nonlocal", "pass",
		"raise",  "return",  "try",    "while",	   "with"};
	if (length < 3 || length > 8)
		return false;
	for (gsize i = 0; i < G_N_ELEMENTS(keywords); i++)
		if (keywords[i][0] == *start && strlen(keywords[i]) == length &&
		    memcmp(keywords[i], start, length) == 0)
			return true;
	return false;
}

/* True if the logical line ends here after all: the brackets were opened on an earlier line, and
 * this one begins with the keyword, or with a word that goes before it. */
static bool recover_statement(SmithLexer *lexer, const SmithLexToken *token)
{
	const SmithLexBracket *open = &lexer->brackets[lexer->level - 1];
	const char *first = lexer->line_content;
	if (open->line == lexer->line ||
	    (first != token->start && !g_str_has_prefix(first, "from ") &&
	     !g_str_has_prefix(first, "async "))) {
		smith_lexer_fail(lexer, lexer->line, "invalid syntax: '%.*s' between brackets",
				 (int)token->length, token->start);
		return false;
	}
	smith_lexer_fail(lexer, open->line, "'%c' was never closed", open->byte);
	lexer->level = 0;
	lexer->at = lexer->line_start;
	lexer->line_content = NULL;
	return true;
}

static void end_line(SmithLexer *lexer, SmithLexToken *token)
{
	token->kind = SMITH_LEX_NEWLINE;
	token->length = 0;
	lexer->fresh = true;
	lexer->any = false;
}

static void open_bracket(SmithLexer *lexer, char byte)
{
	if (lexer->level == SMITH_LEX_MAX_BRACKETS) {
		smith_lexer_fail(lexer, lexer->line, "too many nested parentheses");
		return;
	}
	lexer->brackets[lexer->level++] = (SmithLexBracket){byte, lexer->line};
}

static char opener_of(char byte)
{
	return byte == ')' ? '(' : byte == ']' ? '[' : '{';
}

static void close_bracket(SmithLexer *lexer, char byte)
{
	if (lexer->level == 0) {
		smith_lexer_fail(lexer, lexer->line, "unmatched '%c'", byte);
		return;
	}
	const SmithLexBracket *open = &lexer->brackets[--lexer->level];
	if (open->byte == opener_of(byte))
		return;
	if (open->line == lexer->line)
		smith_lexer_fail(lexer, lexer->line,
				 "closing parenthesis '%c' does not match opening parenthesis '%c'",
				 byte, open->byte);
	else
		smith_lexer_fail(lexer, lexer->line,
				 "closing parenthesis '%c' does not match opening parenthesis '%c' "
				 "on line %u",
				 byte, open->byte, open->line);
}

static void lex_operator(SmithLexer *lexer, SmithLexToken *token)
{
	char byte = *lexer->at++;
	token->kind = SMITH_LEX_OP;
	token->op = byte;
	token->length = 1;
	switch (byte) {
	case '(':
	case '[':
	case '{':
		open_bracket(lexer, byte);
		break;
	case ')':
	case ']':
	case '}':
		close_bracket(lexer, byte);
		break;
	case ':':
		if (*lexer->at != '=')
			break;
		lexer->at++;
		token->op = '=';
		break;
	case '\\':
		smith_lexer_fail(lexer, token->line,
				 "unexpected character after line continuation character");
		break;
	case '$':
	case '?':
	case '`':
		smith_lexer_fail(lexer, token->line, "invalid syntax: '%c'", byte);
		break;
	default:
		if (byte < ' ' || byte == 0x7f)
			smith_lexer_fail(lexer, token->line,
					 "invalid non-printable character U+%04X", byte);
	}
}

/* A string whose quote stands at @at; its prefix began at the token's start. */
static void lex_string(SmithLexer *lexer, SmithLexToken *token)
{
	SmithLexString string = {0};
	const char *quote = lexer->at;
	bool closed = smith_lex_string(token->start, quote, lexer->end, &string);
	token->kind = SMITH_LEX_STRING;
	token->formatted = string.formatted;
	token->plain = !string.formatted && !string.bytes;
	token->start = string.body;
	token->length = string.body_length;
	if (!closed && string.triple)
		smith_lexer_fail(lexer, token->line, "unterminated triple-quoted string literal");
	else if (!closed)
		smith_lexer_fail(lexer, token->line, "unterminated string literal");
	else if (string.broken)
		smith_lexer_fail(lexer, token->line, "f-string: expecting '}'");
	check_encoding(lexer, token);
	for (const char *c = quote; (c = memchr(c, '\n', (gsize)(string.end - c))) != NULL;) {
		c++;
		lexer->line++;
		lexer->line_start = c;
		lexer->line_content = string.end - 1;
	}
	lexer->at = string.end;
}

/* A word, the string of which it is the prefix, or the end of the line that should have been. */
static void lex_name(SmithLexer *lexer, SmithLexToken *token)
{
	guchar all = 0;
	while (is_name_byte(*lexer->at))
		all |= (guchar)*lexer->at++;
	token->kind = SMITH_LEX_NAME;
	token->length = (gsize)(lexer->at - token->start);
	if ((*lexer->at == '"' || *lexer->at == '\'') &&
	    smith_lex_is_prefix(token->start, token->length)) {
		lex_string(lexer, token);
		return;
	}
	if (lexer->unicode && all >= 0x80)
		check_characters(lexer, token->start, lexer->at);
	check_encoding(lexer, token);
	if (lexer->level > 0 && is_statement_keyword(token->start, token->length) &&
	    recover_statement(lexer, token))
		end_line(lexer, token);
}

static void lex_number(SmithLexer *lexer, SmithLexToken *token)
{
	while (is_name_byte(*lexer->at) || *lexer->at == '.')
		lexer->at++;
	token->kind = SMITH_LEX_NUMBER;
	token->length = (gsize)(lexer->at - token->start);
}

/* To the next token of the logical line, or its end. */
static void skip_blanks(SmithLexer *lexer)
{
	for (;;) {
		if (*lexer->at == ' ' || *lexer->at == '\t' || *lexer->at == '\f')
			lexer->at++;
		else if (*lexer->at == '#')
			skip_comment(lexer);
		else if (*lexer->at == '\n' && lexer->level > 0 && lexer->at < lexer->end)
			pass_newline(lexer);
		else if (is_join(lexer))
			join_lines(lexer);
		else
			return;
	}
}

/* The text is over; a logical line that was begun ends first. */
static void lex_end(SmithLexer *lexer, SmithLexToken *token)
{
	if (lexer->level > 0) {
		const SmithLexBracket *open = &lexer->brackets[lexer->level - 1];
		smith_lexer_fail(lexer, open->line, "'%c' was never closed", open->byte);
		lexer->level = 0;
	}
	token->kind = SMITH_LEX_END;
	if (lexer->any)
		end_line(lexer, token);
}

void smith_lexer_next(SmithLexer *lexer, SmithLexToken *token)
{
	if (lexer->fresh)
		begin_line(lexer);
	else
		skip_blanks(lexer);
	*token = (SmithLexToken){.start = lexer->at, .line = lexer->line};
	if (lexer->at == lexer->end) {
		lex_end(lexer, token);
		return;
	}
	if (*lexer->at == '\n') {
		end_line(lexer, token);
		pass_newline(lexer);
		return;
	}
	if (lexer->line_content == NULL)
		lexer->line_content = lexer->at;
	lexer->any = true;
	char c = *lexer->at;
	if (c == '"' || c == '\'')
		lex_string(lexer, token);
	else if (g_ascii_isdigit(c) || (c == '.' && g_ascii_isdigit(lexer->at[1])))
		lex_number(lexer, token);
	else if (is_name_byte(c))
		lex_name(lexer, token);
	else
		lex_operator(lexer, token);
}
