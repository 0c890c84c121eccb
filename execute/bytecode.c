/* SPDX-License-Identifier: Apache-2.0 */
#include "execute/bytecode.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/embed.h"
#include "base/error.h"
#include "base/fd.h"
#include "execute/pycs.h"
#include "execute/scratch.h"
#include "python/pyc.h"

SMITH_EMBED(smith_compile, "execute/compile.py");

#define INSIDE "/run/ocismith"
#define SOURCE_HEAD 12
/* no module is so large: what is holds data, and takes the compiler minutes and gigabytes */
#define SOURCE_MAX (16 * 1024 * 1024)
#define MEMORY_MAX (G_GUINT64_CONSTANT(4) * 1024 * 1024 * 1024)

typedef struct {
	char *name;
	GHashTable *pycs; /* path of a source -> SmithContent* */
} Unit;

typedef struct {
	char *path;
	guint unit;
	guint64 size;
} Source;

struct SmithBytecode {
	char *python;
	SmithScratch scratch;
	int sources_fd;
	SmithSink *sink; /* writes to sources_fd */
	GPtrArray *units;
	GPtrArray *sources; /* (element-type Source*) by number */
	GPtrArray *large;   /* (element-type Source*) that are not compiled */
};

static void unit_free(gpointer data)
{
	Unit *unit = data;
	g_free(unit->name);
	g_clear_pointer(&unit->pycs, g_hash_table_unref);
	g_free(unit);
}

static void source_free(gpointer data)
{
	g_free(((Source *)data)->path);
	g_free(data);
}

static gboolean make_directory(SmithBytecode *self, const SmithStore *store, GError **error)
{
	int fd = -1;
	if (!smith_scratch_make(&self->scratch, store, error))
		return FALSE;
	fd = self->scratch.fd;
	if (!smith_fd_make_dirs(fd, "in", error) || !smith_fd_make_dirs(fd, "out", error) ||
	    !smith_fd_write_file(fd, "in/compile.py", smith_compile_begin,
				 (gsize)(smith_compile_end - smith_compile_begin), 0444, error))
		return FALSE;
	self->sources_fd =
		smith_fd_open_beneath(fd, "in/sources", O_WRONLY | O_CREAT | O_EXCL, 0600, error);
	if (self->sources_fd < 0)
		return FALSE;
	self->sink = smith_sink_new_fd(self->sources_fd, "sources");
	return TRUE;
}

SmithBytecode *smith_bytecode_new(const SmithStore *store, const char *python, GError **error)
{
	g_autoptr(SmithBytecode) self = g_new0(SmithBytecode, 1);
	self->python = g_strdup(python);
	self->scratch = (SmithScratch)SMITH_SCRATCH_INIT;
	self->sources_fd = -1;
	self->units = g_ptr_array_new_with_free_func(unit_free);
	self->sources = g_ptr_array_new_with_free_func(source_free);
	self->large = g_ptr_array_new_with_free_func(source_free);
	return make_directory(self, store, error) ? g_steal_pointer(&self) : NULL;
}

void smith_bytecode_free(SmithBytecode *self)
{
	if (self == NULL)
		return;
	smith_sink_free(self->sink);
	smith_fd_clear(&self->sources_fd);
	smith_scratch_clear(&self->scratch);
	g_ptr_array_unref(self->units);
	g_ptr_array_unref(self->sources);
	g_ptr_array_unref(self->large);
	g_free(self->python);
	g_free(self);
}

guint smith_bytecode_add_unit(SmithBytecode *self, const char *name)
{
	Unit *unit = g_new0(Unit, 1);
	unit->name = g_strdup(name);
	unit->pycs = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					   (GDestroyNotify)smith_content_unref);
	g_ptr_array_add(self->units, unit);
	return self->units->len - 1;
}

static void put_number(guint8 *bytes, guint64 value, guint count)
{
	for (guint i = 0; i < count; i++)
		bytes[i] = (guint8)(value >> (8 * i));
}

gboolean smith_bytecode_add(SmithBytecode *self, guint unit, const char *path,
			    SmithContent *content, GError **error)
{
	guint8 head[SOURCE_HEAD];
	Source *source = g_new0(Source, 1);
	source->unit = unit;
	source->path = g_strdup(path);
	source->size = content != NULL ? content->size : 0;
	g_ptr_array_add(source->size > SOURCE_MAX ? self->large : self->sources, source);
	if (source->size > SOURCE_MAX)
		return TRUE;
	put_number(head, strlen(path) + 1, 4);
	put_number(head + 4, source->size, 8);
	smith_sink_write(self->sink, head, sizeof head);
	smith_sink_write(self->sink, "/", 1);
	smith_sink_write(self->sink, path, strlen(path));
	if (source->size == 0)
		return TRUE;
	g_autoptr(SmithSource) bytes = content->ops->open(content, error);
	return bytes != NULL && smith_stream_copy(bytes, self->sink, error);
}

