/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/error.h"
#include "base/fd.h"
#include "cmd/commands.h"
#include "cmd/findings.h"
#include "cmd/output.h"
#include "fleet/load.h"
#include "seccomp/filter.h"
#include "seccomp/profile-diff.h"
#include "seccomp/profile-lint.h"
#include "seccomp/profile.h"
#include "seccomp/simulate.h"

#ifdef __aarch64__
#define OWN_ARCH "arm64"
#else
#define OWN_ARCH "amd64"
#endif

/* The fleet's directory, or -1: the commands also serve without one. *@path is for findings. */
static int open_fleet(char **path)
{
	g_autofree char *directory = smith_fleet_find(".", NULL);
	int fd = directory != NULL ? smith_fd_open_dir(AT_FDCWD, directory, NULL) : -1;

	if (path != NULL)
		*path = g_steal_pointer(&directory);
	return fd;
}

static SmithProfile *load(const char *name, GError **error)
{
	smith_autofd int dirfd = open_fleet(NULL);

	return smith_profile_load(dirfd, name, error);
}

/* Calls of which it says anything. */
static guint count_calls(const SmithProfile *profile)
{
	guint n = 0;

	for (guint i = 0; i < profile->rules->len; i++) {
		const SmithProfileRule *rule = profile->rules->pdata[i];
		const SmithProfileRule *before = i > 0 ? profile->rules->pdata[i - 1] : NULL;

		n += before == NULL || strcmp(before->name, rule->name) != 0;
	}
	return n;
}

static void add_listed(const SmithInvocation *inv, const SmithProfile *profile, SmithTable *table,
		       SmithNode *list)
{
	g_autofree char *calls = g_strdup_printf("%u", count_calls(profile));
	g_autofree char *includes = g_strjoinv(", ", profile->includes);
	const char *from = profile->of_fleet ? "the fleet" : "ocismith";

	smith_table_add(table, profile->name, from, calls, includes);
	if (inv->format == SMITH_FORMAT_JSON) {
		SmithNode *map = smith_node_new(SMITH_NODE_MAP);
		SmithNode *names = smith_node_new(SMITH_NODE_SEQ);

		for (guint i = 0; profile->includes[i] != NULL; i++)
			smith_node_append(names, smith_node_new_string(profile->includes[i]));
		smith_node_set(map, "name", smith_node_new_string(profile->name));
		smith_node_set(map, "fleet", smith_node_new_bool(profile->of_fleet));
		smith_node_set(map, "calls", smith_node_new_int(count_calls(profile)));
		smith_node_set(map, "includes", names);
		smith_node_append(list, map);
	}
}

gboolean smith_cmd_seccomp_list(SmithInvocation *inv, GError **error)
{
	static const char *const headings[] = {"NAME", "OF", ">CALLS", "INCLUDES", NULL};
	smith_autofd int dirfd = open_fleet(NULL);
	g_auto(GStrv) names = smith_profile_list(dirfd);
	g_autoptr(SmithTable) table = smith_table_new(headings);
	g_autoptr(SmithNode) list = smith_node_new(SMITH_NODE_SEQ);

	for (guint i = 0; names[i] != NULL; i++) {
		g_autoptr(SmithProfile) profile = smith_profile_load(dirfd, names[i], error);

		if (profile == NULL)
			return FALSE;
		add_listed(inv, profile, table, list);
	}
	if (inv->format == SMITH_FORMAT_JSON)
		smith_print_json(list);
	else
		smith_table_print(table);
	return TRUE;
}

gboolean smith_cmd_seccomp_show(SmithInvocation *inv, GError **error)
{
	g_autoptr(SmithProfile) profile = load(inv->operands[0], error);
	g_autofree char *text = NULL;

	if (profile == NULL)
		return FALSE;
	text = smith_profile_write(profile, NULL);
	smith_print("%s", text);
	return TRUE;
}

