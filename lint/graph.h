/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

/*
 * A directed graph of numbered nodes, and the circles in it.
 *
 *   SmithGraph *graph = smith_graph_new(count);
 *   smith_graph_add(graph, 0, 1); ...                  all edges of a node before the next node's
 *   smith_graph_circles(graph, before, data)           (element-type GArray* of guint)
 *
 * Linear in nodes and edges, and without recursion.
 */
typedef struct SmithGraph SmithGraph;

SmithGraph *smith_graph_new(guint nodes);
void smith_graph_free(SmithGraph *graph);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SmithGraph, smith_graph_free)

/* @from must not be less than that of the edge before; edges to itself are no circles here. */
void smith_graph_add(SmithGraph *graph, guint from, guint to);

typedef struct {
	GArray *nodes; /* of guint: a shortest way from the first node back to it */
	guint size;    /* of all nodes that can reach each other */
} SmithCircle;

/* One for each set of nodes that all reach each other (element-type SmithCircle*), in the order of
 * their first nodes, which are those that come first by @compare. */
GPtrArray *smith_graph_circles(const SmithGraph *graph, GCompareDataFunc compare, gpointer data);
