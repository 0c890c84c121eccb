/* SPDX-License-Identifier: Apache-2.0 */
#include "store/gc.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/epoch.h"
#include "base/error.h"
#include "base/fd.h"
#include "oci/layout-sweep.h"
#include "store/fetch.h"
#include "store/repo.h"

#define DAY (24 * 60 * 60)
#define LONG_AGO (400 * DAY)
#define DAMAGE "{\"schemaVersion\":2}"

/* A store with an image of one layer. */
typedef struct {
	char *path;
	int fd;
	SmithStore *store;
	char *layer;	/* digest of the image's */
	char *manifest; /* digest */
} Fixture;

static char *add_blob(const Fixture *fixture, const char *text, const char *media_type)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(SmithDescriptor) blob = smith_layout_write_blob(
		smith_store_layout(fixture->store), text, strlen(text), media_type, &error);
	g_assert_no_error(error);
	return g_strdup(blob->digest);
}

static void name_image(const Fixture *fixture, const char *digest, const char *name)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) refs = g_ptr_array_new();
	g_autoptr(SmithDescriptor) ref = smith_descriptor_new(SMITH_MEDIA_MANIFEST, digest, 10);
	smith_descriptor_set_annotation(ref, SMITH_ANNOTATION_REF_NAME, name);
	g_ptr_array_add(refs, ref);
	smith_layout_set_refs(smith_store_layout(fixture->store), refs, &error);
	g_assert_no_error(error);
}

/* A document that names @digests, in a place that we know nothing of. */
static char *add_document(const Fixture *fixture, const char *digest)
{
	g_autofree char *text =
		g_strdup_printf("{\"subject\":[{\"digest\":\"%s\",\"size\":5}]}", digest);
	return add_blob(fixture, text, SMITH_MEDIA_MANIFEST);
}

static void open_store(Fixture *fixture)
{
	g_autoptr(GError) error = NULL;
	fixture->store = smith_store_open(fixture->path, &error);
	g_assert_no_error(error);
}

static void set_up(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
	fixture->path = g_dir_make_tmp("smith-gc-XXXXXX", NULL);
	fixture->fd = smith_fd_open_dir(AT_FDCWD, fixture->path, NULL);
	open_store(fixture);
	fixture->layer = add_blob(fixture, "layer", SMITH_MEDIA_LAYER);
	fixture->manifest = add_document(fixture, fixture->layer);
	name_image(fixture, fixture->manifest, "app:1");
}

static void tear_down(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
	smith_store_free(fixture->store);
	g_assert_true(smith_fd_remove_tree(AT_FDCWD, fixture->path, NULL));
	smith_fd_clear(&fixture->fd);
	g_free(fixture->path);
	g_free(fixture->layer);
	g_free(fixture->manifest);
}

static void collect(const Fixture *fixture, gint64 days, SmithGcCount counts[SMITH_GC_KINDS])
{
	g_autoptr(GError) error = NULL;
	SmithGcOptions options = {.before = smith_epoch_today() - days * DAY};
	smith_gc(fixture->store, &options, counts, &error);
	g_assert_no_error(error);
}

static bool has(const Fixture *fixture, const char *digest)
{
	return smith_layout_has_blob(smith_store_layout(fixture->store), digest, -1);
}

static void make_old(const Fixture *fixture, const char *path)
{
	struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}};
	times[1].tv_sec = (time_t)(smith_epoch_today() - LONG_AGO);
	g_assert_cmpint(utimensat(fixture->fd, path, times, AT_SYMLINK_NOFOLLOW), ==, 0);
}

static char *put_step(const Fixture *fixture, const char *name, const char *text)
{
	g_autoptr(GError) error = NULL;
	char *key = smith_digest_of(name, strlen(name));
	smith_store_put_step(fixture->store, key, text, strlen(text), &error);
	g_assert_no_error(error);
	return key;
}

static void make_step_old(const Fixture *fixture, const char *key)
{
	g_autofree char *path = g_build_filename("cache/steps", smith_digest_hex(key), NULL);
	make_old(fixture, path);
}

