/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>

/* What a seccomp filter answers, without loading it. */
#if defined(__x86_64__)
#define FILTER_OWN_ARCH AUDIT_ARCH_X86_64
#define FILTER_OTHER_ARCH AUDIT_ARCH_I386
#elif defined(__aarch64__)
#define FILTER_OWN_ARCH AUDIT_ARCH_AARCH64
#define FILTER_OTHER_ARCH AUDIT_ARCH_ARM
#endif

/* The program's answer, as the kernel would run it (Documentation/networking/filter.rst): only the
 * instructions that a seccomp filter has. */
static inline guint32 filter_evaluate(GBytes *program, const struct seccomp_data *data)
{
	gsize size;
	const struct sock_filter *code = g_bytes_get_data(program, &size);
	gsize n = size / sizeof *code;
	guint32 a = 0;
	guint32 memory[BPF_MEMWORDS] = {0};

	g_assert_cmpuint(size % sizeof *code, ==, 0);
	for (gsize i = 0; i < n; i++) {
		const struct sock_filter *op = &code[i];

		switch (op->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			g_assert_cmpuint(op->k, <=, sizeof *data - 4);
			memcpy(&a, (const char *)data + op->k, 4);
			break;
		case BPF_LD | BPF_MEM:
			a = memory[op->k];
			break;
		case BPF_ST:
			memory[op->k] = a;
			break;
		case BPF_ALU | BPF_AND | BPF_K:
			a &= op->k;
			break;
		case BPF_JMP | BPF_JA:
			i += op->k;
			break;
		case BPF_JMP | BPF_JEQ | BPF_K:
			i += a == op->k ? op->jt : op->jf;
			break;
		case BPF_JMP | BPF_JGT | BPF_K:
			i += a > op->k ? op->jt : op->jf;
			break;
		case BPF_JMP | BPF_JGE | BPF_K:
			i += a >= op->k ? op->jt : op->jf;
			break;
		case BPF_RET | BPF_K:
			return op->k;
		default:
			g_error("instruction %#x is not known", op->code);
		}
	}
	g_error("the program has no end");
}

static inline guint32 filter_ask(GBytes *program, long number, guint64 first, guint64 second)
{
	const struct seccomp_data data = {
		.nr = (int)number, .arch = FILTER_OWN_ARCH, .args = {first, second}};

	return filter_evaluate(program, &data);
}
