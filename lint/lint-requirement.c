/* SPDX-License-Identifier: Apache-2.0 */
#include "lint/checks.h"

#include <string.h>

#include "base/error.h"
#include "base/fd.h"
#include "lint/rule.h"

#define HEAD_LINES 12
#define COPIED_MIN 3 /* requirements: two small sets are alike by chance */

typedef struct {
	const SmithFleet *fleet;
	const SmithLock *lock; /* or NULL */
	SmithPips *pips;
	GHashTable *pins;   /* family -> GHashTable* of name -> SmithRequirementLine*, its own */
	GHashTable *judged; /* files */
	GHashTable *copies; /* content -> file, the first */
	SmithDiag *diag;
} Requirements;

static const char *pin_of(const SmithRequirementLine *line)
{
	/* of lines with markers only one may apply */
	return line->req->marker == NULL ? smith_specifier_is_pinned(line->req->specifiers) : NULL;
}

static bool is_tool(const char *key)
{
	static const char *const tools[] = {
		"autopep8",    "bandit",       "black",	      "build",		"coverage",
		"flake8",      "hypothesis",   "ipdb",	      "ipython",	"isort",
		"jupyter",     "jupyterlab",   "mypy",	      "nose",		"notebook",
		"pip-tools",   "pre-commit",   "pycodestyle", "pydocstyle",	"pyflakes",
		"pylint",      "pyright",      "pytest",      "pytest-asyncio", "pytest-cov",
		"pytest-mock", "pytest-xdist", "ruff",	      "sphinx",		"tox",
		"twine",       "virtualenv",   "yapf",
	};
	for (guint i = 0; i < G_N_ELEMENTS(tools); i++)
		if (strcmp(tools[i], key) == 0)
			return true;
	return false;
}

/* One set of lines: what is there twice, and what is not for running. */
static void lint_lines(const Requirements *all, const SmithRequirements *found)
{
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
	for (guint i = 0; i < found->lines->len; i++) {
		const SmithRequirementLine *line = found->lines->pdata[i];
		const SmithRequirementLine *other = g_hash_table_lookup(seen, line->req->key);
		if (is_tool(line->req->key))
			smith_lint_report(all->diag, "development-requirement", line->place,
					  line->req->key,
					  "'%s' is a tool of development: images run programs",
					  line->req->name);
		if (line->req->marker != NULL)
			continue;
		if (other == NULL) {
			g_hash_table_insert(seen, line->req->key, (gpointer)line);
			continue;
		}
		const char *pin = pin_of(line), *first = pin_of(other);
		if (pin != NULL && first != NULL && strcmp(pin, first) != 0)
			smith_lint_report(all->diag, "conflict", line->place, line->req->key,
					  "'%s' is pinned to %s here and to %s at %s:%u",
					  line->req->name, pin, first, other->place.file,
					  other->place.line);
		else
			smith_lint_report(all->diag, "requirement-duplicate", line->place,
					  line->req->key, "'%s' is already required at %s:%u",
					  line->req->name, other->place.file, other->place.line);
	}
}

/* "3.11" of a text that goes on after it, or NULL. */
static char *python_at(const char *text)
{
	gsize minor = g_str_has_prefix(text, "3.") ? strspn(text + 2, "0123456789") : 0;
	return minor > 0 && minor < 3 ? g_strndup(text, 2 + minor) : NULL;
}

/* What the tool that wrote the file said it was made for, in a comment at its head. */
static char *find_python(const char *text, guint *line)
{
	static const char *const words[] = {"pip-compile with python ",
					    "--python-version=", "--python-version "};
	g_auto(GStrv) lines = g_strsplit(text, "\n", HEAD_LINES + 1);
	for (guint i = 0; i < HEAD_LINES && lines[i] != NULL; i++) {
		g_autofree char *lower = g_ascii_strdown(lines[i], -1);
		for (guint j = 0; *lower == '#' && j < G_N_ELEMENTS(words); j++) {
			const char *at = strstr(lower, words[j]);
			char *python = at != NULL ? python_at(at + strlen(words[j])) : NULL;
			*line = i + 1;
			if (python != NULL)
				return python;
		}
	}
	return NULL;
}

/* "3.11" of the family's base: what the lock has found there, else what its name says. */
static char *python_of(const Requirements *all, const char *family)
{
	const SmithFamily *at = smith_fleet_family(all->fleet, family), *root = NULL;
	for (guint i = 0; at != NULL && i < all->fleet->families->len; i++) {
		root = at;
		at = smith_fleet_family(all->fleet, at->from);
	}
	if (root == NULL)
		return NULL;
	const SmithLockBase *base =
		all->lock != NULL ? smith_lock_base(all->lock, root->from) : NULL;
	if (base != NULL && base->python_version != NULL)
		return python_at(base->python_version);
	const char *name = strstr(root->from, "python:");
	return name != NULL ? python_at(name + strlen("python:")) : NULL;
}

