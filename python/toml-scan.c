/* SPDX-License-Identifier: Apache-2.0 */
#include "python/toml-scan.h"

#include <string.h>

char smith_toml_peek(const SmithTomlScan *scan, gsize ahead)
{
	return (gsize)(scan->end - scan->p) > ahead ? scan->p[ahead] : '\0';
}

SmithPlace smith_toml_place(SmithTomlScan *scan)
{
	for (; scan->mark < scan->p; scan->mark++) {
		if (*scan->mark == '\n') {
			scan->line++;
			scan->column = 1;
		} else if (((guchar)*scan->mark & 0xc0) != 0x80) {
			scan->column++;
		}
	}
	return (SmithPlace){scan->file, scan->line, scan->column};
}

gboolean smith_toml_throw(SmithTomlScan *scan, SmithErrorCode code, const char *text)
{
	SmithPlace place = smith_toml_place(scan);
	return smith_throw(scan->error, code, "%s:%u:%u: %s", place.file, place.line, place.column,
			   text);
}

gboolean smith_toml_unexpected(SmithTomlScan *scan, const char *expected)
{
	g_autofree char *text = NULL;
	if (scan->p >= scan->end)
		text = g_strdup_printf("text ends, expected %s", expected);
	else if (g_ascii_isgraph(*scan->p))
		text = g_strdup_printf("got '%c', expected %s", *scan->p, expected);
	else
		text = g_strdup_printf("got U+%04X, expected %s", g_utf8_get_char(scan->p),
				       expected);
	return smith_toml_throw(scan, SMITH_ERROR_INVALID, text);
}

void smith_toml_skip_blanks(SmithTomlScan *scan)
{
	while (smith_toml_peek(scan, 0) == ' ' || smith_toml_peek(scan, 0) == '\t')
		scan->p++;
}

/* 0: there is none. */
static gsize newline_length(const SmithTomlScan *scan)
{
	if (smith_toml_peek(scan, 0) == '\n')
		return 1;
	return smith_toml_peek(scan, 0) == '\r' && smith_toml_peek(scan, 1) == '\n' ? 2 : 0;
}

/* What neither strings nor comments may have as it is. */
static bool is_control(char c)
{
	return ((guchar)c < 0x20 && c != '\t') || c == 0x7f;
}

gboolean smith_toml_end_line(SmithTomlScan *scan)
{
	smith_toml_skip_blanks(scan);
	if (smith_toml_peek(scan, 0) == '#')
		while (scan->p < scan->end && !is_control(*scan->p))
			scan->p++;
	gsize newline = newline_length(scan);
	if (newline == 0 && scan->p < scan->end)
		return smith_toml_unexpected(scan, "the end of the line");
	scan->p += newline;
	return TRUE;
}

gboolean smith_toml_skip_lines(SmithTomlScan *scan)
{
	for (;;) {
		smith_toml_skip_blanks(scan);
		if (smith_toml_peek(scan, 0) != '#' && newline_length(scan) == 0)
			return TRUE;
		if (!smith_toml_end_line(scan))
			return FALSE;
	}
}

