/* SPDX-License-Identifier: Apache-2.0 */
#include "store/key.h"

#include "base/digest.h"
#include "base/json.h"

struct SmithKey {
	SmithNode *fields;
};

SmithKey *smith_key_new(const char *kind)
{
	SmithKey *key = g_new0(SmithKey, 1);
	key->fields = smith_node_new(SMITH_NODE_MAP);
	smith_key_string(key, "kind", kind);
	smith_key_int(key, "format", SMITH_FORMAT_VERSION);
	return key;
}

void smith_key_string(SmithKey *key, const char *field, const char *value)
{
	smith_node_set(key->fields, field,
		       value != NULL ? smith_node_new_string(value)
				     : smith_node_new(SMITH_NODE_NULL));
}

void smith_key_int(SmithKey *key, const char *field, gint64 value)
{
	smith_node_set(key->fields, field, smith_node_new_int(value));
}

void smith_key_strv(SmithKey *key, const char *field, char **values)
{
	SmithNode *list = smith_node_new(SMITH_NODE_SEQ);
	for (; values != NULL && *values != NULL; values++)
		smith_node_append(list, smith_node_new_string(*values));
	smith_node_set(key->fields, field, list);
}

char *smith_key_finish(SmithKey *key)
{
	gsize length = 0;
	g_autofree char *text =
		smith_json_write(key->fields, SMITH_JSON_COMPACT | SMITH_JSON_SORTED, &length);
	char *digest = smith_digest_of(text, length);
	smith_node_free(key->fields);
	g_free(key);
	return digest;
}
