/* SPDX-License-Identifier: Apache-2.0 */
/*
 * owners OPERATIONS SEED DIRECTORY [TEAMS]: each team of workers does so many operations in a
 * directory of its own below DIRECTORY, all teams at once. Says "N operations" and exits 0, or
 * tells the first difference and exits 1.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/owners/owners.h"

enum { WORKERS = 3, LOOK_AT_ALL = 250 };

typedef struct {
	pid_t pid;
	int to;
	int from;
	Who who;
} Worker;

static uint64_t state;

static uint32_t next(uint32_t below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)(state >> 20) % below;
}

static const char *const kinds[OP_COUNT] = {
	"look",	  "create",    "open",	  "tmpfile", "mkdir",	  "device",
	"fifo",	  "socket",    "symlink", "link",    "rename",	  "unlink",
	"chown",  "lchown",    "fchown",  "chmod",   "chmod-dir", "chown-dir",
	"setcap", "removecap", "seteuid", "setegid", "setfsuid",  "setgroups",
	"drop",	  "comeback",  "umask",	  "fork",    "exec",	  "thread",
};

/* Weights: files are made and changed more often than ids. */
static OpKind choose_kind(void)
{
	static const unsigned char weights[OP_COUNT] = {
		4,  10, 5, 3, 5, 5, 3, 2, 6, 5, 8, 10, 10, 10, 4,
		10, 2,	2, 5, 2, 3, 2, 1, 1, 1, 3, 1,  1,  1,  2,
	};
	uint32_t sum = 0;
	uint32_t at;
	for (int i = 0; i < OP_COUNT; i++)
		sum += weights[i];
	at = next(sum);
	for (int i = 0; i < OP_COUNT; i++) {
		if (at < weights[i])
			return (OpKind)i;
		at -= weights[i];
	}
	return OP_LOOK;
}

static uint32_t choose_id(bool may_leave)
{
	static const uint32_t ids[] = {0, 0, 1, 2, 33, 70000};
	return may_leave && next(4) == 0 ? UINT32_MAX : ids[next(6)];
}

static uint32_t choose_mode(void)
{
	static const uint32_t modes[] = {0644, 0600,  0755,  0640,  0444,  0000, 0711,
					 0777, 04755, 02755, 06755, 01755, 0511, 0200};
	return modes[next(sizeof modes / sizeof *modes)];
}

static Op choose(void)
{
	Op op;
	memset(&op, 0, sizeof op);
	op.kind = choose_kind();
	op.a = (int)next(op.kind == OP_CHMOD_DIR || op.kind == OP_CHOWN_DIR ? DIRS : FILES);
	op.b = (int)next(FILES);
	op.how = next(1000);
	op.mode = op.kind == OP_UMASK ? next(2) * 022 : choose_mode();
	if (op.kind == OP_CHMOD_DIR)
		op.mode = next(2) * S_ISGID;
	if (op.kind == OP_SETCAP)
		op.mode = next(2);
	op.uid = choose_id(op.kind >= OP_CHOWN && op.kind <= OP_CHOWN_DIR);
	op.gid = choose_id(op.kind >= OP_CHOWN && op.kind <= OP_CHOWN_DIR);
	op.n_groups = next(GROUPS + 1);
	for (uint32_t i = 0; i < op.n_groups; i++)
		op.groups[i] = i + 1;
	return op;
}

static void start(Worker *worker, const char *program)
{
	int to[2];
	int from[2];
	if (pipe(to) < 0 || pipe(from) < 0)
		abort();
	worker->pid = fork();
	if (worker->pid == 0) {
		/* those of the others, too: each ends with its input */
		for (int fd = 3; fd < 64; fd++)
			if (fd != to[0] && fd != from[1])
				close(fd);
		worker_run(program, to[0], from[1]);
	}
	close(to[0]);
	close(from[1]);
	worker->to = to[1];
	worker->from = from[0];
	memset(&worker->who, 0, sizeof worker->who);
}

/* It may be killed at any time; when it has had children, they end with their input. */
static void stop(Worker *worker)
{
	close(worker->to);
	close(worker->from);
	kill(worker->pid, SIGKILL);
	waitpid(worker->pid, NULL, 0);
}

static void tell(const char *what, const Seen *is, const Seen *should)
{
	printf("  %s: errno %d mode %o owner %u:%u device %x capability %d\n  should be: errno %d "
	       "mode %o owner %u:%u device %x capability %d\n",
	       what, is->error, is->mode, is->uid, is->gid, is->rdev, is->capability, should->error,
	       should->mode, should->uid, should->gid, should->rdev, should->capability);
}

static bool same_seen(const char *what, const Seen *is, const Seen *should)
{
	bool same = is->error == should->error && is->mode == should->mode &&
		    is->uid == should->uid && is->gid == should->gid && is->rdev == should->rdev &&
		    is->capability == should->capability;
	if (!same)
		tell(what, is, should);
	return same;
}