static gboolean scan_unicode(SmithTomlScan *scan, guint digits, GString *out)
{
	gunichar value = 0;
	for (guint i = 0; i < digits; i++, scan->p++) {
		if (!g_ascii_isxdigit(smith_toml_peek(scan, 0)))
			return smith_toml_unexpected(scan, digits == 4 ? "four hex digits"
								       : "eight hex digits");
		value = value * 16 + (gunichar)g_ascii_xdigit_value(*scan->p);
	}
	if (value == 0)
		return smith_toml_throw(scan, SMITH_ERROR_INVALID, "NUL character in a string");
	if (value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
		return smith_toml_throw(scan, SMITH_ERROR_INVALID,
					"escape is no character of Unicode");
	g_string_append_unichar(out, value);
	return TRUE;
}

/* A backslash at the end of a line: all blanks and newlines behind it are none. */
static bool skip_line_end(SmithTomlScan *scan)
{
	const char *start = scan->p;
	smith_toml_skip_blanks(scan);
	if (newline_length(scan) == 0) {
		scan->p = start;
		return false;
	}
	for (gsize newline = newline_length(scan); newline > 0; newline = newline_length(scan)) {
		scan->p += newline;
		smith_toml_skip_blanks(scan);
	}
	return true;
}

static gboolean scan_escape(SmithTomlScan *scan, bool multiline, GString *out)
{
	static const char from[] = "\"\\bfnrt", to[] = "\"\\\b\f\n\r\t";
	scan->p++;
	char c = smith_toml_peek(scan, 0);
	if (c == 'u' || c == 'U') {
		scan->p++;
		return scan_unicode(scan, c == 'u' ? 4 : 8, out);
	}
	if (multiline && skip_line_end(scan))
		return TRUE;
	const char *known = c != '\0' ? strchr(from, c) : NULL;
	if (known == NULL)
		return smith_toml_unexpected(scan, "an escape, one of \"\\bfnrtuU");
	g_string_append_c(out, to[known - from]);
	scan->p++;
	return TRUE;
}

/* How many of @quote come next, at most five: three that end the string and two before them. */
static gsize count_quotes(const SmithTomlScan *scan, char quote)
{
	gsize count = 0;
	while (count < 5 && smith_toml_peek(scan, count) == quote)
		count++;
	return count;
}

/* Up to the quotes that end it. */
static gboolean scan_content(SmithTomlScan *scan, char quote, bool multiline, GString *out)
{
	for (;;) {
		const char *run = scan->p;
		while (scan->p < scan->end && *scan->p != quote && !is_control(*scan->p) &&
		       (*scan->p != '\\' || quote == '\''))
			scan->p++;
		g_string_append_len(out, run, scan->p - run);
		gsize quotes = count_quotes(scan, quote), newline = newline_length(scan);
		if (quotes >= 3 || (quotes > 0 && !multiline)) {
			g_string_append_len(out, scan->p, multiline ? (gssize)quotes - 3 : 0);
			scan->p += multiline ? quotes : 1;
			return TRUE;
		}
		if (quotes > 0) {
			g_string_append_len(out, scan->p, (gssize)quotes);
			scan->p += quotes;
		} else if (multiline && newline > 0) {
			g_string_append_c(out, '\n');
			scan->p += newline;
		} else if (smith_toml_peek(scan, 0) == '\\') {
			if (!scan_escape(scan, multiline, out))
				return FALSE;
		} else {
			return smith_toml_unexpected(scan, "the end of the string");
		}
	}
}

char *smith_toml_string(SmithTomlScan *scan, bool multiline)
{
	char quote = *scan->p;
	bool is_multiline = multiline && count_quotes(scan, quote) >= 3;
	g_autoptr(GString) out = g_string_new(NULL);
	scan->p += is_multiline ? 3 : 1;
	if (is_multiline)
		scan->p += newline_length(scan);
	if (!scan_content(scan, quote, is_multiline, out))
		return NULL;
	return g_string_free(g_steal_pointer(&out), FALSE);
}

/* A number of @length digits, at most @max; -1 when there is none. */
static int read_digits(const char **text, guint length, int max)
{
	int value = 0;
	for (guint i = 0; i < length; i++, (*text)++) {
		if (!g_ascii_isdigit(**text))
			return -1;
		value = value * 10 + (**text - '0');
	}
	return value <= max ? value : -1;
}

static bool skip_char(const char **text, char c)
{
	if (**text != c)
		return false;
	(*text)++;
	return true;
}

static bool read_date(const char **text)
{
	int year = read_digits(text, 4, 9999);
	if (year < 0 || !skip_char(text, '-'))
		return false;
	int month = read_digits(text, 2, 12);
	if (month < 1 || !skip_char(text, '-'))
		return false;
	int day = read_digits(text, 2, 31);
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	bool is_short = month == 4 || month == 6 || month == 9 || month == 11;
	int last = month == 2 ? (leap ? 29 : 28) : (is_short ? 30 : 31);
	return day >= 1 && day <= last;
}

static bool read_clock(const char **text)
{
	return read_digits(text, 2, 23) >= 0 && skip_char(text, ':') &&
	       read_digits(text, 2, 59) >= 0;
}

static bool read_time(const char **text)
{
	if (!read_clock(text) || !skip_char(text, ':') || read_digits(text, 2, 59) < 0)
		return false;
	if (!skip_char(text, '.'))
		return true;
	gsize digits = strspn(*text, "0123456789");
	*text += digits;
	return digits > 0;
}

/* The whole of @text. */
static bool is_date_or_time(const char *text)
{
	if (text[2] == ':')
		return read_time(&text) && *text == '\0';
	if (!read_date(&text))
		return false;
	if (*text == '\0')
		return true;
	if (strchr("Tt ", *text) == NULL)
		return false;
	text++;
	if (!read_time(&text))
		return false;
	if (skip_char(&text, 'Z') || skip_char(&text, 'z') || *text == '\0')
		return *text == '\0';
	return (skip_char(&text, '+') || skip_char(&text, '-')) && read_clock(&text) &&
	       *text == '\0';
}

/* Moves digits of @base to @out; each '_' must stand between two of them. */
static bool take_digits(const char **text, guint base, GString *out)
{
	bool digit = false;
	for (;; (*text)++) {
		int value = g_ascii_xdigit_value(**text);
		if (value >= 0 && (guint)value < base) {
			g_string_append_c(out, **text);
			digit = true;
		} else if (**text == '_' && digit && g_ascii_isxdigit((*text)[1])) {
			digit = false;
		} else {
			return digit;
		}
	}
}

static bool read_prefixed(const char *text, guint base, gint64 *value)
{
	g_autoptr(GString) digits = g_string_new(NULL);
	guint64 number = 0;
	if (!take_digits(&text, base, digits) || *text != '\0' ||
	    !g_ascii_string_to_unsigned(digits->str, base, 0, G_MAXINT64, &number, NULL))
		return false;
	*value = (gint64)number;
	return true;
}

static bool read_float(const char *text, GString *digits, double *value)
{
	if (skip_char(&text, '.')) {
		g_string_append_c(digits, '.');
		if (!take_digits(&text, 10, digits))
			return false;
	}
	if (skip_char(&text, 'e') || skip_char(&text, 'E')) {
		g_string_append_c(digits, 'e');
		if (*text == '+' || *text == '-')
			g_string_append_c(digits, *text++);
		if (!take_digits(&text, 10, digits))
			return false;
	}
	*value = g_ascii_strtod(digits->str, NULL);
	return *text == '\0';
}

static bool read_decimal(const char *text, SmithNode *node)
{
	g_autoptr(GString) digits = g_string_new(NULL);
	if (*text == '-' || *text == '+')
		g_string_append_c(digits, *text++);
	if (strcmp(text, "inf") == 0 || strcmp(text, "nan") == 0) {
		node->type = SMITH_NODE_DOUBLE;
		g_string_append(digits, text);
		node->number = g_ascii_strtod(digits->str, NULL);
		return true;
	}
	gsize before = digits->len;
	if (!take_digits(&text, 10, digits) ||
	    (digits->str[before] == '0' && digits->len > before + 1))
		return false;
	if (*text != '\0') {
		node->type = SMITH_NODE_DOUBLE;
		return read_float(text, digits, &node->number);
	}
	node->type = SMITH_NODE_INT;
	const char *number = digits->str + (*digits->str == '+' ? 1 : 0);
	return g_ascii_string_to_signed(number, 10, G_MININT64, G_MAXINT64, &node->integer, NULL);
}

static bool read_scalar(const char *text, SmithNode *node)
{
	static const struct {
		const char *prefix;
		guint base;
	} prefixes[] = {{"0x", 16}, {"0o", 8}, {"0b", 2}};
	if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0) {
		node->type = SMITH_NODE_BOOL;
		node->boolean = *text == 't';
		return true;
	}
	for (gsize i = 0; i < G_N_ELEMENTS(prefixes); i++)
		if (g_str_has_prefix(text, prefixes[i].prefix)) {
			node->type = SMITH_NODE_INT;
			return read_prefixed(text + 2, prefixes[i].base, &node->integer);
		}
	if (strlen(text) >= strlen("00:00:00") && is_date_or_time(text)) {
		node->type = SMITH_NODE_STRING;
		return true;
	}
	return read_decimal(text, node);
}

