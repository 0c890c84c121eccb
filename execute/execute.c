/* SPDX-License-Identifier: Apache-2.0 */
#include "execute/execute.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/entry-filter.h"
#include "base/error.h"
#include "base/fd.h"
#include "sandbox/upper.h"

#define WORK "work"
#define LOGS "logs"
#define LOG_NAME 200 /* bytes, of the 255 that file systems allow */

/* A work directory in the store, locked as long as we use it. */
typedef struct {
	char *path;
	int fd;
	gint64 made; /* by the clock of its file system */
	SmithSandboxMode mode;
} Work;

static void work_clear(Work *work)
{
	if (work->path != NULL)
		(void)smith_upper_remove(work->path, work->mode, NULL);
	smith_fd_clear(&work->fd);
	g_free(work->path);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Work, work_clear)

/* One that nobody has locked was left by a process that died. */
static void sweep(const char *parent, SmithSandboxMode mode)
{
	smith_autofd int fd = smith_fd_open_dir(AT_FDCWD, parent, NULL);
	g_autoptr(GPtrArray) names = fd >= 0 ? smith_fd_list_dir(fd, NULL) : NULL;
	for (guint i = 0; names != NULL && i < names->len; i++) {
		if (!g_str_has_prefix(names->pdata[i], SMITH_UPPER_PREFIX))
			continue;
		smith_autofd int work = openat(fd, names->pdata[i],
					       O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		g_autofree char *path = g_build_filename(parent, names->pdata[i], NULL);
		if (work >= 0 && flock(work, LOCK_EX | LOCK_NB) == 0)
			(void)smith_upper_remove(path, mode, NULL);
	}
}

static gboolean work_make(Work *work, const SmithExecution *execution, GError **error)
{
	g_autofree char *parent =
		g_build_filename(smith_store_get_path(execution->store), "cache", WORK, NULL);
	if (!smith_fd_make_dirs(AT_FDCWD, parent, error))
		return FALSE;
	smith_autofd int parent_fd = smith_fd_open_dir(AT_FDCWD, parent, error);
	if (parent_fd < 0)
		return FALSE;
	smith_fd_spread(parent_fd);
	sweep(parent, execution->mode);
	for (guint tries = 0; tries < 100; tries++) {
		struct stat st;
		work->path = smith_upper_make(parent, error);
		if (work->path == NULL)
			return FALSE;
		work->mode = execution->mode;
		work->fd = open(work->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		/* before it was locked, another process may have taken it for a dead one's */
		if (work->fd >= 0 && flock(work->fd, LOCK_EX | LOCK_NB) == 0 &&
		    fstat(work->fd, &st) == 0 && st.st_nlink > 0) {
			work->made = st.st_mtim.tv_sec;
			return TRUE;
		}
		smith_fd_clear(&work->fd);
		g_clear_pointer(&work->path, g_free);
	}
	return smith_throw_errno(error, "cannot lock a work directory in '%s'", parent);
}

static char *log_path(const SmithExecution *execution, const char *name)
{
	g_autofree char *step =
		g_strdup_printf("%.*s.%.*s", LOG_NAME / 4, execution->logs, LOG_NAME / 4 * 3, name);
	g_auto(GStrv) words = g_strsplit(g_strdelimit(step, "/ ", '-'), "'", -1);
	g_autofree char *plain = g_strjoinv("", words);
	g_autofree char *file = g_strconcat(plain, ".log", NULL);
	return g_build_filename(smith_store_get_path(execution->store), "cache", LOGS, file, NULL);
}

/* A file of its own, for the same step may run elsewhere, too: the last one has the name. -1
 * without an error: none is wanted. */
static int open_log(const SmithExecution *execution, const char *name, GError **error)
{
	if (execution->logs == NULL)
		return -1;
	if (!smith_fd_make_dirs(smith_store_cache_fd(execution->store), LOGS, error))
		return -1;
	g_autofree char *path = log_path(execution, name);
	(void)unlink(path);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
	return fd >= 0 ? fd : smith_throw_errno_fd(error, "cannot open log '%s'", path);
}

/* An error has the last lines only. */
static void tell_of_log(const SmithExecution *execution, const char *name, int log_fd)
{
	struct stat st;
	if (log_fd < 0 || fstat(log_fd, &st) < 0 || st.st_size == 0)
		return;
	g_autofree char *path = log_path(execution, name);
	smith_events_note(execution->events, "all that step '%s' said is in '%s'", name, path);
}

typedef struct {
	SmithEntryIter base;
	SmithEntryIter *inner;
	gint64 epoch;
	gint64 started;
} Clamp;

/* What the step wrote has the time of the day, whatever day the epoch is. */
static gboolean clamp_next(SmithEntryIter *iter, SmithEntry **out, GError **error)
{
	const Clamp *self = (const Clamp *)iter;
	if (!smith_entry_iter_next(self->inner, out, error))
		return FALSE;
	if (*out != NULL && ((*out)->mtime > self->epoch || (*out)->mtime >= self->started))
		(*out)->mtime = self->epoch;
	return TRUE;
}

static void clamp_free(SmithEntryIter *iter)
{
	smith_entry_iter_free(((Clamp *)iter)->inner);
	g_free(iter);
}

static SmithEntryIter *clamp_new(SmithEntryIter *inner, gint64 epoch, gint64 started)
{
	static const SmithEntryIterOps ops = {clamp_next, clamp_free};
	Clamp *self = g_new0(Clamp, 1);
	self->base.ops = &ops;
	self->inner = inner;
	self->epoch = epoch;
	self->started = started;
	return &self->base;
}

static SmithLayer *write_layer(const SmithExecution *execution, const SmithRoot *of,
			       const SmithSandboxStep *step, const Work *work,
			       SmithExecutionFilter filter, gpointer data, GError **error)
{
	SmithSandboxStep compared = *step;
	g_autofree char *root =
		smith_root_directory(of, execution->store, SMITH_SANDBOX_ONE_UID, error);
	compared.root = root;
	SmithEntryIter *entries = root != NULL ? smith_upper_read(&compared, error) : NULL;
	if (entries == NULL)
		return NULL;
	if (filter != NULL)
		entries = filter(entries, data);
	entries = smith_upper_prune(&compared, smith_entry_filter_sort(entries), error);
	if (entries == NULL)
		return NULL;
	g_autoptr(SmithEntryIter) clamped = clamp_new(entries, execution->epoch, work->made);
	const SmithLayerOptions options = {
		.compression = execution->compression,
		.split = execution->workers > 1,
		.blobs_dirfd = smith_layout_blobs_fd(smith_store_layout(execution->store)),
	};
	return smith_layer_write(clamped, &options, error);
}

static void fill_limits(SmithSandboxLimits *limits, const SmithSandboxLimits *others)
{
	if (limits->seconds == 0)
		limits->seconds = others->seconds;
	if (limits->memory == 0)
		limits->memory = others->memory;
	if (limits->processes == 0)
		limits->processes = others->processes;
	if (limits->output == 0)
		limits->output = others->output;
	if (limits->disk == 0)
		limits->disk = others->disk;
}

/* @step with what this execution knows; borrows from @work and @directory. */
static SmithSandboxStep fill_in(const SmithExecution *execution, const SmithSandboxStep *step,
				const Work *work, const char *directory, int log_fd)
{
	SmithSandboxStep filled = *step;
	filled.mode = execution->mode;
	filled.root = directory;
	filled.work = work->path;
	filled.log_fd = log_fd;
	fill_limits(&filled.limits, &execution->limits);
	return filled;
}

/* Once: every step of this machine is as slow. */
static void tell_of_copy(const SmithExecution *execution, const Work *work)
{
	static gsize told;
	if (!smith_upper_is_copy(work->path) || !g_once_init_enter(&told))
		return;
	g_once_init_leave(&told, 1);
	smith_events_note(execution->events,
			  "no overlay in store '%s': each step has a copy of its root, which is "
			  "slower; 'ocismith doctor' tells why",
			  smith_store_get_path(execution->store));
}

SmithLayer *smith_execute_layer(const SmithExecution *execution, const SmithRoot *root,
				const SmithSandboxStep *step, SmithExecutionFilter filter,
				gpointer data, GError **error)
{
	g_auto(Work) work = {.fd = -1};
	g_auto(SmithSandboxResult) result = {0};
	g_autofree char *directory =
		smith_root_directory(root, execution->store, execution->mode, error);
	if (directory == NULL || !work_make(&work, execution, error))
		return NULL;
	smith_autofd int log_fd = open_log(execution, step->name, error);
	if (execution->logs != NULL && log_fd < 0)
		return NULL;
	SmithSandboxStep filled = fill_in(execution, step, &work, directory, log_fd);
	if (!smith_sandbox_check(&filled, &result, error)) {
		tell_of_log(execution, step->name, log_fd);
		return NULL;
	}
	tell_of_copy(execution, &work);
	return write_layer(execution, root, &filled, &work, filter, data, error);
}

gboolean smith_execute_answer(const SmithExecution *execution, const SmithRoot *root,
			      const SmithSandboxStep *step, SmithSandboxResult *result,
			      GError **error)
{
	g_auto(Work) work = {.fd = -1};
	g_autofree char *directory =
		smith_root_directory(root, execution->store, execution->mode, error);
	if (directory == NULL || !work_make(&work, execution, error))
		return FALSE;
	smith_autofd int log_fd = open_log(execution, step->name, error);
	if (execution->logs != NULL && log_fd < 0)
		return FALSE;
	SmithSandboxStep filled = fill_in(execution, step, &work, directory, log_fd);
	gboolean ok = smith_sandbox_run(&filled, result, error);
	if (!ok || result->status != 0)
		tell_of_log(execution, step->name, log_fd);
	tell_of_copy(execution, &work);
	return ok;
}
