/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

/*
 * What pip says when it finds no set of versions, in its words, shortened to the chain that
 * matters: "a 1 and 4 more depends on c<2; b 2 depends on c>=2". Of the versions of one project
 * that want the same, which pip lists one by one as it tries them, the first stands for all.
 *
 * Understood are pip 20.3 to 25; what is none of its known words is its last "ERROR:" line.
 */
typedef struct {
	char *text;	   /* NULL: pip gave no reason */
	char **names;	   /* normal names that the reason is about, each once; never NULL */
	gboolean conflict; /* there are files of each, but no versions that go together */
} SmithPipWords;

/* @output: what pip wrote, errors and all else. @constraints: normal name -> who constrains it,
 * such as "family 'web' has", to be said of "(constraint) NAME==VERSION"; or NULL. */
SmithPipWords *smith_pip_words(const char *output, GHashTable *constraints);
void smith_pip_words_free(SmithPipWords *words);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SmithPipWords, smith_pip_words_free)