static gboolean run(SmithBytecode *self, const SmithExecution *execution, const SmithRoot *root,
		    const char *interpreter, GError **error)
{
	/* freed memory is kept: half of the time would go into asking for it again */
	static const char *const env[] = {
		"PATH=/usr/local/bin:/usr/bin:/bin", "LC_ALL=C.UTF-8",		 "PYTHONHASHSEED=0",
		"MALLOC_TRIM_THRESHOLD_=1073741824", "MALLOC_TOP_PAD_=16777216", NULL};
	g_autofree char *workers = g_strdup_printf("%u", MAX(execution->workers, 1));
	g_autofree char *tag = smith_pyc_tag(self->python);
	const char *const argv[] = {interpreter,
				    "-S",
				    "-s",
				    "-B",
				    "-W",
				    "ignore",
				    INSIDE "/in/compile.py",
				    INSIDE "/in/sources",
				    INSIDE "/out",
				    workers,
				    tag,
				    NULL};
	g_autofree char *in = g_build_filename(self->scratch.path, "in", NULL);
	g_autofree char *out = g_build_filename(self->scratch.path, "out", NULL);
	const SmithSandboxBind binds[] = {{in, INSIDE "/in", false}, {out, INSIDE "/out", true}};
	SmithSandboxStep step = {
		.name = "bytecode",
		.argv = argv,
		.env = env,
		.binds = binds,
		.n_binds = G_N_ELEMENTS(binds),
		.limits = {.address = MEMORY_MAX},
	};
	g_auto(SmithSandboxResult) result = {0};
	if (!smith_execute_answer(execution, root, &step, &result, error))
		return FALSE;
	if (result.status != 0)
		return smith_throw(error, SMITH_ERROR_FAILED, "'%s' ended with status %d: %s",
				   interpreter, result.status,
				   result.tail != NULL ? g_strchomp(result.tail) : "");
	return TRUE;
}

static void warn(const SmithBytecode *self, SmithEvents *events, const Source *source,
		 const char *problem)
{
	const Unit *unit = self->units->pdata[source->unit];
	smith_events_warn(events, "%s: no bytecode of '/%s': %s", unit->name, source->path,
			  problem);
}

static gboolean take_results(SmithBytecode *self, SmithEvents *events, GError **error)
{
	smith_autofd int out =
		smith_fd_open_beneath(self->scratch.fd, "out", O_RDONLY | O_DIRECTORY, 0, error);
	g_autoptr(GPtrArray) results =
		out >= 0 ? smith_pycs_read(out, self->sources->len, error) : NULL;
	if (results == NULL)
		return FALSE;
	for (guint i = 0; i < results->len; i++) {
		const SmithPyc *pyc = results->pdata[i];
		const Source *source = self->sources->pdata[i];
		const Unit *unit = self->units->pdata[source->unit];
		if (pyc->content == NULL)
			warn(self, events, source, pyc->problem);
		else
			g_hash_table_replace(unit->pycs, g_strdup(source->path),
					     smith_content_ref(pyc->content));
	}
	return TRUE;
}

static void warn_of_large(const SmithBytecode *self, SmithEvents *events)
{
	for (guint i = 0; i < self->large->len; i++) {
		const Source *source = self->large->pdata[i];
		g_autofree char *problem = g_strdup_printf("it has %" G_GUINT64_FORMAT
							   " bytes, at most %d are compiled",
							   source->size, SOURCE_MAX);
		warn(self, events, source, problem);
	}
}

gboolean smith_bytecode_compile(SmithBytecode *self, const SmithExecution *execution,
				const SmithRoot *root, const char *interpreter, GError **error)
{
	SMITH_AUTO_PREFIX("bytecode", NULL, error);
	if (!smith_sink_finish(self->sink, error))
		return FALSE;
	warn_of_large(self, execution->events);
	return run(self, execution, root, interpreter, error) &&
	       take_results(self, execution->events, error) &&
	       smith_scratch_remove(&self->scratch, error);
}

GHashTable *smith_bytecode_take(SmithBytecode *self, guint unit)
{
	return g_hash_table_ref(((Unit *)self->units->pdata[unit])->pycs);
}

char *smith_bytecode_compiler(void)
{
	return smith_digest_of(smith_compile_begin,
			       (gsize)(smith_compile_end - smith_compile_begin));
}
