/* SPDX-License-Identifier: Apache-2.0 */
#include "run/decode.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "run/task.h"

/* A letter for each argument: f descriptor, d directory descriptor, p path, i number, x bits, S
 * family, T type of a socket, a address of a socket, s signal; more arguments are not shown. */
static const struct {
	const char *name;
	const char *arguments;
} shapes[] = {
	{"accept", "f"},	{"accept4", "f"},	{"access", "pi"},
	{"bind", "fa"},		{"chdir", "p"},		{"chmod", "px"},
	{"chown", "pii"},	{"clone", "x"},		{"connect", "fa"},
	{"execve", "p"},	{"execveat", "dp"},	{"faccessat", "dpi"},
	{"faccessat2", "dpix"}, {"fchmod", "fx"},	{"fchmodat", "dpx"},
	{"fchown", "fii"},	{"fchownat", "dpii"},	{"fcntl", "fi"},
	{"flock", "fi"},	{"fsync", "f"},		{"ftruncate", "fi"},
	{"getxattr", "pp"},	{"inotify_init1", "x"}, {"io_uring_setup", "i"},
	{"ioctl", "fx"},	{"kill", "is"},		{"link", "pp"},
	{"listen", "fi"},	{"lstat", "p"},		{"memfd_create", "px"},
	{"mkdir", "px"},	{"mkdirat", "dpx"},	{"mknodat", "dpx"},
	{"mount", "ppp"},	{"newfstatat", "dp"},	{"open", "px"},
	{"openat", "dpx"},	{"openat2", "dp"},	{"prctl", "i"},
	{"prlimit64", "ii"},	{"ptrace", "ii"},	{"read", "f"},
	{"readlink", "p"},	{"readlinkat", "dp"},	{"rename", "pp"},
	{"renameat", "dpdp"},	{"renameat2", "dpdpx"}, {"rmdir", "p"},
	{"setgid", "i"},	{"setsockopt", "fii"},	{"setuid", "i"},
	{"setxattr", "pp"},	{"socket", "STi"},	{"socketpair", "STi"},
	{"stat", "p"},		{"statfs", "p"},	{"statx", "dpx"},
	{"symlink", "pp"},	{"symlinkat", "pdp"},	{"tgkill", "iis"},
	{"truncate", "pi"},	{"umount2", "px"},	{"unlink", "p"},
	{"unlinkat", "dpx"},	{"unshare", "x"},	{"utimensat", "dp"},
	{"write", "f"},
};

static const struct {
	int number;
	const char *name;
} families[] = {
	{AF_UNIX, "AF_UNIX"},	  {AF_INET, "AF_INET"},
	{AF_INET6, "AF_INET6"},	  {AF_NETLINK, "AF_NETLINK"},
	{AF_PACKET, "AF_PACKET"}, {AF_ALG, "AF_ALG"},
	{AF_VSOCK, "AF_VSOCK"},	  {AF_BLUETOOTH, "AF_BLUETOOTH"},
	{AF_CAN, "AF_CAN"},	  {AF_KEY, "AF_KEY"},
	{AF_XDP, "AF_XDP"},
};

char *smith_decode_family(guint64 family)
{
	for (guint i = 0; i < G_N_ELEMENTS(families); i++)
		if ((guint64)families[i].number == family)
			return g_strdup(families[i].name);
	return g_strdup_printf("%" G_GUINT64_FORMAT, family);
}

static char *decode_type(guint64 type)
{
	static const char *const names[] = {"0",	"SOCK_STREAM", "SOCK_DGRAM",
					    "SOCK_RAW", "SOCK_RDM",    "SOCK_SEQPACKET"};
	guint64 kind = type & 0xf;
	return kind < G_N_ELEMENTS(names) ? g_strdup(names[kind])
					  : g_strdup_printf("%" G_GUINT64_FORMAT, kind);
}

static char *decode_path(pid_t tid, guint64 address)
{
	g_autofree char *path = smith_task_read_string(tid, address);
	g_autofree char *escaped = path != NULL ? g_strescape(path, NULL) : NULL;
	return escaped != NULL ? g_strdup_printf("\"%s\"", escaped)
			       : g_strdup_printf("0x%" G_GINT64_MODIFIER "x", address);
}

static char *decode_address(pid_t tid, guint64 address)
{
	union {
		sa_family_t family;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
		struct sockaddr_un un;
	} name;
	memset(&name, 0, sizeof name);
	if (smith_task_read(tid, address, &name, sizeof name.in) < (gssize)sizeof name.in)
		return g_strdup("?");
	g_autofree char *family = smith_decode_family(name.family);
	if (name.family == AF_INET || name.family == AF_INET6)
		return g_strdup_printf("%s port %u", family, g_ntohs(name.in.sin_port));
	return g_steal_pointer(&family);
}

static char *decode_argument(pid_t tid, char kind, guint64 value)
{
	switch (kind) {
	case 'p':
		return decode_path(tid, value);
	case 'd':
		if ((int)value == AT_FDCWD)
			return g_strdup("AT_FDCWD");
		return g_strdup_printf("%d", (int)value);
	case 'f':
	case 'i':
		return g_strdup_printf("%d", (int)value);
	case 's':
		return g_strdup(g_strsignal((int)value));
	case 'S':
		return smith_decode_family(value);
	case 'T':
		return decode_type(value);
	case 'a':
		return decode_address(tid, value);
	default:
		return g_strdup_printf("0x%" G_GINT64_MODIFIER "x", value);
	}
}

char *smith_decode_call(pid_t tid, const char *name, const struct seccomp_data *data)
{
	g_autoptr(GString) text = g_string_new(name);
	const char *kinds = "xxx";
	for (guint i = 0; i < G_N_ELEMENTS(shapes); i++)
		if (strcmp(shapes[i].name, name) == 0)
			kinds = shapes[i].arguments;
	g_string_append_c(text, '(');
	for (guint i = 0; kinds[i] != '\0'; i++) {
		g_autofree char *argument = decode_argument(tid, kinds[i], data->args[i]);
		g_string_append_printf(text, "%s%s", i > 0 ? ", " : "", argument);
	}
	g_string_append_c(text, ')');
	return g_string_free(g_steal_pointer(&text), FALSE);
}
