/* SPDX-License-Identifier: Apache-2.0 */
#include "lint/graph.h"

#include <stdbool.h>

static int compare(gconstpointer a, gconstpointer b, gpointer data)
{
	const guint *x = a, *y = b;
	(void)data;
	return (*x > *y) - (*x < *y);
}

static int compare_backwards(gconstpointer a, gconstpointer b, gpointer data)
{
	return -compare(a, b, data);
}

/* Pairs of nodes, sorted by the first; 99 ends them. */
static SmithGraph *graph_of(guint nodes, const guint *edges)
{
	SmithGraph *graph = smith_graph_new(nodes);
	for (; *edges != 99; edges += 2)
		smith_graph_add(graph, edges[0], edges[1]);
	return graph;
}

/* "0>1>2(4)": the circle, and how many nodes are in it and others. */
static char *text_of(const GPtrArray *circles)
{
	GString *text = g_string_new(NULL);
	for (guint i = 0; i < circles->len; i++) {
		const SmithCircle *circle = circles->pdata[i];
		if (i > 0)
			g_string_append_c(text, ' ');
		for (guint j = 0; j < circle->nodes->len; j++)
			g_string_append_printf(text, "%s%u", j > 0 ? ">" : "",
					       g_array_index(circle->nodes, guint, j));
		g_string_append_printf(text, "(%u)", circle->size);
	}
	return g_string_free(text, FALSE);
}

static void test_circles(void)
{
	static const struct {
		guint nodes;
		guint edges[24];
		const char *circles;
	} rows[] = {
		{0, {99}, ""},
		{3, {99}, ""},
		{1, {0, 0, 99}, ""},
		{2, {0, 1, 1, 0, 99}, "0>1(2)"},
		{2, {0, 1, 0, 1, 1, 0, 1, 1, 99}, "0>1(2)"},
		{4, {0, 1, 0, 2, 1, 3, 2, 3, 99}, ""},
		{3, {0, 2, 1, 0, 2, 1, 99}, "0>2>1(3)"},
		/* the shorter way round, of five that reach each other */
		{5, {0, 1, 0, 4, 1, 2, 2, 3, 3, 0, 4, 0, 99}, "0>4(5)"},
		/* two apart, a bridge between them, a tail at the end */
		{6, {0, 1, 1, 0, 1, 2, 3, 4, 4, 3, 4, 5, 99}, "0>1(2) 3>4(2)"},
		{6, {1, 2, 2, 3, 3, 1, 3, 5, 5, 4, 99}, "1>2>3(3)"},
	};
	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(SmithGraph) graph = graph_of(rows[i].nodes, rows[i].edges);
		g_autoptr(GPtrArray) circles = smith_graph_circles(graph, compare, NULL);
		g_autofree char *text = text_of(circles);
		g_assert_cmpstr(text, ==, rows[i].circles);
	}
}

static void test_order(void)
{
	static const guint edges[] = {0, 1, 1, 0, 2, 3, 3, 2, 99};
	g_autoptr(SmithGraph) graph = graph_of(4, edges);
	g_autoptr(GPtrArray) circles = smith_graph_circles(graph, compare_backwards, NULL);
	g_autofree char *text = text_of(circles);
	g_assert_cmpstr(text, ==, "3>2(2) 1>0(2)");
}

/* Against plain reachability: two nodes share a circle when each reaches the other. */
static void test_random(void)
{
	enum { NODES = 12 };
	for (guint round = 0; round < 500; round++) {
		bool reach[NODES][NODES] = {{false}};
		g_autoptr(SmithGraph) graph = smith_graph_new(NODES);
		guint together = 0, counted = 0;
		for (guint i = 0; i < NODES; i++)
			for (guint j = 0; j < NODES; j++)
				if (g_test_rand_int_range(0, 12) == 0) {
					smith_graph_add(graph, i, j);
					reach[i][j] = true;
				}
		for (guint k = 0; k < NODES; k++)
			for (guint i = 0; i < NODES; i++)
				for (guint j = 0; j < NODES; j++)
					reach[i][j] = reach[i][j] || (reach[i][k] && reach[k][j]);
		for (guint i = 0; i < NODES; i++) {
			bool in_circle = false;
			for (guint j = 0; j < NODES; j++)
				in_circle = in_circle || (i != j && reach[i][j] && reach[j][i]);
			together += in_circle;
		}
		g_autoptr(GPtrArray) circles = smith_graph_circles(graph, compare, NULL);
		for (guint i = 0; i < circles->len; i++) {
			const SmithCircle *circle = circles->pdata[i];
			counted += circle->size;
			g_assert_cmpuint(circle->nodes->len, >=, 2);
		}
		g_assert_cmpuint(counted, ==, together);
	}
}

/* As deep as a fleet can be long, and all of it one circle. */
static void test_long(void)
{
	enum { NODES = 300000 };
	g_autoptr(SmithGraph) graph = smith_graph_new(NODES);
	for (guint i = 0; i < NODES; i++)
		smith_graph_add(graph, i, (i + 1) % NODES);
	g_autoptr(GPtrArray) circles = smith_graph_circles(graph, compare, NULL);
	g_assert_cmpuint(circles->len, ==, 1);
	const SmithCircle *circle = circles->pdata[0];
	g_assert_cmpuint(circle->nodes->len, ==, NODES);
	for (guint i = 0; i < NODES; i++)
		g_assert_cmpuint(g_array_index(circle->nodes, guint, i), ==, i);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/lint/graph/circles", test_circles);
	g_test_add_func("/lint/graph/order", test_order);
	g_test_add_func("/lint/graph/random", test_random);
	g_test_add_func("/lint/graph/long", test_long);
	return g_test_run();
}
