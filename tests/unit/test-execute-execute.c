/* SPDX-License-Identifier: Apache-2.0 */
#include "execute/execute.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/entry-filter.h"
#include "base/error.h"
#include "base/fd.h"
#include "layers/tar-read.h"
#include "store/repo.h"

#define EPOCH 1500000000

/* A root without programs, on which the machine's own are bound. */
typedef struct {
	char *path;
	SmithExecution execution;
	SmithRoot *root;
	bool able;
} Fixture;

static void add_dir(GPtrArray *entries, const char *path, guint32 gid, guint32 mode)
{
	SmithEntry *entry = smith_entry_new(SMITH_ENTRY_DIR, path, mode);
	entry->gid = gid;
	entry->mtime = 1000;
	g_ptr_array_add(entries, entry);
}

static void add_file(GPtrArray *entries, const char *path, const char *text, guint32 gid,
		     guint32 mode)
{
	SmithEntry *entry = smith_entry_new_file(path, mode, text, strlen(text));
	entry->gid = gid;
	entry->mtime = 2000;
	g_ptr_array_add(entries, entry);
}

/* Not all machines have all of these in /usr. */
static void add_links(GPtrArray *entries)
{
	static const char *const names[] = {"bin", "lib", "lib64", "sbin"};
	for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *host = g_strconcat("/", names[i], NULL);
		g_autofree char *target = g_file_read_link(host, NULL);
		if (target != NULL)
			g_ptr_array_add(entries, smith_entry_new_symlink(names[i], target));
	}
}

static GPtrArray *base_entries(void)
{
	GPtrArray *entries = g_ptr_array_new();
	add_links(entries);
	add_dir(entries, "dev", 0, 0755);
	add_dir(entries, "etc", 0, 0755);
	add_dir(entries, "proc", 0, 0755);
	add_dir(entries, "srv", 0, 0755);
	add_dir(entries, "tmp", 0, 01777);
	add_dir(entries, "usr", 0, 0755);
	add_dir(entries, "var/mail", 8, 02775);
	add_file(entries, "etc/shadow", "secret", 42, 0640);
	add_file(entries, "etc/hosts", "hosts", 0, 0644);
	add_file(entries, "srv/old/a", "a", 0, 0644);
	add_file(entries, "srv/old/b", "b", 0, 0644);
	return entries;
}

static bool can_run(Fixture *fixture)
{
	g_autoptr(GError) error = NULL;
	const char *argv[] = {"/bin/true", NULL};
	const char *env[] = {NULL};
	SmithSandboxBind bind = {"/usr", "/usr", false};
	SmithSandboxStep step = {.name = "probe", .argv = argv, .env = env, .record_owners = true};
	g_auto(SmithSandboxResult) result = {0};
	if (!g_file_test("/bin", G_FILE_TEST_IS_SYMLINK)) {
		g_test_skip("this machine's programs are not all in /usr");
		return false;
	}
	step.binds = &bind;
	step.n_binds = 1;
	if (smith_execute_answer(&fixture->execution, fixture->root, &step, &result, &error))
		return true;
	g_assert_error(error, SMITH_ERROR, SMITH_ERROR_UNSUPPORTED);
	g_test_skip(error->message);
	return false;
}

static void set_up(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(SmithEntryIter) entries =
		smith_entry_filter_parents(smith_entry_iter_new_array(base_entries()), 1000);
	g_autoptr(SmithEntryIter) sorted = smith_entry_filter_sort(g_steal_pointer(&entries));
	fixture->path = g_dir_make_tmp("smith-execute-XXXXXX", &error);
	g_assert_no_error(error);
	fixture->execution = (SmithExecution){
		.compression = SMITH_COMPRESSION_NONE, .epoch = EPOCH, .workers = 1};
	fixture->execution.store = smith_store_open(fixture->path, &error);
	g_assert_no_error(error);
	SmithLayout *layout = smith_store_layout(fixture->execution.store);
	const SmithLayerOptions options = {SMITH_COMPRESSION_GZIP, false,
					   smith_layout_blobs_fd(layout), NULL};
	g_autoptr(SmithLayer) layer = smith_layer_write(sorted, &options, &error);
	g_assert_no_error(error);
	fixture->root = smith_root_new();
	smith_root_add(fixture->root, layer->digest, layer->media_type, layer->diff_id);
	fixture->able = can_run(fixture);
}

