/* SPDX-License-Identifier: Apache-2.0 */
#include "lint/checks.h"

#include <string.h>

#include "fleet/address.h"
#include "fleet/expr.h"
#include "fleet/runtime.h"
#include "lint/rule.h"
#include "lint/secret.h"
#include "lint/sockets.h"

/* One value of one service. */
typedef struct {
	const SmithFleet *fleet;
	SmithSockets *sockets;
	const SmithService *neutral;
	const SmithService *service;
	const char *key;    /* "env.REDIS_URL", "args[2]" */
	const char *name;   /* the variable or option alone, or NULL */
	const char *part;   /* where it stands: "env" or "app", */
	const char *member; /* and what of it */
	const char *text;
	SmithDiag *diag;
} Value;

static void report(const Value *value, const char *rule, const char *format, ...)
	G_GNUC_PRINTF(3, 4);
static void report(const Value *value, const char *rule, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	g_autofree char *text = g_strdup_vprintf(format, args);
	va_end(args);
	g_autofree char *subject = g_strconcat(value->service->name, ".", value->key, NULL);
	smith_lint_report(value->diag, rule,
			  smith_service_place(value->service, value->part, value->member), subject,
			  "%s", text);
}

/* "redis://user:word@host" */
static bool has_password(const char *text)
{
	const char *scheme = strstr(text, "://");
	if (scheme == NULL)
		return false;
	const char *user = scheme + 3, *end = user + strcspn(user, "/?# \t");
	const char *at = memchr(user, '@', (gsize)(end - user));
	const char *colon = at != NULL ? memchr(user, ':', (gsize)(at - user)) : NULL;
	return colon != NULL && at - colon > 1 && colon[1] != '$';
}

static void judge_secret(const Value *value)
{
	SmithSecretHit hit;
	if (smith_secret_find(value->text, strlen(value->text), &hit))
		report(value, "secret-in-env", "'%s' of service '%s' holds %s: make it a secret",
		       value->key, value->service->name, hit.what);
	else if (has_password(value->text))
		report(value, "secret-in-env",
		       "'%s' of service '%s' holds a password in an address: make it a secret",
		       value->key, value->service->name);
	else if (value->name != NULL && smith_secret_variable(value->name, value->text))
		report(value, "secret-in-env",
		       "'%s' of service '%s' is a secret by its name, and its value stands in "
		       "the fleet",
		       value->key, value->service->name);
}

static void judge_docker(const Value *value)
{
	if (strstr(value->text, "docker.sock") != NULL)
		report(value, "docker-socket-mount",
		       "'%s' of service '%s' names docker's socket: podman's is "
		       "'/run/user/UID/podman/podman.sock'",
		       value->key, value->service->name);
}

/* Where the path of "ipc:///tmp/x" or "unix:/run/x" begins, or NULL. */
static const char *socket_path(const char *text)
{
	static const char *const schemes[] = {"ipc://", "unix://", "unix:"};
	for (guint i = 0; i < G_N_ELEMENTS(schemes); i++) {
		const char *at = strstr(text, schemes[i]);
		if (at != NULL && at[strlen(schemes[i])] == '/')
			return at + strlen(schemes[i]);
	}
	return NULL;
}

static void judge_ipc(const Value *value)
{
	const char *path = socket_path(value->text);
	if (path == NULL || strstr(path, "docker.sock") != NULL)
		return;
	const SmithService *other = smith_sockets_ipc(value->sockets, value->service, path);
	if (other != NULL)
		report(value, "ipc-not-shared",
		       "'%s' of service '%s' is '%s', as it is of '%s': they share no volume "
		       "there",
		       value->key, value->service->name, path, other->name);
}

/* Four numbers with dots, and nothing of the kind around them; *@length is theirs. */
static bool is_ipv4(const char *text, const char *at, gsize *length)
{
	bool is_default = at > text + 1 && at[-1] == '-' && at[-2] == ':';
	if (at > text && !is_default && (g_ascii_isalnum(at[-1]) || strchr(".-", at[-1]) != NULL))
		return false;
	const char *p = at;
	for (int part = 0; part < 4; part++) {
		gsize digits = strspn(p, "0123456789");
		if (digits == 0 || digits > 3 || g_ascii_strtoull(p, NULL, 10) > 255)
			return false;
		p += digits;
		if (part < 3 && *p++ != '.')
			return false;
	}
	*length = (gsize)(p - at);
	return !g_ascii_isalnum(*p) && *p != '.' && *p != '-' && *p != '/';
}

