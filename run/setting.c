/* SPDX-License-Identifier: Apache-2.0 */
#include "run/setting.h"

#include <fcntl.h>
#include <string.h>

#include "base/error.h"
#include "base/fd.h"
#include "fleet/environment.h"
#include "sandbox/upper.h"

#define SECRET_MAX 512000 /* bytes, as podman's */
#define DEFAULT_SHM (64 << 20)
#define DEFAULT_TMPFS (1 << 30)
#define DEFAULT_PIDS 2048
#define MAX_SECONDS 86400

/* KEY=VALUE into a list of them; what is there stays unless @replace. */
static void set_env(GPtrArray *env, const char *text, bool replace)
{
	gsize length = strcspn(text, "=") + 1;
	for (guint i = 0; i < env->len; i++) {
		if (strncmp(env->pdata[i], text, length) != 0)
			continue;
		if (replace) {
			g_free(env->pdata[i]);
			env->pdata[i] = g_strdup(text);
		}
		return;
	}
	g_ptr_array_add(env, g_strdup(text));
}

/* What only a unit can say, because a host has a part in it. */
static void add_unit_env(GPtrArray *env, const SmithRunOptions *options)
{
	const SmithService *service = options->service;
	if (service->groups->len == 0)
		return;
	g_autoptr(SmithDiag) diag = smith_diag_new();
	g_autoptr(SmithEnvironment) environment = smith_environment_new(options->fleet);
	const SmithService *neutral = smith_fleet_service(options->fleet, service->name);
	g_auto(GStrv) unit = smith_environment_of(environment, service->groups->pdata[0],
						  neutral != NULL ? neutral : service, diag);
	for (char **text = unit; *text != NULL; text++)
		set_env(env, *text, false);
}

static gboolean check_pairs(const char *const *list, const char *option, const char *form,
			    char separator, GError **error)
{
	for (; list != NULL && *list != NULL; list++) {
		const char *at = strchr(*list, separator);
		if (at == NULL || at == *list || at[1] == '\0')
			return smith_throw(error, SMITH_ERROR_USAGE,
					   "option '--%s' takes %s, got '%s'", option, form, *list);
	}
	return TRUE;
}

/* The user's file for the secret, or NULL: it gets an empty one. */
static const char *find_file(const SmithRunOptions *options, const char *name)
{
	gsize length = strlen(name);
	for (const char *const *text = options->secrets; text != NULL && *text != NULL; text++)
		if (strncmp(*text, name, length) == 0 && (*text)[length] == '=')
			return *text + length + 1;
	return NULL;
}

static void add_bind(SmithSetting *setting, char *source, char *target)
{
	const SmithSandboxBind bind = {.source = source, .target = target};
	g_ptr_array_add(setting->strings, source);
	g_ptr_array_add(setting->strings, target);
	g_array_append_val(setting->binds, bind);
}

static gboolean add_file(SmithSetting *setting, const char *name, char *target, const void *data,
			 gsize length, GError **error)
{
	smith_autofd int fd = smith_fd_open_beneath(setting->scratch.fd, name,
						    O_WRONLY | O_CREAT | O_EXCL, 0644, error);
	add_bind(setting, g_build_filename(setting->scratch.path, name, NULL), target);
	return fd >= 0 && smith_fd_write_all(fd, data, length, error);
}

static gboolean add_secret(SmithSetting *setting, const SmithRunOptions *options, const char *name,
			   guint index, GPtrArray *env, GError **error)
{
	const SmithSecret *secret = smith_fleet_secret(options->fleet, name);
	const char *file = find_file(options, name);
	g_autoptr(GBytes) bytes = file != NULL
					  ? smith_fd_read_file(AT_FDCWD, file, SECRET_MAX, error)
					  : g_bytes_new_static("", 0);
	gsize length;
	if (bytes == NULL)
		return FALSE;
	const char *data = g_bytes_get_data(bytes, &length);
	if (secret != NULL && secret->as == SMITH_SECRET_ENV) {
		g_autofree char *value = g_strndup(data, length);
		g_autofree char *text = g_strconcat(secret->target, "=", value, NULL);
		set_env(env, text, true);
		return TRUE;
	}
	const char *target = secret != NULL ? secret->target : name;
	g_autofree char *own = g_strdup_printf("secret-%u", index);
	return add_file(setting, own,
			*target == '/' ? g_strdup(target)
				       : g_build_filename("/run/secrets", target, NULL),
			data, length, error);
}

/* A name of its own and localhost are known, as in every container. */
static gboolean add_hosts(SmithSetting *setting, const SmithRunOptions *options, GError **error)
{
	const char *hostname = options->service->slug;
	g_autoptr(GString) hosts = g_string_new(NULL);
	g_autofree char *name = g_strconcat(hostname, "\n", NULL);
	g_string_printf(hosts, "127.0.0.1 localhost %s\n::1 localhost\n", hostname);
	for (const char *const *other = options->names; other != NULL && *other != NULL; other++)
		g_string_append_printf(hosts, "127.0.0.1 %s\n", *other);
	return add_file(setting, "hosts", g_strdup("/etc/hosts"), hosts->str, hosts->len, error) &&
	       add_file(setting, "hostname", g_strdup("/etc/hostname"), name, strlen(name), error);
}

