/* SPDX-License-Identifier: Apache-2.0 */
#include "run/watch.h"

#include <errno.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "run/bpf.h"
#include "run/decode.h"
#include "run/task.h"
#include "seccomp/filter.h"

#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64)
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP (1UL << 0)
#endif
#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x80
#endif

#define NAMESPACES                                                                                 \
	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER |             \
	 CLONE_NEWPID | CLONE_NEWNET)

/* The kernel's structures may have grown since ours were written. */
enum { BUFFER = 512 };

typedef union {
	struct seccomp_notif notif;
	struct seccomp_notif_resp response;
	unsigned char bytes[BUFFER];
} Buffer;

typedef struct {
	int fd;
	bool health;
} Listener;

struct SmithWatch {
	const char *architecture;
	GBytes *program;
	GThread *thread;
	int wake; /* there is a new listener, or an end */
	gint phase;
	gint refused;
	gint ends;
	GMutex lock;
	GArray *added; /* Listener, not yet taken by the thread */
	/* of the thread */
	GArray *listeners;
	GPtrArray *calls;
	GHashTable *by_number;
	GHashTable *by_value; /* of the argument that tells calls apart */
};

static const struct {
	const char *name;
	int argument;
	guint64 mask;
} told_apart[] = {
	{"socket", 0, G_MAXUINT32},	 {"socketpair", 0, G_MAXUINT32},
	{"ioctl", 1, G_MAXUINT32},	 {"prctl", 0, G_MAXUINT32},
	{"clone", 0, NAMESPACES},	 {"unshare", 0, G_MAXUINT32},
	{"personality", 0, G_MAXUINT32},
};

int smith_watch_argument(const char *name, guint64 *mask)
{
	for (guint i = 0; i < G_N_ELEMENTS(told_apart); i++) {
		if (strcmp(told_apart[i].name, name) != 0)
			continue;
		*mask = told_apart[i].mask;
		return told_apart[i].argument;
	}
	return -1;
}

static void call_free(gpointer data)
{
	SmithRunCall *call = data;
	g_free(call->name);
	g_free(call->object);
	g_free(call->text);
	g_strfreev(call->stack);
	g_free(call);
}

static void remember(GHashTable *table, guint64 key, SmithRunCall *call)
{
	g_hash_table_insert(table, g_memdup2(&key, sizeof key), call);
}

static SmithRunCall *find_call(SmithWatch *watch, const struct seccomp_data *data, bool *is_new)
{
	guint64 number = (guint32)data->nr;
	SmithRunCall *like = g_hash_table_lookup(watch->by_number, &number);
	SmithRunCall *call = like;
	guint64 mask = 0;

	if (like != NULL && like->argument >= 0) {
		(void)smith_watch_argument(like->name, &mask);
		guint64 key = number << 32 | (data->args[like->argument] & mask);
		call = g_hash_table_lookup(watch->by_value, &key);
	}
	if (call != NULL)
		return call;
	call = g_new0(SmithRunCall, 1);
	call->number = data->nr;
	call->name = smith_filter_name(watch->architecture, data->nr);
	if (call->name == NULL)
		call->name = g_strdup_printf("%d", data->nr);
	call->argument = smith_watch_argument(call->name, &mask);
	call->value = call->argument >= 0 ? data->args[call->argument] & mask : 0;
	g_ptr_array_add(watch->calls, call);
	if (call->argument >= 0)
		remember(watch->by_value, number << 32 | call->value, call);
	if (like == NULL)
		remember(watch->by_number, number, call);
	*is_new = true;
	return call;
}

static void refuse(SmithWatch *watch, SmithRunCall *call, const struct seccomp_notif *notif,
		   struct seccomp_notif_resp *response)
{
	int number = smith_bpf_errno(watch->program, &notif->data);

	if (call->text == NULL) {
		call->error = number != 0 ? number : ENOSYS;
		call->text = smith_decode_call((pid_t)notif->pid, call->name, &notif->data);
		call->stack = smith_task_stack((pid_t)notif->pid, notif->data.instruction_pointer);
	}
	response->flags = 0;
	response->error = -number;
	g_atomic_int_set(&watch->refused, 1);
}

/* false: it has no tasks any more */
static bool answer(SmithWatch *watch, const Listener *listener)
{
	Buffer in;
	Buffer out;
	bool is_new = false;
	SmithRunCall *call;

	memset(&in, 0, sizeof in);
	if (ioctl(listener->fd, SECCOMP_IOCTL_NOTIF_RECV, &in) < 0)
		return errno == EINTR || errno == ENOENT;
	call = find_call(watch, &in.notif.data, &is_new);
	call->count++;
	call->phases |= 1u << (listener->health ? SMITH_PHASE_HEALTH
						: (guint)g_atomic_int_get(&watch->phase));
	if (is_new)
		call->object =
			smith_task_object((pid_t)in.notif.pid, in.notif.data.instruction_pointer);
	memset(&out, 0, sizeof out);
	out.response.id = in.notif.id;
	out.response.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
	if (watch->program != NULL)
		refuse(watch, call, &in.notif, &out.response);
	/* whoever has died meanwhile needs no answer */
	(void)ioctl(listener->fd, SECCOMP_IOCTL_NOTIF_SEND, &out);
	return true;
}

