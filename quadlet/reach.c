/* SPDX-License-Identifier: Apache-2.0 */
#include "quadlet/reach.h"

#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"

#define SAID_LIMIT 4096
#define STATUS_SSH 255	   /* ssh(1): an error of its own */
#define STATUS_MISSING 127 /* sh: command not found */

gboolean smith_reach_check(const SmithReach *reach, GError **error)
{
	const char *ssh = reach->ssh;
	if (ssh == NULL)
		return TRUE;
	if (*ssh == '\0' || *ssh == '-')
		return smith_throw(error, SMITH_ERROR_USAGE, "'%s' is no destination of ssh", ssh);
	for (const char *c = ssh; *c != '\0'; c++)
		if (g_ascii_iscntrl(*c) || *c == ' ')
			return smith_throw(error, SMITH_ERROR_USAGE,
					   "a blank or control character in ssh's destination");
	return TRUE;
}

/* The one place where words become a line for the shell of another machine. */
static char *remote_line(const SmithReach *reach, const char *const *argv)
{
	/* a session that pam_systemd had no part in lacks the variable */
	GString *line = g_string_new(
		reach->system ? "exec"
			      : "XDG_RUNTIME_DIR=${XDG_RUNTIME_DIR:-/run/user/$(id -u)}; "
				"export XDG_RUNTIME_DIR; exec");
	for (; *argv != NULL; argv++) {
		g_autofree char *word = g_shell_quote(*argv);
		g_string_append_printf(line, " %s", word);
	}
	return g_string_free(line, FALSE);
}

char **smith_reach_argv(const SmithReach *reach, const char *const *argv)
{
	g_autofree char *line = NULL;
	if (reach->ssh == NULL)
		return g_strdupv((char **)argv);
	line = remote_line(reach, argv);
	const char *const words[] = {"ssh", "--", reach->ssh, line, NULL};
	return g_strdupv((char **)words);
}

static void set_runtime_directory(const SmithReach *reach, GSubprocessLauncher *launcher)
{
	g_autofree char *usual = g_strdup_printf("/run/user/%lu", (gulong)getuid());
	if (reach->ssh == NULL && !reach->system && g_getenv("XDG_RUNTIME_DIR") == NULL &&
	    access(usual, X_OK) == 0)
		g_subprocess_launcher_setenv(launcher, "XDG_RUNTIME_DIR", usual, TRUE);
}

static const char *whereabouts(const SmithReach *reach)
{
	return reach->ssh != NULL ? reach->ssh : "this machine";
}

static GSubprocess *spawn(const SmithReach *reach, GSubprocessLauncher *launcher,
			  const char *const *argv, GError **error)
{
	g_autoptr(GError) failure = NULL;
	g_auto(GStrv) words = smith_reach_argv(reach, argv);
	if (!smith_reach_check(reach, error))
		return NULL;
	set_runtime_directory(reach, launcher);
	GSubprocess *child =
		g_subprocess_launcher_spawnv(launcher, (const char *const *)words, &failure);
	/* the error is no guide: one directory of PATH that is closed to us makes it EACCES */
	g_autofree char *program = child == NULL ? g_find_program_in_path(words[0]) : NULL;
	if (child == NULL && program == NULL)
		return smith_throw_null(error, SMITH_ERROR_NOT_FOUND,
					"'%s' is not installed on this machine", words[0]);
	if (child == NULL)
		g_propagate_error(error, g_steal_pointer(&failure));
	return child;
}

/* Reads what is there; what is beyond @limit only counts. FALSE at its end. */
static bool drain(int fd, GString *text, gsize limit, bool *too_much)
{
	char buffer[16384];
	ssize_t n = read(fd, buffer, sizeof buffer);
	if (n < 0)
		return errno == EINTR || errno == EAGAIN;
	gsize room = limit - text->len;
	*too_much = *too_much || (gsize)n > room;
	g_string_append_len(text, buffer, (gssize)MIN((gsize)n, room));
	return n > 0;
}

