/* SPDX-License-Identifier: Apache-2.0 */
#include "execute/pip-resolve.h"

#include <fcntl.h>
#include <string.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/node.h"
#include "execute/pip-unpack.h"
#include "execute/scratch.h"
#include "python/name.h"

#define INSIDE "/ocismith"
#define PIP "/ocismith.pip"
#define WORDS_LIMIT (4 * 1024 * 1024)
#define CHOICES_LIMIT (16 * 1024 * 1024)
/* what it says when its index cannot be reached, which pip itself tells nobody */
#define UNREACHED "ocismith: no way to the index: "
/* of the program below */
#define STATUS_NO_PIP 97

/*
 * Carries connections from the loopback to our socket, for pip speaks TCP only; runs pip, keeps
 * what it says, and of its report what is wanted here.
 */
static const char program[] =
	"import importlib.util, json, os, socket, subprocess, sys, threading\n"
	"there, pip, options = sys.argv[1], sys.argv[2], sys.argv[3:]\n"
	"if importlib.util.find_spec('pip') and importlib.util.find_spec('pip.__main__'):\n"
	"    pip = ['-m', 'pip']\n"
	"elif pip:\n"
	"    pip = [pip + '/pip']\n"
	"else:\n"
	"    sys.exit(97)\n"
	"def carry(a, b):\n"
	"    try:\n"
	"        while True:\n"
	"            data = a.recv(262144)\n"
	"            if not data:\n"
	"                break\n"
	"            b.sendall(data)\n"
	"    except OSError:\n"
	"        pass\n"
	"    for s in (a, b):\n"
	"        try:\n"
	"            s.shutdown(socket.SHUT_RDWR)\n"
	"        except OSError:\n"
	"            pass\n"
	"failed, accepted = [], []\n"
	"def serve(listener):\n"
	"    while True:\n"
	"        a = listener.accept()[0]\n"
	"        accepted.append(1)\n"
	"        b = socket.socket(socket.AF_UNIX)\n"
	"        try:\n"
	"            b.connect(there + '/socket')\n"
	"        except OSError as e:\n"
	"            failed.append(str(e))\n"
	"            a.close()\n"
	"            continue\n"
	"        for pair in ((a, b), (b, a)):\n"
	"            threading.Thread(target=carry, args=pair, daemon=True).start()\n"
	"listener = socket.socket()\n"
	"listener.bind(('127.0.0.1', 0))\n"
	"listener.listen(32)\n"
	"threading.Thread(target=serve, args=(listener,), daemon=True).start()\n"
	"url = 'http://127.0.0.1:%d/' % listener.getsockname()[1]\n"
	"report = there + '/report.json'\n"
	"with open(there + '/words', 'wb') as words:\n"
	"    status = subprocess.call(\n"
	"        [sys.executable] + pip + ['install', '--dry-run', '--ignore-installed', "
	"'--report', report,\n"
	"         '--index-url', url + 'simple/', '--no-cache-dir', "
	"'--disable-pip-version-check',\n"
	"         '--no-input', '--no-color', '--progress-bar', 'off', '--retries', '0', "
	"'--isolated',\n"
	"         '-r', there + '/requirements.txt', '-c', there + '/constraints.txt'] + options,\n"
	"        stdin=subprocess.DEVNULL, stdout=words, stderr=subprocess.STDOUT)\n"
	"if status != 0 and not accepted:\n"
	"    try:\n"
	"        socket.create_connection(listener.getsockname()).close()\n"
	"    except OSError as e:\n"
	"        failed.append(str(e))\n"
	"if status != 0 and failed:\n"
	"    with open(there + '/words', 'ab') as words:\n"
	"        words.write(('\\n" UNREACHED "' + failed[0] + '\\n').encode())\n"
	"with open(there + '/words', 'rb') as words:\n"
	"    sys.stderr.buffer.write(words.read())\n"
	"if status == 0:\n"
	"    with open(report, encoding='utf-8') as f:\n"
	"        chosen = [(i['metadata']['name'], i['metadata']['version'], "
	"i['download_info']['url'])\n"
	"                  for i in json.load(f)['install']]\n"
	"    with open(there + '/chosen.json', 'w', encoding='utf-8') as f:\n"
	"        json.dump([(n, v, u[len(url):] if u.startswith(url) else u) for n, v, u in "
	"chosen], f)\n"
	"sys.exit(min(status, 96))\n";

