/* SPDX-License-Identifier: Apache-2.0 */
#include "lint/allow.h"

#include <string.h>

#include "base/epoch.h"
#include "base/error.h"
#include "lint/rule.h"

#define DATE_LENGTH 10

typedef struct {
	const SmithAllow *allow; /* of the fleet, or NULL */
	bool used;
} Entry;

typedef struct {
	GHashTable *entries; /* "RULE" or "RULE\nSUBJECT" -> Entry* */
	char *today;
	const SmithAllowOptions *options;
	SmithDiag *diag;
} Allowance;

static void allowed_free(gpointer data)
{
	SmithAllowed *allowed = data;
	g_free(allowed->finding->subject);
	g_free(allowed->finding->text);
	g_free(allowed->finding);
	g_free(allowed->reason);
	g_free(allowed);
}

static char *suggest(const char *rule)
{
	const char *nearest = smith_rule_suggest(rule);
	return nearest != NULL ? g_strdup_printf(" (did you mean '%s'?)", nearest) : g_strdup("");
}

static void add_entry(Allowance *allowance, const char *rule, const char *subject,
		      const SmithAllow *allow)
{
	char *key = subject != NULL ? g_strconcat(rule, "\n", subject, NULL) : g_strdup(rule);
	Entry *entry = g_new0(Entry, 1);
	entry->allow = allow;
	g_hash_table_replace(allowance->entries, key, entry);
}

static gboolean add_pattern(Allowance *allowance, const char *pattern, GError **error)
{
	gsize length = strcspn(pattern, ":");
	g_autofree char *rule = g_strndup(pattern, length);
	g_autofree char *hint = suggest(rule);
	const SmithRule *row = smith_rule_find(rule);
	if (row == NULL)
		return smith_throw(error, SMITH_ERROR_USAGE, "no rule '%s' to allow%s", rule, hint);
	if (smith_rule_is_firm(row->id) && allowance->options->fleet != NULL)
		return smith_throw(error, SMITH_ERROR_USAGE,
				   "rule '%s' cannot be allowed: nothing can be built then", rule);
	add_entry(allowance, rule, pattern[length] != '\0' ? pattern + length + 1 : NULL, NULL);
	return TRUE;
}

static bool is_date(const char *text)
{
	if (!g_regex_match_simple("^[0-9]{4}-[0-9]{2}-[0-9]{2}$", text, G_REGEX_DOLLAR_ENDONLY, 0))
		return false;
	GDateMonth month = (GDateMonth)g_ascii_strtoull(text + 5, NULL, 10);
	return g_date_valid_dmy((GDateDay)g_ascii_strtoull(text + 8, NULL, 10), month,
				(GDateYear)g_ascii_strtoull(text, NULL, 10));
}

/* Years of four digits compare as texts. */
static void add_allow(Allowance *allowance, const SmithAllow *allow)
{
	SmithDiag *diag = allowance->diag;
	if (allow->rule == NULL)
		return;
	const SmithRule *row = smith_rule_find(allow->rule);
	if (row == NULL) {
		g_autofree char *hint = suggest(allow->rule);
		smith_lint_report(diag, "allow-invalid", allow->place, allow->rule,
				  "no rule '%s' to allow%s", allow->rule, hint);
	} else if (smith_rule_is_firm(row->id)) {
		smith_lint_report(diag, "allow-invalid", allow->place, allow->rule,
				  "rule '%s' cannot be allowed: nothing can be built then",
				  allow->rule);
	} else if (allow->until != NULL && !is_date(allow->until)) {
		smith_lint_report(diag, "allow-invalid", allow->place, allow->rule,
				  "'%s' in 'until' is no day (like '2027-01-31')", allow->until);
	} else if (allow->until != NULL && strcmp(allow->until, allowance->today) < 0) {
		smith_lint_report(diag, "allow-expired", allow->place, allow->rule,
				  "rule '%s' was allowed until %s: %s", allow->rule, allow->until,
				  allow->reason != NULL ? allow->reason : "no reason");
	} else {
		add_entry(allowance, allow->rule, allow->subject, allow);
	}
}

