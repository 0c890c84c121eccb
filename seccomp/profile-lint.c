/* SPDX-License-Identifier: Apache-2.0 */
#include "seccomp/profile-lint.h"

#include <errno.h>
#include <string.h>

#include "seccomp/filter.h"
#include "seccomp/profile-private.h"

#define NEW_NAMESPACES G_GUINT64_CONSTANT(0x7e020000) /* CLONE_NEWNS to CLONE_NEWNET */

static const struct {
	const char *name;
	const char *why;
} dangers[] = {
	{"acct", "it writes down what all processes do"},
	{"add_key", "keyrings are shared with the machine"},
	{"bpf", "it loads programs into the kernel"},
	{"chroot", "a root of its own is the runtime's"},
	{"clock_adjtime", "the clock is the machine's"},
	{"clock_settime", "the clock is the machine's"},
	{"delete_module", "modules are the machine's"},
	{"finit_module", "it loads code into the kernel"},
	{"fsconfig", "mounts are the runtime's"},
	{"fsmount", "mounts are the runtime's"},
	{"fsopen", "mounts are the runtime's"},
	{"fspick", "mounts are the runtime's"},
	{"init_module", "it loads code into the kernel"},
	{"ioperm", "it opens ports of the hardware"},
	{"iopl", "it opens ports of the hardware"},
	{"kexec_file_load", "it starts another kernel"},
	{"kexec_load", "it starts another kernel"},
	{"keyctl", "keyrings are shared with the machine"},
	{"lookup_dcookie", "it is for profilers of the machine"},
	{"mount", "mounts are the runtime's"},
	{"mount_setattr", "mounts are the runtime's"},
	{"move_mount", "mounts are the runtime's"},
	{"open_by_handle_at", "it opens files past all mounts"},
	{"open_tree", "mounts are the runtime's"},
	{"perf_event_open", "it has let programs into the kernel before"},
	{"pivot_root", "a root of its own is the runtime's"},
	{"ptrace", "it reads and changes other programs"},
	{"quotactl", "quotas are the machine's"},
	{"reboot", "the machine is not the service's"},
	{"request_key", "keyrings are shared with the machine"},
	{"setdomainname", "names are the runtime's"},
	{"sethostname", "names are the runtime's"},
	{"settimeofday", "the clock is the machine's"},
	{"swapoff", "memory is the machine's"},
	{"swapon", "memory is the machine's"},
	{"syslog", "the kernel's log tells addresses"},
	{"umount2", "mounts are the runtime's"},
	{"userfaultfd", "it makes races in the kernel easy to win"},
	{"vhangup", "the terminal is not the service's"},
};

/* A call of amd64 and what the C library of arm64, which lacks it, calls instead. */
static const struct {
	const char *name;
	const char *twin;
} twins[] = {
	{"access", "faccessat"},
	{"alarm", "setitimer"},
	{"chmod", "fchmodat"},
	{"chown", "fchownat"},
	{"creat", "openat"},
	{"dup2", "dup3"},
	{"epoll_create", "epoll_create1"},
	{"epoll_wait", "epoll_pwait"},
	{"eventfd", "eventfd2"},
	{"fork", "clone"},
	{"getdents", "getdents64"},
	{"getpgrp", "getpgid"},
	{"inotify_init", "inotify_init1"},
	{"lchown", "fchownat"},
	{"link", "linkat"},
	{"lstat", "newfstatat"},
	{"mkdir", "mkdirat"},
	{"mknod", "mknodat"},
	{"open", "openat"},
	{"pause", "ppoll"},
	{"pipe", "pipe2"},
	{"poll", "ppoll"},
	{"readlink", "readlinkat"},
	{"rename", "renameat"},
	{"rmdir", "unlinkat"},
	{"select", "pselect6"},
	{"signalfd", "signalfd4"},
	{"stat", "newfstatat"},
	{"symlink", "symlinkat"},
	{"unlink", "unlinkat"},
	{"utime", "utimensat"},
	{"utimes", "utimensat"},
	{"vfork", "clone"},
};

/* Others than the dangers: why this one, of which more must be said. */
static const struct {
	const char *name;
	const char *why;
} namespaces[] = {
	{"clone3", "its flags cannot be seen by a filter, so that it makes any namespace; without "
		   "it (ENOSYS) the C library takes 'clone'"},
	{"setns", "it enters namespaces of others"},
	{"unshare", "it makes namespaces, in which the kernel does for anybody what else only root "
		    "may ask for"},
	{"io_uring_setup", "what is submitted to a ring passes by the filter"},
	{"io_uring_enter", "what is submitted to a ring passes by the filter"},
	{"io_uring_register", "what is submitted to a ring passes by the filter"},
};

