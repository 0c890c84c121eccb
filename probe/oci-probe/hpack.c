/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/oci-probe/hpack.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define SYMBOLS 257
#define END_OF_STRING 256
#define LONGEST 30
#define INTEGER_LIMIT (1u << 24)

/* The lengths of Appendix B's codes. The code is canonical: that is all there is to know of it. */
static const uint8_t lengths[SYMBOLS] = {
	13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28,
	30, 28, 28, 28, 28, 28, 28, 28, 28, 28, 6,  10, 10, 12, 13, 6,	8,  11, 10, 10, 8,  11,
	8,  6,	6,  6,	5,  5,	5,  6,	6,  6,	6,  6,	6,  6,	7,  8,	15, 6,	12, 10, 13, 6,
	7,  7,	7,  7,	7,  7,	7,  7,	7,  7,	7,  7,	7,  7,	7,  7,	7,  7,	7,  7,	7,  7,
	8,  7,	8,  13, 19, 13, 14, 6,	15, 5,	6,  5,	6,  5,	6,  6,	6,  5,	7,  7,	6,  6,
	6,  5,	6,  7,	6,  5,	5,  6,	7,  7,	7,  7,	7,  15, 11, 14, 13, 28, 20, 22, 20, 20,
	22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21,
	22, 23, 22, 23, 23, 24, 22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23,
	21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23, 26, 26, 20, 19, 22, 23,
	22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26,
	28, 27, 27, 27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27,
	26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26, 30,
};

/* What remains. */
struct block {
	const uint8_t *at;
	const uint8_t *end;
};

/* Where a string is put, cut and always ended. */
struct place {
	char *text;
	size_t size;
	size_t length;
};

static void put(struct place *place, int c)
{
	if (place->length + 1 < place->size)
		place->text[place->length++] = (char)c;
	place->text[place->length] = '\0';
}

/* Section 5.1, in the low @bits of the first byte. */
static bool take_integer(struct block *block, int bits, uint32_t *value)
{
	uint32_t most = (1u << bits) - 1;
	if (block->at == block->end)
		return false;
	*value = *block->at++ & most;
	if (*value < most)
		return true;
	for (int shift = 0; shift <= 21 && block->at < block->end; shift += 7) {
		uint8_t byte = *block->at++;
		*value += (byte & 0x7fu) << shift;
		if (*value > INTEGER_LIMIT)
			return false;
		if ((byte & 0x80) == 0)
			return true;
	}
	return false;
}

/* The symbol that is number @nth among those of @length bits. */
static int find_symbol(int length, uint32_t nth)
{
	for (int symbol = 0; symbol < SYMBOLS; symbol++)
		if (lengths[symbol] == length && nth-- == 0)
			return symbol;
	return END_OF_STRING;
}

static void count_lengths(uint32_t counts[LONGEST + 1])
{
	memset(counts, 0, (LONGEST + 1) * sizeof counts[0]);
	for (int symbol = 0; symbol < SYMBOLS; symbol++)
		counts[lengths[symbol]]++;
}

/* Section 5.2: padded with ones, less than a byte of them. */
static bool put_huffman(const uint8_t *data, size_t length, struct place *place)
{
	uint32_t counts[LONGEST + 1], code = 0, first = 0, bits = 0;
	bool ones = true;
	count_lengths(counts);
	for (size_t i = 0; i < length * 8; i++) {
		uint32_t bit = data[i / 8] >> (7 - i % 8) & 1;
		ones = ones && bit == 1;
		code = code << 1 | bit;
		first <<= 1;
		if (++bits > LONGEST)
			return false;
		if (code - first >= counts[bits]) {
			first += counts[bits];
			continue;
		}
		int symbol = find_symbol((int)bits, code - first);
		if (symbol == END_OF_STRING)
			return false;
		put(place, symbol);
		code = first = bits = 0;
		ones = true;
	}
	return ones && bits < 8;
}

static bool take_string(struct block *block, char *text, size_t size)
{
	struct place place = {text, size, 0};
	uint32_t length = 0;
	bool huffman = block->at < block->end && (*block->at & 0x80) != 0;
	text[0] = '\0';
	if (!take_integer(block, 7, &length) || length > (size_t)(block->end - block->at))
		return false;
	const uint8_t *data = block->at;
	block->at += length;
	if (huffman)
		return put_huffman(data, length, &place);
	for (uint32_t i = 0; i < length; i++)
		put(&place, data[i]);
	return true;
}

static void look_up(uint32_t index, struct hpack_field *field)
{
	static const char statuses[][4] = {"200", "204", "206", "304", "400", "404", "500"};
	enum { FIRST = 8, COUNT = sizeof statuses / sizeof statuses[0] };
	if (index < FIRST || index >= FIRST + COUNT)
		return;
	snprintf(field->name, sizeof field->name, ":status");
	snprintf(field->value, sizeof field->value, "%s", statuses[index - FIRST]);
}

/* Section 6.2: the name by its index, or with it. */
static bool take_literal(struct block *block, int bits, struct hpack_field *field)
{
	uint32_t index = 0;
	if (!take_integer(block, bits, &index))
		return false;
	look_up(index, field);
	if (index == 0 && !take_string(block, field->name, sizeof field->name))
		return false;
	return take_string(block, field->value, sizeof field->value);
}

size_t hpack_read(const uint8_t *data, size_t length, struct hpack_field *field)
{
	struct block block = {data, data + length};
	uint32_t number = 0;
	bool good;
	field->name[0] = field->value[0] = '\0';
	if (length == 0)
		return 0;
	if (data[0] & 0x80) {
		good = take_integer(&block, 7, &number) && number > 0;
		if (good)
			look_up(number, field);
	} else if (data[0] & 0x40) {
		good = take_literal(&block, 6, field);
	} else if (data[0] & 0x20) {
		/* the size of a table that we do not have */
		good = take_integer(&block, 5, &number);
	} else {
		good = take_literal(&block, 4, field);
	}
	return good ? (size_t)(block.at - data) : 0;
}
