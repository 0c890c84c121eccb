/* SPDX-License-Identifier: Apache-2.0 */
#include "run/bpf.h"

#include <linux/filter.h>

#include "seccomp/simulate.h"

static const struct sock_filter *get_code(GBytes *program, gsize *n)
{
	gsize size;
	const void *data = g_bytes_get_data(program, &size);
	*n = size / sizeof(struct sock_filter);
	return data;
}

GBytes *smith_bpf_ask(GBytes *program)
{
	gsize n;
	const struct sock_filter *code = get_code(program, &n);
	struct sock_filter *asking = g_memdup2(code, n * sizeof *code);
	for (gsize i = 0; i < n; i++)
		if (asking[i].code == (BPF_RET | BPF_K) &&
		    (asking[i].k & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ERRNO)
			asking[i].k = SECCOMP_RET_USER_NOTIF;
	return g_bytes_new_take(asking, n * sizeof *asking);
}

int smith_bpf_errno(GBytes *program, const struct seccomp_data *data)
{
	guint64 arguments[SMITH_SIMULATE_ARGUMENTS];
	guint32 verdict = 0;
	for (guint i = 0; i < G_N_ELEMENTS(arguments); i++)
		arguments[i] = data->args[i];
	if (!smith_simulate(program, data->arch, data->nr, arguments, &verdict, NULL) ||
	    (verdict & SECCOMP_RET_ACTION_FULL) != SECCOMP_RET_ERRNO)
		return 0;
	return (int)(verdict & SECCOMP_RET_DATA);
}
