/* SPDX-License-Identifier: Apache-2.0 */
#include "execute/pip-unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/fd.h"
#include "execute/pip-resolve.h"
#include "execute/scratch.h"
#include "store/key.h"

#define INSIDE "/ocismith"
#define WHEEL "/ocismith.pip/pip.whl"
#define PIPS "pips"
#define WHEEL_LIMIT (64 * 1024 * 1024)

static const char program[] =
	"import compileall, py_compile, zipfile\n"
	"with zipfile.ZipFile('" WHEEL "') as wheel:\n"
	"    wheel.extractall('" INSIDE "/pip')\n"
	"compileall.compile_dir('" INSIDE "/pip', quiet=2,\n"
	"                       invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)\n";

static char *make_key(const SmithRoot *root, const char *python, const char *pip, GError **error)
{
	g_autoptr(GBytes) bytes = smith_fd_read_file(AT_FDCWD, pip, WHEEL_LIMIT, error);
	if (bytes == NULL)
		return NULL;
	g_autofree char *digest =
		smith_digest_of(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
	SmithKey *key = smith_key_new("pip");
	smith_key_string(key, "wheel", digest);
	smith_key_string(key, "python", python);
	smith_key_string(key, "root", root->chain_id);
	return smith_key_finish(key);
}

static gboolean make(const SmithExecution *execution, const SmithRoot *root, const char *python,
		     const char *pip, const char *path, GError **error)
{
	const char *const argv[] = {python, "-c", program, NULL};
	g_auto(SmithScratch) scratch = SMITH_SCRATCH_INIT;
	g_auto(SmithSandboxResult) result = {0};
	if (!smith_scratch_make(&scratch, execution->store, error))
		return FALSE;
	const SmithSandboxBind binds[] = {{scratch.path, INSIDE, true}, {pip, WHEEL, false}};
	g_auto(GStrv) env = smith_pip_environment(execution->epoch);
	SmithSandboxStep step = {
		.name = "unpack pip",
		.argv = argv,
		.env = (const char *const *)env,
		.binds = binds,
		.n_binds = G_N_ELEMENTS(binds),
		.log_fd = -1,
	};
	if (!smith_execute_answer(execution, root, &step, &result, error))
		return FALSE;
	if (result.status != 0)
		return smith_throw(error, SMITH_ERROR_UNSUPPORTED,
				   "pip could not be unpacked, status %d: %s", result.status,
				   g_strchomp(result.tail));
	/* another process may have been faster */
	if (renameat(scratch.fd, "pip", smith_store_cache_fd(execution->store), path) < 0 &&
	    errno != EEXIST && errno != ENOTEMPTY)
		return smith_throw_errno(error, "cannot rename to '%s'", path);
	return TRUE;
}

char *smith_pip_unpack(const SmithExecution *execution, const SmithRoot *root, const char *python,
		       const char *pip, GError **error)
{
	int cache = smith_store_cache_fd(execution->store);
	g_autofree char *key = make_key(root, python, pip, error);
	if (key == NULL)
		return NULL;
	g_autofree char *path = g_build_filename(PIPS, smith_digest_hex(key), NULL);
	if (faccessat(cache, path, F_OK, 0) < 0 &&
	    (!smith_fd_make_dirs(cache, PIPS, error) ||
	     !make(execution, root, python, pip, path, error)))
		return NULL;
	smith_store_touch(cache, path);
	return g_build_filename(smith_store_get_path(execution->store), "cache", path, NULL);
}
