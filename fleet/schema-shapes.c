/* SPDX-License-Identifier: Apache-2.0 */
#include "fleet/schema.h"

#include <string.h>

#include "base/error.h"

/* In YAML, for it has few quotes. `said` is a value that counts. */
static const char shapes[] =
	"said: {not: {enum: [null, false]}}\n"
	"from:\n"
	"  anyOf:\n"
	"  - {type: string}\n"
	"  - type: object\n"
	"    properties: {debian: {$ref: '#/$defs/debian'}}\n"
	"    required: [debian]\n"
	"    additionalProperties: false\n"
	"apt:\n"
	"  anyOf:\n"
	"  - {type: [string, array], items: {type: string}}\n"
	"  - {$ref: '#/$defs/debs'}\n"
	"pip:\n"
	"  anyOf:\n"
	"  - {type: [string, array], items: {type: string}}\n"
	"  - type: object\n"
	"    properties:\n"
	"      requirements: {type: [string, array], items: {type: string}}\n"
	"      override: {type: [string, array, 'null'], items: {type: string}}\n"
	"      builder: {type: [string, 'null']}\n"
	"      indexes:\n"
	"        type: [array, 'null']\n"
	"        items:\n"
	"          type: object\n"
	"          properties:\n"
	"            url: {$ref: '#/$defs/indexUrl'}\n"
	"            names: {$ref: '#/$defs/indexNames'}\n"
	"          required: [url]\n"
	"          additionalProperties: false\n"
	"    required: [requirements]\n"
	"    additionalProperties: false\n"
	"indexUrl: {type: string, pattern: '^(https?://|file:///)'}\n"
	"indexNames:\n"
	"  type: [string, array, 'null']\n"
	"  minItems: 1\n"
	"  pattern: '^[A-Za-z0-9_.*?-]+$'\n"
	"  items: {type: string, pattern: '^[A-Za-z0-9_.*?-]+$'}\n"
	"bytecode: {enum: [none, unchecked-hash]}\n"
	"installer: {enum: [wheels, pip]}\n"
	"stepName: {type: string, pattern: '^[A-Za-z0-9._-]+$'}\n"
	"command: {type: array, minItems: 1, items: {type: string}}\n"
	"inputPath: {type: string, pattern: '^(?!/)(?!(.*/)?\\.\\.(/|$)).+$'}\n"
	"inputs:\n"
	"  anyOf: [{$ref: '#/$defs/inputPath'}, {type: array, items: {$ref: "
	"'#/$defs/inputPath'}}]\n"
	"outputPath:\n"
	"  type: string\n"
	"  pattern: '^/(?!(.*/)?\\.\\.(/|$))(?!(\\.?/)*\\.?$)"
	"(?!(\\.?/)*(proc|sys|dev|run|tmp)(/|$))'\n"
	"outputs:\n"
	"  anyOf:\n"
	"  - {$ref: '#/$defs/outputPath'}\n"
	"  - {type: array, minItems: 1, items: {$ref: '#/$defs/outputPath'}}\n"
	"duration:\n"
	"  anyOf:\n"
	"  - {type: integer, minimum: 1, maximum: 86400}\n"
	"  - type: string\n"
	"    pattern: '^(?=.*[1-9])([0-9]+|([0-9]+(ns|us|ms|s|m|h))+)$'\n"
	"durationOrZero:\n"
	"  anyOf:\n"
	"  - {type: integer, minimum: 0, maximum: 86400}\n"
	"  - {type: string, pattern: '^([0-9]+|([0-9]+(ns|us|ms|s|m|h))+)$'}\n"
	"bytes:\n"
	"  anyOf:\n"
	"  - {type: number, minimum: 1, maximum: 1125899906842624}\n"
	"  - type: string\n"
	"    pattern: '^(?=.*[1-9])[0-9]{1,15}(\\.[0-9]*)? *([bB]|[kKmMgGtT]([iI]?[bB])?)?$'\n"
	"processors:\n"
	"  anyOf:\n"
	"  - {type: number, minimum: 0, exclusiveMaximum: 10000}\n"
	"  - {type: string, pattern: '^[0-9]{1,4}(\\.[0-9]{1,3})?$'}\n"
	"portNumber:\n"
	"  anyOf:\n"
	"  - {type: integer, minimum: 1, maximum: 65535}\n"
	"  - type: string\n"
	"    pattern: '\\$\\{[A-Za-z0-9_.-]+(:-[^}]*)?\\}|"
	"^[ \\t]*[0-9]+([ \\t]*[-+][ \\t]*[0-9]+)*[ \\t]*$'\n"
	"ports:\n"
	"  type: object\n"
	"  additionalProperties:\n"
	"    anyOf: [{$ref: '#/$defs/portNumber'}, {$ref: '#/$defs/port'}]\n"
	"implicitPorts:\n"
	"  type: object\n"
	"  additionalProperties:\n"
	"    {type: string, pattern: '^[^-+ ]+([ \\t]*[-+][ \\t]*[0-9]+)*[ \\t]*$'}\n"
	"needs:\n"
	"  anyOf:\n"
	"  - {type: string}\n"
	"  - {$ref: '#/$defs/need'}\n"
	"  - {type: array, items: {anyOf: [{type: string}, {$ref: '#/$defs/need'}]}}\n"
	"condition:\n"
	"  anyOf:\n"
	"  - {type: boolean}\n"
	"  - type: string\n"
	"    pattern: '\\$\\{[A-Za-z0-9_.-]+(:-[^}]*)?\\}|==|!=|"
	"^\\s*(true|false|''(true|false)''|\"(true|false)\")\\s*$'\n"
	"conditionOrMap:\n"
	"  anyOf:\n"
	"  - {$ref: '#/$defs/condition'}\n"
	"  - {type: object, additionalProperties: {type: [string, number, boolean]}}\n"
	"zmqRequest: {type: [boolean, string, object]}\n"
	"classes:\n"
	"  type: object\n"
	"  additionalProperties: {anyOf: [{$ref: '#/$defs/class'}, {type: 'null'}]}\n"
	"onHosts: {type: object, additionalProperties: {$ref: '#/$defs/onHost'}}\n";

