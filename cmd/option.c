/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/option.h"

#include <string.h>

#include "base/error.h"

typedef struct {
	const SmithOption *option;
	guint count;
	const char *text;
	gint64 number;	 /* INT: the value; ENUM: the index */
	GPtrArray *list; /* LIST (element-type const char*), with a NULL at its end */
} Value;

struct SmithOptions {
	GPtrArray *values;   /* (element-type Value*) */
	GPtrArray *operands; /* (element-type const char*), with a NULL at its end */
	bool only_operands;  /* "--" was seen */
};

static void value_free(gpointer data)
{
	Value *value = data;

	g_ptr_array_unref(value->list);
	g_free(value);
}

/* A pointer array that can be read as a NULL-terminated vector at any time. */
static GPtrArray *vector_new(void)
{
	GPtrArray *vector = g_ptr_array_new();

	g_ptr_array_add(vector, NULL);
	return vector;
}

static void vector_add(GPtrArray *vector, const char *text)
{
	g_ptr_array_insert(vector, (int)vector->len - 1, (gpointer)text);
}

SmithOptions *smith_options_new(void)
{
	SmithOptions *options = g_new0(SmithOptions, 1);

	options->values = g_ptr_array_new_with_free_func(value_free);
	options->operands = vector_new();
	return options;
}

void smith_options_free(SmithOptions *options)
{
	if (options == NULL)
		return;
	g_ptr_array_unref(options->values);
	g_ptr_array_unref(options->operands);
	g_free(options);
}

static Value *find_long(const SmithOptions *options, const char *name, gsize length)
{
	for (guint i = 0; i < options->values->len; i++) {
		Value *value = g_ptr_array_index(options->values, i);

		if (strlen(value->option->name) == length &&
		    memcmp(value->option->name, name, length) == 0)
			return value;
	}
	return NULL;
}

static Value *find_letter(const SmithOptions *options, char letter)
{
	for (guint i = 0; i < options->values->len; i++) {
		Value *value = g_ptr_array_index(options->values, i);

		if (value->option->letter == letter)
			return value;
	}
	return NULL;
}

void smith_options_add(SmithOptions *options, const SmithOption *table)
{
	for (; table != NULL && table->name != NULL; table++) {
		Value *value = g_new0(Value, 1);

		g_assert(find_long(options, table->name, strlen(table->name)) == NULL);
		g_assert(table->letter == 0 || find_letter(options, table->letter) == NULL);
		value->option = table;
		value->list = vector_new();
		g_ptr_array_add(options->values, value);
	}
}

static gboolean set_int(Value *value, const char *text, GError **error)
{
	const SmithOption *option = value->option;

	if (!g_ascii_string_to_signed(text, 10, option->min, option->max, &value->number, NULL))
		return smith_throw(
			error, SMITH_ERROR_USAGE,
			"option '--%s' got '%s', expected a number from %" G_GINT64_FORMAT
			" to %" G_GINT64_FORMAT,
			option->name, text, option->min, option->max);
	return TRUE;
}

static gboolean set_enum(Value *value, const char *text, GError **error)
{
	const SmithOption *option = value->option;
	g_autofree char *known = NULL;

	for (int i = 0; option->values[i] != NULL; i++) {
		if (strcmp(option->values[i], text) == 0) {
			value->number = i;
			return TRUE;
		}
	}
	known = g_strjoinv(", ", (char **)option->values);
	return smith_throw(error, SMITH_ERROR_USAGE, "option '--%s' got '%s', expected one of %s",
			   option->name, text, known);
}

static gboolean set_value(Value *value, const char *text, GError **error)
{
	const SmithOption *option = value->option;

	if (value->count > 0 && option->kind != SMITH_OPTION_FLAG &&
	    option->kind != SMITH_OPTION_LIST)
		return smith_throw(error, SMITH_ERROR_USAGE,
				   "option '--%s' is given twice, as '%s' and '%s'", option->name,
				   value->text, text);
	value->count++;
	value->text = text;
	switch (option->kind) {
	case SMITH_OPTION_INT:
		return set_int(value, text, error);
	case SMITH_OPTION_ENUM:
		return set_enum(value, text, error);
	case SMITH_OPTION_LIST:
		vector_add(value->list, text);
		return TRUE;
	case SMITH_OPTION_FLAG:
	case SMITH_OPTION_STRING:
		return TRUE;
	}
	g_assert_not_reached();
}

/* Sets @value from what is attached to its name (may be NULL), else from the next argument. */
static gboolean take_value(Value *value, const char *attached, char ***args, GError **error)
{
	const SmithOption *option = value->option;

	if (attached == NULL && option->optional)
		attached = "";
	if (attached == NULL && **args != NULL)
		attached = *(*args)++;
	if (attached == NULL)
		return smith_throw(error, SMITH_ERROR_USAGE, "option '--%s' needs a value, %s",
				   option->name, option->argument);
	return set_value(value, attached, error);
}