char **smith_pip_environment(gint64 epoch)
{
	static const char *const fixed[] = {
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		"HOME=/tmp",
		"TMPDIR=/tmp",
		"LANG=C.UTF-8",
		"LC_ALL=C.UTF-8",
		"TZ=UTC",
		"PYTHONHASHSEED=0",
		"PYTHONDONTWRITEBYTECODE=1",
		"PYTHONNOUSERSITE=1",
		"PIP_CONFIG_FILE=/dev/null",
		"PIP_ROOT_USER_ACTION=ignore",
	};
	GPtrArray *env = g_ptr_array_new();
	for (guint i = 0; i < G_N_ELEMENTS(fixed); i++)
		g_ptr_array_add(env, g_strdup(fixed[i]));
	g_ptr_array_add(env, g_strdup_printf("SOURCE_DATE_EPOCH=%" G_GINT64_FORMAT, epoch));
	g_ptr_array_add(env, NULL);
	return (char **)g_ptr_array_free(env, FALSE);
}

static gboolean write_lines(int fd, const char *name, const char *const *lines, GError **error)
{
	g_autofree char *joined = g_strjoinv("\n", (char **)lines);
	g_autofree char *text = g_strconcat(joined, "\n", NULL);
	return smith_fd_write_file(fd, name, text, strlen(text), 0644, error);
}

static void choice_free(gpointer data)
{
	SmithPipChoice *choice = data;
	g_free(choice->name);
	g_free(choice->version);
	g_free(choice);
}

static int compare_choices(gconstpointer a, gconstpointer b)
{
	const SmithPipChoice *const *x = a, *const *y = b;
	return strcmp((*x)->name, (*y)->name);
}

static SmithPipChoice *read_choice(const SmithNode *row, GError **error)
{
	const char *text[3] = {NULL, NULL, NULL};
	for (guint i = 0; i < 3 && row->type == SMITH_NODE_SEQ && row->items->len == 3; i++) {
		const SmithNode *item = row->items->pdata[i];
		text[i] = item->type == SMITH_NODE_STRING ? item->text : NULL;
	}
	char *end = NULL;
	guint64 number = 0;
	if (text[2] != NULL && g_str_has_prefix(text[2], "files/"))
		number = g_ascii_strtoull(text[2] + strlen("files/"), &end, 10);
	if (text[0] == NULL || text[1] == NULL || end == NULL || *end != '/' || number > G_MAXUINT)
		return smith_throw_null(error, SMITH_ERROR_INVALID,
					"pip's report has a file that no index gave: '%s'",
					text[2] != NULL ? text[2] : "");
	SmithPipChoice *choice = g_new0(SmithPipChoice, 1);
	choice->name = smith_python_normalize_name(text[0]);
	choice->version = g_strdup(text[1]);
	choice->file = (guint)number;
	return choice;
}

/* Written by what ran inside, so as hostile as that. */
static GPtrArray *read_choices(int fd, GError **error)
{
	g_autoptr(GBytes) bytes = smith_fd_read_foreign(fd, "chosen.json", CHOICES_LIMIT, error);
	if (bytes == NULL)
		return NULL;
	gsize length = 0;
	const char *text = g_bytes_get_data(bytes, &length);
	g_autoptr(SmithNode) list = smith_node_read_json(text, length, "chosen.json", error);
	if (list == NULL)
		return NULL;
	g_autoptr(GPtrArray) choices = g_ptr_array_new_with_free_func(choice_free);
	for (guint i = 0; list->type == SMITH_NODE_SEQ && i < list->items->len; i++) {
		SmithPipChoice *choice = read_choice(list->items->pdata[i], error);
		if (choice == NULL)
			return NULL;
		g_ptr_array_add(choices, choice);
	}
	g_ptr_array_sort(choices, compare_choices);
	return g_steal_pointer(&choices);
}

