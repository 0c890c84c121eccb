/* SPDX-License-Identifier: Apache-2.0 */
#include "seccomp/profile-private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bind.h"

#define MAX_ERRNO 4095
#define RULE "seccomp-profile"

typedef struct {
	gint64 index;
	int op;
	SmithNode *value;
	SmithNode *value_two;
} Arg;

typedef struct {
	char **caps;
	char **arches;
} Condition;

typedef struct {
	SmithNode *errno_ret; /* not the first: place_offset 0 means none */
	SmithPlace place;
	char *name;
	char **names;
	int action;
	GPtrArray *args;
	char *comment;
	SmithNode *errno_name;
	Condition *includes;
	Condition *excludes;
} Entry;

typedef struct {
	SmithNode *default_action;
	SmithNode *default_errno_ret;
	SmithNode *default_errno;
	char *comment;
	char **include;
	char **architectures;
	SmithNode *arch_map;
	SmithNode *flags;
	SmithNode *listener_path;
	SmithNode *listener_metadata;
	GPtrArray *syscalls;
} Document;

/* Those that need a tracer or a listener are no profile's. */
static const char *const actions[] = {
	"SCMP_ACT_ALLOW",	"SCMP_ACT_ERRNO", "SCMP_ACT_KILL", "SCMP_ACT_KILL_PROCESS",
	"SCMP_ACT_KILL_THREAD", "SCMP_ACT_LOG",	  "SCMP_ACT_TRAP", NULL,
};

static const char *const ops[] = {
	"SCMP_CMP_EQ", "SCMP_CMP_GE", "SCMP_CMP_GT",	    "SCMP_CMP_LE",
	"SCMP_CMP_LT", "SCMP_CMP_NE", "SCMP_CMP_MASKED_EQ", NULL,
};

static const SmithBindField arg_fields[] = {
	SMITH_BIND(Arg, index, "index", INT, .min = 0, .max = SMITH_PROFILE_MAX_ARGS - 1,
		   .required = true),
	SMITH_BIND(Arg, value, "value", NODE, .required = true),
	SMITH_BIND(Arg, value_two, "valueTwo", NODE),
	SMITH_BIND(Arg, op, "op", ENUM, .names = ops, .required = true),
	{0},
};

static const SmithBindTable arg_table = {
	.what = "argument",
	.size = sizeof(Arg),
	.fields = arg_fields,
};

static const SmithBindField condition_fields[] = {
	SMITH_BIND(Condition, caps, "caps", STRV),
	SMITH_BIND(Condition, arches, "arches", STRV),
	{0},
};

static const SmithBindTable condition_table = {
	.what = "condition",
	.size = sizeof(Condition),
	.fields = condition_fields,
};

static const SmithBindField entry_fields[] = {
	SMITH_BIND(Entry, name, "name", STRING),
	SMITH_BIND(Entry, names, "names", STRV),
	SMITH_BIND(Entry, action, "action", ENUM, .names = actions, .required = true),
	SMITH_BIND(Entry, args, "args", LIST, .table = &arg_table),
	SMITH_BIND(Entry, comment, "comment", STRING),
	SMITH_BIND(Entry, errno_ret, "errnoRet", NODE),
	SMITH_BIND(Entry, errno_name, "errno", NODE),
	SMITH_BIND(Entry, includes, "includes", OBJECT, .table = &condition_table),
	SMITH_BIND(Entry, excludes, "excludes", OBJECT, .table = &condition_table),
	{0},
};

static const SmithBindTable entry_table = {
	.what = "rule",
	.size = sizeof(Entry),
	.fields = entry_fields,
	.place_offset = G_STRUCT_OFFSET(Entry, place),
};

static const SmithBindField document_fields[] = {
	SMITH_BIND(Document, comment, "comment", STRING),
	SMITH_BIND(Document, include, "include", STRV),
	SMITH_BIND(Document, default_action, "defaultAction", NODE),
	SMITH_BIND(Document, default_errno_ret, "defaultErrnoRet", NODE),
	SMITH_BIND(Document, default_errno, "defaultErrno", NODE),
	SMITH_BIND(Document, architectures, "architectures", STRV),
	SMITH_BIND(Document, arch_map, "archMap", NODE),
	SMITH_BIND(Document, flags, "flags", NODE),
	SMITH_BIND(Document, listener_path, "listenerPath", NODE),
	SMITH_BIND(Document, listener_metadata, "listenerMetadata", NODE),
	SMITH_BIND(Document, syscalls, "syscalls", LIST, .table = &entry_table),
	{0},
};

static const SmithBindTable document_table = {
	.what = "seccomp profile",
	.size = sizeof(Document),
	.fields = document_fields,
};

static void document_free(Document *document)
{
	smith_bind_free(&document_table, document);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Document, document_free)

