/* SPDX-License-Identifier: Apache-2.0 */
#include "run/run.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "run/bpf.h"
#include "run/setting.h"
#include "sandbox/session.h"
#include "seccomp/filter.h"

#define MILLISECONDS(n_) ((gint64)(n_)*1000)
#define SECONDS(n_) ((gint64)(n_)*G_USEC_PER_SEC)
#define FIRST_PAUSE MILLISECONDS(20) /* between two checks of a start-up */
#define LAST_PAUSE SECONDS(1)
#define LIVES SECONDS(1) /* of one without a health check */
#define STOP_TIME SECONDS(10)
#define COMMAND_TIME SECONDS(600)
#define SLACK SECONDS(5)
#define LOOK MILLISECONDS(50)
#define CANNOT_RUN 127 /* sandbox/child.h */

enum { HEALTH, DRIVER, COMMANDS };

typedef struct {
	const SmithRunOptions *options;
	SmithRunResult *result;
	SmithSession *session;
	SmithWatch *watch; /* NULL: nothing is handed over */
	bool ended;
	bool driver_ended;
	gint64 began;
	bool probing;
	gint64 probe_until;
	gint64 next_probe;
	gint64 pause;
	bool hopeless; /* the health command cannot be run */
} Life;

static void take_probe(Life *life, SmithSessionEvent *event)
{
	SmithRunResult *result = life->result;
	life->probing = false;
	if (event->status == 0) {
		result->end = SMITH_RUN_HEALTHY;
		result->healthy_after = g_get_monotonic_time() - life->began;
		return;
	}
	g_free(result->health_tail);
	result->health_tail = g_steal_pointer(&event->tail);
	life->hopeless =
		event->status == CANNOT_RUN && g_str_has_prefix(result->health_tail, "cannot run");
	life->next_probe = g_get_monotonic_time() + life->pause;
	life->pause = MIN(life->pause * 3 / 2, MIN(LAST_PAUSE, life->options->image->interval));
}

/* Whatever it is, until @until. */
static SmithSessionKind step_on(Life *life, gint64 until)
{
	SmithSessionEvent event;
	SmithSessionKind kind = smith_session_wait(life->session, until, &event);
	if (kind == SMITH_SESSION_LISTENER) {
		smith_watch_add(life->watch, event.listener, event.of_command);
	} else if (kind == SMITH_SESSION_ENDED) {
		life->ended = true;
	} else if (kind == SMITH_SESSION_COMMAND && event.index == HEALTH) {
		take_probe(life, &event);
	} else if (kind == SMITH_SESSION_COMMAND) {
		life->driver_ended = true;
		life->result->command_status = event.status;
		life->result->command_tail = g_steal_pointer(&event.tail);
	}
	g_free(event.tail);
	return kind;
}

static gint64 health_time(const SmithRunOptions *options)
{
	const SmithRunImage *image = options->image;
	if (options->timeout > 0)
		return options->timeout;
	return image->start_period + image->retries * (image->interval + image->timeout) + SLACK;
}

static gboolean probe(Life *life, GError **error)
{
	if (!smith_session_command(life->session, HEALTH, error))
		return FALSE;
	life->probing = true;
	life->probe_until = g_get_monotonic_time() + life->options->image->timeout;
	return TRUE;
}

static void await_health(Life *life)
{
	gint64 until = life->began + health_time(life->options);
	life->pause = FIRST_PAUSE;
	life->next_probe = life->began + FIRST_PAUSE;
	while (life->result->end != SMITH_RUN_HEALTHY && !life->ended && !life->hopeless) {
		gint64 now = g_get_monotonic_time();
		gint64 wait = life->probing ? life->probe_until : life->next_probe;
		if (now >= until)
			return;
		if (now < wait) {
			(void)step_on(life, MIN(until, wait));
		} else if (life->probing) {
			smith_session_kill_command(life->session, HEALTH);
			life->probe_until = G_MAXINT64;
		} else if (!probe(life, NULL)) {
			/* it has ended: which is about to be heard */
			life->next_probe = G_MAXINT64;
		}
	}
}

static void await_life(Life *life)
{
	gint64 lives = life->options->timeout > 0 ? MIN(life->options->timeout, LIVES) : LIVES;
	while (!life->ended && step_on(life, life->began + lives) != SMITH_SESSION_TIME)
		continue;
	if (!life->ended) {
		life->result->end = SMITH_RUN_HEALTHY;
		life->result->healthy_after = g_get_monotonic_time() - life->began;
	}
}

/* A program that is to end by itself; what it ended with is looked at when all is over. */
static void await_end(Life *life)
{
	gint64 time = life->options->timeout > 0 ? life->options->timeout : COMMAND_TIME;
	while (!life->ended && step_on(life, life->began + time) != SMITH_SESSION_TIME)
		continue;
}

/* As long as others want it: who releases it does not wake this thread, so it looks. */
static void go_on(Life *life)
{
	life->options->healthy(life->options->healthy_data);
	if (life->watch != NULL)
		smith_watch_set_phase(life->watch, SMITH_PHASE_RUN);
	while (!life->ended && g_atomic_int_get(life->options->released) == 0)
		(void)step_on(life, g_get_monotonic_time() + LOOK);
	if (life->ended)
		life->result->end = SMITH_RUN_DIED;
}

static gboolean drive(Life *life, GError **error)
{
	gint64 now = g_get_monotonic_time();
	gint64 until = now + (life->options->timeout > 0 ? life->options->timeout : COMMAND_TIME);
	if (!smith_session_command(life->session, DRIVER, error))
		return FALSE;
	while (!life->ended && !life->driver_ended)
		if (step_on(life, until) == SMITH_SESSION_TIME) {
			smith_session_kill_command(life->session, DRIVER);
			until = G_MAXINT64;
		}
	/* a service that goes away under its test is not what was asked for */
	if (life->ended)
		life->result->end = SMITH_RUN_DIED;
	return TRUE;
}

