/* SPDX-License-Identifier: Apache-2.0 */
#include "quadlet/shell.h"

#include <string.h>

#include "base/embed.h"
#include "base/error.h"
#include "quadlet/formats.h"
#include "quadlet/marker.h"
#include "quadlet/wait.h"

SMITH_EMBED(smith_shell_run, "quadlet/shell-run.sh");

static void append_words(GString *out, const char *function, const char *const *words)
{
	g_string_append_printf(out, "\t%s", function);
	for (; *words != NULL; words++) {
		g_autofree char *quoted = smith_shell_quote(*words);
		g_string_append_printf(out, " %s", quoted);
	}
}

static const SmithPlanFile *find_file(const SmithHostPlan *plan, const char *name)
{
	for (guint i = 0; name != NULL && i < plan->files->len; i++) {
		const SmithPlanFile *file = plan->files->pdata[i];
		if (strcmp(file->name, name) == 0)
			return file;
	}
	return NULL;
}

/* Of the words, and of the files that they name. */
static char *digest_of(const SmithHostPlan *plan, const char *words, const char *seccomp)
{
	const SmithPlanFile *const files[] = {find_file(plan, SMITH_PLAN_ENVIRONMENT),
					      find_file(plan, seccomp)};
	g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);
	g_checksum_update(checksum, (const guchar *)words, (gssize)strlen(words) + 1);
	for (gsize i = 0; i < G_N_ELEMENTS(files); i++)
		if (files[i] != NULL)
			g_checksum_update(checksum, (const guchar *)files[i]->text,
					  (gssize)strlen(files[i]->text) + 1);
	return g_strndup(g_checksum_get_string(checksum), 24);
}

/* --- networks and volumes, each with the groups that use it */

static void add_user(GPtrArray *users, const SmithGroup *group)
{
	if (!g_ptr_array_find(users, group->slug, NULL))
		g_ptr_array_add(users, group->slug);
}

static bool has_network(const GPtrArray *networks, const SmithNetwork *network)
{
	for (guint i = 0; i < networks->len; i++)
		if (((const SmithPlanNetwork *)networks->pdata[i])->network == network)
			return true;
	return false;
}

static bool has_volume(const SmithContainerPlan *container, const char *volume)
{
	for (guint i = 0; i < container->mounts->len; i++) {
		const SmithPlanMount *mount = container->mounts->pdata[i];
		if (mount->kind == SMITH_PLAN_VOLUME && strcmp(mount->source, volume) == 0)
			return true;
	}
	return false;
}

/* Of a network or, when that is NULL, a volume. */
static char *users_of(const SmithHostPlan *plan, const SmithNetwork *network, const char *volume)
{
	g_autoptr(GPtrArray) users = g_ptr_array_new();
	for (guint i = 0; i < plan->containers->len; i++) {
		const SmithContainerPlan *container = plan->containers->pdata[i];
		const GPtrArray *networks =
			container->pod != NULL ? container->pod->networks : container->networks;
		if (network != NULL ? has_network(networks, network)
				    : has_volume(container, volume))
			add_user(users, container->group);
	}
	g_ptr_array_add(users, NULL);
	return g_strjoinv(" ", (char **)users->pdata);
}

static void add_resources(GString *out, const SmithHostPlan *plan)
{
	SmithShell shell = {out};
	for (guint i = 0; i < plan->networks->len; i++) {
		const SmithNetwork *network = plan->networks->pdata[i];
		g_autofree char *slug = smith_slug(network->name);
		g_autofree char *users = users_of(plan, network, NULL);
		append_words(out, "network", (const char *[]){users, slug, NULL});
		smith_shell_network(&shell, network);
		g_string_append_c(out, '\n');
	}
	for (guint i = 0; i < plan->volumes->len; i++) {
		const char *volume = plan->volumes->pdata[i];
		g_autofree char *users = users_of(plan, NULL, volume);
		append_words(out, "volume", (const char *[]){users, volume, NULL});
		g_string_append_c(out, '\n');
	}
}

/* --- pods */

static gboolean add_pod(GString *out, const SmithHostPlan *plan, const SmithPodPlan *pod,
			GError **error)
{
	g_autoptr(GString) words = g_string_new(NULL);
	SmithShell shell = {words};
	if (!smith_shell_pod(&shell, plan, pod, error))
		return FALSE;
	g_autofree char *digest = digest_of(plan, words->str, NULL);
	append_words(out, "pod", (const char *[]){pod->group->slug, pod->slug, digest, NULL});
	g_string_append_printf(out, "%s\n", words->str);
	return TRUE;
}

/* --- containers */

static const SmithContainerPlan *find_container(const SmithHostPlan *plan, const char *slug)
{
	for (guint i = 0; slug != NULL && i < plan->containers->len; i++) {
		const SmithContainerPlan *container = plan->containers->pdata[i];
		if (strcmp(container->slug, slug) == 0)
			return container;
	}
	return NULL;
}

/* One whose image has oci-probe: @container's own if it is ours. */
static const SmithContainerPlan *asker(const SmithHostPlan *plan,
				       const SmithContainerPlan *container)
{
	for (guint i = 0; container->service->image != NULL && i < plan->containers->len; i++) {
		const SmithContainerPlan *other = plan->containers->pdata[i];
		if (other->service->image == NULL)
			return other;
	}
	return container;
}