/* Both at once, so that neither waits for the other to be read. */
static bool read_both(const int fds[2], GString *text, GString *said)
{
	struct pollfd polled[2] = {{fds[0], POLLIN, 0}, {fds[1], POLLIN, 0}};
	bool too_much = false, said_too_much = false;
	while (!too_much && (polled[0].fd >= 0 || polled[1].fd >= 0)) {
		if (poll(polled, 2, -1) < 0)
			continue;
		if (polled[0].revents != 0 && !drain(fds[0], text, SMITH_REACH_LIMIT, &too_much))
			polled[0].fd = -1;
		if (polled[1].revents != 0 && !drain(fds[1], said, SAID_LIMIT, &said_too_much))
			polled[1].fd = -1;
	}
	return !too_much;
}

/* The first line, without the program's name: what is told after it are hints. */
static char *first_line(const char *text)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	for (char **line = lines; *line != NULL; line++) {
		g_strstrip(*line);
		if (**line != '\0')
			return g_utf8_make_valid(g_str_has_prefix(*line, "Error: ")
							 ? *line + strlen("Error: ")
							 : *line,
						 -1);
	}
	return g_strdup("it says nothing");
}

static int exit_status(GSubprocess *child)
{
	return g_subprocess_get_if_exited(child) ? g_subprocess_get_exit_status(child)
						 : 128 + g_subprocess_get_term_sig(child);
}

static gboolean check_run(const SmithReach *reach, const char *program, int status,
			  const char *said, GError **error)
{
	if (reach->ssh != NULL && status == STATUS_SSH)
		return smith_throw(error, SMITH_ERROR_FAILED, "ssh to '%s' failed: %s", reach->ssh,
				   said);
	if (reach->ssh != NULL && status == STATUS_MISSING)
		return smith_throw(error, SMITH_ERROR_NOT_FOUND, "'%s' is not installed on '%s'",
				   program, whereabouts(reach));
	return TRUE;
}

/* A pipe of which the child gets the end that is written to. */
static int take_pipe(GSubprocessLauncher *launcher,
		     void (*take)(GSubprocessLauncher *launcher, gint fd), GError **error)
{
	int fds[2];
	if (pipe2(fds, O_CLOEXEC) < 0)
		return smith_throw_errno_fd(error, "cannot make a pipe");
	take(launcher, fds[1]);
	return fds[0];
}

static GSubprocess *spawn_read(const SmithReach *reach, const char *const *argv, int fds[2],
			       GError **error)
{
	g_autoptr(GSubprocessLauncher) launcher =
		g_subprocess_launcher_new(G_SUBPROCESS_FLAGS_NONE);
	fds[0] = take_pipe(launcher, g_subprocess_launcher_take_stdout_fd, error);
	fds[1] = fds[0] < 0 ? -1 : take_pipe(launcher, g_subprocess_launcher_take_stderr_fd, error);
	return fds[1] < 0 ? NULL : spawn(reach, launcher, argv, error);
}

gboolean smith_reach_ask(const SmithReach *reach, const char *const *argv, SmithAnswer *answer,
			 GError **error)
{
	int fds[2] = {-1, -1};
	g_autoptr(GSubprocess) child = spawn_read(reach, argv, fds, error);
	smith_autofd G_GNUC_UNUSED int out = fds[0];
	smith_autofd G_GNUC_UNUSED int err = fds[1];
	if (child == NULL)
		return FALSE;
	g_autoptr(GString) text = g_string_new(NULL);
	g_autoptr(GString) said = g_string_new(NULL);
	bool whole = read_both(fds, text, said);
	if (!whole)
		g_subprocess_force_exit(child);
	if (!g_subprocess_wait(child, NULL, error))
		return FALSE;
	if (!whole)
		return smith_throw(error, SMITH_ERROR_LIMIT, "'%s' writes more than %d bytes",
				   argv[0], SMITH_REACH_LIMIT);
	answer->length = text->len;
	answer->text = g_string_free(g_steal_pointer(&text), FALSE);
	answer->said = first_line(said->str);
	answer->status = exit_status(child);
	return check_run(reach, argv[0], answer->status, answer->said, error);
}