/* -1 without either key; the name is of the machines that images are for, which all agree. */
static int read_errno(const SmithNode *number, const SmithNode *name, SmithDiag *diag)
{
	const SmithNode *said = name != NULL ? name : number;

	if (said == NULL)
		return -1;
	if (said->type == SMITH_NODE_INT && said->integer >= 0 && said->integer <= MAX_ERRNO &&
	    name == NULL)
		return (int)said->integer;
	for (int i = 1; name != NULL && name->type == SMITH_NODE_STRING && i < 134; i++)
		if (g_strcmp0(strerrorname_np(i), name->text) == 0)
			return i;
	smith_diag_add(diag, SMITH_SEVERITY_ERROR, said->place, RULE, "expected an error's %s",
		       name != NULL ? "name, like ENOSYS" : "number from 0 to 4095");
	return -1;
}

static guint64 read_value(const SmithNode *node, SmithDiag *diag)
{
	guint64 value = 0;

	if (node == NULL)
		return 0;
	/* beyond 63 bits the reader has a double, whose text is still the number */
	if ((node->type != SMITH_NODE_INT && node->type != SMITH_NODE_DOUBLE) ||
	    !g_ascii_string_to_unsigned(node->text, 10, 0, G_MAXUINT64, &value, NULL))
		smith_diag_add(diag, SMITH_SEVERITY_ERROR, node->place, RULE,
			       "expected a number from 0 to 18446744073709551615");
	return value;
}

static gpointer copy_arg(gconstpointer from, gpointer data G_GNUC_UNUSED)
{
	const SmithProfileArg *arg = from;
	SmithProfileArg *copy = g_new(SmithProfileArg, 1);

	*copy = *arg;
	copy->op = g_strdup(arg->op);
	return copy;
}

static void arg_free(gpointer data)
{
	SmithProfileArg *arg = data;

	g_free(arg->op);
	g_free(arg);
}

static GPtrArray *read_args(const GPtrArray *from, SmithDiag *diag)
{
	GPtrArray *args = g_ptr_array_new_with_free_func(arg_free);

	for (guint i = 0; from != NULL && i < from->len; i++) {
		const Arg *one = from->pdata[i];
		SmithProfileArg *arg = g_new0(SmithProfileArg, 1);

		arg->index = (guint)one->index;
		arg->op = g_strdup(ops[one->op]);
		arg->value = read_value(one->value, diag);
		arg->value_two = read_value(one->value_two, diag);
		g_ptr_array_add(args, arg);
	}
	return args;
}

static char **copy_sorted(char **names)
{
	char **copy;

	if (names == NULL || names[0] == NULL)
		return NULL;
	copy = g_strdupv(names);
	qsort(copy, g_strv_length(copy), sizeof *copy,
	      (int (*)(const void *, const void *))g_strcmp0);
	return copy;
}

static bool is_call_name(const char *name)
{
	gsize length = strlen(name);

	return length > 0 && length < 64 &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == length;
}

static void add_rule(SmithProfile *profile, const Entry *entry, const char *name, GPtrArray *args,
		     int error_number)
{
	SmithProfileRule rule = {
		.name = (char *)name,
		.action = (char *)actions[entry->action],
		.errno_ret = -1,
		.args = args,
		.reason = entry->comment != NULL && *entry->comment != '\0' ? entry->comment : NULL,
		.from = profile->name,
		.place = entry->place,
	};
	SmithProfileRule *copy;

	/* what a runtime takes when a rule does not say which error */
	if (strcmp(rule.action, SMITH_PROFILE_ERRNO) == 0)
		rule.errno_ret = error_number >= 0 ? error_number : EPERM;
	copy = smith_profile_rule_copy(&rule);
	if (entry->includes != NULL) {
		copy->arches = copy_sorted(entry->includes->arches);
		copy->caps = copy_sorted(entry->includes->caps);
	}
	if (entry->excludes != NULL) {
		copy->not_arches = copy_sorted(entry->excludes->arches);
		copy->not_caps = copy_sorted(entry->excludes->caps);
	}
	g_ptr_array_add(profile->rules, copy);
}

static void read_entry(SmithProfile *profile, const Entry *entry, SmithDiag *diag)
{
	g_autoptr(GPtrArray) args = read_args(entry->args, diag);
	int error_number = read_errno(entry->errno_ret, entry->errno_name, diag);
	const char *const one[] = {entry->name, NULL};
	const char *const *names = entry->names != NULL ? (const char *const *)entry->names : one;

	if ((entry->name != NULL) == (entry->names != NULL))
		smith_diag_add(diag, SMITH_SEVERITY_ERROR, entry->place, RULE,
			       "a rule has either 'names' or 'name'");
	if (args->len > SMITH_PROFILE_MAX_ARGS)
		smith_diag_add(diag, SMITH_SEVERITY_ERROR, entry->place, RULE,
			       "a rule has at most %d arguments, got %u", SMITH_PROFILE_MAX_ARGS,
			       args->len);
	for (guint i = 0; names[i] != NULL && profile->rules->len <= SMITH_PROFILE_MAX_RULES; i++) {
		if (is_call_name(names[i]))
			add_rule(profile, entry, names[i], args, error_number);
		else
			smith_diag_add(diag, SMITH_SEVERITY_ERROR, entry->place, RULE,
				       "'%s' is no name of a system call", names[i]);
	}
}

