/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/notify.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/prctl.h>

/* those of which every call is one */
static const char *const handed_over[] = {
	"chown",	"lchown",	"fchown",    "fchownat",   "chmod",	 "fchmod",
	"fchmodat",	"fchmodat2",	"mknod",     "mknodat",	   "mkdir",	 "mkdirat",
	"creat",	"symlink",	"symlinkat", "stat",	   "lstat",	 "fstat",
	"newfstatat",	"statx",	"setxattr",  "lsetxattr",  "fsetxattr",	 "getxattr",
	"lgetxattr",	"fgetxattr",	"listxattr", "llistxattr", "flistxattr", "removexattr",
	"lremovexattr", "fremovexattr", "setuid",    "setgid",	   "setreuid",	 "setregid",
	"setresuid",	"setresgid",	"setfsuid",  "setfsgid",   "setgroups",	 "getuid",
	"geteuid",	"getgid",	"getegid",   "getresuid",  "getresgid",	 "getgroups",
	"chroot",
};

/* Their arguments are in memory, or newer than what is handed over. */
static const char *const missing[] = {
	"openat2", "setxattrat", "getxattrat", "listxattrat", "removexattrat", "file_setattr",
};

static const char *const setters[] = {"setxattr", "lsetxattr", "fsetxattr"};

static const struct {
	const char *name;
	guint flags;
} opens[] = {{"open", 1}, {"openat", 2}};

/* Only those that may make a file; without O_DIRECTORY, O_TMPFILE is a bit of its own. */
static gboolean add_opens(SmithFilter *filter, GError **error)
{
	static const guint64 bits[] = {O_CREAT, O_TMPFILE & ~O_DIRECTORY};
	for (gsize i = 0; i < G_N_ELEMENTS(opens); i++) {
		for (gsize j = 0; j < G_N_ELEMENTS(bits); j++) {
			SmithFilterMatch match = {opens[i].flags, bits[j], bits[j]};
			if (!smith_filter_add(filter, SMITH_FILTER_NOTIFY, 0, opens[i].name, &match,
					      1, error))
				return FALSE;
		}
	}
	return TRUE;
}

gboolean smith_notify_add_rules(SmithFilter *filter, GError **error)
{
	const SmithFilterMatch keep = {0, G_MAXUINT32, PR_SET_KEEPCAPS};
	for (gsize i = 0; i < G_N_ELEMENTS(handed_over); i++)
		if (!smith_filter_add(filter, SMITH_FILTER_NOTIFY, 0, handed_over[i], NULL, 0,
				      error))
			return FALSE;
	for (gsize i = 0; i < G_N_ELEMENTS(missing); i++)
		if (!smith_filter_add(filter, SMITH_FILTER_ERRNO, ENOSYS, missing[i], NULL, 0,
				      error))
			return FALSE;
	return smith_filter_add(filter, SMITH_FILTER_NOTIFY, 0, "prctl", &keep, 1, error) &&
	       add_opens(filter, error);
}

gboolean smith_notify_add_acl_rules(SmithFilter *filter, GError **error)
{
	for (gsize i = 0; i < G_N_ELEMENTS(setters); i++)
		if (!smith_filter_add(filter, SMITH_FILTER_NOTIFY, 0, setters[i], NULL, 0, error))
			return FALSE;
	return smith_filter_add(filter, SMITH_FILTER_ERRNO, ENOSYS, "setxattrat", NULL, 0, error);
}
