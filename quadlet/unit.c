/* SPDX-License-Identifier: Apache-2.0 */
#include "quadlet/unit.h"

#include <stdarg.h>
#include <string.h>

#include "base/error.h"
#include "quadlet/keys.h"
#include "quadlet/quote.h"

#define COMMAND (SMITH_QUOTE_PERCENT | SMITH_QUOTE_DOLLAR)
#define MARKER "\001" /* where a specifier goes */
#define MARKER_QUOTED "\\x01"
#define HEALTHY_KEY 500	   /* Notify=healthy: before, it silently is "no" */
#define HEALTHY_OPTION 407 /* --sdnotify=healthy */
#define NAMES_OF_USERS 408 /* before, a name silently is root */

typedef struct {
	char *name;
	GString *lines;
} Section;

struct SmithUnit {
	int podman;
	char *subject;
	GString *head;
	GPtrArray *sections; /* (element-type Section*) */
	GString *options;    /* before quadlets: words, each with a blank before it */
	GString *exec;
	guint variables;
	GError *error;
};

static void section_free(gpointer data)
{
	Section *section = data;
	g_free(section->name);
	g_string_free(section->lines, TRUE);
	g_free(section);
}

SmithUnit *smith_unit_new(int podman, const char *subject)
{
	SmithUnit *unit = g_new0(SmithUnit, 1);
	unit->podman = podman;
	unit->subject = g_strdup(subject);
	unit->head = g_string_new(NULL);
	unit->sections = g_ptr_array_new_with_free_func(section_free);
	unit->options = g_string_new(NULL);
	unit->exec = g_string_new(NULL);
	return unit;
}

void smith_unit_free(SmithUnit *unit)
{
	if (unit == NULL)
		return;
	g_free(unit->subject);
	g_string_free(unit->head, TRUE);
	g_ptr_array_unref(unit->sections);
	g_string_free(unit->options, TRUE);
	g_string_free(unit->exec, TRUE);
	g_clear_error(&unit->error);
	g_free(unit);
}

static GString *lines_of(SmithUnit *unit, const char *name)
{
	for (guint i = 0; i < unit->sections->len; i++) {
		Section *section = unit->sections->pdata[i];
		if (strcmp(section->name, name) == 0)
			return section->lines;
	}
	Section *section = g_new0(Section, 1);
	section->name = g_strdup(name);
	section->lines = g_string_new(NULL);
	g_ptr_array_add(unit->sections, section);
	return section->lines;
}

/* The first error stays. */
static void fail(SmithUnit *unit, const char *key, GError *error)
{
	if (unit->error == NULL) {
		unit->error = error;
		g_prefix_error(&unit->error, "%s: %s: ", unit->subject, key);
		return;
	}
	g_error_free(error);
}

void smith_unit_refuse(SmithUnit *unit, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	g_autofree char *text = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	if (unit->error == NULL)
		smith_throw(&unit->error, SMITH_ERROR_UNSUPPORTED, "%s: %s", unit->subject, text);
}

void smith_unit_comment(SmithUnit *unit, const char *section, const char *text)
{
	g_autofree char *safe = g_strdup(text);
	for (char *at = safe; *at != '\0'; at++)
		if (g_ascii_iscntrl(*at) || (at[1] == '\0' && *at == '\\'))
			*at = '?';
	/* that section is not there before quadlets */
	bool is_head = section == NULL || unit->podman < SMITH_UNIT_QUADLET;
	g_string_append_printf(is_head ? unit->head : lines_of(unit, section), "# %s\n", safe);
}

/* --- systemd's own */

void smith_unit_verbatim(SmithUnit *unit, const char *section, const char *key, const char *value)
{
	g_string_append_printf(lines_of(unit, section), "%s=%s\n", key, value);
}

void smith_unit_set(SmithUnit *unit, const char *section, const char *key, const char *value)
{
	GError *error = NULL;
	g_autofree char *safe = smith_quote_line(value, SMITH_QUOTE_PERCENT, &error);
	if (safe != NULL)
		smith_unit_verbatim(unit, section, key, safe);
	else
		fail(unit, key, error);
}

void smith_unit_setf(SmithUnit *unit, const char *section, const char *key, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	g_autofree char *value = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	smith_unit_set(unit, section, key, value);
}

void smith_unit_depend(SmithUnit *unit, const char *key, const char *name)
{
	const GString *lines = lines_of(unit, "Unit");
	g_autofree char *line = g_strdup_printf("\n%s=%s\n", key, name);
	if (strstr(lines->str, line) == NULL && !g_str_has_prefix(lines->str, line + 1))
		smith_unit_set(unit, "Unit", key, name);
}

