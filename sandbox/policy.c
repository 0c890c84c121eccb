/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/policy.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/capability.h>
#include <sys/ioctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "base/error.h"
#include "sandbox/child.h"
#include "sandbox/notify.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x80
#endif
#define LOW 0xffffffffu /* of a 64-bit argument that the kernel reads as an int */

static const struct {
	const char *name;
	int error_number;
} refused[] = {
	/* the C library asks for clone3 first and takes this answer; its flags lie in memory that
	 * no filter sees */
	{"clone3", ENOSYS},
	{"io_uring_setup", ENOSYS},
	{"io_uring_enter", ENOSYS},
	{"io_uring_register", ENOSYS},
	{"mount", EPERM},
	{"umount2", EPERM},
	{"umount", EPERM},
	{"pivot_root", EPERM},
	{"move_mount", EPERM},
	{"open_tree", EPERM},
	{"open_tree_attr", EPERM},
	{"fsopen", EPERM},
	{"fsconfig", EPERM},
	{"fsmount", EPERM},
	{"fspick", EPERM},
	{"mount_setattr", EPERM},
	{"setns", EPERM},
	{"init_module", EPERM},
	{"finit_module", EPERM},
	{"delete_module", EPERM},
	{"bpf", EPERM},
	{"perf_event_open", EPERM},
	{"userfaultfd", EPERM},
	{"fanotify_init", EPERM},
	{"open_by_handle_at", EPERM},
	{"kexec_load", EPERM},
	{"kexec_file_load", EPERM},
	{"reboot", EPERM},
	{"swapon", EPERM},
	{"swapoff", EPERM},
	{"acct", EPERM},
	{"quotactl", EPERM},
	{"quotactl_fd", EPERM},
	{"settimeofday", EPERM},
	{"clock_settime", EPERM},
	{"clock_adjtime", EPERM},
	{"stime", EPERM},
	{"add_key", EPERM},
	{"request_key", EPERM},
	{"keyctl", EPERM},
	{"process_vm_readv", EPERM},
	{"process_vm_writev", EPERM},
	{"process_madvise", EPERM},
	{"pidfd_getfd", EPERM},
	{"kcmp", EPERM},
	{"lookup_dcookie", EPERM},
	{"nfsservctl", EPERM},
	{"vm86", EPERM},
	{"vm86old", EPERM},
	{"iopl", EPERM},
	{"ioperm", EPERM},
	{"vhangup", EPERM},
	{"syslog", EPERM},
};

static const struct {
	const char *name;
	int error_number;
	SmithFilterMatch match;
} refused_when[] = {
	{"ptrace", EPERM, {0, LOW, PTRACE_ATTACH}},
	{"ptrace", EPERM, {0, LOW, PTRACE_SEIZE}},
	{"ioctl", EPERM, {1, LOW, TIOCSTI}},
	{"ioctl", EPERM, {1, LOW, 0x541c /* TIOCLINUX */}},
	{"ioctl", EPERM, {1, LOW, TIOCSETD}},
};

static const guint64 namespaces[] = {CLONE_NEWNS,   CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC,
				     CLONE_NEWUSER, CLONE_NEWPID,    CLONE_NEWNET};

static const int families[] = {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK};

static const int capabilities[] = {
	CAP_CHOWN,  CAP_DAC_OVERRIDE, CAP_FOWNER,  CAP_FSETID,		 CAP_KILL,	 CAP_SETGID,
	CAP_SETUID, CAP_SETPCAP,      CAP_SETFCAP, CAP_NET_BIND_SERVICE, CAP_SYS_CHROOT, CAP_MKNOD,
};

static gboolean add_namespaces(SmithFilter *filter, GError **error)
{
	const SmithFilterMatch time = {0, CLONE_NEWTIME, CLONE_NEWTIME};

	for (gsize i = 0; i < G_N_ELEMENTS(namespaces); i++) {
		const SmithFilterMatch match = {0, namespaces[i], namespaces[i]};

		if (!smith_filter_add(filter, SMITH_FILTER_ERRNO, EPERM, "clone", &match, 1,
				      error) ||
		    !smith_filter_add(filter, SMITH_FILTER_ERRNO, EPERM, "unshare", &match, 1,
				      error))
			return FALSE;
	}
	/* in clone() this bit is part of the signal */
	return smith_filter_add(filter, SMITH_FILTER_ERRNO, EPERM, "unshare", &time, 1, error);
}

static gboolean add_families(SmithFilter *filter, GError **error)
{
	for (int family = 0; family < 64; family++) {
		const SmithFilterMatch match = {0, LOW, (guint64)family};
		bool wanted = false;

		for (gsize i = 0; i < G_N_ELEMENTS(families); i++)
			wanted = wanted || families[i] == family;
		if (!wanted && !smith_filter_add(filter, SMITH_FILTER_ERRNO, EAFNOSUPPORT, "socket",
						 &match, 1, error))
			return FALSE;
	}
	return TRUE;
}

static gboolean add_refused(SmithFilter *filter, GError **error)
{
	for (gsize i = 0; i < G_N_ELEMENTS(refused); i++)
		if (!smith_filter_add(filter, SMITH_FILTER_ERRNO, refused[i].error_number,
				      refused[i].name, NULL, 0, error))
			return FALSE;
	for (gsize i = 0; i < G_N_ELEMENTS(refused_when); i++)
		if (!smith_filter_add(filter, SMITH_FILTER_ERRNO, refused_when[i].error_number,
				      refused_when[i].name, &refused_when[i].match, 1, error))
			return FALSE;
	return add_namespaces(filter, error) && add_families(filter, error);
}

GBytes *smith_policy_filter(SmithPolicyOwners owners, GError **error)
{
	g_autoptr(SmithFilter) filter = smith_filter_new(SMITH_FILTER_ALLOW, 0, error);

	if (filter == NULL || !add_refused(filter, error))
		return NULL;
	if (owners == SMITH_POLICY_RECORDED_OWNERS && !smith_notify_add_rules(filter, error))
		return NULL;
	if (owners == SMITH_POLICY_REAL_OWNERS && !smith_notify_add_acl_rules(filter, error))
		return NULL;
	return smith_filter_export(filter, error);
}

uint64_t smith_policy_capabilities(void)
{
	uint64_t bits = 0;

	for (gsize i = 0; i < G_N_ELEMENTS(capabilities); i++)
		bits |= (uint64_t)1 << capabilities[i];
	return bits;
}

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#endif

GBytes *smith_policy_pass_messages(GBytes *program, GError **error)
{
	const guint32 low = offsetof(struct seccomp_data, args);
	const struct sock_filter before[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 0, 7),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_sendmsg, 0, 5),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, low),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SMITH_CHILD_CONTROL, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, low + 2 * sizeof(guint64)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SMITH_CHILD_FLAGS, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	gsize size;
	const void *data = g_bytes_get_data(program, &size);
	g_autoptr(GByteArray) all = g_byte_array_new();

	if (size == 0 || size % sizeof *before != 0 ||
	    size / sizeof *before + G_N_ELEMENTS(before) > BPF_MAXINSNS)
		return smith_throw_null(error, SMITH_ERROR_LIMIT,
					"the seccomp filter has %zu instructions, at most %zu go",
					size / sizeof *before,
					(gsize)BPF_MAXINSNS - G_N_ELEMENTS(before));
	g_byte_array_append(all, (const guint8 *)before, sizeof before);
	g_byte_array_append(all, data, (guint)size);
	return g_byte_array_free_to_bytes(g_steal_pointer(&all));
}
