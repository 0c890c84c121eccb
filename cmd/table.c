/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/command.h"

#include <string.h>

#include "base/error.h"
#include "cmd/commands.h"
#include "cmd/run-image.h"

static const char *const formats[] = {"text",	 "json", "sarif", "github",
				      "quadlet", "kube", "shell", NULL};
static const char *const progress_modes[] = {"auto", "plain", "json", "none", NULL};
static const char *const color_modes[] = {"auto", "always", "never", NULL};
static const char *const users[] = {"one", "many", "root", NULL};
static const char *const compressions[] = {"splice", "zstd", "gzip", NULL};
static const char *const shells[] = {"bash", "zsh", "fish", NULL};
static const char *const schemas[] = {"fleet", "family", NULL};

const SmithOption smith_global_options[] = {
	{.name = "directory",
	 .letter = 'C',
	 .kind = SMITH_OPTION_STRING,
	 .argument = "DIR",
	 .complete = SMITH_COMPLETE_DIRECTORY,
	 .help = "change to DIR first; the fleet is fleet.yaml there or in its nearest parent"},
	{.name = "store",
	 .kind = SMITH_OPTION_STRING,
	 .argument = "DIR",
	 .complete = SMITH_COMPLETE_DIRECTORY,
	 .help = "the store, instead of $OCISMITH_STORE or the one in the user's data directory"},
	{.name = "jobs",
	 .letter = 'j',
	 .kind = SMITH_OPTION_INT,
	 .argument = "N",
	 .min = 1,
	 .max = 1024,
	 .help = "work on N things at a time, instead of one per processor"},
	{.name = "format",
	 .kind = SMITH_OPTION_ENUM,
	 .argument = "FORMAT",
	 .values = formats,
	 .help = "form of the result; sarif and github are for the findings of 'check', quadlet, "
		 "kube and shell for 'units'"},
	{.name = "progress",
	 .kind = SMITH_OPTION_ENUM,
	 .argument = "MODE",
	 .values = progress_modes,
	 .help = "form of the progress on stderr"},
	{.name = "color",
	 .kind = SMITH_OPTION_ENUM,
	 .argument = "WHEN",
	 .values = color_modes,
	 .help = "colour on stderr"},
	{.name = "quiet", .letter = 'q', .help = "tell only warnings and errors"},
	{.name = "verbose", .letter = 'v', .help = "tell every step"},
	{.name = "help", .letter = 'h', .help = "show help and exit"},
	{.name = "version", .help = "show the version and exit"},
	{0},
};

#define SMITH_USERS_OPTION                                                                         \
	{                                                                                          \
		.name = "users", .kind = SMITH_OPTION_ENUM, .argument = "WHO", .values = users,    \
		.help = "whose ids steps execute with: one user's, the default, whose owners are " \
			"recorded; many, by newuidmap; or root's; the layers are the same"         \
	}

static const SmithOption lock_options[] = {
	{.name = "update",
	 .kind = SMITH_OPTION_LIST,
	 .argument = "NAME",
	 .optional = true,
	 .help = "resolve NAME anew, a base or a distribution; without NAME everything",
	 .without = "export"},
	{.name = "check",
	 .help = "write nothing; list what would change, and exit 4 if something would",
	 .without = "export"},
	{.name = "export",
	 .kind = SMITH_OPTION_STRING,
	 .argument = "FILE",
	 .complete = SMITH_COMPLETE_FILE,
	 .help = "resolve nothing; write the lock's wheels to FILE, as pylock.toml when it is "
		 "called so, else as requirements with hashes"},
	{.name = "of",
	 .kind = SMITH_OPTION_STRING,
	 .argument = "NAME",
	 .help = "with --export: only those of this service or family",
	 .with = "export"},
	SMITH_USERS_OPTION,
	{0},
};

static const SmithOption build_options[] = {
	{.name = "output",
	 .letter = 'o',
	 .kind = SMITH_OPTION_LIST,
	 .argument = "WHERE",
	 .complete = SMITH_COMPLETE_FILE,
	 .help = "also write the images to oci:DIR, oci-archive:FILE or docker-archive:FILE; may "
		 "be "
		 "given several times"},
	{.name = "compression",
	 .kind = SMITH_OPTION_ENUM,
	 .argument = "HOW",
	 .values = compressions,
	 .help = "compression of new layers, instead of the fleet's"},
	SMITH_USERS_OPTION,
	{0},
};

