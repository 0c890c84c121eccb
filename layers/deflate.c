/* SPDX-License-Identifier: Apache-2.0 */
#include "layers/deflate.h"

#include <libdeflate.h>
#include <stdbool.h>
#include <string.h>

#include "layers/huffman.h"

#define WINDOW 32768u
#define HASH_BITS 15
/* deflate knows matches of three bytes; hashing four finds the long ones in half the steps, and
 * text comes out smaller for it */
#define MIN_MATCH 4u
#define SHORTEST_CODE 3u
#define MAX_MATCH 258u
#define BLOCK_TOKENS 16384u
#define STORED_MAX 65535u
#define END_OF_BLOCK 256u
#define LITLEN_SYMBOLS 286u
#define DIST_SYMBOLS 30u
#define CODELEN_SYMBOLS 19u
#define NO_POSITION 0u
#define TOKEN_MATCH 0x80000000u
/* a match this long is taken without a look at the next byte's */
#define LAZY_BELOW 32u
/* below this a dynamic block's own header cannot pay */
#define DYNAMIC_FROM_BITS (64u * 8u)

struct SmithDeflater {
	/* Positions count on through all members and never name one of an earlier member, so the
	 * tables need no clearing between the many tiny members of a layer. */
	guint32 base;
	guint32 head[1 << HASH_BITS];
	guint32 prev[WINDOW];
	guint32 tokens[BLOCK_TOKENS];
	guint n_tokens;
	guint32 litlen_freq[SMITH_HUFFMAN_SYMBOLS];
	guint32 dist_freq[SMITH_HUFFMAN_SYMBOLS];
	SmithHuffman fixed_litlen, fixed_dist;
	SmithHuffman litlen, dist, codelen;
	guint8 length_symbol[MAX_MATCH + 1];
	guint8 dist_symbol[512];
	/* the bits on their way out */
	guint8 *out;
	guint64 bits;
	guint n_bits;
};

typedef struct {
	const guint8 *data;
	guint32 size;
	guint depth; /* candidates that are looked at */
} Input;

typedef struct {
	guint32 length; /* 0: none */
	guint32 distance;
} Match;

const guint8 smith_gzip_header[SMITH_GZIP_HEADER_SIZE] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff};

static const guint16 length_base[29] = {3,  4,	5,  6,	 7,   8,   9,	10,  11, 13,
					15, 17, 19, 23,	 27,  31,  35,	43,  51, 59,
					67, 83, 99, 115, 131, 163, 195, 227, 258};
static const guint8 length_extra[29] = {0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2,
					2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0};
static const guint16 dist_base[30] = {
	1,   2,	  3,   4,   5,	 7,    9,    13,   17,	 25,   33,   49,   65,	  97,	 129,
	193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577};
static const guint8 dist_extra[30] = {0, 0, 0, 0, 1, 1, 2, 2,  3,  3,  4,  4,  5,  5,  6,
				      6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13};
static const guint8 codelen_order[CODELEN_SYMBOLS] = {16, 17, 18, 0, 8,	 7, 9,	6, 10, 5,
						      11, 4,  12, 3, 13, 2, 14, 1, 15};

void smith_gzip_trailer(guint8 out[SMITH_GZIP_TRAILER_SIZE], guint32 crc32, guint64 length)
{
	guint32 words[2] = {GUINT32_TO_LE(crc32), GUINT32_TO_LE((guint32)length)};
	memcpy(out, words, sizeof words);
}

/* At most 16 bits; they leave four bytes at a time. */
static void put_bits(SmithDeflater *self, guint32 value, guint count)
{
	self->bits |= (guint64)value << self->n_bits;
	self->n_bits += count;
	if (self->n_bits >= 32) {
		guint32 word = GUINT32_TO_LE((guint32)self->bits);
		memcpy(self->out, &word, sizeof word);
		self->out += sizeof word;
		self->bits >>= 32;
		self->n_bits -= 32;
	}
}