const char *smith_profile_twin(const char *syscall)
{
	for (gsize i = 0; i < G_N_ELEMENTS(twins); i++)
		if (strcmp(twins[i].name, syscall) == 0)
			return twins[i].twin;
	return NULL;
}

const char *smith_profile_danger(const char *syscall)
{
	for (gsize i = 0; i < G_N_ELEMENTS(dangers); i++)
		if (strcmp(dangers[i].name, syscall) == 0)
			return dangers[i].why;
	return NULL;
}

static bool is_allowed(const SmithProfile *profile, const char *name)
{
	for (guint i = 0; i < profile->rules->len; i++) {
		const SmithProfileRule *rule = profile->rules->pdata[i];

		if (strcmp(rule->name, name) == 0 && smith_profile_lets_through(rule->action))
			return true;
	}
	return false;
}

static void G_GNUC_PRINTF(4, 5)
	tell(SmithDiag *diag, const SmithProfileRule *rule, const char *id, const char *format, ...)
{
	SmithSeverity severity =
		strcmp(id, "seccomp-no-reason") == 0 ? SMITH_SEVERITY_NOTE : SMITH_SEVERITY_WARNING;
	va_list args;

	va_start(args, format);
	smith_diag_addv(diag, severity, rule->place, id, rule->name, format, args);
	va_end(args);
}

static void check_name(const SmithProfileRule *rule, SmithDiag *diag)
{
	bool known = smith_filter_number("amd64", "read", NULL) >= 0;
	bool here = smith_filter_number("amd64", rule->name, NULL) >= 0;
	bool there = smith_filter_number("arm64", rule->name, NULL) >= 0;
	const char *nearest;

	/* without the library nothing can be said */
	if (here || there || !known)
		return;
	if (smith_filter_number("amd64", rule->name, NULL) == SMITH_FILTER_ABSENT) {
		tell(diag, rule, "seccomp-never",
		     "'%s' is a call of neither amd64 nor arm64: the rule never matches",
		     rule->name);
		return;
	}
	nearest = smith_nearest(rule->name, smith_filter_names());
	tell(diag, rule, "seccomp-unknown-call",
	     "'%s' is no system call%s%s%s; podman leaves it out without a word", rule->name,
	     nearest != NULL ? " (did you mean '" : "", nearest != NULL ? nearest : "",
	     nearest != NULL ? "'?)" : "");
}

static void check_gap(const SmithProfile *profile, const SmithProfileRule *rule, SmithDiag *diag)
{
	const char *twin = smith_profile_twin(rule->name);
	if (smith_profile_lets_through(rule->action) && twin != NULL && !is_allowed(profile, twin))
		tell(diag, rule, "seccomp-arch-gap",
		     "'%s' is allowed and '%s' is not, which is its like on arm64 and in younger C "
		     "libraries",
		     rule->name, twin);
}

/* Does it let no flag of a namespace through? */
static bool excludes_namespaces(const SmithProfileRule *rule)
{
	for (guint i = 0; i < rule->args->len; i++) {
		const SmithProfileArg *arg = rule->args->pdata[i];

		if (arg->index != 0)
			continue;
		if (strcmp(arg->op, "SCMP_CMP_MASKED_EQ") == 0 &&
		    (arg->value & NEW_NAMESPACES) == NEW_NAMESPACES &&
		    (arg->value_two & NEW_NAMESPACES) == 0)
			return true;
		if (strcmp(arg->op, "SCMP_CMP_EQ") == 0 && (arg->value & NEW_NAMESPACES) == 0)
			return true;
	}
	return false;
}

static void check_wide(const SmithProfileRule *rule, SmithDiag *diag)
{
	const char *why = smith_profile_danger(rule->name);

	if (!smith_profile_lets_through(rule->action) || rule->caps != NULL)
		return;
	if (why != NULL)
		tell(diag, rule, "seccomp-wide", "'%s' is allowed, and no service needs it: %s",
		     rule->name, why);
	for (gsize i = 0; i < G_N_ELEMENTS(namespaces); i++)
		if (strcmp(namespaces[i].name, rule->name) == 0)
			tell(diag, rule, "seccomp-escape", "'%s' is allowed: %s", rule->name,
			     namespaces[i].why);
	if (strcmp(rule->name, "clone") == 0 && !excludes_namespaces(rule))
		tell(diag, rule, "seccomp-escape",
		     "'clone' is allowed with the flags of namespaces; allow it with "
		     "(argument 0 & %" G_GUINT64_FORMAT ") == 0",
		     NEW_NAMESPACES);
}

