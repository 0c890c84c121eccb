/* SPDX-License-Identifier: Apache-2.0 */
#include "lint/graph.h"

#define NONE G_MAXUINT

struct SmithGraph {
	guint nodes;
	guint *first;	/* of nodes + 1: where a node's edges begin */
	GArray *target; /* of guint */
	guint filled;	/* nodes whose @first is known */
};

SmithGraph *smith_graph_new(guint nodes)
{
	SmithGraph *graph = g_new0(SmithGraph, 1);
	graph->nodes = nodes;
	graph->first = g_new0(guint, (gsize)nodes + 1);
	graph->target = g_array_new(FALSE, FALSE, sizeof(guint));
	return graph;
}

void smith_graph_free(SmithGraph *graph)
{
	if (graph == NULL)
		return;
	g_free(graph->first);
	g_array_unref(graph->target);
	g_free(graph);
}

void smith_graph_add(SmithGraph *graph, guint from, guint to)
{
	g_assert(from < graph->nodes && to < graph->nodes && from + 1 >= graph->filled);
	while (graph->filled <= from)
		graph->first[graph->filled++] = graph->target->len;
	g_array_append_val(graph->target, to);
}

static guint edges_begin(const SmithGraph *graph, guint node)
{
	return node < graph->filled ? graph->first[node] : graph->target->len;
}

static guint target_of(const SmithGraph *graph, guint edge)
{
	return g_array_index(graph->target, guint, edge);
}

/* Tarjan's strongly connected components. */
typedef struct {
	const SmithGraph *graph;
	guint *order; /* when a node was met, NONE: not yet */
	guint *low;   /* the earliest that it reaches */
	guint *next;  /* its next edge to follow */
	guint *component;
	guint *parent;
	GArray *open; /* met and in no component yet */
	guint met;
	guint components;
} Search;

static void enter(Search *search, guint node, guint parent)
{
	search->order[node] = search->low[node] = search->met++;
	search->next[node] = edges_begin(search->graph, node);
	search->parent[node] = parent;
	g_array_append_val(search->open, node);
}

static void close_component(Search *search, guint root)
{
	guint node;
	do {
		node = g_array_index(search->open, guint, search->open->len - 1);
		g_array_set_size(search->open, search->open->len - 1);
		search->component[node] = search->components;
	} while (node != root);
	search->components++;
}

/* Follows one edge of @at, or goes back; the node to go on with. */
static guint step(Search *search, guint at)
{
	if (search->next[at] < edges_begin(search->graph, at + 1)) {
		guint to = target_of(search->graph, search->next[at]++);
		if (search->order[to] == NONE) {
			enter(search, to, at);
			return to;
		}
		if (search->component[to] == NONE)
			search->low[at] = MIN(search->low[at], search->order[to]);
		return at;
	}
	guint parent = search->parent[at];
	if (search->low[at] == search->order[at])
		close_component(search, at);
	if (parent != NONE)
		search->low[parent] = MIN(search->low[parent], search->low[at]);
	return parent;
}

static guint *new_marks(guint count)
{
	guint *marks = g_new(guint, MAX(count, 1));
	for (guint i = 0; i < count; i++)
		marks[i] = NONE;
	return marks;
}

/* The component of each node; their number goes to @count. */
static guint *find_components(const SmithGraph *graph, guint *count)
{
	g_autofree guint *order = new_marks(graph->nodes), *low = new_marks(graph->nodes);
	g_autofree guint *next = new_marks(graph->nodes), *parent = new_marks(graph->nodes);
	g_autoptr(GArray) open = g_array_new(FALSE, FALSE, sizeof(guint));
	Search search = {.graph = graph,
			 .order = order,
			 .low = low,
			 .next = next,
			 .component = new_marks(graph->nodes),
			 .parent = parent,
			 .open = open};
	for (guint root = 0; root < graph->nodes; root++) {
		if (order[root] != NONE)
			continue;
		enter(&search, root, NONE);
		for (guint at = root; at != NONE;)
			at = step(&search, at);
	}
	*count = search.components;
	return search.component;
}

static void reverse(GArray *nodes)
{
	for (guint i = 0; i < nodes->len / 2; i++) {
		guint *left = &g_array_index(nodes, guint, i);
		guint *right = &g_array_index(nodes, guint, nodes->len - 1 - i);
		guint node = *left;
		*left = *right;
		*right = node;
	}
}

/* Breadth first inside the component, until an edge leads back; @from is where each was met from.
 */
static GArray *shortest_circle(const SmithGraph *graph, const guint *component, guint start,
			       guint *from)
{
	g_autoptr(GArray) queue = g_array_new(FALSE, FALSE, sizeof(guint));
	GArray *circle = g_array_new(FALSE, FALSE, sizeof(guint));
	guint last = NONE;
	g_array_append_val(queue, start);
	for (guint i = 0; i < queue->len && last == NONE; i++) {
		guint at = g_array_index(queue, guint, i);
		for (guint edge = edges_begin(graph, at);
		     edge < edges_begin(graph, at + 1) && last == NONE; edge++) {
			guint to = target_of(graph, edge);
			if (to == start && at != start) {
				last = at;
			} else if (to != start && component[to] == component[start] &&
				   from[to] == NONE) {
				from[to] = at;
				g_array_append_val(queue, to);
			}
		}
	}
	for (guint at = last; at != NONE && at != start; at = from[at])
		g_array_append_val(circle, at);
	g_array_append_val(circle, start);
	reverse(circle);
	return circle;
}

static void circle_free(gpointer data)
{
	SmithCircle *circle = data;
	g_array_unref(circle->nodes);
	g_free(circle);
}

typedef struct {
	GCompareDataFunc compare;
	gpointer data;
} Order;

static int compare_circles(gconstpointer a, gconstpointer b, gpointer data)
{
	const SmithCircle *x = *(SmithCircle *const *)a, *y = *(SmithCircle *const *)b;
	const Order *order = data;
	return order->compare(&g_array_index(x->nodes, guint, 0),
			      &g_array_index(y->nodes, guint, 0), order->data);
}

GPtrArray *smith_graph_circles(const SmithGraph *graph, GCompareDataFunc compare, gpointer data)
{
	guint count = 0;
	g_autofree guint *component = find_components(graph, &count);
	g_autofree guint *size = g_new0(guint, MAX(count, 1)), *first = new_marks(count);
	g_autofree guint *from = new_marks(graph->nodes);
	GPtrArray *circles = g_ptr_array_new_with_free_func(circle_free);
	for (guint node = 0; node < graph->nodes; node++) {
		guint *least = &first[component[node]];
		size[component[node]]++;
		if (*least == NONE || compare(&node, least, data) < 0)
			*least = node;
	}
	for (guint i = 0; i < count; i++) {
		if (size[i] < 2)
			continue;
		SmithCircle *circle = g_new0(SmithCircle, 1);
		circle->nodes = shortest_circle(graph, component, first[i], from);
		circle->size = size[i];
		g_ptr_array_add(circles, circle);
	}
	Order order = {compare, data};
	g_ptr_array_sort_with_data(circles, compare_circles, &order);
	return circles;
}
