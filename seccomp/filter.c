/* SPDX-License-Identifier: Apache-2.0 */
#include "seccomp/filter.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/library.h"

#define LIBRARY "libseccomp.so.2"
#define MAX_PROGRAM (4096 * 8) /* bytes: the kernel takes 4096 instructions (BPF_MAXINSNS) */
#define MAX_MATCHES 6

#define MAX_NUMBER 1024
#define API_LEVEL 5 /* of libseccomp: with notifications */

typedef struct {
	int (*api_set)(unsigned level);
	scmp_filter_ctx (*init)(uint32_t action);
	void (*release)(scmp_filter_ctx filter);
	int (*attr_set)(scmp_filter_ctx filter, enum scmp_filter_attr name, uint32_t value);
	int (*resolve_name)(const char *name);
	int (*resolve_name_arch)(uint32_t arch, const char *name);
	char *(*resolve_number)(uint32_t arch, int number);
	uint32_t (*arch_native)(void);
	int (*arch_add)(scmp_filter_ctx filter, uint32_t arch);
	int (*arch_remove)(scmp_filter_ctx filter, uint32_t arch);
	int (*rule_add_array)(scmp_filter_ctx filter, uint32_t action, int syscall, unsigned n,
			      const struct scmp_arg_cmp *matches);
	int (*export_bpf)(scmp_filter_ctx filter, int fd);
} Library;

struct SmithFilter {
	const Library *library;
	scmp_filter_ctx context;
	uint32_t otherwise;
	uint32_t arch;	/* of another machine; 0: of this one */
	GArray *before; /* (element-type struct sock_filter) what runs before the library's */
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
	const SmithLibrarySymbol symbols[] = {
		{"seccomp_api_set", &library->api_set},
		{"seccomp_init", &library->init},
		{"seccomp_release", &library->release},
		{"seccomp_attr_set", &library->attr_set},
		{"seccomp_syscall_resolve_name", &library->resolve_name},
		{"seccomp_syscall_resolve_name_arch", &library->resolve_name_arch},
		{"seccomp_syscall_resolve_num_arch", &library->resolve_number},
		{"seccomp_arch_native", &library->arch_native},
		{"seccomp_arch_add", &library->arch_add},
		{"seccomp_arch_remove", &library->arch_remove},
		{"seccomp_rule_add_array", &library->rule_add_array},
		{"seccomp_export_bpf", &library->export_bpf},
	};

	if (smith_library_load(LIBRARY, symbols, G_N_ELEMENTS(symbols)) != NULL) {
		g_free(library);
		return NULL;
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
	case SMITH_FILTER_KILL_THREAD:
		return SCMP_ACT_KILL_THREAD;
	case SMITH_FILTER_TRAP:
		return SCMP_ACT_TRAP;
	case SMITH_FILTER_LOG:
		return SCMP_ACT_LOG;
	case SMITH_FILTER_ALLOW:
		break;
	}
	return SCMP_ACT_ALLOW;
}

static const Library *get_library(GError **error)
{
	static GOnce once = G_ONCE_INIT;

	g_once(&once, load_library, NULL);
	if (once.retval == NULL)
		return smith_throw_null(error, SMITH_ERROR_UNSUPPORTED,
					"cannot load %s; on Debian it is in 'libseccomp2'",
					LIBRARY);
	return once.retval;
}

