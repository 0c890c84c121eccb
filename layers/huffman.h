/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

/*
 * Canonical length-limited Huffman codes, as deflate (RFC 1951 section 3.2.2) uses them. The
 * lengths are a function of the frequencies alone: ties go by symbol number.
 */
#define SMITH_HUFFMAN_SYMBOLS 288

typedef struct {
	guint16 code[SMITH_HUFFMAN_SYMBOLS]; /* bit-reversed: sent from the lowest bit on */
	guint8 length[SMITH_HUFFMAN_SYMBOLS];
} SmithHuffman;

/* The lengths for @count symbols of these frequencies, none over @limit bits. Unused symbols get
 * length 0. At least two symbols get a code, so that every decoder accepts it as complete. */
void smith_huffman_build(SmithHuffman *huffman, const guint32 *frequencies, guint count,
			 guint limit);

/* The codes for lengths that are already set. */
void smith_huffman_assign(SmithHuffman *huffman, guint count);