static char *quote_words(const char *const *words, unsigned quote, GError **error)
{
	g_autoptr(GString) line = g_string_new(NULL);
	for (guint i = 0; words[i] != NULL; i++) {
		g_autofree char *word = smith_quote_word(words[i], quote, error);
		if (word == NULL)
			return NULL;
		g_string_append_printf(line, "%s%s", i > 0 ? " " : "", word);
	}
	return g_strdup(line->str);
}

static void add_words(SmithUnit *unit, const char *section, const char *key,
		      const char *const *words, unsigned quote)
{
	GError *error = NULL;
	g_autofree char *line = quote_words(words, quote, &error);
	if (line != NULL)
		smith_unit_verbatim(unit, section, key, line);
	else
		fail(unit, key, error);
}

void smith_unit_run(SmithUnit *unit, const char *key, const char *const *argv)
{
	add_words(unit, "Service", key, argv, COMMAND);
}

void smith_unit_words(SmithUnit *unit, const char *section, const char *key,
		      const char *const *words)
{
	add_words(unit, section, key, words, SMITH_QUOTE_PERCENT);
}

/* --- keys of a quadlet */

static char *version_text(int podman)
{
	return g_strdup_printf("%d.%d", podman / 100, podman % 100);
}

static void refuse_key(SmithUnit *unit, const char *section, const char *key, int since)
{
	g_autofree char *needed = version_text(since), *have = version_text(unit->podman);
	smith_unit_refuse(unit, "'%s' of [%s] needs podman %s, and the host has %s", key, section,
			  needed, have);
}

void smith_unit_option_verbatim(SmithUnit *unit, const char *section, const char *word)
{
	const SmithKey *key = smith_key_find(section, "PodmanArgs");
	if (unit->podman < SMITH_UNIT_QUADLET)
		g_string_append_printf(unit->options, " %s", word);
	else if (unit->podman < key->since)
		refuse_key(unit, section, key->name, key->since);
	else
		smith_unit_verbatim(unit, section, key->name, word);
}

static void add_option(SmithUnit *unit, const char *section, const char *specifier,
		       const char *word)
{
	GError *error = NULL;
	/* the value may hold what needs quotes, the specifier does not */
	g_autofree char *quoted = smith_quote_word(word, COMMAND, &error);
	if (quoted == NULL) {
		fail(unit, "PodmanArgs", error);
		return;
	}
	if (*specifier == '\0') {
		smith_unit_option_verbatim(unit, section, quoted);
		return;
	}
	/* options have no backslash, so that the first one is the marker's */
	g_auto(GStrv) parts = g_strsplit(quoted, MARKER_QUOTED, 2);
	g_autofree char *whole = g_strconcat(parts[0], specifier, parts[1], NULL);
	smith_unit_option_verbatim(unit, section, whole);
}

void smith_unit_option(SmithUnit *unit, const char *section, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	g_autofree char *word = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	add_option(unit, section, "", word);
}

void smith_unit_option_at(SmithUnit *unit, const char *section, const char *option,
			  const char *specifier, const char *value)
{
	g_autofree char *word = g_strconcat(option, *specifier != '\0' ? MARKER : "", value, NULL);
	add_option(unit, section, specifier, word);
}

static bool is_number(const char *value)
{
	return *value != '\0' && value[strspn(value, "0123456789")] == '\0';
}

static bool is_duration(const char *value)
{
	static const char *const units[] = {"ns", "us", "ms", "s", "m", "h", NULL};
	gsize digits = strspn(value, "0123456789");
	return digits > 0 && g_strv_contains(units, value + digits);
}

/* What the generator would take for something else. */
static bool is_valid(const SmithKey *row, const char *value)
{
	switch (row->form) {
	case SMITH_KEY_BOOL:
	case SMITH_KEY_FLAG:
		return strcmp(value, "true") == 0 || strcmp(value, "false") == 0;
	case SMITH_KEY_NUMBER:
		return is_number(value);
	case SMITH_KEY_DURATION:
		return is_duration(value);
	case SMITH_KEY_LINE:
	case SMITH_KEY_LINES:
	case SMITH_KEY_WORDS:
	case SMITH_KEY_PLAIN:
		return true;
	}
	g_assert_not_reached();
}

static char *quote_value(const SmithKey *row, const char *value, GError **error)
{
	if (row->form == SMITH_KEY_WORDS)
		return smith_quote_word(value, COMMAND, error);
	if (row->form == SMITH_KEY_PLAIN)
		return smith_quote_plain(value, COMMAND, error);
	return smith_quote_line(value, COMMAND, error);
}

static void add_key(SmithUnit *unit, const SmithKey *row, const char *specifier, const char *value)
{
	GError *error = NULL;
	g_autofree char *quoted = quote_value(row, value, &error);
	bool is_quoted = quoted != NULL && strchr("\"'", *quoted) != NULL && *specifier != '\0';
	g_autofree char *whole = is_quoted
					 ? g_strdup_printf("%c%s%s", *quoted, specifier, quoted + 1)
					 : g_strconcat(specifier, quoted, NULL);
	if (quoted != NULL)
		smith_unit_verbatim(unit, row->section, row->name, whole);
	else
		fail(unit, row->name, error);
}