/* Only the machines that images are for are kept, each without its old ways in. */
static bool has_wide_archs(const Document *document)
{
	for (guint i = 0; i < smith_node_length(document->arch_map); i++) {
		const SmithNode *row = document->arch_map->type == SMITH_NODE_SEQ
					       ? document->arch_map->items->pdata[i]
					       : NULL;

		if (smith_node_length(smith_node_get(row, "subArchitectures")) > 0)
			return true;
	}
	for (guint i = 0; document->architectures != NULL && document->architectures[i] != NULL;
	     i++)
		if (strcmp(document->architectures[i], "SCMP_ARCH_X86_64") != 0 &&
		    strcmp(document->architectures[i], "SCMP_ARCH_AARCH64") != 0)
			return true;
	return false;
}

static void check_document(const Document *document, SmithDiag *diag)
{
	const SmithNode *const refused[] = {document->listener_path, document->listener_metadata};

	for (gsize i = 0; i < G_N_ELEMENTS(refused); i++)
		if (refused[i] != NULL)
			smith_diag_add(diag, SMITH_SEVERITY_ERROR, refused[i]->place, RULE,
				       "a listener for notifications is not supported");
	if (smith_node_length(document->flags) > 0)
		smith_diag_add(diag, SMITH_SEVERITY_ERROR, document->flags->place, RULE,
			       "flags of seccomp(2) are not supported");
	if (document->architectures != NULL && smith_node_length(document->arch_map) > 0)
		smith_diag_add(diag, SMITH_SEVERITY_ERROR, document->arch_map->place, RULE,
			       "a profile has either 'archMap' or 'architectures'");
}

static const char *read_action(const SmithNode *node, SmithDiag *diag)
{
	if (node->type == SMITH_NODE_STRING && g_strv_contains(actions, node->text))
		return node->text;
	smith_diag_add(diag, SMITH_SEVERITY_ERROR, node->place, RULE,
		       "'defaultAction' is no action of a profile, like SCMP_ACT_ERRNO");
	return SMITH_PROFILE_ERRNO;
}

static void fill(SmithProfile *profile, const Document *document, SmithDiag *diag)
{
	int error_number = read_errno(document->default_errno_ret, document->default_errno, diag);

	check_document(document, diag);
	if (document->default_action != NULL)
		profile->default_action = g_strdup(read_action(document->default_action, diag));
	if (g_strcmp0(profile->default_action, SMITH_PROFILE_ERRNO) == 0)
		profile->default_errno = error_number >= 0 ? error_number : EPERM;
	profile->wide_archs = has_wide_archs(document);
	profile->includes =
		document->include != NULL ? g_strdupv(document->include) : g_new0(char *, 1);
	for (guint i = 0; document->syscalls != NULL && i < document->syscalls->len; i++)
		read_entry(profile, document->syscalls->pdata[i], diag);
}

SmithProfile *smith_profile_read_into(const char *name, const char *file, const char *text,
				      gsize length, SmithDiag *diag, GError **error)
{
	g_autoptr(SmithProfile) profile = smith_profile_new(name);
	g_autoptr(SmithNode) node = NULL;
	g_autoptr(Document) document = NULL;

	if (length > SMITH_PROFILE_MAX_BYTES)
		return smith_throw_null(error, SMITH_ERROR_LIMIT,
					"%s: a seccomp profile has at most %d bytes", file,
					SMITH_PROFILE_MAX_BYTES);
	node = smith_node_read_json(text, length, file, error);
	if (node == NULL)
		return NULL;
	profile->place = node->place;
	document = smith_bind_read(&document_table, node, diag);
	fill(profile, document, diag);
	if (profile->rules->len > SMITH_PROFILE_MAX_RULES)
		return smith_throw_null(error, SMITH_ERROR_LIMIT,
					"%s: a seccomp profile has at most %d rules", file,
					SMITH_PROFILE_MAX_RULES);
	return g_steal_pointer(&profile);
}

SmithProfile *smith_profile_read(const char *name, const char *file, const char *text, gsize length,
				 GError **error)
{
	g_autoptr(SmithDiag) diag = smith_diag_new();
	g_autoptr(SmithProfile) profile =
		smith_profile_read_into(name, file, text, length, diag, error);

	smith_diag_sort(diag);
	if (profile == NULL || !smith_diag_throw(diag, SMITH_ERROR_INVALID, error))
		return NULL;
	return g_steal_pointer(&profile);
}

SmithProfileRule *smith_profile_rule_copy(const SmithProfileRule *rule)
{
	SmithProfileRule *copy = g_new(SmithProfileRule, 1);

	*copy = *rule;
	copy->name = g_strdup(rule->name);
	copy->action = g_strdup(rule->action);
	copy->args = g_ptr_array_copy(rule->args, copy_arg, NULL);
	copy->reason = g_strdup(rule->reason);
	copy->from = g_strdup(rule->from);
	copy->arches = g_strdupv(rule->arches);
	copy->not_arches = g_strdupv(rule->not_arches);
	copy->caps = g_strdupv(rule->caps);
	copy->not_caps = g_strdupv(rule->not_caps);
	return copy;
}
