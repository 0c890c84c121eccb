/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/sandbox.h"

#include <string.h>

#include "base/error.h"
#include "sandbox/session.h"

#define SHOWN_LINES 20 /* of the tail, in an error */

gboolean smith_sandbox_run(const SmithSandboxStep *step, SmithSandboxResult *result, GError **error)
{
	g_autoptr(SmithSession) session = NULL;

	*result = (SmithSandboxResult){0};
	session = smith_session_start(step, error);
	return session != NULL && smith_session_finish(session, result, error);
}

static const char *last_lines(const char *tail)
{
	gsize length = strlen(tail);
	guint lines = 0;

	while (length > 0) {
		if (tail[length - 1] == '\n' && tail[length] != '\0' && ++lines == SHOWN_LINES)
			return tail + length;
		length--;
	}
	return tail;
}

gboolean smith_sandbox_check(const SmithSandboxStep *step, SmithSandboxResult *result,
			     GError **error)
{
	g_autofree char *text = NULL;

	if (!smith_sandbox_run(step, result, error))
		return FALSE;
	if (result->status == 0)
		return TRUE;
	text = g_strchomp(g_strdup(last_lines(result->tail)));
	return smith_throw(error, SMITH_ERROR_FAILED, "step '%s': %s ended with status %d%s%s",
			   step->name, step->argv[0], result->status,
			   *text != '\0' ? ", and said:\n" : ", and said nothing", text);
}

void smith_sandbox_result_clear(SmithSandboxResult *result)
{
	g_free(result->tail);
	*result = (SmithSandboxResult){0};
}
