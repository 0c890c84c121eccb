/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A fuzz target is one file, fuzz-NAME.c, that defines this function for one parser of untrusted
 * input: whatever the bytes, it must come back, leak nothing and break none of the target's own
 * assertions. libFuzzer calls it (`make fuzz`), and so does replay.c over the files of
 * corpus/NAME/ (`make check`). An input that ever failed is kept in the corpus.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A failed call has an error with a text, a successful one has none. The text may hold bytes of the
 * input; who prints it escapes them. */
static inline void fuzz_check_error(gboolean ok, const GError *error)
{
	g_assert_true(ok == (error == NULL));
	g_assert_true(error == NULL || *error->message != '\0');
}