static void stop(Life *life)
{
	const SmithRunOptions *options = life->options;
	gint64 until = g_get_monotonic_time() +
		       (options->stop_timeout > 0 ? options->stop_timeout : STOP_TIME);
	if (life->ended)
		return;
	if (life->watch != NULL)
		smith_watch_set_phase(life->watch, SMITH_PHASE_STOP);
	smith_session_signal(life->session, options->image->stop_signal);
	while (!life->ended && step_on(life, until) != SMITH_SESSION_TIME)
		continue;
	if (life->ended)
		return;
	life->result->killed = true;
	smith_session_signal(life->session, SIGKILL);
	while (!life->ended)
		(void)step_on(life, G_MAXINT64);
}

static gboolean live(Life *life, GError **error)
{
	if (life->options->once)
		await_end(life);
	else if (life->options->image->health != NULL)
		await_health(life);
	else
		await_life(life);
	if (life->ended)
		life->result->end = SMITH_RUN_DIED;
	if (life->result->end == SMITH_RUN_HEALTHY && life->options->healthy != NULL)
		go_on(life);
	if (life->result->end != SMITH_RUN_HEALTHY || life->options->command == NULL)
		return TRUE;
	if (life->watch != NULL)
		smith_watch_set_phase(life->watch, SMITH_PHASE_RUN);
	return drive(life, error);
}

/* All calls, but those that cannot wait: a return from a handler that is asked about while another
 * signal comes would go astray. */
static GBytes *make_recorder(GError **error)
{
	static const char *const passed[] = {"rt_sigreturn", "restart_syscall", "exit",
					     "exit_group"};
	g_autoptr(SmithFilter) filter = smith_filter_new(SMITH_FILTER_NOTIFY, 0, error);
	if (filter == NULL)
		return NULL;
	for (guint i = 0; i < G_N_ELEMENTS(passed); i++)
		if (!smith_filter_add(filter, SMITH_FILTER_ALLOW, 0, passed[i], NULL, 0, error))
			return NULL;
	return smith_filter_export(filter, error);
}

/* What the kernel loads; *watch is who answers, where somebody does. */
static gboolean set_program(const SmithRunOptions *options, SmithSandboxRun *run,
			    SmithWatch **watch, GError **error)
{
	if (options->how == SMITH_RUN_RECORD)
		run->program = make_recorder(error);
	else if (options->program == NULL)
		return TRUE;
	else if (options->how == SMITH_RUN_ASK)
		run->program = smith_bpf_ask(options->program);
	else
		run->program = g_bytes_ref(options->program);
	if (run->program == NULL)
		return FALSE;
	if (options->how == SMITH_RUN_PROFILE)
		return TRUE;
	run->listen = true;
	*watch = smith_watch_new(options->image->architecture,
				 options->how == SMITH_RUN_ASK ? options->program : NULL, error);
	return *watch != NULL;
}

/* One that ends by itself, and says that all is well, is what was asked for when it has no health
 * check. */
static void settle(Life *life, const SmithSandboxResult *ended)
{
	SmithRunResult *result = life->result;
	result->status = ended->status;
	result->memory = ended->memory;
	result->duration = g_get_monotonic_time() - life->began;
	if (result->end == SMITH_RUN_DIED && life->options->command == NULL &&
	    (life->options->once || life->options->image->health == NULL) && ended->status == 0) {
		result->end = SMITH_RUN_HEALTHY;
		result->healthy_after = result->duration;
	}
}

static gboolean run_in(const SmithRunOptions *options, SmithSetting *setting,
		       SmithRunResult *result, GError **error)
{
	const char *const none[] = {"false", NULL};
	const SmithSandboxCommand commands[COMMANDS] = {
		{.argv = options->image->health != NULL
				 ? (const char *const *)options->image->health
				 : none},
		{.argv = options->command != NULL ? options->command : none, .free = true}};
	Life life = {.options = options, .result = result, .began = g_get_monotonic_time()};
	g_autoptr(SmithWatch) watch = NULL;
	g_auto(SmithSandboxResult) ended = {0};
	gboolean ok;

	setting->run.commands = commands;
	setting->run.n_commands = COMMANDS;
	if (!set_program(options, &setting->run, &watch, error))
		return FALSE;
	life.watch = watch;
	g_autoptr(SmithSession) session = smith_session_start(&setting->step, error);
	if (session == NULL)
		return FALSE;
	life.session = session;
	result->end = SMITH_RUN_UNHEALTHY;
	ok = live(&life, error);
	stop(&life);
	ok = smith_session_finish(session, &ended, ok ? error : NULL) && ok;
	result->tail = g_steal_pointer(&ended.tail);
	settle(&life, &ended);
	if (watch != NULL)
		result->calls = smith_watch_finish(watch);
	return ok;
}

gboolean smith_run_service(const SmithRunOptions *options, SmithRunResult *result, GError **error)
{
	g_autoptr(SmithSetting) setting = NULL;
	gboolean ok;

	*result = (SmithRunResult){0};
	setting = smith_setting_new(options, error);
	if (setting == NULL)
		return FALSE;
	ok = run_in(options, setting, result, error);
	g_clear_pointer(&setting->run.program, g_bytes_unref);
	if (result->calls == NULL)
		result->calls = g_ptr_array_new();
	return ok;
}

void smith_run_result_clear(SmithRunResult *result)
{
	g_free(result->tail);
	g_free(result->health_tail);
	g_free(result->command_tail);
	if (result->calls != NULL)
		g_ptr_array_unref(result->calls);
	*result = (SmithRunResult){0};
}