static void tear_down(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
	smith_root_free(fixture->root);
	smith_store_free(fixture->execution.store);
	g_assert_true(smith_fd_remove_tree(AT_FDCWD, fixture->path, NULL));
	g_free(fixture->path);
}

static SmithLayer *run_with(Fixture *fixture, const char *script, SmithExecutionFilter filter,
			    bool copy, GError **error)
{
	const char *argv[] = {"/bin/sh", "-ec", script, NULL};
	const char *env[] = {"PATH=/usr/sbin:/usr/bin", NULL};
	SmithSandboxBind bind = {"/usr", "/usr", false};
	SmithSandboxStep step = {.name = "test/step", .argv = argv, .env = env};
	step.record_owners = true;
	step.copy = copy;
	step.binds = &bind;
	step.n_binds = 1;
	return smith_execute_layer(&fixture->execution, fixture->root, &step, filter, NULL, error);
}

/* The entries of a layer as lines. */
static char *list(const Fixture *fixture, const SmithLayer *layer)
{
	g_autoptr(GError) error = NULL;
	SmithLayout *layout = smith_store_layout(fixture->execution.store);
	int fd = openat(smith_layout_blobs_fd(layout), strchr(layer->digest, ':') + 1,
			O_RDONLY | O_CLOEXEC);
	g_autoptr(SmithEntryIter) iter =
		smith_tar_read(smith_source_new_fd(fd, TRUE, "layer"), NULL, "layer", &error);
	g_autoptr(GPtrArray) entries = smith_entry_iter_collect(iter, &error);
	g_assert_no_error(error);
	GString *lines = g_string_new(NULL);
	for (guint i = 0; i < entries->len; i++) {
		const SmithEntry *entry = entries->pdata[i];
		g_assert_cmpint(entry->mtime, <=, EPOCH);
		g_string_append_printf(lines, "%s %o %u:%u %s%s%s\n",
				       smith_entry_type_name(entry->type), entry->mode, entry->uid,
				       entry->gid, entry->path, entry->target != NULL ? " " : "",
				       entry->target != NULL ? entry->target : "");
	}
	return g_string_free(lines, FALSE);
}

#define SCRIPT                                                                                     \
	"echo new >/srv/new; chown 33:44 /srv/new; chmod 4755 /srv/new; ln /srv/new /srv/hard;"    \
	"ln -s new /srv/soft; chown -h 7:8 /srv/soft; mkdir /srv/box; chmod 2700 /srv/box;"        \
	"chown 5:6 /srv/box; rm -r /srv/old; mkdir /srv/old; echo c >/srv/old/c; mkfifo /srv/f;"   \
	"rm /etc/hosts; touch /etc/shadow; cp -p /etc/shadow /etc/shadow-; >/tmp/noise;"           \
	"chmod 0 /srv/old/c; chown 12 /tmp/noise"

static const char expected[] = "directory 755 0:0 etc\n"
			       "file 644 0:0 etc/.wh.hosts\n"
			       "file 640 0:42 etc/shadow-\n"
			       "directory 755 0:0 srv\n"
			       "directory 2700 5:6 srv/box\n"
			       "fifo 644 0:0 srv/f\n"
			       "file 4755 33:44 srv/hard\n"
			       "hard link 4755 33:44 srv/new srv/hard\n"
			       "directory 755 0:0 srv/old\n"
			       "file 644 0:0 srv/old/.wh..wh..opq\n"
			       "file 0 0:0 srv/old/c\n"
			       "symbolic link 777 7:8 srv/soft new\n";

static void assert_swept(const Fixture *fixture)
{
	g_autofree char *path = g_build_filename(fixture->path, "cache", "work", NULL);
	smith_autofd int fd = smith_fd_open_dir(AT_FDCWD, path, NULL);
	g_autoptr(GPtrArray) names = smith_fd_list_dir(fd, NULL);
	g_assert_cmpuint(names->len, ==, 0);
}