static int by_name(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Of volumes nothing is known here but where they are. */
static char **list_tmpfs(const SmithRunOptions *options)
{
	const SmithService *service = options->service;
	g_autoptr(GPtrArray) list = g_ptr_array_new();
	g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
	g_ptr_array_add(list, (gpointer) "/run");
	g_ptr_array_add(list, (gpointer) "/var/tmp");
	for (char **path = service->tmpfs; path != NULL && *path != NULL; path++)
		g_ptr_array_add(list, *path);
	for (char **path = service->writable; path != NULL && *path != NULL; path++)
		g_ptr_array_add(list, *path);
	for (guint i = 0; service->volumes != NULL && i < service->volumes->len; i++) {
		const SmithMount *mount = service->volumes->pdata[i];
		const SmithVolume *volume = smith_fleet_volume(options->fleet, mount->volume);
		const char *target = mount->target != NULL ? mount->target
				     : volume != NULL	   ? volume->target
							   : NULL;
		if (target != NULL)
			g_ptr_array_add(list, (gpointer)target);
	}
	g_ptr_array_sort(list, by_name);
	for (guint i = 0; i < list->len; i++)
		if (strcmp(list->pdata[i], "/tmp") != 0 &&
		    strcmp(list->pdata[i], "/dev/shm") != 0 &&
		    (i == 0 || strcmp(list->pdata[i], list->pdata[i - 1]) != 0))
			g_strv_builder_add(builder, list->pdata[i]);
	return g_strv_builder_end(builder);
}

static gboolean add_content(SmithSetting *setting, const SmithRunOptions *options, GError **error)
{
	const SmithService *service = options->service;
	g_autoptr(GPtrArray) env = g_ptr_array_new_with_free_func(g_free);
	for (char **text = options->image->env; text != NULL && *text != NULL; text++)
		set_env(env, *text, true);
	add_unit_env(env, options);
	/* as podman says it */
	set_env(env, "container=podman", false);
	g_autofree char *hostname = g_strconcat("HOSTNAME=", service->slug, NULL);
	set_env(env, hostname, false);
	for (guint i = 0; service->secrets != NULL && service->secrets[i] != NULL; i++)
		if (!add_secret(setting, options, service->secrets[i], i, env, error))
			return FALSE;
	for (const char *const *text = options->env; text != NULL && *text != NULL; text++)
		set_env(env, *text, true);
	for (const char *const *text = options->binds; text != NULL && *text != NULL; text++) {
		const char *colon = strrchr(*text, ':');
		add_bind(setting, g_strndup(*text, (gsize)(colon - *text)), g_strdup(colon + 1));
	}
	if (options->file != NULL && !add_file(setting, "file", g_strdup(options->file->path),
					       options->file->data, options->file->length, error))
		return FALSE;
	g_ptr_array_add(env, NULL);
	g_ptr_array_set_free_func(env, NULL);
	setting->env = (char **)g_ptr_array_steal(env, NULL);
	return add_hosts(setting, options, error);
}

static gboolean add_work(SmithSetting *setting, const SmithRunOptions *options, GError **error)
{
	if (options->service->read_only)
		return TRUE;
	g_autofree char *parent = g_build_filename(setting->scratch.path, "root", NULL);
	if (!smith_fd_make_dirs(AT_FDCWD, parent, error))
		return FALSE;
	setting->work = smith_upper_make(parent, error);
	return setting->work != NULL;
}

static void set_step(SmithSetting *setting, const SmithRunOptions *options)
{
	const SmithService *service = options->service;
	const SmithRunImage *image = options->image;
	const SmithLimits *limits = service->limits;
	setting->run = (SmithSandboxRun){
		.uid = image->uid,
		.gid = image->gid,
		.hostname = service->slug,
		.loopback = options->loopback,
		.tmpfs = (const char *const *)setting->tmpfs,
		.tmpfs_size = DEFAULT_TMPFS,
		.shm_size = limits != NULL && limits->shm > 0 ? (guint64)limits->shm : DEFAULT_SHM,
	};
	setting->step = (SmithSandboxStep){
		.name = service->name,
		.mode = SMITH_SANDBOX_ONE_UID,
		.root = image->root,
		.work = setting->work,
		.argv = options->argv != NULL ? options->argv : (const char *const *)image->argv,
		.env = (const char *const *)setting->env,
		.cwd = image->cwd,
		.binds = (const SmithSandboxBind *)(void *)setting->binds->data,
		.n_binds = setting->binds->len,
		.log_fd = options->log_fd,
		.limits = {.seconds = MAX_SECONDS,
			   .processes = limits != NULL && limits->pids > 0 ? (guint)limits->pids
									   : DEFAULT_PIDS},
		.run = &setting->run,
	};
}

SmithSetting *smith_setting_new(const SmithRunOptions *options, GError **error)
{
	if (!check_pairs(options->env, "env", "NAME=VALUE", '=', error) ||
	    !check_pairs(options->secrets, "secret", "NAME=FILE", '=', error) ||
	    !check_pairs(options->binds, "bind", "FILE:PATH", ':', error))
		return NULL;
	g_autoptr(SmithSetting) setting = g_new0(SmithSetting, 1);
	setting->scratch = (SmithScratch)SMITH_SCRATCH_INIT;
	setting->binds = g_array_new(FALSE, FALSE, sizeof(SmithSandboxBind));
	setting->strings = g_ptr_array_new_with_free_func(g_free);
	if (!smith_scratch_make(&setting->scratch, options->store, error) ||
	    !add_content(setting, options, error) || !add_work(setting, options, error))
		return NULL;
	setting->tmpfs = list_tmpfs(options);
	set_step(setting, options);
	return g_steal_pointer(&setting);
}

void smith_setting_free(SmithSetting *setting)
{
	if (setting == NULL)
		return;
	if (setting->work != NULL)
		(void)smith_upper_remove(setting->work, SMITH_SANDBOX_ONE_UID, NULL);
	smith_scratch_clear(&setting->scratch);
	g_free(setting->work);
	g_strfreev(setting->env);
	g_strfreev(setting->tmpfs);
	g_array_unref(setting->binds);
	g_ptr_array_unref(setting->strings);
	g_free(setting);
}