/* Of containers. */
static const char container_shapes[] =
	"processes:\n"
	"  anyOf:\n"
	"  - {type: integer, minimum: 1, maximum: 4194304}\n"
	"  - {type: string, pattern: '^([0-9]{1,7}|unlimited)$'}\n"
	"optionalDevices:\n"
	"  anyOf:\n"
	"  - {type: string}\n"
	"  - {type: array, items: {type: string}}\n"
	"  - type: object\n"
	"    additionalProperties:\n"
	"      type: [object, 'null']\n"
	"      properties:\n"
	"        without:\n"
	"          type: [object, 'null']\n"
	"          additionalProperties: {type: [string, number, boolean, 'null']}\n"
	"      additionalProperties: false\n"
	"reason: {type: [string, number, boolean, 'null']}\n"
	"loosen:\n"
	"  type: object\n"
	"  properties:\n"
	"    capabilities: {$ref: '#/$defs/reason'}\n"
	"    new_privileges: {$ref: '#/$defs/reason'}\n"
	"    pids: {$ref: '#/$defs/reason'}\n"
	"    read_only: {$ref: '#/$defs/reason'}\n"
	"    seccomp: {$ref: '#/$defs/reason'}\n"
	"    user: {$ref: '#/$defs/reason'}\n"
	"  additionalProperties: {type: 'null'}\n"
	"groupNetworks:\n"
	"  anyOf:\n"
	"  - {type: string}\n"
	"  - {$ref: '#/$defs/groupNetwork'}\n"
	"  - {type: array, items: {anyOf: [{type: string}, {$ref: '#/$defs/groupNetwork'}]}}\n"
	"hostname:\n"
	"  type: string\n"
	"  maxLength: 64\n"
	"  pattern: '^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
	"(\\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*$'\n";

