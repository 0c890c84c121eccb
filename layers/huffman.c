/* SPDX-License-Identifier: Apache-2.0 */
#include "layers/huffman.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
	guint32 frequency;
	guint16 symbol;
} Leaf;

static int compare_leaves(const void *a, const void *b)
{
	const Leaf *x = a, *y = b;
	if (x->frequency != y->frequency)
		return x->frequency < y->frequency ? -1 : 1;
	return (int)x->symbol - (int)y->symbol;
}

/* The two-queue method on sorted leaves: inner nodes come into being in rising order of weight, so
 * the two lightest are always at the heads of the two queues. */
static guint tree_lengths(const Leaf *leaves, guint count, guint8 *lengths)
{
	guint32 weight[2 * SMITH_HUFFMAN_SYMBOLS];
	guint16 parent[2 * SMITH_HUFFMAN_SYMBOLS];
	guint8 depth[2 * SMITH_HUFFMAN_SYMBOLS];
	for (guint i = 0; i < count; i++)
		weight[i] = leaves[i].frequency;

	guint next_leaf = 0, next_inner = count, nodes = 2 * count - 1;
	for (guint node = count; node < nodes; node++) {
		weight[node] = 0;
		for (int k = 0; k < 2; k++) {
			bool take_leaf =
				next_leaf < count &&
				(next_inner >= node || weight[next_leaf] <= weight[next_inner]);
			guint child = take_leaf ? next_leaf++ : next_inner++;
			weight[node] += weight[child];
			parent[child] = (guint16)node;
		}
	}

	guint deepest = 0;
	depth[nodes - 1] = 0;
	for (guint node = nodes - 1; node-- > 0;) {
		depth[node] = (guint8)(depth[parent[node]] + 1);
		if (node < count) {
			lengths[leaves[node].symbol] = depth[node];
			deepest = MAX(deepest, depth[node]);
		}
	}
	return deepest;
}

void smith_huffman_build(SmithHuffman *huffman, const guint32 *frequencies, guint count,
			 guint limit)
{
	Leaf leaves[SMITH_HUFFMAN_SYMBOLS];
	guint used = 0;
	memset(huffman->length, 0, sizeof huffman->length);
	for (guint i = 0; i < count; i++)
		if (frequencies[i] > 0)
			leaves[used++] = (Leaf){frequencies[i], (guint16)i};
	for (guint i = 0; used < 2; i++)
		if (frequencies[i] == 0)
			leaves[used++] = (Leaf){1, (guint16)i};

	qsort(leaves, used, sizeof leaves[0], compare_leaves);
	/* halving the weights flattens the tree; order is kept, and it ends at equal weights */
	while (tree_lengths(leaves, used, huffman->length) > limit)
		for (guint i = 0; i < used; i++)
			leaves[i].frequency = (leaves[i].frequency + 1) / 2;
	smith_huffman_assign(huffman, count);
}

void smith_huffman_assign(SmithHuffman *huffman, guint count)
{
	guint16 per_length[16] = {0}, next[16] = {0};
	for (guint i = 0; i < count; i++)
		per_length[huffman->length[i]]++;
	per_length[0] = 0;
	for (guint i = 1; i < 16; i++)
		next[i] = (guint16)((next[i - 1] + per_length[i - 1]) << 1);
	for (guint i = 0; i < count; i++) {
		guint code = huffman->length[i] > 0 ? next[huffman->length[i]]++ : 0;
		guint reversed = 0;
		for (guint bit = 0; bit < huffman->length[i]; bit++, code >>= 1)
			reversed = reversed << 1 | (code & 1);
		huffman->code[i] = (guint16)reversed;
	}
}