static const SmithOption smoke_options[] = {
	SMITH_RUN_OPTIONS,
	{.name = "with-needs",
	 .help = "first start what each service needs, on one network with it",
	 .without = "families"},
	{.name = "families",
	 .help = "run the smoke programs of families, each in its own image under its profile"},
	{0},
};

static const SmithOption profile_check_options[] = {SMITH_RUN_OPTIONS, {0}};

static const SmithOption record_options[] = {
	SMITH_RUN_OPTIONS,
	{.name = "base",
	 .kind = SMITH_OPTION_STRING,
	 .argument = "PROFILE",
	 .help = "begin with what this profile allows, and add only what is more"},
	{.name = "replace", .help = "forget what the file has; else it is added to"},
	{0},
};

static const SmithOption units_options[] = {
	{.name = "output",
	 .letter = 'o',
	 .kind = SMITH_OPTION_STRING,
	 .argument = "DIR",
	 .complete = SMITH_COMPLETE_DIRECTORY,
	 .help = "write the units to DIR, one directory per host, instead of stdout"},
	{.name = "host", .kind = SMITH_OPTION_LIST, .argument = "NAME", .help = "only this host's"},
	{.name = "group",
	 .kind = SMITH_OPTION_LIST,
	 .argument = "NAME",
	 .help = "only this group's"},
	{.name = "install-dir",
	 .kind = SMITH_OPTION_STRING,
	 .argument = "DIR",
	 .complete = SMITH_COMPLETE_DIRECTORY,
	 .help = "where the directories of hosts will be, when not in containers/systemd of the "
		 "user's or the system's configuration"},
	{.name = "here",
	 .help = "only this machine's; first say what it lacks to run them, and then write none"},
	{.name = "system",
	 .help = "with --here: as root's units, not as the user's",
	 .with = "here"},
	{0},
};

#define LOOK_OPTIONS                                                                               \
	{.name = "host",                                                                           \
	 .kind = SMITH_OPTION_STRING,                                                              \
	 .argument = "NAME",                                                                       \
	 .help = "the host of the fleet; if none is given, the one that the machine is"},          \
		{.name = "ssh",                                                                    \
		 .kind = SMITH_OPTION_STRING,                                                      \
		 .argument = "DEST",                                                               \
		 .help = "ask the machine that 'ssh DEST' leads to, instead of this one"},         \
	{                                                                                          \
		.name = "system", .help = "root's units and containers, instead of the user's"     \
	}

static const SmithOption look_options[] = {
	LOOK_OPTIONS,
	{0},
};

static const SmithOption logs_options[] = {
	LOOK_OPTIONS,
	{.name = "follow", .letter = 'f', .help = "wait for more"},
	{.name = "lines",
	 .letter = 'n',
	 .kind = SMITH_OPTION_INT,
	 .argument = "N",
	 .min = 1,
	 .max = G_MAXINT32,
	 .help = "only the last N entries; 100 without --since"},
	{.name = "since",
	 .kind = SMITH_OPTION_STRING,
	 .argument = "TIME",
	 .help = "only what was written since, as journalctl has it: -1h, today, "
		 "'2026-01-31 12:00'"},
	{0},
};

static const SmithOption doctor_options[] = {
	{.name = "host",
	 .kind = SMITH_OPTION_STRING,
	 .argument = "NAME",
	 .help = "tell what this machine lacks to be that host of the fleet"},
	{.name = "system",
	 .help = "with --host: for root's units, not for the user's",
	 .with = "host"},
	{0},
};

static const SmithOption init_options[] = {
	{.name = "from",
	 .kind = SMITH_OPTION_STRING,
	 .argument = "IMAGE",
	 .help = "the base image, instead of one that is made of Debian packages"},
	{.name = "name",
	 .kind = SMITH_OPTION_STRING,
	 .argument = "NAME",
	 .help = "the fleet's name, instead of the directory's"},
	{0},
};