static void judge_address(const Value *value)
{
	for (const char *p = value->text; *p != '\0'; p++) {
		gsize length = 0;
		if (!g_ascii_isdigit(*p) || !is_ipv4(value->text, p, &length))
			continue;
		if (g_str_has_prefix(p, "127.") || g_str_has_prefix(p, "0.") ||
		    g_str_has_prefix(p, "255.") || strchr(p, '.') > p + length)
			return;
		report(value, "hardcoded-ip",
		       "'%s' of service '%s' holds address '%.*s': write '${NAME_IP}' of a host "
		       "or '${SERVICE.address}'",
		       value->key, value->service->name, (int)length, p);
		return;
	}
}

/* The port behind "localhost:" and its kin; 0 when there is none. */
static gint64 local_port(const char *text, const char **name)
{
	static const char *const names[] = {"localhost", "127.0.0.1", "[::1]"};
	for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
		const char *at = strstr(text, names[i]);
		if (at == NULL)
			continue;
		const char *behind = at + strlen(names[i]);
		*name = names[i];
		if (*behind == ':' && g_ascii_isdigit(behind[1]))
			return (gint64)g_ascii_strtoull(behind + 1, NULL, 10);
	}
	return 0;
}

/* X_HOST=localhost beside X_PORT=6379 */
static gint64 companion_port(const Value *value)
{
	static const char *const suffixes[] = {"HOST", "ADDRESS", "ADDR"};
	if (value->name == NULL)
		return 0;
	for (guint i = 0; i < G_N_ELEMENTS(suffixes); i++) {
		if (!g_str_has_suffix(value->name, suffixes[i]))
			continue;
		gsize stem = strlen(value->name) - strlen(suffixes[i]);
		g_autofree char *name = g_strdup_printf("%.*sPORT", (int)stem, value->name);
		const char *port = g_hash_table_lookup(value->service->env, name);
		return port != NULL && g_ascii_isdigit(*port)
			       ? (gint64)g_ascii_strtoull(port, NULL, 10)
			       : 0;
	}
	return 0;
}

static void judge_localhost(const Value *value)
{
	const char *name = NULL;
	gint64 port = local_port(value->text, &name);
	if (name != NULL && port == 0 && strcmp(value->text, name) == 0)
		port = companion_port(value);
	if (port == 0)
		return;
	const SmithPort *theirs = NULL;
	const SmithService *other =
		smith_sockets_elsewhere(value->sockets, value->neutral, port, &theirs);
	if (other != NULL)
		report(value, "localhost-reference",
		       "'%s' of service '%s' is '%s', but port %d is of '%s' in another "
		       "container: write '${%s.address}:${%s.%s}'",
		       value->key, value->service->name, value->text, (int)port, other->name,
		       other->name, other->name, theirs->name);
}

static bool is_written(const char *name)
{
	static const char *const words[] = {"LOG",  "LOGS",   "LOGFILE",  "CACHE",  "DATA",
					    "DB",   "SQLITE", "DATABASE", "OUTPUT", "TMP",
					    "TEMP", "STATE",  "TMPDIR"};
	g_autofree char *upper = g_ascii_strup(name, -1);
	g_auto(GStrv) parts = g_strsplit_set(upper, "_-.", 16);
	for (char **part = parts; *part != NULL; part++)
		for (guint i = 0; i < G_N_ELEMENTS(words); i++)
			if (strcmp(*part, words[i]) == 0)
				return true;
	return false;
}

/* What podman makes writable in a container whose root is not. */
static bool is_always_writable(const char *path)
{
	static const char *const directories[] = {"/tmp", "/var/tmp", "/run", "/dev"};
	for (guint i = 0; i < G_N_ELEMENTS(directories); i++)
		if (smith_lint_is_below(path, directories[i]))
			return true;
	return false;
}

static bool is_covered(const SmithService *service, const char *path, bool *read_only)
{
	for (char **at = service->writable; *at != NULL; at++)
		if (smith_lint_is_below(path, *at))
			return true;
	for (char **at = service->tmpfs; *at != NULL; at++)
		if (smith_lint_is_below(path, *at))
			return true;
	for (guint i = 0; i < service->volumes->len; i++) {
		const SmithMount *mount = service->volumes->pdata[i];
		if (mount->target == NULL || !smith_lint_is_below(path, mount->target))
			continue;
		if (!mount->read_only)
			return true;
		*read_only = true;
	}
	return false;
}

/* "/app/logs/x", "sqlite:////app/data/x.db" */
static void judge_write(const Value *value)
{
	const char *path = value->text;
	if (g_str_has_prefix(path, "sqlite:///"))
		path += strlen("sqlite:///");
	if (*path != '/' || value->name == NULL || value->service->image != NULL ||
	    strchr(path, '$') != NULL || !is_written(value->name))
		return;
	bool read_only = false;
	bool matters = value->service->read_only || smith_lint_is_below(path, SMITH_APP_DIRECTORY);
	if (!matters || is_always_writable(path) || is_covered(value->service, path, &read_only))
		return;
	report(value, "write-path",
	       read_only ? "'%s' of service '%s' is '%s', where a volume is read-only"
			 : "'%s' of service '%s' is '%s', which is in no volume, 'writable' or "
			   "'tmpfs'",
	       value->key, value->service->name, path);
}