static bool ask(const Worker *worker, const Op *op, Reply *reply)
{
	return write(worker->to, op, sizeof *op) == sizeof *op &&
	       read(worker->from, reply, sizeof *reply) == sizeof *reply;
}

static bool check(Model *model, Worker *worker, const Op *op)
{
	bool of_dir = op->kind == OP_CHMOD_DIR || op->kind == OP_CHOWN_DIR;
	int error = model_apply(model, &worker->who, op);
	Seen a = model_look(model, of_dir ? FILES + op->a : op->a);
	Seen b = model_look(model, op->b);
	SeenIds ids;
	Reply reply;
	bool good;
	if (!ask(worker, op, &reply)) {
		printf("  the worker has died\n");
		return false;
	}
	memset(&ids, 0, sizeof ids);
	model_ids(&worker->who, &ids);
	if (reply.error != error)
		printf("  errno %d, should be %d\n", reply.error, error);
	good = same_seen("a", &reply.a, &a) && same_seen("b", &reply.b, &b);
	if (memcmp(&reply.ids, &ids, sizeof ids) != 0) {
		printf("  ids %u %u %u, %u %u %u; should be %u %u %u, %u %u %u\n", reply.ids.uid[0],
		       reply.ids.uid[1], reply.ids.uid[2], reply.ids.gid[0], reply.ids.gid[1],
		       reply.ids.gid[2], ids.uid[0], ids.uid[1], ids.uid[2], ids.gid[0], ids.gid[1],
		       ids.gid[2]);
		return false;
	}
	return good && reply.error == error;
}

static void tell_op(const char *when, const Worker *worker, const Op *op)
{
	printf("%s: %s a %d b %d mode %o ids %u:%u how %u, by %u %u %u %u:%u umask %o\n", when,
	       kinds[op->kind], op->a, op->b, op->mode, op->uid, op->gid, op->how,
	       worker->who.uid[0], worker->who.uid[1], worker->who.uid[2], worker->who.uid[3],
	       worker->who.gid[3], worker->who.mask);
}

static bool look_at_all(Model *model, Worker *worker)
{
	for (int i = 0; i < FILES; i++) {
		Op op = {.kind = OP_LOOK, .a = i, .b = (i + 7) % FILES, .how = next(1000)};
		if (!check(model, worker, &op)) {
			tell_op("looking at all", worker, &op);
			return false;
		}
	}
	return true;
}

static bool try_tmpfile(void)
{
	int fd = open("d0", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static void enter(const char *directory, unsigned team)
{
	char name[300];
	snprintf(name, sizeof name, "%s/team%u", directory, team);
	umask(0);
	if (mkdir(name, 0755) < 0 || chdir(name) < 0)
		abort();
	for (int i = 0; i < DIRS; i++) {
		snprintf(name, sizeof name, "d%d", i);
		if (mkdir(name, 0777) < 0)
			abort();
	}
}

static int play(const char *program, const char *directory, unsigned team, unsigned long count)
{
	static Model model;
	Worker workers[WORKERS];
	enter(directory, team);
	model_init(&model);
	model.has_tmpfile = try_tmpfile();
	for (int i = 0; i < WORKERS; i++)
		start(&workers[i], program);
	for (unsigned long done = 0; done < count;) {
		Worker *worker = &workers[next(WORKERS)];
		Op op = choose();
		char when[64];
		if (next(200) == 0) {
			stop(worker);
			start(worker, program);
		}
		if (!model_allows(&model, &worker->who, &op))
			continue;
		done++;
		if (!check(&model, worker, &op)) {
			snprintf(when, sizeof when, "team %u, operation %lu", team, done);
			tell_op(when, worker, &op);
			return 1;
		}
		if (done % LOOK_AT_ALL == 0 && !look_at_all(&model, worker))
			return 1;
	}
	for (int i = 0; i < WORKERS; i++)
		stop(&workers[i]);
	return 0;
}

int main(int argc, char **argv)
{
	unsigned long count = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
	uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
	unsigned long teams = argc > 4 ? strtoul(argv[4], NULL, 10) : 2;
	int failed = 0;
	if (argc == 4 && strcmp(argv[1], "worker") == 0)
		worker_run(argv[0], (int)strtol(argv[2], NULL, 10), (int)strtol(argv[3], NULL, 10));
	if (argc == 3 && strcmp(argv[1], "paths") == 0)
		return paths_main(argv[2]);
	if (argc < 4 || count == 0 || teams == 0)
		return 2;
	for (unsigned i = 0; i < teams; i++) {
		state = 0x9e3779b97f4a7c15U * (seed * 1000 + i + 1);
		fflush(stdout);
		if (fork() == 0) {
			int status = play(argv[0], argv[3], i, count / teams);
			fflush(stdout);
			_exit(status);
		}
	}
	for (unsigned i = 0; i < teams; i++) {
		int status;
		if (wait(&status) < 0 || status != 0)
			failed = 1;
	}
	if (!failed)
		printf("%lu operations\n", count / teams * teams);
	return failed;
}