/* Without reading it, which were a use. */
static bool has_step(const Fixture *fixture, const char *key)
{
	g_autofree char *path = g_build_filename("cache/steps", smith_digest_hex(key), NULL);
	return faccessat(fixture->fd, path, F_OK, 0) == 0;
}

static void test_blobs(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	SmithGcCount counts[SMITH_GC_KINDS];
	g_autofree char *loose = add_blob(fixture, "loose", SMITH_MEDIA_LAYER);
	g_autofree char *inner = add_document(fixture, fixture->layer);
	g_autofree char *outer = add_document(fixture, inner);
	name_image(fixture, outer, "nested:1");
	collect(fixture, 30, counts);
	g_assert_false(has(fixture, loose));
	g_assert_true(has(fixture, fixture->layer) && has(fixture, fixture->manifest));
	g_assert_true(has(fixture, inner) && has(fixture, outer));
	g_assert_cmpuint(counts[SMITH_GC_BLOBS].removed, ==, 1);
	g_assert_cmpuint(counts[SMITH_GC_BLOBS].bytes, ==, strlen("loose"));
}

static void test_removed_image(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	g_autoptr(GError) error = NULL;
	SmithGcCount counts[SMITH_GC_KINDS];
	const SmithLayout *layout = smith_store_layout(fixture->store);
	name_image(fixture, fixture->layer, "other:1");
	g_assert_false(smith_layout_remove_ref(layout, "none:1", &error));
	g_assert_error(error, SMITH_ERROR, SMITH_ERROR_NOT_FOUND);
	g_clear_error(&error);
	g_assert_true(smith_layout_remove_ref(layout, "app:1", &error));
	collect(fixture, 30, counts);
	g_assert_false(has(fixture, fixture->manifest));
	g_assert_true(has(fixture, fixture->layer));
}

static void test_records(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	SmithGcCount counts[SMITH_GC_KINDS];
	g_autofree char *used = add_blob(fixture, "used", SMITH_MEDIA_LAYER);
	g_autofree char *gone = add_blob(fixture, "gone", SMITH_MEDIA_LAYER);
	g_autofree char *base = add_document(fixture, used);
	g_autofree char *text = g_strconcat("type ", gone, " 4\n", NULL);
	g_autofree char *image = g_strconcat("type ", fixture->layer, " 5\n", NULL);
	g_autofree char *of_base = put_step(fixture, "base", base);
	g_autofree char *of_gone = put_step(fixture, "gone", text);
	g_autofree char *of_image = put_step(fixture, "image", image);
	make_step_old(fixture, of_gone);
	make_step_old(fixture, of_image);
	collect(fixture, 30, counts);
	g_assert_true(has_step(fixture, of_base) && has(fixture, base) && has(fixture, used));
	g_assert_true(has_step(fixture, of_image));
	g_assert_false(has_step(fixture, of_gone) || has(fixture, gone));
	g_assert_cmpuint(counts[SMITH_GC_RECORDS].kept, ==, 2);
	g_assert_cmpuint(counts[SMITH_GC_RECORDS].removed, ==, 1);
}

static void test_use(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	g_autoptr(GError) error = NULL;
	SmithGcCount counts[SMITH_GC_KINDS];
	g_autoptr(GBytes) bytes = g_bytes_new_static("wheel", 5);
	g_autoptr(GBytes) other = g_bytes_new_static("other", 5);
	g_autofree char *wheel = smith_fetch_add_bytes(fixture->store, bytes, "wheel", &error);
	g_autofree char *unused_one = smith_fetch_add_bytes(fixture->store, other, "other", &error);
	g_autofree char *key = put_step(fixture, "step", "text");
	g_autofree char *first = smith_store_file_path(wheel);
	g_autofree char *path = g_build_filename("cache/files", first, NULL);
	g_autofree char *second = smith_store_file_path(unused_one);
	g_autofree char *unused_path = g_build_filename("cache/files", second, NULL);
	make_old(fixture, path);
	make_old(fixture, unused_path);
	make_step_old(fixture, key);
	g_autoptr(GBytes) step = smith_store_get_step(fixture->store, key);
	smith_autofd int fd = smith_fetch_open(fixture->store, wheel, &error);
	g_assert_no_error(error);
	collect(fixture, 30, counts);
	g_assert_true(has_step(fixture, key));
	g_assert_cmpint(faccessat(fixture->fd, path, F_OK, 0), ==, 0);
	g_assert_cmpint(faccessat(fixture->fd, unused_path, F_OK, 0), <, 0);
	g_assert_cmpuint(counts[SMITH_GC_DOWNLOADS].removed, ==, 1);
}

