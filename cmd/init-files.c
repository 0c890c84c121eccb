/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/init-files.h"

#include <stdbool.h>
#include <string.h>

#include "base/json.h"
#include "base/node.h"

static const char fleet_yaml[] =
	"# A fleet of ocismith. `ocismith schema` prints the JSON schema of this file, for "
	"editors.\n"
	"#\n"
	"#   ocismith check     says what is wrong with it, without building anything\n"
	"#   ocismith lock      resolves the base image and every wheel, into build-lock.json\n"
	"#   ocismith build     builds what the lock describes, into the store\n"
	"#   ocismith units -o units    writes the units that run it with podman and systemd\n"
	"fleet: @NAME@\n"
	"\n"
	"# Where wheels come from: directories first, then an index for what they lack.\n"
	"# wheels: {find_links: [wheels], index: https://pypi.org/simple}\n"
	"\n"
	"# The machines that run it; units use no key that is younger than their podman.\n"
	"hosts:\n"
	"  here: {podman: \"5.4\"}\n"
	"\n"
	"# What runs together: the services of a group are one pod.\n"
	"groups:\n"
	"  web: {host: here, services: [Hello]}\n"
	"\n"
	"services:\n"
	"  Hello:\n"
	"    family: base                     # families.d/base.yaml\n"
	"    app: {script: app/hello.py, files: [app]}\n"
	"    pip: requirements/hello.txt\n"
	"    env: {GREETING: hello}\n"
	"    ports:\n"
	"      service: {port: 8080, env: PORT}   # the program is told by $PORT\n"
	"    health: {http: /health, interval: 10s}\n"
	"    limits: {memory: 256MiB}\n";

static const char family_yaml[] =
	"# A family is a base image and the distributions that its services have in common.\n"
	"family: base\n"
	"# Packages from Debian's archive; or Debian or Alpine with Python 3, as oci:DIR:REF,\n"
	"# oci-archive:FILE, docker-archive:FILE or the name of an image in the store. The lock\n"
	"# holds its digest.\n"
	"from: @FROM@\n"
	"# pip: [uvicorn==0.30.6, ...]      # or a requirements file\n";

/* What nobody has to bring: the first lock and build work at once. */
static const char own_base[] =
	"{debian: {suite: bookworm, packages: [python3, tini, ca-certificates]}}";

static const char requirements_txt[] =
	"# What Hello needs beyond its family: every distribution pinned by ==, and complete.\n"
	"# starlette==0.38.2\n";

static const char hello_py[] =
	"\"\"\"A web service without dependencies: a greeting, and /health for its health "
	"check.\"\"\"\n"
	"import http.server\n"
	"import os\n"
	"import signal\n"
	"import sys\n"
	"\n"
	"GREETING = os.environ.get('GREETING', 'hello')\n"
	"\n"
	"\n"
	"class Handler(http.server.BaseHTTPRequestHandler):\n"
	"    def do_GET(self):\n"
	"        body = 'ok\\n' if self.path == '/health' else GREETING + '\\n'\n"
	"        self.send_response(200)\n"
	"        self.send_header('Content-Type', 'text/plain; charset=utf-8')\n"
	"        self.send_header('Content-Length', str(len(body.encode())))\n"
	"        self.end_headers()\n"
	"        self.wfile.write(body.encode())\n"
	"\n"
	"\n"
	"if __name__ == '__main__':\n"
	"    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))\n"
	"    port = int(os.environ.get('PORT', '8080'))\n"
	"    http.server.ThreadingHTTPServer(('', port), Handler).serve_forever()\n";

static const char containerignore[] = "# What never goes into an image.\n"
				      "**/__pycache__\n"
				      "**/*.pyc\n"
				      "**/.env\n";

static const char gitignore[] = "__pycache__/\n"
				"*.pyc\n"
				"/units/\n"
				"/wheels/\n";

const SmithInitFile smith_init_files[] = {
	{"fleet.yaml", fleet_yaml},
	{"families.d/base.yaml", family_yaml},
	{"requirements/hello.txt", requirements_txt},
	{"app/hello.py", hello_py},
	{".containerignore", containerignore},
	{".gitignore", gitignore},
	{0},
};

/* As people write it where YAML reads that as the same string, else as JSON's. */
static char *to_scalar(const char *text)
{
	g_autoptr(SmithNode) node = smith_node_read_yaml(text, strlen(text), "scalar", NULL);
	if (node != NULL && node->type == SMITH_NODE_STRING && strcmp(node->text, text) == 0)
		return g_strdup(text);
	GString *quoted = g_string_new(NULL);
	smith_json_append_string(quoted, text);
	return g_string_free(quoted, FALSE);
}

static bool replace(GString *text, const char *mark, const char *value)
{
	const char *at = strstr(text->str, mark);
	if (at == NULL)
		return false;
	gsize place = (gsize)(at - text->str);
	g_string_erase(text, (gssize)place, (gssize)strlen(mark));
	g_string_insert(text, (gssize)place, value);
	return true;
}

char *smith_init_text(const SmithInitFile *file, const char *name, const char *from)
{
	GString *text = g_string_new(file->text);
	g_autofree char *base = from != NULL ? to_scalar(from) : g_strdup(own_base);
	g_autofree char *scalar = to_scalar(name);
	/* a text has one of them; what takes its place is no text to look at again */
	if (!replace(text, "@FROM@", base))
		replace(text, "@NAME@", scalar);
	return g_string_free(text, FALSE);
}