/* To the next byte, and all bytes out. */
static void align_bits(SmithDeflater *self)
{
	for (; self->n_bits > 0; self->n_bits -= MIN(self->n_bits, 8)) {
		*self->out++ = (guint8)self->bits;
		self->bits >>= 8;
	}
}

static guint distance_symbol(const SmithDeflater *self, guint32 distance)
{
	guint32 index = distance - 1;
	return index < 256 ? self->dist_symbol[index] : self->dist_symbol[256 + (index >> 7)];
}

static guint32 four_at(const guint8 *p)
{
	guint32 four;
	memcpy(&four, p, sizeof four);
	return four;
}

static guint32 hash_at(const guint8 *p)
{
	return GUINT32_FROM_LE(four_at(p)) * 0x9E3779B1u >> (32 - HASH_BITS);
}

static guint32 common_length(const guint8 *a, const guint8 *b, guint32 limit)
{
	guint32 n = 0;
	while (n + 8 <= limit) {
		guint64 x, y;
		memcpy(&x, a + n, 8);
		memcpy(&y, b + n, 8);
		if (x != y)
			return n + (guint32)__builtin_ctzll(GUINT64_FROM_LE(x ^ y)) / 8;
		n += 8;
	}
	while (n < limit && a[n] == b[n])
		n++;
	return n;
}

static void insert(SmithDeflater *self, const Input *in, guint32 at)
{
	if (at + MIN_MATCH > in->size)
		return;
	guint32 *head = &self->head[hash_at(in->data + at)];
	self->prev[(self->base + at) & (WINDOW - 1)] = *head;
	*head = self->base + at;
}

/* The longest earlier occurrence that is longer than @beat; the nearest of equals. Inserts @at. */
static Match find(SmithDeflater *self, const Input *in, guint32 at, guint32 beat)
{
	Match best = {0, 0};
	if (at + MIN_MATCH > in->size)
		return best;
	const guint8 *here = in->data + at;
	guint32 limit = MIN(in->size - at, MAX_MATCH), longest = MAX(beat, MIN_MATCH - 1);
	guint32 position = self->base + at, oldest = position > WINDOW ? position - WINDOW : 0;
	oldest = MAX(oldest, self->base);
	guint32 *head = &self->head[hash_at(here)];
	guint32 candidate = *head;
	self->prev[position & (WINDOW - 1)] = candidate;
	*head = position;
	for (guint left = in->depth; left > 0 && longest < limit && candidate >= oldest; left--) {
		const guint8 *there = in->data + (candidate - self->base);
		/* what is longer ends in the same four bytes */
		if (four_at(there + longest - 3) == four_at(here + longest - 3)) {
			guint32 length = common_length(there, here, limit);
			if (length > longest) {
				longest = length;
				best = (Match){length, position - candidate};
			}
		}
		candidate = self->prev[candidate & (WINDOW - 1)];
	}
	return best;
}

static void count_literal(SmithDeflater *self, guint8 byte)
{
	self->tokens[self->n_tokens++] = byte;
	self->litlen_freq[byte]++;
}

static void count_match(SmithDeflater *self, Match match)
{
	self->tokens[self->n_tokens++] =
		TOKEN_MATCH | (match.length - SHORTEST_CODE) << 15 | (match.distance - 1);
	self->litlen_freq[257u + self->length_symbol[match.length]]++;
	self->dist_freq[distance_symbol(self, match.distance)]++;
}

static guint64 cost_of(const SmithDeflater *self, const SmithHuffman *litlen,
		       const SmithHuffman *dist)
{
	guint64 bits = 3;
	for (guint i = 0; i < LITLEN_SYMBOLS; i++)
		bits += (guint64)self->litlen_freq[i] *
			(litlen->length[i] + (i > 256 ? length_extra[i - 257] : 0u));
	for (guint i = 0; i < DIST_SYMBOLS; i++)
		bits += (guint64)self->dist_freq[i] * (dist->length[i] + (guint)dist_extra[i]);
	return bits;
}