static const SmithOption check_options[] = {
	{.name = "allow",
	 .kind = SMITH_OPTION_LIST,
	 .argument = "RULE[:SUBJECT]",
	 .help = "leave out these findings; may be given several times"},
	{.name = "strict", .help = "exit 3 also when there are only warnings"},
	{.name = "context", .help = "show the lines that findings are about"},
	{.name = "rules", .help = "list the rules"},
	{.name = "explain",
	 .kind = SMITH_OPTION_STRING,
	 .argument = "RULE",
	 .help = "say what a rule is about, and what to do",
	 .without = "rules"},
	{0},
};

static const SmithOption inspect_options[] = {
	{.name = "raw", .help = "the manifest's bytes as they are stored"},
	{.name = "manifest", .help = "only the manifest", .without = "raw"},
	{.name = "config", .help = "only the image config", .without = "raw"},
	{0},
};

static const SmithOption ls_options[] = {
	{.name = "long", .letter = 'l', .help = "also mode, owner, size and time"},
	{0},
};

static const SmithOption gc_options[] = {
	{.name = "older-than",
	 .kind = SMITH_OPTION_INT,
	 .argument = "DAYS",
	 .max = 36500,
	 .help = "what was last used so many days ago, instead of 30; 0 is whatever its age"},
	{.name = "image",
	 .kind = SMITH_OPTION_LIST,
	 .argument = "NAME",
	 .help = "remove this image first; may be given several times"},
	{.name = "dry-run", .letter = 'n', .help = "remove nothing; tell what would be"},
	{0},
};

static const SmithOption help_options[] = {
	{.name = "roff", .help = "the parts of a man page that come from the command table"},
	{0},
};

static const char *const architectures[] = {"amd64", "arm64", NULL};

static const SmithOption simulate_options[] = {
	{.name = "arch",
	 .kind = SMITH_OPTION_ENUM,
	 .argument = "ARCH",
	 .values = architectures,
	 .help = "the architecture of the call, instead of this machine's"},
	{0},
};

static const SmithCommand seccomp_rows[] = {
	{.name = "list",
	 .summary = "List the profiles",
	 .of = "seccomp",
	 .run = smith_cmd_seccomp_list},
	{.name = "show",
	 .summary = "Print a profile as podman reads it, without includes",
	 .operands = "NAME",
	 .min_operands = 1,
	 .max_operands = 1,
	 .of = "seccomp",
	 .run = smith_cmd_seccomp_show},
	{.name = "explain",
	 .summary = "Tell what a profile says of each call, or of one, and why",
	 .operands = "NAME [CALL]",
	 .min_operands = 1,
	 .max_operands = 2,
	 .of = "seccomp",
	 .run = smith_cmd_seccomp_explain},
	{.name = "diff",
	 .summary = "Tell in what two profiles differ",
	 .operands = "NAME NAME",
	 .min_operands = 2,
	 .max_operands = 2,
	 .of = "seccomp",
	 .run = smith_cmd_seccomp_diff},
	{.name = "lint",
	 .summary = "Check a profile, or all of the fleet's own",
	 .operands = "[NAME]",
	 .max_operands = 1,
	 .of = "seccomp",
	 .run = smith_cmd_seccomp_lint,
	 .finds = true},
	{.name = "simulate",
	 .summary = "Tell what a profile answers to a call, without loading it",
	 .operands = "NAME CALL [ARGUMENT...]",
	 .min_operands = 2,
	 .max_operands = 8,
	 .options = simulate_options,
	 .of = "seccomp",
	 .run = smith_cmd_seccomp_simulate},
	{.name = "record",
	 .summary = "Run a service's image and write the profile of what it calls",
	 .operands = "SERVICE [-- COMMAND...]",
	 .min_operands = 1,
	 .max_operands = G_MAXUINT,
	 .options = record_options,
	 .needs = SMITH_NEEDS_FLEET | SMITH_NEEDS_STORE,
	 .of = "seccomp",
	 .run = smith_cmd_seccomp_record},
	{.name = "check",
	 .summary = "Run a service's image and tell what its profile refuses",
	 .operands = "SERVICE [-- COMMAND...]",
	 .min_operands = 1,
	 .max_operands = G_MAXUINT,
	 .options = profile_check_options,
	 .needs = SMITH_NEEDS_FLEET | SMITH_NEEDS_STORE,
	 .of = "seccomp",
	 .run = smith_cmd_seccomp_check},
	{0},
};