static void judge(const Value *value)
{
	judge_secret(value);
	if (strpbrk(value->text, ":./") == NULL && strstr(value->text, "localhost") == NULL)
		return;
	judge_docker(value);
	judge_ipc(value);
	judge_address(value);
	judge_localhost(value);
	judge_write(value);
}

/* "--log-file=/app/x", or "--log-file" and "/app/x". */
static void judge_words(Value *value, char **words, const char *what)
{
	g_autofree char *option = NULL;
	for (guint i = 0; words != NULL && words[i] != NULL; i++) {
		g_autofree char *key = g_strdup_printf("%s[%u]", what, i);
		g_autofree char *own = NULL;
		const char *equals = strchr(words[i], '=');
		value->key = key;
		value->part = "app";
		value->member = what;
		value->name = option;
		value->text = words[i];
		if (*words[i] == '-' && equals != NULL) {
			own = g_strndup(words[i], (gsize)(equals - words[i]));
			value->name = own;
			value->text = equals + 1;
		}
		judge(value);
		g_free(option);
		option = *words[i] == '-' && equals == NULL ? g_strdup(words[i]) : NULL;
	}
}

static void lint_form(Value *value)
{
	GHashTable *env = value->service->env;
	g_autoptr(GList) keys = g_hash_table_get_keys(env);
	for (GList *key = keys; key != NULL; key = key->next) {
		g_autofree char *path = g_strconcat("env.", key->data, NULL);
		value->key = path;
		value->part = "env";
		value->member = key->data;
		value->name = key->data;
		value->text = g_hash_table_lookup(env, key->data);
		judge(value);
	}
	judge_words(value, value->service->app->args, "args");
	judge_words(value, value->service->app->exec, "exec");
}

static void lint_map(GHashTable *map, const char *who, SmithPlace place, SmithDiag *diag)
{
	GHashTableIter iter;
	gpointer name, text;
	g_hash_table_iter_init(&iter, map);
	while (g_hash_table_iter_next(&iter, &name, &text)) {
		SmithSecretHit hit;
		bool found = smith_secret_find(text, strlen(text), &hit);
		if (!found && !has_password(text) && !smith_secret_variable(name, text))
			continue;
		g_autofree char *subject = g_strconcat(who, ".", name, NULL);
		smith_lint_report(diag, "secret-in-env", place, subject,
				  "'%s' of '%s' %s: make it a secret", (char *)name, who,
				  found ? "holds a key or token" : "is a secret by its looks");
	}
}

static void note_ipc(SmithSockets *sockets, const SmithService *service)
{
	GHashTableIter iter;
	gpointer text;
	g_hash_table_iter_init(&iter, service->env);
	while (g_hash_table_iter_next(&iter, NULL, &text)) {
		const char *path = socket_path(text);
		if (path != NULL)
			smith_sockets_note_ipc(sockets, service, path);
	}
	for (char **arg = service->app->args; arg != NULL && *arg != NULL; arg++) {
		const char *path = socket_path(*arg);
		if (path != NULL)
			smith_sockets_note_ipc(sockets, service, path);
	}
}

void smith_lint_values(const SmithFleet *fleet, SmithDiag *diag)
{
	g_autoptr(SmithSockets) sockets = smith_sockets_new(fleet);
	for (guint i = 0; i < fleet->services->len; i++)
		note_ipc(sockets, fleet->services->pdata[i]);
	for (guint i = 0; i < fleet->services->len; i++) {
		const SmithService *neutral = fleet->services->pdata[i], *form = neutral;
		for (guint j = 0; form != NULL; form = smith_lint_form(neutral, ++j))
			lint_form(&(Value){.fleet = fleet,
					   .sockets = sockets,
					   .neutral = neutral,
					   .service = form,
					   .diag = diag});
	}
	for (guint i = 0; i < fleet->families->len; i++) {
		const SmithFamily *family = fleet->families->pdata[i];
		lint_map(family->env, family->name, family->place, diag);
	}
	for (guint i = 0; i < fleet->hosts->len; i++) {
		const SmithHost *host = fleet->hosts->pdata[i];
		lint_map(host->env, host->name, host->place, diag);
		lint_map(host->variables, host->name, host->place, diag);
	}
	lint_map(fleet->variables, "variables", fleet->place, diag);
}