static gboolean throw_unknown(const SmithOptions *options, const char *name, gsize length,
			      GError **error)
{
	g_autoptr(GPtrArray) known = vector_new();
	g_autofree char *word = g_strndup(name, length);
	const char *nearest;

	for (guint i = 0; i < options->values->len; i++) {
		const Value *value = g_ptr_array_index(options->values, i);

		vector_add(known, value->option->name);
	}
	nearest = smith_nearest(word, (const char *const *)known->pdata);
	if (nearest == NULL)
		return smith_throw(error, SMITH_ERROR_USAGE, "unknown option '--%s'", word);
	return smith_throw(error, SMITH_ERROR_USAGE, "unknown option '--%s' (did you mean '--%s'?)",
			   word, nearest);
}

static gboolean parse_long(SmithOptions *options, const char *arg, char ***args, GError **error)
{
	const char *equals = strchr(arg, '=');
	gsize length = equals != NULL ? (gsize)(equals - arg) : strlen(arg);
	Value *value = find_long(options, arg, length);

	if (value == NULL)
		return throw_unknown(options, arg, length, error);
	if (value->option->kind != SMITH_OPTION_FLAG)
		return take_value(value, equals != NULL ? equals + 1 : NULL, args, error);
	if (equals != NULL)
		return smith_throw(error, SMITH_ERROR_USAGE,
				   "option '--%s' takes no value, got '%s'", value->option->name,
				   equals + 1);
	return set_value(value, "", error);
}

static gboolean parse_letters(SmithOptions *options, const char *arg, char ***args, GError **error)
{
	for (; *arg != '\0'; arg++) {
		Value *value = find_letter(options, *arg);

		if (value == NULL)
			return smith_throw(error, SMITH_ERROR_USAGE, "unknown option '-%c'",
					   g_ascii_isprint(*arg) ? *arg : '?');
		if (value->option->kind != SMITH_OPTION_FLAG)
			return take_value(value, arg[1] != '\0' ? arg + 1 : NULL, args, error);
		if (!set_value(value, "", error))
			return FALSE;
	}
	return TRUE;
}

static bool is_given(const SmithOptions *options, const char *name)
{
	return name != NULL && smith_options_flag(options, name);
}

/* An option that would do nothing is a mistake of who gave it. */
static gboolean check_company(const SmithOptions *options, GError **error)
{
	for (guint i = 0; i < options->values->len; i++) {
		const Value *value = g_ptr_array_index(options->values, i);
		const SmithOption *option = value->option;
		if (value->count == 0)
			continue;
		if (option->with != NULL && !is_given(options, option->with))
			return smith_throw(error, SMITH_ERROR_USAGE,
					   "option '--%s' means nothing without '--%s'",
					   option->name, option->with);
		if (is_given(options, option->without))
			return smith_throw(error, SMITH_ERROR_USAGE,
					   "options '--%s' and '--%s' exclude each other",
					   option->name, option->without);
	}
	return TRUE;
}

gboolean smith_options_parse(SmithOptions *options, char ***args, bool one_operand, GError **error)
{
	while (**args != NULL) {
		const char *arg = *(*args)++;

		if (options->only_operands || arg[0] != '-' || arg[1] == '\0') {
			vector_add(options->operands, arg);
			if (one_operand)
				return TRUE;
		} else if (strcmp(arg, "--") == 0) {
			options->only_operands = true;
		} else if (arg[1] == '-') {
			if (!parse_long(options, arg + 2, args, error))
				return FALSE;
		} else if (!parse_letters(options, arg + 1, args, error)) {
			return FALSE;
		}
	}
	return one_operand || check_company(options, error);
}

const char *const *smith_options_operands(const SmithOptions *options, guint *count)
{
	if (count != NULL)
		*count = options->operands->len - 1;
	return (const char *const *)options->operands->pdata;
}

static const Value *get(const SmithOptions *options, const char *name)
{
	const Value *value = find_long(options, name, strlen(name));

	g_assert(value != NULL);
	return value;
}

guint smith_options_count(const SmithOptions *options, const char *name)
{
	return get(options, name)->count;
}

bool smith_options_flag(const SmithOptions *options, const char *name)
{
	return get(options, name)->count > 0;
}

const char *smith_options_string(const SmithOptions *options, const char *name)
{
	return get(options, name)->text;
}

gint64 smith_options_int(const SmithOptions *options, const char *name, gint64 fallback)
{
	const Value *value = get(options, name);

	g_assert(value->option->kind == SMITH_OPTION_INT);
	return value->count > 0 ? value->number : fallback;
}

int smith_options_enum(const SmithOptions *options, const char *name, int fallback)
{
	const Value *value = get(options, name);

	g_assert(value->option->kind == SMITH_OPTION_ENUM);
	return value->count > 0 ? (int)value->number : fallback;
}

const char *const *smith_options_list(const SmithOptions *options, const char *name)
{
	return (const char *const *)get(options, name)->list->pdata;
}