static gboolean add_far(GString *out, const SmithHostPlan *plan,
			const SmithContainerPlan *container, const SmithPlanNeed *need,
			GError **error)
{
	const SmithContainerPlan *asking = asker(plan, container);
	g_auto(GStrv) words = smith_wait_words(plan, container, need);
	SmithShell shell = {out};
	if (words == NULL)
		return TRUE;
	if (asking->service->image != NULL)
		return smith_throw(error, SMITH_ERROR_UNSUPPORTED,
				   "service '%s' waits for '%s', and no image of ours is there "
				   "that could",
				   container->title, need->name);
	append_words(out, "reaches",
		     (const char *[]){need->name, need->required ? "required" : "wanted", NULL});
	if (!smith_shell_beside(&shell, container, error))
		return FALSE;
	smith_shell_wordf(&shell, "--entrypoint=[\"%s\"]", words[0]);
	smith_shell_word(&shell, asking->image);
	for (char **word = words + 1; *word != NULL; word++)
		smith_shell_word(&shell, *word);
	g_string_append_c(out, '\n');
	return TRUE;
}

/* What is only to be started has been: it stands before. */
static gboolean add_needs(GString *out, const SmithHostPlan *plan,
			  const SmithContainerPlan *container, GError **error)
{
	for (guint i = 0; i < container->needs->len; i++) {
		const SmithPlanNeed *need = container->needs->pdata[i];
		const SmithContainerPlan *other = find_container(plan, need->slug);
		if (need->slug == NULL) {
			if (!add_far(out, plan, container, need, error))
				return FALSE;
			continue;
		}
		if (!need->healthy || other == NULL || other->health == NULL)
			continue;
		g_autofree char *seconds =
			g_strdup_printf("%" G_GINT64_FORMAT, other->start_seconds);
		append_words(out, "needs",
			     (const char *[]){other->slug, seconds,
					      need->required ? "required" : "wanted", NULL});
		g_string_append_c(out, '\n');
	}
	return TRUE;
}

static gboolean add_container(GString *out, const SmithHostPlan *plan,
			      const SmithContainerPlan *container, GError **error)
{
	g_autoptr(GString) words = g_string_new(NULL);
	g_autofree char *seconds =
		container->health != NULL
			? g_strdup_printf("%" G_GINT64_FORMAT, container->start_seconds)
			: g_strdup("-");
	SmithShell shell = {words};
	if (!smith_shell_container(&shell, plan, container, error))
		return FALSE;
	g_autofree char *digest = digest_of(plan, words->str, container->seccomp);
	append_words(out, "container",
		     (const char *[]){container->group->slug, container->slug, digest,
				      container->image, seconds, NULL});
	g_string_append_c(out, '\n');
	if (!add_needs(out, plan, container, error))
		return FALSE;
	if (container->min_driver != NULL && container->gpu_required) {
		append_words(out, "gpu", (const char *[]){container->min_driver, NULL});
		g_string_append_c(out, '\n');
	}
	g_string_append_printf(out, "\trun%s\n", words->str);
	return TRUE;
}

/* --- the script */

static void add_names(GString *out, const SmithHostPlan *plan)
{
	g_autoptr(GPtrArray) groups = g_ptr_array_new();
	g_autofree char *fleet = smith_shell_quote(plan->fleet->name);
	g_autofree char *host = smith_shell_quote(plan->host->name);
	for (guint i = 0; i < plan->containers->len; i++)
		add_user(groups, ((const SmithContainerPlan *)plan->containers->pdata[i])->group);
	g_ptr_array_add(groups, NULL);
	g_autofree char *joined = g_strjoinv(" ", (char **)groups->pdata);
	g_autofree char *list = smith_shell_quote(joined);
	g_string_append_printf(out, "fleet=%s host=%s groups=%s\n", fleet, host, list);
}

static gboolean add_plan(GString *out, const SmithHostPlan *plan, GError **error)
{
	g_string_append(out, "\nplan() {\n");
	add_resources(out, plan);
	for (guint i = 0; i < plan->pods->len; i++)
		if (!add_pod(out, plan, plan->pods->pdata[i], error))
			return FALSE;
	for (guint i = 0; i < plan->containers->len; i++)
		if (!add_container(out, plan, plan->containers->pdata[i], error))
			return FALSE;
	g_string_append(out, "}\n\nmain \"$@\"\n");
	return TRUE;
}

static void append_file(const SmithHostPlan *plan, const char *name, const char *text,
			GPtrArray *files)
{
	SmithUnitFile *file = g_new0(SmithUnitFile, 1);
	file->path = g_strconcat(plan->host->name, "/", name, NULL);
	file->text = g_strdup(text);
	g_ptr_array_add(files, file);
}

static void append_files(const SmithHostPlan *plan, const char *first, GPtrArray *files)
{
	for (guint i = 0; i < plan->files->len; i++) {
		const SmithPlanFile *file = plan->files->pdata[i];
		g_autofree char *marked = g_strconcat(
			g_str_has_suffix(file->name, ".json") ? "" : first, file->text, NULL);
		append_file(plan, file->name, marked, files);
	}
}

gboolean smith_format_shell(const SmithHostPlan *plan, GPtrArray *files, GError **error)
{
	SMITH_AUTO_PREFIX("host", plan->host->name, error);
	g_autofree char *line = smith_quadlet_first_line(plan->fleet);
	g_autofree char *first = g_strconcat("# ", line, "\n", NULL);
	g_autofree char *slug = smith_slug(plan->fleet->name);
	g_autofree char *name = g_strconcat(slug, ".sh", NULL);
	g_autoptr(GString) out = g_string_new(first);
	if (plan->containers->len == 0)
		return TRUE;
	g_string_append(out, "# sh up|down|status [GROUP...], for podman\n"
			     "# shellcheck shell=sh disable=SC2034,SC2046\n"
			     "set -euf\n");
	add_names(out, plan);
	g_string_append(out, strstr(smith_shell_run_begin, "\n\n") + 1);
	if (!add_plan(out, plan, error))
		return FALSE;
	append_file(plan, name, out->str, files);
	append_files(plan, first, files);
	return TRUE;
}
