/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "base/diag.h"
#include "base/error.h"

/*
 * One document tree for YAML and JSON: every value knows the file, line and column where it stands.
 *
 * Readers are strict with hostile input: at most SMITH_NODE_MAX_BYTES of text, SMITH_NODE_MAX_DEPTH
 * levels of lists and maps, SMITH_NODE_MAX_NODES values; aliases count as what they stand for, in
 * values and in bytes. Duplicate keys are refused, and so are NUL characters: every string is a C
 * string. What is too large is SMITH_ERROR_LIMIT, what is legal but not for us
 * SMITH_ERROR_UNSUPPORTED, all else SMITH_ERROR_INVALID; texts are "FILE:LINE:COLUMN: ...", columns
 * count characters.
 *   YAML: one document; plain scalars resolve by the YAML 1.2 core schema (null, bool, int, float,
 *   else string), quoted ones are strings; anchors and aliases; no tags but the core ones; no merge
 *   keys; map keys are scalars, kept as their text. An empty stream is a null.
 *   JSON: RFC 8259, UTF-8 without byte order mark, values through json-glib behind a strict scan.
 * Integers beyond 64 bits become doubles; their text stays as written.
 */
#define SMITH_NODE_MAX_BYTES (16 * 1024 * 1024)
#define SMITH_NODE_MAX_DEPTH 64
#define SMITH_NODE_MAX_NODES 1000000

typedef enum {
	SMITH_NODE_NULL,
	SMITH_NODE_BOOL,
	SMITH_NODE_INT,
	SMITH_NODE_DOUBLE,
	SMITH_NODE_STRING,
	SMITH_NODE_SEQ,
	SMITH_NODE_MAP,
} SmithNodeType;

typedef struct SmithNode SmithNode;

typedef struct {
	char *key;
	SmithPlace place; /* of the key */
	SmithNode *value;
} SmithNodeMember;

struct SmithNode {
	SmithNodeType type;
	bool quoted; /* STRING that was quoted in YAML */
	SmithPlace place;
	char *text; /* the scalar as written (without quotes), for STRING its value */
	union {
		bool boolean;
		gint64 integer;
		double number;
		GPtrArray *items;   /* SEQ (element-type SmithNode*) */
		GPtrArray *members; /* MAP (element-type SmithNodeMember*), in document order */
	};
};

SmithNode *smith_node_read_yaml(const char *text, gsize length, const char *file, GError **error);
/* As smith_node_read_yaml(), for readers that tell all there is to tell: a key that occurs twice is
 * a finding of @diag (rule "yaml-duplicate-key"), and the last value holds, at the first one's
 * position. */
SmithNode *smith_node_read_yaml_lax(const char *text, gsize length, const char *file,
				    SmithDiag *diag, GError **error);
SmithNode *smith_node_read_json(const char *text, gsize length, const char *file, GError **error);

/* A tree made by hand, for writing. Ownership of children passes to the parent. */
SmithNode *smith_node_new(SmithNodeType type);
SmithNode *smith_node_new_string(const char *value);
SmithNode *smith_node_new_int(gint64 value);
SmithNode *smith_node_new_bool(bool value);
void smith_node_append(SmithNode *seq, SmithNode *item);
void smith_node_set(SmithNode *map, const char *key, SmithNode *value); /* replaces */
/* Appends without looking for @key: for readers, which know that it is new, and for large maps. */
void smith_node_add(SmithNode *map, const char *key, SmithPlace place, SmithNode *value);
SmithNode *smith_node_copy(const SmithNode *node);

/* The value of @key in a map, or NULL (also when @map is NULL or no map). */
SmithNode *smith_node_get(const SmithNode *map, const char *key);
const char *smith_node_get_string(const SmithNode *map, const char *key); /* NULL unless a string */
gint64 smith_node_get_int(const SmithNode *map, const char *key, gint64 fallback);
guint smith_node_length(const SmithNode *node);	      /* items or members */
const char *smith_node_type_name(SmithNodeType type); /* "a map", "a list", "a string", ... */

/* What both readers ask of a text first: at most SMITH_NODE_MAX_BYTES of UTF-8 without NUL. */
gboolean smith_node_check_text(const char *text, gsize length, const char *file, GError **error);
/* Where the byte @at of @text stands. */
SmithPlace smith_node_locate(const char *text, const char *at, const char *file);

void smith_node_free(SmithNode *node);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SmithNode, smith_node_free)