SmithFilter *smith_filter_new(SmithFilterAction otherwise, int error_number, GError **error)
{
	g_autoptr(SmithFilter) filter = NULL;
	const Library *library = get_library(error);
	int status;

	if (library == NULL)
		return NULL;
	filter = g_new0(SmithFilter, 1);
	filter->library = library;
	filter->otherwise = to_action(otherwise, error_number);
	filter->context = filter->library->init(filter->otherwise);
	filter->before = g_array_new(FALSE, FALSE, sizeof(struct sock_filter));
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

guint32 smith_filter_audit_arch(const char *architecture)
{
	if (strcmp(architecture, "amd64") == 0)
		return SCMP_ARCH_X86_64;
	return strcmp(architecture, "arm64") == 0 ? SCMP_ARCH_AARCH64 : 0;
}

SmithFilter *smith_filter_new_for(const char *architecture, SmithFilterAction otherwise,
				  int error_number, GError **error)
{
	uint32_t arch = smith_filter_audit_arch(architecture);
	g_autoptr(SmithFilter) filter = smith_filter_new(otherwise, error_number, error);

	if (filter == NULL)
		return NULL;
	if (arch == 0)
		return smith_throw_null(error, SMITH_ERROR_UNSUPPORTED,
					"no seccomp filter can be made for architecture '%s'",
					architecture);
	if (arch == filter->library->arch_native())
		return g_steal_pointer(&filter);
	filter->arch = arch;
	if (filter->library->arch_add(filter->context, arch) != 0 ||
	    filter->library->arch_remove(filter->context, filter->library->arch_native()) != 0)
		return smith_throw_null(error, SMITH_ERROR_UNSUPPORTED,
					"%s cannot make a filter for architecture '%s'", LIBRARY,
					architecture);
	return g_steal_pointer(&filter);
}

static int find_young(const char *syscall)
{
	for (gsize i = 0; i < G_N_ELEMENTS(young); i++)
		if (strcmp(syscall, young[i].name) == 0)
			return young[i].number;
	return __NR_SCMP_ERROR;
}

static int find_number(const SmithFilter *filter, const char *syscall)
{
	int number = filter->library->resolve_name(syscall);

	return number != __NR_SCMP_ERROR ? number : find_young(syscall);
}

/* The library goes by way of its names to the number on another machine, and a young call has none
 * there. */
static gboolean add_before(SmithFilter *filter, uint32_t action, const char *syscall,
			   guint n_matches, GError **error)
{
	const struct sock_filter code[] = {
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (guint32)find_young(syscall), 0, 1),
		BPF_STMT(BPF_RET | BPF_K, action),
	};

	if (n_matches > 0)
		return smith_throw(error, SMITH_ERROR_UNSUPPORTED,
				   "%s does not know '%s', which can have no rule with arguments "
				   "for another architecture",
				   LIBRARY, syscall);
	g_array_append_vals(filter->before, code, G_N_ELEMENTS(code));
	return TRUE;
}

static gboolean add_rule(SmithFilter *filter, SmithFilterAction action, int error_number,
			 const char *syscall, const struct scmp_arg_cmp *compares, guint n,
			 GError **error)
{
	uint32_t what = to_action(action, error_number);
	int number = find_number(filter, syscall);
	bool named = filter->library->resolve_name(syscall) != __NR_SCMP_ERROR;
	int status;

	if (number == __NR_SCMP_ERROR)
		return smith_throw(error, SMITH_ERROR_INVALID, "'%s' is no system call", syscall);
	/* the library refuses what says nothing new */
	if (what == filter->otherwise)
		return TRUE;
	if (filter->arch != 0 && !named)
		return add_before(filter, what, syscall, n, error);
	/* negative: not of this architecture */
	if ((filter->arch == 0 ? number
			       : filter->library->resolve_name_arch(filter->arch, syscall)) < 0)
		return TRUE;
	status = filter->library->rule_add_array(filter->context, what, number, n, compares);
	if (status != 0 && status != -EEXIST)
		return smith_throw(error, SMITH_ERROR_UNSUPPORTED,
				   "cannot add a rule of '%s' to the seccomp filter: %s", syscall,
				   g_strerror(-status));
	return TRUE;
}

static gboolean check_count(const char *syscall, guint n, GError **error)
{
	if (n > MAX_MATCHES)
		return smith_throw(error, SMITH_ERROR_INVALID,
				   "a rule of '%s' has %u matches, at most %d go", syscall, n,
				   MAX_MATCHES);
	return TRUE;
}

gboolean smith_filter_add(SmithFilter *filter, SmithFilterAction action, int error_number,
			  const char *syscall, const SmithFilterMatch *matches, guint n_matches,
			  GError **error)
{
	struct scmp_arg_cmp compares[MAX_MATCHES];

	if (!check_count(syscall, n_matches, error))
		return FALSE;
	for (guint i = 0; i < n_matches; i++) {
		compares[i].arg = matches[i].argument;
		compares[i].op = SCMP_CMP_MASKED_EQ;
		compares[i].datum_a = matches[i].mask;
		compares[i].datum_b = matches[i].value;
	}
	return add_rule(filter, action, error_number, syscall, compares, n_matches, error);
}

