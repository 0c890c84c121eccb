/* SPDX-License-Identifier: Apache-2.0 */
#include "python/requirements-file.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/fd.h"
#include "python/name.h"
#include "python/pylock.h"

#define BLANKS " \t\f\v"

typedef struct {
	int dirfd;	       /* -1: inline lines, no includes */
	GHashTable *variables; /* NULL: none */
	SmithDiag *diag;
	SmithRequirements *result;
	GPtrArray *stack; /* (element-type char*) files being read, outermost first */
	GHashTable *seen; /* "r PATH" or "c PATH": read already */
	const char *path; /* of the file being read */
	bool constraints; /* its requirements are constraints */
} Reader;

/* A part of a logical line that stands in one physical line. */
typedef struct {
	gsize offset;
	guint line;
} Segment;

/* Physical lines joined by backslashes, and where each came from. */
typedef struct {
	GString *text;
	GArray *segments; /* (element-type Segment); empty: everything is at @place */
	SmithPlace place;
} Line;

typedef struct {
	char *name;  /* "--hash", "-r" */
	char *value; /* NULL: none */
	SmithPlace place;
} Option;

static void read_file(Reader *reader, const char *path, bool constraints, SmithPlace place);

void smith_requirement_line_free(gpointer data)
{
	SmithRequirementLine *line = data;
	smith_requirement_free(line->req);
	g_strfreev(line->hashes);
	g_free(line->text);
	g_free(line);
}

static SmithRequirements *requirements_new(void)
{
	SmithRequirements *result = g_new0(SmithRequirements, 1);
	result->lines = g_ptr_array_new_with_free_func(smith_requirement_line_free);
	result->constraints = g_ptr_array_new_with_free_func(smith_requirement_line_free);
	result->files = g_ptr_array_new_with_free_func(g_free);
	result->extra_index_urls = g_ptr_array_new_with_free_func(g_free);
	result->find_links = g_ptr_array_new_with_free_func(g_free);
	result->only_binary = g_ptr_array_new_with_free_func(g_free);
	result->no_binary = g_ptr_array_new_with_free_func(g_free);
	return result;
}

void smith_requirements_free(SmithRequirements *requirements)
{
	if (requirements == NULL)
		return;
	g_ptr_array_unref(requirements->lines);
	g_ptr_array_unref(requirements->constraints);
	g_ptr_array_unref(requirements->files);
	g_free(requirements->index_url);
	g_ptr_array_unref(requirements->extra_index_urls);
	g_ptr_array_unref(requirements->find_links);
	g_ptr_array_unref(requirements->only_binary);
	g_ptr_array_unref(requirements->no_binary);
	g_clear_pointer(&requirements->pylocks, g_ptr_array_unref);
	g_free(requirements);
}

static SmithPlace place_at(const Line *line, gsize offset)
{
	SmithPlace place = line->place;
	for (guint i = 0; i < line->segments->len; i++) {
		const Segment *segment = &g_array_index(line->segments, Segment, i);
		if (segment->offset > offset)
			break;
		place.line = segment->line;
		place.column = (guint)(offset - segment->offset) + 1;
	}
	return place;
}

/* For messages: hostile values are long. */
static char *shorten(const char *text)
{
	g_autofree char *start = g_strndup(text, 160);
	g_autofree char *valid = g_utf8_make_valid(start, -1);
	return strlen(text) <= 160 ? g_steal_pointer(&valid) : g_strconcat(valid, "...", NULL);
}

#define REPORT(reader_, place_, rule_, ...)                                                        \
	smith_diag_add((reader_)->diag, SMITH_SEVERITY_ERROR, (place_), (rule_), __VA_ARGS__)