static const SmithCommand rows[] = {
	{.name = "init",
	 .summary = "Write a small fleet to begin with",
	 .operands = "[DIR]",
	 .max_operands = 1,
	 .operand_complete = SMITH_COMPLETE_DIRECTORY,
	 .options = init_options,
	 .run = smith_cmd_init},
	{.name = "lock",
	 .summary = "Resolve every input and write build-lock.json",
	 .options = lock_options,
	 .needs = SMITH_NEEDS_FLEET | SMITH_NEEDS_SOURCES | SMITH_NEEDS_STORE,
	 .run = smith_cmd_lock},
	{.name = "build",
	 .summary = "Build the images that the lock describes",
	 .operands = "[TARGET...]",
	 .max_operands = G_MAXUINT,
	 .options = build_options,
	 .needs = SMITH_NEEDS_FLEET | SMITH_NEEDS_LOCK | SMITH_NEEDS_STORE,
	 .run = smith_cmd_build,
	 .details = "A TARGET is the name of a service, a family or a group, @HOST, or "
		    "SERVICE@HOST. Without one "
		    "everything is built."},
	{.name = "smoke",
	 .summary = "Run images in the sandbox until they are healthy",
	 .operands = "[SERVICE...] | --families [FAMILY...]",
	 .max_operands = G_MAXUINT,
	 .options = smoke_options,
	 .needs = SMITH_NEEDS_FLEET | SMITH_NEEDS_STORE,
	 .run = smith_cmd_smoke,
	 .details = "A SERVICE is a service's name, or SERVICE@HOST. Without one all are run, one "
		    "after the other."},
	{.name = "units",
	 .summary = "Write what runs the fleet: quadlets, kube or sh",
	 .options = units_options,
	 .needs = SMITH_NEEDS_FLEET | SMITH_NEEDS_SOURCES | SMITH_NEEDS_LOCK,
	 .run = smith_cmd_units,
	 .units = true},
	{.name = "ps",
	 .summary = "List what runs on a host beside what should",
	 .operands = "[TARGET...]",
	 .max_operands = G_MAXUINT,
	 .options = look_options,
	 .needs = SMITH_NEEDS_FLEET | SMITH_NEEDS_PEACE,
	 .run = smith_cmd_ps,
	 .details = "A TARGET is the name of a service or a group."},
	{.name = "logs",
	 .summary = "Show what the services of a host have written",
	 .operands = "[TARGET...]",
	 .max_operands = G_MAXUINT,
	 .options = logs_options,
	 .needs = SMITH_NEEDS_FLEET | SMITH_NEEDS_PEACE,
	 .run = smith_cmd_logs,
	 .details = "A TARGET is the name of a service or a group."},
	{.name = "status",
	 .summary = "Tell whether all is well on a host",
	 .operands = "[TARGET...]",
	 .max_operands = G_MAXUINT,
	 .options = look_options,
	 .needs = SMITH_NEEDS_FLEET | SMITH_NEEDS_PEACE,
	 .run = smith_cmd_status,
	 .details = "A TARGET is the name of a service or a group. The exit status is 0 when all "
		    "of them are well."},
	{.name = "images",
	 .summary = "List the images in the store",
	 .needs = SMITH_NEEDS_STORE,
	 .run = smith_cmd_images},
	{.name = "inspect",
	 .summary = "Show an image's manifest and config",
	 .operands = "IMAGE",
	 .min_operands = 1,
	 .max_operands = 1,
	 .options = inspect_options,
	 .needs = SMITH_NEEDS_STORE,
	 .run = smith_cmd_inspect},
	{.name = "ls",
	 .summary = "List the files of an image",
	 .operands = "IMAGE [PATH]",
	 .min_operands = 1,
	 .max_operands = 2,
	 .options = ls_options,
	 .needs = SMITH_NEEDS_STORE,
	 .run = smith_cmd_ls},
	{.name = "history",
	 .summary = "Show an image's layers and what made them",
	 .operands = "IMAGE",
	 .min_operands = 1,
	 .max_operands = 1,
	 .needs = SMITH_NEEDS_STORE,
	 .run = smith_cmd_history},
	{.name = "gc",
	 .summary = "Remove from the store what nothing needs any more",
	 .options = gc_options,
	 .needs = SMITH_NEEDS_STORE,
	 .run = smith_cmd_gc},
	{.name = "check",
	 .summary = "Check the fleet and its lock without building",
	 .operands = "[FILE...]",
	 .max_operands = G_MAXUINT,
	 .operand_complete = SMITH_COMPLETE_FILE,
	 .options = check_options,
	 .run = smith_cmd_check,
	 .details = "A FILE is a startup configuration of a launcher; two of them are the two "
		    "machines of one system. Without one the fleet is checked.",
	 .finds = true},
	{.name = "seccomp",
	 .summary = "Look at seccomp profiles: what services may call",
	 .rows = seccomp_rows,
	 .details = "A NAME is that of a profile: one that comes with ocismith, or the "
		    "fleet's seccomp/NAME.json. A SERVICE is a service's name or SERVICE@HOST, and "
		    "a COMMAND a test that is run beside it."},
	{.name = "schema",
	 .summary = "Print the JSON schema of the fleet's files",
	 .operands = "[fleet|family]",
	 .max_operands = 1,
	 .operand_words = schemas,
	 .run = smith_cmd_schema},
	{.name = "doctor",
	 .summary = "Tell what this machine lets executed steps do",
	 .options = doctor_options,
	 .run = smith_cmd_doctor},
	{.name = "version", .summary = "Show the version", .run = smith_cmd_version},
	{.name = "completion",
	 .summary = "Print the completion script of a shell",
	 .operands = "bash|zsh|fish",
	 .min_operands = 1,
	 .max_operands = 1,
	 .operand_words = shells,
	 .run = smith_cmd_completion},
	{.name = "help",
	 .summary = "Show help on a command",
	 .operands = "[COMMAND [COMMAND]]",
	 .max_operands = 2,
	 .options = help_options,
	 .run = smith_cmd_help},
};