static void write_tokens(SmithDeflater *self, const SmithHuffman *litlen, const SmithHuffman *dist)
{
	for (guint i = 0; i < self->n_tokens; i++) {
		guint32 token = self->tokens[i];
		if ((token & TOKEN_MATCH) == 0) {
			put_bits(self, litlen->code[token], litlen->length[token]);
			continue;
		}
		guint32 length = (token >> 15 & 0xff) + SHORTEST_CODE;
		guint32 distance = (token & (WINDOW - 1)) + 1;
		guint ls = self->length_symbol[length], ds = distance_symbol(self, distance);
		put_bits(self, litlen->code[257 + ls], litlen->length[257 + ls]);
		put_bits(self, length - length_base[ls], length_extra[ls]);
		put_bits(self, dist->code[ds], dist->length[ds]);
		put_bits(self, distance - dist_base[ds], dist_extra[ds]);
	}
	put_bits(self, litlen->code[END_OF_BLOCK], litlen->length[END_OF_BLOCK]);
}

/* The code lengths of a dynamic block, run-length coded (RFC 1951 section 3.2.7). */
typedef struct {
	guint8 symbol[LITLEN_SYMBOLS + DIST_SYMBOLS];
	guint8 extra[LITLEN_SYMBOLS + DIST_SYMBOLS];
	guint count;
	guint n_litlen, n_dist, n_codelen;
	guint64 bits; /* all of the block's header */
} CodeLengths;

static void add_run(CodeLengths *lengths, guint32 *frequencies, guint8 symbol, guint8 extra)
{
	lengths->symbol[lengths->count] = symbol;
	lengths->extra[lengths->count++] = extra;
	frequencies[symbol]++;
}

static void run_lengths(CodeLengths *lengths, guint32 *frequencies, const guint8 *all, guint total)
{
	for (guint i = 0; i < total;) {
		guint run = 1;
		while (i + run < total && all[i + run] == all[i])
			run++;
		if (all[i] == 0 && run >= 3) {
			run = MIN(run, 138u);
			if (run <= 10)
				add_run(lengths, frequencies, 17, (guint8)(run - 3));
			else
				add_run(lengths, frequencies, 18, (guint8)(run - 11));
		} else if (i > 0 && all[i - 1] == all[i] && run >= 3) {
			run = MIN(run, 6u);
			add_run(lengths, frequencies, 16, (guint8)(run - 3));
		} else {
			run = 1;
			add_run(lengths, frequencies, all[i], 0);
		}
		i += run;
	}
}

static guint extra_bits(guint8 symbol)
{
	return symbol == 16 ? 2 : symbol == 17 ? 3 : symbol == 18 ? 7 : 0;
}

static void plan_dynamic(SmithDeflater *self, CodeLengths *lengths)
{
	guint32 frequencies[SMITH_HUFFMAN_SYMBOLS] = {0};
	guint8 all[LITLEN_SYMBOLS + DIST_SYMBOLS];
	smith_huffman_build(&self->litlen, self->litlen_freq, LITLEN_SYMBOLS, 15);
	smith_huffman_build(&self->dist, self->dist_freq, DIST_SYMBOLS, 15);

	lengths->count = 0;
	lengths->n_litlen = LITLEN_SYMBOLS;
	while (lengths->n_litlen > 257 && self->litlen.length[lengths->n_litlen - 1] == 0)
		lengths->n_litlen--;
	lengths->n_dist = DIST_SYMBOLS;
	while (lengths->n_dist > 1 && self->dist.length[lengths->n_dist - 1] == 0)
		lengths->n_dist--;
	memcpy(all, self->litlen.length, lengths->n_litlen);
	memcpy(all + lengths->n_litlen, self->dist.length, lengths->n_dist);
	run_lengths(lengths, frequencies, all, lengths->n_litlen + lengths->n_dist);

	smith_huffman_build(&self->codelen, frequencies, CODELEN_SYMBOLS, 7);
	lengths->n_codelen = CODELEN_SYMBOLS;
	while (lengths->n_codelen > 4 &&
	       self->codelen.length[codelen_order[lengths->n_codelen - 1]] == 0)
		lengths->n_codelen--;
	lengths->bits = 14 + 3 * (guint64)lengths->n_codelen;
	for (guint i = 0; i < lengths->count; i++)
		lengths->bits +=
			self->codelen.length[lengths->symbol[i]] + extra_bits(lengths->symbol[i]);
}