static gboolean tell_words(int fd, const SmithPipRequest *request, const SmithSandboxResult *result,
			   SmithPipWords **words, GError **error)
{
	if (result->status == STATUS_NO_PIP)
		return smith_throw(error, SMITH_ERROR_NOT_FOUND, "the base has no pip");
	g_autoptr(GBytes) bytes = smith_fd_read_foreign(fd, "words", WORDS_LIMIT, NULL);
	g_autofree char *text =
		bytes != NULL ? g_strndup(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes))
			      : g_strdup("");
	char *unreached = strstr(text, "\n" UNREACHED);
	if (unreached != NULL)
		return smith_throw(error, SMITH_ERROR_FAILED,
				   "pip cannot reach the index that is served to it: %s",
				   g_strchomp(unreached + strlen("\n" UNREACHED)));
	*words = smith_pip_words(text, request->owners);
	if ((*words)->text == NULL) /* it is not pip that failed */
		return smith_throw(error, SMITH_ERROR_FAILED, "pip could not be run, status %d: %s",
				   result->status, g_strchomp(result->tail));
	return smith_throw(error, SMITH_ERROR_CONFLICT, "%s", (*words)->text);
}

static gboolean run_pip(const SmithExecution *execution, const SmithRoot *root,
			const SmithPipRequest *request, const char *directory,
			SmithSandboxResult *result, GError **error)
{
	static const char *const no_options[] = {NULL};
	g_autofree char *pip = NULL;
	if (request->pip != NULL) {
		pip = smith_pip_unpack(execution, root, request->python, request->pip, error);
		if (pip == NULL)
			return FALSE;
	}
	const SmithSandboxBind binds[] = {{directory, INSIDE, true}, {pip, PIP, false}};
	g_autoptr(GPtrArray) argv = g_ptr_array_new();
	const char *const first[] = {request->python, "-c", program, INSIDE,
				     request->pip != NULL ? PIP : ""};
	for (guint i = 0; i < G_N_ELEMENTS(first); i++)
		g_ptr_array_add(argv, (gpointer)first[i]);
	const char *const *option = request->options != NULL ? request->options : no_options;
	for (; *option != NULL; option++)
		g_ptr_array_add(argv, (gpointer)*option);
	g_ptr_array_add(argv, NULL);
	g_auto(GStrv) env = smith_pip_environment(execution->epoch);
	g_autofree char *name = g_strconcat("pip ", request->name, NULL);
	SmithSandboxStep step = {
		.name = name,
		.argv = (const char *const *)argv->pdata,
		.env = (const char *const *)env,
		.binds = binds,
		.n_binds = request->pip != NULL ? 2 : 1,
		.log_fd = -1,
	};
	return smith_execute_answer(execution, root, &step, result, error);
}

GPtrArray *smith_pip_resolve(const SmithExecution *execution, const SmithRoot *root,
			     const SmithPipRequest *request, SmithPipWords **words, GError **error)
{
	g_auto(SmithScratch) scratch = SMITH_SCRATCH_INIT;
	if (!smith_scratch_make(&scratch, execution->store, error))
		return NULL;
	const char *directory = scratch.path;
	int fd = scratch.fd;
	if (!write_lines(fd, "requirements.txt", request->requirements, error) ||
	    !write_lines(fd, "constraints.txt", request->constraints, error))
		return NULL;
	SmithPipServer *server = smith_pip_server_new(directory, request->source, error);
	if (server == NULL)
		return NULL;
	g_auto(SmithSandboxResult) result = {0};
	gboolean ran = run_pip(execution, root, request, directory, &result, error);
	/* an index that does not answer is the reason of what pip says */
	if (!smith_pip_server_stop(server, ran ? error : NULL) || !ran)
		return NULL;
	if (result.status != 0) {
		tell_words(fd, request, &result, words, error);
		return NULL;
	}
	return read_choices(fd, error);
}