gboolean smith_filter_add_compare(SmithFilter *filter, SmithFilterAction action, int error_number,
				  const char *syscall, const SmithFilterCompare *compares,
				  guint n_compares, GError **error)
{
	static const enum scmp_compare ops[] = {
		[SMITH_FILTER_EQ] = SCMP_CMP_EQ,
		[SMITH_FILTER_NE] = SCMP_CMP_NE,
		[SMITH_FILTER_LT] = SCMP_CMP_LT,
		[SMITH_FILTER_LE] = SCMP_CMP_LE,
		[SMITH_FILTER_GE] = SCMP_CMP_GE,
		[SMITH_FILTER_GT] = SCMP_CMP_GT,
		[SMITH_FILTER_MASKED_EQ] = SCMP_CMP_MASKED_EQ,
	};
	struct scmp_arg_cmp to[MAX_MATCHES];

	if (!check_count(syscall, n_compares, error))
		return FALSE;
	for (guint i = 0; i < n_compares; i++) {
		bool masked = compares[i].op == SMITH_FILTER_MASKED_EQ;

		to[i].arg = compares[i].argument;
		to[i].op = ops[compares[i].op];
		to[i].datum_a = masked ? compares[i].mask : compares[i].value;
		to[i].datum_b = masked ? compares[i].value : 0;
	}
	return add_rule(filter, action, error_number, syscall, to, n_compares, error);
}

/* What was added by add_before(), for its architecture only, and then the library's. */
static GBytes *join(const SmithFilter *filter, GBytes *program)
{
	guint n = filter->before->len;
	const struct sock_filter head[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, filter->arch, 0, (guint8)(n + 1)),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	};
	GByteArray *out;

	if (n == 0)
		return g_bytes_ref(program);
	out = g_byte_array_new();
	g_byte_array_append(out, (const guint8 *)head, sizeof head);
	g_byte_array_append(out, (const guint8 *)filter->before->data,
			    (guint)(n * sizeof(struct sock_filter)));
	g_byte_array_append(out, g_bytes_get_data(program, NULL), (guint)g_bytes_get_size(program));
	return g_byte_array_free_to_bytes(out);
}

GBytes *smith_filter_export(const SmithFilter *filter, GError **error)
{
	smith_autofd int fd = memfd_create("ocismith-filter", MFD_CLOEXEC);
	g_autoptr(GBytes) program = NULL;
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
	program = smith_fd_read_all(fd, "seccomp filter", MAX_PROGRAM, error);
	return program != NULL ? join(filter, program) : NULL;
}

void smith_filter_free(SmithFilter *filter)
{
	if (filter == NULL)
		return;
	if (filter->context != NULL)
		filter->library->release(filter->context);
	if (filter->before != NULL)
		g_array_unref(filter->before);
	g_free(filter);
}

int smith_filter_number(const char *architecture, const char *syscall, GError **error)
{
	const Library *library = get_library(error);
	int number = __NR_SCMP_ERROR;

	if (library != NULL)
		number = library->resolve_name_arch(smith_filter_audit_arch(architecture), syscall);
	if (library != NULL && number == __NR_SCMP_ERROR)
		number = find_young(syscall);
	if (library != NULL && number == __NR_SCMP_ERROR)
		return smith_throw_fd(error, SMITH_ERROR_INVALID, "'%s' is no system call",
				      syscall);
	if (number < 0)
		return number == __NR_SCMP_ERROR ? SMITH_FILTER_UNKNOWN : SMITH_FILTER_ABSENT;
	return number;
}

char *smith_filter_name(const char *architecture, int number)
{
	const Library *library = get_library(NULL);
	char *found;
	char *name;

	for (gsize i = 0; i < G_N_ELEMENTS(young); i++)
		if (young[i].number == number)
			return g_strdup(young[i].name);
	found = library != NULL
			? library->resolve_number(smith_filter_audit_arch(architecture), number)
			: NULL;
	name = g_strdup(found);
	free(found);
	return name;
}

static gint compare_names(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static gpointer list_names(gpointer data G_GNUC_UNUSED)
{
	static const char *const architectures[] = {"amd64", "arm64"};
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
	GPtrArray *names = g_ptr_array_new();

	for (gsize i = 0; i < G_N_ELEMENTS(architectures); i++)
		for (int number = 0; number < MAX_NUMBER; number++) {
			char *name = smith_filter_name(architectures[i], number);

			if (name == NULL || !g_hash_table_add(seen, name))
				g_free(name);
			else
				g_ptr_array_add(names, name);
		}
	g_ptr_array_sort(names, compare_names);
	g_ptr_array_add(names, NULL);
	return g_ptr_array_free(names, FALSE);
}

const char *const *smith_filter_names(void)
{
	static GOnce once = G_ONCE_INIT;

	return g_once(&once, list_names, NULL);
}
