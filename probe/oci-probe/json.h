/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whether the bytes are one value of JSON (RFC 8259) in UTF-8, nested at most JSON_DEPTH deep. */
#define JSON_DEPTH 128
bool json_is_valid(const uint8_t *data, size_t length);