/* The value of the `${NAME}` that @at begins with; *@length is that of the reference. */
static const char *lookup_variable(Reader *reader, const char *at, SmithPlace place, gsize *length)
{
	gsize name_length = strspn(at + 2, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
	if (name_length == 0 || at[2 + name_length] != '}')
		return NULL;
	*length = name_length + strlen("${}");
	g_autofree char *name = g_strndup(at + 2, name_length);
	const char *value =
		reader->variables != NULL ? g_hash_table_lookup(reader->variables, name) : NULL;
	if (value == NULL) {
		g_autofree char *shown = shorten(name);
		REPORT(reader, place, "requirement-variable",
		       "variable '${%s}' has no value here: the environment never decides what is "
		       "locked",
		       shown);
	}
	return value;
}

static char *expand_variables(Reader *reader, const char *text, SmithPlace place)
{
	GString *out = g_string_new(NULL);
	while (*text != '\0') {
		gsize plain = strcspn(text, "$");
		g_string_append_len(out, text, (gssize)plain);
		text += plain;
		if (*text == '\0')
			break;
		gsize length = 1;
		const char *value =
			text[1] == '{' ? lookup_variable(reader, text, place, &length) : NULL;
		if (value != NULL)
			g_string_append(out, value);
		else
			g_string_append_len(out, text, (gssize)length);
		text += length;
	}
	return g_string_free(out, FALSE);
}

/* One shell-like word from *@pos on, quotes removed; NULL at the end of the line. */
static char *next_word(Reader *reader, const Line *line, gsize *pos, SmithPlace *place)
{
	const char *text = line->text->str;
	*pos += strspn(text + *pos, BLANKS);
	*place = place_at(line, *pos);
	if (text[*pos] == '\0')
		return NULL;
	GString *word = g_string_new(NULL);
	char quote = '\0';
	for (; text[*pos] != '\0'; (*pos)++) {
		char c = text[*pos];
		if (quote == '\0' && strchr(BLANKS, c) != NULL)
			break;
		if (c == quote)
			quote = '\0';
		else if (quote == '\0' && (c == '"' || c == '\''))
			quote = c;
		else
			g_string_append_c(word, c);
	}
	if (quote != '\0')
		REPORT(reader, *place, "requirement-option", "a quote is not closed");
	g_autofree char *raw = g_string_free(word, FALSE);
	return expand_variables(reader, raw, *place);
}

typedef enum {
	OPTION_FLAG,
	OPTION_VALUE,
} OptionKind;

static const struct {
	const char *name;
	const char *alias;
	OptionKind kind;
	bool supported;
} options[] = {
	{"--requirement", "-r", OPTION_VALUE, true},
	{"--constraint", "-c", OPTION_VALUE, true},
	{"--hash", NULL, OPTION_VALUE, true},
	{"--index-url", "-i", OPTION_VALUE, true},
	{"--pypi-url", NULL, OPTION_VALUE, true},
	{"--extra-index-url", NULL, OPTION_VALUE, true},
	{"--find-links", "-f", OPTION_VALUE, true},
	{"--no-index", NULL, OPTION_FLAG, true},
	{"--only-binary", NULL, OPTION_VALUE, true},
	{"--no-binary", NULL, OPTION_VALUE, true},
	{"--require-hashes", NULL, OPTION_FLAG, true},
	{"--prefer-binary", NULL, OPTION_FLAG, true},
	{"--pre", NULL, OPTION_FLAG, true},
	{"--editable", "-e", OPTION_VALUE, false},
	{"--trusted-host", NULL, OPTION_VALUE, false},
	{"--use-feature", NULL, OPTION_VALUE, false},
	{"--global-option", NULL, OPTION_VALUE, false},
	{"--install-option", NULL, OPTION_VALUE, false},
	{"--config-settings", "-C", OPTION_VALUE, false},
};

static void report_unknown_option(Reader *reader, const char *name, SmithPlace place)
{
	const char *known[G_N_ELEMENTS(options) + 1];
	for (gsize i = 0; i < G_N_ELEMENTS(options); i++)
		known[i] = options[i].name;
	known[G_N_ELEMENTS(options)] = NULL;
	g_autofree char *shown = shorten(name);
	const char *nearest = smith_nearest(shown, known);
	if (nearest != NULL)
		REPORT(reader, place, "requirement-option",
		       "unknown option '%s' (did you mean '%s'?)", shown, nearest);
	else
		REPORT(reader, place, "requirement-option", "unknown option '%s'", shown);
}

/* Splits "--name=value" or "-rvalue"; returns the index into options, or -1. */
static int split_option(const char *word, char **value)
{
	gsize length = strcspn(word, "=");
	for (gsize i = 0; i < G_N_ELEMENTS(options); i++) {
		const char *name = options[i].name, *alias = options[i].alias;
		if (strlen(name) == length && strncmp(word, name, length) == 0) {
			*value = word[length] == '=' ? g_strdup(word + length + 1) : NULL;
			return (int)i;
		}
		if (alias != NULL && word[1] != '-' && g_str_has_prefix(word, alias)) {
			*value = word[2] != '\0' ? g_strdup(word + 2) : NULL;
			return (int)i;
		}
	}
	return -1;
}

static void option_clear(Option *option)
{
	g_clear_pointer(&option->value, g_free);
	g_clear_pointer(&option->name, g_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Option, option_clear)

/* The next usable option: FALSE at the end of the line, or when the rest makes no sense. */
static bool next_option(Reader *reader, const Line *line, gsize *pos, Option *option)
{
	for (;;) {
		option_clear(option);
		g_autofree char *word = next_word(reader, line, pos, &option->place);
		if (word == NULL)
			return false;
		int known = *word == '-' ? split_option(word, &option->value) : -1;
		if (known < 0) {
			report_unknown_option(reader, word, option->place);
			return false;
		}
		option->name = g_strdup(options[known].name);
		bool flag = options[known].kind == OPTION_FLAG;
		SmithPlace value_place;
		if (!flag && option->value == NULL)
			option->value = next_word(reader, line, pos, &value_place);
		if (flag == (option->value != NULL)) {
			REPORT(reader, option->place, "requirement-option", "option '%s' %s",
			       option->name, flag ? "takes no value" : "needs a value");
			return false;
		}
		if (options[known].supported)
			return true;
		g_autofree char *shown = shorten(option->value);
		REPORT(reader, option->place, "requirement-unsupported",
		       "option '%s' is not supported in a locked build: '%s'", option->name, shown);
	}
}

/* After how many digits they come again, to the end. */
static gsize period_of(const char *hex, gsize length)
{
	gsize period = 1;
	while (period < length && strncmp(hex, hex + period, length - period) != 0)
		period++;
	return period;
}

/* What is wrong with the digits of a hash, or NULL. */
static char *judge_digits(const char *algorithm, const char *hex, gsize expected)
{
	gsize length = strlen(hex);
	gsize digits = strspn(hex, "0123456789abcdefABCDEF");
	if (digits < length) {
		g_autofree char *shown = shorten(hex);
		return g_strdup_printf("'%s' holds a character that is no hexadecimal digit",
				       shown);
	}
	if (length != expected)
		return g_strdup_printf("%s has %" G_GSIZE_FORMAT
				       " digits, expected %" G_GSIZE_FORMAT,
				       algorithm, length, expected);
	if (strspn(hex, "0123456789abcdef") < length)
		return g_strdup("upper-case digits match no file, expected lower case");
	gsize period = period_of(hex, length);
	if (period == 1)
		return g_strdup_printf("one digit repeated is a placeholder: '%s'", hex);
	if (period <= length / 3)
		return g_strdup_printf("'%.*s' repeated is a placeholder: '%s'", (int)period, hex,
				       hex);
	return NULL;
}

/* Adds a good sha256 to @hashes and reports anything else. */
static void add_hash(Reader *reader, const Option *option, const char *requirement,
		     GPtrArray *hashes)
{
	static const struct {
		const char *name;
		gsize digits;
	} algorithms[] = {{"sha256", 64}, {"sha384", 96}, {"sha512", 128}};
	const char *colon = strchr(option->value, ':');
	g_autofree char *name =
		colon != NULL ? g_strndup(option->value, (gsize)(colon - option->value)) : NULL;
	gsize i = 0;
	while (name != NULL && i < G_N_ELEMENTS(algorithms) &&
	       strcmp(name, algorithms[i].name) != 0)
		i++;
	if (name == NULL || i == G_N_ELEMENTS(algorithms)) {
		g_autofree char *shown = shorten(option->value);
		REPORT(reader, option->place, "requirement-hash",
		       "hash of '%s' has no accepted algorithm, expected 'sha256:HEX': '%s'",
		       requirement, shown);
		return;
	}
	g_autofree char *wrong = judge_digits(name, colon + 1, algorithms[i].digits);
	if (wrong != NULL)
		REPORT(reader, option->place, "requirement-hash", "fabricated hash of '%s': %s",
		       requirement, wrong);
	else if (i > 0)
		smith_diag_add(reader->diag, SMITH_SEVERITY_NOTE, option->place, "requirement-hash",
			       "%s hash of '%s' is not checked, only sha256 ones are", name,
			       requirement);
	else
		g_ptr_array_add(hashes, g_strdup(option->value));
}

/* Why a text that pip understands is nothing we lock, or NULL. */
static const char *judge_source(const char *text)
{
	static const char *const suffixes[] = {".whl", ".tar.gz", ".zip", ".tar.bz2", NULL};
	gsize length = strcspn(text, BLANKS ";");
	g_autofree char *word = g_strndup(text, length);
	const char *scheme = strstr(word, "://");
	const char *at = strchr(word, '@');
	if (scheme != NULL && (at == NULL || at > scheme))
		return strchr(word, '+') != NULL && strchr(word, '+') < scheme
			       ? "a version control requirement"
			       : "a URL requirement";
	if (*word == '.' || *word == '/' || *word == '~')
		return "a path requirement";
	for (gsize i = 0; at == NULL && suffixes[i] != NULL; i++)
		if (g_str_has_suffix(word, suffixes[i]) && strpbrk(word, "=<>!") == NULL)
			return "a path requirement";
	return NULL;
}

static SmithRequirement *parse_requirement(Reader *reader, const char *text, SmithPlace place)
{
	g_autofree char *shown = shorten(text);
	const char *source = judge_source(text);
	g_autoptr(SmithRequirement) req = NULL;
	if (source == NULL) {
		g_autoptr(GError) error = NULL;
		req = smith_requirement_parse(text, &error);
		if (req == NULL) {
			REPORT(reader, place, "requirement", "%s", error->message);
			return NULL;
		}
		if (req->url != NULL)
			source = "a URL requirement";
	}
	if (source != NULL) {
		REPORT(reader, place, "requirement-unsupported",
		       "%s is not supported, expected 'name==version': '%s'", source, shown);
		return NULL;
	}
	if (reader->constraints && req->extras[0] != NULL)
		REPORT(reader, place, "requirement", "a constraint cannot have extras: '%s'",
		       shown);
	return g_steal_pointer(&req);
}

static void handle_requirement(Reader *reader, const Line *line, gsize start, gsize end)
{
	SmithPlace place = place_at(line, start);
	g_autofree char *raw = g_strndup(line->text->str + start, end - start);
	g_autofree char *text = expand_variables(reader, g_strstrip(raw), place);
	g_autofree char *shown = shorten(text);
	g_autoptr(GPtrArray) hashes = g_ptr_array_new_with_free_func(g_free);
	bool hashed = false;
	g_auto(Option) option = {0};
	while (next_option(reader, line, &end, &option)) {
		if (strcmp(option.name, "--hash") != 0) {
			REPORT(reader, option.place, "requirement-option",
			       "option '%s' has no place behind requirement '%s'", option.name,
			       shown);
			continue;
		}
		hashed = true;
		add_hash(reader, &option, shown, hashes);
	}
	reader->result->require_hashes |= hashed;
	SmithRequirement *req = parse_requirement(reader, text, place);
	if (req == NULL)
		return;
	SmithRequirementLine *result = g_new0(SmithRequirementLine, 1);
	result->req = req;
	g_ptr_array_add(hashes, NULL);
	result->hashes = (char **)g_ptr_array_steal(hashes, NULL);
	result->place = place;
	result->text = g_steal_pointer(&text);
	g_ptr_array_add(reader->constraints ? reader->result->constraints : reader->result->lines,
			result);
}

static bool is_url(const char *text)
{
	return strstr(text, "://") != NULL || g_str_has_prefix(text, "file:");
}

/* @path as seen from the file that names it, relative to dirfd. */
static char *resolve(const Reader *reader, const char *path)
{
	if (reader->path == NULL || is_url(path) || g_path_is_absolute(path))
		return g_strdup(path);
	g_autofree char *directory = g_path_get_dirname(reader->path);
	return strcmp(directory, ".") == 0 ? g_strdup(path)
					   : g_build_filename(directory, path, NULL);
}

static void handle_include(Reader *reader, const Option *option)
{
	bool constraints = strcmp(option->name, "--constraint") == 0;
	g_autofree char *shown = shorten(option->value);
	if (reader->dirfd == -1)
		REPORT(reader, option->place, "requirement-include",
		       "an inline list cannot include a file: '%s'", shown);
	else if (is_url(option->value) || g_path_is_absolute(option->value))
		REPORT(reader, option->place, "requirement-include",
		       "only files beneath the fleet's directory can be included, by relative "
		       "path: '%s'",
		       shown);
	else {
		g_autofree char *path = resolve(reader, option->value);
		read_file(reader, path, constraints, option->place);
	}
}

static bool take_name(GPtrArray *names, const char *name)
{
	guint index = 0;
	if (!g_ptr_array_find_with_equal_func(names, name, g_str_equal, &index))
		return false;
	g_ptr_array_remove_index(names, index);
	return true;
}

/* --only-binary and --no-binary take from each other; ":all:" and ":none:" reset. */
static void add_formats(GPtrArray *target, GPtrArray *other, const char *value)
{
	g_auto(GStrv) names = g_strsplit(value, ",", -1);
	for (gsize i = 0; names[i] != NULL; i++) {
		const char *word = g_strstrip(names[i]);
		bool all = strcmp(word, ":all:") == 0;
		if (*word == '\0')
			continue;
		if (all || strcmp(word, ":none:") == 0)
			g_ptr_array_set_size(target, 0);
		if (all)
			g_ptr_array_set_size(other, 0);
		if (strcmp(word, ":none:") == 0)
			continue;
		g_autofree char *name = all ? g_strdup(word) : smith_python_normalize_name(word);
		take_name(other, name);
		take_name(target, name);
		g_ptr_array_add(target, g_steal_pointer(&name));
	}
}

static void handle_option(Reader *reader, const Option *option)
{
	SmithRequirements *result = reader->result;
	const char *name = option->name;
	if (strcmp(name, "--requirement") == 0 || strcmp(name, "--constraint") == 0) {
		handle_include(reader, option);
	} else if (strcmp(name, "--index-url") == 0 || strcmp(name, "--pypi-url") == 0) {
		g_free(result->index_url);
		result->index_url = g_strdup(option->value);
	} else if (strcmp(name, "--extra-index-url") == 0) {
		g_ptr_array_add(result->extra_index_urls, g_strdup(option->value));
	} else if (strcmp(name, "--find-links") == 0) {
		g_ptr_array_add(result->find_links, resolve(reader, option->value));
	} else if (strcmp(name, "--only-binary") == 0) {
		add_formats(result->only_binary, result->no_binary, option->value);
	} else if (strcmp(name, "--no-binary") == 0) {
		add_formats(result->no_binary, result->only_binary, option->value);
	} else if (strcmp(name, "--no-index") == 0) {
		result->no_index = true;
	} else if (strcmp(name, "--require-hashes") == 0) {
		result->require_hashes = true;
	} else if (strcmp(name, "--prefer-binary") == 0) {
		result->prefer_binary = true;
	} else if (strcmp(name, "--pre") == 0) {
		result->pre = true;
	} else {
		REPORT(reader, option->place, "requirement-option",
		       "option '%s' belongs behind a requirement", name);
	}
}

/* A '#' begins a comment at the start of a line and after white space. */
static void strip_comment(GString *text)
{
	for (gsize i = 0; i < text->len; i++) {
		if (text->str[i] != '#' || (i > 0 && strchr(BLANKS, text->str[i - 1]) == NULL))
			continue;
		g_string_truncate(text, i);
		return;
	}
}

/* The requirement ends where the first word begins with a dash. */
static gsize find_options(const char *text, gsize pos)
{
	while (text[pos] != '\0' && text[pos] != '-') {
		pos += strcspn(text + pos, BLANKS);
		pos += strspn(text + pos, BLANKS);
	}
	return pos;
}

static void handle_line(Reader *reader, Line *line)
{
	strip_comment(line->text);
	gsize start = strspn(line->text->str, BLANKS);
	gsize end = find_options(line->text->str, start);
	if (line->text->str[start] == '\0')
		return;
	if (end > start) {
		handle_requirement(reader, line, start, end);
		return;
	}
	g_auto(Option) option = {0};
	while (next_option(reader, line, &end, &option))
		handle_option(reader, &option);
}

static void line_reset(Line *line)
{
	g_string_truncate(line->text, 0);
	g_array_set_size(line->segments, 0);
}

/* TRUE when the logical line goes on. */
static bool append_physical(Line *line, const char *text, gsize length, guint number)
{
	if (length > 0 && text[length - 1] == '\r')
		length--;
	Segment segment = {line->text->len, number};
	bool comment = text[strspn(text, BLANKS)] == '#';
	/* a blank, so that a comment which ends a continuation is seen as one */
	if (comment && line->text->len > 0) {
		g_string_append_c(line->text, ' ');
		segment.offset++;
	}
	g_array_append_val(line->segments, segment);
	bool more = !comment && length > 0 && text[length - 1] == '\\';
	while (more && length > 0 && text[length - 1] == '\\')
		length--;
	g_string_append_len(line->text, text, (gssize)length);
	return more;
}

static void read_text(Reader *reader, const char *text, SmithPlace place)
{
	Line line = {g_string_new(NULL), g_array_new(FALSE, FALSE, sizeof(Segment)), place};
	guint number = 0;
	while (*text != '\0') {
		gsize length = strcspn(text, "\n");
		bool more = append_physical(&line, text, length, ++number);
		text += length + (text[length] == '\n');
		if (more && *text != '\0')
			continue;
		handle_line(reader, &line);
		line_reset(&line);
	}
	g_string_free(line.text, TRUE);
	g_array_unref(line.segments);
}

/* The file's text without byte order mark, or NULL with the problem reported. */
static char *load(Reader *reader, const char *path, SmithPlace place)
{
	g_autoptr(GError) error = NULL;
	struct stat info;
	smith_autofd int fd =
		smith_fd_open_beneath(reader->dirfd, path, O_RDONLY | O_NONBLOCK, 0, &error);
	g_autoptr(GBytes) bytes = NULL;
	if (fd >= 0 && fstat(fd, &info) == 0 && !S_ISREG(info.st_mode))
		smith_throw(&error, SMITH_ERROR_INVALID, "'%s' is not a regular file", path);
	else if (fd >= 0)
		bytes = smith_fd_read_all(fd, path, SMITH_REQUIREMENTS_MAX_BYTES, &error);
	if (bytes == NULL) {
		REPORT(reader, place, "requirement-include", "%s", error->message);
		return NULL;
	}
	gsize length = 0;
	const char *data = g_bytes_get_data(bytes, &length);
	if (length > 0 && !g_utf8_validate_len(data, length, NULL)) {
		REPORT(reader, place, "requirement-include", "'%s' is not a text file in UTF-8",
		       path);
		return NULL;
	}
	gsize mark = length >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
	return length > 0 ? g_strndup(data + mark, length - mark) : g_strdup("");
}

/* FALSE when the file must not be read (again). */
static bool may_read(Reader *reader, const char *identity, bool constraints, SmithPlace place)
{
	if (g_ptr_array_find_with_equal_func(reader->stack, identity, g_str_equal, NULL)) {
		REPORT(reader, place, "requirement-include", "'%s' includes itself", identity + 1);
		return false;
	}
	if (reader->stack->len >= SMITH_REQUIREMENTS_MAX_DEPTH) {
		REPORT(reader, place, "requirement-include",
		       "'%s' is included more than %d levels deep", identity + 1,
		       SMITH_REQUIREMENTS_MAX_DEPTH);
		return false;
	}
	if (g_hash_table_size(reader->seen) >= SMITH_REQUIREMENTS_MAX_FILES) {
		REPORT(reader, place, "requirement-include",
		       "more than %d files are included, '%s' is one too many",
		       SMITH_REQUIREMENTS_MAX_FILES, identity + 1);
		return false;
	}
	return g_hash_table_add(reader->seen,
				g_strdup_printf("%c %s", constraints ? 'c' : 'r', identity));
}

static void read_file(Reader *reader, const char *path, bool constraints, SmithPlace place)
{
	g_autofree char *rooted = g_strconcat("/", path, NULL);
	g_autofree char *identity = g_canonicalize_filename(rooted, "/");
	if (!may_read(reader, identity, constraints, place))
		return;
	g_autofree char *text = load(reader, path, place);
	if (text == NULL)
		return;
	const char *outer_path = reader->path;
	bool outer_constraints = reader->constraints;
	if (!g_ptr_array_find_with_equal_func(reader->result->files, identity + 1, g_str_equal,
					      NULL))
		g_ptr_array_add(reader->result->files, g_strdup(identity + 1));
	g_ptr_array_add(reader->stack, identity);
	reader->path = path;
	reader->constraints = constraints;
	read_text(reader, text, (SmithPlace){g_intern_string(path), 0, 0});
	reader->path = outer_path;
	reader->constraints = outer_constraints;
	g_ptr_array_set_size(reader->stack, (int)reader->stack->len - 1);
}

/* Hash mode is all or nothing. */
static void check_hash_mode(Reader *reader)
{
	const GPtrArray *lines = reader->result->lines;
	for (guint i = 0; reader->result->require_hashes && i < lines->len; i++) {
		const SmithRequirementLine *line = g_ptr_array_index(lines, i);
		g_autofree char *shown = shorten(line->text);
		if (smith_specifier_is_pinned(line->req->specifiers) == NULL)
			REPORT(reader, line->place, "requirement-hash",
			       "'%s' has no exact version, which --hash and --require-hashes "
			       "demand",
			       shown);
		if (line->hashes[0] == NULL)
			REPORT(reader, line->place, "requirement-hash",
			       "'%s' has no usable sha256 hash, which --hash and --require-hashes "
			       "demand",
			       shown);
	}
}

SmithRequirements *smith_requirements_read_with(int dirfd, const char *path, GHashTable *variables,
						SmithDiag *diag)
{
	if (smith_pylock_is_name(path))
		return smith_pylock_read(dirfd, path, diag);
	g_autoptr(GPtrArray) stack = g_ptr_array_new();
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	Reader reader = {.dirfd = dirfd,
			 .variables = variables,
			 .diag = diag,
			 .result = requirements_new(),
			 .stack = stack,
			 .seen = seen};
	read_file(&reader, path, false, (SmithPlace){g_intern_string(path), 0, 0});
	check_hash_mode(&reader);
	return reader.result;
}

SmithRequirements *smith_requirements_read(int dirfd, const char *path, SmithDiag *diag)
{
	return smith_requirements_read_with(dirfd, path, NULL, diag);
}

SmithRequirements *smith_requirements_parse_lines(const char *const *lines, SmithPlace place,
						  SmithDiag *diag)
{
	Reader reader = {.dirfd = -1, .diag = diag, .result = requirements_new()};
	g_autoptr(GArray) segments = g_array_new(FALSE, FALSE, sizeof(Segment));
	for (gsize i = 0; lines[i] != NULL; i++) {
		if (!g_utf8_validate(lines[i], -1, NULL) || strpbrk(lines[i], "\n\r") != NULL) {
			g_autofree char *shown = shorten(lines[i]);
			REPORT(&reader, place, "requirement", "'%s' is not one line of text",
			       shown);
			continue;
		}
		Line line = {g_string_new(lines[i]), segments, place};
		handle_line(&reader, &line);
		g_string_free(line.text, TRUE);
	}
	check_hash_mode(&reader);
	return reader.result;
}
