/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <gio/gio.h>
#include <json-glib/json-glib.h>

#include "base/library.h"

/*
 * What is used of libgio and json-glib, under its own names and loaded at the first call: the two
 * bring eight more libraries along, which take a third of a process that finds nothing to do, and
 * most runs start no program, parse no address and read no JSON with escapes in it.
 */
#define GIO_FUNCTIONS(X)                                                                           \
	X(g_object_unref)                                                                          \
	X(g_input_stream_read)                                                                     \
	X(g_inet_address_new_from_string)                                                          \
	X(g_inet_address_get_native_size)                                                          \
	X(g_inet_address_to_bytes)                                                                 \
	X(g_subprocess_launcher_new)                                                               \
	X(g_subprocess_launcher_set_child_setup)                                                   \
	X(g_subprocess_launcher_setenv)                                                            \
	X(g_subprocess_launcher_spawnv)                                                            \
	X(g_subprocess_launcher_take_stdout_fd)                                                    \
	X(g_subprocess_launcher_take_stderr_fd)                                                    \
	X(g_subprocess_get_stdout_pipe)                                                            \
	X(g_subprocess_wait)                                                                       \
	X(g_subprocess_force_exit)                                                                 \
	X(g_subprocess_get_if_exited)                                                              \
	X(g_subprocess_get_exit_status)                                                            \
	X(g_subprocess_get_term_sig)
SMITH_LIBRARY(gio, "libgio-2.0.so.0", GIO_FUNCTIONS)

#define JSON_FUNCTIONS(X)                                                                          \
	X(json_parser_new)                                                                         \
	X(json_parser_load_from_data)                                                              \
	X(json_parser_get_root)                                                                    \
	X(json_node_get_node_type)                                                                 \
	X(json_node_get_value_type)                                                                \
	X(json_node_get_object)                                                                    \
	X(json_node_get_array)                                                                     \
	X(json_node_dup_string)                                                                    \
	X(json_object_get_size)                                                                    \
	X(json_object_iter_init_ordered)                                                           \
	X(json_object_iter_next_ordered)                                                           \
	X(json_array_get_length)                                                                   \
	X(json_array_get_element)
SMITH_LIBRARY(json, "libjson-glib-1.0.so.0", JSON_FUNCTIONS)

#define GIVES(table, type, name, parameters, arguments)                                            \
	type name parameters                                                                       \
	{                                                                                          \
		return table()->name arguments;                                                    \
	}
#define DOES(table, name, parameters, arguments)                                                   \
	void name parameters                                                                       \
	{                                                                                          \
		table()->name arguments;                                                           \
	}

/* the same quark as libgio's, whoever asks first */
GQuark g_io_error_quark(void)
{
	return g_quark_from_static_string("g-io-error-quark");
}

/* An error may be the very reason that nothing can be loaded any more. */
GIOErrorEnum g_io_error_from_errno(gint number)
{
	static GIOErrorEnum (*from_errno)(gint);
	static const SmithLibrarySymbol symbols[] = {{"g_io_error_from_errno", &from_errno}};
	static gsize tried;
	/* what is not there is asked for all the time */
	if (number == ENOENT)
		return G_IO_ERROR_NOT_FOUND;
	if (number == EMFILE || number == ENFILE)
		return G_IO_ERROR_TOO_MANY_OPEN_FILES;
	if (g_once_init_enter(&tried)) {
		if (smith_library_load("libgio-2.0.so.0", symbols, G_N_ELEMENTS(symbols)) != NULL)
			from_errno = NULL;
		g_once_init_leave(&tried, 1);
	}
	return from_errno != NULL ? from_errno(number) : G_IO_ERROR_FAILED;
}

DOES(gio, g_object_unref, (gpointer object), (object))
GIVES(gio, gssize, g_input_stream_read,
      (GInputStream * stream, void *buffer, gsize count, GCancellable *cancellable, GError **error),
      (stream, buffer, count, cancellable, error))

GIVES(gio, GInetAddress *, g_inet_address_new_from_string, (const char *text), (text))
GIVES(gio, gsize, g_inet_address_get_native_size, (GInetAddress * address), (address))
GIVES(gio, const guint8 *, g_inet_address_to_bytes, (GInetAddress * address), (address))

GIVES(gio, GSubprocessLauncher *, g_subprocess_launcher_new, (GSubprocessFlags flags), (flags))
DOES(gio, g_subprocess_launcher_set_child_setup,
     (GSubprocessLauncher * launcher, GSpawnChildSetupFunc setup, gpointer data,
      GDestroyNotify destroy),
     (launcher, setup, data, destroy))
DOES(gio, g_subprocess_launcher_setenv,
     (GSubprocessLauncher * launcher, const char *name, const char *value, gboolean overwrite),
     (launcher, name, value, overwrite))
GIVES(gio, GSubprocess *, g_subprocess_launcher_spawnv,
      (GSubprocessLauncher * launcher, const char *const *argv, GError **error),
      (launcher, argv, error))
DOES(gio, g_subprocess_launcher_take_stdout_fd, (GSubprocessLauncher * launcher, gint fd),
     (launcher, fd))
DOES(gio, g_subprocess_launcher_take_stderr_fd, (GSubprocessLauncher * launcher, gint fd),
     (launcher, fd))
GIVES(gio, GInputStream *, g_subprocess_get_stdout_pipe, (GSubprocess * process), (process))
GIVES(gio, gboolean, g_subprocess_wait,
      (GSubprocess * process, GCancellable *cancellable, GError **error),
      (process, cancellable, error))
DOES(gio, g_subprocess_force_exit, (GSubprocess * process), (process))
GIVES(gio, gboolean, g_subprocess_get_if_exited, (GSubprocess * process), (process))
GIVES(gio, gint, g_subprocess_get_exit_status, (GSubprocess * process), (process))
GIVES(gio, gint, g_subprocess_get_term_sig, (GSubprocess * process), (process))

GIVES(json, JsonParser *, json_parser_new, (void), ())
GIVES(json, gboolean, json_parser_load_from_data,
      (JsonParser * parser, const char *text, gssize length, GError **error),
      (parser, text, length, error))
GIVES(json, JsonNode *, json_parser_get_root, (JsonParser * parser), (parser))
GIVES(json, JsonNodeType, json_node_get_node_type, (JsonNode * node), (node))
GIVES(json, GType, json_node_get_value_type, (JsonNode * node), (node))
GIVES(json, JsonObject *, json_node_get_object, (JsonNode * node), (node))
GIVES(json, JsonArray *, json_node_get_array, (JsonNode * node), (node))
GIVES(json, char *, json_node_dup_string, (JsonNode * node), (node))
GIVES(json, guint, json_object_get_size, (JsonObject * object), (object))
DOES(json, json_object_iter_init_ordered, (JsonObjectIter * iter, JsonObject *object),
     (iter, object))
GIVES(json, gboolean, json_object_iter_next_ordered,
      (JsonObjectIter * iter, const char **name, JsonNode **node), (iter, name, node))
GIVES(json, guint, json_array_get_length, (JsonArray * array), (array))
GIVES(json, JsonNode *, json_array_get_element, (JsonArray * array, guint index), (array, index))
