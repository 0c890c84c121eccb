/* SPDX-License-Identifier: Apache-2.0 */
#include "seccomp/simulate.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <string.h>

#include "base/error.h"

typedef struct {
	guint32 a;
	guint32 x;
	guint32 memory[BPF_MEMWORDS];
	struct seccomp_data data;
	gsize at;
	bool done;
	guint32 verdict;
} Machine;

static bool load(Machine *machine, const struct sock_filter *op)
{
	switch (op->code) {
	case BPF_LD | BPF_W | BPF_ABS:
		if (op->k % 4 != 0 || op->k > sizeof machine->data - 4)
			return false;
		memcpy(&machine->a, (const char *)&machine->data + op->k, 4);
		return true;
	case BPF_LD | BPF_IMM:
		machine->a = op->k;
		return true;
	case BPF_LDX | BPF_IMM:
		machine->x = op->k;
		return true;
	case BPF_LD | BPF_W | BPF_LEN:
		machine->a = sizeof machine->data;
		return true;
	case BPF_LDX | BPF_W | BPF_LEN:
		machine->x = sizeof machine->data;
		return true;
	default:
		break;
	}
	if (op->k >= BPF_MEMWORDS)
		return false;
	if (op->code == (BPF_LD | BPF_MEM))
		machine->a = machine->memory[op->k];
	else if (op->code == (BPF_LDX | BPF_MEM))
		machine->x = machine->memory[op->k];
	else if (op->code == BPF_ST)
		machine->memory[op->k] = machine->a;
	else if (op->code == BPF_STX)
		machine->memory[op->k] = machine->x;
	else
		return false;
	return true;
}

static bool calculate(Machine *machine, const struct sock_filter *op)
{
	guint32 by = BPF_SRC(op->code) == BPF_X ? machine->x : op->k;
	guint32 *a = &machine->a;

	switch (BPF_OP(op->code)) {
	case BPF_ADD:
		*a += by;
		return true;
	case BPF_SUB:
		*a -= by;
		return true;
	case BPF_MUL:
		*a *= by;
		return true;
	case BPF_DIV:
		*a = by != 0 ? *a / by : 0;
		return by != 0 || BPF_SRC(op->code) == BPF_X;
	case BPF_AND:
		*a &= by;
		return true;
	case BPF_OR:
		*a |= by;
		return true;
	case BPF_XOR:
		*a ^= by;
		return true;
	case BPF_LSH:
		*a <<= by & 31;
		return true;
	case BPF_RSH:
		*a >>= by & 31;
		return true;
	case BPF_NEG:
		*a = 0 - *a;
		return true;
	default:
		return false;
	}
}

static bool jump(Machine *machine, const struct sock_filter *op)
{
	guint32 by = BPF_SRC(op->code) == BPF_X ? machine->x : op->k;
	bool yes;

	switch (BPF_OP(op->code)) {
	case BPF_JA:
		machine->at += op->k;
		return true;
	case BPF_JEQ:
		yes = machine->a == by;
		break;
	case BPF_JGT:
		yes = machine->a > by;
		break;
	case BPF_JGE:
		yes = machine->a >= by;
		break;
	case BPF_JSET:
		yes = (machine->a & by) != 0;
		break;
	default:
		return false;
	}
	machine->at += yes ? op->jt : op->jf;
	return true;
}

static bool step(Machine *machine, const struct sock_filter *op)
{
	switch (BPF_CLASS(op->code)) {
	case BPF_LD:
	case BPF_LDX:
	case BPF_ST:
	case BPF_STX:
		return load(machine, op);
	case BPF_ALU:
		return calculate(machine, op);
	case BPF_JMP:
		return jump(machine, op);
	case BPF_RET:
		machine->done = true;
		machine->verdict = BPF_RVAL(op->code) == BPF_A ? machine->a : op->k;
		return BPF_RVAL(op->code) == BPF_A || BPF_RVAL(op->code) == BPF_K;
	case BPF_MISC:
		if (BPF_MISCOP(op->code) == BPF_TAX)
			machine->x = machine->a;
		else
			machine->a = machine->x;
		return BPF_MISCOP(op->code) == BPF_TAX || BPF_MISCOP(op->code) == BPF_TXA;
	default:
		return false;
	}
}

gboolean smith_simulate(GBytes *program, guint32 arch, int number,
			const guint64 arguments[SMITH_SIMULATE_ARGUMENTS], guint32 *verdict,
			GError **error)
{
	gsize size;
	const struct sock_filter *code = g_bytes_get_data(program, &size);
	gsize n = size / sizeof *code;
	Machine machine = {.data = {.nr = number, .arch = arch}};

	memcpy(machine.data.args, arguments, sizeof machine.data.args);
	/* jumps only lead forward, so that it ends */
	while (!machine.done) {
		gsize at = machine.at++;

		if (at >= n)
			return smith_throw(error, SMITH_ERROR_INVALID,
					   "the seccomp program has no end");
		if (!step(&machine, &code[at]))
			return smith_throw(error, SMITH_ERROR_INVALID,
					   "instruction %" G_GSIZE_FORMAT
					   " of the seccomp program, %#x, is not known",
					   at, code[at].code);
	}
	*verdict = machine.verdict;
	return TRUE;
}

char *smith_simulate_verdict(guint32 verdict)
{
	guint32 data = verdict & SECCOMP_RET_DATA;
	const char *name = strerrorname_np((int)data);

	switch (verdict & SECCOMP_RET_ACTION_FULL) {
	case SECCOMP_RET_ALLOW:
		return g_strdup("ALLOW");
	case SECCOMP_RET_ERRNO:
		return data != 0 && name != NULL ? g_strdup_printf("ERRNO(%s)", name)
						 : g_strdup_printf("ERRNO(%u)", data);
	case SECCOMP_RET_LOG:
		return g_strdup("LOG");
	case SECCOMP_RET_TRAP:
		return g_strdup("TRAP");
	case SECCOMP_RET_TRACE:
		return g_strdup("TRACE");
	case SECCOMP_RET_USER_NOTIF:
		return g_strdup("NOTIFY");
	case SECCOMP_RET_KILL_THREAD:
		return g_strdup("KILL_THREAD");
	default:
		return g_strdup("KILL_PROCESS");
	}
}