static void explain_rule(const SmithInvocation *inv, const SmithProfileRule *rule,
			 SmithTable *table, SmithNode *list)
{
	g_autofree char *what = smith_profile_rule_text(rule);
	SmithNode *map;

	smith_table_add(table, rule->name, what, rule->from, rule->reason);
	if (inv->format != SMITH_FORMAT_JSON)
		return;
	map = smith_node_new(SMITH_NODE_MAP);
	smith_node_set(map, "call", smith_node_new_string(rule->name));
	smith_node_set(map, "action", smith_node_new_string(what));
	smith_node_set(map, "profile", smith_node_new_string(rule->from));
	if (rule->reason != NULL)
		smith_node_set(map, "reason", smith_node_new_string(rule->reason));
	smith_node_append(list, map);
}

static gboolean check_call(const char *call, GError **error)
{
	const char *nearest = smith_nearest(call, smith_filter_names());

	if (smith_filter_number("amd64", call, NULL) != SMITH_FILTER_UNKNOWN)
		return TRUE;
	if (nearest != NULL)
		return smith_throw(error, SMITH_ERROR_USAGE,
				   "'%s' is no system call (did you mean '%s'?)", call, nearest);
	return smith_throw(error, SMITH_ERROR_USAGE, "'%s' is no system call", call);
}

/* Of a call that no rule is about: what the default is, and why it may be so. */
static gboolean explain_default(const SmithInvocation *inv, const SmithProfile *profile,
				const char *call, SmithTable *table, SmithNode *list,
				GError **error)
{
	const char *danger = smith_profile_danger(call);
	SmithProfileRule rule = {.name = (char *)call,
				 .action = profile->default_action,
				 .errno_ret = profile->default_errno,
				 .args = g_ptr_array_new(),
				 .from = profile->name,
				 .reason = (char *)(danger != NULL ? danger : "the default")};

	if (!check_call(call, error)) {
		g_ptr_array_unref(rule.args);
		return FALSE;
	}
	explain_rule(inv, &rule, table, list);
	g_ptr_array_unref(rule.args);
	return TRUE;
}

gboolean smith_cmd_seccomp_explain(SmithInvocation *inv, GError **error)
{
	static const char *const headings[] = {"CALL", "ANSWER", "SAID BY", "REASON", NULL};
	g_autoptr(SmithProfile) profile = load(inv->operands[0], error);
	g_autoptr(SmithTable) table = smith_table_new(headings);
	g_autoptr(SmithNode) list = smith_node_new(SMITH_NODE_SEQ);
	const char *call = inv->n_operands > 1 ? inv->operands[1] : NULL;
	bool found = false;

	if (profile == NULL)
		return FALSE;
	for (guint i = 0; i < profile->rules->len; i++) {
		const SmithProfileRule *rule = profile->rules->pdata[i];

		if (call != NULL && strcmp(rule->name, call) != 0)
			continue;
		explain_rule(inv, rule, table, list);
		found = true;
	}
	if (call != NULL && !found && !explain_default(inv, profile, call, table, list, error))
		return FALSE;
	if (inv->format == SMITH_FORMAT_JSON)
		smith_print_json(list);
	else
		smith_table_print(table);
	return TRUE;
}

static void print_change(const SmithInvocation *inv, const SmithProfileChange *change,
			 SmithNode *list)
{
	SmithNode *map;

	if (inv->format != SMITH_FORMAT_JSON) {
		if (change->before != NULL)
			smith_print("- %s: %s\n", change->name, change->before);
		if (change->after != NULL)
			smith_print("+ %s: %s\n", change->name, change->after);
		return;
	}
	map = smith_node_new(SMITH_NODE_MAP);
	smith_node_set(map, "call", smith_node_new_string(change->name));
	if (change->before != NULL)
		smith_node_set(map, "before", smith_node_new_string(change->before));
	if (change->after != NULL)
		smith_node_set(map, "after", smith_node_new_string(change->after));
	smith_node_append(list, map);
}

gboolean smith_cmd_seccomp_diff(SmithInvocation *inv, GError **error)
{
	g_autoptr(SmithProfile) before = load(inv->operands[0], error);
	g_autoptr(SmithProfile) after = before != NULL ? load(inv->operands[1], error) : NULL;
	g_autoptr(SmithNode) list = smith_node_new(SMITH_NODE_SEQ);
	g_autoptr(GPtrArray) changes = NULL;

	if (after == NULL)
		return FALSE;
	changes = smith_profile_diff(before, after);
	for (guint i = 0; i < changes->len; i++)
		print_change(inv, changes->pdata[i], list);
	if (inv->format == SMITH_FORMAT_JSON)
		smith_print_json(list);
	return TRUE;
}