/* Characters that a scalar without quotes is made of. */
static gsize word_length(const SmithTomlScan *scan, gsize from)
{
	gsize length = from;
	while (g_ascii_isalnum(smith_toml_peek(scan, length)) ||
	       (smith_toml_peek(scan, length) != '\0' &&
		strchr("+-_.:", smith_toml_peek(scan, length)) != NULL))
		length++;
	return length;
}

gboolean smith_toml_scalar(SmithTomlScan *scan, SmithNode *node)
{
	gsize length = word_length(scan, 0);
	/* the space between a date and its time */
	if (length == strlen("0000-00-00") && scan->p[4] == '-' &&
	    smith_toml_peek(scan, length) == ' ' &&
	    g_ascii_isdigit(smith_toml_peek(scan, length + 1)))
		length = word_length(scan, length + 1);
	if (length == 0)
		return smith_toml_unexpected(scan, "a value");
	g_autofree char *text = g_strndup(scan->p, length);
	if (!read_scalar(text, node)) {
		g_autofree char *start = g_strndup(text, 80);
		g_autofree char *message = g_strdup_printf(
			"'%s' is no value, expected a string, a boolean, a date, or a number of "
			"64 bits",
			start);
		return smith_toml_throw(scan, SMITH_ERROR_INVALID, message);
	}
	node->text = g_steal_pointer(&text);
	scan->p += length;
	return TRUE;
}