/* The entry for the rule and the longest beginning of the subject, or for the rule alone. */
static Entry *find_entry(const Allowance *allowance, const SmithFinding *finding)
{
	if (finding->subject == NULL)
		return g_hash_table_lookup(allowance->entries, finding->rule);
	gsize rule = strlen(finding->rule) + 1;
	g_autofree char *key = g_strconcat(finding->rule, "\n", finding->subject, NULL);
	for (gsize end = strlen(key); end >= rule; end--) {
		if (key[end] != '\0' && key[end] != ':' && key[end] != '.')
			continue;
		key[end] = '\0';
		Entry *entry = g_hash_table_lookup(allowance->entries, key);
		if (entry != NULL)
			return entry;
	}
	return g_hash_table_lookup(allowance->entries, finding->rule);
}

static SmithAllowed *take(SmithFinding *finding, Entry *entry, SmithDiag *diag)
{
	SmithAllowed *allowed = g_new0(SmithAllowed, 1);
	allowed->finding = finding;
	allowed->reason = entry->allow != NULL ? g_strdup(entry->allow->reason) : NULL;
	entry->used = true;
	if (finding->severity == SMITH_SEVERITY_ERROR)
		diag->errors--;
	else if (finding->severity == SMITH_SEVERITY_WARNING)
		diag->warnings--;
	return allowed;
}

/* The array owns its elements: what is taken is stolen from it. */
static GPtrArray *take_all(Allowance *allowance)
{
	SmithDiag *diag = allowance->diag;
	GPtrArray *taken = g_ptr_array_new_with_free_func(allowed_free);
	gsize count = 0;
	g_autofree SmithFinding **all = (SmithFinding **)g_ptr_array_steal(diag->findings, &count);
	for (gsize i = 0; i < count; i++) {
		Entry *entry = find_entry(allowance, all[i]);
		if (entry != NULL)
			g_ptr_array_add(taken, take(all[i], entry, diag));
		else
			g_ptr_array_add(diag->findings, all[i]);
	}
	return taken;
}

static void tell_unused(const Allowance *allowance)
{
	const GPtrArray *all = allowance->options->fleet->allow;
	for (guint i = 0; i < all->len; i++) {
		const SmithAllow *allow = all->pdata[i];
		g_autofree char *key = allow->subject != NULL ? g_strconcat(allow->rule, "\n",
									    allow->subject, NULL)
							      : g_strdup(allow->rule);
		const Entry *entry =
			key != NULL ? g_hash_table_lookup(allowance->entries, key) : NULL;
		if (entry != NULL && !entry->used && entry->allow == allow)
			smith_lint_report(allowance->diag, "allow-unused", allow->place,
					  allow->rule,
					  "nothing is to be allowed of rule '%s'%s%s%s",
					  allow->rule, allow->subject != NULL ? " for '" : "",
					  allow->subject != NULL ? allow->subject : "",
					  allow->subject != NULL ? "'" : "");
	}
}

GPtrArray *smith_allow_apply(const SmithAllowOptions *options, SmithDiag *diag, GError **error)
{
	g_autoptr(GHashTable) entries =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	g_autofree char *today = smith_epoch_format(options->now);
	today[DATE_LENGTH] = '\0';
	Allowance allowance = {entries, today, options, diag};
	for (guint i = 0; options->fleet != NULL && i < options->fleet->allow->len; i++)
		add_allow(&allowance, options->fleet->allow->pdata[i]);
	for (const char *const *pattern = options->patterns; pattern != NULL && *pattern != NULL;
	     pattern++)
		if (!add_pattern(&allowance, *pattern, error))
			return NULL;
	smith_diag_sort(diag);
	g_autoptr(GPtrArray) taken = take_all(&allowance);
	if (options->fleet != NULL && !options->partial)
		tell_unused(&allowance);
	smith_diag_sort(diag);
	return g_steal_pointer(&taken);
}
