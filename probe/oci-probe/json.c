/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/oci-probe/json.h"

#include <string.h>

/* What remains. Each function moves it behind what it has read and is false when that is wrong. */
struct text {
	const uint8_t *at;
	const uint8_t *end;
};

/* 0 at the end, which is no character of JSON either */
static int peek(const struct text *text)
{
	return text->at < text->end ? *text->at : 0;
}

static bool take(struct text *text, int c)
{
	if (text->at == text->end || *text->at != c)
		return false;
	text->at++;
	return true;
}

static void skip_space(struct text *text)
{
	while (peek(text) == ' ' || peek(text) == '\t' || peek(text) == '\n' || peek(text) == '\r')
		text->at++;
}

static bool is_digit(int c)
{
	return c >= '0' && c <= '9';
}

static bool is_hex(int c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool take_digits(struct text *text)
{
	if (!is_digit(peek(text)))
		return false;
	while (is_digit(peek(text)))
		text->at++;
	return true;
}

static bool take_number(struct text *text)
{
	take(text, '-');
	if (!take(text, '0') && !take_digits(text))
		return false;
	if (take(text, '.') && !take_digits(text))
		return false;
	if (take(text, 'e') || take(text, 'E')) {
		if (!take(text, '+'))
			take(text, '-');
		return take_digits(text);
	}
	return true;
}

static bool take_word(struct text *text, const char *word)
{
	size_t length = strlen(word);
	if ((size_t)(text->end - text->at) < length || memcmp(text->at, word, length) != 0)
		return false;
	text->at += length;
	return true;
}

static bool take_escape(struct text *text)
{
	int c = peek(text);
	if (c == 0 || strchr("\"\\/bfnrtu", c) == NULL)
		return false;
	text->at++;
	for (int i = 0; c == 'u' && i < 4; i++) {
		if (!is_hex(peek(text)))
			return false;
		text->at++;
	}
	return true;
}

/* One character beyond ASCII: the shortest form, no surrogate, none above U+10FFFF. */
static bool take_utf8(struct text *text)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	uint32_t c = *text->at;
	int length = c >= 0xf0 && c < 0xf8 ? 4 : c >= 0xe0 ? 3 : 2;
	if (c < 0xc0 || c >= 0xf8 || text->end - text->at < length)
		return false;
	c &= 0x7fu >> length;
	for (int i = 1; i < length; i++) {
		if ((text->at[i] & 0xc0) != 0x80)
			return false;
		c = c << 6 | (text->at[i] & 0x3f);
	}
	text->at += length;
	return c >= least[length] && c <= 0x10ffff && (c < 0xd800 || c > 0xdfff);
}

static bool take_string(struct text *text)
{
	if (!take(text, '"'))
		return false;
	while (text->at < text->end) {
		int c = *text->at;
		if (take(text, '"'))
			return true;
		if (c < ' ')
			return false;
		if (c >= 0x80) {
			if (!take_utf8(text))
				return false;
			continue;
		}
		text->at++;
		if (c == '\\' && !take_escape(text))
			return false;
	}
	return false;
}

static bool take_scalar(struct text *text)
{
	switch (peek(text)) {
	case '"':
		return take_string(text);
	case 't':
		return take_word(text, "true");
	case 'f':
		return take_word(text, "false");
	case 'n':
		return take_word(text, "null");
	default:
		return take_number(text);
	}
}

/* A member's name and colon, where @closer ends an object. */
static bool take_name(struct text *text, char closer)
{
	if (closer != '}')
		return true;
	skip_space(text);
	if (!take_string(text))
		return false;
	skip_space(text);
	return take(text, ':');
}

/* What may stand behind a value: the ends of what it is in, and then a comma or the end of all. */
static bool take_after(struct text *text, const char *closers, int *depth)
{
	for (;;) {
		skip_space(text);
		if (*depth == 0)
			return true;
		if (take(text, ','))
			return take_name(text, closers[*depth - 1]);
		if (!take(text, closers[*depth - 1]))
			return false;
		--*depth;
	}
}

bool json_is_valid(const uint8_t *data, size_t length)
{
	struct text text = {data, data + length};
	char closers[JSON_DEPTH];
	int depth = 0;
	do {
		skip_space(&text);
		int c = peek(&text);
		if (c == '{' || c == '[') {
			if (depth == JSON_DEPTH)
				return false;
			closers[depth++] = c == '{' ? '}' : ']';
			text.at++;
			skip_space(&text);
			if (peek(&text) != closers[depth - 1]) {
				if (!take_name(&text, closers[depth - 1]))
					return false;
				continue;
			}
		} else if (!take_scalar(&text)) {
			return false;
		}
		if (!take_after(&text, closers, &depth))
			return false;
		if (depth == 0)
			return text.at == text.end;
	} while (text.at < text.end);
	return false;
}