const SmithCommand *smith_command_next_of(const SmithCommand *parent, const SmithCommand *previous)
{
	const SmithCommand *next;

	if (parent == NULL) {
		next = previous == NULL ? rows : previous + 1;
		return next < rows + G_N_ELEMENTS(rows) ? next : NULL;
	}
	next = previous == NULL ? parent->rows : previous + 1;
	return next != NULL && next->name != NULL ? next : NULL;
}

const SmithCommand *smith_command_next(const SmithCommand *previous)
{
	return smith_command_next_of(NULL, previous);
}

const SmithCommand *smith_command_find(const char *name)
{
	for (const SmithCommand *row = smith_command_next(NULL); row != NULL;
	     row = smith_command_next(row))
		if (strcmp(row->name, name) == 0)
			return row;
	return NULL;
}

char *smith_command_title(const SmithCommand *command)
{
	return command->of != NULL ? g_strdup_printf("%s %s", command->of, command->name)
				   : g_strdup(command->name);
}

const SmithCommand *smith_command_lookup_of(const SmithCommand *parent, const char *name,
					    GError **error)
{
	g_autoptr(GPtrArray) known = g_ptr_array_new();
	const char *of = parent != NULL ? parent->name : "";
	const char *space = parent != NULL ? " " : "";
	const char *nearest;

	for (const SmithCommand *row = smith_command_next_of(parent, NULL); row != NULL;
	     row = smith_command_next_of(parent, row)) {
		if (strcmp(row->name, name) == 0)
			return row;
		if (!row->hidden)
			g_ptr_array_add(known, (gpointer)row->name);
	}
	g_ptr_array_add(known, NULL);
	nearest = smith_nearest(name, (const char *const *)known->pdata);
	if (nearest != NULL)
		smith_throw(error, SMITH_ERROR_USAGE,
			    "unknown command '%s%s%s' (did you mean '%s%s%s'?)", of, space, name,
			    of, space, nearest);
	else
		smith_throw(error, SMITH_ERROR_USAGE, "unknown command '%s%s%s'", of, space, name);
	return NULL;
}

const SmithCommand *smith_command_lookup(const char *name, GError **error)
{
	return smith_command_lookup_of(NULL, name, error);
}