static void write_dynamic(SmithDeflater *self, const CodeLengths *lengths, guint final)
{
	put_bits(self, final | 2u << 1, 3);
	put_bits(self, lengths->n_litlen - 257, 5);
	put_bits(self, lengths->n_dist - 1, 5);
	put_bits(self, lengths->n_codelen - 4, 4);
	for (guint i = 0; i < lengths->n_codelen; i++)
		put_bits(self, self->codelen.length[codelen_order[i]], 3);
	for (guint i = 0; i < lengths->count; i++) {
		guint8 symbol = lengths->symbol[i];
		put_bits(self, self->codelen.code[symbol], self->codelen.length[symbol]);
		put_bits(self, lengths->extra[i], extra_bits(symbol));
	}
	write_tokens(self, &self->litlen, &self->dist);
}

static void write_stored(SmithDeflater *self, const guint8 *data, guint32 length, guint final)
{
	do {
		guint32 part = MIN(length, STORED_MAX);
		put_bits(self, part == length ? final : 0, 3);
		align_bits(self);
		put_bits(self, part, 16);
		put_bits(self, ~part & 0xffff, 16);
		align_bits(self);
		memcpy(self->out, data, part);
		self->out += part;
		data += part;
		length -= part;
	} while (length > 0);
}

/* Ends the block of the tokens so far, which stand for data[0..length), in its shortest form. */
static void flush_block(SmithDeflater *self, const guint8 *data, guint32 length, guint final)
{
	CodeLengths lengths;
	self->litlen_freq[END_OF_BLOCK] = 1;
	guint64 fixed = cost_of(self, &self->fixed_litlen, &self->fixed_dist);
	guint64 dynamic = G_MAXUINT64;
	if (fixed > DYNAMIC_FROM_BITS) {
		plan_dynamic(self, &lengths);
		dynamic = lengths.bits + cost_of(self, &self->litlen, &self->dist);
	}
	/* three bits, at worst seven of alignment, and two lengths for each part */
	guint64 stored = (guint64)length * 8 + (length / STORED_MAX + 1) * 42;

	if (stored < fixed && stored < dynamic) {
		write_stored(self, data, length, final);
	} else if (dynamic < fixed) {
		write_dynamic(self, &lengths, final);
	} else {
		put_bits(self, final | 1u << 1, 3);
		write_tokens(self, &self->fixed_litlen, &self->fixed_dist);
	}
	self->n_tokens = 0;
	memset(self->litlen_freq, 0, sizeof self->litlen_freq);
	memset(self->dist_freq, 0, sizeof self->dist_freq);
}

/* Greedy with one byte of look-ahead: a match gives way to a longer one that begins a byte later.
 */
static void deflate_all(SmithDeflater *self, const Input *in)
{
	guint32 block_start = 0, at = 0;
	Match match = {0, 0};
	bool searched = false;
	while (at < in->size) {
		if (!searched)
			match = find(self, in, at, 0);
		searched = false;
		if (match.length == 0) {
			count_literal(self, in->data[at++]);
		} else {
			Match later = {0, 0};
			if (match.length < LAZY_BELOW && at + 1 < in->size) {
				later = find(self, in, at + 1, match.length);
				searched = true;
			}
			if (later.length > match.length) {
				count_literal(self, in->data[at++]);
				match = later;
			} else {
				for (guint32 i = searched ? 2 : 1; i < match.length; i++)
					insert(self, in, at + i);
				count_match(self, match);
				at += match.length;
				searched = false;
			}
		}
		if (self->n_tokens == BLOCK_TOKENS) {
			flush_block(self, in->data + block_start, at - block_start, at == in->size);
			block_start = at;
		}
	}
	if (block_start < at || in->size == 0)
		flush_block(self, in->data + block_start, at - block_start, 1);
}

