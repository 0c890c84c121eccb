/* SPDX-License-Identifier: Apache-2.0 */
#include "seccomp/filter.h"

#include <dlfcn.h>
#include <errno.h>
#include <seccomp.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"

#define LIBRARY "libseccomp.so.2"
#define MAX_PROGRAM (4096 * 8) /* bytes: the kernel takes 4096 instructions (BPF_MAXINSNS) */
#define MAX_MATCHES 6

#define API_LEVEL 5 /* of libseccomp: with notifications */

typedef struct {
	int (*api_set)(unsigned level);
	scmp_filter_ctx (*init)(uint32_t action);
	void (*release)(scmp_filter_ctx filter);
	int (*attr_set)(scmp_filter_ctx filter, enum scmp_filter_attr name, uint32_t value);
	int (*resolve_name)(const char *name);
	int (*rule_add_array)(scmp_filter_ctx filter, uint32_t action, int syscall, unsigned n,
			      const struct scmp_arg_cmp *matches);
	int (*export_bpf)(scmp_filter_ctx filter, int fd);
} Library;

struct SmithFilter {
	const Library *library;
	scmp_filter_ctx context;
	uint32_t otherwise;
};

/* Since 424 a call has the same number on all architectures. */
static const struct {
	const char *name;
	int number;
} young[] = {
	{"cachestat", 451},	    {"fchmodat2", 452},	       {"map_shadow_stack", 453},
	{"futex_wake", 454},	    {"futex_wait", 455},       {"futex_requeue", 456},
	{"statmount", 457},	    {"listmount", 458},	       {"lsm_get_self_attr", 459},
	{"lsm_set_self_attr", 460}, {"lsm_list_modules", 461}, {"mseal", 462},
	{"setxattrat", 463},	    {"getxattrat", 464},       {"listxattrat", 465},
	{"removexattrat", 466},	    {"open_tree_attr", 467},   {"file_getattr", 468},
	{"file_setattr", 469},
};

static gpointer load_library(gpointer data G_GNUC_UNUSED)
{
	Library *library = g_new0(Library, 1);
	void *handle = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
	const struct {
		const char *name;
		void *to;
	} symbols[] = {
		{"seccomp_api_set", &library->api_set},
		{"seccomp_init", &library->init},
		{"seccomp_release", &library->release},
		{"seccomp_attr_set", &library->attr_set},
		{"seccomp_syscall_resolve_name", &library->resolve_name},
		{"seccomp_rule_add_array", &library->rule_add_array},
		{"seccomp_export_bpf", &library->export_bpf},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(symbols); i++) {
		void *symbol = handle != NULL ? dlsym(handle, symbols[i].name) : NULL;

		if (symbol == NULL) {
			g_free(library);
			return NULL;
		}
		memcpy(symbols[i].to, &symbol, sizeof symbol);
	}
	/* a filter is data: what this kernel takes is not asked before it is loaded */
	(void)library->api_set(API_LEVEL);
	return library;
}

static uint32_t to_action(SmithFilterAction action, int error_number)
{
	switch (action) {
	case SMITH_FILTER_ERRNO:
		return SCMP_ACT_ERRNO((uint32_t)error_number);
	case SMITH_FILTER_NOTIFY:
		return SCMP_ACT_NOTIFY;
	case SMITH_FILTER_KILL:
		return SCMP_ACT_KILL_PROCESS;
	case SMITH_FILTER_ALLOW:
		break;
	}
	return SCMP_ACT_ALLOW;
}

SmithFilter *smith_filter_new(SmithFilterAction otherwise, int error_number, GError **error)
{
	static GOnce once = G_ONCE_INIT;
	g_autoptr(SmithFilter) filter = NULL;
	int status;

	g_once(&once, load_library, NULL);
	if (once.retval == NULL)
		return smith_throw_null(error, SMITH_ERROR_UNSUPPORTED,
					"cannot load %s; on Debian it is in 'libseccomp2'",
					LIBRARY);
	filter = g_new0(SmithFilter, 1);
	filter->library = once.retval;
	filter->otherwise = to_action(otherwise, error_number);
	filter->context = filter->library->init(filter->otherwise);
	if (filter->context == NULL)
		return smith_throw_null(error, SMITH_ERROR_UNSUPPORTED,
					"no seccomp filter can be made for this architecture");
	status = filter->library->attr_set(filter->context, SCMP_FLTATR_ACT_BADARCH,
					   SCMP_ACT_KILL_PROCESS);
	/* a tree of comparisons instead of a list; its absence costs only time */
	(void)filter->library->attr_set(filter->context, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (status != 0)
		return smith_throw_null(error, SMITH_ERROR_UNSUPPORTED,
					"the kernel has no seccomp filter that kills: %s",
					g_strerror(-status));
	return g_steal_pointer(&filter);
}

static int find_number(const SmithFilter *filter, const char *syscall)
{
	int number = filter->library->resolve_name(syscall);

	for (gsize i = 0; number == __NR_SCMP_ERROR && i < G_N_ELEMENTS(young); i++)
		if (strcmp(syscall, young[i].name) == 0)
			number = young[i].number;
	return number;
}

gboolean smith_filter_add(SmithFilter *filter, SmithFilterAction action, int error_number,
			  const char *syscall, const SmithFilterMatch *matches, guint n_matches,
			  GError **error)
{
	struct scmp_arg_cmp compares[MAX_MATCHES];
	uint32_t what = to_action(action, error_number);
	int number = find_number(filter, syscall);
	int status;

	if (number == __NR_SCMP_ERROR)
		return smith_throw(error, SMITH_ERROR_INVALID, "'%s' is no system call", syscall);
	if (n_matches > MAX_MATCHES)
		return smith_throw(error, SMITH_ERROR_INVALID,
				   "a rule of '%s' has %u matches, at most %d go", syscall,
				   n_matches, MAX_MATCHES);
	/* negative: not of this architecture; and the library refuses what says nothing new */
	if (number < 0 || what == filter->otherwise)
		return TRUE;
	for (guint i = 0; i < n_matches; i++) {
		compares[i].arg = matches[i].argument;
		compares[i].op = SCMP_CMP_MASKED_EQ;
		compares[i].datum_a = matches[i].mask;
		compares[i].datum_b = matches[i].value;
	}
	status =
		filter->library->rule_add_array(filter->context, what, number, n_matches, compares);
	if (status == -EEXIST)
		return TRUE;
	if (status != 0)
		return smith_throw(error, SMITH_ERROR_UNSUPPORTED,
				   "cannot add a rule of '%s' to the seccomp filter: %s", syscall,
				   g_strerror(-status));
	return TRUE;
}

GBytes *smith_filter_export(const SmithFilter *filter, GError **error)
{
	smith_autofd int fd = memfd_create("ocismith-filter", MFD_CLOEXEC);
	int status;

	if (fd < 0)
		return smith_throw_errno_null(error, "cannot make a file in memory");
	status = filter->library->export_bpf(filter->context, fd);
	if (status != 0)
		return smith_throw_null(error, SMITH_ERROR_FAILED,
					"cannot compile the seccomp filter: %s",
					g_strerror(-status));
	if (lseek(fd, 0, SEEK_SET) != 0)
		return smith_throw_errno_null(error, "cannot read the seccomp filter");
	return smith_fd_read_all(fd, "seccomp filter", MAX_PROGRAM, error);
}

void smith_filter_free(SmithFilter *filter)
{
	if (filter == NULL)
		return;
	if (filter->context != NULL)
		filter->library->release(filter->context);
	g_free(filter);
}