/* What a document named is not known when it is damaged. */
static void test_damage(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	g_autoptr(GError) error = NULL;
	SmithGcCount counts[SMITH_GC_KINDS];
	g_autofree char *loose = add_blob(fixture, "loose", SMITH_MEDIA_LAYER);
	SmithGcOptions options = {.before = G_MAXINT64};
	int blobs = smith_layout_blobs_fd(smith_store_layout(fixture->store));
	g_assert_true(smith_fd_write_file(blobs, smith_digest_hex(fixture->manifest), DAMAGE,
					  strlen(DAMAGE), 0444, &error));
	g_assert_false(smith_gc(fixture->store, &options, counts, &error));
	g_assert_error(error, SMITH_ERROR, SMITH_ERROR_VERIFY);
	g_assert_true(has(fixture, loose) && has(fixture, fixture->layer));
}

static void add_unpacked(const Fixture *fixture, const char *name, const char *text)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *diff_id = smith_digest_of(name, strlen(name));
	GPtrArray *entries = g_ptr_array_new();
	g_ptr_array_add(entries, smith_entry_new_file("same", 0644, "both", 4));
	g_ptr_array_add(entries, smith_entry_new_file(name, 0644, text, strlen(text)));
	g_autoptr(SmithEntryIter) iter = smith_entry_iter_new_array(entries);
	smith_repo_import(fixture->store, diff_id, iter, &error);
	g_assert_no_error(error);
}

static char *check_out(const Fixture *fixture, const char *name)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *diff_id = smith_digest_of(name, strlen(name));
	const char *const ids[] = {diff_id, NULL};
	g_assert_true(smith_repo_has_layer(fixture->store, diff_id));
	char *path = smith_repo_checkout(fixture->store, ids, &error);
	g_assert_no_error(error);
	return path;
}

static void test_unpacked(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	SmithGcCount counts[SMITH_GC_KINDS];
	if (setxattr(fixture->path, "user.smith-test", "", 0, 0) != 0) {
		g_test_skip("the file system of temporary files keeps no user attributes");
		return;
	}
	add_unpacked(fixture, "a", "first");
	add_unpacked(fixture, "b", "second one");
	g_autofree char *old_root = check_out(fixture, "a");
	g_autofree char *new_root = check_out(fixture, "b");
	g_autofree char *digest = smith_digest_of("a", 1);
	g_autofree char *ref =
		g_build_filename("repo/refs/heads/layer/sha256", smith_digest_hex(digest), NULL);
	g_autofree char *stamp = g_strconcat(old_root, ".boot", NULL);
	make_old(fixture, ref);
	make_old(fixture, stamp);
	collect(fixture, 30, counts);
	g_assert_cmpint(access(old_root, F_OK), <, 0);
	g_assert_cmpint(access(stamp, F_OK), <, 0);
	g_assert_false(smith_repo_has_layer(fixture->store, digest));
	g_assert_cmpuint(counts[SMITH_GC_ROOTS].removed, ==, 1);
	g_assert_cmpuint(counts[SMITH_GC_LAYERS].removed, ==, 1);
	g_assert_cmpuint(counts[SMITH_GC_LAYERS].bytes, >=, strlen("first"));
	/* the other shares a file with it, and is whole */
	g_autofree char *name = g_path_get_basename(new_root);
	g_autofree char *path = g_build_filename("cache/roots", name, NULL);
	g_assert_true(smith_fd_remove_tree(fixture->fd, path, NULL));
	g_autofree char *again = check_out(fixture, "b");
	g_autofree char *file = g_build_filename(again, "same", NULL);
	g_assert_cmpint(access(file, F_OK), ==, 0);
	/* and the first can be unpacked anew */
	add_unpacked(fixture, "a", "first");
	g_autofree char *renewed = check_out(fixture, "a");
	g_assert_cmpstr(renewed, ==, old_root);
}