static void test_layer(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	if (!fixture->able)
		return;
	g_autoptr(SmithLayer) layer = run_with(fixture, SCRIPT, NULL, false, &error);
	g_assert_no_error(error);
	g_autofree char *lines = list(fixture, layer);
	g_assert_cmpstr(lines, ==, expected);
	/* without overlay */
	g_autoptr(SmithLayer) copied = run_with(fixture, SCRIPT, NULL, true, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(layer->digest, ==, copied->digest);
	assert_swept(fixture);
}

/* The mode has no say in what the layer is. */
static void test_modes(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	if (!fixture->able)
		return;
	g_autoptr(SmithLayer) one = run_with(fixture, SCRIPT, NULL, false, &error);
	g_assert_no_error(error);
	fixture->execution.mode = geteuid() == 0 ? SMITH_SANDBOX_ROOT : SMITH_SANDBOX_MANY_UIDS;
	g_autoptr(SmithLayer) other = run_with(fixture, SCRIPT, NULL, false, &error);
	if (g_error_matches(error, SMITH_ERROR, SMITH_ERROR_UNSUPPORTED)) {
		g_test_skip(error->message);
		return;
	}
	g_assert_no_error(error);
	g_autofree char *lines = list(fixture, other);
	g_assert_cmpstr(lines, ==, expected);
	g_assert_cmpstr(one->digest, ==, other->digest);
	g_autoptr(SmithLayer) copied = run_with(fixture, SCRIPT, NULL, true, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(one->digest, ==, copied->digest);
	assert_swept(fixture);
}

static void test_nothing(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	if (!fixture->able)
		return;
	g_autoptr(SmithLayer) layer = run_with(
		fixture,
		"touch /etc/hosts; chmod 600 /etc/hosts; chmod 644 /etc/hosts; >/srv/x;"
		"rm /srv/x; chown 1 /etc/shadow; chown 0 /etc/shadow; >/dev/shm/y; >/tmp/z",
		NULL, false, &error);
	g_assert_no_error(error);
	g_autofree char *lines = list(fixture, layer);
	g_assert_cmpstr(lines, ==, "");
	g_assert_cmpuint(layer->entries, ==, 0);
}

/* On the layer of a step another one is run. */
static void test_upon(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	if (!fixture->able)
		return;
	g_autoptr(SmithLayer) layer = run_with(fixture, SCRIPT, NULL, false, &error);
	g_assert_no_error(error);
	smith_root_add(fixture->root, layer->digest, layer->media_type, layer->diff_id);
	g_autoptr(SmithLayer) upon =
		run_with(fixture,
			 "test \"$(stat -c %u:%g:%a /srv/new)\" = 33:44:4755; test ! -e /etc/hosts;"
			 "test ! -e /srv/old/a; test \"$(stat -c %Y /srv/new)\" = 1500000000;"
			 "test \"$(stat -c %u:%g:%a /srv/box)\" = 5:6:2700; rm /srv/box -r",
			 NULL, false, &error);
	g_assert_no_error(error);
	g_autofree char *lines = list(fixture, upon);
	g_assert_cmpstr(lines, ==, "directory 755 0:0 srv\nfile 644 0:0 srv/.wh.box\n");
}

static gboolean keep(const SmithEntry *entry, G_GNUC_UNUSED gpointer data)
{
	return !g_str_has_prefix(entry->path, "var/mail/");
}

static SmithEntryIter *leave_out(SmithEntryIter *entries, G_GNUC_UNUSED gpointer data)
{
	return smith_entry_filter_exclude(entries, keep, NULL);
}

static void test_filter(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	if (!fixture->able)
		return;
	g_autoptr(SmithLayer) layer =
		run_with(fixture, ">/var/mail/root; >/srv/x", leave_out, false, &error);
	g_assert_no_error(error);
	g_autofree char *lines = list(fixture, layer);
	g_assert_cmpstr(lines, ==, "directory 755 0:0 srv\nfile 644 0:0 srv/x\n");
}

static void test_failure(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	if (!fixture->able)
		return;
	g_autofree char *log =
		g_build_filename(fixture->path, "cache", "logs", "fleet.test-step.log", NULL);
	g_autofree char *text = NULL;
	fixture->execution.logs = "fleet";
	g_assert_null(run_with(fixture, "echo what went wrong; exit 3", NULL, false, &error));
	g_assert_error(error, SMITH_ERROR, SMITH_ERROR_FAILED);
	g_assert_nonnull(strstr(error->message, "what went wrong"));
	g_assert_true(g_file_get_contents(log, &text, NULL, NULL));
	g_assert_cmpstr(text, ==, "what went wrong\n");
	assert_swept(fixture);
}

static void run_and_be_killed(Fixture *fixture)
{
	g_autoptr(GError) error = NULL;
	pid_t pid = fork();
	g_autofree char *work = g_build_filename(fixture->path, "cache", "work", NULL);
	guint found = 0;
	if (pid == 0) {
		run_with(fixture, "mkdir /srv/x; chmod 0 /srv/x; exec sleep 60", NULL, false, NULL);
		_exit(0);
	}
	for (guint i = 0; i < 1000 && found == 0; i++) {
		g_usleep(10000);
		smith_autofd int fd = smith_fd_open_dir(AT_FDCWD, work, NULL);
		g_autoptr(GPtrArray) names = smith_fd_list_dir(fd, NULL);
		for (guint k = 0; k < names->len; k++) {
			g_autofree char *path =
				g_build_filename(work, names->pdata[k], "upper/srv/x", NULL);
			found += g_file_test(path, G_FILE_TEST_IS_DIR);
		}
	}
	g_assert_cmpuint(found, ==, 1);
	g_assert_cmpint(kill(pid, SIGKILL), ==, 0);
	g_assert_cmpint(waitpid(pid, NULL, 0), ==, pid);
}

/* What a killed process leaves is taken away by the next one. */
static void test_killed(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	if (!fixture->able)
		return;
	run_and_be_killed(fixture);
	for (guint i = 0; i < 200; i++) {
		g_autofree char *path = g_build_filename(fixture->path, "cache", "work", NULL);
		g_autoptr(SmithLayer) layer = run_with(fixture, ">/srv/y", NULL, false, &error);
		g_assert_no_error(error);
		smith_autofd int fd = smith_fd_open_dir(AT_FDCWD, path, NULL);
		g_autoptr(GPtrArray) names = smith_fd_list_dir(fd, NULL);
		/* the kernel may take a while to end the step */
		if (names->len == 0)
			return;
		g_usleep(10000);
	}
	assert_swept(fixture);
}

/* An image cannot have its layer taken for another's. */
static void test_lying_image(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	const SmithRootLayer *layer = fixture->root->layers->pdata[0];
	g_autofree char *other = smith_digest_of("other", 5);
	g_autoptr(SmithRoot) root = smith_root_new();
	smith_root_add(root, layer->digest, layer->media_type, other);
	g_assert_null(smith_root_directory(root, fixture->execution.store, SMITH_SANDBOX_ONE_UID,
					   &error));
	if (!fixture->able)
		return;
	g_assert_error(error, SMITH_ERROR, SMITH_ERROR_VERIFY);
	g_assert_false(smith_repo_has_layer(fixture->execution.store, other));
}

/* A layer that the machine has lost in part is unpacked again. */
static void test_heal(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	if (!fixture->able)
		return;
	g_autofree char *root = smith_root_directory(fixture->root, fixture->execution.store,
						     SMITH_SANDBOX_ONE_UID, &error);
	g_assert_no_error(error);
	g_autofree char *file = g_build_filename(root, "etc/hosts", NULL);
	g_autofree char *text = NULL;
	g_assert_cmpint(truncate(file, 0), ==, 0);
	g_assert_true(smith_fd_remove_tree(AT_FDCWD, root, NULL));
	g_autofree char *healed = smith_root_directory(fixture->root, fixture->execution.store,
						       SMITH_SANDBOX_ONE_UID, &error);
	g_assert_no_error(error);
	g_assert_true(g_file_get_contents(file, &text, NULL, NULL));
	g_assert_cmpstr(text, ==, "hosts");
}

int main(int argc, char **argv)
{
	static const struct {
		const char *path;
		void (*test)(Fixture *fixture, gconstpointer data);
	} tests[] = {
		{"/execute/execute/layer", test_layer},
		{"/execute/execute/modes", test_modes},
		{"/execute/execute/nothing", test_nothing},
		{"/execute/execute/upon", test_upon},
		{"/execute/execute/filter", test_filter},
		{"/execute/execute/failure", test_failure},
		{"/execute/execute/killed", test_killed},
		{"/execute/execute/lying-image", test_lying_image},
		{"/execute/execute/heal", test_heal},
	};
	g_test_init(&argc, &argv, NULL);
	(void)umask(022);
	for (guint i = 0; i < G_N_ELEMENTS(tests); i++)
		g_test_add(tests[i].path, Fixture, NULL, set_up, tests[i].test, tear_down);
	return g_test_run();
}