gboolean smith_cmd_seccomp_lint(SmithInvocation *inv, GError **error)
{
	g_autofree char *directory = NULL;
	smith_autofd int dirfd = open_fleet(&directory);
	g_auto(GStrv) all = smith_profile_list(dirfd);
	const char *const *names = inv->n_operands > 0 ? inv->operands : (const char *const *)all;
	g_autoptr(SmithDiag) diag = smith_diag_new();

	for (guint i = 0; names[i] != NULL; i++) {
		g_autoptr(SmithProfile) profile = smith_profile_load(dirfd, names[i], error);

		if (profile == NULL)
			return FALSE;
		if (profile->of_fleet || inv->n_operands > 0)
			smith_profile_lint(profile, diag);
	}
	smith_diag_sort(diag);
	smith_findings_print(&(SmithFindings){.diag = diag, .directory = directory}, inv->format);
	if (diag->warnings + diag->errors > 0)
		return smith_throw(error, SMITH_ERROR_FINDINGS, "%u finding%s in seccomp profiles",
				   diag->warnings + diag->errors,
				   diag->warnings + diag->errors == 1 ? "" : "s");
	return TRUE;
}

static gboolean read_number(const char *text, guint64 *value, GError **error)
{
	bool hex = g_str_has_prefix(text, "0x");

	if (g_ascii_string_to_unsigned(hex ? text + 2 : text, hex ? 16 : 10, 0, G_MAXUINT64, value,
				       NULL))
		return TRUE;
	return smith_throw(error, SMITH_ERROR_USAGE,
			   "'%s' is no argument of a system call: expected a number, 0x for hex",
			   text);
}

/* A call by name or by number. */
static gboolean read_call(const char *arch, const char *text, int *number, GError **error)
{
	guint64 value;

	if (g_ascii_string_to_unsigned(text, 10, 0, G_MAXINT32, &value, NULL)) {
		*number = (int)value;
		return TRUE;
	}
	if (!check_call(text, error))
		return FALSE;
	*number = smith_filter_number(arch, text, NULL);
	if (*number == SMITH_FILTER_ABSENT)
		return smith_throw(error, SMITH_ERROR_USAGE, "'%s' is no system call of %s", text,
				   arch);
	return *number >= 0;
}

gboolean smith_cmd_seccomp_simulate(SmithInvocation *inv, GError **error)
{
	static const char *const names[] = {"amd64", "arm64"};
	int chosen = smith_options_enum(inv->options, "arch", -1);
	const char *arch = chosen >= 0 ? names[chosen] : OWN_ARCH;
	g_autoptr(SmithProfile) profile = load(inv->operands[0], error);
	guint64 arguments[SMITH_SIMULATE_ARGUMENTS] = {0};
	g_autoptr(GBytes) program = NULL;
	g_autofree char *text = NULL;
	guint32 verdict = 0;
	int number = 0;

	if (profile == NULL || !read_call(arch, inv->operands[1], &number, error))
		return FALSE;
	for (guint i = 2; i < inv->n_operands; i++)
		if (!read_number(inv->operands[i], &arguments[i - 2], error))
			return FALSE;
	program = smith_profile_compile(profile, arch, error);
	if (program == NULL || !smith_simulate(program, smith_filter_audit_arch(arch), number,
					       arguments, &verdict, error))
		return FALSE;
	text = smith_simulate_verdict(verdict);
	if (inv->format == SMITH_FORMAT_JSON) {
		g_autoptr(SmithNode) map = smith_node_new(SMITH_NODE_MAP);

		smith_node_set(map, "arch", smith_node_new_string(arch));
		smith_node_set(map, "number", smith_node_new_int(number));
		smith_node_set(map, "verdict", smith_node_new_string(text));
		smith_print_json(map);
		return TRUE;
	}
	smith_print("%s\n", text);
	return TRUE;
}