static void test_logs(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	SmithGcCount counts[SMITH_GC_KINDS];
	static const char *const names[] = {"cache/logs/f.old.log", "cache/logs/f.new.log"};
	g_assert_true(smith_fd_make_dirs(fixture->fd, "cache/logs", NULL));
	for (guint i = 0; i < G_N_ELEMENTS(names); i++)
		g_assert_true(smith_fd_write_file(fixture->fd, names[i], "said\n", 5, 0644, NULL));
	make_old(fixture, names[0]);
	collect(fixture, 30, counts);
	g_assert_cmpint(faccessat(fixture->fd, names[0], F_OK, 0), <, 0);
	g_assert_cmpint(faccessat(fixture->fd, names[1], F_OK, 0), ==, 0);
	g_assert_cmpuint(counts[SMITH_GC_LOGS].kept, ==, 1);
	g_assert_cmpuint(counts[SMITH_GC_LOGS].removed, ==, 1);
	g_assert_cmpuint(counts[SMITH_GC_LOGS].bytes, ==, 5);
}

static void test_dry(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	g_autoptr(GError) error = NULL;
	SmithGcCount counts[SMITH_GC_KINDS], real[SMITH_GC_KINDS];
	g_autofree char *loose = add_blob(fixture, "loose", SMITH_MEDIA_LAYER);
	g_autofree char *key = put_step(fixture, "step", "text");
	SmithGcOptions options = {.before = G_MAXINT64, .dry = true};
	g_assert_true(smith_gc(fixture->store, &options, counts, &error));
	g_assert_true(has(fixture, loose) && has_step(fixture, key));
	options.dry = false;
	g_assert_true(smith_gc(fixture->store, &options, real, &error));
	g_assert_false(has(fixture, loose) || has_step(fixture, key));
	g_assert_cmpmem(counts, sizeof counts, real, sizeof real);
}

/* A process that has the store open, until it is killed. */
static pid_t start_user(const Fixture *fixture)
{
	int pipes[2];
	char byte;
	g_assert_cmpint(pipe2(pipes, O_CLOEXEC), ==, 0);
	pid_t pid = fork();
	g_assert_cmpint(pid, >=, 0);
	if (pid == 0) {
		SmithStore *store = smith_store_open(fixture->path, NULL);
		if (store == NULL || write(pipes[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	g_assert_cmpint(read(pipes[0], &byte, 1), ==, 1);
	(void)close(pipes[0]);
	(void)close(pipes[1]);
	return pid;
}

static void test_lock(Fixture *fixture, gconstpointer unused)
{
	(void)unused;
	g_autoptr(GError) error = NULL;
	/* not one more user: fork() had given the lock of this store to the child */
	g_clear_pointer(&fixture->store, smith_store_free);
	pid_t pid = start_user(fixture);
	open_store(fixture);
	g_assert_false(smith_store_lock(fixture->store, FALSE, &error));
	g_assert_no_error(error);
	g_assert_cmpint(kill(pid, SIGKILL), ==, 0);
	g_assert_cmpint(waitpid(pid, NULL, 0), ==, pid);
	g_assert_true(smith_store_lock(fixture->store, TRUE, &error));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define ADD(name_, func_) g_test_add(name_, Fixture, NULL, set_up, func_, tear_down)
	ADD("/store/gc/blobs", test_blobs);
	ADD("/store/gc/removed-image", test_removed_image);
	ADD("/store/gc/records", test_records);
	ADD("/store/gc/use", test_use);
	ADD("/store/gc/damage", test_damage);
	ADD("/store/gc/unpacked", test_unpacked);
	ADD("/store/gc/logs", test_logs);
	ADD("/store/gc/dry", test_dry);
	ADD("/store/gc/lock", test_lock);
	return g_test_run();
}
