/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "fleet/model.h"

/*
 * JSON schemas (draft 2020-12) of the fleet's files, for editors and other programs.
 *
 * They are made of the property tables (fleet/tables.h), by which the loader reads, and of the
 * shapes below for values that no table describes. A document that a schema refuses is one that the
 * loader refuses; what only the loader can see (names that nothing has, sums out of range) is
 * listed in tests/tools/fleet-corpus.py, which holds the two against each other.
 */
SmithNode *smith_schema_fleet(void);
SmithNode *smith_schema_family(void);

/* The one line about @key ("memory") of what a table describes ("limits"); NULL when there is none.
 */
const char *smith_schema_describe(const char *what, const char *key);

/* Shapes of values by name, as `$defs` of a schema has them. */
SmithNode *smith_schema_shapes(void);
/* The shape of @key in @what, a name of the above or of a table; NULL: what its type says. */
const char *smith_schema_shape_of(const char *what, const char *key);
/* What holds between the members of a @what, as a schema; NULL: nothing. */
SmithNode *smith_schema_rules_of(const char *what);
