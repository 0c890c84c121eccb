/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/*
 * Expressions in a fleet's values: "${PORT_OFFSET}+7200", "${VAR:-default}", "${V:-d} == 'x'".
 *
 * smith_expr_expand() replaces the variables, then the result is taken as a text, a number or a
 * condition. "${NAME}" is a variable, "${NAME:-TEXT}" the same with a default, which may hold
 * variables itself; "$$" is a dollar sign, any other "$" stands for itself.
 */
#define SMITH_EXPR_MAX 65536 /* bytes of a result */

/* The value of a variable, or NULL when it has none. */
typedef const char *(*SmithExprLookup)(const char *name, gpointer data);

/* SMITH_ERROR_NOT_FOUND, its message the name alone, for a variable without value and default;
 * SMITH_ERROR_INVALID for "${" without end and names that are none; SMITH_ERROR_LIMIT. */
char *smith_expr_expand(const char *text, SmithExprLookup lookup, gpointer data, GError **error);

/* Nothing in @text is to be replaced by a variable's value. */
bool smith_expr_is_plain(const char *text);

/* The names of all variables in @text, once each in their order, defaults included
 * (NULL-terminated, transfer full); with a '?' behind those that have a default. Of a text that
 * cannot be expanded only those before the fault. */
char **smith_expr_names(const char *text);

/* A sum: "7200", "0+7200", "7200 - 1". SMITH_ERROR_INVALID when it is none, or beyond 32 bits. */
gboolean smith_expr_number(const char *expanded, gint64 *number, GError **error);

/* "true", "false", "A == 'B'", "A != 'B'"; blanks around A do not count, quotes may be double ones
 * or left out. */
gboolean smith_expr_condition(const char *expanded, bool *truth, GError **error);