static void lint_python(const Requirements *all, const SmithPip *pip, const char *family)
{
	guint line = 0;
	g_autoptr(GBytes) bytes =
		smith_fd_read_file(all->fleet->fd, pip->file, SMITH_REQUIREMENTS_MAX_BYTES, NULL);
	g_autofree char *text = bytes != NULL ? g_strndup(g_bytes_get_data(bytes, NULL),
							  MIN(g_bytes_get_size(bytes), 4096))
					      : NULL;
	g_autofree char *made = text != NULL ? find_python(text, &line) : NULL;
	g_autofree char *has = made != NULL ? python_of(all, family) : NULL;
	if (has == NULL || strcmp(has, made) == 0)
		return;
	smith_lint_report(all->diag, "requirement-python",
			  (SmithPlace){g_intern_string(pip->file), line, 0}, pip->file,
			  "'%s' was made for Python %s, the base of family '%s' has %s", pip->file,
			  made, family, has);
}

static int compare_texts(gconstpointer a, gconstpointer b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void lint_copy(const Requirements *all, const SmithPip *pip, const SmithRequirements *found)
{
	if (found->lines->len < COPIED_MIN)
		return;
	g_autoptr(GPtrArray) texts = g_ptr_array_new();
	for (guint i = 0; i < found->lines->len; i++)
		g_ptr_array_add(texts, ((SmithRequirementLine *)found->lines->pdata[i])->text);
	g_ptr_array_sort(texts, compare_texts);
	g_ptr_array_add(texts, NULL);
	char *content = g_strjoinv("\n", (char **)texts->pdata);
	const char *other = g_hash_table_lookup(all->copies, content);
	if (other == NULL) {
		g_hash_table_insert(all->copies, content, pip->file);
		return;
	}
	g_free(content);
	smith_lint_report(all->diag, "requirement-file-copied",
			  (SmithPlace){g_intern_string(pip->file), 0, 0}, pip->file,
			  "'%s' has the same %u requirements as '%s'", pip->file, found->lines->len,
			  other);
}

/* What is wrong with a file is wrong once, however many name it. */
static void lint_pip(const Requirements *all, const SmithPip *pip, const char *family)
{
	if (pip == NULL || (pip->file == NULL && pip->lines == NULL))
		return;
	const SmithRequirements *found = smith_pips_get(all->pips, pip);
	if (pip->file != NULL && !g_hash_table_add(all->judged, pip->file))
		return;
	lint_lines(all, found);
	if (pip->file == NULL)
		return;
	lint_python(all, pip, family);
	lint_copy(all, pip, found);
}

/* The pins that @family itself adds. */
static GHashTable *pins_of(const Requirements *all, const SmithFamily *family)
{
	GHashTable *pins = g_hash_table_lookup(all->pins, family);
	if (pins != NULL)
		return pins;
	pins = g_hash_table_new(g_str_hash, g_str_equal);
	const SmithRequirements *found = smith_pips_get(all->pips, family->pip);
	for (guint i = 0; found != NULL && i < found->lines->len; i++) {
		const SmithRequirementLine *line = found->lines->pdata[i];
		if (pin_of(line) != NULL)
			g_hash_table_insert(pins, line->req->key, (gpointer)line);
	}
	g_hash_table_insert(all->pins, (gpointer)family, pins);
	return pins;
}

/* What is pinned otherwise in a family that @who has all of but for what it overrides. */
static void lint_chain(const Requirements *all, const SmithPip *pip, const char *from,
		       const char *what, const char *who)
{
	const SmithRequirements *found = smith_pips_get(all->pips, pip);
	const SmithFamily *family = smith_fleet_family(all->fleet, from);
	for (guint steps = 0; found != NULL && family != NULL && steps < all->fleet->families->len;
	     steps++) {
		GHashTable *pins = pins_of(all, family);
		for (guint i = 0; g_hash_table_size(pins) > 0 && i < found->lines->len; i++) {
			const SmithRequirementLine *line = found->lines->pdata[i];
			const SmithRequirementLine *other =
				g_hash_table_lookup(pins, line->req->key);
			const char *pin = pin_of(line);
			if (other == NULL || pin == NULL || strcmp(pin, pin_of(other)) == 0 ||
			    g_strv_contains((const char *const *)pip->override, line->req->key))
				continue;
			smith_lint_report(all->diag, "conflict", line->place, line->req->key,
					  "%s '%s' pins %s %s, but family '%s' has %s", what, who,
					  line->req->key, pin, family->name, pin_of(other));
		}
		family = smith_fleet_family(all->fleet, family->from);
	}
}

void smith_lint_requirements(const SmithFleet *fleet, const SmithLock *lock, SmithPips *pips,
			     SmithDiag *diag)
{
	g_autoptr(GHashTable) pins =
		g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify)g_hash_table_unref);
	g_autoptr(GHashTable) judged = g_hash_table_new(g_str_hash, g_str_equal);
	g_autoptr(GHashTable) copies = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	const Requirements all = {fleet, lock, pips, pins, judged, copies, diag};
	for (guint i = 0; i < fleet->families->len; i++) {
		const SmithFamily *family = fleet->families->pdata[i];
		lint_pip(&all, family->pip, family->name);
		lint_chain(&all, family->pip, family->from, "family", family->name);
	}
	for (guint i = 0; i < fleet->services->len; i++) {
		const SmithService *service = fleet->services->pdata[i];
		lint_pip(&all, service->pip, service->family);
		lint_chain(&all, service->pip, service->family, "service", service->name);
	}
	for (guint i = 0; i < fleet->groups->len; i++) {
		const SmithGroup *group = fleet->groups->pdata[i];
		lint_pip(&all, group->pip, group->family);
		lint_chain(&all, group->pip, group->family, "group", group->name);
	}
}