/* Why a comparison can hold for no value, or NULL. */
static const char *why_never(const SmithProfileArg *arg)
{
	if (strcmp(arg->op, "SCMP_CMP_LT") == 0 && arg->value == 0)
		return "nothing is less than 0";
	if (strcmp(arg->op, "SCMP_CMP_GT") == 0 && arg->value == G_MAXUINT64)
		return "nothing is greater than the greatest number";
	if (strcmp(arg->op, "SCMP_CMP_MASKED_EQ") == 0 && (arg->value_two & ~arg->value) != 0)
		return "'valueTwo' has bits that the mask in 'value' takes away";
	return NULL;
}

static void check_args(const SmithProfileRule *rule, SmithDiag *diag)
{
	guint seen = 0;

	for (guint i = 0; i < rule->args->len; i++) {
		const SmithProfileArg *arg = rule->args->pdata[i];
		const char *why = why_never(arg);

		if (why != NULL)
			tell(diag, rule, "seccomp-never", "the rule of '%s' never matches: %s",
			     rule->name, why);
		if ((seen & 1u << arg->index) != 0)
			tell(diag, rule, "seccomp-repeated-argument",
			     "the rule of '%s' compares argument %u twice: podman then takes each "
			     "comparison for a rule of its own",
			     rule->name, arg->index);
		seen |= 1u << arg->index;
	}
}

/* A rule beside one that says something else of all such calls. */
static void check_covered(const SmithProfile *profile, const SmithProfileRule *rule,
			  SmithDiag *diag)
{
	for (guint i = 0; i < profile->rules->len; i++) {
		const SmithProfileRule *other = profile->rules->pdata[i];

		if (other == rule || strcmp(other->name, rule->name) != 0)
			continue;
		if (smith_profile_rule_compare(other, rule) == 0)
			tell(diag, rule, "seccomp-duplicate",
			     "two rules say different things of the same calls of '%s'",
			     rule->name);
		else if (smith_profile_rule_is_plain(other))
			tell(diag, rule, "seccomp-never",
			     "the rule of '%s' never matches: another one is about all of its "
			     "calls",
			     rule->name);
	}
	if (strcmp(rule->action, profile->default_action) == 0 &&
	    rule->errno_ret == profile->default_errno && rule->args->len > 0 &&
	    rule->reason == NULL)
		tell(diag, rule, "seccomp-never",
		     "the rule of '%s' says what the default action says anyhow", rule->name);
}

static void check_dropped(const SmithProfile *profile, SmithDiag *diag)
{
	for (guint i = 0; i < profile->dropped->len; i++) {
		const SmithProfileRule *rule = profile->dropped->pdata[i];

		tell(diag, rule, "seccomp-duplicate",
		     "the rule of '%s' says nothing that another one does not say", rule->name);
	}
}

static void check_profile(const SmithProfile *profile, SmithDiag *diag)
{
	if (smith_profile_lets_through(profile->default_action))
		smith_diag_add_about(diag, SMITH_SEVERITY_WARNING, profile->place, "seccomp-wide",
				     profile->name,
				     "the default action lets every call through, also those of "
				     "kernels to come");
	if (strcmp(profile->default_action, SMITH_PROFILE_ERRNO) == 0 &&
	    profile->default_errno != ENOSYS)
		smith_diag_add_about(
			diag, SMITH_SEVERITY_WARNING, profile->place, "seccomp-errno",
			profile->name,
			"the default error is %d and not 38 (ENOSYS): libraries fall "
			"back from a call that there is not, and fail when they may not",
			profile->default_errno);
	if (profile->wide_archs)
		smith_diag_add_about(diag, SMITH_SEVERITY_NOTE, profile->place, "seccomp-archs",
				     profile->name,
				     "further architectures are not kept: only calls of amd64 on "
				     "amd64 and of arm64 on arm64 are let in");
}

void smith_profile_lint(const SmithProfile *profile, SmithDiag *diag)
{
	check_profile(profile, diag);
	check_dropped(profile, diag);
	for (guint i = 0; i < profile->rules->len; i++) {
		const SmithProfileRule *rule = profile->rules->pdata[i];

		if (strcmp(rule->from, profile->name) != 0)
			continue;
		check_name(rule, diag);
		check_gap(profile, rule, diag);
		check_wide(rule, diag);
		check_args(rule, diag);
		check_covered(profile, rule, diag);
		if (rule->reason == NULL)
			tell(diag, rule, "seccomp-no-reason",
			     "'%s' has no comment that says what it is for", rule->name);
	}
	smith_diag_sort(diag);
}