static const struct {
	const char *what;
	const char *key;
	const char *shape;
} places[] = {
	{"family", "apt", "apt"},
	{"family", "bytecode", "bytecode"},
	{"family", "from", "from"},
	{"family", "installer", "installer"},
	{"family", "pip", "pip"},
	{"fleet", "bytecode", "bytecode"},
	{"fleet", "classes", "classes"},
	{"group", "hostname", "hostname"},
	{"group", "networks", "groupNetworks"},
	{"group", "pip", "pip"},
	{"group", "supervisor", "app"},
	{"health", "interval", "duration"},
	{"health", "start_period", "durationOrZero"},
	{"health", "timeout", "duration"},
	{"health", "zmq", "zmqRequest"},
	{"index", "names", "indexNames"},
	{"index", "url", "indexUrl"},
	{"limits", "cpus", "processors"},
	{"limits", "memory", "bytes"},
	{"limits", "pids", "processes"},
	{"limits", "shm", "bytes"},
	{"need", "timeout", "duration"},
	{"port", "port", "portNumber"},
	{"service", "app", "app"},
	{"service", "health", "health"},
	{"service", "hosts", "onHosts"},
	{"service", "implicit_ports", "implicitPorts"},
	{"service", "installer", "installer"},
	{"service", "limits", "limits"},
	{"service", "loosen", "loosen"},
	{"service", "needs", "needs"},
	{"service", "optional_devices", "optionalDevices"},
	{"service", "pip", "pip"},
	{"service", "ports", "ports"},
	{"service", "required", "condition"},
	{"service", "stop_timeout", "durationOrZero"},
	{"run", "command", "command"},
	{"run", "inputs", "inputs"},
	{"run", "name", "stepName"},
	{"run", "outputs", "outputs"},
	{"service", "when", "conditionOrMap"},
	{"size", "max", "bytes"},
	{"step_limits", "disk", "bytes"},
	{"step_limits", "memory", "bytes"},
	{"step_limits", "output", "bytes"},
	{"step_limits", "time", "duration"},
};

#define SAID(key_) "{required: [" key_ "], properties: {" key_ ": {$ref: '#/$defs/said'}}}"

static const struct {
	const char *what;
	const char *rules;
} relations[] = {
	{"app",
	 "oneOf: [" SAID("script") ", " SAID("module") ", " SAID("asgi") ", " SAID("exec") "]\n"},
	{"health", "oneOf: [" SAID("http") ", " SAID("tcp") ", " SAID("zmq") ", " SAID(
			   "grpc") ", " SAID("exec") "]\n"},
	{"service",
	 "allOf:\n"
	 "- not: {allOf: [" SAID("family") ", " SAID(
		 "image") "]}\n"
			  "- anyOf: [" SAID("class") ", " SAID("image") ", {allOf: [" SAID(
				  "family") ", " SAID("app") "]}]\n"},
	{"run", "oneOf: [" SAID("command") ", " SAID("script") "]\n"},
	{"group",
	 "if: {required: [mode], properties: {mode: {const: supervised}}}\n"
	 "then: {allOf: [" SAID("family") ", " SAID(
		 "supervisor") "]}\n"
			       "else: {properties: {family: {type: 'null'}, pip: {type: 'null'}, "
			       "supervisor: {type: 'null'}}}\n"},
};

static SmithNode *parse(const char *text)
{
	g_autoptr(GError) error = NULL;
	SmithNode *node = smith_node_read_yaml(text, strlen(text), "schema", &error);
	g_assert_no_error(error);
	return node;
}

SmithNode *smith_schema_shapes(void)
{
	SmithNode *all = parse(shapes);
	g_autoptr(SmithNode) more = parse(container_shapes);
	for (guint i = 0; i < more->members->len; i++) {
		const SmithNodeMember *member = more->members->pdata[i];
		smith_node_set(all, member->key, smith_node_copy(member->value));
	}
	return all;
}

const char *smith_schema_shape_of(const char *what, const char *key)
{
	for (guint i = 0; i < G_N_ELEMENTS(places); i++)
		if (strcmp(places[i].what, what) == 0 && strcmp(places[i].key, key) == 0)
			return places[i].shape;
	return NULL;
}

SmithNode *smith_schema_rules_of(const char *what)
{
	for (guint i = 0; i < G_N_ELEMENTS(relations); i++)
		if (strcmp(relations[i].what, what) == 0)
			return parse(relations[i].rules);
	return NULL;
}
