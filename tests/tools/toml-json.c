/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Documents of TOML, each ended by a NUL, as lines: "ok JSON" or "bad WHAT-IS-WRONG"; for the judge
 * that compares them with Python's tomllib.
 */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "python/toml.h"

int main(void)
{
	g_autoptr(GString) input = g_string_new(NULL);
	char buffer[65536];
	for (size_t got; (got = fread(buffer, 1, sizeof buffer, stdin)) > 0;)
		g_string_append_len(input, buffer, (gssize)got);
	for (gsize at = 0; at < input->len;) {
		const char *text = input->str + at;
		gsize length = strlen(text);
		g_autoptr(GError) error = NULL;
		g_autoptr(SmithNode) node = smith_toml_read(text, length, "t", &error);
		if (node == NULL) {
			g_autofree char *line = g_strescape(error->message, NULL);
			printf("bad %s\n", line);
		} else {
			g_autofree char *json = smith_json_write(node, SMITH_JSON_COMPACT, NULL);
			printf("ok %s\n", json);
		}
		at += length + 1;
	}
	return 0;
}