static void init_tables(SmithDeflater *self)
{
	for (guint symbol = 0; symbol < G_N_ELEMENTS(length_base); symbol++) {
		guint end = symbol == 28 ? MAX_MATCH + 1 : length_base[symbol + 1];
		for (guint length = length_base[symbol]; length < end; length++)
			self->length_symbol[length] = (guint8)symbol;
	}
	for (guint symbol = 0; symbol < G_N_ELEMENTS(dist_base); symbol++) {
		guint end = symbol == 29 ? WINDOW + 1 : dist_base[symbol + 1];
		for (guint index = dist_base[symbol] - 1; index < end - 1; index++) {
			if (index < 256)
				self->dist_symbol[index] = (guint8)symbol;
			else
				self->dist_symbol[256 + (index >> 7)] = (guint8)symbol;
		}
	}
	for (guint i = 0; i < SMITH_HUFFMAN_SYMBOLS; i++)
		self->fixed_litlen.length[i] = i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8;
	for (guint i = 0; i < 32; i++)
		self->fixed_dist.length[i] = 5;
	smith_huffman_assign(&self->fixed_litlen, SMITH_HUFFMAN_SYMBOLS);
	smith_huffman_assign(&self->fixed_dist, 32);
}

/* A layer may be smaller than its deflater: making and faulting in the tables for each of them
 * costs more than deflating it. What the last layer left in them is never looked at, as between
 * members.
 */
static GPrivate spare = G_PRIVATE_INIT(g_free);

SmithDeflater *smith_deflater_new(void)
{
	SmithDeflater *self = g_private_get(&spare);
	if (self != NULL) {
		g_private_set(&spare, NULL);
		return self;
	}
	self = g_new0(SmithDeflater, 1);
	self->base = NO_POSITION + 1;
	init_tables(self);
	return self;
}

void smith_deflater_member(SmithDeflater *deflater, const void *data, gsize length, GByteArray *out)
{
	g_assert(length <= SMITH_DEFLATER_MAX);
	/* the shortest form of each block is at most its stored one */
	gsize bound = length + (length / BLOCK_TOKENS + 2) * 16 + SMITH_GZIP_HEADER_SIZE +
		      SMITH_GZIP_TRAILER_SIZE;
	guint start = out->len;
	g_byte_array_set_size(out, (guint)(start + bound));
	memcpy(out->data + start, smith_gzip_header, SMITH_GZIP_HEADER_SIZE);
	deflater->out = out->data + start + SMITH_GZIP_HEADER_SIZE;

	/* small pieces are many and repay a thorough search; large ones are dominated by it */
	Input in = {data, (guint32)length, length <= 65536 ? 16 : 8};
	deflate_all(deflater, &in);
	align_bits(deflater);
	smith_gzip_trailer(deflater->out, libdeflate_crc32(0, data, length), length);
	deflater->out += SMITH_GZIP_TRAILER_SIZE;
	g_byte_array_set_size(out, (guint)(deflater->out - out->data));

	deflater->base += (guint32)length;
	if (deflater->base > G_MAXUINT32 - 2 * SMITH_DEFLATER_MAX) {
		memset(deflater->head, 0, sizeof deflater->head);
		deflater->base = NO_POSITION + 1;
	}
}

void smith_deflater_free(SmithDeflater *deflater)
{
	if (deflater == NULL || g_private_get(&spare) != NULL)
		g_free(deflater);
	else
		g_private_set(&spare, deflater);
}
