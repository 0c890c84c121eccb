/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/*
 * HPACK (RFC 7541), as much as reads an answer to one who allows no dynamic table: literals, coded
 * by Huffman or not, and of the static table only ":status". Other names are "".
 */
struct hpack_field {
	char name[32]; /* cut where they are longer */
	char value[128];
};

/* Reads the field at @data: how many bytes it has, 0 when it is malformed. */
size_t hpack_read(const uint8_t *data, size_t length, struct hpack_field *field);