static void add_stand_in(SmithUnit *unit, const SmithKey *row, const char *specifier,
			 const char *value)
{
	if (row->option == NULL) {
		refuse_key(unit, row->section, row->name, row->since);
		return;
	}
	bool is_flag = row->form == SMITH_KEY_FLAG;
	if (is_flag && strcmp(value, "true") != 0)
		return;
	smith_unit_option_at(unit, row->section, row->option, specifier, is_flag ? "" : value);
}

void smith_unit_key_at(SmithUnit *unit, const char *section, const char *key, const char *specifier,
		       const char *value)
{
	const SmithKey *row = smith_key_find(section, key);
	g_assert(row != NULL);
	if (!is_valid(row, value))
		smith_unit_refuse(unit, "'%s' got '%s', which podman would not understand", key,
				  value);
	else if (unit->podman >= row->since)
		add_key(unit, row, specifier, value);
	else
		add_stand_in(unit, row, specifier, value);
}

void smith_unit_key(SmithUnit *unit, const char *section, const char *key, const char *value)
{
	smith_unit_key_at(unit, section, key, "", value);
}

void smith_unit_keyf(SmithUnit *unit, const char *section, const char *key, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	g_autofree char *value = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	smith_unit_key(unit, section, key, value);
}

/* --- what has more to it */

/* Of an empty word the generator makes the end of the list, and of a bare ";" systemd makes the end
 * of the command. A variable in braces is one word, whatever it has. */
static char *hide_word(SmithUnit *unit, const char *word)
{
	g_autofree char *name = g_strdup_printf("OCISMITH_WORD_%u", ++unit->variables);
	g_autofree char *assignment = g_strconcat(name, "=", word, NULL);
	smith_unit_words(unit, "Service", "Environment", (const char *[]){assignment, NULL});
	return g_strdup_printf("${%s}", name);
}

static char *exec_word(SmithUnit *unit, const char *word, GError **error)
{
	if (*word == '\0' || strcmp(word, ";") == 0)
		return hide_word(unit, word);
	return smith_quote_word(word, COMMAND, error);
}

void smith_unit_exec(SmithUnit *unit, const char *const *argv)
{
	g_autoptr(GString) line = g_string_new(NULL);
	for (guint i = 0; argv[i] != NULL; i++) {
		GError *error = NULL;
		g_autofree char *word = exec_word(unit, argv[i], &error);
		if (word == NULL) {
			fail(unit, "Exec", error);
			return;
		}
		g_string_append_printf(line, " %s", word);
	}
	if (unit->podman < SMITH_UNIT_QUADLET)
		g_string_assign(unit->exec, line->str);
	else if (line->len > 0)
		smith_unit_verbatim(unit, "Container", "Exec", line->str + 1);
}

void smith_unit_user(SmithUnit *unit, const char *user, const char *group)
{
	bool is_numeric = is_number(user) && (group == NULL || is_number(group));
	if (unit->podman < (is_numeric ? SMITH_UNIT_QUADLET : NAMES_OF_USERS)) {
		smith_unit_option(unit, "Container", "--user=%s%s%s", user,
				  group != NULL ? ":" : "", group != NULL ? group : "");
		return;
	}
	smith_unit_key(unit, "Container", "User", user);
	if (group != NULL)
		smith_unit_key(unit, "Container", "Group", group);
}

bool smith_unit_notify_healthy(SmithUnit *unit)
{
	if (unit->podman >= HEALTHY_KEY)
		smith_unit_key(unit, "Container", "Notify", "healthy");
	else if (unit->podman >= HEALTHY_OPTION)
		smith_unit_option(unit, "Container", "--sdnotify=healthy");
	return unit->podman >= HEALTHY_OPTION;
}

char *smith_unit_command(SmithUnit *unit, const char *program, const char *operand)
{
	GError *error = NULL;
	g_autofree char *word =
		operand != NULL ? smith_quote_word(operand, COMMAND, &error) : g_strdup("");
	if (word == NULL)
		fail(unit, "ExecStart", error);
	return g_strconcat(program, unit->options->str, operand != NULL ? " " : "", word,
			   unit->exec->str, NULL);
}

char *smith_unit_text(const SmithUnit *unit, GError **error)
{
	if (unit->error != NULL) {
		g_propagate_error(error, g_error_copy(unit->error));
		return NULL;
	}
	GString *text = g_string_new(unit->head->str);
	for (guint i = 0; i < unit->sections->len; i++) {
		const Section *section = unit->sections->pdata[i];
		g_string_append_printf(text, "%s[%s]\n%s", text->len > 0 ? "\n" : "", section->name,
				       section->lines->str);
	}
	return g_string_free(text, FALSE);
}
