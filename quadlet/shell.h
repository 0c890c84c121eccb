/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "quadlet/plan.h"

/*
 * A command of POSIX sh while it is being written: words, one on a line, each of which is quoted by
 * one function.
 */
typedef struct {
	GString *text;
} SmithShell;

/* @word as one word that the shell takes for itself: plain, or in single quotes. */
char *smith_shell_quote(const char *word);

void smith_shell_word(SmithShell *shell, const char *word);
void smith_shell_wordf(SmithShell *shell, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* @before, the value of the shell's $variable, and @after as one word. */
void smith_shell_value(SmithShell *shell, const char *before, const char *variable,
		       const char *after);
/* What a function of the script writes: no word, or some without blanks. */
void smith_shell_call(SmithShell *shell, const char *function, const char *const *words);

/* shell-words.c: the options of podman, image and arguments of `podman create`. What cannot be said
 * in them is SMITH_ERROR_UNSUPPORTED. */
gboolean smith_shell_container(SmithShell *shell, const SmithHostPlan *plan,
			       const SmithContainerPlan *container, GError **error);
/* Options of `podman pod create`. */
gboolean smith_shell_pod(SmithShell *shell, const SmithHostPlan *plan, const SmithPodPlan *pod,
			 GError **error);
/* Options of a container that is where @container is, with as few rights as can be. */
gboolean smith_shell_beside(SmithShell *shell, const SmithContainerPlan *container, GError **error);
/* --network= options. */
gboolean smith_shell_networks(SmithShell *shell, const GPtrArray *networks, GError **error);
/* Options of `podman network create`. */
void smith_shell_network(SmithShell *shell, const SmithNetwork *network);
