/* SPDX-License-Identifier: Apache-2.0 */
#include "run/image.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>

#include "base/error.h"
#include "base/fd.h"
#include "execute/root.h"
#include "fleet/runtime.h"

#define NAMES_MAX (1 << 20) /* bytes of passwd and group */
#define SECONDS(n_) ((gint64)(n_)*G_USEC_PER_SEC)

/* The fields of the line of @name in @file of the root, or NULL. */
static char **find_line(int root, const char *file, const char *name)
{
	g_autoptr(GBytes) bytes = smith_fd_read_foreign(root, file, NAMES_MAX, NULL);
	if (bytes == NULL)
		return NULL;
	g_autofree char *text = g_strndup(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	for (guint i = 0; lines[i] != NULL; i++) {
		g_auto(GStrv) fields = g_strsplit(lines[i], ":", -1);
		if (g_strv_length(fields) >= 4 && strcmp(fields[0], name) == 0)
			return g_steal_pointer(&fields);
	}
	return NULL;
}

static bool parse_id(const char *text, guint *id)
{
	guint64 number;
	if (text == NULL ||
	    !g_ascii_string_to_unsigned(text, 10, 0, G_MAXUINT32 - 1, &number, NULL))
		return false;
	*id = (guint)number;
	return true;
}

/* "10001:10001", "10001", "user", "user:group" (config.md, "User"). */
static gboolean set_user(SmithRunImage *image, const char *user, GError **error)
{
	smith_autofd int root = smith_fd_open_dir(AT_FDCWD, image->root, error);
	if (root < 0)
		return FALSE;
	g_auto(GStrv) parts = g_strsplit(user != NULL ? user : "", ":", 2);
	const char *name = parts[0] != NULL && *parts[0] != '\0' ? parts[0] : "0";
	const char *group = parts[0] != NULL ? parts[1] : NULL;
	g_auto(GStrv) line = NULL;
	if (!parse_id(name, &image->uid)) {
		line = find_line(root, "etc/passwd", name);
		if (line == NULL || !parse_id(line[2], &image->uid) ||
		    !parse_id(line[3], &image->gid))
			return smith_throw(error, SMITH_ERROR_INVALID,
					   "the image has no user '%s' in its /etc/passwd", name);
	}
	if (group == NULL || parse_id(group, &image->gid))
		return TRUE;
	g_auto(GStrv) found = find_line(root, "etc/group", group);
	if (found == NULL || !parse_id(found[2], &image->gid))
		return smith_throw(error, SMITH_ERROR_INVALID,
				   "the image has no group '%s' in its /etc/group", group);
	return TRUE;
}

static char **join(char **first, char **second)
{
	g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
	if (first != NULL)
		g_strv_builder_addv(builder, (const char **)first);
	if (second != NULL)
		g_strv_builder_addv(builder, (const char **)second);
	return g_strv_builder_end(builder);
}

static int parse_signal(const char *text)
{
	static const struct {
		const char *name;
		int number;
	} names[] = {{"TERM", SIGTERM}, {"INT", SIGINT},   {"QUIT", SIGQUIT}, {"HUP", SIGHUP},
		     {"KILL", SIGKILL}, {"USR1", SIGUSR1}, {"USR2", SIGUSR2}, {"WINCH", SIGWINCH}};
	guint64 number;
	if (text == NULL)
		return SIGTERM;
	if (g_ascii_string_to_unsigned(text, 10, 1, 64, &number, NULL))
		return (int)number;
	if (g_str_has_prefix(text, "SIG"))
		text += strlen("SIG");
	for (guint i = 0; i < G_N_ELEMENTS(names); i++)
		if (strcmp(names[i].name, text) == 0)
			return names[i].number;
	return SIGTERM;
}

static void set_health(SmithRunImage *image, const SmithHealthcheck *check)
{
	if (check == NULL || check->test == NULL || check->test[0] == NULL ||
	    check->test[1] == NULL)
		return;
	if (strcmp(check->test[0], "CMD") == 0)
		image->health = g_strdupv(check->test + 1);
	else if (strcmp(check->test[0], "CMD-SHELL") == 0)
		image->health = g_strsplit("/bin/sh\n-c\n\n", "\n", 3);
	else
		return;
	if (strcmp(check->test[0], "CMD-SHELL") == 0) {
		g_free(image->health[2]);
		image->health[2] = g_strdup(check->test[1]);
	}
	image->interval = check->interval > 0 ? check->interval / 1000 : SECONDS(30);
	image->timeout = check->timeout > 0 ? check->timeout / 1000 : SECONDS(30);
	image->start_period = MAX(check->start_period, 0) / 1000;
	image->retries = check->retries > 0 ? check->retries : 3;
}

static gboolean check_platform(const SmithImageConfig *config, GError **error)
{
	g_autoptr(SmithPlatform) own = smith_platform_own();
	g_autoptr(SmithPlatform) has =
		smith_platform_new(config->os, config->architecture, config->variant);
	if (smith_platform_match(own, has) >= 0)
		return TRUE;
	g_autofree char *want = smith_platform_to_string(own);
	g_autofree char *have = smith_platform_to_string(has);
	return smith_throw(error, SMITH_ERROR_UNSUPPORTED,
			   "the image is for %s, and this machine is %s", have, want);
}

static gboolean set_config(SmithRunImage *image, const SmithContainerConfig *config, GError **error)
{
	if (config != NULL)
		image->argv = join(config->entrypoint, config->cmd);
	image->n_entry = config != NULL && config->entrypoint != NULL
				 ? g_strv_length(config->entrypoint)
				 : 0;
	if (image->argv == NULL || image->argv[0] == NULL)
		return smith_throw(error, SMITH_ERROR_INVALID, "the image has no command");
	image->env = join(config->env, NULL);
	image->cwd = g_strdup(config->working_dir != NULL && *config->working_dir == '/'
				      ? config->working_dir
				      : "/");
	image->stop_signal = parse_signal(config->stop_signal);
	set_health(image, config->healthcheck);
	return set_user(image, config->user, error);
}

SmithRunImage *smith_run_image_load(SmithStore *store, const SmithDescriptor *manifest,
				    GError **error)
{
	g_autoptr(SmithManifest) parsed = NULL;
	g_autoptr(SmithImageConfig) config = NULL;
	g_autoptr(SmithRunImage) image = g_new0(SmithRunImage, 1);
	if (!smith_layout_load_image(smith_store_layout(store), manifest, &parsed, &config,
				     error) ||
	    !check_platform(config, error))
		return NULL;
	g_autoptr(SmithRoot) root = smith_root_of_image(store, manifest->digest, error);
	if (root == NULL)
		return NULL;
	image->architecture = g_strdup(config->architecture);
	image->root = smith_root_directory(root, store, SMITH_SANDBOX_ONE_UID, error);
	if (image->root == NULL || !set_config(image, config->config, error))
		return NULL;
	return g_steal_pointer(&image);
}

static void set_own_health(SmithRunImage *image, const SmithHealth *health)
{
	if (health == NULL)
		return;
	g_clear_pointer(&image->health, g_strfreev);
	/* the others are oci-probe's, which an upstream image does not have */
	if (health->kind != SMITH_HEALTH_EXEC)
		return;
	image->health = g_strdupv(health->exec);
	image->interval = health->interval > 0 ? health->interval / 1000 : SECONDS(30);
	image->timeout = health->timeout > 0 ? health->timeout / 1000 : SECONDS(30);
	image->start_period = health->start_period / 1000;
	image->retries = health->retries > 0 ? health->retries : 3;
}

SmithRunImage *smith_run_image_load_upstream(const SmithFleet *fleet, SmithStore *store,
					     const SmithDescriptor *manifest,
					     const SmithService *service, GError **error)
{
	g_autoptr(SmithRunImage) image = smith_run_image_load(store, manifest, error);
	if (image == NULL || (service->user != NULL && !set_user(image, service->user, error)))
		return NULL;
	if (service->app->form == SMITH_APP_EXEC) {
		g_autofree char **entry = g_new0(char *, image->n_entry + 1);
		memcpy(entry, image->argv, image->n_entry * sizeof *entry);
		g_auto(GStrv) command = smith_runtime_command(fleet, service, NULL, NULL);
		char **argv = join(entry, command);
		g_strfreev(image->argv);
		image->argv = argv;
	}
	set_own_health(image, service->health);
	return g_steal_pointer(&image);
}

void smith_run_image_free(SmithRunImage *image)
{
	if (image == NULL)
		return;
	g_free(image->architecture);
	g_free(image->root);
	g_strfreev(image->argv);
	g_strfreev(image->env);
	g_free(image->cwd);
	g_strfreev(image->health);
	g_free(image);
}