static void take_added(SmithWatch *watch)
{
	guint64 count;

	(void)!read(watch->wake, &count, sizeof count);
	g_mutex_lock(&watch->lock);
	for (guint i = 0; i < watch->added->len; i++)
		g_array_append_val(watch->listeners, g_array_index(watch->added, Listener, i));
	g_array_set_size(watch->added, 0);
	g_mutex_unlock(&watch->lock);
}

static void serve(SmithWatch *watch, struct pollfd *fds, guint n)
{
	for (guint i = n; i-- > 0;) {
		const Listener *listener = &g_array_index(watch->listeners, Listener, i);

		if (fds[i].revents == 0 ||
		    ((fds[i].revents & POLLIN) != 0 && answer(watch, listener)))
			continue;
		close(listener->fd);
		g_array_remove_index(watch->listeners, i);
	}
}

static gpointer run(gpointer data)
{
	SmithWatch *watch = data;

	while (!g_atomic_int_get(&watch->ends)) {
		guint n = watch->listeners->len;
		g_autofree struct pollfd *fds = g_new0(struct pollfd, n + 1);

		for (guint i = 0; i < n; i++)
			fds[i] = (struct pollfd){
				.fd = g_array_index(watch->listeners, Listener, i).fd,
				.events = POLLIN};
		fds[n] = (struct pollfd){.fd = watch->wake, .events = POLLIN};
		(void)poll(fds, n + 1, -1);
		serve(watch, fds, n);
		if (fds[n].revents != 0)
			take_added(watch);
	}
	return NULL;
}

SmithWatch *smith_watch_new(const char *architecture, GBytes *program, GError **error)
{
	SmithWatch *watch;
	int wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	if (wake < 0)
		return smith_throw_errno_null(error, "cannot make an eventfd");
	watch = g_new0(SmithWatch, 1);
	watch->program = program != NULL ? g_bytes_ref(program) : NULL;
	watch->architecture = architecture;
	watch->wake = wake;
	g_mutex_init(&watch->lock);
	watch->added = g_array_new(FALSE, FALSE, sizeof(Listener));
	watch->listeners = g_array_new(FALSE, FALSE, sizeof(Listener));
	watch->calls = g_ptr_array_new_with_free_func(call_free);
	watch->by_number = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
	watch->by_value = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
	watch->thread = g_thread_new("watch", run, watch);
	return watch;
}

static void wake(const SmithWatch *watch)
{
	const guint64 one = 1;

	(void)!write(watch->wake, &one, sizeof one);
}

void smith_watch_add(SmithWatch *watch, int listener, bool health)
{
	const Listener row = {listener, health};

	/* the two of us never run at the same time (Linux 6.6; it is only faster) */
	(void)ioctl(listener, SECCOMP_IOCTL_NOTIF_SET_FLAGS, SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP);
	g_mutex_lock(&watch->lock);
	g_array_append_val(watch->added, row);
	g_mutex_unlock(&watch->lock);
	wake(watch);
}

void smith_watch_set_phase(SmithWatch *watch, SmithPhase phase)
{
	g_atomic_int_set(&watch->phase, (gint)phase);
}

bool smith_watch_has_refused(SmithWatch *watch)
{
	return g_atomic_int_get(&watch->refused) != 0;
}

static void end(SmithWatch *watch)
{
	if (watch->thread == NULL)
		return;
	g_atomic_int_set(&watch->ends, 1);
	wake(watch);
	(void)g_thread_join(g_steal_pointer(&watch->thread));
}

GPtrArray *smith_watch_finish(SmithWatch *watch)
{
	end(watch);
	return g_ptr_array_ref(watch->calls);
}

static void close_all(GArray *listeners)
{
	for (guint i = 0; i < listeners->len; i++)
		close(g_array_index(listeners, Listener, i).fd);
	g_array_unref(listeners);
}

void smith_watch_free(SmithWatch *watch)
{
	if (watch == NULL)
		return;
	end(watch);
	close_all(watch->added);
	close_all(watch->listeners);
	close(watch->wake);
	g_mutex_clear(&watch->lock);
	g_hash_table_unref(watch->by_number);
	g_hash_table_unref(watch->by_value);
	g_ptr_array_unref(watch->calls);
	if (watch->program != NULL)
		g_bytes_unref(watch->program);
	g_free(watch);
}
