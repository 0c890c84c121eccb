/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "base/diag.h"
#include "base/node.h"

/*
 * Property tables: one table says how a map of a document and a plain C struct correspond; it
 * reads, writes and frees.
 *
 *   typedef struct { char *name; gint64 size; bool set; char **args; GHashTable *labels; } Thing;
 *   static const SmithBindField thing_fields[] = {
 *           SMITH_BIND (Thing, name, "name", STRING, .required = true),
 *           SMITH_BIND (Thing, args, "args", STRV),
 *           ...
 *           {0},
 *   };
 *   const SmithBindTable thing_table = {
 *           .what = "thing", .size = sizeof (Thing), .fields = thing_fields,
 *   };
 *
 * Reading reports every problem to the diag, each at its place. Rules: "wrong-type" (got and
 * expected), "missing-key", "unknown-key" with the nearest known one ("did you mean"),
 * "out-of-range", "bad-value" (not one of an enum's names). Null equals an absent key. A field with
 * a problem stays unset, a list lacks the elements that have one.
 *
 * Writing keeps the order of the table (maps: bytewise by key) and leaves out unset values: NULL,
 * an empty list or map, false, 0 and the first name of an enum. A required field is written all the
 * same, except a NULL string, object or node.
 *
 * The struct's memory: strings and containers are owned by it and freed by smith_bind_free(). The
 * arrays of LIST and MAP have no free function of their own.
 */
typedef enum {
	SMITH_BIND_STRING, /* char*; from a string, or from any scalar when .any_scalar */
	SMITH_BIND_BOOL,   /* bool */
	SMITH_BIND_INT,	   /* gint64; within .min and .max when these differ */
	SMITH_BIND_ENUM,   /* int; index into .names (NULL-terminated), by any scalar's text */
	SMITH_BIND_STRV,   /* char**; a list of strings */
	SMITH_BIND_STRMAP, /* GHashTable* char* -> char*; scalars become their text */
	SMITH_BIND_OBJECT, /* struct*; .table */
	SMITH_BIND_LIST,   /* GPtrArray* of struct*; .table */
	SMITH_BIND_MAP,	   /* GPtrArray* of struct*; the key goes to .table->key_offset */
	SMITH_BIND_NODE,   /* SmithNode*; the value as it is (a copy) */
	SMITH_BIND_SET,	   /* char**; a map whose values are empty maps, {"80/tcp": {}}: its keys */
} SmithBindType;

typedef struct SmithBindTable SmithBindTable;

typedef struct {
	const char *name;
	SmithBindType type;
	gsize offset;
	const SmithBindTable *table;
	const char *const *names;
	gint64 min, max; /* inclusive; both 0: any */
	bool required;
	bool any_scalar;
	bool one_or_list; /* STRV, LIST: a single value stands for a list of one */
} SmithBindField;

struct SmithBindTable {
	const char *what; /* "service": for messages */
	gsize size;
	const SmithBindField *fields; /* ends with a zeroed one */
	/* MAP elements: the char* member that gets the key; it is no field. */
	gssize key_offset;
	/* A SmithPlace member that gets the map's place; 0 and -1: none, so it cannot be the
	 * first. */
	gssize place_offset;
	bool allow_unknown; /* documents of others: OCI JSON */
};

/* The type pastes to the first token of the rest, so that the rest may be the type alone. */
#define SMITH_BIND(struct_, member_, name_, ...)                                                   \
	{                                                                                          \
		.name = (name_), .offset = G_STRUCT_OFFSET(struct_, member_),                      \
		.type = SMITH_BIND_##__VA_ARGS__                                                   \
	}

/* A new struct of the table from @node, never NULL; problems go to @diag. */
gpointer smith_bind_read(const SmithBindTable *table, const SmithNode *node, SmithDiag *diag);
/* As smith_bind_read(), but NULL with SMITH_ERROR_INVALID on any problem; the text is the first's,
 * "FILE:LINE:COLUMN: text (and N more)". */
gpointer smith_bind_parse(const SmithBindTable *table, const SmithNode *node, GError **error);
SmithNode *smith_bind_write(const SmithBindTable *table, gconstpointer object);
void smith_bind_free(const SmithBindTable *table, gpointer object);