void smith_answer_clear(SmithAnswer *answer)
{
	g_clear_pointer(&answer->text, g_free);
	g_clear_pointer(&answer->said, g_free);
}

/* However we end, it does not stay behind. */
static void die_with_parent(gpointer data)
{
	(void)data;
	prctl(PR_SET_PDEATHSIG, SIGTERM);
}

GInputStream *smith_reach_follow(const SmithReach *reach, const char *const *argv,
				 GSubprocess **child, GError **error)
{
	g_autoptr(GSubprocessLauncher) launcher =
		g_subprocess_launcher_new(G_SUBPROCESS_FLAGS_STDOUT_PIPE);
	g_subprocess_launcher_set_child_setup(launcher, die_with_parent, NULL, NULL);
	*child = spawn(reach, launcher, argv, error);
	return *child != NULL ? g_subprocess_get_stdout_pipe(*child) : NULL;
}

gboolean smith_reach_finish(const SmithReach *reach, const char *const *argv, GSubprocess *child,
			    GError **error)
{
	gboolean ok = g_subprocess_wait(child, NULL, error);
	int status = ok ? exit_status(child) : 0;
	g_object_unref(child);
	if (!ok || !check_run(reach, argv[0], status, "see above", error))
		return FALSE;
	return status == 0 ||
	       smith_throw(error, SMITH_ERROR_FAILED, "'%s' on %s ended with status %d", argv[0],
			   whereabouts(reach), status);
}

/* "web.example.org" is the machine "web". */
static bool is_name_of(const char *host, const char *machine)
{
	gsize length = strcspn(machine, ".");
	return g_ascii_strcasecmp(host, machine) == 0 ||
	       (strlen(host) == length && g_ascii_strncasecmp(host, machine, length) == 0);
}

static bool is_address_here(const char *address)
{
	struct ifaddrs *all = NULL;
	bool found = false;
	if (getifaddrs(&all) < 0)
		return false;
	for (const struct ifaddrs *one = all; one != NULL && !found; one = one->ifa_next) {
		char text[NI_MAXHOST];
		int family = one->ifa_addr != NULL ? one->ifa_addr->sa_family : AF_UNSPEC;
		socklen_t size = family == AF_INET6 ? sizeof(struct sockaddr_in6)
						    : sizeof(struct sockaddr_in);
		found = (family == AF_INET || family == AF_INET6) &&
			getnameinfo(one->ifa_addr, size, text, sizeof text, NULL, 0,
				    NI_NUMERICHOST) == 0 &&
			strcmp(text, address) == 0;
	}
	freeifaddrs(all);
	return found;
}

static bool is_reached(const SmithReach *reach, const SmithHost *host)
{
	if (reach->ssh == NULL)
		return is_name_of(host->name, g_get_host_name()) ||
		       (host->address != NULL && is_address_here(host->address));
	const char *at = strrchr(reach->ssh, '@');
	const char *machine = at != NULL ? at + 1 : reach->ssh;
	return is_name_of(host->name, machine) || g_strcmp0(host->address, machine) == 0;
}

const SmithHost *smith_reach_host(const SmithReach *reach, const SmithFleet *fleet,
				  const char *name, GError **error)
{
	const SmithHost *found = name != NULL ? smith_fleet_host(fleet, name) : NULL;
	if (name != NULL && found == NULL)
		return smith_throw_null(error, SMITH_ERROR_USAGE, "no host '%s' in the fleet",
					name);
	if (found != NULL)
		return found;
	if (fleet->hosts->len == 1)
		return fleet->hosts->pdata[0];
	for (guint i = 0; i < fleet->hosts->len; i++)
		if (is_reached(reach, fleet->hosts->pdata[i]))
			return fleet->hosts->pdata[i];
	return smith_throw_null(error, SMITH_ERROR_USAGE,
				"%s is none of the fleet's %u hosts: say which with --host",
				whereabouts(reach), fleet->hosts->len);
}
